/*
 * gateway/bucket/bucket_dir.c: the bucket of bucket.h in a folder; an object is the file
 * <root>/<key>. A put writes a temp file, syncs it, renames it into place under the key's lock, and
 * syncs every folder from there up to the root: a folder found on the way may be another writer's,
 * made a moment ago and not yet durable. Reads take no lock: a file in place never changes, it is
 * only replaced. README.md, "A folder as a bucket".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_dir_list.h"
#include "gateway/bucket/bucket_dir_lock.h"
#include "gateway/bucket/bucket_dir_owner.h"
#include "gateway/bucket/bucket_dir_path.h"
#include "gateway/bucket/bucket_dir_temp.h"
#include "gateway/bucket/bucket_object.h"

static enum bucket_result late(struct call *call)
{
	call_sayf(call, "the deadline passed before anything was changed");
	return BUCKET_RETRY;
}

static enum bucket_result read_all(
    const struct bucket_dir *dir, int fd, struct call *call, struct bytes *out)
{
	const struct dir_io *io = dir->io;
	struct bytes data = {0};
	struct stat info;
	size_t done = 0;
	uint8_t beyond;
	ssize_t got = 1;

	if (io->stat(io->self, fd, &info) != 0)
		return dir_fail(call, "reading the object", errno);
	if (S_ISDIR(info.st_mode))
		return dir_fail(call, "reading the object", ENOENT);
	if (!S_ISREG(info.st_mode) || info.st_size > (off_t)BUCKET_OBJECT_MAX) {
		call_sayf(call, "reading the object: no file, or over the maximum of %u bytes",
		    BUCKET_OBJECT_MAX);
		return BUCKET_REFUSED;
	}
	if (!bytes_new((size_t)info.st_size, &data))
		return dir_fail(call, "reading the object", ENOMEM);
	while (done < data.len && got > 0) {
		got = io->read(io->self, fd, data.data + done, data.len - done);
		if (got > 0)
			done += (size_t)got;
	}
	if (got > 0)
		got = io->read(io->self, fd, &beyond, 1);
	if (got < 0 || done < data.len || got > 0) {
		int error = got < 0 ? errno : EIO; /* it grew or shrank: no file of ours does */

		bytes_clear(&data);
		return dir_fail(call, "reading the object", error);
	}
	*out = data;
	return BUCKET_OK;
}

/* The object `leaf` of an open folder, whole. */
static enum bucket_result object_read(const struct bucket_dir *dir, int folder, const char *leaf,
    struct call *call, struct bytes *out)
{
	const struct dir_io *io = dir->io;
	enum bucket_result result;
	/* NONBLOCK: a pipe that somebody left here must not hold us up. */
	int fd =
	    io->open_at(io->self, folder, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);

	if (fd < 0)
		return dir_fail(call, "reading the object", errno);
	result = read_all(dir, fd, call, out);
	(void)io->close(io->self, fd);
	return result;
}

static enum bucket_result dir_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct bucket_dir *dir = self;
	struct bytes data = {0};
	struct dir_path path;
	struct bucket_tag tag;
	enum bucket_result result;
	int error;

	if (dir_late(dir, call))
		return late(call);
	error = dir_path_open(dir, get->key, false, &path);
	if (error != 0)
		result = dir_fail(call, "reading the object", error);
	else
		result = object_read(
		    dir, path.folders[path.folder_count - 1], dir_path_leaf(&path), call, &data);
	if (result != BUCKET_OK)
		goto done;
	bucket_content_tag(view_bytes(&data), &tag);
	if (bucket_tag_equal(&tag, &get->unless)) {
		call_sayf(call, "the object has not changed");
		result = BUCKET_UNCHANGED;
		goto done;
	}
	if (!bucket_first_bytes(get, view_bytes(&data), out)) {
		result = dir_fail(call, "reading the object", ENOMEM);
		goto done;
	}
	*tag_out = tag;
done:
	bytes_clear(&data);
	dir_path_close(dir, &path);
	return result;
}

/* Under the key's lock. OK: the condition holds. */
static enum bucket_result condition_check(const struct bucket_dir *dir,
    const struct bucket_put *put, const struct dir_path *path, struct call *call)
{
	struct bytes data = {0};
	struct bucket_tag tag = {0};
	enum bucket_result result;

	if (put->cond == BUCKET_ALWAYS)
		return BUCKET_OK;
	result = object_read(
	    dir, path->folders[path->folder_count - 1], dir_path_leaf(path), call, &data);
	if (result == BUCKET_ABSENT)
		return put->cond == BUCKET_IF_ABSENT ? BUCKET_OK : BUCKET_CONFLICT;
	if (result != BUCKET_OK)
		return result;
	bucket_content_tag(view_bytes(&data), &tag);
	bytes_clear(&data);
	if (put->cond == BUCKET_IF_TAG && bucket_tag_equal(&tag, &put->tag))
		return BUCKET_OK;
	call_sayf(call, "the object is there, with another tag");
	return BUCKET_CONFLICT;
}

