/*
 * gateway/account/sweep.c: removes what nothing names (README.md, G1 to G5).
 * Every key ends in the sweep count under which it was put. The sweep raises the count by a commit,
 * so whoever built on the manifest before it must build anew; and only then it removes what that
 * manifest does not name and whose count is two or more behind. No clock decides.
 */
#include "gateway/account/account.h"
#include "gateway/account/commit.h"
#include "gateway/account/index.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "gateway/account/work.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_NAMES_MAX 1000000u /* names kept: 40 MB of them; more than any account has */
#define SWEEP_INDEXES_MAX 4096u  /* retained loads and snapshots */
#define SWEEP_REMOVE_MAX 20000u  /* objects one sweep removes; the next goes on */
#define SWEEP_PAGES_MAX 4096u

struct names {
	struct blob_name *items;
	size_t count;
	size_t capacity;
};

struct sweep {
	struct account_work *work;
	struct names kept;       /* blobs that next names, or something it names */
	struct names indexes;    /* those of them that were read as an index */
	struct bucket_item *old; /* listed, and put under a count that may go */
	size_t old_count;
	struct sweep_report report;
};

static enum account_result names_add(
    struct names *names, const struct blob_name *name, size_t max, struct call *call)
{
	if (names->count == names->capacity) {
		size_t capacity = names->capacity == 0 ? 256 : 2 * names->capacity;
		struct blob_name *items = NULL;

		if (names->count < max)
			items = realloc(names->items, capacity * sizeof(*items));
		if (items == NULL) {
			call_sayf(call,
			    names->count < max ? "no memory" : "more names than a sweep can hold");
			return ACCOUNT_FAILED;
		}
		names->items = items;
		names->capacity = capacity;
	}
	names->items[names->count++] = *name;
	return ACCOUNT_OK;
}

static int names_order(const void *a, const void *b)
{
	const struct blob_name *left = a, *right = b;
	int order = memcmp(left->hash.bytes, right->hash.bytes, DIGEST_LEN);

	if (order != 0)
		return order;
	return (left->count > right->count) - (left->count < right->count);
}

static enum account_result keep(struct sweep *sweep, const struct blob_name *name)
{
	return names_add(&sweep->kept, name, SWEEP_NAMES_MAX, sweep->work->call);
}

/* An index's bytes: the cache's, or read. */
static enum account_result index_names(
    struct sweep *sweep, const struct blob_name *name, struct blob_name *names, size_t *count_out)
{
	struct account_work *work = sweep->work;
	struct account_cache *cache = work->cache;
	enum account_result result = ACCOUNT_OK;
	struct bytes index = {0};

	if (cache->index.len > 0 && blob_name_equal(&cache->index_name, name)) {
		result = account_index_decode(work, view_bytes(&cache->index), names, count_out);
	} else {
		result = account_blob_read(work, name, &index);
		if (result == ACCOUNT_OK)
			result = account_index_decode(work, view_bytes(&index), names, count_out);
	}
	bytes_clear(&index);
	return result == ACCOUNT_REFUSED ? ACCOUNT_DAMAGED : result;
}

/* All that a retained frame needs: its blob, and if that is an index, what it lists (G2). */
static enum account_result keep_frame(struct sweep *sweep, const struct frame *frame)
{
	const struct blob_name *name = &frame->header.blob;
	enum account_result result;
	struct blob_name *names;
	size_t count = 0;

	if (!frame->header.has_blob)
		return ACCOUNT_OK;
	result = keep(sweep, name);
	if (result != ACCOUNT_OK || frame->header.kind == FRAME_PATCH ||
	    MUTATION(SWEEP_FORGETS_SEGMENTS))
		return result;
	for (size_t i = 0; i < sweep->indexes.count; i++)
		if (blob_name_equal(&sweep->indexes.items[i], name))
			return ACCOUNT_OK;
	result = names_add(&sweep->indexes, name, SWEEP_INDEXES_MAX, sweep->work->call);
	if (result != ACCOUNT_OK)
		return result;
	names = calloc(SEGMENTS_MAX, sizeof(*names));
	if (names == NULL) {
		call_sayf(sweep->work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	result = index_names(sweep, name, names, &count);
	for (size_t i = 0; result == ACCOUNT_OK && i < count; i++)
		result = keep(sweep, &names[i]);
	free(names);
	return result;
}

/* Does the pack's header, read alone, hold any name? */
static enum account_result pack_names(
    struct account_work *work, const struct manifest_pack *pack, bool *any_out)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	enum account_result result = account_in_time(work);
	struct pack_header header;
	struct bytes bytes = {0};
	struct bucket_tag tag;

	if (result != ACCOUNT_OK)
		return result;
	if (pack->names_size == 0 || pack->names_size > pack->size || pack->size > PACK_MAX) {
		call_sayf(work->call, "the manifest is damaged: a pack's sizes");
		return ACCOUNT_DAMAGED;
	}
	account_key_pack(work, pack, &key);
	get.first_bytes = (size_t)pack->names_size;
	result = account_from_bucket(bucket_get(work->env->bucket, &get, work->call, &bytes, &tag));
	if (result != ACCOUNT_OK)
		return result;
	result = account_from_format(pack_decode_header(view_bytes(&bytes), &header),
	    ACCOUNT_DAMAGED, "a pack's header", work->call);
	if (result == ACCOUNT_OK)
		*any_out = header.names_count > 0;
	bytes_clear(&bytes);
	return result;
}

/*
 * A header tells names, not kinds. If there are any, the whole pack is read and checked by its
 * hash: its frames say which names are indexes. Most packs hold none, and cost one small GET.
 */
static enum account_result keep_pack(struct sweep *sweep, const struct manifest_pack *pack)
{
	struct account_work *work = sweep->work;
	struct pack_header header;
	enum account_result result;
	struct bytes bytes = {0};
	bool any = false;

