/*
 * tests/gateway/account/reset_test.c: resets: the log begins with one, whatever stood there before;
 * a log that does not hold is told to who asks for a reset, and to nobody else.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

/* What the client may get wrong of a reset. */
struct faults {
	uint64_t seq_off;
	bool no_roster, two_frames, old_roster, other_previous, no_segment;
};

/* A reset by the client, which gives up a head at that seq; answered in client->answer. */
static enum account_result send_reset(
    struct client *client, const struct head *follows, uint64_t abandoned, struct faults faults)
{
	struct fixture *fixture = client->fixture;
	struct frame_header header = {.account = fixture->account, .kind = FRAME_RESET};
	size_t statement = fixture->roster.statements_count - 1 - (faults.old_roster ? 1 : 0);
	const struct blob_name segment = {.count = client->answer.sweep}; /* nobody has put it */
	struct bytes index = {0};
	enum account_result result;

	fixture_blob(fixture, BLOB_INDEX, 500, &segment, faults.no_segment, &index);
	header.seq = (abandoned > follows->seq ? abandoned : follows->seq) + 1 + faults.seq_off;
	header.previous = follows->hash;
	header.previous.bytes[0] ^= faults.other_previous;
	header.roster = fixture->roster.hashes[statement];
	header.epoch = fixture->roster.epochs[statement];
	header.device = client->member->id;
	header.has_blob = header.has_covered = header.has_abandoned = true;
	header.blob.count = client->answer.sweep;
	blob_hash(view_bytes(&index), &header.blob.hash);
	header.abandoned.seq = abandoned;
	header.covered.seq = abandoned;
	bytes_clear(&client->frame);
	assert_int_equal(
	    frame_encode(&header, view_text("sealed"), client->member->sign_secret, &client->frame),
	    FORMAT_OK);
	client_request(client);
	client->request.cursor = *follows;
	client->request.reseed = true;
	client->request.bodies[0] = view_bytes(&index);
	client->request.bodies_count = 1;
	if (!faults.no_roster)
		client->request.roster = view_bytes(&fixture->roster_bytes);
	if (faults.two_frames)
		client->request.frames[client->request.frames_count++] = view_bytes(&client->frame);
	result = client_send(client);
	bytes_clear(&index);
	return result;
}

static void grow_log(struct pair *pair, unsigned edits)
{
	for (unsigned i = 0; i < edits; i++)
		client_edit(&pair->first, 1500);
}

/* A manifest with one bit of its tail's last frame flipped. */
static void spoil_tail(struct pair *pair)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	char key[BUCKET_KEY_MAX + 1];
	size_t offset;

	assert_non_null(manifest);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->tail_count > 0);
	offset = (size_t)(manifest->tail[manifest->tail_count - 1].data - bytes.data) + 40;
	fixture_key(&pair->fixture, "/manifest", key);
	assert_true(memory_flip(pair->fixture.store, key, offset, 1));
	bytes_clear(&bytes);
	free(manifest);
	account_cache_clear(&pair->first.cache);
	account_cache_clear(&pair->second.cache);
}

static void the_log_begins_with_a_reset(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct head follows;
	struct frame frame;

	assert_non_null(manifest);
	grow_log(pair, 40); /* packs */
	follows = pair->first.head;
	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq + 5, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->first.head.seq, follows.seq + 6);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, 0);
	assert_int_equal(manifest->tail_count, 1);
	assert_int_equal(frame_decode(manifest->snapshot, &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_RESET);
	/* The log goes on: packs, compacts, and another process reads it all. */
	grow_log(pair, 40);
	account_cache_clear(&pair->second.cache);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_FAR_BEHIND);
	assert_int_equal(frame_decode(pair->second.answer.snapshot, &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_RESET);
	pair->second.head = (struct head){frame.header.seq, frame.hash};
	while (!head_equal(&pair->second.head, &pair->first.head))
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.pulled, 40);
	bytes_clear(&bytes);
	free(manifest);
}

/* Also a device at the very head that the reset follows: it is taken, not followed. */
static void who_stands_before_it_takes_it(void **state)
{
	struct pair *pair = *state;
	struct head follows = pair->first.head;

	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->second.head, &follows));
	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->first.head.seq, follows.seq + 1);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_FAR_BEHIND);
}

static void a_reset_has_one_effect(void **state)
{
	struct pair *pair = *state;
	struct head follows = pair->first.head;
	struct sync_request again;
	struct head head;

	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq + 3, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	head = pair->first.head;
	again = pair->first.request;
	again.bodies_count = 0; /* it is put already */
	account_cache_clear(&pair->first.cache);
	pair->first.request = again;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_true(head_equal(&pair->first.head, &head));
}

/* As a load's and a snapshot's do. */
static void what_its_index_names_must_be_there(void **state)
{
	struct pair *pair = *state;
	struct head follows = pair->first.head;
	uint64_t puts = pair->fixture.counts.put;

	assert_int_equal(send_reset(&pair->first, &follows, follows.seq + 3,
			     (struct faults){.no_segment = true}),
	    ACCOUNT_OK);
	assert_status(&pair->first, SYNC_RENAME);
	assert_int_equal(pair->first.answer.names_count, 1);
	assert_int_equal(pair->fixture.counts.put, puts);
}

