/*
 * tests/gateway/bucket/probe_test.c: the probe finds each promise that a store breaks. Each broken
 * store is the memory driver behind a wrapper that spoils one thing. That sound stores pass is in
 * the suite.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/bucket/bucket_memory.h"

enum flaw {
	IGNORES_CONDITIONS,
	IGNORES_IF_ABSENT,
	IGNORES_TAG,
	CREATES_ON_TAG,
	SAYS_CONFLICT_BUT_STORES,
	REFUSES_EVERY_UPDATE,
	CONSTANT_TAG,
	NOT_ATOMIC_CREATE,
	NOT_ATOMIC_UPDATE,
	LOSES_TO_THE_LAST,
	NOBODY_WINS,
	NEVER_REMOVES,
	NEVER_ANSWERS,
	CHECKS_BEFORE_THE_LAST_BYTE,
};

struct spoiled {
	struct bucket *inner;
	enum flaw flaw;
};

static void nap(void)
{
	struct timespec pause = {.tv_nsec = 5000000};

	(void)nanosleep(&pause, NULL);
}

static bool race_key(const char *key)
{
	return strstr(key, "/create-") != NULL || strstr(key, "/update-") != NULL;
}

static enum bucket_result peek(
    struct spoiled *spoiled, const char *key, struct call *call, struct bucket_tag *tag_out)
{
	struct bucket_get get = {.key = key};
	struct bytes data = {0};
	enum bucket_result result = bucket_get(spoiled->inner, &get, call, &data, tag_out);

	bytes_clear(&data);
	return result;
}

/* Stores whatever the condition, and keeps quiet about it. */
static void overwrite(struct spoiled *spoiled, const struct bucket_put *put, struct call *call)
{
	struct bucket_put always = *put;
	struct bucket_tag tag;

	always.cond = BUCKET_ALWAYS;
	if (bucket_put(spoiled->inner, &always, call, &tag) != BUCKET_OK)
		abort(); /* nothing can be refused here, and asserts do not work in other threads */
}

/* Looks first, stores a while later: right for one writer at a time. */
static enum bucket_result check_then_put(struct spoiled *spoiled, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out)
{
	struct bucket_put always = *put;
	struct bucket_tag tag = {""};
	bool there = peek(spoiled, put->key, call, &tag) == BUCKET_OK;

	if (put->cond == BUCKET_IF_ABSENT ? there : strcmp(tag.text, put->tag.text) != 0)
		return BUCKET_CONFLICT;
	nap();
	always.cond = BUCKET_ALWAYS;
	return bucket_put(spoiled->inner, &always, call, tag_out);
}

static enum bucket_result spoiled_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct spoiled *spoiled = self;
	struct bucket_put always = *put;
	struct bucket_tag tag;
	enum bucket_result result;

	always.cond = BUCKET_ALWAYS;
	switch (spoiled->flaw) {
	case IGNORES_CONDITIONS: return bucket_put(spoiled->inner, &always, call, tag_out);
	case IGNORES_IF_ABSENT:
		return bucket_put(
		    spoiled->inner, put->cond == BUCKET_IF_ABSENT ? &always : put, call, tag_out);
	case IGNORES_TAG:
		if (put->cond != BUCKET_IF_TAG || peek(spoiled, put->key, call, &tag) != BUCKET_OK)
			break;
		return bucket_put(spoiled->inner, &always, call, tag_out);
	case CREATES_ON_TAG:
		if (put->cond != BUCKET_IF_TAG || peek(spoiled, put->key, call, &tag) == BUCKET_OK)
			break;
		overwrite(spoiled, put, call);
		return BUCKET_CONFLICT; /* and does not even say so */
	case SAYS_CONFLICT_BUT_STORES:
		result = bucket_put(spoiled->inner, put, call, tag_out);
		if (result == BUCKET_CONFLICT)
			overwrite(spoiled, put, call);
		return result;
	case REFUSES_EVERY_UPDATE:
		if (put->cond == BUCKET_IF_TAG)
			return BUCKET_CONFLICT;
		break;
	case CONSTANT_TAG:
		result = bucket_put(
		    spoiled->inner, put->cond == BUCKET_IF_TAG ? &always : put, call, &tag);
		if (result == BUCKET_OK)
			*tag_out = (struct bucket_tag){"same"};
		return result;
	case NOT_ATOMIC_CREATE:
		if (put->cond == BUCKET_IF_ABSENT)
			return check_then_put(spoiled, put, call, tag_out);
		break;
	case NOT_ATOMIC_UPDATE:
		if (put->cond == BUCKET_IF_TAG)
			return check_then_put(spoiled, put, call, tag_out);
		break;
	case LOSES_TO_THE_LAST: /* one is told that it won, another's bytes stay */
		result = bucket_put(spoiled->inner, put, call, tag_out);
		if (result == BUCKET_CONFLICT && race_key(put->key)) {
			nap();
			overwrite(spoiled, put, call);
		}
		return result;
	case NOBODY_WINS:
		if (race_key(put->key))
			return BUCKET_CONFLICT;
		break;
	case NEVER_ANSWERS: call_sayf(call, "no route to host"); return BUCKET_RETRY;
	case NEVER_REMOVES:
	case CHECKS_BEFORE_THE_LAST_BYTE: break;
	}
	return bucket_put(spoiled->inner, put, call, tag_out);
}

static enum bucket_result spoiled_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct spoiled *spoiled = self;

	return bucket_get(spoiled->inner, get, call, out, tag_out);
}

static enum bucket_result spoiled_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct spoiled *spoiled = self;

	if (spoiled->flaw == NEVER_REMOVES) {
		call_sayf(call, "access denied");
		return BUCKET_REFUSED;
	}
	return bucket_remove_many(spoiled->inner, keys, count, call);
}

