/*
 * tests/sim/sim_device.c: a device: its clocks, its view of the bucket, its crashes, its syncs.
 */
#include "tests/sim/sim_device.h"
#include "tests/sim/sim_model.h"
#include "tests/sim/sim_person.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define CALL_MS (60 * MINUTE_MS) /* of a whole command; a request has its own deadline */

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
	case SIM_COMMANDS: break;
	}
	return "none";
}

/* Who has the baton: the store's calls name the store alone, and libsodium's own draws nobody. */
static struct sim_device *running;

static void yield(struct sim_device *device, int64_t sleep_ms)
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

static bool dead(const struct sim_device *device)
{
	return device->crashed || device->world->ending;
}

static int64_t wall_ms(void *self)
{
	const struct sim_device *device = self;

	return device->world->now_ms + device->skew_ms;
}

static int64_t monotonic_ms(void *self)
{
	const struct sim_device *device = self;

	return device->world->now_ms;
}

/* The bucket's calls: others go on, then this one's fate is drawn. */
static enum memory_fault draw_fault(struct sim_device *device, enum memory_op op)
{
	struct sim_world *world = device->world;
	bool writes = op == MEMORY_PUT || op == MEMORY_REMOVE;

	if (dead(device) || (world->read_only && writes))
		return MEMORY_FAULT_BEFORE;
	if (sim_hit(world, SIM_CRASH)) {
		static const enum memory_fault fates[] = {
		    MEMORY_FAULT_BEFORE, MEMORY_FAULT_AFTER, MEMORY_FAULT_LATE};

		device->crashed = true;
		return fates[sim_below(&world->random, COUNT_OF(fates))];
	}
	if (sim_hit(world, SIM_BEFORE))
		return MEMORY_FAULT_BEFORE;
	if (writes && sim_hit(world, SIM_UNKNOWN))
		return MEMORY_FAULT_UNKNOWN;
	if (writes && sim_hit(world, SIM_AFTER))
		return MEMORY_FAULT_AFTER;
	if (op == MEMORY_PUT && sim_hit(world, SIM_LATE))
		return MEMORY_FAULT_LATE;
	return MEMORY_FAULT_NONE;
}

static enum memory_fault before_call(void *self, enum memory_op op, const char *key)
{
	static const char *const ops[] = {"put", "get", "remove", "list"};
	static const char *const fates[] = {"", " before", " unknown", " after", " late"};
	struct sim_device *device = self;
	const char *name = strlen(key) > 43 ? key + 43 : key; /* after "a/<account>/" */
	enum memory_fault fault;

	yield(device, 0);
	fault = draw_fault(device, op);
	if (fault == MEMORY_FAULT_NONE && op == MEMORY_GET &&
	    strcmp(key, device->world->damaged_key) == 0)
		device->read_damaged = true;
	sim_trace(device->world, "d%u %s: %s %.16s%s%s", device->index,
	    sim_command_text(device->command), ops[op], name, fates[fault],
	    device->crashed ? ", crashed" : "");
	return fault;
}

static bool crashes_at_begin(struct sim_device *device, struct call *call)
{
	yield(device, 0);
	if (!dead(device) && sim_hit(device->world, SIM_CRASH))
		device->crashed = true;
	if (dead(device))
		call_sayf(call, "the device has crashed");
	return dead(device);
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
	bool crashes;

	yield(device, 0);
	crashes = !dead(device) && sim_hit(device->world, SIM_CRASH);
	/* Before it took effect, or after; what the caller is told is the same. */
	if (!dead(device) && (!crashes || sim_one_in(&device->world->random, 2)))
		result = device->store_ops->commit(store, call);
	if (crashes)
		device->crashed = true;
	if (!dead(device))
		return result;
	call_sayf(call, "the device has crashed");
	return JOURNAL_FAILED;
}

/* The remote: the account code on this device's own view of the bucket. */
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

static enum remote_result remote_sync(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	struct sim_device *device = self;

	return remote_of(account_sync(&device->env, &device->cache, request, call, answer));
}

static enum remote_result remote_blob_get(void *self, const struct account_id *account,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	struct sim_device *device = self;

	return remote_of(account_blob_get(&device->env, &device->cache, account, name, call, out));
}

static enum remote_result remote_blob_put(void *self, const struct account_id *account,
    const struct blob_name *name, struct view blob, struct call *call)
{
	struct sim_device *device = self;

	return remote_of(account_blob_put(&device->env, &device->cache, account, name, blob, call));
}

/* Blobs under way come in any order. */
static size_t remote_pick(void *self, size_t count)
{
	struct sim_device *device = self;

	return (size_t)sim_below(&device->world->random, count);
}

