/*
 * cli/store/store_stage.h: the rows of a snapshot on its way in, and how they become the cloud's
 * state. Rows of the vtable; their contracts are in cli/engine/journal.h.
 */
#ifndef INKSEAL_STORE_STAGE_H
#define INKSEAL_STORE_STAGE_H

#include "cli/engine/journal.h"

enum journal_result store_stage_add(
    void *self, const struct journal_staged *row, struct call *call);
enum journal_result store_stage_next(void *self, struct view after, struct call *call,
    struct bytes *id_out, struct digest *version_out, struct device_id *author_out);
enum journal_result store_stage_count(void *self, struct call *call, uint64_t *count_out);
enum journal_result store_stage_places(
    void *self, struct call *call, bool *own_out, uint64_t *newest_out);
enum journal_result store_stage_missing_next(
    void *self, struct view after, struct call *call, struct bytes *id_out);
enum journal_result store_stage_install(
    void *self, uint64_t seq, int64_t time_ms, struct call *call);
enum journal_result store_stage_clear(void *self, struct call *call);

#endif
