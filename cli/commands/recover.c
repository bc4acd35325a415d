/*
 * cli/commands/recover.c: a new device from the recovery code and the bucket, or gateway, alone.
 * Nothing is written before the code was checked against the roster and the person has agreed.
 */
#include "cli/commands/device_name.h"
#include "cli/commands/output.h"
#include "cli/commands/sync_run.h"
#include "cli/commands/terminal.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define CODE_TEXT_MAX 1024u /* what may be on standard input: a code, and blanks around it */

struct recovery {
	struct session *session;
	struct bytes url;
	struct recovery_code code; /* a secret */
	struct bytes roster;
	struct recovery_view view; /* holds a secret */
};

static void recovery_clear(struct recovery *recovery)
{
	bytes_clear(&recovery->url);
	bytes_clear(&recovery->roster);
	sodium_memzero(&recovery->code, sizeof(recovery->code));
	sodium_memzero(&recovery->view, sizeof(recovery->view));
}

static enum code read_code(struct app *app, struct recovery_code *out)
{
	char message[CALL_MESSAGE_MAX];
	struct bytes text = {0};
	enum code code;

	if (terminal_stdin_wanted(app))
		code = terminal_stdin(app, CODE_TEXT_MAX, &text);
	else
		code = terminal_ask(
		    app, "Recovery code: ", "the recovery code on standard input", &text);
	if (code == CODE_OK && !recovery_parse(view_bytes(&text), out, message))
		code = app_fail(app, CODE_WRONG_KEY, "%s", message);
	bytes_clear(&text);
	return code;
}

/* A bucket opened by a mistyped path would be made, and say that the account is missing. */
static enum code check_folder(struct app *app, const char *url)
{
	struct stat info;

	if (strncmp(url, "dir:", 4) != 0 || stat(url + 4, &info) == 0)
		return CODE_OK;
	return app_fail(app, CODE_ERROR, "there is no folder %s", url + 4);
}

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
	proved = remote->ops->wipe_record(remote->self, &recovery->code.account, &call, &record) ==
		     REMOTE_OK &&
		 account_was_wiped(&recovery->code.account, view_bytes(&record));
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
	result =
	    remote->ops->roster(remote->self, &recovery->code.account, &call, &recovery->roster);
	if (result == REMOTE_ABSENT) {
		app_fail(session->app, CODE_ERROR, "the account of this code is not in that %s",
		    remote_is_gateway((const char *)recovery->url.data) ? "gateway's bucket"
									: "bucket");
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
	output_note(session->app,
	    "This code opens an account with %zu device%s, in epoch %llu:", view->devices_count,
	    view->devices_count == 1 ? "" : "s", (unsigned long long)view->epoch);
	for (size_t i = 0; i < view->devices_count && i < DEVICES_MAX; i++)
		output_note(session->app, "  %s", view->names[i]);
	if (counts.entries_count + counts.deleted_count > 0)
		output_note(session->app,
		    "The %llu entries of this home stay, and go to the account with the next sync.",
		    (unsigned long long)counts.entries_count);
	return terminal_confirm(session->app, "Add this device and fetch the journal?", "y");
}

static enum code store(struct recovery *recovery)
{
	struct session *session = recovery->session;
	char name[DEVICE_NAME_MAX + 1];
	enum code code;

	code = device_name(session->app, name);
	if (code == CODE_OK)
		code = session_new_keys(session);
	if (code == CODE_OK)
		code = session_engine(
		    session, recovery_store(&session->engine, view_bytes(&recovery->roster),
				 &recovery->view, name, &session->call));
	if (code != CODE_OK)
		return code;
	return session_engine(
	    session, sync_facts_get(&session->engine, &session->call, &session->facts));
}

static enum code report(const struct recovery *recovery, const struct sync_totals *totals)
{
	struct session *session = recovery->session;
	const struct journal *journal = &session->engine.journal;
	struct journal_counts counts = {0};
	size_t devices_count = recovery->view.devices_count + 1; /* and this one */
	enum code code;
	bool done;

	code =
	    session_journal(session, journal->ops->counts(journal->self, &session->call, &counts));
	if (code != CODE_OK)
		return code;
	if (session->app->options.json)
		done = output_json(json_pack("{s:o,s:I,s:I,s:I,s:{s:I,s:o}}", "account",
		    output_hex(recovery->code.account.bytes, ACCOUNT_ID_LEN), "entries",
		    (json_int_t)counts.entries_count, "devices", (json_int_t)devices_count, "epoch",
		    (json_int_t)recovery->view.epoch, "head", "seq", (json_int_t)totals->head.seq,
		    "hash", output_hex(totals->head.hash.bytes, DIGEST_LEN)));
	else
		done = output_printf("recovered: %llu entries; this is one of %zu devices now\n",
		    (unsigned long long)counts.entries_count, devices_count);
	return done ? CODE_OK : app_fail(session->app, CODE_ERROR, "the result can't be printed");
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

static enum code recover(struct recovery *recovery)
{
	struct session *session = recovery->session;
	const char *url = (const char *)recovery->url.data;
	struct sync_totals totals = {0};
	struct remote_info info = {0};
	bool goes_on = session->facts.recovering;
	enum code code = check_home(session, &recovery->code);

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
				 &recovery->code, &session->call, &recovery->view));
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
		code = session_meta_set(session, META_URL, view_bytes(&recovery->url));
	if (code == CODE_OK && !goes_on)
		code = store(recovery);
	if (code == CODE_OK)
		code = sync_run(session, &recovery->view.keys, &totals);
	return code == CODE_OK ? report(recovery, &totals) : code;
}

static enum code chosen_url(struct app *app, const char **url_out)
{
	const struct options *options = &app->options;
	const char *url = options->gateway != NULL ? options->gateway : options->bucket;

	if (url == NULL) {
		app_fail(app, CODE_USAGE, "where the account is, is not said");
		app_hint(app, "pass --bucket URL or --gateway URL");
		return CODE_USAGE;
	}
	if (options->gateway != NULL && options->bucket != NULL)
		return app_fail(app, CODE_USAGE, "--bucket or --gateway: one of the two");
	if (remote_is_gateway(url) != (options->gateway != NULL)) {
		app_fail(app, CODE_USAGE, "a gateway's URL begins with https:// or http://");
		app_hint(app, "--gateway goes with it, --bucket with the others");
		return CODE_USAGE;
	}
	*url_out = url;
	return plain_http_allowed(app, url);
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct recovery recovery = {.session = &session};
	const char *url = NULL;
	enum code code = chosen_url(app, &url);

	if (code == CODE_OK)
		code = url_absolute(app, url, &recovery.url);
	if (code == CODE_OK)
		code = check_folder(app, (const char *)recovery.url.data);
	if (code == CODE_OK)
		code = read_code(app, &recovery.code);
	if (code == CODE_OK)
		code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK)
		code = recover(&recovery);
	session_close(&session);
	recovery_clear(&recovery);
	return code;
}

const struct command recover_command = {
    .name = "recover",
    .args = "--bucket URL | --gateway URL [--insecure-http] [--name NAME] [--passphrase]",
    .summary = "Adds this device by the recovery code, and fetches the journal",
    .help = "The code is read from standard input, or asked for. Shows what the code opens\n"
	    "and asks before anything is written; --yes skips the question. Then a bucket is\n"
	    "tried, as by sync on: the right to write there is needed. Entries that are in\n"
	    "this home already stay, and go to the account too.\n",
    .options =
	OPTION_BUCKET | OPTION_GATEWAY | OPTION_INSECURE_HTTP | OPTION_NAME | OPTION_PASSPHRASE,
    .run = run,
};
