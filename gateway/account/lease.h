/*
 * gateway/account/lease.h: fairness between writers (README.md, T1 to T3).
 */
#ifndef INKSEAL_ACCOUNT_LEASE_H
#define INKSEAL_ACCOUNT_LEASE_H

#include "gateway/account/work.h"

#define ACCOUNT_LEASE_MS 5000     /* a lease holds this long from when it was first seen */
#define ACCOUNT_LEASE_WAIT_MS 200 /* a writer that is held comes again after this */

/* How long a commit of this device must wait for another device's lease; 0: it need not. */
int64_t account_lease_wait_ms(struct account_work *work, const struct device_id *device);
/* Gives the device a lease, if none holds. OK: it has one, or another device was first. */
MUST_USE enum account_result account_lease_take(
    struct account_work *work, const struct device_id *device);

#endif
