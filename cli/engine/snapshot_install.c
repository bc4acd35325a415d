/*
 * cli/engine/snapshot_install.c: a snapshot or a load, taken. Segments whose run this device's own
 * cloud state has already are not fetched. All rows are staged; only once the whole has given its
 * root, and the log has led from the covered place to the very frame that named it and on to the
 * head, does anything move, in one transaction, and each entry is judged against its old base.
 */
#include "cli/engine/snapshot_install.h"
#include "cli/engine/apply.h"
#include "cli/engine/brake.h"
#include "cli/engine/losers.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/reconcile.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/stage.h"

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

struct snapshot_install {
	struct replica *replica;
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

void snapshot_install_free(struct snapshot_install *install)
{
	if (install == NULL)
		return;
	bytes_clear(&install->encoded);
	bytes_clear(&install->payload);
	bytes_clear(&install->index);
	stage_clear(&install->stage);
	losers_clear(&install->losers);
	free(install->segments);
	for (size_t i = 0; i < install->frames_count; i++)
		bytes_clear(&install->frames[i]);
	free(install->frames);
	for (size_t i = 0; i < install->bodies_count; i++)
		bytes_clear(&install->bodies_storage[i]);
	free(install->bodies_storage);
	free(install->bodies);
	free(install);
}

static enum engine_result damaged(const struct snapshot_install *install, const char *what)
{
	enum frame_kind kind = install->frame.header.kind;

	call_sayf(install->replica->call, "the %s at %llu: %s; nothing was changed",
	    kind == FRAME_LOAD    ? "load"
	    : kind == FRAME_RESET ? "reset"
				  : "snapshot",
	    (unsigned long long)install->frame.header.seq, what);
	return ENGINE_DAMAGED;
}

/* The frame against the roster as of its own roster hash: its place is shown by the log later. */
static enum engine_result check_frame(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	struct head before = {install->frame.header.seq - 1, install->frame.header.previous};
	size_t index = roster_find(replica->roster, &install->frame.header.roster);
	const char *message = "its roster is not in the one this device knows";
	enum format_result checked = FORMAT_FORGED;

	if (install->at_cursor) {
		before = replica->facts.public.head;
		index = replica->roster_index;
	}
	/* How far a reset skips is seen by who knows the head that it follows. */
	if (digest_equal(&before.hash, &replica->facts.public.head.hash))
		before = replica->facts.public.head;
	if (index != SIZE_MAX)
		checked = frame_check(&install->frame, &before, replica->roster, &index, &message);
	if (checked == FORMAT_NO_MEMORY) {
		call_sayf(replica->call, "no memory");
		return ENGINE_FAILED;
	}
	if (checked != FORMAT_OK)
		return damaged(install, message);
	return apply_open(replica, &install->frame, &install->payload, &install->sealed);
}

/*
 * A place is never given back: whoever has taken one near the last can push nothing any more. How
 * far a reset skips is seen by who knows the head that it follows; for whoever does not, this is
 * room for 256 of the longest, and for any log.
 */
#define AHEAD_MAX (UINT64_C(1) << 40)

static bool in_reach(const struct snapshot_install *install)
{
	const struct sync_facts *facts = &install->replica->facts.public;
	uint64_t seen = facts->known_head.seq;

	return facts->head.seq == 0 || install->frame.header.seq <= seen ||
	       install->frame.header.seq - seen <= AHEAD_MAX;
}

/* A reset is taken instead of the head rule, if its place is above this device's own head. */
static enum engine_result check_reset(struct snapshot_install *install)
{
	uint64_t head = install->replica->facts.public.head.seq;

	install->no_base = install->sealed.reset_seq > head;
	if (install->frame.header.kind != FRAME_RESET)
		return ENGINE_OK;
	install->no_base = true;
	if (install->frame.header.seq > head)
		return ENGINE_OK;
	call_sayf(install->replica->call,
	    "another device had the cloud copy begun anew at %llu, below what this one has seen "
	    "(%llu): local edits are kept, sync stops",
	    (unsigned long long)install->frame.header.seq, (unsigned long long)head);
	return ENGINE_ROLLBACK;
}

enum engine_result snapshot_install_open(
    struct replica *replica, struct view frame, bool at_cursor, struct snapshot_install **out)
{
	struct snapshot_install *install = calloc(1, sizeof(*install));
	enum engine_result result = ENGINE_FAILED;
	enum format_result decoded;

