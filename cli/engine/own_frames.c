/*
 * cli/engine/own_frames.c: frames of this home's own that the log holds: what they carry is
 * acknowledged.
 */
#include "cli/engine/own_frames.h"
#include "cli/engine/result.h"
#include "cli/engine/segments.h"

#include <string.h>

enum engine_result own_frames_known(
    struct replica *replica, const struct frame *frame, bool *known_out)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result found =
	    journal->ops->sent_known(journal->self, &frame->hash, replica->call);

	*known_out = found == JOURNAL_OK;
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

static enum engine_result warn_of_clone(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;

	return engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_WARNING,
	    (struct view){0},
	    "the log holds a frame of this device's key that this home did not make: the home was "
	    "copied or restored; run `inkseal recover` in the copy to make it a device of its own",
	    clock_wall_ms(replica->engine->clock), replica->call));
}

enum engine_result own_frames_judge(
    struct replica *replica, const struct frame *frame, bool *own_out)
{
	enum engine_result result;

	*own_out = false;
	if (!device_equal(&frame->header.device, replica_device(replica)))
		return ENGINE_OK;
	result = own_frames_known(replica, frame, own_out);
	return result != ENGINE_OK || *own_out ? result : warn_of_clone(replica);
}

enum engine_result own_frames_joined(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;

	replica->facts.public.recovering = false;
	return engine_of_journal(
	    journal->ops->meta_remove(journal->self, META_STATEMENT, replica->call));
}

/* The root's sum over the state with the versions of a sent load in it. */
static enum engine_result sum_sent(
    struct replica *replica, const struct digest *frame, struct root_sum *sum)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) {
		struct bytes id = {0};
		struct digest version;
		struct journal_entry known = {0};
		enum journal_result found = journal->ops->sent_next(
		    journal->self, frame, view_bytes(&after), replica->call, &id, &version);

		if (found == JOURNAL_NONE)
			break;
		if (found == JOURNAL_OK)
			found = journal->ops->entry_get(
			    journal->self, view_bytes(&id), replica->call, &known);
		result = engine_of_journal(found);
		if (result == ENGINE_OK && known.has_cloud)
			root_remove(sum, view_bytes(&id), &known.cloud);
		if (result == ENGINE_OK)
			root_add(sum, view_bytes(&id), &version);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

/* The load's sum as it was built, if the versions that go by it are still those that it is of. */
static bool sum_built(const struct load_built *built, uint64_t count, const struct digest *versions,
    struct root_sum *sum)
{
	if (count != built->count || !digest_equal(versions, &built->versions))
		return false;
	*sum = built->sum;
	return true;
}

static enum engine_result acknowledge_load(struct replica *replica, const struct frame *frame,
    const struct frame_sealed *sealed, const struct load_built *built)
{
	const struct journal *journal = &replica->engine->journal;
	struct digest versions = {{0}};
	uint64_t count = 0;
	uint8_t root[ROOT_LEN];
	bool summed = true;
	enum engine_result result = ENGINE_OK;

	if (built == NULL)
		result = sum_sent(replica, &frame->hash, &replica->sum);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->sent_acknowledge(journal->self,
		    &frame->hash, &frame->header.device, frame->header.seq, sealed->time_ms,
		    replica->call, &count, &versions));
	if (result != ENGINE_OK)
		return result;
	if (built != NULL)
		summed = sum_built(built, count, &versions, &replica->sum);
	root_of(&replica->sum, root);
	if (!summed || memcmp(root, sealed->root, ROOT_LEN) != 0) {
		call_sayf(replica->call, "after this device's own load its state root differs: "
					 "everything is kept, sync stops");
		return ENGINE_ROOT;
	}
	replica->totals.pushed += count;
	return ENGINE_OK;
}

/*
 * The log begins with it, and it is this device's last frame: by that others count how far it has
 * acknowledged the log.
 */
static enum engine_result begin_log(
    struct replica *replica, const struct frame *frame, const struct frame_sealed *sealed)
{
	const struct journal *journal = &replica->engine->journal;

