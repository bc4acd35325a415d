/*
 * cli/engine/snapshot_build.c: the state cut into segments and an index: a load or a snapshot.
 * Boundaries are content-defined over (createdAt, id), so an edit changes one segment; their mean
 * length is a function of the state's size alone. A segment whose run is known is not sealed again.
 */
#include "cli/engine/snapshot_build.h"
#include "cli/engine/apply.h"
#include "cli/engine/losers.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT_TARGET (512u << 10) /* plaintext bytes between boundaries, on average */
#define SEGMENT_FLOOR (128u << 10)  /* of a small journal */
#define SEGMENTS_TARGET_MAX 1000u   /* above this the floor doubles */
#define ROW_MORE_MAX 64u            /* what a row has beside its entry */
#define DAY_MS INT64_C(86400000)

/* Sent rows of a load that is being made, until its frame has a hash. */
static const struct digest load_in_making;

struct made_segment {
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
	struct cut cut_by;
	bool losers;           /* the state is cut; losers are scanned now */
	size_t losers_count;   /* segments of them: the last ones */
	uint64_t losers_bytes; /* what they take of LOSERS_ROWS_MAX */
	bool scan_over;
	struct journal_row ahead; /* read, but not yet in a run */
	bool has_ahead;
	struct buffer run; /* the rows' items */
	size_t run_rows;
	struct journal_row first; /* of the run: created_ms and id alone */
	struct made_segment *segments;
	size_t segments_count;
	struct root_sum sum;         /* over all rows */
	struct root_sum moved;       /* a load: the state's, moved by what is sent */
	uint64_t sent_count;         /* of a load: the versions that it carries, and … */
	struct digest sent_versions; /* … the exclusive or of them */
	uint64_t seen;
	uint64_t there;     /* rows of the segments that are there */
	uint64_t put_bytes; /* of all segments that were put here */
	uint64_t put_count;
	bool cut;        /* all segments are cut */
	bool index_made; /* handed out to be sealed */
	struct blob_name index_name;
};

static void row_clear(struct journal_row *row)
{
	bytes_clear(&row->id);
	bytes_clear(&row->encoded);
	*row = (struct journal_row){0};
}

void snapshot_build_free(struct snapshot_build *build)
{
	if (build == NULL)
		return;
	build->replica->engine->journal.ops->scan_close(build->replica->engine->journal.self);
	row_clear(&build->ahead);
	row_clear(&build->first);
	buffer_clear(&build->run);
	for (size_t i = 0; i < build->segments_count; i++)
		bytes_clear(&build->segments[i].first_id);
	free(build->segments);
	free(build);
}

/*
 * Whatever the ids are, there are at most bytes / floor + 1 runs. A run but the last ends at a
 * boundary, so it has floor bytes; or for its count of rows, and has more; or because it and the
 * next row pass ENTRY_MAX: then it and the next run have twice the floor together, the next one
 * has the floor by itself, and is no other's next. So the floor alone keeps SEGMENTS_MAX; where it
 * can't double any more, CUT_BYTES_MAX is what it keeps it for.
 */
void cut_for(uint64_t count, uint64_t bytes, struct cut *out)
{
	uint64_t floor = SEGMENT_FLOOR;
	uint64_t target;
	uint64_t entries;
	uint64_t mask = 1;

	bytes = cut_bytes(count, bytes);
	while (bytes / floor > SEGMENTS_TARGET_MAX && floor < CUT_FLOOR_MAX)
		floor = floor * 2 < CUT_FLOOR_MAX ? floor * 2 : CUT_FLOOR_MAX;
	target = floor > SEGMENT_TARGET ? floor : SEGMENT_TARGET;
	entries = count == 0 ? 0 : target / (bytes / count);
	while (mask * 2 <= entries) /* a power of two changes rarely as the journal grows */
		mask *= 2;
	*out = (struct cut){.floor = floor, .mask = mask - 1};
}

/* The runs' own bytes, or a little more. */
uint64_t cut_bytes(uint64_t count, uint64_t bytes)
{
	return bytes + count * ROW_MORE_MAX;
}

