/*
 * tests/cli/port/markdown_test.c: folders of Markdown files: what other programs leave in them,
 * what we write, and that the way there and back changes nothing.
 */
#include "tests/cli/port/port_fixture.h"

#include "cli/port/front_matter.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMES "createdAt: 2021-01-01T05:00:00Z\nupdatedAt: 2021-01-02T05:00:00Z\n"

static void put_file(const char *folder, const char *name, const char *text)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fixture_write(path, view_text(text));
}

static void import_folder(const char *folder, struct journal_fixture *out)
{
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);
	struct clock clock = fixture_clock();
	struct port_sink sink = fixture_sink(out);
	struct call call;

	call_init(&call, 0);
	assert_int_equal(markdown_import(folder, &random, &clock, &sink, &call), PORT_OK);
}

static void export_folder(struct journal_fixture *journal, const char *folder)
{
	struct port_source source = fixture_source(journal);
	struct call call;
	uint64_t written = 0;
	enum port_result result;

	call_init(&call, 0);
	result = markdown_export(&source, folder, &call, &written);
	if (result != PORT_OK)
		fail_msg("%s", call.message);
	assert_int_equal(written, journal->count);
}

/* Imports one file of that text. */
static void import_one(const char *text, struct journal_fixture *out)
{
	char *folder = fixture_folder();

	put_file(folder, "a note.md", text);
	import_folder(folder, out);
	fixture_folder_remove(folder);
}

/* Both in the order of their ids: a folder's order is that of its names. */
static int compare_entries(const void *left, const void *right)
{
	struct entry a, b;

	assert_int_equal(entry_decode(view_bytes(left), &a), FORMAT_OK);
	assert_int_equal(entry_decode(view_bytes(right), &b), FORMAT_OK);
	return view_compare(a.id, b.id);
}

static void there_and_back(struct journal_fixture *journal)
{
	char *folder = fixture_folder();
	struct journal_fixture again = {0};

	export_folder(journal, folder);
	import_folder(folder, &again);
	if (again.dropped_count > 0)
		fail_msg("%s: %s", again.dropped[0].where, again.dropped[0].reason);
	qsort(journal->entries, journal->count, sizeof(journal->entries[0]), compare_entries);
	if (again.count > 0)
		qsort(again.entries, again.count, sizeof(again.entries[0]), compare_entries);
	fixture_equal(journal, &again);
	fixture_clear(&again);
	fixture_folder_remove(folder);
}

static void hostile_texts_go_there_and_back(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n\nleading lines", "no end", "an end\n",
	    "two ends\n\n", "crlf\r\nmore\r\n", "\r\n\r\ncrlf first", "---\n",
	    "---\nid: x\n---\n\nb", "\n---\ntext\n---\n", "\xEF\xBB\xBForder mark",
	    "tab\t \x01\x1b\x7f", "# heading", "true", "null", "~", "12", "1e3", "yes", "- a",
	    "a: b", "a #b", "a:", " spaces ", "'q'", "\"q\"", "\\", "[x]", "{x}", "*x", "&x", "!x",
	    "%x", "@x", "`x", "|", ">", "?", "<<", "=", "2021-01-01", "\xC2\x80\xC2\x85\xC2\xA0",
	    "\xE2\x80\xA8\xE2\x80\xA9", "\xF0\x9F\x98\x80", "\xC3\x9Cmlaut", "line\nline",
	    "\xEF\xBF\xBF\xEF\xBF\xBE", "...", "a\r"};
	struct journal_fixture journal = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct entry entry = fixture_entry(texts[i], texts[i], texts[i]);
		char id[64];

		/* As a title, a text and a time; as an id too, where an id may be that. */
		(void)snprintf(id, sizeof(id), "%zu %.40s", i, texts[i]);
		entry.id = view_text(i % 2 == 0 ? id : id + strlen(id) - strlen(texts[i]));
		if (entry.id.len == 0 || strlen(texts[i]) > 40)
			entry.id = view_text(id);
		entry.created_at = view_text(texts[i]);
		entry.conflict_of = view_text(id);
		fixture_add(&journal, &entry);
	}
	there_and_back(&journal);
	fixture_clear(&journal);
}

