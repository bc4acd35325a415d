/*
 * tests/sim/sim_sync.c: the commands that go to the bucket, straight or by the gateway.
 */
#include "tests/sim/sim_sync.h"
#include "tests/sim/sim_net.h"

#define DAY_MS INT64_C(86400000)

static bool wait_a_while(void *self, int64_t ms)
{
	struct sim_device *device = self;

	if (ms > 0)
		sim_device_yield(device, ms);
	return !sim_device_dead(device);
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
	struct sim_visit visit;
	struct call call;
	enum engine_result result;

	need_keys(device);
	result = account_begin(&device->engine, "first", &device->call, &account);
	if (result != ENGINE_OK)
		return result;
	bytes_clear(&world->account.create);
	if (!bytes_copy(view_bytes(&account.create), &world->account.create))
		sim_fail(world, "no memory");
	remote_request(&call, &device->clock);
	sim_visit_begin(device, &visit);
	result = engine_of(sim_visit_end(
	    &visit, account_create(visit.env, visit.cache, view_bytes(&account.create), &call)));
	if (result == ENGINE_OK) {
		world->account.code = account.code;
		result = account_store(&device->engine, &account, &device->call);
	}
	if (sync_facts_get(&device->engine, &device->call, &facts) == ENGINE_OK)
		world->account.has_code = facts.has_account; /* also if it died just after */
	account_new_clear(&account);
	return result;
}

/* Another device, from the code: the roster, and its own statement still to be pushed. */
static enum engine_result run_join(struct sim_device *device, struct recovery_view *view)
{
	struct sim_world *world = device->world;
	struct sync_facts facts = {0};
	struct bytes roster = {0};
	struct sim_visit visit;
	struct call call;
	enum engine_result result;

	remote_request(&call, &device->clock);
	sim_visit_begin(device, &visit);
	result = engine_of(sim_visit_end(&visit,
	    account_roster(visit.env, visit.cache, &world->account.code.account, &call, &roster)));
	if (result != ENGINE_OK)
		call_sayf(&device->call, "%s", call.message);
	else if (device->gateway != NULL)
		sim_lie_roster(device, &roster);
	if (result == ENGINE_OK)
		result = recovery_check(&device->engine, view_bytes(&roster), &world->account.code,
		    &device->call, view);
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
		result = remote_run(sync, &device->remote, &device->world->account.code.account,
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
	struct sim_visit visit;
	struct call call;
	size_t compacted = 0;
	enum engine_result result = sync_facts_get(&device->engine, &device->call, &facts);

	/* It died amid that commit, and the disk has kept it. */
	device->world->account.has_code |= facts.has_account;
	if (result == ENGINE_OK && !facts.has_account && device->index == 0 &&
	    !device->world->account.has_code)
		result = run_on(device);
	else if (result == ENGINE_OK && (!facts.has_account || facts.recovering)) {
		if (!device->world->account.has_code)
			return ENGINE_OK;
		recovery = &view.keys;
		result = run_join(device, &view);
	}
	if (result != ENGINE_OK || only_join)
		return result;
	result = run_machine(device, recovery, false);
	if (result == ENGINE_BRAKE &&
	    !sim_device_dead(device)) { /* the person says that it is meant */
		struct sync_totals before = device->totals;

		result = run_machine(device, recovery, true);
		device->totals.pushed += before.pushed;
		device->totals.pulled += before.pulled;
		device->totals.conflicts += before.conflicts;
	}
	if (result == ENGINE_OK && device->totals.pushed > 0) {
		remote_request(&call, &device->clock);
		sim_visit_begin(device, &visit);
		result = engine_of(sim_visit_end(
		    &visit, account_compact(visit.env, visit.cache,
				&device->world->account.code.account, &call, &compacted)));
		if (result != ENGINE_OK)
			call_sayf(&device->call, "%s", call.message);
	}
	return result;
}

static enum engine_result run_sweep(struct sim_device *device)
{
	struct sweep_report report = {0};
	struct sim_visit visit;
	int64_t retain_ms;
	struct call call;
	enum engine_result result;
	struct sync_facts facts = {0};

	if (!device->world->plan.sweeps || !device->world->account.has_code)
		return ENGINE_OK;
	result = sync_facts_get(&device->engine, &device->call, &facts);
	if (result != ENGINE_OK || !facts.has_account)
		return result;
	remote_request(&call, &device->clock);
	retain_ms = sim_one_in(&device->person, 2) ? 0 : 30 * DAY_MS;
	sim_visit_begin(device, &visit);
	result = engine_of(sim_visit_end(
	    &visit, account_sweep(visit.env, visit.cache, &device->world->account.code.account,
			retain_ms, &call, &report)));
	if (result != ENGINE_OK)
		call_sayf(&device->call, "%s", call.message);
	return result;
}

/* What is put is gone, and so is the account on this device. */
static enum engine_result run_wipe(struct sim_device *device)
{
	struct wipe_report report = {0};
	struct bytes wipe = {0};
	struct sim_visit visit;
	struct call call;
	enum engine_result result;

	result = wipe_make(&device->engine, "", &device->call, &wipe);
	remote_request(&call, &device->clock);
	if (result == ENGINE_OK) {
		sim_visit_begin(device, &visit);
		result = engine_of(sim_visit_end(&visit,
		    account_wipe(visit.env, visit.cache, &device->world->account.code.account,
			view_bytes(&wipe), &call, &report)));
		if (result != ENGINE_OK)
			call_sayf(&device->call, "%s", call.message);
	}
	if (result == ENGINE_OK)
		result = account_forget(&device->engine, &device->call);
	device->world->account.wiped |= result == ENGINE_OK;
	bytes_clear(&wipe);
	return result;
}

static enum engine_result run_relist(struct sim_device *device)
{
	struct wipe_report report = {0};
	struct call call;
	enum engine_result result;

	remote_request(&call, &device->clock);
	result = engine_of(
	    account_relist(&device->env, &device->world->account.code.account, &call, &report));
	if (result != ENGINE_OK)
		call_sayf(&device->call, "%s", call.message);
	return result;
}

/* By somebody without a cache: a gateway that starts. */
static enum engine_result run_create_again(struct sim_device *device)
{
	struct account_cache cache = {0};
	struct call call;
	enum engine_result result;

	remote_request(&call, &device->clock);
	result = engine_of(account_create(
	    &device->env, &cache, view_bytes(&device->world->account.create), &call));
	account_cache_clear(&cache);
	call_sayf(&device->call, "%s", call.message);
	if (result == ENGINE_OK)
		sim_fail(device->world, "I6: an account that was wiped was made again");
	return result;
}

enum engine_result sim_sync_run(struct sim_device *device)
{
	switch (device->command) {
	case SIM_SYNC: return run_sync(device, false);
	case SIM_JOIN: return run_sync(device, true);
	case SIM_SWEEP: return run_sweep(device);
	case SIM_RESEED: return run_sync(device, false);
	case SIM_WIPE: return run_wipe(device);
	case SIM_RELIST: return run_relist(device);
	case SIM_CREATE_AGAIN: return run_create_again(device);
	case SIM_NEW:
	case SIM_EDIT:
	case SIM_HOLD:
	case SIM_SAVE:
	case SIM_DELETE:
	case SIM_RESTORE:
	case SIM_IMPORT:
	case SIM_COMMANDS: break;
	}
	return ENGINE_FAILED;
}
