/*
 * cli/engine/result.h: what the journal and the formats answer, as a result of the engine's.
 */
#ifndef INKSEAL_RESULT_H
#define INKSEAL_RESULT_H

#include "cli/engine/engine.h"

enum engine_result engine_of_journal(enum journal_result result);
enum engine_result engine_of_format(enum format_result result);
/* The same, and where it is not OK a message: what, and why. */
MUST_USE enum engine_result engine_say_format(
    struct call *call, const char *what, enum format_result result);

#endif
