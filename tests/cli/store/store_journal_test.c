/* The engine's journal over SQLite: entries, iterations, scans, and all that surrounds them. */
#include "tests/cli/store/store_fixture.h"

#include <stdio.h>
#include <string.h>

#define OPS(fixture) ((fixture)->journal.ops)

static struct digest digest_filled(int with)
{
	struct digest digest;

	memset(digest.bytes, with, sizeof(digest.bytes));
	return digest;
}

static struct device_id device_filled(int with)
{
	struct device_id device;

	memset(device.bytes, with, sizeof(device.bytes));
	return device;
}

static void test_meta(void **state)
{
	struct fixture *f = *state;
	struct bytes value = {0};
	struct bytes large = {0};

	begin(f);
	assert_ok(f, OPS(f)->meta_set(f->store, "cursor", view_text("1"), &f->call));
	assert_ok(f, OPS(f)->meta_set(f->store, "cursor", view_text("22"), &f->call));
	assert_ok(f, OPS(f)->meta_set(f->store, "empty", (struct view){0}, &f->call));
	assert_true(bytes_new(STORE_META_MAX + 1, &large));
	assert_result(
	    f, OPS(f)->meta_set(f->store, "large", view_bytes(&large), &f->call), JOURNAL_FAILED);
	large.len--;
	assert_ok(f, OPS(f)->meta_set(f->store, "large", view_bytes(&large), &f->call));
	bytes_clear(&large);
	commit(f);
	assert_ok(f, OPS(f)->meta_get(f->store, "cursor", &f->call, &value));
	assert_take(&value, "22");
	assert_ok(f, OPS(f)->meta_get(f->store, "empty", &f->call, &value));
	assert_int_equal(value.len, 0);
	bytes_clear(&value);
	begin(f);
	assert_ok(f, OPS(f)->meta_remove(f->store, "cursor", &f->call));
	assert_ok(f, OPS(f)->meta_remove(f->store, "cursor", &f->call));
	commit(f);
	assert_result(f, OPS(f)->meta_get(f->store, "cursor", &f->call, &value), JOURNAL_NONE);
}

static void test_versions(void **state)
{
	struct fixture *f = *state;
	struct digest unknown = digest_filled(9);
	struct bytes encoded = {0};
	struct digest version;
	struct entry entry;

	begin(f);
	version = put_version(f, &(struct words){.id = "one", .content = "first"});
	(void)put_version(f, &(struct words){.id = "one", .content = "first"});
	assert_result(f, OPS(f)->version_put(f->store, &unknown, view_text("no entry"), &f->call),
	    JOURNAL_FAILED);
	commit(f);
	assert_ok(f, OPS(f)->version_get(f->store, &version, &f->call, &encoded));
	assert_int_equal(entry_decode(view_bytes(&encoded), &entry), FORMAT_OK);
	assert_true(view_equal(entry.content, view_text("first")));
	bytes_clear(&encoded);
	assert_result(f, OPS(f)->version_get(f->store, &unknown, &f->call, &encoded), JOURNAL_NONE);
}

/* A version is one byte string: what is there under its hash stays, and the difference is said. */
static void test_other_bytes_are_refused(void **state)
{
	struct fixture *f = *state;
	struct bytes first = {0}, second = {0}, kept = {0};
	struct digest version, other;

	begin(f);
	version = put_version(f, &(struct words){.id = "one", .content = "first"});
	other = put_version(f, &(struct words){.id = "one", .content = "other"});
	assert_ok(f, OPS(f)->version_get(f->store, &version, &f->call, &first));
	assert_ok(f, OPS(f)->version_get(f->store, &other, &f->call, &second));
	assert_ok(f, OPS(f)->version_put(f->store, &version, view_bytes(&first), &f->call));
	assert_result(f, OPS(f)->version_put(f->store, &version, view_bytes(&second), &f->call),
	    JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "other bytes"));
	assert_ok(f, OPS(f)->version_get(f->store, &version, &f->call, &kept));
	assert_true(view_equal(view_bytes(&kept), view_bytes(&first)));
	commit(f);
	bytes_clear(&kept);
	bytes_clear(&second);
	bytes_clear(&first);
}

static void test_entry_states(void **state)
{
	struct fixture *f = *state;
	struct journal_entry entry;
	struct digest first;
	struct digest second;

	begin(f);
	first = put_cloud(f, &(struct words){.id = "one", .content = "first"}, 5);
	entry = get_entry(f, "one");
	assert_true(entry.has_cloud && !entry.has_local && !entry.has_base);
	assert_digest(entry.cloud, first);
	assert_int_equal(entry.cloud_seq, 5);
	assert_int_equal(entry.cloud_ms, 5000);
	assert_int_equal(entry.author.bytes[0], 0xaa);
	second = put_local(f, &(struct words){.id = "one", .content = "second"});
	assert_ok(f, OPS(f)->base_set(f->store, view_text("one"), &first, &f->call));
	entry = get_entry(f, "one");
	assert_digest(entry.local, second);
	assert_digest(entry.base, first);
	/* Without its last version the entry is gone. */
	assert_ok(f, OPS(f)->cloud_set(f->store, view_text("one"), NULL, NULL, 0, 0, &f->call));
	assert_ok(f, OPS(f)->base_set(f->store, view_text("one"), NULL, &f->call));
	entry = get_entry(f, "one");
	assert_true(entry.has_local && !entry.has_base && !entry.has_cloud);
	assert_ok(f, OPS(f)->local_set(f->store, view_text("one"), NULL, &f->call));
	assert_result(
	    f, OPS(f)->entry_get(f->store, view_text("one"), &f->call, &entry), JOURNAL_NONE);
	/* Whichever of the three it was. */
	for (unsigned last = 0; last < 3; last++) {
		first = put_cloud(f, &(struct words){.id = "one", .content = "first"}, 5);
		assert_ok(f, OPS(f)->base_set(f->store, view_text("one"), &first, &f->call));
		assert_ok(f, OPS(f)->local_set(f->store, view_text("one"), &first, &f->call));
		for (unsigned i = 1; i <= 3; i++) {
			unsigned which = (last + i) % 3;

			assert_true(get_entry(f, "one").has_local || i > 1);
			assert_ok(
			    f, which == 0
				   ? OPS(f)->local_set(f->store, view_text("one"), NULL, &f->call)
			       : which == 1
				   ? OPS(f)->base_set(f->store, view_text("one"), NULL, &f->call)
				   : OPS(f)->cloud_set(
					 f->store, view_text("one"), NULL, NULL, 0, 0, &f->call));
		}
		assert_result(f, OPS(f)->entry_get(f->store, view_text("one"), &f->call, &entry),
		    JOURNAL_NONE);
	}
	commit(f);
	assert_ok(f, store_check(f->store, &f->call));
}