static enum bucket_result spoiled_remove(void *self, const char *key, struct call *call)
{
	return spoiled_remove_many(self, &key, 1, call);
}

static enum bucket_result spoiled_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct spoiled *spoiled = self;

	return bucket_list(spoiled->inner, prefix, after, call, out);
}

/* Right whenever a request comes in one piece; what a gate for threads would not find. */
static bool spoiled_race(void *self, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	struct spoiled *spoiled = self;

	if (spoiled->flaw != CHECKS_BEFORE_THE_LAST_BYTE)
		return false;
	for (size_t i = 0; i < count; i++) {
		overwrite(spoiled, &puts[i], &calls[i]);
		results_out[i] = BUCKET_OK;
	}
	return true;
}

static void spoiled_close(void *self)
{
	struct spoiled *spoiled = self;

	bucket_close(spoiled->inner);
}

static const struct bucket_ops spoiled_ops = {
    .put = spoiled_put,
    .get = spoiled_get,
    .remove = spoiled_remove,
    .remove_many = spoiled_remove_many,
    .list = spoiled_list,
    .race = spoiled_race,
    .close = spoiled_close,
};

static void probe_finds_flaws(void **state)
{
	static const struct {
		enum flaw flaw;
		const char *says;
	} rows[] = {
	    {IGNORES_CONDITIONS, "create-if-absent replaces an object"},
	    {IGNORES_IF_ABSENT, "create-if-absent replaces an object"},
	    {IGNORES_TAG, "update-if-match replaces an object whose tag has changed"},
	    {CREATES_ON_TAG, "update-if-match on a missing key creates it"},
	    {SAYS_CONFLICT_BUT_STORES, "a refused create changes the object"},
	    {REFUSES_EVERY_UPDATE, "update-if-match is refused although"},
	    {CONSTANT_TAG, "tag does not change with its content"},
	    {NOT_ATOMIC_CREATE, "several writers of one race"},
	    {NOT_ATOMIC_UPDATE, "several writers of one race"},
	    {LOSES_TO_THE_LAST, "winner of a race was overwritten"},
	    {NOBODY_WINS, "no winner"},
	    {NEVER_REMOVES, "probing the store: access denied"},
	    {NEVER_ANSWERS, "probing the store: no route to host"},
	    {CHECKS_BEFORE_THE_LAST_BYTE, "several writers of one race"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct memory_store *store = memory_store_new();
		struct spoiled spoiled = {.flaw = rows[i].flaw};
		struct bucket *bucket;
		struct call call;

		assert_non_null(store);
		spoiled.inner = bucket_memory(store, NULL);
		assert_non_null(spoiled.inner);
		bucket = bucket_new(&spoiled_ops, &spoiled);
		assert_non_null(bucket);
		suite_call(&call);
		assert_false(bucket_probe(bucket, &suite_clock, &suite_random, 3, &call));
		if (strstr(call.message, rows[i].says) == NULL)
			fail_msg("expected \"%s\": %s", rows[i].says, call.message);
		if (rows[i].flaw != NEVER_REMOVES)
			assert_int_equal(suite_count_keys(spoiled.inner, ""), 0);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

/* Real stores say "perhaps" to some of the writers of a race, or to all. */
struct unsure {
	enum memory_fault fault;
	unsigned one_of;
	atomic_uint count;
};

static enum memory_fault sometimes(void *self, enum memory_op op, const char *key)
{
	struct unsure *unsure = self;

	if (op != MEMORY_PUT || strstr(key, "/create-") == NULL)
		return MEMORY_FAULT_NONE;
	return atomic_fetch_add(&unsure->count, 1) % unsure->one_of == 0 ? unsure->fault
									 : MEMORY_FAULT_NONE;
}

static void unsure_answers_are_no_flaw(void **state)
{
	static const struct {
		enum memory_fault fault;
		unsigned one_of;
	} rows[] = {
	    {MEMORY_FAULT_UNKNOWN, 1},
	    {MEMORY_FAULT_UNKNOWN, 3},
	    {MEMORY_FAULT_AFTER, 1},
	    {MEMORY_FAULT_AFTER, 3},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct unsure unsure = {.fault = rows[i].fault, .one_of = rows[i].one_of};
		struct memory_hook hook = {&unsure, sometimes};
		struct memory_store *store = memory_store_new();
		struct bucket *bucket;
		struct call call;

		assert_non_null(store);
		atomic_init(&unsure.count, 0);
		bucket = bucket_memory(store, &hook);
		assert_non_null(bucket);
		suite_call(&call);
		if (!bucket_probe(bucket, &suite_clock, &suite_random, 3, &call))
			fail_msg("%s", call.message);
		assert_true(atomic_load(&unsure.count) > 0);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

static void probe_keeps_the_deadline(void **state)
{
	struct memory_store *store = memory_store_new();
	struct bucket *bucket;
	struct call call;

	(void)state;
	assert_non_null(store);
	bucket = bucket_memory(store, NULL);
	assert_non_null(bucket);
	call_init(&call, clock_monotonic_ms(&suite_clock) - 1);
	assert_false(bucket_probe(bucket, &suite_clock, &suite_random, 3, &call));
	assert_non_null(strstr(call.message, "deadline"));
	assert_int_equal(suite_count_keys(bucket, ""), 0);
	bucket_close(bucket);
	memory_store_free(store);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(probe_finds_flaws),
    cmocka_unit_test(unsure_answers_are_no_flaw),
    cmocka_unit_test(probe_keeps_the_deadline),
};

TEST_MAIN(tests)
