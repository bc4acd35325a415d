/*
 * tests/schemas/vectors_test.c: every golden vector through the C codecs.
 * A sound one decodes to what its header says and encodes to the very same bytes again; a broken
 * one is refused with the result that its header names. Of each sound one, every prefix and (where
 * all bytes are signed or hashed) every changed bit is refused too.
 */
#include "schemas/cbor.h"
#include "schemas/entry.h"
#include "schemas/manifest.h"
#include "schemas/patch.h"
#include "schemas/sync.h"
#include "tests/schemas/edge.h"
#include "tests/schemas/vector.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

#define TRIES_MAX 300u /* prefixes and bits tried of one vector */

static unsigned faults;

/* Goes on after a fault, so that one run names all of them. */
static void check(const struct vector *vector, bool holds, const char *what)
{
	if (holds)
		return;
	faults++;
	print_error("%s: %s\n", vector->path, what);
}

static void check_bytes(const struct vector *vector, struct view got, const char *what)
{
	check(vector, view_equal(got, view_bytes(&vector->data)), what);
}

/* Whether the encoder gave the vector's bytes; frees them. */
static void check_encoded(
    const struct vector *vector, enum format_result result, struct bytes *encoded)
{
	check(vector, result == FORMAT_OK, "is not encoded again");
	if (result == FORMAT_OK)
		check_bytes(vector, view_bytes(encoded), "encodes to other bytes");
	bytes_clear(encoded);
}

static void check_digest(
    const struct vector *vector, const char *key, const struct digest *got, const char *what)
{
	struct digest want;

	vector_hex(vector, key, want.bytes, DIGEST_LEN);
	check(vector, digest_equal(&want, got), what);
}

static bool has_secret(const struct vector *vector, uint8_t secret[SIGN_SECRET_LEN])
{
	if (vector_field(vector, "secret").data == NULL)
		return false;
	vector_hex(vector, "secret", secret, SIGN_SECRET_LEN);
	return true;
}

static enum format_result entry_run(const struct vector *vector, struct view data, bool verify)
{
	struct entry entry;
	struct digest version;
	struct bytes encoded = {0};
	enum format_result result = entry_decode(data, &entry);

	if (!verify || result != FORMAT_OK)
		return result;
	check(vector, entry_version(data, &version) == FORMAT_OK, "has no version");
	check_digest(vector, "version", &version, "another version hash");
	check_encoded(vector, entry_encode(&entry, &encoded), &encoded);
	return result;
}

static enum format_result sealed_run(const struct vector *vector, struct view data, bool verify)
{
	struct frame_sealed sealed;
	struct bytes encoded = {0};
	enum format_result result = frame_sealed_decode(data, &sealed);

	if (verify && result == FORMAT_OK)
		check_encoded(vector, frame_sealed_encode(&sealed, &encoded), &encoded);
	return result;
}

static enum format_result operations_run(const struct vector *vector, struct view data, bool verify)
{
	struct cbor_reader reader;
	struct buffer again;
	enum format_result result;
	size_t count;

	cbor_read(&reader, data);
	count = cbor_array(&reader, OPS_COUNT_MAX);
	buffer_init(&again, OPS_PLAIN_MAX);
	cbor_put_array(&again, count);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct op op;

		op_read(&reader, &op);
		if (reader.result == FORMAT_OK)
			op_put(&again, &op);
	}
	result = cbor_finish(&reader);
	if (verify && result == FORMAT_OK)
		check_bytes(vector, buffer_view(&again), "encodes to other bytes");
	buffer_clear(&again);
	return result;
}

