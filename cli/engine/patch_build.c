/*
 * cli/engine/patch_build.c: what is dirty, as one patch frame on the cursor; and this device's own
 * statement while it recovers. Before a frame is sent its hash and the versions it carries are
 * stored, and it is applied to a copy of the state and its root compared.
 */
#include "cli/engine/patch_build.h"
#include "cli/engine/apply.h"
#include "cli/engine/brake.h"
#include "cli/engine/compress.h"
#include "cli/engine/membership.h"
#include "cli/engine/purge.h"
#include "cli/engine/result.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <sodium.h>
#include <string.h>

void built_frame_clear(struct built_frame *push)
{
	bytes_clear(&push->frame);
	bytes_clear(&push->body);
	*push = (struct built_frame){0};
}

enum engine_result brake_going(struct replica *replica, bool allow_deletions)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_counts counts;
	uint64_t deletions = 0;
	uint64_t entries;
	enum journal_result result = JOURNAL_OK;

	if (!allow_deletions)
		result = journal->ops->deletions_going(journal->self, replica->call, &deletions);
	if (result != JOURNAL_OK || !brake_holds(deletions, 0)) /* few, whatever there is */
		return engine_of_journal(result);
	result = journal->ops->counts(journal->self, replica->call, &counts);
	if (result != JOURNAL_OK)
		return engine_of_journal(result);
	entries = counts.entries_count + deletions; /* as many as there were before */
	if (!brake_holds(deletions, entries))
		return ENGINE_OK;
	replica->totals.deletions = deletions;
	call_sayf(replica->call,
	    "this sync would delete %llu of %llu entries on the other devices; nothing was sent: "
	    "pass --yes if that is meant",
	    (unsigned long long)deletions, (unsigned long long)entries);
	return ENGINE_BRAKE;
}

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
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK)
		transaction_undo(replica);
	return result;
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

void frame_build_header(
    const struct replica *replica, enum frame_kind kind, struct frame_header *out)
{
	const struct sync_facts *facts = &replica->facts.public;

	*out = (struct frame_header){
	    .account = facts->account,
	    .epoch = replica->roster->epochs[replica->roster_index],
	    .seq = facts->head.seq + 1,
	    .previous = facts->head.hash,
	    .roster = replica->roster->hashes[replica->roster_index],
	    .device = facts->device,
	    .kind = kind,
	};
}

/* Seals operations above the inline limit into a body blob and names it in the header. */
static enum engine_result make_body(struct replica *replica, const struct epoch_key *key,
    struct view packed, struct frame_header *header, struct bytes *out)
{
	struct blob_header blob = {
	    .account = header->account, .epoch = header->epoch, .kind = BLOB_BODY};
	enum format_result result = seal_blob(key, packed, &blob, out, &header->blob.hash);

	header->has_blob = true;
	header->blob.count = replica->facts.public.sweep;
	return engine_of_format(result);
}

