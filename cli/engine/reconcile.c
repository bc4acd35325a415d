/*
 * cli/engine/reconcile.c: each entry whose cloud version has moved is judged, and its base follows.
 */
#include "cli/engine/reconcile.h"
#include "cli/engine/brake.h"
#include "cli/engine/result.h"
#include "cli/engine/settle.h"

/* After a reset the local version may be anyone's: by its author all derive the same copy of it. */
static enum engine_result local_author(struct replica *replica, struct view id,
    const struct journal_entry *known, struct device_id *author)
{
	static const struct device_id none;
	const struct journal *journal = &replica->engine->journal;
	struct device_id made_by;
	enum journal_result found;

	if (!known->has_local)
		return ENGINE_OK;
	found =
	    journal->ops->version_author(journal->self, id, &known->local, replica->call, &made_by);
	if (found == JOURNAL_OK && !device_equal(&made_by, &none))
		*author = made_by;
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

/* What the rule needs to know of the entry. */
static enum engine_result read_input(struct replica *replica, const struct reconcile *how,
    struct view id, const struct journal_entry *known, struct settle_input *out)
{
	*out = (struct settle_input){.id = id,
	    .has_base = known->has_base,
	    .base = known->base,
	    .has_local = known->has_local,
	    .local = known->local,
	    .local_author = *replica_device(replica),
	    .has_cloud = known->has_cloud,
	    .cloud = known->cloud,
	    .cloud_author = known->author,
	    .skew_ms = replica->facts.public.skew_ms,
	    .no_base = how->no_base};
	return how->no_base ? local_author(replica, id, known, &out->local_author) : ENGINE_OK;
}

/* That a tombstone is there no more is no news to anybody: what is left here counts. */
static enum engine_result see_what_is_left(struct replica *replica, struct view id, bool *left_out)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_entry left = {0};
	enum journal_result found =
	    journal->ops->entry_get(journal->self, id, replica->call, &left);

	*left_out = left.has_local;
	return found == JOURNAL_NONE ? ENGINE_OK : engine_of_journal(found);
}

/* Judges one entry; then its base is what the cloud has. */
static enum engine_result settle_one(
    struct replica *replica, const struct reconcile *how, struct view id, uint64_t *deleted)
{
	const struct journal *journal = &replica->engine->journal;
	struct journal_entry known = {0};
	struct edit_outcome outcome = {0};
	struct settle_input input;
	bool changed = false;
	enum engine_result result =
	    engine_of_journal(journal->ops->entry_get(journal->self, id, replica->call, &known));

	if (result == ENGINE_OK)
		result = read_input(replica, how, id, &known, &input);
	if (result == ENGINE_OK)
		result = settle_entry(replica->engine, &input, replica->call, &changed, &outcome);
	if (result == ENGINE_OK && changed && !known.has_cloud)
		result = see_what_is_left(replica, id, &changed);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->base_set(
		    journal->self, id, known.has_cloud ? &known.cloud : NULL, replica->call));
	if (result == ENGINE_OK) {
		replica->totals.pulled += changed;
		replica->totals.conflicts += outcome.conflict;
		*deleted += outcome.deleted;
	}
	return result;
}

/* What the rule's plain case has left. */
static enum engine_result settle_each(
    struct replica *replica, const struct reconcile *how, uint64_t *deleted)
{
	const struct journal *journal = &replica->engine->journal;
	struct bytes after = {0};
	enum engine_result result = ENGINE_OK;

	while (result == ENGINE_OK) { /* ids ascend, so it ends */
		struct bytes id = {0};
		enum journal_result found = journal->ops->unsettled_next(
		    journal->self, view_bytes(&after), replica->call, &id);

		if (found == JOURNAL_NONE)
			break;
		result = engine_of_journal(found);
		if (result == ENGINE_OK)
			result = settle_one(replica, how, view_bytes(&id), deleted);
		bytes_clear(&after);
		after = id;
	}
	bytes_clear(&after);
	return result;
}

enum engine_result reconcile_all(struct replica *replica, const struct reconcile *how)
{
	const struct journal *journal = &replica->engine->journal;
	uint64_t pulled = replica->totals.pulled;
	uint64_t plain = 0;
	uint64_t coming = 0;
	uint64_t deleted = 0;
	enum engine_result result = brake_coming(replica, how->allow_deletions, &coming);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->settle_plain(
		    journal->self, clock_wall_ms(replica->engine->clock), replica->call, &plain));
	replica->totals.pulled += plain;
	if (result == ENGINE_OK)
		result = settle_each(replica, how, &deleted);
	/*
	 * After a reset there are no bases, so deletions_coming() could not count in advance. Count
	 * now; if the brake trips, the caller undoes all of it.
	 */
	if (result == ENGINE_OK && how->no_base && !how->allow_deletions)
		result = brake_hold(replica, coming + deleted);
	if (result == ENGINE_OK)
		replica->facts.public.deleted += coming + deleted;
	if (result == ENGINE_OK)
		result = replica_note(replica, ACTIVITY_PULLED, replica->totals.pulled - pulled);
	return result;
}
