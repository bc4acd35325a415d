/*
 * tests/torture/account_scenes.c: calls of account_rig.h: an account is created, and a device's
 * exchange. Its cache is warm where the name does not say otherwise.
 */
#include "tests/torture/account_rig.h"

#include <stdlib.h>
#include <string.h>

/* ---- Create ---- */

static void prepare_create(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct create create = {.account = fixture->account,
	    .device = fixture->members[FIRST].id,
	    .roster = view_bytes(&fixture->roster_bytes),
	    .time_ms = fixture->now_ms};

	assert_int_equal(
	    create_encode(&create, fixture->members[FIRST].sign_secret, &scene->message),
	    FORMAT_OK);
}

static enum account_result run_create(struct scene *scene)
{
	return account_create(scene_env(scene), &scene->pair->first.cache,
	    view_bytes(&scene->message), scene_time(scene));
}

static void done_create(struct scene *scene)
{
	assert_int_equal(fixture_objects(&scene->pair->fixture, ""), 2); /* manifest and roster */
}

const struct scene_call scene_create = {
    "create", prepare_create, run_create, done_create, SCENE_CREATES};

/* ---- The exchange ---- */

static enum account_result run_send(struct scene *scene)
{
	return client_send(&scene->pair->first);
}

static void done_send(struct scene *scene)
{
	assert_status(&scene->pair->first, scene->status);
	assert_int_equal(scene->pair->first.head.seq, scene->seq);
}

/* first's request is a frame of that kind, not sent yet. */
static void prepare_frame(struct scene *scene, enum frame_kind kind, size_t body_len,
    const struct blob_name *blob, const struct head *covered, struct view body)
{
	struct client *first = &scene->pair->first;

	client_frame(first, kind, body_len, blob, covered, body);
	client_request(first);
	scene->status = SYNC_COMMITTED;
	scene->seq = first->head.seq + 1;
}

