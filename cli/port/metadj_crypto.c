/*
 * cli/port/metadj_crypto.c: PBKDF2 and AES-GCM by GnuTLS, as metadj_crypto.h says.
 */
#include "cli/port/metadj_crypto.h"
#include "schemas/base/utf8.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>

#define KEY_LEN 32u

/* ECMAScript's WhiteSpace and LineTerminator, as UTF-8. */
static const char *const spaces[] = {"\t", "\n", "\v", "\f", "\r", " ", "\xC2\xA0", "\xE1\x9A\x80",
    "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85",
    "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80", "\xEF\xBB\xBF"};

/* How many bytes of white space text begins (or ends) with, one character of it; 0: none. */
static size_t space_len(struct view text, bool at_end)
{
	for (size_t i = 0; i < COUNT_OF(spaces); i++) {
		struct view space = view_text(spaces[i]);
		size_t from = at_end && text.len >= space.len ? text.len - space.len : 0;

		if (text.len >= space.len &&
		    view_equal((struct view){text.data + from, space.len}, space))
			return space.len;
	}
	return 0;
}

enum port_result metadj_passphrase(const char *text, struct call *call, struct view *trimmed_out)
{
	struct view trimmed = view_text(text);
	size_t len;

	if (trimmed.len > METADJ_PASSPHRASE_MAX || !utf8_valid(trimmed)) {
		call_sayf(call, "the passphrase is too long, or not UTF-8 text");
		return PORT_PASSPHRASE;
	}
	while ((len = space_len(trimmed, false)) > 0) {
		trimmed.data += len;
		trimmed.len -= len;
	}
	while ((len = space_len(trimmed, true)) > 0)
		trimmed.len -= len;
	if (trimmed.len == 0) {
		call_sayf(call, "the passphrase is empty");
		return PORT_PASSPHRASE;
	}
	*trimmed_out = trimmed;
	return PORT_OK;
}

/* GnuTLS takes what it only reads by pointers that are not const. */
static gnutls_datum_t datum(struct view view)
{
	union {
		const uint8_t *from;
		uint8_t *to;
	} pointer = {view.data};

	assert(view.len <= UINT32_MAX);
	return (gnutls_datum_t){pointer.to, (unsigned)view.len};
}

/* The cipher under the passphrase's key; the key itself does not outlive this call. */
static int cipher_open(
    const struct metadj_seal *seal, struct view passphrase, gnutls_aead_cipher_hd_t *out)
{
	uint8_t key[KEY_LEN];
	gnutls_datum_t secret = datum(passphrase);
	gnutls_datum_t salt = datum(seal->salt);
	gnutls_datum_t key_datum = {key, sizeof(key)};
	int status;

	assert(seal->iterations >= 1 && seal->iterations <= METADJ_ITERATIONS_MAX);
	assert(seal->salt.len >= METADJ_SALT_MIN && seal->salt.len <= METADJ_SALT_MAX);
	status =
	    gnutls_pbkdf2(GNUTLS_MAC_SHA256, &secret, &salt, seal->iterations, key, sizeof(key));
	if (status == 0)
		status = gnutls_aead_cipher_init(out, GNUTLS_CIPHER_AES_256_GCM, &key_datum);
	sodium_memzero(key, sizeof(key));
	return status;
}

enum port_result metadj_encrypt(const struct metadj_seal *seal, struct view passphrase,
    struct view plain, struct call *call, struct bytes *out)
{
	gnutls_aead_cipher_hd_t cipher = NULL;
	struct bytes sealed = {0};
	enum port_result result = PORT_FAILED;
	int status = GNUTLS_E_MEMORY_ERROR;

	if (!bytes_new(plain.len + METADJ_TAG_LEN, &sealed))
		goto done;
	status = cipher_open(seal, passphrase, &cipher);
	if (status == 0)
		status = gnutls_aead_cipher_encrypt(cipher, seal->iv, sizeof(seal->iv), NULL, 0,
		    METADJ_TAG_LEN, plain.data, plain.len, sealed.data, &sealed.len);
	if (status != 0)
		goto done;
	*out = sealed;
	sealed = (struct bytes){0};
	result = PORT_OK;
done:
	if (status != 0)
		call_sayf(call, "cannot encrypt: %s", gnutls_strerror(status));
	if (cipher != NULL)
		gnutls_aead_cipher_deinit(cipher);
	bytes_clear(&sealed);
	return result;
}

enum port_result metadj_decrypt(const struct metadj_seal *seal, struct view passphrase,
    struct view sealed, struct call *call, struct bytes *out)
{
	gnutls_aead_cipher_hd_t cipher = NULL;
	struct bytes plain = {0};
	enum port_result result = PORT_FAILED;
	int status = GNUTLS_E_MEMORY_ERROR;

	if (sealed.len < METADJ_TAG_LEN) {
		call_sayf(call, "the ciphertext is shorter than its tag");
		return PORT_MALFORMED;
	}
	if (!bytes_new(sealed.len - METADJ_TAG_LEN, &plain))
		goto done;
	status = cipher_open(seal, passphrase, &cipher);
	if (status == 0)
		status = gnutls_aead_cipher_decrypt(cipher, seal->iv, sizeof(seal->iv), NULL, 0,
		    METADJ_TAG_LEN, sealed.data, sealed.len, plain.data, &plain.len);
	if (status != 0)
		goto done;
	*out = plain;
	plain = (struct bytes){0};
	result = PORT_OK;
done:
	if (status == GNUTLS_E_DECRYPTION_FAILED) {
		call_sayf(call, "wrong passphrase, or the file is damaged");
		result = PORT_PASSPHRASE;
	} else if (status != 0) {
		call_sayf(call, "cannot decrypt: %s", gnutls_strerror(status));
	}
	if (cipher != NULL)
		gnutls_aead_cipher_deinit(cipher);
	bytes_clear(&plain);
	return result;
}
