/*
 * tests/cli/store/store_sql_test.c: one run of one statement: what is bound and read, what is no
 * value at all, what a wrong size means; and SQLite's results as what to do next.
 */
#include "tests/cli/store/store_fixture.h"

#include <errno.h>
#include <string.h>

static void test_results(void **state)
{
#define FULL "the disk is full; nothing was lost: make room and try again"
	static const struct {
		int code;
		int system_errno;
		enum journal_result want;
		const char *says;
	} rows[] = {
	    {SQLITE_OK, 0, JOURNAL_OK, ""},
	    {SQLITE_ROW, 0, JOURNAL_OK, ""},
	    {SQLITE_DONE, ENOSPC, JOURNAL_OK, ""},
	    {SQLITE_FULL, 0, JOURNAL_FULL, FULL},
	    {SQLITE_IOERR_FSYNC, ENOSPC, JOURNAL_FULL, FULL},
	    {SQLITE_IOERR_SHMSIZE, ENOSPC, JOURNAL_FULL, FULL},
	    {SQLITE_IOERR_WRITE, EDQUOT, JOURNAL_FULL, FULL},
	    {SQLITE_CANTOPEN, ENOSPC, JOURNAL_FULL, FULL},
	    {SQLITE_IOERR_READ, EIO, JOURNAL_FAILED,
		"the journal's file: disk I/O error (266): Input/output error"},
	    {SQLITE_IOERR, 0, JOURNAL_FAILED,
		"the journal's file: disk I/O error (10): no more is known"},
	    {SQLITE_CANTOPEN, EACCES, JOURNAL_FAILED,
		"the journal's file: unable to open database file (14): Permission denied"},
	    {SQLITE_NOTADB, 0, JOURNAL_FAILED,
		"the file is no journal of Inkseal; it was left as it is"},
	    {SQLITE_CORRUPT, 0, JOURNAL_FAILED,
		"the journal's file is damaged: keep a copy of it, then run `inkseal doctor`"},
	    {SQLITE_CORRUPT_VTAB, 0, JOURNAL_FAILED,
		"the journal's file is damaged: keep a copy of it, then run `inkseal doctor`"},
	    {SQLITE_BUSY, 0, JOURNAL_FAILED,
		"another program is writing to the journal: try again"},
	    {SQLITE_LOCKED, 0, JOURNAL_FAILED,
		"another program is writing to the journal: try again"},
	    {SQLITE_READONLY, 0, JOURNAL_FAILED, "the journal's file may not be written"},
	    {SQLITE_PERM, 0, JOURNAL_FAILED, "the journal's file may not be written"},
	    {SQLITE_NOMEM, 0, JOURNAL_FAILED, "out of memory"},
	    {SQLITE_ABORT, 0, JOURNAL_FAILED,
		"the change was undone before it was complete: try again"},
	    {SQLITE_MISMATCH, ENOSPC, JOURNAL_FAILED, "the journal's file: datatype mismatch (20)"},
	};
#undef FULL

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		call_init(&call, 0);
		assert_int_equal(
		    store_result(rows[i].code, rows[i].system_errno, &call), rows[i].want);
		assert_string_equal(call.message, rows[i].says);
	}
}

