/*
 * tests/cli/engine/replica_test.c: what a run works on, moved by hand: how much of a roster is
 * known once a frame has led to it, what of one is let go, what is refused; and what a home says of
 * it afterwards.
 */
#include "cli/engine/brake.h"
#include "cli/engine/transaction.h"
#include "tests/cli/engine/failing_journal.h"
#include "tests/cli/engine/off_log.h"
#include "tests/cli/engine/pair.h"
#include "tests/each.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN 2u /* statements of a pair's roster: the genesis, and what adds b */
#define HELD 4u  /* with two that no log has led to */

static struct replica run;

static void load(void)
{
	replica_clear(&run);
	run = (struct replica){
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	call_init(&pair.a.call, INT64_MAX);
	assert_engine(&pair.a, replica_load(&run), ENGINE_OK);
}

static void hold_more(void)
{
	struct bytes more = {0};

	assert_int_equal(off_log_make(view_bytes(&run.roster_bytes), &pair.a.keys, OFF_LOG_SEVERAL,
			     NULL, &pair.world.random, &more),
	    FORMAT_OK);
	assert_engine(&pair.a, replica_hold_roster(&run, view_bytes(&more)), ENGINE_OK);
	bytes_clear(&more);
}

static int setup(void **state)
{
	(void)pair_setup(state);
	run = (struct replica){0};
	load();
	return 0;
}

static int teardown(void **state)
{
	replica_clear(&run);
	return pair_teardown(state);
}

/* Statements in the roster that the home stores. */
static size_t stored_statements(void)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes encoded = {0};
	size_t count;

	assert_non_null(roster);
	assert_engine(&pair.a, sync_roster_get(&pair.a.engine, &pair.a.call, &encoded), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, roster), FORMAT_OK);
	count = roster->statements_count;
	bytes_clear(&encoded);
	free(roster);
	return count;
}

static struct digest stored_place(void)
{
	struct stored_facts facts;

	assert_engine(&pair.a, facts_load(&pair.a.engine, &pair.a.call, &facts), ENGINE_OK);
	return facts.roster_at;
}

static enum engine_result commit(void)
{
	enum engine_result result = transaction_begin(&run);

	assert_engine(&pair.a, result, ENGINE_OK);
	result = transaction_commit(&run);
	if (result != ENGINE_OK)
		transaction_undo(&run);
	return result;
}

/* One statement after the other, and never fewer: also where the log is at an earlier one. */
static void a_roster_is_known_as_far_as_the_log_has_led(void **state)
{
	static const struct {
		size_t index, known;
	} rows[] = {{1, KNOWN}, {0, KNOWN}, {2, 3}, {1, 3}, {3, HELD}};

	(void)state;
	assert_int_equal(run.roster_known, KNOWN);
	assert_int_equal(run.roster_index, KNOWN - 1);
	hold_more();
	assert_int_equal(run.roster->statements_count, HELD);
	assert_int_equal(run.roster_known, KNOWN);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct digest place;

		run.roster_index = rows[i].index;
		assert_engine(&pair.a, commit(), ENGINE_OK);
		place = stored_place();
		assert_int_equal(run.roster_known, rows[i].known);
		assert_int_equal(stored_statements(), rows[i].known);
		assert_true(digest_equal(&place, &run.roster->hashes[rows[i].index]));
	}
	load();
	assert_int_equal(run.roster_known, HELD);
	assert_int_equal(run.roster_index, HELD - 1);
}

/* What was not stored is not known, whichever call it was that failed. */
static void a_full_disk_makes_nothing_known(void **state)
{
	struct each each = {.of = "a commit"};

	(void)state;
	hold_more();
	run.roster_index = HELD - 1;
	while (each_next(&each)) {
		enum engine_result result;

		assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
		journal_arm(&pair.a, each.nth);
		result = transaction_commit(&run);
		if (result != ENGINE_OK)
			transaction_undo(&run);
		each.hit = journal_disarm(&pair.a);
		assert_engine(&pair.a, result, each.hit ? ENGINE_FULL : ENGINE_OK);
		assert_int_equal(run.roster_known, each.hit ? KNOWN : HELD);
		assert_int_equal(stored_statements(), each.hit ? KNOWN : HELD);
	}
	assert_int_equal(each.hits, 4); /* facts, root, roster and the commit itself */
}

