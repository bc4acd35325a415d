/*
 * tests/cli/port/metadj_test.c: MetaDJ Nexus' export file, against files that Node wrote
 * (tests/data/metadj/make.mjs), against broken ones, and there and back with a real journal where
 * it is at hand.
 */
#include "tests/cli/port/port_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define DATA INKSEAL_SOURCE_DIR "/tests/data/metadj/"
#define PASSPHRASE \
	"\xC2\xA0 \xEF\xBB\xBF" \
	"correct horse \xC3\xA9" \
	"\xE2\x80\x83\n"
#define HEAD "{\"type\":\"metadj-nexus-journal\",\"version\":1,\"encrypted\":false,"
#define GOOD \
	"{\"id\":\"good\",\"title\":\"t\",\"content\":\"c\",\"createdAt\":\"x\",\"updatedAt\":" \
	"\"y\"}"

static enum port_result import_view(
    struct view file, const char *passphrase, struct journal_fixture *out, struct call *call)
{
	struct port_sink sink = fixture_sink(out);

	call_init(call, 0);
	return metadj_import(file, passphrase, &sink, call);
}

static enum port_result import_text(
    const char *text, struct journal_fixture *out, struct call *call)
{
	return import_view(view_text(text), NULL, out, call);
}

static bool add_bytes(void *self, struct view bytes)
{
	struct buffer *out = self;

	buffer_add_view(out, bytes);
	return !out->failed;
}

static void export_to(struct journal_fixture *journal, const char *passphrase, struct bytes *out)
{
	struct port_source source = fixture_source(journal);
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);
	struct call call;
	struct buffer buffer;

	buffer_init(&buffer, PORT_FILE_MAX);
	call_init(&call, 0);
	assert_int_equal(metadj_export(&source, passphrase, "2026-02-03T04:05:06.789Z", &random,
			     add_bytes, &buffer, &call),
	    PORT_OK);
	assert_true(buffer_take(&buffer, out));
}

static void add_node_journal(struct journal_fixture *journal)
{
	struct entry entry = fixture_entry("0d8c1c64-6b7e-4f0a-9a53-0f6f0a3f2b11",
	    "Premi\xC3\xA8re", "one\n\"two\"\t\\ \x01\x1f\x7f\xE2\x80\xA8 \xF0\x9F\x98\x80");

	fixture_add(journal, &entry);
	entry = fixture_entry("b", "", "");
	entry.created_at = view_text("2026-01-03T10:00:00.000Z");
	entry.updated_at = entry.created_at;
	fixture_add(journal, &entry);
}

/* Ours and Node's: the same bytes, both ways. */
static void same_as_node(const char *path, const char *passphrase)
{
	struct journal_fixture journal = {0};
	struct journal_fixture read = {0};
	struct bytes theirs = {0};
	struct bytes ours = {0};
	struct call call;

	fixture_read(path, &theirs);
	add_node_journal(&journal);
	export_to(&journal, passphrase, &ours);
	assert_int_equal(ours.len, theirs.len);
	assert_memory_equal(ours.data, theirs.data, ours.len);
	assert_int_equal(import_view(view_bytes(&theirs), passphrase, &read, &call), PORT_OK);
	assert_int_equal(read.dropped_count, 0);
	fixture_equal(&journal, &read);
	bytes_clear(&theirs);
	bytes_clear(&ours);
	fixture_clear(&journal);
	fixture_clear(&read);
}

static void plain_is_as_node_writes_it(void **state)
{
	(void)state;
	same_as_node(DATA "node-plain.json", NULL);
}

static void encrypted_is_as_node_writes_it(void **state)
{
	(void)state;
	same_as_node(DATA "node-encrypted.json", PASSPHRASE);
}

static void wrong_passphrase_is_said(void **state)
{
	static const char *const wrong[] = {
	    "correct horse e", "correct horse", NULL, "", " \n", "\xFF"};
	struct bytes file = {0};

	(void)state;
	fixture_read(DATA "node-encrypted.json", &file);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct journal_fixture read = {0};
		struct call call;

		assert_int_equal(
		    import_view(view_bytes(&file), wrong[i], &read, &call), PORT_PASSPHRASE);
		assert_int_equal(read.count + read.dropped_count, 0);
		assert_true(call.message[0] != '\0');
	}
	bytes_clear(&file);
}

