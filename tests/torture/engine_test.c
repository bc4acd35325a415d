/*
 * tests/torture/engine_test.c: calls of the engine with each allocation of ours failing in turn:
 * once, or from there on. The call fails, and for no other reason than that: nothing is said to be
 * damaged, nothing is handed out, no transaction stays open, and the same call succeeds afterwards.
 * Leaks are the sanitizer's to find.
 */
#include "cli/engine/compress.h"
#include "cli/engine/frame_build.h"
#include "cli/engine/key_file.h"
#include "cli/engine/losers.h"
#include "cli/engine/membership.h"
#include "cli/engine/patch_build.h"
#include "cli/engine/result.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/transfers.h"
#include "cli/engine/version.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/off_log.h"
#include "tests/cli/engine/pair.h"
#include "tests/torture/fault.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* Whatever a call makes; cleared after each. */
static struct {
	struct bytes bytes;
	struct account_new account;
	struct device_keys keys;
	struct recovery_view view;
	struct built_frame push;
	struct losers losers;
	bool any; /* what else was handed out */
} out;
static unsigned turn; /* each round of the allocations has another: for new ids */

/* What one of the failures at least must say; NULL: nothing in particular. */
static struct {
	const char *part;
	bool said;
} wanted;

static bool all_zero(const void *bytes, size_t len)
{
	return sodium_is_zero(bytes, len) == 1;
}

static bool handed_out(void)
{
	return out.bytes.data != NULL || !all_zero(&out.account, sizeof(out.account)) ||
	       !all_zero(&out.keys, sizeof(out.keys)) || !all_zero(&out.view, sizeof(out.view)) ||
	       out.push.encoded.data != NULL || out.push.body.data != NULL || out.any;
}

static void clear_out(void)
{
	bytes_clear(&out.bytes);
	account_new_clear(&out.account);
	built_frame_clear(&out.push);
	losers_clear(&out.losers);
	memset(&out, 0, sizeof(out));
}

static void fails_at(enum engine_result (*run)(void), struct fault_turns *turns)
{
	const char *name = turns->each.of;
	enum engine_result result;
	bool failed;

	clear_out();
	call_init(&pair.a.call, INT64_MAX);
	call_init(&pair.b.call, INT64_MAX);
	fault_begin(turns);
	result = run();
	failed = fault_end(turns);
	if (result != (failed ? ENGINE_FAILED : ENGINE_OK))
		fail_msg("%s: allocation %u: %s: %s", name, each_at(), engine_result_text(result),
		    pair.a.call.message);
	if (wanted.part != NULL && strstr(pair.a.call.message, wanted.part) != NULL)
		wanted.said = true;
	if (handed_out() == failed)
		fail_msg("%s: allocation %u: %s is handed out", name, each_at(),
		    failed ? "something" : "nothing");
	clear_out();
}

static void each_allocation_of(const char *name, enum engine_result (*run)(void))
{
	struct fault_turns turns = {.each.of = name};

	while (fault_next(&turns)) {
		turn += turns.each.nth == 1;
		fails_at(run, &turns);
	}
}
/* Of a call that has no output but its result. */
static enum engine_result out_of(enum engine_result result)
{
	out.any = result == ENGINE_OK;
	return result;
}

#define EACH_ALLOCATION_OF(run) each_allocation_of(#run, run)

/* What is read: made while nothing fails. */
static struct {
	struct bytes roster_bytes, file, packed, packed_plain, delta, record;
	struct roster roster;
	struct account_new account;
	struct recovery_view view;
	struct digest begun_on, begun_on_e2;
	struct device_keys added;
	struct buffer losers; /* a segment */
} made;
static const char words[] = "one and one and one and one and one and one and one and one and one";

static int setup(void **state)
{
	int result = pair_setup(state);

	call_init(&pair.a.call, INT64_MAX);
	assert_engine(
	    &pair.a, sync_roster_get(&pair.a.engine, &pair.a.call, &made.roster_bytes), ENGINE_OK);
	assert_int_equal(
	    roster_decode(view_bytes(&made.roster_bytes), false, &made.roster), FORMAT_OK);
	device_keys_new(&pair.world.random, &made.added);
	return result;
}

