/*
 * cli/engine/wipe_record.c: the wipe of an account: signed, and what is believed of one.
 */
#include "cli/engine/wipe_record.h"
#include "cli/engine/facts.h"
#include "cli/engine/result.h"

#include <stdlib.h>
#include <string.h>

enum engine_result wipe_make(
    struct engine *engine, const char *gateway, struct call *call, struct bytes *wipe_out)
{
	struct stored_facts facts;
	struct wipe wipe = {.gateway = view_text(gateway)};
	enum engine_result result = facts_load(engine, call, &facts);

	if (result != ENGINE_OK)
		return result;
	if (!facts.public.has_account) {
		call_sayf(call, "sync is not set up here: there is no cloud data to wipe");
		return ENGINE_OFF;
	}
	wipe.account = facts.public.account;
	wipe.device = engine->keys->id;
	wipe.time_ms = clock_wall_ms(engine->clock);
	memcpy(wipe.incarnation, facts.public.incarnation, INCARNATION_LEN);
	return engine_say_format(call, "the wipe could not be signed",
	    wipe_encode(&wipe, engine->keys->wipe_secret, wipe_out));
}

/* Only who knows the roster can say so: a device live in it signed, for this life of the account.
 */
static enum format_result check_wipe(const struct sync_facts *facts, const struct roster *known,
    const struct roster *roster, const struct wipe *wipe, struct view encoded)
{
	static const uint8_t none[INCARNATION_LEN];
	const struct roster_device *device;

	if (!roster_descends(roster, known) || !account_equal(&wipe->account, &facts->account))
		return FORMAT_FORGED;
	if (memcmp(facts->incarnation, none, INCARNATION_LEN) != 0 &&
	    memcmp(wipe->incarnation, facts->incarnation, INCARNATION_LEN) != 0)
		return FORMAT_FORGED;
	device = roster_live(roster, &wipe->device, SIZE_MAX);
	if (device == NULL || device->keys.role != ROLE_DEVICE)
		return FORMAT_FORGED;
	return wipe_signed_by(encoded, device->keys.wipe_public);
}

/* FORMAT_OK: it is believed. */
static enum format_result check_bare(const struct sync_facts *facts, const struct roster *known,
    const struct wipe *wipe, struct view encoded, struct view bare)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	enum format_result decoded;
	enum format_result holds = FORMAT_FORGED;

	if (roster == NULL)
		return FORMAT_NO_MEMORY;
	decoded = roster_decode(bare, true, roster);
	if (decoded == FORMAT_NO_MEMORY)
		holds = decoded;
	if (decoded == FORMAT_OK)
		holds = check_wipe(facts, known, roster, wipe, encoded);
	free(roster);
	return holds;
}

enum engine_result wipe_record_check(const struct sync_facts *facts, const struct roster *known,
    struct view record, struct call *call)
{
	struct view encoded, bare;
	struct wipe wipe;
	enum format_result holds;

	if (record.data == NULL || wipe_record_decode(record, &encoded, &bare) != FORMAT_OK ||
	    wipe_decode(encoded, &wipe) != FORMAT_OK) {
		call_sayf(call, "the account is missing there, and no signed wipe says that it was "
				"deleted: everything here is kept, sync stays on");
		return ENGINE_MISSING;
	}
	holds = check_bare(facts, known, &wipe, encoded, bare);
	if (holds == FORMAT_OK)
		return ENGINE_OK;
	if (holds == FORMAT_NO_MEMORY) {
		call_sayf(call, "no memory");
		return ENGINE_FAILED;
	}
	call_sayf(call, "what is there says that the account was wiped, but no device of it signed "
			"that: everything here is kept, sync stays on");
	return ENGINE_MISSING;
}

bool account_was_wiped(const struct account_id *account, struct view record)
{
	struct sync_facts facts = {.account = *account};
	struct roster *roster = calloc(1, sizeof(*roster));
	struct call call = {0};
	struct view encoded, bare;
	bool proved;

	proved = roster != NULL && wipe_record_decode(record, &encoded, &bare) == FORMAT_OK &&
		 roster_decode(bare, true, roster) == FORMAT_OK &&
		 account_equal(&roster->account, account) &&
		 wipe_record_check(&facts, roster, record, &call) == ENGINE_OK;
	free(roster);
	return proved;
}

enum engine_result account_wiped(struct engine *engine, struct view record, struct call *call)
{
	struct roster *known = calloc(1, sizeof(*known));
	struct bytes encoded = {0};
	struct sync_facts facts;
	enum engine_result result = ENGINE_FAILED;

	if (known == NULL)
		return ENGINE_FAILED;
	result = sync_facts_get(engine, call, &facts);
	if (result == ENGINE_OK)
		result = sync_roster_get(engine, call, &encoded);
	if (result == ENGINE_OK)
		result = engine_say_format(
		    call, "the roster", roster_decode(view_bytes(&encoded), false, known));
	if (result == ENGINE_OK)
		result = wipe_record_check(&facts, known, record, call);
	bytes_clear(&encoded);
	free(known);
	return result;
}
