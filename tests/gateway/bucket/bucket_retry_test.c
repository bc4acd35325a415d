/*
 * tests/gateway/bucket/bucket_retry_test.c: what is tried again, how often, and after which wait.
 * The inner bucket answers as told; waiting moves a clock and takes no time.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/bucket/bucket_retry.h"
#include "tests/gateway/bucket/bucket_memory.h"

#define WAITS_MAX 100u

static struct told {
	enum bucket_result results[8]; /* the last one stays */
	int64_t retry_after_ms;
	size_t rests; /* so many answers ask for that; 0: all */
	size_t calls;
	int64_t now_ms;
	int64_t waits[WAITS_MAX];
	size_t wait_count;
	uint8_t random;
	uint32_t draw; /* not 0: what is drawn instead */
	bool denied;
} told;

static enum bucket_result answer(struct call *call)
{
	size_t at = told.calls < COUNT_OF(told.results) ? told.calls : COUNT_OF(told.results) - 1;

	told.calls++;
	if (told.rests == 0 || told.calls <= told.rests)
		call->retry_after_ms = told.retry_after_ms;
	call_sayf(call, "told");
	return told.results[at];
}

static enum bucket_result told_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	(void)self;
	(void)put;
	(void)tag_out;
	return answer(call);
}

static enum bucket_result told_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	(void)self;
	(void)get;
	(void)out;
	(void)tag_out;
	return answer(call);
}

static enum bucket_result told_remove(void *self, const char *key, struct call *call)
{
	(void)self;
	(void)key;
	return answer(call);
}

static enum bucket_result told_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	(void)self;
	(void)keys;
	(void)count;
	return answer(call);
}

static enum bucket_result told_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	(void)self;
	(void)prefix;
	(void)after;
	(void)out;
	return answer(call);
}

static enum bucket_result told_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	(void)self;
	(void)prefix;
	(void)removed;
	return answer(call);
}

static bool told_race(void *self, const struct bucket_put *puts, size_t count, struct call *calls,
    enum bucket_result *results_out)
{
	(void)self;
	(void)puts;
	for (size_t i = 0; i < count; i++)
		results_out[i] = answer(&calls[i]);
	return count == 2;
}

static bool told_denied(void *self)
{
	(void)self;
	return told.denied;
}

static void told_close(void *self)
{
	(void)self;
}

static const struct bucket_ops told_ops = {
    .put = told_put,
    .get = told_get,
    .remove = told_remove,
    .remove_many = told_remove_many,
    .list = told_list,
    .purge_hidden = told_purge_hidden,
    .race = told_race,
    .denied = told_denied,
    .close = told_close,
};

/* Far from the other: who takes one for the other is seen. */
static int64_t wall(void *self)
{
	(void)self;
	return INT64_C(1700000000000);
}

static int64_t now(void *self)
{
	(void)self;
	return told.now_ms;
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, told.random, len);
	if (told.draw != 0 && len == sizeof(told.draw))
		memcpy(out, &told.draw, len);
}

static void wait(void *self, int64_t ms)
{
	(void)self;
	told.now_ms += ms;
	if (told.wait_count < WAITS_MAX)
		told.waits[told.wait_count] = ms;
	told.wait_count++;
}

static struct bucket *open_tries(const struct told *as, unsigned tries)
{
	const struct bucket_retry_rules rules = {.tries = tries,
	    .first_ms = 100,
	    .most_ms = 400,
	    .clock = {NULL, wall, now},
	    .random = {NULL, fill},
	    .wait = wait};
	struct bucket *bucket = bucket_new(&told_ops, NULL);

	told = *as;
	assert_non_null(bucket);
	bucket = bucket_retry(bucket, &rules);
	assert_non_null(bucket);
	return bucket;
}

static struct bucket *open_told(const struct told *as)
{
	return open_tries(as, 5);
}

static enum bucket_result call_put(struct bucket *bucket, struct call *call)
{
	struct bucket_put put = {.key = "k"};
	struct bucket_tag tag;

	return bucket_put(bucket, &put, call, &tag);
}

static enum bucket_result call_get(struct bucket *bucket, struct call *call)
{
	struct bucket_get get = {.key = "k"};
	struct bucket_tag tag;
	struct bytes data = {0};

	return bucket_get(bucket, &get, call, &data, &tag);
}

static enum bucket_result call_remove(struct bucket *bucket, struct call *call)
{
	return bucket_remove(bucket, "k", call);
}

