/*
 * tests/cli/app/host_files_test.c: files that appear whole or not at all; reading with a bound.
 */
#include "tests/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/app/host_files.h"

static char folder[64];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/inkseal-files-XXXXXX");
	return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	folder_remove(folder, NULL);
	return access(folder, F_OK) == 0 ? -1 : 0; /* also: nothing else was left in it */
}

static void assert_holds(const char *path, const char *text)
{
	struct bytes read = {0};

	assert_int_equal(file_read(path, 100, &read), 0);
	assert_true(view_equal(view_bytes(&read), view_text(text)));
	bytes_clear(&read);
}

static void an_abandoned_write_leaves_the_old_file(void **state)
{
	char path[FILE_PATH_MAX];
	struct file_out out;
	struct stat info;

	(void)state;
	assert_true(file_path(folder, "file", path));
	assert_int_equal(file_write(path, view_text("old")), 0);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(file_begin(path, &out), 0);
	assert_int_equal(file_add(&out, view_text("new")), 0);
	assert_holds(path, "old");
	file_abort(&out);
	assert_int_equal(access(out.temp, F_OK), -1);
	assert_holds(path, "old");
	assert_int_equal(file_write(path, view_text("new")), 0);
	assert_holds(path, "new");
}

static void a_bound_is_a_bound(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		int error;
	} rows[] = {{"more room", 6, 0}, {"just enough", 5, 0}, {"one too few", 4, EFBIG},
	    {"none", 0, EFBIG}};
	char path[FILE_PATH_MAX];

	(void)state;
	assert_true(file_path(folder, "file", path));
	assert_int_equal(file_write(path, view_text("12345")), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes read = {0};

		if (file_read(path, rows[i].max, &read) != rows[i].error ||
		    (read.len == 5) != (rows[i].error == 0))
			fail_msg("%s", rows[i].name);
		bytes_clear(&read);
	}
}

static void what_is_not_there_is_told(void **state)
{
	char path[FILE_PATH_MAX];
	struct bytes read = {0};

	(void)state;
	assert_true(file_path(folder, "missing/file", path));
	assert_int_equal(file_read(path, 10, &read), ENOENT);
	assert_int_equal(file_write(path, view_text("x")), ENOENT);
	assert_int_equal(file_read(folder, 10, &read), EISDIR);
	assert_true(file_path(folder, "pipe", path));
	assert_int_equal(mkfifo(path, S_IRUSR | S_IWUSR), 0); /* nobody writes: it would wait */
	assert_int_equal(file_read(path, 10, &read), EINVAL);
	assert_int_equal(file_sync(path), EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_null(read.data);
	assert_int_equal(folder_make(""), ENOENT);
	assert_int_equal(folder_make("/dev/null/x"), ENOTDIR);
}

/* Why a folder can't be made is said, not what was asked after. */
static void why_a_folder_cannot_be_made(void **state)
{
	char path[FILE_PATH_MAX];

	(void)state;
	assert_true(file_path(folder, "link", path));
	assert_int_equal(symlink("nowhere/at/all", path), 0);
	assert_int_equal(folder_make(path), EEXIST);
}

static bool is_two(const char *name)
{
	return strcmp(name, "two") == 0;
}

static void a_file_is_made_once(void **state)
{
	char path[FILE_PATH_MAX];
	struct stat info;

	(void)state;
	assert_true(file_path(folder, "made", path));
	assert_int_equal(file_create(path), 0);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(info.st_size, 0);
	assert_int_equal(file_write(path, view_text("kept")), 0);
	assert_int_equal(file_create(path), 0);
	assert_holds(path, "kept");
	assert_int_equal(file_remove(path), 0);
	assert_true(file_path(folder, "no/folder", path));
	assert_int_equal(file_create(path), ENOENT);
}

/* A link stays and leads to what was written; nothing takes the place of what is no file. */
static void what_is_no_file_stays(void **state)
{
	char file[FILE_PATH_MAX], link[FILE_PATH_MAX], pipe[FILE_PATH_MAX];
	struct file_out out;
	struct stat info;

	(void)state;
	assert_true(file_path(folder, "file", file));
	assert_true(file_path(folder, "link", link));
	assert_true(file_path(folder, "pipe", pipe));
	assert_int_equal(file_write(file, view_text("old")), 0);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(file_write(link, view_text("new")), 0);
	assert_holds(file, "new");
	assert_int_equal(lstat(link, &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("nowhere/at/all", link), 0);
	assert_int_equal(file_write(link, view_text("lost")), ENOENT);
	assert_int_equal(mkfifo(pipe, S_IRUSR | S_IWUSR), 0);
	assert_int_equal(file_begin(pipe, &out), EINVAL);
	assert_int_equal(out.fd, -1);
	assert_int_equal(lstat(pipe, &info), 0);
	assert_true(S_ISFIFO(info.st_mode));
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("pipe", link), 0);
	assert_int_equal(file_write(link, view_text("lost")), EINVAL);
	assert_int_equal(file_write(folder, view_text("lost")), EISDIR);
}

static void only_what_goes_is_removed(void **state)
{
	char one[FILE_PATH_MAX], two[FILE_PATH_MAX];

	(void)state;
	assert_true(file_path(folder, "one", one) && file_path(folder, "two", two));
	assert_int_equal(file_write(one, view_text("1")), 0);
	assert_int_equal(file_write(two, view_text("2")), 0);
	folder_remove(folder, is_two);
	assert_holds(one, "1");
	assert_int_not_equal(access(two, F_OK), 0);
}

/* A pipe whose end does not come in time, or that gives too much. */
static void what_was_read_by_then(void **state)
{
	struct bytes read = {0};
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "abcdef", 6), 6);
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(file_read_so_far(ends[0], 3, &read), EFBIG);
	assert_true(view_equal(view_bytes(&read), view_text("abcdef")));
	bytes_clear(&read);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(file_read_so_far(ends[0], 3, &read), EBADF);
	assert_int_equal(read.len, 0);
	bytes_clear(&read);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(an_abandoned_write_leaves_the_old_file, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_bound_is_a_bound, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_not_there_is_told, set_up, tear_down),
    cmocka_unit_test_setup_teardown(why_a_folder_cannot_be_made, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_file_is_made_once, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_no_file_stays, set_up, tear_down),
    cmocka_unit_test_setup_teardown(only_what_goes_is_removed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_was_read_by_then, set_up, tear_down),
};

TEST_MAIN(tests)
