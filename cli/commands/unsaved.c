/*
 * cli/commands/unsaved.c: the folders of texts that are not saved yet. A folder's name tells what
 * the text is for: new-XXXXXX, edit-ID-XXXXXX, edit-XXXXXX where the id would be no plain name. Who
 * works on one holds an fcntl lock on a file in it, which the system gives back for whoever dies.
 */
#include "cli/commands/unsaved.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE ".in-use"
#define ID_NAMED_MAX 64u
#define NAME_MAX_BYTES 160u
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

/* Where the texts of this home lie; the first is the home's own. */
static void find_places(const struct home *home, struct place out[PLACES])
{
	const char *others[PLACES - 1] = {getenv("TMPDIR"), "/var/tmp"};
	char path[FILE_PATH_MAX];
	bool known = make_absolute(home->path, path);
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

/* May stand in a name and, as it is, in a command. */
static bool is_plain(const char *id)
{
	size_t len = strlen(id);

	return len > 0 && len <= ID_NAMED_MAX && strchr("-_", id[0]) == NULL &&
	       strspn(id, PLAIN "-_") == len;
}

static bool set_paths(struct unsaved *unsaved, const char *place, const char *name)
{
	return file_path(place, name, unsaved->folder) &&
	       file_path(unsaved->folder, UNSAVED_FILE, unsaved->file);
}

static int open_lock(const struct unsaved *unsaved, int flags)
{
	char path[FILE_PATH_MAX];

	if (!file_path(unsaved->folder, LOCK_FILE, path))
		return -1;
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, S_IRUSR | S_IWUSR);
}

/* False: another process holds it. */
static bool take_lock(struct unsaved *unsaved)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	unsaved->lock_fd = open_lock(unsaved, O_CREAT);
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
	int fd = open_lock(unsaved, 0);
	bool held;

	if (fd < 0)
		return false;
	held = fcntl(fd, F_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
	(void)close(fd);
	return held;
}

static int new_in(const struct place *place, const char *id, struct view text, struct unsaved *out)
{
	bool named = id != NULL && is_plain(id);
	char name[NAME_MAX_BYTES];
	int error;

	(void)snprintf(name, sizeof(name), "%s%s%s%s-XXXXXX", place->prefix,
	    id == NULL ? "new" : "edit", named ? "-" : "", named ? id : "");
	if (place->folder[0] == '\0')
		return ENOENT;
	if (!file_path(place->folder, name, out->folder))
		return ENAMETOOLONG;
	error = folder_make_unique(out->folder);
	if (error != 0)
		return error;
	(void)take_lock(out); /* nobody else knows it yet */
	error = file_path(out->folder, UNSAVED_FILE, out->file) ? file_write(out->file, text)
								: ENAMETOOLONG;
	if (error != 0)
		unsaved_remove(out);
	return error;
}

/* Who removes the last text there takes HOME/unsaved away, perhaps just now. */
static int new_in_home(
    const struct place *place, const char *id, struct view text, struct unsaved *out)
{
	int error = ENOENT;

	for (unsigned i = 0; error == ENOENT && i < FOLDER_TRIES; i++) {
		error = folder_make(place->folder);
		if (error == 0)
			error = new_in(place, id, text, out);
	}
	return error;
}

int unsaved_new(const struct home *home, enum unsaved_place where, const char *id, struct view text,
    struct unsaved *out)
{
	struct unsaved made = {.lock_fd = -1};
	struct place places[PLACES];
	int error;

	find_places(home, places);
	error = new_in_home(&places[0], id, text, &made);
	for (size_t i = 1; error != 0 && where == UNSAVED_ANYWHERE && i < PLACES; i++)
		error = new_in(&places[i], id, text, &made);
	if (error == 0)
		*out = made;
	return error;
}

int unsaved_sync(const struct unsaved *unsaved)
{
	return file_sync(unsaved->file);
}

bool unsaved_alone(const struct unsaved *unsaved)
{
	DIR *folder = opendir(unsaved->folder);
	bool alone = true;
	struct dirent *item;

	while (folder != NULL && alone && (item = readdir(folder)) != NULL)
		alone = strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
			strcmp(item->d_name, UNSAVED_FILE) == 0 ||
			strcmp(item->d_name, LOCK_FILE) == 0;
	if (folder != NULL)
		(void)closedir(folder);
	return alone;
}

void unsaved_leave(struct unsaved *unsaved)
{
	if (unsaved->folder[0] != '\0' && unsaved->lock_fd >= 0)
		(void)close(unsaved->lock_fd);
	unsaved->lock_fd = -1;
	unsaved->folder[0] = '\0';
}

void unsaved_remove(struct unsaved *unsaved)
{
	char *slash = strrchr(unsaved->folder, '/');

	if (slash == NULL) /* none */
		return;
	folder_remove(unsaved->folder);
	*slash = '\0'; /* HOME/unsaved goes when it is empty; other places, not ours, never */
	slash = strrchr(unsaved->folder, '/');
	if (slash != NULL && strcmp(slash + 1, UNSAVED_FOLDER) == 0)
		(void)rmdir(unsaved->folder);
	unsaved_leave(unsaved);
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

/* The folder's name, without what tells the home: "new-XXXXXX", "edit-ID-XXXXXX". */
static void add_verb(struct buffer *out, const struct unsaved *left)
{
	const char *name = strrchr(left->folder, '/') + 1; /* the path is absolute */
	const char *random;

	if (strncmp(name, "inkseal-", 8) == 0 && strlen(name) > 8 + 2 * HOME_TAG_LEN)
		name += 8 + 2 * HOME_TAG_LEN + 1;
	if (strncmp(name, "edit-", 5) != 0) {
		buffer_add_text(out, "new");
		return;
	}
	name += 5;
	random = strrchr(name, '-');
	if (random == NULL)
		buffer_add_text(out, "edit ID");
	else
		buffer_addf(out, "edit %.*s", (int)(random - name), name);
}

void unsaved_how(const struct app *app, const struct unsaved *left, char out[UNSAVED_HOW_MAX])
{
	char home[FILE_PATH_MAX];
	struct buffer how;

	buffer_init(&how, UNSAVED_HOW_MAX - 1);
	buffer_add_text(&how, "inkseal ");
	if (app->options.home != NULL && make_absolute(app->options.home, home)) {
		buffer_add_text(&how, "--home ");
		add_word(&how, home);
		buffer_add_byte(&how, ' ');
	}
	add_verb(&how, left);
	buffer_add_text(&how, " < ");
	add_word(&how, left->file);
	/* Too long, or no memory: the file's name is the half that matters. */
	(void)snprintf(out, UNSAVED_HOW_MAX, "%.*s", how.failed ? (int)FILE_PATH_MAX : (int)how.len,
	    how.failed ? left->file : (const char *)how.data);
	buffer_clear(&how);
}
