/*
 * tests/cli/remote/remote_test.c: a remote straight over a dir: bucket, and the loop that drives
 * the engine over it, with real stores: requests are counted, and every end a run can take.
 */
#include "tests/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/remote/remote_open.h"
#include "cli/remote/remote_run.h"
#include "cli/store/store.h"

#define PATH_MAX_HERE 512u

static int64_t now_ms(clockid_t which)
{
	struct timespec now;

	assert_int_equal(clock_gettime(which, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t wall_ms(void *self)
{
	(void)self;
	return now_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
	(void)self;
	return now_ms(CLOCK_MONOTONIC);
}

static void fill(void *self, void *out, size_t len)
{
	(void)self;
	randombytes_buf(out, len);
}

static const struct clock test_clock = {.wall_ms = wall_ms, .monotonic_ms = monotonic_ms};
static const struct random test_random = {.fill = fill};

struct device {
	char path[PATH_MAX_HERE];
	struct store *store;
	struct device_keys keys;
	struct engine engine;
	struct bytes kept; /* the remote's cache, as a caller keeps it */
	unsigned saves;
	struct remote_counts counts;
	struct remote *remote;
	struct call call;
	struct account_id account;
	unsigned steps_max;  /* of a run; 0: no test's own */
	unsigned waits_left; /* then the waiter says: cancelled */
};

struct fixture {
	char folder[64];
	char url[PATH_MAX_HERE];
	struct device device;
};

static bool waits(void *self, int64_t ms)
{
	struct device *device = self;
	const struct timespec rest = {.tv_nsec = (long)(ms % 1000) * 1000000};

	if (device->waits_left == 0)
		return false;
	device->waits_left--;
	(void)nanosleep(&rest, NULL);
	return true;
}

static void open_remote(struct fixture *fixture)
{
	struct device *device = &fixture->device;
	const struct remote_access access = {.keys = &device->keys};
	struct call call;

	remote_request(&call, &test_clock);
	device->remote = remote_open(
	    fixture->url, &test_clock, &test_random, view_bytes(&device->kept), &access, &call);
	if (device->remote == NULL)
		fail_msg("%s", call.message);
}

/* What it knows is kept, as a run of the program does. */
static void close_remote(struct fixture *fixture)
{
	struct device *device = &fixture->device;
	struct bytes known = {0};

	if (device->remote == NULL)
		return;
	remote_counted(device->remote, &device->counts);
	if (remote_known(device->remote, &known)) {
		bytes_clear(&device->kept);
		device->kept = known;
		device->saves++;
	}
	remote_close(device->remote);
	device->remote = NULL;
}

static void write_entry(struct device *device, const char *text)
{
	char id[COPY_ID_LEN + 1];
	struct edit_outcome outcome;
	struct entry entry = {.collection = view_text("journal"),
	    .title = view_text("title"),
	    .content = view_text(text)};

	entry_id_new(&test_random, id);
	entry.id = view_text(id);
	assert_int_equal(
	    edit_save(&device->engine, &entry, NULL, &device->call, &outcome), ENGINE_OK);
}

/* A sync with a remote of its own, as a run of the program does. */
static enum engine_result run(struct fixture *fixture, struct sync_totals *totals)
{
	struct device *device = &fixture->device;
	const struct sync_options options = {0};
	const struct remote_waiter waiter = {
	    .self = device, .wait = waits, .steps_max = device->steps_max};
	struct sync *sync = NULL;
	enum engine_result result;

	open_remote(fixture);
	result = sync_new(&device->engine, &options, &device->call, &sync);
	if (result == ENGINE_OK)
		result = remote_run(sync, device->remote, &device->account, &test_clock, &waiter,
		    &device->call, totals);
	remote_counted(device->remote, &device->counts);
	sync_free(sync);
	return result;
}

static void run_ok(struct fixture *fixture, struct sync_totals *totals)
{
	enum engine_result result = run(fixture, totals);

	if (result != ENGINE_OK)
		fail_msg("%s: %s", engine_result_text(result), fixture->device.call.message);
	close_remote(fixture);
}

static void create_account(struct fixture *fixture)
{
	struct device *device = &fixture->device;
	struct account_new account = {0};
	struct call call;

	assert_int_equal(account_begin(&device->engine, "one", &device->call, &account), ENGINE_OK);
	open_remote(fixture);
	for (int again = 0; again < 2;
	     again++) { /* as after a lost answer: it is there, and fine */
		remote_request(&call, &test_clock);
		assert_int_equal(device->remote->ops->create(device->remote->self, &account.account,
				     view_bytes(&account.create), &call),
		    REMOTE_OK);
	}
	close_remote(fixture);
	assert_int_equal(account_store(&device->engine, &account, &device->call), ENGINE_OK);
	device->account = account.account;
	account_new_clear(&account);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct device *device;

	if (fixture == NULL)
		return -1;
	device = &fixture->device;
	*state = fixture;
	(void)snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/inkseal-remote-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	(void)snprintf(fixture->url, sizeof(fixture->url), "dir:%s/bucket", fixture->folder);
	(void)snprintf(device->path, sizeof(device->path), "%s/journal.db", fixture->folder);
	call_init(&device->call, monotonic_ms(NULL) + 600000);
	assert_int_equal(store_open(device->path, &store_options_disk, &test_clock, &device->call,
			     &device->store),
	    JOURNAL_OK);
	device_keys_new(&test_random, &device->keys);
	device->engine = (struct engine){.journal = store_journal(device->store),
	    .clock = &test_clock,
	    .random = &test_random,
	    .keys = &device->keys};
	device->waits_left = 1000;
	create_account(fixture);
	return 0;
}

/* depth: what is made here is no deeper. */
static void remove_all(const char *path, unsigned depth)
{
	DIR *folder = depth > 0 ? opendir(path) : NULL;
	struct dirent *item;

	while (folder != NULL && (item = readdir(folder)) != NULL) {
		char below[PATH_MAX_HERE];

		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, item->d_name);
		remove_all(below, depth - 1);
	}
	if (folder != NULL)
		(void)closedir(folder);
	(void)remove(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	close_remote(fixture);
	bytes_clear(&fixture->device.kept);
	store_close(fixture->device.store);
	device_keys_clear(&fixture->device.keys);
	remove_all(fixture->folder, 8);
	free(fixture);
	return 0;
}

static void open_refuses(void **state)
{
	static const struct {
		const char *name, *url, *says;
	} rows[] = {
	    {"another scheme", "ftp://host/", "dir:"},
	    {"nothing", "", "dir:"},
	    {"no parent", "dir:/no/such/parent/folder", "parent"},
	};

	const struct remote_access access = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct call call;

		remote_request(&call, &test_clock);
		assert_null(remote_open(
		    rows[i].url, &test_clock, &test_random, (struct view){0}, &access, &call));
		if (strstr(call.message, rows[i].says) == NULL)
			fail_msg("%s: %s", rows[i].name, call.message);
	}
}

static void a_warm_edit_is_one_put(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};

	write_entry(device, "first");
	run_ok(fixture, &totals);
	assert_int_equal(totals.pushed, 1);
	for (int i = 0; i < 3; i++) {
		write_entry(device, "one more");
		run_ok(fixture, &totals);
		assert_int_equal(totals.pushed, 1);
		assert_int_equal(device->counts.put, 1);
		assert_int_equal(device->counts.get, 0);
		assert_int_equal(device->counts.list + device->counts.remove, 0);
	}
	assert_int_equal(totals.head.seq, 4);
}

static void no_change_is_one_conditional_get(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};

	write_entry(device, "first");
	run_ok(fixture, &totals);
	run_ok(fixture, &totals);
	assert_int_equal(totals.pushed + totals.pulled, 0);
	assert_int_equal(device->counts.get, 1);
	assert_int_equal(device->counts.bytes_down, 0);
	assert_int_equal(device->counts.put + device->counts.list + device->counts.remove, 0);
}

