/*
 * tests/sim/sim_jobs.c: many runs, in several processes at once: each takes the next seed when it
 * has done one. What a run comes to is its seed's affair alone.
 */
#include "tests/sim/sim_jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ASLEEP_S 900u /* by the clock: a run that waits for ever is ended, and named */

/* What the children write, in memory that all see. */
struct worker {
	pid_t process;
	struct sim_totals totals;
	struct sim_options at; /* the run under way, or the one that failed */
	struct sim_outcome outcome;
	bool failed;
	char folder[SIM_FOLDER_MAX];
};
struct board {
	atomic_uint_least64_t next; /* how many seeds were taken */
	volatile sig_atomic_t stop; /* one has failed: the others end after their run */
	struct worker workers[SIM_JOBS_MAX];
};

static int64_t now_s(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? (int64_t)now.tv_sec : 0;
}

void *sim_share(size_t size)
{
	FILE *file = tmpfile();
	void *memory = MAP_FAILED;

	if (file == NULL)
		return NULL;
	if (ftruncate(fileno(file), (off_t)size) == 0)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	(void)fclose(file); /* the mapping stays */
	return memory == MAP_FAILED ? NULL : memory;
}

/* The baton goes from thread to thread, one of which runs: on one processor that is soonest. */
void sim_stay(unsigned job)
{
	cpu_set_t all, one;
	unsigned at = 0;

	if (sched_getaffinity(0, sizeof(all), &all) != 0 || CPU_COUNT(&all) == 0)
		return;
	job %= (unsigned)CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && at++ == job)
			CPU_SET(i, &one);
	(void)sched_setaffinity(0, sizeof(one), &one); /* without it, it is only slower */
}

/* The child. */
static void work(struct board *board, unsigned job, const struct sim_jobs *jobs)
{
	struct worker *worker = &board->workers[job];
	const int64_t end_s = now_s() + (int64_t)jobs->minutes * 60;

	if (jobs->count > 1)
		sim_stay(job);
	while (!board->stop) {
		uint64_t i = atomic_fetch_add(&board->next, 1);

		if (i >= jobs->runs)
			break;
		if (jobs->minutes > 0 && now_s() >= end_s)
			break;
		(void)alarm(ASLEEP_S);
		worker->at = jobs->first;
		worker->at.seed += i;
		sim_run(&worker->at, &worker->totals, &worker->outcome, worker->folder);
		worker->failed = !worker->outcome.held;
		if (worker->failed)
			board->stop = 1;
	}
	(void)fflush(stdout);
	_exit(0);
}

static void add(struct sim_totals *sum, const struct sim_totals *part)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)part;

	_Static_assert(sizeof(*sum) % sizeof(*to) == 0, "numbers of 64 bits, no more");
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

/* Waits for one; what it has come to, and what it left if it died. */
static bool await(struct worker *worker, struct sim_totals *totals, struct worker **failed)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(worker->process, &status, 0);
	while (ended < 0 && errno == EINTR);
	if (ended != worker->process)
		return false;
	add(totals, &worker->totals);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		sim_remove_folder(worker->folder);
		worker->failed = true;
		(void)snprintf(worker->outcome.failure, sizeof(worker->outcome.failure),
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "it does not end"
								       : "the process died");
	}
	if (worker->failed && (*failed == NULL || worker->at.seed < (*failed)->at.seed))
		*failed = worker;
	return true;
}

bool sim_jobs_run(const struct sim_jobs *jobs, struct sim_totals *totals,
    struct sim_options *failed_out, struct sim_outcome *outcome_out)
{
	struct board *board = sim_share(sizeof(*board));
	struct worker *failed = NULL;
	unsigned begun = 0;
	bool good = board != NULL;

	if (good)
		atomic_init(&board->next, 0);
	(void)fflush(stdout);
	for (; good && begun < jobs->count; begun++) {
		pid_t child = fork();

		if (child == 0)
			work(board, begun, jobs);
		if (child < 0) {
			board->stop = 1;
			good = false;
			break;
		}
		board->workers[begun].process = child;
	}
	for (unsigned i = 0; i < begun; i++)
		good = await(&board->workers[i], totals, &failed) && good;
	*outcome_out = (struct sim_outcome){.held = good, .failure = "no processes for it"};
	if (failed != NULL) {
		*failed_out = failed->at;
		*outcome_out = failed->outcome;
		outcome_out->held = false;
	}
	if (board != NULL)
		(void)munmap(board, sizeof(*board));
	return good && failed == NULL;
}
