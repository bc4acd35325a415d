/*
 * cli/commands/output.h: what people and scripts read. Standard output holds results alone: JSON,
 * one document or line, with --json; else text. Remarks, progress and errors go to standard error.
 * Texts from entries reach a terminal without control characters.
 */
#ifndef INKSEAL_OUTPUT_H
#define INKSEAL_OUTPUT_H

#include <jansson.h>

#include "cli/commands/command.h"
#include "schemas/entry.h"

/* One line of JSON; takes value over. False: no memory (value may be NULL for that). */
MUST_USE bool output_json(json_t *value);
/* An entry's own members as one line of JSON, unknown ones as their source. */
MUST_USE bool output_entry(const struct entry *entry);
json_t *output_string(struct view text); /* NULL: no memory */
json_t *output_hex(const void *data, size_t len);
json_t *output_time(int64_t ms); /* ISO 8601; 0: null */

bool output_is_terminal(void); /* standard output */
/* A text as it came; on a terminal without control characters but line feeds and tabs. */
void output_text(struct view text);
/* A text as one line of at most max_columns characters (0: all), control characters replaced. */
void output_line(struct view text, size_t max_columns);
/* A remark, one line, on standard error; none with --quiet. */
void output_note(const struct app *app, const char *format, ...) PRINTF_LIKE(2, 3);
/* What must be said even with --quiet. */
void output_warn(const char *format, ...) PRINTF_LIKE(1, 2);
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
