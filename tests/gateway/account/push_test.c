/*
 * tests/gateway/account/push_test.c: pushes of several frames: all of them are committed by one PUT
 * or none is, and what holds for one holds for each, wherever it stands.
 */
#include "tests/gateway/account/fixture.h"

#include <string.h>

#define FRAMES_MAX 4u

/* Each frame follows the one before it, the first the head that the device had. */
struct push {
	struct client *client;
	struct head cursor, after;
	struct bytes frames[FRAMES_MAX];
	size_t count;
};

static void push_begin(struct push *push, struct client *client)
{
	*push = (struct push){.client = client, .cursor = client->head, .after = client->head};
}

static void push_add(struct push *push, enum frame_kind kind, const struct blob_name *blob,
    const struct head *covered, struct view body)
{
	struct client *client = push->client;
	struct frame frame;

	assert_true(push->count < FRAMES_MAX);
	client->head = push->after;
	client_frame(client, kind, 100, blob, covered, body);
	assert_int_equal(frame_decode(view_bytes(&client->frame), &frame), FORMAT_OK);
	push->after = (struct head){frame.header.seq, frame.hash};
	push->frames[push->count++] = client->frame;
	client->frame = (struct bytes){0};
}

static void push_patch(struct push *push)
{
	push_add(push, FRAME_PATCH, NULL, NULL, (struct view){0});
}

static void push_statement(struct push *push, size_t add, size_t revoke)
{
	struct bytes statement = {0};

	fixture_statement(push->client->fixture, FIRST, add, revoke, &statement);
	push_add(push, FRAME_STATEMENT, NULL, NULL, view_bytes(&statement));
	bytes_clear(&statement);
}

/* The request that carries the first `count` of them, or those `from` there on. */
static void push_request(struct push *push, size_t from, size_t count)
{
	struct client *client = push->client;

	client->head = push->cursor;
	client_request(client);
	for (size_t i = 0; i < count; i++)
		client->request.frames[i] = view_bytes(&push->frames[from + i]);
	client->request.frames_count = count;
}

static void push_send(struct push *push, enum sync_status expected)
{
	push_request(push, 0, push->count);
	if (push->client->fixture->roster.statements_count > 2) /* with statements of its own */
		push->client->request.roster = view_bytes(&push->client->fixture->roster_bytes);
	assert_int_equal(client_send(push->client), ACCOUNT_OK);
	assert_status(push->client, expected);
}

static void push_clear(struct push *push)
{
	for (size_t i = 0; i < push->count; i++)
		bytes_clear(&push->frames[i]);
	push->count = 0;
}

static void push_of_several_is_one_commit(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct bucket_counts before = pair->fixture.counts;
	struct push push;

	push_begin(&push, first);
	for (unsigned i = 0; i < 3; i++)
		push_patch(&push);
	push_send(&push, SYNC_COMMITTED);
	assert_int_equal(pair->fixture.counts.put - before.put, 1);
	assert_int_equal(first->head.seq, push.cursor.seq + 3);
	push_send(&push, SYNC_COMMITTED); /* the answer was lost: it is sent again */
	assert_int_equal(pair->fixture.counts.put - before.put, 1);
	assert_int_equal(first->head.seq, push.cursor.seq + 3);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	assert_int_equal(pair->second.answer.frames_count, 3);
	assert_true(head_equal(&pair->second.head, &first->head));
	push_clear(&push);
}

/*
 * The answer to one frame was lost, and the device sends that one again, with what was written
 * since. Were the whole called committed, nobody would ever send the rest.
 */
static void push_that_is_there_in_part_is_not_committed(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct push push;

	push_begin(&push, first);
	push_patch(&push);
	push_send(&push, SYNC_COMMITTED);
	push_patch(&push);
	push_send(&push, SYNC_BEHIND);
	assert_int_equal(first->answer.frames_count, 1);
	assert_true(view_equal(first->answer.frames[0], view_bytes(&push.frames[0])));
	push.cursor = first->head;
	push_request(&push, 1, 1);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, 2);
	assert_true(head_equal(&pair->second.head, &first->head));
	push_clear(&push);
}

