/*
 * tests/gateway/bucket/s3_requests_test.c: bucket_s3.c: which requests each call makes, and what it
 * says of their answers. What goes over the wire: bucket_s3_test.c.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/s3_remove.h"
#include "gateway/bucket/s3_say.h"
#include "tests/gateway/bucket/fake_store.h"
#include "tests/gateway/http/lock_watch.h"

static const char *ca_bundle, *cert_file, *cert_dir, *session_token;

static const char *get_env(void *self, const char *name)
{
	(void)self;
	if (strcmp(name, "AWS_ACCESS_KEY_ID") == 0)
		return "AK";
	if (strcmp(name, "AWS_SECRET_ACCESS_KEY") == 0)
		return "SK";
	if (strcmp(name, "AWS_SESSION_TOKEN") == 0)
		return session_token;
	if (strcmp(name, "CURL_CA_BUNDLE") == 0)
		return ca_bundle;
	if (strcmp(name, "SSL_CERT_FILE") == 0)
		return cert_file;
	return strcmp(name, "SSL_CERT_DIR") == 0 ? cert_dir : NULL;
}

static const struct s3_env env = {NULL, get_env};

static int64_t now(void *self)
{
	(void)self;
	return 1000;
}

static const struct clock clock_here = {NULL, now, now};

static struct bucket *open_bucket(void)
{
	struct bucket *bucket;
	struct call call;

	call_init(&call, INT64_MAX);
	bucket = bucket_s3_open("http://host:9000/bucket/pre", &env, &clock_here, &call);
	if (bucket == NULL)
		fail_msg("%s", call.message);
	return bucket;
}

/* ---- put ---- */

static void what_a_put_asks(void **state)
{
	static const struct {
		const char *name;
		enum bucket_if cond;
		struct fake_answer answers[4];
		unsigned count;
		enum bucket_result expected;
		const char *says;
		const char *later; /* a later update's request */
	} rows[] = {
	    {"a plain put", BUCKET_ALWAYS,
		{{.request = "PUT k\ndata", .status = 200, .tag = "new"}}, 1, BUCKET_OK, "",
		"PUT k if-match:old\ndata"},
	    {"a create", BUCKET_IF_ABSENT,
		{{.request = "PUT k if-none-match:*\ndata", .status = 200, .tag = "new"}}, 1,
		BUCKET_OK, "", "PUT k if-match:old\ndata"},
	    {"an update that works without quotes", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 200, .tag = "new"}}, 1,
		BUCKET_OK, "", "PUT k if-match:old\ndata"},
	    {"an update that works with them", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 412},
		    {.request = "HEAD k", .status = 200, .tag = "old"},
		    {.request = "PUT k if-match:\"old\"\ndata", .status = 200, .tag = "new"}},
		3, BUCKET_OK, "", "PUT k if-match:\"old\"\ndata"},
	    {"… and works with neither", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 412},
		    {.request = "HEAD k", .status = 200, .tag = "old"},
		    {.request = "PUT k if-match:\"old\"\ndata", .status = 412}},
		3, BUCKET_CONFLICT, "PUT: the store answered 412", "PUT k if-match:old\ndata"},
	    {"an update whose tag has changed", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 412},
		    {.request = "HEAD k", .status = 200, .tag = "other"}},
		2, BUCKET_CONFLICT, "PUT: the store answered 412", "PUT k if-match:old\ndata"},
	    {"an update of what has gone", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 412},
		    {.request = "HEAD k", .status = 404, .tag = "old"}},
		2, BUCKET_CONFLICT, "", "PUT k if-match:old\ndata"},
	    {"… where nobody says", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 412},
		    {.request = "HEAD k", .status = 0, .sent = BUCKET_RETRY}},
		2, BUCKET_CONFLICT, "", "PUT k if-match:old\ndata"},
	    {"an update that may have been", BUCKET_IF_TAG,
		{{.request = "PUT k if-match:old\ndata", .status = 500}}, 1, BUCKET_UNKNOWN,
		"PUT: the store answered 500", "PUT k if-match:old\ndata"},
	    {"a create that lost", BUCKET_IF_ABSENT,
		{{.request = "PUT k if-none-match:*\ndata", .status = 412}}, 1, BUCKET_CONFLICT,
		"PUT: the store answered 412", "PUT k if-match:old\ndata"},
	    {"no answer", BUCKET_IF_ABSENT,
		{{.request = "PUT k if-none-match:*\ndata", .sent = BUCKET_UNKNOWN}}, 1,
		BUCKET_UNKNOWN, "PUT: no answer", "PUT k if-match:old\ndata"},
	    {"no tag", BUCKET_ALWAYS, {{.request = "PUT k\ndata", .status = 200}}, 1,
		BUCKET_UNKNOWN, "PUT: the store answered 200 without an ETag that can be used",
		"PUT k if-match:old\ndata"},
	    {"an error, for all that", BUCKET_ALWAYS,
		{{.request = "PUT k\ndata",
		    .status = 200,
		    .tag = "new",
		    .body = "<Error><Code>InternalError</Code></Error>"}},
		1, BUCKET_UNKNOWN, "PUT: the store answered 200 InternalError",
		"PUT k if-match:old\ndata"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_bucket();
		struct bucket_put put = {"k", view_text("data"), rows[i].cond, {"old"}};
		const struct fake_answer later[] = {{.request = rows[i].later, .status = 412},
		    {.request = "HEAD k", .status = 200, .tag = "old"},
		    {.request = "PUT k if-match:\"old\"\ndata", .status = 200, .tag = "newer"}};
		bool learned = put.cond == BUCKET_IF_TAG && rows[i].expected == BUCKET_OK;
		struct bucket_tag tag = {"mine"};
		enum bucket_result result;
		struct call call;

		fake_script(rows[i].answers, rows[i].count);
		call_init(&call, INT64_MAX);
		result = bucket_put(bucket, &put, &call, &tag);
		fake_end(rows[i].name);
		if (result != rows[i].expected ||
		    (result != BUCKET_OK && strstr(call.message, rows[i].says) == NULL) ||
		    strcmp(tag.text, result == BUCKET_OK ? "new" : "mine") != 0)
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		/* Which form is taken is learned by a success alone; then a refusal is meant. */
		put.cond = BUCKET_IF_TAG;
		fake_script(later, learned ? 1 : COUNT_OF(later));
		assert_int_equal(
		    bucket_put(bucket, &put, &call, &tag), learned ? BUCKET_CONFLICT : BUCKET_OK);
		fake_end(rows[i].name);
		bucket_close(bucket);
	}
}