static enum format_result rows_run(
    const struct vector *vector, struct view data, bool verify, bool loser)
{
	struct cbor_reader reader;
	struct buffer again;
	enum format_result result;
	size_t count;

	cbor_read(&reader, data);
	count = cbor_array(&reader, ROWS_COUNT_MAX);
	buffer_init(&again, SEGMENT_PLAIN_MAX);
	cbor_put_array(&again, count);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct row row;

		row_read(&reader, loser, &row);
		if (reader.result == FORMAT_OK)
			row_put(&again, &row, loser);
	}
	result = cbor_finish(&reader);
	if (verify && result == FORMAT_OK)
		check_bytes(vector, buffer_view(&again), "encodes to other bytes");
	buffer_clear(&again);
	return result;
}

static enum format_result run_run(const struct vector *vector, struct view data, bool verify)
{
	return rows_run(vector, data, verify, false);
}

static enum format_result losers_run(const struct vector *vector, struct view data, bool verify)
{
	return rows_run(vector, data, verify, true);
}

static void copy_index(const struct index_parts *parts, struct buffer *again)
{
	struct cbor_reader reader;
	struct index_segment segment;
	struct index_device device;

	index_put_head(again, &parts->head);
	cbor_put_array(again, parts->segments_count);
	cbor_read(&reader, parts->segments);
	for (size_t i = 0; i < parts->segments_count; i++) {
		index_read_segment(&reader, &segment);
		index_put_segment(again, &segment);
	}
	cbor_put_array(again, parts->devices_count);
	cbor_read(&reader, parts->devices);
	for (size_t i = 0; i < parts->devices_count; i++) {
		index_read_device(&reader, &device);
		index_put_device(again, &device);
	}
}

static enum format_result index_run(const struct vector *vector, struct view data, bool verify)
{
	struct index_parts parts;
	struct buffer again;
	enum format_result result = index_read(data, &parts);

	if (!verify || result != FORMAT_OK)
		return result;
	buffer_init(&again, INDEX_PLAIN_MAX);
	copy_index(&parts, &again);
	check_bytes(vector, buffer_view(&again), "encodes to other bytes");
	buffer_clear(&again);
	return result;
}

static enum format_result statement_run(const struct vector *vector, struct view data, bool verify)
{
	struct statement statement;
	struct digest hash;
	struct bytes encoded = {0};
	uint8_t secret[SIGN_SECRET_LEN];
	uint8_t key[SIGN_PUBLIC_LEN];
	enum format_result result =
	    statement_decode(data, vector_is(vector, "bare", "yes"), &statement);

	if (!verify || result != FORMAT_OK)
		return result;
	check(vector, statement_hash(data, &hash) == FORMAT_OK, "has no hash");
	check_digest(vector, "hash", &hash, "another hash");
	vector_hex(vector, "signer-key", key, sizeof(key));
	check(vector, statement_signed_by(data, key) == FORMAT_OK, "its signature does not hold");
	key[0] ^= 1;
	check(vector, statement_signed_by(data, key) == FORMAT_FORGED,
	    "another key's signature holds");
	if (has_secret(vector, secret))
		check_encoded(vector, statement_encode(&statement, secret, &encoded), &encoded);
	else
		check_encoded(vector, statement_bare(data, &encoded), &encoded);
	return result;
}

static enum format_result boxes_run(const struct vector *vector, struct view data, bool verify)
{
	struct device_id device;
	uint8_t sealed[BOX_SEAL_LEN], key[EPOCH_KEY_LEN], want[EPOCH_KEY_LEN];
	uint8_t box_public[BOX_PUBLIC_LEN], box_secret[BOX_PUBLIC_LEN];
	enum format_result result;

	vector_hex(vector, "device", device.bytes, DEVICE_ID_LEN);
	result = boxes_find(data, &device, sealed);
	if (!verify || result != FORMAT_OK)
		return result;
	vector_hex(vector, "box-public", box_public, sizeof(box_public));
	vector_hex(vector, "box-secret", box_secret, sizeof(box_secret));
	vector_hex(vector, "key", want, sizeof(want));
	check(vector,
	    crypto_box_seal_open(key, sealed, sizeof(sealed), box_public, box_secret) == 0,
	    "the box does not open");
	check(vector, memcmp(key, want, sizeof(key)) == 0, "another key in the box");
	return result;
}

