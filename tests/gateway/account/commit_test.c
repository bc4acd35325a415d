/*
 * tests/gateway/account/commit_test.c: the one conditional PUT: each way in which its answer can
 * fail has one effect; packs; the manifest's size and the cost of an edit over a long time; damage.
 */
#include "tests/each.h"
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

static void commit_each_fault_has_one_effect(void **state)
{
	static const struct {
		const char *name;
		enum memory_fault how;
		unsigned times;
		enum account_result result; /* of the first send */
		bool deliver;
	} rows[] = {
	    {"fails before", MEMORY_FAULT_BEFORE, 1, ACCOUNT_OK, false},
	    {"fails before, twice", MEMORY_FAULT_BEFORE, 2, ACCOUNT_OK, false},
	    {"fails before, always", MEMORY_FAULT_BEFORE, 99, ACCOUNT_RETRY, false},
	    {"unknown, did not land", MEMORY_FAULT_UNKNOWN, 1, ACCOUNT_OK, false},
	    {"unknown, always", MEMORY_FAULT_UNKNOWN, 99, ACCOUNT_RETRY, false},
	    {"answer lost", MEMORY_FAULT_AFTER, 1, ACCOUNT_OK, false},
	    {"late, lands after the second try", MEMORY_FAULT_LATE, 1, ACCOUNT_OK, true},
	    {"late, all three, one lands", MEMORY_FAULT_LATE, 3, ACCOUNT_RETRY, true},
	};
	struct pair *pair = *state;
	struct client *first = &pair->first;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct head before = first->head;
		enum account_result result;

		fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", rows[i].how, 0, rows[i].times);
		result = client_push(first, 300);
		pair->fixture.armed = false;
		if (result != rows[i].result)
			fail_msg("%s: %s (%s)", rows[i].name, account_result_text(result),
			    pair->fixture.call.message);
		if (rows[i].deliver)
			(void)memory_deliver(pair->fixture.store);
		if (result == ACCOUNT_RETRY) {
			assert_non_null(strstr(pair->fixture.call.message,
			    "the bucket does not take the commit: the "));
			assert_int_equal(client_send(first), ACCOUNT_OK); /* the same request */
		}
		assert_status(first, SYNC_COMMITTED);
		if (first->head.seq != before.seq + 1)
			fail_msg("%s: head %u", rows[i].name, (unsigned)first->head.seq);
	}
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&first->head, &pair->second.head));
	assert_int_equal(pair->second.pulled, COUNT_OF(rows));
}

/* Each PUT that is given up lands just before the next one: of all that were sent, one counts. */
static void commit_that_lands_late_has_one_effect(void **state)
{
	struct pair *pair = *state;
	struct head before = pair->first.head;

	for (unsigned late = 1; late <= 3; late++) {
		pair->fixture.late_lands = true;
		fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_LATE, 0, late);
		if (client_push(&pair->first, 300) != ACCOUNT_OK)
			assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
		pair->fixture.armed = false;
		assert_status(&pair->first, SYNC_COMMITTED);
		assert_int_equal(pair->first.head.seq, before.seq + late);
	}
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void second_pushes(void *self)
{
	struct pair *pair = self;
	struct call kept = pair->fixture.call;

	client_edit(&pair->second, 200);
	pair->fixture.call = kept;
}

/* The other commits while our PUT is under way. */
static void commit_lost_race_is_behind(void **state)
{
	struct pair *pair = *state;

	pair->fixture.interrupt = second_pushes;
	pair->fixture.interrupt_self = pair;
	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_BEHIND);
	assert_int_equal(pair->first.answer.frames_count, 1);
	client_edit(&pair->first, 300);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* Our PUT lands, its answer is lost, and before we look the other has committed on top of it. */
static void commit_lost_answer_under_another(void **state)
{
	struct pair *pair = *state;
	struct head before = pair->first.head;

	fixture_arm(&pair->fixture, MEMORY_PUT, "/manifest", MEMORY_FAULT_AFTER, 0, 1);
	pair->fixture.crash_at = pair->fixture.ops + 2; /* the look is cut off */
	assert_int_equal(client_push(&pair->first, 300), ACCOUNT_RETRY);
	pair->fixture.crash_at = 0;
	client_edit(&pair->second, 200);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_true(pair->first.answer.more);
	assert_int_equal(pair->first.head.seq, before.seq + 1);
}

