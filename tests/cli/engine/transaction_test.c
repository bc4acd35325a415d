/*
 * tests/cli/engine/transaction_test.c: what is undone is undone in memory too: what a run works on
 * is as it was before, also where all went well but for the commit.
 */
#include "cli/engine/log_frame.h"
#include "cli/engine/steps.h"
#include "cli/engine/transaction.h"
#include "tests/cli/engine/failing_journal.h"
#include "tests/cli/engine/off_log.h"
#include "tests/cli/engine/pair.h"
#include "tests/each.h"

#include <stdlib.h>
#include <string.h>

static struct replica run;
static struct device c; /* recovers */

static int setup(void **state)
{
	(void)pair_setup(state);
	call_init(&pair.a.call, INT64_MAX);
	run = (struct replica){
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	assert_engine(&pair.a, replica_load(&run), ENGINE_OK);
	device_open(&c, &pair.world);
	device_join(&c);
	return 0;
}

static int teardown(void **state)
{
	replica_clear(&run);
	device_close(&c);
	return pair_teardown(state);
}

/* What a run holds in memory, apart from where it holds it. */
struct held {
	struct stored_facts facts;
	struct root_sum sum;
	struct bytes roster;
	size_t statements, known, index;
	struct epoch_key key;
	uint64_t key_epoch;
	const struct device_keys *opener;
	struct sync_totals totals;
};

static struct held held_by(const struct replica *replica)
{
	struct held held = {.facts = replica->facts,
	    .sum = replica->sum,
	    .statements = replica->roster->statements_count,
	    .known = replica->roster_known,
	    .index = replica->roster_index,
	    .key = replica->key,
	    .key_epoch = replica->key_epoch,
	    .opener = replica->opener,
	    .totals = replica->totals};

	assert_true(bytes_copy(view_bytes(&replica->roster_bytes), &held.roster));
	return held;
}

static void assert_held(const struct replica *replica, const struct held *held)
{
	const struct sync_facts *facts = &replica->facts.public;

	assert_true(head_equal(&facts->head, &held->facts.public.head));
	assert_true(head_equal(&facts->known_head, &held->facts.public.known_head));
	assert_int_equal(facts->recovering, held->facts.public.recovering);
	assert_int_equal(facts->acknowledged_ms, held->facts.public.acknowledged_ms);
	assert_int_equal(facts->pulled_ms, held->facts.public.pulled_ms);
	assert_true(digest_equal(&replica->facts.roster_at, &held->facts.roster_at));
	assert_memory_equal(&replica->sum, &held->sum, sizeof(held->sum));
	assert_true(view_equal(view_bytes(&replica->roster_bytes), view_bytes(&held->roster)));
	assert_int_equal(replica->roster->statements_count, held->statements);
	assert_int_equal(replica->roster_known, held->known);
	assert_int_equal(replica->roster_index, held->index);
	assert_memory_equal(&replica->key, &held->key, sizeof(held->key));
	assert_int_equal(replica->key_epoch, held->key_epoch);
	assert_ptr_equal(replica->opener, held->opener);
	assert_int_equal(replica->totals.pushed, held->totals.pushed);
	assert_int_equal(replica->totals.pulled, held->totals.pulled);
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

static void move_all(void)
{
	const struct epoch_key *key;
	const struct digest version = {{1}};

	hold_more();
	run.roster_index = run.roster->statements_count - 1;
	run.facts.public.head = (struct head){run.facts.public.head.seq + 1, {{2}}};
	run.facts.public.acknowledged_ms += 1;
	run.facts.public.pulled_ms += 1;
	root_add(&run.sum, view_text("nobody's"), &version);
	assert_engine(&pair.a, replica_key(&run, 2, &key), ENGINE_OK);
	run.opener = &pair.b.keys;
	run.totals = (struct sync_totals){.pushed = 1, .pulled = 2, .deletions = 3};
}

static void an_undo_brings_all_back(void **state)
{
	const struct epoch_key *key;
	struct held held;

	(void)state;
	assert_engine(&pair.a, replica_key(&run, 1, &key), ENGINE_OK);
	held = held_by(&run);
	for (unsigned times = 0; times < 2; times++) {
		assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
		move_all();
		if (times == 1)
			hold_more(); /* the roster in between is nobody's any more */
		transaction_undo(&run);
		assert_held(&run, &held);
		assert_int_equal(run.totals.deletions, 3); /* the brake's count */
		assert_false(run.saved.open);
	}
	bytes_clear(&held.roster);
}

/* Segments under way are sealed by it on other threads, while an answer is undone here. */
static void an_undo_leaves_a_key_that_did_not_change_alone(void **state)
{
	const struct epoch_key *key;
	struct epoch_key written;

	(void)state;
	assert_engine(&pair.a, replica_key(&run, 1, &key), ENGINE_OK);
	assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
	run.key.bytes[0] ^= 1; /* what the undo writes there would be seen */
	written = run.key;
	transaction_undo(&run);
	assert_ptr_equal(key, &run.key);
	assert_memory_equal(&run.key, &written, sizeof(written));
}

/* Whichever call fails, the commit itself is the last. */
static void what_cannot_be_committed_is_undone(void **state)
{
	struct each each = {.of = "a commit"};
	struct held held = held_by(&run);

	(void)state;
	while (each_next(&each)) {
		enum engine_result result;

		assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
		move_all();
		journal_arm(&pair.a, each.nth);
		result = transaction_finish(&run, ENGINE_OK);
		each.hit = journal_disarm(&pair.a);
		assert_engine(&pair.a, result, each.hit ? ENGINE_FULL : ENGINE_OK);
		assert_false(run.saved.open);
		if (each.hit)
			assert_held(&run, &held);
	}
	assert_int_equal(run.roster_known, run.roster->statements_count);
	assert_int_equal(run.totals.pushed, 1);
	bytes_clear(&held.roster);
}

static void what_went_wrong_is_told_and_undone(void **state)
{
	struct held held = held_by(&run);

	(void)state;
	assert_engine(&pair.a, transaction_begin_light(&run), ENGINE_OK);
	move_all();
	assert_engine(&pair.a, transaction_finish(&run, ENGINE_ROOT), ENGINE_ROOT);
	assert_held(&run, &held);
	bytes_clear(&held.roster);
}

/* The answer says that the frame in flight is the log's. */
static struct sync_answer committed(const struct sync *sync)
{
	struct sync_answer answer = {.status = SYNC_COMMITTED,
	    .head = log_frame_head(&sync->push.frame),
	    .time_ms = pair.world.now_ms};

	answer.incarnation[0] = 1;
	return answer;
}

/*
 * While it recovers a device holds the roster that its own statement leads to from the answer on.
 * If that can't be stored, the machine is left as it was: it holds no roster that nothing has
 * stored.
 */
static void a_statement_that_could_not_be_stored_is_not_held(void **state)
{
	const struct sync_options options = {.recovery = &c.recovery};
	struct each each = {.of = "an answer"};

	(void)state;
	while (each_next(&each)) {
		struct sync *sync = NULL;
		struct sync_want want;
		struct sync_answer answer;
		struct held held;

		call_init(&c.call, INT64_MAX);
		assert_engine(&c, sync_new(&c.engine, &options, &c.call, &sync), ENGINE_OK);
		sync->standing = STANDING_CURRENT;
		sync_next(sync, &want);
		assert_int_equal(want.kind, SYNC_WANT_EXCHANGE);
		assert_int_equal(want.request->frames_count, 1);
		answer = committed(sync);
		held = held_by(&sync->replica);
		journal_arm(&c, each.nth);
		sync_exchanged(sync, &answer);
		each.hit = journal_disarm(&c);
		if (each.hit) {
			assert_int_equal(sync->phase, PHASE_OVER);
			assert_int_equal(sync->result, ENGINE_FULL);
			assert_held(&sync->replica, &held);
		} else {
			assert_int_equal(sync->phase, PHASE_DECIDE);
			assert_int_equal(sync->replica.roster->statements_count, 2);
			assert_false(sync->replica.facts.public.recovering);
		}
		bytes_clear(&held.roster);
		sync_free(sync);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_undo_brings_all_back, setup, teardown),
    cmocka_unit_test_setup_teardown(
	an_undo_leaves_a_key_that_did_not_change_alone, setup, teardown),
    cmocka_unit_test_setup_teardown(what_cannot_be_committed_is_undone, setup, teardown),
    cmocka_unit_test_setup_teardown(what_went_wrong_is_told_and_undone, setup, teardown),
    cmocka_unit_test_setup_teardown(
	a_statement_that_could_not_be_stored_is_not_held, setup, teardown),
};

TEST_MAIN(tests)
