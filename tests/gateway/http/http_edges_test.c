/*
 * tests/gateway/http/http_edges_test.c: where a limit ends, to the second, the millisecond, the
 * frame: a signature's times, how old a roster may be, a device's rate, what may use the kept
 * tenth.
 */
#include "tests/gateway/http/http_world.h"

#include <stdlib.h>
#include <string.h>

static int world_setup(void **state)
{
	(void)state;
	world_open(1);
	world.kind = true;
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

/* created may be off by five minutes; expires is the signer's own word, and nothing is added. */
static void a_signature_ends_with_its_second(void **state)
{
	static const struct {
		int64_t created_s, expires_s;
		unsigned status;
	} rows[] = {
	    {0, 60, 200},
	    {300, 400, 200},
	    {301, 400, 401},
	    {-300, 0, 200},
	    {-301, -1, 401},
	    {-100, 0, 200},
	    {-100, -1, 401},
	    {-299, -298, 401},
	};

	(void)state;
	for (unsigned round = 0; round < 2; round++) { /* not known yet; known */
		for (size_t i = 0; i < COUNT_OF(rows); i++) {
			unsigned status;

			world.created_s = rows[i].created_s;
			world.expires_s = rows[i].expires_s;
			ask_sync(round, FIRST, false, 0);
			status = answered();
			if (status != rows[i].status)
				fail_msg("created %d, expires %d: %u", (int)rows[i].created_s,
				    (int)rows[i].expires_s, status);
		}
	}
}

static void eight_seconds(void)
{
	world.now_ms += 8000;
}

/* How often the manifest is read for a blob, at that time. */
static uint64_t reads_at(int64_t now_ms)
{
	uint64_t before = world.reads;

	world.now_ms = now_ms;
	ask_blob(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	return world.reads - before;
}

/* A roster is as old as the question to the bucket, however long the answer took. */
static void a_roster_ages_from_its_question(void **state)
{
	int64_t begun_ms;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	begun_ms = world.now_ms + 2 * HTTP_ROSTER_AGE_MS;
	world.waits = eight_seconds;
	assert_int_equal(reads_at(begun_ms), 1);
	assert_true(world.now_ms >= begun_ms + 16000);
	world.waits = NULL;
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS), 0);
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS + 1), 1);
	/* And so it is for a sync, which tells of the roster, too. */
	begun_ms = world.now_ms + 2 * HTTP_ROSTER_AGE_MS;
	world.now_ms = begun_ms;
	world.waits = eight_seconds;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	world.waits = NULL;
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS), 0);
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS + 1), 1);
}

static void a_second(void)
{
	world.now_ms += 1000;
}

/* What the gate has read of an account warms its table, as of when it asked. */
static void a_roster_from_the_gate_ages_likewise(void **state)
{
	int64_t begun_ms = world.now_ms;

	(void)state;
	world.waits = a_second;
	ask_blob(0, SECOND, false, 0);
	assert_int_equal(answered(), 200);
	world.waits = NULL;
	assert_true(world.now_ms >= begun_ms + 3000);
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS), 0);
	assert_int_equal(reads_at(begun_ms + HTTP_ROSTER_AGE_MS + 1), 1);
}

/* ---- what the gate reads ---- */

static unsigned roster_at(int64_t now_ms, uint64_t *reads_out)
{
	uint64_t before = world.reads;
	unsigned status;

	world.now_ms = now_ms;
	ask_roster(&world.pairs[0]->fixture.account, false);
	status = answered();
	*reads_out = world.reads - before;
	return status;
}

static void changed_meanwhile(void)
{
	world.waits = NULL;
	http_rosters_forget(world.server->rosters, &world.pairs[0]->fixture.account);
}

