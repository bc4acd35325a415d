/*
 * gateway/http/deadline.c: a time for each connection by which its present stage must be over. The
 * library's own timeout counts inactivity, which a byte now and then gets round. A connection whose
 * time is over is shut down, not closed: its descriptor is libmicrohttpd's, which finds the end of
 * input and closes it. A record is out of the list before its descriptor is closed.
 */
#include "gateway/http/deadline.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define TICK_MS 500

struct http_deadlines {
	const struct clock *clock;
	void (*tick)(void *self, int64_t now_ms);
	void *self;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below, and the records in the list */
	pthread_cond_t moved;
	bool stopping;
	struct http_conn *first;
	size_t count;
	int64_t cap_ms;
};

static void shut_late(struct http_deadlines *deadlines, int64_t now_ms)
{
	for (struct http_conn *conn = deadlines->first; conn != NULL; conn = conn->next) {
		if (conn->deadline_ms > now_ms && deadlines->cap_ms > now_ms)
			continue;
		(void)shutdown(conn->fd, SHUT_RDWR);
		conn->deadline_ms = INT64_MAX; /* once is enough */
	}
}

static void *run(void *self)
{
	struct http_deadlines *deadlines = self;

	(void)pthread_mutex_lock(&deadlines->lock);
	while (!deadlines->stopping) {
		int64_t now_ms = clock_monotonic_ms(deadlines->clock);
		struct timespec until;

		shut_late(deadlines, now_ms);
		(void)pthread_mutex_unlock(&deadlines->lock);
		deadlines->tick(deadlines->self, now_ms);
		(void)pthread_mutex_lock(&deadlines->lock);
		if (deadlines->stopping)
			break;
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		(void)pthread_cond_timedwait(&deadlines->moved, &deadlines->lock, &until);
	}
	(void)pthread_mutex_unlock(&deadlines->lock);
	return NULL;
}

struct http_deadlines *http_deadlines_new(
    const struct clock *clock, void (*tick)(void *self, int64_t now_ms), void *self)
{
	struct http_deadlines *deadlines = calloc(1, sizeof(*deadlines));
	pthread_condattr_t monotonic;

	if (deadlines == NULL)
		return NULL;
	deadlines->clock = clock;
	deadlines->tick = tick;
	deadlines->self = self;
	deadlines->cap_ms = INT64_MAX;
	(void)pthread_mutex_init(&deadlines->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&deadlines->moved, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (pthread_create(&deadlines->thread, NULL, run, deadlines) != 0) {
		(void)pthread_cond_destroy(&deadlines->moved);
		(void)pthread_mutex_destroy(&deadlines->lock);
		free(deadlines);
		return NULL;
	}
	return deadlines;
}

void http_deadlines_free(struct http_deadlines *deadlines)
{
	if (deadlines == NULL)
		return;
	(void)pthread_mutex_lock(&deadlines->lock);
	deadlines->stopping = true;
	(void)pthread_cond_signal(&deadlines->moved);
	(void)pthread_mutex_unlock(&deadlines->lock);
	(void)pthread_join(deadlines->thread, NULL);
	assert(deadlines->first == NULL);
	(void)pthread_cond_destroy(&deadlines->moved);
	(void)pthread_mutex_destroy(&deadlines->lock);
	free(deadlines);
}

void http_conn_open(struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms)
{
	(void)pthread_mutex_lock(&deadlines->lock);
	*conn = (struct http_conn){
	    .next = deadlines->first,
	    .fd = fd,
	    .deadline_ms = clock_monotonic_ms(deadlines->clock) + ms,
	};
	if (conn->next != NULL)
		conn->next->before = conn;
	deadlines->first = conn;
	deadlines->count++;
	(void)pthread_mutex_unlock(&deadlines->lock);
}

void http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn)
{
	(void)pthread_mutex_lock(&deadlines->lock);
	if (conn->before != NULL)
		conn->before->next = conn->next;
	else
		deadlines->first = conn->next;
	if (conn->next != NULL)
		conn->next->before = conn->before;
	deadlines->count--;
	(void)pthread_mutex_unlock(&deadlines->lock);
}

void http_conn_until(struct http_deadlines *deadlines, struct http_conn *conn, int64_t deadline_ms)
{
	(void)pthread_mutex_lock(&deadlines->lock);
	conn->deadline_ms = deadline_ms;
	(void)pthread_mutex_unlock(&deadlines->lock);
}

void http_deadlines_cap(struct http_deadlines *deadlines, int64_t deadline_ms)
{
	(void)pthread_mutex_lock(&deadlines->lock);
	deadlines->cap_ms = deadline_ms;
	(void)pthread_mutex_unlock(&deadlines->lock);
}

size_t http_deadlines_count(struct http_deadlines *deadlines)
{
	size_t count;

	(void)pthread_mutex_lock(&deadlines->lock);
	count = deadlines->count;
	(void)pthread_mutex_unlock(&deadlines->lock);
	return count;
}
