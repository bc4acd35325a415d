/*
 * gateway/bucket/s3_answer.c: the meaning of answers. A PUT whose answer is lost may still land, so
 * it is BUCKET_UNKNOWN: sent again, our own write could come back to us as a conflict. README.md,
 * "Lost answers".
 */
#include "gateway/bucket/s3_answer.h"

#include <string.h>

static bool is(const char *code, const char *name)
{
	return strcmp(code, name) == 0;
}

/* names ends with NULL. */
static bool is_one(const char *code, const char *const *names)
{
	while (*names != NULL && !is(code, *names))
		names++;
	return *names != NULL;
}

bool s3_region_wrong(unsigned status, const char *code, const char *region)
{
	static const char *const codes[] = {"PermanentRedirect", "TemporaryRedirect", "Redirect",
	    "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "InvalidRegion",
	    "InvalidRegionName", NULL};

	if (code[0] != '\0')
		return is_one(code, codes);
	/* The answer to a HEAD has no body to say it in. */
	return region[0] != '\0' && (status == 301 || status == 307 || status == 400);
}

bool s3_credentials_refused(const char *code)
{
	static const char *const codes[] = {"ExpiredToken", "ExpiredTokenException",
	    "TokenRefreshRequired", "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity",
	    "SignatureDoesNotMatch", "UnrecognizedClientException", NULL};

	return is_one(code, codes);
}

/* The store says that it has not even begun, or that the request came in spoiled. */
static bool not_begun(unsigned status, const char *code)
{
	if (status == 429 || status == 503)
		return true;
	return status == 400 &&
	       (is(code, "RequestTimeout") || is(code, "IncompleteBody") || is(code, "BadDigest") ||
		   is(code, "SlowDown") || is(code, "XAmzContentSHA256Mismatch"));
}

bool s3_request_unknown(unsigned status, const char *code)
{
	switch (status) {
	case 400: /* GCS says InvalidArgument, others NotImplemented; but some 400 are of who asks
		   */
		return !not_begun(status, code) && !s3_credentials_refused(code) &&
		       !s3_region_wrong(status, code, "") && !is(code, "RequestTimeTooSkewed");
	case 404: return !is(code, "NoSuchBucket");
	case 405:
	case 501: return true;
	default: return is(code, "NotImplemented");
	}
}

/* Nobody can tell from these whether the request had an effect. */
static bool unsure(unsigned status)
{
	switch (status) {
	case 408:
	case 409: /* a rival's conditional write is in flight; a store may still keep ours */
	case 500: /* radosgw says so to most losers of a race, others to a winner */
	case 502:
	case 504: return true;
	default: return false;
	}
}

enum bucket_result s3_put_result(unsigned status, const char *code, enum bucket_if cond)
{
	if (not_begun(status, code))
		return BUCKET_RETRY;
	if (unsure(status))
		return BUCKET_UNKNOWN;
	switch (status) {
	case 200: return BUCKET_OK;
	case 404: /* If-Match on a missing key; but a bucket that is missing will stay so */
		return cond == BUCKET_IF_TAG && !is(code, "NoSuchBucket") ? BUCKET_CONFLICT
									  : BUCKET_REFUSED;
	case 412: return cond == BUCKET_ALWAYS ? BUCKET_REFUSED : BUCKET_CONFLICT;
	default: return BUCKET_REFUSED;
	}
}

enum bucket_result s3_get_result(unsigned status, const char *code)
{
	if (not_begun(status, code) || unsure(status))
		return BUCKET_RETRY;
	switch (status) {
	case 200:
	case 206: return BUCKET_OK;
	case 304: return BUCKET_UNCHANGED;
	case 404: /* a proxy's 404, or a bucket's, says nothing about the key */
		return is(code, "NoSuchKey") ? BUCKET_ABSENT : BUCKET_REFUSED;
	default: return BUCKET_REFUSED;
	}
}

enum bucket_result s3_remove_result(unsigned status, const char *code)
{
	if (not_begun(status, code))
		return BUCKET_RETRY;
	if (unsure(status))
		return BUCKET_UNKNOWN;
	switch (status) {
	case 200:
	case 204: return BUCKET_OK;
	case 404:
		return is(code, "NoSuchKey") || is(code, "NoSuchVersion") ||
			       is(code, "NoSuchUpload")
			   ? BUCKET_OK
			   : BUCKET_REFUSED;
	default: return BUCKET_REFUSED;
	}
}

enum bucket_result s3_list_result(unsigned status, const char *code)
{
	if (not_begun(status, code) || unsure(status))
		return BUCKET_RETRY;
	return status == 200 ? BUCKET_OK : BUCKET_REFUSED;
}

enum bucket_result s3_kept_result(const char *code)
{
	return is(code, "InternalError") || is(code, "SlowDown") ||
		       is(code, "ServiceUnavailable") || is(code, "OperationAborted") ||
		       is(code, "RequestTimeout")
		   ? BUCKET_RETRY
		   : BUCKET_REFUSED;
}

enum bucket_result s3_lost_result(enum net_result end, bool sent, bool writes)
{
	if (end == NET_TOO_LONG && !writes)
		return BUCKET_REFUSED;
	if (sent) /* whatever came back: libcurl calls what is no HTTP an unknown protocol */
		return writes ? BUCKET_UNKNOWN : BUCKET_RETRY;
	/* Of a certificate trying again must not become a habit. */
	return end == NET_UNTRUSTED ? BUCKET_REFUSED : BUCKET_RETRY;
}
