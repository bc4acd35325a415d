/*
 * tests/cli/engine/moment.c: see moment.h.
 */
#include "tests/cli/engine/moment.h"

#include <stdio.h>
#include <string.h>

static void keep_object(void *self, const char *key, struct view data)
{
	struct moment *moment = self;

	assert_true(moment->objects_count < MOMENT_OBJECTS_MAX);
	(void)snprintf(moment->objects[moment->objects_count].key, BUCKET_KEY_MAX + 1, "%s", key);
	assert_true(bytes_copy(data, &moment->objects[moment->objects_count].data));
	moment->objects_count++;
}

static void home_path(const struct device *device, char out[FOLDER_MAX + 32])
{
	(void)snprintf(out, FOLDER_MAX + 32, "%s/journal.db", device->folder);
}

static void keep_home(struct device *device, struct bytes *out)
{
	struct buffer whole;
	char path[FOLDER_MAX + 32];
	uint8_t block[4096];
	FILE *file;
	size_t len;

	home_path(device, path);
	device_suspend(device); /* its log is in the file then */
	file = fopen(path, "rb");
	assert_non_null(file);
	buffer_init(&whole, 64u << 20);
	while ((len = fread(block, 1, sizeof(block), file)) > 0)
		buffer_add(&whole, block, len);
	assert_int_equal(fclose(file), 0);
	assert_true(buffer_take(&whole, out));
	device_resume(device);
}

static void return_home(struct device *device, struct view home)
{
	char path[FOLDER_MAX + 32];
	FILE *file;

	home_path(device, path);
	device_suspend(device);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(home.data, 1, home.len, file), home.len);
	assert_int_equal(fclose(file), 0);
	device_resume(device);
}

void moment_keep(
    struct moment *moment, struct world *world, struct device *const *devices, size_t count)
{
	moment_clear(moment);
	moment->world = world;
	assert_true(count <= MOMENT_DEVICES_MAX);
	for (size_t i = 0; i < count; i++) {
		moment->devices[moment->devices_count++] = devices[i];
		keep_home(devices[i], &moment->homes[i]);
	}
	memory_each(world->store, keep_object, moment);
	moment->now_ms = world->now_ms;
	moment->made = world->made;
}

struct keys {
	char all[MOMENT_OBJECTS_MAX][BUCKET_KEY_MAX + 1];
	size_t count;
};

static void see_key(void *self, const char *key, struct view data)
{
	struct keys *keys = self;

	(void)data;
	assert_true(keys->count < MOMENT_OBJECTS_MAX);
	(void)snprintf(keys->all[keys->count++], BUCKET_KEY_MAX + 1, "%s", key);
}

/* A bucket of its own: no fault and no count is the world's. */
static void return_bucket(const struct moment *moment)
{
	struct bucket *bucket = bucket_memory(moment->world->store, NULL);
	static struct keys keys;
	struct bucket_tag tag;
	struct call call;

	assert_non_null(bucket);
	call_init(&call, INT64_MAX);
	keys.count = 0;
	memory_each(moment->world->store, see_key, &keys);
	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(bucket_remove(bucket, keys.all[i], &call), BUCKET_OK);
	for (size_t i = 0; i < moment->objects_count; i++)
		assert_int_equal(bucket_put(bucket,
				     &(struct bucket_put){.key = moment->objects[i].key,
					 .data = view_bytes(&moment->objects[i].data)},
				     &call, &tag),
		    BUCKET_OK);
	bucket_close(bucket);
}

void moment_return(const struct moment *moment, size_t count)
{
	assert_true(count <= moment->devices_count);
	return_bucket(moment);
	for (size_t i = 0; i < count; i++)
		return_home(moment->devices[i], view_bytes(&moment->homes[i]));
	moment->world->now_ms = moment->now_ms;
	moment->world->made = moment->made;
}

void moment_clear(struct moment *moment)
{
	for (size_t i = 0; i < moment->devices_count; i++)
		bytes_clear(&moment->homes[i]);
	for (size_t i = 0; i < moment->objects_count; i++)
		bytes_clear(&moment->objects[i].data);
	moment->devices_count = moment->objects_count = 0;
}