/* ---- get ---- */

static void what_a_get_asks(void **state)
{
	static const struct {
		const char *name, *unless;
		size_t first;
		struct fake_answer answers[2];
		size_t count;
		enum bucket_result expected;
		const char *says, *data;
	} rows[] = {
	    {"all of it", "", 0, {{.request = "GET k", .status = 200, .tag = "t", .body = "data"}},
		1, BUCKET_OK, "", "data"},
	    {"unless it is that", "seen", 0,
		{{.request = "GET k if-none-match:\"seen\"", .status = 304}}, 1, BUCKET_UNCHANGED,
		"GET: the store answered 304", NULL},
	    {"its beginning", "", 3,
		{{.request = "GET k range:bytes=0-2", .status = 206, .tag = "t", .body = "dat"}}, 1,
		BUCKET_OK, "", "dat"},
	    {"its beginning, and all came", "", 3,
		{{.request = "GET k range:bytes=0-2", .status = 200, .tag = "t", .body = "data"}},
		1, BUCKET_OK, "", "dat"},
	    {"one byte", "", 1,
		{{.request = "GET k range:bytes=0-0", .status = 206, .tag = "t", .body = "d"}}, 1,
		BUCKET_OK, "", "d"},
	    {"the beginning of nothing", "", 3,
		{{.request = "GET k range:bytes=0-2", .status = 416, .code = "InvalidRange"},
		    {.request = "GET k", .status = 200, .tag = "t", .body = ""}},
		2, BUCKET_OK, "", ""},
	    {"… and then it failed", "", 3,
		{{.request = "GET k range:bytes=0-2", .status = 416},
		    {.request = "GET k", .status = 503}},
		2, BUCKET_RETRY, "GET: the store answered 503", NULL},
	    {"416 where no part was asked for", "", 0, {{.request = "GET k", .status = 416}}, 1,
		BUCKET_REFUSED, "GET: the store answered 416", NULL},
	    {"as much as there can be", "", BUCKET_OBJECT_MAX,
		{{.request = "GET k", .status = 200, .tag = "t", .body = "data"}}, 1, BUCKET_OK, "",
		"data"},
	    {"a byte less", "", BUCKET_OBJECT_MAX - 1,
		{{.request = "GET k range:bytes=0-6291454",
		    .status = 206,
		    .tag = "t",
		    .body = "data"}},
		1, BUCKET_OK, "", "data"},
	    {"no answer", "", 0, {{.request = "GET k", .sent = BUCKET_RETRY}}, 1, BUCKET_RETRY,
		"GET: no answer", NULL},
	    {"an error as a success", "", 0,
		{{.request = "GET k",
		    .status = 200,
		    .body = "<Error><Code>SlowDown</Code></Error>"}},
		1, BUCKET_RETRY, "GET: the store answered 200 SlowDown", NULL},
	    {"one that stays", "", 0,
		{{.request = "GET k",
		    .status = 200,
		    .body = "<Error><Code>AccessDenied</Code></Error>"}},
		1, BUCKET_REFUSED, "GET: the store answered 200 AccessDenied", NULL},
	    {"no tag", "", 0, {{.request = "GET k", .status = 200, .body = "data"}}, 1,
		BUCKET_REFUSED,
		"GET: the answer has no ETag that can be used: is this an S3 store?", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_bucket();
		struct bucket_get get = {.key = "k", .first_bytes = rows[i].first};
		struct bucket_tag tag = {"mine"};
		struct bytes data = {0};
		enum bucket_result result;
		struct call call;

		memcpy(get.unless.text, rows[i].unless, strlen(rows[i].unless) + 1);
		fake_script(rows[i].answers, rows[i].count);
		call_init(&call, INT64_MAX);
		result = bucket_get(bucket, &get, &call, &data, &tag);
		fake_end(rows[i].name);
		if (result != rows[i].expected ||
		    (result != BUCKET_OK && strcmp(call.message, rows[i].says) != 0))
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		assert_string_equal(tag.text, result == BUCKET_OK ? "t" : "mine");
		assert_int_equal(data.len, rows[i].data == NULL ? 0 : strlen(rows[i].data));
		if (rows[i].data != NULL && data.data != NULL)
			assert_memory_equal(data.data, rows[i].data, data.len);
		assert_int_equal(fake_answer_max, BUCKET_OBJECT_MAX);
		bytes_clear(&data);
		bucket_close(bucket);
	}
}

/* ---- remove ---- */

#define REMOVES(list) \
	"POST ?delete=\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" \
	"<Quiet>true</Quiet>" list "</Delete>"
#define OBJECT(key) "<Object><Key>" key "</Key></Object>"
#define KEPT(code) \
	"<DeleteResult><Error><Key>pre/a</Key><Code>" code "</Code></Error></DeleteResult>"

static void what_a_removal_asks(void **state)
{
	static const struct {
		const char *name;
		struct fake_answer answers[3];
		size_t count;
		enum bucket_result expected;
		const char *says;
	} rows[] = {
	    {"both",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")),
		    .status = 200,
		    .body = "<DeleteResult/>"}},
		1, BUCKET_OK, ""},
	    {"kept for now",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")),
		    .status = 200,
		    .body = KEPT("SlowDown")}},
		1, BUCKET_RETRY, "removing: the store kept 1 of the objects: SlowDown"},
	    {"kept, and it does not say why",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")),
		    .status = 200,
		    .body = KEPT("")}},
		1, BUCKET_REFUSED,
		"removing: the store kept 1 of the objects: it does not say why"},
	    {"no answer",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")),
		    .sent = BUCKET_UNKNOWN}},
		1, BUCKET_UNKNOWN, "removing: no answer"},
	    {"a refusal",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")),
		    .status = 403,
		    .code = "AccessDenied"}},
		1, BUCKET_REFUSED, "removing: the store answered 403 AccessDenied"},
	    {"one by one",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")), .status = 501},
		    {.request = "DELETE =pre/a&<>", .status = 204},
		    {.request = "DELETE =pre/b", .status = 404, .code = "NoSuchKey"}},
		3, BUCKET_OK, ""},
	    {"one by one, until one is kept",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")), .status = 501},
		    {.request = "DELETE =pre/a&<>", .status = 403, .code = "AccessDenied"}},
		2, BUCKET_REFUSED, "DELETE: the store answered 403 AccessDenied"},
	    {"… or not answered",
		{{.request = REMOVES(OBJECT("pre/a&amp;&lt;&gt;") OBJECT("pre/b")), .status = 501},
		    {.request = "DELETE =pre/a&<>", .status = 204},
		    {.request = "DELETE =pre/b", .sent = BUCKET_UNKNOWN}},
		3, BUCKET_UNKNOWN, "DELETE: no answer"},
	};
	static const char *const keys[] = {"a&<>", "b"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bucket *bucket = open_bucket();
		enum bucket_result result;
		struct call call;

		fake_script(rows[i].answers, rows[i].count);
		call_init(&call, INT64_MAX);
		result = bucket_remove_many(bucket, keys, COUNT_OF(keys), &call);
		fake_end(rows[i].name);
		if (result != rows[i].expected ||
		    (result != BUCKET_OK && strcmp(call.message, rows[i].says) != 0))
			fail_msg(
			    "%s: %s: %s", rows[i].name, bucket_result_text(result), call.message);
		bucket_close(bucket);
	}
}

