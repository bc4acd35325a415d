/*
 * tests/gateway/bucket/bucket_dir_test.c: the folder driver: the suite; races between processes;
 * each system call failing in turn; what is synced, and in which order.
 */
#include "tests/each.h"
#include "tests/gateway/bucket/bucket_suite.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_dir_lock.h"
#include "gateway/bucket/bucket_object.h"

#define PATH_MAX_HERE 300u

static char root[PATH_MAX_HERE]; /* of the running case */

/* ---- system calls that are watched, and fail on demand ---- */

#define STEPS_MAX 64u
struct step {
	char op; /* 's'ync, 'r'ename, 'u'nlink, 'm'kdir */
	dev_t dev;
	ino_t ino; /* of what was synced; of the folder that was changed */
};

static struct watch {
	unsigned calls;
	unsigned fail_at; /* 0: never */
	int error;
	bool failed;
	int open_count; /* descriptors and listings that are still open */
	struct step steps[STEPS_MAX];
	size_t step_count;
} watch;

static bool fails(void)
{
	watch.calls++;
	if (watch.fail_at == 0 || watch.calls != watch.fail_at)
		return false;
	watch.failed = true;
	errno = watch.error;
	return true;
}

static void note(char op, int fd)
{
	struct stat info;

	if (watch.step_count == STEPS_MAX || fstat(fd, &info) != 0)
		return;
	watch.steps[watch.step_count++] = (struct step){op, info.st_dev, info.st_ino};
}

/* The same of the folder that holds what a path from the working folder leads to. */
static void note_parent(char op, const char *path)
{
	char parent[2 * PATH_MAX_HERE];
	int fd;

	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	note(op, fd);
	assert_int_equal(close(fd), 0);
}

static int watch_open_at(void *self, int folder, const char *name, int flags, mode_t mode)
{
	int fd;

	(void)self;
	if (fails())
		return -1;
	fd = dir_io_system.open_at(NULL, folder, name, flags, mode);
	watch.open_count += fd >= 0;
	return fd;
}

static int watch_close(void *self, int fd)
{
	bool failing = fails();
	int result = dir_io_system.close(self, fd);

	watch.open_count--;
	if (!failing)
		return result;
	errno = watch.error;
	return -1;
}

static ssize_t watch_read(void *self, int fd, void *out, size_t len)
{
	return fails() ? -1 : dir_io_system.read(self, fd, out, len > 3 ? 3 : len);
}

static ssize_t watch_write(void *self, int fd, const void *data, size_t len)
{
	return fails() ? -1 : dir_io_system.write(self, fd, data, len > 3 ? 3 : len);
}

static int watch_sync(void *self, int fd)
{
	if (fails())
		return -1;
	note('s', fd);
	return suite_quick_sync(self, fd);
}

static int watch_stat(void *self, int fd, struct stat *out)
{
	return fails() ? -1 : dir_io_system.stat(self, fd, out);
}

static int watch_stat_at(void *self, int folder, const char *name, struct stat *out)
{
	return fails() ? -1 : dir_io_system.stat_at(self, folder, name, out);
}

static int watch_rename_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	int result = fails() ? -1 : dir_io_system.rename_at(self, from_folder, from, to_folder, to);

	if (result == 0)
		note('r', to_folder);
	return result;
}

static int watch_unlink_at(void *self, int folder, const char *name, int flags)
{
	int result = fails() ? -1 : dir_io_system.unlink_at(self, folder, name, flags);

	if (result == 0)
		note('u', folder);
	return result;
}

static int watch_mkdir_at(void *self, int folder, const char *name, mode_t mode)
{
	int result = fails() ? -1 : dir_io_system.mkdir_at(self, folder, name, mode);

	if (result == 0 && folder == AT_FDCWD)
		note_parent('m', name);
	else if (result == 0)
		note('m', folder);
	return result;
}

static int watch_link_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	return fails() ? -1 : dir_io_system.link_at(self, from_folder, from, to_folder, to);
}

static int watch_access_at(void *self, int folder, const char *name, int how)
{
	return fails() ? -1 : dir_io_system.access_at(self, folder, name, how);
}

static int watch_chown(void *self, int fd, uid_t uid, gid_t gid)
{
	return fails() ? -1 : dir_io_system.chown(self, fd, uid, gid);
}

