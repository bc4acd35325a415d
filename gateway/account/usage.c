/*
 * gateway/account/usage.c: what an account takes, and when it was swept: for whoever decides when
 * to sweep, and whether there is room.
 */
#include "gateway/account/account.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "gateway/account/work.h"

#include <stdlib.h>
#include <string.h>

#define USAGE_PAGES_MAX 4096u

enum account_result account_swept(const struct account_env *env, struct account_cache *cache,
    const struct account_id *account, struct call *call, int64_t *swept_ms_out)
{
	struct account_work *work = NULL;
	enum account_result result = account_work_open(env, cache, account, call, &work);

	if (result == ACCOUNT_OK)
		result = account_manifest_read(work);
	if (result == ACCOUNT_OK)
		*swept_ms_out = work->manifest.swept_ms;
	account_work_free(work);
	return result;
}

/* One page; *after moves behind it. */
static enum account_result usage_page(struct account_work *work, const struct account_key *prefix,
    char after[BUCKET_KEY_MAX + 1], struct account_usage *usage, bool *more_out)
{
	struct bucket_page page = {0};
	enum account_result result = account_in_time(work);

	if (result == ACCOUNT_OK)
		result = account_from_bucket(
		    bucket_list(work->env->bucket, prefix->text, after, work->call, &page));
	if (result != ACCOUNT_OK)
		return result;
	for (size_t i = 0; i < page.count; i++)
		usage->bytes += page.items[i].size;
	usage->objects += page.count;
	*more_out = page.more && page.count > 0;
	if (page.count > 0)
		memcpy(after, page.items[page.count - 1].key, BUCKET_KEY_MAX + 1);
	free(page.items);
	return ACCOUNT_OK;
}

enum account_result account_usage(const struct account_env *env, const struct account_id *account,
    struct call *call, struct account_usage *out)
{
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	struct account_usage usage = {0};
	char after[BUCKET_KEY_MAX + 1] = "";
	enum account_result result = account_work_open(env, &cache, account, call, &work);
	struct account_key prefix;
	bool more = true;

	if (result == ACCOUNT_OK)
		account_key_of(work, "", &prefix);
	for (unsigned i = 0; result == ACCOUNT_OK && more && i < USAGE_PAGES_MAX; i++)
		result = usage_page(work, &prefix, after, &usage, &more);
	if (result == ACCOUNT_OK)
		*out = usage;
	account_work_free(work);
	return result;
}
