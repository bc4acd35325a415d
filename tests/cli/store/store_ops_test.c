/*
 * tests/cli/store/store_ops_test.c: what each call of the journal answers, and what another program
 * finds in the file after it was committed.
 */
#include "tests/cli/store/store_ops.h"

#include <string.h>

static void look_into_file(struct fixture *f, const char *query, char text[STORE_TEXT_MAX])
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	store_rows(db, query, text);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void assert_text(const char *name, const char *want, const char *have)
{
	if (strcmp(want, have) != 0)
		fail_msg("%s:\n%s\n%s", name, want, have);
}

static void run(struct fixture *f, const struct store_op *op)
{
	char text[STORE_TEXT_MAX];
	struct store_out out;

	store_out_init(&out);
	if (op->kind == STORE_WRITES)
		begin(f);
	if (op->kind == STORE_SCANS)
		assert_ok(f, f->journal.ops->scan_open(f->store, JOURNAL_SCAN_CLOUD, NULL, &f->call,
				 &out.number, &out.second));
	assert_ok(f, op->run(f, &out));
	if (op->tell != NULL) {
		op->tell(&out, text);
		assert_text(op->name, op->told, text);
	}
	if (op->kind == STORE_WRITES)
		commit(f);
	f->journal.ops->scan_close(f->store);
}

static void each_call_answers_and_leaves_in_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < store_ops_count; i++) {
		const struct store_op *op = &store_ops[i];
		char text[STORE_TEXT_MAX];
		void *own = NULL;
		struct fixture *f;

		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		store_shelf(f);
		run(f, op);
		if (op->look != NULL) {
			look_into_file(f, op->look, text);
			assert_text(op->name, op->rows, text);
		}
		fixture_reopen(f);
		assert_ok(f, store_check(f->store, &f->call));
		assert_int_equal(fixture_teardown(&own), 0);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_call_answers_and_leaves_in_the_file),
};

TEST_MAIN(tests)
