/*
 * tests/gateway/bucket/bucket_dir_odd_test.c: what a folder bucket meets seldom: each errno and
 * what is said of it, signals, deadlines that pass in the middle, folders and files that vanish or
 * change while they are used, names that cannot be keys.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_dir_lock.h"
#include "gateway/bucket/bucket_object.h"

/* ---- a folder whose system calls can be odd ---- */

static struct odd {
	char root[64];
	struct dir_io io;
	struct clock clock;
	int64_t now_ms;
	unsigned renames, opens, locks, temps, lock_files;
	unsigned rename_fails, temp_fails, lock_fails, lock_file_fails; /* so many of them */
	int error;                                                      /* those fail with it */
	const char *shut; /* a folder that cannot be opened, for that error */
	int64_t lock_ms, rename_ms, unlink_ms, name_ms; /* so long one takes */
	unsigned read_calls;
	int short_by;        /* bytes that a file has less than it said; negative: more */
	unsigned interrupts; /* so many system calls end by a signal */
	long pauses_ns[32];  /* of all, the first */
	unsigned pauses;
	bool write_nothing, name_gone;
	char opened[16]; /* the folders of a listing, by the first letter of their names */
	int close_error; /* not 0: a close of what was written fails with it */
	bool wrote;
} odd;

static int64_t odd_now(void *self)
{
	(void)self;
	return odd.now_ms;
}

static int odd_rename_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	odd.now_ms += odd.rename_ms;
	if (odd.renames++ < odd.rename_fails) {
		errno = odd.error;
		return -1;
	}
	return dir_io_system.rename_at(self, from_folder, from, to_folder, to);
}

static int odd_open_at(void *self, int folder, const char *name, int flags, mode_t mode)
{
	bool creates = (flags & O_CREAT) != 0;
	bool is_lock = (flags & O_ACCMODE) == O_RDWR;

	odd.opens++;
	if (flags == DIR_OPEN_FOLDER && strlen(odd.opened) + 1 < sizeof(odd.opened))
		odd.opened[strlen(odd.opened)] = name[0];
	if ((creates && is_lock && odd.lock_files++ < odd.lock_file_fails) ||
	    (creates && !is_lock && odd.temps++ < odd.temp_fails) ||
	    (odd.shut != NULL && strcmp(name, odd.shut) == 0)) {
		errno = odd.error;
		return -1;
	}
	return dir_io_system.open_at(self, folder, name, flags, mode);
}

static int odd_lock(void *self, int fd)
{
	odd.now_ms += odd.lock_ms;
	if (odd.locks++ < odd.lock_fails) {
		errno = odd.error;
		return -1;
	}
	return dir_io_system.lock(self, fd);
}

static int odd_unlink_at(void *self, int folder, const char *name, int flags)
{
	odd.now_ms += odd.unlink_ms;
	return dir_io_system.unlink_at(self, folder, name, flags);
}

static int odd_stat(void *self, int fd, struct stat *out)
{
	int result = dir_io_system.stat(self, fd, out);

	if (S_ISREG(out->st_mode))
		out->st_size += odd.short_by;
	return result;
}

static int odd_stat_at(void *self, int folder, const char *name, struct stat *out)
{
	if (odd.name_gone && strcmp(name, "gone") == 0) {
		errno = ENOENT;
		return -1;
	}
	return dir_io_system.stat_at(self, folder, name, out);
}

static struct dirent *odd_list_next(void *self, DIR *list)
{
	odd.now_ms += odd.name_ms;
	return dir_io_system.list_next(self, list);
}

static ssize_t odd_write(void *self, int fd, const void *data, size_t len)
{
	odd.wrote = true;
	return odd.write_nothing ? 0 : dir_io_system.write(self, fd, data, len);
}

static int odd_close(void *self, int fd)
{
	int result = dir_io_system.close(self, fd);

	if (!odd.wrote || odd.close_error == 0)
		return result;
	odd.wrote = false;
	errno = odd.close_error;
	return -1;
}