static void commit_stays_small_over_5000_edits(void **state)
{
	struct pair *pair = *state;
	uint64_t before = fixture_requests(&pair->fixture);
	uint64_t up = pair->fixture.counts.bytes_up, lists = pair->fixture.counts.list;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	size_t largest = 0;
	const unsigned edits = 5000;

	for (unsigned i = 0; i < edits; i++) {
		pair->fixture.now_ms += 1000;
		assert_int_equal(client_push(&pair->first, 250), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_COMMITTED);
		if (pair->first.cache.manifest.len > largest)
			largest = pair->first.cache.manifest.len;
	}
	assert_true(largest <= MANIFEST_MAX);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->packs_count > 0 && manifest->packs_count < 64);
	assert_true(manifest->packs[0].level > 0); /* compacted, though nobody asked */
	assert_int_equal(pair->fixture.counts.list, lists);
	before = fixture_requests(&pair->fixture) - before;
	up = pair->fixture.counts.bytes_up - up;
	print_message("an edit: %.3f requests, %.0f bytes up; manifest at most %zu\n",
	    (double)before / edits, (double)up / edits, largest);
	assert_true(before * 10 <= (uint64_t)edits * 11);
	assert_true(up <= (uint64_t)edits * 12 * 1024);
	/* And all of it is still there for whoever was away. */
	do {
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_status(&pair->second, SYNC_BEHIND);
	} while (pair->second.answer.more);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
	bytes_clear(&bytes);
	free(manifest);
}

/* Sixteen frames of nearly 8 KiB do not fit a manifest: they go into a pack, all but what fits. */
static void commit_packs_large_frames(void **state)
{
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct bytes frames[SYNC_PUSH_MAX] = {0};
	struct head start = first->head;

	for (size_t i = 0; i < SYNC_PUSH_MAX; i++) {
		struct frame frame;

		client_frame(first, FRAME_PATCH, 7800, NULL, NULL, (struct view){0});
		frames[i] = first->frame;
		first->frame = (struct bytes){0};
		assert_int_equal(frame_decode(view_bytes(&frames[i]), &frame), FORMAT_OK);
		first->head = (struct head){frame.header.seq, frame.hash};
	}
	first->head = start;
	client_request(first);
	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		first->request.frames[i] = view_bytes(&frames[i]);
	first->request.frames_count = SYNC_PUSH_MAX;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	assert_true(first->cache.manifest.len <= MANIFEST_MAX);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_int_equal(pair->second.pulled, SYNC_PUSH_MAX);
	for (size_t i = 0; i < SYNC_PUSH_MAX; i++)
		bytes_clear(&frames[i]);
}

/* The row of a device in the manifest's table, or NULL. */
static const struct manifest_device *row_of(
    const struct manifest *manifest, const struct fixture *fixture, size_t member)
{
	for (size_t i = 0; i < manifest->devices_count; i++)
		if (device_equal(&manifest->devices[i].id, &fixture->members[member].id))
			return &manifest->devices[i];
	return NULL;
}

static void assert_row(struct fixture *fixture, size_t member, const struct head *last)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	const struct manifest_device *row;
	struct bytes bytes = {0};

	fixture_manifest(fixture, &bytes, manifest);
	row = row_of(manifest, fixture, member);
	assert_non_null(row);
	assert_int_equal(row->seq, last->seq);
	if (last->seq > 0)
		assert_true(digest_equal(&row->frame, &last->hash));
	bytes_clear(&bytes);
	free(manifest);
}

