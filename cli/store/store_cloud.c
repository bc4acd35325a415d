/*
 * cli/store/store_cloud.c: what is known of the cloud copy as a whole: its segments, its devices'
 * places in the log, and what a reset or a wipe has forgotten.
 */
#include "cli/store/store_cloud.h"
#include "cli/store/store_sql.h"

enum journal_result store_segment_find(
    void *self, const struct digest *run_hash, struct call *call, struct journal_segment *out)
{
	struct journal_segment segment = {0};
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self, "SELECT name_count, name_hash FROM segments WHERE run_hash = ?1");
	sql_digest(&sql, run_hash);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	segment.run_hash = *run_hash;
	segment.name_count = (uint64_t)sql_int_at(&sql, 0);
	(void)sql_digest_at(&sql, 1, &segment.name_hash);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*out = segment;
	return result;
}

enum journal_result store_segment_add(
    void *self, const struct journal_segment *segment, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self,
	    "INSERT INTO segments (run_hash, name_count, name_hash) VALUES (?1, ?2, ?3)"
	    " ON CONFLICT (run_hash) DO UPDATE SET name_count = excluded.name_count,"
	    " name_hash = excluded.name_hash");
	sql_digest(&sql, &segment->run_hash);
	sql_int(&sql, (int64_t)segment->name_count);
	sql_digest(&sql, &segment->name_hash);
	return sql_run(&sql, call);
}

enum journal_result store_segments_clear(void *self, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self, "DELETE FROM segments");
	return sql_run(&sql, call);
}

static enum journal_result run_all(
    struct store *store, const char *const *steps, size_t count, struct call *call)
{
	enum journal_result result = JOURNAL_OK;

	for (size_t i = 0; i < count && result == JOURNAL_OK; i++) {
		struct sql sql;

		sql_write(&sql, store, steps[i]);
		result = sql_run(&sql, call);
	}
	return result;
}

enum journal_result store_bases_forget(void *self, struct call *call)
{
	static const char *const steps[] = {
	    "UPDATE entries SET base = NULL WHERE base IS NOT NULL AND local IS NOT cloud",
	    "UPDATE entries SET base = cloud WHERE base IS NOT cloud AND local IS cloud",
	    "DELETE FROM entries WHERE local IS NULL AND base IS NULL AND cloud IS NULL",
	};

	return run_all(self, steps, COUNT_OF(steps), call);
}

enum journal_result store_cloud_placed(void *self, uint64_t seq, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self, "UPDATE entries SET cloud_seq = ?1 WHERE cloud IS NOT NULL");
	sql_int(&sql, (int64_t)seq);
	return sql_run(&sql, call);
}

/* Without a cloud every local version is unsynced, and what was in the cloud alone is gone. */
enum journal_result store_cloud_forget(void *self, struct call *call)
{
	static const char *const steps[] = {
	    ("UPDATE entries SET base = NULL, cloud = NULL, author = NULL, cloud_seq = 0,"
	     " cloud_ms = 0 WHERE base IS NOT NULL OR cloud IS NOT NULL"),
	    "DELETE FROM entries WHERE local IS NULL",
	    "DELETE FROM sent_versions",
	    "DELETE FROM sent",
	    "DELETE FROM segments",
	    "DELETE FROM staged",
	    "DELETE FROM devices",
	};

	return run_all(self, steps, COUNT_OF(steps), call);
}

enum journal_result store_device_seen(
    void *self, const struct device_id *device, uint64_t seq, int64_t time_ms, struct call *call)
{
	struct sql sql;

	/* An index may tell of an older frame than the log did. */
	sql_write(&sql, self,
	    "INSERT INTO devices (device, seq, time_ms) VALUES (?1, ?2, ?3) ON CONFLICT (device)"
	    " DO UPDATE SET seq = excluded.seq, time_ms = excluded.time_ms"
	    " WHERE excluded.seq >= devices.seq");
	sql_device(&sql, device);
	sql_int(&sql, (int64_t)seq);
	sql_int(&sql, time_ms);
	return sql_run(&sql, call);
}

enum journal_result store_device_get(void *self, const struct device_id *device, struct call *call,
    uint64_t *seq_out, int64_t *time_ms_out)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self, "SELECT seq, time_ms FROM devices WHERE device = ?1");
	sql_device(&sql, device);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	*seq_out = (uint64_t)sql_int_at(&sql, 0);
	*time_ms_out = sql_int_at(&sql, 1);
	sql_close(&sql); /* to read a number never fails */
	return JOURNAL_OK;
}