static void members_go_there_and_back(void **state)
{
	static const char *const sources[] = {"1", "1e3", "-0", "12345678901234567890", "true",
	    "null", "\"\"", "\"text\"", "\"12\"", "\"null\"", "\"\\u00e9\"", "\"\xC3\xA9\"",
	    "\"a\\/b\"", "\"a/b\"", "[]", "{}", "[1,2,[3,{\"a\":null}]]",
	    "{\"b\":1,\"a\":[\"x\",\"1\"]}", "{\"\\u0061\":1}", "\"\\ud83d\\ude00\"",
	    "\"\xF0\x9F\x98\x80\"", "\"\\n\"", "\"\\u000a\"",
	    "[\"\xE2\x80\xA8\",\"\\\"\",\"\\\\\"]", "{\"\":{\"\":[[]]}}", "\"# no : comment\"",
	    "[-1.5E+3,false]", "\"\\u0001\\u007f\x7f\"", "[\"\xC2\x85\",\"a: b\",\"- c\"]"};
	struct journal_fixture journal = {0};
	struct entry entry = fixture_entry("0d8c1c64-6b7e-4f0a-9a53-0f6f0a3f2b11", "t", "c");
	char names[COUNT_OF(sources)][8];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sources); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%zu", i);
		entry.extra[i] = (struct entry_extra){view_text(names[i]), view_text(sources[i])};
	}
	entry.extra_count = COUNT_OF(sources);
	entry.collection = view_text("drafts");
	entry.deleted_at = view_text("2026-01-05T10:00:00.000Z");
	entry.conflict_of = view_text("x");
	fixture_add(&journal, &entry);
	there_and_back(&journal);
	fixture_clear(&journal);
}

/* It is derived: whatever it says, the note is the same entry. */
static void a_content_hash_is_read_over(void **state)
{
	static const char *const lines[] = {"contentHash: 0123\n", "contentHash:\n",
	    "contentHash: [a, b]\n", "\"content\\x48ash\": x\n"};
	struct journal_fixture bare = {0};

	(void)state;
	import_one("---\nid: a\n" TIMES "---\n\ntext", &bare);
	assert_int_equal(bare.count, 1);
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct journal_fixture read = {0};
		char text[256];

		(void)snprintf(text, sizeof(text), "---\nid: a\n" TIMES "%s---\n\ntext", lines[i]);
		import_one(text, &read);
		if (read.dropped_count > 0)
			fail_msg("%s: %s", lines[i], read.dropped[0].reason);
		fixture_equal(&bare, &read);
		fixture_clear(&read);
	}
	fixture_clear(&bare);
}

/* Names that YAML would take for something else, or that are too long for a simple key. */
static void names_go_there_and_back(void **state)
{
	static const char *const names[] = {"date", "created", "updated", "", " ", "<<", "true",
	    "1", "a: b", "a\nb", "- x", "? x", "#", "\xE2\x80\xA8", "tags", "\xC3\xA9t\xC3\xA9",
	    "\"", "~"};
	struct journal_fixture journal = {0};
	struct entry entry = fixture_entry("i", "t", "c");
	char control[256]; /* the longest, each character of four in YAML */
	char longest[256];
	char nested[sizeof(longest) + 64];

	(void)state;
	memset(control, 1, sizeof(control));
	for (size_t i = 0; i < COUNT_OF(names); i++)
		entry.extra[i] = (struct entry_extra){view_text(names[i]), view_text("\"v\"")};
	entry.extra[COUNT_OF(names)] =
	    (struct entry_extra){view_of(control, sizeof(control)), view_text("[1]")};
	memset(longest, 'k', sizeof(longest));
	(void)snprintf(nested, sizeof(nested), "{\"%.250s%s\":1}", longest, "more than 256");
	entry.extra[COUNT_OF(names) + 1] =
	    (struct entry_extra){view_text("nested"), view_text(nested)};
	entry.extra_count = COUNT_OF(names) + 2;
	fixture_add(&journal, &entry);
	there_and_back(&journal);
	fixture_clear(&journal);
}

