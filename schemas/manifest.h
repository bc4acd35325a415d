/*
 * schemas/manifest.h: an account's index object, the only one that changes (manifest.cddl), and
 * the packs it names (pack.cddl). Views point into the bytes decoded.
 */
#ifndef INKSEAL_MANIFEST_H
#define INKSEAL_MANIFEST_H

#include "schemas/frame.h"

#define MANIFEST_TAIL_MAX 96u /* frames; a bare patch frame is over 200 bytes */
#define MANIFEST_PACKS_MAX 128u
#define PACK_NAMES_MAX 20000u

enum manifest_state { MANIFEST_LIVE, MANIFEST_WIPED };

struct manifest_pack {
	uint64_t from_seq;
	uint64_t to_seq;
	struct digest hash;
	uint64_t count;      /* sweep count in its key */
	uint64_t size;       /* bytes of the object */
	uint64_t names_size; /* bytes at its start that hold the header with the names */
	uint64_t level;      /* 0: a tail; n + 1: a compaction of level n */
	int64_t made_ms;     /* by the gateway's clock: retention only, never safety */
};

struct manifest_device { /* live devices: their last committed frame */
	struct device_id id;
	uint64_t seq; /* 0: none yet */
	struct digest frame;
};

struct manifest {
	struct account_id account;
	enum manifest_state state;
	uint8_t incarnation[INCARNATION_LEN];
	uint64_t generation;      /* one more with each commit */
	uint8_t nonce[NONCE_LEN]; /* random with each commit */
	uint64_t sweep;           /* the current sweep count */
	int64_t swept_ms;         /* when it last rose, by the gateway's clock */
	struct head head;
	struct digest roster_hash; /* of the newest statement */
	struct blob_name roster;   /* the blob of all statements */
	uint64_t epoch;
	struct view snapshot; /* the current snapshot's or load's whole frame; data == NULL: none */
	struct manifest_pack packs[MANIFEST_PACKS_MAX]; /* oldest first, without gaps */
	size_t packs_count;
	struct view tail[MANIFEST_TAIL_MAX]; /* frames after the packs, up to head */
	size_t tail_count;
	struct manifest_device devices[DEVICES_MAX];
	size_t devices_count;
	bool has_lease; /* the device that holds the lease (design, section 6, "Fairness") */
	struct device_id lease;
	uint64_t lease_generation; /* of the commit that gave it: tells it from an earlier one */
	struct view
	    wipe; /* MANIFEST_WIPED: the encoded wipe; data == NULL if an operator removed it */
};

/*
 * Encoding: FORMAT_TOO_LARGE over MANIFEST_MAX. Decoding: FORMAT_FORGED if the checksum is another,
 * or if the tail does not end in the head.
 */
MUST_USE enum format_result manifest_encode(const struct manifest *manifest, struct bytes *out);
MUST_USE enum format_result manifest_decode(struct view encoded, struct manifest *out);
/* For bytes that this process encoded, or has decoded before: checksum and tail are not looked at.
 */
MUST_USE enum format_result manifest_decode_again(struct view encoded, struct manifest *out);

/*
 * A pack: a header (account, from, to, the blob names that its frames' headers hold), then an array
 * of the frames. The header alone (manifest_pack.names_size bytes) is what a sweep reads.
 */
struct pack_header {
	struct account_id account;
	uint64_t from_seq;
	uint64_t to_seq;
	size_t names_count;  /* read with pack_name, in order */
	struct view names;   /* the array's items, as encoded */
	size_t frames_count; /* set by pack_decode alone */
	struct view frames;  /* the frames' items, as encoded: pack_frame */
};
/* Frames in order, contiguous; their headers' names are gathered. *names_size_out: see above. */
MUST_USE enum format_result pack_encode(const struct account_id *account, const struct view *frames,
    size_t frames_count, struct bytes *out, size_t *names_size_out);
MUST_USE enum format_result pack_decode(struct view encoded, struct pack_header *out);
MUST_USE enum format_result pack_decode_header(struct view encoded_header, struct pack_header *out);
/* The next name or frame; *rest begins as header.names or header.frames. */
MUST_USE enum format_result pack_name(struct view *rest, struct blob_name *out);
MUST_USE enum format_result pack_frame(struct view *rest, struct view *frame_out);
void pack_hash(struct view encoded, struct digest *out);

#endif
