/*
 * tests/crash/dir_crash_test.c: the power fails at each system call of the folder bucket in turn.
 * Names that no sync of their folder has kept are then, drawn by a seed, undone one by one, and a
 * file renamed before its data was synced is empty. A bucket opened anew must show the old object
 * or the new one, whole, and the new one if the call had said OK; nothing else is listed.
 */
#include "tests/test.h"

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "tests/each.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS_MAX 200u
#define SEEDS 8u
#define CHANGES_MAX 64u
#define SYNCS_MAX 64u
#define TEXT_MAX 700u

enum change_kind { RENAMED, UNLINKED, MADE, REMOVED };
struct change { /* of a name, not yet kept by a sync of its folder */
	enum change_kind kind;
	ino_t folder;
	bool kept;
	bool empty; /* RENAMED: the file's data was not synced */
	bool had;   /* there was a file of that name … */
	char path[TEXT_MAX];
	char before[32]; /* … with this text */
};

static struct {
	unsigned nth, calls;
	bool cut;
	ino_t synced[SYNCS_MAX];
	size_t synced_count;
	struct change changes[CHANGES_MAX];
	size_t count;
} disk;
static char root[64];
static uid_t owner; /* of the root; not ours: all that has a name is to be theirs */

static bool is_cut(void)
{
	disk.calls++;
	if (disk.calls >= disk.nth)
		disk.cut = true;
	errno = EIO;
	return disk.cut;
}

static ino_t inode(int fd)
{
	struct stat info;

	assert_int_equal(fstat(fd, &info), 0);
	return info.st_ino;
}

static bool is_synced(ino_t file)
{
	for (size_t i = 0; i < disk.synced_count; i++)
		if (disk.synced[i] == file)
			return true;
	return false;
}

static bool read_text(const char *path, char out[32])
{
	FILE *file = fopen(path, "rb");
	size_t len;

	if (file == NULL)
		return false;
	len = fread(out, 1, 31, file);
	out[len] = '\0';
	assert_int_equal(fclose(file), 0);
	return true;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL)
		return; /* its folder was undone too */
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
}

/* Notes the change that is about to be made to a name. */
static struct change *note(enum change_kind kind, int folder, const char *name)
{
	struct change *change = &disk.changes[disk.count];
	char link[64];
	ssize_t len;

	assert_true(disk.count < CHANGES_MAX);
	*change = (struct change){.kind = kind, .folder = inode(folder)};
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	len = readlink(link, change->path, TEXT_MAX - 300);
	assert_true(len > 0);
	(void)snprintf(change->path + len, TEXT_MAX - (size_t)len, "/%s", name);
	if (kind == RENAMED || kind == UNLINKED)
		change->had = read_text(change->path, change->before);
	return change;
}

static int open_at(void *self, int folder, const char *name, int flags, mode_t mode)
{
	return is_cut() ? -1 : dir_io_system.open_at(self, folder, name, flags, mode);
}

static int close_it(void *self, int fd)
{
	return dir_io_system.close(self, fd);
}

static ssize_t read_it(void *self, int fd, void *out, size_t len)
{
	return is_cut() ? -1 : dir_io_system.read(self, fd, out, len);
}

static ssize_t write_it(void *self, int fd, const void *data, size_t len)
{
	return is_cut() ? -1 : dir_io_system.write(self, fd, data, len);
}

static int sync_it(void *self, int fd)
{
	(void)self;
	if (is_cut())
		return -1;
	assert_true(disk.synced_count < SYNCS_MAX);
	disk.synced[disk.synced_count++] = inode(fd);
	for (size_t i = 0; i < disk.count; i++)
		if (disk.changes[i].folder == inode(fd))
			disk.changes[i].kept = true;
	return 0;
}

static int stat_it(void *self, int fd, struct stat *out)
{
	return is_cut() ? -1 : dir_io_system.stat(self, fd, out);
}

static int stat_at(void *self, int folder, const char *name, struct stat *out)
{
	return is_cut() ? -1 : dir_io_system.stat_at(self, folder, name, out);
}

static int rename_at(void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	struct change *change;
	struct stat info;

	if (is_cut())
		return -1;
	assert_int_equal(fstatat(from_folder, from, &info, 0), 0);
	change = note(S_ISDIR(info.st_mode) ? MADE : RENAMED, to_folder, to);
	change->empty = S_ISREG(info.st_mode) && !is_synced(info.st_ino);
	disk.count++;
	return dir_io_system.rename_at(self, from_folder, from, to_folder, to);
}

static int unlink_at(void *self, int folder, const char *name, int flags)
{
	int result;

	if (is_cut())
		return -1;
	(void)note(flags == AT_REMOVEDIR ? REMOVED : UNLINKED, folder, name);
	result = dir_io_system.unlink_at(self, folder, name, flags);
	disk.count += result == 0;
	return result;
}

