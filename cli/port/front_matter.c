/*
 * cli/port/front_matter.c: reads front matter by libyaml's events, without recursion. Aliases are
 * refused (a few hundred bytes of them stand for gigabytes), and so are tags but !!str and our own
 * !json, whose text is JSON source to be kept as it is.
 */
#include "cli/port/front_matter.h"
#include "schemas/base/utf8.h"
#include "schemas/json_scan.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* Every byte of a text may become six in JSON. */
#define VALUE_JSON_MAX (6u * FRONT_MATTER_MAX)

static struct view line_at(struct view text, size_t at)
{
	const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
	size_t stop = end == NULL ? text.len : (size_t)(end - text.data) + 1;

	return (struct view){text.data + at, stop - at};
}

/* Past its "---" if the line is one, else 0. White space after it is invisible, so it is let be. */
static size_t rule_len(struct view line)
{
	if (line.len < 3 || memcmp(line.data, "---", 3) != 0)
		return 0;
	for (size_t i = 3; i < line.len; i++)
		if (memchr(" \t\r\n", line.data[i], 4) == NULL)
			return 0;
	return line.len;
}

static struct view after(struct view text, size_t len)
{
	return (struct view){text.data + len, text.len - len};
}

void front_matter_split(struct view file, struct view *yaml_out, struct view *body_out)
{
	struct view body;
	size_t start, at;

	if (file.len >= 3 && memcmp(file.data, "\xEF\xBB\xBF", 3) == 0)
		file = after(file, 3);
	*yaml_out = (struct view){0};
	*body_out = file;
	start = file.len == 0 ? 0 : rule_len(line_at(file, 0));
	if (start == 0)
		return;
	for (at = start; at < file.len; at += line_at(file, at).len)
		if (rule_len(line_at(file, at)) > 0)
			break;
	if (at == file.len)
		return; /* never closed: it is a rule of the text's own */
	body = after(file, at + rule_len(line_at(file, at)));
	if (body.len >= 2 && memcmp(body.data, "\r\n", 2) == 0)
		body = after(body, 2);
	else if (body.len >= 1 && body.data[0] == '\n')
		body = after(body, 1);
	*yaml_out = (struct view){file.data + start, at - start};
	*body_out = body;
}

/* ---- Values ---- */

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	enum front_result result;
	char *reason;
};

static void refuse(struct reader *reader, const char *why)
{
	if (reader->result != FRONT_OK)
		return;
	reader->result = FRONT_REFUSED;
	/* One line more for the "---" before, one since libyaml counts from 0. */
	(void)snprintf(reader->reason, FRONT_REASON_MAX, "front matter, line %zu: %s",
	    reader->has_event ? reader->event.start_mark.line + 2
			      : reader->parser.problem_mark.line + 2,
	    why);
}

/* The next event, into reader->event; YAML_NO_EVENT after a failure. */
static yaml_event_type_t next_event(struct reader *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = false;
	if (reader->result != FRONT_OK)
		return YAML_NO_EVENT;
	if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
		/* libyaml does not always say so: but what is wrong with a text it names. */
		if (reader->parser.error == YAML_MEMORY_ERROR || reader->parser.problem == NULL)
			reader->result = FRONT_NO_MEMORY;
		else
			refuse(reader, reader->parser.problem);
		return YAML_NO_EVENT;
	}
	reader->has_event = true;
	return reader->event.type;
}

static struct view scalar_text(const struct reader *reader)
{
	return (struct view){reader->event.data.scalar.value, reader->event.data.scalar.length};
}

static const char *event_tag(const struct reader *reader)
{
	switch (reader->event.type) {
	case YAML_SCALAR_EVENT: return (const char *)reader->event.data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT: return (const char *)reader->event.data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT: return (const char *)reader->event.data.mapping_start.tag;
	default: return NULL;
	}
}

static void put_json_source(struct reader *reader, struct view source, struct buffer *json)
{
	enum json_fault fault = json_check(source);
	uint8_t *room;

	if (fault == JSON_NO_MEMORY)
		reader->result = FRONT_NO_MEMORY;
	else if (fault != JSON_FINE)
		refuse(reader, "the text after !json is not valid JSON");
	if (fault != JSON_FINE)
		return;
	room = buffer_extend(json, source.len);
	if (room != NULL)
		json->len -= source.len - json_compact(source, room);
}

/* The scalar as JSON: what YAML and JSON both call a number, a boolean or null; else a string. */
static void put_scalar(struct reader *reader, struct buffer *json)
{
	struct view text = scalar_text(reader);
	const char *tag = event_tag(reader);
	bool plain = reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (tag != NULL && strcmp(tag, "!json") == 0)
		put_json_source(reader, text, json);
	else if (tag != NULL && strcmp(tag, YAML_STR_TAG) != 0)
		refuse(reader, "a tag that is not known");
	else if (tag == NULL && plain && (text.len == 0 || view_equal(text, view_text("~"))))
		buffer_add_text(json, "null");
	else if (tag == NULL && plain && json_literal(text))
		buffer_add_view(json, text);
	else
		json_put_string(json, text);
}

/* Where we are inside of a value: one level a bracket. */
struct level {
	bool mapping;
	bool value_next; /* in a mapping: its key is written */
	bool any;        /* something is written */
};

/* The comma or colon before what comes next. */
static void put_joint(struct level *level, struct buffer *json)
{
	if (level->mapping && level->value_next)
		buffer_add_byte(json, ':');
	else if (level->any)
		buffer_add_byte(json, ',');
	level->any = true;
	level->value_next = level->mapping && !level->value_next;
}

static bool at_key(const struct level *levels, size_t depth)
{
	return depth > 0 && levels[depth - 1].mapping && !levels[depth - 1].value_next;
}

