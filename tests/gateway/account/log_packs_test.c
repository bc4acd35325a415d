/*
 * tests/gateway/account/log_packs_test.c: the log's ends, and an answer's: as many frames, bodies
 * and bytes as it may hold, the rest with the next; what is missing of the log is told and not
 * skipped.
 */
#include "gateway/account/log_answer.h"
#include "gateway/account/log_packs.h"
#include "gateway/account/manifest_read.h"
#include "gateway/account/work.h"
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

static struct account_work *open_work(struct fixture *fixture, struct account_cache *cache)
{
	struct account_work *work = NULL;

	assert_int_equal(account_work_open(
			     &fixture->env, cache, &fixture->account, fixture_call(fixture), &work),
	    ACCOUNT_OK);
	assert_int_equal(account_manifest_read(work), ACCOUNT_OK);
	return work;
}

static void log_without_frames_begins_after_its_head(void **state)
{
	struct fixture fixture;
	struct account_cache cache = {0};
	struct account_work *work;
	struct account_log log;
	struct frame frame;
	struct view encoded;
	bool end = false, holds = true;

	(void)state;
	fixture_open(&fixture);
	assert_int_equal(fixture_create(&fixture, &cache), ACCOUNT_OK);
	work = open_work(&fixture, &cache);
	assert_int_equal(account_log_oldest(work), 1);
	account_log_begin(work, 0, &log);
	assert_int_equal(account_log_next(&log, &frame, &encoded, &end), ACCOUNT_OK);
	assert_true(end);
	account_log_clear(&log);
	frame = (struct frame){.header.seq = 1};
	assert_int_equal(account_log_holds(work, &frame, &holds), ACCOUNT_OK);
	assert_false(holds);
	account_work_free(work);
	account_cache_clear(&cache);
	fixture_close(&fixture);
}

/* A patch with a body of that size in the bucket. */
static void push_body(struct client *client, size_t frame_len, size_t body_len)
{
	struct blob_name name = {.count = 0};
	struct bytes body = {0};

	fixture_blob(client->fixture, BLOB_BODY, body_len, NULL, 0, &body);
	blob_hash(view_bytes(&body), &name.hash);
	client_frame(client, FRAME_PATCH, frame_len, &name, NULL, (struct view){0});
	client_request(client);
	client->request.bodies[0] = view_bytes(&body);
	client->request.bodies_count = 1;
	assert_int_equal(client_send(client), ACCOUNT_OK);
	assert_status(client, SYNC_COMMITTED);
	bytes_clear(&body);
}

static void log_answer_holds_so_many_bodies(void **state)
{
	struct pair *pair = *state;

	for (unsigned i = 0; i < 130; i++)
		push_body(&pair->first, 100, 100);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.bodies_count, 128);
	assert_int_equal(pair->second.answer.frames_count, 128);
	assert_true(pair->second.answer.more);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.bodies_count, 2);
	assert_false(pair->second.answer.more);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void log_answer_holds_so_many_frames(void **state)
{
	struct pair *pair = *state;
	struct head begun = pair->second.head;

	while (pair->first.head.seq < begun.seq + SYNC_FRAMES_MAX + 1)
		assert_int_equal(client_push(&pair->first, 10), ACCOUNT_OK);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, SYNC_FRAMES_MAX);
	assert_true(pair->second.answer.more);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, 1);
	assert_false(pair->second.answer.more);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* What a frame or a body takes of an answer beside its bytes. */
#define ITEM_COST 64u

/* A patch that takes so many bytes of an answer. */
static void push_cost(struct client *client, size_t cost)
{
	size_t bare;

	client_frame(client, FRAME_PATCH, 1, NULL, NULL, (struct view){0});
	bare = client->frame.len - 1;
	assert_int_equal(client_push(client, cost - ITEM_COST - bare), ACCOUNT_OK);
	assert_status(client, SYNC_COMMITTED);
	assert_int_equal(client->frame.len, cost - ITEM_COST);
}

/* Frames alone fill it, too: to the byte, and one more is the next one's. */
static void log_answer_holds_so_many_bytes(void **state)
{
	const size_t large = FRAME_MAX - ITEM_COST, count = ANSWER_MAX / large;
	const size_t left = ANSWER_MAX - count * large;
	struct pair *pair = *state;

	for (size_t over = 0; over < 2; over++) {
		for (size_t i = 0; i < count; i++)
			push_cost(&pair->first, large);
		push_cost(&pair->first, left + over);
	}
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, count + 1);
	assert_true(pair->second.answer.more);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, count);
	assert_true(pair->second.answer.more);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, 1);
	assert_false(pair->second.answer.more);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* So do a frame and the body of the next. */
