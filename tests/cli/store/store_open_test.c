/*
 * tests/cli/store/store_open_test.c: opening a journal while each call of the system and of SQLite
 * that it makes fails in turn; and what another process, or another disk, can put in its way.
 */
#include "tests/cli/store/store_fixture.h"
#include "tests/each.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
	unsigned failing, count; /* of all calls, from 1; 0: none fails */
	const char *failed;
	const char *disk; /* sqlite3_open_v2's; NULL: the usual one */
	void (*at_begin)(void);
} calls;

static bool fails(const char *name)
{
	if (++calls.count != calls.failing)
		return false;
	calls.failed = name;
	return true;
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void *__real_calloc(size_t count, size_t len);
int __real_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *disk);
int __real_sqlite3_busy_timeout(sqlite3 *db, int ms);
int __real_sqlite3_db_config(sqlite3 *db, int op, ...);
int __real_sqlite3_create_function_v2(sqlite3 *db, const char *name, int args, int how, void *self,
    void (*call)(sqlite3_context *, int, sqlite3_value **),
    void (*step)(sqlite3_context *, int, sqlite3_value **), void (*end)(sqlite3_context *),
    void (*forget)(void *));
int __real_sqlite3_exec(sqlite3 *db, const char *text, int (*see)(void *, int, char **, char **),
    void *self, char **why);
int __real_sqlite3_step(sqlite3_stmt *statement);
void *__wrap_calloc(size_t count, size_t len);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *disk);
int __wrap_sqlite3_busy_timeout(sqlite3 *db, int ms);
int __wrap_sqlite3_db_config(sqlite3 *db, int op, ...);
int __wrap_sqlite3_create_function_v2(sqlite3 *db, const char *name, int args, int how, void *self,
    void (*call)(sqlite3_context *, int, sqlite3_value **),
    void (*step)(sqlite3_context *, int, sqlite3_value **), void (*end)(sqlite3_context *),
    void (*forget)(void *));
int __wrap_sqlite3_exec(sqlite3 *db, const char *text, int (*see)(void *, int, char **, char **),
    void *self, char **why);
int __wrap_sqlite3_step(sqlite3_stmt *statement);

void *__wrap_calloc(size_t count, size_t len)
{
	return fails("calloc") ? NULL : __real_calloc(count, len);
}

int __wrap_sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *disk)
{
	if (fails("sqlite3_open_v2")) {
		*out = NULL;
		return SQLITE_CANTOPEN;
	}
	return __real_sqlite3_open_v2(path, out, flags, calls.disk == NULL ? disk : calls.disk);
}

int __wrap_sqlite3_busy_timeout(sqlite3 *db, int ms)
{
	return fails("sqlite3_busy_timeout") ? SQLITE_MISUSE : __real_sqlite3_busy_timeout(db, ms);
}

int __wrap_sqlite3_db_config(sqlite3 *db, int op, ...)
{
	va_list args;
	int on, *now;

	va_start(args, op);
	on = va_arg(args, int);
	now = va_arg(args, int *);
	va_end(args);
	return fails("sqlite3_db_config") ? SQLITE_MISUSE
					  : __real_sqlite3_db_config(db, op, on, now);
}

int __wrap_sqlite3_create_function_v2(sqlite3 *db, const char *name, int args, int how, void *self,
    void (*call)(sqlite3_context *, int, sqlite3_value **),
    void (*step)(sqlite3_context *, int, sqlite3_value **), void (*end)(sqlite3_context *),
    void (*forget)(void *))
{
	return fails("sqlite3_create_function_v2") ? SQLITE_MISUSE
						   : __real_sqlite3_create_function_v2(db, name,
							 args, how, self, call, step, end, forget);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *text, int (*see)(void *, int, char **, char **),
    void *self, char **why)
{
	void (*at_begin)(void) = calls.at_begin;

	if (at_begin != NULL && strcmp(text, "BEGIN IMMEDIATE") == 0) {
		calls.at_begin = NULL;
		at_begin();
	}
	return fails(text) ? SQLITE_MISUSE : __real_sqlite3_exec(db, text, see, self, why);
}

