/*
 * cli/engine/state.c: what a run of sync works on: facts, root, roster, the epoch's key. Loaded
 * once, moved by each frame, stored in the transaction that applies it.
 * A roster that an answer names is anybody's: its statements were signed by members, but nothing
 * says that they stand in the log. So it is held here, in memory, and of it only so many statements
 * are stored as verified frames have led to.
 */
#include "cli/engine/engine_priv.h"
#include "schemas/base/mutation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool state_knows(const struct sync_state *state, const struct roster *newer)
{
	size_t known = state->roster_known;

	return newer->statements_count >= known &&
	       account_equal(&newer->account, &state->roster->account) &&
	       digest_equal(&newer->hashes[known - 1], &state->roster->hashes[known - 1]);
}

enum engine_result state_hold_roster(struct sync_state *state, struct view encoded)
{
	struct bytes copy = {0};
	struct roster *roster = calloc(1, sizeof(*roster));
	enum format_result decoded = FORMAT_NO_MEMORY;
	enum engine_result result;

	if (roster != NULL && bytes_copy(encoded, &copy))
		decoded = roster_decode(view_bytes(&copy), false, roster);
	result = engine_of_format(decoded);
	if (roster == NULL || decoded != FORMAT_OK) {
		call_sayf(state->call, "the roster is %s", format_result_text(decoded));
		goto done;
	}
	if (state->roster != NULL && !state_knows(state, roster)) {
		call_sayf(state->call,
		    "the roster there does not descend from the one this device knows");
		result = ENGINE_ROLLBACK;
		goto done;
	}
	free(state->roster);
	bytes_clear(&state->roster_bytes);
	state->roster = roster;
	state->roster_bytes = copy;
	state->key_epoch = 0; /* another statement may begin that epoch now */
	return ENGINE_OK;
done:
	free(roster);
	bytes_clear(&copy);
	return result;
}

enum engine_result state_let_go(struct sync_state *state, size_t newest)
{
	size_t count = newest + 1 > state->roster_known ? newest + 1 : state->roster_known;
	struct bytes first = {0};
	enum engine_result result;

	if (count >= state->roster->statements_count)
		return ENGINE_OK;
	result = engine_of_format(roster_first(state->roster, count, &first));
	if (result == ENGINE_OK)
		result = state_hold_roster(state, view_bytes(&first));
	bytes_clear(&first);
	return result;
}

/* What the log has led to by now; in the transaction that stores the head. */
static enum engine_result store_roster(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;
	size_t count = MUTATION(ROSTER_STORED_EARLY) ? state->roster->statements_count
						     : state->roster_index + 1;
	struct bytes first = {0};
	enum engine_result result;

	if (count <= state->roster_known)
		return ENGINE_OK;
	result = engine_of_format(roster_first(state->roster, count, &first));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->meta_set(
		    journal->self, META_ROSTER, view_bytes(&first), state->call));
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

enum engine_result state_load(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;
	struct bytes stored = {0};
	enum engine_result result = facts_load(state->engine, state->call, &state->facts);
	enum journal_result found;

	if (result != ENGINE_OK)
		return result;
	if (!state->facts.public.has_account || !state->facts.public.on) {
		call_sayf(state->call, "sync is not set up here; see `inkseal sync on`");
		return ENGINE_OFF;
	}
	found = journal->ops->meta_get(journal->self, META_ROSTER, state->call, &stored);
	if (found == JOURNAL_OK)
		result = state_hold_roster(state, view_bytes(&stored));
	else
		result = engine_of_journal(found);
	bytes_clear(&stored);
	if (result != ENGINE_OK)
		return result;
	state->roster_known = state->roster->statements_count;
	state->roster_index = roster_find(state->roster, &state->facts.roster_at);
	if (state->roster_index == SIZE_MAX ||
	    !account_equal(&state->roster->account, &state->facts.public.account)) {
		call_sayf(state->call, "this home's roster is not its account's");
		return ENGINE_FAILED;
	}
	return load_sum(journal, state->call, &state->sum);
}

