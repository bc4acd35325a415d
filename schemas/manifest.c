/*
 * schemas/manifest.c: the manifest's and the packs' bytes.
 */
#include "schemas/manifest.h"
#include "schemas/cbor.h"

#include <stdlib.h>
#include <string.h>

enum manifest_key {
	KEY_VERSION,
	KEY_ACCOUNT,
	KEY_STATE,
	KEY_INCARNATION,
	KEY_GENERATION,
	KEY_NONCE,
	KEY_SWEEP,
	KEY_SWEPT,
	KEY_HEAD,
	KEY_ROSTER_HASH,
	KEY_ROSTER,
	KEY_EPOCH,
	KEY_SNAPSHOT,
	KEY_PACKS,
	KEY_TAIL,
	KEY_DEVICES,
	KEY_TURN,
	KEY_WIPE,
};
#define KEYS_NEEDED 0xEFFFu /* up to the devices, without the snapshot */
#define WIPE_MAX 1024u

static void put_packs(struct buffer *out, const struct manifest *manifest)
{
	cbor_put_uint(out, KEY_PACKS);
	cbor_put_array(out, manifest->packs_count);
	for (size_t i = 0; i < manifest->packs_count; i++) {
		const struct manifest_pack *pack = &manifest->packs[i];

		cbor_put_array(out, 8);
		cbor_put_uint(out, pack->from_seq);
		cbor_put_uint(out, pack->to_seq);
		cbor_put_bytes(out, pack->hash.bytes, DIGEST_LEN);
		cbor_put_uint(out, pack->count);
		cbor_put_uint(out, pack->size);
		cbor_put_uint(out, pack->names_size);
		cbor_put_uint(out, pack->level);
		cbor_put_int(out, pack->made_ms);
	}
}

static void put_devices(struct buffer *out, const struct manifest *manifest)
{
	cbor_put_uint(out, KEY_DEVICES);
	cbor_put_array(out, manifest->devices_count);
	for (size_t i = 0; i < manifest->devices_count; i++) {
		cbor_put_array(out, 3);
		cbor_put_bytes(out, manifest->devices[i].id.bytes, DEVICE_ID_LEN);
		cbor_put_uint(out, manifest->devices[i].seq);
		cbor_put_bytes(out, manifest->devices[i].frame.bytes, DIGEST_LEN);
	}
}

static void put_fixed_keys(struct buffer *out, const struct manifest *manifest)
{
	cbor_put_uint(out, KEY_VERSION);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, KEY_ACCOUNT);
	cbor_put_bytes(out, manifest->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(out, KEY_STATE);
	cbor_put_uint(out, manifest->state);
	cbor_put_uint(out, KEY_INCARNATION);
	cbor_put_bytes(out, manifest->incarnation, INCARNATION_LEN);
	cbor_put_uint(out, KEY_GENERATION);
	cbor_put_uint(out, manifest->generation);
	cbor_put_uint(out, KEY_NONCE);
	cbor_put_bytes(out, manifest->nonce, NONCE_LEN);
	cbor_put_uint(out, KEY_SWEEP);
	cbor_put_uint(out, manifest->sweep);
	cbor_put_uint(out, KEY_SWEPT);
	cbor_put_int(out, manifest->swept_ms);
	cbor_put_uint(out, KEY_HEAD);
	cbor_put_head(out, &manifest->head);
	cbor_put_uint(out, KEY_ROSTER_HASH);
	cbor_put_bytes(out, manifest->roster_hash.bytes, DIGEST_LEN);
	cbor_put_uint(out, KEY_ROSTER);
	cbor_put_blob_name(out, &manifest->roster);
	cbor_put_uint(out, KEY_EPOCH);
	cbor_put_uint(out, manifest->epoch);
}

static void put_checksum(struct buffer *out)
{
	struct digest checksum;

	if (out->failed)
		return;
	digest_view(DOMAIN_MANIFEST, buffer_view(out), &checksum);
	cbor_put_bytes(out, checksum.bytes, DIGEST_LEN);
}

