/*
 * cli/remote/http_client.h: one request to a gateway and its answer, over libcurl: signed, bounded,
 * over by the call's deadline, never redirected. One kept-alive connection; one thread. Proxies by
 * libcurl's environment (http_proxy, HTTPS_PROXY, NO_PROXY), the authorities of TLS by
 * CURL_CA_BUNDLE or SSL_CERT_FILE and SSL_CERT_DIR. What an answer means is http_answer.h's.
 */
#ifndef INKSEAL_HTTP_CLIENT_H
#define INKSEAL_HTTP_CLIENT_H

#include <curl/curl.h>

#include "cli/engine/device_keys.h"
#include "cli/remote/http_answer.h"
#include "gateway/bucket/bucket.h"

#define HTTP_AUTHORITY_MAX 300u      /* a host name's 253 characters, or an IPv6 address, a port */
#define HTTP_PATH_MAX 256u           /* with a query: the longest names an account and a blob */
#define HTTP_ERROR_MAX (64u << 10)   /* of the body of an answer that is no success */
#define HTTP_HEADERS_MAX (32u << 10) /* bytes of an answer's headers */
#define HTTP_CONNECT_MS 10000        /* a gateway that does not answer at all is known soon */
#define HTTP_SKEW_MAX_MS (24 * 3600000LL) /* a device follows a gateway's clock so far */

struct http_url {
	char base[HTTP_AUTHORITY_MAX + 16]; /* "https://host:port", without a slash at its end */
	char authority[HTTP_AUTHORITY_MAX + 1]; /* "host:port", lower-case; no default port */
	bool tls;                               /* https */
	bool local;                             /* localhost, or a loopback address */
};
/* "http://HOST[:PORT]" or "https://…", a slash after it at most. False: message says what is not.
 */
MUST_USE bool http_url_parse(const char *url, struct call *call, struct http_url *out);

struct http_client {
	CURL *curl;
	struct http_url url;
	struct clock clock;
	struct random random;
	struct bucket_counts *counts; /* borrowed until close */
	bool (*cancelled)(void);      /* asked while waiting; NULL: never */
	int64_t skew_ms;              /* added to our clock in signatures */
};
/* url, clock, random, counts, cancelled and skew_ms are set. False: call->message says why. */
MUST_USE bool http_client_open(struct http_client *client, struct call *call);
void http_client_close(struct http_client *client); /* {0} is fine */

struct http_send { /* every pointer is borrowed until the call returns */
	const char *method;
	const char *path;         /* from "/"; no query: nothing here needs one */
	const char *content_type; /* NULL: there is no body */
	struct view body;
	const struct account_id *account; /* with keys: who signs */
	const struct device_keys *keys;   /* NULL: unsigned */
	const char *invite;               /* NULL: none. A secret */
	size_t answer_max;                /* of a success's body; more of it is a failure */
	bool writes;                      /* how it is counted: as a put, else by its method */
};

enum http_sent {
	HTTP_ANSWERED,    /* *reply is the answer, whatever its status */
	HTTP_UNREACHABLE, /* no connection: nothing was sent */
	HTTP_CUT,         /* the answer is missing: what was sent may have been done */
	HTTP_STRANGE,     /* what answers there breaks HTTP, TLS or our bounds: again is no use */
	HTTP_CANCELLED,   /* cancelled() said so; like HTTP_CUT */
	HTTP_FAILED,      /* no memory */
};
/* On anything but HTTP_ANSWERED *reply is as it was, and call->message says why. */
MUST_USE enum http_sent http_send(struct http_client *client, const struct http_send *send,
    struct call *call, struct http_reply *reply);

#endif
