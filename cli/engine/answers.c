/*
 * cli/engine/answers.c: what an exchange's answer means, by its status.
 */
#include "cli/engine/answers.h"
#include "cli/engine/brake.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/reconcile.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "cli/engine/wipe_record.h"

#include <stdlib.h>
#include <string.h>

#define LOSSES_MAX 60u /* races lost before it says "later" */
#define RENAMES_MAX 4u
#define LATER_MAX 60u /* a lease that its holder does not use takes 25 */

/* The frame in flight was not committed: what it carried is built again on the new head. */
static enum engine_result lost_race(struct sync *sync)
{
	if (sync->push.encoded.data == NULL)
		return ENGINE_OK;
	step_drop_push(sync);
	step_drop_build(sync);
	sync->reset = RESET_NONE;
	if (++sync->tries.losses > LOSSES_MAX) {
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
	sync->there = (struct remote_view){true, answer->head, answer->roster, answer->roster_hash};
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
		step_lose_standing(sync);
		step_drop_work(sync);
		step_to_wait(sync, WAIT_MIN_MS);
		return ENGINE_OK;
	}
	call_sayf(sync->replica.call,
	    "the log there is %s the one this device has seen (it saw place %llu, there it ends at "
	    "%llu): it was rolled back or forked; local edits are kept, sync stops",
	    answer->head.seq < facts->known_head.seq ? "older than" : "not",
	    (unsigned long long)facts->known_head.seq, (unsigned long long)answer->head.seq);
	return ENGINE_ROLLBACK;
}

/* Ends the transaction of an answer: judges what it moved, forgets frames sent for places that are
 * behind, and commits; or undoes all of it. */
static enum engine_result finish_pull(struct sync *sync, enum engine_result result)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;

	if (result == ENGINE_OK)
		result = reconcile_all(
		    replica, &(struct reconcile){.allow_deletions = sync->options.allow_deletions});
	if (result == ENGINE_OK && head_equal(&replica->facts.public.head, &sync->there.head))
		replica->facts.public.deleted = 0;
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_prune(
		    journal->self, replica->facts.public.head.seq, replica->call));
	if (result == ENGINE_OK)
		result = replica_note(replica, ACTIVITY_PUSHED,
		    replica->totals.pushed - replica->saved.totals.pushed);
	if (result == ENGINE_OK)
		replica->facts.public.pulled_ms = clock_wall_ms(replica->engine->clock);
	return brake_finish(replica, result);
}

/* One frame of an answer; *outcome_out is not APPLY_DONE where it is not applied. */
static enum engine_result pull_frame(struct sync *sync, const struct frame *frame,
    const struct body_source *source, enum apply_outcome *outcome_out)
{
	struct replica *replica = &sync->replica;
	bool own = false;
	enum engine_result result = ENGINE_OK;

	*outcome_out = APPLY_DONE;
	if (frame->header.kind == FRAME_LOAD)
		result = own_frames_known(replica, frame, &own);
	if (result == ENGINE_OK && own)
		return own_frames_acknowledge_next(replica, frame);
	if (result == ENGINE_OK)
		result = apply_frame(replica, frame, source, outcome_out);
	if (result == ENGINE_OK && *outcome_out == APPLY_DONE)
		result = apply_note_snapshot(replica, frame);
	return result;
}

/* How far the frames of an answer could be applied. */
struct pulled {
	size_t count;               /* so many were */
	struct frame next;          /* the one after them, if … */
	enum apply_outcome outcome; /* … this says why it was not */
};

static enum engine_result pull_frames(
    struct sync *sync, const struct sync_answer *answer, struct pulled *pulled)
{
	struct body_source source = {.bodies = answer->bodies,
	    .bodies_count = answer->bodies_count,
	    .extra = sync->extra_blob.data != NULL ? &sync->extra : NULL};
	enum engine_result result = ENGINE_OK;

	*pulled = (struct pulled){.outcome = APPLY_DONE};
	while (pulled->count < answer->frames_count && pulled->outcome == APPLY_DONE &&
	       result == ENGINE_OK) {
		result =
		    log_frame_decode(&sync->replica, answer->frames[pulled->count], &pulled->next);
		if (result == ENGINE_OK)
			result = pull_frame(sync, &pulled->next, &source, &pulled->outcome);
		pulled->count += result == ENGINE_OK && pulled->outcome == APPLY_DONE;
	}
	return result;
}

/* Nothing of the answer could be applied: its first frame wants something fetched. */
static enum engine_result fetch_first(struct sync *sync, const struct pulled *pulled)
{
	enum engine_result result = step_detour(sync);

	if (result != ENGINE_OK)
		return result;
	switch (pulled->outcome) {
	case APPLY_DONE: break; /* there was none */
	case APPLY_IS_LOAD: return step_to_install(sync, &pulled->next, true);
	case APPLY_NEEDS_BODY: step_to_body(sync, &pulled->next.header.blob); break;
	}
	return ENGINE_OK;
}

/* The frames of an answer, as far as they can be applied now; one transaction. */
static enum engine_result pull(struct sync *sync, const struct sync_answer *answer)
{
	struct pulled pulled;
	enum engine_result result = transaction_begin(&sync->replica);

