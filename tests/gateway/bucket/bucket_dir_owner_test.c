/*
 * tests/gateway/bucket/bucket_dir_owner_test.c: whose the files of a folder bucket are. What root
 * makes in another user's folder, or one of a group in theirs, the others can use; who could not
 * give it to them is refused, and has written nothing. But for the table this needs root, who makes
 * folders and becomes other users in processes of their own.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/bucket/bucket_dir.h"
#include "gateway/bucket/bucket_dir_io.h"
#include "gateway/bucket/bucket_dir_owner.h"
#include "gateway/bucket/bucket_object.h"

#define STRANGER 65534u

static uid_t owner_id,
    member_id; /* whom the system has no name for: messages then have the numbers */
static gid_t team_id;
static char root[64]; /* of the running case */

static unsigned nameless_from(unsigned id)
{
	while (getpwuid((uid_t)id) != NULL || getgrgid((gid_t)id) != NULL)
		id++;
	return id;
}

static struct dir_io quick; /* the system's, with suite_quick_sync */

static int find_ids(void **state)
{
	(void)state;
	quick = dir_io_system;
	quick.sync = suite_quick_sync;
	owner_id = nameless_from(12345);
	member_id = nameless_from(owner_id + 1);
	team_id = nameless_from(member_id + 1);
	return 0;
}

/* ---- the rule ---- */

static void whose_it_is(void **state)
{
	const struct {
		mode_t mode; /* of a folder of owner's and team's */
		struct dir_who who;
		enum dir_owner_result result;
		struct dir_owner owner;
	} rows[] = {
	    {0700, {owner_id, owner_id, false}, DIR_OWNER_OK, {false, -1u, -1u, 0600, 0700}},
	    {0755, {owner_id, team_id, true}, DIR_OWNER_OK, {false, -1u, -1u, 0600, 0700}},
	    {02755, {owner_id, team_id, true}, DIR_OWNER_OK, {false, -1u, -1u, 0600, 0700}},
	    {0700, {0, 0, false}, DIR_OWNER_OK, {true, owner_id, team_id, 0600, 0700}},
	    {02770, {0, 0, false}, DIR_OWNER_OK, {true, owner_id, team_id, 0660, 02770}},
	    {0775, {owner_id, owner_id, true}, DIR_OWNER_OK, {true, -1u, team_id, 0660, 0770}},
	    {02770, {member_id, member_id, true}, DIR_OWNER_OK, {true, -1u, team_id, 0660, 02770}},
	    {0770, {owner_id, owner_id, false}, DIR_OWNER_NO_MEMBER, {0}},
	    {02770, {STRANGER, STRANGER, false}, DIR_OWNER_ANOTHER, {0}},
	    {0755, {member_id, team_id, true}, DIR_OWNER_ANOTHER, {0}},
	    {01777, {STRANGER, STRANGER, false}, DIR_OWNER_ANOTHER, {0}},
	    {01777, {owner_id, owner_id, false}, DIR_OWNER_NO_MEMBER, {0}},
	    {0777, {STRANGER, STRANGER, false}, DIR_OWNER_OK, {true, -1u, -1u, 0666, 0777}},
	    {0777, {member_id, member_id, true}, DIR_OWNER_OK, {true, -1u, team_id, 0666, 0777}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct stat folder = {
		    .st_mode = rows[i].mode, .st_uid = owner_id, .st_gid = team_id};
		struct dir_owner owner = {0};

		if (dir_owner_of(&folder, &rows[i].who, &owner) != rows[i].result ||
		    owner.gives != rows[i].owner.gives || owner.uid != rows[i].owner.uid ||
		    owner.gid != rows[i].owner.gid || owner.file_mode != rows[i].owner.file_mode ||
		    owner.folder_mode != rows[i].owner.folder_mode)
			fail_msg("row %zu", i);
	}
}

/* Root in its own folder has nothing to give. */
static void roots_own(void **state)
{
	const struct dir_who who = {0, 0, true};
	struct stat folder = {.st_mode = 0755};
	struct dir_owner owner;

	(void)state;
	assert_int_equal(dir_owner_of(&folder, &who, &owner), DIR_OWNER_OK);
	assert_false(owner.gives);
}

/* ---- folders and users ---- */

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("not here: root, who can become other users\n");
	skip();
}

