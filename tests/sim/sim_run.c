/*
 * tests/sim/sim_run.c: the course of a run: the scheduler, the storm, the calm, what comes after.
 * README.md says what a run is.
 */
#include "tests/sim/sim_run.h"
#include "tests/crash/lossy_vfs.h"
#include "tests/sim/sim_person.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_MAX 4u /* of syncing one after the other, until all are equal */
/* Bucket calls, begins and commits that each device has for it: three times the most that was seen.
 */
#define CALM_STEPS_MAX 240u

bool sim_failed(const struct sim *sim)
{
	return sim->world.failure[0] != '\0';
}

struct sim_device *sim_add_device(struct sim *sim)
{
	struct sim_device *device = &sim->storage[sim->count];

	if (!sim_device_open(device, &sim->model, &sim->world, (unsigned)sim->count, sim->folder)) {
		sim_fail(&sim->world, "a device can't be made");
		return NULL;
	}
	sim->devices[sim->count++] = device;
	return device;
}

void sim_tick(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_random *random = &world->random;
	size_t landed;

	world->schedule.now_ms += (int64_t)sim_below(random, 40);
	if (sim_hit(world, SIM_STALL))
		world->schedule.now_ms += (int64_t)sim_below(
		    random, sim_one_in(random, 8) ? UINT64_C(86400000) : UINT64_C(300000));
	if (world->plan.seasons && world->faults.on && sim_one_in(random, 100)) {
		world->schedule.now_ms +=
		    (30 + (int64_t)sim_below(random, 170)) * INT64_C(86400000);
		sim_trace(world, "a season passes");
	}
	if (world->faults.one_in[SIM_LATE] + world->faults.one_in[SIM_CRASH] +
		    world->faults.one_in[SIM_POWER] >
		0 &&
	    !world->plan.holds_late && sim_one_in(random, 30)) {
		landed = memory_deliver(world->bucket.objects);
		if (landed > 0)
			sim_trace(world, "%zu late puts land", landed);
	}
}

/* Who goes on: a device that may, or NULL. Sleepers are passed over; if all sleep, time jumps. */
static struct sim_device *draw_next(
    struct sim *sim, struct sim_device *last, bool (*may_begin)(struct sim *, struct sim_device *))
{
	struct sim_world *world = &sim->world;
	struct sim_device *able[SIM_DEVICES_MAX];
	int64_t wake_ms = INT64_MAX;
	size_t count = 0;

	for (size_t i = 0; i < sim->count; i++) {
		struct sim_device *device = sim->devices[i];

		if (device->task.busy && device->task.wake_ms > world->schedule.now_ms) {
			if (device->task.wake_ms < wake_ms)
				wake_ms = device->task.wake_ms;
		} else if (device->task.busy || may_begin(sim, device)) {
			able[count++] = device;
			if (device == last && !sim_one_in(&world->random, sim->switch_in))
				return device;
		}
	}
	if (count > 0)
		return able[sim_below(&world->random, count)];
	if (wake_ms == INT64_MAX)
		return NULL;
	world->schedule.now_ms = wake_ms;
	return draw_next(sim, last, may_begin);
}

static bool may_storm(struct sim *sim, struct sim_device *device)
{
	return sim->commands > 0 && sim->commands <= sim->late_from[device->index] &&
	       !sim_failed(sim);
}

/* Somebody copies a home between two commands, and from then on works in both. */
static void copy_home(struct sim *sim, const struct sim_device *from)
{
	struct sim_device *copy = sim_add_device(sim);

	if (copy == NULL)
		return;
	sim->late_from[copy->index] = sim->commands;
	sim_home_double(copy, from);
	copy->joined_at = sim->model.ops_count;
	sim->has_copy = true;
}

/* Everybody does what they like, and what can go wrong does. */
static void storm(struct sim *sim)
{
	struct sim_device *device = NULL;

	while ((device = draw_next(sim, device, may_storm)) != NULL) {
		sim_tick(sim);
		if (sim->world.plan.copies_home && !sim->has_copy && device->joined &&
		    !device->task.busy && !sim_failed(sim))
			copy_home(sim, device);
		if (device->task.busy) {
			sim_give(&device->task);
			continue;
		}
		sim->commands--;
		sim_device_begin(device, sim_person_draw(device));
	}
}

