/*
 * tests/sim/sim_check.c: the invariants against the reference, at quiescence: what all devices
 * hold, and every byte of the bucket.
 */
#include "tests/sim/sim_model.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 65536u
#define HISTORY_MAX 2048u

/* Everything that one device holds, as rows: current versions and all of the history. */
struct row_found {
	char id[COPY_ID_LEN + 1];
	char copy_of[COPY_ID_LEN + 1]; /* "": none */
	struct digest version;
	uint32_t token;
	bool local;             /* the current version; else a row of the history */
	enum history_kind kind; /* of such a row */
	bool deleted;
};
struct holding {
	struct sim_device *device;
	struct row_found *rows;
	size_t count, capacity;
	size_t entries; /* the first so many rows are current versions */
};

/* NULL: the run has failed. */
static struct row_found *row_add(struct holding *holding)
{
	if (holding->count == holding->capacity) {
		size_t wanted = holding->capacity == 0 ? 64 : 2 * holding->capacity;
		void *grown = wanted > ROWS_MAX
				  ? NULL
				  : realloc(holding->rows, wanted * sizeof(holding->rows[0]));

		if (grown == NULL) {
			sim_fail(holding->device->world, "d%u: too many rows to compare",
			    holding->device->index);
			return NULL;
		}
		holding->rows = grown;
		holding->capacity = wanted;
	}
	holding->rows[holding->count] = (struct row_found){0};
	return &holding->rows[holding->count++];
}

static bool holding_see(void *self, const struct store_item *item)
{
	struct row_found *row = row_add(self);

	if (row == NULL)
		return false;
	row->local = true;
	row->deleted = item->deleted_at != NULL;
	(void)snprintf(row->id, sizeof(row->id), "%s", item->id);
	return true;
}

static void read_version(struct holding *holding, struct row_found *row)
{
	const struct journal *journal = &holding->device->engine.journal;
	struct bytes encoded = {0};
	struct entry entry;

	if (journal->ops->version_get(
		journal->self, &row->version, &holding->device->call, &encoded) == JOURNAL_OK &&
	    entry_decode(view_bytes(&encoded), &entry) == FORMAT_OK) {
		row->token = sim_model_token(entry.content);
		row->deleted = entry_deleted(&entry);
		(void)snprintf(row->copy_of, sizeof(row->copy_of), "%.*s",
		    (int)entry.conflict_of.len, (const char *)entry.conflict_of.data);
	} else {
		sim_fail(holding->device->world, "d%u: a version cannot be read",
		    holding->device->index);
	}
	bytes_clear(&encoded);
}

/* At quiescence nothing is unsynced or unjudged: local, base and cloud are one. */
static void read_current(struct holding *holding, struct row_found *row)
{
	struct sim_device *device = holding->device;
	const struct journal *journal = &device->engine.journal;
	struct journal_entry entry = {0};

	if (journal->ops->entry_get(journal->self, view_text(row->id), &device->call, &entry) !=
		JOURNAL_OK ||
	    !entry.has_local || !entry.has_base || !entry.has_cloud ||
	    !digest_equal(&entry.local, &entry.base) || !digest_equal(&entry.base, &entry.cloud))
		sim_fail(
		    device->world, "d%u: %s is not settled after a sync", device->index, row->id);
	row->version = entry.local;
	read_version(holding, row);
}

static void holding_open(struct holding *holding, struct sim_device *device)
{
	static struct sim_version rows[HISTORY_MAX];
	struct store_query query = {.oldest_first = true};

	*holding = (struct holding){.device = device};
	if (store_list(device->store, &query, holding_see, holding, &device->call) != JOURNAL_OK)
		sim_fail(device->world, "d%u: no list", device->index);
	query.deleted = true;
	if (store_list(device->store, &query, holding_see, holding, &device->call) != JOURNAL_OK)
		sim_fail(device->world, "d%u: no list of the trash", device->index);
	holding->entries = holding->count;
	for (size_t i = 0; i < holding->entries; i++) {
		char id[COPY_ID_LEN + 1];
		size_t count;

		memcpy(id, holding->rows[i].id, sizeof(id)); /* the rows move when they grow */
		read_current(holding, &holding->rows[i]);
		count = sim_device_history(device, id, rows, HISTORY_MAX);
		for (size_t k = 0; k < count; k++) {
			struct row_found *row = row_add(holding);

			if (row == NULL)
				return;
			row->version = rows[k].version;
			row->kind = rows[k].kind;
			memcpy(row->id, id, sizeof(row->id));
			read_version(holding, row);
		}
	}
}

