/*
 * cli/app/unlock.h: the keys of this device, in a file of the home: read, and opened with the
 * passphrase that it needs, or made.
 */
#ifndef INKSEAL_UNLOCK_H
#define INKSEAL_UNLOCK_H

#include "cli/app/session.h"

/* Key file: read, and opened with the passphrase it needs. */
MUST_USE enum code session_unlock(struct session *session);
/* The wipe key alone: needs no passphrase. */
MUST_USE enum code session_wipe_key(struct session *session);
/* Asks for one, twice. Yours to clear. */
MUST_USE enum code session_new_passphrase(struct session *session, struct bytes *out);
/* New keys, and the file they are kept in: under that passphrase, or {0}: under none. */
MUST_USE enum code session_new_keys(struct session *session, struct view passphrase);

#endif
