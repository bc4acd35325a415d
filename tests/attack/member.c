/*
 * tests/attack/member.c: see member.h. The writer keeps the root that its frame would lead to, so
 * that most of what it writes is judged by what it says, not by a root that does not fit.
 */
#include "tests/attack/member.h"
#include "cli/engine/compress.h"
#include "cli/engine/frame_build.h"
#include "schemas/cbor.h"
#include "tests/test.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 300u

struct writing { /* one frame */
	struct member *member;
	struct fuzz_script *script;
	const struct member_sink *sink;
	struct root_sum sum; /* after it */
	struct member_entry now[MEMBER_ENTRIES_MAX + MEMBER_OPS_MAX];
	size_t now_count;
	struct bytes kept[2 * MEMBER_OPS_MAX]; /* what the operations' views point into */
	size_t kept_count;
};

static void read_cloud(struct member *member)
{
	const struct journal *journal = &member->state.engine->journal;
	struct journal_row row = {0};
	uint64_t count, bytes;

	assert_int_equal(journal->ops->scan_open(journal->self, JOURNAL_SCAN_CLOUD, NULL,
			     &member->call, &count, &bytes),
	    JOURNAL_OK);
	while (journal->ops->scan_next(journal->self, &member->call, &row) == JOURNAL_OK) {
		struct member_entry *entry = &member->entries[member->entries_count++];

		assert_true(member->entries_count <= MEMBER_ENTRIES_MAX);
		assert_true(row.id.len <= ENTRY_ID_MAX);
		memcpy(entry->id, row.id.data, row.id.len);
		entry->version = row.version;
		entry->author = row.author;
		entry->created_ms = row.created_ms;
		entry->encoded = row.encoded;
		bytes_clear(&row.id);
		row = (struct journal_row){0};
	}
	journal->ops->scan_close(journal->self);
	assert_true(member->entries_count > 3);
}

void member_open(struct member *member, struct engine *engine, const struct device_id *other)
{
	*member = (struct member){.authors = {engine->keys->id, *other}};
	call_init(&member->call, INT64_MAX);
	member->state.engine = engine;
	member->state.call = &member->call;
	member->state.opener = engine->keys;
	assert_int_equal(replica_load(&member->state), ENGINE_OK);
	read_cloud(member);
}

void member_close(struct member *member)
{
	replica_clear(&member->state);
	for (size_t i = 0; i < member->entries_count; i++)
		bytes_clear(&member->entries[i].encoded);
}

static struct member_entry *find(struct writing *writing, const char *id)
{
	for (size_t i = 0; i < writing->now_count; i++)
		if (strcmp(writing->now[i].id, id) == 0)
			return &writing->now[i];
	return NULL;
}

static const char *any_id(struct writing *writing)
{
	static const char *const strangers[] = {"victim", "new", "e0"};
	size_t which =
	    fuzz_pick(writing->script, writing->member->entries_count + COUNT_OF(strangers));

	return which < writing->member->entries_count
		   ? writing->member->entries[which].id
		   : strangers[which - writing->member->entries_count];
}

