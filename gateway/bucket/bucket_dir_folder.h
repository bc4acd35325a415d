/*
 * gateway/bucket/bucket_dir_folder.h: folders of a folder bucket, made where they are missing.
 */
#ifndef INKSEAL_BUCKET_DIR_FOLDER_H
#define INKSEAL_BUCKET_DIR_FOLDER_H

#include "gateway/bucket/bucket_dir_io.h"

/* One folder in another; made first if it is missing and create. -1 with errno. */
MUST_USE int dir_folder_open(struct bucket_dir *dir, int parent, const char *name, bool create);
/* Opens a hidden folder of the root; makes it first if create. -1 with errno. */
MUST_USE int dir_hidden_open(struct bucket_dir *dir, const char *name, bool create);
/* A name that most likely nothing has: after EEXIST, the next. */
void dir_temp_name(struct bucket_dir *dir, const char *prefix, char out[DIR_TEMP_NAME_MAX]);

#endif
