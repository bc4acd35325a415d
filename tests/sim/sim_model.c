/*
 * tests/sim/sim_model.c: the reference, and the invariants against it. It looks at the devices'
 * journals from outside, while no command runs.
 */
#include "tests/sim/sim_model.h"
#include "cli/engine/engine_priv.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 65536u
#define HISTORY_MAX 2048u

bool sim_model_open(struct sim_model *model, struct sim_world *world)
{
	struct sim_random random;

	*model = (struct sim_model){.world = world};
	model->ops = calloc(SIM_OPS_MAX, sizeof(model->ops[0]));
	model->places = calloc(SIM_SEQS_MAX, sizeof(model->places[0]));
	sim_random_init(&random, world->seed, 1);
	sim_random_fill(&random, model->canary, SIM_CANARY_LEN);
	for (size_t i = 0; i < SIM_CANARY_LEN; i++) /* incompressible, and text */
		model->canary[i] = (char)('!' + (uint8_t)model->canary[i] % 94);
	return model->ops != NULL && model->places != NULL;
}

void sim_model_close(struct sim_model *model)
{
	free(model->ops);
	free(model->places);
	*model = (struct sim_model){0};
}

uint32_t sim_model_token(struct view content)
{
	uint32_t token = 0;

	if (content.len < 11 || content.data[0] != '#')
		return 0;
	for (size_t i = 1; i < 11; i++)
		token = token * 10 + (uint32_t)(content.data[i] - '0');
	return token;
}

static struct sim_op *find_op(struct sim_model *model, const struct digest *version)
{
	for (size_t i = 0; i < model->ops_count; i++)
		if (digest_equal(&model->ops[i].version, version))
			return &model->ops[i];
	return NULL;
}

/* The change's row in the history: the first one that this device has made since. */
static bool intent_landed(
    struct sim_device *device, const struct sim_intent *intent, struct digest *version_out)
{
	static struct sim_version rows[HISTORY_MAX];
	size_t count = sim_device_history(device, intent->id, rows, HISTORY_MAX);

	for (size_t i = intent->history_count; i < count; i++) {
		switch (rows[i].kind) {
		case HISTORY_EDIT:
		case HISTORY_IMPORT:
		case HISTORY_DELETE:
		case HISTORY_RESTORE: *version_out = rows[i].version; return true;
		case HISTORY_PULLED:
		case HISTORY_LOSER:
		case HISTORY_COPY: break;
		}
	}
	return false;
}

/* Two devices may make one version, by restoring the same one: what replaces it replaces both. */
static void supersede(struct sim_model *model, struct sim_op *made)
{
	for (size_t i = 0; i < model->ops_count; i++) {
		struct sim_op *op = &model->ops[i];

		if (made->has_parent && digest_equal(&op->version, &made->parent))
			op->superseded = true;
		if (op->has_parent && digest_equal(&op->parent, &made->version))
			made->superseded = true;
		if (op != made && digest_equal(&op->version, &made->version))
			op->twin = made->twin = true;
	}
}

void sim_model_took(struct sim_model *model, struct sim_device *device, bool acknowledged)
{
	size_t landed = 0;

	for (size_t i = 0; i < device->intents_count; i++) {
		const struct sim_intent *intent = &device->intents[i];
		struct sim_op *op = &model->ops[model->ops_count];
		struct digest version;

		if (!intent_landed(device, intent, &version))
			continue;
		landed++;
		if (model->ops_count == SIM_OPS_MAX) {
			sim_fail(model->world, "too many changes for the model");
			return;
		}
		*op = (struct sim_op){.version = version,
		    .has_parent = intent->has_parent,
		    .parent = intent->parent,
		    .token = intent->token,
		    .deleted = intent->deleted,
		    .device = device->index};
		memcpy(op->id, intent->id, sizeof(op->id));
		model->ops_count++;
		supersede(model, op);
	}
	if (acknowledged && landed < device->intents_count)
		sim_fail(model->world, "I1: d%u %s: saved, but not in the history", device->index,
		    sim_command_text(device->command));
	if (landed > 0 && landed < device->intents_count)
		sim_fail(model->world, "d%u %s: half of a transaction", device->index,
		    sim_command_text(device->command));
	device->intents_count = 0;
}

