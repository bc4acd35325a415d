/*
 * gateway/http/work.h: a request in a worker: blocking code, top to bottom. What touches an
 * account's cache holds its lock.
 */
#ifndef INKSEAL_HTTP_WORK_H
#define INKSEAL_HTTP_WORK_H

#include "gateway/http/exchange.h"

/* Before it waits for a worker: takes the account's slot for it. False: answered. */
MUST_USE bool work_take(struct exchange *exchange);
/* Of the pool of workers: runs the exchange whose job it is, and wakes it once it is answered. */
void work_run(void *self, struct http_job *job);

#endif
