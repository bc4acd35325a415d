/*
 * tests/gateway/http/http_server_test.c: server.c by hand: what a gateway is started with, its
 * thread that compares watched accounts with the bucket, and how it stops.
 */
#include "tests/gateway/http/http_world.h"

#include <stdlib.h>
#include <string.h>

#define LONG_REST_MS 100 /* more: between two rounds; less: within one */

static struct {
	unsigned short_rests, long_rests;
	unsigned rounds; /* the gateway stops in the last one's rest */
	void (*then)(void);
} rests;

static void rest(int64_t ms)
{
	world.now_ms += ms;
	if (ms < LONG_REST_MS)
		rests.short_rests++;
	else
		rests.long_rests++;
	if (rests.then != NULL)
		rests.then();
	if (rests.long_rests == rests.rounds)
		atomic_store(&world.server->draining, true);
}

/* So many rounds of the checker's. */
static void check_rounds(unsigned rounds)
{
	memset(&rests, 0, sizeof(rests));
	rests.rounds = rounds;
	hand_check();
	assert_int_equal(rests.long_rests, rounds);
	atomic_store(&world.server->draining, false);
}

static int world_setup(void **state)
{
	(void)state;
	world_open(1);
	world.kind = true;
	hand_closed = NULL;
	memset(&rests, 0, sizeof(rests));
	hand_rests = rest;
	world_start();
	return 0;
}

static int world_teardown(void **state)
{
	(void)state;
	memset(&rests, 0, sizeof(rests));
	world_close();
	hand_rests = NULL;
	return 0;
}

/* ---- starting ---- */

#define MIB (UINT64_C(1) << 20)

/* README.md, "What bounds what". */
static void the_defaults_are_as_documented(void **state)
{
	struct http_config config;

	(void)state;
	http_defaults(&config);
	assert_int_equal(config.listen_fd, -1);
	assert_int_equal(config.metrics_fd, -1);
	assert_int_equal(config.threads, 2);
	assert_int_equal(config.workers, 64);
	assert_int_equal(config.queue_max, 512);
	assert_int_equal(config.connections_max, 16384);
	assert_int_equal(config.per_ip_max, 256);
	assert_false(config.per_ip_near);
	assert_int_equal(config.account_max, 16);
	assert_int_equal(config.watchers_max, 64);
	assert_int_equal(config.cache_bytes_max, 16 * MIB);
	assert_int_equal(config.body_bytes_max, 256 * MIB);
	assert_int_equal(config.answer_bytes_max, 256 * MIB);
	assert_int_equal(config.account_bytes_max, 64 * MIB);
	assert_int_equal(config.unauthenticated_bytes_max, 64 * MIB);
	assert_int_equal(config.gate_workers, 8);
	assert_int_equal(config.gate_max, 1024);
	assert_int_equal(config.gate_account_max, 32);
	assert_int_equal(config.gate_address_max, 32);
	assert_int_equal(config.gate_ms, 10000);
	assert_int_equal(config.rate_max, 6000);
	assert_int_equal(config.header_ms, 10000);
	assert_int_equal(config.idle_ms, 75000);
	assert_int_equal(config.slack_ms, 20000);
	assert_int_equal(config.rate_min, 16384);
	assert_int_equal(config.call_ms, 25000);
	assert_int_equal(config.watch_ms, 55000);
	assert_int_equal(config.recheck_ms, 4000);
}

static void each_door_has_its_own(void **state)
{
	(void)state;
	world_open(1);
	world.config.listen_fd = 1001; /* a door by hand opens none */
	world.config.metrics_fd = 1002;
	world.config.threads = 3;
	world.config.connections_max = 4;
	world.config.per_ip_max = 5;
	world.config.per_ip_near = true;
	world_start();
	assert_int_equal(hand_doors[false].listen_fd, 1001);
	assert_int_equal(hand_doors[false].threads, 3);
	assert_int_equal(hand_doors[false].connections_max, 4);
	assert_int_equal(hand_doors[false].per_ip_max, 5);
	assert_true(hand_doors[false].per_ip_near);
	assert_int_equal(hand_doors[true].listen_fd, 1002);
	assert_int_equal(hand_doors[true].threads, 1);
	assert_int_equal(hand_doors[true].connections_max, 16);
	assert_int_equal(hand_doors[true].per_ip_max, 0);
	world_close();
}

/* What was made so far is gone (world_close looks for the locks, the sanitizer for the rest). */
static void without_a_door_it_does_not_start(void **state)
{
	struct call call;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		world_open(1);
		world.config.metrics_fd = 1002;
		hand_doors_fail[i] = true;
		call_init(&call, INT64_MAX);
		assert_null(http_start(&world.config, &call));
		assert_non_null(strstr(call.message, "threads do not start"));
		hand_doors_fail[i] = false;
		hand_free();
		world_start();
		world_close();
	}
}

