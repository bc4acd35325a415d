/*
 * cli/store/store.c: opening the journal's file, bringing it up to this program's version, closing.
 * Nothing is written to a file, not even its write-ahead log folded in, before it is known to be
 * ours and not newer than we are.
 */
#include "cli/store/store.h"
#include "cli/store/store_scan.h"
#include "cli/store/store_sql.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* migrations[n] takes a file from user_version n to n + 1, in one transaction. */
static const char *const migrations[] = {store_schema_sql};

/* The content of an encoded entry, for the search's view. NULL if it can't be read: then
 * store_check() reports the version, and the entry can still be replaced. */
static void entry_content(sqlite3_context *context, int args_count, sqlite3_value **args)
{
	struct entry entry;
	struct view encoded;
	enum format_result result;

	assert(args_count == 1);
	encoded.data = sqlite3_value_blob(args[0]);
	encoded.len = (size_t)sqlite3_value_bytes(args[0]);
	if (encoded.data == NULL)
		return;
	result = entry_decode(encoded, &entry);
	if (result == FORMAT_OK)
		sqlite3_result_text64(context, (const char *)entry.content.data, entry.content.len,
		    SQLITE_TRANSIENT, SQLITE_UTF8);
	else if (result == FORMAT_NO_MEMORY)
		sqlite3_result_error_nomem(context);
}

static enum journal_result user_version(struct store *store, struct call *call, int64_t *out)
{
	return store_number(store, "PRAGMA user_version", call, out);
}

/* Reads only: is it an empty file, or a journal of ours that this program knows? */
static enum journal_result accept_file(struct store *store, struct call *call)
{
	int64_t application = 0;
	int64_t version = 0;
	int64_t tables_count = 0;
	enum journal_result result;

	result = store_number(store, "PRAGMA application_id", call, &application);
	if (result == JOURNAL_OK)
		result = user_version(store, call, &version);
	if (result == JOURNAL_OK)
		result =
		    store_number(store, "SELECT count(*) FROM sqlite_schema", call, &tables_count);
	if (result != JOURNAL_OK)
		return result;
	if (application == 0 && version == 0 && tables_count == 0)
		return JOURNAL_OK;
	if (application != STORE_APPLICATION_ID || version < 1) {
		call_sayf(call, "the file belongs to another program; it was left as it is");
		return JOURNAL_FAILED;
	}
	if (version > (int64_t)COUNT_OF(migrations)) {
		call_sayf(call,
		    "the journal was written by a newer inkseal (version %lld, known: %zu): "
		    "please update",
		    (long long)version, COUNT_OF(migrations));
		return JOURNAL_FAILED;
	}
	return JOURNAL_OK;
}

const struct store_options store_options_disk = {.log = STORE_WAL, .cache_kib = 16384};

static enum journal_result use_log(struct store *store, enum store_log log, struct call *call)
{
	const char *wanted = log == STORE_WAL ? "wal" : "memory";
	struct sql sql;
	bool is_so;
	enum journal_result result;

	if (log == STORE_WAL)
		sql_read(&sql, store, "PRAGMA journal_mode = WAL");
	else
		sql_read(&sql, store, "PRAGMA journal_mode = MEMORY");
	result = sql_row(&sql, call);
	if (result != JOURNAL_OK)
		return result == JOURNAL_NONE ? store_result(SQLITE_CORRUPT, 0, call) : result;
	is_so = view_equal(sql_view_at(&sql, 0), view_text(wanted));
	result = sql_finish(&sql, call);
	if (result == JOURNAL_OK && !is_so) {
		call_sayf(call, "the journal's folder does not allow a write-ahead log (is it on "
				"a network drive?)");
		return JOURNAL_FAILED;
	}
	return result;
}

static enum journal_result use_cache(struct store *store, unsigned kib, struct call *call)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "PRAGMA cache_size = -%u", kib);
	return store_exec(store, text, call);
}

/*
 * Temporary tables stay in memory: they would be plaintext in /tmp. The cache is for bulk loads,
 * whose index pages are touched at random. unindexed: entries whose local version has moved in this
 * transaction, and what the search index still holds for them.
 */
static enum journal_result configure(
    struct store *store, const struct store_options *options, struct call *call)
{
	enum journal_result result = use_log(store, options->log, call);

	if (result == JOURNAL_OK)
		result = use_cache(store, options->cache_kib, call);
	if (result != JOURNAL_OK)
		return result;
	return store_exec(store,
	    "PRAGMA synchronous = FULL;"
	    "PRAGMA temp_store = MEMORY;"
	    "PRAGMA journal_size_limit = 16777216;"
	    "PRAGMA wal_autocheckpoint = 4000;"
	    "CREATE TEMP TABLE unindexed (number INTEGER PRIMARY KEY, old BLOB);"
	    "CREATE TEMP TABLE scan (rank INTEGER PRIMARY KEY, id TEXT, version BLOB,"
	    " author BLOB, seq INTEGER, ms INTEGER, len INTEGER, replaced BLOB);",
	    call);
}

/* If it fails the store is closed, which rolls back. */
static enum journal_result migrate(struct store *store, struct call *call)
{
	int64_t version = 0;
	enum journal_result result = user_version(store, call, &version);

	if (result != JOURNAL_OK || version == (int64_t)COUNT_OF(migrations))
		return result;
	result = store_exec(store, "BEGIN IMMEDIATE", call);
	if (result == JOURNAL_OK) /* another process may have come first */
		result = user_version(store, call, &version);
	while (result == JOURNAL_OK && version < (int64_t)COUNT_OF(migrations)) {
		result = store_exec(store, migrations[version], call);
		version++;
	}
	if (result == JOURNAL_OK)
		result = store_exec(store, "COMMIT", call);
	return result;
}

static int connect_file(struct store *store, const char *path)
{
	int code = sqlite3_open_v2(path, &store->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE,
	    NULL);

	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_create_function_v2(store->db, "entry_content", 1,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL, entry_content,
		    NULL, NULL, NULL);
	return code;
}

enum journal_result store_open(const char *path, const struct store_options *options,
    const struct clock *clock, struct call *call, struct store **out)
{
	struct store *store = NULL;
	enum journal_result result;
	int code;

	store = calloc(1, sizeof(*store));
	if (store == NULL)
		return store_result(SQLITE_NOMEM, 0, call);
	store->clock = clock;
	code = connect_file(store, path);
	result = store_result(code, store->db == NULL ? 0 : sqlite3_system_errno(store->db), call);
	if (result != JOURNAL_OK)
		goto done;
	result = accept_file(store, call);
	if (result != JOURNAL_OK)
		goto done;
	code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	result = store_result(code, 0, call);
	if (result == JOURNAL_OK)
		result = configure(store, options, call);
	if (result == JOURNAL_OK)
		result = migrate(store, call);
	if (result != JOURNAL_OK)
		goto done;
	*out = store;
	store = NULL;
done:
	store_close(store);
	return result;
}

void store_close(struct store *store)
{
	int code;

	if (store == NULL)
		return;
	if (store->db != NULL)
		store_scan_close(store);
	for (size_t i = 0; i < store->statements_count; i++)
		(void)sqlite3_finalize(store->statements[i].statement);
	code = sqlite3_close(store->db);
	assert(code == SQLITE_OK); /* busy: a statement outside the cache */
	free(store);
}
