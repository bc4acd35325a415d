/*
 * gateway/http/exchange.h: one request and its answer: made when the request line is there, freed
 * when the answer was sent or the connection is gone. It belongs to its libmicrohttpd thread, but
 * while its connection is suspended: then to a worker, to the gate, or, as a watcher, to the table
 * of accounts. Whoever wakes it does not touch it again. README.md has the picture.
 */
#ifndef INKSEAL_HTTP_EXCHANGE_H
#define INKSEAL_HTTP_EXCHANGE_H

#include "gateway/http/pool.h"
#include "gateway/http/routes.h"
#include "gateway/http/server.h"
#include "gateway/http/watchers.h"
#include "schemas/http_signature.h"

#include <microhttpd.h>

#define HTTP_REQUEST_ID_MAX 28u /* with its NUL */
#define HTTP_INVITE_MAX 128u    /* with its NUL */

struct http_answer {
	unsigned status; /* 0: none yet */
	const char *content_type;
	struct bytes body;
	int64_t retry_after_s; /* 0: not said */
	const char *allow;
	bool close;         /* the connection ends with it */
	const char *result; /* for the log: a word of ours */
	char *message;      /* for the log and Inkseal-Message; owned; may be NULL */
};
struct exchange_auth { /* what a signature is checked against */
	struct http_signature_texts texts;
	bool has_digest;
};
enum exchange_stage {
	STAGE_HEAD, /* the header is awaited */
	STAGE_GATE, /* suspended: the gate finds out who asks */
	STAGE_BODY, /* the body is awaited, or its rest */
	STAGE_WORK, /* suspended: a worker's, or a watcher */
	STAGE_DONE, /* the answer is being sent */
};
struct exchange {
	struct http_job job; /* first: the pool's */
	struct http_server *server;
	const struct http_door *door;
	struct MHD_Connection *connection;
	struct http_conn *conn;
	enum exchange_stage stage;
	bool active; /* counted as accepted */
	uint64_t number;
	int64_t start_ms, call_deadline_ms; /* monotonic */
	char *uri;                          /* as sent, until target is made of it */
	struct http_target *target;
	struct http_signature signature; /* of a signed route; nothing in it is verified yet */
	struct exchange_auth *auth;      /* NULL once it is not needed any more */
	bool passed; /* what it may ask for was checked, from memory or at the gate */
	bool known; /* … and it is a live device's, as far as is known without asking the bucket */
	char *invite;
	struct buffer body;
	uint64_t body_len;             /* as announced */
	bool body_here;                /* all of it */
	int64_t body_start_ms;         /* when its reading began */
	size_t body_held, answer_held; /* of the server's budgets */
	uint64_t reserved;             /* of the account's room, until it is settled */
	bool spared;                   /* it was let in on the allowance for statements */
	bool unauthenticated_worker;   /* counted among those */
	uint64_t in_bytes, out_bytes;
	struct http_slot *slot; /* NULL until a worker is to have it, and once it is answered */
	struct http_watcher watcher;
	struct http_answer answer;
};

/* The account that it is about; all zero for a create that has not passed the gate. */
const struct account_id *exchange_account(const struct exchange *exchange);
/* The request's id, as in the log and the header Inkseal-Request. */
void exchange_id(const struct exchange *exchange, char out[HTTP_REQUEST_ID_MAX]);
/* The answer is set: back to the connection's own thread. From here on it is not the caller's. */
void exchange_wake(struct exchange *exchange);

#endif
