/*
 * cli/app/session.c: opening and closing a home for one use case, and the results of the layers
 * below.
 */
#include "cli/app/session.h"
#include "cli/app/host_system.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL_DEADLINE_MS \
	(24 * 60 * 60 * 1000) /* of all its work, a first sync and its waits too */
/* A reader waits only while another may be making the file. */
#define READ_LOCK_WAIT_MS 1000

static void start_call(struct session *session)
{
	struct clock *clock = &session->app->clock;

	call_init(&session->call, clock_monotonic_ms(clock) + LOCAL_DEADLINE_MS);
}

/* SQLite would make the file as wide as the umask allows; its own beside it take this one's mode.
 */
static enum journal_result make_file(struct session *session, const char *path)
{
	int error = file_create(path);

	if (error == 0)
		return JOURNAL_OK;
	if (error == ENOSPC || error == EDQUOT)
		return JOURNAL_FULL;
	call_sayf(&session->call, "the journal's file can't be made: %s", strerror(error));
	return JOURNAL_FAILED;
}

static enum code open_store(struct session *session)
{
	char path[FILE_PATH_MAX];
	enum journal_result result;
	enum code code = home_file(session->app, &session->home, HOME_JOURNAL, path);

	if (code != CODE_OK)
		return code;
	start_call(session);
	result = make_file(session, path);
	if (result == JOURNAL_OK)
		result = store_open(path, &store_options_disk, &session->app->clock, &session->call,
		    &session->store);
	return session_journal(session, result);
}

enum code session_open(struct app *app, enum session_mode mode, struct session *out)
{
	struct session *session = out;
	enum code code;

	*session = (struct session){.app = app, .home.lock_fd = -1};
	/* Not every system lets us: then keys may reach the swap, as documented. */
	(void)sodium_mlock(&session->keys, sizeof(session->keys));
	code = home_open(app, &session->home);
	if (code != CODE_OK)
		return code;
	code = home_lock(
	    app, &session->home, mode == SESSION_WRITE ? HOME_LOCK_WAIT_MS : READ_LOCK_WAIT_MS);
	if (code == CODE_LOCKED && mode == SESSION_READ)
		code = CODE_OK; /* who holds it has long since made the file */
	if (code == CODE_OK)
		code = open_store(session);
	session->read_only = mode == SESSION_READ;
	if (session->read_only)
		home_close(&session->home);
	if (code != CODE_OK)
		return code;
	app->error[0] = '\0';
	session->engine = (struct engine){
	    .journal = store_journal(session->store),
	    .clock = &app->clock,
	    .random = &app->random,
	};
	return session_refresh(session);
}

void session_close(struct session *session)
{
	session_remote_close(session); /* the store is still open */
	store_close(session->store);
	session->store = NULL;
	bytes_clear(&session->invite);
	if (session->app != NULL) {
		home_close(&session->home);
		(void)sodium_munlock(&session->keys, sizeof(session->keys)); /* wipes */
	}
	session->app = NULL;
}

enum code session_refresh(struct session *session)
{
	enum engine_result result;

	result = sync_facts_get(&session->engine, &session->call, &session->facts);
	if (result != ENGINE_OK)
		return session_engine(session, result);
	session->engine.keys = NULL;
	if (session->facts.has_account) {
		session->keys.id = session->facts.device;
		session->engine.keys = &session->keys;
	}
	return CODE_OK;
}

/* Is it the account that it was when the lock was given back, and as far on its way? */
static bool is_as_before(const struct sync_facts *before, const struct sync_facts *now)
{
	return before->has_account == now->has_account && before->on == now->on &&
	       before->recovering == now->recovering &&
	       account_equal(&before->account, &now->account) &&
	       device_equal(&before->device, &now->device);
}

static enum code take_lock_again(struct session *session)
{
	struct sync_facts before = session->facts;
	enum code code = home_lock(session->app, &session->home, HOME_LOCK_WAIT_MS);
	const struct device_keys *keys = session->engine.keys;

	if (code == CODE_OK)
		code = session_refresh(session);
	if (code != CODE_OK)
		return code;
	session->engine.keys = keys;
	if (is_as_before(&before, &session->facts))
		return CODE_OK;
	app_fail(session->app, CODE_ERROR,
	    "another inkseal changed this home's sync while this one waited for an answer");
	app_hint(session->app, "nothing was done: look at inkseal status, and begin again");
	return CODE_ERROR;
}

enum code session_confirm(struct session *session, const char *question, const char *word)
{
	enum code code;

	home_close(&session->home);
	code = session->app->host->confirm(session->app, question, word);
	return code == CODE_OK && !session->read_only ? take_lock_again(session) : code;
}

enum code session_passphrase(
    struct session *session, const char *what, bool twice, struct bytes *out)
{
	enum code code;

	home_close(&session->home);
	code = session->app->host->passphrase(session->app, what, twice, out);
	if (code == CODE_OK && !session->read_only)
		code = take_lock_again(session);
	if (code != CODE_OK)
		bytes_clear(out);
	return code;
}

