/*
 * cli/remote/remote_http.c: by HTTP to a gateway (schemas/openapi.yaml), over libcurl: what is
 * asked and what an answer means is gateway_request.h's and gateway_answer.h's, when it is sent
 * again is gateway_ask.h's; here it is sent, over one kept connection. libcurl sends a request
 * again by itself where a kept connection turns out to be dead: all that is sent to a gateway may
 * be repeated.
 */
#include "cli/remote/gateway_ask.h"
#include "cli/remote/remote_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/net/net.h"
#include "gateway/net/net_url.h"

/* Bytes of a body that waits for a 100: the gateway reads less unasked. */
#define EXPECT_OVER (64u << 10)

_Static_assert(REMOTE_AUTHORITY_MAX == NET_AUTHORITY_MAX, "a URL's authority is signed whole");

struct http {
	struct gateway gateway;
	struct net_url url;
	struct net_line *line;
	struct remote_counts counts;
	struct remote_counts *twin_of; /* where a twin's are added in the end; NULL: no twin */
};

/* ---- sending ---- */

/* An answer's headers, and where they are put. */
struct reading {
	struct gateway_said said;
	struct net_wanted wanted[4];
};

static void reading_init(struct reading *reading)
{
	struct gateway_said *said = &reading->said;

	*reading = (struct reading){
	    .wanted = {{GATEWAY_SAYS_TYPE, said->type, sizeof(said->type)},
		{GATEWAY_SAYS_RETRY_AFTER, said->retry_after, sizeof(said->retry_after)},
		{GATEWAY_SAYS_DATE, said->date, sizeof(said->date)},
		{GATEWAY_SAYS_MESSAGE, said->message, sizeof(said->message)}}};
}

static const char *get_env(void *self, const char *name)
{
	(void)self;
	return getenv(name);
}

/*
 * A large body waits for the gateway's word: one that does not know the device finds out first, and
 * an answer that comes instead of it is not lost among what is being sent. A small one goes with
 * its header; an empty Expect: says that libcurl is not to ask.
 */
static bool headers_send(struct net_exchange *exchange, const struct gateway_ask *ask)
{
	struct gateway_headers headers;
	bool made = net_header_add(exchange, "Expect",
			ask->request->body.len > EXPECT_OVER ? "100-continue" : "") &&
		    gateway_ask_headers(ask, &headers);

	for (size_t i = 0; made && i < headers.count; i++)
		made = net_header_add(exchange, headers.all[i].name, headers.all[i].value);
	gateway_headers_clear(&headers);
	return made;
}

static enum gateway_lost lost_of(enum net_result end)
{
	switch (end) {
	case NET_UNREACHABLE: return GATEWAY_UNREACHABLE;
	case NET_CUT: return GATEWAY_CUT;
	case NET_CANCELLED: return GATEWAY_CANCELLED;
	case NET_ANSWERED:
	case NET_UNTRUSTED:
	case NET_NO_TLS:
	case NET_STRANGE:
	case NET_TOO_LONG:
	case NET_NO_MEMORY: break;
	}
	return GATEWAY_HOPELESS;
}

static void say_strange(const struct http *http, const char *why, struct call *call)
{
	call_sayf(call, "what answers at %s is not a gateway, or is not to be trusted: %s",
	    http->url.base, why);
}

static void say_lost(
    const struct http *http, enum net_result end, const char *why, struct call *call)
{
	switch (end) {
	case NET_ANSWERED: break;
	case NET_UNREACHABLE: call_sayf(call, "the gateway cannot be reached: %s", why); break;
	case NET_CUT: call_sayf(call, "the gateway's answer was lost: %s", why); break;
	case NET_CANCELLED: call_sayf(call, "cancelled"); break;
	case NET_NO_TLS:
		say_strange(http,
		    "no TLS could be begun with it, as https:// needs; a gateway without TLS has a "
		    "URL that begins with http://",
		    call);
		break;
	case NET_TOO_LONG:
		say_strange(http, "its answer is longer than any that was asked for", call);
		break;
	case NET_UNTRUSTED:
	case NET_STRANGE: say_strange(http, why, call); break;
	case NET_NO_MEMORY: call_sayf(call, "no memory for a request to the gateway"); break;
	}
}

static void count_request(struct http *http, const struct gateway_request *request, size_t received)
{
	struct remote_counts *counts = &http->counts;

	if (request->writes)
		counts->put++;
	else if (strcmp(request->method, "DELETE") == 0)
		counts->remove++;
	else
		counts->get++;
	counts->bytes_up += request->body.len;
	counts->bytes_down += received;
}

/* True: *answer is one, whatever its status. False: there is none, and call->message says why. */
static bool sent_end(struct http *http, const struct gateway_request *request,
    struct net_exchange *exchange, const struct gateway_said *said, struct call *call,
    struct gateway_answer *answer, enum gateway_lost *lost_out)
{
	struct net_answer got = {0};
	enum net_result end = net_exchange_end(exchange, &got);

