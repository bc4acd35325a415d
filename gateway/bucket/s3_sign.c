/*
 * gateway/bucket/s3_sign.c: Signature Version 4. Why it is ours and not libcurl's: README.md.
 */
#include "gateway/bucket/s3_sign.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HASH_SIZE crypto_hash_sha256_BYTES
#define HASH_HEX_SIZE (2u * HASH_SIZE + 1u)
#define DAY_LEN 8u                        /* "20130524" */
#define CANONICAL_MAX (64u * 1024u)       /* a path of 3 KiB, a query of 8, a token of 4 */
#define LAST_SECOND INT64_C(253402300799) /* of the year 9999 */
_Static_assert(crypto_auth_hmacsha256_BYTES == HASH_SIZE, "HMAC-SHA-256 gives what SHA-256 gives");

void s3_date(int64_t wall_ms, char out[S3_DATE_SIZE])
{
	int64_t seconds = wall_ms / 1000;
	struct tm day = {0};
	time_t at;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	at = (time_t)seconds;
	(void)gmtime_r(&at, &day);
	if (strftime(out, S3_DATE_SIZE, "%Y%m%dT%H%M%SZ", &day) == 0)
		out[0] = '\0';
}

void s3_encode(struct buffer *out, const char *text, bool path)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if ((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
		    (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' ||
		    byte == '~' || (path && byte == '/'))
			buffer_add_byte(out, byte);
		else
			buffer_addf(out, "%%%02X", byte);
	}
}

void s3_query(struct buffer *out, const struct s3_pair *params, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		assert(i == 0 || strcmp(params[i - 1].name, params[i].name) < 0);
		if (i > 0)
			buffer_add_byte(out, '&');
		s3_encode(out, params[i].name, false);
		buffer_add_byte(out, '=');
		s3_encode(out, params[i].value, false);
	}
}

static void hmac(const uint8_t *key, size_t key_len, struct view text, uint8_t out[HASH_SIZE])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, text.data, text.len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

/* The day's key for a region's S3. */
static void signing_key(const struct s3_sign *sign, uint8_t out[HASH_SIZE])
{
	char secret[4 + S3_SECRET_KEY_MAX + 1];
	int len = snprintf(secret, sizeof(secret), "AWS4%s", sign->credentials->secret_key);
	uint8_t key[HASH_SIZE];

	assert(len > 0 && (size_t)len < sizeof(secret));
	hmac((const uint8_t *)secret, (size_t)len, view_of(sign->date, DAY_LEN), key);
	hmac(key, sizeof(key), view_text(sign->region), out);
	hmac(out, HASH_SIZE, view_text("s3"), key);
	hmac(key, sizeof(key), view_text("aws4_request"), out);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(key, sizeof(key));
}

static void add_header_names(const struct s3_sign *sign, struct buffer *out)
{
	for (size_t i = 0; i < sign->header_count; i++)
		buffer_addf(out, "%s%s", i == 0 ? "" : ";", sign->headers[i].name);
}

/* The hash of the canonical request, in hexadecimal. False: no memory. */
static bool canonical_hash(const struct s3_sign *sign, char out[HASH_HEX_SIZE])
{
	struct buffer text;
	struct view view;
	uint8_t hash[HASH_SIZE];
	bool whole;

	buffer_init(&text, CANONICAL_MAX);
	buffer_addf(&text, "%s\n%s\n%s\n", sign->method, sign->path, sign->query);
	for (size_t i = 0; i < sign->header_count; i++) {
		assert(i == 0 || strcmp(sign->headers[i - 1].name, sign->headers[i].name) < 0);
		buffer_addf(&text, "%s:%s\n", sign->headers[i].name, sign->headers[i].value);
	}
	buffer_add_byte(&text, '\n');
	add_header_names(sign, &text);
	buffer_addf(&text, "\n%s", sign->body_sha256);
	view = buffer_view(&text);
	whole = !text.failed;
	crypto_hash_sha256(hash, view.data, view.len);
	buffer_clear(&text);
	hex_encode(view_of(hash, sizeof(hash)), out);
	return whole;
}

void s3_sign(const struct s3_sign *sign, struct buffer *out)
{
	char request_hash[HASH_HEX_SIZE];
	char signature[HASH_HEX_SIZE];
	uint8_t key[HASH_SIZE];
	uint8_t mac[HASH_SIZE];
	char text[512];
	int len;

	/* Signed too little, the store would refuse for good what only wants memory. */
	if (!canonical_hash(sign, request_hash)) {
		out->failed = true;
		return;
	}
	len = snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%.8s/%s/s3/aws4_request\n%s",
	    sign->date, sign->date, sign->region, request_hash);
	assert(len > 0 && (size_t)len < sizeof(text));
	signing_key(sign, key);
	hmac(key, sizeof(key), view_of(text, (size_t)len), mac);
	sodium_memzero(key, sizeof(key));
	hex_encode(view_of(mac, sizeof(mac)), signature);
	buffer_addf(out, "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/s3/aws4_request,SignedHeaders=",
	    sign->credentials->access_key, sign->date, sign->region);
	add_header_names(sign, out);
	buffer_addf(out, ",Signature=%s", signature);
}
