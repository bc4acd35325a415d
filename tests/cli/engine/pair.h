/*
 * tests/cli/engine/pair.h: two devices of one account with five entries, both at the head, for one
 * test: what cmocka sets up before it and takes down after it.
 */
#ifndef INKSEAL_TESTS_ENGINE_PAIR_H
#define INKSEAL_TESTS_ENGINE_PAIR_H

#include "tests/cli/engine/engine_fixture.h"

struct pair {
	struct world world;
	struct device a, b;
};
extern struct pair pair;

int pair_setup(void **state);
int pair_teardown(void **state);

#endif
