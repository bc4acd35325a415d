/*
 * tests/cli/engine/statement_test.c: the statement that adds a device which recovers. Its bytes are
 * kept before they are sent, and sent again as they are; where what is kept is not this device's
 * own, or does not stand next, it makes another.
 */
#include "cli/engine/epochs.h"
#include "cli/engine/frame_build.h"
#include "cli/engine/membership.h"
#include "cli/engine/result.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

static struct device c;
static struct replica run;
static struct built_frame push;
static struct bytes roster_bytes;
static struct device_keys stranger;

static struct call *afresh(void)
{
	call_init(&c.call, INT64_MAX);
	return &c.call;
}

static int setup(void **state)
{
	int result = pair_setup(state);

	device_open(&c, &pair.world);
	device_join(&c);
	device_keys_new(&pair.world.random, &stranger);
	run = (struct replica){.engine = &c.engine, .call = afresh(), .opener = &c.recovery};
	assert_engine(&c, replica_load(&run), ENGINE_OK);
	return result;
}

static int teardown(void **state)
{
	built_frame_clear(&push);
	bytes_clear(&roster_bytes);
	replica_clear(&run);
	device_close(&c);
	return pair_teardown(state);
}

static enum engine_result make_push(void)
{
	built_frame_clear(&push);
	bytes_clear(&roster_bytes);
	return membership_build(&run, &c.recovery, &push, &roster_bytes);
}

/* The one that was pushed; it stands in the roster that was handed out, after all known ones. */
static struct view pushed(void)
{
	static struct roster roster;

	assert_int_equal(roster_decode(view_bytes(&roster_bytes), false, &roster), FORMAT_OK);
	assert_int_equal(roster.statements_count, run.roster->statements_count + 1);
	return roster.statements[roster.statements_count - 1];
}

static struct bytes kept(void)
{
	struct bytes statement = {0};
	enum journal_result found =
	    c.engine.journal.ops->meta_get(c.store, META_STATEMENT, afresh(), &statement);

	assert_true(found == JOURNAL_OK || found == JOURNAL_NONE);
	return statement;
}

static void assert_kept(struct view statement)
{
	struct bytes there = kept();

	assert_true(view_equal(view_bytes(&there), statement));
	bytes_clear(&there);
}

static void keep(struct view statement)
{
	const struct journal_ops *ops = c.engine.journal.ops;

	assert_int_equal(ops->begin(c.store, afresh()), JOURNAL_OK);
	assert_int_equal(ops->meta_set(c.store, META_STATEMENT, statement, afresh()), JOURNAL_OK);
	assert_int_equal(ops->commit(c.store, afresh()), JOURNAL_OK);
}

/* Adds this device alone, is signed by the code, and follows what is known. */
static void assert_own(struct view encoded)
{
	struct statement statement;

	assert_int_equal(statement_decode(encoded, false, &statement), FORMAT_OK);
	assert_int_equal(statement.added_count, 1);
	assert_memory_equal(statement.added[0].sign_public, c.keys.sign_public, SIGN_PUBLIC_LEN);
	assert_true(digest_equal(&statement.previous, roster_hash(run.roster)));
	assert_int_equal(statement_signed_by(encoded, c.recovery.sign_public), FORMAT_OK);
}

static void it_is_kept_and_sent_as_it_is(void **state)
{
	struct frame frame;
	struct bytes first = {0};

	(void)state;
	for (unsigned times = 0; times < 2; times++) {
		assert_engine(&c, make_push(), ENGINE_OK);
		assert_own(pushed());
		assert_kept(pushed());
		assert_int_equal(frame_decode(view_bytes(&push.encoded), &frame), FORMAT_OK);
		assert_int_equal(frame.header.kind, FRAME_STATEMENT);
		assert_true(device_equal(&frame.header.device, &c.recovery.id));
		assert_int_equal(frame.header.seq, run.facts.public.head.seq + 1);
		assert_true(digest_equal(&frame.header.previous, &run.facts.public.head.hash));
		assert_true(digest_equal(&frame.header.roster, roster_hash(run.roster)));
		assert_true(view_equal(frame.body, pushed()));
		assert_true(digest_equal(&frame.hash, &push.frame.hash));
		if (times > 0)
			assert_true(view_equal(view_bytes(&first), pushed()));
		else
			assert_true(bytes_copy(pushed(), &first));
		pair.world.now_ms += 1000; /* made now it would be another */
	}
	bytes_clear(&first);
}

static void add_to(const struct device_keys *keys, struct statement_device *out)
{
	memcpy(out->sign_public, keys->sign_public, SIGN_PUBLIC_LEN);
	memcpy(out->box_public, keys->box_public, BOX_PUBLIC_LEN);
	memcpy(out->wipe_public, keys->wipe_public, SIGN_PUBLIC_LEN);
}

