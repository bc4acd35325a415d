/*
 * tests/sim/sim_person.c: changes to a journal, drawn from the person's own stream.
 */
#include "tests/sim/sim_person.h"
#include "cli/port/port.h"
#include "tests/sim/sim_model.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define CONTENT_LEN_MAX (256u << 10)
#define ITEM_LEN_MAX (6 * CONTENT_LEN_MAX + 4096u) /* each letter as \u00XX */
#define HISTORY_MAX 2048u

const char *sim_command_text(enum sim_command command)
{
	switch (command) {
	case SIM_NEW: return "new";
	case SIM_EDIT: return "edit";
	case SIM_HOLD: return "hold";
	case SIM_SAVE: return "save";
	case SIM_DELETE: return "delete";
	case SIM_RESTORE: return "restore";
	case SIM_IMPORT: return "import";
	case SIM_SYNC: return "sync";
	case SIM_JOIN: return "join";
	case SIM_SWEEP: return "sweep";
	case SIM_RESEED: return "reseed";
	case SIM_WIPE: return "wipe";
	case SIM_RELIST: return "relist";
	case SIM_CREATE_AGAIN: return "create again";
	case SIM_COMMANDS: break;
	}
	return "none";
}

/* A random entry of the list, live or of the trash, and its version now. */
struct pick {
	struct sim_random *random;
	uint64_t seen;
	char id[COPY_ID_LEN + 1];
};

static bool pick_see(void *self, const struct store_item *item)
{
	struct pick *pick = self;

	if (sim_one_in(pick->random, ++pick->seen))
		(void)snprintf(pick->id, sizeof(pick->id), "%s", item->id);
	return true;
}

/* A change of that entry, begun on what it is now. False: it is not here; it may have been. */
static bool begin_on(struct sim_device *device, const char *id, struct sim_intent *out)
{
	const struct journal *journal = &device->engine.journal;
	struct sim_version history[HISTORY_MAX];
	struct journal_entry entry;
	enum journal_result found =
	    journal->ops->entry_get(journal->self, view_text(id), &device->call, &entry);

	*out = (struct sim_intent){0};
	(void)snprintf(out->id, sizeof(out->id), "%s", id);
	out->history_count = sim_device_history(device, id, history, COUNT_OF(history));
	if (found != JOURNAL_OK || !entry.has_local)
		return false;
	out->has_parent = true;
	out->parent = entry.local;
	return true;
}

static bool pick_entry(struct sim_device *device, bool deleted, struct sim_intent *out)
{
	const struct store_query query = {.deleted = deleted, .oldest_first = true};
	struct pick pick = {.random = &device->person};

	*out = (struct sim_intent){0};
	if (store_list(device->store, &query, pick_see, &pick, &device->call) != JOURNAL_OK) {
		sim_fail(device->world, "d%u: no list: %s", device->index, device->call.message);
		return false;
	}
	if (pick.seen == 0)
		return false;
	if (begin_on(device, pick.id, out))
		return true;
	sim_fail(device->world, "d%u: a listed entry is not there", device->index);
	return false;
}

static struct sim_intent *intend(struct sim_device *device, const struct sim_intent *intent)
{
	device->intents[device->intents_count] = *intent;
	return &device->intents[device->intents_count++];
}

static size_t draw_len(struct sim_device *device)
{
	bool import = device->command == SIM_IMPORT;
	uint64_t kind = sim_below(&device->person, 20);

	if (device->world->plan.big && (kind < 8 || import))
		return (32u << 10) + sim_below(&device->person, CONTENT_LEN_MAX - (40u << 10));
	if ((device->world->plan.sweeps || device->world->account.wiping) &&
	    kind < 12) /* too long for a frame: a body */
		return 5000 + sim_below(&device->person, 4000);
	if (kind == 0)
		return 4000 + sim_below(&device->person, 16000);
	return sim_below(&device->person, kind < 6 ? 3000 : 300);
}

