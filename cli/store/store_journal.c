/*
 * cli/store/store_journal.c: the engine's journal (cli/engine/journal.h) over SQLite: transactions,
 * named values, versions, entries and the iterations over them. What surrounds the entries has a
 * file each: store_scan.c, store_sent.c, store_logs.c, store_stage.c, store_cloud.c.
 */
#include "cli/store/store.h"
#include "cli/store/store_cloud.h"
#include "cli/store/store_logs.h"
#include "cli/store/store_scan.h"
#include "cli/store/store_search.h"
#include "cli/store/store_sent.h"
#include "cli/store/store_sql.h"
#include "cli/store/store_stage.h"

#include <assert.h>

/* The numbers stand in people's files. */
_Static_assert(HISTORY_EDIT == 0 && HISTORY_COPY == 6, "history.kind is stored");
_Static_assert(ACTIVITY_EDIT == 0 && ACTIVITY_RESET == 14, "activity.kind is stored");

/*
 * light: without a sync at the commit. The log is written in order, and synced before it is folded
 * in, so what is lost with the power is the end of it. The pragma does nothing inside a
 * transaction.
 */
static enum journal_result begin(struct store *store, bool light, struct call *call)
{
	int64_t left_ms = call->deadline_ms - clock_monotonic_ms(store->clock);
	enum journal_result result = JOURNAL_OK;

	if (!store_unstick(store))
		return store_result(SQLITE_NOMEM, 0, call);
	assert(sqlite3_get_autocommit(store->db) != 0);
	if (light != store->light || store->light_unsure) {
		store->light_unsure = true; /* SQLite may follow a pragma, and then fail */
		result = store_exec(store,
		    light ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL", call);
	}
	if (result != JOURNAL_OK)
		return result;
	store->light = light;
	store->light_unsure = false;
	if (left_ms > STORE_BUSY_MS)
		left_ms = STORE_BUSY_MS;
	(void)sqlite3_busy_timeout(store->db, left_ms < 0 ? 0 : (int)left_ms);
	return store_exec(store, "BEGIN IMMEDIATE", call);
}

static enum journal_result journal_begin(void *self, struct call *call)
{
	return begin(self, false, call);
}

static enum journal_result journal_begin_light(void *self, struct call *call)
{
	return begin(self, true, call);
}

static enum journal_result journal_commit(void *self, struct call *call)
{
	struct store *store = self;
	enum journal_result result;