static bool may_nothing(struct sim *sim, struct sim_device *device)
{
	(void)sim;
	(void)device;
	return false;
}

void sim_step(struct sim *sim, uint64_t steps)
{
	struct sim_device *device = NULL;

	while (steps-- > 0 && (device = draw_next(sim, device, may_nothing)) != NULL) {
		sim_tick(sim);
		sim_give(&device->task);
	}
}

void sim_drain(struct sim *sim)
{
	sim_step(sim, UINT64_MAX); /* each command's calls and waits have an end */
}

void sim_one(struct sim *sim, struct sim_device *device, enum sim_command command)
{
	sim_tick(sim);
	sim_device_begin(device, command);
	sim_drain(sim);
}

/* Nothing goes wrong any more: all at once, then one after the other, until all are equal. */
void sim_calm(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	uint64_t begun = world->schedule.steps;

	world->faults.on = false;
	if (!world->plan.holds_late)
		(void)memory_deliver(world->bucket.objects);
	sim_one(sim, sim->devices[0], SIM_SYNC);
	if (!sim_failed(sim) && !world->account.has_code)
		sim_fail(world, "the first device did not get its account");
	for (size_t i = 0; i < sim->count && !sim_failed(sim); i++)
		sim_device_begin(sim->devices[i], SIM_SYNC);
	sim_drain(sim);
	for (unsigned round = 0; round < ROUNDS_MAX && !sim_failed(sim); round++) {
		if (sim_model_settled(&sim->model, sim->devices, sim->count))
			break;
		for (size_t i = 0; i < sim->count && !sim_failed(sim); i++) {
			sim_one(sim, sim->devices[i], SIM_SYNC);
			if (sim->devices[i]->result != ENGINE_OK)
				sim_fail(world, "d%zu: no sync without any fault: %s", i,
				    sim->devices[i]->call.message);
		}
	}
	if (!sim_failed(sim) && !sim_model_settled(&sim->model, sim->devices, sim->count))
		sim_fail(world, "no convergence in %u rounds", ROUNDS_MAX);
	if (world->schedule.steps - begun > CALM_STEPS_MAX * sim->count)
		sim_fail(world, "in step only after %llu steps of %zu devices",
		    (unsigned long long)(world->schedule.steps - begun), sim->count);
}

/* What comes once all are equal: a bit flips; or somebody joins, and perhaps all comes to an end.
 */