static void check_live(const struct vector *vector, const struct roster *roster)
{
	struct view list = vector_field(vector, "live");
	size_t want = (list.len + 1) / (2 * (size_t)DEVICE_ID_LEN + 1);
	size_t live = 0;

	for (size_t i = 0; i < roster->devices_count; i++)
		live += roster_live(roster, &roster->devices[i].id, SIZE_MAX) != NULL;
	check(vector, live == want, "another number of live devices");
	for (size_t i = 0; i < want; i++) {
		const char *hex = (const char *)list.data + i * (2 * (size_t)DEVICE_ID_LEN + 1);
		struct device_id id;

		assert_true(hex_decode(hex, 2 * (size_t)DEVICE_ID_LEN, id.bytes, DEVICE_ID_LEN));
		check(vector, roster_live(roster, &id, SIZE_MAX) != NULL, "a device is not live");
	}
}

static enum format_result roster_run(const struct vector *vector, struct view data, bool verify)
{
	struct roster roster, bare;
	struct account_id account;
	struct bytes encoded = {0};
	enum format_result result = roster_decode(data, vector_is(vector, "bare", "yes"), &roster);

	if (!verify || result != FORMAT_OK)
		return result;
	vector_hex(vector, "account", account.bytes, ACCOUNT_ID_LEN);
	check(vector, account_equal(&account, &roster.account), "another account");
	check_digest(vector, "hash", roster_hash(&roster), "another hash");
	check(vector, roster_epoch(&roster) == vector_number(vector, "epoch"), "another epoch");
	check_live(vector, &roster);
	check(vector, roster_bare(&roster, &encoded) == FORMAT_OK, "cannot be made bare");
	check(vector,
	    roster_decode(view_bytes(&encoded), true, &bare) == FORMAT_OK &&
		digest_equal(roster_hash(&bare), roster_hash(&roster)),
	    "its bare form is another");
	if (vector_is(vector, "bare", "yes"))
		check_bytes(vector, view_bytes(&encoded), "its bare form is not itself");
	bytes_clear(&encoded);
	return result;
}

static enum format_result create_run(const struct vector *vector, struct view data, bool verify)
{
	struct create create;
	struct roster roster;
	struct bytes encoded = {0};
	uint8_t secret[SIGN_SECRET_LEN];
	enum format_result result = create_decode(data, &create, &roster);

	if (verify && result == FORMAT_OK && has_secret(vector, secret))
		check_encoded(vector, create_encode(&create, secret, &encoded), &encoded);
	return result;
}

static enum format_result wipe_run(const struct vector *vector, struct view data, bool verify)
{
	struct wipe wipe;
	struct bytes encoded = {0};
	uint8_t secret[SIGN_SECRET_LEN], key[SIGN_PUBLIC_LEN];
	enum format_result result = wipe_decode(data, &wipe);

	vector_hex(vector, "key", key, sizeof(key));
	if (result == FORMAT_OK && wipe_signed_by(data, key) != FORMAT_OK)
		return FORMAT_FORGED;
	if (verify && result == FORMAT_OK && has_secret(vector, secret))
		check_encoded(vector, wipe_encode(&wipe, secret, &encoded), &encoded);
	return result;
}

static enum format_result record_run(const struct vector *vector, struct view data, bool verify)
{
	struct view wipe_bytes, roster_bytes;
	struct wipe wipe;
	struct roster roster;
	struct bytes encoded = {0};
	enum format_result result = wipe_record_decode(data, &wipe_bytes, &roster_bytes);

	if (!verify || result != FORMAT_OK)
		return result;
	check(vector, wipe_decode(wipe_bytes, &wipe) == FORMAT_OK, "its wipe");
	check(vector, roster_decode(roster_bytes, true, &roster) == FORMAT_OK, "its roster");
	check_encoded(vector, wipe_record_encode(wipe_bytes, roster_bytes, &encoded), &encoded);
	return result;
}

