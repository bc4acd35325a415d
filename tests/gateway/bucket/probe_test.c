/*
 * tests/gateway/bucket/probe_test.c: the probe finds each promise that a store breaks. Each broken
 * store is the memory driver behind a wrapper that spoils one thing. That sound stores pass is in
 * the suite.
 */
#include "tests/each.h"
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/gateway/bucket/bucket_memory.h"

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
	READ_ONLY,
	CHECKS_BEFORE_THE_LAST_BYTE,
	CHECKS_SO_AT_TIMES,
	LOSER_STAYS_CREATED, /* nobody is known to have won, and who was told "no" stands there */
	LOSER_STAYS_UPDATED,
	VANISHES,    /* so does nobody, and nothing stands there */
	REFUSES_ONE, /* of the writers of a race */
	/* No flaws: */
	HOLDS,   /* the last byte, and has one winner */
	BUSY,    /* sends all writers of a race away */
	TOO_SLOW /* answers none of them in time, and stores one */
};

struct spoiled {
	struct bucket *inner;
	enum flaw flaw;
	unsigned races;
	unsigned calls, fail_at; /* which of them fails; 0: none */
	enum bucket_result failure;
	bool keeps_all; /* no remove is done */
	int64_t race_deadline_ms;
	char race_key[BUCKET_KEY_MAX + 1];
};

/* One writer at a time: calls of races are not counted. */
static bool fails(struct spoiled *spoiled, struct call *call)
{
	if (spoiled->fail_at == 0 || ++spoiled->calls != spoiled->fail_at)
		return false;
	call_sayf(call, "call %u failed", spoiled->calls);
	return true;
}

/* How long a race takes, by a clock of the test's own. */
static struct {
	int64_t now_ms, race_ms;
	unsigned cancel_after; /* races; 0: never */
	const struct spoiled *spoiled;
} rig;

static int64_t rig_now(void *self)
{
	(void)self;
	return rig.now_ms;
}

static bool rig_cancelled(void *self)
{
	(void)self;
	return rig.cancel_after > 0 && rig.spoiled->races >= rig.cancel_after;
}

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

	if (fails(spoiled, call))
		return spoiled->failure;
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
	case READ_ONLY: call_sayf(call, "access denied"); return BUCKET_REFUSED;
	case NEVER_REMOVES:
	case CHECKS_BEFORE_THE_LAST_BYTE:
	case CHECKS_SO_AT_TIMES:
	case LOSER_STAYS_CREATED:
	case LOSER_STAYS_UPDATED:
	case VANISHES:
	case REFUSES_ONE:
	case HOLDS:
	case BUSY:
	case TOO_SLOW: break;
	}
	return bucket_put(spoiled->inner, put, call, tag_out);
}

static enum bucket_result spoiled_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct spoiled *spoiled = self;

	if (fails(spoiled, call))
		return spoiled->failure;
	return bucket_get(spoiled->inner, get, call, out, tag_out);
}

static enum bucket_result spoiled_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct spoiled *spoiled = self;

	if (fails(spoiled, call))
		return spoiled->failure;
	if (spoiled->flaw == NEVER_REMOVES || spoiled->keeps_all) {
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

	if (fails(spoiled, call))
		return spoiled->failure;
	return bucket_list(spoiled->inner, prefix, after, call, out);
}

/* Right whenever a request comes in one piece; what a gate for threads would not find. */
static void race_all_win(struct spoiled *spoiled, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	for (size_t i = 0; i < count; i++) {
		overwrite(spoiled, &puts[i], &calls[i]);
		results_out[i] = BUCKET_OK;
	}
}

/* One after the other, as a sound store does it. What each of them is told is the flaw's. */
static void race_in_turn(struct spoiled *spoiled, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	for (size_t i = 0; i < count; i++) {
		struct bucket_tag tag;

		if (spoiled->flaw == BUSY)
			results_out[i] = BUCKET_RETRY;
		else
			results_out[i] = bucket_put(spoiled->inner, &puts[i], &calls[i], &tag);
		if (spoiled->flaw == TOO_SLOW)
			results_out[i] = BUCKET_UNKNOWN;
	}
}

