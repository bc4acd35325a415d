/*
 * tests/sim/sim.c: the simulator's main: seeds, the scheduler, the course of a run. README.md says
 * what a run is and how a failing seed is read.
 */
#include "tests/sim/sim_model.h"
#include "tests/sim/sim_person.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS_MAX 4u /* of syncing one after the other, until all are equal */
#define FLIPS_MAX 12u

struct sim {
	struct sim_world world;
	struct sim_model model;
	struct sim_device storage[SIM_DEVICES_MAX];
	struct sim_device *devices[SIM_DEVICES_MAX];
	size_t count;
	uint64_t late_from[SIM_DEVICES_MAX]; /* so many commands pass before it is bought */
	uint64_t switch_in;                  /* the baton moves on one time in so many */
	uint64_t commands;
	uint64_t flips, refused;
	char folder[128];
};
struct totals { /* of all runs */
	uint64_t runs, steps, commands, changes, frames, conflicts, deltas, flips, refused, resets;
	uint64_t hits[SIM_FAULTS];
};

static bool failed(const struct sim *sim)
{
	return sim->world.failure[0] != '\0';
}

static struct sim_device *add_device(struct sim *sim)
{
	struct sim_device *device = &sim->storage[sim->count];

	if (!sim_device_open(device, &sim->model, &sim->world, (unsigned)sim->count, sim->folder)) {
		sim_fail(&sim->world, "a device can't be made");
		return NULL;
	}
	sim->devices[sim->count++] = device;
	return device;
}