static int teardown(void **state)
{
	struct bytes *const all[] = {&made.roster_bytes, &made.file, &made.packed,
	    &made.packed_plain, &made.delta, &made.record};

	for (size_t i = 0; i < COUNT_OF(all); i++)
		bytes_clear(all[i]);
	account_new_clear(&made.account);
	buffer_clear(&made.losers);
	memset(&made, 0, sizeof(made));
	memset(&wanted, 0, sizeof(wanted));
	return pair_teardown(state);
}

static enum engine_result run_pack(void)
{
	return engine_of_format(compress_pack(view_text(words), &out.bytes));
}

/* Too short to gain: it is stored as it is. */
static enum engine_result run_pack_plain(void)
{
	return engine_of_format(compress_pack(view_text("ab"), &out.bytes));
}

static enum engine_result run_unpack(void)
{
	return engine_of_format(compress_unpack(view_bytes(&made.packed), 1000, &out.bytes));
}

static enum engine_result run_unpack_plain(void)
{
	return engine_of_format(compress_unpack(view_bytes(&made.packed_plain), 1000, &out.bytes));
}

static enum engine_result run_delta(void)
{
	return engine_of_format(delta_make(view_text(words), view_text(words + 4), &out.bytes));
}

static enum engine_result run_delta_apply(void)
{
	return engine_of_format(
	    delta_apply(view_text(words), view_bytes(&made.delta), sizeof(words) - 5, &out.bytes));
}

static void what_is_packed_without_memory(void **state)
{
	(void)state;
	assert_int_equal(compress_pack(view_text(words), &made.packed), FORMAT_OK);
	assert_int_equal(compress_pack(view_text("ab"), &made.packed_plain), FORMAT_OK);
	assert_int_equal(
	    delta_make(view_text(words), view_text(words + 4), &made.delta), FORMAT_OK);
	EACH_ALLOCATION_OF(run_pack);
	EACH_ALLOCATION_OF(run_pack_plain);
	EACH_ALLOCATION_OF(run_unpack);
	EACH_ALLOCATION_OF(run_unpack_plain);
	EACH_ALLOCATION_OF(run_delta);
	EACH_ALLOCATION_OF(run_delta_apply);
}

static enum engine_result run_keyfile_encode(void)
{
	return engine_of_format(
	    keyfile_encode(&pair.a.keys, (struct view){0}, &pair.world.random, &out.bytes));
}

static enum engine_result run_keyfile_decode(void)
{
	return engine_of_format(
	    keyfile_decode(view_bytes(&made.file), (struct view){0}, &out.keys));
}

static enum engine_result run_keyfile_locked(void)
{
	bool locked = true;
	enum engine_result result =
	    engine_of_format(keyfile_locked(view_bytes(&made.file), &locked));

	out.any = !locked;
	return result;
}

static enum engine_result run_genesis(void)
{
	static const uint8_t code_key[RECOVERY_KEY_LEN] = {5};

	return engine_of_format(genesis_make(
	    &pair.a.keys, view_text("a"), code_key, 1, &pair.world.random, &out.bytes));
}

static enum engine_result run_add_device(void)
{
	return engine_of_format(add_device_make(&made.roster, &pair.a.keys, &made.added,
	    view_text("a"), 1, &pair.world.random, &out.bytes));
}

static void keys_without_memory(void **state)
{
	(void)state;
	assert_int_equal(
	    keyfile_encode(&pair.a.keys, (struct view){0}, &pair.world.random, &made.file),
	    FORMAT_OK);
	EACH_ALLOCATION_OF(run_keyfile_encode);
	EACH_ALLOCATION_OF(run_keyfile_decode);
	EACH_ALLOCATION_OF(run_keyfile_locked);
	EACH_ALLOCATION_OF(run_genesis);
	EACH_ALLOCATION_OF(run_add_device);
}

static enum engine_result run_account_begin(void)
{
	return account_begin(&pair.a.engine, "a", &pair.a.call, &out.account);
}

static enum engine_result run_account_store(void)
{
	return out_of(account_store(&pair.a.engine, &made.account, &pair.a.call));
}

/* A name that could not be opened is shown as digits, for whatever reason. */
static enum engine_result run_recovery_check(void)
{
	enum engine_result result = recovery_check(&pair.a.engine, view_bytes(&made.roster_bytes),
	    &pair.world.code, &pair.a.call, &out.view);

