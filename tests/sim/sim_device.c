/*
 * tests/sim/sim_device.c: a device: its clocks, its view of the bucket, its crashes, its syncs.
 */
#include "tests/sim/sim_device.h"
#include "tests/sim/sim_model.h"
#include "tests/sim/sim_net.h"
#include "tests/sim/sim_person.h"
#include "tests/sim/sim_sync.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define CALL_MS (60 * MINUTE_MS) /* of a whole command; a request has its own deadline */
#define REOPEN_ONE_IN 16u        /* a command is another process than the one before */

/* Who has the baton: the store's calls name the store alone, and libsodium's own draws nobody. */
static struct sim_device *running;

void sim_device_yield(struct sim_device *device, int64_t sleep_ms)
{
	sim_yield(&device->task, sleep_ms);
	running = device;
}

static const char *sodium_name(void)
{
	return "simulator";
}

static void sodium_fill(void *const out, const size_t len)
{
	static struct sim_random nobody; /* before the first device */

	sim_random_fill(running == NULL ? &nobody : &running->random, out, len);
}

static uint32_t sodium_random(void)
{
	uint32_t value;

	sodium_fill(&value, sizeof(value));
	return value;
}

bool sim_device_randomness(void)
{
	static struct randombytes_implementation implementation = {
	    .implementation_name = sodium_name, .random = sodium_random, .buf = sodium_fill};

	return randombytes_set_implementation(&implementation) == 0 && sodium_init() >= 0;
}

bool sim_device_dead(const struct sim_device *device)
{
	return device->crashed || device->world->ending;
}

static int64_t wall_ms(void *self)
{
	const struct sim_device *device = self;

	return device->world->schedule.now_ms + device->skew_ms;
}

static int64_t monotonic_ms(void *self)
{
	const struct sim_device *device = self;

	return device->world->schedule.now_ms;
}

/* One that lands after a wipe has to be met by who knew the account before: it is not left to luck.
 */
static bool creates_late(struct sim_device *device, enum memory_op op, const char *key)
{
	struct sim_world *world = device->world;

	if (!world->plan.late_create || world->account.has_code || !world->faults.on ||
	    op != MEMORY_PUT || strstr(key, "/manifest") == NULL || !sim_one_in(&world->random, 2))
		return false;
	world->faults.hits[SIM_LATE]++;
	return true;
}

/* The bucket's calls: others go on, then this one's fate is drawn. */
static enum memory_fault draw_fault(struct sim_device *device, enum memory_op op, const char *key)
{
	struct sim_world *world = device->world;
	bool writes = op == MEMORY_PUT || op == MEMORY_REMOVE;
	enum memory_fault fault = MEMORY_FAULT_NONE;

	if (world->ending || (world->bucket.read_only && writes) ||
	    (device->crashed && !device->at_gateway))
		return MEMORY_FAULT_BEFORE;
	if (device->at_gateway)
		fault = sim_net_gateway_dies(device);
	if (fault != MEMORY_FAULT_NONE)
		return fault;
	if (!device->at_gateway && sim_death_draw(device)) {
		static const enum memory_fault fates[] = {
		    MEMORY_FAULT_BEFORE, MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE};

		sim_die(device);
		return fates[sim_below(&world->random, COUNT_OF(fates))];
	}
	if (sim_hit(world, SIM_BEFORE))
		return MEMORY_FAULT_BEFORE;
	if (sim_hit(world, SIM_THROTTLE))
		return MEMORY_FAULT_THROTTLED;
	if (op == MEMORY_LIST && sim_hit(world, SIM_STALE))
		return MEMORY_FAULT_STALE;
	if (op == MEMORY_PUT && sim_hit(world, SIM_LOSER))
		return MEMORY_FAULT_LOSER;
	if (writes && sim_hit(world, SIM_UNKNOWN))
		return MEMORY_FAULT_UNKNOWN;
	if (writes && sim_hit(world, SIM_AFTER))
		return MEMORY_FAULT_AFTER;
	if (creates_late(device, op, key) || (op == MEMORY_PUT && sim_hit(world, SIM_LATE)))
		return MEMORY_FAULT_LATE;
	return MEMORY_FAULT_NONE;
}

