/*
 * tests/cli/engine/edit_test.c: edits and imports on a real store: each is one transaction with its
 * history and activity row, times move on, and an edit held open while the entry moved is judged.
 */
#include "cli/engine/version.h"
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

/* Bytes that count up, or are all the same. */
struct counted {
	uint8_t next, step;
};

static void count_up(void *self, void *out, size_t len)
{
	struct counted *counted = self;
	uint8_t *bytes = out;

	assert_int_equal(len, 16);
	for (size_t i = 0; i < len; i++, counted->next = (uint8_t)(counted->next + counted->step))
		bytes[i] = counted->next;
}

/* RFC 9562, 5.4: six bits say what it is, all others are the randomness. */
static void all_but_six_bits_of_an_id_are_drawn(void **state)
{
	static const struct {
		struct counted from;
		const char *id;
	} id_rows[] = {
	    {{0x00, 1}, "00010203-0405-4607-8809-0a0b0c0d0e0f"},
	    {{0x00, 0}, "00000000-0000-4000-8000-000000000000"},
	    {{0xFF, 0}, "ffffffff-ffff-4fff-bfff-ffffffffffff"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(id_rows); i++) {
		struct counted counted = id_rows[i].from;
		const struct random random = {&counted, count_up};
		char id[COPY_ID_LEN + 1];

		entry_id_new(&random, id);
		assert_string_equal(id, id_rows[i].id);
	}
}

/* The entry is in the cloud at `version`, by another device. */
static void put_in_cloud(struct device *device, const struct digest *version)
{
	const struct journal_ops *ops = device->engine.journal.ops;
	static const struct device_id another = {{7}};

	assert_int_equal(ops->begin(device->store, &device->call), JOURNAL_OK);
	assert_int_equal(
	    ops->base_set(device->store, view_text("one"), version, &device->call), JOURNAL_OK);
	assert_int_equal(
	    ops->cloud_set(device->store, view_text("one"), version, &another, 1, 0, &device->call),
	    JOURNAL_OK);
	assert_int_equal(ops->commit(device->store, &device->call), JOURNAL_OK);
}

/* Whose version it was that an edit met and outlived: the copy's id tells it to all devices. */
static void what_moved_is_kept_by_who_made_it(void **state)
{
	enum { UNSYNCED, PULLED, EDITED_SINCE, CASES };
	static const char *const names[CASES] = {
	    [UNSYNCED] = "here", [PULLED] = "there", [EDITED_SINCE] = "here, over theirs"};
	struct home *home = *state;
	struct device *device = &home->device;
	static const struct device_id another = {{7}};

	for (unsigned which = 0; which < CASES; which++) {
		struct entry entry = entry_of("one", "held open");
		struct edit_outcome outcome = {0};
		char copy_id[COPY_ID_LEN + 1];
		struct digest begun_on, moved;

		home_teardown(state);
		home_setup(state);
		device_new(device, "one", "at first");
		begun_on = device_version(device, "one");
		(void)device_save(device, "one", "moved");
		moved = device_version(device, "one");
		if (which != UNSYNCED)
			put_in_cloud(device, which == PULLED ? &moved : &begun_on);
		assert_engine(device,
		    edit_save(&device->engine, &entry, &begun_on, &device->call, &outcome),
		    ENGINE_OK);
		entry_copy_id(
		    view_text("one"), which == PULLED ? &another : &device->keys.id, copy_id);
		if (strcmp(outcome.copy_id, copy_id) != 0)
			fail_msg("moved %s: the copy is another's", names[which]);
		assert_content(device, copy_id, "moved");
	}
}

/* The cloud may have it, and the history: it is not in the journal, as if it had never been. */
static void what_is_gone_is_imported_again(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	const struct journal_ops *ops = device->engine.journal.ops;
	struct digest version;

	device_new(device, "one", "of today");
	version = device_version(device, "one");
	put_in_cloud(device, &version);
	assert_int_equal(ops->begin(device->store, &device->call), JOURNAL_OK);
	assert_int_equal(
	    ops->local_set(device->store, view_text("one"), NULL, &device->call), JOURNAL_OK);
	assert_int_equal(ops->commit(device->store, &device->call), JOURNAL_OK);
	assert_engine(device, edit_delete(&device->engine, view_text("one"), &device->call),
	    ENGINE_NOT_FOUND);
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "older", "2020-01-02T00:00:00Z"), IMPORT_ADDED);
	assert_engine(device, import_commit(&device->engine, 1, 0, &device->call), ENGINE_OK);
	assert_content(device, "one", "older");
}

