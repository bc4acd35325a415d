/*
 * cli/engine/blobs_arrived.c: what a blob that has arrived means, by what it was asked for.
 */
#include "cli/engine/blobs_arrived.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"
#include "cli/engine/transaction.h"

#include <assert.h>

#define MISSES_MAX 2u /* blobs that are not there, without moving on: then it is damage */

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
	    !digest_equal(roster_hash(sync->replica.roster), &sync->there.roster_hash)) {
		call_sayf(sync->replica.call, "the roster's blob does not end as it was said to");
		result = ENGINE_DAMAGED;
	}
	if (result == ENGINE_OK)
		step_to_exchange(sync);
	return result;
}

static enum engine_result got_body(struct sync *sync, struct view blob)
{
	bytes_clear(&sync->extra_blob);
	if (!bytes_copy(blob, &sync->extra_blob))
		return ENGINE_FAILED;
	sync->extra = (struct sync_body){sync->wanted, view_bytes(&sync->extra_blob)};
	if (sync->install != NULL)
		step_to_follow(sync);
	else
		step_to_exchange(sync);
	return ENGINE_OK;
}

static enum engine_result warn_of_index(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;

	return engine_of_journal(
	    journal->ops->activity_add(journal->self, ACTIVITY_WARNING, (struct view){0},
		"the newest snapshot in the cloud copy could not be read: a new one "
		"replaces it",
		clock_wall_ms(replica->engine->clock), replica->call));
}

/*
 * The snapshot to be built names nothing that was put before: the index that this device knows of
 * was replaced and swept; or it is damaged, nobody could join by it, and what is built now replaces
 * it.
 */
static enum engine_result learn_nothing(struct sync *sync, bool damaged)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = segments_begin(replica);
	if (result == ENGINE_OK && damaged)
		result = warn_of_index(replica);
	result = transaction_finish(replica, result);
	return result == ENGINE_OK ? step_to_build(sync, FRAME_SNAPSHOT) : result;
}

static enum engine_result got_index(struct sync *sync, struct view blob)
{
	struct replica *replica = &sync->replica;
	enum engine_result result = transaction_begin(replica);

	if (result != ENGINE_OK)
		return result;
	result = transaction_finish(replica, segments_learn(replica, &sync->wanted, blob));
	if (result == ENGINE_DAMAGED)
		return learn_nothing(sync, true);
	return result == ENGINE_OK ? step_to_build(sync, FRAME_SNAPSHOT) : result;
}

enum engine_result blob_arrived(struct sync *sync, struct view blob)
{
	switch (sync->phase) {
	case PHASE_ROSTER: return got_roster(sync, blob);
	case PHASE_BODY: return got_body(sync, blob);
	case PHASE_LEARN: return got_index(sync, blob);
	case PHASE_DECIDE:
	case PHASE_EXCHANGE:
	case PHASE_BUILD:
	case PHASE_INSTALL:
	case PHASE_FOLLOW:
	case PHASE_WAIT:
	case PHASE_OVER: assert(false); /* no blob was asked for */
	}
	return ENGINE_FAILED;
}

static void show_progress(const struct sync *sync, uint64_t done, uint64_t all)
{
	if (sync->options.progress != NULL)
		sync->options.progress(sync->options.progress_self, done, all);
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

static enum engine_result got_installed(
    struct sync *sync, struct transfer *transfer, struct view blob)
{
	uint64_t done, all;
	enum engine_result result = snapshot_fetch_blob(sync->install, transfer, blob);

	snapshot_fetch_progress(sync->install, &done, &all);
	show_progress(sync, done, all);
	return result;
}

enum engine_result transfer_arrived(struct sync *sync, struct transfer *transfer, struct view blob)
{
	enum engine_result result = ENGINE_OK;

	switch (transfer->state) {
	case TRANSFER_CHECK: result = got_back(sync, transfer, blob); break;
	case TRANSFER_GET: result = got_installed(sync, transfer, blob); break;
	case TRANSFER_STALE: break;
	case TRANSFER_FREE:
	case TRANSFER_PUT:
	case TRANSFER_BACK: assert(false); /* no blob was asked for */
	}
	transfer_end(transfer);
	return result;
}

/*
 * A blob that an answer named is not there, or the name of one that is to be put has grown old:
 * others have committed and swept since that answer. The next one names what stands now; only what
 * that names in vain is missing.
 */
static void look_again(struct sync *sync)
{
	transfers_give_up(&sync->transfers);
	step_drop_work(sync);
	bytes_clear(&sync->extra_blob);
	step_lose_standing(sync);
	step_to_decide(sync);
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
	if (++sync->tries.misses <= MISSES_MAX) {
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

enum engine_result blob_failed(struct sync *sync, enum engine_result result)
{
	if (sync->phase == PHASE_LEARN && (result == ENGINE_NOT_FOUND || result == ENGINE_DAMAGED))
		return learn_nothing(sync, result == ENGINE_DAMAGED);
	if (result == ENGINE_NOT_FOUND || result == ENGINE_REFUSED)
		return missed(sync, result);
	return result;
}
