/*
 * cli/app/recover.c: a new device from the recovery code and the bucket, or gateway, alone.
 * Nothing is written before the code was checked against the roster and the person has agreed.
 */
#include "cli/app/recover.h"
#include "cli/app/place.h"
#include "cli/app/sync_run.h"
#include "cli/app/unlock.h"

#include <sodium.h>

enum code recovery_code_read(struct app *app, struct view text, struct recovery_code *out)
{
	char message[CALL_MESSAGE_MAX];

	return recovery_parse(text, out, message) ? CODE_OK
						  : app_fail(app, CODE_WRONG_KEY, "%s", message);
}

struct recovery {
	struct session *session;
	const struct recovery_wish *wish;
	struct bytes roster;
	struct recovery_view view; /* holds a secret */
};

/* A home may have entries, but no other account: whose journal they'd become must be plain. */
static enum code check_home(const struct session *session, const struct recovery_code *code)
{
	const struct sync_facts *facts = &session->facts;

	if (!facts->has_account ||
	    (facts->recovering && account_equal(&facts->account, &code->account)))
		return CODE_OK;
	app_fail(session->app, CODE_ERROR, "this home already belongs to an account");
	app_hint(session->app, "recover into another home: --home DIR");
	return CODE_ERROR;
}

/* It says that it was wiped: with a device's signature? */
static enum code gone(struct recovery *recovery, const struct call *said)
{
	struct session *session = recovery->session;
	struct remote *remote = session->remote;
	struct bytes record = {0};
	struct call call;
	bool proved;

	remote_request(&call, &session->app->clock);
	proved = remote->ops->wipe_record(
		     remote->self, &recovery->wish->code.account, &call, &record) == REMOTE_OK &&
		 account_was_wiped(&recovery->wish->code.account, view_bytes(&record));
	bytes_clear(&record);
	if (!proved)
		return session_remote_result(session, REMOTE_GONE, said);
	return app_fail(session->app, CODE_GONE, "the account was wiped by a device of its own");
}

static enum code fetch_roster(struct recovery *recovery)
{
	struct session *session = recovery->session;
	struct remote *remote = session->remote;
	struct call call;
	enum remote_result result;

	remote_request(&call, &session->app->clock);
	result = remote->ops->roster(
	    remote->self, &recovery->wish->code.account, &call, &recovery->roster);
	if (result == REMOTE_ABSENT) {
		app_fail(session->app, CODE_ERROR, "the account of this code is not in that %s",
		    remote_is_gateway(recovery->wish->url) ? "gateway's bucket" : "bucket");
		app_hint(session->app, "look at the URL; nothing was written");
		return CODE_ERROR;
	}
	if (result == REMOTE_GONE)
		return gone(recovery, &call);
	return session_remote_result(session, result, &call);
}

static enum code ask(struct recovery *recovery)
{
	struct session *session = recovery->session;
	const struct journal *journal = &session->engine.journal;
	const struct recovery_view *view = &recovery->view;
	struct journal_counts counts = {0};
	enum code code;

	code =
	    session_journal(session, journal->ops->counts(journal->self, &session->call, &counts));
	if (code != CODE_OK)
		return code;
	app_note(session->app,
	    "This code opens an account with %zu device%s, in epoch %llu:", view->devices_count,
	    view->devices_count == 1 ? "" : "s", (unsigned long long)view->epoch);
	for (size_t i = 0; i < view->devices_count && i < DEVICES_MAX; i++)
		app_note(session->app, "  %s", view->names[i]);
	if (counts.entries_count + counts.deleted_count > 0)
		app_note(session->app,
		    "The %llu entries of this home stay, and go to the account with the next sync.",
		    (unsigned long long)counts.entries_count);
	return session_confirm(session, "Add this device and fetch the journal?", "y");
}

static enum code store(struct recovery *recovery)
{
	struct session *session = recovery->session;
	struct bytes passphrase = {0};
	enum code code = CODE_OK;

	if (recovery->wish->under_passphrase)
		code = session_new_passphrase(session, &passphrase);
	if (code == CODE_OK)
		code = session_new_keys(session, view_bytes(&passphrase));
	bytes_clear(&passphrase);
	if (code == CODE_OK)
		code = session_engine(
		    session, recovery_store(&session->engine, view_bytes(&recovery->roster),
				 &recovery->view, recovery->wish->device_name, &session->call));
	if (code != CODE_OK)
		return code;
	return session_engine(
	    session, sync_facts_get(&session->engine, &session->call, &session->facts));
}

/* Is what was learnt of the account in an earlier run from that URL? */
static bool is_known(struct session *session, const char *url)
{
	struct bytes known = {0};
	bool same = session_meta(session, META_URL, &known) &&
		    view_equal(view_bytes(&known), view_text(url));

	bytes_clear(&known);
	return same;
}

static enum code recover(struct recovery *recovery, struct sync_totals *totals_out)
{
	struct session *session = recovery->session;
	const char *url = recovery->wish->url;
	const struct sync_asked asked = {.allow_deletions = recovery->wish->allow_deletions};
	struct remote_info info = {0};
	bool goes_on = session->facts.recovering;
	enum code code = check_home(session, &recovery->wish->code);

	session->recovery = &recovery->view.keys; /* there once the code was checked */
	if (code == CODE_OK)
		code = session_remote(session, url, goes_on && is_known(session, url));
	if (code == CODE_OK)
		code = session_ask_gateway(session, url, &info);
	if (code == CODE_OK)
		code = fetch_roster(recovery);
	if (code == CODE_OK)
		code = session_engine(
		    session, recovery_check(&session->engine, view_bytes(&recovery->roster),
				 &recovery->wish->code, &session->call, &recovery->view));
	if (code == CODE_OK && goes_on)
		code = session_unlock(session);
	else if (code == CODE_OK)
		code = ask(recovery);
	if (code == CODE_OK && !goes_on)
		code = session_probe(session, url,
		    "nothing was written, and nothing is lost: copy all its objects, names kept, "
		    "to "
		    "a folder, and recover from there with --bucket dir:FOLDER; man inkseal, "
		    "BUCKETS");
	if (code == CODE_OK)
		code = session_pin_gateway(session, &info);
	if (code == CODE_OK) /* where it goes on: from here now, where the account was found */
		code = session_meta_set(session, META_URL, view_text(url));
	if (code == CODE_OK && !goes_on)
		code = store(recovery);
	if (code == CODE_OK)
		code = sync_run(session, &asked, totals_out);
	return code;
}

static enum code tell(const struct recovery *recovery, struct recovered *out)
{
	struct session *session = recovery->session;
	const struct journal *journal = &session->engine.journal;
	struct journal_counts counts = {0};
	enum code code;

	code =
	    session_journal(session, journal->ops->counts(journal->self, &session->call, &counts));
	if (code != CODE_OK)
		return code;
	out->account = recovery->wish->code.account;
	out->entries = counts.entries_count;
	out->devices = recovery->view.devices_count + 1; /* and this one */
	out->epoch = recovery->view.epoch;
	return CODE_OK;
}

enum code app_recover(
    struct session *session, const struct recovery_wish *wish, struct recovered *out)
{
	struct recovery recovery = {.session = session, .wish = wish};
	struct sync_totals totals = {0};
	enum code code = recover(&recovery, &totals);

	if (code == CODE_OK)
		code = tell(&recovery, out);
	out->head = totals.head;
	session_remote_close(session); /* it has borrowed the recovery device's keys */
	session->recovery = NULL;
	bytes_clear(&recovery.roster);
	sodium_memzero(&recovery.view, sizeof(recovery.view));
	return code;
}
