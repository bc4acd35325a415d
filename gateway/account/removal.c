/*
 * gateway/account/removal.c: the manifest is marked as wiped, then everything goes, the manifest
 * last. Every step may be cut off and repeated, by anyone, until a listing is empty.
 */
#include "gateway/account/removal.h"

#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "schemas/base/mutation.h"

#include <stdlib.h>
#include <string.h>

#define WIPE_MARKS_MAX 16u   /* how often writers may come between, before the caller tries again */
#define WIPE_PAGES_MAX 4096u /* listing pages of one call: four million objects */
#define WIPE_LOST_MAX 3u     /* answers to removals that one call lets be lost */
#define WIPE_IN_VAIN_MAX 16u /* listings that show the same after a removal; some lag behind */
#define WIPE_REST_MS 1000    /* … and then the caller is to wait */

/* work->next, as the wiped manifest: what a reader may still ask is the wipe alone. */
static enum account_result mark_encode(
    struct account_work *work, struct view old, struct bytes *encoded_out, bool *marked_out)
{
	struct manifest *next = &work->next;
	struct view wipe = {0}, bare;

	/* One that cannot be read is overwritten all the same: its end was asked for. */
	if (manifest_decode(old, next) != FORMAT_OK ||
	    !account_equal(&next->account, &work->account))
		*next = (struct manifest){.account = work->account, .epoch = 1};
	*marked_out = next->state == MANIFEST_WIPED;
	if (*marked_out)
		return ACCOUNT_OK;
	if (work->wipe_record.len > 0 &&
	    wipe_record_decode(view_bytes(&work->wipe_record), &wipe, &bare) != FORMAT_OK)
		wipe = (struct view){0};
	next->state = MANIFEST_WIPED;
	next->generation++;
	random_fill(work->env->random, next->nonce, NONCE_LEN);
	next->snapshot = (struct view){0};
	next->packs_count = 0;
	next->tail_count = 0;
	next->devices_count = 0;
	next->has_lease = false;
	next->wipe = wipe;
	return account_from_format(
	    manifest_encode(next, encoded_out), ACCOUNT_FAILED, "the wiped manifest", work->call);
}

/* W4 over these bytes: *marked_out where they are wiped, or are known to be from now on. */
static enum account_result mark_over(
    struct account_work *work, struct view old, const struct bucket_tag *old_tag, bool *marked_out)
{
	struct account_key key;
	struct bucket_put put = {.key = key.text, .cond = BUCKET_IF_TAG, .tag = *old_tag};
	struct bytes encoded = {0};
	struct bucket_tag tag;
	enum account_result result = mark_encode(work, old, &encoded, marked_out);

	if (result != ACCOUNT_OK || *marked_out)
		return result;
	account_key_of(work, "manifest", &key);
	put.data = view_bytes(&encoded);
	switch (bucket_put(work->env->bucket, &put, work->call, &tag)) {
	case BUCKET_OK: *marked_out = true; break;
	case BUCKET_REFUSED: result = ACCOUNT_FAILED; break;
	default: break; /* another's, or nobody knows: it is read */
	}
	bytes_clear(&encoded);
	return result;
}

/* W4, once: OK and *marked_out: the manifest is wiped, or gone. */
static enum account_result wipe_mark_once(struct account_work *work, bool *marked_out)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	struct bytes old = {0};
	struct bucket_tag tag;
	enum account_result result = account_in_time(work);

	if (result != ACCOUNT_OK)
		return result;
	account_key_of(work, "manifest", &key);
	result = account_from_bucket(bucket_get(work->env->bucket, &get, work->call, &old, &tag));
	if (result == ACCOUNT_ABSENT) {
		*marked_out = true;
		return ACCOUNT_OK;
	}
	if (result == ACCOUNT_OK)
		result = mark_over(work, view_bytes(&old), &tag, marked_out);
	bytes_clear(&old);
	return result;
}

static enum account_result wipe_mark(struct account_work *work)
{
	bool marked = false;
	enum account_result result = ACCOUNT_OK;

	if (work->has_manifest) /* the newest that this call has seen: mostly it still stands */
		result =
		    mark_over(work, view_bytes(&work->cache->manifest), &work->cache->tag, &marked);
	for (unsigned i = 0; i < WIPE_MARKS_MAX && result == ACCOUNT_OK && !marked; i++)
		result = wipe_mark_once(work, &marked);
	if (result != ACCOUNT_OK || marked)
		return result;
	call_sayf(work->call, "others kept writing: the manifest is not wiped yet");
	return ACCOUNT_RETRY;
}

/*
 * Counts what was listed before and is not now. page is from the start, and both ascend: what lies
 * beyond a page that is not the last is not known, and will be listed again if it is there.
 */
static void count_gone(struct account_wiping *wiping, const struct bucket_page *page)
{
	const struct bucket_page *listed = &wiping->listed;
	size_t at = 0;

	for (size_t i = 0; i < listed->count; i++) {
		while (at < page->count && strcmp(page->items[at].key, listed->items[i].key) < 0)
			at++;
		if (at == page->count ? page->more
				      : strcmp(page->items[at].key, listed->items[i].key) == 0)
			continue;
		wiping->objects++;
		wiping->bytes += listed->items[i].size;
	}
	free(wiping->listed.items);
	wiping->listed = (struct bucket_page){0};
}

/* Takes the manifest out of the page, if it is there and more follows: it is the last to go. */
static void spare_manifest(
    struct bucket_page *page, const struct account_key *manifest, bool *holds_out)
{
	size_t kept = 0;

	*holds_out = false;
	for (size_t i = 0; i < page->count; i++) {
		bool is_it = strcmp(page->items[i].key, manifest->text) == 0;

		*holds_out = *holds_out || is_it;
		if (!is_it || !page->more)
			page->items[kept++] = page->items[i];
	}
	page->count = kept;
}

