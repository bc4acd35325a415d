/*
 * tests/fuzz/roster.c: a roster's bytes; and one made of the input by a few known parties, against
 * a plain model of who is live. Of what is accepted the bare form is the same roster.
 */
#include "schemas/roster.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define PARTIES 6u
#define STATEMENTS_MAX 8u

static void check_bare(const struct roster *roster)
{
	static struct roster other;
	struct bytes bare = {0}, again = {0};

	fuzz_check(roster_bare(roster, &bare) == FORMAT_OK, "a roster has a bare form");
	fuzz_check(roster_decode(view_bytes(&bare), true, &other) == FORMAT_OK, "which is one too");
	fuzz_check(digest_equal(roster_hash(roster), roster_hash(&other)) &&
		       account_equal(&roster->account, &other.account) &&
		       roster->devices_count == other.devices_count &&
		       roster_epoch(roster) == roster_epoch(&other),
	    "and the same one");
	fuzz_check(roster_descends(&other, &other) && roster_descends(roster, roster),
	    "a roster descends from itself");
	fuzz_again(roster_bare(&other, &again), &again, view_bytes(&bare));
	bytes_clear(&bare);
}

/* What anybody may rely on in a roster that was accepted. */
static void check_roster(const struct roster *roster)
{
	size_t live = 0;

	for (size_t i = 0; i < roster->devices_count; i++) {
		const struct roster_device *device = &roster->devices[i];
		struct device_id id;

		device_id_of(device->keys.sign_public, &id);
		fuzz_check(device_equal(&id, &device->id), "a device's id is its key's");
		fuzz_check(
		    roster_device(roster, &device->id) == device, "no device is twice in it");
		fuzz_check(device->added_by < roster->statements_count, "a statement added it");
		live += roster_live(roster, &device->id, SIZE_MAX) == device;
	}
	fuzz_check(live > 0 && live <= DEVICES_MAX, "somebody is live, and not too many");
	for (size_t i = 0; i < roster->statements_count; i++) {
		fuzz_check(roster_find(roster, &roster->hashes[i]) == i, "a statement is found");
		fuzz_check(i == 0 || roster->epochs[i] >= roster->epochs[i - 1], "epochs ascend");
	}
	check_bare(roster);
}

/* The model: who is live, what the chain ends in. */
struct model {
	struct bytes encoded;
	struct digest last;
	struct digest commit;
	uint64_t epoch;
	bool known[PARTIES];
	bool live[PARTIES];
	size_t count;
};

static void party(size_t number, struct statement_device *out, uint8_t secret[SIGN_SECRET_LEN])
{
	uint8_t unused[SIGN_SECRET_LEN];

	*out = (struct statement_device){.role = ROLE_DEVICE};
	fuzz_key((uint8_t)(number + 1), out->sign_public, secret);
	memset(out->box_public, (int)(number + 1), BOX_PUBLIC_LEN);
	fuzz_key((uint8_t)(number + 101), out->wipe_public, unused);
}

/*
 * A statement as the script has it; mostly sound. *sound_out is whether the model says that it
 * holds; the model moves only if the caller accepts it.
 */
static void choose(struct fuzz_script *script, const struct model *model,
    struct statement *statement, size_t *signer_out, bool *sound_out)
{
	bool first = model->count == 0;
	uint8_t what = fuzz_byte(script);
	size_t signer = fuzz_pick(script, PARTIES);
	size_t adds = what & 3u, revokes = first ? 0 : what >> 2 & 1u;
	bool chosen[PARTIES] = {false};
	bool sound = first || model->live[signer];
	struct statement_device keys;
	uint8_t secret[SIGN_SECRET_LEN];
	size_t live = 0;

	memset(statement, 0, sizeof(*statement));
	statement->kind = first ? STATEMENT_GENESIS : STATEMENT_CHANGE;
	statement->previous = model->last;
	statement->time_ms = fuzz_time(script);
	for (size_t i = 0; i < PARTIES; i++)
		live += model->live[i];
	for (size_t i = 0; i < revokes; i++) {
		size_t number = fuzz_pick(script, PARTIES);

		sound = sound && model->live[number];
		live -= model->live[number];
		chosen[number] = true;
		party(number, &keys, secret);
		device_id_of(keys.sign_public, &statement->revoked[statement->revoked_count++]);
	}
	for (size_t i = 0; i < adds; i++) {
		size_t number = first && i == 0 ? signer : fuzz_pick(script, PARTIES);

		sound = sound && !model->known[number] && !chosen[number];
		live++;
		chosen[number] = true;
		party(number, &statement->added[statement->added_count++], secret);
	}
	sound = sound && live > 0 && (!first || adds > 0);
	statement->has_epoch = first || revokes > 0 || (what & 8u) != 0;
	if (statement->has_epoch) {
		statement->epoch.number = model->epoch + 1;
		statement->epoch.previous_commit = model->commit;
		memset(statement->epoch.commit.bytes, what | 1, DIGEST_LEN);
	}
	party(signer, &keys, secret);
	device_id_of(keys.sign_public, &statement->signer);
	*signer_out = signer;
	*sound_out = sound;
}

