/* Lists, the search, histories, the activity log, and ids cut short. */
#include "tests/cli/store/store_fixture.h"

#include <stdio.h>
#include <string.h>

struct seen {
	char ids[400];
	char snippet[400];
	size_t count;
	size_t stop_at; /* 0: see all */
	bool last_dirty;
};

static bool see_item(void *self, const struct store_item *item)
{
	struct seen *seen = self;
	size_t len = strlen(seen->ids);

	(void)snprintf(
	    seen->ids + len, sizeof(seen->ids) - len, "%s%s", len == 0 ? "" : " ", item->id);
	(void)snprintf(
	    seen->snippet, sizeof(seen->snippet), "%s", item->snippet == NULL ? "" : item->snippet);
	seen->last_dirty = item->dirty;
	seen->count++;
	return seen->count != seen->stop_at;
}

static struct seen list(struct fixture *f, const struct store_query *query)
{
	struct seen seen = {0};

	assert_ok(f, store_list(f->store, query, see_item, &seen, &f->call));
	return seen;
}

static void put_shelf(struct fixture *f)
{
	begin(f);
	(void)put_settled(f,
	    &(struct words){.id = "old",
		.created_at = "1660-01-01",
		.title = "Sunday",
		.content = "up to my wife's, and so to bed"},
	    1);
	(void)put_settled(f,
	    &(struct words){.id = "mid",
		.created_at = "1665-01-01",
		.title = "Bed",
		.content = "Crème brûlée; it's 5 o'clock (late)"},
	    1);
	(void)put_local(f, &(struct words){.id = "new",
			       .created_at = "1669-05-31",
			       .title = "Farewell",
			       .content = "the good God prepare me",
			       .collection = "drafts"});
	(void)put_local(f, &(struct words){.id = "dead",
			       .created_at = "1667-01-01",
			       .title = "Fire",
			       .content = "in the trash",
			       .deleted_at = "1668"});
	(void)put_local(f, &(struct words){.id = "copy",
			       .created_at = "1666-09-02",
			       .title = "Fire",
			       .content = "London burns",
			       .conflict_of = "mid"});
	commit(f);
}

