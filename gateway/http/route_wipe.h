/*
 * gateway/http/route_wipe.h: DELETE /v1/accounts/{id}, the end of an account.
 */
#ifndef INKSEAL_HTTP_ROUTE_WIPE_H
#define INKSEAL_HTTP_ROUTE_WIPE_H

#include "gateway/http/exchange.h"

/* At the gate: the wipe's own signature. Answered, or passed. */
void route_wipe_gate(struct exchange *exchange, struct call *call);
/* In a worker: removes the account, and answers with a receipt. */
void route_wipe(struct exchange *exchange, struct call *call);

#endif
