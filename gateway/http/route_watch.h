/*
 * gateway/http/route_watch.h: GET /v1/watch, which is answered when somebody commits (long-poll).
 */
#ifndef INKSEAL_HTTP_ROUTE_WATCH_H
#define INKSEAL_HTTP_ROUTE_WATCH_H

#include "gateway/http/exchange.h"

/* In a worker. True: answered. False: it waits, and the exchange belongs to the table (watchers.h).
 */
MUST_USE bool route_watch(struct exchange *exchange, struct call *call);

#endif