static void one_is_removed(void **state)
{
	static const struct fake_answer answer = {.request = "DELETE k", .status = 204};
	struct bucket *bucket = open_bucket();
	struct call call;

	(void)state;
	fake_script(&answer, 1);
	call_init(&call, INT64_MAX);
	assert_int_equal(bucket_remove(bucket, "k", &call), BUCKET_OK);
	fake_end("one");
	bucket_close(bucket);
}

/* So many of the first are gone, whatever comes of the rest. */
static void what_is_done_is_told(void **state)
{
	static const struct s3_pair items[] = {{"pre/a", "v1"}, {"pre/b", ""}, {"pre/c", "v3"}};
	static const struct fake_answer together = {
	    .request = REMOVES("<Object><Key>pre/a</Key><VersionId>v1</VersionId></Object>" OBJECT(
		"pre/b") "<Object><Key>pre/c</Key><VersionId>v3</VersionId></Object>"),
	    .status = 200,
	    .body = "<DeleteResult/>"};
	static const struct fake_answer singly[] = {
	    {.request = "DELETE =pre/a?versionId=v1", .status = 204},
	    {.request = "DELETE =pre/b", .status = 204},
	    {.request = "DELETE =pre/c?versionId=v3", .status = 503}};
	struct s3 *s3 = fake_store("pre/");
	size_t done = 42;
	struct call call;

	(void)state;
	call_init(&call, INT64_MAX);
	fake_script(&together, 1);
	assert_int_equal(s3_remove_items(s3, items, COUNT_OF(items), &call, &done), BUCKET_OK);
	assert_int_equal(done, 3);
	atomic_store(&s3->singly, true);
	fake_script(singly, COUNT_OF(singly));
	assert_int_equal(s3_remove_items(s3, items, COUNT_OF(items), &call, &done), BUCKET_RETRY);
	assert_int_equal(done, 2);
	fake_end("singly");
	atomic_store(&s3->singly, false);
	{
		struct fake_answer lost = together;

		lost.status = 0;
		lost.sent = BUCKET_UNKNOWN;
		fake_script(&lost, 1);
		assert_int_equal(
		    s3_remove_items(s3, items, COUNT_OF(items), &call, &done), BUCKET_UNKNOWN);
		assert_int_equal(done, 0);
	}
}

