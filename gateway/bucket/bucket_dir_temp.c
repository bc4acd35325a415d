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

#include "gateway/bucket/bucket_priv.h"

#define TEMP_TRIES 100u /* of finding a name that no other process uses */

void dir_temp_clear(const struct bucket_dir *dir, struct dir_temp *temp)
{
	if (temp->folder < 0)
		return;
	if (temp->name[0] != '\0')
		(void)dir->io->unlink_at(dir->io->self, temp->folder, temp->name, 0);
	(void)dir->io->close(dir->io->self, temp->folder);
	temp->folder = -1;
}

/* A new file of a name of its own. -1 with errno; temp->name is set only when it is ours. */
static int temp_create(struct bucket_dir *dir, struct dir_temp *temp)
{
	const struct dir_io *io = dir->io;
	char name[DIR_TEMP_NAME_MAX];

	for (unsigned try = 0; try < TEMP_TRIES; try++) {
		int fd;

		(void)snprintf(name, sizeof(name), "%" PRIdMAX ".%" PRId64 ".%u",
		    (intmax_t)getpid(), clock_monotonic_ms(&dir->clock),
		    atomic_fetch_add(&dir->temp_count, 1));
		fd = io->open_at(io->self, temp->folder, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
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

enum bucket_result dir_temp_write(
    struct bucket_dir *dir, struct view data, struct call *call, struct dir_temp *temp)
{
	const struct dir_io *io = dir->io;
	enum bucket_result result;
	int error = 0;
	int fd;

	temp->folder = dir_hidden_open(dir, DIR_TEMP_FOLDER, true);
	fd = temp->folder < 0 ? -1 : temp_create(dir, temp);
	if (fd < 0) {
		error = errno;
		goto done;
	}
	error = write_all(dir, fd, data);
	if (error == 0 && io->sync(io->self, fd) != 0)
		error = errno;
	/* Some file systems tell of a full disk only here. */
	if (io->close(io->self, fd) != 0 && error == 0 && errno != EINTR)
		error = errno;
done:
	if (error == 0)
		return BUCKET_OK;
	result = dir_fail(call, "writing the object", error);
	return result == BUCKET_ABSENT ? BUCKET_RETRY : result;
}

void dir_temp_sweep(const struct bucket_dir *dir)
{
	const struct dir_io *io = dir->io;
	int64_t stale_ms = clock_wall_ms(&dir->clock) - DIR_TEMP_STALE_MS;
	int folder = dir_hidden_open(dir, DIR_TEMP_FOLDER, false);
	struct dirent *entry;
	DIR *list = NULL;

	if (folder < 0)
		return;
	list = io->list_open(io->self, folder);
	if (list == NULL) {
		(void)io->close(io->self, folder);
		return;
	}
	while ((entry = io->list_next(io->self, list)) != NULL) {
		struct stat info;

		if (io->stat_at(io->self, folder, entry->d_name, &info) == 0 &&
		    S_ISREG(info.st_mode) && (int64_t)info.st_mtim.tv_sec * 1000 < stale_ms)
			(void)io->unlink_at(io->self, folder, entry->d_name, 0);
	}
	io->list_close(io->self, list);
}
