/*
 * gateway/http/auth.h: who asks? The form and time of a request's signature, the signature itself
 * against a device's key, and whether the device is live.
 */
#ifndef INKSEAL_HTTP_AUTH_H
#define INKSEAL_HTTP_AUTH_H

#include "gateway/http/exchange.h"
#include "gateway/http/head.h"

#define HTTP_ROSTER_AGE_MS 60000 /* how old a view may be that a blob or a watch is served on */

/*
 * When the header of a signed request is here: the signature's form and time, and for a device that
 * is in memory the signature itself; for another one exchange->passed stays false, and the gate
 * goes on. False: answered.
 */
MUST_USE bool auth_begin(struct exchange *exchange, const struct http_head *head);
/* The signature against the member's key: the exchange has passed from then on, or is answered. */
void auth_verify(struct exchange *exchange, const struct http_member *member);
/* Answers that the device does not belong to the account. */
void auth_answer_not_member(struct exchange *exchange);
/*
 * In a worker, with the body and the slot: the body is what was signed, and the device is live.
 * OK: it is; revoked_too: or was once. GONE, ABSENT, RETRY…: the account could not be read.
 * REFUSED: answered.
 */
MUST_USE enum account_result auth_check(
    struct exchange *exchange, struct call *call, bool revoked_too);
/* The same for a live device, and that it does not ask too often. False: answered. */
MUST_USE bool auth_admit(struct exchange *exchange, struct call *call);

#endif
