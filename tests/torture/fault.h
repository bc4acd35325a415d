/*
 * tests/torture/fault.h: memory that runs out on demand. malloc, calloc and realloc of the whole
 * program are ours, so the libraries' too (SQLite, zstd, jansson, libyaml, GnuTLS…). Those of the
 * thread that calls fault_arm: a server of the test's own goes on.
 */
#ifndef INKSEAL_FAULT_H
#define INKSEAL_FAULT_H

#include "tests/each.h"

#include <stdbool.h>

enum fault_whose {
	FAULT_OURS,      /* asked for by code that is linked into the program */
	FAULT_LIBRARIES, /* by a shared library */
};
/* The nth allocation of those from now on fails, counted from 1; forever: and all after it. */
void fault_arm(enum fault_whose whose, unsigned nth, bool forever);
/* True: an allocation has failed since. */
bool fault_disarm(void);
unsigned fault_count(void); /* allocations since fault_arm, the failed ones too */
/* Until it is resumed none fails, and none counts. */
void fault_pause(bool paused);
/* seen is called at each that counts; what it allocates itself does not. NULL: nothing is. */
void fault_watch(void (*seen)(void));
/* Blocks of the whole program that are not freed: who holds none more has as many as before. */
long fault_live(void);

/*
 * Each allocation in turn (tests/each.h), and then again, with all that follow failing too:
 *
 *	struct fault_turns turns = {.each.of = "a commit"};
 *	while (fault_next(&turns)) {
 *		fault_begin(&turns);
 *		result = commit();
 *		failed = fault_end(&turns);
 *		assert_int_equal(result, failed ? ACCOUNT_FAILED : ACCOUNT_OK);
 *	}
 */
struct fault_turns {
	struct each each;
	enum fault_whose whose;
	bool forever; /* it is the second time */
};
bool fault_next(struct fault_turns *turns);
void fault_begin(const struct fault_turns *turns);
bool fault_end(struct fault_turns *turns); /* as fault_disarm */

#endif
