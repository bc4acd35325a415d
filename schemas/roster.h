/*
 * schemas/roster.h: who belongs to an account, replayed from its statements (roster.cddl).
 * The roster's bytes are a CBOR array of all statements from the genesis on; a statement is taken
 * only if it names the hash of the one before and is signed by a device that was live there. The
 * roster hash is the newest statement's. Verifies signatures with public keys; opens nothing.
 */
#ifndef INKSEAL_ROSTER_H
#define INKSEAL_ROSTER_H

#include "schemas/statement.h"

#define ROSTER_DEVICES_MAX 128u /* live and revoked, ever */
#define ROSTER_STATEMENTS_MAX 256u

struct roster_device {
	struct device_id id;
	struct statement_device keys;
	size_t added_by;   /* index of the statement that added it */
	size_t revoked_by; /* index of the statement that revoked it; SIZE_MAX: live */
	int64_t added_ms;  /* that statement's time */
};

struct roster {
	struct account_id account;
	struct view encoded;                           /* borrowed: the whole array */
	struct view statements[ROSTER_STATEMENTS_MAX]; /* views into encoded */
	struct digest hashes[ROSTER_STATEMENTS_MAX];
	uint64_t epochs[ROSTER_STATEMENTS_MAX]; /* the epoch after each statement */
	size_t statements_count;
	struct roster_device devices[ROSTER_DEVICES_MAX];
	size_t devices_count;
	struct digest epoch_commit; /* the newest epoch's commitment to its key */
};

/* Replays from the genesis. FORMAT_FORGED: a signature, link or rule does not hold. */
MUST_USE enum format_result roster_decode(
    struct view encoded, bool bare_allowed, struct roster *out);
/*
 * The same for bytes that roster_decode has taken in this process before: their statements'
 * signatures are not checked again. All else is.
 */
MUST_USE enum format_result roster_decode_again(struct view encoded, struct roster *out);
/* encoded roster ‖ one more statement, as bytes; the caller decodes it again to check it. */
MUST_USE enum format_result roster_append(
    struct view encoded_roster, struct view statement, struct bytes *out);
/* The first `count` statements, one at least, as a roster of their own. */
MUST_USE enum format_result roster_first(
    const struct roster *roster, size_t count, struct bytes *out);
/* A roster of one statement. */
MUST_USE enum format_result roster_begin(struct view genesis, struct bytes *out);
/* All sealed parts left out. */
MUST_USE enum format_result roster_bare(const struct roster *roster, struct bytes *out);

const struct digest *roster_hash(const struct roster *roster); /* the newest statement's */
uint64_t roster_epoch(const struct roster *roster);
/* The index of the statement with this hash, or SIZE_MAX. */
size_t roster_find(const struct roster *roster, const struct digest *hash);
/* The device if it was live after the statement at index (SIZE_MAX: the newest), else NULL. */
const struct roster_device *roster_live(
    const struct roster *roster, const struct device_id *device, size_t index);
const struct roster_device *roster_device(
    const struct roster *roster, const struct device_id *device); /* live or not */
/* True if newer begins with all statements of older. */
bool roster_descends(const struct roster *newer, const struct roster *older);

/* Create (design, section 4): the roster in clear, signed by a device live in it. */
struct create {
	struct account_id account;
	struct device_id device;
	struct view roster;
	int64_t time_ms;
};
MUST_USE enum format_result create_encode(
    const struct create *create, const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out);
/* Checks the roster, that it is this account's, and the signature. */
MUST_USE enum format_result create_decode(
    struct view encoded, struct create *out, struct roster *roster_out);

#endif
