/*
 * gateway/account/cache.h: what the account code itself keeps in a cache between calls (account.h
 * has the rest).
 */
#ifndef INKSEAL_ACCOUNT_CACHE_H
#define INKSEAL_ACCOUNT_CACHE_H

#include "gateway/account/account.h"

/* *pack is taken, if it is worth keeping. */
void account_cache_keep_pack(
    struct account_cache *cache, const struct digest *hash, struct bytes *pack);
const struct bytes *account_cache_pack(
    const struct account_cache *cache, const struct digest *hash); /* NULL: not at hand */
/* Forgets the packs that the manifest does not name any more. */
void account_cache_trim_packs(struct account_cache *cache, const struct manifest *manifest);
bool account_cache_has_seen(const struct account_cache *cache, const struct blob_name *name);

#endif
