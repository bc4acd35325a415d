/*
 * cli/port/markdown_export.c: entries as a folder of Markdown files. Names are made of safe ASCII
 * alone and every folder is opened without following links, so nothing outside the folder can be
 * touched, whatever an entry says. A file is written beside its place, made durable, then renamed.
 */
#include "cli/port/front_matter.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLUG_MAX 48u
#define HASH_LEN 16u
#define NAME_MAX_LEN 128u
/* No text of front matter grows more than fourfold, its unknown members twofold. */
#define FRONT_TEXT_MAX (3u * ENTRY_MAX)

struct place {                         /* where an entry goes, below the folder */
	char collection[SLUG_MAX + 2]; /* "": none */
	char year[16];
	char name[NAME_MAX_LEN];
};

/* Paths written in this run, by hash: two entries must never take the same one. */
struct path_set {
	uint8_t (*slot)[HASH_LEN]; /* all zero: free */
	size_t slots;              /* a power of 2 */
	size_t count;
};

struct export
{
	int root;
	int folder; /* of the last file; -1: none */
	char folder_name[SLUG_MAX + 32];
	struct path_set paths;
	struct buffer front;
	struct call *call;
};

/* ---- Names ---- */

/*
 * text in lower-case ASCII letters and digits, with one '-' for each run of anything else, none at
 * the ends, and at most max - 1 bytes; "" if nothing is left.
 */
static void make_slug(struct view text, char *out, size_t max)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < max - 1; i++) {
		uint8_t c = text.data[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + ('a' - 'A'));
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[len++] = (char)c;
		else if (len > 0 && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len > 0 && out[len - 1] == '-')
		len--;
	out[len] = '\0';
}

static void hash_text(struct view text, uint8_t out[HASH_LEN])
{
	(void)crypto_generichash(out, HASH_LEN, text.data, text.len, NULL, 0);
}

/* <date>-<slug>-<first 8 of the id>; is_long: with a hash of the id, when another took that. */
static void make_place(const struct entry *entry, bool is_long, struct place *out)
{
	static const char journal[] = "journal";
	char time[TIME_PRINT_MAX];
	char slug[SLUG_MAX + 1];
	char id[2 * HASH_LEN + 1];
	uint8_t hash[HASH_LEN];
	size_t date_len;

	out->collection[0] = '\0';
	if (!view_equal(entry->collection, view_text(journal))) {
		/* Windows reserves these names. */
		make_slug(entry->collection, out->collection, SLUG_MAX);
		if (out->collection[0] == '\0' || strcmp(out->collection, "con") == 0 ||
		    strcmp(out->collection, "nul") == 0 || strcmp(out->collection, "aux") == 0 ||
		    strcmp(out->collection, "prn") == 0)
			(void)strncat(out->collection, "-", 2);
	}
	time_print_ms(time_parse_ms(entry->created_at), time);
	date_len = strcspn(time, "T");
	(void)snprintf(out->year, sizeof(out->year), "%.*s", (int)(date_len - 6), time);
	make_slug(entry->title, slug, sizeof(slug));
	make_slug((struct view){entry->id.data, entry->id.len < 8 ? entry->id.len : 8}, id, 9);
	if (is_long || id[0] == '\0') {
		hash_text(entry->id, hash);
		hex_encode(view_of(hash, sizeof(hash)), id);
	}
	(void)snprintf(out->name, sizeof(out->name), "%.*s-%s-%s.md", (int)date_len, time,
	    slug[0] == '\0' ? "entry" : slug, id);
}

/* ---- The paths of this run ---- */

static bool path_set_put(struct path_set *set, const uint8_t hash[HASH_LEN], bool *had_out)
{
	static const uint8_t free_slot[HASH_LEN] = {0};
	uint64_t at;

	memcpy(&at, hash, sizeof(at));
	for (size_t i = 0; i < set->slots; i++) {
		uint8_t *slot = set->slot[(at + i) & (set->slots - 1)];

		*had_out = memcmp(slot, hash, HASH_LEN) == 0;
		if (*had_out)
			return true;
		if (memcmp(slot, free_slot, HASH_LEN) == 0) {
			memcpy(slot, hash, HASH_LEN);
			set->count++;
			return true;
		}
	}
	return false;
}

/* Keeps at least half of the slots free. */
static bool path_set_grow(struct path_set *set)
{
	struct path_set grown = {.slots = set->slots == 0 ? 1024 : set->slots * 2};
	static const uint8_t free_slot[HASH_LEN] = {0};
	bool had;

	if (set->count < set->slots / 2)
		return true;
	grown.slot = calloc(grown.slots, HASH_LEN);
	if (grown.slot == NULL)
		return false;
	for (size_t i = 0; i < set->slots; i++)
		if (memcmp(set->slot[i], free_slot, HASH_LEN) != 0 &&
		    !path_set_put(&grown, set->slot[i], &had)) {
			free(grown.slot);
			return false;
		}
	free(set->slot);
	*set = grown;
	return true;
}

/* True, with *place_out: nobody else's in this run. False: no memory. */
static bool choose_place(struct export *export, const struct entry *entry, struct place *place_out)
{
	bool had = true;

	if (!path_set_grow(&export->paths))
		return false;
	for (int is_long = 0; is_long < 2 && had; is_long++) {
		char path[sizeof(struct place) + 3];
		uint8_t hash[HASH_LEN];

		make_place(entry, is_long != 0, place_out);
		(void)snprintf(path, sizeof(path), "%s/%s/%s", place_out->collection,
		    place_out->year, place_out->name);
		hash_text(view_text(path), hash);
		if (!path_set_put(&export->paths, hash, &had))
			return false;
	}
	/* Had twice: the source gave the same id twice, and the later one stands. */
	return true;
}

