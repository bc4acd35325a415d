/*
 * gateway/http/route_create.h: POST /v1/accounts, a new account.
 */
#ifndef INKSEAL_HTTP_ROUTE_CREATE_H
#define INKSEAL_HTTP_ROUTE_CREATE_H

#include "gateway/http/exchange.h"

/* At the gate: the invitation, and then the form of the request. Answered, or passed. */
void route_create_gate(struct exchange *exchange, struct call *call);
/* In a worker. */
void route_create(struct exchange *exchange, struct call *call);

#endif
