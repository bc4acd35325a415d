/*
 * cli/commands/output.c: JSON by jansson, text by stdio, and between them and a terminal the
 * filter.
 */
#include "cli/commands/output.h"
#include "cli/commands/cli.h"
#include "schemas/base/shown.h"
#include "schemas/base/utf8.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define PRINTF_MAX 4096u             /* bytes of what is ours */
#define STRING_SHOWN_MAX (64u << 10) /* of a name or message */
#define JSON_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY)

/* Everything that is printed goes through here. */
static bool put(FILE *stream, struct view bytes)
{
	struct shown shown = shown_begin(bytes, SHOWN_LINES);
	bool printed = true;
	struct shown_char one;

	if (isatty(fileno(stream)) != 1)
		return bytes.len == 0 || fwrite(bytes.data, 1, bytes.len, stream) == bytes.len;
	while (printed && shown_next(&shown, &one))
		printed = fwrite(one.text, 1, one.len, stream) == one.len;
	return printed;
}

static bool put_text(FILE *stream, const char *text)
{
	return put(stream, view_text(text));
}

/* A sentence is one line, wherever it is read. */
static void put_line(FILE *stream, const char *text)
{
	char line[APP_HINT_MAX];

	shown_copy(line, sizeof(line), view_text(text), SHOWN_LINE);
	(void)put_text(stream, line);
	(void)put_text(stream, "\n");
}

static bool put_json(FILE *stream, const json_t *value, const char *end)
{
	char *text = value == NULL ? NULL : json_dumps(value, JSON_FLAGS);
	bool printed = text != NULL && put_text(stream, text) && put_text(stream, end);

	free(text);
	return printed;
}

bool output_json(json_t *value)
{
	bool printed = put_json(stdout, value, "\n");

	json_decref(value);
	return printed;
}

json_t *output_string(struct view text)
{
	json_t *string = json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
	struct bytes shown = {0};
	struct buffer out;

	if (string != NULL || utf8_valid(text))
		return string;
	buffer_init(&out, STRING_SHOWN_MAX); /* no UTF-8: a file's name, say */
	shown_add(&out, text, SHOWN_LINE);
	if (buffer_take(&out, &shown))
		string = json_stringn((const char *)shown.data, shown.len);
	bytes_clear(&shown);
	buffer_clear(&out);
	return string;
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
	bool printed =
	    put_text(stdout, ",") && put_json(stdout, name, ":") && put(stdout, extra->json);

	json_decref(name);
	return printed;
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
	/* All but the brace that ends it. */
	done = text != NULL && put(stdout, view_of(text, strlen(text) - 1));
	for (size_t i = 0; done && i < entry->extra_count; i++)
		done = print_extra(&entry->extra[i]);
	free(text);
	return done && put_text(stdout, "}\n");
}

bool output_is_terminal(void)
{
	return isatty(STDOUT_FILENO) == 1;
}

bool output_text(struct view text)
{
	return put(stdout, text);
}

/* How many columns of a terminal a character takes; combining ones take none. */
static size_t columns_of(const struct shown_char *one)
{
	int width = one->code == 0 ? (int)one->len : wcwidth((wchar_t)one->code);

	return width < 0 ? 1 : (size_t)width; /* this system does not know it */
}

size_t output_line(struct view text, size_t max_columns)
{
	struct shown shown = shown_begin(text, SHOWN_LINE);
	struct shown_char one;
	size_t columns = 0;

	while (shown_next(&shown, &one)) {
		if (max_columns > 0 && columns + columns_of(&one) > max_columns)
			break;
		columns += columns_of(&one);
		(void)fwrite(one.text, 1, one.len, stdout); /* it went through the filter */
	}
	return columns;
}

bool output_line_end(struct view text)
{
	(void)output_line(text, 0);
	return output_printf("\n");
}

bool output_printf(const char *format, ...)
{
	char text[PRINTF_MAX] = "";
	bool printed;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printed = len >= 0 && (size_t)len < sizeof(text) && put_text(stdout, text);
	sodium_memzero(text, sizeof(text)); /* a recovery code is printed once */
	return printed;
}

void output_note(const struct app *app, const char *format, ...)
{
	char said[APP_HINT_MAX];
	va_list args;

	if (options_of(app)->quiet)
		return;
	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	put_line(stderr, said);
}

void output_warn(const char *format, ...)
{
	char said[APP_HINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	(void)put_text(stderr, "inkseal: ");
	put_line(stderr, said);
}

bool output_prompt(int fd, const char *text)
{
	char shown[APP_HINT_MAX];
	size_t len;

	shown_copy(shown, sizeof(shown), view_text(text), SHOWN_LINES);
	len = strlen(shown);
	return write(fd, shown, len) == (ssize_t)len;
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
	return !options_of(app)->quiet && isatty(STDERR_FILENO) == 1;
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

	if (app->error[0] == '\0')
		return;
	if (!options_of(app)->json) {
		output_warn("%s", app->error);
		if (app->hint[0] != '\0')
			put_line(stderr, app->hint);
		return;
	}
	error = json_pack("{s:{s:s,s:o}}", "error", "code", code_name(code), "message",
	    output_string(view_text(app->error)));
	if (error != NULL && app->hint[0] != '\0' &&
	    json_object_set_new(
		json_object_get(error, "error"), "hint", output_string(view_text(app->hint))) != 0)
		(void)json_object_del(json_object_get(error, "error"), "hint");
	if (!put_json(stderr, error, "\n")) /* no memory */
		output_warn("%s", app->error);
	json_decref(error);
}

bool output_finish(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}
