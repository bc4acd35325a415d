/*
 * cli/engine/change.c: changes made here, recorded.
 */
#include "cli/engine/change.h"
#include "cli/engine/result.h"
#include "cli/engine/transaction.h"
#include "cli/engine/version.h"
#include "schemas/base/mutation.h"

static const struct device_id no_device;

const struct device_id *change_author(const struct engine *engine)
{
	return engine->keys != NULL ? &engine->keys->id : &no_device;
}

enum engine_result change_begin(struct engine *engine, struct call *call)
{
	return MUTATION(EDIT_UNSYNCED) ? engine_begin_light(engine, call)
				       : engine_begin(engine, call);
}

enum engine_result change_record(struct engine *engine, const struct entry *entry,
    enum history_kind kind, enum activity_kind activity, struct call *call,
    struct digest *version_out)
{
	const struct journal *journal = &engine->journal;
	int64_t now_ms = clock_wall_ms(engine->clock);
	struct digest version;
	enum engine_result result = version_store(engine, entry, call, &version);

	if (result == ENGINE_OK)
		result = engine_of_journal(journal->ops->history_add(
		    journal->self, entry->id, &version, change_author(engine), kind, now_ms, call));
	if (result == ENGINE_OK)
		result = engine_of_journal(
		    journal->ops->local_set(journal->self, entry->id, &version, call));
	if (result == ENGINE_OK && kind != HISTORY_IMPORT)
		result = engine_of_journal(journal->ops->activity_add(
		    journal->self, activity, entry->id, "", now_ms, call));
	if (result == ENGINE_OK)
		*version_out = version;
	return result;
}
