/*
 * cli/app/export.c: live entries of one collection, oldest first (by the time they were made, then
 * id). Two devices in step write equal files, but for the time of the export itself.
 */
#include "cli/app/export.h"
#include "cli/app/entries.h"
#include "cli/app/host_system.h"
#include "cli/port/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define IDS_MAX (64u << 20) /* bytes of all ids, each with its NUL */
#define PROGRESS_EVERY 256u

struct export
{
	struct session *session;
	const struct export_wish *wish;
	struct buffer ids;
	size_t at;
	struct session_entry out; /* the entry that is out */
	uint64_t count, damaged;
	enum code code; /* why the source failed */
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
			app_warn(export->session->app,
			    "entry %s is damaged and was left out; inkseal show prints what "
			    "can be read of it",
			    id);
			continue;
		}
		*out = export->out.entry;
		export->count++;
		if (export->count % PROGRESS_EVERY == 0)
			export->session->app->host->progress(
			    export->session->app, "exporting", export->count, 0);
		return true;
	}
	*failed_out = export->code != CODE_OK;
	return false;
}

static bool write_out(void *self, struct view bytes)
{
	struct export *export = self;

	if (export->wish->write != NULL)
		return export->wish->write(bytes);
	export->error = file_add(&export->file, bytes);
	return export->error == 0;
}

static enum code port_failed(struct export *export, enum port_result result)
{
	struct app *app = export->session->app;
	const char *said = export->session->call.message;

	if (export->code != CODE_OK) /* the source failed, and said why */
		return export->code;
	if (result == PORT_OK && export->error == 0)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled");
	if (export->error == EINVAL) {
		app_fail(app, CODE_ERROR,
		    "%s is a device or a pipe, which no file can take the place of",
		    export->wish->path);
		app_hint(app, "-o - writes to standard output, which the shell leads anywhere");
		return CODE_ERROR;
	}
	if (export->error != 0)
		return app_fail(
		    app, CODE_ERROR, "%s: %s", export->wish->path, strerror(export->error));
	return app_fail(app, CODE_ERROR, "%s", said[0] == '\0' ? "the export failed" : said);
}

static enum code export_metadj(
    struct export *export, const struct port_source *source, struct view passphrase)
{
	struct session *session = export->session;
	bool to_file = export->wish->write == NULL;
	char now[TIME_PRINT_MAX];
	enum port_result result = PORT_IO;

	time_print_ms(clock_wall_ms(&session->app->clock), now);
	if (to_file)
		export->error = file_begin(export->wish->path, &export->file);
	if (export->error == 0)
		result = metadj_export(source, (const char *)passphrase.data, now,
		    &session->app->random, write_out, export, &session->call);
	if (result == PORT_OK && to_file)
		export->error = file_commit(&export->file);
	file_abort(&export->file);
	return port_failed(export, result);
}

/* Who exports leaves a trace in the log: it is the one way that texts leave in the clear. */
static enum code note_export(struct session *session, uint64_t count, bool encrypted)
{
	char detail[64];

	(void)snprintf(detail, sizeof(detail), "%llu entries%s", (unsigned long long)count,
	    encrypted ? ", encrypted" : "");
	return session_note(session, ACTIVITY_EXPORT, detail);
}

static enum code export_all(struct export *export, struct view passphrase)
{
	struct session *session = export->session;
	const struct export_wish *wish = export->wish;
	const struct port_source source = {.self = export, .next = next};
	const struct store_query query = {.collection = wish->collection, .oldest_first = true};
	uint64_t written = 0;
	enum code code = session_list(session, &query, see, export);

	if (code == CODE_OK && export->ids.failed)
		code = app_fail(session->app, CODE_ERROR, "no memory");
	if (code != CODE_OK)
		return code;
	if (wish->markdown)
		code = port_failed(
		    export, markdown_export(&source, wish->path, &session->call, &written));
	else
		code = export_metadj(export, &source, passphrase);
	session->app->host->progress_end(session->app);
	if (code != CODE_OK)
		return code;
	return note_export(session, export->count, wish->encrypt);
}

enum code app_export(struct session *session, const struct export_wish *wish, struct exported *out)
{
	struct export export = {.session = session, .wish = wish, .file.fd = -1};
	struct bytes passphrase = {0};
	enum code code = CODE_OK;

	buffer_init(&export.ids, IDS_MAX);
	if (wish->encrypt)
		code = session_passphrase(
		    session, "Passphrase for the export file", true, &passphrase);
	if (code == CODE_OK)
		code = export_all(&export, view_bytes(&passphrase));
	bytes_clear(&passphrase);
	bytes_clear(&export.out.encoded);
	buffer_clear(&export.ids);
	if (code == CODE_OK)
		*out = (struct exported){.count = export.count, .damaged = export.damaged};
	return code;
}
