/*
 * cli/app/sync_switch.h: the switch of sync. The same URL switches it on again, unless the account
 * was wiped meanwhile: then a new one is begun; another URL of the same gateway takes its place.
 */
#ifndef INKSEAL_SYNC_SWITCH_H
#define INKSEAL_SYNC_SWITCH_H

#include "cli/app/begin.h"

MUST_USE enum code app_sync_on(struct session *session, const struct account_wish *wish);
MUST_USE enum code app_sync_off(struct session *session); /* it may be off already */

#endif
