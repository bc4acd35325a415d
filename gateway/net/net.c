/*
 * gateway/net/net.c: what a request looks like to libcurl, and what libcurl gives back: options,
 * callbacks with their bounds, and how it ended.
 *
 * libcurl sends a request again by itself when a kept connection turns out to be dead. For what
 * changes something and may have been done (`once`) that is stopped by before_request.
 */
#include "gateway/net/net.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/net/net_priv.h"
#include "gateway/net/net_text.h"

#define NETWORK_BUFFER (64L * 1024L)

/* ---- libcurl itself, and its handles ---- */

static pthread_mutex_t start_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool started; /* guarded by start_mutex; for as long as the process lives */

/* What failed for want of memory may do the next time. */
bool net_start(struct call *call)
{
	bool good;

	(void)pthread_mutex_lock(&start_mutex);
	started = started || curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	good = started;
	(void)pthread_mutex_unlock(&start_mutex);
	if (!good)
		call_sayf(call, "libcurl does not start");
	return good;
}

struct net_line *net_line_new(void)
{
	struct net_line *line = calloc(1, sizeof(*line));

	if (line == NULL)
		return NULL;
	line->curl = curl_easy_init();
	if (line->curl != NULL)
		return line;
	free(line);
	return NULL;
}

void net_line_free(struct net_line *line)
{
	if (line == NULL)
		return;
	curl_easy_cleanup(line->curl);
	free(line);
}

static const char *variable(
    const char *(*get)(void *self, const char *name), void *self, const char *name)
{
	const char *value = get(self, name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

struct net_trust net_trust_of(const char *(*get)(void *self, const char *name), void *self)
{
	struct net_trust trust = {
	    .file = variable(get, self, "CURL_CA_BUNDLE"),
	    .folder = variable(get, self, "SSL_CERT_DIR"),
	};

	if (trust.file == NULL)
		trust.file = variable(get, self, "SSL_CERT_FILE");
	return trust;
}

int64_t net_left_ms(const struct call *call, const struct clock *clock)
{
	int64_t left_ms = call->deadline_ms - clock_monotonic_ms(clock);

	return left_ms > INT32_MAX ? INT32_MAX : left_ms;
}

/* ---- what is sent ---- */

void net_exchange_init(
    struct net_exchange *exchange, struct net_line *line, const struct net_request *request)
{
	*exchange = (struct net_exchange){.line = line, .request = request};
	buffer_init(&exchange->body, request->answer_max);
}

bool net_header_add(struct net_exchange *exchange, const char *name, const char *value)
{
	struct buffer line;
	struct bytes text = {0};
	struct curl_slist *longer = NULL;

	buffer_init(&line, NET_HEADER_MAX);
	buffer_addf(&line, "%s:%s%s", name, value[0] == '\0' ? "" : " ", value);
	if (buffer_take(&line, &text))
		longer = curl_slist_append(exchange->headers, (const char *)text.data);
	buffer_clear(&line);
	bytes_clear(&text); /* wipes: an invite or a token may have stood in it */
	if (longer == NULL)
		return false;
	exchange->headers = longer;
	return true;
}

/* The body, if it is held: all but its last byte, until that is let go. */
static size_t give_body(char *out, size_t size, size_t count, void *self)
{
	struct net_exchange *exchange = self;
	struct view body = exchange->request->body;
	size_t left = body.len - exchange->given;
	size_t room = size * count;

	if (!exchange->let_go && left > 0 && --left == 0) {
		exchange->waiting = true;
		return CURL_READFUNC_PAUSE;
	}
	if (left > room)
		left = room;
	if (left > 0)
		memcpy(out, body.data + exchange->given, left);
	exchange->given += left;
	return left;
}

/* Could the server hold the whole request? A part of a body is no request. */
static bool all_sent(const struct net_exchange *exchange)
{
	long sent = 0;

	if (exchange->request->held && exchange->request->body.len > 0)
		return exchange->given > 0;
	return curl_easy_getinfo(exchange->line->curl, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK ||
	       sent > 0;
}

/* libcurl's signature. */
static int before_request(
    void *self, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct net_exchange *exchange = self;
	bool again = exchange->begun;

	(void)remote_ip;
	(void)local_ip;
	(void)remote_port;
	(void)local_port;
	exchange->begun = true;
	return again && exchange->request->once && all_sent(exchange) ? CURL_PREREQFUNC_ABORT
								      : CURL_PREREQFUNC_OK;
}

/* ---- what comes back ---- */

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
	struct net_exchange *exchange = self;
	size_t len = size * count;
	long status = 0;

	(void)curl_easy_getinfo(exchange->line->curl, CURLINFO_RESPONSE_CODE, &status);
	exchange->body.max =
	    status >= 200 && status <= 299 ? exchange->request->answer_max : NET_ERROR_MAX;
	buffer_add(&exchange->body, data, len);
	exchange->over = exchange->body.over;
	return exchange->body.failed ? 0 : len;
}

static void forget_headers(struct net_exchange *exchange)
{
	for (size_t i = 0; i < exchange->request->wanted_count; i++)
		exchange->request->wanted[i].out[0] = '\0';
	exchange->headed = false;
}

static size_t take_header(char *data, size_t size, size_t count, void *self)
{
	struct net_exchange *exchange = self;
	const struct net_request *request = exchange->request;
	size_t len = size * count;

	exchange->header_bytes += len;
	if (exchange->header_bytes > NET_HEADERS_MAX) {
		exchange->over = true;
		return 0;
	}
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) /* again, after an interim answer */
		forget_headers(exchange);
	exchange->headed = exchange->headed || data[0] == '\r' || data[0] == '\n';
	for (size_t i = 0; i < request->wanted_count; i++)
		net_header_value(data, len, request->wanted[i].name, request->wanted[i].out,
		    request->wanted[i].out_size);
	return len;
}

/* libcurl's signature; it calls this at least once a second. */
static int see_progress(
    void *self, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	const struct net_exchange *exchange = self;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return exchange->request->cancelled();
}

/* ---- options ---- */

/*
 * A body that is not held goes out together with its headers, as far as it fits: one packet to send
 * and one for the server to wait for, where an upload's callback makes two.
 */
static bool options_for_body(CURL *curl, struct net_exchange *exchange)
{
	struct view body = exchange->request->body;
	curl_off_t len = (curl_off_t)body.len;

	if (!exchange->request->held)
		return curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, len) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
			   len == 0 ? "" : (const char *)body.data) == CURLE_OK;
	return curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, len) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_READDATA, exchange) == CURLE_OK;
}

