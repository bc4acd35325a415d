/*
 * cli/store/store_search.h: the full-text index beside the entries (SQLite's FTS5).
 */
#ifndef INKSEAL_STORE_SEARCH_H
#define INKSEAL_STORE_SEARCH_H

#include "cli/store/store_db.h"

/* Brings the search index up to what local_set has changed since the transaction began. */
MUST_USE enum journal_result store_index(struct store *store, struct call *call);
/* The user's words as an FTS5 query: each quoted, a trailing * kept as a prefix. */
MUST_USE enum journal_result store_words(
    const char *match, struct call *call, struct bytes *query_out);

#endif
