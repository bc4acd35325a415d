/*
 * tests/schemas/manifest_test.c: manifests and packs, beyond the vectors: sizes and walks.
 */
#include "schemas/cbor.h"
#include "schemas/manifest.h"
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <string.h>

#define CHAIN_LEN 30u

struct chain { /* patches 1, 2, … of one device */
	struct made_device device;
	struct account_id account;
	struct bytes frames[CHAIN_LEN];
	struct view views[CHAIN_LEN];
	struct head heads[CHAIN_LEN + 1]; /* heads[n]: after n frames */
};

static int set_up(void **state)
{
	static struct chain chain;
	const struct digest roster = {{5}};

	make_device(1, ROLE_DEVICE, &chain.device);
	chain.account.bytes[0] = 1;
	for (size_t i = 0; i < CHAIN_LEN; i++) {
		struct frame frame;

		make_patch(
		    &chain.account, &chain.heads[i], &roster, 1, &chain.device, &chain.frames[i]);
		chain.views[i] = view_bytes(&chain.frames[i]);
		assert_int_equal(frame_decode(chain.views[i], &frame), FORMAT_OK);
		chain.heads[i + 1] = (struct head){frame.header.seq, frame.hash};
	}
	*state = &chain;
	return 0;
}

static int tear_down(void **state)
{
	struct chain *chain = *state;

	for (size_t i = 0; i < CHAIN_LEN; i++)
		bytes_clear(&chain->frames[i]);
	return 0;
}

static void packs_hold_frames_in_order(void **state)
{
	const struct chain *chain = *state;
	struct bytes encoded = {0};
	struct pack_header pack;
	struct view rest, frame;
	size_t size = 0;

	assert_int_equal(
	    pack_encode(&chain->account, chain->views + 4, 20, &encoded, &size), FORMAT_OK);
	assert_int_equal(pack_decode(view_bytes(&encoded), &pack), FORMAT_OK);
	assert_true(account_equal(&pack.account, &chain->account));
	assert_true(pack.from_seq == 5 && pack.to_seq == 24 && pack.frames_count == 20);
	assert_int_equal(pack.names_count, 0);
	rest = pack.frames;
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(pack_frame(&rest, &frame), FORMAT_OK);
		assert_true(view_equal(frame, chain->views[4 + i]));
	}
	assert_int_equal(rest.len, 0);
	assert_int_not_equal(pack_frame(&rest, &frame), FORMAT_OK);
	assert_int_equal(pack_decode_header(view_of(encoded.data, size), &pack), FORMAT_OK);
	assert_int_equal(
	    pack_decode_header(view_of(encoded.data, size + 1), &pack), FORMAT_MALFORMED);
	bytes_clear(&encoded);
}

/* Beside what its header says: each frame is of its account, and in its place. */
static void packs_hold_their_own_frames(void **state)
{
	const struct chain *chain = *state;
	struct account_id other = chain->account;
	struct bytes encoded = {0}, frame = {0};
	struct pack_header pack = {.from_seq = 77};
	size_t size = 0, len = chain->views[4].len;
	uint8_t *first, *second;

	other.bytes[0] ^= 1;
	assert_int_equal(pack_encode(&other, chain->views, 3, &encoded, &size), FORMAT_OK);
	assert_int_equal(pack_decode(view_bytes(&encoded), &pack), FORMAT_MALFORMED);
	bytes_clear(&encoded);
	/* Two frames that change places: of one length, at the pack's end, each behind its head. */
	assert_int_equal(
	    pack_encode(&chain->account, chain->views + 3, 3, &encoded, &size), FORMAT_OK);
	assert_int_equal(pack_decode(view_bytes(&encoded), &pack), FORMAT_OK);
	assert_int_equal(len, chain->views[5].len);
	second = encoded.data + encoded.len - len;
	first = second - 3 - len;
	assert_memory_equal(first, chain->views[4].data, len);
	assert_true(bytes_copy(chain->views[4], &frame));
	memcpy(first, second, len);
	memcpy(second, frame.data, len);
	pack.from_seq = 77;
	assert_int_equal(pack_decode(view_bytes(&encoded), &pack), FORMAT_MALFORMED);
	assert_int_equal(pack.from_seq, 77);
	bytes_clear(&frame);
	bytes_clear(&encoded);
}