static bool is_boundary(const struct snapshot_build *build, const struct journal_row *row)
{
	uint8_t created[8];
	const struct view parts[] = {{created, sizeof(created)}, view_bytes(&row->id)};
	struct digest digest;
	uint64_t value = 0;

	for (size_t i = 0; i < sizeof(created); i++)
		created[i] = (uint8_t)((uint64_t)row->created_ms >> (8 * i));
	digest_parts(DOMAIN_CUT, parts, COUNT_OF(parts), &digest);
	for (size_t i = 0; i < 8; i++)
		value |= (uint64_t)digest.bytes[i] << (8 * i);
	return (value & build->cut_by.mask) == 0;
}

/* The versions that a load carries are fixed now; later edits are for the next push. */
static enum engine_result fix_load(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(
	    journal->ops->sent_add(journal->self, &load_in_making, SEQ_MAX, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->sent_all_dirty(journal->self, &load_in_making, replica->call));
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK)
		transaction_undo(replica);
	return result;
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

enum engine_result snapshot_build_open(struct replica *replica, enum frame_kind kind,
    const struct head *follows, struct snapshot_build **out)
{
	const struct journal *journal = &replica->engine->journal;
	struct snapshot_build *build;
	uint64_t bytes = 0;
	enum engine_result result = ENGINE_OK;

	if (kind == FRAME_LOAD)
		result = fix_load(replica);
	if (result != ENGINE_OK)
		return result;
	build = calloc(1, sizeof(*build));
	if (build == NULL)
		return ENGINE_FAILED;
	build->replica = replica;
	build->kind = kind;
	build->moved = replica->sum;
	build->time_ms = clock_wall_ms(replica->engine->clock);
	build->roster_index = replica->roster_index;
	if (kind == FRAME_RESET) { /* it carries all that its maker knows of the roster */
		build->follows = *follows;
		build->roster_index = replica->roster->statements_count - 1;
		result = check_skip(build);
	}
	buffer_init(&build->run, SEGMENT_PLAIN_MAX);
	build->segments = calloc(SEGMENTS_MAX, sizeof(build->segments[0]));
	if (result == ENGINE_OK && build->segments == NULL)
		result = ENGINE_FAILED;
	if (result == ENGINE_OK)
		result =
		    replica_key(replica, replica->roster->epochs[build->roster_index], &build->key);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->scan_open(journal->self,
		    kind == FRAME_LOAD ? JOURNAL_SCAN_SENT : JOURNAL_SCAN_CLOUD, &load_in_making,
		    replica->call, &build->count, &bytes));
	if (result == ENGINE_OK && cut_bytes(build->count, bytes) > CUT_BYTES_MAX)
		result = too_large(build, cut_bytes(build->count, bytes));
	if (result != ENGINE_OK) {
		snapshot_build_free(build);
		return result;
	}
	cut_for(build->count, bytes, &build->cut_by);
	*out = build;
	return ENGINE_OK;
}

/* It is old, told by this device's clock, or there is no room for it. */
static bool loser_stays_out(struct snapshot_build *build)
{
	int64_t now_ms = clock_wall_ms(build->replica->engine->clock);

	build->losers_bytes += losers_row_len(build->ahead.id.len);
	return build->losers_bytes > LOSERS_ROWS_MAX ||
	       build->ahead.cloud_ms < now_ms - LOSERS_DAYS * DAY_MS;
}

/* Fills make->ahead; *over_out at the scan's end. */
static enum engine_result read_ahead(struct snapshot_build *build, bool *over_out)
{
	const struct journal *journal = &build->replica->engine->journal;
	enum journal_result found;

