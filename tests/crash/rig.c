/*
 * tests/crash/rig.c: see rig.h. The scenarios themselves are in rig_scenarios.c.
 */
#include "tests/crash/rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONG_LEN 40000u

static void path_of(const struct rig *rig, const char *ending, char out[FOLDER_MAX + 32])
{
	(void)snprintf(out, FOLDER_MAX + 32, "%s/journal.db%s", rig->a.folder, ending);
}

static void object_keep(void *self, const char *key, struct view data)
{
	struct rig *rig = self;

	assert_true(rig->objects_count < RIG_OBJECTS_MAX);
	(void)snprintf(
	    rig->objects[rig->objects_count].key, sizeof(rig->objects[0].key), "%s", key);
	assert_true(bytes_copy(data, &rig->objects[rig->objects_count].data));
	rig->objects_count++;
}

/* The file as it is now is where every run begins; all of it is durable. */
static void keep_file(struct rig *rig)
{
	char path[FOLDER_MAX + 32];

	lossy_clear();
	path_of(rig, "", path);
	assert_true(lossy_load(path));
	assert_true(lossy_keep());
}

/* b's journal is read once, and written again whenever b is to take part. */
static void b_keep(struct rig *rig)
{
	char path[FOLDER_MAX + 32];
	struct stat info;
	FILE *file;

	store_close(rig->b.store); /* its log is in the file then */
	rig->b.store = NULL;
	(void)snprintf(path, sizeof(path), "%s/journal.db", rig->b.folder);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &info), 0);
	assert_true(bytes_new((size_t)info.st_size, &rig->b_file));
	assert_int_equal(fread(rig->b_file.data, 1, rig->b_file.len, file), rig->b_file.len);
	assert_int_equal(fclose(file), 0);
}

static void b_back(struct rig *rig)
{
	char path[FOLDER_MAX + 32];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/journal.db", rig->b.folder);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(rig->b_file.data, 1, rig->b_file.len, file), rig->b_file.len);
	assert_int_equal(fclose(file), 0);
	lossy_use(false); /* its files are real, until the next run */
	device_restart(&rig->b);
}

static void files_remove(const struct rig *rig)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	char path[FOLDER_MAX + 32];

	for (size_t i = 0; i < COUNT_OF(endings); i++) {
		path_of(rig, endings[i], path);
		(void)unlink(path);
	}
}

void rig_open(struct rig *rig, const struct rig_scenario *scenario)
{
	*rig = (struct rig){0};
	lossy_use(false);
	/* What a cut leaves was drawn: the real files need no disk of their own. */
	if (access("/dev/shm", W_OK) == 0)
		(void)setenv("TMPDIR", "/dev/shm", 0);
	world_open(&rig->world);
	rig->long_text = made_text(&rig->world.made, LONG_LEN);
	device_open(&rig->a, &rig->world);
	if (scenario->prepare != NULL)
		scenario->prepare(rig);
	rig_store_close(rig);
	if (rig->has_b)
		b_keep(rig);
	if (scenario == &rig_fresh)
		files_remove(rig);
	keep_file(rig);
	memory_each(rig->world.store, object_keep, rig);
	rig->world_before = rig->world;
	rig->recovery_before = rig->a.recovery;
}

void rig_close(struct rig *rig)
{
	lossy_disarm();
	lossy_use(false);
	if (rig->has_b)
		device_close(&rig->b);
	device_close(&rig->a);
	for (size_t i = 0; i < rig->objects_count; i++)
		bytes_clear(&rig->objects[i].data);
	bytes_clear(&rig->b_file);
	free(rig->long_text);
	world_close(&rig->world);
	lossy_clear();
}

struct keys {
	char names[RIG_OBJECTS_MAX][BUCKET_KEY_MAX + 1];
	size_t count;
};

static void key_note(void *self, const char *key, struct view data)
{
	struct keys *keys = self;

	(void)data;
	assert_true(keys->count < RIG_OBJECTS_MAX);
	(void)snprintf(keys->names[keys->count], sizeof(keys->names[0]), "%s", key);
	keys->count++;
}