static void test_versions_must_be_there(void **state)
{
	struct fixture *f = *state;
	struct digest unknown = digest_filled(9);
	struct digest other;
	struct view id = view_text("one");

	begin(f);
	other = put_version(f, &(struct words){.id = "other"});
	assert_result(f, OPS(f)->local_set(f->store, id, &unknown, &f->call), JOURNAL_FAILED);
	assert_result(f, OPS(f)->local_set(f->store, id, &other, &f->call), JOURNAL_FAILED);
	assert_result(f, OPS(f)->base_set(f->store, id, &unknown, &f->call), JOURNAL_FAILED);
	assert_result(
	    f, OPS(f)->cloud_set(f->store, id, &other, NULL, 1, 1, &f->call), JOURNAL_FAILED);
	OPS(f)->rollback(f->store);
}

/* The ids an iteration gives, joined by spaces. */
static void collect(struct fixture *f,
    enum journal_result (*next)(void *, struct view, struct call *, struct bytes *), char *out,
    size_t out_len)
{
	struct bytes after = {0};
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < 20; i++) {
		struct bytes id = {0};
		enum journal_result result = next(f->store, view_bytes(&after), &f->call, &id);

		bytes_clear(&after);
		if (result == JOURNAL_NONE)
			return;
		assert_ok(f, result);
		len += (size_t)snprintf(
		    out + len, out_len - len, "%s%s", len == 0 ? "" : " ", (const char *)id.data);
		after = id;
	}
	fail_msg("the iteration does not end");
}

static void test_dirty_and_unsettled(void **state)
{
	struct fixture *f = *state;
	char ids[200];
	uint64_t coming = 99;

	begin(f);
	(void)put_settled(f, &(struct words){.id = "clean"}, 1);
	(void)put_settled(f, &(struct words){.id = "edited", .content = "old"}, 1);
	(void)put_local(f, &(struct words){.id = "edited", .content = "new"});
	(void)put_local(f, &(struct words){.id = "fresh"});
	collect(f, OPS(f)->dirty_next, ids, sizeof(ids));
	assert_string_equal(ids, "edited fresh");
	collect(f, OPS(f)->unsettled_next, ids, sizeof(ids));
	assert_string_equal(ids, "");

	/* A pulled frame: one new entry, two deletions of which one meets an edit. */
	(void)put_cloud(f, &(struct words){.id = "born"}, 2);
	(void)put_cloud(f, &(struct words){.id = "clean", .deleted_at = "2026-02-01"}, 2);
	(void)put_cloud(f, &(struct words){.id = "edited", .deleted_at = "2026-02-01"}, 2);
	collect(f, OPS(f)->unsettled_next, ids, sizeof(ids));
	assert_string_equal(ids, "born clean edited");
	collect(f, OPS(f)->dirty_next, ids, sizeof(ids)); /* born has nothing to push */
	assert_string_equal(ids, "clean edited fresh");
	assert_ok(f, OPS(f)->deletions_coming(f->store, &f->call, &coming));
	assert_int_equal(coming, 1);
	OPS(f)->rollback(f->store);
	collect(f, OPS(f)->unsettled_next, ids, sizeof(ids));
	assert_string_equal(ids, "");
}

static void test_absent_cloud_counts_as_deletion(void **state)
{
	struct fixture *f = *state;
	uint64_t coming = 99;

	begin(f);
	(void)put_settled(f, &(struct words){.id = "one"}, 1);
	(void)put_settled(f, &(struct words){.id = "dead", .deleted_at = "2026"}, 1);
	for (int i = 0; i < 2; i++)
		assert_ok(f, OPS(f)->cloud_set(f->store, view_text(i == 0 ? "one" : "dead"), NULL,
				 NULL, 0, 0, &f->call));
	assert_ok(f, OPS(f)->deletions_coming(f->store, &f->call, &coming));
	assert_int_equal(coming, 1); /* what is dead here can't die */
	commit(f);
}

static void test_deletions_going(void **state)
{
	struct fixture *f = *state;
	uint64_t going = 99;

	begin(f);
	(void)put_settled(f, &(struct words){.id = "edited"}, 1);
	(void)put_local(f, &(struct words){.id = "edited", .content = "new"});
	(void)put_settled(f, &(struct words){.id = "deleted"}, 1);
	(void)put_local(f, &(struct words){.id = "deleted", .deleted_at = "2026"});
	(void)put_settled(f, &(struct words){.id = "dead", .deleted_at = "2025"}, 1);
	(void)put_local(f, &(struct words){.id = "dead", .deleted_at = "2026"});
	(void)put_local(f, &(struct words){.id = "never sent", .deleted_at = "2026"});
	assert_ok(f, OPS(f)->deletions_going(f->store, &f->call, &going));
	assert_int_equal(going, 1);
	commit(f);
}

static bool count_pulled(void *self, const struct store_history *row)
{
	unsigned *count = self;

	*count += row->kind == HISTORY_PULLED && row->at_ms == 77;
	return true;
}

static void test_settle_plain(void **state)
{
	static const struct {
		const char *id;
		bool settled; /* local and base have followed the cloud */
	} rows[] = {
	    {"born", true}, {"moved", true}, {"died", true}, {"edited", false}, {"gone", false}};
	struct fixture *f = *state;
	uint64_t count = 99;

	begin(f);
	for (size_t i = 1; i < COUNT_OF(rows); i++)
		(void)put_settled(f, &(struct words){.id = rows[i].id, .content = "old"}, 1);
	(void)put_local(f, &(struct words){.id = "edited", .content = "mine"});
	for (size_t i = 0; i < 4; i++)
		(void)put_cloud(f,
		    &(struct words){.id = rows[i].id,
			.content = "theirs",
			.deleted_at = strcmp(rows[i].id, "died") == 0 ? "2026" : NULL},
		    2);
	assert_ok(f, OPS(f)->cloud_set(f->store, view_text("gone"), NULL, NULL, 0, 0, &f->call));
	assert_ok(f, OPS(f)->settle_plain(f->store, 77, &f->call, &count));
	assert_int_equal(count, 3);
	commit(f);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct journal_entry entry = get_entry(f, rows[i].id);
		bool settled = entry.has_cloud && entry.has_local && entry.has_base &&
			       digest_equal(&entry.local, &entry.cloud) &&
			       digest_equal(&entry.base, &entry.cloud);
		unsigned pulled = 0;

		if (settled != rows[i].settled)
			fail_msg("%s", rows[i].id);
		assert_ok(f, store_history(
				 f->store, view_text(rows[i].id), count_pulled, &pulled, &f->call));
		assert_int_equal(pulled, rows[i].settled ? 1 : 0);
	}
	assert_ok(f, store_check(f->store, &f->call));
}

