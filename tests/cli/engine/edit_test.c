/*
 * tests/cli/engine/edit_test.c: edits and imports on a real store: each is one transaction with its
 * history and activity row, times move on, and an edit held open while the entry moved is judged.
 */
#include "tests/cli/engine/engine_fixture.h"

#include <stdlib.h>
#include <string.h>

struct home {
	struct world world;
	struct device device;
};

static int home_setup(void **state)
{
	static struct home home;

	world_open(&home.world);
	device_open(&home.device, &home.world);
	*state = &home;
	return 0;
}

static int home_teardown(void **state)
{
	struct home *home = *state;

	device_close(&home->device);
	world_close(&home->world);
	return 0;
}

static struct entry entry_of(const char *id, const char *content)
{
	return (struct entry){.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(content)};
}

static void a_new_entry_is_dirty_and_remembered(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct journal_counts counts;

	device_new(device, "one", "first words");
	assert_content(device, "one", "first words");
	assert_int_equal(device_updated_ms(device, "one"), home->world.now_ms);
	counts = device_counts(device);
	assert_int_equal(counts.entries_count, 1);
	assert_int_equal(counts.dirty_count, 1);
	assert_int_equal(device_history(device, "one", HISTORY_EDIT), 1);
	assert_int_equal(device_activity(device, ACTIVITY_EDIT), 1);
}

static void an_id_comes_once(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct entry entry = entry_of("one", "other words");
	struct edit_outcome outcome;

	device_new(device, "one", "first words");
	assert_engine(device, edit_save(&device->engine, &entry, NULL, &device->call, &outcome),
	    ENGINE_REFUSED);
	device_delete(device, "one");
	assert_engine(device, edit_save(&device->engine, &entry, NULL, &device->call, &outcome),
	    ENGINE_REFUSED);
}

/* Whatever the clock says, a version is newer than what it replaces. */
static void times_never_stand_still(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	int64_t first;

	device_new(device, "one", "a");
	first = device_updated_ms(device, "one");
	(void)device_save(device, "one", "b");
	assert_int_equal(device_updated_ms(device, "one"), first + 1);
	device->skew_ms = -86400000;
	(void)device_save(device, "one", "c");
	assert_int_equal(device_updated_ms(device, "one"), first + 2);
	device_delete(device, "one");
	assert_int_equal(device_updated_ms(device, "one"), first + 3);
	assert_engine(device, edit_restore(&device->engine, view_text("one"), NULL, &device->call),
	    ENGINE_OK);
	assert_int_equal(device_updated_ms(device, "one"), first + 4);
	device->skew_ms = 5000;
	(void)device_save(device, "one", "d");
	assert_int_equal(device_updated_ms(device, "one"), home->world.now_ms + 5000);
}

static void deleted_entries_come_back(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct digest old;

	device_new(device, "one", "old words");
	old = device_version(device, "one");
	(void)device_save(device, "one", "new words");
	device_delete(device, "one");
	assert_true(device_deleted(device, "one"));
	assert_content(device, "one", "new words"); /* kept, so that any device can restore it */
	assert_int_equal(device_counts(device).entries_count, 0);
	assert_int_equal(device_counts(device).deleted_count, 1);
	assert_engine(
	    device, edit_delete(&device->engine, view_text("one"), &device->call), ENGINE_REFUSED);
	assert_engine(device, edit_restore(&device->engine, view_text("one"), NULL, &device->call),
	    ENGINE_OK);
	assert_false(device_deleted(device, "one"));
	assert_content(device, "one", "new words");
	assert_engine(device, edit_restore(&device->engine, view_text("one"), NULL, &device->call),
	    ENGINE_REFUSED);
	assert_engine(device, edit_restore(&device->engine, view_text("one"), &old, &device->call),
	    ENGINE_OK);
	assert_content(device, "one", "old words");
	assert_int_equal(device_history(device, "one", HISTORY_DELETE), 1);
	assert_int_equal(device_history(device, "one", HISTORY_RESTORE), 2);
	assert_int_equal(device_activity(device, ACTIVITY_RESTORE), 2);
}

static void what_is_not_there_is_not_found(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct entry entry = entry_of("two", "words");
	struct digest one, none = {{1}};
	struct edit_outcome outcome;

	device_new(device, "one", "words");
	one = device_version(device, "one");
	assert_engine(device, edit_save(&device->engine, &entry, &one, &device->call, &outcome),
	    ENGINE_NOT_FOUND);
	assert_engine(device, edit_delete(&device->engine, view_text("two"), &device->call),
	    ENGINE_NOT_FOUND);
	assert_engine(device, edit_restore(&device->engine, view_text("two"), NULL, &device->call),
	    ENGINE_NOT_FOUND);
	assert_engine(device, edit_restore(&device->engine, view_text("one"), &none, &device->call),
	    ENGINE_NOT_FOUND);
	device_new(device, "two", "words");
	assert_engine(device, edit_save(&device->engine, &entry, &one, &device->call, &outcome),
	    ENGINE_REFUSED);
	assert_engine(device, edit_restore(&device->engine, view_text("two"), &one, &device->call),
	    ENGINE_REFUSED);
	assert_int_equal(device_history(device, "two", HISTORY_EDIT), 1);
}

