/*
 * tests/cli/engine/sync_test.c: two or three devices that behave, through the real account code:
 * first push, deltas, pulls, conflicts near and far, deletions, the brake, recovery, lost races.
 * What is refused is in sync_refuse_test.c; bodies, loads and snapshots in files of their own.
 */
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int thirty_setup(void **state)
{
	devices_pair(&pair.world, &pair.a, &pair.b, 30);
	*state = &pair;
	return 0;
}

static int sixty_setup(void **state)
{
	devices_pair(&pair.world, &pair.a, &pair.b, 60);
	*state = &pair;
	return 0;
}

static void the_first_push_is_a_load(void **state)
{
	struct frame frame;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	(void)state;
	assert_non_null(manifest);
	assert_same(&pair.a, &pair.b);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_int_equal(manifest->head.seq, 2); /* the load, and the statement that added b */
	assert_int_equal(frame_decode(manifest->tail[0], &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_LOAD);
	assert_int_equal(frame_decode(manifest->tail[1], &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_STATEMENT);
	assert_int_equal(device_counts(&pair.b).entries_count, 30);
	bytes_clear(&bytes);
	free(manifest);
}

static void an_edit_is_one_put_and_a_delta(void **state)
{
	struct made_random made = {0};
	char *text = made_text(&made, 3000);

	(void)state;
	(void)device_save(&pair.a, "e7", text);
	assert_synced(&pair.a);
	text[1500] = text[1500] == 'x' ? 'y' : 'x';
	(void)device_save(&pair.a, "e7", text);
	pair.a.counts = (struct bucket_counts){0};
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.deltas, 1);
	assert_int_equal(pair.a.totals.pushed, 1);
	assert_int_equal(pair.a.exchanges, 1);
	assert_int_equal(pair.a.counts.put, 1);
	assert_int_equal(pair.a.counts.get + pair.a.counts.list + pair.a.counts.remove, 0);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.pulled, 1);
	assert_content(&pair.b, "e7", text);
	assert_same(&pair.a, &pair.b);
	free(text);
}

static void no_change_is_one_get(void **state)
{
	(void)state;
	pair.a.counts = (struct bucket_counts){0};
	assert_synced(&pair.a);
	assert_int_equal(pair.a.counts.get, 1);
	assert_int_equal(pair.a.counts.put + pair.a.counts.list + pair.a.counts.remove, 0);
	assert_int_equal(pair.a.totals.pulled + pair.a.totals.pushed, 0);
}

static void acknowledged_edits_are_clean_and_later_ones_are_not(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "one");
	assert_int_equal(device_counts(&pair.a).dirty_count, 1);
	assert_synced(&pair.a);
	assert_int_equal(device_counts(&pair.a).dirty_count, 0);
	assert_int_equal(device_facts(&pair.a).acknowledged_ms, pair.world.now_ms);
	assert_int_equal(device_activity(&pair.a, ACTIVITY_PUSHED), 2); /* the load, and this */
}

/* Nothing to pull, something pulled, something pushed: each is a look at the remote. */
static void a_run_that_ends_well_has_seen_the_remote(void **state)
{
	int64_t at_first = device_facts(&pair.b).pulled_ms;

	(void)state;
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).pulled_ms, pair.world.now_ms);
	assert_true(device_facts(&pair.b).pulled_ms > at_first);
	pair.world.now_ms += 60000;
	(void)device_save(&pair.a, "e1", "one");
	assert_synced(&pair.a);
	assert_int_equal(device_facts(&pair.a).pulled_ms, pair.world.now_ms);
	pair.world.now_ms += 60000;
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).pulled_ms, pair.world.now_ms);
}

/* While the request travels the person edits on. */
static void edit_on(struct device *device, const struct sync_request *request)
{
	device->before = NULL;
	assert_int_equal(request->frames_count, 1);
	device->world->now_ms += 5;
	(void)device_save(device, "e1", "typed while it was sent");
}