static void holding_close(struct holding *holding)
{
	free(holding->rows);
	*holding = (struct holding){0};
}

static const struct row_found *current_of(const struct holding *holding, const char *id)
{
	for (size_t i = 0; i < holding->entries; i++)
		if (strcmp(holding->rows[i].id, id) == 0)
			return &holding->rows[i];
	return NULL;
}

/* It is the current version, or has lost by a decision that was recorded, or a copy keeps it. */
static bool holds_op(const struct holding *holding, const struct sim_op *op)
{
	for (size_t i = 0; i < holding->count; i++) {
		const struct row_found *row = &holding->rows[i];

		if (strcmp(row->id, op->id) == 0 && digest_equal(&row->version, &op->version) &&
		    (row->local || row->kind == HISTORY_LOSER))
			return true;
		if (row->copy_of[0] != '\0' && row->token == op->token)
			return true;
	}
	return false;
}

/* The entry was deleted, by a change that no later one has replaced: its tombstone may be purged.
 */
static bool was_deleted(const struct sim_model *model, const char *id)
{
	for (size_t i = 0; i < model->ops_count; i++)
		if (model->ops[i].deleted && !model->ops[i].superseded &&
		    strcmp(model->ops[i].id, id) == 0)
			return true;
	return false;
}

/* It was kept as a conflict copy, which somebody deleted, and that tombstone may be purged. */
static bool copy_was_deleted(
    const struct sim_model *model, const struct sim_op *op, const struct sim_device *maker)
{
	static const struct device_id no_keys; /* it lost before its device had any */
	const struct device_id *makers[] = {&maker->keys.id, &no_keys};
	bool deleted = false;

	for (size_t i = 0; i < COUNT_OF(makers); i++) {
		char copy[COPY_ID_LEN + 1];

		entry_copy_id(view_text(op->id), makers[i], copy);
		deleted |= was_deleted(model, copy);
	}
	return model->world->plan.seasons && deleted;
}

/*
 * I1 on one device. What was made before it joined, or before its maker did, may reach it as the
 * current version or a copy alone: neither a load nor joining carries the history, and a sweep may
 * drop it. A deletion may have given way to an edit, never to what it deleted; that the current
 * version is no superseded one is checked for every entry.
 */
static void check_saved(
    struct sim_model *model, const struct holding *holding, struct sim_device *const *devices)
{
	const struct sim_device *device = holding->device;

	for (size_t i = 0; i < model->ops_count; i++) {
		const struct sim_op *op = &model->ops[i];

		if (op->superseded || op->copy_replaced)
			continue;
		if (current_of(holding, op->id) == NULL) {
			if (model->world->plan.seasons && was_deleted(model, op->id))
				continue;
			sim_fail(model->world, "I1: d%u lacks entry %s", device->index, op->id);
			return;
		}
		if (op->deleted)
			continue;
		if (op->device != device->index &&
		    (i < device->joined_at || i < devices[op->device]->joined_at ||
			model->world->plan.sweeps))
			continue;
		if (holds_op(holding, op) || copy_was_deleted(model, op, devices[op->device]))
			continue;
		sim_fail(model->world, "I1: d%u lacks #%u of %s, saved on d%u", device->index,
		    op->token, op->id, op->device);
		memcpy(model->broken, op->id, sizeof(op->id));
		return;
	}
}

/*
 * A deletion replaced it, whose tombstone may be purged: who was away for half a year and comes
 * back behind a reset has no base to tell that from what the cloud never had, and keeps the entry.
 */
static bool absence_is_no_deletion(const struct sim_model *model, const struct sim_op *op)
{
	if (!model->world->plan.seasons || !model->world->bucket.reseeded)
		return false;
	for (size_t i = 0; i < model->ops_count; i++)
		if (model->ops[i].has_parent && digest_equal(&model->ops[i].parent, &op->version) &&
		    !model->ops[i].deleted)
			return false;
	return true;
}

