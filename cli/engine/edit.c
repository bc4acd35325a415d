/*
 * cli/engine/edit.c: edits. Each is one transaction of the journal.
 */
#include "cli/engine/change.h"
#include "cli/engine/result.h"
#include "cli/engine/settle.h"
#include "cli/engine/transaction.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

void entry_id_new(const struct random *random, char out[COPY_ID_LEN + 1])
{
	uint8_t bytes[16];
	char hex[33];
	size_t at = 0;

	random_fill(random, bytes, sizeof(bytes));
	bytes[6] = (uint8_t)((bytes[6] & 0x0F) | 0x40); /* RFC 9562: version 4 … */
	bytes[8] = (uint8_t)((bytes[8] & 0x3F) | 0x80); /* … and its variant */
	hex_encode(view_of(bytes, sizeof(bytes)), hex);
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			out[at++] = '-';
		out[at++] = hex[i];
	}
	out[at] = '\0';
}

static enum engine_result find(
    struct engine *engine, struct view id, struct call *call, struct journal_entry *out)
{
	enum journal_result found =
	    engine->journal.ops->entry_get(engine->journal.self, id, call, out);

	if (found == JOURNAL_NONE || (found == JOURNAL_OK && !out->has_local)) {
		call_sayf(call, "there is no entry with this id");
		return ENGINE_NOT_FOUND;
	}
	return engine_of_journal(found);
}

/* Now, and at least 1 ms after the version that is replaced, whatever the clock says. */
static void stamp(
    const struct engine *engine, const struct entry *replaced, char out[TIME_PRINT_MAX])
{
	int64_t now_ms = clock_wall_ms(engine->clock);

	if (replaced != NULL)
		now_ms = time_later_ms(now_ms, time_parse_ms(replaced->updated_at));
	time_print_ms(now_ms, out);
}

/* The entry has moved since the edit began: the conflict rule judges, with begun_on as base. */
static enum engine_result save_over_moved(struct engine *engine, const struct entry *edited,
    const struct journal_entry *known, const struct digest *begun_on, struct call *call,
    struct edit_outcome *out)
{
	struct settle_input input = {.id = edited->id,
	    .has_base = true,
	    .base = *begun_on,
	    .has_local = true,
	    .local_author = *change_author(engine),
	    .has_cloud = true,
	    .cloud = known->local,
	    .cloud_author = known->author};
	struct stored_facts facts;
	bool changed;
	enum engine_result result = facts_load(engine, call, &facts);

	if (result == ENGINE_OK)
		result =
		    change_record(engine, edited, HISTORY_EDIT, ACTIVITY_EDIT, call, &input.local);
	if (result != ENGINE_OK)
		return result;
	input.skew_ms = facts.public.skew_ms;
	/* What was local before this edit is the other side; it is ours if it is not the cloud's.
	 */
	if (!known->has_cloud || !digest_equal(&known->local, &known->cloud))
		input.cloud_author = *change_author(engine);
	result = settle_entry(engine, &input, call, &changed, out);
	if (result != ENGINE_OK)
		return result;
	out->version = changed ? known->local : input.local;
	return ENGINE_OK;
}

/* An entry that was deleted and purged meanwhile is there no more; the edit beats that too. */
static enum engine_result save_existing(struct engine *engine, struct entry *edited,
    const struct digest *begun_on, struct call *call, struct edit_outcome *out)
{
	struct journal_entry known = {0};
	struct version replaced = {0};
	bool sound = false;
	char updated_at[TIME_PRINT_MAX];
	enum engine_result found = find(engine, edited->id, call, &known);
	enum engine_result result = found;

	if (found == ENGINE_OK || found == ENGINE_NOT_FOUND)
		result = version_look(engine, begun_on, call, &replaced, &sound);
	if (result != ENGINE_OK)
		return result;
	if (sound && !view_equal(replaced.entry.id, edited->id)) {
		result = found;
		if (found == ENGINE_OK) {
			call_sayf(call, "the edit began on another entry's version");
			result = ENGINE_REFUSED;
		}
		goto done;
	}
	/* A damaged version's time tells nothing; and the others know what this one replaces. */
	stamp(engine, sound ? &replaced.entry : NULL, updated_at);
	edited->updated_at = view_text(updated_at);
	call->message[0] = '\0';
	if (found == ENGINE_NOT_FOUND || digest_equal(&known.local, begun_on) ||
	    MUTATION(BASE_AT_SAVE))
		result =
		    change_record(engine, edited, HISTORY_EDIT, ACTIVITY_EDIT, call, &out->version);
	else
		result = save_over_moved(engine, edited, &known, begun_on, call, out);
done:
	version_clear(&replaced);
	return result;
}

