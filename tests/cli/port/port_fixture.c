/*
 * tests/cli/port/port_fixture.c: see the header.
 */
#include "tests/cli/port/port_fixture.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fixture_clear(struct journal_fixture *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		bytes_clear(&journal->entries[i]);
	free(journal->entries);
	*journal = (struct journal_fixture){0};
}

void fixture_add(struct journal_fixture *journal, const struct entry *entry)
{
	struct bytes *grown =
	    realloc(journal->entries, (journal->count + 1) * sizeof(journal->entries[0]));

	assert_non_null(grown);
	journal->entries = grown;
	grown[journal->count] = (struct bytes){0};
	assert_int_equal(entry_encode(entry, &grown[journal->count]), FORMAT_OK);
	journal->count++;
}

void fixture_get(const struct journal_fixture *journal, size_t number, struct entry *out)
{
	assert_true(number < journal->count);
	assert_int_equal(entry_decode(view_bytes(&journal->entries[number]), out), FORMAT_OK);
}

void fixture_equal(const struct journal_fixture *a, const struct journal_fixture *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(a->entries[i].len, b->entries[i].len);
		assert_memory_equal(a->entries[i].data, b->entries[i].data, a->entries[i].len);
	}
}

static bool sink_entry(void *self, const struct entry *entry)
{
	struct journal_fixture *journal = self;

	fixture_add(journal, entry);
	return journal->count != journal->stop_after;
}

static bool sink_dropped(void *self, const char *where, const char *reason)
{
	struct journal_fixture *journal = self;

	if (journal->dropped_count < DROPPED_MAX) {
		struct dropped *dropped = &journal->dropped[journal->dropped_count];

		(void)snprintf(dropped->where, sizeof(dropped->where), "%s", where);
		(void)snprintf(dropped->reason, sizeof(dropped->reason), "%s", reason);
	}
	journal->dropped_count++;
	return true;
}

struct port_sink fixture_sink(struct journal_fixture *journal)
{
	return (struct port_sink){journal, sink_entry, sink_dropped};
}

static bool source_next(void *self, struct entry *out, bool *failed_out)
{
	struct journal_fixture *journal = self;

	(void)failed_out;
	if (journal->next == journal->count)
		return false;
	fixture_get(journal, journal->next++, out);
	return true;
}

struct port_source fixture_source(struct journal_fixture *journal)
{
	journal->next = 0;
	return (struct port_source){journal, source_next};
}

struct entry fixture_entry(const char *id, const char *title, const char *content)
{
	struct entry entry = {0};

	entry.id = view_text(id);
	entry.collection = view_text("journal");
	entry.title = view_text(title);
	entry.content = view_text(content);
	entry.created_at = view_text("2026-01-01T10:00:00.000Z");
	entry.updated_at = view_text("2026-01-02T10:00:00.000Z");
	return entry;
}

static void count_up(void *self, void *out, size_t len)
{
	uint8_t *counter = self;
	uint8_t *bytes = out;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (*counter)++;
}

struct random fixture_random(uint8_t *counter)
{
	return (struct random){counter, count_up};
}

static int64_t stand_still(void *self)
{
	(void)self;
	return 1893456000000;
}

struct clock fixture_clock(void)
{
	return (struct clock){NULL, stand_still, stand_still};
}

void fixture_read(const char *path, struct bytes *out)
{
	FILE *file = fopen(path, "rb");
	struct buffer buffer;
	char chunk[4096];
	size_t got;

	assert_non_null(file);
	buffer_init(&buffer, PORT_FILE_MAX);
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buffer_add(&buffer, chunk, got);
	assert_int_equal(fclose(file), 0);
	assert_true(buffer_take(&buffer, out));
}

void fixture_write(const char *path, struct view data)
{
	char folder[1024];
	FILE *file;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(folder, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data.data, 1, data.len, file), data.len);
	assert_int_equal(fclose(file), 0);
}

char *fixture_folder(void)
{
	const char *base = getenv("TMPDIR");
	char path[512];
	char *copy;

	(void)snprintf(path, sizeof(path), "%s/inkseal-port-XXXXXX", base == NULL ? "/tmp" : base);
	assert_non_null(mkdtemp(path));
	copy = strdup(path);
	assert_non_null(copy);
	return copy;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void fixture_folder_remove(char *folder)
{
	assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	free(folder);
}

void assert_text(struct view view, const char *text)
{
	assert_int_equal(view.len, strlen(text));
	assert_memory_equal(view.data == NULL ? (const uint8_t *)"" : view.data, text, view.len);
}
