/*
 * cli/engine/snapshot_build.h: the state cut into segments, and their index: a load, a snapshot or
 * a reset.
 */
#ifndef INKSEAL_SNAPSHOT_BUILD_H
#define INKSEAL_SNAPSHOT_BUILD_H

#include "cli/engine/frame_build.h"
#include "cli/engine/transfers.h"

/* How the state is cut: a function of its size alone, so that all devices cut alike. */
struct cut {
	uint64_t floor; /* bytes: no boundary before this */
	uint64_t mask;  /* a boundary where the key's hash has these bits all zero */
};
#define CUT_FLOOR_MAX (ENTRY_MAX / 2)
#define CUT_BYTES_MAX ((uint64_t)(SEGMENTS_MAX - 1) * CUT_FLOOR_MAX) /* of all runs: 3.7 GiB */
void cut_for(uint64_t count, uint64_t bytes, struct cut *out); /* bytes: of the entries alone */
uint64_t cut_bytes(uint64_t count, uint64_t bytes); /* … with what stands beside them */

/*
 * snapshot_build.c: the state cut into segments, and their index: a load or a snapshot. make_next
 * fills the flight with the next blob to be sealed and put (*put_out). False: there is none now;
 * when the segments are all put and checked (alone) comes the index, after it none.
 */
struct snapshot_build;
/* follows: for a reset, the head of the log that is given up; else NULL. */
MUST_USE enum engine_result snapshot_build_open(struct replica *replica, enum frame_kind kind,
    const struct head *follows, struct snapshot_build **out);
void snapshot_build_free(struct snapshot_build *build); /* NULL is fine */
MUST_USE enum engine_result snapshot_build_next(
    struct snapshot_build *build, bool alone, bool *put_out, struct transfer *transfer);
/* The flight's blob was put and read back: remember it. */
MUST_USE enum engine_result snapshot_build_put_done(
    struct snapshot_build *build, const struct transfer *transfer);
/* After the last segment: the index was the last blob; the frame that names it. */
MUST_USE enum engine_result snapshot_build_frame(
    struct snapshot_build *build, struct built_frame *out);
/* The frame was committed: moves head, state (a load) and the known segments. In a transaction. */
MUST_USE enum engine_result snapshot_build_committed(
    struct snapshot_build *build, struct view frame);
void snapshot_build_progress(
    const struct snapshot_build *build, uint64_t *done_out, uint64_t *all_out);

#endif
