/*
 * schemas/frame.c: frames' and blobs' bytes; what can be checked of a frame without a key.
 */
#include "schemas/frame.h"
#include "schemas/cbor.h"

#include <string.h>

enum frame_key {
	KEY_VERSION,
	KEY_ACCOUNT,
	KEY_EPOCH,
	KEY_SEQ,
	KEY_PREVIOUS,
	KEY_ROSTER,
	KEY_DEVICE,
	KEY_KIND,
	KEY_BLOB,
	KEY_COVERED,
	KEY_ABANDONED,
	KEY_SALT,
	KEY_COMMIT,
};
#define KEYS_NEEDED 0xFFu
#define KEYS_SEALED ((1u << KEY_SALT) | (1u << KEY_COMMIT))

void frame_header_put(struct buffer *out, const struct frame_header *header, bool with_commit)
{
	bool sealed = header->kind != FRAME_STATEMENT;
	size_t pairs = 8;

	pairs += header->has_blob;
	pairs += header->has_covered;
	pairs += header->has_abandoned;
	pairs += sealed;
	pairs += sealed && with_commit;
	cbor_put_map(out, pairs);
	cbor_put_uint(out, KEY_VERSION);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, KEY_ACCOUNT);
	cbor_put_bytes(out, header->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(out, KEY_EPOCH);
	cbor_put_uint(out, header->epoch);
	cbor_put_uint(out, KEY_SEQ);
	cbor_put_uint(out, header->seq);
	cbor_put_uint(out, KEY_PREVIOUS);
	cbor_put_bytes(out, header->previous.bytes, DIGEST_LEN);
	cbor_put_uint(out, KEY_ROSTER);
	cbor_put_bytes(out, header->roster.bytes, DIGEST_LEN);
	cbor_put_uint(out, KEY_DEVICE);
	cbor_put_bytes(out, header->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(out, KEY_KIND);
	cbor_put_uint(out, header->kind);
	if (header->has_blob) {
		cbor_put_uint(out, KEY_BLOB);
		cbor_put_blob_name(out, &header->blob);
	}
	if (header->has_covered) {
		cbor_put_uint(out, KEY_COVERED);
		cbor_put_head(out, &header->covered);
	}
	if (header->has_abandoned) {
		cbor_put_uint(out, KEY_ABANDONED);
		cbor_put_head(out, &header->abandoned);
	}
	if (sealed) {
		cbor_put_uint(out, KEY_SALT);
		cbor_put_bytes(out, header->salt, SALT_LEN);
	}
	if (sealed && with_commit) {
		cbor_put_uint(out, KEY_COMMIT);
		cbor_put_bytes(out, header->commit, COMMIT_LEN);
	}
}

enum format_result frame_encode(const struct frame_header *header, struct view body,
    const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out)
{
	struct buffer buffer;
	uint8_t signature[SIGNATURE_LEN];
	enum format_result result;

	buffer_init(&buffer, FRAME_MAX);
	frame_header_put(&buffer, header, true);
	buffer_add_view(&buffer, body);
	result = format_of_buffer(&buffer);
	if (result == FORMAT_OK &&
	    !sign_view(DOMAIN_FRAME, buffer_view(&buffer), sign_secret, signature))
		result = FORMAT_NO_MEMORY;
	if (result != FORMAT_OK)
		goto done;
	buffer_add(&buffer, signature, SIGNATURE_LEN);
	result = format_take(&buffer, out);
done:
	buffer_clear(&buffer);
	return result;
}

/* Which of the optional keys a kind has. */
static bool shape_holds(const struct frame_header *header, uint64_t seen)
{
	bool sealed = (seen & KEYS_SEALED) == KEYS_SEALED;
	bool none_sealed = (seen & KEYS_SEALED) == 0;

	switch (header->kind) {
	case FRAME_PATCH: return sealed && !header->has_covered && !header->has_abandoned;
	case FRAME_LOAD:
		return sealed && header->has_blob && !header->has_covered && !header->has_abandoned;
	case FRAME_SNAPSHOT:
		return sealed && header->has_blob && header->has_covered && !header->has_abandoned;
	case FRAME_STATEMENT:
		return none_sealed && !header->has_blob && !header->has_covered &&
		       !header->has_abandoned;
	case FRAME_RESET:
		return sealed && header->has_blob && header->has_covered && header->has_abandoned;
	}
	return false;
}

static void read_header(struct cbor_reader *reader, struct frame_header *header)
{
	struct cbor_map map;
	unsigned key;

	cbor_map(reader, &map);
	while (cbor_map_next(reader, &map, &key)) {
		switch (key) {
		case KEY_VERSION: cbor_version(reader); break;
		case KEY_ACCOUNT: cbor_fixed(reader, header->account.bytes, ACCOUNT_ID_LEN); break;
		case KEY_EPOCH: header->epoch = cbor_uint(reader, SEQ_MAX); break;
		case KEY_SEQ: header->seq = cbor_uint(reader, SEQ_MAX); break;
		case KEY_PREVIOUS: cbor_fixed(reader, header->previous.bytes, DIGEST_LEN); break;
		case KEY_ROSTER: cbor_fixed(reader, header->roster.bytes, DIGEST_LEN); break;
		case KEY_DEVICE: cbor_fixed(reader, header->device.bytes, DEVICE_ID_LEN); break;
		case KEY_KIND:
			header->kind = (enum frame_kind)cbor_choice(reader, FRAME_RESET);
			break;
		case KEY_BLOB:
			header->blob = cbor_blob_name(reader);
			header->has_blob = true;
			break;
		case KEY_COVERED:
			header->covered = cbor_head(reader);
			header->has_covered = true;
			break;
		case KEY_ABANDONED:
			header->abandoned = cbor_head(reader);
			header->has_abandoned = true;
			break;
		case KEY_SALT: cbor_fixed(reader, header->salt, SALT_LEN); break;
		case KEY_COMMIT: cbor_fixed(reader, header->commit, COMMIT_LEN); break;
		default: cbor_fail(reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(reader, &map, KEYS_NEEDED);
	if (header->seq == 0 || header->epoch == 0 || !shape_holds(header, map.seen))
		cbor_fail(reader, FORMAT_MALFORMED);
}

enum format_result frame_decode_form(struct view encoded, struct frame *out)
{
	struct cbor_reader reader;
	struct frame frame = {0};
	struct view rest;

	if (encoded.len > FRAME_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	read_header(&reader, &frame.header);
	if (reader.result != FORMAT_OK)
		return reader.result;
	rest = cbor_rest(&reader);
	if (rest.len <= SIGNATURE_LEN)
		return FORMAT_MALFORMED;
	frame.header_bytes = view_of(encoded.data, encoded.len - rest.len);
	frame.body = view_of(rest.data, rest.len - SIGNATURE_LEN);
	frame.signature = view_of(rest.data + frame.body.len, SIGNATURE_LEN);
	*out = frame;
	return FORMAT_OK;
}

enum format_result frame_decode(struct view encoded, struct frame *out)
{
	struct frame frame;
	enum format_result result = frame_decode_form(encoded, &frame);

	if (result != FORMAT_OK)
		return result;
	digest_view(DOMAIN_FRAME, encoded, &frame.hash);
	*out = frame;
	return FORMAT_OK;
}

static enum format_result frame_signed_by(
    const struct frame *frame, const uint8_t sign_public[SIGN_PUBLIC_LEN])
{
	/* Header and body lie one after the other: that is how frame_decode cut them. */
	struct view message =
	    view_of(frame->header_bytes.data, frame->header_bytes.len + frame->body.len);

	if (frame->verified)
		return FORMAT_OK;
	return sign_check(DOMAIN_FRAME, message, sign_public, frame->signature.data);
}

/* A statement's frame holds the roster's next statement, signed by the frame's own device. */
static const char *check_statement(
    const struct frame *frame, const struct roster *roster, size_t index)
{
	struct statement statement;

	if (index + 1 >= roster->statements_count ||
	    !view_equal(frame->body, roster->statements[index + 1]))
		return "the frame's statement is not the roster's next one";
	if (statement_decode(frame->body, false, &statement) != FORMAT_OK)
		return "the frame's statement cannot be read";
	if (!device_equal(&statement.signer, &frame->header.device))
		return "the frame is not signed by its statement's signer";
	return NULL;
}

/* A reset's place is one above both the head that it follows and the one that it gives up. */
static const char *check_place(const struct frame_header *header, const struct head *head)
{
	uint64_t next = head->seq + 1;

	if (header->kind == FRAME_RESET && header->abandoned.seq > head->seq)
		next = header->abandoned.seq + 1;
	if (header->seq != next)
		return "the frame's place is not the next one";
	if (header->seq - head->seq > RESET_SKIP_MAX)
		return "the reset skips too many places";
	return NULL;
}

/* A reset is judged by the roster that it carries, which may be further than the head's. */
static size_t roster_place(
    const struct frame_header *header, const struct roster *roster, size_t index)
{
	size_t carried;

	if (header->kind != FRAME_RESET)
		return index;
	carried = roster_find(roster, &header->roster);
	return carried == SIZE_MAX || carried < index ? index : carried;
}

/* NULL: all holds. *result_out: what a fault is, where it is not that the frame does not hold. */
static const char *find_fault(const struct frame *frame, const struct head *head,
    const struct roster *roster, size_t index, enum format_result *result_out)
{
	const struct frame_header *header = &frame->header;
	const struct roster_device *device;
	const char *fault = check_place(header, head);

	if (!account_equal(&header->account, &roster->account))
		return "the frame is another account's";
	if (fault != NULL)
		return fault;
	if (!digest_equal(&header->previous, &head->hash))
		return "the frame does not follow the head";
	if (!digest_equal(&header->roster, &roster->hashes[index]))
		return "the frame was made under another roster";
	if (header->epoch != roster->epochs[index])
		return "the frame is not of the current epoch";
	device = roster_live(roster, &header->device, index);
	if (device == NULL)
		return "the frame's device is not live in the roster";
	*result_out = frame_signed_by(frame, device->keys.sign_public);
	if (*result_out == FORMAT_NO_MEMORY)
		return "there was no memory to check its signature";
	if (*result_out != FORMAT_OK)
		return "the frame's signature does not hold";
	*result_out = FORMAT_FORGED;
	if (header->kind == FRAME_STATEMENT)
		return check_statement(frame, roster, index);
	return NULL;
}

enum format_result frame_check(const struct frame *frame, const struct head *head,
    const struct roster *roster, size_t *roster_index, const char **message_out)
{
	size_t index = roster_place(&frame->header, roster, *roster_index);
	enum format_result result = FORMAT_FORGED;
	const char *fault = find_fault(frame, head, roster, index, &result);

	if (fault != NULL) {
		*message_out = fault;
		return result;
	}
	*roster_index = frame->header.kind == FRAME_STATEMENT ? index + 1 : index;
	return FORMAT_OK;
}

enum blob_key {
	BLOB_KEY_VERSION,
	BLOB_KEY_ACCOUNT,
	BLOB_KEY_EPOCH,
	BLOB_KEY_KIND,
	BLOB_KEY_NAMES,
	BLOB_KEY_LOSERS,
	BLOB_KEY_SALT,
	BLOB_KEY_COMMIT,
};
#define BLOB_KEYS_NEEDED 0xCFu
#define BLOB_KEYS_INDEX 0xFFu

void blob_header_put(
    struct buffer *out, const struct blob_header *header, enum blob_header_part part)
{
	bool index = header->kind == BLOB_INDEX;
	size_t pairs = index ? 6 : 4;

	if (part != BLOB_HEADER_BARE)
		pairs += part == BLOB_HEADER_WHOLE ? 2 : 1;
	cbor_put_map(out, pairs);
	cbor_put_uint(out, BLOB_KEY_VERSION);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, BLOB_KEY_ACCOUNT);
	cbor_put_bytes(out, header->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(out, BLOB_KEY_EPOCH);
	cbor_put_uint(out, header->epoch);
	cbor_put_uint(out, BLOB_KEY_KIND);
	cbor_put_uint(out, header->kind);
	if (index) {
		cbor_put_uint(out, BLOB_KEY_NAMES);
		cbor_put_array(out, header->names_count);
		for (size_t i = 0; i < header->names_count; i++)
			cbor_put_blob_name(out, &header->names[i]);
		cbor_put_uint(out, BLOB_KEY_LOSERS);
		cbor_put_uint(out, header->losers_count);
	}
	if (part == BLOB_HEADER_BARE)
		return;
	cbor_put_uint(out, BLOB_KEY_SALT);
	cbor_put_bytes(out, header->salt, SALT_LEN);
	if (part == BLOB_HEADER_CONTEXT)
		return;
	cbor_put_uint(out, BLOB_KEY_COMMIT);
	cbor_put_bytes(out, header->commit, COMMIT_LEN);
}

static void read_names(
    struct cbor_reader *reader, struct blob_name *names_out, struct blob_header *header)
{
	if (names_out == NULL) {
		cbor_fail(reader, FORMAT_MALFORMED);
		return;
	}
	header->names_count = cbor_array(reader, SEGMENTS_MAX);
	for (size_t i = 0; i < header->names_count && reader->result == FORMAT_OK; i++)
		names_out[i] = cbor_blob_name(reader);
	header->names = names_out;
}

enum format_result blob_decode(struct view encoded, struct blob_name *names_out, struct blob *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct blob blob = {0};
	struct blob_header *header = &blob.header;
	unsigned key;

	if (encoded.len > BLOB_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case BLOB_KEY_VERSION: cbor_version(&reader); break;
		case BLOB_KEY_ACCOUNT:
			cbor_fixed(&reader, header->account.bytes, ACCOUNT_ID_LEN);
			break;
		case BLOB_KEY_EPOCH: header->epoch = cbor_uint(&reader, SEQ_MAX); break;
		case BLOB_KEY_KIND:
			header->kind = (enum blob_kind)cbor_choice(&reader, BLOB_INDEX);
			break;
		case BLOB_KEY_NAMES: read_names(&reader, names_out, header); break;
		case BLOB_KEY_LOSERS:
			header->losers_count = (size_t)cbor_uint(&reader, SEGMENTS_MAX);
			break;
		case BLOB_KEY_SALT: cbor_fixed(&reader, header->salt, SALT_LEN); break;
		case BLOB_KEY_COMMIT: cbor_fixed(&reader, header->commit, COMMIT_LEN); break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	if (reader.result == FORMAT_OK &&
	    map.seen != (header->kind == BLOB_INDEX ? BLOB_KEYS_INDEX : BLOB_KEYS_NEEDED))
		cbor_fail(&reader, FORMAT_MALFORMED);
	if (header->epoch == 0 || header->losers_count > header->names_count)
		cbor_fail(&reader, FORMAT_MALFORMED);
	if (reader.result != FORMAT_OK)
		return reader.result;
	blob.body = cbor_rest(&reader);
	if (blob.body.len == 0)
		return FORMAT_MALFORMED;
	blob.header_bytes = view_of(encoded.data, encoded.len - blob.body.len);
	*out = blob;
	return FORMAT_OK;
}

void blob_hash(struct view encoded, struct digest *out)
{
	digest_view(DOMAIN_BLOB, encoded, out);
}
