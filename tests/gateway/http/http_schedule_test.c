/*
 * tests/gateway/http/http_schedule_test.c: table, limits and gate under schedules that are drawn
 * from a seed: strangers, members of several accounts, a revoked device and a wipe; requests that
 * are begun, sent in parts, given up, answered and read in any order, also while a worker waits for
 * the bucket. After each step what the gateway counts is what is there, by what passed on the wire;
 * at each end of it all nothing is held of anybody. And the numbers of limits.c and lend.c alone.
 */
#include "tests/gateway/http/http_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVING_MAX 48u
#define DEPTH_MAX 3u
#define STEPS 500u

static unsigned depth;                          /* of calls that wait, each within the last */
static struct account_id visits[DEPTH_MAX + 1]; /* who is there beside the requests */
static size_t visits_count;
static bool draining; /* nobody asks any more */
static bool crowded;  /* strangers are most of those who ask */

/* ---- the oracle ---- */

struct sums {
	size_t all, unauthenticated;
	size_t known[HTTP_PARTS_COUNT];
};

static size_t part_of(const struct exchange *exchange)
{
	return http_accounts_hash(world.server->accounts, exchange_account(exchange)) %
	       HTTP_PARTS_COUNT;
}

static void add(struct sums *sums, const struct exchange *exchange, size_t bytes)
{
	if (bytes == 0)
		return;
	sums->all += bytes;
	if (exchange->known)
		sums->known[part_of(exchange)] += bytes;
	else
		sums->unauthenticated += bytes;
}

static void check_budget(struct http_budget *budget, const struct sums *sums)
{
	assert_int_equal(atomic_load(&budget->held), sums->all);
	assert_int_equal(atomic_load(&budget->unauthenticated), sums->unauthenticated);
	for (size_t i = 0; i < HTTP_PARTS_COUNT; i++)
		assert_int_equal(atomic_load(&budget->accounts[i]), sums->known[i]);
	assert_true(sums->all <= budget->max);
	assert_true(sums->unauthenticated <= budget->unauthenticated_max);
}

static unsigned visits_of(const struct account_id *account)
{
	unsigned count = 0;

	for (size_t i = 0; i < visits_count; i++)
		count += account_equal(&visits[i], account);
	return count;
}

static void check_slot(const struct http_slot *slot)
{
	const struct http_accounts *accounts = world.server->accounts;
	unsigned holders = visits_of(&slot->account), watchers = 0;

	for (const struct http_watcher *one = slot->watchers; one != NULL; one = one->next)
		watchers++;
	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next)
		holders += one->exchange != NULL && one->exchange->slot == slot;
	assert_int_equal(slot->watchers_count, watchers);
	assert_true(watchers <= accounts->watchers_max);
	assert_int_equal(slot->requests, holders - watchers);
	assert_int_equal(slot->users, holders + (world.server->accounts->lent == slot));
}

/* Those that are watched hang together in both directions, and are those that have a watcher. */
static void check_watched(const struct http_accounts *accounts, size_t watched)
{
	const struct http_slot *before = NULL;

	for (const struct http_slot *slot = accounts->watched_first; slot != NULL;
	     slot = slot->watched_next) {
		assert_ptr_equal(slot->watched_before, before);
		assert_true(slot->watchers_count > 0);
		before = slot;
		watched--;
	}
	assert_ptr_equal(accounts->watched_last, before);
	assert_int_equal(watched, 0);
}

static size_t check_late(const struct http_accounts *accounts)
{
	const struct http_watcher *before = NULL;
	size_t late = 0;

	for (const struct http_watcher *one = accounts->late_first; one != NULL;
	     one = one->late_next) {
		assert_ptr_equal(one->late_before, before);
		assert_true(before == NULL || before->deadline_ms <= one->deadline_ms);
		before = one;
		late++;
	}
	assert_ptr_equal(accounts->late_last, before);
	return late;
}

static void check_table(void)
{
	const struct http_accounts *accounts = world.server->accounts;
	size_t slots = 0, watchers = 0, watched = 0, bytes = 0;
	const struct http_slot *newer = NULL;

	for (const struct http_slot *slot = accounts->newest; slot != NULL; slot = slot->older) {
		assert_ptr_equal(http_accounts_find(world.server->accounts, &slot->account), slot);
		assert_ptr_equal(slot->newer, newer);
		check_slot(slot);
		newer = slot;
		slots++;
		watchers += slot->watchers_count;
		watched += slot->watchers != NULL;
		bytes += slot->bytes;
	}
	assert_ptr_equal(accounts->oldest, newer);
	check_watched(accounts, watched);
	assert_int_equal(accounts->slots_count, slots);
	assert_int_equal(accounts->watchers_count, watchers);
	assert_int_equal(check_late(accounts), watchers);
	assert_int_equal(accounts->bytes, bytes);
}