	*over_out = false;
	if (build->has_ahead)
		return ENGINE_OK;
	if (build->scan_over) {
		*over_out = true;
		return ENGINE_OK;
	}
	found = journal->ops->scan_next(journal->self, build->replica->call, &build->ahead);
	if (found == JOURNAL_OK && build->losers && loser_stays_out(build)) {
		row_clear(&build->ahead);
		found = JOURNAL_NONE; /* and so do all that follow: the newest come first */
	}
	if (found == JOURNAL_NONE) {
		build->scan_over = true;
		*over_out = true;
		return ENGINE_OK;
	}
	build->has_ahead = found == JOURNAL_OK;
	if (build->losers) /* their place in the order is when they were settled */
		build->ahead.created_ms = build->ahead.cloud_ms;
	return engine_of_journal(found);
}

/* What a row of the state adds beside the run: to the root. */
static void count_row(struct snapshot_build *build, const struct journal_row *row, bool sent)
{
	struct root_sum element = {0};

	root_add(&element, view_bytes(&row->id), &row->version);
	root_merge(&build->sum, &element);
	if (sent) {
		root_merge(&build->moved, &element);
		if (row->replaces)
			root_remove(&build->moved, view_bytes(&row->id), &row->replaced);
		for (size_t i = 0; i < DIGEST_LEN; i++)
			build->sent_versions.bytes[i] ^= row->version.bytes[i];
		build->sent_count++;
	}
	build->seen++;
}

/* What is stored is not what was: it must not travel under a name that others rely on. */
static enum engine_result check_row(struct snapshot_build *build, bool *sound_out)
{
	const struct journal_row *row = &build->ahead;
	struct digest version;
	struct entry entry;
	enum format_result read = entry_read(view_bytes(&row->encoded), &entry, &version);

	if (read == FORMAT_NO_MEMORY) {
		call_sayf(build->replica->call, "no memory for a segment");
		return ENGINE_FAILED;
	}
	*sound_out = read == FORMAT_OK && digest_equal(&version, &row->version) &&
		     view_equal(entry.id, view_bytes(&row->id)) &&
		     (build->losers || (time_parse_ms(entry.created_at) == row->created_ms &&
					   entry_deleted(&entry) == row->deleted));
	*sound_out |= MUTATION(ROT_SENT);
	return ENGINE_OK;
}

/* Takes make->ahead into the run. */
static enum engine_result take_row(struct snapshot_build *build)
{
	static const struct device_id none;
	struct journal_row *row = &build->ahead;
	bool sent = !build->losers && device_equal(&row->author, &none);
	/* What a load sends has no place before it is committed: made again, it seals equally. */
	struct row item = {.author = sent ? *replica_device(build->replica) : row->author,
	    .entry = view_bytes(&row->encoded),
	    .deleted = row->deleted,
	    .seq = sent ? 0 : row->cloud_seq,
	    .time_ms = row->cloud_ms};

	row_put(&build->run, &item, build->losers);
	if (!build->losers)
		count_row(build, row, sent);
	if (build->run_rows == 0) {
		build->first.created_ms = row->created_ms;
		build->first.id = row->id;
		row->id = (struct bytes){0};
	}
	build->run_rows++;
	row_clear(row);
	build->has_ahead = false;
	if (build->run.failed) {
		call_sayf(
		    build->replica->call, "a segment could not be made: too large, or no memory");
		return ENGINE_FAILED;
	}
	return ENGINE_OK;
}

/* A damaged loser stays out, for it is no part of the state; a damaged entry stops it all. */
static enum engine_result leave_row(struct snapshot_build *build)
{
	if (!build->losers)
		return version_unsound(view_bytes(&build->ahead.id), build->replica->call);
	row_clear(&build->ahead);
	build->has_ahead = false;
	return ENGINE_OK;
}

/* True if the run ends before make->ahead. */
static bool run_ends(const struct snapshot_build *build)
{
	if (build->run_rows == 0)
		return false;
	if (build->run_rows >= ROWS_COUNT_MAX - 1 ||
	    build->run.len + build->ahead.encoded.len + ROW_MORE_MAX > ENTRY_MAX)
		return true;
	return build->run.len >= build->cut_by.floor && is_boundary(build, &build->ahead);
}

static enum engine_result fill_run(struct snapshot_build *build)
{
	bool over = false;
	enum engine_result result = read_ahead(build, &over);

