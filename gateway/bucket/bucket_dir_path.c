/*
 * gateway/bucket/bucket_dir_path.c: what bucket_dir.c stands on: the real system calls, the meaning
 * of errno, the walk from the root to an object's folder (never through a symbolic link), and the
 * lock of a key.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/bucket_priv.h"

#define PAUSE_MIN_NS 100000L
#define PAUSE_MAX_NS 5000000L

static int system_open_at(void *self, int folder, const char *name, int flags, mode_t mode)
{
	int fd;

	(void)self;
	do
		fd = openat(folder, name, flags, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static int system_close(void *self, int fd)
{
	(void)self;
	return close(fd); /* not again after EINTR: the descriptor is gone by then */
}

static ssize_t system_read(void *self, int fd, void *out, size_t len)
{
	ssize_t got;

	(void)self;
	do
		got = read(fd, out, len);
	while (got < 0 && errno == EINTR);
	return got;
}

static ssize_t system_write(void *self, int fd, const void *data, size_t len)
{
	ssize_t put;

	(void)self;
	do
		put = write(fd, data, len);
	while (put < 0 && errno == EINTR);
	return put;
}

static int system_sync(void *self, int fd)
{
	int result;

	(void)self;
	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	return result;
}

static int system_stat(void *self, int fd, struct stat *out)
{
	(void)self;
	return fstat(fd, out);
}

static int system_stat_at(void *self, int folder, const char *name, struct stat *out)
{
	(void)self;
	return fstatat(folder, name, out, AT_SYMLINK_NOFOLLOW);
}

static int system_rename_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	(void)self;
	return renameat(from_folder, from, to_folder, to);
}

static int system_unlink_at(void *self, int folder, const char *name, int flags)
{
	(void)self;
	return unlinkat(folder, name, flags);
}

static int system_mkdir_at(void *self, int folder, const char *name, mode_t mode)
{
	(void)self;
	return mkdirat(folder, name, mode);
}

static int system_link_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	(void)self;
	return linkat(from_folder, from, to_folder, to, 0);
}

static int system_access_at(void *self, int folder, const char *name, int how)
{
	(void)self;
	return faccessat(folder, name, how, AT_EACCESS);
}

static int system_chown(void *self, int fd, uid_t uid, gid_t gid)
{
	(void)self;
	return fchown(fd, uid, gid);
}

static int system_chmod(void *self, int fd, mode_t mode)
{
	(void)self;
	return fchmod(fd, mode);
}

static int system_lock(void *self, int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	(void)self;
	return fcntl(fd, F_SETLK, &whole);
}

static DIR *system_list_open(void *self, int fd)
{
	(void)self;
	return fdopendir(fd);
}

static struct dirent *system_list_next(void *self, DIR *list)
{
	(void)self;
	errno = 0;
	return readdir(list);
}

static void system_list_close(void *self, DIR *list)
{
	(void)self;
	(void)closedir(list);
}

const struct dir_io dir_io_system = {
    .self = NULL,
    .open_at = system_open_at,
    .close = system_close,
    .read = system_read,
    .write = system_write,
    .sync = system_sync,
    .stat = system_stat,
    .stat_at = system_stat_at,
    .rename_at = system_rename_at,
    .unlink_at = system_unlink_at,
    .mkdir_at = system_mkdir_at,
    .link_at = system_link_at,
    .access_at = system_access_at,
    .chown = system_chown,
    .chmod = system_chmod,
    .lock = system_lock,
    .list_open = system_list_open,
    .list_next = system_list_next,
    .list_close = system_list_close,
};

enum bucket_result dir_fail(struct call *call, const char *what, int error)
{
	char why[128] = "";

