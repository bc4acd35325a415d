/*
 * gateway/http/exchange.c: what every stage of a request asks of it.
 */
#include "gateway/http/exchange.h"

#include <stdio.h>

const struct account_id *exchange_account(const struct exchange *exchange)
{
	return http_route_traits(exchange->target->route)->is_signed ? &exchange->signature.account
								     : &exchange->target->account;
}

void exchange_id(const struct exchange *exchange, char out[HTTP_REQUEST_ID_MAX])
{
	(void)snprintf(out, HTTP_REQUEST_ID_MAX, "%08lx-%llx",
	    (unsigned long)exchange->server->instance, (unsigned long long)exchange->number);
}

void exchange_wake(struct exchange *exchange)
{
	MHD_resume_connection(exchange->connection);
}
