/*
 * gateway/http/metrics.c: counting requests.
 */
#include "gateway/http/metrics.h"

void metrics_add(struct http_metrics *metrics, enum http_route route, unsigned status, int64_t ms,
    uint64_t in, uint64_t out)
{
	unsigned class = status / 100 < 6 ? status / 100 : 0;

	atomic_fetch_add(&metrics->requests[route][class], 1);
	atomic_fetch_add(&metrics->ms[route], (uint64_t)ms);
	atomic_fetch_add(&metrics->bytes_in, in);
	atomic_fetch_add(&metrics->bytes_out, out);
}
