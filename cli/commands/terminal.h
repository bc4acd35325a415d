/*
 * cli/commands/terminal.h: asking a person, and texts that come in: passphrases, standard input, an
 * editor. Questions go to the terminal even where standard input is a pipe; with --no-input, or
 * where there is no terminal, they fail and say what to pass instead.
 */
#ifndef INKSEAL_TERMINAL_H
#define INKSEAL_TERMINAL_H

#include "cli/app/app.h"

#define PASSPHRASE_MAX 1024u /* bytes */
#define LINE_MAX_TYPED 1024u

/* One line, without its end. instead: what to pass where nobody can be asked. Yours to clear. */
MUST_USE enum code terminal_ask(
    struct app *app, const char *prompt, const char *instead, struct bytes *out);
/* CODE_OK if --yes, or `word` was typed ("y": yes is fine too). Else CODE_CANCELLED, and said. */
MUST_USE enum code terminal_confirm(struct app *app, const char *question, const char *word);
/* True if a question could be asked. */
bool terminal_can_ask(const struct app *app);
/* From --password-command, or asked without echo (twice: it is a new one). Yours to clear. */
MUST_USE enum code terminal_passphrase(
    struct app *app, const char *what, bool twice, struct bytes *out);

/* The person at the terminal, as use cases ask. */
extern const struct host terminal_host;

/* True if the text of new, edit, recover is to be read from standard input. */
bool terminal_stdin_wanted(const struct app *app);
/* All of it, at most max bytes. Yours to clear: where it fails, what was read by then. */
MUST_USE enum code terminal_stdin(struct app *app, size_t max, struct bytes *out);

/*
 * The person's editor on a file: VISUAL, EDITOR or vi, by /bin/sh. Ctrl-C is the editor's alone; a
 * closed terminal or a SIGTERM is handed on to it. Anything but its good end is said.
 */
MUST_USE enum code terminal_editor(struct app *app, const char *file);

#endif
