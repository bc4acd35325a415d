/*
 * cli/app/unlock.c: the file of this device's keys.
 */
#include "cli/app/unlock.h"
#include "cli/engine/key_file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static enum code read_keyfile(struct session *session, struct bytes *out)
{
	char path[FILE_PATH_MAX];
	enum code code = home_file(session->app, &session->home, HOME_KEYS, path);
	int error;

	if (code != CODE_OK)
		return code;
	error = file_read(path, KEYFILE_MAX, out);
	if (error == 0)
		return CODE_OK;
	app_fail(session->app, CODE_ERROR, "this device's key file can't be read: %s",
	    error == EFBIG ? "it is too long to be one" : strerror(error));
	app_hint(session->app, "without it, this device can be recovered into a new home alone");
	return CODE_ERROR;
}

static enum code bad_keyfile(struct session *session, enum format_result format)
{
	if (format == FORMAT_FORGED)
		return app_fail(session->app, CODE_WRONG_KEY, "the passphrase is wrong");
	return app_fail(session->app, CODE_ERROR, "this device's key file does not hold: %s",
	    format_result_text(format));
}

/* The keys must be those the journal knows this device by, once there is an account. */
static enum code check_device(struct session *session, const struct device_id *device)
{
	if (!session->facts.has_account || device_equal(device, &session->facts.device))
		return CODE_OK;
	return app_fail(
	    session->app, CODE_WRONG_KEY, "the key file is another device's; nothing was written");
}

enum code session_unlock(struct session *session)
{
	struct bytes file = {0}, passphrase = {0};
	struct device_keys keys = {0};
	enum format_result format;
	bool locked = false;
	enum code code = read_keyfile(session, &file);

	if (code != CODE_OK)
		return code;
	format = keyfile_locked(view_bytes(&file), &locked);
	if (format == FORMAT_OK && locked)
		code = session_passphrase(
		    session, "Passphrase of this device's keys", false, &passphrase);
	if (code != CODE_OK)
		goto done;
	if (format == FORMAT_OK)
		format = keyfile_decode(
		    view_bytes(&file), locked ? view_bytes(&passphrase) : (struct view){0}, &keys);
	if (format != FORMAT_OK) {
		code = bad_keyfile(session, format);
		goto done;
	}
	code = check_device(session, &keys.id);
	if (code == CODE_OK) {
		session->keys = keys;
		session->engine.keys = &session->keys;
	}
done:
	device_keys_clear(&keys);
	bytes_clear(&passphrase);
	bytes_clear(&file);
	return code;
}

enum code session_wipe_key(struct session *session)
{
	struct bytes file = {0};
	struct device_keys *keys = &session->keys;
	enum format_result format;
	enum code code = read_keyfile(session, &file);

	if (code != CODE_OK)
		return code;
	format = keyfile_wipe_key(view_bytes(&file), &keys->id, keys->wipe_secret);
	bytes_clear(&file);
	if (format != FORMAT_OK)
		return bad_keyfile(session, format);
	/* An Ed25519 secret key of libsodium ends in its public key. */
	memcpy(keys->wipe_public, keys->wipe_secret + SIGN_SECRET_LEN - SIGN_PUBLIC_LEN,
	    SIGN_PUBLIC_LEN);
	session->engine.keys = keys;
	return check_device(session, &keys->id);
}

enum code session_new_passphrase(struct session *session, struct bytes *out)
{
	return session_passphrase(session, "New passphrase for this device's keys", true, out);
}

enum code session_new_keys(struct session *session, struct view passphrase)
{
	struct app *app = session->app;
	struct bytes file = {0};
	char path[FILE_PATH_MAX];
	enum format_result format;
	enum code code = home_file(app, &session->home, HOME_KEYS, path);
	int error;

	if (code != CODE_OK)
		return code;
	device_keys_new(&app->random, &session->keys);
	session->engine.keys = &session->keys;
	format = keyfile_encode(&session->keys, passphrase, &app->random, &file);
	if (format != FORMAT_OK)
		return app_fail(
		    app, CODE_ERROR, "no key file can be made: %s", format_result_text(format));
	error = file_write(path, view_bytes(&file));
	bytes_clear(&file);
	if (error != 0)
		return app_fail(
		    app, CODE_ERROR, "the key file can't be written: %s", strerror(error));
	return CODE_OK;
}