/* "#<token> <canary>" and a filler, which an edit may keep: then its delta is short. */
static bool write_content(
    struct sim_device *device, uint32_t token, struct view old, struct buffer *out)
{
	size_t head_len;
	size_t len = draw_len(device);
	uint8_t *filler;
	static const char letters[] =
	    " \nABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	buffer_init(out, CONTENT_LEN_MAX);
	buffer_addf(out, "#%010u %s\n", token, device->model->canary);
	head_len = out->len;
	if (old.len > head_len && sim_one_in(&device->person, 2)) {
		buffer_add_view(out, view_of(old.data + head_len, old.len - head_len));
		return !out->failed;
	}
	filler = buffer_extend(out, len);
	if (filler == NULL)
		return false;
	sim_random_fill(&device->person, filler, len);
	for (size_t i = 0; i < len;
	     i++) /* few words: a run is not to be spent in the search index */
		filler[i] = (uint8_t)letters[filler[i] % (sizeof(letters) - 1)];
	return true;
}

static enum engine_result save(struct sim_device *device, const struct sim_intent *picked)
{
	const struct journal *journal = &device->engine.journal;
	struct sim_intent *intent = intend(device, picked);
	struct entry entry = {.collection = view_text("journal")};
	struct edit_outcome outcome = {0};
	struct bytes encoded = {0};
	struct buffer content = {0};
	enum engine_result result = ENGINE_FAILED;

	intent->token = ++device->model->tokens;
	if (intent->has_parent && (journal->ops->version_get(journal->self, &intent->parent,
				       &device->call, &encoded) != JOURNAL_OK ||
				      entry_decode(view_bytes(&encoded), &entry) != FORMAT_OK)) {
		sim_fail(device->world, "d%u: a version is missing", device->index);
		goto done;
	}
	if (!write_content(device, intent->token, entry.content, &content))
		goto done;
	entry.id = view_text(intent->id);
	entry.title = view_text(device->model->canary);
	entry.content = buffer_view(&content);
	result = edit_save(&device->engine, &entry, intent->has_parent ? &intent->parent : NULL,
	    &device->call, &outcome);
	device->conflicts += result == ENGINE_OK && outcome.conflict;
done:
	buffer_clear(&content);
	bytes_clear(&encoded);
	return result;
}

static enum engine_result run_new(struct sim_device *device)
{
	struct sim_intent intent = {0};

	entry_id_new(&device->entropy, intent.id);
	return save(device, &intent);
}

static enum engine_result run_edit(struct sim_device *device)
{
	struct sim_intent intent;

	return pick_entry(device, false, &intent) ? save(device, &intent) : ENGINE_OK;
}

static enum engine_result run_save(struct sim_device *device)
{
	struct sim_version history[HISTORY_MAX];
	enum engine_result result;

	if (device->held.id[0] == '\0')
		return ENGINE_OK;
	device->held.history_count =
	    sim_device_history(device, device->held.id, history, COUNT_OF(history));
	result = save(device, &device->held);
	device->held.id[0] = '\0';
	return result;
}

/* The token of a stored version's content. */
static uint32_t token_of(struct sim_device *device, const struct digest *version)
{
	const struct journal *journal = &device->engine.journal;
	struct bytes encoded = {0};
	struct entry entry;
	uint32_t token = 0;

	if (journal->ops->version_get(journal->self, version, &device->call, &encoded) ==
		JOURNAL_OK &&
	    entry_decode(view_bytes(&encoded), &entry) == FORMAT_OK)
		token = sim_model_token(entry.content);
	bytes_clear(&encoded);
	return token;
}

static enum engine_result run_delete(struct sim_device *device)
{
	struct sim_intent intent;

	if (!pick_entry(device, false, &intent))
		return ENGINE_OK;
	intent.token = token_of(device, &intent.parent);
	intent.deleted = true;
	(void)intend(device, &intent);
	return edit_delete(&device->engine, view_text(intent.id), &device->call);
}

