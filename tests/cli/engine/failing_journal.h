/*
 * tests/cli/engine/failing_journal.h: a device's journal of which one call fails, by its number.
 * The disk is full then: no other failure has a result of its own. Who goes on after that, instead
 * of rolling back, fails the test.
 */
#ifndef INKSEAL_TESTS_FAILING_JOURNAL_H
#define INKSEAL_TESTS_FAILING_JOURNAL_H

#include "tests/cli/engine/engine_fixture.h"

/* The nth from now on fails, counted from 1; 0: none does. One journal at a time. */
void journal_arm(struct device *device, unsigned nth);
/* The journal is as it was. True: a call has failed since. */
bool journal_disarm(struct device *device);
unsigned journal_calls(void); /* since it was armed */
/* How the nth was come to, if it was armed with 0: equal numbers, the same functions called. */
uint64_t journal_way(unsigned nth);
const char *journal_failed(void); /* which one it was; "none" */
#define JOURNAL_HOLDS UINT32_MAX  /* none fails, nor is it noted how it was come to */
/* Called with true before the journal itself does something, and with false afterwards. */
void journal_aside(void (*aside)(bool aside));
/* Called after each transaction that was committed while the journal is armed; NULL: nothing. */
void journal_watch(void (*committed)(struct device *device));

#endif
