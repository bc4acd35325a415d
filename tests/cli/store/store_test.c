/* Opening, migration, refusal, the full disk, transactions, doctor's check. */
#include "tests/cli/store/store_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who makes the file for itself alone has its log to itself, too. */
static void test_what_is_beside_it_is_as_private(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"", "-wal", "-shm"};
	int fd;

	store_close(fixture->store);
	fixture->store = NULL;
	assert_int_equal(unlink(fixture->path), 0);
	fd = open(fixture->path, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	fixture_reopen(fixture);
	begin(fixture);
	(void)put_local(fixture, &(struct words){.id = "one"});
	commit(fixture);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[FIXTURE_PATH_MAX + 48];
		struct stat info;

		(void)snprintf(path, sizeof(path), "%s%s", fixture->path, names[i]);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
	}
}

static int64_t pragma_number(struct fixture *fixture, const char *text)
{
	int64_t number = -1;

	assert_ok(fixture, store_number(fixture->store, text, &fixture->call, &number));
	return number;
}

static void test_settings(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(pragma_number(fixture, "PRAGMA user_version"), 1);
	assert_int_equal(pragma_number(fixture, "PRAGMA application_id"), STORE_APPLICATION_ID);
	assert_int_equal(pragma_number(fixture, "PRAGMA synchronous"), 2);
	assert_int_equal(pragma_number(fixture, "PRAGMA temp_store"), 2);
	assert_int_equal(pragma_number(fixture, "PRAGMA trusted_schema"), 0);
}

static void test_empty_file_becomes_a_journal(void **state)
{
	struct fixture *fixture = *state;

	store_close(fixture->store);
	fixture->store = NULL;
	file_write(fixture->path, "", 0);
	fixture_reopen(fixture);
	assert_int_equal(pragma_number(fixture, "PRAGMA user_version"), 1);
	assert_ok(fixture, store_check(fixture->store, &fixture->call));
}

static void run_plainly(const char *path, const char *text)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Refused, with a message that says so, and the file is as it was. */
static void assert_refused(struct fixture *fixture, const char *why)
{
	struct store *store = NULL;
	struct bytes before = file_read(fixture->path);
	struct bytes after;

	assert_result(fixture,
	    store_open(fixture->path, &store_options_disk, &fixture_clock, &fixture->call, &store),
	    JOURNAL_FAILED);
	assert_null(store);
	if (strstr(fixture->call.message, why) == NULL)
		fail_msg("no \"%s\" in: %s", why, fixture->call.message);
	after = file_read(fixture->path);
	assert_true(view_equal(view_bytes(&before), view_bytes(&after)));
	bytes_clear(&before);
	bytes_clear(&after);
}

static void close_store(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

static void test_newer_file_is_refused(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	run_plainly(fixture->path, "PRAGMA user_version = 2");
	assert_refused(fixture, "please update");
}

static void test_foreign_database_is_refused(void **state)
{
	struct fixture *fixture = *state;

	close_store(fixture);
	assert_int_equal(unlink(fixture->path), 0);
	run_plainly(fixture->path, "CREATE TABLE recipes (name TEXT)");
	assert_refused(fixture, "belongs to another program");
	run_plainly(fixture->path, "PRAGMA user_version = 1");
	assert_refused(fixture, "belongs to another program");
}

static void test_no_database_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char large[8192];

	close_store(fixture);
	memset(large, 'x', sizeof(large));
	file_write(fixture->path, "Dear diary,\n", 12);
	assert_refused(fixture, "no journal");
	file_write(fixture->path, large, sizeof(large));
	assert_refused(fixture, "no journal");
}

static void test_missing_folder_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;
	char path[FIXTURE_PATH_MAX + 48];

	(void)snprintf(path, sizeof(path), "%s/no/journal.db", fixture->folder);
	assert_result(fixture,
	    store_open(path, &store_options_disk, &fixture_clock, &fixture->call, &store),
	    JOURNAL_FAILED);
	assert_null(store);
}

