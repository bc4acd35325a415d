/*
 * cli/engine/seal.c: padding, sealing and opening of frames, blobs and statements' parts.
 */
#include "cli/engine/seal.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define SEALED_MAX (BLOB_MAX + (1u << 20))

/* BLAKE2b, keyed, personalised, over the parts one after the other. */
static void keyed_hash(struct view key, enum domain domain, const struct view *parts,
    size_t parts_count, uint8_t *out, size_t out_len)
{
	crypto_generichash_blake2b_state state;
	int result;

	result = crypto_generichash_blake2b_init_salt_personal(
	    &state, key.data, key.len, out_len, NULL, (const unsigned char *)domain_text(domain));
	for (size_t i = 0; i < parts_count; i++)
		result |= crypto_generichash_blake2b_update(&state, parts[i].data, parts[i].len);
	result |= crypto_generichash_blake2b_final(&state, out, out_len);
	assert(result == 0);
	sodium_memzero(&state, sizeof(state));
}

/* A key for one use, out of K. */
static void sub_key(const struct epoch_key *key, enum domain domain, uint8_t out[32])
{
	keyed_hash(view_of(key->bytes, EPOCH_KEY_LEN), domain, NULL, 0, out, 32);
}

size_t pad_length(size_t payload_len)
{
	size_t len = payload_len + 1;
	unsigned exponent = 0;
	unsigned bits = 0;
	size_t mask;

	if (len <= PAD_FLOOR && !MUTATION(PAD_FLOOR))
		return PAD_FLOOR;
	for (size_t rest = len; rest > 1; rest >>= 1)
		exponent++;
	for (unsigned rest = exponent; rest > 0; rest >>= 1)
		bits++;
	mask = ((size_t)1 << (exponent - bits)) - 1;
	return (len + mask) & ~mask;
}

enum format_result pad_add(struct view payload, struct bytes *out)
{
	struct bytes padded;

	if (payload.len > SEALED_MAX)
		return FORMAT_TOO_LARGE;
	if (!bytes_new(pad_length(payload.len), &padded))
		return FORMAT_NO_MEMORY;
	if (payload.len > 0)
		memcpy(padded.data, payload.data, payload.len);
	padded.data[payload.len] = 0x80;
	*out = padded;
	return FORMAT_OK;
}

enum format_result pad_remove(struct view padded, size_t *payload_len_out)
{
	size_t len = padded.len;

	while (len > 0 && padded.data[len - 1] == 0)
		len--;
	if (len == 0 || padded.data[len - 1] != 0x80 || pad_length(len - 1) != padded.len)
		return FORMAT_MALFORMED;
	*payload_len_out = len - 1;
	return FORMAT_OK;
}

struct seal_keys {
	uint8_t enc[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
	uint8_t commit[COMMIT_LEN];
};

static void derive(const struct epoch_key *key, const uint8_t salt[SALT_LEN], struct view context,
    struct seal_keys *out)
{
	const struct view parts[] = {{salt, SALT_LEN}, context};
	uint8_t both[64];

	keyed_hash(view_of(key->bytes, EPOCH_KEY_LEN), DOMAIN_SEAL, parts, COUNT_OF(parts), both,
	    sizeof(both));
	memcpy(out->enc, both, sizeof(out->enc));
	memcpy(out->commit, both + sizeof(out->enc), sizeof(out->commit));
	sodium_memzero(both, sizeof(both));
}

/* One key, one message: the nonce may be zero. */
static const uint8_t zero_nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];

static void encrypt(
    const struct seal_keys *keys, struct view header, struct view padded, uint8_t *out)
{
	unsigned long long len = 0;
	int result = crypto_aead_xchacha20poly1305_ietf_encrypt(out, &len, padded.data, padded.len,
	    header.data, header.len, NULL, zero_nonce, keys->enc);

	assert(result == 0 && len == padded.len + SEAL_OVERHEAD);
}

static enum format_result decrypt(
    const struct seal_keys *keys, struct view header, struct view sealed, struct bytes *payload_out)
{
	struct bytes padded = {0};
	enum format_result result = FORMAT_FORGED;
	unsigned long long len = 0;
	size_t payload_len;

	if (sealed.len < SEAL_OVERHEAD || sealed.len > SEALED_MAX)
		return FORMAT_MALFORMED;
	if (!bytes_new(sealed.len - SEAL_OVERHEAD, &padded))
		return FORMAT_NO_MEMORY;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(padded.data, &len, NULL, sealed.data,
		sealed.len, header.data, header.len, zero_nonce, keys->enc) != 0)
		goto done;
	result = pad_remove(view_bytes(&padded), &payload_len);
	if (result != FORMAT_OK)
		goto done;
	padded.len = payload_len;
	*payload_out = padded;
	padded = (struct bytes){0};
done:
	bytes_clear(&padded);
	return result;
}

/* 32 fresh random bytes and what is sealed: no two messages share it, even if randomness repeats.
 */
