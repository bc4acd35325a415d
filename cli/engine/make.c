/*
 * cli/engine/make.c: the state cut into segments and an index: a load or a snapshot.
 * Boundaries are content-defined over (createdAt, id), so an edit changes one segment; their mean
 * length is a function of the state's size alone. A segment whose run is known is not sealed again.
 */
#include "cli/engine/engine_priv.h"
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

struct make {
	struct sync_state *state;
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

void make_free(struct make *make)
{
	if (make == NULL)
		return;
	make->state->engine->journal.ops->scan_close(make->state->engine->journal.self);
	row_clear(&make->ahead);
	row_clear(&make->first);
	buffer_clear(&make->run);
	for (size_t i = 0; i < make->segments_count; i++)
		bytes_clear(&make->segments[i].first_id);
	free(make->segments);
	free(make);
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

static bool is_boundary(const struct make *make, const struct journal_row *row)
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
	return (value & make->cut_by.mask) == 0;
}

/* The versions that a load carries are fixed now; later edits are for the next push. */
static enum engine_result fix_load(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;
	enum engine_result result = state_begin(state);

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(
	    journal->ops->sent_add(journal->self, &load_in_making, SEQ_MAX, state->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->sent_all_dirty(journal->self, &load_in_making, state->call));
	if (result == ENGINE_OK)
		result = state_commit(state);
	if (result != ENGINE_OK)
		state_rollback(state);
	return result;
}

/* Where the frame is going to stand. A reset's place is above all that its maker has seen. */
static uint64_t own_seq(const struct make *make)
{
	const struct sync_facts *facts = &make->state->facts.public;

	if (make->kind != FRAME_RESET)
		return facts->head.seq + 1;
	return (make->follows.seq > facts->known_head.seq ? make->follows.seq
							  : facts->known_head.seq) +
	       1;
}

/* A reset too far above the log there would be refused, after all was put. */
static enum engine_result check_skip(const struct make *make)
{
	uint64_t seq = own_seq(make);

	if (seq <= SEQ_MAX && seq - make->follows.seq <= RESET_SKIP_MAX)
		return ENGINE_OK;
	call_sayf(make->state->call,
	    "this device has seen a log that ended at %llu, too far above %llu, where the one "
	    "there "
	    "ends, for a reset: everything here is kept. Export this journal, recover the account "
	    "into another home (`inkseal recover --home DIR`), and import it there",
	    (unsigned long long)make->state->facts.public.known_head.seq,
	    (unsigned long long)make->follows.seq);
	return ENGINE_ROLLBACK;
}

static enum engine_result too_large(const struct make *make, uint64_t bytes)
{
	call_sayf(make->state->call,
	    "this journal has grown to %llu MiB, and %llu MiB is what can be synced: nothing was "
	    "sent. Shorten its longest entries, or keep what is new in another home (`--home DIR`)",
	    (unsigned long long)(bytes >> 20), (unsigned long long)(CUT_BYTES_MAX >> 20));
	return ENGINE_FAILED;
}

enum engine_result make_open(
    struct sync_state *state, enum frame_kind kind, const struct head *follows, struct make **out)
{
	const struct journal *journal = &state->engine->journal;
	struct make *make;
	uint64_t bytes = 0;
	enum engine_result result = ENGINE_OK;

	if (kind == FRAME_LOAD)
		result = fix_load(state);
	if (result != ENGINE_OK)
		return result;
	make = calloc(1, sizeof(*make));
	if (make == NULL)
		return ENGINE_FAILED;
	make->state = state;
	make->kind = kind;
	make->moved = state->sum;
	make->time_ms = clock_wall_ms(state->engine->clock);
	make->roster_index = state->roster_index;
	if (kind == FRAME_RESET) { /* it carries all that its maker knows of the roster */
		make->follows = *follows;
		make->roster_index = state->roster->statements_count - 1;
		result = check_skip(make);
	}
	buffer_init(&make->run, SEGMENT_PLAIN_MAX);
	make->segments = calloc(SEGMENTS_MAX, sizeof(make->segments[0]));
	if (result == ENGINE_OK && make->segments == NULL)
		result = ENGINE_FAILED;
	if (result == ENGINE_OK)
		result = state_key(state, state->roster->epochs[make->roster_index], &make->key);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->scan_open(journal->self,
		    kind == FRAME_LOAD ? JOURNAL_SCAN_SENT : JOURNAL_SCAN_CLOUD, &load_in_making,
		    state->call, &make->count, &bytes));
	if (result == ENGINE_OK && cut_bytes(make->count, bytes) > CUT_BYTES_MAX)
		result = too_large(make, cut_bytes(make->count, bytes));
	if (result != ENGINE_OK) {
		make_free(make);
		return result;
	}
	cut_for(make->count, bytes, &make->cut_by);
	*out = make;
	return ENGINE_OK;
}

/* It is old, told by this device's clock, or there is no room for it. */
static bool loser_stays_out(struct make *make)
{
	int64_t now_ms = clock_wall_ms(make->state->engine->clock);

	make->losers_bytes += losers_row_len(make->ahead.id.len);
	return make->losers_bytes > LOSERS_ROWS_MAX ||
	       make->ahead.cloud_ms < now_ms - LOSERS_DAYS * DAY_MS;
}

/* Fills make->ahead; *over_out at the scan's end. */
static enum engine_result read_ahead(struct make *make, bool *over_out)
{
	const struct journal *journal = &make->state->engine->journal;
	enum journal_result found;

