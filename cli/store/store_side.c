/*
 * cli/store/store_side.c: the other half of the engine's journal (cli/engine/journal.h): the
 * ordered scan, frames sent, logs, losers, segments, the staged snapshot, devices.
 */
#include "cli/store/store_priv.h"
#include "schemas/base/mutation.h"

static enum journal_result scan_fill(
    struct store *store, const struct digest *sent_frame, struct call *call)
{
	struct sql sql;

	/* Sent rows have no author and no time: the frame is ours, and the engine knows them. */
	sql_read(&sql, store,
	    "INSERT INTO temp.scan (id, version, author, seq, ms, len, replaced)"
	    " SELECT s.id, s.version, s.author, s.seq, s.ms, length(v.encoded), s.replaced FROM ("
	    "  SELECT sv.id AS id, sv.version AS version, zeroblob(16) AS author,"
	    "   sent.seq AS seq, 0 AS ms, e.cloud AS replaced"
	    "  FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    "   LEFT JOIN entries AS e ON e.id = sv.id WHERE sent.frame = ?1"
	    "  UNION ALL"
	    "  SELECT e.id, e.cloud, e.author, e.cloud_seq, e.cloud_ms, NULL FROM entries AS e"
	    "  WHERE e.cloud IS NOT NULL AND NOT EXISTS (SELECT 1"
	    "   FROM sent JOIN sent_versions AS sv ON sv.sent = sent.number"
	    "   WHERE sent.frame = ?1 AND sv.id = e.id)"
	    " ) AS s LEFT JOIN versions AS v ON v.hash = s.version ORDER BY v.created_ms, s.id");
	sql_digest(&sql, sent_frame); /* NULL equals no frame: the cloud state alone */
	return sql_run(&sql, call);
}

/* One row a loser, though it may have been filed more than once before it was carried. */
static enum journal_result scan_fill_losers(struct store *store, struct call *call)
{
	struct sql sql;

	sql_read(&sql, store,
	    "INSERT INTO temp.scan (id, version, author, seq, ms, len)"
	    " SELECT h.id, h.version, h.author, 0, max(h.at_ms), length(v.encoded)"
	    " FROM history AS h LEFT JOIN versions AS v ON v.hash = h.version"
	    " WHERE h.kind = ?1 AND NOT EXISTS (SELECT 1 FROM losers"
	    "  WHERE losers.id = h.id AND losers.version = h.version)"
	    " GROUP BY h.id, h.version ORDER BY max(h.at_ms) DESC, h.id, h.version");
	sql_int(&sql, HISTORY_LOSER);
	return sql_run(&sql, call);
}

static void scan_forget(struct store *store)
{
	for (size_t i = store->scan_given; i < store->scan_read; i++) {
		bytes_clear(&store->scan_rows[i].id);
		bytes_clear(&store->scan_rows[i].encoded);
	}
	store->scan_given = 0;
	store->scan_read = 0;
}

/* Of the scan before, too, if its rows could not be removed when it was closed. */
static enum journal_result scan_empty(struct store *store, struct call *call)
{
	struct sql sql;

	scan_forget(store);
	store->scan_rank = 0;
	store->scan_count = 0;
	sql_read(&sql, store, "DELETE FROM temp.scan");
	return sql_run(&sql, call);
}

/* The rows are written down first: what comes later may change any entry. */
enum journal_result store_scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out)
{
	struct store *store = self;
	int64_t size[2];
	enum journal_result result = scan_empty(store, call);

	if (result != JOURNAL_OK)
		return result;
	result = which == JOURNAL_SCAN_LOSERS
		     ? scan_fill_losers(store, call)
		     : scan_fill(store, which == JOURNAL_SCAN_SENT ? sent_frame : NULL, call);
	if (result == JOURNAL_OK)
		result =
		    store_numbers(store, "SELECT count(*), coalesce(sum(len), 0) FROM temp.scan",
			call, size, COUNT_OF(size));
	if (result != JOURNAL_OK)
		return result;
	store->scan_count = size[0];
	*count_out = (uint64_t)size[0];
	*bytes_out = (uint64_t)size[1];
	return JOURNAL_OK;
}

