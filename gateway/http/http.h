/*
 * gateway/http/http.h: the gateway's HTTP side: routes, signatures, limits, long-poll. It knows the
 * account code and the formats, but no bucket: what it needs of one is handed down in the
 * configuration. The interface is schemas/openapi.yaml; how threads share the work, and what bounds
 * each thing: README.md.
 */
#ifndef INKSEAL_HTTP_H
#define INKSEAL_HTTP_H

#include "gateway/http/config.h"

struct http_server;

/*
 * Starts its threads and answers at once; until http_ready is called, /readyz and all of /v1 but
 * /v1/info say 503. NULL: call->message says why.
 */
MUST_USE struct http_server *http_start(const struct http_config *config, struct call *call);
void http_ready(struct http_server *server);
/*
 * Accepts nothing more, answers watchers, finishes what was accepted (until call->deadline_ms, then
 * cuts off whoever is still sending or reading) and frees it all. What runs may take call_ms more.
 */
void http_stop(struct http_server *server, const struct call *call);

/*
 * For work between requests, by one thread at a time and before http_stop: the account's cache, if
 * it is in memory and no request has the account; else NULL. Requests wait for it until it is given
 * back; http_wanted: one does.
 */
struct account_cache *http_borrow(struct http_server *server, const struct account_id *account);
bool http_wanted(struct http_server *server);
void http_give_back(struct http_server *server);
/* Reads the manifest anew if the account is in memory: it was changed without http_borrow. */
void http_changed(struct http_server *server, const struct account_id *account, struct call *call);

#endif
