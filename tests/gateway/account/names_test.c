/*
 * tests/gateway/account/names_test.c: which blobs a push may name (S6): what it must bring, what is
 * known to be there, and of whom; and how much of it one request may hold.
 */
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

/* A load or snapshot with an index of these names, which the request brings, not sent yet. */
static void prepare_whole(struct client *client, enum frame_kind kind, enum blob_kind blob_kind,
    const struct blob_name *names, size_t count, struct bytes *index)
{
	struct blob_name name = {.count = client->answer.sweep};
	struct head covered = client->head;

	fixture_blob(client->fixture, blob_kind, 100, names, count, index);
	blob_hash(view_bytes(index), &name.hash);
	client_frame(
	    client, kind, 100, &name, kind == FRAME_SNAPSHOT ? &covered : NULL, (struct view){0});
	client_request(client);
	client->request.bodies[0] = view_bytes(index);
	client->request.bodies_count = 1;
}

static struct blob_name put_segment(struct client *client, uint64_t count)
{
	struct fixture *fixture = client->fixture;
	struct blob_name name = {.count = count};
	struct bytes blob = {0};

	fixture_blob(fixture, BLOB_SEGMENT, 100, NULL, 0, &blob);
	blob_hash(view_bytes(&blob), &name.hash);
	assert_int_equal(account_blob_put(&fixture->env, &client->cache, &fixture->account, &name,
			     view_bytes(&blob), fixture_call(fixture)),
	    ACCOUNT_OK);
	bytes_clear(&blob);
	return name;
}

/* What an index names has to be there as much as what a frame does, whatever kind names it. */
static void names_of_an_index_are_looked_for(void **state)
{
	static const enum frame_kind kinds[] = {FRAME_LOAD, FRAME_SNAPSHOT};
	struct pair *pair = *state;
	struct client *first = &pair->first;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct blob_name names[3] = {{{{0}}, 0}};
		struct bytes index = {0};
		struct head before = first->head;

		names[0] = put_segment(first, 0);
		names[1].hash.bytes[0] = 7; /* twice; it is asked for once */
		names[2] = names[1];
		prepare_whole(first, kinds[i], BLOB_INDEX, names, COUNT_OF(names), &index);
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_RENAME);
		assert_int_equal(first->answer.names_count, 1);
		assert_true(blob_name_equal(&first->answer.names[0], &names[1]));
		assert_non_null(strstr(pair->fixture.call.message, "must be put again"));
		bytes_clear(&index);
		prepare_whole(first, kinds[i], BLOB_INDEX, names, 1, &index);
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_COMMITTED);
		assert_int_equal(first->head.seq, before.seq + 1);
		bytes_clear(&index);
	}
}

/*
 * Another process knows what the snapshot that stands names by reading its index, and looks at none
 * of that, be it old or young.
 */
static void names_of_the_last_snapshot_stay_good(void **state)
{
	static const unsigned sweeps[] = {0, 3};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sweeps); i++) {
		void *own = NULL;
		struct pair *pair;
		struct fixture *fixture;
		struct client *first;
		struct blob_name names[4];
		struct sweep_report report;
		struct bytes index = {0};
		uint64_t gets;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		fixture = &pair->fixture;
		first = &pair->first;
		client_whole(first, FRAME_LOAD, NULL, 3, names);
		for (unsigned k = 0; k < sweeps[i]; k++)
			assert_int_equal(
			    account_sweep(&fixture->env, &pair->second.cache, &fixture->account,
				INT64_MAX, fixture_call(fixture), &report),
			    ACCOUNT_OK);
		assert_int_equal(client_poll(first), ACCOUNT_OK);
		names[3] = put_segment(first, first->answer.sweep);
		account_cache_clear(&first->cache);
		prepare_whole(first, FRAME_LOAD, BLOB_INDEX, names, COUNT_OF(names), &index);
		gets = fixture->counts.get;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_COMMITTED);
		/* The manifest, w/, the roster, the index, the one segment that it does not name.
		 */
		assert_int_equal(fixture->counts.get - gets, 5);
		bytes_clear(&index);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

