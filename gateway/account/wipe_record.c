/*
 * gateway/account/wipe_record.c: reading, checking and putting the record of a wipe.
 */
#include "gateway/account/wipe_record.h"

#include "gateway/account/object.h"
#include "gateway/account/result.h"

#include <stdlib.h>

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

enum account_result account_wipe_put(struct account_work *work, struct bytes *record)
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
