/*
 * cli/engine/stage.c: the rows of fetched segments, staged some at a time, and which segments they
 * were: so a pull that was cut goes on where it stopped. The marks are a named value: the hash of
 * the index, then the run hash of each segment that is staged.
 */
#include "cli/engine/stage.h"
#include "cli/engine/result.h"
#include "schemas/base/mutation.h"

#include <stdlib.h>
#include <string.h>

#define HELD_BYTES (2u << 20) /* of plaintext: what a cut has fetched again */

void stage_clear(struct stage *stage)
{
	for (size_t i = 0; i < stage->held_count; i++)
		opening_free(stage->held[i]);
	free(stage->runs);
	*stage = (struct stage){0};
}

enum engine_result stage_forget(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result = journal->ops->stage_clear(journal->self, replica->call);

	if (result == JOURNAL_OK)
		result = journal->ops->meta_remove(journal->self, META_STAGE, replica->call);
	return engine_of_journal(result);
}

/* What an earlier run has staged. */
static enum engine_result sum_staged(struct stage *stage, struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		struct digest version;
		struct device_id author;
		enum journal_result found = journal->ops->stage_next(
		    journal->self, view_bytes(&after), replica->call, &id, &version, &author);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			root_add(&stage->sum, view_bytes(&id), &version);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

enum engine_result stage_open(
    struct stage *stage, struct replica *replica, const struct digest *index)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes marks = {0};
	enum journal_result found =
	    journal->ops->meta_get(journal->self, META_STAGE, replica->call, &marks);
	enum engine_result result = ENGINE_OK;

	stage->index = *index;
	stage->runs = calloc(SEGMENTS_MAX, sizeof(stage->runs[0]));
	if (stage->runs == NULL)
		result = ENGINE_FAILED;
	else if (found != JOURNAL_OK && found != JOURNAL_NONE)
		result = engine_of_journal(found);
	else if (marks.len >= DIGEST_LEN && marks.len % DIGEST_LEN == 0 &&
		 marks.len / DIGEST_LEN - 1 <= SEGMENTS_MAX &&
		 memcmp(marks.data, index->bytes, DIGEST_LEN) == 0) {
		stage->runs_count = marks.len / DIGEST_LEN - 1;
		if (stage->runs_count > 0)
			memcpy(
			    stage->runs, marks.data + DIGEST_LEN, stage->runs_count * DIGEST_LEN);
		result = sum_staged(stage, replica);
	} else {
		result = stage_forget(replica);
	}
	bytes_clear(&marks);
	return result;
}

bool stage_has(const struct stage *stage, const struct digest *run_hash)
{
	for (size_t i = 0; i < stage->runs_count; i++)
		if (digest_equal(&stage->runs[i], run_hash))
			return true;
	return false;
}

void stage_mark(struct stage *stage, const struct digest *run_hash)
{
	if (stage->runs_count < SEGMENTS_MAX)
		stage->runs[stage->runs_count++] = *run_hash;
}

static enum journal_result stage_row(struct replica *replica, const struct row *row)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_staged staged = {.id = row->id,
	    .version = row->version,
	    .author = row->author,
	    .deleted = row->deleted,
	    .seq = MUTATION(PLACE_NOT_STAGED) ? 0 : row->seq,
	    .time_ms = row->time_ms};

	return journal->ops->stage_add(journal->self, &staged, replica->call);
}

enum engine_result stage_own(struct stage *stage, struct replica *replica, const struct row *row)
{
	root_add(&stage->sum, row->id, &row->version);
	return engine_of_journal(stage_row(replica, row));
}

void stage_hold(struct stage *stage, struct opening **opening)
{
	root_merge(&stage->sum, &(*opening)->sum);
	stage->held_bytes += (*opening)->plain.len;
	stage->held[stage->held_count++] = *opening;
	*opening = NULL;
}

bool stage_full(const struct stage *stage)
{
	return stage->held_bytes >= HELD_BYTES || stage->held_count == STAGE_HELD_MAX;
}

static enum engine_result stage_rows(struct replica *replica, const struct opening *held)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result = JOURNAL_OK;

	for (size_t i = 0; i < held->rows_count && result == JOURNAL_OK; i++) {
		const struct row *row = &held->rows[i];

		result = journal->ops->version_put(
		    journal->self, &row->version, row->entry, replica->call);
		if (result == JOURNAL_OK)
			result = stage_row(replica, row);
	}
	return engine_of_journal(result);
}

enum engine_result stage_store_marks(const struct stage *stage, struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	struct buffer marks;
	enum journal_result result;

	buffer_init(&marks, (SEGMENTS_MAX + 1) * DIGEST_LEN);
	buffer_add(&marks, stage->index.bytes, DIGEST_LEN);
	for (size_t i = 0; i < stage->runs_count; i++)
		buffer_add(&marks, stage->runs[i].bytes, DIGEST_LEN);
	result = marks.failed ? JOURNAL_FAILED
			      : journal->ops->meta_set(
				    journal->self, META_STAGE, buffer_view(&marks), replica->call);
	buffer_clear(&marks);
	return engine_of_journal(result);
}

enum engine_result stage_flush(struct stage *stage, struct replica *replica)
{
	enum engine_result result = ENGINE_OK;

	for (size_t i = 0; i < stage->held_count; i++) {
		if (result == ENGINE_OK)
			result = stage_rows(replica, stage->held[i]);
		stage_mark(stage, &stage->held[i]->run_hash);
		opening_free(stage->held[i]);
	}
	stage->held_count = 0;
	stage->held_bytes = 0;
	return result == ENGINE_OK ? stage_store_marks(stage, replica) : result;
}
