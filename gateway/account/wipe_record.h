/*
 * gateway/account/wipe_record.h: w/<account>, the record of a wipe: it stands for good, and says
 * that the account is gone.
 */
#ifndef INKSEAL_ACCOUNT_WIPE_RECORD_H
#define INKSEAL_ACCOUNT_WIPE_RECORD_H

#include "gateway/account/work.h"

/* Reads w/<account> into work->wipe_record and checks it. OK: it stands. ABSENT: there is none. */
MUST_USE enum account_result account_wipe_read(struct account_work *work);
/*
 * Puts the record, unless one that holds is there (W3). OK: one stands, and is work->wipe_record;
 * *record is taken where it is that one.
 */
MUST_USE enum account_result account_wipe_put(struct account_work *work, struct bytes *record);
/* GONE if w/<account> stands, else ABSENT: for who met no manifest, or a wiped one. */
MUST_USE enum account_result account_missing(struct account_work *work);

#endif
