/*
 * gateway/account/append.h: the next manifest, with frames after those that are there.
 */
#ifndef INKSEAL_ACCOUNT_APPEND_H
#define INKSEAL_ACCOUNT_APPEND_H

#include "gateway/account/work.h"

/*
 * Builds work->next: the manifest and count frames after it, packed where it would pass
 * MANIFEST_PACK_AT (S7). roster: as of the last frame. Puts packs, commits nothing.
 */
MUST_USE enum account_result account_append(struct account_work *work, const struct frame *frames,
    const struct view *encoded, size_t count, const struct roster *roster,
    const struct blob_name *roster_name);

#endif
