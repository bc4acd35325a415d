/*
 * cli/engine/membership.c: who belongs to the account: genesis, adding a device, the recovery
 * device, names; and the change that this device owes the log.
 */
#include "cli/engine/membership.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "schemas/base/mutation.h"
#include "schemas/base/utf8.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum engine_result membership_check_name(const char *name, struct call *call)
{
	struct view text = view_text(name);

	if (text.len > 0 && text.len <= DEVICE_NAME_MAX && utf8_valid(text))
		return ENGINE_OK;
	call_sayf(call, "a device's name has 1 to %u bytes, as UTF-8", DEVICE_NAME_MAX);
	return ENGINE_REFUSED;
}

static void describe(
    const struct device_keys *keys, enum device_role role, struct statement_device *out)
{
	*out = (struct statement_device){.role = role};
	memcpy(out->sign_public, keys->sign_public, SIGN_PUBLIC_LEN);
	memcpy(out->box_public, keys->box_public, BOX_PUBLIC_LEN);
	memcpy(out->wipe_public, keys->wipe_public, SIGN_PUBLIC_LEN);
}

/*
 * libsodium's sealed box (X25519, XSalsa20-Poly1305; nonce = BLAKE2b-192 of both public keys), with
 * the ephemeral key out of the caller's randomness: crypto_box_seal would ask the system for its
 * own.
 */
static enum format_result box_for(const struct device_keys *device, const struct epoch_key *key,
    const struct random *random, struct box *out)
{
	uint8_t seed[crypto_box_SEEDBYTES];
	uint8_t secret[crypto_box_SECRETKEYBYTES];
	uint8_t nonce[crypto_box_NONCEBYTES];
	uint8_t both[2 * BOX_PUBLIC_LEN]; /* ephemeral public key ‖ the device's */
	int failed;

	random_fill(random, seed, sizeof(seed));
	failed = crypto_box_seed_keypair(both, secret, seed);
	memcpy(both + BOX_PUBLIC_LEN, device->box_public, BOX_PUBLIC_LEN);
	failed |= crypto_generichash(nonce, sizeof(nonce), both, sizeof(both), NULL, 0);
	memcpy(out->sealed, both, BOX_PUBLIC_LEN);
	failed |= crypto_box_easy(out->sealed + BOX_PUBLIC_LEN, key->bytes, EPOCH_KEY_LEN, nonce,
	    device->box_public, secret);
	out->device = device->id;
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return failed == 0 ? FORMAT_OK : FORMAT_MALFORMED; /* a public key of low order */
}

/* One device's name, sealed under the epoch's key. */
static enum format_result name_part(const struct epoch_key *key, const struct random *random,
    const struct digest *previous, const struct device_id *device, struct view name,
    struct bytes *out)
{
	struct buffer names;
	enum format_result result;

	if (name.len == 0 || name.len > DEVICE_NAME_MAX || !utf8_valid(name))
		return FORMAT_TOO_LARGE;
	buffer_init(&names, STATEMENT_MAX);
	cbor_put_map(&names, 1);
	cbor_put_bytes(&names, device->bytes, DEVICE_ID_LEN);
	cbor_put_text(&names, name);
	result = names.failed
		     ? FORMAT_NO_MEMORY
		     : seal_part(key, random, PART_USE_NAMES, previous, buffer_view(&names), out);
	buffer_clear(&names);
	return result;
}

/* What a statement that adds devices seals under its epoch's key. */
struct sealed_parts {
	const struct epoch_key *key;
	const struct random *random;
	struct view name; /* of the first added device */
	const struct device_keys *const *boxed;
	size_t boxed_count;
};

/* The names part, the boxes, and the signature over it all. */
static enum format_result seal_statement(struct statement *statement,
    const struct sealed_parts *parts, const struct device_keys *signer, struct bytes *out)
{
	struct box boxes[2];
	struct bytes names = {0};
	struct bytes box_part = {0};
	enum format_result result = name_part(parts->key, parts->random, &statement->previous,
	    &parts->boxed[0]->id, parts->name, &names);

	for (size_t i = 0; i < parts->boxed_count && result == FORMAT_OK; i++)
		result = box_for(parts->boxed[i], parts->key, parts->random, &boxes[i]);
	if (result == FORMAT_OK)
		result = boxes_encode(boxes, parts->boxed_count, &box_part);
	if (result == FORMAT_OK) {
		statement->part[PART_NAMES] = view_bytes(&names);
		statement->part[PART_BOXES] = view_bytes(&box_part);
		result = statement_encode(statement, signer->sign_secret, out);
	}
	bytes_clear(&box_part);
	bytes_clear(&names);
	return result;
}

