/*
 * tests/cli/engine/settle_test.c: one entry settled, for each outcome of the conflict rule and each
 * state in which a conflict copy may already be: what stands then, where, and by whom. Then the
 * same with each write and read of the journal failing in turn: the failure is told, and no
 * outcome.
 */
#include "cli/engine/settle.h"
#include "cli/engine/version.h"
#include "tests/cli/engine/failing_journal.h"
#include "tests/each.h"

#include <string.h>

static const struct device_id here = {{1}}, there = {{2}};

/* A version of the entry or of its copy; none: content NULL. Times are by the world's clock. */
struct side {
	const char *content;
	int64_t after_ms;
	bool deleted;
};
enum copied { COPY_NONE, COPY_OF_LOCAL, COPY_OF_CLOUD }; /* whose id the copy has */

static const struct settling {
	const char *name;
	struct side base, local, cloud;
	struct side copy; /* is there already */
	/* What is wanted. */
	struct side stands;     /* none: the entry is not here any more */
	const char *loser;      /* filed, and to be carried; NULL: none */
	const char *copy_loser; /* likewise, of the copy */
	int64_t copy_after_ms;
	enum copied copied;
	bool changed, conflict, deleted;
	/* What there is: the copy, or another version of it, in the cloud; after a reset. */
	bool copy_in_cloud, copy_edited, no_base;
} rows[] = {
    {.name = "nothing changed",
	.base = {"old", 0, false},
	.local = {"old", 0, false},
	.cloud = {"old", 0, false},
	.stands = {"old", 0, false}},
    {.name = "the cloud's is taken",
	.base = {"old", 0, false},
	.local = {"old", 0, false},
	.cloud = {"new", 1, false},
	.stands = {"new", 1, false},
	.changed = true},
    {.name = "it is new here",
	.cloud = {"new", 1, false},
	.stands = {"new", 1, false},
	.changed = true},
    {.name = "it is new here, and deleted",
	.cloud = {"new", 1, true},
	.stands = {"new", 1, true},
	.changed = true},
    {.name = "it is deleted there",
	.base = {"old", 0, false},
	.local = {"old", 0, false},
	.cloud = {"old", 1, true},
	.stands = {"old", 1, true},
	.changed = true,
	.deleted = true},
    {.name = "it was deleted here before",
	.base = {"old", 0, false},
	.local = {"old", 1, true},
	.cloud = {"old", 2, true},
	.stands = {"old", 2, true},
	.changed = true},
    {.name = "an edit here stands against a deletion",
	.base = {"old", 0, false},
	.local = {"mine", 1, false},
	.cloud = {"old", 2, true},
	.stands = {"mine", 1, false}},
    {.name = "purged: a tombstone goes",
	.base = {"old", 0, true},
	.local = {"old", 0, true},
	.changed = true},
    {.name = "purged: a live entry goes to the trash",
	.base = {"old", -5, false},
	.local = {"old", -5, false},
	.stands = {"old", 0, true},
	.changed = true},
    {.name = "purged: its time is still to come",
	.base = {"old", 900000, false},
	.local = {"old", 900000, false},
	.stands = {"old", 900001, true},
	.changed = true},
    {.name = "the cloud's is far later",
	.base = {"old", 0, false},
	.local = {"mine", 1, false},
	.cloud = {"theirs", 900000, false},
	.stands = {"theirs", 900000, false},
	.changed = true,
	.conflict = true,
	.loser = "mine"},
    {.name = "mine is far later",
	.base = {"old", 0, false},
	.local = {"mine", 900000, false},
	.cloud = {"theirs", 1, false},
	.stands = {"mine", 900000, false},
	.conflict = true,
	.loser = "theirs"},
    {.name = "a reset's tombstone wins over what is not newer",
	.local = {"mine", 1, false},
	.cloud = {"mine", 1, true},
	.no_base = true,
	.stands = {"mine", 1, true},
	.changed = true,
	.conflict = true,
	.deleted = true,
	.loser = "mine"},
    {.name = "close, the cloud's later",
	.base = {"old", 0, false},
	.local = {"mine", 1, false},
	.cloud = {"theirs", 2, false},
	.stands = {"theirs", 2, false},
	.changed = true,
	.conflict = true,
	.copied = COPY_OF_LOCAL,
	.copy_after_ms = 1},
    {.name = "close, mine later",
	.base = {"old", 0, false},
	.local = {"mine", 2, false},
	.cloud = {"theirs", 1, false},
	.stands = {"mine", 2, false},
	.conflict = true,
	.copied = COPY_OF_CLOUD,
	.copy_after_ms = 1},
    {.name = "a copy that is in the cloud gives way",
	.base = {"old", 0, false},
	.local = {"mine", 5, false},
	.cloud = {"theirs", 6, false},
	.copy = {"lost before", 1, false},
	.copy_in_cloud = true,
	.stands = {"theirs", 6, false},
	.changed = true,
	.conflict = true,
	.copied = COPY_OF_LOCAL,
	.copy_loser = "lost before",
	.copy_after_ms = 5},
    {.name = "a copy that nobody has pushed gives way",
	.base = {"old", 0, false},
	.local = {"mine", 5, false},
	.cloud = {"theirs", 6, false},
	.copy = {"lost before", 1, false},
	.stands = {"theirs", 6, false},
	.changed = true,
	.conflict = true,
	.copied = COPY_OF_LOCAL,
	.copy_loser = "lost before",
	.copy_after_ms = 5},
    {.name = "a copy that was edited, later than what is lost now",
	.base = {"old", 0, false},
	.local = {"mine", 6, false},
	.cloud = {"theirs", 5, false},
	.copy = {"lost before", 9, false},
	.copy_in_cloud = true,
	.copy_edited = true,
	.stands = {"mine", 6, false},
	.conflict = true,
	.copied = COPY_OF_CLOUD,
	.copy_loser = "lost before",
	.copy_after_ms = 10},
    {.name = "a copy of the same millisecond moves on by one",
	.base = {"old", 0, false},
	.local = {"mine", 5, false},
	.cloud = {"theirs", 6, false},
	.copy = {"lost before", 5, false},
	.copy_in_cloud = true,
	.stands = {"theirs", 6, false},
	.changed = true,
	.conflict = true,
	.copied = COPY_OF_LOCAL,
	.copy_loser = "lost before",
	.copy_after_ms = 6},
    {.name = "a copy that was deleted holds nothing to be lost",
	.base = {"old", 0, false},
	.local = {"mine", 5, false},
	.cloud = {"theirs", 6, false},
	.copy = {"lost before", 1, true},
	.stands = {"theirs", 6, false},
	.changed = true,
	.conflict = true,
	.copied = COPY_OF_LOCAL,
	.copy_after_ms = 5},
};

