/*
 * cli/engine/sync.c: the sync state machine: which request to make, and what its answer means.
 * Pull, settle, push: conflicts are settled by the device that pushes, before it pushes. README.md
 * has a paragraph for each phase.
 */
#include "cli/engine/apply.h"
#include "cli/engine/brake.h"
#include "cli/engine/frame_build.h"
#include "cli/engine/membership.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/patch_build.h"
#include "cli/engine/purge.h"
#include "cli/engine/reconcile.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/snapshot_install.h"
#include "cli/engine/transfers.h"
#include "cli/engine/wipe_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_ABOVE (1u << 20) /* a push above this is a load */
#define LOSSES_MAX 60u        /* races lost before it says "later" */
#define LOSSES_TURN 3u        /* after this many it asks for the turn */
#define STEPS_MAX 1000000u    /* wants of one run: a bound, not a limit that anyone meets */
#define RENAMES_MAX 4u
#define LATER_MAX 60u   /* a turn that its holder does not use takes 25 */
#define MISSES_MAX 2u   /* blobs that are not there, without moving on: then it is damage */
#define RESETS_MAX 8u   /* resets tried in one run: others may be faster */
#define DETOURS_MAX 64u /* rosters, bodies, snapshots fetched without moving on */
#define WAIT_MIN_MS 20

enum phase {
	PHASE_DECIDE,      /* nothing is asked: what next? */
	PHASE_EXCHANGE,    /* request sent: a poll, or push.frame with it */
	PHASE_ROSTER,      /* the roster's blob is asked for */
	PHASE_BODY,        /* the body that an answer had no room for */
	PHASE_LEARN,       /* the newest index, to know its segments' names */
	PHASE_MAKE,        /* segments, then the index, are put and read back */
	PHASE_TAKE,        /* an index, then segments, are asked for */
	PHASE_TAKE_FOLLOW, /* the frames after a snapshot */
	PHASE_WAIT,
	PHASE_OVER,
};

struct sync {
	struct replica replica;
	struct sync_options options;
	enum phase phase;
	enum engine_result result;
	struct sync_request request;
	struct sync_want want;
	struct built_frame push;      /* the frame in flight; empty: a poll */
	struct bytes new_roster;      /* with a statement's frame */
	struct snapshot_build *build; /* a load or snapshot on its way */
	struct snapshot_install *install;
	struct transfers transfers; /* their blobs under way */
	struct sync_body extra;     /* a body fetched alone */
	struct bytes extra_blob;
	struct blob_name wanted; /* of PHASE_ROSTER, _BODY, _LEARN */
	struct head there;       /* the head that the last answer told of, … */
	struct blob_name there_roster;
	struct digest there_roster_hash; /* … and its roster */
	bool answered;                   /* there was one */
	bool reset_due;                  /* what is next is a reset */
	bool resetting;                  /* it is being made, or sent */
	int64_t wait_ms;
	bool current;      /* an answer has shown that the cursor is the head */
	bool unsound;      /* a patch can't be made, for an entry is damaged here: pull first */
	bool lagging;      /* … that it is not: poll on, a push would only be a lost race */
	bool pushed;       /* something was committed in this run */
	bool retried_head; /* a lower head was seen once */
	unsigned resets;
	unsigned losses, renames, laters, misses, detours, steps;
	uint64_t missed_sweep; /* the sweep count at the last miss */
};

static void end(struct sync *sync, enum engine_result result)
{
	sync->result = result;
	sync->phase = PHASE_OVER;
	transfers_give_up(&sync->transfers);
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
	result = replica_load(&sync->replica);
	if (result == ENGINE_OK && sync->replica.facts.public.recovering) {
		sync->replica.opener = options->recovery;
		if (options->recovery == NULL) {
			call_sayf(call, "recovery was interrupted: run `inkseal recover` again");
			result = ENGINE_OFF;
		}
	}
	if (result != ENGINE_OK) {
		sync_free(sync);
		return result;
	}
	*out = sync;
	return ENGINE_OK;
}

void sync_free(struct sync *sync)
{
	if (sync == NULL)
		return;
	assert(transfers_count(&sync->transfers) == 0); /* the driver still reads from them */
	transfers_give_up(&sync->transfers);
	built_frame_clear(&sync->push);
	bytes_clear(&sync->new_roster);
	bytes_clear(&sync->extra_blob);
	snapshot_build_free(sync->build);
	snapshot_install_free(sync->install);
	replica_clear(&sync->replica);
	free(sync);
}

/* What is sent: the cursor, and the frame in flight with its body. */
static void ask_exchange(struct sync *sync, const struct head *cursor)
{
	const struct sync_facts *facts = &sync->replica.facts.public;

	sync->request = (struct sync_request){.account = facts->account,
	    .device = facts->recovering ? sync->options.recovery->id : facts->device,
	    .cursor = *cursor,
	    .reseed = sync->options.reseed && !facts->recovering};
	if (sync->resetting)
		sync->request.roster = view_bytes(&sync->replica.roster_bytes);
	if (sync->push.frame.data != NULL) {
		sync->request.frames[0] = view_bytes(&sync->push.frame);
		sync->request.frames_count = 1;
		sync->request.wants_turn = sync->losses >= LOSSES_TURN;
	}
	if (sync->push.body.data != NULL) {
		sync->request.bodies[0] = view_bytes(&sync->push.body);
		sync->request.bodies_count = 1;
	}
	if (sync->new_roster.data != NULL)
		sync->request.roster = view_bytes(&sync->new_roster);
	sync->phase = PHASE_EXCHANGE;
}

static void ask_blob(struct sync *sync, enum phase phase, const struct blob_name *name)
{
	sync->wanted = *name;
	sync->phase = phase;
}

/* A remote that sends us round in circles is left alone. */
static enum engine_result detour(struct sync *sync)
{
	if (++sync->detours <= DETOURS_MAX)
		return ENGINE_OK;
	call_sayf(
	    sync->replica.call, "the remote keeps naming what does not lead on; nothing was lost");
	return ENGINE_DAMAGED;
}

