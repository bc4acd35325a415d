/*
 * tests/schemas/http_signature_test.c: the RFCs' own examples, our one form, and everything near
 * it.
 */
#include "schemas/http_signature.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

/* RFC 9421, B.1.4, test-key-ed25519: what its PKCS #8 and SubjectPublicKeyInfo hold. */
static const char rfc_seed[] = "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU";
static const char rfc_public[] = "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs";

/* B.2.6, "Signing a Request Using ed25519". */
static const char rfc_params[] =
    "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")"
    ";created=1618884473;keyid=\"test-key-ed25519\"";
static const char rfc_base[] =
    "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n"
    "\"@method\": POST\n"
    "\"@path\": /foo\n"
    "\"@authority\": example.com\n"
    "\"content-type\": application/json\n"
    "\"content-length\": 18\n"
    "\"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" "
    "\"content-type\" \"content-length\");created=1618884473"
    ";keyid=\"test-key-ed25519\"";
static const char rfc_signature[] = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUP"
				    "iu4A0w6vuQv5lIp5WPpBKRCw==";

static void from_base64(const char *text, int variant, uint8_t *out, size_t len)
{
	size_t got = 0;

	assert_int_equal(
	    sodium_base642bin(out, len, text, strlen(text), NULL, &got, NULL, variant), 0);
	assert_int_equal(got, len);
}

static void rfc_9421_ed25519_example(void **state)
{
	const struct http_component components[] = {
	    {"date", view_text("Tue, 20 Apr 2021 02:07:55 GMT")},
	    {"@method", view_text("POST")},
	    {"@path", view_text("/foo")},
	    {"@authority", view_text("example.com")},
	    {"content-type", view_text("application/json")},
	    {"content-length", view_text("18")},
	};
	uint8_t seed[32], public_key[32], made_public[32], secret[64], expected[64], made[64];
	struct bytes base = {0};

	(void)state;
	from_base64(rfc_seed, sodium_base64_VARIANT_URLSAFE_NO_PADDING, seed, 32);
	from_base64(rfc_public, sodium_base64_VARIANT_URLSAFE_NO_PADDING, public_key, 32);
	from_base64(rfc_signature, sodium_base64_VARIANT_ORIGINAL, expected, 64);
	(void)crypto_sign_seed_keypair(made_public, secret, seed);
	assert_memory_equal(made_public, public_key, 32);
	assert_int_equal(
	    http_signature_base(components, COUNT_OF(components), view_text(rfc_params), &base),
	    FORMAT_OK);
	assert_string_equal((const char *)base.data, rfc_base);
	(void)crypto_sign_detached(made, NULL, base.data, base.len, secret);
	assert_memory_equal(made, expected, 64);
	assert_int_equal(crypto_sign_verify_detached(expected, base.data, base.len, public_key), 0);
	bytes_clear(&base);
}