static int open_odd(void **state)
{
	struct call call;

	odd = (struct odd){.root = "/tmp/inkseal-odd-XXXXXX", .io = dir_io_system, .now_ms = 1000};
	odd.clock = (struct clock){NULL, suite_clock.wall_ms, odd_now};
	odd.io.sync = suite_quick_sync;
	odd.io.rename_at = odd_rename_at;
	odd.io.open_at = odd_open_at;
	odd.io.lock = odd_lock;
	odd.io.unlink_at = odd_unlink_at;
	odd.io.stat = odd_stat;
	odd.io.stat_at = odd_stat_at;
	odd.io.list_next = odd_list_next;
	odd.io.write = odd_write;
	odd.io.close = odd_close;
	if (mkdtemp(odd.root) == NULL)
		return 1;
	call_init(&call, 2000);
	*state = bucket_dir_open(odd.root, &odd.io, &odd.clock, &call);
	return *state == NULL;
}

static int close_odd(void **state)
{
	bucket_close(*state);
	return suite_remove_tree(odd.root);
}

static enum bucket_result put(struct bucket *bucket, const char *key, struct call *call)
{
	struct bucket_put put = {key, view_text("new"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag;

	return bucket_put(bucket, &put, call, &tag);
}

static enum bucket_result get(struct bucket *bucket, const char *key, struct call *call)
{
	struct bucket_get get = {.key = key};
	struct bytes data = {0};
	struct bucket_tag tag;
	enum bucket_result result = bucket_get(bucket, &get, call, &data, &tag);

