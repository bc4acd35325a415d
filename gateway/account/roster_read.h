/*
 * gateway/account/roster_read.h: the roster that the manifest names.
 */
#ifndef INKSEAL_ACCOUNT_ROSTER_READ_H
#define INKSEAL_ACCOUNT_ROSTER_READ_H

#include "gateway/account/work.h"

/* work->roster, by the manifest; reads it if it is not the cached one. */
MUST_USE enum account_result account_roster_read(struct account_work *work);
/* The cached roster becomes these bytes (may forget: then it is read again). */
void account_roster_keep(
    struct account_work *work, struct view encoded, const struct digest *statement);

#endif
