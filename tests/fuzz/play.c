/*
 * tests/fuzz/play.c: the account, its log and the devices of play.h.
 */
#include "tests/fuzz/play.h"
#include "cli/engine/facts.h"

#include <stdlib.h>
#include <string.h>

static struct play the_play;
static bool made;

static void see_blob(void *self, const char *key, struct view data)
{
	struct play *made_play = self;
	const char *name = strrchr(key, '/');
	struct play_blob *blob = &made_play->blobs[made_play->blobs_count];

	if (strstr(key, "/b/") == NULL)
		return;
	assert_true(made_play->blobs_count < PLAY_BLOBS_MAX);
	assert_true(blob_name_parse(name + 1, strlen(name + 1), &blob->name));
	assert_true(bytes_copy(data, &blob->blob));
	made_play->blobs_count++;
}

static void keep_roster(struct play *made_play, struct device *device)
{
	struct call call;

	call_init(&call, INT64_MAX);
	assert_true(made_play->rosters_count < PLAY_ROSTERS_MAX);
	assert_int_equal(sync_roster_get(&device->engine, &call,
			     &made_play->rosters[made_play->rosters_count++]),
	    ENGINE_OK);
}

/* So that the next push is followed by a snapshot, without a mebibyte of edits. */
static void make_snapshot_due(struct device *device)
{
	struct stored_facts facts;
	struct call call;

	call_init(&call, INT64_MAX);
	assert_int_equal(facts_load(&device->engine, &call, &facts), ENGINE_OK);
	facts.public.log_bytes = 2u << 20;
	assert_int_equal(device->engine.journal.ops->begin(device->store, &call), JOURNAL_OK);
	assert_int_equal(facts_store(&device->engine, &facts, &call), ENGINE_OK);
	assert_int_equal(device->engine.journal.ops->commit(device->store, &call), JOURNAL_OK);
}

/* What is committed, frame by frame, as the makers of the log push it. */
static void see_request(struct device *device, const struct sync_request *request)
{
	(void)device;
	for (size_t i = 0; i < request->frames_count; i++) {
		assert_int_equal(request->frames_count, 1);
		assert_true(the_play.log_count < PLAY_LOG_MAX);
		bytes_clear(&the_play.frames[the_play.log_count]);
		assert_true(bytes_copy(request->frames[i], &the_play.frames[the_play.log_count]));
	}
}

static void see_answer(struct device *device, struct sync_answer *answer)
{
	struct play *made_play = &the_play;
	struct frame frame;

	(void)device;
	made_play->roster_hash = answer->roster_hash;
	made_play->roster = answer->roster;
	made_play->sweep = answer->sweep;
	memcpy(made_play->incarnation, answer->incarnation, INCARNATION_LEN);
	if (answer->status != SYNC_COMMITTED)
		return;
	assert_int_equal(
	    frame_decode(view_bytes(&made_play->frames[made_play->log_count]), &frame), FORMAT_OK);
	if (frame.header.kind == FRAME_SNAPSHOT) {
		bytes_clear(&made_play->snapshot);
		assert_true(bytes_copy(
		    view_bytes(&made_play->frames[made_play->log_count]), &made_play->snapshot));
		made_play->snapshot_seq = frame.header.seq;
	}
	made_play->log_count++;
	assert_int_equal(frame.header.seq, made_play->log_count);
	made_play->heads[made_play->log_count] = answer->head;
}

static void both_sync(struct play *made_play)
{
	assert_synced(&made_play->a);
	assert_synced(&made_play->b);
	assert_synced(&made_play->a);
}

/* An edit of each, at nearly the same time, and what settles it; then one an hour apart. */
static void make_conflicts(struct play *made_play)
{
	struct device *a = &made_play->a, *b = &made_play->b;

	(void)device_save(a, "e1", "a's side of it");
	made_play->world.now_ms += 1000;
	(void)device_save(b, "e1", "b's side of it");
	both_sync(made_play);
	(void)device_save(a, "e2", "the earlier one");
	made_play->world.now_ms += 3600000;
	(void)device_save(b, "e2", "the later one");
	both_sync(made_play);
}

/* With edits that meet what the log holds further on: of e1, of e2, of a deleted entry, a new one.
 */
static void make_dirty(struct device *device)
{
	device->world->now_ms += 500;
	(void)device_save(device, "e1", "unsent, of the victim's");
	(void)device_save(device, "e3", "unsent too");
	device_new(device, "victim", "only here");
	device_delete(device, "e2");
}

