/*
 * tests/sim/sim_lie.c: a gateway that means harm: it changes, repeats, swaps and withholds what it
 * answers; and one that keeps a copy of the bucket of its own, where some devices go on and others
 * do not. It holds no key of its own, but a member may have made it statements that it never put in
 * the log. What it may do is seen to; what it may not: change a journal by anything but frames of
 * the log in their places, lose an edit, or be believed for longer than it speaks (I1, I2, I4, I8,
 * I11).
 */
#include "cli/engine/membership.h"
#include "tests/cli/engine/off_log.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_person.h"
#include "tests/sim/sim_run.h"

#include <stdlib.h>
#include <string.h>

#define COMMANDS 12u
#define JOINS 4u

static void flip(struct sim_world *world, struct bytes *bytes)
{
	size_t at;

	if (bytes->len == 0)
		return;
	at = sim_below(&world->random, bytes->len);
	bytes->data[at] ^= (uint8_t)(1u << sim_below(&world->random, 8));
	sim_trace(world, "a lie: byte %zu of %zu is changed", at, bytes->len);
}

/* Keeps a copy among those kept, in the place of any; or gives one of them instead. */
static void keep(struct sim_world *world, struct bytes kept[SIM_KEPT_MAX], struct view bytes)
{
	struct bytes *at = &kept[sim_below(&world->random, SIM_KEPT_MAX)];

	bytes_clear(at);
	if (!bytes_copy(bytes, at))
		sim_fail(world, "no memory");
}

/* "Yours is committed, and the log has gone on": nothing in it can be seen to be wrong. Who says so
 * of a frame that is not in the log has begun another, which is a fork. */
static bool forks(const struct sim_letter *letter, struct view encoded)
{
	struct sync_request request = {0};
	struct sync_answer told = {0};
	bool claims = sync_request_decode(view_bytes(&letter->body), &request) == FORMAT_OK &&
		      sync_answer_decode(encoded, &told) == FORMAT_OK &&
		      told.status == SYNC_COMMITTED &&
		      told.head.seq > request.cursor.seq + request.frames_count;

	sync_answer_clear(&told);
	return claims;
}

static void give_kept(struct sim_world *world, const struct sim_letter *letter,
    const struct bytes kept[SIM_KEPT_MAX], struct bytes *bytes)
{
	const struct bytes *at = &kept[sim_below(&world->random, SIM_KEPT_MAX)];

	if (at->len == 0 || (letter != NULL && forks(letter, view_bytes(at))))
		return;
	bytes_clear(bytes);
	if (!bytes_copy(view_bytes(at), bytes))
		sim_fail(world, "no memory");
	sim_trace(world, "a lie: %zu other bytes are given", bytes->len);
}

/* "Nothing new", at whatever place the device is. */
static void withhold(struct sim_world *world, const struct sim_letter *letter, struct bytes *reply)
{
	struct sync_request request = {0};
	struct sync_answer answer = {0};
	struct bytes instead = {0};

	if (sync_request_decode(view_bytes(&letter->body), &request) != FORMAT_OK ||
	    sync_answer_decode(view_bytes(reply), &answer) != FORMAT_OK) {
		sync_answer_clear(&answer);
		return;
	}
	answer.status = SYNC_CURRENT;
	answer.head = request.cursor;
	answer.frames_count = answer.bodies_count = answer.names_count = 0;
	answer.more = false;
	answer.snapshot = answer.roster_blob = answer.wipe_record = (struct view){0};
	if (sync_answer_encode(&answer, &instead) == FORMAT_OK) {
		sim_trace(world, "a lie: nothing new");
		bytes_clear(reply);
		*reply = instead;
	}
	sync_answer_clear(&answer);
}

/* What the lie goes on from: mostly where the log's roster ends; or it forks from that, or is
 * another account's, with the same recovery key. */
static bool begin_lie(struct sim_world *world, const struct roster *known, struct bytes *out)
{
	const struct random random = {&world->random, sim_random_fill};
	struct device_keys stranger = {0};
	enum format_result made;

	switch (sim_below(&world->random, 6)) {
	case 0:
		sim_trace(world, "a lie: another account's roster");
		device_keys_new(&random, &stranger);
		made = genesis_make(&stranger, view_text("a stranger"), world->account.code.key,
		    world->schedule.now_ms, &random, out);
		device_keys_clear(&stranger);
		return made == FORMAT_OK;
	case 1:
		if (known->statements_count > 1) {
			sim_trace(world, "a lie: a roster that forks");
			return roster_first(known,
				   1 + sim_below(&world->random, known->statements_count - 1),
				   out) == FORMAT_OK;
		}
		break;
	default: break;
	}
	return bytes_copy(known->encoded, out);
}

/* The roster goes on where the log's ends, by the recovery key: so it becomes world->lies.off_log.
 */