static void large_members_go_there_and_back_or_are_refused(void **state)
{
	struct journal_fixture journal = {0};
	struct entry entry = fixture_entry("i", "t", "c");
	struct buffer json;
	char *folder = fixture_folder();
	struct port_source source;
	struct call call;
	uint64_t written = 0;

	(void)state;
	buffer_init(&json, ENTRY_MAX);
	buffer_add_byte(&json, '[');
	while (json.len < FRONT_MATTER_MAX / 2)
		buffer_add_text(&json, "{\"name\":\"v\"},");
	buffer_add_text(&json, "0]");
	entry.extra[0] = (struct entry_extra){view_text("queue"), buffer_view(&json)};
	entry.extra_count = 1;
	fixture_add(&journal, &entry);
	there_and_back(&journal);
	fixture_clear(&journal);
	json.len -= 2;
	while (json.len < FRONT_MATTER_MAX)
		buffer_add_text(&json, "{\"name\":\"v\"},");
	buffer_add_text(&json, "0]");
	entry.extra[0].json = buffer_view(&json);
	fixture_add(&journal, &entry);
	source = fixture_source(&journal);
	call_init(&call, 0);
	assert_int_equal(markdown_export(&source, folder, &call, &written), PORT_TOO_LARGE);
	assert_int_equal(written, 0);
	buffer_clear(&json);
	fixture_clear(&journal);
	fixture_folder_remove(folder);
}

/* A note tool's file: front matter, a blank line, the text and its line end. */
static void notes_come_out_byte_for_byte(void **state)
{
	static const char *const files[] = {
	    "---\nid: 5f1b7a52-3c44-4a39-8f6e-2d1c0b9a8e7f\ntitle: House of the an' didn't\n" TIMES
	    "---\n\nThe first line. Another one?\n\nMore of it.\n",
	    "---\nid: 01234567-89ab-4cde-8f01-23456789abcd\ntitle: True no\n" TIMES "---\n\nx\n"};
	char *from = fixture_folder();
	char *to = fixture_folder();
	struct journal_fixture journal = {0};
	static const char *const paths[] = {"2021/2021-01-01-house-of-the-an-didn-t-5f1b7a52.md",
	    "2021/2021-01-01-true-no-01234567.md"};

	(void)state;
	put_file(from, "2021/a.md", files[0]);
	put_file(from, "2021/b.md", files[1]);
	import_folder(from, &journal);
	assert_int_equal(journal.dropped_count, 0);
	assert_int_equal(journal.count, 2);
	export_folder(&journal, to);
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		struct bytes file = {0};
		char path[1024];

		(void)snprintf(path, sizeof(path), "%s/%s", to, paths[i]);
		fixture_read(path, &file);
		assert_text(view_bytes(&file), files[i]);
		bytes_clear(&file);
	}
	fixture_clear(&journal);
	fixture_folder_remove(from);
	fixture_folder_remove(to);
}

