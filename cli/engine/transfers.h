/*
 * cli/engine/transfers.h: blobs under way. A slot is handed out with a want and is free again with
 * its answer; what was given up keeps its slot, and the memory that the driver reads, until then.
 */
#ifndef INKSEAL_TRANSFERS_H
#define INKSEAL_TRANSFERS_H

#include "cli/engine/blob_open.h"

#define SLOT_ALONE SYNC_FLIGHTS_MAX    /* of wants that come alone */
#define TRANSFERS_BYTES_MAX (4u << 20) /* to be sealed and put: no more are begun above it */
#define PLACE_INDEX SIZE_MAX           /* else a segment's number; losers' segments come last */

struct sealing {                     /* a blob to be sealed, then sealed */
	const struct epoch_key *key; /* borrowed: the state's, while blobs are under way */
	struct blob_header header;
	struct blob_name *names; /* of the header, ours; NULL: none */
	uint64_t sweep;
	struct bytes plain; /* gone once it is sealed */
	struct bytes blob;
	struct blob_name name;
};
enum transfer_state {
	TRANSFER_FREE,
	TRANSFER_PUT,
	TRANSFER_BACK,  /* was put, is to be read back */
	TRANSFER_CHECK, /* is being read back */
	TRANSFER_GET,
	TRANSFER_STALE, /* given up: its answer is not waited for, but comes */
};
struct transfer {
	enum transfer_state state;
	size_t place;     /* among the segments of what is built or installed */
	size_t plain_len; /* what sealing began with */
	struct sealing sealing;
	struct opening *opening; /* GET of a segment; ours */
	struct blob_name name;   /* BACK, CHECK, GET */
	size_t blob_len;         /* BACK, CHECK */
};
struct transfers {
	struct transfer all[SYNC_FLIGHTS_MAX];
};
size_t transfers_count(const struct transfers *transfers); /* under way */
/* A free one; NULL: none, or enough bytes are under way. */
struct transfer *transfers_begin(struct transfers *transfers);
struct transfer *transfers_find(
    struct transfers *transfers, enum transfer_state state); /* NULL: none */
unsigned transfer_slot(const struct transfers *transfers, const struct transfer *transfer);
void transfer_put(struct transfer *transfer); /* it was put: it is to be read back */
void transfer_end(struct transfer *transfer);
void transfers_give_up(struct transfers *transfers);

#endif
