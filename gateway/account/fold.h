/*
 * gateway/account/fold.h: several packs of one level become one of the next.
 */
#ifndef INKSEAL_ACCOUNT_FOLD_H
#define INKSEAL_ACCOUNT_FOLD_H

#include "gateway/account/work.h"

#define ACCOUNT_FOLD_AT 8u    /* packs of one level that account_fold makes into one */
#define ACCOUNT_FOLD_LATE 16u /* … and at which a commit folds, if nobody called account_fold */

/* Folds one run of at least `at` packs of work->next. OK and 0 if there is none. */
MUST_USE enum account_result account_fold_next(
    struct account_work *work, size_t at, size_t *folded_out);

#endif