	while (result == ENGINE_OK && !over && !run_ends(build)) {
		bool sound = false;

		result = check_row(build, &sound);
		if (result == ENGINE_OK && sound)
			result = take_row(build);
		else if (result == ENGINE_OK)
			result = leave_row(build);
		if (result == ENGINE_OK)
			result = read_ahead(build, &over);
	}
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
 * for it, and so is one whose segments were not fetched: a name taken over unseen would stand in
 * every snapshot from now on, also where it leads to nothing that anyone can read. Equal runs seal
 * equally, so nobody needs to be asked. If not, or if another version of zstd has packed it, what
 * is in the flight now is put.
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

/* Closes the run: it is sent unless it is there under a name that holds. */
static enum engine_result close_run(
    struct snapshot_build *build, bool *put_out, struct transfer *transfer)
{
	const struct journal *journal = &build->replica->engine->journal;
	struct made_segment *segment;
	struct journal_segment known;
	struct buffer plain;
	enum journal_result found;
	bool holds = false;
	enum engine_result result = ENGINE_OK;

	/* It can't be, by cut_for, if all is as it was when it was opened. */
	if (build->segments_count == SEGMENTS_MAX) {
		call_sayf(build->replica->call, "the journal changed while it was cut: sync again");
		return ENGINE_FAILED;
	}
	buffer_init(&plain, SEGMENT_PLAIN_MAX + 16);
	cbor_put_array(&plain, build->run_rows);
	buffer_add_view(&plain, buffer_view(&build->run));
	segment = &build->segments[build->segments_count];
	segment->first_id = build->first.id;
	build->first.id = (struct bytes){0};
	build->segments_count++;
	build->losers_count += build->losers;
	segment->index = (struct index_segment){.first_ms = build->first.created_ms,
	    .first_id = view_bytes(&segment->first_id),
	    .entries_count = build->run_rows};
	run_hash(build->key, buffer_view(&plain), &segment->index.run_hash);
	found = journal->ops->segment_find(
	    journal->self, &segment->index.run_hash, build->replica->call, &known);
	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		result = engine_of_journal(found);
	if (result == ENGINE_OK)
		result = send_plain(build, &plain, build->losers ? BLOB_LOSERS : BLOB_SEGMENT,
		    build->segments_count - 1, transfer); /* tells if plain has failed */
	if (result == ENGINE_OK && found == JOURNAL_OK)
		result = name_holds(build, &known, transfer, &holds);
	*put_out = !holds;
	if (holds) {
		segment->name = (struct blob_name){known.name_hash, known.name_count};
		build->there += build->losers ? 0 : build->run_rows;
	}
	buffer_clear(&plain);
	buffer_clear(&build->run);
	build->run_rows = 0;
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

/* All segments are there: the index blob is the last to be put. */
static enum engine_result close_index(struct snapshot_build *build, struct transfer *transfer)
{
	struct replica *replica = build->replica;
	struct index_head head = {
	    .floor = replica->facts.public.floor, .entries_count = build->seen};
	struct blob_name *names = calloc(build->segments_count + 1, sizeof(*names));
	size_t segments = build->segments_count - build->losers_count;
	struct buffer plain;
	enum engine_result result = ENGINE_FAILED;

	buffer_init(&plain, INDEX_PLAIN_MAX);
	if (names == NULL)
		goto done;
	index_put_head(&plain, &head);
	cbor_put_array(&plain, segments);
	for (size_t i = 0; i < build->segments_count; i++) {
		names[i] = build->segments[i].name;
		if (i < segments) /* losers' segments are named, and that is all */
			index_put_segment(&plain, &build->segments[i].index);
	}
	result = put_devices(build, &plain);
	if (result == ENGINE_OK)
		result = check_index(build, buffer_view(&plain));
	if (result == ENGINE_OK)
		result = send_plain(build, &plain, BLOB_INDEX, PLACE_INDEX, transfer);
	if (result != ENGINE_OK)
		goto done;
	transfer->sealing.header.names = names;
	transfer->sealing.header.names_count = build->segments_count;
	transfer->sealing.header.losers_count = build->losers_count;
	transfer->sealing.names = names;
	names = NULL;
	build->index_made = true;
done:
	free(names);
	buffer_clear(&plain);
	return result;
}

/* The state's last run is closed: the losers' runs follow, and after those nothing. */
static enum engine_result scan_end(struct snapshot_build *build)
{
	const struct journal *journal = &build->replica->engine->journal;
	uint64_t count, bytes;