	if (end != NET_UNREACHABLE)
		count_request(http, request, got.received);
	if (end != NET_ANSWERED) {
		say_lost(http, end, got.why, call);
		*lost_out = lost_of(end);
		return false;
	}
	if (got.cut) /* what is left of an error's body explains nothing */
		bytes_clear(&got.body);
	answer->status = got.status;
	answer->body = got.body;
	gateway_answer_say(said, clock_wall_ms(&http->gateway.clock), answer);
	return true;
}

/* Sends once. As sent_end. */
static bool send_once(struct http *http, const struct gateway_ask *ask, struct call *call,
    struct gateway_answer *answer, enum gateway_lost *lost_out)
{
	const struct gateway_request *asked = ask->request;
	char url[sizeof(http->url.base) + GATEWAY_PATH_MAX];
	struct reading reading;
	const struct net_request request = {
	    .method = asked->method,
	    .url = url,
	    .agent = "inkseal",
	    .body = asked->body,
	    .has_body = asked->content_type != NULL,
	    /* What is not encrypted because it stays here must not go to a proxy elsewhere. */
	    .direct = !http->url.tls && http->url.local,
	    .trust = net_trust_of(get_env, NULL),
	    .wanted = reading.wanted,
	    .wanted_count = COUNT_OF(reading.wanted),
	    .answer_max = asked->answer_max,
	    .cancelled = http->gateway.access.cancelled,
	};
	int64_t left_ms = net_left_ms(call, &http->gateway.clock);
	struct net_exchange exchange;
	bool answered = false;

	if (left_ms <= 0) {
		call_sayf(call, "the gateway did not answer in time");
		*lost_out = GATEWAY_CUT;
		return false;
	}
	reading_init(&reading);
	(void)snprintf(url, sizeof(url), "%s%s", http->url.base, asked->path);
	net_exchange_init(&exchange, http->line, &request);
	if (headers_send(&exchange, ask) && net_exchange_make(&exchange, left_ms)) {
		net_exchange_run(&exchange);
		answered = sent_end(http, asked, &exchange, &reading.said, call, answer, lost_out);
	} else {
		call_sayf(call, "no memory for a request to the gateway");
		*lost_out = GATEWAY_HOPELESS;
	}
	net_exchange_clear(&exchange);
	return answered;
}

/* *out is a success's body. */
static enum remote_result ask(
    struct http *http, const struct gateway_request *request, struct call *call, struct bytes *out)
{
	enum remote_result result = REMOTE_FAILED;
	enum gateway_next next = GATEWAY_SEND;
	struct gateway_ask ask;

	gateway_ask_begin(&ask, &http->gateway, request);
	while (next == GATEWAY_SEND) {
		struct gateway_answer answer = {0};
		enum gateway_lost lost = GATEWAY_HOPELESS;

		if (send_once(http, &ask, call, &answer, &lost))
			next = gateway_ask_answered(&ask, &answer, call, &result);
		else
			next = gateway_ask_lost(&ask, lost, call, &result);
		if (next == GATEWAY_OVER && result == REMOTE_OK) {
			bytes_clear(out);
			*out = answer.body;
			answer.body = (struct bytes){0};
		}
		gateway_answer_clear(&answer);
	}
	return result;
}

/* ---- the operations ---- */

static enum remote_result http_info(void *self, struct call *call, struct remote_info *out)
{
	struct http *http = self;
	struct gateway_request request;
	struct bytes json = {0};
	enum remote_result result;