/*
 * The last answer names a roster: what is held is that one, or more that is known here. *asked_out:
 * it is to be fetched first.
 */
static enum engine_result follow_roster(struct sync *sync, bool *asked_out)
{
	size_t at = roster_find(sync->replica.roster, &sync->there_roster_hash);

	*asked_out = at == SIZE_MAX;
	if (!*asked_out)
		return replica_trim_roster(&sync->replica, at);
	snapshot_install_free(sync->install);
	sync->install = NULL;
	ask_blob(sync, PHASE_ROSTER, &sync->there_roster);
	return detour(sync);
}

static void forget_push(struct sync *sync)
{
	built_frame_clear(&sync->push);
	bytes_clear(&sync->new_roster);
}

/* What is under way is given up: what follows begins anew. */
static void forget_work(struct sync *sync)
{
	forget_push(sync);
	snapshot_build_free(sync->build);
	sync->build = NULL;
	snapshot_install_free(sync->install);
	sync->install = NULL;
	sync->resetting = false;
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

static enum engine_result start_make(struct sync *sync, enum frame_kind kind)
{
	const struct journal *journal = &sync->replica.engine->journal;
	struct bytes stored = {0};
	struct blob_name name;
	enum journal_result found;

	if (kind == FRAME_SNAPSHOT) {
		found =
		    journal->ops->meta_get(journal->self, META_INDEX, sync->replica.call, &stored);
		if (found == JOURNAL_OK) {
			bool known = blob_name_parse((const char *)stored.data, stored.len, &name);

			bytes_clear(&stored);
			if (known) {
				ask_blob(sync, PHASE_LEARN, &name);
				return ENGINE_OK;
			}
		} else if (found != JOURNAL_NONE) {
			return engine_of_journal(found);
		}
	}
	sync->phase = PHASE_MAKE;
	return snapshot_build_open(&sync->replica, kind, NULL, &sync->build);
}

/* Nothing that was put before is relied on: a reset is for what is damaged too. */
static enum engine_result start_reset(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = transaction_begin_light(replica);

	if (result != ENGINE_OK)
		return result;
	result = segments_begin(replica);
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK) {
		transaction_undo(replica);
		return result;
	}
	sync->reset_due = false;
	sync->resetting = true;
	sync->phase = PHASE_MAKE;
	return snapshot_build_open(replica, FRAME_RESET, &sync->there, &sync->build);
}

static enum engine_result start_push(struct sync *sync, const struct journal_pending *pending)
{
	const struct journal *journal = &sync->replica.engine->journal;
	const struct sync_facts *facts = &sync->replica.facts.public;
	bool load = facts->head.seq == 0 && pending->dirty_count > 0;
	enum engine_result result = ENGINE_OK;

	if (facts->head.seq > 0)
		result = engine_of_journal(journal->ops->dirty_above(
		    journal->self, LOAD_ABOVE, sync->replica.call, &load));
	if (result != ENGINE_OK)
		return result;
	if (load) {
		if (!sync->current) { /* a load is dear: not on a guess */
			ask_exchange(sync, &facts->head);
			return ENGINE_OK;
		}
		result = brake_going(&sync->replica, sync->options.allow_deletions);
		return result != ENGINE_OK ? result : start_make(sync, FRAME_LOAD);
	}
	result = patch_build(&sync->replica, sync->options.allow_deletions, &sync->push);
	if (result == ENGINE_OK)
		ask_exchange(sync, &facts->head);
	return result;
}

static enum engine_result decide(struct sync *sync)
{
	const struct journal *journal = &sync->replica.engine->journal;
	struct sync_facts *facts = &sync->replica.facts.public;
	struct journal_pending pending;
	bool acknowledge = false;
	enum engine_result result;

	if (sync->reset_due)
		return start_reset(sync);
	result =
	    engine_of_journal(journal->ops->pending(journal->self, sync->replica.call, &pending));

	if (result != ENGINE_OK)
		return result;
	if (facts->recovering) {
		if (sync->current)
			result = membership_build(
			    &sync->replica, sync->options.recovery, &sync->push, &sync->new_roster);
		if (result == ENGINE_OK)
			ask_exchange(sync, &facts->head);
		return result;
	}
	if (!sync->lagging && (sync->current || !sync->unsound) &&
	    (pending.dirty_count > 0 || pending.losers_count > 0)) {
		result = start_push(sync, &pending);
		if (result != ENGINE_UNSOUND || sync->current)
			return result;
		sync->unsound = true; /* what others have pushed can be had all the same */
	}
	if (!sync->current) {
		ask_exchange(sync, &facts->head);
		return ENGINE_OK;
	}
	if (snapshot_due(sync))
		return start_make(sync, FRAME_SNAPSHOT);
	result = purge_acknowledge_due(&sync->replica, &acknowledge);
	if (result == ENGINE_OK && acknowledge) { /* a patch of nothing: our place in the log */
		result = patch_build(&sync->replica, sync->options.allow_deletions, &sync->push);
		if (result == ENGINE_OK)
			ask_exchange(sync, &facts->head);
	} else if (result == ENGINE_OK) {
		end(sync, ENGINE_OK);
	}
	return result;
}

static void show_progress(const struct sync *sync, uint64_t done, uint64_t all)
{
	if (sync->options.progress != NULL)
		sync->options.progress(sync->options.progress_self, done, all);
}

static void want_get(struct sync *sync, struct transfer *transfer, enum transfer_state state)
{
	transfer->state = state;
	sync->want = (struct sync_want){.kind = SYNC_WANT_GET,
	    .slot = transfer_slot(&sync->transfers, transfer),
	    .opening = transfer->opening,
	    .name = transfer->name};
}

