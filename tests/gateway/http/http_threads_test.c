/*
 * tests/gateway/http/http_threads_test.c: what several threads use at once (the pool, the table of
 * accounts with its watchers and loans, memory, the gate's places), each with real threads that do
 * so without a pause. In the end nothing is held, and nobody was called twice; whether two of them
 * touched one byte without a lock says the thread sanitizer (scripts/threads).
 */
#include "gateway/http/accounts.h"
#include "gateway/http/admission.h"
#include "gateway/http/budget.h"
#include "gateway/http/learn.h"
#include "gateway/http/loans.h"
#include "gateway/http/pool.h"
#include "gateway/http/watchers.h"
#include "tests/gateway/account/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4u
#define ROUNDS 400u
#define ACCOUNTS 3u
#define JOBS 2000u

static uint64_t seeds[THREADS] = {1, 2, 3, 4};

/* Each its own, or the drawing would be what keeps the threads in step. */
static unsigned draw(uint64_t *random, unsigned below)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(*random >> 33) % below;
}

/* ---- the pool ---- */

struct job {
	struct http_job job; /* first */
	unsigned runs;       /* by whichever thread runs it: no two at once */
};
static _Atomic unsigned ran;

static void run_job(void *self, struct http_job *job)
{
	(void)self;
	((struct job *)job)->runs++;
	atomic_fetch_add(&ran, 1);
}

struct giver {
	struct http_pool *pool;
	struct job *jobs;
	unsigned given;
};

static void *give(void *self)
{
	struct giver *giver = self;

	for (unsigned i = 0; i < JOBS; i++) {
		if (http_pool_add(giver->pool, &giver->jobs[i].job))
			giver->given++;
		else
			(void)sched_yield();
		(void)http_pool_full(giver->pool);
	}
	return NULL;
}

