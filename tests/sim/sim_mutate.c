/*
 * tests/sim/sim_mutate.c: does the simulator see what it should? Each deliberate bug of
 * schemas/base/mutation.h runs in a process of its own, so that one which crashes, by an assert or
 * a sanitizer, is caught too.
 */
#include "schemas/base/mutation.h"
#include "tests/sim/sim_jobs.h"

#include <stdio.h>
#include <string.h>

#ifdef INKSEAL_MUTATIONS

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EACH_S 60      /* of the processor's time: what else the machine does must not matter … */
#define STUCK_S 60     /* … and so much more for a run that does not end */
#define ASLEEP_S 1800u /* by the clock, for one that waits for ever */

enum mutation mutation_on;

static const struct {
	const char *name;
	const char *text;
} mutations[] = {
#define MUTATION_ROW(name, text) {#name, text},
    MUTATIONS(MUTATION_ROW)
#undef MUTATION_ROW
};

/* What the child has come to; it lies in memory that both see. */
struct report {
	pid_t process; /* 0: none yet, or no more */
	uint64_t runs;
	bool caught;
	char failure[SIM_FAILURE_MAX];
	char folder[SIM_FOLDER_MAX];
};

bool sim_mutation_pick(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(mutations); i++)
		if (strcmp(mutations[i].name, name) == 0) {
			mutation_on = (enum mutation)(i + 1);
			return true;
		}
	return false;
}

/* Of the processor: what else the machine does is no reason to miss one. */
static int64_t spent_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The child: what it would say of a crash is not for the table. */
static void run_until_caught(struct report *report, uint64_t first_seed)
{
	static struct sim_totals totals;
	int64_t end_ms = spent_ms() + EACH_S * 1000;
	const struct rlimit limit = {EACH_S + STUCK_S, EACH_S + STUCK_S + 5};
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0)
		(void)dup2(nowhere, STDERR_FILENO);
	if (setrlimit(RLIMIT_CPU, &limit) != 0)
		_exit(1);
	(void)alarm(ASLEEP_S);
	while (!report->caught && spent_ms() < end_ms) {
		const struct sim_options options = {
		    .seed = first_seed + report->runs, .quiet = true};
		struct sim_outcome outcome;

		report->runs++;
		sim_run(&options, &totals, &outcome, report->folder);
		report->caught = !outcome.held;
		memcpy(report->failure, outcome.failure, sizeof(report->failure));
	}
	_exit(0);
}

static bool begin_one(size_t i, struct report *report, unsigned job, uint64_t first_seed)
{
	pid_t child;

	(void)fflush(stdout);
	child = fork();
	if (child == 0) {
		sim_stay(job);
		mutation_on = (enum mutation)(i + 1);
		run_until_caught(report, first_seed);
	}
	report->process = child; /* the parent's alone: the child would see 0 */
	return child > 0;
}

/* The child has ended: by itself, or by what it met. */
static void end_one(struct report *report, int status)
{
	report->process = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	report->caught = true;
	sim_remove_folder(report->folder);
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM))
		(void)snprintf(report->failure, sizeof(report->failure), "a run does not end");
	else if (WIFSIGNALED(status))
		(void)snprintf(report->failure, sizeof(report->failure), "it dies of signal %d",
		    WTERMSIG(status));
	else
		(void)snprintf(report->failure, sizeof(report->failure), "a sanitizer ends it");
}

static bool wanted(const char *name, const char *const *only, size_t only_count)
{
	for (size_t i = 0; i < only_count; i++)
		if (strcmp(only[i], name) == 0)
			return true;
	return only_count == 0;
}

struct table {
	struct report *reports; /* one a mutation */
	size_t tried, caught;
	uint64_t runs;
};

static void print_one(struct table *table, size_t i)
{
	const struct report *report = &table->reports[i];

	table->caught += report->caught;
	table->runs += report->runs;
	printf("%s: %s, %" PRIu64 " runs (%s)%s%.200s\n", mutations[i].name,
	    report->caught ? "caught" : "MISSED", report->runs, mutations[i].text,
	    report->caught ? ": " : "", report->caught ? report->failure : "");
}

/* Waits for any of them. False: there is none, or it is not ours. */
static bool await_one(struct table *table)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(-1, &status, 0);
	while (ended < 0 && errno == EINTR);
	for (size_t i = 0; i < COUNT_OF(mutations); i++)
		if (ended > 0 && table->reports[i].process == ended) {
			end_one(&table->reports[i], status);
			print_one(table, i);
			return true;
		}
	return false;
}

static bool run_all(struct table *table, const struct sim_mutations *which)
{
	unsigned running = 0;
	bool good = true;

	for (size_t i = 0; i < COUNT_OF(mutations) && good; i++) {
		if (!wanted(mutations[i].name, which->only, which->only_count))
			continue;
		if (running == which->jobs) {
			good = await_one(table);
			running--;
		}
		if (good &&
		    begin_one(i, &table->reports[i], (unsigned)table->tried, which->first_seed)) {
			table->tried++;
			running++;
		} else {
			good = false;
		}
	}
	while (running-- > 0)
		good = await_one(table) && good;
	return good;
}

bool sim_mutations_run(const struct sim_mutations *which)
{
	const size_t size = COUNT_OF(mutations) * sizeof(struct report);
	struct table table = {.reports = sim_share(size)};
	bool good = table.reports != NULL && run_all(&table, which);

	if (!good)
		printf("no memory, or no process, for all of them\n");
	good = good && table.tried > 0 && table.tried >= which->only_count &&
	       table.caught == table.tried;
	printf("%s: %zu mutations, %zu caught, %" PRIu64 " schedules\n",
	    good ? "all caught" : "MISSED", table.tried, table.caught, table.runs);
	if (table.reports != NULL)
		(void)munmap(table.reports, size);
	return good;
}

#else

bool sim_mutation_pick(const char *name)
{
	(void)name;
	return false;
}

bool sim_mutations_run(const struct sim_mutations *which)
{
	(void)which;
	printf("this build holds no mutations: sim_mutations does\n");
	return false;
}

#endif
