/*
 * cli/engine/account.c: switching on and off, recovering, wiping: the account as this home knows
 * it.
 */
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "cli/engine/wipe_record.h"
#include "schemas/base/utf8.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void account_new_clear(struct account_new *account)
{
	bytes_clear(&account->create);
	bytes_clear(&account->roster);
	sodium_memzero(account, sizeof(*account));
}

static enum engine_result say_format(struct call *call, const char *what, enum format_result result)
{
	if (result != FORMAT_OK)
		call_sayf(call, "%s: %s", what, format_result_text(result));
	return engine_of_format(result);
}

/* Said before anything is stored: no statement could ever be made with another. */
static enum engine_result check_name(const char *name, struct call *call)
{
	struct view text = view_text(name);

	if (text.len > 0 && text.len <= DEVICE_NAME_MAX && utf8_valid(text))
		return ENGINE_OK;
	call_sayf(call, "a device's name has 1 to %u bytes, as UTF-8", DEVICE_NAME_MAX);
	return ENGINE_REFUSED;
}

enum engine_result account_begin(
    struct engine *engine, const char *device_name, struct call *call, struct account_new *out)
{
	struct account_new account = {0};
	struct roster *roster = NULL;
	struct create create = {.time_ms = clock_wall_ms(engine->clock)};
	enum format_result made = FORMAT_NO_MEMORY;
	enum engine_result fits = check_name(device_name, call);

	if (fits != ENGINE_OK)
		return fits;
	roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		goto done;
	random_fill(engine->random, account.code.key, RECOVERY_KEY_LEN);
	made = genesis_make(engine->keys, view_text(device_name), account.code.key, create.time_ms,
	    engine->random, &account.roster);
	if (made == FORMAT_OK)
		made = roster_decode(view_bytes(&account.roster), false, roster);
	if (made != FORMAT_OK)
		goto done;
	account.account = roster->account;
	account.code.account = roster->account;
	memcpy(account.code.statement, roster_hash(roster)->bytes, RECOVERY_STATEMENT_LEN);
	create.account = roster->account;
	create.device = engine->keys->id;
	create.roster = view_bytes(&account.roster);
	made = create_encode(&create, engine->keys->sign_secret, &account.create);
done:
	free(roster);
	if (made == FORMAT_OK)
		*out = account;
	else
		account_new_clear(&account);
	sodium_memzero(&account, sizeof(account)); /* the code's key */
	return say_format(call, "the account could not be made", made);
}

/*
 * Stores facts that begin at the genesis, and the roster's first statements: what is known without
 * a log. In a transaction.
 */
static enum engine_result store_account(struct engine *engine, const struct roster *roster,
    size_t known, bool recovering, struct call *call)
{
	static const char *const stale[] = {META_ROOT, META_INDEX, META_STAGE, META_STATEMENT};
	const struct journal *journal = &engine->journal;
	struct stored_facts facts = {.roster_at = roster->hashes[0]};
	struct bytes first = {0};
	enum engine_result result =
	    engine_of_journal(journal->ops->cloud_forget(journal->self, call));

	facts.public.has_account = true;
	facts.public.on = true;
	facts.public.recovering = recovering;
	facts.public.account = roster->account;
	facts.public.device = engine->keys->id;
	facts.public.head.hash = roster->hashes[0];
	facts.public.known_head = facts.public.head;
	if (result == ENGINE_OK)
		result = engine_of_format(roster_first(roster, known, &first));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->meta_set(journal->self, META_ROSTER, view_bytes(&first), call));
	for (size_t i = 0; i < COUNT_OF(stale) && result == ENGINE_OK; i++)
		result =
		    engine_of_journal(journal->ops->meta_remove(journal->self, stale[i], call));
	if (result == ENGINE_OK)
		result = facts_store(engine, &facts, call);
	bytes_clear(&first);
	return result;
}

static enum engine_result note(
    struct engine *engine, enum activity_kind kind, const char *detail, struct call *call)
{
	return engine_of_journal(engine->journal.ops->activity_add(engine->journal.self, kind,
	    (struct view){0}, detail, clock_wall_ms(engine->clock), call));
}

