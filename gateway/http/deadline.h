/*
 * gateway/http/deadline.h: for each connection the time by which its present stage (header, body,
 * answer) must be over. One thread shuts down the sockets of those that are late.
 */
#ifndef INKSEAL_HTTP_DEADLINE_H
#define INKSEAL_HTTP_DEADLINE_H

#include "schemas/base/base.h"

struct http_conn { /* its owner's memory; in the list from open until close */
	struct http_conn *next, *before;
	int fd;
	int64_t deadline_ms; /* monotonic; INT64_MAX: none, the connection is suspended */
};
struct http_deadlines;
/* tick is called about twice a second, by the thread that shuts sockets down. NULL: no memory. */
MUST_USE struct http_deadlines *http_deadlines_new(
    const struct clock *clock, void (*tick)(void *self, int64_t now_ms), void *self);
/* NULL is fine. No connection is left in the list. */
void http_deadlines_free(struct http_deadlines *deadlines);
/* Puts the connection into the list; its first deadline is ms from now. */
void http_conn_open(struct http_deadlines *deadlines, struct http_conn *conn, int fd, int64_t ms);
/* Takes it out. Must be called before fd is closed, which may be another's right after. */
void http_conn_close(struct http_deadlines *deadlines, struct http_conn *conn);
void http_conn_until(struct http_deadlines *deadlines, struct http_conn *conn, int64_t deadline_ms);
/* No connection's deadline is later than this from now on. */
void http_deadlines_cap(struct http_deadlines *deadlines, int64_t deadline_ms);
size_t http_deadlines_count(struct http_deadlines *deadlines); /* connections in the list */

#endif
