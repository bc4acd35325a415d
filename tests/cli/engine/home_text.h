/*
 * tests/cli/engine/home_text.h: all that a home holds, as text, to be compared: each table's rows,
 * and what is known of sync. Left out are the hashes of frames, and so of heads: a frame that is
 * made again is another one, with the same in it.
 */
#ifndef INKSEAL_TESTS_HOME_TEXT_H
#define INKSEAL_TESTS_HOME_TEXT_H

#include "tests/cli/engine/engine_fixture.h"

/* Yours to clear; ends with a NUL. Outside of a transaction. */
struct bytes home_text(struct device *device);
/*
 * But for what a run that was cut need not know again: how many entries it has pushed, and which
 * segments the newest snapshot has, and what it weighs.
 */
bool home_text_alike(const struct bytes *one, const struct bytes *other);
/* Prints the lines that only one of them has. */
void home_text_differences(const struct bytes *have, const struct bytes *want);

#endif