static struct world world;
static struct device device;
static char copy_ids[2][COPY_ID_LEN + 1]; /* local's, the cloud's */

static int journal_setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	entry_copy_id(view_text("e1"), &here, copy_ids[0]);
	entry_copy_id(view_text("e1"), &there, copy_ids[1]);
	return 0;
}

static int journal_teardown(void **state)
{
	(void)state;
	device_close(&device);
	world_close(&world);
	return 0;
}

static struct digest store_side(const char *id, const struct side *side)
{
	char at[TIME_PRINT_MAX];
	struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(side->content),
	    .created_at = view_text("2025-12-31T00:00:00.000Z")};
	struct digest hash;

	time_print_ms(world.now_ms + side->after_ms, at);
	entry.updated_at = view_text(at);
	if (side->deleted)
		entry.deleted_at = entry.updated_at;
	assert_engine(
	    &device, version_store(&device.engine, &entry, &device.call, &hash), ENGINE_OK);
	return hash;
}

static void set_local(const char *id, const struct digest *version)
{
	assert_int_equal(device.engine.journal.ops->local_set(
			     device.store, view_text(id), version, &device.call),
	    JOURNAL_OK);
}

static void set_cloud(const char *id, const struct digest *version)
{
	assert_int_equal(device.engine.journal.ops->cloud_set(device.store, view_text(id), version,
			     &there, 1, world.now_ms, &device.call),
	    JOURNAL_OK);
}

/* In a transaction: what the row begins with. */
static struct settle_input begin(const struct settling *row)
{
	struct settle_input input = {.id = view_text("e1"),
	    .has_base = row->base.content != NULL,
	    .has_local = row->local.content != NULL,
	    .local_author = here,
	    .has_cloud = row->cloud.content != NULL,
	    .cloud_author = there,
	    .no_base = row->no_base};
	const char *copy_id = copy_ids[row->copied == COPY_OF_CLOUD];

	call_init(&device.call, world.now_ms + 60000);
	assert_int_equal(device.engine.journal.ops->begin(device.store, &device.call), JOURNAL_OK);
	if (input.has_base)
		input.base = store_side("e1", &row->base);
	if (input.has_local) {
		input.local = store_side("e1", &row->local);
		set_local("e1", &input.local);
	}
	if (input.has_cloud) {
		input.cloud = store_side("e1", &row->cloud);
		set_cloud("e1", &input.cloud);
	}
	if (row->copy.content != NULL) {
		struct side pushed = {"as it was pushed", 0, false};
		struct digest copy = store_side(copy_id, &row->copy);
		struct digest other = store_side(copy_id, &pushed);

		set_local(copy_id, &copy);
		if (row->copy_in_cloud)
			set_cloud(copy_id, row->copy_edited ? &other : &copy);
	}
	return input;
}