/* What was put is read back, then more is cut and sealed, until the frame that names it all. */
static enum engine_result step_make(struct sync *sync)
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
		transfer->state = TRANSFER_PUT;
		sync->want = (struct sync_want){.kind = SYNC_WANT_PUT,
		    .slot = transfer_slot(&sync->transfers, transfer),
		    .sealing = &transfer->sealing};
		return ENGINE_OK;
	}
	if (transfers_count(&sync->transfers) > 0) {
		sync->want.kind = SYNC_WANT_ANSWER;
		return ENGINE_OK;
	}
	result = snapshot_build_frame(sync->build, &sync->push);
	if (result == ENGINE_OK)
		ask_exchange(
		    sync, sync->resetting ? &sync->there : &sync->replica.facts.public.head);
	return result;
}

static enum engine_result step_take(struct sync *sync)
{
	struct transfer *transfer = transfers_begin(&sync->transfers);
	bool get = false;
	enum engine_result result = ENGINE_OK;

	if (transfer != NULL)
		result = snapshot_install_next(sync->install, &get, transfer);
	if (result != ENGINE_OK)
		return result;
	if (get) {
		want_get(sync, transfer, TRANSFER_GET);
		return ENGINE_OK;
	}
	if (transfers_count(&sync->transfers) > 0) {
		sync->want.kind = SYNC_WANT_ANSWER;
		return ENGINE_OK;
	}
	ask_exchange(sync, snapshot_install_cursor(sync->install));
	sync->phase = PHASE_TAKE_FOLLOW;
	return ENGINE_OK;
}

/* Blobs under way that nobody waits for any more: their answers come before all else. */
static bool left_over(const struct sync *sync)
{
	return sync->phase != PHASE_MAKE && sync->phase != PHASE_TAKE &&
	       transfers_count(&sync->transfers) > 0;
}

static enum engine_result way_out(struct sync *sync, enum engine_result result);

/* What all phases but make and take want, and what these come to when they are through. */
static void want_alone(struct sync *sync)
{
	struct sync_want want = {.kind = SYNC_WANT_NOTHING, .slot = SLOT_ALONE};

	if (left_over(sync)) {
		sync->want = (struct sync_want){.kind = SYNC_WANT_ANSWER};
		return;
	}
	switch (sync->phase) {
	case PHASE_EXCHANGE:
	case PHASE_TAKE_FOLLOW:
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
	case PHASE_MAKE:
	case PHASE_TAKE:
	case PHASE_DECIDE: return; /* the step has set want */
	}
	sync->want = want;
}

/* What the machine does by itself before it wants something. */
static enum engine_result step(struct sync *sync)
{
	enum engine_result result = ENGINE_OK;

	if (sync->phase == PHASE_DECIDE && !left_over(sync))
		result = decide(sync);
	if (result == ENGINE_OK && sync->phase == PHASE_MAKE)
		result = step_make(sync);
	if (result == ENGINE_OK && sync->phase == PHASE_TAKE)
		result = step_take(sync);
	return result;
}

void sync_next(struct sync *sync, struct sync_want *out)
{
	enum engine_result result;

	sync->want = (struct sync_want){.kind = SYNC_WANT_NOTHING};
	if (++sync->steps > STEPS_MAX && sync->phase != PHASE_OVER) {
		call_sayf(sync->replica.call, "the sync did not end; run it again");
		end(sync, ENGINE_LATER);
	}
	do { /* a way out is begun at once, RESETS_MAX times at most */
		result = step(sync);
		if (result != ENGINE_OK && way_out(sync, result) != ENGINE_OK)
			end(sync, result);
	} while (result != ENGINE_OK && sync->phase != PHASE_OVER);
	want_alone(sync);
	*out = sync->want;
}

static void wait_then_decide(struct sync *sync, int64_t wait_ms)
{
	sync->wait_ms = wait_ms;
	sync->phase = PHASE_WAIT;
}

/* Our frame was not taken: what it was is made again on the new head. */
static enum engine_result lost_race(struct sync *sync)
{
	if (sync->push.frame.data == NULL)
		return ENGINE_OK;
	forget_push(sync);
	snapshot_build_free(sync->build);
	sync->build = NULL;
	sync->resetting = false;
	if (++sync->losses > LOSSES_MAX) {
		call_sayf(sync->replica.call,
		    "other devices were faster %u times; nothing was lost, run it again",
		    LOSSES_MAX);
		return ENGINE_LATER;
	}
	return ENGINE_OK;
}

/* Facts that any answer about a living account tells. */
static enum engine_result note_answer(struct sync *sync, const struct sync_answer *answer)
{
	static const uint8_t none[INCARNATION_LEN];
	struct sync_facts *facts = &sync->replica.facts.public;
	int64_t now_ms = clock_wall_ms(sync->replica.engine->clock);

	if (memcmp(facts->incarnation, none, INCARNATION_LEN) == 0)
		memcpy(facts->incarnation, answer->incarnation, INCARNATION_LEN);
	if (memcmp(facts->incarnation, answer->incarnation, INCARNATION_LEN) != 0) {
		call_sayf(sync->replica.call,
		    "the account there is another life of this one: it was made again; local "
		    "edits are kept, sync stops");
		return ENGINE_ROLLBACK;
	}
	facts->sweep = answer->sweep;
	sync->there = answer->head;
	sync->there_roster = answer->roster;
	sync->there_roster_hash = answer->roster_hash;
	sync->answered = true;
	facts->skew_ms = answer->time_ms - now_ms; /* both within TIME_MS_MAX */
	return ENGINE_OK;
}

/* A lower head than one seen before: once more, then it is a rollback. */
static enum engine_result check_rollback(struct sync *sync, const struct sync_answer *answer)
{
	const struct sync_facts *facts = &sync->replica.facts.public;
	bool lower = answer->head.seq < facts->known_head.seq || answer->status == SYNC_AHEAD ||
		     answer->status == SYNC_DIVERGED ||
		     (answer->head.seq == facts->known_head.seq &&
			 !digest_equal(&answer->head.hash, &facts->known_head.hash) &&
			 facts->known_head.seq > 0);

