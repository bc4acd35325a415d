/*
 * tests/cli/engine/failing_journal.c: see failing_journal.h.
 */
#include "tests/cli/engine/failing_journal.h"

static struct {
	const struct journal_ops *real;
	struct journal_ops ops;
	unsigned nth, count;
} failing;

static bool fails(void)
{
	return ++failing.count == failing.nth;
}

static enum journal_result entry_get(
    void *self, struct view id, struct call *call, struct journal_entry *out)
{
	return fails() ? JOURNAL_FULL : failing.real->entry_get(self, id, call, out);
}

static enum journal_result version_get(
    void *self, const struct digest *version, struct call *call, struct bytes *encoded_out)
{
	return fails() ? JOURNAL_FULL : failing.real->version_get(self, version, call, encoded_out);
}

static enum journal_result version_put(
    void *self, const struct digest *version, struct view encoded, struct call *call)
{
	return fails() ? JOURNAL_FULL : failing.real->version_put(self, version, encoded, call);
}

static enum journal_result local_set(
    void *self, struct view id, const struct digest *version, struct call *call)
{
	return fails() ? JOURNAL_FULL : failing.real->local_set(self, id, version, call);
}

static enum journal_result history_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, enum history_kind kind, int64_t at_ms, struct call *call)
{
	return fails() ? JOURNAL_FULL
		       : failing.real->history_add(self, id, version, author, kind, at_ms, call);
}

static enum journal_result activity_add(void *self, enum activity_kind kind, struct view id,
    const char *detail, int64_t at_ms, struct call *call)
{
	return fails() ? JOURNAL_FULL
		       : failing.real->activity_add(self, kind, id, detail, at_ms, call);
}

static enum journal_result loser_add(void *self, struct view id, const struct digest *version,
    const struct device_id *author, struct call *call)
{
	return fails() ? JOURNAL_FULL : failing.real->loser_add(self, id, version, author, call);
}

void journal_arm(struct device *device, unsigned nth)
{
	failing.real = device->engine.journal.ops;
	failing.ops = *failing.real;
	failing.ops.entry_get = entry_get;
	failing.ops.version_get = version_get;
	failing.ops.version_put = version_put;
	failing.ops.local_set = local_set;
	failing.ops.history_add = history_add;
	failing.ops.activity_add = activity_add;
	failing.ops.loser_add = loser_add;
	failing.nth = nth;
	failing.count = 0;
	device->engine.journal.ops = &failing.ops;
}

bool journal_disarm(struct device *device)
{
	device->engine.journal.ops = failing.real;
	return failing.count >= failing.nth;
}
