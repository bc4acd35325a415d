/*
 * gateway/http/request.c: one request, from its request line to its last byte: libmicrohttpd's
 * callbacks. The handler is called when the header is there, with each piece of the body, at the
 * body's end, and once more each time that whoever the connection was suspended for has resumed it:
 * an answer may be given there, as long as nothing of the body was asked for or all of it came.
 */
#include "gateway/http/request.h"

#include "gateway/http/accounts.h"
#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/deadline.h"
#include "gateway/http/dispatch.h"
#include "gateway/http/exchange.h"
#include "gateway/http/gate.h"
#include "gateway/http/head.h"
#include "gateway/http/limits.h"
#include "gateway/http/logfmt.h"
#include "gateway/http/metrics.h"
#include "gateway/http/pool.h"
#include "gateway/http/routes.h"
#include "gateway/http/server.h"
#include "gateway/http/work.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define LOG_LINE_MAX 2048u

/* As soon as there is a request line. What it returns is the handler's *state. */
void *request_line(void *self, const char *uri, struct MHD_Connection *connection)
{
	const struct http_door *door = self;
	struct http_server *server = door->server;
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	if (exchange == NULL)
		return NULL;
	exchange->server = server;
	exchange->door = door;
	exchange->connection = connection;
	exchange->conn = info == NULL ? NULL : info->socket_context;
	exchange->number = atomic_fetch_add(&server->numbers, 1) + 1;
	exchange->start_ms = server_now(server);
	exchange->uri = strdup(uri);
	if (exchange->uri == NULL || exchange->conn == NULL) {
		free(exchange->uri);
		free(exchange);
		return NULL;
	}
	return exchange;
}

static void log_line(const struct exchange *exchange, unsigned status, uint64_t out_bytes)
{
	const struct http_config *config = &exchange->server->config;
	enum http_route route = exchange->target == NULL ? ROUTE_NONE : exchange->target->route;
	char id[HTTP_REQUEST_ID_MAX];
	struct bytes line = {0};
	struct buffer text;

	exchange_id(exchange, id);
	buffer_init(&text, LOG_LINE_MAX);
	http_log_text(&text, "id", id);
	http_log_text(&text, "route", http_route_traits(route)->name);
	http_log_number(&text, "status", (int64_t)status);
	http_log_number(&text, "ms", server_now(exchange->server) - exchange->start_ms);
	http_log_number(&text, "in", (int64_t)exchange->in_bytes);
	http_log_number(&text, "out", (int64_t)out_bytes);
	http_log_text(
	    &text, "result", exchange->answer.result != NULL ? exchange->answer.result : "cut");
	if (exchange->answer.message != NULL)
		http_log_text(&text, "message", exchange->answer.message);
	if (buffer_take(&text, &line))
		config->log(config->sink, (const char *)line.data);
	bytes_clear(&line);
	buffer_clear(&text);
}

/* The body is not needed any more: its room is others'. */
static void release_body(struct exchange *exchange)
{
	buffer_clear(&exchange->body);
	limits_release(exchange);
}

void request_completed(void *self, struct MHD_Connection *connection, void **state,
    enum MHD_RequestTerminationCode why)
{
	const struct http_door *door = self;
	struct http_server *server = door->server;
	struct exchange *exchange = *state;
	unsigned status;

	(void)connection;
	if (exchange == NULL)
		return;
	if (exchange->stage == STAGE_HEAD && exchange->answer.result == NULL)
		exchange->answer.result = "malformed"; /* the library has answered by itself */
	status = why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? exchange->answer.status : 0;
	if (status == 0 && exchange->stage == STAGE_DONE)
		exchange->answer.result = "cut";
	log_line(exchange, status, exchange->out_bytes);
	metrics_add(&server->metrics,
	    exchange->target == NULL ? ROUTE_NONE : exchange->target->route, status,
	    server_now(server) - exchange->start_ms, exchange->in_bytes, exchange->out_bytes);
	http_conn_until(
	    server->deadlines, exchange->conn, server_now(server) + server->config.idle_ms);
	if (exchange->slot != NULL)
		http_accounts_drop(server->accounts, exchange->slot);
	release_body(exchange);
	limits_answer_gone(exchange);
	answer_clear(&exchange->answer);
	free(exchange->auth);
	if (exchange->invite != NULL)
		sodium_memzero(exchange->invite, strlen(exchange->invite));
	free(exchange->invite);
	free(exchange->target);
	free(exchange->uri);
	if (exchange->active)
		atomic_fetch_sub(&server->active, 1);
	free(exchange);
	*state = NULL;
}

