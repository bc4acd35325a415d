/*
 * gateway/bucket/s3_say.h: why the store refused, in a sentence with a next step.
 */
#ifndef INKSEAL_S3_SAY_H
#define INKSEAL_S3_SAY_H

#include "gateway/bucket/s3.h"

/* "GET: 503 SlowDown" into call->message. */
void s3_say(struct call *call, const char *what, const struct s3_reply *reply);

#endif
