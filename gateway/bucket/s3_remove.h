/*
 * gateway/bucket/s3_remove.h: objects and versions are removed, many in one request.
 */
#ifndef INKSEAL_S3_REMOVE_H
#define INKSEAL_S3_REMOVE_H

#include "gateway/bucket/bucket.h"
#include "gateway/bucket/s3.h"

/* A DELETE. That it was not there is OK. */
MUST_USE enum bucket_result s3_remove_one(
    struct s3 *s3, const struct s3_request *request, struct call *call);
/*
 * Removes up to BUCKET_PAGE_MAX objects: whole keys, and versions (or ""). In one request, or one
 * each where the store has none for many. *done_out: so many of the first are known to be gone,
 * whatever the result.
 */
MUST_USE enum bucket_result s3_remove_items(struct s3 *s3, const struct s3_pair *keys_and_ids,
    size_t count, struct call *call, size_t *done_out);

#endif
