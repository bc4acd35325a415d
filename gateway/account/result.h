/*
 * gateway/account/result.h: results of the bucket and of the formats, as results of the account
 * code.
 */
#ifndef INKSEAL_ACCOUNT_RESULT_H
#define INKSEAL_ACCOUNT_RESULT_H

#include "gateway/account/account.h"

/* ACCOUNT_OK for BUCKET_OK and BUCKET_UNCHANGED. */
enum account_result account_from_bucket(enum bucket_result result);
/*
 * FORMAT_OK: ACCOUNT_OK. No memory: ACCOUNT_FAILED. A newer version than this program reads:
 * ACCOUNT_REFUSED. Else `bad`. But for OK call->message becomes "what: why".
 */
enum account_result account_from_format(
    enum format_result result, enum account_result bad, const char *what, struct call *call);

#endif