static void what_is_missing_is_found_elsewhere(void **state)
{
	struct journal_fixture read = {0};
	struct entry entry;

	(void)state;
	import_one("some text\n## The heading ##\n# Another\n", &read);
	fixture_get(&read, 0, &entry);
	assert_text(entry.id, "00010203-0405-4607-8809-0a0b0c0d0e0f");
	assert_text(entry.title, "The heading");
	assert_text(entry.content, "some text\n## The heading ##\n# Another\n");
	assert_text(entry.collection, "journal");
	assert_int_equal(entry.created_at.len, 24);
	assert_true(view_equal(entry.created_at, entry.updated_at));
	fixture_clear(&read);

	import_one(
	    "\xEF\xBB\xBF---\r\ntitle:\r\nid: ~\r\ndate: 2020-05-06\r\n---\r\n\r\n#no heading\r\n",
	    &read);
	fixture_get(&read, 0, &entry);
	assert_text(entry.title, "a note");
	assert_text(entry.created_at, "2020-05-06");
	assert_text(entry.content, "#no heading\r\n");
	assert_int_equal(entry.extra_count, 0);
	fixture_clear(&read);

	/* A rule in a text is no front matter. */
	import_one("---\njust a rule", &read);
	fixture_get(&read, 0, &entry);
	assert_text(entry.content, "---\njust a rule");
	fixture_clear(&read);
	import_one("", &read);
	assert_int_equal(read.count, 1);
	fixture_clear(&read);
}

static void other_keys_are_kept_as_json(void **state)
{
	static const char text[] = "---\nid: 7\ntitle: 1984\n" TIMES "created: 1999-01-01\n"
				   "tags: [a, \"b\", 3, yes, 0x10, 01]\nmood:\n  score: 1e3\n"
				   "  words:\n    - 'one'\n    - |\n      two\n      lines\n"
				   "empty:\nnothing: {}\nforced: !!str 12\n---\nbody";
	static const struct {
		const char *name;
		const char *json;
	} expected[] = {{"mood", "{\"score\":1e3,\"words\":[\"one\",\"two\\nlines\\n\"]}"},
	    {"tags", "[\"a\",\"b\",3,\"yes\",\"0x10\",\"01\"]"}, {"empty", "null"},
	    {"nothing", "{}"}, {"forced", "\"12\""}, {"created", "\"1999-01-01\""}};
	struct journal_fixture read = {0};
	struct entry entry;

	(void)state;
	import_one(text, &read);
	assert_int_equal(read.dropped_count, 0);
	fixture_get(&read, 0, &entry);
	assert_text(entry.id, "7");
	assert_text(entry.title, "1984");
	assert_text(entry.created_at, "2021-01-01T05:00:00Z");
	assert_text(entry.content, "body");
	assert_int_equal(entry.extra_count, COUNT_OF(expected));
	for (size_t i = 0; i < COUNT_OF(expected); i++) {
		bool found = false;

		for (size_t k = 0; k < entry.extra_count; k++)
			if (view_equal(entry.extra[k].name, view_text(expected[i].name))) {
				assert_text(entry.extra[k].json, expected[i].json);
				found = true;
			}
		assert_true(found);
	}
	there_and_back(&read);
	fixture_clear(&read);
}

struct bad_row {
	const char *text;
	const char *reason; /* a part of it */
};
static const struct bad_row bad_rows[] = {
    {"---\na: [1\n---\n", "front matter, line"},
    {"---\na: b: c\n---\n", "line 2"},
    {"---\njust text\n---\n", "not a list"},
    {"---\n- a\n---\n", "not a list"},
    {"---\na: &x 1\nb: *x\n---\n", "alias"},
    {"---\na: [*x]\n---\n", "line 2"},
    {"---\na: 1\na: 2\n---\n", "twice"},
    {"---\na: {b: 1, b: 2}\n---\n", "same name"},
    {"---\na: \"\\0\"\n---\n", "U+0000"},
    {"---\n\"\\0\": a\n---\n", "U+0000"},
    {"---\n? [a]\n: 1\n---\n", "not a text"},
    {"---\na: {? [a] : 1}\n---\n", "not a text"},
    {"---\na: !!binary x\n---\n", "tag"},
    {"---\na: !json '[1,'\n---\n", "!json"},
    {"---\na: 1\n--- b: 2\n---\n", "more than one document"},
    {"---\nid: [1]\n---\n", "key id"},
    {"---\ncontent: x\n---\n", "key content"},
    {"---\nid: \"\"\n---\n", "id is empty"},
    {"---\ncollection: ../up\n---\n", "collection"},
    {"not UTF-8 \xFF", "UTF-8"},
    {"---\na: \"\xFF\"\n---\n", "front matter"},
};

