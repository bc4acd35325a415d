/*
 * tests/bench/bench.c: time, numbers, and a libcurl handle for gateways and for S3 stores. S3 is
 * signed by libcurl itself, which shares no code with the product: what is measured against is a
 * bare client's.
 */
#include "tests/bench/bench.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "schemas/http_signature.h"

#define HEADER_MAX 1024u
#define TIMEOUT_MS 60000L
#define SHA256_SIZE 32u

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("error: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputc('\n', stderr);
	va_end(args);
	exit(1);
}

void bench_start(void)
{
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		bench_die("libsodium or libcurl does not start");
}

uint64_t bench_number(const char *text, uint64_t max)
{
	char *end = NULL;
	unsigned long long number = strtoull(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number == 0 || number > max)
		bench_die("%s is no number from 1 to %llu", text, (unsigned long long)max);
	return number;
}

int64_t bench_now_us(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		bench_die("there is no clock");
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_place(double *values, size_t count, unsigned part)
{
	if (count == 0)
		bench_die("nothing was measured");
	qsort(values, count, sizeof(*values), ascending);
	return values[(count - 1) * part / 1000];
}

static void copy_text(char out[BENCH_URL_MAX], const char *text, size_t len)
{
	if (len >= BENCH_URL_MAX)
		bench_die("a URL is too long");
	memcpy(out, text, len);
	out[len] = '\0';
}

/* http://HOST:PORT and what follows it. */
static const char *split_url(struct bench_server *server, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL || strncmp(url, "http://", 7) != 0)
		bench_die("%s does not begin with http://", url);
	host += 3;
	len = strcspn(host, "/");
	copy_text(server->authority, host, len);
	copy_text(server->base, url, (size_t)(host - url) + len);
	return host + len;
}

void bench_server_open(struct bench_server *server, const char *url)
{
	const char *key = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
	const char *path;

	*server = (struct bench_server){.curl = curl_easy_init()};
	if (server->curl == NULL)
		bench_die("no memory");
	if (strncmp(url, "s3:", 3) != 0) {
		(void)split_url(server, url);
		return;
	}
	path = split_url(server, url + 3);
	if (key == NULL || secret == NULL || path[0] != '/' || path[1] == '\0')
		bench_die(
		    "%s: no bucket, or AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY unset", url);
	copy_text(server->bucket, path, strlen(path));
	if ((size_t)snprintf(server->user, sizeof(server->user), "%s:%s", key, secret) >=
	    sizeof(server->user))
		bench_die("the credentials are too long");
}

void bench_server_close(struct bench_server *server)
{
	curl_easy_cleanup(server->curl);
	*server = (struct bench_server){0};
}

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
	struct buffer *body = self;

	buffer_add(body, data, size * count);
	return body->failed ? 0 : size * count;
}

/* Keeps the answer's ETag. */
static size_t take_header(char *data, size_t size, size_t count, void *self)
{
	char *tag = self;
	size_t len = size * count, at = strlen("etag:");

	if (len <= at || strncasecmp(data, "etag:", at) != 0)
		return len;
	while (at < len && strchr(" \"", data[at]) != NULL)
		at++;
	while (len > at && strchr("\r\n\"", data[len - 1]) != NULL)
		len--;
	if (len - at < BENCH_TAG_MAX) {
		memcpy(tag, data + at, len - at);
		tag[len - at] = '\0';
	}
	return size * count;
}

static void add_header(struct curl_slist **headers, const char *name, const char *value)
{
	char line[HEADER_MAX];
	struct curl_slist *longer;

	if ((size_t)snprintf(line, sizeof(line), "%s:%s%s", name, value[0] == '\0' ? "" : " ",
		value) >= sizeof(line))
		bench_die("a header is too long");
	longer = curl_slist_append(*headers, line);
	if (longer == NULL)
		bench_die("no memory");
	*headers = longer;
}

/* The handle is set but for headers; the status of the answer. tag is BENCH_TAG_MAX, or NULL. */
static long perform(struct bench_server *server, const char *method, const char *url,
    struct curl_slist *headers, struct view body, bool has_body, struct bytes *body_out, char *tag)
{
	CURL *curl = server->curl;
	struct buffer answer;
	CURLcode end;
	long status = 0;

	buffer_init(&answer, REQUEST_MAX);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (has_body) {
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
		(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)body.data);
	}
	if (tag != NULL) {
		(void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
		(void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, tag);
	}
	end = curl_easy_perform(curl);
	if (end != CURLE_OK)
		bench_die("%s %s: %s", method, url, curl_easy_strerror(end));
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (body_out != NULL && !buffer_take(&answer, body_out))
		bench_die("no memory");
	buffer_clear(&answer);
	return status;
}

