/*
 * cli/engine/cut.c: the state cut into runs. What is stored is held against its hash before it goes
 * into one.
 */
#include "cli/engine/cut.h"
#include "cli/engine/losers.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#define SEGMENT_FLOOR (128u << 10) /* of a small journal */
#define SEGMENTS_TARGET_MAX 1000u  /* above this the floor doubles */
#define ROW_MORE_MAX 64u           /* what a row has beside its entry */
#define DAY_MS INT64_C(86400000)

const struct digest cut_load_placeholder;

/* The runs' own bytes, or a little more. */
uint64_t cut_bytes(uint64_t count, uint64_t bytes)
{
	return bytes + count * ROW_MORE_MAX;
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

void cutter_init(struct cutter *cutter, struct replica *replica)
{
	*cutter = (struct cutter){.replica = replica, .moved = replica->sum};
	buffer_init(&cutter->run, SEGMENT_PLAIN_MAX);
}

static enum engine_result open_scan(
    struct cutter *cutter, enum journal_scan which, uint64_t *count_out, uint64_t *bytes_out)
{
	const struct journal *journal = &cutter->replica->engine->journal;

	return engine_of_journal(journal->ops->scan_open(journal->self, which,
	    &cut_load_placeholder, cutter->replica->call, count_out, bytes_out));
}

enum engine_result cutter_open(
    struct cutter *cutter, bool with_load, uint64_t *count_out, uint64_t *bytes_out)
{
	enum engine_result result = open_scan(
	    cutter, with_load ? JOURNAL_SCAN_SENT : JOURNAL_SCAN_CLOUD, count_out, bytes_out);

	if (result == ENGINE_OK)
		cut_for(*count_out, *bytes_out, &cutter->by);
	return result;
}

enum engine_result cutter_open_losers(struct cutter *cutter)
{
	uint64_t count, bytes;

	cutter->losers = true;
	cutter->scan_over = false;
	return open_scan(cutter, JOURNAL_SCAN_LOSERS, &count, &bytes);
}

static void row_clear(struct journal_row *row)
{
	bytes_clear(&row->id);
	bytes_clear(&row->encoded);
	*row = (struct journal_row){0};
}

static bool is_boundary(const struct cutter *cutter, const struct journal_row *row)
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
	return (value & cutter->by.mask) == 0;
}

/* It is old, told by this device's clock, or there is no room for it. */
static bool loser_stays_out(struct cutter *cutter)
{
	int64_t now_ms = clock_wall_ms(cutter->replica->engine->clock);

	cutter->losers_bytes += losers_row_len(cutter->ahead.id.len);
	return cutter->losers_bytes > LOSERS_ROWS_MAX ||
	       cutter->ahead.cloud_ms < now_ms - LOSERS_DAYS * DAY_MS;
}

/* Fills the row ahead; *over_out at the scan's end. */
static enum engine_result read_ahead(struct cutter *cutter, bool *over_out)
{
	const struct journal *journal = &cutter->replica->engine->journal;
	enum journal_result found;

	*over_out = false;
	if (cutter->has_ahead)
		return ENGINE_OK;
	if (cutter->scan_over) {
		*over_out = true;
		return ENGINE_OK;
	}
	found = journal->ops->scan_next(journal->self, cutter->replica->call, &cutter->ahead);
	if (found == JOURNAL_OK && cutter->losers && loser_stays_out(cutter)) {
		row_clear(&cutter->ahead);
		found = JOURNAL_NONE; /* and so do all that follow: the newest come first */
	}
	if (found == JOURNAL_NONE) {
		cutter->scan_over = true;
		*over_out = true;
		return ENGINE_OK;
	}
	cutter->has_ahead = found == JOURNAL_OK;
	if (cutter->losers) /* their place in the order is when they were settled */
		cutter->ahead.created_ms = cutter->ahead.cloud_ms;
	return engine_of_journal(found);
}

