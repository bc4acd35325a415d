/*
 * cli/app/begin.h: a new account at a URL: keys, create request, recovery code.
 */
#ifndef INKSEAL_BEGIN_H
#define INKSEAL_BEGIN_H

#include "cli/app/session.h"

/*
 * Shows a person the account and its recovery code, a secret (NULL: it was shown before). Only once
 * it returns CODE_OK is the code forgotten here.
 */
typedef enum code account_see(
    struct app *app, const struct account_id *account, const char *recovery_code);

struct account_wish {
	const char *url;
	const char *device_name;
	bool under_passphrase; /* the keys: one is asked for */
	account_see *see;
};
/*
 * The session has no account yet; session->invite is for a gateway. What an earlier run began with
 * that URL, and was cut off from, is gone on with.
 */
MUST_USE enum code app_begin(struct session *session, const struct account_wish *wish);
/* Has wish->see show it. code NULL: not again. */
MUST_USE enum code account_show(struct session *session, const struct account_wish *wish,
    const struct account_id *account, const struct recovery_code *code);

#endif
