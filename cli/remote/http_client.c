/*
 * cli/remote/http_client.c: requests over one libcurl handle. libcurl sends a request again by
 * itself where a kept-alive connection turns out to be dead; that is fine here, because all that is
 * sent to a gateway is idempotent.
 */
#include "cli/remote/http_client.h"
#include "schemas/base/shown.h"

#include <arpa/inet.h>
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/http_signature.h"

#define LINE_MAX_SENT 1024u /* of a header that we send */
#define EXPECT_OVER \
	(64u << 10) /* bytes of a body that waits for a 100: the gateway reads less unasked */

struct exchange { /* one request under way */
	struct http_client *client;
	const struct http_send *send;
	struct curl_slist *headers;
	struct buffer body; /* of the answer */
	size_t header_bytes;
	char type[2 * HTTP_TYPE_MAX];
	char retry_after[64];
	char date[64];
	char message[CALL_MESSAGE_MAX];
	bool over;   /* the answer passed a bound */
	bool headed; /* its header has come, to the empty line */
};

/* ---- the URL ---- */

static bool url_part(CURLU *parsed, CURLUPart part, unsigned flags, char *out, size_t out_size)
{
	char *text = NULL;
	size_t len;
	bool got;

	out[0] = '\0';
	got = curl_url_get(parsed, part, &text, flags) == CURLUE_OK;
	len = got ? strlen(text) : 0;
	if (got && len < out_size)
		memcpy(out, text, len + 1);
	curl_free(text);
	return got && len < out_size;
}

static bool url_has(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

/* The host as it is signed: lower-case ASCII. */
static bool host_lower(char *host)
{
	for (char *at = host; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~')
			return false;
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return host[0] != '\0';
}

/* By its name: no name service is asked, so none can say otherwise. */
static bool host_is_local(const char *host)
{
	static const uint8_t self[16] = {[15] = 1};
	char address[INET6_ADDRSTRLEN + 2];
	uint8_t bytes[16];
	size_t len = strlen(host);

	if (strcmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, bytes) == 1)
		return bytes[0] == 127;
	if (len < 2 || len >= sizeof(address) || host[0] != '[' || host[len - 1] != ']')
		return false;
	memcpy(address, host + 1, len - 2);
	address[len - 2] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1 && memcmp(bytes, self, sizeof(self)) == 0;
}

bool http_url_parse(const char *url, struct call *call, struct http_url *out)
{
	CURLU *parsed = curl_url();
	char scheme[8], host[HTTP_AUTHORITY_MAX - 8], port[8], path[2];
	struct http_url read = {0};
	bool good = false;

	if (parsed == NULL) {
		call_sayf(call, "no memory");
		return false;
	}
	if (curl_url_set(parsed, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    !url_part(parsed, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0) ||
	    !url_part(parsed, CURLUPART_HOST, 0, host, sizeof(host)) || !host_lower(host) ||
	    !url_part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port))) {
		call_sayf(call, "a gateway's URL is http://HOST[:PORT] or https://HOST[:PORT]");
		goto done;
	}
	if (url_has(parsed, CURLUPART_USER) || url_has(parsed, CURLUPART_PASSWORD) ||
	    url_has(parsed, CURLUPART_QUERY) || url_has(parsed, CURLUPART_FRAGMENT) ||
	    !url_part(parsed, CURLUPART_PATH, 0, path, sizeof(path)) || strcmp(path, "/") != 0) {
		call_sayf(call, "a gateway's URL ends with its host and port: no user, path or "
				"query belongs in it");
		goto done;
	}
	if (strcmp(port, strcmp(scheme, "https") == 0 ? "443" : "80") == 0)
		(void)snprintf(read.authority, sizeof(read.authority), "%s", host);
	else
		(void)snprintf(read.authority, sizeof(read.authority), "%s:%s", host, port);
	(void)snprintf(read.base, sizeof(read.base), "%s://%s", scheme, read.authority);
	read.tls = strcmp(scheme, "https") == 0;
	read.local = host_is_local(host);
	*out = read;
	good = true;
done:
	curl_url_cleanup(parsed);
	return good;
}

