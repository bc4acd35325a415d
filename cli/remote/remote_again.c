/*
 * cli/remote/remote_again.c: a request is made again if the other side says when, a few times; a
 * gateway that is started anew is back by then. Asked for a longer rest, a run ends and says so.
 */
#include "cli/remote/remote_again.h"

#define AGAIN_MAX 8u
#define AGAIN_WAIT_MAX_MS 60000
#define AGAIN_FOR_MS 40000 /* who waited so long is told, and not made to wait on */

int64_t remote_again_ms(
    struct tries *tries, enum remote_result result, const struct call *call, int64_t now_ms)
{
	if (result != REMOTE_LATER || call->retry_after_ms <= 0 ||
	    call->retry_after_ms > AGAIN_WAIT_MAX_MS || ++tries->count > AGAIN_MAX ||
	    now_ms - tries->begun_ms > AGAIN_FOR_MS)
		return 0;
	return call->retry_after_ms;
}
