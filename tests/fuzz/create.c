/*
 * tests/fuzz/create.c: a create request's bytes; and one whose signature is made to hold, of which
 * any one changed bit is refused.
 */
#include "schemas/roster.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static struct roster roster;

/* A genesis of one known party, and its create request. */
static void check_made(struct fuzz_script *script)
{
	struct statement genesis = {.kind = STATEMENT_GENESIS, .added_count = 1, .has_epoch = true};
	struct create create = {.time_ms = fuzz_time(script)}, other;
	uint8_t secret[SIGN_SECRET_LEN];
	struct bytes statement = {0}, encoded_roster = {0}, encoded = {0};

	genesis.epoch.number = 1;
	fuzz_fill(script, genesis.previous.bytes, 4);
	fuzz_key(1, genesis.added[0].sign_public, secret);
	memset(genesis.added[0].box_public, 2, BOX_PUBLIC_LEN);
	memset(genesis.added[0].wipe_public, 3, SIGN_PUBLIC_LEN);
	device_id_of(genesis.added[0].sign_public, &genesis.signer);
	create.device = genesis.signer;
	fuzz_check(statement_encode(&genesis, secret, &statement) == FORMAT_OK &&
		       roster_begin(view_bytes(&statement), &encoded_roster) == FORMAT_OK &&
		       roster_decode(view_bytes(&encoded_roster), false, &roster) == FORMAT_OK,
	    "a genesis is a roster");
	create.account = roster.account;
	create.roster = view_bytes(&encoded_roster);
	fuzz_check(create_encode(&create, secret, &encoded) == FORMAT_OK &&
		       create_decode(view_bytes(&encoded), &other, &roster) == FORMAT_OK &&
		       other.time_ms == create.time_ms,
	    "a create request is read as it was made");
	fuzz_flip(script, &encoded);
	fuzz_check(create_decode(view_bytes(&encoded), &other, &roster) != FORMAT_OK,
	    "a changed bit is refused");
	bytes_clear(&encoded);
	bytes_clear(&encoded_roster);
	bytes_clear(&statement);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_of(data, size);
	struct fuzz_script script;
	struct create create;
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct bytes again = {0};

	fuzz_mark(&create, sizeof(create));
	if (fuzz_decoded(create_decode(input, &create, &roster), &create, sizeof(create))) {
		fuzz_key(1, public_key, secret);
		fuzz_again_signed(create_encode(&create, secret, &again), &again, input);
	}
	fuzz_begin(&script, data, size);
	check_made(&script);
	return 0;
}
