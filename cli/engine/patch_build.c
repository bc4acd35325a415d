/*
 * cli/engine/patch_build.c: what is dirty, as one patch frame on the cursor. Before it is sent its
 * hash is stored, and it is applied to a copy of the state and its root compared.
 */
#include "cli/engine/patch_build.h"
#include "cli/engine/brake.h"
#include "cli/engine/compress.h"
#include "cli/engine/purge.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <sodium.h>
#include <string.h>

/* A patch being put together. */
struct builder {
	struct replica *replica;
	struct buffer ops; /* the array's items */
	size_t ops_count;
	struct root_sum sum;
	uint64_t floor;
	uint64_t entries;
	uint64_t deltas;
};

static enum engine_result add_op(struct builder *builder, const struct op *op)
{
	op_put(&builder->ops, op);
	builder->ops_count++;
	if (!builder->ops.failed)
		return ENGINE_OK;
	call_sayf(builder->replica->call, "out of memory while a patch was made");
	return ENGINE_FAILED;
}

/*
 * Whichever is shorter: the whole entry, or a delta against its cloud version. Both as they would
 * stand in the patch: an entry alone is compressed for the comparison, the delta has two hashes.
 */
static enum engine_result choose_delta(
    const struct version *version, const struct version *cloud, struct bytes *delta_out)
{
	struct bytes delta = {0};
	struct bytes packed = {0};
	enum format_result result =
	    delta_make(view_bytes(&cloud->encoded), view_bytes(&version->encoded), &delta);

	if (result == FORMAT_OK)
		result = compress_pack(view_bytes(&version->encoded), &packed);
	if (result == FORMAT_OK &&
	    delta.len + DIGEST_LEN + DIGEST_LEN + cloud->entry.id.len < packed.len) {
		*delta_out = delta;
		delta = (struct bytes){0};
	}
	bytes_clear(&packed);
	bytes_clear(&delta);
	return engine_of_format(result);
}

/*
 * Loads the entry's cloud version, if there is one. One that is damaged here is left out: a delta
 * against it could be read here and nowhere else.
 */
static enum engine_result cloud_load(struct builder *builder, struct view id,
    struct journal_entry *known_out, struct version *cloud_out)
{
	const struct journal *journal = &builder->replica->engine->journal;
	enum journal_result found =
	    journal->ops->entry_get(journal->self, id, builder->replica->call, known_out);
	enum engine_result result;

	if (found == JOURNAL_NONE) {
		*known_out = (struct journal_entry){0};
		return ENGINE_OK;
	}
	if (found != JOURNAL_OK || !known_out->has_cloud)
		return engine_of_journal(found);
	result = version_load(
	    builder->replica->engine, id, &known_out->cloud, builder->replica->call, cloud_out);
	return result == ENGINE_UNSOUND ? ENGINE_OK : result;
}

static enum engine_result add_entry(struct builder *builder, struct view id)
{
	struct journal_entry known = {0};
	struct version local = {0};
	struct version cloud = {0};
	struct bytes delta = {0};
	struct op op = {.kind = OP_PUT, .id = id};
	enum engine_result result = cloud_load(builder, id, &known, &cloud);

	if (result == ENGINE_OK)
		result = version_load(
		    builder->replica->engine, id, &known.local, builder->replica->call, &local);
	if (result == ENGINE_OK && cloud.encoded.data != NULL)
		result = choose_delta(&local, &cloud, &delta);
	if (result != ENGINE_OK)
		goto done;
	op.data = view_bytes(&local.encoded);
	if (delta.data != NULL) {
		op.kind = OP_DELTA;
		op.data = view_bytes(&delta);
		op.reference = known.cloud;
		op.result = known.local;
		op.result_len = local.encoded.len;
		builder->deltas++;
	}
	if (known.has_cloud)
		root_remove(&builder->sum, id, &known.cloud);
	root_add(&builder->sum, id, &known.local);
	builder->entries++;
	result = add_op(builder, &op);
done:
	bytes_clear(&delta);
	version_clear(&cloud);
	version_clear(&local);
	return result;
}

/*
 * Its bytes rotted before any patch has carried it: it waits for no patch any more, or no other
 * would be sent. What can be read of it stays in the history here.
 */
