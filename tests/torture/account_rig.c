/*
 * tests/torture/account_rig.c: see account_rig.h. The log is looked through by a reader that knows
 * nothing but a place in it, as a device that was away would: each frame follows the one before,
 * and each blob that a frame names, or that an index names, is there and is what its name says.
 */
#include "tests/torture/account_rig.h"

#include <stdlib.h>
#include <string.h>

#define POLLS_MAX 100u

static void pair_bare(struct scene *scene)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_non_null(pair);
	fixture_open(&pair->fixture);
	client_open(&pair->first, &pair->fixture, FIRST);
	client_open(&pair->second, &pair->fixture, SECOND);
	scene->pair = pair;
}

void scene_open(struct scene *scene, const struct scene_call *call)
{
	void *state = NULL;

	memset(scene, 0, sizeof(*scene));
	memset(&scene->outputs, 0x5A, sizeof(scene->outputs));
	scene->outputs.bytes = (struct bytes){0};
	if (call->account == SCENE_CREATES) {
		pair_bare(scene);
		scene->from.hash = scene->pair->fixture.roster.hashes[0];
		scene->reader = FIRST;
	} else {
		(void)pair_setup(&state);
		scene->pair = state;
		scene->from = scene->pair->first.head;
		scene->reader = SECOND;
	}
	scene->seq = scene->from.seq;
	call->prepare(scene);
}

void scene_close(struct scene *scene)
{
	void *state = scene->pair;

	(void)pair_teardown(&state);
	account_cache_clear(&scene->cache);
	bytes_clear(&scene->message);
	bytes_clear(&scene->outputs.bytes);
	free(scene->wiped);
}

void scene_forget(struct scene *scene)
{
	account_cache_clear(&scene->cache);
	account_cache_clear(&scene->pair->first.cache);
}

const struct account_env *scene_env(struct scene *scene)
{
	return &scene->pair->fixture.env;
}

struct call *scene_time(struct scene *scene)
{
	return fixture_call(&scene->pair->fixture);
}

const struct account_id *scene_id(struct scene *scene)
{
	return &scene->pair->fixture.account;
}

/* message and its name: a blob that nobody has put. */
void scene_blob(struct scene *scene, enum blob_kind kind, size_t len, const struct blob_name *names,
    size_t names_count)
{
	fixture_blob(&scene->pair->fixture, kind, len, names, names_count, &scene->message);
	scene->name.count = scene->pair->first.answer.sweep;
	blob_hash(view_bytes(&scene->message), &scene->name.hash);
}

/* Edits until there are that many packs. */
void scene_packs(struct scene *scene, size_t packs)
{
	struct pair *pair = scene->pair;

	for (unsigned i = 0; i < 200 && fixture_objects(&pair->fixture, "/p/") < packs; i++)
		client_edit(&pair->first, 3900);
	assert_int_equal(fixture_objects(&pair->fixture, "/p/"), packs);
}

void scene_put_blob(struct scene *scene, enum blob_kind kind, struct blob_name *name_out)
{
	struct client *first = &scene->pair->first;
	struct bytes blob = {0};

	fixture_blob(&scene->pair->fixture, kind, 1000, NULL, 0, &blob);
	name_out->count = first->answer.sweep;
	blob_hash(view_bytes(&blob), &name_out->hash);
	assert_int_equal(account_blob_put(scene_env(scene), &first->cache, scene_id(scene),
			     name_out, view_bytes(&blob), scene_time(scene)),
	    ACCOUNT_OK);
	bytes_clear(&blob);
}

static void fetch_blob(struct fixture *fixture, struct account_cache *cache,
    const struct blob_name *name, struct bytes *out)
{
	enum account_result result = account_blob_get(
	    &fixture->env, cache, &fixture->account, name, fixture_call(fixture), out);

	if (result != ACCOUNT_OK)
		fail_msg("a blob that is named: %s", fixture->call.message);
}

/* The frame's blob, and what that names. */
static void look_at_names(
    struct fixture *fixture, struct account_cache *cache, const struct frame_header *header)
{
	struct blob_name *names;
	struct bytes bytes = {0};
	struct blob blob;

	if (!header->has_blob)
		return;
	fetch_blob(fixture, cache, &header->blob, &bytes);
	if (header->kind == FRAME_PATCH) {
		bytes_clear(&bytes);
		return;
	}
	names = calloc(SEGMENTS_MAX, sizeof(*names));
	assert_non_null(names);
	assert_int_equal(blob_decode(view_bytes(&bytes), names, &blob), FORMAT_OK);
	for (size_t i = 0; i < blob.header.names_count; i++) {
		struct bytes segment = {0};

		fetch_blob(fixture, cache, &names[i], &segment);
		bytes_clear(&segment);
	}
	bytes_clear(&bytes);
	free(names);
}

