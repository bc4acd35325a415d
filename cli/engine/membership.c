/*
 * cli/engine/membership.c: who belongs to the account.
 */
#include "cli/engine/membership.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "schemas/base/mutation.h"

/* OK: it adds this device, was signed by the recovery device, and stands where the roster ends. */
static enum format_result stands_next(
    const struct replica *replica, const struct device_keys *recovery, struct view encoded)
{
	struct statement statement;
	struct device_id added;
	enum format_result result = statement_decode(encoded, false, &statement);

	if (result != FORMAT_OK)
		return result;
	if (statement.added_count != 1 || !device_equal(&statement.signer, &recovery->id) ||
	    !digest_equal(&statement.previous, roster_hash(replica->roster)))
		return FORMAT_FORGED;
	device_id_of(statement.added[0].sign_public, &added);
	if (!device_equal(&added, replica_device(replica)))
		return FORMAT_FORGED;
	return statement_signed_by(encoded, recovery->sign_public);
}

static enum engine_result make_statement(
    struct replica *replica, const struct device_keys *recovery, struct bytes *out)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes name = {0};
	struct bytes statement = {0};
	enum format_result made;
	enum engine_result result = engine_of_journal(
	    journal->ops->meta_get(journal->self, META_NAME, replica->call, &name));

	if (result != ENGINE_OK)
		return result;
	made = add_device_make(replica->roster, recovery, replica->engine->keys, view_bytes(&name),
	    clock_wall_ms(replica->engine->clock), replica->engine->random, &statement);
	bytes_clear(&name);
	if (made != FORMAT_OK) {
		call_sayf(replica->call,
		    "the statement that adds this device could not be made: %s",
		    format_result_text(made));
		return engine_of_format(made);
	}
	result = transaction_begin(replica);
	if (result == ENGINE_OK) {
		result = engine_of_journal(journal->ops->meta_set(
		    journal->self, META_STATEMENT, view_bytes(&statement), replica->call));
		result = transaction_finish(replica, result);
	}
	if (result == ENGINE_OK)
		*out = statement;
	else
		bytes_clear(&statement);
	return result;
}

/*
 * The statement that adds this device. Its bytes are kept before they are sent, and stay the same
 * whatever becomes of the frame around them: of two that name one statement before them, one could
 * be shown to some devices, and the other to the rest. Where another's statement has come first, a
 * new one is made, for the next place.
 */
static enum engine_result own_statement(
    struct replica *replica, const struct device_keys *recovery, struct bytes *out)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes kept = {0};
	enum journal_result found =
	    journal->ops->meta_get(journal->self, META_STATEMENT, replica->call, &kept);
	enum format_result stands = FORMAT_FORGED;

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	if (found == JOURNAL_OK && !MUTATION(STATEMENT_MADE_ANEW))
		stands = stands_next(replica, recovery, view_bytes(&kept));
	if (stands == FORMAT_OK) {
		*out = kept;
		return ENGINE_OK;
	}
	bytes_clear(&kept);
	if (stands == FORMAT_NO_MEMORY)
		return engine_of_format(stands);
	return make_statement(replica, recovery, out);
}

enum engine_result membership_build(struct replica *replica, const struct device_keys *recovery,
    struct built_frame *out, struct bytes *roster_out)
{
	struct frame_header header;
	struct bytes statement = {0};
	struct bytes roster = {0};
	enum format_result made;
	enum engine_result result = own_statement(replica, recovery, &statement);

	if (result != ENGINE_OK)
		return result;
	frame_build_header(replica, FRAME_STATEMENT, &header);
	header.device = recovery->id;
	made = roster_append(replica->roster->encoded, view_bytes(&statement), &roster);
	if (made == FORMAT_OK)
		made = frame_build_statement(&header, view_bytes(&statement), recovery, out);
	if (made == FORMAT_OK) {
		*roster_out = roster;
	} else {
		bytes_clear(&roster);
		call_sayf(replica->call, "the frame that adds this device could not be made: %s",
		    format_result_text(made));
	}
	bytes_clear(&statement);
	return engine_of_format(made);
}