static void rfc_9530_digests(void **state)
{
	static const struct {
		const char *body, *digest;
	} rows[] = {
	    /* Appendix B.1, of the content with its line feed; RFC 9421, 2.5, without. */
	    {"{\"hello\": \"world\"}\n", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"},
	    {"{\"hello\": \"world\"}", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"},
	    {"", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"},
	};
	char digest[HTTP_DIGEST_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		http_digest_text(view_text(rows[i].body), digest);
		assert_string_equal(digest, rows[i].digest);
	}
}

static void a_line_feed_begins_no_component(void **state)
{
	const struct http_component one = {"@path", view_text("/a\n\"@method\": GET")};
	struct bytes base = {0};

	(void)state;
	assert_int_equal(http_signature_base(&one, 1, view_text("()"), &base), FORMAT_MALFORMED);
	assert_null(base.data);
}

static void a_long_base_is_refused(void **state)
{
	static char path[HTTP_BASE_MAX + 1];
	struct http_component one = {"@path", {(const uint8_t *)path, HTTP_BASE_MAX}};
	struct bytes base = {0};

	(void)state;
	memset(path, 'a', HTTP_BASE_MAX);
	assert_int_equal(http_signature_base(&one, 1, view_text("()"), &base), FORMAT_TOO_LARGE);
	/* "@path": and a blank, a line feed; "@signature-params": and a blank, then these two. */
	one.value.len = HTTP_BASE_MAX - 9 - 1 - 21 - 2;
	assert_int_equal(http_signature_base(&one, 1, view_text("()"), &base), FORMAT_OK);
	assert_int_equal(base.len, HTTP_BASE_MAX);
	bytes_clear(&base);
	one.value.len++;
	assert_int_equal(http_signature_base(&one, 1, view_text("()"), &base), FORMAT_TOO_LARGE);
	assert_null(base.data);
}

struct signed_request {
	uint8_t public_key[32], secret[64];
	struct http_request request;
	struct http_signature signature;
	struct http_signature_texts texts;
};

static void make(struct signed_request *made, bool has_body)
{
	uint8_t seed[32] = {7};

	memset(made, 0, sizeof(*made));
	(void)crypto_sign_seed_keypair(made->public_key, made->secret, seed);
	made->request = (struct http_request){
	    .method = has_body ? "POST" : "GET",
	    .authority = "127.0.0.1:8737",
	    .path = has_body ? "/v1/sync" : "/v1/watch",
	    .query = has_body ? "" : "seq=7",
	    .content_type = has_body ? "application/cbor" : NULL,
	    .body = has_body ? view_text("a body") : (struct view){0},
	};
	made->signature.created_s = 1700000000;
	made->signature.expires_s = 1700000300;
	memset(made->signature.account.bytes, 0xab, ACCOUNT_ID_LEN);
	memset(made->signature.device.bytes, 0xcd, DEVICE_ID_LEN);
	memset(made->signature.nonce, 0x0f, NONCE_LEN);
	assert_int_equal(
	    http_signature_make(&made->request, &made->signature, made->secret, &made->texts),
	    FORMAT_OK);
}

static enum format_result check(const struct signed_request *made)
{
	return http_signature_check(&made->request, made->texts.input, made->texts.signature,
	    made->texts.digest[0] != '\0' ? made->texts.digest : NULL, made->public_key);
}

static void the_form_is_this_one(void **state)
{
	struct signed_request made;

	(void)state;
	make(&made, true);
	assert_string_equal(made.texts.input,
	    "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-type\" "
	    "\"content-digest\");created=1700000000;expires=1700000300;"
	    "nonce=\"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\";alg=\"ed25519\";"
	    "keyid=\"abababababababababababababababababababab."
	    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\";tag=\"inkseal\"");
	assert_string_equal(
	    made.texts.digest, "sha-256=:dxgk3kIodkL6D74LVouAzDKQ4pt9PNbvvHsbjrEDewQ=:");
	assert_int_equal(strlen(made.texts.signature), strlen("sig1=::") + 88);
	make(&made, false);
	assert_non_null(
	    strstr(made.texts.input, "(\"@method\" \"@authority\" \"@path\" \"@query\");"));
	assert_string_equal(made.texts.digest, "");
}

static void what_was_signed_is_read_and_holds(void **state)
{
	struct signed_request made;
	struct http_signature parsed;
	bool has_body;

	(void)state;
	for (int with = 0; with < 2; with++) {
		make(&made, with == 1);
		assert_int_equal(
		    http_signature_parse(made.texts.input, &parsed, &has_body), FORMAT_OK);
		assert_int_equal(has_body, with == 1);
		assert_int_equal(parsed.created_s, 1700000000);
		assert_int_equal(parsed.expires_s, 1700000300);
		assert_memory_equal(
		    parsed.account.bytes, made.signature.account.bytes, ACCOUNT_ID_LEN);
		assert_memory_equal(
		    parsed.device.bytes, made.signature.device.bytes, DEVICE_ID_LEN);
		assert_memory_equal(parsed.nonce, made.signature.nonce, NONCE_LEN);
		assert_int_equal(check(&made), FORMAT_OK);
	}
}

static void each_covered_part_matters(void **state)
{
	struct signed_request made;

	(void)state;
	make(&made, true);
	made.request.method = "PUT";
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.request.authority = "127.0.0.1:8738";
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.request.path = "/v1/sync/";
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.request.query = "a";
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.request.content_type = "application/json";
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.request.body = view_text("a Body");
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	http_digest_text(view_text("another"), made.texts.digest);
	made.request.body = view_text("another");
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, true);
	made.public_key[0] ^= 1;
	assert_int_equal(check(&made), FORMAT_FORGED);
	make(&made, false); /* path and query do not run into one another */
	made.request.path = "/v1/watch?seq=7";
	made.request.query = "";
	assert_int_equal(check(&made), FORMAT_FORGED);
}

static void a_body_is_covered_or_not_there(void **state)
{
	struct signed_request made;

	(void)state;
	make(&made, false);
	made.request.content_type = "application/cbor";
	made.request.body = view_text("a body");
	assert_int_equal(check(&made), FORMAT_MALFORMED);
	make(&made, true);
	made.request.content_type = NULL;
	assert_int_equal(check(&made), FORMAT_MALFORMED);
	make(&made, true);
	made.texts.digest[0] = '\0';
	assert_int_equal(check(&made), FORMAT_MALFORMED);
}

/* Before the body is here: what the header claims of it is signed, and compared when it comes. */
static void the_head_is_checked_without_the_body(void **state)
{
	struct signed_request made;
	struct view body;

	(void)state;
	make(&made, true);
	body = made.request.body;
	made.request.body = (struct view){0};
	assert_int_equal(http_signature_check_head(&made.request, made.texts.input,
			     made.texts.signature, made.texts.digest, made.public_key),
	    FORMAT_OK);
	assert_int_equal(check(&made), FORMAT_FORGED);
	assert_true(http_digest_holds(body, made.texts.digest));
	assert_false(http_digest_holds(view_text("another"), made.texts.digest));
	assert_false(http_digest_holds(body, ""));
	for (size_t i = 0; made.texts.digest[i] != '\0'; i++) { /* to its last character */
		made.texts.digest[i] ^= 1;
		assert_false(http_digest_holds(body, made.texts.digest));
		made.texts.digest[i] ^= 1;
	}
	http_digest_text(view_text("another"), made.texts.digest); /* one that was not signed */
	assert_int_equal(http_signature_check_head(&made.request, made.texts.input,
			     made.texts.signature, made.texts.digest, made.public_key),
	    FORMAT_FORGED);
	made.request.body = view_text("another");
	assert_int_equal(check(&made), FORMAT_FORGED);
}

/* The texts with one place changed to something that stands near. */
static const struct {
	const char *name, *from, *to;
} edits[] = {
    {"another label", "sig1=", "sig2="},
    {"a component missing", "\"@authority\" ", ""},
    {"components in another order", "\"@method\" \"@authority\"", "\"@authority\" \"@method\""},
    {"a blank more", "\"@method\" ", "\"@method\"  "},
    {"a blank before a parameter", ";created", "; created"},
    {"created missing", ";created=1700000000", ""},
    {"created as text", "created=1700000000", "created=\"1700000000\""},
    {"created with a zero first", "created=1700000000", "created=01700000000"},
    {"created below zero", "created=1700000000", "created=-1700000000"},
    {"created of 16 digits", "created=1700000000", "created=1700000000000000"},
    {"expires before created", "expires=1700000300", "expires=1699999999"},
    {"expires at created", "expires=1700000300", "expires=1700000000"},
    {"good for longer", "expires=1700000300", "expires=1700000301"},
    {"a short nonce", "nonce=\"0f", "nonce=\""},
    {"a nonce in capitals", "nonce=\"0f", "nonce=\"0F"},
    {"another algorithm", "alg=\"ed25519\"", "alg=\"hmac-sha256\""},
    {"no algorithm", ";alg=\"ed25519\"", ""},
    {"another tag", "tag=\"inkseal\"", "tag=\"other\""},
    {"a key id without a device", ".cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd", ""},
    {"a key id with a blank", "keyid=\"ab", "keyid=\" b"},
    {"something behind", "tag=\"inkseal\"", "tag=\"inkseal\";x"},
    {"another signature behind", "tag=\"inkseal\"", "tag=\"inkseal\", sig2=()"},
};

static void one_form_alone_is_taken(void **state)
{
	struct signed_request made;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(edits); i++) {
		char changed[HTTP_INPUT_TEXT_MAX + 64];
		struct http_signature untouched = {.created_s = 1};
		bool has_body = false;
		const char *at;

		make(&made, true);
		at = strstr(made.texts.input, edits[i].from);
		assert_non_null(at);
		(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - made.texts.input),
		    made.texts.input, edits[i].to, at + strlen(edits[i].from));
		if (http_signature_parse(changed, &untouched, &has_body) != FORMAT_MALFORMED)
			fail_msg("%s: taken", edits[i].name);
		assert_int_equal(untouched.created_s, 1);
	}
}