/* Once a second for all who ask; but what was changed here since is told at once. */
static void a_roster_is_read_once_a_second(void **state)
{
	int64_t begun_ms = world.now_ms;
	uint64_t reads;

	(void)state;
	assert_int_equal(roster_at(begun_ms, &reads), 200);
	assert_int_equal(reads, 1);
	assert_int_equal(roster_at(begun_ms + 1000, &reads), 200);
	assert_int_equal(reads, 0);
	assert_int_equal(roster_at(begun_ms + 1001, &reads), 200);
	assert_int_equal(reads, 1);
	assert_int_equal(roster_at(begun_ms + 1002, &reads), 200);
	assert_int_equal(reads, 0);
	http_rosters_forget(world.server->rosters, &world.pairs[0]->fixture.account);
	assert_int_equal(roster_at(begun_ms + 1002, &reads), 200);
	assert_int_equal(reads, 1);
	/* Changed while it was read: what was read may be older than that. */
	world.waits = changed_meanwhile;
	assert_int_equal(roster_at(begun_ms + 3000, &reads), 200);
	assert_null(world.waits);
	assert_int_equal(roster_at(begun_ms + 3000, &reads), 200);
	assert_int_equal(reads, 1);
	assert_int_equal(roster_at(begun_ms + 3000, &reads), 200);
	assert_int_equal(reads, 0);
	/* That the bucket does not answer is told to nobody else. */
	world.bucket_fails = 1;
	assert_int_equal(roster_at(begun_ms + 9000, &reads), 503);
	world.bucket_fails = 0;
	assert_int_equal(roster_at(begun_ms + 9000, &reads), 200);
	assert_int_equal(reads, 1);
}

/* What is told from memory is as old as the question to the bucket, however long that took. */
static void what_the_gate_keeps_ages_from_its_question(void **state)
{
	uint64_t reads;

	(void)state;
	world.waits = a_second;
	assert_int_equal(roster_at(world.now_ms, &reads), 200);
	assert_int_equal(reads, 1);
	world.waits = NULL;
	assert_int_equal(roster_at(world.now_ms, &reads), 200);
	assert_int_equal(reads, 1);
	assert_int_equal(roster_at(world.now_ms, &reads), 200);
	assert_int_equal(reads, 0);
}

static unsigned stranger_at(int64_t now_ms, uint64_t *reads_out)
{
	uint64_t before = world.reads;
	unsigned status;

	world.now_ms = now_ms;
	ask_sync(0, STRANGER, false, 0);
	status = answered();
	*reads_out = world.reads - before;
	return status;
}

/* A device that is not in it may have been added since: four times at once, ten a second. */
static void a_roster_is_read_again_for_strangers(void **state)
{
	int64_t begun_ms = world.now_ms;
	uint64_t reads;

	(void)state;
	assert_int_equal(roster_at(begun_ms, &reads), 200);
	for (unsigned i = 1; i <= 4; i++) {
		assert_int_equal(stranger_at(begun_ms + i, &reads), 401);
		assert_int_equal(reads, 1);
	}
	assert_int_equal(stranger_at(begun_ms + 5, &reads), 429);
	assert_int_equal(reads, 0);
	/* So it is for a wipe that one of them signs. */
	ask_wipe_by(0, STRANGER);
	assert_int_equal(answered(), 429);
	/* Paid for from the first on: the fifth would be from 100 ms after it. */
	assert_int_equal(stranger_at(begun_ms + 100, &reads), 429);
	assert_int_equal(stranger_at(begun_ms + 101, &reads), 401);
	assert_int_equal(reads, 1);
	assert_int_equal(stranger_at(begun_ms + 102, &reads), 429);
	assert_int_equal(stranger_at(begun_ms + 201, &reads), 401);
	/* Whoever belongs there is let in meanwhile. */
	ask_sync(0, SECOND, false, 0);
	assert_int_equal(answered(), 200);
}

/* Only what changes who belongs makes it be read again. */
static void a_sync_leaves_the_roster_as_it_is(void **state)
{
	int64_t begun_ms = world.now_ms;
	uint64_t reads;

	(void)state;
	assert_int_equal(roster_at(begun_ms, &reads), 200);
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	ask_sync(0, FIRST, true, 0);
	assert_int_equal(answered(), 200);
	assert_int_equal(roster_at(begun_ms, &reads), 200);
	assert_int_equal(reads, 0);
}

