/*
 * cli/remote/remote_direct.c: straight into a bucket, through the very account code that a gateway
 * runs. It owns the bucket and what is known of one account between calls; the caller hands the
 * latter on from run to run, so that a warm commit is one PUT here too.
 */
#include "cli/remote/remote_priv.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket_open.h"

#include <stdlib.h>

_Static_assert(REMOTE_URL_MAX == BUCKET_URL_MAX, "what is kept as a URL can be opened");

struct direct {
	struct bucket *bucket;
	struct bucket_counts counts; /* the bucket's; a twin's stay empty */
	struct clock clock;
	struct random random;
	struct account_cache cache;
	struct account_env env;
	bool twin; /* the bucket is the other's */
};

static struct remote *direct_twin(void *self);

static enum remote_result direct_result(enum account_result result)
{
	switch (result) {
	case ACCOUNT_OK: return REMOTE_OK;
	case ACCOUNT_ABSENT: return REMOTE_ABSENT;
	case ACCOUNT_GONE: return REMOTE_GONE;
	case ACCOUNT_REFUSED: return REMOTE_REFUSED;
	case ACCOUNT_RETRY: return REMOTE_LATER;
	case ACCOUNT_DAMAGED: return REMOTE_DAMAGED;
	case ACCOUNT_FAILED: return REMOTE_FAILED;
	}
	return REMOTE_FAILED;
}

static enum remote_result direct_info(void *self, struct call *call, struct remote_info *out)
{
	(void)self;
	(void)call;
	*out = (struct remote_info){.gateway = false};
	return REMOTE_OK;
}

static enum remote_result direct_create(
    void *self, const struct account_id *account, struct view create, struct call *call)
{
	struct direct *direct = self;

	(void)account; /* the request names it, and is signed */
	return direct_result(account_create(&direct->env, &direct->cache, create, call));
}

/*
 * A bare bucket has no gateway that would find what a wipe left that was cut off, or what a late
 * writer put after it (W6). So nobody is told "gone", and forgets the account, before a listing was
 * empty. Without a record that holds (ABSENT) nothing may be removed.
 */
static enum account_result gone_for_good(
    struct direct *direct, const struct account_id *account, struct call *call)
{
	struct wipe_report report = {0};
	enum account_result result = account_relist(&direct->env, account, call, &report);

	if (result == ACCOUNT_OK || result == ACCOUNT_ABSENT)
		return ACCOUNT_OK;
	call_prefix(call, "the account was wiped, but what is left of it in the bucket can't be "
			  "removed yet");
	return result;
}

static enum remote_result direct_sync(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct direct *direct = self;
	enum account_result result =
	    account_sync(&direct->env, &direct->cache, request, call, answer);

	if (result == ACCOUNT_OK && answer->status == SYNC_GONE) {
		result = gone_for_good(direct, &request->account, call);
		if (result != ACCOUNT_OK)
			sync_answer_clear(answer);
	}
	return direct_result(result);
}

static enum remote_result direct_blob_get(void *self, const struct account_id *account,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	struct direct *direct = self;

	return direct_result(
	    account_blob_get(&direct->env, &direct->cache, account, name, call, out));
}

static enum remote_result direct_blob_put(void *self, const struct account_id *account,
    const struct blob_name *name, struct view blob, struct call *call)
{
	struct direct *direct = self;

	return direct_result(
	    account_blob_put(&direct->env, &direct->cache, account, name, blob, call));
}

static enum remote_result direct_roster(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct direct *direct = self;

	return direct_result(account_roster(&direct->env, &direct->cache, account, call, out));
}

static enum remote_result direct_wipe(void *self, const struct account_id *account,
    struct view wipe, struct call *call, struct remote_receipt *out)
{
	struct direct *direct = self;
	struct wipe_report report = {0};
	enum remote_result result =
	    direct_result(account_wipe(&direct->env, &direct->cache, account, wipe, call, &report));

