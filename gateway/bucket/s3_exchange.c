/*
 * gateway/bucket/s3_exchange.c: what a request looks like to libcurl, and what it gives back: the
 * headers and their signature, options, callbacks with their bounds.
 *
 * libcurl sends a request again by itself when a reused connection turns out to be dead. For what
 * changes something that is stopped by before_request: a write is sent whole once at most.
 */
#include "gateway/bucket/s3_exchange.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/bucket/bucket_priv.h"
#include "gateway/bucket/s3_answer.h"

#define SENT_HEADERS_MAX 9u
#define SHA256_SIZE 32u
#define TARGET_MAX (16u * 1024u) /* a key and a query of keys and ids, each byte as three */
#define HEADER_MAX (S3_SESSION_TOKEN_MAX + 1024u)
#define MD5_SIZE 16u
#define MD5_TEXT_SIZE 25u /* base 64, and a NUL */
#define SHA256_TEXT_SIZE (2u * SHA256_SIZE + 1u)
#define NETWORK_BUFFER (64L * 1024L)

static bool sends_body(const struct s3_request *request)
{
	return strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0;
}

static bool writes(const struct s3_request *request)
{
	return sends_body(request) || strcmp(request->method, "DELETE") == 0;
}

static size_t give_body(char *out, size_t size, size_t count, void *self)
{
	struct s3_exchange *exchange = self;
	struct view body = exchange->request->body;
	size_t left = body.len - exchange->given;
	size_t room = size * count;

	if (exchange->held && left > 0 && --left == 0) {
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

/* Could the store hold the whole request? A part of a body is no request. */
static bool all_sent(const struct s3_exchange *exchange)
{
	long sent = 0;

	if (exchange->reads && exchange->request->body.len > 0)
		return exchange->given > 0;
	return curl_easy_getinfo(exchange->curl, CURLINFO_REQUEST_SIZE, &sent) != CURLE_OK ||
	       sent > 0;
}

/* libcurl's signature. */
static int before_request(
    void *self, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct s3_exchange *exchange = self;
	bool again = exchange->begun;

	(void)remote_ip;
	(void)local_ip;
	(void)remote_port;
	(void)local_port;
	exchange->begun = true;
	return again && writes(exchange->request) && all_sent(exchange) ? CURL_PREREQFUNC_ABORT
									: CURL_PREREQFUNC_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
	struct s3_exchange *exchange = self;
	size_t len = size * count;
	long status = 0;

	(void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
	exchange->body.max =
	    status >= 200 && status <= 299 ? exchange->request->answer_max : S3_ERROR_MAX;
	buffer_add(&exchange->body, data, len);
	exchange->over = exchange->body.over;
	return exchange->body.failed ? 0 : len;
}

/* The value of a header line if it has this (lower-case) name; out as it was if not, or too long.
 */
static void header_value(const char *line, size_t len, const char *name, char *out, size_t out_size)
{
	size_t at = strlen(name);

	if (len <= at || line[at] != ':')
		return;
	for (size_t i = 0; i < at; i++)
		if ((line[i] >= 'A' && line[i] <= 'Z' ? line[i] - 'A' + 'a' : line[i]) != name[i])
			return;
	at++;
	while (at < len && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (len > at && strchr(" \t\r\n", line[len - 1]) != NULL)
		len--;
	if (len - at >= out_size)
		return;
	memcpy(out, line + at, len - at);
	out[len - at] = '\0';
}

static size_t take_header(char *data, size_t size, size_t count, void *self)
{
	struct s3_exchange *exchange = self;
	size_t len = size * count;

	exchange->header_bytes += len;
	if (exchange->header_bytes > S3_HEADERS_MAX) {
		exchange->over = true;
		return 0;
	}
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) { /* again, after an interim answer */
		exchange->etag[0] = '\0';
		exchange->retry_after[0] = '\0';
		exchange->encoding[0] = '\0';
		exchange->region[0] = '\0';
		exchange->headed = false;
	}
	exchange->headed = exchange->headed || data[0] == '\r' || data[0] == '\n';
	header_value(data, len, "etag", exchange->etag, sizeof(exchange->etag));
	header_value(
	    data, len, "retry-after", exchange->retry_after, sizeof(exchange->retry_after));
	header_value(data, len, "content-encoding", exchange->encoding, sizeof(exchange->encoding));
	header_value(data, len, "x-amz-bucket-region", exchange->region, sizeof(exchange->region));
	return len;
}

/* "\"x\"", "W/\"x\"" or "x" to "x". A tag that could not be sent back in a header is none. */
static void tag_from_etag(const char *etag, struct bucket_tag *out)
{
	size_t len;

	*out = (struct bucket_tag){""};
	if (bucket_begins(etag, "W/"))
		etag += 2;
	len = strlen(etag);
	if (len >= 2 && etag[0] == '"' && etag[len - 1] == '"') {
		etag++;
		len -= 2;
	}
	if (len > BUCKET_TAG_MAX)
		return;
	for (size_t i = 0; i < len; i++)
		if (etag[i] <= 0x20 || etag[i] > 0x7e || etag[i] == '"')
			return;
	memcpy(out->text, etag, len);
}

static bool md5_text(struct view body, char out[MD5_TEXT_SIZE])
{
	uint8_t hash[MD5_SIZE];

	/* Not for security: the one upload digest that nearly all stores check. */
	if (gnutls_hash_fast(GNUTLS_DIG_MD5, body.data, body.len, hash) < 0)
		return false;
	(void)sodium_bin2base64(
	    out, MD5_TEXT_SIZE, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	return true;
}

static bool header_add(struct s3_exchange *exchange, const char *name, const char *value)
{
	struct buffer line;
	struct bytes text = {0};
	struct curl_slist *longer = NULL;

	buffer_init(&line, HEADER_MAX);
	buffer_addf(&line, "%s:%s%s", name, value[0] == '\0' ? "" : " ", value);
	if (buffer_take(&line, &text))
		longer = curl_slist_append(exchange->headers, (const char *)text.data);
	buffer_clear(&line);
	bytes_clear(&text);
	if (longer == NULL)
		return false;
	exchange->headers = longer;
	return true;
}

/* The headers of a request, signed. All but these last are covered. */
static bool headers_make(struct s3_exchange *exchange, const char *path, const char *query)
{
	const struct s3_request *request = exchange->request;
	const struct s3 *s3 = exchange->s3;
	const struct s3_signer *signer = &exchange->signer;
	char md5[MD5_TEXT_SIZE] = "";
	char sha256[SHA256_TEXT_SIZE];
	char date[S3_DATE_SIZE];
	uint8_t hash[SHA256_SIZE] = {0};
	/* Ascending by name. */
	const struct s3_pair all[] = {
	    {"content-md5", sends_body(request) ? md5 : NULL},
	    {"host", s3->url.host},
	    {"if-match", request->if_match},
	    {"if-none-match", request->if_none_match},
	    {"range", request->range},
	    {"x-amz-content-sha256", sha256},
	    {"x-amz-date", date},
	    {"x-amz-security-token", signer->credentials.session_token[0] == '\0'
					 ? NULL
					 : signer->credentials.session_token},
	};
	struct s3_pair headers[SENT_HEADERS_MAX];
	struct s3_sign sign = {.method = request->method,
	    .path = path,
	    .query = query,
	    .headers = headers,
	    .body_sha256 = sha256,
	    .date = date,
	    .region = signer->region,
	    .credentials = &signer->credentials};
	struct buffer text;
	struct bytes authorization = {0};
	bool ok;

	_Static_assert(COUNT_OF(all) <= SENT_HEADERS_MAX, "all headers fit");
	/* GnuTLS uses the processor's own instructions: five times as fast as libsodium here. */
	ok = gnutls_hash_fast(GNUTLS_DIG_SHA256, request->body.data, request->body.len, hash) >= 0;
	hex_encode(view_of(hash, sizeof(hash)), sha256);
	s3_date(clock_wall_ms(&s3->clock), date);
	ok = ok && (!sends_body(request) || md5_text(request->body, md5));
	for (size_t i = 0; ok && i < COUNT_OF(all); i++)
		if (all[i].value != NULL) {
			headers[sign.header_count] = all[i];
			sign.header_count++;
			ok = header_add(exchange, all[i].name, all[i].value);
		}
	buffer_init(&text, HEADER_MAX);
	if (ok)
		s3_sign(&sign, &text);
	ok =
	    ok && buffer_take(&text, &authorization) &&
	    header_add(exchange, "Authorization", (const char *)authorization.data) &&
	    header_add(exchange, "Accept-Encoding", "identity") && /* unsigned: proxies change it */
	    header_add(exchange, "Content-Type", "") &&            /* or libcurl adds a form's */
	    header_add(exchange, "Expect", ""); /* or large bodies would wait for a 100 */
	buffer_clear(&text);
	bytes_clear(&authorization);
	return ok;
}

/*
 * A body that is not held goes out together with its headers, as far as it fits: one packet to send
 * and one for the store to wait for, where an upload's callback makes two.
 */
static bool options_for_body(struct s3_exchange *exchange)
{
	CURL *curl = exchange->curl;
	struct view body = exchange->request->body;
	curl_off_t len = (curl_off_t)body.len;

	if (!exchange->reads)
		return curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, len) == CURLE_OK &&
		       curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
			   len == 0 ? "" : (const char *)body.data) == CURLE_OK;
	return curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, len) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_READDATA, exchange) == CURLE_OK;
}