static void the_head_that_was_seen_never_goes_back(void **state)
{
	const struct head head = run.facts.public.head;
	struct head ahead = {head.seq + 3, {{1}}};

	(void)state;
	run.facts.public.head = ahead;
	assert_engine(&pair.a, commit(), ENGINE_OK);
	assert_true(head_equal(&run.facts.public.known_head, &ahead));
	run.facts.public.head = (struct head){ahead.seq, {{2}}}; /* seen is what was seen first */
	assert_engine(&pair.a, commit(), ENGINE_OK);
	assert_true(head_equal(&run.facts.public.known_head, &ahead));
	run.facts.public.head = head;
	assert_engine(&pair.a, commit(), ENGINE_OK);
	load();
	assert_true(head_equal(&run.facts.public.head, &head));
	assert_true(head_equal(&run.facts.public.known_head, &ahead));
}

/* A run that had come to the head is stopped. */
static enum engine_result stop_at(const struct head *seen)
{
	enum engine_result result = transaction_begin(&run);

	if (result != ENGINE_OK)
		return result;
	run.facts.public.head = *seen;
	return brake_finish(&run, ENGINE_BRAKE);
}

/* What the brake has ended has shown a head: that is all that stays of it. */
static void a_braked_run_remembers_the_head_alone(void **state)
{
	const struct head head = run.facts.public.head;
	const struct head seen = {head.seq + 1, {{3}}};
	const struct head higher = {head.seq + 2, {{4}}};
	const struct head other = {head.seq + 2, {{5}}};
	struct each each = {.of = "an end by the brake"};

	(void)state;
	while (each_next(&each)) {
		enum engine_result result;

		journal_arm(&pair.a, each.nth);
		run.facts.public.known_head = head;
		result = stop_at(&seen);
		each.hit = journal_disarm(&pair.a);
		assert_engine(&pair.a, result, each.hit ? ENGINE_FULL : ENGINE_BRAKE);
	}
	load();
	assert_true(head_equal(&run.facts.public.head, &head));
	assert_true(head_equal(&run.facts.public.known_head, &seen));
	assert_engine(&pair.a, stop_at(&higher), ENGINE_BRAKE);
	assert_engine(&pair.a, stop_at(&other), ENGINE_BRAKE);
	assert_engine(&pair.a, stop_at(&seen), ENGINE_BRAKE);
	load();
	assert_true(head_equal(&run.facts.public.known_head, &higher));
}

static void what_was_held_in_vain_is_let_go(void **state)
{
	static const struct {
		size_t newest, left;
	} rows[] = {{3, HELD}, {9, HELD}, {2, 3}, {1, KNOWN}, {0, KNOWN}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		load();
		hold_more();
		assert_engine(&pair.a, replica_trim_roster(&run, rows[i].newest), ENGINE_OK);
		assert_int_equal(run.roster->statements_count, rows[i].left);
		assert_int_equal(run.roster_known, KNOWN);
	}
}

/* Another account's, a shorter one, and none at all; what is held stays. */
static void a_roster_that_does_not_go_on_is_refused(void **state)
{
	struct bytes others = {0}, first = {0};
	const struct roster *held = run.roster;
	struct world world;
	struct device stranger;

	(void)state;
	world_open(&world);
	device_open(&stranger, &world);
	world.made.count = 1000; /* another stream: the same would make the same account */
	device_keys_new(&world.random, &stranger.keys);
	device_create(&stranger);
	assert_engine(
	    &stranger, sync_roster_get(&stranger.engine, &stranger.call, &others), ENGINE_OK);
	assert_engine(&pair.a, replica_hold_roster(&run, view_bytes(&others)), ENGINE_ROLLBACK);
	assert_non_null(strstr(pair.a.call.message, "does not descend from"));
	assert_int_equal(roster_first(run.roster, KNOWN - 1, &first), FORMAT_OK);
	assert_engine(&pair.a, replica_hold_roster(&run, view_bytes(&first)), ENGINE_ROLLBACK);
	assert_non_null(strstr(pair.a.call.message, "does not descend from"));
	assert_engine(&pair.a, replica_hold_roster(&run, view_text("no roster")), ENGINE_DAMAGED);
	assert_non_null(strstr(pair.a.call.message, "the roster is "));
	assert_ptr_equal(run.roster, held);
	assert_int_equal(run.roster->statements_count, KNOWN);
	bytes_clear(&first);
	bytes_clear(&others);
	device_close(&stranger);
	world_close(&world);
}

/* The same epoch may have another key, where another statement begins it. */
static void a_key_is_the_rosters_that_is_held(void **state)
{
	const struct epoch_key *key;
	struct epoch_key first;

	(void)state;
	hold_more(); /* a second epoch */
	assert_engine(&pair.a, replica_key(&run, 2, &key), ENGINE_OK);
	first = *key;
	assert_engine(&pair.a, replica_trim_roster(&run, 0), ENGINE_OK);
	assert_engine(&pair.a, replica_key(&run, 2, &key), ENGINE_WRONG_KEY);
	assert_non_null(strstr(pair.a.call.message, "do not open epoch 2"));
	hold_more();
	assert_engine(&pair.a, replica_key(&run, 2, &key), ENGINE_OK);
	assert_memory_not_equal(key->bytes, first.bytes, EPOCH_KEY_LEN);
}

