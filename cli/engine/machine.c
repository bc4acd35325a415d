/*
 * cli/engine/machine.c: the sync state machine: what is wanted next. Pull, settle, push: conflicts
 * are settled by the device that pushes, before it pushes. What answers mean is in answers.c, what
 * blobs mean in blobs_arrived.c; README.md has a paragraph for each phase.
 */
#include "cli/engine/answers.h"
#include "cli/engine/blobs_arrived.h"
#include "cli/engine/brake.h"
#include "cli/engine/membership.h"
#include "cli/engine/patch_build.h"
#include "cli/engine/purge.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/snapshot_install.h"
#include "cli/engine/steps.h"
#include "cli/engine/transfers.h"

#include <assert.h>
#include <stdlib.h>

#define LOAD_ABOVE (1u << 20) /* a push above this is a load */
#define STEPS_MAX 1000000u    /* wants of one run: a bound, not a limit that anyone meets */

static enum engine_result open_replica(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = replica_load(replica);

	if (result != ENGINE_OK || !replica->facts.public.recovering)
		return result;
	replica->opener = sync->options.recovery;
	if (replica->opener != NULL)
		return ENGINE_OK;
	call_sayf(replica->call, "recovery was interrupted: run `inkseal recover` again");
	return ENGINE_OFF;
}

enum engine_result sync_new(
    struct engine *engine, const struct sync_options *options, struct call *call, struct sync **out)
{
	struct sync *sync = calloc(1, sizeof(*sync));
	enum engine_result result;

	if (sync == NULL)
		return ENGINE_FAILED;
	sync->options = *options;
	sync->replica.engine = engine;
	sync->replica.call = call;
	sync->replica.opener = engine->keys;
	result = open_replica(sync);
	if (result == ENGINE_OK)
		*out = sync;
	else
		sync_free(sync);
	return result;
}

void sync_free(struct sync *sync)
{
	if (sync == NULL)
		return;
	assert(transfers_count(&sync->transfers) == 0); /* the driver still reads from them */
	transfers_give_up(&sync->transfers);
	step_drop_work(sync);
	bytes_clear(&sync->extra_blob);
	replica_clear(&sync->replica);
	free(sync);
}

/*
 * A snapshot is due when the log since the last has grown past half of it, and 1 MiB; but whatever
 * it weighs, before who joins would have to hold too much of the log, or too many frames. Who
 * pushes makes it; where those who push do not, whoever looks does, at twice that.
 */
static bool snapshot_due(const struct sync *sync)
{
	const struct sync_facts *facts = &sync->replica.facts.public;
	uint64_t times = sync->pushed ? 1 : 2;
	uint64_t limit = facts->snapshot_bytes / 2;

	if (limit < LOG_BYTES_MIN)
		limit = LOG_BYTES_MIN;
	if (limit > LOG_BYTES_MAX)
		limit = LOG_BYTES_MAX;
	return facts->log_bytes > times * limit ||
	       facts->head.seq > facts->snapshot_seq + times * LOG_FRAMES_MAX;
}

/* Where the newest index is another device's, its segments' names are learnt first. */
static enum engine_result start_snapshot(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;
	struct bytes stored = {0};
	struct blob_name name;
	bool known;
	enum journal_result found =
	    journal->ops->meta_get(journal->self, META_INDEX, replica->call, &stored);

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	known =
	    found == JOURNAL_OK && blob_name_parse((const char *)stored.data, stored.len, &name);
	bytes_clear(&stored);
	if (!known)
		return step_to_build(sync, FRAME_SNAPSHOT);
	step_to_learn(sync, &name);
	return ENGINE_OK;
}

static enum engine_result start_load(struct sync *sync)
{
	enum engine_result result;

	if (sync->standing != STANDING_CURRENT) { /* a load is dear: not on a guess */
		step_to_exchange(sync);
		return ENGINE_OK;
	}
	result = brake_going(&sync->replica, sync->options.allow_deletions);
	return result == ENGINE_OK ? step_to_build(sync, FRAME_LOAD) : result;
}

static enum engine_result start_patch(struct sync *sync)
{
	enum engine_result result =
	    patch_build(&sync->replica, sync->options.allow_deletions, &sync->push);

	if (result == ENGINE_OK)
		step_to_exchange(sync);
	return result;
}

/* Whatever the first push of a log is, but for losers alone; later on what is large. */
static enum engine_result start_push(struct sync *sync, const struct journal_pending *pending)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;
	bool first = replica->facts.public.head.seq == 0;
	bool load = pending->dirty_count > 0;
	enum engine_result result = ENGINE_OK;

	if (!first)
		result = engine_of_journal(
		    journal->ops->dirty_above(journal->self, LOAD_ABOVE, replica->call, &load));
	if (result != ENGINE_OK)
		return result;
	return load ? start_load(sync) : start_patch(sync);
}

