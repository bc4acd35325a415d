/*
 * schemas/format.c: identifiers, hashes, signatures, domains.
 */
#include "schemas/format.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *format_result_text(enum format_result result)
{
	switch (result) {
	case FORMAT_OK: return "ok";
	case FORMAT_MALFORMED: return "damaged, or not of this format";
	case FORMAT_TOO_LARGE: return "too large";
	case FORMAT_NEWER: return "made by a newer version: please update inkseal";
	case FORMAT_FORGED: return "a hash, signature or seal does not hold";
	case FORMAT_NO_MEMORY: return "out of memory";
	}
	return "unknown";
}

const char *domain_text(enum domain domain)
{
	/* 17: each text has 16 bytes and the compiler's NUL. */
	static const char texts[][DOMAIN_TEXT_LEN + 1] = {
	    [DOMAIN_ACCOUNT] = "inkseal account",
	    [DOMAIN_DEVICE] = "inkseal device",
	    [DOMAIN_VERSION] = "inkseal version",
	    [DOMAIN_FRAME] = "inkseal frame",
	    [DOMAIN_STATEMENT] = "inkseal stmt",
	    [DOMAIN_PART] = "inkseal part",
	    [DOMAIN_BLOB] = "inkseal blob",
	    [DOMAIN_PACK] = "inkseal pack",
	    [DOMAIN_MANIFEST] = "inkseal manifest",
	    [DOMAIN_SEAL] = "inkseal seal",
	    [DOMAIN_SALT] = "inkseal salt",
	    [DOMAIN_SALT_KEY] = "inkseal saltkey",
	    [DOMAIN_RUN] = "inkseal run",
	    [DOMAIN_EPOCH] = "inkseal epoch",
	    [DOMAIN_RECOVERY] = "inkseal recover",
	    [DOMAIN_ROOT] = "inkseal root",
	    [DOMAIN_COPY] = "inkseal copy",
	    [DOMAIN_CUT] = "inkseal cut",
	    [DOMAIN_CREATE] = "inkseal create",
	    [DOMAIN_WIPE] = "inkseal wipe",
	    [DOMAIN_CHECKSUM] = "inkseal checksum",
	};

	assert((size_t)domain < COUNT_OF(texts));
	return texts[domain];
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool device_equal(const struct device_id *a, const struct device_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool account_equal(const struct account_id *a, const struct account_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool head_equal(const struct head *a, const struct head *b)
{
	return a->seq == b->seq && digest_equal(&a->hash, &b->hash);
}

bool blob_name_equal(const struct blob_name *a, const struct blob_name *b)
{
	return a->count == b->count && digest_equal(&a->hash, &b->hash);
}

void blob_name_text(const struct blob_name *name, char out[BLOB_NAME_TEXT_MAX])
{
	hex_encode(view_of(name->hash.bytes, DIGEST_LEN), out);
	(void)snprintf(out + 2 * DIGEST_LEN, BLOB_NAME_TEXT_MAX - 2 * DIGEST_LEN, ".%llu",
	    (unsigned long long)name->count);
}

bool blob_name_parse(const char *text, size_t len, struct blob_name *out)
{
	struct blob_name name;
	uint64_t count = 0;

	if (len < 2 * DIGEST_LEN + 2 || len >= BLOB_NAME_TEXT_MAX || text[2 * DIGEST_LEN] != '.')
		return false;
	if (!hex_decode(text, (size_t)2 * DIGEST_LEN, name.hash.bytes, DIGEST_LEN))
		return false;
	if (text[2 * DIGEST_LEN + 1] == '0' && len > 2 * DIGEST_LEN + 2)
		return false; /* one text for one name */
	for (size_t i = 2 * DIGEST_LEN + 1; i < len; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || count > (UINT64_MAX - digit) / 10)
			return false;
		count = count * 10 + digit;
	}
	name.count = count;
	*out = name;
	return true;
}

void digest_parts(
    enum domain domain, const struct view *parts, size_t parts_count, struct digest *out)
{
	crypto_generichash_blake2b_state state;
	int result;

	result = crypto_generichash_blake2b_init_salt_personal(
	    &state, NULL, 0, DIGEST_LEN, NULL, (const unsigned char *)domain_text(domain));
	for (size_t i = 0; i < parts_count; i++)
		result |= crypto_generichash_blake2b_update(&state, parts[i].data, parts[i].len);
	result |= crypto_generichash_blake2b_final(&state, out->bytes, DIGEST_LEN);
	assert(result == 0);
	sodium_memzero(&state, sizeof(state));
}

void digest_view(enum domain domain, struct view view, struct digest *out)
{
	digest_parts(domain, &view, 1, out);
}

void device_id_of(const uint8_t sign_public[32], struct device_id *out)
{
	struct digest digest;

	digest_view(DOMAIN_DEVICE, view_of(sign_public, SIGN_PUBLIC_LEN), &digest);
	memcpy(out->bytes, digest.bytes, DEVICE_ID_LEN);
}

enum format_result format_of_buffer(const struct buffer *buffer)
{
	if (!buffer->failed)
		return FORMAT_OK;
	return buffer->over ? FORMAT_TOO_LARGE : FORMAT_NO_MEMORY;
}

enum format_result format_take(struct buffer *buffer, struct bytes *out)
{
	enum format_result result = format_of_buffer(buffer);

	if (result == FORMAT_OK && !buffer_take(buffer, out))
		result = FORMAT_NO_MEMORY;
	return result;
}

/*
 * The domain and the message in one piece, for Ed25519 signs one piece. What is signed is at most a
 * roster (create): bounded, and too large for the stack.
 */
static uint8_t *signed_bytes(enum domain domain, struct view message, size_t *len_out)
{
	uint8_t *bytes = malloc(DOMAIN_TEXT_LEN + message.len);

	if (bytes == NULL)
		return NULL;
	memcpy(bytes, domain_text(domain), DOMAIN_TEXT_LEN);
	if (message.len > 0)
		memcpy(bytes + DOMAIN_TEXT_LEN, message.data, message.len);
	*len_out = DOMAIN_TEXT_LEN + message.len;
	return bytes;
}

bool sign_view(enum domain domain, struct view message, const uint8_t secret[SIGN_SECRET_LEN],
    uint8_t signature_out[SIGNATURE_LEN])
{
	size_t len;
	uint8_t *bytes = signed_bytes(domain, message, &len);
	bool done;

	if (bytes == NULL)
		return false;
	done = crypto_sign_detached(signature_out, NULL, bytes, len, secret) == 0;
	free(bytes);
	return done;
}

enum format_result sign_check(enum domain domain, struct view message,
    const uint8_t public_key[SIGN_PUBLIC_LEN], const uint8_t signature[SIGNATURE_LEN])
{
	size_t len;
	uint8_t *bytes = signed_bytes(domain, message, &len);
	bool holds;

	if (bytes == NULL)
		return FORMAT_NO_MEMORY;
	holds = crypto_sign_verify_detached(signature, bytes, len, public_key) == 0;
	free(bytes);
	return holds ? FORMAT_OK : FORMAT_FORGED;
}
