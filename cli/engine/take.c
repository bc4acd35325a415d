/*
 * cli/engine/take.c: a snapshot or a load, taken. Segments whose run this device's own cloud state
 * has already are not fetched. All rows are staged; only once the whole has given its root, and the
 * log has led from the covered place to the very frame that named it and on to the head, does
 * anything move, in one transaction, and each entry is judged against its old base.
 */
#include "cli/engine/compress.h"
#include "cli/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

/*
 * What follows a snapshot is held until it leads to the head. Half of it is for what is pushed
 * while the next snapshot is being made.
 */
#define FRAMES_MAX 20000u
#define FRAMES_BYTES_MAX (256u << 20)

_Static_assert(4 * LOG_FRAMES_MAX <= FRAMES_MAX, "a snapshot comes before there are too many");
_Static_assert(4 * LOG_BYTES_MAX <= FRAMES_BYTES_MAX, "a snapshot comes before it is too much");

struct take_segment {
	struct index_segment index;
	struct blob_name name;
	bool needed; /* neither in the own cloud state nor staged */
};

struct take {
	struct sync_state *state;
	struct bytes encoded; /* the frame */
	struct frame frame;
	struct frame_sealed sealed;
	struct bytes payload; /* what sealed points into */
	bool is_whole;        /* a load or a reset: the state at its own seq */
	bool no_base;         /* a reset, or what stands behind one that this device has not met */
	bool at_cursor;       /* a load met in the log just after the cursor */
	struct head covered;
	bool has_index;
	struct bytes index;       /* plaintext: first_id views point into it */
	struct index_parts parts; /* of it */
	struct take_segment *segments;
	size_t segments_count;
	uint64_t rows_count; /* of all segments */
	size_t next;         /* the first segment not yet asked for */
	size_t there;        /* segments that are staged */
	struct blob_name losers_names[LOSERS_SEGMENTS_MAX]; /* losers' segments */
	size_t losers_count;
	size_t losers_next;
	struct losers losers;
	bool asked_index;
	struct stage stage;
	uint64_t fetched_bytes, fetched_count;
	struct head follow; /* the log is known up to here */
	struct bytes *frames;
	size_t frames_count;
	struct sync_body *bodies; /* each blob is owned: bodies_storage */
	struct bytes *bodies_storage;
	size_t bodies_count;
	size_t held_bytes;
	bool met_frame; /* the log has led to the frame itself */
};

void take_free(struct take *take)
{
	if (take == NULL)
		return;
	bytes_clear(&take->encoded);
	bytes_clear(&take->payload);
	bytes_clear(&take->index);
	stage_clear(&take->stage);
	losers_clear(&take->losers);
	free(take->segments);
	for (size_t i = 0; i < take->frames_count; i++)
		bytes_clear(&take->frames[i]);
	free(take->frames);
	for (size_t i = 0; i < take->bodies_count; i++)
		bytes_clear(&take->bodies_storage[i]);
	free(take->bodies_storage);
	free(take->bodies);
	free(take);
}

static enum engine_result damaged(const struct take *take, const char *what)
{
	enum frame_kind kind = take->frame.header.kind;

	call_sayf(take->state->call, "the %s at %llu: %s; nothing was changed",
	    kind == FRAME_LOAD    ? "load"
	    : kind == FRAME_RESET ? "reset"
				  : "snapshot",
	    (unsigned long long)take->frame.header.seq, what);
	return ENGINE_DAMAGED;
}

/* The frame against the roster as of its own roster hash: its place is shown by the log later. */
static enum engine_result check_frame(struct take *take)
{
	struct sync_state *state = take->state;
	struct head before = {take->frame.header.seq - 1, take->frame.header.previous};
	size_t index = roster_find(state->roster, &take->frame.header.roster);
	const char *message = "its roster is not in the one this device knows";
	enum format_result checked = FORMAT_FORGED;

