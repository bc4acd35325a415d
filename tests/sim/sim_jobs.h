/*
 * tests/sim/sim_jobs.h: many runs in several processes at once. A run that fails, dies or does not
 * end stops the rest, and is named.
 */
#ifndef INKSEAL_SIM_JOBS_H
#define INKSEAL_SIM_JOBS_H

#include "tests/sim/sim_run.h"

#define SIM_JOBS_MAX 64u

struct sim_jobs {
	struct sim_options first; /* the others differ in their seeds: one more each */
	uint64_t runs;
	uint64_t minutes; /* none begins after so many; 0: as many as runs says */
	unsigned count;   /* processes */
};
/* False: *failed_out is the run that failed, of the smallest seed, and *outcome_out why. */
bool sim_jobs_run(const struct sim_jobs *jobs, struct sim_totals *totals,
    struct sim_options *failed_out, struct sim_outcome *outcome_out);

/* Memory that children write to as well, of zeros; NULL: there is none. For munmap. */
void *sim_share(size_t size);
/* This process, which is number `job` of several, keeps to one processor from now on. */
void sim_stay(unsigned job);

#endif
