/*
 * gateway/bucket/bucket_dir.h: opening a folder bucket over any table of system calls.
 */
#ifndef INKSEAL_BUCKET_DIR_H
#define INKSEAL_BUCKET_DIR_H

#include "gateway/bucket/bucket_dir_io.h"

/* io is borrowed until close; clock is copied. NULL: call->message says why. */
MUST_USE struct bucket *bucket_dir_open(
    const char *path, const struct dir_io *io, const struct clock *clock, struct call *call);

#endif