static void names_of_another_account_are_refused(void **state)
{
	static const struct {
		const char *name;
		enum blob_kind kind;
		bool other; /* the account is */
	} rows[] = {
	    {"another account's index", BLOB_INDEX, true},
	    {"a segment for an index", BLOB_SEGMENT, false},
	    {"a body for an index", BLOB_BODY, false},
	};
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct account_id own = pair->fixture.account;
	size_t objects = fixture_objects(&pair->fixture, "");

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct blob_name name = {.count = 0};
		struct bytes index = {0};

		pair->fixture.account.bytes[5] ^= rows[i].other;
		fixture_blob(&pair->fixture, rows[i].kind, 100, NULL, 0, &index);
		pair->fixture.account = own;
		blob_hash(view_bytes(&index), &name.hash);
		client_frame(first, FRAME_LOAD, 100, &name, NULL, (struct view){0});
		client_request(first);
		first->request.bodies[0] = view_bytes(&index);
		first->request.bodies_count = 1;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		if (first->answer.status != SYNC_REFUSED)
			fail_msg("%s: %d", rows[i].name, (int)first->answer.status);
		assert_non_null(strstr(pair->fixture.call.message, "not this account's index"));
		assert_int_equal(fixture_objects(&pair->fixture, ""), objects);
		bytes_clear(&index);
	}
}

/* Two frames of these kinds, the second after the first; PATCH names nothing. */
static enum sync_status send_two(struct client *client, enum frame_kind one, enum frame_kind other)
{
	const enum frame_kind kinds[] = {one, other};
	struct head before = client->head;
	struct bytes frames[2] = {{0}}, indexes[2] = {{0}};
	struct sync_request request;
	size_t bodies = 0;

	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		struct frame frame;

		if (kinds[i] == FRAME_PATCH)
			client_frame(client, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
		else
			prepare_whole(client, kinds[i], BLOB_INDEX, NULL, 0, &indexes[i]);
		frames[i] = client->frame;
		client->frame = (struct bytes){0};
		assert_int_equal(frame_decode(view_bytes(&frames[i]), &frame), FORMAT_OK);
		client->head = (struct head){frame.header.seq, frame.hash};
	}
	client->head = before;
	client_request(client);
	request = client->request;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		request.frames[i] = view_bytes(&frames[i]);
		if (indexes[i].len > 0)
			request.bodies[bodies++] = view_bytes(&indexes[i]);
	}
	request.frames_count = COUNT_OF(kinds);
	request.bodies_count = bodies;
	client->request = request;
	assert_int_equal(client_send(client), ACCOUNT_OK);
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		bytes_clear(&frames[i]);
		bytes_clear(&indexes[i]);
	}
	return client->answer.status;
}

static void names_are_of_one_snapshot_at_most(void **state)
{
	static const enum frame_kind kinds[] = {FRAME_PATCH, FRAME_LOAD, FRAME_SNAPSHOT};
	struct pair *pair = *state;

	for (size_t i = 0; i < COUNT_OF(kinds) * COUNT_OF(kinds); i++) {
		enum frame_kind one = kinds[i / COUNT_OF(kinds)],
				other = kinds[i % COUNT_OF(kinds)];
		bool good = one == FRAME_PATCH || other == FRAME_PATCH;
		enum sync_status status = send_two(&pair->first, one, other);

		if (status != (good ? SYNC_COMMITTED : SYNC_REFUSED))
			fail_msg("%d and %d: %d", (int)one, (int)other, (int)status);
		if (!good)
			assert_non_null(strstr(pair->fixture.call.message, "at most one load"));
	}
}

