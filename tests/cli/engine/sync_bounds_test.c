/*
 * tests/cli/engine/sync_bounds_test.c: remotes that keep a run busy, each in its own way, always:
 * after how many exchanges it ends, how, and what it says. Nothing local moves meanwhile. Whoever
 * comes to answer as it should one time before that is believed.
 */
#include "cli/engine/steps.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

static struct {
	struct sync_facts facts; /* b's, as it stands */
	struct stored_facts stored;
	struct bytes load; /* a frame that leads on, but not to the head */
	unsigned lease_at; /* the exchange that first asked for the lease; 0: none */
} busy;

/* As if the log ended where b is. */
static void answer_head(const struct device *device, struct sync_answer *answer)
{
	answer->head = busy.facts.head;
	memcpy(answer->incarnation, busy.facts.incarnation, INCARNATION_LEN);
	answer->sweep = busy.facts.sweep;
	answer->roster_hash = busy.stored.roster_at;
	answer->time_ms = device->world->now_ms;
}

static bool later(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)device;
	(void)request;
	answer->status = SYNC_LATER;
	answer->retry_after_ms = 1000;
	return true;
}

static bool later_without_saying_when(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)later(device, request, answer);
	answer->retry_after_ms = 0;
	return true;
}

static bool rename_all(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_RENAME;
	return true;
}

static bool not_taken(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	answer_head(device, answer);
	answer->status = SYNC_CURRENT;
	if (request->wants_lease && busy.lease_at == 0)
		busy.lease_at = (unsigned)device->exchanges;
	return true;
}

static bool behind_of_nothing(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_BEHIND;
	answer->head.seq++;
	return true;
}

static bool lower(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_AHEAD;
	answer->head.seq--;
	return true;
}

static bool another_there(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_CURRENT;
	answer->head.hash.bytes[0] ^= 1;
	return true;
}

static bool diverged(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_DIVERGED;
	return true;
}

/* The load that b has taken long ago, as what its log has been folded into; then a newer one. */
static bool far_behind(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer_head(device, answer);
	answer->status = SYNC_FAR_BEHIND;
	answer->head.seq++;
	answer->snapshot = view_bytes(&busy.load);
	return true;
}

struct busy_row {
	const char *name;
	bool (*instead)(
	    struct device *device, const struct sync_request *request, struct sync_answer *answer);
	bool dirty; /* b has something to push */
	bool reseed;
	enum engine_result result;
	const char *message;
	unsigned exchanges, waits;
	int64_t waited_min_ms, waited_max_ms;
	unsigned lease_at;
};

static const struct busy_row rows[] = {
    {.name = "busy",
	.instead = later,
	.result = ENGINE_LATER,
	.message = "busy",
	.exchanges = 61,
	.waits = 60,
	.waited_min_ms = 60 * 1000 + 1,  /* each a little longer than was asked for, … */
	.waited_max_ms = 60 * 1250 - 1}, /* … by another part of a fourth */
    {.name = "busy for a moment",
	.instead = later_without_saying_when,
	.result = ENGINE_LATER,
	.message = "busy",
	.exchanges = 61,
	.waits = 60,
	.waited_min_ms = 60 * 20 + 1,
	.waited_max_ms = 60 * 25 - 1},
    {.name = "blobs are lost",
	.instead = rename_all,
	.dirty = true,
	.result = ENGINE_LATER,
	.message = "keeps losing",
	.exchanges = 5},
    {.name = "never taken",
	.instead = not_taken,
	.dirty = true,
	.result = ENGINE_LATER,
	.message = "faster 60 times",
	.exchanges = 61,
	.lease_at = 4},
    {.name = "behind, of nothing",
	.instead = behind_of_nothing,
	.result = ENGINE_DAMAGED,
	.message = "does not lead on",
	.exchanges = 65},
    {.name = "an older log",
	.instead = lower,
	.result = ENGINE_ROLLBACK,
	.message = "older than",
	.exchanges = 2,
	.waits = 1,
	.waited_min_ms = 20,
	.waited_max_ms = 20},
    {.name = "another frame at the head",
	.instead = another_there,
	.result = ENGINE_ROLLBACK,
	.message = "not the one",
	.exchanges = 2,
	.waits = 1,
	.waited_min_ms = 20,
	.waited_max_ms = 20},
    {.name = "another log",
	.instead = diverged,
	.result = ENGINE_ROLLBACK,
	.message = "forked",
	.exchanges = 2,
	.waits = 1,
	.waited_min_ms = 20,
	.waited_max_ms = 20},
    {.name = "resets that are not heard of",
	.instead = lower,
	.reseed = true,
	.result = ENGINE_ROLLBACK,
	.message = "older than",
	.exchanges = 2 + 8, /* it looks twice, then makes eight */
	.waits = 1,
	.waited_min_ms = 20,
	.waited_max_ms = 20},
    {.name = "far behind, for ever",
	.instead = far_behind,
	.result = ENGINE_DAMAGED,
	.message = "does not lead on",
	.exchanges = 65},
};

