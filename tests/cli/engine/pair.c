/*
 * tests/cli/engine/pair.c: the two devices of pair.h.
 */
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>

struct pair pair;

void pair_save_long(struct device *device, const char *id, size_t len)
{
	char *text = made_text(&pair.world.made, len);

	if (device_has(device, id))
		(void)device_save(device, id, text);
	else
		device_new(device, id, text);
	free(text);
}

void pair_save_synced(struct device *device, const char *id, size_t len)
{
	pair_save_long(device, id, len);
	assert_synced(device);
}

void pair_until_snapshot(struct device *device, const char *id)
{
	for (unsigned i = 0; i < 30; i++) {
		pair_save_synced(device, id, 3 * PAIR_LONG); /* a few make up what is due */
		if (device->puts > 0)
			return;
	}
	fail_msg("no snapshot came");
}

void pair_far_behind(void)
{
	for (unsigned i = 0; i < 12; i++) /* frames enough for packs */
		pair_save_synced(&pair.a, "e0", 3000);
	pair_until_snapshot(&pair.a, "long7");
	for (unsigned i = 0; i < 12; i++) /* the tail goes into a pack with the snapshot */
		pair_save_synced(&pair.a, "e0", 3000);
	world_sweep(&pair.world);
	account_cache_clear(&pair.a.cache);
	account_cache_clear(&pair.b.cache);
}

void pair_fill(struct device *device, unsigned count, size_t len)
{
	char id[16];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "long%u", i);
		pair_save_long(device, id, len);
	}
}

struct frame_header pair_snapshot_header(void)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct frame frame = {.hash = {{0}}};

	assert_non_null(manifest);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_int_equal(frame_decode(manifest->snapshot, &frame), FORMAT_OK);
	bytes_clear(&bytes);
	free(manifest);
	return frame.header;
}

void pair_leave_bodies_out(struct device *device, struct sync_answer *answer)
{
	(void)device;
	answer->bodies_count = 0;
}

void pair_flip_blob(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times-- == 0)
		blob->data[blob->len / 2] ^= 1;
}

void pair_note_far(struct device *device, struct sync_answer *answer)
{
	device->times += answer->status == SYNC_FAR_BEHIND;
}

int pair_setup(void **state)
{
	devices_pair(&pair.world, &pair.a, &pair.b, 5);
	*state = &pair;
	return 0;
}

int pair_teardown(void **state)
{
	(void)state;
	device_close(&pair.a);
	device_close(&pair.b);
	world_close(&pair.world);
	return 0;
}
