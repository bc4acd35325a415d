/*
 * tests/cli/engine/compress_test.c: what is unpacked is bounded before anything is allocated, and
 * only a whole frame of ours is taken.
 */
#include "cli/engine/compress.h"
#include "tests/cli/engine/engine_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zstd.h>

#define PACKED_ZSTD 1u

static void packing_comes_back(void **state)
{
	static const struct {
		const char *name;
		const char *text;
	} rows[] = {
	    {"nothing", ""},
	    {"too short to gain", "ab"},
	    {"words", "one and one and one and one and one and one and one and one"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct view text = view_text(rows[i].text);
		struct bytes packed = {0};
		struct bytes plain = {0};

		assert_int_equal(compress_pack(text, &packed), FORMAT_OK);
		if (packed.len > text.len + 1)
			fail_msg("%s: packed to %zu", rows[i].name, packed.len);
		assert_int_equal(compress_unpack(view_bytes(&packed), text.len, &plain), FORMAT_OK);
		assert_true(view_equal(view_bytes(&plain), text));
		bytes_clear(&plain);
		if (text.len > 0)
			assert_int_equal(compress_unpack(view_bytes(&packed), text.len - 1, &plain),
			    FORMAT_TOO_LARGE);
		assert_null(plain.data);
		bytes_clear(&packed);
	}
}

/* Packed bytes of count zeros, made without ever holding them. */
static void pack_zeros(size_t count, struct bytes *out)
{
	static const uint8_t zeros[1u << 16];
	ZSTD_CCtx *context = ZSTD_createCCtx();
	ZSTD_outBuffer made = {0};

	assert_true(bytes_new(1u << 16, out));
	out->data[0] = PACKED_ZSTD;
	made = (ZSTD_outBuffer){out->data + 1, out->len - 1, 0};
	assert_false(ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(context, count)));
	for (size_t at = 0; at < count; at += sizeof(zeros)) {
		size_t len = count - at < sizeof(zeros) ? count - at : sizeof(zeros);
		ZSTD_inBuffer in = {zeros, len, 0};
		bool last = at + len == count;

		assert_false(ZSTD_isError(ZSTD_compressStream2(
		    context, &made, &in, last ? ZSTD_e_end : ZSTD_e_continue)));
		assert_int_equal(in.pos, len);
	}
	out->len = 1 + made.pos;
	ZSTD_freeCCtx(context);
}

static long peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void a_bomb_is_refused_before_it_is_made(void **state)
{
	const size_t count = (size_t)256 << 20;
	struct bytes bomb = {0};
	struct bytes plain = {0};
	long before;

	(void)state;
	pack_zeros(count, &bomb);
	assert_true(bomb.len < 32768);
	before = peak_kib();
	assert_int_equal(
	    compress_unpack(view_bytes(&bomb), SEGMENT_PLAIN_MAX, &plain), FORMAT_TOO_LARGE);
	assert_int_equal(
	    delta_apply((struct view){0}, view_of(bomb.data + 1, bomb.len - 1), 100, &plain),
	    FORMAT_TOO_LARGE);
	assert_null(plain.data);
	assert_true(peak_kib() - before < 4096);
	bytes_clear(&bomb);
}

/* Announces less than it holds: the frame's size field says so, and nothing else. */
static void a_bomb_that_lies_is_refused(void **state)
{
	struct bytes bomb = {0};
	struct bytes plain = {0};
	const size_t at = 1 + 4 + 1; /* packing, magic number, frame header descriptor */
	size_t real = 60000;

	(void)state;
	pack_zeros(real, &bomb);
	assert_int_equal(ZSTD_getFrameContentSize(bomb.data + 1, bomb.len - 1), real);
	for (size_t skip = 0; skip < 2; skip++) { /* with and without a window's byte before it */
		uint8_t *field = bomb.data + at + skip;
		uint8_t old[2] = {field[0], field[1]};

		field[0] = 0;
		field[1] = 0; /* 256, the least that the field can say */
		if (ZSTD_getFrameContentSize(bomb.data + 1, bomb.len - 1) == 256) {
			assert_int_equal(
			    compress_unpack(view_bytes(&bomb), 1u << 20, &plain), FORMAT_MALFORMED);
			assert_null(plain.data);
			bytes_clear(&bomb);
			return;
		}
		memcpy(field, old, sizeof(old));
	}
	fail_msg("the size field was not found");
}

static void damaged_frames_are_refused(void **state)
{
	static const uint8_t skipped[] = {0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0};
	struct made_random made = {0};
	char *text = made_text(&made, 3000);
	struct bytes packed = {0};
	struct bytes longer = {0};
	struct bytes plain = {0};

	(void)state;
	assert_int_equal(compress_pack(view_text(text), &packed), FORMAT_OK);
	assert_int_equal(packed.data[0], PACKED_ZSTD);
	for (size_t len = 0; len < packed.len; len++)
		assert_int_equal(compress_unpack(view_of(packed.data, len), ENTRY_MAX, &plain),
		    FORMAT_MALFORMED);
	assert_true(bytes_new(2 * packed.len, &longer));
	memcpy(longer.data, packed.data, packed.len);
	assert_int_equal(compress_unpack(view_of(longer.data, packed.len + 1), ENTRY_MAX, &plain),
	    FORMAT_MALFORMED);
	/* A second frame after the first: zstd itself would take both. */
	memcpy(longer.data + packed.len, packed.data + 1, packed.len - 1);
	assert_int_equal(
	    compress_unpack(view_of(longer.data, 2 * packed.len - 1), ENTRY_MAX, &plain),
	    FORMAT_MALFORMED);
	/* Frames that zstd skips, after ours and in its stead. */
	memcpy(longer.data + packed.len, skipped, sizeof(skipped));
	assert_int_equal(
	    compress_unpack(view_of(longer.data, packed.len + sizeof(skipped)), ENTRY_MAX, &plain),
	    FORMAT_MALFORMED);
	memcpy(longer.data + 1, skipped, sizeof(skipped));
	assert_int_equal(
	    compress_unpack(view_of(longer.data, 1 + sizeof(skipped)), ENTRY_MAX, &plain),
	    FORMAT_MALFORMED);
	packed.data[0] = 2;
	assert_int_equal(compress_unpack(view_bytes(&packed), ENTRY_MAX, &plain), FORMAT_MALFORMED);
	assert_null(plain.data);
	bytes_clear(&longer);
	bytes_clear(&packed);
	free(text);
}

