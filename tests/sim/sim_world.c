/*
 * tests/sim/sim_world.c: randomness from the seed, faults, the trace and the baton.
 */
#include "tests/sim/sim_world.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#define SKEW_MS 60000u                  /* of a gateway's clock */
#define BEGIN_MS INT64_C(1760000000000) /* some day: trees of dates in it must not matter */

void sim_random_init(struct sim_random *random, uint64_t seed, uint64_t stream)
{
	const uint64_t parts[2] = {seed, stream};

	(void)crypto_generichash(
	    random->seed, sizeof(random->seed), (const uint8_t *)parts, sizeof(parts), NULL, 0);
	random->drawn = 0;
}

void sim_random_fill(void *self, void *out, size_t len)
{
	struct sim_random *random = self;
	uint8_t seed[randombytes_SEEDBYTES];

	_Static_assert(sizeof(seed) == sizeof(random->seed), "one key of ChaCha20");
	memcpy(seed, random->seed, sizeof(seed));
	random->drawn++;
	for (size_t i = 0; i < sizeof(random->drawn); i++)
		seed[i] ^= (uint8_t)(random->drawn >> (8 * i));
	randombytes_buf_deterministic(out, len, seed);
}

uint64_t sim_below(struct sim_random *random, uint64_t limit)
{
	uint64_t value;

	sim_random_fill(random, &value, sizeof(value));
	return value % limit;
}

bool sim_one_in(struct sim_random *random, uint64_t count)
{
	return count > 0 && sim_below(random, count) == 0;
}

const char *sim_fault_text(enum sim_fault fault)
{
	switch (fault) {
	case SIM_BEFORE: return "before";
	case SIM_UNKNOWN: return "unknown";
	case SIM_AFTER: return "after";
	case SIM_LATE: return "late";
	case SIM_CRASH: return "crash";
	case SIM_POWER: return "power";
	case SIM_STALL: return "stall";
	case SIM_CLOCK: return "clock";
	case SIM_THROTTLE: return "throttle";
	case SIM_LOSER: return "loser";
	case SIM_STALE: return "stale";
	case SIM_DEATH: return "death";
	case SIM_DROP: return "drop";
	case SIM_CUT: return "cut";
	case SIM_SHORT: return "short";
	case SIM_DELAY: return "delay";
	case SIM_TWICE: return "twice";
	case SIM_REORDER: return "reorder";
	case SIM_WITHHOLD: return "withhold";
	case SIM_REPLAY: return "replay";
	case SIM_SWAP: return "swap";
	case SIM_CHANGE: return "change";
	case SIM_OFF_LOG: return "off-log";
	case SIM_FORK: return "fork";
	case SIM_GO_BACK: return "go-back";
	case SIM_ROT: return "rot";
	case SIM_FAULTS: break;
	}
	return "none";
}

static int64_t gateway_wall_ms(void *self)
{
	const struct sim_gateway *gateway = self;

	return gateway->world->now_ms + gateway->skew_ms;
}

static int64_t gateway_monotonic_ms(void *self)
{
	const struct sim_gateway *gateway = self;

	return gateway->world->now_ms;
}

static void gateway_open(struct sim_world *world, struct sim_gateway *gateway)
{
	*gateway = (struct sim_gateway){.world = world};
	gateway->skew_ms = (int64_t)sim_below(&world->random, 2 * SKEW_MS) - SKEW_MS;
	gateway->clock = (struct clock){
	    .self = gateway, .wall_ms = gateway_wall_ms, .monotonic_ms = gateway_monotonic_ms};
}

void sim_gateway_need(struct sim_world *world)
{
	if (world->gateways_count == 0)
		gateway_open(world, &world->gateways[world->gateways_count++]);
}

bool sim_world_open(struct sim_world *world, uint64_t seed, FILE *trace)
{
	static const uint32_t often[] = {6, 20, 60, 200};

	*world = (struct sim_world){.seed = seed, .now_ms = BEGIN_MS, .faults = true};
	world->trace = trace;
	sim_random_init(&world->random, seed, 0);
	for (size_t i = 0; i < SIM_ROT; i++)
		if (sim_one_in(&world->random, 2))
			world->one_in[i] = often[sim_below(&world->random, COUNT_OF(often))];
	world->one_in[SIM_CRASH] *= 3; /* one ends a whole command */
	world->one_in[SIM_POWER] *= 3;
	world->one_in[SIM_STALL] *= 10;
	world->one_in[SIM_STALE] = world->one_in[SIM_STALE] > 0 ? 2 : 0; /* lists are few */
	for (size_t i = SIM_WITHHOLD; i <= SIM_OFF_LOG; i++)             /* for a few commands */
		world->one_in[i] = world->one_in[i] > 0 ? 3 : 0;
	world->one_in[SIM_GO_BACK] = 1; /* where the run has it at all */
	world->one_in[SIM_ROT] = seed % 4 == 3 ? 3 : 0;
	world->sweeps = sim_one_in(&world->random, 3);
	world->big = sim_one_in(&world->random, 16);
	world->away = sim_one_in(&world->random, 3);
	world->solo = sim_one_in(&world->random, 5);
	world->seasons = sim_one_in(&world->random, 3);
	world->copies_home = seed % 8 == 7 && !world->solo;
	world->late_create = sim_one_in(&world->random, 4);
	world->holds_late = world->late_create && sim_one_in(&world->random, 2);
	world->gateways_count =
	    sim_one_in(&world->random, 2) ? 1 + sim_below(&world->random, SIM_GATEWAYS_MAX) : 0;
	for (size_t i = 0; i < world->gateways_count; i++)
		gateway_open(world, &world->gateways[i]);
	world->objects = memory_store_new();
	if (world->objects == NULL)
		return false;
	world->versions = sim_one_in(&world->random, 4);
	if (world->versions)
		memory_keep_versions(world->objects, sim_one_in(&world->random, 2));
	if (pthread_mutex_init(&world->mutex, NULL) != 0 ||
	    pthread_cond_init(&world->scheduler_turn, NULL) != 0) {
		memory_store_free(world->objects);
		return false;
	}
	return true;
}

