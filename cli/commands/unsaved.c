/*
 * cli/commands/unsaved.c: the folders of texts that are not saved yet: new-XXXXXX, edit-XXXXXX. A
 * file beside the text says in JSON what that is for. Who works on it holds an fcntl lock on that
 * file, which the system gives back for whoever dies.
 */
#include "cli/commands/unsaved.h"
#include "schemas/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PURPOSE_FILE ".inkseal"
#define PURPOSE_MAX (32u << 10) /* bytes of JSON; a title takes six times its length at most */
#define NAME_MAX_BYTES 64u
#define ITEMS_MAX 1000u /* in a folder */
#define EXPIRES_MS (24 * 3600 * 1000)
#define HOME_TAG_LEN 4u /* bytes of a hash: which home's it is, where several might lie */
#define FOLDER_TRIES 3u
#define PLACES 3u
#define PLACE_ITEMS_MAX 20000u /* TMPDIR and /var/tmp are everybody's */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct place {
	char folder[FILE_PATH_MAX]; /* "": there is none */
	char prefix[32];            /* of the names that are this home's */
};

/* A name that holds in any folder. False: there is none; out is path as it is. */
static bool make_absolute(const char *path, char out[FILE_PATH_MAX])
{
	char here[FILE_PATH_MAX];

	(void)snprintf(out, FILE_PATH_MAX, "%s", path);
	if (path[0] == '/' || path[0] == '\0')
		return path[0] == '/';
	return getcwd(here, sizeof(here)) != NULL && file_path(here, path, out);
}

/* The one name of a folder, however it is spelt; of one that is not there yet, below its parent. */
static bool make_canonical(const char *path, char out[FILE_PATH_MAX])
{
	char absolute[FILE_PATH_MAX], real[PATH_MAX];
	char *slash;

	if (!make_absolute(path, absolute))
		return false;
	for (size_t len = strlen(absolute); len > 1 && absolute[len - 1] == '/'; len--)
		absolute[len - 1] = '\0';
	if (realpath(absolute, real) != NULL)
		return snprintf(out, FILE_PATH_MAX, "%s", real) < (int)FILE_PATH_MAX;
	slash = strrchr(absolute, '/');
	*slash = '\0';
	return realpath(slash == absolute ? "/" : absolute, real) != NULL &&
	       file_path(real, slash + 1, out);
}

/* Where the texts of this home lie; the first is the home's own. */
static void find_places(const struct home *home, struct place out[PLACES])
{
	const char *others[PLACES - 1] = {getenv("TMPDIR"), "/var/tmp"};
	char path[FILE_PATH_MAX];
	bool known = make_canonical(home->path, path) || make_absolute(home->path, path);
	char tag[2 * HOME_TAG_LEN + 1];
	uint8_t hash[crypto_generichash_BYTES];

	(void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)path, strlen(path), NULL, 0);
	hex_encode(view_of(hash, HOME_TAG_LEN), tag);
	out[0].prefix[0] = '\0';
	if (!known || !file_path(path, UNSAVED_FOLDER, out[0].folder))
		out[0].folder[0] = '\0';
	for (size_t i = 1; i < PLACES; i++) {
		const char *folder = others[i - 1];
		bool usable = folder != NULL && folder[0] == '/' && strlen(folder) < FILE_PATH_MAX;

		(void)snprintf(out[i].folder, FILE_PATH_MAX, "%s", usable ? folder : "");
		(void)snprintf(out[i].prefix, sizeof(out[i].prefix), "inkseal-%s-", tag);
	}
}

static bool set_paths(struct unsaved *unsaved, const char *place, const char *name)
{
	return file_path(place, name, unsaved->folder) &&
	       file_path(unsaved->folder, UNSAVED_FILE, unsaved->file);
}

static int open_purpose(const struct unsaved *unsaved, int flags)
{
	char path[FILE_PATH_MAX];

	if (!file_path(unsaved->folder, PURPOSE_FILE, path))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, S_IRUSR | S_IWUSR);
}

/* False: another process holds it. */
static bool take_lock(struct unsaved *unsaved)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	unsaved->lock_fd = open_purpose(unsaved, O_CREAT);
	/* On a full disk there may be no such file: the text matters more. */
	if (unsaved->lock_fd < 0 || fcntl(unsaved->lock_fd, F_SETLK, &whole) == 0)
		return true;
	(void)close(unsaved->lock_fd);
	unsaved->lock_fd = -1;
	return false;
}

