/*
 * cli/app/sync_switch.c: sync on, for the first time and again, and sync off.
 */
#include "cli/app/sync_switch.h"
#include "cli/app/begun.h"
#include "cli/app/place.h"

/* Perhaps the run that switched it on did not come to show the code. */
static enum code show_again(struct session *session, const struct account_wish *wish)
{
	struct account_new account = {0};
	bool unseen = begun_read(session, wish->url, &account) &&
		      account_equal(&account.account, &session->facts.account);
	enum code code =
	    account_show(session, wish, &session->facts.account, unseen ? &account.code : NULL);

	if (code == CODE_OK && unseen)
		begun_remove(session);
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
	session_remote_close(session);
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
		app_note(session->app, "the same gateway: this journal syncs with %s now", url);
	return code;
}

/*
 * There is an account: the same URL switches it on again, unless it was wiped meanwhile; another
 * URL of the same gateway takes its place.
 */
static enum code switch_on_again(struct session *session, const struct account_wish *wish)
{
	struct app *app = session->app;
	const char *url = wish->url;
	struct bytes known = {0};
	enum code code = CODE_OK;
	bool moves = session_meta(session, META_URL, &known) &&
		     !view_equal(view_bytes(&known), view_text(url));

	if (session->facts.on && moves) {
		code = move_url(session, (const char *)known.data, url);
		if (code != CODE_OK)
			goto done;
	} else if (session->facts.on) {
		app_note(app, "sync is on already");
	} else {
		code = session_remote(
		    session, known.data != NULL ? (const char *)known.data : url, true);
		if (code == CODE_OK && account_is_gone(session)) {
			session_remote_close(session);
			app_note(app, "the old account was wiped; a new one is begun");
			code = forget_account(session);
			if (code == CODE_OK)
				code = app_begin(session, wish);
			goto done;
		}
		if (code == CODE_OK && moves)
			code = move_url(session, (const char *)known.data, url);
		if (code == CODE_OK)
			code = session_engine(
			    session, sync_switch(&session->engine, true, &session->call));
		if (code != CODE_OK)
			goto done;
		app_note(app, "sync is on again");
	}
	code = show_again(session, wish);
done:
	bytes_clear(&known);
	return code;
}

enum code app_sync_on(struct session *session, const struct account_wish *wish)
{
	return session->facts.has_account ? switch_on_again(session, wish)
					  : app_begin(session, wish);
}

enum code app_sync_off(struct session *session)
{
	enum code code;

	if (!session->facts.has_account || !session->facts.on) {
		app_note(session->app, "sync is off already");
		return CODE_OK;
	}
	code = session_engine(session, sync_switch(&session->engine, false, &session->call));
	if (code == CODE_OK)
		app_note(
		    session->app, "sync is off; the journal stays here, the account in the cloud");
	return code;
}
