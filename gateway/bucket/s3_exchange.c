/*
 * gateway/bucket/s3_exchange.c: what a request to an S3 store looks like, its headers and their
 * signature, and what the answer's headers and an error's body say.
 */
#include "gateway/bucket/s3_exchange.h"

#include <gnutls/crypto.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/bucket/bucket_object.h"
#include "gateway/bucket/s3_answer.h"
#include "gateway/net/net_text.h"

#define SENT_HEADERS_MAX 9u
#define SHA256_SIZE 32u
#define TARGET_MAX (16u * 1024u) /* a key and a query of keys and ids, each byte as three */
#define HEADER_MAX (S3_SESSION_TOKEN_MAX + 1024u)
#define MD5_SIZE 16u
#define MD5_TEXT_SIZE 25u /* base 64, and a NUL */
#define SHA256_TEXT_SIZE (2u * SHA256_SIZE + 1u)

static bool sends_body(const struct s3_request *request)
{
	return strcmp(request->method, "PUT") == 0 || strcmp(request->method, "POST") == 0;
}

static bool writes(const struct s3_request *request)
{
	return sends_body(request) || strcmp(request->method, "DELETE") == 0;
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
			ok = net_header_add(&exchange->net, all[i].name, all[i].value);
		}
	buffer_init(&text, HEADER_MAX);
	if (ok)
		s3_sign(&sign, &text);
	ok =
	    ok && buffer_take(&text, &authorization) &&
	    net_header_add(&exchange->net, "Authorization", (const char *)authorization.data) &&
	    net_header_add(
		&exchange->net, "Accept-Encoding", "identity") && /* unsigned: proxies change it */
	    net_header_add(&exchange->net, "Content-Type", "") && /* or libcurl adds a form's */
	    net_header_add(&exchange->net, "Expect", ""); /* or large bodies would wait for a 100 */
	buffer_clear(&text);
	bytes_clear(&authorization);
	return ok;
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

static void sent_make(struct s3_exchange *exchange, bool held)
{
	const struct s3_request *request = exchange->request;
	const struct s3 *s3 = exchange->s3;
	const struct net_wanted wanted[] = {
	    {"etag", exchange->etag, sizeof(exchange->etag)},
	    {"retry-after", exchange->retry_after, sizeof(exchange->retry_after)},
	    {"content-encoding", exchange->encoding, sizeof(exchange->encoding)},
	    {"x-amz-bucket-region", exchange->region, sizeof(exchange->region)},
	};

	_Static_assert(sizeof(wanted) == sizeof(exchange->wanted), "all that is wanted fits");
	memcpy(exchange->wanted, wanted, sizeof(wanted));
	exchange->sent = (struct net_request){
	    .method = request->method,
	    .body = request->body,
	    .has_body = sends_body(request),
	    .held = held,
	    .once = writes(request),
	    .trust = {(const char *)s3->ca_file.data, (const char *)s3->ca_folder.data},
	    .wanted = exchange->wanted,
	    .wanted_count = COUNT_OF(wanted),
	    .answer_max = request->answer_max,
	};
}

enum bucket_result s3_exchange_make(struct s3 *s3, struct net_line *line,
    const struct s3_request *request, bool held, struct call *call, struct s3_exchange *exchange)
{
	int64_t left_ms = net_left_ms(call, &s3->clock);
	struct bytes path = {0};
	struct bytes query = {0};
	enum bucket_result result = BUCKET_RETRY;

	*exchange = (struct s3_exchange){.s3 = s3, .request = request};
	sent_make(exchange, held);
	net_exchange_init(&exchange->net, line, &exchange->sent);
	s3_identity_get(&s3->identity, &exchange->signer);
	if (left_ms <= 0) {
		call_sayf(call, "the deadline passed before the store was asked");
		goto done;
	}
	if (!target_make(s3, request, &path, &query, &exchange->url)) {
		call_sayf(call, "no memory for a request to the store");
		goto done;
	}
	exchange->sent.url = (const char *)exchange->url.data;
	if (!headers_make(exchange, (const char *)path.data, (const char *)query.data) ||
	    !net_exchange_make(&exchange->net, left_ms)) {
		call_sayf(call, "no memory for a request to the store");
		goto done;
	}
	result = BUCKET_OK;
done:
	bytes_clear(&path);
	bytes_clear(&query);
	return result;
}

void s3_exchange_clear(struct s3_exchange *exchange)
{
	net_exchange_clear(&exchange->net);
	bytes_clear(&exchange->url);
	s3_signer_clear(&exchange->signer);
	*exchange = (struct s3_exchange){0};
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

/* There is an answer, and got holds its status and body: what else does it say? */
static enum bucket_result read_answer(
    const struct s3_exchange *exchange, struct call *call, struct s3_reply *got)
{
	bool error = got->status >= 300;

	tag_from_etag(exchange->etag, &got->tag);
	note_encoding(exchange, got);
	if (!error && got->encoding[0] != '\0') {
		call_sayf(call, S3_ENCODED_TEXT, got->encoding);
		return writes(exchange->request) ? BUCKET_UNKNOWN : BUCKET_REFUSED;
	}
	if (error && !s3_xml_error(view_bytes(&got->body), &got->error)) {
		bytes_clear(&got->body);
		return no_memory_for_answer(exchange, call);
	}
	(void)s3_region_told(exchange->region, got->error.region);
	memcpy(got->region, exchange->signer.region, sizeof(got->region));
	call->retry_after_ms = net_retry_after_ms(
	    exchange->retry_after, clock_wall_ms(&exchange->s3->clock), S3_RETRY_AFTER_MAX_MS);
	return BUCKET_OK;
}

enum bucket_result s3_exchange_end(
    struct s3_exchange *exchange, struct call *call, struct s3_reply *reply)
{
	struct net_answer answer = {0};
	enum net_result end = net_exchange_end(&exchange->net, &answer);
	struct s3_reply got = {.status = answer.status, .body = answer.body};
	enum bucket_result result;

	if (end == NET_ANSWERED) {
		result = read_answer(exchange, call, &got);
		if (result == BUCKET_OK)
			*reply = got;
		return result;
	}
	if (end == NET_TOO_LONG)
		call_sayf(call, "the store's answer is longer than any that was asked for");
	else if (end == NET_NO_MEMORY)
		call_sayf(call, "no memory for %s",
		    answer.sent ? "the store's answer" : "a request to the store");
	else
		call_sayf(call, "%s", answer.why);
	return s3_lost_result(end, answer.sent, writes(exchange->request));
}
