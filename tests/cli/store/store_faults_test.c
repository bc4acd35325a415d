/*
 * tests/cli/store/store_faults_test.c: each call of store_ops.h with something failing below it:
 * each statement in turn is interrupted as it begins, or at its nth step; SQLite's memory is at an
 * end, or ours. What fails says so, and what it is; gives nothing; and once it was rolled back the
 * journal is as it was, and the same call succeeds.
 */
#include "tests/cli/store/store_ops.h"
#include "tests/each.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum fault {
	FAULT_STATEMENT,  /* the nth that begins is interrupted */
	FAULT_STEP,       /* so is the one under way at the nth step */
	FAULT_MEMORY,     /* the nth that SQLite asks for is not there */
	FAULT_NO_MEMORY,  /* nor any after it */
	FAULT_OUR_MEMORY, /* the nth copy of bytes is not made */
};

static struct {
	enum fault which;
	unsigned nth, count; /* count of what fails, since it was armed */
	bool armed, hit;
	sqlite3_mem_methods memory; /* SQLite's own */
} fault;

static bool fails(enum fault which)
{
	bool forever = fault.which == FAULT_NO_MEMORY && which == FAULT_MEMORY;

	if (!fault.armed || (which != fault.which && !forever))
		return false;
	fault.count++;
	if (fault.count != fault.nth && !(forever && fault.count > fault.nth))
		return false;
	fault.hit = true;
	return true;
}

static void *scarce_malloc(int len)
{
	return fails(FAULT_MEMORY) ? NULL : fault.memory.xMalloc(len);
}

static void *scarce_realloc(void *old, int len)
{
	return fails(FAULT_MEMORY) ? NULL : fault.memory.xRealloc(old, len);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
bool __real_bytes_copy(struct view view, struct bytes *out);
bool __wrap_bytes_copy(struct view view, struct bytes *out);

bool __wrap_bytes_copy(struct view view, struct bytes *out)
{
	return fails(FAULT_OUR_MEMORY) ? false : __real_bytes_copy(view, out);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static int see_statement(unsigned what, void *self, void *statement, void *text)
{
	bool *interrupt = self;

	(void)what;
	(void)statement;
	/* Interrupted, a COMMIT would say so and yet have been one: nothing here does that. */
	if (strcmp(text, "COMMIT") != 0 && fails(FAULT_STATEMENT))
		*interrupt = true;
	return 0;
}

static int see_step(void *self)
{
	bool *interrupt = self;
	bool now = *interrupt || fails(FAULT_STEP);

	*interrupt = false;
	return now;
}

/* From the first connection on, before SQLite has begun. */
static int begin_sqlite(void **state)
{
	sqlite3_mem_methods scarce;

	(void)state;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &fault.memory), SQLITE_OK);
	scarce = fault.memory;
	scarce.xMalloc = scarce_malloc;
	scarce.xRealloc = scarce_realloc;
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &scarce), SQLITE_OK);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
	return 0;
}

static void arm(struct fixture *f, enum fault which, unsigned nth)
{
	static bool interrupt;

	interrupt = false;
	if (which == FAULT_STATEMENT || which == FAULT_STEP) {
		(void)sqlite3_trace_v2(f->store->db, SQLITE_TRACE_STMT, see_statement, &interrupt);
		sqlite3_progress_handler(f->store->db, 1, see_step, &interrupt);
	}
	fault.which = which;
	fault.nth = nth;
	fault.count = 0;
	fault.hit = false;
	fault.armed = true;
}

static bool disarm(struct fixture *f)
{
	fault.armed = false;
	(void)sqlite3_trace_v2(f->store->db, 0, NULL, NULL);
	sqlite3_progress_handler(f->store->db, 0, NULL, NULL);
	return fault.hit;
}

/* So that they are prepared anew. */
static void forget_statements(struct store *store)
{
	while (store->statements_count > 0)
		(void)sqlite3_finalize(store->statements[--store->statements_count].statement);
}

/* All that the journal holds, as one digest. */
static struct digest content(struct fixture *f)
{
	static const char *const tables[] = {"versions", "entries", "history", "activity", "sent",
	    "sent_versions", "losers", "segments", "staged", "devices", "meta", "unindexed",
	    "search_data", "search_idx", "search_docsize"};
	crypto_generichash_state state;
	struct digest digest;

	(void)crypto_generichash_init(&state, NULL, 0, DIGEST_LEN);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		static char text[65536];
		sqlite3_stmt *rows = NULL;

