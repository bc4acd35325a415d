/*
 * gateway/net/net_url.h: the URL of a server that speaks HTTP, by libcurl's parser, so that what is
 * read of it here is what libcurl connects to.
 */
#ifndef INKSEAL_NET_URL_H
#define INKSEAL_NET_URL_H

#include "schemas/base/base.h"

#define NET_AUTHORITY_MAX 300u /* a host name's 253 characters, or an IPv6 address, and a port */

struct net_url {
	char base[NET_AUTHORITY_MAX + 16];     /* "https://host:port", without a slash at its end */
	char authority[NET_AUTHORITY_MAX + 1]; /* "host:port", lower-case; no default port */
	bool tls;                              /* https */
	bool local;                            /* localhost, or a loopback address */
};
enum net_url_result {
	NET_URL_OK,
	NET_URL_OTHER, /* not http:// or https:// with a host in ASCII */
	NET_URL_MORE,  /* it has a user, a path, a query or a fragment: more than a server */
	NET_URL_NO_MEMORY,
};
/* "http://HOST[:PORT]" or "https://…", with a slash after it at most. *out is set on OK alone. */
MUST_USE enum net_url_result net_url_parse(const char *url, struct net_url *out);

#endif
