/*
 * cli/commands/output.c: JSON by jansson, text by stdio.
 */
#include "cli/commands/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JSON_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

bool output_json(json_t *value)
{
	int failed = value == NULL ? -1 : json_dumpf(value, stdout, JSON_FLAGS);

	json_decref(value);
	return failed == 0 && putchar('\n') != EOF;
}

json_t *output_string(struct view text)
{
	return json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
}

json_t *output_hex(const void *data, size_t len)
{
	char text[2 * DIGEST_LEN + 1];

	hex_encode(view_of(data, len < DIGEST_LEN ? len : DIGEST_LEN), text);
	return json_string(text);
}

json_t *output_time(int64_t ms)
{
	char text[TIME_PRINT_MAX];

	if (ms == 0)
		return json_null();
	time_print_ms(ms, text);
	return json_string(text);
}

static bool add_text(json_t *object, const char *name, struct view text)
{
	return text.data == NULL || json_object_set_new(object, name, output_string(text)) == 0;
}

/* jansson would turn 1e3 into 1000.0: unknown members are written as the source they came as. */
static bool print_extra(const struct entry_extra *extra)
{
	json_t *name = output_string(extra->name);
	bool done =
	    name != NULL && putchar(',') != EOF && json_dumpf(name, stdout, JSON_FLAGS) == 0;

	json_decref(name);
	return done && putchar(':') != EOF &&
	       fwrite(extra->json.data, 1, extra->json.len, stdout) == extra->json.len;
}

bool output_entry(const struct entry *entry)
{
	json_t *object = json_object();
	char *text = NULL;
	bool done;

	done = object != NULL && add_text(object, "id", entry->id) &&
	       add_text(object, "collection", entry->collection) &&
	       add_text(object, "title", entry->title) &&
	       add_text(object, "content", entry->content) &&
	       add_text(object, "createdAt", entry->created_at) &&
	       add_text(object, "updatedAt", entry->updated_at) &&
	       add_text(object, "deletedAt", entry->deleted_at) &&
	       add_text(object, "conflictOf", entry->conflict_of);
	if (done)
		text = json_dumps(object, JSON_FLAGS);
	json_decref(object);
	done = text != NULL && fwrite(text, 1, strlen(text) - 1, stdout) == strlen(text) - 1;
	for (size_t i = 0; done && i < entry->extra_count; i++)
		done = print_extra(&entry->extra[i]);
	free(text);
	return done && puts("}") != EOF;
}

bool output_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

/*
 * The bytes of a control character at the start of text (C0, DEL; U+0080 to U+009F, two bytes in
 * UTF-8): what a terminal might obey. 0: there is none.
 */
static size_t control_len(struct view text)
{
	uint8_t first = text.data[0];

	if (first < 0x20 || first == 0x7f)
		return 1;
	if (first == 0xc2 && text.len > 1 && text.data[1] < 0xa0)
		return 2;
	return 0;
}

static void print_char(struct view text, size_t *at)
{
	/* A character's first byte, and those that go on with it. */
	do {
		(void)putchar(text.data[(*at)++]);
	} while (*at < text.len && (text.data[*at] & 0xc0) == 0x80);
}

void output_text(struct view text)
{
	if (!output_is_terminal()) {
		(void)fwrite(text.data, 1, text.len, stdout);
		return;
	}
	for (size_t i = 0; i < text.len;) {
		size_t skip = control_len(view_of(text.data + i, text.len - i));

		if (skip > 0 && text.data[i] != '\n' && text.data[i] != '\t') {
			i += skip;
			continue;
		}
		print_char(text, &i);
	}
}

void output_line(struct view text, size_t max_columns)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len && (max_columns == 0 || columns < max_columns); columns++) {
		size_t skip = control_len(view_of(text.data + i, text.len - i));

		if (skip == 0) {
			print_char(text, &i);
			continue;
		}
		(void)putchar(' ');
		i += skip;
	}
}

void output_note(const struct app *app, const char *format, ...)
{
	va_list args;

	if (app->options.quiet)
		return;
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

void output_warn(const char *format, ...)
{
	va_list args;

	(void)fputs("inkseal: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

void output_ago(int64_t ms, int64_t now_ms, char out[OUTPUT_AGO_MAX])
{
	static const struct {
		int64_t ms;
		char letter;
	} units[] = {{86400000, 'd'}, {3600000, 'h'}, {60000, 'm'}, {1000, 's'}};
	int64_t ago_ms = now_ms - ms;

	if (ms == 0) {
		(void)snprintf(out, OUTPUT_AGO_MAX, "never");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (ago_ms < units[i].ms)
			continue;
		(void)snprintf(out, OUTPUT_AGO_MAX, "%lld%c ago", (long long)(ago_ms / units[i].ms),
		    units[i].letter);
		return;
	}
	(void)snprintf(out, OUTPUT_AGO_MAX, "just now"); /* or the clock was set back since */
}

static bool shows_progress(const struct app *app)
{
	return !app->options.quiet && isatty(STDERR_FILENO) == 1;
}

void output_progress(const struct app *app, const char *what, uint64_t done, uint64_t all)
{
	if (!shows_progress(app))
		return;
	if (all > 0)
		(void)fprintf(stderr, "\r%s: %llu of %llu ", what, (unsigned long long)done,
		    (unsigned long long)all);
	else if (done > 0)
		(void)fprintf(stderr, "\r%s: %llu ", what, (unsigned long long)done);
	else
		(void)fprintf(stderr, "\r%s ... ", what);
}

void output_progress_end(const struct app *app)
{
	if (shows_progress(app))
		(void)fprintf(stderr, "\r%60s\r", "");
}

void output_failure(const struct app *app, enum code code)
{
	json_t *error;
	char *text;

	if (app->error[0] == '\0')
		return;
	if (!app->options.json) {
		output_warn("%s", app->error);
		if (app->hint[0] != '\0')
			(void)fprintf(stderr, "%s\n", app->hint);
		return;
	}
	error = json_pack("{s:{s:s,s:s}}", "error", "code", code_name(code), "message", app->error);
	if (error != NULL && app->hint[0] != '\0' &&
	    json_object_set_new(json_object_get(error, "error"), "hint", json_string(app->hint)) !=
		0)
		(void)json_object_del(json_object_get(error, "error"), "hint");
	text = error == NULL ? NULL : json_dumps(error, JSON_FLAGS);
	if (text == NULL) /* the message is cut inside a character, or memory is gone */
		output_warn("%s", app->error);
	else
		(void)fprintf(stderr, "%s\n", text);
	free(text);
	json_decref(error);
}

bool output_finish(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}
