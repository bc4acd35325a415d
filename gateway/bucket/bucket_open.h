/*
 * gateway/bucket/bucket_open.h: a bucket by its URL. It knows all drivers; bucket.h knows none.
 */
#ifndef INKSEAL_BUCKET_OPEN_H
#define INKSEAL_BUCKET_OPEN_H

#include "gateway/bucket/bucket.h"

/*
 * Opens what a URL names: "dir:PATH" (created where its parent exists; "dir:PATH" may also be an
 * existing folder), or "s3:http://HOST:PORT/BUCKET/PREFIX" (also s3:https://… and s3:HOST/BUCKET;
 * the bucket must exist; credentials and region as bucket_s3.h says; with retries of what was not
 * done). The clock is copied. NULL: call->message says what is wrong with it.
 */
MUST_USE struct bucket *bucket_open(const char *url, const struct clock *clock, struct call *call);
/* The same, counted as by bucket_count, each try by itself. counts may be NULL. */
MUST_USE struct bucket *bucket_open_counted(
    const char *url, const struct clock *clock, struct bucket_counts *counts, struct call *call);

#endif
