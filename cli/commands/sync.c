/*
 * cli/commands/sync.c: the switch, and one sync.
 */
#include "cli/commands/begun.h"
#include "cli/commands/device_name.h"
#include "cli/commands/output.h"
#include "cli/commands/sync_run.h"
#include "cli/commands/system.h"
#include "cli/commands/terminal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define INVITE_TEXT_MAX 1024u /* what may be on standard input: a token, a line's end */
#define CREATE_TRIES 10u
#define CREATE_WAIT_MAX_MS 10000

/* ---- sync ---- */

static bool print_totals(const struct session *session, const struct sync_totals *totals)
{
	const struct bucket_counts *counts = &session->counts;
	json_t *reset = NULL; /* told to who asked for one */

	if (session->app->options.json && session->app->options.reseed)
		reset = json_boolean(totals->reset);
	if (session->app->options.json)
		return output_json(json_pack(
		    "{s:I,s:I,s:I,s:o*,s:{s:I,s:o},s:{s:I,s:I,s:I,s:I},s:{s:I,s:I}}", "pushed",
		    (json_int_t)totals->pushed, "pulled", (json_int_t)totals->pulled, "conflicts",
		    (json_int_t)totals->conflicts, "reset", reset, "head", "seq",
		    (json_int_t)totals->head.seq, "hash",
		    output_hex(totals->head.hash.bytes, DIGEST_LEN), "requests", "get",
		    (json_int_t)counts->get, "put", (json_int_t)counts->put, "list",
		    (json_int_t)counts->list, "delete", (json_int_t)counts->remove, "bytes", "up",
		    (json_int_t)counts->bytes_up, "down", (json_int_t)counts->bytes_down));
	if (session->app->options.quiet)
		return true;
	if (totals->reset && !output_printf("the cloud copy was begun anew from this device\n"))
		return false;
	if (session->app->options.reseed && !totals->reset)
		output_note(session->app, "the cloud copy can be followed: nothing was begun anew");
	if (totals->pushed == 0 && totals->pulled == 0)
		return output_printf("in step: nothing to push or pull\n");
	return output_printf("%llu pushed, %llu pulled, %llu conflicts settled\n",
	    (unsigned long long)totals->pushed, (unsigned long long)totals->pulled,
	    (unsigned long long)totals->conflicts);
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
		app_hint(app, "inkseal recover, with the same URL and code, goes on with it");
		return CODE_NOT_SET_UP;
	}
	return CODE_OK;
}

/* Nothing is asked of who syncs in the ordinary way. */
static enum code ask_reseed(struct app *app)
{
	if (!app->options.reseed)
		return CODE_OK;
	output_note(app, "if the cloud copy is older than what this device has seen, or cannot be "
			 "followed, it is begun anew from this device");
	output_note(app, "other devices keep what they have and send what is missing; where two "
			 "differ, the later stays and the other is kept in the history");
	output_note(app, "what is in the cloud copy alone, and on no device, is lost");
	return terminal_confirm(app, "Begin the cloud copy anew, if need be?", "y");
}

static enum code sync_once(struct session *session)
{
	struct sync_totals totals = {0};
	enum code code = check_set_up(session);

	if (code == CODE_OK)
		code = ask_reseed(session->app);
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
		done = output_printf("account %s\n", hex);
	} else {
		char bar[sizeof(text) + 4];
		size_t len = strlen(text) + 4;

		memset(bar, '-', len);
		bar[len] = '\0';
		done = output_printf(
		    "account %s\n\n+%.*s+\n|  %s  |\n+%.*s+\n\n"
		    "This is the recovery code. Write it down and keep it on paper: it alone "
		    "gives your\njournal back when all devices are lost, and adds a new "
		    "device. "
		    "Who has it can read\nyour journal. It is not shown again.\n",
		    hex, (int)len, bar, text, (int)len, bar);
	}
	sodium_memzero(text, sizeof(text));
	return done;
}

