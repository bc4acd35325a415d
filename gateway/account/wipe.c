/*
 * gateway/account/wipe.c: the end of an account (README.md, W1 to W6), begun by a wipe that holds
 * or by an operator. The record of the wipe is put first and kept for good; from then on anybody
 * may finish it.
 */
#include "gateway/account/account.h"

#include "gateway/account/manifest_read.h"
#include "gateway/account/removal.h"
#include "gateway/account/result.h"
#include "gateway/account/roster_read.h"
#include "gateway/account/wipe_record.h"
#include "gateway/account/work.h"

#include <string.h>

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
		result = account_wipe_put(work, &record);
	bytes_clear(&bare);
	bytes_clear(&record);
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
