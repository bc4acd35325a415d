/*
 * gateway/bucket/s3_exchange.h: one request to a store under way over libcurl, between s3_http.c,
 * which owns handles and drives them, and s3_exchange.c, which fills them and reads what came.
 */
#ifndef INKSEAL_S3_EXCHANGE_H
#define INKSEAL_S3_EXCHANGE_H

#include "gateway/bucket/s3_http.h"

struct s3_exchange {
	CURL *curl;
	struct s3 *s3;
	const struct s3_request *request;
	struct s3_signer signer; /* who signed it */
	struct curl_slist *headers;
	struct buffer body; /* of the answer */
	size_t header_bytes;
	char etag[BUCKET_TAG_MAX + 8]; /* as it came, or "" */
	char retry_after[64];
	char encoding[256];                  /* as it came, or "" */
	char region[S3_REGION_TOLD_MAX + 1]; /* that the bucket is said to be in, or "" */
	size_t given;                        /* of the request's body, if it reads */
	bool reads;   /* the body is read by libcurl piece by piece, and given counts it */
	bool begun;   /* libcurl has begun to send the request */
	bool held;    /* its last byte is held back */
	bool waiting; /* for that byte to be let go */
	bool over;    /* the answer passed a bound */
	bool headed;  /* its header has come, to the empty line */
	CURLcode end; /* in s3_send_together: how it ended */
	bool ended;
};

/*
 * Everything up to the sending. held: the body's last byte is not sent until it is let go. curl
 * (NULL: no memory for one) is borrowed until the exchange is cleared, request likewise. On any
 * result but OK call->message says why. Clear it in any case.
 */
MUST_USE enum bucket_result s3_exchange_make(struct s3 *s3, CURL *curl,
    const struct s3_request *request, bool held, struct call *call, struct s3_exchange *exchange);
/* What came of an exchange that libcurl has ended with end: as s3_send has it. */
MUST_USE enum bucket_result s3_exchange_end(
    struct s3_exchange *exchange, CURLcode end, struct call *call, struct s3_reply *reply);
/* Resets curl, which stays connected, and lets go of it. */
void s3_exchange_clear(struct s3_exchange *exchange);

#endif