static void over_a_maximum_nothing_is_written(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct made_random made = {0};
	char *title = made_text(&made, TITLE_MAX + 1);
	char *content = calloc(1, CONTENT_MAX + 2);
	char *id = made_text(&made, ENTRY_ID_MAX + 1);
	struct entry wrong[5];
	struct edit_outcome outcome;
	struct digest version;

	assert_non_null(content);
	memset(content, 'x', CONTENT_MAX + 1);
	device_new(device, "one", "words");
	version = device_version(device, "one");
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		wrong[i] = entry_of("one", "words");
	wrong[0].title = view_text(title);
	wrong[1].content = view_text(content);
	wrong[2].id = view_text(id);
	wrong[3].content = view_text("\xff");
	wrong[4].id = view_text("");
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		const struct digest *begun_on = i == 2 || i == 4 ? NULL : &version;
		enum engine_result result =
		    edit_save(&device->engine, &wrong[i], begun_on, &device->call, &outcome);

		if (result != ENGINE_REFUSED)
			fail_msg("row %zu: %s", i, engine_result_text(result));
	}
	assert_content(device, "one", "words");
	assert_int_equal(device_history(device, "one", HISTORY_EDIT), 1);
	assert_int_equal(device_activity(device, ACTIVITY_EDIT), 1);
	assert_int_equal(device_counts(device).entries_count, 1);
	free(id);
	free(content);
	free(title);
}

/* The entry moves while an edit of it is open, by `apart_ms` before the edit is saved. */
static struct edit_outcome save_held_open(struct device *device, int64_t apart_ms)
{
	struct entry entry = entry_of("one", "held open");
	struct digest begun_on;
	struct edit_outcome outcome = {0};

	device_new(device, "one", "at first");
	begun_on = device_version(device, "one");
	device->world->now_ms += 1000;
	(void)device_save(device, "one", "moved");
	device->world->now_ms += apart_ms;
	entry.created_at = view_text("2026-01-01T00:00:00.000Z");
	assert_engine(device,
	    edit_save(&device->engine, &entry, &begun_on, &device->call, &outcome), ENGINE_OK);
	return outcome;
}

static void a_held_open_edit_far_in_time_wins(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct edit_outcome outcome = save_held_open(device, 120001);
	struct digest version = device_version(device, "one");

	assert_true(outcome.conflict);
	assert_string_equal(outcome.copy_id, "");
	assert_true(digest_equal(&outcome.version, &version));
	assert_content(device, "one", "held open");
	assert_true(device_keeps(device, "one", HISTORY_LOSER, "moved"));
	assert_int_equal(device_activity(device, ACTIVITY_CONFLICT), 1);
	assert_int_equal(device_counts(device).losers_count, 1);
	assert_int_equal(device_counts(device).conflicts_count, 0);
}

static void a_held_open_edit_near_in_time_keeps_both(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct edit_outcome outcome = save_held_open(device, 60000);
	struct version copy = {0};
	struct digest hash;

	assert_true(outcome.conflict);
	assert_content(device, "one", "held open");
	assert_content(device, outcome.copy_id, "moved");
	assert_int_equal(device_counts(device).conflicts_count, 1);
	assert_int_equal(device_activity(device, ACTIVITY_COPY), 1);
	hash = device_version(device, outcome.copy_id);
	assert_engine(device,
	    version_load(&device->engine, view_text("x"), &hash, &device->call, &copy), ENGINE_OK);
	assert_true(view_equal(copy.entry.conflict_of, view_text("one")));
	version_clear(&copy);
}

/* The version that moved came from a clock far ahead: it stands, and the edit is in the history. */
static void a_held_open_edit_may_lose(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct entry entry = entry_of("one", "held open");
	struct digest begun_on, moved;
	struct edit_outcome outcome = {0};

	device_new(device, "one", "at first");
	begun_on = device_version(device, "one");
	device->skew_ms = 3600000;
	(void)device_save(device, "one", "from the future");
	moved = device_version(device, "one");
	device->skew_ms = 0;
	entry.created_at = view_text("2026-01-01T00:00:00.000Z");
	assert_engine(device,
	    edit_save(&device->engine, &entry, &begun_on, &device->call, &outcome), ENGINE_OK);
	assert_true(outcome.conflict);
	assert_true(digest_equal(&outcome.version, &moved));
	assert_content(device, "one", "from the future");
	assert_true(device_keeps(device, "one", HISTORY_LOSER, "held open"));
}

/* Deleted while the edit was open: the edit stands. */
static void a_held_open_edit_beats_a_deletion(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct entry entry = entry_of("one", "held open");
	struct digest begun_on;
	struct edit_outcome outcome = {0};

	device_new(device, "one", "at first");
	begun_on = device_version(device, "one");
	device_delete(device, "one");
	entry.created_at = view_text("2026-01-01T00:00:00.000Z");
	assert_engine(device,
	    edit_save(&device->engine, &entry, &begun_on, &device->call, &outcome), ENGINE_OK);
	assert_false(outcome.conflict);
	assert_false(device_deleted(device, "one"));
	assert_content(device, "one", "held open");
}