	build->cut = build->losers;
	if (build->losers)
		return ENGINE_OK;
	build->losers = true;
	build->scan_over = false;
	return engine_of_journal(journal->ops->scan_open(journal->self, JOURNAL_SCAN_LOSERS,
	    &load_in_making, build->replica->call, &count, &bytes));
}

enum engine_result snapshot_build_next(
    struct snapshot_build *build, bool alone, bool *put_out, struct transfer *transfer)
{
	bool put = false;
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && !put && !build->cut) { /* each round closes a run */
		result = fill_run(build);
		if (result == ENGINE_OK && build->run_rows > 0)
			result = close_run(build, &put, transfer);
		else if (result == ENGINE_OK)
			result = scan_end(build);
		if (build->losers_count == LOSERS_SEGMENTS_MAX ||
		    (build->losers && build->segments_count == SEGMENTS_MAX))
			build->cut = true; /* the oldest stay out */
	}
	if (result == ENGINE_OK && !put && alone && !build->index_made) {
		result = close_index(build, transfer);
		put = true;
	}
	if (result == ENGINE_OK)
		*put_out = put;
	return result;
}

enum engine_result segments_begin(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result = journal->ops->segments_clear(journal->self, replica->call);

	if (result == JOURNAL_OK)
		result = journal->ops->meta_remove(journal->self, META_INDEX, replica->call);
	return engine_of_journal(result);
}

enum engine_result segments_add(
    struct replica *replica, const struct digest *run_hash, const struct blob_name *name)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_segment segment = {
	    .run_hash = *run_hash, .name_hash = name->hash, .name_count = name->count};

	return engine_of_journal(journal->ops->segment_add(journal->self, &segment, replica->call));
}

void segments_weigh(struct replica *replica, uint64_t counted_bytes, uint64_t counted, uint64_t all)
{
	uint64_t mean = counted > 0 ? counted_bytes / counted : SEGMENT_TARGET / 2;

	replica->facts.public.snapshot_bytes = counted_bytes + (all - counted) * mean;
}

void log_begins(struct replica *replica, uint64_t seq)
{
	replica->facts.public.log_bytes = 0;
	replica->facts.public.snapshot_seq = seq;
}

enum engine_result snapshot_build_put_done(
    struct snapshot_build *build, const struct transfer *transfer)
{
	struct made_segment *segment;
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
	if (result == ENGINE_OK)
		result = transaction_commit(build->replica);
	if (result != ENGINE_OK)
		transaction_undo(build->replica);
	return result;
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

enum engine_result snapshot_build_frame(struct snapshot_build *build, struct built_frame *out)
{
	struct replica *replica = build->replica;
	const struct journal *journal = &replica->engine->journal;
	struct frame_sealed sealed = {
	    .floor = replica->facts.public.floor, .time_ms = build->time_ms};
	struct frame_header header;
	struct built_frame push = {0};
	uint8_t now[ROOT_LEN];
	enum engine_result result;