static enum format_result receipt_run(const struct vector *vector, struct view data, bool verify)
{
	struct receipt receipt;
	struct digest hash;
	struct bytes wipe = {0}, encoded = {0};
	uint8_t secret[SIGN_SECRET_LEN];
	enum format_result result = receipt_decode(data, &receipt);

	if (!verify || result != FORMAT_OK || !has_secret(vector, secret))
		return result;
	vector_blob(vector, "wipe", &wipe);
	digest_view(DOMAIN_WIPE, view_bytes(&wipe), &hash);
	check(vector, digest_equal(&hash, &receipt.wipe_hash), "another wipe's hash");
	check_encoded(vector, receipt_encode(&receipt, secret, &encoded), &encoded);
	bytes_clear(&wipe);
	return result;
}

static enum format_result frame_run(const struct vector *vector, struct view data, bool verify)
{
	struct frame frame;
	struct bytes encoded = {0};
	uint8_t secret[SIGN_SECRET_LEN];
	enum format_result result = frame_decode(data, &frame);

	if (!verify || result != FORMAT_OK)
		return result;
	check_digest(vector, "hash", &frame.hash, "another hash");
	check(vector, frame.header_bytes.len == vector_number(vector, "header-size"),
	    "another header");
	if (has_secret(vector, secret))
		check_encoded(
		    vector, frame_encode(&frame.header, frame.body, secret, &encoded), &encoded);
	return result;
}

static enum format_result frame_check_run(
    const struct vector *vector, struct view data, bool verify)
{
	struct bytes roster_bytes = {0};
	struct roster roster;
	struct frame frame;
	struct head head;
	size_t index = (size_t)vector_number(vector, "roster-index");
	size_t before = index;
	const char *message = NULL;
	enum format_result result;

	vector_blob(vector, "roster", &roster_bytes);
	vector_hex(vector, "head-hash", head.hash.bytes, DIGEST_LEN);
	head.seq = vector_number(vector, "head-seq");
	if (roster_decode(view_bytes(&roster_bytes), false, &roster) != FORMAT_OK)
		fail_msg("%s: its roster is not sound", vector->path);
	result = frame_decode(data, &frame);
	if (result == FORMAT_OK) {
		result = frame_check(&frame, &head, &roster, &index, &message);
		check(vector, (message == NULL) == (result == FORMAT_OK), "a message and no fault");
	}
	if (result != FORMAT_OK)
		check(vector, index == before, "the roster's index moved");
	else if (verify)
		check(vector, index == vector_number(vector, "roster-index-after"),
		    "another roster index after it");
	bytes_clear(&roster_bytes);
	return result;
}

static enum format_result blob_run(const struct vector *vector, struct view data, bool verify)
{
	static struct blob_name names[SEGMENTS_MAX];
	struct blob blob;
	struct digest hash;
	struct buffer header;
	enum format_result result = blob_decode(data, names, &blob);

	if (!verify || result != FORMAT_OK)
		return result;
	blob_hash(data, &hash);
	check_digest(vector, "hash", &hash, "another hash");
	check(vector, blob.header_bytes.len == vector_number(vector, "header-size"),
	    "another header");
	buffer_init(&header, BLOB_MAX);
	blob_header_put(&header, &blob.header, BLOB_HEADER_WHOLE);
	check(vector, view_equal(buffer_view(&header), blob.header_bytes),
	    "its header encodes to other bytes");
	buffer_clear(&header);
	return result;
}

static enum format_result pack_run(const struct vector *vector, struct view data, bool verify)
{
	struct pack_header pack, header;
	struct view frames[8], rest;
	struct digest hash;
	struct bytes encoded = {0};
	size_t size = 0;
	enum format_result result = pack_decode(data, &pack);

