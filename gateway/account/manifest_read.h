/*
 * gateway/account/manifest_read.h: the newest manifest, as the bucket has it.
 */
#ifndef INKSEAL_ACCOUNT_MANIFEST_READ_H
#define INKSEAL_ACCOUNT_MANIFEST_READ_H

#include "gateway/account/work.h"

/*
 * Conditional GET (S1, S2). OK: work->manifest is live and fresh. ABSENT, GONE: as account.h says.
 * DAMAGED: what is there does not hold, and the cache stays as it was.
 */
MUST_USE enum account_result account_manifest_read(struct account_work *work);
/* For who missed an object that the manifest names: OK if the manifest is another by now. */
MUST_USE enum account_result account_manifest_reread(struct account_work *work);
/* Makes the bytes the cache's manifest, checked (S2); *bytes is taken. own: work encoded them. */
MUST_USE enum account_result account_manifest_adopt(
    struct account_work *work, struct bytes *bytes, bool own, const struct bucket_tag *tag);

#endif
