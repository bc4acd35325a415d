/*
 * cli/app/entries.c: the journal's entries.
 */
#include "cli/app/entries.h"

#include <string.h>

enum code session_resolve(struct session *session, const char *text, struct bytes *id_out)
{
	enum journal_result result;

	session->call.message[0] = '\0';
	result = store_resolve(session->store, text, &session->call, id_out);
	session->missing = result == JOURNAL_NONE;
	if (!session->missing)
		return session_journal(session, result);
	app_fail(session->app, CODE_ERROR, "%.64s: %s", text,
	    session->call.message[0] == '\0' ? "there is no such entry, or there are several"
					     : session->call.message);
	app_hint(session->app, "inkseal list shows the ids");
	return CODE_ERROR;
}

enum code session_damaged(struct session *session, struct view id)
{
	app_fail(session->app, CODE_ERROR, "entry %.*s is damaged and can't be read", (int)id.len,
	    (const char *)id.data);
	app_hint(session->app,
	    "inkseal history lists older versions, inkseal restore ID --version N brings one "
	    "back; an import of a backup heals the entry, inkseal rm deletes it");
	return CODE_ERROR;
}

/* Reads encoded as what version says; *sound_out: it is that. */
static enum code read_entry(struct session *session, const struct digest *version,
    const struct bytes *encoded, struct entry *entry_out, bool *sound_out)
{
	struct digest have;
	enum format_result format = entry_read(view_bytes(encoded), entry_out, &have);

	if (format == FORMAT_NO_MEMORY)
		return app_fail(session->app, CODE_ERROR, "no memory for the entry");
	*sound_out = format == FORMAT_OK && digest_equal(&have, version);
	if (format != FORMAT_OK)
		*entry_out = (struct entry){0};
	return CODE_OK;
}

enum code session_entry(struct session *session, struct view id, const struct digest *version,
    struct session_entry *out)
{
	const struct journal *journal = &session->engine.journal;
	struct journal_entry state = {0};
	struct session_entry entry = {0};
	enum journal_result result = JOURNAL_OK;
	enum code code;

	if (version == NULL) {
		result = journal->ops->entry_get(journal->self, id, &session->call, &state);
		if (result == JOURNAL_OK && !state.has_local)
			result = JOURNAL_NONE;
		version = &state.local;
	}
	if (result == JOURNAL_OK)
		result = journal->ops->version_get(
		    journal->self, version, &session->call, &entry.encoded);
	if (result != JOURNAL_OK)
		return session_journal(session, result);
	entry.version = *version;
	code = read_entry(session, version, &entry.encoded, &entry.entry, &entry.sound);
	if (code == CODE_OK)
		*out = entry;
	else
		bytes_clear(&entry.encoded);
	return code;
}

struct version_search {
	uint64_t number;
	bool found;
	struct digest version;
};

static bool see_version(void *self, const struct store_history *row)
{
	struct version_search *search = self;

	if (row->number != search->number)
		return true;
	search->found = true;
	search->version = row->version;
	return false;
}

enum code session_version(
    struct session *session, struct view id, uint64_t number, struct digest *out)
{
	struct version_search search = {.number = number};
	enum code code;

	code = session_history(session, id, see_version, &search);
	if (code != CODE_OK)
		return code;
	if (!search.found) {
		app_fail(session->app, CODE_ERROR, "the entry has no version %llu",
		    (unsigned long long)number);
		app_hint(session->app, "inkseal history ID shows them");
		return CODE_ERROR;
	}
	*out = search.version;
	return CODE_OK;
}

enum code session_new(
    struct session *session, const struct entry *entry, char id_out[COPY_ID_LEN + 1])
{
	struct edit_outcome outcome;
	struct entry made = *entry;

	entry_id_new(&session->app->random, id_out);
	made.id = view_text(id_out);
	return session_save(session, &made, NULL, &outcome);
}

enum code session_save(struct session *session, const struct entry *entry,
    const struct digest *begun_on, struct edit_outcome *out)
{
	return session_engine(
	    session, edit_save(&session->engine, entry, begun_on, &session->call, out));
}

enum code session_delete(struct session *session, struct view id)
{
	return session_engine(session, edit_delete(&session->engine, id, &session->call));
}

enum code session_restore(struct session *session, struct view id, const struct digest *version)
{
	return session_engine(session, edit_restore(&session->engine, id, version, &session->call));
}

enum code session_list(struct session *session, const struct store_query *query,
    bool (*see)(void *self, const struct store_item *item), void *self)
{
	return session_journal(
	    session, store_list(session->store, query, see, self, &session->call));
}

enum code session_history(struct session *session, struct view id,
    bool (*see)(void *self, const struct store_history *row), void *self)
{
	return session_journal(
	    session, store_history(session->store, id, see, self, &session->call));
}

enum code session_activity(struct session *session, uint64_t limit,
    bool (*see)(void *self, const struct store_activity *row), void *self)
{
	return session_journal(
	    session, store_activity(session->store, limit, see, self, &session->call));
}

enum code session_overview(struct session *session, struct overview *out)
{
	const struct journal *journal = &session->engine.journal;
	struct overview overview = {.url = {0}};
	enum code code;

	code = session_journal(
	    session, journal->ops->counts(journal->self, &session->call, &overview.counts));
	if (code == CODE_OK)
		code = session_engine(
		    session, sync_root_get(&session->engine, &session->call, overview.root));
	if (code != CODE_OK)
		return code;
	if (session->facts.has_account && !session_meta(session, META_URL, &overview.url))
		app_warn(session->app, "where it syncs to is not known; run inkseal doctor");
	*out = overview;
	return CODE_OK;
}