static void fresh_salt(const struct random *random, struct view padded, uint8_t out[SALT_LEN])
{
	uint8_t fresh[32];
	struct digest digest;

	random_fill(random, fresh, sizeof(fresh));
	digest_parts(
	    DOMAIN_SALT, (const struct view[]){{fresh, sizeof(fresh)}, padded}, 2, &digest);
	memcpy(out, digest.bytes, SALT_LEN);
	if (MUTATION(SALT_FIXED))
		memset(out, 0, SALT_LEN);
}

enum format_result seal_frame(const struct epoch_key *key, const struct random *random,
    struct view payload, struct frame_header *header, struct bytes *body_out)
{
	struct bytes padded = {0};
	struct bytes body = {0};
	struct buffer context, whole;
	struct seal_keys keys;
	enum format_result result;

	buffer_init(&context, FRAME_MAX);
	buffer_init(&whole, FRAME_MAX);
	result = pad_add(payload, &padded);
	if (result != FORMAT_OK)
		goto done;
	fresh_salt(random, view_bytes(&padded), header->salt);
	frame_header_put(&context, header, false);
	derive(key, header->salt, buffer_view(&context), &keys);
	memcpy(header->commit, keys.commit, COMMIT_LEN);
	frame_header_put(&whole, header, true);
	if (context.failed || whole.failed || !bytes_new(padded.len + SEAL_OVERHEAD, &body)) {
		result = FORMAT_NO_MEMORY;
		goto done;
	}
	encrypt(&keys, buffer_view(&whole), view_bytes(&padded), body.data);
	*body_out = body;
done:
	sodium_memzero(&keys, sizeof(keys));
	buffer_clear(&whole);
	buffer_clear(&context);
	bytes_clear(&padded);
	return result;
}

enum format_result open_frame(
    const struct epoch_key *key, const struct frame *frame, struct bytes *payload_out)
{
	struct buffer context;
	struct seal_keys keys;
	enum format_result result = FORMAT_FORGED;

	buffer_init(&context, FRAME_MAX);
	frame_header_put(&context, &frame->header, false);
	if (context.failed) {
		result = FORMAT_NO_MEMORY;
		goto done;
	}
	derive(key, frame->header.salt, buffer_view(&context), &keys);
	if (sodium_memcmp(keys.commit, frame->header.commit, COMMIT_LEN) == 0)
		result = decrypt(&keys, frame->header_bytes, frame->body, payload_out);
	sodium_memzero(&keys, sizeof(keys));
done:
	buffer_clear(&context);
	return result;
}

/* Of the very bytes that are sealed: another compressor gives other bytes and so another salt. */
static void blob_salt(
    const struct epoch_key *key, struct view bare_header, struct view padded, uint8_t out[SALT_LEN])
{
	const struct view parts[] = {bare_header, padded};
	uint8_t salt_key[32];

	sub_key(key, DOMAIN_SALT_KEY, salt_key);
	keyed_hash(view_of(salt_key, sizeof(salt_key)), DOMAIN_SALT_KEY, parts, COUNT_OF(parts),
	    out, SALT_LEN);
	sodium_memzero(salt_key, sizeof(salt_key));
}

enum format_result seal_blob(const struct epoch_key *key, struct view payload,
    struct blob_header *header, struct bytes *blob_out, struct digest *hash_out)
{
	struct bytes padded = {0};
	struct buffer bare, context, whole;
	struct seal_keys keys = {0};
	struct view header_view;
	uint8_t *room;
	enum format_result result;

	buffer_init(&bare, BLOB_MAX);
	buffer_init(&context, BLOB_MAX);
	buffer_init(&whole, BLOB_MAX);
	result = pad_add(payload, &padded);
	if (result != FORMAT_OK)
		goto done;
	blob_header_put(&bare, header, BLOB_HEADER_BARE);
	blob_salt(key, buffer_view(&bare), view_bytes(&padded), header->salt);
	blob_header_put(&context, header, BLOB_HEADER_CONTEXT);
	derive(key, header->salt, buffer_view(&context), &keys);
	memcpy(header->commit, keys.commit, COMMIT_LEN);
	blob_header_put(&whole, header, BLOB_HEADER_WHOLE);
	header_view = buffer_view(&whole);
	room = buffer_extend(&whole, padded.len + SEAL_OVERHEAD);
	if (room == NULL || bare.failed || context.failed) {
		/* Only the whole may be over: the others are parts of it. */
		result = whole.over ? FORMAT_TOO_LARGE : FORMAT_NO_MEMORY;
		goto done;
	}
	header_view.data = whole.data; /* it may have moved */
	encrypt(&keys, header_view, view_bytes(&padded), room);
	result = format_take(&whole, blob_out);
	if (result == FORMAT_OK)
		blob_hash(view_bytes(blob_out), hash_out);
done:
	sodium_memzero(&keys, sizeof(keys));
	buffer_clear(&whole);
	buffer_clear(&context);
	buffer_clear(&bare);
	bytes_clear(&padded);
	return result;
}