/*
 * On a slow line, where devices sweep: what was put waits for the commit that names it, until a
 * sweep has listed; and who sweeps waits to commit until another has committed, and has lost the
 * race.
 */
#define SLOW_STEPS 40u
static void be_slow(struct sim_device *device, enum memory_op op, const char *key)
{
	struct sim_world *world = device->world;
	bool sweeps = device->command == SIM_SWEEP;
	const uint64_t *awaited = sweeps ? &world->bucket.commits : &world->bucket.listings;
	uint64_t before = *awaited;

	if (op == MEMORY_LIST && sweeps)
		world->bucket.listings++;
	if (op != MEMORY_PUT || strstr(key, "/manifest") == NULL)
		return;
	for (unsigned i = 0;
	     device->slow && i < SLOW_STEPS && *awaited == before && !sim_device_dead(device); i++)
		sim_device_yield(device, (int64_t)sim_below(&world->random, 40));
	world->bucket.commits += !sweeps;
}

static enum memory_fault before_call(void *self, enum memory_op op, const char *key)
{
	static const char *const ops[] = {"put", "get", "remove", "list"};
	static const char *const fates[] = {
	    "", " before", " unknown", " after", " late", " throttled", " loser", " stale"};
	struct sim_device *device = self;
	const char *name = strlen(key) > 43 ? key + 43 : key; /* after "a/<account>/" */
	enum memory_fault fault;

	be_slow(device, op, key);
	sim_device_yield(device, 0);
	fault = draw_fault(device, op, key);
	if (fault == MEMORY_FAULT_NONE && op == MEMORY_GET &&
	    strcmp(key, device->world->bucket.damaged_key) == 0)
		device->read_damaged = true;
	if (op == MEMORY_REMOVE && device->command == SIM_SWEEP && !device->world->account.wiping)
		sim_names_removed(device->model, key);
	sim_trace(device->world, "d%u %s: %s %.16s%s%s%s", device->index,
	    sim_command_text(device->command), ops[op], name, fates[fault],
	    device->crashed ? ", " : "", device->crashed ? sim_death_text(device) : "");
	return fault;
}

static bool crashes_at_begin(struct sim_device *device, struct call *call)
{
	sim_device_yield(device, 0);
	if (!sim_device_dead(device) && sim_death_draw(device))
		sim_die(device);
	if (sim_device_dead(device))
		call_sayf(call, "the device has crashed");
	return sim_device_dead(device);
}

static enum journal_result begin(void *store, struct call *call)
{
	struct sim_device *device = running;

	return crashes_at_begin(device, call) ? JOURNAL_FAILED
					      : device->store_ops->begin(store, call);
}

static enum journal_result begin_light(void *store, struct call *call)
{
	struct sim_device *device = running;

	return crashes_at_begin(device, call) ? JOURNAL_FAILED
					      : device->store_ops->begin_light(store, call);
}

static enum journal_result commit(void *store, struct call *call)
{
	struct sim_device *device = running;
	enum journal_result result = JOURNAL_FAILED;
	enum { BEFORE, AMID, AFTER } death = AFTER; /* what the caller is told is the same */
	bool dies;

	sim_device_yield(device, 0);
	dies = !sim_device_dead(device) && sim_death_draw(device);
	if (dies)
		death = (unsigned)sim_below(&device->world->random, AFTER + 1);
	if (death == AMID)
		sim_die_soon(device);
	if (!sim_device_dead(device) && death != BEFORE)
		result = device->store_ops->commit(store, call);
	if (dies)
		sim_die(device);
	if (!sim_device_dead(device))
		return result;
	call_sayf(call, "the device has crashed");
	return JOURNAL_FAILED;
}

static enum journal_result version_get(
    void *store, const struct digest *version, struct call *call, struct bytes *encoded_out)
{
	struct sim_device *device = running;
	enum journal_result result =
	    device->store_ops->version_get(store, version, call, encoded_out);

	if (result == JOURNAL_OK)
		sim_rot_read(device, version, encoded_out);
	return result;
}

static enum journal_result scan_next(void *store, struct call *call, struct journal_row *out)
{
	struct sim_device *device = running;
	enum journal_result result = device->store_ops->scan_next(store, call, out);