	if (take->at_cursor) {
		before = state->facts.public.head;
		index = state->roster_index;
	}
	/* How far a reset skips is seen by who knows the head that it follows. */
	if (digest_equal(&before.hash, &state->facts.public.head.hash))
		before = state->facts.public.head;
	if (index != SIZE_MAX)
		checked = frame_check(&take->frame, &before, state->roster, &index, &message);
	if (checked == FORMAT_NO_MEMORY) {
		call_sayf(state->call, "no memory");
		return ENGINE_FAILED;
	}
	if (checked != FORMAT_OK)
		return damaged(take, message);
	return apply_open(state, &take->frame, &take->payload, &take->sealed);
}

/*
 * A place is never given back: whoever has taken one near the last can push nothing any more. How
 * far a reset skips is seen by who knows the head that it follows; for whoever does not, this is
 * room for 256 of the longest, and for any log.
 */
#define AHEAD_MAX (UINT64_C(1) << 40)

static bool in_reach(const struct take *take)
{
	const struct sync_facts *facts = &take->state->facts.public;
	uint64_t seen = facts->known_head.seq;

	return facts->head.seq == 0 || take->frame.header.seq <= seen ||
	       take->frame.header.seq - seen <= AHEAD_MAX;
}

/* A reset is taken instead of the head rule, if its place is above this device's own head. */
static enum engine_result check_reset(struct take *take)
{
	uint64_t head = take->state->facts.public.head.seq;

	take->no_base = take->sealed.reset_seq > head;
	if (take->frame.header.kind != FRAME_RESET)
		return ENGINE_OK;
	take->no_base = true;
	if (take->frame.header.seq > head)
		return ENGINE_OK;
	call_sayf(take->state->call,
	    "another device had the cloud copy begun anew at %llu, below what this one has seen "
	    "(%llu): local edits are kept, sync stops",
	    (unsigned long long)take->frame.header.seq, (unsigned long long)head);
	return ENGINE_ROLLBACK;
}

enum engine_result take_open(
    struct sync_state *state, struct view frame, bool at_cursor, struct take **out)
{
	struct take *take = calloc(1, sizeof(*take));
	enum engine_result result = ENGINE_FAILED;
	enum format_result decoded;

	if (take == NULL)
		return ENGINE_FAILED;
	take->state = state;
	take->at_cursor = at_cursor;
	losers_init(&take->losers);
	if (!bytes_copy(frame, &take->encoded))
		goto done;
	decoded = frame_decode(view_bytes(&take->encoded), &take->frame);
	if (decoded != FORMAT_OK)
		call_sayf(state->call, "a snapshot's frame is %s; nothing was changed",
		    format_result_text(decoded));
	result = engine_of_format(decoded);
	take->is_whole =
	    take->frame.header.kind == FRAME_LOAD || take->frame.header.kind == FRAME_RESET;
	if (result == ENGINE_OK && !take->is_whole && take->frame.header.kind != FRAME_SNAPSHOT)
		result = damaged(take, "it is neither");
	if (result == ENGINE_OK)
		result = check_frame(take);
	if (result == ENGINE_OK && !in_reach(take))
		result = damaged(take, "its place is beyond all that a log can have come to");
	if (result == ENGINE_OK)
		result = check_reset(take);
	if (result != ENGINE_OK)
		goto done;
	take->covered = take->is_whole ? (struct head){take->frame.header.seq, take->frame.hash}
				       : take->frame.header.covered;
	if (take->sealed.reset_seq > take->covered.seq) {
		result = damaged(take, "it speaks of a reset behind it");
		goto done;
	}
	if (!take->is_whole &&
	    (take->covered.seq >= take->frame.header.seq || !take->sealed.has_covered_root)) {
		result = damaged(take, "it covers no earlier place");
		goto done;
	}
	take->follow = take->covered;
	take->met_frame = take->is_whole;
done:
	if (result == ENGINE_OK)
		*out = take;
	else
		take_free(take);
	return result;
}

/*
 * Losers' segments are named last. Who stands just before a load has met their losers in the log;
 * whoever else does not know which of them it has.
 */
static void note_losers(struct take *take, const struct blob_name *names, size_t count)
{
	if (take->at_cursor)
		return;
	memcpy(take->losers_names, names, count * sizeof(*names));
	take->losers_count = count;
}

