/*
 * cli/store/store_stage.c: the rows of a snapshot on its way in, and how they become the cloud's
 * state.
 */
#include "cli/store/store_stage.h"
#include "cli/store/store_sql.h"
#include "schemas/base/mutation.h"

enum journal_result store_stage_add(void *self, const struct journal_staged *row, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self,
	    "INSERT INTO staged (id, version, author, deleted, seq, time_ms)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET"
	    " version = excluded.version, author = excluded.author, deleted = excluded.deleted,"
	    " seq = excluded.seq, time_ms = excluded.time_ms");
	sql_text(&sql, row->id);
	sql_digest(&sql, &row->version);
	sql_device(&sql, &row->author);
	sql_int(&sql, row->deleted);
	sql_int(&sql, (int64_t)row->seq);
	sql_int(&sql, row->time_ms);
	return sql_run(&sql, call);
}

enum journal_result store_stage_next(void *self, struct view after, struct call *call,
    struct bytes *id_out, struct digest *version_out, struct device_id *author_out)
{
	struct sql sql;
	struct bytes id = {0};
	struct digest version = {{0}};
	struct device_id author = {{0}};
	enum journal_result result;

	sql_read(
	    &sql, self, "SELECT id, version, author FROM staged WHERE id > ?1 ORDER BY id LIMIT 1");
	sql_text(&sql, after);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	(void)sql_digest_at(&sql, 1, &version);
	(void)sql_device_at(&sql, 2, &author);
	result = sql_take_id(&sql, call, &id);
	if (result != JOURNAL_OK)
		return result;
	*id_out = id;
	*version_out = version;
	*author_out = author;
	return JOURNAL_OK;
}

enum journal_result store_stage_count(void *self, struct call *call, uint64_t *count_out)
{
	int64_t count;
	enum journal_result result =
	    store_number(self, "SELECT count(*) FROM staged", call, &count);

	if (result == JOURNAL_OK)
		*count_out = (uint64_t)count;
	return result;
}

enum journal_result store_stage_places(
    void *self, struct call *call, bool *own_out, uint64_t *newest_out)
{
	int64_t places[2]; /* the lowest, and the newest */
	enum journal_result result = store_numbers(self,
	    "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0) FROM staged WHERE deleted = 1",
	    call, places, COUNT_OF(places));

	if (result == JOURNAL_OK) {
		*own_out = places[0] == 0;
		*newest_out = (uint64_t)places[1];
	}
	return result;
}

enum journal_result store_stage_missing_next(
    void *self, struct view after, struct call *call, struct bytes *id_out)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT id FROM entries WHERE cloud IS NOT NULL AND id >= ?1"
	    " AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.id = entries.id)"
	    " ORDER BY id LIMIT 1");
	sql_text(&sql, after);
	result = sql_row(&sql, call);
	return result == JOURNAL_OK ? sql_take_id(&sql, call, id_out) : result;
}

static enum journal_result place_tombstones(
    struct store *store, uint64_t seq, int64_t time_ms, struct call *call)
{
	struct sql sql;

	sql_write(&sql, store,
	    "UPDATE entries SET cloud_seq = iif(staged.seq = 0, ?1, staged.seq),"
	    " cloud_ms = iif(staged.seq = 0, ?2, staged.time_ms)"
	    " FROM staged WHERE staged.deleted = 1 AND entries.id = staged.id");
	sql_int(&sql, (int64_t)seq);
	sql_int(&sql, time_ms);
	return sql_run(&sql, call);
}

enum journal_result store_stage_install(
    void *self, uint64_t seq, int64_t time_ms, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, self,
	    "INSERT INTO entries (id, cloud, author, cloud_seq, cloud_ms)"
	    " SELECT id, version, author, ?1, ?2 FROM staged WHERE true ORDER BY id"
	    " ON CONFLICT (id) DO UPDATE SET cloud = excluded.cloud, author = excluded.author,"
	    " cloud_seq = excluded.cloud_seq, cloud_ms = excluded.cloud_ms"
	    " WHERE entries.cloud IS NOT excluded.cloud OR entries.author IS NOT excluded.author");
	sql_int(&sql, (int64_t)seq);
	sql_int(&sql, time_ms);
	result = sql_run(&sql, call);
	if (result == JOURNAL_OK)
		result = place_tombstones(self, seq, time_ms, call);
	if (result != JOURNAL_OK || !MUTATION(FAR_NEW_BASE))
		return result;
	sql_write(&sql, self, "UPDATE entries SET base = cloud WHERE base IS NOT NULL");
	return sql_run(&sql, call);
}

enum journal_result store_stage_clear(void *self, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self, "DELETE FROM staged");
	return sql_run(&sql, call);
}
