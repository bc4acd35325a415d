/*
 * tests/cli/engine/off_log.c: see off_log.h.
 */
#include "tests/cli/engine/off_log.h"
#include "cli/engine/epochs.h"
#include "cli/engine/membership.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define MADE_MS INT64_C(1780000000000)

const char *off_log_text(enum off_log kind)
{
	switch (kind) {
	case OFF_LOG_ADDS: return "a device is added";
	case OFF_LOG_EPOCH: return "an epoch begins";
	case OFF_LOG_REVOKES: return "the device is revoked";
	case OFF_LOG_SEVERAL: return "several statements";
	case OFF_LOG_KINDS: break;
	}
	return "none";
}

/* The new key for all who are live afterwards. */
static enum format_result make_boxes(const struct roster *roster, const struct device_id *revoked,
    const struct epoch_key *key, struct bytes *out)
{
	struct box boxes[DEVICES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < roster->devices_count && count < DEVICES_MAX; i++) {
		const struct roster_device *device = &roster->devices[i];

		if (device->revoked_by != SIZE_MAX ||
		    (revoked != NULL && device_equal(&device->id, revoked)))
			continue;
		boxes[count].device = device->id;
		if (crypto_box_seal(boxes[count].sealed, key->bytes, EPOCH_KEY_LEN,
			device->keys.box_public) != 0)
			return FORMAT_MALFORMED;
		count++;
	}
	return boxes_encode(boxes, count, out);
}

static enum format_result begin_epoch(const struct roster *roster, const struct device_keys *signer,
    const struct device_id *revoked, const struct random *random, struct bytes *out)
{
	struct statement change = {.kind = STATEMENT_CHANGE,
	    .previous = *roster_hash(roster),
	    .signer = signer->id,
	    .time_ms = MADE_MS,
	    .has_epoch = true};
	struct epoch_key old = {0};
	struct epoch_key key;
	struct bytes boxes = {0}, previous = {0};
	enum format_result result = epoch_key_find(roster, signer, roster_epoch(roster), &old);

	random_fill(random, key.bytes, EPOCH_KEY_LEN);
	change.epoch.number = roster_epoch(roster) + 1;
	change.epoch.previous_commit = roster->epoch_commit;
	epoch_commit(&key, &change.previous, change.epoch.number, &change.epoch.commit);
	if (revoked != NULL)
		change.revoked[change.revoked_count++] = *revoked;
	if (result == FORMAT_OK)
		result = make_boxes(roster, revoked, &key, &boxes);
	if (result == FORMAT_OK)
		result = seal_part(&key, random, PART_USE_PREVIOUS_KEY, &change.previous,
		    view_of(old.bytes, EPOCH_KEY_LEN), &previous);
	if (result == FORMAT_OK) {
		change.part[PART_BOXES] = view_bytes(&boxes);
		change.part[PART_PREVIOUS] = view_bytes(&previous);
		result = statement_encode(&change, signer->sign_secret, out);
	}
	bytes_clear(&previous);
	bytes_clear(&boxes);
	return result;
}

static enum format_result add_stranger(const struct roster *roster,
    const struct device_keys *signer, const struct random *random, struct bytes *out)
{
	struct device_keys stranger = {0};
	enum format_result result;

	device_keys_new(random, &stranger);
	result = add_device_make(
	    roster, signer, &stranger, view_text("a stranger"), MADE_MS, random, out);
	device_keys_clear(&stranger);
	return result;
}

enum format_result off_log_make(struct view encoded, const struct device_keys *signer,
    enum off_log kind, const struct device_id *victim, const struct random *random,
    struct bytes *out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes statement = {0}, longer = {0};
	bool adds = kind == OFF_LOG_ADDS || kind == OFF_LOG_SEVERAL;
	enum format_result result =
	    roster == NULL ? FORMAT_NO_MEMORY : roster_decode(encoded, false, roster);

	if (result == FORMAT_OK)
		result = adds ? add_stranger(roster, signer, random, &statement)
			      : begin_epoch(roster, signer, kind == OFF_LOG_REVOKES ? victim : NULL,
				    random, &statement);
	if (result == FORMAT_OK)
		result = roster_append(encoded, view_bytes(&statement), &longer);
	if (result == FORMAT_OK)
		result = roster_decode(view_bytes(&longer), false, roster); /* it holds */
	if (result == FORMAT_OK && kind == OFF_LOG_SEVERAL)
		result =
		    off_log_make(view_bytes(&longer), signer, OFF_LOG_EPOCH, victim, random, out);
	else if (result == FORMAT_OK) {
		*out = longer;
		longer = (struct bytes){0};
	}
	bytes_clear(&longer);
	bytes_clear(&statement);
	free(roster);
	return result;
}
