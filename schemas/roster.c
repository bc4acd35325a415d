/*
 * schemas/roster.c: who belongs, replayed from the statements; and the create request.
 */
#include "schemas/roster.h"
#include "schemas/cbor.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct digest *roster_hash(const struct roster *roster)
{
	assert(roster->statements_count > 0);
	return &roster->hashes[roster->statements_count - 1];
}

uint64_t roster_epoch(const struct roster *roster)
{
	assert(roster->statements_count > 0);
	return roster->epochs[roster->statements_count - 1];
}

size_t roster_find(const struct roster *roster, const struct digest *hash)
{
	for (size_t i = 0; i < roster->statements_count; i++)
		if (digest_equal(&roster->hashes[i], hash))
			return i;
	return SIZE_MAX;
}

const struct roster_device *roster_device(
    const struct roster *roster, const struct device_id *device)
{
	for (size_t i = 0; i < roster->devices_count; i++)
		if (device_equal(&roster->devices[i].id, device))
			return &roster->devices[i];
	return NULL;
}

const struct roster_device *roster_live(
    const struct roster *roster, const struct device_id *device, size_t index)
{
	const struct roster_device *found = roster_device(roster, device);

	if (index == SIZE_MAX)
		index = roster->statements_count - 1;
	if (found == NULL || found->added_by > index || found->revoked_by <= index)
		return NULL;
	return found;
}

bool roster_descends(const struct roster *newer, const struct roster *older)
{
	return older->statements_count <= newer->statements_count &&
	       account_equal(&older->account, &newer->account) &&
	       digest_equal(&newer->hashes[older->statements_count - 1], roster_hash(older));
}

static enum format_result add_devices(
    struct roster *roster, const struct statement *statement, size_t index)
{
	for (size_t i = 0; i < statement->added_count; i++) {
		struct roster_device *device = &roster->devices[roster->devices_count];
		struct device_id id;

		device_id_of(statement->added[i].sign_public, &id);
		if (roster_device(roster, &id) != NULL)
			return FORMAT_FORGED; /* a key comes once, and never back */
		if (roster->devices_count == ROSTER_DEVICES_MAX)
			return FORMAT_TOO_LARGE;
		*device = (struct roster_device){
		    .id = id,
		    .keys = statement->added[i],
		    .added_by = index,
		    .revoked_by = SIZE_MAX,
		    .added_ms = statement->time_ms,
		};
		roster->devices_count++;
	}
	return FORMAT_OK;
}

static enum format_result revoke_devices(
    struct roster *roster, const struct statement *statement, size_t index)
{
	for (size_t i = 0; i < statement->revoked_count; i++) {
		bool found = false;

		for (size_t k = 0; k < roster->devices_count; k++) {
			struct roster_device *device = &roster->devices[k];

			if (!device_equal(&device->id, &statement->revoked[i]) ||
			    device->revoked_by != SIZE_MAX)
				continue;
			device->revoked_by = index;
			found = true;
		}
		if (!found)
			return FORMAT_FORGED;
	}
	return FORMAT_OK;
}

/* A revocation begins an epoch, the genesis the first; each epoch is one more and commits to both
 * keys. */
static enum format_result check_epoch(
    const struct roster *roster, const struct statement *statement, size_t index)
{
	uint64_t before = index == 0 ? 0 : roster->epochs[index - 1];
	bool first = index == 0;
	bool needed = first || statement->revoked_count > 0;

	if (!statement->has_epoch)
		return needed ? FORMAT_FORGED : FORMAT_OK;
	if (statement->epoch.number != before + 1)
		return FORMAT_FORGED;
	/* In the genesis none, elsewhere the one that the epoch before was begun with. */
	if (!digest_equal(&statement->epoch.previous_commit, &roster->epoch_commit))
		return FORMAT_FORGED;
	return FORMAT_OK;
}

static size_t live_count(const struct roster *roster)
{
	size_t count = 0;

	for (size_t i = 0; i < roster->devices_count; i++)
		count += roster->devices[i].revoked_by == SIZE_MAX;
	return count;
}

/* again: it was checked before. */
static enum format_result signed_by(
    struct view encoded, const struct roster_device *signer, bool again)
{
	if (signer == NULL)
		return FORMAT_FORGED;
	return again ? FORMAT_OK : statement_signed_by(encoded, signer->keys.sign_public);
}

