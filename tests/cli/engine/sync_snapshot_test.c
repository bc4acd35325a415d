/*
 * tests/cli/engine/sync_snapshot_test.c: what is too large for a frame: bodies, loads, snapshots;
 * uploads that break off and go on; devices that were away so long that the log they need is gone.
 */
#include "tests/cli/engine/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The snapshot's frame that the manifest names. */
static struct frame_header snapshot_header(void)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct frame frame = {.hash = {{0}}};

	assert_non_null(manifest);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_int_equal(frame_decode(manifest->snapshot, &frame), FORMAT_OK);
	bytes_clear(&bytes);
	free(manifest);
	return frame.header;
}

static void a_long_edit_is_a_body_and_one_exchange(void **state)
{
	struct digest version;

	(void)state;
	pair_save_long(&pair.a, "e1", PAIR_LONG);
	pair.a.counts = (struct bucket_counts){0};
	assert_synced(&pair.a);
	assert_int_equal(pair.a.exchanges, 1);
	assert_int_equal(pair.a.puts, 0);       /* no blob apart: it goes with the frame */
	assert_int_equal(pair.a.counts.put, 2); /* the body, and the manifest */
	assert_true(pair.a.counts.bytes_up < PAIR_LONG);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.gets, 0);
	version = device_version(&pair.a, "e1");
	assert_memory_equal(device_version(&pair.b, "e1").bytes, version.bytes, DIGEST_LEN);
	assert_same(&pair.a, &pair.b);
}

static void leave_bodies_out(struct device *device, struct sync_answer *answer)
{
	(void)device;
	answer->bodies_count = 0;
}

static void a_body_left_out_is_fetched(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e2", "short");
	assert_synced(&pair.a);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	(void)device_save(&pair.b, "e3", "unsent, and in the way of nothing");
	pair.b.answered = leave_bodies_out;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.gets, 2);
	assert_int_equal(pair.b.totals.conflicts, 0);
	pair.b.answered = NULL;
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void count_pushes(struct device *device, const struct sync_request *request)
{
	device->times += request->frames_count > 0;
}

/* More answers than lost races are borne; and the edit is not sent along each time. */
static void catching_up_is_no_lost_race(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65; i++)
		pair_save_synced(&pair.a, "e1", 6000);
	(void)device_save(&pair.b, "e3", "unsent");
	pair.b.answered = leave_bodies_out;
	pair.b.before = count_pushes;
	assert_synced(&pair.b);
	pair.b.answered = NULL;
	pair.b.before = NULL;
	assert_int_equal(pair.b.times, 2);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* Also while a device that recovers follows the log after the load. */
static void bodies_left_out_are_fetched_while_recovering(void **state)
{
	struct device c;

	(void)state;
	(void)device_save(&pair.a, "e2", "short");
	assert_synced(&pair.a);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	device_open(&c, &pair.world);
	device_join(&c);
	c.answered = leave_bodies_out;
	assert_synced(&c);
	c.answered = NULL;
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

static void flip_body(struct device *device, struct sync_answer *answer)
{
	(void)device;
	if (answer->bodies_count > 0)
		answer->bodies[0].blob.len -= 1;
}

static void flip_blob(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times-- == 0)
		blob->data[blob->len / 2] ^= 1;
}

static void a_changed_body_is_refused(void **state)
{
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;

	(void)state;
	pair_save_synced(&pair.a, "e1", PAIR_LONG);
	pair.b.answered = flip_body;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.answered = leave_bodies_out;
	pair.b.got = flip_blob;
	pair.b.times = 0;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	after = device_facts(&pair.b);
	assert_true(head_equal(&before.head, &after.head));
	assert_content(&pair.b, "e1", "as it was at first");
	pair.b.answered = NULL;
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Twelve entries of 100 KB at once: above 1 MiB. */
static void fill(struct device *device, unsigned count, size_t len)
{
	char id[16];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "long%u", i);
		pair_save_long(device, id, len);
	}
}

static void a_large_push_is_a_load(void **state)
{
	uint64_t seq = device_facts(&pair.a).head.seq;

	(void)state;
	fill(&pair.a, 12, PAIR_LONG);
	pair.world.now_ms += 1000;
	(void)device_save(&pair.b, "e1", "unsent while the load comes");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.pushed, 12);
	assert_int_equal(device_facts(&pair.a).head.seq, seq + 1);
	assert_int_equal(snapshot_header().kind, FRAME_LOAD);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.pulled, 12);
	assert_int_equal(pair.b.totals.conflicts, 0);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "unsent while the load comes");
	assert_same(&pair.a, &pair.b);
}

