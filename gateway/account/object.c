/*
 * gateway/account/object.c: keys, and objects named by the hash of their bytes.
 * Such an object may be put twice and by anyone: the bytes are the same. So an uncertain PUT is
 * simply sent again, and a GET checks what it got.
 */
#include "gateway/account/object.h"

#include "gateway/account/cache.h"
#include "gateway/account/result.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* account_work_open has refused a prefix over ACCOUNT_PREFIX_MAX, so every key fits. */
static void key_fits(int len)
{
	assert(len > 0 && (size_t)len <= BUCKET_KEY_MAX);
}

static void account_hex(const struct account_work *work, char out[2 * ACCOUNT_ID_LEN + 1])
{
	hex_encode(view_of(work->account.bytes, ACCOUNT_ID_LEN), out);
}

void account_key_of(const struct account_work *work, const char *what, struct account_key *out)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	account_hex(work, hex);
	key_fits(snprintf(out->text, sizeof(out->text), "%sa/%s/%s", work->env->prefix, hex, what));
}

void account_key_blob(
    const struct account_work *work, const struct blob_name *name, struct account_key *out)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];
	char text[BLOB_NAME_TEXT_MAX];

	account_hex(work, hex);
	blob_name_text(name, text);
	key_fits(
	    snprintf(out->text, sizeof(out->text), "%sa/%s/b/%s", work->env->prefix, hex, text));
}

void account_key_pack(
    const struct account_work *work, const struct manifest_pack *pack, struct account_key *out)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];
	char text[BLOB_NAME_TEXT_MAX];

	account_hex(work, hex);
	blob_name_text(&(struct blob_name){pack->hash, pack->count}, text);
	key_fits(snprintf(out->text, sizeof(out->text), "%sa/%s/p/%" PRIu64 "-%" PRIu64 "-%s",
	    work->env->prefix, hex, pack->from_seq, pack->to_seq, text));
}

void account_key_wipe(const struct account_work *work, struct account_key *out)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	account_hex(work, hex);
	key_fits(snprintf(out->text, sizeof(out->text), "%sw/%s", work->env->prefix, hex));
}

enum account_result account_object_put(
    struct account_work *work, const struct account_key *key, struct view data)
{
	struct bucket_put put = {.key = key->text, .data = data, .cond = BUCKET_ALWAYS};
	enum account_result result = ACCOUNT_RETRY;
	struct bucket_tag tag;

	for (unsigned i = 0; i < ACCOUNT_TRIES && result == ACCOUNT_RETRY; i++) {
		if (account_in_time(work) != ACCOUNT_OK)
			return ACCOUNT_RETRY;
		result = account_from_bucket(bucket_put(work->env->bucket, &put, work->call, &tag));
		if (result == ACCOUNT_RETRY && MUTATION(UNKNOWN_IS_DONE))
			result = ACCOUNT_OK;
	}
	if (result == ACCOUNT_OK) {
		work->cache->put_bytes += data.len;
		work->cache->has_put = true;
	}
	/* A store that calls a plain PUT's key missing has lost the bucket itself. */
	return result == ACCOUNT_ABSENT ? ACCOUNT_FAILED : result;
}

enum account_result account_blob_read(
    struct account_work *work, const struct blob_name *name, struct bytes *out)
{
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	enum account_result result;
	struct bytes bytes = {0};
	struct bucket_tag tag;
	struct digest hash;

	account_key_blob(work, name, &key);
	result = account_from_bucket(bucket_get(work->env->bucket, &get, work->call, &bytes, &tag));
	if (result != ACCOUNT_OK)
		goto done;
	blob_hash(view_bytes(&bytes), &hash);
	if (bytes.len > BLOB_MAX || !digest_equal(&hash, &name->hash)) {
		call_sayf(work->call,
		    "a blob in the bucket is damaged: its bytes are not what its name says");
		result = ACCOUNT_DAMAGED;
		goto done;
	}
	account_cache_see(work->cache, name);
	*out = bytes;
	bytes = (struct bytes){0};
done:
	bytes_clear(&bytes);
	return result;
}

/* The pack's bytes: at hand, or read. */
static enum account_result pack_bytes(
    struct account_work *work, const struct manifest_pack *pack, struct bytes *out)
{
	const struct bytes *at_hand = account_cache_pack(work->cache, &pack->hash);
	struct account_key key;
	struct bucket_get get = {.key = key.text};
	struct bucket_tag tag;

	if (at_hand == NULL) {
		account_key_pack(work, pack, &key);
		return account_from_bucket(
		    bucket_get(work->env->bucket, &get, work->call, out, &tag));
	}
	if (bytes_copy(view_bytes(at_hand), out))
		return ACCOUNT_OK;
	call_sayf(work->call, "no memory");
	return ACCOUNT_FAILED;
}

enum account_result account_pack_read(struct account_work *work, const struct manifest_pack *pack,
    struct bytes *out, struct pack_header *header_out)
{
	struct pack_header header;
	struct bytes bytes = {0};
	struct digest hash;
	enum account_result result = pack_bytes(work, pack, &bytes);

	if (result != ACCOUNT_OK)
		goto done;
	pack_hash(view_bytes(&bytes), &hash);
	result = ACCOUNT_DAMAGED;
	if (!digest_equal(&hash, &pack->hash)) {
		call_sayf(work->call,
		    "a pack in the bucket is damaged: its bytes are not what its name says");
		goto done;
	}
	result = account_from_format(
	    pack_decode(view_bytes(&bytes), &header), ACCOUNT_DAMAGED, "a pack", work->call);
	if (result != ACCOUNT_OK)
		goto done;
	if (!account_equal(&header.account, &work->account) || header.from_seq != pack->from_seq ||
	    header.to_seq != pack->to_seq) {
		call_sayf(work->call, "a pack is another than the manifest names");
		result = ACCOUNT_DAMAGED;
		goto done;
	}
	*header_out = header;
	*out = bytes;
	bytes = (struct bytes){0};
done:
	bytes_clear(&bytes);
	return result;
}
