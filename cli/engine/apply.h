/*
 * cli/engine/apply.h: one frame onto the cloud state, in a transaction: cloud moves, base stays
 * (but of ours).
 */
#ifndef INKSEAL_APPLY_H
#define INKSEAL_APPLY_H

#include "cli/engine/replica.h"
#include "schemas/patch.h"
#include "schemas/sync.h"

/* A frame's body blob, if the driver has it. */
struct body_source {
	const struct sync_body *bodies;
	size_t bodies_count;
	const struct sync_body *extra; /* fetched alone; NULL: none */
};

/* apply.c: one frame onto the cloud state, in a transaction: cloud moves, base stays (but of ours).
 */
enum apply_result {
	APPLY_OK,
	APPLY_NEEDS_BODY, /* the body is not at hand: nothing was changed */
	APPLY_IS_LOAD,    /* a load of another device: take it (snapshot_install.c); nothing was
			     changed */
	APPLY_FAILED,     /* *failure_out says how; roll back */
};
MUST_USE enum apply_result apply_frame(struct replica *replica, struct view encoded,
    const struct body_source *bodies, enum engine_result *failure_out);
/*
 * If the frame, just applied, is another's snapshot: it names segments that this device has not
 * met, and learns when it needs to. In a transaction.
 */
MUST_USE enum engine_result apply_note_snapshot(struct replica *replica, struct view encoded);
/* Checks place, roster, epoch and signature, and moves head and roster index. */
MUST_USE enum engine_result apply_head(struct replica *replica, const struct frame *frame);
/* Opens and decodes a frame's sealed part; *payload_out owns what *sealed_out points into. */
MUST_USE enum engine_result apply_open(struct replica *replica, const struct frame *frame,
    struct bytes *payload_out, struct frame_sealed *sealed_out);
/* Sets the cloud version of an entry and keeps the root in step. NULL version: none. */
MUST_USE enum engine_result apply_cloud(struct replica *replica, struct view id,
    const struct digest *version, const struct device_id *author, uint64_t seq, int64_t time_ms);

#endif
