/*
 * tests/sim/sim_net.c: requests on their way to a gateway, and answers on theirs back.
 */
#include "tests/sim/sim_net.h"

#include <string.h>

#define QUEUE_MS 5
#define DELAY_MS 90000u /* a request is given up after 60 s: some of them arrive all the same */

/* A gateway keeps one cache an account, and works on one of its requests at a time. */
void sim_visit_begin(struct sim_device *device, struct sim_visit *visit)
{
	struct sim_gateway *gateway = device->gateway;

	*visit = (struct sim_visit){.device = device, .env = &device->env, .cache = &device->cache};
	if (gateway == NULL)
		return;
	while (gateway->busy) /* its holder never waits for anybody */
		sim_device_yield(device, QUEUE_MS);
	gateway->busy = true;
	gateway->died = false;
	device->at_gateway = true;
	gateway->env = device->env;
	gateway->env.clock = &gateway->clock;
	if (gateway->fork != NULL)
		gateway->env.bucket = gateway->fork;
	visit->env = &gateway->env;
	visit->cache = &gateway->cache;
}

enum account_result sim_visit_end(struct sim_visit *visit, enum account_result result)
{
	struct sim_gateway *gateway = visit->device->gateway;

	if (gateway == NULL)
		return result;
	visit->device->at_gateway = false;
	gateway->busy = false;
	if (!gateway->died)
		return result;
	account_cache_clear(&gateway->cache);
	return ACCOUNT_RETRY;
}

enum memory_fault sim_net_gateway_dies(struct sim_device *device)
{
	static const enum memory_fault fates[] = {
	    MEMORY_FAULT_BEFORE, MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE};
	struct sim_gateway *gateway = device->gateway;

	if (gateway->died)
		return MEMORY_FAULT_BEFORE;
	if (!sim_hit(device->world, SIM_DEATH))
		return MEMORY_FAULT_NONE;
	gateway->died = true;
	return fates[sim_below(&device->world->random, COUNT_OF(fates))];
}

static enum remote_result remote_of(enum account_result result)
{
	switch (result) {
	case ACCOUNT_OK: return REMOTE_OK;
	case ACCOUNT_ABSENT: return REMOTE_ABSENT;
	case ACCOUNT_GONE: return REMOTE_GONE;
	case ACCOUNT_REFUSED: return REMOTE_REFUSED;
	case ACCOUNT_RETRY: return REMOTE_LATER;
	case ACCOUNT_DAMAGED: return REMOTE_DAMAGED;
	case ACCOUNT_FAILED: return REMOTE_FAILED;
	}
	return REMOTE_FAILED;
}

/* The gateway has the request, and answers with *reply. */
static enum remote_result carry(struct sim_device *device, const struct sim_letter *letter,
    struct call *call, struct bytes *reply)
{
	struct sim_visit visit;
	struct sync_request request = {0};
	struct sync_answer answer = {0};
	enum account_result result;

	sim_visit_begin(device, &visit);
	if (letter->is_put) {
		result = account_blob_put(visit.env, visit.cache, &letter->account, &letter->name,
		    view_bytes(&letter->body), call);
		return remote_of(sim_visit_end(&visit, result));
	}
	if (sync_request_decode(view_bytes(&letter->body), &request) != FORMAT_OK)
		sim_fail(device->world, "a request does not decode");
	result = account_sync(visit.env, visit.cache, &request, call, &answer);
	if (result == ACCOUNT_OK && sync_answer_encode(&answer, reply) != FORMAT_OK)
		sim_fail(device->world, "an answer does not encode");
	sync_answer_clear(&answer);
	return remote_of(sim_visit_end(&visit, result));
}

static void carry_unheard(struct sim_device *device, const struct sim_letter *letter)
{
	bool read_damaged = device->read_damaged;
	struct bytes reply = {0};
	struct call call;

	remote_request(&call, &device->clock);
	(void)carry(device, letter, &call, &reply);
	device->read_damaged = read_damaged; /* what it made the gateway read, no device was told */
	bytes_clear(&reply);
}

static void letter_clear(struct sim_letter *letter)
{
	bytes_clear(&letter->body);
	*letter = (struct sim_letter){0};
}

/* It stays on its way; the device gives it up. A full bag loses it. */
static void hold_back(struct sim_world *world, struct sim_letter *letter)
{
	if (world->network.letters_count == SIM_LETTERS_MAX)
		return;
	world->network.letters[world->network.letters_count++] = *letter;
	*letter = (struct sim_letter){0};
}

/* Something that was given up long ago arrives first, now and then. */
static void late_ones_arrive(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct sim_letter letter;
	size_t i;

	if (world->network.letters_count == 0 || !sim_one_in(&world->random, 3))
		return;
	i = sim_below(&world->random, world->network.letters_count);
	letter = world->network.letters[i];
	world->network.letters[i] = world->network.letters[--world->network.letters_count];
	sim_trace(world, "an old request arrives");
	carry_unheard(device, &letter);
	letter_clear(&letter);
}

/* Dies on the way; the request may arrive all the same. */
static bool dies(struct sim_device *device, const struct sim_letter *letter)
{
	struct sim_world *world = device->world;

	if (!sim_death_draw(device))
		return false;
	if (sim_one_in(&world->random, 2))
		carry_unheard(device, letter);
	sim_die(device);
	sim_trace(world, "d%u: %s on the way", device->index, sim_death_text(device));
	return true;
}

static enum remote_result no_answer(struct sim_device *device, struct call *call, const char *how)
{
	sim_trace(device->world, "d%u: request %s", device->index, how);
	call_sayf(call, "the answer was lost");
	return REMOTE_LATER;
}