/* In order, whatever is no value; what is empty is a value. */
static void test_bound_and_read(void **state)
{
	static const struct digest digest = {{1, 2, 3}};
	static const struct device_id device = {{4, 5, 6}};
	struct fixture *f = *state;
	struct device_id found_device;
	struct digest found;
	struct bytes bytes = {0};
	struct sql sql;

	sql_read(&sql, f->store, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9");
	sql_digest(&sql, NULL);
	sql_text_or_null(&sql, (struct view){0});
	sql_int(&sql, -7);
	sql_text(&sql, (struct view){0});
	sql_blob(&sql, (struct view){0});
	sql_digest(&sql, &digest);
	sql_device(&sql, &device);
	sql_device(&sql, NULL);
	sql_text_or_null(&sql, view_text("words"));
	assert_ok(f, sql_row(&sql, &f->call));
	memset(&found, 0x5a, sizeof(found));
	assert_false(sql_digest_at(&sql, 0, &found));
	assert_int_equal(found.bytes[0], 0x5a);
	assert_null(sql_text_at(&sql, 1));
	assert_null(sql_view_at(&sql, 1).data);
	assert_int_equal(sql_int_at(&sql, 2), -7);
	assert_string_equal(sql_text_at(&sql, 3), "");
	assert_non_null(sql_view_at(&sql, 4).data);
	assert_int_equal(sql_view_at(&sql, 4).len, 0);
	assert_true(sql_digest_at(&sql, 5, &found));
	assert_digest(found, digest);
	assert_true(sql_device_at(&sql, 6, &found_device));
	assert_true(device_equal(&found_device, &device));
	assert_true(sql_device_at(&sql, 7, &found_device));
	assert_int_equal(found_device.bytes[0] | found_device.bytes[15], 0);
	sql_bytes_at(&sql, 8, &bytes);
	assert_take(&bytes, "words");
	assert_result(f, sql_row(&sql, &f->call), JOURNAL_NONE);
	sql_close(&sql); /* once more is fine */
}

/* It sticks: what follows is nothing, and the end says why. */
static void test_a_wrong_size_is_damage(void **state)
{
	struct fixture *f = *state;
	struct device_id device = {{7}};
	struct digest digest = {{7}};
	struct bytes bytes = {0};
	struct sql sql;

	for (unsigned longer = 0; longer < 2; longer++) {
		call_init(&f->call, 0);
		sql_read(&sql, f->store, "SELECT zeroblob(?1), 5, 'text'");
		sql_int(&sql, longer ? DIGEST_LEN + 1 : DIGEST_LEN - 1);
		assert_ok(f, sql_row(&sql, &f->call));
		assert_false(sql_digest_at(&sql, 0, &digest));
		assert_int_equal(digest.bytes[0], 7);
		assert_int_equal(sql_int_at(&sql, 1), 0);
		assert_null(sql_text_at(&sql, 2));
		assert_null(sql_view_at(&sql, 2).data);
		sql_bytes_at(&sql, 2, &bytes);
		assert_null(bytes.data);
		assert_false(sql_device_at(&sql, 0, &device));
		assert_int_equal(device.bytes[0], 7);
		assert_result(f, sql_finish(&sql, &f->call), JOURNAL_FAILED);
		assert_non_null(strstr(f->call.message, "damaged"));
	}
}

/* A statement that is wrong, or has too many values, fails as a whole. */
static void test_what_can_not_be_run(void **state)
{
	struct fixture *f = *state;
	struct bytes id = {0};
	int64_t number = 7;
	struct sql sql;

	sql_read(&sql, f->store, "SELECT nothing FROM nowhere");
	sql_int(&sql, 1);
	sql_text(&sql, view_text("a"));
	sql_blob(&sql, view_text("a"));
	assert_result(f, sql_row(&sql, &f->call), JOURNAL_FAILED);
	sql_read(&sql, f->store, "SELECT ?1");
	sql_int(&sql, 1);
	sql_int(&sql, 2);
	assert_result(f, sql_row(&sql, &f->call), JOURNAL_FAILED);
	sql_read(&sql, f->store, "SELECT 1 WHERE ?1 = 2");
	sql_int(&sql, 1);
	assert_ok(f, sql_run(&sql, &f->call));
	sql_read(&sql, f->store, "SELECT 'id' WHERE ?1 = 1");
	sql_int(&sql, 1);
	assert_ok(f, sql_run(&sql, &f->call)); /* whatever it answers */
	sql_int(&sql, 1);
	sql_read(&sql, f->store, "SELECT 'an id'");
	assert_ok(f, sql_row(&sql, &f->call));
	assert_ok(f, sql_take_id(&sql, &f->call, &id));
	assert_take(&id, "an id");
	assert_result(
	    f, store_number(f->store, "SELECT 1 WHERE 0", &f->call, &number), JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "damaged"));
	assert_result(f, store_number(f->store, "SELECT no", &f->call, &number), JOURNAL_FAILED);
	assert_int_equal(number, 7);
	assert_ok(f, store_number(f->store, "SELECT 9", &f->call, &number));
	assert_int_equal(number, 9);
	assert_result(f, store_exec(f->store, "SELECT no", &f->call), JOURNAL_FAILED);
}

