/*
 * gateway/http/door.c: where connections come in: a listening socket, one thread that accepts on
 * it, and libmicrohttpd's threads that serve what was let in. The library never has the listening
 * socket: its own way of ceasing to accept (MHD_quiesce_daemon, 0.9.75) takes the socket out of
 * each thread's epoll set from the caller's thread while that thread does the same, and ends the
 * process when the second of them does not find it any more. Nor does it know our limit: whom it
 * turns away in one of its threads leaves that thread's lock held.
 */
#include "gateway/http/door.h"

#include "gateway/http/pause.h"
#include "gateway/http/peer.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of each connection: header, a read buffer, the answer's header. More is answered 431. */
#define CONNECTION_MEMORY ((size_t)(6u << 10))
#define FULL_PAUSE_MS 20

static void connection_moved(void *self, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct http_door *door = self;
	const union MHD_ConnectionInfo *info;
	struct http_conn *conn;

	switch (what) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		if (info == NULL)
			break;
		conn = calloc(1, sizeof(*conn));
		if (conn == NULL)
			(void)shutdown(info->connect_fd, SHUT_RDWR);
		else
			http_conn_open(door->deadlines, conn, info->connect_fd, door->header_ms);
		*context = conn;
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		atomic_fetch_sub(&door->inside, 1);
		conn = *context;
		if (conn != NULL)
			http_conn_close(door->deadlines, conn);
		free(conn);
		*context = NULL;
		break;
	}
}

/* One connection, or the wait for one. Who does not fit yet waits where the system keeps them. */
static void let_in(struct http_door *door)
{
	struct sockaddr_storage address;
	socklen_t address_len = sizeof(address);
	struct http_peer peer;
	int fd;

	if (atomic_load(&door->inside) >= door->connections_max) {
		http_pause(FULL_PAUSE_MS);
		return;
	}
	fd = accept(door->listen_fd, (struct sockaddr *)&address, &address_len);
	if (fd < 0) {
		if (errno != EINTR && errno != ECONNABORTED)
			http_pause(FULL_PAUSE_MS); /* no file is left: others will go */
		return;
	}
	/* Counted before the library's thread has it. It tells us of no connection for which it
	 * found no memory there: each of those makes the house smaller by one. */
	atomic_fetch_add(&door->inside, 1);
	http_peer(&address, door->per_ip_near, &peer);
	if (MHD_add_connection(door->daemon, fd, &peer.of.any, peer.len) != MHD_YES) {
		/* It has closed fd: the address has its share, or there is no memory. */
		atomic_fetch_sub(&door->inside, 1);
		atomic_fetch_add(door->turned_away, 1);
	}
}

static void *keep(void *self)
{
	struct http_door *door = self;

	while (!atomic_load(&door->shut))
		let_in(door);
	return NULL;
}

bool http_door_open(
    struct http_door *door, struct http_server *server, const struct http_door_traits *traits)
{
	door->server = server;
	door->metrics = traits->metrics;
	door->listen_fd = traits->listen_fd;
	door->connections_max = traits->connections_max;
	door->per_ip_near = traits->per_ip_near;
	door->deadlines = traits->deadlines;
	door->header_ms = traits->header_ms;
	door->turned_away = traits->turned_away;
	door->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
	    NULL, NULL, traits->handle, door, /* options: */
	    MHD_OPTION_THREAD_POOL_SIZE, traits->threads, MHD_OPTION_CONNECTION_LIMIT, UINT_MAX,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, traits->per_ip_max,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_URI_LOG_CALLBACK, traits->line, door, MHD_OPTION_NOTIFY_COMPLETED,
	    traits->completed, door, MHD_OPTION_NOTIFY_CONNECTION, connection_moved, door,
	    MHD_OPTION_END);
	if (door->daemon == NULL)
		return false;
	door->is_kept = pthread_create(&door->keeper, NULL, keep, door) == 0;
	return door->is_kept;
}

void http_door_shut(struct http_door *door)
{
	if (!door->is_kept)
		return;
	atomic_store(&door->shut, true);
	(void)shutdown(door->listen_fd, SHUT_RDWR); /* accept returns */
	(void)pthread_join(door->keeper, NULL);
	door->is_kept = false;
	/* Now, not at the end: who comes while others are still answered is refused, not kept
	 * waiting. */
	(void)close(door->listen_fd);
	door->listen_fd = -1;
}

void http_door_clear(struct http_door *door)
{
	http_door_shut(door);
	if (door->daemon != NULL)
		MHD_stop_daemon(door->daemon);
	door->daemon = NULL;
	if (door->listen_fd >= 0)
		(void)close(door->listen_fd);
	door->listen_fd = -1;
}
