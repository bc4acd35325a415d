/*
 * cli/engine/change.h: what every change made here has: a version, its place in the history, in the
 * list and in the activity log.
 */
#ifndef INKSEAL_CHANGE_H
#define INKSEAL_CHANGE_H

#include "cli/engine/engine.h"

/* All zero while this device has no keys. */
const struct device_id *change_author(const struct engine *engine);
/* Begins; on anything but OK there is nothing to roll back. engine_finish ends it. */
MUST_USE enum engine_result change_begin(struct engine *engine, struct call *call);
/* An import of many is one line in the activity log: it is not noted here. */
MUST_USE enum engine_result change_record(struct engine *engine, const struct entry *entry,
    enum history_kind kind, enum activity_kind activity, struct call *call,
    struct digest *version_out);

#endif
