/*
 * cli/store/store_query.c: what a person looks at: lists, the search, histories, the activity log.
 * Reads only. A callback may use the journal meanwhile, but not ask the same question again.
 */
#include "cli/store/store.h"
#include "cli/store/store_search.h"
#include "cli/store/store_sql.h"

/* What every list gives of an entry; the texts are those of its local version. */
#define ITEM_COLUMNS \
	"v.id, v.collection, v.title, v.created_at, v.updated_at, v.deleted_at, v.conflict_of," \
	" v.created_ms, v.updated_ms, e.local IS NOT e.cloud"
#define ITEM_FILTERS \
	" e.local IS NOT NULL AND e.deleted = ?1 AND (?2 IS NULL OR v.collection = ?2)" \
	" AND (?3 = 0 OR e.conflict = 1)"

static const char list_newest_sql[] =
    "SELECT " ITEM_COLUMNS ", NULL FROM entries AS e JOIN versions AS v ON v.hash = e.local"
    " WHERE" ITEM_FILTERS " ORDER BY e.created_ms DESC, e.id DESC LIMIT ?4";
static const char list_oldest_sql[] =
    "SELECT " ITEM_COLUMNS ", NULL FROM entries AS e JOIN versions AS v ON v.hash = e.local"
    " WHERE" ITEM_FILTERS " ORDER BY e.created_ms, e.id LIMIT ?4";
/* FTS5 itself orders by rank, so that a snippet is made only of what is shown. CROSS JOIN: SQLite
 * is to begin with the search. */
static const char search_sql[] =
    "SELECT " ITEM_COLUMNS ", snippet(search, -1, '[', ']', '…', 16)"
    " FROM search CROSS JOIN entries AS e ON e.number = search.rowid"
    " CROSS JOIN versions AS v ON v.hash = e.local"
    " WHERE search MATCH ?5 AND" ITEM_FILTERS " ORDER BY search.rank LIMIT ?4";

static struct store_item item_at(struct sql *sql)
{
	return (struct store_item){
	    .id = sql_text_at(sql, 0),
	    .collection = sql_text_at(sql, 1),
	    .title = sql_text_at(sql, 2),
	    .created_at = sql_text_at(sql, 3),
	    .updated_at = sql_text_at(sql, 4),
	    .deleted_at = sql_text_at(sql, 5),
	    .conflict_of = sql_text_at(sql, 6),
	    .created_ms = sql_int_at(sql, 7),
	    .updated_ms = sql_int_at(sql, 8),
	    .dirty = sql_int_at(sql, 9) != 0,
	    .snippet = sql_text_at(sql, 10),
	};
}

static void open_list(struct sql *sql, struct store *store, const struct store_query *query,
    const struct bytes *words)
{
	if (query->match != NULL)
		sql_read(sql, store, search_sql);
	else
		sql_read(sql, store, query->oldest_first ? list_oldest_sql : list_newest_sql);
	sql_int(sql, query->deleted ? 1 : 0);
	sql_text_or_null(
	    sql, query->collection == NULL ? (struct view){0} : view_text(query->collection));
	sql_int(sql, query->conflicts_only ? 1 : 0);
	sql_int(sql, query->limit == 0 || query->limit > INT64_MAX ? -1 : (int64_t)query->limit);
	if (query->match != NULL)
		sql_text(sql, view_bytes(words));
}

enum journal_result store_list(struct store *store, const struct store_query *query,
    bool (*see)(void *self, const struct store_item *item), void *self, struct call *call)
{
	struct bytes words = {0};
	struct sql sql = {0};
	enum journal_result result = JOURNAL_OK;

	if (query->match != NULL) {
		result = store_words(query->match, call, &words);
		if (result != JOURNAL_OK || words.len == 0) /* no words: nothing is found */
			goto done;
	}
	open_list(&sql, store, query, &words);
	while ((result = sql_row(&sql, call)) == JOURNAL_OK) {
		struct store_item item = item_at(&sql);

		if (sql.code != SQLITE_OK || !see(self, &item)) {
			result = sql_finish(&sql, call);
			goto done;
		}
	}
	if (result == JOURNAL_NONE)
		result = JOURNAL_OK;
done:
	bytes_clear(&words);
	return result;
}

