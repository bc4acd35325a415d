/*
 * tests/fuzz/insider.c: a device of the account, with all its keys, writes what no device of ours
 * would: the input says which operations, deltas, rows and indexes are sealed and signed into the
 * log's next frame. Another device meets it. It is applied, and then the device's state is what its
 * root says, or it is refused; the journal is sound and no edit is lost either way.
 */
#include "cli/engine/compress.h"
#include "schemas/cbor.h"
#include "tests/fuzz/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPS_MAX 8u
#define KNOWN_MAX 16u
#define TEXT_MAX 300u

/* The cloud state at the log's head, as the maker has it. */
struct known {
	struct bytes encoded;
	int64_t created_ms;
	struct digest version;
	struct device_id author;
	char id[ENTRY_ID_MAX + 1];
	bool gone; /* by an operation of this frame */
};

static struct sync_state maker;
static struct call maker_call;
static struct known knowns[KNOWN_MAX];
static size_t knowns_count;

struct writing { /* one frame */
	struct fuzz_script *script;
	struct session *session;
	struct root_sum sum; /* after it */
	struct known now[KNOWN_MAX + OPS_MAX];
	size_t now_count;
	struct bytes kept[2 * OPS_MAX]; /* what the operations' views point into */
	size_t kept_count;
};

static void read_cloud(void)
{
	const struct journal *journal = &maker.engine->journal;
	struct journal_row row = {0};
	uint64_t count, bytes;

	assert_int_equal(journal->ops->scan_open(
			     journal->self, JOURNAL_SCAN_CLOUD, NULL, &maker_call, &count, &bytes),
	    JOURNAL_OK);
	while (journal->ops->scan_next(journal->self, &maker_call, &row) == JOURNAL_OK) {
		struct known *known = &knowns[knowns_count++];

		assert_true(knowns_count <= KNOWN_MAX && row.id.len <= ENTRY_ID_MAX);
		memcpy(known->id, row.id.data, row.id.len);
		known->version = row.version;
		known->author = row.author;
		known->created_ms = row.created_ms;
		known->encoded = row.encoded;
		bytes_clear(&row.id);
		row = (struct journal_row){0};
	}
	journal->ops->scan_close(journal->self);
	assert_true(knowns_count > 3);
}

static void forget_maker(void)
{
	state_clear(&maker);
	for (size_t i = 0; i < KNOWN_MAX; i++)
		bytes_clear(&knowns[i].encoded);
}

static void begin(struct play *made)
{
	if (maker.engine != NULL)
		return;
	call_init(&maker_call, INT64_MAX);
	maker.engine = &made->a.engine;
	maker.call = &maker_call;
	maker.opener = maker.engine->keys;
	assert_int_equal(state_load(&maker), ENGINE_OK);
	assert_true(head_equal(&maker.facts.public.head, &made->heads[made->log_count]));
	read_cloud();
	assert_int_equal(atexit(forget_maker), 0);
}

static struct known *find(struct writing *writing, const char *id)
{
	for (size_t i = 0; i < writing->now_count; i++)
		if (strcmp(writing->now[i].id, id) == 0)
			return &writing->now[i];
	return NULL;
}

static const char *any_id(struct writing *writing)
{
	static const char *const strangers[] = {"victim", "new", "e0"};
	size_t which = fuzz_pick(writing->script, knowns_count + COUNT_OF(strangers));

	return which < knowns_count ? knowns[which].id : strangers[which - knowns_count];
}

/* The frame's effect on the root, if it is applied as it stands. */
static void set_version(struct writing *writing, const char *id, const struct digest *version)
{
	struct known *known = find(writing, id);

	if (known == NULL) {
		assert_true(writing->now_count < COUNT_OF(writing->now));
		known = &writing->now[writing->now_count++];
		*known = (struct known){.gone = true};
		(void)snprintf(known->id, sizeof(known->id), "%s", id);
	}
	if (!known->gone)
		root_remove(&writing->sum, view_text(id), &known->version);
	known->gone = version == NULL;
	if (version == NULL)
		return;
	known->version = *version;
	root_add(&writing->sum, view_text(id), version);
}

