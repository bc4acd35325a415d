/*
 * cli/engine/settle.c: what the conflict rule decided, done to one entry. The same for an edit held
 * open across a pull and for a pull that meets an unsynced edit. Nothing is ever lost silently: a
 * version that gives way stands in the history, and in the activity log if it was a conflict.
 */
#include "cli/engine/settle.h"
#include "cli/engine/conflict.h"
#include "cli/engine/result.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <assert.h>
#include <string.h>

/* Adds to the history and makes it the local version. */
static enum engine_result make_local(struct engine *engine, struct view id,
    const struct digest *version, const struct device_id *author, enum history_kind kind,
    struct call *call)
{
	const struct journal *journal = &engine->journal;
	enum journal_result result = journal->ops->history_add(
	    journal->self, id, version, author, kind, clock_wall_ms(engine->clock), call);

	if (result == JOURNAL_OK)
		result = journal->ops->local_set(journal->self, id, version, call);
	return engine_of_journal(result);
}

/* Into the history, and with the next patch into everyone's. */
static enum engine_result file_loser(struct engine *engine, struct view id,
    const struct digest *loser, const struct device_id *author, struct call *call)
{
	const struct journal *journal = &engine->journal;
	enum journal_result result;

	if (MUTATION(LOSER_NOT_FILED))
		return ENGINE_OK;
	result = journal->ops->history_add(
	    journal->self, id, loser, author, HISTORY_LOSER, clock_wall_ms(engine->clock), call);
	if (result == JOURNAL_OK && !MUTATION(LOSER_NOT_CARRIED))
		result = journal->ops->loser_add(journal->self, id, loser, author, call);
	return engine_of_journal(result);
}

/*
 * The copy is there already. What it holds gives way to the later loser; it may be an edit of the
 * copy itself, or have been pushed by nobody yet, so it is filed as a loser (a tombstone is not: it
 * holds nothing that could be lost). updated_at is what copy->updated_at may come to point to.
 */
static enum engine_result replace_copy(struct engine *engine, const struct settle_input *input,
    const struct journal_entry *known, struct entry *copy, char updated_at[TIME_PRINT_MAX],
    struct call *call)
{
	struct version earlier = {0};
	bool from_cloud = known->has_cloud && digest_equal(&known->local, &known->cloud);
	int64_t earlier_ms;
	enum engine_result result = version_load(engine, copy->id, &known->local, call, &earlier);

	if (result == ENGINE_UNSOUND)
		return ENGINE_OK; /* it is damaged here: its time tells nothing, nor can it travel
				   */
	if (result != ENGINE_OK)
		return result;
	earlier_ms = time_parse_ms(earlier.entry.updated_at);
	if (time_parse_ms(copy->updated_at) <= earlier_ms) {
		time_print_ms(time_later_ms(earlier_ms, earlier_ms), updated_at);
		copy->updated_at = view_text(updated_at);
	}
	if (!entry_deleted(&earlier.entry))
		result = file_loser(engine, copy->id, &known->local,
		    from_cloud ? &known->author : &input->local_author, call);
	version_clear(&earlier);
	return result;
}

/*
 * Keeps loser as a conflict copy: an entry of its own, whose id derives from the entry's id and the
 * loser's device; a later loser of that device is a new version of the same copy.
 */
static enum engine_result make_copy(struct engine *engine, const struct settle_input *input,
    const struct digest *loser, const struct device_id *author, struct call *call,
    struct edit_outcome *out)
{
	const struct journal *journal = &engine->journal;
	struct version version = {0};
	struct journal_entry known = {0};
	struct digest hash;
	char copy_id[COPY_ID_LEN + 1];
	char updated_at[TIME_PRINT_MAX];
	struct view id;
	enum journal_result found;
	enum engine_result result = version_load(engine, input->id, loser, call, &version);

