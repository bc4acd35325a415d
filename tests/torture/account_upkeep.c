/*
 * tests/torture/account_upkeep.c: calls of account_rig.h that are no device's exchange:
 * compactions, sweeps, wipes, single blobs. By a process that knows nothing of the account.
 */
#include "tests/torture/account_rig.h"

#include <stdlib.h>
#include <string.h>

#define FOREVER_MS INT64_MAX

static void prepare_compact(struct scene *scene)
{
	scene_packs(scene, 8);
	scene->seq = scene->pair->first.head.seq;
}

static enum account_result run_compact(struct scene *scene)
{
	return account_compact(scene_env(scene), &scene->cache, scene_id(scene), scene_time(scene),
	    &scene->outputs.compacted);
}

static void done_compact(struct scene *scene)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	fixture_manifest(&scene->pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, 1);
	bytes_clear(&bytes);
	free(manifest);
}

const struct scene_call scene_compact = {
    "compaction", prepare_compact, run_compact, done_compact, SCENE_STANDS};

/* By who put the packs: it has them, and the manifest, and reads nothing. */
static enum account_result run_compact_at_hand(struct scene *scene)
{
	return account_compact(scene_env(scene), &scene->pair->first.cache, scene_id(scene),
	    scene_time(scene), &scene->outputs.compacted);
}

const struct scene_call scene_compact_at_hand = {"compaction of packs at hand", prepare_compact,
    run_compact_at_hand, done_compact, SCENE_STANDS};

static enum account_result run_sweep(struct scene *scene)
{
	return account_sweep(scene_env(scene), &scene->cache, scene_id(scene), FOREVER_MS,
	    scene_time(scene), &scene->outputs.sweep);
}

/* Segments of a load that a snapshot follows, a pack, and a blob that may go with this sweep. */
static void prepare_sweep(struct scene *scene)
{
	struct pair *pair = scene->pair;

	client_whole(&pair->first, FRAME_LOAD, NULL, 3, NULL);
	scene_packs(scene, 1);
	scene_put_blob(scene, BLOB_SEGMENT, &scene->name);
	assert_int_equal(run_sweep(scene), ACCOUNT_OK);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	client_whole(&pair->first, FRAME_SNAPSHOT, &pair->first.head, 2, NULL);
	scene->seq = pair->first.head.seq;
	memset(&scene->outputs.sweep, 0x5A, sizeof(scene->outputs.sweep));
	account_cache_clear(&scene->cache);
}

/* What nothing names goes with the next sweep, if a call raised the count and came no further. */
static void done_sweep(struct scene *scene)
{
	char text[BLOB_NAME_TEXT_MAX];

	assert_int_equal(scene->outputs.sweep.kept, fixture_objects(&scene->pair->fixture, "/a/"));
	blob_name_text(&scene->name, text);
	assert_int_equal(fixture_objects(&scene->pair->fixture, text), 0);
}

const struct scene_call scene_sweep = {"sweep", prepare_sweep, run_sweep, done_sweep, SCENE_STANDS};

/*
 * Its names fill the room that it begins with: the roster's, the index' and as many of a segment's
 * (it may be named often); the load's frame has the last of it, and then comes a body.
 */
#define NAMES_FIRST 256u

static void prepare_sweep_many(struct scene *scene)
{
	struct client *first = &scene->pair->first;
	struct blob_name names[NAMES_FIRST - 3];
	struct bytes body = {0};
	struct blob_name name = {.count = 0};

	scene_put_blob(scene, BLOB_SEGMENT, &names[0]);
	for (size_t i = 1; i < COUNT_OF(names); i++)
		names[i] = names[0];
	scene_blob(scene, BLOB_INDEX, 100, names, COUNT_OF(names));
	for (unsigned i = 0; i < 2; i++) {
		if (i > 0) {
			fixture_blob(&scene->pair->fixture, BLOB_BODY, 100, NULL, 0, &body);
			blob_hash(view_bytes(&body), &name.hash);
		}
		client_frame(first, i == 0 ? FRAME_LOAD : FRAME_PATCH, 100,
		    i == 0 ? &scene->name : &name, NULL, (struct view){0});
		client_request(first);
		first->request.bodies[0] = view_bytes(i == 0 ? &scene->message : &body);
		first->request.bodies_count = 1;
		assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_COMMITTED);
	}
	bytes_clear(&body);
	scene_put_blob(scene, BLOB_SEGMENT, &scene->name);
	assert_int_equal(run_sweep(scene), ACCOUNT_OK);
	scene->seq = first->head.seq;
	memset(&scene->outputs.sweep, 0x5A, sizeof(scene->outputs.sweep));
	account_cache_clear(&scene->cache);
}

const struct scene_call scene_sweep_many = {
    "sweep of many names", prepare_sweep_many, run_sweep, done_sweep, SCENE_STANDS};

/* ---- Wipe ---- */

static void prepare_wipe(struct scene *scene)
{
	struct pair *pair = scene->pair;

	client_whole(&pair->first, FRAME_LOAD, NULL, 3, NULL);
	scene->seq = pair->first.head.seq;
	fixture_wipe(&pair->fixture, FIRST, pair->first.answer.incarnation, "", &scene->message);
}

static enum account_result run_wipe(struct scene *scene)
{
	return account_wipe(scene_env(scene), &scene->cache, scene_id(scene),
	    view_bytes(&scene->message), scene_time(scene), &scene->outputs.wipe);
}

static void done_wipe(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;

	assert_int_equal(scene->outputs.wipe.empty_at_ms, fixture->now_ms);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	assert_int_equal(fixture_objects(fixture, "/w/"), 1);
}

const struct scene_call scene_wipe = {"wipe", prepare_wipe, run_wipe, done_wipe, SCENE_WIPES};