/* Every page but the first is scribbled over: the file opens or not, and never looks sound. */
static void test_damaged_file_is_noticed(void **state)
{
	struct fixture *fixture = *state;
	struct bytes data;
	struct store *store = NULL;
	enum journal_result result;

	begin(fixture);
	for (int i = 0; i < 50; i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "entry-%d", i);
		(void)put_local(fixture, &(struct words){.id = id});
	}
	commit(fixture);
	close_store(fixture);
	data = file_read(fixture->path);
	assert_true(data.len > 3 * 4096);
	memset(data.data + 4096, 0xa5, data.len - 4096);
	file_write(fixture->path, data.data, data.len);
	bytes_clear(&data);
	result =
	    store_open(fixture->path, &store_options_disk, &fixture_clock, &fixture->call, &store);
	if (result == JOURNAL_OK)
		result = store_check(store, &fixture->call);
	assert_result(fixture, result, JOURNAL_FAILED);
	assert_non_null(strstr(fixture->call.message, "damaged"));
	store_close(store);
}

static void test_full_disk_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	const struct journal_ops *ops = fixture->journal.ops;
	char *text = calloc(1, 100001);
	enum journal_result result = JOURNAL_OK;
	struct digest kept;

	assert_non_null(text);
	begin(fixture);
	kept = put_local(fixture, &(struct words){.id = "kept", .content = "before the flood"});
	commit(fixture);
	assert_ok(
	    fixture, store_exec(fixture->store, "PRAGMA max_page_count = 60", &fixture->call));

	begin(fixture);
	for (int i = 0; i < 10 && result == JOURNAL_OK; i++) {
		struct entry entry = {
		    .id = view_text("large"),
		    .collection = view_text("journal"),
		    .title = view_text("x"),
		    .created_at = view_text("2026"),
		    .updated_at = view_text("2026"),
		};
		struct bytes encoded = {0};
		struct digest version;

		memset(text, 'a' + i, 100000);
		entry.content = view_text(text);
		assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
		assert_int_equal(entry_version(view_bytes(&encoded), &version), FORMAT_OK);
		result = ops->version_put(
		    fixture->store, &version, view_bytes(&encoded), &fixture->call);
		bytes_clear(&encoded);
	}
	if (result == JOURNAL_OK)
		result = ops->commit(fixture->store, &fixture->call);
	assert_result(fixture, result, JOURNAL_FULL);
	assert_non_null(strstr(fixture->call.message, "disk is full"));
	/* SQLite may have ended the transaction by itself; nothing is written outside of one. */
	if (sqlite3_get_autocommit(fixture->store->db) != 0)
		assert_result(fixture,
		    ops->meta_set(fixture->store, "x", view_text("y"), &fixture->call),
		    JOURNAL_FAILED);
	ops->rollback(fixture->store);
	ops->rollback(fixture->store);

	assert_digest(get_entry(fixture, "kept").local, kept);
	assert_ok(fixture, store_check(fixture->store, &fixture->call));
	fixture_reopen(fixture);
	begin(fixture);
	(void)put_local(fixture, &(struct words){.id = "after"});
	commit(fixture);
	assert_digest(get_entry(fixture, "kept").local, kept);
	free(text);
}

static void test_rollback_undoes(void **state)
{
	struct fixture *fixture = *state;
	const struct journal_ops *ops = fixture->journal.ops;
	struct journal_entry entry;
	struct bytes value = {0};

	ops->rollback(fixture->store);
	begin(fixture);
	(void)put_local(fixture, &(struct words){.id = "gone"});
	assert_ok(fixture, ops->meta_set(fixture->store, "cursor", view_text("7"), &fixture->call));
	ops->rollback(fixture->store);
	assert_result(fixture,
	    ops->entry_get(fixture->store, view_text("gone"), &fixture->call, &entry),
	    JOURNAL_NONE);
	assert_result(
	    fixture, ops->meta_get(fixture->store, "cursor", &fixture->call, &value), JOURNAL_NONE);
	assert_result(fixture, ops->commit(fixture->store, &fixture->call), JOURNAL_FAILED);
	assert_string_equal(
	    fixture->call.message, "the change was undone before it was complete: try again");
	/* A later commit indexes nothing of it. */
	begin(fixture);
	(void)put_local(fixture, &(struct words){.id = "kept"});
	commit(fixture);
	assert_ok(fixture, store_check(fixture->store, &fixture->call));
}

static void test_writes_need_a_transaction(void **state)
{
	struct fixture *fixture = *state;

	assert_result(fixture,
	    fixture->journal.ops->meta_set(
		fixture->store, "cursor", view_text("7"), &fixture->call),
	    JOURNAL_FAILED);
	assert_string_equal(
	    fixture->call.message, "the change was undone before it was complete: try again");
}

