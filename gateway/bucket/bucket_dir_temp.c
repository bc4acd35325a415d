/*
 * gateway/bucket/bucket_dir_temp.c: the files of a folder bucket before they are in their place, in
 * the root's hidden temp folder: on the same file system, so that a rename moves them whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir_folder.h"
#include "gateway/bucket/bucket_dir_owner.h"
#include "gateway/bucket/bucket_dir_temp.h"
#include "gateway/bucket/bucket_object.h"

void dir_temp_clear(const struct bucket_dir *dir, struct dir_temp *temp)
{
	if (temp->folder < 0)
		return;
	if (temp->name[0] != '\0')
		(void)dir->io->unlink_at(dir->io->self, temp->folder, temp->name, 0);
	(void)dir->io->close(dir->io->self, temp->folder);
	*temp = (struct dir_temp){.folder = -1};
}

/* A new file of a name of its own. -1 with errno; temp->name is set only when it is ours. */
static int temp_create(struct bucket_dir *dir, struct dir_temp *temp)
{
	char name[DIR_TEMP_NAME_MAX];

	for (unsigned try = 0; try < DIR_BEGIN_AGAIN_MAX; try++) {
		int fd;

		dir_temp_name(dir, "", name);
		fd = dir->io->open_at(dir->io->self, temp->folder, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, dir->owner.file_mode);
		if (fd >= 0)
			memcpy(temp->name, name, sizeof(name));
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

static int write_all(const struct bucket_dir *dir, int fd, struct view data)
{
	size_t done = 0;

	while (done < data.len) {
		ssize_t put = dir->io->write(dir->io->self, fd, data.data + done, data.len - done);

		if (put < 0)
			return errno;
		if (put == 0)
			return ENOSPC;
		done += (size_t)put;
	}
	return 0;
}

/* The file of a new name, open. -1 with errno. */
static int temp_open(struct bucket_dir *dir, struct dir_temp *temp)
{
	int error = ENOENT; /* the hidden folder is being made anew under us */
	int fd = -1;

	for (unsigned try = 0; try < DIR_BEGIN_AGAIN_MAX && fd < 0 && error == ENOENT; try++) {
		dir_temp_clear(dir, temp);
		temp->folder = dir_hidden_open(dir, DIR_TEMP_FOLDER, true);
		fd = temp->folder < 0 ? -1 : temp_create(dir, temp);
		error = errno;
	}
	errno = error;
	return fd;
}

int dir_temp_new(struct bucket_dir *dir, struct view data, struct dir_temp *temp)
{
	const struct dir_io *io = dir->io;
	int fd = temp_open(dir, temp);
	int error;

	if (fd < 0)
		return errno;
	error = dir_give(dir, fd, dir->owner.file_mode);
	if (error == 0)
		error = write_all(dir, fd, data);
	if (error == 0 && io->sync(io->self, fd) != 0)
		error = errno;
	/* Some file systems tell of a full disk only here. */
	if (io->close(io->self, fd) != 0 && error == 0 && errno != EINTR)
		error = errno;
	return error;
}

/* What is in the folder, or with aside in the root and not in its place, and stale. */
static void sweep_folder(const struct bucket_dir *dir, int folder, bool aside)
{
	const struct dir_io *io = dir->io;
	int64_t stale_ms = clock_wall_ms(&dir->clock) - DIR_TEMP_STALE_MS;
	DIR *list = io->list_open(io->self, folder);
	struct dirent *entry;

	if (list == NULL) {
		(void)io->close(io->self, folder);
		return;
	}
	while ((entry = io->list_next(io->self, list)) != NULL) {
		struct stat info;

		if ((aside && !bucket_begins(entry->d_name, DIR_ASIDE)) ||
		    io->stat_at(io->self, folder, entry->d_name, &info) != 0 ||
		    (int64_t)info.st_mtim.tv_sec * 1000 >= stale_ms)
			continue;
		if (aside ? S_ISDIR(info.st_mode) : S_ISREG(info.st_mode))
			(void)io->unlink_at(
			    io->self, folder, entry->d_name, aside ? AT_REMOVEDIR : 0);
	}
	io->list_close(io->self, list);
}

void dir_temp_sweep(struct bucket_dir *dir)
{
	int folder = dir_hidden_open(dir, DIR_TEMP_FOLDER, false);

	if (folder >= 0)
		sweep_folder(dir, folder, false);
	/* Opened anew: what is listed is closed. */
	folder = dir->io->open_at(dir->io->self, dir->root, ".", DIR_OPEN_FOLDER, 0);
	if (folder >= 0)
		sweep_folder(dir, folder, true);
}
