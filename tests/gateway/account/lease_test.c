/*
 * tests/gateway/account/lease_test.c: who keeps losing gets the lease, and nobody keeps it.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

/* The second loses a race, and asks for the lease with it. */
static void lose_and_ask(struct pair *pair)
{
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	pair->second.wants_lease = true;
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
}

static void lease_lets_the_loser_commit(void **state)
{
	struct pair *pair = *state;
	struct bytes bytes = {0};
	struct manifest *manifest = calloc(1, sizeof(*manifest));

	assert_non_null(manifest);
	lose_and_ask(pair);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	assert_in_range(pair->first.answer.retry_after_ms, 1, 1000);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK); /* reading waits for nobody */
	assert_status(&pair->first, SYNC_CURRENT);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_false(manifest->has_lease);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	bytes_clear(&bytes);
	free(manifest);
}

/* Also where somebody sets the wall clock meanwhile. */
static void lease_of_who_died_ends(void **state)
{
	struct pair *pair = *state;

	lose_and_ask(pair);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	pair->fixture.skew_ms = 3600000;
	pair->fixture.now_ms += 4900;
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	pair->fixture.now_ms += 200;
	pair->fixture.skew_ms = -3600000;
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	pair->fixture.skew_ms = 0;
	/* It comes back late, without any lease: an ordinary race. */
	pair->second.wants_lease = false;
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
}

/* To the millisecond: it is respected for 5 s from when it was first seen. */
static void lease_lasts_so_long(void **state)
{
	static const struct {
		int64_t after_ms, wait_ms; /* 0: it is over */
	} rows[] = {{0, 200}, {4800, 200}, {4801, 199}, {4999, 1}, {5000, 0}};
	struct pair *pair = *state;
	int64_t begun_ms;

	lose_and_ask(pair);
	pair->fixture.now_ms += 777; /* the gateway that gave it has seen it by then */
	begun_ms = pair->fixture.now_ms;
	account_cache_clear(&pair->first.cache);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		pair->fixture.now_ms = begun_ms + rows[i].after_ms;
		assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
		if (rows[i].wait_ms > 0) {
			assert_status(&pair->first, SYNC_LATER);
			assert_non_null(strstr(pair->fixture.call.message, "has the turn"));
		} else {
			assert_status(&pair->first, SYNC_COMMITTED);
		}
		assert_int_equal(pair->first.answer.retry_after_ms, rows[i].wait_ms);
	}
}

/* A statement waits for nobody, and does not end another device's lease. */
static void commit_statement(struct pair *pair)
{
	struct bytes statement = {0};
	struct client *first = &pair->first;

	fixture_statement(&pair->fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&pair->fixture.roster_bytes);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	bytes_clear(&statement);
}

static void sweep(struct pair *pair)
{
	struct fixture *fixture = &pair->fixture;
	struct sweep_report report;

	assert_int_equal(account_sweep(&fixture->env, &pair->first.cache, &fixture->account, 0,
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
}

/* Other commits to the manifest meanwhile do not make it last longer. */
static void lease_of_who_died_is_not_renewed(void **state)
{
	void (*const others[])(struct pair * pair) = {commit_statement, sweep};
	struct pair *pair = *state;

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct manifest *manifest = calloc(1, sizeof(*manifest));
		struct bytes bytes = {0};
		uint64_t generation;

		assert_non_null(manifest);
		lose_and_ask(pair);
		fixture_manifest(&pair->fixture, &bytes, manifest);
		generation = manifest->generation;
		assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_LATER);
		pair->fixture.now_ms += 4900;
		others[i](pair);
		fixture_manifest(&pair->fixture, &bytes, manifest);
		assert_true(manifest->has_lease && manifest->generation > generation);
		assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_LATER);
		pair->fixture.now_ms += 100;
		assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_COMMITTED);
		bytes_clear(&bytes);
		free(manifest);
	}
}

