/*
 * tests/sim/sim_told.c: what a device tells its person of what happened: each version's author and
 * kind in the history, the activity log, what `doctor` says of the store, its search index too.
 */
#include "tests/sim/sim_model.h"

#include <stdlib.h>
#include <string.h>

static const struct device_id no_keys; /* made before its device had any */

/* One entry's history as it is gone through. */
struct told {
	struct sim_model *model;
	struct sim_device *device;
	struct sim_device *const *devices; /* all, by their index */
	const char *id;
	struct digest current;
	bool has_current; /* it stands there */
	uint64_t copies;  /* made here, of all entries */
};

static const struct device_id *maker_of(const struct told *told, const struct sim_op *op)
{
	return &told->devices[op->device]->keys.id;
}

/* Two devices may have made one version, and after a reset anybody may push what others made. */
static bool ascribed(const struct sim_model *model, const struct sim_op *op)
{
	return op != NULL && !op->twin && !model->world->bucket.reseeded;
}

static const char *text(const struct device_id *id, char out[2 * DEVICE_ID_LEN + 1])
{
	hex_encode(view_of(id->bytes, DEVICE_ID_LEN), out);
	return out;
}

/* What was made here is by this device; what came, or lost, by the one that made it. */
static bool told_see(void *self, const struct store_history *row)
{
	struct told *told = self;
	const struct sim_op *op = sim_model_find(told->model, &row->version);
	char have[2 * DEVICE_ID_LEN + 1], want[2 * DEVICE_ID_LEN + 1];
	bool holds = true;

	told->copies += row->kind == HISTORY_COPY;
	told->has_current |= digest_equal(&row->version, &told->current);
	if (!ascribed(told->model, op))
		return true;
	switch (row->kind) {
	case HISTORY_EDIT:
	case HISTORY_IMPORT:
	case HISTORY_DELETE:
	case HISTORY_RESTORE:
		holds = row->kind == op->kind && device_equal(&row->author, &op->author);
		break;
	case HISTORY_PULLED: /* also what an edit held open gave way to, … */
	case HISTORY_LOSER:  /* … or that edit: perhaps before its device had keys */
		holds =
		    device_equal(&row->author, maker_of(told, op)) ||
		    (device_equal(&op->author, &no_keys) && device_equal(&row->author, &no_keys));
		break;
	case HISTORY_COPY: holds = false; break; /* nobody makes a copy by hand */
	}
	if (!holds)
		sim_fail(told->model->world,
		    "d%u: the history of %s has #%u of d%u as %d, by %.8s, not as %d, by %.8s",
		    told->device->index, told->id, op->token, op->device, (int)row->kind,
		    text(&row->author, have), (int)op->kind, text(&op->author, want));
	return holds;
}

static bool told_entry(void *self, const struct store_item *item)
{
	struct told *told = self;
	struct sim_device *device = told->device;
	const struct journal *journal = &device->engine.journal;
	struct journal_entry entry = {0};
	const struct sim_op *op;

	told->id = item->id;
	if (journal->ops->entry_get(journal->self, view_text(item->id), &device->call, &entry) !=
	    JOURNAL_OK)
		return false;
	told->has_current = false;
	told->current = entry.local;
	op = sim_model_find(told->model, &entry.cloud);
	if (ascribed(told->model, op) && !device_equal(&entry.author, maker_of(told, op)))
		sim_fail(told->model->world, "d%u: %s is by another than d%u", device->index,
		    item->id, op->device);
	if (store_history(device->store, view_text(item->id), told_see, told, &device->call) !=
		JOURNAL_OK ||
	    !told->has_current)
		sim_fail(told->model->world, "d%u: what %s is now is not in its history",
		    device->index, item->id);
	return told->model->world->failure[0] == '\0';
}

