/*
 * gateway/account/names.c: which blobs a push may name (S6).
 * A commit may newly name only what was seen to exist under the current sweep count or the one
 * before: a sweep that runs meanwhile removes neither, or its own commit fails (README.md, "Why no
 * clock is needed"). What the replaced manifest names already stays good, however old its count.
 */
#include "gateway/account/names.h"

#include "gateway/account/cache.h"
#include "gateway/account/index.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "schemas/base/mutation.h"

#include <stdlib.h>
#include <string.h>

/* The frame whose blob has this hash, or NULL. */
static const struct frame *push_namer(const struct account_push *push, const struct digest *hash)
{
	for (size_t i = 0; i < push->request->frames_count; i++) {
		const struct frame_header *header = &push->frames[i].header;

		if (header->has_blob && digest_equal(&header->blob.hash, hash))
			return &push->frames[i];
	}
	return NULL;
}

static bool frame_is_whole(const struct frame *frame)
{
	return frame->header.kind == FRAME_LOAD || frame->header.kind == FRAME_SNAPSHOT ||
	       frame->header.kind == FRAME_RESET;
}

enum account_result account_push_decode(
    struct account_push *push, const struct sync_request *request, struct call *call)
{
	enum account_result result;
	size_t whole_count = 0;

	push->request = request;
	if (request->frames_count > SYNC_PUSH_MAX || request->bodies_count > SYNC_PUSH_MAX) {
		call_sayf(call, "a request holds at most %u frames", SYNC_PUSH_MAX);
		return ACCOUNT_REFUSED;
	}
	for (size_t i = 0; i < request->frames_count; i++) {
		result = account_from_format(frame_decode(request->frames[i], &push->frames[i]),
		    ACCOUNT_REFUSED, "a frame", call);
		if (result != ACCOUNT_OK)
			return result;
		if (push->frames[i].header.kind == FRAME_RESET &&
		    (request->frames_count != 1 || request->roster.len == 0)) {
			call_sayf(call, "a reset comes alone, and with its maker's roster");
			return ACCOUNT_REFUSED;
		}
		whole_count += frame_is_whole(&push->frames[i]);
	}
	if (whole_count > 1) {
		call_sayf(call, "a request holds at most one load or snapshot");
		return ACCOUNT_REFUSED;
	}
	for (size_t i = 0; i < request->bodies_count; i++) {
		const struct frame *namer;
		struct digest hash;

		blob_hash(request->bodies[i], &hash);
		namer = push_namer(push, &hash);
		if (namer == NULL || request->bodies[i].len > BLOB_MAX) {
			call_sayf(call, "a body is too large, or named by no frame");
			return ACCOUNT_REFUSED;
		}
		push->body_names[i] = namer->header.blob;
	}
	return ACCOUNT_OK;
}

static const struct view *push_body(const struct account_push *push, const struct blob_name *name)
{
	for (size_t i = 0; i < push->request->bodies_count; i++)
		if (blob_name_equal(&push->body_names[i], name))
			return &push->request->bodies[i];
	return NULL;
}

static bool names_hold(const struct blob_name *names, size_t count, const struct blob_name *name)
{
	for (size_t i = 0; i < count; i++)
		if (blob_name_equal(&names[i], name))
			return true;
	return false;
}

static void push_miss(struct account_push *push, const struct blob_name *name)
{
	if (push->missing_count < SYNC_NAMES_MAX &&
	    !names_hold(push->missing, push->missing_count, name))
		push->missing[push->missing_count++] = *name;
}

/* What the manifest being replaced names, read only when it is asked for. */
struct known {
	struct blob_name names[SEGMENTS_MAX];
	size_t count;
	bool read;
};

static enum account_result known_holds(
    struct account_work *work, struct known *known, const struct blob_name *name, bool *holds_out)
{
	enum account_result result;

	*holds_out = false;
	if (work->manifest.snapshot.data == NULL)
		return ACCOUNT_OK;
	if (!known->read) {
		result = account_index_names(work, known->names, &known->count);
		if (result != ACCOUNT_OK)
			return result;
		known->read = true;
	}
	*holds_out = blob_name_equal(&work->snapshot.header.blob, name) ||
		     names_hold(known->names, known->count, name);
	return ACCOUNT_OK;
}