/* Nobody is told that they won. */
static void race_for_nobody(struct spoiled *spoiled, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	for (size_t i = 0; i < count; i++)
		results_out[i] = BUCKET_UNKNOWN;
	if (spoiled->flaw == VANISHES) {
		if (bucket_remove(spoiled->inner, puts[0].key, &calls[0]) != BUCKET_OK)
			abort();
		return;
	}
	results_out[count - 1] = BUCKET_CONFLICT;
	overwrite(spoiled, &puts[count - 1], &calls[count - 1]);
}

static bool spoiled_race(void *self, const struct bucket_put *puts, size_t count,
    struct call *calls, enum bucket_result *results_out)
{
	struct spoiled *spoiled = self;

	if (spoiled->flaw < CHECKS_BEFORE_THE_LAST_BYTE)
		return false;
	rig.now_ms += rig.race_ms;
	spoiled->races++;
	spoiled->race_deadline_ms = calls[0].deadline_ms;
	(void)snprintf(spoiled->race_key, sizeof(spoiled->race_key), "%s", puts[0].key);
	if (puts[0].cond == BUCKET_IF_ABSENT
		? spoiled->flaw == LOSER_STAYS_CREATED
		: spoiled->flaw == LOSER_STAYS_UPDATED || spoiled->flaw == VANISHES)
		race_for_nobody(spoiled, puts, count, calls, results_out);
	else if (spoiled->flaw == CHECKS_BEFORE_THE_LAST_BYTE ||
		 (spoiled->flaw == CHECKS_SO_AT_TIMES && spoiled->races % 16 == 0))
		race_all_win(spoiled, puts, count, calls, results_out);
	else
		race_in_turn(spoiled, puts, count, calls, results_out);
	if (spoiled->flaw == REFUSES_ONE) {
		call_sayf(&calls[count - 1], "the disk is full");
		results_out[count - 1] = BUCKET_REFUSED;
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

static const struct probe_rules three_rounds = {.rounds = 3, .gate_rounds = 3};

/* A store of its own, behind the flaw. */
static struct memory_store *spoil(enum flaw flaw, struct spoiled *spoiled, struct bucket **out)
{
	struct memory_store *store = memory_store_new();

	*spoiled = (struct spoiled){.flaw = flaw};
	assert_non_null(store);
	spoiled->inner = bucket_memory(store, NULL);
	assert_non_null(spoiled->inner);
	*out = bucket_new(&spoiled_ops, spoiled);
	assert_non_null(*out);
	memset(&rig, 0, sizeof(rig));
	rig.spoiled = spoiled;
	return store;
}

static void probe_finds_flaws(void **state)
{
	static const struct {
		const char *says;
		enum flaw flaw;
		enum probe_result result;
	} rows[] = {
	    {"create-if-absent replaces an object", IGNORES_CONDITIONS, PROBE_BROKEN},
	    {"create-if-absent replaces an object", IGNORES_IF_ABSENT, PROBE_BROKEN},
	    {"update-if-match replaces an object whose tag has changed", IGNORES_TAG, PROBE_BROKEN},
	    {"update-if-match on a missing key creates it", CREATES_ON_TAG, PROBE_BROKEN},
	    {"a refused create changes the object", SAYS_CONFLICT_BUT_STORES, PROBE_BROKEN},
	    {"update-if-match is refused although", REFUSES_EVERY_UPDATE, PROBE_BROKEN},
	    {"tag does not change with its content", CONSTANT_TAG, PROBE_BROKEN},
	    {"several writers of one race", NOT_ATOMIC_CREATE, PROBE_BROKEN},
	    {"several writers of one race", NOT_ATOMIC_UPDATE, PROBE_BROKEN},
	    {"winner of a race was overwritten", LOSES_TO_THE_LAST, PROBE_BROKEN},
	    {"no winner", NOBODY_WINS, PROBE_BROKEN},
	    {"probing the store: access denied", NEVER_REMOVES, PROBE_REFUSED},
	    {"probing the store: no route to host", NEVER_ANSWERS, PROBE_LATER},
	    {"several writers of one race", CHECKS_BEFORE_THE_LAST_BYTE, PROBE_BROKEN},
	    {"probing the store: access denied", READ_ONLY, PROBE_REFUSED},
	    {"a writer that was told that it lost has won", LOSER_STAYS_CREATED, PROBE_BROKEN},
	    {"a writer that was told that it lost has won", LOSER_STAYS_UPDATED, PROBE_BROKEN},
	    {"an object vanished in a race", VANISHES, PROBE_BROKEN},
	    {"probing the store: the disk is full", REFUSES_ONE, PROBE_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		size_t row = i / 2;
		const struct probe_rules *rules = i % 2 == 0 ? &three_rounds : &probe_rules_short;
		struct spoiled spoiled;
		struct bucket *bucket;
		struct memory_store *store = spoil(rows[row].flaw, &spoiled, &bucket);
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_probe(bucket, &suite_clock, &suite_random, rules, &call),
		    rows[row].result);
		if (strstr(call.message, rows[row].says) == NULL)
			fail_msg("expected \"%s\": %s", rows[row].says, call.message);
		if (rows[row].flaw != NEVER_REMOVES)
			assert_int_equal(suite_count_keys(spoiled.inner, ""), 0);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

/* Each as many rounds as its rules give it, and no store is blamed for being slow or busy. */
static void probe_keeps_its_time(void **state)
{
	static const struct {
		const struct probe_rules *rules;
		int64_t race_ms;
		enum flaw flaw;
		unsigned races;
		enum probe_result result;
	} rows[] = {
	    {&probe_rules_short, 10, HOLDS, 40, PROBE_KEPT},  /* all 20 rounds, of two races */
	    {&probe_rules_short, 300, HOLDS, 8, PROBE_KEPT},  /* 2 s are over in the fourth */
	    {&probe_rules_short, 500, HOLDS, 4, PROBE_KEPT},  /* at 2 s none begins */
	    {&probe_rules_short, 5000, HOLDS, 2, PROBE_KEPT}, /* but one is run whole */
	    {&probe_rules_short, 6000, TOO_SLOW, 2, PROBE_KEPT},
	    {&probe_rules_short, 10, BUSY, 40, PROBE_KEPT},
	    {&probe_rules_short, 10, CHECKS_SO_AT_TIMES, 16, PROBE_BROKEN},
	    {&probe_rules_short, 300, CHECKS_SO_AT_TIMES, 8, PROBE_KEPT}, /* what it may miss */
	    {&probe_rules_full, 300, CHECKS_SO_AT_TIMES, 16, PROBE_BROKEN},
	    {&probe_rules_full, 10, HOLDS, 100, PROBE_KEPT},
	    {&three_rounds, 5000, HOLDS, 6, PROBE_KEPT},
	};
	const struct clock clock = {.wall_ms = rig_now, .monotonic_ms = rig_now};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct spoiled spoiled;
		struct bucket *bucket;
		struct memory_store *store = spoil(rows[i].flaw, &spoiled, &bucket);
		struct call call;

		rig.race_ms = rows[i].race_ms;
		call_init(&call, 60000);
		if (bucket_probe(bucket, &clock, &suite_random, rows[i].rules, &call) !=
			rows[i].result ||
		    spoiled.races != rows[i].races)
			fail_msg("row %zu: %u races: %s", i, spoiled.races, call.message);
		assert_int_equal(suite_count_keys(spoiled.inner, ""), 0);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

static void probe_is_cancelled(void **state)
{
	struct probe_rules rules = probe_rules_full;
	struct spoiled spoiled;
	struct bucket *bucket;
	struct memory_store *store = spoil(HOLDS, &spoiled, &bucket);
	struct call call;

	(void)state;
	rules.cancelled = rig_cancelled;
	rig.cancel_after = 4;
	suite_call(&call);
	assert_int_equal(
	    bucket_probe(bucket, &suite_clock, &suite_random, &rules, &call), PROBE_LATER);
	assert_string_equal(call.message, "probing the store: cancelled");
	assert_int_equal(spoiled.races, 4);
	assert_int_equal(suite_count_keys(spoiled.inner, ""), 0);
	bucket_close(bucket);
	memory_store_free(store);
}

/* A call that fails breaks no promise, and is said as it was told, whichever it is. */
static void each_call_fails_in_turn(void **state)
{
	static const struct {
		enum flaw
		    flaw; /* the latter: no race has a known winner, and what stands is read */
		enum bucket_result failure;
		enum probe_result result;
	} rows[] = {
	    {HOLDS, BUCKET_RETRY, PROBE_LATER},
	    {HOLDS, BUCKET_UNKNOWN, PROBE_LATER},
	    {HOLDS, BUCKET_REFUSED, PROBE_REFUSED},
	    {TOO_SLOW, BUCKET_RETRY, PROBE_LATER},
	    {TOO_SLOW, BUCKET_REFUSED, PROBE_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct each each = {.least = 20};

		while (each_next(&each)) {
			struct spoiled spoiled;
			struct bucket *bucket;
			struct memory_store *store = spoil(rows[i].flaw, &spoiled, &bucket);
			enum probe_result result;
			struct call call;
			char says[64];

			spoiled.fail_at = each.nth;
			spoiled.failure = rows[i].failure;
			suite_call(&call);
			result =
			    bucket_probe(bucket, &suite_clock, &suite_random, &three_rounds, &call);
			each.hit = spoiled.calls >= each.nth;
			(void)snprintf(
			    says, sizeof(says), "probing the store: call %u failed", each.nth);
			if (!each.hit ? result != PROBE_KEPT
				      : result != rows[i].result || strcmp(call.message, says) != 0)
				fail_msg("row %zu, call %u: %s", i, each.nth, call.message);
			bucket_close(bucket);
			memory_store_free(store);
		}
	}
}

/* What was found stands, also where the probe cannot tidy up after it. */
static void what_was_found_is_not_forgotten(void **state)
{
	static const enum flaw flaws[] = {IGNORES_CONDITIONS, LOSER_STAYS_UPDATED};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(flaws); i++) {
		struct spoiled spoiled;
		struct bucket *bucket;
		struct memory_store *store = spoil(flaws[i], &spoiled, &bucket);
		struct call call;

		spoiled.keeps_all = flaws[i] == IGNORES_CONDITIONS;
		if (!spoiled.keeps_all) { /* the removal after the race alone */
			spoiled.failure = BUCKET_REFUSED;
			spoiled.fail_at = 14;
		}
		suite_call(&call);
		assert_int_equal(
		    bucket_probe(bucket, &suite_clock, &suite_random, &three_rounds, &call),
		    PROBE_BROKEN);
		assert_non_null(strstr(call.message, "this store cannot be used: "));
		if (!spoiled.keeps_all)
			assert_int_equal(spoiled.calls, 14);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

/* A race ends when its rules say so, or with the call. */
static void races_have_their_deadline(void **state)
{
	static const struct {
		int64_t race_ms, deadline_ms, expected_ms;
	} rows[] = {{0, 60000, 60000}, {6000, 60000, 7000}, {6000, 7001, 7000}, {6000, 6999, 6999}};
	const struct clock clock = {.wall_ms = rig_now, .monotonic_ms = rig_now};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct probe_rules rules = {
		    .rounds = 1, .gate_rounds = 1, .race_ms = rows[i].race_ms};
		struct spoiled spoiled;
		struct bucket *bucket;
		struct memory_store *store = spoil(HOLDS, &spoiled, &bucket);
		struct call call;

		rig.now_ms = 1000;
		call_init(&call, rows[i].deadline_ms);
		assert_int_equal(
		    bucket_probe(bucket, &clock, &suite_random, &rules, &call), PROBE_KEPT);
		assert_int_equal(spoiled.race_deadline_ms, rows[i].expected_ms);
		/* When it began stands in the names, for who tidies up after it. */
		assert_memory_equal(spoiled.race_key, "probe/00000000000003e8", 22);
		bucket_close(bucket);
		memory_store_free(store);
	}
}

/* No round begins after the deadline; one at it still does. */
static void rounds_end_at_the_deadline(void **state)
{
	const struct clock clock = {.wall_ms = rig_now, .monotonic_ms = rig_now};

	(void)state;
	for (int64_t deadline_ms = 39; deadline_ms <= 40; deadline_ms++) {
		struct spoiled spoiled;
		struct bucket *bucket;
		struct memory_store *store = spoil(HOLDS, &spoiled, &bucket);
		struct call call;

		rig.race_ms = 10;
		call_init(&call, deadline_ms);
		assert_int_equal(
		    bucket_probe(bucket, &clock, &suite_random, &probe_rules_full, &call),
		    PROBE_LATER);
		assert_int_equal(spoiled.races, deadline_ms == 40 ? 6 : 4);
		assert_string_equal(call.message,
		    deadline_ms == 40
			? "probing the store: the deadline passed in round 4 of the races"
			: "probing the store: the deadline passed in round 3 of the races");
		bucket_close(bucket);
		memory_store_free(store);
	}
}

/* What probes left that were killed goes once none of them can be running any more. */
static void leftovers_go(void **state)
{
	static const struct {
		const char *key;
		bool stays;
	} rows[] = {
	    {"probe/0000000000000064000102030405060708090a0b/create-0", false}, /* began at 0.1 s */
	    {"probe/0000000000000064000102030405060708090a0b/update-0", false},
	    {"probe/0000ffffffffffff000102030405060708090a0b/create-1", false}, /* years ahead */
	    {"probe/00000000006acfc1000102030405060708090a0b/create-0", true},  /* just begun */
	    {"probe/00000000006acfc1000102030405060708090a/create-0", true},    /* not a probe's */
	    {"probe/notes", true},
	    {"probe/000000000033e140000102030405060708090a0b/create-0", true}, /* an hour old */
	    {"probe/000000000033e13f000102030405060708090a0b/create-0", false},
	    {"probe/0000000000a1be40000102030405060708090a0b/create-0", true}, /* an hour ahead */
	    {"probe/0000000000a1be41000102030405060708090a0b/create-0", false},
	    {"a/probe/0000000000000064000102030405060708090a0b/create-0", true},
	};
	const struct clock clock = {.wall_ms = rig_now, .monotonic_ms = rig_now};
	struct spoiled spoiled;
	struct bucket *bucket;
	struct memory_store *store = spoil(HOLDS, &spoiled, &bucket);
	struct call call;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		(void)suite_put_text(spoiled.inner, rows[i].key, "left", BUCKET_ALWAYS);
	rig.now_ms = 7000000;
	call_init(&call, rig.now_ms + 60000);
	assert_int_equal(
	    bucket_probe(bucket, &clock, &suite_random, &three_rounds, &call), PROBE_KEPT);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		suite_expect_text(spoiled.inner, rows[i].key, rows[i].stays ? "left" : NULL);
	assert_int_equal(suite_count_keys(spoiled.inner, ""), 6);
	bucket_close(bucket);
	memory_store_free(store);
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
		if (bucket_probe(bucket, &suite_clock, &suite_random, &three_rounds, &call) !=
		    PROBE_KEPT)
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
	assert_int_equal(
	    bucket_probe(bucket, &suite_clock, &suite_random, &three_rounds, &call), PROBE_LATER);
	assert_non_null(strstr(call.message, "deadline"));
	assert_int_equal(suite_count_keys(bucket, ""), 0);
	bucket_close(bucket);
	memory_store_free(store);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(probe_finds_flaws),
    cmocka_unit_test(probe_keeps_its_time),
    cmocka_unit_test(probe_is_cancelled),
    cmocka_unit_test(each_call_fails_in_turn),
    cmocka_unit_test(what_was_found_is_not_forgotten),
    cmocka_unit_test(races_have_their_deadline),
    cmocka_unit_test(rounds_end_at_the_deadline),
    cmocka_unit_test(leftovers_go),
    cmocka_unit_test(unsure_answers_are_no_flaw),
    cmocka_unit_test(probe_keeps_the_deadline),
};

TEST_MAIN(tests)
