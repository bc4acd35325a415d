/*
 * schemas/entry.c: entries as canonical CBOR, their version hash, conflict copies' ids.
 */
#include "schemas/entry.h"
#include "schemas/base/mutation.h"
#include "schemas/cbor.h"
#include "schemas/json.h"

#include <stdlib.h>
#include <string.h>

enum entry_key {
	KEY_ID,
	KEY_COLLECTION,
	KEY_TITLE,
	KEY_CONTENT,
	KEY_CREATED_AT,
	KEY_UPDATED_AT,
	KEY_DELETED_AT,
	KEY_CONFLICT_OF,
	KEY_EXTRA,
};
#define KEYS_NEEDED 0x3Fu /* id to updatedAt */
#define EXTRA_NAME_MAX 256u

bool entry_deleted(const struct entry *entry)
{
	return entry->deleted_at.data != NULL;
}

bool entry_name_reserved(struct view name)
{
	static const char *const names[] = {"id", "title", "content", "createdAt", "updatedAt",
	    "collection", "deletedAt", "conflictOf", "contentHash"};

	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (view_equal(name, view_text(names[i])))
			return true;
	return false;
}

static int compare_extra(const void *a, const void *b)
{
	const struct entry_extra *left = a;
	const struct entry_extra *right = b;

	if (left->name.len != right->name.len)
		return left->name.len < right->name.len ? -1 : 1;
	return view_compare(left->name, right->name);
}

bool entry_collection_valid(struct view collection)
{
	if (collection.len == 0 || collection.len > COLLECTION_MAX)
		return false;
	for (size_t i = 0; i < collection.len; i++)
		if (collection.data[i] < 'a' || collection.data[i] > 'z')
			return false;
	return true;
}

static void put_member(struct buffer *out, enum entry_key key, struct view text)
{
	if (text.data == NULL && key >= KEY_DELETED_AT)
		return;
	cbor_put_uint(out, key);
	cbor_put_text(out, text);
}

static void put_extra(struct buffer *out, const struct entry *entry)
{
	struct entry_extra sorted[EXTRA_COUNT_MAX];

	if (entry->extra_count == 0)
		return;
	memcpy(sorted, entry->extra, entry->extra_count * sizeof(sorted[0]));
	qsort(sorted, entry->extra_count, sizeof(sorted[0]), compare_extra);
	cbor_put_uint(out, KEY_EXTRA);
	cbor_put_map(out, entry->extra_count);
	for (size_t i = 0; i < entry->extra_count; i++) {
		cbor_put_text(out, sorted[i].name);
		cbor_put_text(out, sorted[i].json);
	}
}

static void put_entry(struct buffer *out, const struct entry *entry)
{
	size_t pairs = 6;

	pairs += entry->deleted_at.data != NULL;
	pairs += entry->conflict_of.data != NULL;
	pairs += entry->extra_count > 0;
	cbor_put_map(out, pairs);
	put_member(out, KEY_ID, entry->id);
	put_member(out, KEY_COLLECTION, entry->collection);
	put_member(out, KEY_TITLE, entry->title);
	put_member(out, KEY_CONTENT, entry->content);
	put_member(out, KEY_CREATED_AT, entry->created_at);
	put_member(out, KEY_UPDATED_AT, entry->updated_at);
	put_member(out, KEY_DELETED_AT, entry->deleted_at);
	put_member(out, KEY_CONFLICT_OF, entry->conflict_of);
	put_extra(out, entry);
}

enum format_result entry_encode(const struct entry *entry, struct bytes *out)
{
	struct buffer buffer;
	struct bytes encoded = {0};
	struct entry check;
	enum format_result result;

	if (entry->extra_count > EXTRA_COUNT_MAX)
		return FORMAT_TOO_LARGE;
	/* Room for what is over a maximum too: decoding it says which kind of wrong it is. */
	buffer_init(&buffer, (size_t)2 * ENTRY_MAX);
	put_entry(&buffer, entry);
	result = format_take(&buffer, &encoded);
	if (result != FORMAT_OK)
		goto done;
	result = entry_decode(view_bytes(&encoded), &check);
	if (result != FORMAT_OK)
		goto done;
	*out = encoded;
	encoded = (struct bytes){0};
done:
	buffer_clear(&buffer);
	bytes_clear(&encoded);
	return result;
}

/*
 * What is printed and exported later is this very text, and under this name: a value that is no
 * JSON, or a second "id", would change the record around it.
 */
static enum format_result judge_extra(const struct entry_extra *extra)
{
	if (entry_name_reserved(extra->name))
		return FORMAT_MALFORMED;
	switch (json_check_member(extra->json)) {
	case JSON_FINE: return FORMAT_OK;
	case JSON_TOO_DEEP:
	case JSON_TOO_MANY: return FORMAT_TOO_LARGE;
	case JSON_NO_MEMORY: return FORMAT_NO_MEMORY;
	case JSON_SYNTAX:
	case JSON_SPACE:
	case JSON_NOT_UTF8:
	case JSON_SURROGATE:
	case JSON_ZERO:
	case JSON_DUPLICATE: return FORMAT_MALFORMED;
	}
	return FORMAT_MALFORMED;
}