static unsigned at_gate(const struct exchange *other, bool of_account)
{
	unsigned count = 0;

	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next) {
		if (one->exchange == NULL || one->exchange->stage != STAGE_GATE || !one->suspended)
			continue;
		if (other == NULL)
			count++;
		else if (of_account)
			count +=
			    account_equal(exchange_account(one->exchange), exchange_account(other));
		else
			count +=
			    one->peer.sin_addr.s_addr == other->connection->peer.sin_addr.s_addr;
	}
	return count;
}

static bool is_account(const struct account_id *account)
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		if (account_equal(account, &world.pairs[i]->fixture.account))
			return true;
	return false;
}

/* For accounts that never were. Creates name none yet. */
static unsigned guesses_at_gate(void)
{
	unsigned count = 0;

	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next)
		count += one->exchange != NULL && one->exchange->stage == STAGE_GATE &&
			 one->suspended && !is_account(exchange_account(one->exchange));
	return count;
}

/* A stage's time, in milliseconds, and a second for each rate_min bytes. */
static void check_deadline(const struct MHD_Connection *one)
{
	const struct http_config *config = &world.server->config;
	int64_t until_ms = one->stage_ms + config->slack_ms;

	if (one->suspended)
		assert_int_equal(one->conn.deadline_ms, INT64_MAX);
	else if (one->exchange->stage == STAGE_BODY)
		assert_int_equal(one->conn.deadline_ms,
		    until_ms + (int64_t)(one->sent * 1000 / config->rate_min));
	else if (one->exchange->stage == STAGE_DONE)
		assert_int_equal(one->conn.deadline_ms,
		    until_ms + (int64_t)(one->response->len * 1000 / config->rate_min));
}

static void sum_up(struct sums *bodies, struct sums *answers)
{
	memset(bodies, 0, sizeof(*bodies));
	memset(answers, 0, sizeof(*answers));
	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next) {
		if (one->exchange == NULL)
			continue;
		add(bodies, one->exchange, one->held);
		add(answers, one->exchange, one->unread);
	}
}

static void check(void)
{
	static struct sums bodies, answers;
	struct http_server *server = world.server;
	uint64_t reserved = 0;
	size_t active = 0;
	unsigned strange = 0;

	sum_up(&bodies, &answers);
	check_budget(&server->bodies, &bodies);
	check_budget(&server->answers, &answers);
	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next) {
		const struct exchange *exchange = one->exchange;

		if (exchange == NULL)
			continue;
		reserved += exchange->reserved;
		active += exchange->active;
		strange += exchange->unauthenticated_worker;
		check_deadline(one);
	}
	assert_int_equal(world.reserved, reserved);
	assert_int_equal(atomic_load(&server->active), active);
	assert_int_equal(atomic_load(&server->unauthenticated_workers), strange);
	assert_int_equal(http_admission_count(server->admission), at_gate(NULL, false));
	assert_true(http_admission_count(server->admission) <= server->config.gate_max);
	assert_true(guesses_at_gate() <= server->config.gate_max / 2);
	check_table();
}

/* What the runs have met, to see that they meet all. */
static struct met {
	uint64_t refused[HTTP_REFUSED_COUNT];
	uint64_t answers[600]; /* by status */
} met;

/* All have gone, and so has all that was held of them. */
static void check_empty(struct http_server *server)
{
	check();
	assert_int_equal(atomic_load(&server->bodies.held), 0);
	assert_int_equal(atomic_load(&server->answers.held), 0);
	assert_int_equal(atomic_load(&server->active), 0);
	assert_int_equal(atomic_load(&server->unauthenticated_workers), 0);
	assert_int_equal(http_admission_count(server->admission), 0);
	assert_int_equal(server->accounts->watchers_count, 0);
	assert_true(server->accounts->bytes <= server->accounts->bytes_max);
	assert_int_equal(world.reserved, 0);
	assert_int_equal(world.logged, world.begun);
	for (const struct http_slot *slot = server->accounts->newest; slot != NULL;
	     slot = slot->older) {
		assert_int_equal(slot->users + slot->requests, 0);
		assert_true(slot->members_count > 0); /* guesses leave nothing behind */
	}
}

/* ---- one step ---- */

