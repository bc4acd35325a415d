/*
 * tests/crash/lossy_disk.c: the files of lossy_vfs.h: what is written, and what is synced. What a
 * power cut leaves of the difference is lossy_cut.c's.
 */
#include "tests/crash/lossy_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lossy_file lossy_disk[LOSSY_FILES_MAX];
static struct lossy_file kept[LOSSY_FILES_MAX]; /* path, exists, named and now alone */

static void data_clear(struct lossy_data *data)
{
	free(data->bytes);
	*data = (struct lossy_data){0};
}

static bool data_reserve(struct lossy_data *data, size_t len)
{
	size_t capacity = data->capacity == 0 ? 65536 : data->capacity;
	uint8_t *grown;

	if (len > LOSSY_FILE_MAX)
		return false;
	if (len <= data->capacity)
		return true;
	while (capacity < len)
		capacity *= 2;
	grown = realloc(data->bytes, capacity);
	if (grown == NULL)
		return false;
	data->bytes = grown;
	data->capacity = capacity;
	return true;
}

/* A hole is zeros, as in any file. */
static bool data_resize(struct lossy_data *data, size_t len)
{
	if (!data_reserve(data, len))
		return false;
	if (len > data->len)
		memset(data->bytes + data->len, 0, len - data->len);
	data->len = len;
	return true;
}

bool lossy_data_write(struct lossy_data *data, size_t offset, const void *bytes, size_t len)
{
	if (offset > LOSSY_FILE_MAX || len > LOSSY_FILE_MAX - offset)
		return false;
	if (offset + len > data->len && !data_resize(data, offset + len))
		return false;
	if (len > 0)
		memcpy(data->bytes + offset, bytes, len);
	return true;
}

bool lossy_data_copy(struct lossy_data *to, const struct lossy_data *from)
{
	if (!data_resize(to, from->len))
		return false;
	if (from->len > 0)
		memcpy(to->bytes, from->bytes, from->len);
	return true;
}

static void changes_clear(struct lossy_file *file)
{
	for (size_t i = 0; i < file->changes_count; i++)
		free(file->changes[i].bytes);
	file->changes_count = 0;
}

void lossy_forget(struct lossy_file *file)
{
	changes_clear(file);
	free(file->changes);
	data_clear(&file->now);
	data_clear(&file->synced);
	data_clear(&file->ghost);
	*file = (struct lossy_file){0};
}

void lossy_clear(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		lossy_forget(&lossy_disk[i]);
		lossy_forget(&kept[i]);
	}
	lossy_start_all();
}

struct lossy_file *lossy_find(const char *path)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++)
		if (lossy_disk[i].exists && strcmp(lossy_disk[i].path, path) == 0)
			return &lossy_disk[i];
	return NULL;
}

struct lossy_file *lossy_make(const char *path)
{
	struct lossy_file *file = lossy_find(path);

	if (file != NULL)
		return file;
	for (size_t i = 0; i < LOSSY_FILES_MAX && file == NULL; i++)
		if (strcmp(lossy_disk[i].path, path) == 0) /* it was removed: the ghost is kept */
			file = &lossy_disk[i];
	for (size_t i = 0; i < LOSSY_FILES_MAX && file == NULL; i++)
		if (lossy_disk[i].path[0] == '\0')
			file = &lossy_disk[i];
	if (file == NULL || strlen(path) >= LOSSY_PATH_MAX)
		return NULL;
	memcpy(file->path, path, strlen(path) + 1);
	file->exists = true;
	file->named = false;
	return file;
}

/* The platter keeps the name, and what was synced under it, until the folder is synced. */
void lossy_remove(struct lossy_file *file)
{
	if (file->named) {
		data_clear(&file->ghost);
		file->ghost = file->synced;
		file->synced = (struct lossy_data){0};
		file->haunts = true;
	}
	changes_clear(file);
	data_clear(&file->now);
	data_clear(&file->synced);
	file->exists = false;
	file->named = false;
}

static struct lossy_change *change_add(struct lossy_file *file)
{
	size_t capacity = file->changes_capacity == 0 ? 64 : 2 * file->changes_capacity;
	struct lossy_change *grown;

