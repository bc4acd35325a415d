/*
 * cli/commands/wipe.c: deletes the cloud data, and prints the receipt.
 */
#include "cli/app/wipe.h"
#include "cli/commands/cli.h"
#include "cli/commands/command.h"
#include "cli/commands/output.h"

#include <sodium.h>
#include <stdio.h>

#define RECEIPT_MAX 512u

static bool print_json(const struct wiped *wiped, const char *account)
{
	char text[sodium_base64_ENCODED_LEN(RECEIPT_MAX, sodium_base64_VARIANT_ORIGINAL)];
	char record[2 * ACCOUNT_ID_LEN + sizeof("w/")];

	if (wiped->receipt.len > RECEIPT_MAX)
		return false;
	(void)sodium_bin2base64(text, sizeof(text), wiped->receipt.data, wiped->receipt.len,
	    sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(record, sizeof(record), "w/%s", account);
	return output_json(json_pack("{s:s,s:I,s:I,s:o,s:s,s:s}", "account", account,
	    "objectsRemoved", (json_int_t)wiped->objects_removed, "bytesRemoved",
	    (json_int_t)wiped->bytes_removed, "emptyAt", output_time(wiped->empty_at_ms), "receipt",
	    text, "record", record));
}

static bool print_text(const struct wiped *wiped, const char *account)
{
	char file[RECEIPT_NAME_MAX];
	char at[TIME_PRINT_MAX];

	receipt_name(&wiped->account, file);
	time_print_ms(wiped->empty_at_ms, at);
	return output_printf("wiped: %llu objects, %llu bytes removed; a listing was empty at %s\n"
			     "what stays there is w/%s, the signed record that it was wiped\n"
			     "the receipt is kept in the home as %s\n"
			     "the journal is still here, whole; sync is off\n",
	    (unsigned long long)wiped->objects_removed, (unsigned long long)wiped->bytes_removed,
	    at, account, file);
}

static enum code report(struct app *app, const struct wiped *wiped)
{
	char account[2 * ACCOUNT_ID_LEN + 1];
	bool done;

	hex_encode(view_of(wiped->account.bytes, ACCOUNT_ID_LEN), account);
	done = options_of(app)->json ? print_json(wiped, account) : print_text(wiped, account);
	return done ? CODE_OK : app_fail(app, CODE_ERROR, "the receipt can't be printed");
}

static enum code run(struct app *app)
{
	struct session session = {0};
	struct wiped wiped = {0};
	enum code code = session_open(app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_wipe(&session, &wiped);
	session_close(&session);
	if (code == CODE_OK)
		code = report(app, &wiped);
	bytes_clear(&wiped.receipt);
	return code;
}

const struct command wipe_command = {
    .name = "wipe",
    .args = "",
    .summary = "Deletes the account's data in the cloud; the journal here stays",
    .help = "Removes all objects of the account, until a listing is empty; what stays is the\n"
	    "signed record of the wipe, from which other devices learn that it is gone. They\n"
	    "keep their journals and switch sync off. Prints a signed receipt, kept in the\n"
	    "home too.\n",
    .run = run,
};
