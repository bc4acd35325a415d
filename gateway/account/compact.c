/*
 * gateway/account/compact.c: several packs of one level become one of the next.
 * Ciphertext is copied, frame by frame, and each pack's hash is checked on the way: no key is
 * needed. A compaction that loses its commit leaves an object that nothing names, for a sweep.
 */
#include "gateway/account/compact.h"

#include "gateway/account/commit.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/removal.h"
#include "gateway/account/result.h"

#include <stdlib.h>
#include <string.h>

struct compaction {
	size_t first; /* index of the oldest pack that goes */
	size_t count;
	struct bytes packs[ACCOUNT_COMPACT_AT];
	struct view *frames;
	size_t frames_count;
};

/* The first run of at least `at` packs of one level; of it as many as one pack can hold. */
static bool compact_find(const struct manifest *manifest, size_t at, struct compaction *compaction)
{
	for (size_t first = 0, end = 0; first < manifest->packs_count; first = end) {
		uint64_t level = manifest->packs[first].level;
		uint64_t size = 0;

		for (end = first; end < manifest->packs_count; end++)
			if (manifest->packs[end].level != level)
				break;
		if (end - first < at)
			continue;
		compaction->first = first;
		for (compaction->count = 0; compaction->count < ACCOUNT_COMPACT_AT;
		     compaction->count++) {
			uint64_t more = manifest->packs[first + compaction->count].size;

			if (more > PACK_MAX || size + more > PACK_MAX)
				break;
			size += more;
		}
		if (compaction->count >= 2)
			return true;
	}
	return false;
}

/* Appends one pack's frames to the compaction's. */
static enum account_result compact_take(
    struct account_work *work, struct compaction *compaction, const struct pack_header *header)
{
	size_t count = compaction->frames_count + header->frames_count;
	struct view rest = header->frames;
	struct view *frames = realloc(compaction->frames, (count + 1) * sizeof(*frames));

	if (frames == NULL) {
		call_sayf(work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	compaction->frames = frames;
	while (compaction->frames_count < count) {
		enum format_result format =
		    pack_frame(&rest, &compaction->frames[compaction->frames_count]);

		if (format != FORMAT_OK)
			return account_from_format(
			    format, ACCOUNT_DAMAGED, "a frame of a pack", work->call);
		compaction->frames_count++;
	}
	return ACCOUNT_OK;
}

static enum account_result compact_read(struct account_work *work, struct compaction *compaction)
{
	for (size_t i = 0; i < compaction->count; i++) {
		struct pack_header header;
		enum account_result result = account_in_time(work);

		if (result == ACCOUNT_OK)
			result = account_pack_read(work, &work->next.packs[compaction->first + i],
			    &compaction->packs[i], &header);
		if (result == ACCOUNT_OK)
			result = compact_take(work, compaction, &header);
		if (result != ACCOUNT_OK)
			return result;
	}
	return ACCOUNT_OK;
}

/* The new pack stands where the old ones stood. */
static void compact_replace(
    struct manifest *next, const struct compaction *compaction, const struct manifest_pack *row)
{
	size_t after = compaction->first + compaction->count;

	next->packs[compaction->first] = *row;
	memmove(&next->packs[compaction->first + 1], &next->packs[after],
	    (next->packs_count - after) * sizeof(next->packs[0]));
	next->packs_count -= compaction->count - 1;
}

enum account_result account_compact_next(
    struct account_work *work, size_t at, size_t *compacted_out)
{
	struct manifest *next = &work->next;
	const struct manifest_pack *oldest, *newest;
	struct compaction compaction = {0};
	struct manifest_pack row;
	enum account_result result;
	struct bytes pack = {0};
	struct account_key key;
	size_t names_size = 0;

	*compacted_out = 0;
	if (!compact_find(next, at, &compaction))
		return ACCOUNT_OK;
	result = compact_read(work, &compaction);
	if (result != ACCOUNT_OK)
		goto done;
	result = account_from_format(pack_encode(&work->account, compaction.frames,
					 compaction.frames_count, &pack, &names_size),
	    ACCOUNT_REFUSED, "a folded pack", work->call);
	if (result != ACCOUNT_OK)
		goto done;
	oldest = &next->packs[compaction.first];
	newest = &next->packs[compaction.first + compaction.count - 1];
	row = (struct manifest_pack){
	    .from_seq = oldest->from_seq,
	    .to_seq = newest->to_seq,
	    .count = next->sweep,
	    .size = pack.len,
	    .names_size = names_size,
	    .level = oldest->level + 1,
	    .made_ms = newest->made_ms, /* its newest frame decides how long it is kept */
	};
	pack_hash(view_bytes(&pack), &row.hash);
	account_key_pack(work, &row, &key);
	result = account_object_put(work, &key, view_bytes(&pack));
	if (result != ACCOUNT_OK)
		goto done;
	compact_replace(next, &compaction, &row);
	*compacted_out = compaction.count;
done:
	bytes_clear(&pack);
	free(compaction.frames);
	for (size_t i = 0; i < compaction.count; i++)
		bytes_clear(&compaction.packs[i]);
	return result;
}

/* One compaction and its own commit. OK and 0: nothing to compact, or another's commit came
 * between. */
static enum account_result compact_once(
    struct account_work *work, size_t *compacted_out, bool *more_out)
{
	enum account_result result;
	size_t compacted = 0;
	bool won = false;

	*more_out = false;
	work->next = work->manifest;
	result = account_compact_next(work, ACCOUNT_COMPACT_AT, &compacted);
	if (result == ACCOUNT_ABSENT) { /* compacted and swept by another meanwhile? */
		*more_out = true;
		return account_manifest_reread(work);
	}
	if (result != ACCOUNT_OK || compacted == 0)
		return result;
	*more_out = true;
	result = account_manifest_commit(work, &won);
	if (result == ACCOUNT_OK && won)
		*compacted_out += compacted;
	return result;
}

enum account_result account_compact(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct call *call, size_t *compacted_out)
{
	struct account_work *work = NULL;
	enum account_result result;
	size_t compacted = 0;
	bool more = true;

	result = account_work_open(env, cache, account, call, &work);
	/* A cached manifest will do: the commit is conditional on it. */
	if (result == ACCOUNT_OK && !work->has_manifest)
		result = account_manifest_read(work);
	for (unsigned i = 0; result == ACCOUNT_OK && more && i < MANIFEST_PACKS_MAX; i++)
		result = compact_once(work, &compacted, &more);
	if (result == ACCOUNT_OK)
		*compacted_out = compacted;
	if (result == ACCOUNT_GONE)
		account_take_back(work);
	account_work_free(work);
	return result;
}
