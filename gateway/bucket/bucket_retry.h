/*
 * gateway/bucket/bucket_retry.h: a bucket that tries again what its inner bucket says was not done.
 */
#ifndef INKSEAL_BUCKET_RETRY_H
#define INKSEAL_BUCKET_RETRY_H

#include "gateway/bucket/bucket.h"

struct bucket_retry_rules { /* copied */
	unsigned tries;     /* of one call, the first included */
	int64_t first_ms;   /* the wait before the second is half to all of this; it doubles */
	int64_t most_ms;    /* up to this */
	struct clock clock;
	struct random random;
	void *self; /* wait's */
	void (*wait)(void *self, int64_t ms);
};
/* Five tries, from 50 ms to 2 s, by the system's randomness and sleep. */
void bucket_retry_usual(const struct clock *clock, struct bucket_retry_rules *out);

/*
 * Only BUCKET_RETRY is tried again: nothing has changed then. BUCKET_UNKNOWN goes to the caller,
 * who alone can tell by reading whether it is to be done again. A store's Retry-After is the least
 * wait. A wait that would pass the deadline is not begun: the last answer is returned, and
 * call->retry_after_ms says what the store asked for. Owns inner. NULL: no memory, inner was
 * closed.
 */
MUST_USE struct bucket *bucket_retry(struct bucket *inner, const struct bucket_retry_rules *rules);

#endif
