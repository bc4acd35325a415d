/*
 * tests/sim/sim_random.c: streams of ChaCha20, keyed by the seed and the stream's number.
 */
#include "tests/sim/sim_random.h"

#include <sodium.h>
#include <string.h>

void sim_random_init(struct sim_random *random, uint64_t seed, uint64_t stream)
{
	const uint64_t parts[2] = {seed, stream};

	(void)crypto_generichash(
	    random->seed, sizeof(random->seed), (const uint8_t *)parts, sizeof(parts), NULL, 0);
	random->drawn = 0;
}

void sim_random_fill(void *self, void *out, size_t len)
{
	struct sim_random *random = self;
	uint8_t seed[randombytes_SEEDBYTES];

	_Static_assert(sizeof(seed) == sizeof(random->seed), "one key of ChaCha20");
	memcpy(seed, random->seed, sizeof(seed));
	random->drawn++;
	for (size_t i = 0; i < sizeof(random->drawn); i++)
		seed[i] ^= (uint8_t)(random->drawn >> (8 * i));
	randombytes_buf_deterministic(out, len, seed);
}

uint64_t sim_below(struct sim_random *random, uint64_t limit)
{
	uint64_t value;

	sim_random_fill(random, &value, sizeof(value));
	return value % limit;
}

bool sim_one_in(struct sim_random *random, uint64_t count)
{
	return count > 0 && sim_below(random, count) == 0;
}
