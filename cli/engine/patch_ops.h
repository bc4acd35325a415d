/*
 * cli/engine/patch_ops.h: a patch's operations onto the cloud state; in a transaction.
 */
#ifndef INKSEAL_PATCH_OPS_H
#define INKSEAL_PATCH_OPS_H

#include "cli/engine/replica.h"
#include "schemas/frame.h"

/* What one patch needs while its operations are applied. */
struct patch {
	struct replica *replica;
	const struct frame *frame;
	int64_t time_ms;
	uint64_t floor; /* after it */
	bool own;       /* this home stored it before it sent it */
};
/* packed: the array of operations, compressed. */
MUST_USE enum engine_result patch_ops_apply(const struct patch *patch, struct view packed);
/* ENGINE_DAMAGED, and a message that names the frame. */
enum engine_result patch_damaged(const struct patch *patch, const char *what);
/* Sets the cloud version of an entry and keeps the root in step. NULL version: none. */
MUST_USE enum engine_result apply_cloud(struct replica *replica, struct view id,
    const struct digest *version, const struct device_id *author, uint64_t seq, int64_t time_ms);

#endif