enum journal_result store_resolve(
    struct store *store, const char *prefix, struct call *call, struct bytes *id_out)
{
	struct view want = view_text(prefix);
	struct bytes found = {0};
	struct sql sql;
	enum journal_result result;
	bool several = false;

	/* The first two ids not below the prefix tell all: itself, one that begins so, several. */
	sql_read(&sql, store,
	    "SELECT id FROM entries WHERE local IS NOT NULL AND id >= ?1 ORDER BY id LIMIT 2");
	sql_text(&sql, want);
	for (int i = 0; i < 2 && sql_row(&sql, call) == JOURNAL_OK; i++) {
		struct view id = sql_view_at(&sql, 0);

		if (id.len < want.len || !view_equal(view_of(id.data, want.len), want))
			break;
		several = i == 1;
		if (i == 0)
			sql_bytes_at(&sql, 0, &found);
		if (id.len == want.len)
			break;
	}
	result = sql_finish(&sql, call); /* says also how sql_row failed */
	if (result != JOURNAL_OK)
		goto done;
	result = JOURNAL_NONE;
	if (found.data == NULL)
		call_sayf(call, "there is no such entry");
	else if (found.len > want.len && want.len < STORE_PREFIX_MIN)
		call_sayf(call, "give at least %u characters of an id", STORE_PREFIX_MIN);
	else if (several)
		call_sayf(call, "several entries begin so: give more of the id");
	else
		result = JOURNAL_OK;
done:
	if (result == JOURNAL_OK)
		*id_out = found;
	else
		bytes_clear(&found);
	return result;
}

enum journal_result store_history(struct store *store, struct view id,
    bool (*see)(void *self, const struct store_history *row), void *self, struct call *call)
{
	struct sql sql;
	struct store_history row = {0};
	enum journal_result result;

	sql_read(&sql, store,
	    "SELECT version, author, kind, at_ms FROM history WHERE id = ?1 ORDER BY number");
	sql_text(&sql, id);
	while ((result = sql_row(&sql, call)) == JOURNAL_OK) {
		int64_t kind = sql_int_at(&sql, 2);

		if (kind < 0 || kind > HISTORY_COPY || !sql_digest_at(&sql, 0, &row.version) ||
		    !sql_device_at(&sql, 1, &row.author))
			sql.code = sql.code == SQLITE_OK ? SQLITE_CORRUPT : sql.code;
		row.number++;
		row.kind = (enum history_kind)kind;
		row.at_ms = sql_int_at(&sql, 3);
		if (sql.code != SQLITE_OK || !see(self, &row))
			return sql_finish(&sql, call);
	}
	return result == JOURNAL_NONE ? JOURNAL_OK : result;
}

enum journal_result store_activity(struct store *store, uint64_t limit,
    bool (*see)(void *self, const struct store_activity *row), void *self, struct call *call)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, store,
	    "SELECT at_ms, kind, id, detail FROM activity ORDER BY number DESC LIMIT ?1");
	sql_int(&sql, limit == 0 || limit > INT64_MAX ? -1 : (int64_t)limit);
	while ((result = sql_row(&sql, call)) == JOURNAL_OK) {
		int64_t kind = sql_int_at(&sql, 1);
		struct store_activity row = {
		    .at_ms = sql_int_at(&sql, 0),
		    .id = sql_text_at(&sql, 2),
		    .detail = sql_text_at(&sql, 3),
		};

		if (kind < 0 || kind > ACTIVITY_RESET || row.detail == NULL)
			sql.code = sql.code == SQLITE_OK ? SQLITE_CORRUPT : sql.code;
		row.kind = (enum activity_kind)kind;
		if (sql.code != SQLITE_OK || !see(self, &row))
			return sql_finish(&sql, call);
	}
	return result == JOURNAL_NONE ? JOURNAL_OK : result;
}