/* One bad file among good ones costs itself alone. */
static void one_bad_file_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
		struct journal_fixture read = {0};
		char *folder = fixture_folder();

		put_file(folder, "a.md", "good");
		put_file(folder, "sub/b.md", bad_rows[i].text);
		put_file(folder, "z.md", "good");
		import_folder(folder, &read);
		if (read.count != 2 || read.dropped_count != 1 ||
		    strcmp(read.dropped[0].where, "sub/b.md") != 0 ||
		    strstr(read.dropped[0].reason, bad_rows[i].reason) == NULL)
			fail_msg("%s: %s", bad_rows[i].text, read.dropped[0].reason);
		fixture_clear(&read);
		fixture_folder_remove(folder);
	}
}

static void front_matter_is_bounded(void **state)
{
	struct journal_fixture read = {0};
	struct buffer text;
	char *folder = fixture_folder();
	char path[1024];
	size_t len;

	(void)state;
	buffer_init(&text, 16u << 20);
	buffer_add_text(&text, "---\na: ");
	for (int i = 0; i < 2000; i++)
		buffer_add_byte(&text, '[');
	buffer_add_text(&text, "\n---\n");
	(void)snprintf(path, sizeof(path), "%s/1-deep.md", folder);
	fixture_write(path, buffer_view(&text));
	text.len = 0;
	buffer_add_text(&text, "---\n");
	for (len = 0; len <= FRONT_MATTER_MAX; len += 8)
		buffer_add_text(&text, "# cmmnt\n");
	buffer_add_text(&text, "---\n");
	(void)snprintf(path, sizeof(path), "%s/2-large.md", folder);
	fixture_write(path, buffer_view(&text));
	text.len = 0;
	buffer_add_text(&text, "---\n");
	for (int i = 0; i < 65; i++)
		buffer_addf(&text, "k%d: 1\n", i);
	buffer_add_text(&text, "---\n");
	(void)snprintf(path, sizeof(path), "%s/3-many.md", folder);
	fixture_write(path, buffer_view(&text));
	text.len = 0;
	memset(buffer_extend(&text, CONTENT_MAX + 1), 'x', CONTENT_MAX + 1);
	(void)snprintf(path, sizeof(path), "%s/4-text.md", folder);
	fixture_write(path, buffer_view(&text));
	memset(buffer_extend(&text, CONTENT_MAX + 1), 'x', CONTENT_MAX + 1);
	(void)snprintf(path, sizeof(path), "%s/5-file.md", folder);
	fixture_write(path, buffer_view(&text));
	import_folder(folder, &read);
	assert_int_equal(read.count, 0);
	assert_int_equal(read.dropped_count, 5);
	assert_non_null(strstr(read.dropped[0].reason, "nested too deeply"));
	assert_non_null(strstr(read.dropped[1].reason, "larger than 1024 KiB"));
	assert_non_null(strstr(read.dropped[2].reason, "more than 64"));
	assert_non_null(strstr(read.dropped[3].reason, "larger than 4 MiB"));
	assert_non_null(strstr(read.dropped[4].reason, "cannot be read"));
	buffer_clear(&text);
	fixture_clear(&read);
	fixture_folder_remove(folder);
}