	if (result == JOURNAL_OK)
		sim_rot_read(device, &out->version, &out->encoded);
	return result;
}

static bool open_store(struct sim_device *device)
{
	struct journal journal;

	call_init(&device->call, device->world->schedule.now_ms + CALL_MS);
	if (store_open(device->path, &store_options_disk, &device->clock, &device->call,
		&device->store) != JOURNAL_OK) {
		sim_fail(device->world, "d%u: the store does not open: %s", device->index,
		    device->call.message);
		return false;
	}
	journal = store_journal(device->store);
	device->store_ops = journal.ops;
	device->ops = *journal.ops;
	device->ops.begin = begin;
	device->ops.begin_light = begin_light;
	device->ops.commit = commit;
	device->ops.version_get = version_get;
	device->ops.scan_next = scan_next;
	device->engine.journal = (struct journal){.self = journal.self, .ops = &device->ops};
	return true;
}

bool sim_device_open(struct sim_device *device, struct sim_model *model, struct sim_world *world,
    unsigned index, const char *folder)
{
	const struct memory_hook hook = {.self = device, .before = before_call};

	*device = (struct sim_device){.world = world, .model = model, .index = index};
	sim_random_init(&device->random, world->seed, 100 + index);
	sim_random_init(&device->person, world->seed, 200 + index);
	device->skew_ms = (int64_t)sim_below(&device->person, 20 * MINUTE_MS) - 10 * MINUTE_MS;
	if (sim_one_in(&device->person, 5))
		device->skew_ms += sim_one_in(&device->person, 2) ? DAY_MS : -DAY_MS;
	device->clock =
	    (struct clock){.self = device, .wall_ms = wall_ms, .monotonic_ms = monotonic_ms};
	device->entropy = (struct random){.self = &device->random, .fill = sim_random_fill};
	device->engine.clock = &device->clock;
	device->engine.random = &device->entropy;
	device->remote = (struct remote){.self = device, .ops = &sim_remote_ops};
	device->bucket = bucket_memory(world->bucket.objects, &hook);
	device->env = (struct account_env){.bucket = device->bucket,
	    .clock = &device->clock,
	    .random = &device->entropy,
	    .prefix = "",
	    .gateway = ""};
	return device->bucket != NULL && sim_home_make(device, folder) && open_store(device) &&
	       sim_task_open(&device->task, &world->schedule);
}

void sim_device_close(struct sim_device *device)
{
	sim_task_close(&device->task);
	store_close(device->store);
	bucket_close(device->bucket);
	account_cache_clear(&device->cache);
	bytes_clear(&device->kept_cache);
	running = NULL;
	*device = (struct sim_device){0};
}

/* What was in memory is gone; what its disk has kept is there. */
void sim_device_come_back(struct sim_device *device)
{
	account_cache_clear(&device->cache);
	device->held.id[0] = '\0';
	store_close(device->store);
	device->store = NULL;
	sim_home_start(device);
	if (open_store(device))
		device->crashed = false;
}

struct history_list {
	struct sim_version *rows;
	size_t count, max;
};

static bool history_see(void *self, const struct store_history *row)
{
	struct history_list *list = self;

	if (list->count < list->max)
		list->rows[list->count++] = (struct sim_version){row->version, row->kind};
	return true;
}

size_t sim_device_history(
    struct sim_device *device, const char *id, struct sim_version *out, size_t max)
{
	struct history_list list = {.rows = out, .max = max};

	if (store_history(device->store, view_text(id), history_see, &list, &device->call) !=
	    JOURNAL_OK)
		sim_fail(device->world, "d%u: a history cannot be read: %s", device->index,
		    device->call.message);
	return list.count;
}

