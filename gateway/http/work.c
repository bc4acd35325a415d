/*
 * gateway/http/work.c: what each route does: blocking code, top to bottom, in a worker.
 * What touches an account's cache holds its lock. Blobs do not, while they travel: they use a copy
 * of what they need, so that a device may send and fetch several at once.
 */
#include "gateway/http/http_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CBOR "application/cbor"
#define JSON "application/json"
#define OCTETS "application/octet-stream"

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
	answer_bytes(exchange, 200, CBOR, &encoded);
	exchange->answer.result = sync_status_text(answer->status);
	/* Of the others it is only what the last call to the bucket happened to say. */
	if (answer->status == SYNC_REFUSED || answer->status == SYNC_REVOKED)
		exchange->answer.message = strdup(call->message); /* best effort */
}

void work_sync_gone(struct exchange *exchange, struct view record)
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

	if (result == ACCOUNT_OK && answer_tells(answer))
		http_accounts_learn(
		    server->accounts, slot, since_ms, &answer->roster_hash, &answer->head);
	else if (result == ACCOUNT_ABSENT || (result == ACCOUNT_OK && answer->status == SYNC_GONE))
		http_accounts_forget(server->accounts, slot);
	/* What is committed now was checked; a statement comes with a roster, and that was put.
	 * What was committed before and is sent again puts nothing, and nobody looks at its
	 * statement. */
	if (committed && slot->cache.put_bytes > 0)
		limits_rate_back(exchange);
	limits_settle(exchange, &slot->account, &slot->cache, committed);
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
		http_gate_forget(server->gate, &slot->account);
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

static void work_sync(struct exchange *exchange, struct call *call)
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

/* Signed, by a live device that does not ask too often. False: answered. */
static bool admitted(struct exchange *exchange, struct call *call)
{
	enum account_result result = auth_check(exchange, call, false);

	if (result != ACCOUNT_OK && exchange->answer.status == 0)
		answer_account(exchange, result, call);
	return result == ACCOUNT_OK && limits_rate(exchange, false);
}

static void work_blob_get(struct exchange *exchange, struct call *call)
{
	struct account_cache own = {0}; /* a read needs none, unless the blob is missing */
	enum account_result result;
	struct bytes blob = {0};

	if (!admitted(exchange, call) || !limits_answer_room(exchange, BLOB_MAX))
		return;
	result = account_blob_get(&exchange->server->config.env, &own, &exchange->signature.account,
	    &exchange->target->blob, call, &blob);
	if (result == ACCOUNT_OK)
		answer_bytes(exchange, 200, OCTETS, &blob);
	else
		answer_account(exchange, result, call);
	account_cache_clear(&own);
}

/* A copy of what a put needs; false: no memory. */
static bool borrow_cache(struct http_slot *slot, struct account_cache *out)
{
	struct account_cache own = {0};
	bool copied;

	(void)pthread_mutex_lock(&slot->lock);
	copied = bytes_copy(view_bytes(&slot->cache.manifest), &own.manifest);
	own.tag = slot->cache.tag;
	own.wipe_checked = slot->cache.wipe_checked;
	(void)pthread_mutex_unlock(&slot->lock);
	if (copied)
		*out = own;
	return copied;
}

static bool same_incarnation(const struct account_cache *a, const struct account_cache *b)
{
	struct manifest *one = malloc(sizeof(*one)), *other = malloc(sizeof(*other));
	bool same = one != NULL && other != NULL &&
		    manifest_decode(view_bytes(&a->manifest), one) == FORMAT_OK &&
		    manifest_decode(view_bytes(&b->manifest), other) == FORMAT_OK &&
		    memcmp(one->incarnation, other->incarnation, INCARNATION_LEN) == 0;

	free(one);
	free(other);
	return same;
}