static bool held_elsewhere(const struct unsaved *unsaved)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open_purpose(unsaved, 0);
	bool held;

	if (fd < 0)
		return false;
	held = fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}

static void hash_of(struct view text, struct digest *out)
{
	(void)crypto_generichash(out->bytes, sizeof(out->bytes), text.data, text.len, NULL, 0);
}

/* What no entry can have is not remembered: the save failed for it. */
static void add_fact(json_t *facts, const char *name, const char *text, size_t max)
{
	if (text != NULL && strlen(text) <= max)
		(void)json_object_set_new(facts, name, json_string(text)); /* NULL: no UTF-8 */
}

static void add_digest(json_t *facts, const char *name, const struct digest *digest)
{
	char hex[2 * DIGEST_LEN + 1];

	hex_encode(view_of(digest->bytes, sizeof(digest->bytes)), hex);
	(void)json_object_set_new(facts, name, json_string(hex));
}

/* Into the file that is locked: what is half written there is no JSON, and taken for nothing. */
static int write_purpose(const struct unsaved *unsaved, const struct purpose *purpose)
{
	struct file_out out = {.fd = unsaved->lock_fd};
	json_t *facts = json_object();
	char *text;
	int error;

	add_fact(facts, "id", purpose->id, ENTRY_ID_MAX);
	add_fact(facts, "title", purpose->title, TITLE_MAX);
	if (purpose->collection != NULL && entry_collection_valid(view_text(purpose->collection)))
		add_fact(facts, "collection", purpose->collection, COLLECTION_MAX);
	if (purpose->has_version)
		add_digest(facts, "version", &purpose->version);
	if (purpose->has_handed)
		add_digest(facts, "handed", &purpose->handed);
	text = json_dumps(facts, JSON_COMPACT);
	json_decref(facts);
	if (text == NULL)
		return ENOMEM;
	error = out.fd < 0 ? EIO : file_add(&out, view_text(text));
	free(text);
	if (error == 0 && fsync(out.fd) != 0)
		error = errno;
	return error;
}

void purpose_clear(struct purpose *purpose)
{
	json_decref(purpose->owner);
	*purpose = (struct purpose){0};
}

static const char *fact(const json_t *facts, const char *name)
{
	return json_string_value(json_object_get(facts, name));
}

static bool digest_fact(const json_t *facts, const char *name, struct digest *out)
{
	const char *text = fact(facts, name);

	return text != NULL && hex_decode(text, strlen(text), out->bytes, sizeof(out->bytes));
}

/* Not by another descriptor if it is locked here: closing that would give the lock back. */
static int read_purpose(const struct unsaved *unsaved, struct bytes *out)
{
	int fd = unsaved->lock_fd >= 0 ? unsaved->lock_fd : open_purpose(unsaved, 0);
	int error;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) != 0)
		error = errno;
	else
		error = file_read_fd(fd, PURPOSE_MAX, out);
	if (fd >= 0 && fd != unsaved->lock_fd)
		(void)close(fd);
	return error;
}

bool unsaved_purpose(const struct unsaved *unsaved, struct purpose *out)
{
	struct bytes text = {0};
	json_t *facts = NULL;

	if (read_purpose(unsaved, &text) == 0)
		facts = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
	bytes_clear(&text);
	if (facts == NULL)
		return false;
	*out = (struct purpose){.id = fact(facts, "id"),
	    .title = fact(facts, "title"),
	    .collection = fact(facts, "collection"),
	    .owner = facts};
	out->has_version = digest_fact(facts, "version", &out->version);
	out->has_handed = digest_fact(facts, "handed", &out->handed);
	return true;
}

static int new_in(
    const struct place *place, const struct purpose *purpose, struct view text, struct unsaved *out)
{
	char name[NAME_MAX_BYTES];
	int error;

	(void)snprintf(
	    name, sizeof(name), "%s%s-XXXXXX", place->prefix, purpose->id == NULL ? "new" : "edit");
	if (place->folder[0] == '\0')
		return ENOENT;
	if (!file_path(place->folder, name, out->folder))
		return ENAMETOOLONG;
	error = folder_make_unique(out->folder);
	if (error != 0)
		return error;
	(void)take_lock(out); /* nobody else knows it yet */
	error = write_purpose(out, purpose);
	if (error == 0)
		error = file_path(out->folder, UNSAVED_FILE, out->file)
			    ? file_write(out->file, text)
			    : ENAMETOOLONG;
	if (error != 0)
		(void)unsaved_remove(out, UNSAVED_BACKUPS_STAY);
	return error;
}

