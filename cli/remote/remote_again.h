/*
 * cli/remote/remote_again.h: whether a request is made again after a wait, which is the same for
 * every remote and every driver. Pure.
 */
#ifndef INKSEAL_REMOTE_AGAIN_H
#define INKSEAL_REMOTE_AGAIN_H

#include "cli/remote/remote.h"

struct tries { /* of one request; count is 0 and begun_ms now at its first */
	unsigned count;
	int64_t begun_ms;
};
/*
 * How long to wait before the request is made again; 0: it is not. call is that of the try that
 * ended with result; now_ms is by the monotonic clock. Whatever it was, a second time has no second
 * effect.
 */
MUST_USE int64_t remote_again_ms(
    struct tries *tries, enum remote_result result, const struct call *call, int64_t now_ms);

#endif
