/*
 * tests/cli/engine/make_frame_test.c: the frames of loads, snapshots and resets: what each says of
 * the log and the state, when none is made, and what a device holds once its own has landed. The
 * blobs go nowhere: each is there as soon as it is asked for.
 */
#include "cli/engine/frame_build.h"
#include "cli/engine/log_frame.h"
#include "cli/engine/own_frames.h"
#include "cli/engine/segments.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/transaction.h"
#include "cli/engine/transfers.h"
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <string.h>

static struct replica run;
static struct built_frame push;

static int setup(void **state)
{
	int result = pair_setup(state);

	call_init(&pair.a.call, INT64_MAX);
	run = (struct replica){
	    .engine = &pair.a.engine, .call = &pair.a.call, .opener = &pair.a.keys};
	assert_engine(&pair.a, replica_load(&run), ENGINE_OK);
	return result;
}

static int teardown(void **state)
{
	built_frame_clear(&push);
	replica_clear(&run);
	return pair_teardown(state);
}

static enum engine_result put_all(struct snapshot_build *make)
{
	bool index = false;
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK && !index) {
		struct transfer transfer = {.state = TRANSFER_PUT};
		struct sync_want want = {.kind = SYNC_WANT_PUT, .sealing = &transfer.sealing};
		bool put = false;

		result = snapshot_build_next(make, true, &put, &transfer);
		if (result == ENGINE_OK)
			result = sync_seal(&want, &pair.a.call);
		transfer.name = want.name;
		transfer.blob_len = 1000;
		index = transfer.place == PLACE_INDEX;
		if (result == ENGINE_OK)
			result = snapshot_build_put_done(make, &transfer);
		transfer_end(&transfer);
	}
	return result;
}

/* Up to the frame; *out is to be freed. */
static enum engine_result make(
    enum frame_kind kind, const struct head *follows, struct snapshot_build **out)
{
	enum engine_result result = snapshot_build_open(&run, kind, follows, out);

	if (result == ENGINE_OK)
		result = put_all(*out);
	built_frame_clear(&push);
	return result == ENGINE_OK ? snapshot_build_frame(*out, &push) : result;
}

static void assert_made(enum frame_kind kind, const struct head *follows)
{
	struct snapshot_build *made = NULL;

	assert_engine(&pair.a, make(kind, follows, &made), ENGINE_OK);
	snapshot_build_free(made);
}

struct opened {
	struct frame frame;
	struct bytes payload;
	struct frame_sealed sealed;
};

static struct opened open_push(void)
{
	struct opened opened = {.payload = {0}};

	assert_int_equal(frame_decode(view_bytes(&push.encoded), &opened.frame), FORMAT_OK);
	assert_engine(&pair.a, log_frame_open(&run, &opened.frame, &opened.payload, &opened.sealed),
	    ENGINE_OK);
	return opened;
}

/* What is true of all three. */
static void assert_common(const struct opened *opened, enum frame_kind kind)
{
	const struct frame_header *header = &opened->frame.header;

	assert_int_equal(header->kind, kind);
	assert_true(account_equal(&header->account, &pair.world.account));
	assert_true(device_equal(&header->device, &pair.a.keys.id));
	assert_int_equal(header->epoch, 1);
	assert_true(digest_equal(&header->roster, roster_hash(run.roster)));
	assert_true(header->has_blob);
	assert_true(digest_equal(&opened->frame.hash, &push.frame.hash));
	assert_int_equal(opened->sealed.floor, 3);
	assert_int_equal(opened->sealed.time_ms, pair.world.now_ms);
	assert_int_equal(
	    pair.a.engine.journal.ops->sent_known(pair.a.store, &push.frame.hash, &pair.a.call),
	    JOURNAL_OK);
}

static void assert_root(const struct opened *opened, const struct root_sum *sum)
{
	uint8_t root[ROOT_LEN];

	root_of(sum, root);
	assert_memory_equal(opened->sealed.root, root, ROOT_LEN);
	if (opened->sealed.has_covered_root)
		assert_memory_equal(opened->sealed.covered_root, root, ROOT_LEN);
}

static void a_snapshot_covers_the_head(void **state)
{
	const struct sync_facts *facts = &run.facts.public;
	struct opened opened;

	(void)state;
	run.facts.public.floor = 3;
	run.facts.public.reset_seq = 2;
	assert_made(FRAME_SNAPSHOT, NULL);
	opened = open_push();
	assert_common(&opened, FRAME_SNAPSHOT);
	assert_int_equal(opened.frame.header.seq, facts->head.seq + 1);
	assert_true(digest_equal(&opened.frame.header.previous, &facts->head.hash));
	assert_true(opened.frame.header.has_covered);
	assert_true(head_equal(&opened.frame.header.covered, &facts->head));
	assert_false(opened.frame.header.has_abandoned);
	assert_true(opened.sealed.has_covered_root);
	assert_int_equal(opened.sealed.reset_seq, 2);
	assert_root(&opened, &run.sum);
	bytes_clear(&opened.payload);
}

