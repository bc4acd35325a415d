/*
 * cli/engine/apply.c: a frame onto the cloud state. Each frame is checked as the gateway checked
 * it, opened, applied, and its state root compared: a device whose root differs stops and keeps
 * all.
 */
#include "cli/engine/apply.h"
#include "cli/engine/brake.h"
#include "cli/engine/compress.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/reconcile.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/settle.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <string.h>

enum engine_result apply_head(struct replica *replica, const struct frame *frame)
{
	struct sync_facts *facts = &replica->facts.public;
	const char *message = "";
	enum format_result checked =
	    frame_check(frame, &facts->head, replica->roster, &replica->roster_index, &message);

	if (checked == FORMAT_NO_MEMORY) {
		call_sayf(replica->call, "no memory");
		return ENGINE_FAILED;
	}
	if (checked != FORMAT_OK) {
		call_sayf(replica->call, "frame %llu does not hold: %s; nothing was changed",
		    (unsigned long long)frame->header.seq, message);
		return ENGINE_DAMAGED;
	}
	facts->head = (struct head){frame->header.seq, frame->hash};
	return ENGINE_OK;
}

enum engine_result apply_open(struct replica *replica, const struct frame *frame,
    struct bytes *payload_out, struct frame_sealed *sealed_out)
{
	const struct epoch_key *key;
	struct bytes payload = {0};
	enum format_result opened;
	enum engine_result result = replica_key(replica, frame->header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	opened = open_frame(key, frame, &payload);
	if (opened == FORMAT_OK)
		opened = frame_sealed_decode(view_bytes(&payload), sealed_out);
	if (opened != FORMAT_OK) {
		bytes_clear(&payload);
		call_sayf(replica->call, "frame %llu cannot be opened: %s; nothing was changed",
		    (unsigned long long)frame->header.seq, format_result_text(opened));
		return engine_of_format(opened);
	}
	*payload_out = payload;
	return ENGINE_OK;
}

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

/* What one patch needs while its operations are applied. */
struct patch {
	struct replica *replica;
	const struct frame *frame;
	int64_t time_ms;
	uint64_t floor; /* after it */
	bool own;       /* this home stored it before it sent it */
};

static enum engine_result damaged(const struct patch *patch, const char *what)
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
		return damaged(patch, "a delta's reference is not the cloud's version");
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
		return damaged(patch, "an entry in it cannot be read");
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
		result = damaged(patch, "an entry in it is not the one it names");
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
			result = damaged(patch, "a loser in it is not of the entry it names");
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
		return damaged(patch, "it purges what is not there");
	result = version_look(replica->engine, &known.cloud, replica->call, &tombstone, &sound);
	if (result != ENGINE_OK)
		return result;
	/* What rotted here may go, too: the root tells whether all others let it go. */
	deleted = !sound || entry_deleted(&tombstone.entry);
	version_clear(&tombstone);
	if (!deleted || known.cloud_seq > patch->floor)
		return damaged(patch, "it purges what may not go yet");
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
static enum engine_result apply_ops(const struct patch *patch, struct view packed)
{
	struct bytes plain = {0};
	struct cbor_reader reader;
	size_t count;
	enum format_result unpacked = compress_unpack(packed, OPS_PLAIN_MAX, &plain);
	enum engine_result result = ENGINE_OK;

	if (unpacked == FORMAT_NO_MEMORY)
		return ENGINE_FAILED;
	if (unpacked != FORMAT_OK)
		return damaged(patch, "its operations cannot be unpacked");
	cbor_read(&reader, view_bytes(&plain));
	count = cbor_array(&reader, OPS_COUNT_MAX);
	for (size_t i = 0; i < count && result == ENGINE_OK; i++) {
		struct op op;

		op_read(&reader, &op);
		if (reader.result == FORMAT_OK)
			result = apply_op(patch, &op);
	}
	if (result == ENGINE_OK && cbor_finish(&reader) != FORMAT_OK)
		result = damaged(patch, "its operations cannot be read");
	bytes_clear(&plain);
	return result;
}

static const struct sync_body *find_body(
    const struct body_source *source, const struct blob_name *name)
{
	if (source->extra != NULL && blob_name_equal(&source->extra->name, name))
		return source->extra;
	for (size_t i = 0; i < source->bodies_count; i++)
		if (blob_name_equal(&source->bodies[i].name, name))
			return &source->bodies[i];
	return NULL;
}

/* Opens a patch's body blob and applies what is in it. */
static enum engine_result apply_body(const struct patch *patch, struct view encoded)
{
	struct replica *replica = patch->replica;
	const struct frame_header *header = &patch->frame->header;
	const struct epoch_key *key;
	struct bytes packed = {0};
	struct digest hash;
	struct blob blob;
	enum format_result opened;
	enum engine_result result;

