/*
 * cli/app/sync_run.c: drives the engine's machine by remote_run, then tidies up.
 */
#include "cli/app/sync_run.h"
#include "cli/app/host_system.h"
#include "cli/app/place.h"
#include "cli/app/unlock.h"
#include "cli/remote/remote_run.h"

#include <stdio.h>

static bool wait_a_while(void *self, int64_t ms)
{
	(void)self;
	return system_wait(ms);
}

static void show_progress(void *self, uint64_t done, uint64_t all)
{
	struct app *app = self;

	app->host->progress(app, "syncing", done, all);
}

/* The account the run ended with: before, if it was forgotten meanwhile. */
static enum engine_result run_once(
    struct session *session, const struct sync_asked *asked, struct sync_totals *totals_out)
{
	struct app *app = session->app;
	const struct sync_options options = {
	    .allow_deletions = asked->allow_deletions,
	    .reseed = asked->reseed,
	    .recovery = session->recovery,
	    .progress = show_progress,
	    .progress_self = app,
	};
	const struct remote_waiter waiter = {.wait = wait_a_while};
	struct sync *sync = NULL;
	enum engine_result result;

	session->call.message[0] = '\0';
	result = sync_new(&session->engine, &options, &session->call, &sync);
	if (result == ENGINE_OK)
		result = remote_run(sync, session->remote, &session->facts.account, &app->clock,
		    &waiter, &session->call, totals_out);
	sync_free(sync);
	app->host->progress_end(app);
	return result;
}

static enum code ask_brake(struct session *session, const struct sync_totals *totals)
{
	struct app *app = session->app;
	char question[CALL_MESSAGE_MAX];

	if (!app->host->can_ask(app)) {
		app_fail(app, CODE_BRAKE, "this sync would delete %llu entries",
		    (unsigned long long)totals->deletions);
		app_hint(app, "it stopped; pass --yes if that is meant");
		return CODE_BRAKE;
	}
	(void)snprintf(question, sizeof(question),
	    "This sync would delete %llu entries; they can be restored. Go on?",
	    (unsigned long long)totals->deletions);
	if (session_confirm(session, question, "y") == CODE_OK)
		return CODE_OK;
	return app_fail(app, CODE_BRAKE, "stopped");
}

/* Compacts: what it could not do, the next sync will. */
static void tidy(struct session *session)
{
	struct remote *remote = session->remote;
	struct call call;

	remote_request(&call, &session->app->clock);
	if (remote->ops->tidy(remote->self, &session->facts.account, &call) != REMOTE_OK)
		app_note(session->app, "the bucket was not tidied up: %s", call.message);
}

/* What a person can do about it. */
static void hint(struct session *session, enum engine_result result, bool reseed)
{
	struct app *app = session->app;
	bool lost = result == ENGINE_ROLLBACK || result == ENGINE_ROOT || result == ENGINE_DAMAGED;

	if (result == ENGINE_GONE)
		app_hint(app, "inkseal sync on URL begins a new account");
	if (result == ENGINE_MISSING)
		app_hint(app, "the journal here is whole, and sync stays on");
	if (lost && !reseed && !session->facts.recovering)
		app_hint(app, "the journal here is whole; if it stays so, inkseal sync --reseed "
			      "begins the cloud copy anew from this device");
}

enum code sync_run(
    struct session *session, const struct sync_asked *asked, struct sync_totals *totals_out)
{
	struct sync_asked again = *asked;
	struct sync_totals totals = {0};
	enum engine_result result;
	enum code code = CODE_OK;

	result = run_once(session, asked, &totals);
	if (result == ENGINE_BRAKE && !system_cancelled()) {
		code = ask_brake(session, &totals);
		if (code != CODE_OK)
			return code;
		again.allow_deletions = true;
		result = run_once(session, &again, &totals);
	}
	if (result == ENGINE_OK && (totals.pushed > 0 || totals.reset))
		tidy(session);
	code = session_engine(session, result);
	hint(session, result, asked->reseed);
	if (result == ENGINE_GONE)
		session->facts.has_account = false; /* so that no cache of it is kept */
	if (code == CODE_OK)
		*totals_out = totals;
	return code;
}

static enum code check_set_up(struct session *session)
{
	struct app *app = session->app;

	if (!session->facts.has_account) {
		app_fail(app, CODE_NOT_SET_UP, "sync is not set up");
		app_hint(app, "inkseal sync on dir:FOLDER switches it on");
		return CODE_NOT_SET_UP;
	}
	if (!session->facts.on) {
		app_fail(app, CODE_NOT_SET_UP, "sync is off");
		app_hint(app, "inkseal sync on URL, with the same URL, switches it on again");
		return CODE_NOT_SET_UP;
	}
	if (session->facts.recovering) {
		app_fail(app, CODE_NOT_SET_UP, "the recovery of this device was interrupted");
		app_hint(app, "inkseal recover, with the same URL and code, goes on with it");
		return CODE_NOT_SET_UP;
	}
	return CODE_OK;
}

static enum code ask_reseed(struct session *session)
{
	struct app *app = session->app;

	app_note(app, "if the cloud copy is older than what this device has seen, or cannot be "
		      "followed, it is begun anew from this device");
	app_note(app, "other devices keep what they have and send what is missing; where two "
		      "differ, the later stays and the other is kept in the history");
	app_note(app, "what is in the cloud copy alone, and on no device, is lost");
	return session_confirm(session, "Begin the cloud copy anew, if need be?", "y");
}

enum code app_sync(
    struct session *session, const struct sync_asked *asked, struct sync_totals *totals_out)
{
	enum code code = check_set_up(session);

	if (code == CODE_OK &&
	    asked->reseed) /* nothing is asked of who syncs in the ordinary way */
		code = ask_reseed(session);
	if (code == CODE_OK)
		code = session_unlock(session);
	if (code == CODE_OK)
		code = session_own_remote(session);
	if (code == CODE_OK)
		code = sync_run(session, asked, totals_out);
	return code;
}
