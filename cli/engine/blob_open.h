/*
 * cli/engine/blob_open.h: a blob, opened and unpacked; segments also ahead of the machine.
 */
#ifndef INKSEAL_BLOB_OPEN_H
#define INKSEAL_BLOB_OPEN_H

#include "cli/engine/replica.h"
#include "cli/engine/seal.h"
#include "schemas/patch.h"

struct opening {                /* a segment to be opened, then opened */
	struct epoch_key key;   /* a secret: wiped with the transfer */
	struct digest run_hash; /* the index's: under that same key */
	uint64_t epoch;
	uint64_t rows_count; /* the index's, then the segment's: the same */
	struct account_id account;
	struct blob_name name;
	struct bytes plain;
	struct row *rows;    /* views into plain; NULL: not opened */
	struct root_sum sum; /* over the rows */
};
/* Takes plain over. FORMAT_FORGED: it is another run than the index names. */
MUST_USE enum format_result opening_read(struct opening *opening, struct bytes *plain);
void opening_free(struct opening *opening); /* NULL is fine */
/* Checks the name's hash, kind and account. */
MUST_USE enum engine_result blob_open_plain(struct replica *replica, const struct blob_name *name,
    struct view encoded, enum blob_kind kind, size_t plain_max, struct blob_name *names_out,
    size_t *names_count_out, size_t *losers_count_out, struct bytes *plain_out);

#endif