enum engine_result account_store(
    struct engine *engine, const struct account_new *account, struct call *call)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	enum engine_result result = ENGINE_FAILED;

	if (roster == NULL)
		return ENGINE_FAILED;
	result = say_format(
	    call, "the new roster", roster_decode(view_bytes(&account->roster), false, roster));
	if (result == ENGINE_OK)
		result = engine_of_journal(engine->journal.ops->begin(engine->journal.self, call));
	if (result == ENGINE_OK) {
		result = store_account(engine, roster, 1, false, call);
		if (result == ENGINE_OK)
			result = note(engine, ACTIVITY_SYNC_ON, "a new account", call);
		result = engine_finish(engine, result, call);
	}
	free(roster);
	return result;
}

enum engine_result sync_switch(struct engine *engine, bool on, struct call *call)
{
	struct stored_facts facts;
	enum engine_result result = facts_load(engine, call, &facts);

	if (result == ENGINE_OK && !facts.public.has_account) {
		call_sayf(call, "sync was never set up here; see `inkseal sync on`");
		result = ENGINE_OFF;
	}
	if (result == ENGINE_OK)
		result = engine_of_journal(engine->journal.ops->begin(engine->journal.self, call));
	if (result != ENGINE_OK)
		return result;
	facts.public.on = on;
	result = facts_store(engine, &facts, call);
	if (result == ENGINE_OK)
		result = note(engine, on ? ACTIVITY_SYNC_ON : ACTIVITY_SYNC_OFF, "", call);
	return engine_finish(engine, result, call);
}

enum engine_result account_forget(struct engine *engine, struct call *call)
{
	static const char *const names[] = {
	    META_FACTS, META_ROOT, META_ROSTER, META_INDEX, META_STAGE, META_STATEMENT};
	const struct journal *journal = &engine->journal;
	enum engine_result result = engine_of_journal(journal->ops->begin(journal->self, call));

	if (result != ENGINE_OK)
		return result;
	result = engine_of_journal(journal->ops->cloud_forget(journal->self, call));
	for (size_t i = 0; i < COUNT_OF(names) && result == ENGINE_OK; i++)
		result =
		    engine_of_journal(journal->ops->meta_remove(journal->self, names[i], call));
	if (result == ENGINE_OK)
		result = note(engine, ACTIVITY_WIPED,
		    "the cloud data is gone; the journal stays, sync is off", call);
	return engine_finish(engine, result, call);
}

/*
 * The code names the newest statement it was made after; how many there were by then. 0: the roster
 * is an older one.
 */
static size_t statements_by(const struct roster *roster, const struct recovery_code *code)
{
	for (size_t i = 0; i < roster->statements_count; i++)
		if (memcmp(roster->hashes[i].bytes, code->statement, RECOVERY_STATEMENT_LEN) == 0)
			return i + 1;
	return 0;
}

enum engine_result recovery_check(struct engine *engine, struct view encoded,
    const struct recovery_code *code, struct call *call, struct recovery_view *out)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct recovery_view view = {0};
	struct epoch_key key = {0};
	enum engine_result result = ENGINE_FAILED;

	(void)engine;
	if (roster == NULL)
		return ENGINE_FAILED;
	result = say_format(call, "the roster", roster_decode(encoded, false, roster));
	if (result != ENGINE_OK)
		goto done;
	if (!account_equal(&roster->account, &code->account)) {
		call_sayf(call, "the roster there is another account's");
		result = ENGINE_DAMAGED;
		goto done;
	}
	view.known = statements_by(roster, code);
	if (view.known == 0) {
		call_sayf(
		    call, "the roster there is older than this recovery code: it was rolled back");
		result = ENGINE_ROLLBACK;
		goto done;
	}
	if (recovery_device_find(roster, code->key, &view.keys) != FORMAT_OK ||
	    epoch_key_find(roster, &view.keys, roster_epoch(roster), &key) != FORMAT_OK) {
		call_sayf(
		    call, "this recovery code does not open this account; nothing was written");
		result = ENGINE_WRONG_KEY;
		goto done;
	}
	view.epoch = roster_epoch(roster);
	for (size_t i = 0; i < roster->devices_count && view.devices_count < DEVICES_MAX; i++) {
		const struct roster_device *device = &roster->devices[i];

		if (device->revoked_by != SIZE_MAX || device->keys.role != ROLE_DEVICE)
			continue;
		device_name_find(roster, &view.keys, &device->id, view.names[view.devices_count]);
		view.devices_count++;
	}
	*out = view;
