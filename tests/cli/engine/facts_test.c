/*
 * tests/cli/engine/facts_test.c: the record of sync in a home, as another version or a fault of the
 * disk may have left it: what lacks a part or passes a maximum is refused, whichever it is.
 */
#include "cli/engine/facts.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/engine_fixture.h"

#include <string.h>

enum kind { NUMBER, TIME, TEXT_OF, PLACE };
static const struct {
	enum kind kind;
	size_t len; /* of a text */
	uint64_t max;
} parts[] = {
    {NUMBER, 0, 1}, /* the version: as it is */
    {NUMBER, 0, 7}, /* flags */
    {TEXT_OF, ACCOUNT_ID_LEN, 0},
    {TEXT_OF, DEVICE_ID_LEN, 0},
    {TEXT_OF, INCARNATION_LEN, 0},
    {PLACE, 0, 0},
    {PLACE, 0, 0},
    {NUMBER, 0, SEQ_MAX},
    {NUMBER, 0, SEQ_MAX},
    {NUMBER, 0, SEQ_MAX},
    {NUMBER, 0, SEQ_MAX},
    {TIME, 0, 0},
    {TIME, 0, 0},
    {TIME, 0, 0},
    {TEXT_OF, DIGEST_LEN, 0},
    {NUMBER, 0, SEQ_MAX},
    {NUMBER, 0, SEQ_MAX},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))
#define NONE PARTS
#define VERSION 0u
#define FLAGS 1u

static struct {
	struct world world;
	struct device device;
} scene;

static int set_up(void **state)
{
	(void)state;
	world_open(&scene.world);
	device_open(&scene.device, &scene.world);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	device_close(&scene.device);
	world_close(&scene.world);
	return 0;
}

static void put_part(struct buffer *out, size_t i, uint64_t number)
{
	static const uint8_t zeros[DIGEST_LEN];
	static const struct head start;

	switch (parts[i].kind) {
	case NUMBER: cbor_put_uint(out, number); break;
	case TIME: cbor_put_int(out, 0); break;
	case TEXT_OF: cbor_put_bytes(out, zeros, parts[i].len); break;
	case PLACE: cbor_put_head(out, &start); break;
	}
}

/* A record without one part, and with a number in one. What reading it says. */
static enum engine_result read_record(size_t left_out, size_t changed, uint64_t number)
{
	struct device *device = &scene.device;
	const struct journal *journal = &device->engine.journal;
	struct sync_facts facts;
	struct buffer out;

	buffer_init(&out, 1024);
	cbor_put_map(&out, left_out == NONE ? PARTS : PARTS - 1);
	for (size_t i = 0; i < PARTS; i++) {
		uint64_t usual = i == VERSION ? FORMAT_VERSION : 0;

		if (i == left_out)
			continue;
		cbor_put_uint(&out, i);
		put_part(&out, i, i == changed ? number : usual);
	}
	assert_false(out.failed);
	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_FACTS, buffer_view(&out), &device->call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &device->call), JOURNAL_OK);
	buffer_clear(&out);
	return sync_facts_get(&device->engine, &device->call, &facts);
}

static void each_part_is_needed(void **state)
{
	(void)state;
	assert_engine(&scene.device, read_record(NONE, NONE, 0), ENGINE_OK);
	for (size_t i = 0; i < PARTS; i++) {
		assert_engine(&scene.device, read_record(i, NONE, 0), ENGINE_DAMAGED);
		assert_non_null(strstr(scene.device.call.message, "record of sync"));
	}
}

static void each_number_has_its_maximum(void **state)
{
	(void)state;
	for (size_t i = FLAGS; i < PARTS; i++) {
		if (parts[i].kind != NUMBER)
			continue;
		assert_engine(&scene.device, read_record(NONE, i, parts[i].max), ENGINE_OK);
		assert_true(read_record(NONE, i, parts[i].max + 1) != ENGINE_OK);
	}
}

static void a_newer_record_is_told_from_a_damaged_one(void **state)
{
	(void)state;
	assert_engine(&scene.device, read_record(NONE, VERSION, FORMAT_VERSION + 1), ENGINE_NEWER);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_part_is_needed, set_up, tear_down),
    cmocka_unit_test_setup_teardown(each_number_has_its_maximum, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_newer_record_is_told_from_a_damaged_one, set_up, tear_down),
};

TEST_MAIN(tests)