/* I4: one hash a place. */
static struct sim_place *see_place(
    struct sim_model *model, const struct head *head, const char *who)
{
	struct sim_place *place = &model->places[head->seq % SIM_SEQS_MAX];

	if (head->seq >= SIM_SEQS_MAX) {
		sim_fail(model->world, "too long a log for the model");
		return NULL;
	}
	if (place->known && !digest_equal(&place->hash, &head->hash)) {
		sim_fail(model->world, "I4: two frames at %llu, one seen by %s",
		    (unsigned long long)head->seq, who);
		return NULL;
	}
	place->known = true;
	place->hash = head->hash;
	if (head->seq > model->head_seq)
		model->head_seq = head->seq;
	return place;
}

/* The manifest of the run's account, if it is there. */
struct look {
	char key[BUCKET_KEY_MAX + 1];
	struct bytes found;
	bool failed;
};

static void look_see(void *self, const char *key, struct view data)
{
	struct look *look = self;

	if (strcmp(key, look->key) == 0)
		look->failed = !bytes_copy(data, &look->found);
}

static bool look_up(struct sim_model *model, const char *what, struct bytes *out)
{
	struct look look = {0};
	char account[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(model->world->code.account.bytes, ACCOUNT_ID_LEN), account);
	(void)snprintf(look.key, sizeof(look.key), "a/%s/%s", account, what);
	memory_each(model->world->objects, look_see, &look);
	*out = look.found;
	return look.found.data != NULL && !look.failed;
}

/* Frames one after the other: each names the one before it. */
static void see_frame(struct sim_model *model, struct view encoded, struct head *last)
{
	struct frame frame;

	if (frame_decode(encoded, &frame) != FORMAT_OK) {
		sim_fail(model->world, "the log holds what is no frame");
		return;
	}
	if (last->seq > 0 && (frame.header.seq != last->seq + 1 ||
				 !digest_equal(&frame.header.previous, &last->hash)))
		sim_fail(model->world, "I3: the log is no chain at %llu",
		    (unsigned long long)frame.header.seq);
	*last = (struct head){frame.header.seq, frame.hash};
	(void)see_place(model, last, "the bucket");
}

static void see_pack(struct sim_model *model, const struct manifest_pack *named, struct head *last)
{
	struct blob_name name = {named->hash, named->count};
	char text[BLOB_NAME_TEXT_MAX];
	char key[BUCKET_KEY_MAX + 1];
	struct bytes encoded = {0};
	struct pack_header pack;
	struct view frame;

	blob_name_text(&name, text);
	(void)snprintf(key, sizeof(key), "p/%llu-%llu-%s", (unsigned long long)named->from_seq,
	    (unsigned long long)named->to_seq, text);
	if (!look_up(model, key, &encoded) ||
	    pack_decode(view_bytes(&encoded), &pack) != FORMAT_OK) {
		sim_fail(model->world, "a pack that the manifest names is not there, or damaged");
		bytes_clear(&encoded);
		return;
	}
	for (size_t i = 0; i < pack.frames_count; i++)
		if (pack_frame(&pack.frames, &frame) == FORMAT_OK)
			see_frame(model, frame, last);
	bytes_clear(&encoded);
}

