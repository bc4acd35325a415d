/*
 * gateway/account/manifest_read.c: reading the manifest, and taking it over into the cache.
 */
#include "gateway/account/manifest_read.h"

#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "gateway/account/wipe_record.h"
#include "schemas/base/mutation.h"

#include <string.h>

enum account_result account_manifest_adopt(
    struct account_work *work, struct bytes *bytes, bool own, const struct bucket_tag *tag)
{
	struct account_cache *cache = work->cache;
	uint8_t incarnation[INCARNATION_LEN];
	uint64_t generation = work->manifest.generation;
	bool had = work->has_manifest;
	enum format_result format;
	enum account_result result;
	const char *message;

	memcpy(incarnation, work->manifest.incarnation, sizeof(incarnation));
	work->has_manifest = false; /* work->manifest's views move to the new bytes */
	work->has_roster = false;
	work->fresh = false;
	format = account_manifest_use(work, view_bytes(bytes), own, &message);
	if (message != NULL) {
		call_sayf(work->call, "the manifest is damaged: %s", message);
		return ACCOUNT_DAMAGED;
	}
	if (format != FORMAT_OK)
		return account_from_format(format, ACCOUNT_DAMAGED, "the manifest", work->call);
	if (work->manifest.state == MANIFEST_WIPED)
		return account_missing(work);
	/*
	 * Another incarnation is another account of the same name, and a generation that went back
	 * may be a create that landed after a wipe: nothing seen before holds.
	 */
	if (!had || (!MUTATION(INCARNATION) && (work->manifest.generation < generation ||
						   memcmp(incarnation, work->manifest.incarnation,
						       sizeof(incarnation)) != 0)))
		account_cache_clear(cache);
	bytes_clear(&cache->manifest);
	cache->manifest = *bytes;
	cache->manifest_checked = true;
	*bytes = (struct bytes){0};
	cache->tag = *tag;
	work->has_manifest = true;
	work->fresh = true;
	if (cache->wipe_checked || MUTATION(CREATE_DESPITE_WIPE))
		return ACCOUNT_OK;
	result = account_wipe_read(work);
	if (result == ACCOUNT_OK)
		return ACCOUNT_GONE;
	if (result != ACCOUNT_ABSENT)
		return result;
	cache->wipe_checked = true;
	return ACCOUNT_OK;
}

enum account_result account_manifest_read(struct account_work *work)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	struct bucket_tag tag = {{0}};
	struct bytes bytes = {0};
	enum account_result result;
	enum bucket_result got;

	account_key_of(work, "manifest", &key);
	/* Only what is also checked for a wipe may be answered by "unchanged". */
	if (work->has_manifest && work->cache->wipe_checked)
		get.unless = work->cache->tag;
	result = account_in_time(work);
	if (result != ACCOUNT_OK)
		return result;
	got = bucket_get(work->env->bucket, &get, work->call, &bytes, &tag);
	switch (got) {
	case BUCKET_OK: result = account_manifest_adopt(work, &bytes, false, &tag); break;
	case BUCKET_UNCHANGED:
		work->fresh = true;
		result = ACCOUNT_OK;
		break;
	case BUCKET_ABSENT: result = account_missing(work); break;
	case BUCKET_CONFLICT:
	case BUCKET_RETRY:
	case BUCKET_UNKNOWN:
	case BUCKET_REFUSED: result = account_from_bucket(got); break;
	}
	bytes_clear(&bytes);
	return result;
}

enum account_result account_manifest_reread(struct account_work *work)
{
	uint8_t nonce[NONCE_LEN];
	enum account_result result;

	memcpy(nonce, work->manifest.nonce, sizeof(nonce));
	result = account_manifest_read(work);
	if (result != ACCOUNT_OK || memcmp(nonce, work->manifest.nonce, sizeof(nonce)) != 0)
		return result;
	call_sayf(work->call, "an object that the manifest names is missing");
	return ACCOUNT_DAMAGED;
}
