/*
 * cli/commands/session_sync.c: a session's keys and its remote.
 */
#include "cli/commands/output.h"
#include "cli/commands/session.h"
#include "cli/commands/system.h"
#include "cli/commands/terminal.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

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
		code = terminal_passphrase(
		    session->app, "Passphrase of this device's keys", false, &passphrase);
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

enum code session_new_keys(struct session *session)
{
	struct app *app = session->app;
	struct bytes file = {0}, passphrase = {0};
	char path[FILE_PATH_MAX];
	enum format_result format;
	enum code code = home_file(app, &session->home, HOME_KEYS, path);
	int error;

	if (code == CODE_OK && app->options.passphrase)
		code = terminal_passphrase(
		    app, "New passphrase for this device's keys", true, &passphrase);
	if (code != CODE_OK)
		return code;
	device_keys_new(&app->random, &session->keys);
	session->engine.keys = &session->keys;
	format = keyfile_encode(&session->keys,
	    app->options.passphrase ? view_bytes(&passphrase) : (struct view){0}, &app->random,
	    &file);
	bytes_clear(&passphrase);
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

static bool cache_load(void *self, struct bytes *out)
{
	return session_meta(self, META_CACHE, out);
}

static bool load_nothing(void *self, struct bytes *out)
{
	(void)self;
	(void)out;
	return false;
}

static void cache_save(void *self, struct view value)
{
	struct session *session = self;
	struct app *app = session->app;
	struct bytes old = {0};
	char error[CALL_MESSAGE_MAX];
	char hint[CALL_MESSAGE_MAX];

	if (!session->facts.has_account) /* it was only asked about */
		return;
	if (cache_load(self, &old) && view_equal(view_bytes(&old), value)) {
		bytes_clear(&old);
		return;
	}
	bytes_clear(&old);
	/* It is only a cache: that it can't be kept is not what the command has to say. */
	memcpy(error, app->error, sizeof(error));
	memcpy(hint, app->hint, sizeof(hint));
	if (session_meta_set(session, META_CACHE, value) != CODE_OK) {
		memcpy(app->error, error, sizeof(error));
		memcpy(app->hint, hint, sizeof(hint));
	}
}

enum code session_remote(struct session *session, const char *url, bool kept)
{
	struct app *app = session->app;
	struct remote_cache cache = {.self = session, .load = cache_load, .save = cache_save};
	const struct remote_access access = {
	    .keys = &session->keys,
	    .recovery = session->recovery,
	    .invite = (const char *)session->invite.data,
	    .skew_ms = session->facts.skew_ms,
	    .cancelled = system_cancelled,
	};
	struct call call;

	if (!kept) /* what is known there is of another account */
		cache.load = load_nothing;
	remote_request(&call, &app->clock);
	session->remote =
	    remote_open(url, &app->clock, &app->random, &cache, &access, &session->counts, &call);
	if (session->remote != NULL)
		return CODE_OK;
	return app_fail(app, CODE_ERROR, "%s", call.message);
}

enum code session_ask_gateway(struct session *session, const char *url, struct remote_info *out)
{
	struct app *app = session->app;
	char named[REMOTE_NAME_MAX + sizeof("https://")];
	struct call call;
	enum code code;

	remote_request(&call, &app->clock);
	code = session_remote_result(
	    session, session->remote->ops->info(session->remote->self, &call, out), &call);
	if (code != CODE_OK || !out->gateway || out->answers)
		return code;
	app_fail(app, CODE_ERROR, "the gateway at %.256s does not go by that name, but by %s", url,
	    out->name);
	(void)snprintf(named, sizeof(named), "%s://%s",
	    strncmp(url, "https:", 6) == 0 ? "https" : "http", out->name);
	if (remote_is_plain(named) && !app->options.insecure_http)
		(void)snprintf(named, sizeof(named), "https://%s", out->name);
	app_hint(app,
	    "nothing was changed: use %s, or let who runs the gateway add the name of your URL to "
	    "its names",
	    named);
	return CODE_ERROR;
}

enum code session_pin_gateway(struct session *session, const struct remote_info *info)
{
	return session_meta_set(session, META_RECEIPT_KEY,
	    info->gateway ? view_of(info->receipt_key, sizeof(info->receipt_key))
			  : (struct view){0});
}

static bool person_cancelled(void *self)
{
	(void)self;
	return system_cancelled();
}

enum code session_probe(struct session *session, const char *url, const char *unsafe)
{
	struct app *app = session->app;
	struct probe_rules rules = probe_rules_short;
	enum probe_result result;
	struct call call;