static void prepare_push(struct scene *scene)
{
	prepare_frame(scene, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
}

const struct scene_call scene_push = {"push", prepare_push, run_send, done_send, SCENE_STANDS};

static void carry_blob(struct scene *scene)
{
	struct sync_request *request = &scene->pair->first.request;

	request->bodies[0] = view_bytes(&scene->message);
	request->bodies_count = 1;
}

static void prepare_push_body(struct scene *scene)
{
	scene_blob(scene, BLOB_BODY, 9000, NULL, 0);
	prepare_frame(scene, FRAME_PATCH, 300, &scene->name, NULL, (struct view){0});
	carry_blob(scene);
	account_cache_clear(&scene->pair->first.cache);
}

const struct scene_call scene_push_body = {
    "a cold push with a body", prepare_push_body, run_send, done_send, SCENE_STANDS};

static void prepare_statement(struct scene *scene)
{
	struct pair *pair = scene->pair;
	struct bytes statement = {0};

	fixture_statement(&pair->fixture, FIRST, THIRD, SIZE_MAX, &statement);
	prepare_frame(scene, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	pair->first.request.roster = view_bytes(&pair->fixture.roster_bytes);
	bytes_clear(&statement);
}

const struct scene_call scene_statement = {
    "a statement", prepare_statement, run_send, done_send, SCENE_STANDS};

/* The next frame makes the tail a pack, and that is one too many of its level. */
static void prepare_pack(struct scene *scene)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	scene_packs(scene, 15);
	do {
		client_edit(&scene->pair->first, 3900);
		fixture_manifest(&scene->pair->fixture, &bytes, manifest);
	} while (bytes.len + 4200 < MANIFEST_PACK_AT);
	assert_int_equal(manifest->packs_count, 15);
	bytes_clear(&bytes);
	free(manifest);
	prepare_frame(scene, FRAME_PATCH, 3900, NULL, NULL, (struct view){0});
	account_cache_clear(&scene->pair->first.cache);
}

static void done_pack(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;

	done_send(scene);
	assert_true(fixture_objects(fixture, "/p/") >= 16);
}

const struct scene_call scene_pack = {
    "a cold push that packs and folds", prepare_pack, run_send, done_pack, SCENE_STANDS};

/* A snapshot over the edits so far; one of its segments is that of the load before it. */
static void prepare_snapshot(struct scene *scene)
{
	struct client *first = &scene->pair->first;
	struct blob_name names[3] = {0};
	struct head covered;

	client_whole(first, FRAME_LOAD, NULL, 2, names);
	client_edit(first, 100);
	scene_put_blob(scene, BLOB_SEGMENT, &names[1]);
	scene_put_blob(scene, BLOB_SEGMENT, &names[2]);
	scene_blob(scene, BLOB_INDEX, 500, names, COUNT_OF(names));
	covered = first->head;
	prepare_frame(scene, FRAME_SNAPSHOT, 200, &scene->name, &covered, (struct view){0});
	carry_blob(scene);
	account_cache_clear(&first->cache);
}

const struct scene_call scene_snapshot = {
    "a cold snapshot", prepare_snapshot, run_send, done_send, SCENE_STANDS};

static void prepare_pull(struct scene *scene)
{
	struct pair *pair = scene->pair;
	struct client *second = &pair->second;

	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	client_edit(second, 3900);
	scene_blob(scene, BLOB_BODY, 9000, NULL, 0);
	client_frame(second, FRAME_PATCH, 300, &scene->name, NULL, (struct view){0});
	client_request(second);
	second->request.bodies[0] = view_bytes(&scene->message);
	second->request.bodies_count = 1;
	assert_int_equal(client_send(second), ACCOUNT_OK);
	assert_status(second, SYNC_COMMITTED);
	for (unsigned i = 0; i < 5; i++)
		client_edit(second, 3900);
	assert_int_equal(fixture_objects(&pair->fixture, "/p/"), 1);
	client_request(&pair->first);
	scene->status = SYNC_BEHIND;
	scene->seq = second->head.seq;
}

/* Asked again, it has them all. */
static void done_pull(struct scene *scene)
{
	struct client *first = &scene->pair->first;

	assert_int_equal(first->head.seq, scene->seq);
	assert_status(first, scene->status);
	first->head = scene->from;
}

const struct scene_call scene_pull = {"a poll", prepare_pull, run_send, done_pull, SCENE_STANDS};

/* The other device has put first out. */
static void prepare_revoked(struct scene *scene)
{
	struct pair *pair = scene->pair;
	struct client *second = &pair->second;
	struct bytes statement = {0};

	assert_int_equal(client_poll(second), ACCOUNT_OK);
	fixture_statement(&pair->fixture, SECOND, SIZE_MAX, FIRST, &statement);
	client_frame(second, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(second);
	second->request.roster = view_bytes(&pair->fixture.roster_bytes);
	assert_int_equal(client_send(second), ACCOUNT_OK);
	assert_status(second, SYNC_COMMITTED);
	prepare_frame(scene, FRAME_PATCH, 300, NULL, NULL, (struct view){0});
	scene->status = SYNC_REVOKED;
	scene->seq = second->head.seq;
	bytes_clear(&statement);
}

static void done_revoked(struct scene *scene)
{
	struct client *first = &scene->pair->first;

	assert_status(first, scene->status);
	assert_true(
	    view_equal(first->answer.roster_blob, view_bytes(&scene->pair->fixture.roster_bytes)));
}

const struct scene_call scene_revoked = {
    "a push of a device that was revoked", prepare_revoked, run_send, done_revoked, SCENE_STANDS};

/* The push of a cache that is warm puts its body before it learns that the account is gone. */
static void prepare_gone(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct wipe_report report;
	struct bytes wipe = {0};

	fixture_wipe(fixture, FIRST, scene->pair->first.answer.incarnation, "", &wipe);
	scene_blob(scene, BLOB_BODY, 9000, NULL, 0);
	prepare_frame(scene, FRAME_PATCH, 300, &scene->name, NULL, (struct view){0});
	carry_blob(scene);
	assert_int_equal(account_wipe(scene_env(scene), &scene->cache, scene_id(scene),
			     view_bytes(&wipe), scene_time(scene), &report),
	    ACCOUNT_OK);
	scene->status = SYNC_GONE;
	bytes_clear(&wipe);
}

static void done_gone(struct scene *scene)
{
	struct client *first = &scene->pair->first;

	assert_status(first, scene->status);
	assert_true(first->answer.wipe_record.len > 0);
}

const struct scene_call scene_gone = {
    "a push to an account that was wiped", prepare_gone, run_send, done_gone, SCENE_WIPES};

static void prepare_far_behind(struct scene *scene)
{
	struct client *first = &scene->pair->first;

	client_whole(first, FRAME_LOAD, NULL, 2, NULL);
	scene->seq = first->head.seq;
	first->head = (struct head){0, scene->pair->fixture.roster.hashes[0]};
	bytes_clear(&first->frame);
	client_request(first);
	scene->status = SYNC_FAR_BEHIND;
}

static void done_far_behind(struct scene *scene)
{
	struct client *first = &scene->pair->first;
	struct frame frame;

	assert_status(first, scene->status);
	assert_int_equal(frame_decode(first->answer.snapshot, &frame), FORMAT_OK);
	assert_int_equal(frame.header.seq, scene->seq);
}

const struct scene_call scene_far_behind = {
    "a poll from the beginning", prepare_far_behind, run_send, done_far_behind, SCENE_STANDS};