static enum import_outcome import(struct device *device, const char *content, const char *at)
{
	struct entry entry = entry_of("one", content);
	enum import_outcome outcome = IMPORT_SKIPPED;

	entry.created_at = view_text("2020-01-01T00:00:00.000Z");
	entry.updated_at = view_text(at);
	assert_engine(
	    device, import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
	return outcome;
}

static void imports_merge_by_time(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;

	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "a", "2020-01-02T00:00:00+02:00"), IMPORT_ADDED);
	assert_int_equal(import(device, "b", "2020-01-01T22:00:00.000Z"), IMPORT_SKIPPED);
	assert_int_equal(import(device, "c", "2019-01-01"), IMPORT_SKIPPED);
	assert_int_equal(import(device, "d", "2020-01-02T00:00:01Z"), IMPORT_UPDATED);
	assert_engine(device, import_commit(&device->engine, 1, 1, &device->call), ENGINE_OK);
	assert_content(device, "one", "d");
	assert_int_equal(device_history(device, "one", HISTORY_IMPORT), 2);
	assert_int_equal(device_activity(device, ACTIVITY_IMPORT), 1);
}

/* There is no later date that could be read: an edit shares the last one, and is not overwritten.
 */
static void edits_at_the_last_date_stay(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;

	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "at first", "+275760-09-13T00:00:00.000Z"), IMPORT_ADDED);
	assert_engine(device, import_commit(&device->engine, 1, 0, &device->call), ENGINE_OK);
	(void)device_save(device, "one", "mine");
	assert_true(device_updated_ms(device, "one") == TIME_MS_MAX);
	(void)device_save(device, "one", "mine again");
	assert_true(device_updated_ms(device, "one") == TIME_MS_MAX);
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "older", "2026-01-01T00:00:00.000Z"), IMPORT_SKIPPED);
	assert_int_equal(import(device, "at first", "+275760-09-13T00:00:00.000Z"), IMPORT_SKIPPED);
	assert_engine(device, import_commit(&device->engine, 0, 0, &device->call), ENGINE_OK);
	assert_content(device, "one", "mine again");
	device_delete(device, "one");
	assert_engine(device, edit_restore(&device->engine, view_text("one"), NULL, &device->call),
	    ENGINE_OK);
	assert_content(device, "one", "mine again");
	assert_true(device_updated_ms(device, "one") == TIME_MS_MAX);
}

/* Whatever a clock says, what is written can be read, and ordered. */
static void a_clock_beyond_all_dates_is_held_to_them(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;

	device->skew_ms = INT64_MAX - home->world.now_ms;
	device_new(device, "one", "late");
	assert_true(device_updated_ms(device, "one") == TIME_MS_MAX);
	(void)device_save(device, "one", "later");
	assert_content(device, "one", "later");
	device->skew_ms = INT64_MIN;
	home->world.now_ms = 0;
	device_new(device, "two", "early");
	assert_true(device_updated_ms(device, "two") == -TIME_MS_MAX);
	(void)device_save(device, "two", "less so");
	assert_true(device_updated_ms(device, "two") == -TIME_MS_MAX + 1);
}

static void an_import_rolled_back_leaves_nothing(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;

	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "a", "2020-01-02T00:00:00Z"), IMPORT_ADDED);
	import_rollback(&device->engine);
	assert_false(device_has(device, "one"));
	assert_int_equal(device_activity(device, ACTIVITY_IMPORT), 0);
	assert_int_equal(device_history(device, "one", HISTORY_IMPORT), 0);
}

static void new_ids_are_random_uuids(void **state)
{
	struct home *home = *state;
	char first[COPY_ID_LEN + 1], second[COPY_ID_LEN + 1];

	entry_id_new(&home->world.random, first);
	entry_id_new(&home->world.random, second);
	assert_string_not_equal(first, second);
	assert_int_equal(strlen(first), COPY_ID_LEN);
	assert_int_equal(first[14], '4');
	assert_non_null(strchr("89ab", first[19]));
	assert_true(first[8] == '-' && first[13] == '-' && first[18] == '-' && first[23] == '-');
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_new_entry_is_dirty_and_remembered, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(an_id_comes_once, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(times_never_stand_still, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(deleted_entries_come_back, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(over_a_maximum_nothing_is_written, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(a_held_open_edit_far_in_time_wins, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	a_held_open_edit_near_in_time_keeps_both, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(a_held_open_edit_may_lose, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(a_held_open_edit_beats_a_deletion, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(imports_merge_by_time, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(edits_at_the_last_date_stay, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	a_clock_beyond_all_dates_is_held_to_them, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	an_import_rolled_back_leaves_nothing, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(new_ids_are_random_uuids, home_setup, home_teardown),
};

TEST_MAIN(tests)
