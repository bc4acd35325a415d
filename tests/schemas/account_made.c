/*
 * tests/schemas/account_made.c: devices, statements and frames made for the tests.
 */
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <string.h>

void make_device(uint8_t seed, enum device_role role, struct made_device *out)
{
	uint8_t bytes[32];

	memset(out, 0, sizeof(*out));
	memset(bytes, seed, sizeof(bytes));
	assert_int_equal(crypto_sign_seed_keypair(out->keys.sign_public, out->secret, bytes), 0);
	assert_int_equal(crypto_scalarmult_base(out->keys.box_public, bytes), 0);
	out->keys.role = role;
	bytes[0] ^= 0x80;
	if (role == ROLE_DEVICE)
		assert_int_equal(
		    crypto_sign_seed_keypair(out->keys.wipe_public, out->wipe_secret, bytes), 0);
	device_id_of(out->keys.sign_public, &out->id);
}

void make_statement(const struct digest *previous, const struct made_device *signer,
    const struct made_device *added, size_t count, const struct made_device *revoked,
    uint64_t epoch, struct bytes *out)
{
	struct statement statement = {
	    .kind = STATEMENT_CHANGE, .previous = *previous, .signer = signer->id, .time_ms = 1000};

	for (size_t i = 0; i < count; i++)
		statement.added[i] = added[i].keys;
	statement.added_count = count;
	if (revoked != NULL)
		statement.revoked[statement.revoked_count++] = revoked->id;
	statement.has_epoch = epoch > 0;
	statement.epoch.number = epoch;
	memset(statement.epoch.commit.bytes, (int)epoch, DIGEST_LEN);
	if (epoch == 1)
		statement.kind = STATEMENT_GENESIS;
	else
		memset(statement.epoch.previous_commit.bytes, (int)epoch - 1, DIGEST_LEN);
	assert_int_equal(statement_encode(&statement, signer->secret, out), FORMAT_OK);
}

void make_roster(const struct made_device *devices, size_t count, struct bytes *out)
{
	const struct digest begin = {{7}};
	struct bytes genesis = {0};

	make_statement(&begin, &devices[0], devices, count, NULL, 1, &genesis);
	assert_int_equal(roster_begin(view_bytes(&genesis), out), FORMAT_OK);
	bytes_clear(&genesis);
}

void extend_roster(struct bytes *roster, const struct made_device *signer,
    const struct made_device *added, const struct made_device *revoked, uint64_t epoch)
{
	struct roster decoded;
	struct bytes statement = {0}, longer = {0};

	assert_int_equal(roster_decode(view_bytes(roster), false, &decoded), FORMAT_OK);
	make_statement(
	    roster_hash(&decoded), signer, added, added != NULL, revoked, epoch, &statement);
	assert_int_equal(
	    roster_append(view_bytes(roster), view_bytes(&statement), &longer), FORMAT_OK);
	bytes_clear(&statement);
	bytes_clear(roster);
	*roster = longer;
}

void make_patch(const struct account_id *account, const struct head *head,
    const struct digest *roster, uint64_t epoch, const struct made_device *device,
    struct bytes *out)
{
	struct frame_header header = {
	    .account = *account,
	    .epoch = epoch,
	    .seq = head->seq + 1,
	    .previous = head->hash,
	    .roster = *roster,
	    .device = device->id,
	    .kind = FRAME_PATCH,
	};

	memset(header.salt, 1, SALT_LEN);
	memset(header.commit, 2, COMMIT_LEN);
	assert_int_equal(
	    frame_encode(&header, view_text("sealed bytes"), device->secret, out), FORMAT_OK);
}
