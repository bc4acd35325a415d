/*
 * cli/remote/gateway_ask.h: one request to a gateway, until there is nothing more to be done about
 * it: sign it, send it, and from what came of that know whether to send it again. A machine without
 * I/O: who drives it sends (libcurl in remote_http.c, fetch in a browser) and tells what came back.
 *
 *   gateway_ask_begin
 *   while GATEWAY_SEND: gateway_ask_headers; send; gateway_ask_answered or gateway_ask_lost
 *
 * ASSUMPTION: whatever is sent to a gateway has one effect however often it is sent.
 */
#ifndef INKSEAL_GATEWAY_ASK_H
#define INKSEAL_GATEWAY_ASK_H

#include "cli/remote/gateway_answer.h"
#include "cli/remote/gateway_request.h"

#define GATEWAY_SKEW_MAX_MS (24 * 3600000LL) /* a device follows a gateway's clock so far */

/* What is known of a gateway from one request to the next. */
struct gateway {
	char authority[REMOTE_AUTHORITY_MAX + 1]; /* its host and port, as they are signed */
	struct clock clock;
	struct random random;
	struct remote_access access; /* its skew_ms follows the gateway's clock */
	bool as_recovery; /* the recovery device's keys sign: this one is not added yet */
	bool reached;     /* it has answered before: it is there, or was */
};
/* False: the invite is none, and the message says so. */
MUST_USE bool gateway_init(struct gateway *gateway, const char *authority,
    const struct clock *clock, const struct random *random, const struct remote_access *access,
    struct call *call);
/* A request of this device, or of the recovery device while it recovers: whose keys are to sign? */
void gateway_sign_as(struct gateway *gateway, const struct device_id *device);

/* There was no answer. */
enum gateway_lost {
	GATEWAY_UNREACHABLE, /* no connection: nothing was sent */
	GATEWAY_CUT,         /* the answer is missing; who can't tell these two apart says this */
	GATEWAY_CANCELLED,   /* by the person */
	GATEWAY_HOPELESS,    /* what answers there is no gateway, or there was no memory */
};
enum gateway_next {
	GATEWAY_SEND, /* once more, at once, with headers made anew */
	GATEWAY_OVER, /* *result_out is set; on REMOTE_OK the answer's body is what was asked for */
};
struct gateway_ask {
	struct gateway *gateway;
	const struct gateway_request *request;
	unsigned cuts;       /* tries whose answer was lost */
	bool clock_followed; /* it was signed again, by the gateway's clock */
};
/* Both borrowed until it is over. */
void gateway_ask_begin(
    struct gateway_ask *ask, struct gateway *gateway, const struct gateway_request *request);
/* The headers of the next sending. False: no memory. */
MUST_USE bool gateway_ask_headers(const struct gateway_ask *ask, struct gateway_headers *out);
/*
 * What came of it. call->message says why where it went wrong; call->retry_after_ms when to come
 * back, if that is of use. gateway_ask_lost finds the message there already.
 */
MUST_USE enum gateway_next gateway_ask_answered(struct gateway_ask *ask,
    const struct gateway_answer *answer, struct call *call, enum remote_result *result_out);
MUST_USE enum gateway_next gateway_ask_lost(struct gateway_ask *ask, enum gateway_lost lost,
    struct call *call, enum remote_result *result_out);

#endif