/* Nobody but a person makes versions, but for conflict copies; none comes back from the past. */
static void check_versions(struct sim_model *model, const struct holding *holding)
{
	for (size_t i = 0; i < holding->count; i++) {
		const struct row_found *row = &holding->rows[i];
		const struct sim_op *op = sim_model_find(model, &row->version);

		/* Below the floor an absence becomes a tombstone of the device's own. */
		if (op == NULL && row->copy_of[0] == '\0' &&
		    !(model->world->plan.seasons && row->deleted)) {
			sim_fail(model->world, "I3: d%u holds a version of %s that nobody made",
			    holding->device->index, row->id);
			return;
		}
		if (op != NULL && row->local && op->superseded && !op->twin &&
		    !absence_is_no_deletion(model, op)) {
			sim_fail(model->world,
			    "I1: d%u: entry %s is back at #%u, which a later change had replaced",
			    holding->device->index, row->id, op->token);
			memcpy(model->broken, op->id, sizeof(op->id));
			return;
		}
	}
}

/* I12: a copy's id is made of the entry's and of the loser's device; a copy has none of its own. */
static void check_copies(struct sim_model *model, const struct holding *holding,
    struct sim_device *const *devices, size_t devices_count)
{
	static const struct device_id no_keys; /* it lost before its device had any */

	for (size_t i = 0; i < holding->entries; i++) {
		const struct row_found *row = &holding->rows[i];
		const struct row_found *of = current_of(holding, row->copy_of);
		bool derived = false;

		if (row->copy_of[0] == '\0')
			continue;
		for (size_t k = 0; k <= devices_count && !derived; k++) {
			char copy[COPY_ID_LEN + 1];

			entry_copy_id(view_text(row->copy_of),
			    k < devices_count ? &devices[k]->keys.id : &no_keys, copy);
			derived = strcmp(copy, row->id) == 0;
		}
		if (!derived || (of != NULL && of->copy_of[0] != '\0'))
			sim_fail(model->world, "I12: d%u holds a conflict copy too many, %s",
			    holding->device->index, row->id);
	}
}

/* Where one device alone makes changes there is nothing to settle (I3: each frame counts once). */
static void check_solo(struct sim_model *model, const struct holding *holding)
{
	if (!model->world->plan.solo || model->world->bucket.reseeded)
		return;
	for (size_t i = 0; i < holding->count; i++)
		if (holding->rows[i].copy_of[0] != '\0' || holding->rows[i].kind == HISTORY_LOSER)
			sim_fail(model->world,
			    "I3: d%u has a conflict over %s, but one device alone has made changes",
			    holding->device->index, holding->rows[i].id);
}

static bool warning_see(void *self, const struct store_activity *row)
{
	bool *warned = self;

	*warned |= row->kind == ACTIVITY_WARNING;
	return !*warned;
}

/* No frame was forgotten: a device whose home nobody copied knows all of its own. */
static void check_activity(struct sim_model *model, struct sim_device *device)
{
	bool warned = false;

	if (model->world->plan.copies_home)
		return;
	if (store_activity(device->store, 0, warning_see, &warned, &device->call) != JOURNAL_OK ||
	    warned)
		sim_fail(model->world, "I3: d%u warns of a frame of its own that it did not make",
		    device->index);
}

void sim_model_state(struct sim_model *model, struct sim_device *device, struct digest *out)
{
	const struct journal *journal = &device->engine.journal;
	crypto_generichash_state hash;
	struct sync_facts facts = {0};
	struct holding holding = {.device = device};
	struct store_query query = {.oldest_first = true};
	enum journal_result result = JOURNAL_OK;

	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	if (sync_facts_get(&device->engine, &device->call, &facts) != ENGINE_OK)
		result = JOURNAL_FAILED;
	for (int deleted = 0; deleted < 2 && result == JOURNAL_OK; deleted++) {
		query.deleted = deleted == 1;
		result = store_list(device->store, &query, holding_see, &holding, &device->call);
	}
	(void)crypto_generichash_update(&hash, facts.head.hash.bytes, DIGEST_LEN);
	for (size_t i = 0; i < holding.count && result == JOURNAL_OK; i++) {
		struct journal_entry entry = {0};
		const char *id = holding.rows[i].id;

		result =
		    journal->ops->entry_get(journal->self, view_text(id), &device->call, &entry);
		(void)crypto_generichash_update(&hash, (const uint8_t *)id, COPY_ID_LEN);
		(void)crypto_generichash_update(&hash, entry.local.bytes, DIGEST_LEN);
		(void)crypto_generichash_update(&hash, entry.base.bytes, DIGEST_LEN);
		(void)crypto_generichash_update(&hash, entry.cloud.bytes, DIGEST_LEN);
	}
	(void)crypto_generichash_final(&hash, out->bytes, DIGEST_LEN);
	if (result != JOURNAL_OK)
		sim_fail(model->world, "d%u: its state cannot be read", device->index);
	holding_close(&holding);
}