/* All of them, since any may be another's and not yet durable; and deepest first. */
static enum bucket_result path_sync(
    const struct bucket_dir *dir, const struct dir_path *path, struct call *call)
{
	for (size_t i = path->folder_count; i > 0; i--) {
		if (dir->io->sync(dir->io->self, path->folders[i - 1]) != 0) {
			(void)dir_fail(call, "changed, but not sure to outlive a crash", errno);
			return BUCKET_UNKNOWN;
		}
	}
	return BUCKET_OK;
}

/* Takes folders away that have become empty, from the deepest up; closes what it took away. */
static void path_prune(const struct bucket_dir *dir, struct dir_path *path)
{
	const struct dir_io *io = dir->io;

	/*
	 * A creator whose folder is pruned under it meets ENOENT and begins again; a folder that
	 * holds something cannot be pruned.
	 */
	while (path->folder_count > 1) {
		size_t above = path->folder_count - 2;

		if (io->unlink_at(
			io->self, path->folders[above], path->parts[above], AT_REMOVEDIR) != 0 &&
		    errno != ENOENT)
			break;
		(void)io->close(io->self, path->folders[--path->folder_count]);
	}
}

/* Under the key's lock, once. ENOENT in *error_out: a folder was pruned meanwhile, begin again. */
static enum bucket_result object_try(struct bucket_dir *dir, const struct bucket_put *put,
    struct dir_temp *temp, struct call *call, int *error_out)
{
	const struct dir_io *io = dir->io;
	/* What must be there cannot be where its folder is not: so that one is not made. */
	bool create = put->cond != BUCKET_IF_TAG;
	enum bucket_result result = BUCKET_OK;
	struct dir_path path;
	int error = dir_path_open(dir, put->key, create, &path);

	if (error == ENOENT && !create) {
		error = 0;
		call_sayf(call, "there is no such object");
		result = BUCKET_CONFLICT;
	} else if (error == 0) {
		result = condition_check(dir, put, &path, call);
	}
	if (error == 0 && result == BUCKET_OK && dir_late(dir, call))
		result = late(call);
	if (error == 0 && result == BUCKET_OK &&
	    io->rename_at(io->self, temp->folder, temp->name, path.folders[path.folder_count - 1],
		dir_path_leaf(&path)) != 0)
		error = errno;
	if (error == 0 && result == BUCKET_OK) {
		temp->name[0] = '\0'; /* it is the object now */
		result = path_sync(dir, &path, call);
	} else {
		path_prune(dir, &path); /* folders that were made for nothing */
	}
	dir_path_close(dir, &path);
	*error_out = error;
	return result;
}

static enum bucket_result object_place(
    struct bucket_dir *dir, const struct bucket_put *put, struct dir_temp *temp, struct call *call)
{
	for (unsigned try = 0; try < DIR_BEGIN_AGAIN_MAX; try++) {
		int error = 0;
		enum bucket_result result = object_try(dir, put, temp, call, &error);

		if (error == 0)
			return result;
		if (error != ENOENT)
			return dir_fail(call, "placing the object", error);
	}
	call_sayf(call, "placing the object: its folder, or the new file, kept vanishing");
	return BUCKET_RETRY;
}

static enum bucket_result dir_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct bucket_dir *dir = self;
	struct dir_temp temp = {.folder = -1};
	struct dir_lock lock = {0};
	enum bucket_result result = BUCKET_OK;
	int error;

	if (dir_late(dir, call))
		return late(call);
	error = dir_temp_new(dir, put->data, &temp);
	if (error != 0)
		result = dir_fail(call, "writing the object", error);
	if (result == BUCKET_ABSENT) /* the hidden folder was taken away under us */
		result = BUCKET_RETRY;
	if (result == BUCKET_OK)
		result = dir_lock_take(dir, put->key, call, &lock);
	if (result == BUCKET_OK)
		result = object_place(dir, put, &temp, call);
	if (result == BUCKET_OK)
		bucket_content_tag(put->data, tag_out);
	dir_lock_drop(dir, &lock);
	dir_temp_clear(dir, &temp);
	return result;
}

/* Opens the key's folders as deep as they are, and takes its file away. */
static enum bucket_result object_unlink(
    struct bucket_dir *dir, const char *key, struct call *call, struct dir_path *path)
{
	const struct dir_io *io = dir->io;
	enum bucket_result result;
	struct dir_lock lock = {0};
	int error;

	result = dir_lock_take(dir, key, call, &lock);
	if (result != BUCKET_OK)
		return result;
	error = dir_path_open(dir, key, false, path);
	if (error == 0 && io->unlink_at(io->self, path->folders[path->folder_count - 1],
			      dir_path_leaf(path), 0) != 0)
		error = errno;
	dir_lock_drop(dir, &lock);
	if (error == 0 || error == ENOENT || error == EISDIR) /* a folder is no object */
		return BUCKET_OK;
	return dir_fail(call, "removing the object", error);
}

