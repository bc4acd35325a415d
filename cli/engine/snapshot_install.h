/*
 * cli/engine/snapshot_install.h: a snapshot, load or reset is installed: only segments whose run
 * differs are fetched and staged; nothing moves until the whole has given its root and the frames
 * after it have led to the head.
 */
#ifndef INKSEAL_SNAPSHOT_INSTALL_H
#define INKSEAL_SNAPSHOT_INSTALL_H

#include "cli/engine/transfers.h"
#include "schemas/sync.h"

struct snapshot_install;
MUST_USE enum engine_result snapshot_install_open(
    struct replica *replica, struct view frame, bool at_cursor, struct snapshot_install **out);
void snapshot_install_free(struct snapshot_install *install); /* NULL is fine */
/* The next blob that is missing, its name and place; *get_out false: none is to be asked for now,
 * and if nothing is under way, all is staged. */
MUST_USE enum engine_result snapshot_install_next(
    struct snapshot_install *install, bool *get_out, struct transfer *transfer);
MUST_USE enum engine_result snapshot_install_blob(
    struct snapshot_install *install, struct transfer *transfer, struct view blob);
void snapshot_install_progress(
    const struct snapshot_install *install, uint64_t *done_out, uint64_t *all_out);
/* From where the log is to be followed, and frames of it, in order. */
const struct head *snapshot_install_cursor(const struct snapshot_install *install);
MUST_USE enum engine_result snapshot_install_frames(struct snapshot_install *install,
    const struct sync_answer *answer, const struct sync_body *extra,
    struct blob_name *body_needed_out, bool *body_out);
/* Applies all in one transaction, and settles. */
MUST_USE enum engine_result snapshot_install_finish(
    struct snapshot_install *install, bool allow_deletions);

#endif
