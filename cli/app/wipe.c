/*
 * cli/app/wipe.c: deletes the cloud data, keeps the journal. Needs no passphrase: the wipe
 * key stands outside it. Cut off anywhere, the next run finishes it.
 */
#include "cli/app/wipe.h"
#include "cli/app/host_system.h"
#include "cli/app/place.h"
#include "cli/app/unlock.h"

#include <stdio.h>
#include <string.h>

#define WIPE_TRIES 50u         /* one after the other that remove nothing */
#define WIPE_CALLS_MAX 10000u  /* each removes for a minute: a week */
#define WIPE_WAIT_MAX_MS 60000 /* asked for a longer rest, it stops and says so */

struct wiping {
	struct session *session;
	struct account_id account;
	struct remote_info info;      /* who is asked */
	struct digest wipe_hash;      /* of what was sent */
	struct remote_receipt report; /* encoded: signed, once it is made */
	unsigned tries;               /* since one that removed something */
};

void receipt_name(const struct account_id *account, char out[RECEIPT_NAME_MAX])
{
	char hex[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	(void)snprintf(out, RECEIPT_NAME_MAX, "receipt-%s.cbor", hex);
}

/* An account that was never synced from here: the incarnation that the wipe is for is asked for. */
static enum code ask_incarnation(struct wiping *wiping, uint8_t out[INCARNATION_LEN])
{
	struct session *session = wiping->session;
	const struct sync_request request = {
	    .account = wiping->account,
	    .device = session->keys.id,
	    .cursor = session->facts.head,
	};
	struct sync_answer answer = {0};
	enum remote_result result;
	struct call call;

	remote_request(&call, &session->app->clock);
	result = session->remote->ops->sync(session->remote->self, &request, &call, &answer);
	if (result == REMOTE_OK) /* gone: zero; the record that stands is what counts then */
		memcpy(out, answer.incarnation, INCARNATION_LEN);
	sync_answer_clear(&answer);
	return session_remote_result(session, result, &call);
}

static enum code ask_who(struct wiping *wiping)
{
	struct session *session = wiping->session;
	struct remote *remote = session->remote;
	struct call call;

	remote_request(&call, &session->app->clock);
	return session_remote_result(
	    session, remote->ops->info(remote->self, &call, &wiping->info), &call);
}

static enum code make_wipe(struct wiping *wiping, struct bytes *out)
{
	static const uint8_t unknown[INCARNATION_LEN];
	struct session *session = wiping->session;
	struct wipe wipe = {
	    .gateway = view_text(wiping->info.name),
	    .account = wiping->account,
	    .device = session->keys.id,
	    .time_ms = clock_wall_ms(&session->app->clock),
	};
	enum code code;

	if (memcmp(session->facts.incarnation, unknown, INCARNATION_LEN) != 0)
		return session_engine(
		    session, wipe_make(&session->engine, wiping->info.name, &session->call, out));
	/* A gateway answers that to a signed request alone. */
	code = wiping->info.gateway ? session_unlock(session) : CODE_OK;
	if (code == CODE_OK)
		code = ask_incarnation(wiping, wipe.incarnation);
	if (code == CODE_OK && wipe_encode(&wipe, session->keys.wipe_secret, out) != FORMAT_OK)
		code = app_fail(session->app, CODE_ERROR, "the wipe could not be signed");
	return code;
}

/* What a try that is not the last has brought, and why there is another. */
static void note_try(struct wiping *wiping, const struct remote_receipt *sofar,
    enum remote_result result, const struct call *call)
{
	const char *said = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	if (sofar->objects_removed > wiping->report.objects_removed)
		app_note(wiping->session->app, "%llu objects removed so far; going on (%s)",
		    (unsigned long long)sofar->objects_removed, said);
	else if (wiping->tries == 0)
		app_note(wiping->session->app,
		    "not done yet (%s): trying on; what is removed stays removed", said);
}

/* Asks the remote until it is done, or has got nowhere for some tries. */
static enum code wipe_remote(struct wiping *wiping, struct view wipe)
{
	struct session *session = wiping->session;
	struct remote *remote = session->remote;
	struct call call;
	enum remote_result result = REMOTE_LATER;
	enum code code;

	digest_view(DOMAIN_WIPE, wipe, &wiping->wipe_hash);
	for (unsigned i = 0; result == REMOTE_LATER && i < WIPE_CALLS_MAX &&
			     wiping->tries < WIPE_TRIES && !system_cancelled();
	     i++) {
		struct remote_receipt report = {0};

		remote_request(&call, &session->app->clock);
		result = remote->ops->wipe(remote->self, &wiping->account, wipe, &call, &report);
		if (result == REMOTE_LATER)
			note_try(wiping, &report, result, &call);
		wiping->tries =
		    report.objects_removed > wiping->report.objects_removed ? 0 : wiping->tries + 1;
		if (result == REMOTE_OK || result == REMOTE_LATER)
			wiping->report = report;
		if (result == REMOTE_LATER &&
		    (call.retry_after_ms > WIPE_WAIT_MAX_MS || !system_wait(call.retry_after_ms)))
			break;
	}
	code = session_remote_result(session, result, &call);
	if (code != CODE_OK && !system_cancelled())
		app_hint(session->app, "the account is kept here; inkseal wipe, again, goes on "
				       "where this stopped");
	return code;
}

/* The wipe that stands in the record: an earlier one, if this is not the first try. */
static enum code standing_wipe(struct wiping *wiping, struct digest *hash_out)
{
	struct session *session = wiping->session;
	struct remote *remote = session->remote;
	struct bytes record = {0};
	struct view wipe, roster;
	struct call call;
	enum code code;

	remote_request(&call, &session->app->clock);
	code = session_remote_result(session,
	    remote->ops->wipe_record(remote->self, &wiping->account, &call, &record), &call);
	if (code != CODE_OK)
		return code;
	if (wipe_record_decode(view_bytes(&record), &wipe, &roster) == FORMAT_OK)
		digest_view(DOMAIN_WIPE, wipe, hash_out);
	else
		code = app_fail(session->app, CODE_ERROR, "the record of the wipe does not hold");
	bytes_clear(&record);
	return code;
}

/* Read back before it is believed: it is what the person may have to show. */
static bool receipt_holds(const struct receipt *made, const struct bytes *encoded)
{
	struct receipt read;

	return receipt_decode(view_bytes(encoded), &read) == FORMAT_OK &&
	       account_equal(&read.account, &made->account) &&
	       digest_equal(&read.wipe_hash, &made->wipe_hash) &&
	       read.objects_removed == made->objects_removed &&
	       memcmp(read.signer, made->signer, sizeof(read.signer)) == 0;
}

/*
 * A gateway's receipt is for this account, for the wipe that was sent or the one that stood before
 * it, and signed by the key that was pinned when sync was set up.
 */
static enum code check_receipt(struct wiping *wiping, const struct digest *standing)
{
	struct session *session = wiping->session;
	struct bytes pinned = {0};
	struct receipt receipt;
	enum format_result read = receipt_decode(view_bytes(&wiping->report.encoded), &receipt);
	bool holds;

	if (read == FORMAT_NO_MEMORY)
		return app_fail(session->app, CODE_ERROR, "no memory to check the receipt");
	holds = read == FORMAT_OK && session_meta(session, META_RECEIPT_KEY, &pinned) &&
		view_equal(view_bytes(&pinned), view_of(receipt.signer, sizeof(receipt.signer))) &&
		account_equal(&receipt.account, &wiping->account) &&
		(digest_equal(&receipt.wipe_hash, standing) ||
		    digest_equal(&receipt.wipe_hash, &wiping->wipe_hash));
	bytes_clear(&pinned);
	if (holds)
		return CODE_OK;
	app_fail(session->app, CODE_ERROR,
	    "the gateway says that it is done, but its receipt is not signed by the key it had "
	    "when sync was set up");
	app_hint(session->app, "the account is kept here; ask who runs the gateway");
	return CODE_ERROR;
}

/* On a bare bucket nobody else can sign it: this device's wipe key does. */
static enum code sign_receipt(struct wiping *wiping)
{
	struct session *session = wiping->session;
	struct remote_receipt *report = &wiping->report;
	struct receipt receipt = {
	    .account = wiping->account,
	    .objects_removed = report->objects_removed,
	    .bytes_removed = report->bytes_removed,
	    .empty_at_ms = report->empty_at_ms,
	};
	enum code code;

	code = standing_wipe(wiping, &receipt.wipe_hash);
	if (code != CODE_OK)
		return code;
	if (wiping->info.gateway)
		return check_receipt(wiping, &receipt.wipe_hash);
	memcpy(receipt.signer, session->keys.wipe_public, sizeof(receipt.signer));
	if (receipt_encode(&receipt, session->keys.wipe_secret, &report->encoded) != FORMAT_OK ||
	    !receipt_holds(&receipt, &report->encoded))
		return app_fail(session->app, CODE_ERROR, "no receipt that holds could be signed");
	return CODE_OK;
}

static enum code keep_receipt(struct wiping *wiping)
{
	struct app *app = wiping->session->app;
	char name[RECEIPT_NAME_MAX];
	char path[FILE_PATH_MAX];
	enum code code;
	int error;

	receipt_name(&wiping->account, name);
	code = home_file(app, &wiping->session->home, name, path);
	if (code != CODE_OK)
		return code;
	error = file_write(path, view_bytes(&wiping->report.encoded));
	if (error != 0)
		return app_fail(
		    app, CODE_ERROR, "the receipt can't be written: %s", strerror(error));
	return CODE_OK;
}

/* The account first: keys without one harm nobody, an account without keys is stuck. */
static enum code forget(struct wiping *wiping)
{
	struct session *session = wiping->session;
	char path[FILE_PATH_MAX];
	enum code code;
	int error = 0;

	code = session_engine(session, account_forget(&session->engine, &session->call));
	if (code == CODE_OK)
		code = session_refresh(session); /* so that no cache is kept at the close */
	if (code == CODE_OK)
		code = session_meta_set(session, META_CACHE, (struct view){0});
	if (code == CODE_OK)
		code = session_meta_set(session, META_RECEIPT_KEY, (struct view){0});
	if (code == CODE_OK)
		code = session_meta_set(session, META_URL, (struct view){0});
	if (code == CODE_OK)
		code = home_file(session->app, &session->home, HOME_KEYS, path);
	if (code == CODE_OK)
		error = file_remove(path);
	if (error != 0)
		code = app_fail(
		    session->app, CODE_ERROR, "the key file can't be removed: %s", strerror(error));
	return code;
}

static enum code wipe(struct wiping *wiping)
{
	struct session *session = wiping->session;
	struct bytes signed_wipe = {0};
	enum code code;

	code = session_wipe_key(session);
	if (code == CODE_OK)
		code = session_confirm(session,
		    "This deletes the account's data in the cloud, for all its devices. The "
		    "journal on this\ndevice stays. It can't be undone.",
		    "wipe");
	if (code == CODE_OK)
		code = session_own_remote(session);
	if (code == CODE_OK)
		code = ask_who(wiping);
	if (code == CODE_OK)
		code = make_wipe(wiping, &signed_wipe);
	if (code == CODE_OK)
		code = wipe_remote(wiping, view_bytes(&signed_wipe));
	if (code == CODE_OK)
		code = sign_receipt(wiping);
	if (code == CODE_OK)
		code = keep_receipt(wiping);
	if (code == CODE_OK)
		code = forget(wiping);
	bytes_clear(&signed_wipe);
	return code;
}

enum code app_wipe(struct session *session, struct wiped *out)
{
	struct wiping wiping = {.session = session, .account = session->facts.account};
	enum code code;

	if (!session->facts.has_account)
		return app_fail(session->app, CODE_NOT_SET_UP, "there is no account to wipe");
	code = wipe(&wiping);
	if (code != CODE_OK) {
		bytes_clear(&wiping.report.encoded);
		return code;
	}
	*out = (struct wiped){
	    .account = wiping.account,
	    .objects_removed = wiping.report.objects_removed,
	    .bytes_removed = wiping.report.bytes_removed,
	    .empty_at_ms = wiping.report.empty_at_ms,
	    .receipt = wiping.report.encoded,
	};
	return CODE_OK;
}