/* The log as the bucket holds it: its tail, and with_packs all of it. */
static void see_log(struct sim_model *model, bool with_packs)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes encoded = {0};
	struct head last = {0};

	if (manifest == NULL || !model->world->has_code || !look_up(model, "manifest", &encoded))
		goto done;
	if (manifest_decode(view_bytes(&encoded), manifest) != FORMAT_OK) {
		sim_fail(model->world, "the manifest cannot be read");
		goto done;
	}
	for (size_t i = 0; i < manifest->packs_count && with_packs; i++)
		see_pack(model, &manifest->packs[i], &last);
	for (size_t i = 0; i < manifest->tail_count; i++)
		see_frame(model, manifest->tail[i], &last);
done:
	bytes_clear(&encoded);
	free(manifest);
}

bool sim_model_unguarded(struct sim_model *model, size_t offset)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes encoded = {0};
	bool inside = false;

	if (manifest != NULL && look_up(model, "manifest", &encoded) &&
	    manifest_decode(view_bytes(&encoded), manifest) == FORMAT_OK)
		for (size_t i = 0; i < INCARNATION_LEN && i <= offset; i++)
			inside |= offset - i + INCARNATION_LEN <= encoded.len &&
				  memcmp(encoded.data + offset - i, manifest->incarnation,
				      INCARNATION_LEN) == 0;
	bytes_clear(&encoded);
	free(manifest);
	return inside;
}

static bool stored_root(struct sim_device *device, uint8_t root[ROOT_LEN])
{
	const struct journal *journal = &device->engine.journal;
	struct root_sum sum = {0};
	struct bytes stored = {0};
	enum journal_result found =
	    journal->ops->meta_get(journal->self, META_ROOT, &device->call, &stored);
	bool good =
	    found == JOURNAL_NONE || (found == JOURNAL_OK && root_load(view_bytes(&stored), &sum));

	root_of(&sum, root);
	bytes_clear(&stored);
	return good;
}

void sim_model_observe(struct sim_model *model, struct sim_device *device)
{
	struct sync_facts facts = {0};
	struct sim_place *place;
	uint8_t root[ROOT_LEN];
	char who[8];

	if (model->world->damaged_key[0] == '\0')
		see_log(model, false);
	if (sync_facts_get(&device->engine, &device->call, &facts) != ENGINE_OK) {
		sim_fail(model->world, "d%u: no facts: %s", device->index, device->call.message);
		return;
	}
	if (!facts.has_account || facts.head.seq == 0)
		return;
	(void)snprintf(who, sizeof(who), "d%u", device->index);
	place = see_place(model, &facts.head, who);
	if (place == NULL)
		return;
	if (!stored_root(device, root))
		sim_fail(model->world, "d%u: its root cannot be read", device->index);
	else if (place->has_root && memcmp(place->root, root, ROOT_LEN) != 0)
		sim_fail(model->world, "I2: d%u has another state root at %llu", device->index,
		    (unsigned long long)facts.head.seq);
	place->has_root = true;
	memcpy(place->root, root, ROOT_LEN);
}

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
	size_t count;
	size_t entries; /* the first so many rows are current versions */
};

static bool holding_see(void *self, const struct store_item *item)
{
	struct holding *holding = self;
	struct row_found *row = &holding->rows[holding->count];

	if (holding->count == ROWS_MAX)
		return false;
	*row = (struct row_found){.local = true, .deleted = item->deleted_at != NULL};
	(void)snprintf(row->id, sizeof(row->id), "%s", item->id);
	holding->count++;
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
	holding->rows = calloc(ROWS_MAX, sizeof(holding->rows[0]));
	if (holding->rows == NULL ||
	    store_list(device->store, &query, holding_see, holding, &device->call) != JOURNAL_OK) {
		sim_fail(device->world, "d%u: no list", device->index);
		return;
	}
	query.deleted = true;
	if (store_list(device->store, &query, holding_see, holding, &device->call) != JOURNAL_OK)
		sim_fail(device->world, "d%u: no list of the trash", device->index);
	holding->entries = holding->count;
	for (size_t i = 0; i < holding->entries; i++) {
		struct row_found *current = &holding->rows[i];
		size_t count = sim_device_history(device, current->id, rows, HISTORY_MAX);

		read_current(holding, current);
		for (size_t k = 0; k < count && holding->count < ROWS_MAX; k++) {
			struct row_found *row = &holding->rows[holding->count++];

			*row = (struct row_found){.version = rows[k].version, .kind = rows[k].kind};
			memcpy(row->id, current->id, sizeof(row->id));
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
			sim_fail(model->world, "I1: d%u lacks entry %s", device->index, op->id);
			return;
		}
		if (op->deleted)
			continue;
		if (op->device != device->index &&
		    (i < device->joined_at || i < devices[op->device]->joined_at ||
			model->world->sweeps))
			continue;
		if (holds_op(holding, op))
			continue;
		sim_fail(model->world, "I1: d%u lacks #%u of %s, saved on d%u", device->index,
		    op->token, op->id, op->device);
		memcpy(model->broken, op->id, sizeof(op->id));
		return;
	}
}

