/*
 * tests/sim/sim.c: the simulator's main: what is to be run, and what it came to. README.md says
 * what a run is and how a failing seed is read.
 */
#include "tests/sim/sim_jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ONLY_MAX 64u
#define MINUTES_MAX 10000u
#define RUNS_MAX UINT64_C(1000000000)

struct arguments {
	struct sim_jobs jobs;
	bool mutations; /* all of them, each until it is caught */
	const char *only[ONLY_MAX];
	size_t only_count;
};

static const char usage[] =
    "usage: sim [--seed N] [--runs N | --minutes M] [--jobs N] [--trace]\n"
    "           [--commands N] [--devices N] [--without FAULT]... [--mutation NAME]\n"
    "       sim --mutations [--seed N] [--jobs N] [--only NAME]...\n";

static bool read_number(const char *text, uint64_t *out)
{
	char *end = NULL;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool read_fault(const char *text, bool without[SIM_FAULTS])
{
	for (size_t i = 0; i < SIM_FAULTS; i++)
		if (strcmp(text, sim_fault_text((enum sim_fault)i)) == 0)
			return without[i] = true;
	return false;
}

/* An option with a value. */
static bool read_value(struct arguments *arguments, const char *option, const char *value)
{
	struct sim_jobs *jobs = &arguments->jobs;
	uint64_t number;

	if (strcmp(option, "--seed") == 0)
		return read_number(value, &jobs->first.seed);
	if (strcmp(option, "--runs") == 0)
		return read_number(value, &jobs->runs);
	if (strcmp(option, "--minutes") == 0) {
		jobs->runs = RUNS_MAX;
		return read_number(value, &jobs->minutes) && jobs->minutes > 0 &&
		       jobs->minutes <= MINUTES_MAX;
	}
	if (strcmp(option, "--jobs") == 0) {
		if (!read_number(value, &number) || number == 0 || number > SIM_JOBS_MAX)
			return false;
		jobs->count = (unsigned)number;
		return true;
	}
	if (strcmp(option, "--commands") == 0)
		return read_number(value, &jobs->first.commands_max);
	if (strcmp(option, "--devices") == 0)
		return read_number(value, &jobs->first.devices_max);
	if (strcmp(option, "--without") == 0)
		return read_fault(value, jobs->first.without);
	if (strcmp(option, "--mutation") == 0)
		return sim_mutation_pick(value);
	if (strcmp(option, "--only") == 0 && arguments->only_count < ONLY_MAX) {
		arguments->only[arguments->only_count++] = value;
		return true;
	}
	return false;
}

static bool read_arguments(int argc, char **argv, struct arguments *out)
{
	*out = (struct arguments){.jobs = {.first = {.seed = 1}, .runs = 1, .count = 1}};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			out->jobs.first.trace = stdout;
		else if (strcmp(argv[i], "--mutations") == 0)
			out->mutations = true;
		else if (i + 1 == argc || !read_value(out, argv[i], argv[i + 1]))
			return false;
		else
			i++;
	}
	return out->only_count == 0 || out->mutations;
}

/* How the smallest that still fails is run again, and its trace. One that died would take this
 * process along. */
static void show_failure(struct sim_options *options, const struct sim_outcome *first)
{
	static struct sim_totals totals;
	struct sim_outcome outcome;

	printf("seed %" PRIu64 " failed: %s\n", options->seed, first->failure);
	if (options->trace != NULL || first->commands == 0)
		return;
	sim_shrink(options, first);
	printf("the shortest that was found to fail: --seed %" PRIu64, options->seed);
	if (options->commands_max > 0)
		printf(" --commands %" PRIu64, options->commands_max);
	if (options->devices_max > 0)
		printf(" --devices %" PRIu64, options->devices_max);
	for (size_t i = 0; i < SIM_FAULTS; i++)
		if (options->without[i])
			printf(" --without %s", sim_fault_text((enum sim_fault)i));
	printf("; its trace:\n");
	options->quiet = false;
	options->trace = stdout;
	sim_run(options, &totals, &outcome, NULL);
}

static void show_totals(const struct sim_totals *totals, bool good)
{
	printf("faults:");
	for (size_t i = 0; i < SIM_FAULTS; i++)
		printf(" %s %" PRIu64, sim_fault_text((enum sim_fault)i), totals->hits[i]);
	printf("; flips %" PRIu64 ", of which refused by a device %" PRIu64 "; wipes %" PRIu64
	       ", resets %" PRIu64 "\n",
	    totals->flips, totals->refused, totals->wipes, totals->resets);
	printf("%s: %" PRIu64 " schedules, %" PRIu64 " steps, %" PRIu64 " changes, %" PRIu64
	       " frames, %" PRIu64 " deltas, %" PRIu64 " conflicts\n",
	    good ? "all held" : "FAILED", totals->runs, totals->steps, totals->changes,
	    totals->frames, totals->deltas, totals->conflicts);
}

int main(int argc, char **argv)
{
	struct sim_totals totals = {0};
	struct sim_options failed;
	struct sim_outcome outcome;
	struct arguments arguments;
	bool good;

	if (!read_arguments(argc, argv, &arguments)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (!sim_device_randomness())
		return 2;
	if (arguments.mutations) {
		const struct sim_mutations which = {.only = arguments.only,
		    .only_count = arguments.only_count,
		    .first_seed = arguments.jobs.first.seed,
		    .jobs = arguments.jobs.count};

		return sim_mutations_run(&which) ? 0 : 1;
	}
	failed = arguments.jobs.first;
	arguments.jobs.first.quiet = arguments.jobs.count > 1; /* lines of several would mix */
	good = sim_jobs_run(&arguments.jobs, &totals, &failed, &outcome);
	if (!good)
		show_failure(&failed, &outcome);
	show_totals(&totals, good);
	return good ? 0 : 1;
}
