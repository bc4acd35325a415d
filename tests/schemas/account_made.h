/*
 * tests/schemas/account_made.h: devices, statements and frames made for the tests, by the codecs
 * themselves and from fixed seeds. Every function asserts that it succeeded.
 */
#ifndef INKSEAL_TEST_ACCOUNT_MADE_H
#define INKSEAL_TEST_ACCOUNT_MADE_H

#include "schemas/frame.h"

struct made_device {
	struct device_id id;
	struct statement_device keys;
	uint8_t secret[SIGN_SECRET_LEN];
	uint8_t wipe_secret[SIGN_SECRET_LEN];
};
void make_device(uint8_t seed, enum device_role role, struct made_device *out);

/* A statement that adds count devices; epoch 0: it begins none. Free *out with bytes_clear. */
void make_statement(const struct digest *previous, const struct made_device *signer,
    const struct made_device *added, size_t count, const struct made_device *revoked,
    uint64_t epoch, struct bytes *out);
/* A roster of a genesis that adds count devices, the first of them its signer. */
void make_roster(const struct made_device *devices, size_t count, struct bytes *out);
/* The roster and one more statement. */
void extend_roster(struct bytes *roster, const struct made_device *signer,
    const struct made_device *added, const struct made_device *revoked, uint64_t epoch);

/* A patch without a body, sealed by nobody. */
void make_patch(const struct account_id *account, const struct head *head,
    const struct digest *roster, uint64_t epoch, const struct made_device *device,
    struct bytes *out);

#endif
