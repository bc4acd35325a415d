/*
 * cli/app/wipe.h: removes the account's data in the cloud, until a listing is empty; the
 * journal here stays. What is left there is the signed record of the wipe.
 */
#ifndef INKSEAL_WIPE_H
#define INKSEAL_WIPE_H

#include "cli/app/session.h"

struct wiped {
	struct account_id account;
	uint64_t objects_removed, bytes_removed;
	int64_t empty_at_ms;
	struct bytes receipt; /* signed, as it is kept in the home; yours */
};
/* Asks before anything is sent. */
MUST_USE enum code app_wipe(struct session *session, struct wiped *out);

/* The receipt's file in the home. */
#define RECEIPT_NAME_MAX (2u * ACCOUNT_ID_LEN + sizeof("receipt-.cbor"))
void receipt_name(const struct account_id *account, char out[RECEIPT_NAME_MAX]);

#endif
