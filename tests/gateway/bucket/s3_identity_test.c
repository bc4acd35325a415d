/*
 * tests/gateway/bucket/s3_identity_test.c: what a store's answers teach about who signs, and for
 * which region: state by state, to the millisecond.
 */
#include "tests/test.h"

#include <string.h>

#include "gateway/bucket/s3_identity.h"
#include "tests/gateway/http/lock_watch.h"

static struct {
	const char *access_key, *secret_key, *token, *region;
	int64_t now_ms;
} there;

static const char *get(void *self, const char *name)
{
	(void)self;
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
		return there.access_key;
	if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
		return there.secret_key;
	if (strcmp(name, "AWS_SESSION_TOKEN") == 0)
		return there.token;
	return strcmp(name, "AWS_REGION") == 0 ? there.region : NULL;
}

static int64_t now(void *self)
{
	(void)self;
	return there.now_ms;
}

static const struct s3_env env = {NULL, get};
static const struct clock clock_here = {NULL, NULL, now};
static struct s3_identity identity;

static int identity_setup(void **state)
{
	struct call call;

	(void)state;
	locks_alone();
	there.access_key = "AK";
	there.secret_key = "SK";
	there.token = "token";
	there.region = "home";
	there.now_ms = 50;
	call_init(&call, 0);
	return s3_identity_open(&identity, &env, &clock_here, &call) ? 0 : 1;
}

static int identity_teardown(void **state)
{
	(void)state;
	s3_identity_close(&identity);
	assert_string_equal(identity.signer.credentials.secret_key, "");
	return locks_left() == 0 ? 0 : 1;
}

static enum s3_told tell(uint64_t version, unsigned status, const char *code, const char *region)
{
	struct s3_error error = {0};

	memcpy(error.code.text, code, strlen(code) + 1);
	memcpy(error.region, region, strlen(region) + 1);
	return s3_identity_told(&identity, version, status, &error);
}

static void expect_signer(const char *secret_key, const char *region, uint64_t version)
{
	struct s3_signer signer;

	s3_identity_get(&identity, &signer);
	assert_string_equal(signer.credentials.secret_key, secret_key);
	assert_string_equal(signer.region, region);
	assert_int_equal(signer.version, version);
	s3_signer_clear(&signer);
	assert_string_equal(signer.credentials.secret_key, "");
	assert_string_equal(signer.region, "");
}

/* Nothing is open that lacks either. */
static void both_are_needed(void **state)
{
	struct s3_identity other;
	struct call call;

	(void)state;
	call_init(&call, 0);
	there.region = "no region!";
	assert_false(s3_identity_open(&other, &env, &clock_here, &call));
	assert_non_null(strstr(call.message, "region"));
	there.region = "home";
	there.secret_key = NULL;
	assert_false(s3_identity_open(&other, &env, &clock_here, &call));
	assert_non_null(strstr(call.message, "set together"));
	expect_signer("SK", "home", 0);
}

/* Denied by a refusal; not any more by what says enough to tell that it is none. */
static void the_last_word_counts(void **state)
{
	static const struct {
		const char *code;
		unsigned status;
		bool denied; /* still */
	} rows[] = {
	    {"", 200, false},
	    {"", 304, false},
	    {"", 399, false},
	    {"", 400, true},
	    {"", 404, true},
	    {"NoSuchKey", 404, false},
	    {"N", 404, false},
	    {"Other", 499, false},
	    {"InternalError", 500, true},
	    {"", 500, true},
	    {"SlowDown", 503, true},
	    {"AccessDenied", 403, false},
	    {"InvalidToken", 403, true},
	};

	(void)state;
	assert_false(s3_identity_denied(&identity));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(tell(0, 403, "ExpiredToken", ""), S3_TOLD_NOTHING);
		assert_true(s3_identity_denied(&identity));
		assert_int_equal(tell(0, rows[i].status, rows[i].code, ""), S3_TOLD_NOTHING);
		if (s3_identity_denied(&identity) != rows[i].denied)
			fail_msg("%u %s", rows[i].status, rows[i].code);
	}
}