	if (result != ENGINE_OK ||
	    memcmp(out.view.names, made.view.names, sizeof(made.view.names)) == 0)
		return result;
	memset(&out.view, 0, sizeof(out.view));
	return ENGINE_FAILED;
}

static enum engine_result run_recovery_store(void)
{
	return out_of(recovery_store(
	    &pair.a.engine, view_bytes(&made.roster_bytes), &made.view, "another", &pair.a.call));
}

static enum engine_result run_switch(void)
{
	return out_of(sync_switch(&pair.a.engine, true, &pair.a.call));
}

static enum engine_result run_wipe_make(void)
{
	return wipe_make(&pair.a.engine, "", &pair.a.call, &out.bytes);
}

static enum engine_result run_wiped(void)
{
	return out_of(account_wiped(&pair.a.engine, view_bytes(&made.record), &pair.a.call));
}

/* It says yes or no. */
static enum engine_result run_was_wiped(void)
{
	out.any = account_was_wiped(&pair.world.account, view_bytes(&made.record));
	return out.any ? ENGINE_OK : ENGINE_FAILED;
}

static void make_record(void)
{
	struct bytes wipe = {0}, bare = {0};

	assert_engine(&pair.a, wipe_make(&pair.a.engine, "", &pair.a.call, &wipe), ENGINE_OK);
	assert_int_equal(roster_bare(&made.roster, &bare), FORMAT_OK);
	assert_int_equal(
	    wipe_record_encode(view_bytes(&wipe), view_bytes(&bare), &made.record), FORMAT_OK);
	bytes_clear(&bare);
	bytes_clear(&wipe);
}

static void accounts_without_memory(void **state)
{
	(void)state;
	make_record();
	assert_engine(
	    &pair.a, account_begin(&pair.a.engine, "a", &pair.a.call, &made.account), ENGINE_OK);
	assert_engine(&pair.a,
	    recovery_check(&pair.a.engine, view_bytes(&made.roster_bytes), &pair.world.code,
		&pair.a.call, &made.view),
	    ENGINE_OK);
	EACH_ALLOCATION_OF(run_wipe_make);
	EACH_ALLOCATION_OF(run_wiped);
	EACH_ALLOCATION_OF(run_was_wiped);
	EACH_ALLOCATION_OF(run_account_begin);
	EACH_ALLOCATION_OF(run_recovery_check);
	EACH_ALLOCATION_OF(run_switch);
	EACH_ALLOCATION_OF(run_recovery_store);
	EACH_ALLOCATION_OF(run_account_store);
}

static enum engine_result run_losers_read(void)
{
	struct replica state = {.engine = &pair.a.engine, .call = &pair.a.call};
	const struct journal *journal = &pair.a.engine.journal;
	enum engine_result result =
	    engine_of_journal(journal->ops->begin(journal->self, &pair.a.call));

	losers_init(&out.losers);
	if (result == ENGINE_OK)
		result = losers_read(&out.losers, &state, buffer_view(&made.losers));
	if (result == ENGINE_OK)
		result = losers_file(&out.losers, &state);
	journal->ops->rollback(journal->self);
	return out_of(result);
}

static void put_loser(const char *id)
{
	const struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text(""),
	    .content = view_text("lost"),
	    .created_at = view_text(""),
	    .updated_at = view_text("")};
	struct bytes encoded = {0};
	struct row row = {.author = pair.b.keys.id, .time_ms = pair.world.now_ms};

	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	row.entry = view_bytes(&encoded);
	row_put(&made.losers, &row, true);
	bytes_clear(&encoded);
}

static void losers_without_memory(void **state)
{
	(void)state;
	buffer_init(&made.losers, SEGMENT_PLAIN_MAX);
	cbor_put_array(&made.losers, 2);
	put_loser("e1");
	put_loser("x");
	EACH_ALLOCATION_OF(run_losers_read);
}

static void edit_id(char id[16])
{
	(void)snprintf(id, 16, "new%u", turn);
}

static enum engine_result run_save_new(void)
{
	char id[16];
	const struct entry entry = {.id = (edit_id(id), view_text(id)),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(words)};
	struct edit_outcome outcome = {0};
	enum engine_result result = edit_save(&pair.a.engine, &entry, NULL, &pair.a.call, &outcome);