/* One that does not hold takes the others with it, and nothing is put. */
static void push_holds_by_each_of_its_frames(void **state)
{
	static const struct {
		const char *name;
		size_t back; /* the byte that is another, from the frame's end; 0: none */
		bool twice;  /* it stands in the place of the one before it, too */
	} rows[] = {
	    {"a signature", 1, false},
	    {"a body", SIGNATURE_LEN + 4, false},
	    {"a frame that comes twice", 0, true},
	};
	struct pair *pair = *state;
	struct client *first = &pair->first;
	uint64_t puts = pair->fixture.counts.put;
	struct push push;

	push_begin(&push, first);
	for (unsigned i = 0; i < 3; i++)
		push_patch(&push);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t at = rows[i].twice ? 1 : 0; at < push.count; at++) {
			struct bytes *frame = &push.frames[at];

			if (rows[i].back > 0)
				frame->data[frame->len - rows[i].back] ^= 4;
			push_request(&push, 0, push.count);
			if (rows[i].twice)
				first->request.frames[at - 1] = first->request.frames[at];
			assert_int_equal(client_send(first), ACCOUNT_OK);
			if (first->answer.status != SYNC_REFUSED ||
			    strstr(pair->fixture.call.message, "a frame is refused") == NULL)
				fail_msg("%s, frame %zu: status %d, %s", rows[i].name, at,
				    (int)first->answer.status, pair->fixture.call.message);
			if (rows[i].back > 0)
				frame->data[frame->len - rows[i].back] ^= 4;
		}
	assert_int_equal(pair->fixture.counts.put, puts);
	push_send(&push, SYNC_COMMITTED);
	push_clear(&push);
}

/* What a snapshot covers is compared with the log, whatever comes before it in the push. */
static void push_with_a_snapshot_of_another_log_is_refused(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name = {.count = 0};
	struct bytes index = {0};
	struct push push;

	fixture_blob(&pair->fixture, BLOB_INDEX, 500, NULL, 0, &index);
	blob_hash(view_bytes(&index), &name.hash);
	client_edit(first, 100);
	for (unsigned right = 0; right < 2; right++) {
		struct head covered = first->head;

		assert_int_equal(covered.seq, 2);
		covered.hash.bytes[7] ^= right == 0;
		push_begin(&push, first);
		push_patch(&push);
		push_add(&push, FRAME_SNAPSHOT, &name, &covered, (struct view){0});
		push_request(&push, 0, push.count);
		first->request.bodies[0] = view_bytes(&index);
		first->request.bodies_count = 1;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, right == 0 ? SYNC_REFUSED : SYNC_COMMITTED);
		push_clear(&push);
	}
	bytes_clear(&index);
}

/* A blob that only a later frame names is asked for like any other. */
static void push_names_what_each_frame_needs(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name names[2] = {{.count = 0}, {.count = 0}};
	struct bytes bodies[2] = {0};
	struct push push;

	push_begin(&push, first);
	push_patch(&push);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		fixture_blob(&pair->fixture, BLOB_BODY, 5000, NULL, 0, &bodies[i]);
		blob_hash(view_bytes(&bodies[i]), &names[i].hash);
		push_add(&push, FRAME_PATCH, &names[i], NULL, (struct view){0});
	}
	push_request(&push, 0, push.count);
	first->request.bodies[0] = view_bytes(&bodies[0]);
	first->request.bodies_count = 1;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_int_equal(first->answer.names_count, 1);
	assert_true(blob_name_equal(&first->answer.names[0], &names[1]));
	first->request.bodies[1] = view_bytes(&bodies[1]);
	first->request.bodies_count = 2;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.answer.frames_count, 3);
	assert_int_equal(pair->second.answer.bodies_count, 2);
	push_clear(&push);
	for (size_t i = 0; i < COUNT_OF(bodies); i++)
		bytes_clear(&bodies[i]);
}

/* Two statements, with one roster that ends in the second; what follows is of the new epoch. */
static void push_of_statements_and_what_follows(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct push push;

	push_begin(&push, first);
	push_patch(&push);
	push_statement(&push, THIRD, SIZE_MAX);
	push_statement(&push, SIZE_MAX, SECOND);
	push_patch(&push);
	push_send(&push, SYNC_COMMITTED);
	assert_int_equal(first->head.seq, push.cursor.seq + 4);
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_REVOKED);
	push_clear(&push);
}

/* Who belongs changes at once, though the statement is not the push's first frame (T1). */
static void push_with_a_statement_waits_for_no_turn(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct push push;

	client_edit(first, 100);
	pair->second.wants_lease = true;
	assert_int_equal(client_push(&pair->second, 100), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_BEHIND);
	push_begin(&push, first);
	push_patch(&push);
	push_patch(&push);
	push_send(&push, SYNC_LATER);
	push_statement(&push, THIRD, SIZE_MAX);
	push_send(&push, SYNC_COMMITTED);
	push_clear(&push);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(push_of_several_is_one_commit, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	push_that_is_there_in_part_is_not_committed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(push_holds_by_each_of_its_frames, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	push_with_a_snapshot_of_another_log_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(push_names_what_each_frame_needs, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(push_of_statements_and_what_follows, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	push_with_a_statement_waits_for_no_turn, pair_setup, pair_teardown),
};
TEST_MAIN(tests)