static enum bucket_result call_remove_many(struct bucket *bucket, struct call *call)
{
	static const char *const keys[] = {"k"};

	return bucket_remove_many(bucket, keys, 1, call);
}

static enum bucket_result call_list(struct bucket *bucket, struct call *call)
{
	struct bucket_page page = {0};

	return bucket_list(bucket, "", "", call, &page);
}

static enum bucket_result call_purge(struct bucket *bucket, struct call *call)
{
	uint64_t removed = 0;

	return bucket_purge_hidden(bucket, "", call, &removed);
}

static enum bucket_result (*const calls[])(struct bucket *, struct call *) = {
    call_put, call_get, call_remove, call_remove_many, call_list, call_purge};

/* Whatever the call: what was not done is tried again, and nothing else is. */
static void only_retry_is_retried(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++)
		for (int result = BUCKET_OK; result <= BUCKET_REFUSED; result++) {
			struct told as = {.results = {BUCKET_RETRY, BUCKET_RETRY,
					      (enum bucket_result)result, BUCKET_REFUSED}};
			struct bucket *bucket = open_told(&as);
			struct call call;

			call_init(&call, 1000000);
			assert_int_equal(calls[i](bucket, &call),
			    result == BUCKET_RETRY ? BUCKET_REFUSED : result);
			assert_int_equal(told.calls, result == BUCKET_RETRY ? 4 : 3);
			assert_int_equal(told.wait_count, told.calls - 1);
			bucket_close(bucket);
		}
}

static void an_end_to_trying(void **state)
{
	struct told as = {.results = {BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY,
			      BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY}};
	struct bucket *bucket = open_told(&as);
	struct call call;

	(void)state;
	call_init(&call, 1000000);
	assert_int_equal(call_get(bucket, &call), BUCKET_RETRY);
	assert_int_equal(told.calls, 5);
	assert_string_equal(call.message, "told");
	bucket_close(bucket);
}

/* Doubling, with half of each wait left to chance. */
static void waits_grow(void **state)
{
	static const int64_t least[] = {50, 100, 200, 200};
	static const int64_t most[] = {100, 200, 400, 400};

	(void)state;
	for (unsigned random = 0; random < 256; random++) {
		struct told as = {
		    .results = {BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_OK},
		    .random = (uint8_t)random};
		struct bucket *bucket = open_told(&as);
		struct call call;

		call_init(&call, 1000000);
		assert_int_equal(call_get(bucket, &call), BUCKET_OK);
		assert_int_equal(told.wait_count, COUNT_OF(least));
		for (size_t i = 0; i < COUNT_OF(least); i++)
			assert_in_range(told.waits[i], least[i], most[i]);
		bucket_close(bucket);
	}
}

static void retry_after_is_honoured(void **state)
{
	(void)state;
	for (unsigned random = 0; random < 256; random++) {
		struct told as = {.results = {BUCKET_RETRY, BUCKET_OK},
		    .retry_after_ms = 7000,
		    .random = (uint8_t)random};
		struct bucket *bucket = open_told(&as);
		struct call call;

		call_init(&call, 1000000);
		assert_int_equal(call_get(bucket, &call), BUCKET_OK);
		assert_in_range(told.waits[0], 7000, 8000);
		bucket_close(bucket);
	}
}

static void the_deadline_stands(void **state)
{
	struct told as = {.results = {BUCKET_RETRY, BUCKET_OK}, .retry_after_ms = 7000};
	struct bucket *bucket = open_told(&as);
	struct call call;

	(void)state;
	call_init(&call, 6999);
	assert_int_equal(call_get(bucket, &call), BUCKET_RETRY);
	assert_int_equal(told.wait_count, 0);
	assert_int_equal(call.retry_after_ms, 7000); /* for whoever asks the caller */
	bucket_close(bucket);
}

