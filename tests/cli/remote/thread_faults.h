/*
 * tests/cli/remote/thread_faults.h: a test's hand on the threads that the code under test makes.
 * Linked with thread_faults.c and INKSEAL_THREAD_FAULTS (CMakeLists.txt), which puts it in front of
 * pthread_create, pthread_join, pthread_sigmask, the init functions and calloc. Every mutex is one
 * that refuses to be unlocked by who has not locked it.
 */
#ifndef INKSEAL_THREAD_FAULTS_H
#define INKSEAL_THREAD_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

struct thread_faults {
	size_t threads_max;    /* more are refused */
	bool no_masks;         /* no signal mask can be set */
	unsigned init_failing; /* of mutex, condition, memory, from 1: that one; 0: none */
	bool late; /* threads after the first one begin to work only when threads_on() says so */
	void (*joining)(void); /* called before each is joined; NULL is fine */
};
/* From now on, and counts from zero. No thread of before is there any more. */
void threads_set(const struct thread_faults *faults);
void threads_on(void);
size_t threads_made(void);
size_t threads_left(void); /* not joined yet */
bool threads_init_failed(void);

#endif
