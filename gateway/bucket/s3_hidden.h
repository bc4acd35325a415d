/*
 * gateway/bucket/s3_hidden.h: bucket_ops.purge_hidden over S3.
 */
#ifndef INKSEAL_S3_HIDDEN_H
#define INKSEAL_S3_HIDDEN_H

#include "gateway/bucket/bucket.h"

MUST_USE enum bucket_result s3_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed);

#endif
