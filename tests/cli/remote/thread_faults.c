/*
 * tests/cli/remote/thread_faults.c: see the header. The linker gives a call to pthread_create to
 * __wrap_pthread_create, and one to __real_pthread_create to the library.
 */
#include "tests/cli/remote/thread_faults.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
int __real_pthread_create(
    pthread_t *thread, const pthread_attr_t *how, void *(*work)(void *), void *self);
int __real_pthread_join(pthread_t thread, void **result_out);
int __real_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *how);
int __real_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *how);
void *__real_calloc(size_t count, size_t len);
int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *how, void *(*work)(void *), void *self);
int __wrap_pthread_join(pthread_t thread, void **result_out);
int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *how);
int __wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *how);
void *__wrap_calloc(size_t count, size_t len);

static struct {
	struct thread_faults faults;
	size_t made, joined; /* by the test's own thread alone */
	unsigned inits;
	bool init_failed;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t changed;
	bool on;
} threads = {.mutex = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .faults = {.threads_max = SIZE_MAX}};

struct beginning {
	void *(*work)(void *self);
	void *self;
};

void threads_set(const struct thread_faults *faults)
{
	assert(threads_left() == 0);
	threads.faults = *faults;
	threads.made = threads.joined = 0;
	threads.inits = 0;
	threads.init_failed = false;
	threads.on = false;
}

void threads_on(void)
{
	(void)pthread_mutex_lock(&threads.mutex);
	threads.on = true;
	(void)pthread_cond_broadcast(&threads.changed);
	(void)pthread_mutex_unlock(&threads.mutex);
}

size_t threads_made(void)
{
	return threads.made;
}

size_t threads_left(void)
{
	return threads.made - threads.joined;
}

bool threads_init_failed(void)
{
	return threads.init_failed;
}

static void *begin_late(void *self)
{
	struct beginning beginning = *(struct beginning *)self;

	free(self);
	(void)pthread_mutex_lock(&threads.mutex);
	while (!threads.on)
		(void)pthread_cond_wait(&threads.changed, &threads.mutex);
	(void)pthread_mutex_unlock(&threads.mutex);
	return beginning.work(beginning.self);
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *how, void *(*work)(void *), void *self)
{
	struct beginning *beginning;
	int error;

	if (threads.made == threads.faults.threads_max)
		return EAGAIN;
	if (!threads.faults.late || threads.made == 0) {
		error = __real_pthread_create(thread, how, work, self);
	} else {
		beginning = malloc(sizeof(*beginning));
		assert(beginning != NULL);
		*beginning = (struct beginning){.work = work, .self = self};
		error = __real_pthread_create(thread, how, begin_late, beginning);
	}
	assert(error == 0);
	threads.made++;
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **result_out)
{
	int error;

	if (threads.faults.joining != NULL)
		threads.faults.joining();
	error = __real_pthread_join(thread, result_out);
	assert(error == 0);
	threads.joined++;
	return 0;
}

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
	return threads.faults.no_masks ? EINVAL : __real_pthread_sigmask(how, set, before);
}

static bool init_fails(void)
{
	if (++threads.inits != threads.faults.init_failing)
		return false;
	threads.init_failed = true;
	return true;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *how)
{
	pthread_mutexattr_t strict;
	int error;

	(void)how;
	if (init_fails())
		return ENOMEM;
	error = pthread_mutexattr_init(&strict);
	if (error == 0)
		error = pthread_mutexattr_settype(&strict, PTHREAD_MUTEX_ERRORCHECK);
	if (error == 0)
		error = __real_pthread_mutex_init(mutex, &strict);
	(void)pthread_mutexattr_destroy(&strict);
	return error;
}

int __wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *how)
{
	return init_fails() ? ENOMEM : __real_pthread_cond_init(cond, how);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return init_fails() ? NULL : __real_calloc(count, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
