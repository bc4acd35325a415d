/*
 * cli/store/store_check.c: is the file sound? For `inkseal doctor`: slow, reads everything, and
 * repairs nothing.
 */
#include "cli/store/store.h"
#include "cli/store/store_sql.h"

static enum journal_result check_pages(struct store *store, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, store, "PRAGMA integrity_check(1)");
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result == JOURNAL_NONE ? store_result(SQLITE_CORRUPT, 0, call) : result;
	if (!view_equal(sql_view_at(&sql, 0), view_text("ok")))
		sql.code = SQLITE_CORRUPT;
	return sql_finish(&sql, call);
}

/* True if the columns that were read from encoded once are still what it says. */
static bool version_sound(struct sql *sql)
{
	struct digest want = {{0}};
	struct digest have;
	struct entry entry;
	struct view encoded = sql_view_at(sql, 5);

	if (!sql_digest_at(sql, 0, &want) || encoded.data == NULL)
		return false;
	if (entry_decode(encoded, &entry) != FORMAT_OK ||
	    entry_version(encoded, &have) != FORMAT_OK)
		return false;
	return digest_equal(&want, &have) && view_equal(sql_view_at(sql, 1), entry.id) &&
	       view_equal(sql_view_at(sql, 2), entry.title) &&
	       sql_int_at(sql, 3) == time_parse_ms(entry.created_at) &&
	       (sql_int_at(sql, 4) != 0) == entry_deleted(&entry);
}

enum journal_result store_damaged(struct store *store,
    void (*see)(void *self, const struct store_damage *damage), void *self, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	/* The columns that version_sound reads first; then what the entries say of it. */
	sql_read(&sql, store,
	    "SELECT v.hash, v.id, v.title, v.created_ms, v.deleted, v.encoded,"
	    " coalesce(e.id, v.id), e.id IS NOT NULL"
	    " FROM versions AS v LEFT JOIN entries AS e ON e.local = v.hash");
	while ((result = sql_row(&sql, call)) == JOURNAL_OK) {
		bool sound = version_sound(&sql);
		struct store_damage damage = {.id = sql_view_at(&sql, 6),
		    .title = sql_view_at(&sql, 2),
		    .current = sql_int_at(&sql, 7) != 0};

		if (sql.code == SQLITE_CORRUPT) /* counted: the others are still worth a look */
			sql.code = SQLITE_OK;
		if (!sound)
			see(self, &damage);
	}
	return result == JOURNAL_NONE ? JOURNAL_OK : result;
}

static void count_damage(void *self, const struct store_damage *damage)
{
	uint64_t *count = self;

	(void)damage;
	(*count)++;
}

static enum journal_result check_versions(struct store *store, struct call *call)
{
	uint64_t bad_count = 0;
	enum journal_result result = store_damaged(store, count_damage, &bad_count, call);

	if (result != JOURNAL_OK || bad_count == 0)
		return result;
	call_sayf(call, "%llu stored versions are not what their hash says",
	    (unsigned long long)bad_count);
	return JOURNAL_FAILED;
}

/* One query gives one count, which must be 0. */
static enum journal_result check_count(
    struct store *store, const char *text, const char *what, struct call *call)
{
	int64_t count = 0;
	enum journal_result result = store_number(store, text, call, &count);

	if (result != JOURNAL_OK || count == 0)
		return result;
	call_sayf(call, "%lld %s", (long long)count, what);
	return JOURNAL_FAILED;
}

static enum journal_result check_references(struct store *store, struct call *call)
{
	enum journal_result result;

	result = check_count(store,
	    "SELECT count(*) FROM (SELECT id, local AS version FROM entries"
	    " UNION ALL SELECT id, base FROM entries UNION ALL SELECT id, cloud FROM entries"
	    " UNION ALL SELECT id, version FROM sent_versions"
	    " UNION ALL SELECT id, version FROM losers UNION ALL SELECT id, version FROM staged"
	    " UNION ALL SELECT id, version FROM history) AS held"
	    " WHERE held.version IS NOT NULL AND NOT EXISTS (SELECT 1 FROM versions"
	    "  WHERE versions.hash = held.version AND versions.id = held.id)",
	    "references to versions that are not there", call);
	if (result == JOURNAL_OK)
		result = check_count(store,
		    "SELECT count(*) FROM entries LEFT JOIN versions"
		    " ON versions.hash = entries.local"
		    " WHERE entries.created_ms IS NOT versions.created_ms"
		    " OR entries.deleted IS NOT versions.deleted"
		    " OR entries.conflict IS NOT versions.conflict",
		    "entries are out of step with their version", call);
	if (result == JOURNAL_OK)
		result = check_count(store,
		    "SELECT count(*) FROM entries"
		    " WHERE local IS NULL AND base IS NULL AND cloud IS NULL",
		    "entries have no version at all", call);
	if (result == JOURNAL_OK)
		result = check_count(store,
		    "SELECT count(*) FROM sent_versions WHERE NOT EXISTS"
		    " (SELECT 1 FROM sent WHERE sent.number = sent_versions.sent)",
		    "sent versions belong to no frame", call);
	return result;
}

/* FTS5 compares its postings with the texts themselves (rank 1). A command to it, not a change. */
static enum journal_result check_search(struct store *store, struct call *call)
{
	int code = sqlite3_exec(store->db,
	    "INSERT INTO search (search, rank) VALUES ('integrity-check', 1)", NULL, NULL, NULL);

	if ((code & 0xff) == SQLITE_CORRUPT) {
		call_sayf(call, "the search index does not fit the entries; the entries are sound");
		return JOURNAL_FAILED;
	}
	return store_result(code, sqlite3_system_errno(store->db), call);
}

enum journal_result store_check(struct store *store, struct call *call)
{
	enum journal_result result = check_pages(store, call);

	if (result == JOURNAL_OK)
		result = check_versions(store, call);
	if (result == JOURNAL_OK)
		result = check_references(store, call);
	if (result == JOURNAL_OK)
		result = check_search(store, call);
	return result;
}
