/*
 * tests/fuzz/victim.c: see victim.h.
 */
#include "tests/fuzz/victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_MAX (64u << 20)
#define PATH_ROOM 64u
#define TABLES_MAX 64u

static void path_of(const struct victim *victim, const char *end, char out[FOLDER_MAX + PATH_ROOM])
{
	(void)snprintf(out, FOLDER_MAX + PATH_ROOM, "%s/journal.db%s", victim->device->folder, end);
}

int64_t victim_number(struct victim *victim, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	int64_t number;

	assert_int_equal(sqlite3_prepare_v2(victim->watch, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	return number;
}

static void look(struct victim *victim)
{
	char path[FOLDER_MAX + PATH_ROOM];

	path_of(victim, "", path);
	assert_int_equal(
	    sqlite3_open_v2(path, &victim->watch, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	victim->version = victim_number(victim, "PRAGMA data_version");
}

static void look_away(struct victim *victim)
{
	assert_int_equal(sqlite3_close(victim->watch), SQLITE_OK);
	victim->watch = NULL;
}

bool victim_moved(struct victim *victim)
{
	int64_t version = victim_number(victim, "PRAGMA data_version");
	bool moved = version != victim->version;

	victim->version = version;
	victim->touched = victim->touched || moved;
	return moved;
}

static void read_edits(struct victim *victim)
{
	static const char sql[] =
	    "SELECT id, local FROM entries WHERE local IS NOT NULL AND local IS NOT cloud";
	sqlite3_stmt *row = NULL;

	assert_int_equal(sqlite3_prepare_v2(victim->watch, sql, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		assert_true(victim->edits_count < VICTIM_EDITS_MAX);
		(void)snprintf(victim->edits[victim->edits_count].id, ENTRY_ID_MAX + 1, "%s",
		    (const char *)sqlite3_column_text(row, 0));
		assert_int_equal(sqlite3_column_bytes(row, 1), DIGEST_LEN);
		memcpy(victim->edits[victim->edits_count].version.bytes,
		    sqlite3_column_blob(row, 1), DIGEST_LEN);
		victim->edits_count++;
	}
	assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
}

size_t victim_lost(struct victim *victim)
{
	static const char sql[] =
	    "SELECT EXISTS (SELECT 1 FROM versions WHERE hash = ?2) AND (EXISTS (SELECT 1 FROM "
	    "entries WHERE id = ?1 AND local = ?2) OR EXISTS (SELECT 1 FROM history WHERE id = ?1 "
	    "AND version = ?2))";
	sqlite3_stmt *found = NULL;
	size_t lost = 0;

	assert_int_equal(sqlite3_prepare_v2(victim->watch, sql, -1, &found, NULL), SQLITE_OK);
	for (size_t i = 0; i < victim->edits_count; i++) {
		(void)sqlite3_bind_text(found, 1, victim->edits[i].id, -1, SQLITE_STATIC);
		(void)sqlite3_bind_blob(
		    found, 2, victim->edits[i].version.bytes, DIGEST_LEN, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(found), SQLITE_ROW);
		lost += sqlite3_column_int(found, 0) == 0;
		assert_int_equal(sqlite3_reset(found), SQLITE_OK);
	}
	assert_int_equal(sqlite3_finalize(found), SQLITE_OK);
	return lost;
}

void victim_keep(struct victim *victim, struct device *device)
{
	char path[FOLDER_MAX + PATH_ROOM];
	struct buffer buffer;
	uint8_t piece[4096];
	size_t len;
	FILE *file;

	*victim = (struct victim){.device = device};
	store_close(device->store); /* its log is in the file then */
	device->store = NULL;
	path_of(victim, "", path);
	file = fopen(path, "rb");
	assert_non_null(file);
	buffer_init(&buffer, JOURNAL_MAX);
	while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
		buffer_add(&buffer, piece, len);
	assert_int_equal(fclose(file), 0);
	assert_true(buffer_take(&buffer, &victim->file));
	device_restart(device);
	look(victim);
	read_edits(victim);
}

void victim_restore(struct victim *victim)
{
	static const char *const beside[] = {"-wal", "-shm"};
	struct device *device = victim->device;
	char path[FOLDER_MAX + PATH_ROOM];
	FILE *file;

	if (!victim_moved(victim) && !victim->touched)
		return;
	look_away(victim);
	store_close(device->store);
	device->store = NULL;
	for (size_t i = 0; i < COUNT_OF(beside); i++) {
		path_of(victim, beside[i], path);
		(void)unlink(path);
	}
	path_of(victim, "", path);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(victim->file.data, 1, victim->file.len, file), victim->file.len);
	assert_int_equal(fclose(file), 0);
	device_restart(device);
	look(victim);
	victim->touched = false;
}

void victim_clear(struct victim *victim)
{
	if (victim->watch != NULL)
		look_away(victim);
	bytes_clear(&victim->file);
}

static void add_column(crypto_generichash_blake2b_state *hash, sqlite3_stmt *row, int column)
{
	int64_t head[2] = {sqlite3_column_type(row, column), sqlite3_column_bytes(row, column)};
	const void *data = sqlite3_column_blob(row, column);

	(void)crypto_generichash_blake2b_update(hash, (const uint8_t *)head, sizeof(head));
	if (head[1] > 0)
		(void)crypto_generichash_blake2b_update(hash, data, (size_t)head[1]);
}

static void add_rows(
    struct victim *victim, crypto_generichash_blake2b_state *hash, const char *table, bool whole)
{
	static const char *const named =
	    " WHERE hash IN (SELECT local FROM entries UNION SELECT base FROM entries "
	    "UNION SELECT cloud FROM entries UNION SELECT version FROM history UNION SELECT "
	    "version FROM losers UNION SELECT version FROM sent_versions)";
	const char *where = "";
	sqlite3_stmt *row = NULL;
	char sql[512];

	if (!whole && strcmp(table, "staged") == 0)
		return;
	if (!whole && strcmp(table, "versions") == 0)
		where = named;
	else if (!whole && strcmp(table, "meta") == 0)
		where = " WHERE name NOT IN ('facts', 'root', 'stage')";
	(void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"%s ORDER BY 1, 2", table, where);
	(void)crypto_generichash_blake2b_update(hash, (const uint8_t *)table, strlen(table));
	assert_int_equal(sqlite3_prepare_v2(victim->watch, sql, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(row); i++)
			add_column(hash, row, i);
	assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
}

/* Of the facts what says where the device is, and not what any answer tells: its clock, its sweep
 * count, that the remote was seen. */
static void add_facts(struct victim *victim, crypto_generichash_blake2b_state *hash)
{
	const struct call call = victim->device->call; /* the run's: it says why that ended */
	struct sync_facts facts = device_facts(victim->device);
	uint8_t root[ROOT_LEN] = {0}; /* none is stored of an empty state, or an empty one */
	const struct {
		const void *data;
		size_t len;
	} parts[] = {{&facts.has_account, sizeof(facts.has_account)}, {&facts.on, sizeof(facts.on)},
	    {&facts.recovering, sizeof(facts.recovering)}, {facts.account.bytes, ACCOUNT_ID_LEN},
	    {facts.device.bytes, DEVICE_ID_LEN}, {&facts.head.seq, sizeof(facts.head.seq)},
	    {facts.head.hash.bytes, DIGEST_LEN},
	    {&facts.known_head.seq, sizeof(facts.known_head.seq)},
	    {facts.known_head.hash.bytes, DIGEST_LEN}, {&facts.floor, sizeof(facts.floor)},
	    {&facts.acknowledged_ms, sizeof(facts.acknowledged_ms)}, {root, ROOT_LEN}};

	if (facts.has_account)
		assert_int_equal(
		    sync_root_get(&victim->device->engine, &victim->device->call, root), ENGINE_OK);
	victim->device->call = call;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		(void)crypto_generichash_blake2b_update(hash, parts[i].data, parts[i].len);
}

void victim_digest(struct victim *victim, bool whole, struct digest *out)
{
	/* The search index's own tables follow from the entries; what else there is, by name. */
	static const char sql[] = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name "
				  "NOT LIKE 'search%' AND name NOT LIKE 'sqlite_%' ORDER BY name";
	crypto_generichash_blake2b_state hash;
	sqlite3_stmt *table = NULL;
	unsigned count = 0;

	(void)crypto_generichash_blake2b_init(&hash, NULL, 0, DIGEST_LEN);
	assert_int_equal(sqlite3_prepare_v2(victim->watch, sql, -1, &table, NULL), SQLITE_OK);
	while (sqlite3_step(table) == SQLITE_ROW) {
		add_rows(victim, &hash, (const char *)sqlite3_column_text(table, 0), whole);
		count++;
	}
	assert_int_equal(sqlite3_finalize(table), SQLITE_OK);
	assert_true(count > 8 && count < TABLES_MAX);
	if (!whole)
		add_facts(victim, &hash);
	(void)crypto_generichash_blake2b_final(&hash, out->bytes, DIGEST_LEN);
}
