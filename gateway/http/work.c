/*
 * gateway/http/work.c: the workers' side of a request.
 */
#include "gateway/http/work.h"

#include "gateway/http/accounts.h"
#include "gateway/http/answer.h"
#include "gateway/http/dispatch.h"
#include "gateway/http/server.h"

#include <assert.h>

bool work_take(struct exchange *exchange)
{
	switch (http_accounts_take(
	    exchange->server->accounts, exchange_account(exchange), &exchange->slot)) {
	case TOOK_OK: return true;
	case TOOK_BUSY:
		answer_busy(exchange, 429, "this account has too many requests under way");
		break;
	case TOOK_NO_MEMORY: answer_busy(exchange, 503, "no memory"); break;
	}
	return false;
}

/* True: answered. False: it is not the worker's any more. */
static bool run(struct exchange *exchange)
{
	const struct http_handler *handler = http_handler_of(exchange->target->route);
	struct call call;

	call_init(&call, exchange->call_deadline_ms);
	if (server_now(exchange->server) >= exchange->call_deadline_ms) {
		answer_busy(exchange, 503, "the request waited too long for its turn");
		return true;
	}
	if (handler->work_or_wait != NULL)
		return handler->work_or_wait(exchange, &call);
	assert(handler->work != NULL); /* others are answered without a worker */
	handler->work(exchange, &call);
	return true;
}

void work_run(void *self, struct http_job *job)
{
	struct exchange *exchange = (struct exchange *)job; /* its first member */

	(void)self;
	if (run(exchange))
		exchange_wake(exchange);
}
