/*
 * cli/engine/own_frames.h: frames of this home's own that the log holds. An answer has said so, or
 * the frame is met in the log though no answer was heard: either way what it carries is
 * acknowledged, by its hash, which was stored before it was sent. All but find in a transaction.
 */
#ifndef INKSEAL_OWN_FRAMES_H
#define INKSEAL_OWN_FRAMES_H

#include "cli/engine/log_frame.h"

/* Has this home stored it, before it sent it? */
MUST_USE enum engine_result own_frames_known(
    struct replica *replica, const struct frame *frame, bool *known_out);

/*
 * Whether a patch or snapshot is this home's own. Where it is under the device's key, and this home
 * has not stored it, the home was cloned: it is another's frame, and a warning is logged.
 */
MUST_USE enum engine_result own_frames_judge(
    struct replica *replica, const struct frame *frame, bool *own_out);

/* The log holds the statement that adds this device. */
MUST_USE enum engine_result own_frames_joined(struct replica *replica);

/* What a load carried, as it was built. */
struct load_built {
	uint64_t count;         /* versions */
	struct digest versions; /* the exclusive or of their hashes */
	struct root_sum sum;    /* the state's, with them */
};
/*
 * A load: the versions that were stored for it become base and cloud, if with them the state has
 * the root that the frame names. built: NULL where another process has, and the sum is computed
 * again.
 */
MUST_USE enum engine_result own_frames_load(
    struct replica *replica, const struct frame *frame, const struct load_built *built);
/* A reset, over the very state that it was built of: head and roster move, and nothing else. */
MUST_USE enum engine_result own_frames_reset(struct replica *replica, const struct frame *frame);
/* A snapshot that was just committed: the log is counted from it. */
MUST_USE enum engine_result own_frames_snapshot(struct replica *replica, const struct frame *frame);

/*
 * The frame that an answer names instead of the log before it: is it one of this home's, over the
 * state that is here still? Then nothing needs to be fetched, and own_frames_acknowledge_next does
 * it.
 */
MUST_USE enum engine_result own_frames_find_next(
    struct replica *replica, const struct frame *frame, bool *next_out);
MUST_USE enum engine_result own_frames_acknowledge_next(
    struct replica *replica, const struct frame *frame);

#endif