bool sim_model_settled(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	for (size_t i = 0; i < devices_count; i++) {
		struct sim_device *device = devices[i];
		const struct journal *journal = &device->engine.journal;
		struct journal_counts counts = {0};
		struct sync_facts facts = {0};

		if (sync_facts_get(&device->engine, &device->call, &facts) != ENGINE_OK ||
		    journal->ops->counts(journal->self, &device->call, &counts) != JOURNAL_OK)
			return false;
		if (!facts.has_account || facts.recovering || facts.head.seq < model->head_seq ||
		    counts.dirty_count > 0 || counts.losers_count > 0)
			return false;
	}
	return true;
}

/* A person may change a conflict copy too: what it held is replaced then, as any version is. */
static void see_copies(struct sim_model *model, const struct holding *holding)
{
	for (size_t i = 0; i < holding->count; i++) {
		const struct row_found *row = &holding->rows[i];
		bool replaced = false;

		for (size_t k = 0; k < model->ops_count && row->copy_of[0] != '\0'; k++)
			replaced |= model->ops[k].has_parent &&
				    digest_equal(&model->ops[k].parent, &row->version);
		for (size_t k = 0; k < model->ops_count && replaced; k++)
			model->ops[k].copy_replaced |= model->ops[k].token == row->token;
	}
}

/* What each device holds of an entry, for the trace of a failure. */
static void trace_entry(struct sim_model *model, const char *id, struct sim_device *const *devices,
    size_t devices_count)
{
	static const char *const kinds[] = {
	    "edit", "import", "delete", "restore", "pulled", "loser", "copy"};

	for (size_t i = 0; i < devices_count; i++) {
		struct holding holding;

		holding_open(&holding, devices[i]);
		for (size_t k = 0; k < holding.count; k++) {
			const struct row_found *row = &holding.rows[k];
			char version[17];

			if (strcmp(row->id, id) != 0 && strcmp(row->copy_of, id) != 0)
				continue;
			hex_encode(view_of(row->version.bytes, 8), version);
			sim_trace(model->world, "d%zu %s%s %s #%u %s", i, row->id,
			    row->copy_of[0] == '\0' ? "" : " (copy)", version, row->token,
			    row->local ? "now" : kinds[row->kind]);
		}
		holding_close(&holding);
	}
}

void sim_model_check(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	sim_model_log(model, true);
	sim_names_check(model);
	sim_manifest_check(model);
	sim_check_equal(model, devices, devices_count);
	for (size_t i = 0; i < devices_count && model->world->failure[0] == '\0'; i++) {
		struct holding holding;

		holding_open(&holding, devices[i]);
		see_copies(model, &holding);
		holding_close(&holding);
	}
	for (size_t i = 0; i < devices_count && model->world->failure[0] == '\0'; i++) {
		struct holding holding;

		holding_open(&holding, devices[i]);
		if (model->world->failure[0] == '\0')
			check_versions(model, &holding);
		if (model->world->failure[0] == '\0')
			check_saved(model, &holding, devices);
		check_solo(model, &holding);
		check_copies(model, &holding, devices, devices_count);
		check_activity(model, devices[i]);
		sim_told_check(model, devices[i], devices, devices_count);
		holding_close(&holding);
	}
	if (model->broken[0] != '\0' && model->world->trace != NULL)
		trace_entry(model, model->broken, devices, devices_count);
	sim_check_canary(model, devices, devices_count);
}
