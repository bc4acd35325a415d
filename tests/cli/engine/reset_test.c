/*
 * tests/cli/engine/reset_test.c: resets: a bucket that went back to an older copy, a log that
 * cannot be followed; one device begins the cloud copy anew, and nothing that any device holds is
 * lost.
 */
#include "cli/engine/transaction.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trio {
	struct world world;
	struct device a, b, c;
	struct bytes old; /* a manifest of earlier */
};

static struct trio trio;

static int trio_setup(void **state)
{
	devices_pair(&trio.world, &trio.a, &trio.b, 5);
	device_open(&trio.c, &trio.world);
	device_join(&trio.c);
	assert_synced(&trio.c);
	assert_synced(&trio.a);
	assert_synced(&trio.b);
	trio.old = (struct bytes){0};
	trio.world.now_ms += 3600000;
	*state = &trio;
	return 0;
}

static int trio_teardown(void **state)
{
	(void)state;
	bytes_clear(&trio.old);
	device_close(&trio.a);
	device_close(&trio.b);
	device_close(&trio.c);
	world_close(&trio.world);
	return 0;
}

static void later(void)
{
	trio.world.now_ms += 600000;
}

static void forget_caches(void)
{
	account_cache_clear(&trio.a.cache);
	account_cache_clear(&trio.b.cache);
	account_cache_clear(&trio.c.cache);
}

static void keep_copy(void)
{
	bytes_clear(&trio.old);
	world_manifest(&trio.world, &trio.old);
}

static void restore_copy(void)
{
	world_manifest_set(&trio.world, view_bytes(&trio.old));
	forget_caches();
}

static void assert_reset(struct device *device)
{
	device->reseed = true;
	assert_synced(device);
	device->reseed = false;
	assert_true(device->totals.reset);
	assert_int_equal(device_activity(device, ACTIVITY_RESET), 1);
}

static void assert_all_same(void)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_synced(&trio.a);
		assert_synced(&trio.b);
		assert_synced(&trio.c);
	}
	assert_same(&trio.a, &trio.b);
	assert_same(&trio.a, &trio.c);
}

/* The gateway was restored: a has seen more than is there, b and c work on and do not notice. */
static void fork_log(void)
{
	keep_copy();
	later();
	(void)device_save(&trio.a, "e0", "acknowledged, then rolled back");
	device_new(&trio.a, "new", "acknowledged, then rolled back");
	device_delete(&trio.a, "e1");
	assert_synced(&trio.a);
	(void)device_save(&trio.a, "e2", "of a, twice");
	assert_synced(&trio.a);
	restore_copy();
	later();
	(void)device_save(&trio.b, "e3", "on the branch");
	device_new(&trio.b, "branch", "on the branch");
	assert_synced(&trio.b);
	assert_engine(&trio.a, device_sync(&trio.a), ENGINE_ROLLBACK);
}

static void a_rollback_is_no_reason_without_a_person(void **state)
{
	(void)state;
	fork_log();
	assert_false(trio.a.totals.reset);
	assert_content(&trio.a, "e0", "acknowledged, then rolled back");
	assert_content(&trio.a, "e3", "as it was at first");
}

static void after_a_reset_all_is_there(void **state)
{
	(void)state;
	fork_log();
	assert_reset(&trio.a);
	assert_all_same();
	assert_content(&trio.c, "e0", "acknowledged, then rolled back");
	assert_content(&trio.c, "new", "acknowledged, then rolled back");
	assert_content(&trio.c, "e2", "of a, twice");
	assert_content(&trio.c, "e3", "on the branch");
	assert_content(&trio.c, "branch", "on the branch");
	assert_true(device_deleted(&trio.c, "e1"));
	assert_int_equal(device_activity(&trio.b, ACTIVITY_RESET), 1);
}

/* The others were busy all the time, on the branch: the one who resets has not heard of it. */
static void nobody_is_silent_from_before_a_reset(void **state)
{
	(void)state;
	fork_log();
	trio.world.now_ms += 200 * INT64_C(86400000);
	(void)device_save(&trio.b, "e3", "half a year later");
	assert_synced(&trio.b);
	assert_reset(&trio.a);
	(void)device_save(&trio.a, "e2", "with a patch that could purge");
	assert_synced(&trio.a);
	assert_true(device_deleted(&trio.a, "e1"));
	assert_all_same();
	assert_false(device_has(&trio.c, "e1")); /* now that all know of it */
	assert_content(&trio.c, "e3", "half a year later");
}