static void an_edit_made_meanwhile_stays_dirty(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "sent");
	pair.a.before = edit_on;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.pushed, 2); /* the same run sends it after */
	assert_int_equal(pair.a.totals.conflicts, 0);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "typed while it was sent");
	assert_true(device_keeps(&pair.a, "e1", HISTORY_EDIT, "sent"));
	assert_same(&pair.a, &pair.b);
}

/* Two edits of one entry, apart_ms from each other; a syncs first, then b, then a. */
static void concurrent_edits(int64_t apart_ms)
{
	(void)device_save(&pair.a, "e3", "by a");
	pair.world.now_ms += apart_ms;
	(void)device_save(&pair.b, "e3", "by b");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void near_edits_are_both_kept(void **state)
{
	char copy[COPY_ID_LEN + 1];

	(void)state;
	concurrent_edits(60000);
	entry_copy_id(view_text("e3"), &pair.a.keys.id, copy); /* what a lost */
	for (unsigned i = 0; i < 2; i++) {
		struct device *device = i == 0 ? &pair.a : &pair.b;

		assert_content(device, "e3", "by b");
		assert_content(device, copy, "by a");
		assert_int_equal(device_counts(device).conflicts_count, 1);
	}
	assert_int_equal(device_activity(&pair.b, ACTIVITY_COPY), 1);
}

/* A second conflict of the same entry and device is a new version of the same copy. */
static void a_second_loser_is_the_same_copy(void **state)
{
	char copy[COPY_ID_LEN + 1];

	(void)state;
	concurrent_edits(60000);
	pair.world.now_ms += 3600000;
	(void)device_save(&pair.a, "e3", "by a, again");
	pair.world.now_ms += 1000;
	(void)device_save(&pair.b, "e3", "by b, again");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
	entry_copy_id(view_text("e3"), &pair.a.keys.id, copy);
	assert_content(&pair.a, copy, "by a, again");
	assert_int_equal(device_counts(&pair.a).conflicts_count, 1);
	assert_true(device_keeps(&pair.a, copy, HISTORY_PULLED, "by a"));
}

static void far_edits_leave_the_loser_in_both_histories(void **state)
{
	(void)state;
	concurrent_edits(600000);
	for (unsigned i = 0; i < 2; i++) {
		struct device *device = i == 0 ? &pair.a : &pair.b;

		assert_content(device, "e3", "by b");
		assert_true(device_keeps(device, "e3", HISTORY_LOSER, "by a"));
		assert_int_equal(device_history(device, "e3", HISTORY_LOSER), 1);
		assert_int_equal(device_counts(device).conflicts_count, 0);
		assert_int_equal(device_counts(device).losers_count, 0);
	}
	assert_int_equal(device_activity(&pair.b, ACTIVITY_CONFLICT), 1);
}

/* The device that pushes last made the older edit: it takes the cloud's and carries its own. */
static void a_loser_that_was_never_pushed_travels(void **state)
{
	(void)state;
	(void)device_save(&pair.b, "e3", "by b, earlier");
	pair.world.now_ms += 600000;
	(void)device_save(&pair.a, "e3", "by a, later");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_content(&pair.b, "e3", "by a, later");
	assert_true(device_keeps(&pair.b, "e3", HISTORY_LOSER, "by b, earlier"));
	assert_synced(&pair.a);
	assert_true(device_keeps(&pair.a, "e3", HISTORY_LOSER, "by b, earlier"));
	assert_int_equal(device_history(&pair.b, "e3", HISTORY_LOSER), 1);
	assert_int_equal(device_counts(&pair.b).losers_count, 0);
	assert_same(&pair.a, &pair.b);
}

/* On a bare bucket the device's own clock answers; a gateway's is the world's. */
static void answer_by_the_worlds_clock(struct device *device, struct sync_answer *answer)
{
	answer->time_ms = device->world->now_ms;
}

/* Five minutes apart by the clocks, of which four are b's clock being off: near after all. */
static void a_clock_that_is_off_widens_what_is_near(void **state)
{
	(void)state;
	pair.b.skew_ms = 240000;
	pair.b.answered = answer_by_the_worlds_clock;
	(void)device_save(&pair.a, "e3", "by a");
	pair.world.now_ms += 60000;
	(void)device_save(&pair.b, "e3", "by b");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).skew_ms, -240000);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_int_equal(device_counts(&pair.b).conflicts_count, 1);
	assert_int_equal(device_history(&pair.b, "e3", HISTORY_LOSER), 0);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void an_edit_beats_a_deletion_whoever_is_first(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		struct device *editor = round == 0 ? &pair.a : &pair.b;
		struct device *deleter = round == 0 ? &pair.b : &pair.a;
		const char *id = round == 0 ? "e4" : "e5";

		(void)device_save(editor, id, "edited");
		pair.world.now_ms += 900000;
		device_delete(deleter, id);
		assert_synced(&pair.a);
		assert_synced(&pair.b);
		assert_synced(&pair.a);
		assert_content(&pair.a, id, "edited");
		assert_false(device_deleted(&pair.a, id));
		assert_same(&pair.a, &pair.b);
	}
}

