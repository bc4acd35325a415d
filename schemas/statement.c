/*
 * schemas/statement.c: statements, boxes; and the wipe with its record and receipt.
 */
#include "schemas/statement.h"
#include "schemas/cbor.h"

#include <string.h>

enum signed_key {
	KEY_VERSION,
	KEY_KIND,
	KEY_PREVIOUS,
	KEY_SIGNER,
	KEY_TIME,
	KEY_ADDED,
	KEY_REVOKED,
	KEY_EPOCH,
	KEY_PARTS,
};
#define KEYS_NEEDED 0x17Fu /* all but the epoch */
#define EPOCH_MAX (SEQ_MAX)
#define ADDED_DEVICE_NEEDED 0xFu

static const struct digest no_digest;

/* The outer shape that statements, wipes, receipts and creates share. */
struct signed_item {
	struct view signed_part;
	uint8_t signature[SIGNATURE_LEN];
};

static struct signed_item read_signed(struct cbor_reader *reader, size_t items, size_t max)
{
	struct signed_item item = {0};

	cbor_array_exact(reader, items);
	item.signed_part = cbor_bytes(reader, max);
	cbor_fixed(reader, item.signature, SIGNATURE_LEN);
	return item;
}

static enum format_result put_signed(struct buffer *out, enum domain domain, size_t items,
    struct view signed_part, const uint8_t secret[SIGN_SECRET_LEN])
{
	uint8_t signature[SIGNATURE_LEN];

	if (!sign_view(domain, signed_part, secret, signature))
		return FORMAT_NO_MEMORY;
	cbor_put_array(out, items);
	cbor_put_view(out, signed_part);
	cbor_put_bytes(out, signature, SIGNATURE_LEN);
	return FORMAT_OK;
}

static void put_digest_or_null(struct buffer *out, const struct digest *digest)
{
	if (digest_equal(digest, &no_digest))
		cbor_put_null(out);
	else
		cbor_put_bytes(out, digest->bytes, DIGEST_LEN);
}

/* An all-zero digest stands for null in memory, so it may not stand on the wire. */
static void read_digest_or_null(struct cbor_reader *reader, struct digest *out)
{
	*out = no_digest;
	if (cbor_null(reader))
		return;
	cbor_fixed(reader, out->bytes, DIGEST_LEN);
	if (digest_equal(out, &no_digest))
		cbor_fail(reader, FORMAT_MALFORMED);
}

static void put_device(struct buffer *out, const struct statement_device *device)
{
	cbor_put_map(out, 4);
	cbor_put_uint(out, 0);
	cbor_put_bytes(out, device->sign_public, SIGN_PUBLIC_LEN);
	cbor_put_uint(out, 1);
	cbor_put_bytes(out, device->box_public, BOX_PUBLIC_LEN);
	cbor_put_uint(out, 2);
	if (device->role == ROLE_RECOVERY)
		cbor_put_null(out);
	else
		cbor_put_bytes(out, device->wipe_public, SIGN_PUBLIC_LEN);
	cbor_put_uint(out, 3);
	cbor_put_uint(out, device->role);
}