/*
 * The index's floor is the one that the signed frame names, lies below the place that is taken, and
 * is no lower than the floor known here, unless a reset has begun the log anew. A floor beyond the
 * log would be taken over by every device, and none of them could push any more.
 */
static bool floor_holds(const struct take *take)
{
	uint64_t floor = take->parts.head.floor;

	if (floor != take->sealed.floor || (floor > 0 && floor >= take->covered.seq))
		return false;
	return take->no_base || floor >= take->state->facts.public.floor;
}

static bool devices_hold(const struct take *take)
{
	struct cbor_reader reader;

	cbor_read(&reader, take->parts.devices);
	for (size_t i = 0; i < take->parts.devices_count; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		if (device.seq > take->covered.seq)
			return false;
	}
	return true;
}

static enum engine_result misplaced(const struct take *take)
{
	return damaged(take, "it speaks of places that the log does not have");
}

/* The index' segments; its devices are read again when they are applied. */
static enum engine_result read_index(
    struct take *take, const struct blob_name *names, size_t names_count, size_t losers_count)
{
	struct cbor_reader reader;

	if (index_read(view_bytes(&take->index), &take->parts) != FORMAT_OK ||
	    losers_count > LOSERS_SEGMENTS_MAX ||
	    take->parts.segments_count + losers_count != names_count)
		return damaged(take, "its index cannot be read");
	if (!floor_holds(take) || !devices_hold(take))
		return misplaced(take);
	take->segments_count = take->parts.segments_count;
	note_losers(take, &names[take->segments_count], losers_count);
	take->segments = calloc(take->segments_count + 1, sizeof(take->segments[0]));
	if (take->segments == NULL)
		return ENGINE_FAILED;
	cbor_read(&reader, take->parts.segments);
	for (size_t i = 0; i < take->segments_count; i++) {
		index_read_segment(&reader, &take->segments[i].index);
		take->segments[i].name = names[i];
		take->rows_count += take->segments[i].index.entries_count;
		take->segments[i].needed =
		    !stage_has(&take->stage, &take->segments[i].index.run_hash);
		take->there += !take->segments[i].needed;
	}
	return ENGINE_OK;
}

/* True if the row belongs before the segment: its key is less than the segment's first. */
static bool row_before(const struct journal_row *row, const struct index_segment *segment)
{
	if (row->created_ms != segment->first_ms)
		return row->created_ms < segment->first_ms;
	return view_compare(view_bytes(&row->id), segment->first_id) < 0;
}

/* One own run while it is compared: its rows' items, and who they are, to be staged if it is equal.
 */
struct own_run {
	struct buffer items;
	struct buffer staged; /* what row_put does not put of them, and their places */
	size_t count;
};