static void a_deletion_travels_and_is_taken_back(void **state)
{
	(void)state;
	device_delete(&pair.a, "e6");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_true(device_deleted(&pair.b, "e6"));
	pair.world.now_ms += 1000;
	assert_engine(
	    &pair.b, edit_restore(&pair.b.engine, view_text("e6"), NULL, &pair.b.call), ENGINE_OK);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_false(device_deleted(&pair.a, "e6"));
	assert_same(&pair.a, &pair.b);
}

static void delete_some(struct device *device, unsigned count)
{
	char id[16];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "e%u", i);
		device_delete(device, id);
	}
}

static void the_brake_holds_what_goes_out(void **state)
{
	struct head head = device_facts(&pair.a).head;
	struct sync_facts facts;

	(void)state;
	delete_some(&pair.a, 11);
	pair.a.counts = (struct bucket_counts){0};
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_BRAKE);
	assert_int_equal(pair.a.totals.deletions, 11);
	assert_int_equal(pair.a.counts.put, 0);
	facts = device_facts(&pair.a);
	assert_true(head_equal(&facts.head, &head));
	assert_int_equal(device_counts(&pair.a).dirty_count, 11);
	assert_engine(&pair.a, device_sync_with(&pair.a, true), ENGINE_OK);
	assert_int_equal(device_counts(&pair.a).dirty_count, 0);
}

/* A load ends the piece of the log that is settled at once. */
static void delete_and_load(struct device *device, unsigned from, unsigned count)
{
	char *large = made_text(&device->world->made, 1200u << 10);
	char id[16];

	for (unsigned i = from; i < from + count; i++) {
		(void)snprintf(id, sizeof(id), "e%u", i);
		device_delete(device, id);
	}
	assert_engine(device, device_sync_with(device, true), ENGINE_OK);
	(void)snprintf(id, sizeof(id), "after %u", from);
	device_new(device, id, large);
	free(large);
	assert_engine(device, device_sync_with(device, true), ENGINE_OK);
}

static void the_brake_counts_over_pieces_and_runs(void **state)
{
	(void)state;
	delete_and_load(&pair.a, 0, 8);
	delete_and_load(&pair.a, 8, 8);
	delete_and_load(&pair.a, 16, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_BRAKE);
		assert_int_equal(pair.b.totals.deletions, 16);
		assert_false(device_deleted(&pair.b, "e8"));
	}
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_OK);
	assert_same(&pair.a, &pair.b);
	delete_and_load(&pair.a, 17, 8); /* the head was reached: it counts from there */
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void the_brake_holds_what_comes_in(void **state)
{
	struct head head = device_facts(&pair.b).head;
	struct sync_facts facts;

	(void)state;
	delete_some(&pair.a, 12);
	assert_engine(&pair.a, device_sync_with(&pair.a, true), ENGINE_OK);
	(void)device_save(&pair.b, "e3", "edited, so not to be deleted");
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_BRAKE);
	assert_int_equal(pair.b.totals.deletions, 11);
	assert_int_equal(device_counts(&pair.b).entries_count, 30);
	facts = device_facts(&pair.b);
	assert_true(head_equal(&facts.head, &head));
	head = device_facts(&pair.a).head; /* it was seen, and a rollback behind it is one */
	assert_true(head_equal(&facts.known_head, &head));
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_OK);
	assert_int_equal(device_counts(&pair.b).entries_count, 19);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* A fifth of what there was before, and not of what is left. */