static bool options_for_tls(struct s3_exchange *exchange)
{
	CURL *curl = exchange->curl;
	const char *file = (const char *)exchange->s3->ca_file.data;
	const char *folder = (const char *)exchange->s3->ca_folder.data;

	return curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
	       (file == NULL || curl_easy_setopt(curl, CURLOPT_CAINFO, file) == CURLE_OK) &&
	       (folder == NULL || curl_easy_setopt(curl, CURLOPT_CAPATH, folder) == CURLE_OK);
}

static bool options_set(struct s3_exchange *exchange, const char *url, long timeout_ms)
{
	CURL *curl = exchange->curl;
	const char *method = exchange->request->method;

	curl_easy_reset(curl); /* keeps the connection */
	/*
	 * A wish: libcurl refuses it for a handle that has a buffer already, and one that ran out
	 * of memory keeps it for good. Such a handle still sends.
	 */
	(void)curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, NETWORK_BUFFER);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, NETWORK_BUFFER);
	if (sends_body(exchange->request) && !options_for_body(exchange))
		return false;
	if (strcmp(method, "HEAD") == 0) {
		if (curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) != CURLE_OK)
			return false;
	} else if (curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) != CURLE_OK) {
		return false;
	}
	return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
		   CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
		   timeout_ms < S3_CONNECT_MS ? timeout_ms : (long)S3_CONNECT_MS) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HTTPHEADER, exchange->headers) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_PREREQDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_HEADERDATA, exchange) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
	       curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange) == CURLE_OK &&
	       options_for_tls(exchange);
}

