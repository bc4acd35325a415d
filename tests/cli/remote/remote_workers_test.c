/*
 * tests/cli/remote/remote_workers_test.c: jobs with blobs, over remotes that are the test's own:
 * who runs them, how many at once, and what is left when threads, memory or the sealing fail. The
 * engine's sealing and opening are the test's too.
 */
#include "tests/test.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/remote/workers.h"
#include "tests/cli/remote/thread_faults.h"
#include "tests/each.h"

#define NOW_MS 5000
#define NUMBERS_MAX 32u
#define WAIT_S 10

static const struct thread_faults no_faults = {.threads_max = SIZE_MAX};

/* Where all remotes lead. Who asks is seen, what is answered is the test's to say. */
static struct {
	pthread_mutex_t mutex; /* guards all of it but the fields of the test's thread alone */
	pthread_cond_t changed;
	bool shut; /* who asks waits until it is open */
	size_t under_way, most;
	uint64_t asked[NUMBERS_MAX]; /* the blobs' numbers, in order */
	size_t asked_count;
	size_t here_count;  /* of them by the test's thread */
	bool wrong_call;    /* one had not a message empty, or another deadline */
	bool wrong_content; /* put: what came is not what was sealed; got: of another account */
	bool signals;       /* a thread is open to some */
	size_t sealed_count, sealed_here_count, opened_count;
	bool seal_shut; /* as shut, of the sealing */
	bool sealing;

	/* The test's thread's. */
	pthread_t test;
	size_t twins, twins_max, closed;
	bool wrong_closer;
	size_t counts[NUMBERS_MAX]; /* that pick was asked with */
	size_t picks;
} place = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static const struct account_id account = {{0xa5, 1}};

static int64_t standing(void *self)
{
	(void)self;
	return NOW_MS;
}
static const struct clock still = {.wall_ms = standing, .monotonic_ms = standing};

static void place_lock(void)
{
	assert_int_equal(pthread_mutex_lock(&place.mutex), 0);
}

static void place_unlock(void)
{
	assert_int_equal(pthread_mutex_unlock(&place.mutex), 0);
}

static bool is_test_thread(void)
{
	return pthread_equal(pthread_self(), place.test);
}

/* Any thread: with the mutex. */
static void look_at_thread(void)
{
	sigset_t mask;

	if (is_test_thread())
		return;
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < 32; number++)
		if (number != SIGKILL && number != SIGSTOP && sigismember(&mask, number) == 0)
			place.signals = true;
}

/* Blobs are numbered by their names. Those of 20 and more are not to be had. */
static enum remote_result answer(const struct blob_name *name, struct call *call)
{
	(void)pthread_mutex_lock(&place.mutex);
	look_at_thread();
	place.wrong_call |= call->message[0] != '\0' || call->deadline_ms != NOW_MS + 60000;
	place.asked[place.asked_count++ % NUMBERS_MAX] = name->count;
	place.here_count += is_test_thread();
	place.under_way++;
	if (place.under_way > place.most)
		place.most = place.under_way;
	(void)pthread_cond_broadcast(&place.changed);
	while (place.shut)
		(void)pthread_cond_wait(&place.changed, &place.mutex);
	place.under_way--;
	(void)pthread_cond_broadcast(&place.changed);
	(void)pthread_mutex_unlock(&place.mutex);
	if (name->count < 20)
		return REMOTE_OK;
	call_sayf(call, "no blob %u", (unsigned)name->count);
	return REMOTE_ABSENT;
}

static void blob_text(uint64_t number, char out[32])
{
	(void)snprintf(out, 32, "blob %u", (unsigned)number);
}

static void see_content(bool right)
{
	(void)pthread_mutex_lock(&place.mutex);
	place.wrong_content |= !right;
	(void)pthread_mutex_unlock(&place.mutex);
}

static enum remote_result blob_get(void *self, const struct account_id *of,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	enum remote_result result = answer(name, call);
	char text[32];

	(void)self;
	see_content(account_equal(of, &account));
	blob_text(name->count, text);
	if (result == REMOTE_OK && !bytes_copy(view_text(text), out))
		return REMOTE_FAILED;
	return result;
}

static enum remote_result blob_put(void *self, const struct account_id *of,
    const struct blob_name *name, struct view blob, struct call *call)
{
	char text[32];

	(void)self;
	blob_text(name->count, text);
	see_content(account_equal(of, &account) && view_equal(blob, view_text(text)));
	return answer(name, call);
}

static void close_twin(void *self)
{
	(void)self;
	place.wrong_closer |= !is_test_thread();
	place.closed++;
}