	gateway_request_info(&request);
	result = ask(http, &request, call, &json);
	if (result == REMOTE_OK)
		result = gateway_info_read(view_bytes(&json), http->gateway.authority, call, out);
	bytes_clear(&json);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_create(
    void *self, const struct account_id *account, struct view create, struct call *call)
{
	struct http *http = self;
	struct gateway_request request;
	struct bytes body = {0};
	enum remote_result result;

	(void)account; /* the request names it, and is signed */
	gateway_request_create(create, http->gateway.access.invite, &request);
	result = ask(http, &request, call, &body);
	bytes_clear(&body);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_sync(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct http *http = self;
	struct gateway_request made;
	struct bytes body = {0};
	enum remote_result result;

	gateway_sign_as(&http->gateway, &request->device);
	result = gateway_request_sync(request, call, &made);
	if (result != REMOTE_OK)
		return result;
	result = ask(http, &made, call, &body);
	if (result == REMOTE_OK)
		result = gateway_sync_read(&body, call, answer);
	bytes_clear(&body);
	gateway_request_clear(&made);
	return result;
}

static enum remote_result http_blob_get(void *self, const struct account_id *account,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	struct gateway_request request;
	struct bytes blob = {0};
	enum remote_result result;

	gateway_request_blob_get(account, name, &request);
	result = ask(self, &request, call, &blob);
	if (result == REMOTE_OK)
		result = gateway_blob_read(view_bytes(&blob), name, call);
	if (result == REMOTE_OK)
		*out = blob;
	else
		bytes_clear(&blob);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_blob_put(void *self, const struct account_id *account,
    const struct blob_name *name, struct view blob, struct call *call)
{
	struct gateway_request request;
	struct bytes none = {0};
	enum remote_result result;

	gateway_request_blob_put(account, name, blob, &request);
	result = ask(self, &request, call, &none);
	bytes_clear(&none);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_roster(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct gateway_request request;
	enum remote_result result;

	gateway_request_roster(account, &request);
	result = ask(self, &request, call, out);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_wipe_record(
    void *self, const struct account_id *account, struct call *call, struct bytes *out)
{
	struct gateway_request request;
	enum remote_result result;

	gateway_request_wipe_record(account, &request);
	result = ask(self, &request, call, out);
	gateway_request_clear(&request);
	return result;
}

static enum remote_result http_wipe(void *self, const struct account_id *account, struct view wipe,
    struct call *call, struct remote_receipt *out)
{
	struct gateway_request request;
	struct bytes encoded = {0};
	enum remote_result result;

	gateway_request_wipe(account, wipe, &request);
	result = ask(self, &request, call, &encoded);
	if (result == REMOTE_OK)
		result = gateway_receipt_read(&encoded, call, out);
	bytes_clear(&encoded);
	gateway_request_clear(&request);
	return result;
}

/* A gateway compacts, sweeps and lists wiped accounts by itself. */
static enum remote_result http_tidy(void *self, const struct account_id *account, struct call *call)
{
	(void)self;
	(void)account;
	(void)call;
	return REMOTE_OK;
}

static void http_counted(void *self, struct remote_counts *out)
{
	const struct http *http = self;

	*out = http->counts;
}

static struct remote *http_twin(void *self);

static void http_close(void *self)
{
	struct http *http = self;

	if (http->twin_of != NULL) {
		http->twin_of->get += http->counts.get;
		http->twin_of->put += http->counts.put;
		http->twin_of->remove += http->counts.remove;
		http->twin_of->bytes_up += http->counts.bytes_up;
		http->twin_of->bytes_down += http->counts.bytes_down;
	}
	net_line_free(http->line);
	free(http);
}

static const struct remote_ops http_ops = {
    .info = http_info,
    .create = http_create,
    .sync = http_sync,
    .blob_get = http_blob_get,
    .blob_put = http_blob_put,
    .twin = http_twin,
    .roster = http_roster,
    .wipe = http_wipe,
    .wipe_record = http_wipe_record,
    .tidy = http_tidy,
    .counted = http_counted,
    .close = http_close,
};

/* A connection of its own. The gateway knows what was put: there is nothing to be told. */
static struct remote *http_twin(void *self)
{
	struct http *http = self;
	struct http *twin = calloc(1, sizeof(*twin));
	struct remote *remote = calloc(1, sizeof(*remote));

	if (twin == NULL || remote == NULL)
		goto fail;
	*twin = *http;
	twin->counts = (struct remote_counts){0};
	twin->twin_of = &http->counts;
	twin->line = net_line_new();
	if (twin->line == NULL)
		goto fail;
	*remote = (struct remote){.self = twin, .ops = &http_ops};
	return remote;
fail:
	free(twin);
	free(remote);
	return NULL;
}

static bool url_read(const char *url, struct call *call, struct net_url *out)
{
	switch (net_url_parse(url, out)) {
	case NET_URL_OK: return true;
	case NET_URL_OTHER:
		call_sayf(call, "a gateway's URL is http://HOST[:PORT] or https://HOST[:PORT]");
		return false;
	case NET_URL_MORE:
		call_sayf(call, "a gateway's URL ends with its host and port: no user, path or "
				"query belongs in it");
		return false;
	case NET_URL_NO_MEMORY: break;
	}
	call_sayf(call, "no memory");
	return false;
}

static bool line_open(struct call *call, struct net_line **out)
{
	if (!net_start(call))
		return false;
	*out = net_line_new();
	if (*out == NULL)
		call_sayf(call, "no memory for a connection");
	return *out != NULL;
}

/* NULL: call->message. */
static struct http *http_open(const char *url, const struct clock *clock,
    const struct random *random, const struct remote_access *access, struct call *call)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	if (url_read(url, call, &http->url) &&
	    gateway_init(&http->gateway, http->url.authority, clock, random, access, call) &&
	    line_open(call, &http->line))
		return http;
	free(http);
	return NULL;
}

struct remote *remote_http(const char *url, const struct clock *clock, const struct random *random,
    const struct remote_access *access, struct call *call)
{
	struct remote *remote = calloc(1, sizeof(*remote));
	struct http *http;

	if (remote == NULL) {
		call_sayf(call, "no memory");
		return NULL;
	}
	http = http_open(url, clock, random, access, call);
	if (http == NULL) {
		free(remote);
		return NULL;
	}
	*remote = (struct remote){.self = http, .ops = &http_ops};
	return remote;
}

bool remote_http_ready(
    const char *url, const struct clock *clock, const struct random *random, struct call *call)
{
	const struct remote_access access = {0};
	struct http *http = http_open(url, clock, random, &access, call);
	struct gateway_request request;
	struct bytes body = {0};
	bool ready;

	if (http == NULL)
		return false;
	gateway_request_ready(&request);
	ready = ask(http, &request, call, &body) == REMOTE_OK;
	bytes_clear(&body);
	gateway_request_clear(&request);
	http_close(http);
	return ready;
}