static enum engine_result close_own_run(
    struct take *take, struct own_run *run, struct take_segment *segment)
{
	const struct epoch_key *key;
	struct cbor_reader reader;
	struct buffer plain;
	struct digest hash;
	enum engine_result result = state_key(take->state, take->frame.header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	if (!segment->needed)
		goto done;
	buffer_init(&plain, SEGMENT_PLAIN_MAX + 16);
	cbor_put_array(&plain, run->count);
	buffer_add_view(&plain, buffer_view(&run->items));
	if (!plain.failed && !run->items.failed && !run->staged.failed) {
		run_hash(key, buffer_view(&plain), &hash);
		segment->needed = run->count != segment->index.entries_count ||
				  !digest_equal(&hash, &segment->index.run_hash);
		take->there += !segment->needed;
	}
	cbor_read(&reader, buffer_view(&run->staged));
	for (size_t i = 0; i < run->count && !segment->needed && result == ENGINE_OK; i++) {
		struct row row = {.id = cbor_text(&reader, ENTRY_ID_MAX)};

		cbor_fixed(&reader, row.version.bytes, DIGEST_LEN);
		cbor_fixed(&reader, row.author.bytes, DEVICE_ID_LEN);
		row.deleted = cbor_bool(&reader);
		row.seq = cbor_uint(&reader, SEQ_MAX);
		row.time_ms = cbor_int(&reader);
		result = stage_own(&take->stage, take->state, &row);
	}
	if (!segment->needed)
		stage_mark(&take->stage, &segment->index.run_hash);
	buffer_clear(&plain);
done:
	buffer_clear(&run->items);
	buffer_clear(&run->staged);
	/* buffer_clear keeps the maximum but not the failure: a too long run is simply not equal.
	 */
	run->count = 0;
	return result;
}

static void own_row(struct own_run *run, const struct journal_row *row)
{
	struct row item = {.author = row->author,
	    .entry = view_bytes(&row->encoded),
	    .deleted = row->deleted,
	    .seq = row->cloud_seq,
	    .time_ms = row->cloud_ms};

	row_put(&run->items, &item, false);
	cbor_put_text(&run->staged, view_bytes(&row->id));
	cbor_put_bytes(&run->staged, row->version.bytes, DIGEST_LEN);
	cbor_put_bytes(&run->staged, row->author.bytes, DEVICE_ID_LEN);
	cbor_put_bool(&run->staged, row->deleted);
	cbor_put_uint(&run->staged, row->cloud_seq);
	cbor_put_int(&run->staged, row->cloud_ms);
	run->count++;
}

/* Cuts the own cloud state at the index' boundaries and finds the segments that are equal. */
static enum engine_result compare_own(struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;
	struct own_run run = {0};
	size_t at = 0; /* the segment that the run is compared with */
	bool any = false;
	uint64_t count = 0;
	uint64_t bytes = 0;
	enum engine_result result = engine_of_journal(journal->ops->scan_open(journal->self,
	    JOURNAL_SCAN_CLOUD, &take->frame.hash, take->state->call, &count, &bytes));

	if (result != ENGINE_OK)
		return result;
	buffer_init(&run.items, SEGMENT_PLAIN_MAX);
	buffer_init(&run.staged, SEGMENT_PLAIN_MAX);
	while (result == ENGINE_OK && take->segments_count > 0) {
		struct journal_row row = {0};
		enum journal_result found =
		    journal->ops->scan_next(journal->self, take->state->call, &row);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK && !row_before(&row, &take->segments[0].index)) {
			any = true;
			while (result == ENGINE_OK && at + 1 < take->segments_count &&
			       !row_before(&row, &take->segments[at + 1].index)) {
				result = close_own_run(take, &run, &take->segments[at]);
				at++;
			}
			own_row(&run, &row);
		}
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	if (result == ENGINE_OK && any)
		result = close_own_run(take, &run, &take->segments[at]);
	buffer_clear(&run.items);
	buffer_clear(&run.staged);
	journal->ops->scan_close(journal->self);
	return result;
}

static enum engine_result take_index(struct take *take, struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	size_t names_count = 0;
	size_t losers_count = 0;
	enum engine_result result = ENGINE_FAILED;

	if (names == NULL)
		return ENGINE_FAILED;
	result = blob_open_plain(take->state, &take->frame.header.blob, blob, BLOB_INDEX,
	    INDEX_PLAIN_MAX, names, &names_count, &losers_count, &take->index);
	if (result == ENGINE_OK)
		result = stage_open(&take->stage, take->state, &take->frame.header.blob.hash);
	if (result == ENGINE_OK)
		result = read_index(take, names, names_count, losers_count);
	if (result == ENGINE_OK)
		result = compare_own(take);
	if (result == ENGINE_OK)
		result = stage_store_marks(&take->stage, take->state);
	take->has_index = result == ENGINE_OK;
	free(names);
	return result;
}

/* Opened ahead, or else now. */
static enum engine_result take_segment(struct take *take, struct flight *flight, struct view blob)
{
	const struct take_segment *segment = &take->segments[flight->place];
	struct bytes plain = {0};
	enum format_result opened;
	enum engine_result result = ENGINE_OK;