static bool is_end(yaml_event_type_t type)
{
	return type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT;
}

/* Opens a level; the bracket that closes it is written at its end event. */
static void put_open(
    struct reader *reader, struct level *levels, size_t *depth, struct buffer *json)
{
	bool mapping = reader->event.type == YAML_MAPPING_START_EVENT;

	if (at_key(levels, *depth))
		refuse(reader, "a key that is not a text");
	else if (event_tag(reader) != NULL)
		refuse(reader, "a tag that is not known");
	else if (*depth == JSON_DEPTH_MAX)
		refuse(reader, "nested too deeply");
	if (reader->result != FRONT_OK)
		return;
	if (*depth > 0)
		put_joint(&levels[*depth - 1], json);
	levels[(*depth)++] = (struct level){.mapping = mapping};
	buffer_add_byte(json, mapping ? '{' : '[');
}

/* The value whose first event is the reader's, up to its last one. */
static void put_value(struct reader *reader, struct buffer *json)
{
	struct level levels[JSON_DEPTH_MAX];
	size_t depth = 0;

	while (reader->result == FRONT_OK) {
		yaml_event_type_t type = reader->event.type;

		if (type == YAML_ALIAS_EVENT) {
			refuse(reader, "an alias (*), which is not read");
		} else if (is_end(type) && depth > 0) {
			buffer_add_byte(json, levels[--depth].mapping ? '}' : ']');
		} else if (type == YAML_SCALAR_EVENT) {
			bool key = at_key(levels, depth);

			if (depth > 0)
				put_joint(&levels[depth - 1], json);
			if (key)
				json_put_string(json, scalar_text(reader));
			else
				put_scalar(reader, json);
		} else if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT) {
			put_open(reader, levels, &depth, json);
		} else {
			refuse(reader, "not YAML");
		}
		if (depth == 0)
			return;
		(void)next_event(reader);
	}
}

/* ---- The mapping ---- */

static void read_item(struct reader *reader, struct front_item *item)
{
	struct buffer json;
	enum json_fault fault;

	buffer_init(&json, VALUE_JSON_MAX);
	if (reader->event.type == YAML_SCALAR_EVENT &&
	    !bytes_copy(scalar_text(reader), &item->text))
		reader->result = FRONT_NO_MEMORY;
	put_value(reader, &json);
	if (json.failed)
		reader->result = FRONT_NO_MEMORY;
	if (reader->result != FRONT_OK)
		goto done;
	fault = json_check_member(buffer_view(&json));
	if (fault == JSON_NO_MEMORY || (fault == JSON_FINE && !buffer_take(&json, &item->json)))
		reader->result = FRONT_NO_MEMORY;
	else if (fault != JSON_FINE)
		refuse(reader, json_fault_text(fault));
done:
	buffer_clear(&json);
}

static void read_name(struct reader *reader, const struct front *front, struct bytes *name_out)
{
	struct view name = scalar_text(reader);

	if (!utf8_valid(name))
		refuse(reader, "a key holds the character U+0000");
	for (size_t i = 0; i < front->count; i++)
		if (view_equal(view_bytes(&front->items[i].name), name))
			refuse(reader, "a key that stands there twice");
	if (reader->result == FRONT_OK && !bytes_copy(name, name_out))
		reader->result = FRONT_NO_MEMORY;
}

static void read_mapping(struct reader *reader, struct front *front)
{
	while (next_event(reader) != YAML_MAPPING_END_EVENT && reader->result == FRONT_OK) {
		struct front_item *item;

		if (reader->event.type != YAML_SCALAR_EVENT)
			refuse(reader, "a key that is not a text");
		else if (front->count == FRONT_ITEMS_MAX)
			refuse(reader, "too many keys");
		if (reader->result != FRONT_OK)
			return;
		item = &front->items[front->count];
		read_name(reader, front, &item->name);
		if (reader->result != FRONT_OK)
			return;
		front->count++;
		if (next_event(reader) != YAML_NO_EVENT)
			read_item(reader, item);
	}
}

/* One document that is a mapping, or nothing at all. */
static void read_stream(struct reader *reader, struct front *front)
{
	if (next_event(reader) != YAML_STREAM_START_EVENT)
		return;
	if (next_event(reader) == YAML_STREAM_END_EVENT || reader->result != FRONT_OK)
		return;
	if (next_event(reader) == YAML_MAPPING_START_EVENT)
		read_mapping(reader, front);
	else
		refuse(reader, "not a list of \"key: value\" lines");
	if (next_event(reader) != YAML_DOCUMENT_END_EVENT ||
	    next_event(reader) != YAML_STREAM_END_EVENT)
		refuse(reader, "more than one document");
}

enum front_result front_matter_read(
    struct view yaml, struct front *out, char reason[FRONT_REASON_MAX])
{
	struct reader reader = {.reason = reason};

	if (yaml.len > FRONT_MATTER_MAX) {
		(void)snprintf(reason, FRONT_REASON_MAX, "front matter larger than %u KiB",
		    FRONT_MATTER_MAX >> 10);
		return FRONT_REFUSED;
	}
	if (yaml_parser_initialize(&reader.parser) == 0)
		return FRONT_NO_MEMORY;
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, yaml.data, yaml.len);
	read_stream(&reader, out);
	if (reader.has_event)
		yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	return reader.result;
}

void front_clear(struct front *front)
{
	for (size_t i = 0; i < COUNT_OF(front->items); i++) {
		bytes_clear(&front->items[i].name);
		bytes_clear(&front->items[i].text);
		bytes_clear(&front->items[i].json);
	}
	front->count = 0;
}