	switch (error) {
	case ENOENT: call_sayf(call, "%s: not there", what); return BUCKET_ABSENT;
	case ENOSPC: call_sayf(call, "%s: the disk is full", what); return BUCKET_REFUSED;
	case EDQUOT: call_sayf(call, "%s: the disk quota is used up", what); return BUCKET_REFUSED;
	case EFBIG:
		call_sayf(call, "%s: larger than files may be here", what);
		return BUCKET_REFUSED;
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
		call_sayf(
		    call, "%s: a link, a folder or a file stands where another was expected", what);
		return BUCKET_REFUSED;
	case EXDEV:
		call_sayf(
		    call, "%s: another file system is mounted below the bucket's folder", what);
		return BUCKET_REFUSED;
	case ENOLCK:
	case ENOSYS:
	case EOPNOTSUPP:
		call_sayf(call,
		    "%s: this file system has no locks, or none left: a bucket needs one "
		    "that has",
		    what);
		return BUCKET_REFUSED;
	default: break;
	}
	if (strerror_r(error, why, sizeof(why)) != 0)
		(void)snprintf(why, sizeof(why), "error %d", error);
	call_sayf(call, "%s: %s", what, why);
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
	case EMLINK:
	case ENAMETOOLONG:
	case EINVAL: return BUCKET_REFUSED;
	default: return BUCKET_RETRY;
	}
}

bool dir_late(const struct bucket_dir *dir, const struct call *call)
{
	return clock_monotonic_ms(&dir->clock) > call->deadline_ms;
}

/* One folder in another; made first if it is missing and create. -1 with errno. */
static int folder_open(struct bucket_dir *dir, int parent, const char *name, bool create)
{
	const struct dir_io *io = dir->io;
	int fd = io->open_at(io->self, parent, name, DIR_OPEN_FOLDER, 0);

	if (fd >= 0 || errno != ENOENT || !create)
		return fd;
	errno = dir_folder_make(dir, parent, name);
	if (errno != 0)
		return -1;
	return io->open_at(io->self, parent, name, DIR_OPEN_FOLDER, 0);
}

int dir_hidden_open(struct bucket_dir *dir, const char *name, bool create)
{
	return folder_open(dir, dir->root, name, create);
}

static void path_split(const char *key, struct dir_path *path)
{
	size_t len = strlen(key);

	assert(len >= 1 && len <= BUCKET_KEY_MAX);
	*path = (struct dir_path){0};
	memcpy(path->text, key, len);
	path->parts[path->part_count++] = path->text;
	for (size_t i = 0; i < len; i++) {
		if (path->text[i] != '/')
			continue;
		path->text[i] = '\0';
		assert(path->part_count < DIR_PARTS_MAX);
		path->parts[path->part_count++] = path->text + i + 1;
	}
}

int dir_path_open(struct bucket_dir *dir, const char *key, bool create, struct dir_path *path)
{
	path_split(key, path);
	path->folders[path->folder_count++] = dir->root;
	while (path->folder_count < path->part_count) {
		size_t last = path->folder_count - 1;
		int fd = folder_open(dir, path->folders[last], path->parts[last], create);

		if (fd < 0)
			return errno;
		path->folders[path->folder_count++] = fd;
	}
	return 0;
}

const char *dir_path_leaf(const struct dir_path *path)
{
	return path->parts[path->part_count - 1];
}

void dir_path_close(const struct bucket_dir *dir, struct dir_path *path)
{
	while (path->folder_count > 1)
		(void)dir->io->close(dir->io->self, path->folders[--path->folder_count]);
	path->folder_count = 0; /* the root stays open */
}

/*
 * A POSIX lock belongs to the process: it does not keep our own threads apart, and closing any
 * descriptor of the file drops it. So a slot is first taken among the threads; then its holder is
 * the only one here that has the lock file open. Folders that share a process share the slots too,
 * which costs a little waiting and nothing else.
 */
static pthread_mutex_t slots_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool slots_held[DIR_LOCK_SLOTS]; /* guarded by slots_mutex */

