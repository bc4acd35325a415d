/*
 * gateway/http/limits.c: charging requests.
 */
#include "gateway/http/limits.h"

#include "gateway/http/accounts.h"
#include "gateway/http/answer.h"
#include "gateway/http/budget.h"
#include "gateway/http/routes.h"
#include "gateway/http/server.h"

#include <assert.h>
#include <stdlib.h>

#define UNAUTHENTICATED_PART 4u /* of the workers: for senders that are not known */

/*
 * By the headers' kinds alone, which nobody has checked: so what they exempt is what the account
 * code puts only after it has checked it, a statement and the roster that continues by it. All else
 * is charged, whatever comes beside it.
 */
void limits_push(const struct sync_request *request, struct http_push *out)
{
	struct http_push push = {.spare = true};

	for (size_t i = 0; i < request->bodies_count; i++)
		push.bytes += request->bodies[i].len;
	for (size_t i = 0; i < request->frames_count; i++) {
		struct frame frame;

		if (frame_decode(request->frames[i], &frame) == FORMAT_OK) {
			switch (frame.header.kind) {
			case FRAME_STATEMENT: push.statement = true; continue;
			case FRAME_RESET:
			case FRAME_SNAPSHOT: break;
			case FRAME_LOAD: push.spare = false; break;
			case FRAME_PATCH:
				/* Sealed: a deletion looks like any small edit, and both pass. */
				push.spare = push.spare && !frame.header.has_blob;
				break;
			}
		}
		push.bytes += request->frames[i].len;
	}
	if (!push.statement)
		push.bytes += request->roster.len;
	*out = push;
}

/* A snapshot's parts may be a load's as well; the frame that names them tells. */
bool limits_blob_spare(struct view blob)
{
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	struct blob decoded;
	bool spare = names != NULL && blob_decode(blob, names, &decoded) == FORMAT_OK &&
		     decoded.header.kind != BLOB_BODY;

	free(names);
	return spare;
}

static void count_refused(struct exchange *exchange, enum http_refused why)
{
	atomic_fetch_add(&exchange->server->metrics.refused[why], 1);
}

/*
 * A statement that holds always passes: once the device's requests are spent, what says that it is
 * one is let in on an allowance of its own, and pays only if it was none.
 */
bool limits_rate(struct exchange *exchange, bool statement)
{
	struct http_server *server = exchange->server;
	const struct device_id *device = &exchange->signature.device;
	int64_t wait_ms;

	if (server->config.rate_max == 0)
		return true;
	wait_ms = http_accounts_spend(server->accounts, exchange->slot, device, PURSE_REQUESTS,
	    server_now(server), server->config.rate_max);
	if (wait_ms > 0 && statement) {
		wait_ms = http_accounts_spend(server->accounts, exchange->slot, device,
		    PURSE_STATEMENTS, server_now(server), HTTP_STATEMENTS_MAX);
		exchange->spared = wait_ms == 0;
	}
	if (wait_ms == 0)
		return true;
	count_refused(exchange, REFUSED_RATE);
	answer_busy(exchange, 429, "this device asks too often");
	exchange->answer.retry_after_s = (wait_ms + 999) / 1000;
	return false;
}

void limits_rate_back(struct exchange *exchange)
{
	if (exchange->spared)
		http_accounts_refund(exchange->server->accounts, exchange->slot,
		    &exchange->signature.device, PURSE_STATEMENTS, HTTP_STATEMENTS_MAX);
	exchange->spared = false;
}

enum account_result limits_reserve(
    struct exchange *exchange, uint64_t bytes, bool spare, struct call *call)
{
	const struct http_keeper *keeper = &exchange->server->config.keeper;
	enum account_result result = ACCOUNT_OK;

	assert(exchange->reserved == 0);
	if (keeper->reserve != NULL)
		result =
		    keeper->reserve(keeper->self, &exchange->signature.account, bytes, spare, call);
	if (result == ACCOUNT_OK)
		exchange->reserved = bytes;
	if (result == ACCOUNT_REFUSED)
		count_refused(exchange, REFUSED_FULL);
	return result;
}

