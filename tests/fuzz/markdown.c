/*
 * tests/fuzz/markdown.c: a Markdown file with front matter, as an import reads one. What is read
 * and written again is read as the same entry.
 */
#include "cli/port/port_priv.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void zeros(void *self, void *out, size_t len)
{
	(void)self;
	memset(out, 0, len);
}

static const struct random no_random = {NULL, zeros};

static bool read(struct note *note, struct view file)
{
	bool good = false;

	*note = (struct note){.name = "note.md", .time_ms = 1767225600000};
	if (note_read(note, file, &no_random, &good) != PORT_OK)
		return false;
	fuzz_check(good || note->reason[0] != '\0', "a bad file is told why");
	fuzz_check(memchr(note->reason, '\0', sizeof(note->reason)) != NULL, "in one bounded line");
	return good;
}

static void check_again(const struct note *note)
{
	static struct note other;
	struct bytes first = {0}, second = {0};
	struct buffer file;

	fuzz_check(entry_encode(&note->entry, &first) == FORMAT_OK, "an entry that can be kept");
	buffer_init(&file, 32u << 20);
	front_matter_write(&note->entry, &file);
	buffer_add_view(&file, note->entry.content);
	if (!file.failed && file.len - note->entry.content.len <= FRONT_MATTER_MAX) {
		fuzz_check(read(&other, buffer_view(&file)), "what was written is read");
		fuzz_check(entry_encode(&other.entry, &second) == FORMAT_OK, "and kept");
		fuzz_same(view_bytes(&second), view_bytes(&first), "as the same entry");
		bytes_clear(&second);
		note_clear(&other);
	}
	buffer_clear(&file);
	bytes_clear(&first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct note note;

	if (read(&note, view_of(data, size)))
		check_again(&note);
	note_clear(&note);
	return 0;
}