/* From the trash, or an old version of a live entry. */
static enum engine_result run_restore(struct sim_device *device)
{
	struct sim_version history[HISTORY_MAX];
	struct sim_intent intent;
	struct digest version;
	bool from_trash = sim_one_in(&device->person, 2);
	size_t count;

	if (!pick_entry(device, from_trash, &intent))
		return ENGINE_OK;
	version = intent.parent;
	count = sim_device_history(device, intent.id, history, COUNT_OF(history));
	if (!from_trash && count > 0)
		version = history[sim_below(&device->person, count)].version;
	intent.token = token_of(device, &version);
	(void)intend(device, &intent);
	return edit_restore(
	    &device->engine, view_text(intent.id), from_trash ? NULL : &version, &device->call);
}

struct import {
	struct sim_device *device;
	enum import_outcome outcome;
	enum engine_result result;
};

static bool take_item(void *self, const struct entry *entry)
{
	struct import *import = self;
	struct sim_device *device = import->device;

	import->result = import_entry(&device->engine, entry, &device->call, &import->outcome);
	return import->result == ENGINE_OK;
}

static bool item_dropped(void *self, const char *where, const char *reason)
{
	const struct import *import = self;

	sim_fail(import->device->world, "d%u import: %s: %s", import->device->index, where, reason);
	return false;
}

/* By the reader of the first app's file; it is a change unless what is here is as new. */
static enum engine_result import_item(struct sim_device *device, const struct sim_intent *picked,
    const struct sim_item_words *words, enum import_outcome *outcome)
{
	struct import import = {.device = device, .result = ENGINE_FAILED};
	const struct port_sink sink = {
	    .self = &import, .entry = take_item, .dropped = item_dropped};
	struct buffer text;

	(void)intend(device, picked);
	buffer_init(&text, ITEM_LEN_MAX);
	sim_item_write(&device->person, words, &text);
	if (!text.failed &&
	    metadj_import(buffer_view(&text), NULL, &sink, &device->call) != PORT_OK &&
	    import.result == ENGINE_OK)
		import.result = ENGINE_FAILED;
	buffer_clear(&text);
	*outcome = import.outcome;
	if (import.result == ENGINE_OK && import.outcome == IMPORT_SKIPPED)
		device->intents_count--;
	return import.result;
}

/* One of the file that others import too, perhaps with other bytes. */
static enum engine_result import_shared(
    struct sim_device *device, const struct sim_item *item, enum import_outcome *outcome)
{
	const struct sim_item_words words = {.id = item->id,
	    .title = device->model->canary,
	    .time = item->time,
	    .content = view_text(item->content)};
	struct sim_intent intent;

	(void)begin_on(device, item->id, &intent);
	intent.token = item->token;
	return import_item(device, &intent, &words, outcome);
}

/* A new entry, or a version of one that is here, older or newer. */
static enum engine_result import_own(
    struct sim_device *device, struct sim_intent *intent, enum import_outcome *outcome)
{
	struct buffer content = {0};
	char time[TIME_PRINT_MAX];
	int64_t apart_ms = (int64_t)sim_below(&device->person, 2 * DAY_MS) - DAY_MS;
	struct sim_item_words words = {
	    .id = intent->id, .title = device->model->canary, .time = time};
	enum engine_result result = ENGINE_FAILED;

	intent->token = ++device->model->tokens;
	time_print_ms(clock_wall_ms(&device->clock) + apart_ms, time);
	if (write_content(device, intent->token, (struct view){0}, &content)) {
		words.content = buffer_view(&content);
		result = import_item(device, intent, &words, outcome);
	}
	buffer_clear(&content);
	return result;
}

static bool intended(const struct sim_device *device, const char *id)
{
	for (size_t i = 0; i < device->intents_count; i++)
		if (strcmp(device->intents[i].id, id) == 0)
			return true;
	return false;
}

