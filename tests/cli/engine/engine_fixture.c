/*
 * tests/cli/engine/engine_fixture.c: see engine_fixture.h.
 */
#include "tests/cli/engine/engine_fixture.h"
#include "cli/engine/steps.h"
#include "cli/engine/transfers.h"
#include "cli/engine/version.h"
#include "tests/cli/engine/unsynced.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALL_MS 60000
#define STARTED_MS INT64_C(1600000000000)
#define STEPS_MAX 20000u

static void made_fill(void *self, void *out, size_t len)
{
	struct made_random *made = self;
	uint8_t seed[randombytes_SEEDBYTES] = {0};

	made->count++;
	memcpy(seed, &made->count, sizeof(made->count));
	randombytes_buf_deterministic(out, len, seed);
}

struct random made_random(struct made_random *made)
{
	return (struct random){made, made_fill};
}

char *made_text(struct made_random *made, size_t len)
{
	/* One word: what the index of the search makes of it is not what is tried here. */
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789xy";
	char *text = malloc(len + 1);

	assert_non_null(text);
	made_fill(made, text, len);
	for (size_t i = 0; i < len; i++)
		text[i] = letters[(uint8_t)text[i] & 63];
	text[len] = '\0';
	return text;
}

static enum memory_fault world_before(void *self, enum memory_op op, const char *key)
{
	struct world *world = self;

	world->ops++;
	if (world->fail_at != 0 && world->ops == world->fail_at)
		return world->fail_how;
	if (!world->armed || op != world->op || strstr(key, world->part) == NULL)
		return MEMORY_FAULT_NONE;
	world->armed = false;
	return world->how;
}

void world_open(struct world *world)
{
	*world = (struct world){.now_ms = 1767225600000}; /* 2026-01-01 */
	world->random = made_random(&world->made);
	world->store = memory_store_new();
	assert_non_null(world->store);
}

void world_close(struct world *world)
{
	sodium_memzero(&world->code, sizeof(world->code));
	memory_store_free(world->store);
}

void world_arm(struct world *world, enum memory_op op, const char *part, enum memory_fault how)
{
	world->armed = true;
	world->op = op;
	world->part = part;
	world->how = how;
}

struct looked_for {
	const char *part;
	const char *text;
	size_t keys, texts;
};

static bool bytes_hold(struct view data, struct view text)
{
	for (size_t i = 0; i + text.len <= data.len; i++)
		if (data.data[i] == text.data[0] && memcmp(data.data + i, text.data, text.len) == 0)
			return true;
	return false;
}

static void look(void *self, const char *key, struct view data)
{
	struct looked_for *looked = self;

	looked->keys += looked->part != NULL && strstr(key, looked->part) != NULL;
	looked->texts += looked->text != NULL && bytes_hold(data, view_text(looked->text));
}

size_t world_objects(struct world *world, const char *part)
{
	struct looked_for looked = {.part = part};

	memory_each(world->store, look, &looked);
	return looked.keys;
}

bool world_holds(struct world *world, const char *text)
{
	struct looked_for looked = {.text = text};

	memory_each(world->store, look, &looked);
	return looked.texts > 0;
}

void world_blob_key(
    const struct world *world, const struct blob_name *name, char key[BUCKET_KEY_MAX + 1])
{
	char account[2 * ACCOUNT_ID_LEN + 1];
	char text[BLOB_NAME_TEXT_MAX];

	hex_encode(view_of(world->account.bytes, ACCOUNT_ID_LEN), account);
	blob_name_text(name, text);
	(void)snprintf(key, BUCKET_KEY_MAX + 1, "a/%s/b/%s", account, text);
}

struct found_manifest {
	char key[BUCKET_KEY_MAX + 1];
	struct bytes *out;
};

static void find_manifest(void *self, const char *key, struct view data)
{
	struct found_manifest *found = self;

	if (strstr(key, "/manifest") == NULL)
		return;
	(void)snprintf(found->key, sizeof(found->key), "%s", key);
	assert_true(bytes_copy(data, found->out));
}

