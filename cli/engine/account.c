/*
 * cli/engine/account.c: switching on and off, recovering, wiping: the account as this home knows
 * it.
 */
#include "cli/engine/membership.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
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

enum engine_result account_begin(
    struct engine *engine, const char *device_name, struct call *call, struct account_new *out)
{
	struct account_new account = {0};
	struct roster *roster = NULL;
	struct create create = {.time_ms = clock_wall_ms(engine->clock)};
	enum format_result made = FORMAT_NO_MEMORY;
	enum engine_result fits = membership_check_name(device_name, call);

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
	return engine_say_format(call, "the account could not be made", made);
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
	result = engine_say_format(
	    call, "the new roster", roster_decode(view_bytes(&account->roster), false, roster));
	if (result == ENGINE_OK)
		result = engine_begin(engine, call);
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
		result = engine_begin(engine, call);
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
	enum engine_result result = engine_begin(engine, call);

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

enum engine_result recovery_store(struct engine *engine, struct view encoded,
    const struct recovery_view *view, const char *device_name, struct call *call)
{
	const struct journal *journal = &engine->journal;
	struct roster *roster = calloc(1, sizeof(*roster));
	enum engine_result result = ENGINE_FAILED;

	if (roster == NULL)
		return ENGINE_FAILED;
	result = engine_say_format(call, "the roster", roster_decode(encoded, false, roster));
	if (result == ENGINE_OK && (view->known == 0 || view->known > roster->statements_count)) {
		call_sayf(call, "the roster is not the one that the code was checked against");
		result = ENGINE_REFUSED;
	}
	if (result == ENGINE_OK && roster_live(roster, &view->keys.id, SIZE_MAX) == NULL) {
		call_sayf(call, "the recovery device is not live in this roster");
		result = ENGINE_WRONG_KEY;
	}
	if (result == ENGINE_OK)
		result = membership_check_name(device_name, call);
	if (result == ENGINE_OK)
		result = engine_begin(engine, call);
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
