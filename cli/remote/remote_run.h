/*
 * cli/remote/remote_run.h: one run of the engine's sync machine over a remote, with threads where
 * several blobs may travel at once.
 */
#ifndef INKSEAL_REMOTE_RUN_H
#define INKSEAL_REMOTE_RUN_H

#include "cli/remote/remote.h"

/*
 * Drives sync over remote until it is over; waits with `wait` (false: cancelled), which is asked
 * with 0 ms before each request too. call is the one that sync_new was given.
 */
struct remote_waiter {
	void *self;
	bool (*wait)(void *self, int64_t ms);
	unsigned steps_max; /* of a run, which ends with LATER then; 0: as many as any run needs */
};
MUST_USE enum engine_result remote_run(struct sync *sync, struct remote *remote,
    const struct account_id *account, const struct clock *clock, const struct remote_waiter *waiter,
    struct call *call, struct sync_totals *totals_out);

#endif
