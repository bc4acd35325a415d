/*
 * gateway/http/route_roster.c: what needs no signature of the request.
 */
#include "gateway/http/route_roster.h"

#include "gateway/http/answer.h"
#include "gateway/http/rosters.h"

void route_roster_gate(struct exchange *exchange, struct call *call)
{
	struct bytes bytes = {0};
	enum account_result result =
	    http_rosters_state(exchange->server->rosters, &exchange->target->account, call, &bytes);

	if (result == ACCOUNT_OK) {
		answer_bytes(exchange, 200, HTTP_OCTETS, &bytes);
	} else if (result == ACCOUNT_GONE && bytes.len > 0) {
		/* A wiped account has no roster left; that it is gone, anybody may know. */
		answer_bytes(exchange, 410, HTTP_OCTETS, &bytes);
		exchange->answer.result = "gone";
	} else {
		answer_account(exchange, result, call);
	}
	bytes_clear(&bytes);
}

void route_wipe_record_gate(struct exchange *exchange, struct call *call)
{
	struct bytes record = {0};
	enum account_result result = account_wipe_record(
	    &exchange->server->config.env, &exchange->target->account, call, &record);

	if (result == ACCOUNT_OK)
		answer_bytes(exchange, 200, HTTP_OCTETS, &record);
	else
		answer_account(exchange, result, call);
}