static void unsynced_edits_outlive_a_reset(void **state)
{
	(void)state;
	fork_log();
	later();
	(void)device_save(&trio.a, "e4", "unsynced at a");
	later();
	(void)device_save(&trio.c, "e4", "unsynced at c");
	device_new(&trio.c, "c-new", "unsynced at c");
	assert_reset(&trio.a);
	assert_all_same();
	assert_content(&trio.a, "e4", "unsynced at c");
	assert_content(&trio.a, "c-new", "unsynced at c");
	assert_true(device_keeps(&trio.c, "e4", HISTORY_LOSER, "unsynced at a"));
}

/* The bases of the branch count for nothing: b's later edit is no "unchanged since the base". */
static void an_edit_of_the_branch_is_judged_without_base(void **state)
{
	(void)state;
	fork_log();
	later();
	(void)device_save(&trio.b, "e0", "the branch's, later");
	(void)device_save(&trio.b, "e1", "the branch's, after the deletion");
	assert_synced(&trio.b);
	assert_reset(&trio.a);
	assert_all_same();
	assert_content(&trio.a, "e0", "the branch's, later");
	assert_content(&trio.a, "e1", "the branch's, after the deletion");
	assert_true(device_keeps(&trio.b, "e0", HISTORY_LOSER, "acknowledged, then rolled back"));
}

/* A deletion on the branch, before or after an edit that the reset brings. */
static void a_tombstone_wins_over_what_is_not_newer(void **state)
{
	(void)state;
	keep_copy();
	later();
	(void)device_save(&trio.a, "e0", "older than its deletion");
	assert_synced(&trio.a);
	later();
	(void)device_save(&trio.a, "e1", "a second edit");
	assert_synced(&trio.a);
	restore_copy();
	trio.b.skew_ms = -300000;
	device_delete(&trio.b, "e1"); /* five minutes before a's edit */
	trio.b.skew_ms = 0;
	device_delete(&trio.b, "e0"); /* later than a's */
	assert_synced(&trio.b);
	assert_reset(&trio.a);
	assert_all_same();
	assert_true(device_deleted(&trio.a, "e0"));
	assert_true(device_keeps(&trio.c, "e0", HISTORY_LOSER, "older than its deletion"));
	assert_content(&trio.b, "e1", "a second edit");
}

static void one_copy_of_a_version_that_two_devices_hold(void **state)
{
	(void)state;
	keep_copy();
	(void)device_save(&trio.a, "e0", "by a");
	assert_synced(&trio.a);
	restore_copy();
	trio.world.now_ms += 30000;
	(void)device_save(&trio.b, "e0", "by b, on the branch");
	assert_synced(&trio.b);
	assert_synced(&trio.c); /* holds b's version, and did not make it */
	assert_engine(&trio.a, device_sync(&trio.a), ENGINE_ROLLBACK);
	assert_reset(&trio.a);
	assert_synced(&trio.c);
	assert_all_same();
	assert_int_equal(device_counts(&trio.a).conflicts_count, 1);
	assert_content(&trio.a, "e0", "by b, on the branch");
}

/* b had seen more than the reset's maker: it says so, and may reset in turn. */
static void who_has_seen_more_resets_in_turn(void **state)
{
	(void)state;
	keep_copy();
	later();
	for (unsigned i = 0; i < 6; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "b%u", i);
		(void)device_save(&trio.b, "e0", text);
		assert_synced(&trio.b);
		if (i == 0)
			assert_synced(&trio.a);
	}
	restore_copy();
	assert_reset(&trio.a);
	assert_engine(&trio.b, device_sync(&trio.b), ENGINE_ROLLBACK);
	later();
	(void)device_save(&trio.a, "e4", "after a's reset");
	assert_synced(&trio.a);
	assert_reset(&trio.b);
	assert_all_same();
	assert_content(&trio.a, "e0", "b5");
	assert_content(&trio.b, "e4", "after a's reset");
}

