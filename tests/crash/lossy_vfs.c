/*
 * tests/crash/lossy_vfs.c: SQLite's calls to the disk of lossy_vfs.h, counted, and failing on
 * demand. Modelled on os_unix.c where it matters: the folder is synced with the first sync of a
 * journal or write-ahead log that an open made; removing a file syncs it only where SQLite asks.
 */
#include "tests/crash/lossy_priv.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#define REGIONS_MAX 16 /* of the log's index: 32 KiB each */

struct lossy_handle {
	sqlite3_file base;
	struct lossy_file *file;
	struct lossy_file nameless; /* a file without a name is this handle's own */
	bool syncs_folder;          /* with its next sync */
	bool goes;                  /* with its close */
	char path[LOSSY_PATH_MAX];
	void *regions[REGIONS_MAX];
};

static struct {
	enum lossy_fault fault;
	unsigned nth, calls;
	bool hit;
	bool dying; /* the call under way is the one that the power fails in */
	int error;  /* errno of the last failure */
} power;

void lossy_arm(enum lossy_fault fault, unsigned nth)
{
	power.fault = fault;
	power.nth = nth;
	power.calls = 0;
	power.hit = false;
	power.error = 0;
}

void lossy_disarm(void)
{
	power.fault = LOSSY_NONE;
}

unsigned lossy_calls(void)
{
	return power.calls;
}

bool lossy_hit(void)
{
	return power.hit;
}

enum call_kind { CALL_READS, CALL_CHANGES, CALL_GROWS };

/* True: this call is to fail, with power.error. */
static bool fails(const char *path, enum call_kind kind)
{
	power.dying = false;
	if (kind != CALL_READS && lossy_refuses(path)) {
		power.error = EIO;
		return true;
	}
	if (power.fault == LOSSY_POWER && power.hit)
		return true;
	if (power.fault == LOSSY_POWER && kind == CALL_READS)
		return false;
	power.calls++;
	if (power.fault == LOSSY_NONE || power.calls < power.nth)
		return false;
	if (power.fault == LOSSY_ONCE && power.calls > power.nth)
		return false;
	if (power.fault == LOSSY_FULL && kind != CALL_GROWS)
		return false;
	power.hit = true;
	power.dying = power.fault == LOSSY_POWER;
	power.error = power.fault == LOSSY_FULL ? ENOSPC : EIO;
	return true;
}

static int failed(int code)
{
	return power.fault == LOSSY_FULL ? SQLITE_FULL : code;
}

static struct lossy_handle *handle_of(sqlite3_file *file)
{
	return (struct lossy_handle *)(void *)file;
}

static int file_unmap(sqlite3_file *base, int remove)
{
	struct lossy_handle *handle = handle_of(base);

	(void)remove;
	for (size_t i = 0; i < REGIONS_MAX; i++) {
		free(handle->regions[i]);
		handle->regions[i] = NULL;
	}
	return SQLITE_OK;
}

static int file_close(sqlite3_file *base)
{
	struct lossy_handle *handle = handle_of(base);

	(void)file_unmap(base, 0);
	lossy_forget(&handle->nameless);
	if (handle->goes && handle->path[0] != '\0' && lossy_find(handle->path) != NULL)
		lossy_remove(lossy_find(handle->path));
	return SQLITE_OK;
}

