/*
 * cli/commands/recover.c: a new device from the recovery code and the bucket, or gateway, alone.
 */
#include "cli/app/recover.h"
#include "cli/app/place.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/device_name.h"
#include "cli/commands/output.h"
#include "cli/commands/terminal.h"

#include <sodium.h>

#define CODE_TEXT_MAX 1024u /* what may be on standard input: a code, and blanks around it */

static enum code read_code(struct app *app, struct recovery_code *out)
{
	struct bytes text = {0};
	enum code code;

	if (terminal_stdin_wanted(app))
		code = terminal_stdin(app, CODE_TEXT_MAX, &text);
	else
		code = terminal_ask(
		    app, "Recovery code: ", "the recovery code on standard input", &text);
	if (code == CODE_OK)
		code = recovery_code_read(app, view_bytes(&text), out);
	bytes_clear(&text);
	return code;
}

static enum code chosen_url(struct app *app, const char **url_out)
{
	const struct options *options = options_of(app);
	const char *url = options->gateway != NULL ? options->gateway : options->bucket;

	if (url == NULL) {
		app_fail(app, CODE_USAGE, "where the account is, is not said");
		app_hint(app, "pass --bucket URL or --gateway URL");
		return CODE_USAGE;
	}
	if (options->gateway != NULL && options->bucket != NULL)
		return app_fail(app, CODE_USAGE, "--bucket or --gateway: one of the two");
	if (url_is_gateway(url) != (options->gateway != NULL)) {
		app_fail(app, CODE_USAGE, "a gateway's URL begins with https:// or http://");
		app_hint(app, "--gateway goes with it, --bucket with the others");
		return CODE_USAGE;
	}
	*url_out = url;
	return url_allowed(app, url);
}

static enum code report(struct app *app, const struct recovered *recovered)
{
	bool done;

	if (options_of(app)->json)
		done = output_json(json_pack("{s:o,s:I,s:I,s:I,s:{s:I,s:o}}", "account",
		    output_hex(recovered->account.bytes, ACCOUNT_ID_LEN), "entries",
		    (json_int_t)recovered->entries, "devices", (json_int_t)recovered->devices,
		    "epoch", (json_int_t)recovered->epoch, "head", "seq",
		    (json_int_t)recovered->head.seq, "hash",
		    output_hex(recovered->head.hash.bytes, DIGEST_LEN)));
	else
		done = output_printf("recovered: %llu entries; this is one of %llu devices now\n",
		    (unsigned long long)recovered->entries, (unsigned long long)recovered->devices);
	return done ? CODE_OK : app_fail(app, CODE_ERROR, "the result can't be printed");
}

static enum code recover(struct app *app, struct recovery_wish *wish)
{
	struct recovered recovered = {0};
	struct session session = {0};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_recover(&session, wish, &recovered);
	session_close(&session);
	return code == CODE_OK ? report(app, &recovered) : code;
}

static enum code run(struct app *app)
{
	const struct options *options = options_of(app);
	struct recovery_wish wish = {
	    .under_passphrase = options->passphrase, .allow_deletions = options->yes};
	char name[DEVICE_NAME_MAX + 1];
	struct bytes url = {0};
	enum code code = chosen_url(app, &wish.url);

	wish.device_name = name;
	if (code == CODE_OK)
		code = device_name(app, name);
	if (code == CODE_OK)
		code = url_absolute(app, wish.url, &url);
	wish.url = (const char *)url.data;
	if (code == CODE_OK)
		code = url_is_there(app, wish.url);
	if (code == CODE_OK)
		code = read_code(app, &wish.code);
	if (code == CODE_OK)
		code = recover(app, &wish);
	sodium_memzero(&wish.code, sizeof(wish.code));
	bytes_clear(&url);
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