static void sign_by_hand(struct signed_request *made, const char *input)
{
	struct http_component components[6] = {{"@method", view_text(made->request.method)},
	    {"@authority", view_text(made->request.authority)},
	    {"@path", view_text(made->request.path)}, {"@query", view_text("?seq=7")}};
	size_t count = 4;
	char text[sodium_base64_ENCODED_LEN(SIGNATURE_LEN, sodium_base64_VARIANT_ORIGINAL)];
	uint8_t signature[SIGNATURE_LEN];
	struct bytes base = {0};

	if (made->request.content_type != NULL) {
		components[3].value = view_text("?");
		components[count++] =
		    (struct http_component){"content-type", view_text(made->request.content_type)};
		components[count++] =
		    (struct http_component){"content-digest", view_text(made->texts.digest)};
	}
	assert_int_equal(
	    http_signature_base(components, count, view_text(input + strlen("sig1=")), &base),
	    FORMAT_OK);
	(void)crypto_sign_detached(signature, NULL, base.data, base.len, made->secret);
	(void)sodium_bin2base64(
	    text, sizeof(text), signature, sizeof(signature), sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(made->texts.signature, sizeof(made->texts.signature), "sig1=:%s:", text);
	bytes_clear(&base);
}

/* Not even by who has the key: what is signed has to be of this form. */
static void another_form_is_not_taken_signed(void **state)
{
	struct signed_request made;

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(edits); i++) {
		char changed[HTTP_INPUT_TEXT_MAX + 64];
		const char *from = edits[i / 2].from, *at;
		enum format_result result;

		make(&made, i % 2 == 1);
		sign_by_hand(&made, made.texts.input);
		assert_int_equal(check(&made), FORMAT_OK);
		at = strstr(made.texts.input, from);
		assert_non_null(at);
		(void)snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - made.texts.input),
		    made.texts.input, edits[i / 2].to, at + strlen(from));
		sign_by_hand(&made, changed);
		result = http_signature_check(&made.request, changed, made.texts.signature,
		    made.texts.digest, made.public_key);
		if (result != FORMAT_MALFORMED)
			fail_msg("%s: %s", edits[i / 2].name, format_result_text(result));
	}
}

