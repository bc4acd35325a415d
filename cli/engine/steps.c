/*
 * cli/engine/steps.c: the steps of a run, each the only place that enters its phase.
 */
#include "cli/engine/steps.h"
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"

void step_end(struct sync *sync, enum engine_result result)
{
	sync->result = result;
	sync->phase = PHASE_OVER;
	transfers_give_up(&sync->transfers);
}

void step_to_decide(struct sync *sync)
{
	sync->phase = PHASE_DECIDE;
}

void step_to_wait(struct sync *sync, int64_t wait_ms)
{
	sync->wait_ms = wait_ms;
	sync->phase = PHASE_WAIT;
}

/* The frame in flight, with its body and the roster that it leads to. */
static void send_push(struct sync *sync)
{
	struct sync_request *request = &sync->request;

	if (sync->reset == RESET_UNDER_WAY)
		request->roster = view_bytes(&sync->replica.roster_bytes);
	if (sync->push.encoded.data != NULL) {
		request->frames[0] = view_bytes(&sync->push.encoded);
		request->frames_count = 1;
		request->wants_lease = sync->tries.losses >= LOSSES_LEASE;
	}
	if (sync->push.body.data != NULL) {
		request->bodies[0] = view_bytes(&sync->push.body);
		request->bodies_count = 1;
	}
	if (sync->new_roster.data != NULL)
		request->roster = view_bytes(&sync->new_roster);
}

static void ask(struct sync *sync, const struct head *cursor)
{
	const struct sync_facts *facts = &sync->replica.facts.public;

	sync->request = (struct sync_request){.account = facts->account,
	    .device = facts->recovering ? sync->options.recovery->id : facts->device,
	    .cursor = *cursor,
	    .reseed = sync->options.reseed && !facts->recovering};
	send_push(sync);
}

void step_to_exchange(struct sync *sync)
{
	ask(sync,
	    sync->reset == RESET_UNDER_WAY ? &sync->there.head : &sync->replica.facts.public.head);
	sync->phase = PHASE_EXCHANGE;
}

void step_to_follow(struct sync *sync)
{
	ask(sync, snapshot_install_cursor(sync->install));
	sync->phase = PHASE_FOLLOW;
}

static void ask_blob(struct sync *sync, enum phase phase, const struct blob_name *name)
{
	sync->wanted = *name;
	sync->phase = phase;
}

void step_to_body(struct sync *sync, const struct blob_name *name)
{
	ask_blob(sync, PHASE_BODY, name);
}

void step_to_learn(struct sync *sync, const struct blob_name *name)
{
	ask_blob(sync, PHASE_LEARN, name);
}

enum engine_result step_detour(struct sync *sync)
{
	if (++sync->tries.detours <= DETOURS_MAX)
		return ENGINE_OK;
	call_sayf(
	    sync->replica.call, "the remote keeps naming what does not lead on; nothing was lost");
	return ENGINE_DAMAGED;
}

enum engine_result step_to_roster(struct sync *sync, bool *asked_out)
{
	size_t at = roster_find(sync->replica.roster, &sync->there.roster_hash);

	*asked_out = at == SIZE_MAX;
	if (!*asked_out)
		return replica_trim_roster(&sync->replica, at);
	step_drop_install(sync);
	ask_blob(sync, PHASE_ROSTER, &sync->there.roster);
	return step_detour(sync);
}

enum engine_result step_to_build(struct sync *sync, enum frame_kind kind)
{
	sync->phase = PHASE_BUILD;
	return snapshot_build_open(&sync->replica, kind, &sync->there.head, &sync->build);
}

/* Nothing that was put before is relied on: a reset is for what is damaged too. */
static enum engine_result forget_segments(struct replica *replica)
{
	enum engine_result result = transaction_begin_light(replica);

	return result == ENGINE_OK ? transaction_finish(replica, segments_begin(replica)) : result;
}

enum engine_result step_to_reset(struct sync *sync)
{
	enum engine_result result = forget_segments(&sync->replica);

	if (result != ENGINE_OK)
		return result;
	sync->reset = RESET_UNDER_WAY;
	return step_to_build(sync, FRAME_RESET);
}

enum engine_result step_to_install(struct sync *sync, const struct frame *frame, bool at_cursor)
{
	step_lose_standing(sync); /* a later load ends what follows it, short of the head */
	sync->phase = PHASE_INSTALL;
	return snapshot_install_open(&sync->replica, frame, at_cursor, &sync->install);
}

void step_lose_standing(struct sync *sync)
{
	if (sync->standing == STANDING_CURRENT)
		sync->standing = STANDING_UNKNOWN;
}

void step_drop_push(struct sync *sync)
{
	built_frame_clear(&sync->push);
	bytes_clear(&sync->new_roster);
}

void step_drop_build(struct sync *sync)
{
	snapshot_build_free(sync->build);
	sync->build = NULL;
}

void step_drop_install(struct sync *sync)
{
	snapshot_install_free(sync->install);
	sync->install = NULL;
}

void step_drop_work(struct sync *sync)
{
	step_drop_push(sync);
	step_drop_build(sync);
	step_drop_install(sync);
	sync->reset = RESET_NONE;
}

/* A device that has never been in step has nothing to put in the log's place. */
static bool may_reset(struct sync *sync, enum engine_result result)
{
	const struct sync_facts *facts = &sync->replica.facts.public;
	bool lost =
	    result == ENGINE_ROLLBACK ||
	    (sync->reset != RESET_UNDER_WAY && (result == ENGINE_DAMAGED || result == ENGINE_ROOT));

	return lost && sync->options.reseed && sync->there.any && !facts->recovering &&
	       facts->head.seq > 0 && ++sync->tries.resets <= RESETS_MAX;
}

enum engine_result step_way_out(struct sync *sync, enum engine_result result)
{
	bool asked = false;

	if (!may_reset(sync, result))
		return result;
	transfers_give_up(&sync->transfers);
	step_drop_work(sync);
	bytes_clear(&sync->extra_blob);
	step_lose_standing(sync);
	step_to_decide(sync);
	/* It carries the roster there, which it must descend from, or more that is known here. */
	result = step_to_roster(sync, &asked);
	if (!asked)
		sync->reset = RESET_DUE;
	return result;
}