/* Up to 64 KiB a stranger's body is read before anybody is asked; a known device's in any case. */
static void a_large_body_of_a_stranger_waits(void **state)
{
	static const struct {
		size_t account, len;
		enum exchange_stage stage;
	} rows[] = {
	    {0, HTTP_SMALL_BODY, STAGE_BODY},
	    {2, HTTP_SMALL_BODY + 1, STAGE_GATE},
	    {1, HTTP_SMALL_BODY + 1, STAGE_BODY},
	};
	struct MHD_Connection *connection;
	size_t overhead;

	(void)state;
	ask_sync(1, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	ask_blob(0, FIRST, true, 100);
	overhead = hand_connections()->body.len - 100;
	hand_end(hand_connections(), MHD_REQUEST_TERMINATED_CLIENT_ABORT);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ask_blob(rows[i].account, FIRST, true, rows[i].len - overhead);
		connection = hand_connections();
		assert_int_equal(connection->body.len, rows[i].len);
		assert_int_equal(connection->exchange->stage, rows[i].stage);
		assert_int_equal(connection->suspended, rows[i].stage == STAGE_GATE);
		assert_int_equal(answered(), 204);
	}
}

/* ---- watches ---- */

/* One of the head, until it waits. */
static struct MHD_Connection *begin_watch(size_t account, size_t member)
{
	struct MHD_Connection *watch;

	ask_watch(account, member, 0);
	watch = hand_connections();
	while (
	    hand_next(HAND_GATE) != NULL || hand_next(HAND_WORKERS) != NULL || !watch->suspended) {
		if (!watch->suspended)
			hand_go_on(watch);
		else
			hand_run(hand_next(HAND_GATE) != NULL ? HAND_GATE : HAND_WORKERS);
	}
	return watch;
}

/* It waits to its millisecond, and its account is looked after as often as is promised. */
static void a_watch_ends_with_its_time(void **state)
{
	struct http_server *server = world.server;
	struct http_accounts *accounts = server->accounts;
	struct MHD_Connection *watch;
	struct http_slot *slot;
	int64_t begun_ms;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	begun_ms = world.now_ms;
	watch = begin_watch(0, FIRST);
	assert_int_equal(accounts->watchers_count, 1);
	/* The sync has compared it with the bucket; four seconds later it is due, once. */
	assert_null(http_accounts_due(accounts, begun_ms - 1, begun_ms + 3999));
	slot = http_accounts_due(accounts, begun_ms, begun_ms + 4000);
	assert_non_null(slot);
	assert_null(http_accounts_due(accounts, begun_ms + 3999, begun_ms + 7999));
	http_accounts_drop(accounts, slot);
	http_accounts_expire(accounts, begun_ms + server->config.watch_ms - 1);
	assert_true(watch->suspended);
	http_accounts_expire(accounts, begun_ms + server->config.watch_ms);
	assert_false(watch->suspended);
	hand_go_on(watch);
	assert_int_equal(watch->status, 204);
	hand_end(watch, MHD_REQUEST_TERMINATED_COMPLETED_OK);
	/* A head beyond the one that is asked for is told at once, that one is not. */
	ask_watch(0, FIRST, 1);
	assert_int_equal(answered(), 200);
}

/* Who watches is woken, and whatever is asked next is told that it is gone: nobody is a stranger.
 */
static void a_wipe_is_told_to_all(void **state)
{
	struct MHD_Connection *watches[2];

	(void)state;
	for (size_t account = 0; account < 2; account++) {
		ask_sync(account, FIRST, false, 0);
		assert_int_equal(answered(), 200);
		watches[account] = begin_watch(account, SECOND);
	}
	ask_wipe(0, false);
	assert_int_equal(answered(), 200);
	assert_false(watches[0]->suspended);
	assert_true(watches[1]->suspended); /* of another account */
	hand_go_on(watches[0]);
	assert_int_equal(watches[0]->status, 204);
	ask_blob(0, FIRST, false, 0);
	assert_int_equal(answered(), 410);
	ask_watch(0, SECOND, 0);
	assert_int_equal(answered(), 410);
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200); /* with the record */
}