/* The columns of one row of the scan. */
static void scan_row_at(struct sql *sql, struct journal_row *out)
{
	struct journal_row row = {0};

	sql_bytes_at(sql, 1, &row.id);
	sql_bytes_at(sql, 2, &row.encoded);
	(void)sql_digest_at(sql, 3, &row.version);
	(void)sql_device_at(sql, 4, &row.author);
	row.created_ms = sql_int_at(sql, 5);
	row.deleted = sql_int_at(sql, 6) != 0;
	row.cloud_seq = (uint64_t)sql_int_at(sql, 7);
	row.cloud_ms = sql_int_at(sql, 8);
	row.replaces = sql_digest_at(sql, 9, &row.replaced);
	*out = row;
}

/* Some rows at once: a statement for each would take and leave the file's lock 10,000 times. */
static enum journal_result scan_read_on(struct store *store, struct call *call)
{
	struct sql sql;
	size_t bytes = 0;
	enum journal_result result = JOURNAL_OK;

	sql_read(&sql, store,
	    "SELECT s.rank, s.id, v.encoded, s.version, s.author, v.created_ms, v.deleted, s.seq,"
	    " s.ms, s.replaced"
	    " FROM temp.scan AS s CROSS JOIN versions AS v ON v.hash = s.version"
	    " WHERE s.rank > ?1 ORDER BY s.rank");
	sql_int(&sql, store->scan_rank);
	while (store->scan_read < STORE_SCAN_ROWS && bytes < STORE_SCAN_BYTES) {
		struct journal_row *row = &store->scan_rows[store->scan_read];

		result = sql_row(&sql, call);
		if (result != JOURNAL_OK)
			break;
		if (sql_int_at(&sql, 0) != store->scan_rank + 1 + (int64_t)store->scan_read)
			break; /* the version of the one between is missing */
		scan_row_at(&sql, row);
		bytes += row->encoded.len;
		store->scan_read++;
	}
	if (result == JOURNAL_OK)
		result = sql_finish(&sql, call);
	if (result != JOURNAL_OK && result != JOURNAL_NONE) {
		scan_forget(store);
		return result;
	}
	if (store->scan_read == 0) { /* never the end: an entry left out would look deleted */
		call_sayf(call, "a version is missing from the journal: run `inkseal doctor`");
		return JOURNAL_FAILED;
	}
	return JOURNAL_OK;
}

enum journal_result store_scan_next(void *self, struct call *call, struct journal_row *out)
{
	struct store *store = self;

	if (store->scan_rank >= store->scan_count)
		return JOURNAL_NONE;
	if (store->scan_given == store->scan_read) {
		enum journal_result result;

		scan_forget(store);
		result = scan_read_on(store, call);
		if (result != JOURNAL_OK)
			return result;
	}
	*out = store->scan_rows[store->scan_given++];
	store->scan_rank++;
	return JOURNAL_OK;
}

void store_scan_close(void *self)
{
	struct call call;

	call_init(&call, 0);
	(void)scan_empty(self, &call); /* where it fails, the next scan_open tries again */
}

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
enum journal_result store_sent_take(void *self, const struct digest *frame,
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
	int64_t count = 0;
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

enum journal_result store_stage_take(void *self, uint64_t seq, int64_t time_ms, struct call *call)
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
	int64_t seq;
	int64_t time_ms;
	enum journal_result result;

	sql_read(&sql, self, "SELECT seq, time_ms FROM devices WHERE device = ?1");
	sql_device(&sql, device);
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result;
	seq = sql_int_at(&sql, 0);
	time_ms = sql_int_at(&sql, 1);
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK) {
		*seq_out = (uint64_t)seq;
		*time_ms_out = time_ms;
	}
	return result;
}
