/*
 * gateway/http/http.c: a gateway starts, stops, and lends its accounts' caches in between.
 */
#include "gateway/http/http.h"

#include "gateway/http/accounts.h"
#include "gateway/http/admission.h"
#include "gateway/http/checker.h"
#include "gateway/http/deadline.h"
#include "gateway/http/door.h"
#include "gateway/http/gate.h"
#include "gateway/http/loans.h"
#include "gateway/http/pause.h"
#include "gateway/http/pool.h"
#include "gateway/http/refresh.h"
#include "gateway/http/request.h"
#include "gateway/http/rosters.h"
#include "gateway/http/server.h"
#include "gateway/http/watchers.h"
#include "gateway/http/work.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#define STOP_PAUSE_MS 20
#define METRICS_CONNECTIONS_MAX 16u

/* About twice a second. While stopping, nobody waits any longer. */
static void tick(void *self, int64_t now_ms)
{
	struct http_server *server = self;

	http_accounts_expire(server->accounts, atomic_load(&server->draining) ? INT64_MAX : now_ms);
}

static void set_budget(
    struct http_budget *budget, const struct http_config *config, size_t max, enum http_refused why)
{
	budget->max = max;
	budget->account_max = config->account_bytes_max;
	budget->unauthenticated_max = config->unauthenticated_bytes_max;
	budget->refused = why;
}

/* What http_start made so far goes again. No connection is left, no exchange waits. */
static void server_free(struct http_server *server)
{
	http_door_clear(&server->door);
	http_door_clear(&server->metrics_door);
	http_gate_free(server->gate);
	http_admission_free(server->admission);
	http_rosters_free(server->rosters);
	http_pool_free(server->pool);
	http_deadlines_free(server->deadlines);
	http_accounts_free(server->accounts);
	free(server);
}

static bool open_doors(struct http_server *server)
{
	const struct http_config *config = &server->config;
	const struct http_door_traits door = {
	    .listen_fd = config->listen_fd,
	    .threads = config->threads,
	    .connections_max = config->connections_max,
	    .per_ip_max = config->per_ip_max,
	    .per_ip_near = config->per_ip_near,
	    .deadlines = server->deadlines,
	    .header_ms = config->header_ms,
	    .turned_away = &server->metrics.refused[REFUSED_ADDRESS],
	    .line = request_line,
	    .handle = request_handle,
	    .completed = request_completed,
	};
	/* Threads and connections of its own: it answers, however many are at the other. */
	const struct http_door_traits metrics_door = {
	    .listen_fd = config->metrics_fd,
	    .threads = 1,
	    .connections_max = METRICS_CONNECTIONS_MAX,
	    .metrics = true,
	    .deadlines = server->deadlines,
	    .header_ms = config->header_ms,
	    .turned_away = &server->metrics.refused[REFUSED_ADDRESS],
	    .line = request_line,
	    .handle = request_handle,
	    .completed = request_completed,
	};

	return http_door_open(&server->door, server, &door) &&
	       (config->metrics_fd < 0 ||
		   http_door_open(&server->metrics_door, server, &metrics_door));
}

struct http_server *http_start(const struct http_config *config, struct call *call)
{
	struct http_server *server = calloc(1, sizeof(*server));
	const struct http_admission_limits crowd = {
	    .all_max = config->gate_max,
	    .account_max = config->gate_account_max,
	    .address_max = config->gate_address_max,
	};

	assert(config->names_count > 0 && config->names_count <= HTTP_NAMES_MAX);
	if (server == NULL) {
		call_sayf(call, "no memory");
		(void)close(config->listen_fd);
		if (config->metrics_fd >= 0)
			(void)close(config->metrics_fd);
		return NULL;
	}
	server->door.listen_fd = config->listen_fd;
	server->metrics_door.listen_fd = config->metrics_fd;
	server->config = *config;
	set_budget(&server->bodies, config, config->body_bytes_max, REFUSED_BODIES);
	set_budget(&server->answers, config, config->answer_bytes_max, REFUSED_ANSWERS);
	random_fill(config->env.random, &server->instance, sizeof(server->instance));
	(void)crypto_sign_ed25519_sk_to_pk(server->receipt_public, config->receipt_secret);
	server->accounts =
	    http_accounts_new(config->cache_bytes_max, config->account_max, config->watchers_max);
	if (server->accounts != NULL)
		server->deadlines = http_deadlines_new(server->config.env.clock, tick, server);
	if (server->deadlines != NULL)
		server->pool = http_pool_new(config->workers, config->queue_max, work_run, NULL);
	if (server->pool != NULL)
		server->rosters = http_rosters_new(&server->config.env, server->accounts);
	if (server->rosters != NULL)
		server->admission = http_admission_new(&crowd);
	if (server->admission != NULL)
		server->gate = http_gate_new(server);
	if (server->gate == NULL || !open_doors(server)) {
		call_sayf(call, "the HTTP server's threads do not start");
		server_free(server);
		return NULL;
	}
	/* Without it other gateways' commits are seen a watch later: no reason not to serve. */
	(void)http_checker_start(server);
	return server;
}

void http_ready(struct http_server *server)
{
	atomic_store(&server->ready, true);
}

void http_stop(struct http_server *server, const struct call *call)
{
	atomic_store(&server->draining, true);
	http_door_shut(&server->door);
	while (atomic_load(&server->active) > 0 && server_now(server) < call->deadline_ms) {
		http_accounts_expire(server->accounts, INT64_MAX);
		http_pause(STOP_PAUSE_MS);
	}
	http_door_shut(&server->metrics_door); /* until now one could see how it stops */
	http_deadlines_cap(server->deadlines, server_now(server));
	http_checker_join(server);
	/* Each worker's end resumes its connection; the library insists that none is suspended. */
	http_gate_close(server->gate);
	http_pool_close(server->pool);
	http_accounts_expire(server->accounts, INT64_MAX);
	server_free(server);
}

struct account_cache *http_borrow(struct http_server *server, const struct account_id *account)
{
	return http_accounts_borrow(server->accounts, account);
}

bool http_wanted(struct http_server *server)
{
	return http_accounts_wanted(server->accounts);
}

void http_give_back(struct http_server *server)
{
	http_accounts_give_back(server->accounts);
}

void http_changed(struct http_server *server, const struct account_id *account, struct call *call)
{
	struct http_accounts *accounts = server->accounts;
	struct http_slot *slot = http_accounts_take_known(accounts, account);

	if (slot == NULL)
		return;
	/* If it fails, the next commit learns it by its condition, at the price of a request. */
	if (http_refresh(accounts, &server->config.env, slot, call) != ACCOUNT_OK)
		call->message[0] = '\0';
	http_accounts_drop(accounts, slot);
}
