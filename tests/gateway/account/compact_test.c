/*
 * tests/gateway/account/compact_test.c: compacting keeps every frame, and loses a race harmlessly.
 */
#include "gateway/account/compact.h"
#include "gateway/account/work.h"
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

static size_t compact(struct pair *pair, struct account_cache *cache)
{
	struct fixture *fixture = &pair->fixture;
	size_t compacted = 0;

	assert_int_equal(account_compact(&fixture->env, cache, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_OK);
	return compacted;
}

static void compact_makes_one_of_eight(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	fill_packs(pair, 7);
	assert_int_equal(compact(pair, &pair->first.cache), 0);
	fill_packs(pair, 9);
	assert_int_equal(compact(pair, &pair->first.cache), 8);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, 2);
	assert_int_equal(manifest->packs[0].level, 1);
	assert_int_equal(manifest->packs[1].level, 0);
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	client_edit(&pair->first, 100); /* its cache moved with the compaction */
	bytes_clear(&bytes);
	free(manifest);
}

/* Fewer than are asked for, or none at all: nothing is done, and that is said. */
static void compact_of_too_few_is_none(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_work *work = NULL;

	fill_packs(pair, 8);
	assert_int_equal(account_work_open(&fixture->env, &pair->first.cache, &fixture->account,
			     fixture_call(fixture), &work),
	    ACCOUNT_OK);
	for (size_t packs = 0; packs <= 8; packs++) {
		size_t compacted = 77;
		uint64_t requests = fixture_requests(fixture);

		work->next = work->manifest;
		work->next.packs_count = packs;
		assert_int_equal(account_compact_next(work, 8, &compacted), ACCOUNT_OK);
		assert_int_equal(compacted, packs == 8 ? 8 : 0);
		assert_int_equal(work->next.packs_count, packs == 8 ? 1 : packs);
		assert_int_equal(fixture_requests(fixture) - requests, packs == 8 ? 1 : 0);
	}
	account_work_free(work);
}

static void second_edits(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	client_edit(&pair->second, 200);
	pair->fixture.call = kept;
}

static void compact_lost_race_compacts_again(void **state)
{
	struct pair *pair = *state;

	fill_packs(pair, 8);
	catch_up(&pair->second);
	pair->fixture.interrupt = second_edits;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(compact(pair, &pair->first.cache), 8);
	catch_up(&pair->first);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void compact_stops_at_damage(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache other = {0};
	char key[BUCKET_KEY_MAX + 1];
	size_t compacted = 77;

	fill_packs(pair, 8);
	fixture_key(fixture, "/p/", key);
	assert_true(memory_flip(fixture->store, key, 700, 1));
	/* Who put them has the bytes at hand; another reads them. */
	assert_int_equal(account_compact(&fixture->env, &other, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_DAMAGED);
	assert_int_equal(compacted, 77);
	assert_int_equal(fixture_objects(fixture, "/p/"), 8);
	account_cache_clear(&other);
}

/* As many as one answer holds, to the byte. */
static void compact_stops_at_the_largest_pack(void **state)
{
	static const struct {
		const char *name;
		uint64_t size, second; /* of each pack, and of the second */
		size_t compacted;
	} rows[] = {
	    {"two and a byte", PACK_MAX / 2, PACK_MAX / 2 + 1, 0},
	    {"a full one", 1000, PACK_MAX, 0},
	    {"four and a byte", PACK_MAX / 4, PACK_MAX / 4 + 1, 3},
	    {"all but four", PACK_MAX / 4, PACK_MAX / 4, 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct manifest *manifest = calloc(1, sizeof(*manifest));
		struct account_cache cache = {0};
		struct bytes bytes = {0};
		struct pair *pair;
		void *own = NULL;
		size_t compacted;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		fill_packs(pair, 8);
		fixture_manifest(&pair->fixture, &bytes, manifest);
		for (size_t k = 0; k < manifest->packs_count; k++)
			manifest->packs[k].size = k == 1 ? rows[i].second : rows[i].size;
		fixture_manifest_put(&pair->fixture, manifest);
		compacted = compact(pair, &cache);
		if (compacted != rows[i].compacted)
			fail_msg("%s: %zu compacted", rows[i].name, compacted);
		catch_up(&pair->second);
		catch_up(&pair->first);
		assert_true(head_equal(&pair->first.head, &pair->second.head));
		account_cache_clear(&cache);
		bytes_clear(&bytes);
		free(manifest);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* What an old manifest names was compacted by another, and swept: the newest is read, and
 * compacted. */
static void compact_goes_on_after_another_s(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache old = {0};
	struct sweep_report report;
	struct bytes roster = {0};

	fill_packs(pair, 8);
	assert_int_equal(
	    account_roster(&fixture->env, &old, &fixture->account, fixture_call(fixture), &roster),
	    ACCOUNT_OK);
	assert_int_equal(compact(pair, &pair->first.cache), 8);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(account_sweep(&fixture->env, &pair->first.cache, &fixture->account,
				     INT64_MAX, fixture_call(fixture), &report),
		    ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, "/p/"), 1);
	fill_packs(pair, 1 + 8);
	assert_int_equal(compact(pair, &old), 8);
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	account_cache_clear(&old);
	bytes_clear(&roster);
}

static void time_is_over(void *self)
{
	struct fixture *fixture = self;

	fixture->now_ms += fixture->call.deadline_ms - fixture_up_ms(fixture);
}

static void compact_ends_at_its_deadline(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	size_t compacted = 77;
	uint64_t gets;

	fill_packs(pair, 8);
	fixture->interrupt = time_is_over;
	fixture->interrupt_self = fixture;
	fixture_arm(fixture, MEMORY_GET, "/p/", MEMORY_FAULT_NONE, 0, 1);
	gets = fixture->counts.get;
	assert_int_equal(account_compact(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &compacted),
	    ACCOUNT_RETRY);
	assert_int_equal(compacted, 77);
	/* The manifest, what says that it was not wiped, and the pack that took all the time. */
	assert_int_equal(fixture->counts.get - gets, 3);
	account_cache_clear(&cache);
}

static void compact_of_packs_at_hand_reads_nothing(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct bucket_counts before;

	fill_packs(pair, 8);
	before = fixture->counts;
	assert_int_equal(compact(pair, &pair->first.cache), 8);
	assert_int_equal(fixture->counts.get - before.get, 0);
	assert_int_equal(fixture->counts.put - before.put, 2);
	assert_int_equal(pair->first.cache.packs_count, 0); /* nothing names them any more */
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	fill_packs(pair, 8 + 1 + 8); /* what is at hand is the newest eight, never another's */
	assert_int_equal(pair->first.cache.packs_count, 8);
	before = fixture->counts;
	assert_int_equal(compact(pair, &pair->first.cache), 8);
	assert_int_equal(fixture->counts.get - before.get, 0);
	catch_up(&pair->second);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(compact_makes_one_of_eight, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(compact_of_too_few_is_none, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(compact_lost_race_compacts_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(compact_stops_at_damage, pair_setup, pair_teardown),
    cmocka_unit_test(compact_stops_at_the_largest_pack),
    cmocka_unit_test_setup_teardown(compact_goes_on_after_another_s, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(compact_ends_at_its_deadline, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	compact_of_packs_at_hand_reads_nothing, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
