/*
 * tests/gateway/bucket/s3_hidden_test.c: what is asked of a store until nothing hidden is left, in
 * which order, and what is counted. Stores that show nothing of it: bucket_s3_test.c.
 */
#include "gateway/bucket/s3_hidden.h"
#include "tests/test.h"

#include <string.h>

#include "tests/gateway/bucket/fake_store.h"

#define VERSIONS_ASKED "GET ?max-keys=1000&prefix=pre/a/&versions="
#define UPLOADS_ASKED "GET ?max-uploads=1000&prefix=pre/a/&uploads="
#define VERSION(kind, key, id, latest) \
	"<" kind "><Key>" key "</Key><VersionId>" id "</VersionId><IsLatest>" latest \
	"</IsLatest></" kind ">"
#define OLD(key, id) VERSION("Version", key, id, "false")
#define CURRENT(key, id) VERSION("Version", key, id, "true")
#define MARKER(key, id) VERSION("DeleteMarker", key, id, "true")
#define VERSIONS(list) "<ListVersionsResult>" list "</ListVersionsResult>"
#define TRUNCATED "<IsTruncated>true</IsTruncated>"
#define UPLOAD(key, id) "<Upload><Key>" key "</Key><UploadId>" id "</UploadId></Upload>"
#define UPLOADS(list) "<ListMultipartUploadsResult>" list "</ListMultipartUploadsResult>"
#define REMOVES(list) \
	"POST ?delete=\n<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" \
	"<Quiet>true</Quiet>" list "</Delete>"
#define OBJECT(key, id) "<Object><Key>" key "</Key><VersionId>" id "</VersionId></Object>"
#define REMOVED 200, NULL, "<DeleteResult/>"
#define NO_VERSIONS 200, NULL, VERSIONS("")
#define NO_UPLOADS 200, NULL, UPLOADS("")
#define LOST 0, NULL, NULL, NULL, BUCKET_UNKNOWN