/* ---- what is sent ---- */

/* Takes the list over: one header line more, or NULL and it is freed. */
static bool header_add(struct exchange *exchange, const char *name, const char *value)
{
	char line[LINE_MAX_SENT];
	int len = snprintf(line, sizeof(line), "%s:%s%s", name, value[0] == '\0' ? "" : " ", value);
	struct curl_slist *longer = NULL;

	if (len > 0 && (size_t)len < sizeof(line))
		longer = curl_slist_append(exchange->headers, line);
	sodium_memzero(line, sizeof(line)); /* an invite may have stood in it */
	if (longer == NULL)
		return false;
	exchange->headers = longer;
	return true;
}

static bool headers_sign(struct exchange *exchange)
{
	const struct http_send *send = exchange->send;
	struct http_client *client = exchange->client;
	const struct http_request request = {.method = send->method,
	    .authority = client->url.authority,
	    .path = send->path,
	    .query = "",
	    .content_type = send->content_type,
	    .body = send->body};
	struct http_signature signature = {
	    .account = *send->account,
	    .device = send->keys->id,
	    .created_s = (clock_wall_ms(&client->clock) + client->skew_ms) / 1000,
	};
	struct http_signature_texts texts;

	signature.expires_s = signature.created_s + HTTP_SIGNATURE_AGE_MAX_S;
	random_fill(&client->random, signature.nonce, sizeof(signature.nonce));
	return http_signature_make(&request, &signature, send->keys->sign_secret, &texts) ==
		   FORMAT_OK &&
	       (texts.digest[0] == '\0' || header_add(exchange, "Content-Digest", texts.digest)) &&
	       header_add(exchange, "Signature-Input", texts.input) &&
	       header_add(exchange, "Signature", texts.signature);
}

static bool headers_make(struct exchange *exchange)
{
	const struct http_send *send = exchange->send;

	/*
	 * A large body waits for the gateway's word: one that does not know the device finds out
	 * first, and an answer that comes instead of it is not lost among what is being sent. A
	 * small one goes with its header; an empty Expect: says that libcurl is not to ask.
	 */
	return header_add(exchange, "Expect", send->body.len > EXPECT_OVER ? "100-continue" : "") &&
	       (send->content_type == NULL ||
		   header_add(exchange, "Content-Type", send->content_type)) &&
	       (send->invite == NULL || header_add(exchange, "Inkseal-Invite", send->invite)) &&
	       (send->keys == NULL || headers_sign(exchange));
}

/* ---- what comes back ---- */

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
	struct exchange *exchange = self;
	size_t len = size * count;
	long status = 0;

	(void)curl_easy_getinfo(exchange->client->curl, CURLINFO_RESPONSE_CODE, &status);
	exchange->body.max =
	    status >= 200 && status <= 299 ? exchange->send->answer_max : HTTP_ERROR_MAX;
	buffer_add(&exchange->body, data, len);
	exchange->over = exchange->body.over;
	return exchange->body.failed ? 0 : len;
}

static size_t take_header(char *data, size_t size, size_t count, void *self)
{
	struct exchange *exchange = self;
	size_t len = size * count;

	exchange->header_bytes += len;
	if (exchange->header_bytes > HTTP_HEADERS_MAX) {
		exchange->over = true;
		return 0;
	}
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* again, after an interim answer */
		exchange->type[0] = '\0';
		exchange->retry_after[0] = '\0';
		exchange->date[0] = '\0';
		exchange->message[0] = '\0';
		exchange->headed = false;
	}
	exchange->headed = exchange->headed || data[0] == '\r' || data[0] == '\n';
	http_header_value(data, len, "content-type", exchange->type, sizeof(exchange->type));
	http_header_value(
	    data, len, "retry-after", exchange->retry_after, sizeof(exchange->retry_after));
	http_header_value(data, len, "date", exchange->date, sizeof(exchange->date));
	http_header_value(
	    data, len, "inkseal-message", exchange->message, sizeof(exchange->message));
	return len;
}

