/*
 * tests/gateway/bucket/s3_servers_test.c: the suite, the probe and what only a versioned bucket
 * shows, against a real server: INKSEAL_TEST_S3_URL names it, with_server.sh sets that. Each case
 * works under a prefix of its own, so that cases may run beside one another.
 */
#include "tests/gateway/bucket/bucket_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_open.h"
#include "gateway/bucket/bucket_s3.h"

#define PLAIN "inkseal-test"
#define VERSIONED "inkseal-versions"

static struct s3 *driver_of(struct bucket *bucket)
{
	return bucket->self;
}

/* The driver itself, without the retries of bucket_open: what it says is what is tested. */
static struct bucket *open_at(const char *bucket, const char *prefix)
{
	const char *url = getenv("INKSEAL_TEST_S3_URL");
	struct bucket *opened;
	char rest[512];
	struct call call;

	suite_call(&call);
	assert_non_null(url);
	(void)snprintf(rest, sizeof(rest), "%s/%s/%s", url, bucket, prefix);
	opened = bucket_s3_open(rest, &s3_env_system, &suite_clock, &call);
	if (opened == NULL)
		fail_msg("%s", call.message);
	return opened;
}

static unsigned ask(struct bucket *bucket, const struct s3_request *request, struct bytes *body)
{
	struct s3_reply reply = {0};
	struct call call;
	unsigned status;

	suite_call(&call);
	if (s3_send(driver_of(bucket), request, &call, &reply) != BUCKET_OK)
		fail_msg("%s", call.message);
	status = reply.status;
	if (body != NULL) {
		*body = reply.body;
		reply.body = (struct bytes){0};
	}
	s3_reply_clear(&reply);
	return status;
}

/* Makes the bucket itself; 409: it is there, and ours. */
static void make_bucket(struct bucket *bucket)
{
	struct s3_request request = {.method = "PUT", .answer_max = 10000};
	unsigned status = ask(bucket, &request, NULL);

	if (status != 200 && status != 409)
		fail_msg("making the bucket: %u", status);
}

static void make_versioned(struct bucket *bucket)
{
	struct s3_request request = {.method = "PUT",
	    .params = {{"versioning", ""}},
	    .param_count = 1,
	    .body = view_text("<VersioningConfiguration "
			      "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
			      "<Status>Enabled</Status></VersioningConfiguration>"),
	    .answer_max = 10000};

	assert_int_equal(ask(bucket, &request, NULL), 200);
}

static struct bucket *open_fresh(const char *name)
{
	uint8_t run[8];
	char prefix[2 * sizeof(run) + 1];
	struct bucket *bucket;

	randombytes_buf(run, sizeof(run));
	hex_encode(view_of(run, sizeof(run)), prefix);
	bucket = open_at(name, prefix);
	make_bucket(bucket);
	return bucket;
}

static int open_plain(void **state)
{
	*state = open_fresh(PLAIN);
	return 0;
}

static int open_versioned(void **state)
{
	*state = open_fresh(VERSIONED);
	make_versioned(*state);
	return 0;
}

static int open_retrying(void **state)
{
	struct bucket *plain = open_fresh(PLAIN);
	char url[BUCKET_URL_MAX];
	struct call call;

	suite_call(&call);
	(void)snprintf(url, sizeof(url), "s3:%s/%s/%s", getenv("INKSEAL_TEST_S3_URL"), PLAIN,
	    driver_of(plain)->url.prefix);
	bucket_close(plain);
	*state = bucket_open(url, &suite_clock, &call);
	return *state == NULL;
}

static int close_it(void **state)
{
	bucket_close(*state);
	return 0;
}

/* The quoting of If-Match is found out by the first update, and kept. */
static void quoting_is_found_out(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put put = {"a", view_text("2"), BUCKET_IF_TAG, {""}};
	struct bucket_tag tag = {""};
	struct call call;

	suite_call(&call);
	put.tag = suite_put_text(bucket, "a", "1", BUCKET_ALWAYS);
	assert_int_equal(atomic_load(&driver_of(bucket)->quoting), S3_QUOTING_UNKNOWN);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	assert_int_not_equal(atomic_load(&driver_of(bucket)->quoting), S3_QUOTING_UNKNOWN);
}

