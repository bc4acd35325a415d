/*
 * gateway/account/commit.c: the manifest, as written: one conditional PUT.
 * The PUT's answer may be lost, late or wrong (a library that replays a request meets its own write
 * as a conflict). So nothing but OK is believed: the manifest is read, and the nonce says whether
 * this very commit stands. It is sent again only over the very tag that it was built on, with the
 * same bytes: of all that were sent, one at most can land.
 */
#include "gateway/account/commit.h"

#include "gateway/account/cache.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/object.h"
#include "gateway/account/result.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <string.h>

/* What is there after an uncertain PUT. OK and *same_out: the old tag still, so send again. */
static enum account_result commit_settle(
    struct account_work *work, const uint8_t nonce[NONCE_LEN], bool *same_out, bool *won_out)
{
	struct bucket_tag before = work->cache->tag;
	enum account_result result = account_manifest_read(work);

	if (result != ACCOUNT_OK)
		return result;
	*same_out = strcmp(before.text, work->cache->tag.text) == 0;
	*won_out = MUTATION(NONCE_REREAD) || memcmp(work->manifest.nonce, nonce, NONCE_LEN) == 0;
	return ACCOUNT_OK;
}

/*
 * The bytes stand under the tag: they are the cache's from now on. FAILED: no memory to read them;
 * who asks again finds its commit in the log.
 */
static enum account_result commit_won(
    struct account_work *work, struct bytes *encoded, const struct bucket_tag *tag)
{
	bool wipe_checked = work->cache->wipe_checked;
	enum account_result result;

	/* A warm commit relies on its condition alone: it never reads w/ (S2). */
	work->cache->wipe_checked = true;
	result = account_manifest_adopt(work, encoded, true, tag);
	/* We made it, and from a checked one. */
	assert(result == ACCOUNT_OK || result == ACCOUNT_FAILED);
	work->cache->wipe_checked = wipe_checked;
	if (result == ACCOUNT_OK)
		account_cache_trim_packs(work->cache, &work->manifest);
	return result;
}

enum account_result account_manifest_commit(struct account_work *work, bool *won_out)
{
	struct manifest *next = &work->next;
	struct account_key key;
	struct bucket_put put = {
	    .key = key.text, .cond = MUTATION(COMMIT_WITHOUT_TAG) ? BUCKET_ALWAYS : BUCKET_IF_TAG};
	struct bucket_tag tag = {{0}};
	struct bytes encoded = {0};
	struct call refusal = *work->call;
	enum account_result result;
	uint8_t nonce[NONCE_LEN];
	bool won = false, same = true;

	next->generation = work->manifest.generation + 1;
	random_fill(work->env->random, nonce, sizeof(nonce));
	memcpy(next->nonce, nonce, sizeof(nonce));
	result = account_from_format(
	    manifest_encode(next, &encoded), ACCOUNT_REFUSED, "the new manifest", work->call);
	account_key_of(work, "manifest", &key);
	put.data = view_bytes(&encoded);
	put.tag = work->cache->tag;
	for (unsigned i = 0; result == ACCOUNT_OK && same && !won; i++) {
		enum bucket_result put_result;

		result = account_in_time(work);
		if (result != ACCOUNT_OK)
			break;
		if (i == ACCOUNT_TRIES) {
			*work->call = refusal;
			call_prefix(work->call, "the bucket does not take the commit");
			result = ACCOUNT_RETRY;
			break;
		}
		put_result = bucket_put(work->env->bucket, &put, work->call, &tag);
		if (put_result == BUCKET_OK) {
			result = commit_won(work, &encoded, &tag);
			won = true;
		} else if (put_result == BUCKET_REFUSED) {
			result = ACCOUNT_FAILED;
		} else {
			refusal = *work->call; /* the read has a word of its own */
			result = commit_settle(work, nonce, &same, &won);
		}
	}
	if (result == ACCOUNT_OK)
		*won_out = won;
	bytes_clear(&encoded);
	return result;
}
