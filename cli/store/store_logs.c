/*
 * cli/store/store_logs.c: what is only added to: histories, the activity log, losers that are to be
 * carried.
 */
#include "cli/store/store_logs.h"
#include "cli/store/store_sql.h"

enum journal_result store_history_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, enum history_kind kind, int64_t at_ms, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self,
	    "INSERT INTO history (id, version, author, kind, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	sql_device(&sql, author);
	sql_int(&sql, kind);
	sql_int(&sql, at_ms);
	return sql_run(&sql, call);
}

enum journal_result store_activity_add(void *self, enum activity_kind kind, struct view id,
    const char *detail, int64_t at_ms, struct call *call)
{
	struct sql sql;

	sql_write(
	    &sql, self, "INSERT INTO activity (at_ms, kind, id, detail) VALUES (?1, ?2, ?3, ?4)");
	sql_int(&sql, at_ms);
	sql_int(&sql, kind);
	sql_text_or_null(&sql, id.len == 0 ? (struct view){0} : id);
	sql_text(&sql, detail == NULL ? (struct view){0} : view_text(detail));
	return sql_run(&sql, call);
}

enum journal_result store_loser_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self,
	    "INSERT INTO losers (id, version, author) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (id, version) DO UPDATE SET author = excluded.author");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	sql_device(&sql, author);
	return sql_run(&sql, call);
}

enum journal_result store_loser_next(void *self, struct view after_id,
    const struct digest *after_version, struct call *call, struct journal_loser *out)
{
	static const struct digest lowest = {{0}};
	struct journal_loser loser = {0};
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT l.id, l.version, l.author, v.encoded FROM losers AS l"
	    " LEFT JOIN versions AS v ON v.hash = l.version"
	    " WHERE (l.id, l.version) > (?1, ?2) ORDER BY l.id, l.version LIMIT 1");
	sql_text(&sql, after_id);
	sql_digest(&sql, after_version == NULL ? &lowest : after_version);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	if (sql_view_at(&sql, 3).data == NULL) {
		sql_close(&sql);
		call_sayf(call, "a version is missing from the journal: run `inkseal doctor`");
		return JOURNAL_FAILED;
	}
	sql_bytes_at(&sql, 0, &loser.id);
	(void)sql_digest_at(&sql, 1, &loser.version);
	(void)sql_device_at(&sql, 2, &loser.author);
	sql_bytes_at(&sql, 3, &loser.encoded);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK) {
		*out = loser;
	} else {
		bytes_clear(&loser.id);
		bytes_clear(&loser.encoded);
	}
	return result;
}

/* As the frame says it, where the history has it already. */
static enum journal_result loser_as_told(struct store *store, struct view id,
    const struct digest *version, const struct device_id *author, int64_t time_ms,
    struct call *call)
{
	struct sql sql;

	sql_write(&sql, store,
	    "UPDATE history SET at_ms = ?4, author = ?5"
	    " WHERE id = ?1 AND version = ?2 AND kind = ?3");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	sql_int(&sql, HISTORY_LOSER);
	sql_int(&sql, time_ms);
	sql_device(&sql, author);
	return sql_run(&sql, call);
}

enum journal_result store_loser_settled(void *self, struct view id, const struct digest *version,
    const struct device_id *author, int64_t time_ms, struct call *call)
{
	struct store *store = self;
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, store, "DELETE FROM losers WHERE id = ?1 AND version = ?2");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	result = sql_run(&sql, call);
	if (result == JOURNAL_OK)
		result = loser_as_told(store, id, version, author, time_ms, call);
	if (result != JOURNAL_OK || sqlite3_changes64(store->db) > 0)
		return result;
	return store_history_add(store, id, version, author, HISTORY_LOSER, time_ms, call);
}

enum journal_result store_version_author(void *self, struct view id, const struct digest *version,
    struct call *call, struct device_id *author_out)
{
	struct sql sql;
	struct device_id author = {{0}};
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT author FROM history WHERE id = ?1 AND version = ?2 ORDER BY number LIMIT 1");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	(void)sql_device_at(&sql, 0, &author);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*author_out = author;
	return result;
}