/* Once the log is known to its end, the statement that adds this device. */
static enum engine_result start_joining(struct sync *sync)
{
	enum engine_result result = ENGINE_OK;

	if (sync->standing == STANDING_CURRENT)
		result = membership_build(
		    &sync->replica, sync->options.recovery, &sync->push, &sync->new_roster);
	if (result == ENGINE_OK)
		step_to_exchange(sync);
	return result;
}

static bool may_push(const struct sync *sync, const struct journal_pending *pending)
{
	if (pending->dirty_count == 0 && pending->losers_count == 0)
		return false;
	return sync->standing == STANDING_CURRENT ||
	       (sync->standing == STANDING_UNKNOWN && !sync->unsound);
}

/* All is pushed and pulled: what this device still owes the log, or the end. */
static enum engine_result start_upkeep(struct sync *sync)
{
	bool acknowledge = false;
	enum engine_result result;

	if (snapshot_due(sync))
		return start_snapshot(sync);
	result = purge_acknowledge_due(&sync->replica, &acknowledge);
	if (result != ENGINE_OK)
		return result;
	if (acknowledge) /* a patch of nothing: our place in the log */
		return start_patch(sync);
	step_end(sync, ENGINE_OK);
	return ENGINE_OK;
}

static enum engine_result decide_pending(struct sync *sync, const struct journal_pending *pending)
{
	enum engine_result result;

	if (may_push(sync, pending)) {
		result = start_push(sync, pending);
		if (result != ENGINE_UNSOUND || sync->standing == STANDING_CURRENT)
			return result;
		sync->unsound = true; /* what others have pushed can be had all the same */
	}
	if (sync->standing == STANDING_CURRENT)
		return start_upkeep(sync);
	step_to_exchange(sync);
	return ENGINE_OK;
}

static enum engine_result decide(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;
	struct journal_pending pending;
	enum engine_result result;

	if (sync->reset == RESET_DUE)
		return step_to_reset(sync);
	result = engine_of_journal(journal->ops->pending(journal->self, replica->call, &pending));
	if (result != ENGINE_OK)
		return result;
	return replica->facts.public.recovering ? start_joining(sync)
						: decide_pending(sync, &pending);
}

static void want_get(struct sync *sync, struct transfer *transfer, enum transfer_state state)
{
	transfer->state = state;
	sync->want = (struct sync_want){.kind = SYNC_WANT_GET,
	    .slot = transfer_slot(&sync->transfers, transfer),
	    .opening = transfer->opening,
	    .name = transfer->name};
}

static void want_put(struct sync *sync, struct transfer *transfer)
{
	transfer->state = TRANSFER_PUT;
	sync->want = (struct sync_want){.kind = SYNC_WANT_PUT,
	    .slot = transfer_slot(&sync->transfers, transfer),
	    .sealing = &transfer->sealing};
}

/* True if there is nothing more to want before one of those under way is answered. */
static bool want_answer(struct sync *sync)
{
	if (transfers_count(&sync->transfers) == 0)
		return false;
	sync->want.kind = SYNC_WANT_ANSWER;
	return true;
}

/* What was put is read back, then more is cut and sealed, until the frame that names it all. */
static enum engine_result go_on_building(struct sync *sync)
{
	struct transfer *transfer = transfers_find(&sync->transfers, TRANSFER_BACK);
	bool put = false;
	enum engine_result result = ENGINE_OK;

	if (transfer != NULL) {
		want_get(sync, transfer, TRANSFER_CHECK);
		return ENGINE_OK;
	}
	transfer = transfers_begin(&sync->transfers);
	if (transfer != NULL)
		result = snapshot_build_next(
		    sync->build, transfers_count(&sync->transfers) == 0, &put, transfer);
	if (result != ENGINE_OK)
		return result;
	if (put) {
		want_put(sync, transfer);
		return ENGINE_OK;
	}
	if (want_answer(sync))
		return ENGINE_OK;
	result = snapshot_build_frame(sync->build, &sync->push);
	if (result == ENGINE_OK)
		step_to_exchange(sync);
	return result;
}

static enum engine_result go_on_installing(struct sync *sync)
{
	struct transfer *transfer = transfers_begin(&sync->transfers);
	bool get = false;
	enum engine_result result = ENGINE_OK;

	if (transfer != NULL)
		result = snapshot_fetch_next(sync->install, &get, transfer);
	if (result != ENGINE_OK)
		return result;
	if (get)
		want_get(sync, transfer, TRANSFER_GET);
	else if (!want_answer(sync))
		step_to_follow(sync);
	return ENGINE_OK;
}