/* Prunes, and makes durable what was removed by syncing the deepest folder that stays. */
static enum bucket_result removal_sync(
    const struct bucket_dir *dir, struct dir_path *path, struct call *call)
{
	path_prune(dir, path);
	if (dir->io->sync(dir->io->self, path->folders[path->folder_count - 1]) != 0) {
		(void)dir_fail(call, "removed, but not sure to outlive a crash", errno);
		return BUCKET_UNKNOWN;
	}
	return BUCKET_OK;
}

static bool same_folder(const char *key, const char *other)
{
	const char *slash = strrchr(key, '/');
	const char *other_slash = strrchr(other, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - key);
	size_t other_len = other_slash == NULL ? 0 : (size_t)(other_slash - other);

	return len == other_len && memcmp(key, other, len) == 0;
}

/* Keys that follow one another in one folder share one sync. */
static enum bucket_result dir_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct bucket_dir *dir = self;
	enum bucket_result result = BUCKET_OK;

	for (size_t i = 0; i < count && result == BUCKET_OK; i++) {
		struct dir_path path = {0};

		if (dir_late(dir, call)) {
			call_sayf(call, "the deadline passed with %zu of %zu removed", i, count);
			return i == 0 ? BUCKET_RETRY : BUCKET_UNKNOWN;
		}
		result = object_unlink(dir, keys[i], call, &path);
		if (result == BUCKET_OK && (i + 1 == count || !same_folder(keys[i], keys[i + 1])))
			result = removal_sync(dir, &path, call);
		dir_path_close(dir, &path);
	}
	return result;
}

static enum bucket_result dir_remove(void *self, const char *key, struct call *call)
{
	return dir_remove_many(self, &key, 1, call);
}

static void dir_close(void *self)
{
	struct bucket_dir *dir = self;

	if (dir->root >= 0)
		(void)dir->io->close(dir->io->self, dir->root);
	free(dir);
}

static const struct bucket_ops dir_ops = {
    .put = dir_put,
    .get = dir_get,
    .remove = dir_remove,
    .remove_many = dir_remove_many,
    .list = dir_list,
    .purge_hidden = NULL,
    .close = dir_close,
};

/* The folder that holds this one, open. -1 with errno. */
static int parent_open(const struct bucket_dir *dir, const char *path)
{
	char parent[BUCKET_URL_MAX + 1] = ".";
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	if (len > 0) {
		memcpy(parent, path, len);
		parent[len] = '\0';
	}
	return dir->io->open_at(
	    dir->io->self, AT_FDCWD, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
}

static bool root_failed(struct call *call, int error)
{
	(void)dir_fail(call, "making the folder", error);
	return false;
}

/* Makes the root and has its parent keep it. False, and said; that it is there by now is fine. */
static bool root_make(const struct bucket_dir *dir, const char *path, struct call *call)
{
	const struct dir_io *io = dir->io;
	int fd = parent_open(dir, path);
	bool refused = false;
	struct stat parent;
	int error = 0;

	if (fd < 0 && errno == ENOENT) {
		call_sayf(call, "the folder's parent does not exist");
		return false;
	}
	if (fd < 0)
		return root_failed(call, errno);
	if (io->stat(io->self, fd, &parent) == 0)
		refused = !dir_owner_may_make(&parent, path, call);
	else
		error = errno;
	if (!refused && error == 0 && io->mkdir_at(io->self, AT_FDCWD, path, 0700) != 0)
		error = errno;
	if (!refused && error == 0 && io->sync(io->self, fd) != 0)
		error = errno;
	(void)io->close(io->self, fd);
	return !refused && (error == 0 || error == EEXIST || root_failed(call, error));
}

/* The root itself may be a link: it is the person's own. Below it none is followed. */
static bool root_open(struct bucket_dir *dir, const char *path, struct call *call)
{
	const struct dir_io *io = dir->io;

	for (unsigned try = 0; try < 2 && dir->root < 0; try++) {
		dir->root =
		    io->open_at(io->self, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
		if (dir->root >= 0)
			break;
		if (errno == EACCES && dir_owner_denied(path, call))
			return false;
		if (errno != ENOENT || try > 0) {
			(void)dir_fail(call, "opening the folder", errno);
			return false;
		}
		if (!root_make(dir, path, call))
			return false;
	}
	return true;
}

struct bucket *bucket_dir_open(
    const char *path, const struct dir_io *io, const struct clock *clock, struct call *call)
{
	struct bucket_dir *dir = NULL;
	struct bucket *bucket;

	if (path[0] == '\0' || strlen(path) > BUCKET_URL_MAX) {
		call_sayf(
		    call, "dir: needs the path of a folder, of at most %u bytes", BUCKET_URL_MAX);
		return NULL;
	}
	dir = calloc(1, sizeof(*dir));
	if (dir == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	*dir = (struct bucket_dir){.root = -1, .io = io, .clock = *clock};
	atomic_init(&dir->temp_count, 0);
	if (!root_open(dir, path, call) || !dir_owner_judge(dir, path, call)) {
		dir_close(dir);
		return NULL;
	}
	dir_temp_sweep(dir);
	bucket = bucket_new(&dir_ops, dir);
	if (bucket == NULL)
		call_sayf(call, "no memory");
	return bucket;
}
