/*
 * cli/commands/sync.c: the switch, and one sync.
 */
#include "cli/commands/device_name.h"
#include "cli/commands/output.h"
#include "cli/commands/sync_run.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* ---- sync ---- */

static bool print_totals(const struct session *session, const struct sync_totals *totals)
{
	const struct bucket_counts *counts = &session->counts;

	if (session->app->options.json)
		return output_json(json_pack(
		    "{s:I,s:I,s:I,s:{s:I,s:o},s:{s:I,s:I,s:I,s:I},s:{s:I,s:I}}", "pushed",
		    (json_int_t)totals->pushed, "pulled", (json_int_t)totals->pulled, "conflicts",
		    (json_int_t)totals->conflicts, "head", "seq", (json_int_t)totals->head.seq,
		    "hash", output_hex(totals->head.hash.bytes, DIGEST_LEN), "requests", "get",
		    (json_int_t)counts->get, "put", (json_int_t)counts->put, "list",
		    (json_int_t)counts->list, "delete", (json_int_t)counts->remove, "bytes", "up",
		    (json_int_t)counts->bytes_up, "down", (json_int_t)counts->bytes_down));
	if (session->app->options.quiet)
		return true;
	if (totals->pushed == 0 && totals->pulled == 0)
		return printf("in step: nothing to push or pull\n") >= 0;
	return printf("%llu pushed, %llu pulled, %llu conflicts settled\n",
		   (unsigned long long)totals->pushed, (unsigned long long)totals->pulled,
		   (unsigned long long)totals->conflicts) >= 0;
}

static enum code check_set_up(struct session *session)
{
	struct app *app = session->app;

	if (!session->facts.has_account) {
		app_fail(app, CODE_NOT_SET_UP, "sync is not set up");
		app_hint(app, "inkseal sync on dir:FOLDER switches it on");
		return CODE_NOT_SET_UP;
	}
	if (!session->facts.on) {
		app_fail(app, CODE_NOT_SET_UP, "sync is off");
		app_hint(app, "inkseal sync on URL, with the same URL, switches it on again");
		return CODE_NOT_SET_UP;
	}
	if (session->facts.recovering) {
		app_fail(app, CODE_NOT_SET_UP, "the recovery of this device was interrupted");
		app_hint(app, "inkseal recover --bucket URL, with the same code, goes on with it");
		return CODE_NOT_SET_UP;
	}
	return CODE_OK;
}

static enum code sync_once(struct session *session)
{
	struct sync_totals totals = {0};
	enum code code = check_set_up(session);

	if (code == CODE_OK)
		code = session_unlock(session);
	if (code == CODE_OK)
		code = session_own_remote(session);
	if (code == CODE_OK)
		code = sync_run(session, NULL, &totals);
	if (code == CODE_OK && !print_totals(session, &totals))
		code = app_fail(session->app, CODE_ERROR, "the result can't be printed");
	return code;
}

/* ---- sync off ---- */

static enum code switch_off(struct session *session)
{
	struct app *app = session->app;
	enum code code;

	if (!session->facts.has_account || !session->facts.on) {
		output_note(app, "sync is off already");
	} else {
		code =
		    session_engine(session, sync_switch(&session->engine, false, &session->call));
		if (code != CODE_OK)
			return code;
		output_note(app, "sync is off; the journal stays here, the account in the cloud");
	}
	if (app->options.json && !output_json(json_pack("{s:b}", "on", 0)))
		return app_fail(app, CODE_ERROR, "the answer can't be printed");
	return CODE_OK;
}

/* ---- sync on ---- */

static bool print_account(
    const struct app *app, const struct account_id *account, const struct recovery_code *code)
{
	char text[RECOVERY_TEXT_MAX];
	char hex[2 * ACCOUNT_ID_LEN + 1];
	bool done;

	text[0] = '\0';
	if (code != NULL)
		recovery_print(code, text);
	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	if (app->options.json) {
		done = output_json(json_pack(
		    "{s:s,s:s?}", "account", hex, "recoveryCode", code == NULL ? NULL : text));
	} else if (code == NULL) {
		done = printf("account %s\n", hex) >= 0;
	} else {
		char bar[sizeof(text) + 4];
		size_t len = strlen(text) + 4;

		memset(bar, '-', len);
		bar[len] = '\0';
		done =
		    printf(
			"account %s\n\n+%.*s+\n|  %s  |\n+%.*s+\n\n"
			"This is the recovery code. Write it down and keep it on paper: it alone "
			"gives your\njournal back when all devices are lost, and adds a new "
			"device. "
			"Who has it can read\nyour journal. It is not shown again.\n",
			hex, (int)len, bar, text, (int)len, bar) >= 0;
	}
	sodium_memzero(text, sizeof(text));
	return done;
}

/* The URL goes first: it harms nobody without an account, and an account without it is lost. */
static enum code begin_account(struct session *session, const char *url)
{
	struct app *app = session->app;
	struct account_new account = {0};
	char name[DEVICE_NAME_MAX + 1];
	struct call call;
	enum code code = device_name(app, name);