static void a_frame_without_a_size_is_refused(void **state)
{
	static const char text[] = "text text text text text text text text text text text text";
	uint8_t packed[256] = {PACKED_ZSTD};
	ZSTD_CCtx *context = ZSTD_createCCtx();
	struct bytes plain = {0};
	size_t len;

	(void)state;
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)));
	len = ZSTD_compress2(context, packed + 1, sizeof(packed) - 1, text, sizeof(text));
	assert_false(ZSTD_isError(len));
	assert_int_equal(
	    compress_unpack(view_of(packed, 1 + len), ENTRY_MAX, &plain), FORMAT_MALFORMED);
	ZSTD_freeCCtx(context);
}

static void encode(const char *id, const char *content, struct bytes *out, struct digest *version)
{
	const struct entry entry = {.id = view_text(id),
	    .collection = view_text("journal"),
	    .title = view_text("a title"),
	    .content = view_text(content),
	    .created_at = view_text("2026-01-01T00:00:00.000Z"),
	    .updated_at = view_text("2026-01-01T00:00:00.000Z")};

	assert_int_equal(entry_encode(&entry, out), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(out), version), FORMAT_OK);
}

static void a_wrong_reference_shows_in_the_hash(void **state)
{
	struct made_random made = {0};
	char *text = made_text(&made, 4000);
	struct bytes before = {0}, after = {0}, wrong = {0}, delta = {0}, plain = {0};
	struct digest version, expected, got;

	(void)state;
	encode("e", text, &before, &version);
	text[2000] = text[2000] == 'x' ? 'y' : 'x';
	encode("e", text, &after, &expected);
	text[10] = text[10] == 'x' ? 'y' : 'x'; /* a reference of the same length, one byte off */
	encode("e", text, &wrong, &version);
	assert_int_equal(delta_make(view_bytes(&before), view_bytes(&after), &delta), FORMAT_OK);
	assert_true(delta.len < 100);
	assert_int_equal(
	    delta_apply(view_bytes(&before), view_bytes(&delta), after.len, &plain), FORMAT_OK);
	assert_true(view_equal(view_bytes(&plain), view_bytes(&after)));
	bytes_clear(&plain);
	assert_int_equal(
	    delta_apply(view_bytes(&before), view_bytes(&delta), after.len - 1, &plain),
	    FORMAT_TOO_LARGE);
	assert_int_equal(
	    delta_apply(view_bytes(&before), view_bytes(&delta), after.len + 1, &plain),
	    FORMAT_MALFORMED);
	/* zstd says that all is well; only the version tells. */
	assert_int_equal(
	    delta_apply(view_bytes(&wrong), view_bytes(&delta), after.len, &plain), FORMAT_OK);
	assert_int_equal(entry_version(view_bytes(&plain), &got), FORMAT_OK);
	assert_false(digest_equal(&got, &expected));
	bytes_clear(&plain);
	bytes_clear(&delta);
	bytes_clear(&wrong);
	bytes_clear(&after);
	bytes_clear(&before);
	free(text);
}

/* As long as a patch takes any: the window reaches from the last byte of one to the first of the
 * other. */
static void a_delta_of_a_long_entry_is_short(void **state)
{
	const size_t len = 640u << 10;
	struct made_random made = {0};
	char *text = made_text(&made, len);
	struct bytes after = {0}, delta = {0}, plain = {0};

	(void)state;
	assert_true(bytes_copy(view_of(text, len), &after));
	after.data[0] ^= 1;
	after.data[len - 1] ^= 1;
	assert_int_equal(delta_make(view_of(text, len), view_bytes(&after), &delta), FORMAT_OK);
	assert_true(delta.len < 4096);
	assert_int_equal(
	    delta_apply(view_of(text, len), view_bytes(&delta), len, &plain), FORMAT_OK);
	assert_true(view_equal(view_bytes(&plain), view_bytes(&after)));
	bytes_clear(&plain);
	bytes_clear(&delta);
	bytes_clear(&after);
	free(text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(packing_comes_back),
    cmocka_unit_test(a_delta_of_a_long_entry_is_short),
    cmocka_unit_test(a_bomb_is_refused_before_it_is_made),
    cmocka_unit_test(a_bomb_that_lies_is_refused),
    cmocka_unit_test(damaged_frames_are_refused),
    cmocka_unit_test(a_frame_without_a_size_is_refused),
    cmocka_unit_test(a_wrong_reference_shows_in_the_hash),
};

TEST_MAIN(tests)
