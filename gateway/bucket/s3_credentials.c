/*
 * gateway/bucket/s3_credentials.c: the environment, then the shared credentials file. The file is
 * INI as AWS's tools write it: "[profile]", "name = value", comments with # or ; at a line's start.
 * It is read line by line by hand: session tokens are longer than the lines that INI readers take.
 */
#include "gateway/bucket/s3_credentials.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192u /* a name and the longest value, with room for blanks */
#define LINES_MAX 10000u
#define PATH_MAX_BYTES 4096u

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

/* Values go into headers: visible ASCII and nothing else. */
static bool value_copy(const char *value, size_t max, char *out)
{
	size_t len = strnlen(value, max + 1);

	if (len == 0 || len > max)
		return false;
	for (size_t i = 0; i < len; i++)
		if (value[i] <= 0x20 || value[i] > 0x7e)
			return false;
	memcpy(out, value, len + 1);
	return true;
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

enum line { LINE_OTHER, LINE_BAD_VALUE, LINE_TOOK };

/* A "name = value" of the wanted profile. */
static enum line take_setting(char *line, struct s3_credentials *out)
{
	const struct {
		const char *name;
		char *value;
		size_t max;
	} settings[] = {
	    {"aws_access_key_id", out->access_key, S3_ACCESS_KEY_MAX},
	    {"aws_secret_access_key", out->secret_key, S3_SECRET_KEY_MAX},
	    {"aws_session_token", out->session_token, S3_SESSION_TOKEN_MAX},
	};
	char *equals = strchr(line, '=');
	const char *name;

	if (equals == NULL)
		return LINE_OTHER;
	*equals = '\0';
	name = trim(line);
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (strcmp(name, settings[i].name) == 0)
			return value_copy(trim(equals + 1), settings[i].max, settings[i].value)
				   ? LINE_TOOK
				   : LINE_BAD_VALUE;
	return LINE_OTHER;
}

/* True for the header of the wanted profile, "[name]", blanks inside allowed. */
static bool profile_begins(char *line, const char *profile)
{
	char *end = strchr(line, ']');

	if (end == NULL)
		return false;
	*end = '\0';
	return strcmp(trim(line + 1), profile) == 0;
}

/* False: message says what is wrong with the file. Whether all was found is for the caller. */
static bool file_read(
    FILE *file, const char *profile, struct call *call, struct s3_credentials *out)
{
	char line[LINE_MAX_BYTES];
	bool inside = false;
	bool ok = true;

	for (unsigned number = 1; ok && fgets(line, sizeof(line), file) != NULL; number++) {
		char *text = line;

		if (number > LINES_MAX || (strchr(line, '\n') == NULL && !feof(file))) {
			call_sayf(call,
			    "line %u of the credentials file is too long, or one too many", number);
			ok = false;
			break;
		}
		text = trim(text);
		if (text[0] == '[') {
			inside = profile_begins(text, profile);
		} else if (inside && text[0] != '#' && text[0] != ';' &&
			   take_setting(text, out) == LINE_BAD_VALUE) {
			call_sayf(call,
			    "line %u of the credentials file holds no value that can be used",
			    number);
			ok = false;
		}
	}
	sodium_memzero(line, sizeof(line));
	if (ok && ferror(file)) {
		call_sayf(call, "the credentials file cannot be read");
		ok = false;
	}
	return ok;
}

static FILE *file_open(const struct s3_env *env)
{
	const char *path = env_get(env, "AWS_SHARED_CREDENTIALS_FILE");
	const char *home = env_get(env, "HOME");
	char own[PATH_MAX_BYTES];
	FILE *file;
	int len;
	int fd;

	if (path == NULL && home != NULL) {
		len = snprintf(own, sizeof(own), "%s/.aws/credentials", home);
		if (len > 0 && (size_t)len < sizeof(own))
			path = own;
	}
	if (path == NULL)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (file == NULL)
		(void)close(fd);
	return file;
}

static bool from_file(const struct s3_env *env, struct call *call, struct s3_credentials *out)
{
	const char *profile = env_get(env, "AWS_PROFILE");
	/* libc's own buffer would keep a copy that nobody wipes. */
	char buffer[BUFSIZ];
	FILE *file = file_open(env);
	bool ok;

	if (file == NULL) {
		call_sayf(call, "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
				"or AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE");
		return false;
	}
	(void)setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	ok = file_read(file, profile == NULL ? "default" : profile, call, out);
	(void)fclose(file);
	sodium_memzero(buffer, sizeof(buffer));
	if (ok && (out->access_key[0] == '\0' || out->secret_key[0] == '\0')) {
		call_sayf(call, "the credentials file has no complete profile of the name that "
				"AWS_PROFILE gives (\"default\" without it)");
		ok = false;
	}
	return ok;
}

static bool from_env(const struct s3_env *env, struct call *call, struct s3_credentials *out)
{
	const char *access_key = env_get(env, "AWS_ACCESS_KEY_ID");
	const char *secret_key = env_get(env, "AWS_SECRET_ACCESS_KEY");
	const char *token = env_get(env, "AWS_SESSION_TOKEN");

	if (access_key == NULL || secret_key == NULL) {
		call_sayf(call, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set together or "
				"not at all");
		return false;
	}
	if (!value_copy(access_key, S3_ACCESS_KEY_MAX, out->access_key) ||
	    !value_copy(secret_key, S3_SECRET_KEY_MAX, out->secret_key) ||
	    (token != NULL && !value_copy(token, S3_SESSION_TOKEN_MAX, out->session_token))) {
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

	if (env_get(env, "AWS_ACCESS_KEY_ID") == NULL &&
	    env_get(env, "AWS_SECRET_ACCESS_KEY") == NULL)
		ok = from_file(env, call, &found);
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