static void what_does_not_hold_is_refused(void **state)
{
	static const struct {
		const char *name;
		struct faults faults;
	} rows[] = {
	    {"another place", {.seq_off = 1}},
	    {"without its roster", {.no_roster = true}},
	    {"beside another frame", {.two_frames = true}},
	    {"under an older roster than it carries", {.old_roster = true}},
	    {"after another head", {.other_previous = true}},
	};
	struct pair *pair = *state;
	struct head follows = pair->first.head;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t puts = pair->fixture.counts.put;

		assert_int_equal(
		    send_reset(&pair->first, &follows, follows.seq + 3, rows[i].faults),
		    ACCOUNT_OK);
		if (pair->first.answer.status != SYNC_REFUSED)
			fail_msg("%s: %d", rows[i].name, (int)pair->first.answer.status);
		assert_int_equal(pair->fixture.counts.put, puts);
	}
}

/* So that no member takes the log to its last place. */
static void a_reset_skips_so_far_and_no_farther(void **state)
{
	struct pair *pair = *state;
	struct head follows = pair->first.head;
	uint64_t puts = pair->fixture.counts.put;
	uint64_t farthest = follows.seq + RESET_SKIP_MAX;

	assert_int_equal(
	    send_reset(&pair->first, &follows, farthest, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_REFUSED);
	assert_int_equal(pair->fixture.counts.put, puts);
	assert_int_equal(
	    send_reset(&pair->first, &follows, farthest - 1, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(pair->first.head.seq, farthest);
	client_edit(&pair->first, 500);
}

/* No head is behind the last place: not one that is given up either. */
static void a_place_that_no_log_has_is_refused(void **state)
{
	struct pair *pair = *state;
	struct head follows = pair->first.head;
	uint64_t puts = pair->fixture.counts.put;

	assert_int_equal(
	    send_reset(&pair->first, &follows, SEQ_MAX, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_REFUSED);
	assert_int_equal(pair->fixture.counts.put, puts);
	client_edit(&pair->first, 500);
}

static void a_spoiled_log_is_told_to_who_resets(void **state)
{
	struct pair *pair = *state;
	struct head follows;

	grow_log(pair, 3);
	follows = pair->first.head;
	spoil_tail(pair);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	assert_int_equal(client_push(&pair->first, 100), ACCOUNT_DAMAGED);
	bytes_clear(&pair->first.frame);
	client_request(&pair->first);
	pair->first.request.reseed = true;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_DIVERGED);
	assert_true(head_equal(&pair->first.answer.head, &follows));
	/* Nothing of it is kept: who did not ask is told of the damage by the same process. */
	pair->first.request.reseed = false;
	assert_int_equal(client_send(&pair->first), ACCOUNT_DAMAGED);
	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_FAR_BEHIND);
	client_edit(&pair->first, 500);
}

/* A snapshot's frame that claims a place far beyond the log's: it is given up with the log. */
static void a_false_snapshot_goes_with_the_log(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct head follows = pair->first.head, far = {follows.seq + 1000, follows.hash};
	const struct blob_name index = {.count = 0};
	struct bytes bytes = {0}, frame = {0};

	assert_non_null(manifest);
	pair->first.head = far;
	client_frame(&pair->first, FRAME_LOAD, 100, &index, NULL, (struct view){0});
	assert_true(bytes_copy(view_bytes(&pair->first.frame), &frame));
	pair->first.head = follows;
	fixture_manifest(&pair->fixture, &bytes, manifest);
	manifest->snapshot = view_bytes(&frame);
	fixture_manifest_put(&pair->fixture, manifest);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq + 3, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(view_equal(manifest->snapshot, view_bytes(&pair->first.frame)));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_FAR_BEHIND);
	bytes_clear(&frame);
	bytes_clear(&bytes);
	free(manifest);
}

/* A gateway that keeps the account in its cache does not resurrect what was wiped (R2). */
static void a_wiped_account_is_not_reset(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct account_cache other = {0};
	struct bytes bytes = {0}, wipe = {0};
	struct head follows = pair->first.head;
	struct wipe_report report = {0};
	struct bucket *bucket = bucket_memory(fixture->store, NULL);
	char key[BUCKET_KEY_MAX + 1];
	struct bucket_tag tag;
	struct call call;

	assert_non_null(manifest);
	assert_non_null(bucket);
	fixture_manifest(fixture, &bytes, manifest);
	fixture_key(fixture, "/manifest", key);
	fixture_wipe(fixture, FIRST, manifest->incarnation, "", &wipe);
	assert_int_equal(account_wipe(&fixture->env, &other, &fixture->account, view_bytes(&wipe),
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	call_init(&call, INT64_MAX);
	assert_int_equal(
	    bucket_put(
		bucket, &(struct bucket_put){.key = key, .data = view_bytes(&bytes)}, &call, &tag),
	    BUCKET_OK);
	pair->first.request.roster = (struct view){0};
	assert_int_equal(
	    send_reset(&pair->first, &follows, follows.seq + 3, (struct faults){0}), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_GONE);
	bucket_close(bucket);
	account_cache_clear(&other);
	bytes_clear(&wipe);
	bytes_clear(&bytes);
	free(manifest);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_log_begins_with_a_reset, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(who_stands_before_it_takes_it, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_reset_has_one_effect, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(what_its_index_names_must_be_there, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(what_does_not_hold_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_reset_skips_so_far_and_no_farther, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_place_that_no_log_has_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_spoiled_log_is_told_to_who_resets, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_false_snapshot_goes_with_the_log, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_wiped_account_is_not_reset, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