/* Whom it adds, by the code's signature. */
static void make_by_hand(size_t count, struct bytes *out)
{
	const struct device_keys *const added[] = {&c.keys, &stranger};
	struct statement change = {.kind = STATEMENT_CHANGE,
	    .previous = *roster_hash(run.roster),
	    .signer = c.recovery.id,
	    .time_ms = pair.world.now_ms,
	    .added_count = count};
	struct epoch_key key;
	struct box boxes[2];
	struct bytes part = {0};

	assert_int_equal(epoch_key_find(run.roster, &c.recovery, 1, &key), FORMAT_OK);
	for (size_t i = 0; i < count; i++) {
		add_to(added[i], &change.added[i]);
		boxes[i].device = added[i]->id;
		assert_int_equal(crypto_box_seal(boxes[i].sealed, key.bytes, EPOCH_KEY_LEN,
				     added[i]->box_public),
		    0);
	}
	assert_int_equal(boxes_encode(boxes, count, &part), FORMAT_OK);
	change.part[PART_BOXES] = view_bytes(&part);
	assert_int_equal(statement_encode(&change, c.recovery.sign_secret, out), FORMAT_OK);
	bytes_clear(&part);
}

enum wrong { NONE_WRONG, BY_ANOTHER, OF_ANOTHER, OF_TWO, ELSEWHERE, BARE, UNSIGNED, CUT, WRONGS };

static void make_kept(enum wrong wrong, struct bytes *out)
{
	struct roster *shorter = calloc(1, sizeof(*shorter));
	struct bytes first = {0}, whole = {0};

	assert_non_null(shorter);
	assert_int_equal(roster_first(run.roster, 1, &first), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&first), false, shorter), FORMAT_OK);
	if (wrong == OF_TWO)
		make_by_hand(2, &whole);
	else if (wrong == NONE_WRONG)
		make_by_hand(1, &whole);
	else
		assert_int_equal(add_device_make(wrong == ELSEWHERE ? shorter : run.roster,
				     wrong == BY_ANOTHER ? &pair.a.keys : &c.recovery,
				     wrong == OF_ANOTHER ? &stranger : &c.keys, view_text("c"),
				     pair.world.now_ms, &pair.world.random, &whole),
		    FORMAT_OK);
	if (wrong == BARE)
		assert_int_equal(statement_bare(view_bytes(&whole), out), FORMAT_OK);
	else
		assert_true(bytes_copy(view_bytes(&whole), out));
	out->len -= wrong == CUT;
	bytes_clear(&whole);
	bytes_clear(&first);
	free(shorter);
}

/* Signed by another key, in the code's name. */
static void make_unsigned(struct bytes *out)
{
	const struct device_keys right = c.recovery;

	memcpy(c.recovery.sign_secret, stranger.sign_secret, SIGN_SECRET_LEN);
	make_by_hand(1, out);
	c.recovery = right;
}

static void what_does_not_stand_next_is_made_anew(void **state)
{
	static const char *const names[WRONGS] = {"as it should be", "by another", "of another",
	    "of two", "at another place", "without its parts", "not signed", "cut short"};
	struct bytes longer = {0};

	(void)state;
	/* The log has led to the second statement by now: one that follows the first is late. */
	call_init(&pair.a.call, INT64_MAX);
	assert_engine(&pair.a, sync_roster_get(&pair.a.engine, &pair.a.call, &longer), ENGINE_OK);
	assert_engine(&c, replica_hold_roster(&run, view_bytes(&longer)), ENGINE_OK);
	bytes_clear(&longer);
	for (unsigned wrong = 0; wrong < WRONGS; wrong++) {
		struct bytes before = {0};

		if (wrong == UNSIGNED)
			make_unsigned(&before);
		else
			make_kept((enum wrong)wrong, &before);
		keep(view_bytes(&before));
		assert_engine(&c, make_push(), ENGINE_OK);
		assert_own(pushed());
		assert_kept(pushed());
		if (view_equal(pushed(), view_bytes(&before)) != (wrong == NONE_WRONG))
			fail_msg("%s: it was %s", names[wrong], wrong ? "sent" : "made anew");
		bytes_clear(&before);
	}
}

/* Without the name that was stored with the account nothing is made, nor kept. */
static void without_a_name_there_is_none(void **state)
{
	const struct journal_ops *ops = c.engine.journal.ops;
	struct bytes there;

	(void)state;
	assert_int_equal(ops->begin(c.store, afresh()), JOURNAL_OK);
	assert_int_equal(ops->meta_remove(c.store, META_NAME, afresh()), JOURNAL_OK);
	assert_int_equal(ops->commit(c.store, afresh()), JOURNAL_OK);
	assert_engine(&c, make_push(), engine_of_journal(JOURNAL_NONE));
	there = kept();
	assert_null(there.data);
	assert_null(push.encoded.data);
	assert_null(roster_bytes.data);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(it_is_kept_and_sent_as_it_is, setup, teardown),
    cmocka_unit_test_setup_teardown(what_does_not_stand_next_is_made_anew, setup, teardown),
    cmocka_unit_test_setup_teardown(without_a_name_there_is_none, setup, teardown),
};

TEST_MAIN(tests)
