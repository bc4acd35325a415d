/*
 * tests/torture/log_test.c: an exchange that reads the log, with each allocation of ours
 * failing in turn, once or from there on: it fails or is to be made again, and says why; nothing is
 * called damaged, missing or diverged. What is answered in spite of it is the whole answer.
 */
#include "tests/gateway/account/fixture.h"
#include "tests/torture/fault.h"

#include <stdlib.h>
#include <string.h>

/* The second device's start, and what it is to be told there. */
struct scene {
	struct pair *pair;
	struct head head;
	struct bytes frame; /* it sends it again; empty: it polls */
	enum sync_status status;
	uint64_t pulled;
	size_t bodies;
};

static enum account_result ask(struct scene *scene)
{
	struct client *client = &scene->pair->second;

	client->head = scene->head;
	client->pulled = 0;
	account_cache_clear(&client->cache);
	bytes_clear(&client->frame);
	client_request(client);
	if (scene->frame.len > 0) {
		client->request.frames[0] = view_bytes(&scene->frame);
		client->request.frames_count = 1;
	}
	return client_send(client);
}

static void assert_whole(const struct scene *scene)
{
	const struct client *client = &scene->pair->second;

	assert_status(client, scene->status);
	assert_int_equal(client->pulled, scene->pulled);
	assert_int_equal(client->answer.bodies_count, scene->bodies);
}

/* What the second device holds goes; how many blocks all others hold. */
static long let_go(struct scene *scene)
{
	struct client *client = &scene->pair->second;

	sync_answer_clear(&client->answer);
	account_cache_clear(&client->cache);
	return fault_live();
}

static void fails_at(struct scene *scene, struct fault_turns *turns)
{
	const struct call *call = &scene->pair->fixture.call;
	enum account_result result;
	long live = let_go(scene);
	bool failed;

	fault_begin(turns);
	result = ask(scene);
	failed = fault_end(turns);
	if (result == ACCOUNT_OK)
		assert_whole(scene);
	else if (!failed || (result != ACCOUNT_FAILED && result != ACCOUNT_RETRY) ||
		 strstr(call->message, "memory") == NULL)
		fail_msg("allocation %u: %s; message: %s", each_at(), account_result_text(result),
		    call->message);
	if (let_go(scene) != live)
		fail_msg("allocation %u: %ld blocks are left", each_at(), fault_live() - live);
}

static void each_allocation_of(struct scene *scene)
{
	struct fault_turns turns = {.forever = false};

	assert_int_equal(ask(scene), ACCOUNT_OK);
	assert_whole(scene);
	while (fault_next(&turns))
		fails_at(scene, &turns);
	assert_int_equal(ask(scene), ACCOUNT_OK);
	assert_whole(scene);
	bytes_clear(&scene->frame);
}

/* Patches of the first device until some are in a pack; each third has a body. */
static void fill_log(struct pair *pair, uint64_t *count_out, size_t *bodies_out)
{
	while (fixture_objects(&pair->fixture, "/p/") == 0) {
		struct blob_name name = {.count = pair->first.answer.sweep};
		struct bytes body = {0};
		bool with_body = ++*count_out % 3 == 0;

		fixture_blob(&pair->fixture, BLOB_BODY, 500, NULL, 0, &body);
		blob_hash(view_bytes(&body), &name.hash);
		client_frame(&pair->first, FRAME_PATCH, 1000, with_body ? &name : NULL, NULL,
		    (struct view){0});
		client_request(&pair->first);
		pair->first.request.bodies[0] = view_bytes(&body);
		pair->first.request.bodies_count = with_body;
		assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_COMMITTED);
		*bodies_out += with_body;
		bytes_clear(&body);
	}
}

static void a_log_is_read_without_memory(void **state)
{
	struct pair *pair = *state;
	struct scene scene = {.pair = pair, .head = pair->second.head, .status = SYNC_BEHIND};

	fill_log(pair, &scene.pulled, &scene.bodies);
	assert_true(scene.bodies > 1);
	each_allocation_of(&scene);
}

static void a_frame_is_found_without_memory(void **state)
{
	struct pair *pair = *state;
	struct scene scene = {.pair = pair, .head = pair->second.head, .status = SYNC_COMMITTED};
	uint64_t count = 0;
	size_t bodies = 0;

	client_edit(&pair->second, 300);
	assert_true(bytes_copy(view_bytes(&pair->second.frame), &scene.frame));
	client_edit(&pair->second, 300); /* its row in the table of devices tells no more */
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	fill_log(pair, &count, &bodies);
	each_allocation_of(&scene);
}

static void a_snapshot_is_shown_without_memory(void **state)
{
	struct pair *pair = *state;
	struct scene scene = {.pair = pair, .status = SYNC_FAR_BEHIND};

	scene.head.hash = pair->fixture.roster.hashes[0];
	client_whole(&pair->first, FRAME_LOAD, NULL, 3, NULL);
	each_allocation_of(&scene);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_log_is_read_without_memory, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_frame_is_found_without_memory, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_snapshot_is_shown_without_memory, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
