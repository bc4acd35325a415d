/*
 * gateway/bucket/s3_list.h: bucket_ops.list over S3.
 */
#ifndef INKSEAL_S3_LIST_H
#define INKSEAL_S3_LIST_H

#include "gateway/bucket/bucket.h"

MUST_USE enum bucket_result s3_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out);

#endif