static void make_root(uid_t uid, gid_t gid, mode_t mode)
{
	needs_root();
	(void)snprintf(root, sizeof(root), "/tmp/inkseal-owner-XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(chown(root, uid, gid), 0);
	assert_int_equal(chmod(root, mode), 0);
}

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	(void)info;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int remove_root(void **state)
{
	(void)state;
	if (root[0] != '\0' && nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
		return 1;
	root[0] = '\0';
	return 0;
}

static const char *under_root(const char *rest)
{
	static char path[200];

	(void)snprintf(path, sizeof(path), "%s/%s", root, rest);
	return path;
}

/* Opens the folder and does all there is to do. False: *message says what went wrong. */
static bool use_bucket(const struct dir_io *io, unsigned puts, struct call *call)
{
	struct bucket *bucket;
	bool good = true;

	suite_call(call);
	bucket = bucket_dir_open(root, io, &suite_clock, call);
	if (bucket == NULL)
		return false;
	for (unsigned i = 0; good && i < puts; i++) {
		char key[64];
		struct bucket_put put = {key, view_text("text"), BUCKET_ALWAYS, {""}};
		struct bucket_get get = {.key = key};
		struct bytes data = {0};
		struct bucket_tag tag;

		(void)snprintf(key, sizeof(key), "a/%u/object", i);
		good = bucket_put(bucket, &put, call, &tag) == BUCKET_OK &&
		       bucket_get(bucket, &get, call, &data, &tag) == BUCKET_OK;
		bytes_clear(&data);
		(void)snprintf(key, sizeof(key), "n/%u/%u", i, i);
		good = good && bucket_put(bucket, &put, call, &tag) == BUCKET_OK &&
		       bucket_remove(bucket, key, call) == BUCKET_OK;
	}
	bucket_close(bucket);
	return good;
}

/* The same, or that it fails and says so, as another user. */
static pid_t begin_as(uid_t uid, gid_t gid, mode_t mask, unsigned puts, const char *says)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct call call = {0};
		bool good;

		(void)umask(mask);
		if (setgid(gid) != 0 || setuid(uid) != 0)
			_exit(3);
		good = use_bucket(&quick, puts, &call);
		if (good == (says == NULL) && (good || strstr(call.message, says) != NULL))
			_exit(0);
		print_message("user %u: %s\n", (unsigned)uid, call.message);
		_exit(1);
	}
	return child;
}

static void expect_end(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void use_as(uid_t uid, gid_t gid, const char *says)
{
	expect_end(begin_as(uid, gid, 077, 8, says));
}

static void use_as_root(void)
{
	struct call call;

	if (!use_bucket(&quick, 8, &call))
		fail_msg("%s", call.message);
}

static struct dir_owner wanted; /* of all that stands in the folder; uid -1: any */

static int see_owner(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
	mode_t mode = S_ISDIR(info->st_mode) ? wanted.folder_mode : wanted.file_mode;

	(void)flag;
	if (ftw->level == 0)
		return 0;
	if ((wanted.uid != (uid_t)-1 && info->st_uid != wanted.uid) || info->st_gid != wanted.gid ||
	    (info->st_mode & 07777) != mode)
		fail_msg("%s: user %u, group %u, mode %o", path, (unsigned)info->st_uid,
		    (unsigned)info->st_gid, (unsigned)info->st_mode & 07777);
	return 0;
}

static void expect_all(uid_t uid, gid_t gid, mode_t file_mode, mode_t folder_mode)
{
	wanted = (struct dir_owner){false, uid, gid, file_mode, folder_mode};
	assert_int_equal(nftw(root, see_owner, 16, FTW_PHYS), 0);
}

static void expect_empty(void)
{
	assert_int_equal(rmdir(root), 0);
	root[0] = '\0';
}

/* ---- root beside the folder's owner ---- */

static void roots_files_are_the_owners(void **state)
{
	(void)state;
	make_root(owner_id, team_id, 0700);
	use_as_root();
	expect_all(owner_id, team_id, 0600, 0700);
	use_as(owner_id, owner_id, NULL);
	use_as_root();
	use_as(owner_id, owner_id, NULL);
}

static int no_links(void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	(void)self;
	(void)from_folder;
	(void)from;
	(void)to_folder;
	(void)to;
	errno = EPERM;
	return -1;
}

static void a_file_system_without_links(void **state)
{
	struct dir_io io = quick;
	struct call call;

	(void)state;
	make_root(owner_id, team_id, 0700);
	io.link_at = no_links;
	if (!use_bucket(&io, 8, &call))
		fail_msg("%s", call.message);
	expect_all(owner_id, team_id, 0600, 0700);
}

/* Whoever is first makes the hidden folders; nobody is sent away for it. */
static void both_begin_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		pid_t owner, other;

		make_root(owner_id, team_id, 0700);
		owner = begin_as(owner_id, owner_id, 077, 4, NULL);
		other = begin_as(0, 0, 077, 4, NULL);
		expect_end(owner);
		expect_end(other);
		assert_int_equal(remove_root(state), 0);
	}
}