/* A question that the bucket did not answer says nothing about the head. */
static void a_failure_forgets_no_head(void **state)
{
	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	world.bucket_fails = 1;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 503);
	world.bucket_fails = 0;
	ask_watch(0, FIRST, 1);
	assert_int_equal(answered(), 200);
}

/* ---- who is known ---- */

/* Strangers have their part of the workers: what only they may not take is served all the same. */
static void who_is_known_needs_no_part_of_strangers(void **state)
{
	struct http_server *server = world.server;
	const unsigned part = server->config.workers / 4;

	(void)state;
	atomic_store(&server->unauthenticated_workers, part);
	for (unsigned round = 0; round < 2; round++) {
		ask_sync(0, FIRST, false, 0);
		assert_int_equal(answered(), 200);
		ask_sync(0, THIRD, false, 0); /* was live once */
		assert_int_equal(answered(), 503);
	}
	ask_wipe(0, true);
	assert_int_equal(answered(), 409);
	ask_wipe(0, false);
	assert_int_equal(answered(), 200);
	assert_int_equal(atomic_load(&server->unauthenticated_workers), part);
	atomic_store(&server->unauthenticated_workers, part - 1);
	ask_sync(1, THIRD, false, 0);
	assert_int_equal(answered(), 200);
	assert_int_equal(atomic_load(&server->unauthenticated_workers), part - 1);
	atomic_store(&server->unauthenticated_workers, 0);
}

/* What was read in a request's own millisecond may be older than it; in the next it is not. */
static void a_stranger_by_a_view_that_is_new_enough(void **state)
{
	struct http_slot *slot = NULL;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	assert_int_equal(
	    http_accounts_take(world.server->accounts, &world.pairs[0]->fixture.account, &slot),
	    TOOK_OK);
	for (unsigned later = 0; later < 3; later++) {
		struct exchange_auth auth = {.has_digest = false};
		struct exchange exchange = {.server = world.server,
		    .slot = slot,
		    .auth = &auth,
		    .passed = true,
		    .start_ms = slot->roster_ms - later,
		    .signature = {.device = world.pairs[0]->fixture.members[STRANGER].id}};
		uint64_t reads = world.reads;
		struct call call;

		call_init(&call, INT64_MAX);
		assert_int_equal(auth_check(&exchange, &call, false), ACCOUNT_REFUSED);
		assert_int_equal(exchange.answer.status, 401);
		assert_int_equal(world.reads - reads, later == 0);
		answer_clear(&exchange.answer);
	}
	http_accounts_drop(world.server->accounts, slot);
}

/* ---- a device's rate ---- */

#define RATE 60u /* one a second */

static int64_t spend(struct http_slot *slot, enum http_purse purse, int64_t now_ms)
{
	return http_accounts_spend(world.server->accounts, slot,
	    &world.pairs[0]->fixture.members[FIRST].id, purse, now_ms, RATE);
}

/* Seven a minute: one in 8,571.428 ms. Who comes when told so is let in. */
static void spend_uneven(
    struct http_accounts *accounts, struct http_slot *slot, const struct device_id *device)
{
	int64_t now_ms = world.now_ms + 600000;

	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(
		    http_accounts_spend(accounts, slot, device, PURSE_REQUESTS, now_ms, 7), 0);
	assert_int_equal(
	    http_accounts_spend(accounts, slot, device, PURSE_REQUESTS, now_ms, 7), 8572);
	assert_int_equal(
	    http_accounts_spend(accounts, slot, device, PURSE_REQUESTS, now_ms + 8571, 7), 1);
	assert_int_equal(
	    http_accounts_spend(accounts, slot, device, PURSE_REQUESTS, now_ms + 8572, 7), 0);
}

