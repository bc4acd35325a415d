/*
 * tests/crash/lossy_disk.c: the files of lossy_vfs.h: what is written, what is synced, and what a
 * power cut leaves of the difference.
 */
#include "tests/crash/lossy_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct lossy_file disk[LOSSY_FILES_MAX];
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

static bool data_write(struct lossy_data *data, size_t offset, const void *bytes, size_t len)
{
	if (offset > LOSSY_FILE_MAX || len > LOSSY_FILE_MAX - offset)
		return false;
	if (offset + len > data->len && !data_resize(data, offset + len))
		return false;
	if (len > 0)
		memcpy(data->bytes + offset, bytes, len);
	return true;
}

static bool data_copy(struct lossy_data *to, const struct lossy_data *from)
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
		lossy_forget(&disk[i]);
		lossy_forget(&kept[i]);
	}
}

struct lossy_file *lossy_find(const char *path)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++)
		if (disk[i].exists && strcmp(disk[i].path, path) == 0)
			return &disk[i];
	return NULL;
}

struct lossy_file *lossy_make(const char *path)
{
	struct lossy_file *file = lossy_find(path);

	if (file != NULL)
		return file;
	for (size_t i = 0; i < LOSSY_FILES_MAX && file == NULL; i++)
		if (strcmp(disk[i].path, path) == 0) /* it was removed: the ghost is kept */
			file = &disk[i];
	for (size_t i = 0; i < LOSSY_FILES_MAX && file == NULL; i++)
		if (disk[i].path[0] == '\0')
			file = &disk[i];
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

	if (change == NULL || copy == NULL || !data_write(&file->now, offset, bytes, len)) {
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

static bool change_apply(struct lossy_data *data, const struct lossy_change *change, size_t len)
{
	if (change->truncates)
		return data_resize(data, change->offset);
	return data_write(data, change->offset, change->bytes, len);
}

bool lossy_sync(struct lossy_file *file)
{
	if (!data_reserve(&file->synced, file->now.len))
		return false;
	for (size_t i = 0; i < file->changes_count; i++)
		if (!change_apply(&file->synced, &file->changes[i], file->changes[i].len))
			return false;
	changes_clear(file);
	return true;
}

void lossy_sync_folder(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		disk[i].named = disk[i].exists;
		disk[i].haunts = false;
		data_clear(&disk[i].ghost);
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
		whole = len > 0 && data_write(&file->now, file->now.len, block, (size_t)len);
	if (close(fd) != 0 || !whole)
		return false;
	file->named = true;
	return data_copy(&file->synced, &file->now);
}

bool lossy_keep(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		lossy_forget(&kept[i]);
		if (!disk[i].exists)
			continue;
		memcpy(kept[i].path, disk[i].path, LOSSY_PATH_MAX);
		kept[i].exists = true;
		if (!data_copy(&kept[i].now, &disk[i].now))
			return false;
	}
	return true;
}

bool lossy_back(void)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		lossy_forget(&disk[i]);
		if (!kept[i].exists)
			continue;
		memcpy(disk[i].path, kept[i].path, LOSSY_PATH_MAX);
		disk[i].exists = disk[i].named = true;
		if (!data_copy(&disk[i].now, &kept[i].now) ||
		    !data_copy(&disk[i].synced, &kept[i].now))
			return false;
	}
	return true;
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	uint64_t mixed = *seed += 0x9e3779b97f4a7c15u; /* splitmix64 */

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
	return (mixed ^ mixed >> 31) % below;
}

/*
 * A seed draws how likely a change is kept, so that some cuts lose all and some nothing. A torn
 * write keeps some sectors of it, from its start or from its end.
 */
static bool survive(struct lossy_file *file, uint64_t *seed)
{
	uint64_t kept_of_four = draw(seed, 5);

	for (size_t i = 0; i < file->changes_count; i++) {
		struct lossy_change *change = &file->changes[i];
		size_t cut = change->len;

		if (draw(seed, 4) >= kept_of_four)
			continue;
		if (!change->truncates && change->len > LOSSY_SECTOR && draw(seed, 4) == 0)
			cut = LOSSY_SECTOR *
			      (1 + (size_t)draw(seed, (change->len - 1) / LOSSY_SECTOR));
		if (cut < change->len && draw(seed, 2) == 0) {
			if (!data_write(&file->synced, change->offset + cut, change->bytes + cut,
				change->len - cut))
				return false;
		} else if (!change_apply(&file->synced, change, cut)) {
			return false;
		}
	}
	return true;
}

static bool write_file(const char *path, const struct lossy_data *data)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;

	if (fd < 0)
		return false;
	while (done < data->len) {
		ssize_t put = write(fd, data->bytes + done, data->len - done);

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	return close(fd) == 0 && done == data->len;
}

bool lossy_land(uint64_t seed)
{
	char index[LOSSY_PATH_MAX + 8];

	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		struct lossy_file *file = &disk[i];
		const struct lossy_data *left = NULL;

		if (file->path[0] == '\0')
			continue;
		(void)snprintf(index, sizeof(index), "%s-shm", file->path);
		(void)unlink(index);
		(void)unlink(file->path);
		if (!survive(file, &seed))
			return false;
		if (file->exists && (file->named || draw(&seed, 2) == 0))
			left = &file->synced;
		else if (file->haunts && draw(&seed, 2) == 0)
			left = &file->ghost;
		if (left != NULL && !write_file(file->path, left))
			return false;
	}
	return true;
}
