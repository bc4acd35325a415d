/*
 * gateway/http/gate.c: the threads that authenticate.
 */
#include "gateway/http/gate.h"

#include "gateway/http/accounts.h"
#include "gateway/http/admission.h"
#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/dispatch.h"
#include "gateway/http/limits.h"
#include "gateway/http/peer.h"
#include "gateway/http/pool.h"
#include "gateway/http/rosters.h"
#include "gateway/http/server.h"

#include <assert.h>
#include <stdlib.h>

struct http_gate {
	struct http_server *server;
	struct http_pool *pool;
};

static void check_signature(struct exchange *exchange, struct call *call)
{
	const struct http_handler *handler = http_handler_of(exchange->target->route);
	struct http_rosters *rosters = exchange->server->rosters;
	const struct account_id *account = &exchange->signature.account;
	const struct device_id *device = &exchange->signature.device;
	struct bytes bytes = {0};
	struct http_member member;
	enum account_result result;

	/* Another request may have brought it in, or a commit here have added it. */
	if (http_accounts_known(exchange->server->accounts, account, device, &member)) {
		auth_verify(exchange, &member);
		return;
	}
	result = http_rosters_state(rosters, account, call, &bytes);
	if (result != ACCOUNT_OK) {
		/* A wiped account has no roster left; that it is gone, anybody may know. */
		if (result == ACCOUNT_GONE && handler->gone != NULL)
			handler->gone(exchange, view_bytes(&bytes));
		else
			answer_account(exchange, result, call);
		bytes_clear(&bytes);
		return;
	}
	bytes_clear(&bytes);
	switch (http_rosters_member(rosters, account, device, exchange->start_ms, call, &member)) {
	case FOUND_MEMBER: auth_verify(exchange, &member); break;
	case FOUND_NOT_MEMBER: auth_answer_not_member(exchange); break;
	case FOUND_BUSY: limits_answer_crowd(exchange, 429); break;
	}
}

static void run(void *self, struct http_job *job)
{
	struct http_gate *gate = self;
	struct exchange *exchange = (struct exchange *)job; /* its first member */
	const struct http_handler *handler = http_handler_of(exchange->target->route);
	struct call call;

	call_init(&call, exchange->call_deadline_ms);
	if (server_now(gate->server) >= exchange->call_deadline_ms)
		answer_busy(exchange, 503, "the request waited too long for its turn");
	else if (handler->gate != NULL)
		handler->gate(exchange, &call);
	else
		check_signature(exchange, &call);
	http_admission_leave(gate->server->admission, exchange);
	exchange_wake(exchange);
}

/* Where addresses are not counted, at the door, they are not here. */
static uint64_t peer_of(const struct exchange *exchange)
{
	const union MHD_ConnectionInfo *info;

	if (exchange->server->config.per_ip_max == 0)
		return 0;
	info = MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info == NULL || info->client_addr == NULL ? 0 : http_peer_key(info->client_addr);
}

bool http_gate_admits(struct http_gate *gate, struct exchange *exchange)
{
	struct http_server *server = gate->server;
	const struct account_id *account = exchange_account(exchange);
	struct http_visitor visitor = {.request = exchange,
	    .account = *account,
	    .peer = peer_of(exchange),
	    .found = http_rosters_found(server->rosters, account)};
	unsigned status = http_admission_enter(server->admission, &visitor);

	if (status != 0)
		limits_answer_crowd(exchange, status);
	return status == 0;
}

void http_gate_enter(struct http_gate *gate, struct exchange *exchange)
{
	if (http_pool_add(gate->pool, &exchange->job))
		return;
	/* It is closed, for as many as are admitted fit. */
	http_admission_leave(gate->server->admission, exchange);
	answer_busy(exchange, 503, "this gateway is stopping");
	exchange_wake(exchange);
}

struct http_gate *http_gate_new(struct http_server *server)
{
	const struct http_config *config = &server->config;
	struct http_gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		return NULL;
	assert(config->gate_workers < HTTP_ROSTERS_MAX);
	gate->server = server;
	gate->pool = http_pool_new(config->gate_workers, config->gate_max, run, gate);
	if (gate->pool == NULL) {
		free(gate);
		return NULL;
	}
	return gate;
}

void http_gate_close(struct http_gate *gate)
{
	http_pool_close(gate->pool);
}

void http_gate_free(struct http_gate *gate)
{
	if (gate == NULL)
		return;
	http_pool_free(gate->pool);
	free(gate);
}
