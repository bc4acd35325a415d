/*
 * gateway/http/pool.h: a bounded queue and the threads that empty it, first in, first out. Who
 * finds it full is told at once: a queue that grows only makes everybody late.
 */
#ifndef INKSEAL_HTTP_POOL_H
#define INKSEAL_HTTP_POOL_H

#include "schemas/base/base.h"

struct http_job { /* part of what is to be run, which the pool borrows until run is called */
	struct http_job *next;
};
struct http_pool;
/* run is called by the pool's threads, several at once. NULL: no memory, or no threads. */
MUST_USE struct http_pool *http_pool_new(unsigned threads, unsigned queue_max,
    void (*run)(void *self, struct http_job *job), void *self);
/* False: the queue is full, or the pool is closed. */
MUST_USE bool http_pool_add(struct http_pool *pool, struct http_job *job);
bool http_pool_full(struct http_pool *pool);
size_t http_pool_waiting(struct http_pool *pool); /* jobs that no thread has begun yet */
/* Runs what waits, ends the threads, and takes nothing more. */
void http_pool_close(struct http_pool *pool);
void http_pool_free(struct http_pool *pool); /* closes it; NULL is fine */

#endif