static void assert_ends(const struct busy_row *row)
{
	struct device *b = &pair.b;
	int64_t begun_ms = pair.world.now_ms;
	enum engine_result result;
	int64_t waited_ms;
	struct sync_facts after;

	b->instead = row->instead;
	b->reseed = row->reseed;
	busy.lease_at = 0;
	result = device_sync(b);
	b->instead = NULL;
	b->reseed = false;
	waited_ms = pair.world.now_ms - begun_ms;
	if (result != row->result || strstr(b->call.message, row->message) == NULL)
		fail_msg(
		    "%s: %s; message: %s", row->name, engine_result_text(result), b->call.message);
	if (b->exchanges != row->exchanges || b->waits != row->waits ||
	    waited_ms < row->waited_min_ms || waited_ms > row->waited_max_ms ||
	    busy.lease_at != row->lease_at)
		fail_msg("%s: %llu exchanges, %llu waits of %lld ms, the lease at %u", row->name,
		    (unsigned long long)b->exchanges, (unsigned long long)b->waits,
		    (long long)waited_ms, busy.lease_at);
	after = device_facts(b);
	assert_true(head_equal(&after.head, &busy.facts.head));
	assert_true(head_equal(&after.known_head, &busy.facts.known_head));
}

static void read_b(void)
{
	struct device *b = &pair.b;

	busy.facts = device_facts(b);
	assert_engine(b, facts_load(&b->engine, &b->call, &busy.stored), ENGINE_OK);
}

/* The account's first load: whoever is asked for it again has it. */
static void read_load(void)
{
	struct manifest *manifest = calloc(1, sizeof(*manifest));
	struct bytes bytes = {0};

	assert_non_null(manifest);
	world_manifest(&pair.world, &bytes);
	assert_int_equal(manifest_decode(view_bytes(&bytes), manifest), FORMAT_OK);
	assert_true(bytes_copy(manifest->snapshot, &busy.load));
	bytes_clear(&bytes);
	free(manifest);
}

static void each_ends(void **state)
{
	(void)state;
	read_load();
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (rows[i].dirty)
			(void)device_save(&pair.b, "e1", rows[i].name);
		read_b();
		assert_ends(&rows[i]);
		assert_int_equal(device_counts(&pair.b).dirty_count, rows[i].dirty);
		assert_synced(&pair.b);
		assert_synced(&pair.a);
		assert_same(&pair.a, &pair.b);
	}
	bytes_clear(&busy.load);
}

/* A driver that never answers is asked for the same again, but not for ever. */
static void who_is_never_answered_ends(void **state)
{
	struct sync_options options = {.allow_deletions = false};
	struct sync_want want = {.kind = SYNC_WANT_EXCHANGE};
	struct sync_totals totals;
	struct sync *sync = NULL;
	unsigned steps = 0;

	(void)state;
	call_init(&pair.b.call, INT64_MAX);
	assert_engine(&pair.b, sync_new(&pair.b.engine, &options, &pair.b.call, &sync), ENGINE_OK);
	for (; steps < 2000000 && want.kind == SYNC_WANT_EXCHANGE; steps++)
		sync_next(sync, &want);
	assert_int_equal(want.kind, SYNC_WANT_NOTHING);
	assert_int_equal(steps, 1000001);
	assert_engine(&pair.b, sync_end(sync, &totals), ENGINE_LATER);
	assert_non_null(strstr(pair.b.call.message, "did not end"));
	sync_next(sync, &want); /* that it is over stays so */
	assert_int_equal(want.kind, SYNC_WANT_NOTHING);
	sync_free(sync);
	assert_synced(&pair.b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(who_is_never_answered_ends, pair_setup, pair_teardown),
    cmocka_unit_test_setup_teardown(each_ends, pair_setup, pair_teardown),
};

TEST_MAIN(tests)