static void test_lists(void **state)
{
	static const struct {
		const char *name;
		struct store_query query;
		const char *want;
	} rows[] = {
	    {"newest first", {0}, "new copy mid old"},
	    {"oldest first", {.oldest_first = true}, "old mid copy new"},
	    {"limit", {.limit = 2}, "new copy"},
	    {"limit of all", {.limit = UINT64_MAX}, "new copy mid old"},
	    {"collection", {.collection = "drafts"}, "new"},
	    {"no such collection", {.collection = "queue"}, ""},
	    {"trash", {.deleted = true}, "dead"},
	    {"conflicts", {.conflicts_only = true}, "copy"},
	};
	struct fixture *f = *state;

	put_shelf(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct seen seen = list(f, &rows[i].query);

		if (strcmp(seen.ids, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, seen.ids);
	}
}

static bool see_details(void *self, const struct store_item *item)
{
	*(bool *)self = true;
	assert_string_equal(item->collection, "journal");
	assert_string_equal(item->title, "Fire");
	assert_string_equal(item->created_at, "1666-09-02");
	assert_string_equal(item->conflict_of, "mid");
	assert_null(item->deleted_at);
	assert_null(item->snippet);
	assert_true(item->dirty);
	assert_int_equal(item->created_ms, time_parse_ms(view_text("1666-09-02")));
	return true;
}

static void test_list_details_and_stop(void **state)
{
	struct fixture *f = *state;
	struct store_query query = {.conflicts_only = true};
	struct seen seen = {.stop_at = 1};
	bool was_seen = false;

	put_shelf(f);
	assert_ok(f, store_list(f->store, &query, see_details, &was_seen, &f->call));
	assert_true(was_seen);
	query = (struct store_query){.oldest_first = true};
	assert_ok(f, store_list(f->store, &query, see_item, &seen, &f->call));
	assert_string_equal(seen.ids, "old");
	assert_false(seen.last_dirty);
	assert_string_equal(list(f, &query).ids, "old mid copy new");
}

static void test_search(void **state)
{
	static const struct {
		const char *match;
		const char *want;
	} rows[] = {
	    {"bed", "mid old"}, /* the title weighs more */
	    {"BED wife", "old"},
	    {"bed god", ""},
	    {"wife\tbed", "old"}, /* blanks of all kinds part words; the index knows what else */
	    {"wife\nbed", "old"},
	    {"wife\rbed", "old"},
	    {"wife\x08"
	     "bed",
		""},
	    {"wife\x0e"
	     "bed",
		""},
	    {"brule*", "mid"}, /* accents and cases are one */
	    {"brul", ""},
	    {"crème", "mid"},
	    {"it's", "mid"},
	    {"wife's,", "old"},
	    {"\"bed\"", "mid old"},
	    {"bed OR wife", ""}, /* OR is a word like any other */
	    {"bed AND wife", "old"},
	    {"bed NOT", ""},
	    {"NEAR(bed wife, 3)", ""},
	    {"title:bed", ""},
	    {"title : bed", ""},
	    {"^bed", "mid old"},
	    {"-bed", "mid old"},
	    {"bed -", "mid old"}, /* signs alone are no words */
	    {"( bed )", "mid old"},
	    {"bed \"", "mid old"},
	    {"(", ""},
	    {"\"", ""},
	    {"\"\"\"", ""},
	    {"*", ""},
	    {"**", ""},
	    {"* bed", "mid old"},
	    {"be**", "mid old"},
	    {"b*d", ""},
	    {"", ""},
	    {" \t\n", ""},
	    {"{bed} + [wife]", "old"},
	    {"';DROP TABLE entries;--", ""},
	    {"日本語", ""},
	    {"\xff\xfe", ""},
	    {"\\", ""},
	    {"trash", ""},
	};
	struct fixture *f = *state;

	put_shelf(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct seen seen = list(f, &(struct store_query){.match = rows[i].match});

		if (strcmp(seen.ids, rows[i].want) != 0)
			fail_msg("<%s>: %s", rows[i].match, seen.ids);
	}
}

static void test_search_filters_and_snippets(void **state)
{
	struct fixture *f = *state;
	struct seen seen;

	put_shelf(f);
	seen = list(f, &(struct store_query){.match = "fire"});
	assert_string_equal(seen.ids, "copy");
	seen = list(f, &(struct store_query){.match = "fire", .deleted = true});
	assert_string_equal(seen.ids, "dead");
	seen = list(f, &(struct store_query){.match = "bed", .limit = 1});
	assert_string_equal(seen.ids, "mid");
	seen = list(f, &(struct store_query){.match = "god", .collection = "drafts"});
	assert_string_equal(seen.ids, "new");
	assert_string_equal(seen.snippet, "the good [God] prepare me");
	seen = list(f, &(struct store_query){.match = "god", .collection = "journal"});
	assert_string_equal(seen.ids, "");
}

static void test_search_length_is_bounded(void **state)
{
	struct fixture *f = *state;
	char words[2 * (STORE_WORDS_MAX + 1) + 1];
	struct store_query query = {.match = words};
	struct seen seen = {0};

	for (size_t i = 0; i <= STORE_WORDS_MAX; i++)
		memcpy(words + 2 * i, "a ", 3);
	assert_result(f, store_list(f->store, &query, see_item, &seen, &f->call), JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "64 words"));
	words[2 * STORE_WORDS_MAX] = '\0';
	assert_ok(f, store_list(f->store, &query, see_item, &seen, &f->call));
}

/* The index follows every kind of change, and several of them in one transaction. */
static void test_search_follows(void **state)
{
	struct fixture *f = *state;
	const struct journal_ops *ops = f->journal.ops;

	begin(f);
	(void)put_local(f, &(struct words){.id = "one", .content = "alpha"});
	(void)put_local(f, &(struct words){.id = "one", .content = "beta"});
	(void)put_local(f, &(struct words){.id = "two", .content = "alpha"});
	(void)put_local(f, &(struct words){.id = "three", .content = "gone soon"});
	assert_ok(f, ops->local_set(f->store, view_text("three"), NULL, &f->call));
	commit(f);
	assert_string_equal(list(f, &(struct store_query){.match = "alpha"}).ids, "two");
	assert_string_equal(list(f, &(struct store_query){.match = "beta"}).ids, "one");
	assert_string_equal(list(f, &(struct store_query){.match = "soon"}).ids, "");
	assert_ok(f, store_check(f->store, &f->call));

	begin(f);
	(void)put_local(f, &(struct words){.id = "one", .content = "gamma"});
	ops->rollback(f->store);
	assert_string_equal(list(f, &(struct store_query){.match = "beta"}).ids, "one");

	begin(f);
	(void)put_local(f, &(struct words){.id = "two", .content = "delta"});
	(void)put_local(f, &(struct words){.id = "one", .content = "beta", .deleted_at = "2026"});
	assert_ok(f, ops->local_set(f->store, view_text("two"), NULL, &f->call));
	(void)put_local(f, &(struct words){.id = "two", .content = "epsilon"});
	commit(f);
	assert_string_equal(list(f, &(struct store_query){.match = "alpha"}).ids, "");
	assert_string_equal(list(f, &(struct store_query){.match = "epsilon"}).ids, "two");
	assert_string_equal(
	    list(f, &(struct store_query){.match = "beta", .deleted = true}).ids, "one");
	assert_ok(f, store_check(f->store, &f->call));
	fixture_reopen(f);
	assert_string_equal(list(f, &(struct store_query){.match = "epsilon"}).ids, "two");
}

