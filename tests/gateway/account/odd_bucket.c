/*
 * tests/gateway/account/odd_bucket.c: a bucket that refuses for good what a fixture says, as a
 * store does whose disk is full, or that has no right for us; and whose listings are as odd as a
 * store's may be. All else it hands on.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

struct odd {
	struct oddities *oddities;
	struct bucket *inner;
};

/* Where to hand it on; NULL: it is refused, and the call says so. */
static struct bucket *admit(void *self, enum memory_op op, const char *key, struct call *call)
{
	const struct odd *odd = self;
	struct refusal *refusal = &odd->oddities->refusal;

	if (!refusal->armed || op != refusal->op || strstr(key, refusal->part) == NULL)
		return odd->inner;
	if (refusal->skip > 0) {
		refusal->skip--;
		return odd->inner;
	}
	refusal->armed = false;
	call_sayf(call, "the disk is full");
	return NULL;
}

static enum bucket_result refused(const void *self)
{
	const struct odd *odd = self;

	return odd->oddities->refusal.result;
}

static enum bucket_result odd_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct bucket *inner = admit(self, MEMORY_PUT, put->key, call);

	return inner == NULL ? refused(self) : bucket_put(inner, put, call, tag_out);
}

static enum bucket_result odd_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct bucket *inner = admit(self, MEMORY_GET, get->key, call);

	return inner == NULL ? refused(self) : bucket_get(inner, get, call, out, tag_out);
}

static enum bucket_result odd_remove(void *self, const char *key, struct call *call)
{
	struct bucket *inner = admit(self, MEMORY_REMOVE, key, call);

	return inner == NULL ? refused(self) : bucket_remove(inner, key, call);
}

static enum bucket_result odd_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct bucket *inner = admit(self, MEMORY_REMOVE, keys[0], call);

	return inner == NULL ? refused(self) : bucket_remove_many(inner, keys, count, call);
}

static enum bucket_result odd_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	const struct odd *odd = self;
	const struct oddities *oddities = odd->oddities;
	struct bucket *inner = admit(self, MEMORY_LIST, prefix, call);
	enum bucket_result result =
	    inner == NULL ? refused(self) : bucket_list(inner, prefix, after, call, out);

	if (result != BUCKET_OK)
		return result;
	if (oddities->page_max > 0 && out->count > oddities->page_max) {
		memset(&out->items[oddities->page_max], 0,
		    (out->count - oddities->page_max) * sizeof(out->items[0]));
		out->count = oddities->page_max;
		out->more = true;
	}
	out->more = out->more || oddities->says_more;
	if (out->count == 0) { /* what is empty need not be there */
		free(out->items);
		out->items = NULL;
	}
	return BUCKET_OK;
}

static enum bucket_result odd_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct bucket *inner = admit(self, MEMORY_LIST, prefix, call);

	return inner == NULL ? refused(self) : bucket_purge_hidden(inner, prefix, call, removed);
}

static void odd_close(void *self)
{
	struct odd *odd = self;

	bucket_close(odd->inner);
	free(odd);
}

struct bucket *odd_bucket(struct bucket *inner, struct oddities *oddities)
{
	static const struct bucket_ops ops = {
	    .put = odd_put,
	    .get = odd_get,
	    .remove = odd_remove,
	    .remove_many = odd_remove_many,
	    .list = odd_list,
	    .purge_hidden = odd_purge_hidden,
	    .close = odd_close,
	};
	struct odd *odd = calloc(1, sizeof(*odd));

	assert_non_null(inner);
	assert_non_null(odd);
	*odd = (struct odd){oddities, inner};
	return bucket_new(&ops, odd);
}