static enum engine_result give_up_loser(struct builder *builder, const struct journal_loser *loser)
{
	struct replica *replica = builder->replica;
	const struct journal *journal = &replica->engine->journal;
	int64_t now_ms = clock_wall_ms(replica->engine->clock);
	struct view id = view_bytes(&loser->id);
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(journal->ops->loser_settled(
	    journal->self, id, &loser->version, &loser->author, now_ms, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_WARNING, id,
			"a version that lost a conflict is damaged here: no other device gets it",
			now_ms, replica->call));
	return transaction_finish(replica, result);
}

static enum engine_result add_loser(struct builder *builder, const struct journal_loser *loser)
{
	struct journal_entry known = {0};
	struct version cloud = {0};
	struct version version = {0};
	struct bytes delta = {0};
	struct op op = {.kind = OP_LOSER, .id = view_bytes(&loser->id), .author = loser->author};
	bool named;
	enum engine_result result = cloud_load(builder, op.id, &known, &cloud);

	if (result == ENGINE_OK)
		result = version_load(builder->replica->engine, op.id, &loser->version,
		    builder->replica->call, &version);
	named = known.has_cloud && digest_equal(&known.cloud, &loser->version);
	if (result == ENGINE_UNSOUND && named)
		result = ENGINE_OK; /* its bytes do not travel */
	else if (result == ENGINE_UNSOUND)
		result = give_up_loser(builder, loser);
	if (result != ENGINE_OK || (version.encoded.data == NULL && !named))
		goto done;
	op.data = view_bytes(&version.encoded);
	if (named) {
		op.kind = OP_LOSER_NAMED;
		op.reference = known.cloud;
	} else if (cloud.encoded.data != NULL) {
		result = choose_delta(&version, &cloud, &delta);
		if (result == ENGINE_OK && delta.data != NULL) {
			op.kind = OP_LOSER_DELTA;
			op.data = view_bytes(&delta);
			op.reference = known.cloud;
			op.result = loser->version;
			op.result_len = version.encoded.len;
		}
	}
	if (result == ENGINE_OK)
		result = add_op(builder, &op);
done:
	bytes_clear(&delta);
	version_clear(&version);
	version_clear(&cloud);
	return result;
}

static void loser_clear(struct journal_loser *loser)
{
	bytes_clear(&loser->id);
	bytes_clear(&loser->encoded);
}

/*
 * A frame takes operations up to here, then one more at most; the rest goes with the next frame.
 * With an entry of ENTRY_MAX, incompressible and padded, the body stays below BLOB_MAX.
 */
#define OPS_ROOM (512u << 10)

static bool has_room(const struct builder *builder)
{
	return builder->ops_count < OPS_COUNT_MAX && builder->ops.len < OPS_ROOM;
}

/* Losers first: their references are to the state before the frame. */
static enum engine_result add_losers(struct builder *builder)
{
	const struct journal *journal = &builder->replica->engine->journal;
	struct journal_loser last = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && has_room(builder)) {
		struct journal_loser loser = {0};
		enum journal_result found = journal->ops->loser_next(journal->self,
		    view_bytes(&last.id), &last.version, builder->replica->call, &loser);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			result = add_loser(builder, &loser);
		loser_clear(&last);
		last = loser;
	}
	loser_clear(&last);
	return result;
}

