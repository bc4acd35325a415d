/*
 * cli/engine/snapshot_install.c: a snapshot, load or reset that is staged becomes the cloud state.
 * Only once the whole has given its root, and the log has led from the covered place to the very
 * frame that named it and on to the head, does anything move, in one transaction, and each entry is
 * judged against its old base.
 */
#include "cli/engine/snapshot_install.h"
#include "cli/engine/brake.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/patch_ops.h"
#include "cli/engine/reconcile.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"

#include <string.h>

const struct head *snapshot_install_cursor(const struct snapshot_install *install)
{
	return &install->follow.cursor;
}

enum engine_result snapshot_install_frames(struct snapshot_install *install,
    const struct sync_answer *answer, const struct sync_body *extra,
    struct blob_name *body_needed_out, bool *body_out)
{
	enum follow_fault fault;
	enum engine_result result =
	    follow_add(&install->follow, answer, extra, body_needed_out, body_out, &fault);

	if (result != ENGINE_OK)
		return result;
	switch (fault) {
	case FOLLOW_HOLDS: break;
	case FOLLOW_LEADS_ELSEWHERE:
		return snapshot_damaged(install, "the frames after it do not lead on");
	case FOLLOW_TOO_MUCH: return snapshot_damaged(install, "too much follows it");
	}
	return ENGINE_OK;
}

static enum engine_result apply_staged(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;

	return engine_of_journal(journal->ops->stage_install(
	    journal->self, install->covered.seq, install->sealed.time_ms, install->replica->call));
}

/*
 * What this device has and the state has not. Below the floor it was deleted; else the state is not
 * what the log made: absence is never deletion.
 */
