/*
 * schemas/frame.h: one sealed, signed, chained unit of the log (frame.cddl).
 * frame = header (CBOR) ‖ body ‖ Ed25519 signature over both; its hash covers all three. The body
 * is sealed (cli/engine/seal.h), but for a statement's, which is the statement itself, in clear.
 * Here: the bytes, the signature, the chain. Nothing here can open a body.
 */
#ifndef INKSEAL_FRAME_H
#define INKSEAL_FRAME_H

#include "schemas/roster.h"

/*
 * So far a reset's seq may be above that of the head it follows. Without a bound one reset would
 * take the log to its last place, and nothing could be pushed any more.
 */
#define RESET_SKIP_MAX (UINT64_C(1) << 32)

#define SALT_LEN 32u
#define COMMIT_LEN 32u

enum frame_kind {
	FRAME_PATCH, /* operations on the state before it */
	FRAME_LOAD,  /* a push in the form of a snapshot: its index is the state at its own seq */
	FRAME_SNAPSHOT,  /* names an earlier state; changes none */
	FRAME_STATEMENT, /* body: a statement, in clear, signed by the statement's signer */
	FRAME_RESET,     /* the way out; made only when a person asks */
};

struct frame_header {
	struct account_id account;
	uint64_t epoch;
	uint64_t seq;
	struct digest previous; /* the hash of the frame before; of the genesis at seq 1 */
	struct digest roster;   /* roster hash before this frame */
	struct device_id device;
	enum frame_kind kind;
	bool has_blob;
	struct blob_name blob; /* a patch's body; a load's, snapshot's or reset's index */
	bool has_covered;
	struct head covered; /* snapshot: the state its index is; reset: likewise */
	bool has_abandoned;
	struct head abandoned;      /* reset: the head it gives up */
	uint8_t salt[SALT_LEN];     /* all zero and not encoded in a statement's frame */
	uint8_t commit[COMMIT_LEN]; /* likewise */
};

struct frame {
	struct frame_header header;
	struct view header_bytes; /* as encoded */
	struct view body;         /* sealed bytes, or the statement */
	struct view signature;
	struct digest hash;
	/* Whoever hands it on has checked these bytes: frame_check takes the signature as good. */
	bool verified;
};

/* With commit: what is encoded and authenticated. Without: the sealing context. */
void frame_header_put(struct buffer *out, const struct frame_header *header, bool with_commit);
MUST_USE enum format_result frame_encode(const struct frame_header *header, struct view body,
    const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out);
/* Form and hash only. */
MUST_USE enum format_result frame_decode(struct view encoded, struct frame *out);
/* Form alone: for who knows the hash, and sets it. */
MUST_USE enum format_result frame_decode_form(struct view encoded, struct frame *out);
/*
 * What the gateway checks without keys, and every reader again (design, section 5): account, seq =
 * head + 1, previous = head, roster hash = the one before, epoch current there, device live there,
 * signature. roster_index: the statement that the head's roster hash leads to; a statement's frame
 * moves it to the next one, which must be in roster. A reset may skip to one above the head that it
 * gives up, by RESET_SKIP_MAX at most, and moves the index to the statement that its own roster
 * hash leads to: it is judged by the roster that it carries. message_out says in words what does
 * not hold.
 */
MUST_USE enum format_result frame_check(const struct frame *frame, const struct head *head,
    const struct roster *roster, size_t *roster_index, const char **message_out);

/*
 * Blobs: header (CBOR) ‖ sealed bytes. Segments, losers, bodies and indexes; the roster's blob is
 * the roster's bytes in clear. A blob's name is the hash of all its bytes.
 */
enum blob_kind { BLOB_SEGMENT, BLOB_LOSERS, BLOB_BODY, BLOB_INDEX };
struct blob_header {
	struct account_id account;
	uint64_t epoch;
	enum blob_kind kind;
	const struct blob_name *names; /* an index's public part: segments, then losers' segments */
	size_t names_count;
	size_t losers_count; /* how many of names, at the end, are losers' */
	uint8_t salt[SALT_LEN];
	uint8_t commit[COMMIT_LEN];
};
struct blob {
	struct blob_header header; /* names points at blob_decode's names_out */
	struct view header_bytes;
	struct view body;
};
/* without salt and commit (for the salt), without commit (the context), or with both. */
enum blob_header_part { BLOB_HEADER_BARE, BLOB_HEADER_CONTEXT, BLOB_HEADER_WHOLE };
void blob_header_put(
    struct buffer *out, const struct blob_header *header, enum blob_header_part part);
/* names_out receives up to SEGMENTS_MAX names and must outlive *out; NULL refuses an index. */
MUST_USE enum format_result blob_decode(
    struct view encoded, struct blob_name *names_out, struct blob *out);
void blob_hash(struct view encoded, struct digest *out);

#endif