static void test_resolve(void **state)
{
	static const struct {
		const char *prefix;
		const char *want; /* NULL: none */
	} rows[] = {
	    {"abcd", "abcd"}, /* the whole id, though others begin so */
	    {"abcde", NULL},
	    {"abcdef", "abcdef"},
	    {"abcdeg", "abcdegh"},
	    {"abcdegh", "abcdegh"},
	    {"abcdeghi", NULL},
	    {"dea", NULL},        /* too short */
	    {"dead", "deadbeef"}, /* the trash counts */
	    {"ab", "ab"},
	    {"a", NULL},
	    {"", NULL},
	    {"zzzz", NULL},
	    {"clou", NULL}, /* not yet here */
	    {"%%%%", NULL},
	};
	static const char *const ids[] = {"abcd", "abcdef", "abcdegh", "ab"};
	struct fixture *f = *state;

	begin(f);
	for (size_t i = 0; i < COUNT_OF(ids); i++)
		(void)put_local(f, &(struct words){.id = ids[i]});
	(void)put_local(f, &(struct words){.id = "deadbeef", .deleted_at = "2026"});
	(void)put_cloud(f, &(struct words){.id = "cloud"}, 1);
	commit(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes id = {0};
		enum journal_result result = store_resolve(f->store, rows[i].prefix, &f->call, &id);

		if (result != (rows[i].want == NULL ? JOURNAL_NONE : JOURNAL_OK))
			fail_msg("%s: %d %s", rows[i].prefix, result, f->call.message);
		if (rows[i].want != NULL)
			assert_take(&id, rows[i].want);
		assert_null(id.data);
	}
}

static void test_resolve_says_why(void **state)
{
	static const struct {
		const char *prefix, *says;
	} rows[] = {
	    {"abcd", "several entries begin so: give more of the id"},
	    {"abc", "give at least 4 characters of an id"},
	    {"abcz", "there is no such entry"},
	    {"z", "there is no such entry"},
	};
	struct fixture *f = *state;
	struct bytes none = {0};

	assert_result(f, store_resolve(f->store, "", &f->call, &none), JOURNAL_NONE);
	assert_string_equal(f->call.message, "there is no such entry");
	assert_null(none.data);
	begin(f);
	(void)put_local(f, &(struct words){.id = "abcdef"});
	(void)put_local(f, &(struct words){.id = "abcdeg"});
	commit(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes id = {0};

		assert_result(
		    f, store_resolve(f->store, rows[i].prefix, &f->call, &id), JOURNAL_NONE);
		assert_string_equal(f->call.message, rows[i].says);
	}
}

struct told {
	char text[400];
	struct digest last;
	size_t stop_at;
	size_t count;
};

static bool see_history(void *self, const struct store_history *row)
{
	struct told *told = self;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s%llu:%d:%lld:%02x",
	    len == 0 ? "" : " ", (unsigned long long)row->number, row->kind, (long long)row->at_ms,
	    row->author.bytes[0]);
	told->last = row->version;
	told->count++;
	return told->count != told->stop_at;
}

static void test_history(void **state)
{
	struct fixture *f = *state;
	static const struct device_id author = {{0x5a}};
	struct told told = {0};
	struct digest second;

	begin(f);
	for (int i = 0; i < 2; i++) {
		struct digest version = put_local(f, &(struct words){.id = "one", .content = "1"});

		assert_ok(
		    f, f->journal.ops->history_add(f->store, view_text(i == 0 ? "one" : "two"),
			   &version, &author, HISTORY_EDIT, 10, &f->call));
	}
	second = put_local(f, &(struct words){.id = "one", .content = "2"});
	assert_ok(f, f->journal.ops->history_add(f->store, view_text("one"), &second, &author,
			 HISTORY_LOSER, 20, &f->call));
	commit(f);
	assert_ok(f, store_history(f->store, view_text("one"), see_history, &told, &f->call));
	assert_string_equal(told.text, "1:0:10:5a 2:5:20:5a");
	assert_digest(told.last, second);
	told = (struct told){.stop_at = 1};
	assert_ok(f, store_history(f->store, view_text("one"), see_history, &told, &f->call));
	assert_string_equal(told.text, "1:0:10:5a");
	told = (struct told){0};
	assert_ok(f, store_history(f->store, view_text("none"), see_history, &told, &f->call));
	assert_string_equal(told.text, "");
}