	if (flight->opening->rows == NULL) {
		result = blob_open_plain(take->state, &segment->name, blob, BLOB_SEGMENT,
		    SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);
		if (result != ENGINE_OK)
			return result;
		opened = opening_read(flight->opening, &plain);
		if (opened == FORMAT_NO_MEMORY)
			return ENGINE_FAILED;
		if (opened == FORMAT_FORGED)
			return damaged(take, "a segment is not the one that its index names");
		if (opened != FORMAT_OK)
			return damaged(take, "a segment cannot be read");
	}
	stage_hold(&take->stage, &flight->opening);
	take->fetched_bytes += blob.len;
	take->fetched_count++;
	take->there++;
	return ENGINE_OK;
}

/* A losers' segment; their order does not count. */
static enum engine_result take_losers(
    struct take *take, const struct blob_name *name, struct view blob)
{
	struct bytes plain = {0};
	enum engine_result result = blob_open_plain(
	    take->state, name, blob, BLOB_LOSERS, SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);

	if (result == ENGINE_OK)
		result = losers_read(&take->losers, take->state, view_bytes(&plain));
	bytes_clear(&plain);
	return result;
}

/* What the segment's opening begins with: the index's epoch is that of most segments. */
static enum engine_result opening_begin(struct take *take, struct flight *flight)
{
	const struct take_segment *segment = &take->segments[flight->place];
	const struct epoch_key *key;
	struct opening *opening;
	enum engine_result result = state_key(take->state, take->frame.header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	opening = calloc(1, sizeof(*opening));
	if (opening == NULL)
		return ENGINE_FAILED;
	opening->key = *key;
	opening->epoch = take->frame.header.epoch;
	opening->run_hash = segment->index.run_hash;
	opening->rows_count = segment->index.entries_count;
	opening->account = take->state->facts.public.account;
	opening->name = segment->name;
	flight->opening = opening;
	return ENGINE_OK;
}

enum engine_result take_next(struct take *take, bool *get_out, struct flight *flight)
{
	if (!take->has_index) {
		*get_out = !take->asked_index;
		flight->name = take->frame.header.blob;
		flight->place = PLACE_INDEX;
		take->asked_index = true;
		return ENGINE_OK;
	}
	while (take->next < take->segments_count && !take->segments[take->next].needed)
		take->next++;
	*get_out = take->next < take->segments_count;
	if (!*get_out) {
		*get_out = take->losers_next < take->losers_count && !take->losers.full;
		if (!*get_out)
			return ENGINE_OK;
		flight->name = take->losers_names[take->losers_next];
		flight->place = take->segments_count + take->losers_next++;
		return ENGINE_OK;
	}
	flight->name = take->segments[take->next].name;
	flight->place = take->next++;
	return opening_begin(take, flight);
}

/* True if what is held is to be staged now: a transaction for each segment would be dear. */
static bool stages_now(const struct take *take)
{
	return stage_full(&take->stage) || take->there == take->segments_count;
}

enum engine_result take_blob(struct take *take, struct flight *flight, struct view blob)
{
	bool is_index = flight->place == PLACE_INDEX;
	bool is_losers = !is_index && flight->place >= take->segments_count;
	bool is_segment = !is_index && !is_losers;
	enum engine_result result = ENGINE_OK;

	if (is_segment)
		result = take_segment(take, flight, blob);
	if (result != ENGINE_OK || (is_segment && !stages_now(take)))
		return result;
	result = state_begin_light(take->state);
	if (result != ENGINE_OK)
		return result;
	if (is_index)
		result = take_index(take, blob);
	else if (is_losers)
		result = take_losers(take, &flight->name, blob);
	else
		result = stage_flush(&take->stage, take->state);
	if (result == ENGINE_OK)
		result = state_commit(take->state);
	if (result != ENGINE_OK)
		state_rollback(take->state);
	return result;
}

void take_progress(const struct take *take, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = take->there;
	*all_out = take->segments_count;
}

const struct head *take_cursor(const struct take *take)
{
	return &take->follow;
}

static enum engine_result hold_body(struct take *take, const struct sync_body *body)
{
	struct sync_body *bodies =
	    realloc(take->bodies, (take->bodies_count + 1) * sizeof(*bodies));
	struct bytes *storage;

