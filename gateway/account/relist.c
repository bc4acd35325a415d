/*
 * gateway/account/relist.c: after a wipe: what a late writer put since then goes too (README.md,
 * "Wipe"). The records w/<account> say where to look; w/<account>.done that nobody has to any more.
 */
#include "gateway/account/account.h"
#include "gateway/account/object.h"
#include "gateway/account/removal.h"
#include "gateway/account/result.h"
#include "gateway/account/wipe_record.h"
#include "gateway/account/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DONE_SUFFIX ".done"
#define HEX_ID_LEN (2u * ACCOUNT_ID_LEN)

enum account_result account_relist(const struct account_env *env, const struct account_id *account,
    struct call *call, struct wipe_report *report_out)
{
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	struct wipe_report report = {0};
	enum account_result result = account_work_open(env, &cache, account, call, &work);

	if (result == ACCOUNT_OK)
		result = account_wipe_read(work);
	if (result == ACCOUNT_OK)
		result = account_remove_all(work, &report);
	if (result == ACCOUNT_OK)
		*report_out = report;
	account_work_free(work);
	account_cache_clear(&cache);
	return result;
}

enum account_result account_relist_done(
    const struct account_env *env, const struct account_id *account, struct call *call)
{
	struct account_cache cache = {0};
	struct account_work *work = NULL;
	struct account_key key;
	enum account_result result = account_work_open(env, &cache, account, call, &work);

	if (result == ACCOUNT_OK) {
		account_key_wipe(work, &key);
		(void)strncat(key.text, DONE_SUFFIX, sizeof(key.text) - strlen(key.text) - 1);
		result = account_object_put(work, &key, view_text("1"));
	}
	account_work_free(work);
	return result;
}

/* The account of a record's key, behind the prefix; what follows it is *rest_out. */
static bool record_key(const char *name, struct account_id *out, const char **rest_out)
{
	size_t len = strnlen(name, HEX_ID_LEN);

	*rest_out = name + len;
	return hex_decode(name, len, out->bytes, ACCOUNT_ID_LEN);
}

/*
 * "<id>.done" follows "<id>" at once, for nothing else begins with it. So of a page that goes on,
 * the last key is left for the next page: what belongs to it may stand there.
 */
static void wiped_take(struct account_wiped *wiped, const struct bucket_page *page, size_t prefix)
{
	size_t count = page->more && page->count > 1 ? page->count - 1 : page->count;

	for (size_t i = 0; i < count; i++) {
		struct account_id id, other;
		const char *rest, *next_rest;

		if (!record_key(page->items[i].key + prefix, &id, &rest) || rest[0] != '\0')
			continue;
		if (i + 1 < page->count &&
		    record_key(page->items[i + 1].key + prefix, &other, &next_rest) &&
		    account_equal(&id, &other) && strcmp(next_rest, DONE_SUFFIX) == 0)
			continue;
		wiped->ids[wiped->count++] = id;
	}
	wiped->more = page->more && count > 0;
	if (count > 0)
		memcpy(wiped->after, page->items[count - 1].key, sizeof(wiped->after));
}

enum account_result account_wiped_next(
    const struct account_env *env, struct call *call, struct account_wiped *wiped)
{
	char prefix[ACCOUNT_PREFIX_MAX + sizeof("w/")];
	struct bucket_page page = {0};
	enum account_result result;
	int len = snprintf(prefix, sizeof(prefix), "%sw/", env->prefix);

	if (len < 0 || (size_t)len >= sizeof(prefix)) {
		call_sayf(call, "the bucket's prefix is longer than %u bytes", ACCOUNT_PREFIX_MAX);
		return ACCOUNT_REFUSED;
	}
	wiped->count = 0;
	wiped->more = false;
	result = account_from_bucket(bucket_list(env->bucket, prefix, wiped->after, call, &page));
	if (result == ACCOUNT_OK)
		wiped_take(wiped, &page, (size_t)len);
	free(page.items);
	return result;
}
