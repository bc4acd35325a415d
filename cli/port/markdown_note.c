/*
 * cli/port/markdown_note.c: the text of one Markdown file, as an entry, or why it is none.
 */
#include "cli/port/port_priv.h"
#include "schemas/base/utf8.h"

#include <stdio.h>
#include <string.h>

#define UUID_LEN 36u

static void make_uuid(const struct random *random, char out[UUID_LEN + 1])
{
	uint8_t bytes[16];
	char hex[2 * sizeof(bytes) + 1];
	size_t at = 0;

	random_fill(random, bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* RFC 9562: version 4 … */
	bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* … and its variant */
	hex_encode(view_of(bytes, sizeof(bytes)), hex);
	for (size_t i = 0; i < 2 * sizeof(bytes); i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = hex[i];
	}
	out[at] = '\0';
}

/* At most TITLE_MAX bytes of it, cut between characters. */
static struct view cut_title(struct view text)
{
	size_t len = text.len;

	if (len > TITLE_MAX) {
		len = TITLE_MAX;
		while (len > 0 && (text.data[len] & 0xC0) == 0x80)
			len--;
	}
	return (struct view){text.data, len};
}

/* The text of a line "# Heading" without its signs; data == NULL: it is no heading. */
static struct view heading_text(struct view line)
{
	size_t from = 0;
	size_t to = line.len;

	while (from < to && line.data[from] == '#')
		from++;
	if (from == 0 || from > 6 || from == to || line.data[from] != ' ')
		return (struct view){0};
	while (from < to && line.data[from] == ' ')
		from++;
	while (to > from && memchr(" \t\r#", line.data[to - 1], 4) != NULL)
		to--;
	if (from == to)
		return (struct view){0};
	return (struct view){line.data + from, to - from};
}

/* The first heading of body, else the file's name without ".md". */
static struct view find_title(struct view body, const char *name)
{
	struct view title;
	size_t at = 0;

	while (at < body.len) {
		const uint8_t *end = memchr(body.data + at, '\n', body.len - at);
		size_t stop = end == NULL ? body.len : (size_t)(end - body.data);

		title = heading_text((struct view){body.data + at, stop - at});
		if (title.data != NULL)
			return cut_title(title);
		at = stop + 1;
	}
	title = view_text(name);
	if (title.len > 3)
		title.len -= 3;
	return utf8_valid(title) ? cut_title(title) : view_text("Untitled");
}

/*
 * The scalar under name, marked as used; data == NULL: not there, or used already. Null is how a
 * template says "not there": of ours nothing is kept then, of others the null itself.
 */
static struct view take_text(const struct front *front, const char *name, bool *used)
{
	for (size_t i = 0; i < front->count; i++) {
		const struct front_item *item = &front->items[i];
		bool is_null = view_equal(view_bytes(&item->json), view_text("null"));

		if (used[i] || item->text.data == NULL ||
		    !view_equal(view_bytes(&item->name), view_text(name)))
			continue;
		used[i] = !is_null || entry_name_reserved(view_bytes(&item->name));
		return is_null ? (struct view){0} : view_bytes(&item->text);
	}
	return (struct view){0};
}

/* Like take_text, but nothing stands for an optional text that is not there. */
static struct view take_optional(const struct front *front, const char *name, bool *used)
{
	struct view text = take_text(front, name, used);

	return text.len == 0 ? (struct view){0} : text;
}

/* What was not used becomes unknown members. False, with the reason: the file is dropped. */
static bool keep_extra(struct note *note, const bool *used)
{
	struct entry *entry = &note->entry;

	for (size_t i = 0; i < note->front.count; i++) {
		const struct front_item *item = &note->front.items[i];

		if (used[i] || view_equal(view_bytes(&item->name), view_text("contentHash")))
			continue; /* the latter is derived: whatever it says, the note is the same
				   */
		if (entry_name_reserved(view_bytes(&item->name))) {
			(void)snprintf(note->reason, sizeof(note->reason),
			    "the key %s is not a text, or has no place here",
			    (const char *)item->name.data);
			return false;
		}
		if (entry->extra_count == EXTRA_COUNT_MAX) {
			(void)snprintf(note->reason, sizeof(note->reason),
			    "more than %u unknown keys", EXTRA_COUNT_MAX);
			return false;
		}
		entry->extra[entry->extra_count++] =
		    (struct entry_extra){view_bytes(&item->name), view_bytes(&item->json)};
	}
	return true;
}

/* The first of the texts that is there; the later ones stay what they are. */
static struct view first_of(
    const struct front *front, const char *const names[3], bool *used, const char *otherwise)
{
	for (size_t i = 0; i < 3; i++) {
		struct view text =
		    names[i] == NULL ? (struct view){0} : take_text(front, names[i], used);

		if (text.data != NULL)
			return text;
	}
	return view_text(otherwise);
}

static bool make_entry(struct note *note, struct view body)
{
	static const char *const id[3] = {"id", NULL, NULL};
	static const char *const collection[3] = {"collection", NULL, NULL};
	static const char *const created[3] = {"createdAt", "created", "date"};
	static const char *const updated[3] = {"updatedAt", "updated", NULL};
	const struct front *front = &note->front;
	struct entry *entry = &note->entry;
	bool used[FRONT_ITEMS_MAX] = {false};

	entry->id = first_of(front, id, used, note->own_id);
	entry->collection = first_of(front, collection, used, "journal");
	entry->title = take_text(front, "title", used);
	if (entry->title.data == NULL)
		entry->title = find_title(body, note->name);
	entry->content = body;
	entry->created_at = first_of(front, created, used, note->own_time);
	entry->updated_at = first_of(front, updated, used, note->own_time);
	entry->deleted_at = take_optional(front, "deletedAt", used);
	entry->conflict_of = take_optional(front, "conflictOf", used);
	return keep_extra(note, used);
}

/* The codec has the last word; here is only said which part it was. */
static enum port_result judge_entry(struct note *note, bool *good_out)
{
	const struct entry *entry = &note->entry;
	struct bytes encoded = {0};
	enum format_result result = entry_encode(entry, &encoded);
	const char *why = "its collection, conflictOf or a key cannot be kept";

	bytes_clear(&encoded);
	if (result == FORMAT_NO_MEMORY)
		return PORT_FAILED;
	if (entry->content.len > CONTENT_MAX)
		why = "the text is larger than 4 MiB";
	else if (!utf8_valid(entry->content))
		why = "not UTF-8 text";
	else if (entry->title.len > TITLE_MAX)
		why = "the title is longer than 4 KiB";
	else if (entry->id.len == 0 || entry->id.len > ENTRY_ID_MAX)
		why = "the id is empty, or too long";
	else if (result == FORMAT_TOO_LARGE)
		why = "a time or a key is too long, or the whole is larger than 5 MiB";
	(void)snprintf(note->reason, sizeof(note->reason), "%s", why);
	*good_out = result == FORMAT_OK;
	return PORT_OK;
}

enum port_result note_read(
    struct note *note, struct view file, const struct random *random, bool *good_out)
{
	struct view yaml, body;
	enum front_result result = FRONT_OK;

	*good_out = false;
	make_uuid(random, note->own_id);
	time_print_ms(note->time_ms, note->own_time);
	front_matter_split(file, &yaml, &body);
	if (yaml.data != NULL)
		result = front_matter_read(yaml, &note->front, note->reason);
	if (result == FRONT_NO_MEMORY)
		return PORT_FAILED;
	if (result == FRONT_REFUSED || !make_entry(note, body))
		return PORT_OK;
	return judge_entry(note, good_out);
}

void note_clear(struct note *note)
{
	front_clear(&note->front);
	*note = (struct note){0};
}
