/*
 * tests/fuzz/metadj.c: a file of MetaDJ Nexus' as it is read at an import, plain or
 * encrypted. Entries that are handed out are ones that can be kept; exported and imported
 * again they are the same.
 */
#include "cli/port/port.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define ENTRIES_MAX 64u

struct journal {
	struct bytes entries[ENTRIES_MAX];
	size_t count, next, dropped;
};

static bool take_entry(void *self, const struct entry *entry)
{
	struct journal *journal = self;

	if (journal->count == ENTRIES_MAX)
		return false;
	fuzz_check(entry_encode(entry, &journal->entries[journal->count]) == FORMAT_OK,
	    "an entry that was handed out can be kept");
	journal->count++;
	return true;
}

static bool take_dropped(void *self, const char *where, const char *reason)
{
	struct journal *journal = self;

	fuzz_check(where[0] != '\0' && reason[0] != '\0', "it says where and why");
	journal->dropped++;
	return true;
}

static bool give_entry(void *self, struct entry *out, bool *failed_out)
{
	struct journal *journal = self;

	*failed_out = false;
	if (journal->next == journal->count)
		return false;
	fuzz_check(entry_decode(view_bytes(&journal->entries[journal->next]), out) == FORMAT_OK,
	    "a kept entry");
	journal->next++;
	return true;
}

static bool collect(void *self, struct view bytes)
{
	buffer_add_view(self, bytes);
	return true;
}

static void clear(struct journal *journal)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		bytes_clear(&journal->entries[i]);
	*journal = (struct journal){0};
}

static enum port_result import(struct view file, const char *passphrase, struct journal *journal)
{
	struct port_sink sink = {journal, take_entry, take_dropped};
	enum port_result result;
	struct call call;

	call_init(&call, 0);
	result = metadj_import(file, passphrase, &sink, &call);
	fuzz_check(result == PORT_OK || call.message[0] != '\0' || result == PORT_STOPPED,
	    "a refusal says why");
	if (result == PORT_MALFORMED || result == PORT_PASSPHRASE)
		fuzz_check(journal->count == 0, "no entry before a refusal");
	return result;
}

static void check_exported(struct journal *journal)
{
	static struct journal again;
	struct port_source source = {journal, give_entry};
	struct buffer file;
	struct call call;

	call_init(&call, 0);
	buffer_init(&file, 32u << 20);
	fuzz_check(metadj_export(&source, NULL, "2026-01-01T00:00:00.000Z", NULL, collect, &file,
		       &call) == PORT_OK,
	    "what was imported is exported");
	fuzz_check(import(buffer_view(&file), NULL, &again) == PORT_OK && again.dropped == 0 &&
		       again.count == journal->count,
	    "and imported again");
	for (size_t i = 0; i < again.count; i++)
		fuzz_same(view_bytes(&again.entries[i]), view_bytes(&journal->entries[i]),
		    "an entry is the same after both");
	buffer_clear(&file);
	clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct journal journal;
	struct view input = view_of(data, size);

	if (import(input, NULL, &journal) == PORT_OK)
		check_exported(&journal);
	clear(&journal);
	return 0;
}