static struct remote *twin(void *self);
static const struct remote_ops twin_ops = {
    .blob_get = blob_get, .blob_put = blob_put, .twin = twin, .close = close_twin};
static const struct remote_ops alone_ops = {.blob_get = blob_get, .blob_put = blob_put};

static struct remote *twin(void *self)
{
	struct remote *made = place.twins < place.twins_max ? malloc(sizeof(*made)) : NULL;

	(void)self;
	if (made == NULL)
		return NULL;
	*made = (struct remote){.ops = &twin_ops};
	place.twins++;
	return made;
}

static size_t pick_last(void *self, size_t count)
{
	(void)self;
	place.counts[place.picks++ % NUMBERS_MAX] = count;
	return count - 1;
}

static const struct remote_ops picking_ops = {
    .blob_get = blob_get, .blob_put = blob_put, .pick = pick_last};
static struct remote with_twins = {.ops = &twin_ops};
static struct remote alone = {.ops = &alone_ops};
static struct remote picking = {.ops = &picking_ops};

/* ---- the engine's part ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
enum engine_result __wrap_sync_seal(struct sync_want *want, struct call *call);
void __wrap_sync_open(struct sync_want *want, struct view blob);

static char sealed_texts[NUMBERS_MAX][32];

/* Those of 10 to 19 can't be sealed. */
enum engine_result __wrap_sync_seal(struct sync_want *want, struct call *call)
{
	(void)pthread_mutex_lock(&place.mutex);
	look_at_thread();
	place.sealed_count++;
	place.sealed_here_count += is_test_thread();
	place.sealing = true;
	(void)pthread_cond_broadcast(&place.changed);
	while (place.seal_shut)
		(void)pthread_cond_wait(&place.changed, &place.mutex);
	place.sealing = false;
	(void)pthread_mutex_unlock(&place.mutex);
	if (want->name.count >= 10 && want->name.count < 20) {
		call_sayf(call, "not to be sealed");
		return ENGINE_REFUSED;
	}
	blob_text(want->name.count, sealed_texts[want->name.count]);
	want->blob = view_text(sealed_texts[want->name.count]);
	return ENGINE_OK;
}

void __wrap_sync_open(struct sync_want *want, struct view blob)
{
	char text[32];

	blob_text(want->name.count, text);
	see_content(view_equal(blob, view_text(text)));
	(void)pthread_mutex_lock(&place.mutex);
	place.opened_count++;
	(void)pthread_mutex_unlock(&place.mutex);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- what the tests do ---- */

static struct workers *begin(const struct thread_faults *faults, struct remote *remote)
{
	struct workers *workers;
	sigset_t one;

	assert_int_equal(sigemptyset(&one) | sigaddset(&one, SIGUSR1), 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, &one, NULL), 0); /* no fault stands before it */
	place.shut = place.seal_shut = place.sealing = false;
	place.under_way = place.most = place.asked_count = place.here_count = 0;
	place.wrong_call = place.wrong_content = place.signals = place.wrong_closer = false;
	place.sealed_count = place.sealed_here_count = place.opened_count = 0;
	place.twins = place.closed = place.picks = 0;
	place.twins_max = NUMBERS_MAX;
	place.test = pthread_self();
	threads_set(faults);
	workers = workers_new(remote, &account, &still);
	assert_non_null(workers);
	return workers;
}

/* Nothing is left of it, nobody saw what is not to be, and the test hears the signals it heard. */
static void end(struct workers *workers)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < 32; number++)
		assert_int_equal(sigismember(&mask, number), number == SIGUSR1);
	workers_free(workers);
	assert_int_equal(threads_left(), 0);
	assert_int_equal(place.closed, place.twins);
	assert_int_equal(place.under_way, 0);
	assert_false(place.wrong_call || place.wrong_content || place.signals);
	assert_false(place.wrong_closer);
}

static void give(struct workers *workers, enum sync_want_kind kind, uint64_t number)
{
	const struct job job = {
	    .want = {.kind = kind, .slot = (unsigned)number, .name.count = number},
	    .tries = {.count = 3, .begun_ms = 7}};

	workers_give(workers, &job);
}

static void get(struct workers *workers, uint64_t number)
{
	give(workers, SYNC_WANT_GET, number);
}

