/*
 * gateway/daemon/invites.h: single-use tokens in the bucket, n/<hash>.
 */
#ifndef INKSEAL_DAEMON_INVITES_H
#define INKSEAL_DAEMON_INVITES_H

#include "gateway/account/account.h"

MUST_USE enum account_result invites_make(
    const struct account_env *env, struct call *call, char token_out[64]);
/* As struct http_invites has it; self is a const struct account_env. */
MUST_USE enum account_result invites_check(void *self, const char *token, struct call *call);
MUST_USE enum account_result invites_spend(
    void *self, const char *token, const struct account_id *account, struct call *call);

#endif
