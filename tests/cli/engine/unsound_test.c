/*
 * tests/cli/engine/unsound_test.c: bytes of a version rot in the local store. They never travel;
 * all else goes on; and each way out that the message names leads out.
 */
#include "tests/cli/engine/engine_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct home {
	struct world world;
	struct device a, b;
};

static struct home home;

static int home_setup(void **state)
{
	devices_pair(&home.world, &home.a, &home.b, 5);
	*state = &home;
	return 0;
}

static int home_teardown(void **state)
{
	(void)state;
	device_close(&home.a);
	device_close(&home.b);
	world_close(&home.world);
	return 0;
}

enum rot { ROT_LETTER, ROT_ALL }; /* it still decodes, or it does not */

/* The current version of the entry, whose content is "good …". */
static void rot(struct device *device, const char *id, enum rot how)
{
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "UPDATE versions SET encoded = %s WHERE hash = (SELECT local FROM entries WHERE id = "
	    "'%s')",
	    how == ROT_ALL ? "x'00'" : "CAST(replace(encoded, 'good', 'food') AS BLOB)", id);
	device_sql(device, text);
}

/* A new text over the damaged version, as an editor saves it. */
static void save_over(struct device *device, const char *id, const char *content)
{
	struct digest begun_on = device_version(device, id);
	struct edit_outcome outcome = {0};
	const struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("Written anew"),
	    .content = view_text(content),
	    .created_at = view_text("2026-01-01T00:00:00.000Z")};

	assert_engine(device,
	    edit_save(&device->engine, &entry, &begun_on, &device->call, &outcome), ENGINE_OK);
	assert_false(outcome.conflict);
	assert_string_equal(device->call.message, ""); /* what was damaged is no trouble any more */
}

static void assert_named(const struct device *device, const char *id)
{
	assert_non_null(strstr(device->call.message, id));
	assert_non_null(strstr(device->call.message, "damaged in this home"));
}

