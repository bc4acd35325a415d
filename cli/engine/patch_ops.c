/*
 * cli/engine/patch_ops.c: a patch's operations onto the cloud state: cloud moves, base stays but of
 * this home's own.
 */
#include "cli/engine/patch_ops.h"
#include "cli/engine/compress.h"
#include "cli/engine/result.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"
#include "schemas/cbor.h"
#include "schemas/patch.h"

enum engine_result apply_cloud(struct replica *replica, struct view id,
    const struct digest *version, const struct device_id *author, uint64_t seq, int64_t time_ms)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_entry known = {0};
	enum journal_result found =
	    journal->ops->entry_get(journal->self, id, replica->call, &known);

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	if (found == JOURNAL_OK && known.has_cloud)
		root_remove(&replica->sum, id, &known.cloud);
	if (version != NULL)
		root_add(&replica->sum, id, version);
	return engine_of_journal(journal->ops->cloud_set(
	    journal->self, id, version, author, seq, time_ms, replica->call));
}

enum engine_result patch_damaged(const struct patch *patch, const char *what)
{
	call_sayf(patch->replica->call, "frame %llu: %s; nothing was changed",
	    (unsigned long long)patch->frame->header.seq, what);
	return ENGINE_DAMAGED;
}

/* The entry's version in the cloud state just before the frame: the only reference there is. */
static enum engine_result reference_check(const struct patch *patch, const struct op *op)
{
	const struct journal *journal = &patch->replica->engine->journal;
	struct journal_entry known = {0};
	enum journal_result found =
	    journal->ops->entry_get(journal->self, op->id, patch->replica->call, &known);

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	if (found == JOURNAL_NONE || !known.has_cloud ||
	    !digest_equal(&known.cloud, &op->reference))
		return patch_damaged(patch, "a delta's reference is not the cloud's version");
	return ENGINE_OK;
}

/* An operation's entry, encoded and checked, with its version; *entry_out points into it. */
static enum engine_result op_entry(const struct patch *patch, const struct op *op,
    struct bytes *encoded_out, struct entry *entry_out, struct digest *version_out)
{
	struct version reference = {0};
	struct bytes encoded = {0};
	enum format_result made = FORMAT_OK;
	enum engine_result result = ENGINE_OK;

	if (op->kind == OP_PUT || op->kind == OP_LOSER) {
		if (!bytes_copy(op->data, &encoded))
			return ENGINE_FAILED;
	} else {
		result = reference_check(patch, op);
		if (result == ENGINE_OK)
			result = version_load(patch->replica->engine, op->id, &op->reference,
			    patch->replica->call, &reference);
		if (result != ENGINE_OK)
			return result;
		made = delta_apply(
		    view_bytes(&reference.encoded), op->data, (size_t)op->result_len, &encoded);
	}
	if (made == FORMAT_OK)
		made = entry_read(view_bytes(&encoded), entry_out, version_out);
	if (made == FORMAT_OK && (op->kind == OP_DELTA || op->kind == OP_LOSER_DELTA) &&
	    !digest_equal(version_out, &op->result))
		made = FORMAT_FORGED; /* zstd does not notice a wrong prefix */
	version_clear(&reference);
	if (made != FORMAT_OK) {
		bytes_clear(&encoded);
		if (made == FORMAT_NO_MEMORY)
			return ENGINE_FAILED;
		return patch_damaged(patch, "an entry in it cannot be read");
	}
	*encoded_out = encoded;
	return ENGINE_OK;
}

/* A put or a delta. */
static enum engine_result apply_entry(const struct patch *patch, const struct op *op)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	struct bytes encoded = {0};
	struct digest version;
	struct entry entry;
	enum engine_result result = op_entry(patch, op, &encoded, &entry, &version);

	if (result != ENGINE_OK)
		return result;
	if (op->kind == OP_DELTA && !view_equal(entry.id, op->id)) {
		result = patch_damaged(patch, "an entry in it is not the one it names");
		goto done;
	}
	result = engine_of_journal(journal->ops->version_put(
	    journal->self, &version, view_bytes(&encoded), replica->call));
	if (result == ENGINE_OK)
		result = apply_cloud(replica, entry.id, &version, &patch->frame->header.device,
		    patch->frame->header.seq, patch->time_ms);
	/* Ours: bases move to just the versions that were sent; a newer edit stays dirty. */
	if (result == ENGINE_OK && patch->own && !MUTATION(ACK_LEAVES_BASE))
		result = engine_of_journal(
		    journal->ops->base_set(journal->self, entry.id, &version, replica->call));
	if (result == ENGINE_OK && patch->own && MUTATION(ACK_CLEARS_NEWER))
		result = engine_of_journal(
		    journal->ops->local_set(journal->self, entry.id, &version, replica->call));
