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

static const struct purpose for_new, for_one = {.id = "id-1"};

struct fixture {
	char folder[64];
	struct home home;
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
	(void)unsaved_remove(&removed, UNSAVED_BACKUPS_GO);
	return true;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unsaved_each(&fixture->home, remove_left, NULL);
	folder_remove(fixture->home.path, NULL);
	(void)unlink(fixture->home.path);
	folder_remove(fixture->folder, NULL);
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
	    {"a new entry", NULL, "new < "},
	    {"a UUID", "0c0ffee0-4c7b-4c7b-bd22-1d1f3fc068e6",
		"edit 0c0ffee0-4c7b-4c7b-bd22-1d1f3fc068e6 < "},
	    {"an id that is a path", "../../outside", "edit ../../outside < "},
	    {"an id for a shell", "a;b'c", "edit 'a;b'\\''c' < "},
	    {"an id like an option", "-x", "edit -- -x < "},
	    {"an empty id", "", "edit '' < "},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct unsaved unsaved = {.lock_fd = -1};
		struct purpose purpose = {.id = rows[i].id}, kept;
		char how[UNSAVED_HOW_MAX], expected[UNSAVED_HOW_MAX];

		assert_int_equal(unsaved_new(&fixture->home, UNSAVED_KEPT, &purpose,
				     view_text("text"), &unsaved),
		    0);
		assert_true(unsaved_purpose(&unsaved, &kept));
		unsaved_how(&fixture->home, &unsaved, kept.id, how);
		assert_in_range(snprintf(expected, sizeof(expected), "inkseal --home %s %s%s",
				    fixture->home.path, rows[i].how, unsaved.file),
		    1, sizeof(expected) - 1);
		if (strcmp(how, expected) != 0)
			fail_msg("%s: %s", rows[i].name, how);
		purpose_clear(&kept);
		assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
		assert_int_equal(count_left(fixture), 0);
	}
}

/* Kept outside, for the home can't be made: below a file. It is that home's, however it is spelt.
 */
static void a_home_has_many_spellings(void **state)
{
	struct fixture *fixture = *state;
	struct home home = fixture->home;
	struct unsaved unsaved = {.lock_fd = -1};
	struct purpose purpose = {.id = NULL};
	char link[96];

	assert_int_equal(file_write(home.path, view_text("no folder")), 0);
	assert_int_equal(
	    unsaved_new(&home, UNSAVED_KEPT, &purpose, view_text("text"), &unsaved), 0);
	unsaved_leave(&(struct unsaved){.lock_fd = unsaved.lock_fd, .folder = "x"});
	unsaved.lock_fd = -1;
	assert_int_equal(count_left(fixture), 1);
	assert_int_equal(unlink(home.path), 0); /* it is not there yet, or not any more */
	assert_int_equal(count_left(fixture), 1);
	(void)snprintf(
	    fixture->home.path, sizeof(fixture->home.path), "%s/home//", fixture->folder);
	assert_int_equal(count_left(fixture), 1);
	assert_int_equal(mkdir(home.path, S_IRWXU), 0);
	assert_int_equal(count_left(fixture), 1);
	(void)snprintf(
	    fixture->home.path, sizeof(fixture->home.path), "%s/./home/../home", fixture->folder);
	assert_int_equal(count_left(fixture), 1);
	(void)snprintf(link, sizeof(link), "%s/link", fixture->folder);
	assert_int_equal(symlink("home", link), 0);
	(void)snprintf(fixture->home.path, sizeof(fixture->home.path), "%s", link);
	assert_int_equal(count_left(fixture), 1);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(count_left(fixture), 0); /* another home's name now */
	fixture->home = home;
	assert_int_equal(rmdir(home.path), 0);
	assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
}

static void words_are_quoted(void **state)
{
	struct home home = {.path = "/a\nb$x", .lock_fd = -1};
	struct unsaved left = {.folder = "/a b/new-XXXXXX", .file = "/a b/c'd", .lock_fd = -1};
	char how[UNSAVED_HOW_MAX];

	(void)state;
	unsaved_how(&home, &left, NULL, how);
	assert_string_equal(how, "inkseal --home '/a\nb$x' new < '/a b/c'\\''d'");
}

