/*
 * gateway/bucket/bucket_retry.c: waits and tries again. Jitter keeps many gateways that were
 * refused together from coming back together.
 */
#include "gateway/bucket/bucket_retry.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#define SPREAD_MAX_MS 1000 /* beyond a Retry-After */

struct retry {
	struct bucket *inner;
	struct bucket_retry_rules rules;
};

static void system_wait(void *self, int64_t ms)
{
	struct timespec left = {
	    .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	(void)self;
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

static void system_fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

void bucket_retry_usual(const struct clock *clock, struct bucket_retry_rules *out)
{
	*out = (struct bucket_retry_rules){.tries = 5,
	    .first_ms = 50,
	    .most_ms = 2000,
	    .clock = *clock,
	    .random = {NULL, system_fill},
	    .wait = system_wait};
}

/* From 0 to most, evenly enough for jitter. */
static int64_t some_of(const struct retry *retry, int64_t most)
{
	uint32_t random;

	random_fill(&retry->rules.random, &random, sizeof(random));
	return (int64_t)(random % (uint64_t)(most + 1));
}

static int64_t wait_ms(const struct retry *retry, unsigned tried, const struct call *call)
{
	int64_t wait = retry->rules.first_ms;
	int64_t asked = call->retry_after_ms;
	int64_t spread = asked / 4 < SPREAD_MAX_MS ? asked / 4 : SPREAD_MAX_MS;

	for (unsigned i = 1; i < tried && wait < retry->rules.most_ms; i++)
		wait *= 2;
	if (wait > retry->rules.most_ms)
		wait = retry->rules.most_ms;
	wait = wait / 2 + some_of(retry, wait - wait / 2);
	return asked > 0 && asked > wait ? asked + some_of(retry, spread) : wait;
}

/* True: it has waited, and the call is to be made again. *tried counts the calls made. */
static bool again(
    const struct retry *retry, enum bucket_result result, unsigned *tried, struct call *call)
{
	int64_t wait;

	++*tried;
	if (result != BUCKET_RETRY || *tried >= retry->rules.tries)
		return false;
	wait = wait_ms(retry, *tried, call);
	if (clock_monotonic_ms(&retry->rules.clock) + wait >= call->deadline_ms)
		return false;
	retry->rules.wait(retry->rules.self, wait);
	call->retry_after_ms = 0;
	return true;
}

static enum bucket_result retry_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_put(retry->inner, put, call, tag_out);
	} while (again(retry, result, &tried, call));
	return result;
}

static enum bucket_result retry_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_get(retry->inner, get, call, out, tag_out);
	} while (again(retry, result, &tried, call));
	return result;
}

static enum bucket_result retry_remove(void *self, const char *key, struct call *call)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_remove(retry->inner, key, call);
	} while (again(retry, result, &tried, call));
	return result;
}

static enum bucket_result retry_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_remove_many(retry->inner, keys, count, call);
	} while (again(retry, result, &tried, call));
	return result;
}

static enum bucket_result retry_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_list(retry->inner, prefix, after, call, out);
	} while (again(retry, result, &tried, call));
	return result;
}

static enum bucket_result retry_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct retry *retry = self;
	enum bucket_result result;
	unsigned tried = 0;

	do {
		result = bucket_purge_hidden(retry->inner, prefix, call, removed);
	} while (again(retry, result, &tried, call));
	return result;
}

/* A race is to see what the store says, and so nothing of it is repeated. */
static bool retry_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results_out)
{
	struct retry *retry = self;

	return bucket_race(retry->inner, puts, count, calls, results_out);
}

static void retry_close(void *self)
{
	struct retry *retry = self;

	bucket_close(retry->inner);
	free(retry);
}

static bool retry_denied(void *self)
{
	const struct retry *retry = self;

	return bucket_denied(retry->inner);
}

static const struct bucket_ops retry_ops = {
    .put = retry_put,
    .race = retry_race,
    .get = retry_get,
    .remove = retry_remove,
    .remove_many = retry_remove_many,
    .list = retry_list,
    .purge_hidden = retry_purge_hidden,
    .denied = retry_denied,
    .close = retry_close,
};

struct bucket *bucket_retry(struct bucket *inner, const struct bucket_retry_rules *rules)
{
	struct retry *retry = malloc(sizeof(*retry));

	assert(inner != NULL && rules->tries > 0 && rules->first_ms > 0 && rules->wait != NULL);
	if (retry == NULL) {
		bucket_close(inner);
		return NULL;
	}
	*retry = (struct retry){inner, *rules};
	return bucket_new(&retry_ops, retry);
}
