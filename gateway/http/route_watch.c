/*
 * gateway/http/route_watch.c: a watch costs no worker while it waits.
 */
#include "gateway/http/route_watch.h"

#include "gateway/http/answer.h"
#include "gateway/http/auth.h"
#include "gateway/http/server.h"
#include "gateway/http/watchers.h"

#include <stdlib.h>

/* passed: head is beyond what was asked for; else the watch's time is over. */
static void answer_watch(struct exchange *exchange, bool passed, uint64_t head)
{
	struct bytes none = {0};
	struct buffer text;

	if (!passed) {
		answer_bytes(exchange, 204, NULL, &none);
		return;
	}
	buffer_init(&text, 64);
	buffer_addf(&text, "{\"seq\":%llu}\n", (unsigned long long)head);
	answer_text(exchange, 200, HTTP_JSON, &text);
}

static void wake(void *self, bool passed, uint64_t head)
{
	struct exchange *exchange = self;

	answer_watch(exchange, passed, head);
	exchange_wake(exchange);
}

bool route_watch(struct exchange *exchange, struct call *call)
{
	struct http_server *server = exchange->server;
	uint64_t head = 0;

	if (!auth_admit(exchange, call))
		return true;
	exchange->watcher = (struct http_watcher){
	    .slot = exchange->slot, .seq = exchange->target->seq, .wake = wake, .self = exchange};
	/* What is not needed while it waits: ten thousand may. */
	free(exchange->auth);
	exchange->auth = NULL;
	if (atomic_load(&server->draining)) {
		answer_watch(exchange, false, 0);
		return true;
	}
	switch (http_accounts_watch(server->accounts, &exchange->watcher,
	    server_now(server) + server->config.watch_ms, &head)) {
	case WATCH_WAITS: return false;
	case WATCH_PASSED: answer_watch(exchange, true, head); break;
	case WATCH_BUSY: answer_busy(exchange, 429, "too many watch this account already"); break;
	}
	return true;
}