static void packs_without_order_are_not_made(void **state)
{
	const struct chain *chain = *state;
	const struct view gap[] = {chain->views[0], chain->views[2]};
	const struct view turned[] = {chain->views[1], chain->views[0]};
	const struct view broken[] = {view_text("no frame")};
	struct bytes encoded = {0};
	size_t size = 77;

	assert_int_not_equal(pack_encode(&chain->account, gap, 0, &encoded, &size), FORMAT_OK);
	assert_int_not_equal(pack_encode(&chain->account, gap, 2, &encoded, &size), FORMAT_OK);
	assert_int_not_equal(pack_encode(&chain->account, turned, 2, &encoded, &size), FORMAT_OK);
	assert_int_not_equal(pack_encode(&chain->account, broken, 1, &encoded, &size), FORMAT_OK);
	assert_null(encoded.data);
	assert_int_equal(size, 77);
}

/* One pack of the first `from` frames, then a tail up to `to`. */
static void fill(struct manifest *manifest, const struct chain *chain, size_t from, size_t to)
{
	*manifest = (struct manifest){
	    .account = chain->account, .epoch = 1, .head = chain->heads[to], .generation = to};
	for (size_t i = from; i < to; i++)
		manifest->tail[manifest->tail_count++] = chain->views[i];
	if (from > 0) {
		manifest->packs_count = 1;
		manifest->packs[0] = (struct manifest_pack){
		    .from_seq = 1, .to_seq = from, .size = 100, .names_size = 10};
	}
}

static void tails_lead_to_the_head(void **state)
{
	const struct chain *chain = *state;
	static struct manifest manifest, decoded;
	struct bytes encoded = {0};

	for (size_t from = 0; from <= CHAIN_LEN; from += 10) {
		fill(&manifest, chain, from, CHAIN_LEN);
		assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
		assert_int_equal(manifest_decode(view_bytes(&encoded), &decoded), FORMAT_OK);
		assert_int_equal(decoded.tail_count, CHAIN_LEN - from);
		assert_true(head_equal(&decoded.head, &manifest.head));
		bytes_clear(&encoded);
		if (from == CHAIN_LEN)
			break;
		manifest.tail[0] = manifest.tail[manifest.tail_count - 1];
		assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
		decoded.generation = 99;
		assert_int_equal(manifest_decode(view_bytes(&encoded), &decoded), FORMAT_MALFORMED);
		assert_true(decoded.generation == 99);
		bytes_clear(&encoded);
	}
}

/* Of bytes known before: the same fields; checksum and tail may be anything, the form may not. */
static void again_all_is_read_but_the_checksum(void **state)
{
	const struct chain *chain = *state;
	static struct manifest manifest, decoded;
	struct bytes encoded = {0};

	fill(&manifest, chain, 10, CHAIN_LEN);
	manifest.generation = 77;
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
	encoded.data[encoded.len - 1] ^= 1;
	assert_int_equal(manifest_decode(view_bytes(&encoded), &decoded), FORMAT_FORGED);
	assert_int_equal(manifest_decode_again(view_bytes(&encoded), &decoded), FORMAT_OK);
	assert_int_equal(decoded.generation, 77);
	assert_int_equal(decoded.tail_count, CHAIN_LEN - 10);
	assert_true(head_equal(&decoded.head, &manifest.head));
	for (size_t len = 0; len < encoded.len; len += 7)
		assert_int_not_equal(
		    manifest_decode_again(view_of(encoded.data, len), &decoded), FORMAT_OK);
	bytes_clear(&encoded);
}

