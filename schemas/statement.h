/*
 * schemas/statement.h: a signed change of who belongs to an account (statement.cddl).
 * encoded = [signed part, signature, [sealed part…]]. The signed part names the previous
 * statement's hash (the genesis: 32 random bytes) and each sealed part by its hash, so that a
 * wipe's record keeps the chain without them. A statement's hash covers signed part and signature.
 * Public keys alone; no secret passes here.
 */
#ifndef INKSEAL_STATEMENT_H
#define INKSEAL_STATEMENT_H

#include "schemas/format.h"

#define BOX_PUBLIC_LEN 32u
#define BOX_SEAL_LEN (32u + 48u) /* crypto_box_seal of an epoch key */
#define EPOCH_KEY_LEN 32u
#define STATEMENT_PARTS_MAX 3u

enum statement_kind { STATEMENT_GENESIS, STATEMENT_CHANGE };
enum device_role { ROLE_DEVICE, ROLE_RECOVERY };

struct statement_device {
	uint8_t sign_public[SIGN_PUBLIC_LEN];
	uint8_t box_public[BOX_PUBLIC_LEN];
	uint8_t wipe_public[SIGN_PUBLIC_LEN]; /* all zero for a recovery device */
	enum device_role role;
};

struct statement_epoch {               /* begins with this statement */
	uint64_t number;               /* 1 in the genesis, then one more each time */
	struct digest commit;          /* to the new key */
	struct digest previous_commit; /* to the key before; zero in the genesis */
};

/* Sealed parts, by index; each may be absent (a view with data == NULL). */
enum statement_part {
	PART_NAMES,    /* a seal under K of the added devices' names */
	PART_BOXES,    /* CBOR: {device id => crypto_box_seal(K)}, in the clear but for the seals */
	PART_PREVIOUS, /* a seal under the new K of the key before */
};

struct statement {
	enum statement_kind kind;
	struct digest previous; /* the statement before; in the genesis 32 random bytes */
	struct device_id signer;
	int64_t time_ms;
	struct statement_device added[DEVICES_MAX];
	size_t added_count;
	struct device_id revoked[DEVICES_MAX];
	size_t revoked_count;
	bool has_epoch;
	struct statement_epoch epoch;
	struct digest part_hash[STATEMENT_PARTS_MAX]; /* all zero: there is no such part */
	struct view part[STATEMENT_PARTS_MAX];        /* data == NULL: absent or left out */
};

struct box { /* one row of PART_BOXES */
	struct device_id device;
	uint8_t sealed[BOX_SEAL_LEN];
};

/* Fills part_hash from part, encodes, signs. */
MUST_USE enum format_result statement_encode(
    struct statement *statement, const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out);
/*
 * Checks form and the parts' hashes, not who signed (roster.h does that). Parts may be left out
 * only if bare_allowed.
 */
MUST_USE enum format_result statement_decode(
    struct view encoded, bool bare_allowed, struct statement *out);
MUST_USE enum format_result statement_hash(struct view encoded, struct digest *out);
/* OK, NO_MEMORY, or what does not hold. */
MUST_USE enum format_result statement_signed_by(
    struct view encoded, const uint8_t sign_public[SIGN_PUBLIC_LEN]);
/* The same statement without its sealed parts. */
MUST_USE enum format_result statement_bare(struct view encoded, struct bytes *out);

MUST_USE enum format_result boxes_encode(const struct box *boxes, size_t count, struct bytes *out);
/* FORMAT_FORGED if the device has no box there. */
MUST_USE enum format_result boxes_find(
    struct view encoded, const struct device_id *device, uint8_t sealed_out[BOX_SEAL_LEN]);

/*
 * A wipe: outside the chain, good for one incarnation only, signed by a device's wipe key (or by
 * the gateway's receipt key, on behalf of a proven e-mail address: then device is all zero).
 */
struct wipe {
	struct view gateway; /* its public name; empty on a bare bucket */
	struct account_id account;
	uint8_t incarnation[INCARNATION_LEN];
	struct device_id device;
	int64_t time_ms;
};
MUST_USE enum format_result wipe_encode(
    const struct wipe *wipe, const uint8_t wipe_secret[SIGN_SECRET_LEN], struct bytes *out);
MUST_USE enum format_result wipe_decode(struct view encoded, struct wipe *out);
MUST_USE enum format_result wipe_signed_by(
    struct view encoded, const uint8_t wipe_public[SIGN_PUBLIC_LEN]);

/* The object w/<account>: the wipe and the bare roster. At most WIPE_RECORD_MAX bytes. */
#define WIPE_RECORD_MAX (64u << 10)
MUST_USE enum format_result wipe_record_encode(
    struct view wipe, struct view bare_roster, struct bytes *out);
MUST_USE enum format_result wipe_record_decode(
    struct view encoded, struct view *wipe_out, struct view *bare_roster_out);

/* A wipe's receipt: what was removed, and when a listing was empty. */
struct receipt {
	struct account_id account;
	struct digest wipe_hash; /* of the encoded wipe */
	uint64_t objects_removed;
	uint64_t bytes_removed;
	int64_t empty_at_ms;             /* when a listing of the account's prefix was empty */
	uint8_t signer[SIGN_PUBLIC_LEN]; /* the gateway's receipt key, or the device's wipe key */
};
MUST_USE enum format_result receipt_encode(
    const struct receipt *receipt, const uint8_t secret[SIGN_SECRET_LEN], struct bytes *out);
/* Checks the signature by the key that the receipt names; the caller compares that key. */
MUST_USE enum format_result receipt_decode(struct view encoded, struct receipt *out);

#endif
