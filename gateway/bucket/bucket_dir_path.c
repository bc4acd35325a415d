/*
 * gateway/bucket/bucket_dir_path.c: the walk from the root to an object's folder, never through a
 * symbolic link.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "gateway/bucket/bucket_dir_folder.h"
#include "gateway/bucket/bucket_dir_path.h"

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
		int fd = dir_folder_open(dir, path->folders[last], path->parts[last], create);

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