static void test_second_writer_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct store *other = NULL;
	struct call call;

	call_init(&call, 0); /* no time left: not even STORE_BUSY_MS is waited */
	begin(fixture);
	assert_ok(
	    fixture, store_open(fixture->path, &store_options_disk, &fixture_clock, &call, &other));
	assert_int_equal(store_journal(other).ops->begin(other, &call), JOURNAL_FAILED);
	assert_non_null(strstr(call.message, "another program"));
	commit(fixture);
	assert_int_equal(store_journal(other).ops->begin(other, &call), JOURNAL_OK);
	store_journal(other).ops->rollback(other);
	store_close(other);
}

/* Each damage is done behind the store's back; the check must name it. */
static void test_check_finds(void **state)
{
	static const struct {
		const char *name;
		const char *damage;
		const char *why;
	} rows[] = {
	    {"nothing", "SELECT 1", ""},
	    {"changed text",
		"UPDATE versions SET encoded = CAST(replace(encoded, 'some', 'same') AS BLOB)",
		"hash"},
	    {"changed title", "UPDATE versions SET title = 'other'", "hash"},
	    {"no entry at all", "UPDATE versions SET encoded = x'00' WHERE id = 'two'", "hash"},
	    {"changed id", "UPDATE versions SET id = 'other' WHERE id = 'two'", "hash"},
	    {"changed time", "UPDATE versions SET created_ms = 5 WHERE id = 'two'", "hash"},
	    {"changed to dead", "UPDATE versions SET deleted = 1 WHERE id = 'two'",
		"1 stored versions are not what their hash says"},
	    {"two of them", "UPDATE versions SET created_ms = 5",
		"2 stored versions are not what their hash says"},
	    {"short hash", "UPDATE versions SET hash = x'0102' WHERE id = 'two'", "hash"},
	    {"lost version", "DELETE FROM versions WHERE id = 'two'", "references"},
	    {"foreign version",
		"UPDATE entries SET base = (SELECT local FROM entries WHERE id = 'two')"
		" WHERE id = 'one'",
		"references"},
	    {"dead in the list", "UPDATE entries SET deleted = 1 WHERE id = 'one'", "out of step"},
	    {"a conflict in the list", "UPDATE entries SET conflict = 1 WHERE id = 'one'",
		"1 entries are out of step with their version"},
	    {"wrong order", "UPDATE entries SET created_ms = 5 WHERE id = 'one'", "out of step"},
	    {"sent by nobody", "INSERT INTO sent_versions SELECT 9, id, local FROM entries",
		"no frame"},
	    {"empty row", "INSERT INTO entries (id) VALUES ('three')", "no version"},
	    {"search left behind",
		"INSERT INTO search (rowid, title, content) VALUES (1, 'ghost', 'ghost')",
		"search index"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *own = NULL;
		struct fixture *fixture;
		enum journal_result result;

		assert_int_equal(fixture_setup(&own), 0);
		fixture = own;
		begin(fixture);
		(void)put_settled(fixture, &(struct words){.id = "one"}, 1);
		(void)put_local(fixture, &(struct words){.id = "two"});
		commit(fixture);
		assert_ok(fixture, store_exec(fixture->store, rows[i].damage, &fixture->call));
		result = store_check(fixture->store, &fixture->call);
		if ((result == JOURNAL_OK) != (rows[i].why[0] == '\0') ||
		    strstr(fixture->call.message, rows[i].why) == NULL)
			fail_msg("%s: %s", rows[i].name, fixture->call.message);
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

/* An index that lacks a row: the other questions do not ask it. */
static void test_check_looks_at_the_pages(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	(void)put_local(fixture,
	    &(struct words){.id = "dead", .conflict_of = "one", .deleted_at = "2026-02-01"});
	commit(fixture);
	close_store(fixture);
	run_plainly(fixture->path,
	    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql ="
	    " replace(sql, ' AND deleted = 0', '') WHERE name = 'entries_conflicts'");
	fixture_open(fixture);
	assert_result(fixture, store_check(fixture->store, &fixture->call), JOURNAL_FAILED);
	assert_string_equal(fixture->call.message,
	    "the journal's file is damaged: keep a copy of it, then run `inkseal doctor`");
}

static void see_damage(void *self, const struct store_damage *damage)
{
	char *text = self;
	size_t len = strlen(text);

	(void)snprintf(text + len, 200 - len, "%.*s:%.*s:%d ", (int)damage->id.len,
	    (const char *)damage->id.data, (int)damage->title.len, (const char *)damage->title.data,
	    damage->current);
}

/* All of them are named, with what can be said of each. */
static void test_each_damage_is_seen(void **state)
{
	struct fixture *fixture = *state;
	char text[200] = "";

	begin(fixture);
	(void)put_local(fixture, &(struct words){.id = "one", .title = "old", .content = "o"});
	(void)put_local(fixture, &(struct words){.id = "one", .title = "new", .content = "n"});
	(void)put_local(fixture, &(struct words){.id = "two", .title = "sound"});
	(void)put_local(fixture, &(struct words){.id = "zoo", .title = "third"});
	commit(fixture);
	assert_ok(fixture, store_damaged(fixture->store, see_damage, text, &fixture->call));
	assert_string_equal(text, "");
	assert_ok(fixture, store_exec(fixture->store,
			       "UPDATE versions SET encoded = x'00' WHERE title = 'old';"
			       "UPDATE versions SET created_ms = 7 WHERE title = 'new';"
			       "UPDATE versions SET title = 'other' WHERE title = 'third'",
			       &fixture->call));
	assert_ok(fixture, store_damaged(fixture->store, see_damage, text, &fixture->call));
	assert_non_null(strstr(text, "one:old:0 "));
	assert_non_null(strstr(text, "one:new:1 "));
	assert_non_null(strstr(text, "zoo:other:1 "));
	assert_null(strstr(text, "sound"));
}

/* What rotted is whole again with all that the list has of it, once its bytes come again. */
static void test_rot_is_healed_whole(void **state)
{
	static const char *const rots[] = {"id = 'other'", "created_ms = 7", "updated_ms = 7",
	    "deleted = 1", "conflict = 1", "collection = 'other'", "title = 'other'",
	    "created_at = 'other'", "updated_at = 'other'", "deleted_at = 'other'",
	    "conflict_of = 'other'"};
	struct fixture *fixture = *state;
	const struct journal_ops *ops = fixture->journal.ops;
	char text[200] = "", rot[200];
	struct bytes encoded = {0};
	struct digest version;

	begin(fixture);
	version = put_local(fixture, &(struct words){.id = "one", .title = "its own"});
	assert_ok(fixture, ops->version_get(fixture->store, &version, &fixture->call, &encoded));
	commit(fixture);
	for (size_t i = 0; i < COUNT_OF(rots); i++) {
		(void)snprintf(
		    rot, sizeof(rot), "UPDATE versions SET encoded = x'00', %s", rots[i]);
		assert_ok(fixture, store_exec(fixture->store, rot, &fixture->call));
		begin(fixture);
		assert_ok(fixture, ops->version_put(fixture->store, &version, view_bytes(&encoded),
				       &fixture->call));
		commit(fixture);
		assert_ok(fixture, store_damaged(fixture->store, see_damage, text, &fixture->call));
		assert_string_equal(text, "");
		assert_ok(fixture, store_check(fixture->store, &fixture->call));
	}
	bytes_clear(&encoded);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(test_what_is_beside_it_is_as_private),
    cmocka_unit_test_journal(test_settings),
    cmocka_unit_test_journal(test_empty_file_becomes_a_journal),
    cmocka_unit_test_journal(test_newer_file_is_refused),
    cmocka_unit_test_journal(test_foreign_database_is_refused),
    cmocka_unit_test_journal(test_no_database_is_refused),
    cmocka_unit_test_journal(test_missing_folder_is_refused),
    cmocka_unit_test_journal(test_damaged_file_is_noticed),
    cmocka_unit_test_journal(test_full_disk_loses_nothing),
    cmocka_unit_test_journal(test_rollback_undoes),
    cmocka_unit_test_journal(test_writes_need_a_transaction),
    cmocka_unit_test_journal(test_second_writer_is_told),
    cmocka_unit_test(test_check_finds),
    cmocka_unit_test_journal(test_check_looks_at_the_pages),
    cmocka_unit_test_journal(test_each_damage_is_seen),
    cmocka_unit_test_journal(test_rot_is_healed_whole),
};

TEST_MAIN(tests)
