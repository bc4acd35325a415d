/*
 * cli/app/host_system.c: clock, randomness (libsodium's), signals, core dumps.
 */
#include "cli/app/host_system.h"
#include "schemas/base/process.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <time.h>

static volatile sig_atomic_t cancelled;

static void note_cancelled(int signal_number)
{
	(void)signal_number;
	cancelled = 1;
}

static bool catch_signal(int number, const struct sigaction *action)
{
	struct sigaction before;

	/* Who started us with it ignored (nohup, a job in the background) wants it so. */
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
		return true;
	return sigaction(number, action, NULL) == 0;
}

static bool catch_signals(void)
{
	struct sigaction action, ignore;

	memset(&action, 0, sizeof(action));
	memset(&ignore, 0, sizeof(ignore));
	action.sa_handler = note_cancelled;
	/* Reads are to be interrupted. A closed terminal may tell twice: the system, and the shell.
	 */
	if (sigemptyset(&action.sa_mask) != 0 || !catch_signal(SIGHUP, &action))
		return false;
	action.sa_flags = (int)SA_RESETHAND; /* who presses twice means it */
	/* Past a limit on the size of files a write fails, as on a full disk, and can be answered.
	 */
	ignore.sa_handler = SIG_IGN;
	return sigemptyset(&ignore.sa_mask) == 0 && catch_signal(SIGINT, &action) &&
	       catch_signal(SIGTERM, &action) && sigaction(SIGXFSZ, &ignore, NULL) == 0;
}

bool system_start(char message_out[CALL_MESSAGE_MAX])
{
	if (!process_keeps_secrets() || !catch_signals()) {
		(void)snprintf(message_out, CALL_MESSAGE_MAX,
		    "core dumps can't be switched off, or signals not be caught");
		return false;
	}
	/* What is printed is UTF-8 wherever we run; only the width of characters asks for it. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	if (sodium_init() < 0) {
		(void)snprintf(message_out, CALL_MESSAGE_MAX, "libsodium does not start");
		return false;
	}
	return true;
}

static int64_t clock_ms(clockid_t which)
{
	struct timespec now;

	if (clock_gettime(which, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return clock_ms(CLOCK_MONOTONIC);
}

struct clock system_clock(void)
{
	return (struct clock){.wall_ms = wall_ms, .monotonic_ms = monotonic_ms};
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

struct random system_random(void)
{
	return (struct random){.fill = fill};
}

bool system_cancelled(void)
{
	return cancelled != 0;
}

/* A signal between a look at the flag and a read would be slept through: it is let in only while
 * pselect waits. */
int system_await_input(int fd)
{
	sigset_t stopping, before;
	fd_set reading;
	int error = 0;

	if (fd < 0 || fd >= FD_SETSIZE)
		return EBADF;
	(void)sigemptyset(&stopping);
	(void)sigaddset(&stopping, SIGINT);
	(void)sigaddset(&stopping, SIGTERM);
	(void)sigaddset(&stopping, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &stopping, &before) != 0)
		return errno;
	do {
		FD_ZERO(&reading);
		FD_SET(fd, &reading);
		if (cancelled != 0)
			error = EINTR;
		else
			error =
			    pselect(fd + 1, &reading, NULL, NULL, NULL, &before) < 0 ? errno : 0;
	} while (error == EINTR && cancelled == 0);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

bool system_wait(int64_t ms)
{
	struct timespec rest;

	if (ms > 0) {
		rest.tv_sec = (time_t)(ms / 1000);
		rest.tv_nsec = (long)(ms % 1000) * 1000000;
		/* Interrupted by a signal that is none of ours, it is over early: no harm. */
		(void)nanosleep(&rest, NULL);
	}
	return !system_cancelled();
}