static bool continue_roster(
    struct sim_world *world, struct view roster, enum off_log kind, const struct device_id *victim)
{
	const struct random random = {&world->random, sim_random_fill};
	struct roster *known = calloc(1, sizeof(*known));
	struct device_keys signer = {0};
	struct bytes begun = {0}, longer = {0};
	bool made =
	    known != NULL && roster_decode(roster, false, known) == FORMAT_OK &&
	    begin_lie(world, known, &begun) &&
	    roster_decode(view_bytes(&begun), false, known) == FORMAT_OK &&
	    recovery_device_find(known, world->account.code.key, &signer) == FORMAT_OK &&
	    off_log_make(view_bytes(&begun), &signer, kind, victim, &random, &longer) == FORMAT_OK;

	if (made) {
		bytes_clear(&world->lies.off_log);
		world->lies.off_log = longer;
		sim_trace(world, "a lie: a roster that no log holds: %s", off_log_text(kind));
	}
	device_keys_clear(&signer);
	bytes_clear(&begun);
	free(known);
	return made;
}

/* It is told what it was told before, if that still goes on where the log's ends. */
static bool shows_again(struct sim_world *world, struct view roster)
{
	struct roster *known = calloc(1, sizeof(*known));
	struct roster *shown = calloc(1, sizeof(*shown));
	bool again = known != NULL && shown != NULL && world->lies.off_log.len > 0 &&
		     roster_decode(roster, false, known) == FORMAT_OK &&
		     roster_decode(view_bytes(&world->lies.off_log), false, shown) == FORMAT_OK &&
		     roster_descends(shown, known) &&
		     shown->statements_count > known->statements_count &&
		     !sim_one_in(&world->random, 4);

	if (again)
		sim_trace(world, "a lie: the roster that no log holds, again");
	free(shown);
	free(known);
	return again;
}

static void name_off_log(const struct sim_world *world, struct sync_answer *answer)
{
	struct roster *roster = calloc(1, sizeof(*roster));

	if (roster != NULL &&
	    roster_decode(view_bytes(&world->lies.off_log), false, roster) == FORMAT_OK)
		answer->roster_hash = *roster_hash(roster);
	blob_hash(view_bytes(&world->lies.off_log), &answer->roster.hash);
	free(roster);
}

/* What is shown may be believed: it goes on where the roster ends that the device has stored. */
static bool goes_on_from_own(struct sim_device *device)
{
	struct roster *own = calloc(1, sizeof(*own));
	struct roster *shown = calloc(1, sizeof(*shown));
	struct bytes stored = {0};
	struct call call = device->call;
	bool goes_on =
	    own != NULL && shown != NULL &&
	    sync_roster_get(&device->engine, &call, &stored) == ENGINE_OK &&
	    roster_decode_again(view_bytes(&stored), own) == FORMAT_OK &&
	    roster_decode(view_bytes(&device->world->lies.off_log), false, shown) == FORMAT_OK &&
	    roster_descends(shown, own);

	bytes_clear(&stored);
	free(shown);
	free(own);
	return goes_on;
}

/* The answer says that this is the roster; or that by this roster the device is revoked. */
static void show_off_log(
    struct sim_device *device, const struct sim_letter *letter, struct bytes *reply)
{
	struct sim_world *world = device->world;
	struct view roster = view_bytes(&device->gateway->cache.roster);
	enum off_log kind = (enum off_log)sim_below(&world->random, OFF_LOG_KINDS);
	struct sync_request request = {0};
	struct sync_answer answer = {0};
	struct bytes instead = {0};

	bool again = shows_again(world, roster);

	if (sync_request_decode(view_bytes(&letter->body), &request) == FORMAT_OK &&
	    sync_answer_decode(view_bytes(reply), &answer) == FORMAT_OK &&
	    (again || continue_roster(world, roster, kind, &request.device))) {
		name_off_log(world, &answer);
		if (!again && kind == OFF_LOG_REVOKES) {
			answer.status = SYNC_REVOKED;
			world->lies.revokes |= goes_on_from_own(device);
			answer.roster_blob = view_bytes(&world->lies.off_log);
		}
		if (sync_answer_encode(&answer, &instead) == FORMAT_OK) {
			bytes_clear(reply);
			*reply = instead;
		}
	}
	sync_answer_clear(&answer);
}

void sim_lie_roster(struct sim_device *device, struct bytes *roster)
{
	struct sim_world *world = device->world;
	enum off_log kind = OFF_LOG_SEVERAL;

	sim_lie_blob(world, roster);
	if (!world->lies.on || !sim_hit(world, SIM_OFF_LOG))
		return;
	if (sim_one_in(&world->random, 2))
		kind = OFF_LOG_EPOCH;
	if (!continue_roster(world, view_bytes(roster), kind, NULL))
		return;
	bytes_clear(roster);
	if (!bytes_copy(view_bytes(&world->lies.off_log), roster))
		sim_fail(world, "no memory");
}