/* A minute's worth at once, then one a second, to the millisecond; the purses are apart. */
static void a_rate_holds_to_the_millisecond(void **state)
{
	const struct device_id *second = &world.pairs[0]->fixture.members[SECOND].id;
	struct http_accounts *accounts = world.server->accounts;
	struct http_slot *slot = NULL;
	int64_t now_ms;

	(void)state;
	ask_sync(0, FIRST, false, 0);
	assert_int_equal(answered(), 200);
	assert_int_equal(
	    http_accounts_take(accounts, &world.pairs[0]->fixture.account, &slot), TOOK_OK);
	now_ms = world.now_ms + 120000; /* what the poll took is long paid for */
	for (unsigned i = 0; i < RATE; i++)
		assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms), 0);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms), 1000);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 999), 1);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 1000), 0);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 1000), 1000);
	for (unsigned i = 0; i < RATE; i++)
		assert_int_equal(spend(slot, PURSE_STATEMENTS, now_ms + 1000), 0);
	assert_int_equal(spend(slot, PURSE_STATEMENTS, now_ms + 1000), 1000);
	http_accounts_refund(
	    accounts, slot, &world.pairs[0]->fixture.members[FIRST].id, PURSE_STATEMENTS, RATE);
	assert_int_equal(spend(slot, PURSE_STATEMENTS, now_ms + 1000), 0);
	assert_int_equal(spend(slot, PURSE_STATEMENTS, now_ms + 1000), 1000);
	assert_int_equal(
	    http_accounts_spend(accounts, slot, second, PURSE_REQUESTS, now_ms, RATE), 0);
	/* After a minute all of it is there again, and no more. */
	for (unsigned i = 0; i < RATE; i++)
		assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 300000), 0);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 300000), 1000);
	spend_uneven(accounts, slot, second);
	/* A microsecond too early is too early. */
	for (size_t i = 0; i < slot->members_count; i++)
		slot->members[i].spent_us[PURSE_REQUESTS] = now_ms * 1000 + 59000001;
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms), 1);
	assert_int_equal(spend(slot, PURSE_REQUESTS, now_ms + 1), 0);
	/* Whoever does not belong there has nothing to spend. */
	assert_int_equal(
	    http_accounts_spend(accounts, slot, &world.pairs[0]->fixture.members[STRANGER].id,
		PURSE_REQUESTS, now_ms, 1),
	    0);
	http_accounts_drop(accounts, slot);
}

/* ---- what is asked of the bucket ---- */

/* By a device that is known, of an account that is warm. */
static void a_warm_request_asks_little(void **state)
{
	static const struct {
		const char *name;
		uint64_t puts, gets;
		unsigned status;
	} rows[] = {{"a poll", 0, 1, 200}, {"a push", 1, 0, 200}, {"a push with a body", 2, 0, 200},
	    {"a blob", 0, 1, 200}, {"a blob put", 1, 0, 204},
	    {"a blob put under a count that is not known", 0, 1, 409},
	    {"a watch of what has passed", 0, 0, 200}};

	(void)state;
	ask_sync(0, FIRST, true, 0);
	assert_int_equal(answered(), 200);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct world before = world;

		switch (i) {
		case 0: ask_sync(0, FIRST, false, 0); break;
		case 1: ask_sync(0, FIRST, true, 0); break;
		case 2: ask_sync(0, FIRST, true, 5000); break;
		case 3: ask_blob(0, FIRST, false, 0); break;
		case 4: ask_blob(0, FIRST, true, 5000); break;
		case 5:
			world.blobs[0].count = 5;
			ask_blob(0, FIRST, true, 5000);
			break;
		default: ask_watch(0, FIRST, 1); break;
		}
		assert_int_equal(answered(), rows[i].status);
		if (world.calls[MEMORY_PUT] - before.calls[MEMORY_PUT] != rows[i].puts ||
		    world.calls[MEMORY_GET] - before.calls[MEMORY_GET] != rows[i].gets)
			fail_msg("%s: %u puts, %u gets", rows[i].name,
			    (unsigned)(world.calls[MEMORY_PUT] - before.calls[MEMORY_PUT]),
			    (unsigned)(world.calls[MEMORY_GET] - before.calls[MEMORY_GET]));
		assert_int_equal(world.calls[MEMORY_LIST], 0);
		assert_int_equal(world.calls[MEMORY_REMOVE], 0);
	}
}

