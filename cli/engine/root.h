/*
 * cli/engine/root.h: the state root: BLAKE2b of an LtHash (Bellare and Micciancio 1997; Lewi et
 * al., "Securing update propagation with homomorphic hashing", 2019) of (id, version): 1,024 lanes
 * of 16 bits, so that a change costs its own size and not the journal's.
 */
#ifndef INKSEAL_ROOT_H
#define INKSEAL_ROOT_H

#include "schemas/format.h"

#define ROOT_LANES 1024u
struct root_sum { /* {0} is the empty state's */
	uint16_t lanes[ROOT_LANES];
};
void root_add(struct root_sum *sum, struct view id, const struct digest *version);
void root_remove(struct root_sum *sum, struct view id, const struct digest *version);
/* Adds what another sum holds: sums of parts add up to the whole's. */
void root_merge(struct root_sum *sum, const struct root_sum *part);
void root_of(const struct root_sum *sum, uint8_t out[ROOT_LEN]);

/* As stored: lanes, little-endian. */
#define ROOT_SUM_LEN (2u * ROOT_LANES)
void root_store(const struct root_sum *sum, uint8_t out[ROOT_SUM_LEN]);
MUST_USE bool root_load(struct view stored, struct root_sum *out);

#endif
