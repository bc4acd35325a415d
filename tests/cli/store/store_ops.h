/*
 * tests/cli/store/store_ops.h: every call of the engine's journal, and every question of a person,
 * over one journal that has some of everything; and what each answers, and leaves in the file. The
 * tests that share it make the calls as they are, or with something failing below them.
 */
#ifndef INKSEAL_STORE_OPS_H
#define INKSEAL_STORE_OPS_H

#include "tests/cli/store/store_fixture.h"

struct store_out { /* what calls give; store_out_init */
	struct bytes bytes, more;
	struct journal_entry entry;
	struct journal_counts counts;
	struct journal_pending pending;
	struct journal_row row;
	struct journal_loser loser;
	struct journal_segment segment;
	struct digest digest;
	struct device_id device;
	uint64_t number, second;
	int64_t time_ms;
	bool flag;
};
/* Fills it with what no call gives, so that what a failure writes is seen. */
void store_out_init(struct store_out *out);

enum store_op_kind {
	STORE_ASKS,   /* in a transaction or without */
	STORE_WRITES, /* in one alone */
	STORE_CHECKS, /* asks, and FTS5 has questions of its own */
	STORE_SCANS,  /* asks, and goes on with a scan that a call before has opened */
};
struct store_op {
	const char *name;
	enum store_op_kind kind;
	enum journal_result (*run)(struct fixture *f, struct store_out *out); /* OK, that is */
	/* What it gave, as text; frees it. NULL: it gives nothing. */
	void (*tell)(struct store_out *out, char *text);
	const char *told;
	/* After a commit: the rows that this gives, their columns joined by '|', each with a blank
	 * behind it. NULL: nothing. */
	const char *look;
	const char *rows;
};
extern const struct store_op store_ops[];
extern const size_t store_ops_count;

/* In place of the fixture's journal the one that they work on, made once. */
void store_shelf(struct fixture *f);
/* What callbacks were told by the last call; empty it before. */
extern char store_seen[STORE_TEXT_MAX];

#endif
