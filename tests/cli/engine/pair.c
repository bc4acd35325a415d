/*
 * tests/cli/engine/pair.c: the two devices of pair.h.
 */
#include "tests/cli/engine/pair.h"

struct pair pair;

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
