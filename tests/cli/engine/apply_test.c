/*
 * tests/cli/engine/apply_test.c: frames that are signed, sealed and chained right by a device that
 * belongs, and still do not hold: each is refused whole, and changes nothing of the journal.
 */
#include "cli/engine/compress.h"
#include "cli/engine/frame_build.h"
#include "cli/engine/version.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

/* What a makes by hand, on the head that both are at. */
struct draft {
	struct replica state; /* a's */
	struct root_sum sum;  /* after the operations */
	struct buffer ops;
	size_t ops_count;
	struct frame_sealed sealed;
	struct frame_header header;
	struct bytes packed; /* if set: instead of ops */
	struct built_frame push;
	bool as_body;
	bool load; /* no operations */
	enum blob_kind body_kind;
	const char *content; /* of "e1", before */
	struct head cursor;  /* of the last request */
};

static struct draft draft;

static void draft_begin(const char *content)
{
	draft = (struct draft){.body_kind = BLOB_BODY, .content = content};
	draft.state.engine = &pair.a.engine;
	draft.state.call = &pair.a.call;
	draft.state.opener = &pair.a.keys;
	call_init(&pair.a.call, pair.world.now_ms + 60000);
	assert_engine(&pair.a, replica_load(&draft.state), ENGINE_OK);
	draft.sum = draft.state.sum;
	buffer_init(&draft.ops, OPS_PLAIN_MAX);
	frame_build_header(&draft.state, FRAME_PATCH, &draft.header);
	draft.sealed.time_ms = pair.world.now_ms;
}

static void draft_end(void)
{
	replica_clear(&draft.state);
	buffer_clear(&draft.ops);
	bytes_clear(&draft.packed);
	built_frame_clear(&draft.push);
}

static void note_cursor(struct device *device, const struct sync_request *request)
{
	(void)device;
	draft.cursor = request->cursor;
}

static int draft_setup(void **state)
{
	(void)pair_setup(state);
	pair.b.before = note_cursor;
	draft_begin("as it was at first");
	return 0;
}

static int draft_teardown(void **state)
{
	draft_end();
	return pair_teardown(state);
}

/* A new version of "e1", encoded; and what it replaces. */
struct edited {
	struct version before;
	struct bytes after;
	struct digest version;
};

static void edited_make(struct edited *edited, const char *id, const char *content)
{
	struct digest hash = device_version(&pair.a, "e1");
	struct entry entry;

	*edited = (struct edited){.before = {.encoded = {0}}};
	assert_engine(&pair.a,
	    version_load(&pair.a.engine, view_text("x"), &hash, &pair.a.call, &edited->before),
	    ENGINE_OK);
	entry = edited->before.entry;
	entry.id = view_text(id);
	entry.content = view_text(content);
	entry.updated_at = view_text("2026-02-01T00:00:00.000Z");
	assert_int_equal(entry_encode(&entry, &edited->after), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&edited->after), &edited->version), FORMAT_OK);
}

static void edited_clear(struct edited *edited)
{
	version_clear(&edited->before);
	bytes_clear(&edited->after);
}

static void add_op(const struct op *op)
{
	op_put(&draft.ops, op);
	draft.ops_count++;
	assert_false(draft.ops.failed);
}

static void pack_ops(const char *after)
{
	struct buffer whole;

	buffer_init(&whole, OPS_PLAIN_MAX);
	cbor_put_array(&whole, draft.ops_count);
	buffer_add_view(&whole, buffer_view(&draft.ops));
	buffer_add_text(&whole, after);
	assert_int_equal(compress_pack(buffer_view(&whole), &draft.packed), FORMAT_OK);
	buffer_clear(&whole);
}

static void seal(void)
{
	const struct epoch_key *key;

	if (draft.packed.data == NULL)
		pack_ops("");
	root_of(&draft.sum, draft.sealed.root);
	draft.sealed.ops = draft.load ? (struct view){0} : view_bytes(&draft.packed);
	if (draft.as_body) {
		struct blob_header header = {.account = draft.header.account,
		    .epoch = draft.header.epoch,
		    .kind = draft.body_kind};

		assert_engine(&pair.a, replica_key(&draft.state, 1, &key), ENGINE_OK);
		assert_int_equal(seal_blob(key, draft.sealed.ops, &header, &draft.push.body,
				     &draft.header.blob.hash),
		    FORMAT_OK);
		draft.header.has_blob = true;
		draft.sealed.ops = (struct view){0};
	}
	assert_engine(&pair.a,
	    frame_build_seal(&draft.state, &draft.header, &draft.sealed, &draft.push), ENGINE_OK);
}

