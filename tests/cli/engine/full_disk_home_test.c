/*
 * tests/cli/engine/full_disk_home_test.c: the disk is full at each call of the journal, in what a
 * home does by itself: edits, imports, switching on and off, recovering, forgetting.
 */
#include "cli/engine/version.h"
#include "tests/cli/engine/scene.h"

#include <stdio.h>
#include <string.h>

static struct {
	struct digest begun_on; /* what an open editor shows */
	struct account_new account;
	struct bytes roster;
	struct recovery_view view;
} home;

static void nothing(void)
{
}

static struct call *call_of(struct device *device)
{
	call_init(&device->call, INT64_MAX);
	return &device->call;
}

static enum engine_result save_new(struct device *b)
{
	struct entry entry = {.id = view_text("new"),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text("new")};
	struct edit_outcome outcome;

	return edit_save(&b->engine, &entry, NULL, call_of(b), &outcome);
}

/* Of the version that the editor shows; begun_on stays as it is. */
static enum engine_result save_open(struct device *b)
{
	struct version version = {0};
	struct edit_outcome outcome;
	enum engine_result result =
	    version_load(&b->engine, view_text("e1"), &home.begun_on, call_of(b), &version);

	if (result == ENGINE_OK) {
		version.entry.content = view_text("saved");
		result =
		    edit_save(&b->engine, &version.entry, &home.begun_on, call_of(b), &outcome);
	}
	version_clear(&version);
	return result;
}

static void editor_opens(void)
{
	home.begun_on = device_version(&pair.b, "e1");
}

static void another_is_later(void)
{
	editor_opens();
	pair.world.now_ms += 1000;
	(void)device_save(&pair.b, "e1", "saved meanwhile");
	assert_synced(&pair.b);
	pair.world.now_ms -= 1000000;
}

static void another_is_close(void)
{
	another_is_later();
	pair.world.now_ms += 1000000;
}

static enum engine_result delete_entry(struct device *b)
{
	return edit_delete(&b->engine, view_text("e1"), call_of(b));
}

static enum engine_result restore_deleted(struct device *b)
{
	return edit_restore(&b->engine, view_text("e1"), NULL, call_of(b));
}

static enum engine_result restore_version(struct device *b)
{
	return edit_restore(&b->engine, view_text("e1"), &home.begun_on, call_of(b));
}

static void it_is_deleted(void)
{
	device_delete(&pair.b, "e1");
}

static void it_is_edited(void)
{
	editor_opens();
	(void)device_save(&pair.b, "e1", "another");
}

/* One that is new, one that is newer than what is here, one that is older. */
static enum engine_result import_three(struct device *b)
{
	static const char *const ids[] = {"imported", "e1", "e2"};
	static const char *const times[] = {
	    "2026-01-05T00:00:00.000Z", "2026-01-05T00:00:00.000Z", "2025-01-05T00:00:00.000Z"};
	enum engine_result result = import_begin(&b->engine, call_of(b));

	if (result != ENGINE_OK)
		return result;
	for (size_t i = 0; i < COUNT_OF(ids) && result == ENGINE_OK; i++) {
		struct entry entry = {.id = view_text(ids[i]),
		    .collection = view_text("journal"),
		    .title = view_text("a title"),
		    .content = view_text("imported"),
		    .created_at = view_text(times[i]),
		    .updated_at = view_text(times[i])};
		enum import_outcome outcome;

		result = import_entry(&b->engine, &entry, &b->call, &outcome);
	}
	if (result == ENGINE_OK)
		return import_commit(&b->engine, 1, 1, &b->call);
	import_rollback(&b->engine);
	return result;
}

static void edits(void **state)
{
	static const struct scene scenes[] = {
	    {.name = "a new entry", .prepare = nothing, .run = save_new},
	    {.name = "an edit", .prepare = editor_opens, .run = save_open},
	    {.name = "an edit of what has moved", .prepare = another_is_later, .run = save_open},
	    {.name = "an edit close to another", .prepare = another_is_close, .run = save_open},
	    {.name = "a deletion", .prepare = nothing, .run = delete_entry},
	    {.name = "a restored deletion", .prepare = it_is_deleted, .run = restore_deleted},
	    {.name = "a restored version", .prepare = it_is_edited, .run = restore_version},
	    {.name = "an import", .prepare = nothing, .run = import_three},
	};

	(void)state;
	scenes_play(&(struct scenes){scenes, COUNT_OF(scenes)});
}

