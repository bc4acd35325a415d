/*
 * gateway/bucket/bucket.c: the front of every bucket: checks arguments once, so that drivers stay
 * thin, and hands the call to the driver. Keys and tags may come from outside: what is wrong with
 * them is a result, never an assert.
 */
#include "gateway/bucket/bucket.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *bucket_result_text(enum bucket_result result)
{
	switch (result) {
	case BUCKET_OK: return "ok";
	case BUCKET_UNCHANGED: return "unchanged";
	case BUCKET_ABSENT: return "absent";
	case BUCKET_CONFLICT: return "conflict";
	case BUCKET_RETRY: return "retry";
	case BUCKET_UNKNOWN: return "unknown";
	case BUCKET_REFUSED: return "refused";
	}
	return "?";
}

static bool printable(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

/* Leading, doubled and trailing slashes are empty parts. "." and ".." fall with all other dots. */
static bool key_ok(const char *key)
{
	bool part_begins = true;

	if (!printable(key, BUCKET_KEY_MAX))
		return false;
	for (size_t i = 0; key[i] != '\0'; i++) {
		if (part_begins && (key[i] == '/' || key[i] == '.'))
			return false;
		part_begins = key[i] == '/';
	}
	return !part_begins;
}

static enum bucket_result refuse_key(struct call *call)
{
	call_sayf(call,
	    "not a key: 1 to %u printable ASCII bytes, no part empty or beginning with "
	    "a dot",
	    BUCKET_KEY_MAX);
	return BUCKET_REFUSED;
}

/* OK, or what bucket_put answers without asking the driver. */
static enum bucket_result put_check(const struct bucket_put *put, struct call *call)
{
	assert(put->data.data != NULL || put->data.len == 0);
	if (!key_ok(put->key))
		return refuse_key(call);
	if (put->data.len > BUCKET_OBJECT_MAX) {
		call_sayf(call, "an object of %zu bytes is over the maximum of %u", put->data.len,
		    BUCKET_OBJECT_MAX);
		return BUCKET_REFUSED;
	}
	/* Such a tag (from a damaged cache, say) is no object's: the condition does not hold. */
	if (put->cond == BUCKET_IF_TAG &&
	    (put->tag.text[0] == '\0' || !printable(put->tag.text, BUCKET_TAG_MAX))) {
		call_sayf(call, "not a tag that any object has");
		return BUCKET_CONFLICT;
	}
	return BUCKET_OK;
}

enum bucket_result bucket_put(struct bucket *bucket, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out)
{
	enum bucket_result result;

	assert(bucket != NULL && put != NULL && call != NULL && tag_out != NULL);
	result = put_check(put, call);
	return result == BUCKET_OK ? bucket->ops->put(bucket->self, put, call, tag_out) : result;
}

bool bucket_race(struct bucket *bucket, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	assert(bucket != NULL && puts != NULL && calls != NULL && results_out != NULL);
	assert(count > 0 && count <= BUCKET_RACE_MAX);
	if (bucket->ops->race == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		if (put_check(&puts[i], &calls[i]) != BUCKET_OK)
			return false;
	return bucket->ops->race(bucket->self, puts, count, calls, results_out);
}

enum bucket_result bucket_get(struct bucket *bucket, const struct bucket_get *get,
    struct call *call, struct bytes *out, struct bucket_tag *tag_out)
{
	struct bucket_get plain;

	assert(bucket != NULL && get != NULL && call != NULL && out != NULL && tag_out != NULL);
	if (!key_ok(get->key))
		return refuse_key(call);
	plain = *get;
	if (!printable(get->unless.text, BUCKET_TAG_MAX))
		plain.unless = (struct bucket_tag){0};
	return bucket->ops->get(bucket->self, &plain, call, out, tag_out);
}

enum bucket_result bucket_remove(struct bucket *bucket, const char *key, struct call *call)
{
	assert(bucket != NULL && key != NULL && call != NULL);
	if (!key_ok(key))
		return refuse_key(call);
	return bucket->ops->remove(bucket->self, key, call);
}

enum bucket_result bucket_remove_many(
    struct bucket *bucket, const char *const *keys, size_t count, struct call *call)
{
	assert(bucket != NULL && call != NULL && (keys != NULL || count == 0));
	if (count > BUCKET_PAGE_MAX) {
		call_sayf(call, "%zu keys in one call are over the maximum of %u", count,
		    BUCKET_PAGE_MAX);
		return BUCKET_REFUSED;
	}
	for (size_t i = 0; i < count; i++)
		if (!key_ok(keys[i]))
			return refuse_key(call);
	if (count == 0)
		return BUCKET_OK;
	return bucket->ops->remove_many(bucket->self, keys, count, call);
}

enum bucket_result bucket_list(struct bucket *bucket, const char *prefix, const char *after,
    struct call *call, struct bucket_page *out)
{
	assert(bucket != NULL && prefix != NULL && after != NULL && call != NULL && out != NULL);
	if (!printable(prefix, BUCKET_KEY_MAX) || !printable(after, BUCKET_KEY_MAX)) {
		call_sayf(call, "a prefix and a start hold up to %u printable ASCII bytes",
		    BUCKET_KEY_MAX);
		return BUCKET_REFUSED;
	}
	return bucket->ops->list(bucket->self, prefix, after, call, out);
}

enum bucket_result bucket_purge_hidden(
    struct bucket *bucket, const char *prefix, struct call *call, uint64_t *removed)
{
	assert(bucket != NULL && prefix != NULL && call != NULL && removed != NULL);
	if (!printable(prefix, BUCKET_KEY_MAX)) {
		call_sayf(call, "a prefix holds up to %u printable ASCII bytes", BUCKET_KEY_MAX);
		return BUCKET_REFUSED;
	}
	if (bucket->ops->purge_hidden == NULL)
		return BUCKET_OK;
	return bucket->ops->purge_hidden(bucket->self, prefix, call, removed);
}

bool bucket_denied(const struct bucket *bucket)
{
	assert(bucket != NULL);
	return bucket->ops->denied != NULL && bucket->ops->denied(bucket->self);
}

void bucket_close(struct bucket *bucket)
{
	if (bucket == NULL)
		return;
	bucket->ops->close(bucket->self);
	free(bucket);
}

struct bucket *bucket_new(const struct bucket_ops *ops, void *self)
{
	struct bucket *bucket = malloc(sizeof(*bucket));

	if (bucket == NULL) {
		ops->close(self);
		return NULL;
	}
	*bucket = (struct bucket){ops, self};
	return bucket;
}
