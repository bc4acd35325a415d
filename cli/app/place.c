/*
 * cli/app/place.c: the remote of a session, and whether it is fit.
 */
#include "cli/app/place.h"
#include "cli/app/host_system.h"
#include "cli/remote/remote_open.h"

#include <stdio.h>
#include <string.h>

enum code session_remote(struct session *session, const char *url, bool kept)
{
	struct app *app = session->app;
	const struct remote_access access = {
	    .keys = &session->keys,
	    .recovery = session->recovery,
	    .invite = (const char *)session->invite.data,
	    .skew_ms = session->facts.skew_ms,
	    .cancelled = system_cancelled,
	};
	struct bytes known = {0};
	struct call call;

	/* Else what is known there is of another account. That it can't be read costs requests. */
	if (kept && !session_meta(session, META_CACHE, &known))
		known = (struct bytes){0};
	remote_request(&call, &app->clock);
	session->remote =
	    remote_open(url, &app->clock, &app->random, view_bytes(&known), &access, &call);
	bytes_clear(&known);
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
	if (remote_is_plain(named) && !app->plain_http)
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

enum code session_probe(struct session *session, const char *url, const char *unsafe)
{
	struct app *app = session->app;
	enum remote_fit fit;
	struct call call;

	if (remote_is_gateway(url))
		return CODE_OK;
	remote_request(&call, &app->clock);
	app->host->progress(app, "trying the bucket", 0, 0);
	fit = remote_probe(url, &app->clock, &app->random, false, system_cancelled, &call);
	app->host->progress_end(app);
	if (fit != REMOTE_FIT && system_cancelled())
		return app_fail(app, CODE_CANCELLED, "cancelled; nothing was begun");
	switch (fit) {
	case REMOTE_FIT: return CODE_OK;
	case REMOTE_FIT_BROKEN:
		app_fail(app, CODE_ERROR, "%s", call.message);
		app_hint(app, "%s", unsafe);
		return CODE_ERROR;
	case REMOTE_FIT_REFUSED:
		app_fail(app, CODE_ERROR, "this device can't use the bucket: %s", call.message);
		app_hint(app,
		    "nothing was begun, and the journal here is whole: a device needs a bucket "
		    "that is there, the right to write, list and delete in it, and room");
		return CODE_ERROR;
	case REMOTE_FIT_LATER: break;
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

bool url_is_gateway(const char *url)
{
	return remote_is_gateway(url);
}

enum code url_allowed(struct app *app, const char *url)
{
	if (!remote_is_plain(url) || app->plain_http)
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
	int error = relative ? folder_current(folder) : 0;

	if (error != 0)
		return app_fail(
		    app, CODE_ERROR, "this folder's name can't be told: %s", strerror(error));
	buffer_init(&buffer, REMOTE_URL_MAX);
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
	return app_fail(app, CODE_USAGE, "the URL is longer than %u bytes", REMOTE_URL_MAX);
}

enum code url_is_there(struct app *app, const char *url)
{
	if (strncmp(url, "dir:", 4) != 0 || file_is_there(url + 4))
		return CODE_OK;
	return app_fail(app, CODE_ERROR, "there is no folder %s", url + 4);
}