bool sim_lie_shown(struct sim_world *world, const struct blob_name *name, struct bytes *out)
{
	struct digest hash;

	if (!world->lies.on || world->lies.off_log.len == 0)
		return false;
	blob_hash(view_bytes(&world->lies.off_log), &hash);
	if (!digest_equal(&hash, &name->hash))
		return false;
	if (!bytes_copy(view_bytes(&world->lies.off_log), out))
		sim_fail(world, "no memory");
	return true;
}

void sim_lie_answer(struct sim_device *device, const struct sim_letter *letter, struct bytes *reply)
{
	struct sim_world *world = device->world;

	if (!world->lies.on)
		return;
	keep(world, world->lies.kept_answers, view_bytes(reply));
	if (sim_hit(world, SIM_WITHHOLD))
		withhold(world, letter, reply);
	else if (sim_hit(world, SIM_REPLAY))
		give_kept(world, letter, world->lies.kept_answers, reply);
	if (sim_hit(world, SIM_OFF_LOG))
		show_off_log(device, letter, reply);
	if (sim_hit(world, SIM_CHANGE))
		flip(world, reply);
}

void sim_lie_blob(struct sim_world *world, struct bytes *blob)
{
	if (!world->lies.on)
		return;
	keep(world, world->lies.kept_blobs, view_bytes(blob));
	if (sim_hit(world, SIM_SWAP))
		give_kept(world, NULL, world->lies.kept_blobs, blob);
	if (sim_hit(world, SIM_CHANGE))
		flip(world, blob);
}

bool sim_lie_stored(struct sim_world *world)
{
	bool lies = world->lies.on && sim_hit(world, SIM_WITHHOLD);

	if (lies)
		sim_trace(world, "a lie: the blob is stored");
	return lies;
}

void sim_lie_forget(struct sim_world *world)
{
	for (size_t i = 0; i < SIM_KEPT_MAX; i++) {
		bytes_clear(&world->lies.kept_answers[i]);
		bytes_clear(&world->lies.kept_blobs[i]);
	}
	bytes_clear(&world->lies.off_log);
}

static void syncs(struct sim *sim, struct sim_device *device)
{
	for (unsigned i = 0; i < JOINS && !sim_failed(sim); i++)
		sim_one(sim, device, SIM_SYNC);
}

/* Who recovers by a gateway that tells no lie but of the roster. */
static void join_off_log(struct sim *sim, struct sim_device *newcomer)
{
	struct sim_world *world = &sim->world;
	uint32_t kept[SIM_FAULTS];

	memcpy(kept, world->faults.one_in, sizeof(kept));
	for (size_t i = SIM_WITHHOLD; i < SIM_OFF_LOG; i++)
		world->faults.one_in[i] = 0;
	world->lies.on = world->faults.on = true;
	syncs(sim, newcomer);
	world->lies.on = world->faults.on = false;
	memcpy(world->faults.one_in, kept, sizeof(kept));
}

/* In the end an honest gateway, and all is as if there had been no other. */
static void lies(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_device *newcomer;

	sim_trace(world, "the gateway lies");
	sim_gateway_need(world);
	newcomer = sim_add_device(sim); /* who has to believe it all */
	if (newcomer == NULL)
		return;
	if (world->faults.one_in[SIM_OFF_LOG] > 0)
		join_off_log(sim, newcomer);
	syncs(sim, newcomer);
	world->lies.on = true;
	world->faults.on = true;
	for (unsigned i = 0; i < COMMANDS && !sim_failed(sim); i++) {
		struct sim_device *device = sim->devices[sim_below(&world->random, sim->count)];

		sim_one(sim, device,
		    sim_one_in(&world->random, 2) ? SIM_SYNC : sim_person_draw(device));
	}
	world->lies.on = false;
	sim_lie_forget(world);
	sim_trace(world, "the gateway is honest");
	if (!sim_failed(sim))
		sim_calm(sim);
	if (!sim_failed(sim))
		sim_model_check(&sim->model, sim->devices, sim->count);
}

/* A gateway goes on with a copy: whoever has seen both sides says so, and resets are the way out.
 */
static void fork_it(struct sim *sim)
{
	struct sim_world *world = &sim->world;
	struct sim_gateway *gateway = &world->gateways.all[0];
	struct memory_store *copy = sim_copy_fork(world);
	struct bucket *fork = copy == NULL ? NULL : bucket_memory(copy, NULL);

	if (fork == NULL) {
		sim_fail(world, "the bucket can't be copied");
		memory_store_free(copy);
		return;
	}
	sim_trace(world, "a gateway goes on with a copy of the bucket");
	world->faults.hits[SIM_FORK]++;
	gateway->fork = fork;
	sim_two_logs(sim);
	gateway->fork = NULL;
	account_cache_clear(&gateway->cache);
	sim_trace(world, "the copy is gone");
	sim_one_log(sim);
	bucket_close(fork);
	memory_store_free(copy);
}

void sim_hostile(struct sim *sim)
{
	if (sim->world.gateways.count == 0 || sim->world.faults.one_in[SIM_FORK] == 0)
		lies(sim);
	else
		fork_it(sim);
}
