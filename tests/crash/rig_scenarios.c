/*
 * tests/crash/rig_scenarios.c: what a person and a device do while something fails. Each step says
 * how it went, and nothing here insists on it.
 */
#include "tests/crash/rig.h"

#include <stdio.h>
#include <string.h>

#define IMPORTED 6u
#define LONG_COUNT 12u

static void afresh(struct rig *rig)
{
	rig->world.now_ms += 1000;
	call_init(&rig->a.call, rig->world.now_ms + 60000);
}

static struct rig_note *note(
    struct rig *rig, const char *id, const char *content, enum history_kind kind)
{
	assert_true(rig->notes_count < RIG_NOTES_MAX);
	rig->notes[rig->notes_count] = (struct rig_note){id, content, kind, false};
	return &rig->notes[rig->notes_count++];
}

static struct entry entry_of(const char *id, const char *content)
{
	return (struct entry){.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(content)};
}

/* Saves what is new, or what was begun on the version that is there. */
static enum engine_result save(struct rig *rig, const char *id, const char *content)
{
	struct device *a = &rig->a;
	struct entry entry = entry_of(id, content);
	struct journal_entry state = {0};
	struct rig_note *saved = note(rig, id, content, HISTORY_EDIT);
	struct edit_outcome outcome;
	enum journal_result found;
	enum engine_result result;

	afresh(rig);
	found = a->engine.journal.ops->entry_get(a->store, entry.id, &a->call, &state);
	if (found == JOURNAL_FAILED || found == JOURNAL_FULL)
		return found == JOURNAL_FULL ? ENGINE_FULL : ENGINE_FAILED;
	result = edit_save(
	    &a->engine, &entry, state.has_local ? &state.local : NULL, &a->call, &outcome);
	saved->acknowledged = result == ENGINE_OK;
	return result;
}

static enum engine_result rm(struct rig *rig, const char *id)
{
	struct rig_note *gone = note(rig, id, NULL, HISTORY_DELETE);
	enum engine_result result;

	afresh(rig);
	result = edit_delete(&rig->a.engine, view_text(id), &rig->a.call);
	gone->acknowledged = result == ENGINE_OK;
	return result;
}

static enum engine_result restore(struct rig *rig, const char *id)
{
	struct rig_note *back = note(rig, id, NULL, HISTORY_RESTORE);
	enum engine_result result;

	afresh(rig);
	result = edit_restore(&rig->a.engine, view_text(id), NULL, &rig->a.call);
	back->acknowledged = result == ENGINE_OK;
	return result;
}

/* As another process: what is in the log goes into the file. */
static enum engine_result reopen(struct rig *rig)
{
	rig_store_close(rig);
	return rig_store_open(rig) ? ENGINE_OK : ENGINE_FAILED;
}

static enum engine_result fresh_run(struct rig *rig)
{
	enum engine_result result = save(rig, "first", "the first words of all");

	if (result == ENGINE_OK)
		result = save(rig, "second", "the second");
	if (result == ENGINE_OK)
		result = reopen(rig);
	return result;
}
const struct rig_scenario rig_fresh = {"fresh", NULL, fresh_run};

static void edits_prepare(struct rig *rig)
{
	device_new(&rig->a, "e0", "as it was");
	device_new(&rig->a, "e1", "as it was");
	device_new(&rig->a, "e2", rig->long_text);
}

static enum engine_result edits_run(struct rig *rig)
{
	enum engine_result result = save(rig, "new", "a new one");

	if (result == ENGINE_OK)
		result = save(rig, "e0", "edited");
	if (result == ENGINE_OK)
		result = save(rig, "e0", "edited again");
	if (result == ENGINE_OK)
		result = rm(rig, "e1");
	if (result == ENGINE_OK)
		result = reopen(rig);
	if (result == ENGINE_OK)
		result = restore(rig, "e1");
	if (result == ENGINE_OK)
		result = save(rig, "e2", "short now");
	return result;
}
const struct rig_scenario rig_edits = {"edits", edits_prepare, edits_run};