static int file_read(sqlite3_file *base, void *out, int len, sqlite3_int64 offset)
{
	const struct lossy_data *data = &handle_of(base)->file->now;
	size_t have = 0;

	if (fails(handle_of(base)->path, CALL_READS))
		return SQLITE_IOERR_READ;
	if ((size_t)offset < data->len)
		have = data->len - (size_t)offset;
	if (have > (size_t)len)
		have = (size_t)len;
	if (have > 0)
		memcpy(out, data->bytes + offset, have);
	memset((uint8_t *)out + have, 0, (size_t)len - have);
	return have == (size_t)len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 offset)
{
	const struct lossy_handle *handle = handle_of(base);
	struct lossy_file *file = handle->file;
	bool grows = (size_t)offset + (size_t)len > file->now.len;
	bool refused = fails(handle->path, grows ? CALL_GROWS : CALL_CHANGES);

	/* The write that the power fails in may still have come to the platter. */
	if (refused && !power.dying)
		return failed(SQLITE_IOERR_WRITE);
	if (!lossy_write(file, (size_t)offset, bytes, (size_t)len))
		return SQLITE_IOERR_NOMEM;
	return refused ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 len)
{
	if (fails(handle_of(base)->path, CALL_CHANGES))
		return SQLITE_IOERR_TRUNCATE;
	return lossy_truncate(handle_of(base)->file, (size_t)len) ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int file_sync(sqlite3_file *base, int flags)
{
	struct lossy_handle *handle = handle_of(base);

	(void)flags;
	if (fails(handle->path, CALL_CHANGES))
		return SQLITE_IOERR_FSYNC;
	if (!lossy_sync(handle->file))
		return SQLITE_IOERR_NOMEM;
	if (handle->syncs_folder)
		lossy_sync_folder(handle->path);
	handle->syncs_folder = false;
	return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *out)
{
	if (fails(handle_of(base)->path, CALL_READS))
		return SQLITE_IOERR_FSTAT;
	*out = (sqlite3_int64)handle_of(base)->file->now.len;
	return SQLITE_OK;
}

static int file_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int file_reserved(sqlite3_file *base, int *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

static int file_control(sqlite3_file *base, int op, void *argument)
{
	(void)base;
	(void)op;
	(void)argument;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

static int characteristics(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as SQLite takes every Unix disk to be */
}

static int file_map(sqlite3_file *base, int at, int size, int extend, void volatile **out)
{
	struct lossy_handle *handle = handle_of(base);

	*out = NULL;
	if (at >= REGIONS_MAX)
		return SQLITE_IOERR_SHMMAP;
	if (handle->regions[at] == NULL && extend != 0) {
		if (fails(handle->path, CALL_READS))
			return SQLITE_IOERR_SHMMAP;
		handle->regions[at] = calloc(1, (size_t)size);
		if (handle->regions[at] == NULL)
			return SQLITE_IOERR_NOMEM;
	}
	*out = handle->regions[at];
	return SQLITE_OK;
}

static int file_map_lock(sqlite3_file *base, int offset, int count, int flags)
{
	(void)base;
	(void)offset;
	(void)count;
	(void)flags;
	return SQLITE_OK;
}

static void file_barrier(sqlite3_file *base)
{
	(void)base;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_lock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = file_map,
    .xShmLock = file_map_lock,
    .xShmBarrier = file_barrier,
    .xShmUnmap = file_unmap,
};

static int disk_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out)
{
	struct lossy_handle *handle = handle_of(base);
	bool makes = path != NULL && lossy_find(path) == NULL;

	(void)vfs;
	memset(handle, 0, sizeof(*handle));
	if (fails(path == NULL ? "" : path, makes ? CALL_GROWS : CALL_READS))
		return SQLITE_CANTOPEN;
	if (path == NULL) {
		handle->file = &handle->nameless;
	} else {
		/* The journal's own file was made by the program, without SQLite. */
		handle->file = lossy_make(path);
		if (handle->file == NULL)
			return SQLITE_NOMEM;
		memcpy(handle->path, path, strlen(path) + 1);
	}
	handle->syncs_folder =
	    (flags & SQLITE_OPEN_CREATE) != 0 &&
	    (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
	handle->goes = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
	if (out != NULL)
		*out = flags;
	handle->base.pMethods = &methods;
	return SQLITE_OK;
}

static int disk_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	struct lossy_file *file = lossy_find(path);

	(void)vfs;
	if (fails(path, CALL_CHANGES))
		return SQLITE_IOERR_DELETE;
	if (file == NULL)
		return SQLITE_IOERR_DELETE_NOENT;
	lossy_remove(file);
	if (sync_folder != 0)
		lossy_sync_folder(path);
	return SQLITE_OK;
}

static int disk_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
	const struct lossy_file *file = lossy_find(path);

	(void)vfs;
	if (fails(path, CALL_READS))
		return SQLITE_IOERR_ACCESS;
	*out = file != NULL && (flags != SQLITE_ACCESS_EXISTS || file->now.len > 0);
	return SQLITE_OK;
}

static int disk_error(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	(void)len;
	(void)out;
	return power.error;
}

/* Names are the caller's, and have no links in them to follow. */
static int disk_full_path(sqlite3_vfs *vfs, const char *path, int len, char *out)
{
	(void)vfs;
	if (strlen(path) >= (size_t)len)
		return SQLITE_CANTOPEN;
	memcpy(out, path, strlen(path) + 1);
	return SQLITE_OK;
}

static int disk_random(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	memset(out, 0x5a, (size_t)len); /* the seed of SQLite's own generator */
	return len;
}

void lossy_use(bool on)
{
	static sqlite3_vfs own;
	static sqlite3_vfs *system;

	if (system == NULL) {
		system = sqlite3_vfs_find(NULL);
		if (system == NULL)
			abort();
		own = *system; /* time and sleep are the system's */
		own.zName = "lossy";
		own.iVersion = 1;
		own.pNext = NULL;
		own.szOsFile = (int)sizeof(struct lossy_handle);
		own.xOpen = disk_open;
		own.xDelete = disk_delete;
		own.xAccess = disk_access;
		own.xFullPathname = disk_full_path;
		own.xRandomness = disk_random;
		own.xGetLastError = disk_error;
	}
	if (sqlite3_vfs_register(on ? &own : system, 1) != SQLITE_OK)
		abort();
	sqlite3_randomness(0, NULL); /* begins anew */
}