static void a_fifth_may_go(void **state)
{
	(void)state;
	delete_some(&pair.a, 13);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_BRAKE);
	assert_int_equal(pair.a.totals.deletions, 13);
	assert_non_null(strstr(pair.a.call.message, "13 of 60"));
	call_init(&pair.a.call, pair.world.now_ms + 60000);
	assert_engine(
	    &pair.a, edit_restore(&pair.a.engine, view_text("e12"), NULL, &pair.a.call), ENGINE_OK);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(device_counts(&pair.b).entries_count, 48);
	assert_same(&pair.a, &pair.b);
}

/* … also where some of it has gone with an earlier piece of the log. */
static void a_fifth_may_come_in_pieces(void **state)
{
	(void)state;
	delete_and_load(&pair.a, 0, 8);
	delete_and_load(&pair.a, 8, 4);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
	assert_int_equal(device_counts(&pair.b).entries_count, 48 + 2);
}

static void more_than_a_fifth_may_not_come_in_pieces(void **state)
{
	(void)state;
	delete_and_load(&pair.a, 0, 8);
	delete_and_load(&pair.a, 8, 5);
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_BRAKE);
	assert_int_equal(pair.b.totals.deletions, 13);
	assert_non_null(strstr(pair.b.call.message, "13 of 60"));
	assert_false(device_deleted(&pair.b, "e8"));
}

static void few_deletions_pass(void **state)
{
	(void)state;
	delete_some(&pair.a, 10);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(device_counts(&pair.b).entries_count, 20);
	assert_same(&pair.a, &pair.b);
}

static void a_third_device_recovers_all_of_it(void **state)
{
	struct device c;

	(void)state;
	concurrent_edits(60000);
	device_delete(&pair.a, "e9");
	assert_synced(&pair.a);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_true(device_facts(&c).recovering);
	assert_synced(&c);
	assert_false(device_facts(&c).recovering);
	assert_true(device_deleted(&c, "e9"));
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
	assert_same(&pair.a, &c);
	(void)device_save(&c, "e2", "by c, under its own key");
	assert_synced(&c);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e2", "by c, under its own key");
	device_close(&c);
}

/* Both had entries before they met: what is equal stays, what differs is settled, all is kept. */
static void a_journal_that_was_there_before_is_merged(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_new(&c, "c-own", "only here");
	device_new(&c, "e8", "the same id, another text");
	device_join(&c);
	assert_synced(&c);
	assert_int_equal(c.totals.conflicts, 1);
	assert_content(&c, "e8", "the same id, another text"); /* an hour later */
	assert_true(device_keeps(&c, "e8", HISTORY_LOSER, "as it was at first"));
	assert_synced(&pair.a);
	assert_content(&pair.a, "c-own", "only here");
	assert_same(&pair.a, &c);
	device_close(&c);
}