	*over_out = false;
	if (make->has_ahead)
		return ENGINE_OK;
	if (make->scan_over) {
		*over_out = true;
		return ENGINE_OK;
	}
	found = journal->ops->scan_next(journal->self, make->state->call, &make->ahead);
	if (found == JOURNAL_OK && make->losers && loser_stays_out(make)) {
		row_clear(&make->ahead);
		found = JOURNAL_NONE; /* and so do all that follow: the newest come first */
	}
	if (found == JOURNAL_NONE) {
		make->scan_over = true;
		*over_out = true;
		return ENGINE_OK;
	}
	make->has_ahead = found == JOURNAL_OK;
	if (make->losers) /* their place in the order is when they were settled */
		make->ahead.created_ms = make->ahead.cloud_ms;
	return engine_of_journal(found);
}

/* What a row of the state adds beside the run: to the root. */
static void count_row(struct make *make, const struct journal_row *row, bool sent)
{
	struct root_sum element = {0};

	root_add(&element, view_bytes(&row->id), &row->version);
	root_merge(&make->sum, &element);
	if (sent) {
		root_merge(&make->moved, &element);
		if (row->replaces)
			root_remove(&make->moved, view_bytes(&row->id), &row->replaced);
		for (size_t i = 0; i < DIGEST_LEN; i++)
			make->sent_versions.bytes[i] ^= row->version.bytes[i];
		make->sent_count++;
	}
	make->seen++;
}

/* What is stored is not what was: it must not travel under a name that others rely on. */
static enum engine_result check_row(struct make *make, bool *sound_out)
{
	const struct journal_row *row = &make->ahead;
	struct digest version;
	struct entry entry;
	enum format_result read = entry_read(view_bytes(&row->encoded), &entry, &version);

	if (read == FORMAT_NO_MEMORY) {
		call_sayf(make->state->call, "no memory for a segment");
		return ENGINE_FAILED;
	}
	*sound_out = read == FORMAT_OK && digest_equal(&version, &row->version) &&
		     view_equal(entry.id, view_bytes(&row->id)) &&
		     (make->losers || (time_parse_ms(entry.created_at) == row->created_ms &&
					  entry_deleted(&entry) == row->deleted));
	*sound_out |= MUTATION(ROT_SENT);
	return ENGINE_OK;
}

/* Takes make->ahead into the run. */
static enum engine_result take_row(struct make *make)
{
	static const struct device_id none;
	struct journal_row *row = &make->ahead;
	bool sent = !make->losers && device_equal(&row->author, &none);
	/* What a load sends has no place before it is committed: made again, it seals equally. */
	struct row item = {.author = sent ? *state_device(make->state) : row->author,
	    .entry = view_bytes(&row->encoded),
	    .deleted = row->deleted,
	    .seq = sent ? 0 : row->cloud_seq,
	    .time_ms = row->cloud_ms};