static void links_are_not_given_away(void **state)
{
	char elsewhere[] = "/tmp/inkseal-elsewhere-XXXXXX";
	struct stat info;
	struct call call;

	(void)state;
	make_root(owner_id, team_id, 0700);
	assert_non_null(mkdtemp(elsewhere));
	assert_int_equal(symlink(elsewhere, under_root(".tmp")), 0);
	assert_false(use_bucket(&quick, 1, &call));
	assert_int_equal(unlink(under_root(".tmp")), 0);
	assert_int_equal(symlink(elsewhere, under_root(".lock")), 0);
	assert_false(use_bucket(&quick, 1, &call));
	assert_non_null(strstr(call.message, "link"));
	assert_int_equal(stat(elsewhere, &info), 0);
	assert_int_equal(info.st_uid, 0);
	assert_int_equal(rmdir(elsewhere), 0); /* and nothing is in it */
}

/* As the folder's owner may do, who is faster than root: another folder stands where one was made.
 */
static int exchanged(void *self, int folder, const char *name, mode_t mode)
{
	(void)self;
	if (mkdirat(folder, name, mode) != 0)
		return -1;
	if (renameat(folder, "theirs", folder, "moved") == 0) {
		assert_int_equal(renameat(folder, name, folder, "theirs"), 0);
		assert_int_equal(renameat(folder, "moved", folder, name), 0);
	}
	return 0;
}

