/*
 * cli/port/markdown_import.c: a folder of Markdown files, as entries. Folders are read one level at
 * a time, in the order of their names, so that the same folder always gives the same import; names
 * that begin with a dot are another program's, and are passed over. One bad file is dropped.
 */
#include "cli/port/port_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1000000u /* files and folders that are looked at */
#define FOLDER_DEPTH_MAX 32u
#define FILE_MAX (CONTENT_MAX + FRONT_MATTER_MAX + 64u) /* with the lines around */
#define WHERE_MAX 1024u

struct import {
	const struct random *random;
	const struct clock *clock;
	const struct port_sink *sink;
	struct call *call;
	size_t seen;
	char where[WHERE_MAX]; /* path of what is read, below the folder; cut off if too long */
};

/* ---- Files ---- */

static enum port_result drop(struct import *import, const char *reason)
{
	return import->sink->dropped(import->sink->self, import->where, reason) ? PORT_OK
										: PORT_STOPPED;
}

static enum port_result drop_errno(struct import *import, int error)
{
	char reason[REASON_MAX];
	char text[64];

	if (strerror_r(error, text, sizeof(text)) != 0)
		(void)snprintf(text, sizeof(text), "error %d", error);
	(void)snprintf(reason, sizeof(reason), "cannot be read: %s", text);
	return drop(import, reason);
}

/* The open file whole. False, with errno; EFBIG: over FILE_MAX; ENOMEM: no memory. */
static bool read_whole(int fd, struct bytes *out)
{
	struct buffer buffer;
	bool good = false;
	ssize_t got = 1;

	buffer_init(&buffer, FILE_MAX);
	while (got > 0) {
		char chunk[16384];

		got = read(fd, chunk, sizeof(chunk));
		if (got < 0 && errno == EINTR) {
			got = 1;
			continue;
		}
		if (got < 0)
			goto done;
		if ((size_t)got > buffer.max - buffer.len) {
			errno = EFBIG;
			goto done;
		}
		buffer_add(&buffer, chunk, (size_t)got);
	}
	good = buffer_take(&buffer, out);
	if (!good)
		errno = ENOMEM;
done:
	buffer_clear(&buffer);
	return good;
}

/* A file's time is what its last writer's clock said: one in the future counts as now. */
static int64_t file_time_ms(struct import *import, const struct stat *status)
{
	int64_t now_ms = clock_wall_ms(import->clock);
	int64_t time_ms =
	    (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;

	return time_ms < now_ms ? time_ms : now_ms;
}

static enum port_result import_text(
    struct import *import, struct view file, const char *name, int64_t time_ms)
{
	struct note note = {.name = name, .time_ms = time_ms};
	bool good = false;
	enum port_result result = note_read(&note, file, import->random, &good);

	if (result == PORT_OK && !good)
		result = drop(import, note.reason);
	else if (result == PORT_OK && !import->sink->entry(import->sink->self, &note.entry))
		result = PORT_STOPPED;
	note_clear(&note);
	return result;
}

static enum port_result import_file(struct import *import, int folder, const char *name)
{
	struct bytes file = {0};
	struct stat status;
	enum port_result result = PORT_OK;
	/* O_NONBLOCK: a pipe under that name must not hold us up. */
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return drop_errno(import, errno);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		result = drop_errno(import, EINVAL);
		goto done;
	}
	if (read_whole(fd, &file))
		result =
		    import_text(import, view_bytes(&file), name, file_time_ms(import, &status));
	else
		result = errno == ENOMEM ? PORT_FAILED : drop_errno(import, errno);
	if (result == PORT_FAILED)
		call_sayf(import->call, "out of memory");
done:
	bytes_clear(&file);
	(void)close(fd);
	return result;
}

struct names {
	char **name;
	size_t count;
	size_t capacity;
};

static void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	free(names->name);
	*names = (struct names){0};
}