static int watch_chmod(void *self, int fd, mode_t mode)
{
	return fails() ? -1 : dir_io_system.chmod(self, fd, mode);
}

static int watch_lock(void *self, int fd)
{
	return fails() ? -1 : dir_io_system.lock(self, fd);
}

static DIR *watch_list_open(void *self, int fd)
{
	return fails() ? NULL : dir_io_system.list_open(self, fd);
}

static struct dirent *watch_list_next(void *self, DIR *list)
{
	return fails() ? NULL : dir_io_system.list_next(self, list);
}

static void watch_list_close(void *self, DIR *list)
{
	watch.open_count--;
	dir_io_system.list_close(self, list);
}

static const struct dir_io watched = {
    .open_at = watch_open_at,
    .close = watch_close,
    .read = watch_read,
    .write = watch_write,
    .sync = watch_sync,
    .stat = watch_stat,
    .stat_at = watch_stat_at,
    .rename_at = watch_rename_at,
    .unlink_at = watch_unlink_at,
    .mkdir_at = watch_mkdir_at,
    .link_at = watch_link_at,
    .access_at = watch_access_at,
    .chown = watch_chown,
    .chmod = watch_chmod,
    .lock = watch_lock,
    .list_open = watch_list_open,
    .list_next = watch_list_next,
    .list_close = watch_list_close,
};

/* Widens the moment between a put's checks and its rename, where rivals could slip in. */
static int slow_rename_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	struct timespec pause = {.tv_nsec = 2000000};

	(void)nanosleep(&pause, NULL);
	return dir_io_system.rename_at(self, from_folder, from, to_folder, to);
}

static struct dir_io slow; /* the system's, with slow_rename_at */

static struct dir_io quick; /* the system's, with suite_quick_sync */

/* ---- folders ---- */

static const char *under_root(const char *rest)
{
	static char path[2 * PATH_MAX_HERE];

	(void)snprintf(path, sizeof(path), "%s/%s", root, rest);
	return path;
}

static int make_root(void)
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL || strlen(parent) > 200)
		parent = "/tmp";
	(void)snprintf(root, sizeof(root), "%s/inkseal-bucket-XXXXXX", parent);
	watch = (struct watch){0};
	quick = dir_io_system;
	quick.sync = suite_quick_sync;
	slow = quick;
	slow.rename_at = slow_rename_at;
	return mkdtemp(root) == NULL;
}

static struct bucket *open_io(const struct dir_io *io)
{
	struct call call;
	struct bucket *bucket;

	suite_call(&call);
	bucket = bucket_dir_open(root, io, &suite_clock, &call);
	if (bucket == NULL)
		print_message("%s\n", call.message);
	return bucket;
}

static int open_dir(void **state)
{
	if (make_root() != 0)
		return 1;
	*state = open_io(&dir_io_system);
	return *state == NULL;
}

static int open_quick(void **state)
{
	if (make_root() != 0)
		return 1;
	*state = open_io(&quick);
	return *state == NULL;
}

static int open_watched(void **state)
{
	if (make_root() != 0)
		return 1;
	*state = open_io(&watched);
	return *state == NULL;
}

static int open_slow(void **state)
{
	if (make_root() != 0)
		return 1;
	*state = open_io(&slow);
	return *state == NULL;
}

static int close_dir(void **state)
{
	bucket_close(*state);
	if (watch.open_count != 0)
		print_message("%d descriptors left open\n", watch.open_count);
	return suite_remove_tree(root) != 0 || watch.open_count != 0;
}