/* A new device, by the code and the bucket alone, ends with the state that a has. */
static void assert_recovers(void)
{
	struct device c;

	device_open(&c, &home.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(&home.a);
	assert_same(&home.a, &c);
	device_close(&c);
}

static void no_patch_carries_it(void **state)
{
	(void)state;
	for (enum rot how = ROT_LETTER; how <= ROT_ALL; how++) {
		(void)device_save(&home.a, "e1", how == ROT_ALL ? "good, all" : "good, a letter");
		rot(&home.a, "e1", how);
		(void)device_save(&home.b, "e2", how == ROT_ALL ? "by b" : "by b, first");
		assert_synced(&home.b);
		assert_engine(&home.a, device_sync(&home.a), ENGINE_UNSOUND);
		assert_named(&home.a, "e1");
		/* What the others have is here all the same, and edits go on. */
		assert_content(&home.a, "e2", how == ROT_ALL ? "by b" : "by b, first");
		(void)device_save(&home.a, "e3", how == ROT_ALL ? "by a" : "by a, first");
		save_over(&home.a, "e1", "good again");
		assert_synced(&home.a);
		assert_synced(&home.b);
		assert_content(&home.b, "e1", "good again");
	}
	assert_recovers();
}

/* Above 1 MiB at once, so that it is a load. */
static void no_load_carries_it(void **state)
{
	struct device first;
	size_t objects;

	(void)state;
	for (enum rot how = ROT_LETTER; how <= ROT_ALL; how++) {
		struct world world;

		world_open(&world);
		device_open(&first, &world);
		device_new(&first, "one", "good one");
		device_new(&first, "two", "good two");
		device_create(&first);
		rot(&first, "two", how);
		objects = world_objects(&world, "");
		assert_engine(&first, device_sync(&first), ENGINE_UNSOUND);
		assert_named(&first, "two");
		assert_int_equal(world_objects(&world, ""), objects);
		save_over(&first, "two", "good again");
		assert_synced(&first);
		device_close(&first);
		world_close(&world);
	}
}

/* The cloud's version rots here: what is made against it is sent whole, and read by all. */
static void no_delta_is_made_against_it(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memcpy(text, "good ", 5);
	for (size_t i = 5; i < sizeof(text) - 1; i++)
		text[i] = (char)('a' + (i * i + i / 7) % 26);
	(void)device_save(&home.a, "e1", text);
	assert_synced(&home.a);
	assert_synced(&home.b);
	rot(&home.a, "e1", ROT_LETTER);
	text[4000] = '!';
	save_over(&home.a, "e1", text);
	assert_synced(&home.a);
	assert_int_equal(home.a.totals.deltas, 0);
	assert_synced(&home.b);
	assert_content(&home.b, "e1", text);
	assert_same(&home.a, &home.b);
	assert_recovers();
}

static void older_versions_and_deletion_lead_out(void **state)
{
	struct digest good = device_version(&home.a, "e1");

	(void)state;
	for (enum rot how = ROT_LETTER; how <= ROT_ALL; how++) {
		(void)device_save(&home.a, "e1", "good, then not");
		(void)device_save(&home.a, "e2", "good, then gone");
		rot(&home.a, "e1", how);
		rot(&home.a, "e2", how);
		assert_engine(&home.a, device_sync(&home.a), ENGINE_UNSOUND);
		assert_engine(&home.a,
		    edit_restore(&home.a.engine, view_text("e1"), &good, &home.a.call), ENGINE_OK);
		assert_engine(
		    &home.a, edit_delete(&home.a.engine, view_text("e2"), &home.a.call), ENGINE_OK);
		assert_synced(&home.a);
		assert_synced(&home.b);
		assert_true(device_deleted(&home.b, "e2"));
		assert_same(&home.a, &home.b);
		assert_engine(&home.a,
		    edit_restore(&home.a.engine, view_text("e2"), NULL, &home.a.call), ENGINE_OK);
	}
}

/* A damaged version can't be brought back. */
static void what_is_damaged_is_not_restored(void **state)
{
	struct digest version;

	(void)state;
	(void)device_save(&home.a, "e1", "good, once");
	version = device_version(&home.a, "e1");
	rot(&home.a, "e1", ROT_LETTER);
	save_over(&home.a, "e1", "as it is now");
	assert_engine(&home.a,
	    edit_restore(&home.a.engine, view_text("e1"), &version, &home.a.call), ENGINE_UNSOUND);
	assert_content(&home.a, "e1", "as it is now");
}

/* The same bytes come once more: from a backup here. */
static void an_import_heals(void **state)
{
	struct digest version;
	struct bytes encoded = {0};
	struct entry entry;
	enum import_outcome outcome;

	(void)state;
	for (enum rot how = ROT_LETTER; how <= ROT_ALL; how++) {
		(void)device_save(&home.a, "e1", how == ROT_ALL ? "good, two" : "good, one");
		version = device_version(&home.a, "e1");
		assert_int_equal(home.a.engine.journal.ops->version_get(
				     home.a.engine.journal.self, &version, &home.a.call, &encoded),
		    JOURNAL_OK);
		assert_int_equal(entry_decode(view_bytes(&encoded), &entry), FORMAT_OK);
		rot(&home.a, "e1", how);
		assert_engine(&home.a, device_sync(&home.a), ENGINE_UNSOUND);
		assert_engine(&home.a, import_begin(&home.a.engine, &home.a.call), ENGINE_OK);
		assert_engine(&home.a, import_entry(&home.a.engine, &entry, &home.a.call, &outcome),
		    ENGINE_OK);
		assert_engine(
		    &home.a, import_commit(&home.a.engine, 0, 1, &home.a.call), ENGINE_OK);
		assert_int_equal(outcome, IMPORT_UPDATED);
		bytes_clear(&encoded);
		assert_synced(&home.a);
		assert_synced(&home.b);
		assert_content(&home.b, "e1", how == ROT_ALL ? "good, two" : "good, one");
		assert_int_equal(store_check(home.a.store, &home.a.call), JOURNAL_OK);
	}
}

/* An unsynced edit that rotted gives way to what another device has pushed. */
static void a_pull_heals(void **state)
{
	(void)state;
	for (enum rot how = ROT_LETTER; how <= ROT_ALL; how++) {
		(void)device_save(&home.a, "e1", "good, for a moment");
		rot(&home.a, "e1", how);
		(void)device_save(&home.b, "e1", how == ROT_ALL ? "by b, two" : "by b, one");
		assert_synced(&home.b);
		assert_synced(&home.a);
		assert_content(&home.a, "e1", how == ROT_ALL ? "by b, two" : "by b, one");
		assert_true(device_activity(&home.a, ACTIVITY_WARNING) > (size_t)how);
		assert_same(&home.a, &home.b);
	}
}

/* It was to lose a conflict, and rotted before that was judged. */
static void an_edit_that_rotted_holds_up_nobody(void **state)
{
	(void)state;
	(void)device_save(&home.a, "e1", "good, the loser");
	home.world.now_ms += 600000;
	(void)device_save(&home.b, "e1", "by b, later");
	assert_synced(&home.b);
	device_sql(&home.a, "UPDATE versions SET encoded = x'00' WHERE id = 'e1' AND hash NOT IN"
			    " (SELECT cloud FROM entries WHERE cloud IS NOT NULL)");
	assert_synced(&home.a);
	(void)device_save(&home.a, "e2", "good");
	assert_synced(&home.a);
	assert_synced(&home.b);
	assert_content(&home.a, "e1", "by b, later");
	assert_content(&home.b, "e2", "good");
	assert_recovers();
}

/* An edit of e1 that was held open outlives what it meets: that is to be carried. */
static void lose_to_an_open_editor(const struct digest *begun_on)
{
	struct edit_outcome outcome;
	const struct entry entry = {.id = view_text("e1"),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("written slowly"),
	    .created_at = view_text("2026-01-01T00:00:00.000Z")};

	home.world.now_ms += 600000;
	assert_engine(&home.a, edit_save(&home.a.engine, &entry, begun_on, &home.a.call, &outcome),
	    ENGINE_OK);
	assert_true(outcome.conflict);
	assert_int_equal(device_counts(&home.a).losers_count, 1);
}

/* It was carried by no patch yet, and rotted: the others are not held up by it. */
static void a_loser_that_rotted_is_given_up(void **state)
{
	struct digest begun_on = device_version(&home.a, "e1");

	(void)state;
	(void)device_save(&home.a, "e1", "good, the loser");
	lose_to_an_open_editor(&begun_on);
	device_sql(&home.a, "UPDATE versions SET encoded = x'00' WHERE id = 'e1' AND hash NOT IN"
			    " (SELECT cloud FROM entries UNION SELECT local FROM entries)");
	assert_synced(&home.a);
	assert_int_equal(device_counts(&home.a).losers_count, 0); /* it waits no more */
	(void)device_save(&home.a, "e2", "good");
	assert_synced(&home.a);
	assert_int_equal(device_activity(&home.a, ACTIVITY_WARNING), 1); /* and is told of once */
	assert_int_equal(device_history(&home.a, "e1", HISTORY_LOSER), 1);
	assert_synced(&home.b);
	assert_content(&home.b, "e1", "written slowly");
	assert_int_equal(device_history(&home.b, "e1", HISTORY_LOSER), 0);
	assert_same(&home.a, &home.b);
}

/* Its bytes need not travel, for it is what all others hold as the newest: it is named. */
static void a_loser_that_the_cloud_holds_is_named(void **state)
{
	struct digest begun_on = device_version(&home.a, "e1");

	(void)state;
	(void)device_save(&home.a, "e1", "good, the loser");
	assert_synced(&home.a);
	assert_synced(&home.b);
	lose_to_an_open_editor(&begun_on);
	device_sql(&home.a, "UPDATE versions SET encoded = x'00' WHERE hash = (SELECT cloud FROM"
			    " entries WHERE id = 'e1')");
	assert_synced(&home.a);
	assert_int_equal(device_activity(&home.a, ACTIVITY_WARNING), 0);
	assert_int_equal(device_counts(&home.a).losers_count, 0);
	assert_synced(&home.b);
	assert_content(&home.b, "e1", "written slowly");
	assert_true(device_keeps(&home.b, "e1", HISTORY_LOSER, "good, the loser"));
	assert_same(&home.a, &home.b);
}

struct named {
	unsigned count, current;
	char title[64];
};

static void see(void *self, const struct store_damage *damage)
{
	struct named *named = self;

	assert_true(view_equal(damage->id, view_text("e1")));
	(void)snprintf(named->title, sizeof(named->title), "%.*s", (int)damage->title.len,
	    (const char *)damage->title.data);
	named->count++;
	named->current += damage->current;
}

static void damage_is_named(void **state)
{
	struct named named = {0};

	(void)state;
	(void)device_save(&home.a, "e1", "good");
	rot(&home.a, "e1", ROT_ALL);
	save_over(&home.a, "e1", "good again");
	rot(&home.a, "e1", ROT_LETTER);
	assert_int_equal(store_damaged(home.a.store, see, &named, &home.a.call), JOURNAL_OK);
	assert_int_equal(named.count, 2);
	assert_int_equal(named.current, 1);
	assert_true(named.title[0] != '\0');
}

/* Its bytes are as little use to anyone as it is: it goes with the others' purge. */
static void a_tombstone_that_rotted_is_purged(void **state)
{
	(void)state;
	device_delete(&home.a, "e1");
	device_delete(&home.a, "e2");
	assert_synced(&home.a);
	assert_synced(&home.b);
	(void)device_save(&home.b, "e3", "acknowledges that");
	assert_synced(&home.b);
	rot(&home.b, "e1", ROT_ALL);
	home.world.now_ms += 100 * INT64_C(86400000);
	(void)device_save(&home.a, "e4", "with a purge");
	assert_synced(&home.a);
	assert_false(device_has(&home.a, "e1"));
	assert_synced(&home.b);
	assert_false(device_has(&home.b, "e1"));
	assert_false(device_has(&home.b, "e2"));
	assert_same(&home.a, &home.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_tombstone_that_rotted_is_purged, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(no_patch_carries_it, home_setup, home_teardown),
    cmocka_unit_test(no_load_carries_it),
    cmocka_unit_test_setup_teardown(no_delta_is_made_against_it, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	older_versions_and_deletion_lead_out, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(what_is_damaged_is_not_restored, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(an_import_heals, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(a_pull_heals, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(an_edit_that_rotted_holds_up_nobody, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(a_loser_that_rotted_is_given_up, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	a_loser_that_the_cloud_holds_is_named, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(damage_is_named, home_setup, home_teardown),
};

TEST_MAIN(tests)
