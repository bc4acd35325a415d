/*
 * gateway/bucket/s3_answer.h: S3's answers, as what a caller can do next. Pure functions, so that
 * tables test all of them. code is the <Code> of an error's body, "" if there was none.
 */
#ifndef INKSEAL_S3_ANSWER_H
#define INKSEAL_S3_ANSWER_H

#include "gateway/bucket/bucket.h"
#include "gateway/net/net.h"

enum bucket_result s3_put_result(unsigned status, const char *code, enum bucket_if cond);
enum bucket_result s3_get_result(unsigned status, const char *code);
enum bucket_result s3_remove_result(unsigned status, const char *code); /* one key or many */
enum bucket_result s3_list_result(unsigned status, const char *code);
/* One key's code within the answer to a removal of many: was it not removed for now, or for good?
 */
enum bucket_result s3_kept_result(const char *code);

/* The store has no such request: removing many at once, listing versions. */
bool s3_request_unknown(unsigned status, const char *code);
/* The store wants requests for another region; region is the one that it names, or "". */
bool s3_region_wrong(unsigned status, const char *code, const char *region);
/* It does not know the credentials, or not any more. */
bool s3_credentials_refused(const char *code);

/* No answer came. sent: all of the request may have left us. writes: it was to change something. */
enum bucket_result s3_lost_result(enum net_result end, bool sent, bool writes);

#define S3_RETRY_AFTER_MAX_MS (60 * 60 * 1000) /* who asks for a longer rest is given this */

#endif
