/*
 * cli/commands/sync.c: the switch, and one sync.
 */
#include "cli/app/place.h"
#include "cli/app/sync_run.h"
#include "cli/app/sync_switch.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/device_name.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"

#include <string.h>

#define INVITE_TEXT_MAX 1024u /* what may be on standard input: a token, a line's end */
#define CODE_SHOWN_MAX (RECOVERY_TEXT_MAX + 4u)

/* ---- sync ---- */

static bool print_totals(const struct session *session, const struct sync_totals *totals)
{
	struct remote_counts counts;
	json_t *reset = NULL; /* told to who asked for one */

	session_counted(session, &counts);
	if (options_of(session->app)->json && options_of(session->app)->reseed)
		reset = json_boolean(totals->reset);
	if (options_of(session->app)->json)
		return output_json(
		    json_pack("{s:I,s:I,s:I,s:o*,s:{s:I,s:o},s:{s:I,s:I,s:I,s:I},s:{s:I,s:I}}",
			"pushed", (json_int_t)totals->pushed, "pulled", (json_int_t)totals->pulled,
			"conflicts", (json_int_t)totals->conflicts, "reset", reset, "head", "seq",
			(json_int_t)totals->head.seq, "hash",
			output_hex(totals->head.hash.bytes, DIGEST_LEN), "requests", "get",
			(json_int_t)counts.get, "put", (json_int_t)counts.put, "list",
			(json_int_t)counts.list, "delete", (json_int_t)counts.remove, "bytes", "up",
			(json_int_t)counts.bytes_up, "down", (json_int_t)counts.bytes_down));
	if (options_of(session->app)->quiet)
		return true;
	if (totals->reset && !output_printf("the cloud copy was begun anew from this device\n"))
		return false;
	if (options_of(session->app)->reseed && !totals->reset)
		output_note(session->app, "the cloud copy can be followed: nothing was begun anew");
	if (totals->pushed == 0 && totals->pulled == 0)
		return output_printf("in step: nothing to push or pull\n");
	return output_printf("%llu pushed, %llu pulled, %llu conflicts settled\n",
	    (unsigned long long)totals->pushed, (unsigned long long)totals->pulled,
	    (unsigned long long)totals->conflicts);
}

static enum code sync_now(struct app *app)
{
	const struct sync_asked asked = {
	    .allow_deletions = options_of(app)->yes, .reseed = options_of(app)->reseed};
	struct sync_totals totals = {0};
	struct session session = {0};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_sync(&session, &asked, &totals);
	if (code == CODE_OK && !print_totals(&session, &totals))
		code = app_fail(app, CODE_ERROR, "the result can't be printed");
	session_close(&session);
	return code;
}

/* ---- sync off ---- */

static enum code switch_off(struct app *app)
{
	struct session session = {0};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_sync_off(&session);
	session_close(&session);
	if (code == CODE_OK && options_of(app)->json && !output_json(json_pack("{s:b}", "on", 0)))
		code = app_fail(app, CODE_ERROR, "the answer can't be printed");
	return code;
}

/* ---- sync on ---- */

static bool print_account(const struct app *app, const struct account_id *account, const char *text)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];
	bool done;

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	if (options_of(app)->json) {
		done = output_json(json_pack("{s:s,s:s?}", "account", hex, "recoveryCode", text));
	} else if (text == NULL) {
		done = output_printf("account %s\n", hex);
	} else {
		char bar[CODE_SHOWN_MAX];
		size_t len = strlen(text) + 4;

		memset(bar, '-', len);
		bar[len] = '\0';
		done = output_printf(
		    "account %s\n\n+%.*s+\n|  %s  |\n+%.*s+\n\n"
		    "This is the recovery code. Write it down and keep it on paper: it alone "
		    "gives your\njournal back when all devices are lost, and adds a new "
		    "device. "
		    "Who has it can read\nyour journal. It is not shown again.\n\n"
		    "The journal itself is not there yet: inkseal sync sends it.\n",
		    hex, (int)len, bar, text, (int)len, bar);
	}
	return done;
}

static enum code see_account(
    struct app *app, const struct account_id *account, const char *recovery_code)
{
	if (print_account(app, account, recovery_code) && output_finish())
		return CODE_OK;
	return app_fail(app, CODE_ERROR,
	    recovery_code == NULL ? "the account can't be printed"
				  : "the recovery code could not be shown");
}

static enum code read_invite(struct app *app, struct bytes *out)
{
	struct bytes text = {0};
	size_t len = 0;
	enum code code;

	if (options_of(app)->invite == NULL)
		return CODE_OK;
	if (!url_is_gateway(options_of(app)->args[1]))
		return app_fail(app, CODE_USAGE, "--invite goes with a gateway's URL");
	if (strcmp(options_of(app)->invite, "-") != 0)
		return bytes_copy(view_text(options_of(app)->invite), out)
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

static enum code switch_on(struct app *app)
{
	struct session session = {0};
	char name[DEVICE_NAME_MAX + 1];
	struct bytes invite = {0}, url = {0};
	struct account_wish wish = {
	    .device_name = name,
	    .under_passphrase = options_of(app)->passphrase,
	    .see = see_account,
	};
	enum code code = read_invite(app, &invite);

	if (code == CODE_OK)
		code = device_name(app, name);
	if (code == CODE_OK)
		code = url_allowed(app, options_of(app)->args[1]);
	if (code == CODE_OK)
		code = url_absolute(app, options_of(app)->args[1], &url);
	wish.url = (const char *)url.data;
	if (code == CODE_OK)
		code = session_open(app, SESSION_WRITE, &session);
	session.invite = invite;
	if (code == CODE_OK)
		code = app_sync_on(&session, &wish);
	session_close(&session); /* wipes the invite too */
	bytes_clear(&url);
	return code;
}

/* ---- the command ---- */

#define OPTIONS_OF_ON \
	((uint32_t)(OPTION_NAME | OPTION_PASSPHRASE | OPTION_INVITE | OPTION_INSECURE_HTTP))

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	const char *word = options->args_count > 0 ? options->args[0] : "";
	bool on = strcmp(word, "on") == 0 && options->args_count == 2;
	bool off = strcmp(word, "off") == 0 && options->args_count == 1;

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
	if (on)
		return switch_on(app);
	return off ? switch_off(app) : sync_now(app);
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