/* Each wait to the millisecond: what is drawn decides between half of it and all. */
static void waits_are_as_drawn(void **state)
{
	static const struct {
		uint32_t draw;
		int64_t asked_ms; /* by the first answer alone */
		int64_t waits[4];
	} rows[] = {
	    {101 * 201 * 51, 0, {50, 100, 200, 200}},      /* a multiple of each range: the least */
	    {101 * 201 * 51 - 1, 0, {100, 200, 400, 400}}, /* the most */
	    {101 * 201 * 51 + 7, 0, {57, 107, 207, 207}},
	    {50, 49, {100, 150, 250, 250}},  /* asked for less than we would wait */
	    {50, 100, {100, 150, 250, 250}}, /* for as much */
	    {25, 101, {101 + 25, 125, 225, 225}},
	    {26, 101, {101 + 0, 126, 226, 226}}, /* a quarter more, at most */
	    {1000, 4000, {5000, 191, 396, 396}}, /* and no more than a second */
	    {1000, 8000, {9000, 191, 396, 396}},
	    {1001, 8000, {8000, 192, 397, 397}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct told as = {
		    .results = {BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_OK},
		    .draw = rows[i].draw,
		    .retry_after_ms = rows[i].asked_ms,
		    .rests = 1};
		struct bucket *bucket = open_told(&as);
		struct call call;

		call_init(&call, 1000000);
		assert_int_equal(call_get(bucket, &call), BUCKET_OK);
		assert_int_equal(told.wait_count, COUNT_OF(rows[i].waits));
		for (size_t w = 0; w < COUNT_OF(rows[i].waits); w++)
			if (told.waits[w] != rows[i].waits[w])
				fail_msg("row %zu, wait %zu: %d ms", i, w, (int)told.waits[w]);
		assert_int_equal(call.retry_after_ms, 0); /* what was asked for was given */
		bucket_close(bucket);
	}
}

/* However often: the longest wait stays what it is. */
static void waits_stop_growing(void **state)
{
	struct told as = {.results = {BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY,
			      BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY}};
	struct bucket *bucket = open_tries(&as, WAITS_MAX + 1);
	struct call call;

	(void)state;
	call_init(&call, 1000000);
	assert_int_equal(call_get(bucket, &call), BUCKET_RETRY);
	assert_int_equal(told.wait_count, WAITS_MAX);
	for (size_t i = 2; i < WAITS_MAX; i++)
		assert_int_equal(told.waits[i], 200);
	bucket_close(bucket);
}

/* A wait that ends at the deadline, and no sooner, is of no use. */
static void the_deadline_to_the_millisecond(void **state)
{
	(void)state;
	for (int64_t deadline_ms = 6999; deadline_ms <= 7001; deadline_ms++) {
		struct told as = {.results = {BUCKET_RETRY, BUCKET_OK}, .retry_after_ms = 6900};
		struct bucket *bucket = open_told(&as);
		struct call call;

		told.now_ms = 100;
		call_init(&call, deadline_ms);
		assert_int_equal(
		    call_get(bucket, &call), deadline_ms > 7000 ? BUCKET_OK : BUCKET_RETRY);
		assert_int_equal(told.wait_count, deadline_ms > 7000);
		bucket_close(bucket);
	}
}

/* A race is what the store says of it, and so nothing of it is sent again. */
static void a_race_passes_once(void **state)
{
	struct told as = {.results = {BUCKET_RETRY, BUCKET_OK, BUCKET_CONFLICT}};
	struct bucket_put puts[] = {{.key = "k"}, {.key = "k"}};
	enum bucket_result results[COUNT_OF(puts)];
	struct call calls_of[COUNT_OF(puts)];
	struct bucket *bucket = open_told(&as);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(puts); i++)
		call_init(&calls_of[i], 1000000);
	assert_true(bucket_race(bucket, puts, COUNT_OF(puts), calls_of, results));
	assert_int_equal(results[0], BUCKET_RETRY);
	assert_int_equal(results[1], BUCKET_OK);
	assert_int_equal(told.calls, 2);
	assert_int_equal(told.wait_count, 0);
	assert_false(bucket_race(bucket, puts, 1, calls_of, results)); /* the inner one cannot */
	bucket_close(bucket);
}

static void denied_is_asked_of_the_store(void **state)
{
	(void)state;
	for (int denied = 0; denied < 2; denied++) {
		struct told as = {.denied = denied};
		struct bucket *bucket = open_told(&as);

		assert_int_equal(bucket_denied(bucket), denied);
		bucket_close(bucket);
	}
}

/* ---- the system's wait, by a sleep of the test's own ---- */

static struct {
	struct timespec asked[3];
	size_t count;
	size_t interrupts; /* so many of them end early, with half of it left */
	int error;
} sleeps;