/* Two devices of one account with count entries, and what they commit from the beginning. */
static void begin_log(struct play *made_play, unsigned count)
{
	struct device *a = &made_play->a, *b = &made_play->b;
	char id[] = "e0";

	world_open(&made_play->world);
	device_open(a, &made_play->world);
	device_open(b, &made_play->world);
	a->before = b->before = see_request;
	a->answered = b->answered = see_answer;
	device_create(a);
	made_play->heads[0] = device_facts(a).head;
	keep_roster(made_play, a);
	for (unsigned i = 0; i < count; i++) {
		id[1] = (char)('0' + i);
		device_new(a, id, "as it was at first");
	}
	assert_synced(a);
	device_join(b);
	assert_synced(b);
	assert_synced(a);
	made_play->world.now_ms += 3600000;
}

static void make_log(struct play *made_play)
{
	struct device *a = &made_play->a, *b = &made_play->b;
	char *text;

	begin_log(made_play, 4);
	device_copy(&made_play->devices[PLAY_CLEAN], b);
	(void)device_save(a, "e1", "edited");
	both_sync(made_play);
	(void)device_save(b, "e2", "edited by the other");
	both_sync(made_play);
	device_copy(&made_play->devices[PLAY_DIRTY], b);
	make_dirty(&made_play->devices[PLAY_DIRTY]);
	device_delete(a, "e3");
	both_sync(made_play);
	text = made_text(&made_play->world.made, 9000); /* above the inline limit */
	device_new(a, "long", text);
	free(text);
	both_sync(made_play);
	make_conflicts(made_play);
	make_snapshot_due(a);
	(void)device_save(a, "e0", "before the snapshot");
	both_sync(made_play);
	(void)device_save(b, "e0", "after the snapshot");
	both_sync(made_play);
	device_copy(&made_play->devices[PLAY_CURRENT], b);
	device_open(&made_play->devices[PLAY_RECOVERING], &made_play->world);
	device_join(&made_play->devices[PLAY_RECOVERING]);
	keep_roster(made_play, a);
}

/* Signed by a device that belongs, with the wrong one of its keys. */
static void make_record(struct play *made_play)
{
	struct wipe claim = {.account = made_play->world.account, .device = made_play->a.keys.id};
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes encoded = {0}, bare = {0};

	assert_non_null(roster);
	memcpy(claim.incarnation, made_play->incarnation, INCARNATION_LEN);
	assert_int_equal(wipe_encode(&claim, made_play->a.keys.sign_secret, &encoded), FORMAT_OK);
	assert_int_equal(
	    roster_decode(view_bytes(&made_play->rosters[0]), false, roster), FORMAT_OK);
	assert_int_equal(roster_bare(roster, &bare), FORMAT_OK);
	assert_int_equal(
	    wipe_record_encode(view_bytes(&encoded), view_bytes(&bare), &made_play->record),
	    FORMAT_OK);
	bytes_clear(&bare);
	bytes_clear(&encoded);
	free(roster);
}

/* Honest runs of all devices, one frame an answer, tell the roots and that all is sound. */
static void learn_roots(struct play *made_play)
{
	for (size_t i = 0; i < PLAY_VICTIMS; i++) {
		struct session session = {
		    .play = made_play, .victim = &made_play->victims[i], .honest = true};
		struct fuzz_script script;
		enum engine_result result;

		fuzz_begin(&script, NULL, 0);
		session.script = &script;
		session.count = made_play->log_count;
		session_run(&session, &result);
		assert_int_equal(result, ENGINE_OK);
		session_clear(&session);
	}
}

static void unmake(void)
{
	for (size_t i = 0; i < PLAY_VICTIMS; i++) {
		victim_clear(&the_play.victims[i]);
		device_close(&the_play.devices[i]);
	}
	device_close(&the_play.a);
	device_close(&the_play.b);
	world_close(&the_play.world);
	for (size_t i = 0; i < PLAY_LOG_MAX; i++)
		bytes_clear(&the_play.frames[i]);
	for (size_t i = 0; i < PLAY_BLOBS_MAX; i++)
		bytes_clear(&the_play.blobs[i].blob);
	for (size_t i = 0; i < PLAY_ROSTERS_MAX; i++)
		bytes_clear(&the_play.rosters[i]);
	bytes_clear(&the_play.snapshot);
	bytes_clear(&the_play.record);
}

struct play *play(void)
{
	if (made)
		return &the_play;
	made = true;
	make_log(&the_play);
	assert_true(the_play.log_count > 8 && the_play.snapshot_seq > 0);
	memory_each(the_play.world.store, see_blob, &the_play);
	make_record(&the_play);
	for (size_t i = 0; i < PLAY_VICTIMS; i++)
		victim_keep(&the_play.victims[i], &the_play.devices[i]);
	assert_int_equal(atexit(unmake), 0);
	learn_roots(&the_play);
	return &the_play;
}