	if (result == REMOTE_OK || result == REMOTE_LATER)
		*out = (struct remote_receipt){
		    .objects_removed = direct->cache.wiping.objects,
		    .bytes_removed = direct->cache.wiping.bytes,
		    .empty_at_ms = report.empty_at_ms,
		};
	return result;
}

static enum remote_result direct_wipe_record(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct direct *direct = self;

	return direct_result(account_wipe_record(&direct->env, account, call, out));
}

static enum remote_result direct_tidy(
    void *self, const struct account_id *account, struct call *call)
{
	struct direct *direct = self;
	size_t compacted = 0;

	return direct_result(
	    account_compact(&direct->env, &direct->cache, account, call, &compacted));
}

static void direct_twin_put(void *self, const struct blob_name *name)
{
	struct direct *direct = self;

	account_cache_see(&direct->cache, name);
}

static bool direct_known(void *self, struct bytes *out)
{
	const struct direct *direct = self;

	return account_cache_save(&direct->cache, out);
}

static void direct_counted(void *self, struct remote_counts *out)
{
	const struct direct *direct = self;
	struct bucket_counts counts;

	bucket_counted(&direct->counts, &counts);
	*out = (struct remote_counts){.get = counts.get,
	    .put = counts.put,
	    .list = counts.list,
	    .remove = counts.remove,
	    .bytes_up = counts.bytes_up,
	    .bytes_down = counts.bytes_down};
}

static void direct_close(void *self)
{
	struct direct *direct = self;

	account_cache_clear(&direct->cache);
	if (!direct->twin)
		bucket_close(direct->bucket);
	free(direct);
}

static const struct remote_ops direct_ops = {
    .info = direct_info,
    .create = direct_create,
    .sync = direct_sync,
    .blob_get = direct_blob_get,
    .blob_put = direct_blob_put,
    .twin = direct_twin,
    .twin_put = direct_twin_put,
    .roster = direct_roster,
    .wipe = direct_wipe,
    .wipe_record = direct_wipe_record,
    .tidy = direct_tidy,
    .known = direct_known,
    .counted = direct_counted,
    .close = direct_close,
};

/* All threads may share a bucket, but none what is known of an account. */
static struct remote *direct_twin(void *self)
{
	const struct direct *direct = self;
	struct direct *twin = calloc(1, sizeof(*twin));
	struct remote *remote = calloc(1, sizeof(*remote));
	struct bytes known = {0};

	if (twin == NULL || remote == NULL) {
		free(twin);
		free(remote);
		return NULL;
	}
	twin->twin = true;
	twin->bucket = direct->bucket;
	twin->clock = direct->clock;
	twin->random = direct->random;
	twin->env = direct->env;
	twin->env.clock = &twin->clock;
	twin->env.random = &twin->random;
	if (account_cache_save(&direct->cache, &known))
		account_cache_load(&twin->cache, view_bytes(&known));
	bytes_clear(&known);
	*remote = (struct remote){.self = twin, .ops = &direct_ops};
	return remote;
}

struct remote *remote_direct(const char *url, const struct clock *clock,
    const struct random *random, struct view known, struct call *call)
{
	struct direct *direct = calloc(1, sizeof(*direct));
	struct remote *remote = calloc(1, sizeof(*remote));

	if (direct == NULL || remote == NULL) {
		call_sayf(call, "no memory");
		goto fail;
	}
	direct->clock = *clock;
	direct->random = *random;
	direct->bucket = bucket_open_counted(url, clock, &direct->counts, call);
	if (direct->bucket == NULL)
		goto fail;
	direct->env = (struct account_env){
	    .bucket = direct->bucket,
	    .clock = &direct->clock,
	    .random = &direct->random,
	    .prefix = "",
	    .gateway = "",
	};
	if (known.len > 0)
		account_cache_load(&direct->cache, known);
	*remote = (struct remote){.self = direct, .ops = &direct_ops};
	return remote;
fail:
	free(direct);
	free(remote);
	return NULL;
}
