/*
 * gateway/http/route_roster.h: GET /v1/accounts/{id}/roster and …/wipe: an account's roster, and
 * the record of its wipe.
 */
#ifndef INKSEAL_HTTP_ROUTE_ROSTER_H
#define INKSEAL_HTTP_ROUTE_ROSTER_H

#include "gateway/http/exchange.h"

/* Both at the gate, which answers them. */
void route_roster_gate(struct exchange *exchange, struct call *call);
void route_wipe_record_gate(struct exchange *exchange, struct call *call);

#endif
