/*
 * tests/gateway/http/http_deadline_test.c: deadline.c with its thread, but without its clocks and
 * sockets: the thread sleeps until the test wakes it.
 */
#include "gateway/http/deadline.h"
#include "tests/gateway/http/lock_watch.h"
#include "tests/test.h"

#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define FDS_MAX 8

static struct {
	sem_t asleep, wake, in_tick, go_on;
	struct timespec until; /* it sleeps so long */
	unsigned sleeps, ticks;
	int64_t tick_ms;     /* what the last tick was told */
	bool slow_tick;      /* it waits for go_on */
	int64_t now_ms;      /* the gateway's clock */
	struct timespec now; /* the system's */
	unsigned shut[FDS_MAX];
	bool threads_fail;
} here;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
int __real_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_clock_gettime(clockid_t clock, struct timespec *out);
int __wrap_shutdown(int fd, int how);
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self);

int __wrap_clock_gettime(clockid_t clock, struct timespec *out)
{
	if (clock != CLOCK_MONOTONIC)
		return __real_clock_gettime(clock, out);
	*out = here.now;
	return 0;
}

int __wrap_shutdown(int fd, int how)
{
	assert_in_range(fd, 0, FDS_MAX - 1);
	assert_int_equal(how, SHUT_RDWR);
	here.shut[fd]++;
	return 0;
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *self)
{
	return here.threads_fail ? EAGAIN : __real_pthread_create(thread, attributes, start, self);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return here.now_ms;
}

static const struct clock clock_here = {NULL, NULL, monotonic_ms};

/* In time, or not at all. */
static void await(sem_t *what)
{
	struct timespec until;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_sec += 10;
	assert_int_equal(sem_timedwait(what, &until), 0);
}

static int sleep_until(const struct timespec *until)
{
	here.until = *until;
	here.sleeps++;
	(void)sem_post(&here.asleep);
	while (sem_wait(&here.wake) != 0)
		continue;
	return ETIMEDOUT;
}

static void wake(void)
{
	(void)sem_post(&here.wake);
}

static void tick(void *self, int64_t now_ms)
{
	assert_ptr_equal(self, &here);
	here.ticks++;
	here.tick_ms = now_ms;
	if (!here.slow_tick)
		return;
	(void)sem_post(&here.in_tick);
	await(&here.go_on);
}

static struct http_deadlines *begin(void)
{
	struct http_deadlines *deadlines;

	memset(&here, 0, sizeof(here));
	(void)sem_init(&here.asleep, 0, 0);
	(void)sem_init(&here.wake, 0, 0);
	(void)sem_init(&here.in_tick, 0, 0);
	(void)sem_init(&here.go_on, 0, 0);
	locks_timedwait = sleep_until;
	locks_signal = wake;
	here.now_ms = 1000;
	deadlines = http_deadlines_new(&clock_here, tick, &here);
	assert_non_null(deadlines);
	await(&here.asleep);
	assert_int_equal(here.ticks, 1);
	assert_int_equal(here.tick_ms, 1000);
	return deadlines;
}

/* It wakes at that time, and sleeps again. */
static void pass(int64_t now_ms)
{
	here.now_ms = now_ms;
	wake();
	await(&here.asleep);
	assert_int_equal(here.tick_ms, now_ms);
}

static void end(struct http_deadlines *deadlines)
{
	unsigned ticks = here.ticks;

	http_deadlines_free(deadlines);
	assert_int_equal(here.ticks, ticks); /* its end is no tick */
	assert_int_equal(locks_left(), 0);
}

/* By the system's monotonic clock, whatever the part of a second. */
static void it_ticks_twice_a_second(void **state)
{
	static const struct {
		struct timespec now, until;
	} rows[] = {
	    {{7, 0}, {7, 500000000}},
	    {{7, 499999999}, {7, 999999999}},
	    {{7, 500000000}, {8, 0}},
	    {{7, 999999999}, {8, 499999999}},
	};
	struct http_deadlines *deadlines = begin();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		here.now = rows[i].now;
		pass(2000 + (int64_t)i);
		assert_int_equal(here.ticks, 2 + i);
		assert_int_equal(here.until.tv_sec, rows[i].until.tv_sec);
		assert_int_equal(here.until.tv_nsec, rows[i].until.tv_nsec);
	}
	end(deadlines);
}

static void expect_shut(const char *pattern) /* a digit for each descriptor: so often */
{
	char found[FDS_MAX + 1] = "";

	for (size_t i = 0; i < strlen(pattern); i++)
		found[i] = (char)('0' + here.shut[i]);
	assert_string_equal(found, pattern);
}

