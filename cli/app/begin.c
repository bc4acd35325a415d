/*
 * cli/app/begin.c: a new account. Cut off anywhere, the next run asks for the very same one.
 */
#include "cli/app/begin.h"
#include "cli/app/begun.h"
#include "cli/app/host_system.h"
#include "cli/app/place.h"
#include "cli/app/unlock.h"

#include <sodium.h>

#define CREATE_TRIES 10u
#define CREATE_WAIT_MAX_MS 10000

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

static enum code make_account(struct session *session, const struct account_wish *wish,
    struct view passphrase, struct account_new *account)
{
	enum code code = session_new_keys(session, passphrase);

	if (code == CODE_OK)
		code = session_engine(session,
		    account_begin(&session->engine, wish->device_name, &session->call, account));
	if (code == CODE_OK)
		code = begun_write(session, wish->url, account);
	return code;
}

/* The lock is given back while a person thinks of one: another run may begin an account then. */
static enum code ask_passphrase(struct session *session, struct bytes *out)
{
	bool begun = begun_is_there(session);
	enum code code = session_new_passphrase(session, out);

	if (code != CODE_OK || begun || !begun_is_there(session))
		return code;
	app_fail(session->app, CODE_ERROR, "another inkseal has begun an account meanwhile");
	app_hint(session->app,
	    "the same command, again, goes on with it where it was begun with the same URL");
	return CODE_ERROR;
}

static enum code resume_or_make(
    struct session *session, const struct account_wish *wish, struct account_new *account)
{
	struct bytes passphrase = {0};
	bool begun = false;
	enum code code = resume_account(session, wish->url, account, &begun);

	if (code != CODE_OK || begun) /* a bucket was tried then */
		return code;
	code = session_probe(session, wish->url,
	    "nothing was begun, and the journal here is whole: choose a bucket of another store, "
	    "or a folder on a local disk, dir:FOLDER; man inkseal, BUCKETS, names some");
	if (code == CODE_OK && wish->under_passphrase)
		code = ask_passphrase(session, &passphrase);
	if (code == CODE_OK)
		code = make_account(session, wish, view_bytes(&passphrase), account);
	bytes_clear(&passphrase);
	return code;
}

enum code account_show(struct session *session, const struct account_wish *wish,
    const struct account_id *account, const struct recovery_code *code)
{
	char text[RECOVERY_TEXT_MAX];
	enum code result;

	if (code != NULL)
		recovery_print(code, text);
	result = wish->see(session->app, account, code == NULL ? NULL : text);
	sodium_memzero(text, sizeof(text));
	return result;
}

/* The URL goes first: it harms nobody without an account, and an account without it is lost. */
enum code app_begin(struct session *session, const struct account_wish *wish)
{
	struct account_new account = {0};
	struct remote_info info = {0};
	enum code code = session_remote(session, wish->url, false);

	if (code == CODE_OK)
		code = session_ask_gateway(session, wish->url, &info);
	if (code == CODE_OK)
		code = session_pin_gateway(session, &info);
	if (code == CODE_OK)
		code = resume_or_make(session, wish, &account);
	if (code == CODE_OK)
		code = session_meta_set(session, META_URL, view_text(wish->url));
	if (code == CODE_OK)
		code = create_account(session, &account);
	if (code == CODE_OK)
		code = session_engine(
		    session, account_store(&session->engine, &account, &session->call));
	if (code == CODE_OK)
		code = session_refresh(session);
	if (code == CODE_OK)
		code = account_show(session, wish, &account.account, &account.code);
	if (code == CODE_OK)
		begun_remove(session);
	account_new_clear(&account);
	return code;
}
