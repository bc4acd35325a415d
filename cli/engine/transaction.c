/*
 * cli/engine/transaction.c: begin, commit, and the one undo. Nothing is copied that is large: a
 * roster that gives way in a transaction is kept aside, by replica_hold_roster, until it ends.
 */
#include "cli/engine/transaction.h"
#include "cli/engine/result.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

/* Member by member: no copy of the key stays on the stack. */
static void save(struct replica *replica)
{
	struct replica_saved *saved = &replica->saved;

	assert(!saved->open);
	saved->open = true;
	saved->opener = replica->opener;
	saved->facts = replica->facts;
	saved->sum = replica->sum;
	saved->roster_bytes = replica->roster_bytes;
	saved->roster = replica->roster;
	saved->roster_known = replica->roster_known;
	saved->roster_index = replica->roster_index;
	saved->key = replica->key;
	saved->key_epoch = replica->key_epoch;
	saved->totals = replica->totals;
}

static void forget_saved(struct replica *replica)
{
	sodium_memzero(&replica->saved, sizeof(replica->saved));
}

enum engine_result transaction_begin(struct replica *replica)
{
	enum engine_result result = engine_begin(replica->engine, replica->call);

	if (result == ENGINE_OK)
		save(replica);
	return result;
}

enum engine_result transaction_begin_light(struct replica *replica)
{
	enum engine_result result = engine_begin_light(replica->engine, replica->call);

	if (result == ENGINE_OK)
		save(replica);
	return result;
}

/* What the log has led to by now; in the transaction that stores the head. */
static enum engine_result store_roster(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	size_t count = MUTATION(ROSTER_STORED_EARLY) ? replica->roster->statements_count
						     : replica->roster_index + 1;
	struct bytes first = {0};
	enum engine_result result;

	if (count <= replica->roster_known)
		return ENGINE_OK;
	result = engine_of_format(roster_first(replica->roster, count, &first));
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->meta_set(
		    journal->self, META_ROSTER, view_bytes(&first), replica->call));
	bytes_clear(&first);
	return result;
}

static enum engine_result store_facts(struct replica *replica)
{
	struct sync_facts *facts = &replica->facts.public;

	if (facts->head.seq > facts->known_head.seq)
		facts->known_head = facts->head;
	replica->facts.roster_at = replica->roster->hashes[replica->roster_index];
	return facts_store(replica->engine, &replica->facts, replica->call);
}

static enum engine_result store_root(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	uint8_t lanes[ROOT_SUM_LEN];

	root_store(&replica->sum, lanes);
	return engine_of_journal(journal->ops->meta_set(
	    journal->self, META_ROOT, view_of(lanes, sizeof(lanes)), replica->call));
}

enum engine_result transaction_commit(struct replica *replica)
{
	const struct journal *journal = &replica->engine->journal;
	enum engine_result result = store_facts(replica);

	if (result == ENGINE_OK)
		result = store_root(replica);
	if (result == ENGINE_OK)
		result = store_roster(replica);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->commit(journal->self, replica->call));
	if (result != ENGINE_OK)
		return result;
	if (replica->roster_index + 1 > replica->roster_known)
		replica->roster_known = replica->roster_index + 1;
	replica_drop_saved_roster(replica);
	forget_saved(replica);
	return ENGINE_OK;
}

/*
 * An unchanged key is not written: what is put is sealed by it on the driver's other threads, which
 * may read it right now.
 */
static void restore_key(struct replica *replica)
{
	const struct replica_saved *saved = &replica->saved;

	if (replica->key_epoch == saved->key_epoch)
		return;
	replica->key = saved->key;
	replica->key_epoch = saved->key_epoch;
}

void transaction_undo(struct replica *replica)
{
	const struct replica_saved *saved = &replica->saved;
	uint64_t deletions = replica->totals.deletions;

	assert(saved->open);
	engine_undo(replica->engine);
	replica_restore_roster(replica);
	replica->opener = saved->opener;
	replica->facts = saved->facts;
	replica->sum = saved->sum;
	restore_key(replica);
	replica->totals = saved->totals;
	replica->totals.deletions = deletions;
	forget_saved(replica);
}

enum engine_result transaction_finish(struct replica *replica, enum engine_result result)
{
	if (result == ENGINE_OK)
		result = transaction_commit(replica);
	if (result != ENGINE_OK)
		transaction_undo(replica);
	return result;
}

enum engine_result engine_begin(struct engine *engine, struct call *call)
{
	return engine_of_journal(engine->journal.ops->begin(engine->journal.self, call));
}

enum engine_result engine_begin_light(struct engine *engine, struct call *call)
{
	return engine_of_journal(engine->journal.ops->begin_light(engine->journal.self, call));
}

void engine_undo(struct engine *engine)
{
	engine->journal.ops->rollback(engine->journal.self);
}

enum engine_result engine_finish(
    struct engine *engine, enum engine_result result, struct call *call)
{
	if (result == ENGINE_OK)
		result = engine_of_journal(engine->journal.ops->commit(engine->journal.self, call));
	if (result != ENGINE_OK)
		engine_undo(engine);
	return result;
}
