/*
 * cli/engine/snapshot_build.h: the state cut into segments, and their index: a load, a snapshot or
 * a reset.
 */
#ifndef INKSEAL_SNAPSHOT_BUILD_H
#define INKSEAL_SNAPSHOT_BUILD_H

#include "cli/engine/frame_build.h"
#include "cli/engine/transfers.h"

struct snapshot_build;
/* follows: for a reset, the head of the log that is given up; else NULL. */
MUST_USE enum engine_result snapshot_build_open(struct replica *replica, enum frame_kind kind,
    const struct head *follows, struct snapshot_build **out);
void snapshot_build_free(struct snapshot_build *build); /* NULL is fine */
/*
 * Fills the transfer with the next blob to be sealed and put (*put_out). False: there is none now;
 * when the segments are all put and checked (alone) comes the index, after it none.
 */
MUST_USE enum engine_result snapshot_build_next(
    struct snapshot_build *build, bool alone, bool *put_out, struct transfer *transfer);
/* The transfer's blob was put and read back: remember it. */
MUST_USE enum engine_result snapshot_build_put_done(
    struct snapshot_build *build, const struct transfer *transfer);
/* After the last segment: the index was the last blob; the frame that names it. */
MUST_USE enum engine_result snapshot_build_frame(
    struct snapshot_build *build, struct built_frame *out);
/* The frame was committed: moves head, state (a load) and the known segments. In a transaction. */
MUST_USE enum engine_result snapshot_build_committed(
    struct snapshot_build *build, const struct frame *frame);
void snapshot_build_progress(
    const struct snapshot_build *build, uint64_t *done_out, uint64_t *all_out);

#endif
