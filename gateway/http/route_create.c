/*
 * gateway/http/route_create.c: creating an account.
 */
#include "gateway/http/route_create.h"

#include "gateway/http/answer.h"
#include "gateway/http/learn.h"
#include "gateway/http/limits.h"
#include "gateway/http/refresh.h"
#include "gateway/http/rosters.h"
#include "schemas/roster.h"

#include <stdlib.h>

/* The invitation before anything is decoded: checking what it holds costs more than asking. */
static bool may_create(struct exchange *exchange, struct call *call)
{
	const struct http_config *config = &exchange->server->config;
	enum account_result result;

	if (config->create_open)
		return true;
	result = config->invites.check(config->invites.self, exchange->invite, call);
	if (result == ACCOUNT_REFUSED)
		answer_problem(exchange, 403, "invite", "uninvited", call->message);
	else if (result != ACCOUNT_OK)
		answer_account(exchange, result, call);
	return result == ACCOUNT_OK;
}

void route_create_gate(struct exchange *exchange, struct call *call)
{
	struct roster *roster;
	struct create create;
	enum format_result format = FORMAT_NO_MEMORY;
	const char *fault;

	if (!may_create(exchange, call))
		return;
	roster = calloc(1, sizeof(*roster));
	if (roster != NULL)
		format = create_decode(buffer_view(&exchange->body), &create, roster);
	fault = format == FORMAT_OK && roster->statements_count != 1
		    ? "an account begins with one statement"
		    : format_result_text(format);
	if (format == FORMAT_NO_MEMORY) /* says nothing of the request */
		answer_busy(exchange, 503, "no memory");
	else if (format != FORMAT_OK || roster->statements_count != 1)
		answer_problem(exchange, 400, format == FORMAT_NEWER ? "newer" : "malformed",
		    "malformed", fault);
	else
		exchange->target->account = create.account;
	free(roster);
}

/* The record of a wipe, as the body of a 410; without one: a problem. */
static void answer_gone(struct exchange *exchange, struct call *call)
{
	struct bytes record = {0};
	enum account_result result = account_wipe_record(
	    &exchange->server->config.env, &exchange->slot->account, call, &record);

	if (result == ACCOUNT_OK) {
		answer_bytes(exchange, 410, HTTP_OCTETS, &record);
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
	struct buffer text;

	hex_encode(view_of(account->bytes, ACCOUNT_ID_LEN), hex);
	buffer_init(&text, 128);
	buffer_addf(&text, "{\"account\":\"%s\"}\n", hex);
	answer_text(exchange, status, HTTP_JSON, &text);
}

/* Whoever sent this has an invitation, as the gate has seen, but perhaps one of another account.
 * False: answered.
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

void route_create(struct exchange *exchange, struct call *call)
{
	struct http_server *server = exchange->server;
	struct http_slot *slot = exchange->slot;
	enum account_result result =
	    http_refresh(server->accounts, &server->config.env, slot, call);
	struct digest roster_hash;

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
		(void)account_cache_roster(&slot->cache, &roster_hash);
		if (result == ACCOUNT_OK)
			http_accounts_learn(
			    server->accounts, slot, exchange->start_ms, &roster_hash, NULL);
		limits_settle(exchange, &slot->account, account_cache_take_put(&slot->cache),
		    result == ACCOUNT_OK);
		(void)pthread_mutex_unlock(&slot->lock);
		http_rosters_forget(server->rosters, &slot->account);
	}
	if (result == ACCOUNT_OK)
		answer_created(exchange, 201, &slot->account);
	else if (result == ACCOUNT_GONE)
		answer_gone(exchange, call);
	else
		answer_account(exchange, result, call);
}
