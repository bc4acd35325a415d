/*
 * cli/store/store_db.h: the open store, as the files of cli/store and their tests share it.
 */
#ifndef INKSEAL_STORE_DB_H
#define INKSEAL_STORE_DB_H

#include "cli/engine/journal.h"

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

#endif
