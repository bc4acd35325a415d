/*
 * tests/schemas/entry_test.c: what entries are refused, and what their version hangs on. Bytes and
 * hashes are the vectors' affair; here is what no vector of a few bytes can hold.
 */
#include "schemas/entry.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct entry plain(void)
{
	return (struct entry){
	    .id = view_text("7f0c9a52-0b1d-4f5e-9f43-5d1f7f4f0c11"),
	    .collection = view_text("journal"),
	    .title = view_text("A walk"),
	    .content = view_text("Up betimes."),
	    .created_at = view_text("2023-11-14T22:13:20.000Z"),
	    .updated_at = view_text("2023-11-14T22:13:20.000Z"),
	};
}

static struct digest version_of(const struct entry *entry)
{
	struct bytes encoded = {0};
	struct digest version;

	assert_int_equal(entry_encode(entry, &encoded), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&encoded), &version), FORMAT_OK);
	bytes_clear(&encoded);
	return version;
}

static void the_version_hangs_on_every_member(void **state)
{
	struct entry entry = plain();
	struct digest version = version_of(&entry);
	struct digest changed;
	struct view *const members[] = {&entry.id, &entry.title, &entry.content, &entry.created_at,
	    &entry.updated_at, &entry.deleted_at, &entry.conflict_of};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct view was = *members[i];

		*members[i] = view_text("another");
		changed = version_of(&entry);
		assert_false(digest_equal(&version, &changed));
		*members[i] = was;
	}
	entry.collection = view_text("drafts");
	changed = version_of(&entry);
	assert_false(digest_equal(&version, &changed));
	entry = plain();
	entry.extra_count = 1;
	entry.extra[0] = (struct entry_extra){view_text("a"), view_text("1")};
	changed = version_of(&entry);
	assert_false(digest_equal(&version, &changed));
}

static void extras_come_in_any_order(void **state)
{
	struct entry entry = plain();
	struct digest first, second;

	(void)state;
	entry.extra_count = 2;
	entry.extra[0] = (struct entry_extra){view_text("mood"), view_text("1e3")};
	entry.extra[1] = (struct entry_extra){view_text("b"), view_text("null")};
	first = version_of(&entry);
	entry.extra[1] = entry.extra[0];
	entry.extra[0] = (struct entry_extra){view_text("b"), view_text("null")};
	second = version_of(&entry);
	assert_true(digest_equal(&first, &second));
	entry.extra[0].name = view_text("mood");
	assert_int_equal(entry_encode(&entry, &(struct bytes){0}), FORMAT_MALFORMED);
}

static void a_tombstone_is_one_by_its_time(void **state)
{
	struct entry entry = plain();

	(void)state;
	assert_false(entry_deleted(&entry));
	entry.deleted_at = view_text("");
	assert_true(entry_deleted(&entry));
}

/* text of len times c; the caller frees it. */
static char *long_text(size_t len, char c)
{
	char *text = malloc(len);

	assert_non_null(text);
	memset(text, c, len);
	return text;
}

static void maxima_hold_to_the_byte(void **state)
{
	static const struct {
		const char *name;
		size_t member; /* offset in struct entry */
		size_t max;
	} rows[] = {
	    {"id", offsetof(struct entry, id), ENTRY_ID_MAX},
	    {"collection", offsetof(struct entry, collection), COLLECTION_MAX},
	    {"title", offsetof(struct entry, title), TITLE_MAX},
	    {"content", offsetof(struct entry, content), CONTENT_MAX},
	    {"created", offsetof(struct entry, created_at), TIME_TEXT_MAX},
	    {"updated", offsetof(struct entry, updated_at), TIME_TEXT_MAX},
	    {"deleted", offsetof(struct entry, deleted_at), TIME_TEXT_MAX},
	    {"conflict of", offsetof(struct entry, conflict_of), ENTRY_ID_MAX},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text = long_text(rows[i].max + 1, 'a');

		for (size_t over = 0; over < 2; over++) {
			struct entry entry = plain();
			struct view *member =
			    (struct view *)(void *)((char *)&entry + rows[i].member);
			struct bytes encoded = {0};
			enum format_result result;

			*member = view_of(text, rows[i].max + over);
			result = entry_encode(&entry, &encoded);
			if (result != (over > 0 ? FORMAT_TOO_LARGE : FORMAT_OK))
				fail_msg(
				    "%s + %zu: %s", rows[i].name, over, format_result_text(result));
			assert_true((encoded.data != NULL) == (over == 0));
			bytes_clear(&encoded);
		}
		free(text);
	}
}

static void what_fits_no_buffer_is_too_large(void **state)
{
	struct entry entry = plain();
	struct bytes encoded = {0};
	char *text = long_text((size_t)2 * ENTRY_MAX, 'a');

	(void)state;
	entry.content = view_of(text, (size_t)2 * ENTRY_MAX);
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
	free(text);
}

