/*
 * tests/schemas/frame_test.c: a chain of frames against a roster; headers' three forms; maxima.
 */
#include "schemas/cbor.h"
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <string.h>

/* Follows the frame as a reader does; what frame_check says of it. */
static enum format_result follow(
    struct view encoded, const struct roster *roster, struct head *head, size_t *index)
{
	struct frame frame;
	const char *message = NULL;
	enum format_result result = frame_decode(encoded, &frame);

	if (result == FORMAT_OK)
		result = frame_check(&frame, head, roster, index, &message);
	if (result == FORMAT_OK)
		*head = (struct head){frame.header.seq, frame.hash};
	else
		assert_true(message == NULL || strlen(message) > 0);
	return result;
}

static void make_statement_frame(const struct roster *roster, size_t index, const struct head *head,
    const struct made_device *device, struct bytes *out)
{
	struct frame_header header = {
	    .account = roster->account,
	    .epoch = roster->epochs[index],
	    .seq = head->seq + 1,
	    .previous = head->hash,
	    .roster = roster->hashes[index],
	    .device = device->id,
	    .kind = FRAME_STATEMENT,
	};

	assert_int_equal(
	    frame_encode(&header, roster->statements[index + 1], device->secret, out), FORMAT_OK);
}

static void a_chain_is_followed_through_its_statements(void **state)
{
	struct made_device laptop, phone;
	struct bytes roster_bytes = {0}, frame = {0};
	struct roster roster;
	struct head head;
	size_t index = 0;

	(void)state;
	make_device(1, ROLE_DEVICE, &laptop);
	make_device(2, ROLE_DEVICE, &phone);
	make_roster(&laptop, 1, &roster_bytes);
	extend_roster(&roster_bytes, &laptop, &phone, NULL, 0);
	extend_roster(&roster_bytes, &phone, NULL, &laptop, 2);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	head = (struct head){0, roster.hashes[0]};

	make_patch(&roster.account, &head, &roster.hashes[0], 1, &phone, &frame);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_FORGED);
	bytes_clear(&frame);
	for (size_t i = 0; i < 2; i++) { /* laptop adds the phone, the phone revokes it */
		const struct made_device *signer = i == 0 ? &laptop : &phone;

		make_patch(&roster.account, &head, &roster.hashes[i], 1, signer, &frame);
		assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_OK);
		assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_FORGED);
		bytes_clear(&frame);
		make_statement_frame(&roster, i, &head, signer, &frame);
		assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_OK);
		bytes_clear(&frame);
		assert_int_equal(index, i + 1);
	}
	make_patch(&roster.account, &head, &roster.hashes[2], 2, &laptop, &frame);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_FORGED);
	bytes_clear(&frame);
	make_patch(&roster.account, &head, &roster.hashes[2], 1, &phone, &frame);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_FORGED);
	bytes_clear(&frame);
	make_patch(&roster.account, &head, &roster.hashes[2], 2, &phone, &frame);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_OK);
	assert_int_equal(head.seq, 5);
	bytes_clear(&frame);
	bytes_clear(&roster_bytes);
}

/* All else is checked again: whoever has checked the signature knew nothing of this head. */
static void a_signature_is_checked_once(void **state)
{
	struct made_device laptop;
	struct bytes roster_bytes = {0}, encoded = {0};
	struct roster roster;
	struct head head;
	struct frame frame;
	const char *message = NULL;
	size_t index = 0;

	(void)state;
	make_device(1, ROLE_DEVICE, &laptop);
	make_roster(&laptop, 1, &roster_bytes);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	head = (struct head){0, roster.hashes[0]};
	make_patch(&roster.account, &head, &roster.hashes[0], 1, &laptop, &encoded);
	encoded.data[encoded.len - 1] ^= 1;
	assert_int_equal(frame_decode(view_bytes(&encoded), &frame), FORMAT_OK);
	assert_false(frame.verified);
	assert_int_equal(frame_check(&frame, &head, &roster, &index, &message), FORMAT_FORGED);
	frame.verified = true;
	assert_int_equal(frame_check(&frame, &head, &roster, &index, &message), FORMAT_OK);
	head.hash.bytes[0] ^= 1;
	assert_int_equal(frame_check(&frame, &head, &roster, &index, &message), FORMAT_FORGED);
	bytes_clear(&encoded);
	bytes_clear(&roster_bytes);
}

