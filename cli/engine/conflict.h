/*
 * cli/engine/conflict.h: what becomes of an entry that two sides changed (design, section 8). Pure.
 */
#ifndef INKSEAL_CONFLICT_H
#define INKSEAL_CONFLICT_H

#include "schemas/entry.h"

/* Two edits nearer than this (plus measured clock skew, CONFLICT_SKEW_MAX_MS at most) keep both. */
#define CONFLICT_CLOSE_MS 120000
#define CONFLICT_SKEW_MAX_MS 600000

enum conflict_outcome {
	CONFLICT_NONE_TAKE,  /* only the cloud changed: take it */
	CONFLICT_NONE_KEEP,  /* only local changed, or both alike: keep local */
	CONFLICT_CLOUD_WINS, /* last write wins: local is kept in the history, and carried */
	CONFLICT_LOCAL_WINS, /* … the cloud's is kept in the history, and named */
	CONFLICT_BOTH_CLOUD, /* close: cloud stays, local becomes a conflict copy */
	CONFLICT_BOTH_LOCAL, /* close: local stays, the cloud's becomes a conflict copy */
};
struct conflict_side { /* a version; has == false: the entry is not there */
	bool has;
	bool deleted;
	struct digest version;
	int64_t updated_ms;
	bool copy; /* a conflict copy itself: it gets no copy of its own, so copies stay bounded
		      (I12) */
};
enum conflict_outcome conflict_judge(const struct conflict_side *base,
    const struct conflict_side *local, const struct conflict_side *cloud, int64_t skew_ms);
/*
 * After a reset there is no base: what differs is a conflict, a tombstone wins over what is not
 * newer than it and over nothing else, and what the cloud has not stays.
 */
enum conflict_outcome conflict_judge_reset(
    const struct conflict_side *local, const struct conflict_side *cloud, int64_t skew_ms);

#endif