/* When any part of them is another, and once a second at most. */
static void credentials_are_read_again(void **state)
{
	(void)state;
	assert_int_equal(tell(0, 403, "ExpiredToken", ""), S3_TOLD_NOTHING); /* the same */
	expect_signer("SK", "home", 0);
	there.secret_key = "SK2";
	there.now_ms += 999;
	assert_int_equal(tell(0, 403, "ExpiredToken", ""), S3_TOLD_NOTHING); /* too soon */
	expect_signer("SK", "home", 0);
	there.now_ms += 1;
	assert_int_equal(tell(0, 403, "ExpiredToken", ""), S3_TOLD_AGAIN);
	expect_signer("SK2", "home", 1);
	assert_true(s3_identity_denied(&identity));
	there.now_ms += 1000;
	there.access_key = "AK2";
	assert_int_equal(tell(1, 403, "InvalidAccessKeyId", ""), S3_TOLD_AGAIN);
	expect_signer("SK2", "home", 2);
	there.now_ms += 1000;
	there.token = "token2";
	assert_int_equal(tell(2, 403, "InvalidToken", ""), S3_TOLD_AGAIN);
	expect_signer("SK2", "home", 3);
	/* What can't be read now is not taken, and the old ones stay. */
	there.now_ms += 1000;
	there.secret_key = NULL;
	assert_int_equal(tell(3, 403, "InvalidToken", ""), S3_TOLD_NOTHING);
	expect_signer("SK2", "home", 3);
}

/* Whoever was refused for what another thread has learned meanwhile goes again. */
static void what_was_learned_meanwhile(void **state)
{
	(void)state;
	assert_int_equal(tell(0, 400, "AuthorizationHeaderMalformed", "a"), S3_TOLD_AGAIN);
	expect_signer("SK", "a", 1);
	assert_int_equal(tell(0, 400, "AuthorizationHeaderMalformed", "b"), S3_TOLD_AGAIN);
	assert_int_equal(tell(0, 403, "ExpiredToken", ""), S3_TOLD_AGAIN);
	expect_signer("SK", "a", 1);
	assert_false(s3_identity_denied(&identity));
	assert_int_equal(tell(0, 403, "AccessDenied", ""), S3_TOLD_NOTHING);
}

/* Four of them, each once; unnamed, the bucket is asked, once. */
static void regions_are_learned(void **state)
{
	static const char *const regions[] = {"a", "b", "c", "d"};

	(void)state;
	assert_int_equal(tell(0, 301, "PermanentRedirect", "home"), S3_TOLD_NOTHING); /* no news */
	assert_int_equal(tell(0, 301, "PermanentRedirect", ""), S3_TOLD_ASK);
	assert_int_equal(tell(0, 301, "PermanentRedirect", ""), S3_TOLD_NOTHING);
	assert_false(s3_identity_region(&identity, ""));
	assert_false(s3_identity_region(&identity, "home"));
	expect_signer("SK", "home", 0);
	for (size_t i = 0; i < COUNT_OF(regions); i++) {
		if (i % 2 == 0)
			assert_int_equal(tell(i, 400, "InvalidRegion", regions[i]), S3_TOLD_AGAIN);
		else
			assert_true(s3_identity_region(&identity, regions[i]));
		expect_signer("SK", regions[i], i + 1);
	}
	assert_int_equal(tell(4, 400, "InvalidRegion", "e"), S3_TOLD_NOTHING);
	assert_false(s3_identity_region(&identity, "f"));
	expect_signer("SK", "d", 4);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(both_are_needed, identity_setup, identity_teardown),
    cmocka_unit_test_setup_teardown(the_last_word_counts, identity_setup, identity_teardown),
    cmocka_unit_test_setup_teardown(credentials_are_read_again, identity_setup, identity_teardown),
    cmocka_unit_test_setup_teardown(what_was_learned_meanwhile, identity_setup, identity_teardown),
    cmocka_unit_test_setup_teardown(regions_are_learned, identity_setup, identity_teardown),
};

TEST_MAIN(tests)
