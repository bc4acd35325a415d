/*
 * tests/gateway/http/lock_watch.h: mutexes, conditions and attributes of a program's own code (not
 * of shared libraries): each is made before it is used, let go by who holds it, and destroyed once,
 * held by nobody. The linker puts these in the places of the C library's (CMakeLists.txt).
 */
#ifndef INKSEAL_TESTS_LOCK_WATCH_H
#define INKSEAL_TESTS_LOCK_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* There is one thread: who would have to wait would do so for ever. */
void locks_alone(void);
/* So many are made and not destroyed. */
size_t locks_left(void);
/* In the place of pthread_cond_timedwait, without the mutex; NULL: the C library's. */
extern int (*locks_timedwait)(const struct timespec *until);
/* What pthread_cond_signal does beside its own work; may be NULL. */
extern void (*locks_signal)(void);

#endif