static enum code code_of_engine(enum engine_result result)
{
	switch (result) {
	case ENGINE_OK: return CODE_OK;
	case ENGINE_OFF: return CODE_NOT_SET_UP;
	case ENGINE_WRONG_KEY: return CODE_WRONG_KEY;
	case ENGINE_GONE: return CODE_GONE;
	case ENGINE_REVOKED: return CODE_REVOKED;
	case ENGINE_ROLLBACK: return CODE_ROLLBACK;
	case ENGINE_BRAKE: return CODE_BRAKE;
	case ENGINE_ROOT: return CODE_ROOT;
	case ENGINE_NOT_FOUND:
	case ENGINE_REFUSED:
	case ENGINE_MISSING:
	case ENGINE_DAMAGED:
	case ENGINE_UNSOUND:
	case ENGINE_NEWER:
	case ENGINE_LATER:
	case ENGINE_FULL:
	case ENGINE_FAILED: return CODE_ERROR;
	}
	return CODE_ERROR;
}

enum code session_engine(struct session *session, enum engine_result result)
{
	const char *said = session->call.message;

	if (result == ENGINE_OK)
		return CODE_OK;
	if (system_cancelled())
		return app_fail(session->app, CODE_CANCELLED, "cancelled; nothing was lost");
	app_fail(session->app, code_of_engine(result), "%s",
	    said[0] == '\0' ? engine_result_text(result) : said);
	if (result == ENGINE_OFF)
		app_hint(session->app, "inkseal sync on dir:FOLDER switches it on");
	if (result == ENGINE_LATER)
		app_hint(session->app, "nothing was lost: try again later");
	if (result == ENGINE_FULL && said[0] == '\0') /* the store says it with the same words */
		app_hint(session->app, "nothing was changed: make room, and try again");
	return code_of_engine(result);
}

enum code session_journal(struct session *session, enum journal_result result)
{
	const char *said = session->call.message;

	switch (result) {
	case JOURNAL_OK: return CODE_OK;
	case JOURNAL_NONE:
		return app_fail(session->app, CODE_ERROR, "%s",
		    said[0] == '\0' ? "there is no such thing" : said);
	case JOURNAL_FULL: return session_engine(session, ENGINE_FULL);
	case JOURNAL_FAILED:
		return app_fail(session->app, CODE_ERROR, "the journal: %s",
		    said[0] == '\0' ? "it can't be read or written" : said);
	}
	return CODE_ERROR;
}

bool session_meta(struct session *session, const char *name, struct bytes *out)
{
	const struct journal *journal = &session->engine.journal;

	return journal->ops->meta_get(journal->self, name, &session->call, out) == JOURNAL_OK;
}

/* light: a power cut may take it back. */
static enum journal_result meta_store(
    struct session *session, bool light, const char *name, struct view value)
{
	const struct journal *journal = &session->engine.journal;
	enum journal_result result;

	start_call(session);
	result = light ? journal->ops->begin_light(journal->self, &session->call)
		       : journal->ops->begin(journal->self, &session->call);
	if (result != JOURNAL_OK)
		return result;
	if (value.data == NULL)
		result = journal->ops->meta_remove(journal->self, name, &session->call);
	else
		result = journal->ops->meta_set(journal->self, name, value, &session->call);
	if (result == JOURNAL_NONE) /* removed, and it was not there */
		result = JOURNAL_OK;
	if (result == JOURNAL_OK)
		result = journal->ops->commit(journal->self, &session->call);
	if (result != JOURNAL_OK)
		journal->ops->rollback(journal->self);
	return result;
}

enum code session_meta_set(struct session *session, const char *name, struct view value)
{
	return session_journal(session, meta_store(session, false, name, value));
}

/* It is a cache: that it can't be kept is not what the command has to say. */
static void known_keep(struct session *session, struct view known)
{
	struct bytes old = {0};
	bool same = session_meta(session, META_CACHE, &old) && view_equal(view_bytes(&old), known);

	bytes_clear(&old);
	if (!same)
		(void)meta_store(session, true, META_CACHE, known);
}

void session_counted(const struct session *session, struct remote_counts *out)
{
	remote_counted(session->remote, out);
}

void session_remote_close(struct session *session)
{
	struct bytes known = {0};

	if (session->remote == NULL)
		return;
	/* Without an account the remote was only asked about one. */
	if (session->facts.has_account && remote_known(session->remote, &known))
		known_keep(session, view_bytes(&known));
	bytes_clear(&known);
	remote_close(session->remote);
	session->remote = NULL;
}

enum code session_note(struct session *session, enum activity_kind kind, const char *detail)
{
	const struct journal *journal = &session->engine.journal;
	enum journal_result result;

	start_call(session);
	result = journal->ops->begin(journal->self, &session->call);
	if (result != JOURNAL_OK)
		return session_journal(session, result);
	result = journal->ops->activity_add(journal->self, kind, (struct view){0}, detail,
	    clock_wall_ms(&session->app->clock), &session->call);
	if (result == JOURNAL_OK)
		result = journal->ops->commit(journal->self, &session->call);
	if (result != JOURNAL_OK)
		journal->ops->rollback(journal->self);
	return session_journal(session, result);
}