/*
 * An invite is good for one account: so what the gateway may have made of a request whose answer
 * was lost is asked for again, for as long as the person is likely to wait.
 */
static enum code create_account(struct session *session, const struct account_new *account)
{
	struct app *app = session->app;
	struct remote *remote = session->remote;
	enum remote_result result = REMOTE_LATER;
	struct call call;
	enum code code;

	for (unsigned i = 0; i < CREATE_TRIES && result == REMOTE_LATER; i++) {
		if (i > 0 && !system_wait(call.retry_after_ms))
			break;
		remote_request(&call, &app->clock);
		result = remote->ops->create(
		    remote->self, &account->account, view_bytes(&account->create), &call);
		if (call.retry_after_ms <= 0 || call.retry_after_ms > CREATE_WAIT_MAX_MS)
			break;
	}
	code = session_remote_result(session, result, &call);
	if (result == REMOTE_REFUSED ||
	    result == REMOTE_GONE) /* it does not stand: another name or invite may be tried */
		begun_remove(session);
	if (result == REMOTE_REFUSED && session->invite.len == 0)
		app_hint(app, "a gateway takes a new account by --invite TOKEN: ask who runs it");
	return code;
}

/*
 * The account that an earlier run began here, and was cut off from asking for or from showing: with
 * the keys it has in its home. Else *begun_out is false.
 */
static enum code resume_account(
    struct session *session, const char *url, struct account_new *account, bool *begun_out)
{
	enum code code;

	if (!begun_read(session, url, account))
		return CODE_OK;
	code = session_unlock(session);
	if (code != CODE_OK)
		return code;
	if (!begun_is_of(account, &session->keys, begun_out))
		code = app_fail(session->app, CODE_ERROR, "no memory");
	if (!*begun_out)
		account_new_clear(account);
	return code;
}

static enum code make_account(struct session *session, const char *url, struct account_new *account)
{
	char name[DEVICE_NAME_MAX + 1];
	enum code code = device_name(session->app, name);

	if (code == CODE_OK)
		code = session_new_keys(session);
	if (code == CODE_OK)
		code = session_engine(
		    session, account_begin(&session->engine, name, &session->call, account));
	if (code == CODE_OK)
		code = begun_write(session, url, account);
	return code;
}

/* The URL goes first: it harms nobody without an account, and an account without it is lost. */
static enum code begin_account(struct session *session, const char *url)
{
	struct app *app = session->app;
	struct account_new account = {0};
	struct remote_info info = {0};
	bool begun = false;
	enum code code = session_remote(session, url, false);

	if (code == CODE_OK)
		code = session_ask_gateway(session, url, &info);
	if (code == CODE_OK)
		code = session_pin_gateway(session, &info);
	if (code == CODE_OK)
		code = resume_account(session, url, &account, &begun);
	if (code == CODE_OK && !begun) /* else it was tried then */
		code = session_probe(session, url,
		    "nothing was begun, and the journal here is whole: choose a bucket of another "
		    "store, or a folder on a local disk, dir:FOLDER; man inkseal, BUCKETS, names "
		    "some");
	if (code == CODE_OK && !begun)
		code = make_account(session, url, &account);
	if (code == CODE_OK)
		code = session_meta_set(session, META_URL, view_text(url));
	if (code == CODE_OK)
		code = create_account(session, &account);
	if (code == CODE_OK)
		code = session_engine(
		    session, account_store(&session->engine, &account, &session->call));
	if (code == CODE_OK)
		code = session_refresh(session);
	if (code == CODE_OK &&
	    (!print_account(app, &account.account, &account.code) || !output_finish()))
		code = app_fail(app, CODE_ERROR, "the recovery code could not be shown");
	if (code == CODE_OK)
		begun_remove(session);
	account_new_clear(&account);
	return code;
}

