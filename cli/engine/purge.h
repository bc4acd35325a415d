/*
 * cli/engine/purge.h: tombstones that may leave the state, by what the devices have acknowledged.
 */
#ifndef INKSEAL_PURGE_H
#define INKSEAL_PURGE_H

#include "cli/engine/replica.h"

struct purge {
	uint64_t seq_max;  /* every device has acknowledged up to here */
	int64_t before_ms; /* and they are at least as old as this */
};
MUST_USE enum engine_result purge_open(const struct replica *replica, struct purge *out);
/* The next by id after `after`; ENGINE_NOT_FOUND: none. */
MUST_USE enum engine_result purge_next(const struct replica *replica, const struct purge *purge,
    struct view after, struct bytes *id_out, struct journal_entry *known_out);
/* Others wait for this device: a tombstone is newer than its last frame, and that a week old. */
MUST_USE enum engine_result purge_acknowledge_due(const struct replica *replica, bool *due_out);

#endif
