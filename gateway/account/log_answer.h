/*
 * gateway/account/log_answer.h: what a sync answers with frames of the log.
 */
#ifndef INKSEAL_ACCOUNT_LOG_ANSWER_H
#define INKSEAL_ACCOUNT_LOG_ANSWER_H

#include "gateway/account/work.h"

/* Keeps a copy of the bytes in the answer; *view_out is that copy. */
MUST_USE enum account_result account_answer_keep(
    struct sync_answer *answer, struct view bytes, struct call *call, struct view *view_out);
/* BEHIND, FAR_BEHIND or DIVERGED for a cursor below the head (S4, S5). */
MUST_USE enum account_result account_log_answer(
    struct account_work *work, const struct head *cursor, struct sync_answer *answer);

#endif
