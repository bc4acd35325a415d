/*
 * tests/cli/engine/purge_days_test.c: which tombstones may go, to the millisecond and to the frame:
 * 90 days, 180 days of silence, a week before an acknowledgement. The roster is whole, the log is
 * nothing but what the journal says of it.
 */
#include "cli/engine/membership.h"
#include "cli/engine/purge.h"
#include "cli/engine/version.h"
#include "tests/cli/engine/engine_fixture.h"
#include "tests/each.h"

#include <string.h>

#define DAY_MS INT64_C(86400000)
#define OTHERS 2u
#define HEAD 20u
#define NEVER (-1) /* as an age */

static struct world world;
static struct device device;
static struct device_keys others[OTHERS];
static struct bytes roster_bytes;
static struct roster roster;
static struct replica run;

static void add_to_roster(struct device_keys *added)
{
	struct bytes statement = {0}, longer = {0};

	device_keys_new(&world.random, added);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	assert_int_equal(add_device_make(&roster, &device.keys, added, view_text("another"),
			     world.now_ms, &world.random, &statement),
	    FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&roster_bytes), view_bytes(&statement), &longer), FORMAT_OK);
	bytes_clear(&statement);
	bytes_clear(&roster_bytes);
	roster_bytes = longer;
}

/* The first device, a recovery device, and two that came with a statement each. */
static int setup(void **state)
{
	static const uint8_t code_key[RECOVERY_KEY_LEN] = {5};

	(void)state;
	world_open(&world);
	device_open(&device, &world);
	assert_int_equal(genesis_make(&device.keys, view_text("first"), code_key, world.now_ms,
			     &world.random, &roster_bytes),
	    FORMAT_OK);
	for (size_t i = 0; i < OTHERS; i++)
		add_to_roster(&others[i]);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bytes_clear(&roster_bytes);
	device_close(&device);
	world_close(&world);
	return 0;
}

/* A transaction, in which the log has come to HEAD. */
static void begin(void)
{
	call_init(&device.call, INT64_MAX);
	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	run = (struct replica){.engine = &device.engine,
	    .call = &device.call,
	    .roster = &roster,
	    .roster_index = roster.statements_count - 1};
	run.facts.public.device = device.keys.id;
	run.facts.public.head.seq = HEAD;
	assert_int_equal(device.engine.journal.ops->begin(device.store, &device.call), JOURNAL_OK);
}

static void end(void)
{
	device.engine.journal.ops->rollback(device.store);
}

/* What is known of one: the last frame, if there is one, and how long ago it was added. */
struct seen {
	uint64_t seq;   /* 0: no frame … */
	int64_t age_ms; /* … and this of its statement */
};

static void see(const struct device_id *id, const struct seen *seen)
{
	int64_t at_ms = world.now_ms - seen->age_ms;

	for (size_t i = 0; i < roster.devices_count; i++)
		if (device_equal(&roster.devices[i].id, id))
			roster.devices[i].added_ms =
			    seen->seq == 0 ? at_ms : world.now_ms - 1000 * DAY_MS;
	if (seen->seq > 0)
		assert_int_equal(device.engine.journal.ops->device_seen(
				     device.store, id, seen->seq, at_ms, &device.call),
		    JOURNAL_OK);
}

static void add_tombstone(const char *id, uint64_t seq, int64_t age_ms)
{
	const struct journal_ops *ops = device.engine.journal.ops;
	const struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text(""),
	    .created_at = view_text("2025-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2025-01-01T00:00:00.000Z"),
	    .deleted_at = view_text("2025-01-01T00:00:00.000Z")};
	struct digest version;

	assert_engine(
	    &device, version_store(&device.engine, &entry, &device.call, &version), ENGINE_OK);
	assert_int_equal(
	    ops->local_set(device.store, entry.id, &version, &device.call), JOURNAL_OK);
	assert_int_equal(ops->base_set(device.store, entry.id, &version, &device.call), JOURNAL_OK);
	assert_int_equal(ops->cloud_set(device.store, entry.id, &version, &device.keys.id, seq,
			     world.now_ms - age_ms, &device.call),
	    JOURNAL_OK);
}

static bool goes(void)
{
	struct purge purge;
	struct bytes id = {0};
	struct journal_entry known;
	enum engine_result result;

	assert_engine(&device, purge_open(&run, &purge), ENGINE_OK);
	result = purge_next(&run, &purge, (struct view){0}, &id, &known);
	assert_true(result == ENGINE_OK || result == ENGINE_NOT_FOUND);
	if (result == ENGINE_OK)
		assert_true(view_equal(view_bytes(&id), view_text("gone")));
	bytes_clear(&id);
	return result == ENGINE_OK;
}

