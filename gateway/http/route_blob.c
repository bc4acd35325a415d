/*
 * gateway/http/route_blob.c: blobs, one a request.
 */
#include "gateway/http/route_blob.h"

#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/limits.h"

void route_blob_get(struct exchange *exchange, struct call *call)
{
	struct account_cache own = {0}; /* a read needs none, unless the blob is missing */
	enum account_result result;
	struct bytes blob = {0};

	if (!auth_admit(exchange, call) || !limits_answer_room(exchange, BLOB_MAX))
		return;
	result = account_blob_get(&exchange->server->config.env, &own, &exchange->signature.account,
	    &exchange->target->blob, call, &blob);
	if (result == ACCOUNT_OK)
		answer_bytes(exchange, 200, HTTP_OCTETS, &blob);
	else
		answer_account(exchange, result, call);
	account_cache_clear(&own);
}

/* A copy of what a put needs; false: no memory. */
static bool borrow_cache(struct http_slot *slot, struct account_cache *out)
{
	bool copied;

	(void)pthread_mutex_lock(&slot->lock);
	copied = account_cache_copy(&slot->cache, out);
	(void)pthread_mutex_unlock(&slot->lock);
	return copied;
}

void route_blob_put(struct exchange *exchange, struct call *call)
{
	struct http_slot *slot = exchange->slot;
	const struct account_id *account = &exchange->signature.account;
	const struct blob_name *name = &exchange->target->blob;
	struct account_cache own = {0};
	enum account_result result;
	struct bytes none = {0};

	if (!auth_admit(exchange, call))
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
		limits_settle(exchange, account, 0, false);
		answer_busy(exchange, 503, "no memory");
		return;
	}
	result = account_blob_put(
	    &exchange->server->config.env, &own, account, name, buffer_view(&exchange->body), call);
	limits_settle(exchange, account, account_cache_take_put(&own), false);
	if (result == ACCOUNT_OK) {
		(void)pthread_mutex_lock(&slot->lock);
		account_cache_copy_put(&slot->cache, &own, name);
		(void)pthread_mutex_unlock(&slot->lock);
		answer_bytes(exchange, 204, NULL, &none);
	} else {
		answer_account(exchange, result, call);
	}
	account_cache_clear(&own);
}
