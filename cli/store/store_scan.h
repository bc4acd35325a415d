/*
 * cli/store/store_scan.h: the rows of a scan: a list of entries that is made before the first is
 * given, so that entries may change under it. Rows of the vtable; their contracts are in
 * cli/engine/journal.h.
 */
#ifndef INKSEAL_STORE_SCAN_H
#define INKSEAL_STORE_SCAN_H

#include "cli/engine/journal.h"

enum journal_result store_scan_open(void *self, enum journal_scan which,
    const struct digest *sent_frame, struct call *call, uint64_t *count_out, uint64_t *bytes_out);
enum journal_result store_scan_next(void *self, struct call *call, struct journal_row *out);
void store_scan_close(void *self);

#endif