static void what_root_did_not_make_is_not_given_away(void **state)
{
	static const char *const below[] = {"text", ".x", "..x", "..."};
	const uid_t users[] = {0, member_id};
	struct dir_io io = quick;
	struct stat info;
	struct call call;

	(void)state;
	io.mkdir_at = exchanged;
	for (size_t i = 0; i < COUNT_OF(users) * COUNT_OF(below); i++) {
		uid_t user = users[i / COUNT_OF(below)];
		char name[32];
		int theirs;

		make_root(owner_id, team_id, 0700);
		assert_int_equal(mkdir(under_root("theirs"), 0700), 0);
		(void)snprintf(name, sizeof(name), "theirs/%s", below[i % COUNT_OF(below)]);
		assert_int_equal(mkdir(under_root(name), 0700), 0);
		assert_int_equal(chown(under_root("theirs"), user, 0), 0);
		theirs = open(under_root("theirs"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(theirs >= 0);
		(void)use_bucket(&io, 1, &call);
		assert_int_equal(fstat(theirs, &info), 0);
		assert_int_equal(info.st_uid, user);
		assert_int_equal(close(theirs), 0);
		assert_int_equal(remove_root(state), 0);
	}
}

/* ---- what cannot be made ---- */

static struct {
	const char *call; /* the one that fails */
	int error;
	unsigned fails; /* so many times */
	unsigned calls;
	bool aside; /* a folder was made aside: the open and the lists of it are counted */
} odd;

static bool is_odd(const char *call)
{
	if (odd.call == NULL || strcmp(odd.call, call) != 0 || odd.calls++ >= odd.fails)
		return false;
	errno = odd.error;
	return true;
}

static int odd_mkdir_at(void *self, int folder, const char *name, mode_t mode)
{
	odd.aside = bucket_begins(name, DIR_ASIDE);
	return is_odd("mkdir") ? -1 : dir_io_system.mkdir_at(self, folder, name, mode);
}

static int odd_open_at(void *self, int folder, const char *name, int flags, mode_t mode)
{
	if ((bucket_begins(name, DIR_ASIDE) && is_odd("open")) ||
	    (odd.aside && strcmp(name, ".") == 0 && is_odd("open again")))
		return -1;
	return dir_io_system.open_at(self, folder, name, flags, mode);
}

static DIR *odd_list_open(void *self, int fd)
{
	return odd.aside && is_odd("list") ? NULL : dir_io_system.list_open(self, fd);
}

static struct dirent *odd_list_next(void *self, DIR *list)
{
	return odd.aside && is_odd("next") ? NULL : dir_io_system.list_next(self, list);
}

static int odd_chown(void *self, int fd, uid_t uid, gid_t gid)
{
	return is_odd("chown") ? -1 : dir_io_system.chown(self, fd, uid, gid);
}

static int odd_close(void *self, int fd)
{
	assert_true(fd >= 0);
	return dir_io_system.close(self, fd);
}

static int odd_rename_at(
    void *self, int from_folder, const char *from, int to_folder, const char *to)
{
	if (bucket_begins(from, DIR_ASIDE) && is_odd("rename"))
		return -1;
	return dir_io_system.rename_at(self, from_folder, from, to_folder, to);
}

static struct dir_io odd_io(void)
{
	struct dir_io io = quick;

	io.mkdir_at = odd_mkdir_at;
	io.open_at = odd_open_at;
	io.close = odd_close;
	io.list_open = odd_list_open;
	io.list_next = odd_list_next;
	io.chown = odd_chown;
	io.rename_at = odd_rename_at;
	return io;
}

static enum bucket_result put_one(const struct dir_io *io, struct call *call)
{
	const struct bucket_put put = {"one", view_text("text"), BUCKET_ALWAYS, {""}};
	enum bucket_result result;
	struct bucket_tag tag;
	struct bucket *bucket;

	suite_call(call);
	bucket = bucket_dir_open(root, io, &suite_clock, call);
	assert_non_null(bucket);
	result = bucket_put(bucket, &put, call, &tag);
	bucket_close(bucket);
	return result;
}

static size_t count_open(void)
{
	DIR *list = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(list);
	while (readdir(list) != NULL)
		count++;
	assert_int_equal(closedir(list), 0);
	return count;
}

/* It is said why, at once, and nothing is left of it: no folder, nor anything open. */
static void what_cannot_be_made_is_said(void **state)
{
	static const struct {
		const char *call;
		int error;
		enum bucket_result result;
		const char *says;
	} rows[] = {
	    {"mkdir", ENOSPC, BUCKET_REFUSED, "the disk is full"},
	    {"mkdir", EIO, BUCKET_RETRY, "Input/output error"},
	    {"open", EMFILE, BUCKET_RETRY, "Too many open files"},
	    {"open again", ENFILE, BUCKET_RETRY, "Too many open files in system"},
	    {"list", ENOMEM, BUCKET_RETRY, "Cannot allocate memory"},
	    {"next", EIO, BUCKET_RETRY, "Input/output error"},
	    {"chown", EPERM, BUCKET_REFUSED, "Operation not permitted"},
	    {"rename", EROFS, BUCKET_REFUSED, "Read-only file system"},
	};
	const struct dir_io io = odd_io();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum bucket_result result;
		struct call call;
		char says[64];
		size_t before;

		make_root(owner_id, team_id, 0700);
		before = count_open();
		odd.call = rows[i].call;
		odd.error = rows[i].error;
		odd.fails = UINT32_MAX;
		odd.calls = 0;
		odd.aside = false;
		result = put_one(&io, &call);
		(void)snprintf(says, sizeof(says), "writing the object: %s", rows[i].says);
		if (result != rows[i].result || strcmp(call.message, says) != 0)
			fail_msg(
			    "%s: %s: %s", rows[i].call, bucket_result_text(result), call.message);
		assert_int_equal(odd.calls, 1);
		assert_int_equal(count_open(), before);
		expect_empty();
	}
}

/* Of names that another has already, so many are passed over, and no more. */
static void names_are_tried_a_hundred_times(void **state)
{
	const struct dir_io io = odd_io();
	struct call call;

	(void)state;
	odd.call = "mkdir";
	odd.error = EEXIST;
	for (unsigned fails = 99; fails <= 100; fails++) {
		make_root(owner_id, team_id, 0700);
		odd.fails = fails;
		odd.calls = 0;
		if (fails < 100) {
			assert_int_equal(put_one(&io, &call), BUCKET_OK);
			expect_all(owner_id, team_id, 0600, 0700);
		} else {
			assert_int_equal(put_one(&io, &call), BUCKET_RETRY);
			assert_string_equal(call.message, "writing the object: File exists");
			assert_int_equal(odd.calls, 100);
		}
		assert_int_equal(remove_root(state), 0);
	}
}

/* ---- file systems that have no owners: all there is belongs to whom the mount says ---- */

static uid_t mount_uid;
static gid_t mount_gid;

static int mounted_stat(void *self, int fd, struct stat *out)
{
	int result = dir_io_system.stat(self, fd, out);

	out->st_uid = mount_uid;
	out->st_gid = mount_gid;
	return result;
}

static int no_chown(void *self, int fd, uid_t uid, gid_t gid)
{
	(void)self;
	(void)fd;
	(void)uid;
	(void)gid;
	errno = EPERM;
	return -1;
}

static int no_chmod(void *self, int fd, mode_t mode)
{
	return no_chown(self, fd, 0, mode);
}

static void a_file_system_without_owners(void **state)
{
	const struct {
		mode_t mode;
		uid_t uid; /* who acts */
		gid_t gid;
	} rows[] = {{0700, 0, 0}, {0777, owner_id, owner_id}, {0777, STRANGER, STRANGER}};

	(void)state;
	quick.stat = mounted_stat;
	quick.chown = no_chown;
	quick.chmod = no_chmod;
	quick.link_at = no_links;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		mount_uid = i == 0 ? owner_id : rows[i].uid;
		mount_gid = team_id;
		make_root(rows[i].uid, rows[i].gid, rows[i].mode);
		expect_end(begin_as(rows[i].uid, rows[i].gid, 0, 4, NULL));
		assert_int_equal(remove_root(state), 0);
	}
}

