/*
 * gateway/http/config.h: what a gateway's HTTP side is told when it starts: its names and sockets,
 * who may create an account, who counts what accounts take, and every limit.
 */
#ifndef INKSEAL_HTTP_CONFIG_H
#define INKSEAL_HTTP_CONFIG_H

#include "gateway/account/account.h"

#define HTTP_NAMES_MAX 8u
#define HTTP_NAME_MAX 261u /* a host name, a colon, a port */

/* Who may create an account (design, section 7). */
struct http_invites {
	void *self;
	/* OK: such a token exists, spent or not. REFUSED: it is unknown. Changes nothing. */
	enum account_result (*check)(void *self, const char *token, struct call *call);
	/*
	 * OK: the token is the account's from now on, or has been before. REFUSED: it is unknown,
	 * or another account's. Called by many threads.
	 */
	enum account_result (*spend)(
	    void *self, const char *token, const struct account_id *account, struct call *call);
};

/*
 * Who looks after accounts between requests, and knows how much room each has left in the bucket
 * (in inkseald: the upkeep). Called by many threads. A function that is NULL is not called: then
 * there is always room.
 */
struct http_keeper {
	void *self;
	/*
	 * Takes so many bytes of the account's room for what is about to be put, until settle:
	 * requests that run at once do not share it. spare: also out of the part that is kept for
	 * deletions and snapshots. REFUSED: it is full, call->message says so.
	 */
	enum account_result (*reserve)(void *self, const struct account_id *account, uint64_t bytes,
	    bool spare, struct call *call);
	/* A request has ended, with so much reserved and so many bytes of objects put. */
	void (*settle)(void *self, const struct account_id *account, uint64_t reserved,
	    uint64_t put, bool committed);
	/* A wipe was begun here, and perhaps ended. */
	void (*wiped)(void *self, const struct account_id *account);
};

struct http_config {              /* all borrowed until http_stop returns, but for the …_fd */
	struct account_env env;   /* env.gateway is names[0] */
	const char *const *names; /* the public authorities: "host" or "host:port", lower-case */
	size_t names_count;       /* 1 to HTTP_NAMES_MAX */
	int listen_fd;            /* bound and listening; taken over, also by a failure */
	int metrics_fd;           /* likewise: /metrics, and nothing else; -1: nowhere */
	const char *version;
	const uint8_t *receipt_secret; /* SIGN_SECRET_LEN bytes */
	bool create_open;              /* anybody may create an account */
	struct http_invites invites;   /* asked unless create_open */
	struct http_keeper keeper;

	/* ---- threads and queues ---- */
	unsigned threads;   /* of libmicrohttpd: they read requests and send answers */
	unsigned workers;   /* threads that do what authenticated requests ask for */
	unsigned queue_max; /* requests that wait for a worker; more are answered 503 */

	/* ---- connections ---- */
	unsigned connections_max; /* open at once; more are not accepted */
	unsigned per_ip_max;      /* … of one address (of IPv6, one /64); 0: no limit */
	bool per_ip_near; /* count private addresses and this machine's too: a proxy has one */

	/* ---- of one account, or one device ---- */
	unsigned account_max;  /* requests that wait or run; more are answered 429 */
	unsigned watchers_max; /* long-polls; more are answered 429 */
	unsigned rate_max;     /* requests of a device in a minute; more get 429; 0: no limit */

	/* ---- memory, in bytes ---- */
	size_t cache_bytes_max;  /* what is kept of accounts between requests */
	size_t body_bytes_max;   /* request bodies; more get 503, or are cut off in their middle */
	size_t answer_bytes_max; /* answers until they are read; more get 503 */
	/* Of bodies, and of answers: what one account's devices may take, and what all requests
	 * together may that are not authenticated (yet). */
	size_t account_bytes_max;
	size_t unauthenticated_bytes_max;

	/* ---- the gate, where a request waits that memory can't authenticate (gate.h) ---- */
	unsigned gate_workers;     /* its threads */
	unsigned gate_max;         /* requests there; more are answered 503 */
	unsigned gate_account_max; /* … for one account; more are answered 429 */
	unsigned gate_address_max; /* … of one address, where those are counted; likewise */
	int64_t gate_ms;           /* until a request there is authenticated or answered */

	/* ---- time ---- */
	int64_t header_ms; /* from accepting a connection to the end of its first header */
	int64_t idle_ms;   /* from an answer to the end of the next header of the connection */
	/* A body or an answer may take slack_ms, and a second more for each rate_min bytes of it.
	 */
	int64_t slack_ms;
	uint64_t rate_min;
	int64_t call_ms;    /* from the end of the body to the answer */
	int64_t watch_ms;   /* after this a watch is answered 204 */
	int64_t recheck_ms; /* a watched account is compared with the bucket that often */

	/*
	 * True while the bucket does not take our credentials. Then /readyz says 503, and so does a
	 * request that failed. May be NULL.
	 */
	bool (*denied)(void *sink);
	void *sink;
	void (*log)(void *sink, const char *line); /* one line a request, without its "\n" */
	void (*more_metrics)(void *sink, struct buffer *out); /* Prometheus text; may be NULL */
};
/* The defaults of all that is a number; the rest is zero. */
void http_defaults(struct http_config *config);

#endif
