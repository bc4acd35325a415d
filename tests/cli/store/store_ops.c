/*
 * tests/cli/store/store_ops.c: see the header. Digests and devices here are one byte again and
 * again; in texts they are its two hex digits, versions the four letters that their content begins
 * with.
 */
#include "tests/cli/store/store_ops.h"

#include <stdio.h>
#include <string.h>

#define OPS(f) ((f)->journal.ops)

char store_seen[STORE_TEXT_MAX];

/* Versions of the shelf. */
static struct digest same, edited, old, dead, there, fresh, unplaced;
static struct digest full_frame, empty_frame, no_frame, known_run;
static struct device_id first, second, third;

static struct digest filled(int with)
{
	struct digest digest;

	memset(digest.bytes, with, sizeof(digest.bytes));
	return digest;
}

static struct device_id device(int with)
{
	struct device_id id;

	memset(id.bytes, with, sizeof(id.bytes));
	return id;
}

void store_out_init(struct store_out *out)
{
	memset(out, 0x5a, sizeof(*out));
}

static void add_history(struct fixture *f, const char *id, const struct digest *version, int author,
    enum history_kind kind, int64_t at_ms)
{
	struct device_id by = device(author);

	assert_ok(
	    f, OPS(f)->history_add(f->store, view_text(id), version, &by, kind, at_ms, &f->call));
}

static void stage(struct fixture *f, const char *id, const struct digest *version, bool deleted,
    uint64_t seq, int64_t time_ms)
{
	struct journal_staged row = {.id = view_text(id),
	    .version = *version,
	    .author = device(2),
	    .deleted = deleted,
	    .seq = seq,
	    .time_ms = time_ms};

	assert_ok(f, OPS(f)->stage_add(f->store, &row, &f->call));
}

static void put_entries(struct fixture *f)
{
	same = put_settled(f,
	    &(struct words){.id = "same", .content = "same text", .created_at = "2026-01-05"}, 3);
	old = put_settled(
	    f, &(struct words){.id = "edit", .content = "old", .created_at = "2026-01-04"}, 3);
	edited = put_local(
	    f, &(struct words){.id = "edit", .content = "edited", .created_at = "2026-01-04"});
	fresh = put_local(
	    f, &(struct words){.id = "fresh", .content = "fresh", .created_at = "2026-01-03"});
	there = put_cloud(
	    f, &(struct words){.id = "there", .content = "there", .created_at = "2026-01-02"}, 4);
	dead = put_settled(f,
	    &(struct words){.id = "dead",
		.content = "",
		.created_at = "2026-01-01",
		.deleted_at = "2026-02-01"},
	    5);
	(void)put_settled(f, &(struct words){.id = "going"}, 3);
	(void)put_local(f, &(struct words){.id = "going", .deleted_at = "2026-02-01"});
	(void)put_settled(f, &(struct words){.id = "coming"}, 3);
	(void)put_cloud(f, &(struct words){.id = "coming", .deleted_at = "2026-02-01"}, 6);
	(void)put_local(f, &(struct words){.id = "copy", .conflict_of = "edit"});
	unplaced = put_version(f, &(struct words){.id = "same", .content = "unplaced"});
}

