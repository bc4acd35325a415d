/*
 * tests/cli/engine/way.h: how a call was come to: by which functions, and from where in them.
 */
#ifndef INKSEAL_TESTS_WAY_H
#define INKSEAL_TESTS_WAY_H

#include <stdint.h>

/* How deep the caller is in calls: what lies below is the same for all that follows. */
int way_depth(void);
/* Of the caller, above that depth. Equal numbers: the same way. */
uint64_t way_from(int depth);

#endif