	if (!lower) {
		sync->retried_head = false;
		return ENGINE_OK;
	}
	if (!sync->retried_head) {
		sync->retried_head = true;
		sync->current = false;
		forget_work(sync);
		wait_then_decide(sync, WAIT_MIN_MS);
		return ENGINE_OK;
	}
	call_sayf(sync->replica.call,
	    "the log there is %s the one this device has seen (it saw place %llu, there it ends at "
	    "%llu): it was rolled back or forked; local edits are kept, sync stops",
	    answer->head.seq < facts->known_head.seq ? "older than" : "not",
	    (unsigned long long)facts->known_head.seq, (unsigned long long)answer->head.seq);
	return ENGINE_ROLLBACK;
}

/* A state that a failed transaction must not leave half moved. */
struct saved_state {
	struct stored_facts facts;
	struct root_sum sum;
	size_t roster_index;
	struct sync_totals totals;
};

static void save_state(const struct replica *replica, struct saved_state *out)
{
	out->facts = replica->facts;
	out->sum = replica->sum;
	out->roster_index = replica->roster_index;
	out->totals = replica->totals;
}

static void restore_state(struct replica *replica, const struct saved_state *saved)
{
	uint64_t deletions = replica->totals.deletions;

	replica->facts = saved->facts;
	replica->sum = saved->sum;
	replica->roster_index = saved->roster_index;
	replica->totals = saved->totals;
	replica->totals.deletions = deletions; /* the brake's count outlives what it stopped */
}

/* Settles, forgets sent frames that are behind, commits; or rolls back all of it. */
static enum engine_result finish_pull(
    struct sync *sync, enum engine_result result, const struct saved_state *saved)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;

	if (result == ENGINE_OK)
		result = reconcile_all(replica, sync->options.allow_deletions);
	if (result == ENGINE_OK && head_equal(&replica->facts.public.head, &sync->there))
		replica->facts.public.deleted = 0;
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_prune(
		    journal->self, replica->facts.public.head.seq, replica->call));
	if (result == ENGINE_OK)
		result = replica_note(
		    replica, ACTIVITY_PUSHED, replica->totals.pushed - saved->totals.pushed);
	if (result == ENGINE_OK) {
		replica->facts.public.pulled_ms = clock_wall_ms(replica->engine->clock);
		result = transaction_commit(replica);
	}
	if (result != ENGINE_OK) {
		struct head seen = replica->facts.public.head;

		transaction_undo(replica);
		restore_state(replica, saved);
		if (result == ENGINE_BRAKE)
			result = brake_remember_head(replica, &seen);
	}
	return result;
}

/* A load of our own that we did not know had landed: the versions it carried are acknowledged. */
static enum engine_result meet_own_load(struct sync *sync, const struct frame *frame)
{
	struct replica *replica = &sync->replica;
	struct frame_sealed sealed = {0};
	struct bytes payload = {0};
	enum engine_result result = apply_head(replica, frame);

	if (result == ENGINE_OK)
		result = apply_open(replica, frame, &payload, &sealed);
	if (result == ENGINE_OK)
		result = own_frames_load(replica, frame, &sealed);
	if (result == ENGINE_OK)
		replica->facts.public.acknowledged_ms = clock_wall_ms(replica->engine->clock);
	bytes_clear(&payload);
	return result;
}

/* Has this home stored it, before it sent it? */
static enum engine_result find_sent(struct sync *sync, const struct frame *frame, bool *own_out)
{
	const struct journal *journal = &sync->replica.engine->journal;
	enum journal_result found =
	    journal->ops->sent_known(journal->self, &frame->hash, sync->replica.call);

	*own_out = found == JOURNAL_OK;
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

/* One frame of an answer; *applied_out is not APPLY_OK where it is not applied. */
static enum engine_result pull_frame(struct sync *sync, struct view encoded,
    const struct body_source *source, enum apply_result *applied_out)
{
	struct frame frame;
	bool own = false;
	enum engine_result failure = ENGINE_FAILED;
	enum engine_result result = ENGINE_OK;

	if (frame_decode(encoded, &frame) == FORMAT_OK && frame.header.kind == FRAME_LOAD)
		result = find_sent(sync, &frame, &own);
	if (result != ENGINE_OK)
		return result;
	if (own)
		return meet_own_load(sync, &frame);
	*applied_out = apply_frame(&sync->replica, encoded, source, &failure);
	if (*applied_out == APPLY_FAILED)
		return failure;
	return *applied_out == APPLY_OK ? apply_note_snapshot(&sync->replica, encoded) : ENGINE_OK;
}

/* The frames of an answer, as far as they can be applied now; one transaction. */
static enum engine_result pull(struct sync *sync, const struct sync_answer *answer)
{
	struct replica *replica = &sync->replica;
	struct body_source source = {
	    .bodies = answer->bodies, .bodies_count = answer->bodies_count};
	struct saved_state saved;
	enum engine_result result = transaction_begin(replica);
	enum apply_result applied = APPLY_OK;
	size_t count = 0;

	if (result != ENGINE_OK)
		return result;
	save_state(replica, &saved);
	if (sync->extra_blob.data != NULL)
		source.extra = &sync->extra;
	while (count < answer->frames_count && applied == APPLY_OK && result == ENGINE_OK) {
		result = pull_frame(sync, answer->frames[count], &source, &applied);
		count += applied == APPLY_OK;
	}
	result = finish_pull(sync, result, &saved);
	if (result != ENGINE_OK)
		return result;
	sync->phase = PHASE_DECIDE;
	if (count == 0) {
		struct frame frame;

		result = detour(sync);
		if (result != ENGINE_OK || answer->frames_count == 0)
			return result;
		if (applied == APPLY_IS_LOAD) {
			sync->phase = PHASE_TAKE;
			return snapshot_install_open(
			    replica, answer->frames[0], true, &sync->install);
		}
		result = engine_of_format(frame_decode(answer->frames[0], &frame));
		if (result == ENGINE_OK)
			ask_blob(sync, PHASE_BODY, &frame.header.blob);
		return result;
	}
	bytes_clear(&sync->extra_blob);
	sync->detours = 0;
	sync->misses = 0;
	return ENGINE_OK;
}

/*
 * At the head the log has led to the roster's newest statement: neither does one run ahead of it,
 * nor does it end before one that is known here.
 */
static enum engine_result check_roster_end(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	size_t at = roster_find(replica->roster, &sync->there_roster_hash);

	if (at == replica->roster_index && at + 1 >= replica->roster_known)
		return replica_trim_roster(replica, at);
	if (at != SIZE_MAX && at < replica->roster_known) {
		call_sayf(replica->call,
		    "the roster there is older than the one this device knows: "
		    "it was rolled back; local edits are kept, sync stops");
		return ENGINE_ROLLBACK;
	}
	call_sayf(replica->call,
	    "the roster there holds statements that the log does not: they are "
	    "not believed; local edits are kept, run it again later");
	return ENGINE_DAMAGED;
}

static enum engine_result answered_behind(struct sync *sync, const struct sync_answer *answer)
{
	struct sync_facts *facts = &sync->replica.facts.public;
	bool asked = false;
	enum engine_result result = lost_race(sync);