/* To the millisecond, and once. */
static void who_is_late_is_shut(void **state)
{
	struct http_deadlines *deadlines = begin();
	struct http_conn conns[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		http_conn_open(deadlines, &conns[i], i, 100 * (i + 1));
	assert_int_equal(http_deadlines_count(deadlines), 4);
	http_conn_until(deadlines, &conns[3], INT64_MAX);
	pass(1099);
	expect_shut("0000");
	pass(1100);
	expect_shut("1000");
	pass(1199);
	expect_shut("1000");
	http_conn_until(deadlines, &conns[2], 1250);
	pass(1250);
	expect_shut("1110");
	http_conn_until(deadlines, &conns[0], 1300); /* its next stage, had it one */
	pass(1300);
	expect_shut("2110");
	pass(INT64_MAX - 1);
	expect_shut("2110");
	for (int i = 0; i < 4; i++)
		http_conn_close(deadlines, &conns[i]);
	end(deadlines);
}

/* In whatever order they come and go; who has gone is not shut. */
static void who_has_gone_is_forgotten(void **state)
{
	static const int orders[][4] = {
	    {0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}, {1, 2, 0, 3}};
	struct http_deadlines *deadlines = begin();
	struct http_conn conns[4];

	(void)state;
	for (size_t row = 0; row < COUNT_OF(orders); row++) {
		for (int i = 0; i < 4; i++)
			http_conn_open(deadlines, &conns[i], i, 100);
		for (size_t gone = 0; gone < 4; gone++) {
			memset(here.shut, 0, sizeof(here.shut));
			for (size_t k = gone; k < 4; k++)
				http_conn_until(deadlines, &conns[orders[row][k]], here.now_ms);
			http_conn_close(deadlines, &conns[orders[row][gone]]);
			memset(&conns[orders[row][gone]], 0xee, sizeof(conns[0]));
			assert_int_equal(http_deadlines_count(deadlines), 3 - gone);
			pass(here.now_ms + 1);
			for (size_t k = 0; k < 4; k++)
				assert_int_equal(here.shut[orders[row][k]], k > gone);
		}
	}
	end(deadlines);
}

/* From then on nobody has longer, also who is suspended and who comes yet. */
static void nobody_outlives_the_cap(void **state)
{
	struct http_deadlines *deadlines = begin();
	struct http_conn conns[2];

	(void)state;
	http_conn_open(deadlines, &conns[0], 0, 100000);
	http_conn_until(deadlines, &conns[0], INT64_MAX);
	http_deadlines_cap(deadlines, 2000);
	pass(1999);
	expect_shut("00");
	pass(2000);
	expect_shut("10");
	http_conn_open(deadlines, &conns[1], 1, 100000);
	pass(2001);
	assert_int_equal(here.shut[1], 1);
	http_conn_close(deadlines, &conns[0]);
	http_conn_close(deadlines, &conns[1]);
	end(deadlines);
}

static void *free_them(void *self)
{
	http_deadlines_free(self);
	return NULL;
}

/* Stopped in the middle of a tick, it does not sleep once more. */
static void it_ends_after_a_tick(void **state)
{
	struct http_deadlines *deadlines = begin();
	pthread_t freeing;
	unsigned sleeps = here.sleeps;

	(void)state;
	here.slow_tick = true;
	wake();
	await(&here.in_tick);
	assert_int_equal(pthread_create(&freeing, NULL, free_them, deadlines), 0);
	await(&here.wake); /* it has been told */
	(void)sem_post(&here.go_on);
	assert_int_equal(pthread_join(freeing, NULL), 0);
	assert_int_equal(here.sleeps, sleeps);
	assert_int_equal(locks_left(), 0);
}

static void without_a_thread_there_is_none(void **state)
{
	(void)state;
	memset(&here, 0, sizeof(here));
	here.threads_fail = true;
	assert_null(http_deadlines_new(&clock_here, tick, &here));
	assert_int_equal(locks_left(), 0);
	http_deadlines_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_ticks_twice_a_second),
    cmocka_unit_test(who_is_late_is_shut),
    cmocka_unit_test(who_has_gone_is_forgotten),
    cmocka_unit_test(nobody_outlives_the_cap),
    cmocka_unit_test(it_ends_after_a_tick),
    cmocka_unit_test(without_a_thread_there_is_none),
};
TEST_MAIN(tests)
