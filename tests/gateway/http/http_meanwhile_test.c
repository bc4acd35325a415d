/*
 * tests/gateway/http/http_meanwhile_test.c: what others do in the middle of a request's work: a
 * device asks while who belongs is being changed, another gateway commits, or removes the account.
 */
#include "tests/gateway/http/http_world.h"

#include <string.h>

#define NEW (ACCOUNTS - 1) /* the account that is there once somebody creates it */

static struct http_keeper keeper; /* the world's own */
static void (*settled)(void);     /* called once, when it is told; may be NULL */

static void settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed)
{
	void (*once)(void) = settled;

	keeper.settle(self, account, reserved, put, committed);
	settled = NULL;
	if (once != NULL)
		once();
}

static int world_setup(void **state)
{
	(void)state;
	world_open(1);
	world.kind = true;
	keeper = world.config.keeper;
	world.config.keeper.settle = settle;
	settled = NULL;
	hand_closed = NULL;
	world_start();
	return 0;
}

static int world_teardown(void **state)
{
	(void)state;
	world_close();
	return 0;
}

/* Whether the last line of the log says how a request ended. */
static void expect_result(const char *result)
{
	const char *at = strstr(world.line, " result=");

	assert_non_null(at);
	at += strlen(" result=");
	if (strncmp(at, result, strlen(result)) != 0 ||
	    (at[strlen(result)] != '\0' && at[strlen(result)] != ' '))
		fail_msg("not %s: %s", result, world.line);
}

/* ---- a roster that is read while it changes ---- */

static struct {
	size_t account;
	uint64_t puts;   /* that were sent before it began */
	unsigned status; /* of whoever asked meanwhile */
} change;

static void asks_before_the_first_put(void)
{
	if (world.calls[MEMORY_PUT] == change.puts)
		return;
	world.waits = NULL;
	ask_roster(&world.pairs[change.account]->fixture.account, false);
	change.status = answered();
}

/*
 * Whoever asks a moment before it is changed is told what stands then; and whoever asks in the same
 * millisecond, but after it was changed, what stands now.
 */
static void what_was_read_before_a_change_is_told_to_nobody(void **state)
{
	enum { STATEMENT, CREATE, WIPE };
	static const struct {
		size_t account;
		unsigned done, before, after; /* how each of them is answered */
	} rows[] = {
	    [STATEMENT] = {0, 200, 200, 200},
	    [CREATE] = {NEW, 201, 404, 200},
	    [WIPE] = {1, 200, 200, 410},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct fixture *fixture = &world.pairs[rows[i].account]->fixture;
		const struct MHD_Connection *told;

		change.account = rows[i].account;
		change.puts = world.calls[MEMORY_PUT];
		world.waits = asks_before_the_first_put;
		switch (i) {
		case STATEMENT: ask_statement(0, STRANGER, SIZE_MAX); break;
		case CREATE: ask_create(true); break;
		default: ask_wipe(1, false); break;
		}
		assert_int_equal(answered(), rows[i].done);
		assert_null(world.waits);
		assert_int_equal(change.status, rows[i].before);
		ask_roster(&fixture->account, false);
		if (answered() != rows[i].after)
			fail_msg("change %zu: %u", i, hand_connections()->status);
		told = hand_connections();
		if (rows[i].after != 200)
			continue;
		assert_int_equal(told->text_len, fixture->roster_bytes.len);
		assert_memory_equal(told->text, fixture->roster_bytes.data, told->text_len);
	}
}

/* ---- a blob of an account that is removed, and made anew ---- */