/* libcurl's signature; it calls this at least once a second. */
static int see_progress(
    void *self, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
	struct exchange *exchange = self;

	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return exchange->client->cancelled != NULL && exchange->client->cancelled();
}

/* ---- the handle ---- */

static const char *env_text(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static bool options_for_tls(CURL *curl)
{
	const char *file = env_text("CURL_CA_BUNDLE");
	const char *folder = env_text("SSL_CERT_DIR");

	if (file == NULL)
		file = env_text("SSL_CERT_FILE");
	return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
		   CURLE_OK &&
	       (file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, file) == CURLE_OK) &&
	       (folder == NULL || curl_easy_setopt(curl, CURLOPT_CAPATH, folder) == CURLE_OK);
}

static bool options_for_answer(struct exchange *exchange)
{
	CURL *curl = exchange->client->curl;

	return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, see_progress) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange) == CURLE_OK;
}

static bool options_for_request(struct exchange *exchange, const char *url, long timeout_ms)
{
	CURL *curl = exchange->client->curl;
	const struct http_send *send = exchange->send;
	curl_off_t body_len = (curl_off_t)send->body.len;

	/* What is not encrypted because it stays here must not go to a proxy elsewhere. */
	if (!exchange->client->url.tls && exchange->client->url.local &&
	    curl_easy_setopt(curl, CURLOPT_PROXY, "") != CURLE_OK)
		return false;
	if (send->content_type != NULL &&
	    (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, body_len) != CURLE_OK ||
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)send->body.data) !=
		    CURLE_OK))
		return false;
	return curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, send->method) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_USERAGENT, "inkseal") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)HTTP_CONNECT_MS) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK;
}

static enum http_sent exchange_make(struct exchange *exchange, struct call *call)
{
	struct http_client *client = exchange->client;
	char url[sizeof(client->url.base) + HTTP_PATH_MAX];
	int64_t left_ms = call->deadline_ms - clock_monotonic_ms(&client->clock);

	assert(strlen(exchange->send->path) < HTTP_PATH_MAX);
	if (left_ms <= 0) {
		call_sayf(call, "the gateway did not answer in time");
		return HTTP_CUT;
	}
	(void)snprintf(url, sizeof(url), "%s%s", client->url.base, exchange->send->path);
	curl_easy_reset(client->curl); /* keeps the connection */
	if (headers_make(exchange) && options_for_tls(client->curl) &&
	    options_for_answer(exchange) &&
	    options_for_request(exchange, url, (long)(left_ms > INT32_MAX ? INT32_MAX : left_ms)))
		return HTTP_ANSWERED;
	call_sayf(call, "no memory for a request to the gateway");
	return HTTP_FAILED;
}

/* ---- how it ended ---- */

/* No answer: was anything sent, and is it of use to ask again? */
static enum http_sent lost_kind(const struct exchange *exchange, CURLcode end)
{
	curl_off_t connected = 0;

