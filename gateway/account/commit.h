/*
 * gateway/account/commit.h: the manifest, as written: one conditional PUT.
 */
#ifndef INKSEAL_ACCOUNT_COMMIT_H
#define INKSEAL_ACCOUNT_COMMIT_H

#include "gateway/account/work.h"

/*
 * Writes work->next over the manifest by its tag (S8). OK and *won_out: it stands, and is the
 * cache's. OK and not: another's commit stands, and is the cache's.
 */
MUST_USE enum account_result account_manifest_commit(struct account_work *work, bool *won_out);

#endif
