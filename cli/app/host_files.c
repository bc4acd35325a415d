/*
 * cli/app/host_files.c: reading with a bound; temp file, fsync, rename, fsync of the folder.
 */
#include "cli/app/host_files.h"
#include "cli/app/host_system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK (64u << 10)
#define FOLDER_FILES_MAX 1000u

bool file_path(const char *folder, const char *name, char out[FILE_PATH_MAX])
{
	int len = snprintf(out, FILE_PATH_MAX, "%s/%s", folder, name);

	return len > 0 && (size_t)len < FILE_PATH_MAX;
}

int file_is_shared(const char *path, bool *shared_out)
{
	struct stat info;

	if (stat(path, &info) != 0)
		return errno;
	*shared_out = (info.st_mode & (S_IRWXG | S_IRWXO)) != 0;
	return 0;
}

/* What is there is not even opened: to close it again would drop the locks that another descriptor
 * of this process holds on it. */
int file_create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (fd < 0)
		return errno == EEXIST ? 0 : errno;
	return close(fd) == 0 ? 0 : errno;
}

int file_remove(const char *path)
{
	return unlink(path) == 0 || errno == ENOENT ? 0 : errno;
}

int folder_current(char out[FILE_PATH_MAX])
{
	return getcwd(out, FILE_PATH_MAX) == NULL ? errno : 0;
}

bool file_is_there(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0;
}

int file_read_so_far(int fd, size_t max, struct bytes *out)
{
	struct stat info;
	/* A file's bytes are there: reading it is not given up for a signal. */
	bool waits = fstat(fd, &info) != 0 || !S_ISREG(info.st_mode);
	struct buffer buffer;
	int error = 0;

	buffer_init(&buffer, max + READ_CHUNK);
	while (error == 0) {
		size_t before = buffer.len;
		uint8_t *room = buffer_extend(&buffer, READ_CHUNK);
		ssize_t got = -1;

		if (room == NULL) {
			error = before + READ_CHUNK > buffer.max ? EFBIG : ENOMEM;
			break;
		}
		if (waits)
			error = system_await_input(fd);
		if (error == 0)
			got = read(fd, room, READ_CHUNK);
		buffer.len = before + (got > 0 ? (size_t)got : 0);
		if (got == 0)
			break;
		if (error == 0 && got < 0 && errno != EINTR)
			error = errno;
	}
	if (error == 0 && buffer.len > max)
		error = EFBIG;
	/* What came before a failed allocation stands; a new one is not needed to take it. */
	buffer.failed = false;
	if (!buffer_take(&buffer, out) && error == 0)
		error = ENOMEM;
	buffer_clear(&buffer);
	return error;
}

int file_read_fd(int fd, size_t max, struct bytes *out)
{
	struct bytes read = {0};
	int error = file_read_so_far(fd, max, &read);

	if (error == 0)
		*out = read;
	else
		bytes_clear(&read);
	return error;
}

/* A regular file's descriptor, or -1 and errno: to open a pipe would wait for who writes into it.
 */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat info;

	if (fd < 0)
		return fd;
	if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
		return fd;
	errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
	(void)close(fd);
	return -1;
}

static int read_and_close(int fd, size_t max, struct bytes *out)
{
	int error;

	if (fd < 0)
		return errno;
	error = file_read_fd(fd, max, out);
	(void)close(fd);
	return error;
}

int file_read(const char *path, size_t max, struct bytes *out)
{
	return read_and_close(open_regular(path), max, out);
}

int file_read_named(const char *path, size_t max, struct bytes *out)
{
	return read_and_close(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), max, out);
}

/*
 * Where a file of that name goes: a link stays, and what it names is replaced. A rename would put a
 * file in the place of a device or a pipe, too: those are refused.
 */