/* It alone may skip, to one above both heads, and is judged by the roster that it carries. */
static void a_reset_skips_and_moves_the_roster(void **state)
{
	struct made_device laptop, phone;
	struct bytes roster_bytes = {0}, encoded = {0};
	struct frame_header header = {.kind = FRAME_RESET, .has_blob = true};
	struct roster roster;

	(void)state;
	make_device(1, ROLE_DEVICE, &laptop);
	make_device(2, ROLE_DEVICE, &phone);
	make_roster(&laptop, 1, &roster_bytes);
	extend_roster(&roster_bytes, &laptop, &phone, NULL, 0);
	extend_roster(&roster_bytes, &phone, NULL, &laptop, 2);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	header.account = roster.account;
	header.has_covered = header.has_abandoned = true;
	header.abandoned.seq = 9;
	for (size_t i = 0; i < 7; i++) {
		struct head head = {.seq = i == 5 ? 12 : 4};
		size_t index = i == 3 ? 2 : 0;
		bool good = i == 0 || i == 5;

		header.seq = i == 1 ? 11 : i == 2 ? 5 : i == 5 ? 13 : 10;
		header.roster = roster.hashes[i == 3 ? 1 : 2]; /* 3: older than the head's */
		header.epoch = i == 3 ? 1 : 2;
		header.device = i == 4 ? laptop.id : phone.id; /* 4: revoked in what it carries */
		header.roster.bytes[0] ^= i == 6;              /* 6: nobody's */
		assert_int_equal(frame_encode(&header, view_text("sealed"),
				     i == 4 ? laptop.secret : phone.secret, &encoded),
		    FORMAT_OK);
		assert_int_equal(follow(view_bytes(&encoded), &roster, &head, &index),
		    good ? FORMAT_OK : FORMAT_FORGED);
		if (good)
			assert_int_equal(index, 2);
		bytes_clear(&encoded);
	}
	bytes_clear(&roster_bytes);
}

/* No seq reaches 2^53, and a reset is never more than 2^32 above the head that it follows. */
static void places_have_bounds(void **state)
{
	static const struct {
		const char *name;
		uint64_t head, seq, abandoned; /* 0: a patch, else a reset */
		enum format_result expect;
	} rows[] = {
	    {"a reset just in reach", 4, 4 + RESET_SKIP_MAX, 3 + RESET_SKIP_MAX, FORMAT_OK},
	    {"a reset out of reach", 4, 5 + RESET_SKIP_MAX, 4 + RESET_SKIP_MAX, FORMAT_FORGED},
	    {"a patch at the last place", SEQ_MAX - 1, SEQ_MAX, 0, FORMAT_OK},
	    {"a reset at the last place", SEQ_MAX - RESET_SKIP_MAX, SEQ_MAX, SEQ_MAX - 1,
		FORMAT_OK},
	    {"a patch behind the last place", SEQ_MAX, SEQ_MAX + 1, 0, FORMAT_TOO_LARGE},
	    {"a reset behind the last place", SEQ_MAX - 2, SEQ_MAX + 1, SEQ_MAX, FORMAT_TOO_LARGE},
	    {"a patch where the log is full", SEQ_MAX, SEQ_MAX, 0, FORMAT_FORGED},
	};
	struct made_device laptop;
	struct bytes roster_bytes = {0}, encoded = {0};
	struct roster roster;

	(void)state;
	make_device(1, ROLE_DEVICE, &laptop);
	make_roster(&laptop, 1, &roster_bytes);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool reset = rows[i].abandoned > 0;
		struct frame_header header = {.account = roster.account,
		    .epoch = 1,
		    .seq = rows[i].seq,
		    .roster = roster.hashes[0],
		    .device = laptop.id,
		    .kind = reset ? FRAME_RESET : FRAME_PATCH,
		    .has_blob = reset,
		    .has_covered = reset,
		    .has_abandoned = reset,
		    .abandoned.seq = rows[i].abandoned};
		struct head head = {.seq = rows[i].head};
		size_t index = 0;
		enum format_result result;

		assert_int_equal(
		    frame_encode(&header, view_text("sealed"), laptop.secret, &encoded), FORMAT_OK);
		result = follow(view_bytes(&encoded), &roster, &head, &index);
		if (result != rows[i].expect)
			fail_msg("%s: %s", rows[i].name, format_result_text(result));
		bytes_clear(&encoded);
	}
	bytes_clear(&roster_bytes);
}

