/*
 * cli/engine/keys.c: device keys and the key file; making statements; finding epoch keys.
 */
#include "cli/engine/keys.h"
#include "schemas/base/utf8.h"
#include "schemas/cbor.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* Keys from seeds; the seeds are wiped by the caller. */
static void keys_from_seeds(const uint8_t sign_seed[32], const uint8_t box_secret[32],
    const uint8_t *wipe_seed, struct device_keys *out)
{
	int result = crypto_sign_seed_keypair(out->sign_public, out->sign_secret, sign_seed);

	memcpy(out->box_secret, box_secret, sizeof(out->box_secret));
	result |= crypto_scalarmult_base(out->box_public, out->box_secret);
	memset(out->wipe_public, 0, sizeof(out->wipe_public));
	memset(out->wipe_secret, 0, sizeof(out->wipe_secret));
	if (wipe_seed != NULL)
		result |= crypto_sign_seed_keypair(out->wipe_public, out->wipe_secret, wipe_seed);
	assert(result == 0);
	device_id_of(out->sign_public, &out->id);
}

void device_keys_new(const struct random *random, struct device_keys *out)
{
	uint8_t seeds[3][32];

	random_fill(random, seeds, sizeof(seeds));
	keys_from_seeds(seeds[0], seeds[1], seeds[2], out);
	sodium_memzero(seeds, sizeof(seeds));
}

void device_keys_recovery(
    const uint8_t key[RECOVERY_KEY_LEN], const struct digest *previous, struct device_keys *out)
{
	uint8_t both[64];
	int result = crypto_generichash_blake2b_salt_personal(both, sizeof(both), previous->bytes,
	    DIGEST_LEN, key, RECOVERY_KEY_LEN, NULL,
	    (const unsigned char *)domain_text(DOMAIN_RECOVERY));

	assert(result == 0);
	keys_from_seeds(both, both + 32, NULL, out);
	sodium_memzero(both, sizeof(both));
}

void device_keys_clear(struct device_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}

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
	keys_from_seeds(secrets, secrets + 32, decoded.wipe_seed, &keys);
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

static void describe(
    const struct device_keys *keys, enum device_role role, struct statement_device *out)
{
	*out = (struct statement_device){.role = role};
	memcpy(out->sign_public, keys->sign_public, SIGN_PUBLIC_LEN);
	memcpy(out->box_public, keys->box_public, BOX_PUBLIC_LEN);
	memcpy(out->wipe_public, keys->wipe_public, SIGN_PUBLIC_LEN);
}

/*
 * libsodium's sealed box (X25519, XSalsa20-Poly1305; nonce = BLAKE2b-192 of both public keys), with
 * the ephemeral key out of the caller's randomness: crypto_box_seal would ask the system for its
 * own.
 */
static enum format_result box_for(const struct device_keys *device, const struct epoch_key *key,
    const struct random *random, struct box *out)
{
	uint8_t seed[crypto_box_SEEDBYTES];
	uint8_t secret[crypto_box_SECRETKEYBYTES];
	uint8_t nonce[crypto_box_NONCEBYTES];
	uint8_t both[2 * BOX_PUBLIC_LEN]; /* ephemeral public key ‖ the device's */
	int failed;

	random_fill(random, seed, sizeof(seed));
	failed = crypto_box_seed_keypair(both, secret, seed);
	memcpy(both + BOX_PUBLIC_LEN, device->box_public, BOX_PUBLIC_LEN);
	failed |= crypto_generichash(nonce, sizeof(nonce), both, sizeof(both), NULL, 0);
	memcpy(out->sealed, both, BOX_PUBLIC_LEN);
	failed |= crypto_box_easy(out->sealed + BOX_PUBLIC_LEN, key->bytes, EPOCH_KEY_LEN, nonce,
	    device->box_public, secret);
	out->device = device->id;
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
	return failed == 0 ? FORMAT_OK : FORMAT_MALFORMED; /* a public key of low order */
}

/* One device's name, sealed under the epoch's key. */
static enum format_result name_part(const struct epoch_key *key, const struct random *random,
    const struct digest *previous, const struct device_id *device, struct view name,
    struct bytes *out)
{
	struct buffer names;
	enum format_result result;

	if (name.len == 0 || name.len > DEVICE_NAME_MAX || !utf8_valid(name))
		return FORMAT_TOO_LARGE;
	buffer_init(&names, STATEMENT_MAX);
	cbor_put_map(&names, 1);
	cbor_put_bytes(&names, device->bytes, DEVICE_ID_LEN);
	cbor_put_text(&names, name);
	result = names.failed
		     ? FORMAT_NO_MEMORY
		     : seal_part(key, random, PART_USE_NAMES, previous, buffer_view(&names), out);
	buffer_clear(&names);
	return result;
}