/* The log goes on with the draft. */
static void answer_draft(struct device *device, struct sync_answer *answer)
{
	(void)device;
	answer->head = (struct head){draft.header.seq, draft.push.frame.hash};
	answer->status = head_equal(&draft.cursor, &answer->head) ? SYNC_CURRENT : SYNC_BEHIND;
	if (answer->status == SYNC_CURRENT)
		return;
	answer->frames = calloc(1, sizeof(*answer->frames));
	answer->bodies = calloc(1, sizeof(*answer->bodies));
	assert_non_null(answer->frames);
	assert_non_null(answer->bodies);
	answer->frames[0] = view_bytes(&draft.push.encoded);
	answer->frames_count = 1;
	if (draft.push.body.data != NULL) {
		answer->bodies[0] =
		    (struct sync_body){draft.header.blob, view_bytes(&draft.push.body)};
		answer->bodies_count = 1;
	}
}

/* b pulls it. Taken or not: the frame alone, and nothing half. */
static void pull(enum engine_result want)
{
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;
	uint8_t root_before[ROOT_LEN], root_after[ROOT_LEN];
	size_t lost = device_history(&pair.b, "e1", HISTORY_LOSER);

	seal();
	device_root(&pair.b, root_before);
	pair.b.answered = answer_draft;
	assert_engine(&pair.b, device_sync(&pair.b), want);
	assert_int_equal(pair.b.call.message[0] == '\0', want == ENGINE_OK);
	pair.b.answered = NULL;
	after = device_facts(&pair.b);
	device_root(&pair.b, root_after);
	assert_int_equal(device_counts(&pair.b).dirty_count, 0);
	if (want == ENGINE_OK) {
		assert_true(digest_equal(&after.head.hash, &draft.push.frame.hash));
		return;
	}
	assert_true(head_equal(&before.head, &after.head));
	assert_memory_equal(root_before, root_after, ROOT_LEN);
	assert_content(&pair.b, "e1", draft.content);
	assert_int_equal(device_history(&pair.b, "e1", HISTORY_LOSER), lost);
}

static void count_in(const struct edited *edited, const char *id)
{
	struct digest old = device_version(&pair.a, id);

	root_remove(&draft.sum, view_text(id), &old);
	root_add(&draft.sum, view_text(id), &edited->version);
}

static void a_put_by_hand_is_taken(void **state)
{
	struct edited edited;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	add_op(&(struct op){.kind = OP_PUT, .data = view_bytes(&edited.after)});
	count_in(&edited, "e1");
	pull(ENGINE_OK);
	assert_content(&pair.b, "e1", "made by hand");
	edited_clear(&edited);
}

static void another_root_stops_the_device(void **state)
{
	struct edited edited;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	add_op(&(struct op){.kind = OP_PUT, .data = view_bytes(&edited.after)});
	pull(ENGINE_ROOT);
	edited_clear(&edited);
}

/* A delta of edited against reference, as an operation. */
static struct op delta_op(const struct edited *edited, struct view reference, struct bytes *delta)
{
	assert_int_equal(delta_make(reference, view_bytes(&edited->after), delta), FORMAT_OK);
	return (struct op){.kind = OP_DELTA,
	    .id = view_text("e1"),
	    .data = view_bytes(delta),
	    .reference = edited->before.hash,
	    .result = edited->version,
	    .result_len = edited->after.len};
}

static void a_delta_names_the_version_before_the_frame(void **state)
{
	struct edited edited;
	struct bytes delta = {0};
	struct op op;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	op = delta_op(&edited, view_bytes(&edited.before.encoded), &delta);
	op.reference.bytes[0] ^= 1;
	add_op(&op);
	count_in(&edited, "e1");
	pull(ENGINE_DAMAGED);
	bytes_clear(&delta);
	edited_clear(&edited);
}