	if (install == NULL)
		return ENGINE_FAILED;
	install->replica = replica;
	install->at_cursor = at_cursor;
	losers_init(&install->losers);
	if (!bytes_copy(frame, &install->encoded))
		goto done;
	decoded = frame_decode(view_bytes(&install->encoded), &install->frame);
	if (decoded != FORMAT_OK)
		call_sayf(replica->call, "a snapshot's frame is %s; nothing was changed",
		    format_result_text(decoded));
	result = engine_of_format(decoded);
	install->is_whole =
	    install->frame.header.kind == FRAME_LOAD || install->frame.header.kind == FRAME_RESET;
	if (result == ENGINE_OK && !install->is_whole &&
	    install->frame.header.kind != FRAME_SNAPSHOT)
		result = damaged(install, "it is neither");
	if (result == ENGINE_OK)
		result = check_frame(install);
	if (result == ENGINE_OK && !in_reach(install))
		result = damaged(install, "its place is beyond all that a log can have come to");
	if (result == ENGINE_OK)
		result = check_reset(install);
	if (result != ENGINE_OK)
		goto done;
	install->covered = install->is_whole
			       ? (struct head){install->frame.header.seq, install->frame.hash}
			       : install->frame.header.covered;
	if (install->sealed.reset_seq > install->covered.seq) {
		result = damaged(install, "it speaks of a reset behind it");
		goto done;
	}
	if (!install->is_whole && (install->covered.seq >= install->frame.header.seq ||
				      !install->sealed.has_covered_root)) {
		result = damaged(install, "it covers no earlier place");
		goto done;
	}
	install->follow = install->covered;
	install->met_frame = install->is_whole;
done:
	if (result == ENGINE_OK)
		*out = install;
	else
		snapshot_install_free(install);
	return result;
}

/*
 * Losers' segments are named last. Who stands just before a load has met their losers in the log;
 * whoever else does not know which of them it has.
 */
static void note_losers(
    struct snapshot_install *install, const struct blob_name *names, size_t count)
{
	if (install->at_cursor)
		return;
	memcpy(install->losers_names, names, count * sizeof(*names));
	install->losers_count = count;
}

/*
 * The index's floor is the one that the signed frame names, lies below the place that is taken, and
 * is no lower than the floor known here, unless a reset has begun the log anew. A floor beyond the
 * log would be taken over by every device, and none of them could push any more.
 */
static bool floor_holds(const struct snapshot_install *install)
{
	uint64_t floor = install->parts.head.floor;

	if (floor != install->sealed.floor || (floor > 0 && floor >= install->covered.seq))
		return false;
	return install->no_base || floor >= install->replica->facts.public.floor;
}

static bool devices_hold(const struct snapshot_install *install)
{
	struct cbor_reader reader;

	cbor_read(&reader, install->parts.devices);
	for (size_t i = 0; i < install->parts.devices_count; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		if (device.seq > install->covered.seq)
			return false;
	}
	return true;
}

static enum engine_result misplaced(const struct snapshot_install *install)
{
	return damaged(install, "it speaks of places that the log does not have");
}

/* The index' segments; its devices are read again when they are applied. */
static enum engine_result read_index(struct snapshot_install *install,
    const struct blob_name *names, size_t names_count, size_t losers_count)
{
	struct cbor_reader reader;

	if (index_read(view_bytes(&install->index), &install->parts) != FORMAT_OK ||
	    losers_count > LOSERS_SEGMENTS_MAX ||
	    install->parts.segments_count + losers_count != names_count)
		return damaged(install, "its index cannot be read");
	if (!floor_holds(install) || !devices_hold(install))
		return misplaced(install);
	install->segments_count = install->parts.segments_count;
	note_losers(install, &names[install->segments_count], losers_count);
	install->segments = calloc(install->segments_count + 1, sizeof(install->segments[0]));
	if (install->segments == NULL)
		return ENGINE_FAILED;
	cbor_read(&reader, install->parts.segments);
	for (size_t i = 0; i < install->segments_count; i++) {
		index_read_segment(&reader, &install->segments[i].index);
		install->segments[i].name = names[i];
		install->rows_count += install->segments[i].index.entries_count;
		install->segments[i].needed =
		    !stage_has(&install->stage, &install->segments[i].index.run_hash);
		install->there += !install->segments[i].needed;
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
    struct snapshot_install *install, struct own_run *run, struct take_segment *segment)
{
	const struct epoch_key *key;
	struct cbor_reader reader;
	struct buffer plain;
	struct digest hash;
	enum engine_result result =
	    replica_key(install->replica, install->frame.header.epoch, &key);

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
		install->there += !segment->needed;
	}
	cbor_read(&reader, buffer_view(&run->staged));
	for (size_t i = 0; i < run->count && !segment->needed && result == ENGINE_OK; i++) {
		struct row row = {.id = cbor_text(&reader, ENTRY_ID_MAX)};

		cbor_fixed(&reader, row.version.bytes, DIGEST_LEN);
		cbor_fixed(&reader, row.author.bytes, DEVICE_ID_LEN);
		row.deleted = cbor_bool(&reader);
		row.seq = cbor_uint(&reader, SEQ_MAX);
		row.time_ms = cbor_int(&reader);
		result = stage_own(&install->stage, install->replica, &row);
	}
	if (!segment->needed)
		stage_mark(&install->stage, &segment->index.run_hash);
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
static enum engine_result compare_own(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	struct own_run run = {0};
	size_t at = 0; /* the segment that the run is compared with */
	bool any = false;
	uint64_t count = 0;
	uint64_t bytes = 0;
	enum engine_result result = engine_of_journal(journal->ops->scan_open(journal->self,
	    JOURNAL_SCAN_CLOUD, &install->frame.hash, install->replica->call, &count, &bytes));

	if (result != ENGINE_OK)
		return result;
	buffer_init(&run.items, SEGMENT_PLAIN_MAX);
	buffer_init(&run.staged, SEGMENT_PLAIN_MAX);
	while (result == ENGINE_OK && install->segments_count > 0) {
		struct journal_row row = {0};
		enum journal_result found =
		    journal->ops->scan_next(journal->self, install->replica->call, &row);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK && !row_before(&row, &install->segments[0].index)) {
			any = true;
			while (result == ENGINE_OK && at + 1 < install->segments_count &&
			       !row_before(&row, &install->segments[at + 1].index)) {
				result = close_own_run(install, &run, &install->segments[at]);
				at++;
			}
			own_row(&run, &row);
		}
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	if (result == ENGINE_OK && any)
		result = close_own_run(install, &run, &install->segments[at]);
	buffer_clear(&run.items);
	buffer_clear(&run.staged);
	journal->ops->scan_close(journal->self);
	return result;
}

static enum engine_result take_index(struct snapshot_install *install, struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	size_t names_count = 0;
	size_t losers_count = 0;
	enum engine_result result = ENGINE_FAILED;

	if (names == NULL)
		return ENGINE_FAILED;
	result = blob_open_plain(install->replica, &install->frame.header.blob, blob, BLOB_INDEX,
	    INDEX_PLAIN_MAX, names, &names_count, &losers_count, &install->index);
	if (result == ENGINE_OK)
		result =
		    stage_open(&install->stage, install->replica, &install->frame.header.blob.hash);
	if (result == ENGINE_OK)
		result = read_index(install, names, names_count, losers_count);
	if (result == ENGINE_OK)
		result = compare_own(install);
	if (result == ENGINE_OK)
		result = stage_store_marks(&install->stage, install->replica);
	install->has_index = result == ENGINE_OK;
	free(names);
	return result;
}

/* Opened ahead, or else now. */
static enum engine_result take_segment(
    struct snapshot_install *install, struct transfer *transfer, struct view blob)
{
	const struct take_segment *segment = &install->segments[transfer->place];
	struct bytes plain = {0};
	enum format_result opened;
	enum engine_result result = ENGINE_OK;

	if (transfer->opening->rows == NULL) {
		result = blob_open_plain(install->replica, &segment->name, blob, BLOB_SEGMENT,
		    SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);
		if (result != ENGINE_OK)
			return result;
		opened = opening_read(transfer->opening, &plain);
		if (opened == FORMAT_NO_MEMORY)
			return ENGINE_FAILED;
		if (opened == FORMAT_FORGED)
			return damaged(install, "a segment is not the one that its index names");
		if (opened != FORMAT_OK)
			return damaged(install, "a segment cannot be read");
	}
	stage_hold(&install->stage, &transfer->opening);
	install->fetched_bytes += blob.len;
	install->fetched_count++;
	install->there++;
	return ENGINE_OK;
}

/* A losers' segment; their order does not count. */
static enum engine_result take_losers(
    struct snapshot_install *install, const struct blob_name *name, struct view blob)
{
	struct bytes plain = {0};
	enum engine_result result = blob_open_plain(install->replica, name, blob, BLOB_LOSERS,
	    SEGMENT_PLAIN_MAX + 16, NULL, NULL, NULL, &plain);

	if (result == ENGINE_OK)
		result = losers_read(&install->losers, install->replica, view_bytes(&plain));
	bytes_clear(&plain);
	return result;
}

/* What the segment's opening begins with: the index's epoch is that of most segments. */
static enum engine_result opening_begin(struct snapshot_install *install, struct transfer *transfer)
{
	const struct take_segment *segment = &install->segments[transfer->place];
	const struct epoch_key *key;
	struct opening *opening;
	enum engine_result result =
	    replica_key(install->replica, install->frame.header.epoch, &key);

	if (result != ENGINE_OK)
		return result;
	opening = calloc(1, sizeof(*opening));
	if (opening == NULL)
		return ENGINE_FAILED;
	opening->key = *key;
	opening->epoch = install->frame.header.epoch;
	opening->run_hash = segment->index.run_hash;
	opening->rows_count = segment->index.entries_count;
	opening->account = install->replica->facts.public.account;
	opening->name = segment->name;
	transfer->opening = opening;
	return ENGINE_OK;
}

enum engine_result snapshot_install_next(
    struct snapshot_install *install, bool *get_out, struct transfer *transfer)
{
	if (!install->has_index) {
		*get_out = !install->asked_index;
		transfer->name = install->frame.header.blob;
		transfer->place = PLACE_INDEX;
		install->asked_index = true;
		return ENGINE_OK;
	}
	while (install->next < install->segments_count && !install->segments[install->next].needed)
		install->next++;
	*get_out = install->next < install->segments_count;
	if (!*get_out) {
		*get_out = install->losers_next < install->losers_count && !install->losers.full;
		if (!*get_out)
			return ENGINE_OK;
		transfer->name = install->losers_names[install->losers_next];
		transfer->place = install->segments_count + install->losers_next++;
		return ENGINE_OK;
	}
	transfer->name = install->segments[install->next].name;
	transfer->place = install->next++;
	return opening_begin(install, transfer);
}

/* True if what is held is to be staged now: a transaction for each segment would be dear. */
static bool stages_now(const struct snapshot_install *install)
{
	return stage_full(&install->stage) || install->there == install->segments_count;
}

enum engine_result snapshot_install_blob(
    struct snapshot_install *install, struct transfer *transfer, struct view blob)
{
	bool is_index = transfer->place == PLACE_INDEX;
	bool is_losers = !is_index && transfer->place >= install->segments_count;
	bool is_segment = !is_index && !is_losers;
	enum engine_result result = ENGINE_OK;

	if (is_segment)
		result = take_segment(install, transfer, blob);
	if (result != ENGINE_OK || (is_segment && !stages_now(install)))
		return result;
	result = transaction_begin_light(install->replica);
	if (result != ENGINE_OK)
		return result;
	if (is_index)
		result = take_index(install, blob);
	else if (is_losers)
		result = take_losers(install, &transfer->name, blob);
	else
		result = stage_flush(&install->stage, install->replica);
	if (result == ENGINE_OK)
		result = transaction_commit(install->replica);
	if (result != ENGINE_OK)
		transaction_undo(install->replica);
	return result;
}

void snapshot_install_progress(
    const struct snapshot_install *install, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = install->there;
	*all_out = install->segments_count;
}

const struct head *snapshot_install_cursor(const struct snapshot_install *install)
{
	return &install->follow;
}

static enum engine_result hold_body(struct snapshot_install *install, const struct sync_body *body)
{
	struct sync_body *bodies =
	    realloc(install->bodies, (install->bodies_count + 1) * sizeof(*bodies));
	struct bytes *storage;

	if (bodies == NULL)
		return ENGINE_FAILED;
	install->bodies = bodies;
	storage = realloc(install->bodies_storage, (install->bodies_count + 1) * sizeof(*storage));
	if (storage == NULL)
		return ENGINE_FAILED;
	install->bodies_storage = storage;
	if (!bytes_copy(body->blob, &storage[install->bodies_count]))
		return ENGINE_FAILED;
	bodies[install->bodies_count] =
	    (struct sync_body){body->name, view_bytes(&storage[install->bodies_count])};
	install->bodies_count++;
	install->held_bytes += body->blob.len;
	return ENGINE_OK;
}

static enum engine_result hold_frame(
    struct snapshot_install *install, struct view encoded, const struct frame *frame)
{
	struct bytes *frames =
	    realloc(install->frames, (install->frames_count + 1) * sizeof(*frames));

	if (frames == NULL)
		return ENGINE_FAILED;
	install->frames = frames;
	if (!bytes_copy(encoded, &frames[install->frames_count]))
		return ENGINE_FAILED;
	install->frames_count++;
	install->held_bytes += encoded.len;
	install->follow = (struct head){frame->header.seq, frame->hash};
	if (digest_equal(&frame->hash, &install->frame.hash))
		install->met_frame = true;
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

enum engine_result snapshot_install_frames(struct snapshot_install *install,
    const struct sync_answer *answer, const struct sync_body *extra,
    struct blob_name *body_needed_out, bool *body_out)
{
	enum engine_result result = ENGINE_OK;

	*body_out = false;
	for (size_t i = 0; i < answer->frames_count && result == ENGINE_OK; i++) {
		struct frame frame;
		const struct sync_body *body = NULL;

		if (frame_decode(answer->frames[i], &frame) != FORMAT_OK ||
		    frame.header.seq != install->follow.seq + 1 ||
		    !digest_equal(&frame.header.previous, &install->follow.hash))
			return damaged(install, "the frames after it do not lead on");
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
		if (install->frames_count == FRAMES_MAX || install->held_bytes > FRAMES_BYTES_MAX)
			return damaged(install, "too much follows it");
		if (body != NULL)
			result = hold_body(install, body);
		if (result == ENGINE_OK)
			result = hold_frame(install, answer->frames[i], &frame);
	}
	return result;
}

static enum engine_result apply_staged(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;

	return engine_of_journal(journal->ops->stage_take(
	    journal->self, install->covered.seq, install->sealed.time_ms, install->replica->call));
}

/*
 * What this device has and the state has not. Below the floor it was deleted; else the state is not
 * what the log made: absence is never deletion.
 */
static enum engine_result apply_missing(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		enum journal_result found = journal->ops->stage_missing_next(
		    journal->self, view_bytes(&after), install->replica->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK && !install->no_base &&
		    (install->is_whole ||
			install->replica->facts.public.head.seq >= install->parts.head.floor)) {
			call_sayf(install->replica->call,
			    "the state at %llu lacks entries that were never deleted: everything "
			    "here is kept, sync stops",
			    (unsigned long long)install->covered.seq);
			result = ENGINE_ROOT;
		}
		if (result == ENGINE_OK)
			result = apply_cloud(install->replica, view_bytes(&id), NULL,
			    replica_device(install->replica), install->covered.seq,
			    install->sealed.time_ms);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* Devices' places, for the index that this device may make one day. */
static enum engine_result apply_devices(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	struct cbor_reader reader;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, install->parts.devices);
	for (size_t i = 0; i < install->parts.devices_count && result == ENGINE_OK; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		result = engine_of_journal(journal->ops->device_seen(
		    journal->self, &device.id, device.seq, device.time_ms, install->replica->call));
	}
	/* The index was made before the frame: this is its maker's last one, and is not applied. */
	if (result == ENGINE_OK && install->is_whole)
		result = engine_of_journal(journal->ops->device_seen(journal->self,
		    &install->frame.header.device, install->frame.header.seq,
		    install->sealed.time_ms, install->replica->call));
	return result;
}

/* After a reset nothing here has a base, but what is the same there. */
static enum engine_result forget_bases(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	const struct journal *journal = &replica->engine->journal;
	bool is_reset = install->frame.header.kind == FRAME_RESET;
	enum engine_result result = ENGINE_OK;

	if (!install->no_base)
		return ENGINE_OK;
	replica->facts.public.reset_seq =
	    is_reset ? install->frame.header.seq : install->sealed.reset_seq;
	replica->facts.public.reset_ms = clock_wall_ms(replica->engine->clock);
	replica->no_base = true;
	result = engine_of_journal(journal->ops->bases_forget(journal->self, replica->call));
	if (result == ENGINE_OK && is_reset)
		result = engine_of_journal(journal->ops->cloud_placed(
		    journal->self, install->frame.header.seq, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_RESET, (struct view){0},
			"another device had the cloud copy begun anew: what differed here was kept",
			clock_wall_ms(replica->engine->clock), replica->call));
	return result;
}

/*
 * An entry that stood in two rows would be twice in the sum, once in the state, and there in the
 * version whose segment happened to come last: no two devices need have the same one.
 */
static enum engine_result compare_count(const struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	uint64_t count = 0;
	enum engine_result result = engine_of_journal(
	    journal->ops->stage_count(journal->self, install->replica->call, &count));

	if (result != ENGINE_OK || count == install->rows_count)
		return result;
	call_sayf(install->replica->call,
	    "the segments at %llu hold an entry more than once: everything here is kept, sync "
	    "stops",
	    (unsigned long long)install->covered.seq);
	return ENGINE_ROOT;
}

/*
 * No tombstone stands beyond the place that is taken, and none has come with the frame itself but
 * by a load: a snapshot's frame comes after what it covers, and a reset's rows are all of before.
 */
static enum engine_result compare_places(const struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	bool own = false;
	uint64_t newest = 0;
	enum engine_result result = engine_of_journal(
	    journal->ops->stage_places(journal->self, install->replica->call, &own, &newest));

	if (result != ENGINE_OK)
		return result;
	if (newest > install->covered.seq || (own && install->frame.header.kind != FRAME_LOAD))
		return misplaced(install);
	return ENGINE_OK;
}

static enum engine_result compare_root(const struct snapshot_install *install)
{
	const uint8_t *expected =
	    install->is_whole ? install->sealed.root : install->sealed.covered_root;
	uint8_t root[ROOT_LEN];

	root_of(&install->stage.sum, root);
	if (memcmp(root, expected, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(install->replica->call,
	    "the segments at %llu do not give the state root that their frame names: everything "
	    "here "
	    "is kept, sync stops",
	    (unsigned long long)install->covered.seq);
	return ENGINE_ROOT;
}

/* The frames after the covered place, as if they had just been pulled. */
static enum engine_result apply_frames(struct snapshot_install *install)
{
	struct body_source source = {
	    .bodies = install->bodies, .bodies_count = install->bodies_count};
	enum engine_result failure = ENGINE_FAILED;
	enum engine_result result = ENGINE_OK;

	for (size_t i = 0; i < install->frames_count && result == ENGINE_OK; i++) {
		struct view encoded = view_bytes(&install->frames[i]);

		switch (apply_frame(install->replica, encoded, &source, &failure)) {
		case APPLY_OK: break;
		case APPLY_IS_LOAD: return ENGINE_OK; /* it is met again, after this place */
		case APPLY_NEEDS_BODY: return damaged(install, "a body after it is missing");
		case APPLY_FAILED: return failure;
		}
		/* The segments of the one that is taken are known; of a later one they are not. */
		if (view_equal(encoded, view_bytes(&install->encoded)))
			log_begins(install->replica, install->frame.header.seq);
		else
			result = apply_note_snapshot(install->replica, encoded);
	}
	return result;
}

/* The roster as it was at the covered place: of the first frame after it, or the frame's own. */
static enum engine_result move_head(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	struct digest roster = install->frame.header.roster;
	struct frame first;
	size_t index;

	if (install->frames_count > 0 && !install->is_whole) {
		if (frame_decode(view_bytes(&install->frames[0]), &first) != FORMAT_OK)
			return ENGINE_DAMAGED;
		roster = first.header.roster;
	}
	index = roster_find(replica->roster, &roster);
	if (index == SIZE_MAX)
		return damaged(install, "its roster is not in the one this device knows");
	replica->roster_index = index;
	replica->facts.public.head = install->covered;
	/* The statement that adds this device may lie before that: it landed, and nobody said so.
	 */
	if (roster_live(replica->roster, replica_device(replica), index) != NULL)
		return own_frames_joined(replica);
	return ENGINE_OK;
}

static enum engine_result take_segments(struct snapshot_install *install)
{
	enum engine_result result = segments_begin(install->replica);

	for (size_t i = 0; i < install->segments_count && result == ENGINE_OK; i++)
		result = segments_add(install->replica, &install->segments[i].index.run_hash,
		    &install->segments[i].name);
	segments_weigh(install->replica, install->fetched_bytes, install->fetched_count,
	    install->segments_count);
	log_begins(install->replica, install->frame.header.seq);
	return result;
}

/* A state that does not hold is not built upon by the next run. ENGINE_ROOT, or why it will be. */
static enum engine_result fetch_anew(struct replica *replica)
{
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = stage_forget(replica);
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result == ENGINE_OK)
		return ENGINE_ROOT;
	transaction_undo(replica);
	return result;
}

enum engine_result snapshot_install_finish(struct snapshot_install *install, bool allow_deletions)
{
	struct replica *replica = install->replica;
	const struct journal *journal = &replica->engine->journal;
	struct stored_facts facts = replica->facts;
	struct root_sum sum = replica->sum;
	size_t roster_index = replica->roster_index;
	enum engine_result result;

	if (!install->met_frame)
		return damaged(install, "the log does not lead to it");
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	result = apply_missing(install);
	if (result == ENGINE_OK)
		result = compare_count(install);
	if (result == ENGINE_OK)
		result = compare_root(install);
	if (result == ENGINE_OK)
		result = compare_places(install);
	replica->sum = install->stage.sum;
	if (result == ENGINE_OK)
		result = apply_staged(install);
	if (result == ENGINE_OK)
		result = apply_devices(install);
	if (result == ENGINE_OK)
		result = forget_bases(install);
	if (result == ENGINE_OK)
		result = losers_file(&install->losers, replica);
	if (result == ENGINE_OK)
		result = take_segments(install);
	if (result == ENGINE_OK)
		result = move_head(install);
	if (result == ENGINE_OK) {
		replica->facts.public.floor = install->parts.head.floor;
		result = apply_frames(install);
	}
	if (result == ENGINE_OK)
		result = reconcile_all(replica, allow_deletions);
	replica->no_base = false;
	if (result == ENGINE_OK)
		result = stage_forget(replica);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_prune(
		    journal->self, replica->facts.public.head.seq, replica->call));
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK) {
		struct head seen = replica->facts.public.head;

		transaction_undo(replica);
		replica->facts = facts;
		replica->sum = sum;
		replica->roster_index = roster_index;
		if (result == ENGINE_BRAKE)
			result = brake_remember_head(replica, &seen);
		else if (result == ENGINE_ROOT)
			result = fetch_anew(replica);
	}
	return result;
}