static void each_job_is_run_once(void **state)
{
	struct http_pool *pool = http_pool_new(THREADS, 16, run_job, NULL);
	struct giver givers[2];
	pthread_t threads[COUNT_OF(givers)];
	unsigned given = 0;

	(void)state;
	atomic_store(&ran, 0);
	assert_non_null(pool);
	for (size_t i = 0; i < COUNT_OF(givers); i++) {
		givers[i] = (struct giver){pool, calloc(JOBS, sizeof(struct job)), 0};
		assert_non_null(givers[i].jobs);
		assert_int_equal(pthread_create(&threads[i], NULL, give, &givers[i]), 0);
	}
	for (size_t i = 0; i < COUNT_OF(givers); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	http_pool_free(pool); /* runs what waits */
	for (size_t i = 0; i < COUNT_OF(givers); i++) {
		unsigned runs = 0;

		for (unsigned k = 0; k < JOBS; k++) {
			assert_true(givers[i].jobs[k].runs <= 1);
			runs += givers[i].jobs[k].runs;
		}
		assert_int_equal(runs, givers[i].given);
		given += givers[i].given;
		free(givers[i].jobs);
	}
	assert_int_equal(atomic_load(&ran), given);
}

/* ---- the table ---- */

static struct {
	struct http_accounts *table;
	const struct fixture *fixture;
	struct http_member *members;
	size_t members_count;
	atomic_bool over;
	_Atomic unsigned waits, wakes, loans;
	_Atomic int64_t now_ms;
} here;

static struct account_id account_of(unsigned number)
{
	return (struct account_id){{1, (uint8_t)number}};
}

/* What a worker does when the account code has answered. */
static void learn(struct http_slot *slot, bool gone)
{
	const struct digest *hash = roster_hash(&here.fixture->roster);
	struct head head;

	(void)pthread_mutex_lock(&slot->lock);
	head = (struct head){.seq = ++slot->cache.put_bytes};
	bytes_clear(&slot->cache.roster);
	if (bytes_copy(view_bytes(&here.fixture->roster_bytes), &slot->cache.roster))
		slot->cache.roster_hash = *hash;
	if (gone)
		http_accounts_forget(here.table, slot);
	else
		http_accounts_learn(here.table, slot, atomic_load(&here.now_ms), hash, &head);
	(void)pthread_mutex_unlock(&slot->lock);
}

/* What may be asked of the table by anybody. */
static void ask(const struct account_id *account, struct http_slot *slot)
{
	const struct device_id *device = &here.fixture->members[FIRST].id;
	int64_t now_ms = atomic_load(&here.now_ms);
	struct http_accounts_numbers numbers;
	struct http_member member;

	if (http_accounts_known(here.table, account, device, &member))
		assert_true(device_equal(&member.device, device));
	assert_int_not_equal(
	    http_accounts_member(here.table, slot, device, now_ms - 10, now_ms), KNOWN_REVOKED);
	if (http_accounts_spend(here.table, slot, device, PURSE_REQUESTS, now_ms, 60) == 0)
		http_accounts_refund(here.table, slot, device, PURSE_REQUESTS, 60);
	http_accounts_count(here.table, &numbers);
}

static void teach(const struct account_id *account)
{
	struct account_cache cache = {.roster_hash = *roster_hash(&here.fixture->roster)};

	http_accounts_teach(here.table, account, atomic_load(&here.now_ms), &cache, here.members,
	    here.members_count);
	account_cache_clear(&cache);
}

static void wake(void *self, bool passed, uint64_t head)
{
	(void)passed;
	(void)head;
	atomic_fetch_add(&here.wakes, 1);
	(void)sem_post(self);
}

/* A watch, to its end. */
static void watch(struct http_slot *slot)
{
	struct http_watcher watcher = {.slot = slot, .wake = wake};
	uint64_t head = 0;
	sem_t woken;

	assert_int_equal(sem_init(&woken, 0, 0), 0);
	watcher.self = &woken;
	watcher.seq = UINT64_MAX - 1; /* until its time is over, or the account is forgotten */
	if (http_accounts_watch(here.table, &watcher, atomic_load(&here.now_ms) + 3, &head) ==
	    WATCH_WAITS) {
		atomic_fetch_add(&here.waits, 1);
		while (sem_wait(&woken) != 0)
			assert_int_equal(errno, EINTR);
	}
	(void)sem_destroy(&woken);
}

static void *use_table(void *self)
{
	uint64_t random = *(const uint64_t *)self;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct account_id account = account_of(draw(&random, ACCOUNTS));
		struct http_slot *slot = NULL;

		if (draw(&random, 8) == 0)
			teach(&account);
		if (http_accounts_take(here.table, &account, &slot) != TOOK_OK)
			continue;
		ask(&account, slot);
		switch (draw(&random, 4)) {
		case 0: watch(slot); break;
		case 1: learn(slot, draw(&random, 8) == 0); break;
		default: break;
		}
		http_accounts_drop(here.table, slot);
	}
	return NULL;
}

/* The deadlines' thread, and the checker. */
static void *pass_time(void *self)
{
	(void)self;
	while (!atomic_load(&here.over)) {
		int64_t now_ms = atomic_fetch_add(&here.now_ms, 1) + 1;
		struct http_slot *due = http_accounts_due(here.table, now_ms - 2, now_ms);

		if (due != NULL)
			http_accounts_drop(here.table, due);
		http_accounts_expire(here.table, now_ms);
		(void)sched_yield();
	}
	return NULL;
}

/* The upkeep's thread. */
static void *borrow(void *self)
{
	uint64_t random = 7;

	(void)self;
	while (!atomic_load(&here.over)) {
		struct account_id account = account_of(draw(&random, ACCOUNTS));
		struct account_cache *cache = http_accounts_borrow(here.table, &account);

		if (cache == NULL) {
			(void)sched_yield();
			continue;
		}
		cache->has_put = true; /* as the account code would */
		while (!http_accounts_wanted(here.table) && draw(&random, 4) > 0)
			(void)sched_yield();
		atomic_fetch_add(&here.loans, 1);
		http_accounts_give_back(here.table);
	}
	return NULL;
}