/* An entry of the script's making; mostly one that can be kept. */
static struct view any_entry(struct writing *writing, const char *id, struct digest *version_out)
{
	static const char *const times[] = {"2026-01-01T01:00:00.000Z", "2026-01-01T03:59:59.000Z",
	    "", "never", "+200000-01-01T00:00:00Z", "2026-01-01T02:00:00.500Z"};
	struct entry entry = {.id = view_text(id), .collection = view_text("journal")};
	struct fuzz_script *script = writing->script;
	struct bytes *kept = &writing->kept[writing->kept_count];
	uint8_t what = fuzz_byte(script);

	entry.created_at = view_text(times[fuzz_pick(script, COUNT_OF(times))]);
	entry.updated_at = view_text(times[fuzz_pick(script, COUNT_OF(times))]);
	if ((what & 1u) != 0)
		entry.deleted_at = entry.updated_at;
	if ((what & 2u) != 0)
		entry.conflict_of = view_text(any_id(writing));
	entry.title = view_text("by an insider");
	entry.content = fuzz_take(script, TEXT_MAX);
	if (entry_encode(&entry, kept) != FORMAT_OK) {
		entry.content = view_text("text"); /* what it took is not UTF-8 */
		assert_int_equal(entry_encode(&entry, kept), FORMAT_OK);
	}
	assert_int_equal(entry_version(view_bytes(kept), version_out), FORMAT_OK);
	if (what >= 0xF8)
		fuzz_flip(script, kept);
	writing->kept_count++;
	return view_bytes(kept);
}

/* The whole entry, or a delta of it against what is there. */
static void fill_data(struct writing *writing, struct op *op, const char *id)
{
	const struct known *known = find(writing, id);
	struct bytes *delta = &writing->kept[writing->kept_count + 1];
	struct view encoded = any_entry(writing, id, &op->result);

	op->data = encoded;
	op->result_len = encoded.len;
	if (op->kind != OP_DELTA && op->kind != OP_LOSER_DELTA)
		return;
	if (known != NULL && known->encoded.data != NULL &&
	    delta_make(view_bytes(&known->encoded), encoded, delta) == FORMAT_OK) {
		op->data = view_bytes(delta);
		writing->kept_count++;
		if (fuzz_byte(writing->script) >= 0xF0)
			fuzz_flip(writing->script, delta);
	}
	if (fuzz_byte(writing->script) >= 0xF0)
		op->result_len = fuzz_number(writing->script) % (ENTRY_MAX + 1u);
}

static void put_op(struct writing *writing, struct buffer *out)
{
	struct op op = {.kind = (enum op_kind)fuzz_pick(writing->script, OP_LOSER_NAMED + 1u)};
	const char *id = any_id(writing);
	const struct known *known = find(writing, id);

	op.id = view_text(id);
	if (known != NULL)
		op.reference = known->version;
	if (fuzz_byte(writing->script) >= 0xF0)
		op.reference.bytes[0] ^= 1;
	op.author = (fuzz_byte(writing->script) & 1u) != 0 ? writing->session->play->b.keys.id
							   : writing->session->play->a.keys.id;
	if (op.kind != OP_PURGE && op.kind != OP_LOSER_NAMED)
		fill_data(writing, &op, id);
	op_put(out, &op);
	if (op.kind == OP_PUT || op.kind == OP_DELTA)
		set_version(writing, id, &op.result);
	else if (op.kind == OP_PURGE)
		set_version(writing, id, NULL);
}

/* Operations: the script's own bytes, or made one by one. */
static void make_ops(struct writing *writing, struct buffer *out)
{
	uint8_t how = fuzz_byte(writing->script);
	size_t count = how % OPS_MAX;

	if (how >= 0xE0) {
		buffer_add_view(out, fuzz_take(writing->script, 2048));
		return;
	}
	cbor_put_array(out, count);
	for (size_t i = 0; i < count; i++)
		put_op(writing, out);
}

