/*
 * gateway/http/metrics.h: what is counted of requests; /metrics (route_metrics.c) tells it. Any
 * thread may count.
 */
#ifndef INKSEAL_HTTP_METRICS_H
#define INKSEAL_HTTP_METRICS_H

#include "gateway/http/routes.h"
#include "schemas/sync.h"

#include <stdatomic.h>

enum http_refused {              /* why a request, or a connection, was turned away */
	REFUSED_FULL,            /* the account's quota is used up */
	REFUSED_RATE,            /* its device asks too often */
	REFUSED_BODIES,          /* too much is being sent here by all together */
	REFUSED_ANSWERS,         /* too much is here that has not been read yet */
	REFUSED_ACCOUNT,         /* … of either, one account has its share */
	REFUSED_UNAUTHENTICATED, /* … or all who are not authenticated together */
	REFUSED_GATE,            /* too many requests of such */
	REFUSED_ADDRESS          /* too many connections of one address */
};
#define HTTP_REFUSED_COUNT (REFUSED_ADDRESS + 1u)

struct http_metrics {
	_Atomic uint64_t requests[HTTP_ROUTES_COUNT][6]; /* by status / 100; 0: cut off */
	_Atomic uint64_t ms[HTTP_ROUTES_COUNT];
	_Atomic uint64_t bytes_in, bytes_out; /* of bodies */
	_Atomic uint64_t syncs[SYNC_LATER + 1u];
	_Atomic uint64_t refused[HTTP_REFUSED_COUNT];
};
/* One request that has ended. */
void metrics_add(struct http_metrics *metrics, enum http_route route, unsigned status, int64_t ms,
    uint64_t in, uint64_t out);

#endif
