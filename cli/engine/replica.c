/*
 * cli/engine/replica.c: what a run of sync works on, loaded; its roster and its keys.
 */
#include "cli/engine/replica.h"
#include "cli/engine/epochs.h"
#include "cli/engine/result.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool replica_knows(const struct replica *replica, const struct roster *newer)
{
	size_t known = replica->roster_known;

	return newer->statements_count >= known &&
	       account_equal(&newer->account, &replica->roster->account) &&
	       digest_equal(&newer->hashes[known - 1], &replica->roster->hashes[known - 1]);
}

static void roster_free(struct roster *roster, struct bytes *encoded)
{
	free(roster);
	bytes_clear(encoded);
}

static bool roster_is_saved(const struct replica *replica)
{
	return replica->saved.open && replica->saved.roster == replica->roster;
}

/* The roster of before the open transaction stays, for the undo. */
static void give_up_roster(struct replica *replica)
{
	if (!roster_is_saved(replica))
		roster_free(replica->roster, &replica->roster_bytes);
}

void replica_drop_saved_roster(struct replica *replica)
{
	if (!roster_is_saved(replica))
		roster_free(replica->saved.roster, &replica->saved.roster_bytes);
}

void replica_restore_roster(struct replica *replica)
{
	const struct replica_saved *saved = &replica->saved;

	give_up_roster(replica);
	replica->roster = saved->roster;
	replica->roster_bytes = saved->roster_bytes;
	replica->roster_known = saved->roster_known;
	replica->roster_index = saved->roster_index;
}

enum engine_result replica_hold_roster(struct replica *replica, struct view encoded)
{
	struct bytes copy = {0};
	struct roster *roster = calloc(1, sizeof(*roster));
	enum format_result decoded = FORMAT_NO_MEMORY;
	enum engine_result result;

	if (roster != NULL && bytes_copy(encoded, &copy))
		decoded = roster_decode(view_bytes(&copy), false, roster);
	result = engine_of_format(decoded);
	if (roster == NULL || decoded != FORMAT_OK) {
		call_sayf(replica->call, "the roster is %s", format_result_text(decoded));
		goto done;
	}
	if (replica->roster != NULL && !replica_knows(replica, roster)) {
		call_sayf(replica->call,
		    "the roster there does not descend from the one this device knows");
		result = ENGINE_ROLLBACK;
		goto done;
	}
	give_up_roster(replica);
	replica->roster = roster;
	replica->roster_bytes = copy;
	replica->key_epoch = 0; /* another statement may begin that epoch now */
	return ENGINE_OK;
done:
	free(roster);
	bytes_clear(&copy);
	return result;
}

enum engine_result replica_trim_roster(struct replica *replica, size_t newest)
{
	size_t count = newest + 1 > replica->roster_known ? newest + 1 : replica->roster_known;
	struct bytes first = {0};
	enum engine_result result;

	if (count >= replica->roster->statements_count)
		return ENGINE_OK;
	result = engine_of_format(roster_first(replica->roster, count, &first));
	if (result == ENGINE_OK)
		result = replica_hold_roster(replica, view_bytes(&first));
	bytes_clear(&first);
	return result;
}

/* The sum that the state root is of; the empty state's where none is stored. */
static enum engine_result load_sum(
    const struct journal *journal, struct call *call, struct root_sum *out)
{
	struct bytes stored = {0};
	struct root_sum sum = {0};
	enum journal_result found = journal->ops->meta_get(journal->self, META_ROOT, call, &stored);
	enum engine_result result = ENGINE_OK;

	if (found == JOURNAL_OK && !root_load(view_bytes(&stored), &sum)) {
		call_sayf(call, "this home's state root cannot be read");
		result = ENGINE_FAILED;
	} else if (found != JOURNAL_OK && found != JOURNAL_NONE) {
		result = engine_of_journal(found);
	}
	if (result == ENGINE_OK)
		*out = sum;
	bytes_clear(&stored);
	return result;
}

enum engine_result replica_load(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes stored = {0};
	enum engine_result result = facts_load(replica->engine, replica->call, &replica->facts);
	enum journal_result found;

	if (result != ENGINE_OK)
		return result;
	if (!replica->facts.public.has_account || !replica->facts.public.on) {
		call_sayf(replica->call, "sync is not set up here; see `inkseal sync on`");
		return ENGINE_OFF;
	}
	found = journal->ops->meta_get(journal->self, META_ROSTER, replica->call, &stored);
	if (found == JOURNAL_OK)
		result = replica_hold_roster(replica, view_bytes(&stored));
	else
		result = engine_of_journal(found);
	bytes_clear(&stored);
	if (result != ENGINE_OK)
		return result;
	replica->roster_known = replica->roster->statements_count;
	replica->roster_index = roster_find(replica->roster, &replica->facts.roster_at);
	if (replica->roster_index == SIZE_MAX ||
	    !account_equal(&replica->roster->account, &replica->facts.public.account)) {
		call_sayf(replica->call, "this home's roster is not its account's");
		return ENGINE_FAILED;
	}
	return load_sum(journal, replica->call, &replica->sum);
}

enum engine_result sync_root_get(struct engine *engine, struct call *call, uint8_t out[ROOT_LEN])
{
	struct root_sum sum;
	enum engine_result result = load_sum(&engine->journal, call, &sum);

	if (result == ENGINE_OK)
		root_of(&sum, out);
	return result;
}

void replica_clear(struct replica *replica)
{
	assert(!replica->saved.open);
	roster_free(replica->roster, &replica->roster_bytes);
	sodium_memzero(&replica->key, sizeof(replica->key));
}

const struct device_id *replica_device(const struct replica *replica)
{
	return &replica->facts.public.device;
}

enum engine_result replica_key(
    struct replica *replica, uint64_t epoch, const struct epoch_key **out)
{
	enum format_result result;

	if (replica->key_epoch != epoch) {
		replica->key_epoch = 0;
		result = epoch_key_find(replica->roster, replica->opener, epoch, &replica->key);
		if (result == FORMAT_FORGED) {
			call_sayf(replica->call,
			    "wrong key: this device's keys do not open epoch %llu; nothing was "
			    "written",
			    (unsigned long long)epoch);
			return ENGINE_WRONG_KEY;
		}
		if (result != FORMAT_OK)
			return engine_of_format(result);
		replica->key_epoch = epoch;
	}
	*out = &replica->key;
	return ENGINE_OK;
}

enum engine_result replica_note(struct replica *replica, enum activity_kind kind, uint64_t entries)
{
	const struct journal *journal = &replica->engine->journal;
	char detail[64];

	if (entries == 0)
		return ENGINE_OK;
	(void)snprintf(detail, sizeof(detail), entries == 1 ? "%llu entry" : "%llu entries",
	    (unsigned long long)entries);
	return engine_of_journal(journal->ops->activity_add(journal->self, kind, (struct view){0},
	    detail, clock_wall_ms(replica->engine->clock), replica->call));
}
