/*
 * cli/engine/frame_build.h: frames of this device's own: header, seal, signature. A frame is
 * decoded once, when it was signed, and handed on so.
 */
#ifndef INKSEAL_FRAME_BUILD_H
#define INKSEAL_FRAME_BUILD_H

#include "cli/engine/log_frame.h"

struct built_frame {
	struct bytes encoded;
	struct frame frame; /* decoded: its views point into encoded */
	struct bytes body;  /* a patch's; empty: inline */
	uint64_t entries;
	uint64_t deltas;
};
void built_frame_clear(struct built_frame *built);
/* The next place of the log, under the roster and epoch of the cursor. */
void frame_build_header(
    const struct replica *replica, enum frame_kind kind, struct frame_header *out);
/* Seals and signs a frame with this device's keys; fills out->encoded and out->frame. */
MUST_USE enum engine_result frame_build_seal(struct replica *replica, struct frame_header *header,
    const struct frame_sealed *sealed, struct built_frame *out);
/* A statement's frame, in clear, signed by the statement's own signer. */
MUST_USE enum format_result frame_build_statement(const struct frame_header *header,
    struct view statement, const struct device_keys *signer, struct built_frame *out);
/* Applies it to the replica, with its body; in a transaction. */
MUST_USE enum engine_result frame_build_apply(
    struct replica *replica, const struct built_frame *built);

#endif
