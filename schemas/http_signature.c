/*
 * schemas/http_signature.c: the one form of RFC 9421 that devices and gateways speak.
 * A text is checked by making it again from what was read: there is one spelling of everything, so
 * the two must be equal, and no parser of structured fields is needed.
 */
#include "schemas/http_signature.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL
#define LABEL "sig1="
#define PLAIN "(\"@method\" \"@authority\" \"@path\" \"@query\")"
#define WITH_BODY \
	"(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-type\" \"content-digest\")"
#define COMPONENTS_PLAIN 4u
#define COMPONENTS_MAX 6u

_Static_assert(HTTP_DIGEST_TEXT_MAX >= sizeof("sha-256=::") + sodium_base64_ENCODED_LEN(
								  crypto_hash_sha256_BYTES, BASE64),
    "a digest fits");
_Static_assert(HTTP_SIGNATURE_TEXT_MAX >=
		   sizeof(LABEL "::") + sodium_base64_ENCODED_LEN(SIGNATURE_LEN, BASE64),
    "a signature fits");

enum format_result http_signature_base(
    const struct http_component *components, size_t count, struct view params, struct bytes *out)
{
	enum format_result result = FORMAT_OK;
	struct buffer base;

	buffer_init(&base, HTTP_BASE_MAX);
	for (size_t i = 0; i < count; i++) {
		struct view value = components[i].value;

		/* It would begin a line of its own: another component. */
		if (value.len > 0 && memchr(value.data, '\n', value.len) != NULL) {
			result = FORMAT_MALFORMED;
			goto done;
		}
		buffer_addf(&base, "\"%s\": ", components[i].name);
		buffer_add_view(&base, value);
		buffer_add_byte(&base, '\n');
	}
	buffer_add_text(&base, "\"@signature-params\": ");
	buffer_add_view(&base, params);
	result = format_take(&base, out);
done:
	buffer_clear(&base);
	return result;
}

void http_digest_text(struct view body, char out[HTTP_DIGEST_TEXT_MAX])
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[sodium_base64_ENCODED_LEN(sizeof(hash), BASE64)];

	(void)crypto_hash_sha256(hash, body.data, body.len);
	(void)sodium_bin2base64(text, sizeof(text), hash, sizeof(hash), BASE64);
	(void)snprintf(out, HTTP_DIGEST_TEXT_MAX, "sha-256=:%s:", text);
}

static void input_text(
    const struct http_signature *signature, bool has_body, char out[HTTP_INPUT_TEXT_MAX])
{
	char account[2 * ACCOUNT_ID_LEN + 1];
	char device[2 * DEVICE_ID_LEN + 1];
	char nonce[2 * NONCE_LEN + 1];
	int len;

	hex_encode(view_of(signature->account.bytes, ACCOUNT_ID_LEN), account);
	hex_encode(view_of(signature->device.bytes, DEVICE_ID_LEN), device);
	hex_encode(view_of(signature->nonce, NONCE_LEN), nonce);
	len = snprintf(out, HTTP_INPUT_TEXT_MAX,
	    LABEL "%s;created=%lld;expires=%lld;nonce=\"%s\";alg=\"ed25519\";keyid=\"%s.%s\";"
		  "tag=\"inkseal\"",
	    has_body ? WITH_BODY : PLAIN, (long long)signature->created_s,
	    (long long)signature->expires_s, nonce, account, device);
	assert(len > 0 && (size_t)len < HTTP_INPUT_TEXT_MAX);
}

static bool times_hold(const struct http_signature *signature)
{
	return signature->created_s >= 0 && signature->expires_s > signature->created_s &&
	       signature->expires_s - signature->created_s <= HTTP_SIGNATURE_AGE_MAX_S;
}

/* The base of this form; digest is Content-Digest's value, input Signature-Input's. */
static enum format_result request_base(
    const struct http_request *request, const char *digest, const char *input, struct bytes *out)
{
	char query[HTTP_BASE_MAX];
	size_t count = COMPONENTS_PLAIN;
	struct http_component components[COMPONENTS_MAX] = {
	    {"@method", view_text(request->method)},
	    {"@authority", view_text(request->authority)},
	    {"@path", view_text(request->path)},
	    {"@query", {0}},
	};
	int len = snprintf(query, sizeof(query), "?%s", request->query);

	if (len < 0 || (size_t)len >= sizeof(query))
		return FORMAT_TOO_LARGE;
	components[3].value = view_text(query);
	if (request->content_type != NULL) {
		components[count++] =
		    (struct http_component){"content-type", view_text(request->content_type)};
		components[count++] = (struct http_component){"content-digest", view_text(digest)};
	}
	return http_signature_base(components, count, view_text(input + strlen(LABEL)), out);
}

enum format_result http_signature_make(const struct http_request *request,
    const struct http_signature *signature, const uint8_t sign_secret[SIGN_SECRET_LEN],
    struct http_signature_texts *out)
{
	struct http_signature_texts texts = {{0}, {0}, {0}};
	uint8_t made[SIGNATURE_LEN];
	char text[sodium_base64_ENCODED_LEN(SIGNATURE_LEN, BASE64)];
	struct bytes base = {0};
	enum format_result result;