/* Nobody but a person makes versions, but for conflict copies; none comes back from the past. */
static void check_versions(struct sim_model *model, const struct holding *holding)
{
	for (size_t i = 0; i < holding->count; i++) {
		const struct row_found *row = &holding->rows[i];
		const struct sim_op *op = find_op(model, &row->version);

		if (op == NULL && row->copy_of[0] == '\0') {
			sim_fail(model->world, "I3: d%u holds a version of %s that nobody made",
			    holding->device->index, row->id);
			return;
		}
		if (op != NULL && row->local && op->superseded && !op->twin) {
			sim_fail(model->world,
			    "I1: d%u: entry %s is back at #%u, which a later change had replaced",
			    holding->device->index, row->id, op->token);
			memcpy(model->broken, op->id, sizeof(op->id));
			return;
		}
	}
}

/* Where one device alone makes changes there is nothing to settle (I3: each frame counts once). */
static void check_solo(struct sim_model *model, const struct holding *holding)
{
	if (!model->world->solo)
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

/* No home here was copied, and no frame forgotten: a device knows all of its own. */
static void check_activity(struct sim_model *model, struct sim_device *device)
{
	bool warned = false;

	if (store_activity(device->store, 0, warning_see, &warned, &device->call) != JOURNAL_OK ||
	    warned)
		sim_fail(model->world, "I3: d%u warns of a frame of its own that it did not make",
		    device->index);
}

/* The cloud state: (id, version, author) of all, and its root made anew. */
static bool cloud_hash(struct sim_device *device, struct digest *out, uint64_t *count_out)
{
	const struct journal *journal = &device->engine.journal;
	crypto_generichash_state hash;
	struct root_sum sum = {0};
	uint8_t root[ROOT_LEN], stored[ROOT_LEN];
	uint64_t count = 0, bytes = 0, seen = 0;
	enum journal_result result;

	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	result = journal->ops->scan_open(
	    journal->self, JOURNAL_SCAN_CLOUD, NULL, &device->call, &count, &bytes);
	while (result == JOURNAL_OK) {
		struct journal_row row = {0};

		result = journal->ops->scan_next(journal->self, &device->call, &row);
		if (result == JOURNAL_OK) {
			root_add(&sum, view_bytes(&row.id), &row.version);
			(void)crypto_generichash_update(&hash, row.id.data, row.id.len);
			(void)crypto_generichash_update(&hash, row.version.bytes, DIGEST_LEN);
			(void)crypto_generichash_update(&hash, row.author.bytes, DEVICE_ID_LEN);
			seen++;
		}
		bytes_clear(&row.id);
		bytes_clear(&row.encoded);
	}
	journal->ops->scan_close(journal->self);
	(void)crypto_generichash_final(&hash, out->bytes, DIGEST_LEN);
	root_of(&sum, root);
	*count_out = seen;
	return result == JOURNAL_NONE && stored_root(device, stored) &&
	       memcmp(root, stored, ROOT_LEN) == 0;
}

/* I2, whole: the cloud states are one, and so are the lists. */
static void check_equal(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	struct digest first = {0};

	for (size_t i = 0; i < devices_count; i++) {
		struct sim_device *device = devices[i];
		const struct journal *journal = &device->engine.journal;
		struct journal_counts counts = {0};
		struct digest hash;
		uint64_t count = 0;

		if (!cloud_hash(device, &hash, &count)) {
			sim_fail(
			    model->world, "I2: d%u: its root is not its state's", device->index);
			return;
		}
		if (i == 0)
			first = hash;
		if (!digest_equal(&first, &hash)) {
			sim_fail(model->world, "I2: d%u and d%u hold different cloud states",
			    devices[0]->index, device->index);
			return;
		}
		if (journal->ops->counts(journal->self, &device->call, &counts) != JOURNAL_OK ||
		    counts.entries_count + counts.deleted_count != count) {
			sim_fail(
			    model->world, "d%u: its list is not its cloud state", device->index);
			return;
		}
	}
}

/* I5: no title, text or key in any byte of any object. */
struct needle {
	const char *what;
	struct view bytes;
};
struct hunt {
	struct sim_world *world;
	struct needle needles[2 + 3 * SIM_DEVICES_MAX];
	size_t needles_count;
};

static void hunt_for(struct hunt *hunt, const char *what, const void *data, size_t len)
{
	hunt->needles[hunt->needles_count++] = (struct needle){what, view_of(data, len)};
}

static void hunt_see(void *self, const char *key, struct view data)
{
	struct hunt *hunt = self;

	for (size_t i = 0; i < hunt->needles_count; i++) {
		struct view needle = hunt->needles[i].bytes;
		const uint8_t *at = data.data;
		size_t left = data.len;

		while (left >= needle.len) {
			at = memchr(at, needle.data[0], left - needle.len + 1);
			if (at == NULL)
				break;
			if (memcmp(at, needle.data, needle.len) == 0) {
				sim_fail(
				    hunt->world, "I5: %s stands in %s", hunt->needles[i].what, key);
				return;
			}
			at++;
			left = data.len - (size_t)(at - data.data);
		}
	}
}

static void check_canary(
    struct sim_model *model, struct sim_device *const *devices, size_t devices_count)
{
	struct hunt hunt = {.world = model->world};

	hunt_for(&hunt, "a title or text", model->canary, SIM_CANARY_LEN);
	hunt_for(&hunt, "the recovery key", model->world->code.key, RECOVERY_KEY_LEN);
	for (size_t i = 0; i < devices_count; i++) {
		const struct device_keys *keys = &devices[i]->keys;

		hunt_for(&hunt, "a signing key", keys->sign_secret, 32);
		hunt_for(&hunt, "a box key", keys->box_secret, 32);
		hunt_for(&hunt, "a wipe key", keys->wipe_secret, 32);
	}
	memory_each(model->world->objects, hunt_see, &hunt);
}

void sim_model_state(struct sim_model *model, struct sim_device *device, struct digest *out)
{
	const struct journal *journal = &device->engine.journal;
	crypto_generichash_state hash;
	struct sync_facts facts = {0};
	struct holding holding = {.device = device};
	struct store_query query = {.oldest_first = true};
	enum journal_result result = JOURNAL_OK;

	holding.rows = calloc(ROWS_MAX, sizeof(holding.rows[0]));
	(void)crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN);
	if (holding.rows == NULL ||
	    sync_facts_get(&device->engine, &device->call, &facts) != ENGINE_OK)
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
	see_log(model, true);
	check_equal(model, devices, devices_count);
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
		check_activity(model, devices[i]);
		holding_close(&holding);
	}
	if (model->broken[0] != '\0' && model->world->trace != NULL)
		trace_entry(model, model->broken, devices, devices_count);
	check_canary(model, devices, devices_count);
}
