/*
 * tests/cli/engine/scene.c: see scene.h.
 */
#include "tests/cli/engine/scene.h"
#include "tests/cli/engine/failing_journal.h"
#include "tests/cli/engine/home_text.h"
#include "tests/cli/engine/moment.h"

#include <string.h>

#define COMMITS_MAX 64u

static struct {
	const struct scene *scene;
	struct moment moment;
	struct bytes commits[COMMITS_MAX]; /* what b held before the first, and after each */
	size_t commits_count;
	struct bytes after;                /* … and at the end */
	struct bytes last;                 /* … and once both are in step again */
	bool a_moved;                      /* it is not where the moment has it */
	unsigned nth;                      /* the call that fails */
	const struct scene_memory *memory; /* what is short; NULL: the disk is full */
} stage;

static unsigned calls(void)
{
	return stage.memory != NULL ? stage.memory->calls() : journal_calls();
}

static uint64_t way(unsigned nth)
{
	return stage.memory != NULL ? stage.memory->way(nth) : journal_way(nth);
}

/*
 * How the calls that have failed were come to, in all scenes of this process. Of those that are
 * come to in one way the first fails and the last, and in later scenes none.
 */
#define WAYS_MAX 4096u
static struct {
	uint64_t all[WAYS_MAX];
	size_t count;
} tried;

static unsigned chosen[WAYS_MAX]; /* the calls that are to fail in this scene */
static size_t chosen_count;

static const char *what_failed(void)
{
	return stage.memory != NULL ? "an allocation" : journal_failed();
}

static bool was_tried(uint64_t way, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tried.all[i] == way)
			return true;
	return false;
}

static bool is_last(unsigned nth)
{
	for (unsigned i = nth + 1; i <= calls(); i++)
		if (way(i) == way(nth))
			return false;
	return true;
}

static void choose(void)
{
	size_t before = tried.count;

	chosen_count = 0;
	for (unsigned nth = 1; nth <= calls(); nth++) {
		uint64_t by = way(nth);
		bool first = !was_tried(by, tried.count);

		if (was_tried(by, before) || !(first || is_last(nth)))
			continue;
		assert_true(chosen_count < WAYS_MAX && tried.count < WAYS_MAX);
		chosen[chosen_count++] = nth;
		if (first)
			tried.all[tried.count++] = by;
	}
}

static enum engine_result run(void)
{
	const struct scene *scene = stage.scene;
	struct device *b = &pair.b;
	enum engine_result result;

	b->reseed = scene->reseed;
	b->before = scene->before;
	b->got = scene->got;
	b->world->stands = true; /* or each run would end at another time */
	result = scene->run != NULL ? scene->run(b) : device_sync(b);
	b->reseed = false;
	b->before = NULL;
	b->got = NULL;
	b->world->stands = false;
	return result;
}

static void begin(void)
{
	moment_return(&stage.moment, stage.a_moved ? 2 : 1);
	stage.a_moved = stage.scene->run != NULL || stage.scene->before != NULL;
	pair.b.times = 0;
	pair.b.totals = (struct sync_totals){.pushed = 0};
}

static void keep_commit(struct device *device)
{
	assert_true(stage.commits_count < COMMITS_MAX);
	stage.commits[stage.commits_count++] = home_text(device);
}

/* What b holds once both are in step, where they can be. */
static struct bytes finish(void)
{
	stage.a_moved = true;
	if (stage.scene->ends == ENGINE_OK && device_facts(&pair.b).on) {
		assert_synced(&pair.b);
		if (!device_facts(&pair.a).has_account)
			device_join(&pair.a);
		assert_synced(&pair.a);
		assert_synced(&pair.b);
		assert_same(&pair.a, &pair.b);
	}
	return home_text(&pair.b);
}

static void arm(unsigned nth)
{
	if (stage.memory == NULL) {
		journal_arm(&pair.b, nth);
		return;
	}
	journal_arm(&pair.b, JOURNAL_HOLDS);
	journal_aside(stage.memory->aside);
	pair.b.aside = stage.memory->aside;
	stage.memory->arm(nth);
}

/* True: a call has failed. */
static bool disarm(void)
{
	bool failed = stage.memory != NULL && stage.memory->disarm();

	pair.b.aside = NULL;
	return journal_disarm(&pair.b) || failed;
}