static enum engine_result import_run(struct rig *rig)
{
	static const char *const ids[IMPORTED] = {"i0", "i1", "i2", "i3", "i4", "i5"};
	struct device *a = &rig->a;
	size_t first = rig->notes_count;
	enum engine_result result;

	afresh(rig);
	result = import_begin(&a->engine, &a->call);
	if (result != ENGINE_OK)
		return result;
	for (size_t i = 0; i < IMPORTED && result == ENGINE_OK; i++) {
		struct entry entry = entry_of(ids[i], i % 2 == 0 ? "imported" : rig->long_text);
		enum import_outcome outcome;

		entry.created_at = entry.updated_at = view_text("2025-12-01T10:00:00.000Z");
		(void)note(rig, ids[i], NULL, HISTORY_IMPORT);
		result = import_entry(&a->engine, &entry, &a->call, &outcome);
	}
	if (result == ENGINE_OK)
		result = import_commit(&a->engine, IMPORTED, 0, &a->call);
	if (result != ENGINE_OK)
		import_rollback(&a->engine);
	for (size_t i = first; i < rig->notes_count; i++)
		rig->notes[i].acknowledged = result == ENGINE_OK;
	return result == ENGINE_OK ? reopen(rig) : result;
}
const struct rig_scenario rig_import = {"import", NULL, import_run};

static void long_ones(struct device *device, const char *text)
{
	char id[16];

	for (unsigned i = 0; i < LONG_COUNT; i++) {
		(void)snprintf(id, sizeof(id), "long%u", i);
		device_new(device, id, text + (size_t)i * 100);
	}
}

static void switch_on_prepare(struct rig *rig)
{
	long_ones(&rig->a, rig->long_text);
}

