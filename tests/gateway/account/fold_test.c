/*
 * tests/gateway/account/fold_test.c: folding keeps every frame, and loses a race harmlessly.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>

/* Edits until there are that many packs. */
static void fill_packs(struct pair *pair, size_t packs)
{
	for (unsigned i = 0; i < 1000 && fixture_objects(&pair->fixture, "/p/") < packs; i++)
		client_edit(&pair->first, 2000);
	assert_true(fixture_objects(&pair->fixture, "/p/") >= packs);
}

static void catch_up(struct client *client)
{
	do {
		assert_int_equal(client_poll(client), ACCOUNT_OK);
	} while (client->answer.more);
}

static size_t fold(struct pair *pair, struct account_cache *cache)
{
	struct fixture *fixture = &pair->fixture;
	size_t folded = 0;

	assert_int_equal(
	    account_fold(&fixture->env, cache, &fixture->account, fixture_call(fixture), &folded),
	    ACCOUNT_OK);
	return folded;
}

static void fold_makes_one_of_eight(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	fill_packs(pair, 7);
	assert_int_equal(fold(pair, &pair->first.cache), 0);
	fill_packs(pair, 9);
	assert_int_equal(fold(pair, &pair->first.cache), 8);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, 2);
	assert_int_equal(manifest->packs[0].level, 1);
	assert_int_equal(manifest->packs[1].level, 0);
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	client_edit(&pair->first, 100); /* its cache moved with the fold */
	bytes_clear(&bytes);
	free(manifest);
}

static void second_edits(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	client_edit(&pair->second, 200);
	pair->fixture.call = kept;
}

static void fold_lost_race_folds_again(void **state)
{
	struct pair *pair = *state;

	fill_packs(pair, 8);
	catch_up(&pair->second);
	pair->fixture.interrupt = second_edits;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(fold(pair, &pair->first.cache), 8);
	catch_up(&pair->first);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void fold_stops_at_damage(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache other = {0};
	char key[BUCKET_KEY_MAX + 1];
	size_t folded = 77;

	fill_packs(pair, 8);
	fixture_key(fixture, "/p/", key);
	assert_true(memory_flip(fixture->store, key, 700, 1));
	/* Who put them has the bytes at hand; another reads them. */
	assert_int_equal(
	    account_fold(&fixture->env, &other, &fixture->account, fixture_call(fixture), &folded),
	    ACCOUNT_DAMAGED);
	assert_int_equal(folded, 77);
	assert_int_equal(fixture_objects(fixture, "/p/"), 8);
	account_cache_clear(&other);
}

static void fold_of_packs_at_hand_reads_nothing(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct bucket_counts before;

	fill_packs(pair, 8);
	before = fixture->counts;
	assert_int_equal(fold(pair, &pair->first.cache), 8);
	assert_int_equal(fixture->counts.get - before.get, 0);
	assert_int_equal(fixture->counts.put - before.put, 2);
	assert_int_equal(pair->first.cache.packs_count, 0); /* nothing names them any more */
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	fill_packs(pair, 8 + 1 + 8); /* what is at hand is the newest eight, never another's */
	assert_int_equal(pair->first.cache.packs_count, 8);
	before = fixture->counts;
	assert_int_equal(fold(pair, &pair->first.cache), 8);
	assert_int_equal(fixture->counts.get - before.get, 0);
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(fold_makes_one_of_eight, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(fold_lost_race_folds_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(fold_stops_at_damage, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(fold_of_packs_at_hand_reads_nothing, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
