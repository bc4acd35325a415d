/*
 * cli/store/store_sent.h: what was sent in frames whose answer is not known yet: the versions of
 * each. Rows of the vtable; their contracts are in cli/engine/journal.h.
 */
#ifndef INKSEAL_STORE_SENT_H
#define INKSEAL_STORE_SENT_H

#include "cli/engine/journal.h"

enum journal_result store_sent_add(
    void *self, const struct digest *frame, uint64_t seq, struct call *call);
enum journal_result store_sent_all_dirty(void *self, const struct digest *frame, struct call *call);
enum journal_result store_sent_known(void *self, const struct digest *frame, struct call *call);
enum journal_result store_sent_next(void *self, const struct digest *frame, struct view after,
    struct call *call, struct bytes *id_out, struct digest *version_out);
enum journal_result store_sent_acknowledge(void *self, const struct digest *frame,
    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *call,
    uint64_t *count_out, struct digest *versions_out);
enum journal_result store_sent_rename(void *self, const struct digest *from,
    const struct digest *to, uint64_t seq, struct call *call);
enum journal_result store_sent_prune(void *self, uint64_t seq, struct call *call);

#endif