struct rows_seen {
	size_t count;
	struct store_history row; /* the last */
};

static bool see_history(void *self, const struct store_history *row)
{
	struct rows_seen *seen = self;

	seen->count++;
	seen->row = *row;
	return true;
}

static bool see_activity(void *self, const struct store_activity *row)
{
	assert_int_equal(row->kind, ACTIVITY_IMPORT);
	assert_string_equal(row->detail, "12 added, 345 updated");
	++*(size_t *)self;
	return true;
}

/* A home without keys has no name for itself yet. */
static void the_history_says_who_and_when(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct rows_seen seen = {0};
	static const struct device_id nobody;
	size_t told = 0;

	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_int_equal(import(device, "a", "2020-01-02T00:00:00Z"), IMPORT_ADDED);
	assert_engine(device, import_commit(&device->engine, 12, 345, &device->call), ENGINE_OK);
	assert_int_equal(
	    store_history(device->store, view_text("one"), see_history, &seen, &device->call),
	    JOURNAL_OK);
	assert_int_equal(seen.count, 1);
	assert_true(device_equal(&seen.row.author, &device->keys.id));
	assert_int_equal(seen.row.at_ms, home->world.now_ms);
	assert_int_equal(
	    store_activity(device->store, 0, see_activity, &told, &device->call), JOURNAL_OK);
	assert_int_equal(told, 1);
	device->engine.keys = NULL;
	device_new(device, "two", "b");
	assert_int_equal(
	    store_history(device->store, view_text("two"), see_history, &seen, &device->call),
	    JOURNAL_OK);
	assert_true(device_equal(&seen.row.author, &nobody));
}

static void a_refusal_says_why_and_hands_nothing_out(void **state)
{
	struct home *home = *state;
	struct device *device = &home->device;
	struct entry one = entry_of("one", "words"), two = entry_of("two", "words");
	struct edit_outcome outcome;
	static const struct edit_outcome before = {.conflict = true, .copy_id = "as it was"};
	struct digest version;

	device_new(device, "one", "words");
	device_new(device, "two", "words");
	version = device_version(device, "one");
	outcome = before;
	assert_engine(device, edit_save(&device->engine, &one, NULL, &device->call, &outcome),
	    ENGINE_REFUSED);
	assert_string_equal(device->call.message, "there is already an entry with this id");
	assert_memory_equal(&outcome, &before, sizeof(before));
	assert_engine(device, edit_save(&device->engine, &two, &version, &device->call, &outcome),
	    ENGINE_REFUSED);
	assert_string_equal(device->call.message, "the edit began on another entry's version");
	assert_memory_equal(&outcome, &before, sizeof(before));
	assert_engine(device,
	    edit_restore(&device->engine, view_text("two"), &version, &device->call),
	    ENGINE_REFUSED);
	assert_string_equal(device->call.message, "that version is another entry's");
	assert_engine(device, edit_restore(&device->engine, view_text("one"), NULL, &device->call),
	    ENGINE_REFUSED);
	assert_string_equal(device->call.message, "the entry is not deleted");
	device_delete(device, "one");
	assert_engine(
	    device, edit_delete(&device->engine, view_text("one"), &device->call), ENGINE_REFUSED);
	assert_string_equal(device->call.message, "the entry is deleted already");
	assert_engine(device, edit_delete(&device->engine, view_text("three"), &device->call),
	    ENGINE_NOT_FOUND);
	assert_string_equal(device->call.message, "there is no entry with this id");
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
    cmocka_unit_test(all_but_six_bits_of_an_id_are_drawn),
    cmocka_unit_test_setup_teardown(what_moved_is_kept_by_who_made_it, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(what_is_gone_is_imported_again, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(the_history_says_who_and_when, home_setup, home_teardown),
    cmocka_unit_test_setup_teardown(
	a_refusal_says_why_and_hands_nothing_out, home_setup, home_teardown),
};

TEST_MAIN(tests)