	row_put(&make->run, &item, make->losers);
	if (!make->losers)
		count_row(make, row, sent);
	if (make->run_rows == 0) {
		make->first.created_ms = row->created_ms;
		make->first.id = row->id;
		row->id = (struct bytes){0};
	}
	make->run_rows++;
	row_clear(row);
	make->has_ahead = false;
	if (make->run.failed) {
		call_sayf(
		    make->state->call, "a segment could not be made: too large, or no memory");
		return ENGINE_FAILED;
	}
	return ENGINE_OK;
}

/* A damaged loser stays out, for it is no part of the state; a damaged entry stops it all. */
static enum engine_result leave_row(struct make *make)
{
	if (!make->losers)
		return version_unsound(view_bytes(&make->ahead.id), make->state->call);
	row_clear(&make->ahead);
	make->has_ahead = false;
	return ENGINE_OK;
}

/* True if the run ends before make->ahead. */
static bool run_ends(const struct make *make)
{
	if (make->run_rows == 0)
		return false;
	if (make->run_rows >= ROWS_COUNT_MAX - 1 ||
	    make->run.len + make->ahead.encoded.len + ROW_MORE_MAX > ENTRY_MAX)
		return true;
	return make->run.len >= make->cut_by.floor && is_boundary(make, &make->ahead);
}

static enum engine_result fill_run(struct make *make)
{
	bool over = false;
	enum engine_result result = read_ahead(make, &over);

	while (result == ENGINE_OK && !over && !run_ends(make)) {
		bool sound = false;

		result = check_row(make, &sound);
		if (result == ENGINE_OK && sound)
			result = take_row(make);
		else if (result == ENGINE_OK)
			result = leave_row(make);
		if (result == ENGINE_OK)
			result = read_ahead(make, &over);
	}
	return result;
}

/* Hands the plain bytes over, to be sealed and put. */
static enum engine_result send_plain(struct make *make, struct buffer *plain, enum blob_kind kind,
    size_t place, struct flight *flight)
{
	struct sealing *sealing = &flight->sealing;

	if (!buffer_take(plain, &sealing->plain)) {
		call_sayf(make->state->call, "a blob could not be made: too large, or no memory");
		return ENGINE_FAILED;
	}
	flight->place = place;
	flight->plain_len = sealing->plain.len;
	sealing->key = make->key;
	sealing->header = (struct blob_header){
	    .account = make->state->facts.public.account,
	    .epoch = make->state->roster->epochs[make->roster_index],
	    .kind = kind,
	};
	sealing->sweep = make->state->facts.public.sweep;
	return ENGINE_OK;
}

/*
 * Is that the name of what this run is sealed to? An index that was learnt is another device's word
 * for it, and so is one whose segments were not fetched: a name taken over unseen would stand in
 * every snapshot from now on, also where it leads to nothing that anyone can read. Equal runs seal
 * equally, so nobody needs to be asked. If not, or if another version of zstd has packed it, what
 * is in the flight now is put.
 */
static enum engine_result name_holds(const struct make *make, const struct journal_segment *known,
    struct flight *flight, bool *holds_out)
{
	struct sync_want want = {.kind = SYNC_WANT_PUT, .sealing = &flight->sealing};
	enum engine_result result = sync_seal(&want, make->state->call);

	if (result != ENGINE_OK)
		return result;
	*holds_out = digest_equal(&want.name.hash, &known->name_hash);
	if (*holds_out)
		flight_end(flight);
	return ENGINE_OK;
}

/* Closes the run: it is sent unless it is there under a name that holds. */
static enum engine_result close_run(struct make *make, bool *put_out, struct flight *flight)
{
	const struct journal *journal = &make->state->engine->journal;
	struct made_segment *segment;
	struct journal_segment known;
	struct buffer plain;
	enum journal_result found;
	bool holds = false;
	enum engine_result result = ENGINE_OK;