static void make_shelf(struct fixture *f)
{
	struct journal_segment segment = {.name_count = 3, .name_hash = filled(8)};

	full_frame = filled(0xf1);
	empty_frame = filled(0xf2);
	no_frame = filled(0xf3);
	segment.run_hash = known_run = filled(7);
	first = device(1);
	second = device(2);
	third = device(3);
	begin(f);
	put_entries(f);
	add_history(f, "same", &same, 1, HISTORY_EDIT, 10);
	add_history(f, "same", &same, 2, HISTORY_PULLED, 11);
	add_history(f, "edit", &old, 2, HISTORY_LOSER, 20);
	add_history(f, "there", &there, 2, HISTORY_LOSER, 21);
	assert_ok(f, OPS(f)->loser_add(f->store, view_text("edit"), &old, &second, &f->call));
	assert_ok(f, OPS(f)->segment_add(f->store, &segment, &f->call));
	assert_ok(f, OPS(f)->device_seen(f->store, &first, 5, 500, &f->call));
	assert_ok(f, OPS(f)->meta_set(f->store, "name", view_text("value"), &f->call));
	assert_ok(f, OPS(f)->sent_add(f->store, &empty_frame, 9, &f->call));
	assert_ok(f, OPS(f)->sent_add(f->store, &full_frame, 6, &f->call));
	assert_ok(f, OPS(f)->sent_all_dirty(f->store, &full_frame, &f->call));
	assert_ok(f, OPS(f)->activity_add(
			 f->store, ACTIVITY_PUSHED, view_text("same"), "three", 30, &f->call));
	stage(f, "same", &unplaced, false, 0, 0);
	stage(f, "dead", &dead, true, 0, 0);
	stage(f, "there", &there, true, 8, 80);
	commit(f);
}

void store_shelf(struct fixture *f)
{
	static struct bytes file; /* as the first one closed it */

	if (file.data == NULL) {
		make_shelf(f);
		store_close(f->store);
		file = file_read(f->path);
	} else {
		store_close(f->store);
		file_write(f->path, file.data, file.len);
	}
	f->store = NULL;
	fixture_open(f);
}

/* ---- what calls give ---- */

static const char *version_name(const struct digest *version)
{
	const struct {
		const struct digest *version;
		const char *name;
	} names[] = {{&same, "same"}, {&edited, "edited"}, {&old, "old"}, {&dead, "dead"},
	    {&there, "there"}, {&fresh, "fresh"}, {&unplaced, "unplaced"}};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (digest_equal(names[i].version, version))
			return names[i].name;
	return "?";
}

static void tell_bytes(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%s", (const char *)out->bytes.data);
	bytes_clear(&out->bytes);
}

static void tell_entry(struct store_out *out, char *text)
{
	const struct journal_entry *entry = &out->entry;

	(void)snprintf(text, STORE_TEXT_MAX, "%s %s %s %02x%02x %d %d",
	    entry->has_local ? version_name(&entry->local) : "-",
	    entry->has_base ? version_name(&entry->base) : "-",
	    entry->has_cloud ? version_name(&entry->cloud) : "-", entry->author.bytes[0],
	    entry->author.bytes[1], (int)entry->cloud_seq, (int)entry->cloud_ms);
}

static void tell_id_and_version(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%s %s", (const char *)out->bytes.data,
	    version_name(&out->digest));
	bytes_clear(&out->bytes);
}

static void tell_staged(struct store_out *out, char *text)
{
	uint8_t by = out->device.bytes[15];

	tell_id_and_version(out, text);
	(void)snprintf(text + strlen(text), STORE_TEXT_MAX - strlen(text), " %02x", by);
}

static void tell_number(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d", (int)out->number);
}

static void tell_two(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d %d", (int)out->number, (int)out->second);
}

static void tell_flag(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, out->flag ? "yes" : "no");
}

static void tell_flag_and_number(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%s %d", out->flag ? "yes" : "no", (int)out->number);
}

static void tell_pending(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d %d", (int)out->pending.dirty_count,
	    (int)out->pending.losers_count);
}

static void tell_counts(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d %d %d %d %d", (int)out->counts.entries_count,
	    (int)out->counts.deleted_count, (int)out->counts.conflicts_count,
	    (int)out->counts.dirty_count, (int)out->counts.losers_count);
}

static void tell_row(struct store_out *out, char *text)
{
	struct journal_row *row = &out->row;

	(void)snprintf(text, STORE_TEXT_MAX, "%s %s %02x %d %s %d %d %s", (char *)row->id.data,
	    version_name(&row->version), row->author.bytes[0], (int)(row->created_ms / 86400000),
	    row->deleted ? "dead" : "live", (int)row->cloud_seq, (int)row->cloud_ms,
	    row->replaces ? version_name(&row->replaced) : "-");
	bytes_clear(&row->id);
	bytes_clear(&row->encoded);
}

