/*
 * cli/commands/sync_run.c: drives the engine's machine by remote_run, then tidies up.
 */
#include "cli/commands/sync_run.h"
#include "cli/commands/output.h"
#include "cli/commands/system.h"
#include "cli/commands/terminal.h"

#include <stdio.h>

static bool wait_a_while(void *self, int64_t ms)
{
	(void)self;
	return system_wait(ms);
}

static void show_progress(void *self, uint64_t done, uint64_t all)
{
	output_progress(self, "syncing", done, all);
}

/* The account the run ended with: before, if it was forgotten meanwhile. */
static enum engine_result run_once(struct session *session, const struct device_keys *recovery,
    bool allow_deletions, struct sync_totals *totals_out)
{
	struct app *app = session->app;
	const struct sync_options options = {
	    .allow_deletions = allow_deletions,
	    .reseed = app->options.reseed,
	    .recovery = recovery,
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
	output_progress_end(app);
	return result;
}

static enum code ask_brake(struct session *session, const struct sync_totals *totals)
{
	struct app *app = session->app;
	char question[CALL_MESSAGE_MAX];

	if (!terminal_can_ask(app)) {
		app_fail(app, CODE_BRAKE, "this sync would delete %llu entries",
		    (unsigned long long)totals->deletions);
		app_hint(app, "it stopped; pass --yes if that is meant");
		return CODE_BRAKE;
	}
	(void)snprintf(question, sizeof(question),
	    "This sync would delete %llu entries; they can be restored. Go on?",
	    (unsigned long long)totals->deletions);
	if (terminal_confirm(app, question, "y") == CODE_OK)
		return CODE_OK;
	return app_fail(app, CODE_BRAKE, "stopped");
}

/* Folds: what it could not do, the next sync will. */
static void tidy(struct session *session)
{
	struct remote *remote = session->remote;
	struct call call;

	remote_request(&call, &session->app->clock);
	if (remote->ops->tidy(remote->self, &session->facts.account, &call) != REMOTE_OK)
		output_note(session->app, "the bucket was not tidied up: %s", call.message);
}

/* What a person can do about it. */
static void hint(struct session *session, enum engine_result result)
{
	struct app *app = session->app;
	bool lost = result == ENGINE_ROLLBACK || result == ENGINE_ROOT || result == ENGINE_DAMAGED;

	if (result == ENGINE_GONE)
		app_hint(app, "inkseal sync on URL begins a new account");
	if (result == ENGINE_MISSING)
		app_hint(app, "the journal here is whole, and sync stays on");
	if (lost && !app->options.reseed && !session->facts.recovering)
		app_hint(app, "the journal here is whole; if it stays so, inkseal sync --reseed "
			      "begins the cloud copy anew from this device");
}

enum code sync_run(
    struct session *session, const struct device_keys *recovery, struct sync_totals *totals_out)
{
	struct sync_totals totals = {0};
	enum engine_result result;
	enum code code = CODE_OK;

	result = run_once(session, recovery, session->app->options.yes, &totals);
	if (result == ENGINE_BRAKE && !system_cancelled()) {
		code = ask_brake(session, &totals);
		if (code != CODE_OK)
			return code;
		result = run_once(session, recovery, true, &totals);
	}
	if (result == ENGINE_OK && (totals.pushed > 0 || totals.reset))
		tidy(session);
	code = session_engine(session, result);
	hint(session, result);
	if (result == ENGINE_GONE)
		session->facts.has_account = false; /* so that no cache of it is kept */
	if (code == CODE_OK)
		*totals_out = totals;
	return code;
}
