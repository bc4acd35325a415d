/*
 * tests/cli/engine/failing_journal.c: see failing_journal.h.
 */
#include "tests/cli/engine/failing_journal.h"
#include "cli/engine/stage.h"
#include "tests/cli/engine/way.h"

#define CALLS_MAX 4096u

static struct {
	struct device *device;
	const struct journal_ops *real;
	unsigned nth, count;
	const char *failed;
	bool open;   /* a transaction that was begun meanwhile … */
	bool broken; /* … and in which a call has failed: it is to be rolled back */
	void (*committed)(struct device *device);
	void (*aside)(bool aside);
	int depth; /* of calls, where the journal was armed */
	uint64_t ways[CALLS_MAX];
} failing;

static bool fails(const char *op, struct call *call)
{
	failing.count++;
	if (failing.nth == 0) {
		assert_true(failing.count < CALLS_MAX);
		failing.ways[failing.count] = way_from(failing.depth);
	}
	if (failing.count != failing.nth)
		return false;
	failing.failed = op;
	failing.broken = failing.open;
	call_sayf(call, "the disk is full");
	return true;
}

static void step_aside(bool aside)
{
	if (failing.aside != NULL)
		failing.aside(aside);
}

static enum journal_result done(enum journal_result result)
{
	step_aside(false);
	return result;
}

static enum journal_result begun(enum journal_result result)
{
	failing.open = result == JOURNAL_OK;
	return done(result);
}

static enum journal_result begin(void *self, struct call *call)
{
	if (fails("begin", call))
		return JOURNAL_FULL;
	step_aside(true);
	return begun(failing.real->begin(self, call));
}

static enum journal_result begin_light(void *self, struct call *call)
{
	if (fails("begin_light", call))
		return JOURNAL_FULL;
	step_aside(true);
	return begun(failing.real->begin_light(self, call));
}

static enum journal_result commit(void *self, struct call *call)
{
	enum journal_result result;

	if (failing.broken)
		fail_msg(
		    "committed, although %s had failed (call %u)", failing.failed, failing.nth);
	if (fails("commit", call))
		return JOURNAL_FULL;
	step_aside(true);
	result = failing.real->commit(self, call);
	if (result == JOURNAL_OK) {
		failing.open = false;
		if (failing.committed != NULL)
			failing.committed(failing.device);
	}
	return done(result);
}

static void rollback(void *self)
{
	failing.open = failing.broken = false;
	step_aside(true);
	failing.real->rollback(self);
	step_aside(false);
}

