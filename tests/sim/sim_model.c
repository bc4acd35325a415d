/*
 * tests/sim/sim_model.c: the reference: changes, places of the log and their roots, as they are
 * seen. It looks at devices and bucket from outside, while no command runs.
 */
#include "tests/sim/sim_model.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 2048u

static void write_items(struct sim_model *model, struct sim_random *random)
{
	const struct random entropy = {.self = random, .fill = sim_random_fill};

	for (size_t i = 0; i < SIM_ITEMS; i++) {
		struct sim_item *item = &model->items[i];
		int64_t ago_ms = (int64_t)sim_below(random, INT64_C(86400000));
		size_t len, end;

		entry_id_new(&entropy, item->id);
		item->token = ++model->tokens;
		time_print_ms(model->world->schedule.now_ms - ago_ms, item->time);
		len = (size_t)snprintf(item->content, sizeof(item->content), "#%010u %s\n",
		    item->token, model->canary);
		for (end = len + sim_below(random, SIM_ITEM_MAX - len); len < end; len++)
			item->content[len] = (char)('a' + (char)sim_below(random, 26));
		item->content[len] = '\0';
	}
}

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
	write_items(model, &random);
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

struct sim_op *sim_model_find(struct sim_model *model, const struct digest *version)
{
	for (size_t i = 0; i < model->ops_count; i++)
		if (digest_equal(&model->ops[i].version, version))
			return &model->ops[i];
	return NULL;
}

/* The change's row in the history: the first one that this device has made since. */
static bool intent_landed(
    struct sim_device *device, const struct sim_intent *intent, struct sim_version *out)
{
	static struct sim_version rows[HISTORY_MAX];
	size_t count = sim_device_history(device, intent->id, rows, HISTORY_MAX);

	for (size_t i = intent->history_count; i < count; i++) {
		switch (rows[i].kind) {
		case HISTORY_EDIT:
		case HISTORY_IMPORT:
		case HISTORY_DELETE:
		case HISTORY_RESTORE: *out = rows[i]; return true;
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
		struct sim_version made;

		if (!intent_landed(device, intent, &made))
			continue;
		landed++;
		if (model->ops_count == SIM_OPS_MAX) {
			sim_fail(model->world, "too many changes for the model");
			return;
		}
		*op = (struct sim_op){.version = made.version,
		    .kind = made.kind,
		    .has_parent = intent->has_parent,
		    .parent = intent->parent,
		    .token = intent->token,
		    .deleted = intent->deleted,
		    .device = device->index};
		if (device->engine.keys != NULL)
			op->author = device->keys.id;
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

bool sim_model_look_up(struct sim_model *model, const char *what, struct bytes *out)
{
	struct look look = {0};
	char account[2 * ACCOUNT_ID_LEN + 1];

	hex_encode(view_of(model->world->account.code.account.bytes, ACCOUNT_ID_LEN), account);
	(void)snprintf(look.key, sizeof(look.key), "a/%s/%s", account, what);
	memory_each(model->world->bucket.objects, look_see, &look);
	*out = look.found;
	return look.found.data != NULL && !look.failed;
}

/* Frames one after the other: each names the one before it. */
static void see_frame(struct sim_model *model, struct view encoded, struct head *last)
{
	struct sim_place *place;
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
	place = see_place(model, last, "the bucket");
	if (place != NULL) {
		place->has_maker = true;
		place->maker = frame.header.device;
	}
}

bool sim_model_pack(struct sim_model *model, const struct manifest_pack *named, struct bytes *out)
{
	struct blob_name name = {named->hash, named->count};
	char text[BLOB_NAME_TEXT_MAX];
	char key[BUCKET_KEY_MAX + 1];

	blob_name_text(&name, text);
	(void)snprintf(key, sizeof(key), "p/%llu-%llu-%s", (unsigned long long)named->from_seq,
	    (unsigned long long)named->to_seq, text);
	return sim_model_look_up(model, key, out);
}

static void see_pack(struct sim_model *model, const struct manifest_pack *named, struct head *last)
{
	struct bytes encoded = {0};
	struct pack_header pack;
	struct view frame;

	if (!sim_model_pack(model, named, &encoded) ||
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
void sim_model_log(struct sim_model *model, bool with_packs)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes encoded = {0};
	struct head last = {0};

	if (manifest == NULL || !model->world->account.has_code ||
	    !sim_model_look_up(model, "manifest", &encoded))
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

void sim_model_forget_log(struct sim_model *model)
{
	memset(model->places, 0, SIM_SEQS_MAX * sizeof(model->places[0]));
	model->head_seq = 0;
}

/*
 * I3: what came in a sync were this device's own frames alone, of which an answer was lost perhaps:
 * whatever was edited since, there is nothing to settle.
 */
static void check_own_frames(struct sim_model *model, struct sim_device *device, uint64_t head_seq)
{
	uint64_t from = device->seen_seq;

	device->seen_seq = head_seq;
	if (device->command != SIM_SYNC || device->totals.conflicts == 0 ||
	    model->world->plan.copies_home || model->world->bucket.reseeded || device->rotted)
		return;
	for (uint64_t seq = from + 1; seq <= head_seq; seq++)
		if (!model->places[seq].has_maker ||
		    !device_equal(&model->places[seq].maker, &device->keys.id))
			return;
	sim_fail(model->world, "I3: d%u has a conflict with its own frames, from %llu to %llu",
	    device->index, (unsigned long long)from + 1, (unsigned long long)head_seq);
}

void sim_model_observe(struct sim_model *model, struct sim_device *device)
{
	struct sync_facts facts = {0};
	struct sim_place *place;
	uint8_t root[ROOT_LEN];
	char who[8];

	if (model->world->bucket.restored) /* two logs are about, until resets have made them one */
		return;
	if (model->world->bucket.damaged_key[0] == '\0') {
		sim_model_log(model, false);
		if (model->world->plan.sweeps && device->command >= SIM_SYNC)
			sim_names_check(model);
	}
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
	check_own_frames(model, device, facts.head.seq);
	if (sync_root_get(&device->engine, &device->call, root) != ENGINE_OK)
		sim_fail(model->world, "d%u: its root cannot be read", device->index);
	else if (place->has_root && memcmp(place->root, root, ROOT_LEN) != 0)
		sim_fail(model->world, "I2: d%u has another state root at %llu", device->index,
		    (unsigned long long)facts.head.seq);
	place->has_root = true;
	memcpy(place->root, root, ROOT_LEN);
}