static void other_edit(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	(void)device_save(device->other, "e1", "faster than the load");
	assert_synced(device->other);
}

static void a_load_that_loses_its_race_is_made_again(void **state)
{
	(void)state;
	fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = other_edit;
	pair.a.other = &pair.b;
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "faster than the load");
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void edit_on(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	(void)device_save(device, "long3", "edited while the load was sent");
}

static void an_edit_during_a_load_is_sent_after(void **state)
{
	(void)state;
	fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = edit_on;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.pushed, 13);
	assert_synced(&pair.b);
	assert_content(&pair.b, "long3", "edited while the load was sent");
	assert_same(&pair.a, &pair.b);
}

/* What was stored for the load is no longer there when it is committed. */
static void lose_what_was_sent(struct device *device, const struct sync_request *request)
{
	const struct journal *journal = &device->engine.journal;
	struct frame frame;

	if (request->frames_count == 0)
		return;
	assert_int_equal(frame_decode(request->frames[0], &frame), FORMAT_OK);
	assert_int_equal(frame.header.kind, FRAME_LOAD);
	device->times++;
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->sent_add(journal->self, &frame.hash, frame.header.seq, &device->call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &device->call), JOURNAL_OK);
}

/* A device's own load is no exception to comparing the root of what was applied. */
static void an_own_loads_root_is_compared(void **state)
{
	struct sync_facts before, after;

	(void)state;
	fill(&pair.a, 24, PAIR_LONG);
	before = device_facts(&pair.a);
	pair.a.before = lose_what_was_sent;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	pair.a.before = NULL;
	assert_int_equal(pair.a.times, 1);
	after = device_facts(&pair.a);
	assert_true(head_equal(&after.head, &before.head));
	assert_int_equal(device_counts(&pair.a).dirty_count, 24); /* all is kept */
}

/* What was stored for the load is another version of one entry when it is committed. */
static void change_what_was_sent(struct device *device, const struct sync_request *request)
{
	const struct journal *journal = &device->engine.journal;
	struct frame frame;

	lose_what_was_sent(device, request);
	if (request->frames_count == 0)
		return;
	assert_int_equal(frame_decode(request->frames[0], &frame), FORMAT_OK);
	(void)device_save(device, "long3", "edited while the load was sent");
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->sent_all_dirty(journal->self, &frame.hash, &device->call), JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, &device->call), JOURNAL_OK);
}

/* As many versions as were summed are not enough: they must be those. */
static void an_own_load_carries_what_was_summed(void **state)
{
	struct sync_facts before, after;

	(void)state;
	fill(&pair.a, 24, PAIR_LONG);
	before = device_facts(&pair.a);
	pair.a.before = change_what_was_sent;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	pair.a.before = NULL;
	after = device_facts(&pair.a);
	assert_true(head_equal(&after.head, &before.head));
	assert_int_equal(device_counts(&pair.a).dirty_count, 24);
}

/* A stored root that has left the state is seen before anything names it. */
static void a_load_of_another_state_than_the_roots_is_not_sent(void **state)
{
	static const uint8_t lanes[ROOT_SUM_LEN];
	const struct journal *journal = &pair.a.engine.journal;
	struct call *call = &pair.a.call;

	(void)state;
	fill(&pair.a, 24, PAIR_LONG);
	assert_int_equal(journal->ops->begin(journal->self, call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), call),
	    JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, call), JOURNAL_OK);
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
	assert_non_null(strstr(pair.a.call.message, "nothing was sent"));
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).head.seq, device_facts(&pair.a).head.seq);
}

