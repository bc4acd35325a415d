/*
 * tests/sim/sim_home.c: a home as it was once: somebody puts back an old copy of it.
 */
#include "tests/sim/sim_device.h"

#include <stdio.h>
#include <unistd.h>

#define HOME_MAX (64u << 20)

static const char *const ends[SIM_HOME_FILES] = {"", "-wal"};

static bool read_file(const char *path, struct bytes *out)
{
	struct buffer buffer;
	uint8_t part[4096];
	FILE *file = fopen(path, "rb");
	size_t len;
	bool done;

	if (file == NULL) /* no log beside it: an empty one */
		return true;
	buffer_init(&buffer, HOME_MAX);
	while ((len = fread(part, 1, sizeof(part), file)) > 0)
		buffer_add(&buffer, part, len);
	done = ferror(file) == 0 && buffer_take(&buffer, out);
	buffer_clear(&buffer);
	return fclose(file) == 0 && done;
}

static bool write_file(const char *path, struct view data)
{
	FILE *file;
	bool done;

	if (data.len == 0)
		return unlink(path) == 0 || access(path, F_OK) != 0;
	file = fopen(path, "wb");
	if (file == NULL)
		return false;
	done = fwrite(data.data, 1, data.len, file) == data.len;
	return fclose(file) == 0 && done;
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

		(void)snprintf(path, sizeof(path), "%s%s", device->path, ends[i]);
		done = read_file(path, &out->files[i]);
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
		done = write_file(path, view_bytes(&home->files[i]));
	}
	if (!done)
		sim_fail(device->world, "d%u: its home can't be put back", device->index);
	sim_device_come_back(device);
}
