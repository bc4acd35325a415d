/*
 * cli/remote/remote_run.c: drives the engine's sync machine over a remote. The machine decides
 * everything; here requests are sent, and what came of them is told.
 */
#include "cli/remote/remote_run.h"

#include <assert.h>

#include "cli/remote/workers.h"

/* A first sync of SEGMENTS_MAX segments, and a log of many packs after it, is far below. */
#define RUN_STEPS_MAX 100000u
#define RUN_END_STEPS_MAX (4u * SYNC_FLIGHTS_MAX) /* what is under way by then comes home */

/* What it means for the run that a request ended so. absent: what a missing object says. */
static enum engine_result run_result(enum remote_result result, enum engine_result absent)
{
	switch (result) {
	case REMOTE_OK: return ENGINE_OK;
	case REMOTE_ABSENT: return absent;
	case REMOTE_GONE: /* the next exchange is answered with the proof, and ends it here */
	case REMOTE_LATER:
	case REMOTE_UNREACHABLE: return ENGINE_LATER;
	case REMOTE_DAMAGED: return ENGINE_DAMAGED;
	case REMOTE_REFUSED:
	case REMOTE_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

struct run { /* what the steps of one run share */
	struct sync *sync;
	struct remote *remote;
	const struct account_id *account;
	const struct clock *clock;
	const struct remote_waiter *waiter;
	struct call *call;       /* sync_new's */
	struct workers *workers; /* for blobs on their way; NULL until there are any */
	bool spent;              /* no step is left: what is wanted now is refused … */
	bool cut;                /* … and something was */
};

static void run_failed(const struct run *run, unsigned slot, enum remote_result result,
    enum engine_result absent, const struct call *call)
{
	const char *why = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	sync_failed(run->sync, slot, run_result(result, absent), why);
}

/* Is the request to be made again? Waits first. */
static bool run_again(
    const struct run *run, enum remote_result result, const struct call *call, struct tries *tries)
{
	int64_t wait_ms = remote_again_ms(tries, result, call, clock_monotonic_ms(run->clock));

	return wait_ms > 0 && run->waiter->wait(run->waiter->self, wait_ms);
}

static void run_exchange(const struct run *run, const struct sync_want *want)
{
	struct sync_answer answer = {0};
	enum remote_result result;
	struct call call;
	struct tries tries = {.begun_ms = clock_monotonic_ms(run->clock)};

	do {
		remote_request(&call, run->clock);
		result = run->remote->ops->sync(run->remote->self, want->request, &call, &answer);
	} while (run_again(run, result, &call, &tries));
	if (result == REMOTE_OK && answer.status == SYNC_REFUSED)
		call_sayf(run->call, "%s", call.message);
	/* The proof comes with an answer. Without one the account is no more than missing. */
	if (result == REMOTE_OK)
		sync_exchanged(run->sync, &answer);
	else
		run_failed(run, want->slot, result == REMOTE_GONE ? REMOTE_ABSENT : result,
		    ENGINE_MISSING, &call);
	sync_answer_clear(&answer);
}

/* A blob that comes alone: it decides what follows. */
static void run_get(const struct run *run, const struct sync_want *want)
{
	struct bytes blob = {0};
	enum remote_result result;
	struct call call;
	struct tries tries = {.begun_ms = clock_monotonic_ms(run->clock)};

	do {
		remote_request(&call, run->clock);
		result = run->remote->ops->blob_get(
		    run->remote->self, run->account, &want->name, &call, &blob);
	} while (run_again(run, result, &call, &tries));
	if (result == REMOTE_OK)
		sync_got(run->sync, want->slot, view_bytes(&blob));
	else
		run_failed(run, want->slot, result, ENGINE_NOT_FOUND, &call);
	bytes_clear(&blob);
}

/* A blob beside others: SYNC_WANT_ANSWER tells when to look what came of it. */
static void run_send(struct run *run, const struct sync_want *want)
{
	const struct job job = {
	    .want = *want, .tries = {.begun_ms = clock_monotonic_ms(run->clock)}};

	if (run->workers == NULL)
		run->workers = workers_new(run->remote, run->account, run->clock);
	if (run->workers != NULL)
		workers_give(run->workers, &job);
	else
		sync_failed(run->sync, want->slot, ENGINE_FAILED, "no memory");
}

static void run_put_ended(const struct run *run, const struct job *job)
{
	unsigned slot = job->want.slot;

	if (job->sealed != ENGINE_OK) {
		sync_failed(run->sync, slot, job->sealed, job->call.message);
	} else if (job->result == REMOTE_OK) {
		if (run->remote->ops->twin_put != NULL)
			run->remote->ops->twin_put(run->remote->self, &job->want.name);
		sync_put(run->sync, slot);
	} else if (job->result == REMOTE_REFUSED) {
		sync_failed(run->sync, slot, ENGINE_REFUSED, job->call.message);
	} else {
		run_failed(run, slot, job->result, ENGINE_MISSING, &job->call);
	}
}

/* One of those under way is over, or is sent again. */
static void run_answer(struct run *run, bool cancelled)
{
	struct job job;

	assert(run->workers != NULL);
	workers_take(run->workers, &job);
	if (cancelled)
		sync_failed(run->sync, job.want.slot, ENGINE_LATER, "cancelled");
	else if (job.sealed == ENGINE_OK && run_again(run, job.result, &job.call, &job.tries))
		workers_give(run->workers, &job);
	else if (job.want.kind == SYNC_WANT_PUT)
		run_put_ended(run, &job);
	else if (job.result == REMOTE_OK)
		sync_got(run->sync, job.want.slot, view_bytes(&job.blob));
	else
		run_failed(run, job.want.slot, job.result, ENGINE_NOT_FOUND, &job.call);
	bytes_clear(&job.blob);
}

static void run_blob(struct run *run, const struct sync_want *want)
{
	if (want->slot < SYNC_FLIGHTS_MAX)
		run_send(run, want);
	else
		run_get(run, want);
}

/* Does what the machine wants next. False: it wants nothing any more. */
static bool run_step(struct run *run)
{
	struct sync_want want = {0};
	bool cancelled;

	sync_next(run->sync, &want);
	if (want.kind == SYNC_WANT_NOTHING)
		return false;
	run->cut |= run->spent;
	cancelled = run->spent || !run->waiter->wait(run->waiter->self,
				      want.kind == SYNC_WANT_WAIT ? want.wait_ms : 0);
	if (cancelled && want.kind != SYNC_WANT_ANSWER) {
		sync_failed(run->sync, want.slot, ENGINE_LATER, "cancelled");
		return true;
	}
	switch (want.kind) {
	case SYNC_WANT_NOTHING: break;
	case SYNC_WANT_ANSWER: run_answer(run, cancelled); break;
	case SYNC_WANT_EXCHANGE: run_exchange(run, &want); break;
	case SYNC_WANT_GET:
	case SYNC_WANT_PUT: run_blob(run, &want); break;
	case SYNC_WANT_WAIT: sync_waited(run->sync); break;
	}
	return true;
}

enum engine_result remote_run(struct sync *sync, struct remote *remote,
    const struct account_id *account, const struct clock *clock, const struct remote_waiter *waiter,
    struct call *call, struct sync_totals *totals_out)
{
	struct run run = {
	    .sync = sync,
	    .remote = remote,
	    .account = account,
	    .clock = clock,
	    .waiter = waiter,
	    .call = call,
	};
	unsigned steps_max = waiter->steps_max > 0 ? waiter->steps_max : RUN_STEPS_MAX;
	bool over = false;

	for (unsigned steps = 0; !over && steps < steps_max + RUN_END_STEPS_MAX; steps++) {
		run.spent = steps >= steps_max;
		over = !run_step(&run);
	}
	workers_free(run.workers);
	assert(over); /* each step that is spent takes one home */
	if (!run.cut)
		return sync_end(sync, totals_out);
	call_sayf(call, "the sync did not come to an end in %u steps; sync again", steps_max);
	return ENGINE_LATER;
}