/* Others' commits are seen a watch later. */
static void without_its_thread_it_serves(void **state)
{
	(void)state;
	world_open(1);
	world.kind = true;
	hand_threads_fail = true;
	world_start();
	hand_threads_fail = false;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	world_close();
}

/* ---- while it serves ---- */

static struct MHD_Connection *begin_watch(size_t account)
{
	struct MHD_Connection *watch;

	ask_sync(account, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	ask_watch(account, FIRST, 0);
	watch = hand_connections();
	hand_go_on(watch);
	hand_run(HAND_WORKERS);
	assert_true(watch->suspended);
	return watch;
}

static void expect_watch(struct MHD_Connection *watch, unsigned status)
{
	assert_false(watch->suspended);
	hand_go_on(watch);
	assert_int_equal(watch->status, status);
	hand_end(watch, MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

/* A device's push, by way of another gateway. */
static void push_beside(size_t account)
{
	struct client *client = &world.pairs[account]->first;
	struct account_cache cache = {0};
	struct sync_answer answer = {0};
	struct call call;

	ask_sync(account, FIRST, true, 0); /* for its request, which is given up */
	hand_end(hand_connections(), MHD_REQUEST_TERMINATED_CLIENT_ABORT);
	call_init(&call, INT64_MAX);
	assert_int_equal(
	    account_sync(&world.config.env, &cache, &client->request, &call, &answer), ACCOUNT_OK);
	assert_int_equal(answer.status, SYNC_COMMITTED);
	sync_answer_clear(&answer);
	account_cache_clear(&cache);
}

static void a_tick_wakes_whose_time_is_over(void **state)
{
	struct MHD_Connection *watch = begin_watch(0);

	(void)state;
	world.now_ms += world.config.watch_ms - 1;
	hand_tick();
	assert_true(watch->suspended);
	world.now_ms++;
	hand_tick();
	expect_watch(watch, 204);
	watch = begin_watch(0);
	atomic_store(&world.server->draining, true); /* nobody waits any longer */
	hand_tick();
	expect_watch(watch, 204);
}

static void another_gateways_commit_is_seen(void **state)
{
	struct MHD_Connection *watches[2];
	uint64_t reads;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(watches); i++)
		watches[i] = begin_watch(i);
	push_beside(0);
	world.now_ms += world.config.recheck_ms - 250 * 2;
	reads = world.reads;
	check_rounds(2); /* compared a moment ago */
	assert_int_equal(world.reads, reads);
	check_rounds(2); /* each once, and without a rest between them */
	assert_int_equal(world.reads, reads + 2);
	assert_int_equal(rests.short_rests, 0);
	expect_watch(watches[0], 200);
	assert_true(watches[1]->suspended);
}

/* Who holds its cache is about to learn the head. */
static void a_busy_account_is_left_alone(void **state)
{
	struct MHD_Connection *watch = begin_watch(0);
	struct http_slot *slot = watch->exchange->slot;
	uint64_t reads;

	(void)state;
	world.now_ms += world.config.recheck_ms;
	reads = world.reads;
	(void)pthread_mutex_lock(&slot->lock);
	check_rounds(1);
	(void)pthread_mutex_unlock(&slot->lock);
	assert_int_equal(world.reads, reads);
	assert_true(watch->suspended);
	assert_int_equal(slot->requests, 0);
}

/* It rests a little, and tries the next; this one comes again in its time. */
static void a_failure_is_no_end(void **state)
{
	struct MHD_Connection *watch = begin_watch(0);

	(void)state;
	push_beside(0);
	world.now_ms += world.config.recheck_ms;
	world.bucket_fails = 1;
	check_rounds(1);
	assert_int_equal(rests.short_rests, 1);
	assert_true(watch->suspended);
	world.bucket_fails = 0;
	check_rounds(1);
	assert_true(watch->suspended);
	world.now_ms += world.config.recheck_ms;
	check_rounds(1);
	expect_watch(watch, 200);
}

#define KEYS_MAX 64u

struct keys {
	char texts[KEYS_MAX][BUCKET_KEY_MAX + 1];
	size_t count;
};

static void see_key(void *self, const char *key, struct view data)
{
	struct keys *keys = self;

	(void)data;
	assert_true(keys->count < KEYS_MAX);
	memcpy(keys->texts[keys->count++], key, strlen(key) + 1);
}

static void remove_all(void)
{
	static struct keys keys;
	struct call call;

	keys.count = 0;
	memory_each(world.store, see_key, &keys);
	call_init(&call, INT64_MAX);
	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(bucket_remove(world.bucket, keys.texts[i], &call), BUCKET_OK);
}

/* What is not there any more has no watchers, nor members. */
static void an_account_that_vanished_is_forgotten(void **state)
{
	struct MHD_Connection *watch = begin_watch(0);
	struct http_slot *slot = watch->exchange->slot;

	(void)state;
	assert_true(slot->members_count > 0);
	remove_all();
	world.now_ms += world.config.recheck_ms;
	check_rounds(1);
	assert_int_equal(slot->members_count, 0);
	expect_watch(watch, 204);
	ask_watch(0, FIRST, 0);
	assert_int_equal(answered(), 404);
}

static void five_seconds(void)
{
	world.now_ms += 5000;
}

/* As long as it may take, and not longer: then the bucket is asked no more. */
static void a_comparison_has_its_time(void **state)
{
	uint64_t gets;

	(void)state;
	(void)begin_watch(0);
	push_beside(0); /* so the roster would be looked for after the manifest */
	world.now_ms += world.config.recheck_ms;
	gets = world.calls[MEMORY_GET];
	world.waits = five_seconds;
	check_rounds(1);
	world.waits = NULL;
	assert_int_equal(world.calls[MEMORY_GET], gets + 1);
}

/* The next commit learns it by its condition: no failure of the upkeep's. */
static void a_change_that_is_not_read_is_no_failure(void **state)
{
	struct call call;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	world.bucket_fails = 1;
	call_init(&call, INT64_MAX);
	http_changed(world.server, &world.pairs[0]->fixture.account, &call);
	assert_string_equal(call.message, "");
	world.bucket_fails = 0;
	ask_sync(0, FIRST, true, 0);
	assert_int_equal(answered(), 200);
}

/* ---- stopping ---- */

static void run_one(void)
{
	if (hand_next(HAND_WORKERS) != NULL)
		hand_run(HAND_WORKERS);
	for (struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next) {
		if (one->over || one->suspended)
			continue;
		hand_go_on(one);
		hand_end(one, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	}
}

static void stop(int64_t within_ms)
{
	struct call call;

	call_init(&call, world.now_ms + within_ms);
	http_stop(world.server, &call);
	hand_free();
}

static void finish(void)
{
	world_start();
	hand_rests = NULL;
	world_close();
	hand_rests = rest;
}

/* Where nothing is under way, at once. */
static void stopping_takes_no_time(void **state)
{
	int64_t begun_ms;

	(void)state;
	world_open(1);
	world_start();
	begun_ms = world.now_ms;
	stop(10000);
	assert_int_equal(world.now_ms, begun_ms);
	assert_int_equal(hand_cap_ms(), begun_ms);
	finish();
}

/* What was accepted is finished; who watches is woken. */
static void stopping_waits_for_what_was_accepted(void **state)
{
	struct MHD_Connection *poll, *watch;
	int64_t begun_ms;

	(void)state;
	world_open(1);
	world.kind = true;
	world_start();
	memset(&rests, 0, sizeof(rests));
	hand_rests = rest;
	watch = begin_watch(0);
	ask_sync(0, FIRST, false, 0);
	poll = hand_connections();
	while (!poll->suspended)
		if (poll->sent < poll->body.len)
			(void)hand_body(poll, poll->body.len - poll->sent);
		else
			hand_go_on(poll);
	rests.then = run_one;
	begun_ms = world.now_ms;
	stop(10000);
	assert_in_range(world.now_ms, begun_ms + 1, begun_ms + 1000);
	assert_int_equal(world.logged, world.begun);
	(void)watch;
	finish();
}

/* Who sends nothing more is not waited for longer than that. */
static void stopping_has_its_time(void **state)
{
	int64_t begun_ms;

	(void)state;
	world_open(1);
	world.kind = true;
	world_start();
	memset(&rests, 0, sizeof(rests));
	hand_rests = rest;
	ask_sync(0, FIRST, false, 0);
	begun_ms = world.now_ms;
	stop(1000);
	assert_in_range(world.now_ms, begun_ms + 1000, begun_ms + 1100);
	assert_int_equal(hand_cap_ms(), world.now_ms);
	finish();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_defaults_are_as_documented),
    cmocka_unit_test(each_door_has_its_own),
    cmocka_unit_test(without_a_door_it_does_not_start),
    cmocka_unit_test(without_its_thread_it_serves),
    cmocka_unit_test_setup_teardown(a_tick_wakes_whose_time_is_over, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(another_gateways_commit_is_seen, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_busy_account_is_left_alone, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_failure_is_no_end, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	an_account_that_vanished_is_forgotten, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_comparison_has_its_time, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	a_change_that_is_not_read_is_no_failure, world_setup, world_teardown),
    cmocka_unit_test(stopping_takes_no_time),
    cmocka_unit_test(stopping_waits_for_what_was_accepted),
    cmocka_unit_test(stopping_has_its_time),
};
TEST_MAIN(tests)