	if (result == ENGINE_OK)
		result = follow_roster(sync, &asked);
	if (result != ENGINE_OK || asked)
		return result;
	result = pull(sync, answer);
	if (result != ENGINE_OK || sync->phase != PHASE_DECIDE)
		return result;
	sync->current = !answer->more && head_equal(&facts->head, &answer->head);
	sync->lagging = !sync->current;
	if (sync->current)
		result = check_roster_end(sync);
	return result;
}

static enum engine_result commit_make(struct sync *sync)
{
	enum engine_result result =
	    snapshot_build_committed(sync->build, view_bytes(&sync->push.frame));

	snapshot_build_free(sync->build);
	sync->build = NULL;
	return result;
}

static enum engine_result commit_frame(struct sync *sync)
{
	struct sync_body body = {.blob = view_bytes(&sync->push.body)};
	struct body_source source = {.extra = &body};
	struct frame frame;
	enum engine_result failure = ENGINE_FAILED;

	if (frame_decode(view_bytes(&sync->push.frame), &frame) == FORMAT_OK)
		body.name = frame.header.blob;
	if (apply_frame(&sync->replica, view_bytes(&sync->push.frame), &source, &failure) !=
	    APPLY_OK)
		return failure;
	sync->replica.totals.pushed += sync->push.entries;
	sync->replica.totals.deltas += sync->push.deltas;
	return ENGINE_OK;
}

/* The log may have gone on since, but it does not end before our frame, or with another there. */
static bool acknowledges(const struct sync *sync, const struct head *told)
{
	struct frame frame;

	if (sync->push.frame.data == NULL ||
	    frame_decode(view_bytes(&sync->push.frame), &frame) != FORMAT_OK)
		return false;
	return told->seq > frame.header.seq ||
	       (told->seq == frame.header.seq && digest_equal(&told->hash, &frame.hash));
}

static enum engine_result answered_committed(struct sync *sync, const struct sync_answer *answer)
{
	struct replica *replica = &sync->replica;
	struct saved_state saved;
	enum engine_result result;

	if (!acknowledges(sync, &answer->head)) {
		call_sayf(replica->call, "the remote acknowledged a frame that was not sent");
		return ENGINE_DAMAGED;
	}
	result = sync->new_roster.data == NULL
		     ? ENGINE_OK
		     : replica_hold_roster(replica, view_bytes(&sync->new_roster));
	if (result == ENGINE_OK)
		result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	save_state(replica, &saved);
	replica->facts.public.acknowledged_ms = clock_wall_ms(replica->engine->clock);
	result = sync->build != NULL ? commit_make(sync) : commit_frame(sync);
	result = finish_pull(sync, result, &saved);
	if (result != ENGINE_OK)
		return result;
	/* While recovering the code's keys opened the epochs; now this device has a box of its own.
	 */
	if (!replica->facts.public.recovering)
		replica->opener = replica->engine->keys;
	sync->pushed = true;
	sync->losses = 0;
	sync->current = head_equal(&replica->facts.public.head, &answer->head);
	forget_push(sync);
	sync->resetting = false;
	sync->phase = PHASE_DECIDE;
	return ENGINE_OK;
}

static enum engine_result answered_current(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	struct saved_state saved;
	enum engine_result result = check_roster_end(sync);

	/* What was sent was not taken, whatever the reason: it is made again, so often and no more.
	 */
	if (result == ENGINE_OK)
		result = lost_race(sync);
	if (result == ENGINE_OK)
		result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	save_state(replica, &saved);
	result = finish_pull(sync, ENGINE_OK, &saved);
	sync->current = true;
	sync->lagging = false;
	sync->phase = PHASE_DECIDE;
	return result;
}

/* A reset of our own, whose acknowledgement was lost, made of the very state that is here still. */
static enum engine_result meet_own_reset(
    struct sync *sync, const struct frame *frame, bool *met_out)
{
	struct replica *replica = &sync->replica;
	struct saved_state saved;
	enum engine_result result;

	*met_out = frame->header.kind == FRAME_RESET &&
		   head_equal(&frame->header.covered, &replica->facts.public.head);
	if (!*met_out)
		return ENGINE_OK;
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	save_state(replica, &saved);
	sync->phase = PHASE_DECIDE;
	return finish_pull(sync, own_frames_reset(replica, frame), &saved);
}

/*
 * The load that stands next after the cursor is our own, and its acknowledgement was lost: what it
 * carried is known here, so nothing is fetched, and edits made since keep it as their base.
 */
static enum engine_result meet_own_first(struct sync *sync, struct view encoded, bool *met_out)
{
	struct replica *replica = &sync->replica;
	const struct head *head = &replica->facts.public.head;
	struct saved_state saved;
	struct frame frame;
	bool own = false;
	enum engine_result result = ENGINE_OK;