static void tell_loser(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%s %s %02x", (const char *)out->loser.id.data,
	    version_name(&out->loser.version), out->loser.author.bytes[3]);
	bytes_clear(&out->loser.id);
	bytes_clear(&out->loser.encoded);
}

static void tell_segment(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%02x %d %02x", out->segment.run_hash.bytes[31],
	    (int)out->segment.name_count, out->segment.name_hash.bytes[31]);
}

static void tell_taken(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d %d", (int)out->number,
	    out->digest.bytes[0] != 0 || out->digest.bytes[1] != 0);
}

static void tell_device(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%02x", out->device.bytes[7]);
}

static void tell_seen(struct store_out *out, char *text)
{
	(void)out;
	(void)snprintf(text, STORE_TEXT_MAX, "%s", store_seen);
	store_seen[0] = '\0';
}

static void tell_place(struct store_out *out, char *text)
{
	(void)snprintf(text, STORE_TEXT_MAX, "%d %d", (int)out->number, (int)out->time_ms);
}

/* ---- the calls ---- */

#define RUN(name, ...) \
	static enum journal_result run_##name(struct fixture *f, struct store_out *out) \
	{ \
		(void)out; \
		return OPS(f)->name(f->store, __VA_ARGS__); \
	}

static const struct view nowhere; /* before every id */

RUN(meta_get, "name", &f->call, &out->bytes)
RUN(meta_set, "name", view_text("other"), &f->call)
RUN(meta_remove, "name", &f->call)
RUN(entry_get, view_text("edit"), &f->call, &out->entry)
RUN(dirty_next, view_text("edit"), &f->call, &out->bytes)
RUN(unsettled_next, view_text("coming"), &f->call, &out->bytes)
RUN(counts, &f->call, &out->counts)
RUN(pending, &f->call, &out->pending)
RUN(deletions_coming, &f->call, &out->number)
RUN(deletions_going, &f->call, &out->number)
RUN(settle_plain, 77, &f->call, &out->number)
RUN(tombstone_next, nowhere, 5, 5000, &f->call, &out->bytes)
RUN(tombstone_newest, &f->call, &out->number)
RUN(scan_next, &f->call, &out->row)
RUN(stage_count, &f->call, &out->number)
RUN(stage_places, &f->call, &out->flag, &out->number)
RUN(stage_next, view_text("dead"), &f->call, &out->bytes, &out->digest, &out->device)
RUN(stage_missing_next, view_text("coming"), &f->call, &out->bytes)
RUN(stage_install, 9, 99, &f->call)
RUN(stage_clear, &f->call)
RUN(sent_prune, 8, &f->call)
RUN(loser_next, nowhere, NULL, &f->call, &out->loser)
RUN(segments_clear, &f->call)
RUN(bases_forget, &f->call)
RUN(cloud_placed, 44, &f->call)
RUN(cloud_forget, &f->call)
RUN(version_author, view_text("same"), &same, &f->call, &out->device)
RUN(activity_add, ACTIVITY_COPY, view_text("copy"), "made", 40, &f->call)

/* One of several of a call. */
#define RUN_AS(name, call_name, ...) \
	static enum journal_result run_##name(struct fixture *f, struct store_out *out) \
	{ \
		(void)out; \
		return OPS(f)->call_name(f->store, __VA_ARGS__); \
	}

RUN_AS(sent_add, sent_add, &no_frame, 12, &f->call)
RUN_AS(sent_add_anew, sent_add, &full_frame, 12, &f->call)
RUN_AS(sent_all_dirty, sent_all_dirty, &empty_frame, &f->call)
RUN_AS(sent_known, sent_known, &full_frame, &f->call)
RUN_AS(sent_next, sent_next, &full_frame, view_text("copy"), &f->call, &out->bytes, &out->digest)
RUN_AS(sent_acknowledge, sent_acknowledge, &full_frame, &third, 6, 66, &f->call, &out->number,
    &out->digest)
