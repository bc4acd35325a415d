/*
 * gateway/bucket/bucket_dir_io.c: the real system calls, and the meaning of errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir_io.h"

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
