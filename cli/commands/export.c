/*
 * cli/commands/export.c: live entries of one collection, oldest first (by the time they were made,
 * then id), to an export file or a folder of Markdown. Two devices in step write equal files, but
 * for the time of the export itself.
 */
#include "cli/commands/output.h"
#include "cli/commands/session.h"
#include "cli/commands/system.h"
#include "cli/commands/terminal.h"
#include "cli/port/port.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IDS_MAX (64u << 20) /* bytes of all ids, each with its NUL */
#define PROGRESS_EVERY 256u

struct export
{
	struct session *session;
	struct buffer ids;
	size_t at;
	struct session_entry out; /* the entry that is out */
	uint64_t count, damaged;
	enum code code; /* why the source failed */
	bool to_stdout;
	struct file_out file;
	int error; /* why the file could not be written */
};

static bool see(void *self, const struct store_item *item)
{
	struct export *export = self;

	buffer_add(&export->ids, item->id, strlen(item->id) + 1);
	return !export->ids.failed && !system_cancelled();
}

/* The next one's bytes, whatever they are; false: none, or export->code. */
static bool read_next(struct export *export, const char **id_out)
{
	const char *id = (const char *)export->ids.data + export->at;

	bytes_clear(&export->out.encoded);
	if (export->at == export->ids.len)
		return false;
	export->at += strlen(id) + 1;
	*id_out = id;
	export->code = system_cancelled()
			   ? app_fail(export->session->app, CODE_CANCELLED, "cancelled")
			   : session_entry(export->session, view_text(id), NULL, &export->out);
	return export->code == CODE_OK;
}

/* What is damaged stays out: an import elsewhere could not tell it from what was written. */
static bool next(void *self, struct entry *out, bool *failed_out)
{
	struct export *export = self;
	const char *id;

	while (read_next(export, &id)) {
		if (!export->out.sound) {
			export->damaged++;
			output_warn(
			    "entry %s is damaged and was left out; inkseal show prints what "
			    "can be read of it",
			    id);
			continue;
		}
		*out = export->out.entry;
		export->count++;
		if (export->count % PROGRESS_EVERY == 0)
			output_progress(export->session->app, "exporting", export->count, 0);
		return true;
	}
	*failed_out = export->code != CODE_OK;
	return false;
}

static bool write_out(void *self, struct view bytes)
{
	struct export *export = self;

	if (export->to_stdout)
		return output_text(bytes);
	export->error = file_add(&export->file, bytes);
	return export->error == 0;
}

static enum code port_failed(struct export *export, enum port_result result, const char *path)
{
	struct app *app = export->session->app;
	const char *said = export->session->call.message;

	if (export->code != CODE_OK) /* the source failed, and said why */
		return export->code;
	if (result == PORT_OK && export->error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled");
	if (export->error != 0)
		return app_fail(app, CODE_ERROR, "%s: %s", path, strerror(export->error));
	return app_fail(app, CODE_ERROR, "%s", said[0] == '\0' ? "the export failed" : said);
}

static enum code export_metadj(
    struct export *export, const struct port_source *source, const char *path)
{
	struct session *session = export->session;
	struct app *app = session->app;
	struct bytes passphrase = {0};
	char now[TIME_PRINT_MAX];
	enum port_result result;
	enum code code = CODE_OK;

	if (app->options.encrypt)
		code =
		    terminal_passphrase(app, "Passphrase for the export file", true, &passphrase);
	if (code != CODE_OK)
		return code;
	time_print_ms(clock_wall_ms(&app->clock), now);
	if (!export->to_stdout)
		export->error = file_begin(path, &export->file);
	result = PORT_IO;
	if (export->error == 0)
		result = metadj_export(source,
		    app->options.encrypt ? (const char *)passphrase.data : NULL, now, &app->random,
		    write_out, export, &session->call);
	bytes_clear(&passphrase);
	if (result == PORT_OK && !export->to_stdout)
		export->error = file_commit(&export->file);
	file_abort(&export->file);
	return port_failed(export, result, path);
}

/* Who exports leaves a trace in the log: it is the one way that texts leave in the clear. */
static enum code note_export(struct session *session, uint64_t count, bool encrypted)
{
	char detail[64];

