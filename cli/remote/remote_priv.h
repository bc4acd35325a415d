/*
 * cli/remote/remote_priv.h: the two ways that remote_open.c chooses between, one file each.
 */
#ifndef INKSEAL_REMOTE_PRIV_H
#define INKSEAL_REMOTE_PRIV_H

#include "cli/remote/remote.h"

/* remote_direct.c. Clock and randomness are copied. */
MUST_USE struct remote *remote_direct(const char *url, const struct clock *clock,
    const struct random *random, struct view known, struct call *call);
/* remote_http.c. url is http: or https:. Likewise. */
MUST_USE struct remote *remote_http(const char *url, const struct clock *clock,
    const struct random *random, const struct remote_access *access, struct call *call);
/* Says that it has passed the probe of its bucket (/readyz). */
MUST_USE bool remote_http_ready(
    const char *url, const struct clock *clock, const struct random *random, struct call *call);

#endif
