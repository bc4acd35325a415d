/*
 * tests/cli/engine/unsynced.c: the default VFS, but for what it does to wait for the disk.
 */
#include "tests/cli/engine/unsynced.h"

#include "tests/test.h"

#include <sqlite3.h>

/* A file that is locked has other methods than a log that is not. */
#define KINDS_MAX 4u

struct kind {
	const sqlite3_io_methods *real;
	sqlite3_io_methods methods;
};

static struct {
	sqlite3_vfs *real;
	sqlite3_vfs vfs;
	struct kind kinds[KINDS_MAX];
	size_t kinds_count;
} unsynced;

static int no_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static const struct kind *kind_of(const sqlite3_file *file)
{
	struct kind *kind = unsynced.kinds;

	for (size_t i = 0; i < unsynced.kinds_count; i++, kind++)
		if (kind->real == file->pMethods)
			return kind;
	assert_true(unsynced.kinds_count < KINDS_MAX);
	unsynced.kinds_count++;
	*kind = (struct kind){file->pMethods, *file->pMethods};
	kind->methods.xSync = no_sync;
	return kind;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	int result = unsynced.real->xOpen(unsynced.real, name, file, flags, out);

	(void)vfs;
	if (result == SQLITE_OK)
		file->pMethods = &kind_of(file)->methods;
	return result;
}

static int remove_file(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	(void)vfs;
	(void)sync_folder;
	return unsynced.real->xDelete(unsynced.real, name, 0);
}

void unsynced_use(void)
{
	if (unsynced.real != NULL)
		return;
	unsynced.real = sqlite3_vfs_find(NULL);
	assert_non_null(unsynced.real);
	unsynced.vfs = *unsynced.real;
	unsynced.vfs.zName = "unsynced";
	unsynced.vfs.xOpen = open_file;
	unsynced.vfs.xDelete = remove_file;
	assert_int_equal(sqlite3_vfs_register(&unsynced.vfs, 1), SQLITE_OK);
}
