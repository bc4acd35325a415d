/*
 * cli/engine/snapshot_build.c: the state cut into segments and an index: a load, a snapshot or a
 * reset. A segment whose run is known is not put again.
 */
#include "cli/engine/snapshot_build.h"
#include "cli/engine/cut.h"
#include "cli/engine/losers.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"

#include <stdlib.h>
#include <string.h>

struct built_segment {
	struct index_segment index;
	struct bytes first_id; /* what index.first_id points into */
	struct blob_name name;
};

struct snapshot_build {
	struct replica *replica;
	enum frame_kind kind;
	struct head follows; /* a reset: the head of the log that it gives up */
	size_t roster_index; /* the statement that its header's roster hash leads to */
	const struct epoch_key *key;
	int64_t time_ms; /* the frame's */
	uint64_t count;  /* of the state's entries */
	struct cutter cutter;
	struct built_segment *segments;
	size_t segments_count;
	size_t losers_count; /* segments of losers: the last ones */
	uint64_t there;      /* rows of the segments that are there */
	uint64_t put_bytes;  /* of all segments that were put here */
	uint64_t put_count;
	bool cut;        /* all segments are cut */
	bool index_made; /* handed out to be sealed */
	struct blob_name index_name;
};

void snapshot_build_free(struct snapshot_build *build)
{
	if (build == NULL)
		return;
	cutter_clear(&build->cutter);
	for (size_t i = 0; i < build->segments_count; i++)
		bytes_clear(&build->segments[i].first_id);
	free(build->segments);
	free(build);
}