/* Under crashes anything may come; else a command ends well, or "later" where the bucket failed. */
static void judge(struct sim_device *device, enum engine_result result)
{
	const struct sim_world *world = device->world;

	if (result == ENGINE_OK || sim_device_dead(device) || world->bucket.damaged_key[0] != '\0')
		return;
	if (result == ENGINE_LATER && device->command >= SIM_SYNC)
		return;
	if (result == ENGINE_ROLLBACK && world->bucket.restored && device->command == SIM_SYNC)
		return;
	if (result == ENGINE_GONE && device->command >= SIM_SYNC && world->account.wiping)
		return;
	if (result == ENGINE_UNSOUND && device->rotted)
		return;
	if (result == ENGINE_WRONG_KEY && device->command == SIM_SYNC && world->account.wrong_key)
		return;
	/* A liar gets no more than a refusal: what ends an account takes a signature, and who is
	 * revoked a member's, of the roster that is known. */
	if (world->lies.on && device->command >= SIM_SYNC && result != ENGINE_GONE &&
	    (result != ENGINE_REVOKED || world->lies.revokes) && result != ENGINE_ROOT)
		return;
	sim_fail(device->world, "d%u %s: %s: %s", device->index, sim_command_text(device->command),
	    engine_result_text(result), device->call.message);
}

/* A command that ends well keeps its cache, as the program does when it exits. */
static void keep_cache(struct sim_device *device)
{
	struct bytes kept = {0};

	if (device->command < SIM_SYNC)
		return;
	if (account_cache_save(&device->cache, &kept)) {
		bytes_clear(&device->kept_cache);
		device->kept_cache = kept;
	}
	account_cache_clear(&device->cache);
}

static void trace_end(struct sim_device *device)
{
	struct sim_world *world = device->world;

	sim_trace(world, "d%u %s: %s%s%s", device->index, sim_command_text(device->command),
	    device->crashed ? sim_death_text(device) : engine_result_text(device->result),
	    device->result == ENGINE_OK ? "" : ": ",
	    device->result == ENGINE_OK ? "" : device->call.message);
	for (size_t i = 0; i < device->intents_count; i++)
		sim_trace(world, "    %s #%u", device->intents[i].id, device->intents[i].token);
	if (device->command == SIM_SYNC || device->command == SIM_RESEED)
		sim_trace(world, "    at %llu, pushed %llu, pulled %llu, conflicts %llu",
		    (unsigned long long)device->totals.head.seq,
		    (unsigned long long)device->totals.pushed,
		    (unsigned long long)device->totals.pulled,
		    (unsigned long long)device->totals.conflicts);
}

static void work(void *self)
{
	struct sim_device *device = self;
	struct sim_world *world = device->world;
	bool acknowledged;

	running = device;
	if (sim_one_in(&device->person, REOPEN_ONE_IN))
		sim_device_reopen(device);
	if (device->store == NULL) /* it did not open: the run has failed */
		return;
	call_init(&device->call, world->schedule.now_ms + CALL_MS);
	device->intents_count = 0;
	device->read_damaged = false;
	device->totals = (struct sync_totals){0};
	if (sim_hit(world, SIM_CLOCK))
		device->skew_ms +=
		    (int64_t)sim_below(&world->random, 20 * MINUTE_MS) - 10 * MINUTE_MS;
	device->gateway = NULL;
	if (world->gateways.count > 0 && (world->lies.on || sim_one_in(&device->person, 2)))
		device->gateway =
		    &world->gateways.all[sim_below(&device->person, world->gateways.count)];
	if (device->command >= SIM_SYNC && !sim_one_in(&device->person, 10))
		account_cache_load(&device->cache, view_bytes(&device->kept_cache));
	device->slow = world->plan.sweeps && world->faults.on && !world->account.wiping &&
		       (device->command == SIM_SYNC || device->command == SIM_SWEEP) &&
		       sim_one_in(&device->person, 2);
	sim_rot_begin(device);
	device->result = device->command < SIM_SYNC ? sim_person_run(device) : sim_sync_run(device);
	sim_rot_end(device);
	judge(device, device->result);
	acknowledged = device->result == ENGINE_OK && !device->crashed;
	trace_end(device);
	if (!device->crashed)
		keep_cache(device);
	else
		sim_device_come_back(device);
	if (world->ending)
		return;
	if (!device->joined && acknowledged && device->command == SIM_SYNC &&
	    world->account.has_code) {
		device->joined = true;
		device->joined_at = device->model->ops_count;
	}
	sim_model_took(device->model, device, acknowledged);
	sim_told_observe(device->model, device, acknowledged);
	sim_model_observe(device->model, device);
}

void sim_device_begin(struct sim_device *device, enum sim_command command)
{
	device->command = command;
	device->task.work = work;
	device->task.self = device;
	sim_give(&device->task);
}
