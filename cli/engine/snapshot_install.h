/*
 * cli/engine/snapshot_install.h: what was fetched and staged is installed: nothing moves until the
 * whole has given its root and the frames after it have led to the head.
 */
#ifndef INKSEAL_SNAPSHOT_INSTALL_H
#define INKSEAL_SNAPSHOT_INSTALL_H

#include "cli/engine/snapshot_fetch.h"

/* From where the log is to be followed, and frames of it, in order. */
const struct head *snapshot_install_cursor(const struct snapshot_install *install);
MUST_USE enum engine_result snapshot_install_frames(struct snapshot_install *install,
    const struct sync_answer *answer, const struct sync_body *extra,
    struct blob_name *body_needed_out, bool *body_out);
/* Applies all in one transaction, and settles. */
MUST_USE enum engine_result snapshot_install_finish(
    struct snapshot_install *install, bool allow_deletions);

#endif