	if (sqlite3_get_autocommit(store->db) != 0)
		return store_result(SQLITE_ABORT, 0, call);
	result = store_index(store, call);
	if (result == JOURNAL_OK)
		result = store_exec(store, "COMMIT", call);
	return result;
}

static void journal_rollback(void *self)
{
	struct store *store = self;

	store->stuck = sqlite3_get_autocommit(store->db) == 0;
	(void)store_unstick(store); /* where it fails, the next call tries again */
}

static enum journal_result journal_meta_get(
    void *self, const char *name, struct call *call, struct bytes *out)
{
	struct sql sql;
	struct bytes value = {0};
	enum journal_result result;

	sql_read(&sql, self, "SELECT value FROM meta WHERE name = ?1");
	sql_text(&sql, view_text(name));
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_bytes_at(&sql, 0, &value);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*out = value;
	return result;
}

static enum journal_result journal_meta_set(
    void *self, const char *name, struct view value, struct call *call)
{
	struct sql sql;

	if (value.len > STORE_META_MAX) {
		call_sayf(call, "a stored value is too large (%zu bytes)", value.len);
		return JOURNAL_FAILED;
	}
	sql_write(&sql, self,
	    "INSERT INTO meta (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
	sql_text(&sql, view_text(name));
	sql_blob(&sql, value);
	return sql_run(&sql, call);
}

static enum journal_result journal_meta_remove(void *self, const char *name, struct call *call)
{
	struct sql sql;

	sql_write(&sql, self, "DELETE FROM meta WHERE name = ?1");
	sql_text(&sql, view_text(name));
	return sql_run(&sql, call);
}

static enum journal_result journal_entry_get(
    void *self, struct view id, struct call *call, struct journal_entry *out)
{
	struct sql sql;
	struct journal_entry entry = {0};
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT local, base, cloud, author, cloud_seq, cloud_ms FROM entries WHERE id = ?1");
	sql_text(&sql, id);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	entry.has_local = sql_digest_at(&sql, 0, &entry.local);
	entry.has_base = sql_digest_at(&sql, 1, &entry.base);
	entry.has_cloud = sql_digest_at(&sql, 2, &entry.cloud);
	(void)sql_device_at(&sql, 3, &entry.author); /* none without a cloud version */
	entry.cloud_seq = (uint64_t)sql_int_at(&sql, 4);
	entry.cloud_ms = sql_int_at(&sql, 5);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*out = entry;
	return result;
}

static enum journal_result journal_version_get(
    void *self, const struct digest *version, struct call *call, struct bytes *encoded_out)
{
	struct sql sql;
	struct bytes encoded = {0};
	enum journal_result result;

	sql_read(&sql, self, "SELECT encoded FROM versions WHERE hash = ?1");
	sql_digest(&sql, version);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_bytes_at(&sql, 0, &encoded);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*encoded_out = encoded;
	return result;
}

/* What was not put anew is there already, and then it is those very bytes. */
static enum journal_result version_same(struct store *store, const struct digest *version,
    struct view encoded, struct call *call, bool *same_out)
{
	struct sql sql;
	bool same;
	enum journal_result result;

	sql_read(&sql, store, "SELECT encoded FROM versions WHERE hash = ?1");
	sql_digest(&sql, version);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result == JOURNAL_NONE ? store_result(SQLITE_CORRUPT, 0, call) : result;
	same = view_equal(sql_view_at(&sql, 0), encoded);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK)
		*same_out = same;
	return result;
}

/* !*put_out: there is a row of that hash, and it stays unless it is to be replaced. */
static enum journal_result write_version(struct store *store, const struct digest *version,
    const struct entry *entry, struct view encoded, bool replace, struct call *call, bool *put_out)
{
	struct sql sql;
	enum journal_result result;

	sql_write(&sql, store,
	    "INSERT INTO versions (hash, id, created_ms, updated_ms, deleted, conflict,"
	    " collection, title, created_at, updated_at, deleted_at, conflict_of, encoded)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
	    " ON CONFLICT (hash) DO UPDATE SET id = excluded.id,"
	    " created_ms = excluded.created_ms, updated_ms = excluded.updated_ms,"
	    " deleted = excluded.deleted, conflict = excluded.conflict,"
	    " collection = excluded.collection, title = excluded.title,"
	    " created_at = excluded.created_at, updated_at = excluded.updated_at,"
	    " deleted_at = excluded.deleted_at, conflict_of = excluded.conflict_of,"
	    " encoded = excluded.encoded WHERE ?14");
	sql_digest(&sql, version);
	sql_text(&sql, entry->id);
	sql_int(&sql, time_parse_ms(entry->created_at));
	sql_int(&sql, time_parse_ms(entry->updated_at));
	sql_int(&sql, entry_deleted(entry) ? 1 : 0);
	sql_int(&sql, entry->conflict_of.data != NULL ? 1 : 0);
	sql_text(&sql, entry->collection);
	sql_text(&sql, entry->title);
	sql_text(&sql, entry->created_at);
	sql_text(&sql, entry->updated_at);
	sql_text_or_null(&sql, entry->deleted_at);
	sql_text_or_null(&sql, entry->conflict_of);
	sql_blob(&sql, encoded);
	sql_int(&sql, replace ? 1 : 0);
	result = sql_run(&sql, call);
	*put_out = result == JOURNAL_OK && sqlite3_changes(store->db) > 0;
	return result;
}

/*
 * A version is one byte string. Where other bytes stand under its hash, either those rotted, and
 * are whole again with what comes now; or what comes now is not what its hash says.
 */
static enum journal_result journal_version_put(
    void *self, const struct digest *version, struct view encoded, struct call *call)
{
	struct entry entry;
	struct digest have;
	bool put = false;
	bool same = true;
	enum format_result format = entry_decode(encoded, &entry);
	enum journal_result result;

	if (format != FORMAT_OK) {
		call_sayf(call, "an entry can't be stored: %s", format_result_text(format));
		return JOURNAL_FAILED;
	}
	result = write_version(self, version, &entry, encoded, false, call, &put);
	if (result == JOURNAL_OK && !put)
		result = version_same(self, version, encoded, call, &same);
	if (result != JOURNAL_OK || same)
		return result;
	digest_view(DOMAIN_VERSION, encoded, &have);
	if (!digest_equal(&have, version)) {
		call_sayf(call, "the journal holds other bytes of a version: run `inkseal doctor`");
		return JOURNAL_FAILED;
	}
	return write_version(self, version, &entry, encoded, true, call, &put);
}

static enum journal_result version_missing(struct call *call)
{
	call_sayf(call, "a version is missing from the journal: run `inkseal doctor`");
	return JOURNAL_FAILED;
}

/* Runs a statement that must change exactly one row: it does not if the version is not stored, or
 * is another entry's. */
static enum journal_result run_for_version(struct sql *sql, struct call *call)
{
	enum journal_result result = sql_run(sql, call);

