/*
 * gateway/bucket/bucket_dir_lock.c: the lock of a key: one of 256 files, each made on its first
 * use.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir_folder.h"
#include "gateway/bucket/bucket_dir_lock.h"
#include "gateway/bucket/bucket_dir_owner.h"
#include "gateway/bucket/bucket_dir_temp.h"

#define PAUSE_MIN_NS 100000L
#define PAUSE_MAX_NS 5000000L

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

/* Made in its place: where that is whose it should be at once, or there are no hard links. */
static int lock_in_place(const struct bucket_dir *dir, int folder, const char *name)
{
	const struct dir_io *io = dir->io;
	int fd = io->open_at(io->self, folder, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, dir->owner.file_mode);
	int error;

	if (fd < 0)
		return errno == EEXIST ? 0 : errno; /* another was faster */
	error = dir_give(dir, fd, dir->owner.file_mode);
	(void)io->close(io->self, fd);
	return error;
}

/* A link, not a rename: that would take the file away from who has locked it meanwhile. */
static int lock_make(struct bucket_dir *dir, int folder, const char *name)
{
	const struct dir_io *io = dir->io;
	struct dir_temp temp = {.folder = -1};
	int error;

	if (!dir->owner.gives)
		return lock_in_place(dir, folder, name);
	error = dir_temp_new(dir, (struct view){0}, &temp);
	if (error == 0 && io->link_at(io->self, temp.folder, temp.name, folder, name) != 0)
		error = errno;
	dir_temp_clear(dir, &temp);
	if (error == EPERM || error == EOPNOTSUPP || error == ENOSYS || error == EMLINK)
		return lock_in_place(dir, folder, name);
	return error == EEXIST ? 0 : error;
}

/* The slot's lock file, open; made first if it is missing. -1 with errno. */
static int lock_file_try(struct bucket_dir *dir, int folder, const char *name)
{
	const struct dir_io *io = dir->io;
	int fd = io->open_at(io->self, folder, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	errno = lock_make(dir, folder, name);
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
