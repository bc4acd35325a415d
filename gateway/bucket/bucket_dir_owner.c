/*
 * gateway/bucket/bucket_dir_owner.c: whose a folder bucket is, and that all in it stays so. Who may
 * use the folder must be able to use every object, lock and folder below it, whoever made them: an
 * operator's command run by root beside a gateway that runs as another user, or several users of a
 * group. So what is made here gets the folder's owner, group and mode, before it has its name; who
 * could not give them is refused when the bucket is opened. README.md, "Whose the files are".
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir_owner.h"

#define STICKY 01000 /* S_ISVTX, which POSIX has for its XSI option alone */
#define NAME_TEXT_MAX 64u
#define ENTRY_MAX 4096u /* of a user or group in the system's data base */
#define GROUPS_MAX 256

/* Of who has no name here, the number: mark ("" or "#", which sudo wants) goes before it. */
static void user_name(uid_t uid, const char *mark, char out[NAME_TEXT_MAX])
{
	struct passwd entry, *found = NULL;
	char text[ENTRY_MAX];

	if (getpwuid_r(uid, &entry, text, sizeof(text), &found) == 0 && found != NULL)
		(void)snprintf(out, NAME_TEXT_MAX, "%.60s", found->pw_name);
	else
		(void)snprintf(out, NAME_TEXT_MAX, "%s%" PRIuMAX, mark, (uintmax_t)uid);
}

static void group_name(gid_t gid, char out[NAME_TEXT_MAX])
{
	struct group entry, *found = NULL;
	char text[ENTRY_MAX];

	if (getgrgid_r(gid, &entry, text, sizeof(text), &found) == 0 && found != NULL)
		(void)snprintf(out, NAME_TEXT_MAX, "%.60s", found->gr_name);
	else
		(void)snprintf(out, NAME_TEXT_MAX, "%" PRIuMAX, (uintmax_t)gid);
}

static bool in_group(gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return true;
	return getegid() == gid;
}

enum dir_owner_result dir_owner_of(
    const struct stat *folder, const struct dir_who *who, struct dir_owner *out)
{
	bool root = who->uid == 0;
	bool group = (folder->st_mode & S_IWGRP) != 0;
	bool others = (folder->st_mode & S_IWOTH) != 0 && (folder->st_mode & STICKY) == 0;
	mode_t bits = 0600u | (group ? 060u : 0) | (others ? 06u : 0);

	if (!root && !others && who->uid != folder->st_uid && !(group && who->in_group))
		return DIR_OWNER_ANOTHER;
	if (!root && !others && group && !who->in_group)
		return DIR_OWNER_NO_MEMBER;
	*out = (struct dir_owner){
	    .gives =
		group || others || (root && (folder->st_uid != 0 || folder->st_gid != who->gid)),
	    .uid = root ? folder->st_uid : (uid_t)-1,
	    .gid = root || (group && who->in_group) ? folder->st_gid : (gid_t)-1,
	    .file_mode = bits,
	    .folder_mode = bits | (bits & 0444u) >> 2 | (group ? folder->st_mode & S_ISGID : 0),
	};
	return DIR_OWNER_OK;
}

static void say_another(const char *path, const struct stat *folder, struct call *call)
{
	char owner[NAME_TEXT_MAX], as[NAME_TEXT_MAX], me[NAME_TEXT_MAX], group[NAME_TEXT_MAX];

	user_name(folder->st_uid, "", owner);
	user_name(folder->st_uid, "#", as);
	user_name(geteuid(), "", me);
	group_name(getegid(), group);
	if (folder->st_uid == 0) /* as root would be to use root's own files, and home */
		call_sayf(call,
		    "the folder %.120s belongs to root, and user %s cannot use it: if it is the "
		    "bucket's alone, chown -R '%s:%s' '%.120s' as root gives it to them; else use "
		    "a "
		    "folder of their own",
		    path, me, me, group, path);
	else
		call_sayf(call,
		    "the folder %.120s belongs to user %s, who could not use what user %s writes "
		    "there: for inkseald put sudo -u '%s' before the command; for a journal's own "
		    "sync use a folder of your own, or one that your group may write",
		    path, owner, me, as);
}

bool dir_owner_denied(const char *path, struct call *call)
{
	struct stat folder;

	if (stat(path, &folder) != 0 || folder.st_uid == geteuid())
		return false;
	say_another(path, &folder, call);
	return true;
}

static void say_no_member(const char *path, const struct stat *folder, struct call *call)
{
	char group[NAME_TEXT_MAX], me[NAME_TEXT_MAX];

	group_name(folder->st_gid, group);
	user_name(geteuid(), "", me);
	call_sayf(call,
	    "the group %s may write to the folder %.160s, and user %s is not in it: its members "
	    "could "
	    "not use what %s writes there; join the group, or chmod g-w '%.160s'",
	    group, path, me, me, path);
}