int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
	return fails("sqlite3_step") ? SQLITE_MISUSE : __real_sqlite3_step(statement);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void calls_reset(unsigned failing)
{
	memset(&calls, 0, sizeof(calls));
	calls.failing = failing;
}

static void close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static void remove_journal(struct fixture *f)
{
	static const char *const names[] = {"", "-wal", "-shm"};

	close_store(f);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[FIXTURE_PATH_MAX + 48];

		(void)snprintf(path, sizeof(path), "%s%s", f->path, names[i]);
		(void)unlink(path);
	}
}

/* No table, no version. */
static void assert_nothing_written(struct fixture *f)
{
	char text[STORE_TEXT_MAX];
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	store_rows(db, "SELECT count(*) FROM sqlite_schema", text);
	assert_string_equal(text, "0 ");
	store_rows(db, "PRAGMA user_version", text);
	assert_string_equal(text, "0 ");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A failure says so. A file that was there holds what it held, and a new one can be made again. */
static void each_call_fails_in_turn(struct fixture *f, bool new_file)
{
	struct each each = {.of = "opening", .least = 15, .most = 100};

	while (each_next(&each)) {
		enum journal_result result;

		if (new_file)
			remove_journal(f);
		else
			close_store(f);
		call_init(&f->call, 1000);
		calls_reset(each.nth);
		result =
		    store_open(f->path, &store_options_disk, &fixture_clock, &f->call, &f->store);
		each.hit = calls.failed != NULL;
		if (!each.hit) {
			assert_ok(f, result);
			continue;
		}
		if (strcmp(calls.failed, "DELETE FROM temp.scan") == 0) /* as it is closed */
			assert_int_equal(result, JOURNAL_OK);
		else if (result != JOURNAL_FAILED || f->store != NULL || f->call.message[0] == '\0')
			fail_msg("%s: %d: %s", calls.failed, result, f->call.message);
		calls_reset(0);
		if (new_file && result != JOURNAL_OK)
			assert_nothing_written(f);
		fixture_reopen(f);
		assert_ok(f, store_check(f->store, &f->call));
		if (!new_file)
			assert_true(get_entry(f, "kept").has_local);
	}
	calls_reset(0);
	print_message("%u calls failed\n", each.hits);
}

static void each_call_of_a_first_open_fails(void **state)
{
	each_call_fails_in_turn(*state, true);
}

static void each_call_of_another_open_fails(void **state)
{
	struct fixture *f = *state;

	begin(f);
	(void)put_local(f, &(struct words){.id = "kept"});
	commit(f);
	each_call_fails_in_turn(f, false);
}

static void what_the_system_says_is_told(void **state)
{
	static const struct {
		unsigned failing;
		const char *failed, *says;
	} rows[] = {
	    {1, "calloc", "out of memory"},
	    {2, "sqlite3_open_v2",
		"the journal's file: unable to open database file (14): no more is known"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		remove_journal(f);
		calls_reset(rows[i].failing);
		assert_result(f,
		    store_open(f->path, &store_options_disk, &fixture_clock, &f->call, &f->store),
		    JOURNAL_FAILED);
		assert_string_equal(calls.failed, rows[i].failed);
		assert_string_equal(f->call.message, rows[i].says);
		calls_reset(0);
	}
}

/* A disk that has no shared memory, as a network drive, can have no write-ahead log. */
static void a_folder_without_a_log_is_refused(void **state)
{
	struct fixture *f = *state;

	remove_journal(f);
	calls_reset(0);
	calls.disk = "unix-none";
	assert_result(f,
	    store_open(f->path, &store_options_disk, &fixture_clock, &f->call, &f->store),
	    JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "does not allow a write-ahead log"));
	calls_reset(0);
}

static struct fixture *racing;

static void open_in_between(void)
{
	struct store *other = NULL;

	assert_ok(racing,
	    store_open(racing->path, &store_options_disk, &fixture_clock, &racing->call, &other));
	assert_ok(racing, store_journal(other).ops->begin(other, &racing->call));
	assert_ok(racing,
	    store_journal(other).ops->meta_set(other, "first", view_text("come"), &racing->call));
	assert_ok(racing, store_journal(other).ops->commit(other, &racing->call));
	store_close(other);
}

/* Two that find a new file at once: who comes second takes it as it is. */
static void another_process_may_come_first(void **state)
{
	struct fixture *f = *state;
	struct bytes value = {0};

	remove_journal(f);
	calls_reset(0);
	racing = f;
	calls.at_begin = open_in_between;
	assert_ok(f, store_open(f->path, &store_options_disk, &fixture_clock, &f->call, &f->store));
	assert_null(calls.at_begin);
	assert_ok(f, store_journal(f->store).ops->meta_get(f->store, "first", &f->call, &value));
	assert_take(&value, "come");
}

static int setting(struct fixture *f, int which)
{
	int on = -1;

	assert_int_equal(sqlite3_db_config(f->store->db, which, -1, &on), SQLITE_OK);
	return on;
}

static int64_t pragma_number(struct fixture *f, const char *text)
{
	int64_t number = -1;

	assert_ok(f, store_number(f->store, text, &f->call, &number));
	return number;
}

/* Its log is where the options say, and so is how much of it is kept in memory. */
static void what_the_options_say(void **state)
{
	static const struct {
		struct store_options options;
		const char *log;
		bool beside; /* the file */
	} rows[] = {
	    {{STORE_WAL, 16384}, "wal ", true}, {{STORE_MEMORY_LOG, 512}, "memory ", false}};
	struct fixture *f = *state;

	calls_reset(0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[STORE_TEXT_MAX], path[FIXTURE_PATH_MAX + 48];

		remove_journal(f);
		assert_ok(
		    f, store_open(f->path, &rows[i].options, &fixture_clock, &f->call, &f->store));
		store_rows(f->store->db, "PRAGMA journal_mode", text);
		assert_string_equal(text, rows[i].log);
		assert_int_equal(
		    pragma_number(f, "PRAGMA cache_size"), -(int64_t)rows[i].options.cache_kib);
		begin(f);
		(void)put_local(f, &(struct words){.id = "kept"});
		commit(f);
		(void)snprintf(path, sizeof(path), "%s-wal", f->path);
		assert_int_equal(access(path, F_OK) == 0, rows[i].beside);
		assert_ok(f, store_check(f->store, &f->call));
	}
	assert_int_equal(store_options_disk.log, STORE_WAL);
}

static void how_a_journal_is_open(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(setting(f, SQLITE_DBCONFIG_TRUSTED_SCHEMA), 0);
	assert_int_equal(setting(f, SQLITE_DBCONFIG_DEFENSIVE), 1);
	assert_int_equal(setting(f, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE), 0);
	assert_int_equal(pragma_number(f, "PRAGMA busy_timeout"), STORE_BUSY_MS);
}

/* Whoever begins waits for another no longer than the caller has time. */
static void a_begin_waits_as_long_as_there_is_time(void **state)
{
	static const struct {
		int64_t left_ms;
		int64_t waits_ms;
	} rows[] = {{-(1LL << 32) + 5, 0}, {-5, 0}, {0, 0}, {1, 1}, {1999, 1999}, {2000, 2000},
	    {2001, 2000}, {1000000, 2000}};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		call_init(&f->call, rows[i].left_ms); /* the clock stands at 0 */
		begin(f);
		assert_int_equal(pragma_number(f, "PRAGMA busy_timeout"), rows[i].waits_ms);
		f->journal.ops->rollback(f->store);
	}
}