/* An answer that is cut short must not be taken for a whole one. */
static void cut_short(struct sim_device *device, struct view reply)
{
	struct sync_answer answer = {0};
	struct view part = view_of(reply.data, sim_below(&device->world->random, reply.len));

	if (sync_answer_decode(part, &answer) == FORMAT_OK)
		sim_fail(device->world, "a part of an answer passes for one");
	sync_answer_clear(&answer);
}

/* Takes *letter. *reply: the answer's bytes, if it has any and is not lost. */
static enum remote_result post(
    struct sim_device *device, struct sim_letter *letter, struct call *call, struct bytes *reply)
{
	struct sim_world *world = device->world;
	enum remote_result result;

	sim_device_yield(device, 0);
	if (sim_device_dead(device) || dies(device, letter))
		return no_answer(device, call, "not sent");
	late_ones_arrive(device);
	if (sim_hit(world, SIM_DROP))
		return no_answer(device, call, "dropped");
	if (sim_hit(world, SIM_REORDER)) {
		hold_back(world, letter);
		return no_answer(device, call, "held back");
	}
	if (sim_hit(world, SIM_TWICE))
		carry_unheard(device, letter);
	if (sim_hit(world, SIM_DELAY))
		sim_device_yield(device, (int64_t)sim_below(&world->random, DELAY_MS));
	if (letter->is_put && sim_lie_stored(world))
		return REMOTE_OK;
	result = carry(device, letter, call, reply);
	if (result == REMOTE_OK && !letter->is_put)
		sim_lie_answer(device, letter, reply);
	if (result == REMOTE_OK && reply->len > 0 && sim_hit(world, SIM_SHORT)) {
		cut_short(device, view_bytes(reply));
		return no_answer(device, call, "answered in part");
	}
	if (sim_hit(world, SIM_CUT))
		return no_answer(device, call, "cut off");
	return result;
}

/* Of one device's statements no two stand at one place: of such, each half of the devices could be
 * shown one. */
static void note_statement(struct sim_device *device, const struct sync_request *request)
{
	struct statement statement;
	struct digest hash;
	struct frame frame;

	if (request->frames_count != 1 || frame_decode(request->frames[0], &frame) != FORMAT_OK ||
	    frame.header.kind != FRAME_STATEMENT)
		return;
	if (statement_decode(frame.body, false, &statement) != FORMAT_OK ||
	    statement_hash(frame.body, &hash) != FORMAT_OK) {
		sim_fail(device->world, "d%u: its statement does not decode", device->index);
		return;
	}
	if (device->has_stated && digest_equal(&device->stated_after, &statement.previous) &&
	    !digest_equal(&device->stated, &hash))
		sim_fail(device->world, "d%u: a second statement at the place of its first",
		    device->index);
	device->has_stated = true;
	device->stated_after = statement.previous;
	device->stated = hash;
}

static enum remote_result remote_sync(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct sim_device *device = self;
	struct sim_letter letter = {.account = request->account};
	struct bytes reply = {0};
	enum remote_result result;

	note_statement(device, request);
	if (device->gateway == NULL)
		return remote_of(account_sync(&device->env, &device->cache, request, call, answer));
	if (sync_request_encode(request, &letter.body) != FORMAT_OK) {
		sim_fail(device->world, "a request does not encode");
		return REMOTE_FAILED;
	}
	result = post(device, &letter, call, &reply);
	if (result == REMOTE_OK && (sync_answer_decode(view_bytes(&reply), answer) != FORMAT_OK ||
				       !sync_answer_keep(answer, &reply))) {
		if (!device->world->lies.on)
			sim_fail(device->world, "an answer does not decode");
		result = REMOTE_DAMAGED; /* as the HTTP client has it */
	}
	letter_clear(&letter);
	bytes_clear(&reply);
	return result;
}

static enum remote_result remote_blob_put(void *self, const struct account_id *account,
    const struct blob_name *name, struct view blob, struct call *call)
{
	struct sim_device *device = self;
	struct sim_letter letter = {.is_put = true, .account = *account, .name = *name};
	struct bytes reply = {0};
	enum remote_result result;

	if (device->gateway == NULL)
		return remote_of(
		    account_blob_put(&device->env, &device->cache, account, name, blob, call));
	if (!bytes_copy(blob, &letter.body)) {
		sim_fail(device->world, "no memory");
		return REMOTE_FAILED;
	}
	result = post(device, &letter, call, &reply);
	letter_clear(&letter);
	return result;
}

/* A read leaves nothing behind: what may happen to it is that it fails. */
static enum remote_result remote_blob_get(void *self, const struct account_id *account,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	struct sim_device *device = self;
	struct sim_visit visit;
	struct bytes blob = {0};
	enum account_result result;

	if (device->gateway != NULL && sim_lie_shown(device->world, name, out))
		return REMOTE_OK;
	sim_visit_begin(device, &visit);
	result = account_blob_get(visit.env, visit.cache, account, name, call, &blob);
	result = sim_visit_end(&visit, result);
	if (result == ACCOUNT_OK && device->gateway != NULL && sim_hit(device->world, SIM_CUT)) {
		bytes_clear(&blob);
		return no_answer(device, call, "cut off");
	}
	if (result == ACCOUNT_OK && device->gateway != NULL)
		sim_lie_blob(device->world, &blob);
	*out = blob;
	return remote_of(result);
}

/* Blobs under way come in any order. */
static size_t remote_pick(void *self, size_t count)
{
	struct sim_device *device = self;

	return (size_t)sim_below(&device->world->random, count);
}

const struct remote_ops sim_remote_ops = {.sync = remote_sync,
    .blob_get = remote_blob_get,
    .blob_put = remote_blob_put,
    .pick = remote_pick};
