/*
 * gateway/bucket/bucket_dir_io.h: a folder bucket that is open, and its system calls. They stand in
 * a table, so that a test can count them, fail each in turn, or end the process at any of them.
 */
#ifndef INKSEAL_BUCKET_DIR_IO_H
#define INKSEAL_BUCKET_DIR_IO_H

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "gateway/bucket/bucket.h"

/* Each call is as its namesake in POSIX, but for EINTR, which the system's own never gives. */
struct dir_io {
	void *self;
	int (*open_at)(void *self, int folder, const char *name, int flags, mode_t mode);
	int (*close)(void *self, int fd);
	ssize_t (*read)(void *self, int fd, void *out, size_t len);
	ssize_t (*write)(void *self, int fd, const void *data, size_t len);
	int (*sync)(void *self, int fd);
	int (*stat)(void *self, int fd, struct stat *out);
	int (*stat_at)(void *self, int folder, const char *name, struct stat *out); /* no links */
	int (*rename_at)(
	    void *self, int from_folder, const char *from, int to_folder, const char *to);
	int (*unlink_at)(void *self, int folder, const char *name, int flags);
	int (*mkdir_at)(void *self, int folder, const char *name, mode_t mode);
	int (*link_at)(
	    void *self, int from_folder, const char *from, int to_folder, const char *to);
	int (*access_at)(void *self, int folder, const char *name, int how); /* as who we act as */
	int (*chown)(void *self, int fd, uid_t uid, gid_t gid);
	int (*chmod)(void *self, int fd, mode_t mode);
	int (*lock)(void *self, int fd);       /* exclusive, the whole file, without waiting */
	DIR *(*list_open)(void *self, int fd); /* takes fd over, unless it fails */
	struct dirent *(*list_next)(void *self, DIR *list); /* NULL with errno 0: the end */
	void (*list_close)(void *self, DIR *list);
};
extern const struct dir_io dir_io_system;

/* Whose what is made in the folder is to be. */
struct dir_owner {
	bool gives; /* it is not so by itself: owner, group and mode are set before it has its name
		     */
	uid_t uid;  /* these two: -1: as it comes */
	gid_t gid;
	mode_t file_mode, folder_mode;
};

struct bucket_dir {
	int root; /* the folder, open */
	struct dir_owner owner;
	const struct dir_io *io;
	struct clock clock;
	atomic_uint temp_count; /* for the names of temp files */
};

#define DIR_TEMP_FOLDER ".tmp"  /* no key begins with a dot: neither can be listed or named */
#define DIR_LOCK_FOLDER ".lock" /* one file a slot, made on first use, never removed */
#define DIR_ASIDE ".new-"       /* begins the names of folders that are not in their place yet */
#define DIR_LOCK_SLOTS 256u
#define DIR_TEMP_STALE_MS (60 * 60 * 1000)
#define DIR_OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

#define DIR_BEGIN_AGAIN_MAX 100u /* where others are faster: at a folder, at a name */
#define DIR_TEMP_NAME_MAX 64u

/* "what: why" into call->message, and what a caller can do about it. ENOENT is BUCKET_ABSENT. */
enum bucket_result dir_fail(struct call *call, const char *what, int error);
bool dir_late(const struct bucket_dir *dir, const struct call *call);

#endif
