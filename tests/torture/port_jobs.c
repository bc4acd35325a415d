/*
 * tests/torture/port_jobs.c: see port_jobs.h.
 */
#include "tests/torture/port_jobs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSPHRASE "correct horse"

/* ---- Nothing here allocates: it runs while allocations fail. ---- */

static bool entry_same(const struct entry *a, const struct entry *b)
{
	bool same = view_equal(a->id, b->id) && view_equal(a->collection, b->collection) &&
		    view_equal(a->title, b->title) && view_equal(a->content, b->content) &&
		    view_equal(a->created_at, b->created_at) &&
		    view_equal(a->updated_at, b->updated_at) &&
		    view_equal(a->deleted_at, b->deleted_at) && a->extra_count == b->extra_count;

	for (size_t i = 0; same && i < a->extra_count; i++)
		same = view_equal(a->extra[i].name, b->extra[i].name) &&
		       view_equal(a->extra[i].json, b->extra[i].json);
	return same;
}

static bool take_entry(void *self, const struct entry *entry)
{
	struct job *job = self;

	if (job->entries_count >= job->wanted.count ||
	    !entry_same(entry, &job->entries[job->entries_count]))
		(void)snprintf(
		    job->wrong, sizeof(job->wrong), "entry %zu is another", job->entries_count);
	job->entries_count++;
	return true;
}

static bool take_dropped(void *self, const char *where, const char *reason)
{
	struct job *job = self;
	const struct dropped *wanted = &job->wanted.dropped[job->dropped_count];

	if (job->dropped_count >= job->wanted.dropped_count || strcmp(where, wanted->where) != 0 ||
	    strcmp(reason, wanted->reason) != 0)
		(void)snprintf(job->wrong, sizeof(job->wrong), "%s is left out: %s", where, reason);
	job->dropped_count++;
	return true;
}

static bool take_bytes(void *self, struct view bytes)
{
	struct job *job = self;

	if (bytes.len > sizeof(job->written) - job->written_len)
		return false;
	memcpy(job->written + job->written_len, bytes.data, bytes.len);
	job->written_len += bytes.len;
	return true;
}

static enum port_result run_metadj_import(struct job *job)
{
	const struct port_sink sink = {job, take_entry, take_dropped};

	return metadj_import(view_bytes(&job->file), job->passphrase, &sink, &job->call);
}

static enum port_result run_markdown_import(struct job *job)
{
	const struct port_sink sink = {job, take_entry, take_dropped};
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);
	struct clock clock = fixture_clock();

	return markdown_import(job->folder, &random, &clock, &sink, &job->call);
}

static bool give_entry(void *self, struct entry *out, bool *failed_out)
{
	struct job *job = self;

	(void)failed_out;
	if (job->given_count == job->journal.count)
		return false;
	*out = job->given[job->given_count++];
	return true;
}

static enum port_result run_metadj_export(struct job *job)
{
	struct port_source source = {job, give_entry};
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);

	return metadj_export(&source, job->passphrase, "2026-02-03T04:05:06.789Z", &random,
	    take_bytes, job, &job->call);
}

static enum port_result run_markdown_export(struct job *job)
{
	struct port_source source = {job, give_entry};
	uint64_t written = 77;
	enum port_result result = markdown_export(&source, job->folder, &job->call, &written);

	if (written != (result == PORT_OK ? job->journal.count : 77))
		(void)snprintf(job->wrong, sizeof(job->wrong), "%llu are said to be written",
		    (unsigned long long)written);
	return result;
}

/* ---- The journal, and what is to come of it ---- */

static void make_journal(struct journal_fixture *out)
{
	struct entry entry = fixture_entry(
	    "0d8c1c64-6b7e-4f0a-9a53-0f6f0a3f2b11", "Premi\xC3\xA8re: \"one\"", "one\n\ntwo\n");

	entry.extra[0] = (struct entry_extra){
	    view_text("flow"), view_text("{\"a\":[1,2,{\"b\":\"c\"}],\"d\":null}")};
	entry.extra[1] = (struct entry_extra){view_text("mood"), view_text("\"glad\"")};
	entry.extra[2] = (struct entry_extra){view_text("odds"), view_text("{\"a\":\"\\u00e9\"}")};
	entry.extra_count = 3;
	fixture_add(out, &entry);
	entry = fixture_entry("1", "", "");
	entry.collection = view_text("dreams");
	fixture_add(out, &entry);
	entry = fixture_entry("2", "Gone", "what was there");
	entry.deleted_at = view_text("2026-01-03T10:00:00.000Z");
	fixture_add(out, &entry);
}

static struct entry *decode(const struct journal_fixture *journal)
{
	struct entry *entries = calloc(journal->count, sizeof(*entries));

	assert_non_null(entries);
	for (size_t i = 0; i < journal->count; i++)
		fixture_get(journal, i, &entries[i]);
	return entries;
}

static void import_wanted(struct job *job)
{
	struct port_sink sink = fixture_sink(&job->wanted);

	assert_int_equal(
	    metadj_import(view_bytes(&job->file), job->passphrase, &sink, &job->call), PORT_OK);
	job->entries = decode(&job->wanted);
}

static void export_file(struct job *job)
{
	assert_int_equal(run_metadj_export(job), PORT_OK);
	assert_true(bytes_copy(view_of(job->written, job->written_len), &job->file));
}

