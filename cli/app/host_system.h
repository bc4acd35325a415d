/*
 * cli/app/host_system.h: what the program has of the machine: its clock, its randomness, and
 * whether the person pressed Ctrl-C or closed the terminal. The one flag of this file is the
 * program's only global state: a signal handler can reach nothing else.
 */
#ifndef INKSEAL_SYSTEM_H
#define INKSEAL_SYSTEM_H

#include "schemas/base/base.h"

/*
 * No core dumps, libsodium ready, Ctrl-C and a closed terminal noted instead of deadly. False:
 * message says why.
 */
MUST_USE bool system_start(char message_out[CALL_MESSAGE_MAX]);
struct clock system_clock(void);
struct random system_random(void);
/* Ctrl-C, SIGTERM or SIGHUP came. A second Ctrl-C or SIGTERM ends the process at once. */
bool system_cancelled(void);
/*
 * Waits until fd can be read without waiting, or is at its end. 0, or an errno: EINTR if cancelled,
 * also where the signal came just before.
 */
MUST_USE int system_await_input(int fd);
/* False: cancelled meanwhile. */
MUST_USE bool system_wait(int64_t ms);

#endif