static bool options_for_tls(CURL *curl, const struct net_trust *trust)
{
	return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		   CURLE_OK &&
	       (trust->file == NULL ||
		   curl_easy_setopt(curl, CURLOPT_CAINFO, trust->file) == CURLE_OK) &&
	       (trust->folder == NULL ||
		   curl_easy_setopt(curl, CURLOPT_CAPATH, trust->folder) == CURLE_OK);
}

static bool options_for_answer(CURL *curl, struct net_exchange *exchange)
{
	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK;
}

static bool options_for_cancelling(CURL *curl, struct net_exchange *exchange)
{
	return exchange->request->cancelled == NULL ||
	       (curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
		   curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, see_progress) == CURLE_OK &&
		   curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK);
}

static bool options_for_method(CURL *curl, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
	return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

/* What holds for every request. */
static bool options_for_all(CURL *curl, long timeout_ms)
{
	long connect_ms = timeout_ms < NET_CONNECT_MS ? timeout_ms : (long)NET_CONNECT_MS;

	/*
	 * A wish: libcurl refuses it for a handle that has a buffer already, and one that ran out
	 * of memory keeps it for good. Such a handle still sends.
	 */
	(void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, NETWORK_BUFFER);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, NETWORK_BUFFER);
	return curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
}

static bool options_for_request(CURL *curl, struct net_exchange *exchange)
{
	const struct net_request *request = exchange->request;

	return (!request->has_body || options_for_body(curl, exchange)) &&
	       options_for_method(curl, request->method) &&
	       (!request->direct || curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK) &&
	       (request->agent == NULL ||
		   curl_easy_setopt(curl, CURLOPT_USERAGENT, request->agent) == CURLE_OK) &&
	       curl_easy_setopt(curl, CURLOPT_URL, request->url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQDATA, exchange) == CURLE_OK;
}

bool net_exchange_make(struct net_exchange *exchange, int64_t timeout_ms)
{
	CURL *curl = exchange->line == NULL ? NULL : exchange->line->curl;

	if (curl == NULL)
		return false;
	curl_easy_reset(curl); /* keeps the connection */
	forget_headers(exchange);
	return options_for_all(curl, (long)timeout_ms) && options_for_request(curl, exchange) &&
	       options_for_answer(curl, exchange) &&
	       options_for_tls(curl, &exchange->request->trust) &&
	       options_for_cancelling(curl, exchange);
}

void net_exchange_run(struct net_exchange *exchange)
{
	exchange->end = (int)curl_easy_perform(exchange->line->curl);
	exchange->ended = true;
}

/* ---- how it ended ---- */

static enum net_result timeout_result(const struct net_exchange *exchange)
{
	curl_off_t connected = 0;

	(void)curl_easy_getinfo(exchange->line->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
	return connected == 0 ? NET_UNREACHABLE : NET_CUT;
}

static enum net_result lost_result(const struct net_exchange *exchange, int end)
{
	switch (end) { /* libcurl's enum is open */
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT: return NET_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT: return timeout_result(exchange);
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_RECV_ERROR: return NET_CUT;
	case CURLE_ABORTED_BY_CALLBACK: return NET_CANCELLED;
	case CURLE_OUT_OF_MEMORY: return NET_NO_MEMORY;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
	case CURLE_NOT_BUILT_IN:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR: return NET_UNTRUSTED;
	case CURLE_SSL_CONNECT_ERROR: return NET_NO_TLS;
	default: return NET_STRANGE;
	}
}

enum net_result net_exchange_end(struct net_exchange *exchange, struct net_answer *out)
{
	int end = exchange->end;
	long status = 0;

	(void)curl_easy_getinfo(exchange->line->curl, CURLINFO_RESPONSE_CODE, &status);
	/* libcurl is content with a header that is cut off, and takes the body for empty. */
	if (end == CURLE_OK && (!exchange->headed || status < 200))
		end = CURLE_GOT_NOTHING;
	out->sent = all_sent(exchange);
	out->received = exchange->body.len;
	out->why = curl_easy_strerror((CURLcode)end);
	if (exchange->body.failed && !exchange->body.over)
		return NET_NO_MEMORY;
	/* An error's body only explains: that it is cut or too long changes nothing. */
	if (end != CURLE_OK && !(status >= 300 && exchange->over))
		return exchange->over ? NET_TOO_LONG : lost_result(exchange, end);
	exchange->body.failed = false;
	if (!buffer_take(&exchange->body, &out->body))
		return NET_NO_MEMORY;
	out->status = (unsigned)status;
	out->cut = exchange->over;
	return NET_ANSWERED;
}

void net_exchange_clear(struct net_exchange *exchange)
{
	/* What the line still points to goes away now. */
	if (exchange->line != NULL)
		curl_easy_reset(exchange->line->curl);
	curl_slist_free_all(exchange->headers);
	buffer_clear(&exchange->body);
	*exchange = (struct net_exchange){0};
}