static enum format_result apply(struct roster *roster, struct view encoded,
    const struct statement *statement, const struct digest *hash, bool again)
{
	size_t index = roster->statements_count;
	const struct roster_device *signer;
	enum format_result result;

	assert(index < ROSTER_STATEMENTS_MAX); /* the array's count was read with that bound */
	if ((statement->kind == STATEMENT_GENESIS) != (index == 0))
		return FORMAT_FORGED;
	if (index > 0 && !digest_equal(&statement->previous, &roster->hashes[index - 1]))
		return FORMAT_FORGED;
	result = check_epoch(roster, statement, index);
	if (result != FORMAT_OK)
		return result;
	/* A change is signed by a device live before it; the genesis by one that it adds. */
	signer = index == 0 ? NULL : roster_live(roster, &statement->signer, index - 1);
	if (index > 0)
		result = signed_by(encoded, signer, again);
	if (result != FORMAT_OK)
		return result;
	/* In this order: no statement revokes what it adds. */
	result = revoke_devices(roster, statement, index);
	if (result == FORMAT_OK)
		result = add_devices(roster, statement, index);
	if (result != FORMAT_OK)
		return result;
	roster->statements[index] = encoded;
	roster->hashes[index] = *hash;
	roster->epochs[index] =
	    statement->has_epoch ? statement->epoch.number : roster->epochs[index - 1];
	if (statement->has_epoch)
		roster->epoch_commit = statement->epoch.commit;
	roster->statements_count = index + 1;
	if (index == 0) {
		result = signed_by(encoded, roster_live(roster, &statement->signer, 0), again);
		if (result != FORMAT_OK)
			return result;
	}
	if (live_count(roster) > DEVICES_MAX)
		return FORMAT_TOO_LARGE;
	return live_count(roster) > 0 ? FORMAT_OK : FORMAT_FORGED;
}

/* The account's id comes from the genesis' hash, so it certifies itself. */
static void set_account(struct roster *roster)
{
	struct digest digest;

	digest_view(DOMAIN_ACCOUNT, view_of(roster->hashes[0].bytes, DIGEST_LEN), &digest);
	memcpy(roster->account.bytes, digest.bytes, ACCOUNT_ID_LEN);
}

static enum format_result decode(
    struct view encoded, bool bare_allowed, bool again, struct roster *out)
{
	struct cbor_reader reader;
	struct roster *roster = NULL;
	enum format_result result = FORMAT_OK;
	size_t count;

	if (encoded.len > ROSTER_MAX)
		return FORMAT_TOO_LARGE;
	roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		return FORMAT_NO_MEMORY;
	roster->encoded = encoded;
	cbor_read(&reader, encoded);
	count = cbor_array(&reader, ROSTER_STATEMENTS_MAX);
	if (reader.result == FORMAT_OK && count == 0)
		cbor_fail(&reader, FORMAT_MALFORMED);
	for (size_t i = 0; i < count && result == FORMAT_OK; i++) {
		struct statement statement;
		struct digest hash;
		struct view item = cbor_bytes(&reader, STATEMENT_MAX);

		result = reader.result;
		if (result == FORMAT_OK)
			result = statement_decode(item, bare_allowed, &statement);
		if (result == FORMAT_OK)
			result = statement_hash(item, &hash);
		if (result == FORMAT_OK)
			result = apply(roster, item, &statement, &hash, again);
	}
	if (result == FORMAT_OK)
		result = cbor_finish(&reader);
	if (result == FORMAT_OK) {
		set_account(roster);
		*out = *roster;
	}
	free(roster);
	return result;
}

enum format_result roster_decode(struct view encoded, bool bare_allowed, struct roster *out)
{
	return decode(encoded, bare_allowed, false, out);
}

enum format_result roster_decode_again(struct view encoded, struct roster *out)
{
	return decode(encoded, false, true, out);
}

