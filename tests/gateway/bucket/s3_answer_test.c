/*
 * tests/gateway/bucket/s3_answer_test.c: every answer's meaning, as tables.
 */
#include "tests/test.h"

#include "gateway/bucket/s3_answer.h"

static void put_results(void **state)
{
	static const struct {
		const char *code;
		unsigned status;
		enum bucket_result always;
		enum bucket_result if_absent;
		enum bucket_result if_tag;
	} rows[] = {
	    {"", 200, BUCKET_OK, BUCKET_OK, BUCKET_OK},
	    {"", 204, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"PermanentRedirect", 301, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"RequestTimeout", 400, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	    {"BadDigest", 400, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	    {"InvalidArgument", 400, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 400, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"AccessDenied", 403, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"NoSuchKey", 404, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_CONFLICT},
	    {"", 404, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_CONFLICT},
	    {"NoSuchBucket", 404, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 408, BUCKET_UNKNOWN, BUCKET_UNKNOWN, BUCKET_UNKNOWN},
	    {"ConditionalRequestConflict", 409, BUCKET_UNKNOWN, BUCKET_UNKNOWN, BUCKET_UNKNOWN},
	    {"PreconditionFailed", 412, BUCKET_REFUSED, BUCKET_CONFLICT, BUCKET_CONFLICT},
	    {"", 412, BUCKET_REFUSED, BUCKET_CONFLICT, BUCKET_CONFLICT},
	    {"", 429, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	    {"InternalError", 500, BUCKET_UNKNOWN, BUCKET_UNKNOWN, BUCKET_UNKNOWN},
	    {"NotImplemented", 501, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 502, BUCKET_UNKNOWN, BUCKET_UNKNOWN, BUCKET_UNKNOWN},
	    {"SlowDown", 503, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	    {"", 504, BUCKET_UNKNOWN, BUCKET_UNKNOWN, BUCKET_UNKNOWN},
	    {"XMinioStorageFull", 507, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 0, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (s3_put_result(rows[i].status, rows[i].code, BUCKET_ALWAYS) != rows[i].always ||
		    s3_put_result(rows[i].status, rows[i].code, BUCKET_IF_ABSENT) !=
			rows[i].if_absent ||
		    s3_put_result(rows[i].status, rows[i].code, BUCKET_IF_TAG) != rows[i].if_tag)
			fail_msg("%u %s", rows[i].status, rows[i].code);
}

static void other_results(void **state)
{
	static const struct {
		const char *code;
		unsigned status;
		enum bucket_result get;
		enum bucket_result remove;
		enum bucket_result list;
	} rows[] = {
	    {"", 200, BUCKET_OK, BUCKET_OK, BUCKET_OK},
	    {"", 204, BUCKET_REFUSED, BUCKET_OK, BUCKET_REFUSED},
	    {"", 206, BUCKET_OK, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 304, BUCKET_UNCHANGED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"TemporaryRedirect", 307, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"RequestTimeTooSkewed", 403, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"NoSuchKey", 404, BUCKET_ABSENT, BUCKET_OK, BUCKET_REFUSED},
	    {"NoSuchBucket", 404, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 404, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"NoSuchUpload", 404, BUCKET_REFUSED, BUCKET_OK, BUCKET_REFUSED},
	    {"", 409, BUCKET_RETRY, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"", 412, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"InvalidRange", 416, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 429, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	    {"", 500, BUCKET_RETRY, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"", 501, BUCKET_REFUSED, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"", 503, BUCKET_RETRY, BUCKET_RETRY, BUCKET_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (s3_get_result(rows[i].status, rows[i].code) != rows[i].get ||
		    s3_remove_result(rows[i].status, rows[i].code) != rows[i].remove ||
		    s3_list_result(rows[i].status, rows[i].code) != rows[i].list)
			fail_msg("%u %s", rows[i].status, rows[i].code);
}

/* The store says that it has not begun, or that the request came in spoiled: of any request. */
static void not_begun(void **state)
{
	static const char *const codes[] = {"RequestTimeout", "IncompleteBody", "BadDigest",
	    "SlowDown", "XAmzContentSHA256Mismatch"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		assert_int_equal(s3_put_result(400, codes[i], BUCKET_IF_ABSENT), BUCKET_RETRY);
		assert_int_equal(s3_get_result(400, codes[i]), BUCKET_RETRY);
		assert_int_equal(s3_remove_result(400, codes[i]), BUCKET_RETRY);
		assert_int_equal(s3_list_result(400, codes[i]), BUCKET_RETRY);
		assert_int_equal(s3_get_result(403, codes[i]), BUCKET_REFUSED);
		assert_false(s3_request_unknown(400, codes[i]));
	}
	assert_int_equal(s3_get_result(400, "InvalidArgument"), BUCKET_REFUSED);
	assert_int_equal(s3_remove_result(404, "NoSuchVersion"), BUCKET_OK);
}

static void kept_keys(void **state)
{
	static const struct {
		const char *code;
		enum bucket_result expected;
	} rows[] = {
	    {"InternalError", BUCKET_RETRY},
	    {"SlowDown", BUCKET_RETRY},
	    {"ServiceUnavailable", BUCKET_RETRY},
	    {"OperationAborted", BUCKET_RETRY},
	    {"RequestTimeout", BUCKET_RETRY},
	    {"AccessDenied", BUCKET_REFUSED},
	    {"", BUCKET_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (s3_kept_result(rows[i].code) != rows[i].expected)
			fail_msg("%s", rows[i].code);
}

/* No such request, a region that is another's, credentials that do not hold: each is told apart. */
static void whose_fault_it_is(void **state)
{
	static const struct {
		const char *code, *region;
		unsigned status;
		bool unknown, elsewhere, refused;
	} rows[] = {
	    {"InvalidArgument", "", 400, true, false, false},
	    {"NotImplemented", "", 400, true, false, false},
	    {"", "", 400, true, false, false},
	    {"", "eu", 400, true, true, false}, /* of a HEAD, which nobody asks about the rest */
	    {"RequestTimeTooSkewed", "", 400, false, false, false},
	    {"ExpiredToken", "", 400, false, false, true},
	    {"AuthorizationHeaderMalformed", "", 400, false, true, false},
	    {"IllegalLocationConstraintException", "", 400, false, true, false},
	    {"InvalidRegion", "", 400, false, true, false},
	    {"InvalidRegionName", "", 400, false, true, false},
	    {"PermanentRedirect", "", 301, false, true, false},
	    {"TemporaryRedirect", "", 307, false, true, false},
	    {"Redirect", "", 301, false, true, false},
	    {"", "eu", 301, false, true, false},
	    {"", "eu", 307, false, true, false},
	    {"", "eu", 302, false, false, false},
	    {"", "", 301, false, false, false},
	    {"AccessDenied", "eu", 301, false, false, false},
	    {"", "", 404, true, false, false},
	    {"NoSuchKey", "", 404, true, false, false},
	    {"NoSuchBucket", "", 404, false, false, false},
	    {"", "", 405, true, false, false},
	    {"", "", 501, true, false, false},
	    {"NotImplemented", "", 403, true, false, false},
	    {"AccessDenied", "", 403, false, false, false},
	    {"", "", 503, false, false, false},
	    {"ExpiredToken", "", 403, false, false, true},
	    {"ExpiredTokenException", "", 403, false, false, true},
	    {"TokenRefreshRequired", "", 403, false, false, true},
	    {"InvalidAccessKeyId", "", 403, false, false, true},
	    {"InvalidToken", "", 403, false, false, true},
	    {"InvalidSecurity", "", 403, false, false, true},
	    {"SignatureDoesNotMatch", "", 403, false, false, true},
	    {"UnrecognizedClientException", "", 403, false, false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (s3_request_unknown(rows[i].status, rows[i].code) != rows[i].unknown ||
		    s3_region_wrong(rows[i].status, rows[i].code, rows[i].region) !=
			rows[i].elsewhere ||
		    s3_credentials_refused(rows[i].code) != rows[i].refused)
			fail_msg("%u %s", rows[i].status, rows[i].code);
}

static void lost_answers(void **state)
{
	static const struct {
		const char *name;
		enum net_result end;
		bool sent;
		enum bucket_result write;
		enum bucket_result read;
	} rows[] = {
	    {"no connection", NET_UNREACHABLE, false, BUCKET_RETRY, BUCKET_RETRY},
	    {"cut", NET_CUT, true, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"cut while it was sent", NET_CUT, false, BUCKET_RETRY, BUCKET_RETRY},
	    {"a replay stopped", NET_CANCELLED, true, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"no HTTP", NET_STRANGE, true, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"no HTTP, by libcurl's other word", NET_UNTRUSTED, true, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"another's certificate", NET_UNTRUSTED, false, BUCKET_REFUSED, BUCKET_REFUSED},
	    {"no TLS", NET_NO_TLS, false, BUCKET_RETRY, BUCKET_RETRY},
	    {"no memory before it", NET_NO_MEMORY, false, BUCKET_RETRY, BUCKET_RETRY},
	    {"no memory for the answer", NET_NO_MEMORY, true, BUCKET_UNKNOWN, BUCKET_RETRY},
	    {"too long", NET_TOO_LONG, true, BUCKET_UNKNOWN, BUCKET_REFUSED},
	    {"too long, and early", NET_TOO_LONG, false, BUCKET_RETRY, BUCKET_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (s3_lost_result(rows[i].end, rows[i].sent, true) != rows[i].write ||
		    s3_lost_result(rows[i].end, rows[i].sent, false) != rows[i].read)
			fail_msg("%s", rows[i].name);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(put_results),
    cmocka_unit_test(other_results),
    cmocka_unit_test(not_begun),
    cmocka_unit_test(kept_keys),
    cmocka_unit_test(whose_fault_it_is),
    cmocka_unit_test(lost_answers),
};

TEST_MAIN(tests)
