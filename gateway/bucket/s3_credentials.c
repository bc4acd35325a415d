/*
 * gateway/bucket/s3_credentials.c: the environment, then the shared files, in botocore's order.
 * What botocore gets by asking somebody (roles, SSO, credential_process, a machine's metadata) is
 * not here.
 */
#include "gateway/bucket/s3_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096u
#define FILE_WAIT_MS 5000 /* for all of a file that is a pipe: a program may be writing to it */

static const char *system_get(void *self, const char *name)
{
	(void)self;
	return getenv(name);
}

const struct s3_env s3_env_system = {NULL, system_get};

static const char *env_get(const struct s3_env *env, const char *name)
{
	const char *value = env->get(env->self, name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static const char *env_first(const struct s3_env *env, const char *first, const char *second)
{
	const char *value = env_get(env, first);

	return value == NULL ? env_get(env, second) : value;
}

static const struct place {
	const char *variable;
	const char *below_home;
} places[] = {
    [S3_CREDENTIALS_FILE] = {"AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials"},
    [S3_CONFIG_FILE] = {"AWS_CONFIG_FILE", "/.aws/config"},
};

/* False: there is no such path. "~/" at a path's beginning is the home. */
static bool file_path(const struct s3_env *env, enum s3_profile_file file, char out[PATH_MAX_BYTES])
{
	const char *path = env_get(env, places[file].variable);
	const char *home = env_get(env, "HOME");
	bool below = path == NULL || strncmp(path, "~/", 2) == 0;
	const char *rest = path == NULL ? places[file].below_home : path + (below ? 1 : 0);
	int len;

	if (below && home == NULL)
		return false;
	len = snprintf(out, PATH_MAX_BYTES, "%s%s", below ? home : "", rest);
	return len > 0 && (size_t)len < PATH_MAX_BYTES;
}

static int64_t now_ms(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 once there is something to read, or the end; ETIMEDOUT. */
static int fd_await(int fd, int64_t until_ms)
{
	struct pollfd waited = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left_ms = until_ms - now_ms();
		int ready = left_ms <= 0 ? 0 : poll(&waited, 1, (int)left_ms);

		if (ready > 0)
			return 0;
		if (ready == 0)
			return ETIMEDOUT;
		if (errno != EINTR)
			return errno;
	}
}

/* 0 or an errno; EFBIG: longer than S3_FILE_MAX. */
static int fd_read(int fd, struct buffer *out)
{
	int64_t until_ms = now_ms() + FILE_WAIT_MS;

	for (;;) {
		size_t before = out->len;
		uint8_t *room = buffer_extend(out, 4096);
		ssize_t got;

		if (room == NULL)
			return out->over ? EFBIG : ENOMEM;
		do {
			got = read(fd, room, 4096);
		} while (got < 0 && errno == EINTR);
		out->len = got > 0 ? before + (size_t)got : before;
		if (got == 0)
			return 0;
		if (got < 0 && (errno != EAGAIN || (errno = fd_await(fd, until_ms)) != 0))
			return errno;
	}
}

/* -1 with errno. A pipe that nobody has open for writing is an empty file: nothing waits for it. */
static int file_open(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* The whole file; *absent_out: there is none. False: message says why it can't be read. */
static bool file_read(const struct s3_env *env, enum s3_profile_file file, struct call *call,
    struct buffer *out, bool *absent_out)
{
	char path[PATH_MAX_BYTES];
	bool named = file_path(env, file, path);
	int fd = named ? file_open(path) : -1;
	int error = !named ? ENOENT : fd < 0 ? errno : fd_read(fd, out);

	if (fd >= 0)
		(void)close(fd);
	*absent_out = error == ENOENT || error == ENOTDIR;
	if (error == 0 || *absent_out)
		return true;
	call_sayf(call, "the %s can't be read: %s", s3_profile_file_text(file), strerror(error));
	return false;
}

static const char *profile_name(const struct s3_env *env)
{
	const char *name = env_first(env, "AWS_DEFAULT_PROFILE", "AWS_PROFILE");

	return name == NULL ? "default" : name;
}

/* found is false in *out where there is no file, or no such profile in it. */
static bool profile_load(
    const struct s3_env *env, enum s3_profile_file file, struct call *call, struct s3_profile *out)
{
	struct buffer text;
	bool absent = true;
	bool ok;

	out->found = false;
	buffer_init(&text, S3_FILE_MAX + 4096);
	ok = file_read(env, file, call, &text, &absent);
	if (ok && !absent)
		ok = s3_profile_read(buffer_view(&text), file, profile_name(env), call, out);
	buffer_clear(&text);
	return ok;
}

/* What a profile says; *has_out: it holds keys at all. */
static bool profile_take(const struct s3_profile *profile, enum s3_profile_file file,
    struct call *call, struct s3_credentials *out, bool *has_out)
{
	const char *access_key = profile->values[S3_PROFILE_ACCESS_KEY];
	const char *secret_key = profile->values[S3_PROFILE_SECRET_KEY];
	const char *token =
	    profile->values[profile->has[S3_PROFILE_SECURITY_TOKEN] ? S3_PROFILE_SECURITY_TOKEN
								    : S3_PROFILE_SESSION_TOKEN];

	*has_out = profile->found && profile->has[S3_PROFILE_ACCESS_KEY];
	if (!*has_out)
		return true;
	if (access_key[0] == '\0' || secret_key[0] == '\0') {
		call_sayf(call,
		    "the profile in the %s is not complete: it needs aws_access_key_id and "
		    "aws_secret_access_key",
		    s3_profile_file_text(file));
		return false;
	}
	/* All are as long as a token may be, and end before the shorter ones' last byte. */
	memcpy(out->access_key, access_key, sizeof(out->access_key));
	memcpy(out->secret_key, secret_key, sizeof(out->secret_key));
	memcpy(out->session_token, token, sizeof(out->session_token));
	return true;
}

static bool from_files(const struct s3_env *env, struct call *call, struct s3_credentials *out)
{
	struct s3_profile profile = {0};
	bool has = false, found = false, ok = true;

	for (int file = S3_CREDENTIALS_FILE; ok && !has && file <= S3_CONFIG_FILE; file++) {
		ok = profile_load(env, (enum s3_profile_file)file, call, &profile) &&
		     profile_take(&profile, (enum s3_profile_file)file, call, out, &has);
		found = found || profile.found;
		s3_profile_clear(&profile);
	}
	if (ok && !has && found)
		call_sayf(call, "the profile in the credentials file holds no keys; roles, SSO and "
				"credential_process are not read here");
	else if (ok && !has)
		call_sayf(call,
		    "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
		    "AWS_SHARED_CREDENTIALS_FILE to a file that has the profile%s",
		    env_first(env, "AWS_DEFAULT_PROFILE", "AWS_PROFILE") == NULL
			? " [default]"
			: " that AWS_PROFILE names");
	return ok && has;
}

static bool from_env(const struct s3_env *env, struct call *call, struct s3_credentials *out)
{
	const char *access_key = env_get(env, "AWS_ACCESS_KEY_ID");
	const char *secret_key = env_get(env, "AWS_SECRET_ACCESS_KEY");
	const char *token = env_first(env, "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN");

	if (access_key == NULL || secret_key == NULL) {
		call_sayf(call, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set together or "
				"not at all");
		return false;
	}
	if (!s3_value_copy(view_text(access_key), S3_ACCESS_KEY_MAX, out->access_key) ||
	    !s3_value_copy(view_text(secret_key), S3_SECRET_KEY_MAX, out->secret_key) ||
	    (token != NULL &&
		!s3_value_copy(view_text(token), S3_SESSION_TOKEN_MAX, out->session_token))) {
		call_sayf(call, "one of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
				"AWS_SESSION_TOKEN holds no value that can be used");
		return false;
	}
	return true;
}

bool s3_credentials_load(const struct s3_env *env, struct call *call, struct s3_credentials *out)
{
	struct s3_credentials found = {0};
	bool ok;

	if (env_first(env, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") == NULL)
		ok = from_files(env, call, &found);
	else
		ok = from_env(env, call, &found);
	if (ok)
		*out = found;
	s3_credentials_clear(&found);
	return ok;
}

void s3_credentials_clear(struct s3_credentials *credentials)
{
	sodium_memzero(credentials, sizeof(*credentials));
}

static bool region_take(const char *region, struct call *call, char out[S3_REGION_MAX + 1])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_";
	size_t len = strnlen(region, S3_REGION_MAX + 1);

	if (len == 0 || len > S3_REGION_MAX || strspn(region, plain) != len) {
		call_sayf(call, "the region is not a region's name (AWS_REGION, or region in a "
				"profile): letters, digits, '-' and '_'");
		return false;
	}
	memcpy(out, region, len + 1);
	return true;
}

bool s3_region_load(const struct s3_env *env, struct call *call, char out[S3_REGION_MAX + 1])
{
	const char *region = env_first(env, "AWS_REGION", "AWS_DEFAULT_REGION");
	struct s3_profile profile = {0};
	bool ok = true;

	if (region != NULL)
		return region_take(region, call, out);
	for (int file = S3_CREDENTIALS_FILE; ok && file <= S3_CONFIG_FILE; file++) {
		ok = profile_load(env, (enum s3_profile_file)file, call, &profile);
		if (ok && profile.found && profile.values[S3_PROFILE_REGION][0] != '\0') {
			ok = region_take(profile.values[S3_PROFILE_REGION], call, out);
			s3_profile_clear(&profile);
			return ok;
		}
		s3_profile_clear(&profile);
	}
	return ok && region_take("us-east-1", call, out);
}