static enum engine_result apply_missing(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		enum journal_result found = journal->ops->stage_missing_next(
		    journal->self, view_bytes(&after), install->replica->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK && !install->no_base &&
		    (install->is_whole ||
			install->replica->facts.public.head.seq >= install->parts.head.floor)) {
			call_sayf(install->replica->call,
			    "the state at %llu lacks entries that were never deleted: everything "
			    "here is kept, sync stops",
			    (unsigned long long)install->covered.seq);
			result = ENGINE_ROOT;
		}
		if (result == ENGINE_OK)
			result = apply_cloud(install->replica, view_bytes(&id), NULL,
			    replica_device(install->replica), install->covered.seq,
			    install->sealed.time_ms);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* Devices' places, for the index that this device may build one day. */
static enum engine_result apply_devices(struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	struct cbor_reader reader;
	enum engine_result result = ENGINE_OK;

	cbor_read(&reader, install->parts.devices);
	for (size_t i = 0; i < install->parts.devices_count && result == ENGINE_OK; i++) {
		struct index_device device;

		index_read_device(&reader, &device);
		result = engine_of_journal(journal->ops->device_seen(
		    journal->self, &device.id, device.seq, device.time_ms, install->replica->call));
	}
	/* The index was made before the frame: this is its maker's last one, and is not applied. */
	if (result == ENGINE_OK && install->is_whole)
		result = engine_of_journal(journal->ops->device_seen(journal->self,
		    &install->frame.header.device, install->frame.header.seq,
		    install->sealed.time_ms, install->replica->call));
	return result;
}

/* After a reset nothing here has a base, but what is the same there. */
static enum engine_result forget_bases(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	const struct journal *journal = &replica->engine->journal;
	bool is_reset = install->frame.header.kind == FRAME_RESET;
	enum engine_result result = ENGINE_OK;

	if (!install->no_base)
		return ENGINE_OK;
	replica->facts.public.reset_seq =
	    is_reset ? install->frame.header.seq : install->sealed.reset_seq;
	replica->facts.public.reset_ms = clock_wall_ms(replica->engine->clock);
	result = engine_of_journal(journal->ops->bases_forget(journal->self, replica->call));
	if (result == ENGINE_OK && is_reset)
		result = engine_of_journal(journal->ops->cloud_placed(
		    journal->self, install->frame.header.seq, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_RESET, (struct view){0},
			"another device had the cloud copy begun anew: what differed here was kept",
			clock_wall_ms(replica->engine->clock), replica->call));
	return result;
}

/*
 * An entry that stood in two rows would be twice in the sum, once in the state, and there in the
 * version whose segment happened to come last: no two devices need have the same one.
 */
static enum engine_result compare_count(const struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	uint64_t count = 0;
	enum engine_result result = engine_of_journal(
	    journal->ops->stage_count(journal->self, install->replica->call, &count));

	if (result != ENGINE_OK || count == install->rows_count)
		return result;
	call_sayf(install->replica->call,
	    "the segments at %llu hold an entry more than once: everything here is kept, sync "
	    "stops",
	    (unsigned long long)install->covered.seq);
	return ENGINE_ROOT;
}

/*
 * No tombstone stands beyond the place that is installed, and none has come with the frame itself
 * but by a load: a snapshot's frame comes after what it covers, and a reset's rows are all of
 * before.
 */
static enum engine_result compare_places(const struct snapshot_install *install)
{
	const struct journal *journal = &install->replica->engine->journal;
	bool own = false;
	uint64_t newest = 0;
	enum engine_result result = engine_of_journal(
	    journal->ops->stage_places(journal->self, install->replica->call, &own, &newest));

	if (result != ENGINE_OK)
		return result;
	if (newest > install->covered.seq || (own && install->frame.header.kind != FRAME_LOAD))
		return snapshot_misplaced(install);
	return ENGINE_OK;
}

static enum engine_result compare_root(const struct snapshot_install *install)
{
	const uint8_t *expected =
	    install->is_whole ? install->sealed.root : install->sealed.covered_root;
	uint8_t root[ROOT_LEN];

	root_of(&install->stage.sum, root);
	if (memcmp(root, expected, ROOT_LEN) == 0)
		return ENGINE_OK;
	call_sayf(install->replica->call,
	    "the segments at %llu do not give the state root that their frame names: everything "
	    "here "
	    "is kept, sync stops",
	    (unsigned long long)install->covered.seq);
	return ENGINE_ROOT;
}

static bool is_itself(const struct snapshot_install *install, const struct frame *frame)
{
	return digest_equal(&frame->hash, &install->frame.hash);
}

/* Has the log led to the frame itself? */
static bool met_itself(const struct snapshot_install *install)
{
	const struct follow *follow = &install->follow;

	for (size_t i = 0; i < follow->frames_count; i++)
		if (is_itself(install, &follow->frames[i].frame))
			return true;
	return install->is_whole;
}

/* The frames after the covered place, as if they had just been pulled. */
static enum engine_result apply_frames(struct snapshot_install *install)
{
	const struct follow *follow = &install->follow;
	struct body_source source = {
	    .bodies = follow->bodies, .bodies_count = follow->bodies_count};
	enum engine_result result = ENGINE_OK;

	for (size_t i = 0; i < follow->frames_count && result == ENGINE_OK; i++) {
		const struct frame *frame = &follow->frames[i].frame;
		enum apply_outcome outcome;

		result = apply_frame(install->replica, frame, &source, &outcome);
		if (result != ENGINE_OK || outcome == APPLY_IS_LOAD)
			return result; /* a load is met again, after this place */
		if (outcome == APPLY_NEEDS_BODY)
			return snapshot_damaged(install, "a body after it is missing");
		/* The segments of the one that is installed are known; of a later one they are
		 * not. */
		if (is_itself(install, frame))
			log_begins(install->replica, frame->header.seq);
		else
			result = apply_note_snapshot(install->replica, frame);
	}
	return result;
}

/* The roster as it was at the covered place: of the first frame after it, or the frame's own. */
static enum engine_result move_head(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	const struct follow *follow = &install->follow;
	const struct frame *frame = follow->frames_count > 0 && !install->is_whole
					? &follow->frames[0].frame
					: &install->frame;
	size_t index = roster_find(replica->roster, &frame->header.roster);

	if (index == SIZE_MAX)
		return snapshot_damaged(install, "its roster is not in the one this device knows");
	replica->roster_index = index;
	replica->facts.public.head = install->covered;
	/* The statement that adds this device may lie before that: it landed, and nobody said so.
	 */
	if (roster_live(replica->roster, replica_device(replica), index) != NULL)
		return own_frames_joined(replica);
	return ENGINE_OK;
}

static enum engine_result remember_segments(struct snapshot_install *install)
{
	enum engine_result result = segments_begin(install->replica);

	for (size_t i = 0; i < install->segments_count && result == ENGINE_OK; i++)
		result = segments_add(install->replica, &install->segments[i].index.run_hash,
		    &install->segments[i].name);
	segments_weigh(install->replica, install->fetched_bytes, install->fetched_count,
	    install->segments_count);
	log_begins(install->replica, install->frame.header.seq);
	return result;
}

/* A state that does not hold is not built upon by the next run. ENGINE_ROOT, or why it will be. */
static enum engine_result fetch_anew(struct replica *replica)
{
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = stage_forget(replica);
	result = transaction_finish(replica, result);
	return result == ENGINE_OK ? ENGINE_ROOT : result;
}

/* What is staged must be a whole state, and the one that the frame names. */
static enum engine_result check_staged(struct snapshot_install *install)
{
	enum engine_result result = apply_missing(install);

	if (result == ENGINE_OK)
		result = compare_count(install);
	if (result == ENGINE_OK)
		result = compare_root(install);
	return result == ENGINE_OK ? compare_places(install) : result;
}

/* The state at the covered place becomes the cloud state, and all that hangs on it follows. */
static enum engine_result move_state(struct snapshot_install *install)
{
	struct replica *replica = install->replica;
	enum engine_result result;

	replica->sum = install->stage.sum;
	result = apply_staged(install);
	if (result == ENGINE_OK)
		result = apply_devices(install);
	if (result == ENGINE_OK)
		result = forget_bases(install);
	if (result == ENGINE_OK)
		result = losers_file(&install->losers, replica);
	if (result == ENGINE_OK)
		result = remember_segments(install);
	if (result == ENGINE_OK)
		result = move_head(install);
	if (result == ENGINE_OK)
		replica->facts.public.floor = install->parts.head.floor;
	return result;
}

static enum engine_result forget_staged(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result = stage_forget(replica);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_prune(
		    journal->self, replica->facts.public.head.seq, replica->call));
	return result;
}

static enum engine_result move_all(struct snapshot_install *install, bool allow_deletions)
{
	struct reconcile how = {.allow_deletions = allow_deletions, .no_base = install->no_base};
	enum engine_result result = check_staged(install);

	if (result == ENGINE_OK)
		result = move_state(install);
	if (result == ENGINE_OK)
		result = apply_frames(install);
	if (result == ENGINE_OK)
		result = reconcile_all(install->replica, &how);
	return result == ENGINE_OK ? forget_staged(install->replica) : result;
}

enum engine_result snapshot_install_finish(struct snapshot_install *install, bool allow_deletions)
{
	struct replica *replica = install->replica;
	enum engine_result result;

	if (!met_itself(install))
		return snapshot_damaged(install, "the log does not lead to it");
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	result = brake_finish(replica, move_all(install, allow_deletions));
	return result == ENGINE_ROOT ? fetch_anew(replica) : result;
}
