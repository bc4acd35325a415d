/*
 * tests/gateway/daemon/upkeep_threads_test.c: an upkeep with real threads: one does its work, while
 * requests take room, give it back, and use the cache that it borrows. In the end nothing is
 * reserved; whether two threads touched one byte without a lock says the thread sanitizer
 * (scripts/threads).
 */
#include "gateway/daemon/upkeep.h"
#include "tests/gateway/account/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>

#define REQUESTERS 3u
#define ROUNDS 300u
#define ROUNDS_MAX (200 * ROUNDS) /* until the other thread has had its turn, too */
#define START_MS 1000000

static struct {
	struct fixture *fixture;
	struct account_env env;
	struct upkeep *upkeep;
	pthread_mutex_t lock; /* of the cache that requests share */
	struct account_cache cache;
	_Atomic unsigned waiting; /* requests that want it */
	_Atomic int64_t now_ms;
	_Atomic uint64_t steps, borrowed, logged, changed;
	atomic_bool over;
} here;

static int64_t now(void *self)
{
	(void)self;
	return atomic_load(&here.now_ms);
}
static const struct clock ticking = {.wall_ms = now, .monotonic_ms = now};

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}
static const struct random of_system = {NULL, fill};

static struct account_cache *borrow(void *self, const struct account_id *account)
{
	(void)self;
	if (!account_equal(account, &here.fixture->account) ||
	    pthread_mutex_trylock(&here.lock) != 0)
		return NULL;
	atomic_fetch_add(&here.borrowed, 1);
	return &here.cache;
}

static bool wanted(void *self)
{
	(void)self;
	return atomic_load(&here.waiting) > 0;
}

static void give_back(void *self)
{
	(void)self;
	(void)pthread_mutex_unlock(&here.lock);
}

static void changed(void *self, const struct account_id *account, struct call *call)
{
	(void)self;
	(void)account;
	(void)call;
	atomic_fetch_add(&here.changed, 1);
}

static void count_line(void *sink, const char *level, const char *event, const char *message)
{
	(void)sink;
	(void)level;
	(void)event;
	(void)message;
	atomic_fetch_add(&here.logged, 1);
}

/* What a request does with the account's cache: a read of the account. */
static void use_cache(const struct account_id *account)
{
	struct bytes roster = {0};
	struct call call;

	call_init(&call, atomic_load(&here.now_ms) + UPKEEP_LONG_MS);
	atomic_fetch_add(&here.waiting, 1);
	(void)pthread_mutex_lock(&here.lock);
	atomic_fetch_sub(&here.waiting, 1);
	(void)!account_roster(&here.env, &here.cache, account, &call, &roster);
	(void)pthread_mutex_unlock(&here.lock);
	bytes_clear(&roster);
}

static unsigned numbers[REQUESTERS] = {0, 1, 2};

static void *request(void *self)
{
	unsigned number = *(const unsigned *)self;

	for (unsigned i = 0; i < ROUNDS || (i < ROUNDS_MAX && atomic_load(&here.borrowed) == 0);
	     i++) {
		struct account_id account = here.fixture->account;
		uint64_t bytes = 1000 * (1 + (i + number) % 8);
		enum account_result room;
		struct call call;

		if (i % 7 == number) /* another account, that nobody has */
			account.bytes[0] ^= (uint8_t)(1 + i % 3);
		call_init(&call, atomic_load(&here.now_ms) + UPKEEP_LONG_MS);
		room = upkeep_reserve(here.upkeep, &account, bytes, i % 2 == 0, &call);
		use_cache(&account);
		upkeep_settle(here.upkeep, &account, room == ACCOUNT_OK ? bytes : 0,
		    room == ACCOUNT_OK ? bytes / 2 : 0, i % 3 == 0);
		if (i % 50 == 49)
			upkeep_wiped(here.upkeep, &account);
	}
	return NULL;
}

static void *work(void *self)
{
	(void)self;
	while (!atomic_load(&here.over)) {
		struct upkeep_counts counts;

		if (upkeep_step(here.upkeep))
			atomic_fetch_add(&here.steps, 1);
		else
			(void)sched_yield();
		upkeep_counted(here.upkeep, &counts);
		atomic_fetch_add(&here.now_ms, UPKEEP_IDLE_MS / 2);
	}
	return NULL;
}

static void requests_and_upkeep_at_once(void **state)
{
	struct pair *pair = *state;
	struct upkeep_config config = {
	    .host = {NULL, borrow, wanted, give_back, changed},
	    .quota_bytes = 40000,
	    .retain_ms = UPKEEP_SWEEP_MS,
	    .log = count_line,
	};
	pthread_t worker, requesters[REQUESTERS];
	const struct ledger_row *row;
	struct call call;

	here.fixture = &pair->fixture;
	here.env = here.fixture->env;
	here.env.bucket = bucket_memory(here.fixture->store, NULL);
	here.env.clock = &ticking;
	here.env.random = &of_system;
	atomic_store(&here.now_ms, START_MS);
	assert_int_equal(pthread_mutex_init(&here.lock, NULL), 0);
	config.env = here.env;
	call_init(&call, START_MS);
	here.upkeep = upkeep_new(&config, &call);
	assert_non_null(here.upkeep);
	assert_int_equal(pthread_create(&worker, NULL, work, NULL), 0);
	for (size_t i = 0; i < REQUESTERS; i++)
		assert_int_equal(pthread_create(&requesters[i], NULL, request, &numbers[i]), 0);
	for (size_t i = 0; i < REQUESTERS; i++)
		assert_int_equal(pthread_join(requesters[i], NULL), 0);
	upkeep_stop(here.upkeep);
	atomic_store(&here.over, true);
	assert_int_equal(pthread_join(worker, NULL), 0);
	assert_true(atomic_load(&here.steps) > 0 && atomic_load(&here.borrowed) > 0);
	row = ledger_find(here.upkeep->ledger, &here.fixture->account);
	assert_true(row == NULL || row->reserved_bytes == 0);
	upkeep_free(here.upkeep);
	account_cache_clear(&here.cache);
	bucket_close(here.env.bucket);
	(void)pthread_mutex_destroy(&here.lock);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(requests_and_upkeep_at_once, pair_setup, pair_teardown),
};
TEST_MAIN(tests)
