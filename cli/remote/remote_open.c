/*
 * cli/remote/remote_open.c: which way a URL means, and whether what it names is fit.
 */
#include "cli/remote/remote_open.h"

#include "cli/remote/remote_priv.h"
#include "gateway/bucket/bucket_open.h"
#include "gateway/net/net_url.h"

struct remote *remote_open(const char *url, const struct clock *clock, const struct random *random,
    struct view known, const struct remote_access *access, struct call *call)
{
	if (remote_is_gateway(url))
		return remote_http(url, clock, random, access, call);
	return remote_direct(url, clock, random, known, call);
}

bool remote_is_plain(const char *url)
{
	struct net_url parsed;

	return remote_is_gateway(url) && net_url_parse(url, &parsed) == NET_URL_OK && !parsed.tls &&
	       !parsed.local;
}

static bool is_cancelled(void *self)
{
	bool (*const *cancelled)(void) = self;

	return *cancelled != NULL && (*cancelled)();
}

static enum remote_fit fit_of(enum probe_result result)
{
	switch (result) {
	case PROBE_KEPT: return REMOTE_FIT;
	case PROBE_BROKEN: return REMOTE_FIT_BROKEN;
	case PROBE_REFUSED: return REMOTE_FIT_REFUSED;
	case PROBE_LATER: return REMOTE_FIT_LATER;
	}
	return REMOTE_FIT_REFUSED;
}

enum remote_fit remote_probe(const char *url, const struct clock *clock,
    const struct random *random, bool thorough, bool (*cancelled)(void), struct call *call)
{
	struct probe_rules rules = thorough ? probe_rules_full : probe_rules_short;
	enum remote_fit fit = REMOTE_FIT_REFUSED;
	struct bucket *bucket;

	if (remote_is_gateway(url))
		return remote_http_ready(url, clock, random, call) ? REMOTE_FIT : REMOTE_FIT_LATER;
	rules.cancelled = is_cancelled;
	rules.self = &cancelled;
	bucket = bucket_open(url, clock, call);
	if (bucket != NULL)
		fit = fit_of(bucket_probe(bucket, clock, random, &rules, call));
	bucket_close(bucket);
	return fit;
}