enum format_result manifest_encode(const struct manifest *manifest, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;
	size_t pairs = 15;

	pairs += manifest->snapshot.data != NULL;
	pairs += manifest->has_lease;
	pairs += manifest->wipe.data != NULL;
	buffer_init(&buffer, MANIFEST_MAX);
	cbor_put_map(&buffer, pairs);
	put_fixed_keys(&buffer, manifest);
	if (manifest->snapshot.data != NULL) {
		cbor_put_uint(&buffer, KEY_SNAPSHOT);
		cbor_put_view(&buffer, manifest->snapshot);
	}
	put_packs(&buffer, manifest);
	cbor_put_uint(&buffer, KEY_TAIL);
	cbor_put_array(&buffer, manifest->tail_count);
	for (size_t i = 0; i < manifest->tail_count; i++)
		cbor_put_view(&buffer, manifest->tail[i]);
	put_devices(&buffer, manifest);
	if (manifest->has_lease) {
		cbor_put_uint(&buffer, KEY_TURN);
		cbor_put_array(&buffer, 2);
		cbor_put_bytes(&buffer, manifest->lease.bytes, DEVICE_ID_LEN);
		cbor_put_uint(&buffer, manifest->lease_generation);
	}
	if (manifest->wipe.data != NULL) {
		cbor_put_uint(&buffer, KEY_WIPE);
		cbor_put_view(&buffer, manifest->wipe);
	}
	put_checksum(&buffer);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

static void read_packs(struct cbor_reader *reader, struct manifest *manifest)
{
	manifest->packs_count = cbor_array(reader, MANIFEST_PACKS_MAX);
	for (size_t i = 0; i < manifest->packs_count && reader->result == FORMAT_OK; i++) {
		struct manifest_pack *pack = &manifest->packs[i];

		cbor_array_exact(reader, 8);
		pack->from_seq = cbor_uint(reader, SEQ_MAX);
		pack->to_seq = cbor_uint(reader, SEQ_MAX);
		cbor_fixed(reader, pack->hash.bytes, DIGEST_LEN);
		pack->count = cbor_uint(reader, SEQ_MAX);
		pack->size = cbor_uint(reader, PACK_MAX);
		pack->names_size = cbor_uint(reader, pack->size);
		pack->level = cbor_uint(reader, 64);
		pack->made_ms = cbor_time(reader);
		if (pack->from_seq == 0 || pack->from_seq > pack->to_seq ||
		    (i > 0 && pack->from_seq != manifest->packs[i - 1].to_seq + 1))
			cbor_fail(reader, FORMAT_MALFORMED);
	}
}

static void read_tail(struct cbor_reader *reader, struct manifest *manifest)
{
	manifest->tail_count = cbor_array(reader, MANIFEST_TAIL_MAX);
	for (size_t i = 0; i < manifest->tail_count && reader->result == FORMAT_OK; i++)
		manifest->tail[i] = cbor_bytes(reader, FRAME_MAX);
}

static void read_devices(struct cbor_reader *reader, struct manifest *manifest)
{
	manifest->devices_count = cbor_array(reader, DEVICES_MAX);
	for (size_t i = 0; i < manifest->devices_count && reader->result == FORMAT_OK; i++) {
		cbor_array_exact(reader, 3);
		cbor_fixed(reader, manifest->devices[i].id.bytes, DEVICE_ID_LEN);
		manifest->devices[i].seq = cbor_uint(reader, SEQ_MAX);
		cbor_fixed(reader, manifest->devices[i].frame.bytes, DIGEST_LEN);
	}
}

static void read_key(struct cbor_reader *reader, unsigned key, struct manifest *manifest)
{
	switch (key) {
	case KEY_VERSION: cbor_version(reader); break;
	case KEY_ACCOUNT: cbor_fixed(reader, manifest->account.bytes, ACCOUNT_ID_LEN); break;
	case KEY_STATE:
		manifest->state = (enum manifest_state)cbor_choice(reader, MANIFEST_WIPED);
		break;
	case KEY_INCARNATION: cbor_fixed(reader, manifest->incarnation, INCARNATION_LEN); break;
	case KEY_GENERATION: manifest->generation = cbor_uint(reader, SEQ_MAX); break;
	case KEY_NONCE: cbor_fixed(reader, manifest->nonce, NONCE_LEN); break;
	case KEY_SWEEP: manifest->sweep = cbor_uint(reader, SEQ_MAX); break;
	case KEY_SWEPT: manifest->swept_ms = cbor_time(reader); break;
	case KEY_HEAD: manifest->head = cbor_head(reader); break;
	case KEY_ROSTER_HASH: cbor_fixed(reader, manifest->roster_hash.bytes, DIGEST_LEN); break;
	case KEY_ROSTER: manifest->roster = cbor_blob_name(reader); break;
	case KEY_EPOCH: manifest->epoch = cbor_uint(reader, SEQ_MAX); break;
	case KEY_SNAPSHOT: manifest->snapshot = cbor_bytes(reader, FRAME_MAX); break;
	case KEY_PACKS: read_packs(reader, manifest); break;
	case KEY_TAIL: read_tail(reader, manifest); break;
	case KEY_DEVICES: read_devices(reader, manifest); break;
	case KEY_TURN:
		cbor_array_exact(reader, 2);
		cbor_fixed(reader, manifest->lease.bytes, DEVICE_ID_LEN);
		manifest->lease_generation = cbor_uint(reader, SEQ_MAX);
		manifest->has_lease = true;
		break;
	case KEY_WIPE: manifest->wipe = cbor_bytes(reader, WIPE_MAX); break;
	default: cbor_fail(reader, FORMAT_MALFORMED);
	}
}

static void read_checksum(struct cbor_reader *reader, struct view encoded, bool again)
{
	struct digest written, made;
	size_t fields_len = encoded.len - cbor_rest(reader).len;

	cbor_fixed(reader, written.bytes, DIGEST_LEN);
	if (reader->result != FORMAT_OK || again)
		return;
	digest_view(DOMAIN_MANIFEST, view_of(encoded.data, fields_len), &made);
	if (!digest_equal(&written, &made))
		cbor_fail(reader, FORMAT_FORGED);
}

/* The tail leads, frame by frame, from the last pack to the head. */
static enum format_result check_tail(const struct manifest *manifest)
{
	uint64_t seq;

	if (manifest->head.seq < manifest->tail_count)
		return FORMAT_MALFORMED;
	seq = manifest->head.seq - manifest->tail_count;
	if (manifest->packs_count > 0 && manifest->packs[manifest->packs_count - 1].to_seq != seq)
		return FORMAT_MALFORMED;
	for (size_t i = 0; i < manifest->tail_count; i++) {
		struct frame frame;
		enum format_result result = frame_decode(manifest->tail[i], &frame);

		if (result != FORMAT_OK)
			return result;
		if (frame.header.seq != seq + i + 1)
			return FORMAT_MALFORMED;
		if (i + 1 == manifest->tail_count &&
		    !digest_equal(&frame.hash, &manifest->head.hash))
			return FORMAT_FORGED;
	}
	return FORMAT_OK;
}

static enum format_result decode(struct view encoded, bool again, struct manifest *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct manifest *manifest;
	enum format_result result;
	unsigned key;

	if (encoded.len > MANIFEST_MAX)
		return FORMAT_TOO_LARGE;
	manifest = calloc(1, sizeof(*manifest));
	if (manifest == NULL)
		return FORMAT_NO_MEMORY;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key))
		read_key(&reader, key, manifest);
	cbor_map_need(&reader, &map, KEYS_NEEDED);
	if (manifest->epoch == 0)
		cbor_fail(&reader, FORMAT_MALFORMED);
	read_checksum(&reader, encoded, again);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK && !again)
		result = check_tail(manifest);
	if (result == FORMAT_OK)
		*out = *manifest;
	free(manifest);
	return result;
}

