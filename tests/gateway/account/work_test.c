/*
 * tests/gateway/account/work_test.c: manifest and roster, as read: what does not hold is damage and
 * nothing is built on it; what a cache knows is used, and no longer than it is true.
 */
#include "gateway/account/manifest_read.h"
#include "gateway/account/work.h"
#include "tests/gateway/account/fixture.h"

#include <stdlib.h>
#include <string.h>

/* The manifest in the bucket, to be changed and put back. */
struct stored {
	struct manifest *manifest;
	struct bytes bytes;
};

static void stored_read(struct pair *pair, struct stored *out)
{
	*out = (struct stored){.manifest = calloc(1, sizeof(struct manifest))};
	assert_non_null(out->manifest);
	fixture_manifest(&pair->fixture, &out->bytes, out->manifest);
}

static void stored_clear(struct stored *stored)
{
	bytes_clear(&stored->bytes);
	free(stored->manifest);
}

/* A frame by FIRST on that head, of that account. */
static void frame_on(struct pair *pair, const struct head *head, bool other_account,
    enum frame_kind kind, const struct head *covered, struct bytes *out)
{
	struct client *first = &pair->first;
	struct account_id own = pair->fixture.account;
	const struct blob_name blob = {.count = 0};
	struct head kept = first->head;

	first->head = *head;
	pair->fixture.account.bytes[7] ^= other_account;
	client_frame(
	    first, kind, 100, kind == FRAME_PATCH ? NULL : &blob, covered, (struct view){0});
	pair->fixture.account = own;
	first->head = kept;
	assert_true(bytes_copy(view_bytes(&first->frame), out));
}

/* What a manifest may have wrong that its own reader does not see. */
struct wrong {
	const char *name;
	const char *message;
	uint64_t covered;     /* the snapshot's, if it is one */
	uint64_t place;       /* of the snapshot's frame, beyond the head */
	enum frame_kind kind; /* the snapshot's, if it has one */
	bool snapshot, snapshot_other;
	bool other_account; /* the manifest's */
	bool tail_other;    /* its last frame's account */
	bool tail_loose;    /* its last frame follows another than the one before */
	bool no_frames;     /* a head without them */
	bool holds;
};

static void spoil(struct pair *pair, struct stored *stored, const struct wrong *wrong,
    struct bytes *tail, struct bytes *snapshot)
{
	struct manifest *manifest = stored->manifest;
	struct head head = pair->first.head, covered = {wrong->covered, {{9}}};
	struct frame frame;

	manifest->account.bytes[2] ^= wrong->other_account;
	head.hash.bytes[0] ^= wrong->tail_loose;
	frame_on(pair, &head, wrong->tail_other, FRAME_PATCH, NULL, tail);
	assert_int_equal(frame_decode(view_bytes(tail), &frame), FORMAT_OK);
	manifest->tail[manifest->tail_count++] = view_bytes(tail);
	manifest->head = (struct head){frame.header.seq, frame.hash};
	if (wrong->no_frames)
		manifest->tail_count = 0;
	if (!wrong->snapshot)
		return;
	head = (struct head){manifest->head.seq - 1 + wrong->place, head.hash};
	frame_on(pair, &head, wrong->snapshot_other, wrong->kind,
	    wrong->kind == FRAME_SNAPSHOT ? &covered : NULL, snapshot);
	manifest->snapshot = view_bytes(snapshot);
}

