/*
 * tests/cli/commands/unsaved_test.c: where texts that are not saved lie, who sees them, and the
 * command that saves each.
 */
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands/unsaved.h"

struct fixture {
	char folder[64];
	struct home home;
	struct app app;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (fixture == NULL)
		return -1;
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/inkseal-unsaved-XXXXXX");
	if (mkdtemp(fixture->folder) == NULL || setenv("TMPDIR", fixture->folder, 1) != 0 ||
	    !file_path(fixture->folder, "home", fixture->home.path)) {
		free(fixture);
		return -1;
	}
	fixture->home.lock_fd = -1;
	*state = fixture;
	return 0;
}

static bool remove_left(void *self, const struct unsaved *left)
{
	struct unsaved removed = *left;

	(void)self;
	unsaved_remove(&removed);
	return true;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unsaved_each(&fixture->home, remove_left, NULL);
	folder_remove(fixture->home.path);
	(void)unlink(fixture->home.path);
	folder_remove(fixture->folder);
	free(fixture);
	return 0;
}

static bool see(void *self, const struct unsaved *left)
{
	(void)left;
	(*(int *)self)++;
	return true;
}

static int count_left(struct fixture *fixture)
{
	int count = 0;

	unsaved_each(&fixture->home, see, &count);
	return count;
}

static void the_command_that_saves_it(void **state)
{
	static const struct {
		const char *name, *id, *how;
	} rows[] = {
	    {"a new entry", NULL, "inkseal new < "},
	    {"a UUID", "0c0ffee0-4c7b-4c7b-bd22-1d1f3fc068e6",
		"inkseal edit 0c0ffee0-4c7b-4c7b-bd22-1d1f3fc068e6 < "},
	    {"an id that is a path", "../../outside", "inkseal edit ID < "},
	    {"an id for a shell", "a;b", "inkseal edit ID < "},
	    {"an id like an option", "-x", "inkseal edit ID < "},
	    {"an empty id", "", "inkseal edit ID < "},
	    {"a long id", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"inkseal edit ID < "},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct unsaved unsaved = {.lock_fd = -1};
		char how[UNSAVED_HOW_MAX];
		size_t len = strlen(rows[i].how);

		assert_int_equal(unsaved_new(&fixture->home, UNSAVED_HOME, rows[i].id,
				     view_text("text"), &unsaved),
		    0);
		unsaved_how(&fixture->app, &unsaved, how);
		if (strncmp(how, rows[i].how, len) != 0 || strcmp(how + len, unsaved.file) != 0)
			fail_msg("%s: %s", rows[i].name, how);
		unsaved_remove(&unsaved);
		assert_int_equal(count_left(fixture), 0);
	}
}

static void words_are_quoted(void **state)
{
	struct fixture *fixture = *state;
	struct unsaved left = {.folder = "/a b/new-XXXXXX", .file = "/a b/c'd", .lock_fd = -1};
	char how[UNSAVED_HOW_MAX];

	fixture->app.options.home = "/a\nb$x";
	unsaved_how(&fixture->app, &left, how);
	assert_string_equal(how, "inkseal --home '/a\nb$x' new < '/a b/c'\\''d'");
}

/* A child makes one, says so, and works on it until the other pipe closes. */
static pid_t work_elsewhere(struct fixture *fixture, int *until_out)
{
	int ready[2], until[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(until), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct unsaved unsaved = {.lock_fd = -1};

		(void)close(until[1]);
		if (unsaved_new(&fixture->home, UNSAVED_HOME, NULL, view_text("text"), &unsaved) !=
			0 ||
		    write(ready[1], "x", 1) != 1 || read(until[0], &byte, 1) != 0)
			_exit(1);
		_exit(0);
	}
	(void)close(ready[1]);
	(void)close(until[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	*until_out = until[1];
	return child;
}

static void who_works_on_it_hides_it(void **state)
{
	struct fixture *fixture = *state;
	int until, status = 0;
	pid_t child = work_elsewhere(fixture, &until);

	assert_int_equal(count_left(fixture), 0);
	(void)close(until);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(count_left(fixture), 1);
}

/* The same text is known by the file that is read, and by no other. */
static void the_file_that_is_read_is_taken_over(void **state)
{
	struct fixture *fixture = *state;
	struct unsaved one = {.lock_fd = -1}, two = {.lock_fd = -1};
	struct unsaved adopted = {.lock_fd = -1}, none = {.lock_fd = -1};
	int fd;

	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_HOME, "id-1", view_text("text"), &one), 0);
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_HOME, "id-1", view_text("text"), &two), 0);
	fd = open(two.file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	unsaved_leave(&one);
	unsaved_leave(&two);
	unsaved_adopt(&fixture->home, fd, &adopted);
	assert_int_equal(close(fd), 0);
	assert_string_equal(adopted.file, two.file);
	unsaved_remove(&adopted);
	assert_int_equal(count_left(fixture), 1);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	unsaved_adopt(&fixture->home, fd, &none);
	assert_int_equal(close(fd), 0);
	assert_string_equal(none.folder, "");
}

static void where_the_home_cannot_be_written(void **state)
{
	struct fixture *fixture = *state;
	struct unsaved unsaved = {.lock_fd = -1};
	struct home other = {.lock_fd = -1};
	struct stat info;
	int count = 0;

	assert_int_equal(file_write(fixture->home.path, view_text("a file, no folder")), 0);
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_HOME, NULL, view_text("text"), &unsaved), ENOTDIR);
	assert_string_equal(unsaved.folder, "");
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_ANYWHERE, NULL, view_text("text"), &unsaved), 0);
	assert_memory_equal(unsaved.folder, fixture->folder, strlen(fixture->folder));
	assert_int_equal(stat(unsaved.folder, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(unsaved.file, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	unsaved_leave(&unsaved);
	assert_int_equal(count_left(fixture), 1);
	/* It is this home's, not another's. */
	assert_true(file_path(fixture->folder, "other", other.path));
	unsaved_each(&other, see, &count);
	assert_int_equal(count, 0);
	/* And no home at all. */
	other.path[0] = '\0';
	assert_int_not_equal(
	    unsaved_new(&other, UNSAVED_HOME, NULL, view_text("text"), &unsaved), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_command_that_saves_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(words_are_quoted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_works_on_it_hides_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_file_that_is_read_is_taken_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown(where_the_home_cannot_be_written, set_up, tear_down),
};

TEST_MAIN(tests)