	blob_hash(encoded, &hash);
	if (!digest_equal(&hash, &header->blob.hash))
		return damaged(patch, "its body is not the one it names");
	opened = blob_decode(encoded, NULL, &blob);
	if (opened == FORMAT_OK &&
	    (blob.header.kind != BLOB_BODY || blob.header.epoch != header->epoch ||
		!account_equal(&blob.header.account, &header->account)))
		opened = FORMAT_FORGED;
	if (opened != FORMAT_OK)
		return damaged(patch, "its body cannot be read");
	result = replica_key(replica, header->epoch, &key);
	if (result != ENGINE_OK)
		return result;
	opened = open_blob(key, &blob, &packed);
	if (opened != FORMAT_OK)
		return opened == FORMAT_NO_MEMORY ? ENGINE_FAILED
						  : damaged(patch, "its body cannot be opened");
	result = apply_ops(patch, view_bytes(&packed));
	replica->facts.public.log_bytes += encoded.len;
	bytes_clear(&packed);
	return result;
}

static enum engine_result compare_root(const struct patch *patch, const struct frame_sealed *sealed)
{
	uint8_t root[ROOT_LEN];

	root_of(&patch->replica->sum, root);
	if (memcmp(root, sealed->root, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(patch->replica->call,
	    "after frame %llu this device's state root differs from the one it names: nothing was "
	    "changed, everything here is kept, sync stops",
	    (unsigned long long)patch->frame->header.seq);
	return ENGINE_ROOT;
}

/* A home that was copied meets frames of its own device that it never stored. */
static enum engine_result note_own(struct patch *patch)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	enum journal_result known;

	if (!device_equal(&patch->frame->header.device, replica_device(replica)))
		return ENGINE_OK;
	known = journal->ops->sent_known(journal->self, &patch->frame->hash, replica->call);
	if (known == JOURNAL_OK)
		patch->own = true;
	if (known != JOURNAL_NONE)
		return engine_of_journal(known);
	return engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_WARNING,
	    (struct view){0},
	    "the log holds a frame of this device's key that this home did not make: the home was "
	    "copied or restored; run `inkseal recover` in the copy to make it a device of its own",
	    clock_wall_ms(replica->engine->clock), replica->call));
}

static enum engine_result apply_sealed(
    struct patch *patch, const struct sync_body *body, struct view encoded)
{
	struct replica *replica = patch->replica;
	const struct journal *journal = &replica->engine->journal;
	struct sync_facts *facts = &replica->facts.public;
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	enum engine_result result = apply_open(replica, patch->frame, &payload, &sealed);

	if (result != ENGINE_OK)
		return result;
	patch->time_ms = sealed.time_ms;
	result = note_own(patch);
	if (!patch->own && MUTATION(CURSOR_BEFORE_APPLY) &&
	    transaction_commit(replica) == ENGINE_OK)
		result = transaction_begin(replica);
	patch->floor = sealed.floor;
	if (result == ENGINE_OK && sealed.floor < facts->floor)
		result = damaged(patch, "it lowers the floor");
	if (result == ENGINE_OK && sealed.floor >= patch->frame->header.seq)
		result = damaged(patch, "it raises the floor above its own place");
	if (result == ENGINE_OK && patch->frame->header.kind == FRAME_PATCH) {
		if (body != NULL)
			result = apply_body(patch, body->blob);
		else if (sealed.ops.data != NULL)
			result = apply_ops(patch, sealed.ops);
	}
	if (result == ENGINE_OK)
		result = compare_root(patch, &sealed);
	if (result == ENGINE_OK) {
		facts->floor = sealed.floor;
		facts->log_bytes += encoded.len;
		if (patch->own) /* perhaps met in a pull: then no answer has said so */
			facts->acknowledged_ms = clock_wall_ms(replica->engine->clock);
		result = engine_of_journal(
		    journal->ops->device_seen(journal->self, &patch->frame->header.device,
			patch->frame->header.seq, sealed.time_ms, replica->call));
	}
	bytes_clear(&payload);
	return result;
}