void world_manifest(struct world *world, struct bytes *out)
{
	struct found_manifest found = {.out = out};

	bytes_clear(out);
	memory_each(world->store, find_manifest, &found);
	assert_non_null(out->data);
}

void world_manifest_set(struct world *world, struct view bytes)
{
	struct bytes old = {0};
	struct found_manifest found = {.out = &old};
	struct bucket *bucket = bucket_memory(world->store, NULL);
	struct bucket_tag tag;
	struct call call;

	memory_each(world->store, find_manifest, &found);
	call_init(&call, INT64_MAX);
	assert_int_equal(
	    bucket_put(bucket, &(struct bucket_put){.key = found.key, .data = bytes}, &call, &tag),
	    BUCKET_OK);
	bytes_clear(&old);
	bucket_close(bucket);
}

static int64_t device_wall(void *self)
{
	const struct device *device = self;

	return device->world->now_ms + device->skew_ms;
}

/* Far from the wall clock: who takes one for the other is seen. */
static int64_t device_monotonic(void *self)
{
	const struct device *device = self;

	return device->world->now_ms - STARTED_MS;
}

static void afresh(struct device *device)
{
	call_init(&device->call, device->world->now_ms + CALL_MS);
}

static void open_store(struct device *device)
{
	char path[FOLDER_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/journal.db", device->folder);
	afresh(device);
	if (store_open(path, &store_options_disk, &device->clock, &device->call, &device->store) !=
	    JOURNAL_OK)
		fail_msg("%s", device->call.message);
	device->engine = (struct engine){.journal = store_journal(device->store),
	    .clock = &device->clock,
	    .random = &device->world->random,
	    .keys = &device->keys};
}

/* Folder, clock and bucket; the journal comes after. */
static void device_init(struct device *device, struct world *world)
{
	const char *base = getenv("TMPDIR");
	struct memory_hook hook = {world, world_before};

	unsynced_use();
	*device = (struct device){.world = world};
	(void)snprintf(
	    device->folder, FOLDER_MAX, "%s/inkseal-engine-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(device->folder));
	device->clock = (struct clock){device, device_wall, device_monotonic};
	device->bucket = bucket_count(bucket_memory(world->store, &hook), &device->counts);
	assert_non_null(device->bucket);
	device->env = (struct account_env){.bucket = device->bucket,
	    .clock = &device->clock,
	    .random = &world->random,
	    .prefix = "",
	    .gateway = ""};
}

void device_open(struct device *device, struct world *world)
{
	device_init(device, world);
	device_keys_new(&world->random, &device->keys);
	open_store(device);
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *file;

	assert_non_null(dir);
	while ((file = readdir(dir)) != NULL) {
		char path[FOLDER_MAX + 300];

		if (file->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(folder), 0);
}

void device_close(struct device *device)
{
	store_close(device->store);
	account_cache_clear(&device->cache);
	bucket_close(device->bucket);
	device_keys_clear(&device->keys);
	device_keys_clear(&device->recovery);
	remove_folder(device->folder);
}

void device_suspend(struct device *device)
{
	store_close(device->store);
	device->store = NULL;
	account_cache_clear(&device->cache);
}

void device_resume(struct device *device)
{
	open_store(device);
}

void device_restart(struct device *device)
{
	device_suspend(device);
	device_resume(device);
}

static void copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb");
	FILE *out = fopen(to, "wb");
	char block[4096];
	size_t len;

	assert_non_null(in);
	assert_non_null(out);
	while ((len = fread(block, 1, sizeof(block), in)) > 0)
		assert_int_equal(fwrite(block, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(fclose(in), 0);
}

void device_copy(struct device *device, struct device *from)
{
	char source[FOLDER_MAX + 32];
	char target[FOLDER_MAX + 32];

	device_init(device, from->world);
	device->keys = from->keys;
	store_close(from->store); /* its log is in the file then */
	(void)snprintf(source, sizeof(source), "%s/journal.db", from->folder);
	(void)snprintf(target, sizeof(target), "%s/journal.db", device->folder);
	copy_file(source, target);
	open_store(from);
	open_store(device);
}

void device_create(struct device *device)
{
	struct account_new account = {0};

	afresh(device);
	assert_engine(device,
	    account_begin(&device->engine, "first device", &device->call, &account), ENGINE_OK);
	assert_int_equal(account_create(&device->env, &device->cache, view_bytes(&account.create),
			     &device->call),
	    ACCOUNT_OK);
	assert_engine(device, account_store(&device->engine, &account, &device->call), ENGINE_OK);
	device->world->account = account.account;
	device->world->code = account.code;
	account_new_clear(&account);
}

void device_join(struct device *device)
{
	struct world *world = device->world;
	struct bytes roster = {0};
	struct recovery_view view = {0};

	afresh(device);
	assert_int_equal(
	    account_roster(&device->env, &device->cache, &world->account, &device->call, &roster),
	    ACCOUNT_OK);
	assert_engine(device,
	    recovery_check(
		&device->engine, view_bytes(&roster), &world->code, &device->call, &view),
	    ENGINE_OK);
	assert_engine(device,
	    recovery_store(
		&device->engine, view_bytes(&roster), &view, "another device", &device->call),
	    ENGINE_OK);
	device->recovery = view.keys;
	sodium_memzero(&view, sizeof(view));
	bytes_clear(&roster);
}

static enum engine_result result_of(enum account_result result, enum engine_result absent)
{
	switch (result) {
	case ACCOUNT_OK: return ENGINE_OK;
	case ACCOUNT_ABSENT: return absent;
	case ACCOUNT_GONE:
	case ACCOUNT_RETRY: return ENGINE_LATER;
	case ACCOUNT_DAMAGED: return ENGINE_DAMAGED;
	case ACCOUNT_REFUSED:
	case ACCOUNT_FAILED: return ENGINE_FAILED;
	}
	return ENGINE_FAILED;
}

static void step_aside(const struct device *device, bool aside)
{
	if (device->aside != NULL)
		device->aside(aside);
}

/* False: the process died. */
static bool drive_exchange(struct device *device, struct sync *sync, const struct sync_want *want)
{
	struct sync_answer answer = {0};
	enum account_result result = ACCOUNT_OK;
	bool lives = true;
	struct call call;

	device->exchanges++;
	step_aside(device, true);
	if (device->before != NULL)
		device->before(device, want->request);
	call_init(&call, device->world->now_ms + CALL_MS);
	if (device->instead == NULL || !device->instead(device, want->request, &answer))
		result = account_sync(&device->env, &device->cache, want->request, &call, &answer);
	if (result == ACCOUNT_OK && device->answered != NULL)
		device->answered(device, &answer);
	step_aside(device, false);
	if (result != ACCOUNT_OK)
		sync_failed(sync, want->slot, result_of(result, ENGINE_MISSING), call.message);
	else if (device->dies_at_commit && answer.status == SYNC_COMMITTED)
		lives = false;
	else
		sync_exchanged(sync, &answer);
	sync_answer_clear(&answer);
	return lives;
}

static void drive_get(struct device *device, struct sync *sync, struct sync_want *want)
{
	struct bytes blob = {0};
	enum account_result result;
	struct call call;

	device->gets++;
	step_aside(device, true);
	call_init(&call, device->world->now_ms + CALL_MS);
	result = account_blob_get(
	    &device->env, &device->cache, &device->world->account, &want->name, &call, &blob);
	if (result == ACCOUNT_OK && device->got != NULL)
		device->got(device, &want->name, &blob);
	step_aside(device, false);
	if (result == ACCOUNT_OK && device->gets % 2 == 0) /* or the machine does it itself */
		sync_open(want, view_bytes(&blob));
	if (result == ACCOUNT_OK)
		sync_got(sync, want->slot, view_bytes(&blob));
	else
		sync_failed(sync, want->slot, result_of(result, ENGINE_NOT_FOUND), call.message);
	bytes_clear(&blob);
}

static void drive_put(struct device *device, struct sync *sync, struct sync_want *want)
{
	enum account_result result;
	enum engine_result sealed;
	struct call call;

	device->puts++;
	call_init(&call, device->world->now_ms + CALL_MS);
	sealed = sync_seal(want, &call);
	if (sealed != ENGINE_OK) {
		sync_failed(sync, want->slot, sealed, call.message);
		return;
	}
	step_aside(device, true);
	result = account_blob_put(
	    &device->env, &device->cache, &device->world->account, &want->name, want->blob, &call);
	step_aside(device, false);
	if (result == ACCOUNT_OK)
		sync_put(sync, want->slot);
	else
		sync_failed(sync, want->slot, result_of(result, ENGINE_MISSING), call.message);
}

/* Blobs under way: they are answered in an order that is the world's to draw. */
struct pending {
	struct sync_want wants[SYNC_FLIGHTS_MAX];
	size_t count;
};

static void drive_one(struct device *device, struct sync *sync, struct pending *pending)
{
	struct sync_want want;
	uint16_t drawn;
	size_t at;

	if (pending->count == 0) {
		fail_msg("an answer is waited for, and nothing is under way");
		return; /* clang-tidy does not know that the test has ended */
	}
	random_fill(&device->world->random, &drawn, sizeof(drawn));
	at = drawn % pending->count;
	want = pending->wants[at];
	pending->count--;
	pending->wants[at] = pending->wants[pending->count];
	if (want.kind == SYNC_WANT_PUT)
		drive_put(device, sync, &want);
	else
		drive_get(device, sync, &want);
}

static void drive_blob(
    struct device *device, struct sync *sync, struct pending *pending, struct sync_want *want)
{
	size_t bytes = 0;

	if (want->slot >= SYNC_FLIGHTS_MAX) {
		assert_int_equal(pending->count, 0);
		drive_get(device, sync, want);
		return;
	}
	assert_true(pending->count < SYNC_FLIGHTS_MAX);
	pending->wants[pending->count++] = *want;
	if (pending->count > device->under_way)
		device->under_way = pending->count;
	for (size_t i = 0; i < pending->count; i++)
		if (pending->wants[i].kind == SYNC_WANT_PUT)
			bytes += pending->wants[i].sealing->plain.len;
	if (bytes > device->under_way_bytes)
		device->under_way_bytes = bytes;
}

static enum engine_result drive(struct device *device, struct sync *sync)
{
	struct pending pending = {0};

	for (unsigned step = 0; step < STEPS_MAX; step++) {
		struct sync_want want = {0};

		sync_next(sync, &want);
		switch (want.kind) {
		case SYNC_WANT_NOTHING:
			assert_int_equal(pending.count, 0);
			return sync_end(sync, &device->totals);
		case SYNC_WANT_ANSWER: drive_one(device, sync, &pending); break;
		case SYNC_WANT_EXCHANGE:
			assert_int_equal(pending.count, 0);
			if (!drive_exchange(device, sync, &want))
				return ENGINE_LATER;
			break;
		case SYNC_WANT_GET:
		case SYNC_WANT_PUT: drive_blob(device, sync, &pending, &want); break;
		case SYNC_WANT_WAIT:
			device->waits++;
			if (!device->world->stands)
				device->world->now_ms += want.wait_ms;
			sync_waited(sync);
			break;
		}
	}
	fail_msg("the sync did not come to an end");
	return ENGINE_FAILED;
}

enum engine_result device_sync_with(struct device *device, bool allow_deletions)
{
	struct sync_options options = {.allow_deletions = allow_deletions,
	    .reseed = device->reseed,
	    .recovery = &device->recovery};
	struct sync *sync = NULL;
	enum engine_result result;

	afresh(device);
	device->totals = (struct sync_totals){0};
	device->exchanges = device->gets = device->puts = device->waits = 0;
	device->under_way = 0;
	device->under_way_bytes = 0;
	result = sync_new(&device->engine, &options, &device->call, &sync);
	if (result == ENGINE_OK)
		result = drive(device, sync);
	sync_free(sync);
	return result;
}

enum engine_result device_sync(struct device *device)
{
	return device_sync_with(device, false);
}

void devices_pair(struct world *world, struct device *a, struct device *b, unsigned count)
{
	char id[16];

	world_open(world);
	device_open(a, world);
	device_open(b, world);
	device_create(a);
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "e%u", i);
		device_new(a, id, "as it was at first");
	}
	assert_synced(a);
	device_join(b);
	assert_synced(b);
	assert_synced(a);
	world->now_ms += 3600000;
}

void world_sweep(struct world *world)
{
	struct device sweeper;
	struct sweep_report report;
	struct account_cache cache = {0};
	struct call call;

	device_init(&sweeper, world);
	call_init(&call, world->now_ms + CALL_MS);
	assert_int_equal(
	    account_sweep(&sweeper.env, &cache, &world->account, 0, &call, &report), ACCOUNT_OK);
	account_cache_clear(&cache);
	bucket_close(sweeper.bucket);
	remove_folder(sweeper.folder);
}

void device_new(struct device *device, const char *id, const char *content)
{
	struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(content)};
	struct edit_outcome outcome;

	afresh(device);
	assert_engine(
	    device, edit_save(&device->engine, &entry, NULL, &device->call, &outcome), ENGINE_OK);
}

static struct journal_entry known(struct device *device, const char *id)
{
	struct journal_entry entry = {0};
	enum journal_result found;

	afresh(device);
	found = device->engine.journal.ops->entry_get(
	    device->store, view_text(id), &device->call, &entry);
	assert_true(found == JOURNAL_OK || found == JOURNAL_NONE);
	return entry;
}

bool device_has(struct device *device, const char *id)
{
	return known(device, id).has_local;
}

struct digest device_version(struct device *device, const char *id)
{
	struct journal_entry entry = known(device, id);

	if (!entry.has_local)
		fail_msg("there is no entry %s", id);
	return entry.local;
}

static void load(struct device *device, const char *id, struct version *out)
{
	struct digest hash = device_version(device, id);

	assert_engine(device,
	    version_load(&device->engine, view_text("x"), &hash, &device->call, out), ENGINE_OK);
}

struct edit_outcome device_save(struct device *device, const char *id, const char *content)
{
	struct version version = {0};
	struct edit_outcome outcome = {0};

	load(device, id, &version);
	version.entry.content = view_text(content);
	assert_engine(device,
	    edit_save(&device->engine, &version.entry, &version.hash, &device->call, &outcome),
	    ENGINE_OK);
	version_clear(&version);
	return outcome;
}

void device_delete(struct device *device, const char *id)
{
	afresh(device);
	assert_engine(
	    device, edit_delete(&device->engine, view_text(id), &device->call), ENGINE_OK);
}

bool device_deleted(struct device *device, const char *id)
{
	struct version version = {0};
	bool deleted;

	load(device, id, &version);
	deleted = entry_deleted(&version.entry);
	version_clear(&version);
	return deleted;
}

int64_t device_updated_ms(struct device *device, const char *id)
{
	struct version version = {0};
	int64_t updated_ms;

	load(device, id, &version);
	updated_ms = time_parse_ms(version.entry.updated_at);
	version_clear(&version);
	return updated_ms;
}

void assert_content(struct device *device, const char *id, const char *content)
{
	struct version version = {0};
	bool equal;

	load(device, id, &version);
	equal = view_equal(version.entry.content, view_text(content));
	if (!equal)
		print_error("%s holds: %.*s\n", id, (int)(version.entry.content.len % 200),
		    (const char *)version.entry.content.data);
	version_clear(&version);
	assert_true(equal);
}

struct journal_counts device_counts(struct device *device)
{
	struct journal_counts counts;

	afresh(device);
	assert_int_equal(
	    device->engine.journal.ops->counts(device->store, &device->call, &counts), JOURNAL_OK);
	return counts;
}

struct sync_facts device_facts(struct device *device)
{
	struct sync_facts facts;

	afresh(device);
	assert_engine(device, sync_facts_get(&device->engine, &device->call, &facts), ENGINE_OK);
	return facts;
}

struct history_seen {
	struct device *device;
	enum history_kind kind;
	const char *content;
	size_t count, alike;
};

static bool see_history(void *self, const struct store_history *row)
{
	struct history_seen *seen = self;
	struct version version = {0};

	if (row->kind != seen->kind)
		return true;
	seen->count++;
	if (seen->content == NULL)
		return true;
	assert_engine(seen->device,
	    version_load(&seen->device->engine, view_text("x"), &row->version, &seen->device->call,
		&version),
	    ENGINE_OK);
	seen->alike += view_equal(version.entry.content, view_text(seen->content));
	version_clear(&version);
	return true;
}

static struct history_seen history(
    struct device *device, const char *id, enum history_kind kind, const char *content)
{
	struct history_seen seen = {.device = device, .kind = kind, .content = content};

	afresh(device);
	assert_int_equal(
	    store_history(device->store, view_text(id), see_history, &seen, &device->call),
	    JOURNAL_OK);
	return seen;
}

size_t device_history(struct device *device, const char *id, enum history_kind kind)
{
	return history(device, id, kind, NULL).count;
}

bool device_keeps(
    struct device *device, const char *id, enum history_kind kind, const char *content)
{
	return history(device, id, kind, content).alike > 0;
}

struct activity_seen {
	enum activity_kind kind;
	size_t count;
};

static bool see_activity(void *self, const struct store_activity *row)
{
	struct activity_seen *seen = self;

	seen->count += row->kind == seen->kind;
	return true;
}

size_t device_activity(struct device *device, enum activity_kind kind)
{
	struct activity_seen seen = {.kind = kind};

	afresh(device);
	assert_int_equal(
	    store_activity(device->store, 0, see_activity, &seen, &device->call), JOURNAL_OK);
	return seen.count;
}

void device_sql(struct device *device, const char *text)
{
	char path[FOLDER_MAX + 16];
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof(path), "%s/journal.db", device->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_true(sqlite3_changes(db) > 0);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static struct journal_row next_row(struct device *device)
{
	struct journal_row row = {0};
	enum journal_result found =
	    device->engine.journal.ops->scan_next(device->store, &device->call, &row);

	assert_true(found == JOURNAL_OK || found == JOURNAL_NONE);
	return row;
}

static uint64_t scan(struct device *device)
{
	uint64_t count = 0;
	uint64_t bytes = 0;

	afresh(device);
	assert_int_equal(device->engine.journal.ops->scan_open(device->store, JOURNAL_SCAN_CLOUD,
			     NULL, &device->call, &count, &bytes),
	    JOURNAL_OK);
	return count;
}

static void row_clear(struct journal_row *row)
{
	bytes_clear(&row->id);
	bytes_clear(&row->encoded);
}

void device_root(struct device *device, uint8_t out[ROOT_LEN])
{
	struct root_sum sum = {{0}};
	struct root_sum stored_sum = {{0}};
	struct bytes stored = {0};
	uint8_t again[ROOT_LEN];
	uint64_t count = scan(device);

	for (uint64_t i = 0; i < count; i++) {
		struct journal_row row = next_row(device);

		root_add(&sum, view_bytes(&row.id), &row.version);
		row_clear(&row);
	}
	device->engine.journal.ops->scan_close(device->store);
	if (device->engine.journal.ops->meta_get(
		device->store, META_ROOT, &device->call, &stored) == JOURNAL_OK)
		assert_true(root_load(view_bytes(&stored), &stored_sum));
	bytes_clear(&stored);
	root_of(&sum, again);
	root_of(&stored_sum, out);
	assert_memory_equal(again, out, ROOT_LEN);
}

/* The last frame known of a device. What one did on a branch that a reset gave up is nothing. */
static uint64_t last_seen(
    struct device *device, const struct device_id *id, uint64_t reset_seq, int64_t *time_ms_out)
{
	uint64_t seq = 0;
	enum journal_result found = device->engine.journal.ops->device_get(
	    device->store, id, &device->call, &seq, time_ms_out);

	assert_true(found == JOURNAL_OK || found == JOURNAL_NONE);
	if (found == JOURNAL_OK && seq > 0 && seq >= reset_seq)
		return seq;
	*time_ms_out = 0;
	return 0;
}

/* Both tell alike how far each device has acknowledged the log. */
static void assert_same_devices(struct device *a, struct device *b)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes encoded = {0};
	uint64_t reset_seq = device_facts(a).reset_seq;

	assert_non_null(roster);
	afresh(a);
	afresh(b);
	assert_engine(a, sync_roster_get(&a->engine, &a->call, &encoded), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, roster), FORMAT_OK);
	for (size_t i = 0; i < roster->devices_count; i++) {
		const struct device_id *id = &roster->devices[i].id;
		int64_t time_a, time_b;

		if (roster->devices[i].revoked_by != SIZE_MAX)
			continue;
		assert_int_equal(
		    last_seen(a, id, reset_seq, &time_a), last_seen(b, id, reset_seq, &time_b));
		assert_int_equal(time_a, time_b);
	}
	bytes_clear(&encoded);
	free(roster);
}