RUN_AS(segment_find, segment_find, &known_run, &f->call, &out->segment)
RUN_AS(history_add, history_add, view_text("fresh"), &fresh, &third, HISTORY_IMPORT, 22, &f->call)
RUN_AS(loser_add, loser_add, view_text("same"), &unplaced, &third, &f->call)
RUN_AS(loser_settled, loser_settled, view_text("edit"), &old, &third, 23, &f->call)
RUN_AS(loser_settled_news, loser_settled, view_text("fresh"), &fresh, &third, 24, &f->call)
RUN_AS(device_seen, device_seen, &third, 7, 700, &f->call)
RUN_AS(cloud_set, cloud_set, view_text("same"), &unplaced, &third, 31, 310, &f->call)
RUN_AS(cloud_set_none, cloud_set, view_text("there"), NULL, NULL, 0, 0, &f->call)
RUN_AS(base_set, base_set, view_text("fresh"), &fresh, &f->call)
RUN_AS(base_set_none, base_set, view_text("edit"), NULL, &f->call)
RUN_AS(local_set, local_set, view_text("same"), &unplaced, &f->call)
RUN_AS(local_set_first, local_set, view_text("there"), &there, &f->call)
RUN_AS(local_set_none, local_set, view_text("fresh"), NULL, &f->call)

RUN(device_get, &first, &f->call, &out->number, &out->time_ms)
RUN(dirty_above, 100000, &f->call, &out->flag)

static enum journal_result run_segment_add(struct fixture *f, struct store_out *out)
{
	const struct journal_segment segment = {
	    .run_hash = filled(9), .name_count = 4, .name_hash = filled(10)};

	(void)out;
	return OPS(f)->segment_add(f->store, &segment, &f->call);
}

static enum journal_result run_stage_add(struct fixture *f, struct store_out *out)
{
	const struct journal_staged row = {.id = view_text("fresh"),
	    .version = fresh,
	    .author = device(3),
	    .deleted = true,
	    .seq = 21,
	    .time_ms = 210};

	(void)out;
	return OPS(f)->stage_add(f->store, &row, &f->call);
}

/* After the last entry, a version that is new. */
static enum journal_result run_version_put(struct fixture *f, struct store_out *out)
{
	struct entry entry = {.id = view_text("put"),
	    .collection = view_text("drafts"),
	    .title = view_text("a name"),
	    .content = view_text("words"),
	    .created_at = view_text("2026-01-06"),
	    .updated_at = view_text("2026-01-07"),
	    .deleted_at = view_text("2026-01-08"),
	    .conflict_of = view_text("same")};
	struct bytes encoded = {0};
	struct digest version;
	enum journal_result result;

	(void)out;
	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&encoded), &version), FORMAT_OK);
	result = OPS(f)->version_put(f->store, &version, view_bytes(&encoded), &f->call);
	bytes_clear(&encoded);
	return result;
}

RUN(sent_rename, &full_frame, &empty_frame, 13, &f->call)
RUN_AS(scan_open, scan_open, JOURNAL_SCAN_CLOUD, NULL, &f->call, &out->number, &out->second)
RUN_AS(
    scan_open_sent, scan_open, JOURNAL_SCAN_SENT, &full_frame, &f->call, &out->number, &out->second)
RUN_AS(scan_open_losers, scan_open, JOURNAL_SCAN_LOSERS, NULL, &f->call, &out->number, &out->second)

static bool see_item(void *self, const struct store_item *item)
{
	size_t len = strlen(store_seen);

	(void)self;
	(void)snprintf(
	    store_seen + len, STORE_TEXT_MAX - len, "%s%s ", item->id, item->dirty ? "*" : "");
	return true;
}

static enum journal_result list_with(struct fixture *f, const struct store_query *query)
{
	store_seen[0] = '\0';
	return store_list(f->store, query, see_item, NULL, &f->call);
}