	result = pack_names(work, pack, &any);
	if (result != ACCOUNT_OK || !any || MUTATION(SWEEP_FORGETS_PACKS))
		return result;
	result = account_pack_read(work, pack, &bytes, &header);
	if (result != ACCOUNT_OK)
		return result;
	for (size_t i = 0; result == ACCOUNT_OK && i < header.frames_count; i++) {
		struct view encoded = {0};
		struct frame frame = {0};
		enum format_result format = pack_frame(&header.frames, &encoded);

		if (format == FORMAT_OK)
			format = frame_decode(encoded, &frame);
		result =
		    account_from_format(format, ACCOUNT_DAMAGED, "a frame of a pack", work->call);
		if (result == ACCOUNT_OK)
			result = keep_frame(sweep, &frame);
	}
	bytes_clear(&bytes);
	return result;
}

/* G2: everything that next names, and what the things that it names need. */
static enum account_result keep_all(struct sweep *sweep)
{
	struct account_work *work = sweep->work;
	const struct manifest *next = &work->next;
	enum account_result result;

	sweep->kept.count = 0;
	sweep->indexes.count = 0;
	result = keep(sweep, &next->roster);
	if (MUTATION(SWEEP_FORGETS_ROSTER))
		sweep->kept.count = 0;
	if (result == ACCOUNT_OK && next->snapshot.data != NULL)
		result = keep_frame(sweep, &work->snapshot);
	for (size_t i = 0; result == ACCOUNT_OK && i < next->packs_count; i++)
		result = keep_pack(sweep, &next->packs[i]);
	for (size_t i = 0;
	     result == ACCOUNT_OK && i < next->tail_count && !MUTATION(SWEEP_FORGETS_TAIL); i++)
		result = keep_frame(sweep, &work->tail[i]);
	if (result == ACCOUNT_OK)
		qsort(sweep->kept.items, sweep->kept.count, sizeof(sweep->kept.items[0]),
		    names_order);
	return result;
}

/* A key's hash and count: "…b/<name>" or "…p/<from>-<to>-<name>". False: not a key of ours. */
static bool key_name(const char *rest, struct blob_name *out, bool *pack_out)
{
	const char *name = rest + 2;

	*pack_out = strncmp(rest, "p/", 2) == 0;
	if (!*pack_out && strncmp(rest, "b/", 2) != 0)
		return false;
	if (*pack_out) {
		const char *dash = strrchr(rest, '-');

		if (dash == NULL)
			return false;
		name = dash + 1;
	}
	return blob_name_parse(name, strlen(name), out);
}

/* G1: what is there under a count that may go. The listing ends before the commit that raises it.
 */
static enum account_result list_old(struct sweep *sweep)
{
	struct account_work *work = sweep->work;
	char after[BUCKET_KEY_MAX + 1] = "";
	enum account_result result = ACCOUNT_OK;
	struct account_key prefix;
	bool more = true;