/* Who removes the last text there takes HOME/unsaved away, perhaps just now. */
static int new_in_home(
    const struct place *place, const struct purpose *purpose, struct view text, struct unsaved *out)
{
	int error = ENOENT;

	for (unsigned i = 0; error == ENOENT && i < FOLDER_TRIES; i++) {
		error = folder_make(place->folder);
		if (error == 0)
			error = new_in(place, purpose, text, out);
	}
	return error;
}

int unsaved_new(const struct home *home, enum unsaved_kind kind, const struct purpose *purpose,
    struct view text, struct unsaved *out)
{
	struct unsaved made = {.lock_fd = -1};
	struct purpose whole = *purpose;
	struct place places[PLACES];
	int error;

	whole.has_handed = kind == UNSAVED_EDITOR;
	hash_of(text, &whole.handed);
	find_places(home, places);
	error = new_in_home(&places[0], &whole, text, &made);
	for (size_t i = 1; error != 0 && kind == UNSAVED_KEPT && i < PLACES; i++)
		error = new_in(&places[i], &whole, text, &made);
	if (error == 0)
		*out = made;
	return error;
}

int unsaved_sync(const struct unsaved *unsaved)
{
	return file_sync(unsaved->file);
}

static bool is_ours(const char *name)
{
	return strcmp(name, UNSAVED_FILE) == 0 || strcmp(name, PURPOSE_FILE) == 0;
}

/* entry.md~, entry.md.~1~ */
static bool is_ours_or_backup(const char *name)
{
	size_t len = strlen(name);

	return is_ours(name) || (len > 0 && name[len - 1] == '~' &&
				    strncmp(name, UNSAVED_FILE, strlen(UNSAVED_FILE)) == 0);
}

size_t unsaved_others(const struct unsaved *unsaved, char names[UNSAVED_NAMES_MAX])
{
	DIR *folder = opendir(unsaved->folder);
	size_t count = 0, len = 0;
	const struct dirent *item;

	names[0] = '\0';
	for (unsigned i = 0; folder != NULL && i < ITEMS_MAX; i++) {
		item = readdir(folder);
		if (item == NULL)
			break;
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
		    is_ours(item->d_name))
			continue;
		if (len + strlen(item->d_name) + 3 <= UNSAVED_NAMES_MAX)
			len += (size_t)snprintf(names + len, UNSAVED_NAMES_MAX - len, "%s%s",
			    len == 0 ? "" : ", ", item->d_name);
		count++;
	}
	if (folder != NULL)
		(void)closedir(folder);
	if (count > 0 && len == 0)
		(void)snprintf(names, UNSAVED_NAMES_MAX, "files");
	return count;
}

bool unsaved_untouched(const struct unsaved *unsaved)
{
	char names[UNSAVED_NAMES_MAX];
	struct purpose purpose = {0};
	struct bytes text = {0};
	struct digest hash;
	bool untouched;
	int error;

	if (unsaved_others(unsaved, names) > 0)
		return false;
	error = file_read(unsaved->file, CONTENT_MAX + 1, &text);
	if (error != 0)
		return error == ENOENT; /* cut off before it began, or after its end */
	hash_of(view_bytes(&text), &hash);
	bytes_clear(&text);
	untouched = unsaved_purpose(unsaved, &purpose) && purpose.has_handed &&
		    digest_equal(&purpose.handed, &hash);
	purpose_clear(&purpose);
	return untouched;
}

void unsaved_leave(struct unsaved *unsaved)
{
	if (unsaved->folder[0] != '\0' && unsaved->lock_fd >= 0)
		(void)close(unsaved->lock_fd);
	unsaved->lock_fd = -1;
	unsaved->folder[0] = '\0';
}

bool unsaved_remove(struct unsaved *unsaved, enum unsaved_beside beside)
{
	char *slash = strrchr(unsaved->folder, '/');
	bool gone;

	if (slash == NULL) /* none */
		return true;
	folder_remove(unsaved->folder, beside == UNSAVED_BACKUPS_GO ? is_ours_or_backup : is_ours);
	gone = access(unsaved->folder, F_OK) != 0;
	*slash = '\0'; /* HOME/unsaved goes when it is empty; other places, not ours, never */
	slash = strrchr(unsaved->folder, '/');
	if (slash != NULL && strcmp(slash + 1, UNSAVED_FOLDER) == 0)
		(void)rmdir(unsaved->folder);
	unsaved_leave(unsaved);
	return gone;
}