static void read_extra(struct cbor_reader *reader, struct entry *entry)
{
	size_t count = cbor_text_map(reader, EXTRA_COUNT_MAX);
	struct view last = {0};

	if (count == 0)
		cbor_fail(reader, FORMAT_MALFORMED); /* none is written as no key at all */
	for (size_t i = 0; i < count && reader->result == FORMAT_OK; i++) {
		struct entry_extra *extra = &entry->extra[i];
		enum format_result result;

		extra->name = cbor_text_key(reader, EXTRA_NAME_MAX, &last);
		extra->json = cbor_text(reader, ENTRY_MAX);
		result = judge_extra(extra);
		if (result != FORMAT_OK)
			cbor_fail(reader, result);
		entry->extra_count = i + 1;
	}
}

static struct view read_id(struct cbor_reader *reader)
{
	struct view id = cbor_text(reader, ENTRY_ID_MAX);

	if (id.len == 0)
		cbor_fail(reader, FORMAT_MALFORMED);
	return id;
}

/* What a member under a key takes; nothing if it is absent. */
static size_t member_len(struct view text)
{
	if (text.data == NULL)
		return 0;
	return 1u + (text.len < 24 ? 1u : 2u) + text.len; /* ENTRY_ID_MAX, TIME_TEXT_MAX: < 256 */
}

/*
 * A deletion adds deletedAt and a newer updatedAt, a conflict copy conflictOf and another id: any
 * device may have to do that to any entry that it has accepted, and nobody is there to make it
 * shorter. So these four count at their longest, whatever they are now, and an entry that fits
 * still fits after all of that. The other members change only where a person says so.
 */
#define CHANGING_MAX (2 * (1 + 2 + ENTRY_ID_MAX) + 2 * (1 + 2 + TIME_TEXT_MAX))
static bool entry_fits(size_t encoded_len, const struct entry *entry)
{
	size_t changing = member_len(entry->id) + member_len(entry->updated_at) +
			  member_len(entry->deleted_at) + member_len(entry->conflict_of);

	return encoded_len - changing + CHANGING_MAX <= ENTRY_MAX;
}

enum format_result entry_decode(struct view encoded, struct entry *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	struct entry entry;
	enum format_result result;
	unsigned key;

	if (encoded.len > ENTRY_MAX)
		return FORMAT_TOO_LARGE;
	memset(&entry, 0, offsetof(struct entry, extra));
	entry.extra_count = 0;
	cbor_read(&reader, encoded);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case KEY_ID: entry.id = read_id(&reader); break;
		case KEY_COLLECTION:
			entry.collection = cbor_text(&reader, COLLECTION_MAX);
			if (!entry_collection_valid(entry.collection))
				cbor_fail(&reader, FORMAT_MALFORMED);
			break;
		case KEY_TITLE: entry.title = cbor_text(&reader, TITLE_MAX); break;
		case KEY_CONTENT: entry.content = cbor_text(&reader, CONTENT_MAX); break;
		case KEY_CREATED_AT: entry.created_at = cbor_text(&reader, TIME_TEXT_MAX); break;
		case KEY_UPDATED_AT: entry.updated_at = cbor_text(&reader, TIME_TEXT_MAX); break;
		case KEY_DELETED_AT: entry.deleted_at = cbor_text(&reader, TIME_TEXT_MAX); break;
		case KEY_CONFLICT_OF: entry.conflict_of = read_id(&reader); break;
		case KEY_EXTRA: read_extra(&reader, &entry); break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, KEYS_NEEDED);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK && !entry_fits(encoded.len, &entry))
		result = FORMAT_TOO_LARGE;
	if (result != FORMAT_OK)
		return result;
	memcpy(out, &entry, offsetof(struct entry, extra));
	memcpy(out->extra, entry.extra, entry.extra_count * sizeof(entry.extra[0]));
	out->extra_count = entry.extra_count;
	return FORMAT_OK;
}

enum format_result entry_read(struct view encoded, struct entry *out, struct digest *version_out)
{
	enum format_result result = entry_decode(encoded, out);

	if (result != FORMAT_OK)
		return result;
	if (MUTATION(VERSION_LEAVES_OUT) && out->extra_count > 0)
		encoded.len = (size_t)(out->extra[out->extra_count - 1].json.data - encoded.data);
	digest_view(DOMAIN_VERSION, encoded, version_out);
	return FORMAT_OK;
}

enum format_result entry_version(struct view encoded, struct digest *out)
{
	struct entry entry;

	return entry_read(encoded, &entry, out);
}

void entry_copy_id(struct view id, const struct device_id *device, char out[COPY_ID_LEN + 1])
{
	const struct view parts[] = {{device->bytes, DEVICE_ID_LEN}, id};
	struct digest digest;
	char hex[2 * 16 + 1];
	size_t at = 0;

	digest_parts(DOMAIN_COPY, parts, COUNT_OF(parts), &digest);
	digest.bytes[6] = (uint8_t)((digest.bytes[6] & 0x0F) | 0x80); /* RFC 9562: version 8 … */
	digest.bytes[8] = (uint8_t)((digest.bytes[8] & 0x3F) | 0x80); /* … and its variant */
	hex_encode(view_of(digest.bytes, 16), hex);
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = hex[i];
	}
	out[at] = '\0';
}