/* The versions that a load carries are fixed now; later edits are for the next push. */
static enum engine_result fix_load(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(
	    journal->ops->sent_add(journal->self, &cut_load_placeholder, SEQ_MAX, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_all_dirty(
		    journal->self, &cut_load_placeholder, replica->call));
	return transaction_finish(replica, result);
}

/* Where the frame is going to stand. A reset's place is above all that its maker has seen. */
static uint64_t own_seq(const struct snapshot_build *build)
{
	const struct sync_facts *facts = &build->replica->facts.public;

	if (build->kind != FRAME_RESET)
		return facts->head.seq + 1;
	return (build->follows.seq > facts->known_head.seq ? build->follows.seq
							   : facts->known_head.seq) +
	       1;
}

/* A reset too far above the log there would be refused, after all was put. */
static enum engine_result check_skip(const struct snapshot_build *build)
{
	uint64_t seq = own_seq(build);

	if (seq <= SEQ_MAX && seq - build->follows.seq <= RESET_SKIP_MAX)
		return ENGINE_OK;
	call_sayf(build->replica->call,
	    "this device has seen a log that ended at %llu, too far above %llu, where the one "
	    "there "
	    "ends, for a reset: everything here is kept. Export this journal, recover the account "
	    "into another home (`inkseal recover --home DIR`), and import it there",
	    (unsigned long long)build->replica->facts.public.known_head.seq,
	    (unsigned long long)build->follows.seq);
	return ENGINE_ROLLBACK;
}

static enum engine_result too_large(const struct snapshot_build *build, uint64_t bytes)
{
	call_sayf(build->replica->call,
	    "this journal has grown to %llu MiB, and %llu MiB is what can be synced: nothing was "
	    "sent. Shorten its longest entries, or keep what is new in another home (`--home DIR`)",
	    (unsigned long long)(bytes >> 20), (unsigned long long)(CUT_BYTES_MAX >> 20));
	return ENGINE_FAILED;
}

static enum engine_result open_state(struct snapshot_build *build)
{
	uint64_t bytes = 0;
	enum engine_result result =
	    cutter_open(&build->cutter, build->kind == FRAME_LOAD, &build->count, &bytes);

	if (result == ENGINE_OK && cut_bytes(build->count, bytes) > CUT_BYTES_MAX)
		result = too_large(build, cut_bytes(build->count, bytes));
	return result;
}

static enum engine_result open_build(struct snapshot_build *build, const struct head *follows)
{
	struct replica *replica = build->replica;
	enum engine_result result = ENGINE_OK;

	build->time_ms = clock_wall_ms(replica->engine->clock);
	build->roster_index = replica->roster_index;
	if (build->kind == FRAME_RESET) { /* it carries all that its maker knows of the roster */
		build->follows = *follows;
		build->roster_index = replica->roster->statements_count - 1;
		result = check_skip(build);
	}
	build->segments = calloc(SEGMENTS_MAX, sizeof(build->segments[0]));
	if (result == ENGINE_OK && build->segments == NULL)
		result = ENGINE_FAILED;
	if (result == ENGINE_OK)
		result =
		    replica_key(replica, replica->roster->epochs[build->roster_index], &build->key);
	return result == ENGINE_OK ? open_state(build) : result;
}

enum engine_result snapshot_build_open(struct replica *replica, enum frame_kind kind,
    const struct head *follows, struct snapshot_build **out)
{
	struct snapshot_build *build;
	enum engine_result result = kind == FRAME_LOAD ? fix_load(replica) : ENGINE_OK;

	if (result != ENGINE_OK)
		return result;
	build = calloc(1, sizeof(*build));
	if (build == NULL)
		return ENGINE_FAILED;
	build->replica = replica;
	build->kind = kind;
	cutter_init(&build->cutter, replica);
	result = open_build(build, follows);
	if (result == ENGINE_OK)
		*out = build;
	else
		snapshot_build_free(build);
	return result;
}

/* Hands the plain bytes over, to be sealed and put. */
static enum engine_result send_plain(struct snapshot_build *build, struct buffer *plain,
    enum blob_kind kind, size_t place, struct transfer *transfer)
{
	struct sealing *sealing = &transfer->sealing;

	if (!buffer_take(plain, &sealing->plain)) {
		call_sayf(
		    build->replica->call, "a blob could not be made: too large, or no memory");
		return ENGINE_FAILED;
	}
	transfer->place = place;
	transfer->plain_len = sealing->plain.len;
	sealing->key = build->key;
	sealing->header = (struct blob_header){
	    .account = build->replica->facts.public.account,
	    .epoch = build->replica->roster->epochs[build->roster_index],
	    .kind = kind,
	};
	sealing->sweep = build->replica->facts.public.sweep;
	return ENGINE_OK;
}

/*
 * Is that the name of what this run is sealed to? An index that was learnt is another device's word
 * for it, and so is one whose segments were not fetched: a name carried over unseen would stand in
 * every snapshot from now on, also where it leads to nothing that anyone can read. Equal runs seal
 * equally, so nobody needs to be asked. If not, or if another version of zstd has packed it, what
 * is in the transfer now is put.
 */
static enum engine_result name_holds(const struct snapshot_build *build,
    const struct journal_segment *known, struct transfer *transfer, bool *holds_out)
{
	struct sync_want want = {.kind = SYNC_WANT_PUT, .sealing = &transfer->sealing};
	enum engine_result result = sync_seal(&want, build->replica->call);

	if (result != ENGINE_OK)
		return result;
	*holds_out = digest_equal(&want.name.hash, &known->name_hash);
	if (*holds_out)
		transfer_end(transfer);
	return ENGINE_OK;
}

/* The run becomes the next segment; *plain_out is what is to be sealed. */
static struct built_segment *add_segment(struct snapshot_build *build, struct buffer *plain)
{
	struct built_segment *segment = &build->segments[build->segments_count++];
	struct cutter *cutter = &build->cutter;

	cbor_put_array(plain, cutter->rows);
	buffer_add_view(plain, buffer_view(&cutter->run));
	segment->first_id = cutter->first.id;
	cutter->first.id = (struct bytes){0};
	build->losers_count += cutter->losers;
	segment->index = (struct index_segment){.first_ms = cutter->first.created_ms,
	    .first_id = view_bytes(&segment->first_id),
	    .entries_count = cutter->rows};
	run_hash(build->key, buffer_view(plain), &segment->index.run_hash);
	return segment;
}

/* The segment is there if its run is known, under a name that holds. */
static enum engine_result send_segment(struct snapshot_build *build, struct built_segment *segment,
    struct buffer *plain, bool *put_out, struct transfer *transfer)
{
	const struct journal *journal = &build->replica->engine->journal;
	bool losers = build->cutter.losers;
	struct journal_segment known;
	bool holds = false;
	enum journal_result found = journal->ops->segment_find(
	    journal->self, &segment->index.run_hash, build->replica->call, &known);
	enum engine_result result = found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);

	if (result == ENGINE_OK)
		result = send_plain(build, plain, losers ? BLOB_LOSERS : BLOB_SEGMENT,
		    build->segments_count - 1, transfer); /* tells if plain has failed */
	if (result == ENGINE_OK && found == JOURNAL_OK)
		result = name_holds(build, &known, transfer, &holds);
	*put_out = !holds;
	if (holds) {
		segment->name = (struct blob_name){known.name_hash, known.name_count};
		build->there += losers ? 0 : segment->index.entries_count;
	}
	return result;
}