/* Only the home that is found where nothing names one needs not be named. */
static void the_home_is_named(void **state)
{
	struct home home = {.path = "/h/.local/share/inkseal", .lock_fd = -1};
	struct unsaved left = {.folder = "/u", .file = "/u/f", .lock_fd = -1};
	char how[UNSAVED_HOW_MAX];

	(void)state;
	assert_int_equal(setenv("HOME", "/h", 1), 0);
	unsaved_how(&home, &left, NULL, how);
	assert_string_equal(how, "inkseal new < /u/f");
	assert_int_equal(setenv("HOME", "/other", 1), 0);
	assert_int_equal(setenv("INKSEAL_HOME", home.path, 1), 0);
	unsaved_how(&home, &left, NULL, how);
	assert_int_equal(unsetenv("INKSEAL_HOME"), 0);
	assert_string_equal(how, "inkseal --home /h/.local/share/inkseal new < /u/f");
}

static void what_it_is_for_is_remembered(void **state)
{
	static char long_title[TITLE_MAX + 2];
	struct fixture *fixture = *state;
	struct purpose purpose = {.id = "id-1",
	    .title = "A \"title\"\n\xc3\xa9",
	    .collection = "drafts",
	    .has_version = true,
	    .version = {{1, 2, 3}}};
	struct unsaved unsaved = {.lock_fd = -1};
	struct purpose kept;

	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_KEPT, &purpose, view_text("text"), &unsaved), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(unsaved_purpose(&unsaved, &kept));
		assert_string_equal(kept.id, purpose.id);
		assert_string_equal(kept.title, purpose.title);
		assert_string_equal(kept.collection, purpose.collection);
		assert_true(kept.has_version && digest_equal(&kept.version, &purpose.version));
		assert_false(kept.has_handed);
		purpose_clear(&kept);
		if (i == 0) { /* the same when nobody holds it */
			struct unsaved left = unsaved;

			unsaved_leave(&unsaved);
			left.lock_fd = -1;
			unsaved = left;
		}
	}
	assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
	/* What no entry can have, is not. */
	memset(long_title, 'x', sizeof(long_title) - 1);
	purpose.title = long_title;
	purpose.collection = "\xff";
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_EDITOR, &purpose, view_text("text"), &unsaved), 0);
	assert_true(unsaved_purpose(&unsaved, &kept));
	assert_null(kept.title);
	assert_null(kept.collection);
	assert_true(kept.has_handed);
	purpose_clear(&kept);
	assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
}

static void put_beside(const struct unsaved *unsaved, const char *name, const char *text)
{
	char path[FILE_PATH_MAX];

	assert_true(file_path(unsaved->folder, name, path));
	assert_int_equal(file_write(path, view_text(text)), 0);
}

/* What is no JSON, or none of ours, is no purpose; nothing is believed of it in part. */
static void a_damaged_purpose_is_none(void **state)
{
	static const char *const rows[] = {
	    "", "{", "[]", "{\"id\":1,\"version\":\"00\"}", "\xff", "{\"id\":\"a\",\"id\":\"b\"}"};
	struct fixture *fixture = *state;
	struct purpose purpose = {.id = "id-1"}, kept = {0};
	struct unsaved unsaved = {.lock_fd = -1};

	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_KEPT, &purpose, view_text("text"), &unsaved), 0);
	assert_int_equal(close(unsaved.lock_fd), 0);
	unsaved.lock_fd = -1;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		put_beside(&unsaved, ".inkseal", rows[i]);
		if (!unsaved_purpose(&unsaved, &kept))
			continue;
		assert_null(kept.id);
		assert_false(kept.has_version);
		purpose_clear(&kept);
	}
	assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
}

static void what_is_not_ours_stays(void **state)
{
	static const char *const names[] = {".entry.md.swp", "entry.md.save", "#entry.md#", "x~"};
	struct fixture *fixture = *state;
	struct purpose purpose = {.id = NULL};
	char found[UNSAVED_NAMES_MAX], path[FILE_PATH_MAX];

	for (size_t i = 0; i <= COUNT_OF(names); i++) {
		struct unsaved unsaved = {.lock_fd = -1}, other;
		const char *name = i < COUNT_OF(names) ? names[i] : "entry.md~";

		assert_int_equal(unsaved_new(&fixture->home, UNSAVED_EDITOR, &purpose,
				     view_text("text"), &unsaved),
		    0);
		assert_int_equal(unsaved_others(&unsaved, found), 0);
		assert_true(unsaved_untouched(&unsaved));
		put_beside(&unsaved, name, "more");
		assert_false(unsaved_untouched(&unsaved));
		assert_int_equal(unsaved_others(&unsaved, found), 1);
		assert_string_equal(found, name);
		other = unsaved;
		/* A backup of an editor that ended well is the text of before; else it may be all.
		 */
		assert_true(file_path(unsaved.folder, name, path));
		assert_false(unsaved_remove(
		    &unsaved, i < COUNT_OF(names) ? UNSAVED_BACKUPS_GO : UNSAVED_BACKUPS_STAY));
		assert_int_equal(access(path, F_OK), 0);
		assert_int_not_equal(access(other.file, F_OK), 0);
		other.lock_fd = -1;
		if (i < COUNT_OF(names))
			assert_int_equal(unlink(path), 0);
		assert_true(unsaved_remove(&other, UNSAVED_BACKUPS_GO));
	}
}