	if (remote_is_gateway(url))
		return CODE_OK;
	rules.cancelled = person_cancelled;
	remote_request(&call, &app->clock);
	output_progress(app, "trying the bucket", 0, 0);
	result = remote_probe(url, &app->clock, &app->random, &rules, &call);
	output_progress_end(app);
	if (result != PROBE_KEPT && system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled; nothing was begun");
	switch (result) {
	case PROBE_KEPT: return CODE_OK;
	case PROBE_BROKEN:
		app_fail(app, CODE_ERROR, "%s", call.message);
		app_hint(app, "%s", unsafe);
		return CODE_ERROR;
	case PROBE_REFUSED:
		app_fail(app, CODE_ERROR, "this device can't use the bucket: %s", call.message);
		app_hint(app,
		    "nothing was begun, and the journal here is whole: a device needs a bucket "
		    "that is there, the right to write, list and delete in it, and room");
		return CODE_ERROR;
	case PROBE_LATER: break;
	}
	app_fail(app, CODE_ERROR, "%s", call.message);
	app_hint(app, "nothing was begun, and the journal here is whole: try again later");
	return CODE_ERROR;
}

enum code session_own_remote(struct session *session)
{
	struct bytes url = {0};
	enum code code;

	if (!session_meta(session, META_URL, &url)) {
		app_fail(session->app, CODE_NOT_SET_UP, "sync is not set up");
		app_hint(session->app, "inkseal sync on dir:FOLDER switches it on");
		return CODE_NOT_SET_UP;
	}
	code = session_remote(session, (const char *)url.data, true);
	bytes_clear(&url);
	return code;
}

enum code session_remote_result(
    struct session *session, enum remote_result result, const struct call *call)
{
	struct app *app = session->app;
	const char *said = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	if (result == REMOTE_OK)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled; nothing was lost");
	switch (result) {
	case REMOTE_OK: return CODE_OK;
	case REMOTE_GONE: /* whoever has the proof has said so before */
		app_fail(app, CODE_ERROR, "%s", said);
		app_hint(app, "nothing was switched off, and the journal here is whole; if you "
			      "did not wipe the account, ask who runs the gateway");
		return CODE_ERROR;
	case REMOTE_LATER:
	case REMOTE_UNREACHABLE:
		app_fail(app, CODE_ERROR, "%s", said);
		app_hint(app, "nothing was lost: try again later");
		return CODE_ERROR;
	case REMOTE_ABSENT:
	case REMOTE_REFUSED:
	case REMOTE_DAMAGED:
	case REMOTE_FAILED: break;
	}
	return app_fail(app, CODE_ERROR, "%s", said);
}

enum code plain_http_allowed(struct app *app, const char *url)
{
	if (!remote_is_plain(url) || app->options.insecure_http)
		return CODE_OK;
	app_fail(app, CODE_USAGE,
	    "http:// is not encrypted on its way to another machine: who listens there would see "
	    "invites, and when and how much which device syncs, though no entry");
	app_hint(app, "use https://, or dare it with --insecure-http");
	return CODE_USAGE;
}

enum code url_absolute(struct app *app, const char *url, struct bytes *out)
{
	char folder[FILE_PATH_MAX];
	struct buffer buffer;
	bool relative = strncmp(url, "dir:", 4) == 0 && url[4] != '/' && url[4] != '\0';
	size_t len = strlen(url);

	if (relative && getcwd(folder, sizeof(folder)) == NULL)
		return app_fail(
		    app, CODE_ERROR, "this folder's name can't be told: %s", strerror(errno));
	buffer_init(&buffer, BUCKET_URL_MAX);
	if (relative) {
		buffer_add_text(&buffer, "dir:");
		buffer_add_text(&buffer, folder);
		buffer_add_text(&buffer, "/");
		buffer_add_text(&buffer, url + 4);
	} else {
		if (remote_is_gateway(url) && url[len - 1] == '/')
			len--;
		buffer_add(&buffer, url, len);
	}
	if (buffer_take(&buffer, out))
		return CODE_OK;
	buffer_clear(&buffer);
	return app_fail(app, CODE_USAGE, "the URL is longer than %u bytes", BUCKET_URL_MAX);
}
