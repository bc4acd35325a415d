/*
 * cli/engine/apply.h: one frame onto the cloud state, in a transaction: cloud moves, base stays
 * (but of ours).
 */
#ifndef INKSEAL_APPLY_H
#define INKSEAL_APPLY_H

#include "cli/engine/log_frame.h"
#include "schemas/sync.h"

/* A frame's body blob, if the driver has it. */
struct body_source {
	const struct sync_body *bodies;
	size_t bodies_count;
	const struct sync_body *extra; /* fetched alone; NULL: none */
};
enum apply_outcome {
	APPLY_DONE,
	APPLY_NEEDS_BODY, /* the body is not at hand: nothing was changed */
	APPLY_IS_LOAD,    /* a load of another device: it is to be installed; nothing was changed */
};
/* On any other result than OK it is to be undone. */
MUST_USE enum engine_result apply_frame(struct replica *replica, const struct frame *frame,
    const struct body_source *bodies, enum apply_outcome *out);
/*
 * If the frame, just applied, is another's snapshot: it names segments that this device has not
 * met, and learns when it needs to. In a transaction.
 */
MUST_USE enum engine_result apply_note_snapshot(struct replica *replica, const struct frame *frame);
/* NULL: it is not there. */
const struct sync_body *body_find(const struct body_source *source, const struct blob_name *name);

#endif
