/*
 * tests/sim/sim_restore.c: the log is not what devices have seen, and people reseed: what a device
 * was told "saved" it must hold in the end, or have lost by a recorded decision.
 */
#include "tests/sim/sim_person.h"
#include "tests/sim/sim_run.h"

/* Anybody does something; a person who was told of a rollback may have the copy begun anew. */
static void some_commands(struct sim *sim)
{
	struct sim_random *random = &sim->world.random;

	for (uint64_t left = 4 + sim_below(random, 20); left > 0 && !sim_failed(sim); left--) {
		struct sim_device *device = sim->devices[sim_below(random, sim->count)];
		bool told = device->command == SIM_SYNC && device->result == ENGINE_ROLLBACK;

		sim_one(sim, device,
		    told && sim_one_in(random, 3) ? SIM_RESEED : sim_person_draw(device));
	}
}

/* Whoever is told of a rollback resets, if need be in turn, until nobody is. */
static void reseed_all(struct sim *sim)
{
	bool told = true;

	for (size_t round = 0; round < 2 * sim->count + 2 && told && !sim_failed(sim); round++) {
		told = false;
		for (size_t i = 0; i < sim->count && !sim_failed(sim); i++) {
			struct sim_device *device = sim->devices[i];

			sim_one(sim, device, SIM_SYNC);
			if (device->result != ENGINE_ROLLBACK)
				continue;
			told = true;
			sim_one(sim, device, SIM_RESEED);
			if (device->result != ENGINE_OK)
				sim_fail(&sim->world, "d%zu: a reset is no way out: %s", i,
				    device->call.message);
		}
	}
	if (told)
		sim_fail(&sim->world, "resets do not come to an end");
}

/*
 * Two logs are about, or one that lacks what some have seen. Some devices say so, others work on.
 */
void sim_two_logs(struct sim *sim)
{
	struct sim_world *world = &sim->world;

	world->bucket.restored = true;
	world->bucket.reseeded = true;
	world->faults.on = sim_one_in(&world->random, 2);
	some_commands(sim);
	world->faults.on = false;
}

/* There is one again, once all have reset who must. What a device took by a reset, others'
 * histories of before do not come with. */
void sim_one_log(struct sim *sim)
{
	struct sim_world *world = &sim->world;

	(void)memory_deliver(world->bucket.objects);
	reseed_all(sim);
	for (size_t i = 0; i < sim->count; i++)
		sim->devices[i]->joined_at = sim->model.ops_count;
	world->bucket.restored = false;
	sim_model_forget_log(&sim->model);
	if (!sim_failed(sim))
		sim_calm(sim);
	if (!sim_failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
}

/* The operator puts the bucket back to an older copy. */
void sim_restore(struct sim *sim)
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
	world->faults.hits[SIM_GO_BACK]++;
	sim_two_logs(sim);
	sim_one_log(sim);
}
