/*
 * gateway/http/peer.c: as what a connection's other end is counted. An address that is not routed
 * on the Internet stands for a proxy in front of this gateway, or for one's own network: there all
 * clients may come from one, and are not counted. Of IPv6, a subscriber has a /64 at the least, and
 * any address in it at once: that is counted as one.
 */
#include "gateway/http/peer.h"

#include <netinet/in.h>
#include <string.h>

struct block { /* of IPv4 */
	uint32_t address;
	unsigned bits;
};

static bool is_near_4(uint32_t address)
{
	static const struct block blocks[] = {
	    {0x7f000000, 8},  /* 127.0.0.0/8: this machine */
	    {0x0a000000, 8},  /* 10.0.0.0/8, and the next two: private, RFC 1918 */
	    {0xac100000, 12}, /* 172.16.0.0/12 */
	    {0xc0a80000, 16}, /* 192.168.0.0/16 */
	    {0x64400000, 10}, /* 100.64.0.0/10: shared, RFC 6598 */
	    {0xa9fe0000, 16}, /* 169.254.0.0/16: this link */
	};

	for (size_t i = 0; i < COUNT_OF(blocks); i++)
		if ((address ^ blocks[i].address) >> (32u - blocks[i].bits) == 0)
			return true;
	return false;
}

static void count_4(uint32_t address, bool near, struct http_peer *out)
{
	if (!near && is_near_4(address))
		return;
	out->of.v4.sin_family = AF_INET;
	out->of.v4.sin_addr.s_addr = htonl(address);
	out->len = sizeof(out->of.v4);
}

static void count_6(const uint8_t address[16], bool near, struct http_peer *out)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t self[16] = {[15] = 1};
	bool is_near =
	    memcmp(address, self, sizeof(self)) == 0 ||
	    (address[0] & 0xfe) == 0xfc ||                       /* fc00::/7: private */
	    (address[0] == 0xfe && (address[1] & 0xc0) == 0x80); /* fe80::/10: this link */

	if (memcmp(address, mapped, sizeof(mapped)) == 0) {
		count_4((uint32_t)address[12] << 24 | (uint32_t)address[13] << 16 |
			    (uint32_t)address[14] << 8 | address[15],
		    near, out);
		return;
	}
	if (!near && is_near)
		return;
	out->of.v6.sin6_family = AF_INET6;
	memcpy(out->of.v6.sin6_addr.s6_addr, address, 8);
	out->len = sizeof(out->of.v6);
}

uint64_t http_peer_key(const struct sockaddr *counted)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint64_t key = 0;

	if (counted->sa_family == AF_INET) {
		memcpy(&v4, counted, sizeof(v4));
		key = 0xffffffff00000000u | ntohl(v4.sin_addr.s_addr); /* no /64 that is routed */
	} else if (counted->sa_family == AF_INET6) {
		memcpy(&v6, counted, sizeof(v6));
		for (unsigned i = 0; i < 8; i++)
			key = key << 8 | v6.sin6_addr.s6_addr[i];
	}
	return key;
}

void http_peer(const struct sockaddr_storage *address, bool near, struct http_peer *out)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = (struct http_peer){.len = sizeof(out->of.any.sa_family)};
	if (address->ss_family == AF_INET) {
		memcpy(&v4, address, sizeof(v4));
		count_4(ntohl(v4.sin_addr.s_addr), near, out);
	} else if (address->ss_family == AF_INET6) {
		memcpy(&v6, address, sizeof(v6));
		count_6(v6.sin6_addr.s6_addr, near, out);
	}
}