	out.any = !all_zero(&outcome, sizeof(outcome));
	return result;
}

/* Begun on what e1 was at first: in between it was saved again. */
static enum engine_result run_save_over(void)
{
	const struct entry entry = {.id = view_text("e1"),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(words),
	    .created_at = view_text("2026-01-01T00:00:00.000Z")};
	struct edit_outcome outcome = {0};
	enum engine_result result =
	    edit_save(&pair.a.engine, &entry, &made.begun_on, &pair.a.call, &outcome);

	out.any = !all_zero(&outcome, sizeof(outcome));
	return result;
}

static enum engine_result run_delete_and_restore(void)
{
	enum engine_result result = edit_delete(&pair.a.engine, view_text("e2"), &pair.a.call);

	if (result == ENGINE_OK)
		result =
		    edit_restore(&pair.a.engine, view_text("e2"), &made.begun_on_e2, &pair.a.call);
	/* What was deleted before the memory ran out can be deleted no second time. */
	if (result == ENGINE_REFUSED)
		result =
		    edit_restore(&pair.a.engine, view_text("e2"), &made.begun_on_e2, &pair.a.call);
	return out_of(result);
}

static enum engine_result run_import(void)
{
	char id[16];
	const struct entry entry = {.id = (edit_id(id), view_text(id)),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("from a file"),
	    .created_at = view_text("2027-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2027-01-01T00:00:00.000Z")};
	enum import_outcome outcome;
	enum engine_result result = import_begin(&pair.a.engine, &pair.a.call);

	if (result == ENGINE_OK) {
		result = import_entry(&pair.a.engine, &entry, &pair.a.call, &outcome);
		if (result == ENGINE_OK)
			result = import_commit(&pair.a.engine, 1, 0, &pair.a.call);
		else
			import_rollback(&pair.a.engine);
	}
	return out_of(result);
}

static void edits_without_memory(void **state)
{
	(void)state;
	made.begun_on = device_version(&pair.a, "e1");
	made.begun_on_e2 = device_version(&pair.a, "e2");
	(void)device_save(&pair.a, "e1", "meanwhile");
	EACH_ALLOCATION_OF(run_save_new);
	EACH_ALLOCATION_OF(run_import);
	EACH_ALLOCATION_OF(run_save_over);
	EACH_ALLOCATION_OF(run_delete_and_restore);
}

static enum engine_result run_version(void)
{
	struct version version = {0};
	enum engine_result result = version_load(
	    &pair.a.engine, view_text("extra"), &made.begun_on, &pair.a.call, &version);

	out.any = version.encoded.data != NULL;
	version_clear(&version);
	return result;
}

/* What another version of the program has added to it is checked when it is read, with memory. */
static void versions_without_memory(void **state)
{
	const struct entry entry = {.id = view_text("extra"),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("and more"),
	    .extra = {{view_text("mood"), view_text("{\"a\":1,\"b\":2}")}},
	    .extra_count = 1};
	struct edit_outcome outcome;

	(void)state;
	assert_engine(
	    &pair.a, edit_save(&pair.a.engine, &entry, NULL, &pair.a.call, &outcome), ENGINE_OK);
	made.begun_on = outcome.version;
	wanted.part = "no memory for a stored version";
	EACH_ALLOCATION_OF(run_version);
	assert_true(wanted.said);
}

/* Of a roster with a second epoch, under which the first one's key lies sealed. */
static struct replica epochs;

static enum engine_result run_key(void)
{
	const struct epoch_key *key = NULL;

	epochs.key_epoch = 0;
	return out_of(replica_key(&epochs, 1, &key));
}

