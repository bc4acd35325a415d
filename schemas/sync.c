/*
 * schemas/sync.c: the exchange's request and answer.
 */
#include "schemas/sync.h"
#include "schemas/cbor.h"

#include <stdlib.h>
#include <string.h>

/* An answer's other members take little beside its frames, bodies and a roster. */
#define ANSWER_ENCODED_MAX (ANSWER_MAX + BLOB_MAX + ROSTER_MAX + (1u << 20))
#define REQUEST_ENCODED_MAX (REQUEST_MAX + ROSTER_MAX)
#define RETRY_AFTER_MAX_MS 3600000u

void sync_answer_clear(struct sync_answer *answer)
{
	free(answer->frames);
	free(answer->bodies);
	free(answer->names);
	for (size_t i = 0; i < answer->storage_count; i++)
		bytes_clear(&answer->storage[i]);
	*answer = (struct sync_answer){0};
}

bool sync_answer_keep(struct sync_answer *answer, struct bytes *owned)
{
	if (answer->storage_count == COUNT_OF(answer->storage))
		return false;
	answer->storage[answer->storage_count++] = *owned;
	*owned = (struct bytes){0};
	return true;
}

static void put_views(struct buffer *out, const struct view *views, size_t count)
{
	cbor_put_array(out, count);
	for (size_t i = 0; i < count; i++)
		cbor_put_view(out, views[i]);
}

enum format_result sync_request_encode(const struct sync_request *request, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;
	size_t pairs = 6;

	pairs += request->roster.data != NULL;
	pairs += request->wants_lease;
	pairs += request->reseed;
	buffer_init(&buffer, REQUEST_ENCODED_MAX);
	cbor_put_map(&buffer, pairs);
	cbor_put_uint(&buffer, 0);
	cbor_put_uint(&buffer, FORMAT_VERSION);
	cbor_put_uint(&buffer, 1);
	cbor_put_bytes(&buffer, request->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&buffer, 2);
	cbor_put_bytes(&buffer, request->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(&buffer, 3);
	cbor_put_head(&buffer, &request->cursor);
	cbor_put_uint(&buffer, 4);
	put_views(&buffer, request->frames, request->frames_count);
	cbor_put_uint(&buffer, 5);
	put_views(&buffer, request->bodies, request->bodies_count);
	if (request->roster.data != NULL) {
		cbor_put_uint(&buffer, 6);
		cbor_put_view(&buffer, request->roster);
	}
	if (request->wants_lease) {
		cbor_put_uint(&buffer, 7);
		cbor_put_bool(&buffer, true);
	}
	if (request->reseed) {
		cbor_put_uint(&buffer, 8);
		cbor_put_bool(&buffer, true);
	}
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

static size_t read_views(struct cbor_reader *reader, size_t item_max, struct view *out)
{
	size_t count = cbor_array(reader, SYNC_PUSH_MAX);

	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++)
		out[i] = cbor_bytes(reader, item_max);
	return count;
}

/* There is one way to say no: not to ask. */
static bool read_yes(struct cbor_reader *reader)
{
	bool yes = cbor_bool(reader);

	if (!yes)
		cbor_fail(reader, FORMAT_MALFORMED);
	return yes;
}

enum format_result sync_request_decode(struct view encoded, struct sync_request *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct sync_request request = {0};
	enum format_result result;
	unsigned key;

	if (encoded.len > REQUEST_ENCODED_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&reader); break;
		case 1: cbor_fixed(&reader, request.account.bytes, ACCOUNT_ID_LEN); break;
		case 2: cbor_fixed(&reader, request.device.bytes, DEVICE_ID_LEN); break;
		case 3: request.cursor = cbor_head(&reader); break;
		case 4:
			request.frames_count = read_views(&reader, FRAME_MAX, request.frames);
			break;
		case 5: request.bodies_count = read_views(&reader, BLOB_MAX, request.bodies); break;
		case 6: request.roster = cbor_bytes(&reader, ROSTER_MAX); break;
		case 7: request.wants_lease = read_yes(&reader); break;
		case 8: request.reseed = read_yes(&reader); break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, 0x3F);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		*out = request;
	return result;
}

enum answer_key {
	KEY_VERSION,
	KEY_STATUS,
	KEY_HEAD,
	KEY_INCARNATION,
	KEY_SWEEP,
	KEY_ROSTER_HASH,
	KEY_ROSTER,
	KEY_FRAMES,
	KEY_BODIES,
	KEY_MORE,
	KEY_SNAPSHOT,
	KEY_NAMES,
	KEY_ROSTER_BLOB,
	KEY_WIPE_RECORD,
	KEY_RETRY_AFTER,
	KEY_TIME,
};
#define KEYS_NEEDED 0xCBFFu /* all but snapshot, roster and wipe record */

static void put_optional(struct buffer *out, enum answer_key key, struct view bytes)
{
	if (bytes.data == NULL)
		return;
	cbor_put_uint(out, key);
	cbor_put_view(out, bytes);
}

