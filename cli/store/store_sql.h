/*
 * cli/store/store_sql.h: `struct sql`, one run of one cached statement, and what SQLite's results
 * mean. A struct sql is sticky like the CBOR reader: open it, bind in order, step, read columns;
 * the first failure is kept, what follows does nothing, and one check at the end says how it went.
 */
#ifndef INKSEAL_STORE_SQL_H
#define INKSEAL_STORE_SQL_H

#include "cli/store/store_db.h"

/* Undoes what a failed rollback has left open. False: it can't yet: nothing may be read or written.
 */
bool store_unstick(struct store *store);

/* SQLite's answer as what to do next, and why in one line. Pure, so that one table tests it. */
enum journal_result store_result(int code, int system_errno, struct call *call);

struct sql {
	struct store *store;
	sqlite3_stmt *statement;
	int code; /* SQLITE_OK until the first failure */
	int bound;
};

/* text must be a literal: the statement is prepared once and kept until the store is closed. */
void sql_read(struct sql *sql, struct store *store, const char *text);
/* Likewise, and refuses outside a transaction: SQLite may have ended it at a full disk. */
void sql_write(struct sql *sql, struct store *store, const char *text);
/* Each binds the next parameter; what is bound is borrowed until the statement is closed. */
void sql_int(struct sql *sql, int64_t value);
void sql_text(struct sql *sql, struct view text); /* data == NULL is the empty text */
void sql_text_or_null(struct sql *sql, struct view text);
void sql_blob(struct sql *sql, struct view blob);
void sql_digest(struct sql *sql, const struct digest *digest);    /* NULL: NULL */
void sql_device(struct sql *sql, const struct device_id *device); /* NULL: all zero */
/* OK: a row is there; NONE: the end. Anything but OK has closed the statement. */
MUST_USE enum journal_result sql_row(struct sql *sql, struct call *call);
/* Columns of the row, from 0. False where it is NULL; a wrong size is a damaged file. */
bool sql_digest_at(struct sql *sql, int column, struct digest *out);
bool sql_device_at(struct sql *sql, int column, struct device_id *out);
int64_t sql_int_at(struct sql *sql, int column);
const char *sql_text_at(struct sql *sql, int column); /* valid until the next step; or NULL */
struct view sql_view_at(struct sql *sql, int column); /* likewise */
void sql_bytes_at(struct sql *sql, int column, struct bytes *out); /* a copy, yours */
/* Closes; OK only if nothing failed. */
MUST_USE enum journal_result sql_finish(struct sql *sql, struct call *call);
/* Runs a statement that gives no rows, and closes it. */
MUST_USE enum journal_result sql_run(struct sql *sql, struct call *call);
/* The row's first column as an id of yours, and closes. */
MUST_USE enum journal_result sql_take_id(struct sql *sql, struct call *call, struct bytes *id_out);
void sql_close(struct sql *sql); /* safe to call again */
/* The numbers that a statement without parameters gives, in one row. */
MUST_USE enum journal_result store_numbers(
    struct store *store, const char *text, struct call *call, int64_t *out, size_t count);
MUST_USE enum journal_result store_number(
    struct store *store, const char *text, struct call *call, int64_t *out);

/* Several statements that bind nothing and give nothing. */
MUST_USE enum journal_result store_exec(struct store *store, const char *text, struct call *call);

#endif
