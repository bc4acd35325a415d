/*
 * tests/torture/formats_test.c: sealing, frames and rosters with each allocation failing in turn:
 * once, or from there on. The result is "no memory", never that something is damaged or forged, and
 * nothing is handed out. Leaks are the sanitizer's to find.
 */
#include "cli/engine/seal.h"
#include "schemas/roster.h"
#include "tests/schemas/account_made.h"
#include "tests/test.h"
#include "tests/torture/fault.h"

#include <string.h>

static const struct epoch_key key = {{1, 2, 3}};
static const struct digest previous = {{3}};

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 7, len);
}
static const struct random random_sevens = {NULL, fill};

/* What is read: made once, while nothing fails. */
static struct {
	struct made_device device, second;
	struct bytes roster_bytes;
	struct roster roster;
	struct bytes statement; /* the roster's next one */
	struct head head;
	struct frame_header header;
	struct bytes frame_bytes;
	struct frame frame;
	struct bytes blob_bytes;
	struct blob blob;
	struct bytes part;
	struct create create;
	struct bytes create_bytes;
} made;

/* What is written: as it is here, if nothing was. */
static struct {
	struct bytes bytes;
	struct digest digest;
	struct roster roster;
	size_t index;
} out;

static bool handed_out(void)
{
	static const struct digest none;

	return out.bytes.data != NULL || !digest_equal(&out.digest, &none) ||
	       out.roster.statements_count > 0 || out.index > 0;
}

static int make_all(void **state)
{
	struct blob_header blob_header = {.epoch = 1, .kind = BLOB_BODY};
	struct bytes body = {0};
	struct digest name;

	(void)state;
	make_device(1, ROLE_DEVICE, &made.device);
	make_device(2, ROLE_DEVICE, &made.second);
	make_roster(&made.device, 1, &made.roster_bytes);
	extend_roster(&made.roster_bytes, &made.device, &made.second, NULL, 0);
	assert_int_equal(
	    roster_decode(view_bytes(&made.roster_bytes), false, &made.roster), FORMAT_OK);
	make_statement(
	    roster_hash(&made.roster), &made.second, NULL, 0, &made.device, 2, &made.statement);
	made.head.hash = *roster_hash(&made.roster);
	made.header = (struct frame_header){.account = made.roster.account,
	    .epoch = 1,
	    .seq = 1,
	    .previous = made.head.hash,
	    .roster = *roster_hash(&made.roster),
	    .device = made.device.id,
	    .kind = FRAME_PATCH};
	assert_int_equal(
	    seal_frame(&key, &random_sevens, view_text("payload"), &made.header, &body), FORMAT_OK);
	assert_int_equal(
	    frame_encode(&made.header, view_bytes(&body), made.device.secret, &made.frame_bytes),
	    FORMAT_OK);
	bytes_clear(&body);
	assert_int_equal(frame_decode(view_bytes(&made.frame_bytes), &made.frame), FORMAT_OK);
	assert_int_equal(
	    seal_blob(&key, view_text("payload"), &blob_header, &made.blob_bytes, &name),
	    FORMAT_OK);
	assert_int_equal(blob_decode(view_bytes(&made.blob_bytes), NULL, &made.blob), FORMAT_OK);
	assert_int_equal(seal_part(&key, &random_sevens, PART_USE_NAMES, &previous,
			     view_text("payload"), &made.part),
	    FORMAT_OK);
	made.create = (struct create){.account = made.roster.account,
	    .device = made.device.id,
	    .roster = view_bytes(&made.roster_bytes)};
	assert_int_equal(
	    create_encode(&made.create, made.device.secret, &made.create_bytes), FORMAT_OK);
	return 0;
}

static int clear_all(void **state)
{
	(void)state;
	bytes_clear(&made.create_bytes);
	bytes_clear(&made.part);
	bytes_clear(&made.blob_bytes);
	bytes_clear(&made.frame_bytes);
	bytes_clear(&made.statement);
	bytes_clear(&made.roster_bytes);
	return 0;
}