	/* It can't be, by cut_for, if all is as it was when it was opened. */
	if (make->segments_count == SEGMENTS_MAX) {
		call_sayf(make->state->call, "the journal changed while it was cut: sync again");
		return ENGINE_FAILED;
	}
	buffer_init(&plain, SEGMENT_PLAIN_MAX + 16);
	cbor_put_array(&plain, make->run_rows);
	buffer_add_view(&plain, buffer_view(&make->run));
	segment = &make->segments[make->segments_count];
	segment->first_id = make->first.id;
	make->first.id = (struct bytes){0};
	make->segments_count++;
	make->losers_count += make->losers;
	segment->index = (struct index_segment){.first_ms = make->first.created_ms,
	    .first_id = view_bytes(&segment->first_id),
	    .entries_count = make->run_rows};
	run_hash(make->key, buffer_view(&plain), &segment->index.run_hash);
	found = journal->ops->segment_find(
	    journal->self, &segment->index.run_hash, make->state->call, &known);
	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		result = engine_of_journal(found);
	if (result == ENGINE_OK)
		result = send_plain(make, &plain, make->losers ? BLOB_LOSERS : BLOB_SEGMENT,
		    make->segments_count - 1, flight); /* tells if plain has failed */
	if (result == ENGINE_OK && found == JOURNAL_OK)
		result = name_holds(make, &known, flight, &holds);
	*put_out = !holds;
	if (holds) {
		segment->name = (struct blob_name){known.name_hash, known.name_count};
		make->there += make->losers ? 0 : make->run_rows;
	}
	buffer_clear(&plain);
	buffer_clear(&make->run);
	make->run_rows = 0;
	return result;
}

static enum engine_result put_devices(struct make *make, struct buffer *out)
{
	const struct sync_state *state = make->state;
	const struct journal *journal = &state->engine->journal;
	size_t live = 0;

	for (size_t i = 0; i < state->roster->devices_count; i++)
		live += roster_live(state->roster, &state->roster->devices[i].id,
			    make->roster_index) != NULL;
	cbor_put_array(out, live);
	for (size_t i = 0; i < state->roster->devices_count; i++) {
		const struct roster_device *device = &state->roster->devices[i];
		struct index_device item = {.id = device->id, .time_ms = device->added_ms};
		enum journal_result found;

		if (roster_live(state->roster, &device->id, make->roster_index) == NULL)
			continue;
		found = journal->ops->device_get(
		    journal->self, &device->id, state->call, &item.seq, &item.time_ms);
		if (found != JOURNAL_OK && found != JOURNAL_NONE)
			return engine_of_journal(found);
		index_put_device(out, &item);
	}
	return ENGINE_OK;
}

/* By its readers' own maxima: what one of them refused would be the account's newest state. */
static enum engine_result check_index(const struct make *make, struct view plain)
{
	struct index_parts parts;

	if (index_read(plain, &parts) == FORMAT_OK)
		return ENGINE_OK;
	call_sayf(make->state->call,
	    "the index of what this home would send could not be read by any device: nothing was "
	    "sent, everything here is kept. Export this journal, recover the account into another "
	    "home (`inkseal recover --home DIR`), and import it there");
	return ENGINE_FAILED;
}

/* All segments are there: the index blob is the last to be put. */
static enum engine_result close_index(struct make *make, struct flight *flight)
{
	struct sync_state *state = make->state;
	struct index_head head = {.floor = state->facts.public.floor, .entries_count = make->seen};
	struct blob_name *names = calloc(make->segments_count + 1, sizeof(*names));
	size_t segments = make->segments_count - make->losers_count;
	struct buffer plain;
	enum engine_result result = ENGINE_FAILED;

	buffer_init(&plain, INDEX_PLAIN_MAX);
	if (names == NULL)
		goto done;
	index_put_head(&plain, &head);
	cbor_put_array(&plain, segments);
	for (size_t i = 0; i < make->segments_count; i++) {
		names[i] = make->segments[i].name;
		if (i < segments) /* losers' segments are named, and that is all */
			index_put_segment(&plain, &make->segments[i].index);
	}
	result = put_devices(make, &plain);
	if (result == ENGINE_OK)
		result = check_index(make, buffer_view(&plain));
	if (result == ENGINE_OK)
		result = send_plain(make, &plain, BLOB_INDEX, PLACE_INDEX, flight);
	if (result != ENGINE_OK)
		goto done;
	flight->sealing.header.names = names;
	flight->sealing.header.names_count = make->segments_count;
	flight->sealing.header.losers_count = make->losers_count;
	flight->sealing.names = names;
	names = NULL;
	make->index_made = true;
done:
	free(names);
	buffer_clear(&plain);
	return result;
}

/* The state's last run is closed: the losers' runs follow, and after those nothing. */
static enum engine_result scan_end(struct make *make)
{
	const struct journal *journal = &make->state->engine->journal;
	uint64_t count, bytes;