static enum engine_result import_one(struct sim_device *device, enum import_outcome *outcome)
{
	const struct sim_item *shared =
	    &device->model->items[sim_below(&device->person, SIM_ITEMS)];
	struct sim_intent intent = {0};

	if (sim_one_in(&device->person, 3) && !intended(device, shared->id))
		return import_shared(device, shared, outcome);
	if (!sim_one_in(&device->person, 2) ||
	    !pick_entry(device, sim_one_in(&device->person, 4), &intent) ||
	    intended(device, intent.id)) {
		intent = (struct sim_intent){0};
		entry_id_new(&device->entropy, intent.id);
	}
	return import_own(device, &intent, outcome);
}

static enum engine_result run_import(struct sim_device *device)
{
	uint64_t counts[IMPORT_SKIPPED + 1] = {0};
	/* As many big ones as this are pushed as a load. */
	size_t items = device->world->plan.big && sim_one_in(&device->person, 2)
			   ? SIM_INTENTS_MAX
			   : 1 + sim_below(&device->person, SIM_INTENTS_MAX);
	enum engine_result result = import_begin(&device->engine, &device->call);

	if (result != ENGINE_OK)
		return result;
	for (size_t i = 0; i < items && result == ENGINE_OK; i++) {
		enum import_outcome outcome = IMPORT_SKIPPED;

		result = import_one(device, &outcome);
		counts[outcome] += result == ENGINE_OK;
	}
	if (result == ENGINE_OK)
		return import_commit(
		    &device->engine, counts[IMPORT_ADDED], counts[IMPORT_UPDATED], &device->call);
	import_rollback(&device->engine);
	return result;
}

enum engine_result sim_person_run(struct sim_device *device)
{
	switch (device->command) {
	case SIM_NEW: return run_new(device);
	case SIM_EDIT: return run_edit(device);
	case SIM_HOLD: (void)pick_entry(device, false, &device->held); return ENGINE_OK;
	case SIM_SAVE: return run_save(device);
	case SIM_DELETE: return run_delete(device);
	case SIM_RESTORE: return run_restore(device);
	case SIM_IMPORT: return run_import(device);
	case SIM_SYNC:
	case SIM_JOIN:
	case SIM_SWEEP:
	case SIM_RESEED:
	case SIM_WIPE:
	case SIM_RELIST:
	case SIM_CREATE_AGAIN:
	case SIM_COMMANDS: break;
	}
	return ENGINE_FAILED;
}

static enum sim_command draw_any(struct sim_device *device)
{
	static const struct {
		enum sim_command command;
		unsigned weight;
	} table[] = {
	    {SIM_NEW, 3},
	    {SIM_EDIT, 7},
	    {SIM_HOLD, 2},
	    {SIM_SAVE, 2},
	    {SIM_DELETE, 1},
	    {SIM_RESTORE, 1},
	    {SIM_IMPORT, 2},
	    {SIM_SYNC, 10},
	    {SIM_SWEEP, 1},
	};
	uint64_t drawn = sim_below(&device->person, 29);

	if (device->world->plan.sweeps && device->index == 0 && sim_one_in(&device->person, 2))
		return device->world->account.has_code ? SIM_SWEEP
						       : SIM_SYNC; /* the one who keeps order */
	if (device->world->plan.solo && device->index > 0)
		return SIM_SYNC;

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		if (drawn < table[i].weight && device->world->plan.solo &&
		    table[i].command == SIM_SAVE)
			return SIM_EDIT; /* an editor held open could meet the device's own edit */
		if (drawn < table[i].weight)
			return table[i].command;
		drawn -= table[i].weight;
	}
	return SIM_SYNC;
}

enum sim_command sim_person_draw(struct sim_device *device)
{
	enum sim_command drawn = draw_any(device);

	if (drawn == SIM_SYNC && device->world->plan.away && device->index == 1 &&
	    !device->world->plan.solo && !sim_one_in(&device->person, 8))
		return SIM_EDIT;
	return drawn;
}