	frame_build_header(replica, build->kind, &header);
	if (build->kind == FRAME_RESET)
		reset_header(build, &header);
	header.has_blob = true;
	header.blob = build->index_name;
	root_of(&build->sum, sealed.root);
	if (build->kind != FRAME_RESET)
		sealed.reset_seq = replica->facts.public.reset_seq;
	if (build->kind == FRAME_RESET) /* the way out of a stored sum that is wrong, too */
		replica->sum = build->sum;
	root_of(build->kind == FRAME_LOAD ? &build->moved : &replica->sum, now);
	if (memcmp(now, sealed.root, ROOT_LEN) != 0) {
		call_sayf(replica->call, "this home's state root is not its state's: run "
					 "`inkseal doctor`; nothing was sent");
		return ENGINE_ROOT;
	}
	if (build->kind != FRAME_LOAD) {
		header.has_covered = true;
		header.covered = replica->facts.public.head;
		sealed.has_covered_root = true;
		memcpy(sealed.covered_root, sealed.root, ROOT_LEN);
	}
	result = frame_build_seal(replica, &header, &sealed, &push);
	if (result == ENGINE_OK)
		result = transaction_begin(replica);
	if (result != ENGINE_OK)
		goto done;
	if (build->kind == FRAME_LOAD)
		result = engine_of_journal(journal->ops->sent_rename(
		    journal->self, &load_in_making, &push.frame_hash, header.seq, replica->call));
	else
		result = engine_of_journal(journal->ops->sent_add(
		    journal->self, &push.frame_hash, header.seq, replica->call));
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK)
		transaction_undo(replica);
done:
	if (result == ENGINE_OK)
		*out = push;
	else
		built_frame_clear(&push);
	return result;
}

/* The root's sum over the state with the versions of a sent load in it. */
static enum engine_result sum_sent(
    struct replica *replica, const struct digest *frame, struct root_sum *sum)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		struct digest version;
		struct journal_entry known = {0};
		enum journal_result found = journal->ops->sent_next(
		    journal->self, frame, view_bytes(&after), replica->call, &id, &version);

		if (found == JOURNAL_NONE)
			break;
		if (found == JOURNAL_OK)
			found = journal->ops->entry_get(
			    journal->self, view_bytes(&id), replica->call, &known);
		result = engine_of_journal(found);
		if (result == ENGINE_OK && known.has_cloud)
			root_remove(sum, view_bytes(&id), &known.cloud);
		if (result == ENGINE_OK)
			root_add(sum, view_bytes(&id), &version);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* The load's sum as it was made, if the versions that go by it are still those that it is of. */
static bool sum_made(const struct snapshot_build *build, uint64_t count,
    const struct digest *versions, struct root_sum *sum)
{
	if (count != build->sent_count || !digest_equal(versions, &build->sent_versions))
		return false;
	*sum = build->sum;
	return true;
}

/* make: what has made the load; NULL: another process has, and the sum is made again. */
static enum engine_result acknowledge(struct replica *replica, const struct snapshot_build *build,
    const struct frame *frame, const struct frame_sealed *sealed)
{
	const struct journal *journal = &replica->engine->journal;
	struct digest versions = {{0}};
	uint64_t count = 0;
	uint8_t root[ROOT_LEN];
	bool summed = true;
	enum engine_result result = ENGINE_OK;

	if (build == NULL)
		result = sum_sent(replica, &frame->hash, &replica->sum);
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->sent_take(journal->self, &frame->hash, &frame->header.device,
			frame->header.seq, sealed->time_ms, replica->call, &count, &versions));
	if (result != ENGINE_OK)
		return result;
	if (build != NULL)
		summed = sum_made(build, count, &versions, &replica->sum);
	root_of(&replica->sum, root);
	if (!summed || memcmp(root, sealed->root, ROOT_LEN) != 0) {
		call_sayf(replica->call, "after this device's own load its state root differs: "
					 "everything is kept, sync stops");
		return ENGINE_ROOT;
	}
	replica->totals.pushed += count;
	return ENGINE_OK;
}

/*
 * The log begins with it, and it is this device's last frame: by that others count how far it has
 * acknowledged the log.
 */
static enum engine_result note_own(
    struct replica *replica, const struct frame *frame, const struct frame_sealed *sealed)
{
	const struct journal *journal = &replica->engine->journal;

	log_begins(replica, frame->header.seq);
	return engine_of_journal(journal->ops->device_seen(journal->self, &frame->header.device,
	    frame->header.seq, sealed->time_ms, replica->call));
}

