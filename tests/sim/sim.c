/*
 * tests/sim/sim.c: the simulator's main: what is to be run, and what it came to. README.md says
 * what a run is and how a failing seed is read.
 */
#include "tests/sim/sim_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ONLY_MAX 64u
#define MINUTES_MAX 10000u
#define RUNS_MAX UINT64_C(1000000000)

struct arguments {
	struct sim_options run; /* of the first run */
	uint64_t runs;
	uint64_t minutes; /* 0: as many as runs says */
	bool trace;
	bool mutations; /* all of them, each until it is caught */
	const char *only[ONLY_MAX];
	size_t only_count;
};

static const char usage[] =
    "usage: sim [--seed N] [--runs N | --minutes M] [--trace]\n"
    "           [--commands N] [--devices N] [--without FAULT]... [--mutation NAME]\n"
    "       sim --mutations [--only NAME]...\n";

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
	if (strcmp(option, "--seed") == 0)
		return read_number(value, &arguments->run.seed);
	if (strcmp(option, "--runs") == 0)
		return read_number(value, &arguments->runs);
	if (strcmp(option, "--minutes") == 0)
		return read_number(value, &arguments->minutes) && arguments->minutes > 0 &&
		       arguments->minutes <= MINUTES_MAX;
	if (strcmp(option, "--commands") == 0)
		return read_number(value, &arguments->run.commands_max);
	if (strcmp(option, "--devices") == 0)
		return read_number(value, &arguments->run.devices_max);
	if (strcmp(option, "--without") == 0)
		return read_fault(value, arguments->run.without);
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
	*out = (struct arguments){.run = {.seed = 1}, .runs = 1};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			out->trace = true;
		else if (strcmp(argv[i], "--mutations") == 0)
			out->mutations = true;
		else if (i + 1 == argc || !read_value(out, argv[i], argv[i + 1]))
			return false;
		else
			i++;
	}
	return out->only_count == 0 || out->mutations;
}

/* How the smallest that still fails is run again, and its trace. */
static void show_failure(struct sim_options *options, const struct sim_outcome *first)
{
	static struct sim_totals totals;
	struct sim_outcome outcome;

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

static int64_t now_s(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? (int64_t)now.tv_sec : 0;
}

int main(int argc, char **argv)
{
	static struct sim_totals totals;
	struct arguments arguments;
	int64_t end_s;
	bool good = true;

	if (!read_arguments(argc, argv, &arguments)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	if (!sim_device_randomness())
		return 2;
	if (arguments.mutations)
		return sim_mutations(arguments.only, arguments.only_count) ? 0 : 1;
	end_s = now_s() + (int64_t)arguments.minutes * 60;
	if (arguments.minutes > 0)
		arguments.runs = RUNS_MAX;
	for (uint64_t i = 0; i < arguments.runs && good; i++) {
		struct sim_options options = arguments.run;
		struct sim_outcome outcome;

		if (arguments.minutes > 0 && now_s() >= end_s)
			break;
		options.seed += i;
		options.trace = arguments.trace ? stdout : NULL;
		sim_run(&options, &totals, &outcome, NULL);
		good = outcome.held;
		if (!good && !arguments.trace)
			show_failure(&options, &outcome);
	}
	show_totals(&totals, good);
	return good ? 0 : 1;
}
