/*
 * cli/remote/crew.h: errands with blobs, several at once. Each worker is a thread with a remote of
 * its own (remote_ops.twin), begun when an errand finds none idle; where a remote has no twin the
 * errands are run one by one by who asks for them. One thread gives and takes.
 */
#ifndef INKSEAL_CREW_H
#define INKSEAL_CREW_H

#include "cli/remote/remote.h"

struct tries { /* of one request */
	unsigned count;
	int64_t begun_ms;
};

struct errand { /* a want of kind GET or PUT, and what came of it */
	struct sync_want want;
	enum engine_result sealed; /* PUT: anything but OK, and it was not sent */
	enum remote_result result;
	struct bytes blob;  /* GET: yours */
	struct call call;   /* of the request, or of the sealing */
	struct tries tries; /* for who gives it again */
};

struct crew;
/* All borrowed. NULL: no memory. */
MUST_USE struct crew *crew_new(
    struct remote *remote, const struct account_id *account, const struct clock *clock);
/* Waits for the errands under way. NULL is fine. */
void crew_free(struct crew *crew);
/* At most SYNC_FLIGHTS_MAX are under way. */
void crew_give(struct crew *crew, const struct errand *errand);
/* Waits for one of those under way; there is one. */
void crew_take(struct crew *crew, struct errand *out);

#endif
