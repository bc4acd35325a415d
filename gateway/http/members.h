/*
 * gateway/http/members.h: who belongs to an account, by its roster: the keys of each device, and
 * how many requests it has spent of what it may ask in a minute.
 */
#ifndef INKSEAL_HTTP_MEMBERS_H
#define INKSEAL_HTTP_MEMBERS_H

#include "schemas/roster.h"

enum http_purse { /* what a request is paid from */
	PURSE_REQUESTS,
	PURSE_STATEMENTS, /* beyond those, for what says that it holds a statement */
};
#define HTTP_PURSES_COUNT (PURSE_STATEMENTS + 1u)
struct http_member {
	struct device_id device;
	uint8_t sign_public[SIGN_PUBLIC_LEN];
	uint8_t wipe_public[SIGN_PUBLIC_LEN];
	bool live; /* not revoked */
	/* By then (monotonic) all that it has asked so far is paid for: see http_member_spend. */
	int64_t spent_us[HTTP_PURSES_COUNT];
};
/*
 * The members of a roster, given as its bytes. NULL: there is no memory, or the roster does not
 * hold. Freed with free.
 */
MUST_USE struct http_member *http_members_of(struct view roster, size_t *count_out);
/* NULL: there is none with that id. */
struct http_member *http_member_find(
    struct http_member *members, size_t count, const struct device_id *device);
/* A member that was there before has spent of its allowance what it had. */
void http_members_carry(struct http_member *members, size_t count, const struct http_member *before,
    size_t before_count);
/*
 * One request, of rate_max a minute; a minute's worth may come at once. 0: it is paid for; else in
 * how many ms it would be.
 */
MUST_USE int64_t http_member_spend(
    struct http_member *member, enum http_purse purse, int64_t now_ms, unsigned rate_max);
/* Gives one of rate_max a minute back. */
void http_member_refund(struct http_member *member, enum http_purse purse, unsigned rate_max);

#endif
