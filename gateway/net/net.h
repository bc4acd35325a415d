/*
 * gateway/net/net.h: one HTTP request and its answer over libcurl: the only client of HTTP in both
 * programs. Whoever speaks to an S3 store (gateway/bucket) or to a gateway (cli/remote) says what
 * to send and what the answer means; here is what holds for both: every answer has a bound, every
 * request an end, TLS is 1.2 or later and verified, nothing is redirected. README.md has the
 * reasons.
 */
#ifndef INKSEAL_NET_H
#define INKSEAL_NET_H

#include "schemas/base/base.h"

#define NET_CONNECT_MS 10000        /* a server that does not answer at all is known soon */
#define NET_HEADERS_MAX (32u << 10) /* bytes of an answer's headers */
#define NET_ERROR_MAX (64u << 10)   /* of the body of an answer that is no success */
#define NET_HEADER_MAX (6u << 10)   /* of a header that is sent: an AWS session token has 4 KiB */

/* Before the first request. False: call->message says why. */
MUST_USE bool net_start(struct call *call);

/* A connection that is kept from request to request, for one thread at a time. */
struct net_line;
MUST_USE struct net_line *net_line_new(void); /* NULL: no memory */
void net_line_free(struct net_line *line);    /* NULL is fine */

/* Who vouches for a server's certificate; NULL: whom libcurl trusts by itself. */
struct net_trust {
	const char *file, *folder;
};
/*
 * By CURL_CA_BUNDLE or SSL_CERT_FILE, and SSL_CERT_DIR, as the curl tool has it (libcurl itself
 * does not): get gives a variable's value, or NULL. The texts are get's.
 */
struct net_trust net_trust_of(const char *(*get)(void *self, const char *name), void *self);

struct net_wanted {       /* a header of the answer */
	const char *name; /* lower-case */
	char *out;        /* its value; "" if it is not there, or too long */
	size_t out_size;
};

struct net_request {        /* every pointer is borrowed until the exchange is cleared */
	const char *method; /* the answer to a HEAD has no body */
	const char *url;    /* http: or https: */
	const char *agent;  /* NULL: no User-Agent is sent */
	struct view body;   /* sent if has_body, empty too */
	bool has_body;
	bool held;   /* the body's last byte is sent when net_together lets it go */
	bool once;   /* it changes something: not sent a second time without a word */
	bool direct; /* through no proxy, whatever the environment says */
	struct net_trust trust;
	const struct net_wanted *wanted;
	size_t wanted_count;
	size_t answer_max;       /* of a success's body; more of it is NET_TOO_LONG */
	bool (*cancelled)(void); /* asked about once a second while waiting; NULL: never */
};

enum net_result {
	NET_ANSWERED,    /* there is an answer, whatever its status */
	NET_UNREACHABLE, /* no connection: nothing was sent */
	NET_CUT,         /* the answer is missing: what was sent may have been done */
	NET_CANCELLED,   /* cancelled() said so; like NET_CUT */
	NET_UNTRUSTED, /* a certificate that does not hold, or no such protocol: again is no use */
	NET_NO_TLS,    /* TLS could not be begun there, or none that is new enough */
	NET_STRANGE,   /* what answers there breaks HTTP in some other way */
	NET_TOO_LONG,  /* the answer passed a bound */
	NET_NO_MEMORY,
};
struct net_answer {
	unsigned status;
	struct bytes body; /* yours; ends in a NUL that is not counted */
	bool cut;        /* an error's body was longer than NET_ERROR_MAX: this is its beginning */
	bool sent;       /* all of the request may have left us; set on any result */
	size_t received; /* bytes of the body that came; set on any result */
	const char *why; /* libcurl's word on it; set on any result but NET_ANSWERED */
};

struct net_exchange { /* a request under way; its members, but line, are this folder's */
	struct net_line *line;
	const struct net_request *request;
	struct curl_slist *headers;
	struct buffer body; /* of the answer */
	size_t header_bytes;
	size_t given; /* of the request's body, if that is held */
	bool begun;   /* libcurl has begun to send the request */
	bool let_go;  /* the last byte may go */
	bool waiting; /* … and waits for that */
	bool over;    /* the answer passed a bound */
	bool headed;  /* its header has come, to the empty line */
	bool ended;   /* … and this is how, as libcurl has it: */
	int end;
};

/* How long a request may take that is over by the call's deadline; 0 or less: that has passed. */
int64_t net_left_ms(const struct call *call, const struct clock *clock);
/* line (NULL: there was no memory for one) is borrowed until the exchange is cleared, as request
 * is.
 */
void net_exchange_init(
    struct net_exchange *exchange, struct net_line *line, const struct net_request *request);
/* One header line more; value "": a header that libcurl would add itself is left out. */
MUST_USE bool net_header_add(struct net_exchange *exchange, const char *name, const char *value);
/* After all headers, and before it is sent: over after timeout_ms. False: no memory. */
MUST_USE bool net_exchange_make(struct net_exchange *exchange, int64_t timeout_ms);
/* Sends it, and waits for the answer or for its end without one. */
void net_exchange_run(struct net_exchange *exchange);
/*
 * Sends several at once, each over a line of its own: of those that are held all but the last byte,
 * and once all have come that far (or have failed) the last bytes. NULL is passed over. False: no
 * memory, and none was sent.
 */
MUST_USE bool net_together(struct net_exchange *const *exchanges, size_t count);
/* What came of it. Anything but NET_ANSWERED leaves status and body as they were. */
MUST_USE enum net_result net_exchange_end(struct net_exchange *exchange, struct net_answer *out);
/* Lets go of the line, which stays connected. {0} is fine. */
void net_exchange_clear(struct net_exchange *exchange);

#endif
