/*
 * tests/sim/sim_canary.c: every byte of the bucket against what must stand in none (I5).
 */
#include "tests/sim/sim_model.h"

#include <string.h>

/* I5: no title, text or key in any byte of any object. */
struct needle {
	const char *what;
	struct view bytes;
};
struct hunt {
	struct sim_world *world;
	struct needle needles[2 + 3 * SIM_DEVICES_MAX];
	size_t needles_count;
};

static void hunt_for(struct hunt *hunt, const char *what, const void *data, size_t len)
{
	hunt->needles[hunt->needles_count++] = (struct needle){what, view_of(data, len)};
}

static void hunt_see(void *self, const char *key, struct view data)
{
	struct hunt *hunt = self;

	for (size_t i = 0; i < hunt->needles_count; i++) {
		struct view needle = hunt->needles[i].bytes;
		const uint8_t *at = data.data;
		size_t left = data.len;

		while (left >= needle.len) {
			at = memchr(at, needle.data[0], left - needle.len + 1);
			if (at == NULL)
				break;
			if (memcmp(at, needle.data, needle.len) == 0) {
				sim_fail(
				    hunt->world, "I5: %s stands in %s", hunt->needles[i].what, key);
				return;
			}
			at++;
			left = data.len - (size_t)(at - data.data);
		}
	}
}

void sim_check_canary(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	struct hunt hunt = {.world = model->world};

	hunt_for(&hunt, "a title or text", model->canary, SIM_CANARY_LEN);
	hunt_for(&hunt, "the recovery key", model->world->account.code.key, RECOVERY_KEY_LEN);
	for (size_t i = 0; i < devices_count; i++) {
		const struct device_keys *keys = &devices[i]->keys;

		hunt_for(&hunt, "a signing key", keys->sign_secret, 32);
		hunt_for(&hunt, "a box key", keys->box_secret, 32);
		hunt_for(&hunt, "a wipe key", keys->wipe_secret, 32);
	}
	memory_each(model->world->bucket.objects, hunt_see, &hunt);
}
