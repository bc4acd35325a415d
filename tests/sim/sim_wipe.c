/*
 * tests/sim/sim_wipe.c: the end of an account, while others are in the middle of a sync, and what
 * lands after it: late puts, a create that is sent again. In the end all have been told "gone", and
 * nothing is left (I6).
 */
#include "tests/sim/sim_run.h"

#include <stdio.h>
#include <string.h>

#define EDITS_MAX 4u
#define TRIES_MAX 4u

struct leftover {
	char prefix[BUCKET_KEY_MAX + 1];
	char key[BUCKET_KEY_MAX + 1]; /* "": none */
};

static void leftover_see(void *self, const char *key, struct view data)
{
	struct leftover *leftover = self;

	(void)data;
	if (strncmp(key, leftover->prefix, strlen(leftover->prefix)) == 0)
		(void)snprintf(leftover->key, sizeof(leftover->key), "%s", key);
}

static void check_empty(struct sim *sim, const char *when)
{
	struct leftover leftover = {0};
	char account[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(sim->world.account.code.account.bytes, ACCOUNT_ID_LEN), account);
	(void)snprintf(leftover.prefix, sizeof(leftover.prefix), "a/%s/", account);
	memory_each(sim->world.bucket.objects, leftover_see, &leftover);
	if (leftover.key[0] != '\0')
		sim_fail(&sim->world, "I6: %s there is %.40s", when,
		    leftover.key + strlen(leftover.prefix));
	else if (memory_hidden(sim->world.bucket.objects, leftover.prefix) > 0)
		sim_fail(&sim->world, "I6: %s old versions are kept", when);
}

/* Everybody has something to push, and is stopped somewhere on the way. */
static void be_busy(struct sim *sim, const struct sim_device *wiper)
{
	for (size_t i = 0; i < sim->count && !sim_failed(sim); i++) {
		uint64_t edits = sim_below(&sim->world.random, EDITS_MAX);

		while (edits-- > 0 && !sim_failed(sim))
			sim_one(sim, sim->devices[i],
			    sim_one_in(&sim->world.random, 2) ? SIM_NEW : SIM_EDIT);
	}
	for (size_t i = 0; i < sim->count && !sim_failed(sim); i++)
		if (sim->devices[i] != wiper)
			sim_device_begin(sim->devices[i], SIM_SYNC);
	if (!sim_failed(sim))
		sim_step(sim, sim_below(&sim->world.random, 60));
}

/* The wiper dies in the middle of it; whoever is busy goes on. */
static void cut_wipe(struct sim *sim, struct sim_device *wiper)
{
	uint64_t steps = 1 + sim_below(&sim->world.random, 16);

	sim_device_begin(wiper, SIM_WIPE);
	while (steps-- > 0 && wiper->task.busy && !sim_failed(sim)) {
		sim_tick(sim);
		sim_give(&wiper->task);
	}
	if (wiper->task.busy && !sim_failed(sim))
		sim_die(wiper);
	sim_drain(sim);
}

static void all_are_told(struct sim *sim)
{
	for (size_t i = 0; i < sim->count && !sim_failed(sim); i++) {
		sim_one(sim, sim->devices[i], SIM_SYNC);
		if (!sim_failed(sim) && sim->devices[i]->result != ENGINE_GONE)
			sim_fail(&sim->world, "I6: d%zu is told \"%s\" after the wipe: %s", i,
			    engine_result_text(sim->devices[i]->result),
			    sim->devices[i]->call.message);
	}
}

void sim_wipe(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_device *wiper = sim->devices[sim_below(&world->random, sim->count)];

	struct sim_device *old = sim->devices[sim_below(&world->random, sim->count)];
	struct sim_home home = {0};

	sim->wipes++;
	world->account.wiping = true;
	sim_home_copy(old, &home);
	be_busy(sim, wiper);
	if (!sim_failed(sim) && sim_one_in(&world->random, 2))
		cut_wipe(sim, wiper);
	for (unsigned i = 0; i < TRIES_MAX && !sim_failed(sim) && !world->account.wiped; i++) {
		sim_device_begin(wiper, SIM_WIPE);
		sim_drain(sim);
	}
	if (!sim_failed(sim) && !world->account.wiped)
		sim_fail(world, "the wipe does not end: %s", wiper->call.message);
	/* Nothing is late yet: who was busy has taken back what it put, or puts it no more. */
	if (!sim_failed(sim))
		check_empty(sim, "after the wipe");
	world->plan.holds_late = false;
	(void)memory_deliver(world->bucket.objects);
	if (!sim_failed(sim))
		sim_one(sim, sim->devices[0], SIM_CREATE_AGAIN);
	if (!sim_failed(sim))
		all_are_told(sim);
	sim_home_restore(old, &home); /* it knows of no wipe */
	sim_home_clear(&home);
	if (!sim_failed(sim))
		all_are_told(sim);
	if (!sim_failed(sim))
		sim_one(sim, wiper, SIM_RELIST);
	if (!sim_failed(sim))
		check_empty(sim, "after the second listing");
}
