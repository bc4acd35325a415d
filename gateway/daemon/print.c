/*
 * gateway/daemon/print.c: all that inkseald prints, but for its log.
 */
#include "gateway/daemon/print.h"
#include "schemas/base/shown.h"

#include <stdarg.h>
#include <stdio.h>

#define PRINT_MAX 4096u /* bytes: the help is the longest */

static void put(FILE *stream, const char *text)
{
	struct shown shown = shown_begin(view_text(text), SHOWN_LINES);
	struct shown_char one;

	while (shown_next(&shown, &one))
		(void)fwrite(one.text, 1, one.len, stream);
	(void)fflush(stream);
}

void print_out(const char *format, ...)
{
	char text[PRINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(stdout, text);
}

void print_error(const char *format, ...)
{
	char text[PRINT_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(stderr, "inkseald: ");
	put(stderr, text);
	put(stderr, "\n");
}