static enum engine_result of_account(enum account_result result)
{
	switch (result) {
	case ACCOUNT_OK: return ENGINE_OK;
	case ACCOUNT_RETRY: return ENGINE_LATER;
	case ACCOUNT_DAMAGED: return ENGINE_DAMAGED;
	case ACCOUNT_ABSENT: return ENGINE_MISSING;
	case ACCOUNT_GONE: return ENGINE_GONE;
	case ACCOUNT_REFUSED: return ENGINE_REFUSED;
	case ACCOUNT_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

static enum engine_result switch_on_run(struct rig *rig)
{
	struct device *a = &rig->a;
	struct account_new account = {0};
	enum engine_result result;

	afresh(rig);
	result = account_begin(&a->engine, "first device", &a->call, &account);
	if (result == ENGINE_OK)
		result = of_account(
		    account_create(&a->env, &a->cache, view_bytes(&account.create), &a->call));
	if (result == ENGINE_OK)
		result = account_store(&a->engine, &account, &a->call);
	if (result == ENGINE_OK || account.roster.len > 0) {
		rig->world.account = account.account;
		rig->world.code = account.code;
	}
	account_new_clear(&account);
	if (result == ENGINE_OK)
		result = device_sync(a);
	if (result == ENGINE_OK)
		result = save(rig, "long1", "short");
	if (result == ENGINE_OK)
		result = device_sync(a);
	return result;
}
const struct rig_scenario rig_switch_on = {"switch on", switch_on_prepare, switch_on_run};

static void pair_prepare(struct rig *rig)
{
	char id[16];

	rig->has_b = true;
	device_open(&rig->b, &rig->world);
	for (unsigned i = 0; i < 6; i++) {
		(void)snprintf(id, sizeof(id), "e%u", i);
		device_new(&rig->a, id, "as it was at first");
	}
	device_create(&rig->a);
	assert_synced(&rig->a);
	device_join(&rig->b);
	assert_synced(&rig->b);
	assert_synced(&rig->a);
	rig->world.now_ms += 3600000;
}

static enum engine_result push_run(struct rig *rig)
{
	struct device *a = &rig->a;
	enum engine_result result = save(rig, "e0", "pushed as a delta");

	if (result == ENGINE_OK)
		result = save(rig, "new", rig->long_text); /* with a body */
	if (result == ENGINE_OK)
		result = rm(rig, "e1");
	if (result == ENGINE_OK)
		result = device_sync(a);
	if (result == ENGINE_OK)
		result = save(rig, "e2", "pushed by itself");
	if (result == ENGINE_OK)
		result = device_sync(a);
	return result;
}
const struct rig_scenario rig_push = {"push", pair_prepare, push_run};

/* b has been at work: what a holds unsynced meets it. */
static void pull_prepare(struct rig *rig)
{
	pair_prepare(rig);
	(void)device_save(&rig->a, "e0", "a's, to be kept beside b's");
	(void)device_save(&rig->a, "e1", "a's, long before b's");
	(void)device_save(&rig->a, "e2", "a's, against a deletion");
	rig->world.now_ms += 1000;
	(void)device_save(&rig->b, "e0", "b's, at nearly the same time");
	device_delete(&rig->b, "e2");
	device_delete(&rig->b, "e3");
	device_new(&rig->b, "b-new", rig->long_text);
	assert_synced(&rig->b);
	rig->world.now_ms += 3600000;
	(void)device_save(&rig->b, "e1", "b's, long after");
	(void)device_save(&rig->b, "e4", "b's alone");
	assert_synced(&rig->b);
}

static enum engine_result pull_run(struct rig *rig)
{
	enum engine_result result = save(rig, "e5", "a's alone");

	if (result == ENGINE_OK)
		result = device_sync(&rig->a);
	return result == ENGINE_OK ? reopen(rig) : result;
}
const struct rig_scenario rig_pull = {"pull", pull_prepare, pull_run};

/* The log that a needs is behind a snapshot, and swept. */
static void far_behind_prepare(struct rig *rig)
{
	char text[16];
	unsigned i = 0;

	pair_prepare(rig);
	long_ones(&rig->b, rig->long_text);
	assert_synced(&rig->b);
	(void)device_save(&rig->a, "e0", "a's");
	device_delete(&rig->b, "e1");
	do { /* until a push makes a snapshot */
		(void)device_save(&rig->b, "long0", rig->long_text + (size_t)i * 7);
		assert_synced(&rig->b);
		i++;
	} while (rig->b.puts < 2 && i < 60);
	for (i = 0; i < 40; i++) { /* the tail goes into packs */
		(void)snprintf(text, sizeof(text), "edit %u", i);
		(void)device_save(&rig->b, "e2", text);
		assert_synced(&rig->b);
	}
	world_sweep(&rig->world);
	account_cache_clear(&rig->b.cache);
}

static enum engine_result far_behind_run(struct rig *rig)
{
	return device_sync(&rig->a);
}
const struct rig_scenario rig_far_behind = {"far behind", far_behind_prepare, far_behind_run};

/* a is new, and joins an account that b has made. */
static void join_prepare(struct rig *rig)
{
	rig->has_b = true;
	device_open(&rig->b, &rig->world);
	device_create(&rig->b);
	long_ones(&rig->b, rig->long_text);
	assert_synced(&rig->b);
	device_new(&rig->a, "own", "written before");
}

static enum engine_result join_run(struct rig *rig)
{
	struct device *a = &rig->a;
	struct bytes roster = {0};
	struct recovery_view view = {0};
	enum engine_result result;

	afresh(rig);
	result =
	    of_account(account_roster(&a->env, &a->cache, &rig->world.account, &a->call, &roster));
	if (result == ENGINE_OK)
		result = recovery_check(
		    &a->engine, view_bytes(&roster), &rig->world.code, &a->call, &view);
	if (result == ENGINE_OK)
		result = recovery_store(
		    &a->engine, view_bytes(&roster), &view, "another device", &a->call);
	if (view.devices_count > 0)
		a->recovery = view.keys;
	sodium_memzero(&view, sizeof(view));
	bytes_clear(&roster);
	if (result == ENGINE_OK)
		result = device_sync(a);
	return result;
}
const struct rig_scenario rig_join = {"join", join_prepare, join_run};