/* One item of a file, long enough that an edit of it is a delta; its members as they come there. */
static void import_item(struct device *device, const char *number, bool number_first)
{
	static const char content[] = "Some words of one day, enough of them that a change is sent "
				      "as a difference, and more words, and more of them.";
	struct entry entry = {.id = view_text("item"),
	    .collection = view_text("journal"),
	    .title = view_text("One day"),
	    .content = view_text(content),
	    .created_at = view_text("2026-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2026-01-01T00:00:00.000Z"),
	    .extra_count = 2};
	enum import_outcome outcome;

	entry.extra[number_first ? 0 : 1] =
	    (struct entry_extra){view_text("rate"), view_text(number)};
	entry.extra[number_first ? 1 : 0] =
	    (struct entry_extra){view_text("mood"), view_text("\"calm\"")};
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_engine(
	    device, import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
	assert_int_equal(outcome, IMPORT_ADDED);
	assert_engine(device, import_commit(&device->engine, 1, 0, &device->call), ENGINE_OK);
}

/* The bytes under the entry's local version. */
static void assert_same_bytes(struct device *a, struct device *b, const char *id)
{
	const struct digest versions[] = {device_version(a, id), device_version(b, id)};
	struct bytes encoded[2] = {{0}, {0}};
	struct device *const devices[] = {a, b};

	assert_true(digest_equal(&versions[0], &versions[1]));
	for (size_t i = 0; i < 2; i++) {
		const struct journal *journal = &devices[i]->engine.journal;

		assert_int_equal(journal->ops->version_get(
				     journal->self, &versions[i], &devices[i]->call, &encoded[i]),
		    JOURNAL_OK);
	}
	assert_true(view_equal(view_bytes(&encoded[0]), view_bytes(&encoded[1])));
	bytes_clear(&encoded[0]);
	bytes_clear(&encoded[1]);
}

/* Two byte forms of one item on two devices are one version, and deltas against it are read. */
static void an_item_imported_on_both_is_one_version(void **state)
{
	struct device c;

	(void)state;
	import_item(&pair.a, "1e3", true);
	import_item(&pair.b, "1e3", false);
	assert_same_bytes(&pair.a, &pair.b, "item");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 0);
	assert_int_equal(pair.b.totals.pushed, 0);
	(void)device_save(&pair.a, "item",
	    "Some words of one day, enough of them that a change is sent as a difference, and more "
	    "words, and more of them. And one line by a.");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.deltas, 1);
	assert_synced(&pair.b);
	assert_same_bytes(&pair.a, &pair.b, "item");
	assert_same(&pair.a, &pair.b);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_same_bytes(&pair.a, &c, "item");
	device_close(&c);
}

/* A number spelled otherwise is another version: both are kept, as of any close edits. */
static void an_item_of_other_members_is_a_conflict(void **state)
{
	(void)state;
	import_item(&pair.a, "1e3", true);
	import_item(&pair.b, "1000", true);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_synced(&pair.a);
	assert_same_bytes(&pair.a, &pair.b, "item");
	assert_int_equal(device_counts(&pair.a).conflicts_count, 1);
	assert_same(&pair.a, &pair.b);
}

static void the_other_is_faster(struct device *device, const struct sync_request *request)
{
	char content[32];

	if (request->frames_count == 0 || device->times == 0)
		return;
	device->times--;
	(void)snprintf(content, sizeof(content), "round %u", device->times);
	(void)device_save(device->other, "e20", content);
	assert_synced(device->other);
}

/* What the manifest says of the lease. */
static bool has_lease(struct device *device)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	bool has;

	assert_non_null(manifest);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	has = manifest->has_lease && device_equal(&manifest->lease, &device->keys.id);
	bytes_clear(&bytes);
	free(manifest);
	return has;
}

static bool had_lease;

static void the_other_is_faster_until_the_turn(
    struct device *device, const struct sync_request *request)
{
	the_other_is_faster(device, request);
	had_lease = request->frames_count > 0 && has_lease(device);
}

static void lost_races_lead_to_the_turn(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e21", "by a, who is slow");
	pair.a.other = &pair.b;
	pair.a.times = 4;
	pair.a.before = the_other_is_faster_until_the_turn;
	assert_synced(&pair.a);
	pair.a.before = NULL;
	assert_true(had_lease);           /* when it committed … */
	assert_false(has_lease(&pair.a)); /* … and that ended it */
	assert_int_equal(pair.a.totals.pushed, 1);
	assert_int_equal(pair.a.totals.conflicts, 0);
	assert_int_equal(pair.a.exchanges, 5);
	assert_int_equal(pair.a.waits, 0);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e21", "by a, who is slow");
	assert_same(&pair.a, &pair.b);
}