static void fails_at(enum format_result (*run)(void), struct fault_turns *turns)
{
	enum format_result result;
	bool failed;

	memset(&out, 0, sizeof(out));
	fault_begin(turns);
	result = run();
	failed = fault_end(turns);
	if (result != (failed ? FORMAT_NO_MEMORY : FORMAT_OK))
		fail_msg("allocation %u: %s", each_at(), format_result_text(result));
	if (handed_out() == failed)
		fail_msg(
		    "allocation %u: %s is handed out", each_at(), failed ? "something" : "nothing");
	bytes_clear(&out.bytes);
}

static void each_allocation_of(enum format_result (*run)(void))
{
	struct fault_turns turns = {.forever = false};

	while (fault_next(&turns))
		fails_at(run, &turns);
}

static enum format_result run_seal_frame(void)
{
	struct frame_header header = made.header;

	return seal_frame(&key, &random_sevens, view_text("payload"), &header, &out.bytes);
}

static enum format_result run_open_frame(void)
{
	return open_frame(&key, &made.frame, &out.bytes);
}

static enum format_result run_seal_blob(void)
{
	struct blob_header header = {.epoch = 1, .kind = BLOB_BODY};

	return seal_blob(&key, view_text("payload"), &header, &out.bytes, &out.digest);
}

static enum format_result run_open_blob(void)
{
	return open_blob(&key, &made.blob, &out.bytes);
}

static enum format_result run_seal_part(void)
{
	return seal_part(
	    &key, &random_sevens, PART_USE_NAMES, &previous, view_text("payload"), &out.bytes);
}

static enum format_result run_open_part(void)
{
	return open_part(&key, PART_USE_NAMES, &previous, view_bytes(&made.part), &out.bytes);
}

static void seals_without_memory(void **state)
{
	(void)state;
	each_allocation_of(run_seal_frame);
	each_allocation_of(run_seal_blob);
	each_allocation_of(run_seal_part);
	each_allocation_of(run_open_frame);
	each_allocation_of(run_open_blob);
	each_allocation_of(run_open_part);
}

static enum format_result run_frame_encode(void)
{
	return frame_encode(&made.header, made.frame.body, made.device.secret, &out.bytes);
}

/* It moves the index on, and only if all holds. */
static enum format_result run_frame_check(void)
{
	size_t index = 1;
	const char *message = "none";
	enum format_result result =
	    frame_check(&made.frame, &made.head, &made.roster, &index, &message);

	if (result == FORMAT_OK)
		out.index = index;
	else if (strstr(message, "memory") == NULL)
		return FORMAT_FORGED; /* it says something of the frame */
	return result;
}

static void frames_without_memory(void **state)
{
	(void)state;
	each_allocation_of(run_frame_encode);
	each_allocation_of(run_frame_check);
}

static enum format_result run_roster_decode(void)
{
	return roster_decode(view_bytes(&made.roster_bytes), false, &out.roster);
}

static enum format_result run_roster_decode_again(void)
{
	return roster_decode_again(view_bytes(&made.roster_bytes), &out.roster);
}

static enum format_result run_roster_append(void)
{
	return roster_append(
	    view_bytes(&made.roster_bytes), view_bytes(&made.statement), &out.bytes);
}

static enum format_result run_roster_bare(void)
{
	return roster_bare(&made.roster, &out.bytes);
}

static enum format_result run_create_encode(void)
{
	return create_encode(&made.create, made.device.secret, &out.bytes);
}

/* The roster that it decodes on the way is no answer. */
static enum format_result run_create_decode(void)
{
	static struct roster roster;
	struct create create = {0};
	enum format_result result = create_decode(view_bytes(&made.create_bytes), &create, &roster);

	if (create.roster.data != NULL)
		out.roster = roster;
	return result;
}

static void rosters_without_memory(void **state)
{
	(void)state;
	each_allocation_of(run_roster_decode);
	each_allocation_of(run_roster_decode_again);
	each_allocation_of(run_roster_append);
	each_allocation_of(run_roster_bare);
	each_allocation_of(run_create_encode);
	each_allocation_of(run_create_decode);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(seals_without_memory, make_all, clear_all),
    cmocka_unit_test_setup_teardown(frames_without_memory, make_all, clear_all),
    cmocka_unit_test_setup_teardown(rosters_without_memory, make_all, clear_all),
};

TEST_MAIN(tests)