/* Closes the run: it is sent unless it is there. */
static enum engine_result close_run(
    struct snapshot_build *build, bool *put_out, struct transfer *transfer)
{
	struct built_segment *segment;
	struct buffer plain;
	enum engine_result result;

	/* It can't be, by cut_for, if all is as it was when it was opened. */
	if (build->segments_count == SEGMENTS_MAX) {
		call_sayf(build->replica->call, "the journal changed while it was cut: sync again");
		return ENGINE_FAILED;
	}
	buffer_init(&plain, SEGMENT_PLAIN_MAX + 16);
	segment = add_segment(build, &plain);
	result = send_segment(build, segment, &plain, put_out, transfer);
	buffer_clear(&plain);
	cutter_next(&build->cutter);
	return result;
}

static enum engine_result put_devices(struct snapshot_build *build, struct buffer *out)
{
	const struct replica *replica = build->replica;
	const struct journal *journal = &replica->engine->journal;
	size_t live = 0;

	for (size_t i = 0; i < replica->roster->devices_count; i++)
		live += roster_live(replica->roster, &replica->roster->devices[i].id,
			    build->roster_index) != NULL;
	cbor_put_array(out, live);
	for (size_t i = 0; i < replica->roster->devices_count; i++) {
		const struct roster_device *device = &replica->roster->devices[i];
		struct index_device item = {.id = device->id, .time_ms = device->added_ms};
		enum journal_result found;

		if (roster_live(replica->roster, &device->id, build->roster_index) == NULL)
			continue;
		found = journal->ops->device_get(
		    journal->self, &device->id, replica->call, &item.seq, &item.time_ms);
		if (found != JOURNAL_OK && found != JOURNAL_NONE)
			return engine_of_journal(found);
		index_put_device(out, &item);
	}
	return ENGINE_OK;
}

/* By its readers' own maxima: what one of them refused would be the account's newest state. */
static enum engine_result check_index(const struct snapshot_build *build, struct view plain)
{
	struct index_parts parts;

	if (index_read(plain, &parts) == FORMAT_OK)
		return ENGINE_OK;
	call_sayf(build->replica->call,
	    "the index of what this home would send could not be read by any device: nothing was "
	    "sent, everything here is kept. Export this journal, recover the account into another "
	    "home (`inkseal recover --home DIR`), and import it there");
	return ENGINE_FAILED;
}

/* names: room for all segments' names, which go into the public part. */
static enum engine_result put_index(
    struct snapshot_build *build, struct buffer *plain, struct blob_name *names)
{
	struct index_head head = {
	    .floor = build->replica->facts.public.floor, .entries_count = build->cutter.seen};
	size_t segments = build->segments_count - build->losers_count;
	enum engine_result result;

