/*
 * tests/torture/http_test.c: requests to a gateway without sockets and threads
 * (tests/gateway/http/http_by_hand.h), with each allocation of ours failing in turn: who asked is
 * told to come again, or cut off, and never that the request was wrong or the account is not there;
 * nothing is held of it afterwards, and the next one is answered.
 */
#include "tests/gateway/http/http_world.h"
#include "tests/torture/fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void poll(void)
{
	ask_sync(0, FIRST, false, 0);
}

static void push(void)
{
	ask_sync(0, FIRST, true, 5000);
}

static void blob_get(void)
{
	ask_blob(0, FIRST, false, 0);
}

static void blob_put(void)
{
	ask_blob(0, FIRST, true, 100);
}

static void large_put(void)
{
	ask_blob(0, FIRST, true, HTTP_SMALL_BODY + 1);
}

static void watch(void)
{
	ask_watch(0, FIRST, 0);
}

static void roster(void)
{
	ask_roster(&world.pairs[0]->fixture.account, false);
}

static void missing_roster(void)
{
	ask_roster(&world.pairs[ACCOUNTS - 1]->fixture.account, false);
}

static void wiped_roster(void)
{
	ask_roster(&world.pairs[2]->fixture.account, false);
}

static void wipe_record(void)
{
	ask_roster(&world.pairs[2]->fixture.account, true);
}

static void wiped_sync(void)
{
	ask_sync(2, FIRST, false, 0);
}

static void wipe_again(void)
{
	ask_wipe(2, false);
}

static void create_again(void)
{
	ask_create(true);
}

static void no_path(void)
{
	struct MHD_Connection *connection = hand_connection("GET", "/nothing", "", 0);

	world.begun++;
	hand_begin(world.server, connection);
}

static void revoked_poll(void)
{
	ask_sync(0, THIRD, false, 0);
}

/* Its body is not read, and so the connection is closed. */
static void too_large(void)
{
	struct MHD_Connection *connection = hand_connection("POST", "/v1/sync", "", 0);

	hand_header(connection, "Content-Type", "application/cbor");
	hand_header(connection, "Content-Length", "100000000");
	world.begun++;
	hand_begin(world.server, connection);
}

static void info(void)
{
	struct MHD_Connection *connection = hand_connection("GET", "/v1/info", "", 0);

	world.begun++;
	hand_begin(world.server, connection);
}

static const struct scene {
	const char *name;
	void (*ask)(void);
	unsigned status; /* what is answered where memory is there … */
	unsigned also;   /* … and what is as true without, whatever else is told with it */
	bool created;    /* the account that is created must be there; else it must not */
} scenes[] = {
    {"a poll", poll, 200, 0, false},
    {"a push", push, 200, 0, false},
    {"a sync of who was revoked", revoked_poll, 200, 0, false},
    {"a blob", blob_get, 200, 0, false},
    {"a blob put", blob_put, 204, 0, false},
    {"a large blob put", large_put, 204, 0, false},
    {"a watch", watch, 204, 0, false},
    {"a roster", roster, 200, 0, false},
    {"a roster of none", missing_roster, 404, 0, false},
    {"a roster of a wiped account", wiped_roster, 410, 410, false},
    {"a wipe's record", wipe_record, 200, 0, false},
    {"a sync of a wiped account", wiped_sync, 200, 0, false},
    {"a wipe again", wipe_again, 200, 410, false},
    {"a create again", create_again, 200, 0, true},
    {"no path", no_path, 404, 0, true},
    {"a body that is too large", too_large, 413, 0, true},
    {"info", info, 200, 0, true},
};

/* ---- which allocation fails ---- */

static enum fault_whose whose;
static unsigned left; /* until the one that fails; 0: none does */
static bool failed;

static void fail_in_steps(bool begins)
{
	if (begins && left > 0)
		fault_arm(whose, left, false);
	if (begins || left == 0)
		return;
	failed = fault_disarm();
	left = failed || fault_count() >= left ? 0 : left - fault_count();
}