	if (result != ENGINE_OK || MUTATION(COPY_NOT_MADE)) {
		version_clear(&version);
		return result;
	}
	entry_copy_id(input->id, author, copy_id);
	id = view_text(copy_id);
	version.entry.id = id;
	version.entry.conflict_of = input->id;
	found = journal->ops->entry_get(journal->self, id, call, &known);
	if (found != JOURNAL_NONE)
		result = engine_of_journal(found);
	if (result == ENGINE_OK && known.has_local)
		result = replace_copy(engine, input, &known, &version.entry, updated_at, call);
	if (result == ENGINE_OK)
		result = version_store(engine, &version.entry, call, &hash);
	if (result == ENGINE_OK)
		result = make_local(engine, id, &hash, author, HISTORY_COPY, call);
	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->activity_add(journal->self, ACTIVITY_COPY,
		    input->id, copy_id, clock_wall_ms(engine->clock), call));
	if (result == ENGINE_OK)
		memcpy(out->copy_id, copy_id, sizeof(copy_id));
	version_clear(&version);
	return result;
}

/* The loser stays in the history, and travels with the next patch so that it stays in everyone's.
 */
static enum engine_result keep_loser(struct engine *engine, const struct settle_input *input,
    const struct digest *loser, const struct device_id *author, struct call *call)
{
	const struct journal *journal = &engine->journal;
	enum engine_result result = file_loser(engine, input->id, loser, author, call);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->activity_add(journal->self,
		    ACTIVITY_CONFLICT, input->id,
		    "both sides were edited: the later edit stands, the other is in the history",
		    clock_wall_ms(engine->clock), call));
	return result;
}

/*
 * Its tombstone was purged, from a state whose root was checked. A tombstone here has nothing left
 * to say; a live entry goes to the trash, from where it can be restored.
 */
static enum engine_result take_absence(
    struct engine *engine, const struct settle_input *input, struct call *call)
{
	const struct journal *journal = &engine->journal;
	struct version local = {0};
	struct digest tombstone;
	char at[TIME_PRINT_MAX];
	int64_t at_ms = clock_wall_ms(engine->clock);
	enum engine_result result;

	assert(input->has_local); /* where neither side has it, nothing is to be taken */
	result = version_load(engine, input->id, &input->local, call, &local);
	if (result != ENGINE_OK)
		return result;
	if (entry_deleted(&local.entry)) {
		result = engine_of_journal(
		    journal->ops->local_set(journal->self, input->id, NULL, call));
		goto done;
	}
	at_ms = time_later_ms(at_ms, time_parse_ms(local.entry.updated_at));
	time_print_ms(at_ms, at);
	local.entry.updated_at = view_text(at);
	local.entry.deleted_at = view_text(at);
	result = version_store(engine, &local.entry, call, &tombstone);
	if (result == ENGINE_OK)
		result = make_local(
		    engine, input->id, &tombstone, &input->local_author, HISTORY_DELETE, call);
done:
	version_clear(&local);
	return result;
}

static enum engine_result take_cloud(
    struct engine *engine, const struct settle_input *input, struct call *call)
{
	if (!input->has_cloud)
		return take_absence(engine, input, call);
	return make_local(
	    engine, input->id, &input->cloud, &input->cloud_author, HISTORY_PULLED, call);
}

/*
 * The local version is damaged here: it can't be judged, nor sent. Where the cloud has another,
 * that one heals the entry; where the cloud has let it go, it goes here too, unless it was an edit.
 * What can be read of it stays in the history.
 */
static enum engine_result settle_unsound(
    struct engine *engine, const struct settle_input *input, struct call *call, bool *changed_out)
{
	const struct journal *journal = &engine->journal;
	bool edited = !input->has_base || !digest_equal(&input->base, &input->local);
	enum engine_result result;

	*changed_out = input->has_cloud ? !digest_equal(&input->cloud, &input->local) : !edited;
	if (!*changed_out)
		return ENGINE_OK;
	if (!input->has_cloud)
		return engine_of_journal(
		    journal->ops->local_set(journal->self, input->id, NULL, call));
	result = take_cloud(engine, input, call);
	if (result == ENGINE_OK && edited)
		result = engine_of_journal(
		    journal->ops->activity_add(journal->self, ACTIVITY_WARNING, input->id,
			"an edit of it is damaged here and gave way to the other devices' version",
			clock_wall_ms(engine->clock), call));
	return result;
}