/* Takes one, which must be as it is to be; gives its number. */
static uint64_t take(struct workers *workers)
{
	struct job job = {0};
	uint64_t number;
	char text[32];

	workers_take(workers, &job);
	number = job.want.name.count;
	blob_text(number, text);
	assert_int_equal(job.want.slot, number);
	assert_int_equal(job.tries.count, 3);
	assert_int_equal(job.tries.begun_ms, 7);
	assert_int_equal(job.sealed, job.want.kind == SYNC_WANT_PUT && number >= 10 && number < 20
					 ? ENGINE_REFUSED
					 : ENGINE_OK);
	if (job.sealed != ENGINE_OK)
		assert_string_equal(job.call.message, "not to be sealed");
	else
		assert_int_equal(job.result, number < 20 ? REMOTE_OK : REMOTE_ABSENT);
	if (job.want.kind == SYNC_WANT_GET && job.result == REMOTE_OK)
		assert_true(view_equal(view_bytes(&job.blob), view_text(text)));
	else
		assert_null(job.blob.data);
	bytes_clear(&job.blob);
	return number;
}

/* Takes so many; gives the set of their numbers as bits. */
static uint64_t take_some(struct workers *workers, size_t count)
{
	uint64_t bits = 0;

	while (count-- > 0)
		bits |= 1ull << take(workers);
	return bits;
}

static void open_place(void)
{
	place_lock();
	place.shut = place.seal_shut = false;
	(void)pthread_cond_broadcast(&place.changed);
	place_unlock();
}

/* With the mutex: until something changes. */
static void wait_for_change(void)
{
	struct timespec end;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &end), 0);
	end.tv_sec += WAIT_S;
	if (pthread_cond_timedwait(&place.changed, &place.mutex, &end) == ETIMEDOUT)
		fail_msg("%zu are under way, and no more come", place.under_way);
}

static void wait_under_way(size_t count)
{
	place_lock();
	while (place.under_way < count)
		wait_for_change();
	place_unlock();
}

static void wait_sealing(void)
{
	place_lock();
	while (!place.sealing)
		wait_for_change();
	place_unlock();
}

static void assert_asked(const uint64_t *numbers, size_t count)
{
	assert_int_equal(place.asked_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(place.asked[i], numbers[i]);
}

/* ---- without twins: one by one, by who takes ---- */

static void without_twins_who_takes_does_it(void **state)
{
	static const uint64_t order[] = {3, 20, 1};
	struct workers *workers = begin(&no_faults, &alone);

	(void)state;
	for (size_t i = 0; i < COUNT_OF(order); i++)
		get(workers, order[i]);
	assert_int_equal(place.asked_count, 0);
	for (size_t i = 0; i < COUNT_OF(order); i++) {
		assert_int_equal(take(workers), order[i]);
		assert_int_equal(place.asked_count, i + 1);
	}
	assert_asked(order, COUNT_OF(order));
	assert_int_equal(place.here_count, 3);
	assert_int_equal(place.opened_count, 2); /* what was there */
	end(workers);
	assert_int_equal(threads_made(), 0);
}

static void a_remote_may_pick_the_next(void **state)
{
	static const uint64_t order[] = {3, 2, 1};
	struct workers *workers = begin(&no_faults, &picking);

	(void)state;
	for (uint64_t number = 1; number <= 3; number++)
		get(workers, number);
	for (size_t i = 0; i < COUNT_OF(order); i++)
		assert_int_equal(take(workers), order[i]);
	assert_asked(order, COUNT_OF(order));
	assert_int_equal(place.picks, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(place.counts[i], 3 - i);
	end(workers);
}

/* What cannot be sealed is not sent, and does not come in the remote's way. */
static void without_twins_who_gives_seals(void **state)
{
	static const uint64_t order[] = {2, 4};
	struct workers *workers = begin(&no_faults, &picking);

	(void)state;
	give(workers, SYNC_WANT_PUT, 2);
	give(workers, SYNC_WANT_PUT, 11);
	give(workers, SYNC_WANT_PUT, 4);
	assert_int_equal(place.sealed_here_count, 3);
	assert_int_equal(take(workers), 11);
	assert_int_equal(place.asked_count, 0);
	assert_int_equal(take(workers), 4);
	assert_int_equal(place.counts[0], 2);
	assert_int_equal(take(workers), 2);
	assert_int_equal(place.asked_count, COUNT_OF(order));
	assert_int_equal(place.opened_count, 0);
	end(workers);
}

/* Given again, as after an answer that was lost. */
static void what_is_sealed_is_not_sealed_again(void **state)
{
	struct remote *const remotes[] = {&alone, &with_twins};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(remotes); i++) {
		struct workers *workers = begin(&no_faults, remotes[i]);
		struct job job = {0};

		give(workers, SYNC_WANT_PUT, 5);
		for (size_t times = 1; times <= 3; times++) {
			workers_take(workers, &job);
			assert_int_equal(job.result, REMOTE_OK);
			assert_int_equal(place.asked_count, times);
			if (times < 3)
				workers_give(workers, &job);
		}
		assert_int_equal(place.sealed_count, 1);
		end(workers);
	}
}

/* ---- with twins ---- */

static void as_many_as_there_are_flights_go_at_once(void **state)
{
	struct workers *workers = begin(&no_faults, &with_twins);

	(void)state;
	place.shut = true;
	for (uint64_t number = 0; number < SYNC_FLIGHTS_MAX; number++)
		get(workers, number);
	wait_under_way(SYNC_FLIGHTS_MAX);
	assert_int_equal(place.twins, SYNC_FLIGHTS_MAX);
	open_place();
	assert_int_equal(take_some(workers, SYNC_FLIGHTS_MAX), 63);
	assert_int_equal(place.here_count, 0);
	assert_int_equal(place.opened_count, SYNC_FLIGHTS_MAX);
	place.shut = true; /* nobody is running */
	for (uint64_t number = 0; number < SYNC_FLIGHTS_MAX; number++)
		get(workers, number + (number == 3 ? 20 : 0)); /* that one is not there */
	wait_under_way(SYNC_FLIGHTS_MAX);
	open_place();
	assert_int_equal(take_some(workers, SYNC_FLIGHTS_MAX), 63 - 8 + (1 << 23));
	end(workers);
	assert_int_equal(threads_made(), SYNC_FLIGHTS_MAX);
	assert_int_equal(place.most, SYNC_FLIGHTS_MAX);
}

static void puts_too_and_one_thread_seals(void **state)
{
	struct workers *workers = begin(&no_faults, &with_twins);

	(void)state;
	get(workers, 9); /* so that there is one who sends */
	assert_int_equal(take(workers), 9);
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t number = 1; number <= SYNC_FLIGHTS_MAX; number++)
			give(workers, SYNC_WANT_PUT, number == 4 ? 14 : number);
		assert_int_equal(
		    take_some(workers, SYNC_FLIGHTS_MAX), (1 << 7) - 2 - (1 << 4) + (1 << 14));
	}
	assert_int_equal(place.sealed_count, 3 * SYNC_FLIGHTS_MAX);
	assert_int_equal(place.sealed_here_count, 0);
	assert_int_equal(place.asked_count, 1 + 3 * (SYNC_FLIGHTS_MAX - 1));
	assert_int_equal(place.here_count, 0);
	assert_int_equal(place.opened_count, 1);
	end(workers);
	assert_int_equal(threads_made(), 1 + place.twins);
}