/* One changed bit anywhere in what is sealed, or in salt or iv: nothing comes out. */
static void damaged_encrypted_file_is_refused(void **state)
{
	static const char *const after[] = {"\"salt\": \"", "\"iv\": \"", "\"ciphertext\": \""};
	struct bytes file = {0};

	(void)state;
	fixture_read(DATA "node-encrypted.json", &file);
	for (size_t i = 0; i < COUNT_OF(after); i++) {
		struct journal_fixture read = {0};
		struct call call;
		char *at = strstr((char *)file.data, after[i]);

		assert_non_null(at);
		at += strlen(after[i]) + 5;
		*at = *at == 'A' ? 'B' : 'A';
		assert_int_equal(
		    import_view(view_bytes(&file), PASSPHRASE, &read, &call), PORT_PASSPHRASE);
		assert_int_equal(read.count + read.dropped_count, 0);
	}
	bytes_clear(&file);
}

#define SEALED_HEAD "{\"type\":\"metadj-nexus-journal\",\"version\":1,\"encrypted\":true,"
#define SALT "\"salt\":\"AAECAwQFBgcICQoLDA0ODw==\","
#define IV "\"iv\":\"EBESExQVFhcYGRob\","
#define KIND "\"cipher\":\"AES-GCM\",\"kdf\":\"PBKDF2\","
#define TEXT "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}"

struct file_row {
	const char *name;
	const char *text;
	const char *message; /* a part of it */
};

static const struct file_row malformed_rows[] = {
    {"empty", "", "not a JSON file"},
    {"not JSON", "hello", "not a JSON file"},
    {"another type", "{\"type\":\"x\",\"version\":1,\"entries\":[]}", "\"type\""},
    {"no type", "{\"version\":1,\"entries\":[]}", "\"type\""},
    {"newer", "{\"type\":\"metadj-nexus-journal\",\"version\":2,\"entries\":[]}", "please update"},
    {"odd version", "{\"type\":\"metadj-nexus-journal\",\"version\":\"1\",\"entries\":[]}",
	"\"version\""},
    {"no version", "{\"type\":\"metadj-nexus-journal\",\"entries\":[]}", "\"version\""},
    {"no entries", HEAD "\"x\":1}", "no \"entries\""},
    {"entries no array", HEAD "\"entries\":{}}", "no \"entries\""},
    {"entries twice", HEAD "\"entries\":[],\"entries\":[]}", "two members"},
    {"odd encrypted",
	"{\"type\":\"metadj-nexus-journal\",\"version\":1,\"encrypted\":1,\"entries\":[]}",
	"neither true nor false"},
    {"cut off after an item", HEAD "\"entries\":[" GOOD, "item 1"},
    {"cut off in an item", HEAD "\"entries\":[" GOOD "," GOOD ",{\"id\":\"a", "item 3"},
    {"cut off after all", HEAD "\"entries\":[" GOOD "]", "not a JSON file"},
    {"something after it", HEAD "\"entries\":[" GOOD "]}x", "not a JSON file"},
    {"bare, cut off", "[" GOOD ",", "item 2"},
    {"bare, something after", "[" GOOD "]]", "item 1"},
    {"unknown cipher",
	SEALED_HEAD "\"cipher\":\"X\",\"kdf\":\"PBKDF2\",\"iterations\":1," SALT IV TEXT,
	"please update"},
    {"no iterations", SEALED_HEAD KIND SALT IV TEXT, "iterations"},
    {"zero iterations", SEALED_HEAD KIND "\"iterations\":0," SALT IV TEXT, "iterations"},
    {"many iterations", SEALED_HEAD KIND "\"iterations\":10000001," SALT IV TEXT, "iterations"},
    {"short salt", SEALED_HEAD KIND "\"iterations\":1,\"salt\":\"AAAA\"," IV TEXT, "salt"},
    {"no salt", SEALED_HEAD KIND "\"iterations\":1," IV TEXT, "salt"},
    {"short iv", SEALED_HEAD KIND "\"iterations\":1," SALT "\"iv\":\"AAAA\"," TEXT, "iv"},
    {"bad base64", SEALED_HEAD KIND "\"iterations\":1," SALT IV "\"ciphertext\":\"A A=\"}",
	"base64"},
    {"no tag", SEALED_HEAD KIND "\"iterations\":1," SALT IV "\"ciphertext\":\"AAAA\"}", "tag"},
};