static enum engine_result load_side(struct engine *engine, struct view id, bool has,
    const struct digest *hash, struct call *call, struct conflict_side *out)
{
	struct version version = {0};
	enum engine_result result;

	*out = (struct conflict_side){.has = has};
	if (!has)
		return ENGINE_OK;
	result = version_load(engine, id, hash, call, &version);
	if (result != ENGINE_OK)
		return result;
	out->version = *hash;
	out->deleted = entry_deleted(&version.entry);
	out->updated_ms = time_parse_ms(version.entry.updated_at);
	out->copy = version.entry.conflict_of.data != NULL;
	version_clear(&version);
	return ENGINE_OK;
}

/* True if the cloud's version is the entry's from now on. */
static bool cloud_stands(enum conflict_outcome judged)
{
	return judged == CONFLICT_NONE_TAKE || judged == CONFLICT_CLOUD_WINS ||
	       judged == CONFLICT_BOTH_CLOUD;
}

/* The loser first, then the winner. */
static enum engine_result carry_out(struct engine *engine, const struct settle_input *input,
    enum conflict_outcome judged, struct call *call, struct edit_outcome *outcome)
{
	enum engine_result result = ENGINE_OK;

	switch (judged) {
	case CONFLICT_NONE_KEEP:
	case CONFLICT_NONE_TAKE: break;
	case CONFLICT_CLOUD_WINS:
		result = keep_loser(engine, input, &input->local, &input->local_author, call);
		break;
	case CONFLICT_LOCAL_WINS:
		result = keep_loser(engine, input, &input->cloud, &input->cloud_author, call);
		break;
	case CONFLICT_BOTH_CLOUD:
		result =
		    make_copy(engine, input, &input->local, &input->local_author, call, outcome);
		break;
	case CONFLICT_BOTH_LOCAL:
		result =
		    make_copy(engine, input, &input->cloud, &input->cloud_author, call, outcome);
		break;
	}
	if (result == ENGINE_OK && cloud_stands(judged))
		result = take_cloud(engine, input, call);
	return result;
}

static enum engine_result judge(struct engine *engine, const struct settle_input *input,
    const struct conflict_side *local, struct call *call, bool *changed_out,
    struct edit_outcome *outcome)
{
	struct conflict_side base = {.has = input->has_base, .version = input->base};
	struct conflict_side cloud;
	enum conflict_outcome judged;
	enum engine_result result =
	    load_side(engine, input->id, input->has_cloud, &input->cloud, call, &cloud);

	if (result == ENGINE_UNSOUND) /* what an open editor's save meets: the edit replaces it */
		return ENGINE_OK;
	if (result != ENGINE_OK)
		return result;
	judged = input->no_base ? conflict_judge_reset(local, &cloud, input->skew_ms)
				: conflict_judge(&base, local, &cloud, input->skew_ms);
	*changed_out = cloud_stands(judged);
	outcome->conflict = judged != CONFLICT_NONE_KEEP && judged != CONFLICT_NONE_TAKE;
	outcome->deleted = *changed_out && local->has && !local->deleted && cloud.deleted;
	return carry_out(engine, input, judged, call, outcome);
}

enum engine_result settle_entry(struct engine *engine, const struct settle_input *input,
    struct call *call, bool *changed_out, struct edit_outcome *out)
{
	struct conflict_side local;
	struct edit_outcome outcome = {0};
	bool changed = false;
	enum engine_result result =
	    load_side(engine, input->id, input->has_local, &input->local, call, &local);

	if (result == ENGINE_OK)
		result = judge(engine, input, &local, call, &changed, &outcome);
	else if (result == ENGINE_UNSOUND)
		result = settle_unsound(engine, input, call, &changed);
	if (result == ENGINE_OK) {
		*changed_out = changed;
		*out = outcome;
	}
	return result;
}