static void read_device(struct cbor_reader *reader, struct statement_device *out)
{
	struct cbor_map map;
	bool wipe_null = false;
	unsigned key;

	memset(out, 0, sizeof(*out));
	cbor_map(reader, &map);
	while (cbor_map_next(reader, &map, &key)) {
		switch (key) {
		case 0: cbor_fixed(reader, out->sign_public, SIGN_PUBLIC_LEN); break;
		case 1: cbor_fixed(reader, out->box_public, BOX_PUBLIC_LEN); break;
		case 2:
			wipe_null = cbor_null(reader);
			if (!wipe_null)
				cbor_fixed(reader, out->wipe_public, SIGN_PUBLIC_LEN);
			break;
		case 3: out->role = (enum device_role)cbor_choice(reader, ROLE_RECOVERY); break;
		default: cbor_fail(reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(reader, &map, ADDED_DEVICE_NEEDED);
	if (wipe_null != (out->role == ROLE_RECOVERY))
		cbor_fail(reader, FORMAT_MALFORMED);
}

static void put_signed_part(struct buffer *out, const struct statement *statement)
{
	cbor_put_map(out, statement->has_epoch ? 9 : 8);
	cbor_put_uint(out, KEY_VERSION);
	cbor_put_uint(out, FORMAT_VERSION);
	cbor_put_uint(out, KEY_KIND);
	cbor_put_uint(out, statement->kind);
	cbor_put_uint(out, KEY_PREVIOUS);
	cbor_put_bytes(out, statement->previous.bytes, DIGEST_LEN);
	cbor_put_uint(out, KEY_SIGNER);
	cbor_put_bytes(out, statement->signer.bytes, DEVICE_ID_LEN);
	cbor_put_uint(out, KEY_TIME);
	cbor_put_int(out, statement->time_ms);
	cbor_put_uint(out, KEY_ADDED);
	cbor_put_array(out, statement->added_count);
	for (size_t i = 0; i < statement->added_count; i++)
		put_device(out, &statement->added[i]);
	cbor_put_uint(out, KEY_REVOKED);
	cbor_put_array(out, statement->revoked_count);
	for (size_t i = 0; i < statement->revoked_count; i++)
		cbor_put_bytes(out, statement->revoked[i].bytes, DEVICE_ID_LEN);
	if (statement->has_epoch) {
		cbor_put_uint(out, KEY_EPOCH);
		cbor_put_array(out, 3);
		cbor_put_uint(out, statement->epoch.number);
		cbor_put_bytes(out, statement->epoch.commit.bytes, DIGEST_LEN);
		put_digest_or_null(out, &statement->epoch.previous_commit);
	}
	cbor_put_uint(out, KEY_PARTS);
	cbor_put_array(out, STATEMENT_PARTS_MAX);
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
		put_digest_or_null(out, &statement->part_hash[i]);
}

enum format_result statement_encode(
    struct statement *statement, const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out)
{
	struct buffer part, whole;
	enum format_result result;

	if (statement->added_count > DEVICES_MAX || statement->revoked_count > DEVICES_MAX)
		return FORMAT_TOO_LARGE;
	buffer_init(&part, STATEMENT_MAX);
	buffer_init(&whole, STATEMENT_MAX);
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++) {
		statement->part_hash[i] = no_digest;
		if (statement->part[i].data != NULL)
			digest_view(DOMAIN_PART, statement->part[i], &statement->part_hash[i]);
	}
	put_signed_part(&part, statement);
	result = format_of_buffer(&part);
	if (result != FORMAT_OK)
		goto done;
	result = put_signed(&whole, DOMAIN_STATEMENT, 3, buffer_view(&part), sign_secret);
	if (result != FORMAT_OK)
		goto done;
	cbor_put_array(&whole, STATEMENT_PARTS_MAX);
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++) {
		if (statement->part[i].data == NULL)
			cbor_put_null(&whole);
		else
			cbor_put_view(&whole, statement->part[i]);
	}
	result = format_take(&whole, out);
done:
	buffer_clear(&whole);
	buffer_clear(&part);
	return result;
}

static void read_added(struct cbor_reader *reader, struct statement *statement)
{
	statement->added_count = cbor_array(reader, DEVICES_MAX);
	for (size_t i = 0; i < statement->added_count && reader->result == FORMAT_OK; i++)
		read_device(reader, &statement->added[i]);
}

static void read_revoked(struct cbor_reader *reader, struct statement *statement)
{
	statement->revoked_count = cbor_array(reader, DEVICES_MAX);
	for (size_t i = 0; i < statement->revoked_count && reader->result == FORMAT_OK; i++)
		cbor_fixed(reader, statement->revoked[i].bytes, DEVICE_ID_LEN);
}

static void read_epoch(struct cbor_reader *reader, struct statement *statement)
{
	statement->has_epoch = true;
	cbor_array_exact(reader, 3);
	statement->epoch.number = cbor_uint(reader, EPOCH_MAX);
	cbor_fixed(reader, statement->epoch.commit.bytes, DIGEST_LEN);
	read_digest_or_null(reader, &statement->epoch.previous_commit);
	if (statement->epoch.number == 0)
		cbor_fail(reader, FORMAT_MALFORMED);
}

static enum format_result decode_signed_part(struct view signed_part, struct statement *statement)
{
	struct cbor_reader reader;
	struct cbor_map map;
	unsigned key;

	cbor_read(&reader, signed_part);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case KEY_VERSION: cbor_version(&reader); break;
		case KEY_KIND:
			statement->kind =
			    (enum statement_kind)cbor_choice(&reader, STATEMENT_CHANGE);
			break;
		case KEY_PREVIOUS:
			cbor_fixed(&reader, statement->previous.bytes, DIGEST_LEN);
			break;
		case KEY_SIGNER: cbor_fixed(&reader, statement->signer.bytes, DEVICE_ID_LEN); break;
		case KEY_TIME: statement->time_ms = cbor_time(&reader); break;
		case KEY_ADDED: read_added(&reader, statement); break;
		case KEY_REVOKED: read_revoked(&reader, statement); break;
		case KEY_EPOCH: read_epoch(&reader, statement); break;
		case KEY_PARTS:
			cbor_array_exact(&reader, STATEMENT_PARTS_MAX);
			for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
				read_digest_or_null(&reader, &statement->part_hash[i]);
			break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, KEYS_NEEDED);
	return cbor_finish(&reader);
}

