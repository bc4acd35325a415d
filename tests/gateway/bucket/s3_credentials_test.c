/*
 * tests/gateway/bucket/s3_credentials_test.c: the environment, and the shared file.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/bucket/s3_credentials.h"

#define VARIABLES_MAX 6u

struct variable {
	const char *name;
	const char *value;
};

static const char *get(void *self, const char *name)
{
	const struct variable *variables = self;

	for (size_t i = 0; i < VARIABLES_MAX && variables[i].name != NULL; i++)
		if (strcmp(variables[i].name, name) == 0)
			return variables[i].value;
	return NULL;
}

static bool load(const struct variable *variables, struct call *call, struct s3_credentials *out)
{
	struct variable copy[VARIABLES_MAX];
	struct s3_env env = {copy, get};

	memcpy(copy, variables, sizeof(copy));
	call_init(call, 0);
	return s3_credentials_load(&env, call, out);
}

static void from_the_environment(void **state)
{
	static const struct {
		const char *name;
		struct variable variables[VARIABLES_MAX];
		const char *says; /* NULL: it is fine */
	} rows[] = {
	    {"both", {{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}}, NULL},
	    {"and a token",
		{{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"},
		    {"AWS_SESSION_TOKEN", "token"}},
		NULL},
	    {"before the file",
		{{"AWS_ACCESS_KEY_ID", "AK"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"},
		    {"AWS_SHARED_CREDENTIALS_FILE", "/no/such/file"}, {"AWS_PROFILE", "x"}},
		NULL},
	    {"half", {{"AWS_ACCESS_KEY_ID", "AK"}}, "together"},
	    {"the other half", {{"AWS_SECRET_ACCESS_KEY", "s3cret"}}, "together"},
	    {"a line break",
		{{"AWS_ACCESS_KEY_ID", "AK\r\nx: y"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}},
		"no value that can be used"},
	    {"nothing at all", {{NULL, NULL}}, "no credentials"},
	    {"empty is not set", {{"AWS_ACCESS_KEY_ID", ""}, {"AWS_SECRET_ACCESS_KEY", ""}},
		"no credentials"},
	    {"no file", {{"AWS_SHARED_CREDENTIALS_FILE", "/no/such/file"}}, "no credentials"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_credentials credentials = {"old", "old", "old"};
		struct call call;
		bool ok = load(rows[i].variables, &call, &credentials);

		if (ok != (rows[i].says == NULL))
			fail_msg("%s: %s", rows[i].name, call.message);
		if (rows[i].says != NULL) {
			assert_non_null(strstr(call.message, rows[i].says));
			assert_null(strstr(call.message, "s3cret"));
			assert_string_equal(credentials.access_key, "old");
			continue;
		}
		assert_string_equal(credentials.access_key, "AK");
		assert_string_equal(credentials.secret_key, "s3cret");
		assert_string_equal(credentials.session_token,
		    rows[i].variables[2].name != NULL && i == 1 ? "token" : "");
		s3_credentials_clear(&credentials);
		assert_string_equal(credentials.secret_key, "");
	}
}

/* A home with .aws/credentials of this text. */
static void with_file(const char *text, const char *profile, const char *expected_key,
    const char *expected_token, const char *says)
{
	char home[] = "/tmp/inkseal-credentials-XXXXXX";
	char folder[64];
	char path[96];
	struct variable variables[VARIABLES_MAX] = {
	    {"HOME", home}, {profile == NULL ? "x" : "AWS_PROFILE", profile}};
	struct s3_credentials credentials = {"old", "", ""};
	struct call call;
	FILE *file;
	bool ok;

	assert_non_null(mkdtemp(home));
	(void)snprintf(folder, sizeof(folder), "%s/.aws", home);
	assert_int_equal(mkdir(folder, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/credentials", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	ok = load(variables, &call, &credentials);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(home), 0);
	if (says != NULL) {
		assert_false(ok);
		if (strstr(call.message, says) == NULL || strstr(call.message, "s3cret") != NULL)
			fail_msg("%s", call.message);
		assert_string_equal(credentials.access_key, "old");
		return;
	}
	if (!ok)
		fail_msg("%s", call.message);
	assert_string_equal(credentials.access_key, expected_key);
	assert_string_equal(credentials.session_token, expected_token);
	s3_credentials_clear(&credentials);
}

static void from_the_file(void **state)
{
	static const char text[] = "# s3cret comment\n"
				   "aws_access_key_id = outside\n"
				   "[default]\n"
				   "aws_access_key_id=ONE\r\n"
				   "\taws_secret_access_key\t =  a=b/c+d  \n"
				   "region = eu\n"
				   "\n"
				   "[ two ]\n"
				   "; aws_access_key_id = no\n"
				   "aws_access_key_id = TWO\n"
				   "aws_secret_access_key = x\n"
				   "aws_session_token = t\n"
				   "[half]\n"
				   "aws_access_key_id = HALF";

	(void)state;
	with_file(text, NULL, "ONE", "", NULL);
	with_file(text, "two", "TWO", "t", NULL);
	with_file(text, "half", NULL, NULL, "no complete profile");
	with_file(text, "three", NULL, NULL, "no complete profile");
	with_file("", NULL, NULL, NULL, "no complete profile");
	with_file(
	    "[default]\naws_secret_access_key = s3cret with blanks\n", NULL, NULL, NULL, "line 2");
}

/* Longer than INI readers take, and as long as it may be. */
static void long_lines(void **state)
{
	static char text[3 * S3_SESSION_TOKEN_MAX];
	static char token[S3_SESSION_TOKEN_MAX + 2];

	(void)state;
	memset(token, 't', S3_SESSION_TOKEN_MAX);
	(void)snprintf(text, sizeof(text),
	    "[default]\naws_access_key_id=A\naws_secret_access_key=B\naws_session_token=%s\n",
	    token);
	with_file(text, NULL, "A", token, NULL);
	token[S3_SESSION_TOKEN_MAX] = 't';
	(void)snprintf(text, sizeof(text), "[default]\naws_session_token=%s\n", token);
	with_file(text, NULL, NULL, NULL, "line 2");
	memset(text, 'x', sizeof(text) - 1);
	with_file(text, NULL, NULL, NULL, "line 1");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(from_the_environment),
    cmocka_unit_test(from_the_file),
    cmocka_unit_test(long_lines),
};

TEST_MAIN(tests)