static void seal(struct writing *writing, struct frame_header *header, struct frame_sealed *sealed)
{
	struct push push = {0};
	enum engine_result result;

	if (fuzz_byte(writing->script) < 0xF0)
		root_of(&writing->sum, sealed->root);
	if (fuzz_byte(writing->script) >= 0xF0)
		sealed->floor = fuzz_number(writing->script) & SEQ_MAX;
	sealed->time_ms = (int64_t)fuzz_number(writing->script);
	result = push_seal(&maker, header, sealed, &push);
	if (result == ENGINE_OK)
		session_frame(writing->session, view_bytes(&push.frame));
	push_clear(&push);
}

/* A blob of that kind, put as the remote would have it. */
static struct blob_name put_blob(struct writing *writing, enum blob_kind kind,
    const struct blob_name *names, size_t names_count, struct view payload)
{
	struct blob_header header = {.account = maker.facts.public.account,
	    .epoch = roster_epoch(maker.roster),
	    .kind = kind,
	    .names = names,
	    .names_count = names_count};
	struct blob_name name = {.count = maker.facts.public.sweep};
	const struct epoch_key *key;
	struct bytes blob = {0};

	assert_int_equal(state_key(&maker, header.epoch, &key), ENGINE_OK);
	assert_int_equal(seal_blob(key, payload, &header, &blob, &name.hash), FORMAT_OK);
	session_blob(writing->session, &name, view_bytes(&blob));
	bytes_clear(&blob);
	return name;
}

static void write_patch(struct writing *writing)
{
	bool in_body = fuzz_byte(writing->script) >= 0x80;
	struct frame_sealed sealed = {0};
	struct frame_header header;
	struct bytes packed = {0};
	struct buffer plain;

	buffer_init(&plain, OPS_PLAIN_MAX);
	make_ops(writing, &plain);
	push_header(&maker, FRAME_PATCH, &header);
	assert_int_equal(compress_pack(buffer_view(&plain), &packed), FORMAT_OK);
	if (in_body) {
		header.has_blob = true;
		header.blob = put_blob(writing, BLOB_BODY, NULL, 0, view_bytes(&packed));
	} else {
		sealed.ops = view_bytes(&packed);
	}
	if (in_body || packed.len <= FRAME_INLINE_MAX - 256)
		seal(writing, &header, &sealed);
	bytes_clear(&packed);
	buffer_clear(&plain);
}

/* A run of all the rows, some left out or written anew. */
static size_t make_run(struct writing *writing, struct buffer *out)
{
	size_t count = 0;
	struct buffer rows;

	buffer_init(&rows, SEGMENT_PLAIN_MAX);
	for (size_t i = 0; i < knowns_count; i++) {
		struct row row = {
		    .author = knowns[i].author, .entry = view_bytes(&knowns[i].encoded)};
		uint8_t how = fuzz_byte(writing->script);
		struct digest version;

		if (how >= 0xF0) {
			set_version(writing, knowns[i].id, NULL);
			continue;
		}
		if (how >= 0xC0 && writing->kept_count < OPS_MAX) {
			row.entry = any_entry(writing, knowns[i].id, &version);
			set_version(writing, knowns[i].id, &version);
		}
		row_put(&rows, &row, false);
		count++;
	}
	cbor_put_array(out, count);
	buffer_add_view(out, buffer_view(&rows));
	buffer_clear(&rows);
	return count;
}

static void put_index(
    struct writing *writing, struct buffer *out, const struct digest *run, size_t rows)
{
	struct fuzz_script *script = writing->script;
	struct index_head head = {.entries_count = rows};
	struct index_segment segment = {.first_ms = knowns[0].created_ms,
	    .first_id = view_text(knowns[0].id),
	    .run_hash = *run,
	    .entries_count = rows};
	size_t tombstones = fuzz_byte(script) >= 0xE0 ? fuzz_pick(script, 4) : 0;

