/*
 * cli/engine/frame_build.h: frames of this device's own: header, seal, signature.
 */
#ifndef INKSEAL_FRAME_BUILD_H
#define INKSEAL_FRAME_BUILD_H

#include "cli/engine/replica.h"
#include "schemas/patch.h"

struct built_frame {
	struct bytes frame;
	struct digest frame_hash;
	struct bytes body; /* empty: inline */
	uint64_t entries;
	uint64_t deltas;
};
void built_frame_clear(struct built_frame *push);
/* Seals and signs a frame with this device's keys; fills out->frame and its hash. */
MUST_USE enum engine_result frame_build_seal(struct replica *replica, struct frame_header *header,
    const struct frame_sealed *sealed, struct built_frame *out);
void frame_build_header(
    const struct replica *replica, enum frame_kind kind, struct frame_header *out);

#endif