/* zstd takes any prefix, and even gives an entry: only the result's hash tells. */
static void a_delta_of_another_reference_is_refused(void **state)
{
	char *content = made_text(&pair.world.made, 2000);
	struct edited edited;
	struct bytes delta = {0}, wrong = {0}, plain = {0};
	struct entry entry;
	struct op op;

	(void)state;
	(void)device_save(&pair.a, "e1", content);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	draft_end();
	draft_begin(content);
	edited_make(&edited, "e1", content);
	assert_true(bytes_copy(view_bytes(&edited.before.encoded), &wrong));
	for (size_t i = 0; i < wrong.len; i++) /* what the delta was made against: one letter off */
		if (memcmp(wrong.data + i, content + 1000, 8) == 0) {
			wrong.data[i] = wrong.data[i] == 'x' ? 'y' : 'x';
			break;
		}
	content[1000] = content[1000] == 'x' ? 'y' : 'x';
	edited_clear(&edited);
	edited_make(&edited, "e1", content); /* has that letter too */
	content[1000] = (char)edited.before.entry.content.data[1000];
	op = delta_op(&edited, view_bytes(&wrong), &delta);
	assert_int_equal(delta_apply(view_bytes(&edited.before.encoded), view_bytes(&delta),
			     edited.after.len, &plain),
	    FORMAT_OK);
	assert_int_equal(entry_decode(view_bytes(&plain), &entry), FORMAT_OK);
	assert_true(view_equal(entry.content, view_text(content)));
	add_op(&op);
	count_in(&edited, "e1");
	pull(ENGINE_DAMAGED);
	bytes_clear(&plain);
	bytes_clear(&wrong);
	bytes_clear(&delta);
	edited_clear(&edited);
	free(content);
}

static void a_delta_gives_the_entry_that_it_names(void **state)
{
	struct edited edited;
	struct bytes delta = {0};
	struct op op;

	(void)state;
	edited_make(&edited, "e9", "made by hand"); /* the result is another entry's */
	op = delta_op(&edited, view_bytes(&edited.before.encoded), &delta);
	add_op(&op);
	root_add(&draft.sum, view_text("e9"), &edited.version);
	pull(ENGINE_DAMAGED);
	assert_false(device_has(&pair.b, "e9"));
	bytes_clear(&delta);
	edited_clear(&edited);
}

static void a_delta_gives_the_length_that_it_names(void **state)
{
	struct edited edited;
	struct bytes delta = {0};
	struct op op;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	op = delta_op(&edited, view_bytes(&edited.before.encoded), &delta);
	op.result_len++;
	add_op(&op);
	count_in(&edited, "e1");
	pull(ENGINE_DAMAGED);
	bytes_clear(&delta);
	edited_clear(&edited);
}

static void a_named_loser_is_the_clouds_version(void **state)
{
	struct edited edited;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	add_op(&(struct op){.kind = OP_LOSER_NAMED,
	    .id = view_text("e1"),
	    .reference = edited.version,
	    .author = pair.a.keys.id});
	pull(ENGINE_DAMAGED);
	edited_clear(&edited);
}

static void a_loser_is_of_the_entry_that_it_names(void **state)
{
	struct edited edited;

	(void)state;
	edited_make(&edited, "e9", "made by hand");
	add_op(&(struct op){.kind = OP_LOSER,
	    .id = view_text("e1"),
	    .data = view_bytes(&edited.after),
	    .author = pair.a.keys.id});
	pull(ENGINE_DAMAGED);
	edited_clear(&edited);
}

static void what_is_no_entry_is_refused(void **state)
{
	(void)state;
	add_op(&(struct op){.kind = OP_PUT, .data = view_text("no entry")});
	pull(ENGINE_DAMAGED);
}

static void nothing_follows_the_operations(void **state)
{
	(void)state;
	pack_ops("x");
	pull(ENGINE_DAMAGED);
}

static void all_counted_operations_are_there(void **state)
{
	(void)state;
	draft.ops_count = 1;
	pull(ENGINE_DAMAGED);
}

static void operations_that_do_not_unpack_are_refused(void **state)
{
	static const uint8_t packed[] = {1, 0x28, 0xB5, 0x2F, 0xFD, 0};

	(void)state;
	assert_true(bytes_copy(view_of(packed, sizeof(packed)), &draft.packed));
	pull(ENGINE_DAMAGED);
}

/* 64 MiB of zeros: small enough for a frame. */
static void a_bomb_is_refused(void **state)
{
	struct bytes zeros = {0};

	(void)state;
	assert_true(bytes_new((size_t)64 << 20, &zeros));
	assert_int_equal(compress_pack(view_bytes(&zeros), &draft.packed), FORMAT_OK);
	bytes_clear(&zeros);
	assert_true(draft.packed.len < FRAME_INLINE_MAX);
	pull(ENGINE_DAMAGED);
}

static void a_live_entry_is_not_purged(void **state)
{
	(void)state;
	draft.sealed.floor = 1;
	add_op(&(struct op){.kind = OP_PURGE, .id = view_text("e1")});
	pull(ENGINE_DAMAGED);
}

