/*
 * gateway/account/removal.h: all objects of an account are removed (README.md, W4 to W6).
 */
#ifndef INKSEAL_ACCOUNT_REMOVAL_H
#define INKSEAL_ACCOUNT_REMOVAL_H

#include "gateway/account/work.h"

/*
 * Marks the manifest as wiped, then removes all of the account's objects, the manifest last (W4 to
 * W6). For who has read a record that holds, or was told to by an operator. *report: of all calls
 * with this cache, whatever the result.
 */
MUST_USE enum account_result account_remove_all(
    struct account_work *work, struct wipe_report *report);
/* For a call that met ACCOUNT_GONE: what its cache's calls have put is removed again, if that
 * works.
 */
void account_take_back(struct account_work *work);

#endif