/* ---- what the keeper is told ---- */

static void object_size(void *self, const char *key, struct view data)
{
	if (strstr(key, "/manifest") == NULL)
		*(uint64_t *)self += data.len;
}

/* Each byte that is put but the manifest's, and each commit; of what changed nothing, nothing. */
static void the_keeper_is_told_what_was_put(void **state)
{
	static const struct {
		const char *name;
		unsigned commits;
		bool tells;
	} rows[] = {{"a create", 1, true}, {"the same create", 0, false}, {"a poll", 0, false},
	    {"a small push", 1, true}, {"a push with a body", 1, true},
	    {"a small push again", 1, true}, {"a blob", 0, true},
	    {"a watch that is over", 0, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct world before = world;
		uint64_t there = 0, is_there = 0;
		unsigned status;

		memory_each(world.store, object_size, &there);
		switch (i) {
		case 0:
		case 1: ask_create(true); break;
		case 2: ask_sync(0, FIRST, false, 0); break;
		case 3: ask_sync(0, FIRST, true, 0); break;
		case 4: ask_sync(0, FIRST, true, 5000); break;
		case 5: ask_sync(0, FIRST, true, 0); break;
		case 6: ask_blob(0, FIRST, true, 5000); break;
		default: ask_watch(0, FIRST, 1); break;
		}
		status = answered();
		memory_each(world.store, object_size, &is_there);
		if (status >= 300 || world.put - before.put != is_there - there ||
		    world.commits - before.commits != rows[i].commits ||
		    (world.told > before.told) != rows[i].tells)
			fail_msg("%s: %u, told of %u bytes", rows[i].name, status,
			    (unsigned)(world.put - before.put));
		assert_int_equal(world.reserved, 0);
	}
}

/* To the byte, and to the last: where there is nothing to tell, nobody is told. */
static void the_keeper_is_told_of_each_byte(void **state)
{
	static const struct {
		uint64_t put, reserved;
		bool committed, tells;
	} rows[] = {{0, 0, false, false}, {1, 0, false, true}, {0, 1, false, true},
	    {0, 0, true, true}, {1, 1, true, true}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct exchange exchange = {.server = world.server, .reserved = rows[i].reserved};
		const struct world before = world;

		world.reserved = rows[i].reserved;
		limits_settle(
		    &exchange, &world.pairs[0]->fixture.account, rows[i].put, rows[i].committed);
		assert_int_equal(world.told - before.told, rows[i].tells);
		assert_int_equal(world.put - before.put, rows[i].put);
		assert_int_equal(world.commits - before.commits, rows[i].committed);
		assert_int_equal(world.reserved, 0);
		assert_int_equal(exchange.reserved, 0);
	}
}

/* ---- what may use the kept tenth ---- */

static void what_may_use_the_kept_tenth(void **state)
{
	static const struct {
		const char *name;
		struct {
			enum frame_kind kind;
			bool has_blob;
		} frames[2];
		size_t count;
		bool spare;
	} rows[] = {
	    {"a small patch", {{FRAME_PATCH, false}}, 1, true},
	    {"a patch with a body", {{FRAME_PATCH, true}}, 1, false},
	    {"a load", {{FRAME_LOAD, true}}, 1, false},
	    {"a snapshot", {{FRAME_SNAPSHOT, true}}, 1, true},
	    {"a small patch and a load", {{FRAME_PATCH, false}, {FRAME_LOAD, true}}, 2, false},
	    {"a body and a small patch", {{FRAME_PATCH, true}, {FRAME_PATCH, false}}, 2, false},
	    {"a load and a small patch", {{FRAME_LOAD, true}, {FRAME_PATCH, false}}, 2, false},
	    {"a body and a snapshot", {{FRAME_PATCH, true}, {FRAME_SNAPSHOT, true}}, 2, false},
	    {"a snapshot and a small patch", {{FRAME_SNAPSHOT, true}, {FRAME_PATCH, false}}, 2,
		true},
	};
	struct client *client = &world.pairs[0]->first;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes frames[2] = {0};
		struct blob_name name = {.count = 1};
		struct head covered = {1, client->head.hash};
		struct http_push push;
		size_t bytes = 0;

		client_request(client);
		for (size_t k = 0; k < rows[i].count; k++) {
			bool snapshot = rows[i].frames[k].kind == FRAME_SNAPSHOT;

			client_frame(client, rows[i].frames[k].kind, 100,
			    rows[i].frames[k].has_blob ? &name : NULL, snapshot ? &covered : NULL,
			    (struct view){0});
			frames[k] = client->frame;
			client->frame = (struct bytes){0};
			client->request.frames[k] = view_bytes(&frames[k]);
			bytes += frames[k].len;
		}
		client->request.frames_count = rows[i].count;
		client->request.bodies[0] = view_text("what it names");
		client->request.bodies_count = 1;
		limits_push(&client->request, &push);
		if (push.spare != rows[i].spare || push.bytes != bytes + 13 || push.statement)
			fail_msg("%s: %u bytes%s", rows[i].name, (unsigned)push.bytes,
			    push.spare ? ", of the tenth" : "");
		bytes_clear(&frames[0]);
		bytes_clear(&frames[1]);
	}
}

