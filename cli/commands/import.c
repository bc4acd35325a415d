/*
 * cli/commands/import.c: entries from an export file or a folder of Markdown, in one transaction:
 * all that holds, or nothing.
 */
#include "cli/commands/output.h"
#include "cli/commands/session.h"
#include "cli/commands/system.h"
#include "cli/commands/terminal.h"
#include "cli/port/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DROPPED_SHOWN_MAX 20u
#define PROGRESS_EVERY 256u

enum source { SOURCE_METADJ, SOURCE_MARKDOWN };

struct import {
	struct session *session;
	uint64_t added, updated, skipped, dropped;
	enum engine_result result; /* of the entry that stopped it */
};

static void show_dropped(struct import *import, const char *where, const char *reason)
{
	import->dropped++;
	if (import->dropped <= DROPPED_SHOWN_MAX)
		output_note(import->session->app, "left out: %s: %s", where, reason);
}

static bool take_entry(void *self, const struct entry *entry)
{
	struct import *import = self;
	struct session *session = import->session;
	enum import_outcome outcome;
	uint64_t all;

	session->call.message[0] = '\0';
	import->result = import_entry(&session->engine, entry, &session->call, &outcome);
	if (import->result == ENGINE_REFUSED) { /* it does not hold; the others may */
		char where[ENTRY_ID_MAX + 8];

		(void)snprintf(where, sizeof(where), "entry %.*s",
		    (int)(entry->id.len < ENTRY_ID_MAX ? entry->id.len : ENTRY_ID_MAX),
		    entry->id.len == 0 ? "" : (const char *)entry->id.data);
		show_dropped(import, where, session->call.message);
		import->result = ENGINE_OK;
		return true;
	}
	if (import->result != ENGINE_OK)
		return false;
	switch (outcome) {
	case IMPORT_ADDED: import->added++; break;
	case IMPORT_UPDATED: import->updated++; break;
	case IMPORT_SKIPPED: import->skipped++; break;
	}
	all = import->added + import->updated + import->skipped;
	if (all % PROGRESS_EVERY == 0)
		output_progress(session->app, "importing", all, 0);
	return !system_cancelled();
}

static bool take_dropped(void *self, const char *where, const char *reason)
{
	show_dropped(self, where, reason);
	return !system_cancelled();
}

/* What the path is, and what is to be made of it. */
static enum code choose_source(struct app *app, const char *path, enum source *out)
{
	const char *format = app->options.format;
	bool is_folder = false;
	struct stat info;

	if (strcmp(path, "-") != 0) {
		if (stat(path, &info) != 0)
			return app_fail(app, CODE_ERROR, "%s: %s", path, strerror(errno));
		is_folder = S_ISDIR(info.st_mode);
	}
	if (format == NULL)
		*out = is_folder ? SOURCE_MARKDOWN : SOURCE_METADJ;
	else if (strcmp(format, "metadj") == 0)
		*out = SOURCE_METADJ;
	else if (strcmp(format, "markdown") == 0)
		*out = SOURCE_MARKDOWN;
	else
		return app_fail(app, CODE_USAGE, "there is no format \"%.32s\"", format);
	if (*out == SOURCE_MARKDOWN && !is_folder)
		return app_fail(app, CODE_USAGE, "markdown is read from a folder");
	if (*out == SOURCE_METADJ && is_folder)
		return app_fail(
		    app, CODE_USAGE, "metadj is read from a file, %s is a folder", path);
	return CODE_OK;
}

static enum code read_source(struct app *app, const char *path, struct bytes *out)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int error = is_stdin ? file_read_fd(STDIN_FILENO, PORT_FILE_MAX, out)
			     : file_read_named(path, PORT_FILE_MAX, out);

	if (error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled; nothing was imported");
	return app_fail(app, CODE_ERROR, "%s: %s", is_stdin ? "standard input" : path,
	    error == EFBIG ? "it is longer than an import may be" : strerror(error));
}