static enum engine_result save_new(
    struct engine *engine, struct entry *edited, struct call *call, struct edit_outcome *out)
{
	struct journal_entry known;
	char now[TIME_PRINT_MAX];
	enum journal_result found =
	    engine->journal.ops->entry_get(engine->journal.self, edited->id, call, &known);

	if (found == JOURNAL_OK) {
		call_sayf(call, "there is already an entry with this id");
		return ENGINE_REFUSED;
	}
	if (found != JOURNAL_NONE)
		return engine_of_journal(found);
	stamp(engine, NULL, now);
	edited->updated_at = view_text(now);
	if (edited->created_at.len == 0)
		edited->created_at = view_text(now);
	return change_record(engine, edited, HISTORY_EDIT, ACTIVITY_EDIT, call, &out->version);
}

enum engine_result edit_save(struct engine *engine, const struct entry *entry,
    const struct digest *begun_on, struct call *call, struct edit_outcome *out)
{
	struct entry edited = *entry;
	struct edit_outcome outcome = {0};
	enum engine_result result = change_begin(engine, call);

	if (result != ENGINE_OK)
		return result;
	result = begun_on == NULL ? save_new(engine, &edited, call, &outcome)
				  : save_existing(engine, &edited, begun_on, call, &outcome);
	result = engine_finish(engine, result, call);
	if (result == ENGINE_OK)
		*out = outcome;
	return result;
}

/* What is left of a damaged version, so that it can be deleted at least. */
static void patch_up(struct entry *entry, struct view id, const char *now)
{
	if (entry->id.data == NULL)
		*entry = (struct entry){.collection = view_text("journal"),
		    .title = view_text(""),
		    .content = view_text(""),
		    .created_at = view_text(now)};
	entry->id = id;
}

/* A changed copy of the current version, as a new version. */
static enum engine_result replace(struct engine *engine, struct view id,
    const struct digest *version, bool deleted, struct call *call)
{
	struct journal_entry known = {0};
	struct version current = {0};
	struct version source = {0};
	struct digest made;
	bool sound = false;
	char now[TIME_PRINT_MAX];
	enum engine_result result = find(engine, id, call, &known);

	if (result == ENGINE_OK)
		result = version_look(engine, &known.local, call, &current, &sound);
	if (result == ENGINE_OK && deleted)
		result = version_look(engine, &known.local, call, &source, &sound);
	else if (result == ENGINE_OK)
		result = version_load(
		    engine, id, version != NULL ? version : &known.local, call, &source);
	if (result != ENGINE_OK)
		goto done;
	stamp(engine, sound ? &current.entry : NULL, now);
	if (deleted && !sound)
		patch_up(&source.entry, id, now);
	result = ENGINE_REFUSED;
	if (!view_equal(source.entry.id, id)) {
		call_sayf(call, "that version is another entry's");
		goto done;
	}
	if (deleted && sound && entry_deleted(&current.entry)) {
		call_sayf(call, "the entry is deleted already");
		goto done;
	}
	if (!deleted && version == NULL && !entry_deleted(&current.entry)) {
		call_sayf(call, "the entry is not deleted");
		goto done;
	}
	source.entry.updated_at = view_text(now);
	source.entry.deleted_at = deleted ? view_text(now) : (struct view){0};
	result = change_record(engine, &source.entry, deleted ? HISTORY_DELETE : HISTORY_RESTORE,
	    deleted ? ACTIVITY_DELETE : ACTIVITY_RESTORE, call, &made);
done:
	version_clear(&source);
	version_clear(&current);
	return result;
}

enum engine_result edit_delete(struct engine *engine, struct view id, struct call *call)
{
	enum engine_result result = change_begin(engine, call);

	if (result != ENGINE_OK)
		return result;
	return engine_finish(engine, replace(engine, id, NULL, true, call), call);
}

enum engine_result edit_restore(
    struct engine *engine, struct view id, const struct digest *version, struct call *call)
{
	enum engine_result result = change_begin(engine, call);

	if (result != ENGINE_OK)
		return result;
	return engine_finish(engine, replace(engine, id, version, false, call), call);
}