struct losers_seen {
	size_t count;
	struct device_id author; /* of the last */
};

static struct losers_seen losers(const char *id, const char *content)
{
	struct losers_seen seen = {0};
	struct journal_loser loser = {0};
	struct bytes after = {0};
	struct digest version = {{0}};

	while (device.engine.journal.ops->loser_next(device.store, view_bytes(&after), &version,
		   &device.call, &loser) == JOURNAL_OK) {
		struct entry entry;

		assert_int_equal(entry_decode(view_bytes(&loser.encoded), &entry), FORMAT_OK);
		if (view_equal(entry.id, view_text(id)) &&
		    view_equal(entry.content, view_text(content))) {
			seen.count++;
			seen.author = loser.author;
		}
		bytes_clear(&after);
		after = loser.id;
		version = loser.version;
		bytes_clear(&loser.encoded);
	}
	bytes_clear(&after);
	return seen;
}

/* Filed once, and waiting to be carried once. */
static void assert_filed(const struct settling *row, const char *id, const char *content, bool ours)
{
	struct losers_seen seen;

	if (content == NULL) {
		if (device_history(&device, id, HISTORY_LOSER) != 0)
			fail_msg("%s: a loser of %s is filed", row->name, id);
		return;
	}
	seen = losers(id, content);
	if (seen.count != 1 || device_history(&device, id, HISTORY_LOSER) != 1 ||
	    !device_keeps(&device, id, HISTORY_LOSER, content))
		fail_msg("%s: the loser of %s is not filed and carried", row->name, id);
	if (!device_equal(&seen.author, ours ? &here : &there))
		fail_msg("%s: the loser of %s is by another", row->name, id);
}

/* The rows of that kind, of which the last is by that device. */
struct rows_seen {
	enum history_kind kind;
	size_t count;
	struct device_id author;
};

static bool see_row(void *self, const struct store_history *row)
{
	struct rows_seen *seen = self;

	if (row->kind == seen->kind) {
		seen->count++;
		seen->author = row->author;
	}
	return true;
}

/* One row of that kind at most, and by whom. */
static void assert_told(const struct settling *row, const char *id, enum history_kind kind,
    bool wanted, const struct device_id *author)
{
	struct rows_seen seen = {.kind = kind};

	assert_int_equal(
	    store_history(device.store, view_text(id), see_row, &seen, &device.call), JOURNAL_OK);
	if (seen.count != wanted || (wanted && !device_equal(&seen.author, author)))
		fail_msg("%s: the history of %s, kind %d: %zu rows", row->name, id, (int)kind,
		    seen.count);
}

/* By what it says of itself. */
static void assert_copy_of(const char *id, const char *of)
{
	struct digest hash = device_version(&device, id);
	struct version version = {0};

	assert_engine(&device,
	    version_load(&device.engine, view_text(id), &hash, &device.call, &version), ENGINE_OK);
	assert_true(view_equal(version.entry.id, view_text(id)));
	assert_true(view_equal(version.entry.conflict_of, view_text(of)));
	version_clear(&version);
}

static void assert_copied(const struct settling *row, const struct edit_outcome *outcome)
{
	const char *id = copy_ids[row->copied == COPY_OF_CLOUD];

	if (row->copied == COPY_NONE) {
		assert_string_equal(outcome->copy_id, "");
		assert_int_equal(device_activity(&device, ACTIVITY_COPY), 0);
		return;
	}
	assert_string_equal(outcome->copy_id, id);
	assert_copy_of(id, "e1");
	assert_content(&device, id, row->copied == COPY_OF_CLOUD ? "theirs" : "mine");
	assert_false(device_deleted(&device, id));
	assert_int_equal(device_updated_ms(&device, id), world.now_ms + row->copy_after_ms);
	assert_int_equal(device_activity(&device, ACTIVITY_COPY), 1);
	assert_told(row, id, HISTORY_COPY, true, row->copied == COPY_OF_CLOUD ? &there : &here);
	/* An unpushed or edited copy was made here; else by who made the cloud's. */
	assert_filed(row, id, row->copy_loser, !row->copy_in_cloud || row->copy_edited);
}

