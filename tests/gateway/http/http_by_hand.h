/*
 * tests/gateway/http/http_by_hand.h: a whole gateway in one thread and without a socket: what
 * libmicrohttpd, the pools of workers, the deadlines' thread and the doors do is done here, step by
 * step, when the test says so. In a program that links this, those names are this file's; all else
 * is the product's. What comes at once in a gateway comes here in the order of the test's seed,
 * also in the middle of a worker's call: the bucket is where others have their turn.
 */
#ifndef INKSEAL_TESTS_HTTP_BY_HAND_H
#define INKSEAL_TESTS_HTTP_BY_HAND_H

#include "gateway/http/accounts.h"
#include "gateway/http/admission.h"
#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/deadline.h"
#include "gateway/http/door.h"
#include "gateway/http/exchange.h"
#include "gateway/http/http.h"
#include "gateway/http/learn.h"
#include "gateway/http/limits.h"
#include "gateway/http/loans.h"
#include "gateway/http/pool.h"
#include "gateway/http/refresh.h"
#include "gateway/http/request.h"
#include "gateway/http/rosters.h"
#include "gateway/http/server.h"
#include "gateway/http/watchers.h"
#include "tests/gateway/http/lock_watch.h"

#include <netinet/in.h>

#define HAND_HEADERS_MAX 8u
#define HAND_HEAD_MAX 2048u
#define HAND_FIELDS_MAX 1024u     /* bytes of an answer's header */
#define HAND_TEXT_MAX (16u << 10) /* of an answer that is kept to be looked at */
#define HAND_DEPTH_MAX 8u         /* jobs that run at once */

struct MHD_Response { /* the library's name */
	uint8_t *data;
	size_t len;
	enum MHD_ResponseMemoryMode mode;
	unsigned users;
	char fields[HAND_FIELDS_MAX]; /* "Name: value", a line each, in the order of their coming */
};
struct MHD_Connection { /* likewise; of one request */
	struct MHD_Connection *next;
	struct http_conn conn;
	union MHD_ConnectionInfo info; /* the one that was asked for last */
	struct sockaddr_in peer;
	char head[HAND_HEAD_MAX]; /* its lines, a NUL where each of their parts ends */
	size_t head_len;
	const char *method, *uri, *version; /* in head, as names and values are */
	const char *names[HAND_HEADERS_MAX], *values[HAND_HEADERS_MAX];
	size_t headers_count;
	struct bytes body;
	size_t sent; /* of it */
	struct exchange *exchange;
	bool suspended;
	bool over;       /* it is no more; freed by hand_free */
	unsigned status; /* of the answer; 0: none yet */
	struct MHD_Response *response;
	char fields[HAND_FIELDS_MAX]; /* of the answer, as there */
	char *text;                   /* its body, if it is not too long for that; else NULL */
	size_t text_len;              /* of its body, in any case */
	/* What the gateway must hold of it, by what passed here: */
	size_t held;      /* of its body, until it is answered */
	size_t unread;    /* of its answer, if that is one that counts */
	int64_t stage_ms; /* when its present stage began */
};

/* A new connection, with its first request not yet begun. It is freed with the gateway. */
struct MHD_Connection *hand_connection(
    const char *method, const char *path, const char *query, unsigned peer);
void hand_header(struct MHD_Connection *connection, const char *name, const char *value);

/* The header is here. Without memory for it the connection is closed at once. */
void hand_begin(struct http_server *server, struct MHD_Connection *connection);
void hand_begin_at(struct http_door *door, struct MHD_Connection *connection);
/* So many bytes more of the body. False: the gateway has closed the connection. */
bool hand_body(struct MHD_Connection *connection, size_t len);
/* The body's end, or the next call after the connection was resumed. */
void hand_go_on(struct MHD_Connection *connection);
/* The answer was read, or the client has gone: not while it is suspended. */
void hand_end(struct MHD_Connection *connection, enum MHD_RequestTerminationCode why);
/* Of all connections of the gateway; the newest first. */
struct MHD_Connection *hand_connections(void);

enum hand_pool { HAND_WORKERS, HAND_GATE };
/* The exchange that is to run next, or NULL. */
struct exchange *hand_next(enum hand_pool pool);
void hand_run(enum hand_pool pool); /* it, to its end */
/* One of its threads is at work for the account, and waits for the bucket. */
bool hand_works_for(enum hand_pool pool, const struct account_id *account);

/* What http_start is told of: each door, the one to /metrics second. */
extern struct http_door_traits hand_doors[2];
extern bool hand_doors_fail[2], hand_threads_fail;
/* A while passes: as the deadlines' thread does, about twice a second. */
void hand_tick(void);
int64_t hand_cap_ms(void); /* by which all connections are shut */
/* The checker's thread from its begin to its end: until somebody stops the gateway, who may do so
 * while it rests. */
void hand_check(void);
extern void (*hand_rests)(int64_t ms); /* in the place of any rest; may be NULL */

/* Called before (true) and after each piece of the gateway's own code; may be NULL. */
extern void (*hand_steps)(bool begins);
/* Called while the doors close, when no connection is left, and before anything is freed. */
extern void (*hand_closed)(struct http_server *server);
void hand_free(void); /* of what the gateway, now stopped, leaves */

#endif