enum format_result genesis_make(const struct device_keys *device, struct view name,
    const uint8_t recovery_key[RECOVERY_KEY_LEN], int64_t now_ms, const struct random *random,
    struct bytes *roster_out)
{
	struct statement genesis = {.kind = STATEMENT_GENESIS,
	    .signer = device->id,
	    .time_ms = now_ms,
	    .added_count = 2,
	    .has_epoch = true,
	    .epoch = {.number = 1}};
	struct device_keys recovery = {0};
	struct epoch_key key;
	struct box boxes[2];
	struct bytes names = {0};
	struct bytes box_part = {0};
	struct bytes encoded = {0};
	enum format_result result;

	random_fill(random, genesis.previous.bytes, DIGEST_LEN);
	random_fill(random, key.bytes, EPOCH_KEY_LEN);
	device_keys_recovery(recovery_key, &genesis.previous, &recovery);
	describe(device, ROLE_DEVICE, &genesis.added[0]);
	describe(&recovery, ROLE_RECOVERY, &genesis.added[1]);
	epoch_commit(&key, &genesis.previous, 1, &genesis.epoch.commit);
	result = name_part(&key, random, &genesis.previous, &device->id, name, &names);
	if (result == FORMAT_OK)
		result = box_for(device, &key, random, &boxes[0]);
	if (result == FORMAT_OK)
		result = box_for(&recovery, &key, random, &boxes[1]);
	if (result == FORMAT_OK)
		result = boxes_encode(boxes, COUNT_OF(boxes), &box_part);
	if (result == FORMAT_OK) {
		genesis.part[PART_NAMES] = view_bytes(&names);
		genesis.part[PART_BOXES] = view_bytes(&box_part);
		result = statement_encode(&genesis, device->sign_secret, &encoded);
	}
	if (result == FORMAT_OK)
		result = roster_begin(view_bytes(&encoded), roster_out);
	bytes_clear(&encoded);
	bytes_clear(&box_part);
	bytes_clear(&names);
	device_keys_clear(&recovery);
	sodium_memzero(&key, sizeof(key));
	return result;
}

enum format_result add_device_make(const struct roster *roster, const struct device_keys *signer,
    const struct device_keys *device, struct view name, int64_t now_ms, const struct random *random,
    struct bytes *statement_out)
{
	struct statement change = {.kind = STATEMENT_CHANGE,
	    .previous = *roster_hash(roster),
	    .signer = signer->id,
	    .time_ms = now_ms,
	    .added_count = 1};
	struct epoch_key key = {0};
	struct box box;
	struct bytes names = {0};
	struct bytes box_part = {0};
	enum format_result result = epoch_key_find(roster, signer, roster_epoch(roster), &key);

	describe(device, ROLE_DEVICE, &change.added[0]);
	if (result == FORMAT_OK)
		result = name_part(&key, random, &change.previous, &device->id, name, &names);
	if (result == FORMAT_OK)
		result = box_for(device, &key, random, &box);
	if (result == FORMAT_OK)
		result = boxes_encode(&box, 1, &box_part);
	if (result == FORMAT_OK) {
		change.part[PART_NAMES] = view_bytes(&names);
		change.part[PART_BOXES] = view_bytes(&box_part);
		result = statement_encode(&change, signer->sign_secret, statement_out);
	}
	bytes_clear(&box_part);
	bytes_clear(&names);
	sodium_memzero(&key, sizeof(key));
	return result;
}

enum format_result recovery_device_find(
    const struct roster *roster, const uint8_t key[RECOVERY_KEY_LEN], struct device_keys *out)
{
	for (size_t i = 0; i < roster->devices_count; i++) {
		const struct roster_device *device = &roster->devices[i];
		struct statement statement;
		struct device_keys keys;

		if (device->keys.role != ROLE_RECOVERY || device->revoked_by != SIZE_MAX)
			continue;
		if (statement_decode(roster->statements[device->added_by], true, &statement) !=
		    FORMAT_OK)
			continue; /* roster_decode has read it: it cannot fail here */
		device_keys_recovery(key, &statement.previous, &keys);
		if (device_equal(&keys.id, &device->id)) {
			*out = keys;
			device_keys_clear(&keys);
			return FORMAT_OK;
		}
		device_keys_clear(&keys);
	}
	return FORMAT_FORGED;
}

/* The statement that began an epoch; SIZE_MAX: none. */
static size_t epoch_statement(const struct roster *roster, uint64_t epoch)
{
	for (size_t i = 0; i < roster->statements_count; i++)
		if (roster->epochs[i] == epoch)
			return i;
	return SIZE_MAX;
}