static void prepare_metadj_import(struct job *job)
{
	static const char bad[] = "{\"id\":\"x\",\"id\":\"y\"},";
	struct bytes whole = {0};
	const char *first;
	size_t len;

	export_file(job);
	first = strstr((const char *)job->file.data, "\"entries\": [");
	if (first != NULL) { /* plain: an item that is to be left out goes first */
		len = (size_t)(first - (const char *)job->file.data) + strlen("\"entries\": [");
		assert_true(bytes_new(job->file.len + strlen(bad), &whole));
		memcpy(whole.data, job->file.data, len);
		memcpy(whole.data + len, bad, strlen(bad));
		memcpy(whole.data + len + strlen(bad), job->file.data + len, job->file.len - len);
		bytes_clear(&job->file);
		job->file = whole;
	}
	import_wanted(job);
	assert_int_equal(job->wanted.count, job->journal.count);
	assert_int_equal(job->wanted.dropped_count, first == NULL ? 0 : 1);
}

static void put_note(struct job *job, const char *name, const char *text)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", job->folder, name);
	fixture_write(path, view_text(text));
}

static void prepare_markdown_import(struct job *job)
{
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);
	struct clock clock = fixture_clock();
	struct port_sink sink = fixture_sink(&job->wanted);

	assert_int_equal(run_markdown_export(job), PORT_OK);
	put_note(job, "bare.md", "# A heading\n\nand no front matter\n");
	put_note(job, "below/other.md",
	    "---\nlong: >\n  folded\n  text\ntags: [a, \"b\", {c: !!str 1}]\n---\n\nother\n");
	put_note(job, "below/twice.md", "---\na: 1\na: 2\n---\n\nleft out\n");
	put_note(job, "below/worse.md", "---\nodd: !json '{\"a\":1,\"a\":2}'\n---\n\nleft out\n");
	assert_int_equal(markdown_import(job->folder, &random, &clock, &sink, &job->call), PORT_OK);
	assert_int_equal(job->wanted.count, job->journal.count + 2);
	assert_int_equal(job->wanted.dropped_count, 2);
	job->entries = decode(&job->wanted);
}

static void prepare_nothing(struct job *job)
{
	(void)job;
}

/* ---- What holds after a run ---- */

static void judge_import(struct job *job, enum port_result result)
{
	if (result != PORT_OK)
		return;
	assert_int_equal(job->entries_count, job->wanted.count);
	assert_int_equal(job->dropped_count, job->wanted.dropped_count);
}

/* A file that was begun is not there, or is no export: the caller's to remove. */
static void judge_metadj_export(struct job *job, enum port_result result)
{
	if (result == PORT_OK)
		assert_true(
		    view_equal(view_of(job->written, job->written_len), view_bytes(&job->file)));
	else
		assert_true(job->written_len < job->file.len);
}

static void assert_none_hidden(const struct job *job, const char *below)
{
	char path[1024];
	struct dirent *item;
	DIR *folder;

	(void)snprintf(path, sizeof(path), "%s/%s", job->folder, below);
	folder = opendir(path);
	if (folder == NULL)
		return; /* not come that far */
	while ((item = readdir(folder)) != NULL)
		if (item->d_name[0] == '.' && strcmp(item->d_name, ".") != 0 &&
		    strcmp(item->d_name, "..") != 0)
			fail_msg("%s is left behind", item->d_name);
	(void)closedir(folder);
}

/* Each file that is there is whole: an entry of the journal. */
static void judge_markdown_export(struct job *job, enum port_result result)
{
	struct journal_fixture found = {0};
	struct port_sink sink = fixture_sink(&found);
	struct clock clock = fixture_clock();
	uint8_t counter = 0;
	struct random random = fixture_random(&counter);

	assert_int_equal(markdown_import(job->folder, &random, &clock, &sink, &job->call), PORT_OK);
	assert_int_equal(found.dropped_count, 0);
	if (result == PORT_OK)
		assert_int_equal(found.count, job->journal.count);
	for (size_t i = 0; i < found.count; i++) {
		size_t k = 0;

		while (k < job->journal.count && !view_equal(view_bytes(&found.entries[i]),
						     view_bytes(&job->journal.entries[k])))
			k++;
		assert_true(k < job->journal.count);
	}
	assert_none_hidden(job, "2026");
	assert_none_hidden(job, "dreams/2026");
	fixture_clear(&found);
}

const struct job_kind job_metadj_import = {
    "metadj import", NULL, prepare_metadj_import, run_metadj_import, judge_import};
const struct job_kind job_metadj_import_sealed = {
    "metadj import, sealed", PASSPHRASE, prepare_metadj_import, run_metadj_import, judge_import};
const struct job_kind job_metadj_export = {
    "metadj export", NULL, export_file, run_metadj_export, judge_metadj_export};
const struct job_kind job_metadj_export_sealed = {
    "metadj export, sealed", PASSPHRASE, export_file, run_metadj_export, judge_metadj_export};
const struct job_kind job_markdown_import = {
    "markdown import", NULL, prepare_markdown_import, run_markdown_import, judge_import};
const struct job_kind job_markdown_export = {
    "markdown export", NULL, prepare_nothing, run_markdown_export, judge_markdown_export};

void job_begin(struct job *job)
{
	job->entries_count = 0;
	job->given_count = 0;
	job->dropped_count = 0;
	job->written_len = 0;
	job->wrong[0] = '\0';
	call_init(&job->call, 0);
}

void job_open(struct job *job, const struct job_kind *kind)
{
	*job = (struct job){.passphrase = kind->passphrase, .folder = fixture_folder()};
	make_journal(&job->journal);
	job->given = decode(&job->journal);
	job_begin(job);
	kind->prepare(job);
}

void job_close(struct job *job)
{
	fixture_folder_remove(job->folder);
	fixture_clear(&job->journal);
	fixture_clear(&job->wanted);
	bytes_clear(&job->file);
	free(job->entries);
	free(job->given);
}
