/*
 * cli/engine/own_runs.c: the own cloud state, cut where an index says.
 */
#include "cli/engine/own_runs.h"
#include "cli/engine/result.h"

/* True if the row belongs before the segment: its key is less than the segment's first. */
static bool row_before(const struct journal_row *row, const struct index_segment *segment)
{
	if (row->created_ms != segment->first_ms)
		return row->created_ms < segment->first_ms;
	return view_compare(view_bytes(&row->id), segment->first_id) < 0;
}

/* The run that is compared: its rows' items, and who they are, to be staged if it is equal. */
struct own_run {
	struct replica *replica;
	const struct epoch_key *key;
	struct stage *stage;
	struct install_segment *segments;
	size_t segments_count;
	size_t at; /* the segment that it is compared with */
	bool any;  /* a row has come that stands in one */
	struct buffer items;
	struct buffer staged; /* what row_put does not put of them, and their places */
	size_t count;
	size_t equal; /* segments that the own state has */
};

static bool run_equal(const struct own_run *run, const struct index_segment *index)
{
	struct buffer plain;
	struct digest hash;
	bool equal = false;

	buffer_init(&plain, SEGMENT_PLAIN_MAX + 16);
	cbor_put_array(&plain, run->count);
	buffer_add_view(&plain, buffer_view(&run->items));
	if (!plain.failed && !run->items.failed && !run->staged.failed) {
		run_hash(run->key, buffer_view(&plain), &hash);
		equal = run->count == index->entries_count && digest_equal(&hash, &index->run_hash);
	}
	buffer_clear(&plain);
	return equal;
}

static enum engine_result stage_run(const struct own_run *run)
{
	struct cbor_reader reader;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, buffer_view(&run->staged));
	for (size_t i = 0; i < run->count && result == ENGINE_OK; i++) {
		struct row row = {.id = cbor_text(&reader, ENTRY_ID_MAX)};

		cbor_fixed(&reader, row.version.bytes, DIGEST_LEN);
		cbor_fixed(&reader, row.author.bytes, DEVICE_ID_LEN);
		row.deleted = cbor_bool(&reader);
		row.seq = cbor_uint(&reader, SEQ_MAX);
		row.time_ms = cbor_int(&reader);
		result = stage_own(run->stage, run->replica, &row);
	}
	return result;
}

/* buffer_clear keeps the maximum but not the failure: a too long run is simply not equal. */
static enum engine_result close_run(struct own_run *run)
{
	struct install_segment *segment = &run->segments[run->at];
	enum engine_result result = ENGINE_OK;

	if (segment->needed && run_equal(run, &segment->index)) {
		segment->needed = false;
		run->equal++;
		result = stage_run(run);
		stage_mark(run->stage, &segment->index.run_hash);
	}
	buffer_clear(&run->items);
	buffer_clear(&run->staged);
	run->count = 0;
	return result;
}

static void add_row(struct own_run *run, const struct journal_row *row)
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

/* The run ends where the row belongs to a later segment. */
static enum engine_result next_row(struct own_run *run, const struct journal_row *row)
{
	enum engine_result result = ENGINE_OK;

	if (row_before(row, &run->segments[0].index))
		return ENGINE_OK;
	run->any = true;
	while (result == ENGINE_OK && run->at + 1 < run->segments_count &&
	       !row_before(row, &run->segments[run->at + 1].index)) {
		result = close_run(run);
		run->at++;
	}
	add_row(run, row);
	return result;
}

static enum engine_result scan_rows(struct own_run *run)
{
	const struct journal *journal = &run->replica->engine->journal;
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && run->segments_count > 0) {
		struct journal_row row = {0};
		enum journal_result found =
		    journal->ops->scan_next(journal->self, run->replica->call, &row);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			result = next_row(run, &row);
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	return result == ENGINE_OK && run->any ? close_run(run) : result;
}

enum engine_result own_runs_stage(struct replica *replica, uint64_t epoch,
    struct install_segment *segments, size_t segments_count, struct stage *stage,
    size_t *staged_out)
{
	const struct journal *journal = &replica->engine->journal;
	struct own_run run = {.replica = replica,
	    .stage = stage,
	    .segments = segments,
	    .segments_count = segments_count};
	uint64_t count = 0;
	uint64_t bytes = 0;
	enum engine_result result = replica_key(replica, epoch, &run.key);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->scan_open(
		    journal->self, JOURNAL_SCAN_CLOUD, NULL, replica->call, &count, &bytes));
	if (result != ENGINE_OK)
		return result;
	buffer_init(&run.items, SEGMENT_PLAIN_MAX);
	buffer_init(&run.staged, SEGMENT_PLAIN_MAX);
	result = scan_rows(&run);
	buffer_clear(&run.items);
	buffer_clear(&run.staged);
	journal->ops->scan_close(journal->self);
	*staged_out = run.equal;
	return result;
}