static void assert_standing(const struct settling *row)
{
	const struct side *stands = &row->stands;

	/* What was taken is by who made the cloud's; what is deleted here, for its absence, by
	 * this. */
	assert_told(row, "e1", HISTORY_PULLED, row->changed && row->cloud.content != NULL, &there);
	assert_told(row, "e1", HISTORY_DELETE,
	    row->changed && row->cloud.content == NULL && stands->content != NULL, &here);
	if (device_has(&device, "e1") != (stands->content != NULL))
		fail_msg("%s: it is here: %d", row->name, stands->content == NULL);
	if (stands->content == NULL)
		return;
	assert_content(&device, "e1", stands->content);
	if (device_deleted(&device, "e1") != stands->deleted ||
	    device_updated_ms(&device, "e1") != world.now_ms + stands->after_ms)
		fail_msg("%s: another version stands", row->name);
}

static void each_outcome_is_done(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct settling *row = &rows[i];
		struct settle_input input = begin(row);
		struct edit_outcome outcome = {0};
		bool changed = !row->changed;

		assert_engine(&device,
		    settle_entry(&device.engine, &input, &device.call, &changed, &outcome),
		    ENGINE_OK);
		if (changed != row->changed || outcome.conflict != row->conflict ||
		    outcome.deleted != row->deleted)
			fail_msg("%s: changed %d, conflict %d, deleted %d", row->name, changed,
			    outcome.conflict, outcome.deleted);
		assert_standing(row);
		assert_filed(row, "e1", row->loser, row->changed);
		assert_copied(row, &outcome);
		assert_int_equal(device_activity(&device, ACTIVITY_CONFLICT), row->loser != NULL);
		device.engine.journal.ops->rollback(device.store);
	}
}

static void a_journal_that_fails_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct each each = {.of = rows[i].name};

		while (each_next(&each)) {
			struct settle_input input = begin(&rows[i]);
			struct edit_outcome outcome = {.copy_id = "as it was"};
			bool changed = !rows[i].changed;
			enum engine_result result;

			journal_arm(&device, each.nth);
			result =
			    settle_entry(&device.engine, &input, &device.call, &changed, &outcome);
			each.hit = journal_disarm(&device);
			device.engine.journal.ops->rollback(device.store);
			if (each.hit && (result != ENGINE_FULL || changed == rows[i].changed ||
					    strcmp(outcome.copy_id, "as it was") != 0))
				fail_msg("%s: operation %u fails: %s", rows[i].name, each.nth,
				    engine_result_text(result));
		}
	}
}

/* What the journal gives of one version is damaged, as if it had rotted on the disk. */
static struct {
	const struct journal_ops *ops; /* the store's */
	struct journal_ops rotted;
	struct digest version;
} rot;

static enum journal_result rotted_get(
    void *self, const struct digest *version, struct call *call, struct bytes *encoded_out)
{
	enum journal_result result = rot.ops->version_get(self, version, call, encoded_out);

	if (result == JOURNAL_OK && digest_equal(version, &rot.version))
		encoded_out->data[encoded_out->len - 1] ^= 1;
	return result;
}

static void rot_begin(const struct digest *version)
{
	rot.ops = device.engine.journal.ops;
	rot.rotted = *rot.ops;
	rot.rotted.version_get = rotted_get;
	rot.version = *version;
	device.engine.journal.ops = &rot.rotted;
}

static void rot_end(void)
{
	device.engine.journal.ops = rot.ops;
	rot.ops->rollback(device.store);
}

static const struct {
	struct settling row;
	bool warned;
} damaged[] = {
    {.row = {.name = "the cloud's heals it",
	 .base = {"old", 0, false},
	 .local = {"old", 0, false},
	 .cloud = {"new", 1, false},
	 .stands = {"new", 1, false},
	 .changed = true}},
    {.row = {.name = "an edit gives way, and that is said",
	 .base = {"old", 0, false},
	 .local = {"mine", 1, false},
	 .cloud = {"new", 2, false},
	 .stands = {"new", 2, false},
	 .changed = true},
	.warned = true},
    {.row = {.name = "an edit of what the cloud never had, too",
	 .local = {"mine", 1, false},
	 .cloud = {"new", 2, false},
	 .stands = {"new", 2, false},
	 .changed = true},
	.warned = true},
    {.row = {.name = "the cloud has the same",
	 .base = {"old", 0, false},
	 .local = {"new", 1, false},
	 .cloud = {"new", 1, false},
	 .stands = {"new", 1, false}}},
    {.row = {.name = "the cloud has let it go",
	 .base = {"old", 0, false},
	 .local = {"old", 0, false},
	 .changed = true}},
    {.row = {.name = "the cloud has let it go, and it was edited",
	 .base = {"old", 0, false},
	 .local = {"mine", 1, false},
	 .stands = {"mine", 1, false}}},
};

