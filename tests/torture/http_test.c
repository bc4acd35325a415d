/*
 * tests/torture/http_test.c: requests to a gateway without sockets and threads
 * (tests/gateway/http/http_by_hand.h), with each allocation of ours failing in turn: who asked is
 * told to come again, or cut off, and never that the request was wrong or the account is not there;
 * nothing is held of it afterwards, and the next one is answered.
 */
#include "tests/gateway/http/http_world.h"
#include "tests/torture/fault.h"

#include <stdlib.h>
#include <string.h>

#define ALLOCATIONS_MAX 2000u

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
	unsigned also;   /* … and what is as true without */
	bool created;    /* the account that is created must be there; else it must not */
} scenes[] = {
    {"a poll", poll, 200, 0, false},
    {"a push", push, 200, 0, false},
    {"a blob", blob_get, 200, 0, false},
    {"a blob put", blob_put, 204, 0, false},
    {"a large blob put", large_put, 204, 0, false},
    {"a watch", watch, 204, 0, false},
    {"a roster", roster, 200, 0, false},
    {"a roster of none", missing_roster, 404, 0, false},
    {"a roster of a wiped account", wiped_roster, 410, 0, false},
    {"a wipe's record", wipe_record, 200, 0, false},
    {"a sync of a wiped account", wiped_sync, 200, 0, false},
    {"a wipe again", wipe_again, 200, 410, false},
    {"a create again", create_again, 200, 0, true},
    {"no path", no_path, 404, 0, true},
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
		http_gate_forget(world.server->gate, &world.pairs[i]->fixture.account);
	accounts->bytes_max = 0;
	assert_int_equal(
	    http_accounts_take(accounts, &world.pairs[0]->fixture.account, &slot), TOOK_OK);
	http_accounts_drop(accounts, slot);
	accounts->bytes_max = bytes_max;
	assert_int_equal(accounts->slots_count, 0);
}

static void expect_nothing_held(const struct scene *scene, unsigned nth)
{
	struct http_server *server = world.server;

	if (atomic_load(&server->bodies.held) + atomic_load(&server->answers.held) +
		atomic_load(&server->active) + atomic_load(&server->strange_workers) +
		http_gate_count(server->gate) + world.reserved >
	    0)
		fail_msg("%s, allocation %u: something is held", scene->name, nth);
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

/* Begun with the nth allocation failing, and brought to its end: how it was answered. */
static unsigned answered_without(const struct scene *scene, unsigned nth)
{
	unsigned status;

	left = nth;
	failed = false;
	hand_steps = fail_in_steps;
	scene->ask();
	status = answered();
	hand_steps = NULL;
	if (status != scene->status &&
	    (!failed || (status != scene->also && !means_no_memory(status))))
		fail_msg(
		    "%s, allocation %u: %u %s", scene->name, nth, status, hand_connections()->text);
	expect_nothing_held(scene, nth);
	return status;
}

static void each_allocation_of(const struct scene *scene, bool known)
{
	unsigned nth = 0;

	do {
		assert_in_range(++nth, 1, ALLOCATIONS_MAX);
		world.now_ms += 1001; /* what the gate was told without memory is told no more */
		if (!known)
			forget_all();
		(void)answered_without(scene, nth);
	} while (failed);
	assert_true(nth > 1 || whose == FAULT_LIBRARIES);
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
		scenes[i].ask();
		assert_int_equal(answered(), scenes[i].status);
		whose = FAULT_OURS;
		each_allocation_of(&scenes[i], false);
		each_allocation_of(&scenes[i], true);
		whose = FAULT_LIBRARIES; /* libc's, that copies texts */
		each_allocation_of(&scenes[i], false);
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
	static const struct scene again = {"a create of what was wiped", create, 410, 0, false};

	(void)state;
	open_world();
	ask_create(true);
	assert_int_equal(answered(), 201);
	ask_wipe_by(ACCOUNTS - 1, FIRST);
	assert_int_equal(answered(), 200);
	whose = FAULT_OURS;
	each_allocation_of(&again, false);
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
		unsigned nth = 0;

		do {
			assert_in_range(++nth, 1, ALLOCATIONS_MAX);
			open_world();
			(void)answered_without(&once[i], nth);
			world.now_ms += 1001;
			once[i].ask();
			assert_in_range(answered(), 200, once[i].status);
			world_close();
		} while (failed);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_request_without_memory),
    cmocka_unit_test(what_was_wiped_without_memory),
    cmocka_unit_test(what_is_done_once_without_memory),
};
TEST_MAIN(tests)