static int mkdir_at(void *self, int folder, const char *name, mode_t mode)
{
	int result;

	if (is_cut())
		return -1;
	if (folder == AT_FDCWD)
		return dir_io_system.mkdir_at(self, folder, name, mode);
	(void)note(MADE, folder, name);
	result = dir_io_system.mkdir_at(self, folder, name, mode);
	disk.count += result == 0;
	return result;
}

/* A lock file that is lost with its name is made anew. */
static int link_at(void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	int result;

	if (is_cut())
		return -1;
	(void)note(RENAMED, to_folder, to);
	result = dir_io_system.link_at(self, from_folder, from, to_folder, to);
	disk.count += result == 0;
	return result;
}

static int access_at(void *self, int folder, const char *name, int how)
{
	return is_cut() ? -1 : dir_io_system.access_at(self, folder, name, how);
}

static int chown_it(void *self, int fd, uid_t uid, gid_t gid)
{
	return is_cut() ? -1 : dir_io_system.chown(self, fd, uid, gid);
}

static int chmod_it(void *self, int fd, mode_t mode)
{
	return is_cut() ? -1 : dir_io_system.chmod(self, fd, mode);
}

static int lock_it(void *self, int fd)
{
	return is_cut() ? -1 : dir_io_system.lock(self, fd);
}

static DIR *list_open(void *self, int fd)
{
	return is_cut() ? NULL : dir_io_system.list_open(self, fd);
}

static struct dirent *list_next(void *self, DIR *list)
{
	return is_cut() ? NULL : dir_io_system.list_next(self, list);
}

static void list_close(void *self, DIR *list)
{
	dir_io_system.list_close(self, list);
}

static const struct dir_io lossy_io = {.open_at = open_at,
    .close = close_it,
    .read = read_it,
    .write = write_it,
    .sync = sync_it,
    .stat = stat_it,
    .stat_at = stat_at,
    .rename_at = rename_at,
    .unlink_at = unlink_at,
    .mkdir_at = mkdir_at,
    .link_at = link_at,
    .access_at = access_at,
    .chown = chown_it,
    .chmod = chmod_it,
    .lock = lock_it,
    .list_open = list_open,
    .list_next = list_next,
    .list_close = list_close};

/* The newest first: each finds what it left. A folder that is not empty stays. */
static void land(uint32_t seed)
{
	for (size_t i = disk.count; i > 0; i--) {
		const struct change *change = &disk.changes[i - 1];

		seed = seed * 1664525u + 1013904223u;
		if (change->empty)
			write_text(change->path, "");
		if (change->kept || seed >> 31 == 0)
			continue;
		switch (change->kind) {
		case RENAMED:
		case UNLINKED:
			if (change->had)
				write_text(change->path, change->before);
			else
				(void)unlink(change->path);
			break;
		case MADE: (void)rmdir(change->path); break;
		case REMOVED: (void)mkdir(change->path, 0700); break;
		}
	}
}

static int64_t no_time(void *self)
{
	(void)self;
	return 0;
}
static const struct clock clock_still = {.wall_ms = no_time, .monotonic_ms = no_time};

static struct bucket *open_bucket(const struct dir_io *io)
{
	struct call call;

	call_init(&call, 1000);
	return bucket_dir_open(root, io, &clock_still, &call);
}

/* The object's text, or "" if there is none. */
static void object_text(
    struct bucket *bucket, const char *key, char out[32], struct bucket_tag *tag)
{
	struct bucket_get get = {.key = key};
	struct bytes data = {0};
	enum bucket_result got;
	struct call call;

	call_init(&call, 1000);
	got = bucket_get(bucket, &get, &call, &data, tag);
	assert_true(got == BUCKET_OK || got == BUCKET_ABSENT);
	assert_true(data.len < 32);
	if (data.len > 0)
		memcpy(out, data.data, data.len);
	out[data.len] = '\0';
	bytes_clear(&data);
}

struct step {
	const char *key;
	const char *before; /* NULL: absent */
	const char *after;  /* NULL: removed */
	enum bucket_if cond;
};

static void put_text(struct bucket *bucket, const char *key, const char *text, enum bucket_if cond,
    const struct bucket_tag *tag, enum bucket_result want)
{
	struct bucket_put put = {.key = key, .data = view_text(text), .cond = cond, .tag = *tag};
	struct bucket_tag out;
	struct call call;

	call_init(&call, 1000);
	assert_int_equal(bucket_put(bucket, &put, &call, &out), want);
}

static enum bucket_result take_step(
    struct bucket *bucket, const struct step *step, const struct bucket_tag *tag)
{
	struct bucket_put put = {.key = step->key, .cond = step->cond, .tag = *tag};
	struct bucket_tag out;
	struct call call;

	call_init(&call, 1000);
	if (step->after == NULL)
		return bucket_remove(bucket, step->key, &call);
	put.data = view_text(step->after);
	return bucket_put(bucket, &put, &call, &out);
}

