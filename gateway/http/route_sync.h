/*
 * gateway/http/route_sync.h: POST /v1/sync, a device's push and pull in one.
 */
#ifndef INKSEAL_HTTP_ROUTE_SYNC_H
#define INKSEAL_HTTP_ROUTE_SYNC_H

#include "gateway/http/exchange.h"

/* In a worker. */
void route_sync(struct exchange *exchange, struct call *call);
/* Answers a sync of an account that was wiped. record: of the wipe; it may be empty. */
void route_sync_gone(struct exchange *exchange, struct view record);

#endif