static bool see_activity(void *self, const struct store_activity *row)
{
	struct told *told = self;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s%d:%s:%s:%lld",
	    len == 0 ? "" : " ", row->kind, row->id == NULL ? "-" : row->id, row->detail,
	    (long long)row->at_ms);
	told->count++;
	return told->count != told->stop_at;
}

static void test_activity(void **state)
{
	struct fixture *f = *state;
	const struct journal_ops *ops = f->journal.ops;
	struct told told = {0};

	begin(f); /* what is about no entry has no id, and the shortest id is one */
	assert_ok(f, ops->activity_add(f->store, ACTIVITY_EDIT, view_text(""), "", 1, &f->call));
	assert_ok(f, ops->activity_add(f->store, ACTIVITY_EDIT, view_text("1"), "", 2, &f->call));
	assert_ok(f, store_activity(f->store, 0, see_activity, &told, &f->call));
	assert_string_equal(told.text, "0:1::2 0:-::1");
	ops->rollback(f->store);
	told = (struct told){0};
	begin(f);
	assert_ok(f, ops->activity_add(f->store, ACTIVITY_EDIT, view_text("one"), "", 1, &f->call));
	assert_ok(f,
	    ops->activity_add(f->store, ACTIVITY_PUSHED, (struct view){0}, "3 sent", 2, &f->call));
	commit(f);
	assert_ok(f, store_activity(f->store, 0, see_activity, &told, &f->call));
	assert_string_equal(told.text, "7:-:3 sent:2 0:one::1");
	told = (struct told){0};
	assert_ok(f, store_activity(f->store, 1, see_activity, &told, &f->call));
	assert_string_equal(told.text, "7:-:3 sent:2");
	told = (struct told){0};
	assert_ok(f, store_activity(f->store, UINT64_MAX, see_activity, &told, &f->call));
	assert_string_equal(told.text, "7:-:3 sent:2 0:one::1");
	told = (struct told){.stop_at = 1}; /* who has seen enough is asked no more */
	assert_ok(f, store_activity(f->store, 0, see_activity, &told, &f->call));
	assert_string_equal(told.text, "7:-:3 sent:2");
}

/* What a newer program, or a damaged disk, has put there is no kind of anything. */
static void test_kinds_that_are_none(void **state)
{
	static const struct {
		int kind;
		bool history, activity; /* it is one */
	} rows[] = {{-1, false, false}, {0, true, true}, {6, true, true}, {7, false, true},
	    {14, false, true}, {15, false, false}};
	struct fixture *f = *state;

	begin(f);
	(void)put_local(f, &(struct words){.id = "one"});
	commit(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct told told = {0};
		char text[300];

		(void)snprintf(text, sizeof(text),
		    "DELETE FROM history; DELETE FROM activity;"
		    "INSERT INTO history (id, version, author, kind, at_ms)"
		    " SELECT id, local, zeroblob(16), %d, 5 FROM entries;"
		    "INSERT INTO activity (at_ms, kind, detail) VALUES (5, %d, '')",
		    rows[i].kind, rows[i].kind);
		assert_ok(f, store_exec(f->store, text, &f->call));
		assert_result(f,
		    store_history(f->store, view_text("one"), see_history, &told, &f->call),
		    rows[i].history ? JOURNAL_OK : JOURNAL_FAILED);
		assert_int_equal(told.text[0] != '\0', rows[i].history);
		told = (struct told){0};
		assert_result(f, store_activity(f->store, 0, see_activity, &told, &f->call),
		    rows[i].activity ? JOURNAL_OK : JOURNAL_FAILED);
		assert_int_equal(told.text[0] != '\0', rows[i].activity);
	}
	for (unsigned i = 0; i < 2; i++) { /* nor is a short digest one, or a short device */
		struct told told = {0};

		assert_ok(
		    f, store_exec(f->store,
			   i == 0 ? "UPDATE history SET kind = 0, version = x'01'"
				  : "UPDATE history SET version = zeroblob(32), author = x'01'",
			   &f->call));
		assert_result(f,
		    store_history(f->store, view_text("one"), see_history, &told, &f->call),
		    JOURNAL_FAILED);
		assert_string_equal(told.text, "");
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(test_lists),
    cmocka_unit_test_journal(test_list_details_and_stop),
    cmocka_unit_test_journal(test_search),
    cmocka_unit_test_journal(test_search_filters_and_snippets),
    cmocka_unit_test_journal(test_search_length_is_bounded),
    cmocka_unit_test_journal(test_search_follows),
    cmocka_unit_test_journal(test_resolve),
    cmocka_unit_test_journal(test_resolve_says_why),
    cmocka_unit_test_journal(test_history),
    cmocka_unit_test_journal(test_activity),
    cmocka_unit_test_journal(test_kinds_that_are_none),
};

TEST_MAIN(tests)
