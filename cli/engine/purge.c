/*
 * cli/engine/purge.c: tombstones leave the cloud state (design, section 5, "Tombstones"): with a
 * patch that names them and raises the floor. One may go once it is 90 days old and each device has
 * acknowledged its place, or was silent for 180 days. A frame's previous hash is what its maker
 * acknowledges, so a device whose last frame stands behind the tombstone's has seen it. What a
 * device did on a branch that a reset gave up is not known: after one, nobody's silence is older
 * than it. A wrong clock can only purge too early; a device that then lies below the floor takes
 * the absence for the deletion that it was, and what it has edited since stays.
 */
#include "cli/engine/purge.h"
#include "cli/engine/result.h"
#include "schemas/base/mutation.h"

#include <string.h>

#define DAY_MS INT64_C(86400000)
#define TOMBSTONE_DAYS 90
#define SILENT_DAYS 180
#define ACKNOWLEDGE_DAYS 7

/* The last frame seen of a device: its seq, and when it was made. */
static enum engine_result last_frame(const struct replica *replica,
    const struct roster_device *device, uint64_t *seq_out, int64_t *time_ms_out)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result found;

	*seq_out = 0; /* the first device is in no frame: it was there from the genesis */
	*time_ms_out = device->added_ms;
	found = journal->ops->device_get(
	    journal->self, &device->id, replica->call, seq_out, time_ms_out);
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

/* The place up to which every device that counts has acknowledged the log. */
static enum engine_result acknowledged_by_all(const struct replica *replica, uint64_t *seq_out)
{
	const struct sync_facts *facts = &replica->facts.public;
	int64_t now_ms = clock_wall_ms(replica->engine->clock);
	uint64_t all = facts->head.seq;

	for (size_t i = 0; i < replica->roster->devices_count; i++) {
		const struct roster_device *device = &replica->roster->devices[i];
		uint64_t seq;
		int64_t time_ms;
		enum engine_result result;

		if (device->keys.role != ROLE_DEVICE ||
		    device_equal(&device->id, replica_device(replica)) ||
		    roster_live(replica->roster, &device->id, replica->roster_index) == NULL)
			continue;
		result = last_frame(replica, device, &seq, &time_ms);
		if (result != ENGINE_OK)
			return result;
		if (time_ms < facts->reset_ms)
			time_ms = facts->reset_ms;
		if (now_ms - time_ms >= SILENT_DAYS * DAY_MS)
			continue;
		if (seq == 0)
			all = 0;
		else if (seq - 1 < all)
			all = seq - 1;
	}
	*seq_out = all;
	return ENGINE_OK;
}

enum engine_result purge_open(const struct replica *replica, struct purge *out)
{
	struct purge purge = {.before_ms = clock_wall_ms(replica->engine->clock) -
					   (MUTATION(PURGE_AT_ONCE) ? 0 : TOMBSTONE_DAYS * DAY_MS)};
	enum engine_result result = acknowledged_by_all(replica, &purge.seq_max);

	if (result == ENGINE_OK)
		*out = purge;
	return result;
}

enum engine_result purge_next(const struct replica *replica, const struct purge *purge,
    struct view after, struct bytes *id_out, struct journal_entry *known_out)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes id = {0};
	enum journal_result found = journal->ops->tombstone_next(
	    journal->self, after, purge->seq_max, purge->before_ms, replica->call, &id);

	if (found == JOURNAL_NONE)
		return ENGINE_NOT_FOUND;
	if (found == JOURNAL_OK)
		found = journal->ops->entry_get(
		    journal->self, view_bytes(&id), replica->call, known_out);
	if (found == JOURNAL_OK) {
		*id_out = id;
		return ENGINE_OK;
	}
	bytes_clear(&id);
	return engine_of_journal(found);
}

enum engine_result purge_acknowledge_due(const struct replica *replica, bool *due_out)
{
	const struct journal *journal = &replica->engine->journal;
	const struct roster_device *own = roster_device(replica->roster, replica_device(replica));
	uint64_t newest = 0;
	uint64_t seq;
	int64_t time_ms;
	enum engine_result result;

	*due_out = false;
	if (own == NULL)
		return ENGINE_OK;
	result = engine_of_journal(
	    journal->ops->tombstone_newest(journal->self, replica->call, &newest));
	if (result == ENGINE_OK)
		result = last_frame(replica, own, &seq, &time_ms);
	if (result == ENGINE_OK)
		*due_out = newest > seq && clock_wall_ms(replica->engine->clock) - time_ms >=
					       ACKNOWLEDGE_DAYS * DAY_MS;
	return result;
}
