/*
 * gateway/http/refresh.h: reads an account's newest manifest and roster into its slot.
 */
#ifndef INKSEAL_HTTP_REFRESH_H
#define INKSEAL_HTTP_REFRESH_H

#include "gateway/http/accounts.h"

/*
 * Takes the slot's lock. The table learns what was read; ABSENT and GONE: that there is no such
 * account any more. Any other result leaves it as it is.
 */
MUST_USE enum account_result http_refresh(struct http_accounts *accounts,
    const struct account_env *env, struct http_slot *slot, struct call *call);

#endif
