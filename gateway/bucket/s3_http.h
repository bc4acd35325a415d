/*
 * gateway/bucket/s3_http.h: one signed request to an S3 store and its answer. Knows
 * what a request looks like, not what an answer means (s3_answer.h, bucket_s3.c).
 */
#ifndef INKSEAL_S3_HTTP_H
#define INKSEAL_S3_HTTP_H

#include "gateway/bucket/s3.h"

/*
 * OK: an HTTP answer is in *reply, whatever its status; call->retry_after_ms is what it asked for.
 * RETRY, UNKNOWN, REFUSED: there was none, and call->message says why. A request that was refused
 * for who signed it goes again, once, where that refusal or the credentials' file has taught
 * better.
 */
MUST_USE enum bucket_result s3_send(
    struct s3 *s3, const struct s3_request *request, struct call *call, struct s3_reply *reply);
/*
 * The same for several requests with bodies at once, each on a connection of its own: all but the
 * last byte of each is sent, and once all have come that far (or have failed), the last bytes.
 */
void s3_send_together(struct s3 *s3, const struct s3_request *requests, size_t count,
    struct call *calls, struct s3_reply *replies, enum bucket_result *results);

#endif