/* What needs no signature: of an account that is there, or of one that was guessed. */
static void ask_some_roster(size_t account)
{
	struct account_id id = world.pairs[account]->fixture.account;

	if (draw(3) == 0)
		for (size_t i = 0; i < ACCOUNT_ID_LEN; i++)
			id.bytes[i] = (uint8_t)draw(256);
	ask_roster(&id, draw(4) == 0);
}

static void ask_something(void)
{
	/* Live devices, the one that was revoked, and one that never belonged. */
	static const size_t members[] = {
	    FIRST, FIRST, FIRST, SECOND, SECOND, SECOND, THIRD, STRANGER};
	size_t account = draw(ACCOUNTS), member = members[draw(COUNT_OF(members))];

	switch (crowded ? 13 + draw(3) : draw(16)) {
	case 0:
	case 1:
	case 2: ask_sync(account, member, false, 0); break;
	case 3:
	case 4: ask_sync(account, member, true, 0); break;
	case 5:
	case 6: ask_sync(account, member, true, 5000 + draw(200000)); break;
	case 7:
	case 8:
	case 9: ask_blob(account, member, true, 100 + draw(200000)); break;
	case 10: ask_blob(account, member, false, 0); break;
	case 11:
	case 12: ask_watch(account, member, draw(4) == 0); break;
	case 13: ask_some_roster(account); break;
	case 14: ask_create(draw(4) != 0); break;
	case 15: ask_wipe(draw(8) == 0 ? account : 2, draw(12) != 0); break;
	}
}

static void closed(struct http_server *server)
{
	check_empty(server);
	for (size_t i = 0; i < HTTP_REFUSED_COUNT; i++)
		met.refused[i] += atomic_load(&server->metrics.refused[i]);
}

/* Whether limits.c must let it in, by what is there: so much more of a body. */
static bool fits(const struct exchange *exchange, size_t len)
{
	static struct sums bodies, answers;
	const struct http_budget *budget = &world.server->bodies;

	sum_up(&bodies, &answers);
	if (bodies.all + len > budget->max)
		return false;
	return exchange->known ? bodies.known[part_of(exchange)] + len <= budget->account_max
			       : bodies.unauthenticated + len <= budget->unauthenticated_max;
}

/* As much as there is room for, or one byte more. */
static size_t to_the_byte(const struct exchange *exchange, size_t left)
{
	size_t most = 0;

	for (size_t bit = (size_t)1 << 22; bit > 0; bit >>= 1)
		if (most + bit <= left && fits(exchange, most + bit))
			most += bit;
	most += draw(2);
	return most == 0 || most > left ? left : most;
}

/* A part of a body, which is taken if there is room for it, and cut off if there is none. */
static void send_part(struct MHD_Connection *connection)
{
	size_t left = connection->body.len - connection->sent, len = 1 + draw(60000);
	bool expected;

	if (len > left || draw(3) == 0)
		len = left;
	if (draw(3) == 0)
		len = to_the_byte(connection->exchange, left);
	expected = fits(connection->exchange, len);
	assert_int_equal(hand_body(connection, len), expected);
}

static unsigned unauthenticated_workers(void)
{
	unsigned count = 0;

	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next)
		count += one->exchange != NULL && one->exchange->unauthenticated_worker;
	return count;
}

/* What has passed and has its body goes to a worker, or is turned away for a reason that holds. */
static void go_on(struct MHD_Connection *connection)
{
	struct exchange *exchange = connection->exchange;
	const struct http_config *config = &world.server->config;
	unsigned part = config->workers / 4 > 0 ? config->workers / 4 : 1;
	bool asks = exchange->stage == STAGE_BODY && !exchange->passed;
	bool works = !asks && exchange->answer.status == 0 &&
		     http_route_traits(exchange->target->route)->by_worker &&
		     (exchange->stage == STAGE_BODY ||
			 (exchange->stage == STAGE_GATE && exchange->body_here));
	struct http_slot *slot =
	    http_accounts_find(world.server->accounts, exchange_account(exchange));
	unsigned of_account = at_gate(exchange, true), of_peer = at_gate(exchange, false);
	unsigned at_all = at_gate(NULL, false), expected = 0;
	bool reads =
	    exchange->stage == STAGE_GATE && exchange->answer.status == 0 && !exchange->body_here;
	bool room = fits(exchange, (size_t)exchange->body_len);

	if (works && !exchange->known && unauthenticated_workers() >= part)
		expected = 503;
	else if (works && slot != NULL && slot->requests >= config->account_max)
		expected = 429;
	hand_go_on(connection);
	check();
	if (connection->over)
		return;
	if (reads) {
		assert_int_equal(exchange->stage, room ? STAGE_BODY : STAGE_DONE);
		assert_int_equal(connection->status, room ? 0 : 503);
	}
	if (works)
		assert_int_equal(connection->status, expected);
	if (works && expected == 0 && !connection->suspended) /* woken at once: a queue is full */
		assert_int_equal(exchange->answer.status, 503);
	if (!asks)
		return;
	assert_true(
	    connection->suspended || exchange->answer.status != 0 || connection->status != 0);
	if (of_account >= config->gate_account_max || of_peer >= config->gate_address_max)
		assert_true(connection->status == 429 || connection->status == 503);
	else if (connection->status != 0)
		assert_true(at_all >= config->gate_max / 2); /* guesses have half of it */
}

