/*
 * gateway/http/budget.h: memory that all requests share, for their bodies or for their answers.
 * Nobody gets all of it: each account's devices have a part, and all who are not authenticated
 * share one part. Accounts have a fixed number of places, found by a keyed hash: two accounts that
 * meet in one share its part. Any thread may call.
 */
#ifndef INKSEAL_HTTP_BUDGET_H
#define INKSEAL_HTTP_BUDGET_H

#include "gateway/http/metrics.h"
#include "schemas/base/base.h"

#include <stdatomic.h>

#define HTTP_PARTS_COUNT 1024u
struct http_budget {                /* all in bytes */
	size_t max;                 /* of all together */
	size_t account_max;         /* … of one account, by its live devices */
	size_t unauthenticated_max; /* … of all others */
	enum http_refused refused;  /* what a refusal counts as, if it is all together */
	_Atomic size_t held;
	_Atomic size_t unauthenticated;
	_Atomic size_t accounts[HTTP_PARTS_COUNT];
};
struct http_holder {   /* whose memory it is */
	bool known;    /* a live device's, as far as is known without asking */
	uint32_t hash; /* … of this account: the table's keyed hash of its id */
};
/* Would len bytes more fit? Takes nothing. *why_out: what the refusal counts as. */
MUST_USE bool http_budget_fits(
    struct http_budget *budget, struct http_holder holder, size_t len, enum http_refused *why_out);
/* Takes them, also where that is too much: false says that it was, and *why_out why. */
MUST_USE bool http_budget_take(
    struct http_budget *budget, struct http_holder holder, size_t len, enum http_refused *why_out);
void http_budget_give(struct http_budget *budget, struct http_holder holder, size_t len);
/* What was taken for one holder is another's from now on. */
void http_budget_move(
    struct http_budget *budget, struct http_holder from, struct http_holder to, size_t len);

#endif