/* A statement's frame has moved the roster; while recovering it is the one that adds this device.
 */
static enum engine_result apply_statement(struct replica *replica, const struct frame *frame)
{
	const struct journal *journal = &replica->engine->journal;
	struct statement statement;
	enum engine_result result = ENGINE_OK;

	if (statement_decode(frame->body, false, &statement) != FORMAT_OK)
		return ENGINE_DAMAGED; /* frame_check has read it */
	for (size_t i = 0; i < statement.added_count && result == ENGINE_OK; i++) {
		struct device_id id;

		device_id_of(statement.added[i].sign_public, &id);
		result = engine_of_journal(journal->ops->device_seen(
		    journal->self, &id, frame->header.seq, statement.time_ms, replica->call));
		if (result == ENGINE_OK && device_equal(&id, replica_device(replica)))
			result = own_frames_joined(replica);
	}
	return result;
}

enum apply_result apply_frame(struct replica *replica, struct view encoded,
    const struct body_source *bodies, enum engine_result *failure_out)
{
	struct frame frame;
	struct patch patch = {.replica = replica, .frame = &frame};
	const struct sync_body *body = NULL;
	enum engine_result result;
	enum format_result decoded = frame_decode(encoded, &frame);

	if (decoded != FORMAT_OK) {
		call_sayf(replica->call, "a frame of the log is %s", format_result_text(decoded));
		*failure_out = engine_of_format(decoded);
		return APPLY_FAILED;
	}
	if (frame.header.kind == FRAME_LOAD)
		return APPLY_IS_LOAD;
	if (frame.header.kind == FRAME_RESET) { /* one is taken, and the log begins with it */
		call_sayf(replica->call, "frame %llu is a reset in the middle of the log",
		    (unsigned long long)frame.header.seq);
		*failure_out = ENGINE_DAMAGED;
		return APPLY_FAILED;
	}
	if (frame.header.kind == FRAME_PATCH && frame.header.has_blob) {
		body = find_body(bodies, &frame.header.blob);
		if (body == NULL)
			return APPLY_NEEDS_BODY;
	}
	result = apply_head(replica, &frame);
	if (result == ENGINE_OK)
		result = frame.header.kind == FRAME_STATEMENT ? apply_statement(replica, &frame)
							      : apply_sealed(&patch, body, encoded);
	if (result == ENGINE_OK)
		return APPLY_OK;
	*failure_out = result;
	return APPLY_FAILED;
}

enum engine_result apply_note_snapshot(struct replica *replica, struct view encoded)
{
	const struct journal *journal = &replica->engine->journal;
	char name[BLOB_NAME_TEXT_MAX];
	struct frame frame;

	if (frame_decode(encoded, &frame) != FORMAT_OK || frame.header.kind != FRAME_SNAPSHOT)
		return ENGINE_OK;
	log_begins(replica, frame.header.seq);
	blob_name_text(&frame.header.blob, name);
	return engine_of_journal(
	    journal->ops->meta_set(journal->self, META_INDEX, view_text(name), replica->call));
}

bool brake_holds(uint64_t deletions, uint64_t entries)
{
	uint64_t limit = entries / 5; /* 20 % */

	return deletions > (limit > 10 ? limit : 10);
}

/*
 * more: deletions that are not done yet, or not counted. What was deleted on the way from the last
 * head that was reached counts with them: the log comes in pieces, cut as its makers like, and each
 * run that the brake ends would let one more pass.
 */
static enum engine_result hold_brake(struct replica *replica, uint64_t more)
{
	const struct journal *journal = &replica->engine->journal;
	uint64_t done = replica->facts.public.deleted;
	uint64_t deletions = done + more;
	struct journal_counts counts;
	enum journal_result result;