static void a_reset_whose_answer_was_lost_is_made_once(void **state)
{
	struct head head;

	(void)state;
	fork_log();
	(void)device_save(&trio.a, "e4", "unsynced at a");
	trio.a.reseed = true;
	trio.a.dies_at_commit = true;
	(void)device_sync(&trio.a);
	trio.a.dies_at_commit = false;
	trio.a.reseed = false;
	device_restart(&trio.a);
	assert_synced(&trio.a);
	assert_int_equal(trio.a.totals.conflicts, 0);
	assert_int_equal(device_activity(&trio.a, ACTIVITY_RESET), 1);
	head = device_facts(&trio.a).head;
	assert_all_same();
	assert_true(device_facts(&trio.a).head.seq >= head.seq);
	assert_content(&trio.b, "e4", "unsynced at a");
}

/* … and what it acknowledges by that is known here as it is to whoever takes it. */
static void a_reset_that_is_met_is_its_makers_last_frame(void **state)
{
	struct device *a = &trio.a;
	struct sync_facts facts;
	uint64_t seq = 0;
	int64_t time_ms = 0;

	(void)state;
	fork_log();
	a->reseed = true;
	a->dies_at_commit = true;
	(void)device_sync(a);
	a->dies_at_commit = false;
	a->reseed = false;
	device_restart(a);
	assert_synced(a);
	facts = device_facts(a);
	assert_int_equal(facts.head.seq, facts.reset_seq); /* nothing has followed it */
	assert_int_equal(facts.acknowledged_ms, trio.world.now_ms);
	assert_int_equal(
	    a->engine.journal.ops->device_get(a->store, &a->keys.id, &a->call, &seq, &time_ms),
	    JOURNAL_OK);
	assert_int_equal(seq, facts.reset_seq);
	assert_all_same();
}

/* A healthy log is followed: there is nothing to give up. */
static void a_log_that_holds_is_not_given_up(void **state)
{
	(void)state;
	(void)device_save(&trio.b, "e3", "pushed");
	assert_synced(&trio.b);
	trio.a.reseed = true;
	assert_synced(&trio.a);
	trio.a.reseed = false;
	assert_false(trio.a.totals.reset);
	assert_content(&trio.a, "e3", "pushed");
	assert_int_equal(device_facts(&trio.a).reset_seq, 0);
}

static void push_branch(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0 || device->times > 0)
		return;
	device->times = 1;
	(void)device_save(device->other, "e4", "in between");
	assert_synced(device->other);
}

static void a_reset_that_loses_a_race_is_made_again(void **state)
{
	(void)state;
	fork_log();
	trio.a.before = push_branch;
	trio.a.other = &trio.b;
	trio.a.times = 0;
	assert_reset(&trio.a);
	trio.a.before = NULL;
	assert_int_equal(trio.a.times, 1);
	assert_all_same();
	assert_content(&trio.a, "e4", "in between");
}

/* The branch has outgrown by then what the reset's maker has seen: it is no rollback any more. */
static void outgrow(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0 || device->times > 0)
		return;
	device->times = 1;
	for (unsigned i = 0; i < 6; i++) {
		(void)device_save(device->other, "e4", i % 2 == 0 ? "outgrows" : "outgrown");
		assert_synced(device->other);
	}
	assert_true(device_facts(device->other).head.seq > device_facts(device).known_head.seq);
}

static void a_reset_that_loses_to_a_longer_log_is_made_again(void **state)
{
	(void)state;
	fork_log();
	trio.a.before = outgrow;
	trio.a.other = &trio.b;
	trio.a.times = 0;
	assert_reset(&trio.a);
	trio.a.before = NULL;
	assert_int_equal(trio.a.times, 1);
	assert_all_same();
	assert_content(&trio.a, "e4", "outgrown");
	assert_content(&trio.b, "e2", "of a, twice");
}

/* An ordinary poll: of the reset that was given up nothing is in it. */
static void assert_poll(struct device *device, const struct sync_request *request)
{
	struct head head = device_facts(device).head;

	assert_int_equal(request->frames_count, 0);
	assert_null(request->roster.data);
	assert_true(head_equal(&request->cursor, &head));
}