/* The frame's effect on the root, if it is applied as it stands. */
static void set_version(struct writing *writing, const char *id, const struct digest *version)
{
	struct member_entry *known = find(writing, id);

	if (known == NULL) {
		assert_true(writing->now_count < COUNT_OF(writing->now));
		known = &writing->now[writing->now_count++];
		*known = (struct member_entry){.gone = true};
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

/* As long as the name and the value that stand for them while the entry is encoded. */
static const struct {
	const char *name;
	const char *json;
} forged_members[] = {
    {"titles", "\"\\u202e\""},
    {"conten", "1}],{\"id"},
    {"id\":\"x", "\"escape\""},
    {"members", "\"\x1b[2J\x07\""},
    {"members", "[[[[[[[["},
    {"members", "{\"a\":1,\"a\":2}"},
    {"members", "1 2"},
    {"members", "\"\xff\xfe\""},
    {"members", "\n\"line\""},
    {"title", "\"another title\""},
    {"contentHash", "\"0123\""},
    {"deletedAt", "null"},
    {"id", "\"another\""},
    {"conflictOf", "\"e0\""},
    {"updatedAt", "\"2099-01-01T00:00:00Z\""},
    {"\x1b]0;", "\"\""},
};

/* The bytes of `with`, which are as many, take the place of `what` where that stands first. */
static void replace(struct bytes *in, const char *what, const char *with)
{
	size_t len = strlen(what);

	for (size_t i = 0; i + len <= in->len; i++) {
		if (memcmp(in->data + i, what, len) != 0)
			continue;
		memcpy(in->data + i, with, len);
		return;
	}
	fail_msg("the entry does not hold %s", what);
}

/* The entry with a member that no import would have let in; encoded by its stand-ins. */
static void forge_member(struct entry *entry, size_t which, struct bytes *encoded)
{
	const char *name = forged_members[which % COUNT_OF(forged_members)].name;
	const char *json = forged_members[which % COUNT_OF(forged_members)].json;
	char name_for[32] = "", json_for[32] = "";

	memset(name_for, '_', strlen(name));
	memset(json_for, '7', strlen(json));
	entry->extra[0] =
	    (struct entry_extra){.name = view_text(name_for), .json = view_text(json_for)};
	entry->extra_count = 1;
	bytes_clear(encoded);
	assert_int_equal(entry_encode(entry, encoded), FORMAT_OK);
	replace(encoded, name_for, name);
	replace(encoded, json_for, json);
}

/* An entry of the script's making; mostly one that can be kept. */
static struct view any_entry(struct writing *writing, const char *id, struct digest *version_out)
{
	static const char *const times[] = {"2026-01-01T01:00:00.000Z", "2026-01-01T03:59:59.000Z",
	    "", "never", "+275760-09-13T00:00:00.000Z", "2026-01-01T02:00:00.500Z",
	    "-271821-04-20T00:00:00.000Z"};
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
	if (what >= 0xF8)
		fuzz_flip(script, kept);
	else if (what >= 0xE8)
		forge_member(&entry, what - 0xE8u, kept);
	if (entry_version(view_bytes(kept), version_out) != FORMAT_OK)
		digest_view(DOMAIN_VERSION, view_bytes(kept), version_out);
	writing->kept_count++;
	return view_bytes(kept);
}

/* The whole entry, or a delta of it against what is there. */
static void fill_data(struct writing *writing, struct op *op, const char *id)
{
	const struct member_entry *known = find(writing, id);
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
	const struct member_entry *known = find(writing, id);

	op.id = view_text(id);
	if (known != NULL)
		op.reference = known->version;
	if (fuzz_byte(writing->script) >= 0xF0)
		op.reference.bytes[0] ^= 1;
	op.author = (fuzz_byte(writing->script) & 1u) != 0 ? writing->member->authors[1]
							   : writing->member->authors[0];
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
	size_t count = how % MEMBER_OPS_MAX;

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
	struct built_frame push = {0};
	enum engine_result result;

	if (fuzz_byte(writing->script) < 0xF0)
		root_of(&writing->sum, sealed->root);
	if (fuzz_byte(writing->script) >= 0xF0)
		sealed->floor = fuzz_number(writing->script) & SEQ_MAX;
	sealed->time_ms = (int64_t)fuzz_number(writing->script);
	result = frame_build_seal(&writing->member->state, header, sealed, &push);
	if (result == ENGINE_OK)
		writing->sink->frame(writing->sink->self, view_bytes(&push.encoded));
	built_frame_clear(&push);
}

/* A blob of that kind, put as the remote would have it. */
static struct blob_name put_blob(struct writing *writing, enum blob_kind kind,
    const struct blob_name *names, size_t names_count, struct view payload)
{
	struct blob_header header = {.account = writing->member->state.facts.public.account,
	    .epoch = roster_epoch(writing->member->state.roster),
	    .kind = kind,
	    .names = names,
	    .names_count = names_count};
	struct blob_name name = {.count = writing->member->state.facts.public.sweep};
	const struct epoch_key *key;
	struct bytes blob = {0};

	assert_int_equal(replica_key(&writing->member->state, header.epoch, &key), ENGINE_OK);
	assert_int_equal(seal_blob(key, payload, &header, &blob, &name.hash), FORMAT_OK);
	writing->sink->blob(writing->sink->self, &name, view_bytes(&blob));
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
	frame_build_header(&writing->member->state, FRAME_PATCH, &header);
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

/* As its entry asks for it; now and then anywhere, or where it must not be. */
static void place_row(struct writing *writing, struct row *row)
{
	struct entry entry;
	uint8_t how = fuzz_byte(writing->script);

	row->deleted = entry_decode(row->entry, &entry) == FORMAT_OK && entry_deleted(&entry);
	if (how >= 0xF8)
		row->deleted = !row->deleted;
	row->seq = how < 0x80 ? 1 : 0;
	if (how >= 0xE0) {
		row->seq = fuzz_number(writing->script) & SEQ_MAX;
		row->time_ms = (int64_t)fuzz_number(writing->script);
	}
}

/* A run of all the rows, some left out or written anew. */
static size_t make_run(struct writing *writing, struct buffer *out)
{
	size_t count = 0;
	struct buffer rows;

	buffer_init(&rows, SEGMENT_PLAIN_MAX);
	for (size_t i = 0; i < writing->member->entries_count; i++) {
		struct row row = {.author = writing->member->entries[i].author,
		    .entry = view_bytes(&writing->member->entries[i].encoded)};
		uint8_t how = fuzz_byte(writing->script);
		struct digest version;

		if (how >= 0xF0) {
			set_version(writing, writing->member->entries[i].id, NULL);
			continue;
		}
		if (how >= 0xC0 && writing->kept_count < MEMBER_OPS_MAX) {
			row.entry = any_entry(writing, writing->member->entries[i].id, &version);
			set_version(writing, writing->member->entries[i].id, &version);
		}
		place_row(writing, &row);
		row_put(&rows, &row, false);
		count++;
		if (how >= 0xB8 && how < 0xC0) { /* once more, and twice in the root */
			row_put(&rows, &row, false);
			count++;
			root_add(&writing->sum, view_text(writing->member->entries[i].id),
			    &writing->member->entries[i].version);
		}
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
	struct index_segment segment = {.first_ms = writing->member->entries[0].created_ms,
	    .first_id = view_text(writing->member->entries[0].id),
	    .run_hash = *run,
	    .entries_count = rows};

	if (fuzz_byte(script) >= 0xF0) {
		head.floor = fuzz_number(script) & SEQ_MAX;
		segment.entries_count = fuzz_number(script) & SEQ_MAX;
		segment.first_ms = (int64_t)fuzz_number(script);
		segment.first_id = view_text(any_id(writing));
	}
	index_put_head(out, &head);
	cbor_put_array(out, 1);
	index_put_segment(out, &segment);
	cbor_put_array(out, 1);
	index_put_device(out, &(struct index_device){.id = writing->member->authors[0], .seq = 1});
}

/* In the place of the log's next frame, or far beyond it. */
static void reset_header(struct writing *writing, struct frame_header *header)
{
	header->has_abandoned = true;
	header->abandoned = header->covered;
	if (fuzz_byte(writing->script) >= 0xC0) {
		header->abandoned.seq = fuzz_number(writing->script) & SEQ_MAX;
		header->seq = header->abandoned.seq + 1;
	}
	if (fuzz_byte(writing->script) >= 0xF0)
		header->seq = fuzz_number(writing->script) & SEQ_MAX;
	if (fuzz_byte(writing->script) >= 0xF0)
		header->covered.seq = fuzz_number(writing->script) & SEQ_MAX;
}

/* A load, a snapshot or a reset, of one segment. */
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
	frame_build_header(&writing->member->state, kind, &header);
	assert_int_equal(replica_key(&writing->member->state, header.epoch, &key), ENGINE_OK);
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
	if (kind != FRAME_LOAD) {
		header.has_covered = true;
		header.covered = writing->member->state.facts.public.head;
		sealed.has_covered_root = true;
		root_of(&writing->sum, sealed.covered_root);
	}
	if (kind == FRAME_RESET)
		reset_header(writing, &header);
	seal(writing, &header, &sealed);
	bytes_clear(&packed);
	buffer_clear(&index);
	buffer_clear(&run);
}

void member_write(struct member *member, enum frame_kind kind, struct fuzz_script *script,
    const struct member_sink *sink)
{
	static struct writing writing; /* it is large */

	writing = (struct writing){
	    .member = member, .script = script, .sink = sink, .sum = member->state.sum};
	memcpy(writing.now, member->entries, sizeof(member->entries));
	writing.now_count = member->entries_count;
	if (kind == FRAME_PATCH)
		write_patch(&writing);
	else
		write_whole(&writing, kind);
	for (size_t i = 0; i < COUNT_OF(writing.kept); i++)
		bytes_clear(&writing.kept[i]);
}
