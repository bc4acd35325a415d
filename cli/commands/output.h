/*
 * cli/commands/output.h: what people and scripts read. Standard output holds results alone: JSON,
 * one document or line, with --json; else text. Remarks, progress and errors go to standard error.
 * Nothing else in this folder prints (tests/checks/tidy.sh sees to it), for all that reaches a
 * terminal goes through the filter of schemas/base/shown.h: whatever it holds came from outside.
 * Elsewhere standard output has its exact bytes, but for fields, which are one line everywhere.
 */
#ifndef INKSEAL_OUTPUT_H
#define INKSEAL_OUTPUT_H

#include <jansson.h>

#include "cli/app/app.h"
#include "schemas/entry.h"

/* One line of JSON; takes value over. False: no memory (value may be NULL for that). */
MUST_USE bool output_json(json_t *value);
/* An entry's own members as one line of JSON, unknown ones as their source. */
MUST_USE bool output_entry(const struct entry *entry);
json_t *output_string(struct view text); /* NULL: no memory */
json_t *output_hex(const void *data, size_t len);
json_t *output_time(int64_t ms); /* ISO 8601; 0: null */

bool output_is_terminal(void); /* standard output */
/* A text as it came; on a terminal line feeds and tabs are its only controls. */
bool output_text(struct view text);
/* A field: a text as one line, of at most max_columns of a terminal (0: all); gives how many. */
size_t output_line(struct view text, size_t max_columns);
/* The last field of a line, and its end. */
bool output_line_end(struct view text);
/* What is ours, and short: labels, numbers, ids. False: not printed. */
bool output_printf(const char *format, ...) PRINTF_LIKE(1, 2);
/* A remark, one line, on standard error; none with --quiet. */
void output_note(const struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);
/* What must be said even with --quiet. */
void output_warn(const char *format, ...) PRINTF_LIKE(1, 2);
/* A question, on the terminal fd. False: it can't be written. */
bool output_prompt(int fd, const char *text);
/* "3m ago", "never" for 0. */
#define OUTPUT_AGO_MAX 32u
void output_ago(int64_t ms, int64_t now_ms, char out[OUTPUT_AGO_MAX]);

/* One line that is written over, if standard error is a terminal; output_progress_end clears it. */
void output_progress(const struct app *app, const char *what, uint64_t done, uint64_t all);
void output_progress_end(const struct app *app);

/* How a run ended, by main: the error and the hint, or their JSON, on standard error. */
void output_failure(const struct app *app, enum code code);
/* False: standard output could not be written. */
MUST_USE bool output_finish(void);

#endif
