/*
 * cli/engine/compress.h: zstd, bounded. What is announced meets its maximum before anything is
 * allocated: 256 MiB of zeros fit 8 KiB.
 */
#ifndef INKSEAL_COMPRESS_H
#define INKSEAL_COMPRESS_H

#include "schemas/format.h"

/* Packed bytes (patch.cddl): 0x00 and the bytes, or 0x01 and a zstd frame, whichever is shorter. */
MUST_USE enum format_result compress_pack(struct view plain, struct bytes *out);
/* FORMAT_TOO_LARGE if the plain bytes would pass max; FORMAT_MALFORMED if the frame is damaged. */
MUST_USE enum format_result compress_unpack(struct view packed, size_t max, struct bytes *out);

/* A zstd frame with reference as prefix (ZSTD_CCtx_refPrefix). */
MUST_USE enum format_result delta_make(struct view reference, struct view plain, struct bytes *out);
/* zstd does not notice a wrong reference: the caller compares the result's version hash. */
MUST_USE enum format_result delta_apply(
    struct view reference, struct view delta, size_t plain_len, struct bytes *out);

#endif
