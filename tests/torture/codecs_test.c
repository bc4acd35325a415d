/*
 * tests/torture/codecs_test.c: each decoder of schemas/ that allocates, over all of its golden
 * vectors, with each allocation failing in turn; then the encoder, over what the sound ones decode
 * to. No memory says nothing of the bytes: a sound vector gives "no memory", a broken one that or
 * its own fault, and what there was to write to is as it was; and nothing is left of it all.
 */
#include "schemas/http_signature.h"
#include "schemas/invite.h"
#include "tests/test.h"
#include "tests/torture/codecs.h"
#include "tests/torture/fault.h"

#include <string.h>

#define UNTOUCHED 0x5A

struct run {
	const struct codec *codec;
	unsigned decoder_faults, encoder_faults;
};

static void assert_untouched(const struct vector *vector, const union decoded *out)
{
	const uint8_t *bytes = (const uint8_t *)out;

	for (size_t i = 0; i < sizeof(*out); i++)
		if (bytes[i] != UNTOUCHED)
			fail_msg("%s: its output was written to", vector->path);
}

/* What came with a fault must stand for it, or for the vector's own. */
static void assert_honest(
    const struct vector *vector, enum format_result result, enum format_result own)
{
	if (result != FORMAT_NO_MEMORY && (result != own || own == FORMAT_OK))
		fail_msg("%s: without memory it is %s", vector->path, format_result_text(result));
}

static void decode_failing(
    struct run *run, const struct vector *vector, struct trial *trial, enum format_result own)
{
	struct fault_turns turns = {.each = {.of = vector->path, .may_be_none = true}};
	long live = fault_live();

	while (fault_next(&turns)) {
		enum format_result result;

		memset(trial->out, UNTOUCHED, sizeof(*trial->out));
		fault_begin(&turns);
		result = run->codec->in(trial);
		if (fault_end(&turns))
			assert_honest(vector, result, own);
		else
			assert_int_equal(result, own);
		if (result == FORMAT_OK)
			decoded_clear(run->codec, trial->out);
		else
			assert_untouched(vector, trial->out);
		assert_int_equal(fault_live(), live);
	}
	run->decoder_faults += turns.each.hits;
}

static void encode_failing(struct run *run, const struct vector *vector, struct trial *trial)
{
	struct fault_turns turns = {.each = {.of = vector->path, .may_be_none = true}};
	long live = fault_live();

	while (fault_next(&turns)) {
		struct bytes encoded = {0};
		enum format_result result;

		fault_begin(&turns);
		result = run->codec->out(trial, &encoded);
		if (fault_end(&turns)) {
			assert_honest(vector, result, FORMAT_OK);
			assert_null(encoded.data);
		} else {
			assert_int_equal(result, FORMAT_OK);
		}
		bytes_clear(&encoded);
		assert_int_equal(fault_live(), live);
	}
	run->encoder_faults += turns.each.hits;
}

static void run_vector(void *self, const struct vector *vector)
{
	static union decoded out, again;
	static struct trial trial;
	struct run *run = self;
	enum format_result own;
	long live = fault_live();

	trial_init(&trial, run->codec, vector);
	trial.out = &out;
	memset(&out, UNTOUCHED, sizeof(out));
	own = run->codec->in(&trial);
	trial.out = &again;
	decode_failing(run, vector, &trial, own);
	trial.out = &out;
	if (own == FORMAT_OK && run->codec->out != NULL)
		encode_failing(run, vector, &trial);
	if (own == FORMAT_OK)
		decoded_clear(run->codec, &out);
	trial_clear(&trial);
	if (fault_live() != live)
		fail_msg("%s: %ld blocks are left", vector->path, fault_live() - live);
}

static void run_format(const char *name)
{
	struct run run = {.codec = codec_find(name)};

	assert_true(vector_each(name, run_vector, &run) > 2);
	assert_true(run.decoder_faults + run.encoder_faults > 0);
	print_message(
	    "%s: %u faults decoding, %u encoding\n", name, run.decoder_faults, run.encoder_faults);
}