static void a_load_names_what_comes_of_it(void **state)
{
	const struct sync_facts *facts = &run.facts.public;
	struct root_sum after = run.sum;
	struct digest before = device_version(&pair.a, "e1"), now;
	struct opened opened;

	(void)state;
	run.facts.public.floor = 3;
	run.facts.public.reset_seq = 2;
	(void)device_save(&pair.a, "e1", "of the load");
	device_new(&pair.a, "new", "of the load");
	root_remove(&after, view_text("e1"), &before);
	now = device_version(&pair.a, "e1");
	root_add(&after, view_text("e1"), &now);
	now = device_version(&pair.a, "new");
	root_add(&after, view_text("new"), &now);
	assert_made(FRAME_LOAD, NULL);
	opened = open_push();
	assert_common(&opened, FRAME_LOAD);
	assert_int_equal(opened.frame.header.seq, facts->head.seq + 1);
	assert_true(digest_equal(&opened.frame.header.previous, &facts->head.hash));
	assert_false(opened.frame.header.has_covered);
	assert_false(opened.frame.header.has_abandoned);
	assert_false(opened.sealed.has_covered_root);
	assert_int_equal(opened.sealed.reset_seq, 2);
	assert_root(&opened, &after);
	bytes_clear(&opened.payload);
}

/* Above the head that it follows and all that its maker has seen, whichever is the higher. */
static void a_reset_stands_above_both_logs(void **state)
{
	static const uint64_t there[] = {2, 50};

	(void)state;
	run.facts.public.floor = 3;
	run.facts.public.reset_seq = 2;
	run.facts.public.known_head = (struct head){20, {{7}}};
	for (size_t i = 0; i < COUNT_OF(there); i++) {
		const struct head follows = {there[i], {{9}}};
		struct opened opened;

		assert_made(FRAME_RESET, &follows);
		opened = open_push();
		assert_common(&opened, FRAME_RESET);
		assert_int_equal(opened.frame.header.seq, there[i] == 2 ? 21 : 51);
		assert_true(digest_equal(&opened.frame.header.previous, &follows.hash));
		assert_true(head_equal(&opened.frame.header.covered, &run.facts.public.head));
		assert_true(opened.frame.header.has_abandoned);
		assert_true(
		    head_equal(&opened.frame.header.abandoned, &run.facts.public.known_head));
		assert_true(opened.sealed.has_covered_root);
		assert_int_equal(opened.sealed.reset_seq, 0); /* it is the newest itself */
		assert_root(&opened, &run.sum);
		bytes_clear(&opened.payload);
	}
}