static void a_manifest_stays_below_its_maximum(void **state)
{
	const struct chain *chain = *state;
	static struct manifest manifest;
	static uint8_t stuffing[MANIFEST_MAX];
	struct bytes encoded = {0};
	size_t room;

	fill(&manifest, chain, 10, 20);
	manifest.snapshot = view_of(stuffing, 300);
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
	room = MANIFEST_MAX - encoded.len;
	bytes_clear(&encoded);
	manifest.snapshot.len += room;
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
	assert_int_equal(encoded.len, MANIFEST_MAX);
	bytes_clear(&encoded);
	manifest.snapshot.len++;
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_TOO_LARGE);
	assert_null(encoded.data);
}

/* The manifest's bytes, with one more frame in its tail; each of them is an empty string. */
static void one_frame_more(const struct bytes *encoded, struct bytes *out)
{
	const uint8_t frames[] = {14, 0x98, MANIFEST_TAIL_MAX, 0x40, 0x40};
	struct buffer buffer;
	size_t at = 0;

	while (memcmp(encoded->data + at, frames, sizeof(frames)) != 0)
		at++;
	buffer_init(&buffer, MANIFEST_MAX);
	buffer_add(&buffer, encoded->data, at + 2);
	buffer_add_byte(&buffer, MANIFEST_TAIL_MAX + 1);
	buffer_add_byte(&buffer, 0x40);
	buffer_add(&buffer, encoded->data + at + 3, encoded->len - at - 3);
	assert_true(buffer_take(&buffer, out));
}

/* So many that each would have to be empty; a frame more is one too many to look at. */
static void a_tail_has_so_many_frames(void **state)
{
	const struct chain *chain = *state;
	static struct manifest manifest, decoded;
	struct bytes encoded = {0}, more = {0};

	fill(&manifest, chain, 0, 0);
	manifest.head.seq = MANIFEST_TAIL_MAX;
	manifest.tail_count = MANIFEST_TAIL_MAX;
	for (size_t i = 0; i < MANIFEST_TAIL_MAX; i++)
		manifest.tail[i] = view_text("");
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
	assert_int_equal(manifest_decode(view_bytes(&encoded), &decoded), FORMAT_MALFORMED);
	assert_int_equal(manifest_decode_again(view_bytes(&encoded), &decoded), FORMAT_OK);
	assert_int_equal(decoded.tail_count, MANIFEST_TAIL_MAX);
	one_frame_more(&encoded, &more);
	assert_int_equal(manifest_decode(view_bytes(&more), &decoded), FORMAT_TOO_LARGE);
	assert_int_equal(manifest_decode_again(view_bytes(&more), &decoded), FORMAT_TOO_LARGE);
	bytes_clear(&more);
	bytes_clear(&encoded);
}

/* In a tail, and in a pack. */
static void a_frame_of_it_has_a_maximum(void **state)
{
	const struct chain *chain = *state;
	static const uint8_t stuffing[FRAME_MAX + 1];
	static struct manifest manifest, decoded;
	struct buffer item;
	struct view rest, frame;
	struct bytes encoded = {0};

	for (size_t over = 0; over < 2; over++) {
		fill(&manifest, chain, 0, 0);
		manifest.head.seq = manifest.tail_count = 1;
		manifest.tail[0] = view_of(stuffing, FRAME_MAX + over);
		assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
		assert_int_equal(manifest_decode_again(view_bytes(&encoded), &decoded),
		    over == 0 ? FORMAT_OK : FORMAT_TOO_LARGE);
		bytes_clear(&encoded);
		buffer_init(&item, 2 * FRAME_MAX);
		cbor_put_view(&item, view_of(stuffing, FRAME_MAX + over));
		rest = buffer_view(&item);
		assert_int_equal(
		    pack_frame(&rest, &frame), over == 0 ? FORMAT_OK : FORMAT_TOO_LARGE);
		assert_int_equal(rest.len, over == 0 ? 0 : item.len);
		buffer_clear(&item);
	}
}