static void folders_are_read_in_order_and_without_links(void **state)
{
	static const char *const titles[] = {"B", "a", "deep", "z"};
	struct journal_fixture read = {0};
	char *folder = fixture_folder();
	char *outside = fixture_folder();
	char path[1024];

	(void)state;
	put_file(folder, "z.MD", "# z");
	put_file(folder, "B.md", "# B");
	put_file(folder, "a.md", "# a");
	put_file(folder, "c/d/deep.md", "# deep");
	put_file(folder, "c/other.txt", "# other");
	put_file(folder, ".hidden/x.md", "# hidden");
	put_file(folder, ".x.md", "# hidden");
	put_file(outside, "secret.md", "# secret");
	(void)snprintf(path, sizeof(path), "%s/link", folder);
	assert_int_equal(symlink(outside, path), 0);
	(void)snprintf(path, sizeof(path), "%s/link.md", folder);
	assert_int_equal(symlink("a.md", path), 0);
	(void)snprintf(path, sizeof(path), "%s/pipe.md", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	import_folder(folder, &read);
	assert_int_equal(read.dropped_count, 0);
	assert_int_equal(read.count, COUNT_OF(titles));
	for (size_t i = 0; i < COUNT_OF(titles); i++) {
		struct entry entry;

		fixture_get(&read, i, &entry);
		assert_text(entry.title, titles[i]);
	}
	fixture_clear(&read);
	fixture_folder_remove(folder);
	fixture_folder_remove(outside);
}

static void folders_are_read_to_a_depth(void **state)
{
	struct journal_fixture read = {0};
	char *folder = fixture_folder();
	char path[512] = "";

	(void)state;
	for (int depth = 2; depth <= 33; depth++)
		(void)strncat(path, "d/", 3);
	(void)strncat(path, "x.md", 5);
	put_file(folder, path, "too deep");
	put_file(folder, path + 2, "deep enough");
	import_folder(folder, &read);
	assert_int_equal(read.count, 1);
	assert_int_equal(read.dropped_count, 1);
	assert_non_null(strstr(read.dropped[0].reason, "32 levels"));
	fixture_clear(&read);
	fixture_folder_remove(folder);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);
	struct clock clock = fixture_clock();
	struct journal_fixture read = {0};
	struct port_sink sink = fixture_sink(&read);
	struct port_source source = fixture_source(&read);
	struct call call;
	uint64_t written = 7;

	(void)state;
	call_init(&call, 0);
	assert_int_equal(markdown_import("/nonexistent/x", &random, &clock, &sink, &call), PORT_IO);
	assert_true(call.message[0] != '\0');
	assert_int_equal(markdown_export(&source, "/nonexistent/x", &call, &written), PORT_IO);
	assert_int_equal(written, 7);
}

/* A file's time that lies in the future would win over every edit: it counts as now. */
static void times_in_the_future_count_as_now(void **state)
{
	static const struct timespec times[2] = {{4102444800, 0}, {4102444800, 0}};
	struct journal_fixture read = {0};
	char *folder = fixture_folder();
	struct entry entry;
	int fd;

	(void)state;
	put_file(folder, "a.md", "x");
	fd = open(folder, O_RDONLY);
	assert_int_equal(utimensat(fd, "a.md", times, 0), 0);
	(void)close(fd);
	import_folder(folder, &read);
	fixture_get(&read, 0, &entry);
	assert_text(entry.updated_at, "2030-01-01T00:00:00.000Z");
	fixture_clear(&read);
	fixture_folder_remove(folder);
}

/* Ids and titles that are equal where the name shows them must not overwrite each other. */
static void names_never_meet(void **state)
{
	static const char *const ids[] = {"entry-00001", "entry-00002", "ENTRY-00003",
	    "entry_00004", "../../../x", "..", "/", "\xC3\xA9", "con"};
	struct journal_fixture journal = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct entry entry = fixture_entry(ids[i], "../../Same title", "text");

		fixture_add(&journal, &entry);
	}
	there_and_back(&journal);
	fixture_clear(&journal);
}

static bool is_safe(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-+.") == strlen(name) &&
	       strlen(name) < 120;
}