enum format_result genesis_make(const struct device_keys *device, struct view name,
    const uint8_t recovery_key[RECOVERY_KEY_LEN], int64_t now_ms, const struct random *random,
    struct bytes *roster_out)
{
	struct statement genesis = {.kind = STATEMENT_GENESIS,
	    .signer = device->id,
	    .time_ms = now_ms,
	    .added_count = 2,
	    .has_epoch = true,
	    .epoch = {.number = 1}};
	struct device_keys recovery = {0};
	const struct device_keys *const boxed[] = {device, &recovery};
	struct epoch_key key;
	struct sealed_parts parts = {&key, random, name, boxed, COUNT_OF(boxed)};
	struct bytes encoded = {0};
	enum format_result result;

	random_fill(random, genesis.previous.bytes, DIGEST_LEN);
	random_fill(random, key.bytes, EPOCH_KEY_LEN);
	device_keys_recovery(recovery_key, &genesis.previous, &recovery);
	describe(device, ROLE_DEVICE, &genesis.added[0]);
	describe(&recovery, ROLE_RECOVERY, &genesis.added[1]);
	epoch_commit(&key, &genesis.previous, 1, &genesis.epoch.commit);
	result = seal_statement(&genesis, &parts, device, &encoded);
	if (result == FORMAT_OK)
		result = roster_begin(view_bytes(&encoded), roster_out);
	bytes_clear(&encoded);
	device_keys_clear(&recovery);
	sodium_memzero(&key, sizeof(key));
	return result;
}

enum format_result add_device_make(const struct roster *roster, const struct device_keys *signer,
    const struct device_keys *device, struct view name, int64_t now_ms, const struct random *random,
    struct bytes *statement_out)
{
	struct statement change = {.kind = STATEMENT_CHANGE,
	    .previous = *roster_hash(roster),
	    .signer = signer->id,
	    .time_ms = now_ms,
	    .added_count = 1};
	struct epoch_key key = {0};
	struct sealed_parts parts = {&key, random, name, &device, 1};
	enum format_result result = epoch_key_find(roster, signer, roster_epoch(roster), &key);

	describe(device, ROLE_DEVICE, &change.added[0]);
	if (result == FORMAT_OK)
		result = seal_statement(&change, &parts, signer, statement_out);
	sodium_memzero(&key, sizeof(key));
	return result;
}

enum format_result recovery_device_find(
    const struct roster *roster, const uint8_t key[RECOVERY_KEY_LEN], struct device_keys *out)
{
	for (size_t i = 0; i < roster->devices_count; i++) {
		const struct roster_device *device = &roster->devices[i];
		struct statement statement;
		struct device_keys keys;

		if (device->keys.role != ROLE_RECOVERY || device->revoked_by != SIZE_MAX)
			continue;
		if (statement_decode(roster->statements[device->added_by], true, &statement) !=
		    FORMAT_OK)
			continue; /* roster_decode has read it: it cannot fail here */
		device_keys_recovery(key, &statement.previous, &keys);
		if (device_equal(&keys.id, &device->id)) {
			*out = keys;
			device_keys_clear(&keys);
			return FORMAT_OK;
		}
		device_keys_clear(&keys);
	}
	return FORMAT_FORGED;
}

/* Copies the name of device out of a names map; false if it is not there. */
static bool read_name(struct view names, const struct device_id *device, char *out)
{
	struct cbor_reader reader;
	size_t count;

	cbor_read(&reader, names);
	count = cbor_text_map(&reader, DEVICES_MAX);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct device_id id;
		struct view name;

		cbor_fixed(&reader, id.bytes, DEVICE_ID_LEN);
		name = cbor_text(&reader, DEVICE_NAME_MAX);
		if (reader.result == FORMAT_OK && device_equal(&id, device)) {
			if (name.len > 0)
				memcpy(out, name.data, name.len);
			out[name.len] = '\0';
			return true;
		}
	}
	return false;
}

void device_name_find(const struct roster *roster, const struct device_keys *keys,
    const struct device_id *device, char out[DEVICE_NAME_MAX + 1])
{
	const struct roster_device *found = roster_device(roster, device);
	struct statement statement;
	struct epoch_key key = {0};
	struct bytes names = {0};
	bool done = false;

	if (found != NULL && keys != NULL &&
	    statement_decode(roster->statements[found->added_by], true, &statement) == FORMAT_OK &&
	    statement.part[PART_NAMES].data != NULL &&
	    epoch_key_find(roster, keys, roster->epochs[found->added_by], &key) == FORMAT_OK &&
	    open_part(&key, PART_USE_NAMES, &statement.previous, statement.part[PART_NAMES],
		&names) == FORMAT_OK)
		done = read_name(view_bytes(&names), device, out);
	if (!done)
		hex_encode(view_of(device->bytes, 4), out);
	bytes_clear(&names);
	sodium_memzero(&key, sizeof(key));
}