	bytes_clear(&data);
	return result;
}

static void expect(enum bucket_result result, enum bucket_result expected, const struct call *call,
    const char *says)
{
	if (result != expected || strcmp(call->message, says) != 0)
		fail_msg("%s: %s", bucket_result_text(result), call->message);
}

/* ---- the meaning of errno ---- */

static void each_errno_has_its_meaning(void **state)
{
	static const struct {
		int error;
		enum bucket_result result;
		const char *says;
	} rows[] = {
	    {ENOENT, BUCKET_ABSENT, "trying: not there"},
	    {ENOSPC, BUCKET_REFUSED, "trying: the disk is full"},
	    {EDQUOT, BUCKET_REFUSED, "trying: the disk quota is used up"},
	    {EFBIG, BUCKET_REFUSED, "trying: larger than files may be here"},
	    {ELOOP, BUCKET_REFUSED, "trying: a link, a folder or a file stands where"},
	    {ENOTDIR, BUCKET_REFUSED, "trying: a link, a folder or a file stands where"},
	    {EISDIR, BUCKET_REFUSED, "trying: a link, a folder or a file stands where"},
	    {EXDEV, BUCKET_REFUSED, "trying: another file system is mounted"},
	    {ENOLCK, BUCKET_REFUSED, "trying: this file system has no locks"},
	    {ENOSYS, BUCKET_REFUSED, "trying: this file system has no locks"},
	    {EOPNOTSUPP, BUCKET_REFUSED, "trying: this file system has no locks"},
	    {EACCES, BUCKET_REFUSED, "trying: Permission denied"},
	    {EPERM, BUCKET_REFUSED, "trying: Operation not permitted"},
	    {EROFS, BUCKET_REFUSED, "trying: Read-only file system"},
	    {EMLINK, BUCKET_REFUSED, "trying: Too many links"},
	    {ENAMETOOLONG, BUCKET_REFUSED, "trying: File name too long"},
	    {EINVAL, BUCKET_REFUSED, "trying: Invalid argument"},
	    {EIO, BUCKET_RETRY, "trying: Input/output error"},
	    {ENOMEM, BUCKET_RETRY, "trying: Cannot allocate memory"},
	    {EMFILE, BUCKET_RETRY, "trying: Too many open files"},
	    {99999, BUCKET_RETRY, "trying: "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		suite_call(&call);
		if (dir_fail(&call, "trying", rows[i].error) != rows[i].result ||
		    !bucket_begins(call.message, rows[i].says) ||
		    strlen(call.message) <= strlen("trying: "))
			fail_msg("errno %d: %s", rows[i].error, call.message);
	}
}

/* ---- signals ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names (CMakeLists.txt) */
int __real_openat(int folder, const char *name, int flags, ...);
int __wrap_openat(int folder, const char *name, int flags, mode_t mode);
ssize_t __real_read(int fd, void *out, size_t len);
ssize_t __wrap_read(int fd, void *out, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
int __wrap_fsync(int fd);
int __wrap_nanosleep(const struct timespec *pause, struct timespec *left);
/* NOLINTEND(bugprone-reserved-identifier) */

static bool interrupted(void)
{
	if (odd.interrupts == 0)
		return false;
	odd.interrupts--;
	errno = odd.error;
	return true;
}

int __wrap_openat(int folder, const char *name, int flags, mode_t mode)
{
	return interrupted() ? -1 : __real_openat(folder, name, flags, mode);
}

ssize_t __wrap_read(int fd, void *out, size_t len)
{
	return interrupted() ? -1 : __real_read(fd, out, len);
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	return interrupted() ? -1 : __real_write(fd, data, len);
}

int __wrap_fsync(int fd)
{
	return interrupted() ? -1 : suite_quick_sync(NULL, fd);
}

int __wrap_nanosleep(const struct timespec *pause, struct timespec *left)
{
	(void)left;
	assert_int_equal(pause->tv_sec, 0);
	assert_true(odd.pauses < 10000); /* no lock comes free any more, nor does the time pass */
	if (odd.pauses < COUNT_OF(odd.pauses_ns))
		odd.pauses_ns[odd.pauses] = pause->tv_nsec;
	odd.pauses++;
	return 0;
}

/* A signal ends no call of the system's own, and any other failure does. */
static void signals_are_nothing(void **state)
{
	const struct dir_io *io = &dir_io_system;
	char byte = 'x';

	(void)state;
	for (unsigned signal = 0; signal < 2; signal++) {
		unsigned left = signal ? 0 : 1; /* of two: the first that is no signal's ends it */
		int fd;

		odd.error = signal ? EINTR : EIO;
		odd.interrupts = 2;
		fd = io->open_at(NULL, AT_FDCWD, odd.root, DIR_OPEN_FOLDER, 0);
		assert_int_equal(fd >= 0, signal);
		assert_int_equal(odd.interrupts, left);
		odd.interrupts = 0;
		if (fd >= 0)
			assert_int_equal(io->close(NULL, fd), 0);
		fd = io->open_at(NULL, AT_FDCWD, "/dev/zero", O_RDWR | O_CLOEXEC, 0);
		assert_true(fd >= 0);
		odd.interrupts = 2;
		assert_int_equal(io->read(NULL, fd, &byte, 1), signal ? 1 : -1);
		assert_int_equal(odd.interrupts, left);
		odd.interrupts = 2;
		assert_int_equal(io->write(NULL, fd, &byte, 1), signal ? 1 : -1);
		assert_int_equal(odd.interrupts, left);
		odd.interrupts = 2;
		assert_int_equal(io->sync(NULL, fd), signal ? 0 : -1);
		assert_int_equal(odd.interrupts, left);
		odd.interrupts = 0;
		assert_int_equal(io->close(NULL, fd), 0);
	}
}

/* A folder may get the number zero, after a signal too: that is no failure. */
static void zero_after_a_signal(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(STDIN_FILENO);
		odd.error = EINTR;
		odd.interrupts = 1;
		_exit(dir_io_system.open_at(NULL, AT_FDCWD, odd.root, DIR_OPEN_FOLDER, 0));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STDIN_FILENO);
}

/* ---- deadlines ---- */

static const char late[] = "the deadline passed before anything was changed";

/* To the millisecond: the last one is still in time. */
static void a_late_call_does_nothing(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_page page = {0};
	struct call call;

	(void)suite_put_text(bucket, "a/one", "old", BUCKET_ALWAYS);
	call_init(&call, odd.now_ms);
	assert_int_equal(get(bucket, "a/one", &call), BUCKET_OK);
	assert_int_equal(put(bucket, "a/two", &call), BUCKET_OK);
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_OK);
	assert_int_equal(page.count, 2);
	free(page.items);
	assert_int_equal(bucket_remove(bucket, "a/two", &call), BUCKET_OK);
	call_init(&call, odd.now_ms - 1);
	expect(get(bucket, "a/one", &call), BUCKET_RETRY, &call, late);
	odd.opens = 0;
	expect(put(bucket, "a/two", &call), BUCKET_RETRY, &call, late);
	assert_int_equal(odd.opens, 0);
	expect(bucket_list(bucket, "", "", &call, &page), BUCKET_RETRY, &call,
	    "the deadline passed while listing");
	expect(bucket_remove(bucket, "a/one", &call), BUCKET_RETRY, &call,
	    "the deadline passed with 0 of 1 removed");
	assert_int_equal(suite_count_keys(bucket, ""), 1);
}

/* Who waits for a lock until the deadline has changed nothing, and changes nothing later. */
static void a_deadline_that_passes_in_the_middle(void **state)
{
	static const char *const keys[] = {"a/one", "a/two", "a/three"};
	struct bucket *bucket = *state;
	struct call call;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		(void)suite_put_text(bucket, keys[i], "old", BUCKET_ALWAYS);
	odd.lock_ms = 10;
	call_init(&call, odd.now_ms + 9);
	expect(put(bucket, "a/one", &call), BUCKET_RETRY, &call, late);
	suite_expect_text(bucket, "a/one", "old");
	call_init(&call, odd.now_ms + 10);
	assert_int_equal(put(bucket, "a/one", &call), BUCKET_OK);
	suite_expect_text(bucket, "a/one", "new");
	odd.lock_ms = 0;
	odd.unlink_ms = 10;
	call_init(&call, odd.now_ms + 19);
	expect(bucket_remove_many(bucket, keys, COUNT_OF(keys), &call), BUCKET_UNKNOWN, &call,
	    "the deadline passed with 2 of 3 removed");
	odd.unlink_ms = 0;
	suite_expect_text(bucket, "a/three", "old");
	assert_int_equal(suite_count_keys(bucket, ""), 1);
}

/* What is waited for is a lock that another has, and nothing else. */
static void locks_are_waited_for(void **state)
{
	static const struct {
		int error;
		unsigned fails;
		bool waits;
	} rows[] = {{EACCES, 1, true}, {EAGAIN, 3, true}, {EINTR, 1, true}, {EIO, 1, false},
	    {ENOLCK, 1, false}};
	struct bucket *bucket = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		odd.error = rows[i].error;
		odd.lock_fails = rows[i].fails;
		odd.locks = 0;
		call_init(&call, odd.now_ms);
		assert_int_equal(put(bucket, "a/one", &call) == BUCKET_OK, rows[i].waits);
		assert_int_equal(odd.locks, rows[i].fails + rows[i].waits);
		if (!rows[i].waits)
			assert_true(bucket_begins(call.message, "locking the key: "));
		assert_int_equal(put(bucket, "a/one", &call), BUCKET_OK); /* nobody has it now */
	}
	odd.error = EAGAIN;
	odd.lock_fails = 1000;
	odd.lock_ms = 1;
	odd.locks = 0;
	{
		struct call call;

		call_init(&call, odd.now_ms + 3);
		expect(put(bucket, "a/one", &call), BUCKET_RETRY, &call,
		    "another writer held the key until the deadline");
		assert_int_equal(odd.locks, 4);
	}
}

/* Who waits for long looks again every five milliseconds, and sooner at first. */
static void the_pauses_grow_to_five_milliseconds(void **state)
{
	static const long expected_ns[] = {
	    100000, 200000, 400000, 800000, 1600000, 3200000, 5000000, 5000000, 5000000};
	struct call call;

	odd.error = EAGAIN;
	odd.lock_fails = COUNT_OF(expected_ns);
	odd.pauses = 0;
	call_init(&call, odd.now_ms);
	assert_int_equal(put(*state, "a/one", &call), BUCKET_OK);
	assert_int_equal(odd.pauses, COUNT_OF(expected_ns));
	assert_memory_equal(odd.pauses_ns, expected_ns, sizeof(expected_ns));
}

/* Keys do not wait for each other, or no more than hashes of a byte make them. */
static void another_key_is_not_waited_for(void **state)
{
	struct bucket *bucket = *state;
	struct dir_lock lock = {0};
	struct call call;
	unsigned done = 0;

	call_init(&call, odd.now_ms);
	assert_int_equal(dir_lock_take(bucket->self, "a/key", &call, &lock), BUCKET_OK);
	odd.now_ms++; /* who waits now is late at once */
	for (char key[] = "a/0"; key[2] <= '9'; key[2]++) {
		struct dir_lock other = {0};

		if (dir_lock_take(bucket->self, key, &call, &other) == BUCKET_OK)
			done++;
		dir_lock_drop(bucket->self, &other);
	}
	dir_lock_drop(bucket->self, &lock);
	assert_int_equal(done, 10);
}

/* ---- what vanishes, or is there already ---- */

/* The next lock is made anew. */
static void forget_locks(void)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/" DIR_LOCK_FOLDER, odd.root);
	assert_true(suite_remove_tree(path) == 0 || errno == ENOENT);
}

