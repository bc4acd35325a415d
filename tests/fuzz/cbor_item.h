/*
 * tests/fuzz/cbor_item.h: any one CBOR item through the reader and writer of schemas/cbor.h, which
 * formats otherwise ask for one shape at a time. For the target `cbor`, and for the comparison with
 * another implementation (cbor_pipe.c).
 */
#ifndef INKSEAL_CBOR_ITEM_H
#define INKSEAL_CBOR_ITEM_H

#include "schemas/cbor.h"

#define ITEM_DEPTH_MAX 24u

/*
 * Reads an item as deep as ITEM_DEPTH_MAX and all of input; writes it to again as it was read, and
 * to said in words that another reader can write too (may be NULL). A map has small unsigned keys
 * or texts, as the formats have it.
 */
MUST_USE enum format_result cbor_item(struct view input, struct buffer *again, struct buffer *said);

#endif