	if (result == JOURNAL_OK && sqlite3_changes(sql->store->db) != 1)
		return version_missing(call);
	return result;
}

/* An entry that has no version left has no row. */
static enum journal_result remove_empty(struct store *store, struct view id, struct call *call)
{
	struct sql sql;

	sql_write(&sql, store,
	    "DELETE FROM entries"
	    " WHERE id = ?1 AND local IS NULL AND base IS NULL AND cloud IS NULL");
	sql_text(&sql, id);
	return sql_run(&sql, call);
}

/* The first move of an entry in a transaction counts: that text is what the index holds. */
static enum journal_result note_unindexed(
    struct store *store, struct view id, const struct digest *version, struct call *call)
{
	struct sql sql;

	sql_write(&sql, store,
	    "INSERT INTO temp.unindexed (number, old)"
	    " SELECT number, local FROM entries WHERE id = ?1 AND local IS NOT ?2"
	    " ON CONFLICT (number) DO NOTHING");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	return sql_run(&sql, call);
}

static enum journal_result journal_local_set(
    void *self, struct view id, const struct digest *version, struct call *call)
{
	struct sql sql;
	enum journal_result result = JOURNAL_OK;

	if (version != NULL) { /* the row first: the index goes by its number */
		sql_write(
		    &sql, self, "INSERT INTO entries (id) VALUES (?1) ON CONFLICT (id) DO NOTHING");
		sql_text(&sql, id);
		result = sql_run(&sql, call);
	}
	if (result == JOURNAL_OK)
		result = note_unindexed(self, id, version, call);
	if (result != JOURNAL_OK)
		return result;
	if (version == NULL) {
		sql_write(&sql, self,
		    "UPDATE entries SET local = NULL, created_ms = NULL, deleted = NULL,"
		    " conflict = NULL WHERE id = ?1");
		sql_text(&sql, id);
		result = sql_run(&sql, call);
		return result == JOURNAL_OK ? remove_empty(self, id, call) : result;
	}
	sql_write(&sql, self,
	    "UPDATE entries SET local = v.hash, created_ms = v.created_ms, deleted = v.deleted,"
	    " conflict = v.conflict FROM versions AS v"
	    " WHERE entries.id = ?1 AND v.hash = ?2 AND v.id = ?1");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	return run_for_version(&sql, call);
}

static enum journal_result journal_base_set(
    void *self, struct view id, const struct digest *version, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	if (version == NULL) {
		sql_write(&sql, self, "UPDATE entries SET base = NULL WHERE id = ?1");
		sql_text(&sql, id);
		result = sql_run(&sql, call);
		return result == JOURNAL_OK ? remove_empty(self, id, call) : result;
	}
	sql_write(&sql, self,
	    "INSERT INTO entries (id, base) SELECT id, hash FROM versions"
	    " WHERE id = ?1 AND hash = ?2"
	    " ON CONFLICT (id) DO UPDATE SET base = excluded.base");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	return run_for_version(&sql, call);
}

static enum journal_result journal_cloud_set(void *self, struct view id,
    const struct digest *version, const struct device_id *author, uint64_t seq, int64_t time_ms,
    struct call *call)
{
	struct sql sql;
	enum journal_result result;

