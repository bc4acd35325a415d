/*
 * tests/cli/engine/purge_test.c: tombstones leave the state, when they may, and what that means for
 * who was away (design, section 5).
 */
#include "schemas/patch.h"
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static void days_pass(int64_t days)
{
	pair.world.now_ms += days * DAY_MS;
}

/* More than a patch takes. */
static void send_letters(void)
{
	for (unsigned i = 0; i < 12; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "letter%u", i);
		pair_save_long(&pair.a, id, PAIR_LONG);
	}
	assert_synced(&pair.a);
	assert_true(pair.a.puts > 0);
}

static void edit_synced(struct device *device, const char *id)
{
	(void)device_save(device, id, "another day");
	assert_synced(device);
}

/* A deletes e1, and the other knows of it. */
static void delete_known(void)
{
	device_delete(&pair.a, "e1");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_true(device_deleted(&pair.b, "e1"));
}

static void it_goes_when_all_have_acknowledged_it(void **state)
{
	struct sync_facts before;

	(void)state;
	delete_known();
	before = device_facts(&pair.a);
	days_pass(89);
	assert_synced(&pair.b); /* nothing to push but that it is here */
	assert_int_equal(pair.b.exchanges, 2);
	assert_int_equal(pair.b.totals.pushed, 0);
	edit_synced(&pair.a, "e2");
	assert_true(device_has(&pair.a, "e1")); /* not 90 days old */
	days_pass(1);
	edit_synced(&pair.a, "e2");
	assert_false(device_has(&pair.a, "e1"));
	assert_int_equal(pair.a.totals.pulled, 0);
	assert_int_equal(device_facts(&pair.a).floor, before.head.seq);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.pulled, 1); /* e2: a tombstone's end is no news */
	assert_false(device_has(&pair.b, "e1"));
	assert_same(&pair.a, &pair.b);
}

/* Whichever of them stands first. */
static void the_floor_is_the_newest_that_went(void **state)
{
	(void)state;
	device_delete(&pair.a, "e2");
	assert_synced(&pair.a);
	delete_known();
	assert_true(device_deleted(&pair.b, "e2"));
	days_pass(90);
	assert_synced(&pair.b);
	edit_synced(&pair.a, "e0");
	assert_false(device_has(&pair.a, "e1"));
	assert_false(device_has(&pair.a, "e2"));
	assert_int_equal(device_facts(&pair.a).floor, device_facts(&pair.a).head.seq - 2);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* What a patch has no room for goes with the next. It is tried here before it is sent: one device
 * does. */
static void as_many_go_as_a_patch_takes(void **state)
{
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text(""),
	    .created_at = view_text("2026-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2026-01-01T00:00:00.000Z"),
	    .deleted_at = view_text("2026-01-01T00:00:00.000Z")};
	struct world world;
	struct device alone;

	(void)state;
	world_open(&world);
	device_open(&alone, &world);
	device_create(&alone);
	device_new(&alone, "e0", "lives");
	assert_engine(&alone, import_begin(&alone.engine, &alone.call), ENGINE_OK);
	for (unsigned i = 0; i < OPS_COUNT_MAX + 2; i++) {
		enum import_outcome outcome;
		char id[16];

		(void)snprintf(id, sizeof(id), "%u", i);
		entry.id = view_text(id);
		assert_engine(
		    &alone, import_entry(&alone.engine, &entry, &alone.call, &outcome), ENGINE_OK);
	}
	assert_engine(
	    &alone, import_commit(&alone.engine, OPS_COUNT_MAX + 2, 0, &alone.call), ENGINE_OK);
	assert_synced(&alone);
	world.now_ms += 91 * DAY_MS;
	edit_synced(&alone, "e0"); /* one of its operations */
	assert_int_equal(device_counts(&alone).deleted_count, 3);
	edit_synced(&alone, "e0");
	assert_int_equal(device_counts(&alone).deleted_count, 0);
	device_close(&alone);
	world_close(&world);
}

static void it_stays_while_a_device_may_not_know(void **state)
{
	(void)state;
	device_delete(&pair.a, "e1");
	assert_synced(&pair.a);
	days_pass(100);
	edit_synced(&pair.a, "e2");
	assert_true(device_has(&pair.a, "e1"));
	assert_synced(&pair.b); /* it acknowledges, at last, and was the one that all waited for */
	assert_false(device_has(&pair.b, "e1"));
	assert_synced(&pair.a);
	assert_false(device_has(&pair.a, "e1"));
	assert_same(&pair.a, &pair.b);
}

static void an_acknowledgement_is_made_once_a_week_at_most(void **state)
{
	(void)state;
	delete_known();
	assert_synced(&pair.b);
	assert_int_equal(pair.b.exchanges, 1);
	days_pass(7);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.exchanges, 2);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.exchanges, 1);
	days_pass(30);
	assert_synced(&pair.b); /* the tombstone is older than its last frame now */
	assert_int_equal(pair.b.exchanges, 1);
}

/* a has imported a year's letters, and then was away: to b, who took them, it was there that day.
 */
static void who_has_sent_a_load_was_not_silent(void **state)
{
	(void)state;
	days_pass(100);
	send_letters();
	assert_synced(&pair.b);
	device_delete(&pair.b, "e1");
	assert_synced(&pair.b);
	days_pass(95); /* more than 180 since a's last patch */
	edit_synced(&pair.b, "e2");
	assert_true(device_has(&pair.b, "e1"));
	days_pass(84); /* 179 since the load */
	edit_synced(&pair.b, "e2");
	assert_true(device_has(&pair.b, "e1"));
	days_pass(1);
	edit_synced(&pair.b, "e2");
	assert_false(device_has(&pair.b, "e1"));
}

