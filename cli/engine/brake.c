/*
 * cli/engine/brake.c: how many deletions are too many, coming and going.
 */
#include "cli/engine/brake.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"

bool brake_holds(uint64_t deletions, uint64_t entries)
{
	uint64_t limit = entries / 5; /* 20 % */

	return deletions > (limit > 10 ? limit : 10);
}

enum engine_result brake_going(struct replica *replica, bool allow_deletions)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_counts counts;
	uint64_t deletions = 0;
	uint64_t entries;
	enum journal_result result = JOURNAL_OK;

	if (!allow_deletions)
		result = journal->ops->deletions_going(journal->self, replica->call, &deletions);
	if (result != JOURNAL_OK || !brake_holds(deletions, 0)) /* few, whatever there is */
		return engine_of_journal(result);
	result = journal->ops->counts(journal->self, replica->call, &counts);
	if (result != JOURNAL_OK)
		return engine_of_journal(result);
	entries = counts.entries_count + deletions; /* as many as there were before */
	if (!brake_holds(deletions, entries))
		return ENGINE_OK;
	replica->totals.deletions = deletions;
	call_sayf(replica->call,
	    "this sync would delete %llu of %llu entries on the other devices; nothing was sent: "
	    "pass --yes if that is meant",
	    (unsigned long long)deletions, (unsigned long long)entries);
	return ENGINE_BRAKE;
}

enum engine_result brake_hold(struct replica *replica, uint64_t more)
{
	const struct journal *journal = &replica->engine->journal;
	uint64_t done = replica->facts.public.deleted;
	uint64_t deletions = done + more;
	struct journal_counts counts;
	enum journal_result result;

	if (!brake_holds(deletions, 0)) /* few, whatever there is */
		return ENGINE_OK;
	result = journal->ops->counts(journal->self, replica->call, &counts);
	if (result != JOURNAL_OK)
		return engine_of_journal(result);
	counts.entries_count += done; /* as many as there were before */
	if (!brake_holds(deletions, counts.entries_count))
		return ENGINE_OK;
	replica->totals.deletions = deletions;
	call_sayf(replica->call,
	    "this sync would delete %llu of %llu entries here; it stopped after %llu: look at the "
	    "other device, then run it with --yes if that is meant",
	    (unsigned long long)deletions, (unsigned long long)counts.entries_count,
	    (unsigned long long)done);
	return ENGINE_BRAKE;
}

enum engine_result brake_coming(struct replica *replica, bool allow_deletions, uint64_t *coming_out)
{
	const struct journal *journal = &replica->engine->journal;
	enum journal_result result;

	*coming_out = 0;
	if (allow_deletions)
		return ENGINE_OK;
	result = journal->ops->deletions_coming(journal->self, replica->call, coming_out);
	return result == JOURNAL_OK ? brake_hold(replica, *coming_out) : engine_of_journal(result);
}

/* The head whose frames held stays known. ENGINE_BRAKE, or why it could not be stored. */
static enum engine_result remember_head(struct replica *replica, const struct head *seen)
{
	enum engine_result result;

	if (seen->seq <= replica->facts.public.known_head.seq)
		return ENGINE_BRAKE;
	result = transaction_begin(replica);
	if (result != ENGINE_OK)
		return result;
	replica->facts.public.known_head = *seen;
	result = transaction_finish(replica, ENGINE_OK);
	return result == ENGINE_OK ? ENGINE_BRAKE : result;
}

enum engine_result brake_finish(struct replica *replica, enum engine_result result)
{
	struct head seen = replica->facts.public.head;

	result = transaction_finish(replica, result);
	return result == ENGINE_BRAKE ? remember_head(replica, &seen) : result;
}