	(void)snprintf(detail, sizeof(detail), "%llu entries%s", (unsigned long long)count,
	    encrypted ? ", encrypted" : "");
	return session_note(session, ACTIVITY_EXPORT, detail);
}

static enum code export_all(struct export *export, bool markdown)
{
	struct session *session = export->session;
	const struct options *options = &session->app->options;
	const struct port_source source = {.self = export, .next = next};
	const struct store_query query = {
	    .collection = options->collection != NULL ? options->collection : "journal",
	    .oldest_first = true,
	};
	uint64_t written = 0;
	enum code code;

	code = session_journal(
	    session, store_list(session->store, &query, see, export, &session->call));
	if (code == CODE_OK && export->ids.failed)
		code = app_fail(session->app, CODE_ERROR, "no memory");
	if (code != CODE_OK)
		return code;
	if (markdown)
		code = port_failed(export,
		    markdown_export(&source, options->output, &session->call, &written),
		    options->output);
	else
		code = export_metadj(export, &source, options->output);
	output_progress_end(session->app);
	if (code != CODE_OK)
		return code;
	return note_export(session, export->count, options->encrypt);
}

static enum code check_options(struct app *app, bool *markdown_out)
{
	const struct options *options = &app->options;
	const char *format = options->format == NULL ? "metadj" : options->format;

	*markdown_out = strcmp(format, "markdown") == 0;
	if (!*markdown_out && strcmp(format, "metadj") != 0)
		return app_fail(app, CODE_USAGE, "there is no format \"%.32s\"", format);
	if (options->output == NULL) {
		app_fail(app, CODE_USAGE, "where to is not said");
		app_hint(app, "pass -o PATH; -o - is standard output");
		return CODE_USAGE;
	}
	if (*markdown_out && options->encrypt)
		return app_fail(app, CODE_USAGE, "a folder of Markdown can't be encrypted");
	if (*markdown_out && strcmp(options->output, "-") == 0)
		return app_fail(app, CODE_USAGE, "markdown is written into a folder");
	return CODE_OK;
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct export export = {.session = &session, .file.fd = -1};
	bool markdown = false;
	enum code code = check_options(app, &markdown);

	if (code != CODE_OK)
		return code;
	export.to_stdout = strcmp(app->options.output, "-") == 0;
	buffer_init(&export.ids, IDS_MAX);
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = export_all(&export, markdown);
	session_close(&session);
	bytes_clear(&export.out.encoded);
	buffer_clear(&export.ids);
	if (code == CODE_OK && export.damaged > 0)
		code = CODE_PARTIAL;
	if ((code != CODE_OK && code != CODE_PARTIAL) || export.to_stdout)
		return code;
	if (!app->options.json)
		output_note(app, "%llu entries in %s", (unsigned long long)export.count,
		    app->options.output);
	else if (!output_json(json_pack("{s:I,s:I}", "exported", (json_int_t) export.count,
		     "damaged", (json_int_t) export.damaged)))
		code = app_fail(app, CODE_ERROR, "the count can't be printed");
	return code;
}

const struct command export_command = {
    .name = "export",
    .args = "[--format metadj|markdown] [--collection NAME] [--encrypt] -o PATH",
    .summary = "Writes entries to an export file or a folder of Markdown",
    .help = "The live entries of the collection journal, or of --collection, oldest first. A\n"
	    "file appears whole or not at all, readable by you alone. --encrypt asks for a\n"
	    "passphrase.\n",
    .options = OPTION_FORMAT | OPTION_OUTPUT | OPTION_ENCRYPT | OPTION_COLLECTION,
    .run = run,
};
