/*
 * tests/gateway/account/turn_test.c: who keeps losing gets the turn, and nobody keeps it.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

/* The second loses a race, and asks for the turn with it. */
static void lose_and_ask(struct pair *pair)
{
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	pair->second.wants_turn = true;
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
}

static void turn_lets_the_loser_commit(void **state)
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
	assert_false(manifest->has_turn);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	bytes_clear(&bytes);
	free(manifest);
}

/* Also where somebody sets the wall clock meanwhile. */
static void turn_of_who_died_ends(void **state)
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
	/* It comes back late, without any turn: an ordinary race. */
	pair->second.wants_turn = false;
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
}

/* To the millisecond: it is respected for 5 s from when it was first seen. */
static void turn_lasts_so_long(void **state)
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

/* The same device's next turn is another: it is seen for the first time again. */
static void turn_again_is_another_turn(void **state)
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

static void turn_is_one_devices(void **state)
{
	struct pair *pair = *state;
	struct head old = pair->first.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	lose_and_ask(pair);
	pair->first.wants_turn = true;
	pair->first.head = old; /* behind, so that it loses and asks as well */
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_BEHIND);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->has_turn);
	assert_true(device_equal(&manifest->turn, &pair->second.member->id));
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	bytes_clear(&bytes);
	free(manifest);
}

/* The PUT that gives the turn meets faults like any other. */
static void turn_is_given_once(void **state)
{
	struct pair *pair = *state;

	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	pair->second.wants_turn = true;
	fixture_arm(&pair->fixture, MEMORY_PUT, "manifest", MEMORY_FAULT_AFTER, 1, 1);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_LATER);
	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_COMMITTED);
}

/* The first has lost as well, and asks for the turn a moment earlier. */
static void first_asks_too(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_BEHIND);
	pair->fixture.call = kept;
}

/* Who loses the PUT that would give the turn to one who was given it leaves it there. */
static void turn_that_another_was_given_stands(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct head behind = pair->first.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	client_edit(&pair->first, 100);
	pair->first.head = behind;
	pair->first.wants_turn = pair->second.wants_turn = true;
	account_cache_clear(&pair->second.cache);
	fixture->interrupt = first_asks_too;
	fixture->interrupt_self = pair;
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_null(fixture->interrupt);
	assert_status(&pair->second, SYNC_BEHIND);
	fixture_manifest(fixture, &bytes, manifest);
	assert_true(manifest->has_turn);
	assert_true(device_equal(&manifest->turn, &pair->first.member->id));
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_LATER);
	bytes_clear(&bytes);
	free(manifest);
}

/* The first commits again and again, just before the PUT that would give the turn. */
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
static void turn_is_tried_so_often(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct head behind = pair->second.head;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	pair->second.wants_turn = true;
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
		assert_true(manifest->has_turn == (times == 4));
	}
	bytes_clear(&bytes);
	free(manifest);
}

/* A bucket that does not take it is told, and not asked five times over. */
static void turn_that_is_not_taken_is_told(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct bucket_counts before;

	client_edit(&pair->first, 100);
	pair->second.wants_turn = true;
	account_cache_clear(&pair->second.cache);
	fixture_arm(fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_UNKNOWN, 0, 3);
	before = fixture->counts;
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_RETRY);
	assert_int_equal(fixture->counts.put - before.put, 3);
	assert_non_null(strstr(fixture->call.message, "the bucket does not take the commit"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(turn_lets_the_loser_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_of_who_died_ends, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_lasts_so_long, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_again_is_another_turn, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_is_one_devices, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_is_given_once, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_that_another_was_given_stands, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_is_tried_so_often, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(turn_that_is_not_taken_is_told, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
