/*
 * tests/cli/engine/twice_test.c: a load or a reset in which an entry stands twice. The maker holds
 * the account's keys, so all is sealed and signed as it should be, and the root that the frame
 * names is that of the rows. Taken, it would leave a sum that no state gives, so that no load,
 * snapshot or reset could be made any more; and each device with the version that it happened to
 * stage last. It is refused, and a reset leads back.
 */
#include "cli/engine/compress.h"
#include "cli/engine/frame_build.h"
#include "schemas/cbor.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 8u
#define SEGMENTS 2u

struct twice {
	struct replica state;
	struct call call;
	struct journal_row rows[ROWS_MAX]; /* of the cloud state */
	size_t rows_count;
	struct bytes other; /* the first row's entry, in another version */
	struct root_sum sum;
	struct buffer index;
	struct blob_name names[SEGMENTS];
	size_t segments_count;
};

static struct twice twice;

static void read_cloud(struct device *device)
{
	const struct journal *journal = &device->engine.journal;
	uint64_t count, bytes;

	assert_int_equal(journal->ops->scan_open(
			     journal->self, JOURNAL_SCAN_CLOUD, NULL, &twice.call, &count, &bytes),
	    JOURNAL_OK);
	assert_true(count <= ROWS_MAX);
	while (twice.rows_count < count) {
		struct journal_row *row = &twice.rows[twice.rows_count++];

		assert_int_equal(
		    journal->ops->scan_next(journal->self, &twice.call, row), JOURNAL_OK);
		root_add(&twice.sum, view_bytes(&row->id), &row->version);
	}
	journal->ops->scan_close(journal->self);
}

/* The first row's entry once more, in another version. */
static void make_other(void)
{
	struct entry entry;
	struct digest version;

	assert_int_equal(
	    entry_read(view_bytes(&twice.rows[0].encoded), &entry, &version), FORMAT_OK);
	entry.content = view_text("the other version");
	assert_int_equal(entry_encode(&entry, &twice.other), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&twice.other), &version), FORMAT_OK);
	root_add(&twice.sum, entry.id, &version);
}

static struct blob_name put_blob(
    struct device *device, enum blob_kind kind, size_t names_count, struct view plain)
{
	struct blob_header header = {.account = device->world->account,
	    .epoch = roster_epoch(twice.state.roster),
	    .kind = kind,
	    .names = twice.names,
	    .names_count = names_count};
	struct blob_name name = {.count = twice.state.facts.public.sweep};
	const struct epoch_key *key;
	struct bytes packed = {0}, blob = {0};

	assert_int_equal(replica_key(&twice.state, header.epoch, &key), ENGINE_OK);
	assert_int_equal(compress_pack(plain, &packed), FORMAT_OK);
	assert_int_equal(
	    seal_blob(key, view_bytes(&packed), &header, &blob, &name.hash), FORMAT_OK);
	call_init(&twice.call, device->world->now_ms + 60000);
	assert_int_equal(account_blob_put(&device->env, &device->cache, &device->world->account,
			     &name, view_bytes(&blob), &twice.call),
	    ACCOUNT_OK);
	bytes_clear(&blob);
	bytes_clear(&packed);
	return name;
}

/* A segment of `count` rows from `first` on, and of the other version too if it is to be there. */
static void put_segment(struct device *device, size_t first, size_t count, bool other)
{
	struct index_segment segment = {.first_ms = twice.rows[first].created_ms,
	    .first_id = view_bytes(&twice.rows[first].id),
	    .entries_count = count + other};
	const struct epoch_key *key;
	struct buffer run;

	buffer_init(&run, SEGMENT_PLAIN_MAX);
	cbor_put_array(&run, count + other);
	for (size_t i = first; i < first + count; i++)
		row_put(&run,
		    &(struct row){.author = twice.rows[i].author,
			.entry = view_bytes(&twice.rows[i].encoded)},
		    false);
	if (other)
		row_put(&run,
		    &(struct row){
			.author = twice.rows[0].author, .entry = view_bytes(&twice.other)},
		    false);
	assert_int_equal(
	    replica_key(&twice.state, roster_epoch(twice.state.roster), &key), ENGINE_OK);
	run_hash(key, buffer_view(&run), &segment.run_hash);
	index_put_segment(&twice.index, &segment);
	twice.names[twice.segments_count++] = put_blob(device, BLOB_SEGMENT, 0, buffer_view(&run));
	buffer_clear(&run);
}