/* A wipe's record leaves the sealed parts out of its roster: a log never does. */
static void a_frame_holds_its_statement_whole(void **state)
{
	struct made_device laptop;
	struct bytes roster_bytes = {0}, bare_bytes = {0}, frame = {0};
	struct roster roster, bare;
	struct statement statement = {
	    .kind = STATEMENT_CHANGE, .part = {[PART_NAMES] = view_text("sealed names")}};
	struct bytes encoded = {0}, longer = {0};
	struct head head;
	size_t index = 0;

	(void)state;
	make_device(1, ROLE_DEVICE, &laptop);
	make_roster(&laptop, 1, &roster_bytes);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	statement.previous = *roster_hash(&roster);
	statement.signer = laptop.id;
	assert_int_equal(statement_encode(&statement, laptop.secret, &encoded), FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&roster_bytes), view_bytes(&encoded), &longer), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&longer), false, &roster), FORMAT_OK);
	assert_int_equal(roster_bare(&roster, &bare_bytes), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&bare_bytes), false, &bare), FORMAT_MALFORMED);
	assert_int_equal(roster_decode(view_bytes(&bare_bytes), true, &bare), FORMAT_OK);
	assert_true(digest_equal(roster_hash(&bare), roster_hash(&roster)));
	head = (struct head){0, roster.hashes[0]};
	make_statement_frame(&bare, 0, &head, &laptop, &frame);
	assert_int_equal(follow(view_bytes(&frame), &bare, &head, &index), FORMAT_FORGED);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_FORGED);
	bytes_clear(&frame);
	make_statement_frame(&roster, 0, &head, &laptop, &frame);
	assert_int_equal(follow(view_bytes(&frame), &roster, &head, &index), FORMAT_OK);
	assert_int_equal(index, 1);
	bytes_clear(&frame);
	bytes_clear(&bare_bytes);
	bytes_clear(&longer);
	bytes_clear(&encoded);
	bytes_clear(&roster_bytes);
}

/* Which of blob, covered and abandoned a kind has, and that a statement alone is not sealed. */
enum { BLOB = 1, COVERED = 2, ABANDONED = 4, FLAGS = 8 };
static const struct {
	const char *name;
	unsigned needs, may;
} kinds[] = {
    [FRAME_PATCH] = {"patch", 0, BLOB},
    [FRAME_LOAD] = {"load", BLOB, BLOB},
    [FRAME_SNAPSHOT] = {"snapshot", BLOB | COVERED, BLOB | COVERED},
    [FRAME_STATEMENT] = {"statement", 0, 0},
    [FRAME_RESET] = {"reset", BLOB | COVERED | ABANDONED, BLOB | COVERED | ABANDONED},
};

static void make_shape(enum frame_kind kind, unsigned flags, struct bytes *out)
{
	struct frame_header header = {.epoch = 1,
	    .seq = 1,
	    .kind = kind,
	    .has_blob = flags & BLOB,
	    .has_covered = flags & COVERED,
	    .has_abandoned = flags & ABANDONED};
	struct made_device device;

	make_device(1, ROLE_DEVICE, &device);
	assert_int_equal(frame_encode(&header, view_text("body"), device.secret, out), FORMAT_OK);
}

static void a_kind_has_its_own_keys_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < COUNT_OF(kinds) * FLAGS; i++) {
		unsigned kind = i / FLAGS, flags = i % FLAGS;
		bool good = (flags & kinds[kind].needs) == kinds[kind].needs &&
			    (flags & ~kinds[kind].may) == 0;
		struct bytes encoded = {0};
		struct frame frame = {0};
		enum format_result result;

		make_shape((enum frame_kind)kind, flags, &encoded);
		result = frame_decode(view_bytes(&encoded), &frame);
		if (result != (good ? FORMAT_OK : FORMAT_MALFORMED))
			fail_msg(
			    "%s with %u: %s", kinds[kind].name, flags, format_result_text(result));
		assert_true((frame.body.len == 4) == good);
		bytes_clear(&encoded);
	}
}