/* By another gateway; and this one is told of it by the next poll. */
static void is_made_anew(void)
{
	struct fixture *fixture = &world.pairs[NEW]->fixture;
	struct account_cache removes = {0}, creates = {0};
	struct wipe_report report;

	assert_int_equal(account_wipe(&fixture->env, &removes, &fixture->account, (struct view){0},
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(fixture_create(fixture, &creates), ACCOUNT_OK);
	ask_sync(NEW, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	account_cache_clear(&removes);
	account_cache_clear(&creates);
}

/*
 * The blob that was put went with the account that it was put for. So a frame of the new one that
 * names it is told to put it again; if the account is the same all along, it is good.
 */
static void a_blob_goes_with_its_incarnation(void **state)
{
	struct client *client = &world.pairs[NEW]->first;
	struct fixture *fixture = client->fixture;

	(void)state;
	fixture->env = world.config.env;
	ask_create(true);
	assert_int_equal(answered(), 201);
	for (unsigned anew = 0; anew < 2; anew++) {
		struct blob_name name = {.count = 0};

		settled = anew == 1 ? is_made_anew : NULL;
		ask_blob(NEW, FIRST, true, 5000);
		blob_hash(view_bytes(&hand_connections()->body), &name.hash);
		assert_int_equal(answered(), 204);
		assert_null(settled);
		ask_sync(NEW, FIRST, false, 0); /* the client is at the head */
		assert_int_equal(answered(), 200);
		client_frame(client, FRAME_PATCH, 100, &name, NULL, (struct view){0});
		client_request(client);
		ask_request(NEW, FIRST);
		assert_int_equal(answered(), 200);
		expect_result(anew == 1 ? "rename" : "committed");
	}
}

/* ---- a statement that loses its race ---- */

static struct client *rival; /* its request is ready */

static void rival_commits_before_the_manifest(void)
{
	if (world.calls[MEMORY_PUT] < change.puts + 2) /* the first is the roster's */
		return;
	world.waits = NULL;
	assert_int_equal(client_send(rival), ACCOUNT_OK);
	assert_status(rival, SYNC_COMMITTED);
}

/* What only says that it is a statement. */
static unsigned bogus(void)
{
	struct client *client = &world.pairs[0]->first;

	client_frame(client, FRAME_STATEMENT, 0, NULL, NULL, view_text("no statement"));
	client_request(client);
	client->request.roster = view_bytes(&client->fixture->roster_bytes);
	ask_request(0, FIRST);
	return answered();
}

/* Its roster was put, and in vain: it has used up what it was let in on like one that is none. */
static void a_statement_that_loses_its_race_pays(void **state)
{
	(void)state;
	world.server->config.rate_max = 1;
	rival = &world.pairs[0]->second;
	rival->fixture->env = world.config.env;
	assert_int_equal(client_poll(rival), ACCOUNT_OK);
	client_frame(rival, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
	client_request(rival);
	ask_sync(0, FIRST, false, 0); /* the one request of this minute */
	assert_int_equal(answered(), 200);
	change.puts = world.calls[MEMORY_PUT];
	world.waits = rival_commits_before_the_manifest;
	ask_statement(0, STRANGER, SIZE_MAX);
	assert_int_equal(answered(), 200);
	assert_null(world.waits);
	expect_result("behind");
	for (unsigned i = 1; i < HTTP_STATEMENTS_MAX; i++)
		assert_int_equal(bogus(), 200);
	assert_int_equal(bogus(), 429);
}

/* ---- what a request finds out for all ---- */

/* One of the head, until it waits. */
static struct MHD_Connection *begin_watch(void)
{
	struct MHD_Connection *watch;

	ask_watch(0, SECOND, 0);
	watch = hand_connections();
	while (!watch->suspended || hand_next(HAND_WORKERS) != NULL)
		if (watch->suspended)
			hand_run(HAND_WORKERS);
		else
			hand_go_on(watch);
	return watch;
}

static void expect_woken(struct MHD_Connection *watch)
{
	assert_false(watch->suspended);
	hand_go_on(watch);
	assert_int_equal(watch->status, 204);
	hand_end(watch, MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

/* By another gateway: with a wipe of SECOND's, or by the operator, who leaves no record. */
static void remove_account(bool by_wipe)
{
	struct fixture *fixture = &world.pairs[0]->fixture;
	struct account_cache cache = {0};
	struct wipe_report report;
	struct sync_answer answer = {0};
	struct sync_request poll = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .cursor = world.pairs[0]->first.head};
	struct bytes wipe = {0};

	fixture->env = world.config.env;
	assert_int_equal(
	    account_sync(&fixture->env, &cache, &poll, fixture_call(fixture), &answer), ACCOUNT_OK);
	if (by_wipe)
		fixture_wipe(fixture, SECOND, answer.incarnation, world.config.env.gateway, &wipe);
	sync_answer_clear(&answer);
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account, view_bytes(&wipe),
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	bytes_clear(&wipe);
	account_cache_clear(&cache);
}

/* That another gateway has wiped the account is told to all who watch it here. */
static void a_wipe_that_a_sync_finds_is_told(void **state)
{
	struct MHD_Connection *watch;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	watch = begin_watch();
	remove_account(true);
	assert_true(watch->suspended);
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	expect_result("gone");
	expect_woken(watch);
}

/* And so it is where who asks for a blob is looked up anew. */
static void an_account_that_is_not_there_is_told(void **state)
{
	static const unsigned statuses[] = {404, 410};

	for (size_t by_wipe = 0; by_wipe < COUNT_OF(statuses); by_wipe++) {
		struct MHD_Connection *watch;

		ask_sync(0, FIRST, false, 0);
		assert_int_equal(answered(), 200);
		world.now_ms += HTTP_ROSTER_AGE_MS;
		watch = begin_watch();
		remove_account(by_wipe == 1);
		world.now_ms++;
		ask_blob(0, FIRST, false, 0);
		assert_int_equal(answered(), statuses[by_wipe]);
		expect_woken(watch);
		if (by_wipe == 1)
			break;
		assert_int_equal(world_teardown(state), 0);
		assert_int_equal(world_setup(state), 0);
	}
}

/* What could not be read is neither known anew, nor is what was known before forgotten. */
static void a_look_that_fails_changes_nothing(void **state)
{
	uint64_t reads;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	world.now_ms += HTTP_ROSTER_AGE_MS + 1;
	world.bucket_fails = 1;
	ask_blob(0, FIRST, false, 0);
	assert_int_equal(answered(), 503);
	world.bucket_fails = 0;
	world.server->config.gate_max = 0; /* who is not known is turned away */
	reads = world.reads;
	ask_blob(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	assert_int_equal(world.reads - reads, 1);
}

/* What a known device may ask next without a look at the bucket. */
static void expect_known(const char *after)
{
	uint64_t reads = world.reads;
	unsigned watch, blob;

	ask_watch(0, FIRST, 1); /* the head has passed that */
	watch = answered();
	ask_blob(0, FIRST, false, 0);
	blob = answered();
	if (watch != 200 || blob != 200 || world.reads != reads)
		fail_msg("after %s: a watch %u, a blob %u, %u reads", after, watch, blob,
		    (unsigned)(world.reads - reads));
}

/* An answer that says nothing of the log takes nothing from what is known of it. */
static void what_tells_nothing_changes_nothing(void **state)
{
	struct client *client = &world.pairs[0]->first;
	struct head before;

	(void)state;
	ask_sync(0, FIRST, true, 0);
	before = client->head;
	assert_int_equal(answered(), 200);
	expect_known("a push");
	world.bucket_fails = 1;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 503);
	world.bucket_fails = 0;
	expect_known("a failure");
	client_request(client);
	client->request.frames[0] = view_text("no frame at all");
	client->request.frames_count = 1;
	ask_request(0, FIRST);
	assert_int_equal(answered(), 200);
	expect_result("refused");
	expect_known("what is no frame");
	/* SECOND is behind, and asks for the turn: FIRST is told to wait. */
	client->member = &client->fixture->members[SECOND];
	client->head = before;
	client_frame(client, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
	client->wants_lease = true;
	client_request(client);
	client->wants_lease = false;
	ask_request(0, SECOND);
	assert_int_equal(answered(), 200);
	expect_result("behind");
	ask_sync(0, FIRST, true, 0);
	assert_int_equal(answered(), 200);
	expect_result("later");
	expect_known("another's turn");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	what_was_read_before_a_change_is_told_to_nobody, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_blob_goes_with_its_incarnation, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	a_statement_that_loses_its_race_pays, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_wipe_that_a_sync_finds_is_told, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	an_account_that_is_not_there_is_told, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_look_that_fails_changes_nothing, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	what_tells_nothing_changes_nothing, world_setup, world_teardown),
};
TEST_MAIN(tests)