static void put_object(struct scene *scene, const char *key, struct view data)
{
	struct bucket_put put = {.key = key, .data = data};
	struct bucket_tag tag;

	assert_int_equal(
	    bucket_put(scene->pair->fixture.bucket, &put, scene_time(scene), &tag), BUCKET_OK);
}

/* Wiped; then the manifest of before lands once more, and a body beside it. */
static void prepare_relist(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	char manifest_key[BUCKET_KEY_MAX + 1], body_key[BUCKET_KEY_MAX + 1];
	struct bytes bytes = {0};

	assert_non_null(manifest);
	prepare_wipe(scene);
	fixture_manifest(fixture, &bytes, manifest);
	fixture_key(fixture, "/manifest", manifest_key);
	fixture_key(fixture, "/b/", body_key);
	assert_int_equal(run_wipe(scene), ACCOUNT_OK);
	put_object(scene, manifest_key, view_bytes(&bytes));
	put_object(scene, body_key, view_text("a body that came late"));
	memset(&scene->outputs.wipe, 0x5A, sizeof(scene->outputs.wipe));
	bytes_clear(&bytes);
	free(manifest);
}

static enum account_result run_relist(struct scene *scene)
{
	return account_relist(
	    scene_env(scene), scene_id(scene), scene_time(scene), &scene->outputs.wipe);
}

const struct scene_call scene_relist = {
    "relist", prepare_relist, run_relist, done_wipe, SCENE_WIPES};

static void prepare_wiped(struct scene *scene)
{
	prepare_wipe(scene);
	assert_int_equal(run_wipe(scene), ACCOUNT_OK);
	memset(&scene->outputs.wipe, 0x5A, sizeof(scene->outputs.wipe));
	scene->wiped = calloc(1, sizeof(*scene->wiped));
	assert_non_null(scene->wiped);
}

static enum account_result run_relist_done(struct scene *scene)
{
	return account_relist_done(scene_env(scene), scene_id(scene), scene_time(scene));
}

static void done_relist_done(struct scene *scene)
{
	assert_int_equal(fixture_objects(&scene->pair->fixture, ".done"), 1);
	assert_int_equal(fixture_objects(&scene->pair->fixture, "/w/"), 2);
}

const struct scene_call scene_relist_done = {
    "relist_done", prepare_wiped, run_relist_done, done_relist_done, SCENE_WIPES};

static enum account_result run_wiped_next(struct scene *scene)
{
	return account_wiped_next(scene_env(scene), scene_time(scene), scene->wiped);
}

static void done_wiped_next(struct scene *scene)
{
	assert_int_equal(scene->wiped->count, 1);
	assert_true(account_equal(&scene->wiped->ids[0], scene_id(scene)));
	scene->wiped->after[0] = '\0';
}

const struct scene_call scene_wiped_next = {
    "wiped_next", prepare_wiped, run_wiped_next, done_wiped_next, SCENE_WIPES};

/* ---- Blobs, the roster, what an account takes ---- */

static void prepare_blob_put(struct scene *scene)
{
	scene_blob(scene, BLOB_BODY, 2000, NULL, 0);
}

static enum account_result run_blob_put(struct scene *scene)
{
	return account_blob_put(scene_env(scene), &scene->cache, scene_id(scene), &scene->name,
	    view_bytes(&scene->message), scene_time(scene));
}

static enum account_result run_blob_get(struct scene *scene)
{
	return account_blob_get(scene_env(scene), &scene->cache, scene_id(scene), &scene->name,
	    scene_time(scene), &scene->outputs.bytes);
}

/* Whoever put it can read it. */
static void done_blob_put(struct scene *scene)
{
	bytes_clear(&scene->outputs.bytes);
	assert_int_equal(run_blob_get(scene), ACCOUNT_OK);
	assert_true(view_equal(view_bytes(&scene->outputs.bytes), view_bytes(&scene->message)));
}

const struct scene_call scene_blob_put = {
    "blob_put", prepare_blob_put, run_blob_put, done_blob_put, SCENE_STANDS};

static void prepare_blob_get(struct scene *scene)
{
	scene_blob(scene, BLOB_BODY, 2000, NULL, 0);
	assert_int_equal(run_blob_put(scene), ACCOUNT_OK);
	account_cache_clear(&scene->cache);
}

static void done_blob_get(struct scene *scene)
{
	assert_true(view_equal(view_bytes(&scene->outputs.bytes), view_bytes(&scene->message)));
}

const struct scene_call scene_blob_get = {
    "blob_get", prepare_blob_get, run_blob_get, done_blob_get, SCENE_STANDS};

static void prepare_nothing(struct scene *scene)
{
	(void)scene;
}

static enum account_result run_roster(struct scene *scene)
{
	return account_roster(scene_env(scene), &scene->cache, scene_id(scene), scene_time(scene),
	    &scene->outputs.bytes);
}

static void done_roster(struct scene *scene)
{
	assert_true(view_equal(
	    view_bytes(&scene->outputs.bytes), view_bytes(&scene->pair->fixture.roster_bytes)));
}

const struct scene_call scene_roster = {
    "roster", prepare_nothing, run_roster, done_roster, SCENE_STANDS};

static enum account_result run_usage(struct scene *scene)
{
	return account_usage(
	    scene_env(scene), scene_id(scene), scene_time(scene), &scene->outputs.usage);
}

static void done_usage(struct scene *scene)
{
	assert_int_equal(
	    scene->outputs.usage.objects, fixture_objects(&scene->pair->fixture, "/a/"));
}

const struct scene_call scene_usage = {
    "usage", prepare_nothing, run_usage, done_usage, SCENE_STANDS};