	if (bodies == NULL)
		return ENGINE_FAILED;
	take->bodies = bodies;
	storage = realloc(take->bodies_storage, (take->bodies_count + 1) * sizeof(*storage));
	if (storage == NULL)
		return ENGINE_FAILED;
	take->bodies_storage = storage;
	if (!bytes_copy(body->blob, &storage[take->bodies_count]))
		return ENGINE_FAILED;
	bodies[take->bodies_count] =
	    (struct sync_body){body->name, view_bytes(&storage[take->bodies_count])};
	take->bodies_count++;
	take->held_bytes += body->blob.len;
	return ENGINE_OK;
}

static enum engine_result hold_frame(
    struct take *take, struct view encoded, const struct frame *frame)
{
	struct bytes *frames = realloc(take->frames, (take->frames_count + 1) * sizeof(*frames));

	if (frames == NULL)
		return ENGINE_FAILED;
	take->frames = frames;
	if (!bytes_copy(encoded, &frames[take->frames_count]))
		return ENGINE_FAILED;
	take->frames_count++;
	take->held_bytes += encoded.len;
	take->follow = (struct head){frame->header.seq, frame->hash};
	if (digest_equal(&frame->hash, &take->frame.hash))
		take->met_frame = true;
	return ENGINE_OK;
}

static const struct sync_body *answer_body(
    const struct sync_answer *answer, const struct sync_body *extra, const struct blob_name *name)
{
	if (extra != NULL && blob_name_equal(&extra->name, name))
		return extra;
	for (size_t i = 0; i < answer->bodies_count; i++)
		if (blob_name_equal(&answer->bodies[i].name, name))
			return &answer->bodies[i];
	return NULL;
}

enum engine_result take_frames(struct take *take, const struct sync_answer *answer,
    const struct sync_body *extra, struct blob_name *body_needed_out, bool *body_out)
{
	enum engine_result result = ENGINE_OK;

	*body_out = false;
	for (size_t i = 0; i < answer->frames_count && result == ENGINE_OK; i++) {
		struct frame frame;
		const struct sync_body *body = NULL;

		if (frame_decode(answer->frames[i], &frame) != FORMAT_OK ||
		    frame.header.seq != take->follow.seq + 1 ||
		    !digest_equal(&frame.header.previous, &take->follow.hash))
			return damaged(take, "the frames after it do not lead on");
		if (frame.header.kind == FRAME_PATCH && frame.header.has_blob) {
			body = answer_body(answer, extra, &frame.header.blob);
			if (body == NULL) {
				/* Alone next time, if it is the first; else with the next answer.
				 */
				*body_needed_out = frame.header.blob;
				*body_out = i == 0;
				return ENGINE_OK;
			}
		}
		if (take->frames_count == FRAMES_MAX || take->held_bytes > FRAMES_BYTES_MAX)
			return damaged(take, "too much follows it");
		if (body != NULL)
			result = hold_body(take, body);
		if (result == ENGINE_OK)
			result = hold_frame(take, answer->frames[i], &frame);
	}
	return result;
}

static enum engine_result apply_staged(struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;

	return engine_of_journal(journal->ops->stage_take(
	    journal->self, take->covered.seq, take->sealed.time_ms, take->state->call));
}

/*
 * What this device has and the state has not. Below the floor it was deleted; else the state is not
 * what the log made: absence is never deletion.
 */
static enum engine_result apply_missing(struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		enum journal_result found = journal->ops->stage_missing_next(
		    journal->self, view_bytes(&after), take->state->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK && !take->no_base &&
		    (take->is_whole ||
			take->state->facts.public.head.seq >= take->parts.head.floor)) {
			call_sayf(take->state->call,
			    "the state at %llu lacks entries that were never deleted: everything "
			    "here is kept, sync stops",
			    (unsigned long long)take->covered.seq);
			result = ENGINE_ROOT;
		}
		if (result == ENGINE_OK)
			result = apply_cloud(take->state, view_bytes(&id), NULL,
			    state_device(take->state), take->covered.seq, take->sealed.time_ms);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* Devices' places, for the index that this device may make one day. */
static enum engine_result apply_devices(struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;
	struct cbor_reader reader;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, take->parts.devices);
	for (size_t i = 0; i < take->parts.devices_count && result == ENGINE_OK; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		result = engine_of_journal(journal->ops->device_seen(
		    journal->self, &device.id, device.seq, device.time_ms, take->state->call));
	}
	/* The index was made before the frame: this is its maker's last one, and is not applied. */
	if (result == ENGINE_OK && take->is_whole)
		result = engine_of_journal(
		    journal->ops->device_seen(journal->self, &take->frame.header.device,
			take->frame.header.seq, take->sealed.time_ms, take->state->call));
	return result;
}

/* After a reset nothing here has a base, but what is the same there. */
static enum engine_result forget_bases(struct take *take)
{
	struct sync_state *state = take->state;
	const struct journal *journal = &state->engine->journal;
	bool is_reset = take->frame.header.kind == FRAME_RESET;
	enum engine_result result = ENGINE_OK;

