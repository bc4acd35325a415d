/*
 * tests/sim/sim_rot.c: bit rot. While a sync runs, one version of its device's store is read with a
 * bit flipped; afterwards, as if healed by a backup, it is what it was. Such a sync may end as
 * unsound; nothing of it may reach the others, who meet it in a load, a snapshot or a patch.
 */
#include "tests/sim/sim_device.h"

#include <string.h>

struct pick {
	struct sim_device *device;
	bool unsynced; /* versions that the cloud does not have may rot, too */
	uint64_t seen;
	bool found;
	struct digest version;
};

/* One that only this device has made: no other's edit takes its place while it can't be read. */
static bool is_own(struct sim_device *device, const char *id)
{
	struct sim_version first;

	return sim_device_history(device, id, &first, 1) > 0 && first.kind == HISTORY_EDIT;
}

static bool pick_see(void *self, const struct store_item *item)
{
	struct pick *pick = self;
	struct sim_device *device = pick->device;
	struct journal_entry known = {0};

	if (device->store_ops->entry_get(device->engine.journal.self, view_text(item->id),
		&device->call, &known) != JOURNAL_OK)
		return true;
	if (!(known.has_cloud && digest_equal(&known.local, &known.cloud)) &&
	    !(pick->unsynced && is_own(device, item->id)))
		return true;
	if (sim_one_in(&device->world->random, ++pick->seen)) {
		pick->found = true;
		pick->version = known.local;
	}
	return true;
}

void sim_rot_begin(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct pick pick = {.device = device, .unsynced = !world->account.has_code};
	const struct store_query query = {.oldest_first = true};

	device->rotted = false;
	if (device->command != SIM_SYNC || world->lies.on || world->bucket.restored ||
	    world->account.wiping || !sim_hit(world, SIM_ROT))
		return;
	if (store_list(device->store, &query, pick_see, &pick, &device->call) != JOURNAL_OK)
		return; /* the sync meets that, too */
	device->rotted = pick.found;
	device->rotten = pick.found;
	device->rot = pick.version;
	device->rot_bit = sim_below(&world->random, 1u << 20);
	if (pick.found)
		sim_trace(world, "d%u: a version rots", device->index);
}

void sim_rot_end(struct sim_device *device)
{
	device->rotten = false;
}

void sim_rot_read(
    const struct sim_device *device, const struct digest *version, struct bytes *encoded)
{
	size_t bit;

	if (!device->rotten || encoded->len == 0 || !digest_equal(version, &device->rot))
		return;
	bit = (size_t)(device->rot_bit % (8 * encoded->len));
	encoded->data[bit / 8] ^= (uint8_t)(1u << bit % 8);
}