static void log_answer_is_filled_by_a_body(void **state)
{
	struct pair *pair = *state;

	for (size_t over = 0; over < 2; over++) {
		struct bytes body = {0};
		size_t header, room;

		fixture_blob(&pair->fixture, BLOB_BODY, 1, NULL, 0, &body);
		header = body.len - 1;
		bytes_clear(&body);
		push_cost(&pair->first, 1000);
		push_body(&pair->first, 100, 1); /* for its frame's length */
		room = ANSWER_MAX - 1000 - (pair->first.frame.len + ITEM_COST) - ITEM_COST;
		pair->second.head = pair->first.head;
		push_cost(&pair->first, 1000);
		push_body(&pair->first, 100, room - header + over);
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_int_equal(pair->second.answer.frames_count, 2 - over);
		assert_int_equal(pair->second.answer.bodies_count, 1 - over);
		assert_int_equal(pair->second.answer.more, over);
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_true(head_equal(&pair->first.head, &pair->second.head));
	}
}

/* A body of more than an answer holds otherwise comes whole; none of these fits beside another. */
static void log_answer_holds_one_body_of_any_size(void **state)
{
	static const size_t sizes[] = {100, ANSWER_MAX, 5u << 20, 100, ANSWER_MAX - 1000, 2000};
	struct pair *pair = *state;

	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		push_body(&pair->first, 100, sizes[i]);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_status(&pair->second, SYNC_BEHIND);
		assert_int_equal(pair->second.answer.frames_count, 1);
		assert_int_equal(pair->second.answer.bodies_count, 1);
		assert_true(pair->second.answer.bodies[0].blob.len > sizes[i]);
		assert_int_equal(pair->second.answer.more, i + 1 < COUNT_OF(sizes));
	}
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* Bytes that an answer keeps are its own; it keeps eight parts at most. */
static void log_answer_with_too_many_parts_fails(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_work *work;
	struct sync_answer answer = {0};
	struct view kept = {0}, last = {0};

	assert_int_equal(client_push(&pair->second, 300), ACCOUNT_OK);
	work = open_work(fixture, &pair->second.cache);
	for (size_t i = 0; i < COUNT_OF(answer.storage); i++)
		assert_int_equal(
		    account_answer_keep(&answer, view_text("part"), &fixture->call, &kept),
		    ACCOUNT_OK);
	assert_true(view_equal(kept, view_text("part")));
	assert_int_equal(
	    account_answer_keep(&answer, view_text("more"), &fixture->call, &last), ACCOUNT_FAILED);
	assert_null(last.data);
	assert_string_equal(fixture->call.message, "the answer holds too many parts");
	(void)fixture_call(fixture);
	assert_int_equal(account_log_answer(work, &pair->first.head, &answer), ACCOUNT_FAILED);
	assert_string_equal(fixture->call.message, "the answer holds too many parts");
	sync_answer_clear(&answer);
	account_work_free(work);
}

static void time_is_over(void *self)
{
	struct fixture *fixture = self;

	fixture->now_ms += fixture->call.deadline_ms - fixture_up_ms(fixture);
}

/* The request for such an object takes all the time there is: it is the poll's last. */
static void poll_is_too_slow(struct pair *pair, const char *part, uint64_t gets)
{
	struct fixture *fixture = &pair->fixture;
	uint64_t before = fixture->counts.get;

	fixture->interrupt = time_is_over;
	fixture->interrupt_self = fixture;
	fixture_arm(fixture, MEMORY_GET, part, MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_RETRY);
	assert_null(fixture->interrupt); /* it was met */
	assert_string_equal(fixture->call.message, "the time for this request is over");
	assert_int_equal(fixture->counts.get - before, gets);
}

static void log_pack_after_the_deadline_is_not_read(void **state)
{
	struct pair *pair = *state;

	for (unsigned i = 0; i < 60; i++)
		client_edit(&pair->first, 600);
	assert_true(fixture_objects(&pair->fixture, "/p/") > 1);
	poll_is_too_slow(pair, "/manifest", 1);
	poll_is_too_slow(pair, "/p/", 2);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void log_body_after_the_deadline_is_not_read(void **state)
{
	struct pair *pair = *state;

	for (unsigned i = 0; i < 3; i++)
		push_body(&pair->first, 100, 100);
	assert_int_equal(fixture_objects(&pair->fixture, "/p/"), 0);
	poll_is_too_slow(pair, "/manifest", 1);
	poll_is_too_slow(pair, "/b/", 2);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.bodies_count, 3);
}