/* ---- what is said ---- */

#define CREDENTIALS \
	"GET: the store does not take the credentials (403 ExpiredToken): set AWS_ACCESS_KEY_ID " \
	"and AWS_SECRET_ACCESS_KEY, or the profile in the credentials file, to ones that hold; " \
	"the file is read again by itself"

/* What happened, what it means, what to do. */
static void a_refusal_is_explained(void **state)
{
	static const struct {
		unsigned status;
		const char *code, *region, *encoding, *message;
	} rows[] = {
	    {500, "", "", "", "GET: the store answered 500"},
	    {403, "AccessDenied", "", "", "GET: the store answered 403 AccessDenied"},
	    {403, "RequestTimeTooSkewed", "", "",
		"GET: the store's clock and this machine's differ too much"},
	    {403, "ExpiredToken", "", "", CREDENTIALS},
	    {404, "NoSuchBucket", "", "",
		"GET: the store answered 404 NoSuchBucket: there is no such bucket; create it, or "
		"look at its name in the URL"},
	    {404, "", "", "br",
		"GET: 404, and the answer came in Content-Encoding br, which nobody asked for: the "
		"store, or a proxy before it, must send bodies as they are"},
	    {400, "AuthorizationHeaderMalformed", "", "",
		"GET: the store answered 400 AuthorizationHeaderMalformed: the bucket is not in "
		"the "
		"region here; set AWS_REGION=NAME, as the store's settings have it (or region in "
		"~/.aws/config)"},
	    {400, "AuthorizationHeaderMalformed", "there", "",
		"GET: the store answered 400 AuthorizationHeaderMalformed: the bucket is not in "
		"the "
		"region here but in there; set AWS_REGION=there (or region in ~/.aws/config)"},
	    {400, "AuthorizationHeaderMalformed", "here", "",
		"GET: the store answered 400 AuthorizationHeaderMalformed: the bucket is not in "
		"the "
		"region here; set AWS_REGION=NAME, as the store's settings have it (or region in "
		"~/.aws/config)"},
	    {301, "", "there", "",
		"GET: the store answered 301: the bucket is not in the region here but in there; "
		"set AWS_REGION=there (or region in ~/.aws/config), and name that region's host in "
		"the URL"},
	    {307, "TemporaryRedirect", "there", "",
		"GET: the store answered 307 TemporaryRedirect: the bucket is not in the region "
		"here but in there; set AWS_REGION=there (or region in ~/.aws/config), and name "
		"that region's host in the URL"},
	    {302, "Redirect", "there", "",
		"GET: the store answered 302 Redirect: the bucket is not in the region here but in "
		"there; set AWS_REGION=there (or region in ~/.aws/config)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct s3_reply reply = {.status = rows[i].status, .region = "here"};
		struct call call;

		memcpy(reply.error.code.text, rows[i].code, strlen(rows[i].code) + 1);
		memcpy(reply.error.region, rows[i].region, strlen(rows[i].region) + 1);
		memcpy(reply.encoding, rows[i].encoding, strlen(rows[i].encoding) + 1);
		call_init(&call, INT64_MAX);
		s3_say(&call, "GET", &reply);
		assert_string_equal(call.message, rows[i].message);
	}
}

/* ---- opening ---- */

/* As the curl tool has them: the first that is set. */
static void certificates_come_from_the_environment(void **state)
{
	static const struct {
		const char *bundle, *file, *folder, *expected_file, *expected_folder;
	} rows[] = {
	    {NULL, NULL, NULL, NULL, NULL},
	    {"/bundle", NULL, NULL, "/bundle", NULL},
	    {"/bundle", "/file", NULL, "/bundle", NULL},
	    {NULL, "/file", NULL, "/file", NULL},
	    {"", "/file", "", "/file", NULL},
	    {"", "", "", NULL, NULL},
	    {NULL, NULL, "/folder", NULL, "/folder"},
	    {"/bundle", NULL, "/folder", "/bundle", "/folder"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct s3 *s3;
		struct bucket *bucket;

		ca_bundle = rows[i].bundle;
		cert_file = rows[i].file;
		cert_dir = rows[i].folder;
		bucket = open_bucket();
		s3 = bucket->self;
		assert_string_equal(s3->url.host, "host:9000");
		if (rows[i].expected_file == NULL)
			assert_null(s3->ca_file.data);
		else
			assert_string_equal((const char *)s3->ca_file.data, rows[i].expected_file);
		if (rows[i].expected_folder == NULL)
			assert_null(s3->ca_folder.data);
		else
			assert_string_equal(
			    (const char *)s3->ca_folder.data, rows[i].expected_folder);
		bucket_close(bucket);
	}
	ca_bundle = cert_file = cert_dir = NULL;
}

static void what_does_not_open_says_why(void **state)
{
	struct call call;

	(void)state;
	ca_bundle = "/bundle"; /* nothing of it stays */
	cert_dir = "/folder";
	call_init(&call, INT64_MAX);
	assert_null(bucket_s3_open("http://host", &env, &clock_here, &call));
	assert_non_null(strstr(call.message, "after s3: comes"));
	session_token = "to ken";
	assert_null(bucket_s3_open("http://host/bucket", &env, &clock_here, &call));
	assert_non_null(strstr(call.message, "no value that can be used"));
	session_token = NULL;
	ca_bundle = cert_dir = NULL;
}

static void a_closed_bucket_leaves_no_lock(void **state)
{
	size_t before = locks_left();
	struct bucket *bucket = open_bucket();

	(void)state;
	assert_true(locks_left() > before);
	bucket_close(bucket);
	assert_int_equal(locks_left(), before);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_put_asks),
    cmocka_unit_test(what_a_get_asks),
    cmocka_unit_test(what_a_removal_asks),
    cmocka_unit_test(one_is_removed),
    cmocka_unit_test(what_is_done_is_told),
    cmocka_unit_test(a_refusal_is_explained),
    cmocka_unit_test(certificates_come_from_the_environment),
    cmocka_unit_test(what_does_not_open_says_why),
    cmocka_unit_test(a_closed_bucket_leaves_no_lock),
};

TEST_MAIN(tests)