static int find_place(const char *path, char out[FILE_PATH_MAX])
{
	struct stat info;
	char *real;
	int len;

	if (lstat(path, &info) != 0 || !S_ISLNK(info.st_mode)) {
		len = snprintf(out, FILE_PATH_MAX, "%s", path);
	} else {
		real = realpath(path, NULL);
		if (real == NULL)
			return errno;
		len = snprintf(out, FILE_PATH_MAX, "%s", real);
		free(real);
	}
	if (len < 0 || (size_t)len >= FILE_PATH_MAX)
		return ENAMETOOLONG;
	if (stat(out, &info) != 0)
		return errno == ENOENT ? 0 : errno;
	if (S_ISDIR(info.st_mode))
		return EISDIR;
	return S_ISREG(info.st_mode) ? 0 : EINVAL;
}

int file_begin(const char *path, struct file_out *out)
{
	int error = find_place(path, out->path);
	int len;

	out->fd = -1;
	if (error != 0)
		return error;
	len = snprintf(out->temp, sizeof(out->temp), "%s.XXXXXX", out->path);
	if (len < 0 || (size_t)len >= sizeof(out->temp))
		return ENAMETOOLONG;
	out->fd = mkstemp(out->temp); /* mode 0600 */
	return out->fd < 0 ? errno : 0;
}

int file_add(struct file_out *out, struct view bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(out->fd, bytes.data, bytes.len);

		if (written < 0 && (errno != EINTR || system_cancelled()))
			return errno;
		if (written > 0) {
			bytes.data += written;
			bytes.len -= (size_t)written;
		}
	}
	return 0;
}

/* A rename is durable once its folder is. */
static int sync_parent(const char *path)
{
	char parent[FILE_PATH_MAX];
	char *slash;
	int fd;
	int error = 0;

	(void)snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash == NULL)
		(void)snprintf(parent, sizeof(parent), ".");
	else
		slash[slash == parent ? 1 : 0] = '\0';
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fsync(fd) != 0)
		error = errno;
	(void)close(fd);
	return error;
}

int file_commit(struct file_out *out)
{
	int error = 0;

	if (fsync(out->fd) != 0)
		error = errno;
	if (close(out->fd) != 0 && error == 0)
		error = errno;
	out->fd = -1;
	if (error == 0 && rename(out->temp, out->path) != 0)
		error = errno;
	if (error != 0) {
		(void)unlink(out->temp);
		return error;
	}
	return sync_parent(out->path);
}

void file_abort(struct file_out *out)
{
	if (out->fd < 0)
		return;
	(void)close(out->fd);
	(void)unlink(out->temp);
	out->fd = -1;
}

int file_write(const char *path, struct view bytes)
{
	struct file_out out;
	int error = file_begin(path, &out);

	if (error == 0)
		error = file_add(&out, bytes);
	if (error == 0)
		error = file_commit(&out);
	file_abort(&out);
	return error;
}

int file_sync(const char *path)
{
	int fd = open_regular(path);
	int error = 0;

	if (fd < 0)
		return errno;
	if (fsync(fd) != 0)
		error = errno;
	(void)close(fd);
	return error == 0 ? sync_parent(path) : error;
}

static int folder_make_one(const char *path)
{
	struct stat info;
	int error;

	if (mkdir(path, S_IRWXU) == 0)
		return sync_parent(path);
	error = errno;
	/* It is there, or it can't be made: what stands above may be read-only, say. */
	if (stat(path, &info) == 0)
		return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
	return error;
}

int folder_make(const char *path)
{
	char part[FILE_PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return len == 0 ? ENOENT : ENAMETOOLONG;
	for (size_t i = 1; i <= len; i++) {
		int error;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		error = folder_make_one(part);
		if (error != 0)
			return error;
	}
	return 0;
}

int folder_make_unique(char *path)
{
	return mkdtemp(path) == NULL ? errno : sync_parent(path);
}

void folder_remove(const char *path, bool (*goes)(const char *name))
{
	DIR *folder = opendir(path);
	struct dirent *item;

	for (unsigned i = 0; folder != NULL && i < FOLDER_FILES_MAX; i++) {
		char file[FILE_PATH_MAX];

		item = readdir(folder);
		if (item == NULL)
			break;
		if ((goes == NULL || goes(item->d_name)) && file_path(path, item->d_name, file))
			(void)unlink(file); /* "." and "..", as folders, stay */
	}
	if (folder != NULL)
		(void)closedir(folder);
	(void)rmdir(path);
}
