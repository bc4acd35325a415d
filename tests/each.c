/*
 * tests/each.c: see each.h.
 */
#include "tests/each.h"

#include "tests/test.h"

static unsigned last;

static void end(const struct each *each)
{
	if (each->nth == each->first && !each->may_be_none)
		fail_msg("%s: none fails", each->of);
	if (each->nth <= each->least)
		fail_msg("%s: no number %u fails, and there are %u at least", each->of, each->nth,
		    each->least);
}

bool each_next(struct each *each)
{
	if (each->nth == 0) {
		each->of = each->of == NULL ? "this" : each->of;
		each->first = each->first == 0 ? 1 : each->first;
		each->step = each->step == 0 ? 1 : each->step;
		each->most = each->most == 0 ? EACH_MOST : each->most;
		each->nth = each->first;
	} else if (each->hit) {
		each->hits++;
		each->nth += each->step;
	} else {
		end(each);
		return false;
	}
	if (each->nth > each->most + 1)
		fail_msg("%s: no end after number %u", each->of, each->most);
	each->hit = false;
	last = each->nth;
	return true;
}

unsigned each_at(void)
{
	return last;
}

int each_tell(void **state)
{
	(void)state;
	print_message("in the last run number %u was to fail\n", last);
	return 0;
}