/* Who is faster for ever is not run after for ever. */
static void begins_again_a_hundred_times(void **state)
{
	static const struct {
		unsigned *calls, *fails;
		int error;
		bool all; /* that it fails each time is seen by the caller */
		const char *says;
	} rows[] = {
	    {&odd.renames, &odd.rename_fails, ENOENT, true,
		"placing the object: its folder, or the new file, kept vanishing"},
	    {&odd.temps, &odd.temp_fails, ENOENT, true, "writing the object: not there"},
	    {&odd.temps, &odd.temp_fails, EEXIST, true, "writing the object: File exists"},
	    {&odd.lock_files, &odd.lock_file_fails, ENOENT, true,
		"opening the key's lock: not there"},
	};
	struct bucket *bucket = *state;

	(void)suite_put_text(bucket, "a/one", "old", BUCKET_ALWAYS);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		odd.error = rows[i].error;
		*rows[i].calls = 0;
		*rows[i].fails = 99;
		forget_locks();
		call_init(&call, odd.now_ms);
		assert_int_equal(put(bucket, "a/one", &call), BUCKET_OK);
		assert_int_equal(*rows[i].calls, 100);
		forget_locks();
		*rows[i].calls = 0;
		*rows[i].fails = 1000;
		expect(put(bucket, "a/one", &call), BUCKET_RETRY, &call, rows[i].says);
		assert_int_equal(*rows[i].calls, 100);
		*rows[i].fails = 0;
	}
}