/* While one is being sealed others are sent; who waits for it need not have begun a sender. */
static void sealing_does_not_hold_up_what_is_sent(void **state)
{
	struct workers *workers = begin(&no_faults, &with_twins);

	(void)state;
	place.seal_shut = true;
	give(workers, SYNC_WANT_PUT, 1);
	wait_sealing();
	get(workers, 2);
	assert_int_equal(take(workers), 2);
	open_place();
	assert_int_equal(take(workers), 1);
	end(workers);
}

/* The first that is sealed has no sender where it was in work as it was given. */
static void who_takes_sends_what_nobody_else_will(void **state)
{
	struct thread_faults faults = {.threads_max = 1}; /* it seals */
	struct workers *workers = begin(&faults, &with_twins);

	(void)state;
	for (uint64_t number = 1; number <= 3; number++)
		give(workers, SYNC_WANT_PUT, number);
	assert_int_equal(take_some(workers, 3), 14);
	assert_int_equal(place.here_count, 3);
	assert_int_equal(place.sealed_here_count, 0);
	end(workers);
	assert_int_equal(threads_made(), 1);
}

static void an_idle_thread_is_used_before_another_is_begun(void **state)
{
	struct workers *workers = begin(&no_faults, &with_twins);

	(void)state;
	for (uint64_t number = 0; number < 10; number++) {
		get(workers, number);
		assert_int_equal(take(workers), number);
	}
	assert_int_equal(place.twins, 1);
	place.shut = true;
	get(workers, 1);
	get(workers, 2);
	wait_under_way(2);
	assert_int_equal(place.twins, 2);
	open_place();
	assert_int_equal(take_some(workers, 2), 6);
	end(workers);
}

