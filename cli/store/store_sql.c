/*
 * cli/store/store_sql.c: running one cached statement, and what SQLite's results mean.
 * Messages come from sqlite3_errstr(), never sqlite3_errmsg(): the latter may quote values.
 */
#include "cli/store/store_sql.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

static enum journal_result disk_full(struct call *call)
{
	call_sayf(call, "the disk is full; nothing was lost: make room and try again");
	return JOURNAL_FULL;
}

enum journal_result store_result(int code, int system_errno, struct call *call)
{
	bool no_room = system_errno == ENOSPC || system_errno == EDQUOT;

	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return JOURNAL_OK;
	case SQLITE_FULL: return disk_full(call);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (no_room)
			return disk_full(call);
		call_sayf(call, "the journal's file: %s (%d): %s", sqlite3_errstr(code), code,
		    system_errno != 0 ? strerror(system_errno) : "no more is known");
		return JOURNAL_FAILED;
	case SQLITE_NOTADB:
		call_sayf(call, "the file is no journal of Inkseal; it was left as it is");
		return JOURNAL_FAILED;
	case SQLITE_CORRUPT:
		call_sayf(call, "the journal's file is damaged: keep a copy of it, then run "
				"`inkseal doctor`");
		return JOURNAL_FAILED;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		call_sayf(call, "another program is writing to the journal: try again");
		return JOURNAL_FAILED;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		call_sayf(call, "the journal's file may not be written");
		return JOURNAL_FAILED;
	case SQLITE_NOMEM: call_sayf(call, "out of memory"); return JOURNAL_FAILED;
	case SQLITE_ABORT:
		call_sayf(call, "the change was undone before it was complete: try again");
		return JOURNAL_FAILED;
	default:
		call_sayf(call, "the journal's file: %s (%d)", sqlite3_errstr(code), code);
		return JOURNAL_FAILED;
	}
}

/* Prepared at its first use; a caller that steps it while it is in use made a mistake. */
static int statement_find(struct store *store, const char *text, sqlite3_stmt **out)
{
	struct store_statement *slot;
	int code;

	for (size_t i = 0; i < store->statements_count; i++) {
		if (store->statements[i].sql != text)
			continue;
		assert(!sqlite3_stmt_busy(store->statements[i].statement));
		*out = store->statements[i].statement;
		return SQLITE_OK;
	}
	assert(store->statements_count < STORE_STATEMENTS_MAX);
	slot = &store->statements[store->statements_count];
	code = sqlite3_prepare_v3(
	    store->db, text, -1, SQLITE_PREPARE_PERSISTENT, &slot->statement, NULL);
	if (code != SQLITE_OK)
		return code;
	slot->sql = text;
	store->statements_count++;
	*out = slot->statement;
	return SQLITE_OK;
}

bool store_unstick(struct store *store)
{
	if (store->stuck)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->stuck = store->stuck && sqlite3_get_autocommit(store->db) == 0;
	return !store->stuck;
}

void sql_read(struct sql *sql, struct store *store, const char *text)
{
	*sql = (struct sql){.store = store};
	sql->code = SQLITE_NOMEM;
	if (store_unstick(store))
		sql->code = statement_find(store, text, &sql->statement);
}

void sql_write(struct sql *sql, struct store *store, const char *text)
{
	sql_read(sql, store, text);
	if (sql->code == SQLITE_OK && sqlite3_get_autocommit(store->db) != 0)
		sql->code = SQLITE_ABORT;
}

void sql_int(struct sql *sql, int64_t value)
{
	sql->bound++;
	if (sql->code == SQLITE_OK)
		sql->code = sqlite3_bind_int64(sql->statement, sql->bound, value);
}

void sql_text(struct sql *sql, struct view text)
{
	sql->bound++;
	if (sql->code == SQLITE_OK)
		sql->code = sqlite3_bind_text64(sql->statement, sql->bound,
		    text.len == 0 ? "" : (const char *)text.data, text.len, SQLITE_STATIC,
		    SQLITE_UTF8);
}

void sql_text_or_null(struct sql *sql, struct view text)
{
	if (text.data != NULL)
		sql_text(sql, text);
	else
		sql->bound++; /* unbound parameters are NULL */
}

void sql_blob(struct sql *sql, struct view blob)
{
	sql->bound++;
	if (sql->code == SQLITE_OK)
		sql->code = sqlite3_bind_blob64(sql->statement, sql->bound,
		    blob.len == 0 ? (const void *)"" : blob.data, blob.len, SQLITE_STATIC);
}

void sql_digest(struct sql *sql, const struct digest *digest)
{
	if (digest != NULL)
		sql_blob(sql, view_of(digest->bytes, sizeof(digest->bytes)));
	else
		sql->bound++;
}

void sql_device(struct sql *sql, const struct device_id *device)
{
	static const struct device_id none = {{0}};

	if (device == NULL)
		device = &none;
	sql_blob(sql, view_of(device->bytes, sizeof(device->bytes)));
}