/* Sync is on, but the run that switched it on did not come to show the code. */
static bool show_unseen(struct session *session, const char *url, enum code *code_out)
{
	struct account_new account = {0};

	if (!begun_read(session, url, &account))
		return false;
	if (!account_equal(&account.account, &session->facts.account)) {
		account_new_clear(&account);
		return false;
	}
	if (print_account(session->app, &account.account, &account.code) && output_finish())
		begun_remove(session);
	else
		*code_out =
		    app_fail(session->app, CODE_ERROR, "the recovery code could not be shown");
	account_new_clear(&account);
	return true;
}

/* True: a signed record says so. An account that is merely missing is not given up. */
static bool account_is_gone(struct session *session)
{
	struct bytes record = {0};
	struct call call;
	bool gone;

	remote_request(&call, &session->app->clock);
	gone = session->remote->ops->wipe_record(
		   session->remote->self, &session->facts.account, &call, &record) == REMOTE_OK &&
	       account_wiped(&session->engine, view_bytes(&record), &call) == ENGINE_OK;
	bytes_clear(&record);
	return gone;
}

static enum code forget_account(struct session *session)
{
	enum code code = session_engine(session, account_forget(&session->engine, &session->call));

	begun_remove(session);
	if (code == CODE_OK)
		code = session_refresh(session);
	return code;
}

static enum code other_place(struct session *session, const char *known)
{
	app_fail(session->app, CODE_ERROR, "this journal already syncs with %.256s", known);
	app_hint(session->app,
	    "it stays so. A gateway may have other URLs, if it is the same one. If the account was "
	    "moved elsewhere, recover it from there into another home: --home DIR");
	return CODE_ERROR;
}

/* By the key that was kept when sync was set up: who else shows it can sign nothing with it. */
static bool is_same_gateway(struct session *session, const struct remote_info *info)
{
	struct bytes kept = {0};
	bool same = info->gateway && session_meta(session, META_RECEIPT_KEY, &kept) &&
		    view_equal(view_bytes(&kept), view_of(info->receipt_key, SIGN_PUBLIC_LEN));

	bytes_clear(&kept);
	return same;
}

/* The gateway that has the account goes by another name too: that is kept from now on. */
static enum code move_url(struct session *session, const char *known, const char *url)
{
	struct remote_info info = {0};
	struct bytes roster = {0};
	struct call call;
	enum code code;

	if (!remote_is_gateway(url) || !remote_is_gateway(known))
		return other_place(session, known);
	remote_close(session->remote);
	session->remote = NULL;
	code = session_remote(session, url, true);
	if (code == CODE_OK)
		code = session_ask_gateway(session, url, &info);
	if (code != CODE_OK)
		return code;
	if (!is_same_gateway(session, &info))
		return other_place(session, known);
	remote_request(&call, &session->app->clock);
	code = session_remote_result(session,
	    session->remote->ops->roster(
		session->remote->self, &session->facts.account, &call, &roster),
	    &call);
	bytes_clear(&roster);
	if (code == CODE_OK)
		code = session_meta_set(session, META_URL, view_text(url));
	if (code == CODE_OK)
		output_note(session->app, "the same gateway: this journal syncs with %s now", url);
	return code;
}

/*
 * There is an account: the same URL switches it on again, unless it was wiped meanwhile; another
 * URL of the same gateway takes its place.
 */
static enum code switch_on_again(struct session *session, const char *url)
{
	struct app *app = session->app;
	struct bytes known = {0};
	enum code code = CODE_OK;
	bool moves = session_meta(session, META_URL, &known) &&
		     !view_equal(view_bytes(&known), view_text(url));

	if (session->facts.on && moves) {
		code = move_url(session, (const char *)known.data, url);
		if (code != CODE_OK)
			goto done;
	} else if (session->facts.on) {
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
		if (code == CODE_OK && moves)
			code = move_url(session, (const char *)known.data, url);
		if (code == CODE_OK)
			code = session_engine(
			    session, sync_switch(&session->engine, true, &session->call));
		if (code != CODE_OK)
			goto done;
		output_note(app, "sync is on again");
	}
	if (!show_unseen(session, url, &code) && !print_account(app, &session->facts.account, NULL))
		code = app_fail(app, CODE_ERROR, "the account can't be printed");
done:
	bytes_clear(&known);
	return code;
}

