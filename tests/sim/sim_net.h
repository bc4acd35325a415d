/*
 * tests/sim/sim_net.h: the way from a device to the account: straight into the bucket, with a cache
 * of its own, or by one of two gateways. What goes by a gateway goes as bytes, over a network that
 * drops, delays, repeats, reorders and cuts; and a gateway may die, and begin anew without its
 * cache.
 */
#ifndef INKSEAL_SIM_NET_H
#define INKSEAL_SIM_NET_H

#include "tests/sim/sim_device.h"

extern const struct remote_ops sim_remote_ops; /* self: the device */

/* One request, at whoever carries it out: env and cache are for the account code. */
struct sim_visit {
	struct sim_device *device;
	const struct account_env *env;
	struct account_cache *cache;
};
void sim_visit_begin(struct sim_device *device, struct sim_visit *visit);
/* What the device is told of the result: a gateway that has died says nothing. */
enum account_result sim_visit_end(struct sim_visit *visit, enum account_result result);

/* The fate of a bucket call that a gateway makes for the device's request. */
enum memory_fault sim_net_gateway_dies(struct sim_device *device);

/* sim_lie.c: while world->lies.on, what a gateway makes of an answer, a roster and a blob before it
 * gives them, and whether it says that a blob is stored and does not store it. */
void sim_lie_answer(
    struct sim_device *device, const struct sim_letter *letter, struct bytes *reply);
void sim_lie_roster(struct sim_device *device, struct bytes *roster);
void sim_lie_blob(struct sim_world *world, struct bytes *blob);
/* True: the name is that of a roster it has shown, and *out is that. */
bool sim_lie_shown(struct sim_world *world, const struct blob_name *name, struct bytes *out);
bool sim_lie_stored(struct sim_world *world);
void sim_lie_forget(struct sim_world *world);

#endif