static void run_plainly(const char *path, const char *text)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Ours, by its mark, its version and its tables: each alone is none. */
static void what_is_no_journal_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"PRAGMA user_version = 1", "belongs to another program"},
	    {"PRAGMA application_id = 7", "belongs to another program"},
	    {"PRAGMA application_id = 0x496e6b73", "belongs to another program"},
	    {"CREATE TABLE recipes (name TEXT)", "belongs to another program"},
	    {"PRAGMA application_id = 0x496e6b73; PRAGMA user_version = -1",
		"belongs to another program"},
	    {"PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE a (b TEXT)",
		"belongs to another program"},
	    {"PRAGMA application_id = 0x496e6b73; PRAGMA user_version = 2",
		"the journal was written by a newer inkseal (version 2, known: 1): please update"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		remove_journal(f);
		run_plainly(f->path, rows[i].text);
		assert_result(f,
		    store_open(f->path, &store_options_disk, &fixture_clock, &f->call, &f->store),
		    JOURNAL_FAILED);
		assert_non_null(strstr(f->call.message, rows[i].says));
	}
}

static void copy_file(const char *from, const char *to)
{
	struct bytes data = file_read(from);

	file_write(to, data.data, data.len);
	bytes_clear(&data);
}

/* What a newer program has in its write-ahead log stays there. */
static void the_log_of_what_is_refused_stays_too(void **state)
{
	struct fixture *f = *state;
	char copy[FIXTURE_PATH_MAX + 48], log[FIXTURE_PATH_MAX + 48];
	char copy_log[FIXTURE_PATH_MAX + 48];
	struct bytes before, after;
	struct store *store = NULL;

	assert_ok(f, store_exec(f->store, "PRAGMA user_version = 2", &f->call));
	(void)snprintf(copy, sizeof(copy), "%s/copy.db", f->folder);
	(void)snprintf(log, sizeof(log), "%s-wal", f->path);
	(void)snprintf(copy_log, sizeof(copy_log), "%s/copy.db-wal", f->folder);
	copy_file(f->path, copy);
	copy_file(log, copy_log);
	before = file_read(copy_log);
	assert_true(before.len > 0);
	assert_result(f, store_open(copy, &store_options_disk, &fixture_clock, &f->call, &store),
	    JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "please update"));
	after = file_read(copy_log);
	assert_true(view_equal(view_bytes(&before), view_bytes(&after)));
	bytes_clear(&before);
	bytes_clear(&after);
}

