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

const char *remote_result_text(enum remote_result result)
{
	switch (result) {
	case REMOTE_OK: return "done";
	case REMOTE_ABSENT: return "it is not there";
	case REMOTE_GONE: return "the account was wiped";
	case REMOTE_REFUSED: return "the request was refused";
	case REMOTE_LATER: return "it did not answer; nothing was lost";
	case REMOTE_DAMAGED: return "an object there is damaged";
	case REMOTE_FAILED: return "it failed for good";
	}
	return "unknown";
}

struct remote *remote_open(const char *url, const struct clock *clock, const struct random *random,
    const struct remote_cache *cache, struct bucket_counts *counts, struct call *call)
{
	if (strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0) {
		call_sayf(call, "this version syncs straight with a bucket: use dir:FOLDER");
		return NULL;
	}
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
	struct bucket *bucket = bucket_open(url, clock, call);
	bool kept = bucket != NULL && bucket_probe(bucket, clock, random, rounds, call);

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
	case REMOTE_LATER: return ENGINE_LATER;
	case REMOTE_DAMAGED: return ENGINE_DAMAGED;
	case REMOTE_REFUSED:
	case REMOTE_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

static void run_failed(struct sync *sync, enum remote_result result, enum engine_result absent,
    const struct call *call)
{
	const char *why = call->message[0] == '\0' ? remote_result_text(result) : call->message;

	sync_failed(sync, run_result(result, absent), why);
}

static void run_exchange(struct sync *sync, struct remote *remote, const struct sync_want *want,
    const struct clock *clock)
{
	struct sync_answer answer = {0};
	enum remote_result result;
	struct call call;

	remote_request(&call, clock);
	result = remote->ops->sync(remote->self, want->request, &call, &answer);
	if (result == REMOTE_OK)
		sync_exchanged(sync, &answer);
	else
		run_failed(sync, result, ENGINE_MISSING, &call);
	sync_answer_clear(&answer);
}

static void run_get(struct sync *sync, struct remote *remote, const struct account_id *account,
    const struct sync_want *want, const struct clock *clock)
{
	struct bytes blob = {0};
	enum remote_result result;
	struct call call;

	remote_request(&call, clock);
	result = remote->ops->blob_get(remote->self, account, &want->name, &call, &blob);
	/* The manifest was read anew before a blob is said to be absent: the log names nothing. */
	if (result == REMOTE_OK)
		sync_got(sync, view_bytes(&blob));
	else
		run_failed(sync, result, ENGINE_DAMAGED, &call);
	bytes_clear(&blob);
}

static void run_put(struct sync *sync, struct remote *remote, const struct account_id *account,
    const struct sync_want *want, const struct clock *clock)
{
	enum remote_result result;
	struct call call;

	remote_request(&call, clock);
	result = remote->ops->blob_put(remote->self, account, &want->name, want->blob, &call);
	if (result == REMOTE_OK)
		sync_put(sync);
	else
		run_failed(sync, result, ENGINE_MISSING, &call);
}

/* Does what the machine wants next. False: it wants nothing any more. */
static bool run_step(struct sync *sync, struct remote *remote, const struct account_id *account,
    const struct clock *clock, const struct remote_waiter *waiter)
{
	struct sync_want want = {0};

	sync_next(sync, &want);
	if (want.kind == SYNC_WANT_NOTHING)
		return false;
	if (!waiter->wait(waiter->self, want.kind == SYNC_WANT_WAIT ? want.wait_ms : 0)) {
		sync_failed(sync, ENGINE_LATER, "cancelled");
		return true;
	}
	switch (want.kind) {
	case SYNC_WANT_NOTHING: break;
	case SYNC_WANT_EXCHANGE: run_exchange(sync, remote, &want, clock); break;
	case SYNC_WANT_GET: run_get(sync, remote, account, &want, clock); break;
	case SYNC_WANT_PUT: run_put(sync, remote, account, &want, clock); break;
	case SYNC_WANT_WAIT: sync_waited(sync); break;
	}
	return true;
}

enum engine_result remote_run(struct sync *sync, struct remote *remote,
    const struct account_id *account, const struct clock *clock, const struct remote_waiter *waiter,
    struct call *call, struct sync_totals *totals_out)
{
	for (unsigned step = 0; step < RUN_STEPS_MAX; step++)
		if (!run_step(sync, remote, account, clock, waiter))
			return sync_end(sync, totals_out);
	call_sayf(call, "the sync did not come to an end in %u steps; sync again", RUN_STEPS_MAX);
	return ENGINE_LATER;
}