enum format_result manifest_decode(struct view encoded, struct manifest *out)
{
	return decode(encoded, false, out);
}

enum format_result manifest_decode_again(struct view encoded, struct manifest *out)
{
	return decode(encoded, true, out);
}

static void put_pack_names(struct buffer *out, const struct frame *frames, size_t frames_count)
{
	size_t count = 0;

	for (size_t i = 0; i < frames_count; i++)
		count += frames[i].header.has_blob;
	cbor_put_array(out, count);
	for (size_t i = 0; i < frames_count; i++)
		if (frames[i].header.has_blob)
			cbor_put_blob_name(out, &frames[i].header.blob);
}

enum format_result pack_encode(const struct account_id *account, const struct view *frames,
    size_t frames_count, struct bytes *out, size_t *names_size_out)
{
	struct frame *decoded = NULL;
	struct buffer buffer;
	enum format_result result = FORMAT_NO_MEMORY;
	size_t names_size;

	if (frames_count == 0 || frames_count > PACK_NAMES_MAX)
		return FORMAT_MALFORMED;
	buffer_init(&buffer, PACK_MAX);
	decoded = calloc(frames_count, sizeof(*decoded));
	if (decoded == NULL)
		goto done;
	for (size_t i = 0; i < frames_count; i++) {
		result = frame_decode(frames[i], &decoded[i]);
		if (result == FORMAT_OK && i > 0 &&
		    decoded[i].header.seq != decoded[i - 1].header.seq + 1)
			result = FORMAT_MALFORMED;
		if (result != FORMAT_OK)
			goto done;
	}
	cbor_put_map(&buffer, 5);
	cbor_put_uint(&buffer, 0);
	cbor_put_uint(&buffer, FORMAT_VERSION);
	cbor_put_uint(&buffer, 1);
	cbor_put_bytes(&buffer, account->bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&buffer, 2);
	cbor_put_uint(&buffer, decoded[0].header.seq);
	cbor_put_uint(&buffer, 3);
	cbor_put_uint(&buffer, decoded[frames_count - 1].header.seq);
	cbor_put_uint(&buffer, 4);
	put_pack_names(&buffer, decoded, frames_count);
	names_size = buffer.len;
	cbor_put_array(&buffer, frames_count);
	for (size_t i = 0; i < frames_count; i++)
		cbor_put_view(&buffer, frames[i]);
	result = format_take(&buffer, out);
	if (result == FORMAT_OK)
		*names_size_out = names_size;
done:
	free(decoded);
	buffer_clear(&buffer);
	return result;
}