static const struct {
	const char *name;
	uint64_t seq; /* the tombstone's place … */
	int64_t age_ms;
	struct seen others[OTHERS];
	int64_t reset_age_ms;
	bool goes;
} rows[] = {
    {"90 days old", 9, 90 * DAY_MS, {{10, 0}, {10, 0}}, NEVER, true},
    {"a moment less", 9, 90 * DAY_MS - 1, {{10, 0}, {10, 0}}, NEVER, false},
    {"a last frame at its very place", 9, 90 * DAY_MS, {{9, 0}, {10, 0}}, NEVER, false},
    {"one that is the head, too", HEAD, 90 * DAY_MS, {{HEAD, 0}, {HEAD, 0}}, NEVER, false},
    {"one behind", 9, 90 * DAY_MS, {{10, 0}, {8, 0}}, NEVER, false},
    {"the first one behind", 9, 90 * DAY_MS, {{8, 0}, {10, 0}}, NEVER, false},
    {"silent for 180 days", 9, 90 * DAY_MS, {{8, 180 * DAY_MS}, {10, 0}}, NEVER, true},
    {"a moment less silent", 9, 90 * DAY_MS, {{8, 180 * DAY_MS - 1}, {10, 0}}, NEVER, false},
    {"without a frame", 9, 90 * DAY_MS, {{0, DAY_MS}, {10, 0}}, NEVER, false},
    {"without a frame, at the first place", 1, 90 * DAY_MS, {{0, DAY_MS}, {10, 0}}, NEVER, false},
    {"without a frame for 180 days", 9, 90 * DAY_MS, {{0, 180 * DAY_MS}, {10, 0}}, NEVER, true},
    {"… a moment less", 9, 90 * DAY_MS, {{0, 180 * DAY_MS - 1}, {10, 0}}, NEVER, false},
    {"all silent, at the head", HEAD, 90 * DAY_MS, {{1, 180 * DAY_MS}, {1, 180 * DAY_MS}}, NEVER,
	true},
    {"beyond the head", HEAD + 1, 90 * DAY_MS, {{1, 180 * DAY_MS}, {1, 180 * DAY_MS}}, NEVER,
	false},
    {"nobody was silent before a reset", 9, 90 * DAY_MS, {{8, 400 * DAY_MS}, {10, 0}},
	180 * DAY_MS - 1, false},
    {"silent since a reset", 9, 90 * DAY_MS, {{8, 400 * DAY_MS}, {10, 0}}, 180 * DAY_MS, true},
    {"heard of since a reset", 9, 90 * DAY_MS, {{8, 100 * DAY_MS}, {10, 0}}, 200 * DAY_MS, false},
};

static void a_tombstone_goes_when_it_may(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		begin();
		for (size_t k = 0; k < OTHERS; k++)
			see(&others[k].id, &rows[i].others[k]);
		if (rows[i].reset_age_ms != NEVER)
			run.facts.public.reset_ms = world.now_ms - rows[i].reset_age_ms;
		add_tombstone("gone", rows[i].seq, rows[i].age_ms);
		if (goes() != rows[i].goes)
			fail_msg("%s: it %s", rows[i].name, rows[i].goes ? "stays" : "goes");
		end();
	}
}

/* Whom the log has not led to yet has nothing to acknowledge; nor has this device itself. */
static void only_who_is_there_is_waited_for(void **state)
{
	(void)state;
	begin();
	add_tombstone("gone", HEAD, 90 * DAY_MS);
	see(&device.keys.id, &(struct seen){1, 0});
	see(&others[0].id, &(struct seen){1, 0});
	see(&others[1].id, &(struct seen){1, 0});
	assert_false(goes());
	run.roster_index = 0;
	assert_true(goes());
	end();
}

static void they_come_by_id_and_once(void **state)
{
	static const char *const ids[] = {"a", "b", "c"};
	struct purge purge;
	struct bytes after = {0};
	struct journal_entry known;

	(void)state;
	begin();
	for (size_t i = COUNT_OF(ids); i-- > 0;)
		add_tombstone(ids[i], 5 + i, 100 * DAY_MS);
	for (size_t k = 0; k < OTHERS; k++)
		see(&others[k].id, &(struct seen){10, 0});
	assert_engine(&device, purge_open(&run, &purge), ENGINE_OK);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct bytes id = {0};

		assert_engine(
		    &device, purge_next(&run, &purge, view_bytes(&after), &id, &known), ENGINE_OK);
		assert_true(view_equal(view_bytes(&id), view_text(ids[i])));
		assert_int_equal(known.cloud_seq, 5 + i);
		bytes_clear(&after);
		after = id;
	}
	assert_engine(&device,
	    purge_next(&run, &purge, view_bytes(&after), &(struct bytes){0}, &known),
	    ENGINE_NOT_FOUND);
	bytes_clear(&after);
	end();
}