static void bucket_back(struct rig *rig)
{
	struct bucket *bucket = bucket_memory(rig->world.store, NULL);
	struct keys keys = {.count = 0};
	struct bucket_tag tag;
	struct call call;

	assert_non_null(bucket);
	call_init(&call, INT64_MAX);
	memory_each(rig->world.store, key_note, &keys);
	for (size_t i = 0; i < keys.count; i++)
		assert_int_equal(bucket_remove(bucket, keys.names[i], &call), BUCKET_OK);
	for (size_t i = 0; i < rig->objects_count; i++) {
		struct bucket_put put = {
		    .key = rig->objects[i].key, .data = view_bytes(&rig->objects[i].data)};

		assert_int_equal(bucket_put(bucket, &put, &call, &tag), BUCKET_OK);
	}
	bucket_close(bucket);
}

void rig_back(struct rig *rig)
{
	rig_store_close(rig);
	files_remove(rig);
	lossy_use(true);
	assert_true(lossy_back());
	bucket_back(rig);
	rig->world.now_ms = rig->world_before.now_ms;
	rig->world.made = rig->world_before.made;
	rig->world.account = rig->world_before.account;
	rig->world.code = rig->world_before.code;
	rig->a.recovery = rig->recovery_before;
	account_cache_clear(&rig->a.cache);
	rig->notes_count = 0;
}

bool rig_store_open(struct rig *rig)
{
	struct device *device = &rig->a;
	char path[FOLDER_MAX + 32];

	path_of(rig, "", path);
	call_init(&device->call, rig->world.now_ms + 60000);
	if (store_open(path, &store_options_disk, &device->clock, &device->call, &device->store) !=
	    JOURNAL_OK)
		return false;
	device->engine = (struct engine){.journal = store_journal(device->store),
	    .clock = &device->clock,
	    .random = &rig->world.random,
	    .keys = &device->keys};
	return true;
}

void rig_store_close(struct rig *rig)
{
	store_close(rig->a.store);
	rig->a.store = NULL;
}

/* Every acknowledged edit stands in its entry's history, whole (I1). */
static void check_notes(struct rig *rig)
{
	for (size_t i = 0; i < rig->notes_count; i++) {
		const struct rig_note *note = &rig->notes[i];
		bool held;

		if (!note->acknowledged)
			continue;
		if (note->content == NULL)
			held = device_history(&rig->a, note->id, note->kind) > 0;
		else
			held = device_keeps(&rig->a, note->id, note->kind, note->content);
		if (!held)
			fail_msg("an acknowledged edit of %s is lost", note->id);
	}
}

/* A file of many is there whole or not at all; and not at all only if nobody was told. */
static void check_import(struct rig *rig)
{
	size_t there = 0;
	size_t all = 0;

	for (size_t i = 0; i < rig->notes_count; i++) {
		if (rig->notes[i].kind != HISTORY_IMPORT)
			continue;
		all++;
		there += device_history(&rig->a, rig->notes[i].id, HISTORY_IMPORT) > 0;
	}
	assert_true(there == 0 || there == all || !rig->notes[rig->notes_count - 1].acknowledged);
	assert_true(there == 0 || there == device_activity(&rig->a, ACTIVITY_IMPORT) * 6);
}

static bool see_whole(void *self, const struct store_item *item)
{
	struct rig *rig = self;

	(void)rig;
	assert_true(item->title != NULL && item->id[0] != '\0');
	return true;
}

void rig_check(struct rig *rig)
{
	const struct store_query all = {.limit = 0};

	call_init(&rig->a.call, rig->world.now_ms + 60000);
	if (store_check(rig->a.store, &rig->a.call) != JOURNAL_OK)
		fail_msg("the journal is not sound: %s", rig->a.call.message);
	assert_int_equal(store_list(rig->a.store, &all, see_whole, rig, &rig->a.call), JOURNAL_OK);
	check_notes(rig);
	check_import(rig);
	if (!device_facts(&rig->a).has_account)
		return;
	assert_synced(&rig->a);
	check_notes(rig);
	if (!rig->has_b)
		return;
	b_back(rig);
	assert_synced(&rig->b);
	assert_synced(&rig->a);
	assert_synced(&rig->b);
	assert_same(&rig->a, &rig->b);
	store_close(rig->b.store);
	rig->b.store = NULL;
}

unsigned rig_setting(const char *name, unsigned usual)
{
	const char *text = getenv(name);
	unsigned long value = text == NULL ? 0 : strtoul(text, NULL, 10);

	return value == 0 ? usual : (unsigned)value;
}
