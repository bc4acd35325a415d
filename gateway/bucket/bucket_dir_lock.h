/*
 * gateway/bucket/bucket_dir_lock.h: the lock of a key.
 */
#ifndef INKSEAL_BUCKET_DIR_LOCK_H
#define INKSEAL_BUCKET_DIR_LOCK_H

#include "gateway/bucket/bucket_dir_io.h"

/* Excludes every other put and remove of a key, in this process and in others. */
struct dir_lock {
	bool held;
	unsigned slot;
	int fd;
};
MUST_USE enum bucket_result dir_lock_take(
    struct bucket_dir *dir, const char *key, struct call *call, struct dir_lock *lock_out);
void dir_lock_drop(const struct bucket_dir *dir, struct dir_lock *lock);

#endif
