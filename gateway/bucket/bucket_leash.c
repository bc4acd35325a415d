/*
 * gateway/bucket/bucket_leash.c: cuts calls short for work in the background. Nothing was sent of a
 * call that is not let begin, so BUCKET_RETRY is what it is; what an earlier one did stands.
 */
#include "gateway/bucket/bucket_leash.h"

#include <assert.h>
#include <stdlib.h>

struct leash {
	struct bucket *inner;
	struct bucket_leash_rules rules;
};

/* False: let go. *brief_out is the call for inner; what it says comes back by leash_end. */
static bool leash_begin(const struct leash *leash, struct call *call, struct call *brief_out)
{
	int64_t until_ms = clock_monotonic_ms(&leash->rules.clock) + leash->rules.each_ms;

	if (leash->rules.let_go(leash->rules.self)) {
		call_sayf(call, "the work gave way to other work");
		return false;
	}
	*brief_out = *call;
	if (until_ms < brief_out->deadline_ms)
		brief_out->deadline_ms = until_ms;
	return true;
}

static enum bucket_result leash_end(
    enum bucket_result result, const struct call *brief, struct call *call)
{
	int64_t deadline_ms = call->deadline_ms;

	*call = *brief;
	call->deadline_ms = deadline_ms;
	return result;
}

static enum bucket_result leash_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_put(leash->inner, put, &brief, tag_out), &brief, call);
}

static enum bucket_result leash_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_get(leash->inner, get, &brief, out, tag_out), &brief, call);
}

static enum bucket_result leash_remove(void *self, const char *key, struct call *call)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_remove(leash->inner, key, &brief), &brief, call);
}

static enum bucket_result leash_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_remove_many(leash->inner, keys, count, &brief), &brief, call);
}

static enum bucket_result leash_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_list(leash->inner, prefix, after, &brief, out), &brief, call);
}

static enum bucket_result leash_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct leash *leash = self;
	struct call brief;

	if (!leash_begin(leash, call, &brief))
		return BUCKET_RETRY;
	return leash_end(bucket_purge_hidden(leash->inner, prefix, &brief, removed), &brief, call);
}

static bool leash_denied(void *self)
{
	const struct leash *leash = self;

	return bucket_denied(leash->inner);
}

static const struct bucket_ops leash_ops = {
    .put = leash_put,
    .get = leash_get,
    .remove = leash_remove,
    .remove_many = leash_remove_many,
    .list = leash_list,
    .purge_hidden = leash_purge_hidden,
    .denied = leash_denied,
    .close = free,
};

struct bucket *bucket_leash(struct bucket *inner, const struct bucket_leash_rules *rules)
{
	struct leash *leash = malloc(sizeof(*leash));

	assert(inner != NULL && rules->each_ms > 0 && rules->let_go != NULL);
	if (leash == NULL)
		return NULL;
	*leash = (struct leash){inner, *rules};
	return bucket_new(&leash_ops, leash);
}
