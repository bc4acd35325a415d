/*
 * gateway/http/admission.h: how many requests of senders who are not authenticated may be at the
 * gate at once: of all together, of one account, of one address, and for accounts that nobody has
 * found lately. Any thread may call.
 */
#ifndef INKSEAL_HTTP_ADMISSION_H
#define INKSEAL_HTTP_ADMISSION_H

#include "schemas/format.h"

struct http_admission_limits {
	unsigned all_max, account_max, address_max;
};
struct http_visitor {
	const void *request;       /* tells it from the others */
	struct account_id account; /* creates: all zero */
	uint64_t peer;             /* http_peer_key of its address; 0: addresses are not counted */
	bool found;                /* the account was there lately */
};
struct http_admission;
MUST_USE struct http_admission *http_admission_new(
    const struct http_admission_limits *limits);            /* NULL: no memory */
void http_admission_free(struct http_admission *admission); /* NULL is fine */
/* 0: it is inside from now on. Else the status of the refusal: 503, or 429 for its own share. */
MUST_USE unsigned http_admission_enter(
    struct http_admission *admission, const struct http_visitor *visitor);
void http_admission_leave(struct http_admission *admission, const void *request);
size_t http_admission_count(struct http_admission *admission); /* those inside */

#endif