static void read_pack_header(struct cbor_reader *reader, struct pack_header *header)
{
	struct cbor_map map;
	unsigned key;

	cbor_map(reader, &map);
	while (cbor_map_next(reader, &map, &key)) {
		switch (key) {
		case 0: cbor_version(reader); break;
		case 1: cbor_fixed(reader, header->account.bytes, ACCOUNT_ID_LEN); break;
		case 2: header->from_seq = cbor_uint(reader, SEQ_MAX); break;
		case 3: header->to_seq = cbor_uint(reader, SEQ_MAX); break;
		case 4:
			header->names_count = cbor_array(reader, PACK_NAMES_MAX);
			header->names = cbor_rest(reader);
			for (size_t i = 0; i < header->names_count && reader->result == FORMAT_OK;
			     i++)
				(void)cbor_blob_name(reader);
			header->names.len -= cbor_rest(reader).len;
			break;
		default: cbor_fail(reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(reader, &map, 0x1F);
	if (header->from_seq == 0 || header->from_seq > header->to_seq)
		cbor_fail(reader, FORMAT_MALFORMED);
}

enum format_result pack_decode_header(struct view encoded_header, struct pack_header *out)
{
	struct cbor_reader reader;
	struct pack_header header = {0};
	enum format_result result;

	cbor_read(&reader, encoded_header);
	read_pack_header(&reader, &header);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		*out = header;
	return result;
}

/* The header's names are those of the frames, which are contiguous and as many as it says. */
static enum format_result check_pack(const struct pack_header *header)
{
	struct view names = header->names;
	struct view frames = header->frames;
	uint64_t names_left = header->names_count;

	if (header->frames_count != header->to_seq - header->from_seq + 1)
		return FORMAT_MALFORMED;
	for (size_t i = 0; i < header->frames_count; i++) {
		struct view encoded;
		struct frame frame;
		struct blob_name name;
		enum format_result result = pack_frame(&frames, &encoded);

		if (result == FORMAT_OK)
			result = frame_decode(encoded, &frame);
		if (result != FORMAT_OK)
			return result;
		if (frame.header.seq != header->from_seq + i ||
		    !account_equal(&frame.header.account, &header->account))
			return FORMAT_MALFORMED;
		if (!frame.header.has_blob)
			continue;
		if (names_left == 0 || pack_name(&names, &name) != FORMAT_OK ||
		    !blob_name_equal(&name, &frame.header.blob))
			return FORMAT_MALFORMED;
		names_left--;
	}
	return names_left == 0 && frames.len == 0 ? FORMAT_OK : FORMAT_MALFORMED;
}

enum format_result pack_decode(struct view encoded, struct pack_header *out)
{
	struct cbor_reader reader;
	struct pack_header header = {0};
	enum format_result result;

	if (encoded.len > PACK_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	read_pack_header(&reader, &header);
	header.frames_count = cbor_array(&reader, PACK_NAMES_MAX);
	if (reader.result != FORMAT_OK)
		return reader.result;
	header.frames = cbor_rest(&reader);
	result = check_pack(&header);
	if (result == FORMAT_OK)
		*out = header;
	return result;
}

enum format_result pack_name(struct view *rest, struct blob_name *out)
{
	struct cbor_reader reader;
	struct blob_name name;

	cbor_read(&reader, *rest);
	name = cbor_blob_name(&reader);
	if (reader.result != FORMAT_OK)
		return reader.result;
	*rest = cbor_rest(&reader);
	*out = name;
	return FORMAT_OK;
}

enum format_result pack_frame(struct view *rest, struct view *frame_out)
{
	struct cbor_reader reader;
	struct view frame;

	cbor_read(&reader, *rest);
	frame = cbor_bytes(&reader, FRAME_MAX);
	if (reader.result != FORMAT_OK)
		return reader.result;
	*rest = cbor_rest(&reader);
	*frame_out = frame;
	return FORMAT_OK;
}

void pack_hash(struct view encoded, struct digest *out)
{
	digest_view(DOMAIN_PACK, encoded, out);
}