	*met_out = false;
	if (frame_decode(encoded, &frame) == FORMAT_OK) /* else take_open says why */
		result = find_sent(sync, &frame, &own);
	if (result != ENGINE_OK || !own)
		return result;
	*met_out = frame.header.kind == FRAME_LOAD && frame.header.seq == head->seq + 1 &&
		   digest_equal(&frame.header.previous, &head->hash);
	if (!*met_out)
		return meet_own_reset(sync, &frame, met_out);
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	save_state(replica, &saved);
	sync->phase = PHASE_DECIDE;
	return finish_pull(sync, meet_own_load(sync, &frame), &saved);
}

static enum engine_result answered_far(struct sync *sync, const struct sync_answer *answer)
{
	bool met = false;
	bool asked = false;
	enum engine_result result = lost_race(sync);

	if (result == ENGINE_OK)
		result = follow_roster(sync, &asked);
	if (result != ENGINE_OK || asked)
		return result;
	result = meet_own_first(sync, answer->snapshot, &met);
	if (result != ENGINE_OK || met)
		return result;
	sync->phase = PHASE_TAKE;
	result = detour(sync);
	if (result == ENGINE_OK)
		result =
		    snapshot_install_open(&sync->replica, answer->snapshot, false, &sync->install);
	return result;
}

/* Blobs whose count is too old, or that nobody has seen: put again under the current one. */
static enum engine_result answered_rename(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result;

	forget_work(sync);
	if (++sync->renames > RENAMES_MAX) {
		call_sayf(
		    replica->call, "the remote keeps losing what was put; run it again later");
		return ENGINE_LATER;
	}
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(journal->ops->segments_clear(journal->self, replica->call));
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK)
		transaction_undo(replica);
	sync->phase = PHASE_DECIDE;
	return result;
}

static enum engine_result answered_gone(struct sync *sync, const struct sync_answer *answer)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = replica_trim_roster(replica, 0);

	if (result == ENGINE_OK)
		result = wipe_record_check(
		    &replica->facts.public, replica->roster, answer->wipe_record, replica->call);
	if (result == ENGINE_OK)
		result = account_forget(replica->engine, replica->call);
	if (result == ENGINE_OK) {
		call_sayf(replica->call,
		    "the cloud data was wiped by a device of this account: the "
		    "journal stays here, sync is now off");
		result = ENGINE_GONE;
	}
	return result;
}

/*
 * A statement that revokes the device that asks, by a member who was live in the roster known here,
 * ends the run, also if the log has not led to it: the answer to who is revoked is no more than
 * that statement. But nothing of it is stored, and sync stays on: where the log does not lead to
 * it, the next run goes on.
 */
static enum engine_result answered_revoked(struct sync *sync, const struct sync_answer *answer)
{
	struct replica *replica = &sync->replica;
	const struct roster_device *device = NULL;
	struct roster *roster = calloc(1, sizeof(*roster));
	bool revoked;

	if (roster == NULL)
		return ENGINE_FAILED;
	if (answer->roster_blob.data != NULL &&
	    roster_decode(answer->roster_blob, false, roster) == FORMAT_OK &&
	    replica_knows(replica, roster))
		device = roster_device(roster, &sync->request.device);
	revoked = device != NULL && device->revoked_by != SIZE_MAX;
	free(roster);
	if (!revoked) {
		call_sayf(replica->call,
		    "the remote refuses this device without a signed statement "
		    "that it was revoked: sync stays on");
		return ENGINE_MISSING;
	}
	if (replica->facts.public.recovering)
		call_sayf(replica->call, "the recovery code was revoked: recover with a newer one");
	else
		call_sayf(replica->call,
		    "a device of the account has revoked this one: the journal stays here, and its "
		    "edits are not sent; to join again, recover with the code into another home "
		    "(--home DIR)");
	return ENGINE_REVOKED;
}

/* As long as the answer asks for, and never in step with the others who were told the same. */
static int64_t later_ms(const struct sync *sync, const struct sync_answer *answer)
{
	int64_t wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : WAIT_MIN_MS;
	uint16_t jitter;

	random_fill(sync->replica.engine->random, &jitter, sizeof(jitter));
	return wait_ms + wait_ms * jitter / UINT16_MAX / 4;
}

static enum engine_result answered_later(struct sync *sync, const struct sync_answer *answer)
{
	if (++sync->laters > LATER_MAX) {
		call_sayf(sync->replica.call, "the remote is busy; nothing was lost, run it again");
		return ENGINE_LATER;
	}
	forget_work(sync);
	wait_then_decide(sync, later_ms(sync, answer));
	return ENGINE_OK;
}

static enum engine_result answered(struct sync *sync, const struct sync_answer *answer)
{
	enum engine_result result = ENGINE_OK;

	switch (answer->status) {
	case SYNC_CURRENT:
	case SYNC_COMMITTED:
	case SYNC_BEHIND:
	case SYNC_FAR_BEHIND:
	case SYNC_RENAME:
	case SYNC_AHEAD:
	case SYNC_DIVERGED:
		result = note_answer(sync, answer);
		if (result == ENGINE_OK)
			result = check_rollback(sync, answer);
		if (result != ENGINE_OK || sync->phase == PHASE_WAIT)
			return result;
		break;
	case SYNC_REVOKED:
	case SYNC_GONE:
	case SYNC_REFUSED:
	case SYNC_LATER: break;
	}
	switch (answer->status) {
	case SYNC_CURRENT: return answered_current(sync);
	case SYNC_COMMITTED: return answered_committed(sync, answer);
	case SYNC_BEHIND: return answered_behind(sync, answer);
	case SYNC_FAR_BEHIND: return answered_far(sync, answer);
	case SYNC_RENAME: return answered_rename(sync);
	case SYNC_REVOKED: return answered_revoked(sync, answer);
	case SYNC_GONE: return answered_gone(sync, answer);
	case SYNC_LATER: return answered_later(sync, answer);
	case SYNC_REFUSED: /* the driver has put the remote's reason there, if it gave one */
		if (sync->replica.call->message[0] == '\0')
			call_sayf(sync->replica.call,
			    "the remote refused what was sent; nothing was lost");
		return ENGINE_DAMAGED;
	case SYNC_AHEAD:
	case SYNC_DIVERGED: break; /* check_rollback has ended or retried */
	}
	return ENGINE_ROLLBACK;
}