static void the_table_is_everybodys(void **state)
{
	const struct pair *pair = *state;
	struct http_accounts_numbers numbers;
	pthread_t users[THREADS], time, borrower;

	here.fixture = &pair->fixture;
	here.table = http_accounts_new(1u << 20, 16, 2);
	here.members =
	    http_members_of(view_bytes(&pair->fixture.roster_bytes), &here.members_count);
	assert_true(here.table != NULL && here.members != NULL);
	atomic_store(&here.over, false);
	assert_int_equal(pthread_create(&time, NULL, pass_time, NULL), 0);
	assert_int_equal(pthread_create(&borrower, NULL, borrow, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&users[i], NULL, use_table, &seeds[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(users[i], NULL), 0);
	atomic_store(&here.over, true);
	assert_int_equal(pthread_join(borrower, NULL), 0);
	assert_int_equal(pthread_join(time, NULL), 0);
	assert_int_equal(atomic_load(&here.wakes), atomic_load(&here.waits));
	assert_true(atomic_load(&here.waits) > 0);
	http_accounts_count(here.table, &numbers);
	assert_int_equal(numbers.watchers, 0);
	assert_true(numbers.slots <= ACCOUNTS);
	http_accounts_free(here.table); /* it would not let a slot go that somebody holds */
	free(here.members);
}

/* ---- memory, and the gate's places ---- */

#define PLACES 3u
static struct {
	struct http_budget budget;
	struct http_admission *admission;
	_Atomic unsigned inside, most;
} shared;

static void visit(uint64_t *random)
{
	struct http_visitor visitor = {
	    .request = random, .account = account_of(draw(random, 2)), .found = true};
	unsigned inside;

	if (http_admission_enter(shared.admission, &visitor) != 0)
		return;
	inside = atomic_fetch_add(&shared.inside, 1) + 1;
	if (inside > atomic_load(&shared.most))
		atomic_store(&shared.most, inside);
	(void)http_admission_count(shared.admission);
	atomic_fetch_sub(&shared.inside, 1);
	http_admission_leave(shared.admission, random);
}

static void *share(void *self)
{
	uint64_t random = *(const uint64_t *)self;

	for (unsigned i = 0; i < 10 * ROUNDS; i++) {
		struct http_holder stranger = {.known = false};
		struct http_holder member = {.known = true, .hash = draw(&random, 2)};
		size_t len = draw(&random, 100);
		enum http_refused why;

		visit(&random);
		if (!http_budget_fits(&shared.budget, stranger, len, &why))
			continue;
		(void)!http_budget_take(&shared.budget, stranger, len, &why); /* or it is over */
		http_budget_move(&shared.budget, stranger, member, len);
		http_budget_give(&shared.budget, member, len);
	}
	return NULL;
}

static void what_is_shared_comes_back(void **state)
{
	const struct http_admission_limits limits = {PLACES, PLACES, PLACES};
	pthread_t threads[THREADS];

	(void)state;
	shared.budget.max = 250;
	shared.budget.account_max = 200;
	shared.budget.unauthenticated_max = 100;
	shared.admission = http_admission_new(&limits);
	assert_non_null(shared.admission);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, share, &seeds[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_in_range(atomic_load(&shared.most), 1, PLACES);
	assert_int_equal(http_admission_count(shared.admission), 0);
	assert_int_equal(atomic_load(&shared.budget.held), 0);
	assert_int_equal(atomic_load(&shared.budget.unauthenticated), 0);
	for (size_t i = 0; i < HTTP_PARTS_COUNT; i++)
		assert_int_equal(atomic_load(&shared.budget.accounts[i]), 0);
	http_admission_free(shared.admission);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_job_is_run_once),
    cmocka_unit_test_setup_teardown(the_table_is_everybodys, pair_setup, pair_teardown),
    cmocka_unit_test(what_is_shared_comes_back),
};
TEST_MAIN(tests)