	log_begins(replica, frame->header.seq);
	return engine_of_journal(journal->ops->device_seen(journal->self, &frame->header.device,
	    frame->header.seq, sealed->time_ms, replica->call));
}

enum engine_result own_frames_load(
    struct replica *replica, const struct frame *frame, const struct load_built *built)
{
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	enum engine_result result = log_frame_follow(replica, frame);

	if (result == ENGINE_OK)
		result = log_frame_open(replica, frame, &payload, &sealed);
	if (result == ENGINE_OK)
		result = acknowledge_load(replica, frame, &sealed, built);
	if (result == ENGINE_OK)
		result = begin_log(replica, frame, &sealed);
	bytes_clear(&payload);
	return result;
}

static enum engine_result acknowledge_reset(struct replica *replica, const struct frame *frame)
{
	const struct journal *journal = &replica->engine->journal;
	struct sync_facts *facts = &replica->facts.public;
	struct head before = {frame->header.seq - 1, frame->header.previous};
	size_t index = replica->roster_index;
	const char *message = "it is not of this device's state";
	enum format_result checked = FORMAT_FORGED;
	enum engine_result result;

	if (head_equal(&frame->header.covered, &facts->head))
		checked = frame_check(frame, &before, replica->roster, &index, &message);
	if (checked != FORMAT_OK) {
		call_sayf(replica->call, "this device's own reset does not hold: %s", message);
		return checked == FORMAT_NO_MEMORY ? ENGINE_FAILED : ENGINE_DAMAGED;
	}
	replica->roster_index = index;
	facts->head = log_frame_head(frame);
	facts->reset_seq = frame->header.seq;
	facts->reset_ms = clock_wall_ms(replica->engine->clock);
	replica->totals.reset = true;
	result = engine_of_journal(
	    journal->ops->cloud_placed(journal->self, frame->header.seq, replica->call));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_RESET,
		    (struct view){0}, "this device's journal took the place of the cloud copy",
		    clock_wall_ms(replica->engine->clock), replica->call));
	return result;
}

static enum engine_result open_and_begin_log(struct replica *replica, const struct frame *frame)
{
	struct bytes payload = {0};
	struct frame_sealed sealed = {0};
	enum engine_result result = log_frame_open(replica, frame, &payload, &sealed);

	if (result == ENGINE_OK)
		result = begin_log(replica, frame, &sealed);
	bytes_clear(&payload);
	return result;
}

enum engine_result own_frames_reset(struct replica *replica, const struct frame *frame)
{
	enum engine_result result = acknowledge_reset(replica, frame);

	return result == ENGINE_OK ? open_and_begin_log(replica, frame) : result;
}

enum engine_result own_frames_snapshot(struct replica *replica, const struct frame *frame)
{
	enum engine_result result = log_frame_follow(replica, frame);

	return result == ENGINE_OK ? open_and_begin_log(replica, frame) : result;
}

/* A load stands right after the cursor; a reset was built of the state at it. */
static bool stands_here(const struct replica *replica, const struct frame_header *header)
{
	const struct head *head = &replica->facts.public.head;

	if (header->kind == FRAME_RESET)
		return head_equal(&header->covered, head);
	return header->kind == FRAME_LOAD && header->seq == head->seq + 1 &&
	       digest_equal(&header->previous, &head->hash);
}

enum engine_result own_frames_find_next(
    struct replica *replica, const struct frame *frame, bool *next_out)
{
	enum engine_result result = own_frames_known(replica, frame, next_out);

	*next_out = *next_out && stands_here(replica, &frame->header);
	return result;
}

enum engine_result own_frames_acknowledge_next(struct replica *replica, const struct frame *frame)
{
	replica->facts.public.acknowledged_ms = clock_wall_ms(replica->engine->clock);
	if (frame->header.kind == FRAME_RESET)
		return own_frames_reset(replica, frame);
	return own_frames_load(replica, frame, NULL);
}