static enum engine_result switch_off(struct device *b)
{
	return sync_switch(&b->engine, false, call_of(b));
}

static enum engine_result switch_on(struct device *b)
{
	return sync_switch(&b->engine, true, call_of(b));
}

static void it_is_off(void)
{
	assert_engine(&pair.b, switch_off(&pair.b), ENGINE_OK);
}

/* Of an account that was wiped, with all that can be left of it. */
static enum engine_result forget(struct device *b)
{
	return account_forget(&b->engine, call_of(b));
}

static void b_begins_anew(void)
{
	device_close(&pair.a);
	device_close(&pair.b);
	device_open(&pair.a, &pair.world);
	device_open(&pair.b, &pair.world);
	device_new(&pair.b, "own", "was here before");
}

static void account_is_made(void)
{
	struct device *b = &pair.b;

	b_begins_anew();
	account_new_clear(&home.account);
	assert_engine(b, account_begin(&b->engine, "b", call_of(b), &home.account), ENGINE_OK);
	assert_int_equal(
	    account_create(&b->env, &b->cache, view_bytes(&home.account.create), &b->call),
	    ACCOUNT_OK);
	pair.world.account = home.account.account;
	pair.world.code = home.account.code;
}

static enum engine_result store_account(struct device *b)
{
	return account_store(&b->engine, &home.account, call_of(b));
}

static void code_is_checked(void)
{
	struct device *b = &pair.b;

	device_close(b);
	device_open(b, &pair.world);
	device_new(b, "own", "was here before");
	bytes_clear(&home.roster);
	assert_int_equal(
	    account_roster(&b->env, &b->cache, &pair.world.account, call_of(b), &home.roster),
	    ACCOUNT_OK);
	assert_engine(b,
	    recovery_check(
		&b->engine, view_bytes(&home.roster), &pair.world.code, &b->call, &home.view),
	    ENGINE_OK);
	b->recovery = home.view.keys;
}

static enum engine_result store_recovery(struct device *b)
{
	return recovery_store(
	    &b->engine, view_bytes(&home.roster), &home.view, "another device", call_of(b));
}

static void accounts(void **state)
{
	static const struct scene scenes[] = {
	    {.name = "switching off", .prepare = nothing, .run = switch_off},
	    {.name = "switching on", .prepare = it_is_off, .run = switch_on},
	    {.name = "forgetting", .prepare = nothing, .run = forget},
	    {.name = "a new account", .prepare = account_is_made, .run = store_account},
	    {.name = "recovering", .prepare = code_is_checked, .run = store_recovery},
	};

	(void)state;
	scenes_play(&(struct scenes){scenes, COUNT_OF(scenes)});
	account_new_clear(&home.account);
	bytes_clear(&home.roster);
	sodium_memzero(&home.view, sizeof(home.view));
}

static enum engine_result make_wipe(struct device *b)
{
	struct bytes wipe = {0};
	enum engine_result result = wipe_make(&b->engine, "", call_of(b), &wipe);

	bytes_clear(&wipe);
	return result;
}

static enum engine_result believe_wipe(struct device *b)
{
	return account_wiped(&b->engine, (struct view){0}, call_of(b));
}

static enum engine_result read_facts(struct device *b)
{
	struct sync_facts facts;

	return sync_facts_get(&b->engine, call_of(b), &facts);
}

static enum engine_result read_root(struct device *b)
{
	uint8_t root[ROOT_LEN];

	return sync_root_get(&b->engine, call_of(b), root);
}

static enum engine_result read_roster(struct device *b)
{
	struct bytes roster = {0};
	enum engine_result result = sync_roster_get(&b->engine, call_of(b), &roster);

	bytes_clear(&roster);
	return result;
}

static void what_is_only_read(void **state)
{
	static const struct scene scenes[] = {
	    {.name = "a wipe is made", .prepare = nothing, .run = make_wipe},
	    {.name = "is a wipe to be believed",
		.prepare = nothing,
		.run = believe_wipe,
		.ends = ENGINE_MISSING},
	    {.name = "facts", .prepare = nothing, .run = read_facts},
	    {.name = "the root", .prepare = nothing, .run = read_root},
	    {.name = "the roster", .prepare = nothing, .run = read_roster},
	};

	(void)state;
	scenes_play(&(struct scenes){scenes, COUNT_OF(scenes)});
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(edits),
    cmocka_unit_test(accounts),
    cmocka_unit_test(what_is_only_read),
};

TEST_MAIN(tests)