static const struct row {
	const char *name;
	struct fake_answer answers[9];
	size_t count;
	uint64_t removed;
	enum bucket_result expected;
	const char *says;
} rows[] = {
    {"nothing", {{.request = VERSIONS_ASKED, NO_VERSIONS}, {.request = UPLOADS_ASKED, NO_UPLOADS}},
	2, 0, BUCKET_OK, ""},
    {"old versions, in one request",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(CURRENT("pre/a/1", "v3") OLD("pre/a/1", "v2") OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v2") OBJECT("pre/a/1", "v1")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	3, 2, BUCKET_OK, ""},
    {"what is not ours to touch: without an id, elsewhere",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(OLD("pre/a/1", "") OLD("pre/b/1", "v1") OLD("pre/a/2", "null"))},
	    {.request = REMOVES(OBJECT("pre/a/2", "null")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	3, 1, BUCKET_OK, ""},
    {"a marker after the versions that it hides, in a second pass",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(MARKER("pre/a/1", "m1") OLD("pre/a/1", "v1") CURRENT("pre/a/2", "v2"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), REMOVED},
	    {.request = VERSIONS_ASKED,
		200,
		NULL,
		VERSIONS(MARKER("pre/a/1", "m1") CURRENT("pre/a/2", "v2"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "m1")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	5, 2, BUCKET_OK, ""},
    {"a marker behind the versions, which is looked for too",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(CURRENT("pre/a/1", "v2") OLD("pre/a/1", "v1") MARKER("pre/a/2", "m1")
		     CURRENT("pre/a/3", "v3"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), REMOVED},
	    {.request = VERSIONS_ASKED,
		200,
		NULL,
		VERSIONS(
		    CURRENT("pre/a/1", "v2") MARKER("pre/a/2", "m1") CURRENT("pre/a/3", "v3"))},
	    {.request = REMOVES(OBJECT("pre/a/2", "m1")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	5, 2, BUCKET_OK, ""},
    {"a marker that is not the last goes with the versions",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(VERSION("DeleteMarker", "pre/a/1", "m1", "false"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "m1")), REMOVED},
	    {.request = VERSIONS_ASKED, NO_VERSIONS}, {.request = UPLOADS_ASKED, NO_UPLOADS}},
	4, 1, BUCKET_OK, ""},
    {"page after page",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(OLD("pre/a/1", "v1") TRUNCATED "<NextKeyMarker>pre/a/1</NextKeyMarker>"
						     "<NextVersionIdMarker>v1"
						     "</NextVersionIdMarker>")},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), REMOVED},
	    {.request = "GET "
			"?key-marker=pre/a/1&max-keys=1000&prefix=pre/a/"
			"&version-id-marker=v1&versions=",
		200,
		NULL,
		VERSIONS(
		    CURRENT("pre/a/2", "v2") TRUNCATED "<NextKeyMarker>pre/a/2</NextKeyMarker>")},
	    {.request = "GET ?key-marker=pre/a/2&max-keys=1000&prefix=pre/a/&versions=",
		200,
		NULL,
		VERSIONS(OLD("pre/a/3", "v3"))},
	    {.request = REMOVES(OBJECT("pre/a/3", "v3")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	6, 2, BUCKET_OK, ""},
    {"more, it says, and not where",
	{{.request = VERSIONS_ASKED, 200, NULL, VERSIONS(TRUNCATED)},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	2, 0, BUCKET_OK, ""},
    {"where, and not that there is more",
	{{.request = VERSIONS_ASKED, 200, NULL, VERSIONS("<NextKeyMarker>pre/a/1</NextKeyMarker>")},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	2, 0, BUCKET_OK, ""},
    {"uploads, one by one, and one that had ended",
	{{.request = VERSIONS_ASKED, NO_VERSIONS},
	    {.request = UPLOADS_ASKED,
		200,
		NULL,
		UPLOADS(UPLOAD("pre/a/1", "u1") UPLOAD("pre/a/2", "u2") TRUNCATED
		    "<NextKeyMarker>pre/a/2</NextKeyMarker>"
		    "<NextUploadIdMarker>u2</NextUploadIdMarker>")},
	    {.request = "DELETE =pre/a/1?uploadId=u1", 204, NULL, NULL},
	    {.request = "DELETE =pre/a/2?uploadId=u2", 404, "NoSuchUpload", NULL},
	    {.request = "GET "
			"?key-marker=pre/a/2&max-uploads=1000&prefix=pre/a/"
			"&upload-id-marker=u2&uploads=",
		NO_UPLOADS}},
	5, 2, BUCKET_OK, ""},
    {"an upload that is kept: what went before it is counted",
	{{.request = VERSIONS_ASKED, NO_VERSIONS},
	    {.request = UPLOADS_ASKED,
		200,
		NULL,
		UPLOADS(UPLOAD("pre/a/1", "u1") UPLOAD("pre/a/2", "u2") UPLOAD("pre/a/3", "u3"))},
	    {.request = "DELETE =pre/a/1?uploadId=u1", 204, NULL, NULL},
	    {.request = "DELETE =pre/a/2?uploadId=u2", 403, "AccessDenied", NULL}},
	4, 1, BUCKET_REFUSED, "ending an upload: the store answered 403 AccessDenied"},
    {"an upload whose end is not known is looked for again",
	{{.request = VERSIONS_ASKED, NO_VERSIONS},
	    {.request = UPLOADS_ASKED,
		200,
		NULL,
		UPLOADS(UPLOAD("pre/a/1", "u1") UPLOAD("pre/a/2", "u2") UPLOAD("pre/a/3", "u3"))},
	    {.request = "DELETE =pre/a/1?uploadId=u1", 204, NULL, NULL},
	    {.request = "DELETE =pre/a/2?uploadId=u2", LOST},
	    {.request = UPLOADS_ASKED, 200, NULL, UPLOADS(UPLOAD("pre/a/3", "u3"))},
	    {.request = "DELETE =pre/a/3?uploadId=u3", 204, NULL, NULL}},
	6, 3, BUCKET_OK, ""},
    {"the same id under another key is another",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(OLD("pre/a/1", "null") OLD("pre/a/2", "null") OLD("pre/a/2", "v2"))},
	    {.request = REMOVES(
		 OBJECT("pre/a/1", "null") OBJECT("pre/a/2", "null") OBJECT("pre/a/2", "v2")),
		LOST},
	    {.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/2", "null"))},
	    {.request = REMOVES(OBJECT("pre/a/2", "null")), REMOVED},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	5, 3, BUCKET_OK, ""},
    {"nothing is left where the answer was lost: all of it went",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(OLD("pre/a/1", "v1") OLD("pre/a/2", "v2"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1") OBJECT("pre/a/2", "v2")), LOST},
	    {.request = VERSIONS_ASKED, NO_VERSIONS}, {.request = UPLOADS_ASKED, NO_UPLOADS}},
	4, 2, BUCKET_OK, ""},
    {"kept for now: it is tried three times",
	{{.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), 503, "SlowDown", NULL},
	    {.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), 503, "SlowDown", NULL},
	    {.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), 503, "SlowDown", NULL}},
	6, 0, BUCKET_RETRY, "removing: the store answered 503 SlowDown"},
    {"kept for good: once",
	{{.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), 403, "AccessDenied", NULL}},
	2, 0, BUCKET_REFUSED, "removing: the store answered 403 AccessDenied"},
    {"a version that is kept keeps its marker: without it, it would be current",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(MARKER("pre/a/1", "m1") OLD("pre/a/1", "v1"))},
	    {.request = REMOVES(OBJECT("pre/a/1", "v1")), 403, "AccessDenied", NULL}},
	2, 0, BUCKET_REFUSED, "removing: the store answered 403 AccessDenied"},
    {"one by one: what was removed of a page is not tried again",
	{{.request = VERSIONS_ASKED,
	     200,
	     NULL,
	     VERSIONS(OLD("pre/a/1", "v1") OLD("pre/a/2", "v2") OLD("pre/a/3", "v3"))},
	    {.request = REMOVES(
		 OBJECT("pre/a/1", "v1") OBJECT("pre/a/2", "v2") OBJECT("pre/a/3", "v3")),
		501,
		"NotImplemented",
		NULL},
	    {.request = "DELETE =pre/a/1?versionId=v1", 204, NULL, NULL},
	    {.request = "DELETE =pre/a/2?versionId=v2", LOST},
	    {.request = VERSIONS_ASKED, 200, NULL, VERSIONS(OLD("pre/a/2", "v2"))},
	    {.request = "DELETE =pre/a/2?versionId=v2", 204, NULL, NULL},
	    {.request = UPLOADS_ASKED, NO_UPLOADS}},
	7, 3, BUCKET_OK, ""},
    {"a listing that does not come",
	{{.request = VERSIONS_ASKED, 0, NULL, NULL, NULL, BUCKET_RETRY}}, 1, 0, BUCKET_RETRY,
	"LIST of hidden things: no answer"},
    {"a listing of the second pass",
	{{.request = VERSIONS_ASKED, 200, NULL, VERSIONS(MARKER("pre/a/1", "m1"))},
	    {.request = VERSIONS_ASKED, 500, NULL, NULL}},
	2, 0, BUCKET_RETRY, "LIST of hidden things: the store answered 500"},
    {"a refusal that is none of the listing's rights",
	{{.request = VERSIONS_ASKED, 401, "AccessDenied", NULL}}, 1, 0, BUCKET_REFUSED,
	"LIST of hidden things: the store answered 401 AccessDenied"},
    {"a refusal of another kind", {{.request = VERSIONS_ASKED, 403, "RequestTimeTooSkewed", NULL}},
	1, 0, BUCKET_REFUSED, "clock"},
    {"what is no listing", {{.request = VERSIONS_ASKED, 200, NULL, "<html/>"}}, 1, 0, BUCKET_RETRY,
	"LIST of hidden things: the answer cannot be read"},
    {"whether versions are kept is not answered",
	{{.request = VERSIONS_ASKED, 501, NULL, NULL},
	    {.request = "GET ?versioning=", 0, NULL, NULL, NULL, BUCKET_RETRY}},
	2, 0, BUCKET_RETRY, "asking whether versions are kept: no answer"},
    {"… or not now",
	{{.request = VERSIONS_ASKED, 501, NULL, NULL},
	    {.request = "GET ?versioning=", 500, NULL, NULL}},
	2, 0, BUCKET_RETRY, "asking whether versions are kept: the store answered 500"},
};

static void what_is_asked_until_nothing_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t removed = 40;
		enum bucket_result result;
		struct call call;

		fake_script(rows[i].answers, rows[i].count);
		call_init(&call, INT64_MAX);
		result = s3_purge_hidden(fake_store("pre/"), "a/", &call, &removed);
		fake_end(rows[i].name);
		if (result != rows[i].expected || removed != 40 + rows[i].removed ||
		    (result != BUCKET_OK && strstr(call.message, rows[i].says) == NULL))
			fail_msg("%s: %s, %d removed: %s", rows[i].name, bucket_result_text(result),
			    (int)removed - 40, call.message);
	}
}

/* Pages that all say that more follows are read on, for as long as the deadline lets them. */
static unsigned pages_left;

static void serve_pages(const char *request, struct fake_answer *answer_out)
{
	answer_out->body = strstr(request, "uploads=") != NULL ? UPLOADS("") : VERSIONS("");
	if (pages_left > 0) {
		pages_left--;
		answer_out->body = VERSIONS(
		    CURRENT("pre/a/1", "v1") TRUNCATED "<NextKeyMarker>pre/a/1</NextKeyMarker>");
	}
}

static void many_pages_are_read(void **state)
{
	uint64_t removed = 0;
	struct call call;

	(void)state;
	fake_script(NULL, 0);
	fake_serves = serve_pages;
	pages_left = 5000;
	call_init(&call, INT64_MAX);
	assert_int_equal(s3_purge_hidden(fake_store("pre/"), "a/", &call, &removed), BUCKET_OK);
	assert_int_equal(pages_left, 0);
	assert_int_equal(removed, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_asked_until_nothing_is_left),
    cmocka_unit_test(many_pages_are_read),
};

TEST_MAIN(tests)