	if (fuzz_byte(script) >= 0xF0) {
		head.floor = fuzz_number(script) & SEQ_MAX;
		segment.entries_count = fuzz_number(script) & SEQ_MAX;
		segment.first_ms = (int64_t)fuzz_number(script);
		segment.first_id = view_text(any_id(writing));
	}
	index_put_head(out, &head);
	cbor_put_array(out, 1);
	index_put_segment(out, &segment);
	cbor_put_array(out, tombstones);
	for (size_t i = 0; i < tombstones; i++) {
		struct index_tombstone tombstone = {.id = view_text(any_id(writing)),
		    .seq = fuzz_number(script) & SEQ_MAX,
		    .time_ms = (int64_t)fuzz_number(script)};

		index_put_tombstone(out, &tombstone);
	}
	cbor_put_array(out, 1);
	index_put_device(
	    out, &(struct index_device){.id = writing->session->play->a.keys.id, .seq = 1});
}

/* A load or a snapshot, of one segment. */
static void write_whole(struct writing *writing, enum frame_kind kind)
{
	struct frame_sealed sealed = {0};
	struct frame_header header;
	const struct epoch_key *key;
	struct bytes packed = {0};
	struct buffer run, index;
	struct blob_name segment;
	struct digest hash;
	size_t rows;

	buffer_init(&run, SEGMENT_PLAIN_MAX);
	buffer_init(&index, INDEX_PLAIN_MAX);
	push_header(&maker, kind, &header);
	assert_int_equal(state_key(&maker, header.epoch, &key), ENGINE_OK);
	rows = make_run(writing, &run);
	if (fuzz_byte(writing->script) >= 0xF0) {
		buffer_clear(&run);
		buffer_init(&run, SEGMENT_PLAIN_MAX);
		buffer_add_view(&run, fuzz_take(writing->script, 1024));
	}
	run_hash(key, buffer_view(&run), &hash);
	assert_int_equal(compress_pack(buffer_view(&run), &packed), FORMAT_OK);
	segment = put_blob(writing, BLOB_SEGMENT, NULL, 0, view_bytes(&packed));
	bytes_clear(&packed);
	if (fuzz_byte(writing->script) >= 0xF0)
		buffer_add_view(&index, fuzz_take(writing->script, 1024));
	else
		put_index(writing, &index, &hash, rows);
	assert_int_equal(compress_pack(buffer_view(&index), &packed), FORMAT_OK);
	header.has_blob = true;
	header.blob = put_blob(writing, BLOB_INDEX, &segment, 1, view_bytes(&packed));
	if (kind == FRAME_SNAPSHOT) {
		header.has_covered = true;
		header.covered = maker.facts.public.head;
		sealed.has_covered_root = true;
		root_of(&writing->sum, sealed.covered_root);
	}
	seal(writing, &header, &sealed);
	bytes_clear(&packed);
	buffer_clear(&index);
	buffer_clear(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct writing writing;
	struct session session = {.play = play(), .honest = false};
	struct made_random made = session.play->world.made;
	struct fuzz_script script;
	enum engine_result result;
	uint8_t how;

	begin(session.play);
	fuzz_begin(&script, data, size);
	how = fuzz_byte(&script);
	session.victim = &session.play->victims[how % PLAY_VICTIMS];
	session.script = &script;
	session.count = session.play->log_count;
	writing = (struct writing){.script = &script, .session = &session, .sum = maker.sum};
	memcpy(writing.now, knowns, sizeof(knowns));
	writing.now_count = knowns_count;
	if (how < 0x90)
		write_patch(&writing);
	else
		write_whole(&writing, how < 0xD0 ? FRAME_LOAD : FRAME_SNAPSHOT);
	session.play->world.made = made;
	session_run(&session, &result);
	session_clear(&session);
	for (size_t i = 0; i < writing.kept_count; i++)
		bytes_clear(&writing.kept[i]);
	return 0;
}