/* It would be refused, after all was put. */
static void a_reset_too_far_above_is_not_begun(void **state)
{
	static const struct {
		const char *name;
		uint64_t seen, there;
		enum engine_result want;
	} rows[] = {
	    {"as far as may be", RESET_SKIP_MAX + 4, 5, ENGINE_OK},
	    {"one too far", RESET_SKIP_MAX + 5, 5, ENGINE_ROLLBACK},
	    {"the last place", 1, SEQ_MAX - 1, ENGINE_OK},
	    {"behind the last place", 1, SEQ_MAX, ENGINE_ROLLBACK},
	    {"seen up to the last place", SEQ_MAX, SEQ_MAX - 1, ENGINE_ROLLBACK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct head follows = {rows[i].there, {{9}}};
		struct snapshot_build *made = NULL;
		enum engine_result result;
		char says[64];

		run.facts.public.known_head.seq = rows[i].seen;
		result = snapshot_build_open(&run, FRAME_RESET, &follows, &made);
		if (result != rows[i].want)
			fail_msg("%s: %s", rows[i].name, engine_result_text(result));
		assert_true((made != NULL) == (result == ENGINE_OK));
		snapshot_build_free(made);
		if (result == ENGINE_OK)
			continue;
		(void)snprintf(says, sizeof(says), "ended at %llu, too far above %llu,",
		    (unsigned long long)rows[i].seen, (unsigned long long)rows[i].there);
		assert_non_null(strstr(pair.a.call.message, says));
	}
}

/* A stored sum that is not the state's: only a reset leads out. */
static void a_sum_that_is_wrong_is_not_sent(void **state)
{
	const struct head follows = {9, {{9}}};
	const struct root_sum right = run.sum;
	struct snapshot_build *made = NULL;
	struct digest none = {{1}};

	(void)state;
	for (enum frame_kind kind = FRAME_LOAD; kind <= FRAME_SNAPSHOT; kind++) {
		made = NULL;
		run.sum = right;
		root_add(&run.sum, view_text("nobody's"), &none);
		assert_engine(&pair.a, make(kind, NULL, &made), ENGINE_ROOT);
		snapshot_build_free(made);
		assert_non_null(strstr(pair.a.call.message, "state root is not its state's"));
		assert_null(push.encoded.data);
	}
	assert_made(FRAME_RESET, &follows);
	assert_memory_equal(&run.sum, &right, sizeof(right));
}

static struct journal_entry known(const char *id)
{
	struct journal_entry entry = {0};

	assert_int_equal(
	    pair.a.engine.journal.ops->entry_get(pair.a.store, view_text(id), &pair.a.call, &entry),
	    JOURNAL_OK);
	return entry;
}

/* By this others count how far it has acknowledged the log. */
static void assert_noted(uint64_t seq)
{
	uint64_t last = 0;
	int64_t time_ms = 0;

	assert_int_equal(pair.a.engine.journal.ops->device_get(
			     pair.a.store, &pair.a.keys.id, &pair.a.call, &last, &time_ms),
	    JOURNAL_OK);
	assert_int_equal(last, seq);
	assert_int_equal(time_ms, pair.world.now_ms);
	assert_int_equal(run.facts.public.head.seq, seq);
	assert_true(digest_equal(&run.facts.public.head.hash, &push.frame.hash));
	assert_int_equal(run.facts.public.log_bytes, 0);
	assert_int_equal(run.facts.public.snapshot_seq, seq);
}

struct told {
	size_t count;
};

static bool see_reset(void *self, const struct store_activity *row)
{
	struct told *told = self;

	if (row->kind == ACTIVITY_RESET) {
		assert_string_equal(
		    row->detail, "this device's journal took the place of the cloud copy");
		told->count++;
	}
	return true;
}

static void assert_reset(uint64_t seq)
{
	struct told told = {0};

	assert_noted(seq);
	assert_true(run.totals.reset);
	assert_int_equal(run.facts.public.reset_seq, seq);
	assert_int_equal(run.facts.public.reset_ms, pair.world.now_ms);
	assert_int_equal(known("e1").cloud_seq, seq);
	assert_int_equal(
	    store_activity(pair.a.store, 0, see_reset, &told, &pair.a.call), JOURNAL_OK);
	assert_int_equal(told.count, 1);
}

/* Met in the log by another process than the one that made it, or heard of at once. */
static void a_reset_that_landed_moves_all_to_its_place(void **state)
{
	const struct head follows = {30, {{9}}};

	(void)state;
	for (unsigned heard = 0; heard < 2; heard++) {
		struct stored_facts before = run.facts;
		struct snapshot_build *made = NULL;
		struct frame frame;

		run.facts.public.log_bytes = 12345;
		assert_engine(&pair.a, make(FRAME_RESET, &follows, &made), ENGINE_OK);
		assert_int_equal(frame_decode(view_bytes(&push.encoded), &frame), FORMAT_OK);
		assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
		assert_engine(&pair.a,
		    heard ? snapshot_build_committed(made, &push.frame)
			  : own_frames_reset(&run, &frame),
		    ENGINE_OK);
		assert_reset(31);
		transaction_undo(&run);
		snapshot_build_free(made);
		run.facts = before; /* log_bytes */
	}
}

static void a_reset_of_another_state_is_none(void **state)
{
	const struct head follows = {30, {{9}}};
	struct frame frame;

	(void)state;
	assert_made(FRAME_RESET, &follows);
	assert_int_equal(frame_decode(view_bytes(&push.encoded), &frame), FORMAT_OK);
	run.facts.public.head.hash.bytes[0] ^= 1;
	assert_engine(&pair.a, own_frames_reset(&run, &frame), ENGINE_DAMAGED);
	assert_non_null(strstr(
	    pair.a.call.message, "own reset does not hold: it is not of this device's state"));
	run.facts.public.head.hash.bytes[0] ^= 1;
	push.encoded.data[push.encoded.len - 1] ^= 1; /* the signature */
	assert_int_equal(frame_decode(view_bytes(&push.encoded), &frame), FORMAT_OK);
	assert_engine(&pair.a, own_frames_reset(&run, &frame), ENGINE_DAMAGED);
	assert_non_null(strstr(pair.a.call.message, "own reset does not hold: "));
	assert_int_equal(run.facts.public.reset_seq, 0);
	assert_false(run.totals.reset);
}

static void a_load_that_landed_is_clean(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "of the load");
	device_new(&pair.a, "new", "of the load");
	for (unsigned times = 0; times < 2; times++) {
		bool heard = times == 0;
		struct snapshot_build *made = NULL;
		struct opened opened;

		assert_engine(&pair.a, make(FRAME_LOAD, NULL, &made), ENGINE_OK);
		opened = open_push();
		assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
		assert_engine(&pair.a,
		    heard ? snapshot_build_committed(made, &push.frame)
			  : own_frames_load(&run, &opened.frame, NULL),
		    ENGINE_OK);
		assert_noted(opened.frame.header.seq);
		assert_root(&opened, &run.sum);
		assert_int_equal(run.totals.pushed, 2);
		assert_int_equal(known("new").cloud_seq, opened.frame.header.seq);
		assert_int_equal(device_counts(&pair.a).dirty_count, 0);
		/* One segment was put, and the index, which has no weight. */
		if (heard)
			assert_int_equal(run.facts.public.snapshot_bytes, 1000);
		transaction_undo(&run);
		snapshot_build_free(made);
		bytes_clear(&opened.payload);
	}
}