	if (result != ENGINE_OK)
		return result;
	result = finish_pull(sync, pull_frames(sync, answer, &pulled));
	if (result != ENGINE_OK)
		return result;
	step_to_decide(sync);
	if (pulled.count == 0)
		return fetch_first(sync, &pulled);
	bytes_clear(&sync->extra_blob);
	sync->tries.detours = 0;
	sync->tries.misses = 0;
	return ENGINE_OK;
}

/*
 * At the head the log has led to the roster's newest statement: neither does one run ahead of it,
 * nor does it end before one that is known here.
 */
static enum engine_result check_roster_end(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	size_t at = roster_find(replica->roster, &sync->there.roster_hash);

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
	const struct head *head = &sync->replica.facts.public.head;
	bool asked = false;
	enum engine_result result = lost_race(sync);

	if (result == ENGINE_OK)
		result = step_to_roster(sync, &asked);
	if (result != ENGINE_OK || asked)
		return result;
	result = pull(sync, answer);
	if (result != ENGINE_OK || sync->phase != PHASE_DECIDE)
		return result;
	sync->standing = STANDING_BEHIND;
	if (answer->more || !head_equal(head, &answer->head))
		return ENGINE_OK;
	sync->standing = STANDING_CURRENT;
	return check_roster_end(sync);
}

/* The log may have gone on since, but it does not end before our frame, or with another there. */
static bool acknowledges(const struct sync *sync, const struct head *told)
{
	const struct frame *frame = &sync->push.frame;

	if (sync->push.encoded.data == NULL)
		return false;
	return told->seq > frame->header.seq ||
	       (told->seq == frame->header.seq && digest_equal(&told->hash, &frame->hash));
}

static enum engine_result acknowledge_patch(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = frame_build_apply(replica, &sync->push);

	if (result == ENGINE_OK) {
		replica->totals.pushed += sync->push.entries;
		replica->totals.deltas += sync->push.deltas;
	}
	return result;
}

static enum engine_result acknowledge_snapshot(struct sync *sync)
{
	enum engine_result result = snapshot_build_committed(sync->build, &sync->push.frame);

	step_drop_build(sync);
	return result;
}

/* The frame in flight is the log's now: what it carries is acknowledged, in one transaction. */
static enum engine_result acknowledge_push(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	replica->facts.public.acknowledged_ms = clock_wall_ms(replica->engine->clock);
	if (sync->new_roster.data != NULL)
		result = replica_hold_roster(replica, view_bytes(&sync->new_roster));
	if (result == ENGINE_OK)
		result = sync->build != NULL ? acknowledge_snapshot(sync) : acknowledge_patch(sync);
	return finish_pull(sync, result);
}

static enum engine_result answered_committed(struct sync *sync, const struct sync_answer *answer)
{
	struct replica *replica = &sync->replica;
	enum engine_result result;

	if (!acknowledges(sync, &answer->head)) {
		call_sayf(replica->call, "the remote acknowledged a frame that was not sent");
		return ENGINE_DAMAGED;
	}
	result = acknowledge_push(sync);
	if (result != ENGINE_OK)
		return result;
	/* While recovering the code's keys opened the epochs; now this device has a box of its own.
	 */
	if (!replica->facts.public.recovering)
		replica->opener = replica->engine->keys;
	sync->pushed = true;
	sync->tries.losses = 0;
	step_lose_standing(sync);
	if (head_equal(&replica->facts.public.head, &answer->head))
		sync->standing = STANDING_CURRENT;
	step_drop_push(sync);
	sync->reset = RESET_NONE;
	step_to_decide(sync);
	return ENGINE_OK;
}

static enum engine_result answered_current(struct sync *sync)
{
	enum engine_result result = check_roster_end(sync);

	/* What was sent was not committed, whatever the reason: it is built again, but not for
	 * ever. */
	if (result == ENGINE_OK)
		result = lost_race(sync);
	if (result == ENGINE_OK)
		result = transaction_begin(&sync->replica);
	if (result != ENGINE_OK)
		return result;
	result = finish_pull(sync, ENGINE_OK);
	sync->standing = STANDING_CURRENT;
	step_to_decide(sync);
	return result;
}

/*
 * What stands instead of the log is our own, and its acknowledgement was lost: what it carries is
 * known here, so nothing is fetched, and edits made since keep it as their base.
 */
static enum engine_result acknowledge_own(struct sync *sync, const struct frame *frame)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	step_to_decide(sync);
	return finish_pull(sync, own_frames_acknowledge_next(replica, frame));
}

static enum engine_result decode_snapshot(struct sync *sync, struct view encoded, struct frame *out)
{
	enum format_result decoded = frame_decode(encoded, out);

	if (decoded != FORMAT_OK)
		call_sayf(sync->replica.call, "a snapshot's frame is %s; nothing was changed",
		    format_result_text(decoded));
	return engine_of_format(decoded);
}

static enum engine_result answered_far(struct sync *sync, const struct sync_answer *answer)
{
	struct frame frame;
	bool own = false;
	bool asked = false;
	enum engine_result result = lost_race(sync);

