/*
 * cli/engine/losers.h: rows of losers' segments, held until the state beside them is installed.
 * Members may file as many losers as they like: who builds and who installs a snapshot hold to one
 * bound, and what is beyond it is left out and refuses nothing, since losers are no part of the
 * state.
 */
#ifndef INKSEAL_LOSERS_H
#define INKSEAL_LOSERS_H

#include "cli/engine/replica.h"

#define LOSERS_ROWS_MAX (32u << 20) /* bytes; a row is about 100 */
#define LOSERS_SEGMENTS_MAX 256u    /* the newest; each is cut before it would pass ENTRY_MAX */
#define LOSERS_DAYS 30
struct losers {
	struct buffer rows; /* (id, version, author, time) as CBOR */
	size_t count;
	bool full; /* some were left out, and so are all that follow */
};
size_t losers_row_len(size_t id_len); /* what one takes of LOSERS_ROWS_MAX, at most */
void losers_init(struct losers *losers);
void losers_clear(struct losers *losers);
/* A segment's plain bytes: stores its versions and holds its rows. In a transaction. */
MUST_USE enum engine_result losers_read(
    struct losers *losers, struct replica *replica, struct view plain);
/* Files them all in the history. In a transaction. */
MUST_USE enum engine_result losers_file(const struct losers *losers, struct replica *replica);

#endif
