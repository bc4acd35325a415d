/*
 * gateway/account/index.c: reading indexes, and keeping the newest.
 */
#include "gateway/account/index.h"

#include "gateway/account/object.h"
#include "gateway/account/result.h"

enum account_result account_index_decode(
    struct account_work *work, struct view index, struct blob_name *names, size_t *count_out)
{
	struct blob blob;
	enum account_result result = account_from_format(
	    blob_decode(index, names, &blob), ACCOUNT_REFUSED, "an index", work->call);

	if (result != ACCOUNT_OK)
		return result;
	if (blob.header.kind != BLOB_INDEX ||
	    !account_equal(&blob.header.account, &work->account)) {
		call_sayf(work->call, "what a load or snapshot names is not this account's index");
		return ACCOUNT_REFUSED;
	}
	*count_out = blob.header.names_count;
	return ACCOUNT_OK;
}

void account_index_keep(
    struct account_cache *cache, struct bytes *index, const struct blob_name *name)
{
	bytes_clear(&cache->index);
	cache->index = *index;
	cache->index_name = *name;
	*index = (struct bytes){0};
}

enum account_result account_index_names(
    struct account_work *work, struct blob_name *names, size_t *count_out)
{
	struct account_cache *cache = work->cache;
	const struct blob_name *name = &work->snapshot.header.blob;
	enum account_result result = ACCOUNT_OK;

	*count_out = 0;
	if (work->manifest.snapshot.data == NULL)
		return ACCOUNT_OK;
	if (cache->index.len == 0 || !blob_name_equal(&cache->index_name, name)) {
		struct bytes index = {0};

		result = account_blob_read(work, name, &index);
		if (result == ACCOUNT_OK)
			account_index_keep(cache, &index, name);
	}
	if (result == ACCOUNT_OK)
		result = account_index_decode(work, view_bytes(&cache->index), names, count_out);
	if (result == ACCOUNT_RETRY || result == ACCOUNT_FAILED)
		return result;
	/* Missing or damaged: then it vouches for nothing, and a new snapshot may heal it. */
	return ACCOUNT_OK;
}
