/*
 * tests/cli/app/use_case_test.c: an account from its beginning to its wipe by use cases alone, for
 * a host that is no terminal; and what another process may do while that host thinks.
 */
#include "tests/test.h"

#include "cli/app/entries.h"
#include "cli/app/host_system.h"
#include "cli/app/recover.h"
#include "cli/app/sync_run.h"
#include "cli/app/sync_switch.h"
#include "cli/app/wipe.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct desk { /* a run of the program, and whoever sits there */
	struct app app;
	char home[FILE_PATH_MAX];
	bool shows; /* the code can be shown */
	char code[RECOVERY_TEXT_MAX];
	unsigned asked, shown;
	/* What happens while it is asked, in a process of its own. Its exit code must be 0. */
	int (*meanwhile)(struct desk *desk);
};

struct world {
	char folder[64];
	char url[128];
	struct desk a, b;
};
static struct world world;

static struct desk *desk_of(struct app *app)
{
	return (struct desk *)(void *)app;
}

static bool can_ask(const struct app *app)
{
	(void)app;
	return true;
}

static void let_others_in(struct desk *desk)
{
	int status = -1;
	pid_t child;

	desk->asked++;
	if (desk->meanwhile == NULL)
		return;
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(desk->meanwhile(desk));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static enum code confirm(struct app *app, const char *question, const char *word)
{
	(void)question;
	(void)word;
	let_others_in(desk_of(app));
	return CODE_OK;
}

static enum code passphrase(struct app *app, const char *what, bool twice, struct bytes *out)
{
	(void)what;
	(void)twice;
	let_others_in(desk_of(app));
	return bytes_copy(view_text("sesame"), out) ? CODE_OK : CODE_ERROR;
}

static void hear(struct app *app, const char *line)
{
	(void)app;
	(void)line;
}

static void progress(struct app *app, const char *what, uint64_t done, uint64_t all)
{
	(void)app;
	(void)what;
	(void)done;
	(void)all;
}

static void progress_end(struct app *app)
{
	(void)app;
}

static const struct host host = {
    .can_ask = can_ask,
    .confirm = confirm,
    .passphrase = passphrase,
    .note = hear,
    .warn = hear,
    .progress = progress,
    .progress_end = progress_end,
};

static enum code see(struct app *app, const struct account_id *account, const char *code)
{
	struct desk *desk = desk_of(app);

	(void)account;
	if (!desk->shows)
		return app_fail(app, CODE_ERROR, "the screen is dark");
	desk->shown++;
	(void)snprintf(desk->code, sizeof(desk->code), "%s", code == NULL ? "" : code);
	return CODE_OK;
}

static void desk_init(struct desk *desk, const char *name)
{
	*desk = (struct desk){.shows = true};
	assert_true(file_path(world.folder, name, desk->home));
	desk->app = (struct app){
	    .host = &host,
	    .clock = system_clock(),
	    .random = system_random(),
	    .home = desk->home,
	};
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	(void)snprintf(world.folder, sizeof(world.folder), "%.40s/inkseal-app-XXXXXX",
	    base != NULL ? base : "/tmp");
	if (mkdtemp(world.folder) == NULL)
		return -1;
	(void)snprintf(world.url, sizeof(world.url), "dir:%s/bucket", world.folder);
	desk_init(&world.a, "a");
	desk_init(&world.b, "b");
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
	(void)info;
	(void)kind;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(world.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static enum code switch_on(struct desk *desk, bool under_passphrase)
{
	const struct account_wish wish = {
	    .url = world.url,
	    .device_name = "desk",
	    .under_passphrase = under_passphrase,
	    .see = see,
	};
	struct session session = {0};
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_sync_on(&session, &wish);
	session_close(&session);
	return code;
}

static enum code switch_off(struct desk *desk)
{
	struct session session = {0};
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_sync_off(&session);
	session_close(&session);
	return code;
}

static enum code sync_now(struct desk *desk, struct sync_totals *totals_out)
{
	const struct sync_asked asked = {.reseed = false};
	struct session session = {0};
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_sync(&session, &asked, totals_out);
	session_close(&session);
	return code;
}

static enum code write_entry(struct desk *desk)
{
	const struct entry entry = {.collection = view_text("journal"),
	    .title = view_text("a day"),
	    .content = view_text("of it\n")};
	struct session session = {0};
	char id[COPY_ID_LEN + 1];
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = session_new(&session, &entry, id);
	session_close(&session);
	return code;
}

static enum code recover(struct desk *desk, const char *text, struct recovered *out)
{
	struct recovery_wish wish = {.url = world.url, .device_name = "second"};
	struct session session = {0};
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = recovery_code_read(&desk->app, view_text(text), &wish.code);
	if (code == CODE_OK)
		code = app_recover(&session, &wish, out);
	session_close(&session);
	return code;
}

static enum code wipe(struct desk *desk, struct wiped *out)
{
	struct session session = {0};
	enum code code = session_open(&desk->app, SESSION_WRITE, &session);

	if (code == CODE_OK)
		code = app_wipe(&session, out);
	session_close(&session);
	return code;
}

static bool has_account(struct desk *desk)
{
	struct session session = {0};
	bool has;

	assert_int_equal(session_open(&desk->app, SESSION_READ, &session), CODE_OK);
	has = session.facts.has_account;
	session_close(&session);
	return has;
}

static void an_account_lives_without_a_terminal(void **state)
{
	struct recovered recovered = {0};
	struct sync_totals totals = {0};
	struct wiped wiped = {0};

	(void)state;
	assert_int_equal(switch_on(&world.a, false), CODE_OK);
	assert_int_equal(write_entry(&world.a), CODE_OK);
	assert_int_equal(sync_now(&world.a, &totals), CODE_OK);
	assert_int_equal(totals.pushed, 1);
	assert_int_equal(recover(&world.b, world.a.code, &recovered), CODE_OK);
	assert_int_equal(recovered.entries, 1);
	assert_int_equal(recovered.devices, 2);
	assert_int_equal(world.b.asked, 1);
	assert_int_equal(wipe(&world.a, &wiped), CODE_OK);
	assert_int_equal(world.a.asked, 1);
	assert_true(wiped.receipt.len > 0);
	bytes_clear(&wiped.receipt);
	assert_false(has_account(&world.a));
	assert_int_equal(sync_now(&world.b, &totals), CODE_GONE);
}

/* It is the only paper there will be: nothing is over before somebody has seen it. */
static void a_code_that_could_not_be_shown_is_shown_again(void **state)
{
	struct recovered recovered = {0};

	(void)state;
	world.a.shows = false;
	assert_int_equal(switch_on(&world.a, false), CODE_ERROR);
	assert_true(has_account(&world.a));
	world.a.shows = true;
	assert_int_equal(switch_on(&world.a, false), CODE_OK);
	assert_string_not_equal(world.a.code, "");
	assert_int_equal(recover(&world.b, world.a.code, &recovered), CODE_OK);
	assert_int_equal(switch_on(&world.a, false), CODE_OK);
	assert_string_equal(world.a.code, ""); /* seen once is seen */
}

static int take_the_lock(struct desk *desk)
{
	struct home home;

	return home_open(&desk->app, &home) == CODE_OK && home_lock(&desk->app, &home, 0) == CODE_OK
		   ? 0
		   : 1;
}

static int write_one(struct desk *desk)
{
	return write_entry(desk) == CODE_OK ? 0 : 1;
}

static void others_write_while_somebody_is_asked(void **state)
{
	struct wiped wiped = {0};
	struct overview overview = {.url = {0}};
	struct session session = {0};

	(void)state;
	world.a.meanwhile = take_the_lock;
	assert_int_equal(switch_on(&world.a, true), CODE_OK);
	assert_int_equal(world.a.asked, 1);
	world.a.meanwhile = write_one;
	assert_int_equal(wipe(&world.a, &wiped), CODE_OK);
	assert_int_equal(world.a.asked, 2);
	bytes_clear(&wiped.receipt);
	assert_int_equal(session_open(&world.a.app, SESSION_READ, &session), CODE_OK);
	assert_int_equal(session_overview(&session, &overview), CODE_OK);
	assert_int_equal(overview.counts.entries_count, 1);
	bytes_clear(&overview.url);
	session_close(&session);
}

static int turn_it_off(struct desk *desk)
{
	return switch_off(desk) == CODE_OK ? 0 : 1;
}

static void an_answer_is_for_what_was_asked_about(void **state)
{
	struct sync_totals totals = {0};
	struct wiped wiped = {0};

	(void)state;
	assert_int_equal(switch_on(&world.a, false), CODE_OK);
	world.a.meanwhile = turn_it_off;
	assert_int_equal(wipe(&world.a, &wiped), CODE_ERROR);
	assert_non_null(strstr(world.a.app.error, "another inkseal changed this home's sync"));
	world.a.meanwhile = NULL;
	assert_true(has_account(&world.a));
	assert_int_equal(switch_on(&world.a, false), CODE_OK);
	assert_int_equal(sync_now(&world.a, &totals), CODE_OK); /* nothing was wiped */
}

static int begin_one(struct desk *desk)
{
	desk->meanwhile = NULL;
	return switch_on(desk, false) == CODE_OK ? 0 : 1;
}

static int begin_one_unseen(struct desk *desk)
{
	desk->meanwhile = NULL;
	desk->shows = false;
	return switch_on(desk, false) == CODE_ERROR ? 0 : 1;
}

/* Its keys, and its code that nobody has seen, are not overwritten. */
static void another_runs_account_stays(void **state)
{
	(void)state;
	world.a.meanwhile = begin_one;
	assert_int_equal(switch_on(&world.a, true), CODE_ERROR);
	assert_non_null(strstr(world.a.app.error, "another inkseal"));
	assert_int_equal(world.a.shown, 0);
	assert_true(has_account(&world.a));
	world.b.meanwhile = begin_one_unseen;
	assert_int_equal(switch_on(&world.b, true), CODE_ERROR);
	world.b.meanwhile = NULL;
	assert_int_equal(switch_on(&world.b, true), CODE_OK);
	assert_string_not_equal(world.b.code, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_account_lives_without_a_terminal, set_up, tear_down),
    cmocka_unit_test_setup_teardown(
	a_code_that_could_not_be_shown_is_shown_again, set_up, tear_down),
    cmocka_unit_test_setup_teardown(others_write_while_somebody_is_asked, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_answer_is_for_what_was_asked_about, set_up, tear_down),
    cmocka_unit_test_setup_teardown(another_runs_account_stays, set_up, tear_down),
};

TEST_MAIN(tests)