/* One wrong thing, if the script wants one. True: it does. */
static bool spoil(struct fuzz_script *script, struct statement *statement, size_t *signer)
{
	bool first = statement->kind == STATEMENT_GENESIS; /* any 32 bytes stand before it */

	switch (fuzz_byte(script)) {
	case 0xF0: statement->previous.bytes[fuzz_pick(script, DIGEST_LEN)] ^= 1; return !first;
	case 0xF1: *signer = (*signer + 1) % PARTIES; return true; /* another's signature */
	case 0xF2: statement->epoch.number += statement->has_epoch; return statement->has_epoch;
	case 0xF3: statement->epoch.previous_commit.bytes[0] ^= 1; return statement->has_epoch;
	default: return false;
	}
}

static void move(struct model *model, const struct statement *statement, struct view encoded)
{
	struct statement_device keys;
	uint8_t secret[SIGN_SECRET_LEN];

	for (size_t number = 0; number < PARTIES; number++) {
		struct device_id id;

		party(number, &keys, secret);
		device_id_of(keys.sign_public, &id);
		for (size_t i = 0; i < statement->revoked_count; i++)
			if (device_equal(&statement->revoked[i], &id))
				model->live[number] = false;
		for (size_t i = 0; i < statement->added_count; i++)
			if (memcmp(statement->added[i].sign_public, keys.sign_public,
				SIGN_PUBLIC_LEN) == 0)
				model->live[number] = model->known[number] = true;
	}
	fuzz_check(statement_hash(encoded, &model->last) == FORMAT_OK, "it has a hash");
	if (statement->has_epoch) {
		model->epoch = statement->epoch.number;
		model->commit = statement->epoch.commit;
	}
	model->count++;
}

static void compare(const struct model *model, const struct roster *roster)
{
	fuzz_check(roster->statements_count == model->count, "as many statements");
	fuzz_check(roster_epoch(roster) == model->epoch, "the same epoch");
	fuzz_check(digest_equal(roster_hash(roster), &model->last), "the same end");
	for (size_t i = 0; i < PARTIES; i++) {
		struct statement_device keys;
		uint8_t secret[SIGN_SECRET_LEN];
		struct device_id id;

		party(i, &keys, secret);
		device_id_of(keys.sign_public, &id);
		fuzz_check((roster_live(roster, &id, SIZE_MAX) != NULL) == model->live[i] &&
			       (roster_device(roster, &id) != NULL) == model->known[i],
		    "the same devices");
	}
}

/* False: the statement was refused, and the roster ends here. */
static bool extend(struct fuzz_script *script, struct model *model)
{
	static struct statement statement;
	static struct roster roster;
	struct statement_device keys;
	uint8_t secret[SIGN_SECRET_LEN];
	struct bytes encoded = {0}, next = {0};
	enum format_result result;
	size_t signer;
	bool sound;

	choose(script, model, &statement, &signer, &sound);
	if (spoil(script, &statement, &signer))
		sound = false;
	party(signer, &keys, secret);
	result = statement_encode(&statement, secret, &encoded);
	if (result == FORMAT_OK)
		result = model->count == 0 ? roster_begin(view_bytes(&encoded), &next)
					   : roster_append(view_bytes(&model->encoded),
						 view_bytes(&encoded), &next);
	if (result == FORMAT_OK)
		result = roster_decode(view_bytes(&next), false, &roster);
	fuzz_check(result == FORMAT_OK || !sound, "a sound statement is accepted");
	fuzz_check(result != FORMAT_OK || sound, "a statement that does not hold is refused");
	if (result == FORMAT_OK) {
		move(model, &statement, view_bytes(&encoded));
		compare(model, &roster);
		check_roster(&roster);
		bytes_clear(&model->encoded);
		model->encoded = next;
		next = (struct bytes){0};
	}
	bytes_clear(&next);
	bytes_clear(&encoded);
	return result == FORMAT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct roster roster;
	struct view input = view_of(data, size);
	struct model model = {0};
	struct fuzz_script script;

	fuzz_mark(&roster, sizeof(roster));
	if (fuzz_decoded(roster_decode(input, false, &roster), &roster, sizeof(roster)))
		check_roster(&roster);
	fuzz_mark(&roster, sizeof(roster));
	if (fuzz_decoded(roster_decode(input, true, &roster), &roster, sizeof(roster)))
		check_roster(&roster);
	fuzz_begin(&script, data, size);
	while (!fuzz_over(&script) && model.count < STATEMENTS_MAX && extend(&script, &model))
		;
	bytes_clear(&model.encoded);
	return 0;
}
