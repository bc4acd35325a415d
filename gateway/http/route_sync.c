/*
 * gateway/http/route_sync.c: a sync: who asks, what it may take, the account code, and what is
 * learnt from its answer.
 */
#include "gateway/http/route_sync.h"

#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/learn.h"
#include "gateway/http/limits.h"
#include "gateway/http/rosters.h"
#include "gateway/http/server.h"
#include "schemas/sync.h"

#include <stdlib.h>
#include <string.h>

static const char *sync_status_text(enum sync_status status)
{
	switch (status) {
	case SYNC_CURRENT: return "current";
	case SYNC_COMMITTED: return "committed";
	case SYNC_BEHIND: return "behind";
	case SYNC_FAR_BEHIND: return "far_behind";
	case SYNC_DIVERGED: return "diverged";
	case SYNC_AHEAD: return "ahead";
	case SYNC_RENAME: return "rename";
	case SYNC_REVOKED: return "revoked";
	case SYNC_GONE: return "gone";
	case SYNC_REFUSED: return "refused";
	case SYNC_LATER: return "later";
	}
	return "?";
}

/* The answer is about this account's log: what it says of roster and head is the newest. */
static bool answer_tells(const struct sync_answer *answer)
{
	switch (answer->status) {
	case SYNC_CURRENT:
	case SYNC_COMMITTED:
	case SYNC_BEHIND:
	case SYNC_FAR_BEHIND:
	case SYNC_DIVERGED:
	case SYNC_AHEAD:
	case SYNC_RENAME:
	case SYNC_REVOKED: return true;
	case SYNC_GONE:
	case SYNC_REFUSED: /* may have been refused before the log was read */
	case SYNC_LATER: return false;
	}
	return false;
}

static void sync_answered(
    struct exchange *exchange, const struct sync_answer *answer, const struct call *call)
{
	struct bytes encoded = {0};

	if (sync_answer_encode(answer, &encoded) != FORMAT_OK) {
		answer_problem(exchange, 500, "failed", "failed", "the answer can't be encoded");
		return;
	}
	atomic_fetch_add(&exchange->server->metrics.syncs[answer->status], 1);
	answer_bytes(exchange, 200, HTTP_CBOR, &encoded);
	exchange->answer.result = sync_status_text(answer->status);
	/* Of the others it is only what the last call to the bucket happened to say. */
	if (answer->status == SYNC_REFUSED || answer->status == SYNC_REVOKED)
		exchange->answer.message = strdup(call->message); /* best effort */
}

void route_sync_gone(struct exchange *exchange, struct view record)
{
	struct sync_answer answer = {
	    .status = SYNC_GONE,
	    .wipe_record = record,
	    .time_ms = clock_wall_ms(exchange->server->config.env.clock),
	};
	struct call call;

	call_init(&call, 0);
	sync_answered(exchange, &answer, &call);
}

/* What the table and the keeper may know of it. With the slot's lock held. */
static void sync_told(struct exchange *exchange, enum account_result result,
    const struct sync_answer *answer, int64_t since_ms)
{
	struct http_server *server = exchange->server;
	struct http_slot *slot = exchange->slot;
	bool committed = result == ACCOUNT_OK && answer->status == SYNC_COMMITTED;
	uint64_t put;

	if (result == ACCOUNT_OK && answer_tells(answer))
		http_accounts_learn(
		    server->accounts, slot, since_ms, &answer->roster_hash, &answer->head);
	else if (result == ACCOUNT_ABSENT || (result == ACCOUNT_OK && answer->status == SYNC_GONE))
		http_accounts_forget(server->accounts, slot);
	put = account_cache_take_put(&slot->cache);
	/* What is committed now was checked; a statement comes with a roster, and that was put.
	 * What was committed before and is sent again puts nothing, and nobody looks at its
	 * statement. */
	if (committed && put > 0)
		limits_rate_back(exchange);
	limits_settle(exchange, &slot->account, put, committed);
}

/* full: the frames of the request were refused, it is a poll now; full->message says why. */
static void sync_run(struct exchange *exchange, const struct sync_request *request,
    const struct call *full, struct call *call)
{
	struct http_server *server = exchange->server;
	struct http_slot *slot = exchange->slot;
	struct sync_answer answer = {0};
	int64_t since_ms = server_now(server);
	enum account_result result;

	(void)pthread_mutex_lock(&slot->lock);
	result = account_sync(&server->config.env, &slot->cache, request, call, &answer);
	sync_told(exchange, result, &answer, since_ms);
	(void)pthread_mutex_unlock(&slot->lock);
	if (request->roster.len > 0)
		http_rosters_forget(server->rosters, &slot->account);
	if (result == ACCOUNT_OK && full != NULL && answer.status == SYNC_CURRENT)
		limits_full(exchange, full);
	else if (result == ACCOUNT_OK)
		sync_answered(exchange, &answer, call);
	else
		answer_account(exchange, result, call);
	sync_answer_clear(&answer);
}

/* A full account takes no more, but what is there can still be pulled: without its frames. */
static void sync_admitted(struct exchange *exchange, struct sync_request *request,
    const struct http_push *push, struct call *call)
{
	enum account_result room = ACCOUNT_OK;
	struct call full = *call;

	if (push->bytes > 0)
		room = limits_reserve(exchange, push->bytes, push->spare, &full);
	if (room != ACCOUNT_OK && room != ACCOUNT_REFUSED) {
		answer_account(exchange, room, &full);
		return;
	}
	if (room == ACCOUNT_REFUSED) {
		request->frames_count = 0;
		request->bodies_count = 0;
	}
	sync_run(exchange, request, room == ACCOUNT_REFUSED ? &full : NULL, call);
}

void route_sync(struct exchange *exchange, struct call *call)
{
	struct sync_request request;
	enum format_result format = sync_request_decode(buffer_view(&exchange->body), &request);
	enum account_result result;
	struct http_push push;

	if (format != FORMAT_OK) {
		answer_problem(exchange, 400, format == FORMAT_NEWER ? "newer" : "malformed",
		    "malformed", format_result_text(format));
		return;
	}
	if (!account_equal(&request.account, &exchange->signature.account) ||
	    !device_equal(&request.device, &exchange->signature.device)) {
		answer_problem(exchange, 403, "signer", "signer",
		    "the request names another account or device than its signature");
		return;
	}
	limits_push(&request, &push);
	result = auth_check(exchange, call, true);
	if (result == ACCOUNT_OK && !limits_rate(exchange, push.statement))
		return;
	/* A wiped account has no roster left; that it is gone, anybody may know. */
	if (result == ACCOUNT_OK)
		sync_admitted(exchange, &request, &push, call);
	else if (result == ACCOUNT_GONE)
		sync_run(exchange, &request, NULL, call);
	else if (exchange->answer.status == 0)
		answer_account(exchange, result, call);
}