	account_key_of(work, "", &prefix);
	sweep->old = calloc(SWEEP_REMOVE_MAX, sizeof(*sweep->old));
	if (sweep->old == NULL) {
		call_sayf(work->call, "no memory");
		return ACCOUNT_FAILED;
	}
	for (unsigned pages = 0; more && pages < SWEEP_PAGES_MAX; pages++) {
		struct bucket_page page = {0};

		result = account_in_time(work);
		if (result == ACCOUNT_OK)
			result = account_from_bucket(
			    bucket_list(work->env->bucket, prefix.text, after, work->call, &page));
		if (result != ACCOUNT_OK)
			return result;
		for (size_t i = 0; i < page.count; i++) {
			struct blob_name name;
			bool pack;

			sweep->report.listed++;
			sweep->report.bytes_kept += page.items[i].size;
			if (sweep->old_count < SWEEP_REMOVE_MAX &&
			    key_name(page.items[i].key + strlen(prefix.text), &name, &pack) &&
			    name.count < work->manifest.sweep + MUTATION(SWEEP_OFF_BY_ONE))
				sweep->old[sweep->old_count++] = page.items[i];
		}
		more = page.more && page.count > 0;
		if (more)
			memcpy(after, page.items[page.count - 1].key, sizeof(after));
		free(page.items);
	}
	return result;
}

/* Packs wholly behind the snapshot, and older than the caller wants to keep, leave next. */
static void drop_packs(struct account_work *work, int64_t retain_ms)
{
	struct manifest *next = &work->next;
	uint64_t covered = account_snapshot_seq(work);
	int64_t now = clock_wall_ms(work->env->clock);
	size_t dropped = 0;

	while (dropped < next->packs_count &&
	       (next->packs[dropped].to_seq <= covered || MUTATION(SWEEP_DROPS_NEW_PACKS)) &&
	       next->packs[dropped].made_ms <= now &&
	       retain_ms <= now - next->packs[dropped].made_ms)
		dropped++;
	next->packs_count -= dropped;
	memmove(&next->packs[0], &next->packs[dropped], next->packs_count * sizeof(next->packs[0]));
}

/* After the commit: does the manifest that stands now still name the object? */
static bool still_named(const struct sweep *sweep, const char *rest)
{
	const struct manifest *manifest = &sweep->work->manifest;
	struct blob_name name;
	bool pack;

	if (!key_name(rest, &name, &pack))
		return true;
	if (!pack)
		return bsearch(&name, sweep->kept.items, sweep->kept.count,
			   sizeof(sweep->kept.items[0]), names_order) != NULL;
	for (size_t i = 0; i < manifest->packs_count; i++)
		if (manifest->packs[i].count == name.count &&
		    digest_equal(&manifest->packs[i].hash, &name.hash))
			return true;
	return false;
}

/* G5: removes what is old and not named, a page at a time. */
static enum account_result remove_old(struct sweep *sweep)
{
	struct account_work *work = sweep->work;
	const char *keys[BUCKET_PAGE_MAX];
	struct account_key prefix;
	size_t at = 0;

	account_key_of(work, "", &prefix);
	while (at < sweep->old_count) {
		enum account_result result = account_in_time(work);
		uint64_t bytes = 0;
		size_t count = 0;

		for (; at < sweep->old_count && count < BUCKET_PAGE_MAX; at++) {
			const struct bucket_item *item = &sweep->old[at];

			if (still_named(sweep, item->key + strlen(prefix.text)))
				continue;
			keys[count++] = item->key;
			bytes += item->size;
		}
		if (result == ACCOUNT_OK && count > 0)
			result = account_from_bucket(
			    bucket_remove_many(work->env->bucket, keys, count, work->call));
		if (result != ACCOUNT_OK)
			return result;
		sweep->report.removed += count;
		sweep->report.bytes_removed += bytes;
		sweep->report.bytes_kept -= bytes;
	}
	return ACCOUNT_OK;
}

/* G2 to G4: the commit that raises the count from `from`. *raised_out: it stands, and is ours. */
static enum account_result sweep_raise(
    struct sweep *sweep, uint64_t from, int64_t retain_ms, bool *raised_out)
{
	struct account_work *work = sweep->work;

	*raised_out = false;
	for (unsigned i = 0; i < ACCOUNT_ROUNDS; i++) {
		enum account_result result;
		bool won = false;

		if (work->manifest.sweep != from)
			return ACCOUNT_OK; /* another sweeps: what it leaves, the next one finds */
		work->next = work->manifest;
		work->next.sweep = from + 1;
		work->next.swept_ms = clock_wall_ms(work->env->clock);
		drop_packs(work, retain_ms);
		result = i > 0 && MUTATION(SWEEP_STALE) ? ACCOUNT_OK : keep_all(sweep);
		if (result == ACCOUNT_ABSENT) {
			result = account_manifest_reread(work);
			if (result == ACCOUNT_OK)
				continue;
		}
		if (result == ACCOUNT_OK)
			result = account_manifest_commit(work, &won);
		if (result != ACCOUNT_OK)
			return result;
		*raised_out = won;
		if (won)
			return ACCOUNT_OK;
	}
	call_sayf(work->call, "others kept writing: nothing was swept");
	return ACCOUNT_RETRY;
}

enum account_result account_sweep(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, int64_t retain_ms, struct call *call,
    struct sweep_report *report_out)
{
	struct account_work *work = NULL;
	struct sweep sweep = {0};
	enum account_result result = account_work_open(env, cache, account, call, &work);
	bool raised = false;

	if (result == ACCOUNT_OK)
		result = account_manifest_read(work);
	if (result == ACCOUNT_OK) {
		sweep.work = work;
		result = list_old(&sweep);
	}
	if (result == ACCOUNT_OK)
		result = sweep_raise(&sweep, work->manifest.sweep, retain_ms, &raised);
	if (result == ACCOUNT_OK && raised)
		result = remove_old(&sweep);
	if (result == ACCOUNT_OK) {
		sweep.report.kept = sweep.report.listed - sweep.report.removed;
		*report_out = sweep.report;
	}
	free(sweep.kept.items);
	free(sweep.indexes.items);
	free(sweep.old);
	account_work_free(work);
	return result;
}
