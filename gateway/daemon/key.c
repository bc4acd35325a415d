/*
 * gateway/daemon/key.c: the receipt key: an Ed25519 seed in a file, 64 hexadecimal digits and a
 * line feed. Devices pin its public half, so a file that is lost or replaced must not go unnoticed:
 * one that is there but does not hold is an error, and only a missing one is made.
 */
#include "gateway/daemon/key.h"
#include "gateway/daemon/config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEED_LEN crypto_sign_SEEDBYTES
#define TEXT_LEN (2u * SEED_LEN + 1u)

/* mkdir -p of the file's folder, for us alone. What fails shows when the file is made. */
static void make_folders(const char *path)
{
	char folder[CONFIG_TEXT_MAX];

	(void)snprintf(folder, sizeof(folder), "%s", path);
	for (char *at = strchr(folder + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(folder, S_IRWXU);
		*at = '/';
	}
}

static bool write_whole(int fd, const char *text, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t wrote = write(fd, text + done, len - done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		done += (size_t)wrote;
	}
	return fsync(fd) == 0;
}

/* Written beside it, then linked into place: two gateways that start at once agree on one. */
static bool make(const char *path, struct call *call)
{
	char beside[CONFIG_TEXT_MAX + 32];
	uint8_t seed[SEED_LEN];
	char text[TEXT_LEN + 1];
	bool made = false;
	int fd;

	make_folders(path);
	(void)snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid());
	(void)unlink(beside); /* of a process of the same number that died here */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd >= 0) {
		randombytes_buf(seed, sizeof(seed));
		hex_encode(view_of(seed, sizeof(seed)), text);
		text[TEXT_LEN - 1] = '\n';
		made = write_whole(fd, text, TEXT_LEN);
		made = close(fd) == 0 && made;
		made = made && (link(beside, path) == 0 || errno == EEXIST);
	}
	if (!made)
		call_sayf(call, "the receipt key can't be made: %s", strerror(errno));
	if (fd >= 0)
		(void)unlink(beside);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text, sizeof(text));
	return made;
}

static bool read_key(int fd, uint8_t secret_out[SIGN_SECRET_LEN], struct call *call)
{
	uint8_t seed[SEED_LEN], public_key[SIGN_PUBLIC_LEN];
	char text[TEXT_LEN + 1] = {0};
	struct stat info;
	bool good;

	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
	    (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		call_sayf(call, "the receipt key must be a file of mode 0600");
		return false;
	}
	good = read(fd, text, sizeof(text)) == (ssize_t)TEXT_LEN && text[TEXT_LEN - 1] == '\n' &&
	       hex_decode(text, TEXT_LEN - 1, seed, sizeof(seed));
	if (good)
		(void)crypto_sign_seed_keypair(public_key, secret_out, seed);
	else
		call_sayf(call, "the receipt key's file does not hold a key");
	sodium_memzero(text, sizeof(text));
	sodium_memzero(seed, sizeof(seed));
	return good;
}

bool key_load(const char *path, uint8_t secret_out[SIGN_SECRET_LEN], struct call *call)
{
	bool loaded;
	int fd;

	if (path[0] == '\0') {
		call_sayf(call, "key-file is not set, and there is no HOME");
		return false;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (!make(path, call))
			return false;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0) {
		call_sayf(call, "the receipt key can't be read: %s", strerror(errno));
		return false;
	}
	loaded = read_key(fd, secret_out, call);
	(void)close(fd);
	return loaded;
}