void s3_exchange_clear(struct s3_exchange *exchange)
{
	/* What the handle still points to goes away now. */
	if (exchange->curl != NULL)
		curl_easy_reset(exchange->curl);
	curl_slist_free_all(exchange->headers);
	buffer_clear(&exchange->body);
	s3_signer_clear(&exchange->signer);
	*exchange = (struct s3_exchange){0};
}

/* Writes the path and the query, then joins them to an URL. False: no memory, or too long. */
static bool target_make(const struct s3 *s3, const struct s3_request *request,
    struct bytes *path_out, struct bytes *query_out, struct bytes *url_out)
{
	struct buffer path;
	struct buffer query;
	struct buffer url;
	bool ok;

	buffer_init(&path, TARGET_MAX);
	buffer_init(&query, TARGET_MAX);
	buffer_init(&url, 2 * TARGET_MAX + S3_HOST_MAX + 16);
	buffer_addf(&path, "/%s", s3->url.bucket);
	if (request->key != NULL || request->raw_key != NULL) {
		buffer_add_byte(&path, '/');
		s3_encode(&path, request->raw_key == NULL ? s3->url.prefix : "", true);
		s3_encode(&path, request->raw_key == NULL ? request->key : request->raw_key, true);
	}
	s3_query(&query, request->params, request->param_count);
	ok = buffer_take(&path, path_out) && buffer_take(&query, query_out);
	if (ok) {
		buffer_addf(&url, "%s://%s%s%s%s", s3->url.scheme, s3->url.host,
		    (const char *)path_out->data, query_out->len == 0 ? "" : "?",
		    (const char *)query_out->data);
		ok = buffer_take(&url, url_out);
	}
	buffer_clear(&path);
	buffer_clear(&query);
	buffer_clear(&url);
	return ok;
}

