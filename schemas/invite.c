/*
 * schemas/invite.c: an invitation's key and bytes.
 */
#include "schemas/invite.h"
#include "schemas/cbor.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char personal[DOMAIN_TEXT_LEN + 1] = "inkseal invite\0";
static const char word[] = "invite";

bool invite_key(const char *token, char out[INVITE_KEY_MAX])
{
	uint8_t secret[INVITE_TOKEN_LEN];
	struct digest hash;
	char hex[2 * DIGEST_LEN + 1];
	size_t len = strnlen(token, INVITE_TOKEN_TEXT_MAX);

	if (!hex_decode(token, len, secret, sizeof(secret)))
		return false;
	(void)crypto_generichash_blake2b_salt_personal(hash.bytes, DIGEST_LEN, secret,
	    sizeof(secret), NULL, 0, NULL, (const uint8_t *)personal);
	sodium_memzero(secret, sizeof(secret));
	hex_encode(view_of(hash.bytes, DIGEST_LEN), hex);
	(void)snprintf(out, INVITE_KEY_MAX, "n/%s", hex);
	return true;
}

enum format_result invite_encode(const struct invite *invite, struct bytes *out)
{
	enum format_result result = FORMAT_OK;
	struct buffer buffer;

	buffer_init(&buffer, INVITE_MAX);
	cbor_put_map(&buffer, invite->spent ? 4 : 3);
	cbor_put_uint(&buffer, 0);
	cbor_put_uint(&buffer, FORMAT_VERSION);
	cbor_put_uint(&buffer, 1);
	cbor_put_text(&buffer, view_text(word));
	cbor_put_uint(&buffer, 2);
	cbor_put_int(&buffer, invite->made_ms);
	if (invite->spent) {
		cbor_put_uint(&buffer, 3);
		cbor_put_bytes(&buffer, invite->account.bytes, ACCOUNT_ID_LEN);
	}
	if (!buffer_take(&buffer, out))
		result = FORMAT_NO_MEMORY;
	buffer_clear(&buffer);
	return result;
}

enum format_result invite_decode(struct view encoded, struct invite *out)
{
	struct invite invite = {0};
	struct cbor_reader reader;
	enum format_result result;
	struct cbor_map map;
	unsigned key;

	if (encoded.len > INVITE_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&reader); break;
		case 1:
			if (!view_equal(cbor_text(&reader, sizeof(word)), view_text(word)))
				cbor_fail(&reader, FORMAT_MALFORMED);
			break;
		case 2: invite.made_ms = cbor_time(&reader); break;
		case 3:
			cbor_fixed(&reader, invite.account.bytes, ACCOUNT_ID_LEN);
			invite.spent = true;
			break;
		default: cbor_fail(&reader, FORMAT_MALFORMED); break;
		}
	}
	cbor_map_need(&reader, &map, 0x7);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		*out = invite;
	return result;
}