	index_put_head(plain, &head);
	cbor_put_array(plain, segments);
	for (size_t i = 0; i < build->segments_count; i++) {
		names[i] = build->segments[i].name;
		if (i < segments) /* losers' segments are named, and that is all */
			index_put_segment(plain, &build->segments[i].index);
	}
	result = put_devices(build, plain);
	return result == ENGINE_OK ? check_index(build, buffer_view(plain)) : result;
}

/* All segments are there: the index blob is the last to be put. */
static enum engine_result close_index(struct snapshot_build *build, struct transfer *transfer)
{
	struct blob_name *names = calloc(build->segments_count + 1, sizeof(*names));
	struct blob_header *header = &transfer->sealing.header;
	struct buffer plain;
	enum engine_result result = ENGINE_FAILED;

	buffer_init(&plain, INDEX_PLAIN_MAX);
	if (names != NULL)
		result = put_index(build, &plain, names);
	if (result == ENGINE_OK)
		result = send_plain(build, &plain, BLOB_INDEX, PLACE_INDEX, transfer);
	if (result == ENGINE_OK) {
		header->names = names;
		header->names_count = build->segments_count;
		header->losers_count = build->losers_count;
		transfer->sealing.names = names;
		build->index_made = true;
	} else {
		free(names);
	}
	buffer_clear(&plain);
	return result;
}

/* The state's last run is closed: the losers' runs follow, and after those nothing. */
static enum engine_result scan_end(struct snapshot_build *build)
{
	build->cut = build->cutter.losers;
	return build->cut ? ENGINE_OK : cutter_open_losers(&build->cutter);
}

/* Closes runs until one is to be put, or all are cut. */
static enum engine_result next_segment(
    struct snapshot_build *build, bool *put_out, struct transfer *transfer)
{
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && !*put_out && !build->cut) {
		result = cutter_fill(&build->cutter);
		if (result == ENGINE_OK && build->cutter.rows > 0)
			result = close_run(build, put_out, transfer);
		else if (result == ENGINE_OK)
			result = scan_end(build);
		if (build->losers_count == LOSERS_SEGMENTS_MAX ||
		    (build->cutter.losers && build->segments_count == SEGMENTS_MAX))
			build->cut = true; /* the oldest stay out */
	}
	return result;
}

enum engine_result snapshot_build_next(
    struct snapshot_build *build, bool alone, bool *put_out, struct transfer *transfer)
{
	bool put = false;
	enum engine_result result = next_segment(build, &put, transfer);

	if (result == ENGINE_OK && !put && alone && !build->index_made) {
		result = close_index(build, transfer);
		put = true;
	}
	if (result == ENGINE_OK)
		*put_out = put;
	return result;
}

enum engine_result snapshot_build_put_done(
    struct snapshot_build *build, const struct transfer *transfer)
{
	struct built_segment *segment;
	enum engine_result result;

	if (transfer->place == PLACE_INDEX) {
		build->index_name = transfer->name;
		return ENGINE_OK;
	}
	segment = &build->segments[transfer->place];
	segment->name = transfer->name;
	if (transfer->sealing.header.kind == BLOB_SEGMENT)
		build->there += segment->index.entries_count;
	build->put_bytes += transfer->blob_len;
	build->put_count++;
	result = transaction_begin_light(build->replica);
	if (result != ENGINE_OK)
		return result;
	result = segments_add(build->replica, &segment->index.run_hash, &segment->name);
	return transaction_finish(build->replica, result);
}

static void reset_header(const struct snapshot_build *build, struct frame_header *header)
{
	const struct replica *replica = build->replica;

	header->seq = own_seq(build);
	header->previous = build->follows.hash;
	header->roster = replica->roster->hashes[build->roster_index];
	header->epoch = replica->roster->epochs[build->roster_index];
	header->has_abandoned = true;
	header->abandoned = replica->facts.public.known_head;
}

