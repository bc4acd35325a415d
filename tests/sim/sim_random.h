/*
 * tests/sim/sim_random.h: the seed's randomness. Whatever draws has a stream of its own.
 */
#ifndef INKSEAL_SIM_RANDOM_H
#define INKSEAL_SIM_RANDOM_H

#include "schemas/base/base.h"

/* A stream of its own for each user of randomness, so that one's draws do not move another's. */
struct sim_random {
	uint8_t seed[32];
	uint64_t drawn;
};
void sim_random_init(struct sim_random *random, uint64_t seed, uint64_t stream);
void sim_random_fill(void *self, void *out, size_t len);       /* as struct random has it */
uint64_t sim_below(struct sim_random *random, uint64_t limit); /* 0 … limit - 1 */
bool sim_one_in(struct sim_random *random, uint64_t count);    /* 0: never */

#endif