void sim_world_close(struct sim_world *world)
{
	memory_store_free(world->objects);
	bytes_clear(&world->create);
	for (size_t i = 0; i < world->gateways_count; i++)
		account_cache_clear(&world->gateways[i].cache);
	for (size_t i = 0; i < world->letters_count; i++)
		bytes_clear(&world->letters[i].body);
	(void)pthread_cond_destroy(&world->scheduler_turn);
	(void)pthread_mutex_destroy(&world->mutex);
}

bool sim_hit(struct sim_world *world, enum sim_fault fault)
{
	bool hit = world->faults && sim_one_in(&world->random, world->one_in[fault]);

	world->hits[fault] += hit;
	return hit;
}

void sim_fail(struct sim_world *world, const char *format, ...)
{
	va_list args;

	if (world->failure[0] != '\0' || world->ending)
		return;
	va_start(args, format);
	(void)vsnprintf(world->failure, sizeof(world->failure), format, args);
	va_end(args);
	sim_trace(world, "FAILED: %s", world->failure);
	world->ending = true;
}

void sim_trace(struct sim_world *world, const char *format, ...)
{
	va_list args;

	if (world->trace == NULL)
		return;
	(void)fprintf(world->trace, "%12" PRId64 " ", world->now_ms - BEGIN_MS);
	va_start(args, format);
	(void)vfprintf(world->trace, format, args);
	va_end(args);
	(void)fputc('\n', world->trace);
}

/* Under the mutex: until the baton is here. */
static void await(struct sim_world *world, struct sim_task *task, pthread_cond_t *turn)
{
	while (world->holder != task)
		(void)pthread_cond_wait(turn, &world->mutex);
}

static void *task_run(void *self)
{
	struct sim_task *task = self;
	struct sim_world *world = task->world;

	(void)pthread_mutex_lock(&world->mutex);
	await(world, task, &task->turn);
	while (!task->over) {
		(void)pthread_mutex_unlock(&world->mutex);
		task->work(task->self);
		(void)pthread_mutex_lock(&world->mutex);
		task->busy = false;
		world->holder = NULL;
		(void)pthread_cond_signal(&world->scheduler_turn);
		await(world, task, &task->turn);
	}
	world->holder = NULL;
	(void)pthread_cond_signal(&world->scheduler_turn);
	(void)pthread_mutex_unlock(&world->mutex);
	return NULL;
}

bool sim_task_open(struct sim_task *task, struct sim_world *world)
{
	*task = (struct sim_task){.world = world};
	if (pthread_cond_init(&task->turn, NULL) != 0)
		return false;
	if (pthread_create(&task->thread, NULL, task_run, task) == 0)
		return true;
	(void)pthread_cond_destroy(&task->turn);
	task->world = NULL;
	return false;
}

void sim_task_close(struct sim_task *task)
{
	if (task->world == NULL)
		return;
	assert(!task->busy);
	task->over = true;
	sim_give(task);
	(void)pthread_join(task->thread, NULL);
	(void)pthread_cond_destroy(&task->turn);
	task->world = NULL;
}

void sim_give(struct sim_task *task)
{
	struct sim_world *world = task->world;

	(void)pthread_mutex_lock(&world->mutex);
	task->busy = !task->over;
	world->holder = task;
	(void)pthread_cond_signal(&task->turn);
	await(world, NULL, &world->scheduler_turn);
	(void)pthread_mutex_unlock(&world->mutex);
	world->steps++;
}

void sim_yield(struct sim_task *task, int64_t sleep_ms)
{
	struct sim_world *world = task->world;

	(void)pthread_mutex_lock(&world->mutex);
	assert(world->holder == task);
	task->wake_ms = world->now_ms + sleep_ms;
	world->holder = NULL;
	(void)pthread_cond_signal(&world->scheduler_turn);
	await(world, task, &task->turn);
	(void)pthread_mutex_unlock(&world->mutex);
}