	if (!brake_holds(deletions, 0)) /* few, whatever there is */
		return ENGINE_OK;
	result = journal->ops->counts(journal->self, replica->call, &counts);
	if (result != JOURNAL_OK)
		return engine_of_journal(result);
	counts.entries_count += done; /* as many as there were before */
	if (!brake_holds(deletions, counts.entries_count))
		return ENGINE_OK;
	replica->totals.deletions = deletions;
	call_sayf(replica->call,
	    "this sync would delete %llu of %llu entries here; it stopped after %llu: look at the "
	    "other device, then run it with --yes if that is meant",
	    (unsigned long long)deletions, (unsigned long long)counts.entries_count,
	    (unsigned long long)done);
	return ENGINE_BRAKE;
}

static enum engine_result ask_brake(
    struct replica *replica, bool allow_deletions, uint64_t *coming_out)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result;

	*coming_out = 0;
	if (allow_deletions)
		return ENGINE_OK;
	result = journal->ops->deletions_coming(journal->self, replica->call, coming_out);
	return result == JOURNAL_OK ? hold_brake(replica, *coming_out) : engine_of_journal(result);
}

/* After a reset the local version may be anyone's: by its author all derive the same copy of it. */
static enum engine_result local_author(struct replica *replica, struct view id,
    const struct journal_entry *known, struct device_id *author)
{
	static const struct device_id none;
	const struct journal *journal = &replica->engine->journal;
	struct device_id made_by;
	enum journal_result found;

	if (!replica->no_base || !known->has_local)
		return ENGINE_OK;
	found =
	    journal->ops->version_author(journal->self, id, &known->local, replica->call, &made_by);
	if (found == JOURNAL_OK && !device_equal(&made_by, &none))
		*author = made_by;
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

static enum engine_result settle_one(struct replica *replica, struct view id, uint64_t *deleted)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_entry known = {0};
	struct edit_outcome outcome = {0};
	struct settle_input input = {.id = id};
	bool changed = false;
	enum engine_result result =
	    engine_of_journal(journal->ops->entry_get(journal->self, id, replica->call, &known));

	if (result != ENGINE_OK)
		return result;
	input.has_base = known.has_base;
	input.base = known.base;
	input.has_local = known.has_local;
	input.local = known.local;
	input.local_author = *replica_device(replica);
	input.has_cloud = known.has_cloud;
	input.cloud = known.cloud;
	input.cloud_author = known.author;
	input.skew_ms = replica->facts.public.skew_ms;
	input.no_base = replica->no_base;
	result = local_author(replica, id, &known, &input.local_author);
	if (result == ENGINE_OK)
		result = settle_entry(replica->engine, &input, replica->call, &changed, &outcome);
	if (result == ENGINE_OK && changed && !known.has_cloud) { /* a tombstone's end is no news */
		struct journal_entry left = {0};
		enum journal_result found =
		    journal->ops->entry_get(journal->self, id, replica->call, &left);

		if (found != JOURNAL_NONE)
			result = engine_of_journal(found);
		changed = left.has_local;
	}
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->base_set(
		    journal->self, id, known.has_cloud ? &known.cloud : NULL, replica->call));
	if (result == ENGINE_OK) {
		replica->totals.pulled += changed;
		replica->totals.conflicts += outcome.conflict;
		*deleted += outcome.deleted;
	}
	return result;
}

enum engine_result reconcile_all(struct replica *replica, bool allow_deletions)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes after = {0};
	uint64_t pulled = replica->totals.pulled;
	uint64_t plain = 0;
	uint64_t coming = 0;
	uint64_t deleted = 0;
	enum engine_result result = ask_brake(replica, allow_deletions, &coming);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->settle_plain(
		    journal->self, clock_wall_ms(replica->engine->clock), replica->call, &plain));
	replica->totals.pulled += plain;
	while (result == ENGINE_OK) { /* ids ascend, so it ends */
		struct bytes id = {0};
		enum journal_result found = journal->ops->unsettled_next(
		    journal->self, view_bytes(&after), replica->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			result = settle_one(replica, view_bytes(&id), &deleted);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	/* Without bases none of them could be told before; all of it is rolled back then. */
	if (result == ENGINE_OK && replica->no_base && !allow_deletions)
		result = hold_brake(replica, coming + deleted);
	if (result == ENGINE_OK)
		replica->facts.public.deleted += coming + deleted;
	if (result == ENGINE_OK)
		result = replica_note(replica, ACTIVITY_PULLED, replica->totals.pulled - pulled);
	return result;
}
