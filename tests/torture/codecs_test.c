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

#define ALLOCATIONS_MAX 1000u
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

/* OK: *trial->out is what it decodes to. */
static enum format_result decode_failing(
    struct run *run, const struct vector *vector, struct trial *trial, enum format_result own)
{
	for (unsigned nth = 1; nth < ALLOCATIONS_MAX; nth++) {
		enum format_result result;
		long live = fault_live();

		memset(trial->out, UNTOUCHED, sizeof(*trial->out));
		fault_arm(FAULT_OURS, nth, nth % 2 == 0);
		result = run->codec->in(trial);
		if (!fault_disarm()) {
			assert_int_equal(result, own);
			if (result != FORMAT_OK)
				assert_untouched(vector, trial->out);
			return result;
		}
		run->decoder_faults++;
		assert_honest(vector, result, own);
		assert_untouched(vector, trial->out);
		assert_int_equal(fault_live(), live);
	}
	fail_msg("%s: it has no end", vector->path);
	return FORMAT_NO_MEMORY;
}

static void encode_failing(struct run *run, const struct vector *vector, struct trial *trial)
{
	for (unsigned nth = 1; nth < ALLOCATIONS_MAX; nth++) {
		struct bytes encoded = {0};
		enum format_result result;
		long live = fault_live();

		fault_arm(FAULT_OURS, nth, nth % 2 == 0);
		result = run->codec->out(trial, &encoded);
		if (!fault_disarm()) {
			assert_int_equal(result, FORMAT_OK);
			bytes_clear(&encoded);
			assert_int_equal(fault_live(), live);
			return;
		}
		run->encoder_faults++;
		assert_honest(vector, result, FORMAT_OK);
		assert_null(encoded.data);
		assert_int_equal(fault_live(), live);
	}
	fail_msg("%s: encoding it has no end", vector->path);
}

static void run_vector(void *self, const struct vector *vector)
{
	static union decoded out;
	static struct trial trial;
	struct run *run = self;
	enum format_result own;
	long live = fault_live();

	trial_init(&trial, run->codec, vector);
	trial.out = &out;
	memset(&out, UNTOUCHED, sizeof(out));
	own = run->codec->in(&trial);
	if (own == FORMAT_OK)
		decoded_clear(run->codec, &out);
	if (decode_failing(run, vector, &trial, own) == FORMAT_OK && run->codec->out != NULL)
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
	enum format_result result = FORMAT_NO_MEMORY;
	unsigned made = 0, checked = 0;

	(void)state;
	crypto_sign_keypair(public_key, secret);
	memset(&untouched, UNTOUCHED, sizeof(untouched));
	texts = untouched;
	for (; result != FORMAT_OK && made < ALLOCATIONS_MAX; made++) {
		assert_memory_equal(&texts, &untouched, sizeof(texts));
		fault_arm(FAULT_OURS, made + 1, false);
		result = http_signature_make(&request, &signature, secret, &texts);
		assert_int_equal(result, fault_disarm() ? FORMAT_NO_MEMORY : FORMAT_OK);
	}
	for (result = FORMAT_NO_MEMORY; result != FORMAT_OK && checked < ALLOCATIONS_MAX;
	     checked++) {
		fault_arm(FAULT_OURS, checked + 1, false);
		result = http_signature_check(
		    &request, texts.input, texts.signature, texts.digest, public_key);
		assert_int_equal(result, fault_disarm() ? FORMAT_NO_MEMORY : FORMAT_OK);
	}
	assert_in_range(made, 2, ALLOCATIONS_MAX - 1);
	assert_in_range(checked, 2, ALLOCATIONS_MAX - 1);
	assert_int_equal(fault_live(), live);
	print_message("http signatures: %u faults\n", made + checked - 2);
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
	enum format_result result = FORMAT_NO_MEMORY;
	long live = fault_live();
	unsigned made = 0;

	(void)state;
	for (; result != FORMAT_OK && made < ALLOCATIONS_MAX; made++) {
		struct bytes encoded = {0};

		fault_arm(FAULT_OURS, made + 1, false);
		result = invite_encode(&invite, &encoded);
		assert_int_equal(result, fault_disarm() ? FORMAT_NO_MEMORY : FORMAT_OK);
		assert_true((encoded.data != NULL) == (result == FORMAT_OK));
		bytes_clear(&encoded);
		assert_int_equal(fault_live(), live);
	}
	assert_in_range(made, 2, ALLOCATIONS_MAX - 1);
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