/* An encrypted file says that it needs a passphrase before any entry comes out of it. */
static enum code import_metadj(struct import *import, const char *path,
    const struct port_sink *sink, enum port_result *result_out)
{
	struct session *session = import->session;
	struct bytes file = {0}, passphrase = {0};
	enum code code = read_source(session->app, path, &file);

	if (code != CODE_OK)
		return code;
	*result_out = metadj_import(view_bytes(&file), NULL, sink, &session->call);
	if (*result_out == PORT_PASSPHRASE) {
		code = terminal_passphrase(
		    session->app, "Passphrase of the export file", false, &passphrase);
		if (code == CODE_OK)
			*result_out = metadj_import(
			    view_bytes(&file), (const char *)passphrase.data, sink, &session->call);
	}
	bytes_clear(&passphrase);
	bytes_clear(&file);
	return code;
}

static enum code port_failed(struct import *import, enum port_result result)
{
	struct app *app = import->session->app;
	const char *said = import->session->call.message;

	switch (result) {
	case PORT_OK: return CODE_OK;
	case PORT_STOPPED:
		if (system_cancelled())
			return app_fail(app, CODE_CANCELLED, "cancelled; nothing was imported");
		return session_engine(import->session, import->result);
	case PORT_PASSPHRASE:
		return app_fail(app, CODE_WRONG_KEY, "%s; nothing was imported",
		    said[0] == '\0' ? "the passphrase is wrong" : said);
	case PORT_MALFORMED:
	case PORT_TOO_LARGE:
	case PORT_IO:
	case PORT_FAILED:
		return app_fail(app, CODE_ERROR, "%s; nothing was imported",
		    said[0] == '\0' ? "the import failed" : said);
	}
	return CODE_ERROR;
}

static enum code import_all(struct import *import, const char *path, enum source source)
{
	struct session *session = import->session;
	struct app *app = session->app;
	const struct port_sink sink = {
	    .self = import, .entry = take_entry, .dropped = take_dropped};
	enum port_result result = PORT_OK;
	enum code code = session_engine(session, import_begin(&session->engine, &session->call));

	if (code != CODE_OK)
		return code;
	if (source == SOURCE_METADJ)
		code = import_metadj(import, path, &sink, &result);
	else
		result = markdown_import(path, &app->random, &app->clock, &sink, &session->call);
	output_progress_end(app);
	if (code == CODE_OK)
		code = port_failed(import, result);
	if (code != CODE_OK) {
		import_rollback(&session->engine);
		return code;
	}
	return session_engine(session,
	    import_commit(&session->engine, import->added, import->updated, &session->call));
}

static enum code report(struct app *app, const struct import *import)
{
	bool done;

	if (import->dropped > DROPPED_SHOWN_MAX)
		output_note(app, "left out: %llu more",
		    (unsigned long long)(import->dropped - DROPPED_SHOWN_MAX));
	if (app->options.json)
		done = output_json(json_pack("{s:I,s:I,s:I,s:I}", "added",
		    (json_int_t)import->added, "updated", (json_int_t)import->updated, "skipped",
		    (json_int_t)import->skipped, "dropped", (json_int_t)import->dropped));
	else
		done = output_printf("%llu added, %llu updated, %llu skipped, %llu dropped\n",
		    (unsigned long long)import->added, (unsigned long long)import->updated,
		    (unsigned long long)import->skipped, (unsigned long long)import->dropped);
	if (!done)
		return app_fail(app, CODE_ERROR, "the counts can't be printed");
	return import->dropped > 0 ? CODE_PARTIAL : CODE_OK;
}

static enum code run(struct app *app)
{
	const char *path = app->options.args[0];
	struct session session = {0};
	struct import import = {.session = &session};
	enum source source = SOURCE_METADJ;
	enum code code = choose_source(app, path, &source);

	if (code != CODE_OK)
		return code;
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = import_all(&import, path, source);
	session_close(&session);
	return code == CODE_OK ? report(app, &import) : code;
}

const struct command import_command = {
    .name = "import",
    .args = "[--format metadj|markdown] PATH",
    .summary = "Takes entries from an export file or a folder of Markdown",
    .help = "A folder is Markdown, a file is metadj, - is standard input. Entries are merged\n"
	    "by id: the newer one stays, equal or older ones are skipped. What can't be read\n"
	    "is left out and said (exit code 3). An encrypted file's passphrase is asked\n"
	    "for.\n",
    .options = OPTION_FORMAT,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
