/*
 * gateway/http/dispatch.h: which function does what a route asks for, at which stage of its
 * request.
 */
#ifndef INKSEAL_HTTP_DISPATCH_H
#define INKSEAL_HTTP_DISPATCH_H

#include "gateway/http/exchange.h"

struct http_handler { /* NULL: the route has no such stage */
	/* For a route that no worker has to do with: sets the answer, asks nobody. */
	void (*at_once)(struct exchange *exchange);
	/*
	 * At the gate, for a route that is not signed: sets an answer, or sets none and so lets it
	 * pass to a worker. (For a signed route the gate checks the signature.)
	 */
	void (*gate)(struct exchange *exchange, struct call *call);
	/* At the gate: answers a signed request of an account that was wiped. NULL: 410. */
	void (*gone)(struct exchange *exchange, struct view record);
	/* In a worker: sets the answer. */
	void (*work)(struct exchange *exchange, struct call *call);
	/* … or this one, which may keep the exchange to answer it later: then it says false. */
	bool (*work_or_wait)(struct exchange *exchange, struct call *call);
};
const struct http_handler *http_handler_of(enum http_route route);

#endif