/* Each part that is there hashes to what the signed part says; none is there that it does not name.
 */
static enum format_result check_parts(const struct statement *statement, bool bare_allowed)
{
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++) {
		bool named = !digest_equal(&statement->part_hash[i], &no_digest);
		struct digest hash;

		if (statement->part[i].data == NULL) {
			if (named && !bare_allowed)
				return FORMAT_MALFORMED;
			continue;
		}
		digest_view(DOMAIN_PART, statement->part[i], &hash);
		if (!named || !digest_equal(&hash, &statement->part_hash[i]))
			return FORMAT_FORGED;
	}
	return FORMAT_OK;
}

enum format_result statement_decode(struct view encoded, bool bare_allowed, struct statement *out)
{
	struct statement statement = {0};
	struct cbor_reader reader;
	struct signed_item item;
	enum format_result result;

	if (encoded.len > STATEMENT_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	item = read_signed(&reader, 3, STATEMENT_MAX);
	cbor_array_exact(&reader, STATEMENT_PARTS_MAX);
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
		if (!cbor_null(&reader))
			statement.part[i] = cbor_bytes(&reader, STATEMENT_MAX);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		result = decode_signed_part(item.signed_part, &statement);
	if (result == FORMAT_OK)
		result = check_parts(&statement, bare_allowed);
	if (result == FORMAT_OK)
		*out = statement;
	return result;
}

enum format_result statement_hash(struct view encoded, struct digest *out)
{
	struct cbor_reader reader;
	struct signed_item item;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 3, STATEMENT_MAX);
	if (reader.result != FORMAT_OK)
		return reader.result;
	digest_parts(DOMAIN_STATEMENT,
	    (const struct view[]){item.signed_part, {item.signature, SIGNATURE_LEN}}, 2, out);
	return FORMAT_OK;
}

enum format_result statement_signed_by(
    struct view encoded, const uint8_t sign_public[SIGN_PUBLIC_LEN])
{
	struct cbor_reader reader;
	struct signed_item item;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 3, STATEMENT_MAX);
	if (reader.result != FORMAT_OK)
		return reader.result;
	return sign_check(DOMAIN_STATEMENT, item.signed_part, sign_public, item.signature);
}

