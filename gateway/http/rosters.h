/*
 * gateway/http/rosters.h: the rosters of accounts that are not in memory, read beside the table's
 * caches for senders who are not authenticated: without an account's lock, and once for all who ask
 * within a second. Also remembers which accounts were found lately: an id is a guess until then.
 * Any thread may call; several may load at once.
 */
#ifndef INKSEAL_HTTP_ROSTERS_H
#define INKSEAL_HTTP_ROSTERS_H

#include "gateway/http/accounts.h"

#define HTTP_ROSTERS_MAX 16u /* kept at once: more than there are threads that load them */

struct http_rosters;
/* What is read is taught to the table, too. All are borrowed until http_rosters_free. NULL: no
 * memory. */
MUST_USE struct http_rosters *http_rosters_new(
    const struct account_env *env, struct http_accounts *accounts);
void http_rosters_free(struct http_rosters *rosters); /* NULL is fine */

/*
 * What is known of the account. OK: *copy_out is its roster. GONE: the record of its wipe, empty if
 * that is not at hand. Else *copy_out is empty. call->message says why, but for OK.
 */
MUST_USE enum account_result http_rosters_state(struct http_rosters *rosters,
    const struct account_id *account, struct call *call, struct bytes *copy_out);

enum http_found {
	FOUND_MEMBER,
	FOUND_NOT_MEMBER, /* by a roster that is newer than the request */
	FOUND_BUSY,       /* one would have to be read, and was a moment ago */
};
/*
 * The device's row of the account's roster, for a request that came at asked_ms (monotonic): a
 * device that is not in it may have been added a moment ago, so it is read again, but not often.
 */
MUST_USE enum http_found http_rosters_member(struct http_rosters *rosters,
    const struct account_id *account, const struct device_id *device, int64_t asked_ms,
    struct call *call, struct http_member *out);
/* The account was there lately. */
bool http_rosters_found(struct http_rosters *rosters, const struct account_id *account);
/* The account was changed here: what was read of its roster before is told no more. */
void http_rosters_forget(struct http_rosters *rosters, const struct account_id *account);

#endif
