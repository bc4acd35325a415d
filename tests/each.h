/*
 * tests/each.h: what a call depends on fails in turn: the first, then the second, until the call
 * was made with none failing. Who sets .hit decides what that means: an allocation, a call of the
 * journal, a request to the bucket.
 *
 *	struct each each = {.of = "a commit"};
 *	while (each_next(&each)) {
 *		journal_arm(&device, each.nth);
 *		result = commit();
 *		each.hit = journal_disarm(&device);
 *		assert_int_equal(result, each.hit ? ENGINE_FULL : ENGINE_OK);
 *	}
 *
 * It fails where it would have no end, and where nothing was hit.
 */
#ifndef INKSEAL_TESTS_EACH_H
#define INKSEAL_TESTS_EACH_H

#include <stdbool.h>

#define EACH_MOST 5000u

struct each {
	const char *of; /* what is run, for who reads of a failure; NULL: the case's name says it */
	unsigned first; /* 0: 1 */
	unsigned step;  /* 0: 1 */
	unsigned least; /* so many there are at least … */
	unsigned most;  /* … and at most; 0: EACH_MOST */
	bool may_be_none; /* else the first must be hit */
	unsigned nth;     /* the one that is to fail in this run, counted from 1 */
	bool hit;         /* the run's to set: it did */
	unsigned hits;    /* in how many runs */
};
/* False: the last run hit none, and it was not the first. Asserts what is above. */
bool each_next(struct each *each);
unsigned each_at(void); /* which is to fail in this run, for who has no each at hand */
/* A case's teardown: says so, after a failure too. */
int each_tell(void **state);

#endif