/* And one of ours is folded in as it is closed: one file is all of it. */
static void the_log_of_ours_is_folded_in(void **state)
{
	struct fixture *f = *state;
	char log[FIXTURE_PATH_MAX + 48];
	struct stat info;

	begin(f);
	(void)put_local(f, &(struct words){.id = "one"});
	commit(f);
	(void)snprintf(log, sizeof(log), "%s-wal", f->path);
	assert_int_equal(stat(log, &info), 0);
	close_store(f);
	assert_int_equal(stat(log, &info), -1);
	fixture_open(f);
	assert_true(get_entry(f, "one").has_local);
	store_close(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(each_call_of_a_first_open_fails),
    cmocka_unit_test_journal(each_call_of_another_open_fails),
    cmocka_unit_test_journal(what_the_system_says_is_told),
    cmocka_unit_test_journal(a_folder_without_a_log_is_refused),
    cmocka_unit_test_journal(another_process_may_come_first),
    cmocka_unit_test_journal(what_the_options_say),
    cmocka_unit_test_journal(how_a_journal_is_open),
    cmocka_unit_test_journal(a_begin_waits_as_long_as_there_is_time),
    cmocka_unit_test_journal(what_is_no_journal_is_refused),
    cmocka_unit_test_journal(the_log_of_what_is_refused_stays_too),
    cmocka_unit_test_journal(the_log_of_ours_is_folded_in),
};

TEST_MAIN(tests)
