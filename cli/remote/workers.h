/*
 * cli/remote/workers.h: blobs on their way, several at once, for as long as one run of the sync
 * machine. Each sender is a thread with a remote of its own (remote_ops.twin), begun when a job
 * finds none idle; where a remote has no twin the jobs are done one by one by who asks for them.
 * One thread gives and takes.
 */
#ifndef INKSEAL_WORKERS_H
#define INKSEAL_WORKERS_H

#include "cli/remote/remote_again.h"

enum job_state { /* for workers.c alone */
	JOB_NONE,
	JOB_TO_SEAL,
	JOB_TO_SEND,
	JOB_BUSY, /* some thread's */
	JOB_DONE,
};
struct job { /* a want of kind GET or PUT, and what came of it */
	enum job_state state;
	struct sync_want want;
	enum engine_result sealed; /* PUT: anything but OK, and it was not sent */
	enum remote_result result;
	struct bytes blob;  /* GET: yours */
	struct call call;   /* of the request, or of the sealing */
	struct tries tries; /* for who gives it again */
};

struct workers;
/* All borrowed. NULL: no memory. */
MUST_USE struct workers *workers_new(
    struct remote *remote, const struct account_id *account, const struct clock *clock);
/* Waits for the jobs that are being done. NULL is fine. */
void workers_free(struct workers *workers);
/* Copied. At most SYNC_FLIGHTS_MAX are given and not taken. */
void workers_give(struct workers *workers, const struct job *given);
/* Waits for one of those that were given; there is one. */
void workers_take(struct workers *workers, struct job *out);

#endif