static bool busy_for_the_reset(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	if (device->times == 1) {
		device->times = 2;
		assert_poll(device, request);
	}
	if (device->times > 0 || request->frames_count == 0)
		return false;
	device->times = 1;
	answer->status = SYNC_LATER;
	answer->retry_after_ms = 100;
	return true;
}

static void a_reset_that_has_to_wait_is_made_again(void **state)
{
	(void)state;
	fork_log();
	trio.a.instead = busy_for_the_reset;
	trio.a.times = 0;
	assert_reset(&trio.a);
	trio.a.instead = NULL;
	assert_int_equal(trio.a.times, 2);
	assert_all_same();
	assert_content(&trio.c, "e2", "of a, twice");
}

/* b has taken the reset and gone on before a hears of it. */
static void b_goes_on(struct device *device, struct sync_answer *answer)
{
	if (answer->status != SYNC_COMMITTED || device->times > 0)
		return;
	device->times = 1;
	assert_synced(device->other);
	(void)device_save(device->other, "e4", "right after the reset");
	assert_synced(device->other);
	answer->head = device_facts(device->other).head;
}

/* The next look begins at the reset, and not at the head that the acknowledgement told of. */
static void what_follows_a_reset_is_pulled_in_its_run(void **state)
{
	struct head there;
	struct sync_facts facts;

	(void)state;
	fork_log();
	trio.a.answered = b_goes_on;
	trio.a.other = &trio.b;
	trio.a.times = 0;
	assert_reset(&trio.a);
	trio.a.answered = NULL;
	assert_int_equal(trio.a.times, 1);
	facts = device_facts(&trio.a);
	there = device_facts(&trio.b).head;
	assert_true(head_equal(&facts.head, &there));
	assert_content(&trio.a, "e4", "right after the reset");
	assert_all_same();
}

/* One bit of the last frame but one: what follows it does not hold either. */
static void spoil_last_but_one(void)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct bytes out = {0};
	struct bytes frame = {0};

	assert_non_null(manifest);
	world_manifest(&trio.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_true(manifest->tail_count >= 2);
	assert_true(bytes_copy(manifest->tail[manifest->tail_count - 2], &frame));
	frame.data[frame.len - 1] ^= 1;
	manifest->tail[manifest->tail_count - 2] = view_bytes(&frame);
	assert_int_equal(manifest_encode(manifest, &out), FORMAT_OK);
	world_manifest_set(&trio.world, view_bytes(&out));
	forget_caches();
	bytes_clear(&frame);
	bytes_clear(&out);
	bytes_clear(&bytes);
	free(manifest);
}

static void a_log_that_cannot_be_followed_is_given_up(void **state)
{
	(void)state;
	later();
	(void)device_save(&trio.b, "e3", "in the frame that is spoiled");
	assert_synced(&trio.b);
	(void)device_save(&trio.b, "e2", "in the last frame");
	assert_synced(&trio.b);
	spoil_last_but_one();
	(void)device_save(&trio.a, "e4", "unsynced at a");
	assert_engine(&trio.a, device_sync(&trio.a), ENGINE_DAMAGED);
	assert_engine(&trio.b, device_sync(&trio.b), ENGINE_DAMAGED);
	assert_reset(&trio.b); /* it has what the spoiled frame said */
	assert_all_same();
	assert_content(&trio.c, "e3", "in the frame that is spoiled");
	assert_content(&trio.c, "e2", "in the last frame");
	assert_content(&trio.c, "e4", "unsynced at a");
}

/* The log from there on cannot be read, but its last statement is in the roster: the reset carries
 * it, and whoever takes the reset counts that device from its joining. */
static void a_reset_tells_of_a_device_that_its_maker_has_not_met(void **state)
{
	struct device *c = &trio.c;
	struct device d;
	uint64_t seq = 1;
	int64_t time_ms = 0;
	int64_t joined_ms;

	(void)state;
	(void)device_save(&trio.b, "e3", "in the frame that is spoiled");
	assert_synced(&trio.b);
	later();
	joined_ms = trio.world.now_ms;
	device_open(&d, &trio.world);
	device_join(&d);
	assert_synced(&d);
	later();
	spoil_last_but_one();
	account_cache_clear(&d.cache);
	assert_reset(&trio.a);
	assert_synced(c);
	assert_int_equal(
	    c->engine.journal.ops->device_get(c->store, &d.keys.id, &c->call, &seq, &time_ms),
	    JOURNAL_OK);
	assert_int_equal(seq, 0);
	assert_int_equal(time_ms, joined_ms);
	assert_synced(&d);
	assert_all_same();
	assert_synced(&d);
	assert_same(&d, &trio.a);
	assert_content(&d, "e3", "in the frame that is spoiled");
	device_close(&d);
}