void unsaved_expire(const struct unsaved *left, int64_t now_ms)
{
	struct unsaved expired = *left;
	struct stat info;

	if (stat(left->folder, &info) != 0 || now_ms - (int64_t)info.st_mtime * 1000 < EXPIRES_MS ||
	    !take_lock(&expired))
		return;
	if (unsaved_untouched(&expired))
		(void)unsaved_remove(&expired, UNSAVED_BACKUPS_STAY);
	else
		unsaved_leave(&expired);
}

/* One that is this user's, and that nobody works on. */
static bool is_left(const struct place *place, const char *name, struct unsaved *out)
{
	struct stat info;

	if (name[0] == '.' || strncmp(name, place->prefix, strlen(place->prefix)) != 0 ||
	    !set_paths(out, place->folder, name) || lstat(out->folder, &info) != 0 ||
	    !S_ISDIR(info.st_mode) || info.st_uid != geteuid())
		return false;
	out->lock_fd = -1;
	return !held_elsewhere(out);
}

struct search {
	unsaved_see *see;
	void *self;
	unsigned seen;
	bool stopped;
};

static void look_in(const struct place *place, struct search *search)
{
	DIR *folder = place->folder[0] == '\0' ? NULL : opendir(place->folder);
	struct unsaved left;
	struct dirent *item;

	for (unsigned i = 0; folder != NULL && i < PLACE_ITEMS_MAX && !search->stopped; i++) {
		item = readdir(folder);
		if (item == NULL)
			break;
		if (!is_left(place, item->d_name, &left))
			continue;
		search->stopped =
		    !search->see(search->self, &left) || ++search->seen == UNSAVED_SEEN_MAX;
	}
	if (folder != NULL)
		(void)closedir(folder);
}

void unsaved_each(const struct home *home, unsaved_see *see, void *self)
{
	struct search search = {.see = see, .self = self};
	struct place places[PLACES];

	find_places(home, places);
	for (size_t i = 0; i < PLACES && !search.stopped; i++)
		if (i < PLACES - 1 || strcmp(places[1].folder, places[2].folder) != 0)
			look_in(&places[i], &search);
}

struct adoption {
	struct stat wanted;
	bool found;
	struct unsaved unsaved;
};

static bool see_adopted(void *self, const struct unsaved *left)
{
	struct adoption *adoption = self;
	struct stat info;

	adoption->found = lstat(left->file, &info) == 0 && info.st_dev == adoption->wanted.st_dev &&
			  info.st_ino == adoption->wanted.st_ino;
	if (adoption->found)
		adoption->unsaved = *left;
	return !adoption->found;
}

void unsaved_adopt(const struct home *home, int fd, struct unsaved *out)
{
	struct adoption adoption = {.found = false};

	if (fstat(fd, &adoption.wanted) != 0 || !S_ISREG(adoption.wanted.st_mode))
		return;
	unsaved_each(home, see_adopted, &adoption);
	if (adoption.found && take_lock(&adoption.unsaved))
		*out = adoption.unsaved;
}

/* As one word of a shell's command. */
static void add_word(struct buffer *out, const char *word)
{
	if (word[0] != '\0' && strspn(word, PLAIN "-_./+,:@%") == strlen(word)) {
		buffer_add_text(out, word);
		return;
	}
	buffer_add_byte(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buffer_add_text(out, "'\\'");
		buffer_add_byte(out, (uint8_t)*word);
	}
	buffer_add_byte(out, '\'');
}

void unsaved_how(
    const struct home *home, const struct unsaved *left, const char *id, char out[UNSAVED_HOW_MAX])
{
	char path[FILE_PATH_MAX];
	struct buffer how;

	buffer_init(&how, UNSAVED_HOW_MAX - 1);
	buffer_add_text(&how, "inkseal ");
	/* It may be run tomorrow, where nothing else says which journal is meant. */
	if (!home_is_default(home) && make_absolute(home->path, path)) {
		buffer_add_text(&how, "--home ");
		add_word(&how, path);
		buffer_add_byte(&how, ' ');
	}
	buffer_add_text(&how, id == NULL ? "new" : "edit ");
	if (id != NULL && id[0] == '-')
		buffer_add_text(&how, "-- ");
	if (id != NULL)
		add_word(&how, id);
	buffer_add_text(&how, " < ");
	add_word(&how, left->file);
	/* Too long, or no memory: the file's name is the half that matters. */
	(void)snprintf(out, UNSAVED_HOW_MAX, "%.*s", how.failed ? (int)FILE_PATH_MAX : (int)how.len,
	    how.failed ? left->file : (const char *)how.data);
	buffer_clear(&how);
}
