/*
 * gateway/account/blob.c: single blobs, and the roster. A blob is put before anything names it;
 * until a commit does, two sweeps remove it again.
 */
#include "gateway/account/account.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/removal.h"
#include "gateway/account/roster_read.h"
#include "gateway/account/work.h"

static bool count_is_young(const struct account_work *work, uint64_t count)
{
	uint64_t sweep = work->manifest.sweep;

	return count == sweep || (sweep > 0 && count == sweep - 1);
}

static enum account_result blob_put(
    struct account_work *work, const struct blob_name *name, struct view blob)
{
	enum account_result result = ACCOUNT_OK;
	struct account_key key;
	struct digest hash;

	blob_hash(blob, &hash);
	if (blob.len > BLOB_MAX || !digest_equal(&hash, &name->hash)) {
		call_sayf(work->call, "a blob is too large, or not what its name says");
		return ACCOUNT_REFUSED;
	}
	/* A cached count that is one behind still lets the blob live until the next sweep. */
	if (!work->has_manifest || !count_is_young(work, name->count))
		result = account_manifest_read(work);
	if (result != ACCOUNT_OK)
		return result;
	if (!count_is_young(work, name->count)) {
		call_sayf(work->call, "a blob's name holds an old count: put it under the newest");
		return ACCOUNT_REFUSED;
	}
	account_key_blob(work, name, &key);
	result = account_object_put(work, &key, blob);
	if (result == ACCOUNT_OK)
		account_cache_see(work->cache, name);
	return result;
}

enum account_result account_blob_put(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, const struct blob_name *name, struct view blob,
    struct call *call)
{
	struct account_work *work = NULL;
	enum account_result result = account_work_open(env, cache, account, call, &work);

	if (result == ACCOUNT_OK) {
		work->lenient = true; /* of the manifest only the count is needed */
		result = blob_put(work, name, blob);
	}
	account_work_free(work);
	return result;
}

enum account_result account_blob_get(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, const struct blob_name *name, struct call *call,
    struct bytes *out)
{
	struct account_work *work = NULL;
	enum account_result result = account_work_open(env, cache, account, call, &work);

	if (result == ACCOUNT_OK)
		result = account_blob_read(work, name, out);
	if (result == ACCOUNT_ABSENT && work != NULL) {
		/* Swept, wiped, or never there: only the newest manifest can tell. */
		result = account_manifest_read(work);
		if (result == ACCOUNT_OK) {
			call_sayf(call, "a blob that the account names is missing from the bucket");
			result = ACCOUNT_ABSENT;
		}
	}
	if (result == ACCOUNT_GONE)
		account_take_back(work);
	account_work_free(work);
	return result;
}

enum account_result account_roster(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct call *call, struct bytes *out)
{
	struct account_work *work = NULL;
	enum account_result result = account_work_open(env, cache, account, call, &work);

	if (result == ACCOUNT_OK) {
		work->lenient = true; /* the roster's own signatures hold it, not the log */
		result = account_manifest_read(work);
	}
	if (result == ACCOUNT_OK)
		result = account_roster_read(work);
	if (result == ACCOUNT_OK && !bytes_copy(view_bytes(&cache->roster), out)) {
		call_sayf(call, "no memory");
		result = ACCOUNT_FAILED;
	}
	account_work_free(work);
	return result;
}
