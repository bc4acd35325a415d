/*
 * tests/torture/fault_turns.c: the loop over allocations of fault.h.
 */
#include "tests/torture/fault.h"

bool fault_next(struct fault_turns *turns)
{
	if (each_next(&turns->each))
		return true;
	if (turns->forever)
		return false;
	turns->forever = true;
	turns->each.nth = 0;
	return each_next(&turns->each);
}

void fault_begin(const struct fault_turns *turns)
{
	fault_arm(turns->whose, turns->each.nth, turns->forever);
}

bool fault_end(struct fault_turns *turns)
{
	turns->each.hit = fault_disarm();
	return turns->each.hit;
}