static bool slot_try(unsigned slot)
{
	bool taken;

	(void)pthread_mutex_lock(&slots_mutex);
	taken = !slots_held[slot];
	slots_held[slot] = true;
	(void)pthread_mutex_unlock(&slots_mutex);
	return taken;
}

static void slot_drop(unsigned slot)
{
	(void)pthread_mutex_lock(&slots_mutex);
	slots_held[slot] = false;
	(void)pthread_mutex_unlock(&slots_mutex);
}

/* Sleeps a little, each time longer. False: the deadline has passed. */
static bool pause_for_lock(const struct bucket_dir *dir, struct call *call, long *pause_ns)
{
	struct timespec pause = {.tv_nsec = *pause_ns};

	if (dir_late(dir, call)) {
		call_sayf(call, "another writer held the key until the deadline");
		return false;
	}
	(void)nanosleep(&pause, NULL);
	*pause_ns = *pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : *pause_ns * 2;
	return true;
}

/* The slot's lock file, open; made first if it is missing. -1 with errno. */
static int lock_file_try(struct bucket_dir *dir, int folder, const char *name)
{
	const struct dir_io *io = dir->io;
	int fd = io->open_at(io->self, folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	errno = dir_lock_make(dir, folder, name);
	if (errno != 0)
		return -1;
	return io->open_at(io->self, folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* -1 with errno; else the slot's lock file, open and not yet locked. */
static int lock_file_open(struct bucket_dir *dir, unsigned slot)
{
	char name[8];
	int error = ENOENT; /* the hidden folder is being made anew under us */
	int fd = -1;

	(void)snprintf(name, sizeof(name), "%02x", slot);
	for (unsigned try = 0; try < DIR_BEGIN_AGAIN_MAX && fd < 0 && error == ENOENT; try++) {
		int folder = dir_hidden_open(dir, DIR_LOCK_FOLDER, true);

		if (folder < 0) {
			error = errno;
			continue;
		}
		fd = lock_file_try(dir, folder, name);
		error = errno;
		(void)dir->io->close(dir->io->self, folder);
	}
	errno = error;
	return fd;
}

enum bucket_result dir_lock_take(
    struct bucket_dir *dir, const char *key, struct call *call, struct dir_lock *lock_out)
{
	const struct dir_io *io = dir->io;
	uint8_t hash[crypto_generichash_BYTES_MIN];
	struct dir_lock lock = {.held = true};
	long pause_ns = PAUSE_MIN_NS;
	enum bucket_result result = BUCKET_RETRY;

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)key, strlen(key), NULL, 0);
	lock.slot = hash[0];
	_Static_assert(DIR_LOCK_SLOTS == UINT8_MAX + 1, "a byte names a slot");
	while (!slot_try(lock.slot))
		if (!pause_for_lock(dir, call, &pause_ns))
			return BUCKET_RETRY;
	lock.fd = lock_file_open(dir, lock.slot);
	if (lock.fd < 0) {
		result = dir_fail(call, "opening the key's lock", errno);
		if (result == BUCKET_ABSENT) /* the hidden folder was taken away under us */
			result = BUCKET_RETRY;
		goto fail;
	}
	while (io->lock(io->self, lock.fd) != 0) {
		if (errno != EACCES && errno != EAGAIN && errno != EINTR) {
			result = dir_fail(call, "locking the key", errno);
			goto fail;
		}
		if (!pause_for_lock(dir, call, &pause_ns))
			goto fail;
	}
	*lock_out = lock;
	return BUCKET_OK;
fail:
	if (lock.fd >= 0)
		(void)io->close(io->self, lock.fd);
	slot_drop(lock.slot);
	return result;
}

void dir_lock_drop(const struct bucket_dir *dir, struct dir_lock *lock)
{
	if (!lock->held)
		return;
	(void)dir->io->close(dir->io->self, lock->fd); /* this drops the lock between processes */
	slot_drop(lock->slot);
	*lock = (struct dir_lock){0};
}
