/*
 * cli/engine/wipe_record.h: what is believed of an account that is said to be gone.
 */
#ifndef INKSEAL_WIPE_RECORD_H
#define INKSEAL_WIPE_RECORD_H

#include "cli/engine/engine.h"

/* account_wiped, with facts and roster at hand. */
MUST_USE enum engine_result wipe_record_check(const struct sync_facts *facts,
    const struct roster *known, struct view record, struct call *call);

#endif