static void what_is_not_there_is_not_purged(void **state)
{
	(void)state;
	draft.sealed.floor = 1;
	add_op(&(struct op){.kind = OP_PURGE, .id = view_text("nobody's")});
	pull(ENGINE_DAMAGED);
}

static void the_floor_stays_below_its_frame(void **state)
{
	(void)state;
	draft.sealed.floor = draft.header.seq;
	pull(ENGINE_DAMAGED);
}

static void the_floor_never_sinks(void **state)
{
	struct stored_facts facts;

	(void)state;
	call_init(&pair.b.call, pair.world.now_ms + 60000);
	assert_engine(&pair.b, facts_load(&pair.b.engine, &pair.b.call, &facts), ENGINE_OK);
	facts.public.floor = 5;
	assert_int_equal(pair.b.engine.journal.ops->begin(pair.b.store, &pair.b.call), JOURNAL_OK);
	assert_engine(&pair.b, facts_store(&pair.b.engine, &facts, &pair.b.call), ENGINE_OK);
	assert_int_equal(pair.b.engine.journal.ops->commit(pair.b.store, &pair.b.call), JOURNAL_OK);
	draft.sealed.floor = 4;
	pull(ENGINE_DAMAGED);
}

static void a_body_is_of_its_kind(void **state)
{
	struct edited edited;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	add_op(&(struct op){.kind = OP_PUT, .data = view_bytes(&edited.after)});
	count_in(&edited, "e1");
	draft.as_body = true;
	draft.body_kind = BLOB_SEGMENT;
	pull(ENGINE_DAMAGED);
	edited_clear(&edited);
}

static void swap_body(struct device *device, struct sync_answer *answer)
{
	answer_draft(device, answer);
	if (answer->bodies_count > 0)
		answer->bodies[0].blob.len--;
}

static void a_body_is_the_one_that_is_named(void **state)
{
	struct edited edited;
	struct sync_facts before = device_facts(&pair.b);
	struct sync_facts after;

	(void)state;
	edited_make(&edited, "e1", "made by hand");
	add_op(&(struct op){.kind = OP_PUT, .data = view_bytes(&edited.after)});
	count_in(&edited, "e1");
	draft.as_body = true;
	seal();
	pair.b.answered = swap_body;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_DAMAGED);
	after = device_facts(&pair.b);
	assert_true(head_equal(&before.head, &after.head));
	pair.b.answered = answer_draft;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_OK);
	assert_content(&pair.b, "e1", "made by hand");
	edited_clear(&edited);
}

/* A load of the very state there is: its index is the first load's, which stands in the bucket. */
static void load_again(enum engine_result want)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};
	struct frame first;

	assert_non_null(manifest);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_int_equal(frame_decode(manifest->snapshot, &first), FORMAT_OK);
	draft.header.kind = FRAME_LOAD;
	draft.header.has_blob = true;
	draft.header.blob = first.header.blob;
	draft.load = true;
	pull(want);
	bytes_clear(&bytes);
	free(manifest);
}

static void a_load_that_changes_nothing_is_taken(void **state)
{
	(void)state;
	load_again(ENGINE_OK);
	assert_int_equal(pair.b.gets, 1); /* the index: all segments are there */
}

static void a_load_that_does_not_give_its_root_stops_the_device(void **state)
{
	static const struct digest version = {{1}};

	(void)state;
	root_add(&draft.sum, view_text("e1"), &version);
	load_again(ENGINE_ROOT);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_put_by_hand_is_taken, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(another_root_stops_the_device, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_delta_names_the_version_before_the_frame, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_delta_of_another_reference_is_refused, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_delta_gives_the_entry_that_it_names, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_delta_gives_the_length_that_it_names, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_named_loser_is_the_clouds_version, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_loser_is_of_the_entry_that_it_names, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(what_is_no_entry_is_refused, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(nothing_follows_the_operations, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(all_counted_operations_are_there, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	operations_that_do_not_unpack_are_refused, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(a_bomb_is_refused, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(a_live_entry_is_not_purged, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(what_is_not_there_is_not_purged, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(the_floor_stays_below_its_frame, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(the_floor_never_sinks, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(a_body_is_of_its_kind, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(a_body_is_the_one_that_is_named, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_that_changes_nothing_is_taken, draft_setup, draft_teardown),
    cmocka_unit_test_setup_teardown(
	a_load_that_does_not_give_its_root_stops_the_device, draft_setup, draft_teardown),
};

TEST_MAIN(tests)
