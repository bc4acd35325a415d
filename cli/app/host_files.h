/*
 * cli/app/host_files.h: files read whole within a bound, and files that appear whole or not at all.
 * Every function returns 0 or an errno value; interrupted by Ctrl-C: EINTR.
 */
#ifndef INKSEAL_FILES_H
#define INKSEAL_FILES_H

#include "schemas/base/base.h"

#define FILE_PATH_MAX 4096u /* bytes, with the NUL */

/* folder/name. False: too long. */
MUST_USE bool file_path(const char *folder, const char *name, char out[FILE_PATH_MAX]);
bool file_is_there(const char *path); /* a folder is, too */
/* Others than its owner may read or write it; a folder, likewise. */
MUST_USE int file_is_shared(const char *path, bool *shared_out);
/* An empty file, mode 0600. One that is there stays as it is. */
MUST_USE int file_create(const char *path);
MUST_USE int file_remove(const char *path); /* it may have gone before */
/* EFBIG: more than max bytes. *out is yours: what was read by then, on an error too. */
MUST_USE int file_read_so_far(int fd, size_t max, struct bytes *out);
/* The same; all, or nothing. */
MUST_USE int file_read_fd(int fd, size_t max, struct bytes *out);
/* A regular file, else EINVAL; it never waits. */
MUST_USE int file_read(const char *path, size_t max, struct bytes *out);
/* What a person has named: a pipe too, until its end. */
MUST_USE int file_read_named(const char *path, size_t max, struct bytes *out);

/*
 * A file being written beside its place, mode 0600; file_commit fsyncs and moves it there. A link
 * stays, and what it names is replaced. EINVAL: what stands there is neither a file nor a folder.
 */
struct file_out {
	int fd; /* < 0: nothing is open */
	char path[FILE_PATH_MAX];
	char temp[FILE_PATH_MAX];
};
MUST_USE int file_begin(const char *path, struct file_out *out);
MUST_USE int file_add(struct file_out *out, struct view bytes);
MUST_USE int file_commit(struct file_out *out);
void file_abort(struct file_out *out); /* also after a commit: then it does nothing */
/* All of it at once. */
MUST_USE int file_write(const char *path, struct view bytes);
/* What another program wrote, and its name, become durable. */
MUST_USE int file_sync(const char *path);

MUST_USE int folder_current(char out[FILE_PATH_MAX]);
/* The folder and those above it, mode 0700 where they are missing. */
MUST_USE int folder_make(const char *path);
/* A new folder, mode 0700, of a path that ends in XXXXXX; these are replaced. */
MUST_USE int folder_make_unique(char *path);
/*
 * The files in the folder (not what is below it) whose names goes is true of (NULL: all), and the
 * folder if it is empty then. Only tidiness: says nothing.
 */
void folder_remove(const char *path, bool (*goes)(const char *name));

#endif