	if (file->changes_count == file->changes_capacity) {
		grown = realloc(file->changes, capacity * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		file->changes = grown;
		file->changes_capacity = capacity;
	}
	return &file->changes[file->changes_count];
}

bool lossy_write(struct lossy_file *file, size_t offset, const void *bytes, size_t len)
{
	struct lossy_change *change = change_add(file);
	uint8_t *copy = malloc(len + 1);

	if (change == NULL || copy == NULL || !lossy_data_write(&file->now, offset, bytes, len)) {
		free(copy);
		return false;
	}
	memcpy(copy, bytes, len);
	*change = (struct lossy_change){.offset = offset, .len = len, .bytes = copy};
	file->changes_count++;
	return true;
}

bool lossy_truncate(struct lossy_file *file, size_t len)
{
	struct lossy_change *change = change_add(file);

	if (change == NULL || !data_resize(&file->now, len))
		return false;
	*change = (struct lossy_change){.truncates = true, .offset = len};
	file->changes_count++;
	return true;
}

bool lossy_change_apply(struct lossy_data *data, const struct lossy_change *change, size_t len)
{
	if (change->truncates)
		return data_resize(data, change->offset);
	return lossy_data_write(data, change->offset, change->bytes, len);
}

bool lossy_sync(struct lossy_file *file)
{
	if (!data_reserve(&file->synced, file->now.len))
		return false;
	for (size_t i = 0; i < file->changes_count; i++)
		if (!lossy_change_apply(&file->synced, &file->changes[i], file->changes[i].len))
			return false;
	changes_clear(file);
	return true;
}

static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? 0 : (size_t)(slash - path);
}

bool lossy_in(const char *folder, const char *path)
{
	size_t len = folder_len(path);

	return strlen(folder) == len && memcmp(folder, path, len) == 0;
}

void lossy_sync_folder(const char *path)
{
	char folder[LOSSY_PATH_MAX];

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)folder_len(path), path);
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		struct lossy_file *file = &lossy_disk[i];

		if (!lossy_in(folder, file->path))
			continue;
		file->named = file->exists;
		file->haunts = false;
		data_clear(&file->ghost);
	}
}

bool lossy_load(const char *path)
{
	struct lossy_file *file = lossy_make(path);
	uint8_t block[16384];
	ssize_t len;
	bool whole = file != NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		if (file != NULL)
			lossy_forget(file);
		return errno == ENOENT;
	}
	while (whole && (len = read(fd, block, sizeof(block))) != 0)
		whole = len > 0 && lossy_data_write(&file->now, file->now.len, block, (size_t)len);
	if (close(fd) != 0 || !whole)
		return false;
	file->named = true;
	return lossy_data_copy(&file->synced, &file->now);
}

const uint8_t *lossy_look(const char *path, size_t *len_out)
{
	const struct lossy_file *file = lossy_find(path);

	if (file == NULL)
		return NULL;
	*len_out = file->now.len;
	return file->now.bytes;
}

bool lossy_put(const char *path, const uint8_t *bytes, size_t len)
{
	struct lossy_file *file = lossy_make(path);

	if (file != NULL)
		lossy_forget(file); /* its ghost too */
	if (len == 0)
		return true;
	file = lossy_make(path);
	if (file == NULL)
		return false;
	file->named = true;
	return lossy_data_write(&file->now, 0, bytes, len) &&
	       lossy_data_copy(&file->synced, &file->now);
}

bool lossy_keep(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		lossy_forget(&kept[i]);
		if (!lossy_disk[i].exists)
			continue;
		memcpy(kept[i].path, lossy_disk[i].path, LOSSY_PATH_MAX);
		kept[i].exists = true;
		if (!lossy_data_copy(&kept[i].now, &lossy_disk[i].now))
			return false;
	}
	return true;
}

bool lossy_back(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		lossy_forget(&lossy_disk[i]);
		if (!kept[i].exists)
			continue;
		memcpy(lossy_disk[i].path, kept[i].path, LOSSY_PATH_MAX);
		lossy_disk[i].exists = lossy_disk[i].named = true;
		if (!lossy_data_copy(&lossy_disk[i].now, &kept[i].now) ||
		    !lossy_data_copy(&lossy_disk[i].synced, &kept[i].now))
			return false;
	}
	return true;
}