static enum journal_result run_list(struct fixture *f, struct store_out *out)
{
	(void)out;
	return list_with(f, &(struct store_query){0});
}

static enum journal_result run_search(struct fixture *f, struct store_out *out)
{
	(void)out;
	return list_with(f, &(struct store_query){.match = "text"});
}

static enum journal_result run_resolve(struct fixture *f, struct store_out *out)
{
	return store_resolve(f->store, "fres", &f->call, &out->bytes);
}

static bool see_history(void *self, const struct store_history *row)
{
	size_t len = strlen(store_seen);

	(void)self;
	(void)snprintf(store_seen + len, STORE_TEXT_MAX - len, "%d:%s:%02x:%d:%d ",
	    (int)row->number, version_name(&row->version), row->author.bytes[0], row->kind,
	    (int)row->at_ms);
	return true;
}

static enum journal_result run_history(struct fixture *f, struct store_out *out)
{
	(void)out;
	store_seen[0] = '\0';
	return store_history(f->store, view_text("same"), see_history, NULL, &f->call);
}

static bool see_activity(void *self, const struct store_activity *row)
{
	size_t len = strlen(store_seen);

	(void)self;
	(void)snprintf(store_seen + len, STORE_TEXT_MAX - len, "%d:%d:%s:%s ", (int)row->at_ms,
	    row->kind, row->id, row->detail);
	return true;
}

static enum journal_result run_activity(struct fixture *f, struct store_out *out)
{
	(void)out;
	store_seen[0] = '\0';
	return store_activity(f->store, 0, see_activity, NULL, &f->call);
}

static enum journal_result run_check(struct fixture *f, struct store_out *out)
{
	(void)out;
	return store_check(f->store, &f->call);
}

#define STATE(id) \
	"SELECT iif(local IS NULL, '-', 'l'), iif(base IS NULL, '-', iif(base IS local, 'l', " \
	"'b'))," \
	" iif(cloud IS NULL, '-', iif(cloud IS local, 'l', iif(cloud IS base, 'b', 'c')))," \
	" hex(substr(author, 16)), cloud_seq, cloud_ms, created_ms / 86400000, deleted, conflict" \
	" FROM entries WHERE id = '" id "'"
#define SENT \
	"SELECT hex(substr(frame, 32)), seq, count(id) FROM sent LEFT JOIN sent_versions" \
	" ON sent = number GROUP BY number ORDER BY frame"
#define HISTORY \
	"SELECT id, kind, at_ms, hex(substr(author, 16)) FROM history WHERE kind <> 4 ORDER BY " \
	"number"
#define LOSERS "SELECT id, hex(substr(author, 16)) FROM losers ORDER BY id"
#define STAGED "SELECT id, hex(substr(author, 16)), deleted, seq, time_ms FROM staged ORDER BY id"
#define SEGMENTS \
	"SELECT hex(substr(run_hash, 32)), name_count, hex(substr(name_hash, 32)) FROM segments" \
	" ORDER BY 1"
#define ALL_STATES \
	"SELECT id, iif(local IS NULL, '-', 'l'), iif(base IS NULL, '-', iif(base IS local, 'l', " \
	"'b'))," \
	" iif(cloud IS NULL, '-', iif(cloud IS local, 'l', iif(cloud IS base, 'b', 'c'))), " \
	"cloud_seq" \
	" FROM entries ORDER BY id"

#define ASKS(name, tell, told) \
	{ \
#name, STORE_ASKS, run_##name, tell, told, NULL, NULL \
	}
#define WRITES(name, look, rows) \
	{ \
#name, STORE_WRITES, run_##name, NULL, NULL, look, rows \
	}
#define TELLS_AND_WRITES(name, tell, told, look, rows) \
	{ \
#name, STORE_WRITES, run_##name, tell, told, look, rows \
	}