/* Of the state that the rows are; a reset is the way out of a stored sum that is wrong, too. */
static enum engine_result check_root(
    const struct snapshot_build *build, const uint8_t rows_root[ROOT_LEN])
{
	const struct replica *replica = build->replica;
	uint8_t now[ROOT_LEN];

	if (build->kind == FRAME_RESET)
		return ENGINE_OK;
	root_of(build->kind == FRAME_LOAD ? &build->cutter.moved : &replica->sum, now);
	if (memcmp(now, rows_root, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(replica->call, "this home's state root is not its state's: run "
				 "`inkseal doctor`; nothing was sent");
	return ENGINE_ROOT;
}

static void build_header(const struct snapshot_build *build, struct frame_header *header)
{
	frame_build_header(build->replica, build->kind, header);
	if (build->kind == FRAME_RESET)
		reset_header(build, header);
	header->has_blob = true;
	header->blob = build->index_name;
	if (build->kind != FRAME_LOAD) {
		header->has_covered = true;
		header->covered = build->replica->facts.public.head;
	}
}

static void build_sealed(const struct snapshot_build *build, struct frame_sealed *sealed)
{
	const struct sync_facts *facts = &build->replica->facts.public;

	*sealed = (struct frame_sealed){.floor = facts->floor, .time_ms = build->time_ms};
	root_of(&build->cutter.load.sum, sealed->root);
	if (build->kind != FRAME_RESET)
		sealed->reset_seq = facts->reset_seq;
	if (build->kind != FRAME_LOAD) {
		sealed->has_covered_root = true;
		memcpy(sealed->covered_root, sealed->root, ROOT_LEN);
	}
}

/* Its hash is stored before it is sent, and for a load the versions that it carries. */
static enum engine_result store_sent(struct snapshot_build *build, const struct built_frame *push)
{
	struct replica *replica = build->replica;
	const struct journal *journal = &replica->engine->journal;
	const struct frame *frame = &push->frame;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	if (build->kind == FRAME_RESET)
		replica->sum = build->cutter.load.sum;
	if (build->kind == FRAME_LOAD)
		result = engine_of_journal(journal->ops->sent_rename(journal->self,
		    &cut_load_placeholder, &frame->hash, frame->header.seq, replica->call));
	else
		result = engine_of_journal(journal->ops->sent_add(
		    journal->self, &frame->hash, frame->header.seq, replica->call));
	return transaction_finish(replica, result);
}

enum engine_result snapshot_build_frame(struct snapshot_build *build, struct built_frame *out)
{
	struct frame_sealed sealed;
	struct frame_header header;
	struct built_frame push = {0};
	enum engine_result result;

	build_header(build, &header);
	build_sealed(build, &sealed);
	result = check_root(build, sealed.root);
	if (result == ENGINE_OK)
		result = frame_build_seal(build->replica, &header, &sealed, &push);
	if (result == ENGINE_OK)
		result = store_sent(build, &push);
	if (result == ENGINE_OK)
		*out = push;
	else
		built_frame_clear(&push);
	return result;
}

static enum engine_result remember_segments(struct snapshot_build *build)
{
	enum engine_result result = segments_begin(build->replica);

	for (size_t i = 0; i < build->segments_count && result == ENGINE_OK; i++)
		result = segments_add(
		    build->replica, &build->segments[i].index.run_hash, &build->segments[i].name);
	segments_weigh(build->replica, build->put_bytes, build->put_count, build->segments_count);
	return result;
}

static enum engine_result acknowledge(const struct snapshot_build *build, const struct frame *frame)
{
	switch (build->kind) {
	case FRAME_LOAD: return own_frames_load(build->replica, frame, &build->cutter.load);
	case FRAME_RESET: return own_frames_reset(build->replica, frame);
	case FRAME_SNAPSHOT: return own_frames_snapshot(build->replica, frame);
	case FRAME_PATCH:
	case FRAME_STATEMENT: break; /* none is built here */
	}
	return ENGINE_FAILED;
}

enum engine_result snapshot_build_committed(struct snapshot_build *build, const struct frame *frame)
{
	enum engine_result result = acknowledge(build, frame);

	return result == ENGINE_OK ? remember_segments(build) : result;
}

void snapshot_build_progress(
    const struct snapshot_build *build, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = build->there;
	*all_out = build->count;
}