/* Blobs under way that nobody waits for any more: their answers come before all else. */
static bool left_over(const struct sync *sync)
{
	return sync->phase != PHASE_BUILD && sync->phase != PHASE_INSTALL &&
	       transfers_count(&sync->transfers) > 0;
}

/* What all phases but build and install want, and what these come to when they are through. */
static void want_alone(struct sync *sync)
{
	struct sync_want want = {.kind = SYNC_WANT_NOTHING, .slot = SLOT_ALONE};

	if (left_over(sync)) {
		sync->want = (struct sync_want){.kind = SYNC_WANT_ANSWER};
		return;
	}
	switch (sync->phase) {
	case PHASE_EXCHANGE:
	case PHASE_FOLLOW:
		want.kind = SYNC_WANT_EXCHANGE;
		want.request = &sync->request;
		break;
	case PHASE_ROSTER:
	case PHASE_BODY:
	case PHASE_LEARN:
		want.kind = SYNC_WANT_GET;
		want.name = sync->wanted;
		break;
	case PHASE_WAIT:
		want.kind = SYNC_WANT_WAIT;
		want.wait_ms = sync->wait_ms;
		break;
	case PHASE_OVER: break;
	case PHASE_BUILD:
	case PHASE_INSTALL:
	case PHASE_DECIDE: return; /* want is set */
	}
	sync->want = want;
}

/* What the machine does by itself before it wants something. */
static enum engine_result go_on(struct sync *sync)
{
	enum engine_result result = ENGINE_OK;

	if (sync->phase == PHASE_DECIDE && !left_over(sync))
		result = decide(sync);
	if (result == ENGINE_OK && sync->phase == PHASE_BUILD)
		result = go_on_building(sync);
	if (result == ENGINE_OK && sync->phase == PHASE_INSTALL)
		result = go_on_installing(sync);
	return result;
}

/* Where there is no way out the run is over. */
static void conclude(struct sync *sync, enum engine_result result)
{
	result = step_way_out(sync, result);
	if (result != ENGINE_OK)
		step_end(sync, result);
}

void sync_next(struct sync *sync, struct sync_want *out)
{
	enum engine_result result;

	sync->want = (struct sync_want){.kind = SYNC_WANT_NOTHING};
	if (++sync->tries.steps > STEPS_MAX && sync->phase != PHASE_OVER) {
		call_sayf(sync->replica.call, "the sync did not end; run it again");
		step_end(sync, ENGINE_LATER);
	}
	do { /* a way out is begun at once, RESETS_MAX times at most */
		result = go_on(sync);
		if (result != ENGINE_OK && step_way_out(sync, result) != ENGINE_OK)
			step_end(sync, result);
	} while (result != ENGINE_OK && sync->phase != PHASE_OVER);
	want_alone(sync);
	*out = sync->want;
}

void sync_exchanged(struct sync *sync, const struct sync_answer *answer)
{
	assert(sync->phase == PHASE_EXCHANGE || sync->phase == PHASE_FOLLOW);
	conclude(sync, sync->phase == PHASE_EXCHANGE ? answer_judge(sync, answer)
						     : answer_follow(sync, answer));
}

void sync_got(struct sync *sync, unsigned slot, struct view blob)
{
	assert(slot <= SLOT_ALONE);
	conclude(sync, slot == SLOT_ALONE
			   ? blob_arrived(sync, blob)
			   : transfer_arrived(sync, &sync->transfers.all[slot], blob));
}

void sync_put(struct sync *sync, unsigned slot)
{
	struct transfer *transfer = &sync->transfers.all[slot];

	assert(slot < SLOT_ALONE);
	if (transfer->state == TRANSFER_STALE)
		transfer_end(transfer);
	else
		transfer_put(transfer);
}

void sync_waited(struct sync *sync)
{
	assert(sync->phase == PHASE_WAIT);
	step_to_decide(sync);
}

/* True if it was a blob that nobody waits for any more. */
static bool end_failed(struct sync *sync, unsigned slot)
{
	bool stale;

	if (slot == SLOT_ALONE)
		return false;
	stale = sync->transfers.all[slot].state == TRANSFER_STALE;
	transfer_end(&sync->transfers.all[slot]);
	return stale;
}

void sync_failed(struct sync *sync, unsigned slot, enum engine_result result, const char *message)
{
	assert(slot <= SLOT_ALONE);
	if (end_failed(sync, slot))
		return;
	if (message != NULL && message != sync->replica.call->message)
		call_sayf(sync->replica.call, "%s", message);
	result = blob_failed(sync, result);
	if (result != ENGINE_OK)
		conclude(sync, result);
}

enum engine_result sync_end(const struct sync *sync, struct sync_totals *totals_out)
{
	*totals_out = sync->replica.totals;
	totals_out->head = sync->replica.facts.public.head;
	return sync->result;
}