const struct store_op store_ops[] = {
    ASKS(meta_get, tell_bytes, "value"),
    ASKS(entry_get, tell_entry, "edited old old aabb 3 3000"),
    ASKS(dirty_next, tell_bytes, "fresh"),
    ASKS(unsettled_next, tell_bytes, "there"),
    ASKS(counts, tell_counts, "5 2 1 5 1"),
    ASKS(pending, tell_pending, "5 1"),
    ASKS(dirty_above, tell_flag, "no"),
    ASKS(deletions_coming, tell_number, "1"),
    ASKS(deletions_going, tell_number, "1"),
    ASKS(tombstone_next, tell_bytes, "dead"),
    ASKS(tombstone_newest, tell_number, "5"),
    ASKS(scan_open, tell_two, "6 489"),
    ASKS(scan_open_sent, tell_two, "8 660"),
    ASKS(scan_open_losers, tell_two, "1 72"),
    {"scan_next", STORE_SCANS, run_scan_next, tell_row, "coming ? aa 20454 dead 6 6000 -", NULL,
	NULL},
    ASKS(sent_known, NULL, NULL),
    ASKS(sent_next, tell_id_and_version, "edit edited"),
    ASKS(loser_next, tell_loser, "edit old 02"),
    ASKS(segment_find, tell_segment, "07 3 08"),
    ASKS(stage_count, tell_number, "3"),
    ASKS(stage_places, tell_flag_and_number, "yes 8"),
    ASKS(stage_next, tell_staged, "same unplaced 02"),
    ASKS(stage_missing_next, tell_bytes, "coming"),
    ASKS(version_author, tell_device, "01"),
    ASKS(device_get, tell_place, "5 500"),
    ASKS(list, tell_seen, "same edit* fresh* copy* coming* "),
    ASKS(search, tell_seen, "same coming* copy* "),
    ASKS(resolve, tell_bytes, "fresh"),
    ASKS(history, tell_seen, "1:same:01:0:10 2:same:02:4:11 "),
    ASKS(activity, tell_seen, "30:7:same:three "),
    {"check", STORE_CHECKS, run_check, NULL, NULL, NULL, NULL},

    WRITES(meta_set, "SELECT name, value FROM meta", "name|other "),
    WRITES(meta_remove, "SELECT name, value FROM meta", ""),
    WRITES(version_put,
	"SELECT id, created_ms / 86400000, updated_ms / 86400000, deleted, conflict, collection,"
	" title, created_at, updated_at, deleted_at, conflict_of, length(encoded) > 30"
	" FROM versions WHERE id = 'put'",
	"put|20459|20460|1|1|drafts|a name|2026-01-06|2026-01-07|2026-01-08|same|1 "),
    WRITES(local_set, STATE("same"), "l|b|b|00|3|3000|20454|0|0 "),
    WRITES(local_set_first, STATE("there"), "l|-|l|00|4|4000|20455|0|0 "),
    WRITES(local_set_none, STATE("fresh"), ""),
    WRITES(base_set, STATE("fresh"), "l|l|-||0|0|20456|0|0 "),
    WRITES(base_set_none, STATE("edit"), "l|-|c|00|3|3000|20457|0|0 "),
    WRITES(cloud_set, STATE("same"), "l|l|c|03|31|310|20458|0|0 "),
    WRITES(cloud_set_none, STATE("there"), ""),
    TELLS_AND_WRITES(settle_plain, tell_number, "2",
	"SELECT * FROM (" ALL_STATES
	") UNION ALL SELECT id, kind, at_ms, hex(substr(author, 1, 2)), 0 FROM history"
	" WHERE kind = 4",
	"coming|l|l|l|6 copy|l|-|-|0 dead|l|l|l|5 edit|l|b|b|3 fresh|l|-|-|0 going|l|b|b|3 "
	"same|l|l|l|3 there|l|l|l|4 same|4|11|0202|0 coming|4|77|AABB|0 there|4|77|AABB|0 "),
    WRITES(sent_add, SENT, "F1|6|5 F2|9|0 F3|12|0 "),
    WRITES(sent_add_anew, SENT, "F1|12|0 F2|9|0 "),
    WRITES(sent_all_dirty, SENT, "F1|6|5 F2|9|5 "),
    TELLS_AND_WRITES(sent_acknowledge, tell_taken, "5 1", ALL_STATES,
	"coming|l|l|l|6 copy|l|l|l|6 dead|l|l|l|5 edit|l|l|l|6 fresh|l|l|l|6 going|l|l|l|6 "
	"same|l|l|l|3 there|-|-|c|4 "),
    WRITES(sent_rename, SENT, "F2|13|5 "),
    WRITES(sent_prune, SENT, "F2|9|0 "),
    WRITES(history_add, HISTORY, "same|0|10|01 edit|5|20|02 there|5|21|02 fresh|1|22|03 "),
    WRITES(activity_add, "SELECT at_ms, kind, id, detail FROM activity ORDER BY number",
	"30|7|same|three 40|10|copy|made "),
    WRITES(loser_add, LOSERS, "edit|02 same|03 "),
    WRITES(loser_settled, "SELECT * FROM (" HISTORY ") UNION ALL SELECT id, 99, 99, '' FROM losers",
	"same|0|10|01 edit|5|23|03 there|5|21|02 "),
    WRITES(loser_settled_news,
	"SELECT * FROM (" HISTORY ") UNION ALL SELECT id, 99, 99, '' FROM losers",
	"same|0|10|01 edit|5|20|02 there|5|21|02 fresh|5|24|03 edit|99|99| "),
    WRITES(segment_add, SEGMENTS, "07|3|08 09|4|0A "),
    WRITES(segments_clear, SEGMENTS, ""),
    WRITES(stage_add, STAGED, "dead|02|1|0|0 fresh|03|1|21|210 same|02|0|0|0 there|02|1|8|80 "),
    WRITES(stage_install, ALL_STATES,
	"coming|l|l|c|6 copy|l|-|-|0 dead|l|l|l|9 edit|l|b|b|3 fresh|l|-|-|0 going|l|b|b|3 "
	"same|l|l|c|9 there|-|-|c|8 "),
    WRITES(stage_clear, STAGED, ""),
    WRITES(bases_forget, ALL_STATES,
	"coming|l|-|c|6 copy|l|-|-|0 dead|l|l|l|5 edit|l|-|c|3 fresh|l|-|-|0 going|l|-|c|3 "
	"same|l|l|l|3 there|-|-|c|4 "),
    WRITES(cloud_placed, ALL_STATES,
	"coming|l|l|c|44 copy|l|-|-|0 dead|l|l|l|44 edit|l|b|b|44 fresh|l|-|-|0 going|l|b|b|44 "
	"same|l|l|l|44 there|-|-|c|44 "),
    WRITES(cloud_forget,
	"SELECT * FROM (" ALL_STATES ") UNION ALL SELECT 'sent', count(*), 0, 0, 0 FROM sent"
	" UNION ALL SELECT 'carried', count(*), 0, 0, 0 FROM sent_versions"
	" UNION ALL SELECT 'staged', count(*), 0, 0, 0 FROM staged"
	" UNION ALL SELECT 'segments', count(*), 0, 0, 0 FROM segments"
	" UNION ALL SELECT 'devices', count(*), 0, 0, 0 FROM devices"
	" UNION ALL SELECT 'losers', count(*), 0, 0, 0 FROM losers",
	"coming|l|-|-|0 copy|l|-|-|0 dead|l|-|-|0 edit|l|-|-|0 fresh|l|-|-|0 going|l|-|-|0 "
	"same|l|-|-|0 sent|0|0|0|0 carried|0|0|0|0 staged|0|0|0|0 segments|0|0|0|0 devices|0|0|0|0 "
	"losers|1|0|0|0 "),
    WRITES(device_seen, "SELECT hex(substr(device, 16)), seq, time_ms FROM devices ORDER BY 1",
	"01|5|500 03|7|700 "),
};
const size_t store_ops_count = COUNT_OF(store_ops);
