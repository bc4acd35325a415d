/*
 * cli/engine/own_frames.h: frames of this home's own, met again though no answer was heard.
 */
#ifndef INKSEAL_OWN_FRAMES_H
#define INKSEAL_OWN_FRAMES_H

#include "cli/engine/replica.h"
#include "schemas/patch.h"

/*
 * A load of this home's is met in the log, of which no answer was heard: the versions that were
 * stored for it become base and cloud, if with them the state has the root that the frame names. In
 * a transaction.
 */
MUST_USE enum engine_result own_frames_load(
    struct replica *replica, const struct frame *frame, const struct frame_sealed *sealed);
/*
 * A reset of this home's has landed, over the very state that it was made of: head and roster move,
 * and nothing else. In a transaction.
 */
MUST_USE enum engine_result own_frames_reset(struct replica *replica, const struct frame *frame);
/* The log holds the statement that adds this device. In a transaction. */
MUST_USE enum engine_result own_frames_joined(struct replica *replica);

#endif
