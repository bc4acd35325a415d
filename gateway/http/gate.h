/*
 * gateway/http/gate.h: whoever is not authenticated by what is in memory. Here it is found out who
 * asks, by threads of their own, without an account's lock and without the workers that devices
 * use. What comes out is answered, or goes on as a device's request. README.md, "The gate".
 */
#ifndef INKSEAL_HTTP_GATE_H
#define INKSEAL_HTTP_GATE_H

#include "gateway/http/exchange.h"

struct http_gate;
MUST_USE struct http_gate *http_gate_new(struct http_server *server); /* NULL: no memory */
void http_gate_close(struct http_gate *gate); /* runs what waits, takes nothing more */
void http_gate_free(struct http_gate *gate);  /* NULL is fine */
/* Whether there is room for one more (admission.h). False: answered. */
MUST_USE bool http_gate_admits(struct http_gate *gate, struct exchange *exchange);
/* Suspended and admitted: it is the gate's until it is woken, with an answer or passed. */
void http_gate_enter(struct http_gate *gate, struct exchange *exchange);

#endif