static bool lock_free(const struct account_id *account)
{
	struct http_slot *slot = http_accounts_find(world.server->accounts, account);

	if (slot == NULL)
		return true;
	if (pthread_mutex_trylock(&slot->lock) != 0)
		return false;
	(void)pthread_mutex_unlock(&slot->lock);
	return true;
}

/* A worker that would wait for another that waits below it has no turn yet. */
static void let_work(void)
{
	struct exchange *exchange = hand_next(HAND_WORKERS);

	if (exchange != NULL && lock_free(&exchange->slot->account))
		hand_run(HAND_WORKERS);
}

static void let_gate_work(void)
{
	struct exchange *exchange = hand_next(HAND_GATE);

	if (exchange != NULL && !hand_works_for(HAND_GATE, exchange_account(exchange)))
		hand_run(HAND_GATE);
}

/* As server.c's checker, once. */
static void look_for_others(void)
{
	struct http_server *server = world.server;
	struct http_slot *slot = http_accounts_due(
	    server->accounts, world.now_ms - server->config.recheck_ms, world.now_ms);
	struct call call;

	if (slot == NULL)
		return;
	visits[visits_count++] = slot->account;
	call_init(&call, world.now_ms + 5000);
	if (lock_free(&slot->account) &&
	    http_refresh(server->accounts, &server->config.env, slot, &call) != ACCOUNT_OK)
		assert_true(call.message[0] != '\0');
	visits_count--;
	http_accounts_drop(server->accounts, slot);
}

/* The upkeep thread: holds an account's cache between requests, or tells of a change. */
static void keep_up(void)
{
	struct http_server *server = world.server;
	const struct account_id *account = &world.pairs[draw(ACCOUNTS)]->fixture.account;
	struct http_slot *slot;
	struct call call;

	if (server->accounts->lent != NULL) {
		slot = server->accounts->lent;
		assert_int_equal(http_wanted(server), slot->requests > 0);
		http_give_back(server);
	} else if (draw(2) == 0) {
		slot = http_accounts_find(server->accounts, account);
		if (slot != NULL && slot->requests > 0)
			assert_null(http_borrow(server, account));
		else
			assert_int_equal(http_borrow(server, account) != NULL, slot != NULL);
	} else if (lock_free(account)) {
		visits[visits_count++] = *account;
		call_init(&call, world.now_ms + 5000);
		http_changed(server, account, &call);
		visits_count--;
	}
}

static struct MHD_Connection *draw_connection(void)
{
	struct MHD_Connection *found = NULL;
	unsigned count = 0;

	for (struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next)
		if (!one->over && !one->suspended && draw(++count) == 0)
			found = one;
	return found;
}

static void end(struct MHD_Connection *connection, enum MHD_RequestTerminationCode why)
{
	met.answers[connection->status]++;
	hand_end(connection, why);
	assert_int_equal(connection->conn.deadline_ms, world.now_ms + world.server->config.idle_ms);
}

/* The next thing that this one does: its client, or the library for it. */
static void move(struct MHD_Connection *connection)
{
	if (connection == NULL)
		return;
	if (draw(12) == 0) {
		end(connection, MHD_REQUEST_TERMINATED_CLIENT_ABORT);
		return;
	}
	switch (connection->exchange->stage) {
	case STAGE_HEAD: break; /* never between two steps */
	case STAGE_BODY:
		if (connection->sent < connection->body.len)
			send_part(connection);
		else
			go_on(connection);
		break;
	case STAGE_GATE: go_on(connection); break;
	case STAGE_WORK: hand_go_on(connection); break;
	case STAGE_DONE: end(connection, MHD_REQUEST_TERMINATED_COMPLETED_OK); break;
	}
}

static unsigned living(void)
{
	unsigned count = 0;

	for (const struct MHD_Connection *one = hand_connections(); one != NULL; one = one->next)
		count += !one->over;
	return count;
}

