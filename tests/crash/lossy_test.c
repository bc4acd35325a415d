/*
 * tests/crash/lossy_test.c: machines on one lossy disk: one is off, or loses what it has not
 * synced, while the other goes on.
 */
#include "tests/test.h"

#include "tests/crash/lossy_vfs.h"

#include <sqlite3.h>
#include <string.h>

#define SEEDS 200u

static const char *const paths[] = {"/a/journal.db", "/b/journal.db"};

static sqlite3 *open_one(const char *path)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
			     "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			     "CREATE TABLE IF NOT EXISTS t (x)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	return db;
}

static int count_see(void *self, int columns, char **values, char **names)
{
	int *count = self;

	(void)names;
	assert_int_equal(columns, 1);
	*count = values[0][0] - '0';
	return 0;
}

static int count(sqlite3 *db)
{
	int found = -1;

	assert_int_equal(
	    sqlite3_exec(db, "SELECT count(*) FROM t", count_see, &found, NULL), SQLITE_OK);
	return found;
}

static int add(sqlite3 *db, bool synced)
{
	return sqlite3_exec(db,
	    synced ? "PRAGMA synchronous = FULL; INSERT INTO t VALUES (1)"
		   : "PRAGMA synchronous = NORMAL; INSERT INTO t VALUES (1)",
	    NULL, NULL, NULL);
}

static void close_one(sqlite3 *db)
{
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A row that was synced and one that was not; what seed leaves of them once the power is back. */
static int left_by(uint64_t seed, bool power)
{
	sqlite3 *a, *b;
	int left;

	lossy_clear();
	lossy_use(true);
	a = open_one(paths[0]);
	b = open_one(paths[1]);
	assert_int_equal(add(a, true), SQLITE_OK);
	assert_int_equal(add(a, false), SQLITE_OK);
	assert_int_equal(add(b, false), SQLITE_OK);
	assert_true(lossy_stop("/a", 0));
	assert_int_not_equal(add(a, false), SQLITE_OK);
	assert_int_equal(count(a), 2);
	assert_int_equal(add(b, false), SQLITE_OK);
	close_one(a);
	if (power)
		assert_true(lossy_lose("/a", seed));
	lossy_start("/a");
	a = open_one(paths[0]);
	left = count(a);
	assert_int_equal(add(a, true), SQLITE_OK);
	assert_int_equal(count(b), 2);
	close_one(a);
	close_one(b);
	lossy_use(false);
	lossy_clear();
	return left;
}

static void test_process_dies(void **state)
{
	(void)state;
	assert_int_equal(left_by(1, false), 2);
}

static void test_power_fails(void **state)
{
	unsigned lost = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		int left = left_by(seed, true);

		assert_in_range(left, 1, 2);
		assert_int_equal(left_by(seed, true), left);
		lost += left == 1;
	}
	assert_in_range(lost, 1, SEEDS - 1);
}

/* After so many changes; each of them leaves the row whole or not there. */
static void test_stops_later(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (unsigned changes = 0; changes < 20; changes++) {
		sqlite3 *a;
		bool added;

		lossy_clear();
		lossy_use(true);
		a = open_one(paths[0]);
		assert_true(lossy_stop("/a", changes));
		added = add(a, true) == SQLITE_OK;
		refused += !added;
		close_one(a);
		lossy_start("/a");
		a = open_one(paths[0]);
		assert_in_range(count(a), added, 1);
		close_one(a);
	}
	assert_in_range(refused, 2, 19);
	lossy_use(false);
	lossy_clear();
}

static void test_put_and_look(void **state)
{
	const uint8_t *bytes;
	size_t len = 0;
	sqlite3 *a;
	uint8_t copy[65536];

	(void)state;
	lossy_clear();
	lossy_use(true);
	assert_null(lossy_look(paths[0], &len));
	a = open_one(paths[0]);
	assert_int_equal(add(a, true), SQLITE_OK);
	close_one(a);
	bytes = lossy_look(paths[0], &len);
	assert_non_null(bytes);
	assert_in_range(len, 1, sizeof(copy));
	memcpy(copy, bytes, len);
	assert_true(lossy_put(paths[0], NULL, 0));
	assert_null(lossy_look(paths[0], &len));
	assert_true(lossy_put(paths[1], copy, len));
	assert_true(lossy_lose("/b", 1));
	a = open_one(paths[1]);
	assert_int_equal(count(a), 1);
	close_one(a);
	lossy_use(false);
	lossy_clear();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_process_dies),
    cmocka_unit_test(test_power_fails),
    cmocka_unit_test(test_stops_later),
    cmocka_unit_test(test_put_and_look),
};

TEST_MAIN(tests)
