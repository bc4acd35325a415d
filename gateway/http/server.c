/*
 * gateway/http/server.c: the daemon's threads: starting, watching over watched accounts, stopping.
 */
#include "gateway/http/http_priv.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CHECK_PAUSE_MS 250
#define CHECK_CALL_MS 5000
#define STOP_PAUSE_MS 20
#define METRICS_CONNECTIONS_MAX 16u

void http_defaults(struct http_config *config)
{
	*config = (struct http_config){
	    .listen_fd = -1,
	    .metrics_fd = -1,
	    .threads = 2,
	    .workers = 64,
	    .queue_max = 512,
	    .connections_max = 16384,
	    .per_ip_max = 256,
	    .account_max = 16,
	    .watchers_max = 64,
	    .cache_bytes_max = 16u << 20,
	    .body_bytes_max = 256u << 20,
	    .answer_bytes_max = 256u << 20,
	    .account_bytes_max = 64u << 20,
	    .strange_bytes_max = 64u << 20,
	    .strangers_workers = 8,
	    .strangers_max = 1024,
	    .strangers_account_max = 32,
	    .strangers_address_max = 32,
	    .strangers_ms = 10000,
	    .rate_max = 6000,
	    .header_ms = 10000,
	    .idle_ms = 75000,
	    .slack_ms = 20000,
	    .rate_min = 16u << 10,
	    .call_ms = 25000,
	    .watch_ms = 55000,
	    .recheck_ms = 4000,
	};
}

int64_t server_now(const struct http_server *server)
{
	return clock_monotonic_ms(server->config.env.clock);
}

void server_pause(long ms)
{
	const struct timespec rest = {.tv_nsec = ms * 1000000L};

	(void)nanosleep(&rest, NULL);
}

/* About twice a second. While stopping, nobody waits any longer. */
static void tick(void *self, int64_t now_ms)
{
	struct http_server *server = self;

	http_accounts_expire(server->accounts, atomic_load(&server->draining) ? INT64_MAX : now_ms);
}

/* Another gateway's commits are seen in the bucket alone. One account at a time: so the bucket is
 * asked no faster than it answers, however many are watched. */
static void check_watched(struct http_server *server)
{
	struct http_slot *slot;

	while (!atomic_load(&server->draining)) {
		int64_t now_ms = server_now(server);
		struct call call;

		slot =
		    http_accounts_due(server->accounts, now_ms - server->config.recheck_ms, now_ms);
		if (slot == NULL)
			break;
		call_init(&call, now_ms + CHECK_CALL_MS);
		/* Busy: whoever holds it is about to learn the head. */
		if (pthread_mutex_trylock(&slot->lock) == 0) {
			(void)pthread_mutex_unlock(&slot->lock);
			/* Whatever comes of it is in the slot; a failure is tried again. */
			if (auth_refresh(server, slot, &call) != ACCOUNT_OK)
				server_pause(STOP_PAUSE_MS);
		}
		http_accounts_drop(server->accounts, slot);
	}
}

static void *checker(void *self)
{
	struct http_server *server = self;

	while (!atomic_load(&server->draining)) {
		check_watched(server);
		server_pause(CHECK_PAUSE_MS);
	}
	return NULL;
}

static void set_budget(
    struct http_budget *budget, const struct http_config *config, size_t max, enum http_refused why)
{
	budget->max = max;
	budget->account_max = config->account_bytes_max;
	budget->strange_max = config->strange_bytes_max;
	budget->refused = why;
}

/* What http_start made so far goes again. No connection is left, no exchange waits. */
static void server_free(struct http_server *server)
{
	http_door_clear(&server->door);
	http_door_clear(&server->metrics_door);
	http_gate_free(server->gate);
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
	};
	/* Threads and connections of its own: it answers, however many are at the other. */
	const struct http_door_traits metrics_door = {
	    .listen_fd = config->metrics_fd,
	    .threads = 1,
	    .connections_max = METRICS_CONNECTIONS_MAX,
	    .metrics = true,
	};

	return http_door_open(&server->door, server, &door) &&
	       (config->metrics_fd < 0 ||
		   http_door_open(&server->metrics_door, server, &metrics_door));
}

struct http_server *http_start(const struct http_config *config, struct call *call)
{
	struct http_server *server = calloc(1, sizeof(*server));

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
		server->pool =
		    http_pool_new(config->workers, config->queue_max, request_run, server);
	if (server->pool != NULL)
		server->gate = http_gate_new(server);
	if (server->gate == NULL || !open_doors(server)) {
		call_sayf(call, "the HTTP server's threads do not start");
		server_free(server);
		return NULL;
	}
	/* Without it other gateways' commits are seen a watch later: no reason not to serve. */
	server->checker_runs = pthread_create(&server->checker, NULL, checker, server) == 0;
	return server;
}

bool server_admitted(const struct http_server *server)
{
	const struct http_config *config = &server->config;

	return config->denied == NULL || !config->denied(config->sink);
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
		server_pause(STOP_PAUSE_MS);
	}
	http_door_shut(&server->metrics_door); /* until now one could see how it stops */
	http_deadlines_cap(server->deadlines, server_now(server));
	if (server->checker_runs)
		(void)pthread_join(server->checker, NULL);
	/* Each worker's end resumes its connection; the library insists that none is suspended. */
	http_gate_close(server->gate);
	http_pool_close(server->pool);
	http_accounts_expire(server->accounts, INT64_MAX);
	server_free(server);
}
