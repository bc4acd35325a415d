/*
 * gateway/bucket/bucket_leash.h: a bucket for work that must give way: each call is short, and
 * none begins once the holder lets go.
 */
#ifndef INKSEAL_BUCKET_LEASH_H
#define INKSEAL_BUCKET_LEASH_H

#include "gateway/bucket/bucket.h"

struct bucket_leash_rules { /* copied */
	int64_t each_ms;    /* a call's deadline is at most this far away */
	struct clock clock;
	void *self;
	bool (*let_go)(void *self); /* asked before each call; true: it is BUCKET_RETRY */
};
/* Borrows inner, which stays open when this one is closed. NULL: no memory. */
MUST_USE struct bucket *bucket_leash(struct bucket *inner, const struct bucket_leash_rules *rules);

#endif
