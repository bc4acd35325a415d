/*
 * gateway/http/auth.c: who asks? The parameters of the signature name account and device; the key
 * is the roster's. A device's key never changes, for its id is the key's hash: so a signature may
 * be checked with a roster of any age, and only whether the device is live needs a new one.
 */
#include "gateway/http/auth.h"

#include "gateway/http/accounts.h"
#include "gateway/http/answer.h"
#include "gateway/http/limits.h"
#include "gateway/http/refresh.h"
#include "gateway/http/routes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_SLACK_S 300 /* |now - created| */

/* Whether the parameters' times are now. */
static bool clock_holds(const struct exchange *exchange)
{
	int64_t now_s = clock_wall_ms(exchange->server->config.env.clock) / 1000;
	const struct http_signature *signature = &exchange->signature;

	return signature->created_s <= now_s + CLOCK_SLACK_S &&
	       signature->created_s >= now_s - CLOCK_SLACK_S && signature->expires_s >= now_s;
}

static bool copy_text(const char *text, char *out, size_t out_size)
{
	size_t len = text == NULL ? out_size : strnlen(text, out_size);

	if (len == out_size)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

/*
 * All but the body, whose digest is signed, and comes in the header. Under any of the gateway's
 * names: which of them the client was given is its own affair. NO_MEMORY says nothing of it.
 */
static enum format_result head_check(
    const struct exchange *exchange, const uint8_t sign_public[SIGN_PUBLIC_LEN])
{
	const struct http_config *config = &exchange->server->config;
	const struct http_route_traits *traits = http_route_traits(exchange->target->route);
	const struct exchange_auth *auth = exchange->auth;
	struct http_request request = {
	    .method = traits->method,
	    .path = exchange->target->path,
	    .query = exchange->target->query,
	    .content_type = traits->content_type,
	};
	enum format_result result = FORMAT_FORGED;

	for (size_t i = 0; i < config->names_count; i++) {
		enum format_result checked;

		request.authority = config->names[i];
		checked =
		    http_signature_check_head(&request, auth->texts.input, auth->texts.signature,
			auth->has_digest ? auth->texts.digest : NULL, sign_public);
		if (checked == FORMAT_OK)
			return FORMAT_OK;
		if (checked == FORMAT_NO_MEMORY)
			result = FORMAT_NO_MEMORY;
	}
	return result;
}

static void answer_unsigned(struct exchange *exchange, enum format_result checked)
{
	char detail[CALL_MESSAGE_MAX];

	if (checked == FORMAT_NO_MEMORY) {
		answer_busy(exchange, 503, "no memory");
		return;
	}
	(void)snprintf(detail, sizeof(detail),
	    "the signature does not hold for this request under any name of this gateway, such as "
	    "%s",
	    exchange->server->config.names[0]);
	answer_problem(exchange, 401, "signature", "forged", detail);
	exchange->answer.close = true; /* the next forgery costs a connection */
}

void auth_answer_not_member(struct exchange *exchange)
{
	answer_problem(
	    exchange, 401, "stranger", "stranger", "this device does not belong to the account");
}

void auth_verify(struct exchange *exchange, const struct http_member *member)
{
	/* The key is the same in every roster: a device's id is its hash. */
	enum format_result checked = head_check(exchange, member->sign_public);

	if (checked != FORMAT_OK) {
		answer_unsigned(exchange, checked);
		return;
	}
	exchange->passed = true;
	if (member->live)
		limits_known(exchange);
}

bool auth_begin(struct exchange *exchange, const struct http_head *head)
{
	const char *message = "the request is not signed";
	struct exchange_auth *auth;
	struct http_member member;
	bool has_body = false;

	if (head->input == NULL || head->signature == NULL)
		goto refused;
	auth = calloc(1, sizeof(*auth));
	if (auth == NULL) {
		answer_busy(exchange, 503, "no memory");
		return false;
	}
	exchange->auth = auth;
	auth->has_digest = head->digest != NULL;
	message = "the signature is not in the form that is taken here";
	if (!copy_text(head->input, auth->texts.input, sizeof(auth->texts.input)) ||
	    !copy_text(head->signature, auth->texts.signature, sizeof(auth->texts.signature)) ||
	    (auth->has_digest &&
		!copy_text(head->digest, auth->texts.digest, sizeof(auth->texts.digest))) ||
	    http_signature_parse(auth->texts.input, &exchange->signature, &has_body) != FORMAT_OK)
		goto refused;
	message = "the signature does not cover the body, or covers one that is not there";
	if (has_body != (http_route_traits(exchange->target->route)->content_type != NULL) ||
	    has_body != auth->has_digest)
		goto refused;
	if (!clock_holds(exchange)) {
		answer_problem(exchange, 401, "clock", "clock",
		    "the signature's time is not now, by the clock here");
		return false;
	}
	if (http_accounts_known(exchange->server->accounts, &exchange->signature.account,
		&exchange->signature.device, &member))
		auth_verify(exchange, &member);
	return exchange->answer.status == 0;
refused:
	answer_problem(exchange, 401, "signature", "unsigned", message);
	return false;
}

enum account_result auth_check(struct exchange *exchange, struct call *call, bool revoked_too)
{
	struct http_server *server = exchange->server;
	/* A sync judges by the newest roster itself, whether a device is live: any view will do. */
	int64_t since_ms = revoked_too ? INT64_MIN + 1 : exchange->start_ms - HTTP_ROSTER_AGE_MS;
	const struct exchange_auth *auth = exchange->auth;
	enum http_known known;

	assert(auth != NULL && exchange->passed && exchange->slot != NULL);
	if (auth->has_digest &&
	    !http_digest_holds(buffer_view(&exchange->body), auth->texts.digest)) {
		answer_unsigned(exchange, FORMAT_FORGED);
		return ACCOUNT_REFUSED;
	}
	/* What was read in the very millisecond of the request may be older than it. */
	known = http_accounts_member(server->accounts, exchange->slot, &exchange->signature.device,
	    since_ms, exchange->start_ms + 1);
	if (known == KNOWN_STALE) {
		enum account_result result =
		    http_refresh(server->accounts, &server->config.env, exchange->slot, call);

		if (result != ACCOUNT_OK)
			return result;
		known = http_accounts_member(server->accounts, exchange->slot,
		    &exchange->signature.device, since_ms, exchange->start_ms);
	}
	switch (known) {
	case KNOWN_LIVE:
	case KNOWN_REVOKED: break;
	case KNOWN_STALE: /* not even after it was read */
		answer_busy(exchange, 503, "no memory");
		return ACCOUNT_REFUSED;
	case KNOWN_NOT_MEMBER: auth_answer_not_member(exchange); return ACCOUNT_REFUSED;
	}
	if (known == KNOWN_LIVE || revoked_too)
		return ACCOUNT_OK;
	answer_problem(
	    exchange, 403, "revoked", "revoked", "this device was revoked: a sync shows the proof");
	return ACCOUNT_REFUSED;
}

bool auth_admit(struct exchange *exchange, struct call *call)
{
	enum account_result result = auth_check(exchange, call, false);

	if (result != ACCOUNT_OK && exchange->answer.status == 0)
		answer_account(exchange, result, call);
	return result == ACCOUNT_OK && limits_rate(exchange, false);
}