static enum code read_invite(struct app *app, struct bytes *out)
{
	struct bytes text = {0};
	size_t len = 0;
	enum code code;

	if (app->options.invite == NULL)
		return CODE_OK;
	if (!remote_is_gateway(app->options.args[1]))
		return app_fail(app, CODE_USAGE, "--invite goes with a gateway's URL");
	if (strcmp(app->options.invite, "-") != 0)
		return bytes_copy(view_text(app->options.invite), out)
			   ? CODE_OK
			   : app_fail(app, CODE_ERROR, "no memory");
	code = terminal_stdin(app, INVITE_TEXT_MAX, &text);
	while (len < text.len && text.data[len] > ' ')
		len++;
	if (code == CODE_OK && !bytes_copy(view_of(text.data, len), out))
		code = app_fail(app, CODE_ERROR, "no memory");
	bytes_clear(&text);
	return code;
}

static enum code switch_on(struct session *session)
{
	struct bytes url = {0};
	enum code code = plain_http_allowed(session->app, session->app->options.args[1]);

	if (code == CODE_OK)
		code = url_absolute(session->app, session->app->options.args[1], &url);
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

#define OPTIONS_OF_ON \
	((uint32_t)(OPTION_NAME | OPTION_PASSPHRASE | OPTION_INVITE | OPTION_INSECURE_HTTP))

static enum code run(struct app *app)
{
	const struct options *options = &app->options;
	const char *word = options->args_count > 0 ? options->args[0] : "";
	struct session session = {0};
	struct bytes invite = {0};
	bool on = strcmp(word, "on") == 0 && options->args_count == 2;
	bool off = strcmp(word, "off") == 0 && options->args_count == 1;
	enum code code;

	if (options->args_count > 0 && !on && !off) {
		app_fail(app, CODE_USAGE, "it is: sync, sync on URL, or sync off");
		app_hint(app, "try: inkseal sync --help");
		return CODE_USAGE;
	}
	if (!on && (options->given & OPTIONS_OF_ON) != 0)
		return app_fail(app, CODE_USAGE,
		    "--name, --passphrase, --invite and --insecure-http go with sync on URL");
	if ((on || off) && options->reseed)
		return app_fail(app, CODE_USAGE, "--reseed goes with sync alone");
	code = on ? read_invite(app, &invite) : CODE_OK;
	if (code == CODE_OK)
		code = session_open(app, SESSION_WRITE, &session);
	session.invite = invite;
	if (code == CODE_OK && on)
		code = switch_on(&session);
	else if (code == CODE_OK && off)
		code = switch_off(&session);
	else if (code == CODE_OK)
		code = sync_once(&session);
	session_close(&session); /* wipes the invite too */
	return code;
}

const struct command sync_command = {
    .name = "sync",
    .args =
	"[--reseed | on URL [--name NAME] [--passphrase] [--invite TOKEN] [--insecure-http] | off]",
    .summary = "Syncs once; sync on URL and sync off are the switch",
    .help = "sync on dir:FOLDER begins an account there and prints the recovery code, once.\n"
	    "URL may also be s3:URL, a bucket, or https://HOST, a gateway, which takes a new\n"
	    "account by an invite: --invite TOKEN. A bucket is tried first, for about two\n"
	    "seconds: one on which devices could overwrite each other's edits is refused.\n"
	    "With --passphrase this device's keys are kept under a passphrase, which each\n"
	    "sync asks for. sync off stops syncing and keeps everything where it is.\n"
	    "--reseed is the way out of a cloud copy that is older than what this device has\n"
	    "seen (its store was restored from a backup), or damaged: the copy is begun anew\n"
	    "from this device, and other devices add what they have. Use it on the device\n"
	    "that synced last.\n",
    .options = OPTIONS_OF_ON | OPTION_RESEED,
    .args_max = 2,
    .run = run,
};
