/*
 * cli/commands/sync_run.h: one sync of a session over its remote, with progress and the question of
 * the brake: what sync, and recover at its end, do.
 */
#ifndef INKSEAL_SYNC_RUN_H
#define INKSEAL_SYNC_RUN_H

#include "cli/commands/session.h"

/* session->remote is open. recovery: the recovery device's keys, while recovering; else NULL. */
MUST_USE enum code sync_run(
    struct session *session, const struct device_keys *recovery, struct sync_totals *totals_out);

#endif