enum engine_result own_frames_load(
    struct replica *replica, const struct frame *frame, const struct frame_sealed *sealed)
{
	enum engine_result result = acknowledge(replica, NULL, frame, sealed);

	return result == ENGINE_OK ? note_own(replica, frame, sealed) : result;
}

static enum engine_result acknowledge_reset(struct replica *replica, const struct frame *frame)
{
	const struct journal *journal = &replica->engine->journal;
	struct sync_facts *facts = &replica->facts.public;
	struct head before = {frame->header.seq - 1, frame->header.previous};
	size_t index = replica->roster_index;
	const char *message = "it is not of this device's state";
	enum format_result checked = FORMAT_FORGED;
	enum engine_result result;

	if (head_equal(&frame->header.covered, &facts->head))
		checked = frame_check(frame, &before, replica->roster, &index, &message);
	if (checked != FORMAT_OK) {
		call_sayf(replica->call, "this device's own reset does not hold: %s", message);
		return checked == FORMAT_NO_MEMORY ? ENGINE_FAILED : ENGINE_DAMAGED;
	}
	replica->roster_index = index;
	facts->head = (struct head){frame->header.seq, frame->hash};
	facts->reset_seq = frame->header.seq;
	facts->reset_ms = clock_wall_ms(replica->engine->clock);
	replica->totals.reset = true;
	result = engine_of_journal(
	    journal->ops->cloud_placed(journal->self, frame->header.seq, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_RESET,
		    (struct view){0}, "this device's journal took the place of the cloud copy",
		    clock_wall_ms(replica->engine->clock), replica->call));
	return result;
}

enum engine_result own_frames_reset(struct replica *replica, const struct frame *frame)
{
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	enum engine_result result = acknowledge_reset(replica, frame);

	if (result == ENGINE_OK)
		result = apply_open(replica, frame, &payload, &sealed);
	if (result == ENGINE_OK)
		result = note_own(replica, frame, &sealed);
	bytes_clear(&payload);
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

enum engine_result snapshot_build_committed(struct snapshot_build *build, struct view encoded)
{
	struct replica *replica = build->replica;
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	struct frame frame;
	enum engine_result result = engine_of_format(frame_decode(encoded, &frame));

	if (result == ENGINE_OK)
		result = build->kind == FRAME_RESET ? acknowledge_reset(replica, &frame)
						    : apply_head(replica, &frame);
	if (result == ENGINE_OK)
		result = apply_open(replica, &frame, &payload, &sealed);
	if (result == ENGINE_OK && build->kind == FRAME_LOAD)
		result = acknowledge(replica, build, &frame, &sealed);
	if (result == ENGINE_OK)
		result = remember_segments(build);
	if (result == ENGINE_OK)
		result = note_own(replica, &frame, &sealed);
	bytes_clear(&payload);
	return result;
}

void snapshot_build_progress(
    const struct snapshot_build *build, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = build->there;
	*all_out = build->count;
}

enum engine_result segments_learn(
    struct replica *replica, const struct blob_name *name, struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	struct bytes plain = {0};
	struct index_parts parts;
	struct cbor_reader reader;
	size_t names_count = 0;
	enum engine_result result = ENGINE_FAILED;

	if (names == NULL)
		goto done;
	result = blob_open_plain(
	    replica, name, blob, BLOB_INDEX, INDEX_PLAIN_MAX, names, &names_count, NULL, &plain);
	if (result != ENGINE_OK)
		goto done;
	if (index_read(view_bytes(&plain), &parts) != FORMAT_OK ||
	    parts.segments_count > names_count) {
		call_sayf(replica->call, "the newest index cannot be read; nothing was changed");
		result = ENGINE_DAMAGED;
		goto done;
	}
	result = segments_begin(replica);
	cbor_read(&reader, parts.segments);
	for (size_t i = 0; i < parts.segments_count && result == ENGINE_OK; i++) {
		struct index_segment segment;

		index_read_segment(&reader, &segment);
		result = segments_add(replica, &segment.run_hash, &names[i]);
	}
done:
	bytes_clear(&plain);
	free(names);
	return result;
}