/* Between two steps time passes, and what was late may land. */
static void tick(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_random *random = &world->random;
	size_t landed;

	world->now_ms += (int64_t)sim_below(random, 40);
	if (sim_hit(world, SIM_STALL))
		world->now_ms += (int64_t)sim_below(
		    random, sim_one_in(random, 8) ? UINT64_C(86400000) : UINT64_C(300000));
	if (world->seasons && world->faults && sim_one_in(random, 100)) {
		world->now_ms += (30 + (int64_t)sim_below(random, 170)) * INT64_C(86400000);
		sim_trace(world, "a season passes");
	}
	if (world->one_in[SIM_LATE] + world->one_in[SIM_CRASH] > 0 && sim_one_in(random, 30)) {
		landed = memory_deliver(world->objects);
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

		if (device->task.busy && device->task.wake_ms > world->now_ms) {
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
	world->now_ms = wake_ms;
	return draw_next(sim, last, may_begin);
}

static bool may_storm(struct sim *sim, struct sim_device *device)
{
	return sim->commands > 0 && sim->commands <= sim->late_from[device->index] && !failed(sim);
}

/* Everybody does what they like, and what can go wrong does. */
static void storm(struct sim *sim)
{
	struct sim_device *device = NULL;

	while ((device = draw_next(sim, device, may_storm)) != NULL) {
		tick(sim);
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

static void drain(struct sim *sim)
{
	struct sim_device *device = NULL;

	while ((device = draw_next(sim, device, may_nothing)) != NULL) {
		tick(sim);
		sim_give(&device->task);
	}
}

static void one(struct sim *sim, struct sim_device *device, enum sim_command command)
{
	tick(sim);
	sim_device_begin(device, command);
	drain(sim);
}

/* Nothing goes wrong any more: all at once, then one after the other, until all are equal. */
static void calm(struct sim *sim)
{
	struct sim_world *world = &sim->world;

	world->faults = false;
	(void)memory_deliver(world->objects);
	one(sim, sim->devices[0], SIM_SYNC);
	if (!failed(sim) && !world->has_code)
		sim_fail(world, "the first device did not get its account");
	for (size_t i = 0; i < sim->count && !failed(sim); i++)
		sim_device_begin(sim->devices[i], SIM_SYNC);
	drain(sim);
	for (unsigned round = 0; round < ROUNDS_MAX && !failed(sim); round++) {
		if (sim_model_settled(&sim->model, sim->devices, sim->count))
			return;
		for (size_t i = 0; i < sim->count && !failed(sim); i++) {
			one(sim, sim->devices[i], SIM_SYNC);
			if (sim->devices[i]->result != ENGINE_OK)
				sim_fail(world, "d%zu: no sync without any fault: %s", i,
				    sim->devices[i]->call.message);
		}
	}
	if (!failed(sim) && !sim_model_settled(&sim->model, sim->devices, sim->count))
		sim_fail(world, "no convergence in %u rounds", ROUNDS_MAX);
}

/* A random object, each byte as likely as any other of its object. */
struct draw_object {
	struct sim_random *random;
	uint64_t seen;
	char key[BUCKET_KEY_MAX + 1];
	size_t len;
};

static void draw_see(void *self, const char *key, struct view data)
{
	struct draw_object *draw = self;
	bool manifest = strstr(key, "/manifest") != NULL;

	/* The one that all read is drawn as often as all others together. */
	if (data.len == 0 || !sim_one_in(draw->random, manifest ? 2 : ++draw->seen))
		return;
	(void)snprintf(draw->key, sizeof(draw->key), "%s", key);
	draw->len = data.len;
}

/* I8, one device: refused, and nothing has changed; or what was read was right all the same. */
static void sync_damaged(struct sim *sim, struct sim_device *device)
{
	struct digest before, after;

	sim_model_state(&sim->model, device, &before);
	one(sim, device, SIM_SYNC);
	sim_model_state(&sim->model, device, &after);
	if (!device->read_damaged)
		return;
	if (device->result != ENGINE_OK)
		sim->refused++;
	else
		sim_fail(&sim->world, "I8: d%u took a damaged object", device->index);
	if (device->result != ENGINE_OK && device->joined && !digest_equal(&before, &after))
		sim_fail(&sim->world, "I8: d%u refused a damaged object, and has changed",
		    device->index);
}

static void flip_one(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct draw_object draw = {.random = &world->random};
	uint8_t mask = (uint8_t)(1u << sim_below(&world->random, 8));
	size_t offset;

	memory_each(world->objects, draw_see, &draw);
	if (draw.len == 0)
		return;
	offset = sim_below(&world->random, draw.len);
	sim_trace(world, "flip bit of byte %zu of %zu in %.60s", offset, draw.len, draw.key);
	if (!memory_flip(world->objects, draw.key, offset, mask)) {
		sim_fail(world, "an object went while nobody ran");
		return;
	}
	(void)snprintf(world->damaged_key, sizeof(world->damaged_key), "%s", draw.key);
	world->read_only = true;
	sim->flips++;
	for (size_t i = 0; i < sim->count && !failed(sim); i++)
		sync_damaged(sim, sim->devices[i]);
	world->damaged_key[0] = '\0';
	world->read_only = false;
	if (!memory_flip(world->objects, draw.key, offset, mask))
		sim_fail(world, "an object went while nobody could write");
}

/* One device is ahead, one has yet to join: they all meet a bit that has flipped. */
static void tamper(struct sim *sim)
{
	uint64_t flips = 1 + sim_below(&sim->world.random, FLIPS_MAX);
	struct sim_device *newcomer = add_device(sim);

	if (newcomer == NULL)
		return;
	one(sim, newcomer, SIM_JOIN);
	for (unsigned i = 0; i < 4 && !failed(sim); i++)
		one(sim, sim->devices[0], i < 3 ? SIM_EDIT : SIM_SYNC);
	while (flips-- > 0 && !failed(sim))
		flip_one(sim);
	if (!failed(sim))
		calm(sim);
	if (!failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
}

/* Anybody does something; a person who was told of a rollback may have the copy begun anew. */
static void some_commands(struct sim *sim)
{
	struct sim_random *random = &sim->world.random;

	for (uint64_t left = 5 + sim_below(random, 40); left > 0 && !failed(sim); left--) {
		struct sim_device *device = sim->devices[sim_below(random, sim->count)];
		bool told = device->command == SIM_SYNC && device->result == ENGINE_ROLLBACK;

		one(sim, device,
		    told && sim_one_in(random, 3) ? SIM_RESEED : sim_person_draw(device));
	}
}

/* Whoever is told of a rollback resets, if need be in turn, until nobody is. */
static void reseed_all(struct sim *sim)
{
	bool told = true;

	for (size_t round = 0; round < 2 * sim->count + 2 && told && !failed(sim); round++) {
		told = false;
		for (size_t i = 0; i < sim->count && !failed(sim); i++) {
			struct sim_device *device = sim->devices[i];

			one(sim, device, SIM_SYNC);
			if (device->result != ENGINE_ROLLBACK)
				continue;
			told = true;
			one(sim, device, SIM_RESEED);
			if (device->result != ENGINE_OK)
				sim_fail(&sim->world, "d%zu: a reset is no way out: %s", i,
				    device->call.message);
		}
	}
	if (told)
		sim_fail(&sim->world, "resets do not come to an end");
}

/*
 * The operator puts the bucket back to an older copy. Some devices have seen more, and say so;
 * others have not, and work on. What a device took by a reset, others' histories of before do not
 * come with.
 */
static void restore(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_copy *copy = sim_copy_take(world);

	if (copy != NULL)
		some_commands(sim);
	if (copy == NULL || !sim_copy_restore(world, copy)) {
		sim_fail(world, "the bucket can't be copied");
		return;
	}
	sim_trace(world, "the bucket is back to an older copy");
	world->restored = true;
	world->reseeded = true;
	sim_model_forget_log(&sim->model);
	world->faults = sim_one_in(&world->random, 2);
	some_commands(sim);
	world->faults = false;
	(void)memory_deliver(world->objects);
	reseed_all(sim);
	for (size_t i = 0; i < sim->count; i++)
		sim->devices[i]->joined_at = sim->model.ops_count;
	world->restored = false;
	if (!failed(sim))
		calm(sim);
	if (!failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
}

static void course(struct sim *sim)
{
	struct sim_random *random = &sim->world.random;
	size_t devices = 2 + sim_below(random, 4);
	static const uint64_t switches[] = {1, 2, 8, 40};

	sim->commands = 20 + sim_below(random, sim->world.big ? 80 : 200);
	sim->switch_in = switches[sim_below(random, COUNT_OF(switches))];
	for (size_t i = 0; i < devices && !failed(sim); i++) {
		sim->late_from[i] = sim->commands;
		if (i > 0 && sim_one_in(random, 2))
			sim->late_from[i] = sim_below(random, sim->commands) + 1;
		(void)add_device(sim);
	}
	storm(sim);
	if (!failed(sim))
		calm(sim);
	if (!failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
	if (!failed(sim) && sim_one_in(random, 4))
		restore(sim);
	if (!failed(sim) && sim_one_in(random, 3)) {
		tamper(sim);
	} else if (!failed(sim) && add_device(sim) != NULL) { /* the code and the bucket: all */
		calm(sim);
		if (!failed(sim))
			sim_model_check(&sim->model, sim->devices, sim->count);
	}
}

static void remove_folder(const struct sim *sim)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < sim->count; i++)
		for (size_t k = 0; k < COUNT_OF(ends); k++) {
			char path[256];

			(void)snprintf(path, sizeof(path), "%s/d%zu.db%s", sim->folder, i, ends[k]);
			(void)unlink(path);
		}
	(void)rmdir(sim->folder);
}

/* In memory where there is such a place: every commit is synced. */
static bool make_folder(struct sim *sim)
{
	const char *parent = getenv("TMPDIR");

	if (access("/dev/shm", W_OK) == 0)
		parent = "/dev/shm";
	(void)snprintf(sim->folder, sizeof(sim->folder), "%s/inkseal-sim.XXXXXX",
	    parent == NULL ? "/tmp" : parent);
	return mkdtemp(sim->folder) != NULL;
}

static void add_up(const struct sim *sim, struct totals *totals)
{
	totals->runs++;
	totals->steps += sim->world.steps;
	totals->changes += sim->model.ops_count;
	totals->frames += sim->model.head_seq;
	totals->flips += sim->flips;
	totals->refused += sim->refused;
	for (size_t i = 0; i < sim->count; i++) {
		totals->conflicts += sim->devices[i]->conflicts;
		totals->deltas += sim->devices[i]->deltas;
		totals->resets += sim->devices[i]->resets;
	}
	for (size_t i = 0; i < SIM_FAULTS; i++)
		totals->hits[i] += sim->world.hits[i];
}

static bool run_seed(uint64_t seed, FILE *trace, struct totals *totals)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	bool good = false;

	if (sim == NULL)
		return false;
	printf("seed %" PRIu64 ":", seed);
	(void)fflush(stdout); /* should the process die, this says where */
	if (!make_folder(sim) || !sim_world_open(&sim->world, seed, trace)) {
		printf(" can't begin: %s\n", strerror(errno));
		free(sim);
		return false;
	}
	if (trace != NULL)
		printf("\n");
	if (sim_model_open(&sim->model, &sim->world))
		course(sim);
	else
		sim_fail(&sim->world, "no memory");
	drain(sim);
	good = !failed(sim);
	printf(" %zu devices, %" PRIu64 " steps, %zu changes, %" PRIu64 " frames: %s\n", sim->count,
	    sim->world.steps, sim->model.ops_count, sim->model.head_seq,
	    good ? "held" : sim->world.failure);
	add_up(sim, totals);
	for (size_t i = 0; i < sim->count; i++)
		sim_device_close(sim->devices[i]);
	remove_folder(sim);
	sim_model_close(&sim->model);
	sim_world_close(&sim->world);
	free(sim);
	return good;
}

static bool read_number(const char *text, uint64_t *out)
{
	char *end = NULL;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

int main(int argc, char **argv)
{
	static struct totals totals, again;
	uint64_t first = 1;
	uint64_t runs = 1;
	bool trace = false;
	bool good = true;

	for (int i = 1; i < argc; i++) {
		bool known = true;

		if (strcmp(argv[i], "--trace") == 0)
			trace = true;
		else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			known = read_number(argv[++i], &first);
		else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
			known = read_number(argv[++i], &runs);
		else
			known = false;
		if (!known) {
			(void)fprintf(stderr, "usage: sim [--seed N] [--runs N] [--trace]\n");
			return 2;
		}
	}
	if (!sim_device_randomness())
		return 2;
	for (uint64_t i = 0; i < runs && good; i++) {
		good = run_seed(first + i, trace ? stdout : NULL, &totals);
		if (!good && !trace) {
			printf("the trace of the same seed:\n");
			(void)run_seed(first + i, stdout, &again);
		}
	}
	printf("faults:");
	for (size_t i = 0; i < SIM_FAULTS; i++)
		printf(" %s %" PRIu64, sim_fault_text((enum sim_fault)i), totals.hits[i]);
	printf("; flips %" PRIu64 ", of which refused by a device %" PRIu64 "\n", totals.flips,
	    totals.refused);
	printf("%s: %" PRIu64 " schedules, %" PRIu64 " steps, %" PRIu64 " changes, %" PRIu64
	       " frames, %" PRIu64 " deltas, %" PRIu64 " conflicts, %" PRIu64 " resets\n",
	    good ? "all held" : "FAILED", totals.runs, totals.steps, totals.changes, totals.frames,
	    totals.deltas, totals.conflicts, totals.resets);
	return good ? 0 : 1;
}
