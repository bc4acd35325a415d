/*
 * tests/sim/sim_schedule.c: the baton is a pointer under a mutex; each thread waits on a condition
 * of its own until it holds it.
 */
#include "tests/sim/sim_schedule.h"

#include <assert.h>

bool sim_schedule_open(struct sim_schedule *schedule)
{
	*schedule = (struct sim_schedule){.now_ms = SIM_BEGIN_MS};
	if (pthread_mutex_init(&schedule->mutex, NULL) != 0)
		return false;
	if (pthread_cond_init(&schedule->turn, NULL) == 0)
		return true;
	(void)pthread_mutex_destroy(&schedule->mutex);
	return false;
}

void sim_schedule_close(struct sim_schedule *schedule)
{
	(void)pthread_cond_destroy(&schedule->turn);
	(void)pthread_mutex_destroy(&schedule->mutex);
}

/* Under the mutex: until the baton is here. */
static void await(struct sim_schedule *schedule, struct sim_task *task, pthread_cond_t *turn)
{
	while (schedule->holder != task)
		(void)pthread_cond_wait(turn, &schedule->mutex);
}

static void *task_run(void *self)
{
	struct sim_task *task = self;
	struct sim_schedule *schedule = task->schedule;

	(void)pthread_mutex_lock(&schedule->mutex);
	await(schedule, task, &task->turn);
	while (!task->over) {
		(void)pthread_mutex_unlock(&schedule->mutex);
		task->work(task->self);
		(void)pthread_mutex_lock(&schedule->mutex);
		task->busy = false;
		schedule->holder = NULL;
		(void)pthread_cond_signal(&schedule->turn);
		await(schedule, task, &task->turn);
	}
	schedule->holder = NULL;
	(void)pthread_cond_signal(&schedule->turn);
	(void)pthread_mutex_unlock(&schedule->mutex);
	return NULL;
}

bool sim_task_open(struct sim_task *task, struct sim_schedule *schedule)
{
	*task = (struct sim_task){.schedule = schedule};
	if (pthread_cond_init(&task->turn, NULL) != 0)
		return false;
	if (pthread_create(&task->thread, NULL, task_run, task) == 0)
		return true;
	(void)pthread_cond_destroy(&task->turn);
	task->schedule = NULL;
	return false;
}

void sim_task_close(struct sim_task *task)
{
	if (task->schedule == NULL)
		return;
	assert(!task->busy);
	task->over = true;
	sim_give(task);
	(void)pthread_join(task->thread, NULL);
	(void)pthread_cond_destroy(&task->turn);
	task->schedule = NULL;
}

void sim_give(struct sim_task *task)
{
	struct sim_schedule *schedule = task->schedule;

	(void)pthread_mutex_lock(&schedule->mutex);
	task->busy = !task->over;
	schedule->holder = task;
	(void)pthread_cond_signal(&task->turn);
	await(schedule, NULL, &schedule->turn);
	(void)pthread_mutex_unlock(&schedule->mutex);
	schedule->steps++;
}

void sim_yield(struct sim_task *task, int64_t sleep_ms)
{
	struct sim_schedule *schedule = task->schedule;

	(void)pthread_mutex_lock(&schedule->mutex);
	assert(schedule->holder == task);
	task->wake_ms = schedule->now_ms + sleep_ms;
	schedule->holder = NULL;
	(void)pthread_cond_signal(&schedule->turn);
	await(schedule, task, &task->turn);
	(void)pthread_mutex_unlock(&schedule->mutex);
}
