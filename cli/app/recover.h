/*
 * cli/app/recover.h: adds this device to an account by its recovery code, and fetches the
 * journal. Entries that are in the home stay, and go to the account too.
 */
#ifndef INKSEAL_RECOVER_H
#define INKSEAL_RECOVER_H

#include "cli/app/session.h"

struct recovery_wish {
	const char *url;
	const char *device_name;
	bool under_passphrase;     /* the keys: one is asked for */
	bool allow_deletions;      /* as in sync_asked */
	struct recovery_code code; /* a secret */
};
struct recovered {
	struct account_id account;
	uint64_t entries, devices, epoch;
	struct head head;
};
/* A recovery code as a person types it. */
MUST_USE enum code recovery_code_read(struct app *app, struct view text, struct recovery_code *out);
/* Cut off anywhere, the next run with the same code goes on. */
MUST_USE enum code app_recover(
    struct session *session, const struct recovery_wish *wish, struct recovered *out);

#endif