/* Only what nobody wrote in, and after a day. */
static void what_is_untouched_expires(void **state)
{
	const int64_t day_ms = 24 * 3600 * 1000;
	struct fixture *fixture = *state;
	struct purpose purpose = {.id = NULL};
	struct unsaved unsaved = {.lock_fd = -1}, left;
	char path[FILE_PATH_MAX];
	struct stat info;
	int64_t made_ms;

	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_EDITOR, &purpose, view_text("text"), &unsaved), 0);
	assert_int_equal(stat(unsaved.folder, &info), 0);
	made_ms = (int64_t)info.st_mtime * 1000;
	left = unsaved;
	unsaved_leave(&unsaved);
	left.lock_fd = -1;
	unsaved_expire(&left, made_ms + day_ms - 1);
	assert_int_equal(count_left(fixture), 1);
	assert_int_equal(file_write(left.file, view_text("written")), 0);
	unsaved_expire(&left, made_ms + 3 * day_ms);
	assert_int_equal(count_left(fixture), 1);
	assert_int_equal(file_write(left.file, view_text("text")), 0);
	put_beside(&left, "swap", "text");
	unsaved_expire(&left, made_ms + 3 * day_ms);
	assert_int_equal(count_left(fixture), 1);
	assert_true(file_path(left.folder, "swap", path));
	assert_int_equal(unlink(path), 0);
	unsaved_expire(&left, made_ms + 3 * day_ms);
	assert_int_equal(count_left(fixture), 0);
	/* What was kept since it could not be saved was handed to nobody. */
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_KEPT, &purpose, view_text("text"), &unsaved), 0);
	assert_false(unsaved_untouched(&unsaved));
	assert_true(unsaved_remove(&unsaved, UNSAVED_BACKUPS_STAY));
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
		if (unsaved_new(&fixture->home, UNSAVED_EDITOR, &for_new, view_text("text"),
			&unsaved) != 0 ||
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
	    unsaved_new(&fixture->home, UNSAVED_EDITOR, &for_one, view_text("text"), &one), 0);
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_EDITOR, &for_one, view_text("text"), &two), 0);
	fd = open(two.file, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	unsaved_leave(&one);
	unsaved_leave(&two);
	unsaved_adopt(&fixture->home, fd, &adopted);
	assert_int_equal(close(fd), 0);
	assert_string_equal(adopted.file, two.file);
	assert_true(unsaved_remove(&adopted, UNSAVED_BACKUPS_STAY));
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
	    unsaved_new(&fixture->home, UNSAVED_EDITOR, &for_new, view_text("text"), &unsaved),
	    ENOTDIR);
	assert_string_equal(unsaved.folder, "");
	assert_int_equal(
	    unsaved_new(&fixture->home, UNSAVED_KEPT, &for_new, view_text("text"), &unsaved), 0);
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
	    unsaved_new(&other, UNSAVED_EDITOR, &for_new, view_text("text"), &unsaved), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_command_that_saves_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_home_has_many_spellings, set_up, tear_down),
    cmocka_unit_test_setup_teardown(words_are_quoted, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_home_is_named, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_it_is_for_is_remembered, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_purpose_is_none, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_not_ours_stays, set_up, tear_down),
    cmocka_unit_test_setup_teardown(what_is_untouched_expires, set_up, tear_down),
    cmocka_unit_test_setup_teardown(who_works_on_it_hides_it, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_file_that_is_read_is_taken_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown(where_the_home_cannot_be_written, set_up, tear_down),
};

TEST_MAIN(tests)
