/*
 * cli/store/store.h: the local journal in one SQLite file (design, section 8; schemas/store.sql).
 * WAL, synchronous=FULL: what a commit acknowledged survives a crash. Writes come from the engine
 * through store_journal(); here are opening, and what lists and searches. One process writes at a
 * time: the caller holds the home's lock. Migrations by user_version; a newer file is refused.
 */
#ifndef INKSEAL_STORE_H
#define INKSEAL_STORE_H

#include "cli/engine/journal.h"

struct store;

enum store_log {
	STORE_WAL, /* a write-ahead log beside the file: readers do not wait for who writes */
	STORE_MEMORY_LOG, /* in memory: for a file of which whole states are kept by other means */
};
struct store_options {
	enum store_log log;
	unsigned cache_kib; /* of pages in memory */
};
extern const struct store_options store_options_disk; /* a file on this machine's disk */
/*
 * A file that is not there is made, by SQLite and as wide as the umask allows: who wants it for
 * itself alone makes it before. On error call->message says what to do.
 */
MUST_USE enum journal_result store_open(const char *path, const struct store_options *options,
    const struct clock *clock, struct call *call, struct store **out);
void store_close(struct store *store); /* NULL is fine */
struct journal store_journal(struct store *store);
/* PRAGMA integrity_check, versions against their hashes, dangling references. For `doctor`. */
MUST_USE enum journal_result store_check(struct store *store, struct call *call);

struct store_damage {      /* a version whose bytes are not what its hash says */
	struct view id;    /* of its entry; valid until see returns, as title is */
	struct view title; /* as the list has it */
	bool current;      /* it is the entry's own version now; else one of its history */
};
/* Calls see for each of them, in no order. */
MUST_USE enum journal_result store_damaged(struct store *store,
    void (*see)(void *self, const struct store_damage *damage), void *self, struct call *call);

struct store_item { /* one row of a list; valid until the next step */
	const char *id;
	const char *collection;
	const char *title;
	const char *created_at; /* as they came */
	const char *updated_at;
	const char *deleted_at;  /* NULL: live */
	const char *conflict_of; /* NULL: none */
	int64_t created_ms;
	int64_t updated_ms;
	bool dirty;
	const char *snippet; /* search alone: the match, marked [like this]; else NULL */
};
struct store_query {
	const char *collection; /* NULL: all */
	const char *match; /* NULL: all; else words, all of which must occur ("prefix*" allowed) */
	bool deleted;      /* the trash instead of the live entries */
	bool conflicts_only;
	uint64_t limit;    /* 0: no limit */
	bool oldest_first; /* by created_ms, id; else newest first; a search: best first */
};
/* Calls see for each; stops early when it returns false. */
MUST_USE enum journal_result store_list(struct store *store, const struct store_query *query,
    bool (*see)(void *self, const struct store_item *item), void *self, struct call *call);
/* A unique id that begins with prefix (at least 4 characters, or the whole id). NONE: none, or
 * several. */
MUST_USE enum journal_result store_resolve(
    struct store *store, const char *prefix, struct call *call, struct bytes *id_out);

struct store_history {
	uint64_t number; /* 1 is the oldest of the entry */
	struct digest version;
	struct device_id author;
	enum history_kind kind;
	int64_t at_ms;
};
MUST_USE enum journal_result store_history(struct store *store, struct view id,
    bool (*see)(void *self, const struct store_history *row), void *self, struct call *call);

struct store_activity {
	int64_t at_ms;
	enum activity_kind kind;
	const char *id; /* NULL: none */
	const char *detail;
};
/* Newest first; limit 0: all. */
MUST_USE enum journal_result store_activity(struct store *store, uint64_t limit,
    bool (*see)(void *self, const struct store_activity *row), void *self, struct call *call);

#endif