static void look_at_frames(struct client *reader)
{
	for (size_t i = 0; i < reader->answer.frames_count; i++) {
		struct frame frame;

		assert_int_equal(frame_decode(reader->answer.frames[i], &frame), FORMAT_OK);
		look_at_names(reader->fixture, &reader->cache, &frame.header);
	}
}

/* All that the manifest names is there, and the log is whole (N2); its head. */
static uint64_t look_at_all(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct client reader;
	struct frame snapshot;
	uint64_t seq;

	assert_non_null(manifest);
	fixture_manifest(fixture, &bytes, manifest);
	client_open(&reader, fixture, scene->reader);
	reader.head = scene->from;
	for (unsigned i = 0; i < POLLS_MAX; i++) {
		if (client_poll(&reader) != ACCOUNT_OK)
			fail_msg("the log cannot be read: %s", fixture->call.message);
		look_at_frames(&reader);
		if (reader.answer.status == SYNC_CURRENT)
			break;
		assert_status(&reader, SYNC_BEHIND);
	}
	assert_true(head_equal(&reader.head, &manifest->head));
	if (manifest->snapshot.data != NULL) {
		assert_int_equal(frame_decode(manifest->snapshot, &snapshot), FORMAT_OK);
		look_at_names(fixture, &reader.cache, &snapshot.header);
	}
	seq = reader.head.seq;
	client_close(&reader);
	bytes_clear(&bytes);
	free(manifest);
	return seq;
}

static void look_if_gone(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct account_cache cache = {0};
	struct bytes roster = {0};

	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_GONE);
	account_cache_clear(&cache);
}

static void look(struct scene *scene, const struct scene_call *call)
{
	struct fixture *fixture = &scene->pair->fixture;
	size_t manifests = fixture_objects(fixture, "/manifest");
	size_t records = fixture_objects(fixture, "/w/");
	uint64_t seq;

	if (call->account == SCENE_WIPES && records > 0) {
		look_if_gone(scene);
		return;
	}
	assert_int_equal(records, 0);
	if (call->account == SCENE_CREATES && manifests == 0)
		return;
	seq = look_at_all(scene);
	assert_in_range(seq, scene->from.seq, scene->seq); /* once at most (I3) */
}

static void assert_untouched(const struct scene *scene)
{
	struct scene_outputs before;

	memset(&before, 0x5A, sizeof(before));
	before.bytes = (struct bytes){0};
	assert_memory_equal(&scene->outputs, &before, sizeof(before));
}

void scene_judge(struct scene *scene, const struct scene_call *call, enum account_result result)
{
	const struct call *said = &scene->pair->fixture.call;

	if (result != ACCOUNT_OK) {
		assert_untouched(scene);
		if (said->message[0] == '\0')
			fail_msg("%s: a failure without a word", call->name);
	} else {
		call->done(scene);
	}
	look(scene, call);
}

/* The other device of the account edits, and the first one takes that. */
static void go_on(struct scene *scene)
{
	struct pair *pair = scene->pair;

	client_edit(&pair->second, 100);
	assert_int_equal(look_at_all(scene), scene->seq + 1);
}

static void stay_away(struct scene *scene)
{
	struct fixture *fixture = &scene->pair->fixture;
	struct wipe_report report = {0};

	assert_int_equal(
	    account_relist(&fixture->env, &fixture->account, fixture_call(fixture), &report),
	    ACCOUNT_OK);
	assert_int_equal(fixture_objects(fixture, "/a/"), 0);
	look_if_gone(scene);
}

void scene_again(struct scene *scene, const struct scene_call *call)
{
	struct fixture *fixture = &scene->pair->fixture;
	enum account_result result;

	bytes_clear(&scene->outputs.bytes);
	result = call->run(scene);
	if (result != ACCOUNT_OK)
		fail_msg("%s, again: %s: %s", call->name, account_result_text(result),
		    fixture->call.message);
	call->done(scene);
	if (call->account != SCENE_WIPES)
		assert_int_equal(look_at_all(scene), scene->seq);
	(void)memory_deliver(fixture->store);
	if (call->account == SCENE_WIPES)
		stay_away(scene);
	else if (call->account == SCENE_CREATES)
		assert_int_equal(look_at_all(scene), scene->seq);
	else
		go_on(scene);
}
