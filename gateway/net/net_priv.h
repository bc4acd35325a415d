/*
 * gateway/net/net_priv.h: what the files of this folder share.
 */
#ifndef INKSEAL_NET_PRIV_H
#define INKSEAL_NET_PRIV_H

#include <curl/curl.h>

struct net_line {
	CURL *curl;
};

#endif
