/*
 * gateway/http/logfmt.c: the parts of log lines.
 */
#include "gateway/http/logfmt.h"

#include "schemas/base/shown.h"

#include <string.h>

static bool is_bare(const char *value)
{
	struct shown shown = shown_begin(view_text(value), SHOWN_LINE);
	struct shown_char one;

	while (shown_next(&shown, &one))
		if (one.code == 0 || strchr(" \"=\\", one.text[0]) != NULL)
			return false;
	return *value != '\0';
}

/* Bare, if it is one word; else quoted. A line stays a line, and a terminal obeys nothing in it. */
void http_log_text(struct buffer *out, const char *key, const char *value)
{
	struct shown shown = shown_begin(view_text(value), SHOWN_LINE);
	const char *quote = is_bare(value) ? "" : "\"";
	struct shown_char one;

	buffer_addf(out, "%s%s=%s", out->len > 0 ? " " : "", key, quote);
	while (shown_next(&shown, &one)) {
		if (one.code == '"' || one.code == '\\') /* an escape has its own */
			buffer_add_byte(out, '\\');
		buffer_add(out, one.text, one.len);
	}
	buffer_add_text(out, quote);
}

void http_log_number(struct buffer *out, const char *key, int64_t value)
{
	buffer_addf(out, "%s%s=%lld", out->len > 0 ? " " : "", key, (long long)value);
}