/* NOLINTBEGIN(bugprone-reserved-identifier) */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
/* NOLINTEND(bugprone-reserved-identifier) */

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	if (sleeps.count < COUNT_OF(sleeps.asked))
		sleeps.asked[sleeps.count] = *pause;
	if (sleeps.count++ >= sleeps.interrupts)
		return 0;
	*left = (struct timespec){pause->tv_sec / 2, pause->tv_nsec / 2};
	errno = sleeps.error;
	return -1;
}

static void the_usual_rules(void **state)
{
	struct bucket_retry_rules rules;
	uint8_t random[2][32] = {{0}};

	(void)state;
	bucket_retry_usual(&suite_clock, &rules);
	assert_int_equal(rules.tries, 5);
	assert_int_equal(rules.first_ms, 50);
	assert_int_equal(rules.most_ms, 2000);
	assert_ptr_equal(rules.clock.monotonic_ms, suite_clock.monotonic_ms);
	for (size_t i = 0; i < 2; i++)
		random_fill(&rules.random, random[i], sizeof(random[i]));
	assert_memory_not_equal(random[0], random[1], sizeof(random[0]));
	memset(&sleeps, 0, sizeof(sleeps));
	sleeps.interrupts = 1;
	sleeps.error = EINTR;
	rules.wait(rules.self, 4200);
	assert_int_equal(sleeps.count, 2); /* a signal does not shorten it */
	assert_int_equal(sleeps.asked[0].tv_sec, 4);
	assert_int_equal(sleeps.asked[0].tv_nsec, 200000000);
	assert_int_equal(sleeps.asked[1].tv_sec, 2);
	assert_int_equal(sleeps.asked[1].tv_nsec, 100000000);
	memset(&sleeps, 0, sizeof(sleeps));
	sleeps.interrupts = 1;
	sleeps.error = EINVAL;
	rules.wait(rules.self, 999);
	assert_int_equal(sleeps.count, 1); /* what cannot be slept is not tried for ever */
	assert_int_equal(sleeps.asked[0].tv_sec, 0);
	assert_int_equal(sleeps.asked[0].tv_nsec, 999000000);
}

/* As bucket_open_counted has them: what is tried again was sent again. */
static void each_try_counts_as_a_request(void **state)
{
	static const struct bucket_retry_rules rules = {.tries = 5,
	    .first_ms = 100,
	    .most_ms = 400,
	    .clock = {NULL, wall, now},
	    .random = {NULL, fill},
	    .wait = wait};
	struct bucket_counts counts = {0}, copy;
	struct bucket *bucket = bucket_new(&told_ops, NULL);
	struct call call;

	(void)state;
	told = (struct told){.results = {BUCKET_RETRY, BUCKET_RETRY, BUCKET_OK}};
	assert_non_null(bucket);
	bucket = bucket_count(bucket, &counts);
	assert_non_null(bucket);
	bucket = bucket_retry(bucket, &rules);
	assert_non_null(bucket);
	call_init(&call, 1000000);
	assert_int_equal(call_put(bucket, &call), BUCKET_OK);
	bucket_counted(&counts, &copy);
	assert_int_equal(copy.put, 3);
	assert_int_equal(copy.get + copy.list + copy.remove, 0);
	bucket_close(bucket);
}

/* The least that a wrapper owes: what it passes on is not changed. */
static struct memory_store *store;

static int open_memory(void **state)
{
	struct bucket_retry_rules rules;
	struct bucket *inner;

	store = memory_store_new();
	inner = store == NULL ? NULL : bucket_memory(store, NULL);
	if (inner == NULL)
		return 1;
	bucket_retry_usual(&suite_clock, &rules);
	*state = bucket_retry(inner, &rules);
	return *state == NULL;
}

static int close_memory(void **state)
{
	bucket_close(*state);
	memory_store_free(store);
	return 0;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_retry_is_retried),
    cmocka_unit_test(an_end_to_trying),
    cmocka_unit_test(waits_grow),
    cmocka_unit_test(retry_after_is_honoured),
    cmocka_unit_test(the_deadline_stands),
    cmocka_unit_test(each_try_counts_as_a_request),
    cmocka_unit_test(waits_are_as_drawn),
    cmocka_unit_test(waits_stop_growing),
    cmocka_unit_test(the_deadline_to_the_millisecond),
    cmocka_unit_test(a_race_passes_once),
    cmocka_unit_test(denied_is_asked_of_the_store),
    cmocka_unit_test(the_usual_rules),
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_memory, close_memory),
    cmocka_unit_test_setup_teardown(suite_probe_passes, open_memory, close_memory),
};

TEST_MAIN(tests)