static void every_cut_and_flip_is_refused(void **state)
{
	struct signed_request made;
	size_t len;

	(void)state;
	make(&made, true);
	len = strlen(made.texts.input);
	for (size_t i = 0; i < len; i++) {
		make(&made, true);
		made.texts.input[i] = '\0';
		assert_int_not_equal(check(&made), FORMAT_OK);
		make(&made, true);
		made.texts.input[i] ^= 1;
		assert_int_not_equal(check(&made), FORMAT_OK);
	}
	len = strlen(made.texts.signature);
	for (size_t i = 0; i < len; i++) {
		make(&made, true);
		made.texts.signature[i] = '\0';
		assert_int_not_equal(check(&made), FORMAT_OK);
		make(&made, true);
		made.texts.signature[i] ^= 1;
		assert_int_not_equal(check(&made), FORMAT_OK);
	}
}

static void a_text_that_does_not_end_is_refused(void **state)
{
	char endless[HTTP_INPUT_TEXT_MAX];
	struct http_signature signature;
	bool has_body;

	(void)state;
	memset(endless, 'a', sizeof(endless));
	assert_int_equal(http_signature_parse(endless, &signature, &has_body), FORMAT_TOO_LARGE);
	/* Nor is one taken that ends right behind. */
	for (int with = 0; with < 2; with++) {
		struct signed_request made;
		char text[HTTP_INPUT_TEXT_MAX + 1];

		make(&made, with == 1);
		(void)snprintf(
		    text, sizeof(text), "%-*s", (int)HTTP_INPUT_TEXT_MAX, made.texts.input);
		assert_int_equal(http_signature_check_head(&made.request, text,
				     made.texts.signature, made.texts.digest, made.public_key),
		    FORMAT_TOO_LARGE);
		text[HTTP_INPUT_TEXT_MAX - 1] = '\0';
		assert_int_equal(http_signature_check_head(&made.request, text,
				     made.texts.signature, made.texts.digest, made.public_key),
		    FORMAT_MALFORMED);
	}
}