/* What the activity log comes to. */
static bool sum_see(void *self, const struct store_activity *row)
{
	struct sim_told *sum = self;

	switch (row->kind) {
	case ACTIVITY_EDIT:
	case ACTIVITY_DELETE:
	case ACTIVITY_RESTORE: sum->changes++; break;
	case ACTIVITY_PUSHED: sum->pushed += strtoull(row->detail, NULL, 10); break;
	case ACTIVITY_PULLED: sum->pulled += strtoull(row->detail, NULL, 10); break;
	case ACTIVITY_COPY:
		sum->copies++;
		sum->conflicts++;
		break;
	case ACTIVITY_CONFLICT: sum->conflicts++; break;
	case ACTIVITY_IMPORT:
	case ACTIVITY_EXPORT:
	case ACTIVITY_SYNC_ON:
	case ACTIVITY_SYNC_OFF:
	case ACTIVITY_RECOVERED:
	case ACTIVITY_WIPED:
	case ACTIVITY_WARNING:
	case ACTIVITY_RESET: break;
	}
	return true;
}

static struct sim_told sum_up(struct sim_device *device)
{
	struct sim_told sum = {0};

	if (store_activity(device->store, 0, sum_see, &sum, &device->call) != JOURNAL_OK)
		sim_fail(device->world, "d%u: its log cannot be read", device->index);
	return sum;
}

/* What a sync says that it did is what the log says; an editor's save may settle something, too. */
void sim_told_observe(struct sim_model *model, struct sim_device *device, bool ended_well)
{
	const struct sync_totals *totals = &device->totals;
	struct sim_told before = device->told;

	if (device->command != SIM_SAVE && device->command != SIM_SYNC &&
	    device->command != SIM_RESEED)
		return;
	device->told = sum_up(device);
	if (device->command == SIM_SYNC && ended_well &&
	    (device->told.pushed - before.pushed != totals->pushed ||
		device->told.pulled - before.pulled != totals->pulled ||
		device->told.conflicts - before.conflicts != totals->conflicts))
		sim_fail(model->world,
		    "d%u: its log tells of %llu pushed, %llu pulled, %llu conflicts in a sync of "
		    "%llu, %llu, %llu",
		    device->index, (unsigned long long)(device->told.pushed - before.pushed),
		    (unsigned long long)(device->told.pulled - before.pulled),
		    (unsigned long long)(device->told.conflicts - before.conflicts),
		    (unsigned long long)totals->pushed, (unsigned long long)totals->pulled,
		    (unsigned long long)totals->conflicts);
}

/* Each change, and each copy that was made, is told of once. */
static void check_changes(struct sim_model *model, struct sim_device *device, uint64_t copies)
{
	const struct sim_told told = sum_up(device);
	uint64_t made = 0;

	for (size_t i = 0; i < model->ops_count; i++)
		made +=
		    model->ops[i].device == device->index && model->ops[i].kind != HISTORY_IMPORT;
	if (told.changes != made && !model->world->plan.copies_home)
		sim_fail(model->world, "d%u: its log tells of %llu changes, and it made %llu",
		    device->index, (unsigned long long)told.changes, (unsigned long long)made);
	if (told.copies != copies &&
	    !model->world->plan.seasons) /* a purge takes the history along */
		sim_fail(model->world, "d%u: its log tells of %llu copies, its history of %llu",
		    device->index, (unsigned long long)told.copies, (unsigned long long)copies);
}

void sim_told_check(struct sim_model *model, struct sim_device *device,
    struct sim_device *const *devices, size_t devices_count)
{
	struct told told = {.model = model, .device = device, .devices = devices};
	struct store_query query = {.oldest_first = true};
	enum journal_result result = JOURNAL_OK;

	for (unsigned deleted = 0; deleted < 2 && result == JOURNAL_OK; deleted++) {
		query.deleted = deleted == 1;
		result = store_list(device->store, &query, told_entry, &told, &device->call);
	}
	check_changes(model, device, told.copies);
	/* Dear, so one of them, and not in each run. */
	if (result == JOURNAL_OK && model->world->seed % (4 * devices_count) == device->index)
		result = store_check(device->store, &device->call);
	if (result != JOURNAL_OK)
		sim_fail(model->world, "d%u: its store is not sound: %s", device->index,
		    device->call.message);
}