static void test_counts(void **state)
{
	struct fixture *f = *state;
	struct journal_counts counts = {0};
	struct journal_pending pending = {0};
	struct device_id device = device_filled(3);
	struct bytes encoded = {0};
	struct digest version;
	bool above = true;

	assert_ok(f, OPS(f)->counts(f->store, &f->call, &counts));
	assert_int_equal(counts.entries_count, 0);
	assert_ok(f, OPS(f)->pending(f->store, &f->call, &pending));
	assert_int_equal(pending.dirty_count, 0);
	assert_ok(f, OPS(f)->dirty_above(f->store, 0, &f->call, &above));
	assert_false(above);
	begin(f);
	(void)put_settled(f, &(struct words){.id = "clean"}, 1);
	(void)put_settled(f, &(struct words){.id = "dead", .deleted_at = "2026-02-01"}, 1);
	(void)put_settled(f, &(struct words){.id = "copy", .conflict_of = "clean"}, 1);
	(void)put_settled(
	    f, &(struct words){.id = "gone", .conflict_of = "clean", .deleted_at = "2026"}, 1);
	version = put_local(f, &(struct words){.id = "fresh"});
	assert_ok(f, OPS(f)->loser_add(f->store, view_text("fresh"), &version, &device, &f->call));
	commit(f);
	assert_ok(f, OPS(f)->version_get(f->store, &version, &f->call, &encoded));
	assert_ok(f, OPS(f)->counts(f->store, &f->call, &counts));
	assert_int_equal(counts.entries_count, 3);
	assert_int_equal(counts.deleted_count, 2);
	assert_int_equal(counts.dirty_count, 1);
	assert_int_equal(counts.losers_count, 1);
	assert_int_equal(counts.conflicts_count, 1);
	assert_ok(f, OPS(f)->pending(f->store, &f->call, &pending));
	assert_int_equal(pending.dirty_count, 1);
	assert_ok(f, OPS(f)->dirty_above(f->store, encoded.len, &f->call, &above));
	assert_false(above);
	assert_ok(f, OPS(f)->dirty_above(f->store, encoded.len - 1, &f->call, &above));
	assert_true(above);
	assert_int_equal(pending.losers_count, 1);
	bytes_clear(&encoded);
}

struct scan_size {
	uint64_t count;
	uint64_t bytes;
};

static struct scan_size open_scan(
    struct fixture *f, enum journal_scan which, const struct digest *frame)
{
	struct scan_size size = {0};

	assert_ok(f, OPS(f)->scan_open(f->store, which, frame, &f->call, &size.count, &size.bytes));
	return size;
}

/* One row of the open scan; its id into the text. */
static bool scan_step(struct fixture *f, struct journal_row *row, char *ids, size_t ids_len)
{
	enum journal_result result = OPS(f)->scan_next(f->store, &f->call, row);
	size_t len = strlen(ids);

	if (result == JOURNAL_NONE)
		return false;
	assert_ok(f, result);
	(void)snprintf(
	    ids + len, ids_len - len, "%s%s", len == 0 ? "" : " ", (const char *)row->id.data);
	bytes_clear(&row->id);
	bytes_clear(&row->encoded);
	return true;
}

static void put_three(struct fixture *f)
{
	(void)put_settled(f, &(struct words){.id = "c", .created_at = "2026-01-01"}, 3);
	(void)put_settled(f, &(struct words){.id = "a", .created_at = "2026-01-02"}, 3);
	(void)put_settled(f, &(struct words){.id = "b", .created_at = "2026-01-02"}, 4);
}

static void test_scan_survives_writes(void **state)
{
	struct fixture *f = *state;
	struct scan_size size;
	struct journal_row row;
	char ids[100] = "";

	begin(f);
	put_three(f);
	(void)put_local(f, &(struct words){.id = "mine", .created_at = "2025-01-01"});
	size = open_scan(f, JOURNAL_SCAN_CLOUD, NULL);
	assert_ok(f, OPS(f)->scan_next(f->store, &f->call, &row));
	assert_int_equal(size.count, 3);
	assert_int_equal(size.bytes, 3 * row.encoded.len); /* the three are alike */
	assert_string_equal((const char *)row.id.data, "c");
	bytes_clear(&row.id);
	bytes_clear(&row.encoded);
	assert_int_equal(row.created_ms, time_parse_ms(view_text("2026-01-01")));
	assert_int_equal(row.author.bytes[1], 0xbb);
	assert_int_equal(row.cloud_seq, 3);
	assert_int_equal(row.cloud_ms, 3000);
	assert_false(row.deleted);
	/* What comes and goes meanwhile changes nothing. */
	(void)put_cloud(f, &(struct words){.id = "aa", .created_at = "2026-01-02"}, 5);
	(void)put_cloud(f, &(struct words){.id = "b", .created_at = "2020-01-01"}, 5);
	assert_ok(f, OPS(f)->cloud_set(f->store, view_text("a"), NULL, NULL, 0, 0, &f->call));
	while (scan_step(f, &row, ids, sizeof(ids)))
		;
	assert_string_equal(ids, "a b");
	OPS(f)->scan_close(f->store);
	OPS(f)->scan_close(f->store);
	assert_result(f, OPS(f)->scan_next(f->store, &f->call, &row), JOURNAL_NONE);
	commit(f);
	ids[0] = '\0'; /* and without a transaction */
	(void)open_scan(f, JOURNAL_SCAN_CLOUD, NULL);
	while (scan_step(f, &row, ids, sizeof(ids)))
		;
	assert_string_equal(ids, "b c aa");
}

