/*
 * cli/engine/key_file.c: the key file's bytes, with and without a passphrase.
 */
#include "cli/engine/key_file.h"
#include "cli/engine/seal.h"
#include "schemas/cbor.h"

#include <sodium.h>
#include <string.h>

/* The key file: {0: version, 1: device, 2: wipe seed, 3: null / [operations, bytes, salt], 4:
 * secrets}. */
#define SECRETS_LEN 64u /* signing seed ‖ box secret */
#define PASS_OPS 3u
#define PASS_BYTES (64u << 20)
#define PASS_OPS_MAX 16u
#define PASS_BYTES_MAX (1u << 30)
#define PASS_SALT_LEN 16u
#define CHECKSUM_LEN 8u
_Static_assert(PASS_SALT_LEN == crypto_pwhash_SALTBYTES, "libsodium's Argon2id salt");

struct keyfile {
	struct device_id device;
	uint8_t wipe_seed[32];
	bool locked;
	uint64_t ops, bytes;
	uint8_t salt[PASS_SALT_LEN];
	struct view secrets;
};

/* Under a key of its own (fresh salt, one message), so the nonce may be zero. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

static bool pass_key(const struct keyfile *file, struct view passphrase, uint8_t out[32])
{
	return crypto_pwhash(out, 32, (const char *)passphrase.data, passphrase.len, file->salt,
		   file->ops, (size_t)file->bytes, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static void put_members(struct buffer *out, const struct keyfile *file, size_t pairs)
{
	cbor_put_map(out, pairs);
	cbor_put_uint(out, 0);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, 1);
	cbor_put_bytes(out, file->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(out, 2);
	cbor_put_bytes(out, file->wipe_seed, sizeof(file->wipe_seed));
	cbor_put_uint(out, 3);
	if (file->locked) {
		cbor_put_array(out, 3);
		cbor_put_uint(out, file->ops);
		cbor_put_uint(out, file->bytes);
		cbor_put_bytes(out, file->salt, PASS_SALT_LEN);
	} else {
		cbor_put_null(out);
	}
	cbor_put_uint(out, 4);
	cbor_put_view(out, file->secrets);
}

static bool keyfile_checksum(const struct keyfile *file, uint8_t out[CHECKSUM_LEN])
{
	struct buffer buffer;
	struct digest digest;
	bool done;

	buffer_init(&buffer, KEYFILE_MAX);
	put_members(&buffer, file, 5);
	done = !buffer.failed;
	if (done) {
		digest_view(DOMAIN_CHECKSUM, buffer_view(&buffer), &digest);
		memcpy(out, digest.bytes, CHECKSUM_LEN);
	}
	buffer_clear(&buffer);
	return done;
}

static void put_keyfile(struct buffer *out, const struct keyfile *file)
{
	uint8_t checksum[CHECKSUM_LEN];

	if (!keyfile_checksum(file, checksum)) {
		out->failed = true;
		return;
	}
	put_members(out, file, 6);
	cbor_put_uint(out, 5);
	cbor_put_bytes(out, checksum, CHECKSUM_LEN);
}

enum format_result keyfile_encode(const struct device_keys *keys, struct view passphrase,
    const struct random *random, struct bytes *out)
{
	uint8_t secrets[SECRETS_LEN];
	uint8_t sealed[SECRETS_LEN + SEAL_OVERHEAD];
	uint8_t key[32];
	struct keyfile file = {.device = keys->id, .secrets = {secrets, SECRETS_LEN}};
	struct buffer buffer;
	enum format_result result = FORMAT_NO_MEMORY;

	buffer_init(&buffer, KEYFILE_MAX);
	crypto_sign_ed25519_sk_to_seed(secrets, keys->sign_secret);
	memcpy(secrets + 32, keys->box_secret, 32);
	crypto_sign_ed25519_sk_to_seed(file.wipe_seed, keys->wipe_secret);
	if (passphrase.data != NULL) {
		file.locked = true;
		file.ops = PASS_OPS;
		file.bytes = PASS_BYTES;
		random_fill(random, file.salt, sizeof(file.salt));
		if (!pass_key(&file, passphrase, key))
			goto done;
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, secrets, SECRETS_LEN,
		    keys->id.bytes, DEVICE_ID_LEN, NULL, zero_nonce, key);
		file.secrets = view_of(sealed, sizeof(sealed));
	}
	put_keyfile(&buffer, &file);
	if (buffer_take(&buffer, out))
		result = FORMAT_OK;
done:
	buffer_clear(&buffer);
	sodium_memzero(secrets, sizeof(secrets));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&file, sizeof(file));
	return result;
}

static enum format_result read_keyfile(struct view bytes, struct keyfile *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct keyfile file = {0};
	uint8_t checksum[CHECKSUM_LEN] = {0};
	uint8_t expected[CHECKSUM_LEN];
	enum format_result result;
	unsigned key;

	if (bytes.len > KEYFILE_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, bytes);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&reader); break;
		case 1: cbor_fixed(&reader, file.device.bytes, DEVICE_ID_LEN); break;
		case 2: cbor_fixed(&reader, file.wipe_seed, sizeof(file.wipe_seed)); break;
		case 3:
			file.locked = !cbor_null(&reader);
			if (!file.locked)
				break;
			cbor_array_exact(&reader, 3);
			file.ops = cbor_uint(&reader, PASS_OPS_MAX);
			file.bytes = cbor_uint(&reader, PASS_BYTES_MAX);
			cbor_fixed(&reader, file.salt, PASS_SALT_LEN);
			break;
		case 4: file.secrets = cbor_bytes(&reader, SECRETS_LEN + SEAL_OVERHEAD); break;
		case 5: cbor_fixed(&reader, checksum, CHECKSUM_LEN); break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, 0x3F);
	if (file.secrets.len != SECRETS_LEN + (file.locked ? SEAL_OVERHEAD : 0))
		cbor_fail(&reader, FORMAT_MALFORMED);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK && !keyfile_checksum(&file, expected))
		result = FORMAT_NO_MEMORY;
	if (result == FORMAT_OK && sodium_memcmp(checksum, expected, CHECKSUM_LEN) != 0)
		result = FORMAT_MALFORMED;
	if (result == FORMAT_OK)
		*out = file;
	sodium_memzero(&file, sizeof(file));
	return result;
}

enum format_result keyfile_locked(struct view file, bool *locked_out)
{
	struct keyfile decoded;
	enum format_result result = read_keyfile(file, &decoded);

	if (result == FORMAT_OK) {
		*locked_out = decoded.locked;
		sodium_memzero(&decoded, sizeof(decoded));
	}
	return result;
}

enum format_result keyfile_decode(struct view file, struct view passphrase, struct device_keys *out)
{
	struct keyfile decoded;
	struct device_keys keys = {0};
	uint8_t secrets[SECRETS_LEN];
	uint8_t key[32];
	enum format_result result = read_keyfile(file, &decoded);

	if (result != FORMAT_OK)
		return result;
	if (!decoded.locked) {
		memcpy(secrets, decoded.secrets.data, SECRETS_LEN);
	} else {
		result = FORMAT_FORGED;
		if (passphrase.data == NULL)
			goto done;
		if (!pass_key(&decoded, passphrase, key)) {
			result = FORMAT_NO_MEMORY;
			goto done;
		}
		if (crypto_aead_xchacha20poly1305_ietf_decrypt(secrets, NULL, NULL,
			decoded.secrets.data, decoded.secrets.len, decoded.device.bytes,
			DEVICE_ID_LEN, zero_nonce, key) != 0)
			goto done;
	}
	device_keys_from_seeds(secrets, secrets + 32, decoded.wipe_seed, &keys);
	result = FORMAT_MALFORMED;
	if (!device_equal(&keys.id, &decoded.device))
		goto done;
	*out = keys;
	result = FORMAT_OK;
done:
	sodium_memzero(secrets, sizeof(secrets));
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&decoded, sizeof(decoded));
	device_keys_clear(&keys);
	return result;
}

enum format_result keyfile_wipe_key(
    struct view file, struct device_id *device_out, uint8_t wipe_secret_out[SIGN_SECRET_LEN])
{
	struct keyfile decoded;
	uint8_t public_key[SIGN_PUBLIC_LEN];
	enum format_result result = read_keyfile(file, &decoded);

	if (result != FORMAT_OK)
		return result;
	(void)crypto_sign_seed_keypair(public_key, wipe_secret_out, decoded.wipe_seed);
	*device_out = decoded.device;
	sodium_memzero(&decoded, sizeof(decoded));
	return FORMAT_OK;
}
