/*
 * cli/engine/compress.c: zstd frames with announced sizes, and deltas.
 */
#include "cli/engine/compress.h"

#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/*
 * Measured on journals: for an entry or a delta 3 stores 8 % more than 9, 19 takes ten times as
 * long. For a segment 6 stores 1 % more than 9 and takes half as long.
 */
#define LEVEL 9
#define LEVEL_LARGE 6
#define LARGE (128u << 10) /* from here on LEVEL_LARGE */

enum packing { PACKED_PLAIN, PACKED_ZSTD };
_Static_assert(PACKED_PLAIN == 0, "new bytes are plain until something else is said");

static int window_log(size_t len)
{
	int log = 10;

	while (log < 24 && ((size_t)1 << log) < len)
		log++;
	return log;
}

/* One frame that announces its size, after skip bytes of room at the start of *out. */
static enum format_result frame_make(
    struct view reference, struct view plain, size_t skip, struct bytes *out)
{
	struct bytes frame = {0};
	ZSTD_CCtx *context = ZSTD_createCCtx();
	enum format_result result = FORMAT_NO_MEMORY;
	size_t len;

	if (context == NULL || !bytes_new(skip + ZSTD_compressBound(plain.len), &frame))
		goto done;
	if (ZSTD_isError(ZSTD_CCtx_setParameter(
		context, ZSTD_c_compressionLevel, plain.len < LARGE ? LEVEL : LEVEL_LARGE)))
		goto done;
	if (reference.len > 0 &&
	    (ZSTD_isError(ZSTD_CCtx_setParameter(
		 context, ZSTD_c_windowLog, window_log(reference.len + plain.len))) ||
		ZSTD_isError(ZSTD_CCtx_refPrefix(context, reference.data, reference.len))))
		goto done;
	len = ZSTD_compress2(context, frame.data + skip, frame.len - skip, plain.data, plain.len);
	if (ZSTD_isError(len))
		goto done;
	frame.len = skip + len;
	*out = frame;
	frame = (struct bytes){0};
	result = FORMAT_OK;
done:
	bytes_clear(&frame);
	ZSTD_freeCCtx(context);
	return result;
}

static enum format_result frame_open(
    struct view reference, struct view frame, size_t max, struct bytes *out)
{
	static const uint8_t magic[] = {0x28, 0xB5, 0x2F, 0xFD}; /* RFC 8878, 3.1.1 */
	unsigned long long announced = ZSTD_getFrameContentSize(frame.data, frame.len);
	struct bytes plain = {0};
	ZSTD_DCtx *context = NULL;
	enum format_result result = FORMAT_NO_MEMORY;
	size_t len;

	if (announced == ZSTD_CONTENTSIZE_ERROR || announced == ZSTD_CONTENTSIZE_UNKNOWN ||
	    memcmp(frame.data, magic, sizeof(magic)) != 0) /* a frame to be skipped says 0 bytes */
		return FORMAT_MALFORMED;
	if (announced > max)
		return FORMAT_TOO_LARGE;
	if (ZSTD_findFrameCompressedSize(frame.data, frame.len) != frame.len)
		return FORMAT_MALFORMED; /* damaged, or something follows */
	context = ZSTD_createDCtx();
	if (context == NULL || !bytes_new((size_t)announced, &plain))
		goto done;
	if (ZSTD_isError(ZSTD_DCtx_refPrefix(context, reference.data, reference.len)))
		goto done;
	len = ZSTD_decompressDCtx(context, plain.data, plain.len, frame.data, frame.len);
	if (ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation)
		goto done;
	if (ZSTD_isError(len) || len != announced) {
		result = FORMAT_MALFORMED;
		goto done;
	}
	*out = plain;
	plain = (struct bytes){0};
	result = FORMAT_OK;
done:
	bytes_clear(&plain);
	ZSTD_freeDCtx(context);
	return result;
}

enum format_result compress_pack(struct view plain, struct bytes *out)
{
	struct bytes packed = {0};
	enum format_result result = frame_make((struct view){0}, plain, 1, &packed);

	if (result != FORMAT_OK)
		return result;
	packed.data[0] = PACKED_ZSTD;
	if (packed.len > plain.len) {
		bytes_clear(&packed);
		if (!bytes_new(plain.len + 1, &packed))
			return FORMAT_NO_MEMORY;
		if (plain.len > 0)
			memcpy(packed.data + 1, plain.data, plain.len);
	}
	*out = packed;
	return FORMAT_OK;
}

enum format_result compress_unpack(struct view packed, size_t max, struct bytes *out)
{
	struct view rest;

	if (packed.len == 0)
		return FORMAT_MALFORMED;
	rest = view_of(packed.data + 1, packed.len - 1);
	if (packed.data[0] == PACKED_ZSTD)
		return frame_open((struct view){0}, rest, max, out);
	if (packed.data[0] != PACKED_PLAIN)
		return FORMAT_MALFORMED;
	if (rest.len > max)
		return FORMAT_TOO_LARGE;
	return bytes_copy(rest, out) ? FORMAT_OK : FORMAT_NO_MEMORY;
}

enum format_result delta_make(struct view reference, struct view plain, struct bytes *out)
{
	return frame_make(reference, plain, 0, out);
}

enum format_result delta_apply(
    struct view reference, struct view delta, size_t plain_len, struct bytes *out)
{
	struct bytes plain = {0};
	enum format_result result = frame_open(reference, delta, plain_len, &plain);

	if (result != FORMAT_OK)
		return result;
	if (plain.len != plain_len) {
		bytes_clear(&plain);
		return FORMAT_MALFORMED;
	}
	*out = plain;
	return FORMAT_OK;
}