	if (!verify || result != FORMAT_OK)
		return result;
	rest = pack.frames;
	assert_true(pack.frames_count <= COUNT_OF(frames));
	for (size_t i = 0; i < pack.frames_count; i++)
		check(vector, pack_frame(&rest, &frames[i]) == FORMAT_OK, "a frame is missing");
	check_encoded(vector,
	    pack_encode(&pack.account, frames, pack.frames_count, &encoded, &size), &encoded);
	check(vector, size == vector_number(vector, "names-size"), "another size of its header");
	check(vector,
	    pack_decode_header(view_of(data.data, size), &header) == FORMAT_OK &&
		header.names_count == pack.names_count,
	    "its header alone is not read");
	pack_hash(data, &hash);
	check_digest(vector, "hash", &hash, "another hash");
	return result;
}

static enum format_result manifest_run(const struct vector *vector, struct view data, bool verify)
{
	static struct manifest manifest;
	struct bytes encoded = {0};
	enum format_result result = manifest_decode(data, &manifest);

	if (verify && result == FORMAT_OK)
		check_encoded(vector, manifest_encode(&manifest, &encoded), &encoded);
	return result;
}

static enum format_result request_run(const struct vector *vector, struct view data, bool verify)
{
	struct sync_request request;
	struct bytes encoded = {0};
	enum format_result result = sync_request_decode(data, &request);

	if (verify && result == FORMAT_OK)
		check_encoded(vector, sync_request_encode(&request, &encoded), &encoded);
	return result;
}

static enum format_result answer_run(const struct vector *vector, struct view data, bool verify)
{
	struct sync_answer answer = {0};
	struct bytes encoded = {0};
	enum format_result result = sync_answer_decode(data, &answer);

	if (verify && result == FORMAT_OK)
		check_encoded(vector, sync_answer_encode(&answer, &encoded), &encoded);
	sync_answer_clear(&answer);
	return result;
}

enum cover {  /* which changes of a sound vector must be refused */
	NONE, /* a shorter one may be sound, and bits are free */
	CUT,  /* every prefix */
	BITS, /* every prefix and every bit: all is signed */
};

struct format {
	const char *name;
	enum format_result (*run)(const struct vector *vector, struct view data, bool verify);
	enum cover cover;
};

static const struct format formats[] = {
    {"entry", entry_run, CUT},
    {"frame-sealed", sealed_run, CUT},
    {"operations", operations_run, CUT},
    {"run", run_run, CUT},
    {"losers", losers_run, CUT},
    {"index", index_run, CUT},
    {"statement", statement_run, CUT},
    {"boxes", boxes_run, CUT},
    {"roster", roster_run, BITS},
    {"create", create_run, BITS},
    {"wipe", wipe_run, BITS},
    {"wipe-record", record_run, CUT},
    {"receipt", receipt_run, BITS},
    {"frame", frame_run, NONE},
    {"frame-check", frame_check_run, BITS},
    {"blob", blob_run, NONE},
    {"pack", pack_run, CUT},
    {"manifest", manifest_run, CUT},
    {"sync-request", request_run, CUT},
    {"sync-answer", answer_run, CUT},
};

static enum format_result expected(const struct vector *vector)
{
	static const struct {
		const char *text;
		enum format_result result;
	} results[] = {
	    {"ok", FORMAT_OK},
	    {"MALFORMED", FORMAT_MALFORMED},
	    {"TOO_LARGE", FORMAT_TOO_LARGE},
	    {"NEWER", FORMAT_NEWER},
	    {"FORGED", FORMAT_FORGED},
	};

	for (size_t i = 0; i < COUNT_OF(results); i++)
		if (vector_is(vector, "expect", results[i].text))
			return results[i].result;
	fail_msg("%s: expects what there is not", vector->path);
	return FORMAT_OK;
}

/* Where a read past its end is seen. */
static enum format_result run_alone(
    const struct format *format, const struct vector *vector, struct view data)
{
	return format->run(vector, at_the_edge(data), false);
}