/* Refused, and then, once the credentials are read again, taken. */
static void wrong_secret_is_refused(void **state)
{
	struct bucket *bucket = *state;
	struct s3_identity *identity = &driver_of(bucket)->identity;
	struct bucket_put put = {"a", view_text("2"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag = {"old"};
	struct call call;

	suite_call(&call);
	identity->signer.credentials.secret_key[0] ^= 1;
	identity->read_again = true; /* just now, so not for this */
	identity->read_ms = clock_monotonic_ms(&suite_clock);
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "403"));
	assert_true(bucket_denied(bucket));
	identity->signer.credentials.secret_key[0] ^= 1;
	suite_expect_text(bucket, "a", NULL);
	identity->signer.credentials.secret_key[0] ^= 1;
	identity->read_again = false;
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	assert_false(bucket_denied(bucket));
	suite_expect_text(bucket, "a", "2");
}

/* A region that is not the store's: either nobody minds, or the store's own is learned. */
static void another_region_does_not_matter(void **state)
{
	struct bucket *bucket = *state;
	struct s3_identity *identity = &driver_of(bucket)->identity;
	struct bucket_put put = {"a", view_text("2"), BUCKET_ALWAYS, {""}};
	struct bucket_tag tag = {"old"};
	struct call call;

	suite_call(&call);
	(void)snprintf(identity->signer.region, sizeof(identity->signer.region), "elsewhere-1");
	assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	suite_expect_text(bucket, "a", "2");
}

static void missing_bucket_is_not_an_absent_key(void **state)
{
	struct bucket *bucket = open_at("inkseal-no-such-bucket", "x");
	struct bucket_get get = {.key = "a"};
	struct bytes data = {0};
	struct bucket_tag tag = {"old"};
	struct bucket_page page = {0};
	struct call call;

	(void)state;
	suite_call(&call);
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "NoSuchBucket"));
	assert_int_equal(bucket_list(bucket, "", "", &call, &page), BUCKET_REFUSED);
	bucket_close(bucket);
}

static int64_t a_day_ahead(void *self)
{
	(void)self;
	return clock_wall_ms(&suite_clock) + INT64_C(24) * 60 * 60 * 1000;
}

static void skewed_clock_is_named(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_get get = {.key = "a"};
	struct bytes data = {0};
	struct bucket_tag tag;
	struct call call;

	suite_call(&call);
	driver_of(bucket)->clock.wall_ms = a_day_ahead;
	assert_int_equal(bucket_get(bucket, &get, &call, &data, &tag), BUCKET_REFUSED);
	assert_non_null(strstr(call.message, "clock"));
}

/* Counts what a versions listing shows under the case's prefix. */
static size_t count_versions(struct bucket *bucket)
{
	struct s3_request request = {.method = "GET",
	    .params = {{"max-keys", "1000"}, {"prefix", driver_of(bucket)->url.prefix},
		{"versions", ""}},
	    .param_count = 3,
	    .answer_max = S3_DOCUMENT_MAX};
	struct s3_page page = {0};
	struct bytes body = {0};
	size_t count;

	assert_int_equal(ask(bucket, &request, &body), 200);
	assert_true(s3_xml_listing(view_bytes(&body), S3_LIST_VERSIONS, &page));
	count = page.count;
	s3_page_clear(&page);
	bytes_clear(&body);
	return count;
}

static void purge_removes_versions_and_markers(void **state)
{
	struct bucket *bucket = *state;
	uint64_t removed = 0;
	struct call call;

	suite_call(&call);
	for (int i = 0; i < 3; i++) {
		(void)suite_put_text(bucket, "a/kept", i == 2 ? "last" : "old", BUCKET_ALWAYS);
		(void)suite_put_text(bucket, "a/gone", i == 2 ? "last" : "old", BUCKET_ALWAYS);
		(void)suite_put_text(bucket, "b/other", i == 2 ? "last" : "old", BUCKET_ALWAYS);
	}
	assert_int_equal(bucket_remove(bucket, "a/gone", &call), BUCKET_OK);
	assert_int_equal(count_versions(bucket), 10);
	if (bucket_purge_hidden(bucket, "a/", &call, &removed) != BUCKET_OK)
		fail_msg("%s", call.message);
	assert_int_equal(removed, 2 + 3 + 1);
	assert_int_equal(count_versions(bucket), 1 + 3);
	suite_expect_text(bucket, "a/kept", "last");
	suite_expect_text(bucket, "a/gone", NULL);
	suite_expect_text(bucket, "b/other", "last");
	assert_int_equal(bucket_purge_hidden(bucket, "a/", &call, &removed), BUCKET_OK);
	assert_int_equal(removed, 2 + 3 + 1);
}

