/*
 * cli/remote/remote.c: opens a remote by its URL, and drives the engine's sync machine over it.
 * The machine decides everything; here requests are sent, and what came of them is told.
 */
#include "cli/remote/remote_priv.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_DEADLINE_MS 60000 /* of one request, with all its tries */
/* A first sync of SEGMENTS_MAX segments, and a log of many packs after it, is far below. */
#define RUN_STEPS_MAX 100000u
/* A request is made again this often if the other side says when; a gateway that is started anew
 * is back by then. Asked for a longer rest, a run ends and says so. */
#define RUN_AGAIN_MAX 8u
#define RUN_AGAIN_WAIT_MAX_MS 60000

const char *remote_result_text(enum remote_result result)
{
	switch (result) {
	case REMOTE_OK: return "done";
	case REMOTE_ABSENT: return "it is not there";
	case REMOTE_GONE: return "the account was wiped";
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

bool remote_probe(const char *url, const struct clock *clock, const struct random *random,
    unsigned rounds, struct call *call)
{
	struct bucket *bucket;
	bool kept;

	if (remote_is_gateway(url))
		return remote_http_ready(url, clock, random, call);
	bucket = bucket_open(url, clock, call);
	kept = bucket != NULL && bucket_probe(bucket, clock, random, rounds, call);
	bucket_close(bucket);
	return kept;
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
};

static void run_failed(const struct run *run, enum remote_result result, enum engine_result absent,
    const struct call *call)
{
	const char *why = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	sync_failed(run->sync, run_result(result, absent), why);
}

/*
 * Is the request to be made again? Waits first, as long as the other side asked for. Whatever it
 * was, a second time has no second effect.
 */
static bool run_again(
    const struct run *run, enum remote_result result, const struct call *call, unsigned *tries)
{
	if (result != REMOTE_LATER || call->retry_after_ms <= 0 ||
	    call->retry_after_ms > RUN_AGAIN_WAIT_MAX_MS || ++*tries > RUN_AGAIN_MAX)
		return false;
	return run->waiter->wait(run->waiter->self, call->retry_after_ms);
}

static void run_exchange(const struct run *run, const struct sync_want *want)
{
	struct sync_answer answer = {0};
	enum remote_result result;
	struct call call;
	unsigned tries = 0;

	do {
		remote_request(&call, run->clock);
		result = run->remote->ops->sync(run->remote->self, want->request, &call, &answer);
	} while (run_again(run, result, &call, &tries));
	if (result == REMOTE_OK && answer.status == SYNC_REFUSED)
		call_sayf(run->call, "%s", call.message);
	if (result == REMOTE_OK)
		sync_exchanged(run->sync, &answer);
	else
		run_failed(run, result, ENGINE_MISSING, &call);
	sync_answer_clear(&answer);
}

static void run_get(const struct run *run, const struct sync_want *want)
{
	struct bytes blob = {0};
	enum remote_result result;
	struct call call;
	unsigned tries = 0;

	do {
		remote_request(&call, run->clock);
		result = run->remote->ops->blob_get(
		    run->remote->self, run->account, &want->name, &call, &blob);
	} while (run_again(run, result, &call, &tries));
	if (result == REMOTE_OK)
		sync_got(run->sync, view_bytes(&blob));
	else
		run_failed(run, result, ENGINE_NOT_FOUND, &call);
	bytes_clear(&blob);
}

static void run_put(const struct run *run, const struct sync_want *want)
{
	enum remote_result result;
	struct call call;
	unsigned tries = 0;

	do {
		remote_request(&call, run->clock);
		result = run->remote->ops->blob_put(
		    run->remote->self, run->account, &want->name, want->blob, &call);
	} while (run_again(run, result, &call, &tries));
	if (result == REMOTE_OK)
		sync_put(run->sync);
	else if (result == REMOTE_REFUSED)
		sync_failed(run->sync, ENGINE_REFUSED, call.message);
	else
		run_failed(run, result, ENGINE_MISSING, &call);
}

/* Does what the machine wants next. False: it wants nothing any more. */
static bool run_step(const struct run *run)
{
	struct sync_want want = {0};

	sync_next(run->sync, &want);
	if (want.kind == SYNC_WANT_NOTHING)
		return false;
	if (!run->waiter->wait(run->waiter->self, want.kind == SYNC_WANT_WAIT ? want.wait_ms : 0)) {
		sync_failed(run->sync, ENGINE_LATER, "cancelled");
		return true;
	}
	switch (want.kind) {
	case SYNC_WANT_NOTHING: break;
	case SYNC_WANT_EXCHANGE: run_exchange(run, &want); break;
	case SYNC_WANT_GET: run_get(run, &want); break;
	case SYNC_WANT_PUT: run_put(run, &want); break;
	case SYNC_WANT_WAIT: sync_waited(run->sync); break;
	}
	return true;
}

enum engine_result remote_run(struct sync *sync, struct remote *remote,
    const struct account_id *account, const struct clock *clock, const struct remote_waiter *waiter,
    struct call *call, struct sync_totals *totals_out)
{
	const struct run run = {
	    .sync = sync,
	    .remote = remote,
	    .account = account,
	    .clock = clock,
	    .waiter = waiter,
	    .call = call,
	};

	for (unsigned step = 0; step < RUN_STEPS_MAX; step++)
		if (!run_step(&run))
			return sync_end(sync, totals_out);
	call_sayf(call, "the sync did not come to an end in %u steps; sync again", RUN_STEPS_MAX);
	return ENGINE_LATER;
}