/* As nothing of what is done here can leave it. */
static const struct edit_outcome untouched = {
    .conflict = true, .deleted = true, .copy_id = "as it was"};

/* Nothing is judged by it: the cloud's takes its place, or what it was begun on stays. */
static void a_damaged_local_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		const struct settling *row = &damaged[i].row;
		struct settle_input input = begin(row);
		struct edit_outcome outcome = untouched;
		struct digest stands;
		bool changed = !row->changed;

		rot_begin(&input.local);
		assert_engine(&device,
		    settle_entry(&device.engine, &input, &device.call, &changed, &outcome),
		    ENGINE_OK);
		if (changed != row->changed || outcome.conflict || outcome.deleted ||
		    outcome.copy_id[0] != '\0')
			fail_msg("%s: another outcome", row->name);
		assert_int_equal(
		    device_activity(&device, ACTIVITY_WARNING), damaged[i].warned ? 1 : 0);
		assert_told(
		    row, "e1", HISTORY_PULLED, row->changed && row->cloud.content != NULL, &there);
		assert_int_equal(device_has(&device, "e1"), row->stands.content != NULL);
		if (row->stands.content != NULL) {
			stands = device_version(&device, "e1");
			assert_true(
			    digest_equal(&stands, row->changed ? &input.cloud : &input.local));
		}
		rot_end();
	}
}

static void a_full_disk_heals_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		struct each each = {.of = damaged[i].row.name};

		while (each_next(&each)) {
			struct settle_input input = begin(&damaged[i].row);
			struct edit_outcome outcome;
			enum engine_result result;
			bool changed;

			rot_begin(&input.local);
			journal_arm(&device, each.nth);
			result =
			    settle_entry(&device.engine, &input, &device.call, &changed, &outcome);
			each.hit = journal_disarm(&device);
			rot_end();
			if (each.hit && result != ENGINE_FULL)
				fail_msg("%s: operation %u fails: %s", damaged[i].row.name,
				    each.nth, engine_result_text(result));
		}
	}
}

/* An open editor's save is judged against what the entry is now, and that is damaged. */
static void a_damaged_version_there_gives_way(void **state)
{
	const struct settling row = {
	    .base = {"old", 0, false}, .local = {"mine", 2, false}, .cloud = {"theirs", 1, false}};
	struct settle_input input = begin(&row);
	struct edit_outcome outcome = untouched;
	bool changed = true;

	(void)state;
	rot_begin(&input.cloud);
	assert_engine(&device,
	    settle_entry(&device.engine, &input, &device.call, &changed, &outcome), ENGINE_OK);
	assert_false(changed);
	assert_false(outcome.conflict);
	assert_false(outcome.deleted);
	assert_string_equal(outcome.copy_id, "");
	rot_end();
}

/* The loser is kept all the same; what the copy held is not filed, for nobody could read it. */
static void a_damaged_copy_gives_way(void **state)
{
	const struct settling row = {.base = {"old", 0, false},
	    .local = {"mine", 5, false},
	    .cloud = {"theirs", 6, false},
	    .copy = {"lost before", 1, false},
	    .copied = COPY_OF_LOCAL};
	struct settle_input input = begin(&row);
	struct edit_outcome outcome;
	struct digest before = device_version(&device, copy_ids[0]), after;
	bool changed = false;

	(void)state;
	rot_begin(&before);
	assert_engine(&device,
	    settle_entry(&device.engine, &input, &device.call, &changed, &outcome), ENGINE_OK);
	assert_true(changed);
	assert_string_equal(outcome.copy_id, copy_ids[0]);
	assert_int_equal(device_history(&device, copy_ids[0], HISTORY_LOSER), 0);
	after = device_version(&device, copy_ids[0]);
	assert_false(digest_equal(&after, &before));
	rot_end();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(each_outcome_is_done, journal_setup, journal_teardown),
    cmocka_unit_test_setup_teardown(a_journal_that_fails_is_told, journal_setup, journal_teardown),
    cmocka_unit_test_setup_teardown(a_damaged_local_version, journal_setup, journal_teardown),
    cmocka_unit_test_setup_teardown(a_full_disk_heals_nothing, journal_setup, journal_teardown),
    cmocka_unit_test_setup_teardown(
	a_damaged_version_there_gives_way, journal_setup, journal_teardown),
    cmocka_unit_test_setup_teardown(a_damaged_copy_gives_way, journal_setup, journal_teardown),
};

TEST_MAIN(tests)