/* Whoever commits, each live device's row names the last frame that it made itself. */
static void commit_keeps_a_row_of_each_device(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	const struct head statement = pair->second.head, none = {0};
	struct head last[2];
	struct bytes added = {0};

	assert_row(fixture, FIRST, &none);
	assert_row(fixture, RECOVERY, &statement);
	client_edit(&pair->first, 300);
	last[0] = pair->first.head;
	client_edit(&pair->second, 300);
	last[1] = pair->second.head;
	client_edit(&pair->second, 300);
	last[1] = pair->second.head;
	assert_row(fixture, FIRST, &last[0]);
	assert_row(fixture, SECOND, &last[1]);
	assert_row(fixture, RECOVERY, &statement);
	assert_int_equal(client_poll(&pair->first), ACCOUNT_OK);
	fixture_statement(fixture, FIRST, THIRD, SIZE_MAX, &added);
	client_frame(&pair->first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&added));
	client_request(&pair->first);
	pair->first.request.roster = view_bytes(&fixture->roster_bytes);
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
	assert_row(fixture, THIRD, &none);
	assert_row(fixture, FIRST, &pair->first.head);
	assert_row(fixture, SECOND, &last[1]);
	bytes_clear(&added);
}

/*
 * The log up to here in as many packs as a manifest names, the first up to first_to. Of one level
 * there are never two beside each other: none is compacted, and none is read.
 */
static void fill_packs(struct pair *pair, uint64_t first_to)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	uint64_t from = 1, to;

	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(manifest->packs_count > 0);
	to = manifest->packs[manifest->packs_count - 1].to_seq;
	assert_true(to > first_to + MANIFEST_PACKS_MAX);
	manifest->packs_count = MANIFEST_PACKS_MAX;
	for (size_t i = 0; i < MANIFEST_PACKS_MAX; i++) {
		struct manifest_pack *row = &manifest->packs[i];

		*row = (struct manifest_pack){.from_seq = from,
		    .to_seq = i == 0                        ? first_to
			      : i + 1 == MANIFEST_PACKS_MAX ? to
							    : from,
		    .size = 500,
		    .names_size = 100,
		    .level = i % 2,
		    .made_ms = pair->fixture.now_ms};
		randombytes_buf(row->hash.bytes, DIGEST_LEN);
		from = row->to_seq + 1;
	}
	fixture_manifest_put(&pair->fixture, manifest);
	bytes_clear(&bytes);
	free(manifest);
}

/* Pushes until the tail must go into a pack. REFUSED: there was no room for it. */
static enum account_result push_until_packed(struct pair *pair)
{
	size_t packs = fixture_objects(&pair->fixture, "/p/");
	enum account_result result = client_poll(&pair->first);

	for (unsigned i = 0;
	     result == ACCOUNT_OK && fixture_objects(&pair->fixture, "/p/") == packs && i < 100;
	     i++)
		result = client_push(&pair->first, 200);
	return result;
}

static void assert_packs(struct pair *pair, uint64_t from)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs_count, MANIFEST_PACKS_MAX);
	assert_int_equal(manifest->packs[0].from_seq, from);
	bytes_clear(&bytes);
	free(manifest);
}