static void an_entry_stays_below_its_maximum(void **state)
{
	struct entry entry = plain();
	struct bytes encoded = {0};
	char *text = long_text(CONTENT_MAX, '1'); /* also as a number */

	(void)state;
	entry.content = view_of(text, CONTENT_MAX);
	entry.extra_count = 1;
	entry.extra[0] =
	    (struct entry_extra){view_text("a"), view_of(text, ENTRY_MAX - CONTENT_MAX)};
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
	entry.extra[0].json.len -= 1024;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	assert_true(encoded.len <= ENTRY_MAX);
	bytes_clear(&encoded);
	free(text);
}

/* What every device accepts every device can delete, and keep as a conflict copy. */
static void what_the_program_adds_has_room(void **state)
{
	struct entry entry = plain();
	struct bytes encoded = {0};
	char *text = long_text(CONTENT_MAX, '1'); /* also as a number */
	size_t room;

	(void)state;
	entry.id = view_text("x");
	entry.updated_at = view_text("");
	entry.content = view_of(text, CONTENT_MAX);
	entry.extra_count = 1;
	entry.extra[0] =
	    (struct entry_extra){view_text("a"), view_of(text, ENTRY_MAX - CONTENT_MAX - 1024)};
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	/* id 3 and updatedAt 2 bytes now; at their longest 131 and 67, and as much again. */
	room = ENTRY_MAX - encoded.len - 2 * (131 + 67) + 3 + 2;
	bytes_clear(&encoded);
	entry.extra[0].json.len += room + 1;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_TOO_LARGE);
	entry.extra[0].json.len--;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	bytes_clear(&encoded);
	entry.id = view_of(text, ENTRY_ID_MAX);
	entry.updated_at = view_of(text, TIME_TEXT_MAX);
	entry.deleted_at = view_of(text, TIME_TEXT_MAX);
	entry.conflict_of = view_of(text, ENTRY_ID_MAX);
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, ENTRY_MAX);
	bytes_clear(&encoded);
	entry.extra[0].json.len++;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_TOO_LARGE);
	free(text);
}

/* The room is counted to the byte, with members whose heads are of one byte or of two. */
static void what_may_change_counts_at_its_longest(void **state)
{
	static const size_t lens[] = {1, 23, 24, 25, TIME_TEXT_MAX};
	char *text = long_text(CONTENT_MAX, '1');

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lens) * COUNT_OF(lens); i++) {
		size_t id = lens[i / COUNT_OF(lens)], time = lens[i % COUNT_OF(lens)];
		size_t now = 1u + (id < 24 ? 1u : 2u) + id + 1u + (time < 24 ? 1u : 2u) + time;
		struct entry entry = plain();
		struct bytes encoded = {0};

		entry.id = view_of(text, id);
		entry.updated_at = view_of(text, time);
		entry.content = view_of(text, CONTENT_MAX);
		entry.extra_count = 1;
		entry.extra[0] = (struct entry_extra){
		    view_text("a"), view_of(text, ENTRY_MAX - CONTENT_MAX - 1024)};
		assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
		entry.extra[0].json.len += ENTRY_MAX - encoded.len - (size_t)2 * (131 + 67) + now;
		bytes_clear(&encoded);
		if (entry_encode(&entry, &encoded) != FORMAT_OK)
			fail_msg("id of %zu, time of %zu", id, time);
		bytes_clear(&encoded);
		entry.extra[0].json.len++;
		if (entry_encode(&entry, &encoded) != FORMAT_TOO_LARGE)
			fail_msg("id of %zu, time of %zu, and one more", id, time);
	}
	free(text);
}

static void an_entry_over_its_maximum_is_not_read(void **state)
{
	char *text = long_text(ENTRY_MAX + 1, '\0');
	struct entry entry;

	(void)state;
	assert_int_equal(entry_decode(view_of(text, ENTRY_MAX), &entry), FORMAT_MALFORMED);
	assert_int_equal(entry_decode(view_of(text, ENTRY_MAX + 1), &entry), FORMAT_TOO_LARGE);
	free(text);
}

static void collections_are_words(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		const char text[] = {'a', (char)c, 'z'};

		assert_true(entry_collection_valid(view_of(text, 3)) == (c >= 'a' && c <= 'z'));
	}
	assert_false(entry_collection_valid(view_text("")));
}

