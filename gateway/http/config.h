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
	/* OK: such a token was made, spent or not. REFUSED: it is unknown. Changes nothing. */
	enum account_result (*check)(void *self, const char *token, struct call *call);
	/*
	 * OK: the token is the account's from now on, or has been before. REFUSED: it is unknown,
	 * or another account's. Called by many threads.
	 */
	enum account_result (*spend)(
	    void *self, const char *token, const struct account_id *account, struct call *call);
};

/*
 * Who looks after accounts between requests. Called by many threads. Any function may be NULL: then
 * there is room, and nobody wants to know.
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

	unsigned threads;         /* of libmicrohttpd */
	unsigned workers;         /* requests that run at once */
	unsigned queue_max;       /* requests that wait for a worker: more are answered 503 */
	unsigned connections_max; /* more are not accepted */
	unsigned per_ip_max;      /* connections of one address (IPv6: one /64); 0: no limit */
	bool per_ip_near;         /* … also of private addresses and this machine's: of proxies */
	unsigned account_max;     /* requests of one account, waiting or running: more get 429 */
	unsigned watchers_max;    /* of one account: more get 429 */
	size_t cache_bytes_max;   /* what is kept of accounts between requests */
	size_t body_bytes_max;    /* request bodies in memory: more get 503, or are cut off */
	size_t answer_bytes_max;  /* answers in memory, until they are read: more get 503 */
	size_t account_bytes_max; /* of either, what one account may take */
	size_t unauthenticated_bytes_max; /* … and all together who are not known yet */
	unsigned gate_workers;            /* requests that run at once, of whoever is not known */
	unsigned gate_max;                /* … and wait with them: more get 503 */
	unsigned gate_account_max;        /* … for one account: more get 429 */
	unsigned gate_address_max; /* … of one address, where those are counted: likewise */
	int64_t gate_ms;           /* until they are known, or answered */
	unsigned rate_max;  /* requests of one device in a minute: more get 429; 0: no limit */
	int64_t header_ms;  /* a request's header must be here by then, counted from accept */
	int64_t idle_ms;    /* … and on a kept-alive connection, from the last answer */
	int64_t slack_ms;   /* an answer takes this, and a second every … */
	uint64_t rate_min;  /* … so many bytes, at the most; a body, as far as it has come */
	int64_t call_ms;    /* from the end of the body to the answer */
	int64_t watch_ms;   /* a watch is answered 204 after that */
	int64_t recheck_ms; /* a watched account is compared with the bucket that often */

	/*
	 * Does the bucket not take our credentials at present? Then /readyz says 503, and so does a
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
