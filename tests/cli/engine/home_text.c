/*
 * tests/cli/engine/home_text.c: see home_text.h.
 */
#include "tests/cli/engine/home_text.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX (4u << 20)

static const char *const queries[] = {
    "SELECT 'entry', id, hex(local), hex(base), hex(cloud), hex(author), cloud_seq, cloud_ms"
    " FROM entries ORDER BY id",
    "SELECT 'version', id, hex(hash), length(encoded) FROM versions ORDER BY hash",
    "SELECT 'history', id, hex(version), hex(author), kind, at_ms FROM history"
    " ORDER BY id, number",
    "SELECT CASE kind WHEN 7 THEN 'pushed' ELSE 'activity' END, kind, at_ms, ifnull(id, ''),"
    " detail FROM activity ORDER BY number",
    "SELECT 'sent', seq, count(id) FROM sent LEFT JOIN sent_versions ON sent = number"
    " GROUP BY number ORDER BY seq, number",
    "SELECT 'loser', id, hex(version), hex(author) FROM losers ORDER BY id, version",
    "SELECT 'segment', hex(run_hash), hex(name_hash), name_count FROM segments ORDER BY run_hash",
    "SELECT 'staged', id, hex(version), hex(author), deleted, seq, time_ms FROM staged"
    " ORDER BY id",
    "SELECT 'device', hex(device), seq, time_ms FROM devices ORDER BY device",
    /* Facts follow decoded; a roster has boxes in it, which are sealed anew each time. */
    "SELECT 'meta', name, CASE WHEN name IN ('roster', 'statement') THEN length(value)"
    " ELSE hex(value) END FROM meta WHERE name <> 'facts' ORDER BY name",
};

static void add_rows(sqlite3 *db, const char *query, struct buffer *out)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *text = (const char *)sqlite3_column_text(statement, i);

			buffer_addf(out, "%s ", text == NULL ? "none" : text);
		}
		buffer_add_text(out, "\n");
	}
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
}

static void add_facts(struct device *device, struct buffer *out)
{
	struct engine engine = {.journal = store_journal(device->store)};
	struct sync_facts facts;
	struct call call;

	call_init(&call, INT64_MAX);
	assert_int_equal(sync_facts_get(&engine, &call, &facts), ENGINE_OK);
	buffer_addf(out,
	    "account %d, on %d, recovering %d, head %llu, known head %llu, floor %llu, reset %llu "
	    "at %lld, sweep %llu, log %llu, snapshot %llu, acknowledged %lld, pulled %lld, "
	    "deleted %llu, skew %lld\n",
	    facts.has_account, facts.on, facts.recovering, (unsigned long long)facts.head.seq,
	    (unsigned long long)facts.known_head.seq, (unsigned long long)facts.floor,
	    (unsigned long long)facts.reset_seq, (long long)facts.reset_ms,
	    (unsigned long long)facts.sweep, (unsigned long long)facts.log_bytes,
	    (unsigned long long)facts.snapshot_seq, (long long)facts.acknowledged_ms,
	    (long long)facts.pulled_ms, (unsigned long long)facts.deleted,
	    (long long)facts.skew_ms);
	buffer_addf(out, "about %llu\n", (unsigned long long)facts.snapshot_bytes);
}

struct bytes home_text(struct device *device)
{
	char path[FOLDER_MAX + 16];
	struct bytes text = {0};
	struct buffer out;
	sqlite3 *db = NULL;

	(void)snprintf(path, sizeof(path), "%s/journal.db", device->folder);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	buffer_init(&out, TEXT_MAX);
	for (size_t i = 0; i < COUNT_OF(queries); i++)
		add_rows(db, queries[i], &out);
	add_facts(device, &out);
	assert_true(buffer_take(&out, &text));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return text;
}

static bool counts_not(const char *line)
{
	static const char *const words[] = {"pushed ", "segment ", "meta index ", "about "};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* The next line that counts; NULL: none. */
static const char *line_at(const char *text)
{
	while (counts_not(text))
		text = strchr(text, '\n') + 1;
	return *text == '\0' ? NULL : text;
}

bool home_text_alike(const struct bytes *one, const struct bytes *other)
{
	const char *left = line_at((const char *)one->data);
	const char *right = line_at((const char *)other->data);

	while (left != NULL && right != NULL) {
		size_t len = strcspn(left, "\n") + 1;

		if (strncmp(left, right, len) != 0)
			return false;
		left = line_at(left + len);
		right = line_at(right + len);
	}
	return left == right;
}

static bool has_line(const char *text, const char *line, size_t len)
{
	for (const char *at = text; (at = strstr(at, "\n")) != NULL; at++)
		if (strncmp(at + 1, line, len) == 0)
			return true;
	return strncmp(text, line, len) == 0;
}

static void print_missing(const char *what, const struct bytes *of, const struct bytes *in)
{
	const char *line = (const char *)of->data;
	const char *end;

	for (; (end = strchr(line, '\n')) != NULL; line = end + 1)
		if (!has_line((const char *)in->data, line, (size_t)(end - line) + 1))
			print_error("%s %.*s\n", what, (int)(end - line), line);
}

void home_text_differences(const struct bytes *have, const struct bytes *want)
{
	print_missing("have:", have, want);
	print_missing("want:", want, have);
}