static void others_wait_for_an_acknowledgement(void **state)
{
	static const struct {
		const char *name;
		uint64_t newest; /* tombstone's place; 0: there is none */
		struct seen own;
		bool due;
	} due_rows[] = {
	    {"a week after the last frame", 9, {8, 7 * DAY_MS}, true},
	    {"a moment less", 9, {8, 7 * DAY_MS - 1}, false},
	    {"its own last frame brought it", 8, {8, 30 * DAY_MS}, false},
	    {"older than its last frame", 7, {8, 30 * DAY_MS}, false},
	    {"no tombstone", 0, {8, 30 * DAY_MS}, false},
	    {"no frame yet, for a week", 1, {0, 7 * DAY_MS}, true},
	    {"no frame yet, a moment less", 1, {0, 7 * DAY_MS - 1}, false},
	    {"no frame, and no tombstone", 0, {0, 30 * DAY_MS}, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(due_rows); i++) {
		bool due = !due_rows[i].due;

		begin();
		see(&device.keys.id, &due_rows[i].own);
		if (due_rows[i].newest > 0)
			add_tombstone("gone", due_rows[i].newest, DAY_MS);
		assert_engine(&device, purge_acknowledge_due(&run, &due), ENGINE_OK);
		if (due != due_rows[i].due)
			fail_msg("%s: due: %d", due_rows[i].name, due);
		run.facts.public.device.bytes[0] ^= 1; /* not in the roster yet: it has no say */
		assert_engine(&device, purge_acknowledge_due(&run, &due), ENGINE_OK);
		assert_false(due);
		end();
	}
}

/* Each of the journal's answers that is asked for, in its turn. */
static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	unsigned nth, count;
} failing;

static bool fails(void)
{
	return ++failing.count == failing.nth;
}

static enum journal_result device_get(void *self, const struct device_id *id, struct call *call,
    uint64_t *seq_out, int64_t *time_ms_out)
{
	return fails() ? JOURNAL_FULL
		       : failing.real->device_get(self, id, call, seq_out, time_ms_out);
}

static enum journal_result tombstone_next(void *self, struct view after, uint64_t seq_max,
    int64_t before_ms, struct call *call, struct bytes *id_out)
{
	return fails()
		   ? JOURNAL_FULL
		   : failing.real->tombstone_next(self, after, seq_max, before_ms, call, id_out);
}

static enum journal_result tombstone_newest(void *self, struct call *call, uint64_t *seq_out)
{
	return fails() ? JOURNAL_FULL : failing.real->tombstone_newest(self, call, seq_out);
}

static enum journal_result entry_get(
    void *self, struct view id, struct call *call, struct journal_entry *out)
{
	return fails() ? JOURNAL_FULL : failing.real->entry_get(self, id, call, out);
}

/* The first that is not OK; only a purge that is whole is handed out. */
static enum engine_result look_through(void)
{
	struct purge purge = {.seq_max = UINT64_MAX};
	struct bytes id = {0};
	struct journal_entry known;
	bool due = false;
	enum engine_result result = purge_open(&run, &purge);

	assert_true((purge.seq_max == UINT64_MAX) == (result != ENGINE_OK));
	if (result == ENGINE_OK)
		result = purge_next(&run, &purge, (struct view){0}, &id, &known);
	assert_true((id.data != NULL) == (result == ENGINE_OK));
	bytes_clear(&id);
	if (result == ENGINE_OK)
		result = purge_acknowledge_due(&run, &due);
	assert_int_equal(due, result == ENGINE_OK);
	return result;
}

static void a_journal_that_fails_is_told(void **state)
{
	struct each each = {.of = "looking through", .least = 6};

	(void)state;
	begin();
	add_tombstone("gone", 9, 100 * DAY_MS);
	see(&device.keys.id, &(struct seen){8, 30 * DAY_MS});
	see(&others[0].id, &(struct seen){10, 0});
	see(&others[1].id, &(struct seen){10, 0});
	failing.real = device.engine.journal.ops;
	failing.ops = *failing.real;
	failing.ops.device_get = device_get;
	failing.ops.tombstone_next = tombstone_next;
	failing.ops.tombstone_newest = tombstone_newest;
	failing.ops.entry_get = entry_get;
	device.engine.journal.ops = &failing.ops;
	while (each_next(&each)) {
		enum engine_result result;

		failing.nth = each.nth;
		failing.count = 0;
		result = look_through();
		each.hit = failing.count >= each.nth;
		if (each.hit) {
			assert_engine(&device, result, ENGINE_FULL);
			assert_int_equal(failing.count, each.nth); /* nothing is asked after that */
		}
	}
	device.engine.journal.ops = failing.real;
	end();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_tombstone_goes_when_it_may, setup, teardown),
    cmocka_unit_test_setup_teardown(only_who_is_there_is_waited_for, setup, teardown),
    cmocka_unit_test_setup_teardown(they_come_by_id_and_once, setup, teardown),
    cmocka_unit_test_setup_teardown(others_wait_for_an_acknowledgement, setup, teardown),
    cmocka_unit_test_setup_teardown(a_journal_that_fails_is_told, setup, teardown),
};

TEST_MAIN(tests)
