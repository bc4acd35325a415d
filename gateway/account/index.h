/*
 * gateway/account/index.h: the index of a load or snapshot: a blob that lists others by name.
 */
#ifndef INKSEAL_ACCOUNT_INDEX_H
#define INKSEAL_ACCOUNT_INDEX_H

#include "gateway/account/work.h"

/* The current snapshot's index and its names (SEGMENTS_MAX fit); 0 of them if it is unreadable. */
MUST_USE enum account_result account_index_names(
    struct account_work *work, struct blob_name *names, size_t *count_out);
/* The bytes become the cache's index, and *index is taken. */
void account_index_keep(
    struct account_cache *cache, struct bytes *index, const struct blob_name *name);
/* An index's names. REFUSED if it is none, or another account's. */
MUST_USE enum account_result account_index_decode(
    struct account_work *work, struct view index, struct blob_name *names, size_t *count_out);

#endif
