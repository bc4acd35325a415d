/*
 * tests/crash/lossy_priv.h: the disk under lossy_vfs.c, which lossy_disk.c holds; lossy_cut.c
 * ends it, or a folder of it.
 */
#ifndef INKSEAL_LOSSY_PRIV_H
#define INKSEAL_LOSSY_PRIV_H

#include "tests/crash/lossy_vfs.h"

#include <stddef.h>

#define LOSSY_FILES_MAX 32u
#define LOSSY_FOLDERS_MAX 8u /* off at one time */
#define LOSSY_FILE_MAX (64u << 20)
#define LOSSY_SECTOR 512u

struct lossy_data {
	uint8_t *bytes;
	size_t len;
	size_t capacity;
};
struct lossy_change { /* since the file's last sync */
	bool truncates;
	size_t offset; /* truncates: the new length */
	size_t len;
	uint8_t *bytes;
};
struct lossy_file {
	char path[LOSSY_PATH_MAX]; /* "": unused */
	bool exists;
	bool named;  /* the folder was synced since the name was made: the platter has it */
	bool haunts; /* a file of this name was removed, and no sync of the folder has kept that */
	struct lossy_data now;
	struct lossy_data synced;
	struct lossy_change *changes;
	size_t changes_count;
	size_t changes_capacity;
	struct lossy_data ghost;
};
extern struct lossy_file lossy_disk[LOSSY_FILES_MAX];

struct lossy_file *lossy_find(const char *path);
struct lossy_file *lossy_make(const char *path); /* or find; NULL: no memory, or too many */
void lossy_remove(struct lossy_file *file);
/* False: no memory, nothing was changed. */
bool lossy_write(struct lossy_file *file, size_t offset, const void *bytes, size_t len);
bool lossy_truncate(struct lossy_file *file, size_t len);
bool lossy_sync(struct lossy_file *file);
void lossy_sync_folder(const char *path); /* that this file is in */
bool lossy_in(const char *folder, const char *path);
void lossy_forget(struct lossy_file *file); /* frees all of it; {0} is fine */

/* False: no memory, or too long. */
bool lossy_data_write(struct lossy_data *data, size_t offset, const void *bytes, size_t len);
bool lossy_data_copy(struct lossy_data *to, const struct lossy_data *from);
bool lossy_change_apply(
    struct lossy_data *data, const struct lossy_change *change, size_t len); /* or torn */

/* The change that is about to be made of this file does not come through. */
bool lossy_refuses(const char *path);
void lossy_start_all(void);

#endif
