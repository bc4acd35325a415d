/*
 * cli/engine/follow.c: the frames after a snapshot, held.
 */
#include "cli/engine/follow.h"
#include "cli/engine/segments.h"

#include <stdlib.h>

/*
 * What follows a snapshot is held until it leads to the head. Half of it is for what is pushed
 * while the next snapshot is being built.
 */
#define FRAMES_MAX 20000u
#define FRAMES_BYTES_MAX (256u << 20)

_Static_assert(4 * LOG_FRAMES_MAX <= FRAMES_MAX, "a snapshot comes before there are too many");
_Static_assert(4 * LOG_BYTES_MAX <= FRAMES_BYTES_MAX, "a snapshot comes before it is too much");

void follow_init(struct follow *follow, const struct head *from)
{
	*follow = (struct follow){.cursor = *from};
}

void follow_clear(struct follow *follow)
{
	for (size_t i = 0; i < follow->frames_count; i++)
		bytes_clear(&follow->frames[i].encoded);
	free(follow->frames);
	for (size_t i = 0; i < follow->bodies_count; i++)
		bytes_clear(&follow->bodies_storage[i]);
	free(follow->bodies_storage);
	free(follow->bodies);
	*follow = (struct follow){0};
}

static enum engine_result hold_body(struct follow *follow, const struct sync_body *body)
{
	struct sync_body *bodies =
	    realloc(follow->bodies, (follow->bodies_count + 1) * sizeof(*bodies));
	struct bytes *storage;

	if (bodies == NULL)
		return ENGINE_FAILED;
	follow->bodies = bodies;
	storage = realloc(follow->bodies_storage, (follow->bodies_count + 1) * sizeof(*storage));
	if (storage == NULL)
		return ENGINE_FAILED;
	follow->bodies_storage = storage;
	if (!bytes_copy(body->blob, &storage[follow->bodies_count]))
		return ENGINE_FAILED;
	bodies[follow->bodies_count] =
	    (struct sync_body){body->name, view_bytes(&storage[follow->bodies_count])};
	follow->bodies_count++;
	follow->held_bytes += body->blob.len;
	return ENGINE_OK;
}

static enum engine_result hold_frame(struct follow *follow, const struct frame *frame)
{
	struct followed_frame *frames =
	    realloc(follow->frames, (follow->frames_count + 1) * sizeof(*frames));
	struct followed_frame *held;

	if (frames == NULL)
		return ENGINE_FAILED;
	follow->frames = frames;
	held = &frames[follow->frames_count];
	if (!log_frame_copy(frame, &held->encoded, &held->frame))
		return ENGINE_FAILED;
	follow->frames_count++;
	follow->held_bytes += held->encoded.len;
	follow->cursor = log_frame_head(frame);
	return ENGINE_OK;
}

static bool leads_on(const struct follow *follow, const struct frame *frame)
{
	return frame->header.seq == follow->cursor.seq + 1 &&
	       digest_equal(&frame->header.previous, &follow->cursor.hash);
}

static bool is_full(const struct follow *follow)
{
	return follow->frames_count == FRAMES_MAX || follow->held_bytes > FRAMES_BYTES_MAX;
}

/* One frame, unless it does not lead on, or its body is missing. */
static enum engine_result add_frame(struct follow *follow, const struct frame *frame,
    const struct body_source *bodies, enum follow_fault *fault_out, bool *missing_out)
{
	const struct sync_body *body = NULL;
	enum engine_result result = ENGINE_OK;

	*fault_out = leads_on(follow, frame) ? FOLLOW_HOLDS : FOLLOW_LEADS_ELSEWHERE;
	*missing_out = false;
	if (*fault_out == FOLLOW_HOLDS && frame->header.kind == FRAME_PATCH &&
	    frame->header.has_blob) {
		body = body_find(bodies, &frame->header.blob);
		*missing_out = body == NULL;
	}
	if (*fault_out == FOLLOW_HOLDS && !*missing_out && is_full(follow))
		*fault_out = FOLLOW_TOO_MUCH;
	if (*fault_out != FOLLOW_HOLDS || *missing_out)
		return ENGINE_OK;
	if (body != NULL)
		result = hold_body(follow, body);
	return result == ENGINE_OK ? hold_frame(follow, frame) : result;
}

enum engine_result follow_add(struct follow *follow, const struct sync_answer *answer,
    const struct sync_body *extra, struct blob_name *body_needed_out, bool *body_out,
    enum follow_fault *fault_out)
{
	struct body_source bodies = {answer->bodies, answer->bodies_count, extra};
	bool missing = false;
	enum engine_result result = ENGINE_OK;

	*body_out = false;
	*fault_out = FOLLOW_HOLDS;
	for (size_t i = 0; i < answer->frames_count && result == ENGINE_OK && !missing &&
			   *fault_out == FOLLOW_HOLDS;
	     i++) {
		struct frame frame;

		if (frame_decode(answer->frames[i], &frame) == FORMAT_OK)
			result = add_frame(follow, &frame, &bodies, fault_out, &missing);
		else
			*fault_out = FOLLOW_LEADS_ELSEWHERE;
		if (missing) { /* alone next time, if it is the first; else with the next answer */
			*body_needed_out = frame.header.blob;
			*body_out = i == 0;
		}
	}
	return result;
}
