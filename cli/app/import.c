/*
 * cli/app/import.c: entries from an export file or a folder of Markdown, in one transaction: all
 * that holds, or nothing.
 */
#include "cli/app/import.h"
#include "cli/app/host_system.h"
#include "cli/port/port.h"

#include <stdio.h>

#define DROPPED_SHOWN_MAX 20u
#define PROGRESS_EVERY 256u

struct import {
	struct session *session;
	struct imported counts;
	enum engine_result result; /* of the entry that stopped it */
};

static void show_dropped(struct import *import, const char *where, const char *reason)
{
	import->counts.dropped++;
	if (import->counts.dropped <= DROPPED_SHOWN_MAX)
		app_note(import->session->app, "left out: %s: %s", where, reason);
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
	case IMPORT_ADDED: import->counts.added++; break;
	case IMPORT_UPDATED: import->counts.updated++; break;
	case IMPORT_SKIPPED: import->counts.skipped++; break;
	}
	all = import->counts.added + import->counts.updated + import->counts.skipped;
	if (all % PROGRESS_EVERY == 0)
		session->app->host->progress(session->app, "importing", all, 0);
	return !system_cancelled();
}

static bool take_dropped(void *self, const char *where, const char *reason)
{
	show_dropped(self, where, reason);
	return !system_cancelled();
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

/* An encrypted file says that it needs a passphrase before any entry comes out of it. */
static enum port_result read_all(
    struct import *import, const struct import_source *source, const char *passphrase)
{
	struct session *session = import->session;
	const struct port_sink sink = {
	    .self = import, .entry = take_entry, .dropped = take_dropped};

	if (source->folder != NULL)
		return markdown_import(source->folder, &session->app->random, &session->app->clock,
		    &sink, &session->call);
	return metadj_import(source->file, passphrase, &sink, &session->call);
}

/* passphrase NULL: none is known; *locked_out: but one is needed, and nothing else was done. */
static enum code import_all(struct import *import, const struct import_source *source,
    const char *passphrase, bool *locked_out)
{
	struct session *session = import->session;
	enum port_result result;
	enum code code = session_engine(session, import_begin(&session->engine, &session->call));

	if (code != CODE_OK)
		return code;
	result = read_all(import, source, passphrase);
	session->app->host->progress_end(session->app);
	*locked_out = result == PORT_PASSPHRASE && passphrase == NULL;
	code = *locked_out ? CODE_OK : port_failed(import, result);
	if (code == CODE_OK && !*locked_out)
		return session_engine(session, import_commit(&session->engine, import->counts.added,
						   import->counts.updated, &session->call));
	import_rollback(&session->engine);
	return code;
}

enum code app_import(
    struct session *session, const struct import_source *source, struct imported *out)
{
	struct import import = {.session = session};
	struct bytes passphrase = {0};
	bool locked = false;
	enum code code = import_all(&import, source, NULL, &locked);

	if (code == CODE_OK && locked) {
		code = session_passphrase(
		    session, "Passphrase of the export file", false, &passphrase);
		if (code == CODE_OK)
			code = import_all(&import, source, (const char *)passphrase.data, &locked);
		bytes_clear(&passphrase);
	}
	if (code != CODE_OK)
		return code;
	if (import.counts.dropped > DROPPED_SHOWN_MAX)
		app_note(session->app, "left out: %llu more",
		    (unsigned long long)(import.counts.dropped - DROPPED_SHOWN_MAX));
	*out = import.counts;
	return CODE_OK;
}