/* The log has gone back, as two answers say; then it has not. */
static void lower_twice(struct device *device, struct sync_answer *answer)
{
	if (device->exchanges <= 2)
		answer->head = (struct head){1, {{1}}};
}

/* The roster there is asked for before a reset is made, and the log is looked at once more. */
static void a_log_that_holds_by_then_is_not_given_up(void **state)
{
	struct device d;

	(void)state;
	device_open(&d, &trio.world);
	device_join(&d);
	assert_synced(&d);
	trio.a.answered = lower_twice;
	trio.a.reseed = true;
	assert_synced(&trio.a);
	trio.a.reseed = false;
	trio.a.answered = NULL;
	assert_int_equal(trio.a.waits, 1);
	assert_int_equal(trio.a.gets, 1);
	assert_false(trio.a.totals.reset);
	assert_int_equal(device_facts(&trio.a).reset_seq, 0);
	assert_all_same();
	assert_same(&trio.a, &d);
	device_close(&d);
}

/* The log goes on after the first piece of it, and the second one is no frame at all. */
static void spoil_second_piece(struct device *device, struct sync_answer *answer)
{
	if (device->times == 0)
		answer->more = true;
	if (device->times == 1) {
		assert_null(answer->frames);
		answer->status = SYNC_BEHIND;
		answer->frames = calloc(1, sizeof(*answer->frames));
		assert_non_null(answer->frames);
		answer->frames[0] = view_text("no frame");
		answer->frames_count = 1;
	}
	device->times++;
}

/* In the same run: the reset has put this device at the head, so its own edits can follow. */
static void edits_go_with_a_reset_in_the_middle_of_a_pull(void **state)
{
	(void)state;
	later();
	(void)device_save(&trio.b, "e3", "of the first piece");
	assert_synced(&trio.b);
	(void)device_save(&trio.a, "e4", "unsynced at a");
	trio.a.answered = spoil_second_piece;
	assert_reset(&trio.a);
	trio.a.answered = NULL;
	assert_int_equal(device_counts(&trio.a).dirty_count, 0);
	assert_all_same();
	assert_content(&trio.c, "e3", "of the first piece");
	assert_content(&trio.c, "e4", "unsynced at a");
}

/* A device that was away for long meets a snapshot behind the reset, and does not miss the reset.
 */
static void a_snapshot_behind_a_reset_speaks_of_it(void **state)
{
	char id[24];

	(void)state;
	fork_log();
	later();
	(void)device_save(&trio.c, "e0", "unsynced at c, later"); /* c stands before the fork */
	assert_reset(&trio.a);
	for (unsigned i = 0; i < 12; i++) {
		char *text = made_text(&trio.world.made, 100000);

		(void)snprintf(id, sizeof(id), "long%u", i);
		device_new(&trio.a, id, text);
		free(text);
	}
	assert_synced(&trio.a); /* a load: the manifest's snapshot is no reset any more */
	for (unsigned i = 0; i < 12; i++) {
		char *text = made_text(&trio.world.made, 3000);

		(void)device_save(&trio.a, "e4", text);
		free(text);
		assert_synced(&trio.a);
	}
	world_sweep(&trio.world);
	forget_caches();
	assert_synced(&trio.b);
	assert_true(device_facts(&trio.b).reset_seq > 0);
	assert_content(&trio.b, "branch", "on the branch");
	assert_all_same();
	assert_content(&trio.a, "branch", "on the branch");
	assert_content(&trio.a, "e3", "on the branch");
	assert_content(&trio.a, "e0", "unsynced at c, later");
	assert_true(device_facts(&trio.c).reset_seq > 0);
}

