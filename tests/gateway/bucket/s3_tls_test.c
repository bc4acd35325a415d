/*
 * tests/gateway/bucket/s3_tls_test.c: certificates are verified, and a CA of one's own is taken
 * from the environment. Against a real server behind TLS whose certificate is for 127.0.0.1 alone:
 * INKSEAL_TEST_S3_URL and INKSEAL_TEST_CA_FILE, which with_server.sh sets.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_s3.h"

static const char *ca_variable;

static const char *get_env(void *self, const char *name)
{
	(void)self;
	if (strncmp(name, "AWS_", 4) == 0)
		return getenv(name);
	return ca_variable != NULL && strcmp(name, ca_variable) == 0
		   ? getenv("INKSEAL_TEST_CA_FILE")
		   : NULL;
}

/* The result of a get, through the host's name as written; "": as the URL has it. */
static enum bucket_result get_through(const char *host, const char *variable, struct call *call)
{
	static const struct s3_env env = {NULL, get_env};
	const char *url = getenv("INKSEAL_TEST_S3_URL");
	const char *port = url == NULL ? NULL : strrchr(url, ':');
	struct bucket_get get = {.key = "k"};
	struct bucket_tag tag;
	struct bytes data = {0};
	struct bucket *bucket;
	char rest[256];
	enum bucket_result result;

	ca_variable = variable;
	assert_non_null(port);
	(void)snprintf(rest, sizeof(rest), "https://%s%s/inkseal-tls/x", host, port);
	suite_call(call);
	bucket = bucket_s3_open(rest, &env, &suite_clock, call);
	if (bucket == NULL)
		fail_msg("%s", call->message);
	result = bucket_get(bucket, &get, call, &data, &tag);
	bucket_close(bucket);
	return result;
}

static void an_unknown_authority(void **state)
{
	struct call call;

	(void)state;
	assert_int_equal(get_through("127.0.0.1", NULL, &call), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "certificate"));
}

/* There is no such bucket: the store's own words came through the verified connection. */
static void an_authority_of_ones_own(void **state)
{
	static const char *const variables[] = {"CURL_CA_BUNDLE", "SSL_CERT_FILE"};
	struct call call;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(variables); i++) {
		assert_int_equal(get_through("127.0.0.1", variables[i], &call), BUCKET_REFUSED);
		if (strstr(call.message, "NoSuchBucket") == NULL)
			fail_msg("%s: %s", variables[i], call.message);
	}
}

static void anothers_certificate(void **state)
{
	struct call call;

	(void)state;
	assert_int_equal(get_through("localhost", "CURL_CA_BUNDLE", &call), BUCKET_REFUSED);
	assert_null(strstr(call.message, "NoSuchBucket"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_unknown_authority),
    cmocka_unit_test(an_authority_of_ones_own),
    cmocka_unit_test(anothers_certificate),
};

TEST_MAIN(tests)
