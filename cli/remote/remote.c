/*
 * cli/remote/remote.c: opens a remote by its URL, and drives the engine's sync machine over it.
 * The machine decides everything; here requests are sent, and what came of them is told.
 */
#include "cli/remote/crew.h"
#include "cli/remote/remote_priv.h"
#include "gateway/bucket/bucket_open.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_DEADLINE_MS 60000 /* of one request, with all its tries */
/* A first sync of SEGMENTS_MAX segments, and a log of many packs after it, is far below. */
#define RUN_STEPS_MAX 100000u
#define RUN_END_STEPS_MAX (4u * SYNC_FLIGHTS_MAX) /* what is under way by then comes home */
/* A request is made again this often if the other side says when; a gateway that is started anew
 * is back by then. Asked for a longer rest, a run ends and says so. */
#define RUN_AGAIN_MAX 8u
#define RUN_AGAIN_WAIT_MAX_MS 60000
#define RUN_AGAIN_FOR_MS 40000 /* who waited so long is told, and not made to wait on */

const char *remote_result_text(enum remote_result result)
{
	switch (result) {
	case REMOTE_OK: return "done";
	case REMOTE_ABSENT: return "it is not there";
	case REMOTE_GONE: return "it says, without a signed proof, that the account was wiped";
	case REMOTE_REFUSED: return "the request was refused";
	case REMOTE_LATER: return "it did not answer; nothing was lost";
	case REMOTE_UNREACHABLE: return "it cannot be reached; nothing was lost";
	case REMOTE_DAMAGED: return "an object there is damaged";
	case REMOTE_FAILED: return "it failed for good";
	}
	return "unknown";
}

bool remote_is_gateway(const char *url)
{
	return strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0;
}

struct remote *remote_open(const char *url, const struct clock *clock, const struct random *random,
    const struct remote_cache *cache, const struct remote_access *access,
    struct bucket_counts *counts, struct call *call)
{
	if (remote_is_gateway(url))
		return remote_http(url, clock, random, access, counts, call);
	return remote_direct(url, clock, random, cache, counts, call);
}

void remote_close(struct remote *remote)
{
	if (remote == NULL)
		return;
	remote->ops->close(remote->self);
	free(remote);
}

void remote_request(struct call *call, const struct clock *clock)
{
	call_init(call, clock_monotonic_ms(clock) + REQUEST_DEADLINE_MS);
}

enum probe_result remote_probe(const char *url, const struct clock *clock,
    const struct random *random, const struct probe_rules *rules, struct call *call)
{
	enum probe_result result = PROBE_REFUSED;
	struct bucket *bucket;

	if (remote_is_gateway(url))
		return remote_http_ready(url, clock, random, call) ? PROBE_KEPT : PROBE_LATER;
	bucket = bucket_open(url, clock, call);
	if (bucket != NULL)
		result = bucket_probe(bucket, clock, random, rules, call);
	bucket_close(bucket);
	return result;
}

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
	struct call *call; /* sync_new's */
	struct crew *crew; /* for blobs under way; NULL until there are any */
	bool spent;        /* no step is left: what is wanted now is refused … */
	bool cut;          /* … and something was */
};

static void run_failed(const struct run *run, unsigned slot, enum remote_result result,
    enum engine_result absent, const struct call *call)
{
	const char *why = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	sync_failed(run->sync, slot, run_result(result, absent), why);
}

/*
 * Is the request to be made again? Waits first, as long as the other side asked for. Whatever it
 * was, a second time has no second effect.
 */
static bool run_again(
    const struct run *run, enum remote_result result, const struct call *call, struct tries *tries)
{
	if (result != REMOTE_LATER || call->retry_after_ms <= 0 ||
	    call->retry_after_ms > RUN_AGAIN_WAIT_MAX_MS || ++tries->count > RUN_AGAIN_MAX ||
	    clock_monotonic_ms(run->clock) - tries->begun_ms > RUN_AGAIN_FOR_MS)
		return false;
	return run->waiter->wait(run->waiter->self, call->retry_after_ms);
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
	const struct errand errand = {
	    .want = *want, .tries = {.begun_ms = clock_monotonic_ms(run->clock)}};

	if (run->crew == NULL)
		run->crew = crew_new(run->remote, run->account, run->clock);
	if (run->crew != NULL)
		crew_give(run->crew, &errand);
	else
		sync_failed(run->sync, want->slot, ENGINE_FAILED, "no memory");
}

static void run_put_ended(const struct run *run, const struct errand *errand)
{
	unsigned slot = errand->want.slot;

	if (errand->sealed != ENGINE_OK) {
		sync_failed(run->sync, slot, errand->sealed, errand->call.message);
	} else if (errand->result == REMOTE_OK) {
		if (run->remote->ops->twin_put != NULL)
			run->remote->ops->twin_put(run->remote->self, &errand->want.name);
		sync_put(run->sync, slot);
	} else if (errand->result == REMOTE_REFUSED) {
		sync_failed(run->sync, slot, ENGINE_REFUSED, errand->call.message);
	} else {
		run_failed(run, slot, errand->result, ENGINE_MISSING, &errand->call);
	}
}

/* One of those under way is over, or is sent again. */
static void run_answer(struct run *run, bool cancelled)
{
	struct errand errand;

	assert(run->crew != NULL);
	crew_take(run->crew, &errand);
	if (cancelled)
		sync_failed(run->sync, errand.want.slot, ENGINE_LATER, "cancelled");
	else if (errand.sealed == ENGINE_OK &&
		 run_again(run, errand.result, &errand.call, &errand.tries))
		crew_give(run->crew, &errand);
	else if (errand.want.kind == SYNC_WANT_PUT)
		run_put_ended(run, &errand);
	else if (errand.result == REMOTE_OK)
		sync_got(run->sync, errand.want.slot, view_bytes(&errand.blob));
	else
		run_failed(run, errand.want.slot, errand.result, ENGINE_NOT_FOUND, &errand.call);
	bytes_clear(&errand.blob);
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
	crew_free(run.crew);
	assert(over); /* each step that is spent takes one home */
	if (!run.cut)
		return sync_end(sync, totals_out);
	call_sayf(call, "the sync did not come to an end in %u steps; sync again", steps_max);
	return ENGINE_LATER;
}
