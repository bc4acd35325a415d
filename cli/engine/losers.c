/*
 * cli/engine/losers.c: losers' segments, read: versions that lost a conflict in the last 30 days,
 * for who has not met the patches that carried them. They are no part of the state: no root and no
 * run speaks of them, only their seal and the index that names them.
 */
#include "cli/engine/losers.h"
#include "cli/engine/result.h"
#include "schemas/cbor.h"
#include "schemas/patch.h"

void losers_init(struct losers *losers)
{
	*losers = (struct losers){0};
	buffer_init(&losers->rows, LOSERS_ROWS_MAX);
}

void losers_clear(struct losers *losers)
{
	buffer_clear(&losers->rows);
	losers->count = 0;
	losers->full = false;
}

size_t losers_row_len(size_t id_len)
{
	return (2 + id_len) + (2 + DIGEST_LEN) + (1 + DEVICE_ID_LEN) + 9;
}

static enum engine_result unreadable(const struct replica *replica, enum format_result result)
{
	if (result == FORMAT_NO_MEMORY) {
		call_sayf(replica->call, "no memory for a losers' segment");
		return ENGINE_FAILED;
	}
	call_sayf(replica->call, "a losers' segment cannot be read; nothing was changed");
	return ENGINE_DAMAGED;
}

static enum engine_result hold_row(
    struct losers *losers, struct replica *replica, const struct row *row)
{
	const struct journal *journal = &replica->engine->journal;

	losers->full |= losers->rows.len + losers_row_len(row->id.len) > LOSERS_ROWS_MAX;
	if (losers->full)
		return ENGINE_OK;
	cbor_put_text(&losers->rows, row->id);
	cbor_put_bytes(&losers->rows, row->version.bytes, DIGEST_LEN);
	cbor_put_bytes(&losers->rows, row->author.bytes, DEVICE_ID_LEN);
	cbor_put_int(&losers->rows, row->time_ms);
	if (losers->rows.failed) {
		call_sayf(replica->call, "no memory for the losers of a snapshot");
		return ENGINE_FAILED;
	}
	losers->count++;
	return engine_of_journal(
	    journal->ops->version_put(journal->self, &row->version, row->entry, replica->call));
}

enum engine_result losers_read(struct losers *losers, struct replica *replica, struct view plain)
{
	struct cbor_reader reader;
	size_t count;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, plain);
	count = cbor_array(&reader, ROWS_COUNT_MAX);
	for (size_t i = 0; i < count && result == ENGINE_OK; i++) {
		struct row row;

		row_read(&reader, true, &row);
		result = reader.result == FORMAT_OK ? hold_row(losers, replica, &row)
						    : unreadable(replica, reader.result);
	}
	if (result == ENGINE_OK && cbor_finish(&reader) != FORMAT_OK)
		result = unreadable(replica, reader.result);
	return result;
}

enum engine_result losers_file(const struct losers *losers, struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	struct cbor_reader reader;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, buffer_view(&losers->rows));
	for (size_t i = 0; i < losers->count && result == ENGINE_OK; i++) {
		struct view id = cbor_text(&reader, ENTRY_ID_MAX);
		struct digest version;
		struct device_id author;

		cbor_fixed(&reader, version.bytes, DIGEST_LEN);
		cbor_fixed(&reader, author.bytes, DEVICE_ID_LEN);
		result = engine_of_journal(journal->ops->loser_settled(
		    journal->self, id, &version, &author, cbor_time(&reader), replica->call));
	}
	return result;
}