	if (result == ENGINE_OK)
		result = step_to_roster(sync, &asked);
	if (result != ENGINE_OK || asked)
		return result;
	result = decode_snapshot(sync, answer->snapshot, &frame);
	if (result == ENGINE_OK)
		result = own_frames_find_next(&sync->replica, &frame, &own);
	if (result == ENGINE_OK && own)
		return acknowledge_own(sync, &frame);
	if (result == ENGINE_OK)
		result = step_detour(sync);
	return result == ENGINE_OK ? step_to_install(sync, &frame, false) : result;
}

/* Blobs whose count is too old, or that nobody has seen: put again under the current one. */
static enum engine_result answered_rename(struct sync *sync)
{
	struct replica *replica = &sync->replica;
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result;

	step_drop_work(sync);
	if (++sync->tries.renames > RENAMES_MAX) {
		call_sayf(
		    replica->call, "the remote keeps losing what was put; run it again later");
		return ENGINE_LATER;
	}
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(journal->ops->segments_clear(journal->self, replica->call));
	result = transaction_finish(replica, result);
	step_to_decide(sync);
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

/* The roster is the one known here, or more, and in it a member has revoked the device that asks.
 */
static bool is_revoked(const struct sync *sync, const struct roster *roster)
{
	const struct roster_device *device = NULL;

	if (replica_knows(&sync->replica, roster))
		device = roster_device(roster, &sync->request.device);
	return device != NULL && device->revoked_by != SIZE_MAX;
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
	struct roster *roster = calloc(1, sizeof(*roster));
	bool revoked;

	if (roster == NULL)
		return ENGINE_FAILED;
	revoked = answer->roster_blob.data != NULL &&
		  roster_decode(answer->roster_blob, false, roster) == FORMAT_OK &&
		  is_revoked(sync, roster);
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
	if (++sync->tries.laters > LATER_MAX) {
		call_sayf(sync->replica.call, "the remote is busy; nothing was lost, run it again");
		return ENGINE_LATER;
	}
	step_drop_work(sync);
	step_to_wait(sync, later_ms(sync, answer));
	return ENGINE_OK;
}

static enum engine_result answered_refused(struct sync *sync)
{
	/* The driver has put the remote's reason there, if it gave one. */
	if (sync->replica.call->message[0] == '\0')
		call_sayf(sync->replica.call, "the remote refused what was sent; nothing was lost");
	return ENGINE_DAMAGED;
}

static bool is_of_living_account(enum sync_status status)
{
	switch (status) {
	case SYNC_CURRENT:
	case SYNC_COMMITTED:
	case SYNC_BEHIND:
	case SYNC_FAR_BEHIND:
	case SYNC_RENAME:
	case SYNC_AHEAD:
	case SYNC_DIVERGED: return true;
	case SYNC_REVOKED:
	case SYNC_GONE:
	case SYNC_REFUSED:
	case SYNC_LATER: break;
	}
	return false;
}

enum engine_result answer_judge(struct sync *sync, const struct sync_answer *answer)
{
	enum engine_result result = ENGINE_OK;

	if (is_of_living_account(answer->status)) {
		result = note_answer(sync, answer);
		if (result == ENGINE_OK)
			result = check_rollback(sync, answer);
		if (result != ENGINE_OK || sync->phase == PHASE_WAIT)
			return result;
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
	case SYNC_REFUSED: return answered_refused(sync);
	case SYNC_AHEAD:
	case SYNC_DIVERGED: break; /* check_rollback has ended or retried */
	}
	return ENGINE_ROLLBACK;
}

/* The log has led to the head: what was staged is installed. */
static enum engine_result finish_install(struct sync *sync)
{
	enum engine_result result;

	bytes_clear(&sync->extra_blob);
	result = snapshot_install_finish(sync->install, sync->options.allow_deletions);
	step_drop_install(sync);
	step_to_decide(sync);
	return result;
}

static enum engine_result follow_on(struct sync *sync, const struct sync_answer *answer)
{
	struct blob_name name;
	bool body = false;
	bool more;
	enum engine_result result = snapshot_install_frames(sync->install, answer,
	    sync->extra_blob.data != NULL ? &sync->extra : NULL, &name, &body);

	if (result != ENGINE_OK)
		return result;
	if (body) {
		step_to_body(sync, &name);
		return ENGINE_OK;
	}
	more = answer->more || snapshot_install_cursor(sync->install)->seq < answer->head.seq;
	if (!more || answer->frames_count == 0)
		return finish_install(sync);
	step_to_follow(sync);
	return ENGINE_OK;
}

enum engine_result answer_follow(struct sync *sync, const struct sync_answer *answer)
{
	bool asked = false;
	enum engine_result result;

	if (answer->status == SYNC_FAR_BEHIND) /* a newer one has come meanwhile */
		step_drop_install(sync);
	if (answer->status != SYNC_CURRENT && answer->status != SYNC_BEHIND)
		return answer_judge(sync, answer);
	result = note_answer(sync, answer);
	if (result == ENGINE_OK)
		result = step_to_roster(sync, &asked);
	return result != ENGINE_OK || asked ? result : follow_on(sync, answer);
}