/* Is there such a blob? One byte of it is asked for. */
static enum account_result blob_exists(
    struct account_work *work, const struct blob_name *name, bool *exists_out)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text, .first_bytes = 1};
	enum account_result result = account_in_time(work);
	struct bytes bytes = {0};
	struct bucket_tag tag;

	if (result != ACCOUNT_OK)
		return result;
	account_key_blob(work, name, &key);
	result = account_from_bucket(bucket_get(work->env->bucket, &get, work->call, &bytes, &tag));
	bytes_clear(&bytes);
	*exists_out = result == ACCOUNT_OK;
	if (result == ACCOUNT_OK)
		account_cache_see(work->cache, name);
	return result == ACCOUNT_ABSENT ? ACCOUNT_OK : result;
}

static enum account_result name_check(struct account_work *work, struct account_push *push,
    struct known *known, const struct blob_name *name)
{
	uint64_t sweep = work->manifest.sweep;
	bool young = name->count == sweep || (sweep > 0 && name->count == sweep - 1) ||
		     (sweep > 1 && name->count == sweep - 2 && MUTATION(NAME_TWO_SWEEPS_OLD));
	enum account_result result;
	bool good = false;

	if (young && (push_body(push, name) != NULL || account_cache_has_seen(work->cache, name)))
		return ACCOUNT_OK;
	result = known_holds(work, known, name, &good);
	if (result == ACCOUNT_OK && !good && young)
		result = blob_exists(work, name, &good);
	if (result == ACCOUNT_OK && !good)
		push_miss(push, name);
	return result;
}

/* The index that a load or snapshot names, into push->index; left empty if there is none. */
static enum account_result push_index(
    struct account_work *work, struct account_push *push, const struct blob_name *name)
{
	const struct view *body = push_body(push, name);
	enum account_result result;

	bytes_clear(&push->index);
	push->index_name = *name;
	if (body != NULL) {
		if (bytes_copy(*body, &push->index))
			return ACCOUNT_OK;
		call_sayf(work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	result = account_blob_read(work, name, &push->index);
	if (result != ACCOUNT_ABSENT && result != ACCOUNT_DAMAGED)
		return result;
	push_miss(push, name);
	return ACCOUNT_OK;
}

/* Most pushes: one edit, in its frame. They need none of the room below. */
static bool names_nothing(const struct account_push *push)
{
	for (size_t i = 0; i < push->request->frames_count; i++)
		if (push->frames[i].header.has_blob)
			return false;
	return true;
}

void account_push_clear(struct account_push *push)
{
	bytes_clear(&push->index);
	free(push->missing);
	push->missing = NULL;
	push->missing_count = 0;
}

enum account_result account_push_names(struct account_work *work, struct account_push *push)
{
	enum account_result result = ACCOUNT_OK;
	struct known *known;
	struct blob_name *names;

	push->missing_count = 0;
	if (names_nothing(push))
		return ACCOUNT_OK;
	known = calloc(1, sizeof(*known));
	names = calloc(SEGMENTS_MAX, sizeof(*names));
	if (push->missing == NULL)
		push->missing = calloc(SYNC_NAMES_MAX, sizeof(*push->missing));
	if (known == NULL || names == NULL || push->missing == NULL) {
		call_sayf(work->call, "no memory");
		result = ACCOUNT_FAILED;
	}
	for (size_t i = 0; result == ACCOUNT_OK && i < push->request->frames_count; i++) {
		const struct frame *frame = &push->frames[i];
		size_t count = 0;

		if (!frame->header.has_blob)
			continue;
		result = name_check(work, push, known, &frame->header.blob);
		if (result != ACCOUNT_OK || !frame_is_whole(frame))
			continue;
		result = push_index(work, push, &frame->header.blob);
		if (result == ACCOUNT_OK && push->index.len > 0)
			result =
			    account_index_decode(work, view_bytes(&push->index), names, &count);
		for (size_t k = 0; result == ACCOUNT_OK && k < count; k++)
			result = name_check(work, push, known, &names[k]);
	}
	free(names);
	free(known);
	return result;
}

enum account_result account_push_bodies(struct account_work *work, const struct account_push *push)
{
	const struct sync_request *request = push->request;

	for (size_t i = 0; i < request->bodies_count; i++) {
		struct account_key key;
		enum account_result result;

		if (account_cache_has_seen(work->cache, &push->body_names[i]))
			continue;
		account_key_blob(work, &push->body_names[i], &key);
		result = account_object_put(work, &key, request->bodies[i]);
		if (result != ACCOUNT_OK)
			return result;
		account_cache_see(work->cache, &push->body_names[i]);
	}
	return ACCOUNT_OK;
}