static void test_scan_of_what_is_sent(void **state)
{
	struct fixture *f = *state;
	struct digest frame = digest_filled(1);
	struct digest other = digest_filled(2);
	static const struct device_id nobody = {{0}};
	struct journal_row row;
	struct scan_size size;
	struct digest dead;
	char ids[100] = "";

	begin(f);
	put_three(f);
	(void)put_local(f, &(struct words){.id = "mine", .created_at = "2025-01-01"});
	dead = put_local(
	    f, &(struct words){.id = "a", .created_at = "2027", .deleted_at = "2026-03-01"});
	assert_ok(f, OPS(f)->sent_add(f->store, &other, 8, &f->call));
	assert_ok(f, OPS(f)->sent_add(f->store, &frame, 9, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &frame, &f->call));
	commit(f);
	size = open_scan(f, JOURNAL_SCAN_SENT, &frame);
	assert_int_equal(size.count, 4);
	while (scan_step(f, &row, ids, sizeof(ids)))
		;
	assert_string_equal(ids, "mine c b a");
	assert_true(row.deleted); /* the last: a */
	assert_digest(row.version, dead);
	assert_true(device_equal(&row.author, &nobody));
	assert_int_equal(row.cloud_seq, 9);
	ids[0] = '\0';
	(void)open_scan(f, JOURNAL_SCAN_SENT, &other);
	while (scan_step(f, &row, ids, sizeof(ids)))
		;
	assert_string_equal(ids, "c a b");
}

static void test_scan_never_leaves_one_out(void **state)
{
	struct fixture *f = *state;
	struct journal_row row = {0};

	begin(f);
	put_three(f);
	commit(f);
	assert_ok(f, store_exec(f->store, "DELETE FROM versions WHERE id = 'c'", &f->call));
	(void)open_scan(f, JOURNAL_SCAN_CLOUD, NULL);
	assert_result(f, OPS(f)->scan_next(f->store, &f->call, &row), JOURNAL_FAILED);
}

/* More rows than are read at once, and one that alone is more bytes than that. */
static void test_scan_of_many(void **state)
{
	enum { MANY = 3 * STORE_SCAN_ROWS + 1, LARGE = STORE_SCAN_ROWS + 5, MISSING = 150 };
	struct fixture *f = *state;
	char *text = calloc(1, STORE_SCAN_BYTES + 1);
	struct journal_row row = {0};
	char id[16];

	assert_non_null(text);
	memset(text, 'x', STORE_SCAN_BYTES);
	begin(f);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "%03d", i);
		(void)put_settled(
		    f, &(struct words){.id = id, .content = i == LARGE ? text : NULL}, 3);
	}
	commit(f);
	free(text);
	assert_int_equal(open_scan(f, JOURNAL_SCAN_CLOUD, NULL).count, MANY);
	for (int i = 0; i < MANY; i++) {
		char ids[16] = "";

		(void)snprintf(id, sizeof(id), "%03d", i);
		assert_true(scan_step(f, &row, ids, sizeof(ids)));
		assert_string_equal(ids, id);
	}
	assert_result(f, OPS(f)->scan_next(f->store, &f->call, &row), JOURNAL_NONE);
	(void)open_scan(f, JOURNAL_SCAN_CLOUD, NULL);
	assert_true(scan_step(f, &row, (char[16]){""}, 16));
	(void)open_scan(
	    f, JOURNAL_SCAN_CLOUD, NULL); /* from the start: nothing read ahead is left */
	assert_ok(f, store_exec(f->store, "DELETE FROM versions WHERE id = '150'", &f->call));
	for (int i = 0; i < MISSING; i++) {
		char ids[16] = "";

		assert_true(scan_step(f, &row, ids, sizeof(ids)));
	}
	for (int i = 0; i < 2; i++) /* and it stays so */
		assert_result(f, OPS(f)->scan_next(f->store, &f->call, &row), JOURNAL_FAILED);
}

static void sent_ids(struct fixture *f, const struct digest *frame, char *out, size_t out_len)
{
	struct bytes after = {0};
	struct digest version;
	struct bytes id = {0};
	enum journal_result result;

	out[0] = '\0';
	while ((result = OPS(f)->sent_next(
		    f->store, frame, view_bytes(&after), &f->call, &id, &version)) == JOURNAL_OK) {
		size_t len = strlen(out);

		(void)snprintf(
		    out + len, out_len - len, "%s%s", len == 0 ? "" : " ", (const char *)id.data);
		bytes_clear(&after);
		after = id;
		id = (struct bytes){0};
	}
	bytes_clear(&after);
	assert_result(f, result, JOURNAL_NONE);
}

static void test_sent(void **state)
{
	struct fixture *f = *state;
	struct digest draft = digest_filled(1);
	struct digest frame = digest_filled(2);
	struct digest none = digest_filled(3);
	char ids[100];

	begin(f);
	(void)put_settled(f, &(struct words){.id = "clean"}, 1);
	(void)put_local(f, &(struct words){.id = "b"});
	(void)put_local(f, &(struct words){.id = "a"});
	assert_result(f, OPS(f)->sent_known(f->store, &draft, &f->call), JOURNAL_NONE);
	assert_result(f, OPS(f)->sent_all_dirty(f->store, &draft, &f->call),
	    JOURNAL_FAILED); /* of no frame */
	assert_ok(f, OPS(f)->sent_add(f->store, &draft, 4, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &draft, &f->call));
	sent_ids(f, &draft, ids, sizeof(ids));
	assert_string_equal(ids, "a b");
	/* A draft that is begun again holds nothing of the one before. */
	(void)put_settled(f, &(struct words){.id = "a"}, 2);
	assert_ok(f, OPS(f)->sent_add(f->store, &draft, 4, &f->call));
	sent_ids(f, &draft, ids, sizeof(ids));
	assert_string_equal(ids, "");
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &draft, &f->call));
	sent_ids(f, &draft, ids, sizeof(ids));
	assert_string_equal(ids, "b");
	/* The renamed replaces what was there. */
	(void)put_local(f, &(struct words){.id = "c"});
	assert_ok(f, OPS(f)->sent_add(f->store, &frame, 3, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &frame, &f->call));
	assert_ok(f, OPS(f)->sent_rename(f->store, &draft, &frame, 5, &f->call));
	assert_result(f, OPS(f)->sent_known(f->store, &draft, &f->call), JOURNAL_NONE);
	sent_ids(f, &frame, ids, sizeof(ids));
	assert_string_equal(ids, "b");
	assert_ok(f, OPS(f)->sent_rename(f->store, &frame, &frame, 6, &f->call));
	sent_ids(f, &frame, ids, sizeof(ids));
	assert_string_equal(ids, "b");
	assert_result(f, OPS(f)->sent_rename(f->store, &none, &frame, 7, &f->call), JOURNAL_NONE);
	assert_ok(f, OPS(f)->sent_known(f->store, &frame, &f->call));
	commit(f);
	assert_ok(f, store_check(f->store, &f->call));
}