static void without_fault(void)
{
	struct device *const devices[] = {&pair.b, &pair.a};

	stage.a_moved = true;
	moment_keep(&stage.moment, &pair.world, devices, COUNT_OF(devices));
	begin();
	keep_commit(&pair.b);
	arm(0);
	journal_watch(keep_commit);
	assert_engine(&pair.b, run(), stage.scene->ends);
	(void)disarm();
	choose();
	stage.after = home_text(&pair.b);
	stage.last = finish();
}

static bool is_commit(const struct bytes *text)
{
	for (size_t i = 0; i < stage.commits_count; i++)
		if (view_equal(view_bytes(text), view_bytes(&stage.commits[i])))
			return true;
	return false;
}

/* done: the run has ended as if nothing had been, perhaps by another way. */
static void assert_whole(bool done)
{
	struct bytes text = home_text(&pair.b);
	struct sync_facts facts;
	uint8_t root[ROOT_LEN];

	if (done ? !home_text_alike(&text, &stage.after) : !is_commit(&text)) {
		home_text_differences(&text, &stage.commits[stage.commits_count - 1]);
		fail_msg("%s: %s fails (call %u), and what is left is no transaction's",
		    stage.scene->name, what_failed(), stage.nth);
	}
	bytes_clear(&text);
	facts = device_facts(&pair.b);
	if (pair.b.totals.head.seq > 0) /* a run has said where it ended */
		assert_true(head_equal(&pair.b.totals.head, &facts.head));
	device_root(&pair.b, root);
	assert_int_equal(store_check(pair.b.store, &pair.b.call), JOURNAL_OK);
}

/*
 * Of a push whose acknowledgement was not stored the log tells, and the line that says how many
 * entries it was is not written.
 */
static void assert_ends_alike(void)
{
	bool in_step = stage.nth % 4 == 0; /* it takes its time */
	const struct bytes *want = in_step ? &stage.last : &stage.after;
	struct bytes have = in_step ? finish() : home_text(&pair.b);

	if (!home_text_alike(&have, want)) {
		home_text_differences(&have, want);
		fail_msg("after %s failed (call %u) it ends otherwise", what_failed(), stage.nth);
	}
	bytes_clear(&have);
}

static bool is_said(enum engine_result result)
{
	if (stage.memory != NULL)
		return result == ENGINE_FAILED || result == stage.scene->ends;
	return result == ENGINE_FULL && strstr(pair.b.call.message, "the disk is full") != NULL;
}

static void with_fault(void)
{
	enum engine_result result;

	begin();
	arm(stage.nth);
	result = run();
	assert_true(disarm());
	if (!is_said(result))
		fail_msg("%s: %s fails (call %u): %s; message: %s", stage.scene->name,
		    what_failed(), stage.nth, engine_result_text(result), pair.b.call.message);
	assert_whole(stage.memory != NULL && result == stage.scene->ends);
	if (stage.nth % 2 == 0)
		device_restart(&pair.b);
	result = run();
	if (result != stage.scene->ends)
		fail_msg("%s: after %s failed (call %u): %s; message: %s", stage.scene->name,
		    what_failed(), stage.nth, engine_result_text(result), pair.b.call.message);
	assert_ends_alike();
}

static void play(const struct scene *scene)
{
	stage.scene = scene;
	(void)pair_setup(&(void *){NULL});
	scene->prepare();
	without_fault();
	for (size_t i = 0; i < chosen_count; i++) {
		stage.nth = chosen[i];
		with_fault();
	}
	print_message("%s: %zu calls fail, %zu transactions\n", scene->name, chosen_count,
	    stage.commits_count - 1);
	moment_clear(&stage.moment);
	while (stage.commits_count > 0)
		bytes_clear(&stage.commits[--stage.commits_count]);
	bytes_clear(&stage.after);
	bytes_clear(&stage.last);
	(void)pair_teardown(NULL);
}

void scenes_play(const struct scenes *scenes)
{
	for (size_t i = 0; i < scenes->count; i++)
		play(&scenes->all[i]);
}

void scenes_play_short(const struct scenes *scenes, const struct scene_memory *memory)
{
	stage.memory = memory;
	scenes_play(scenes);
	stage.memory = NULL;
}