enum engine_result sync_root_get(struct engine *engine, struct call *call, uint8_t out[ROOT_LEN])
{
	struct root_sum sum;
	enum engine_result result = load_sum(&engine->journal, call, &sum);

	if (result == ENGINE_OK)
		root_of(&sum, out);
	return result;
}

void state_clear(struct sync_state *state)
{
	free(state->roster);
	bytes_clear(&state->roster_bytes);
	sodium_memzero(&state->key, sizeof(state->key));
}

const struct device_id *state_device(const struct sync_state *state)
{
	return &state->facts.public.device;
}

enum engine_result state_key(struct sync_state *state, uint64_t epoch, const struct epoch_key **out)
{
	enum format_result result;

	if (state->key_epoch != epoch) {
		state->key_epoch = 0;
		result = epoch_key_find(state->roster, state->opener, epoch, &state->key);
		if (result == FORMAT_FORGED) {
			call_sayf(state->call,
			    "wrong key: this device's keys do not open epoch %llu; nothing was "
			    "written",
			    (unsigned long long)epoch);
			return ENGINE_WRONG_KEY;
		}
		if (result != FORMAT_OK)
			return engine_of_format(result);
		state->key_epoch = epoch;
	}
	*out = &state->key;
	return ENGINE_OK;
}

enum engine_result state_begin(struct sync_state *state)
{
	return engine_of_journal(
	    state->engine->journal.ops->begin(state->engine->journal.self, state->call));
}

enum engine_result state_begin_light(struct sync_state *state)
{
	return engine_of_journal(
	    state->engine->journal.ops->begin_light(state->engine->journal.self, state->call));
}

enum engine_result state_commit(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;
	uint8_t lanes[ROOT_SUM_LEN];
	enum engine_result result;

	if (state->facts.public.head.seq > state->facts.public.known_head.seq)
		state->facts.public.known_head = state->facts.public.head;
	root_store(&state->sum, lanes);
	state->facts.roster_at = state->roster->hashes[state->roster_index];
	result = facts_store(state->engine, &state->facts, state->call);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->meta_set(
		    journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), state->call));
	if (result == ENGINE_OK)
		result = store_roster(state);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->commit(journal->self, state->call));
	if (result == ENGINE_OK && state->roster_index + 1 > state->roster_known)
		state->roster_known = state->roster_index + 1;
	return result;
}

enum engine_result state_joined(struct sync_state *state)
{
	const struct journal *journal = &state->engine->journal;

	state->facts.public.recovering = false;
	return engine_of_journal(
	    journal->ops->meta_remove(journal->self, META_STATEMENT, state->call));
}

void state_rollback(struct sync_state *state)
{
	state->engine->journal.ops->rollback(state->engine->journal.self);
}

enum engine_result state_braked(struct sync_state *state, const struct head *seen)
{
	enum engine_result result;

	if (seen->seq <= state->facts.public.known_head.seq)
		return ENGINE_BRAKE;
	result = state_begin(state);
	if (result != ENGINE_OK)
		return result;
	state->facts.public.known_head = *seen;
	result = state_commit(state);
	if (result == ENGINE_OK)
		return ENGINE_BRAKE;
	state_rollback(state);
	return result;
}

enum engine_result state_note(struct sync_state *state, enum activity_kind kind, uint64_t entries)
{
	const struct journal *journal = &state->engine->journal;
	char detail[64];

	if (entries == 0)
		return ENGINE_OK;
	(void)snprintf(detail, sizeof(detail), entries == 1 ? "%llu entry" : "%llu entries",
	    (unsigned long long)entries);
	return engine_of_journal(journal->ops->activity_add(journal->self, kind, (struct view){0},
	    detail, clock_wall_ms(state->engine->clock), state->call));
}