	if (version == NULL) {
		sql_write(&sql, self,
		    "UPDATE entries SET cloud = NULL, author = NULL, cloud_seq = 0, cloud_ms = 0"
		    " WHERE id = ?1");
		sql_text(&sql, id);
		result = sql_run(&sql, call);
		return result == JOURNAL_OK ? remove_empty(self, id, call) : result;
	}
	sql_write(&sql, self,
	    "INSERT INTO entries (id, cloud, author, cloud_seq, cloud_ms)"
	    " SELECT id, hash, ?3, ?4, ?5 FROM versions WHERE id = ?1 AND hash = ?2"
	    " ON CONFLICT (id) DO UPDATE SET cloud = excluded.cloud, author = excluded.author,"
	    " cloud_seq = excluded.cloud_seq, cloud_ms = excluded.cloud_ms");
	sql_text(&sql, id);
	sql_digest(&sql, version);
	sql_device(&sql, author);
	sql_int(&sql, (int64_t)seq);
	sql_int(&sql, time_ms);
	return run_for_version(&sql, call);
}

static enum journal_result journal_dirty_next(
    void *self, struct view after, struct call *call, struct bytes *id_out)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT id FROM entries WHERE local IS NOT NULL AND local IS NOT cloud AND id > ?1"
	    " ORDER BY id LIMIT 1");
	sql_text(&sql, after);
	result = sql_row(&sql, call);
	return result == JOURNAL_OK ? sql_take_id(&sql, call, id_out) : result;
}

static enum journal_result journal_unsettled_next(
    void *self, struct view after, struct call *call, struct bytes *id_out)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT id FROM entries WHERE base IS NOT cloud AND id > ?1 ORDER BY id LIMIT 1");
	sql_text(&sql, after);
	result = sql_row(&sql, call);
	return result == JOURNAL_OK ? sql_take_id(&sql, call, id_out) : result;
}

static enum journal_result journal_pending(
    void *self, struct call *call, struct journal_pending *out)
{
	int64_t counts[2];
	enum journal_result result = store_numbers(self,
	    "SELECT count(*), (SELECT count(*) FROM losers)"
	    " FROM entries WHERE local IS NOT NULL AND local IS NOT cloud",
	    call, counts, COUNT_OF(counts));

	if (result == JOURNAL_OK)
		*out = (struct journal_pending){
		    .dirty_count = (uint64_t)counts[0], .losers_count = (uint64_t)counts[1]};
	return result;
}

static enum journal_result journal_dirty_above(
    void *self, uint64_t bytes, struct call *call, bool *above_out)
{
	struct sql sql;
	uint64_t sum = 0;
	enum journal_result result = JOURNAL_OK;

	sql_read(&sql, self,
	    "SELECT length(v.encoded) FROM entries AS e JOIN versions AS v ON v.hash = e.local"
	    " WHERE e.local IS NOT NULL AND e.local IS NOT e.cloud");
	while (sum <= bytes && (result = sql_row(&sql, call)) == JOURNAL_OK)
		sum += (uint64_t)sql_int_at(&sql, 0);
	if (result == JOURNAL_OK)
		result = sql_finish(&sql, call);
	else if (result == JOURNAL_NONE)
		result = JOURNAL_OK;
	if (result == JOURNAL_OK)
		*above_out = sum > bytes;
	return result;
}

