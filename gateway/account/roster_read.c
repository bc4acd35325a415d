/*
 * gateway/account/roster_read.c: reading the roster, and checking it and what its devices have
 * signed.
 */
#include "gateway/account/roster_read.h"

#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"

#include <assert.h>

/* The snapshot's frame stands outside the tail's chain: its own signature is all that holds it. */
static enum format_result snapshot_signed(const struct account_work *work)
{
	struct account_cache *cache = work->cache;
	struct view frame = work->manifest.snapshot;
	const struct roster_device *device =
	    roster_device(&work->roster, &work->snapshot.header.device);
	enum format_result result;

	if (device == NULL || frame.len < SIGNATURE_LEN)
		return FORMAT_FORGED;
	if (digest_equal(&cache->snapshot_checked, &work->snapshot.hash))
		return FORMAT_OK; /* a hash of the signature too, and the device's key is its id's
				   */
	frame.len -= SIGNATURE_LEN;
	result = sign_check(
	    DOMAIN_FRAME, frame, device->keys.sign_public, work->snapshot.signature.data);
	if (result == FORMAT_OK)
		cache->snapshot_checked = work->snapshot.hash;
	return result;
}

/*
 * The cached bytes, if they are the manifest's roster. Signatures are checked once for each roster
 * that comes: every push would else pay for each statement there ever was.
 */
static enum account_result roster_use(struct account_work *work)
{
	const struct manifest *manifest = &work->manifest;
	struct account_cache *cache = work->cache;
	struct view encoded = view_bytes(&cache->roster);
	enum account_result result = account_from_format(
	    cache->roster_checked ? roster_decode_again(encoded, &work->roster)
				  : roster_decode(encoded, false, &work->roster),
	    ACCOUNT_DAMAGED, "the roster", work->call);

	if (result != ACCOUNT_OK)
		return result;
	cache->roster_checked = true;
	if (!account_equal(&work->roster.account, &work->account) ||
	    !digest_equal(roster_hash(&work->roster), &manifest->roster_hash) ||
	    roster_epoch(&work->roster) != manifest->epoch) {
		call_sayf(work->call, "the roster is another than the manifest names");
		return ACCOUNT_DAMAGED;
	}
	if (work->log_fault == NULL && manifest->snapshot.data != NULL) {
		enum format_result signed_by = snapshot_signed(work);

		if (signed_by != FORMAT_OK && signed_by != FORMAT_NO_MEMORY && work->lenient)
			work->log_fault = "its snapshot's signature";
		else
			result = account_from_format(signed_by, ACCOUNT_DAMAGED,
			    "the manifest is damaged: its snapshot's signature", work->call);
	}
	if (result != ACCOUNT_OK)
		return result;
	work->has_roster = true;
	return ACCOUNT_OK;
}

void account_roster_keep(
    struct account_work *work, struct view encoded, const struct digest *statement)
{
	struct account_cache *cache = work->cache;

	work->has_roster = false;
	cache->roster_checked = false;
	bytes_clear(&cache->roster);
	if (bytes_copy(encoded, &cache->roster))
		cache->roster_hash = *statement;
}

/* The roster's blob becomes the cache's; ABSENT if it is missing. */
static enum account_result roster_fetch(struct account_work *work)
{
	struct account_cache *cache = work->cache;
	enum account_result result;
	struct bytes bytes = {0};

	result = account_blob_read(work, &work->manifest.roster, &bytes);
	if (result != ACCOUNT_OK)
		return result;
	bytes_clear(&cache->roster);
	cache->roster = bytes;
	cache->roster_checked = false;
	cache->roster_hash = work->manifest.roster_hash;
	result = roster_use(work);
	if (result != ACCOUNT_OK)
		bytes_clear(&cache->roster);
	return result;
}

enum account_result account_roster_read(struct account_work *work)
{
	struct account_cache *cache = work->cache;
	enum account_result result;

	assert(work->has_manifest);
	if (work->has_roster)
		return ACCOUNT_OK;
	if (cache->roster.len > 0 &&
	    digest_equal(&cache->roster_hash, &work->manifest.roster_hash) &&
	    roster_use(work) == ACCOUNT_OK)
		return ACCOUNT_OK;
	for (unsigned i = 0; i < ACCOUNT_ROUNDS; i++) {
		result = roster_fetch(work);
		if (result != ACCOUNT_ABSENT)
			return result;
		result = account_manifest_reread(work);
		if (result != ACCOUNT_OK)
			return result;
	}
	call_sayf(work->call, "the account changes faster than it can be read");
	return ACCOUNT_RETRY;
}
