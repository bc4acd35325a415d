/*
 * cli/app/begun.h: an account that `sync on` has begun: what it needs to ask for that very
 * account again if it was cut off, so that an invite is not burnt, and to show the recovery code
 * that nobody has seen yet. A file of the home, mode 0600, as secret as the key file beside it; it
 * is there only until the code was shown.
 */
#ifndef INKSEAL_BEGUN_H
#define INKSEAL_BEGUN_H

#include "cli/app/session.h"

MUST_USE enum code begun_write(
    struct session *session, const char *url, const struct account_new *account);
MUST_USE bool begun_is_there(struct session *session); /* with whatever URL */
/* False: none was begun with this URL, or its file does not hold. *out is yours. */
MUST_USE bool begun_read(struct session *session, const char *url, struct account_new *out);
/* Was it begun by these keys? Else nobody can go on with it. False: no memory to see. */
MUST_USE bool begun_is_of(
    const struct account_new *account, const struct device_keys *keys, bool *is_out);
void begun_remove(struct session *session);

#endif
