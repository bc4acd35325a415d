/*
 * tests/sim/sim_home.c: a device's home: what its death leaves of it, and what it was once:
 * somebody puts back an old copy of it. Its files are in memory, but for the empty one that the
 * store makes.
 */
#include "tests/crash/lossy_vfs.h"
#include "tests/sim/sim_device.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const ends[SIM_HOME_FILES] = {"", "-wal"};

static void name_home(const char *parent, unsigned index, char folder[SIM_HOME_PATH_MAX],
    char path[SIM_HOME_PATH_MAX])
{
	(void)snprintf(folder, SIM_HOME_PATH_MAX, "%.200s/d%u", parent, index);
	(void)snprintf(path, SIM_HOME_PATH_MAX, "%.200s/d%u/journal.db", parent, index);
}

bool sim_home_make(struct sim_device *device, const char *parent)
{
	name_home(parent, device->index, device->folder, device->path);
	return mkdir(device->folder, S_IRWXU) == 0;
}

void sim_home_remove(const char *parent, unsigned index)
{
	char folder[SIM_HOME_PATH_MAX], path[SIM_HOME_PATH_MAX];

	name_home(parent, index, folder, path);
	(void)unlink(path);
	(void)rmdir(folder);
}

bool sim_death_draw(struct sim_device *device)
{
	bool crashes = sim_hit(device->world, SIM_CRASH);

	device->power_failed = sim_hit(device->world, SIM_POWER);
	return crashes || device->power_failed;
}

static void stop_disk(struct sim_device *device, unsigned changes)
{
	if (!lossy_stop(device->folder, changes))
		sim_fail(device->world, "d%u: its disk can't be stopped", device->index);
}

void sim_die_soon(struct sim_device *device)
{
	struct sim_random *random = &device->world->random;

	stop_disk(device, 1 + (unsigned)sim_below(random, UINT64_C(1) << sim_below(random, 8)));
}

void sim_die(struct sim_device *device)
{
	device->crashed = true;
	stop_disk(device, 0);
}

const char *sim_death_text(const struct sim_device *device)
{
	return device->power_failed ? "its power failed" : "crashed";
}

void sim_device_reopen(struct sim_device *device)
{
	bool dies = sim_death_draw(device);

	if (dies)
		sim_die_soon(device);
	store_close(device->store);
	device->store = NULL;
	if (dies)
		sim_die(device);
	sim_trace(device->world, "d%u opens its store again%s%s", device->index,
	    dies ? ": at its end, " : "", dies ? sim_death_text(device) : "");
	sim_device_come_back(device);
}

void sim_home_start(struct sim_device *device)
{
	uint64_t seed;

	lossy_start(device->folder);
	if (!device->crashed || !device->power_failed)
		return;
	sim_random_fill(&device->world->random, &seed, sizeof(seed));
	if (!lossy_lose(device->folder, seed))
		sim_fail(device->world, "d%u: no memory for its disk", device->index);
}

void sim_home_clear(struct sim_home *home)
{
	for (size_t i = 0; i < SIM_HOME_FILES; i++)
		bytes_clear(&home->files[i]);
	bytes_clear(&home->cache);
}

void sim_home_copy(const struct sim_device *device, struct sim_home *out)
{
	bool done = bytes_copy(view_bytes(&device->kept_cache), &out->cache);

	for (size_t i = 0; i < SIM_HOME_FILES && done; i++) {
		char path[sizeof(device->path) + 8];
		const uint8_t *data;
		size_t len = 0;

		(void)snprintf(path, sizeof(path), "%s%s", device->path, ends[i]);
		data = lossy_look(path, &len);
		done = bytes_copy(view_of(data, len), &out->files[i]);
	}
	if (!done)
		sim_fail(device->world, "d%u: its home can't be copied", device->index);
}

void sim_home_restore(struct sim_device *device, const struct sim_home *home)
{
	bool done;

	store_close(device->store);
	device->store = NULL;
	bytes_clear(&device->kept_cache);
	done = bytes_copy(view_bytes(&home->cache), &device->kept_cache);
	for (size_t i = 0; i < SIM_HOME_FILES && done; i++) {
		char path[sizeof(device->path) + 8];

		(void)snprintf(path, sizeof(path), "%s%s", device->path, ends[i]);
		done = lossy_put(path, home->files[i].data, home->files[i].len);
	}
	if (!done)
		sim_fail(device->world, "d%u: its home can't be put back", device->index);
	sim_device_come_back(device);
}

void sim_home_double(struct sim_device *device, const struct sim_device *from)
{
	struct sim_home home = {0};

	sim_home_copy(from, &home);
	sim_home_restore(device, &home);
	sim_home_clear(&home);
	device->keys = from->keys;
	if (from->engine.keys != NULL)
		device->engine.keys = &device->keys;
	device->joined = from->joined;
	device->told = from->told;
	device->skew_ms = from->skew_ms;
	sim_trace(device->world, "d%u is a copy of d%u's home", device->index, from->index);
}
