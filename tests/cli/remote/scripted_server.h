/*
 * tests/cli/remote/scripted_server.h: a server on the loopback that reads requests and answers them
 * with what a test gave it, byte for byte, in order, whatever was asked. One thread, one connection
 * at a time. It keeps what was asked. A client that expects a word before it sends a body has it.
 */
#ifndef INKSEAL_SCRIPTED_SERVER_H
#define INKSEAL_SCRIPTED_SERVER_H

#include "schemas/base/base.h"

#define SCRIPT_STEPS_MAX 16u
#define SCRIPT_HEAD_MAX (16u << 10)
#define SCRIPT_BODY_MAX (8u << 20)

enum script_manner {
	SCRIPT_KEEP,  /* the connection stays open */
	SCRIPT_CLOSE, /* … and is closed after the answer; an empty answer is a cut connection */
	SCRIPT_TRICKLE, /* a byte every 100 ms */
	SCRIPT_MUTE,    /* says nothing until the client gives up */
	SCRIPT_FIRST,   /* speaks before it is asked, and closes: the request is not known */
};
struct script_step {
	const char *answer; /* what precedes the body, or all */
	struct view body;   /* after it, as it is */
	enum script_manner manner;
};
struct script_request { /* a whole request as it came; valid until server_free */
	char *head;     /* up to and with the empty line */
	struct bytes body;
	unsigned connection; /* 1, 2 … */
};

struct server;
/* Listens on a free port of 127.0.0.1, told in url_out ("http://127.0.0.1:PORT"). Copies steps. */
struct server *server_start(const struct script_step *steps, size_t steps_count, char url_out[64]);
/* Ends it; then requests are told. */
void server_stop(struct server *server);
size_t server_requests(const struct server *server);
const struct script_request *server_request(const struct server *server, size_t index);
/* The value of a field of its head, "" if there is none. */
void request_field(
    const struct script_request *request, const char *name, char *out, size_t out_size);
void server_free(struct server *server); /* stops it too; NULL is fine */

#endif