/* By length, then by bytes: as encoded keys ascend. */
static void extras_are_sorted(void **state)
{
	static const char *const names[] = {"b", "d", "bb", "bd", "db", "aaa"};
	struct entry entry = plain();
	struct digest first = {{0}}, version;

	(void)state;
	entry.extra_count = COUNT_OF(names);
	for (size_t turn = 0; turn < COUNT_OF(names); turn++) {
		for (size_t i = 0; i < COUNT_OF(names); i++)
			entry.extra[i] = (struct entry_extra){
			    view_text(
				names[(turn * 5 + i * (turn % 2 == 0 ? 1 : 5)) % COUNT_OF(names)]),
			    view_text("1")};
		version = version_of(&entry);
		if (turn == 0)
			first = version;
		assert_true(digest_equal(&version, &first));
	}
}

static void names_of_members_have_a_maximum(void **state)
{
	char *text = long_text(257, 'n');
	struct bytes encoded = {0};

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct entry entry = plain();

		entry.extra_count = 1;
		entry.extra[0] = (struct entry_extra){view_of(text, 256 + over), view_text("1")};
		assert_int_equal(
		    entry_encode(&entry, &encoded), over == 0 ? FORMAT_OK : FORMAT_TOO_LARGE);
		bytes_clear(&encoded);
	}
	free(text);
}

static void more_unknown_members_than_fit_are_refused(void **state)
{
	struct entry entry = plain();
	char names[EXTRA_COUNT_MAX][8];
	struct bytes encoded = {0};

	(void)state;
	for (size_t i = 0; i < EXTRA_COUNT_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%zu", i);
		entry.extra[i] = (struct entry_extra){view_text(names[i]), view_text("1")};
	}
	entry.extra_count = EXTRA_COUNT_MAX;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	bytes_clear(&encoded);
	entry.extra_count = EXTRA_COUNT_MAX + 1;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_TOO_LARGE);
}

/* What is encoded is judged as what is decoded: no path leads around it. */
static void unknown_members_are_json_under_names_of_their_own(void **state)
{
	static const struct {
		const char *name;
		const char *json;
		enum format_result result;
	} rows[] = {
	    {"mood", "{\"a\":[1e3,\"\\u00e9\"]}", FORMAT_OK},
	    {"ID", "1", FORMAT_OK}, /* names are told apart by their bytes */
	    {"", "1", FORMAT_OK},
	    {"mood", "calm", FORMAT_MALFORMED},
	    {"mood", "", FORMAT_MALFORMED},
	    {"mood", "1}\n{\"id\":\"forged\"", FORMAT_MALFORMED},
	    {"mood", "{\"a\": 1}", FORMAT_MALFORMED},
	    {"mood", "\"\x1b[2J\"", FORMAT_MALFORMED},
	    {"mood", "\"\\ud800\"", FORMAT_MALFORMED},
	    {"mood", "\"\\u0000\"", FORMAT_MALFORMED},
	    {"mood", "{\"a\":1,\"a\":2}", FORMAT_MALFORMED},
	    {"id", "1", FORMAT_MALFORMED},
	    {"contentHash", "1", FORMAT_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct entry entry = plain();
		struct bytes encoded = {0};
		enum format_result result;

		entry.extra[0] =
		    (struct entry_extra){view_text(rows[i].name), view_text(rows[i].json)};
		entry.extra_count = 1;
		result = entry_encode(&entry, &encoded);
		if (result != rows[i].result)
			fail_msg(
			    "%s: %s: %s", rows[i].name, rows[i].json, format_result_text(result));
		bytes_clear(&encoded);
	}
}

static void a_failure_leaves_the_output_alone(void **state)
{
	struct entry entry = plain();
	struct entry before = entry;
	struct digest version = {{1, 2, 3}};

	(void)state;
	assert_int_equal(entry_decode(view_of("\xa1\x00", 2), &entry), FORMAT_MALFORMED);
	assert_true(view_equal(entry.id, before.id));
	assert_int_equal(entry_version(view_of("\xa0", 1), &version), FORMAT_MALFORMED);
	assert_memory_equal(version.bytes, "\1\2\3", 4);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_version_hangs_on_every_member),
    cmocka_unit_test(extras_come_in_any_order),
    cmocka_unit_test(a_tombstone_is_one_by_its_time),
    cmocka_unit_test(maxima_hold_to_the_byte),
    cmocka_unit_test(what_fits_no_buffer_is_too_large),
    cmocka_unit_test(an_entry_stays_below_its_maximum),
    cmocka_unit_test(what_the_program_adds_has_room),
    cmocka_unit_test(what_may_change_counts_at_its_longest),
    cmocka_unit_test(an_entry_over_its_maximum_is_not_read),
    cmocka_unit_test(collections_are_words),
    cmocka_unit_test(extras_are_sorted),
    cmocka_unit_test(names_of_members_have_a_maximum),
    cmocka_unit_test(more_unknown_members_than_fit_are_refused),
    cmocka_unit_test(unknown_members_are_json_under_names_of_their_own),
    cmocka_unit_test(a_failure_leaves_the_output_alone),
};

TEST_MAIN(tests)