static void what_is_no_export_is_refused_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(malformed_rows); i++) {
		const struct file_row *row = &malformed_rows[i];
		struct journal_fixture read = {0};
		struct call call;
		enum port_result result = import_view(view_text(row->text), "secret", &read, &call);

		if (result != PORT_MALFORMED || strstr(call.message, row->message) == NULL)
			fail_msg("%s: %d, %s", row->name, (int)result, call.message);
		assert_int_equal(read.count + read.dropped_count, 0);
	}
}

struct item_row {
	const char *name;
	const char *text;
	const char *reason; /* a part of it; NULL: the item is good */
};
#define REST "\"content\":\"c\",\"createdAt\":\"x\",\"updatedAt\":\"y\"}"
#define FULL "\"title\":\"t\"," REST

static const struct item_row item_rows[] = {
    {"lone surrogate", "{\"id\":\"a\",\"title\":\"\\uD800\"," REST, "surrogate"},
    {"lone surrogate, unknown", "{\"id\":\"a\",\"x\":[\"\\uDC00\"]," FULL, "surrogate"},
    {"zero", "{\"id\":\"a\",\"title\":\"\\u0000\"," REST, "U+0000"},
    {"zero, unknown", "{\"id\":\"a\",\"x\":{\"y\":\"\\u0000\"}," FULL, "U+0000"},
    {"same key", "{\"id\":\"a\",\"id\":\"a\"," FULL, "same name"},
    {"same key, escaped", "{\"id\":\"a\",\"\\u0069d\":\"b\"," FULL, "same name"},
    {"same key, unknown", "{\"id\":\"a\",\"x\":1,\"x\":1," FULL, "same name"},
    {"same key, deep", "{\"id\":\"a\",\"x\":{\"y\":1,\"y\":2}," FULL, "same name"},
    {"no id", "{" FULL, "no id"},
    {"no title", "{\"id\":\"a\"," REST, "no title"},
    {"number for a title", "{\"id\":\"a\",\"title\":7," REST, "title is not a text"},
    {"null for a title", "{\"id\":\"a\",\"title\":null," REST, "title is not a text"},
    {"empty id", "{\"id\":\"\"," FULL, "id is empty"},
    {"collection no text", "{\"id\":\"a\",\"collection\":1," FULL, "collection is not a text"},
    {"collection of nobody", "{\"id\":\"a\",\"collection\":\"../x\"," FULL, "collection"},
    {"not UTF-8", "{\"id\":\"a\",\"title\":\"\xFF\"," REST, "UTF-8"},
    {"not JSON", "{\"id\":\"a\",\"title\":tru," REST, "not valid JSON"},
    {"raw line end", "{\"id\":\"a\",\"title\":\"a\nb\"," REST, "not valid JSON"},
    {"no object", "[\"id\"]", "not an object"},
    {"null", "null", "not an object"},
    {"string", "\"id\"", "not an object"},
    {"escaped names", "{\"\\u0069d\":\"a\"," FULL, NULL},
    {"null for what is optional", "{\"id\":\"a\",\"deletedAt\":null,\"conflictOf\":\"\"," FULL,
	NULL},
    {"empty texts",
	"{\"id\":\"a\",\"title\":\"\",\"content\":\"\",\"createdAt\":\"\",\"updatedAt\":\"\"}",
	NULL},
};