static enum engine_result add_dirty(struct builder *builder)
{
	const struct journal *journal = &builder->replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && has_room(builder)) {
		struct bytes id = {0};
		enum journal_result found = journal->ops->dirty_next(
		    journal->self, view_bytes(&after), builder->replica->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			result = add_entry(builder, view_bytes(&id));
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* Tombstones that may go by now ride along. */
static enum engine_result add_purges(struct builder *builder)
{
	struct bytes after = {0};
	struct purge purge;
	enum engine_result result = purge_open(builder->replica, &purge);

	while (result == ENGINE_OK && has_room(builder)) {
		struct journal_entry known;
		struct bytes id = {0};
		struct op op = {.kind = OP_PURGE};

		result = purge_next(builder->replica, &purge, view_bytes(&after), &id, &known);
		if (result != ENGINE_OK)
			break;
		op.id = view_bytes(&id);
		root_remove(&builder->sum, op.id, &known.cloud);
		if (known.cloud_seq > builder->floor && !MUTATION(PURGE_BELOW_FLOOR))
			builder->floor = known.cloud_seq;
		result = add_op(builder, &op);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result == ENGINE_NOT_FOUND ? ENGINE_OK : result;
}

/* The operations as an array, packed. */
static enum engine_result pack_ops(struct builder *builder, struct bytes *out)
{
	struct buffer whole;
	enum format_result result = FORMAT_NO_MEMORY;

	buffer_init(&whole, OPS_PLAIN_MAX);
	cbor_put_array(&whole, builder->ops_count);
	buffer_add_view(&whole, buffer_view(&builder->ops));
	if (!whole.failed)
		result = compress_pack(buffer_view(&whole), out);
	buffer_clear(&whole);
	return engine_of_format(result);
}

/* Seals operations above the inline limit into a body blob and names it in the header. */
static enum engine_result seal_body(struct replica *replica, const struct epoch_key *key,
    struct view packed, struct frame_header *header, struct bytes *out)
{
	struct blob_header blob = {
	    .account = header->account, .epoch = header->epoch, .kind = BLOB_BODY};
	enum format_result result = seal_blob(key, packed, &blob, out, &header->blob.hash);

	header->has_blob = true;
	header->blob.count = replica->facts.public.sweep;
	return engine_of_format(result);
}

static enum engine_result seal_patch(struct builder *builder, struct built_frame *out)
{
	struct replica *replica = builder->replica;
	struct frame_sealed sealed = {
	    .floor = builder->floor, .time_ms = clock_wall_ms(replica->engine->clock)};
	struct frame_header header;
	const struct epoch_key *key;
	struct bytes packed = {0};
	enum engine_result result = pack_ops(builder, &packed);

	frame_build_header(replica, FRAME_PATCH, &header);
	root_of(&builder->sum, sealed.root);
	if (result == ENGINE_OK)
		result = replica_key(replica, header.epoch, &key);
	if (result == ENGINE_OK && packed.len > FRAME_INLINE_MAX - 256)
		result = seal_body(replica, key, view_bytes(&packed), &header, &out->body);
	else
		sealed.ops = view_bytes(&packed);
	if (result == ENGINE_OK)
		result = frame_build_seal(replica, &header, &sealed, out);
	bytes_clear(&packed);
	out->entries = builder->entries;
	out->deltas = builder->deltas;
	return result;
}

/* Which versions the frame carries, so that its acknowledgement moves just these bases. */
static enum engine_result store_sent(struct replica *replica, const struct built_frame *push)
{
	const struct journal *journal = &replica->engine->journal;

	if (MUTATION(SENT_NOT_STORED))
		return ENGINE_OK;
	return engine_of_journal(journal->ops->sent_add(
	    journal->self, &push->frame.hash, push->frame.header.seq, replica->call));
}

/*
 * Applies the frame to a copy: a transaction that is undone. What differs is not sent. Its
 * signature has been checked then, and is not checked again over the same bytes.
 */
static enum engine_result try_on_copy(struct replica *replica, struct built_frame *push)
{
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = frame_build_apply(replica, push);
	transaction_undo(replica);
	push->frame.verified = result == ENGINE_OK;
	return result;
}

static enum engine_result add_all(struct builder *builder)
{
	enum engine_result result = add_losers(builder);

	if (result == ENGINE_OK)
		result = add_dirty(builder);
	return result == ENGINE_OK ? add_purges(builder) : result;
}

/* Stored before it is sent; then it is tried. */
static enum engine_result store_and_try(struct replica *replica, struct built_frame *push)
{
	enum engine_result result =
	    MUTATION(SENT_UNSYNCED) ? transaction_begin_light(replica) : transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = transaction_finish(replica, store_sent(replica, push));
	return result == ENGINE_OK ? try_on_copy(replica, push) : result;
}

enum engine_result patch_build(
    struct replica *replica, bool allow_deletions, struct built_frame *out)
{
	struct builder builder = {
	    .replica = replica, .sum = replica->sum, .floor = replica->facts.public.floor};
	struct built_frame push = {0};
	enum engine_result result = brake_going(replica, allow_deletions);

	if (result != ENGINE_OK)
		return result;
	buffer_init(&builder.ops, OPS_PLAIN_MAX);
	result = add_all(&builder);
	if (result == ENGINE_OK)
		result = seal_patch(&builder, &push);
	if (result == ENGINE_OK)
		result = store_and_try(replica, &push);
	if (result == ENGINE_OK)
		*out = push;
	else
		built_frame_clear(&push);
	buffer_clear(&builder.ops);
	sodium_memzero(&builder, sizeof(builder));
	return result;
}