/* It is only a cache: lost or damaged, it costs requests and nothing else. */
static void a_damaged_cache_costs_requests_alone(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};

	write_entry(device, "first");
	run_ok(fixture, &totals);
	assert_true(device->kept.len > 0);
	device->kept.data[device->kept.len / 2] ^= 1;
	write_entry(device, "second");
	run_ok(fixture, &totals);
	assert_int_equal(totals.pushed, 1);
	assert_int_equal(totals.head.seq, 2);
	bytes_clear(&device->kept);
	write_entry(device, "third");
	run_ok(fixture, &totals);
	assert_int_equal(totals.head.seq, 3);
}

static void a_blob_is_put_and_read_back(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	const struct remote_ops *ops;
	struct blob_name name = {.count = 0};
	struct bytes roster = {0}, blob = {0};
	struct call call;

	open_remote(fixture);
	ops = device->remote->ops;
	remote_request(&call, &test_clock);
	assert_int_equal(
	    ops->roster(device->remote->self, &device->account, &call, &roster), REMOTE_OK);
	assert_true(roster.len > 0);
	remote_request(&call, &test_clock);
	assert_int_equal(ops->blob_get(device->remote->self, &device->account, &name, &call, &blob),
	    REMOTE_ABSENT);
	assert_null(blob.data);
	/* What does not have its name's hash is refused, by the very code a gateway runs. */
	remote_request(&call, &test_clock);
	assert_int_equal(ops->blob_put(device->remote->self, &device->account, &name,
			     view_bytes(&roster), &call),
	    REMOTE_REFUSED);
	assert_true(call.message[0] != '\0');
	bytes_clear(&roster);
}

