/*
 * tests/cli/port/port_fixture.h: what the tests of imports and exports share: a journal in memory
 * that an import fills and an export reads, and a clock and randomness that are always the same.
 */
#ifndef INKSEAL_PORT_FIXTURE_H
#define INKSEAL_PORT_FIXTURE_H

#include "cli/port/port.h"
#include "tests/test.h"

#define DROPPED_MAX 128u
#define DROPPED_TEXT 200u

struct dropped {
	char where[DROPPED_TEXT];
	char reason[DROPPED_TEXT];
};

struct journal_fixture {       /* {0} is empty */
	struct bytes *entries; /* encoded, in the order they came */
	size_t count;
	size_t next; /* of the source */
	struct dropped dropped[DROPPED_MAX];
	size_t dropped_count; /* also counts those for which there is no room */
	size_t stop_after;    /* entries after which the sink says stop; 0: never */
};

void fixture_clear(struct journal_fixture *journal);
void fixture_add(struct journal_fixture *journal, const struct entry *entry);
/* The entry's views point into the journal. */
void fixture_get(const struct journal_fixture *journal, size_t number, struct entry *out);
void fixture_equal(const struct journal_fixture *a, const struct journal_fixture *b);
struct port_sink fixture_sink(struct journal_fixture *journal);
struct port_source fixture_source(struct journal_fixture *journal); /* from its first entry */

/* An entry of that id, title and content, of one fixed day. */
struct entry fixture_entry(const char *id, const char *title, const char *content);

/* Gives 0, 1, 2, …; *counter is borrowed. The clock stands at 2030-01-01. */
struct random fixture_random(uint8_t *counter);
struct clock fixture_clock(void);

void fixture_read(const char *path, struct bytes *out);
void fixture_write(const char *path, struct view data); /* folders above it are made */
/* A new folder under $TMPDIR or /tmp; fixture_folder_remove removes it and all in it. */
char *fixture_folder(void);
void fixture_folder_remove(char *folder); /* frees it too */

void assert_text(struct view view, const char *text);

#endif