static enum journal_result journal_counts(void *self, struct call *call, struct journal_counts *out)
{
	struct journal_pending pending;
	int64_t counts[3];
	enum journal_result result = journal_pending(self, call, &pending);

	if (result == JOURNAL_OK)
		result = store_numbers(self,
		    "SELECT"
		    " (SELECT count(*) FROM entries WHERE local IS NOT NULL AND deleted = 0),"
		    " (SELECT count(*) FROM entries WHERE local IS NOT NULL AND deleted = 1),"
		    " (SELECT count(*) FROM entries WHERE conflict = 1 AND deleted = 0)",
		    call, counts, COUNT_OF(counts));
	if (result == JOURNAL_OK)
		*out = (struct journal_counts){
		    .entries_count = (uint64_t)counts[0],
		    .deleted_count = (uint64_t)counts[1],
		    .conflicts_count = (uint64_t)counts[2],
		    .dirty_count = pending.dirty_count,
		    .losers_count = pending.losers_count,
		};
	return result;
}

static enum journal_result count_of(
    struct store *store, const char *text, struct call *call, uint64_t *count_out)
{
	int64_t count = 0;
	enum journal_result result = store_number(store, text, call, &count);

	if (result == JOURNAL_OK)
		*count_out = (uint64_t)count;
	return result;
}

static enum journal_result journal_deletions_coming(
    void *self, struct call *call, uint64_t *count_out)
{
	return count_of(self,
	    "SELECT count(*) FROM entries AS e LEFT JOIN versions AS v ON v.hash = e.cloud"
	    " WHERE e.base IS NOT e.cloud AND e.local IS e.base AND e.deleted = 0"
	    " AND (e.cloud IS NULL OR v.deleted = 1)",
	    call, count_out);
}

static enum journal_result journal_deletions_going(
    void *self, struct call *call, uint64_t *count_out)
{
	return count_of(self,
	    "SELECT count(*) FROM entries AS e JOIN versions AS v ON v.hash = e.cloud"
	    " WHERE e.local IS NOT NULL AND e.local IS NOT e.cloud AND e.deleted = 1"
	    " AND v.deleted = 0",
	    call, count_out);
}

#define PLAIN "base IS NOT cloud AND local IS base AND cloud IS NOT NULL"

static enum journal_result journal_settle_plain(
    void *self, int64_t at_ms, struct call *call, uint64_t *count_out)
{
	struct store *store = self;
	struct sql sql;
	int64_t count;
	enum journal_result result;

	/* Not by number: that order made SQLite go through all entries, in every sync. */
	sql_write(&sql, store,
	    "INSERT INTO temp.unindexed (number, old) SELECT number, local FROM entries"
	    " WHERE " PLAIN " ON CONFLICT (number) DO NOTHING");
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	sql_write(&sql, store,
	    "INSERT INTO history (id, version, author, kind, at_ms)"
	    " SELECT id, cloud, author, ?1, ?2 FROM entries WHERE " PLAIN " ORDER BY id");
	sql_int(&sql, HISTORY_PULLED);
	sql_int(&sql, at_ms);
	result = sql_run(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	count = sqlite3_changes64(store->db);
	sql_write(&sql, store,
	    "UPDATE entries SET local = cloud, base = cloud, created_ms = v.created_ms,"
	    " deleted = v.deleted, conflict = v.conflict FROM versions AS v"
	    " WHERE " PLAIN " AND v.hash = cloud AND v.id = entries.id");
	result = sql_run(&sql, call);
	if (result == JOURNAL_OK && sqlite3_changes64(store->db) != count)
		return version_missing(call);
	if (result == JOURNAL_OK)
		*count_out = (uint64_t)count;
	return result;
}

static enum journal_result journal_tombstone_next(void *self, struct view after, uint64_t seq_max,
    int64_t before_ms, struct call *call, struct bytes *id_out)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, self,
	    "SELECT id FROM entries INDEXED BY entries_trash"
	    " WHERE deleted = 1 AND local IS NOT NULL AND local IS cloud"
	    " AND id > ?1 AND cloud_seq <= ?2 AND cloud_ms <= ?3 ORDER BY id LIMIT 1");
	sql_text(&sql, after);
	sql_int(&sql, (int64_t)seq_max);
	sql_int(&sql, before_ms);
	result = sql_row(&sql, call);
	return result == JOURNAL_OK ? sql_take_id(&sql, call, id_out) : result;
}

