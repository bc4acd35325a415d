/*
 * cli/store/store_logs.h: what is only added to: histories, the activity log, losers that are to be
 * carried. Rows of the vtable; their contracts are in cli/engine/journal.h.
 */
#ifndef INKSEAL_STORE_LOGS_H
#define INKSEAL_STORE_LOGS_H

#include "cli/engine/journal.h"

enum journal_result store_history_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, enum history_kind kind, int64_t at_ms, struct call *call);
enum journal_result store_activity_add(void *self, enum activity_kind kind, struct view id,
    const char *detail, int64_t at_ms, struct call *call);
enum journal_result store_loser_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, struct call *call);
enum journal_result store_loser_next(void *self, struct view after_id,
    const struct digest *after_version, struct call *call, struct journal_loser *out);
enum journal_result store_loser_settled(void *self, struct view id, const struct digest *version,
    const struct device_id *author, int64_t time_ms, struct call *call);
enum journal_result store_version_author(void *self, struct view id, const struct digest *version,
    struct call *call, struct device_id *author_out);

#endif