/* A folder that is there and cannot be opened is not made, and stays. */
static void what_cannot_be_opened_is_not_made(void **state)
{
	static const int errors[] = {EACCES, EIO, EMFILE};
	struct bucket *bucket = *state;

	(void)suite_put_text(bucket, "a/one", "old", BUCKET_ALWAYS);
	odd.shut = "a";
	odd.io.mkdir_at = NULL; /* nor begun to be */
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		struct call call;

		odd.error = errors[i];
		call_init(&call, odd.now_ms);
		assert_int_equal(put(bucket, "a/one", &call),
		    errors[i] == EACCES ? BUCKET_REFUSED : BUCKET_RETRY);
		assert_true(bucket_begins(call.message, "placing the object: "));
	}
	odd.shut = NULL;
	suite_expect_text(bucket, "a/one", "old");
}

/* No file of ours changes while it is read: one that does is not given out. */
static void files_that_change_are_read_again(void **state)
{
	struct bucket *bucket = *state;
	struct call call;

	(void)suite_put_text(bucket, "a/one", "old", BUCKET_ALWAYS);
	for (odd.short_by = -3; odd.short_by <= 2; odd.short_by++) {
		call_init(&call, odd.now_ms);
		if (odd.short_by == 0)
			assert_int_equal(get(bucket, "a/one", &call), BUCKET_OK);
		else
			expect(get(bucket, "a/one", &call), BUCKET_RETRY, &call,
			    "reading the object: Input/output error");
	}
	odd.short_by = 0;
}

static void a_disk_that_takes_nothing_is_full(void **state)
{
	struct call call;

	odd.write_nothing = true;
	call_init(&call, odd.now_ms);
	expect(put(*state, "a/one", &call), BUCKET_REFUSED, &call,
	    "writing the object: the disk is full");
}

