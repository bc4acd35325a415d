/*
 * cli/store/store_priv.h: what the files of cli/store and their tests share: the store itself, and
 * `struct sql`, one run of one cached statement.
 * A struct sql is sticky like the CBOR reader: open it, bind in order, step, read columns; the
 * first failure is kept, what follows does nothing, and one check at the end says how it went.
 */
#ifndef INKSEAL_STORE_PRIV_H
#define INKSEAL_STORE_PRIV_H

#include "cli/store/store.h"

#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x496e6b73 /* "Inks"; schemas/store.sql sets it */
#define STORE_STATEMENTS_MAX 96u        /* statements in the sources: about 60 */
#define STORE_BUSY_MS 2000              /* the home's lock has kept other writers out already */
#define STORE_META_MAX (512u << 10)     /* bytes of a named value: a roster is 256 KiB */
#define STORE_PREFIX_MIN 4u             /* bytes of an id that may stand for it */
#define STORE_SCAN_ROWS 64u             /* that a scan reads at once, and … */
#define STORE_SCAN_BYTES (64u << 10)    /* … their bytes, from which on it reads no more */
#define STORE_WORDS_MAX 64u             /* words of a search: nobody types more */
#define STORE_WORDS_LEN_MAX (16u << 10) /* bytes of a search as FTS5 reads it */

extern const char store_schema_sql[]; /* schemas/store.sql, made by the build */

struct store_statement {
	const char *sql; /* a literal of the sources: found again by its address */
	sqlite3_stmt *statement;
};

struct store {
	sqlite3 *db;
	const struct clock *clock;
	struct store_statement statements[STORE_STATEMENTS_MAX];
	size_t statements_count;
	bool light;         /* PRAGMA synchronous is NORMAL, not FULL … */
	bool light_unsure;  /* … or perhaps not: to change it failed */
	bool stuck;         /* a rollback failed, for want of memory: the next call tries again */
	int64_t scan_rank;  /* the row scan_next gave last */
	int64_t scan_count; /* rows of the open scan; 0 when none is open */
	struct journal_row scan_rows[STORE_SCAN_ROWS]; /* read, of which scan_given were given */
	size_t scan_read;
	size_t scan_given;
};

/* SQLite's answer as what to do next, and why in one line. Pure, so that one table tests it. */
enum journal_result store_result(int code, int system_errno, struct call *call);

struct sql {
	struct store *store;
	sqlite3_stmt *statement;
	int code; /* SQLITE_OK until the first failure */
	int bound;
};

/* Undoes what a failed rollback has left open. False: it can't yet: nothing may be read or written.
 */
bool store_unstick(struct store *store);

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
/* Brings the search index up to what local_set has changed since the transaction began. */
MUST_USE enum journal_result store_index(struct store *store, struct call *call);
/* The user's words as an FTS5 query: each quoted, a trailing * kept as a prefix. */
MUST_USE enum journal_result store_words(
    const char *match, struct call *call, struct bytes *query_out);

/* The rows of the vtable that store_side.c supplies (contracts: cli/engine/journal.h). */
enum journal_result store_scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out);
enum journal_result store_scan_next(void *self, struct call *call, struct journal_row *out);
void store_scan_close(void *self);
enum journal_result store_sent_add(
    void *self, const struct digest *frame, uint64_t seq, struct call *call);
enum journal_result store_sent_all_dirty(void *self, const struct digest *frame, struct call *call);
enum journal_result store_sent_known(void *self, const struct digest *frame, struct call *call);
enum journal_result store_sent_next(void *self, const struct digest *frame, struct view after,
    struct call *call, struct bytes *id_out, struct digest *version_out);
enum journal_result store_sent_take(void *self, const struct digest *frame,
    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *call,
    uint64_t *count_out, struct digest *versions_out);
enum journal_result store_sent_rename(void *self, const struct digest *from,
    const struct digest *to, uint64_t seq, struct call *call);
enum journal_result store_sent_prune(void *self, uint64_t seq, struct call *call);
enum journal_result store_history_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, enum history_kind kind, int64_t at_ms, struct call *call);
enum journal_result store_activity_add(void *self, enum activity_kind kind, struct view id,
    const char *detail, int64_t at_ms, struct call *call);
enum journal_result store_loser_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, struct call *call);
enum journal_result store_loser_next(void *self, struct view after_id,
    const struct digest *after_version, struct call *call, struct journal_loser *out);
enum journal_result store_loser_settled(void *self, struct view id, const struct digest *version,
    const struct device_id *author, int64_t time_ms, struct call *call);
enum journal_result store_segment_find(
    void *self, const struct digest *run_hash, struct call *call, struct journal_segment *out);
enum journal_result store_segment_add(
    void *self, const struct journal_segment *segment, struct call *call);
enum journal_result store_segments_clear(void *self, struct call *call);
enum journal_result store_stage_add(
    void *self, const struct journal_staged *row, struct call *call);
enum journal_result store_stage_next(void *self, struct view after, struct call *call,
    struct bytes *id_out, struct digest *version_out, struct device_id *author_out);
enum journal_result store_stage_places(
    void *self, struct call *call, bool *own_out, uint64_t *newest_out);
enum journal_result store_stage_count(void *self, struct call *call, uint64_t *count_out);
enum journal_result store_stage_missing_next(
    void *self, struct view after, struct call *call, struct bytes *id_out);
enum journal_result store_stage_take(void *self, uint64_t seq, int64_t time_ms, struct call *call);
enum journal_result store_stage_clear(void *self, struct call *call);
enum journal_result store_bases_forget(void *self, struct call *call);
enum journal_result store_cloud_placed(void *self, uint64_t seq, struct call *call);
enum journal_result store_version_author(void *self, struct view id, const struct digest *version,
    struct call *call, struct device_id *author_out);
enum journal_result store_cloud_forget(void *self, struct call *call);
enum journal_result store_device_seen(
    void *self, const struct device_id *device, uint64_t seq, int64_t time_ms, struct call *call);
enum journal_result store_device_get(void *self, const struct device_id *device, struct call *call,
    uint64_t *seq_out, int64_t *time_ms_out);

#endif