/* One does all the work for a while; the others still count. */
static void threads_that_begin_late_are_not_begun_twice(void **state)
{
	const struct thread_faults faults = {.threads_max = SIZE_MAX, .late = true};
	struct workers *workers = begin(&faults, &with_twins);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		place.shut = true;
		for (uint64_t number = 0; number < SYNC_FLIGHTS_MAX; number++)
			get(workers, number);
		wait_under_way(1);
		open_place();
		assert_int_equal(take_some(workers, SYNC_FLIGHTS_MAX), 63);
	}
	assert_int_equal(place.most, 1);
	assert_int_equal(place.twins, SYNC_FLIGHTS_MAX);
	threads_on();
	end(workers);
}

/* ---- what fails ---- */

static void threads_that_cannot_begin_are_done_without(void **state)
{
	static const struct {
		const char *name;
		struct thread_faults faults;
		size_t twins_max;
		bool here; /* the test's thread sends, and seals */
	} rows[] = {
	    {"no thread", {.threads_max = 0}, NUMBERS_MAX, true},
	    {"no signal mask", {.threads_max = SIZE_MAX, .no_masks = true}, NUMBERS_MAX, true},
	    {"the one that seals, and one", {.threads_max = 2}, NUMBERS_MAX, false},
	    {"memory for one twin", {.threads_max = SIZE_MAX}, 1, false},
	    {"no memory for a twin", {.threads_max = SIZE_MAX}, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct workers *workers = begin(&rows[i].faults, &with_twins);

		print_message("%s\n", rows[i].name);
		place.twins_max = rows[i].twins_max;
		for (uint64_t number = 1; number <= SYNC_FLIGHTS_MAX; number++)
			give(workers, number % 2 == 0 ? SYNC_WANT_PUT : SYNC_WANT_GET, number);
		assert_int_equal(take_some(workers, SYNC_FLIGHTS_MAX), 126);
		assert_int_equal(place.asked_count, SYNC_FLIGHTS_MAX);
		assert_int_equal(place.sealed_count, 3);
		assert_int_equal(place.sealed_here_count, rows[i].here ? 3 : 0);
		assert_int_equal(place.most, 1);
		if (rows[i].here)
			assert_int_equal(threads_made(), 0);
		if (rows[i].here || rows[i].twins_max == 0)
			assert_int_equal(place.here_count, SYNC_FLIGHTS_MAX);
		end(workers);
	}
}

static void a_workers_is_whole_or_none(void **state)
{
	struct each each = {.of = "workers"};

	(void)state;
	while (each_next(&each)) {
		struct thread_faults faults = no_faults;
		struct workers *workers;

		faults.init_failing = each.nth;
		threads_set(&faults);
		workers = workers_new(&with_twins, &account, &still);
		each.hit = threads_init_failed();
		assert_int_equal(workers == NULL, each.hit);
		workers_free(workers);
	}
	assert_int_equal(each.hits, 5); /* memory, a mutex, three conditions */
}

/* ---- the end ---- */

/* What is under way comes home first; what was not begun never is, and nothing leaks. */
static void the_end_waits_for_those_under_way(void **state)
{
	struct thread_faults faults = {.threads_max = 3, .joining = open_place};
	struct workers *workers = begin(&faults, &with_twins);

	(void)state;
	get(workers, 0);
	place_lock();
	while (place.asked_count == 0 || place.under_way > 0)
		wait_for_change();
	place.shut = place.seal_shut = true;
	place_unlock();
	get(workers, 1);
	give(workers, SYNC_WANT_PUT, 2); /* the second thread: it seals */
	wait_sealing();
	for (uint64_t number = 3; number < SYNC_FLIGHTS_MAX; number++)
		get(workers, number);
	wait_under_way(2);
	end(workers); /* with one blob that nobody took, too */
	assert_int_equal(threads_made(), 3);
	assert_int_equal(place.asked_count, 3);
	workers_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_twins_who_takes_does_it),
    cmocka_unit_test(a_remote_may_pick_the_next),
    cmocka_unit_test(without_twins_who_gives_seals),
    cmocka_unit_test(what_is_sealed_is_not_sealed_again),
    cmocka_unit_test(as_many_as_there_are_flights_go_at_once),
    cmocka_unit_test(puts_too_and_one_thread_seals),
    cmocka_unit_test(sealing_does_not_hold_up_what_is_sent),
    cmocka_unit_test(who_takes_sends_what_nobody_else_will),
    cmocka_unit_test(an_idle_thread_is_used_before_another_is_begun),
    cmocka_unit_test(threads_that_begin_late_are_not_begun_twice),
    cmocka_unit_test(threads_that_cannot_begin_are_done_without),
    cmocka_unit_test(a_workers_is_whole_or_none),
    cmocka_unit_test(the_end_waits_for_those_under_way),
};

TEST_MAIN(tests)
