/*
 * gateway/account/work.c: one call: its begin and end, and what a manifest must be before anything
 * is built on it. One whose tail is no chain up to its head, or whose packs leave a gap, is
 * damaged.
 */
#include "gateway/account/work.h"

#include <stdlib.h>
#include <string.h>

uint64_t account_covered_seq(const struct frame *frame)
{
	switch (frame->header.kind) {
	case FRAME_LOAD:
	case FRAME_RESET: return frame->header.seq; /* nothing before it is to be followed */
	case FRAME_SNAPSHOT: return frame->header.has_covered ? frame->header.covered.seq : 0;
	case FRAME_PATCH:
	case FRAME_STATEMENT: return 0;
	}
	return 0;
}

uint64_t account_snapshot_seq(const struct account_work *work)
{
	return work->manifest.snapshot.data == NULL ? 0 : account_covered_seq(&work->snapshot);
}

/* The packs join, oldest first; *next_out is the seq that the tail must begin at. */
static bool packs_join(const struct manifest *manifest, uint64_t *next_out)
{
	uint64_t next = manifest->packs_count == 0 ? 0 : manifest->packs[0].from_seq;

	if (manifest->packs_count > 0 && next == 0)
		return false;
	for (size_t i = 0; i < manifest->packs_count; i++) {
		const struct manifest_pack *pack = &manifest->packs[i];

		if (pack->from_seq != next || pack->to_seq < next)
			return false;
		next = pack->to_seq + 1;
	}
	*next_out = next;
	return true;
}

/* The tail is a chain that follows the packs and ends in the head. Its first frame, where there are
 * no packs, has whatever seq: a reset's, or what is left after older packs went. */
static const char *log_fault(const struct manifest *manifest, struct frame *tail)
{
	uint64_t next;

	if (!packs_join(manifest, &next))
		return "its packs leave a gap";
	for (size_t i = 0; i < manifest->tail_count; i++) {
		const struct frame_header *header = &tail[i].header;

		if (frame_decode(manifest->tail[i], &tail[i]) != FORMAT_OK)
			return "a frame of its tail is malformed";
		if (!account_equal(&header->account, &manifest->account))
			return "a frame of its tail is another account's";
		if ((i > 0 || manifest->packs_count > 0) && header->seq != next)
			return "its tail leaves a gap";
		if (i > 0 && !digest_equal(&header->previous, &tail[i - 1].hash))
			return "its tail is no chain";
		next = header->seq + 1;
	}
	if (manifest->tail_count > 0 &&
	    !digest_equal(&manifest->head.hash, &tail[manifest->tail_count - 1].hash))
		return "its head is not its last frame";
	if (manifest->tail_count == 0 && manifest->packs_count == 0)
		return manifest->head.seq == 0 ? NULL : "it has a head and no frames";
	return manifest->head.seq == next - 1 ? NULL : "its head is not its last frame's seq";
}

/* The same tail as before: each frame's hash stands in the next one's header, the last's is the
 * head.
 */
static const char *tail_again(const struct manifest *manifest, struct frame *tail)
{
	for (size_t i = 0; i < manifest->tail_count; i++) {
		if (frame_decode_form(manifest->tail[i], &tail[i]) != FORMAT_OK)
			return "a frame of its tail is malformed";
		if (i > 0)
			tail[i - 1].hash = tail[i].header.previous;
	}
	if (manifest->tail_count > 0)
		tail[manifest->tail_count - 1].hash = manifest->head.hash;
	return NULL;
}

enum format_result account_manifest_use(
    struct account_work *work, struct view encoded, bool again, const char **message_out)
{
	struct manifest *manifest = &work->manifest;
	enum format_result result =
	    again ? manifest_decode_again(encoded, manifest) : manifest_decode(encoded, manifest);

	*message_out = NULL;
	work->log_fault = NULL;
	if (work->lenient && (result == FORMAT_FORGED || result == FORMAT_MALFORMED)) {
		/* One bit anywhere, and the checksum is another; or its tail does not hold. */
		result = manifest_decode_again(encoded, manifest);
		work->log_fault = "its checksum";
	}
	if (result != FORMAT_OK)
		return result;
	if (!account_equal(&manifest->account, &work->account)) {
		*message_out = "it is another account's";
		return FORMAT_FORGED;
	}
	if (manifest->state == MANIFEST_WIPED)
		return FORMAT_OK;
	*message_out = again ? tail_again(manifest, work->tail) : log_fault(manifest, work->tail);
	if (*message_out == NULL && manifest->snapshot.data != NULL &&
	    (frame_decode(manifest->snapshot, &work->snapshot) != FORMAT_OK ||
		!account_equal(&work->snapshot.header.account, &work->account) ||
		!work->snapshot.header.has_blob || account_snapshot_seq(work) == 0 ||
		account_snapshot_seq(work) > manifest->head.seq))
		*message_out = "its snapshot's frame does not hold";
	if (work->lenient && *message_out != NULL) {
		work->log_fault = *message_out;
		*message_out = NULL;
	}
	return *message_out == NULL ? FORMAT_OK : FORMAT_FORGED;
}

enum account_result account_work_open(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct call *call, struct account_work **out)
{
	struct account_work *work;
	const char *message;

	if (strlen(env->prefix) > ACCOUNT_PREFIX_MAX) {
		call_sayf(call, "the bucket's prefix is longer than %u bytes", ACCOUNT_PREFIX_MAX);
		return ACCOUNT_REFUSED;
	}
	work = calloc(1, sizeof(*work));
	if (work == NULL) {
		call_sayf(call, "no memory");
		return ACCOUNT_FAILED;
	}
	work->env = env;
	work->cache = cache;
	work->account = *account;
	work->call = call;
	if (cache->manifest.len > 0) {
		work->has_manifest = account_manifest_use(work, view_bytes(&cache->manifest),
					 cache->manifest_checked, &message) == FORMAT_OK &&
				     work->manifest.state == MANIFEST_LIVE;
		cache->manifest_checked = work->has_manifest;
		if (!work->has_manifest)
			account_cache_clear(cache);
	}
	*out = work;
	return ACCOUNT_OK;
}

void account_work_free(struct account_work *work)
{
	if (work == NULL)
		return;
	if (work->log_fault != NULL)
		account_cache_clear(work->cache); /* it was good for this call alone */
	bytes_clear(&work->wipe_record);
	free(work);
}

enum account_result account_in_time(const struct account_work *work)
{
	if (clock_monotonic_ms(work->env->clock) < work->call->deadline_ms)
		return ACCOUNT_OK;
	call_sayf(work->call, "the time for this request is over");
	return ACCOUNT_RETRY;
}