/* A pack's header alone, with as many names as may be, and with one more. */
static void a_pack_s_header_has_so_many_names(void **state)
{
	const struct blob_name name = {{{1}}, SEQ_MAX};
	struct pack_header header;

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct buffer buffer;
		struct blob_name read;

		buffer_init(&buffer, 1u << 20);
		cbor_put_map(&buffer, 5);
		for (unsigned key = 0; key < 5; key++) {
			cbor_put_uint(&buffer, key);
			if (key == 1)
				cbor_put_bytes(&buffer, name.hash.bytes, ACCOUNT_ID_LEN);
			else if (key < 4)
				cbor_put_uint(&buffer, key == 0 ? 1 : SEQ_MAX);
		}
		cbor_put_array(&buffer, PACK_NAMES_MAX + over);
		for (size_t i = 0; i < PACK_NAMES_MAX + over; i++)
			cbor_put_blob_name(&buffer, &name);
		memset(&header, 0, sizeof(header));
		assert_int_equal(pack_decode_header(buffer_view(&buffer), &header),
		    over == 0 ? FORMAT_OK : FORMAT_TOO_LARGE);
		if (over == 0) {
			assert_true(header.from_seq == SEQ_MAX && header.to_seq == SEQ_MAX);
			assert_int_equal(header.names_count, PACK_NAMES_MAX);
			for (size_t i = 0; i < PACK_NAMES_MAX; i++)
				assert_int_equal(pack_name(&header.names, &read), FORMAT_OK);
			assert_int_equal(header.names.len, 0);
			assert_true(blob_name_equal(&read, &name));
			assert_int_equal(pack_name(&header.names, &read), FORMAT_MALFORMED);
		} else {
			assert_int_equal(header.names_count, 0);
		}
		buffer_clear(&buffer);
	}
}

static void a_pack_over_its_maximum_is_not_read(void **state)
{
	static const uint8_t bytes[PACK_MAX + 1];
	struct pack_header header = {.from_seq = 77};

	(void)state;
	assert_int_equal(pack_decode(view_of(bytes, PACK_MAX + 1), &header), FORMAT_TOO_LARGE);
	assert_int_equal(pack_decode(view_of(bytes, PACK_MAX), &header), FORMAT_MALFORMED);
	assert_int_equal(header.from_seq, 77);
}

/* Full, but for frames: what the fixed parts of a manifest cost beside its tail. */
static void the_fixed_parts_leave_room_for_a_tail(void **state)
{
	const struct chain *chain = *state;
	static struct manifest manifest;
	struct bytes encoded = {0};

	fill(&manifest, chain, 0, 0);
	manifest.packs_count = 8; /* compactions keep them few */
	manifest.devices_count = 4;
	manifest.has_lease = true;
	manifest.head.seq = SEQ_MAX;
	manifest.swept_ms = INT64_MAX;
	for (size_t i = 0; i < manifest.packs_count; i++)
		manifest.packs[i] = (struct manifest_pack){.from_seq = UINT32_MAX,
		    .to_seq = UINT32_MAX,
		    .size = PACK_MAX,
		    .names_size = PACK_MAX,
		    .made_ms = INT64_MAX};
	assert_int_equal(manifest_encode(&manifest, &encoded), FORMAT_OK);
	assert_in_range(encoded.len, 1, 2048);
	bytes_clear(&encoded);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(packs_hold_frames_in_order, set_up, tear_down),
    cmocka_unit_test_setup_teardown(packs_hold_their_own_frames, set_up, tear_down),
    cmocka_unit_test_setup_teardown(packs_without_order_are_not_made, set_up, tear_down),
    cmocka_unit_test_setup_teardown(tails_lead_to_the_head, set_up, tear_down),
    cmocka_unit_test_setup_teardown(again_all_is_read_but_the_checksum, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_manifest_stays_below_its_maximum, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_tail_has_so_many_frames, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_frame_of_it_has_a_maximum, set_up, tear_down),
    cmocka_unit_test(a_pack_s_header_has_so_many_names),
    cmocka_unit_test(a_pack_over_its_maximum_is_not_read),
    cmocka_unit_test_setup_teardown(the_fixed_parts_leave_room_for_a_tail, set_up, tear_down),
};

TEST_MAIN(tests)