/* What began then and has so many bytes behind it, or before it, may take as long as they allow. */
static void allow_bytes(const struct exchange *exchange, int64_t begun_ms, uint64_t bytes)
{
	const struct http_config *config = &exchange->server->config;

	http_conn_until(exchange->server->deadlines, exchange->conn,
	    begun_ms + config->slack_ms + (int64_t)(bytes * 1000 / config->rate_min));
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
	if (exchange->slot != NULL) { /* a slow reader does not count as a request under way */
		http_accounts_drop(exchange->server->accounts, exchange->slot);
		exchange->slot = NULL;
	}
	release_body(exchange);
	if (exchange->body_len > 0 && !exchange->body_here)
		exchange->answer.close = true; /* it is not going to be read */
	exchange->stage = STAGE_DONE;
	limits_answer(exchange);
	exchange->out_bytes = exchange->answer.body.len;
	if (atomic_load(&exchange->server->draining))
		exchange->answer.close = true;
	allow_bytes(exchange, server_now(exchange->server), exchange->out_bytes);
	return answer_send(exchange);
}

/* What does not hold of the body that is announced. False: answered. */
static bool body_holds(struct exchange *exchange, const struct http_head *head)
{
	const struct http_route_traits *traits = http_route_traits(exchange->target->route);

	if (traits->content_type == NULL) {
		if (head->length == 0 && head->content_type == NULL)
			return true;
		answer_problem(
		    exchange, 400, "malformed", "malformed", "this request takes no body");
	} else if (!head->has_length) {
		answer_problem(
		    exchange, 411, "malformed", "malformed", "Content-Length is missing");
	} else if (head->length > traits->body_max) {
		answer_problem(exchange, 413, "too_large", "too_large", "the body is too large");
	} else if (head->length == 0) {
		answer_problem(exchange, 400, "malformed", "malformed", "the body is missing");
	} else if (head->content_type == NULL ||
		   strcmp(head->content_type, traits->content_type) != 0) {
		answer_problem(
		    exchange, 415, "malformed", "malformed", "the body is of another type");
	} else {
		return true;
	}
	return false;
}

/* False: the connection ends, for libmicrohttpd can't answer in the middle of a body. */
static bool take_body(struct exchange *exchange, const char *data, size_t len)
{
	exchange->in_bytes += len;
	if (!limits_hold(exchange, len)) {
		exchange->answer.result = "busy";
		return false;
	}
	buffer_add(&exchange->body, data, len);
	allow_bytes(exchange, exchange->body_start_ms, exchange->in_bytes);
	return !exchange->body.failed;
}

static bool keep_invite(struct exchange *exchange, const struct http_head *head)
{
	if (exchange->target->route != ROUTE_CREATE || exchange->server->config.create_open)
		return true;
	if (head->invite != NULL && strlen(head->invite) < HTTP_INVITE_MAX)
		exchange->invite = strdup(head->invite);
	if (exchange->invite == NULL)
		answer_problem(exchange, 403, "invite", "uninvited",
		    head->invite == NULL ? "creating an account here needs an invitation"
					 : "this is no invitation");
	return exchange->invite != NULL;
}

static void refuse_target(struct exchange *exchange)
{
	const struct http_target *target = exchange->target;

	if (target->status == 405)
		answer_problem(exchange, 405, "method", "method", "not by this method");
	else if (target->status == 400)
		answer_problem(
		    exchange, 400, "malformed", "malformed", "the query is not what belongs here");
	else
		answer_problem(exchange, 404, "path", "path", "there is nothing at this path");
	exchange->answer.allow = target->allow;
}

/* Longer than a body that is read before its sender is authenticated. */
static bool asks_first(const struct exchange *exchange)
{
	return !exchange->passed && exchange->body_len > HTTP_SMALL_BODY;
}

/* By header alone. False: answered. */
static bool accepted(struct exchange *exchange, const struct http_head *head)
{
	struct http_server *server = exchange->server;
	const struct http_route_traits *traits = http_route_traits(exchange->target->route);

	if (exchange->target->route == ROUTE_NONE) {
		refuse_target(exchange);
		return false;
	}
	if (!body_holds(exchange, head))
		return false;
	if (!traits->by_worker)
		return true;
	if (atomic_load(&server->draining) || !atomic_load(&server->ready)) {
		answer_busy(exchange, 503,
		    atomic_load(&server->draining) ? "this gateway is stopping"
						   : "this gateway is not ready yet");
		return false;
	}
	if (http_pool_full(server->pool)) {
		answer_busy(exchange, 503, "too many requests wait here");
		return false;
	}
	if ((traits->is_signed && !auth_begin(exchange, head)) || !keep_invite(exchange, head))
		return false;
	buffer_init(&exchange->body, (size_t)head->length);
	return asks_first(exchange) || limits_body(exchange, (size_t)head->length);
}

