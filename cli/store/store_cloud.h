/*
 * cli/store/store_cloud.h: what is known of the cloud copy as a whole: its segments, its devices'
 * places in the log, and what a reset or a wipe has forgotten. Rows of the vtable; their contracts
 * are in cli/engine/journal.h.
 */
#ifndef INKSEAL_STORE_CLOUD_H
#define INKSEAL_STORE_CLOUD_H

#include "cli/engine/journal.h"

enum journal_result store_segment_find(
    void *self, const struct digest *run_hash, struct call *call, struct journal_segment *out);
enum journal_result store_segment_add(
    void *self, const struct journal_segment *segment, struct call *call);
enum journal_result store_segments_clear(void *self, struct call *call);
enum journal_result store_bases_forget(void *self, struct call *call);
enum journal_result store_cloud_placed(void *self, uint64_t seq, struct call *call);
enum journal_result store_cloud_forget(void *self, struct call *call);
enum journal_result store_device_seen(
    void *self, const struct device_id *device, uint64_t seq, int64_t time_ms, struct call *call);
enum journal_result store_device_get(void *self, const struct device_id *device, struct call *call,
    uint64_t *seq_out, int64_t *time_ms_out);

#endif
