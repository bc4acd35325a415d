/*
 * cli/engine/stage.h: rows of fetched segments on their way into the journal's stage. What is
 * staged for one index stays when a run is cut, and is not fetched again. All but hold and clear in
 * a transaction.
 */
#ifndef INKSEAL_STAGE_H
#define INKSEAL_STAGE_H

#include "cli/engine/blob_open.h"

#define STAGE_HELD_MAX 64u
struct stage {
	struct digest index;
	struct digest *runs; /* those that are staged */
	size_t runs_count;
	struct opening *held[STAGE_HELD_MAX]; /* fetched, not staged yet; ours */
	size_t held_count;
	size_t held_bytes;
	struct root_sum sum; /* over all that is staged or held */
};
/* Goes on with what is staged for that index; what is there for another is forgotten. */
MUST_USE enum engine_result stage_open(
    struct stage *stage, struct replica *replica, const struct digest *index);
bool stage_has(const struct stage *stage, const struct digest *run_hash);
/* One run of this device's own, which is the index's too: a row of it, then that it is whole. */
MUST_USE enum engine_result stage_own(
    struct stage *stage, struct replica *replica, const struct row *row);
void stage_mark(struct stage *stage, const struct digest *run_hash);
MUST_USE enum engine_result stage_store_marks(const struct stage *stage, struct replica *replica);
/* Takes *opening over (it becomes NULL); then, if stage_full, it is to be flushed. */
void stage_hold(struct stage *stage, struct opening **opening);
bool stage_full(const struct stage *stage);
MUST_USE enum engine_result stage_flush(struct stage *stage, struct replica *replica);
MUST_USE enum engine_result stage_forget(struct replica *replica); /* all that is staged */
void stage_clear(struct stage *stage);                             /* what is in memory */

#endif
