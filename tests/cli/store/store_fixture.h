/*
 * tests/cli/store/store_fixture.h: a journal in a folder of its own, and words to write to it.
 * The helpers fail the test themselves where something goes wrong that the test is not about.
 */
#ifndef INKSEAL_STORE_FIXTURE_H
#define INKSEAL_STORE_FIXTURE_H

#include "tests/test.h"

#include "cli/store/store.h"
#include "cli/store/store_search.h"
#include "cli/store/store_sql.h"

#define FIXTURE_PATH_MAX 512u

struct fixture {
	char folder[FIXTURE_PATH_MAX];
	char path[FIXTURE_PATH_MAX + 32];
	struct store *store;
	struct journal journal;
	struct call call;
};

extern const struct clock fixture_clock; /* both clocks stand still at 0 */

int fixture_setup(void **state);            /* an open, empty journal */
int fixture_teardown(void **state);         /* closes, and removes the folder */
void fixture_open(struct fixture *fixture); /* where it is closed */
void fixture_reopen(struct fixture *fixture);
void fixture_folder(char out[FIXTURE_PATH_MAX]);
void fixture_remove(const char *folder);
void file_write(const char *path, const void *data, size_t len);
struct bytes file_read(const char *path); /* yours */

#define cmocka_unit_test_journal(test) \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

/* What an entry is made of; NULL stands for the usual. */
struct words {
	const char *id;
	const char *title;
	const char *content;
	const char *created_at;
	const char *updated_at;
	const char *deleted_at;  /* NULL: live */
	const char *conflict_of; /* NULL: none */
	const char *collection;
};
void begin(struct fixture *fixture);
void commit(struct fixture *fixture);
/* Within a transaction: stores the version, and makes it the local one, or the cloud one. */
struct digest put_version(struct fixture *fixture, const struct words *words);
struct digest put_local(struct fixture *fixture, const struct words *words);
struct digest put_cloud(struct fixture *fixture, const struct words *words, uint64_t seq);
/* The three at once, as after a sync. */
struct digest put_settled(struct fixture *fixture, const struct words *words, uint64_t seq);
struct journal_entry get_entry(struct fixture *fixture, const char *id);

/* The rows of a query, each with a blank behind it, their columns joined by '|'. */
#define STORE_TEXT_MAX 4096u
void store_rows(sqlite3 *db, const char *query, char text[STORE_TEXT_MAX]);

/* Checks a result, and shows the message where it is another. */
#define assert_result(fixture, have, want) \
	do { \
		enum journal_result have_ = (have); \
		if (have_ != (want)) \
			print_error("message: %s\n", (fixture)->call.message); \
		assert_int_equal(have_, (want)); \
	} while (0)
#define assert_ok(fixture, have) assert_result(fixture, have, JOURNAL_OK)
/* The bytes are this text; clears them. */
void assert_take(struct bytes *bytes, const char *want);
#define assert_digest(a, b) assert_memory_equal((a).bytes, (b).bytes, DIGEST_LEN)

#endif