/* The versions that went by it are not those that it was made of. */
static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	uint64_t more;
	uint8_t other;
} taken;

static enum journal_result sent_acknowledge(void *self, const struct digest *frame,
    const struct device_id *author, uint64_t seq, int64_t time_ms, struct call *call,
    uint64_t *count_out, struct digest *versions_out)
{
	enum journal_result result = taken.real->sent_acknowledge(
	    self, frame, author, seq, time_ms, call, count_out, versions_out);

	*count_out += taken.more;
	versions_out->bytes[DIGEST_LEN - 1] ^= taken.other;
	return result;
}

static void assert_not_this_load(
    struct snapshot_build *made, const struct opened *opened, uint64_t more, uint8_t other)
{
	taken.more = more;
	taken.other = other;
	assert_engine(&pair.a, transaction_begin(&run), ENGINE_OK);
	assert_engine(&pair.a,
	    made != NULL ? snapshot_build_committed(made, &push.frame)
			 : own_frames_load(&run, &opened->frame, NULL),
	    ENGINE_ROOT);
	assert_non_null(strstr(pair.a.call.message, "after this device's own load"));
	assert_int_equal(run.totals.pushed, 0);
	transaction_undo(&run);
}

static void a_load_of_other_versions_is_told(void **state)
{
	struct snapshot_build *made = NULL;
	struct opened opened;
	struct digest nobodys = {{1}};

	(void)state;
	(void)device_save(&pair.a, "e1", "of the load");
	assert_engine(&pair.a, make(FRAME_LOAD, NULL, &made), ENGINE_OK);
	opened = open_push();
	taken.real = pair.a.engine.journal.ops;
	taken.ops = *taken.real;
	taken.ops.sent_acknowledge = sent_acknowledge;
	pair.a.engine.journal.ops = &taken.ops;
	assert_not_this_load(made, &opened, 1, 0);
	assert_not_this_load(made, &opened, 0, 1);
	root_add(&run.sum, view_text("nobody's"), &nobodys);
	assert_not_this_load(NULL, &opened, 0, 0);
	pair.a.engine.journal.ops = taken.real;
	snapshot_build_free(made);
	bytes_clear(&opened.payload);
}

static void a_snapshot_weighs_what_its_segments_do(void **state)
{
	static const struct {
		uint64_t counted_bytes, counted, all, want;
	} rows[] = {
	    {100, 2, 2, 100}, {100, 2, 4, 200}, {101, 2, 3, 151}, {0, 0, 0, 0},
	    {0, 0, 3, UINT64_C(3) << 18}, /* half a segment's bytes, packed, each */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		segments_weigh(&run, rows[i].counted_bytes, rows[i].counted, rows[i].all);
		assert_int_equal(run.facts.public.snapshot_bytes, rows[i].want);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_snapshot_covers_the_head, setup, teardown),
    cmocka_unit_test_setup_teardown(a_load_names_what_comes_of_it, setup, teardown),
    cmocka_unit_test_setup_teardown(a_reset_stands_above_both_logs, setup, teardown),
    cmocka_unit_test_setup_teardown(a_reset_too_far_above_is_not_begun, setup, teardown),
    cmocka_unit_test_setup_teardown(a_sum_that_is_wrong_is_not_sent, setup, teardown),
    cmocka_unit_test_setup_teardown(a_reset_that_landed_moves_all_to_its_place, setup, teardown),
    cmocka_unit_test_setup_teardown(a_reset_of_another_state_is_none, setup, teardown),
    cmocka_unit_test_setup_teardown(a_load_that_landed_is_clean, setup, teardown),
    cmocka_unit_test_setup_teardown(a_load_of_other_versions_is_told, setup, teardown),
    cmocka_unit_test_setup_teardown(a_snapshot_weighs_what_its_segments_do, setup, teardown),
};

TEST_MAIN(tests)