/* What the journal does, unless it is this call's turn to fail. */
#define FAILING(op, parameters, ...) \
	static enum journal_result on_##op parameters \
	{ \
		if (fails(#op, call)) \
			return JOURNAL_FULL; \
		step_aside(true); \
		return done(failing.real->op(__VA_ARGS__)); \
	}

#define CALL struct call *call
#define ID struct view id
#define AFTER struct view after
#define VERSION const struct digest *version
#define AUTHOR const struct device_id *author
#define FRAME const struct digest *frame

FAILING(meta_get, (void *self, const char *name, CALL, struct bytes *out), self, name, call, out)
FAILING(meta_set, (void *self, const char *name, struct view value, CALL), self, name, value, call)
FAILING(meta_remove, (void *self, const char *name, CALL), self, name, call)
FAILING(entry_get, (void *self, ID, CALL, struct journal_entry *out), self, id, call, out)
FAILING(version_get, (void *self, VERSION, CALL, struct bytes *out), self, version, call, out)
FAILING(version_put, (void *self, VERSION, struct view encoded, CALL), self, version, encoded, call)
FAILING(local_set, (void *self, ID, VERSION, CALL), self, id, version, call)
FAILING(base_set, (void *self, ID, VERSION, CALL), self, id, version, call)
FAILING(cloud_set, (void *self, ID, VERSION, AUTHOR, uint64_t seq, int64_t ms, CALL), self, id,
    version, author, seq, ms, call)
FAILING(dirty_next, (void *self, AFTER, CALL, struct bytes *out), self, after, call, out)
FAILING(unsettled_next, (void *self, AFTER, CALL, struct bytes *out), self, after, call, out)
FAILING(counts, (void *self, CALL, struct journal_counts *out), self, call, out)
FAILING(pending, (void *self, CALL, struct journal_pending *out), self, call, out)
FAILING(dirty_above, (void *self, uint64_t bytes, CALL, bool *out), self, bytes, call, out)
FAILING(deletions_coming, (void *self, CALL, uint64_t *out), self, call, out)
FAILING(deletions_going, (void *self, CALL, uint64_t *out), self, call, out)
FAILING(settle_plain, (void *self, int64_t at_ms, CALL, uint64_t *out), self, at_ms, call, out)
FAILING(tombstone_next,
    (void *self, AFTER, uint64_t seq_max, int64_t before_ms, CALL, struct bytes *out), self, after,
    seq_max, before_ms, call, out)
FAILING(tombstone_newest, (void *self, CALL, uint64_t *out), self, call, out)
FAILING(scan_open,
    (void *self, enum journal_scan which, FRAME, CALL, uint64_t *count, uint64_t *bytes), self,
    which, frame, call, count, bytes)
FAILING(scan_next, (void *self, CALL, struct journal_row *out), self, call, out)
FAILING(sent_add, (void *self, FRAME, uint64_t seq, CALL), self, frame, seq, call)
FAILING(sent_all_dirty, (void *self, FRAME, CALL), self, frame, call)
FAILING(sent_known, (void *self, FRAME, CALL), self, frame, call)
FAILING(sent_next, (void *self, FRAME, AFTER, CALL, struct bytes *id, struct digest *version), self,
    frame, after, call, id, version)
FAILING(sent_acknowledge,
    (void *self, FRAME, AUTHOR, uint64_t seq, int64_t ms, CALL, uint64_t *count,
	struct digest *versions),
    self, frame, author, seq, ms, call, count, versions)
FAILING(sent_rename, (void *self, FRAME, const struct digest *to, uint64_t seq, CALL), self, frame,
    to, seq, call)
FAILING(sent_prune, (void *self, uint64_t seq, CALL), self, seq, call)
FAILING(history_add, (void *self, ID, VERSION, AUTHOR, enum history_kind kind, int64_t ms, CALL),
    self, id, version, author, kind, ms, call)
FAILING(activity_add,
    (void *self, enum activity_kind kind, ID, const char *detail, int64_t ms, CALL), self, kind, id,
    detail, ms, call)
FAILING(loser_add, (void *self, ID, VERSION, AUTHOR, CALL), self, id, version, author, call)
FAILING(loser_next, (void *self, AFTER, VERSION, CALL, struct journal_loser *out), self, after,
    version, call, out)
FAILING(loser_settled, (void *self, ID, VERSION, AUTHOR, int64_t ms, CALL), self, id, version,
    author, ms, call)
FAILING(segment_find, (void *self, const struct digest *run, CALL, struct journal_segment *out),
    self, run, call, out)
FAILING(segment_add, (void *self, const struct journal_segment *segment, CALL), self, segment, call)
FAILING(segments_clear, (void *self, CALL), self, call)
FAILING(stage_add, (void *self, const struct journal_staged *staged, CALL), self, staged, call)
FAILING(stage_next,
    (void *self, AFTER, CALL, struct bytes *id, struct digest *version, struct device_id *author),
    self, after, call, id, version, author)
FAILING(stage_count, (void *self, CALL, uint64_t *out), self, call, out)
FAILING(stage_places, (void *self, CALL, bool *own, uint64_t *newest), self, call, own, newest)
FAILING(stage_missing_next, (void *self, AFTER, CALL, struct bytes *out), self, after, call, out)
FAILING(stage_install, (void *self, uint64_t seq, int64_t ms, CALL), self, seq, ms, call)
FAILING(stage_clear, (void *self, CALL), self, call)
FAILING(bases_forget, (void *self, CALL), self, call)
FAILING(cloud_placed, (void *self, uint64_t seq, CALL), self, seq, call)
FAILING(version_author, (void *self, ID, VERSION, CALL, struct device_id *out), self, id, version,
    call, out)
FAILING(cloud_forget, (void *self, CALL), self, call)
FAILING(
    device_seen, (void *self, AUTHOR, uint64_t seq, int64_t ms, CALL), self, author, seq, ms, call)
FAILING(
    device_get, (void *self, AUTHOR, CALL, uint64_t *seq, int64_t *ms), self, author, call, seq, ms)

static void scan_close(void *self)
{
	failing.real->scan_close(self);
}

/* All of them: an operation that is missing here has no call in the whole run. */
static const struct journal_ops all = {
    .begin = begin,
    .begin_light = begin_light,
    .commit = commit,
    .rollback = rollback,
    .meta_get = on_meta_get,
    .meta_set = on_meta_set,
    .meta_remove = on_meta_remove,
    .entry_get = on_entry_get,
    .version_get = on_version_get,
    .version_put = on_version_put,
    .local_set = on_local_set,
    .base_set = on_base_set,
    .cloud_set = on_cloud_set,
    .dirty_next = on_dirty_next,
    .unsettled_next = on_unsettled_next,
    .counts = on_counts,
    .pending = on_pending,
    .dirty_above = on_dirty_above,
    .deletions_coming = on_deletions_coming,
    .deletions_going = on_deletions_going,
    .settle_plain = on_settle_plain,
    .tombstone_next = on_tombstone_next,
    .tombstone_newest = on_tombstone_newest,
    .scan_open = on_scan_open,
    .scan_next = on_scan_next,
    .scan_close = scan_close,
    .sent_add = on_sent_add,
    .sent_all_dirty = on_sent_all_dirty,
    .sent_known = on_sent_known,
    .sent_next = on_sent_next,
    .sent_acknowledge = on_sent_acknowledge,
    .sent_rename = on_sent_rename,
    .sent_prune = on_sent_prune,
    .history_add = on_history_add,
    .activity_add = on_activity_add,
    .loser_add = on_loser_add,
    .loser_next = on_loser_next,
    .loser_settled = on_loser_settled,
    .segment_find = on_segment_find,
    .segment_add = on_segment_add,
    .segments_clear = on_segments_clear,
    .stage_add = on_stage_add,
    .stage_next = on_stage_next,
    .stage_count = on_stage_count,
    .stage_places = on_stage_places,
    .stage_missing_next = on_stage_missing_next,
    .stage_install = on_stage_install,
    .stage_clear = on_stage_clear,
    .bases_forget = on_bases_forget,
    .cloud_placed = on_cloud_placed,
    .version_author = on_version_author,
    .cloud_forget = on_cloud_forget,
    .device_seen = on_device_seen,
    .device_get = on_device_get,
};

void journal_arm(struct device *device, unsigned nth)
{
	failing.depth = way_depth() - 1; /* of this function's caller */
	failing.device = device;
	failing.real = device->engine.journal.ops;
	failing.nth = nth;
	failing.count = 0;
	failing.failed = "none";
	failing.open = failing.broken = false;
	failing.committed = NULL;
	failing.aside = NULL;
	device->engine.journal.ops = &all;
}

bool journal_disarm(struct device *device)
{
	device->engine.journal.ops = failing.real;
	if (failing.open)
		fail_msg(
		    "a transaction was left open after %s (call %u)", failing.failed, failing.nth);
	return failing.nth != 0 && failing.count >= failing.nth;
}

unsigned journal_calls(void)
{
	return failing.count;
}

uint64_t journal_way(unsigned nth)
{
	assert_in_range(nth, 1, failing.count);
	return failing.ways[nth];
}

const char *journal_failed(void)
{
	return failing.failed;
}

void journal_watch(void (*committed)(struct device *device))
{
	failing.committed = committed;
}

void journal_aside(void (*aside)(bool aside))
{
	failing.aside = aside;
}