enum engine_result frame_build_seal(struct replica *replica, struct frame_header *header,
    const struct frame_sealed *sealed, struct built_frame *out)
{
	const struct epoch_key *key;
	struct bytes payload = {0};
	struct bytes body = {0};
	struct bytes encoded = {0};
	struct frame frame;
	enum format_result made = FORMAT_OK;
	enum engine_result result = replica_key(replica, header->epoch, &key);

	if (result != ENGINE_OK)
		return result;
	made = frame_sealed_encode(sealed, &payload);
	if (made == FORMAT_OK)
		made =
		    seal_frame(key, replica->engine->random, view_bytes(&payload), header, &body);
	if (made == FORMAT_OK)
		made = frame_encode(
		    header, view_bytes(&body), replica->engine->keys->sign_secret, &encoded);
	if (made == FORMAT_OK)
		made = frame_decode(view_bytes(&encoded), &frame);
	if (made == FORMAT_OK) {
		out->frame = encoded;
		out->frame_hash = frame.hash;
		encoded = (struct bytes){0};
	} else {
		call_sayf(replica->call, "a frame could not be made: %s", format_result_text(made));
	}
	bytes_clear(&encoded);
	bytes_clear(&body);
	bytes_clear(&payload);
	return engine_of_format(made);
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
		result = make_body(replica, key, view_bytes(&packed), &header, &out->body);
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
static enum engine_result store_sent(
    struct replica *replica, const struct built_frame *push, uint64_t seq)
{
	const struct journal *journal = &replica->engine->journal;

	if (MUTATION(SENT_NOT_STORED))
		return ENGINE_OK;
	return engine_of_journal(
	    journal->ops->sent_add(journal->self, &push->frame_hash, seq, replica->call));
}

/* Applies the frame to a copy: a transaction that is rolled back. What differs is not sent. */
static enum engine_result try_on_copy(struct replica *replica, const struct built_frame *push)
{
	struct stored_facts facts = replica->facts;
	struct root_sum sum = replica->sum;
	size_t roster_index = replica->roster_index;
	struct sync_body body = {.blob = view_bytes(&push->body)};
	struct body_source source = {.extra = &body};
	struct frame frame;
	enum engine_result failure = ENGINE_FAILED;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	if (frame_decode(view_bytes(&push->frame), &frame) == FORMAT_OK && frame.header.has_blob)
		body.name = frame.header.blob;
	if (apply_frame(replica, view_bytes(&push->frame), &source, &failure) != APPLY_OK)
		result = failure;
	transaction_undo(replica);
	replica->facts = facts;
	replica->sum = sum;
	replica->roster_index = roster_index;
	return result;
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
	result = add_losers(&builder);
	if (result == ENGINE_OK)
		result = add_dirty(&builder);
	if (result == ENGINE_OK)
		result = add_purges(&builder);
	if (result == ENGINE_OK)
		result = seal_patch(&builder, &push);
	if (result == ENGINE_OK)
		result = MUTATION(SENT_UNSYNCED) ? transaction_begin_light(replica)
						 : transaction_begin(replica);
	if (result == ENGINE_OK) {
		result = store_sent(replica, &push, replica->facts.public.head.seq + 1);
		if (result == ENGINE_OK)
			result = transaction_commit(replica);
		if (result != ENGINE_OK)
			transaction_undo(replica);
	}
	if (result == ENGINE_OK)
		result = try_on_copy(replica, &push);
	if (result == ENGINE_OK) {
		*out = push;
		push = (struct built_frame){0};
	}
	built_frame_clear(&push);
	buffer_clear(&builder.ops);
	sodium_memzero(&builder, sizeof(builder));
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
		if (result == ENGINE_OK)
			result = transaction_commit(replica);
		if (result != ENGINE_OK)
			transaction_undo(replica);
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
	struct bytes encoded = {0};
	struct frame frame;
	enum format_result made;
	enum engine_result result = own_statement(replica, recovery, &statement);

	if (result != ENGINE_OK)
		return result;
	frame_build_header(replica, FRAME_STATEMENT, &header);
	header.device = recovery->id;
	made = roster_append(replica->roster->encoded, view_bytes(&statement), &roster);
	if (made == FORMAT_OK)
		made =
		    frame_encode(&header, view_bytes(&statement), recovery->sign_secret, &encoded);
	if (made == FORMAT_OK)
		made = frame_decode(view_bytes(&encoded), &frame);
	if (made == FORMAT_OK) {
		out->frame = encoded;
		out->frame_hash = frame.hash;
		*roster_out = roster;
		encoded = roster = (struct bytes){0};
	} else {
		call_sayf(replica->call, "the frame that adds this device could not be made: %s",
		    format_result_text(made));
	}
	bytes_clear(&encoded);
	bytes_clear(&roster);
	bytes_clear(&statement);
	return engine_of_format(made);
}