/* ---- Files ---- */

static enum port_result say_errno(struct call *call, const char *what)
{
	char text[64];

	if (strerror_r(errno, text, sizeof(text)) != 0)
		(void)snprintf(text, sizeof(text), "error %d", errno);
	call_sayf(call, "%s: %s", what, text);
	return PORT_IO;
}

/* Names in the folder are durable after this. Some file systems have no such thing: EINVAL. */
static bool sync_folder(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL;
}

/* Opens the folder name in parent, made if need be. -1, with errno. */
static int open_folder(int parent, const char *name)
{
	if (mkdirat(parent, name, 0700) == 0) {
		if (!sync_folder(parent))
			return -1;
	} else if (errno != EEXIST) {
		return -1;
	}
	return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum port_result leave_folder(struct export *export)
{
	enum port_result result = PORT_OK;

	if (export->folder < 0)
		return PORT_OK;
	if (!sync_folder(export->folder))
		result = say_errno(export->call, "cannot make a folder durable");
	(void)close(export->folder);
	export->folder = -1;
	return result;
}

static enum port_result enter_folder(struct export *export, const struct place *place)
{
	char name[sizeof(export->folder_name)];
	int parent = export->root;
	enum port_result result;

	(void)snprintf(name, sizeof(name), "%s/%s", place->collection, place->year);
	if (export->folder >= 0 && strcmp(name, export->folder_name) == 0)
		return PORT_OK;
	result = leave_folder(export);
	if (result != PORT_OK)
		return result;
	if (place->collection[0] != '\0') {
		parent = open_folder(export->root, place->collection);
		if (parent < 0)
			return say_errno(export->call, "cannot make a folder");
	}
	export->folder = open_folder(parent, place->year);
	if (export->folder < 0)
		result = say_errno(export->call, "cannot make a folder");
	else
		memcpy(export->folder_name, name, sizeof(name));
	if (parent != export->root)
		(void)close(parent);
	return result;
}

static bool write_all(int fd, struct view data)
{
	while (data.len > 0) {
		ssize_t put = write(fd, data.data, data.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		data.data += put;
		data.len -= (size_t)put;
	}
	return true;
}

/* front and content as the file name, all of it or nothing. */
static enum port_result write_file(
    struct export *export, const char *name, struct view front, struct view content)
{
	char temporary[48];
	enum port_result result = PORT_OK;
	bool good;
	int fd;

	/* Of this process alone; left over from one that died under the same number: not needed. */
	(void)snprintf(temporary, sizeof(temporary), ".inkseal-%lld.tmp", (long long)getpid());
	(void)unlinkat(export->folder, temporary, 0);
	fd = openat(
	    export->folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return say_errno(export->call, "cannot write a file");
	good = write_all(fd, front) && write_all(fd, content) && fsync(fd) == 0;
	if (!good)
		result = say_errno(export->call, "cannot write a file");
	if (close(fd) != 0 && result == PORT_OK)
		result = say_errno(export->call, "cannot write a file");
	if (result == PORT_OK && renameat(export->folder, temporary, export->folder, name) != 0)
		result = say_errno(export->call, "cannot put a file in its place");
	if (result != PORT_OK)
		(void)unlinkat(export->folder, temporary, 0);
	return result;
}

static enum port_result export_entry(struct export *export, const struct entry *entry)
{
	struct place place;
	enum port_result result;

	export->front.len = 0;
	front_matter_write(entry, &export->front);
	if (export->front.failed || !choose_place(export, entry, &place)) {
		call_sayf(export->call, "out of memory");
		return PORT_FAILED;
	}
	if (export->front.len > FRONT_MATTER_MAX) {
		call_sayf(export->call,
		    "an entry's unknown members are larger than front matter may be (%u KiB); "
		    "the metadj format holds them",
		    FRONT_MATTER_MAX >> 10);
		return PORT_TOO_LARGE;
	}
	result = enter_folder(export, &place);
	if (result != PORT_OK)
		return result;
	return write_file(export, place.name, buffer_view(&export->front), entry->content);
}

/* The folder itself may be a link: that is where the person wants it. */
static enum port_result open_root(struct export *export, const char *folder)
{
	bool made = mkdir(folder, 0700) == 0;
	bool good = true;
	int parent;

	if (!made && errno != EEXIST)
		return say_errno(export->call, "cannot make the folder");
	export->root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (export->root < 0)
		return say_errno(export->call, "cannot open the folder");
	if (!made)
		return PORT_OK;
	parent = openat(export->root, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent >= 0) {
		good = sync_folder(parent);
		(void)close(parent);
	} /* else it may be entered but not read: then it cannot be synced by us */
	return good ? PORT_OK : say_errno(export->call, "cannot make the folder durable");
}

enum port_result markdown_export(
    const struct port_source *source, const char *folder, struct call *call, uint64_t *written_out)
{
	struct export export = {.root = -1, .folder = -1, .call = call};
	struct entry entry;
	uint64_t written = 0;
	bool failed = false;
	enum port_result result;
	enum port_result left;

	buffer_init(&export.front, FRONT_TEXT_MAX);
	result = open_root(&export, folder);
	while (result == PORT_OK && source->next(source->self, &entry, &failed)) {
		result = export_entry(&export, &entry);
		written++;
	}
	if (result == PORT_OK && failed)
		result = PORT_STOPPED;
	left = leave_folder(&export);
	if (result == PORT_OK)
		result = left;
	if (result == PORT_OK)
		*written_out = written;
	if (export.root >= 0)
		(void)close(export.root);
	free(export.paths.slot);
	buffer_clear(&export.front);
	return result;
}
