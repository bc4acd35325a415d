/*
 * gateway/http/server.h: what all requests of one gateway share. http.c makes it and takes it
 * apart; what it points to lives as long.
 */
#ifndef INKSEAL_HTTP_SERVER_H
#define INKSEAL_HTTP_SERVER_H

#include "gateway/http/budget.h"
#include "gateway/http/config.h"
#include "gateway/http/door.h"
#include "gateway/http/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_accounts;  /* accounts.h */
struct http_admission; /* admission.h */
struct http_gate;      /* gate.h */
struct http_pool;      /* pool.h */
struct http_rosters;   /* rosters.h */
struct http_server {
	struct http_config config;
	struct http_door door, metrics_door;
	struct http_deadlines *deadlines;
	struct http_pool *pool; /* the workers */
	struct http_accounts *accounts;
	struct http_rosters *rosters;
	struct http_admission *admission;
	struct http_gate *gate;
	struct http_metrics metrics;
	pthread_t checker; /* compares watched accounts with the bucket */
	bool checker_runs;
	atomic_bool ready, draining;
	_Atomic uint64_t numbers; /* requests so far */
	_Atomic size_t active;    /* accepted and not answered yet */
	struct http_budget bodies, answers;
	_Atomic unsigned unauthenticated_workers; /* of requests that are not authenticated */
	uint32_t instance;                        /* begins request ids */
	uint8_t receipt_public[SIGN_PUBLIC_LEN];
};
int64_t server_now(const struct http_server *server); /* monotonic, ms */
/* It answers requests: the bucket has passed its probe, and nobody stops the gateway. */
bool server_serves(const struct http_server *server);
/* The bucket takes our credentials, as far as is known; else who asks is told to come again. */
bool server_admitted(const struct http_server *server);
#define HTTP_NOT_ADMITTED \
	"this gateway's store does not take its credentials at present: who runs it has to renew " \
	"them; nothing is lost"

#endif