/* What may be sent at once is begun only where there is room for it. */
static void begin(void)
{
	const struct MHD_Connection *connection;

	ask_something();
	connection = hand_connections();
	if (!connection->over && connection->exchange->stage == STAGE_BODY)
		assert_true(fits(connection->exchange, connection->body.len));
}

static void step(void)
{
	switch (draw(16)) {
	case 0:
	case 1:
	case 2:
		if (living() < LIVING_MAX && !draining)
			begin();
		break;
	case 3:
	case 4: let_work(); break;
	case 5:
	case 6: let_gate_work(); break;
	case 7:
		world.now_ms += draw(40) == 0 ? draw(60000) : draw(400);
		hand_tick();
		break;
	case 8: look_for_others(); break;
	case 9:
		if (depth == 0 || world.server->accounts->lent != NULL)
			keep_up();
		break;
	default: move(draw_connection()); break;
	}
	check();
}

/* While one waits for the bucket, others go on. */
static void others_go_on(void)
{
	if (depth == DEPTH_MAX)
		return;
	depth++;
	for (unsigned i = draw(5); i > 0; i--)
		step();
	depth--;
}

/* ---- a run ---- */

/* Everybody comes to an end by themselves, in time. */
static void drain(void)
{
	if (world.server->accounts->lent != NULL)
		http_give_back(world.server);
	draining = true;
	for (unsigned i = 0; living() > 0; i++) {
		struct MHD_Connection *one;

		assert_true(i < 100000);
		let_work();
		let_gate_work();
		one = draw_connection();
		if (one == NULL)
			http_accounts_expire(world.server->accounts, INT64_MAX);
		else
			move(one);
		check();
	}
	check_empty(world.server);
}

static void run(uint64_t seed, bool drained)
{
	print_message("seed %llu\n", (unsigned long long)seed); /* of one that fails, the last */
	depth = 0;
	visits_count = 0;
	draining = false;
	crowded = seed % 5 == 0;
	hand_closed = closed;
	world.waits = others_go_on;
	world_start();
	/* The configuration has one share for both; room for an answer is asked for at its most. */
	world.server->answers.account_max += BLOB_MAX;
	world.server->answers.unauthenticated_max += BLOB_MAX;
	for (unsigned i = 0; i < STEPS; i++)
		step();
	if (drained)
		drain();
	world_close();
}

static void expect_answers(const unsigned *statuses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (met.answers[statuses[i]] == 0)
			fail_msg("no answer was %u", statuses[i]);
}

#define SEEDS 25u

/* Where the defaults leave room for all of it no byte is refused. */
static void schedules_with_room(void **state)
{
	static const unsigned statuses[] = {200, 201, 204, 400, 401, 403, 404, 409, 410, 503, 507};

	(void)state;
	met = (struct met){0};
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		world_open(seed);
		run(seed, true);
	}
	expect_answers(statuses, COUNT_OF(statuses));
	assert_int_equal(met.refused[REFUSED_BODIES] + met.refused[REFUSED_ANSWERS] +
			     met.refused[REFUSED_ACCOUNT] + met.refused[REFUSED_UNAUTHENTICATED],
	    0);
}

/* Where there is little of everything each limit is met, and holds to the byte. */
static void schedules_without(void **state)
{
	static const unsigned statuses[] = {
	    200, 201, 204, 400, 401, 403, 404, 409, 410, 429, 503, 507};
	static const enum http_refused refused[] = {REFUSED_FULL, REFUSED_BODIES, REFUSED_ANSWERS,
	    REFUSED_ACCOUNT, REFUSED_UNAUTHENTICATED, REFUSED_GATE};

	(void)state;
	met = (struct met){0};
	for (uint64_t seed = 1001; seed <= 1000 + SEEDS; seed++) {
		world_open(seed);
		world.bucket_fails = 30;
		world.config.workers = 4;
		world.config.queue_max = 8;
		world.config.account_max = 3;
		world.config.watchers_max = 2;
		world.config.gate_workers = 3;
		world.config.gate_max = 8;
		world.config.gate_account_max = 4;
		world.config.gate_address_max = 3;
		world.config.cache_bytes_max = 20000;
		world.config.body_bytes_max = 400000;
		world.config.answer_bytes_max = BLOB_MAX + 150000;
		world.config.account_bytes_max = 250000;
		world.config.unauthenticated_bytes_max = 80000;
		run(seed, seed % 2 == 0);
	}
	expect_answers(statuses, COUNT_OF(statuses));
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (met.refused[refused[i]] == 0)
			fail_msg("nothing was refused for reason %u", (unsigned)refused[i]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(schedules_with_room),
    cmocka_unit_test(schedules_without),
};
TEST_MAIN(tests)