static bool names_add(struct names *names, const char *name)
{
	if (names->count == names->capacity) {
		size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
		char **grown = realloc(names->name, capacity * sizeof(*grown));

		if (grown == NULL)
			return false;
		names->name = grown;
		names->capacity = capacity;
	}
	names->name[names->count] = strdup(name);
	if (names->name[names->count] == NULL)
		return false;
	names->count++;
	return true;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The folder's names in order. Takes fd over. */
static enum port_result list_folder(struct import *import, int fd, struct names *out)
{
	DIR *folder = fdopendir(fd);
	struct dirent *item;
	enum port_result result = PORT_OK;

	if (folder == NULL) {
		(void)close(fd);
		call_sayf(import->call, "out of memory");
		return PORT_FAILED;
	}
	for (errno = 0; (item = readdir(folder)) != NULL; errno = 0) {
		if (item->d_name[0] == '.')
			continue;
		if (import->seen == FILES_MAX) {
			call_sayf(import->call, "more than %u files in the folder", FILES_MAX);
			result = PORT_TOO_LARGE;
			goto done;
		}
		import->seen++;
		if (!names_add(out, item->d_name)) {
			call_sayf(import->call, "out of memory");
			result = PORT_FAILED;
			goto done;
		}
	}
	if (errno != 0)
		result = drop_errno(import, errno);
	if (out->count > 0)
		qsort(out->name, out->count, sizeof(out->name[0]), compare_names);
done:
	(void)closedir(folder);
	return result;
}

static bool ends_in_md(const char *name)
{
	size_t len = strlen(name);

	return len > 3 && strcasecmp(name + len - 3, ".md") == 0;
}

static enum port_result import_folder(struct import *import, int fd, unsigned depth);

/* Whatever stands under name in the folder; symbolic links and other kinds are passed over. */
static enum port_result import_name(
    struct import *import, int folder, const char *name, unsigned depth)
{
	struct stat status;
	int fd;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return drop_errno(import, errno);
	if (S_ISREG(status.st_mode) && ends_in_md(name))
		return import_file(import, folder, name);
	if (!S_ISDIR(status.st_mode))
		return PORT_OK;
	if (depth == FOLDER_DEPTH_MAX) {
		char reason[REASON_MAX];

		(void)snprintf(reason, sizeof(reason), "folders below %u levels are not read",
		    FOLDER_DEPTH_MAX);
		return drop(import, reason);
	}
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return drop_errno(import, errno);
	return import_folder(import, fd, depth + 1);
}

/* Puts "/name" behind the path, with control characters as '?': it is to be shown. */
static void where_add(struct import *import, size_t len, const char *name)
{
	int added = snprintf(
	    import->where + len, sizeof(import->where) - len, "%s%s", len == 0 ? "" : "/", name);

	for (char *c = import->where + len; added > 0 && *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = '?';
}

/* Takes fd over. Recursion ends at FOLDER_DEPTH_MAX. */
static enum port_result import_folder(struct import *import, int fd, unsigned depth)
{
	struct names names = {0};
	size_t len = strlen(import->where);
	enum port_result result = PORT_FAILED;
	int list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (list_fd < 0) {
		result = drop_errno(import, errno);
		goto done;
	}
	result = list_folder(import, list_fd, &names);
	for (size_t i = 0; i < names.count && result == PORT_OK; i++) {
		where_add(import, len, names.name[i]);
		result = import_name(import, fd, names.name[i], depth);
		import->where[len] = '\0';
	}
done:
	names_clear(&names);
	(void)close(fd);
	return result;
}

enum port_result markdown_import(const char *folder, const struct random *random,
    const struct clock *clock, const struct port_sink *sink, struct call *call)
{
	struct import import = {.random = random, .clock = clock, .sink = sink, .call = call};
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		char text[64];

		if (strerror_r(errno, text, sizeof(text)) != 0)
			(void)snprintf(text, sizeof(text), "error %d", errno);
		call_sayf(call, "cannot open the folder: %s", text);
		return PORT_IO;
	}
	return import_folder(&import, fd, 1);
}