static size_t count_names(const char *folder)
{
	DIR *list = opendir(under_root(folder));
	size_t count = 0;
	const struct dirent *entry;

	if (list == NULL)
		return 0;
	while ((entry = readdir(list)) != NULL)
		count += entry->d_name[0] != '.';
	assert_int_equal(closedir(list), 0);
	return count;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(under_root(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* ---- faults ---- */

static enum bucket_result put_deep(struct bucket *bucket, struct call *call)
{
	struct bucket_put put = {"a/b/new", view_text("new bytes"), BUCKET_IF_ABSENT, {""}};
	struct bucket_tag tag = {"untouched"};
	enum bucket_result result = bucket_put(bucket, &put, call, &tag);

	assert_int_equal(result == BUCKET_OK, strcmp(tag.text, "untouched") != 0);
	return result;
}

static enum bucket_result put_over(struct bucket *bucket, struct call *call)
{
	struct bucket_put put = {"a/old", view_text("new bytes"), BUCKET_IF_TAG, {""}};
	struct bucket_tag tag = {"untouched"};
	enum bucket_result result;

	bucket_content_tag(view_text("old bytes"), &put.tag);
	result = bucket_put(bucket, &put, call, &tag);
	assert_int_equal(result == BUCKET_OK, strcmp(tag.text, "untouched") != 0);
	return result;
}

static enum bucket_result get_old(struct bucket *bucket, struct call *call)
{
	struct bucket_get get = {.key = "a/old"};
	struct bytes data = {0};
	struct bucket_tag tag;
	enum bucket_result result = bucket_get(bucket, &get, call, &data, &tag);

	if (result == BUCKET_OK)
		assert_string_equal((const char *)data.data, "old bytes");
	else
		assert_null(data.data);
	bytes_clear(&data);
	return result;
}

static enum bucket_result list_all(struct bucket *bucket, struct call *call)
{
	struct bucket_page page = {0};
	enum bucket_result result = bucket_list(bucket, "", "", call, &page);

	if (result == BUCKET_OK)
		assert_int_equal(page.count, 2);
	else
		assert_null(page.items);
	free(page.items);
	return result;
}

static enum bucket_result remove_deep(struct bucket *bucket, struct call *call)
{
	return bucket_remove(bucket, "a/d/gone", call);
}

static enum bucket_result open_again(struct bucket *bucket, struct call *call)
{
	struct bucket *other = bucket_dir_open(root, &watched, &suite_clock, call);

	(void)bucket;
	bucket_close(other);
	return other == NULL ? BUCKET_RETRY : BUCKET_OK;
}

struct scenario {
	const char *name;
	enum bucket_result (*run)(struct bucket *bucket, struct call *call);
	const char *key;    /* the object it is about */
	const char *before; /* NULL: absent */
	const char *after;
	bool changes; /* OK means after; else the object stays as it is */
};

static const struct scenario scenarios[] = {
    {"put a new key", put_deep, "a/b/new", NULL, "new bytes", true},
    {"put over a key", put_over, "a/old", "old bytes", "new bytes", true},
    {"get", get_old, "a/old", "old bytes", "old bytes", false},
    {"list", list_all, "a/old", "old bytes", "old bytes", false},
    {"remove", remove_deep, "a/d/gone", "gone", NULL, true},
    {"open", open_again, "a/old", "old bytes", "old bytes", false},
};

/* The object as it is now. */
static bool stands(struct bucket *bucket, const char *key, const char *text)
{
	struct bucket_get get = {.key = key};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;
	bool same;

	suite_call(&call);
	if (bucket_get(bucket, &get, &call, &data, &tag) != BUCKET_OK)
		return text == NULL;
	same = text != NULL && view_equal(view_bytes(&data), view_text(text));
	bytes_clear(&data);
	return same;
}

/* What is wrong with the outcome of a run, or NULL. */
static const char *judge(struct bucket *bucket, const struct scenario *scenario,
    enum bucket_result result, enum bucket_result refusal, const struct call *call)
{
	if (watch.open_count != 1) /* the root's */
		return "descriptors are left open";
	if (count_names(".tmp") != 0)
		return "a temp file is left";
	if (result == BUCKET_OK)
		return stands(bucket, scenario->key, scenario->after) ? NULL : "done, but not so";
	if (!watch.failed || call->message[0] == '\0')
		return "a failure without a cause, or without a message";
	if (result == BUCKET_UNKNOWN && scenario->changes) /* for what did change; else never */
		return stands(bucket, scenario->key, scenario->after) ? NULL : "nothing changed";
	if (result != refusal && scenario->run != open_again)
		return "another result was due";
	return stands(bucket, scenario->key, scenario->before) ? NULL : "not done, but changed";
}

static void fault_run(struct bucket *bucket, const struct scenario *scenario, int error,
    enum bucket_result refusal, struct each *each)
{
	enum bucket_result result;
	const char *wrong;
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_remove(bucket, "a/b/new", &call), BUCKET_OK);
	(void)suite_put_text(bucket, "a/old", "old bytes", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/d/gone", "gone", BUCKET_ALWAYS);
	suite_call(&call);
	watch =
	    (struct watch){.fail_at = each->nth, .error = error, .open_count = watch.open_count};
	result = scenario->run(bucket, &call);
	watch.fail_at = 0;
	each->hit = watch.failed;
	wrong = judge(bucket, scenario, result, refusal, &call);
	if (wrong != NULL)
		fail_msg("%s, call %u fails with errno %d: %s (%s): %s", scenario->name, each->nth,
		    error, bucket_result_text(result), call.message, wrong);
}

static void faults_each_in_turn(void **state)
{
	static const struct {
		int error;
		enum bucket_result result;
	} errors[] = {
	    {EIO, BUCKET_RETRY},
	    {ENOSPC, BUCKET_REFUSED},
	    {EDQUOT, BUCKET_REFUSED},
	    {EFBIG, BUCKET_REFUSED},
	    {EROFS, BUCKET_REFUSED},
	    {EXDEV, BUCKET_REFUSED},
	    {ENOLCK, BUCKET_REFUSED},
	    {EMFILE, BUCKET_RETRY},
	};
	struct bucket *bucket = *state;

	for (size_t e = 0; e < COUNT_OF(errors); e++) {
		for (size_t s = 0; s < COUNT_OF(scenarios); s++) {
			struct each each = {.of = scenarios[s].name, .least = 3, .most = 200};

			while (each_next(&each))
				fault_run(bucket, &scenarios[s], errors[e].error, errors[e].result,
				    &each);
		}
	}
}

static void full_disk_is_said(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put put = {"a/old", view_text("new bytes"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag;
	struct call call;
	bool said = false;

	(void)suite_put_text(bucket, "a/old", "old bytes", BUCKET_ALWAYS);
	for (unsigned nth = 1; nth < 10; nth++) {
		suite_call(&call);
		watch.calls = 0;
		watch.fail_at = nth;
		watch.error = ENOSPC;
		if (bucket_put(bucket, &put, &call, &tag) == BUCKET_REFUSED)
			said = said || strstr(call.message, "the disk is full") != NULL;
		watch.fail_at = 0;
	}
	assert_true(said);
}

/* A real refusal of the system's to write on, in a process of its own. */
static void file_size_limit(void **state)
{
	struct bucket *bucket = *state;
	char large[2000] = {0};
	struct bucket_put put = {"a/old", view_of(large, sizeof(large)), BUCKET_ALWAYS, {""}};
	int status;
	pid_t child;

	(void)suite_put_text(bucket, "a/old", "old bytes", BUCKET_ALWAYS);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit limit = {1000, 1000};
		struct bucket_tag tag;
		struct call call;

		suite_call(&call);
		if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
			_exit(3);
		_exit(bucket_put(bucket, &put, &call, &tag) == BUCKET_REFUSED ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	suite_expect_text(bucket, "a/old", "old bytes");
	assert_int_equal(count_names(".tmp"), 0);
}

/* ---- durability ---- */

static bool step_is(size_t at, char op, const char *folder)
{
	struct stat info;

	assert_int_equal(stat(under_root(folder), &info), 0);
	return at < watch.step_count && watch.steps[at].op == op &&
	       watch.steps[at].dev == info.st_dev && watch.steps[at].ino == info.st_ino;
}

static size_t first_step(char op)
{
	size_t at = 0;

	while (at < watch.step_count && watch.steps[at].op != op)
		at++;
	return at;
}

static void put_syncs_file_then_folders(void **state)
{
	static const char *const keys[] = {"a/b/one", "a/b/two", "a/b/one"};
	struct bucket *bucket = *state;

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		size_t rename;

		watch.step_count = 0;
		(void)suite_put_text(bucket, keys[i], "text", BUCKET_ALWAYS);
		rename = first_step('r');
		/* The file itself: under its new name it is the inode that was synced. */
		assert_true(step_is(first_step('s'), 's', keys[i]));
		assert_true(first_step('s') < rename);
		assert_true(step_is(rename, 'r', "a/b"));
		/* The folders above too, also when they were there: who made them may not be done.
		 */
		assert_true(step_is(rename + 1, 's', "a/b"));
		assert_true(step_is(rename + 2, 's', "a"));
		assert_true(step_is(rename + 3, 's', ""));
		assert_int_equal(watch.step_count, rename + 4);
	}
}

static void remove_syncs_what_stays(void **state)
{
	static const char *const both[] = {"a/b/one", "a/b/two"};
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	(void)suite_put_text(bucket, "a/b/one", "1", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/b/two", "2", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/b/three", "3", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "a/four", "4", BUCKET_ALWAYS);
	watch.step_count = 0;
	assert_int_equal(bucket_remove_many(bucket, both, 2, &call), BUCKET_OK);
	assert_true(step_is(0, 'u', "a/b"));
	assert_true(step_is(1, 'u', "a/b"));
	assert_true(step_is(2, 's', "a/b")); /* one for both */
	assert_int_equal(watch.step_count, 3);

	watch.step_count = 0;
	assert_int_equal(bucket_remove(bucket, "a/b/three", &call), BUCKET_OK);
	assert_int_equal(watch.step_count, 3);
	assert_int_equal(watch.steps[0].op, 'u');
	assert_true(step_is(1, 'u', "a")); /* the empty folder */
	assert_true(step_is(2, 's', "a"));

	watch.step_count = 0;
	assert_int_equal(bucket_remove(bucket, "a/four", &call), BUCKET_OK);
	assert_true(step_is(watch.step_count - 1, 's', ""));
	assert_int_equal(count_names(""), 0);

	/* Gone already, perhaps by one who did not live to sync it. */
	watch.step_count = 0;
	assert_int_equal(bucket_remove(bucket, "a/four", &call), BUCKET_OK);
	assert_true(step_is(0, 's', ""));
}

/* Folders whose names begin alike are different ones: each that lost a file is synced. */
static void remove_syncs_each_folder(void **state)
{
	static const struct {
		const char *key;
		const char *folder;
		bool last; /* of those that follow one another in a folder */
	} rows[] = {{"b/one", "b", true}, {"bb/one", "bb", false}, {"bb/two", "bb", true},
	    {"b/two", "b", true}, {"b/c/one", "b/c", true}, {"b/three", "b", true},
	    {"bbb", "", false}, {"b", "", true}};
	struct bucket *bucket = *state;
	const char *keys[COUNT_OF(rows)];
	struct call call;
	size_t step = 0;

	suite_call(&call);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		keys[i] = rows[i].key;
		if (i + 1 < COUNT_OF(rows)) /* "b" is a folder: no object is removed by that name */
			(void)suite_put_text(bucket, keys[i], "text", BUCKET_ALWAYS);
	}
	(void)suite_put_text(bucket, "b/stays", "text", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "b/c/stays", "text", BUCKET_ALWAYS);
	(void)suite_put_text(bucket, "bb/stays", "text", BUCKET_ALWAYS);
	watch.step_count = 0;
	assert_int_equal(bucket_remove_many(bucket, keys, COUNT_OF(keys), &call), BUCKET_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (i + 1 < COUNT_OF(rows) && !step_is(step++, 'u', rows[i].folder))
			fail_msg("%s is not removed in its turn", rows[i].key);
		if (rows[i].last && !step_is(step++, 's', rows[i].folder))
			fail_msg("%s: its folder is not synced", rows[i].key);
	}
	assert_int_equal(watch.step_count, step);
}

/* What is synced before the folder is made in it does not keep that folder's name. */
static void open_makes_the_folder_and_syncs_its_parent(void **state)
{
	struct bucket *other;
	struct call call;

	(void)state;
	watch.step_count = 0;
	suite_call(&call);
	other = bucket_dir_open(under_root("new"), &watched, &suite_clock, &call);
	assert_non_null(other);
	bucket_close(other);
	assert_int_equal(watch.step_count, 2);
	assert_true(step_is(0, 'm', ""));
	assert_true(step_is(1, 's', ""));
}

/* ---- what is in the folder ---- */

static void modes_are_private(void **state)
{
	struct bucket *bucket = *state;
	struct stat info;

	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	assert_int_equal(stat(under_root("a/one"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(stat(under_root("a"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
}

static void only_objects_are_listed(void **state)
{
	struct bucket *bucket = *state;

	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	write_file(".tmp/1.2.3", "half");
	write_file(".hidden", "x");
	write_file("a/.hidden", "x");
	write_file("a/caf\xc3\xa9", "x");
	assert_int_equal(symlink("one", under_root("a/link")), 0);
	assert_int_equal(mkfifo(under_root("a/pipe"), 0600), 0);
	assert_true(count_names(".lock") > 0);
	assert_int_equal(suite_count_keys(bucket, ""), 1);
}

static void links_are_not_followed(void **state)
{
	static const char *const keys[] = {"link/one", "a/link"};
	struct bucket *bucket = *state;

	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	assert_int_equal(symlink("a", under_root("link")), 0);
	assert_int_equal(symlink("one", under_root("a/link")), 0);
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct bucket_get get = {.key = keys[i]};
		struct bucket_put put = {keys[i], view_text("2"), BUCKET_IF_ABSENT, {""}};
		struct bytes data = {0};
		struct bucket_tag tag;
		struct call call;

		suite_call(&call);
		assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_REFUSED);
		assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_REFUSED);
		assert_non_null(strstr(call.message, "link"));
	}
	suite_expect_text(bucket, "a/one", "1");
}

static void odd_files_are_refused(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_get pipe_get = {.key = "pipe"};
	struct bucket_get large_get = {.key = "large"};
	struct bucket_put over_folder = {"a", view_text("x"), BUCKET_ALWAYS, {""}};
	struct bucket_put below_object = {"a/one/two", view_text("x"), BUCKET_ALWAYS, {""}};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;

	suite_call(&call);
	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	assert_int_equal(mkfifo(under_root("pipe"), 0600), 0);
	assert_int_equal(bucket_get(bucket, &pipe_get, &call, &data, &tag), BUCKET_REFUSED);
	write_file("large", "");
	assert_int_equal(truncate(under_root("large"), (off_t)BUCKET_OBJECT_MAX + 1), 0);
	assert_int_equal(bucket_get(bucket, &large_get, &call, &data, &tag), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "no file, or over the maximum of 6291456 bytes"));
	assert_int_equal(bucket_put(bucket, &over_folder, &call, &tag), BUCKET_REFUSED);
	assert_int_equal(bucket_put(bucket, &below_object, &call, &tag), BUCKET_REFUSED);
	suite_expect_text(bucket, "a", NULL); /* a folder is no object */
	assert_int_equal(bucket_remove(bucket, "a", &call), BUCKET_OK);
	suite_expect_text(bucket, "a/one", "1");
}

static void failed_puts_leave_no_folders(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put put = {"new/folder/one", view_text("x"), BUCKET_IF_TAG, {"tag"}};
	struct bucket_tag tag;
	struct call call;

	suite_call(&call);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_CONFLICT);
	assert_int_equal(count_names(""), 0);
}

static int64_t wall_then_ms;

static int64_t wall_then(void *self)
{
	(void)self;
	return wall_then_ms;
}

static void open_then(int64_t wall_ms)
{
	struct clock clock = suite_clock;
	struct bucket *bucket;
	struct call call;

	wall_then_ms = wall_ms;
	clock.wall_ms = wall_then;
	suite_call(&call);
	bucket = bucket_dir_open(root, &quick, &clock, &call);
	assert_non_null(bucket);
	bucket_close(bucket);
}

static void made_at(const char *name, time_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	assert_int_equal(utimensat(AT_FDCWD, under_root(name), times, AT_SYMLINK_NOFOLLOW), 0);
}

static bool is_there(const char *name)
{
	struct stat info;

	return lstat(under_root(name), &info) == 0;
}

/* An hour after it was made, to the millisecond: before, it may still be written. Whatever else
 * lies there is nobody's leavings. */
static void what_is_stale_goes(void **state)
{
	static const struct {
		const char *name;
		char kind; /* 'f'older, file with a 't'ext, 'l'ink */
		bool goes;
	} rows[] = {
	    {".tmp/1.2.3", 't', true},
	    {".tmp/folder", 'f', false},
	    {".tmp/link", 'l', false},
	    {".new-1.2.3", 'f', true},
	    {".new-file", 't', false},
	    {".new-link", 'l', false},
	    {".newer", 'f', false},
	    {"folder", 'f', false},
	    {"a/one", 't', false},
	};
	const time_t made_s = 1000000;
	const int64_t stale_ms = (int64_t)made_s * 1000 + (int64_t)60 * 60 * 1000 + 1;
	struct bucket *bucket = *state;

	(void)suite_put_text(bucket, "a/gone", "1", BUCKET_ALWAYS);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *path = under_root(rows[i].name);

		if (rows[i].kind == 't')
			write_file(rows[i].name, "half");
		else if (rows[i].kind == 'f')
			assert_int_equal(mkdir(path, 0700), 0);
		else
			assert_int_equal(symlink("a", path), 0);
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		made_at(rows[i].name, made_s);
	for (int64_t then_ms = stale_ms - 1; then_ms <= stale_ms; then_ms++) {
		open_then(then_ms);
		for (size_t i = 0; i < COUNT_OF(rows); i++)
			if (is_there(rows[i].name) != (then_ms < stale_ms || !rows[i].goes))
				fail_msg(
				    "%s, %d ms before", rows[i].name, (int)(stale_ms - then_ms));
	}
}

/* One that holds something is not empty, and is left to who knows what it is. */
static void full_folders_stay(void **state)
{
	(void)state;
	assert_int_equal(mkdir(under_root(".new-1.2.3"), 0700), 0);
	write_file(".new-1.2.3/text", "text");
	made_at(".new-1.2.3", 1000000);
	open_then(INT64_MAX / 2);
	assert_true(is_there(".new-1.2.3/text"));
}

/* ---- several at once ---- */

static void deadline_bounds_the_wait(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put put = {"a/one", view_text("2"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag;
	struct dir_lock lock = {0};
	struct call call;
	int64_t begun_ms;

	(void)suite_put_text(bucket, "a/one", "1", BUCKET_ALWAYS);
	suite_call(&call);
	assert_int_equal(dir_lock_take(bucket->self, "a/one", &call, &lock), BUCKET_OK);
	begun_ms = clock_monotonic_ms(&suite_clock);
	call_init(&call, begun_ms + 50);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_RETRY);
	assert_true(clock_monotonic_ms(&suite_clock) - begun_ms < 5000);
	call_init(&call, begun_ms + 50);
	assert_int_equal(bucket_remove(bucket, "a/one", &call), BUCKET_RETRY);
	dir_lock_drop(bucket->self, &lock);
	suite_expect_text(bucket, "a/one", "1"); /* reads never waited */
	assert_int_equal(count_names(".tmp"), 0);
	call_init(&call, begun_ms - 1);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_RETRY);
	suite_call(&call);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
}

static void lock_holds_between_processes(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put put = {"a/one", view_text("2"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag;
	struct dir_lock lock = {0};
	struct call call;
	int held[2];
	int life[2]; /* the child ends, at the latest, with us */
	int status;
	char byte = 0;
	pid_t child;

	assert_int_equal(pipe(held), 0);
	assert_int_equal(pipe(life), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		suite_call(&call);
		if (dir_lock_take(bucket->self, "a/one", &call, &lock) != BUCKET_OK ||
		    write(held[1], &byte, 1) != 1)
			_exit(1);
		(void)close(life[1]);
		_exit(read(life[0], &byte, 1) == 0 ? 0 : 1); /* killed before: so goes the lock */
	}
	assert_int_equal(read(held[0], &byte, 1), 1);
	call_init(&call, clock_monotonic_ms(&suite_clock) + 50);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_RETRY);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	suite_call(&call);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	for (int end = 0; end < 2; end++) {
		assert_int_equal(close(held[end]), 0);
		assert_int_equal(close(life[end]), 0);
	}
}

#define PROCESSES 6u
#define PROCESS_ROUNDS 8u

/* In a child: waits until the starter's end of the gate closes, then puts. */
static void race_child(int gate, unsigned number, const struct bucket_put *plan)
{
	struct bucket *bucket = open_io(&slow);
	struct bucket_put put = *plan;
	struct bucket_tag tag;
	struct call call;
	char text[24];
	char byte;
	enum bucket_result result;

	if (bucket == NULL)
		_exit(100);
	(void)snprintf(text, sizeof(text), "process %u", number);
	put.data = view_text(text);
	suite_call(&call);
	if (read(gate, &byte, 1) != 0)
		_exit(101);
	result = bucket_put(bucket, &put, &call, &tag);
	bucket_close(bucket);
	_exit((int)result);
}

static void race_processes(struct bucket *bucket, const struct bucket_put *plan)
{
	pid_t children[PROCESSES];
	int winner = -1;
	int gate[2];
	char text[24];

	assert_int_equal(pipe(gate), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0) {
			(void)close(gate[1]);
			race_child(gate[0], i, plan);
		}
	}
	assert_int_equal(close(gate[1]), 0);
	assert_int_equal(close(gate[0]), 0);
	for (unsigned i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) != BUCKET_OK) {
			assert_int_equal(WEXITSTATUS(status), BUCKET_CONFLICT);
			continue;
		}
		assert_int_equal(winner, -1);
		winner = (int)i;
	}
	assert_int_not_equal(winner, -1);
	(void)snprintf(text, sizeof(text), "process %d", winner);
	suite_expect_text(bucket, plan->key, text);
}

static void one_process_wins(void **state)
{
	struct bucket *bucket = *state;
	struct call call;

	suite_call(&call);
	for (unsigned round = 0; round < PROCESS_ROUNDS; round++) {
		struct bucket_put create = {"race/one", {NULL, 0}, BUCKET_IF_ABSENT, {""}};
		struct bucket_put update = {"race/one", {NULL, 0}, BUCKET_IF_TAG, {""}};

		race_processes(bucket, &create);
		update.tag = suite_put_text(bucket, "race/one", "before", BUCKET_ALWAYS);
		race_processes(bucket, &update);
		assert_int_equal(bucket_remove(bucket, "race/one", &call), BUCKET_OK);
	}
}

#define CHURNERS 6u
#define CHURNS 40u

struct churner {
	pthread_t thread;
	struct bucket *bucket;
	unsigned number;
	char message[CALL_MESSAGE_MAX];
	bool ok;
};

/* Puts and removes its own key of a folder that all share: it is made and pruned all the time. */
static void *churner_run(void *self)
{
	struct churner *churner = self;
	char key[32];
	struct bucket_put put = {key, view_text("x"), BUCKET_IF_ABSENT, {""}};
	struct bucket_get get = {.key = key};

	(void)snprintf(key, sizeof(key), "churn/deep/%u", churner->number);
	churner->ok = true;
	for (unsigned i = 0; churner->ok && i < CHURNS; i++) {
		struct bytes data = {0};
		struct bucket_tag tag;
		struct call call;

		suite_call(&call);
		churner->ok = bucket_put(churner->bucket, &put, &call, &tag) == BUCKET_OK &&
			      bucket_get(churner->bucket, &get, &call, &data, &tag) == BUCKET_OK &&
			      bucket_remove(churner->bucket, key, &call) == BUCKET_OK;
		bytes_clear(&data);
		memcpy(churner->message, call.message, sizeof(call.message));
	}
	return NULL;
}

static void pruning_races_with_making(void **state)
{
	struct churner churners[CHURNERS] = {0};

	for (unsigned i = 0; i < CHURNERS; i++) {
		churners[i].bucket = *state;
		churners[i].number = i;
		assert_int_equal(
		    pthread_create(&churners[i].thread, NULL, churner_run, &churners[i]), 0);
	}
	for (unsigned i = 0; i < CHURNERS; i++)
		assert_int_equal(pthread_join(churners[i].thread, NULL), 0);
	for (unsigned i = 0; i < CHURNERS; i++)
		if (!churners[i].ok)
			fail_msg("%s", churners[i].message);
	assert_int_equal(count_names(""), 0);
	assert_int_equal(count_names(".tmp"), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_dir, close_dir),
    cmocka_unit_test_setup_teardown(suite_put_if_absent, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_dir, close_dir),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_outputs_only_on_success, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_empty_object, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_largest_object, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_refused_keys, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_accepted_keys, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_remove, open_dir, close_dir),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_list_order, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_list_prefix_and_after, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_race_if_absent, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_race_if_tag, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_race_increments, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(suite_probe_passes, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(faults_each_in_turn, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(full_disk_is_said, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(file_size_limit, open_dir, close_dir),
    cmocka_unit_test_setup_teardown(put_syncs_file_then_folders, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(remove_syncs_what_stays, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(remove_syncs_each_folder, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(
	open_makes_the_folder_and_syncs_its_parent, open_watched, close_dir),
    cmocka_unit_test_setup_teardown(modes_are_private, open_dir, close_dir),
    cmocka_unit_test_setup_teardown(only_objects_are_listed, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(links_are_not_followed, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(odd_files_are_refused, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(failed_puts_leave_no_folders, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(what_is_stale_goes, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(full_folders_stay, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(deadline_bounds_the_wait, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(lock_holds_between_processes, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(one_process_wins, open_quick, close_dir),
    cmocka_unit_test_setup_teardown(pruning_races_with_making, open_slow, close_dir),
};

TEST_MAIN(tests)