static void an_absent_account_is_missing_not_gone(void **state)
{
	struct fixture *fixture = *state;
	struct sync_totals totals = {0};
	struct sync_facts facts;

	write_entry(&fixture->device, "first");
	(void)snprintf(fixture->url, sizeof(fixture->url), "dir:%s/other", fixture->folder);
	bytes_clear(&fixture->device.kept);
	assert_int_equal(run(fixture, &totals), ENGINE_MISSING);
	assert_int_equal(
	    sync_facts_get(&fixture->device.engine, &fixture->device.call, &facts), ENGINE_OK);
	assert_true(facts.on);
}

static void cancelled_says_so_and_goes_on_later(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};

	write_entry(device, "first");
	for (unsigned after = 0; after < 3; after++) {
		device->waits_left = after;
		if (run(fixture, &totals) == ENGINE_OK)
			break;
		assert_string_equal(device->call.message, "cancelled");
		close_remote(fixture);
	}
	close_remote(fixture);
	device->waits_left = 1000;
	run_ok(fixture, &totals);
	assert_int_equal(totals.head.seq, 1);
}

#define LARGE_COUNT 120u

/* Sixteen segments and more of what no compressor makes short. */
static void write_large(struct device *device)
{
	static char text[65536];
	char id[COPY_ID_LEN + 1];
	struct entry entry = {.collection = view_text("journal"), .title = view_text("title")};
	enum import_outcome outcome;

	assert_int_equal(import_begin(&device->engine, &device->call), ENGINE_OK);
	for (unsigned i = 0; i < LARGE_COUNT; i++) {
		entry_id_new(&test_random, id);
		entry.id = view_text(id);
		randombytes_buf(text, sizeof(text));
		for (size_t at = 0; at < sizeof(text); at++)
			text[at] = (char)('a' + (text[at] & 15));
		entry.content = view_of(text, sizeof(text));
		entry.created_at = view_text("2026-01-01T00:00:00Z");
		entry.updated_at = entry.created_at;
		assert_int_equal(
		    import_entry(&device->engine, &entry, &device->call, &outcome), ENGINE_OK);
	}
	assert_int_equal(import_commit(&device->engine, LARGE_COUNT, 0, &device->call), ENGINE_OK);
}

/*
 * Cut again and again, each time a little later: what was put and read back is not put again, and
 * the threads that were under way are all gone before the run is over.
 */