enum format_result statement_bare(struct view encoded, struct bytes *out)
{
	struct cbor_reader reader;
	struct signed_item item;
	struct buffer buffer;
	enum format_result result = FORMAT_OK;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 3, STATEMENT_MAX);
	if (reader.result != FORMAT_OK)
		return reader.result;
	buffer_init(&buffer, STATEMENT_MAX);
	cbor_put_array(&buffer, 3);
	cbor_put_view(&buffer, item.signed_part);
	cbor_put_bytes(&buffer, item.signature, SIGNATURE_LEN);
	cbor_put_array(&buffer, STATEMENT_PARTS_MAX);
	for (size_t i = 0; i < STATEMENT_PARTS_MAX; i++)
		cbor_put_null(&buffer);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result boxes_encode(const struct box *boxes, size_t count, struct bytes *out)
{
	const struct box *sorted[DEVICES_MAX];
	struct buffer buffer;
	enum format_result result = FORMAT_OK;

	if (count == 0 || count > DEVICES_MAX)
		return FORMAT_TOO_LARGE;
	for (size_t i = 0; i < count; i++) { /* by insertion: a map's keys ascend */
		size_t at = i;

		for (; at > 0; at--) {
			if (memcmp(sorted[at - 1]->device.bytes, boxes[i].device.bytes,
				DEVICE_ID_LEN) < 0)
				break;
			sorted[at] = sorted[at - 1];
		}
		sorted[at] = &boxes[i];
	}
	buffer_init(&buffer, STATEMENT_MAX);
	cbor_put_map(&buffer, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_bytes(&buffer, sorted[i]->device.bytes, DEVICE_ID_LEN);
		cbor_put_bytes(&buffer, sorted[i]->sealed, BOX_SEAL_LEN);
	}
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result boxes_find(
    struct view encoded, const struct device_id *device, uint8_t sealed_out[BOX_SEAL_LEN])
{
	struct cbor_reader reader;
	struct device_id last = {0};
	uint8_t sealed[BOX_SEAL_LEN];
	bool found = false;
	size_t count;
	enum format_result result;

	cbor_read(&reader, encoded);
	count = cbor_text_map(&reader, DEVICES_MAX);
	for (size_t i = 0; i < count && reader.result == FORMAT_OK; i++) {
		struct device_id id;
		uint8_t box[BOX_SEAL_LEN];

		cbor_fixed(&reader, id.bytes, DEVICE_ID_LEN);
		cbor_fixed(&reader, box, BOX_SEAL_LEN);
		if (i > 0 && memcmp(id.bytes, last.bytes, DEVICE_ID_LEN) <= 0)
			cbor_fail(&reader, FORMAT_MALFORMED);
		last = id;
		if (device_equal(&id, device)) {
			memcpy(sealed, box, BOX_SEAL_LEN);
			found = true;
		}
	}
	result = cbor_finish(&reader);
	if (result != FORMAT_OK)
		return result;
	if (!found)
		return FORMAT_FORGED;
	memcpy(sealed_out, sealed, BOX_SEAL_LEN);
	return FORMAT_OK;
}

#define WIPE_MAX 1024u
#define GATEWAY_NAME_MAX 255u

enum format_result wipe_encode(
    const struct wipe *wipe, const uint8_t wipe_secret[SIGN_SECRET_LEN], struct bytes *out)
{
	struct buffer part, whole;
	enum format_result result;

	if (wipe->gateway.len > GATEWAY_NAME_MAX)
		return FORMAT_TOO_LARGE;
	buffer_init(&part, WIPE_MAX);
	buffer_init(&whole, WIPE_MAX);
	cbor_put_map(&part, 6);
	cbor_put_uint(&part, 0);
	cbor_put_uint(&part, FORMAT_VERSION);
	cbor_put_uint(&part, 1);
	cbor_put_text(&part, wipe->gateway);
	cbor_put_uint(&part, 2);
	cbor_put_bytes(&part, wipe->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&part, 3);
	cbor_put_bytes(&part, wipe->incarnation, INCARNATION_LEN);
	cbor_put_uint(&part, 4);
	cbor_put_bytes(&part, wipe->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(&part, 5);
	cbor_put_int(&part, wipe->time_ms);
	result = put_signed(&whole, DOMAIN_WIPE, 2, buffer_view(&part), wipe_secret);
	if (result == FORMAT_OK)
		result = format_of_buffer(&part);
	if (result == FORMAT_OK)
		result = format_take(&whole, out);
	buffer_clear(&whole);
	buffer_clear(&part);
	return result;
}

enum format_result wipe_decode(struct view encoded, struct wipe *out)
{
	struct cbor_reader reader, part;
	struct cbor_map map;
	struct wipe wipe = {0};
	struct signed_item item;
	enum format_result result;
	unsigned key;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 2, WIPE_MAX);
	result = cbor_finish(&reader);
	if (result != FORMAT_OK)
		return result;
	cbor_read(&part, item.signed_part);
	cbor_map(&part, &map);
	while (cbor_map_next(&part, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&part); break;
		case 1: wipe.gateway = cbor_text(&part, GATEWAY_NAME_MAX); break;
		case 2: cbor_fixed(&part, wipe.account.bytes, ACCOUNT_ID_LEN); break;
		case 3: cbor_fixed(&part, wipe.incarnation, INCARNATION_LEN); break;
		case 4: cbor_fixed(&part, wipe.device.bytes, DEVICE_ID_LEN); break;
		case 5: wipe.time_ms = cbor_time(&part); break;
		default: cbor_fail(&part, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&part, &map, 0x3F);
	result = cbor_finish(&part);
	if (result == FORMAT_OK)
		*out = wipe;
	return result;
}

enum format_result wipe_signed_by(struct view encoded, const uint8_t wipe_public[SIGN_PUBLIC_LEN])
{
	struct cbor_reader reader;
	struct signed_item item;
	enum format_result result;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 2, WIPE_MAX);
	result = cbor_finish(&reader);
	if (result != FORMAT_OK)
		return result;
	return sign_check(DOMAIN_WIPE, item.signed_part, wipe_public, item.signature);
}

enum format_result wipe_record_encode(struct view wipe, struct view bare_roster, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;

	buffer_init(&buffer, WIPE_RECORD_MAX);
	cbor_put_array(&buffer, 2);
	cbor_put_view(&buffer, wipe);
	cbor_put_view(&buffer, bare_roster);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result wipe_record_decode(
    struct view encoded, struct view *wipe_out, struct view *bare_roster_out)
{
	struct cbor_reader reader;
	struct view wipe, roster;
	enum format_result result;

	if (encoded.len > WIPE_RECORD_MAX)
		return FORMAT_TOO_LARGE;
	cbor_read(&reader, encoded);
	cbor_array_exact(&reader, 2);
	wipe = cbor_bytes(&reader, WIPE_MAX);
	roster = cbor_bytes(&reader, WIPE_RECORD_MAX);
	result = cbor_finish(&reader);
	if (result != FORMAT_OK)
		return result;
	*wipe_out = wipe;
	*bare_roster_out = roster;
	return FORMAT_OK;
}

#define RECEIPT_MAX 512u

enum format_result receipt_encode(
    const struct receipt *receipt, const uint8_t secret[SIGN_SECRET_LEN], struct bytes *out)
{
	struct buffer part, whole;
	enum format_result result;

	buffer_init(&part, RECEIPT_MAX);
	buffer_init(&whole, RECEIPT_MAX);
	cbor_put_map(&part, 7);
	cbor_put_uint(&part, 0);
	cbor_put_uint(&part, FORMAT_VERSION);
	cbor_put_uint(&part, 1);
	cbor_put_bytes(&part, receipt->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&part, 2);
	cbor_put_bytes(&part, receipt->wipe_hash.bytes, DIGEST_LEN);
	cbor_put_uint(&part, 3);
	cbor_put_uint(&part, receipt->objects_removed);
	cbor_put_uint(&part, 4);
	cbor_put_uint(&part, receipt->bytes_removed);
	cbor_put_uint(&part, 5);
	cbor_put_int(&part, receipt->empty_at_ms);
	cbor_put_uint(&part, 6);
	cbor_put_bytes(&part, receipt->signer, SIGN_PUBLIC_LEN);
	result = put_signed(&whole, DOMAIN_WIPE, 2, buffer_view(&part), secret);
	if (result == FORMAT_OK)
		result = format_of_buffer(&part);
	if (result == FORMAT_OK)
		result = format_take(&whole, out);
	buffer_clear(&whole);
	buffer_clear(&part);
	return result;
}

enum format_result receipt_decode(struct view encoded, struct receipt *out)
{
	struct cbor_reader reader, part;
	struct cbor_map map;
	struct receipt receipt = {0};
	struct signed_item item;
	enum format_result result;
	unsigned key;

	cbor_read(&reader, encoded);
	item = read_signed(&reader, 2, RECEIPT_MAX);
	result = cbor_finish(&reader);
	if (result != FORMAT_OK)
		return result;
	cbor_read(&part, item.signed_part);
	cbor_map(&part, &map);
	while (cbor_map_next(&part, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&part); break;
		case 1: cbor_fixed(&part, receipt.account.bytes, ACCOUNT_ID_LEN); break;
		case 2: cbor_fixed(&part, receipt.wipe_hash.bytes, DIGEST_LEN); break;
		case 3: receipt.objects_removed = cbor_uint(&part, SEQ_MAX); break;
		case 4: receipt.bytes_removed = cbor_uint(&part, SEQ_MAX); break;
		case 5: receipt.empty_at_ms = cbor_time(&part); break;
		case 6: cbor_fixed(&part, receipt.signer, SIGN_PUBLIC_LEN); break;
		default: cbor_fail(&part, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&part, &map, 0x7F);
	result = cbor_finish(&part);
	if (result != FORMAT_OK)
		return result;
	result = sign_check(DOMAIN_WIPE, item.signed_part, receipt.signer, item.signature);
	if (result != FORMAT_OK)
		return result;
	*out = receipt;
	return FORMAT_OK;
}