	if (!times_hold(signature))
		return FORMAT_MALFORMED;
	if (request->content_type != NULL)
		http_digest_text(request->body, texts.digest);
	input_text(signature, request->content_type != NULL, texts.input);
	result = request_base(request, texts.digest, texts.input, &base);
	if (result != FORMAT_OK)
		return result;
	(void)crypto_sign_detached(made, NULL, base.data, base.len, sign_secret);
	(void)sodium_bin2base64(text, sizeof(text), made, sizeof(made), BASE64);
	(void)snprintf(texts.signature, sizeof(texts.signature), LABEL ":%s:", text);
	*out = texts;
	bytes_clear(&base);
	return FORMAT_OK;
}

/* What follows prefix at *at, which moves behind it; false: something else stands there. */
static bool skip(const char **at, const char *prefix)
{
	size_t len = strlen(prefix);

	if (strncmp(*at, prefix, len) != 0)
		return false;
	*at += len;
	return true;
}

static bool read_hex(const char **at, uint8_t *out, size_t out_len)
{
	size_t len = strnlen(*at, 2 * out_len);

	if (!hex_decode(*at, len, out, out_len))
		return false;
	*at += len;
	return true;
}

/* At most 15 digits, as RFC 9651 has its integers. */
static bool read_seconds(const char **at, int64_t *out)
{
	int64_t value = 0;
	size_t digits = 0;

	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (++digits > 15)
			return false;
		value = value * 10 + (**at - '0');
	}
	*out = value;
	return digits > 0;
}

enum format_result http_signature_parse(
    const char *input, struct http_signature *out, bool *has_body_out)
{
	struct http_signature signature;
	char again[HTTP_INPUT_TEXT_MAX];
	const char *at = input;
	bool has_body;

	if (strnlen(input, HTTP_INPUT_TEXT_MAX) == HTTP_INPUT_TEXT_MAX)
		return FORMAT_TOO_LARGE;
	if (!skip(&at, LABEL))
		return FORMAT_MALFORMED;
	has_body = skip(&at, WITH_BODY);
	if ((!has_body && !skip(&at, PLAIN)) || !skip(&at, ";created=") ||
	    !read_seconds(&at, &signature.created_s) || !skip(&at, ";expires=") ||
	    !read_seconds(&at, &signature.expires_s) || !skip(&at, ";nonce=\"") ||
	    !read_hex(&at, signature.nonce, NONCE_LEN) ||
	    !skip(&at, "\";alg=\"ed25519\";keyid=\"") ||
	    !read_hex(&at, signature.account.bytes, ACCOUNT_ID_LEN) || !skip(&at, ".") ||
	    !read_hex(&at, signature.device.bytes, DEVICE_ID_LEN) || !times_hold(&signature))
		return FORMAT_MALFORMED;
	input_text(&signature, has_body, again);
	if (strcmp(again, input) != 0) /* leading zeros, capitals, anything behind */
		return FORMAT_MALFORMED;
	*out = signature;
	*has_body_out = has_body;
	return FORMAT_OK;
}

/* sig1=:BASE64: in its only spelling. */
static bool read_signature(const char *text, uint8_t out[SIGNATURE_LEN])
{
	const char *at = text;
	size_t base64_len = sodium_base64_ENCODED_LEN(SIGNATURE_LEN, BASE64) - 1;
	size_t len = 0;

	return strnlen(text, HTTP_SIGNATURE_TEXT_MAX) == strlen(LABEL "::") + base64_len &&
	       skip(&at, LABEL ":") && strcmp(at + base64_len, ":") == 0 &&
	       sodium_base642bin(out, SIGNATURE_LEN, at, base64_len, NULL, &len, NULL, BASE64) ==
		   0 &&
	       len == SIGNATURE_LEN;
}

bool http_digest_holds(struct view body, const char *digest)
{
	char made[HTTP_DIGEST_TEXT_MAX];

	http_digest_text(body, made);
	return strcmp(made, digest) == 0;
}

enum format_result http_signature_check_head(const struct http_request *request, const char *input,
    const char *signature, const char *digest, const uint8_t sign_public[SIGN_PUBLIC_LEN])
{
	struct http_signature parsed;
	uint8_t given[SIGNATURE_LEN];
	struct bytes base = {0};
	enum format_result result;
	bool has_body;

	result = http_signature_parse(input, &parsed, &has_body);
	if (result != FORMAT_OK)
		return result;
	if (has_body != (request->content_type != NULL) || (has_body && digest == NULL) ||
	    !read_signature(signature, given))
		return FORMAT_MALFORMED;
	result = request_base(request, has_body ? digest : "", input, &base);
	if (result != FORMAT_OK)
		return result;
	if (crypto_sign_verify_detached(given, base.data, base.len, sign_public) != 0)
		result = FORMAT_FORGED;
	bytes_clear(&base);
	return result;
}

enum format_result http_signature_check(const struct http_request *request, const char *input,
    const char *signature, const char *digest, const uint8_t sign_public[SIGN_PUBLIC_LEN])
{
	enum format_result result =
	    http_signature_check_head(request, input, signature, digest, sign_public);

	if (result == FORMAT_OK && request->content_type != NULL &&
	    !http_digest_holds(request->body, digest))
		result = FORMAT_FORGED;
	return result;
}
