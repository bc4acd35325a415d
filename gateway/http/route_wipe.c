/*
 * gateway/http/route_wipe.c: wiping an account.
 */
#include "gateway/http/route_wipe.h"

#include "gateway/http/answer.h"
#include "gateway/http/learn.h"
#include "gateway/http/limits.h"
#include "gateway/http/rosters.h"
#include "schemas/statement.h"

#include <assert.h>
#include <string.h>

static enum format_result wipe_by_roster(struct exchange *exchange, struct view encoded,
    const struct wipe *wipe, struct call *call, bool *busy_out)
{
	enum format_result checked;
	struct http_member member;

	switch (http_rosters_member(exchange->server->rosters, &wipe->account, &wipe->device,
	    exchange->start_ms, call, &member)) {
	case FOUND_MEMBER: break;
	case FOUND_BUSY: *busy_out = true; return FORMAT_FORGED;
	case FOUND_NOT_MEMBER: return FORMAT_FORGED;
	}
	checked = member.live ? wipe_signed_by(encoded, member.wipe_public) : FORMAT_FORGED;
	if (checked == FORMAT_OK)
		limits_known(exchange);
	return checked;
}

/* The wipe's own signature, before anything waits for the account's lock on its behalf. */
void route_wipe_gate(struct exchange *exchange, struct call *call)
{
	struct view encoded = buffer_view(&exchange->body);
	struct bytes bytes = {0};
	struct wipe wipe;
	enum account_result result =
	    http_rosters_state(exchange->server->rosters, &exchange->target->account, call, &bytes);
	enum format_result checked = FORMAT_FORGED;
	bool busy = false;

	if (result != ACCOUNT_OK && (result != ACCOUNT_GONE || bytes.len == 0)) {
		answer_account(exchange, result, call);
		goto done;
	}
	if (wipe_decode(encoded, &wipe) == FORMAT_OK &&
	    account_equal(&wipe.account, &exchange->target->account))
		checked = result == ACCOUNT_GONE
			      ? account_wipe_by_record(view_bytes(&bytes), encoded, &wipe)
			      : wipe_by_roster(exchange, encoded, &wipe, call, &busy);
	if (busy)
		limits_answer_crowd(exchange, 429);
	else if (checked == FORMAT_NO_MEMORY)
		answer_busy(exchange, 503, "no memory");
	else if (checked != FORMAT_OK)
		answer_problem(exchange, 409, "refused", "refused",
		    "the wipe is refused: no live device of this account has signed it");
done:
	bytes_clear(&bytes);
}

/* Not ended, it may have been begun: the record may stand. */
static void wipe_told(struct exchange *exchange, enum account_result result)
{
	const struct http_keeper *keeper = &exchange->server->config.keeper;

	if (keeper->wiped != NULL && result != ACCOUNT_REFUSED && result != ACCOUNT_ABSENT)
		keeper->wiped(keeper->self, &exchange->target->account);
}

void route_wipe(struct exchange *exchange, struct call *call)
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
	http_rosters_forget(server->rosters, &slot->account);
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
		answer_bytes(exchange, 200, HTTP_OCTETS, &encoded);
	else
		answer_busy(exchange, 503, "no memory");
}