		(void)snprintf(text, sizeof(text), "SELECT * FROM %s", tables[i]);
		assert_int_equal(
		    sqlite3_prepare_v2(f->store->db, text, -1, &rows, NULL), SQLITE_OK);
		while (sqlite3_step(rows) == SQLITE_ROW)
			for (int column = 0; column < sqlite3_column_count(rows); column++) {
				const void *value = sqlite3_column_blob(rows, column);
				uint64_t len = (uint64_t)sqlite3_column_bytes(rows, column);

				(void)crypto_generichash_update(
				    &state, (const uint8_t *)&len, sizeof(len));
				if (len > 0)
					(void)crypto_generichash_update(&state, value, len);
			}
		assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
	}
	(void)crypto_generichash_final(&state, digest.bytes, sizeof(digest.bytes));
	return digest;
}

struct once { /* what the call gives and leaves where nothing fails */
	char told[STORE_TEXT_MAX];
	struct digest before, after;
};

static void prepare(struct fixture *f, const struct store_op *op)
{
	uint64_t count, bytes;

	f->journal.ops->scan_close(f->store);
	forget_statements(f->store);
	if (op->kind == STORE_SCANS)
		assert_ok(f, f->journal.ops->scan_open(
				 f->store, JOURNAL_SCAN_CLOUD, NULL, &f->call, &count, &bytes));
	if (op->kind == STORE_WRITES)
		begin(f);
	call_init(&f->call, 1000);
}

static void tell(const struct store_op *op, struct store_out *out, char text[STORE_TEXT_MAX])
{
	text[0] = '\0';
	if (op->tell != NULL)
		op->tell(out, text);
}

static void without_faults(struct fixture *f, const struct store_op *op, struct once *once)
{
	struct store_out out;

	once->before = content(f);
	prepare(f, op);
	store_out_init(&out);
	assert_ok(f, op->run(f, &out));
	tell(op, &out, once->told);
	once->after = content(f);
	f->journal.ops->rollback(f->store);
}

/* It failed, and says for what; nothing that it was to give has been touched. */
static void assert_failed(struct fixture *f, const struct store_op *op, enum fault which,
    enum journal_result result, const struct store_out *out)
{
	const char *why =
	    which == FAULT_STATEMENT || which == FAULT_STEP ? "interrupted" : "memory";
	struct store_out before;

	store_out_init(&before);
	if (result != JOURNAL_FAILED || strstr(f->call.message, why) == NULL)
		fail_msg("%s, fault %d at %u: %d: %s", op->name, which, fault.nth, result,
		    f->call.message);
	if (!view_equal(view_of(out, sizeof(*out)), view_of(&before, sizeof(before))))
		fail_msg("%s, fault %d at %u: it gives something", op->name, which, fault.nth);
}

static void fails_at(struct fixture *f, const struct store_op *op, const struct once *once,
    enum fault which, struct each *each)
{
	char told[STORE_TEXT_MAX];
	enum journal_result result;
	struct digest now;
	struct store_out out;

	prepare(f, op);
	store_out_init(&out);
	arm(f, which, each->nth);
	result = op->run(f, &out);
	each->hit = disarm(f);
	if (result == JOURNAL_OK) {
		/* SQLite can do without some memory, and never without a step; FTS5 can. */
		if (each->hit && which != FAULT_MEMORY && which != FAULT_NO_MEMORY &&
		    op->kind != STORE_CHECKS)
			fail_msg("%s, fault %d at %u does not matter", op->name, which, each->nth);
		tell(op, &out, told);
		now = content(f);
		if (strcmp(told, once->told) != 0 || !digest_equal(&now, &once->after))
			fail_msg("%s, fault %d at %u: %s", op->name, which, each->nth, told);
	} else {
		assert_true(each->hit);
		assert_failed(f, op, which, result, &out);
	}
	f->journal.ops->rollback(f->store);
	now = content(f);
	assert_digest(now, once->before);
}

/* A check takes as many steps as all others together. */
static unsigned stride(const struct store_op *op, enum fault which)
{
	return op->kind == STORE_CHECKS && which != FAULT_STATEMENT ? 29 : 1;
}

static void each_fault(struct fixture *f, enum fault which, size_t at_least)
{
	unsigned runs = 0;

	store_shelf(f);
	for (size_t i = 0; i < store_ops_count; i++) {
		const struct store_op *op = &store_ops[i];
		struct each each = {.of = op->name, .step = stride(op, which), .may_be_none = true};
		struct once once;

		without_faults(f, op, &once);
		while (each_next(&each))
			fails_at(f, op, &once, which, &each);
		runs += each.hits;
	}
	assert_ok(f, store_check(f->store, &f->call));
	print_message("%u faults\n", runs);
	assert_in_range(runs, at_least, SIZE_MAX);
}

