/*
 * cli/engine/answers.h: what an exchange's answer means. It is judged before its frames are: the
 * incarnation must be the known one, the head no older and no other than one seen.
 */
#ifndef INKSEAL_ANSWERS_H
#define INKSEAL_ANSWERS_H

#include "cli/engine/steps.h"

MUST_USE enum engine_result answer_judge(struct sync *sync, const struct sync_answer *answer);
/* While a snapshot is installed: the frames after it, until they reach the head. */
MUST_USE enum engine_result answer_follow(struct sync *sync, const struct sync_answer *answer);

#endif