/* What a snapshot is of may, down to the index that names as much as one can. */
static void a_blob_may_use_it_by_its_kind(void **state)
{
	static const struct {
		size_t names;
		enum blob_kind kind;
		bool spare;
	} rows[] = {{0, BLOB_BODY, false}, {0, BLOB_SEGMENT, true}, {0, BLOB_LOSERS, true},
	    {0, BLOB_INDEX, true}, {SEGMENTS_MAX, BLOB_INDEX, true},
	    {SEGMENTS_MAX + 1, BLOB_INDEX, false}};
	struct blob_name *names = calloc(SEGMENTS_MAX + 1, sizeof(*names));

	(void)state;
	assert_non_null(names);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes blob = {0};

		fixture_blob(
		    &world.pairs[0]->fixture, rows[i].kind, 100, names, rows[i].names, &blob);
		if (limits_blob_spare(view_bytes(&blob)) != rows[i].spare)
			fail_msg("row %zu", i);
		bytes_clear(&blob);
	}
	assert_false(limits_blob_spare(view_text("no blob at all")));
	free(names);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_signature_ends_with_its_second, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_roster_ages_from_its_question, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	a_roster_from_the_gate_ages_likewise, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_roster_is_read_once_a_second, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	what_the_gate_keeps_ages_from_its_question, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	a_roster_is_read_again_for_strangers, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_large_body_of_a_stranger_waits, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_sync_leaves_the_roster_as_it_is, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_failure_forgets_no_head, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_warm_request_asks_little, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_watch_ends_with_its_time, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_wipe_is_told_to_all, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	who_is_known_needs_no_part_of_strangers, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(
	a_stranger_by_a_view_that_is_new_enough, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_rate_holds_to_the_millisecond, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(the_keeper_is_told_what_was_put, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(the_keeper_is_told_of_each_byte, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(what_may_use_the_kept_tenth, world_setup, world_teardown),
    cmocka_unit_test_setup_teardown(a_blob_may_use_it_by_its_kind, world_setup, world_teardown),
};
TEST_MAIN(tests)