/* The same device's next lease is another: it is seen for the first time again. */
static void lease_again_is_another_lease(void **state)
{
	struct pair *pair = *state;

	lose_and_ask(pair);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	pair->fixture.now_ms += 6000;
	lose_and_ask(pair);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
}

static void lease_is_one_devices(void **state)
{
	struct pair *pair = *state;
	struct head old = pair->first.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	lose_and_ask(pair);
	pair->first.wants_lease = true;
	pair->first.head = old; /* behind, so that it loses and asks as well */
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_BEHIND);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->has_lease);
	assert_true(device_equal(&manifest->lease, &pair->second.member->id));
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	bytes_clear(&bytes);
	free(manifest);
}

/* The PUT that gives the lease meets faults like any other. */
static void lease_is_given_once(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	pair->second.wants_lease = true;
	fixture_arm(&pair->fixture, MEMORY_PUT, "manifest", MEMORY_FAULT_AFTER, 1, 1);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
}

/* The first has lost as well, and asks for the lease a moment earlier. */
static void first_asks_too(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_BEHIND);
	pair->fixture.call = kept;
}

/* Who loses the PUT that would give the lease to one who was given it leaves it there. */
static void lease_that_another_was_given_stands(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct head behind = pair->first.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	client_edit(&pair->first, 100);
	pair->first.head = behind;
	pair->first.wants_lease = pair->second.wants_lease = true;
	account_cache_clear(&pair->second.cache);
	fixture->interrupt = first_asks_too;
	fixture->interrupt_self = pair;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_status(&pair->second, SYNC_BEHIND);
	fixture_manifest(fixture, &bytes, manifest);
	assert_true(manifest->has_lease);
	assert_true(device_equal(&manifest->lease, &pair->first.member->id));
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_LATER);
	bytes_clear(&bytes);
	free(manifest);
}

/* The first commits again and again, just before the PUT that would give the lease. */
struct rival {
	struct pair *pair;
	unsigned times;
};

static void rival_commits(void *self)
{
	struct rival *rival = self;
	struct fixture *fixture = &rival->pair->fixture;
	struct call kept = fixture->call;

	client_edit(&rival->pair->first, 100);
	fixture->call = kept;
	if (--rival->times == 0)
		return;
	fixture->interrupt = rival_commits;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
}

/* Five times it is tried: who loses them all is behind as before, and asks again. */
static void lease_is_tried_so_often(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct head behind = pair->second.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	pair->second.wants_lease = true;
	client_edit(&pair->first, 100);
	for (unsigned times = 5; times >= 4; times--) {
		struct rival rival = {pair, times};

		pair->second.head = behind;
		account_cache_clear(&pair->second.cache);
		fixture->interrupt = rival_commits;
		fixture->interrupt_self = &rival;
		fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
		assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
		assert_status(&pair->second, SYNC_BEHIND);
		assert_int_equal(rival.times, 0);
		fixture_manifest(fixture, &bytes, manifest);
		assert_true(manifest->has_lease == (times == 4));
	}
	bytes_clear(&bytes);
	free(manifest);
}

/* A bucket that does not take it is told, and not asked five times over. */
static void lease_that_is_not_taken_is_told(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct bucket_counts before;

	client_edit(&pair->first, 100);
	pair->second.wants_lease = true;
	account_cache_clear(&pair->second.cache);
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_UNKNOWN, 0, 3);
	before = fixture->counts;
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_RETRY);
	assert_int_equal(fixture->counts.put - before.put, 3);
	assert_non_null(strstr(fixture->call.message, "the bucket does not take the commit"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(lease_lets_the_loser_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_of_who_died_ends, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_lasts_so_long, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_of_who_died_is_not_renewed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_again_is_another_lease, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_is_one_devices, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_is_given_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_that_another_was_given_stands, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_is_tried_so_often, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lease_that_is_not_taken_is_told, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
