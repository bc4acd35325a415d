#include "tests/cli/store/store_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t standing(void *self)
{
	(void)self;
	return 0;
}

/* Far from the other: who takes one for the other is seen. */
static int64_t standing_wall(void *self)
{
	(void)self;
	return INT64_C(1700000000000);
}

const struct clock fixture_clock = {.wall_ms = standing_wall, .monotonic_ms = standing};

void fixture_folder(char out[FIXTURE_PATH_MAX])
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(out, FIXTURE_PATH_MAX, "%s/inkseal-store-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(out));
}

void fixture_remove(const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *file;

	assert_non_null(dir);
	while ((file = readdir(dir)) != NULL) {
		char path[FIXTURE_PATH_MAX + 300];

		if (file->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(closedir(dir), 0);
	assert_int_equal(rmdir(folder), 0);
}

void file_write(const char *path, const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

struct bytes file_read(const char *path)
{
	struct bytes data = {0};
	struct stat info;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &info), 0);
	assert_true(bytes_new((size_t)info.st_size, &data));
	assert_int_equal(fread(data.data, 1, data.len, file), data.len);
	assert_int_equal(fclose(file), 0);
	return data;
}

void fixture_open(struct fixture *fixture)
{
	assert_ok(fixture, store_open(fixture->path, &store_options_disk, &fixture_clock,
			       &fixture->call, &fixture->store));
	fixture->journal = store_journal(fixture->store);
}

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture_folder(fixture->folder);
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/journal.db", fixture->folder);
	call_init(&fixture->call, 1000);
	fixture_open(fixture);
	*state = fixture;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	store_close(fixture->store);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

void fixture_reopen(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
	fixture_open(fixture);
}

void begin(struct fixture *fixture)
{
	assert_ok(fixture, fixture->journal.ops->begin(fixture->store, &fixture->call));
}

void commit(struct fixture *fixture)
{
	assert_ok(fixture, fixture->journal.ops->commit(fixture->store, &fixture->call));
}

static struct view text_or(const char *text, const char *usual)
{
	if (text != NULL)
		return view_text(text);
	return usual == NULL ? (struct view){0} : view_text(usual);
}

struct digest put_version(struct fixture *fixture, const struct words *words)
{
	struct entry entry = {
	    .id = view_text(words->id),
	    .collection = text_or(words->collection, "journal"),
	    .title = text_or(words->title, "a title"),
	    .content = text_or(words->content, "some text"),
	    .created_at = text_or(words->created_at, "2026-01-01T00:00:00.000Z"),
	    .updated_at = text_or(words->updated_at, "2026-01-02T00:00:00.000Z"),
	    .deleted_at = text_or(words->deleted_at, NULL),
	    .conflict_of = text_or(words->conflict_of, NULL),
	};
	struct bytes encoded = {0};
	struct digest version;

	assert_int_equal(entry_encode(&entry, &encoded), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&encoded), &version), FORMAT_OK);
	assert_ok(fixture, fixture->journal.ops->version_put(
			       fixture->store, &version, view_bytes(&encoded), &fixture->call));
	bytes_clear(&encoded);
	return version;
}

struct digest put_local(struct fixture *fixture, const struct words *words)
{
	struct digest version = put_version(fixture, words);

	assert_ok(fixture, fixture->journal.ops->local_set(
			       fixture->store, view_text(words->id), &version, &fixture->call));
	return version;
}

struct digest put_cloud(struct fixture *fixture, const struct words *words, uint64_t seq)
{
	static const struct device_id author = {{0xaa, 0xbb}};
	struct digest version = put_version(fixture, words);

	assert_ok(fixture, fixture->journal.ops->cloud_set(fixture->store, view_text(words->id),
			       &version, &author, seq, (int64_t)seq * 1000, &fixture->call));
	return version;
}

struct digest put_settled(struct fixture *fixture, const struct words *words, uint64_t seq)
{
	struct digest version = put_cloud(fixture, words, seq);

	(void)put_local(fixture, words);
	assert_ok(fixture, fixture->journal.ops->base_set(
			       fixture->store, view_text(words->id), &version, &fixture->call));
	return version;
}

struct journal_entry get_entry(struct fixture *fixture, const char *id)
{
	struct journal_entry entry = {0};

	assert_ok(fixture,
	    fixture->journal.ops->entry_get(fixture->store, view_text(id), &fixture->call, &entry));
	return entry;
}

void assert_take(struct bytes *bytes, const char *want)
{
	assert_non_null(bytes->data);
	assert_string_equal((const char *)bytes->data, want);
	bytes_clear(bytes);
}

void store_rows(sqlite3 *db, const char *query, char text[STORE_TEXT_MAX])
{
	sqlite3_stmt *statement = NULL;
	size_t len = 0;
	int code;

	text[0] = '\0';
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *value = (const char *)sqlite3_column_text(statement, i);

			len += (size_t)snprintf(text + len, STORE_TEXT_MAX - len, "%s%s",
			    i == 0 ? "" : "|", value == NULL ? "-" : value);
			assert_true(len < STORE_TEXT_MAX);
		}
		len += (size_t)snprintf(text + len, STORE_TEXT_MAX - len, " ");
	}
	assert_int_equal(code, SQLITE_DONE);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}
