/*
 * gateway/account/wipe.c: the end of an account (README.md, W1 to W6), and its record w/<account>.
 * The record is put first and kept for good; from then on every step may be cut off and repeated,
 * by anyone, until a listing is empty.
 */
#include "gateway/account/account_priv.h"
#include "schemas/base/mutation.h"

#include <stdlib.h>
#include <string.h>

#define WIPE_MARKS_MAX 16u   /* how often writers may come between, before the caller tries again */
#define WIPE_PAGES_MAX 4096u /* listing pages of one call: four million objects */
#define WIPE_LOST_MAX 3u     /* answers to removals that one call lets be lost */
#define WIPE_IN_VAIN_MAX 16u /* listings that show the same after a removal; some lag behind */
#define WIPE_REST_MS 1000    /* … and then the caller is to wait */

/* The record's own words: this account's, the roster from its genesis, signed by one live in it. */
static enum format_result record_check(
    const struct account_work *work, struct view record, struct view *wipe_out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	const struct roster_device *device;
	struct view bare;
	struct wipe wipe;
	enum format_result result = FORMAT_NO_MEMORY;

	if (roster == NULL)
		return result;
	result = record.len > WIPE_RECORD_MAX ? FORMAT_TOO_LARGE
					      : wipe_record_decode(record, wipe_out, &bare);
	if (result == FORMAT_OK)
		result = wipe_decode(*wipe_out, &wipe);
	if (result == FORMAT_OK)
		result = roster_decode(bare, true, roster);
	if (result != FORMAT_OK)
		goto done;
	device = roster_live(roster, &wipe.device, SIZE_MAX);
	result = FORMAT_FORGED;
	if (account_equal(&wipe.account, &work->account) &&
	    account_equal(&roster->account, &work->account) && device != NULL)
		result = wipe_signed_by(*wipe_out, device->keys.wipe_public);
done:
	free(roster);
	return result;
}

enum account_result account_wipe_read(struct account_work *work)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	enum account_result result = account_in_time(work);
	struct bytes record = {0};
	struct bucket_tag tag;
	struct view wipe;
	enum format_result checked;

	if (result != ACCOUNT_OK)
		return result;
	account_key_wipe(work, &key);
	result =
	    account_from_bucket(bucket_get(work->env->bucket, &get, work->call, &record, &tag));
	if (result != ACCOUNT_OK)
		return result;
	checked = record_check(work, view_bytes(&record), &wipe);
	if (checked != FORMAT_OK) {
		bytes_clear(&record);
		if (checked == FORMAT_NO_MEMORY)
			return account_from_format(checked, ACCOUNT_FAILED, "the wipe", work->call);
		call_sayf(work->call, "a record of a wipe is there, but it does not hold");
		return ACCOUNT_DAMAGED;
	}
	bytes_clear(&work->wipe_record);
	work->wipe_record = record;
	call_sayf(work->call, "the account was wiped");
	return ACCOUNT_OK;
}

enum account_result account_missing(struct account_work *work)
{
	/* Read before w/ is: its bytes belong to the caller of this moment. */
	bool says_wiped =
	    work->manifest.state == MANIFEST_WIPED && work->manifest.wipe.data != NULL;
	enum account_result result = account_wipe_read(work);

	work->has_manifest = false;
	if (result == ACCOUNT_OK)
		return ACCOUNT_GONE;
	if (result != ACCOUNT_ABSENT)
		return result;
	if (says_wiped) {
		call_sayf(work->call, "the account was wiped, but the record of it is missing");
		return ACCOUNT_GONE;
	}
	call_sayf(work->call, "there is no such account here, and nothing says that it was wiped");
	return ACCOUNT_ABSENT;
}

/* W2: the wipe is for this account, incarnation and gateway, by a device that is live. */
static const char *wipe_fault(
    const struct account_work *work, struct view encoded, bool *no_memory_out)
{
	const struct roster_device *device;
	enum format_result checked;
	struct wipe wipe;

	if (wipe_decode(encoded, &wipe) != FORMAT_OK)
		return "it is malformed";
	if (!account_equal(&wipe.account, &work->account))
		return "it is for another account";
	if (memcmp(wipe.incarnation, work->manifest.incarnation, INCARNATION_LEN) != 0)
		return "it is for another incarnation of the account";
	if (!view_equal(wipe.gateway, view_text(work->env->gateway)))
		return "it is for another gateway";
	device = roster_live(&work->roster, &wipe.device, SIZE_MAX);
	if (device == NULL)
		return "its device is not live";
	checked = wipe_signed_by(encoded, device->keys.wipe_public);
	*no_memory_out = checked == FORMAT_NO_MEMORY;
	if (*no_memory_out)
		return "no memory to check its signature";
	return checked == FORMAT_OK ? NULL : "its signature does not hold";
}

