/*
 * tests/fuzz/statement.c: a statement's bytes, whole and with its sealed parts left out.
 */
#include "schemas/statement.h"
#include "tests/fuzz/fuzz.h"

/* Without its parts it is the same statement: the same hash, and bare already. */
static void check_bare(struct view input)
{
	static struct statement statement;
	struct bytes bare = {0}, again = {0};
	struct digest whole_hash, bare_hash;

	fuzz_check(statement_bare(input, &bare) == FORMAT_OK, "parts can be left out");
	fuzz_check(statement_decode(view_bytes(&bare), true, &statement) == FORMAT_OK,
	    "what is left is a statement");
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
		fuzz_check(statement.part[i].data == NULL, "no part is left");
	fuzz_check(statement_hash(input, &whole_hash) == FORMAT_OK &&
		       statement_hash(view_bytes(&bare), &bare_hash) == FORMAT_OK &&
		       digest_equal(&whole_hash, &bare_hash),
	    "parts are no part of the hash");
	fuzz_again(statement_bare(view_bytes(&bare), &again), &again, view_bytes(&bare));
	bytes_clear(&bare);
}

static void check_whole(struct view input, struct statement *statement)
{
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct bytes again = {0};

	fuzz_key(1, public_key, secret);
	fuzz_check(statement_encode(statement, secret, &again) == FORMAT_OK, "it is encoded");
	fuzz_check(statement_signed_by(view_bytes(&again), public_key) == FORMAT_OK,
	    "its signature holds");
	fuzz_same_but(view_bytes(&again), input, SIGNATURE_LEN,
	    "it encodes to the same bytes, but for the signature");
	bytes_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct statement statement;
	struct view input = view_of(data, size);
	enum format_result whole;

	fuzz_mark(&statement, sizeof(statement));
	whole = statement_decode(input, false, &statement);
	if (fuzz_decoded(whole, &statement, sizeof(statement)))
		check_whole(input, &statement);
	fuzz_mark(&statement, sizeof(statement));
	if (fuzz_decoded(statement_decode(input, true, &statement), &statement, sizeof(statement)))
		check_bare(input);
	else
		fuzz_check(whole != FORMAT_OK, "what is whole may be bare");
	return 0;
}
