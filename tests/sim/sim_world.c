/*
 * tests/sim/sim_world.c: what a run begins with, gateways, the first failure, the trace.
 */
#include "tests/sim/sim_world.h"

#include <inttypes.h>
#include <stdarg.h>

#define SKEW_MS 60000u /* of a gateway's clock */

static int64_t gateway_wall_ms(void *self)
{
	const struct sim_gateway *gateway = self;

	return gateway->world->schedule.now_ms + gateway->skew_ms;
}

static int64_t gateway_monotonic_ms(void *self)
{
	const struct sim_gateway *gateway = self;

	return gateway->world->schedule.now_ms;
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
	if (world->gateways.count == 0)
		gateway_open(world, &world->gateways.all[world->gateways.count++]);
}

static struct sim_plan plan_draw(uint64_t seed, struct sim_random *random)
{
	struct sim_plan plan = {0};

	plan.sweeps = sim_one_in(random, 3);
	plan.big = sim_one_in(random, 16);
	plan.away = sim_one_in(random, 3);
	plan.solo = sim_one_in(random, 5);
	plan.seasons = sim_one_in(random, 3);
	plan.copies_home = seed % 8 == 7 && !plan.solo;
	plan.late_create = sim_one_in(random, 4);
	plan.holds_late = plan.late_create && sim_one_in(random, 2);
	return plan;
}

bool sim_world_open(struct sim_world *world, uint64_t seed, FILE *trace)
{
	*world = (struct sim_world){.seed = seed, .trace = trace};
	if (!sim_schedule_open(&world->schedule))
		return false;
	world->bucket.objects = memory_store_new();
	if (world->bucket.objects == NULL) {
		sim_schedule_close(&world->schedule);
		return false;
	}
	sim_random_init(&world->random, seed, 0);
	sim_faults_draw(&world->faults, seed, &world->random);
	world->plan = plan_draw(seed, &world->random);
	world->gateways.count =
	    sim_one_in(&world->random, 2) ? 1 + sim_below(&world->random, SIM_GATEWAYS_MAX) : 0;
	for (size_t i = 0; i < world->gateways.count; i++)
		gateway_open(world, &world->gateways.all[i]);
	world->bucket.versions = sim_one_in(&world->random, 4);
	if (world->bucket.versions)
		memory_keep_versions(world->bucket.objects, sim_one_in(&world->random, 2));
	return true;
}

void sim_world_close(struct sim_world *world)
{
	memory_store_free(world->bucket.objects);
	bytes_clear(&world->account.create);
	for (size_t i = 0; i < world->gateways.count; i++)
		account_cache_clear(&world->gateways.all[i].cache);
	for (size_t i = 0; i < world->network.letters_count; i++)
		bytes_clear(&world->network.letters[i].body);
	sim_schedule_close(&world->schedule);
}

bool sim_hit(struct sim_world *world, enum sim_fault fault)
{
	return sim_faults_hit(&world->faults, fault, &world->random);
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
	(void)fprintf(world->trace, "%12" PRId64 " ", world->schedule.now_ms - SIM_BEGIN_MS);
	va_start(args, format);
	(void)vfprintf(world->trace, format, args);
	va_end(args);
	(void)fputc('\n', world->trace);
}
