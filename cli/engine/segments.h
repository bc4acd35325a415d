/*
 * cli/engine/segments.h: segments that are known to be in the cloud, and where the log is counted
 * from.
 */
#ifndef INKSEAL_SEGMENTS_H
#define INKSEAL_SEGMENTS_H

#include "cli/engine/replica.h"
#include "schemas/frame.h"

/* Learns the names of the segments of an index blob (the newest one's). In a transaction. */
MUST_USE enum engine_result segments_learn(
    struct replica *replica, const struct blob_name *name, struct view blob);
/*
 * The segments of the newest index are those that a next snapshot may name again: begins anew, adds
 * one, and notes what the snapshot weighs (counted_bytes for counted of all segments; the others,
 * of which only the name is known, as much on average). In a transaction.
 */
MUST_USE enum engine_result segments_begin(struct replica *replica);
MUST_USE enum engine_result segments_add(
    struct replica *replica, const struct digest *run_hash, const struct blob_name *name);
#define SEGMENT_TARGET (512u << 10) /* plaintext bytes between boundaries, on average */
void segments_weigh(
    struct replica *replica, uint64_t counted_bytes, uint64_t counted, uint64_t all);
/*
 * The log is counted from here on: the frame at seq is the newest snapshot, load or reset. When the
 * next is due follows from what that one weighs, within these bounds.
 */
void log_begins(struct replica *replica, uint64_t seq);
#define LOG_BYTES_MIN (1u << 20)
#define LOG_BYTES_MAX (64u << 20)
#define LOG_FRAMES_MAX 5000u

#endif