static void test_sent_take(void **state)
{
	struct fixture *f = *state;
	struct digest frame = digest_filled(1);
	struct digest none = digest_filled(2);
	struct device_id device = device_filled(7);
	struct digest versions, first;
	struct digest sent;
	struct digest later;
	struct journal_entry entry;
	uint64_t count = 99;

	begin(f);
	(void)put_settled(f, &(struct words){.id = "clean"}, 1);
	first = put_local(f, &(struct words){.id = "a"});
	sent = put_local(f, &(struct words){.id = "b", .content = "sent"});
	assert_ok(f, OPS(f)->sent_add(f->store, &frame, 4, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &frame, &f->call));
	later = put_local(f, &(struct words){.id = "b", .content = "edited meanwhile"});
	assert_ok(f,
	    OPS(f)->sent_acknowledge(f->store, &none, &device, 4, 44, &f->call, &count, &versions));
	assert_int_equal(count, 0);
	assert_ok(f, OPS(f)->sent_acknowledge(
			 f->store, &frame, &device, 4, 44, &f->call, &count, &versions));
	assert_int_equal(count, 2);
	for (size_t i = 0; i < DIGEST_LEN; i++)
		assert_int_equal(versions.bytes[i], first.bytes[i] ^ sent.bytes[i]);
	commit(f);
	entry = get_entry(f, "b");
	assert_digest(entry.base, sent);
	assert_digest(entry.cloud, sent);
	assert_digest(entry.local, later);
	assert_true(device_equal(&entry.author, &device));
	assert_int_equal(entry.cloud_seq, 4);
	assert_int_equal(entry.cloud_ms, 44);
	entry = get_entry(f, "clean");
	assert_int_equal(entry.cloud_seq, 1);
	assert_ok(f, store_check(f->store, &f->call));
}

/* What was carried is to be found again: an acknowledgement of less than all is none. */
static void test_sent_entry_is_missing(void **state)
{
	struct fixture *f = *state;
	struct digest frame = digest_filled(1);
	struct device_id device = device_filled(7);
	struct digest versions = digest_filled(3);
	uint64_t count = 99;

	begin(f);
	(void)put_local(f, &(struct words){.id = "a"});
	(void)put_local(f, &(struct words){.id = "b"});
	assert_ok(f, OPS(f)->sent_add(f->store, &frame, 4, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &frame, &f->call));
	commit(f);
	assert_ok(f, store_exec(f->store, "DELETE FROM entries WHERE id = 'a'", &f->call));
	begin(f);
	assert_result(f,
	    OPS(f)->sent_acknowledge(f->store, &frame, &device, 4, 44, &f->call, &count, &versions),
	    JOURNAL_FAILED);
	assert_string_equal(
	    f->call.message, "an entry is missing from the journal: run `inkseal doctor`");
	assert_int_equal(count, 99);
	assert_digest(versions, digest_filled(3));
	OPS(f)->rollback(f->store);
}

static void test_sent_prune(void **state)
{
	struct fixture *f = *state;
	struct digest early = digest_filled(1);
	struct digest late = digest_filled(2);
	char ids[100];

	begin(f);
	(void)put_local(f, &(struct words){.id = "a"});
	assert_ok(f, OPS(f)->sent_add(f->store, &early, 4, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &early, &f->call));
	assert_ok(f, OPS(f)->sent_add(f->store, &late, SEQ_MAX, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &late, &f->call));
	assert_ok(f, OPS(f)->sent_prune(f->store, 3, &f->call));
	assert_ok(f, OPS(f)->sent_known(f->store, &early, &f->call));
	assert_ok(f, OPS(f)->sent_prune(f->store, 4, &f->call));
	assert_result(f, OPS(f)->sent_known(f->store, &early, &f->call), JOURNAL_NONE);
	assert_ok(f, OPS(f)->sent_known(f->store, &late, &f->call));
	commit(f);
	sent_ids(f, &early, ids, sizeof(ids));
	assert_string_equal(ids, "");
	sent_ids(f, &late, ids, sizeof(ids));
	assert_string_equal(ids, "a");
	assert_ok(f, store_check(f->store, &f->call));
}

/* A live entry of a snapshot. */
static void stage(
    struct fixture *f, const char *id, const struct digest *version, const struct device_id *author)
{
	struct journal_staged row = {.id = view_text(id), .version = *version, .author = *author};

	assert_ok(f, OPS(f)->stage_add(f->store, &row, &f->call));
}

static void test_cloud_forget(void **state)
{
	struct fixture *f = *state;
	struct digest frame = digest_filled(1);
	struct device_id device = device_filled(7);
	struct journal_segment segment = {.run_hash = frame};
	struct journal_counts counts;
	struct journal_entry entry;
	struct digest version;
	uint64_t seq;
	int64_t time_ms;
	char ids[100];

	begin(f);
	version = put_settled(f, &(struct words){.id = "kept"}, 3);
	(void)put_cloud(f, &(struct words){.id = "cloud only"}, 3);
	(void)put_local(f, &(struct words){.id = "new"});
	assert_ok(f, OPS(f)->sent_add(f->store, &frame, 4, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &frame, &f->call));
	assert_ok(f, OPS(f)->loser_add(f->store, view_text("kept"), &version, &device, &f->call));
	stage(f, "kept", &version, &device);
	assert_ok(f, OPS(f)->segment_add(f->store, &segment, &f->call));
	assert_ok(f, OPS(f)->device_seen(f->store, &device, 5, 500, &f->call));
	commit(f);
	begin(f);
	assert_ok(f, OPS(f)->cloud_forget(f->store, &f->call));
	commit(f);
	entry = get_entry(f, "kept");
	assert_true(entry.has_local && !entry.has_base && !entry.has_cloud);
	assert_int_equal(entry.cloud_seq, 0);
	collect(f, OPS(f)->dirty_next, ids, sizeof(ids));
	assert_string_equal(ids, "kept new");
	assert_result(f, OPS(f)->entry_get(f->store, view_text("cloud only"), &f->call, &entry),
	    JOURNAL_NONE);
	assert_result(f, OPS(f)->sent_known(f->store, &frame, &f->call), JOURNAL_NONE);
	assert_result(f, OPS(f)->segment_find(f->store, &frame, &f->call, &segment), JOURNAL_NONE);
	assert_result(
	    f, OPS(f)->device_get(f->store, &device, &f->call, &seq, &time_ms), JOURNAL_NONE);
	assert_ok(f, OPS(f)->counts(f->store, &f->call, &counts));
	assert_int_equal(counts.losers_count, 1); /* it still waits for a patch */
	assert_ok(f, store_check(f->store, &f->call));
}

