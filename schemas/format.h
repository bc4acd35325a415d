/*
 * schemas/format.h: what all formats share: results, maxima, identifiers, hashes.
 * Every format is one deterministic CBOR item (or a few, one after the other). Decoders take bytes
 * from outside: they bound every count and length before they use it, and hand out views into the
 * bytes they were given, which must outlive the decoded struct.
 */
#ifndef INKSEAL_FORMAT_H
#define INKSEAL_FORMAT_H

#include "schemas/base/base.h"

enum format_result {
	FORMAT_OK,
	FORMAT_MALFORMED, /* not the format: damaged, or not made by us */
	FORMAT_TOO_LARGE, /* over a maximum */
	FORMAT_NEWER,     /* a version this program does not know: "please update" */
	FORMAT_FORGED,    /* well formed, but a hash, signature or seal does not hold */
	FORMAT_NO_MEMORY,
};
const char *format_result_text(enum format_result result);

#define FORMAT_VERSION 1u

/* Identifiers and hashes, by value. A hash is BLAKE2b-256 personalised by its domain. */
#define ACCOUNT_ID_LEN 20u
#define DEVICE_ID_LEN 16u
#define DIGEST_LEN 32u
#define SIGNATURE_LEN 64u
#define INCARNATION_LEN 16u
#define NONCE_LEN 16u
#define ROOT_LEN 32u

struct account_id {
	uint8_t bytes[ACCOUNT_ID_LEN];
};
struct device_id {
	uint8_t bytes[DEVICE_ID_LEN];
};
struct digest {
	uint8_t bytes[DIGEST_LEN];
};
bool digest_equal(const struct digest *a, const struct digest *b);
bool device_equal(const struct device_id *a, const struct device_id *b);
bool account_equal(const struct account_id *a, const struct account_id *b);

/* A place in the log. */
struct head {
	uint64_t seq;
	struct digest hash;
};
bool head_equal(const struct head *a, const struct head *b);

/* A blob's whole name: its hash and the sweep count under which it was put. */
struct blob_name {
	struct digest hash;
	uint64_t count;
};
bool blob_name_equal(const struct blob_name *a, const struct blob_name *b);
/* "<64 hex digits>.<decimal count>"; the text with its NUL fits BLOB_NAME_TEXT_MAX. */
#define BLOB_NAME_TEXT_MAX (2u * DIGEST_LEN + 1u + 20u + 1u)
void blob_name_text(const struct blob_name *name, char out[BLOB_NAME_TEXT_MAX]);
MUST_USE bool blob_name_parse(const char *text, size_t len, struct blob_name *out);

/*
 * Domains: the personalisation (RFC 7693, section 2.5; NUL-padded to 16 bytes) of a hash, and the
 * first 16 bytes of what a signature signs. No two uses share one.
 */
enum domain {
	DOMAIN_ACCOUNT,   /* account id: of the genesis statement's hash */
	DOMAIN_DEVICE,    /* device id: of the signing key */
	DOMAIN_VERSION,   /* an entry's version: of its canonical CBOR */
	DOMAIN_FRAME,     /* a frame's hash, its signature */
	DOMAIN_STATEMENT, /* a statement's hash, its signature */
	DOMAIN_PART,      /* a statement's sealed part, by which the signed part names it */
	DOMAIN_BLOB,      /* a blob's name */
	DOMAIN_PACK,      /* a pack's name */
	DOMAIN_MANIFEST,  /* a manifest's checksum */
	DOMAIN_SEAL,      /* enc and commit of a seal */
	DOMAIN_SALT,      /* a frame's salt */
	DOMAIN_SALT_KEY,  /* sub-key of K for the salts of blobs, and the salts */
	DOMAIN_RUN,       /* sub-key of K for run hashes, and the run hashes */
	DOMAIN_EPOCH,     /* the commitment to an epoch key */
	DOMAIN_RECOVERY,  /* recovery code to signing and box seed */
	DOMAIN_ROOT,      /* the seed of an LtHash element, and the state root */
	DOMAIN_COPY,      /* a conflict copy's id */
	DOMAIN_CUT,       /* segment boundaries */
	DOMAIN_CREATE,    /* the signature of a create request */
	DOMAIN_WIPE,      /* the signature of a wipe, a receipt */
	DOMAIN_CHECKSUM,  /* the recovery code's checksum */
};
#define DOMAIN_TEXT_LEN 16u
const char *domain_text(enum domain domain); /* 16 bytes, NUL-padded */

