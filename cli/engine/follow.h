/*
 * cli/engine/follow.h: the frames after a snapshot, held until they have led to the head: hash by
 * hash, each decoded once.
 */
#ifndef INKSEAL_FOLLOW_H
#define INKSEAL_FOLLOW_H

#include "cli/engine/apply.h"

struct followed_frame {
	struct bytes encoded;
	struct frame frame; /* its views point into encoded */
};
struct follow {
	struct head cursor; /* the log is known up to here */
	struct followed_frame *frames;
	size_t frames_count;
	struct sync_body *bodies; /* each blob is owned: bodies_storage */
	struct bytes *bodies_storage;
	size_t bodies_count;
	size_t held_bytes;
};
void follow_init(struct follow *follow, const struct head *from);
void follow_clear(struct follow *follow);
enum follow_fault { FOLLOW_HOLDS, FOLLOW_LEADS_ELSEWHERE, FOLLOW_TOO_MUCH };
/*
 * Holds the answer's frames, as far as their bodies are at hand. *body_out: the first one's is not,
 * and is named; else it comes with the next answer. ENGINE_FAILED: no memory.
 */
MUST_USE enum engine_result follow_add(struct follow *follow, const struct sync_answer *answer,
    const struct sync_body *extra, struct blob_name *body_needed_out, bool *body_out,
    enum follow_fault *fault_out);

#endif