/* After a reset: what is the same here and there keeps its base, all else has none. */
static void test_bases_forget(void **state)
{
	struct fixture *f = *state;
	struct journal_entry entry;
	struct device_id author;
	struct digest version;

	begin(f);
	version = put_settled(f, &(struct words){.id = "same"}, 3);
	(void)put_settled(f, &(struct words){.id = "edited"}, 3);
	(void)put_local(f, &(struct words){.id = "edited", .content = "meanwhile"});
	(void)put_cloud(f, &(struct words){.id = "there"}, 3);
	(void)put_settled(f, &(struct words){.id = "gone there"}, 3);
	assert_ok(f, OPS(f)->cloud_set(f->store, view_text("gone there"), NULL,
			 &(struct device_id){{0}}, 4, 0, &f->call));
	(void)put_settled(f, &(struct words){.id = "gone everywhere"}, 3);
	assert_ok(f, OPS(f)->cloud_set(f->store, view_text("gone everywhere"), NULL,
			 &(struct device_id){{0}}, 4, 0, &f->call));
	assert_ok(f, OPS(f)->local_set(f->store, view_text("gone everywhere"), NULL, &f->call));
	assert_ok(f, OPS(f)->bases_forget(f->store, &f->call));
	assert_ok(f, OPS(f)->cloud_placed(f->store, 9, &f->call));
	commit(f);
	entry = get_entry(f, "same");
	assert_true(entry.has_base && digest_equal(&entry.base, &version));
	assert_int_equal(entry.cloud_seq, 9);
	entry = get_entry(f, "edited");
	assert_true(entry.has_local && !entry.has_base && entry.has_cloud);
	entry = get_entry(f, "there");
	assert_true(!entry.has_local && !entry.has_base && entry.has_cloud);
	entry = get_entry(f, "gone there");
	assert_true(entry.has_local && !entry.has_base && !entry.has_cloud);
	assert_result(f,
	    OPS(f)->entry_get(f->store, view_text("gone everywhere"), &f->call, &entry),
	    JOURNAL_NONE);
	assert_result(f,
	    OPS(f)->version_author(f->store, view_text("same"), &version, &f->call, &author),
	    JOURNAL_NONE);
	begin(f);
	for (uint8_t i = 7; i < 9; i++) {
		struct device_id device = device_filled(i);

		assert_ok(f, OPS(f)->history_add(f->store, view_text("same"), &version, &device,
				 HISTORY_PULLED, 5, &f->call));
	}
	commit(f);
	assert_ok(
	    f, OPS(f)->version_author(f->store, view_text("same"), &version, &f->call, &author));
	assert_int_equal(author.bytes[0], 7); /* the first is who made it */
	assert_ok(f, store_check(f->store, &f->call));
}