/* The oldest pack makes room only if the snapshot stands for it, up to its very last frame. */
static void commit_drops_no_pack_that_is_needed(void **state)
{
	static const struct {
		const char *name;
		uint64_t first_to;
		enum account_result result;
	} rows[] = {
	    {"covered, and one more", 9, ACCOUNT_OK},
	    {"covered", 10, ACCOUNT_OK},
	    {"all but the last", 11, ACCOUNT_REFUSED},
	    {"its first alone", 19, ACCOUNT_REFUSED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *own = NULL;
		struct pair *pair;
		struct head covered, before;
		enum account_result result;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		while (pair->first.head.seq < 10)
			client_edit(&pair->first, 20);
		covered = pair->first.head;
		client_whole(&pair->first, FRAME_SNAPSHOT, &covered, 1, NULL);
		while (pair->first.head.seq < 250)
			client_edit(&pair->first, 20);
		fill_packs(pair, rows[i].first_to);
		result = push_until_packed(pair);
		if (result != rows[i].result)
			fail_msg("%s: %s (%s)", rows[i].name, account_result_text(result),
			    pair->fixture.call.message);
		assert_packs(pair, result == ACCOUNT_OK ? rows[i].first_to + 1 : 1);
		if (result == ACCOUNT_REFUSED) {
			assert_non_null(
			    strstr(pair->fixture.call.message, "a snapshot must come first"));
			/* And when it comes, there is room: its own commit makes it. */
			before = covered = pair->first.head;
			client_whole(&pair->first, FRAME_SNAPSHOT, &covered, 1, NULL);
			assert_int_equal(pair->first.head.seq, before.seq + 1);
			assert_packs(pair, rows[i].first_to + 1);
		}
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* A compaction that fails is put off: the commit stands all the same, and says nothing. */
static void commit_does_without_its_compaction(void **state)
{
	struct pair *pair = *state;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	char key[BUCKET_KEY_MAX + 1];
	size_t packs;

	for (unsigned i = 0; i < 40 && fixture_objects(&pair->fixture, "/p/1-") == 0; i++)
		client_edit(&pair->first, 2000);
	fixture_key(&pair->fixture, "/p/1-", key);
	assert_true(memory_flip(pair->fixture.store, key, 900, 1));
	do {
		assert_int_equal(client_push(&pair->first, 2000), ACCOUNT_OK);
		assert_status(&pair->first, SYNC_COMMITTED);
		assert_string_equal(pair->fixture.call.message, "");
		fixture_manifest(&pair->fixture, &bytes, manifest);
		packs = manifest->packs_count;
	} while (packs < 20);
	assert_int_equal(manifest->packs[19].level, 0);
	assert_true(memory_flip(pair->fixture.store, key, 900, 1));
	assert_int_equal(client_push(&pair->first, 8000), ACCOUNT_OK); /* one pack more */
	assert_int_equal(client_push(&pair->first, 8000), ACCOUNT_OK);
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_int_equal(manifest->packs[0].level, 1);
	assert_true(manifest->packs_count < packs);
	bytes_clear(&bytes);
	free(manifest);
}

/* A snapshot of less than the one there stays a frame of the log, whenever it was made. */
static void commit_keeps_the_snapshot_of_most(void **state)
{
	static const struct {
		uint64_t covered;
		bool taken;
	} rows[] = {{5, true}, {4, false}, {5, true}, {6, true}, {5, false}, {1, false}, {7, true}};
	struct pair *pair = *state;
	struct client *first = &pair->first;
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct head places[10] = {0};
	struct bytes bytes = {0}, stands = {0};

	places[1] = first->head;
	for (uint64_t seq = 2; seq < COUNT_OF(places); seq++) {
		client_edit(first, 100);
		assert_int_equal(first->head.seq, seq);
		places[seq] = first->head;
	}
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		client_whole(first, FRAME_SNAPSHOT, &places[rows[i].covered], 1, NULL);
		if (rows[i].taken) {
			bytes_clear(&stands);
			assert_true(bytes_copy(view_bytes(&first->frame), &stands));
		}
		fixture_manifest(&pair->fixture, &bytes, manifest);
		if (!view_equal(manifest->snapshot, view_bytes(&stands)))
			fail_msg("snapshot %zu, of %u", i, (unsigned)rows[i].covered);
	}
	client_edit(first, 100); /* and an edit changes nothing of that */
	fixture_manifest(&pair->fixture, &bytes, manifest);
	assert_true(view_equal(manifest->snapshot, view_bytes(&stands)));
	bytes_clear(&stands);
	bytes_clear(&bytes);
	free(manifest);
}

/* A bit of the manifest's frames, wherever it flips, is damage, and nothing is written on it. */
static void commit_refuses_a_damaged_manifest(void **state)
{
	struct pair *pair = *state;
	char key[BUCKET_KEY_MAX + 1];
	uint64_t puts, tries = 0;
	size_t len;

	client_edit(&pair->first, 300);
	client_edit(&pair->first, 300);
	fixture_key(&pair->fixture, "/manifest", key);
	len = pair->first.cache.manifest.len;
	puts = pair->fixture.counts.put;
	/* The tail's frames lie in the last part, before the table of devices. */
	for (size_t at = len - 900; at < len - 200; at += 37, tries++) {
		enum account_result result;

		assert_true(memory_flip(pair->fixture.store, key, at, 0x10));
		result = client_push(&pair->second, 100);
		if (result != ACCOUNT_DAMAGED)
			fail_msg("byte %zu of %zu: %s", at, len, account_result_text(result));
		assert_int_equal(pair->second.answer.frames_count, 0);
		assert_true(memory_flip(pair->fixture.store, key, at, 0x10));
	}
	assert_int_equal(pair->fixture.counts.put, puts + tries); /* all of them in vain */
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

static void commit_says_a_damaged_pack(void **state)
{
	struct pair *pair = *state;
	char key[BUCKET_KEY_MAX + 1];
	struct head before = pair->second.head;

	for (unsigned i = 0; i < 40; i++)
		client_edit(&pair->first, 500);
	fixture_key(&pair->fixture, "/p/", key);
	assert_true(memory_flip(pair->fixture.store, key, 500, 1));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
	assert_true(head_equal(&before, &pair->second.head));
	client_edit(&pair->first, 500); /* who needs no pack goes on */
	assert_true(memory_flip(pair->fixture.store, key, 500, 1));
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_true(head_equal(&pair->first.head, &pair->second.head));
}

/* A cold push with a body that also packs, cut off at each operation in turn, then sent again. */
static void commit_resumes_after_any_crash(void **state)
{
	struct each each = {.of = "a push", .most = 38};

	(void)state;
	while (each_next(&each)) {
		struct blob_name name = {.count = 0};
		struct bytes body = {0};
		struct client *first;
		void *own = NULL;
		struct pair *pair;
		struct head before;

		(void)pair_setup(&own);
		pair = own;
		first = &pair->first;
		for (unsigned i = 0; i < 19; i++)
			client_edit(first, 600);
		before = first->head;
		fixture_blob(&pair->fixture, BLOB_BODY, 900, NULL, 0, &body);
		blob_hash(view_bytes(&body), &name.hash);
		client_frame(first, FRAME_PATCH, 2000, &name, NULL, (struct view){0});
		client_request(first);
		first->request.bodies[first->request.bodies_count++] = view_bytes(&body);
		account_cache_clear(&first->cache);
		pair->fixture.ops = 0;
		pair->fixture.crash_at = each.nth;
		each.hit = client_send(first) != ACCOUNT_OK;
		pair->fixture.crash_at = 0;
		if (each.hit)
			assert_int_equal(client_send(first), ACCOUNT_OK);
		assert_status(first, SYNC_COMMITTED);
		assert_int_equal(first->head.seq, before.seq + 1);
		assert_true(fixture_objects(&pair->fixture, "/p/") > 0);
		assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
		assert_true(head_equal(&first->head, &pair->second.head));
		bytes_clear(&body);
		(void)pair_teardown(&own);
	}
}

static void commit_ends_at_its_deadline(void **state)
{
	struct pair *pair = *state;
	struct call call;

	client_frame(&pair->first, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
	client_request(&pair->first);
	call_init(&call, fixture_up_ms(&pair->fixture));
	assert_int_equal(account_sync(&pair->fixture.env, &pair->first.cache, &pair->first.request,
			     &call, &pair->first.answer),
	    ACCOUNT_RETRY);
	assert_true(call.message[0] != '\0');
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(commit_each_fault_has_one_effect, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	commit_that_lands_late_has_one_effect, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_lost_race_is_behind, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_lost_answer_under_another, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_stays_small_over_5000_edits, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_packs_large_frames, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_keeps_a_row_of_each_device, pair_setup, pair_teardown),
    cmocka_unit_test(commit_drops_no_pack_that_is_needed),
    cmocka_unit_test_setup_teardown(commit_does_without_its_compaction, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_keeps_the_snapshot_of_most, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_refuses_a_damaged_manifest, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(commit_says_a_damaged_pack, pair_setup, pair_teardown),
    cmocka_unit_test(commit_resumes_after_any_crash),
    cmocka_unit_test_setup_teardown(commit_ends_at_its_deadline, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
