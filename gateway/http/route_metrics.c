/*
 * gateway/http/route_metrics.c: GET /metrics, in Prometheus' text format.
 */
#include "gateway/http/route_metrics.h"

#include "gateway/http/accounts.h"
#include "gateway/http/admission.h"
#include "gateway/http/answer.h"
#include "gateway/http/metrics.h"
#include "gateway/http/pool.h"
#include "gateway/http/routes.h"
#include "gateway/http/server.h"

#define METRICS_MAX (64u << 10) /* bytes */

static void head(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void number(
    struct buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	buffer_addf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void requests(struct http_metrics *metrics, struct buffer *out)
{
	static const char *const classes[] = {"cut", "1xx", "2xx", "3xx", "4xx", "5xx"};

	head(
	    out, "inkseald_requests_total", "counter", "Requests that ended, by route and status.");
	for (unsigned route = 0; route < HTTP_ROUTES_COUNT; route++)
		for (unsigned class = 0; class < COUNT_OF(classes); class ++) {
			uint64_t count = atomic_load(&metrics->requests[route][class]);

			if (count > 0)
				buffer_addf(out,
				    "inkseald_requests_total{route=\"%s\",status=\"%s\"} %llu\n",
				    http_route_traits((enum http_route)route)->name, classes[class],
				    (unsigned long long)count);
		}
	head(
	    out, "inkseald_request_seconds_total", "counter", "Time that requests took, by route.");
	for (unsigned route = 0; route < HTTP_ROUTES_COUNT; route++) {
		uint64_t ms = atomic_load(&metrics->ms[route]);

		if (ms > 0)
			buffer_addf(out, "inkseald_request_seconds_total{route=\"%s\"} %llu.%03u\n",
			    http_route_traits((enum http_route)route)->name,
			    (unsigned long long)(ms / 1000), (unsigned)(ms % 1000));
	}
}

static void syncs(struct http_metrics *metrics, struct buffer *out)
{
	static const char *const names[SYNC_LATER + 1u] = {
	    [SYNC_CURRENT] = "current",
	    [SYNC_COMMITTED] = "committed",
	    [SYNC_BEHIND] = "behind",
	    [SYNC_FAR_BEHIND] = "far_behind",
	    [SYNC_DIVERGED] = "diverged",
	    [SYNC_AHEAD] = "ahead",
	    [SYNC_RENAME] = "rename",
	    [SYNC_REVOKED] = "revoked",
	    [SYNC_GONE] = "gone",
	    [SYNC_REFUSED] = "refused",
	    [SYNC_LATER] = "later",
	};

	head(out, "inkseald_syncs_total", "counter", "Answers of syncs, by what they say.");
	for (unsigned i = 0; i < COUNT_OF(names); i++)
		buffer_addf(out, "inkseald_syncs_total{status=\"%s\"} %llu\n", names[i],
		    (unsigned long long)atomic_load(&metrics->syncs[i]));
}

static void refused(struct http_metrics *metrics, struct buffer *out)
{
	static const char *const names[HTTP_REFUSED_COUNT] = {
	    [REFUSED_FULL] = "full",
	    [REFUSED_RATE] = "rate",
	    [REFUSED_BODIES] = "bodies",
	    [REFUSED_ANSWERS] = "answers",
	    [REFUSED_ACCOUNT] = "account_bytes",
	    [REFUSED_UNAUTHENTICATED] = "strange_bytes",
	    [REFUSED_GATE] = "strangers",
	    [REFUSED_ADDRESS] = "address",
	};

	head(out, "inkseald_refused_total", "counter",
	    "Requests refused: the account is full, its device asks too often, too much is sent, "
	    "or not read; of that, too much by one account, or by those who are not known; too "
	    "many ask who are not known, or connect from one address.");
	for (unsigned i = 0; i < COUNT_OF(names); i++)
		buffer_addf(out, "inkseald_refused_total{why=\"%s\"} %llu\n", names[i],
		    (unsigned long long)atomic_load(&metrics->refused[i]));
}

static void metrics_text(struct http_server *server, struct buffer *out)
{
	struct http_metrics *metrics = &server->metrics;
	struct http_accounts_numbers accounts;

	http_accounts_count(server->accounts, &accounts);
	requests(metrics, out);
	syncs(metrics, out);
	refused(metrics, out);
	number(out, "inkseald_received_bytes_total", "counter", "Bytes of requests' bodies.",
	    atomic_load(&metrics->bytes_in));
	number(out, "inkseald_sent_bytes_total", "counter", "Bytes of answers' bodies.",
	    atomic_load(&metrics->bytes_out));
	number(out, "inkseald_connections", "gauge", "Open connections.",
	    atomic_load(&server->door.inside));
	number(out, "inkseald_requests_active", "gauge", "Requests accepted, not yet answered.",
	    atomic_load(&server->active));
	number(out, "inkseald_requests_waiting", "gauge", "Requests that wait for a worker.",
	    http_pool_waiting(server->pool));
	number(out, "inkseald_strangers", "gauge", "Requests of whoever is not known yet.",
	    http_admission_count(server->admission));
	number(out, "inkseald_bodies_bytes", "gauge", "Requests' bodies in memory.",
	    atomic_load(&server->bodies.held));
	number(out, "inkseald_answers_bytes", "gauge", "Answers in memory that are being sent.",
	    atomic_load(&server->answers.held));
	number(out, "inkseald_watchers", "gauge", "Suspended watches.", accounts.watchers);
	number(out, "inkseald_accounts_cached", "gauge", "Accounts in memory.", accounts.slots);
	number(out, "inkseald_accounts_cached_bytes", "gauge", "What they take.", accounts.bytes);
	number(out, "inkseald_ready", "gauge", "1: as /readyz says.",
	    server_serves(server) && server_admitted(server));
	if (server->config.more_metrics != NULL)
		server->config.more_metrics(server->config.sink, out);
}

void route_metrics(struct exchange *exchange)
{
	struct buffer text;

	buffer_init(&text, METRICS_MAX);
	metrics_text(exchange->server, &text);
	answer_text(exchange, 200, "text/plain; version=0.0.4", &text);
}
