/*
 * cli/engine/cut.h: the state, or the losers beside it, read in order and cut into runs. Boundaries
 * are content-defined over (createdAt, id), so an edit changes one run; their mean length is a
 * function of the state's size alone, so all devices cut alike.
 */
#ifndef INKSEAL_CUT_H
#define INKSEAL_CUT_H

#include "cli/engine/own_frames.h"

struct cut {
	uint64_t floor; /* bytes: no boundary before this */
	uint64_t mask;  /* a boundary where the key's hash has these bits all zero */
};
#define CUT_FLOOR_MAX (ENTRY_MAX / 2)
#define CUT_BYTES_MAX ((uint64_t)(SEGMENTS_MAX - 1) * CUT_FLOOR_MAX) /* of all runs: 3.7 GiB */
void cut_for(uint64_t count, uint64_t bytes, struct cut *out); /* bytes: of the entries alone */
uint64_t cut_bytes(uint64_t count, uint64_t bytes); /* … with what stands beside them */

struct cutter {
	struct replica *replica;
	struct cut by;
	bool losers;           /* they are scanned, no longer the state */
	uint64_t losers_bytes; /* what they take of LOSERS_ROWS_MAX */
	bool scan_over;
	struct journal_row ahead; /* read, but not yet in a run */
	bool has_ahead;
	struct buffer run;        /* the rows' items */
	size_t rows;              /* in the run */
	struct journal_row first; /* of the run: created_ms and id alone */
	struct load_built load;   /* the sum is over all rows, of whatever kind of frame */
	struct root_sum moved;    /* a load: the state's, moved by what is sent */
	uint64_t seen;            /* rows of the state */
};
void cutter_init(struct cutter *cutter, struct replica *replica);
void cutter_clear(struct cutter *cutter);
/* The cloud state, or with a load's versions over it: how many entries, and their bytes. */
MUST_USE enum engine_result cutter_open(
    struct cutter *cutter, bool with_load, uint64_t *count_out, uint64_t *bytes_out);
/* From here on the losers. */
MUST_USE enum engine_result cutter_open_losers(struct cutter *cutter);
/* Reads the next run: run, rows and first are its. rows is 0 at the scan's end. */
MUST_USE enum engine_result cutter_fill(struct cutter *cutter);
/* The run has been used. */
void cutter_next(struct cutter *cutter);

/*
 * All-zero placeholder key for a load's rows in `sent`; sent_rename replaces it with the frame's
 * hash.
 */
extern const struct digest cut_load_placeholder;

#endif