enum journal_result sql_row(struct sql *sql, struct call *call)
{
	enum journal_result result;

	if (sql->code == SQLITE_OK) {
		int code = sqlite3_step(sql->statement);

		if (code == SQLITE_ROW)
			return JOURNAL_OK;
		if (code != SQLITE_DONE)
			sql->code = code;
	}
	result = sql_finish(sql, call);
	return result == JOURNAL_OK ? JOURNAL_NONE : result;
}

static bool fixed_at(struct sql *sql, int column, void *out, size_t len)
{
	struct view view = sql_view_at(sql, column);

	if (sql->code != SQLITE_OK || view.data == NULL)
		return false;
	if (view.len != len) {
		sql->code = SQLITE_CORRUPT;
		return false;
	}
	memcpy(out, view.data, len);
	return true;
}

bool sql_digest_at(struct sql *sql, int column, struct digest *out)
{
	return fixed_at(sql, column, out->bytes, sizeof(out->bytes));
}

bool sql_device_at(struct sql *sql, int column, struct device_id *out)
{
	return fixed_at(sql, column, out->bytes, sizeof(out->bytes));
}

int64_t sql_int_at(struct sql *sql, int column)
{
	return sql->code == SQLITE_OK ? sqlite3_column_int64(sql->statement, column) : 0;
}

const char *sql_text_at(struct sql *sql, int column)
{
	if (sql->code != SQLITE_OK || sqlite3_column_type(sql->statement, column) == SQLITE_NULL)
		return NULL;
	if (sqlite3_column_text(sql->statement, column) == NULL) {
		sql->code = SQLITE_NOMEM;
		return NULL;
	}
	return (const char *)sqlite3_column_text(sql->statement, column);
}

struct view sql_view_at(struct sql *sql, int column)
{
	static const uint8_t empty[1] = {0};
	const void *data;

	if (sql->code != SQLITE_OK || sqlite3_column_type(sql->statement, column) == SQLITE_NULL)
		return (struct view){0};
	data = sqlite3_column_blob(sql->statement, column);
	if (data != NULL)
		return view_of(data, (size_t)sqlite3_column_bytes(sql->statement, column));
	if (sqlite3_errcode(sql->store->db) == SQLITE_NOMEM) {
		sql->code = SQLITE_NOMEM;
		return (struct view){0};
	}
	return view_of(empty, 0);
}

void sql_bytes_at(struct sql *sql, int column, struct bytes *out)
{
	struct view view = sql_view_at(sql, column);

	if (sql->code == SQLITE_OK && !bytes_copy(view, out))
		sql->code = SQLITE_NOMEM;
}

void sql_close(struct sql *sql)
{
	if (sql->statement == NULL)
		return;
	/* Both only repeat what step said; the statement must let go of what is borrowed. */
	(void)sqlite3_reset(sql->statement);
	(void)sqlite3_clear_bindings(sql->statement);
	sql->statement = NULL;
}

enum journal_result sql_finish(struct sql *sql, struct call *call)
{
	enum journal_result result =
	    store_result(sql->code, sqlite3_system_errno(sql->store->db), call);

	sql_close(sql);
	return result;
}

enum journal_result sql_run(struct sql *sql, struct call *call)
{
	enum journal_result result = sql_row(sql, call);

	if (result == JOURNAL_NONE)
		return JOURNAL_OK;
	if (result == JOURNAL_OK) /* a pragma that answers; nobody asked */
		sql_close(sql);
	return result;
}

enum journal_result sql_take_id(struct sql *sql, struct call *call, struct bytes *id_out)
{
	struct bytes id = {0};
	enum journal_result result;

	sql_bytes_at(sql, 0, &id);
	result = sql_finish(sql, call);
	if (result == JOURNAL_OK)
		*id_out = id;
	else
		bytes_clear(&id);
	return result;
}

enum journal_result store_numbers(
    struct store *store, const char *text, struct call *call, int64_t *out, size_t count)
{
	struct sql sql;
	enum journal_result result;

	sql_read(&sql, store, text);
	result = sql_row(&sql, call);
	if (result == JOURNAL_NONE) /* these statements always have a row */
		return store_result(SQLITE_CORRUPT, 0, call);
	if (result != JOURNAL_OK)
		return result;
	for (size_t i = 0; i < count; i++)
		out[i] = sql_int_at(&sql, (int)i);
	sql_close(&sql); /* to read a number never fails */
	return JOURNAL_OK;
}

enum journal_result store_number(
    struct store *store, const char *text, struct call *call, int64_t *out)
{
	return store_numbers(store, text, call, out, 1);
}

enum journal_result store_exec(struct store *store, const char *text, struct call *call)
{
	int code = sqlite3_exec(store->db, text, NULL, NULL, NULL);

	return store_result(code, sqlite3_system_errno(store->db), call);
}
