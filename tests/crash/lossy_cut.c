/*
 * tests/crash/lossy_cut.c: what a power cut leaves of the disk, and machines that are off.
 */
#include "tests/crash/lossy_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	char folder[LOSSY_PATH_MAX]; /* "": none */
	unsigned left;               /* so many changes of it still come through */
} stopped[LOSSY_FOLDERS_MAX];

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
			if (!lossy_data_write(&file->synced, change->offset + cut,
				change->bytes + cut, change->len - cut))
				return false;
		} else if (!lossy_change_apply(&file->synced, change, cut)) {
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

/* NULL in *out: there is no such file any more. False: no memory. */
static bool draw_left(struct lossy_file *file, uint64_t *seed, const struct lossy_data **out)
{
	*out = NULL;
	if (!survive(file, seed))
		return false;
	if (file->exists && (file->named || draw(seed, 2) == 0))
		*out = &file->synced;
	else if (file->haunts && draw(seed, 2) == 0)
		*out = &file->ghost;
	return true;
}

bool lossy_land(uint64_t seed)
{
	char index[LOSSY_PATH_MAX + 8];

	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		struct lossy_file *file = &lossy_disk[i];
		const struct lossy_data *left;

		if (file->path[0] == '\0')
			continue;
		(void)snprintf(index, sizeof(index), "%.*s-shm", (int)LOSSY_PATH_MAX, file->path);
		(void)unlink(index);
		(void)unlink(file->path);
		if (!draw_left(file, &seed, &left))
			return false;
		if (left != NULL && !write_file(file->path, left))
			return false;
	}
	return true;
}

/* All that is there now is on the platter, and nothing else is. */
static bool settle(struct lossy_file *file, const struct lossy_data *left)
{
	struct lossy_file settled = {.exists = true, .named = true};

	if (left == NULL) {
		lossy_forget(file);
		return true;
	}
	memcpy(settled.path, file->path, sizeof(settled.path));
	if (!lossy_data_copy(&settled.now, left) || !lossy_data_copy(&settled.synced, left)) {
		lossy_forget(&settled);
		return false;
	}
	lossy_forget(file);
	*file = settled;
	return true;
}

bool lossy_lose(const char *folder, uint64_t seed)
{
	for (size_t i = 0; i < LOSSY_FILES_MAX; i++) {
		struct lossy_file *file = &lossy_disk[i];
		const struct lossy_data *left;

		if (file->path[0] == '\0' || !lossy_in(folder, file->path))
			continue;
		if (!draw_left(file, &seed, &left) || !settle(file, left))
			return false;
	}
	return true;
}

bool lossy_stop(const char *folder, unsigned changes)
{
	size_t at = LOSSY_FOLDERS_MAX;

	for (size_t i = LOSSY_FOLDERS_MAX; i-- > 0;)
		if (stopped[i].folder[0] == '\0' || strcmp(stopped[i].folder, folder) == 0)
			at = i;
	if (at == LOSSY_FOLDERS_MAX || strlen(folder) >= LOSSY_PATH_MAX)
		return false;
	memcpy(stopped[at].folder, folder, strlen(folder) + 1);
	stopped[at].left = changes;
	return true;
}

void lossy_start(const char *folder)
{
	for (size_t i = 0; i < LOSSY_FOLDERS_MAX; i++)
		if (strcmp(stopped[i].folder, folder) == 0)
			stopped[i].folder[0] = '\0';
}

void lossy_start_all(void)
{
	memset(stopped, 0, sizeof(stopped));
}

bool lossy_refuses(const char *path)
{
	for (size_t i = 0; i < LOSSY_FOLDERS_MAX; i++) {
		if (stopped[i].folder[0] == '\0' || !lossy_in(stopped[i].folder, path))
			continue;
		if (stopped[i].left == 0)
			return true;
		stopped[i].left--;
	}
	return false;
}