static void times_out_of_order_are_not_signed(void **state)
{
	static const struct {
		int64_t created, expires;
		bool good;
	} rows[] = {
	    {0, 1, true},
	    {0, HTTP_SIGNATURE_AGE_MAX_S, true},
	    {0, HTTP_SIGNATURE_AGE_MAX_S + 1, false},
	    {0, 0, false},
	    {-1, 1, false},
	    {5, 4, false},
	    {999999999999998, 999999999999999, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct signed_request made;
		struct http_signature_texts untouched;
		enum format_result result;

		make(&made, true);
		untouched = made.texts;
		made.signature.created_s = rows[i].created;
		made.signature.expires_s = rows[i].expires;
		result =
		    http_signature_make(&made.request, &made.signature, made.secret, &made.texts);
		if (result != (rows[i].good ? FORMAT_OK : FORMAT_MALFORMED))
			fail_msg("row %zu: %s", i, format_result_text(result));
		if (rows[i].good)
			assert_int_equal(check(&made), FORMAT_OK);
		else
			assert_memory_equal(&made.texts, &untouched, sizeof(untouched));
	}
}

/* A query is signed behind its question mark, up to what a base holds at most. */
static void a_long_query_is_refused(void **state)
{
	static char query[HTTP_BASE_MAX + 1];
	struct signed_request made;
	struct http_signature_texts untouched;

	(void)state;
	for (size_t len = HTTP_BASE_MAX - 2; len <= HTTP_BASE_MAX; len++) {
		make(&made, false);
		untouched = made.texts;
		memset(query, 'q', len);
		query[len] = '\0';
		made.request.query = query;
		assert_int_equal(
		    http_signature_make(&made.request, &made.signature, made.secret, &made.texts),
		    FORMAT_TOO_LARGE);
		assert_memory_equal(&made.texts, &untouched, sizeof(untouched));
		assert_int_equal(check(&made), FORMAT_TOO_LARGE);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rfc_9421_ed25519_example),
    cmocka_unit_test(rfc_9530_digests),
    cmocka_unit_test(a_line_feed_begins_no_component),
    cmocka_unit_test(a_long_base_is_refused),
    cmocka_unit_test(the_form_is_this_one),
    cmocka_unit_test(what_was_signed_is_read_and_holds),
    cmocka_unit_test(each_covered_part_matters),
    cmocka_unit_test(a_body_is_covered_or_not_there),
    cmocka_unit_test(the_head_is_checked_without_the_body),
    cmocka_unit_test(one_form_alone_is_taken),
    cmocka_unit_test(another_form_is_not_taken_signed),
    cmocka_unit_test(every_cut_and_flip_is_refused),
    cmocka_unit_test(a_text_that_does_not_end_is_refused),
    cmocka_unit_test(times_out_of_order_are_not_signed),
    cmocka_unit_test(a_long_query_is_refused),
};
TEST_MAIN(tests)