static void run_changed(const struct format *format, const struct vector *vector)
{
	size_t len = vector->data.len;
	size_t step = len / TRIES_MAX + 1;
	struct bytes changed = {0};

	for (size_t cut = 0; format->cover != NONE && cut < len; cut += step)
		check(vector,
		    run_alone(format, vector, view_of(vector->data.data, cut)) != FORMAT_OK,
		    "a prefix is taken");
	if (format->cover != BITS)
		return;
	assert_true(bytes_copy(view_bytes(&vector->data), &changed));
	for (size_t at = 0; at < len; at += step) {
		uint8_t bit = (uint8_t)(1u << at % 8);

		changed.data[at] ^= bit;
		check(vector, run_alone(format, vector, view_bytes(&changed)) != FORMAT_OK,
		    "a changed bit is taken");
		changed.data[at] ^= bit;
	}
	bytes_clear(&changed);
}

static void run_vector(void *self, const struct vector *vector)
{
	const struct format *format = self;
	enum format_result want = expected(vector);
	enum format_result got = run_alone(format, vector, view_bytes(&vector->data));

	check(vector, vector_is(vector, "format", format->name), "another format's");
	if (got != want) {
		faults++;
		print_error("%s: expected %s, is %s\n", vector->path, format_result_text(want),
		    format_result_text(got));
	} else if (want == FORMAT_OK) {
		(void)format->run(vector, view_bytes(&vector->data), true);
		run_changed(format, vector);
	}
}

static void run_format(const char *name)
{
	struct format format = {0};

	for (size_t i = 0; i < COUNT_OF(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			format = formats[i];
	assert_non_null(format.run);
	faults = 0;
	assert_true(vector_each(name, run_vector, &format) > 2);
	assert_int_equal(faults, 0);
}

/* One case a format, named vectors_<format>. */
#define CASE(function, name) \
	static void function(void **state) \
	{ \
		(void)state; \
		run_format(name); \
	}

CASE(vectors_entry, "entry")
CASE(vectors_frame_sealed, "frame-sealed")
CASE(vectors_operations, "operations")
CASE(vectors_run, "run")
CASE(vectors_losers, "losers")
CASE(vectors_index, "index")
CASE(vectors_statement, "statement")
CASE(vectors_boxes, "boxes")
CASE(vectors_roster, "roster")
CASE(vectors_create, "create")
CASE(vectors_wipe, "wipe")
CASE(vectors_wipe_record, "wipe-record")
CASE(vectors_receipt, "receipt")
CASE(vectors_frame, "frame")
CASE(vectors_frame_check, "frame-check")
CASE(vectors_blob, "blob")
CASE(vectors_pack, "pack")
CASE(vectors_manifest, "manifest")
CASE(vectors_sync_request, "sync-request")
CASE(vectors_sync_answer, "sync-answer")

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(vectors_entry),
    cmocka_unit_test(vectors_frame_sealed),
    cmocka_unit_test(vectors_operations),
    cmocka_unit_test(vectors_run),
    cmocka_unit_test(vectors_losers),
    cmocka_unit_test(vectors_index),
    cmocka_unit_test(vectors_statement),
    cmocka_unit_test(vectors_boxes),
    cmocka_unit_test(vectors_roster),
    cmocka_unit_test(vectors_create),
    cmocka_unit_test(vectors_wipe),
    cmocka_unit_test(vectors_wipe_record),
    cmocka_unit_test(vectors_receipt),
    cmocka_unit_test(vectors_frame),
    cmocka_unit_test(vectors_frame_check),
    cmocka_unit_test(vectors_blob),
    cmocka_unit_test(vectors_pack),
    cmocka_unit_test(vectors_manifest),
    cmocka_unit_test(vectors_sync_request),
    cmocka_unit_test(vectors_sync_answer),
};

TEST_MAIN(tests)
