/*
 * cli/engine/seal.h: sealing and opening (design, section 4; byte for byte in schemas/frame.md).
 * enc ‖ commit = BLAKE2b-512(K; salt ‖ context); XChaCha20-Poly1305 under enc with a zero nonce and
 * the whole header as associated data. The commitment ties the ciphertext to K, which the cipher
 * alone does not. A salt is never used for two messages (I9): it hashes what is sealed.
 */
#ifndef INKSEAL_SEAL_H
#define INKSEAL_SEAL_H

#include "schemas/frame.h"

struct epoch_key {
	uint8_t bytes[EPOCH_KEY_LEN]; /* wipe with sodium_memzero */
};
#define SEAL_OVERHEAD 16u /* Poly1305's tag */

/*
 * Padding: payload ‖ 0x80 ‖ zeros, to the Padmé length (Nikitin et al., PETS 2019, section 4) of
 * payload + 1, and 256 bytes at least: without the floor a delta's size would be an oracle.
 */
#define PAD_FLOOR 256u
size_t pad_length(size_t payload_len);
MUST_USE enum format_result pad_add(struct view payload, struct bytes *out);
/* The payload's length; FORMAT_MALFORMED if the padding is not what pad_add writes. */
MUST_USE enum format_result pad_remove(struct view padded, size_t *payload_len_out);

/* Pads and seals; sets header->salt and header->commit. *body_out is the frame's body. */
MUST_USE enum format_result seal_frame(const struct epoch_key *key, const struct random *random,
    struct view payload, struct frame_header *header, struct bytes *body_out);
/* FORMAT_FORGED: another key, or a changed bit. */
MUST_USE enum format_result open_frame(
    const struct epoch_key *key, const struct frame *frame, struct bytes *payload_out);

/* Deterministic: equal payloads under equal headers give equal blobs. *hash_out is the name's hash.
 */
MUST_USE enum format_result seal_blob(const struct epoch_key *key, struct view payload,
    struct blob_header *header, struct bytes *blob_out, struct digest *hash_out);
MUST_USE enum format_result open_blob(
    const struct epoch_key *key, const struct blob *blob, struct bytes *payload_out);

/* A statement's sealed part: salt ‖ commit ‖ ciphertext, bound to the statement before. */
enum part_use { PART_USE_NAMES, PART_USE_PREVIOUS_KEY };
MUST_USE enum format_result seal_part(const struct epoch_key *key, const struct random *random,
    enum part_use use, const struct digest *previous, struct view payload, struct bytes *out);
MUST_USE enum format_result open_part(const struct epoch_key *key, enum part_use use,
    const struct digest *previous, struct view part, struct bytes *payload_out);

/* Keyed, of a run's uncompressed bytes: equal runs are known without being fetched. */
void run_hash(const struct epoch_key *key, struct view run, struct digest *out);

/* The commitment to an epoch key that its statement makes. */
void epoch_commit(
    const struct epoch_key *key, const struct digest *previous, uint64_t epoch, struct digest *out);

#endif