static enum journal_result journal_tombstone_newest(
    void *self, struct call *call, uint64_t *seq_out)
{
	int64_t seq = 0;
	enum journal_result result = store_number(self,
	    "SELECT coalesce(max(cloud_seq), 0) FROM entries"
	    " WHERE deleted = 1 AND local IS NOT NULL AND local IS cloud",
	    call, &seq);

	if (result == JOURNAL_OK)
		*seq_out = (uint64_t)seq;
	return result;
}

struct journal store_journal(struct store *store)
{
	static const struct journal_ops ops = {
	    .begin = journal_begin,
	    .begin_light = journal_begin_light,
	    .commit = journal_commit,
	    .rollback = journal_rollback,
	    .meta_get = journal_meta_get,
	    .meta_set = journal_meta_set,
	    .meta_remove = journal_meta_remove,
	    .entry_get = journal_entry_get,
	    .version_get = journal_version_get,
	    .version_put = journal_version_put,
	    .local_set = journal_local_set,
	    .base_set = journal_base_set,
	    .cloud_set = journal_cloud_set,
	    .dirty_next = journal_dirty_next,
	    .unsettled_next = journal_unsettled_next,
	    .counts = journal_counts,
	    .pending = journal_pending,
	    .dirty_above = journal_dirty_above,
	    .deletions_coming = journal_deletions_coming,
	    .deletions_going = journal_deletions_going,
	    .settle_plain = journal_settle_plain,
	    .tombstone_next = journal_tombstone_next,
	    .tombstone_newest = journal_tombstone_newest,
	    .scan_open = store_scan_open,
	    .scan_next = store_scan_next,
	    .scan_close = store_scan_close,
	    .sent_add = store_sent_add,
	    .sent_all_dirty = store_sent_all_dirty,
	    .sent_known = store_sent_known,
	    .sent_next = store_sent_next,
	    .sent_acknowledge = store_sent_acknowledge,
	    .sent_rename = store_sent_rename,
	    .sent_prune = store_sent_prune,
	    .history_add = store_history_add,
	    .activity_add = store_activity_add,
	    .loser_add = store_loser_add,
	    .loser_next = store_loser_next,
	    .loser_settled = store_loser_settled,
	    .segment_find = store_segment_find,
	    .segment_add = store_segment_add,
	    .segments_clear = store_segments_clear,
	    .stage_add = store_stage_add,
	    .stage_next = store_stage_next,
	    .stage_count = store_stage_count,
	    .stage_places = store_stage_places,
	    .stage_missing_next = store_stage_missing_next,
	    .stage_install = store_stage_install,
	    .stage_clear = store_stage_clear,
	    .bases_forget = store_bases_forget,
	    .cloud_placed = store_cloud_placed,
	    .version_author = store_version_author,
	    .cloud_forget = store_cloud_forget,
	    .device_seen = store_device_seen,
	    .device_get = store_device_get,
	};

	return (struct journal){.self = store, .ops = &ops};
}
