/*
 * gateway/account/compact.h: several packs of one level become one of the next.
 */
#ifndef INKSEAL_ACCOUNT_COMPACT_H
#define INKSEAL_ACCOUNT_COMPACT_H

#include "gateway/account/work.h"

#define ACCOUNT_COMPACT_AT 8u /* packs of one level that account_compact makes into one */
#define ACCOUNT_COMPACT_LATE \
	16u /* … and at which a commit compacts, if nobody called account_compact */

/* Compacts one run of at least `at` packs of work->next. OK and 0 if there is none. */
MUST_USE enum account_result account_compact_next(
    struct account_work *work, size_t at, size_t *compacted_out);

#endif
