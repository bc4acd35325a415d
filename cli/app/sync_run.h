/*
 * cli/app/sync_run.h: one sync of a session over its remote, with progress and the question of
 * the brake: what sync, and recover at its end, do.
 */
#ifndef INKSEAL_SYNC_RUN_H
#define INKSEAL_SYNC_RUN_H

#include "cli/app/session.h"

struct sync_asked {
	bool allow_deletions; /* the brake's question is answered with yes */
	bool reseed;          /* if the cloud copy can't be followed, it is begun anew from here */
};
/*
 * session->remote is open; session->recovery are the recovery device's keys, while recovering. The
 * brake is asked about.
 */
MUST_USE enum code sync_run(
    struct session *session, const struct sync_asked *asked, struct sync_totals *totals_out);
/* One sync of a home that has it on: opens the keys and the remote. */
MUST_USE enum code app_sync(
    struct session *session, const struct sync_asked *asked, struct sync_totals *totals_out);

#endif