/* Many deletions in a reset: the brake asks, as it does for a pull. */
static void the_brake_holds_a_reset_too(void **state)
{
	char id[24];

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(id, sizeof(id), "many%u", i);
		device_new(&trio.a, id, "to be deleted");
	}
	assert_synced(&trio.a);
	assert_synced(&trio.b);
	keep_copy();
	later();
	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(id, sizeof(id), "many%u", i);
		device_delete(&trio.a, id);
	}
	assert_engine(&trio.a, device_sync_with(&trio.a, true), ENGINE_OK);
	restore_copy();
	assert_reset(&trio.a);
	assert_engine(&trio.b, device_sync(&trio.b), ENGINE_BRAKE);
	assert_int_equal(trio.b.totals.deletions, 30);
	assert_false(device_deleted(&trio.b, "many3"));
	assert_engine(&trio.b, device_sync_with(&trio.b, true), ENGINE_OK);
	assert_true(device_deleted(&trio.b, "many3"));
}

static struct {
	struct blob_name names[8];
	size_t count;
} put;

static void note_put(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)device;
	(void)blob;
	assert_true(put.count < COUNT_OF(put.names));
	put.names[put.count++] = *name;
}

/* The very state was put before, by this device; what the bucket has made of it since is not asked.
 */
static void a_reset_relies_on_nothing_that_was_put(void **state)
{
	char key[BUCKET_KEY_MAX + 1];
	struct device d;

	(void)state;
	keep_copy();
	(void)device_save(&trio.a, "e0", "acknowledged, then rolled back");
	assert_synced(&trio.a);
	restore_copy();
	put.count = 0;
	trio.a.got = note_put; /* what was put is read back */
	assert_reset(&trio.a);
	trio.a.got = NULL;
	assert_true(put.count >= 2); /* a segment, and the index */
	for (size_t i = 0; i < put.count; i++) {
		world_blob_key(&trio.world, &put.names[i], key);
		assert_true(memory_flip(trio.world.store, key, 100, 1));
	}
	restore_copy();
	trio.a.reseed = true;
	assert_synced(&trio.a);
	trio.a.reseed = false;
	assert_true(trio.a.totals.reset);
	device_open(&d, &trio.world);
	device_join(&d);
	assert_synced(&d);
	assert_synced(&trio.a);
	assert_same(&trio.a, &d);
	device_close(&d);
}

/* A device that was never in step has nothing to put in the log's place. */
static void who_was_never_in_step_resets_nothing(void **state)
{
	struct device d;

	(void)state;
	fork_log();
	device_open(&d, &trio.world);
	device_join(&d);
	d.reseed = true;
	assert_synced(&d);
	assert_false(d.totals.reset);
	device_close(&d);
}

/* The highest head that a has seen stands so far above the one there. */
static void has_seen_more(uint64_t above)
{
	struct stored_facts facts;
	struct call *call = &trio.a.call;

	call_init(call, trio.world.now_ms + 60000);
	assert_engine(&trio.a, facts_load(&trio.a.engine, call, &facts), ENGINE_OK);
	facts.public.known_head = (struct head){facts.public.head.seq + above, {{1}}};
	assert_int_equal(trio.a.engine.journal.ops->begin(trio.a.store, call), JOURNAL_OK);
	assert_engine(&trio.a,
	    engine_finish(&trio.a.engine, facts_store(&trio.a.engine, &facts, call), call),
	    ENGINE_OK);
}

/* What would be refused is not begun: it is said, with what helps. */
static void a_reset_out_of_reach_is_not_begun(void **state)
{
	struct head head = device_facts(&trio.a).head;

	(void)state;
	has_seen_more(RESET_SKIP_MAX);
	trio.a.reseed = true;
	trio.a.counts = (struct bucket_counts){0};
	assert_engine(&trio.a, device_sync(&trio.a), ENGINE_ROLLBACK);
	assert_int_equal(trio.a.counts.put, 0);
	assert_non_null(strstr(trio.a.call.message, "recover"));
	has_seen_more(RESET_SKIP_MAX - 1);
	assert_reset(&trio.a);
	assert_int_equal(device_facts(&trio.a).head.seq, head.seq + RESET_SKIP_MAX);
	(void)device_save(&trio.a, "e0", "and on");
	assert_all_same();
	assert_content(&trio.b, "e0", "and on");
}