/* A bad item between two good ones costs itself alone, in the file and in the bare array. */
static void one_bad_item_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(item_rows); i++) {
		const struct item_row *row = &item_rows[i / 2];
		struct journal_fixture read = {0};
		struct call call;
		char text[1024];
		size_t bad = row->reason != NULL;

		(void)snprintf(text, sizeof(text), "%s[" GOOD ",%s," GOOD "]%s",
		    i % 2 == 0 ? HEAD "\"entries\":" : "", row->text, i % 2 == 0 ? "}" : "");
		if (import_text(text, &read, &call) != PORT_OK)
			fail_msg("%s: %s", row->name, call.message);
		if (read.count != 3 - bad || read.dropped_count != bad)
			fail_msg("%s: %s", row->name, read.dropped[0].reason);
		if (bad && (strstr(read.dropped[0].reason, row->reason) == NULL ||
			       strcmp(read.dropped[0].where, "item 2") != 0))
			fail_msg("%s: %s", row->name, read.dropped[0].reason);
		fixture_clear(&read);
	}
}

/* An item with len bytes in the named member, and `extras` unknown members. */
static void put_large(struct buffer *out, const char *member, size_t len, unsigned extras)
{
	static const char *const names[] = {"id", "title", "content", "createdAt", "updatedAt"};

	buffer_add_byte(out, '{');
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		buffer_addf(out, "%s\"%s\":\"", i == 0 ? "" : ",", names[i]);
		for (size_t k = 0; k < (strcmp(names[i], member) == 0 ? len : 1); k++)
			buffer_add_byte(out, 'a');
		buffer_add_byte(out, '"');
	}
	for (unsigned i = 0; i < extras; i++)
		buffer_addf(out, ",\"x%u\":1", i);
	if (strcmp(member, "unknown") == 0) {
		buffer_add_text(out, ",\"unknown\":\"");
		for (size_t k = 0; k < len; k++)
			buffer_add_byte(out, 'a');
		buffer_add_byte(out, '"');
	}
	buffer_add_byte(out, '}');
}

struct large_row {
	const char *member;
	size_t len;
	unsigned extras;
	const char *reason;
};
static const struct large_row large_rows[] = {
    {"id", ENTRY_ID_MAX, 0, NULL},
    {"id", ENTRY_ID_MAX + 1, 0, "id is longer"},
    {"title", TITLE_MAX, 0, NULL},
    {"title", TITLE_MAX + 1, 0, "title is longer"},
    {"content", CONTENT_MAX, 0, NULL},
    {"content", CONTENT_MAX + 1, 0, "content is longer"},
    {"createdAt", TIME_TEXT_MAX + 1, 0, "createdAt is longer"},
    {"content", 64u << 20, 0, "larger than 32 MiB"},
    {"unknown", 4u << 20, 0, NULL},
    {"unknown", 5u << 20, 0, "larger than 5 MiB"},
    {"unknown", 11u << 20, 0, "larger than 5 MiB"},
    {"", 0, EXTRA_COUNT_MAX, NULL},
    {"", 0, EXTRA_COUNT_MAX + 1, "more than 64"},
};

static void maxima_spoil_one_item(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(large_rows); i++) {
		const struct large_row *row = &large_rows[i];
		struct journal_fixture read = {0};
		struct buffer file;
		struct call call;
		size_t bad = row->reason != NULL;

		buffer_init(&file, 128u << 20);
		buffer_add_text(&file, "[" GOOD ",");
		put_large(&file, row->member, row->len, row->extras);
		buffer_add_text(&file, "," GOOD "]");
		assert_int_equal(import_view(buffer_view(&file), NULL, &read, &call), PORT_OK);
		if (read.count != 3 - bad || read.dropped_count != bad ||
		    (bad && strstr(read.dropped[0].reason, row->reason) == NULL))
			fail_msg("%s of %zu, %u: %s", row->member, row->len, row->extras,
			    read.dropped[0].reason);
		buffer_clear(&file);
		fixture_clear(&read);
	}
}

