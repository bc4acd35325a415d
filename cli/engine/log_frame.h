/*
 * cli/engine/log_frame.h: a frame of the log: decoded once, held against the head and the roster,
 * and opened. Whoever has decoded it hands it on decoded; its views point into the encoded bytes.
 */
#ifndef INKSEAL_LOG_FRAME_H
#define INKSEAL_LOG_FRAME_H

#include "cli/engine/replica.h"
#include "schemas/patch.h"

/* ENGINE_DAMAGED or ENGINE_NEWER, with a message, if it can't be decoded. */
MUST_USE enum engine_result log_frame_decode(
    struct replica *replica, struct view encoded, struct frame *out);
/* The same frame, over a copy of its bytes; false: no memory. */
MUST_USE bool log_frame_copy(
    const struct frame *frame, struct bytes *encoded_out, struct frame *out);
size_t log_frame_len(const struct frame *frame); /* of its encoded bytes */
struct head log_frame_head(const struct frame *frame);
/* Checks place, roster, epoch and signature, and moves head and roster index. */
MUST_USE enum engine_result log_frame_follow(struct replica *replica, const struct frame *frame);
/* Opens and decodes the sealed part; *payload_out owns what *sealed_out points into. */
MUST_USE enum engine_result log_frame_open(struct replica *replica, const struct frame *frame,
    struct bytes *payload_out, struct frame_sealed *sealed_out);

#endif
