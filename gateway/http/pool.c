/*
 * gateway/http/pool.c: the queue, and its threads' loop.
 */
#include "gateway/http/pool.h"

#include <pthread.h>
#include <stdlib.h>

#define STACK_BYTES (512u << 10) /* the account code keeps its large structs on the heap */

struct http_pool {
	void (*run)(void *self, struct http_job *job);
	void *self;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t added;
	struct http_job *first, *last;
	size_t waiting, waiting_max;
	bool stopping;
	unsigned threads_count;
	pthread_t *threads;
};

static void *work(void *self)
{
	struct http_pool *pool = self;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		struct http_job *job = pool->first;

		if (job == NULL) {
			if (pool->stopping)
				break;
			(void)pthread_cond_wait(&pool->added, &pool->lock);
			continue;
		}
		pool->first = job->next;
		if (pool->first == NULL)
			pool->last = NULL;
		pool->waiting--;
		(void)pthread_mutex_unlock(&pool->lock);
		pool->run(pool->self, job);
		(void)pthread_mutex_lock(&pool->lock);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct http_pool *http_pool_new(
    unsigned threads, unsigned queue_max, void (*run)(void *self, struct http_job *job), void *self)
{
	struct http_pool *pool = calloc(1, sizeof(*pool));
	pthread_attr_t small;

	if (pool == NULL)
		return NULL;
	pool->run = run;
	pool->self = self;
	pool->waiting_max = queue_max;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->added, NULL);
	pool->threads = calloc(threads, sizeof(*pool->threads));
	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, STACK_BYTES);
	while (pool->threads != NULL && pool->threads_count < threads &&
	       pthread_create(&pool->threads[pool->threads_count], &small, work, pool) == 0)
		pool->threads_count++;
	(void)pthread_attr_destroy(&small);
	if (pool->threads_count < threads) {
		http_pool_free(pool);
		return NULL;
	}
	return pool;
}

bool http_pool_add(struct http_pool *pool, struct http_job *job)
{
	bool room;

	(void)pthread_mutex_lock(&pool->lock);
	room = pool->waiting < pool->waiting_max && !pool->stopping;
	if (room) {
		job->next = NULL;
		if (pool->last != NULL)
			pool->last->next = job;
		else
			pool->first = job;
		pool->last = job;
		pool->waiting++;
		(void)pthread_cond_signal(&pool->added);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return room;
}

bool http_pool_full(struct http_pool *pool)
{
	return http_pool_waiting(pool) >= pool->waiting_max;
}

size_t http_pool_waiting(struct http_pool *pool)
{
	size_t waiting;

	(void)pthread_mutex_lock(&pool->lock);
	waiting = pool->waiting;
	(void)pthread_mutex_unlock(&pool->lock);
	return waiting;
}

void http_pool_close(struct http_pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	(void)pthread_cond_broadcast(&pool->added);
	(void)pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->threads_count; i++)
		(void)pthread_join(pool->threads[i], NULL);
	pool->threads_count = 0;
}

void http_pool_free(struct http_pool *pool)
{
	if (pool == NULL)
		return;
	http_pool_close(pool);
	free(pool->threads);
	(void)pthread_cond_destroy(&pool->added);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