/* Each body is named by a frame, whole, and there are as many as frames at most. */
static void names_are_what_the_bodies_are(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name name = {.count = 0};
	struct bytes body = {0};

	fixture_blob(&pair->fixture, BLOB_BODY, 100, NULL, 0, &body);
	blob_hash(view_bytes(&body), &name.hash);
	client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
	client_request(first);
	first->request.bodies[0] = view_of(body.data, body.len - 1);
	first->request.bodies_count = 1;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_REFUSED);
	assert_non_null(strstr(pair->fixture.call.message, "named by no frame"));
	first->request.bodies[0] = view_bytes(&body);
	first->request.bodies_count = SYNC_PUSH_MAX + 1;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_REFUSED);
	assert_non_null(strstr(pair->fixture.call.message, "at most 16 frames"));
	first->request.bodies_count = 1;
	first->request.frames_count = SYNC_PUSH_MAX + 1;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_REFUSED);
	assert_non_null(strstr(pair->fixture.call.message, "at most 16 frames"));
	first->request.frames_count = 1;
	/* The same body as often as there may be frames is one. */
	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		first->request.bodies[i] = view_bytes(&body);
	first->request.bodies_count = SYNC_PUSH_MAX;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	assert_int_equal(first->answer.names_count, SYNC_PUSH_MAX);
	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		assert_true(blob_name_equal(&first->answer.names[i], &name));
	bytes_clear(&body);
}

/* To the byte, where no reader is before it. */
static void names_are_of_bodies_up_to_a_maximum(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct bytes body = {0};

	assert_true(bytes_new(BLOB_MAX + 1, &body));
	for (size_t less = 0; less < 2; less++) {
		struct blob_name name = {.count = 0};

		blob_hash(view_of(body.data, body.len - less), &name.hash);
		client_frame(first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
		client_request(first);
		first->request.bodies[0] = view_of(body.data, body.len - less);
		first->request.bodies_count = 1;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, less == 0 ? SYNC_REFUSED : SYNC_COMMITTED);
		if (less == 0)
			assert_non_null(strstr(pair->fixture.call.message, "too large"));
	}
	bytes_clear(&body);
}

/* Where it cannot be told of all of them, no list of some is given. */
static void names_are_told_all_or_none(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name names[2] = {{{{1}}, 0}, {{{2}}, 0}};
	struct bytes index = {0};

	prepare_whole(first, FRAME_LOAD, BLOB_INDEX, names, COUNT_OF(names), &index);
	for (unsigned skip = 0; skip < 2; skip++) {
		account_cache_clear(&first->cache);
		/* The roster's blob is the first that is read. */
		fixture_arm(&pair->fixture, MEMORY_GET, "/b/", MEMORY_FAULT_BEFORE, 1 + skip, 1);
		assert_int_equal(client_send(first), ACCOUNT_RETRY);
		assert_false(pair->fixture.armed);
		assert_int_equal(first->answer.names_count, 0);
	}
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_int_equal(first->answer.names_count, 2);
	bytes_clear(&index);
}

/* As many as one answer holds; the rest with the next push. */
static void names_that_are_missing_fit_an_answer(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct blob_name *names = calloc(SEGMENTS_MAX, sizeof(*names));
	struct bytes index = {0};

	assert_non_null(names);
	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		memcpy(names[i].hash.bytes, &i, sizeof(i));
	prepare_whole(first, FRAME_LOAD, BLOB_INDEX, names, SEGMENTS_MAX, &index);
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_RENAME);
	assert_int_equal(first->answer.names_count, SEGMENTS_MAX);
	for (size_t i = 0; i < SEGMENTS_MAX; i++)
		assert_true(blob_name_equal(&first->answer.names[i], &names[i]));
	bytes_clear(&index);
	free(names);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(names_of_an_index_are_looked_for, pair_setup, pair_teardown),
    cmocka_unit_test(names_of_the_last_snapshot_stay_good),
    cmocka_unit_test_setup_teardown(
	names_of_another_account_are_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(names_are_of_one_snapshot_at_most, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(names_are_what_the_bodies_are, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(names_are_of_bodies_up_to_a_maximum, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(names_are_told_all_or_none, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	names_that_are_missing_fit_an_answer, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