static void test_losers(void **state)
{
	struct fixture *f = *state;
	struct device_id device = device_filled(7);
	struct journal_loser loser = {0};
	struct digest after = {{0}};
	struct digest versions[3];
	static const char *const ids[] = {"a", "b", "b"};
	struct bytes last = {0};

	begin(f);
	for (size_t i = 0; i < 3; i++) {
		versions[i] = put_version(
		    f, &(struct words){.id = ids[i], .content = i == 1 ? "one" : "two"});
		assert_ok(f, OPS(f)->loser_add(
				 f->store, view_text(ids[i]), &versions[i], &device, &f->call));
		assert_ok(f, OPS(f)->loser_add(
				 f->store, view_text(ids[i]), &versions[i], &device, &f->call));
	}
	commit(f);
	for (size_t i = 0; i < 3; i++) {
		assert_result(f,
		    OPS(f)->loser_next(
			f->store, view_bytes(&last), i == 0 ? NULL : &after, &f->call, &loser),
		    JOURNAL_OK);
		assert_string_equal((const char *)loser.id.data, ids[i]);
		assert_true(device_equal(&loser.author, &device));
		assert_true(loser.encoded.len > 0);
		bytes_clear(&loser.encoded);
		bytes_clear(&last);
		last = loser.id;
		after = loser.version;
	}
	assert_result(f, OPS(f)->loser_next(f->store, view_bytes(&last), &after, &f->call, &loser),
	    JOURNAL_NONE);
	bytes_clear(&last);
	begin(f); /* the first was filed here before; the others are news; all are told twice */
	assert_ok(f, OPS(f)->history_add(f->store, view_text("a"), &versions[0], &device,
			 HISTORY_LOSER, 5, &f->call));
	assert_int_equal(open_scan(f, JOURNAL_SCAN_LOSERS, NULL).count, 0);
	for (size_t i = 0; i < 6; i++)
		assert_ok(f, OPS(f)->loser_settled(f->store, view_text(ids[i % 3]),
				 &versions[i % 3], &device, 100 + (int64_t)(i % 3), &f->call));
	commit(f);
	assert_result(f, OPS(f)->loser_next(f->store, (struct view){0}, NULL, &f->call, &loser),
	    JOURNAL_NONE);
	assert_int_equal(open_scan(f, JOURNAL_SCAN_LOSERS, NULL).count, 3);
	for (size_t i = 3; i-- > 0;) { /* the newest first */
		struct journal_row row = {0};

		assert_ok(f, OPS(f)->scan_next(f->store, &f->call, &row));
		assert_string_equal((const char *)row.id.data, ids[i]);
		assert_memory_equal(row.version.bytes, versions[i].bytes, DIGEST_LEN);
		assert_true(device_equal(&row.author, &device));
		assert_int_equal(row.cloud_ms, 100 + (int64_t)i);
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	OPS(f)->scan_close(f->store);
}

/* It fails, whenever it is asked, and gives nothing. */
static void assert_no_loser(struct fixture *f, const char *why)
{
	for (unsigned i = 0; i < 2; i++) {
		struct journal_loser loser = {0};

		call_init(&f->call, 1000);
		assert_result(f,
		    OPS(f)->loser_next(f->store, (struct view){0}, NULL, &f->call, &loser),
		    JOURNAL_FAILED);
		assert_non_null(strstr(f->call.message, why));
		assert_null(loser.id.data);
		assert_null(loser.encoded.data);
	}
}

static void test_a_damaged_loser(void **state)
{
	struct fixture *f = *state;
	struct device_id device = device_filled(7);
	struct digest version;

	begin(f);
	version = put_version(f, &(struct words){.id = "a"});
	assert_ok(f, OPS(f)->loser_add(f->store, view_text("a"), &version, &device, &f->call));
	commit(f);
	assert_ok(f, store_exec(f->store, "UPDATE losers SET author = x'01'", &f->call));
	assert_no_loser(f, "the journal's file is damaged");
	assert_ok(
	    f, store_exec(f->store, "UPDATE losers SET author = zeroblob(16); DELETE FROM versions",
		   &f->call));
	assert_no_loser(f, "a version is missing from the journal: run `inkseal doctor`");
}

static void test_segments(void **state)
{
	struct fixture *f = *state;
	struct journal_segment segment = {
	    .run_hash = digest_filled(1), .name_count = 3, .name_hash = digest_filled(2)};
	struct journal_segment found = {0};
	struct digest other = digest_filled(9);

	begin(f);
	assert_ok(f, OPS(f)->segment_add(f->store, &segment, &f->call));
	segment.name_count = 4;
	assert_ok(f, OPS(f)->segment_add(f->store, &segment, &f->call));
	commit(f);
	assert_ok(f, OPS(f)->segment_find(f->store, &segment.run_hash, &f->call, &found));
	assert_int_equal(found.name_count, 4);
	assert_digest(found.name_hash, segment.name_hash);
	assert_result(f, OPS(f)->segment_find(f->store, &other, &f->call, &found), JOURNAL_NONE);
	found.name_count = 99;
	assert_ok(f, store_exec(f->store, "UPDATE segments SET name_hash = x'01'", &f->call));
	assert_result(
	    f, OPS(f)->segment_find(f->store, &segment.run_hash, &f->call, &found), JOURNAL_FAILED);
	assert_non_null(strstr(f->call.message, "the journal's file is damaged"));
	assert_int_equal(found.name_count, 99);
	begin(f);
	assert_ok(f, OPS(f)->segments_clear(f->store, &f->call));
	commit(f);
	assert_result(
	    f, OPS(f)->segment_find(f->store, &segment.run_hash, &f->call, &found), JOURNAL_NONE);
}

static void test_stage(void **state)
{
	struct fixture *f = *state;
	struct device_id device = device_filled(7);
	struct device_id author;
	struct digest version;
	struct digest staged;
	struct bytes id = {0};
	uint64_t count = 0;

	begin(f);
	put_three(f);
	(void)put_local(f, &(struct words){.id = "0 mine"});
	staged = put_version(f, &(struct words){.id = "b", .content = "staged"});
	stage(f, "b", &staged, &device);
	commit(f);
	assert_ok(
	    f, OPS(f)->stage_next(f->store, (struct view){0}, &f->call, &id, &version, &author));
	assert_take(&id, "b");
	assert_digest(version, staged);
	assert_true(device_equal(&author, &device));
	begin(f); /* an entry is counted once, however often it is staged */
	stage(f, "b", &staged, &device);
	commit(f);
	assert_ok(f, OPS(f)->stage_count(f->store, &f->call, &count));
	assert_int_equal(count, 1);
	assert_result(f,
	    OPS(f)->stage_next(f->store, view_text("b"), &f->call, &id, &version, &author),
	    JOURNAL_NONE);
	/* Missing: from the given id on, itself included. */
	assert_ok(f, OPS(f)->stage_missing_next(f->store, (struct view){0}, &f->call, &id));
	assert_take(&id, "a");
	assert_ok(f, OPS(f)->stage_missing_next(f->store, view_text("a"), &f->call, &id));
	assert_take(&id, "a");
	assert_ok(f, OPS(f)->stage_missing_next(f->store, view_text("aa"), &f->call, &id));
	assert_take(&id, "c");
	assert_result(
	    f, OPS(f)->stage_missing_next(f->store, view_text("ca"), &f->call, &id), JOURNAL_NONE);
	begin(f);
	assert_ok(f, OPS(f)->stage_clear(f->store, &f->call));
	commit(f);
	assert_result(f,
	    OPS(f)->stage_next(f->store, (struct view){0}, &f->call, &id, &version, &author),
	    JOURNAL_NONE);
}

static void test_stage_take(void **state)
{
	struct fixture *f = *state;
	struct device_id device = device_filled(7);
	struct digest same;
	struct digest moved;
	struct digest born;
	struct digest again;
	struct journal_entry entry;

	begin(f);
	same = put_settled(f, &(struct words){.id = "same"}, 3);
	again = put_settled(f, &(struct words){.id = "by another"}, 3);
	(void)put_settled(f, &(struct words){.id = "moved", .content = "old"}, 3);
	(void)put_settled(f, &(struct words){.id = "not staged"}, 3);
	moved = put_version(f, &(struct words){.id = "moved", .content = "new"});
	born = put_version(f, &(struct words){.id = "born"});
	entry = get_entry(f, "same");
	stage(f, "same", &same, &entry.author);
	stage(f, "by another", &again, &device);
	stage(f, "moved", &moved, &device);
	stage(f, "born", &born, &device);
	assert_ok(f, OPS(f)->stage_install(f->store, 9, 99, &f->call));
	commit(f);
	entry = get_entry(f, "moved");
	assert_digest(entry.cloud, moved);
	assert_false(digest_equal(&entry.base, &moved));
	assert_int_equal(entry.cloud_seq, 9);
	assert_int_equal(entry.cloud_ms, 99);
	assert_true(device_equal(&entry.author, &device));
	entry = get_entry(f, "born");
	assert_digest(entry.cloud, born);
	assert_false(entry.has_local || entry.has_base);
	entry = get_entry(f, "same"); /* keeps its place in the log */
	assert_int_equal(entry.cloud_seq, 3);
	entry = get_entry(f, "by another");
	assert_digest(entry.cloud, again);
	assert_true(device_equal(&entry.author, &device));
	assert_int_equal(entry.cloud_seq, 9);
	entry = get_entry(f, "not staged");
	assert_true(entry.has_cloud);
}

/* A tombstone of a snapshot, where it says. */
static void stage_placed(struct fixture *f, const char *id, const struct digest *version,
    const struct device_id *author, uint64_t seq, int64_t time_ms)
{
	struct journal_staged row = {.id = view_text(id),
	    .version = *version,
	    .author = *author,
	    .deleted = true,
	    .seq = seq,
	    .time_ms = time_ms};

	assert_ok(f, OPS(f)->stage_add(f->store, &row, &f->call));
}

static void assert_places(struct fixture *f, bool own, uint64_t newest)
{
	bool have_own = !own;
	uint64_t have_newest = 77;

	assert_ok(f, OPS(f)->stage_places(f->store, &f->call, &have_own, &have_newest));
	assert_int_equal(have_own, own);
	assert_int_equal(have_newest, newest);
}

static void test_stage_places(void **state)
{
	struct fixture *f = *state;
	struct journal_entry entry;
	struct digest live, kept, moved, sent;

	assert_places(f, false, 0);
	begin(f);
	live = put_settled(f, &(struct words){.id = "live"}, 3);
	kept = put_settled(f, &(struct words){.id = "kept", .deleted_at = "2026-01-01"}, 3);
	moved = put_version(f, &(struct words){.id = "moved", .deleted_at = "2026-01-01"});
	sent = put_version(f, &(struct words){.id = "sent", .deleted_at = "2026-01-01"});
	entry = get_entry(f, "live");
	stage(f, "live", &live, &entry.author);
	assert_places(f, false, 0);
	stage_placed(f, "kept", &kept, &entry.author, 5, -50); /* the version is as it was */
	stage_placed(f, "moved", &moved, &entry.author, 4, 40);
	assert_places(f, false, 5);
	stage_placed(f, "sent", &sent, &entry.author, 8, 80);
	stage_placed(f, "sent", &sent, &entry.author, 0, 0);
	assert_places(f, true, 5);
	assert_ok(f, OPS(f)->stage_install(f->store, 9, 99, &f->call));
	commit(f);
	entry = get_entry(f, "live");
	assert_int_equal(entry.cloud_seq, 3);
	entry = get_entry(f, "kept");
	assert_int_equal(entry.cloud_seq, 5);
	assert_int_equal(entry.cloud_ms, -50);
	entry = get_entry(f, "moved");
	assert_int_equal(entry.cloud_seq, 4);
	assert_int_equal(entry.cloud_ms, 40);
	entry = get_entry(f, "sent");
	assert_int_equal(entry.cloud_seq, 9);
	assert_int_equal(entry.cloud_ms, 99);
}

/* What a light transaction has committed outlives the store that did it. */
static void test_begin_light(void **state)
{
	struct fixture *f = *state;
	struct journal_entry entry;

	for (unsigned round = 0; round < 2; round++) {
		assert_ok(f, OPS(f)->begin_light(f->store, &f->call));
		(void)put_local(f, &(struct words){.id = round == 0 ? "a" : "b"});
		commit(f);
	}
	assert_ok(f, OPS(f)->begin_light(f->store, &f->call));
	(void)put_local(f, &(struct words){.id = "given up"});
	OPS(f)->rollback(f->store);
	assert_true(f->store->light);
	begin(f); /* and the next is as durable as any */
	assert_false(f->store->light);
	(void)put_local(f, &(struct words){.id = "c"});
	commit(f);
	fixture_reopen(f);
	assert_true(get_entry(f, "a").has_local);
	assert_true(get_entry(f, "b").has_local);
	assert_true(get_entry(f, "c").has_local);
	assert_result(
	    f, OPS(f)->entry_get(f->store, view_text("given up"), &f->call, &entry), JOURNAL_NONE);
}

static void test_devices(void **state)
{
	struct fixture *f = *state;
	struct device_id device = device_filled(7);
	struct device_id other = device_filled(8);
	uint64_t seq = 0;
	int64_t time_ms = 0;

	begin(f);
	assert_ok(f, OPS(f)->device_seen(f->store, &device, 5, 500, &f->call));
	assert_ok(f, OPS(f)->device_seen(f->store, &device, 9, 400, &f->call));
	assert_ok(f, OPS(f)->device_seen(f->store, &device, 7, 700, &f->call));
	commit(f);
	assert_ok(f, OPS(f)->device_get(f->store, &device, &f->call, &seq, &time_ms));
	assert_int_equal(seq, 9);
	assert_int_equal(time_ms, 400);
	assert_result(
	    f, OPS(f)->device_get(f->store, &other, &f->call, &seq, &time_ms), JOURNAL_NONE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_journal(test_meta),
    cmocka_unit_test_journal(test_versions),
    cmocka_unit_test_journal(test_other_bytes_are_refused),
    cmocka_unit_test_journal(test_entry_states),
    cmocka_unit_test_journal(test_versions_must_be_there),
    cmocka_unit_test_journal(test_dirty_and_unsettled),
    cmocka_unit_test_journal(test_absent_cloud_counts_as_deletion),
    cmocka_unit_test_journal(test_deletions_going),
    cmocka_unit_test_journal(test_settle_plain),
    cmocka_unit_test_journal(test_counts),
    cmocka_unit_test_journal(test_scan_survives_writes),
    cmocka_unit_test_journal(test_scan_of_what_is_sent),
    cmocka_unit_test_journal(test_scan_never_leaves_one_out),
    cmocka_unit_test_journal(test_scan_of_many),
    cmocka_unit_test_journal(test_sent),
    cmocka_unit_test_journal(test_sent_take),
    cmocka_unit_test_journal(test_sent_entry_is_missing),
    cmocka_unit_test_journal(test_sent_prune),
    cmocka_unit_test_journal(test_cloud_forget),
    cmocka_unit_test_journal(test_bases_forget),
    cmocka_unit_test_journal(test_losers),
    cmocka_unit_test_journal(test_a_damaged_loser),
    cmocka_unit_test_journal(test_segments),
    cmocka_unit_test_journal(test_stage),
    cmocka_unit_test_journal(test_stage_take),
    cmocka_unit_test_journal(test_stage_places),
    cmocka_unit_test_journal(test_begin_light),
    cmocka_unit_test_journal(test_devices),
};

TEST_MAIN(tests)