/* a's reset, signed anew so that it stands `times` places less than it may above b's head. */
static void lengthen_skip(struct device *device, struct sync_answer *answer)
{
	struct bytes encoded = {0};
	struct frame frame;

	if (answer->status != SYNC_FAR_BEHIND)
		return;
	assert_int_equal(frame_decode(answer->snapshot, &frame), FORMAT_OK);
	frame.header.seq = device_facts(device).head.seq + RESET_SKIP_MAX + 1 - device->times;
	frame.header.abandoned.seq = frame.header.seq - 1;
	assert_int_equal(
	    frame_encode(&frame.header, frame.body, trio.a.keys.sign_secret, &encoded), FORMAT_OK);
	answer->snapshot = view_bytes(&encoded);
	answer->head.seq = frame.header.seq;
	assert_true(sync_answer_keep(answer, &encoded));
}

/* Who knows the head that a reset follows sees how far it skips, whatever the gateway let pass. */
static void a_reset_from_out_of_reach_is_refused(void **state)
{
	(void)state;
	fork_log();
	assert_synced(&trio.b);
	assert_reset(&trio.a);
	trio.b.answered = lengthen_skip;
	for (trio.b.times = 0; trio.b.times < 2; trio.b.times++) {
		assert_engine(&trio.b, device_sync(&trio.b), ENGINE_DAMAGED);
		/* 1: in reach, but the seal is over another place */
		assert_true(
		    (strstr(trio.b.call.message, "skips too many") != NULL) == (trio.b.times == 0));
	}
	trio.b.answered = NULL;
	assert_all_same();
}

/*
 * A sum that rotted here: no row shows it, so patches go out with a root that no state gives. The
 * device that is to blame finds out by its next load, and must not be kept from a reset by it.
 */
static void a_reset_counts_its_root_anew(void **state)
{
	const struct journal *journal = &trio.a.engine.journal;
	char *large = made_text(&trio.world.made, 1200u << 10);
	struct bytes sum = {0};

	(void)state;
	call_init(&trio.a.call, INT64_MAX);
	assert_int_equal(
	    journal->ops->meta_get(journal->self, META_ROOT, &trio.a.call, &sum), JOURNAL_OK);
	sum.data[100] ^= 4;
	assert_int_equal(journal->ops->begin(journal->self, &trio.a.call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_ROOT, view_bytes(&sum), &trio.a.call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &trio.a.call), JOURNAL_OK);
	bytes_clear(&sum);
	(void)device_save(&trio.a, "e1", "with a root that no state gives");
	assert_synced(&trio.a);
	assert_engine(&trio.b, device_sync(&trio.b), ENGINE_ROOT);
	device_new(&trio.a, "large", large);
	free(large);
	assert_engine(&trio.a, device_sync(&trio.a), ENGINE_ROOT);
	assert_reset(&trio.a);
	assert_all_same();
	assert_true(device_has(&trio.c, "large"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	a_rollback_is_no_reason_without_a_person, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(after_a_reset_all_is_there, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(a_reset_counts_its_root_anew, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	nobody_is_silent_from_before_a_reset, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(unsynced_edits_outlive_a_reset, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	an_edit_of_the_branch_is_judged_without_base, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_tombstone_wins_over_what_is_not_newer, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	one_copy_of_a_version_that_two_devices_hold, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(who_has_seen_more_resets_in_turn, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_whose_answer_was_lost_is_made_once, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_that_is_met_is_its_makers_last_frame, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(a_log_that_holds_is_not_given_up, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_that_loses_a_race_is_made_again, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_that_loses_to_a_longer_log_is_made_again, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_that_has_to_wait_is_made_again, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	what_follows_a_reset_is_pulled_in_its_run, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_log_that_cannot_be_followed_is_given_up, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_tells_of_a_device_that_its_maker_has_not_met, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_log_that_holds_by_then_is_not_given_up, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	edits_go_with_a_reset_in_the_middle_of_a_pull, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_snapshot_behind_a_reset_speaks_of_it, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(a_reset_out_of_reach_is_not_begun, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_from_out_of_reach_is_refused, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_relies_on_nothing_that_was_put, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(the_brake_holds_a_reset_too, trio_setup, trio_teardown),
    cmocka_unit_test_setup_teardown(
	who_was_never_in_step_resets_nothing, trio_setup, trio_teardown),
};

TEST_MAIN(tests)