/* What a row of the state adds beside the run: to the root. */
static void count_row(struct cutter *cutter, const struct journal_row *row, bool sent)
{
	struct root_sum element = {0};

	root_add(&element, view_bytes(&row->id), &row->version);
	root_merge(&cutter->load.sum, &element);
	if (sent) {
		root_merge(&cutter->moved, &element);
		if (row->replaces)
			root_remove(&cutter->moved, view_bytes(&row->id), &row->replaced);
		for (size_t i = 0; i < DIGEST_LEN; i++)
			cutter->load.versions.bytes[i] ^= row->version.bytes[i];
		cutter->load.count++;
	}
	cutter->seen++;
}

/* What is stored is not what was: it must not travel under a name that others rely on. */
static enum engine_result check_row(struct cutter *cutter, bool *sound_out)
{
	const struct journal_row *row = &cutter->ahead;
	struct digest version;
	struct entry entry;
	enum format_result read = entry_read(view_bytes(&row->encoded), &entry, &version);

	if (read == FORMAT_NO_MEMORY) {
		call_sayf(cutter->replica->call, "no memory for a segment");
		return ENGINE_FAILED;
	}
	*sound_out = read == FORMAT_OK && digest_equal(&version, &row->version) &&
		     view_equal(entry.id, view_bytes(&row->id)) &&
		     (cutter->losers || (time_parse_ms(entry.created_at) == row->created_ms &&
					    entry_deleted(&entry) == row->deleted));
	*sound_out |= MUTATION(ROT_SENT);
	return ENGINE_OK;
}

/* Takes the row ahead into the run. */
static enum engine_result add_row(struct cutter *cutter)
{
	static const struct device_id none;
	struct journal_row *row = &cutter->ahead;
	bool sent = !cutter->losers && device_equal(&row->author, &none);
	/* What a load sends has no place before it is committed: made again, it seals equally. */
	struct row item = {.author = sent ? *replica_device(cutter->replica) : row->author,
	    .entry = view_bytes(&row->encoded),
	    .deleted = row->deleted,
	    .seq = sent ? 0 : row->cloud_seq,
	    .time_ms = row->cloud_ms};

	row_put(&cutter->run, &item, cutter->losers);
	if (!cutter->losers)
		count_row(cutter, row, sent);
	if (cutter->rows == 0) {
		cutter->first.created_ms = row->created_ms;
		cutter->first.id = row->id;
		row->id = (struct bytes){0};
	}
	cutter->rows++;
	row_clear(row);
	cutter->has_ahead = false;
	if (cutter->run.failed) {
		call_sayf(
		    cutter->replica->call, "a segment could not be made: too large, or no memory");
		return ENGINE_FAILED;
	}
	return ENGINE_OK;
}

/* A damaged loser stays out, for it is no part of the state; a damaged entry stops it all. */
static enum engine_result leave_row(struct cutter *cutter)
{
	if (!cutter->losers)
		return version_unsound(view_bytes(&cutter->ahead.id), cutter->replica->call);
	row_clear(&cutter->ahead);
	cutter->has_ahead = false;
	return ENGINE_OK;
}

/* True if the run ends before the row ahead. */
static bool run_ends(const struct cutter *cutter)
{
	if (cutter->rows == 0)
		return false;
	if (cutter->rows >= ROWS_COUNT_MAX - 1 ||
	    cutter->run.len + cutter->ahead.encoded.len + ROW_MORE_MAX > ENTRY_MAX)
		return true;
	return cutter->run.len >= cutter->by.floor && is_boundary(cutter, &cutter->ahead);
}

enum engine_result cutter_fill(struct cutter *cutter)
{
	bool over = false;
	enum engine_result result = read_ahead(cutter, &over);

	while (result == ENGINE_OK && !over && !run_ends(cutter)) {
		bool sound = false;

		result = check_row(cutter, &sound);
		if (result == ENGINE_OK && sound)
			result = add_row(cutter);
		else if (result == ENGINE_OK)
			result = leave_row(cutter);
		if (result == ENGINE_OK)
			result = read_ahead(cutter, &over);
	}
	return result;
}

void cutter_next(struct cutter *cutter)
{
	buffer_clear(&cutter->run);
	row_clear(&cutter->first);
	cutter->rows = 0;
}

void cutter_clear(struct cutter *cutter)
{
	const struct journal *journal = &cutter->replica->engine->journal;

	journal->ops->scan_close(journal->self);
	row_clear(&cutter->ahead);
	row_clear(&cutter->first);
	buffer_clear(&cutter->run);
}