	if (code == CODE_OK)
		code = session_new_keys(session);
	if (code == CODE_OK)
		code = session_remote(session, url, false);
	if (code == CODE_OK)
		code = session_engine(
		    session, account_begin(&session->engine, name, &session->call, &account));
	if (code == CODE_OK)
		code = session_meta_set(session, META_URL, view_text(url));
	if (code != CODE_OK)
		goto done;
	remote_request(&call, &app->clock);
	code = session_remote_result(session,
	    session->remote->ops->create(
		session->remote->self, &account.account, view_bytes(&account.create), &call),
	    &call);
	if (code == CODE_OK)
		code = session_engine(
		    session, account_store(&session->engine, &account, &session->call));
	if (code == CODE_OK)
		code = session_refresh(session);
	if (code == CODE_OK && !print_account(app, &account.account, &account.code))
		code = app_fail(app, CODE_ERROR, "the recovery code could not be shown");
done:
	account_new_clear(&account);
	return code;
}

/* True: a signed record says so. An account that is merely missing is not given up. */
static bool account_is_gone(struct session *session)
{
	struct bytes record = {0};
	struct call call;
	bool gone;

	remote_request(&call, &session->app->clock);
	gone = session->remote->ops->wipe_record(
		   session->remote->self, &session->facts.account, &call, &record) == REMOTE_OK;
	bytes_clear(&record);
	return gone;
}

static enum code forget_account(struct session *session)
{
	enum code code = session_engine(session, account_forget(&session->engine, &session->call));

	if (code == CODE_OK)
		code = session_refresh(session);
	return code;
}

static enum code other_url(struct session *session, const char *known)
{
	app_fail(session->app, CODE_ERROR, "this journal already syncs with %.256s", known);
	app_hint(session->app,
	    "inkseal wipe deletes the cloud data there; then sync on elsewhere begins anew");
	return CODE_ERROR;
}

/* There is an account: the same URL switches it on again, unless it was wiped meanwhile. */
static enum code switch_on_again(struct session *session, const char *url)
{
	struct app *app = session->app;
	struct bytes known = {0};
	enum code code = CODE_OK;

	if (session_meta(session, META_URL, &known) &&
	    !view_equal(view_bytes(&known), view_text(url)) && session->facts.on) {
		code = other_url(session, (const char *)known.data);
		goto done;
	}
	if (session->facts.on) {
		output_note(app, "sync is on already");
	} else {
		code = session_remote(
		    session, known.data != NULL ? (const char *)known.data : url, true);
		if (code == CODE_OK && account_is_gone(session)) {
			remote_close(session->remote);
			session->remote = NULL;
			output_note(app, "the old account was wiped; a new one is begun");
			code = forget_account(session);
			if (code == CODE_OK)
				code = begin_account(session, url);
			goto done;
		}
		if (code == CODE_OK && known.data != NULL &&
		    !view_equal(view_bytes(&known), view_text(url)))
			code = other_url(session, (const char *)known.data);
		if (code == CODE_OK)
			code = session_engine(
			    session, sync_switch(&session->engine, true, &session->call));
		if (code != CODE_OK)
			goto done;
		output_note(app, "sync is on again");
	}
	if (!print_account(app, &session->facts.account, NULL))
		code = app_fail(app, CODE_ERROR, "the account can't be printed");
done:
	bytes_clear(&known);
	return code;
}

static enum code switch_on(struct session *session)
{
	struct bytes url = {0};
	enum code code = url_absolute(session->app, session->app->options.args[1], &url);

	if (code != CODE_OK)
		return code;
	if (session->facts.has_account)
		code = switch_on_again(session, (const char *)url.data);
	else
		code = begin_account(session, (const char *)url.data);
	bytes_clear(&url);
	return code;
}

/* ---- the command ---- */

static enum code run(struct app *app)
{
	const struct options *options = &app->options;
	const char *word = options->args_count > 0 ? options->args[0] : "";
	struct session session = {0};
	bool on = strcmp(word, "on") == 0 && options->args_count == 2;
	bool off = strcmp(word, "off") == 0 && options->args_count == 1;
	enum code code;

	if (options->args_count > 0 && !on && !off) {
		app_fail(app, CODE_USAGE, "it is: sync, sync on URL, or sync off");
		app_hint(app, "try: inkseal sync --help");
		return CODE_USAGE;
	}
	if (!on && (options->given & (OPTION_NAME | OPTION_PASSPHRASE)) != 0)
		return app_fail(app, CODE_USAGE, "--name and --passphrase go with sync on URL");
	code = session_open(app, SESSION_WRITE, &session);
	if (code == CODE_OK && on)
		code = switch_on(&session);
	else if (code == CODE_OK && off)
		code = switch_off(&session);
	else if (code == CODE_OK)
		code = sync_once(&session);
	session_close(&session);
	return code;
}

const struct command sync_command = {
    .name = "sync",
    .args = "[on URL [--name NAME] [--passphrase] | off]",
    .summary = "Syncs once; sync on URL and sync off are the switch",
    .help = "sync on dir:FOLDER begins an account there and prints the recovery code, once.\n"
	    "With --passphrase this device's keys are kept under a passphrase, which each\n"
	    "sync asks for. sync off stops syncing and keeps everything where it is.\n",
    .options = OPTION_NAME | OPTION_PASSPHRASE,
    .args_max = 2,
    .run = run,
};