/* Sealed is what it was encoded as; then it is said to be of another kind. */
static void a_statement_alone_is_not_sealed(void **state)
{
	struct bytes encoded = {0};
	struct frame frame;
	size_t kind_at;

	(void)state;
	make_shape(FRAME_STATEMENT, 0, &encoded);
	assert_int_equal(frame_decode(view_bytes(&encoded), &frame), FORMAT_OK);
	kind_at = frame.header_bytes.len - 1; /* the optional keys come after it */
	assert_int_equal(encoded.data[kind_at], FRAME_STATEMENT);
	bytes_clear(&encoded);
	for (unsigned kind = 0; kind < COUNT_OF(kinds); kind++) {
		enum frame_kind made_as = kind == FRAME_STATEMENT ? FRAME_PATCH : FRAME_STATEMENT;

		make_shape(made_as, kinds[kind].needs, &encoded);
		encoded.data[kind_at] = (uint8_t)kind;
		if (frame_decode(view_bytes(&encoded), &frame) != FORMAT_MALFORMED)
			fail_msg("%s: sealed, or not, as it should not be", kinds[kind].name);
		bytes_clear(&encoded);
	}
}

static void a_header_s_context_leaves_the_commitment_out(void **state)
{
	struct frame_header header = {.kind = FRAME_PATCH, .epoch = 1, .seq = 1};
	struct buffer first, second;

	(void)state;
	buffer_init(&first, 512);
	buffer_init(&second, 512);
	frame_header_put(&first, &header, false);
	header.commit[0] = 1;
	frame_header_put(&second, &header, false);
	assert_true(view_equal(buffer_view(&first), buffer_view(&second)));
	buffer_clear(&second);
	buffer_init(&second, 512);
	header.salt[0] = 1;
	frame_header_put(&second, &header, false);
	assert_false(view_equal(buffer_view(&first), buffer_view(&second)));
	buffer_clear(&second);
	buffer_clear(&first);
}

static void a_frame_holds_as_much_as_its_maximum(void **state)
{
	struct made_device device;
	struct frame_header header = {.kind = FRAME_PATCH, .epoch = 1, .seq = 1};
	static uint8_t body[FRAME_MAX + 1];
	struct bytes encoded = {0};
	struct frame frame;
	size_t room;

	(void)state;
	make_device(1, ROLE_DEVICE, &device);
	assert_int_equal(
	    frame_encode(&header, view_of(body, 1), device.secret, &encoded), FORMAT_OK);
	room = FRAME_MAX - encoded.len + 1;
	bytes_clear(&encoded);
	assert_int_equal(
	    frame_encode(&header, view_of(body, room), device.secret, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, FRAME_MAX);
	assert_int_equal(frame_decode(view_bytes(&encoded), &frame), FORMAT_OK);
	assert_int_equal(frame.body.len, room);
	bytes_clear(&encoded);
	assert_int_equal(frame_encode(&header, view_of(body, room + 1), device.secret, &encoded),
	    FORMAT_TOO_LARGE);
	assert_null(encoded.data);
}

/* Bare in the salt, context without the commitment, whole as stored: each begins alike. */
static void a_blob_header_has_three_forms(void **state)
{
	static const struct blob_name names[2] = {{.count = 1}, {.count = 2}};
	struct blob_header header = {
	    .epoch = 1, .kind = BLOB_INDEX, .names = names, .names_count = 2, .losers_count = 1};
	static const enum blob_header_part parts[] = {
	    BLOB_HEADER_BARE, BLOB_HEADER_CONTEXT, BLOB_HEADER_WHOLE};
	static const size_t pairs[] = {6, 7, 8};
	struct buffer out;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		buffer_init(&out, 512);
		blob_header_put(&out, &header, parts[i]);
		assert_int_equal(out.data[0], 0xA0 + pairs[i]);
		buffer_add_text(&out, "sealed");
		if (parts[i] == BLOB_HEADER_WHOLE) {
			struct blob_name read[SEGMENTS_MAX];
			struct blob blob;

			assert_int_equal(blob_decode(buffer_view(&out), read, &blob), FORMAT_OK);
			assert_int_equal(blob.header.losers_count, 1);
			assert_ptr_equal(blob.header.names, read);
			assert_true(blob_name_equal(&read[1], &names[1]));
			assert_true(view_equal(blob.body, view_text("sealed")));
			assert_int_equal(
			    blob_decode(buffer_view(&out), NULL, &blob), FORMAT_MALFORMED);
		}
		buffer_clear(&out);
	}
}

