/*
 * gateway/bucket/bucket_dir_path.h: the folders of a key, open.
 */
#ifndef INKSEAL_BUCKET_DIR_PATH_H
#define INKSEAL_BUCKET_DIR_PATH_H

#include "gateway/bucket/bucket_dir_io.h"

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

#endif