/* False, and said: something of ours there is another's. */
static bool can_use(const struct bucket_dir *dir, int folder, const char *name, int how,
    const char *path, struct call *call)
{
	char owner[NAME_TEXT_MAX], group[NAME_TEXT_MAX];
	struct stat root;

	/* What cannot be told now, or is missing, is for who uses it. */
	if (dir->io->access_at(dir->io->self, folder, name, how) == 0 || errno != EACCES ||
	    dir->io->stat(dir->io->self, dir->root, &root) != 0)
		return true;
	user_name(root.st_uid, "", owner);
	group_name(root.st_gid, group);
	call_sayf(call,
	    "in the folder %.160s are files of another user, so that it cannot be used: as root, "
	    "chown -R '%s:%s' '%.160s' gives them to whom the folder belongs",
	    path, owner, group, path);
	return false;
}

/* The locks: without them nothing can be changed, and they alone are kept for ever. */
static bool can_use_locks(struct bucket_dir *dir, const char *path, struct call *call)
{
	const struct dir_io *io = dir->io;
	int folder = io->open_at(io->self, dir->root, DIR_LOCK_FOLDER, DIR_OPEN_FOLDER, 0);
	struct dirent *entry;
	bool can = true;
	DIR *list;

	if (folder < 0)
		return true;
	list = io->list_open(io->self, folder);
	if (list == NULL) {
		(void)io->close(io->self, folder);
		return true;
	}
	while (can && (entry = io->list_next(io->self, list)) != NULL)
		can = entry->d_name[0] == '.' ||
		      can_use(dir, folder, entry->d_name, R_OK | W_OK, path, call);
	io->list_close(io->self, list);
	return can;
}

/* The folders of keys: of accounts, wipes, invites, the probe. What else lies there is not ours. */
static bool can_use_folders(struct bucket_dir *dir, const char *path, struct call *call)
{
	static const char *const names[] = {
	    DIR_TEMP_FOLDER, DIR_LOCK_FOLDER, "a", "w", "n", "probe"};
	bool can = true;

	for (size_t i = 0; i < COUNT_OF(names) && can; i++)
		can = can_use(dir, dir->root, names[i], R_OK | W_OK | X_OK, path, call);
	return can;
}

bool dir_owner_judge(struct bucket_dir *dir, const char *path, struct call *call)
{
	struct dir_who who = {.uid = geteuid(), .gid = getegid()};
	struct stat folder;

	if (dir->io->stat(dir->io->self, dir->root, &folder) != 0) {
		(void)dir_fail(call, "opening the folder", errno);
		return false;
	}
	who.in_group = in_group(folder.st_gid);
	switch (dir_owner_of(&folder, &who, &dir->owner)) {
	case DIR_OWNER_OK: break;
	case DIR_OWNER_ANOTHER: say_another(path, &folder, call); return false;
	case DIR_OWNER_NO_MEMBER: say_no_member(path, &folder, call); return false;
	}
	return can_use_folders(dir, path, call) && can_use_locks(dir, path, call);
}

bool dir_owner_may_make(const struct stat *parent, const char *path, struct call *call)
{
	char owner[NAME_TEXT_MAX], group[NAME_TEXT_MAX];

	if (geteuid() != 0 || parent->st_uid == 0)
		return true;
	user_name(parent->st_uid, "", owner);
	group_name(parent->st_gid, group);
	call_sayf(call,
	    "there is no folder %.160s, and user %s could not use one that root makes: "
	    "install -d -o '%s' -g '%s' -m 0700 '%.160s' makes it theirs",
	    path, owner, owner, group, path);
	return false;
}

int dir_give(const struct bucket_dir *dir, int fd, mode_t mode)
{
	const struct dir_owner *owner = &dir->owner;
	const struct dir_io *io = dir->io;
	bool chowns, chmods;
	struct stat made;

	if (!owner->gives)
		return 0;
	if (io->stat(io->self, fd, &made) != 0)
		return errno;
	/* A file system that has no owners or modes of its own gives the right ones by itself. */
	chowns = (owner->uid != (uid_t)-1 && owner->uid != made.st_uid) ||
		 (owner->gid != (gid_t)-1 && owner->gid != made.st_gid);
	chmods = (made.st_mode & mode) != mode;
	if ((chowns || chmods) && made.st_uid != geteuid())
		return EPERM; /* another's: nothing that was made here */
	if (chowns && io->chown(io->self, fd, owner->uid, owner->gid) != 0)
		return errno;
	if (chmods && io->chmod(io->self, fd, mode) != 0)
		return errno;
	return 0;
}