void limits_full(struct exchange *exchange, const struct call *call)
{
	answer_problem(exchange, 507, "full", "full", call->message);
}

void limits_settle(
    struct exchange *exchange, const struct account_id *account, uint64_t put, bool committed)
{
	const struct http_keeper *keeper = &exchange->server->config.keeper;
	uint64_t reserved = exchange->reserved;

	exchange->reserved = 0;
	if (keeper->settle != NULL && (committed || put > 0 || reserved > 0))
		keeper->settle(keeper->self, account, reserved, put, committed);
}

/* Whose part of the memory it is. */
static struct http_holder holder_of(const struct exchange *exchange)
{
	struct http_holder holder = {.known = exchange->known};

	if (exchange->known)
		holder.hash =
		    http_accounts_hash(exchange->server->accounts, exchange_account(exchange));
	return holder;
}

static bool fits(struct exchange *exchange, struct http_budget *budget, size_t len)
{
	enum http_refused why;

	if (http_budget_fits(budget, holder_of(exchange), len, &why))
		return true;
	count_refused(exchange, why);
	return false;
}

/* It is held, also if that is too much. */
static bool hold(struct exchange *exchange, struct http_budget *budget, size_t *held, size_t len)
{
	enum http_refused why;

	*held += len;
	if (http_budget_take(budget, holder_of(exchange), len, &why))
		return true;
	count_refused(exchange, why);
	return false;
}

static void let_go(struct exchange *exchange, struct http_budget *budget, size_t *held)
{
	if (*held > 0)
		http_budget_give(budget, holder_of(exchange), *held);
	*held = 0;
}

/*
 * What is announced is not counted, or who announces and sends nothing could keep everybody out.
 */
bool limits_body(struct exchange *exchange, size_t len)
{
	if (fits(exchange, &exchange->server->bodies, len))
		return true;
	answer_busy(exchange, 503, "too much is being sent here at once");
	return false;
}

bool limits_hold(struct exchange *exchange, size_t len)
{
	return hold(exchange, &exchange->server->bodies, &exchange->body_held, len);
}

static void answer_unread(struct exchange *exchange)
{
	answer_busy(exchange, 503, "too much that was asked for here has not been read yet");
}

bool limits_answer_room(struct exchange *exchange, size_t len)
{
	if (fits(exchange, &exchange->server->answers, len))
		return true;
	answer_unread(exchange);
	return false;
}

void limits_answer(struct exchange *exchange)
{
	struct http_budget *answers = &exchange->server->answers;
	size_t len = exchange->answer.body.len;

	if (len <= HTTP_SMALL_ANSWER || !http_route_traits(exchange->target->route)->by_worker ||
	    hold(exchange, answers, &exchange->answer_held, len))
		return;
	let_go(exchange, answers, &exchange->answer_held);
	answer_unread(exchange);
}

void limits_answer_gone(struct exchange *exchange)
{
	let_go(exchange, &exchange->server->answers, &exchange->answer_held);
}

void limits_answer_crowd(struct exchange *exchange, unsigned status)
{
	count_refused(exchange, REFUSED_GATE);
	answer_busy(exchange, status, "too many ask here whom this gateway does not know");
}

bool limits_worker(struct exchange *exchange)
{
	struct http_server *server = exchange->server;
	unsigned part = server->config.workers / UNAUTHENTICATED_PART;

	if (exchange->known)
		return true;
	exchange->unauthenticated_worker = true;
	if (atomic_fetch_add(&server->unauthenticated_workers, 1) < (part > 0 ? part : 1))
		return true;
	limits_answer_crowd(exchange, 503);
	return false;
}

void limits_known(struct exchange *exchange)
{
	struct http_holder before = holder_of(exchange);

	if (exchange->known)
		return;
	exchange->known = true;
	http_budget_move(
	    &exchange->server->bodies, before, holder_of(exchange), exchange->body_held);
}

void limits_release(struct exchange *exchange)
{
	let_go(exchange, &exchange->server->bodies, &exchange->body_held);
	if (exchange->unauthenticated_worker)
		atomic_fetch_sub(&exchange->server->unauthenticated_workers, 1);
	exchange->unauthenticated_worker = false;
}
