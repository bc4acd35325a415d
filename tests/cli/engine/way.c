/*
 * tests/cli/engine/way.c: a hash of the return addresses.
 */
#include "tests/cli/engine/way.h"

#include <unwind.h>

struct walk {
	int left; /* frames to be looked at */
	int count;
	uint64_t hash;
};

static _Unwind_Reason_Code see(struct _Unwind_Context *context, void *self)
{
	struct walk *walk = self;

	if (walk->left == 0)
		return _URC_END_OF_STACK;
	walk->left--;
	walk->count++;
	walk->hash =
	    (walk->hash ^ (uint64_t)_Unwind_GetIP(context)) * UINT64_C(1099511628211); /* FNV-1a */
	return _URC_NO_REASON;
}

static struct walk walk_up(int frames)
{
	struct walk walk = {.left = frames, .hash = UINT64_C(14695981039346656037)};

	(void)_Unwind_Backtrace(see, &walk);
	return walk;
}

int way_depth(void)
{
	return walk_up(-1).count;
}

uint64_t way_from(int depth)
{
	return walk_up(way_depth() - depth).hash;
}
