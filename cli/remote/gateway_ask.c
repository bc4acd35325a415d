/*
 * cli/remote/gateway_ask.c: when a request to a gateway is sent again, and what is learned of the
 * gateway on the way: that it is there, what its clock shows, which of our keys sign.
 */
#include "cli/remote/gateway_ask.h"

#include <stdio.h>
#include <string.h>

#define CUT_TRIES 2u            /* of a request whose answer is lost: the second at once */
#define CUT_WAIT_MIN_MS 500     /* then after this, and up to as much again: a gateway that is */
#define CUT_WAIT_MORE_MS 500    /* started anew needs a moment, and not all of us at once */
#define BUSY_SPREAD_MAX_MS 1000 /* beyond a Retry-After, for the same reason */

static bool header_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static bool is_invite(const char *invite)
{
	return invite[0] != '\0' && strlen(invite) <= REMOTE_INVITE_MAX && header_text(invite);
}

bool gateway_init(struct gateway *gateway, const char *authority, const struct clock *clock,
    const struct random *random, const struct remote_access *access, struct call *call)
{
	*gateway = (struct gateway){.clock = *clock,
	    .random = *random,
	    .access = *access,
	    .as_recovery = access->recovery != NULL};
	(void)snprintf(gateway->authority, sizeof(gateway->authority), "%s", authority);
	if (access->skew_ms > GATEWAY_SKEW_MAX_MS || access->skew_ms < -GATEWAY_SKEW_MAX_MS)
		gateway->access.skew_ms = 0;
	if (access->invite == NULL || is_invite(access->invite))
		return true;
	call_sayf(call, "that is not an invite: it is one word, as inkseald invite prints");
	return false;
}

void gateway_sign_as(struct gateway *gateway, const struct device_id *device)
{
	const struct device_keys *recovery = gateway->access.recovery;

	gateway->as_recovery = recovery != NULL && device_equal(device, &recovery->id);
}

void gateway_ask_begin(
    struct gateway_ask *ask, struct gateway *gateway, const struct gateway_request *request)
{
	*ask = (struct gateway_ask){.gateway = gateway, .request = request};
}

bool gateway_ask_headers(const struct gateway_ask *ask, struct gateway_headers *out)
{
	const struct gateway *gateway = ask->gateway;
	const struct gateway_signer signer = {
	    .keys = gateway->as_recovery ? gateway->access.recovery : gateway->access.keys,
	    .authority = gateway->authority,
	    .now_ms = clock_wall_ms(&gateway->clock) + gateway->access.skew_ms,
	    .random = &gateway->random,
	};

	return gateway_headers_make(ask->request, &signer, out);
}

/* From 0 to less than below, evenly enough for jitter. */
static int64_t some_of(const struct gateway *gateway, int64_t below)
{
	uint32_t random;

	random_fill(&gateway->random, &random, sizeof(random));
	return below <= 0 ? 0 : (int64_t)(random % (uint64_t)below);
}

static int64_t cut_wait_ms(const struct gateway *gateway)
{
	return CUT_WAIT_MIN_MS + some_of(gateway, CUT_WAIT_MORE_MS);
}

/* Many that were refused together are not to come again together. */
static int64_t busy_wait_ms(const struct gateway *gateway, int64_t asked_ms)
{
	int64_t spread_ms = asked_ms / 2;

	return asked_ms +
	       some_of(gateway, spread_ms < BUSY_SPREAD_MAX_MS ? spread_ms : BUSY_SPREAD_MAX_MS);
}

/* False: the clocks are too far apart, or the gateway does not say what its own shows. */
static bool follow_clock(
    struct gateway *gateway, const struct gateway_answer *answer, struct call *call)
{
	int64_t skew_ms = answer->date_ms - clock_wall_ms(&gateway->clock);

	if (answer->date_ms == 0)
		return false;
	if (skew_ms > GATEWAY_SKEW_MAX_MS || skew_ms < -GATEWAY_SKEW_MAX_MS) {
		call_sayf(call, "this device's clock and the gateway's are more than a day apart: "
				"set this one");
		return false;
	}
	gateway->access.skew_ms = skew_ms;
	return true;
}

/* The gateway's names may have been changed since the URL was kept. */
static void advise_name(struct call *call)
{
	char said[CALL_MESSAGE_MAX];

	memcpy(said, call->message, sizeof(said));
	call_sayf(call,
	    "%.300s; if this device has its URL with another name, inkseal sync on URL, with that "
	    "one, changes it",
	    said);
}

enum gateway_next gateway_ask_answered(struct gateway_ask *ask, const struct gateway_answer *answer,
    struct call *call, enum remote_result *result_out)
{
	struct gateway *gateway = ask->gateway;
	char code[GATEWAY_CODE_MAX + 1];
	enum remote_result result =
	    gateway_answer_result(answer, ask->request->answer_type, call, code);

	gateway->reached = true;
	if (result == REMOTE_LATER)
		call->retry_after_ms = busy_wait_ms(gateway, call->retry_after_ms);
	if (result == REMOTE_OK && answer->message[0] != '\0')
		call_sayf(call, "the gateway: %s", answer->message);
	if (result == REMOTE_REFUSED && strcmp(code, "clock") == 0 && !ask->clock_followed &&
	    follow_clock(gateway, answer, call)) {
		ask->clock_followed = true;
		return GATEWAY_SEND;
	}
	if (result == REMOTE_REFUSED && strcmp(code, "signature") == 0)
		advise_name(call);
	*result_out = result;
	return GATEWAY_OVER;
}

static enum remote_result lost_result(
    const struct gateway *gateway, enum gateway_lost lost, struct call *call)
{
	switch (lost) {
	case GATEWAY_UNREACHABLE:
		if (!gateway->reached)
			return REMOTE_UNREACHABLE;
		call->retry_after_ms = cut_wait_ms(gateway);
		return REMOTE_LATER;
	case GATEWAY_CUT: call->retry_after_ms = cut_wait_ms(gateway); return REMOTE_LATER;
	case GATEWAY_CANCELLED: return REMOTE_LATER;
	case GATEWAY_HOPELESS: break;
	}
	return REMOTE_FAILED;
}

enum gateway_next gateway_ask_lost(struct gateway_ask *ask, enum gateway_lost lost,
    struct call *call, enum remote_result *result_out)
{
	if (lost == GATEWAY_CUT && ++ask->cuts < CUT_TRIES)
		return GATEWAY_SEND;
	*result_out = lost_result(ask->gateway, lost, call);
	return GATEWAY_OVER;
}
