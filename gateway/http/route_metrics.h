/*
 * gateway/http/route_metrics.h: GET /metrics, in Prometheus' text format.
 */
#ifndef INKSEAL_HTTP_ROUTE_METRICS_H
#define INKSEAL_HTTP_ROUTE_METRICS_H

#include "gateway/http/exchange.h"

/* At once. */
void route_metrics(struct exchange *exchange);

#endif