/* As on a store that can't remove many at once: the real answers to single removals. */
static void purge_and_remove_singly(void **state)
{
	static const char *const keys[] = {"a/1", "a/b c+d", "a/none"};
	struct bucket *bucket = *state;
	uint64_t removed = 0;
	struct call call;

	suite_call(&call);
	atomic_store(&driver_of(bucket)->singly, true);
	for (int i = 0; i < 3; i++)
		(void)suite_put_text(bucket, keys[i % 2], i == 2 ? "x" : "y", BUCKET_ALWAYS);
	assert_int_equal(bucket_remove_many(bucket, keys, COUNT_OF(keys), &call), BUCKET_OK);
	suite_expect_text(bucket, "a/1", NULL);
	suite_expect_text(bucket, "a/b c+d", NULL);
	if (bucket_purge_hidden(bucket, "a/", &call, &removed) != BUCKET_OK)
		fail_msg("%s", call.message);
	assert_true(
	    removed >= 3 + 2); /* and what a store may mark for the key that was not there */
	assert_int_equal(count_versions(bucket), 0);
}

/* The whole key of the upload is the prefix: MinIO lists uploads for whole keys only. */
static void purge_removes_uploads(void **state)
{
	struct bucket *bucket = *state;
	struct s3_request begin = {.method = "POST",
	    .key = "a/upload",
	    .params = {{"uploads", ""}},
	    .param_count = 1,
	    .answer_max = 10000};
	uint64_t removed = 0;
	struct call call;

	suite_call(&call);
	assert_int_equal(ask(bucket, &begin, NULL), 200);
	if (bucket_purge_hidden(bucket, "a/upload", &call, &removed) != BUCKET_OK)
		fail_msg("%s", call.message);
	assert_int_equal(removed, 1);
	assert_int_equal(bucket_purge_hidden(bucket, "a/upload", &call, &removed), BUCKET_OK);
	assert_int_equal(removed, 1);
}

/* Nothing but the race itself: every round on the wire with the last byte held back. */
static void held_race_has_one_winner(void **state)
{
	struct bucket *bucket = *state;
	struct bucket_put puts[BUCKET_RACE_MAX];
	struct call calls[BUCKET_RACE_MAX];
	enum bucket_result results[BUCKET_RACE_MAX];
	char texts[BUCKET_RACE_MAX][16];
	const char *winner = NULL;

	for (size_t i = 0; i < BUCKET_RACE_MAX; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "writer %zu", i);
		puts[i] = (struct bucket_put){"race", view_text(texts[i]), BUCKET_IF_ABSENT, {""}};
		suite_call(&calls[i]);
	}
	assert_true(bucket_race(bucket, puts, BUCKET_RACE_MAX, calls, results));
	for (size_t i = 0; i < BUCKET_RACE_MAX; i++) {
		if (results[i] != BUCKET_OK && results[i] != BUCKET_CONFLICT)
			fail_msg("writer %zu: %s: %s", i, bucket_result_text(results[i]),
			    calls[i].message);
		if (results[i] == BUCKET_OK) {
			assert_null(winner);
			winner = texts[i];
		}
	}
	assert_non_null(winner);
	suite_expect_text(bucket, "race", winner);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(suite_put_then_get, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_put_if_absent, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_put_if_tag, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_get_unless_tag, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_get_first_bytes, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_outputs_only_on_success, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_empty_object, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_largest_object, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_refused_keys, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_accepted_keys, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_remove, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_remove_many, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_list_order, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_list_prefix_and_after, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_list_pages, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_purge_hidden, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_race_if_absent, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_race_if_tag, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_race_increments, open_plain, close_it),
    cmocka_unit_test_setup_teardown(suite_probe_passes, open_retrying, close_it),
    cmocka_unit_test_setup_teardown(quoting_is_found_out, open_plain, close_it),
    cmocka_unit_test_setup_teardown(wrong_secret_is_refused, open_plain, close_it),
    cmocka_unit_test_setup_teardown(another_region_does_not_matter, open_plain, close_it),
    cmocka_unit_test_setup_teardown(missing_bucket_is_not_an_absent_key, open_plain, close_it),
    cmocka_unit_test_setup_teardown(skewed_clock_is_named, open_plain, close_it),
    cmocka_unit_test_setup_teardown(purge_removes_versions_and_markers, open_versioned, close_it),
    cmocka_unit_test_setup_teardown(purge_and_remove_singly, open_versioned, close_it),
    cmocka_unit_test_setup_teardown(purge_removes_uploads, open_plain, close_it),
    cmocka_unit_test_setup_teardown(held_race_has_one_winner, open_plain, close_it),
};

TEST_MAIN(tests)