enum format_result sync_answer_encode(const struct sync_answer *answer, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;
	size_t pairs = 13;

	pairs += answer->snapshot.data != NULL;
	pairs += answer->roster_blob.data != NULL;
	pairs += answer->wipe_record.data != NULL;
	buffer_init(&buffer, ANSWER_ENCODED_MAX);
	cbor_put_map(&buffer, pairs);
	cbor_put_uint(&buffer, KEY_VERSION);
	cbor_put_uint(&buffer, FORMAT_VERSION);
	cbor_put_uint(&buffer, KEY_STATUS);
	cbor_put_uint(&buffer, answer->status);
	cbor_put_uint(&buffer, KEY_HEAD);
	cbor_put_head(&buffer, &answer->head);
	cbor_put_uint(&buffer, KEY_INCARNATION);
	cbor_put_bytes(&buffer, answer->incarnation, INCARNATION_LEN);
	cbor_put_uint(&buffer, KEY_SWEEP);
	cbor_put_uint(&buffer, answer->sweep);
	cbor_put_uint(&buffer, KEY_ROSTER_HASH);
	cbor_put_bytes(&buffer, answer->roster_hash.bytes, DIGEST_LEN);
	cbor_put_uint(&buffer, KEY_ROSTER);
	cbor_put_blob_name(&buffer, &answer->roster);
	cbor_put_uint(&buffer, KEY_FRAMES);
	put_views(&buffer, answer->frames, answer->frames_count);
	cbor_put_uint(&buffer, KEY_BODIES);
	cbor_put_array(&buffer, answer->bodies_count);
	for (size_t i = 0; i < answer->bodies_count; i++) {
		cbor_put_array(&buffer, 2);
		cbor_put_blob_name(&buffer, &answer->bodies[i].name);
		cbor_put_view(&buffer, answer->bodies[i].blob);
	}
	cbor_put_uint(&buffer, KEY_MORE);
	cbor_put_bool(&buffer, answer->more);
	put_optional(&buffer, KEY_SNAPSHOT, answer->snapshot);
	cbor_put_uint(&buffer, KEY_NAMES);
	cbor_put_array(&buffer, answer->names_count);
	for (size_t i = 0; i < answer->names_count; i++)
		cbor_put_blob_name(&buffer, &answer->names[i]);
	put_optional(&buffer, KEY_ROSTER_BLOB, answer->roster_blob);
	put_optional(&buffer, KEY_WIPE_RECORD, answer->wipe_record);
	cbor_put_uint(&buffer, KEY_RETRY_AFTER);
	cbor_put_uint(&buffer, (uint64_t)answer->retry_after_ms);
	cbor_put_uint(&buffer, KEY_TIME);
	cbor_put_int(&buffer, answer->time_ms);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

/* An array for count items; NULL for none, or after a failure. */
static void *read_room(struct cbor_reader *reader, size_t count, size_t item_size)
{
	void *room;

	if (reader->result != FORMAT_OK || count == 0)
		return NULL;
	room = calloc(count, item_size);
	if (room == NULL)
		cbor_fail(reader, FORMAT_NO_MEMORY);
	return room;
}

static void read_frames(struct cbor_reader *reader, struct sync_answer *answer)
{
	size_t count = cbor_array(reader, SYNC_FRAMES_MAX);

	answer->frames = read_room(reader, count, sizeof(answer->frames[0]));
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		answer->frames[i] = cbor_bytes(reader, FRAME_MAX);
		answer->frames_count = i + 1;
	}
}

static void read_bodies(struct cbor_reader *reader, struct sync_answer *answer)
{
	size_t count = cbor_array(reader, SYNC_FRAMES_MAX);

	answer->bodies = read_room(reader, count, sizeof(answer->bodies[0]));
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		cbor_array_exact(reader, 2);
		answer->bodies[i].name = cbor_blob_name(reader);
		answer->bodies[i].blob = cbor_bytes(reader, BLOB_MAX);
		answer->bodies_count = i + 1;
	}
}

static void read_names(struct cbor_reader *reader, struct sync_answer *answer)
{
	size_t count = cbor_array(reader, SYNC_NAMES_MAX);

	answer->names = read_room(reader, count, sizeof(answer->names[0]));
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		answer->names[i] = cbor_blob_name(reader);
		answer->names_count = i + 1;
	}
}

static void read_key(struct cbor_reader *reader, unsigned key, struct sync_answer *answer)
{
	switch (key) {
	case KEY_VERSION: cbor_version(reader); break;
	case KEY_STATUS: answer->status = (enum sync_status)cbor_choice(reader, SYNC_LATER); break;
	case KEY_HEAD: answer->head = cbor_head(reader); break;
	case KEY_INCARNATION: cbor_fixed(reader, answer->incarnation, INCARNATION_LEN); break;
	case KEY_SWEEP: answer->sweep = cbor_uint(reader, SEQ_MAX); break;
	case KEY_ROSTER_HASH: cbor_fixed(reader, answer->roster_hash.bytes, DIGEST_LEN); break;
	case KEY_ROSTER: answer->roster = cbor_blob_name(reader); break;
	case KEY_FRAMES: read_frames(reader, answer); break;
	case KEY_BODIES: read_bodies(reader, answer); break;
	case KEY_MORE: answer->more = cbor_bool(reader); break;
	case KEY_SNAPSHOT: answer->snapshot = cbor_bytes(reader, FRAME_MAX); break;
	case KEY_NAMES: read_names(reader, answer); break;
	case KEY_ROSTER_BLOB: answer->roster_blob = cbor_bytes(reader, ROSTER_MAX); break;
	case KEY_WIPE_RECORD: answer->wipe_record = cbor_bytes(reader, (size_t)64 << 10); break;
	case KEY_RETRY_AFTER:
		answer->retry_after_ms = (int64_t)cbor_uint(reader, RETRY_AFTER_MAX_MS);
		break;
	case KEY_TIME: answer->time_ms = cbor_time(reader); break;
	default: cbor_fail(reader, FORMAT_MALFORMED);
	}
}

enum format_result sync_answer_decode(struct view encoded, struct sync_answer *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct sync_answer answer = {0};
	enum format_result result;
	unsigned key;

	if (encoded.len > ANSWER_ENCODED_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key))
		read_key(&reader, key, &answer);
	cbor_map_need(&reader, &map, KEYS_NEEDED);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK) {
		*out = answer;
		return FORMAT_OK;
	}
	sync_answer_clear(&answer);
	return result;
}