/* The second blob does not arrive; the first needs not be sent again. */
static void a_broken_upload_goes_on_where_it_stopped(void **state)
{
	uint64_t all;

	(void)state;
	fill(&pair.a, 24, PAIR_LONG);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_true(all >= 4);
	fill(&pair.a, 24, PAIR_LONG); /* again, all of it changed */
	pair.a.got = flip_blob;       /* what was put does not come back: the third blob */
	pair.a.times = 2;
	assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
	assert_in_range(pair.a.puts, 3, 2 + SYNC_FLIGHTS_MAX);
	assert_true(device_counts(&pair.a).dirty_count == 24);
	pair.a.got = NULL;
	assert_synced(&pair.a);
	assert_int_equal(pair.a.puts, all - 2);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Several at a time, and not more than the bound, by number and by bytes. */
static void blobs_are_under_way_together(void **state)
{
	(void)state;
	fill(&pair.a, 40, 150000);
	assert_synced(&pair.a);
	assert_in_range(pair.a.under_way, 3, SYNC_FLIGHTS_MAX);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.under_way, SYNC_FLIGHTS_MAX);
	assert_same(&pair.a, &pair.b);
	assert_true(pair.a.under_way_bytes <= FLIGHTS_BYTES_MAX + ENTRY_MAX);
	for (unsigned i = 0; i < 4; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "huge%u", i);
		pair_save_long(&pair.a, id, 3u << 20);
	}
	assert_synced(&pair.a);
	assert_in_range(pair.a.under_way_bytes, FLIGHTS_BYTES_MAX, FLIGHTS_BYTES_MAX + ENTRY_MAX);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* Each of the blobs fails in turn, while others are under way: the run ends, the next goes on. */
static void a_failure_among_several_ends_the_run(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		fill(&pair.a, 24, PAIR_LONG);
		pair.a.got = flip_blob;
		pair.a.times = round;
		assert_engine(&pair.a, device_sync(&pair.a), ENGINE_DAMAGED);
		pair.a.got = NULL;
		assert_synced(&pair.a);
		pair.b.got = flip_blob;
		pair.b.times = round;
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
		pair.b.got = NULL;
		assert_synced(&pair.b);
		assert_same(&pair.a, &pair.b);
	}
}

/* What was fetched and staged before the cut is not fetched again. */
static void a_broken_pull_goes_on_where_it_stopped(void **state)
{
	uint64_t all;

	(void)state;
	fill(&pair.a, 60, PAIR_LONG);
	assert_synced(&pair.a);
	all = pair.a.gets; /* what was read back, and the index */
	assert_true(all >= 10);
	pair.b.got = flip_blob;
	pair.b.times = (unsigned)all - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	assert_int_equal(device_counts(&pair.b).entries_count, 5);
	device_restart(&pair.b);
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_in_range(pair.b.gets, 3, all - 4);
	assert_same(&pair.a, &pair.b);
}

