/*
 * tests/sim/sim_run.h: one run of the simulator, from its seed to its last check, and what it may
 * be cut down to: a run with fewer commands, devices or kinds of fault is another run of the same
 * seed, and as repeatable.
 */
#ifndef INKSEAL_SIM_RUN_H
#define INKSEAL_SIM_RUN_H

#include "tests/sim/sim_model.h"

struct sim_options {
	uint64_t seed;
	uint64_t commands_max; /* of the storm; 0: as many as are drawn */
	uint64_t devices_max;  /* of the storm; 0: as many as are drawn */
	bool without[SIM_FAULTS];
	FILE *trace; /* NULL: none */
	bool quiet;  /* no line of its own */
};
struct sim_outcome {
	bool held;
	uint64_t commands, devices; /* of the storm, drawn or cut down */
	bool hit[SIM_FAULTS];
	char failure[SIM_FAILURE_MAX];
};
struct sim_totals { /* of all runs */
	uint64_t runs, steps, changes, frames, conflicts, deltas, flips, refused, wipes, resets;
	uint64_t hits[SIM_FAULTS];
};
/* Where its devices' files are, for who has to remove them after a crash. */
#define SIM_FOLDER_MAX 128u

struct sim { /* a run under way */
	struct sim_world world;
	struct sim_model model;
	struct sim_device storage[SIM_DEVICES_MAX];
	struct sim_device *devices[SIM_DEVICES_MAX];
	size_t count;
	uint64_t late_from[SIM_DEVICES_MAX]; /* so many commands pass before it is bought */
	uint64_t switch_in;                  /* the baton moves on one time in so many */
	uint64_t commands;                   /* left of the storm */
	uint64_t storm_commands, storm_devices;
	bool has_copy; /* a device is another's copied home */
	uint64_t flips, refused, wipes;
	char folder[SIM_FOLDER_MAX];
};

/* Runs it; *totals has it added. folder_out, SIM_FOLDER_MAX bytes: NULL, or set as soon as known.
 */
void sim_run(const struct sim_options *options, struct sim_totals *totals,
    struct sim_outcome *outcome, char *folder_out);
void sim_remove_folder(const char *folder);

bool sim_failed(const struct sim *sim);
/* Between two steps time passes, and what was late may land. */
void sim_tick(struct sim *sim);
/* Everything under way goes on to its end. */
void sim_drain(struct sim *sim);
/* At most `steps` steps of what is under way. */
void sim_step(struct sim *sim, uint64_t steps);
/* One command, alone. */
void sim_one(struct sim *sim, struct sim_device *device, enum sim_command command);
/* NULL: the run has failed. */
struct sim_device *sim_add_device(struct sim *sim);
/* Nothing goes wrong any more; all sync until they are equal. */
void sim_calm(struct sim *sim);

/* sim_tamper.c: a bit flips (I8); a device's key is another (I7). */
void sim_tamper(struct sim *sim);
void sim_wrong_key(struct sim *sim);

/* sim_restore.c: the bucket goes back to an older copy, and people reseed. */
void sim_restore(struct sim *sim);
/* Its halves: people meet a log that is not the one they know; resets make it one again. */
void sim_two_logs(struct sim *sim);
void sim_one_log(struct sim *sim);

/* sim_lie.c: the gateways mean harm for a while. */
void sim_hostile(struct sim *sim);

/* sim_wipe.c: the account's end, and what is left of it: nothing (I6). */
void sim_wipe(struct sim *sim);

/* sim_shrink.c: the smallest run that still fails, found in a bounded number of tries. */
void sim_shrink(struct sim_options *options, const struct sim_outcome *outcome);

/* sim_mutate.c */
/* The mutation of that name is on from now on. False: there is none in this build. */
bool sim_mutation_pick(const char *name);
struct sim_mutations {
	const char *const *only; /* none: all of them */
	size_t only_count;
	uint64_t first_seed;
	unsigned jobs; /* at once */
};
/*
 * Each of them on schedules from first_seed on until one is caught or its time is over. A line each
 * and one that sums up. True: all were caught.
 */
bool sim_mutations_run(const struct sim_mutations *which);

#endif