static void assert_alike(struct device *a, struct device *b, bool also_places)
{
	uint8_t root_a[ROOT_LEN], root_b[ROOT_LEN];
	struct sync_facts facts_a = device_facts(a);
	struct sync_facts facts_b = device_facts(b);
	uint64_t count;

	assert_int_equal(device_counts(a).dirty_count, 0);
	assert_int_equal(device_counts(b).dirty_count, 0);
	device_root(a, root_a);
	device_root(b, root_b);
	count = scan(a);
	assert_int_equal(scan(b), count);
	for (uint64_t i = 0; i < count; i++) {
		struct journal_row row_a = next_row(a);
		struct journal_row row_b = next_row(b);

		assert_true(view_equal(view_bytes(&row_a.id), view_bytes(&row_b.id)));
		assert_true(digest_equal(&row_a.version, &row_b.version));
		assert_true(device_equal(&row_a.author, &row_b.author));
		if (also_places &&
		    row_a.deleted) { /* from here on the days are counted until it may go */
			assert_int_equal(row_a.cloud_seq, row_b.cloud_seq);
			assert_int_equal(row_a.cloud_ms, row_b.cloud_ms);
		}
		row_clear(&row_a);
		row_clear(&row_b);
	}
	a->engine.journal.ops->scan_close(a->store);
	b->engine.journal.ops->scan_close(b->store);
	assert_memory_equal(root_a, root_b, ROOT_LEN);
	assert_true(head_equal(&facts_a.head, &facts_b.head));
}

void assert_same_state(struct device *a, struct device *b)
{
	assert_alike(a, b, false);
}

void assert_same(struct device *a, struct device *b)
{
	struct sync_facts facts_a = device_facts(a);
	struct sync_facts facts_b = device_facts(b);

	assert_alike(a, b, true);
	assert_int_equal(facts_a.floor, facts_b.floor);
	assert_int_equal(facts_a.reset_seq, facts_b.reset_seq);
	assert_int_equal(facts_a.log_bytes, facts_b.log_bytes);
	assert_same_devices(a, b);
}