/* BLAKE2b-256 over the parts one after the other; parts but the last must have a fixed length. */
void digest_parts(
    enum domain domain, const struct view *parts, size_t parts_count, struct digest *out);
void digest_view(enum domain domain, struct view view, struct digest *out);
void device_id_of(const uint8_t sign_public[32], struct device_id *out);

/* buffer_take, and why not: over its maximum, or no memory. *out is as it was then. */
MUST_USE enum format_result format_take(struct buffer *buffer, struct bytes *out);
/* How writing to it has gone so far. */
enum format_result format_of_buffer(const struct buffer *buffer);

/*
 * Ed25519 (RFC 8032) over the domain's 16 bytes and then message. False: no memory. sign_check: OK,
 * FORGED, or NO_MEMORY, which says nothing of the signature.
 */
#define SIGN_PUBLIC_LEN 32u
#define SIGN_SECRET_LEN 64u
MUST_USE bool sign_view(enum domain domain, struct view message,
    const uint8_t secret[SIGN_SECRET_LEN], uint8_t signature_out[SIGNATURE_LEN]);
MUST_USE enum format_result sign_check(enum domain domain, struct view message,
    const uint8_t public_key[SIGN_PUBLIC_LEN], const uint8_t signature[SIGNATURE_LEN]);

/* Maxima (design, section 10), each with its reason. */
#define SEQ_MAX \
	((UINT64_C(1) << 53) - 1) /* places, counts, generations: exact in JavaScript too \
				   */
#define TITLE_MAX (4u << 10)      /* a title is a line */
#define CONTENT_MAX (4u << 20)    /* a book's text */
#define ENTRY_MAX (5u << 20)      /* title, content and unknown members; all else at its longest */
#define ENTRY_ID_MAX 128u         /* a UUID is 36 */
#define COLLECTION_MAX 32u        /* a lower-case word */
#define TIME_TEXT_MAX 64u         /* toISOString() prints 24 or 27 */
#define EXTRA_COUNT_MAX 64u       /* unknown members of an entry */
#define BLOB_MAX (6u << 20)       /* an entry of 5 MiB, sealed and padded (Padme adds < 12 %) */
#define REQUEST_MAX (6u << 20)    /* a sync request: one body beside its frame */
#define ANSWER_MAX (4u << 20)     /* whole frames and bodies of one answer; then more = true */
#define FRAME_INLINE_MAX \
	(4u << 10)                   /* sealed operations in the frame itself; above: a body blob \
				      */
#define FRAME_MAX (10u << 10)        /* header, inline part or statement, signature */
#define STATEMENT_MAX (8u << 10)     /* its frame is FRAME_MAX too: 32 key boxes */
#define ROSTER_MAX (256u << 10)      /* all statements */
#define MANIFEST_MAX (20u << 10)     /* the object */
#define MANIFEST_PACK_AT (16u << 10) /* over this a pack goes first */
#define PACK_MAX (4u << 20)          /* one answer's worth; compactions stop here */
#define DEVICES_MAX 32u              /* live devices of an account, recovery devices among them */
#define SEGMENTS_MAX 1500u           /* a floor that doubles at 1,000 keeps it below */
#define SEGMENT_PLAIN_MAX (ENTRY_MAX + (64u << 10)) /* cut before it passes 5 MiB */
#define OPS_PLAIN_MAX \
	(6u << 20) /* a patch's operations, uncompressed; a push above 1 MiB is a load */

_Static_assert(CONTENT_MAX + TITLE_MAX < ENTRY_MAX, "an entry holds its title and content");
_Static_assert(MANIFEST_PACK_AT + FRAME_INLINE_MAX <= MANIFEST_MAX, "a frame fits after a pack");
_Static_assert(ENTRY_MAX + (ENTRY_MAX >> 3) < BLOB_MAX, "one entry fits a blob, padded");

#endif