/* Removes what is listed, the manifest after all others. */
static enum bucket_result listed_remove(
    struct account_work *work, const struct account_key *manifest, bool with_manifest)
{
	const struct bucket_page *listed = &work->cache->wiping.listed;
	const char *keys[BUCKET_PAGE_MAX];
	enum bucket_result result = BUCKET_OK;
	size_t count = 0;

	for (size_t i = 0; i < listed->count && count < BUCKET_PAGE_MAX; i++)
		if (strcmp(listed->items[i].key, manifest->text) != 0)
			keys[count++] = listed->items[i].key;
	if (count > 0)
		result = bucket_remove_many(work->env->bucket, keys, count, work->call);
	if (result == BUCKET_OK && with_manifest)
		result = bucket_remove(work->env->bucket, manifest->text, work->call);
	return result;
}

struct removal {          /* of one call */
	bool empty;       /* the last listing was */
	bool last;        /* no other page followed it */
	unsigned lost;    /* how often it was not known what came of a removal */
	unsigned in_vain; /* … nothing did, one time after the other, though the bucket said so */
	char first[BUCKET_KEY_MAX + 1]; /* what was to be removed last time */
};

/* A bucket that calls removed what it lists again and again would keep us for ever. */
static enum account_result see_progress(
    struct account_work *work, struct removal *removal, const struct bucket_page *listed)
{
	bool same = listed->count > 0 && strcmp(listed->items[0].key, removal->first) == 0;

	removal->in_vain = same ? removal->in_vain + 1 : 0;
	if (listed->count > 0)
		memcpy(removal->first, listed->items[0].key, sizeof(removal->first));
	if (removal->in_vain < WIPE_IN_VAIN_MAX)
		return ACCOUNT_OK;
	work->call->retry_after_ms = WIPE_REST_MS;
	call_sayf(work->call, "the bucket says that objects are removed, and lists them still");
	return ACCOUNT_RETRY;
}

/* One listing from the start, and what follows from it: its page is removed. */
static enum account_result remove_some(struct account_work *work, struct removal *removal)
{
	struct account_wiping *wiping = &work->cache->wiping;
	struct account_key prefix, manifest;
	struct bucket_page page = {0};
	enum account_result result = account_in_time(work);
	enum bucket_result removed;
	bool holds = false;

	if (result != ACCOUNT_OK)
		return result;
	account_key_of(work, "", &prefix);
	account_key_of(work, "manifest", &manifest);
	result =
	    account_from_bucket(bucket_list(work->env->bucket, prefix.text, "", work->call, &page));
	if (result != ACCOUNT_OK)
		return result;
	count_gone(wiping, &page);
	removal->empty = page.count == 0;
	removal->last = !page.more;
	spare_manifest(&page, &manifest, &holds);
	wiping->listed = page;
	result = see_progress(work, removal, &page);
	if (result != ACCOUNT_OK)
		return result;
	removed = listed_remove(work, &manifest, holds && !page.more);
	if (removed == BUCKET_UNKNOWN && ++removal->lost < WIPE_LOST_MAX) {
		removal->last = false; /* the next listing tells */
		return ACCOUNT_OK;
	}
	return account_from_bucket(removed);
}

/* What a listing does not show: versions, delete markers, unfinished uploads. */
static enum account_result purge_hidden(struct account_work *work)
{
	struct account_key prefix;

	account_key_of(work, "", &prefix);
	return account_from_bucket(bucket_purge_hidden(
	    work->env->bucket, prefix.text, work->call, &work->cache->wiping.objects));
}

static enum account_result remove_until_empty(struct account_work *work)
{
	struct removal removal = {0};
	bool purged = false;

	/* The empty listing that is reported comes after the purge (W6). */
	for (unsigned i = 0; i < WIPE_PAGES_MAX; i++) {
		enum account_result result = remove_some(work, &removal);

		if (result == ACCOUNT_OK && removal.empty && purged)
			return ACCOUNT_OK;
		if (result == ACCOUNT_OK && removal.last)
			result = purge_hidden(work);
		if (result != ACCOUNT_OK)
			return result == ACCOUNT_ABSENT ? ACCOUNT_FAILED : result;
		purged = removal.last;
	}
	call_sayf(work->call, "there is more to remove: call again");
	return ACCOUNT_RETRY;
}

enum account_result account_remove_all(struct account_work *work, struct wipe_report *report)
{
	struct account_wiping *wiping = &work->cache->wiping;
	enum account_result result = MUTATION(WIPE_WITHOUT_MARK) ? ACCOUNT_OK : wipe_mark(work);

	if (!account_equal(&wiping->account, &work->account)) {
		free(wiping->listed.items);
		*wiping = (struct account_wiping){.account = work->account};
	}
	if (result == ACCOUNT_OK)
		result = remove_until_empty(work);
	*report = (struct wipe_report){
	    .objects_removed = wiping->objects, .bytes_removed = wiping->bytes};
	if (result == ACCOUNT_OK)
		report->empty_at_ms = clock_wall_ms(work->env->clock);
	return result;
}

void account_take_back(struct account_work *work)
{
	struct call said = *work->call;
	struct wipe_report report = {0};
	enum account_result result;

	if (work->wipe_record.len == 0)
		return;
	if (work->cache->has_put && !MUTATION(NO_TAKE_BACK)) {
		result = account_remove_all(work, &report);
		(void)result; /* "gone" is the answer in any case */
		*work->call = said;
	}
	work->cache->has_put = false;
	account_cache_clear(work->cache); /* a blob that is still to be put asks first */
}