/* While a snapshot is taken: the frames after it, until they reach the head. */
static enum engine_result followed(struct sync *sync, const struct sync_answer *answer)
{
	struct blob_name name;
	bool body = false;
	bool asked = false;
	bool more = answer->more;
	enum engine_result result;

	if (answer->status == SYNC_FAR_BEHIND) { /* a newer one has come meanwhile */
		snapshot_install_free(sync->install);
		sync->install = NULL;
	}
	if (answer->status != SYNC_CURRENT && answer->status != SYNC_BEHIND)
		return answered(sync, answer);
	result = note_answer(sync, answer);
	if (result == ENGINE_OK)
		result = follow_roster(sync, &asked);
	if (result != ENGINE_OK || asked)
		return result;
	result = snapshot_install_frames(sync->install, answer,
	    sync->extra_blob.data != NULL ? &sync->extra : NULL, &name, &body);
	if (result != ENGINE_OK)
		return result;
	if (body) {
		ask_blob(sync, PHASE_BODY, &name);
		return ENGINE_OK;
	}
	more = more || snapshot_install_cursor(sync->install)->seq < answer->head.seq;
	if (more && answer->frames_count > 0) {
		ask_exchange(sync, snapshot_install_cursor(sync->install));
		sync->phase = PHASE_TAKE_FOLLOW;
		return ENGINE_OK;
	}
	bytes_clear(&sync->extra_blob);
	result = snapshot_install_finish(sync->install, sync->options.allow_deletions);
	snapshot_install_free(sync->install);
	sync->install = NULL;
	sync->phase = PHASE_DECIDE;
	return result;
}

/*
 * What ends a run that cannot follow the log; but if a person asked for it, a reset is the way out.
 * A device that has never been in step has nothing to put in the log's place.
 */
static enum engine_result way_out(struct sync *sync, enum engine_result result)
{
	struct replica *replica = &sync->replica;
	bool asked = false;
	bool lost = result == ENGINE_ROLLBACK ||
		    (!sync->resetting && (result == ENGINE_DAMAGED || result == ENGINE_ROOT));

	if (!lost || !sync->options.reseed || !sync->answered || replica->facts.public.recovering ||
	    replica->facts.public.head.seq == 0 || ++sync->resets > RESETS_MAX)
		return result;
	transfers_give_up(&sync->transfers);
	forget_work(sync);
	bytes_clear(&sync->extra_blob);
	sync->current = false;
	sync->phase = PHASE_DECIDE;
	/* It carries the roster there, which it must descend from, or more that is known here. */
	result = follow_roster(sync, &asked);
	sync->reset_due = !asked;
	return result;
}

void sync_exchanged(struct sync *sync, const struct sync_answer *answer)
{
	enum engine_result result;

	assert(sync->phase == PHASE_EXCHANGE || sync->phase == PHASE_TAKE_FOLLOW);
	result = sync->phase == PHASE_EXCHANGE ? answered(sync, answer) : followed(sync, answer);
	result = way_out(sync, result);
	if (result != ENGINE_OK)
		end(sync, result);
}

static enum engine_result got_roster(struct sync *sync, struct view blob)
{
	struct digest hash;
	enum engine_result result;

	blob_hash(blob, &hash);
	if (!digest_equal(&hash, &sync->wanted.hash)) {
		call_sayf(sync->replica.call, "the roster's blob is not the one that was named");
		return ENGINE_DAMAGED;
	}
	result = replica_hold_roster(&sync->replica, blob);
	if (result == ENGINE_OK &&
	    !digest_equal(roster_hash(sync->replica.roster), &sync->there_roster_hash)) {
		call_sayf(sync->replica.call, "the roster's blob does not end as it was said to");
		result = ENGINE_DAMAGED;
	}
	if (result == ENGINE_OK)
		ask_exchange(sync, &sync->replica.facts.public.head);
	return result;
}

static enum engine_result got_body(struct sync *sync, struct view blob)
{
	bytes_clear(&sync->extra_blob);
	if (!bytes_copy(blob, &sync->extra_blob))
		return ENGINE_FAILED;
	sync->extra = (struct sync_body){sync->wanted, view_bytes(&sync->extra_blob)};
	if (sync->install != NULL) {
		ask_exchange(sync, snapshot_install_cursor(sync->install));
		sync->phase = PHASE_TAKE_FOLLOW;
	} else {
		ask_exchange(sync, &sync->replica.facts.public.head);
	}
	return ENGINE_OK;
}

/*
 * The snapshot to be made names nothing that was put before: the index that this device knows of
 * was replaced and swept; or it is damaged, nobody could join by it, and what is made now replaces
 * it.
 */
static enum engine_result learn_nothing(struct sync *sync, bool damaged)
{
	const struct journal *journal = &sync->replica.engine->journal;
	enum engine_result result = transaction_begin(&sync->replica);

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(journal->ops->segments_clear(journal->self, sync->replica.call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->meta_remove(journal->self, META_INDEX, sync->replica.call));
	if (result == ENGINE_OK && damaged)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_WARNING, (struct view){0},
			"the newest snapshot in the cloud copy could not be read: a new one "
			"replaces it",
			clock_wall_ms(sync->replica.engine->clock), sync->replica.call));
	if (result == ENGINE_OK)
		result = transaction_commit(&sync->replica);
	if (result != ENGINE_OK) {
		transaction_undo(&sync->replica);
		return result;
	}
	sync->phase = PHASE_MAKE;
	return snapshot_build_open(&sync->replica, FRAME_SNAPSHOT, NULL, &sync->build);
}

static enum engine_result got_index(struct sync *sync, struct view blob)
{
	enum engine_result result = transaction_begin(&sync->replica);

	if (result != ENGINE_OK)
		return result;
	result = segments_learn(&sync->replica, &sync->wanted, blob);
	if (result == ENGINE_OK)
		result = transaction_commit(&sync->replica);
	if (result != ENGINE_OK) {
		transaction_undo(&sync->replica);
		return result == ENGINE_DAMAGED ? learn_nothing(sync, true) : result;
	}
	sync->phase = PHASE_MAKE;
	return snapshot_build_open(&sync->replica, FRAME_SNAPSHOT, NULL, &sync->build);
}