static void sign(const struct bench_account *account, const struct http_request *request,
    struct http_signature_texts *out)
{
	struct http_signature signature = {
	    .account = account->id, .device = account->device, .created_s = (int64_t)time(NULL)};

	signature.expires_s = signature.created_s + HTTP_SIGNATURE_AGE_MAX_S;
	randombytes_buf(signature.nonce, sizeof(signature.nonce));
	if (http_signature_make(request, &signature, account->sign_secret, out) != FORMAT_OK)
		bench_die("a request can't be signed");
}

long bench_ask(struct bench_server *server, const struct bench_account *account, const char *method,
    const char *path, const char *content_type, struct view body, struct bytes *body_out)
{
	const struct http_request request = {.method = method,
	    .authority = server->authority,
	    .path = path,
	    .query = "",
	    .content_type = content_type,
	    .body = body};
	struct http_signature_texts texts;
	struct curl_slist *headers = NULL;
	char url[2 * BENCH_URL_MAX];
	long status;

	(void)snprintf(url, sizeof(url), "%s%s", server->base, path);
	curl_easy_reset(server->curl); /* keeps the connection */
	add_header(&headers, "Expect", "");
	if (content_type != NULL)
		add_header(&headers, "Content-Type", content_type);
	if (account != NULL) {
		sign(account, &request, &texts);
		add_header(&headers, "Signature-Input", texts.input);
		add_header(&headers, "Signature", texts.signature);
		if (texts.digest[0] != '\0')
			add_header(&headers, "Content-Digest", texts.digest);
	}
	status = perform(server, method, url, headers, body, content_type != NULL, body_out, NULL);
	curl_slist_free_all(headers);
	return status;
}

void bench_get_bytes(const struct bench_server *server, const struct bench_account *account,
    const char *path, const char *query, struct buffer *out)
{
	const struct http_request request = {
	    .method = "GET", .authority = server->authority, .path = path, .query = query};
	struct http_signature_texts texts;

	sign(account, &request, &texts);
	buffer_addf(out,
	    "GET %s?%s HTTP/1.1\r\nHost: %s\r\nSignature-Input: %s\r\nSignature: %s\r\n\r\n", path,
	    query, server->authority, texts.input, texts.signature);
}

/* One request to the store at key. libcurl signs; it wants the body's hash given. */
static long ask_store(struct bench_server *server, const char *method, const char *key,
    struct view body, bool has_body, struct bytes *body_out, char *tag, const char *name,
    const char *value)
{
	uint8_t hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	char url[3 * BENCH_URL_MAX];
	struct curl_slist *headers = NULL;
	long status;

	(void)snprintf(url, sizeof(url), "%s%s/%s", server->base, server->bucket, key);
	curl_easy_reset(server->curl);
	(void)curl_easy_setopt(server->curl, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:s3");
	(void)curl_easy_setopt(server->curl, CURLOPT_USERPWD, server->user);
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, body.data, body.len, hash) < 0)
		bench_die("GnuTLS makes no hash");
	hex_encode(view_of(hash, sizeof(hash)), hex);
	add_header(&headers, "x-amz-content-sha256", hex);
	if (has_body)
		add_header(&headers, "Content-Type", "application/octet-stream");
	if (name != NULL)
		add_header(&headers, name, value);
	status = perform(server, method, url, headers, body, has_body, body_out, tag);
	curl_slist_free_all(headers);
	return status;
}

int64_t bench_put(
    struct bench_server *server, const char *key, struct view body, char match[BENCH_TAG_MAX])
{
	bool is_new = match[0] == '\0';
	char tag[BENCH_TAG_MAX] = "";
	int64_t start_us = bench_now_us();
	long status = ask_store(server, "PUT", key, body, true, NULL, tag,
	    is_new ? "If-None-Match" : "If-Match", is_new ? "*" : match);
	int64_t took_us = bench_now_us() - start_us;

	if (status != 200 || tag[0] == '\0')
		bench_die("a conditional PUT to the store: status %ld", status);
	memcpy(match, tag, sizeof(tag));
	return took_us;
}

void bench_get(struct bench_server *server, const char *key, struct bytes *out)
{
	long status = ask_store(server, "GET", key, (struct view){0}, false, out, NULL, NULL, NULL);

	if (status != 200)
		bench_die("a GET from the store: status %ld", status);
}
