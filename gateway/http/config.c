/*
 * gateway/http/config.c: the defaults.
 */
#include "gateway/http/config.h"

void http_defaults(struct http_config *config)
{
	*config = (struct http_config){
	    .listen_fd = -1,
	    .metrics_fd = -1,
	    .threads = 2,
	    .workers = 64,
	    .queue_max = 512,
	    .connections_max = 16384,
	    .per_ip_max = 256,
	    .account_max = 16,
	    .watchers_max = 64,
	    .cache_bytes_max = 16u << 20,
	    .body_bytes_max = 256u << 20,
	    .answer_bytes_max = 256u << 20,
	    .account_bytes_max = 64u << 20,
	    .unauthenticated_bytes_max = 64u << 20,
	    .gate_workers = 8,
	    .gate_max = 1024,
	    .gate_account_max = 32,
	    .gate_address_max = 32,
	    .gate_ms = 10000,
	    .rate_max = 6000,
	    .header_ms = 10000,
	    .idle_ms = 75000,
	    .slack_ms = 20000,
	    .rate_min = 16u << 10,
	    .call_ms = 25000,
	    .watch_ms = 55000,
	    .recheck_ms = 4000,
	};
}