	make->cut = make->losers;
	if (make->losers)
		return ENGINE_OK;
	make->losers = true;
	make->scan_over = false;
	return engine_of_journal(journal->ops->scan_open(journal->self, JOURNAL_SCAN_LOSERS,
	    &load_in_making, make->state->call, &count, &bytes));
}

enum engine_result make_next(struct make *make, bool alone, bool *put_out, struct flight *flight)
{
	bool put = false;
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && !put && !make->cut) { /* each round closes a run */
		result = fill_run(make);
		if (result == ENGINE_OK && make->run_rows > 0)
			result = close_run(make, &put, flight);
		else if (result == ENGINE_OK)
			result = scan_end(make);
		if (make->losers_count == LOSERS_SEGMENTS_MAX ||
		    (make->losers && make->segments_count == SEGMENTS_MAX))
			make->cut = true; /* the oldest stay out */
	}
	if (result == ENGINE_OK && !put && alone && !make->index_made) {
		result = close_index(make, flight);
		put = true;
	}
	if (result == ENGINE_OK)
		*put_out = put;
	return result;
}

enum engine_result segments_begin(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;
	enum journal_result result = journal->ops->segments_clear(journal->self, state->call);

	if (result == JOURNAL_OK)
		result = journal->ops->meta_remove(journal->self, META_INDEX, state->call);
	return engine_of_journal(result);
}

enum engine_result segments_add(
    struct sync_state *state, const struct digest *run_hash, const struct blob_name *name)
{
	const struct journal *journal = &state->engine->journal;
	struct journal_segment segment = {
	    .run_hash = *run_hash, .name_hash = name->hash, .name_count = name->count};

	return engine_of_journal(journal->ops->segment_add(journal->self, &segment, state->call));
}

void segments_weigh(
    struct sync_state *state, uint64_t counted_bytes, uint64_t counted, uint64_t all)
{
	uint64_t mean = counted > 0 ? counted_bytes / counted : SEGMENT_TARGET / 2;

	state->facts.public.snapshot_bytes = counted_bytes + (all - counted) * mean;
}

void log_begins(struct sync_state *state, uint64_t seq)
{
	state->facts.public.log_bytes = 0;
	state->facts.public.snapshot_seq = seq;
}

enum engine_result make_put_done(struct make *make, const struct flight *flight)
{
	struct made_segment *segment;
	enum engine_result result;

	if (flight->place == PLACE_INDEX) {
		make->index_name = flight->name;
		return ENGINE_OK;
	}
	segment = &make->segments[flight->place];
	segment->name = flight->name;
	if (flight->sealing.header.kind == BLOB_SEGMENT)
		make->there += segment->index.entries_count;
	make->put_bytes += flight->blob_len;
	make->put_count++;
	result = state_begin_light(make->state);
	if (result != ENGINE_OK)
		return result;
	result = segments_add(make->state, &segment->index.run_hash, &segment->name);
	if (result == ENGINE_OK)
		result = state_commit(make->state);
	if (result != ENGINE_OK)
		state_rollback(make->state);
	return result;
}

static void reset_header(const struct make *make, struct frame_header *header)
{
	const struct sync_state *state = make->state;

	header->seq = own_seq(make);
	header->previous = make->follows.hash;
	header->roster = state->roster->hashes[make->roster_index];
	header->epoch = state->roster->epochs[make->roster_index];
	header->has_abandoned = true;
	header->abandoned = state->facts.public.known_head;
}

enum engine_result make_frame(struct make *make, struct push *out)
{
	struct sync_state *state = make->state;
	const struct journal *journal = &state->engine->journal;
	struct frame_sealed sealed = {.floor = state->facts.public.floor, .time_ms = make->time_ms};
	struct frame_header header;
	struct push push = {0};
	uint8_t now[ROOT_LEN];
	enum engine_result result;