	if (!take->no_base)
		return ENGINE_OK;
	state->facts.public.reset_seq = is_reset ? take->frame.header.seq : take->sealed.reset_seq;
	state->facts.public.reset_ms = clock_wall_ms(state->engine->clock);
	state->no_base = true;
	result = engine_of_journal(journal->ops->bases_forget(journal->self, state->call));
	if (result == ENGINE_OK && is_reset)
		result = engine_of_journal(
		    journal->ops->cloud_placed(journal->self, take->frame.header.seq, state->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_RESET, (struct view){0},
			"another device had the cloud copy begun anew: what differed here was kept",
			clock_wall_ms(state->engine->clock), state->call));
	return result;
}

/*
 * An entry that stood in two rows would be twice in the sum, once in the state, and there in the
 * version whose segment happened to come last: no two devices need have the same one.
 */
static enum engine_result compare_count(const struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;
	uint64_t count = 0;
	enum engine_result result =
	    engine_of_journal(journal->ops->stage_count(journal->self, take->state->call, &count));

	if (result != ENGINE_OK || count == take->rows_count)
		return result;
	call_sayf(take->state->call,
	    "the segments at %llu hold an entry more than once: everything here is kept, sync "
	    "stops",
	    (unsigned long long)take->covered.seq);
	return ENGINE_ROOT;
}

/*
 * No tombstone stands beyond the place that is taken, and none has come with the frame itself but
 * by a load: a snapshot's frame comes after what it covers, and a reset's rows are all of before.
 */
static enum engine_result compare_places(const struct take *take)
{
	const struct journal *journal = &take->state->engine->journal;
	bool own = false;
	uint64_t newest = 0;
	enum engine_result result = engine_of_journal(
	    journal->ops->stage_places(journal->self, take->state->call, &own, &newest));

	if (result != ENGINE_OK)
		return result;
	if (newest > take->covered.seq || (own && take->frame.header.kind != FRAME_LOAD))
		return misplaced(take);
	return ENGINE_OK;
}

static enum engine_result compare_root(const struct take *take)
{
	const uint8_t *expected = take->is_whole ? take->sealed.root : take->sealed.covered_root;
	uint8_t root[ROOT_LEN];

