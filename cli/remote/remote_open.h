/*
 * cli/remote/remote_open.h: a remote by its URL: this knows both ways there, which remote.h does
 * not.
 */
#ifndef INKSEAL_REMOTE_OPEN_H
#define INKSEAL_REMOTE_OPEN_H

#include "cli/remote/remote.h"

/*
 * Opens "dir:PATH", "s3:…" (gateway/bucket/bucket_open.h) or a gateway, "http://HOST" or
 * "https://HOST". known: what remote_known gave in an earlier run, or empty; for buckets. NULL:
 * call->message. Free with remote_close.
 */
MUST_USE struct remote *remote_open(const char *url, const struct clock *clock,
    const struct random *random, struct view known, const struct remote_access *access,
    struct call *call);
/* A gateway by http:// that is not on this machine by its name (localhost) or loopback address. */
bool remote_is_plain(const char *url);

/* Is what the URL names fit to hold an account? On any but REMOTE_FIT call->message says why not.
 */
enum remote_fit {
	REMOTE_FIT,         /* no promise was seen broken */
	REMOTE_FIT_BROKEN,  /* one was: two devices could overwrite each other's commits there */
	REMOTE_FIT_REFUSED, /* nothing can be tried: no right to write, or the disk is full */
	REMOTE_FIT_LATER,   /* it did not answer, or the work was cancelled */
};
/*
 * The capability probe (gateway/bucket/bucket.h) of a bucket, for 2 s, or thorough for up to 20; a
 * gateway is asked whether its own has passed. cancelled is asked now and then; NULL: never.
 */
MUST_USE enum remote_fit remote_probe(const char *url, const struct clock *clock,
    const struct random *random, bool thorough, bool (*cancelled)(void), struct call *call);

#endif