	push_header(state, make->kind, &header);
	if (make->kind == FRAME_RESET)
		reset_header(make, &header);
	header.has_blob = true;
	header.blob = make->index_name;
	root_of(&make->sum, sealed.root);
	if (make->kind != FRAME_RESET)
		sealed.reset_seq = state->facts.public.reset_seq;
	if (make->kind == FRAME_RESET) /* the way out of a stored sum that is wrong, too */
		state->sum = make->sum;
	root_of(make->kind == FRAME_LOAD ? &make->moved : &state->sum, now);
	if (memcmp(now, sealed.root, ROOT_LEN) != 0) {
		call_sayf(state->call, "this home's state root is not its state's: run "
				       "`inkseal doctor`; nothing was sent");
		return ENGINE_ROOT;
	}
	if (make->kind != FRAME_LOAD) {
		header.has_covered = true;
		header.covered = state->facts.public.head;
		sealed.has_covered_root = true;
		memcpy(sealed.covered_root, sealed.root, ROOT_LEN);
	}
	result = push_seal(state, &header, &sealed, &push);
	if (result == ENGINE_OK)
		result = state_begin(state);
	if (result != ENGINE_OK)
		goto done;
	if (make->kind == FRAME_LOAD)
		result = engine_of_journal(journal->ops->sent_rename(
		    journal->self, &load_in_making, &push.frame_hash, header.seq, state->call));
	else
		result = engine_of_journal(journal->ops->sent_add(
		    journal->self, &push.frame_hash, header.seq, state->call));
	if (result == ENGINE_OK)
		result = state_commit(state);
	if (result != ENGINE_OK)
		state_rollback(state);
done:
	if (result == ENGINE_OK)
		*out = push;
	else
		push_clear(&push);
	return result;
}

/* The root's sum over the state with the versions of a sent load in it. */
static enum engine_result sum_sent(
    struct sync_state *state, const struct digest *frame, struct root_sum *sum)
{
	const struct journal *journal = &state->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		struct digest version;
		struct journal_entry known = {0};
		enum journal_result found = journal->ops->sent_next(
		    journal->self, frame, view_bytes(&after), state->call, &id, &version);

		if (found == JOURNAL_NONE)
			break;
		if (found == JOURNAL_OK)
			found = journal->ops->entry_get(
			    journal->self, view_bytes(&id), state->call, &known);
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
static bool sum_made(
    const struct make *make, uint64_t count, const struct digest *versions, struct root_sum *sum)
{
	if (count != make->sent_count || !digest_equal(versions, &make->sent_versions))
		return false;
	*sum = make->sum;
	return true;
}

/* make: what has made the load; NULL: another process has, and the sum is made again. */
static enum engine_result acknowledge(struct sync_state *state, const struct make *make,
    const struct frame *frame, const struct frame_sealed *sealed)
{
	const struct journal *journal = &state->engine->journal;
	struct digest versions = {{0}};
	uint64_t count = 0;
	uint8_t root[ROOT_LEN];
	bool summed = true;
	enum engine_result result = ENGINE_OK;

	if (make == NULL)
		result = sum_sent(state, &frame->hash, &state->sum);
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->sent_take(journal->self, &frame->hash, &frame->header.device,
			frame->header.seq, sealed->time_ms, state->call, &count, &versions));
	if (result != ENGINE_OK)
		return result;
	if (make != NULL)
		summed = sum_made(make, count, &versions, &state->sum);
	root_of(&state->sum, root);
	if (!summed || memcmp(root, sealed->root, ROOT_LEN) != 0) {
		call_sayf(state->call, "after this device's own load its state root differs: "
				       "everything is kept, sync stops");
		return ENGINE_ROOT;
	}
	state->totals.pushed += count;
	return ENGINE_OK;
}

/*
 * The log begins with it, and it is this device's last frame: by that others count how far it has
 * acknowledged the log.
 */
static enum engine_result note_own(
    struct sync_state *state, const struct frame *frame, const struct frame_sealed *sealed)
{
	const struct journal *journal = &state->engine->journal;

	log_begins(state, frame->header.seq);
	return engine_of_journal(journal->ops->device_seen(
	    journal->self, &frame->header.device, frame->header.seq, sealed->time_ms, state->call));
}

