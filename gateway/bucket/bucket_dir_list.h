/*
 * gateway/bucket/bucket_dir_list.h: bucket_ops.list over a folder.
 */
#ifndef INKSEAL_BUCKET_DIR_LIST_H
#define INKSEAL_BUCKET_DIR_LIST_H

#include "gateway/bucket/bucket_dir_io.h"

MUST_USE enum bucket_result dir_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out);

#endif
