/*
 * tests/sim/sim_tamper.c: one bit of an object flips, and everybody meets it (I8).
 */
#include "tests/sim/sim_run.h"

#include <stdio.h>
#include <string.h>

#define FLIPS_MAX 5u

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
	sim_one(sim, device, SIM_SYNC);
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

	memory_each(world->bucket.objects, draw_see, &draw);
	if (draw.len == 0)
		return;
	offset = sim_below(&world->random, draw.len);
	sim_trace(world, "flip bit of byte %zu of %zu in %.60s", offset, draw.len, draw.key);
	if (!memory_flip(world->bucket.objects, draw.key, offset, mask)) {
		sim_fail(world, "an object went while nobody ran");
		return;
	}
	(void)snprintf(
	    world->bucket.damaged_key, sizeof(world->bucket.damaged_key), "%s", draw.key);
	world->bucket.read_only = true;
	sim->flips++;
	for (size_t i = 0; i < sim->count && !sim_failed(sim); i++)
		sync_damaged(sim, sim->devices[i]);
	world->bucket.damaged_key[0] = '\0';
	world->bucket.read_only = false;
	if (!memory_flip(world->bucket.objects, draw.key, offset, mask))
		sim_fail(world, "an object went while nobody could write");
}

/* One device is ahead, one has yet to join: they all meet a bit that has flipped. */
void sim_tamper(struct sim *sim)
{
	uint64_t flips = 1 + sim_below(&sim->world.random, FLIPS_MAX);
	struct sim_device *newcomer = sim_add_device(sim);

	if (newcomer == NULL)
		return;
	sim_one(sim, newcomer, SIM_JOIN);
	for (unsigned i = 0; i < 4 && !sim_failed(sim); i++)
		sim_one(sim, sim->devices[0], i < 3 ? SIM_EDIT : SIM_SYNC);
	while (flips-- > 0 && !sim_failed(sim))
		flip_one(sim);
	if (!sim_failed(sim))
		sim_calm(sim);
	if (!sim_failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
}

/* I7: a device whose keys are not its own any more writes nothing, here or there. */
void sim_wrong_key(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_device *device = sim->devices[sim_below(&world->random, sim->count)];
	size_t at = sim_below(&world->random, sizeof(device->keys.box_secret));
	uint64_t head = sim->model.head_seq;
	struct digest before, after;

	if (device->engine.keys == NULL || !device->joined)
		return;
	sim_one(sim, device, SIM_NEW); /* something to be sent, and so to be sealed */
	sim_model_state(&sim->model, device, &before);
	sim_trace(world, "d%u has a wrong key", device->index);
	device->keys.box_secret[at] ^= 8; /* a bit that X25519 does not clear or set */
	world->account.wrong_key = true;
	sim_one(sim, device, SIM_SYNC);
	world->account.wrong_key = false;
	device->keys.box_secret[at] ^= 8;
	sim_model_state(&sim->model, device, &after);
	if (sim_failed(sim))
		return;
	if (device->result != ENGINE_WRONG_KEY)
		sim_fail(world, "I7: d%u syncs with a wrong key: %s", device->index,
		    engine_result_text(device->result));
	else if (!digest_equal(&before, &after) || sim->model.head_seq != head)
		sim_fail(world, "I7: d%u has written something with a wrong key", device->index);
	sim_calm(sim);
}
