/*
 * tests/cli/app/session_test.c: what a session keeps of what a remote knows, when it is closed.
 */
#include "tests/test.h"

#include "cli/app/host_system.h"
#include "cli/app/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	struct app app;
	struct session session;
	char folder[64], path[128];
	struct journal_ops ops; /* the store's, but for these two, which are counted */
	const struct journal_ops *store_ops;
	unsigned begun, begun_lightly;
	const char *known; /* to the remote; NULL: nothing */
	unsigned closed;
} here;

static enum journal_result count_begin(void *self, struct call *call)
{
	here.begun++;
	return here.store_ops->begin(self, call);
}

static enum journal_result count_begin_light(void *self, struct call *call)
{
	here.begun_lightly++;
	return here.store_ops->begin_light(self, call);
}

static bool known(void *self, struct bytes *out)
{
	assert_ptr_equal(self, &here);
	return here.known != NULL && bytes_copy(view_text(here.known), out);
}

static void close_remote(void *self)
{
	assert_ptr_equal(self, &here);
	here.closed++;
}

static const struct remote_ops remote_ops = {.known = known, .close = close_remote};
static const struct remote_ops forgetful_ops = {.close = close_remote};

static void open_remote(const struct remote_ops *ops)
{
	struct remote *remote = malloc(sizeof(*remote));

	assert_non_null(remote);
	*remote = (struct remote){.self = &here, .ops = ops};
	here.session.remote = remote;
	here.begun = 0;
	here.begun_lightly = 0;
	here.closed = 0;
}

static int setup(void **state)
{
	struct session *session = &here.session;
	struct journal journal;

	(void)state;
	memset(&here, 0, sizeof(here));
	memcpy(here.folder, "/tmp/session_test.XXXXXX", 25);
	assert_non_null(mkdtemp(here.folder));
	(void)snprintf(here.path, sizeof(here.path), "%s/journal.db", here.folder);
	here.app.clock = system_clock();
	session->app = &here.app;
	session->facts.has_account = true;
	assert_int_equal(store_open(here.path, &store_options_disk, &here.app.clock, &session->call,
			     &session->store),
	    JOURNAL_OK);
	journal = store_journal(session->store);
	here.store_ops = journal.ops;
	here.ops = *journal.ops;
	here.ops.begin = count_begin;
	here.ops.begin_light = count_begin_light;
	session->engine.journal = (struct journal){.self = journal.self, .ops = &here.ops};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_close(here.session.store);
	assert_int_equal(unlink(here.path), 0);
	return rmdir(here.folder);
}

static void assert_kept(const char *text)
{
	struct bytes kept = {0};
	bool is = session_meta(&here.session, META_CACHE, &kept);

	assert_int_equal(is, text != NULL);
	if (text != NULL)
		assert_string_equal((const char *)kept.data, text);
	bytes_clear(&kept);
}

/* It can be fetched again: nobody waits for the disk for it, as for an entry. */
static void what_a_remote_knows_is_kept_lightly(void **state)
{
	(void)state;
	open_remote(&remote_ops);
	here.known = "a manifest";
	session_remote_close(&here.session);
	assert_int_equal(here.closed, 1);
	assert_null(here.session.remote);
	assert_kept("a manifest");
	assert_int_equal(here.begun_lightly, 1);
	assert_int_equal(here.begun, 0);
	session_remote_close(&here.session); /* there is none any more */
	assert_int_equal(here.closed, 1);
}

static void what_has_not_changed_is_not_written(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		open_remote(&remote_ops);
		here.known = "a manifest";
		session_remote_close(&here.session);
		assert_int_equal(here.begun_lightly, round == 0 ? 1 : 0);
	}
	assert_kept("a manifest");
}

/* Of no account, or of a remote that knows nothing; what was kept stays. */
static void nothing_is_kept_of_nothing(void **state)
{
	(void)state;
	open_remote(&remote_ops);
	here.known = "of an account that is only asked about";
	here.session.facts.has_account = false;
	session_remote_close(&here.session);
	assert_kept(NULL);
	here.session.facts.has_account = true;
	open_remote(&remote_ops);
	here.known = NULL;
	session_remote_close(&here.session);
	open_remote(&forgetful_ops);
	session_remote_close(&here.session);
	assert_int_equal(here.closed, 1);
	assert_kept(NULL);
	assert_int_equal(here.begun + here.begun_lightly, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_a_remote_knows_is_kept_lightly, setup, teardown),
    cmocka_unit_test_setup_teardown(what_has_not_changed_is_not_written, setup, teardown),
    cmocka_unit_test_setup_teardown(nothing_is_kept_of_nothing, setup, teardown),
};

TEST_MAIN(tests)
