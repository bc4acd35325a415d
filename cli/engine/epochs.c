/*
 * cli/engine/epochs.c: an epoch's key is sealed to each device's box, and under the next one's; a
 * key that was opened is held against the commitment that its statement makes.
 */
#include "cli/engine/epochs.h"

#include <sodium.h>
#include <string.h>

/* The statement that began an epoch; SIZE_MAX: none. */
static size_t epoch_statement(const struct roster *roster, uint64_t epoch)
{
	for (size_t i = 0; i < roster->statements_count; i++)
		if (roster->epochs[i] == epoch)
			return i;
	return SIZE_MAX;
}

static enum format_result check_key(
    const struct roster *roster, uint64_t epoch, const struct epoch_key *key)
{
	size_t index = epoch_statement(roster, epoch);
	struct statement statement;
	struct digest commit;
	enum format_result result;

	if (index == SIZE_MAX)
		return FORMAT_FORGED;
	result = statement_decode(roster->statements[index], true, &statement);
	if (result != FORMAT_OK)
		return result;
	epoch_commit(key, &statement.previous, epoch, &commit);
	return sodium_memcmp(commit.bytes, statement.epoch.commit.bytes, DIGEST_LEN) == 0
		   ? FORMAT_OK
		   : FORMAT_FORGED;
}

/* The newest epoch of which this device has a box, with its key, checked. */
static enum format_result newest_box(const struct roster *roster, const struct device_keys *keys,
    uint64_t *epoch_out, struct epoch_key *out)
{
	for (size_t i = roster->statements_count; i-- > 0;) {
		struct statement statement;
		uint8_t sealed[BOX_SEAL_LEN];
		enum format_result result =
		    statement_decode(roster->statements[i], true, &statement);

		if (result != FORMAT_OK)
			return result;
		if (statement.part[PART_BOXES].data == NULL ||
		    boxes_find(statement.part[PART_BOXES], &keys->id, sealed) != FORMAT_OK)
			continue;
		if (crypto_box_seal_open(out->bytes, sealed, sizeof(sealed), keys->box_public,
			keys->box_secret) != 0)
			return FORMAT_FORGED;
		*epoch_out = roster->epochs[i];
		return check_key(roster, *epoch_out, out);
	}
	return FORMAT_FORGED;
}

/* The key of the epoch before, out of the statement that began this one. */
static enum format_result previous_key(
    const struct roster *roster, uint64_t epoch, struct epoch_key *key)
{
	size_t index = epoch_statement(roster, epoch);
	struct statement statement;
	struct bytes opened = {0};
	enum format_result result;

	if (index == SIZE_MAX)
		return FORMAT_FORGED;
	result = statement_decode(roster->statements[index], true, &statement);
	if (result == FORMAT_OK && statement.part[PART_PREVIOUS].data == NULL)
		result = FORMAT_FORGED;
	if (result == FORMAT_OK)
		result = open_part(key, PART_USE_PREVIOUS_KEY, &statement.previous,
		    statement.part[PART_PREVIOUS], &opened);
	if (result == FORMAT_OK && opened.len != EPOCH_KEY_LEN)
		result = FORMAT_MALFORMED;
	if (result == FORMAT_OK) {
		memcpy(key->bytes, opened.data, EPOCH_KEY_LEN);
		result = check_key(roster, epoch - 1, key);
	}
	bytes_clear(&opened);
	return result;
}

enum format_result epoch_key_find(const struct roster *roster, const struct device_keys *keys,
    uint64_t epoch, struct epoch_key *out)
{
	struct epoch_key key = {0};
	uint64_t at = 0;
	enum format_result result = newest_box(roster, keys, &at, &key);

	while (result == FORMAT_OK && at > epoch) {
		result = previous_key(roster, at, &key);
		at--;
	}
	if (result == FORMAT_OK && at != epoch)
		result = FORMAT_FORGED;
	if (result == FORMAT_OK)
		*out = key;
	sodium_memzero(&key, sizeof(key));
	return result;
}
