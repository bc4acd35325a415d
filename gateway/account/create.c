/*
 * gateway/account/create.c: a new account: its roster's blob, then its manifest (C1 to C5).
 * The account's id is the genesis' hash, so whoever finds a manifest there finds this very account.
 */
#include "gateway/account/account.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/removal.h"
#include "gateway/account/result.h"
#include "gateway/account/roster_read.h"
#include "gateway/account/wipe_record.h"
#include "gateway/account/work.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Head (0, hash of the genesis), count 0; create_send gives it the rest. */
static void create_manifest(
    struct account_work *work, const struct roster *roster, const struct blob_name *roster_name)
{
	struct manifest *next = &work->next;

	*next = (struct manifest){
	    .account = work->account,
	    .state = MANIFEST_LIVE,
	    .swept_ms = clock_wall_ms(work->env->clock),
	    .head = {0, roster->hashes[0]},
	    .roster_hash = *roster_hash(roster),
	    .roster = *roster_name,
	    .epoch = roster_epoch(roster),
	};
	for (size_t i = 0; i < roster->devices_count; i++) {
		if (roster_live(roster, &roster->devices[i].id, SIZE_MAX) == NULL)
			continue;
		assert(next->devices_count < DEVICES_MAX);
		next->devices[next->devices_count++].id = roster->devices[i].id;
	}
}

/*
 * Sends the manifest once, with an incarnation and a nonce of its own. One that was given up on may
 * land after a wipe: were it the very bytes of the one that stood before, caches that know that one
 * would commit onto it.
 */
static enum account_result create_send(struct account_work *work)
{
	struct manifest *next = &work->next;
	struct account_key key;
	struct bucket_put put = {.key = key.text,
	    .cond = MUTATION(CREATE_WITHOUT_CONDITION) ? BUCKET_ALWAYS : BUCKET_IF_ABSENT};
	enum account_result result;
	struct bucket_tag tag;
	struct bytes encoded = {0};

	random_fill(work->env->random, next->incarnation, INCARNATION_LEN);
	random_fill(work->env->random, next->nonce, NONCE_LEN);
	result = account_from_format(
	    manifest_encode(next, &encoded), ACCOUNT_REFUSED, "the new manifest", work->call);
	account_key_of(work, "manifest", &key);
	put.data = view_bytes(&encoded);
	if (result == ACCOUNT_OK &&
	    bucket_put(work->env->bucket, &put, work->call, &tag) == BUCKET_REFUSED)
		result = ACCOUNT_FAILED;
	bytes_clear(&encoded);
	return result;
}

/* C4: the manifest, if there is none. Whoever put the one that is there: it is this account. */
static enum account_result create_put(struct account_work *work)
{
	enum account_result result = ACCOUNT_OK;

	for (unsigned i = 0; result == ACCOUNT_OK; i++) {
		result = account_in_time(work);
		if (result != ACCOUNT_OK)
			break;
		if (i == ACCOUNT_TRIES) {
			call_sayf(work->call, "the bucket does not take the manifest");
			result = ACCOUNT_RETRY;
			break;
		}
		result = create_send(work);
		if (result != ACCOUNT_OK)
			break;
		result = account_manifest_read(work);
		if (result != ACCOUNT_ABSENT)
			break;
		result = ACCOUNT_OK; /* nothing is there: again */
	}
	return result;
}

/*
 * C5: a wipe that ran between C1 and C4 has put its record first, and the read that followed our
 * PUT, being the first of this manifest, has read w/ too. What we put goes again.
 */
static enum account_result create_undo(struct account_work *work)
{
	struct wipe_report report = {0};
	enum account_result result;

	account_cache_clear(work->cache);
	result = account_remove_all(work, &report);
	return result == ACCOUNT_OK ? ACCOUNT_GONE : result;
}

static enum account_result create_run(
    struct account_work *work, const struct create *create, const struct roster *roster)
{
	struct blob_name name = {.count = 0};
	enum account_result result;
	struct account_key key;

	result = MUTATION(CREATE_DESPITE_WIPE) ? ACCOUNT_ABSENT : account_wipe_read(work); /* C1 */
	if (result != ACCOUNT_ABSENT)
		return result == ACCOUNT_OK ? ACCOUNT_GONE : result;
	result = account_manifest_read(work); /* C2 */
	if (result == ACCOUNT_GONE && MUTATION(CREATE_DESPITE_WIPE))
		result = ACCOUNT_ABSENT;
	if (result != ACCOUNT_ABSENT)
		return result;
	blob_hash(create->roster, &name.hash); /* C3 */
	account_key_blob(work, &name, &key);
	result = account_object_put(work, &key, create->roster);
	if (result != ACCOUNT_OK)
		return result;
	create_manifest(work, roster, &name);
	result = create_put(work);
	if (result == ACCOUNT_GONE && work->wipe_record.len > 0)
		return create_undo(work);
	if (result == ACCOUNT_OK)
		account_roster_keep(work, create->roster, roster_hash(roster));
	return result;
}

enum account_result account_create(const struct account_env *env, struct account_cache *cache,
    struct view encoded, struct call *call)
{
	struct account_work *work = NULL;
	struct roster *roster = calloc(1, sizeof(*roster));
	enum account_result result = ACCOUNT_FAILED;
	struct create create;

	if (roster == NULL) {
		call_sayf(call, "no memory");
		goto done;
	}
	result = account_from_format(
	    create_decode(encoded, &create, roster), ACCOUNT_REFUSED, "the create request", call);
	if (result != ACCOUNT_OK)
		goto done;
	result = account_work_open(env, cache, &create.account, call, &work);
	if (result != ACCOUNT_OK)
		goto done;
	result = create_run(work, &create, roster);
done:
	account_work_free(work);
	free(roster);
	return result;
}
