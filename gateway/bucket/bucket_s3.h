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

/* s3_list.c: bucket_ops.list. */
MUST_USE enum bucket_result s3_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out);
/* s3_hidden.c: bucket_ops.purge_hidden. */
MUST_USE enum bucket_result s3_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed);

/* What these files need, too: "GET: 503 SlowDown" into call->message. */
void s3_say(struct call *call, const char *what, const struct s3_reply *reply);
/*
 * Removes up to BUCKET_PAGE_MAX objects: whole keys, and versions (or ""). In one request, or one
 * each where the store has none for many. *done_out: so many of the first are known to be gone,
 * whatever the result.
 */
MUST_USE enum bucket_result s3_remove_items(struct s3 *s3, const struct s3_pair *keys_and_ids,
    size_t count, struct call *call, size_t *done_out);

#endif