static void work_blob_put(struct exchange *exchange, struct call *call)
{
	struct http_slot *slot = exchange->slot;
	const struct blob_name *name = &exchange->target->blob;
	struct account_cache own = {0};
	enum account_result result;
	struct bytes none = {0};

	if (!admitted(exchange, call))
		return;
	result = limits_reserve(
	    exchange, exchange->body.len, limits_blob_spare(buffer_view(&exchange->body)), call);
	if (result == ACCOUNT_REFUSED)
		limits_full(exchange, call);
	else if (result != ACCOUNT_OK)
		answer_account(exchange, result, call);
	if (result != ACCOUNT_OK)
		return;
	if (!borrow_cache(slot, &own)) {
		limits_settle(exchange, &exchange->signature.account, &own, false);
		answer_busy(exchange, 503, "no memory");
		return;
	}
	result = account_blob_put(&exchange->server->config.env, &own, &exchange->signature.account,
	    name, buffer_view(&exchange->body), call);
	limits_settle(exchange, &exchange->signature.account, &own, false);
	if (result == ACCOUNT_OK) {
		(void)pthread_mutex_lock(&slot->lock);
		/* Of another incarnation, it may have been removed together with that. */
		if (same_incarnation(&own, &slot->cache))
			account_cache_see(&slot->cache, name);
		(void)pthread_mutex_unlock(&slot->lock);
		answer_bytes(exchange, 204, NULL, &none);
	} else {
		answer_account(exchange, result, call);
	}
	account_cache_clear(&own);
}

/* True: it waits, and the exchange is the table's. */
static bool work_watch(struct exchange *exchange, struct call *call)
{
	struct http_server *server = exchange->server;
	uint64_t head = 0;

	if (!admitted(exchange, call))
		return false;
	exchange->watch_seq = exchange->target->seq;
	/* What is not needed while it waits: ten thousand may. */
	free(exchange->auth);
	exchange->auth = NULL;
	if (atomic_load(&server->draining)) {
		answer_watch(exchange, false, 0);
		return false;
	}
	switch (http_accounts_watch(
	    server->accounts, exchange, server_now(server) + server->config.watch_ms, &head)) {
	case WATCH_WAITS: return true;
	case WATCH_PASSED: answer_watch(exchange, true, head); break;
	case WATCH_BUSY: answer_busy(exchange, 429, "too many watch this account already"); break;
	}
	return false;
}

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

/* The record of a wipe, as the body of a 410; without one: a problem. */
static void answer_gone(struct exchange *exchange, struct call *call)
{
	struct bytes record = {0};
	enum account_result result = account_wipe_record(
	    &exchange->server->config.env, &exchange->slot->account, call, &record);

	if (result == ACCOUNT_OK) {
		answer_bytes(exchange, 410, OCTETS, &record);
		exchange->answer.result = "gone";
		return;
	}
	call_sayf(call, "the account was wiped");
	answer_account(exchange, result == ACCOUNT_RETRY ? result : ACCOUNT_GONE, call);
}

static void answer_created(
    struct exchange *exchange, unsigned status, const struct account_id *account)
{
	char hex[2 * ACCOUNT_ID_LEN + 1];
	struct bytes body = {0};
	struct buffer text;

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	buffer_init(&text, 128);
	buffer_addf(&text, "{\"account\":\"%s\"}\n", hex);
	if (buffer_take(&text, &body))
		answer_bytes(exchange, status, JSON, &body);
	else
		answer_busy(exchange, 503, "no memory");
	buffer_clear(&text);
}

/* Whoever sent this has an invitation (gate.c), but perhaps one of another account. False:
 * answered.
 */
static bool spend_invite(struct exchange *exchange, struct call *call)
{
	const struct http_config *config = &exchange->server->config;
	enum account_result result = ACCOUNT_OK;

	if (!config->create_open)
		result = config->invites.spend(
		    config->invites.self, exchange->invite, &exchange->slot->account, call);
	if (result == ACCOUNT_REFUSED)
		answer_problem(exchange, 403, "invite", "uninvited", call->message);
	else if (result != ACCOUNT_OK)
		answer_account(exchange, result, call);
	return result == ACCOUNT_OK;
}