	if (exchange->over)
		return HTTP_STRANGE;
	if (exchange->body.failed)
		return HTTP_FAILED;
	switch ((int)end) { /* libcurl's enum is open */
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT: return HTTP_UNREACHABLE;
	case CURLE_OPERATION_TIMEDOUT:
		(void)curl_easy_getinfo(
		    exchange->client->curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
		return connected == 0 ? HTTP_UNREACHABLE : HTTP_CUT;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_RECV_ERROR: return HTTP_CUT;
	case CURLE_ABORTED_BY_CALLBACK: return HTTP_CANCELLED;
	case CURLE_OUT_OF_MEMORY: return HTTP_FAILED;
	default: return HTTP_STRANGE; /* no HTTP, no TLS, a certificate that does not hold … */
	}
}

static void say_lost(
    const struct exchange *exchange, enum http_sent kind, CURLcode end, struct call *call)
{
	const char *why = curl_easy_strerror(end);

	if (end == CURLE_SSL_CONNECT_ERROR)
		why =
		    "no TLS could be begun with it, as https:// needs; a gateway without TLS has a "
		    "URL that begins with http://";
	switch (kind) {
	case HTTP_ANSWERED: break;
	case HTTP_UNREACHABLE: call_sayf(call, "the gateway cannot be reached: %s", why); break;
	case HTTP_CUT: call_sayf(call, "the gateway's answer was lost: %s", why); break;
	case HTTP_STRANGE:
		call_sayf(call, "what answers at %s is not a gateway, or is not to be trusted: %s",
		    exchange->client->url.base,
		    exchange->over ? "its answer is longer than any that was asked for" : why);
		break;
	case HTTP_CANCELLED: call_sayf(call, "cancelled"); break;
	case HTTP_FAILED: call_sayf(call, "no memory for a request to the gateway"); break;
	}
}

static void count_request(const struct exchange *exchange)
{
	struct bucket_counts *counts = exchange->client->counts;
	const char *method = exchange->send->method;

	if (exchange->send->writes)
		counts->put++;
	else if (strcmp(method, "DELETE") == 0)
		counts->remove++;
	else
		counts->get++;
	counts->bytes_up += exchange->send->body.len;
	counts->bytes_down += exchange->body.len;
}

static enum http_sent exchange_end(
    struct exchange *exchange, CURLcode end, struct call *call, struct http_reply *reply)
{
	struct http_client *client = exchange->client;
	struct http_reply got = {0};
	enum http_sent kind;
	long status = 0;

	(void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	/* libcurl is content with a header that is cut off, and takes the body for empty. */
	if (end == CURLE_OK && (!exchange->headed || status < 200))
		end = CURLE_GOT_NOTHING;
	/* An error's body only explains: that it is cut or too long changes nothing. */
	if (end != CURLE_OK && !(status >= 300 && exchange->over)) {
		kind = lost_kind(exchange, end);
		if (kind != HTTP_UNREACHABLE)
			count_request(exchange);
		say_lost(exchange, kind, end, call);
		return kind;
	}
	count_request(exchange);
	if (!exchange->over && !buffer_take(&exchange->body, &got.body)) {
		call_sayf(call, "no memory for the gateway's answer");
		return HTTP_FAILED;
	}
	got.status = status > 0 ? (unsigned)status : 0;
	http_type_parse(exchange->type, got.type);
	shown_copy(got.message, sizeof(got.message), view_text(exchange->message), SHOWN_LINE);
	got.date_ms = http_date_ms(exchange->date);
	got.retry_after_ms =
	    http_retry_after_ms(exchange->retry_after, clock_wall_ms(&client->clock));
	*reply = got;
	return HTTP_ANSWERED;
}

enum http_sent http_send(struct http_client *client, const struct http_send *send,
    struct call *call, struct http_reply *reply)
{
	struct exchange exchange = {.client = client, .send = send};
	enum http_sent sent;

	buffer_init(&exchange.body, send->answer_max);
	sent = exchange_make(&exchange, call);
	if (sent == HTTP_ANSWERED)
		sent = exchange_end(&exchange, curl_easy_perform(client->curl), call, reply);
	buffer_clear(&exchange.body);
	curl_slist_free_all(exchange.headers);
	return sent;
}

bool http_client_open(struct http_client *client, struct call *call)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		call_sayf(call, "libcurl does not start");
		return false;
	}
	client->curl = curl_easy_init();
	if (client->curl != NULL)
		return true;
	curl_global_cleanup();
	call_sayf(call, "no memory for a connection");
	return false;
}

void http_client_close(struct http_client *client)
{
	if (client->curl == NULL)
		return;
	curl_easy_cleanup(client->curl);
	client->curl = NULL;
	curl_global_cleanup();
}