/* It is derived: whatever it says, and however its name is spelt, the item is the same entry. */
static void a_content_hash_is_read_over(void **state)
{
	static const char *const members[] = {"\"contentHash\":\"0123\"", "\"contentHash\":\"\"",
	    "\"contentHash\":null", "\"contentHash\":7", "\"contentHash\":{\"a\":[\"b\"]}",
	    "\"content\\u0048ash\":\"0123\""};
	struct journal_fixture bare = {0};
	struct call call;

	(void)state;
	assert_int_equal(import_text("[" GOOD "]", &bare, &call), PORT_OK);
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		struct journal_fixture read = {0};
		struct bytes file = {0};
		char text[256];

		(void)snprintf(
		    text, sizeof(text), "[%.*s,%s}]", (int)strlen(GOOD) - 1, GOOD, members[i]);
		assert_int_equal(import_text(text, &read, &call), PORT_OK);
		if (read.dropped_count > 0)
			fail_msg("%s: %s", members[i], read.dropped[0].reason);
		fixture_equal(&bare, &read);
		export_to(&read, NULL, &file);
		assert_null(strstr((char *)file.data, "contentHash"));
		bytes_clear(&file);
		fixture_clear(&read);
	}
	fixture_clear(&bare);
}

static void unknown_members_keep_their_source(void **state)
{
	static const char text[] =
	    "\xEF\xBB\xBF [ {\"mood\" : 1e3, \"id\":\"a\", "
	    "\"n\":12345678901234567890,\"title\":\"t\","
	    "\"tags\": [ \"\\u00e9 x\" , { } ],\"content\":\"c\",\"createdAt\":\"x\","
	    "\"updatedAt\":\"y\",\"deletedAt\":\"z\",\"collection\":\"drafts\","
	    "\"contentHash\":\"h\",\"conflictOf\":\"o\"} ] ";
	static const char expected[] = "\"collection\": \"drafts\",\n      \"deletedAt\": \"z\",\n"
				       "      \"conflictOf\": \"o\",\n"
				       "      \"mood\": 1e3,\n      \"n\": 12345678901234567890,\n"
				       "      \"tags\": [\"\\u00e9 x\",{}]\n    }\n  ]\n}";
	struct journal_fixture read = {0};
	struct journal_fixture again = {0};
	struct bytes file = {0};
	struct entry entry;
	struct call call;

	(void)state;
	assert_int_equal(import_text(text, &read, &call), PORT_OK);
	assert_int_equal(read.count, 1);
	fixture_get(&read, 0, &entry);
	assert_text(entry.collection, "drafts");
	assert_text(entry.deleted_at, "z");
	assert_text(entry.conflict_of, "o");
	assert_int_equal(entry.extra_count, 3);
	export_to(&read, NULL, &file);
	assert_non_null(strstr((char *)file.data, expected));
	assert_int_equal(import_view(view_bytes(&file), NULL, &again, &call), PORT_OK);
	fixture_equal(&read, &again);
	bytes_clear(&file);
	fixture_clear(&read);
	fixture_clear(&again);
}

static void an_empty_journal_is_as_javascript_writes_it(void **state)
{
	static const char expected[] =
	    "{\n  \"type\": \"metadj-nexus-journal\",\n  \"version\": 1,\n"
	    "  \"createdAt\": \"2026-02-03T04:05:06.789Z\",\n  \"encrypted\": false,\n"
	    "  \"entries\": []\n}";
	struct journal_fixture journal = {0};
	struct bytes file = {0};

	(void)state;
	export_to(&journal, NULL, &file);
	assert_string_equal((char *)file.data, expected);
	bytes_clear(&file);
}

static bool stop_writing(void *self, struct view bytes)
{
	(void)self;
	(void)bytes;
	return false;
}

static bool fail_reading(void *self, struct entry *out, bool *failed_out)
{
	(void)self;
	(void)out;
	*failed_out = true;
	return false;
}

static void callbacks_can_stop(void **state)
{
	struct journal_fixture journal = {0};
	struct port_source source;
	struct port_source failing = {NULL, fail_reading};
	struct buffer buffer;
	struct call call;
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);

	(void)state;
	call_init(&call, 0);
	journal.stop_after = 1;
	assert_int_equal(import_text("[" GOOD "," GOOD "]", &journal, &call), PORT_STOPPED);
	assert_int_equal(journal.count, 1);
	source = fixture_source(&journal);
	assert_int_equal(
	    metadj_export(&source, NULL, "x", &random, stop_writing, NULL, &call), PORT_STOPPED);
	buffer_init(&buffer, 4096);
	assert_int_equal(
	    metadj_export(&failing, NULL, "x", &random, add_bytes, &buffer, &call), PORT_STOPPED);
	assert_int_equal(
	    metadj_export(&source, " ", "x", &random, add_bytes, &buffer, &call), PORT_PASSPHRASE);
	buffer_clear(&buffer);
	fixture_clear(&journal);
}

