/*
 * cli/engine/import.c: imports: entries merged by id, many in one transaction.
 */
#include "cli/engine/change.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

#include <stdio.h>

enum engine_result import_begin(struct engine *engine, struct call *call)
{
	return change_begin(engine, call);
}

enum engine_result import_entry(
    struct engine *engine, const struct entry *entry, struct call *call, enum import_outcome *out)
{
	struct journal_entry known = {0};
	struct version current = {0};
	struct digest version;
	bool sound = false;
	int64_t current_ms;
	enum engine_result result;
	enum journal_result found =
	    engine->journal.ops->entry_get(engine->journal.self, entry->id, call, &known);

	if (found != JOURNAL_OK && found != JOURNAL_NONE)
		return engine_of_journal(found);
	if (found == JOURNAL_OK && known.has_local) {
		result = version_look(engine, &known.local, call, &current, &sound);
		if (result != ENGINE_OK)
			return result;
		current_ms = time_parse_ms(current.entry.updated_at);
		version_clear(&current);
		/* Whatever the file holds is better than what is damaged, and may be the same. */
		if (sound && time_parse_ms(entry->updated_at) <= current_ms) {
			*out = IMPORT_SKIPPED;
			return ENGINE_OK;
		}
	}
	result = change_record(engine, entry, HISTORY_IMPORT, ACTIVITY_IMPORT, call, &version);
	if (result == ENGINE_OK && MUTATION(IMPORT_PIECEMEAL) &&
	    engine_finish(engine, result, call) == ENGINE_OK)
		result = change_begin(engine, call);
	if (result == ENGINE_OK)
		*out = known.has_local ? IMPORT_UPDATED : IMPORT_ADDED;
	return result;
}

enum engine_result import_commit(
    struct engine *engine, uint64_t added, uint64_t updated, struct call *call)
{
	char detail[64];
	enum journal_result result;

	(void)snprintf(detail, sizeof(detail), "%llu added, %llu updated",
	    (unsigned long long)added, (unsigned long long)updated);
	result = engine->journal.ops->activity_add(engine->journal.self, ACTIVITY_IMPORT,
	    (struct view){0}, detail, clock_wall_ms(engine->clock), call);
	return engine_finish(engine, engine_of_journal(result), call);
}

void import_rollback(struct engine *engine)
{
	engine_undo(engine);
}