done:
	bytes_clear(&encoded);
	return result;
}

/* A version that lost: filed in the history; no part of the state. */
static enum engine_result apply_loser(const struct patch *patch, const struct op *op)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	struct bytes encoded = {0};
	struct digest version = op->reference;
	struct entry entry;
	enum engine_result result;

	if (op->kind == OP_LOSER_NAMED) {
		result = reference_check(patch, op);
	} else {
		result = op_entry(patch, op, &encoded, &entry, &version);
		if (result == ENGINE_OK && !view_equal(entry.id, op->id))
			result = patch_damaged(patch, "a loser in it is not of the entry it names");
		if (result == ENGINE_OK)
			result = engine_of_journal(journal->ops->version_put(
			    journal->self, &version, view_bytes(&encoded), replica->call));
	}
	bytes_clear(&encoded);
	if (result != ENGINE_OK)
		return result;
	return engine_of_journal(journal->ops->loser_settled(
	    journal->self, op->id, &version, &op->author, patch->time_ms, replica->call));
}

/*
 * A tombstone leaves the state. The base stays at it, also where the patch is our own, until the
 * entry is judged: so an untouched one goes here too, and what was restored meanwhile stays.
 */
static enum engine_result apply_purge(const struct patch *patch, const struct op *op)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	struct journal_entry known = {0};
	struct version tombstone = {0};
	enum journal_result found =
	    journal->ops->entry_get(journal->self, op->id, replica->call, &known);
	bool deleted, sound;
	enum engine_result result;

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	if (!known.has_cloud)
		return patch_damaged(patch, "it purges what is not there");
	result = version_look(replica->engine, &known.cloud, replica->call, &tombstone, &sound);
	if (result != ENGINE_OK)
		return result;
	/* What rotted here may go, too: the root tells whether all others let it go. */
	deleted = !sound || entry_deleted(&tombstone.entry);
	version_clear(&tombstone);
	if (!deleted || known.cloud_seq > patch->floor)
		return patch_damaged(patch, "it purges what may not go yet");
	return apply_cloud(replica, op->id, NULL, &patch->frame->header.device,
	    patch->frame->header.seq, patch->time_ms);
}

static enum engine_result apply_op(const struct patch *patch, const struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
	case OP_DELTA: return apply_entry(patch, op);
	case OP_LOSER:
	case OP_LOSER_DELTA:
	case OP_LOSER_NAMED: return apply_loser(patch, op);
	case OP_PURGE: return apply_purge(patch, op);
	}
	return ENGINE_DAMAGED;
}

/* Losers' references are to the state before the frame, so they stand first (patch_build.c). */
enum engine_result patch_ops_apply(const struct patch *patch, struct view packed)
{
	struct bytes plain = {0};
	struct cbor_reader reader;
	size_t count;
	enum format_result unpacked = compress_unpack(packed, OPS_PLAIN_MAX, &plain);
	enum engine_result result = ENGINE_OK;

	if (unpacked == FORMAT_NO_MEMORY)
		return ENGINE_FAILED;
	if (unpacked != FORMAT_OK)
		return patch_damaged(patch, "its operations cannot be unpacked");
	cbor_read(&reader, view_bytes(&plain));
	count = cbor_array(&reader, OPS_COUNT_MAX);
	for (size_t i = 0; i < count && result == ENGINE_OK; i++) {
		struct op op;

		op_read(&reader, &op);
		if (reader.result == FORMAT_OK)
			result = apply_op(patch, &op);
	}
	if (result == ENGINE_OK && cbor_finish(&reader) != FORMAT_OK)
		result = patch_damaged(patch, "its operations cannot be read");
	bytes_clear(&plain);
	return result;
}
