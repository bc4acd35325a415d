/*
 * gateway/bucket/bucket_dir_owner.h: whose a folder bucket is, and that all in it stays so.
 */
#ifndef INKSEAL_BUCKET_DIR_OWNER_H
#define INKSEAL_BUCKET_DIR_OWNER_H

#include "gateway/bucket/bucket_dir_io.h"

struct dir_who { /* acts */
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
/* What was made is the folder's owner's, group's and mode's from now on. 0 or an errno. */
MUST_USE int dir_give(const struct bucket_dir *dir, int fd, mode_t mode);

#endif