/* A manifest that lost its first pack, and has no snapshot that stands for it. */
static void log_that_lost_its_beginning_is_damaged(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct head before = pair->second.head;
	struct bytes bytes = {0}, sent = {0};
	struct account_work *work;
	struct frame frame;
	uint64_t gets;
	bool holds = true;

	assert_non_null(manifest);
	client_edit(&pair->first, 600);
	assert_true(bytes_copy(view_bytes(&pair->first.frame), &sent));
	assert_int_equal(frame_decode(view_bytes(&sent), &frame), FORMAT_OK);
	for (unsigned i = 0; i < 60; i++)
		client_edit(&pair->first, 600);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->packs_count >= 2);
	manifest->packs_count--;
	memmove(&manifest->packs[0], &manifest->packs[1],
	    manifest->packs_count * sizeof(manifest->packs[0]));
	fixture_manifest_put(&pair->fixture, manifest);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	assert_non_null(strstr(pair->fixture.call.message, "no snapshot"));
	assert_true(head_equal(&before, &pair->second.head));
	work = open_work(&pair->fixture, &pair->second.cache);
	assert_int_equal(account_log_oldest(work), manifest->packs[0].from_seq);
	gets = pair->fixture.counts.get;
	assert_int_equal(account_log_holds(work, &frame, &holds), ACCOUNT_OK);
	assert_false(holds); /* that cannot be known any more, and no pack is read for it */
	assert_int_equal(pair->fixture.counts.get, gets);
	account_work_free(work);
	bytes_clear(&sent);
	bytes_clear(&bytes);
	free(manifest);
}

#define PLACES_MAX 100u

/* From each place of the log: with its frames as long as the next one is still there. */
static void log_tells_behind_from_far_behind(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *first = &pair->first;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct head places[PLACES_MAX] = {0};
	struct sweep_report report = {0};
	struct bytes bytes = {0};
	uint64_t oldest;

	places[1] = first->head;
	while (first->head.seq < PLACES_MAX - 1) {
		if (first->head.seq == 60)
			client_whole(first, FRAME_LOAD, NULL, 1, NULL);
		else
			client_edit(first, 600);
		places[first->head.seq] = first->head;
	}
	assert_int_equal(account_sweep(&fixture->env, &first->cache, &fixture->account, 0,
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	fixture_manifest(fixture, &bytes, manifest);
	assert_true(manifest->packs_count > 0);
	oldest = manifest->packs[0].from_seq;
	assert_in_range(oldest, 3, 61);
	for (uint64_t seq = 1; seq < first->head.seq; seq++) {
		bool far = seq < oldest - 1;

		pair->second.head = places[seq];
		pair->second.pulled = 0;
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		if (pair->second.answer.status != (far ? SYNC_FAR_BEHIND : SYNC_BEHIND))
			fail_msg("from %u, where the oldest is %u: %d", (unsigned)seq,
			    (unsigned)oldest, (int)pair->second.answer.status);
		assert_int_equal(pair->second.pulled, far ? 0 : first->head.seq - seq);
	}
	bytes_clear(&bytes);
	free(manifest);
}

/* A retry of a frame that is in a damaged pack: that is told, not that it is not committed. */
static void log_whose_pack_is_damaged_holds_nothing(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct account_cache other = {0};
	char key[BUCKET_KEY_MAX + 1];
	struct bytes sent = {0};
	struct frame frame;
	struct account_work *work;
	bool holds = true;

	assert_int_equal(client_push(first, 300), ACCOUNT_OK);
	assert_true(bytes_copy(view_bytes(&first->frame), &sent));
	assert_int_equal(frame_decode(view_bytes(&sent), &frame), FORMAT_OK);
	for (unsigned i = 0; i < 40; i++)
		client_edit(first, 600);
	work = open_work(&pair->fixture, &other);
	assert_int_equal(account_log_holds(work, &frame, &holds), ACCOUNT_OK);
	assert_true(holds);
	account_work_free(work);
	account_cache_clear(&other);
	fixture_key(&pair->fixture, "/p/", key);
	assert_true(memory_flip(pair->fixture.store, key, 700, 1));
	work = open_work(&pair->fixture, &other);
	assert_int_equal(account_log_holds(work, &frame, &holds), ACCOUNT_DAMAGED);
	assert_false(holds);
	account_work_free(work);
	account_cache_clear(&other);
	bytes_clear(&sent);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(log_without_frames_begins_after_its_head),
    cmocka_unit_test_setup_teardown(log_answer_holds_so_many_bodies, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(log_answer_holds_so_many_frames, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(log_answer_holds_so_many_bytes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(log_answer_is_filled_by_a_body, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_answer_holds_one_body_of_any_size, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(log_tells_behind_from_far_behind, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_answer_with_too_many_parts_fails, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_pack_after_the_deadline_is_not_read, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_body_after_the_deadline_is_not_read, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_that_lost_its_beginning_is_damaged, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	log_whose_pack_is_damaged_holds_nothing, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