/* ---- A whole journal ---- */

/* Uncompresses the real journal. False: it is not there. */
static bool read_real_journal(struct bytes *out)
{
	const char *folder = getenv("INKSEAL_TEST_DATA");
	char path[1024];
	struct bytes packed = {0};
	unsigned long long len;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/pepys.json.zst",
	    folder == NULL ? INKSEAL_SOURCE_DIR "/../shared/data" : folder);
	file = fopen(path, "rb");
	if (file == NULL)
		return false;
	(void)fclose(file);
	fixture_read(path, &packed);
	len = ZSTD_getFrameContentSize(packed.data, packed.len);
	assert_true(len > 0 && len < 64u << 20);
	assert_true(bytes_new((size_t)len, out));
	assert_int_equal(ZSTD_decompress(out->data, out->len, packed.data, packed.len), len);
	bytes_clear(&packed);
	return true;
}

static void make_journal(struct journal_fixture *journal)
{
	for (unsigned i = 0; i < 3411; i++) {
		struct entry entry = fixture_entry("", "", "");
		char id[37], title[32], content[2048];
		size_t len = 0;

		(void)snprintf(id, sizeof(id), "%08x-0000-4000-8000-%012x", i * 2654435761u, i);
		(void)snprintf(title, sizeof(title), "Day %u \xE2\x80\x94 \"so\"", i);
		while (len < i % 1900)
			len += (size_t)snprintf(content + len, sizeof(content) - len,
			    "word %zu\n\xC3\xA9\\", len * i % 7919);
		entry.id = view_text(id);
		entry.title = view_text(title);
		entry.content = view_of(content, len);
		fixture_add(journal, &entry);
	}
}

static void there_and_back(struct journal_fixture *journal, const char *passphrase)
{
	struct journal_fixture again = {0};
	struct bytes file = {0};
	struct call call;

	export_to(journal, passphrase, &file);
	assert_int_equal(import_view(view_bytes(&file), passphrase, &again, &call), PORT_OK);
	assert_int_equal(again.dropped_count, 0);
	fixture_equal(journal, &again);
	bytes_clear(&file);
	fixture_clear(&again);
}

static void a_whole_journal_goes_there_and_back(void **state)
{
	struct journal_fixture journal = {0};
	struct bytes file = {0};
	struct call call;

	(void)state;
	if (read_real_journal(&file)) {
		assert_int_equal(import_view(view_bytes(&file), NULL, &journal, &call), PORT_OK);
		assert_int_equal(journal.dropped_count, 0);
	} else {
		print_message("not here: the real journal (pepys.json.zst in INKSEAL_TEST_DATA): "
			      "a generated one stands in for it\n");
		make_journal(&journal);
	}
	assert_int_equal(journal.count, 3411);
	there_and_back(&journal, NULL);
	there_and_back(&journal, "a passphrase");
	bytes_clear(&file);
	fixture_clear(&journal);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(plain_is_as_node_writes_it),
    cmocka_unit_test(encrypted_is_as_node_writes_it),
    cmocka_unit_test(wrong_passphrase_is_said),
    cmocka_unit_test(damaged_encrypted_file_is_refused),
    cmocka_unit_test(what_is_no_export_is_refused_whole),
    cmocka_unit_test(one_bad_item_is_dropped),
    cmocka_unit_test(maxima_spoil_one_item),
    cmocka_unit_test(a_content_hash_is_read_over),
    cmocka_unit_test(unknown_members_keep_their_source),
    cmocka_unit_test(an_empty_journal_is_as_javascript_writes_it),
    cmocka_unit_test(callbacks_can_stop),
    cmocka_unit_test(a_whole_journal_goes_there_and_back),
};
TEST_MAIN(tests)
