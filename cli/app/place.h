/*
 * cli/app/place.h: where the account is: the URL that a person gives, the remote behind it, and
 * what that must be before anything is begun there.
 */
#ifndef INKSEAL_PLACE_H
#define INKSEAL_PLACE_H

#include "cli/app/session.h"

/* Opens session->remote. kept: with what an earlier run knew of the account. */
MUST_USE enum code session_remote(struct session *session, const char *url, bool kept);
/*
 * Asks session->remote, opened at url, who it is. A gateway that does not answer to the URL's name
 * would refuse every signed request: that is said, with a URL to use, before anything is stored.
 */
MUST_USE enum code session_ask_gateway(
    struct session *session, const char *url, struct remote_info *out);
/* Keeps a gateway's receipt key: a wipe is judged by it. */
MUST_USE enum code session_pin_gateway(struct session *session, const struct remote_info *info);
/* The URL that sync is on with; session_remote on it. */
MUST_USE enum code session_own_remote(struct session *session);
/*
 * Tries a bucket that nothing was begun in from here yet; a gateway has tried its own. unsafe: what
 * to do where the bucket breaks a promise.
 */
MUST_USE enum code session_probe(struct session *session, const char *url, const char *unsafe);
/* What a remote's result means; call is the request's. */
MUST_USE enum code session_remote_result(
    struct session *session, enum remote_result result, const struct call *call);

/*
 * Is a URL that the person gave fit to be used? A gateway on another machine without TLS is by
 * app->plain_http alone. The URL that is kept has passed this: it is what is remembered of the
 * choice.
 */
MUST_USE enum code url_allowed(struct app *app, const char *url);
/*
 * "dir:" with a relative path is made absolute: it is kept, and used from other folders. A
 * gateway's URL loses a slash at its end.
 */
MUST_USE enum code url_absolute(struct app *app, const char *url, struct bytes *out);
/* A bucket opened by a mistyped path would be made, and say that the account is missing. */
MUST_USE enum code url_is_there(struct app *app, const char *url);
bool url_is_gateway(const char *url);

#endif