/* ---- a group's folder ---- */

static void a_group_shares_all(void **state)
{
	(void)state;
	make_root(owner_id, team_id, 02770);
	use_as(owner_id, team_id, NULL);
	use_as(member_id, team_id, NULL);
	use_as_root();
	use_as(owner_id, team_id, NULL);
	expect_all((uid_t)-1, team_id, 0660, 02770);
}

static void a_folder_of_everybodys(void **state)
{
	(void)state;
	make_root(owner_id, team_id, 0777);
	use_as(STRANGER, STRANGER, NULL);
	use_as(member_id, member_id, NULL);
	use_as(owner_id, owner_id, NULL);
}

/* ---- refusals ---- */

static void anothers_folder_is_refused(void **state)
{
	char sudo[64];
	const struct {
		mode_t mode;
		uid_t uid;
		gid_t gid;
		const char *says;
	} rows[] = {
	    {0700, STRANGER, STRANGER, sudo},
	    {0755, STRANGER, STRANGER, sudo},
	    {0755, member_id, team_id, sudo},
	    {02770, STRANGER, STRANGER, sudo},
	    {01777, STRANGER, STRANGER, sudo},
	    {0770, owner_id, owner_id, "chmod g-w '/tmp/"},
	};

	(void)state;
	(void)snprintf(sudo, sizeof(sudo), "sudo -u '#%u' before the command", (unsigned)owner_id);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		make_root(owner_id, team_id, rows[i].mode);
		use_as(rows[i].uid, rows[i].gid, rows[i].says);
		expect_empty();
	}
}

