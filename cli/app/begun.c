/*
 * cli/app/begun.c: the file of an account that was begun: a CBOR array of the URL, the
 * recovery code as it is shown, the create request and the roster.
 */
#include "cli/app/begun.h"
#include "schemas/cbor.h"
#include "schemas/roster.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BEGUN_FILE "begun"
#define BEGUN_MAX (64u << 10) /* the roster is one statement, twice */

enum code begun_write(struct session *session, const char *url, const struct account_new *account)
{
	struct app *app = session->app;
	char code_text[RECOVERY_TEXT_MAX];
	char path[FILE_PATH_MAX];
	struct bytes encoded = {0};
	struct buffer out;
	enum code code = home_file(app, &session->home, BEGUN_FILE, path);
	int error;

	if (code != CODE_OK)
		return code;
	recovery_print(&account->code, code_text);
	buffer_init(&out, BEGUN_MAX);
	cbor_put_array(&out, 4);
	cbor_put_text(&out, view_text(url));
	cbor_put_text(&out, view_text(code_text));
	cbor_put_view(&out, view_bytes(&account->create));
	cbor_put_view(&out, view_bytes(&account->roster));
	sodium_memzero(code_text, sizeof(code_text));
	if (!buffer_take(&out, &encoded)) {
		buffer_clear(&out);
		return app_fail(app, CODE_ERROR, "no memory");
	}
	error = file_write(path, view_bytes(&encoded));
	bytes_clear(&encoded);
	if (error != 0)
		return app_fail(app, CODE_ERROR, "the home can't be written: %s", strerror(error));
	return CODE_OK;
}

static bool decode(struct view encoded, const char *url, struct account_new *out)
{
	struct account_new account = {0};
	char message[CALL_MESSAGE_MAX];
	struct cbor_reader reader;
	struct view known_url, code, create, roster;
	bool good;

	cbor_read(&reader, encoded);
	cbor_array_exact(&reader, 4);
	known_url = cbor_text(&reader, REMOTE_URL_MAX);
	code = cbor_text(&reader, RECOVERY_TEXT_MAX);
	create = cbor_bytes(&reader, BEGUN_MAX);
	roster = cbor_bytes(&reader, BEGUN_MAX);
	good = cbor_finish(&reader) == FORMAT_OK && view_equal(known_url, view_text(url)) &&
	       recovery_parse(code, &account.code, message) &&
	       bytes_copy(create, &account.create) && bytes_copy(roster, &account.roster);
	if (good) {
		account.account = account.code.account;
		*out = account;
	} else {
		account_new_clear(&account);
	}
	return good;
}

bool begun_read(struct session *session, const char *url, struct account_new *out)
{
	char path[FILE_PATH_MAX];
	struct bytes encoded = {0};
	bool read = home_file(session->app, &session->home, BEGUN_FILE, path) == CODE_OK &&
		    file_read(path, BEGUN_MAX, &encoded) == 0 &&
		    decode(view_bytes(&encoded), url, out);

	bytes_clear(&encoded);
	return read;
}

bool begun_is_there(struct session *session)
{
	char path[FILE_PATH_MAX];

	return home_file(session->app, &session->home, BEGUN_FILE, path) == CODE_OK &&
	       file_is_there(path);
}

bool begun_is_of(const struct account_new *account, const struct device_keys *keys, bool *is_out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	enum format_result result = FORMAT_NO_MEMORY;
	struct create create;

	if (roster != NULL)
		result = create_decode(view_bytes(&account->create), &create, roster);
	free(roster);
	if (result == FORMAT_NO_MEMORY)
		return false;
	*is_out = result == FORMAT_OK && device_equal(&create.device, &keys->id) &&
		  account_equal(&create.account, &account->account);
	return true;
}

void begun_remove(struct session *session)
{
	char path[FILE_PATH_MAX];
	int error = ENAMETOOLONG;

	if (home_file(session->app, &session->home, BEGUN_FILE, path) == CODE_OK)
		error = file_remove(path);
	if (error != 0)
		app_warn(session->app,
		    "the file %s of the home, which holds the recovery code, can't be removed: %s",
		    BEGUN_FILE, strerror(error));
}