/* Held, for as long as a device that died with a lease can hold others, and no longer. */
static void a_turn_is_waited_for(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e21", "by a, who is slow");
	pair.a.other = &pair.b;
	pair.a.times = 5; /* the last time it has the lease, but the other waits that out */
	pair.a.before = the_other_is_faster;
	assert_synced(&pair.a);
	pair.a.before = NULL;
	assert_in_range(pair.b.waits, 2, 30);
	assert_int_equal(pair.b.totals.pushed, 1);
	assert_int_equal(pair.a.totals.pushed, 1);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* … by the time that the answer is made. */
static void the_other_follows_at_once(struct device *device, struct sync_answer *answer)
{
	if (answer->status != SYNC_COMMITTED || device->times++ > 0)
		return;
	(void)device_save(device->other, "e20", "just afterwards");
	assert_synced(device->other);
	answer->head = device_facts(device->other).head;
}

static void an_acknowledgement_may_tell_of_more(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e21", "by a");
	pair.a.other = &pair.b;
	pair.a.answered = the_other_follows_at_once;
	assert_synced(&pair.a);
	pair.a.answered = NULL;
	assert_int_equal(pair.a.totals.pushed, 1);
	assert_int_equal(pair.a.totals.pulled, 1); /* it is not at the head yet, and knows */
	assert_content(&pair.a, "e20", "just afterwards");
	assert_same(&pair.a, &pair.b);
}

static void a_lost_race_is_settled_before_it_is_sent_again(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e20", "by a");
	pair.world.now_ms += 1000000;
	pair.a.other = &pair.b;
	pair.a.times = 1;
	pair.a.before = the_other_is_faster;
	assert_synced(&pair.a);
	pair.a.before = NULL;
	assert_int_equal(pair.a.totals.conflicts, 1);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e20", "round 0");
	assert_true(device_keeps(&pair.b, "e20", HISTORY_LOSER, "by a"));
	assert_same(&pair.a, &pair.b);
}

static void switched_off_nothing_is_sent(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "kept here");
	assert_engine(&pair.a, sync_switch(&pair.a.engine, false, &pair.a.call), ENGINE_OK);
	pair.a.counts = (struct bucket_counts){0};
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_OFF);
	assert_int_equal(pair.a.counts.put + pair.a.counts.get, 0);
	assert_engine(&pair.a, sync_switch(&pair.a.engine, true, &pair.a.call), ENGINE_OK);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_content(&pair.b, "e1", "kept here");
}

static void nothing_of_it_can_be_read_in_the_bucket(void **state)
{
	static const char canary[] = "canary-9f8e7d6c5b4a39281706";

	(void)state;
	device_new(&pair.a, "canary", canary);
	assert_synced(&pair.a);
	(void)device_save(&pair.a, "canary", "canary-9f8e7d6c5b4a39281706 and more");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_false(world_holds(&pair.world, canary));
	assert_false(world_holds(&pair.world, "a title"));
	assert_false(world_holds(&pair.world, "first device"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_first_push_is_a_load, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_edit_is_one_put_and_a_delta, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(no_change_is_one_get, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	acknowledged_edits_are_clean_and_later_ones_are_not, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_run_that_ends_well_has_seen_the_remote, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_edit_made_meanwhile_stays_dirty, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(near_edits_are_both_kept, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_second_loser_is_the_same_copy, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	far_edits_leave_the_loser_in_both_histories, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_loser_that_was_never_pushed_travels, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_clock_that_is_off_widens_what_is_near, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_edit_beats_a_deletion_whoever_is_first, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_deletion_travels_and_is_taken_back, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(the_brake_holds_what_goes_out, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(the_brake_holds_what_comes_in, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	the_brake_counts_over_pieces_and_runs, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_fifth_may_go, sixty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_fifth_may_come_in_pieces, sixty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	more_than_a_fifth_may_not_come_in_pieces, sixty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(few_deletions_pass, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_third_device_recovers_all_of_it, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_journal_that_was_there_before_is_merged, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_item_imported_on_both_is_one_version, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_item_of_other_members_is_a_conflict, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(lost_races_lead_to_the_turn, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_turn_is_waited_for, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_acknowledgement_may_tell_of_more, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_lost_race_is_settled_before_it_is_sent_again, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(switched_off_nothing_is_sent, thirty_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	nothing_of_it_can_be_read_in_the_bucket, thirty_setup, pair_teardown),
};

TEST_MAIN(tests)