/*
 * The code names the newest statement of when it was printed: how many there were by then. 0: the
 * roster is an older one.
 */
static size_t statements_by(const struct roster *roster, const struct recovery_code *code)
{
	for (size_t i = 0; i < roster->statements_count; i++)
		if (memcmp(roster->hashes[i].bytes, code->statement, RECOVERY_STATEMENT_LEN) == 0)
			return i + 1;
	return 0;
}

static enum engine_result check_code(const struct roster *roster, const struct recovery_code *code,
    struct call *call, struct recovery_view *view)
{
	struct epoch_key key = {0};
	bool opened;

	if (!account_equal(&roster->account, &code->account)) {
		call_sayf(call, "the roster there is another account's");
		return ENGINE_DAMAGED;
	}
	view->known = statements_by(roster, code);
	if (view->known == 0) {
		call_sayf(
		    call, "the roster there is older than this recovery code: it was rolled back");
		return ENGINE_ROLLBACK;
	}
	view->epoch = roster_epoch(roster);
	opened = recovery_device_find(roster, code->key, &view->keys) == FORMAT_OK &&
		 epoch_key_find(roster, &view->keys, view->epoch, &key) == FORMAT_OK;
	sodium_memzero(&key, sizeof(key));
	if (opened)
		return ENGINE_OK;
	call_sayf(call, "this recovery code does not open this account; nothing was written");
	return ENGINE_WRONG_KEY;
}

static void list_names(const struct roster *roster, struct recovery_view *view)
{
	for (size_t i = 0; i < roster->devices_count && view->devices_count < DEVICES_MAX; i++) {
		const struct roster_device *device = &roster->devices[i];

		if (device->revoked_by != SIZE_MAX || device->keys.role != ROLE_DEVICE)
			continue;
		device_name_find(
		    roster, &view->keys, &device->id, view->names[view->devices_count]);
		view->devices_count++;
	}
}

enum engine_result recovery_check(struct engine *engine, struct view encoded,
    const struct recovery_code *code, struct call *call, struct recovery_view *out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct recovery_view view = {0};
	enum engine_result result;

	(void)engine;
	if (roster == NULL)
		return ENGINE_FAILED;
	result = engine_say_format(call, "the roster", roster_decode(encoded, false, roster));
	if (result == ENGINE_OK)
		result = check_code(roster, code, call, &view);
	if (result == ENGINE_OK) {
		list_names(roster, &view);
		*out = view;
	}
	sodium_memzero(&view, sizeof(view));
	free(roster);
	return result;
}

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

/* Its bytes are kept before they are sent. */
static enum engine_result keep_pending(struct replica *replica, struct view statement)
{
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	return transaction_finish(replica, engine_of_journal(journal->ops->meta_set(journal->self,
					       META_STATEMENT, statement, replica->call)));
}

static enum engine_result make_pending(
    struct replica *replica, const struct device_keys *recovery, struct bytes *out)
{
	const struct engine *engine = replica->engine;
	struct bytes name = {0};
	struct bytes statement = {0};
	enum format_result made;
	enum engine_result result = engine_of_journal(
	    engine->journal.ops->meta_get(engine->journal.self, META_NAME, replica->call, &name));

	if (result != ENGINE_OK)
		return result;
	made = add_device_make(replica->roster, recovery, engine->keys, view_bytes(&name),
	    clock_wall_ms(engine->clock), engine->random, &statement);
	bytes_clear(&name);
	result = engine_say_format(
	    replica->call, "the statement that adds this device could not be made", made);
	if (result == ENGINE_OK)
		result = keep_pending(replica, view_bytes(&statement));
	if (result == ENGINE_OK)
		*out = statement;
	else
		bytes_clear(&statement);
	return result;
}

/*
 * The statement that adds this device: the one that is kept, as long as it still stands next; else
 * another's has come first, and a new one is made. Kept bytes stay the same whatever becomes of the
 * frame around them: of two that name one statement before them, one could be shown to some
 * devices, and the other to the rest.
 */
static enum engine_result pending_statement(
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
	return make_pending(replica, recovery, out);
}

enum engine_result membership_build(struct replica *replica, const struct device_keys *recovery,
    struct built_frame *out, struct bytes *roster_out)
{
	struct frame_header header;
	struct bytes statement = {0};
	struct bytes roster = {0};
	enum format_result made;
	enum engine_result result = pending_statement(replica, recovery, &statement);

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
