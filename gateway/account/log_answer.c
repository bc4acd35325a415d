/*
 * gateway/account/log_answer.c: the frames after a cursor, with their bodies, as many as fit one
 * answer.
 */
#include "gateway/account/log_answer.h"

#include "gateway/account/log_packs.h"
#include "gateway/account/object.h"

#include <stdlib.h>

/* Bodies of one answer: each is a request to the bucket, and an answer must end in time. */
#define ANSWER_BODIES_MAX 128u
/* What an answer's encoding spends on a frame or body beside its bytes, at most. */
#define ANSWER_ITEM_COST 64u

/* An answer being made: all bytes in one buffer, which may move; so places, not pointers. */
struct place {
	size_t at;
	size_t len;
};
struct composer {
	struct buffer bytes;
	struct place *frames;
	size_t frames_count;
	struct place bodies[ANSWER_BODIES_MAX];
	struct blob_name names[ANSWER_BODIES_MAX];
	size_t bodies_count;
	size_t cost;
	bool full;
};

static struct place composer_add(struct composer *composer, struct view view)
{
	struct place place = {composer->bytes.len, view.len};

	buffer_add_view(&composer->bytes, view);
	composer->cost += view.len + ANSWER_ITEM_COST;
	return place;
}

/* Adds the frame and its body, or says that the answer is full. The first always fits. */
static enum account_result composer_take(struct account_work *work, struct composer *composer,
    const struct frame *frame, struct view encoded)
{
	bool has_body = frame->header.kind == FRAME_PATCH && frame->header.has_blob;
	size_t cost = encoded.len + ANSWER_ITEM_COST;
	enum account_result result = ACCOUNT_OK;
	struct bytes body = {0};

	composer->full = composer->frames_count == SYNC_FRAMES_MAX ||
			 (has_body && composer->bodies_count == ANSWER_BODIES_MAX) ||
			 composer->cost + cost > ANSWER_MAX;
	if (composer->full)
		return ACCOUNT_OK;
	if (has_body) {
		result = account_in_time(work);
		if (result == ACCOUNT_OK)
			result = account_blob_read(work, &frame->header.blob, &body);
		if (result != ACCOUNT_OK)
			return result;
		cost += body.len + ANSWER_ITEM_COST;
		composer->full = composer->frames_count > 0 && composer->cost + cost > ANSWER_MAX;
	}
	if (!composer->full) {
		composer->frames[composer->frames_count++] = composer_add(composer, encoded);
		if (has_body) {
			composer->names[composer->bodies_count] = frame->header.blob;
			composer->bodies[composer->bodies_count++] =
			    composer_add(composer, view_bytes(&body));
		}
	}
	bytes_clear(&body);
	return result;
}

/* Hands the composer's contents to the answer. */
static enum account_result composer_finish(
    struct account_work *work, struct composer *composer, struct sync_answer *answer)
{
	struct view *frames = calloc(composer->frames_count + 1, sizeof(*frames));
	struct sync_body *bodies = calloc(composer->bodies_count + 1, sizeof(*bodies));
	struct bytes bytes = {0};

	if (frames == NULL || bodies == NULL || !buffer_take(&composer->bytes, &bytes)) {
		free(frames);
		free(bodies);
		call_sayf(work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	for (size_t i = 0; i < composer->frames_count; i++)
		frames[i] = view_of(bytes.data + composer->frames[i].at, composer->frames[i].len);
	for (size_t i = 0; i < composer->bodies_count; i++)
		bodies[i] = (struct sync_body){composer->names[i],
		    view_of(bytes.data + composer->bodies[i].at, composer->bodies[i].len)};
	answer->frames = frames;
	answer->frames_count = composer->frames_count;
	answer->bodies = bodies;
	answer->bodies_count = composer->bodies_count;
	answer->more = composer->full;
	if (sync_answer_keep(answer, &bytes))
		return ACCOUNT_OK;
	bytes_clear(&bytes);
	call_sayf(work->call, "the answer holds too many parts");
	return ACCOUNT_FAILED;
}

static enum account_result answer_far(struct account_work *work, struct sync_answer *answer)
{
	answer->status = SYNC_FAR_BEHIND;
	return account_answer_keep(answer, work->manifest.snapshot, work->call, &answer->snapshot);
}

/* The frames after the cursor, as many as fit (S5). A reset is taken, by what stands for it. */
static enum account_result answer_frames(
    struct account_work *work, const struct head *cursor, struct sync_answer *answer)
{
	struct composer *composer = calloc(1, sizeof(*composer));
	struct account_log log = {0};
	enum account_result result = ACCOUNT_FAILED;
	bool end = false, first = true;

	if (composer != NULL)
		composer->frames = calloc(SYNC_FRAMES_MAX, sizeof(*composer->frames));
	if (composer == NULL || composer->frames == NULL) {
		call_sayf(work->call, "no memory");
		goto done;
	}
	buffer_init(&composer->bytes, ANSWER_MAX + BLOB_MAX + FRAME_MAX);
	account_log_begin(work, cursor->seq, &log);
	for (;;) {
		struct frame frame = {0};
		struct view encoded = {0};

		result = account_log_next(&log, &frame, &encoded, &end);
		if (result != ACCOUNT_OK)
			goto done;
		if (end)
			break;
		if (first && frame.header.kind == FRAME_RESET) {
			result = answer_far(work, answer);
			goto done;
		}
		if (first && !digest_equal(&frame.header.previous, &cursor->hash)) {
			answer->status = SYNC_DIVERGED;
			goto done;
		}
		first = false;
		result = composer_take(work, composer, &frame, encoded);
		if (result != ACCOUNT_OK)
			goto done;
		if (composer->full)
			break;
	}
	answer->status = SYNC_BEHIND;
	result = composer_finish(work, composer, answer);
done:
	account_log_clear(&log);
	if (composer != NULL) {
		buffer_clear(&composer->bytes);
		free(composer->frames);
	}
	free(composer);
	return result;
}

enum account_result account_answer_keep(
    struct sync_answer *answer, struct view bytes, struct call *call, struct view *view_out)
{
	struct bytes copy = {0};
	struct view view;

	if (!bytes_copy(bytes, &copy)) {
		call_sayf(call, "no memory");
		return ACCOUNT_FAILED;
	}
	view = view_bytes(&copy);
	if (!sync_answer_keep(answer, &copy)) {
		bytes_clear(&copy);
		call_sayf(call, "the answer holds too many parts");
		return ACCOUNT_FAILED;
	}
	*view_out = view;
	return ACCOUNT_OK;
}

enum account_result account_log_answer(
    struct account_work *work, const struct head *cursor, struct sync_answer *answer)
{
	bool has_snapshot = work->manifest.snapshot.data != NULL;
	bool gone = cursor->seq + 1 < account_log_oldest(work);

	if (has_snapshot && (gone || cursor->seq == 0))
		return answer_far(work, answer);
	if (gone) {
		call_sayf(work->call, "the log begins after its first frame, and no snapshot "
				      "stands for what went before");
		return ACCOUNT_DAMAGED;
	}
	return answer_frames(work, cursor, answer);
}
