/*
 * gateway/http/checker.c: the checker's loop.
 */
#include "gateway/http/checker.h"

#include "gateway/http/accounts.h"
#include "gateway/http/pause.h"
#include "gateway/http/refresh.h"
#include "gateway/http/watchers.h"

#define CHECK_PAUSE_MS 250
#define CHECK_CALL_MS 5000
#define FAILED_PAUSE_MS 20

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
			if (http_refresh(server->accounts, &server->config.env, slot, &call) !=
			    ACCOUNT_OK)
				http_pause(FAILED_PAUSE_MS);
		}
		http_accounts_drop(server->accounts, slot);
	}
}

static void *checker(void *self)
{
	struct http_server *server = self;

	while (!atomic_load(&server->draining)) {
		check_watched(server);
		http_pause(CHECK_PAUSE_MS);
	}
	return NULL;
}

bool http_checker_start(struct http_server *server)
{
	server->checker_runs = pthread_create(&server->checker, NULL, checker, server) == 0;
	return server->checker_runs;
}

void http_checker_join(struct http_server *server)
{
	if (server->checker_runs)
		(void)pthread_join(server->checker, NULL);
	server->checker_runs = false;
}