/* The user's words: each is one string of FTS5, whatever is in it. */
static void test_words(void **state)
{
	static const char stars[] = "****";
	static const struct {
		const char *match, *query;
	} rows[] = {
	    {"bed", "\"bed\""},
	    {"bed wife", "\"bed\" \"wife\""},
	    {" \tbed\n\v\f\rwife ", "\"bed\" \"wife\""},
	    {"bed\x08wife\x0e", "\"bed\x08wife\x0e\""},
	    {"be*", "\"be\"*"},
	    {"be**", "\"be\"*"},
	    {"*bed b*d", "\"*bed\" \"b*d\""},
	    {"* bed **", "\"bed\""},
	    {&stars[2], ""}, /* nor is what stands before the search looked at */
	    {"a\"b \"\"", "\"a\"\"b\" \"\"\"\"\"\""},
	    {"\"*", "\"\"\"\"*"},
	    {"", ""},
	};
	struct bytes query = {0};
	struct call call;

	(void)state;
	call_init(&call, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(store_words(rows[i].match, &call, &query), JOURNAL_OK);
		if (rows[i].query[0] == '\0')
			assert_int_equal(query.len, 0);
		else
			assert_string_equal((const char *)query.data, rows[i].query);
		bytes_clear(&query);
	}
}

/* 64 words, and so many bytes as FTS5 reads them. */
static void test_words_are_bounded(void **state)
{
	static const struct {
		size_t len;
		bool quotes;
		bool good;
	} rows[] = {
	    {STORE_WORDS_LEN_MAX - 2, false, true},
	    {STORE_WORDS_LEN_MAX - 1, false, false},
	    {STORE_WORDS_LEN_MAX / 2 - 1, true, true},
	    {STORE_WORDS_LEN_MAX / 2, true, false},
	};
	static char text[STORE_WORDS_LEN_MAX + 1];
	struct bytes query = {0};
	struct call call;

	(void)state;
	call_init(&call, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		memset(text, 0, sizeof(text));
		memset(text, rows[i].quotes ? '"' : 'w', rows[i].len);
		assert_int_equal(
		    store_words(text, &call, &query), rows[i].good ? JOURNAL_OK : JOURNAL_FAILED);
		assert_int_equal(query.len, rows[i].good ? STORE_WORDS_LEN_MAX : 0);
		bytes_clear(&query);
	}
	for (size_t i = 0; i < 2 * (STORE_WORDS_MAX + 1); i += 2)
		memcpy(text + i, "a ", 3);
	assert_int_equal(store_words(text, &call, &query), JOURNAL_FAILED);
	assert_string_equal(call.message, "the search is too long: 64 words at most");
	assert_null(query.data);
	text[2 * STORE_WORDS_MAX] = '\0';
	assert_int_equal(store_words(text, &call, &query), JOURNAL_OK);
	bytes_clear(&query);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_results),
    cmocka_unit_test_journal(test_bound_and_read),
    cmocka_unit_test_journal(test_a_wrong_size_is_damage),
    cmocka_unit_test_journal(test_what_can_not_be_run),
    cmocka_unit_test(test_words),
    cmocka_unit_test(test_words_are_bounded),
};

TEST_MAIN(tests)