static enum format_result check_key(
    const struct roster *roster, uint64_t epoch, const struct epoch_key *key)
{
	size_t index = epoch_statement(roster, epoch);
	struct statement statement;
	struct digest commit;
	enum format_result result;

	if (index == SIZE_MAX)
		return FORMAT_FORGED;
	result = statement_decode(roster->statements[index], true, &statement);
	if (result != FORMAT_OK)
		return result;
	epoch_commit(key, &statement.previous, epoch, &commit);
	return sodium_memcmp(commit.bytes, statement.epoch.commit.bytes, DIGEST_LEN) == 0
		   ? FORMAT_OK
		   : FORMAT_FORGED;
}

/* The newest epoch of which this device has a box, with its key, checked. */
static enum format_result newest_box(const struct roster *roster, const struct device_keys *keys,
    uint64_t *epoch_out, struct epoch_key *out)
{
	for (size_t i = roster->statements_count; i-- > 0;) {
		struct statement statement;
		uint8_t sealed[BOX_SEAL_LEN];
		enum format_result result =
		    statement_decode(roster->statements[i], true, &statement);

		if (result != FORMAT_OK)
			return result;
		if (statement.part[PART_BOXES].data == NULL ||
		    boxes_find(statement.part[PART_BOXES], &keys->id, sealed) != FORMAT_OK)
			continue;
		if (crypto_box_seal_open(out->bytes, sealed, sizeof(sealed), keys->box_public,
			keys->box_secret) != 0)
			return FORMAT_FORGED;
		*epoch_out = roster->epochs[i];
		return check_key(roster, *epoch_out, out);
	}
	return FORMAT_FORGED;
}

/* The key of the epoch before, out of the statement that began this one. */
static enum format_result previous_key(
    const struct roster *roster, uint64_t epoch, struct epoch_key *key)
{
	size_t index = epoch_statement(roster, epoch);
	struct statement statement;
	struct bytes opened = {0};
	enum format_result result;

	if (index == SIZE_MAX)
		return FORMAT_FORGED;
	result = statement_decode(roster->statements[index], true, &statement);
	if (result == FORMAT_OK && statement.part[PART_PREVIOUS].data == NULL)
		result = FORMAT_FORGED;
	if (result == FORMAT_OK)
		result = open_part(key, PART_USE_PREVIOUS_KEY, &statement.previous,
		    statement.part[PART_PREVIOUS], &opened);
	if (result == FORMAT_OK && opened.len != EPOCH_KEY_LEN)
		result = FORMAT_MALFORMED;
	if (result == FORMAT_OK) {
		memcpy(key->bytes, opened.data, EPOCH_KEY_LEN);
		result = check_key(roster, epoch - 1, key);
	}
	bytes_clear(&opened);
	return result;
}

enum format_result epoch_key_find(const struct roster *roster, const struct device_keys *keys,
    uint64_t epoch, struct epoch_key *out)
{
	struct epoch_key key = {0};
	uint64_t at = 0;
	enum format_result result = newest_box(roster, keys, &at, &key);

	while (result == FORMAT_OK && at > epoch) {
		result = previous_key(roster, at, &key);
		at--;
	}
	if (result == FORMAT_OK && at != epoch)
		result = FORMAT_FORGED;
	if (result == FORMAT_OK)
		*out = key;
	sodium_memzero(&key, sizeof(key));
	return result;
}

/* Copies the name of device out of a names map; false if it is not there. */
static bool read_name(struct view names, const struct device_id *device, char *out)
{
	struct cbor_reader reader;
	size_t count;

	cbor_read(&reader, names);
	count = cbor_text_map(&reader, DEVICES_MAX);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct device_id id;
		struct view name;

		cbor_fixed(&reader, id.bytes, DEVICE_ID_LEN);
		name = cbor_text(&reader, DEVICE_NAME_MAX);
		if (reader.result == FORMAT_OK && device_equal(&id, device)) {
			if (name.len > 0)
				memcpy(out, name.data, name.len);
			out[name.len] = '\0';
			return true;
		}
	}
	return false;
}

void device_name_find(const struct roster *roster, const struct device_keys *keys,
    const struct device_id *device, char out[DEVICE_NAME_MAX + 1])
{
	const struct roster_device *found = roster_device(roster, device);
	struct statement statement;
	struct epoch_key key = {0};
	struct bytes names = {0};
	bool done = false;

	if (found != NULL && keys != NULL &&
	    statement_decode(roster->statements[found->added_by], true, &statement) == FORMAT_OK &&
	    statement.part[PART_NAMES].data != NULL &&
	    epoch_key_find(roster, keys, roster->epochs[found->added_by], &key) == FORMAT_OK &&
	    open_part(&key, PART_USE_NAMES, &statement.previous, statement.part[PART_NAMES],
		&names) == FORMAT_OK)
		done = read_name(view_bytes(&names), device, out);
	if (!done)
		hex_encode(view_of(device->bytes, 4), out);
	bytes_clear(&names);
	sodium_memzero(&key, sizeof(key));
}