/* To act as root would be to use root's home and leave root's files: the folder is to be given. */
static void roots_folder_is_to_be_given(void **state)
{
	char gives[64];

	(void)state;
	(void)snprintf(
	    gives, sizeof(gives), "chown -R '%u:%u' '/tmp/", (unsigned)owner_id, (unsigned)team_id);
	for (unsigned i = 0; i < 2; i++) {
		make_root(0, 0, i == 0 ? 0700 : 0755);
		use_as(owner_id, team_id, gives);
		assert_int_equal(chown(root, owner_id, team_id), 0); /* as it says */
		use_as(owner_id, team_id, NULL);
		assert_int_equal(remove_root(state), 0);
	}
}

static void own(const char *path, uid_t uid)
{
	assert_int_equal(lchown(under_root(path), uid, uid), 0);
}

/* As by a backup that root put back: the locks cannot be opened, so nothing is begun. */
static void anothers_files_are_refused(void **state)
{
	static const char *const folders[] = {".tmp", ".lock", "a", "w", "n", "probe"};
	struct stat before, after;
	char chown_root[64];

	(void)state;
	make_root(owner_id, owner_id, 0700);
	(void)snprintf(chown_root, sizeof(chown_root), "chown -R '%u:%u' '", (unsigned)owner_id,
	    (unsigned)owner_id);
	use_as(owner_id, owner_id, NULL);
	for (unsigned slot = 0; slot < DIR_LOCK_SLOTS; slot++) {
		char name[16];

		(void)snprintf(name, sizeof(name), ".lock/%02x", slot);
		if (lchown(under_root(name), 0, 0) == 0)
			break;
	}
	assert_int_equal(stat(under_root("a"), &before), 0);
	use_as(owner_id, owner_id, chown_root);
	own(".lock", 0);
	use_as(owner_id, owner_id, chown_root);
	own(".lock", owner_id);
	for (unsigned slot = 0; slot < DIR_LOCK_SLOTS; slot++) {
		char name[16];

		(void)snprintf(name, sizeof(name), ".lock/%02x", slot);
		(void)lchown(under_root(name), owner_id, owner_id);
	}
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		if (mkdir(under_root(folders[i]), 0700) != 0)
			assert_int_equal(errno, EEXIST);
		own(folders[i], 0);
		use_as(owner_id, owner_id, chown_root);
		own(folders[i], owner_id);
	}
	assert_int_equal(stat(under_root("a"), &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

/* Root could not tell for whom it is. */
static void a_missing_folder_is_not_roots_to_make(void **state)
{
	struct bucket *bucket;
	struct call call;
	char install[64];

	(void)state;
	make_root(owner_id, team_id, 0700);
	(void)snprintf(install, sizeof(install), "install -d -o '%u' -g '%u' -m 0700",
	    (unsigned)owner_id, (unsigned)team_id);
	suite_call(&call);
	bucket = bucket_dir_open(under_root("new"), &dir_io_system, &suite_clock, &call);
	assert_null(bucket);
	assert_non_null(strstr(call.message, install));
	expect_empty();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(whose_it_is, find_ids),
    cmocka_unit_test(roots_own),
    cmocka_unit_test_setup_teardown(roots_files_are_the_owners, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(a_file_system_without_links, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(both_begin_at_once, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(links_are_not_given_away, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(
	what_root_did_not_make_is_not_given_away, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(what_cannot_be_made_is_said, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(names_are_tried_a_hundred_times, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(a_file_system_without_owners, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(a_group_shares_all, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(a_folder_of_everybodys, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(anothers_folder_is_refused, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(roots_folder_is_to_be_given, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(anothers_files_are_refused, find_ids, remove_root),
    cmocka_unit_test_setup_teardown(a_missing_folder_is_not_roots_to_make, find_ids, remove_root),
};

TEST_MAIN(tests)