enum format_result open_blob(
    const struct epoch_key *key, const struct blob *blob, struct bytes *payload_out)
{
	struct buffer context;
	struct seal_keys keys;
	enum format_result result = FORMAT_FORGED;

	buffer_init(&context, BLOB_MAX);
	blob_header_put(&context, &blob->header, BLOB_HEADER_CONTEXT);
	if (context.failed) {
		result = FORMAT_NO_MEMORY;
		goto done;
	}
	derive(key, blob->header.salt, buffer_view(&context), &keys);
	if (sodium_memcmp(keys.commit, blob->header.commit, COMMIT_LEN) == 0)
		result = decrypt(&keys, blob->header_bytes, blob->body, payload_out);
	sodium_memzero(&keys, sizeof(keys));
done:
	buffer_clear(&context);
	return result;
}

#define PART_CONTEXT_LEN (16u + DIGEST_LEN)
#define PART_HEAD_LEN (PART_CONTEXT_LEN + SALT_LEN + COMMIT_LEN)

static void part_context(
    enum part_use use, const struct digest *previous, uint8_t out[PART_CONTEXT_LEN])
{
	static const char texts[][17] = {
	    [PART_USE_NAMES] = "inkseal names",
	    [PART_USE_PREVIOUS_KEY] = "inkseal oldkey",
	};

	memcpy(out, texts[use], 16);
	memcpy(out + 16, previous->bytes, DIGEST_LEN);
}

enum format_result seal_part(const struct epoch_key *key, const struct random *random,
    enum part_use use, const struct digest *previous, struct view payload, struct bytes *out)
{
	uint8_t head[PART_HEAD_LEN]; /* context ‖ salt ‖ commit: what is authenticated */
	uint8_t *salt = head + PART_CONTEXT_LEN;
	struct bytes padded = {0};
	struct bytes part = {0};
	struct seal_keys keys = {0};
	enum format_result result = pad_add(payload, &padded);

	if (result != FORMAT_OK)
		return result;
	part_context(use, previous, head);
	fresh_salt(random, view_bytes(&padded), salt);
	derive(key, salt, view_of(head, PART_CONTEXT_LEN), &keys);
	memcpy(salt + SALT_LEN, keys.commit, COMMIT_LEN);
	if (!bytes_new(SALT_LEN + COMMIT_LEN + padded.len + SEAL_OVERHEAD, &part)) {
		result = FORMAT_NO_MEMORY;
		goto done;
	}
	memcpy(part.data, salt, SALT_LEN + COMMIT_LEN);
	encrypt(&keys, view_of(head, sizeof(head)), view_bytes(&padded),
	    part.data + SALT_LEN + COMMIT_LEN);
	*out = part;
done:
	sodium_memzero(&keys, sizeof(keys));
	bytes_clear(&padded);
	return result;
}

enum format_result open_part(const struct epoch_key *key, enum part_use use,
    const struct digest *previous, struct view part, struct bytes *payload_out)
{
	uint8_t head[PART_HEAD_LEN];
	struct seal_keys keys;
	enum format_result result = FORMAT_FORGED;
	struct view sealed;

	if (part.len < SALT_LEN + COMMIT_LEN + SEAL_OVERHEAD)
		return FORMAT_MALFORMED;
	part_context(use, previous, head);
	memcpy(head + PART_CONTEXT_LEN, part.data, SALT_LEN + COMMIT_LEN);
	sealed = view_of(part.data + SALT_LEN + COMMIT_LEN, part.len - SALT_LEN - COMMIT_LEN);
	derive(key, part.data, view_of(head, PART_CONTEXT_LEN), &keys);
	if (sodium_memcmp(keys.commit, part.data + SALT_LEN, COMMIT_LEN) == 0)
		result = decrypt(&keys, view_of(head, sizeof(head)), sealed, payload_out);
	sodium_memzero(&keys, sizeof(keys));
	return result;
}

void run_hash(const struct epoch_key *key, struct view run, struct digest *out)
{
	uint8_t run_key[32];

	sub_key(key, DOMAIN_RUN, run_key);
	keyed_hash(view_of(run_key, sizeof(run_key)), DOMAIN_RUN, &run, 1, out->bytes, DIGEST_LEN);
	sodium_memzero(run_key, sizeof(run_key));
}

void epoch_commit(
    const struct epoch_key *key, const struct digest *previous, uint64_t epoch, struct digest *out)
{
	uint8_t number[8];
	const struct view parts[] = {{previous->bytes, DIGEST_LEN}, {number, sizeof(number)}};

	for (size_t i = 0; i < sizeof(number); i++)
		number[i] = (uint8_t)(epoch >> (8 * i));
	keyed_hash(view_of(key->bytes, EPOCH_KEY_LEN), DOMAIN_EPOCH, parts, COUNT_OF(parts),
	    out->bytes, DIGEST_LEN);
}