static void each_statement_is_interrupted(void **state)
{
	each_fault(*state, FAULT_STATEMENT, store_ops_count);
}

static void each_step_is_the_last(void **state)
{
	each_fault(*state, FAULT_STEP, store_ops_count);
}

static void each_piece_of_memory_is_missing(void **state)
{
	each_fault(*state, FAULT_MEMORY, store_ops_count);
}

static void memory_ends(void **state)
{
	each_fault(*state, FAULT_NO_MEMORY, store_ops_count);
}

static void our_own_memory_is_missing(void **state)
{
	each_fault(*state, FAULT_OUR_MEMORY, 10);
}

/* Rows of the scan before, which could not be removed, are never in the next. */
static void a_scan_begins_with_nothing_of_the_one_before(void **state)
{
	struct fixture *f = *state;
	const struct journal_ops *ops = f->journal.ops;
	struct each each = {.of = "a scan"};
	uint64_t count = 0, bytes = 0;

	store_shelf(f);
	while (each_next(&each)) {
		enum journal_result result;

		assert_ok(f,
		    ops->scan_open(f->store, JOURNAL_SCAN_CLOUD, NULL, &f->call, &count, &bytes));
		forget_statements(f->store);
		arm(f, FAULT_MEMORY, each.nth);
		result =
		    ops->scan_open(f->store, JOURNAL_SCAN_CLOUD, NULL, &f->call, &count, &bytes);
		each.hit = disarm(f);
		assert_true(result == JOURNAL_OK || each.hit);
		assert_int_equal(count, 6);
	}
}

/* A value that SQLite has to make first, as it is read. */
static void a_value_that_can_not_be_made(void **state)
{
	struct fixture *f = *state;

	for (unsigned which = 0; which < 3; which++) {
		struct bytes bytes = {0};
		struct sql sql;

		call_init(&f->call, 1000);
		sql_read(&sql, f->store, "SELECT 5, zeroblob(abs(random() % 1) + 1)");
		assert_ok(f, sql_row(&sql, &f->call));
		arm(f, FAULT_NO_MEMORY, 1);
		if (which == 0)
			assert_null(sql_text_at(&sql, 0));
		else if (which == 1)
			assert_null(sql_view_at(&sql, 1).data);
		else
			sql_bytes_at(&sql, 1, &bytes);
		assert_null(bytes.data);
		assert_true(disarm(f));
		assert_result(f, sql_finish(&sql, &f->call), JOURNAL_FAILED);
		assert_string_equal(f->call.message, "out of memory");
	}
}

/* ---- the ends of a transaction ---- */

/* In one: begins anew, and changes what the search knows, too. */
static void change_something(struct fixture *f)
{
	begin(f);
	(void)put_local(f, &(struct words){.id = "same", .content = "another text"});
	(void)put_local(f, &(struct words){.id = "later", .content = "more text"});
}

static int refuse_commit(void *self)
{
	(void)self;
	return 1;
}

/* OK, and it is all there; or a failure, and once it was rolled back nothing is. */
static void a_commit_is_all_or_nothing(void **state)
{
	static const enum fault faults[] = {FAULT_STATEMENT, FAULT_MEMORY, FAULT_NO_MEMORY};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct each each = {.of = "a commit"};

		while (each_next(&each)) {
			enum journal_result result;
			struct digest before, changed, after;

			store_shelf(f);
			before = content(f);
			change_something(f);
			assert_ok(f, store_index(f->store, &f->call));
			changed = content(f);
			f->journal.ops->rollback(f->store);
			change_something(f);
			forget_statements(f->store);
			arm(f, faults[i], each.nth);
			result = f->journal.ops->commit(f->store, &f->call);
			each.hit = disarm(f);
			assert_true(each.hit || result == JOURNAL_OK);
			f->journal.ops->rollback(f->store);
			after = content(f);
			assert_digest(after, result == JOURNAL_OK ? changed : before);
			fixture_reopen(f);
			after = content(f);
			assert_digest(after, result == JOURNAL_OK ? changed : before);
			assert_ok(f, store_check(f->store, &f->call));
		}
	}
}