static const struct remote_ops remote_ops = {.sync = remote_sync,
    .blob_get = remote_blob_get,
    .blob_put = remote_blob_put,
    .pick = remote_pick};

static bool wait_a_while(void *self, int64_t ms)
{
	struct sim_device *device = self;

	if (ms > 0)
		yield(device, ms);
	return !dead(device);
}

static bool open_store(struct sim_device *device)
{
	struct journal journal;

	call_init(&device->call, device->world->now_ms + CALL_MS);
	if (store_open(device->path, &device->clock, &device->call, &device->store) != JOURNAL_OK) {
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
	device->remote = (struct remote){.self = device, .ops = &remote_ops};
	(void)snprintf(device->path, sizeof(device->path), "%s/d%u.db", folder, index);
	device->bucket = bucket_memory(world->objects, &hook);
	device->env = (struct account_env){.bucket = device->bucket,
	    .clock = &device->clock,
	    .random = &device->entropy,
	    .prefix = "",
	    .gateway = ""};
	return device->bucket != NULL && open_store(device) && sim_task_open(&device->task, world);
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

/* What was in memory is gone; what was committed is there. */
static void come_back(struct sim_device *device)
{
	account_cache_clear(&device->cache);
	device->held.id[0] = '\0';
	store_close(device->store);
	device->store = NULL;
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

static enum engine_result engine_of(enum account_result result)
{
	switch (result) {
	case ACCOUNT_OK: return ENGINE_OK;
	case ACCOUNT_RETRY: return ENGINE_LATER;
	case ACCOUNT_ABSENT: return ENGINE_MISSING;
	case ACCOUNT_GONE: return ENGINE_GONE;
	case ACCOUNT_DAMAGED: return ENGINE_DAMAGED;
	case ACCOUNT_REFUSED:
	case ACCOUNT_FAILED: break;
	}
	return ENGINE_FAILED;
}

static void need_keys(struct sim_device *device)
{
	if (device->engine.keys == NULL)
		device_keys_new(&device->entropy, &device->keys);
	device->engine.keys = &device->keys;
}

/* The first device makes the account; the person writes the code down once it is stored. */
static enum engine_result run_on(struct sim_device *device)
{
	struct sim_world *world = device->world;
	struct account_new account = {0};
	struct sync_facts facts = {0};
	struct call call;
	enum engine_result result;

	need_keys(device);
	result = account_begin(&device->engine, "first", &device->call, &account);
	if (result != ENGINE_OK)
		return result;
	remote_request(&call, &device->clock);
	result = engine_of(
	    account_create(&device->env, &device->cache, view_bytes(&account.create), &call));
	if (result == ENGINE_OK)
		result = account_store(&device->engine, &account, &device->call);
	if (sync_facts_get(&device->engine, &device->call, &facts) == ENGINE_OK &&
	    facts.has_account) { /* also if it died just after */
		world->code = account.code;
		world->has_code = true;
	}
	account_new_clear(&account);
	return result;
}

/* Another device, from the code: the roster, and its own statement still to be pushed. */
static enum engine_result run_join(struct sim_device *device, struct recovery_view *view)
{
	struct sim_world *world = device->world;
	struct sync_facts facts = {0};
	struct bytes roster = {0};
	struct call call;
	enum engine_result result;

	remote_request(&call, &device->clock);
	result = engine_of(
	    account_roster(&device->env, &device->cache, &world->code.account, &call, &roster));
	if (result != ENGINE_OK)
		call_sayf(&device->call, "%s", call.message);
	if (result == ENGINE_OK)
		result = recovery_check(
		    &device->engine, view_bytes(&roster), &world->code, &device->call, view);
	if (result == ENGINE_OK)
		result = sync_facts_get(&device->engine, &device->call, &facts);
	if (result == ENGINE_OK && !facts.has_account) {
		need_keys(device);
		result = recovery_store(
		    &device->engine, view_bytes(&roster), view, "another", &device->call);
	}
	bytes_clear(&roster);
	return result;
}

static enum engine_result run_machine(
    struct sim_device *device, const struct device_keys *recovery, bool allow_deletions)
{
	const struct sync_options options = {.allow_deletions = allow_deletions,
	    .reseed = device->command == SIM_RESEED,
	    .recovery = recovery};
	const struct remote_waiter waiter = {.self = device, .wait = wait_a_while};
	struct sync_totals totals = {0};
	struct sync *sync = NULL;
	enum engine_result result;

	result = sync_new(&device->engine, &options, &device->call, &sync);
	if (result == ENGINE_OK)
		result = remote_run(sync, &device->remote, &device->world->code.account,
		    &device->clock, &waiter, &device->call, &totals);
	sync_free(sync);
	device->conflicts += totals.conflicts;
	device->pushed += totals.pushed;
	device->pulled += totals.pulled;
	device->deltas += totals.deltas;
	device->totals = totals;
	device->resets += totals.reset;
	return result;
}

static enum engine_result run_sync(struct sim_device *device, bool only_join)
{
	struct recovery_view view = {0};
	struct sync_facts facts = {0};
	const struct device_keys *recovery = NULL;
	struct call call;
	size_t folded = 0;
	enum engine_result result = sync_facts_get(&device->engine, &device->call, &facts);

	if (result == ENGINE_OK && !facts.has_account && device->index == 0 &&
	    !device->world->has_code)
		result = run_on(device);
	else if (result == ENGINE_OK && (!facts.has_account || facts.recovering)) {
		if (!device->world->has_code)
			return ENGINE_OK;
		recovery = &view.keys;
		result = run_join(device, &view);
	}
	if (result != ENGINE_OK || only_join)
		return result;
	result = run_machine(device, recovery, false);
	if (result == ENGINE_BRAKE && !dead(device)) /* the person says that it is meant */
		result = run_machine(device, recovery, true);
	if (result == ENGINE_OK && device->totals.pushed > 0) {
		remote_request(&call, &device->clock);
		result = engine_of(account_fold(
		    &device->env, &device->cache, &device->world->code.account, &call, &folded));
		if (result != ENGINE_OK)
			call_sayf(&device->call, "%s", call.message);
	}
	return result;
}

static enum engine_result run_sweep(struct sim_device *device)
{
	struct sweep_report report = {0};
	struct call call;
	enum engine_result result;
	struct sync_facts facts = {0};

	if (!device->world->sweeps || !device->world->has_code)
		return ENGINE_OK;
	result = sync_facts_get(&device->engine, &device->call, &facts);
	if (result != ENGINE_OK || !facts.has_account)
		return result;
	remote_request(&call, &device->clock);
	result = engine_of(account_sweep(&device->env, &device->cache, &device->world->code.account,
	    sim_one_in(&device->person, 2) ? 0 : 30 * DAY_MS, &call, &report));
	if (result != ENGINE_OK)
		call_sayf(&device->call, "%s", call.message);
	return result;
}

static enum engine_result run(struct sim_device *device)
{
	switch (device->command) {
	case SIM_NEW:
	case SIM_EDIT:
	case SIM_HOLD:
	case SIM_SAVE:
	case SIM_DELETE:
	case SIM_RESTORE:
	case SIM_IMPORT: return sim_person_run(device);
	case SIM_SYNC: return run_sync(device, false);
	case SIM_JOIN: return run_sync(device, true);
	case SIM_SWEEP: return run_sweep(device);
	case SIM_RESEED: return run_sync(device, false);
	case SIM_COMMANDS: break;
	}
	return ENGINE_FAILED;
}

/* Under crashes anything may come; else a command ends well, or "later" where the bucket failed. */
static void judge(struct sim_device *device, enum engine_result result)
{
	const struct sim_world *world = device->world;

	if (result == ENGINE_OK || dead(device) || world->damaged_key[0] != '\0')
		return;
	if (result == ENGINE_LATER && device->command >= SIM_SYNC)
		return;
	if (result == ENGINE_ROLLBACK && world->restored && device->command == SIM_SYNC)
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
	    device->crashed ? "crashed" : engine_result_text(device->result),
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
	call_init(&device->call, world->now_ms + CALL_MS);
	device->intents_count = 0;
	device->read_damaged = false;
	device->totals = (struct sync_totals){0};
	if (sim_hit(world, SIM_CLOCK))
		device->skew_ms +=
		    (int64_t)sim_below(&world->random, 20 * MINUTE_MS) - 10 * MINUTE_MS;
	if (device->command >= SIM_SYNC && !sim_one_in(&device->person, 10))
		account_cache_load(&device->cache, view_bytes(&device->kept_cache));
	device->result = run(device);
	judge(device, device->result);
	acknowledged = device->result == ENGINE_OK && !device->crashed;
	trace_end(device);
	if (!device->crashed)
		keep_cache(device);
	else
		come_back(device);
	if (world->ending)
		return;
	if (!device->joined && acknowledged && device->command == SIM_SYNC && world->has_code) {
		device->joined = true;
		device->joined_at = device->model->ops_count;
	}
	sim_model_took(device->model, device, acknowledged);
	sim_model_observe(device->model, device);
}

void sim_device_begin(struct sim_device *device, enum sim_command command)
{
	device->command = command;
	device->task.work = work;
	device->task.self = device;
	sim_give(&device->task);
}
