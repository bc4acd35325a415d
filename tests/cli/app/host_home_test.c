/*
 * tests/cli/app/host_home_test.c: the home's folder, and its lock against another process.
 */
#include "tests/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/app/host_home.h"
#include "cli/app/host_system.h"

struct fixture {
	char folder[64];
	char path[FILE_PATH_MAX];
	struct app app;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/inkseal-home-XXXXXX");
	if (mkdtemp(fixture->folder) == NULL ||
	    !file_path(fixture->folder, "home", fixture->path)) {
		free(fixture);
		return -1;
	}
	fixture->app.clock = system_clock();
	fixture->app.random = system_random();
	fixture->app.home = fixture->path;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	folder_remove(fixture->path, NULL);
	folder_remove(fixture->folder, NULL);
	free(fixture);
	return 0;
}

static void appears_for_its_owner_alone(void **state)
{
	struct fixture *fixture = *state;
	struct home home;
	struct stat info;

	for (int times = 0; times < 2; times++) {
		assert_int_equal(home_open(&fixture->app, &home), CODE_OK);
		assert_int_equal(stat(fixture->path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0700);
	}
}

/* Takes the lock in a child, which says so through a pipe and then waits to be killed. */
static pid_t lock_elsewhere(struct fixture *fixture)
{
	int ends[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct home home;

		if (home_open(&fixture->app, &home) != CODE_OK ||
		    home_lock(&fixture->app, &home, 0) != CODE_OK || write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	(void)close(ends[0]);
	return child;
}

static void a_second_process_is_told_who_holds_it(void **state)
{
	struct fixture *fixture = *state;
	pid_t holder = lock_elsewhere(fixture);
	int64_t before_ms = clock_monotonic_ms(&fixture->app.clock);
	char pid[32];
	struct home home;

	assert_int_equal(home_open(&fixture->app, &home), CODE_OK);
	assert_int_equal(home_lock(&fixture->app, &home, 200), CODE_LOCKED);
	assert_true(clock_monotonic_ms(&fixture->app.clock) - before_ms >= 200);
	(void)snprintf(pid, sizeof(pid), "(process %ld)", (long)holder);
	assert_non_null(strstr(fixture->app.error, pid));
	assert_int_equal(home.lock_fd, -1);
	/* Whoever dies gives it back. */
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
	assert_int_equal(home_lock(&fixture->app, &home, 0), CODE_OK);
	home_close(&home);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(appears_for_its_owner_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_second_process_is_told_who_holds_it, set_up, tear_down),
};

TEST_MAIN(tests)