static void a_commit_that_is_refused_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct digest before, after;

	store_shelf(f);
	before = content(f);
	change_something(f);
	(void)sqlite3_commit_hook(f->store->db, refuse_commit, NULL);
	assert_result(f, f->journal.ops->commit(f->store, &f->call), JOURNAL_FAILED);
	(void)sqlite3_commit_hook(f->store->db, NULL, NULL);
	f->journal.ops->rollback(f->store);
	after = content(f);
	assert_digest(after, before);
	change_something(f);
	commit(f);
}

static int64_t pragma_number(struct fixture *f, const char *text)
{
	int64_t number = -1;

	assert_ok(f, store_number(f->store, text, &f->call, &number));
	return number;
}

/* Nor is what is to be durable ever begun as if it were not to be. */
static void a_begin_that_fails_begins_nothing(void **state)
{
	struct fixture *f = *state;
	const struct journal_ops *ops = f->journal.ops;

	store_shelf(f);
	for (unsigned light = 0; light < 2; light++) {
		struct each each = {.of = light ? "a light begin" : "a begin"};

		while (each_next(&each)) {
			enum journal_result result;

			assert_ok(f, light ? ops->begin(f->store, &f->call)
					   : ops->begin_light(f->store, &f->call));
			ops->rollback(f->store);
			arm(f, FAULT_MEMORY, each.nth);
			result = light ? ops->begin_light(f->store, &f->call)
				       : ops->begin(f->store, &f->call);
			each.hit = disarm(f);
			if (result != JOURNAL_OK)
				assert_non_null(strstr(f->call.message, "memory"));
			assert_int_equal(
			    sqlite3_get_autocommit(f->store->db), result != JOURNAL_OK);
			ops->rollback(f->store);
			begin(f);
			assert_int_equal(pragma_number(f, "PRAGMA synchronous"), 2);
			ops->rollback(f->store);
		}
	}
}

/* Without memory for the rollback itself nothing is read and nothing written before it is done. */
static void a_rollback_that_fails_is_made_up_for(void **state)
{
	struct fixture *f = *state;
	const struct journal_ops *ops = f->journal.ops;
	struct bytes value = {0};
	struct digest before, after;

	store_shelf(f);
	before = content(f);
	assert_ok(f, ops->meta_get(f->store, "name", &f->call, &value));
	assert_take(&value, "value");
	begin(f);
	assert_ok(f, ops->meta_set(f->store, "name", view_text("other"), &f->call));
	arm(f, FAULT_NO_MEMORY, 1);
	ops->rollback(f->store);
	for (unsigned which = 0; which < 4; which++) {
		enum journal_result result = JOURNAL_OK;

		call_init(&f->call, 1000);
		switch (which) {
		case 0: result = ops->meta_get(f->store, "name", &f->call, &value); break;
		case 1: result = ops->meta_set(f->store, "name", view_text("x"), &f->call); break;
		case 2: result = ops->begin(f->store, &f->call); break;
		default: result = ops->begin_light(f->store, &f->call); break;
		}
		assert_result(f, result, JOURNAL_FAILED);
		assert_string_equal(f->call.message, "out of memory");
	}
	assert_true(disarm(f));
	assert_ok(f, ops->meta_get(f->store, "name", &f->call, &value));
	assert_take(&value, "value");
	assert_result(f, ops->meta_set(f->store, "name", view_text("x"), &f->call), JOURNAL_FAILED);
	after = content(f);
	assert_digest(after, before);
	begin(f);
	assert_ok(f, ops->meta_set(f->store, "name", view_text("later"), &f->call));
	commit(f);
	assert_ok(f, ops->meta_get(f->store, "name", &f->call, &value));
	assert_take(&value, "later");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(each_statement_is_interrupted),
    cmocka_unit_test_journal(each_step_is_the_last),
    cmocka_unit_test_journal(each_piece_of_memory_is_missing),
    cmocka_unit_test_journal(memory_ends),
    cmocka_unit_test_journal(our_own_memory_is_missing),
    cmocka_unit_test_journal(a_scan_begins_with_nothing_of_the_one_before),
    cmocka_unit_test_journal(a_value_that_can_not_be_made),
    cmocka_unit_test_journal(a_commit_is_all_or_nothing),
    cmocka_unit_test_journal(a_commit_that_is_refused_changes_nothing),
    cmocka_unit_test_journal(a_begin_that_fails_begins_nothing),
    cmocka_unit_test_journal(a_rollback_that_fails_is_made_up_for),
};

TEST_CASES_LISTED(tests);

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		return 2;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, begin_sqlite, NULL);
}
