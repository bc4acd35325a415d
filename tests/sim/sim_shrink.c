/*
 * tests/sim/sim_shrink.c: the smallest run of a failing seed that still fails: without the kinds of
 * fault that it does not need, with fewer devices, with fewer commands. What it fails by may change
 * on the way: the smaller trace is easier to read all the same.
 */
#include "tests/sim/sim_run.h"

#define TRIES_MAX 40u

struct shrink {
	struct sim_options *best;
	struct sim_outcome outcome; /* of the best */
	unsigned tries;
};

/* Takes the smaller options if they fail too. */
static bool fails_too(struct shrink *shrink, const struct sim_options *options)
{
	static struct sim_totals totals; /* nobody asks for them */
	struct sim_outcome outcome;

	if (shrink->tries == TRIES_MAX)
		return false;
	shrink->tries++;
	sim_run(options, &totals, &outcome, NULL);
	if (outcome.held)
		return false;
	*shrink->best = *options;
	shrink->outcome = outcome;
	return true;
}

static void fewer_faults(struct shrink *shrink)
{
	for (size_t i = 0; i < SIM_FAULTS; i++) {
		struct sim_options options = *shrink->best;

		if (!shrink->outcome.hit[i])
			continue;
		options.without[i] = true;
		(void)fails_too(shrink, &options);
	}
}

static void fewer_devices(struct shrink *shrink)
{
	struct sim_options options;

	do {
		options = *shrink->best;
		options.devices_max = shrink->outcome.devices - 1;
	} while (shrink->outcome.devices > 2 && fails_too(shrink, &options));
}

/* By halves: a shorter run is a prefix of the longer one, but may fail where that did not. */
static void fewer_commands(struct shrink *shrink)
{
	uint64_t too_few = 0;

	while (too_few + 1 < shrink->outcome.commands && shrink->tries < TRIES_MAX) {
		struct sim_options options = *shrink->best;

		options.commands_max = too_few + (shrink->outcome.commands - too_few) / 2;
		if (!fails_too(shrink, &options))
			too_few = options.commands_max;
	}
}

void sim_shrink(struct sim_options *options, const struct sim_outcome *outcome)
{
	struct shrink shrink = {.best = options, .outcome = *outcome};

	options->quiet = true;
	options->trace = NULL;
	if (outcome->commands == 0) /* it did not begin */
		return;
	fewer_faults(&shrink);
	fewer_devices(&shrink);
	fewer_commands(&shrink);
	fewer_faults(&shrink);
}
