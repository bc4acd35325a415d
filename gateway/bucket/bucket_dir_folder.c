/*
 * gateway/bucket/bucket_dir_folder.c: folders, made where they are missing. Where what is made here
 * is another's, a folder is made aside, given away there, and moved to its place.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir_folder.h"
#include "gateway/bucket/bucket_dir_owner.h"

void dir_temp_name(struct bucket_dir *dir, const char *prefix, char out[DIR_TEMP_NAME_MAX])
{
	(void)snprintf(out, DIR_TEMP_NAME_MAX, "%s%" PRIdMAX ".%" PRId64 ".%u", prefix,
	    (intmax_t)getpid(), clock_monotonic_ms(&dir->clock),
	    atomic_fetch_add(&dir->temp_count, 1));
}

/* Is the open folder empty? False with errno. */
static bool is_empty(const struct bucket_dir *dir, int folder)
{
	const struct dir_io *io = dir->io;
	int again = io->open_at(io->self, folder, ".", DIR_OPEN_FOLDER, 0);
	DIR *list = again < 0 ? NULL : io->list_open(io->self, again);
	struct dirent *entry;
	int error = errno;

	if (list == NULL) {
		if (again >= 0)
			(void)io->close(io->self, again);
		errno = error;
		return false;
	}
	do
		entry = io->list_next(io->self, list);
	while (entry != NULL && entry->d_name[0] == '.' &&
	       (entry->d_name[1] == '\0' || strcmp(entry->d_name, "..") == 0));
	error = entry != NULL ? ENOTEMPTY : errno;
	io->list_close(io->self, list);
	errno = error;
	return error == 0;
}

/* A new folder of the root, under a name that is no key's. 0 or an errno. */
static int aside_new(struct bucket_dir *dir, char name[DIR_TEMP_NAME_MAX])
{
	int error = EEXIST;

	for (unsigned try = 0; try < DIR_BEGIN_AGAIN_MAX && error == EEXIST; try++) {
		dir_temp_name(dir, DIR_ASIDE, name);
		/* The set-group-ID bit comes from the root; asked for, a hardened unit refuses. */
		error = dir->io->mkdir_at(
		    dir->io->self, dir->root, name, dir->owner.folder_mode & 0777u);
		if (error != 0)
			error = errno;
	}
	return error;
}

/*
 * Made aside, given away there, and moved to its place. If another was faster, an empty folder of
 * theirs is replaced: who has it open meets ENOENT, and begins again.
 */
static int make_aside(struct bucket_dir *dir, int parent, const char *name)
{
	const struct dir_io *io = dir->io;
	char aside[DIR_TEMP_NAME_MAX];
	int error = aside_new(dir, aside);
	int fd;

	if (error != 0)
		return error;
	fd = io->open_at(io->self, dir->root, aside, DIR_OPEN_FOLDER, 0);
	if (fd < 0) {
		error = errno;
	} else {
		/* Who owns the root may have put another folder there meanwhile, one of root's that
		 * they may move and not read: that is not given away. */
		error = is_empty(dir, fd) ? dir_give(dir, fd, dir->owner.folder_mode) : errno;
		(void)io->close(io->self, fd);
	}
	if (error == 0 && io->rename_at(io->self, dir->root, aside, parent, name) != 0)
		error = errno;
	if (error != 0)
		(void)io->unlink_at(io->self, dir->root, aside, AT_REMOVEDIR);
	return error == EEXIST || error == ENOTEMPTY ? 0 : error;
}

static int folder_make(struct bucket_dir *dir, int parent, const char *name)
{
	const struct dir_io *io = dir->io;

	if (dir->owner.gives)
		return make_aside(dir, parent, name);
	if (io->mkdir_at(io->self, parent, name, dir->owner.folder_mode) != 0 && errno != EEXIST)
		return errno;
	return 0;
}

/* One folder in another; made first if it is missing and create. -1 with errno. */
int dir_folder_open(struct bucket_dir *dir, int parent, const char *name, bool create)
{
	const struct dir_io *io = dir->io;
	int fd = io->open_at(io->self, parent, name, DIR_OPEN_FOLDER, 0);

	if (fd >= 0 || errno != ENOENT || !create)
		return fd;
	errno = folder_make(dir, parent, name);
	if (errno != 0)
		return -1;
	return io->open_at(io->self, parent, name, DIR_OPEN_FOLDER, 0);
}

int dir_hidden_open(struct bucket_dir *dir, const char *name, bool create)
{
	return dir_folder_open(dir, dir->root, name, create);
}
