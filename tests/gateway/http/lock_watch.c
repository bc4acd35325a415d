/*
 * tests/gateway/http/lock_watch.c: see lock_watch.h. It allocates nothing: it watches where memory
 * runs out, too.
 */
#include "tests/gateway/http/lock_watch.h"

#include "tests/test.h"

#include <stdatomic.h>

#define WATCHED_MAX 32768u /* a power of two, and twice as many as any test makes */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
#define WRAPPED(name, ...) \
	int __real_##name(__VA_ARGS__); \
	int __wrap_##name(__VA_ARGS__); \
	int __wrap_##name(__VA_ARGS__)

/* The linker's: variables of the program, whose locks are made by their initializers. */
extern const char __data_start[];
extern const char _end[];

struct watched {
	const void *what; /* NULL: the place is free */
	bool gone;        /* it was destroyed: the search goes on behind it */
	bool held;
	pthread_t owner; /* if it is held */
};

static struct watched table[WATCHED_MAX];
static size_t left;
static bool alone;
static atomic_flag busy = ATOMIC_FLAG_INIT; /* guards all above */

int (*locks_timedwait)(const struct timespec *until);
void (*locks_signal)(void);

void locks_alone(void)
{
	alone = true;
}

size_t locks_left(void)
{
	return left;
}

static void enter(void)
{
	while (atomic_flag_test_and_set(&busy))
		continue;
}

/* A case that fails ends where it stands, and the next one is to come in. */
static void leave(bool right)
{
	atomic_flag_clear(&busy);
	assert_true(right);
}

/* The place of it, or that it would have. */
static struct watched *place_of(const void *what)
{
	struct watched *free_place = NULL;
	size_t at = ((uintptr_t)what >> 3) * 2654435761u % WATCHED_MAX;

	for (size_t i = 0; i < WATCHED_MAX && table[at].what != NULL; i++) {
		if (table[at].what == what && !table[at].gone)
			return &table[at];
		if (free_place == NULL && table[at].gone)
			free_place = &table[at];
		at = (at + 1) % WATCHED_MAX;
	}
	return free_place != NULL ? free_place : &table[at];
}

static bool is_watched(const struct watched *place, const void *what)
{
	return place->what == what && !place->gone;
}

static void made(const void *what)
{
	struct watched *place;
	bool right;

	enter();
	place = place_of(what);
	right = !is_watched(place, what);
	*place = (struct watched){.what = what};
	left++;
	leave(right);
}

static void destroyed(const void *what)
{
	struct watched *place;
	bool right;

	enter();
	place = place_of(what);
	right = is_watched(place, what) && !place->held;
	place->gone = true;
	left--;
	leave(right);
}

static void taken(const void *what)
{
	bool is_static = (const char *)what >= __data_start && (const char *)what < _end;
	struct watched *place;
	bool right;

	enter();
	place = place_of(what);
	if (is_static && !is_watched(place, what))
		*place = (struct watched){.what = what};
	right = is_watched(place, what) && !place->held;
	place->held = true;
	place->owner = pthread_self();
	leave(right);
}

static void given_back(const void *what)
{
	struct watched *place;
	bool right;

	enter();
	place = place_of(what);
	right =
	    is_watched(place, what) && place->held && pthread_equal(place->owner, pthread_self());
	place->held = false;
	leave(right);
}

WRAPPED(pthread_mutex_init, pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	made(mutex);
	return __real_pthread_mutex_init(mutex, attributes);
}

WRAPPED(pthread_mutex_destroy, pthread_mutex_t *mutex)
{
	destroyed(mutex);
	return __real_pthread_mutex_destroy(mutex);
}

WRAPPED(pthread_mutex_trylock, pthread_mutex_t *mutex)
{
	int result = __real_pthread_mutex_trylock(mutex);

	if (result == 0)
		taken(mutex);
	return result;
}

WRAPPED(pthread_mutex_lock, pthread_mutex_t *mutex)
{
	int result = alone ? __real_pthread_mutex_trylock(mutex) : __real_pthread_mutex_lock(mutex);

	assert_int_equal(result, 0);
	taken(mutex);
	return 0;
}

WRAPPED(pthread_mutex_unlock, pthread_mutex_t *mutex)
{
	given_back(mutex);
	return __real_pthread_mutex_unlock(mutex);
}

WRAPPED(pthread_cond_init, pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
	made(condition);
	return __real_pthread_cond_init(condition, attributes);
}

WRAPPED(pthread_cond_destroy, pthread_cond_t *condition)
{
	destroyed(condition);
	return __real_pthread_cond_destroy(condition);
}

WRAPPED(pthread_cond_signal, pthread_cond_t *condition)
{
	if (locks_signal != NULL)
		locks_signal();
	return __real_pthread_cond_signal(condition);
}

WRAPPED(pthread_cond_wait, pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	int result;

	assert_false(alone);
	given_back(mutex);
	result = __real_pthread_cond_wait(condition, mutex);
	taken(mutex);
	return result;
}

WRAPPED(pthread_cond_timedwait, pthread_cond_t *condition, pthread_mutex_t *mutex,
    const struct timespec *until)
{
	int result;

	given_back(mutex);
	if (locks_timedwait == NULL) {
		result = __real_pthread_cond_timedwait(condition, mutex, until);
	} else {
		(void)__real_pthread_mutex_unlock(mutex);
		result = locks_timedwait(until);
		(void)__real_pthread_mutex_lock(mutex);
	}
	taken(mutex);
	return result;
}

WRAPPED(pthread_condattr_init, pthread_condattr_t *attributes)
{
	made(attributes);
	return __real_pthread_condattr_init(attributes);
}

WRAPPED(pthread_condattr_destroy, pthread_condattr_t *attributes)
{
	destroyed(attributes);
	return __real_pthread_condattr_destroy(attributes);
}

WRAPPED(pthread_attr_init, pthread_attr_t *attributes)
{
	made(attributes);
	return __real_pthread_attr_init(attributes);
}

WRAPPED(pthread_attr_destroy, pthread_attr_t *attributes)
{
	destroyed(attributes);
	return __real_pthread_attr_destroy(attributes);
}
/* NOLINTEND(bugprone-reserved-identifier) */