/* Some file systems tell of it only when the file is closed. A signal says nothing then. */
static void a_close_that_fails(void **state)
{
	static const struct {
		int error;
		enum bucket_result result;
		const char *says;
	} rows[] = {
	    {EDQUOT, BUCKET_REFUSED, "writing the object: the disk quota is used up"},
	    {EIO, BUCKET_RETRY, "writing the object: Input/output error"},
	    {EINTR, BUCKET_OK, ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		odd.close_error = rows[i].error;
		call_init(&call, odd.now_ms);
		expect(put(*state, "a/one", &call), rows[i].result, &call, rows[i].says);
	}
	odd.close_error = 0;
	suite_expect_text(*state, "a/one", "new");
}

/* Who was started without a standard input gets its number for a folder. */
static void descriptor_zero_is_one(void **state)
{
	char path[100];
	int status;
	pid_t child;

	(void)snprintf(path, sizeof(path), "%s/new", odd.root);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct bucket_page page = {0};
		struct bucket *bucket;
		struct call call;

		(void)close(STDIN_FILENO);
		call_init(&call, odd.now_ms);
		if (bucket_list(*state, "", "", &call, &page) != BUCKET_OK || page.count != 0)
			_exit(2);
		free(page.items);
		bucket = bucket_dir_open(path, &odd.io, &odd.clock, &call);
		if (bucket == NULL || put(bucket, "a/one", &call) != BUCKET_OK ||
		    get(bucket, "a/one", &call) != BUCKET_OK)
			_exit(1);
		bucket_close(bucket);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- names ---- */

static void make_file(const char *name)
{
	char path[400];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", odd.root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

/* Only what can be a key is listed: printable, no dot first, and no longer than one may be. */
static void names_that_are_no_keys(void **state)
{
	static const char *const names[] = {"a/\x1f", "a/ ", "a/~", "a/\x7f", "a/.x", "a/x."};
	struct bucket *bucket = *state;
	char name[BUCKET_KEY_MAX + 2], path[400];
	struct bucket_page page = {0};
	struct call call;

	(void)suite_put_text(bucket, "a/gone", "x", BUCKET_ALWAYS);
	odd.name_gone = true; /* listed, and removed before it was looked at */
	for (size_t i = 0; i < COUNT_OF(names); i++)
		make_file(names[i]);
	call_init(&call, odd.now_ms);
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_OK);
	assert_int_equal(page.count, 3);
	assert_string_equal(page.items[0].key, "a/ ");
	assert_string_equal(page.items[1].key, "a/x.");
	assert_string_equal(page.items[2].key, "a/~");
	free(page.items);
	/* A folder's name of 200 bytes and a slash leave 55 for what is below it. */
	memset(name, 'k', sizeof(name));
	name[200] = '/';
	name[BUCKET_KEY_MAX] = '\0';
	(void)suite_put_text(bucket, name, "x", BUCKET_ALWAYS);
	name[BUCKET_KEY_MAX] = 'k';
	name[BUCKET_KEY_MAX + 1] = '\0';
	make_file(name);
	assert_int_equal(suite_count_keys(bucket, "k"), 1);
	/* Nothing below a folder of so long a name can have a key: it is not read. */
	name[BUCKET_KEY_MAX - 1] = 'l';
	name[BUCKET_KEY_MAX] = '\0';
	(void)snprintf(path, sizeof(path), "%s/%s", odd.root, name);
	assert_int_equal(mkdir(path, 0700), 0);
	memset(odd.opened, 0, sizeof(odd.opened));
	assert_int_equal(suite_count_keys(bucket, "k"), 1);
	assert_string_equal(odd.opened, ".k");
	odd.name_gone = false;
	assert_int_equal(suite_count_keys(bucket, "a/"), 4);
}

static int by_letter(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* A listing reads the folders that can hold what it wants: not those of all accounts. */
static void only_folders_that_matter_are_read(void **state)
{
	static const struct {
		const char *prefix, *after;
		const char *opens; /* "." is the root */
	} rows[] = {
	    {"", "", ".abcdefg"},
	    {"a/", "", ".abc"},
	    {"a", "", ".abc"},
	    {"d", "", ".d"},
	    {"a/c/", "", ".ac"},
	    {"a/c/x", "", ".ac"},
	    {"a/cx", "", ".a"},
	    {"e/", "", ".ef"},
	    {"", "a/c/x", ".acdefg"},
	    {"", "a/c0", ".adefg"},
	    {"", "e/f/x", ".efg"},
	    {"", "e/x", ".eg"},
	    {"e/", "a/c/x", ".ef"},
	    {"e/", "f", "."},
	};
	static const char *const keys[] = {
	    "a/b/x", "a/c/x", "dx/x", "e/f/x", "g/x"}; /* no letter twice */
	struct bucket *bucket = *state;

	for (size_t i = 0; i < COUNT_OF(keys); i++)
		(void)suite_put_text(bucket, keys[i], "x", BUCKET_ALWAYS);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket_page page = {0};
		struct call call;

		memset(odd.opened, 0, sizeof(odd.opened));
		call_init(&call, odd.now_ms);
		assert_int_equal(
		    bucket_list(bucket, rows[i].prefix, rows[i].after, &call, &page), BUCKET_OK);
		free(page.items);
		qsort(odd.opened, strlen(odd.opened), 1, by_letter);
		if (strcmp(odd.opened, rows[i].opens) != 0)
			fail_msg(
			    "\"%s\" after \"%s\": %s", rows[i].prefix, rows[i].after, odd.opened);
	}
}

/* More names in a folder than a walk holds, in no order: the page is the least of them. */
static void a_folder_of_many(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_page page = {0};
	struct call call;
	char name[32];

	(void)suite_put_text(bucket, "m/a", "x", BUCKET_ALWAYS);
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "m/%04u", i * 7 % 3000);
		make_file(name);
	}
	call_init(&call, odd.now_ms);
	assert_int_equal(bucket_list(bucket, "m/", "m/0099", &call, &page), BUCKET_OK);
	assert_int_equal(page.count, BUCKET_PAGE_MAX);
	assert_true(page.more);
	for (unsigned i = 0; i < BUCKET_PAGE_MAX; i++) {
		(void)snprintf(name, sizeof(name), "m/%04u", i + 100);
		assert_string_equal(page.items[i].key, name);
	}
	free(page.items);
}