done:
	sodium_memzero(&view, sizeof(view));
	sodium_memzero(&key, sizeof(key));
	free(roster);
	return result;
}

enum engine_result recovery_store(struct engine *engine, struct view encoded,
    const struct recovery_view *view, const char *device_name, struct call *call)
{
	const struct journal *journal = &engine->journal;
	struct roster *roster = calloc(1, sizeof(*roster));
	enum engine_result result = ENGINE_FAILED;

	if (roster == NULL)
		return ENGINE_FAILED;
	result = say_format(call, "the roster", roster_decode(encoded, false, roster));
	if (result == ENGINE_OK && (view->known == 0 || view->known > roster->statements_count)) {
		call_sayf(call, "the roster is not the one that the code was checked against");
		result = ENGINE_REFUSED;
	}
	if (result == ENGINE_OK && roster_live(roster, &view->keys.id, SIZE_MAX) == NULL) {
		call_sayf(call, "the recovery device is not live in this roster");
		result = ENGINE_WRONG_KEY;
	}
	if (result == ENGINE_OK)
		result = check_name(device_name, call);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->begin(journal->self, call));
	if (result == ENGINE_OK) {
		result = store_account(engine, roster, view->known, true, call);
		if (result == ENGINE_OK)
			result = engine_of_journal(journal->ops->meta_set(
			    journal->self, META_NAME, view_text(device_name), call));
		if (result == ENGINE_OK)
			result = note(engine, ACTIVITY_RECOVERED, "from the recovery code", call);
		result = engine_finish(engine, result, call);
	}
	free(roster);
	return result;
}

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
	return say_format(call, "the wipe could not be signed",
	    wipe_encode(&wipe, engine->keys->wipe_secret, wipe_out));
}

enum engine_result wipe_record_check(const struct sync_facts *facts, const struct roster *known,
    struct view record, struct call *call)
{
	static const uint8_t none[INCARNATION_LEN];
	const struct roster_device *device;
	struct roster *roster;
	struct view encoded, bare;
	struct wipe wipe;
	enum format_result decoded;
	enum format_result holds = FORMAT_FORGED;

	if (record.data == NULL || wipe_record_decode(record, &encoded, &bare) != FORMAT_OK ||
	    wipe_decode(encoded, &wipe) != FORMAT_OK) {
		call_sayf(call, "the account is missing there, and no signed wipe says that it was "
				"deleted: everything here is kept, sync stays on");
		return ENGINE_MISSING;
	}
	roster = calloc(1, sizeof(*roster));
	if (roster == NULL)
		return ENGINE_FAILED;
	decoded = roster_decode(bare, true, roster);
	if (decoded == FORMAT_NO_MEMORY)
		holds = decoded;
	if (decoded == FORMAT_OK && roster_descends(roster, known) &&
	    account_equal(&wipe.account, &facts->account) &&
	    (memcmp(facts->incarnation, none, INCARNATION_LEN) == 0 ||
		memcmp(wipe.incarnation, facts->incarnation, INCARNATION_LEN) == 0)) {
		device = roster_live(roster, &wipe.device, SIZE_MAX);
		if (device != NULL && device->keys.role == ROLE_DEVICE)
			holds = wipe_signed_by(encoded, device->keys.wipe_public);
	}
	free(roster);
	if (holds == FORMAT_NO_MEMORY) {
		call_sayf(call, "no memory");
		return ENGINE_FAILED;
	}
	if (holds == FORMAT_OK)
		return ENGINE_OK;
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
		result = say_format(
		    call, "the roster", roster_decode(view_bytes(&encoded), false, known));
	if (result == ENGINE_OK)
		result = wipe_record_check(&facts, known, record, call);
	bytes_clear(&encoded);
	free(known);
	return result;
}
