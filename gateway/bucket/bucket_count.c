/*
 * gateway/bucket/bucket_count.c: a bucket that counts the calls it passes on, and their object
 * bytes. A put's bytes count whatever its result: they were sent. A purge of hidden things counts
 * as a list, where the inner bucket has such things at all. It belongs next to a driver, inside
 * whatever tries again. What a driver sends more for one call (a HEAD after a doubtful 412, the
 * pages of a long listing) is not seen here.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "gateway/bucket/bucket.h"

struct counter {
	struct bucket *inner;
	struct bucket_counts *counts;
};

/* Guards all counts: they are plain numbers, held for two additions beside a request. */
static pthread_mutex_t counts_mutex = PTHREAD_MUTEX_INITIALIZER;

static void count_add(uint64_t *count, uint64_t *bytes, size_t len)
{
	(void)pthread_mutex_lock(&counts_mutex);
	*count += 1;
	*bytes += len;
	(void)pthread_mutex_unlock(&counts_mutex);
}

static enum bucket_result count_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct counter *counter = self;

	count_add(&counter->counts->put, &counter->counts->bytes_up, put->data.len);
	return bucket_put(counter->inner, put, call, tag_out);
}

static enum bucket_result count_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct counter *counter = self;
	enum bucket_result result = bucket_get(counter->inner, get, call, out, tag_out);

	count_add(&counter->counts->get, &counter->counts->bytes_down,
	    result == BUCKET_OK ? out->len : 0);
	return result;
}

static enum bucket_result count_remove(void *self, const char *key, struct call *call)
{
	struct counter *counter = self;

	count_add(&counter->counts->remove, &counter->counts->bytes_up, 0);
	return bucket_remove(counter->inner, key, call);
}

static enum bucket_result count_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct counter *counter = self;

	count_add(&counter->counts->remove, &counter->counts->bytes_up, 0);
	return bucket_remove_many(counter->inner, keys, count, call);
}

static enum bucket_result count_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct counter *counter = self;

	count_add(&counter->counts->list, &counter->counts->bytes_down, 0);
	return bucket_list(counter->inner, prefix, after, call, out);
}

static enum bucket_result count_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct counter *counter = self;

	if (counter->inner->ops->purge_hidden != NULL)
		count_add(&counter->counts->list, &counter->counts->bytes_down, 0);
	return bucket_purge_hidden(counter->inner, prefix, call, removed);
}

/* Counted after the fact: only then is it known that anything was sent. */
static bool count_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results_out)
{
	struct counter *counter = self;

	if (!bucket_race(counter->inner, puts, count, calls, results_out))
		return false;
	for (size_t i = 0; i < count; i++)
		count_add(&counter->counts->put, &counter->counts->bytes_up, puts[i].data.len);
	return true;
}

static void count_close(void *self)
{
	struct counter *counter = self;

	bucket_close(counter->inner);
	free(counter);
}

static bool count_denied(void *self)
{
	const struct counter *counter = self;

	return bucket_denied(counter->inner);
}

static const struct bucket_ops count_ops = {
    .put = count_put,
    .get = count_get,
    .remove = count_remove,
    .remove_many = count_remove_many,
    .list = count_list,
    .purge_hidden = count_purge_hidden,
    .denied = count_denied,
    .race = count_race,
    .close = count_close,
};

struct bucket *bucket_count(struct bucket *inner, struct bucket_counts *counts)
{
	struct counter *counter = malloc(sizeof(*counter));

	assert(inner != NULL && counts != NULL);
	if (counter == NULL) {
		bucket_close(inner);
		return NULL;
	}
	counter->inner = inner;
	counter->counts = counts;
	return bucket_new(&count_ops, counter);
}

void bucket_counted(const struct bucket_counts *counts, struct bucket_counts *out)
{
	(void)pthread_mutex_lock(&counts_mutex);
	*out = *counts;
	(void)pthread_mutex_unlock(&counts_mutex);
}