/* A short name after a long one in the same folder is itself, and no longer. */
static void short_names_beside_long_ones(void **state)
{
	struct bucket *bucket = *state;
	char key[8] = "n/a";

	for (; key[2] < 'q'; key[2]++) {
		char beside[] = {'n', '/', key[2], 'z', 'z', '\0'};

		(void)suite_put_text(bucket, key, "x", BUCKET_ALWAYS);
		(void)suite_put_text(bucket, beside, "x", BUCKET_ALWAYS);
	}
	for (key[2] = 'a'; key[2] < 'q'; key[2]++) {
		struct bucket_page page = {0};
		struct call call;

		call_init(&call, odd.now_ms);
		assert_int_equal(bucket_list(bucket, key, key, &call, &page), BUCKET_OK);
		assert_int_equal(page.count, 1);
		assert_int_equal(strlen(page.items[0].key), 5);
		free(page.items);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_errno_has_its_meaning),
    cmocka_unit_test_setup_teardown(signals_are_nothing, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(zero_after_a_signal, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(a_late_call_does_nothing, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(a_deadline_that_passes_in_the_middle, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(locks_are_waited_for, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(the_pauses_grow_to_five_milliseconds, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(another_key_is_not_waited_for, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(begins_again_a_hundred_times, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_not_made, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(files_that_change_are_read_again, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(a_disk_that_takes_nothing_is_full, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(a_close_that_fails, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(descriptor_zero_is_one, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(names_that_are_no_keys, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(only_folders_that_matter_are_read, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(a_folder_of_many, open_odd, close_odd),
    cmocka_unit_test_setup_teardown(short_names_beside_long_ones, open_odd, close_odd),
};

TEST_MAIN(tests)
