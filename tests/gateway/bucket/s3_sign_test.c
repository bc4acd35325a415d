/*
 * tests/gateway/bucket/s3_sign_test.c: the signatures of AWS's own documentation ("Authenticating
 * Requests: Using the Authorization Header", its four examples), dates, encoding; and that nothing
 * of the secret stays behind.
 */
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_sign.h"
#include "tests/gateway/bucket/own_stack.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DATE "20130524T000000Z"
#define HOST \
	{ \
		"host", "examplebucket.s3.amazonaws.com" \
	}

static void documented_examples(void **state)
{
	static const struct {
		const char *name;
		const char *method;
		const char *path;
		struct s3_pair params[2];
		size_t param_count;
		struct s3_pair headers[5];
		size_t header_count;
		const char *body_sha256;
		const char *names;
		const char *signature;
	} rows[] = {
	    {"GET of a range", "GET", "/test.txt", {{0}}, 0,
		{HOST, {"range", "bytes=0-9"}, {"x-amz-content-sha256", EMPTY_SHA256},
		    {"x-amz-date", DATE}},
		4, EMPTY_SHA256, "host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
	    {"PUT", "PUT", "/test$file.text", {{0}}, 0,
		{{"date", "Fri, 24 May 2013 00:00:00 GMT"}, HOST,
		    {"x-amz-content-sha256",
			"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"},
		    {"x-amz-date", DATE}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
		5, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
	    {"a parameter without value", "GET", "/", {{"lifecycle", ""}}, 1,
		{HOST, {"x-amz-content-sha256", EMPTY_SHA256}, {"x-amz-date", DATE}}, 3,
		EMPTY_SHA256, "host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
	    {"a listing", "GET", "/", {{"max-keys", "2"}, {"prefix", "J"}}, 2,
		{HOST, {"x-amz-content-sha256", EMPTY_SHA256}, {"x-amz-date", DATE}}, 3,
		EMPTY_SHA256, "host;x-amz-content-sha256;x-amz-date",
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
	};
	static const struct s3_credentials credentials = {
	    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer path;
		struct buffer query;
		struct buffer expected;
		struct buffer got;
		struct bytes texts[4] = {{0}};
		struct s3_sign sign = {.method = rows[i].method,
		    .headers = rows[i].headers,
		    .header_count = rows[i].header_count,
		    .body_sha256 = rows[i].body_sha256,
		    .date = DATE,
		    .region = "us-east-1",
		    .credentials = &credentials};

		buffer_init(&path, 1000);
		buffer_init(&query, 1000);
		buffer_init(&expected, 1000);
		buffer_init(&got, 1000);
		s3_encode(&path, rows[i].path, true);
		s3_query(&query, rows[i].params, rows[i].param_count);
		assert_true(buffer_take(&path, &texts[0]) && buffer_take(&query, &texts[1]));
		sign.path = (const char *)texts[0].data;
		sign.query = (const char *)texts[1].data;
		s3_sign(&sign, &got);
		buffer_addf(&expected,
		    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
		    "aws4_request,SignedHeaders=%s,Signature=%s",
		    rows[i].names, rows[i].signature);
		assert_true(buffer_take(&expected, &texts[2]) && buffer_take(&got, &texts[3]));
		if (!view_equal(view_bytes(&texts[2]), view_bytes(&texts[3])))
			fail_msg("%s: %s", rows[i].name, (const char *)texts[3].data);
		for (size_t text = 0; text < COUNT_OF(texts); text++)
			bytes_clear(&texts[text]);
	}
}

static void dates(void **state)
{
	static const struct {
		int64_t wall_ms;
		const char *expected;
	} rows[] = {
	    {0, "19700101T000000Z"},
	    {-1, "19700101T000000Z"},
	    {-1000, "19700101T000000Z"},
	    {INT64_MIN, "19700101T000000Z"},
	    {999, "19700101T000000Z"},
	    {1000, "19700101T000001Z"},
	    {INT64_C(253402300799999), "99991231T235959Z"},
	    {INT64_C(253402300800000), "99991231T235959Z"},
	    {INT64_C(1369353600999), DATE},
	    {INT64_C(1709251199000), "20240229T235959Z"},
	    {INT64_MAX, "99991231T235959Z"},
	};
	char date[S3_DATE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		s3_date(rows[i].wall_ms, date);
		assert_string_equal(date, rows[i].expected);
	}
}

static void encoding(void **state)
{
	static const struct {
		const char *text;
		bool path;
		const char *expected;
	} rows[] = {
	    {"azAZ09-_.~", false, "azAZ09-_.~"},
	    {"@[`{/:", false, "%40%5B%60%7B%2F%3A"}, /* beside those */
	    {"a/b c+d", true, "a/b%20c%2Bd"},
	    {"a/b", false, "a%2Fb"},
	    {"%&=?#\"<>\\^`{|}", true, "%25%26%3D%3F%23%22%3C%3E%5C%5E%60%7B%7C%7D"},
	    {"\xc3\xa9\x7f", true, "%C3%A9%7F"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buffer out;
		struct bytes text = {0};

		buffer_init(&out, 1000);
		s3_encode(&out, rows[i].text, rows[i].path);
		assert_true(buffer_take(&out, &text));
		assert_string_equal((const char *)text.data, rows[i].expected);
		bytes_clear(&text);
	}
}

/* Names and values, whatever they hold. */
static void queries(void **state)
{
	static const struct s3_pair params[] = {{"a/b", "c/d e"}, {"b=", ""}, {"c", "&"}};
	struct bytes text = {0};
	struct buffer out;

	(void)state;
	buffer_init(&out, 1000);
	s3_query(&out, params, COUNT_OF(params));
	assert_true(buffer_take(&out, &text));
	assert_string_equal((const char *)text.data, "a%2Fb=c%2Fd%20e&b%3D=&c=%26");
	bytes_clear(&text);
	s3_query(&out, params, 0);
	assert_int_equal(out.len, 0);
	buffer_clear(&out);
}

static const struct s3_credentials secret_credentials = {"AK", "a secret that is to be wiped", ""};

static const struct s3_sign secret_sign = {.method = "GET",
    .path = "/",
    .query = "",
    .body_sha256 = EMPTY_SHA256,
    .date = DATE,
    .region = "us-east-1",
    .credentials = &secret_credentials};

/* Signed too little, a store would refuse it for good. */
static void what_is_too_long_is_not_signed(void **state)
{
	static char path[(64u << 10) + 1];
	struct s3_sign sign = secret_sign;
	struct buffer out;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	sign.path = path;
	buffer_init(&out, 1000);
	s3_sign(&sign, &out);
	assert_true(out.failed);
	assert_int_equal(out.len, 0);
	buffer_clear(&out);
}

/* ---- what stays on the stack ---- */

#define KEY_LEN crypto_auth_hmacsha256_BYTES

static void sign_it(void *out)
{
	s3_sign(&secret_sign, out);
}

static void next_key(const uint8_t *key, size_t key_len, const char *text, uint8_t out[KEY_LEN])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, out);
}

/* Neither the secret nor any key that comes of it. */
static void no_secret_stays(void **state)
{
	static const char *const steps[] = {"20130524", "us-east-1", "s3", "aws4_request"};
	char text[64] = "AWS4";
	uint8_t keys[COUNT_OF(steps)][KEY_LEN];
	struct buffer out;

	(void)state;
	buffer_init(&out, 1000);
	own_stack_run(sign_it, &out);
	assert_false(out.failed);
	buffer_clear(&out);
	assert_true(own_stack_holds("20130524/us-east-1/s3", 21)); /* what is no secret does */
	memcpy(text + 4, secret_credentials.secret_key, strlen(secret_credentials.secret_key) + 1);
	assert_false(own_stack_holds(text, strlen(text)));
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		next_key(i == 0 ? (const uint8_t *)text : keys[i - 1],
		    i == 0 ? strlen(text) : KEY_LEN, steps[i], keys[i]);
		assert_false(own_stack_holds(keys[i], KEY_LEN));
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(documented_examples),
    cmocka_unit_test(dates),
    cmocka_unit_test(encoding),
    cmocka_unit_test(queries),
    cmocka_unit_test(what_is_too_long_is_not_signed),
    cmocka_unit_test(no_secret_stays),
};

TEST_MAIN(tests)
