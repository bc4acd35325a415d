/*
 * tests/sim/sim_person.h: what a device's person does to the journal on it, without any plan: each
 * change is written down as an intent (sim_device.h) before it is made.
 */
#ifndef INKSEAL_SIM_PERSON_H
#define INKSEAL_SIM_PERSON_H

#include "tests/sim/sim_device.h"

/* What comes next; also syncs and sweeps. */
enum sim_command sim_person_draw(struct sim_device *device);
/* device->command, which is a change of the journal. */
MUST_USE enum engine_result sim_person_run(struct sim_device *device);

/* sim_item.c: an array of that one item, in a form that is drawn. */
struct sim_item_words {
	const char *id;
	const char *title;
	const char *time;
	struct view content;
};
void sim_item_write(
    struct sim_random *random, const struct sim_item_words *words, struct buffer *out);

#endif