/* What nobody uses goes: the devices are not known any more. */
static void forget_all(void)
{
	struct http_accounts *accounts = world.server->accounts;
	struct http_slot *slot = NULL;
	size_t bytes_max = accounts->bytes_max;

	for (size_t i = 0; i < ACCOUNTS; i++)
		http_rosters_forget(world.server->rosters, &world.pairs[i]->fixture.account);
	accounts->bytes_max = 0;
	assert_int_equal(
	    http_accounts_take(accounts, &world.pairs[0]->fixture.account, &slot), TOOK_OK);
	http_accounts_drop(accounts, slot);
	accounts->bytes_max = bytes_max;
	assert_int_equal(accounts->slots_count, 0);
}

static void expect_nothing_held(const struct scene *scene)
{
	struct http_server *server = world.server;

	if (atomic_load(&server->bodies.held) + atomic_load(&server->answers.held) +
		atomic_load(&server->active) + atomic_load(&server->unauthenticated_workers) +
		http_admission_count(server->admission) + world.reserved >
	    0)
		fail_msg("%s, allocation %u: something is held", scene->name, each_at());
	for (const struct http_slot *slot = server->accounts->newest; slot != NULL;
	     slot = slot->older)
		assert_int_equal(slot->users, 0);
}

/* To come again, or that it is the gateway's own trouble; but for 503 it says which. */
static bool means_no_memory(unsigned status)
{
	static const char *const words[] = {
	    "memory", "can't be encoded", "the store is full" /* of the bucket in memory */};
	const char *text = hand_connections()->text;

	for (size_t i = 0; (status == 500 || status == 507) && text != NULL && i < COUNT_OF(words);
	     i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return status == 0 || status == 503;
}

/* The newest answer's fields, but for the number of the request. */
static const char *fields_told(void)
{
	const char *fields = strchr(hand_connections()->fields, '\n');

	return fields == NULL ? "" : fields;
}

static char fields_whole[HAND_FIELDS_MAX]; /* of the answer where memory is there */

static void answer_whole(const struct scene *scene)
{
	scene->ask();
	assert_int_equal(answered(), scene->status);
	(void)snprintf(fields_whole, sizeof(fields_whole), "%s", fields_told());
	assert_true(fields_whole[0] != '\0');
}

/* Begun with one allocation failing, and brought to its end. */
static void answer_without(const struct scene *scene, struct each *each)
{
	unsigned status;

	left = each->nth;
	failed = false;
	hand_steps = fail_in_steps;
	scene->ask();
	status = answered();
	hand_steps = NULL;
	each->hit = failed;
	if (status != scene->status &&
	    (!failed || (status != scene->also && !means_no_memory(status))))
		fail_msg("%s, allocation %u: %u %s", scene->name, each_at(), status,
		    hand_connections()->text);
	/* A message that could not be copied may be missing; no field of ours. */
	if (status == scene->status && status != scene->also && whose == FAULT_OURS &&
	    strcmp(fields_told(), fields_whole) != 0)
		fail_msg("%s, allocation %u: %s", scene->name, each_at(), fields_told());
	expect_nothing_held(scene);
}

/* What the gateway has of the devices before it is asked. */
enum known {
	KNOWN_NOTHING,
	KNOWN_OLD, /* a view that is too old to be served on */
	KNOWN_FRESH,
};

static void each_allocation_of(const struct scene *scene, enum known known)
{
	struct each each = {.of = scene->name, .may_be_none = whose == FAULT_LIBRARIES};

	while (each_next(&each)) {
		/* What the gate was told without memory is told no more. */
		world.now_ms += known == KNOWN_OLD ? HTTP_ROSTER_AGE_MS + 1 : 1001;
		if (known == KNOWN_NOTHING)
			forget_all();
		answer_without(scene, &each);
	}
}

static void open_world(void)
{
	world_open(1);
	world.kind = true;
	hand_closed = NULL;
	world_start();
}

static void each_request_without_memory(void **state)
{
	(void)state;
	open_world();
	ask_wipe(2, false);
	assert_int_equal(answered(), 200);
	for (size_t i = 0; i < COUNT_OF(scenes); i++) {
		if (scenes[i].created) {
			ask_create(true);
			assert_in_range(answered(), 200, 201);
		}
		answer_whole(&scenes[i]);
		whose = FAULT_OURS;
		for (unsigned known = KNOWN_NOTHING; known <= KNOWN_FRESH; known++)
			each_allocation_of(&scenes[i], (enum known)known);
		whose = FAULT_LIBRARIES; /* libc's, that copies texts */
		each_allocation_of(&scenes[i], KNOWN_NOTHING);
	}
	world_close();
}

static void wipe(void)
{
	ask_wipe(1, false);
}

static void create(void)
{
	ask_create(true);
}

/* Its record says so; or the gateway alone, where that can't be read. */
static void what_was_wiped_without_memory(void **state)
{
	static const struct scene again = {"a create of what was wiped", create, 410, 410, false};

	(void)state;
	open_world();
	ask_create(true);
	assert_int_equal(answered(), 201);
	ask_wipe_by(ACCOUNTS - 1, FIRST);
	assert_int_equal(answered(), 200);
	answer_whole(&again);
	whose = FAULT_OURS;
	each_allocation_of(&again, KNOWN_NOTHING);
	world_close();
}

/* What is there once and for all, or not: the next time it is. */
static void what_is_done_once_without_memory(void **state)
{
	static const struct scene once[] = {
	    {"a wipe", wipe, 200, 410, false}, {"a create", create, 201, 0, false}};

	(void)state;
	whose = FAULT_OURS;
	for (size_t i = 0; i < COUNT_OF(once); i++) {
		struct each each = {.of = once[i].name};

		open_world();
		answer_whole(&once[i]);
		world_close();
		while (each_next(&each)) {
			open_world();
			answer_without(&once[i], &each);
			world.now_ms += 1001;
			once[i].ask();
			assert_in_range(answered(), 200, once[i].status);
			world_close();
		}
	}
}

static void revoked_blob_get(void)
{
	ask_blob(0, SECOND, false, 0);
}

/* SECOND was revoked through another gateway, and the view that says otherwise is too old. */
static void open_with_old_view(void)
{
	open_world();
	ask_sync(0, SECOND, false, 0);
	assert_int_equal(answered(), 200);
	world.now_ms += HTTP_ROSTER_AGE_MS + 1;
	statement_elsewhere(0, SIZE_MAX, SECOND);
}

/* Who can't be looked up anew for want of memory is not served on what was known. */
static void what_was_revoked_elsewhere_without_memory(void **state)
{
	static const struct scene refused = {
	    "a blob for who was revoked", revoked_blob_get, 403, 0, false};
	struct each each = {.of = refused.name};

	(void)state;
	whose = FAULT_OURS;
	open_with_old_view();
	answer_whole(&refused);
	world_close();
	while (each_next(&each)) {
		open_with_old_view();
		answer_without(&refused, &each);
		world_close();
	}
}

/* Sockets are taken over by a failure, too; the doors by hand have none of their own. */
static void it_does_not_start_without_memory(void **state)
{
	struct fault_turns turns = {.each = {.of = "starting", .least = 3, .most = 100}};

	(void)state;
	while (fault_next(&turns)) {
		struct http_server *server;
		struct call call;

		world_open(1);
		assert_int_equal(dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0), 0);
		world.config.metrics_fd = 0;
		world.config.listen_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		call_init(&call, INT64_MAX);
		fault_begin(&turns);
		server = http_start(&world.config, &call);
		assert_int_equal(server == NULL, fault_end(&turns));
		if (turns.each.nth == 1) {
			assert_int_equal(fcntl(0, F_GETFD), -1);
			assert_int_equal(fcntl(world.config.listen_fd, F_GETFD), -1);
		}
		if (server == NULL) {
			assert_true(call.message[0] != '\0');
			hand_free();
			world_start();
		} else {
			world.server = server;
		}
		world_close();
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_does_not_start_without_memory),
    cmocka_unit_test(each_request_without_memory),
    cmocka_unit_test(what_was_wiped_without_memory),
    cmocka_unit_test(what_is_done_once_without_memory),
    cmocka_unit_test(what_was_revoked_elsewhere_without_memory),
};
TEST_MAIN(tests)
