/*
 * tests/gateway/http/http_pool_test.c: pool.c with its threads: jobs that wait until they are let
 * go say who runs, who waits and who was refused.
 */
#include "gateway/http/pool.h"
#include "tests/each.h"
#include "tests/gateway/http/lock_watch.h"
#include "tests/test.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define JOBS_MAX 16u

struct job {
	struct http_job job; /* first */
	unsigned number;
};

static struct {
	sem_t begun, go_on;
	_Atomic unsigned ran_count;
	unsigned ran[JOBS_MAX]; /* the numbers, in their order: by one thread */
	unsigned creates, create_fails_at, calloc_fails_at, callocs; /* counted from 1; 0: none */
	_Atomic unsigned joins;
} here;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);
int __real_pthread_join(pthread_t thread, void **out);
int __wrap_pthread_join(pthread_t thread, void **out);
void *__real_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len);

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self)
{
	return ++here.creates == here.create_fails_at
		   ? EAGAIN
		   : __real_pthread_create(thread, attributes, start, self);
}

int __wrap_pthread_join(pthread_t thread, void **out)
{
	atomic_fetch_add(&here.joins, 1);
	return __real_pthread_join(thread, out);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return ++here.callocs == here.calloc_fails_at ? NULL : __real_calloc(count, len);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void await(sem_t *what)
{
	struct timespec until;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_sec += 10;
	assert_int_equal(sem_timedwait(what, &until), 0);
}

static void run(void *self, struct http_job *job)
{
	struct job *own = (struct job *)job;
	unsigned place = atomic_fetch_add(&here.ran_count, 1);

	assert_ptr_equal(self, &here);
	assert_true(place < JOBS_MAX);
	here.ran[place] = own->number;
	(void)sem_post(&here.begun);
	await(&here.go_on);
}

static void clear(void)
{
	memset(&here, 0, sizeof(here));
	(void)sem_init(&here.begun, 0, 0);
	(void)sem_init(&here.go_on, 0, 0);
}

static struct http_pool *begin(unsigned threads, unsigned queue_max)
{
	struct http_pool *pool;

	clear();
	pool = http_pool_new(threads, queue_max, run, &here);
	assert_non_null(pool);
	return pool;
}

/* What its next is, is nobody's business before. */
static bool add(struct http_pool *pool, struct job *jobs, unsigned number)
{
	jobs[number] = (struct job){{(struct http_job *)0x10}, number};
	return http_pool_add(pool, &jobs[number].job);
}

/* Each of its threads has ended. */
static void end(struct http_pool *pool)
{
	http_pool_free(pool);
	assert_int_equal(locks_left(), 0);
	assert_int_equal(atomic_load(&here.joins), here.creates);
}

/* One runs, so many wait, and no more; then each in its turn. */
static void first_in_first_out(void **state)
{
	struct http_pool *pool = begin(1, 3);
	struct job jobs[JOBS_MAX];
	unsigned next = 0;

	(void)state;
	for (unsigned round = 0; round < 2; round++) { /* also after it was empty */
		assert_int_equal(http_pool_waiting(pool), 0);
		assert_true(add(pool, jobs, next++));
		await(&here.begun);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(http_pool_waiting(pool), i);
			assert_false(http_pool_full(pool));
			assert_true(add(pool, jobs, next++));
		}
		assert_true(http_pool_full(pool));
		assert_false(add(pool, jobs, JOBS_MAX - 1));
		for (unsigned i = 0; i < 3; i++) {
			(void)sem_post(&here.go_on);
			await(&here.begun);
			assert_int_equal(http_pool_waiting(pool), 2 - i);
			assert_false(http_pool_full(pool));
		}
		(void)sem_post(&here.go_on);
	}
	http_pool_close(pool);
	for (unsigned i = 0; i < next; i++)
		assert_int_equal(here.ran[i], i);
	end(pool);
}

static void so_many_run_at_once(void **state)
{
	struct http_pool *pool = begin(4, 8);
	struct job jobs[JOBS_MAX];

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(add(pool, jobs, i));
	for (unsigned i = 0; i < 4; i++)
		await(&here.begun);
	assert_int_equal(http_pool_waiting(pool), 1);
	for (unsigned i = 0; i < 5; i++)
		(void)sem_post(&here.go_on);
	await(&here.begun);
	end(pool);
}

static void *close_it(void *self)
{
	http_pool_close(self);
	return NULL;
}

/* What waits is run, and nothing more is taken. */
static void closing_runs_what_waits(void **state)
{
	struct http_pool *pool = begin(1, 8);
	struct job jobs[JOBS_MAX];
	pthread_t closing;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_true(add(pool, jobs, i));
	await(&here.begun);
	assert_int_equal(pthread_create(&closing, NULL, close_it, pool), 0);
	for (unsigned i = 0; i < 3; i++)
		(void)sem_post(&here.go_on);
	assert_int_equal(pthread_join(closing, NULL), 0);
	assert_int_equal(http_pool_waiting(pool), 0);
	assert_int_equal(atomic_load(&here.ran_count), 3);
	assert_false(add(pool, jobs, JOBS_MAX - 1));
	end(pool);
}

/* Threads that have nothing to do end, too. */
static void idle_threads_end(void **state)
{
	(void)state;
	end(begin(8, 1));
	http_pool_free(NULL);
}

/* All of its threads, or none. */
static void without_a_thread_there_is_none(void **state)
{
	struct each each = {.of = "a pool"};

	(void)state;
	while (each_next(&each)) {
		struct http_pool *pool;

		clear();
		here.create_fails_at = each.nth;
		pool = http_pool_new(4, 1, run, &here);
		each.hit = here.creates >= each.nth;
		assert_int_equal(pool == NULL, each.hit);
		if (!each.hit)
			end(pool);
		assert_int_equal(atomic_load(&here.joins), each.nth - 1);
		assert_int_equal(locks_left(), 0);
	}
	assert_int_equal(each.hits, 4);
}

static void without_memory_there_is_none(void **state)
{
	struct each each = {.of = "a pool"};

	(void)state;
	while (each_next(&each)) {
		struct http_pool *pool;

		clear();
		here.calloc_fails_at = each.nth;
		pool = http_pool_new(4, 1, run, &here);
		each.hit = here.callocs >= each.nth;
		assert_int_equal(pool == NULL, each.hit);
		if (!each.hit)
			end(pool);
		assert_int_equal(locks_left(), 0);
	}
	assert_int_equal(each.hits, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(first_in_first_out),
    cmocka_unit_test(so_many_run_at_once),
    cmocka_unit_test(closing_runs_what_waits),
    cmocka_unit_test(idle_threads_end),
    cmocka_unit_test(without_a_thread_there_is_none),
    cmocka_unit_test(without_memory_there_is_none),
};
TEST_MAIN(tests)