enum engine_result make_acknowledge(
    struct sync_state *state, const struct frame *frame, const struct frame_sealed *sealed)
{
	enum engine_result result = acknowledge(state, NULL, frame, sealed);

	return result == ENGINE_OK ? note_own(state, frame, sealed) : result;
}

static enum engine_result acknowledge_reset(struct sync_state *state, const struct frame *frame)
{
	const struct journal *journal = &state->engine->journal;
	struct sync_facts *facts = &state->facts.public;
	struct head before = {frame->header.seq - 1, frame->header.previous};
	size_t index = state->roster_index;
	const char *message = "it is not of this device's state";
	enum format_result checked = FORMAT_FORGED;
	enum engine_result result;

	if (head_equal(&frame->header.covered, &facts->head))
		checked = frame_check(frame, &before, state->roster, &index, &message);
	if (checked != FORMAT_OK) {
		call_sayf(state->call, "this device's own reset does not hold: %s", message);
		return checked == FORMAT_NO_MEMORY ? ENGINE_FAILED : ENGINE_DAMAGED;
	}
	state->roster_index = index;
	facts->head = (struct head){frame->header.seq, frame->hash};
	facts->reset_seq = frame->header.seq;
	facts->reset_ms = clock_wall_ms(state->engine->clock);
	state->totals.reset = true;
	result = engine_of_journal(
	    journal->ops->cloud_placed(journal->self, frame->header.seq, state->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_RESET,
		    (struct view){0}, "this device's journal took the place of the cloud copy",
		    clock_wall_ms(state->engine->clock), state->call));
	return result;
}

enum engine_result make_acknowledge_reset(struct sync_state *state, const struct frame *frame)
{
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	enum engine_result result = acknowledge_reset(state, frame);

	if (result == ENGINE_OK)
		result = apply_open(state, frame, &payload, &sealed);
	if (result == ENGINE_OK)
		result = note_own(state, frame, &sealed);
	bytes_clear(&payload);
	return result;
}

static enum engine_result remember_segments(struct make *make)
{
	enum engine_result result = segments_begin(make->state);

	for (size_t i = 0; i < make->segments_count && result == ENGINE_OK; i++)
		result = segments_add(
		    make->state, &make->segments[i].index.run_hash, &make->segments[i].name);
	segments_weigh(make->state, make->put_bytes, make->put_count, make->segments_count);
	return result;
}

enum engine_result make_committed(struct make *make, struct view encoded)
{
	struct sync_state *state = make->state;
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	struct frame frame;
	enum engine_result result = engine_of_format(frame_decode(encoded, &frame));

	if (result == ENGINE_OK)
		result = make->kind == FRAME_RESET ? acknowledge_reset(state, &frame)
						   : apply_head(state, &frame);
	if (result == ENGINE_OK)
		result = apply_open(state, &frame, &payload, &sealed);
	if (result == ENGINE_OK && make->kind == FRAME_LOAD)
		result = acknowledge(state, make, &frame, &sealed);
	if (result == ENGINE_OK)
		result = remember_segments(make);
	if (result == ENGINE_OK)
		result = note_own(state, &frame, &sealed);
	bytes_clear(&payload);
	return result;
}

void make_progress(const struct make *make, uint64_t *done_out, uint64_t *all_out)
{
	*done_out = make->there;
	*all_out = make->count;
}

enum engine_result make_learn(
    struct sync_state *state, const struct blob_name *name, struct view blob)
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
	    state, name, blob, BLOB_INDEX, INDEX_PLAIN_MAX, names, &names_count, NULL, &plain);
	if (result != ENGINE_OK)
		goto done;
	if (index_read(view_bytes(&plain), &parts) != FORMAT_OK ||
	    parts.segments_count > names_count) {
		call_sayf(state->call, "the newest index cannot be read; nothing was changed");
		result = ENGINE_DAMAGED;
		goto done;
	}
	result = segments_begin(state);
	cbor_read(&reader, parts.segments);
	for (size_t i = 0; i < parts.segments_count && result == ENGINE_OK; i++) {
		struct index_segment segment;

		index_read_segment(&reader, &segment);
		result = segments_add(state, &segment.run_hash, &names[i]);
	}
done:
	bytes_clear(&plain);
	free(names);
	return result;
}