static void push_with_cuts(struct fixture *fixture, unsigned *limit, const char *says)
{
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};
	uint64_t puts = 0;
	unsigned cuts = 0;

	write_large(device);
	for (unsigned after = 4; after < 200; after += 6) {
		*limit = after;
		if (run(fixture, &totals) == ENGINE_OK)
			break;
		assert_non_null(strstr(device->call.message, says));
		close_remote(fixture);
		puts += device->counts.put;
		cuts++;
	}
	close_remote(fixture);
	puts += device->counts.put;
	assert_int_equal(totals.pushed, LARGE_COUNT);
	assert_int_equal(totals.head.seq, 1);
	assert_true(cuts >= 2);
	/* 7.5 MiB at half a MiB each, the index, the commit; and what each cut had under way. */
	assert_in_range(puts, 10, 40 + cuts * SYNC_FLIGHTS_MAX);
	device->waits_left = 1000;
	run_ok(fixture, &totals); /* and no thread's bucket was closed too early */
	assert_int_equal(totals.pushed, 0);
}

static void a_cut_push_goes_on_where_it_stopped(void **state)
{
	struct fixture *fixture = *state;

	push_with_cuts(fixture, &fixture->device.waits_left, "cancelled");
}

static void so_does_one_whose_steps_run_out(void **state)
{
	struct fixture *fixture = *state;

	push_with_cuts(fixture, &fixture->device.steps_max, "sync again");
}

static void wipe(struct fixture *fixture)
{
	struct device *device = &fixture->device;
	struct remote_receipt receipt = {0};
	struct bytes signed_wipe = {0}, record = {0};
	struct call call;

	assert_int_equal(wipe_make(&device->engine, "", &device->call, &signed_wipe), ENGINE_OK);
	open_remote(fixture);
	for (int again = 0; again < 2; again++) { /* repeated, it says the same once more */
		uint64_t before = receipt.objects_removed;

		receipt = (struct remote_receipt){0};
		remote_request(&call, &test_clock);
		assert_int_equal(device->remote->ops->wipe(device->remote->self, &device->account,
				     view_bytes(&signed_wipe), &call, &receipt),
		    REMOTE_OK);
		assert_true(receipt.objects_removed > 0);
		assert_true(again == 0 || receipt.objects_removed == before);
		assert_true(receipt.empty_at_ms > 0);
		assert_null(receipt.encoded.data); /* on a bare bucket the caller signs */
	}
	remote_request(&call, &test_clock);
	assert_int_equal(device->remote->ops->wipe_record(
			     device->remote->self, &device->account, &call, &record),
	    REMOTE_OK);
	assert_true(record.len > 0);
	bytes_clear(&record);
	bytes_clear(&signed_wipe);
	close_remote(fixture);
}

static void after_a_wipe_a_sync_says_gone(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->device;
	struct sync_totals totals = {0};

	write_entry(device, "first");
	run_ok(fixture, &totals);
	wipe(fixture);
	write_entry(device, "second");
	device->counts.list = 0;
	assert_int_equal(run(fixture, &totals), ENGINE_GONE);
	assert_true(device->counts.list > 0); /* listed once more, in a gateway's stead */
}

static void the_probe_passes_here(void **state)
{
	struct fixture *fixture = *state;
	struct call call;

	remote_request(&call, &test_clock);
	if (remote_probe(fixture->url, &test_clock, &test_random, false, NULL, &call) != REMOTE_FIT)
		fail_msg("%s", call.message);
	remote_request(&call, &test_clock);
	assert_int_equal(
	    remote_probe("dir:/dev/null", &test_clock, &test_random, true, NULL, &call),
	    REMOTE_FIT_REFUSED);
	assert_true(call.message[0] != '\0');
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(open_refuses),
    cmocka_unit_test_setup_teardown(a_warm_edit_is_one_put, set_up, tear_down),
    cmocka_unit_test_setup_teardown(no_change_is_one_conditional_get, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_damaged_cache_costs_requests_alone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_blob_is_put_and_read_back, set_up, tear_down),
    cmocka_unit_test_setup_teardown(an_absent_account_is_missing_not_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(cancelled_says_so_and_goes_on_later, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_cut_push_goes_on_where_it_stopped, set_up, tear_down),
    cmocka_unit_test_setup_teardown(after_a_wipe_a_sync_says_gone, set_up, tear_down),
    cmocka_unit_test_setup_teardown(so_does_one_whose_steps_run_out, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_probe_passes_here, set_up, tear_down),
};

TEST_MAIN(tests)
