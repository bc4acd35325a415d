/*
 * cli/engine/conflict.c: the conflict rule, as one pure function.
 */
#include "cli/engine/conflict.h"
#include "schemas/base/mutation.h"

#include <string.h>

static bool same(const struct conflict_side *a, const struct conflict_side *b)
{
	return a->has == b->has && (!a->has || digest_equal(&a->version, &b->version));
}

/* Last write wins by time; equal times by the greater version hash, so that all devices agree. */
static bool local_is_later(const struct conflict_side *local, const struct conflict_side *cloud)
{
	if (local->updated_ms != cloud->updated_ms)
		return local->updated_ms > cloud->updated_ms;
	return memcmp(local->version.bytes, cloud->version.bytes, DIGEST_LEN) > 0;
}

static bool close_together(
    const struct conflict_side *local, const struct conflict_side *cloud, int64_t skew_ms)
{
	uint64_t apart = local->updated_ms > cloud->updated_ms
			     ? (uint64_t)local->updated_ms - (uint64_t)cloud->updated_ms
			     : (uint64_t)cloud->updated_ms - (uint64_t)local->updated_ms;

	if (skew_ms < 0)
		skew_ms = skew_ms > -CONFLICT_SKEW_MAX_MS ? -skew_ms : CONFLICT_SKEW_MAX_MS;
	if (skew_ms > CONFLICT_SKEW_MAX_MS)
		skew_ms = CONFLICT_SKEW_MAX_MS;
	return apart <= (uint64_t)CONFLICT_CLOSE_MS + (uint64_t)skew_ms;
}

enum conflict_outcome conflict_judge(const struct conflict_side *base,
    const struct conflict_side *local, const struct conflict_side *cloud, int64_t skew_ms)
{
	bool local_later;

	if (same(cloud, base) || same(local, cloud))
		return CONFLICT_NONE_KEEP;
	if (same(local, base) || !local->has)
		return CONFLICT_NONE_TAKE;
	/* Purged from the cloud: an edit stays and is pushed, a deletion has nothing left to say.
	 */
	if (!cloud->has)
		return local->deleted || MUTATION(ABSENCE_DELETES) ? CONFLICT_NONE_TAKE
								   : CONFLICT_NONE_KEEP;
	local_later = local_is_later(local, cloud);
	if (local->deleted && cloud->deleted)
		return local_later ? CONFLICT_NONE_KEEP : CONFLICT_NONE_TAKE;
	if (local->deleted || cloud->deleted) /* an edit always beats a deletion */
		return local->deleted != MUTATION(DELETION_BEATS_EDIT) ? CONFLICT_NONE_TAKE
								       : CONFLICT_NONE_KEEP;
	if (!local->copy && !cloud->copy && close_together(local, cloud, skew_ms))
		return local_later ? CONFLICT_BOTH_LOCAL : CONFLICT_BOTH_CLOUD;
	return local_later ? CONFLICT_LOCAL_WINS : CONFLICT_CLOUD_WINS;
}

enum conflict_outcome conflict_judge_reset(
    const struct conflict_side *local, const struct conflict_side *cloud, int64_t skew_ms)
{
	static const struct conflict_side none;

	if (!cloud->has)
		return CONFLICT_NONE_KEEP;
	if (!local->has || local->deleted == cloud->deleted)
		return conflict_judge(&none, local, cloud, skew_ms);
	if (local->deleted)
		return cloud->updated_ms > local->updated_ms ? CONFLICT_NONE_TAKE
							     : CONFLICT_LOCAL_WINS;
	return local->updated_ms > cloud->updated_ms ? CONFLICT_NONE_KEEP : CONFLICT_CLOUD_WINS;
}