/* W3: the record, unless one that holds is there. *record is taken where it is the one that stands.
 */
static enum account_result record_put(struct account_work *work, struct bytes *record)
{
	struct account_key key;
	struct bucket_put put = {
	    .key = key.text, .data = view_bytes(record), .cond = BUCKET_IF_ABSENT};
	struct bucket_tag tag;

	account_key_wipe(work, &key);
	for (unsigned i = 0; i < ACCOUNT_TRIES; i++) {
		enum account_result result;
		enum bucket_result done = bucket_put(work->env->bucket, &put, work->call, &tag);

		if (done == BUCKET_REFUSED)
			return ACCOUNT_FAILED;
		if (done == BUCKET_OK) {
			bytes_clear(&work->wipe_record);
			work->wipe_record = *record;
			*record = (struct bytes){0};
			return ACCOUNT_OK;
		}
		result = account_wipe_read(work);
		if (result != ACCOUNT_ABSENT)
			return result;
	}
	call_sayf(work->call, "the bucket does not take the wipe's record");
	return ACCOUNT_RETRY;
}

static enum account_result wipe_begin(struct account_work *work, struct view wipe)
{
	enum account_result result = account_manifest_read(work);
	struct bytes bare = {0}, record = {0};
	const char *message;
	bool no_memory = false;

	if (result == ACCOUNT_OK)
		result = account_roster_read(work);
	if (result != ACCOUNT_OK)
		return result;
	message = wipe_fault(work, wipe, &no_memory);
	if (message != NULL) {
		call_sayf(work->call, "the wipe is refused: %s", message);
		return no_memory ? ACCOUNT_FAILED : ACCOUNT_REFUSED;
	}
	result = account_from_format(
	    roster_bare(&work->roster, &bare), ACCOUNT_REFUSED, "the bare roster", work->call);
	if (result == ACCOUNT_OK)
		result = account_from_format(wipe_record_encode(wipe, view_bytes(&bare), &record),
		    ACCOUNT_REFUSED, "the wipe's record", work->call);
	if (result == ACCOUNT_OK)
		result = record_put(work, &record);
	bytes_clear(&bare);
	bytes_clear(&record);
	return result;
}

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
	next->has_turn = false;
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

static enum account_result wipe_run(
    struct account_work *work, struct view wipe, struct wipe_report *report)
{
	enum account_result result = account_wipe_read(work); /* W1 */

	if (result == ACCOUNT_ABSENT)
		result = wipe.len > 0 ? wipe_begin(work, wipe) : ACCOUNT_OK;
	if (result == ACCOUNT_OK)
		result = account_remove_all(work, report);
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

enum account_result account_wipe(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct view wipe, struct call *call,
    struct wipe_report *report_out)
{
	struct account_work *work = NULL;
	struct wipe_report report = {0};
	enum account_result result = account_work_open(env, cache, account, call, &work);

	if (result == ACCOUNT_OK)
		result = wipe_run(work, wipe, &report);
	if (result == ACCOUNT_OK) {
		account_cache_clear(cache);
		*report_out = report;
	}
	account_work_free(work);
	return result;
}

enum account_result account_wipe_record(const struct account_env *env,
    const struct account_id *account, struct call *call, struct bytes *out)
{
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	enum account_result result = account_work_open(env, &cache, account, call, &work);

	if (result == ACCOUNT_OK)
		result = account_wipe_read(work);
	if (result == ACCOUNT_OK) {
		*out = work->wipe_record;
		work->wipe_record = (struct bytes){0};
	}
	account_work_free(work);
	account_cache_clear(&cache);
	return result;
}

enum format_result account_wipe_by_record(
    struct view record, struct view encoded, const struct wipe *wipe)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	const struct roster_device *device;
	struct view stood, bare;
	enum format_result result = FORMAT_NO_MEMORY;

	if (roster != NULL)
		result = wipe_record_decode(record, &stood, &bare);
	if (result == FORMAT_OK)
		result = roster_decode(bare, true, roster);
	if (result == FORMAT_OK) {
		device = roster_live(roster, &wipe->device, SIZE_MAX);
		result = device == NULL ? FORMAT_FORGED
					: wipe_signed_by(encoded, device->keys.wipe_public);
	}
	free(roster);
	return result;
}
