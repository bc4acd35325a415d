/*
 * gateway/bucket/bucket_dir_list.c: a listing page of a folder bucket. Folders come in any order
 * and change under us, so one walk keeps the smallest keys it meets: memory is two pages, whatever
 * the number of files. A walk looks at each name below the prefix once a page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_dir_list.h"
#include "gateway/bucket/bucket_object.h"

#define KEEP (BUCKET_PAGE_MAX + 1u) /* one more than a page tells whether there is more */

struct walk {
	const struct bucket_dir *dir;
	struct call *call;
	const char *prefix;
	const char *after;
	struct bucket_item *items; /* room for 2 * KEEP */
	size_t count;
	bool bounded; /* items[KEEP - 1] is at least the greatest key that can matter */
	char key[BUCKET_KEY_MAX + 1]; /* where we are: "" or a folder with its slash */
	size_t key_len;
};

static int item_compare(const void *a, const void *b)
{
	const struct bucket_item *left = a;
	const struct bucket_item *right = b;

	return strcmp(left->key, right->key);
}

/* Sorts, and forgets all but the KEEP smallest. A folder that changes may show a name twice. */
static void walk_settle(struct walk *walk)
{
	size_t kept = 0;

	qsort(walk->items, walk->count, sizeof(*walk->items), item_compare);
	for (size_t i = 0; i < walk->count; i++)
		if (kept == 0 || strcmp(walk->items[kept - 1].key, walk->items[i].key) != 0)
			walk->items[kept++] = walk->items[i];
	walk->count = kept;
	if (walk->count >= KEEP) {
		walk->count = KEEP;
		walk->bounded = true;
	}
}

static bool wanted(const struct walk *walk, const char *key)
{
	return bucket_begins(key, walk->prefix) && strcmp(key, walk->after) > 0 &&
	       (!walk->bounded || strcmp(key, walk->items[KEEP - 1].key) < 0);
}

/* May a key that begins with folder (which ends in a slash) be wanted? */
static bool wanted_below(const struct walk *walk, const char *folder)
{
	return (bucket_begins(folder, walk->prefix) || bucket_begins(walk->prefix, folder)) &&
	       (strcmp(folder, walk->after) > 0 || bucket_begins(walk->after, folder)) &&
	       (!walk->bounded || strcmp(folder, walk->items[KEEP - 1].key) < 0);
}

static bool name_ok(const char *name)
{
	if (name[0] == '.')
		return false;
	for (size_t i = 0; name[i] != '\0'; i++)
		if (name[i] < 0x20 || name[i] > 0x7e)
			return false;
	return true;
}

static enum bucket_result walk_folder(struct walk *walk, int fd);

/* One name of the open folder, whose key is in walk->key. */
static enum bucket_result walk_name(struct walk *walk, int folder, const char *name)
{
	const struct dir_io *io = walk->dir->io;
	size_t before = walk->key_len;
	size_t len = strlen(name);
	enum bucket_result result = BUCKET_OK;
	bool may_be_object;
	bool may_be_folder;
	struct stat info;

	if (!name_ok(name) || before + len > BUCKET_KEY_MAX)
		return BUCKET_OK;
	memcpy(walk->key + before, name, len + 1);
	may_be_object = wanted(walk, walk->key);
	walk->key_len = before + len;
	may_be_folder = false;
	if (before + len < BUCKET_KEY_MAX) {
		memcpy(walk->key + before + len, "/", 2);
		may_be_folder = wanted_below(walk, walk->key);
		walk->key[before + len] = '\0';
	}
	if (!may_be_object && !may_be_folder)
		goto done;
	if (io->stat_at(io->self, folder, name, &info) != 0) {
		if (errno != ENOENT) /* else it was removed since */
			result = dir_fail(walk->call, "listing", errno);
		goto done;
	}
	if (S_ISREG(info.st_mode) && may_be_object) {
		if (walk->count == (size_t)2 * KEEP)
			walk_settle(walk);
		memcpy(walk->items[walk->count].key, walk->key, before + len + 1);
		walk->items[walk->count++].size = (uint64_t)info.st_size;
	} else if (S_ISDIR(info.st_mode) && may_be_folder) {
		int fd = io->open_at(io->self, folder, name, DIR_OPEN_FOLDER, 0);

		if (fd >= 0) {
			memcpy(walk->key + before + len, "/", 2);
			walk->key_len = before + len + 1;
			result = walk_folder(walk, fd);
		} else if (errno != ENOENT) {
			result = dir_fail(walk->call, "listing", errno);
		}
	}
done:
	walk->key_len = before;
	walk->key[before] = '\0';
	return result;
}

/* Takes fd over. As deep as a key has slashes, at most. */
static enum bucket_result walk_folder(struct walk *walk, int fd)
{
	const struct dir_io *io = walk->dir->io;
	enum bucket_result result = BUCKET_OK;
	DIR *list = io->list_open(io->self, fd);

	if (list == NULL) {
		result = dir_fail(walk->call, "listing", errno);
		(void)io->close(io->self, fd);
		return result;
	}
	while (result == BUCKET_OK) {
		struct dirent *entry = io->list_next(io->self, list);

		if (entry == NULL) {
			if (errno != 0)
				result = dir_fail(walk->call, "listing", errno);
			break;
		}
		if (dir_late(walk->dir, walk->call)) {
			call_sayf(walk->call, "the deadline passed while listing");
			result = BUCKET_RETRY;
			break;
		}
		result = walk_name(walk, fd, entry->d_name);
	}
	io->list_close(io->self, list);
	return result;
}

enum bucket_result dir_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct bucket_dir *dir = self;
	struct walk walk = {.dir = dir, .call = call, .prefix = prefix, .after = after};
	enum bucket_result result;
	int fd;

	walk.items = calloc((size_t)2 * KEEP, sizeof(*walk.items));
	if (walk.items == NULL)
		return dir_fail(call, "listing", ENOMEM);
	/* Opened anew: a shared descriptor would share its place in the folder between threads. */
	fd = dir->io->open_at(dir->io->self, dir->root, ".", DIR_OPEN_FOLDER, 0);
	result = fd < 0 ? dir_fail(call, "listing", errno) : walk_folder(&walk, fd);
	if (result != BUCKET_OK) {
		free(walk.items);
		/* A folder that went away while we read it: the same call may be made again. */
		return result == BUCKET_ABSENT ? BUCKET_RETRY : result;
	}
	walk_settle(&walk);
	out->more = walk.count > BUCKET_PAGE_MAX;
	out->count = out->more ? BUCKET_PAGE_MAX : walk.count;
	out->items = walk.items;
	return BUCKET_OK;
}
