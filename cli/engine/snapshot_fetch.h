/*
 * cli/engine/snapshot_fetch.h: a snapshot, load or reset that is to be installed: its index, and
 * only those of its segments whose run differs from what is here, are fetched and staged.
 */
#ifndef INKSEAL_SNAPSHOT_FETCH_H
#define INKSEAL_SNAPSHOT_FETCH_H

#include "cli/engine/follow.h"
#include "cli/engine/losers.h"
#include "cli/engine/own_runs.h"
#include "cli/engine/transfers.h"

struct snapshot_install {
	struct replica *replica;
	struct bytes encoded; /* the frame */
	struct frame frame;
	struct frame_sealed sealed;
	struct bytes payload; /* what sealed points into */
	bool is_whole;        /* a load or a reset: the state at its own seq */
	bool no_base;         /* a reset, or what stands behind one that this device has not met */
	bool at_cursor;       /* a load met in the log just after the cursor */
	struct head covered;
	bool has_index;
	struct bytes index;       /* plaintext: first_id views point into it */
	struct index_parts parts; /* of it */
	struct install_segment *segments;
	size_t segments_count;
	uint64_t rows_count; /* of all segments */
	size_t next;         /* the first segment not yet asked for */
	size_t there;        /* segments that are staged */
	struct blob_name losers_names[LOSERS_SEGMENTS_MAX]; /* losers' segments */
	size_t losers_count;
	size_t losers_next;
	struct losers losers;
	bool asked_index;
	struct stage stage;
	uint64_t fetched_bytes, fetched_count;
	struct follow follow;
};

/* frame: copied. at_cursor: a load that the log holds right after the cursor. */
MUST_USE enum engine_result snapshot_install_open(struct replica *replica,
    const struct frame *frame, bool at_cursor, struct snapshot_install **out);
void snapshot_install_free(struct snapshot_install *install); /* NULL is fine */
/*
 * The next blob that is missing, its name and place; *get_out false: none is to be asked for now,
 * and if nothing is under way, all is staged.
 */
MUST_USE enum engine_result snapshot_fetch_next(
    struct snapshot_install *install, bool *get_out, struct transfer *transfer);
MUST_USE enum engine_result snapshot_fetch_blob(
    struct snapshot_install *install, struct transfer *transfer, struct view blob);
void snapshot_fetch_progress(
    const struct snapshot_install *install, uint64_t *done_out, uint64_t *all_out);
/* ENGINE_DAMAGED, and a message that names the frame. */
enum engine_result snapshot_damaged(const struct snapshot_install *install, const char *what);
enum engine_result snapshot_misplaced(const struct snapshot_install *install);

#endif