static void names_are_safe_everywhere(void **state)
{
	static const char *const titles[] = {"", "con", "A/B\\C:*?\"<>|",
	    "\xE6\x97\xA5\xE8\xA8\x98",
	    "a very long title that goes on and on and on and on and on and on and on"};
	static const char *const times[] = {"2026-01-01T10:00:00.000Z", "-000044-03-15T00:00:00Z",
	    "+012026-01-01T00:00:00Z", "nonsense", "../.."};
	struct journal_fixture journal = {0};
	char *folder = fixture_folder();
	size_t files = 0;
	DIR *years;
	struct dirent *item;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(titles); i++) {
		char id[8];
		struct entry entry;

		(void)snprintf(id, sizeof(id), "id%zu", i);
		entry = fixture_entry(id, titles[i], "text");
		entry.created_at = view_text(times[i]);
		if (i == 1)
			entry.collection = view_text("con");
		fixture_add(&journal, &entry);
	}
	export_folder(&journal, folder);
	years = opendir(folder);
	assert_non_null(years);
	while ((item = readdir(years)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		assert_true(is_safe(item->d_name));
		assert_string_not_equal(item->d_name, "con");
		files++;
	}
	assert_int_equal(closedir(years), 0);
	assert_int_equal(files, 4); /* 2026, con-, +012026, 1970 */
	fixture_clear(&journal);
	fixture_folder_remove(folder);
}

/* A link that waits in the folder leads nothing of ours outside. */
static void links_are_not_followed_when_writing(void **state)
{
	struct journal_fixture journal = {0};
	struct entry entry = fixture_entry("id", "t", "text");
	char *folder = fixture_folder();
	char *outside = fixture_folder();
	char path[1024], target[1024];
	struct port_source source;
	struct stat status;
	struct call call;
	uint64_t written = 0;

	(void)state;
	fixture_add(&journal, &entry);
	(void)snprintf(path, sizeof(path), "%s/2026", folder);
	assert_int_equal(symlink(outside, path), 0);
	source = fixture_source(&journal);
	call_init(&call, 0);
	assert_int_equal(markdown_export(&source, folder, &call, &written), PORT_IO);
	assert_int_equal(rmdir(outside), 0); /* it is empty */
	assert_int_equal(unlink(path), 0);
	/* A link where the file goes is replaced, not written through. */
	(void)snprintf(target, sizeof(target), "%s/other", folder);
	fixture_write(target, view_text("other"));
	(void)snprintf(path, sizeof(path), "%s/2026/2026-01-01-t-id.md", folder);
	fixture_write(path, view_text(""));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink(target, path), 0);
	export_folder(&journal, folder);
	assert_int_equal(lstat(path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(stat(target, &status), 0);
	assert_int_equal(status.st_size, 5);
	/* And a second export over the first changes nothing else. */
	export_folder(&journal, folder);
	free(outside);
	fixture_clear(&journal);
	fixture_folder_remove(folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hostile_texts_go_there_and_back),
    cmocka_unit_test(members_go_there_and_back),
    cmocka_unit_test(a_content_hash_is_read_over),
    cmocka_unit_test(names_go_there_and_back),
    cmocka_unit_test(large_members_go_there_and_back_or_are_refused),
    cmocka_unit_test(notes_come_out_byte_for_byte),
    cmocka_unit_test(what_is_missing_is_found_elsewhere),
    cmocka_unit_test(other_keys_are_kept_as_json),
    cmocka_unit_test(one_bad_file_is_dropped),
    cmocka_unit_test(front_matter_is_bounded),
    cmocka_unit_test(folders_are_read_in_order_and_without_links),
    cmocka_unit_test(folders_are_read_to_a_depth),
    cmocka_unit_test(a_folder_that_is_not_there_is_said),
    cmocka_unit_test(times_in_the_future_count_as_now),
    cmocka_unit_test(names_never_meet),
    cmocka_unit_test(names_are_safe_everywhere),
    cmocka_unit_test(links_are_not_followed_when_writing),
};
TEST_MAIN(tests)
