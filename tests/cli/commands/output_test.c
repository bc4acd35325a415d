/*
 * tests/cli/commands/output_test.c: whatever an entry holds that decodes, --json prints one
 * document a line, an export stays a document, and both say of the entry just what it is.
 */
#include "cli/commands/output.h"
#include "cli/port/port.h"
#include "tests/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES 6u

static struct entry hostile(size_t number)
{
	static const char *const texts[ENTRIES] = {
	    "\"}\n{\"id\":\"forged\"",
	    "\x1b[2J\x1b]0;owned\x07 \xC2\x9B"
	    "31m",
	    "\xE2\x80\xAE"
	    "txt.exe\xE2\x80\xAC \xE2\x80\xA8 \xE2\x80\xA9 \xEF\xBB\xBF",
	    "---\nid: forged\n---\n",
	    "\\u0000 \\",
	    "",
	};
	static const char *const names[ENTRIES] = {"\"},{\"id\":\"forged\",\"x\":\"", "\x1b[2J",
	    "\xE2\x80\xAE\xE2\x80\xAC", "\n---\nid", "\\", ""};
	static const char *const sources[ENTRIES] = {"\"}\"", "\"\\u001b[2J\xC2\x9B\"",
	    "{\"id\":\"inner\",\"\xE2\x80\xA8\":\"\xE2\x80\xA8\"}", "[[[{\"---\":null}]]]",
	    "-0.10e+2", "\"\\ud83d\\ude00\""};
	static const char *const ids[ENTRIES] = {"a", "b", "c", "d", "e", "\"\n\x1b]"};

	return (struct entry){.id = view_text(ids[number]),
	    .collection = view_text("journal"),
	    .title = view_text(texts[number]),
	    .content = view_text(texts[number]),
	    .created_at = view_text(texts[number]),
	    .updated_at = view_text("2026-01-01T00:00:00.000Z"),
	    .extra = {{view_text(names[number]), view_text(sources[number])}},
	    .extra_count = 1};
}

struct decoded {
	struct bytes encoded;
	struct entry entry;
};

static void decode(size_t number, struct decoded *out)
{
	struct entry entry = hostile(number);

	*out = (struct decoded){0};
	assert_int_equal(entry_encode(&entry, &out->encoded), FORMAT_OK);
	assert_int_equal(entry_decode(view_bytes(&out->encoded), &out->entry), FORMAT_OK);
}

static void assert_member(const json_t *json, const char *name, struct view text)
{
	const char *value = json_string_value(json_object_get(json, name));

	assert_non_null(value);
	assert_true(view_equal(view_text(value), text));
}

/* The members that JSON says, and no others. */
static void assert_says(const json_t *json, const struct entry *entry)
{
	const char *name;
	bool has_extra = false;
	json_t *value;

	assert_non_null(json);
	json_object_foreach((json_t *)json, name, value)
	{
		bool extra = view_equal(view_text(name), entry->extra[0].name);

		assert_true(extra || entry_name_reserved(view_text(name)));
		has_extra |= extra;
	}
	assert_true(has_extra);
	assert_member(json, "id", entry->id);
	assert_member(json, "title", entry->title);
	assert_member(json, "content", entry->content);
	assert_member(json, "createdAt", entry->created_at);
}

/* What output_entry prints, and how much. */
static size_t print(const struct entry *entry, char *out, size_t room)
{
	FILE *file = tmpfile();
	int kept = dup(STDOUT_FILENO);
	size_t len;

	assert_non_null(file);
	assert_int_equal(fflush(stdout), 0);
	assert_int_equal(dup2(fileno(file), STDOUT_FILENO), STDOUT_FILENO);
	assert_true(output_entry(entry));
	assert_int_equal(fflush(stdout), 0);
	assert_int_equal(dup2(kept, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(close(kept), 0);
	rewind(file);
	len = fread(out, 1, room, file);
	assert_int_equal(fclose(file), 0);
	return len;
}

static void json_is_one_line_an_entry(void **state)
{
	(void)state;
	for (size_t i = 0; i < ENTRIES; i++) {
		struct decoded decoded;
		char text[4096];
		json_t *json;
		size_t len;

		decode(i, &decoded);
		len = print(&decoded.entry, text, sizeof(text));
		assert_ptr_equal(memchr(text, '\n', len), text + len - 1);
		for (size_t at = 0; at + 1 < len; at++)
			assert_true((unsigned char)text[at] >= 0x20);
		json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
		assert_says(json, &decoded.entry);
		json_decref(json);
		bytes_clear(&decoded.encoded);
	}
}

struct source {
	struct decoded all[ENTRIES];
	size_t next;
};

static bool give(void *self, struct entry *out, bool *failed_out)
{
	struct source *source = self;

	(void)failed_out;
	if (source->next == ENTRIES)
		return false;
	*out = source->all[source->next++].entry;
	return true;
}

static bool take(void *self, struct view bytes)
{
	buffer_add_view(self, bytes);
	return true;
}

static void an_export_is_a_document(void **state)
{
	struct source source = {0};
	const struct port_source port = {&source, give};
	struct buffer file;
	struct call call;
	json_t *json, *entries;

	(void)state;
	call_init(&call, 0);
	buffer_init(&file, 1u << 20);
	for (size_t i = 0; i < ENTRIES; i++)
		decode(i, &source.all[i]);
	assert_int_equal(
	    metadj_export(&port, NULL, "2026-01-01T00:00:00.000Z", NULL, take, &file, &call),
	    PORT_OK);
	json = json_loadb((const char *)file.data, file.len, JSON_REJECT_DUPLICATES, NULL);
	entries = json_object_get(json, "entries");
	assert_int_equal(json_array_size(entries), ENTRIES);
	for (size_t i = 0; i < ENTRIES; i++) {
		assert_says(json_array_get(entries, i), &source.all[i].entry);
		bytes_clear(&source.all[i].encoded);
	}
	json_decref(json);
	buffer_clear(&file);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_is_one_line_an_entry),
    cmocka_unit_test(an_export_is_a_document),
};

TEST_MAIN(tests)