/* An array of the old items, as they are encoded, and one more. */
static enum format_result extend(
    size_t count, struct view items, struct view statement, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;

	buffer_init(&buffer, ROSTER_MAX);
	cbor_put_array(&buffer, count + 1);
	buffer_add_view(&buffer, items);
	cbor_put_view(&buffer, statement);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result roster_append(
    struct view encoded_roster, struct view statement, struct bytes *out)
{
	struct cbor_reader reader;
	size_t count;

	cbor_read(&reader, encoded_roster);
	count = cbor_array(&reader, ROSTER_STATEMENTS_MAX - 1);
	if (reader.result != FORMAT_OK)
		return reader.result;
	return extend(count, cbor_rest(&reader), statement, out);
}

enum format_result roster_begin(struct view genesis, struct bytes *out)
{
	return extend(0, (struct view){0}, genesis, out);
}

enum format_result roster_first(const struct roster *roster, size_t count, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result;

	assert(count > 0 && count <= roster->statements_count);
	buffer_init(&buffer, ROSTER_MAX);
	cbor_put_array(&buffer, count);
	for (size_t i = 0; i < count; i++)
		cbor_put_view(&buffer, roster->statements[i]);
	result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result roster_bare(const struct roster *roster, struct bytes *out)
{
	struct buffer buffer;
	enum format_result result = FORMAT_OK;

	buffer_init(&buffer, ROSTER_MAX);
	cbor_put_array(&buffer, roster->statements_count);
	for (size_t i = 0; i < roster->statements_count && result == FORMAT_OK; i++) {
		struct bytes bare = {0};

		result = statement_bare(roster->statements[i], &bare);
		if (result == FORMAT_OK)
			cbor_put_view(&buffer, view_bytes(&bare));
		bytes_clear(&bare);
	}
	if (result == FORMAT_OK)
		result = format_take(&buffer, out);
	buffer_clear(&buffer);
	return result;
}

enum format_result create_encode(
    const struct create *create, const uint8_t sign_secret[SIGN_SECRET_LEN], struct bytes *out)
{
	struct buffer part, whole;
	uint8_t signature[SIGNATURE_LEN];
	enum format_result result;

	buffer_init(&part, ROSTER_MAX + 1024);
	buffer_init(&whole, ROSTER_MAX + 2048);
	cbor_put_map(&part, 5);
	cbor_put_uint(&part, 0);
	cbor_put_uint(&part, FORMAT_VERSION);
	cbor_put_uint(&part, 1);
	cbor_put_bytes(&part, create->account.bytes, ACCOUNT_ID_LEN);
	cbor_put_uint(&part, 2);
	cbor_put_bytes(&part, create->device.bytes, DEVICE_ID_LEN);
	cbor_put_uint(&part, 3);
	cbor_put_view(&part, create->roster);
	cbor_put_uint(&part, 4);
	cbor_put_int(&part, create->time_ms);
	result = format_of_buffer(&part);
	if (result == FORMAT_OK &&
	    !sign_view(DOMAIN_CREATE, buffer_view(&part), sign_secret, signature))
		result = FORMAT_NO_MEMORY;
	if (result != FORMAT_OK)
		goto done;
	cbor_put_array(&whole, 2);
	cbor_put_view(&whole, buffer_view(&part));
	cbor_put_bytes(&whole, signature, SIGNATURE_LEN);
	result = format_take(&whole, out);
done:
	buffer_clear(&whole);
	buffer_clear(&part);
	return result;
}

static enum format_result decode_create_part(struct view signed_part, struct create *out)
{
	struct cbor_reader reader;
	struct cbor_map map;
	unsigned key;

	cbor_read(&reader, signed_part);
	cbor_map(&reader, &map);
	while (cbor_map_next(&reader, &map, &key)) {
		switch (key) {
		case 0: cbor_version(&reader); break;
		case 1: cbor_fixed(&reader, out->account.bytes, ACCOUNT_ID_LEN); break;
		case 2: cbor_fixed(&reader, out->device.bytes, DEVICE_ID_LEN); break;
		case 3: out->roster = cbor_bytes(&reader, ROSTER_MAX); break;
		case 4: out->time_ms = cbor_time(&reader); break;
		default: cbor_fail(&reader, FORMAT_MALFORMED);
		}
	}
	cbor_map_need(&reader, &map, 0x1F);
	return cbor_finish(&reader);
}

enum format_result create_decode(struct view encoded, struct create *out, struct roster *roster_out)
{
	struct cbor_reader reader;
	struct create create = {0};
	struct view signed_part;
	uint8_t signature[SIGNATURE_LEN];
	const struct roster_device *device;
	struct roster *roster = NULL;
	enum format_result result;

	cbor_read(&reader, encoded);
	cbor_array_exact(&reader, 2);
	signed_part = cbor_bytes(&reader, ROSTER_MAX + 1024);
	cbor_fixed(&reader, signature, SIGNATURE_LEN);
	result = cbor_finish(&reader);
	if (result == FORMAT_OK)
		result = decode_create_part(signed_part, &create);
	if (result != FORMAT_OK)
		return result;
	roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		return FORMAT_NO_MEMORY;
	result = roster_decode(create.roster, false, roster);
	if (result != FORMAT_OK)
		goto done;
	result = FORMAT_FORGED;
	device = roster_live(roster, &create.device, SIZE_MAX);
	if (device != NULL && account_equal(&roster->account, &create.account))
		result =
		    sign_check(DOMAIN_CREATE, signed_part, device->keys.sign_public, signature);
	if (result != FORMAT_OK)
		goto done;
	*out = create;
	*roster_out = *roster;
done:
	free(roster);
	return result;
}
