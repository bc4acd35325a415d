/*
 * cli/app/host_home.c: finding and making the home, and its lock: an fcntl lock, which the system
 * gives back for whoever dies, and which names its holder.
 */
#include "cli/app/host_home.h"
#include "cli/app/host_system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_POLL_MS 50
#define BELOW_HOME "/.local/share/inkseal"

static bool set_path(struct home *home, const char *folder, const char *below)
{
	int len = snprintf(home->path, sizeof(home->path), "%s%s", folder, below);

	return len > 0 && (size_t)len < sizeof(home->path);
}

/* An environment variable that is set and, for XDG's, absolute as XDG demands. */
static const char *variable(const char *name, bool absolute)
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0' || (absolute && value[0] != '/'))
		return NULL;
	return value;
}

enum code home_find(struct app *app, struct home *out)
{
	struct home home = {.lock_fd = -1};
	const char *folder = app->home;
	const char *below = "";

	if (folder == NULL)
		folder = variable("INKSEAL_HOME", false);
	if (folder == NULL) {
		below = "/inkseal";
		folder = variable("XDG_DATA_HOME", true);
	}
	if (folder == NULL) {
		below = BELOW_HOME;
		folder = variable("HOME", true);
	}
	if (folder == NULL) {
		app_fail(app, CODE_USAGE, "there is no home directory to keep a journal in");
		app_hint(app, "pass --home DIR, or set INKSEAL_HOME");
		return CODE_USAGE;
	}
	if (!set_path(&home, folder, below))
		return app_fail(app, CODE_USAGE, "the home's path is too long");
	*out = home;
	return CODE_OK;
}

bool home_is_default(const struct home *home)
{
	const char *folder = variable("HOME", true);
	struct home usual;

	return home->path[0] == '\0' || (folder != NULL && set_path(&usual, folder, BELOW_HOME) &&
					    strcmp(home->path, usual.path) == 0);
}

enum code home_open(struct app *app, struct home *out)
{
	struct home home = {.lock_fd = -1};
	enum code code = home_find(app, &home);
	int error;

	if (code != CODE_OK)
		return code;
	error = folder_make(home.path);
	if (error != 0)
		return app_fail(
		    app, CODE_ERROR, "the folder %s can't be made: %s", home.path, strerror(error));
	*out = home;
	return CODE_OK;
}

static enum code say_locked(struct app *app, const struct home *home)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(home->lock_fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		app_fail(app, CODE_LOCKED, "another inkseal (process %ld) is using %s",
		    (long)lock.l_pid, home->path);
	else
		app_fail(app, CODE_LOCKED, "another inkseal is using %s", home->path);
	app_hint(app, "try again when it is done");
	return CODE_LOCKED;
}

enum code home_lock(struct app *app, struct home *home, int64_t wait_ms)
{
	int64_t until_ms = clock_monotonic_ms(&app->clock) + wait_ms;
	char path[FILE_PATH_MAX];
	enum code code = home_file(app, home, HOME_LOCK, path);

	if (code != CODE_OK)
		return code;
	home->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (home->lock_fd < 0)
		return app_fail(
		    app, CODE_ERROR, "the home's lock can't be opened: %s", strerror(errno));
	for (;;) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

		if (fcntl(home->lock_fd, F_SETLK, &lock) == 0)
			return CODE_OK;
		if (errno != EACCES && errno != EAGAIN) {
			code = app_fail(
			    app, CODE_ERROR, "the home can't be locked: %s", strerror(errno));
			break;
		}
		if (clock_monotonic_ms(&app->clock) >= until_ms) {
			code = say_locked(app, home);
			break;
		}
		if (!system_wait(LOCK_POLL_MS)) {
			code = app_fail(app, CODE_CANCELLED, "cancelled");
			break;
		}
	}
	home_close(home);
	return code;
}

void home_close(struct home *home)
{
	if (home->lock_fd >= 0)
		(void)close(home->lock_fd);
	home->lock_fd = -1;
}

enum code home_file(
    struct app *app, const struct home *home, const char *name, char out[FILE_PATH_MAX])
{
	if (!file_path(home->path, name, out))
		return app_fail(app, CODE_USAGE, "the home's path is too long");
	return CODE_OK;
}