/* … but only for the very same index. */
static void a_broken_pull_of_another_state_begins_anew(void **state)
{
	(void)state;
	fill(&pair.a, 60, PAIR_LONG);
	assert_synced(&pair.a);
	pair.b.got = flip_blob;
	pair.b.times = (unsigned)pair.a.gets - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	fill(&pair.a, 60, PAIR_LONG);
	device_delete(&pair.a, "long7");
	assert_synced(&pair.a);
	pair.b.got = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void note_far(struct device *device, struct sync_answer *answer)
{
	device->times += answer->status == SYNC_FAR_BEHIND;
}

/* … and what was staged of one that has since gone for good is in nobody's way. */
static void a_broken_pull_of_what_was_purged_begins_anew(void **state)
{
	(void)state;
	device_new(&pair.a, "gone", "in the first segment");
	fill(&pair.a, 60, PAIR_LONG);
	assert_synced(&pair.a);
	pair.b.got = flip_blob;
	pair.b.times = (unsigned)pair.a.gets - 2;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	pair.b.got = NULL;
	device_delete(&pair.a, "gone");
	assert_synced(&pair.a);
	pair.world.now_ms += 181 * INT64_C(86400000);
	(void)device_save(&pair.a, "e0", "half a year later");
	assert_synced(&pair.a);
	assert_false(device_has(&pair.a, "gone"));
	pair_far_behind();
	pair.b.answered = note_far;
	pair.b.times = 0;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_false(device_has(&pair.b, "gone"));
	assert_same(&pair.a, &pair.b);
}

static void sweep_twice(struct device *device, const struct sync_request *request)
{
	if (request->frames_count == 0)
		return;
	device->before = NULL;
	world_sweep(device->world);
	world_sweep(device->world);
	world_sweep(device->world);
}

static void blobs_swept_before_the_frame_are_put_again(void **state)
{
	(void)state;
	fill(&pair.a, 12, PAIR_LONG);
	pair.a.before = sweep_twice;
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void a_snapshot_comes_after_a_mebibyte(void **state)
{
	struct frame_header header;

	(void)state;
	for (unsigned i = 0; i < 13; i++) {
		pair_save_synced(&pair.a, "e1", PAIR_LONG);
		assert_int_equal(pair.a.puts, 0);
	}
	pair_until_snapshot(&pair.a, "e1");
	header = snapshot_header();
	assert_int_equal(header.kind, FRAME_SNAPSHOT);
	assert_true(header.covered.seq < header.seq);
	assert_int_equal(device_facts(&pair.a).log_bytes, 0);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* What the device knows of the log since the last snapshot: so many frames, so many bytes. */
static void log_is(struct device *device, uint64_t frames, uint64_t bytes, uint64_t snapshot_bytes)
{
	const struct journal *journal = &device->engine.journal;
	struct stored_facts facts;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(device, facts_load(&device->engine, &device->call, &facts), ENGINE_OK);
	facts.public.snapshot_seq = facts.public.head.seq - frames;
	facts.public.log_bytes = bytes;
	facts.public.snapshot_bytes = snapshot_bytes;
	assert_engine(device,
	    engine_finish(&device->engine, facts_store(&device->engine, &facts, &device->call),
		&device->call),
	    ENGINE_OK);
}

/* Far enough in the log: a reset's place is above all that its maker has seen. */
static void skip_ahead(void)
{
	struct device *device = &pair.a;
	const struct journal *journal = &device->engine.journal;
	struct stored_facts facts;

	call_init(&device->call, INT64_MAX);
	assert_int_equal(journal->ops->begin(journal->self, &device->call), JOURNAL_OK);
	assert_engine(device, facts_load(&device->engine, &device->call, &facts), ENGINE_OK);
	facts.public.known_head.seq = 20000;
	assert_engine(device,
	    engine_finish(&device->engine, facts_store(&device->engine, &facts, &device->call),
		&device->call),
	    ENGINE_OK);
	device->reseed = true;
	assert_synced(device);
	device->reseed = false;
	assert_true(device->totals.reset);
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).snapshot_seq, 20001);
}

/* Syncs, and says whether a snapshot came with it. */
static bool made_snapshot(struct device *device)
{
	uint64_t before = device_facts(device).snapshot_seq;
	uint64_t after;

	assert_synced(device);
	after = device_facts(device).snapshot_seq;
	if (after == before)
		return false;
	assert_int_equal(snapshot_header().kind, FRAME_SNAPSHOT);
	assert_int_equal(after, snapshot_header().seq);
	assert_int_equal(device_facts(device).log_bytes, 0);
	return true;
}

/* However light they are: who joins holds all that follow a snapshot. */
static void a_snapshot_comes_after_many_frames(void **state)
{
	(void)state;
	skip_ahead();
	log_is(&pair.a, LOG_FRAMES_MAX - 1, 0, 1u << 30);
	(void)device_save(&pair.a, "e1", "the last for which there is room");
	assert_false(made_snapshot(&pair.a));
	(void)device_save(&pair.a, "e1", "one more");
	assert_true(made_snapshot(&pair.a));
	assert_synced(&pair.b);
	assert_int_equal(device_facts(&pair.b).snapshot_seq, device_facts(&pair.a).snapshot_seq);
	assert_same(&pair.a, &pair.b);
}

/* However much the last one weighs. */
static void a_snapshot_comes_before_too_many_bytes(void **state)
{
	(void)state;
	log_is(&pair.a, 2, LOG_BYTES_MAX - 10000, 1u << 30);
	(void)device_save(&pair.a, "e1", "there is room");
	assert_false(made_snapshot(&pair.a));
	log_is(&pair.a, 2, LOG_BYTES_MAX, 1u << 30);
	(void)device_save(&pair.a, "e1", "now there is none");
	assert_true(made_snapshot(&pair.a));
}

/* Where those who push make none: perhaps one of them means harm. */
static void who_only_looks_makes_a_snapshot_that_is_long_due(void **state)
{
	(void)state;
	skip_ahead();
	log_is(&pair.b, 2 * LOG_FRAMES_MAX, 0, 1u << 30);
	assert_false(made_snapshot(&pair.b));
	log_is(&pair.b, 2 * LOG_FRAMES_MAX + 1, 0, 1u << 30);
	assert_true(made_snapshot(&pair.b));
	log_is(&pair.b, 1, 2 * LOG_BYTES_MIN, 0);
	assert_false(made_snapshot(&pair.b));
	log_is(&pair.b, 1, 2 * LOG_BYTES_MIN + 1, 0);
	assert_true(made_snapshot(&pair.b));
}

static void unchanged_segments_are_named_again(void **state)
{
	uint64_t all;

	(void)state;
	fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_true(all >= 6);
	pair_until_snapshot(&pair.a, "long7");
	assert_int_equal(snapshot_header().kind, FRAME_SNAPSHOT);
	assert_true(pair.a.puts >= 2); /* the changed segment, and the index */
	assert_true(pair.a.puts <= 3);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

/* b made no snapshot so far: it learns the names of a's segments from a's index. */
static void segments_of_anothers_snapshot_are_learnt(void **state)
{
	(void)state;
	fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	assert_synced(&pair.b);
	pair_until_snapshot(&pair.b, "long9");
	assert_int_equal(pair.b.gets, pair.b.puts + 1); /* what was put, read back; and a's index */
	assert_true(pair.b.puts <= 4);
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

static void spoil_once(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)name;
	if (device->times++ == 0)
		blob->data[blob->len - 1] ^= 1;
}

/* A member may have made it so, or the store: who joins could not read it either. */
static void an_index_that_cannot_be_read_is_replaced(void **state)
{
	struct device c;

	(void)state;
	fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	assert_synced(&pair.b);
	pair.b.got = spoil_once;
	pair.b.times = 0;
	pair_until_snapshot(&pair.b, "long9");
	assert_true(pair.b.times > 1);
	assert_true(pair.b.puts > 4); /* all segments anew */
	assert_int_equal(device_activity(&pair.b, ACTIVITY_WARNING), 1);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(&pair.b);
	assert_same(&pair.b, &c);
	device_close(&c);
}

static void a_device_recovers_from_a_snapshot_and_what_follows(void **state)
{
	struct device c;

	(void)state;
	fill(&pair.a, 20, 40000);
	device_delete(&pair.a, "e2");
	assert_synced(&pair.a);
	pair_until_snapshot(&pair.a, "long7");
	(void)device_save(&pair.a, "e1", "after the snapshot");
	pair_save_synced(&pair.a, "e3", PAIR_LONG);
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_content(&c, "e1", "after the snapshot");
	assert_true(device_deleted(&c, "e2"));
	assert_int_equal(device_counts(&c).dirty_count, 0);
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

/* Its statement landed; before it has heard of that, a load comes that covers it. */
static void a_statement_before_a_load_is_not_sent_again(void **state)
{
	static struct world world;
	static struct device a, c;

	(void)state;
	world_open(&world);
	device_open(&a, &world);
	device_create(&a);
	device_open(&c, &world);
	device_join(&c);
	c.dies_at_commit = true;
	assert_engine(&c, device_sync(&c), ENGINE_LATER);
	c.dies_at_commit = false;
	assert_true(device_facts(&c).recovering);
	device_new(&c, "c1", "c's own");
	fill(&a, 8, 200000);
	assert_synced(&a);
	assert_synced(&c);
	assert_false(device_facts(&c).recovering);
	assert_synced(&a);
	assert_same(&a, &c);
	device_close(&a);
	device_close(&c);
	world_close(&world);
}

/* The log ends where the snapshot's state was, before the frame that names it. */
static void cut_the_log(struct device *device, struct sync_answer *answer)
{
	(void)device;
	if (answer->status != SYNC_BEHIND)
		return;
	answer->status = SYNC_CURRENT;
	answer->head = snapshot_header().covered;
	answer->frames_count = 0;
}

static void a_snapshot_that_the_log_does_not_lead_to_is_refused(void **state)
{
	struct device c;

	(void)state;
	pair_until_snapshot(&pair.a, "e1");
	device_open(&c, &pair.world);
	device_join(&c);
	c.answered = cut_the_log;
	assert_engine(&c, device_sync(&c), ENGINE_DAMAGED);
	assert_int_equal(device_counts(&c).entries_count, 0);
	assert_int_equal(device_facts(&c).head.seq, 0);
	c.answered = NULL;
	assert_synced(&c);
	assert_synced(&pair.a);
	assert_same(&pair.a, &c);
	device_close(&c);
}

static void blob_key(const struct blob_name *name, char key[BUCKET_KEY_MAX + 1])
{
	char account[2 * ACCOUNT_ID_LEN + 1];
	char text[BLOB_NAME_TEXT_MAX];

	hex_encode(view_of(pair.world.account.bytes, ACCOUNT_ID_LEN), account);
	blob_name_text(name, text);
	(void)snprintf(key, BUCKET_KEY_MAX + 1, "a/%s/b/%s", account, text);
}

static void sweep_moves(struct device *device, struct sync_answer *answer)
{
	answer->sweep += ++device->times;
}

/* What is named is never there: it is missing only if nobody has swept since the last look. */
static void who_is_overtaken_by_sweeps_may_try_again(void **state)
{
	struct frame_header header;
	char key[BUCKET_KEY_MAX + 1];
	struct bucket_get get = {.key = key};
	struct bytes index = {0};
	struct bucket_tag tag;

	(void)state;
	pair_far_behind();
	header = snapshot_header();
	blob_key(&header.blob, key);
	assert_int_equal(bucket_get(pair.a.bucket, &get, &pair.a.call, &index, &tag), BUCKET_OK);
	assert_int_equal(bucket_remove(pair.a.bucket, key, &pair.a.call), BUCKET_OK);
	pair.b.answered = sweep_moves;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_LATER);
	assert_non_null(strstr(pair.b.call.message, "swept"));
	pair.b.answered = NULL;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	assert_int_equal(
	    bucket_put(pair.a.bucket, &(struct bucket_put){.key = key, .data = view_bytes(&index)},
		&pair.a.call, &tag),
	    BUCKET_OK);
	bytes_clear(&index);
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
}

static void a_device_far_behind_fetches_what_differs(void **state)
{
	uint64_t all;

	(void)state;
	fill(&pair.a, 40, 40000);
	assert_synced(&pair.a);
	all = pair.a.puts;
	assert_synced(&pair.b);
	(void)device_save(&pair.a, "e4", "edited meanwhile");
	device_delete(&pair.a, "e2");
	pair_far_behind();
	pair.b.answered = note_far;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_true(pair.b.gets < all); /* not all segments */
	assert_content(&pair.b, "e4", "edited meanwhile");
	assert_true(device_deleted(&pair.b, "e2"));
	assert_same(&pair.a, &pair.b);
}

/* Judged three ways, against the base that it had when it left. */
static void a_device_far_behind_keeps_its_edits(void **state)
{
	(void)state;
	fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	(void)device_save(&pair.b, "e1", "b's alone");
	(void)device_save(&pair.b, "e2", "b's, against a deletion");
	device_delete(&pair.b, "e3");
	(void)device_save(&pair.b, "e4", "b's, the older");
	device_new(&pair.b, "new", "b's, and new");
	pair.world.now_ms += 1000000;
	device_delete(&pair.a, "e2");
	(void)device_save(&pair.a, "e3", "a's, against a deletion");
	(void)device_save(&pair.a, "e4", "a's, the later");
	pair_far_behind();
	pair.b.answered = note_far;
	assert_synced(&pair.b);
	assert_int_equal(pair.b.times, 1);
	assert_int_equal(pair.b.totals.conflicts, 1);
	assert_synced(&pair.a);
	assert_content(&pair.a, "e1", "b's alone");
	assert_content(&pair.a, "e2", "b's, against a deletion");
	assert_false(device_deleted(&pair.a, "e2"));
	assert_content(&pair.a, "e3", "a's, against a deletion");
	assert_false(device_deleted(&pair.b, "e3"));
	assert_content(&pair.b, "e4", "a's, the later");
	assert_true(device_keeps(&pair.a, "e4", HISTORY_LOSER, "b's, the older"));
	assert_content(&pair.a, "new", "b's, and new");
	assert_same(&pair.a, &pair.b);
}

static void a_device_far_behind_asks_before_it_deletes(void **state)
{
	char id[16];
	struct head head;
	struct sync_facts facts;

	(void)state;
	fill(&pair.a, 20, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	for (unsigned i = 8; i < 20; i++) {
		(void)snprintf(id, sizeof(id), "long%u", i);
		device_delete(&pair.a, id);
	}
	assert_engine(&pair.a, device_sync_with(&pair.a, true), ENGINE_OK);
	pair_far_behind();
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_BRAKE);
	assert_int_equal(pair.b.totals.deletions, 12);
	facts = device_facts(&pair.b);
	assert_true(head_equal(&facts.head, &head));
	assert_int_equal(device_counts(&pair.b).entries_count, 25);
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_OK);
	assert_same(&pair.a, &pair.b);
}

/* Any blob on the way, changed: nothing moves. */
static void a_device_far_behind_takes_all_or_nothing(void **state)
{
	struct head head;
	unsigned refused = 0;

	(void)state;
	fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	(void)device_save(&pair.b, "e1", "unsent");
	pair_far_behind();
	pair.b.got = flip_blob;
	for (unsigned i = 0; i < 8; i++) {
		struct sync_facts facts;

		pair.b.times = i;
		if (device_sync(&pair.b) == ENGINE_OK)
			break;
		refused++;
		facts = device_facts(&pair.b);
		assert_true(head_equal(&facts.head, &head));
		assert_content(&pair.b, "e0", "as it was at first");
		assert_content(&pair.b, "e1", "unsent");
		assert_int_equal(device_counts(&pair.b).dirty_count, 1);
	}
	assert_true(refused >= 2); /* the index, and a segment at least */
	assert_synced(&pair.a);
	assert_same(&pair.a, &pair.b);
}

/* A device whose journal has lost an entry, cloud and all, and whose root agrees with that. */
static void lose_entry(struct device *device, const char *id)
{
	const struct journal *journal = &device->engine.journal;
	struct digest version = device_version(device, id);
	struct root_sum sum = {{0}};
	uint8_t lanes[ROOT_SUM_LEN];
	struct bytes stored = {0};
	struct call *call = &device->call;
	struct view name = view_text(id);

	assert_int_equal(journal->ops->begin(journal->self, call), JOURNAL_OK);
	assert_int_equal(
	    journal->ops->meta_get(journal->self, META_ROOT, call, &stored), JOURNAL_OK);
	assert_true(root_load(view_bytes(&stored), &sum));
	root_remove(&sum, name, &version);
	root_store(&sum, lanes);
	assert_int_equal(
	    journal->ops->meta_set(journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), call),
	    JOURNAL_OK);
	assert_int_equal(
	    journal->ops->cloud_set(journal->self, name, NULL, NULL, 0, 0, call), JOURNAL_OK);
	assert_int_equal(journal->ops->base_set(journal->self, name, NULL, call), JOURNAL_OK);
	assert_int_equal(journal->ops->local_set(journal->self, name, NULL, call), JOURNAL_OK);
	assert_int_equal(journal->ops->commit(journal->self, call), JOURNAL_OK);
	bytes_clear(&stored);
}

