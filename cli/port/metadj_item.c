/*
 * cli/port/metadj_item.c: one item of MetaDJ Nexus' file, as an entry, or why it is none.
 */
#include "cli/port/port_priv.h"
#include "schemas/json_scan.h"

#include <stdio.h>
#include <string.h>

/* An entry of ENTRY_MAX bytes, each of them written as \u00XX, and its white space. */
#define ITEM_SOURCE_MAX (32u << 20)

_Static_assert(ITEM_SOURCE_MAX >= 6 * ENTRY_MAX, "an entry of ours can be read whatever is in it");

struct field {
	const char *name;
	size_t offset; /* of its view in struct entry */
	size_t max;
	bool required;
};
static const struct field fields[] = {
    {"id", offsetof(struct entry, id), ENTRY_ID_MAX, true},
    {"title", offsetof(struct entry, title), TITLE_MAX, true},
    {"content", offsetof(struct entry, content), CONTENT_MAX, true},
    {"createdAt", offsetof(struct entry, created_at), TIME_TEXT_MAX, true},
    {"updatedAt", offsetof(struct entry, updated_at), TIME_TEXT_MAX, true},
    {"collection", offsetof(struct entry, collection), COLLECTION_MAX, false},
    {"deletedAt", offsetof(struct entry, deleted_at), TIME_TEXT_MAX, false},
    {"conflictOf", offsetof(struct entry, conflict_of), ENTRY_ID_MAX, false},
};

static struct view *field_view(struct entry *entry, const struct field *field)
{
	return (struct view *)(void *)((char *)entry + field->offset);
}

/* False, with the reason: the item is spoiled. */
static bool read_field(struct metadj_item *item, const struct field *field, struct view value,
    uint8_t *room, size_t *used, struct entry *entry)
{
	struct view text = {room + *used, 0};

	if (!field->required && view_equal(value, view_text("null")))
		return true; /* how JavaScript says "not there" */
	if (value.data[0] != '"') {
		(void)snprintf(item->reason, sizeof(item->reason), "%s is not a text", field->name);
		return false;
	}
	text.len = json_decode(value, room + *used);
	if (!field->required && text.len == 0)
		return true;
	if (text.len > field->max) {
		(void)snprintf(item->reason, sizeof(item->reason), "%s is longer than %zu bytes",
		    field->name, field->max);
		return false;
	}
	*used += text.len;
	*field_view(entry, field) = text;
	return true;
}

static bool read_extra(struct metadj_item *item, struct view name, struct view value, uint8_t *room,
    size_t *used, struct entry *entry)
{
	struct entry_extra *extra;

	if (entry->extra_count == EXTRA_COUNT_MAX) {
		(void)snprintf(item->reason, sizeof(item->reason), "more than %u unknown members",
		    EXTRA_COUNT_MAX);
		return false;
	}
	extra = &entry->extra[entry->extra_count++];
	extra->name = (struct view){room + *used, json_decode(name, room + *used)};
	*used += extra->name.len;
	extra->json = (struct view){room + *used, json_compact(value, room + *used)};
	*used += extra->json.len;
	return true;
}

/* The members of a checked object, as an entry whose views point into room. */
static bool read_item(
    struct metadj_item *item, struct view source, uint8_t *room, struct entry *entry)
{
	struct json_scan scan;
	bool first = true;
	size_t used = 0; /* what is decoded is never longer than its source */

	json_begin(&scan, source);
	json_enter(&scan, '{');
	while (json_more(&scan, '}', &first)) {
		struct view name = json_name(&scan);
		struct view value = json_raw(&scan);
		size_t i = 0;
		bool good;

		while (i < COUNT_OF(fields) && !json_is(name, fields[i].name))
			i++;
		if (i < COUNT_OF(fields))
			good = read_field(item, &fields[i], value, room, &used, entry);
		else if (json_is(name, "contentHash"))
			good = true; /* derived: whatever it says, the item is the same */
		else
			good = read_extra(item, name, value, room, &used, entry);
		if (!good)
			return false;
	}
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (fields[i].required && field_view(entry, &fields[i])->data == NULL) {
			(void)snprintf(item->reason, sizeof(item->reason), "no %s", fields[i].name);
			return false;
		}
	}
	if (entry->collection.data == NULL)
		entry->collection = view_text("journal");
	return true;
}

/* The codec has the last word: what it would refuse must not reach the sink. */
static enum port_result judge_entry(
    struct metadj_item *item, const struct entry *entry, bool *good_out)
{
	struct bytes encoded = {0};
	enum format_result result = entry_encode(entry, &encoded);

	bytes_clear(&encoded);
	if (result == FORMAT_NO_MEMORY)
		return PORT_FAILED;
	if (entry->id.len == 0)
		(void)snprintf(item->reason, sizeof(item->reason), "the id is empty");
	else if (result == FORMAT_TOO_LARGE)
		(void)snprintf(item->reason, sizeof(item->reason),
		    "larger than %u MiB, or a name too long", ENTRY_MAX >> 20);
	else if (result != FORMAT_OK)
		(void)snprintf(item->reason, sizeof(item->reason),
		    "its collection or a member's name cannot be kept");
	*good_out = result == FORMAT_OK;
	return PORT_OK;
}

void metadj_item_init(struct metadj_item *item)
{
	*item = (struct metadj_item){0};
	buffer_init(&item->text, ITEM_SOURCE_MAX);
}

void metadj_item_clear(struct metadj_item *item)
{
	buffer_clear(&item->text);
}

enum port_result metadj_item_read(
    struct metadj_item *item, struct view source, struct entry *entry, bool *good_out)
{
	enum json_fault fault;
	uint8_t *room;

	*good_out = false;
	if (source.len > ITEM_SOURCE_MAX) {
		(void)snprintf(item->reason, sizeof(item->reason), "larger than %u MiB",
		    ITEM_SOURCE_MAX >> 20);
		return PORT_OK;
	}
	fault = json_check(source);
	if (fault == JSON_NO_MEMORY)
		return PORT_FAILED;
	if (fault != JSON_FINE || source.data[0] != '{') {
		(void)snprintf(item->reason, sizeof(item->reason), "%s",
		    fault != JSON_FINE ? json_fault_text(fault) : "not an object");
		return PORT_OK;
	}
	item->text.len = 0;
	room = buffer_extend(&item->text, source.len);
	if (room == NULL)
		return PORT_FAILED;
	if (!read_item(item, source, room, entry))
		return PORT_OK;
	return judge_entry(item, entry, good_out);
}
