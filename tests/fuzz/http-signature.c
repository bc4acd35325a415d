/*
 * tests/fuzz/http-signature.c: the header fields that sign a request: any texts; and a request made
 * of the input and signed, which holds as it is and not once a byte of it was changed.
 */
#include "schemas/http_signature.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

struct texts { /* each a copy with a NUL */
	struct bytes path, query, body;
};

static void parse(const char *input)
{
	struct { /* one struct, so that both are looked at together */
		struct http_signature signature;
		bool has_body;
	} out;

	fuzz_mark(&out, sizeof(out));
	if (!fuzz_decoded(
		http_signature_parse(input, &out.signature, &out.has_body), &out, sizeof(out)))
		return;
	fuzz_check(
	    out.signature.expires_s > out.signature.created_s &&
		out.signature.expires_s - out.signature.created_s <= HTTP_SIGNATURE_AGE_MAX_S,
	    "times are in order");
}

static bool checks(const struct http_request *request, const struct http_signature_texts *texts,
    const uint8_t public_key[SIGN_PUBLIC_LEN])
{
	return http_signature_check(
		   request, texts->input, texts->signature, texts->digest, public_key) == FORMAT_OK;
}

/* One letter of one of the three fields. */
static void spoil(struct fuzz_script *script, struct http_signature_texts *texts)
{
	char *const fields[] = {texts->input, texts->signature, texts->digest};
	char *field = fields[fuzz_pick(script, texts->digest[0] == '\0' ? 2 : 3)];
	size_t at = fuzz_pick(script, strlen(field));

	field[at] = (char)((unsigned char)field[at] ^ (1u + fuzz_pick(script, 127)));
	if (field[at] == '\0')
		field[at] = ' ';
}

static void check_made(struct fuzz_script *script, const struct texts *made)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "DELETE"};
	struct http_request request = {.method = methods[fuzz_pick(script, 4)],
	    .authority = "sync.example.org",
	    .path = (const char *)made->path.data,
	    .query = (const char *)made->query.data};
	struct http_signature signature = {.created_s = (int64_t)(fuzz_number(script) >> 24)};
	struct http_signature_texts texts = {{0}, {0}, {0}};
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	enum format_result result;

	signature.expires_s = signature.created_s + 1 + fuzz_byte(script);
	if (made->body.len > 0) {
		request.content_type = "application/cbor";
		request.body = view_bytes(&made->body);
	}
	fuzz_key(1, public_key, secret);
	result = http_signature_make(&request, &signature, secret, &texts);
	if (result != FORMAT_OK)
		return;
	parse(texts.input);
	fuzz_check(checks(&request, &texts, public_key), "what was signed holds");
	if (made->body.len > 0) {
		made->body.data[0] ^= 1;
		fuzz_check(!checks(&request, &texts, public_key), "another body does not");
		made->body.data[0] ^= 1;
	}
	spoil(script, &texts);
	fuzz_check(!checks(&request, &texts, public_key), "nor another field");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t no_key[SIGN_PUBLIC_LEN];
	struct http_request request = {"POST", "sync.example.org", "/v1/sync", "", NULL, {NULL, 0}};
	struct fuzz_script script;
	struct bytes text = {0};
	struct texts made = {0};

	if (!bytes_copy(view_of(data, size), &text))
		return 0;
	parse((const char *)text.data);
	fuzz_check(http_signature_check(&request, (const char *)text.data, (const char *)text.data,
		       (const char *)text.data, no_key) != FORMAT_OK,
	    "three times one text is no signature");
	fuzz_begin(&script, data, size);
	if (bytes_copy(fuzz_take(&script, 300), &made.path) &&
	    bytes_copy(fuzz_take(&script, 300), &made.query) &&
	    bytes_copy(fuzz_take(&script, 300), &made.body))
		check_made(&script, &made);
	bytes_clear(&made.path);
	bytes_clear(&made.query);
	bytes_clear(&made.body);
	bytes_clear(&text);
	return 0;
}