/* Signatures of HTTP requests have no vectors of this kind: one that is made here, and checked. */
static void test_http_signature(void **state)
{
	long live = fault_live();
	const struct http_request request = {.method = "POST",
	    .authority = "a.example",
	    .path = "/v1/sync",
	    .query = "",
	    .content_type = "application/cbor",
	    .body = view_text("a body")};
	const struct http_signature signature = {.created_s = 1000, .expires_s = 1060};
	struct http_signature_texts texts, untouched;
	uint8_t public_key[SIGN_PUBLIC_LEN], secret[SIGN_SECRET_LEN];
	struct fault_turns makes = {.each.of = "making"}, checks = {.each.of = "checking"};
	enum format_result result;

	(void)state;
	crypto_sign_keypair(public_key, secret);
	memset(&untouched, UNTOUCHED, sizeof(untouched));
	while (fault_next(&makes)) {
		texts = untouched;
		fault_begin(&makes);
		result = http_signature_make(&request, &signature, secret, &texts);
		assert_int_equal(result, fault_end(&makes) ? FORMAT_NO_MEMORY : FORMAT_OK);
		if (result != FORMAT_OK)
			assert_memory_equal(&texts, &untouched, sizeof(texts));
	}
	while (fault_next(&checks)) {
		fault_begin(&checks);
		result = http_signature_check(
		    &request, texts.input, texts.signature, texts.digest, public_key);
		assert_int_equal(result, fault_end(&checks) ? FORMAT_NO_MEMORY : FORMAT_OK);
	}
	assert_int_equal(fault_live(), live);
	print_message("http signatures: %u faults\n", makes.each.hits + checks.each.hits);
}

/* What holds nothing has no room yet, not even for the NUL behind it. */
static void test_nothing(void **state)
{
	struct bytes out = {0};
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer, 10);
	fault_arm(FAULT_OURS, 1, false);
	assert_int_equal(format_take(&buffer, &out), FORMAT_NO_MEMORY);
	assert_true(fault_disarm());
	assert_null(out.data);
	buffer_clear(&buffer);
	assert_int_equal(format_take(&buffer, &out), FORMAT_OK);
	assert_int_equal(out.len, 0);
	bytes_clear(&out);
}

static void test_invite(void **state)
{
	const struct invite invite = {.made_ms = 1000, .spent = true};
	struct fault_turns turns = {.each.of = "an invite"};
	long live = fault_live();

	(void)state;
	while (fault_next(&turns)) {
		struct bytes encoded = {0};
		enum format_result result;

		fault_begin(&turns);
		result = invite_encode(&invite, &encoded);
		assert_int_equal(result, fault_end(&turns) ? FORMAT_NO_MEMORY : FORMAT_OK);
		assert_true((encoded.data != NULL) == (result == FORMAT_OK));
		bytes_clear(&encoded);
		assert_int_equal(fault_live(), live);
	}
}

/* One case a format, named test_<format>. */
#define CASE(function, name) \
	static void function(void **state) \
	{ \
		(void)state; \
		run_format(name); \
	}

CASE(test_entry, "entry")
CASE(test_frame_sealed, "frame-sealed")
CASE(test_statement, "statement")
CASE(test_roster, "roster")
CASE(test_create, "create")
CASE(test_wipe, "wipe")
CASE(test_wipe_record, "wipe-record")
CASE(test_receipt, "receipt")
CASE(test_frame, "frame")
CASE(test_frame_check, "frame-check")
CASE(test_pack, "pack")
CASE(test_manifest, "manifest")
CASE(test_sync_request, "sync-request")
CASE(test_sync_answer, "sync-answer")

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_entry),
    cmocka_unit_test(test_frame_sealed),
    cmocka_unit_test(test_statement),
    cmocka_unit_test(test_roster),
    cmocka_unit_test(test_create),
    cmocka_unit_test(test_wipe),
    cmocka_unit_test(test_wipe_record),
    cmocka_unit_test(test_receipt),
    cmocka_unit_test(test_frame),
    cmocka_unit_test(test_frame_check),
    cmocka_unit_test(test_pack),
    cmocka_unit_test(test_manifest),
    cmocka_unit_test(test_sync_request),
    cmocka_unit_test(test_sync_answer),
    cmocka_unit_test(test_http_signature),
    cmocka_unit_test(test_invite),
    cmocka_unit_test(test_nothing),
};

TEST_MAIN(tests)
