/*
 * tests/cli/engine/failing_journal.h: a device's journal of which one operation fails, by its
 * number: of those that settling an entry asks for. The disk is full then: no other failure has a
 * result of its own.
 */
#ifndef INKSEAL_TESTS_FAILING_JOURNAL_H
#define INKSEAL_TESTS_FAILING_JOURNAL_H

#include "tests/cli/engine/engine_fixture.h"

/* The nth from now on fails, counted from 1. One journal at a time. */
void journal_arm(struct device *device, unsigned nth);
/* The journal is as it was. True: an operation has failed since. */
bool journal_disarm(struct device *device);

#endif