static void work_create(struct exchange *exchange, struct call *call)
{
	struct http_server *server = exchange->server;
	struct http_slot *slot = exchange->slot;
	enum account_result result = auth_refresh(server, slot, call);

	if (result == ACCOUNT_OK) { /* there already: whoever made it, the id is the genesis' */
		answer_created(exchange, 200, &slot->account);
		return;
	}
	if (result == ACCOUNT_ABSENT) {
		if (!spend_invite(exchange, call))
			return;
		(void)pthread_mutex_lock(&slot->lock);
		result = account_create(
		    &server->config.env, &slot->cache, buffer_view(&exchange->body), call);
		if (result == ACCOUNT_OK)
			http_accounts_learn(server->accounts, slot, exchange->start_ms,
			    &slot->cache.roster_hash, NULL);
		limits_settle(exchange, &slot->account, &slot->cache, result == ACCOUNT_OK);
		(void)pthread_mutex_unlock(&slot->lock);
		http_gate_forget(server->gate, &slot->account);
	}
	if (result == ACCOUNT_OK)
		answer_created(exchange, 201, &slot->account);
	else if (result == ACCOUNT_GONE)
		answer_gone(exchange, call);
	else
		answer_account(exchange, result, call);
}

/* Not ended, it may have been begun: the record may stand. */
static void wipe_told(struct exchange *exchange, enum account_result result)
{
	const struct http_keeper *keeper = &exchange->server->config.keeper;

	if (keeper->wiped != NULL && result != ACCOUNT_REFUSED && result != ACCOUNT_ABSENT)
		keeper->wiped(keeper->self, &exchange->target->account);
}

static void work_wipe(struct exchange *exchange, struct call *call)
{
	struct http_server *server = exchange->server;
	struct http_slot *slot = exchange->slot;
	struct view wipe = buffer_view(&exchange->body);
	struct receipt receipt = {.account = exchange->target->account};
	struct wipe_report report = {0};
	struct bytes encoded = {0};
	enum account_result result;

	assert(wipe.len > 0); /* to the account code that would be the operator's removal */
	(void)pthread_mutex_lock(&slot->lock);
	result =
	    account_wipe(&server->config.env, &slot->cache, &slot->account, wipe, call, &report);
	if (result == ACCOUNT_OK)
		http_accounts_forget(server->accounts, slot);
	(void)pthread_mutex_unlock(&slot->lock);
	http_gate_forget(server->gate, &slot->account);
	wipe_told(exchange, result);
	if (result != ACCOUNT_OK) {
		answer_account(exchange, result, call);
		return;
	}
	digest_view(DOMAIN_WIPE, wipe, &receipt.wipe_hash);
	receipt.objects_removed = report.objects_removed;
	receipt.bytes_removed = report.bytes_removed;
	receipt.empty_at_ms = report.empty_at_ms;
	memcpy(receipt.signer, server->receipt_public, SIGN_PUBLIC_LEN);
	if (receipt_encode(&receipt, server->config.receipt_secret, &encoded) == FORMAT_OK)
		answer_bytes(exchange, 200, OCTETS, &encoded);
	else
		answer_busy(exchange, 503, "no memory");
}

bool work_run(struct exchange *exchange)
{
	struct call call;

	call_init(&call, exchange->call_deadline_ms);
	if (server_now(exchange->server) >= exchange->call_deadline_ms) {
		answer_busy(exchange, 503, "the request waited too long for its turn");
		return true;
	}
	switch (exchange->target->route) {
	case ROUTE_SYNC: work_sync(exchange, &call); return true;
	case ROUTE_BLOB_GET: work_blob_get(exchange, &call); return true;
	case ROUTE_BLOB_PUT: work_blob_put(exchange, &call); return true;
	case ROUTE_WATCH: return !work_watch(exchange, &call);
	case ROUTE_CREATE: work_create(exchange, &call); return true;
	case ROUTE_WIPE: work_wipe(exchange, &call); return true;
	case ROUTE_ROSTER:
	case ROUTE_WIPE_RECORD:
	case ROUTE_INFO:
	case ROUTE_HEALTH:
	case ROUTE_READY:
	case ROUTE_METRICS:
	case ROUTE_NONE: break;
	}
	assert(false); /* answered without one of these workers */
	return true;
}
