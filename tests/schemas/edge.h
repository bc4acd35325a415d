/*
 * tests/schemas/edge.h: bytes that end where a page ends that nobody may read: who reads on is
 * caught, whatever the program was built with.
 */
#ifndef INKSEAL_TEST_EDGE_H
#define INKSEAL_TEST_EDGE_H

#include "schemas/base/base.h"

#define EDGE_MAX (8u << 20)

/* A copy of the bytes there; good until the next call. */
struct view at_the_edge(struct view bytes);

#endif