static void assert_kept(struct device *device, const struct head *head)
{
	struct sync_facts facts = device_facts(device);

	assert_true(head_equal(&facts.head, head));
	assert_content(device, "e3", "as it was at first");
	assert_content(device, "e1", "unsent");
	assert_int_equal(device_counts(device).dirty_count, 1);
}

static void absence_in_a_load_is_no_deletion(void **state)
{
	struct head head = device_facts(&pair.b).head;

	(void)state;
	lose_entry(&pair.a, "e3");
	fill(&pair.a, 12, PAIR_LONG);
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e1", "unsent");
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_ROOT);
	assert_kept(&pair.b, &head);
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_ROOT);
	assert_kept(&pair.b, &head);
}

static void absence_in_a_snapshot_is_no_deletion(void **state)
{
	struct head head;

	(void)state;
	fill(&pair.a, 12, 40000);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	head = device_facts(&pair.b).head;
	(void)device_save(&pair.b, "e1", "unsent");
	lose_entry(&pair.a, "e3");
	pair_far_behind();
	pair.b.answered = note_far;
	assert_engine(&pair.b, device_sync_with(&pair.b, true), ENGINE_ROOT);
	assert_int_equal(pair.b.times, 1);
	assert_kept(&pair.b, &head);
}

/* As long as an entry may be, with a short id and no time. */
static void import_longest(struct device *device)
{
	static char text[ENTRY_MAX];
	struct entry entry = {.id = view_text("x"),
	    .collection = view_text("journal"),
	    .title = view_text("t"),
	    .content = view_of(text, CONTENT_MAX),
	    .created_at = view_text("")};
	char updated_at[TIME_PRINT_MAX];
	enum import_outcome outcome;
	size_t len = ENTRY_MAX - CONTENT_MAX - 1024;
	struct bytes encoded = {0};

	memset(text, '1', sizeof(text));
	time_print_ms(device->world->now_ms, updated_at);
	entry.updated_at = view_text(updated_at);
	entry.extra[0] = (struct entry_extra){view_text("a"), view_of(text, len)};
	entry.extra_count = 1;
	for (size_t step = 512; step > 0; step /= 2) {
		entry.extra[0].json.len = len + step;
		if (entry_encode(&entry, &encoded) == FORMAT_OK)
			len += step;
		bytes_clear(&encoded);
	}
	assert_in_range(len, ENTRY_MAX - CONTENT_MAX - 512, ENTRY_MAX - CONTENT_MAX - 396);
	entry.extra[0].json.len = len;
	call_init(&device->call, INT64_MAX);
	assert_engine(device, import_begin(&device->engine, &device->call), ENGINE_OK);
	assert_engine(
	    device, import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
	assert_engine(device, import_commit(&device->engine, 1, 0, &device->call), ENGINE_OK);
}

/* Its copy names what it is of, and a deletion when it was: both make it longer. */
static void the_longest_entry_is_copied_and_deleted(void **state)
{
	(void)state;
	device_new(&pair.a, "x", "first");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	pair.world.now_ms += 1000;
	import_longest(&pair.b);
	assert_synced(&pair.b);
	pair.world.now_ms += 1000;
	(void)device_save(&pair.a, "x", "within two minutes");
	assert_synced(&pair.a);
	assert_int_equal(pair.a.totals.conflicts, 1);
	assert_content(&pair.a, "x", "within two minutes");
	assert_synced(&pair.b);
	assert_same(&pair.a, &pair.b);
	pair.world.now_ms += 1000000;
	import_longest(&pair.b);
	device_delete(&pair.b, "x");
	assert_synced(&pair.b);
	assert_synced(&pair.a);
	assert_true(device_deleted(&pair.a, "x"));
	assert_same(&pair.a, &pair.b);
}

/* Two losers of 3 MiB do not fit one frame: they go one after the other. */
static void large_losers_travel_one_by_one(void **state)
{
	const size_t len = 3u << 20;

	(void)state;
	pair_save_long(&pair.b, "e1", len);
	pair_save_long(&pair.b, "e2", len);
	pair.world.now_ms += 1000000;
	(void)device_save(&pair.a, "e1", "the later");
	(void)device_save(&pair.a, "e2", "the later");
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	assert_int_equal(pair.b.totals.conflicts, 2);
	assert_int_equal(device_counts(&pair.b).losers_count, 0);
	assert_synced(&pair.a);
	assert_int_equal(device_history(&pair.a, "e1", HISTORY_LOSER), 1);
	assert_int_equal(device_history(&pair.a, "e2", HISTORY_LOSER), 1);
	assert_same(&pair.a, &pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(
	a_long_edit_is_a_body_and_one_exchange, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_body_left_out_is_fetched, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(catching_up_is_no_lost_race, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	bodies_left_out_are_fetched_while_recovering, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_changed_body_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_large_push_is_a_load, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_that_loses_its_race_is_made_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_edit_during_a_load_is_sent_after, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_own_loads_root_is_compared, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(an_own_load_carries_what_was_summed, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_of_another_state_than_the_roots_is_not_sent, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_upload_goes_on_where_it_stopped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(blobs_are_under_way_together, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_failure_among_several_ends_the_run, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_goes_on_where_it_stopped, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_of_another_state_begins_anew, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_broken_pull_of_what_was_purged_begins_anew, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	blobs_swept_before_the_frame_are_put_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_snapshot_comes_after_a_mebibyte, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_snapshot_comes_after_many_frames, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_snapshot_comes_before_too_many_bytes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_only_looks_makes_a_snapshot_that_is_long_due, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(unchanged_segments_are_named_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	segments_of_anothers_snapshot_are_learnt, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	an_index_that_cannot_be_read_is_replaced, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_recovers_from_a_snapshot_and_what_follows, pair_setup, pair_teardown),
    cmocka_unit_test(a_statement_before_a_load_is_not_sent_again),
    cmocka_unit_test_setup_teardown(
	a_snapshot_that_the_log_does_not_lead_to_is_refused, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	who_is_overtaken_by_sweeps_may_try_again, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_fetches_what_differs, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(a_device_far_behind_keeps_its_edits, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_asks_before_it_deletes, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_device_far_behind_takes_all_or_nothing, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(absence_in_a_load_is_no_deletion, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	absence_in_a_snapshot_is_no_deletion, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	the_longest_entry_is_copied_and_deleted, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(large_losers_travel_one_by_one, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