static void commit(struct device *device, enum frame_kind kind)
{
	struct sync_request request = {.account = device->world->account,
	    .device = device->keys.id,
	    .cursor = twice.state.facts.public.head};
	struct frame_sealed sealed = {.time_ms = device->world->now_ms};
	struct sync_answer answer = {0};
	struct frame_header header;
	struct built_frame push = {0};

	frame_build_header(&twice.state, kind, &header);
	header.has_blob = true;
	header.blob = put_blob(device, BLOB_INDEX, twice.segments_count, buffer_view(&twice.index));
	root_of(&twice.sum, sealed.root);
	if (kind == FRAME_RESET) {
		header.has_covered = header.has_abandoned = true;
		header.covered = header.abandoned = request.cursor;
		sealed.has_covered_root = true;
		memcpy(sealed.covered_root, sealed.root, ROOT_LEN);
		request.roster = view_bytes(&twice.state.roster_bytes);
	}
	assert_int_equal(frame_build_seal(&twice.state, &header, &sealed, &push), ENGINE_OK);
	request.frames[request.frames_count++] = view_bytes(&push.encoded);
	assert_int_equal(
	    account_sync(&device->env, &device->cache, &request, &twice.call, &answer), ACCOUNT_OK);
	assert_int_equal(answer.status, SYNC_COMMITTED);
	sync_answer_clear(&answer);
	built_frame_clear(&push);
}

/* The member's frame; the other version is in the same segment, or in one of its own. */
static void write_twice(struct device *device, enum frame_kind kind, size_t segments)
{
	twice = (struct twice){0};
	call_init(&twice.call, INT64_MAX);
	twice.state.engine = &device->engine;
	twice.state.call = &twice.call;
	twice.state.opener = device->engine.keys;
	assert_int_equal(replica_load(&twice.state), ENGINE_OK);
	read_cloud(device);
	make_other();
	buffer_init(&twice.index, INDEX_PLAIN_MAX);
	index_put_head(&twice.index, &(struct index_head){.entries_count = twice.rows_count + 1});
	cbor_put_array(&twice.index, segments);
	if (segments == 1) {
		put_segment(device, 0, twice.rows_count, true);
	} else {
		put_segment(device, 0, 2, false);
		put_segment(device, 2, twice.rows_count - 2, true);
	}
	cbor_put_array(&twice.index, 0); /* devices */
	commit(device, kind);
	for (size_t i = 0; i < twice.rows_count; i++) {
		bytes_clear(&twice.rows[i].id);
		bytes_clear(&twice.rows[i].encoded);
	}
	bytes_clear(&twice.other);
	buffer_clear(&twice.index);
	replica_clear(&twice.state);
}

static void refused(enum frame_kind kind, size_t segments)
{
	char *large = made_text(&pair.world.made, 1200u << 10);
	struct device newcomer;

	write_twice(&pair.b, kind, segments);
	(void)device_save(&pair.a, "e1", "mine");
	for (unsigned i = 0; i < 2; i++) { /* and what is staged does not count twice */
		assert_engine(&pair.a, device_sync(&pair.a), ENGINE_ROOT);
		assert_non_null(strstr(pair.a.call.message, "more than once"));
	}
	assert_content(&pair.a, "e0", "as it was at first");
	pair.a.reseed = true;
	assert_synced(&pair.a);
	pair.a.reseed = false;
	device_new(&pair.a, "large", large); /* pushed as a load, which compares the root */
	free(large);
	assert_synced(&pair.a);
	device_open(&newcomer, &pair.world);
	device_join(&newcomer);
	assert_synced(&newcomer);
	assert_synced(&pair.a);
	assert_content(&newcomer, "e1", "mine");
	assert_same(&pair.a, &newcomer);
	device_close(&newcomer);
}

static void a_load_that_holds_an_entry_twice(void **state)
{
	(void)state;
	refused(FRAME_LOAD, 1);
}

static void a_load_that_holds_it_in_two_segments(void **state)
{
	(void)state;
	refused(FRAME_LOAD, 2);
}

static void a_reset_that_holds_it_in_two_segments(void **state)
{
	(void)state;
	refused(FRAME_RESET, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_load_that_holds_an_entry_twice, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_that_holds_it_in_two_segments, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(
	a_reset_that_holds_it_in_two_segments, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