static void a_blob_over_its_maximum_is_refused(void **state)
{
	struct blob_header header = {.epoch = 1, .kind = BLOB_BODY};
	struct buffer out;
	struct blob blob = {0};
	uint8_t *body;

	(void)state;
	buffer_init(&out, BLOB_MAX + 1);
	blob_header_put(&out, &header, BLOB_HEADER_WHOLE);
	body = buffer_extend(&out, BLOB_MAX + 1 - out.len);
	assert_non_null(body);
	memset(body, 7, (size_t)(out.data + out.len - body));
	assert_int_equal(blob_decode(buffer_view(&out), NULL, &blob), FORMAT_TOO_LARGE);
	assert_null(blob.body.data);
	out.len--;
	assert_int_equal(blob_decode(buffer_view(&out), NULL, &blob), FORMAT_OK);
	assert_ptr_equal(blob.body.data, body);
	buffer_clear(&out);
}

static void blob_names_are_read_as_they_are_printed(void **state)
{
	static const struct {
		const char *name;
		const char *tail; /* after 64 hex digits */
		bool valid;
	} rows[] = {
	    {"zero", ".0", true},
	    {"a number", ".42", true},
	    {"each digit", ".1234567890", true},
	    {"the last number", ".18446744073709551615", true},
	    {"a number with more digits", ".100000000000000000000", false},
	    {"below the digits", ".1/", false},
	    {"behind the digits", ".1:", false},
	    {"below the digits alone", "./", false},
	    {"two dots", "..1", false},
	    {"no count", "", false},
	    {"no digits", ".", false},
	    {"a leading zero", ".042", false},
	    {"a sign", ".+1", false},
	    {"a blank", ". 1", false},
	    {"what follows", ".1x", false},
	    {"over 64 bits", ".18446744073709551616", false},
	    {"another separator", "-1", false},
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct blob_name name = {0};
		char again[BLOB_NAME_TEXT_MAX];

		memset(text, 'a', 64);
		memcpy(text + 64, rows[i].tail, strlen(rows[i].tail) + 1);
		name.count = 77;
		if (blob_name_parse(text, strlen(text), &name) != rows[i].valid)
			fail_msg("%s", rows[i].name);
		if (!rows[i].valid) {
			assert_int_equal(name.count, 77);
			continue;
		}
		blob_name_text(&name, again);
		assert_string_equal(again, text);
	}
	memcpy(text + 64, ".1", 3);
	for (size_t i = 0; i < 64; i++) {
		struct blob_name name = {0};

		text[i] = 'A';
		assert_false(blob_name_parse(text, strlen(text), &name));
		text[i] = '0';
		assert_true(blob_name_parse(text, strlen(text), &name));
		assert_int_equal(name.hash.bytes[i / 2], i % 2 == 0 ? 0x0A : 0x00);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_chain_is_followed_through_its_statements),
    cmocka_unit_test(a_signature_is_checked_once),
    cmocka_unit_test(a_reset_skips_and_moves_the_roster),
    cmocka_unit_test(places_have_bounds),
    cmocka_unit_test(a_frame_holds_its_statement_whole),
    cmocka_unit_test(a_kind_has_its_own_keys_alone),
    cmocka_unit_test(a_statement_alone_is_not_sealed),
    cmocka_unit_test(a_header_s_context_leaves_the_commitment_out),
    cmocka_unit_test(a_frame_holds_as_much_as_its_maximum),
    cmocka_unit_test(a_blob_header_has_three_forms),
    cmocka_unit_test(a_blob_over_its_maximum_is_refused),
    cmocka_unit_test(blob_names_are_read_as_they_are_printed),
};

TEST_MAIN(tests)
