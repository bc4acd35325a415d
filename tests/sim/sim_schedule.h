/*
 * tests/sim/sim_schedule.h: virtual time, and the baton. All code under test runs on ordinary
 * threads, one a device, but only the holder of the baton runs: sim_yield gives it back to the
 * scheduler, which picks who goes on by the seed. So a run is a pure function of its seed.
 */
#ifndef INKSEAL_SIM_SCHEDULE_H
#define INKSEAL_SIM_SCHEDULE_H

#include <pthread.h>

#include "schemas/base/base.h"

#define SIM_BEGIN_MS INT64_C(1760000000000) /* some day: trees of dates in it must not matter */

struct sim_schedule {
	int64_t now_ms; /* monotonic, and the wall clock of a device without skew */
	uint64_t steps;
	pthread_mutex_t mutex;   /* guards holder */
	pthread_cond_t turn;     /* the scheduler's */
	struct sim_task *holder; /* NULL: the scheduler */
};
MUST_USE bool sim_schedule_open(struct sim_schedule *schedule); /* false: no memory */
void sim_schedule_close(struct sim_schedule *schedule);

struct sim_task { /* a thread that runs one piece of work at a time, when it has the baton */
	struct sim_schedule *schedule;
	pthread_t thread;
	pthread_cond_t turn;
	void (*work)(void *self);
	void *self;
	bool busy;       /* in the middle of its work */
	bool over;       /* the thread is to end */
	int64_t wake_ms; /* sleeps until then */
};
MUST_USE bool sim_task_open(struct sim_task *task, struct sim_schedule *schedule);
void sim_task_close(struct sim_task *task); /* not busy; {0} is fine */
/* The scheduler's: runs task until it yields or is done. With new work if it was not busy. */
void sim_give(struct sim_task *task);
/* The task's own: others go on, for at least sleep_ms. */
void sim_yield(struct sim_task *task, int64_t sleep_ms);

#endif