/* Old or new, whole; the new if that was said; and the conditions still tell. */
static void check(const struct step *step, enum bucket_result said)
{
	const char *before = step->before == NULL ? "" : step->before;
	const char *after = step->after == NULL ? "" : step->after;
	struct bucket *bucket = open_bucket(&dir_io_system);
	struct bucket_tag tag = {{0}}, other = {{0}};
	struct bucket_page page = {0};
	char now[32], beside[32];
	struct call call;

	assert_non_null(bucket);
	object_text(bucket, step->key, now, &tag);
	if (strcmp(now, after) != 0 && (said == BUCKET_OK || strcmp(now, before) != 0))
		fail_msg(
		    "call %u, said %s: \"%s\" is there", disk.nth, bucket_result_text(said), now);
	object_text(bucket, "a/beside", beside, &other);
	assert_string_equal(beside, "beside");
	call_init(&call, 1000);
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_OK);
	assert_int_equal(page.count, now[0] == '\0' ? 1 : 2);
	free(page.items);
	if (now[0] != '\0') {
		put_text(bucket, step->key, "x", BUCKET_IF_ABSENT, &tag, BUCKET_CONFLICT);
		put_text(bucket, step->key, "later", BUCKET_IF_TAG, &tag, BUCKET_OK);
	} else {
		put_text(bucket, step->key, "later", BUCKET_IF_TAG, &other, BUCKET_CONFLICT);
		put_text(bucket, step->key, "later", BUCKET_IF_ABSENT, &other, BUCKET_OK);
	}
	bucket_close(bucket);
}

/* What was cut off before it had its name may still be ours. */
static int see_owner(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)flag;
	(void)ftw;
	if (info->st_uid != owner && strstr(path, "/.tmp/") == NULL &&
	    strstr(path, "/.new-") == NULL)
		fail_msg("call %u: %s is user %u's", disk.nth, path, (unsigned)info->st_uid);
	return 0;
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)info;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void cut_at(const struct step *step, struct each *each, uint32_t seed)
{
	struct bucket_tag tag = {{0}};
	enum bucket_result said = BUCKET_RETRY;
	struct bucket *bucket;
	char now[32];

	(void)snprintf(root, sizeof(root), "/tmp/inkseal-dir-crash-XXXXXX");
	assert_non_null(mkdtemp(root));
	if (owner != geteuid())
		assert_int_equal(chown(root, owner, owner), 0);
	bucket = open_bucket(&dir_io_system);
	put_text(bucket, "a/beside", "beside", BUCKET_ALWAYS, &tag, BUCKET_OK);
	if (step->before != NULL)
		put_text(bucket, step->key, step->before, BUCKET_ALWAYS, &tag, BUCKET_OK);
	object_text(bucket, step->key, now, &tag);
	bucket_close(bucket);
	memset(&disk, 0, sizeof(disk));
	disk.nth = each->nth;
	bucket = open_bucket(&lossy_io);
	if (bucket != NULL)
		said = take_step(bucket, step, &tag);
	bucket_close(bucket);
	each->hit = disk.cut;
	if (!each->hit)
		assert_int_equal(said, BUCKET_OK);
	land(seed + each->nth);
	assert_int_equal(nftw(root, see_owner, 16, FTW_PHYS), 0);
	check(step, said);
	assert_int_equal(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void each_call(const struct step *step, uid_t whose)
{
	owner = whose;
	for (uint32_t seed = 0; seed < SEEDS; seed++) {
		struct each each = {.of = step->key, .least = 7, .most = CALLS_MAX};

		while (each_next(&each))
			cut_at(step, &each, seed * CALLS_MAX);
	}
}

static void test_put_new(void **state)
{
	(void)state;
	each_call(&(struct step){"a/b/c/one", NULL, "the new one", BUCKET_IF_ABSENT}, geteuid());
}

static void test_put_over(void **state)
{
	(void)state;
	each_call(
	    &(struct step){"a/b/one", "the old one", "the new one", BUCKET_IF_TAG}, geteuid());
}

static void test_put_always(void **state)
{
	(void)state;
	each_call(
	    &(struct step){"a/b/one", "the old one", "the new one", BUCKET_ALWAYS}, geteuid());
}

static void test_remove(void **state)
{
	(void)state;
	each_call(&(struct step){"a/b/c/one", "the old one", NULL, BUCKET_ALWAYS}, geteuid());
}

/* Root in a folder of another user's: no cut leaves anything under its name that is root's. */
static void test_put_for_another(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("not here: root, who writes in a folder of another user's\n");
		skip();
	}
	each_call(&(struct step){"b/c/one", NULL, "the new one", BUCKET_IF_ABSENT}, 12345);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_put_new),
    cmocka_unit_test(test_put_over),
    cmocka_unit_test(test_put_always),
    cmocka_unit_test(test_remove),
    cmocka_unit_test(test_put_for_another),
};

TEST_MAIN(tests)