	root_of(&take->stage.sum, root);
	if (memcmp(root, expected, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(take->state->call,
	    "the segments at %llu do not give the state root that their frame names: everything "
	    "here "
	    "is kept, sync stops",
	    (unsigned long long)take->covered.seq);
	return ENGINE_ROOT;
}

/* The frames after the covered place, as if they had just been pulled. */
static enum engine_result apply_frames(struct take *take)
{
	struct body_source source = {.bodies = take->bodies, .bodies_count = take->bodies_count};
	enum engine_result failure = ENGINE_FAILED;
	enum engine_result result = ENGINE_OK;

	for (size_t i = 0; i < take->frames_count && result == ENGINE_OK; i++) {
		struct view encoded = view_bytes(&take->frames[i]);

		switch (apply_frame(take->state, encoded, &source, &failure)) {
		case APPLY_OK: break;
		case APPLY_IS_LOAD: return ENGINE_OK; /* it is met again, after this place */
		case APPLY_NEEDS_BODY: return damaged(take, "a body after it is missing");
		case APPLY_FAILED: return failure;
		}
		/* The segments of the one that is taken are known; of a later one they are not. */
		if (view_equal(encoded, view_bytes(&take->encoded)))
			log_begins(take->state, take->frame.header.seq);
		else
			result = apply_note_snapshot(take->state, encoded);
	}
	return result;
}

/* The roster as it was at the covered place: of the first frame after it, or the frame's own. */
static enum engine_result move_head(struct take *take)
{
	struct sync_state *state = take->state;
	struct digest roster = take->frame.header.roster;
	struct frame first;
	size_t index;

	if (take->frames_count > 0 && !take->is_whole) {
		if (frame_decode(view_bytes(&take->frames[0]), &first) != FORMAT_OK)
			return ENGINE_DAMAGED;
		roster = first.header.roster;
	}
	index = roster_find(state->roster, &roster);
	if (index == SIZE_MAX)
		return damaged(take, "its roster is not in the one this device knows");
	state->roster_index = index;
	state->facts.public.head = take->covered;
	/* The statement that adds this device may lie before that: it landed, and nobody said so.
	 */
	if (roster_live(state->roster, state_device(state), index) != NULL)
		return state_joined(state);
	return ENGINE_OK;
}

static enum engine_result take_segments(struct take *take)
{
	enum engine_result result = segments_begin(take->state);

	for (size_t i = 0; i < take->segments_count && result == ENGINE_OK; i++)
		result = segments_add(
		    take->state, &take->segments[i].index.run_hash, &take->segments[i].name);
	segments_weigh(take->state, take->fetched_bytes, take->fetched_count, take->segments_count);
	log_begins(take->state, take->frame.header.seq);
	return result;
}

/* A state that does not hold is not built upon by the next run. ENGINE_ROOT, or why it will be. */
static enum engine_result fetch_anew(struct sync_state *state)
{
	enum engine_result result = state_begin(state);

	if (result != ENGINE_OK)
		return result;
	result = stage_forget(state);
	if (result == ENGINE_OK)
		result = state_commit(state);
	if (result == ENGINE_OK)
		return ENGINE_ROOT;
	state_rollback(state);
	return result;
}

enum engine_result take_finish(struct take *take, bool allow_deletions)
{
	struct sync_state *state = take->state;
	const struct journal *journal = &state->engine->journal;
	struct stored_facts facts = state->facts;
	struct root_sum sum = state->sum;
	size_t roster_index = state->roster_index;
	enum engine_result result;

	if (!take->met_frame)
		return damaged(take, "the log does not lead to it");
	result = state_begin(state);
	if (result != ENGINE_OK)
		return result;
	result = apply_missing(take);
	if (result == ENGINE_OK)
		result = compare_count(take);
	if (result == ENGINE_OK)
		result = compare_root(take);
	if (result == ENGINE_OK)
		result = compare_places(take);
	state->sum = take->stage.sum;
	if (result == ENGINE_OK)
		result = apply_staged(take);
	if (result == ENGINE_OK)
		result = apply_devices(take);
	if (result == ENGINE_OK)
		result = forget_bases(take);
	if (result == ENGINE_OK)
		result = losers_file(&take->losers, state);
	if (result == ENGINE_OK)
		result = take_segments(take);
	if (result == ENGINE_OK)
		result = move_head(take);
	if (result == ENGINE_OK) {
		state->facts.public.floor = take->parts.head.floor;
		result = apply_frames(take);
	}
	if (result == ENGINE_OK)
		result = settle_all(state, allow_deletions);
	state->no_base = false;
	if (result == ENGINE_OK)
		result = stage_forget(state);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_prune(
		    journal->self, state->facts.public.head.seq, state->call));
	if (result == ENGINE_OK)
		result = state_commit(state);
	if (result != ENGINE_OK) {
		struct head seen = state->facts.public.head;

		state_rollback(state);
		state->facts = facts;
		state->sum = sum;
		state->roster_index = roster_index;
		if (result == ENGINE_BRAKE)
			result = state_braked(state, &seen);
		else if (result == ENGINE_ROOT)
			result = fetch_anew(state);
	}
	return result;
}