enum bucket_result s3_exchange_make(struct s3 *s3, CURL *curl, const struct s3_request *request,
    bool held, struct call *call, struct s3_exchange *exchange)
{
	int64_t left_ms = call->deadline_ms - clock_monotonic_ms(&s3->clock);
	struct bytes path = {0};
	struct bytes query = {0};
	struct bytes url = {0};
	enum bucket_result result = BUCKET_RETRY;

	*exchange = (struct s3_exchange){
	    .curl = curl, .s3 = s3, .request = request, .held = held, .reads = held};
	buffer_init(&exchange->body, request->answer_max);
	s3_identity_get(&s3->identity, &exchange->signer);
	if (left_ms <= 0) {
		call_sayf(call, "the deadline passed before the store was asked");
		goto done;
	}
	if (left_ms > INT32_MAX)
		left_ms = INT32_MAX;
	if (exchange->curl == NULL || !target_make(s3, request, &path, &query, &url) ||
	    !headers_make(exchange, (const char *)path.data, (const char *)query.data) ||
	    !options_set(exchange, (const char *)url.data, (long)left_ms)) {
		call_sayf(call, "no memory for a request to the store");
		goto done;
	}
	result = BUCKET_OK;
done:
	bytes_clear(&path);
	bytes_clear(&query);
	bytes_clear(&url);
	return result;
}

static enum bucket_result no_memory_for_answer(
    const struct s3_exchange *exchange, struct call *call)
{
	call_sayf(call, "no memory for the store's answer");
	return writes(exchange->request) ? BUCKET_UNKNOWN : BUCKET_RETRY;
}

/* A body in a form that nobody asked for. It is not what it seems to be, and goes. */
static void note_encoding(const struct s3_exchange *exchange, struct s3_reply *reply)
{
	const char *encoding = exchange->encoding;

	if (encoding[0] == '\0' || strcasecmp(encoding, "identity") == 0 || reply->body.len == 0)
		return;
	bytes_clear(&reply->body);
	if (!s3_value_copy(view_text(encoding), S3_ENCODING_MAX, reply->encoding))
		(void)snprintf(reply->encoding, sizeof(reply->encoding), "an unknown one");
}

enum bucket_result s3_exchange_end(
    struct s3_exchange *exchange, CURLcode end, struct call *call, struct s3_reply *reply)
{
	struct s3_reply got = {0};
	long status = 0;
	bool error;

	(void)curl_easy_getinfo(exchange->curl, CURLINFO_RESPONSE_CODE, &status);
	error = status >= 300;
	/* libcurl is content with a header that is cut off, and takes the body for empty. */
	if (end == CURLE_OK && (!exchange->headed || status < 200))
		end = CURLE_GOT_NOTHING;
	if (exchange->body.failed && !exchange->body.over)
		return no_memory_for_answer(exchange, call);
	/* An error's body only explains: that it is cut or too long changes nothing. */
	if (end != CURLE_OK && !(error && exchange->over)) {
		call_sayf(call, "%s",
		    exchange->over ? "the store's answer is longer than any that was asked for"
				   : curl_easy_strerror(end));
		if (exchange->over && !writes(exchange->request))
			return BUCKET_REFUSED;
		return s3_lost_result(end, all_sent(exchange), writes(exchange->request));
	}
	exchange->body.failed = false;
	if (!buffer_take(&exchange->body, &got.body))
		return no_memory_for_answer(exchange, call);
	got.status = (unsigned)status;
	tag_from_etag(exchange->etag, &got.tag);
	note_encoding(exchange, &got);
	if (!error && got.encoding[0] != '\0') {
		call_sayf(call, S3_ENCODED_TEXT, got.encoding);
		return writes(exchange->request) ? BUCKET_UNKNOWN : BUCKET_REFUSED;
	}
	if (error && !s3_xml_error(view_bytes(&got.body), &got.error)) {
		bytes_clear(&got.body);
		return no_memory_for_answer(exchange, call);
	}
	(void)s3_region_told(exchange->region, got.error.region);
	memcpy(got.region, exchange->signer.region, sizeof(got.region));
	call->retry_after_ms =
	    s3_retry_after_ms(exchange->retry_after, clock_wall_ms(&exchange->s3->clock));
	*reply = got;
	return BUCKET_OK;
}
