/*
 * gateway/bucket/s3_exchange.h: one request to a store under way: what S3 wants to be sent, signed,
 * and what its answer says. The sending is gateway/net's; s3_http.c drives it.
 */
#ifndef INKSEAL_S3_EXCHANGE_H
#define INKSEAL_S3_EXCHANGE_H

#include "gateway/bucket/s3.h"

#define S3_WANTED_COUNT 4u

struct s3_exchange { /* it does not move between make and clear */
	struct s3 *s3;
	const struct s3_request *request;
	struct s3_signer signer; /* who signed it */
	struct bytes url;
	struct net_request sent;
	struct net_wanted wanted[S3_WANTED_COUNT];
	struct net_exchange net;
	char etag[BUCKET_TAG_MAX + 8]; /* these four as they came, or "" */
	char retry_after[64];
	char encoding[256];
	char region[S3_REGION_TOLD_MAX + 1]; /* that the bucket is said to be in */
};

/*
 * Everything up to the sending. held: the body's last byte is not sent until it is let go. line
 * (NULL: no memory for one) is borrowed until the exchange is cleared, request likewise. On any
 * result but OK call->message says why. Clear it in any case.
 */
MUST_USE enum bucket_result s3_exchange_make(struct s3 *s3, struct net_line *line,
    const struct s3_request *request, bool held, struct call *call, struct s3_exchange *exchange);
/* What came of an exchange that has ended: as s3_send has it. */
MUST_USE enum bucket_result s3_exchange_end(
    struct s3_exchange *exchange, struct call *call, struct s3_reply *reply);
/* Lets go of the line, which stays connected. */
void s3_exchange_clear(struct s3_exchange *exchange);

#endif
