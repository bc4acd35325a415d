/*
 * gateway/bucket/bucket_s3.h: opening the S3 driver, for bucket_open and the driver's tests.
 */
#ifndef INKSEAL_BUCKET_S3_H
#define INKSEAL_BUCKET_S3_H

#include "gateway/bucket/s3_http.h"

/*
 * rest: what follows "s3:" in the URL. From env (borrowed until close): credentials and region
 * (s3_credentials.h), and as curl has it CURL_CA_BUNDLE or SSL_CERT_FILE, and SSL_CERT_DIR; libcurl
 * itself reads http_proxy, https_proxy and no_proxy. Asks the store nothing yet. The clock is
 * copied. NULL: call->message says why. Nothing is tried again here but what was refused for who
 * signed it (s3_http.h); bucket_retry does that.
 */
MUST_USE struct bucket *bucket_s3_open(
    const char *rest, const struct s3_env *env, const struct clock *clock, struct call *call);

#endif