/* The body, if there is one, is read from here on. */
static enum MHD_Result await_body(struct exchange *exchange)
{
	exchange->stage = STAGE_BODY;
	exchange->body_start_ms = server_now(exchange->server);
	allow_bytes(exchange, exchange->body_start_ms, 0);
	return MHD_YES;
}

/* From the moment it is in a queue, the exchange is not ours. */
static void suspend(struct exchange *exchange, enum exchange_stage stage, int64_t within_ms)
{
	struct http_server *server = exchange->server;

	exchange->stage = stage;
	exchange->call_deadline_ms = server_now(server) + within_ms;
	http_conn_until(server->deadlines, exchange->conn, INT64_MAX);
	MHD_suspend_connection(exchange->connection);
}

static enum MHD_Result to_gate(struct exchange *exchange)
{
	struct http_server *server = exchange->server;

	if (!http_gate_admits(server->gate, exchange))
		return send_answer(exchange);
	suspend(exchange, STAGE_GATE, server->config.gate_ms);
	http_gate_enter(server->gate, exchange);
	return MHD_YES;
}

static enum MHD_Result begin(struct exchange *exchange, const char *method, const char *version)
{
	struct http_head head = {0};
	const char *fault =
	    http_head_read(exchange->connection, method, exchange->uri, version, &head);

	exchange->target = malloc(sizeof(*exchange->target));
	if (exchange->target == NULL)
		return MHD_NO;
	http_target_parse(method, exchange->uri, exchange->door->metrics, exchange->target);
	free(exchange->uri);
	exchange->uri = NULL;
	if (fault != NULL) {
		answer_problem(exchange, 400, "malformed", "malformed", fault);
		exchange->answer.close = true;
		return send_answer(exchange);
	}
	exchange->body_len = head.length;
	if (!accepted(exchange, &head))
		return send_answer(exchange);
	if (!http_route_traits(exchange->target->route)->by_worker)
		return await_body(exchange);
	exchange->active = true;
	atomic_fetch_add(&exchange->server->active, 1);
	return asks_first(exchange) ? to_gate(exchange) : await_body(exchange);
}

/* The body is here: to whom it may concern. */
static enum MHD_Result submit(struct exchange *exchange)
{
	struct http_server *server = exchange->server;

	exchange->body_here = true;
	if (!http_route_traits(exchange->target->route)->by_worker) {
		http_handler_of(exchange->target->route)->at_once(exchange);
		return send_answer(exchange);
	}
	if (!exchange->passed)
		return to_gate(exchange);
	if (!limits_worker(exchange) || !work_take(exchange))
		return send_answer(exchange);
	suspend(exchange, STAGE_WORK, server->config.call_ms);
	if (!http_pool_add(server->pool, &exchange->job)) {
		answer_busy(exchange, 503, "too many requests wait here");
		exchange_wake(exchange);
	}
	return MHD_YES;
}

/* Answered there, or let in: then its body is next, if that was not read before. */
static enum MHD_Result from_gate(struct exchange *exchange)
{
	if (exchange->answer.status != 0)
		return send_answer(exchange);
	exchange->passed = true;
	if (exchange->body_here)
		return submit(exchange);
	return limits_body(exchange, (size_t)exchange->body_len) ? await_body(exchange)
								 : send_answer(exchange);
}

enum MHD_Result request_handle(void *self, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **state)
{
	struct exchange *exchange = *state;

	(void)self;
	(void)connection;
	(void)url; /* unescaped: not what was signed */
	if (exchange == NULL)
		return MHD_NO;
	switch (exchange->stage) {
	case STAGE_HEAD: return begin(exchange, method, version);
	case STAGE_GATE: return from_gate(exchange);
	case STAGE_BODY:
		if (*data_len == 0)
			return submit(exchange);
		if (!take_body(exchange, data, *data_len))
			return MHD_NO;
		*data_len = 0;
		return MHD_YES;
	case STAGE_WORK: return send_answer(exchange);
	case STAGE_DONE: break;
	}
	return MHD_NO;
}
