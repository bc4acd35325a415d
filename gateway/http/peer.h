/*
 * gateway/http/peer.h: which connections are counted together, by the address of their other end.
 * Pure.
 */
#ifndef INKSEAL_HTTP_PEER_H
#define INKSEAL_HTTP_PEER_H

#include "schemas/base/base.h"

#include <netinet/in.h>
#include <sys/socket.h>

/*
 * What libmicrohttpd is told as a connection's address. It counts connections of equal addresses;
 * an address that is not to be counted has a length that no address has, and so it is skipped.
 */
struct http_peer {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} of;
	socklen_t len;
};
/* near: also count addresses that are not routed on the Internet (private ones, this machine's). */
void http_peer(const struct sockaddr_storage *address, bool near, struct http_peer *out);
/* Of what http_peer made: the same number for those that are counted together; 0: not counted. */
uint64_t http_peer_key(const struct sockaddr *counted);

#endif
