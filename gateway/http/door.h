/*
 * gateway/http/door.h: where connections come in: a listening socket, the thread that accepts on
 * it, and libmicrohttpd's threads that serve what was let in. What a request asks for is others'
 * affair: the door's user hands it the library's callbacks.
 */
#ifndef INKSEAL_HTTP_DOOR_H
#define INKSEAL_HTTP_DOOR_H

#include "gateway/http/deadline.h"
#include "schemas/base/base.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct http_server; /* of the door's user: only handed on here */
struct http_door {
	struct http_server *server;
	bool metrics;  /* it is the way to /metrics, and to nothing else */
	int listen_fd; /* -1: none */
	unsigned connections_max;
	bool per_ip_near;
	struct http_deadlines *deadlines; /* each connection is in there while it is open */
	int64_t header_ms;
	_Atomic uint64_t *turned_away; /* counts the connections that the library did not take */
	_Atomic unsigned inside;       /* connections let in, and not closed yet */
	atomic_bool shut;
	struct MHD_Daemon *daemon;
	pthread_t keeper; /* accepts */
	bool is_kept;
};
struct http_door_traits {
	int listen_fd; /* bound and listening; the door's from now on, also by a failure */
	unsigned threads, connections_max, per_ip_max;
	bool per_ip_near, metrics;
	struct http_deadlines *deadlines;
	int64_t header_ms; /* how long a new connection's first header may take */
	_Atomic uint64_t *turned_away;
	/* libmicrohttpd's callbacks, all with the door as their self. */
	void *(*line)(void *self, const char *uri, struct MHD_Connection *connection);
	MHD_AccessHandlerCallback handle;
	MHD_RequestCompletedCallback completed;
};
/* The door begins as {.listen_fd = -1}. False: it does not start; clear it. */
MUST_USE bool http_door_open(
    struct http_door *door, struct http_server *server, const struct http_door_traits *traits);
void http_door_shut(struct http_door *door); /* nobody comes in any more */
/* Cuts off who is still inside, and ends its threads. None of its connections is suspended. */
void http_door_clear(struct http_door *door);

#endif
