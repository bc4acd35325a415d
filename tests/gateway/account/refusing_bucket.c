/*
 * tests/gateway/account/refusing_bucket.c: a bucket that refuses for good what a fixture says, as a
 * store does whose disk is full, or that has no right for us; all else it hands on.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

struct refusing {
	struct refusal *refusal;
	struct bucket *inner;
};

/* Where to hand it on; NULL: it is refused, and the call says so. */
static struct bucket *admit(void *self, enum memory_op op, const char *key, struct call *call)
{
	const struct refusing *refusing = self;
	struct refusal *refusal = refusing->refusal;

	if (!refusal->armed || op != refusal->op || strstr(key, refusal->part) == NULL)
		return refusing->inner;
	if (refusal->skip > 0) {
		refusal->skip--;
		return refusing->inner;
	}
	refusal->armed = false;
	call_sayf(call, "the disk is full");
	return NULL;
}

static enum bucket_result refusing_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct bucket *inner = admit(self, MEMORY_PUT, put->key, call);

	return inner == NULL ? BUCKET_REFUSED : bucket_put(inner, put, call, tag_out);
}

static enum bucket_result refusing_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct bucket *inner = admit(self, MEMORY_GET, get->key, call);

	return inner == NULL ? BUCKET_REFUSED : bucket_get(inner, get, call, out, tag_out);
}

static enum bucket_result refusing_remove(void *self, const char *key, struct call *call)
{
	struct bucket *inner = admit(self, MEMORY_REMOVE, key, call);

	return inner == NULL ? BUCKET_REFUSED : bucket_remove(inner, key, call);
}

static enum bucket_result refusing_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct bucket *inner = admit(self, MEMORY_REMOVE, keys[0], call);

	return inner == NULL ? BUCKET_REFUSED : bucket_remove_many(inner, keys, count, call);
}

static enum bucket_result refusing_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct bucket *inner = admit(self, MEMORY_LIST, prefix, call);

	return inner == NULL ? BUCKET_REFUSED : bucket_list(inner, prefix, after, call, out);
}

static enum bucket_result refusing_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct bucket *inner = admit(self, MEMORY_LIST, prefix, call);

	return inner == NULL ? BUCKET_REFUSED : bucket_purge_hidden(inner, prefix, call, removed);
}

static void refusing_close(void *self)
{
	struct refusing *refusing = self;

	bucket_close(refusing->inner);
	free(refusing);
}

struct bucket *refusing_bucket(struct bucket *inner, struct refusal *refusal)
{
	static const struct bucket_ops ops = {
	    .put = refusing_put,
	    .get = refusing_get,
	    .remove = refusing_remove,
	    .remove_many = refusing_remove_many,
	    .list = refusing_list,
	    .purge_hidden = refusing_purge_hidden,
	    .close = refusing_close,
	};
	struct refusing *refusing = calloc(1, sizeof(*refusing));

	assert_non_null(inner);
	assert_non_null(refusing);
	*refusing = (struct refusing){refusal, inner};
	return bucket_new(&ops, refusing);
}
