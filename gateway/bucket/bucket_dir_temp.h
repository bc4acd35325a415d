/*
 * gateway/bucket/bucket_dir_temp.h: a whole, synced file that is in no place yet.
 */
#ifndef INKSEAL_BUCKET_DIR_TEMP_H
#define INKSEAL_BUCKET_DIR_TEMP_H

#include "gateway/bucket/bucket_dir_io.h"

struct dir_temp {
	int folder;                   /* the temp folder, open; < 0: nothing is held */
	char name[DIR_TEMP_NAME_MAX]; /* ""; or the file that dir_temp_clear removes */
};
/*
 * 0 or an errno. temp is to be cleared whatever came back. Moved to its place, its name is to be
 * made "".
 */
MUST_USE int dir_temp_new(struct bucket_dir *dir, struct view data, struct dir_temp *temp);
void dir_temp_clear(const struct bucket_dir *dir, struct dir_temp *temp);
/* Removes what processes left that died while they wrote. Only tidiness: nothing depends on it. */
void dir_temp_sweep(struct bucket_dir *dir);

#endif