/* Whose newest frame is a load, with a tombstone in it, has nothing left to acknowledge. */
static void a_load_is_an_acknowledgement(void **state)
{
	uint64_t seq;

	(void)state;
	device_delete(&pair.a, "e1");
	send_letters();
	seq = device_facts(&pair.a).head.seq;
	days_pass(8);
	assert_synced(&pair.a);
	assert_int_equal(device_facts(&pair.a).head.seq, seq);
	assert_synced(&pair.b); /* which has */
	assert_int_equal(device_facts(&pair.b).head.seq, seq + 1);
}

/* No frame follows the load: the floor is in its index alone, and c's own patch must not lower it.
 */
static void who_joins_by_a_load_knows_the_floor(void **state)
{
	struct device c;

	(void)state;
	delete_known();
	days_pass(95);
	assert_synced(&pair.b);
	edit_synced(&pair.a, "e2");
	assert_false(device_has(&pair.a, "e1"));
	assert_true(device_facts(&pair.a).floor > 0);
	send_letters();
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_int_equal(device_facts(&c).floor, device_facts(&pair.a).floor);
	edit_synced(&c, "e2");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &c);
	assert_same(&pair.b, &c);
	device_close(&c);
}

/* c has pushed nothing: by the statement that adds it it has all that stood before. */
static void who_joins_has_acknowledged_all_before(void **state)
{
	struct device c;

	(void)state;
	delete_known();
	edit_synced(&pair.b, "e2"); /* and so has b */
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	device_close(&c);
	days_pass(95);
	edit_synced(&pair.a, "e2");
	assert_false(device_has(&pair.a, "e1"));
}

/* … and is waited for as anyone else is: it did not see what was deleted afterwards. */
static void who_joins_is_waited_for_from_then_on(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	device_close(&c);
	delete_known();
	days_pass(95);
	assert_synced(&pair.b);
	edit_synced(&pair.a, "e2");
	assert_true(device_has(&pair.a, "e1"));
}

static void what_was_restored_meanwhile_stays(void **state)
{
	(void)state;
	delete_known();
	days_pass(95);
	assert_synced(&pair.b);
	assert_engine(
	    &pair.b, edit_restore(&pair.b.engine, view_text("e1"), NULL, &pair.b.call), ENGINE_OK);
	edit_synced(&pair.a, "e2"); /* purges */
	assert_false(device_has(&pair.a, "e1"));
	assert_synced(&pair.b);
	assert_false(device_deleted(&pair.b, "e1"));
	assert_synced(&pair.a);
	assert_true(device_has(&pair.a, "e1"));
	assert_same(&pair.a, &pair.b);
}

/* An editor was open all the while. */
static void what_was_being_edited_stays(void **state)
{
	struct entry entry = {.id = view_text("e1"),
	    .collection = view_text("journal"),
	    .content = view_text("written slowly")};
	struct edit_outcome outcome;
	struct digest begun_on;

	(void)state;
	begun_on = device_version(&pair.b, "e1");
	delete_known();
	days_pass(95);
	assert_synced(&pair.b);
	edit_synced(&pair.a, "e2"); /* purges */
	assert_synced(&pair.b);
	assert_false(device_has(&pair.b, "e1"));
	assert_engine(&pair.b, edit_save(&pair.b.engine, &entry, &begun_on, &pair.b.call, &outcome),
	    ENGINE_OK);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "written slowly");
	assert_same(&pair.a, &pair.b);
}

/* Away for so long that it was not waited for, and that the log it needs is gone. */
static void who_was_away_finds_it_deleted(void **state)
{
	(void)state;
	device_delete(&pair.a, "e1");
	device_delete(&pair.a, "e3");
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e3", "written on a long journey");
	days_pass(181);
	edit_synced(&pair.a, "e2");
	assert_false(device_has(&pair.a, "e1"));
	for (unsigned i = 0; i < 30; i++) { /* until a snapshot is made */
		char *text = made_text(&pair.world.made, 100000);

		(void)device_save(&pair.a, "e4", text);
		free(text);
		assert_synced(&pair.a);
	}
	world_sweep(&pair.world);
	assert_synced(&pair.b);
	assert_true(pair.b.gets > 0);
	assert_true(device_deleted(&pair.b, "e1")); /* in the trash, to be restored */
	assert_true(device_keeps(&pair.b, "e1", HISTORY_DELETE, "as it was at first"));
	assert_content(&pair.b, "e3", "written on a long journey");
	assert_synced(&pair.a);
	assert_content(&pair.a, "e3", "written on a long journey");
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	it_goes_when_all_have_acknowledged_it, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(the_floor_is_the_newest_that_went, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(as_many_go_as_a_patch_takes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	it_stays_while_a_device_may_not_know, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_acknowledgement_is_made_once_a_week_at_most, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_has_sent_a_load_was_not_silent, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_load_is_an_acknowledgement, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_joins_by_a_load_knows_the_floor, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_joins_has_acknowledged_all_before, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_joins_is_waited_for_from_then_on, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(what_was_restored_meanwhile_stays, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(what_was_being_edited_stays, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_was_away_finds_it_deleted, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
