/*
 * cli/engine/own_runs.h: which segments of an index this device's own cloud state has already:
 * those are not fetched. In a transaction.
 */
#ifndef INKSEAL_OWN_RUNS_H
#define INKSEAL_OWN_RUNS_H

#include "cli/engine/stage.h"

struct install_segment {
	struct index_segment index;
	struct blob_name name;
	bool needed; /* neither in the own cloud state nor staged */
};
/*
 * Cuts the own state at the index' boundaries. Those of the segments that are equal are staged from
 * it, are needed no more, and are counted. epoch: of the key that the runs' hashes are under.
 */
MUST_USE enum engine_result own_runs_stage(struct replica *replica, uint64_t epoch,
    struct install_segment *segments, size_t segments_count, struct stage *stage,
    size_t *staged_out);

#endif