/* Put, and read back: the bytes are there under their name. */
static enum engine_result got_back(
    struct sync *sync, const struct transfer *transfer, struct view blob)
{
	struct digest hash;
	uint64_t done, all;
	enum engine_result result;

	blob_hash(blob, &hash);
	if (!digest_equal(&hash, &transfer->name.hash)) {
		call_sayf(sync->replica.call, "what was put did not come back as it was");
		return ENGINE_DAMAGED;
	}
	result = snapshot_build_put_done(sync->build, transfer);
	snapshot_build_progress(sync->build, &done, &all);
	show_progress(sync, done, all);
	return result;
}

/* A load is taken where it stands in the log; a snapshot when the frames after it are known. */
static enum engine_result got_taken(struct sync *sync, struct transfer *transfer, struct view blob)
{
	uint64_t done, all;
	enum engine_result result = snapshot_install_blob(sync->install, transfer, blob);

	snapshot_install_progress(sync->install, &done, &all);
	show_progress(sync, done, all);
	return result;
}

static enum engine_result got_flight(struct sync *sync, struct transfer *transfer, struct view blob)
{
	enum engine_result result = ENGINE_OK;

	switch (transfer->state) {
	case TRANSFER_CHECK: result = got_back(sync, transfer, blob); break;
	case TRANSFER_GET: result = got_taken(sync, transfer, blob); break;
	case TRANSFER_STALE: break;
	case TRANSFER_FREE:
	case TRANSFER_PUT:
	case TRANSFER_BACK: assert(false); /* no blob was asked for */
	}
	transfer_end(transfer);
	return result;
}

static enum engine_result got_alone(struct sync *sync, struct view blob)
{
	switch (sync->phase) {
	case PHASE_ROSTER: return got_roster(sync, blob);
	case PHASE_BODY: return got_body(sync, blob);
	case PHASE_LEARN: return got_index(sync, blob);
	case PHASE_DECIDE:
	case PHASE_EXCHANGE:
	case PHASE_MAKE:
	case PHASE_TAKE:
	case PHASE_TAKE_FOLLOW:
	case PHASE_WAIT:
	case PHASE_OVER: assert(false); /* no blob was asked for */
	}
	return ENGINE_FAILED;
}

void sync_got(struct sync *sync, unsigned slot, struct view blob)
{
	enum engine_result result;

	assert(slot <= SLOT_ALONE);
	result = slot == SLOT_ALONE ? got_alone(sync, blob)
				    : got_flight(sync, &sync->transfers.all[slot], blob);
	result = way_out(sync, result);
	if (result != ENGINE_OK)
		end(sync, result);
}

void sync_put(struct sync *sync, unsigned slot)
{
	struct transfer *transfer = &sync->transfers.all[slot];

	assert(slot < SLOT_ALONE);
	if (transfer->state == TRANSFER_STALE) {
		transfer_end(transfer);
		return;
	}
	assert(transfer->state == TRANSFER_PUT && transfer->sealing.blob.data != NULL);
	transfer->name = transfer->sealing.name;
	transfer->blob_len = transfer->sealing.blob.len;
	bytes_clear(&transfer->sealing.blob);
	transfer->state = TRANSFER_BACK;
}

void sync_waited(struct sync *sync)
{
	assert(sync->phase == PHASE_WAIT);
	sync->phase = PHASE_DECIDE;
}

/*
 * A blob that an answer named is not there, or the name of one that is to be put has grown old:
 * others have committed and swept since that answer. The next one names what stands now; only what
 * that names in vain is missing.
 */
static void look_again(struct sync *sync)
{
	transfers_give_up(&sync->transfers);
	forget_push(sync);
	snapshot_build_free(sync->build);
	sync->build = NULL;
	snapshot_install_free(sync->install);
	sync->install = NULL;
	sync->resetting = false;
	bytes_clear(&sync->extra_blob);
	sync->current = false;
	sync->phase = PHASE_DECIDE;
}

/*
 * The blob that is missing, or may not be put so, stays that: ends with what the result says of it.
 * But while sweeps overtake each look nothing is shown, and another run may be luckier.
 */
static enum engine_result missed(struct sync *sync, enum engine_result result)
{
	uint64_t sweep = sync->replica.facts.public.sweep;
	bool overtaken = sweep != sync->missed_sweep;

	sync->missed_sweep = sweep;
	if (++sync->misses <= MISSES_MAX) {
		look_again(sync);
		return ENGINE_OK;
	}
	if (overtaken) {
		call_sayf(sync->replica.call,
		    "the cloud copy is being swept; nothing was lost, run it again");
		return ENGINE_LATER;
	}
	return result == ENGINE_NOT_FOUND ? ENGINE_DAMAGED : ENGINE_FAILED;
}

void sync_failed(struct sync *sync, unsigned slot, enum engine_result result, const char *message)
{
	assert(slot <= SLOT_ALONE);
	if (slot < SLOT_ALONE) {
		bool stale = sync->transfers.all[slot].state == TRANSFER_STALE;

		transfer_end(&sync->transfers.all[slot]);
		if (stale)
			return;
	}
	if (message != NULL && message != sync->replica.call->message)
		call_sayf(sync->replica.call, "%s", message);
	if ((result == ENGINE_NOT_FOUND || result == ENGINE_DAMAGED) &&
	    sync->phase == PHASE_LEARN) {
		result = learn_nothing(sync, result == ENGINE_DAMAGED);
		if (result != ENGINE_OK)
			end(sync, result);
		return;
	}
	if (result == ENGINE_NOT_FOUND || result == ENGINE_REFUSED)
		result = missed(sync, result);
	if (result != ENGINE_OK)
		result = way_out(sync, result);
	if (result != ENGINE_OK)
		end(sync, result);
}

enum engine_result sync_end(const struct sync *sync, struct sync_totals *totals_out)
{
	*totals_out = sync->replica.totals;
	totals_out->head = sync->replica.facts.public.head;
	return sync->result;
}