static void work_is_not_built_on_damage(void **state)
{
	static const struct wrong rows[] = {
	    {"nothing", .holds = true},
	    {"a load at the head", .snapshot = true, .kind = FRAME_LOAD, .holds = true},
	    {"a snapshot of the first frame", .snapshot = true, .kind = FRAME_SNAPSHOT,
		.covered = 1, .holds = true},
	    {"a snapshot of the head", .snapshot = true, .kind = FRAME_SNAPSHOT, .covered = 3,
		.holds = true},
	    {"its account", "it is another account's", .other_account = true},
	    {"its tail's account", "a frame of its tail is another account's", .tail_other = true},
	    {"its tail's chain", "its tail is no chain", .tail_loose = true},
	    {"no frames", "it has a head and no frames", .no_frames = true},
	    {"a load beyond the head", "its snapshot's frame does not hold", .snapshot = true,
		.kind = FRAME_LOAD, .place = 1},
	    {"a load of another account", "its snapshot's frame does not hold", .snapshot = true,
		.kind = FRAME_LOAD, .snapshot_other = true},
	    {"a patch for a load", "its snapshot's frame does not hold", .snapshot = true,
		.kind = FRAME_PATCH},
	    {"a snapshot of nothing", "its snapshot's frame does not hold", .snapshot = true,
		.kind = FRAME_SNAPSHOT, .covered = 0},
	    {"a snapshot beyond the head", "its snapshot's frame does not hold", .snapshot = true,
		.kind = FRAME_SNAPSHOT, .covered = 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct bytes tail = {0}, snapshot = {0};
		struct stored stored;
		enum account_result result;
		void *own = NULL;
		struct pair *pair;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		client_edit(&pair->first, 100);
		stored_read(pair, &stored);
		spoil(pair, &stored, &rows[i], &tail, &snapshot);
		fixture_manifest_put(&pair->fixture, stored.manifest);
		result = client_poll(&pair->second);
		if (result != (rows[i].holds ? ACCOUNT_OK : ACCOUNT_DAMAGED))
			fail_msg("%s: %s: %s", rows[i].name, account_result_text(result),
			    pair->fixture.call.message);
		if (!rows[i].holds && strstr(pair->fixture.call.message, rows[i].message) == NULL)
			fail_msg("%s: %s", rows[i].name, pair->fixture.call.message);
		/* To who would reset it, it is told as a log that does not hold. */
		bytes_clear(&pair->first.frame);
		client_request(&pair->first);
		pair->first.request.reseed = true;
		result = client_send(&pair->first);
		if (rows[i].other_account) {
			assert_int_equal(result, ACCOUNT_DAMAGED);
		} else if (!rows[i].holds) {
			assert_int_equal(result, ACCOUNT_OK);
			assert_status(&pair->first, SYNC_DIVERGED);
			assert_non_null(strstr(pair->fixture.call.message, rows[i].message));
		} else {
			assert_int_equal(result, ACCOUNT_OK);
			assert_status(&pair->first, SYNC_BEHIND);
		}
		bytes_clear(&tail);
		bytes_clear(&snapshot);
		stored_clear(&stored);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* Its hash may be in the manifest: who signed it is all that holds a snapshot's frame. */
static void work_asks_who_signed_the_snapshot(void **state)
{
	struct pair *pair = *state;
	struct bytes snapshot = {0};
	struct stored stored;
	struct head head;

	client_edit(&pair->first, 100);
	stored_read(pair, &stored);
	head = (struct head){stored.manifest->head.seq - 1, {{9}}};
	frame_on(pair, &head, false, FRAME_LOAD, NULL, &snapshot);
	snapshot.data[snapshot.len - 1] ^= 1;
	stored.manifest->snapshot = view_bytes(&snapshot);
	fixture_manifest_put(&pair->fixture, stored.manifest);
	for (unsigned i = 0; i < 3; i++) { /* and it is not taken for checked the next time */
		assert_int_equal(client_poll(&pair->second), ACCOUNT_DAMAGED);
		assert_non_null(strstr(pair->fixture.call.message, "its snapshot's signature"));
	}
	bytes_clear(&pair->first.frame);
	client_request(&pair->first);
	pair->first.request.reseed = true;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_DIVERGED);
	assert_non_null(strstr(pair->fixture.call.message, "its snapshot's signature"));
	bytes_clear(&snapshot);
	stored_clear(&stored);
}

/* A log that holds is answered from, also to who would reset it. */
static void work_needs_no_reset_that_holds(void **state)
{
	struct pair *pair = *state;

	client_whole(&pair->first, FRAME_LOAD, NULL, 1, NULL);
	bytes_clear(&pair->first.frame);
	client_request(&pair->first);
	pair->first.request.reseed = true;
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_CURRENT);
}

static void work_is_by_the_roster_that_is_named(void **state)
{
	static const struct {
		const char *name;
		uint64_t epoch;
		bool older; /* the roster's blob is the one before */
		bool hash;  /* is another */
		bool holds;
	} rows[] = {
	    {"as it is", 1, false, false, true},
	    {"an older roster", 1, true, false, false},
	    {"another epoch", 2, false, false, false},
	    {"another hash", 1, false, true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct account_cache cache = {0};
		struct bytes roster = {0};
		enum account_result result;
		struct fixture *fixture;
		struct stored stored;
		void *own = NULL;
		struct pair *pair;
		struct blob_name first;
		struct bytes bytes = {0};

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		fixture = &pair->fixture;
		assert_int_equal(roster_first(&fixture->roster, 1, &bytes), FORMAT_OK);
		first.count = 0;
		blob_hash(view_bytes(&bytes), &first.hash); /* the create has put it */
		stored_read(pair, &stored);
		if (rows[i].older)
			stored.manifest->roster = first;
		stored.manifest->epoch = rows[i].epoch;
		stored.manifest->roster_hash.bytes[0] ^= rows[i].hash;
		fixture_manifest_put(fixture, stored.manifest);
		for (unsigned round = 0; round < 2; round++) {
			(void)fixture_call(fixture);
			result = account_roster(
			    &fixture->env, &cache, &fixture->account, &fixture->call, &roster);
			if (result != (rows[i].holds ? ACCOUNT_OK : ACCOUNT_DAMAGED))
				fail_msg("%s: %s", rows[i].name, account_result_text(result));
			if (!rows[i].holds)
				assert_string_equal(fixture->call.message,
				    "the roster is another than the manifest names");
			bytes_clear(&roster);
		}
		account_cache_clear(&cache);
		bytes_clear(&bytes);
		stored_clear(&stored);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* What a commit leaves at hand: its roster, its tail with all hashes, and that w/ was looked for.
 */
static void work_by_a_warm_cache_reads_nothing(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct client *first = &pair->first;
	struct bytes statement = {0};
	struct head covered;
	uint64_t gets;

	client_edit(first, 100);
	fixture_statement(fixture, FIRST, THIRD, SIZE_MAX, &statement);
	client_frame(first, FRAME_STATEMENT, 0, NULL, NULL, view_bytes(&statement));
	client_request(first);
	first->request.roster = view_bytes(&fixture->roster_bytes);
	gets = fixture->counts.get;
	assert_int_equal(client_send(first), ACCOUNT_OK);
	assert_status(first, SYNC_COMMITTED);
	for (unsigned i = 0; i < 3; i++) {
		client_edit(first, 100);
		covered = first->head;
		client_whole(first, FRAME_SNAPSHOT, &covered, 1, NULL);
	}
	assert_int_equal(fixture->counts.get, gets);
	bytes_clear(&statement);
}

/* Also where its tail is of one frame, or of none. */
static void work_by_a_new_account_reads_nothing(void **state)
{
	struct fixture fixture;
	struct client client;
	struct head covered;
	uint64_t gets;

	(void)state;
	fixture_open(&fixture);
	client_open(&client, &fixture, FIRST);
	assert_int_equal(fixture_create(&fixture, &client.cache), ACCOUNT_OK);
	gets = fixture.counts.get;
	client_edit(&client, 100);
	covered = client.head;
	client_whole(&client, FRAME_SNAPSHOT, &covered, 1, NULL);
	assert_int_equal(fixture.counts.get, gets);
	client_close(&client);
	fixture_close(&fixture);
}

static void put_text(struct fixture *fixture, const char *key, struct view data)
{
	struct bucket_put put = {.key = key, .data = data};
	struct bucket_tag tag;

	assert_int_equal(bucket_put(fixture->bucket, &put, fixture_call(fixture), &tag), BUCKET_OK);
}

/* A manifest that went back, or is another of the same name: nothing seen under it is there. */
static void work_forgets_what_it_saw_under_another(void **state)
{
	static const struct {
		const char *name;
		int64_t generation;
		bool incarnation;
		enum sync_status status;
	} rows[] = {
	    {"one commit on", 1, false, SYNC_COMMITTED},
	    {"the same commit again", 0, false, SYNC_COMMITTED},
	    {"a commit back", -1, false, SYNC_RENAME},
	    {"another incarnation", 1, true, SYNC_RENAME},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct blob_name name = {.count = 0};
		char key[BUCKET_KEY_MAX + 1], text[BLOB_NAME_TEXT_MAX];
		struct bytes blob = {0};
		struct fixture *fixture;
		struct stored stored;
		void *own = NULL;
		struct pair *pair;

		assert_int_equal(pair_setup(&own), 0);
		pair = own;
		fixture = &pair->fixture;
		fixture_blob(fixture, BLOB_BODY, 100, NULL, 0, &blob);
		blob_hash(view_bytes(&blob), &name.hash);
		assert_int_equal(
		    account_blob_put(&fixture->env, &pair->first.cache, &fixture->account, &name,
			view_bytes(&blob), fixture_call(fixture)),
		    ACCOUNT_OK);
		blob_name_text(&name, text);
		fixture_key(fixture, text, key);
		assert_int_equal(
		    bucket_remove(fixture->bucket, key, fixture_call(fixture)), BUCKET_OK);
		stored_read(pair, &stored);
		stored.manifest->generation += (uint64_t)rows[i].generation;
		stored.manifest->incarnation[0] ^= rows[i].incarnation;
		fixture_manifest_put(fixture, stored.manifest);
		client_frame(&pair->first, FRAME_PATCH, 100, &name, NULL, (struct view){0});
		client_request(&pair->first);
		assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
		if (pair->first.answer.status != rows[i].status)
			fail_msg("%s: %d", rows[i].name, (int)pair->first.answer.status);
		bytes_clear(&blob);
		stored_clear(&stored);
		assert_int_equal(pair_teardown(&own), 0);
	}
}

/* The first look at a manifest is one at w/ too: if that fails, it is made up for. */
static void work_looks_for_a_wipe_until_it_could(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct wipe_report report = {0};
	struct bytes wipe = {0};
	char key[BUCKET_KEY_MAX + 1];
	struct stored stored;

	stored_read(pair, &stored);
	fixture_key(fixture, "/manifest", key);
	fixture_wipe(fixture, FIRST, pair->first.answer.incarnation, "", &wipe);
	assert_int_equal(account_wipe(&fixture->env, &cache, &fixture->account, view_bytes(&wipe),
			     fixture_call(fixture), &report),
	    ACCOUNT_OK);
	put_text(fixture, key, view_bytes(&stored.bytes)); /* it lands late, and whole */
	account_cache_clear(&pair->second.cache);
	fixture_arm(fixture, MEMORY_GET, "/w/", MEMORY_FAULT_BEFORE, 0, 1);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_RETRY);
	assert_int_equal(client_poll(&pair->second), ACCOUNT_OK);
	assert_status(&pair->second, SYNC_GONE);
	account_cache_clear(&cache);
	bytes_clear(&wipe);
	stored_clear(&stored);
}

/* It says "wiped", and no record stands beside it: gone, but nobody can show why. */
static void work_of_a_mark_without_a_record_is_gone(void **state)
{
	static const struct {
		const char *wipe; /* NULL: an operator's removal */
		enum account_result result;
	} rows[] = {{"a wipe", ACCOUNT_OK}, {NULL, ACCOUNT_ABSENT}};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct stored stored;

	stored_read(pair, &stored);
	stored.manifest->state = MANIFEST_WIPED;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		size_t objects = fixture_objects(fixture, "");

		stored.manifest->wipe =
		    rows[i].wipe == NULL ? (struct view){0} : view_text(rows[i].wipe);
		fixture_manifest_put(fixture, stored.manifest);
		for (unsigned cold = 0; cold < 2; cold++) {
			if (cold > 0)
				account_cache_clear(&pair->second.cache);
			assert_int_equal(client_poll(&pair->second), rows[i].result);
			if (rows[i].result == ACCOUNT_OK) {
				assert_status(&pair->second, SYNC_GONE);
				assert_null(pair->second.answer.wipe_record.data);
				assert_string_equal(fixture->call.message,
				    "the account was wiped, but the record of it is missing");
			} else {
				assert_non_null(
				    strstr(fixture->call.message, "there is no such account"));
			}
		}
		assert_int_equal(fixture_objects(fixture, ""), objects);
	}
	stored_clear(&stored);
}

/* A cache whose manifest says "wiped" is none: the bucket is asked. */
static void work_opens_no_wiped_manifest(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache *cache = &pair->first.cache;
	struct account_work *work = NULL;
	struct stored stored;

	stored_read(pair, &stored);
	stored.manifest->state = MANIFEST_WIPED;
	bytes_clear(&cache->manifest);
	assert_int_equal(manifest_encode(stored.manifest, &cache->manifest), FORMAT_OK);
	cache->manifest_checked = false;
	assert_int_equal(account_work_open(
			     &fixture->env, cache, &fixture->account, fixture_call(fixture), &work),
	    ACCOUNT_OK);
	assert_false(work->has_manifest);
	assert_int_equal(cache->manifest.len, 0);
	assert_int_equal(account_manifest_read(work), ACCOUNT_OK);
	assert_int_equal(work->manifest.state, MANIFEST_LIVE);
	account_work_free(work);
	stored_clear(&stored);
}

static void time_is_over(void *self)
{
	struct fixture *fixture = self;

	fixture->now_ms += fixture->call.deadline_ms - fixture_up_ms(fixture);
}

/* Whatever took all the time, no other request follows it. */
static void work_ends_at_its_deadline(void **state)
{
	static const struct {
		const char *name;
		enum memory_op op;
		const char *part;
		enum memory_fault how;
		uint64_t requests;
	} rows[] = {
	    {"the manifest", MEMORY_GET, "/manifest", MEMORY_FAULT_NONE, 1},
	    {"the commit, lost", MEMORY_PUT, "/manifest", MEMORY_FAULT_UNKNOWN, 4},
	};
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t before;

		account_cache_clear(&pair->first.cache);
		client_frame(&pair->first, FRAME_PATCH, 100, NULL, NULL, (struct view){0});
		client_request(&pair->first);
		fixture->interrupt = time_is_over;
		fixture->interrupt_self = fixture;
		fixture_arm(fixture, rows[i].op, rows[i].part, rows[i].how, 0, 1);
		before = fixture_requests(fixture);
		assert_int_equal(client_send(&pair->first), ACCOUNT_RETRY);
		assert_string_equal(fixture->call.message, "the time for this request is over");
		before = fixture_requests(fixture) - before;
		if (before != rows[i].requests)
			fail_msg("%s: %u requests", rows[i].name, (unsigned)before);
	}
	assert_int_equal(client_send(&pair->first), ACCOUNT_OK);
	assert_status(&pair->first, SYNC_COMMITTED);
}

/* The roster's blob is swept each time before it is read: in the end that is said. */
struct flux {
	struct pair *pair;
	unsigned times;
};

static void flux_moves(void *self)
{
	struct flux *flux = self;
	struct fixture *fixture = &flux->pair->fixture;
	struct call kept = fixture->call;
	struct stored stored;

	stored_read(flux->pair, &stored);
	stored.manifest->generation++;
	stored.manifest->nonce[0]++;
	stored.manifest->roster.hash.bytes[1]++; /* there is none of this name */
	fixture_manifest_put(fixture, stored.manifest);
	stored_clear(&stored);
	fixture->call = kept;
	if (--flux->times == 0)
		return;
	fixture->interrupt = flux_moves;
	fixture_arm(fixture, MEMORY_GET, "/b/", MEMORY_FAULT_NONE, 0, 1);
}

static void work_gives_up_on_what_moves(void **state)
{
	struct pair *pair = *state;
	struct fixture *fixture = &pair->fixture;
	struct account_cache cache = {0};
	struct flux flux = {pair, 5};
	struct bytes roster = {0};

	fixture->interrupt = flux_moves;
	fixture->interrupt_self = &flux;
	fixture_arm(fixture, MEMORY_GET, "/b/", MEMORY_FAULT_NONE, 0, 1);
	flux_moves(&flux);
	flux.times = 5;
	fixture->interrupt = flux_moves;
	fixture_arm(fixture, MEMORY_GET, "/b/", MEMORY_FAULT_NONE, 0, 1);
	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_RETRY);
	assert_int_equal(flux.times, 0);
	assert_string_equal(
	    fixture->call.message, "the account changes faster than it can be read");
	/* It moves no more: then its absence is damage. */
	assert_int_equal(account_roster(&fixture->env, &cache, &fixture->account,
			     fixture_call(fixture), &roster),
	    ACCOUNT_DAMAGED);
	account_cache_clear(&cache);
}

/* clang-format off: one case a line, for ctest. */
static const struct CMUnitTest tests[] = {
    cmocka_unit_test(work_is_not_built_on_damage),
    cmocka_unit_test_setup_teardown(work_asks_who_signed_the_snapshot, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(work_needs_no_reset_that_holds, pair_setup, pair_teardown),
    cmocka_unit_test(work_is_by_the_roster_that_is_named),
    cmocka_unit_test_setup_teardown(work_by_a_warm_cache_reads_nothing, pair_setup, pair_teardown),
    cmocka_unit_test(work_by_a_new_account_reads_nothing),
    cmocka_unit_test(work_forgets_what_it_saw_under_another),
    cmocka_unit_test_setup_teardown(
	work_looks_for_a_wipe_until_it_could, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	work_of_a_mark_without_a_record_is_gone, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(work_opens_no_wiped_manifest, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(work_ends_at_its_deadline, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(work_gives_up_on_what_moves, pair_setup, pair_teardown),
};
/* clang-format on */
TEST_MAIN(tests)
