/*
 * cli/store/store_sent.c: what was sent in frames whose answer is not known yet: the versions of
 * each.
 */
#include "cli/store/store_sent.h"
#include "cli/store/store_sql.h"

static enum journal_result sent_remove(
    struct store *store, const struct digest *frame, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, store,
	    "DELETE FROM sent_versions WHERE sent = (SELECT number FROM sent WHERE frame = ?1)");
	sql_digest(&sql, frame);
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, store, "DELETE FROM sent WHERE frame = ?1");
	sql_digest(&sql, frame);
	return sql_run(&sql, call);
}

/* Anew: a draft that was given up leaves no version behind in the next one of that name. */
enum journal_result store_sent_add(
    void *self, const struct digest *frame, uint64_t seq, struct call *call)
{
	struct sql sql;
	enum journal_result result = sent_remove(self, frame, call);

	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, self, "INSERT INTO sent (frame, seq) VALUES (?1, ?2)");
	sql_digest(&sql, frame);
	sql_int(&sql, (int64_t)seq);
	return sql_run(&sql, call);
}

enum journal_result store_sent_all_dirty(void *self, const struct digest *frame, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self,
	    "INSERT INTO sent_versions (sent, id, version)"
	    " SELECT (SELECT number FROM sent WHERE frame = ?1), id, local FROM entries"
	    " WHERE local IS NOT NULL AND local IS NOT cloud ORDER BY id"
	    " ON CONFLICT (sent, id) DO UPDATE SET version = excluded.version");
	sql_digest(&sql, frame);
	return sql_run(&sql, call);
}

enum journal_result store_sent_known(void *self, const struct digest *frame, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self, "SELECT 1 FROM sent WHERE frame = ?1");
	sql_digest(&sql, frame);
	result = sql_row(&sql, call);
	return result == JOURNAL_OK ? sql_finish(&sql, call) : result;
}

enum journal_result store_sent_next(void *self, const struct digest *frame, struct view after,
    struct call *call, struct bytes *id_out, struct digest *version_out)
{
	struct sql sql;
	struct bytes id = {0};
	struct digest version = {{0}};
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT sv.id, sv.version FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    " WHERE sent.frame = ?1 AND sv.id > ?2 ORDER BY sv.id LIMIT 1");
	sql_digest(&sql, frame);
	sql_text(&sql, after);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	(void)sql_digest_at(&sql, 1, &version);
	result = sql_take_id(&sql, call, &id);
	if (result != JOURNAL_OK)
		return result;
	*id_out = id;
	*version_out = version;
	return JOURNAL_OK;
}

/* An entry that was carried has a row still: its local version keeps it. */
enum journal_result store_sent_acknowledge(void *self, const struct digest *frame,
    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *call,
    uint64_t *count_out, struct digest *versions_out)
{
	struct store *store = self;
	struct digest versions = {{0}};
	struct sql sql;
	int64_t carried = 0;
	enum journal_result result;

	sql_read(&sql, store,
	    "SELECT sv.version FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    " WHERE sent.frame = ?1");
	sql_digest(&sql, frame);
	while ((result = sql_row(&sql, call)) == JOURNAL_OK) {
		struct digest version = {{0}};

		(void)sql_digest_at(&sql, 0, &version);
		for (size_t i = 0; i < DIGEST_LEN; i++)
			versions.bytes[i] ^= version.bytes[i];
		carried++;
	}
	if (result != JOURNAL_NONE)
		return result;
	sql_write(&sql, store,
	    "UPDATE entries SET base = sv.version, cloud = sv.version, author = ?2,"
	    " cloud_seq = ?3, cloud_ms = ?4"
	    " FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    " WHERE sent.frame = ?1 AND entries.id = sv.id");
	sql_digest(&sql, frame);
	sql_device(&sql, author);
	sql_int(&sql, (int64_t)seq);
	sql_int(&sql, time_ms);
	result = sql_run(&sql, call);
	if (result == JOURNAL_OK && sqlite3_changes64(store->db) != carried) {
		call_sayf(call, "an entry is missing from the journal: run `inkseal doctor`");
		return JOURNAL_FAILED;
	}
	if (result != JOURNAL_OK)
		return result;
	*count_out = (uint64_t)carried;
	*versions_out = versions;
	return JOURNAL_OK;
}

enum journal_result store_sent_rename(
    void *self, const struct digest *from, const struct digest *to, uint64_t seq, struct call *call)
{
	struct sql sql;
	enum journal_result result = store_sent_known(self, from, call);

	if (result == JOURNAL_OK && !digest_equal(from, to))
		result = sent_remove(self, to, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, self, "UPDATE sent SET frame = ?1, seq = ?2 WHERE frame = ?3");
	sql_digest(&sql, to);
	sql_int(&sql, (int64_t)seq);
	sql_digest(&sql, from);
	return sql_run(&sql, call);
}

enum journal_result store_sent_prune(void *self, uint64_t seq, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, self,
	    "DELETE FROM sent_versions WHERE sent IN (SELECT number FROM sent WHERE seq <= ?1)");
	sql_int(&sql, (int64_t)seq);
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, self, "DELETE FROM sent WHERE seq <= ?1");
	sql_int(&sql, (int64_t)seq);
	return sql_run(&sql, call);
}