static void set_meta(const char *name, struct view value)
{
	const struct journal *journal = &pair.a.engine.journal;

	assert_int_equal(journal->ops->begin(journal->self, &pair.a.call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, name, value, &pair.a.call), JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &pair.a.call), JOURNAL_OK);
}

static void a_home_whose_records_do_not_fit_syncs_nothing(void **state)
{
	struct bytes first = {0};
	const struct {
		const char *name, *meta;
		struct view value;
		enum engine_result result;
		const char *message;
	} rows[] = {
	    {"a root that is none", META_ROOT, view_text("x"), ENGINE_FAILED,
		"this home's state root cannot be read"},
	    {"a roster that is none", META_ROSTER, view_text("x"), ENGINE_DAMAGED,
		"the roster is "},
	    {"a roster that ends too early", META_ROSTER,
		roster_first(run.roster, KNOWN - 1, &first) == FORMAT_OK ? view_bytes(&first)
									 : view_text(""),
		ENGINE_FAILED, "this home's roster is not its account's"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct replica other = {
		    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
		struct bytes kept = {0};
		enum engine_result result;

		call_init(&pair.a.call, INT64_MAX);
		assert_int_equal(pair.a.engine.journal.ops->meta_get(
				     pair.a.store, rows[i].meta, &pair.a.call, &kept),
		    JOURNAL_OK);
		set_meta(rows[i].meta, rows[i].value);
		result = replica_load(&other);
		if (result != rows[i].result ||
		    strstr(pair.a.call.message, rows[i].message) == NULL)
			fail_msg("%s: %s; message: %s", rows[i].name, engine_result_text(result),
			    pair.a.call.message);
		replica_clear(&other);
		set_meta(rows[i].meta, view_bytes(&kept));
		bytes_clear(&kept);
	}
	bytes_clear(&first);
	load(); /* as it was */
}

static void sync_that_is_off_loads_nothing(void **state)
{
	struct replica other = {
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};

	(void)state;
	assert_engine(&pair.a, sync_switch(&pair.a.engine, false, &pair.a.call), ENGINE_OK);
	assert_engine(&pair.a, replica_load(&other), ENGINE_OFF);
	assert_non_null(strstr(pair.a.call.message, "inkseal sync on"));
	assert_engine(&pair.a, sync_switch(&pair.a.engine, true, &pair.a.call), ENGINE_OK);
	load();
}

struct told {
	enum activity_kind kind;
	const char *detail;
	size_t count;
};

static bool see_told(void *self, const struct store_activity *row)
{
	struct told *told = self;

	told->count += row->kind == told->kind && row->detail != NULL &&
		       strcmp(row->detail, told->detail) == 0;
	return true;
}

static size_t times_told(enum activity_kind kind, const char *detail)
{
	struct told told = {.kind = kind, .detail = detail};

	assert_int_equal(
	    store_activity(pair.a.store, 0, see_told, &told, &pair.a.call), JOURNAL_OK);
	return told.count;
}

static void the_log_says_how_many_entries_moved(void **state)
{
	static const struct {
		uint64_t entries;
		const char *detail;
	} rows[] = {{0, "0 entries"}, {1, "1 entry"}, {2, "2 entries"}, {3000, "3000 entries"}};

	(void)state;
	assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_engine(
		    &pair.a, replica_note(&run, ACTIVITY_PULLED, rows[i].entries), ENGINE_OK);
		assert_int_equal(times_told(ACTIVITY_PULLED, rows[i].detail), rows[i].entries > 0);
		assert_int_equal(device_activity(&pair.a, ACTIVITY_PULLED), i);
	}
	transaction_undo(&run);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_roster_is_known_as_far_as_the_log_has_led, setup, teardown),
    cmocka_unit_test_setup_teardown(a_full_disk_makes_nothing_known, setup, teardown),
    cmocka_unit_test_setup_teardown(the_head_that_was_seen_never_goes_back, setup, teardown),
    cmocka_unit_test_setup_teardown(a_braked_run_remembers_the_head_alone, setup, teardown),
    cmocka_unit_test_setup_teardown(what_was_held_in_vain_is_let_go, setup, teardown),
    cmocka_unit_test_setup_teardown(a_roster_that_does_not_go_on_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(a_key_is_the_rosters_that_is_held, setup, teardown),
    cmocka_unit_test_setup_teardown(a_home_whose_records_do_not_fit_syncs_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(sync_that_is_off_loads_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(the_log_says_how_many_entries_moved, setup, teardown),
};

TEST_MAIN(tests)