static void epochs_without_memory(void **state)
{
	struct bytes more = {0};

	(void)state;
	epochs = (struct replica){
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	assert_engine(&pair.a, replica_load(&epochs), ENGINE_OK);
	assert_int_equal(off_log_make(view_bytes(&epochs.roster_bytes), &pair.a.keys, OFF_LOG_EPOCH,
			     NULL, &pair.world.random, &more),
	    FORMAT_OK);
	assert_engine(&pair.a, replica_hold_roster(&epochs, view_bytes(&more)), ENGINE_OK);
	EACH_ALLOCATION_OF(run_key);
	bytes_clear(&more);
	replica_clear(&epochs);
}

static enum engine_result run_push(void)
{
	struct replica state = {
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	enum engine_result result = replica_load(&state);

	if (result == ENGINE_OK)
		result = patch_build(&state, true, &out.push);
	replica_clear(&state);
	return result;
}

/* What lost to an edit that was held open: so it is carried. */
static void lose(const char *id, const struct digest *begun_on)
{
	const struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("written slowly"),
	    .created_at = view_text("2026-01-01T00:00:00.000Z")};
	struct edit_outcome outcome;

	pair.world.now_ms += 600000;
	assert_engine(&pair.a, edit_save(&pair.a.engine, &entry, begun_on, &pair.a.call, &outcome),
	    ENGINE_OK);
	assert_true(outcome.conflict);
}

/* A delta, a whole entry, a tombstone that may go, losers: named, and as a delta; all in a body. */
static void make_dirty(void)
{
	struct digest first, other;

	device_delete(&pair.a, "e4");
	pair_save_long(&pair.a, "long", 3000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	first = device_version(&pair.a, "e2");
	other = device_version(&pair.a, "long");
	pair.world.now_ms += 95 * DAY_MS;
	(void)device_save(&pair.a, "e2", "what the cloud has");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	pair_save_long(&pair.a, "long", 3000);
	lose("long", &other);
	lose("e2", &first);
	pair_save_long(&pair.a, "longer", 6000);
}

static void pushes_without_memory(void **state)
{
	(void)state;
	make_dirty();
	EACH_ALLOCATION_OF(run_push);
	assert_synced(&pair.a);
	assert_false(device_has(&pair.a, "e4"));
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static enum engine_result run_statement(void)
{
	struct replica state = {
	    .engine = &pair.b.engine, .call = &pair.b.call, .opener = &pair.b.recovery};
	enum engine_result result = replica_load(&state);

	if (result == ENGINE_OK)
		result = membership_build(&state, &pair.b.recovery, &out.push, &out.bytes);
	replica_clear(&state);
	return result;
}

static void statements_without_memory(void **state)
{
	(void)state;
	device_close(&pair.b);
	device_open(&pair.b, &pair.world);
	device_join(&pair.b);
	EACH_ALLOCATION_OF(run_statement);
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* All of it, as if each blob that is to be put came back as it was. */
static enum engine_result make_all(struct snapshot_build *make)
{
	bool put = true, index = false;
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && !index) {
		struct transfer transfer = {.state = TRANSFER_PUT};
		struct sync_want want = {.kind = SYNC_WANT_PUT, .sealing = &transfer.sealing};

		result = snapshot_build_next(make, true, &put, &transfer);
		if (result == ENGINE_OK)
			result = sync_seal(&want, &pair.a.call);
		transfer.name = want.name;
		transfer.blob_len = want.blob.len;
		index = transfer.place == PLACE_INDEX;
		if (result == ENGINE_OK)
			result = snapshot_build_put_done(make, &transfer);
		transfer_end(&transfer);
	}
	return result == ENGINE_OK ? snapshot_build_frame(make, &out.push) : result;
}

static enum engine_result run_make(enum frame_kind kind)
{
	struct replica state = {
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	struct snapshot_build *make = NULL;
	enum engine_result result = replica_load(&state);

	if (result == ENGINE_OK)
		result = snapshot_build_open(&state, kind, NULL, &make);
	if (result == ENGINE_OK)
		result = make_all(make);
	snapshot_build_free(make);
	replica_clear(&state);
	return result;
}

static enum engine_result run_load(void)
{
	return run_make(FRAME_LOAD);
}

static enum engine_result run_snapshot(void)
{
	return run_make(FRAME_SNAPSHOT);
}

static void loads_without_memory(void **state)
{
	(void)state;
	EACH_ALLOCATION_OF(run_snapshot);
	make_dirty();
	wanted.part = "a segment could not be made: too large, or no memory";
	EACH_ALLOCATION_OF(run_load);
	assert_true(wanted.said);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_packed_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(keys_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(accounts_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(losers_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(edits_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(versions_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(epochs_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(pushes_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(statements_without_memory, setup, teardown),
    cmocka_unit_test_setup_teardown(loads_without_memory, setup, teardown),
};

TEST_MAIN(tests)