static void epilogue(struct sim *sim)
{
	struct sim_random *random = &sim->world.random;

	if (sim_one_in(random, 4)) {
		sim_tamper(sim);
		if (!sim_failed(sim))
			sim_wrong_key(sim);
		return;
	}
	if (sim_add_device(sim) == NULL) /* the code and the bucket: all */
		return;
	sim_calm(sim);
	if (!sim_failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
	if (!sim_failed(sim) && (sim->world.plan.holds_late || sim_one_in(random, 2)))
		sim_wipe(sim);
}

static void course(struct sim *sim, const struct sim_options *options)
{
	struct sim_random *random = &sim->world.random;
	size_t devices = 2 + sim_below(random, sim_one_in(random, 4) ? 4 : 2);
	static const uint64_t switches[] = {1, 2, 8, 40};

	/* Most are short: many schedules see more than few long ones. Where packs are swept it
	 * takes long until there are any. */
	sim->commands = sim_one_in(random, sim->world.plan.sweeps ? 3 : 12)
			    ? (sim->world.plan.sweeps ? 100 : 20) +
				  sim_below(random, sim->world.plan.big ? 120 : 200)
			    : 4 + sim_below(random, 24);
	sim->switch_in = switches[sim_below(random, COUNT_OF(switches))];
	if (options->commands_max > 0 && options->commands_max < sim->commands)
		sim->commands = options->commands_max;
	if (options->devices_max > 0 && options->devices_max < devices)
		devices = options->devices_max;
	sim->storm_commands = sim->commands;
	sim->storm_devices = devices;
	for (size_t i = 0; i < devices && !sim_failed(sim); i++) {
		sim->late_from[i] = sim->commands;
		if (i > 0 && sim_one_in(random, 2))
			sim->late_from[i] = sim_below(random, sim->commands) + 1;
		(void)sim_add_device(sim);
	}
	storm(sim);
	if (!sim_failed(sim))
		sim_calm(sim);
	if (!sim_failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
	if (!sim_failed(sim) && options->seed % 4 == 0 && !sim->world.plan.holds_late &&
	    sim->world.faults.one_in[SIM_GO_BACK] > 0)
		sim_restore(sim);
	if (!sim_failed(sim) && options->seed % 4 == 2 && !sim->world.plan.holds_late)
		sim_hostile(sim);
	if (!sim_failed(sim))
		epilogue(sim);
}

void sim_remove_folder(const char *folder)
{
	for (unsigned i = 0; i < SIM_DEVICES_MAX; i++)
		sim_home_remove(folder, i);
	(void)rmdir(folder);
}

/* The store makes its file itself, and SQLite then has it on the disk in memory. */
static bool make_folder(struct sim *sim)
{
	const char *parent = getenv("TMPDIR");

	if (access("/dev/shm", W_OK) == 0)
		parent = "/dev/shm";
	(void)snprintf(sim->folder, sizeof(sim->folder), "%s/inkseal-sim.XXXXXX",
	    parent == NULL ? "/tmp" : parent);
	return mkdtemp(sim->folder) != NULL;
}

static void add_up(const struct sim *sim, struct sim_totals *totals, struct sim_outcome *outcome)
{
	totals->runs++;
	totals->steps += sim->world.schedule.steps;
	totals->changes += sim->model.ops_count;
	totals->frames += sim->model.head_seq;
	totals->flips += sim->flips;
	totals->refused += sim->refused;
	totals->wipes += sim->wipes;
	for (size_t i = 0; i < sim->count; i++) {
		totals->conflicts += sim->devices[i]->conflicts;
		totals->deltas += sim->devices[i]->deltas;
		totals->resets += sim->devices[i]->resets;
	}
	outcome->held = !sim_failed(sim);
	outcome->commands = sim->storm_commands;
	outcome->devices = sim->storm_devices;
	memcpy(outcome->failure, sim->world.failure, sizeof(outcome->failure));
	for (size_t i = 0; i < SIM_FAULTS; i++) {
		totals->hits[i] += sim->world.faults.hits[i];
		outcome->hit[i] = sim->world.faults.hits[i] > 0;
	}
}

static void begin(
    struct sim *sim, const struct sim_options *options, struct sim_outcome *outcome, char *folder)
{
	lossy_use(true);
	if (!make_folder(sim)) {
		(void)snprintf(
		    outcome->failure, sizeof(outcome->failure), "can't begin: %s", strerror(errno));
		return;
	}
	if (folder != NULL)
		memcpy(folder, sim->folder, sizeof(sim->folder));
	if (!sim_world_open(&sim->world, options->seed, options->trace)) {
		(void)snprintf(outcome->failure, sizeof(outcome->failure), "no memory");
		sim_remove_folder(sim->folder);
		return;
	}
	for (size_t i = 0; i < SIM_FAULTS; i++)
		if (options->without[i])
			sim->world.faults.one_in[i] = 0;
	if (sim_model_open(&sim->model, &sim->world))
		course(sim, options);
	else
		sim_fail(&sim->world, "no memory");
	sim_drain(sim);
	outcome->held = true;
}

void sim_run(const struct sim_options *options, struct sim_totals *totals,
    struct sim_outcome *outcome, char *folder_out)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	*outcome = (struct sim_outcome){.failure = "no memory"};
	if (sim == NULL)
		return;
	if (!options->quiet) {
		printf("seed %" PRIu64 ":%s", options->seed, options->trace == NULL ? "" : "\n");
		(void)fflush(stdout); /* should the process die, this says where */
	}
	begin(sim, options, outcome, folder_out);
	if (!outcome->held) {
		if (!options->quiet)
			printf(" %s\n", outcome->failure);
		free(sim);
		return;
	}
	add_up(sim, totals, outcome);
	if (!options->quiet)
		printf(" %zu devices, %" PRIu64 " steps, %zu changes, %" PRIu64 " frames: %s\n",
		    sim->count, sim->world.schedule.steps, sim->model.ops_count,
		    sim->model.head_seq, outcome->held ? "held" : outcome->failure);
	for (size_t i = 0; i < sim->count; i++)
		sim_device_close(sim->devices[i]);
	lossy_clear();
	sim_remove_folder(sim->folder);
	sim_model_close(&sim->model);
	sim_world_close(&sim->world);
	free(sim);
}
