/*
 * gateway/http/route_info.h: GET /v1/info, /healthz and /readyz: the gateway about itself.
 */
#ifndef INKSEAL_HTTP_ROUTE_INFO_H
#define INKSEAL_HTTP_ROUTE_INFO_H

#include "gateway/http/exchange.h"

/* All at once. */
void route_info(struct exchange *exchange);
void route_health(struct exchange *exchange);
void route_ready(struct exchange *exchange);

#endif
