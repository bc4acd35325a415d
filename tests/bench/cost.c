/*
 * tests/bench/cost.c: bench_cost FILE COMMAND...: runs the command and writes what it cost to FILE,
 * as one line of JSON: seconds, CPU seconds, peak memory. The exit code is the command's; 125: it
 * could not be run. Linux counts into a process' peak what its parent held when it was forked; of a
 * large parent, such as a test in Python, that is all that one would see. This one is small.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_RUN 125

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void report(const char *path, int64_t took_us)
{
	struct rusage usage;
	FILE *file = fopen(path, "w");

	/* Of all children that were waited for: there was one. */
	if (file == NULL || getrusage(RUSAGE_CHILDREN, &usage) != 0)
		bench_die("%s: %s", path, strerror(errno));
	(void)fprintf(file, "{\"wall\": %.6f, \"cpu\": %.6f, \"rss_mib\": %.1f}\n",
	    (double)took_us / 1e6, seconds(&usage.ru_utime) + seconds(&usage.ru_stime),
	    (double)usage.ru_maxrss / 1024);
	if (fclose(file) != 0)
		bench_die("%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	int64_t start_us;
	int status = 0;
	pid_t child;

	if (argc < 3)
		bench_die("usage: bench_cost FILE COMMAND...");
	start_us = bench_now_us();
	child = fork();
	if (child < 0)
		bench_die("fork: %s", strerror(errno));
	if (child == 0) {
		(void)execvp(argv[2], argv + 2);
		(void)fprintf(stderr, "error: %s: %s\n", argv[2], strerror(errno));
		_exit(NOT_RUN);
	}
	if (waitpid(child, &status, 0) != child)
		bench_die("waitpid: %s", strerror(errno));
	report(argv[1], bench_now_us() - start_us);
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
}
