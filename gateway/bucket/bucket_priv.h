/*
 * gateway/bucket/bucket_priv.h: what the files of the folder driver share with one another and with
 * their tests. Its system calls stand in a table, so that a test can count them, fail each in turn,
 * or end the process at any of them.
 */
#ifndef INKSEAL_BUCKET_PRIV_H
#define INKSEAL_BUCKET_PRIV_H

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

/* io is borrowed until close; clock is copied. NULL: call->message says why. */
MUST_USE struct bucket *bucket_dir_open(
    const char *path, const struct dir_io *io, const struct clock *clock, struct call *call);

/* bucket_dir_owner.c: whose what is made in the folder is to be. */
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

/* bucket_dir_path.c: folders, locks and the meaning of errno. */

/* "what: why" into call->message, and what a caller can do about it. ENOENT is BUCKET_ABSENT. */
enum bucket_result dir_fail(struct call *call, const char *what, int error);
bool dir_late(const struct bucket_dir *dir, const struct call *call);
/* Opens a hidden folder of the root; makes it first if create. -1 with errno. */
MUST_USE int dir_hidden_open(struct bucket_dir *dir, const char *name, bool create);

/* A key's folders, all open, from the root (folders[0]) down to the one that holds the object. */
#define DIR_PARTS_MAX (BUCKET_KEY_MAX / 2u + 1u) /* a part and its slash take two bytes or more */
struct dir_path {
	char text[BUCKET_KEY_MAX + 1];    /* the key, its slashes now NULs */
	const char *parts[DIR_PARTS_MAX]; /* into text */
	int folders[DIR_PARTS_MAX];       /* folders[i + 1] is parts[i] in folders[i] */
	size_t part_count;
	size_t folder_count; /* open; as many as parts once all is there */
};
/*
 * 0 or an errno. ENOENT: a folder is missing (or, with create, was pruned again at once: begin
 * again); the folders above it are open. dir_path_close whatever came back.
 */
MUST_USE int dir_path_open(
    struct bucket_dir *dir, const char *key, bool create, struct dir_path *path);
const char *dir_path_leaf(const struct dir_path *path);
void dir_path_close(const struct bucket_dir *dir, struct dir_path *path);

/* Excludes every other put and remove of a key, in this process and in others. */
struct dir_lock {
	bool held;
	unsigned slot;
	int fd;
};
MUST_USE enum bucket_result dir_lock_take(
    struct bucket_dir *dir, const char *key, struct call *call, struct dir_lock *lock_out);
void dir_lock_drop(const struct bucket_dir *dir, struct dir_lock *lock);

/* bucket_dir_temp.c: a whole, synced file that is in no place yet. */
#define DIR_TEMP_NAME_MAX 64u
struct dir_temp {
	int folder;                   /* the temp folder, open; < 0: nothing is held */
	char name[DIR_TEMP_NAME_MAX]; /* ""; or the file that dir_temp_clear removes */
};
/*
 * 0 or an errno. temp is to be cleared whatever came back. Moved to its place, its name is to be
 * made "".
 */
MUST_USE int dir_temp_new(struct bucket_dir *dir, struct view data, struct dir_temp *temp);
/* One that most likely nothing has: after EEXIST, the next. */
void dir_temp_name(struct bucket_dir *dir, const char *prefix, char out[DIR_TEMP_NAME_MAX]);
void dir_temp_clear(const struct bucket_dir *dir, struct dir_temp *temp);
/* Removes what processes left that died while they wrote. Only tidiness: nothing depends on it. */
void dir_temp_sweep(struct bucket_dir *dir);

/* bucket_dir_owner.c */
#define DIR_BEGIN_AGAIN_MAX 100u /* where others are faster: at a folder, at a name */
struct dir_who {                 /* acts */
	uid_t uid;
	gid_t gid;
	bool in_group; /* the folder's */
};
enum dir_owner_result {
	DIR_OWNER_OK,
	DIR_OWNER_ANOTHER,   /* the folder is another's, and not shared with us */
	DIR_OWNER_NO_MEMBER, /* it is shared with a group that we are not in */
};
enum dir_owner_result dir_owner_of(
    const struct stat *folder, const struct dir_who *who, struct dir_owner *out);
/* Sets dir->owner. False: call->message says whose the folder is, and what to do. */
MUST_USE bool dir_owner_judge(struct bucket_dir *dir, const char *path, struct call *call);
/* Why the folder could not be opened: true, and said, if it is another's. */
bool dir_owner_denied(const char *path, struct call *call);
/* May a bucket's folder be made in this one? */
MUST_USE bool dir_owner_may_make(const struct stat *parent, const char *path, struct call *call);
/* 0 or an errno, each; that it is there already is 0. */
MUST_USE int dir_give(const struct bucket_dir *dir, int fd, mode_t mode);
MUST_USE int dir_folder_make(struct bucket_dir *dir, int parent, const char *name);
MUST_USE int dir_lock_make(struct bucket_dir *dir, int folder, const char *name);

/* bucket_dir_list.c */
MUST_USE enum bucket_result dir_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out);

#endif
