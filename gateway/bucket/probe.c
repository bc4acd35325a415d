/*
 * gateway/bucket/probe.c: does a store keep the promises that every commit rests on? First one
 * writer at a time, then 16 at once: stores exist that pass the first part and lose updates in the
 * second. A driver that can holds back each writer's last byte (bucket_race); with any other the
 * writers are threads behind a gate that opens for all together. Each run uses keys of its own and
 * removes them, so that several may probe one bucket at once.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket.h"
#include "gateway/bucket/bucket_object.h"

#define PROBE_WRITERS 16u
#define PROBE_BODY 32u
_Static_assert(PROBE_WRITERS <= BUCKET_RACE_MAX, "all writers fit one race");
#define PROBE_PREFIX "probe/"
#define PROBE_TIME 8u /* bytes of a run's name that say when it began, big-endian */
#define PROBE_RUN (PROBE_TIME + 12u)
/* No run takes this long, also by the clock of a machine that a store still lets in. */
#define PROBE_LEFT_MS (60 * 60 * 1000)

/* A race that SeaweedFS serves one writer a second is over in time, two in a round. */
const struct probe_rules probe_rules_short = {
    .rounds = 20, .gate_rounds = 1, .races_ms = 2000, .race_ms = 6000};
const struct probe_rules probe_rules_full = {.rounds = 50, .gate_rounds = 4, .races_ms = 20000};

struct probe {
	struct bucket *bucket;
	const struct clock *clock;
	const struct random *random;
	const struct probe_rules *rules;
	struct call *call;
	enum probe_result result;
	bool gated; /* the driver cannot hold bytes back */
	char run[2 * PROBE_RUN + 1];
};

/* The writers' gate: all of them ready, then open. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t ready; /* these two guarded by mutex */
	bool open;
};

struct writer {
	pthread_t thread;
	struct gate *gate;
	struct bucket *bucket;
	struct bucket_put put; /* put.data is body */
	uint8_t body[PROBE_BODY];
	struct call call;
	enum bucket_result result;
};

static bool broken(struct probe *probe, const char *what)
{
	call_sayf(probe->call, "this store cannot be used: %s", what);
	probe->result = PROBE_BROKEN;
	return false;
}

/* result: of the call that brought nothing to judge by. */
static bool no_answer(struct probe *probe, enum bucket_result result)
{
	call_prefix(probe->call, "probing the store");
	probe->result = result == BUCKET_REFUSED ? PROBE_REFUSED : PROBE_LATER;
	return false;
}

static void probe_key(
    const struct probe *probe, const char *name, unsigned round, char key[BUCKET_KEY_MAX + 1])
{
	(void)snprintf(key, BUCKET_KEY_MAX + 1, PROBE_PREFIX "%s/%s-%u", probe->run, name, round);
}

/* A store that keeps what it is told to remove is of no use either. ok: what was found so far,
 * whose message stays. */
static bool probe_remove(struct probe *probe, const char *const *keys, size_t count, bool ok)
{
	enum bucket_result result;
	struct call call;

	call_init(&call, probe->call->deadline_ms);
	result = bucket_remove_many(probe->bucket, keys, count, &call);
	if (result == BUCKET_OK || !ok)
		return ok;
	*probe->call = call;
	return no_answer(probe, result);
}

/* Is data what stands under key now? Data NULL: nothing is to stand there. */
static bool expect_there(
    struct probe *probe, const char *key, const uint8_t data[PROBE_BODY], const char *promise)
{
	struct bucket_get get = {.key = key};
	struct bytes there = {0};
	enum bucket_result result;
	struct bucket_tag tag;
	bool same;

	result = bucket_get(probe->bucket, &get, probe->call, &there, &tag);
	switch (result) {
	case BUCKET_OK:
		same = data != NULL && view_equal(view_bytes(&there), view_of(data, PROBE_BODY));
		bytes_clear(&there);
		return same || broken(probe, promise);
	case BUCKET_ABSENT: return data == NULL || broken(probe, promise);
	case BUCKET_UNCHANGED:
	case BUCKET_CONFLICT:
	case BUCKET_RETRY:
	case BUCKET_UNKNOWN:
	case BUCKET_REFUSED: break;
	}
	return no_answer(probe, result);
}

/* A put that must have this result, OK or CONFLICT, or the promise is broken. */
static bool expect_put(struct probe *probe, const struct bucket_put *put,
    enum bucket_result expected, const char *promise, struct bucket_tag *tag_out)
{
	enum bucket_result result = bucket_put(probe->bucket, put, probe->call, tag_out);

	if (result == expected)
		return true;
	if (result == BUCKET_OK || result == BUCKET_CONFLICT)
		return broken(probe, promise);
	return no_answer(probe, result);
}

static bool probe_one_writer(struct probe *probe, const char *key, const char *missing)
{
	uint8_t first[PROBE_BODY] = {0};
	uint8_t second[PROBE_BODY];
	uint8_t third[PROBE_BODY];
	struct bucket_put put = {key, view_of(first, PROBE_BODY), BUCKET_IF_ABSENT, {""}};
	struct bucket_tag made = {""};
	struct bucket_tag updated = {""};
	struct bucket_tag unused;

	random_fill(probe->random, first, sizeof(first));
	random_fill(probe->random, second, sizeof(second));
	random_fill(probe->random, third, sizeof(third));
	if (!expect_put(probe, &put, BUCKET_OK, "it does not create a new object", &made))
		return false;
	put.data = view_of(third, PROBE_BODY);
	if (!expect_put(probe, &put, BUCKET_CONFLICT,
		"create-if-absent replaces an object that is there", &unused) ||
	    !expect_there(probe, key, first, "a refused create changes the object"))
		return false;
	put = (struct bucket_put){key, view_of(second, PROBE_BODY), BUCKET_IF_TAG, made};
	if (!expect_put(probe, &put, BUCKET_OK,
		"update-if-match is refused although the tag is the object's", &updated))
		return false;
	if (made.text[0] == '\0' || updated.text[0] == '\0' || bucket_tag_equal(&made, &updated))
		return broken(probe, "an object's tag does not change with its content");
	put.data = view_of(third, PROBE_BODY);
	if (!expect_put(probe, &put, BUCKET_CONFLICT,
		"update-if-match replaces an object whose tag has changed", &unused) ||
	    !expect_there(probe, key, second, "a refused update changes the object"))
		return false;
	put = (struct bucket_put){missing, view_of(third, PROBE_BODY), BUCKET_IF_TAG, made};
	return expect_put(probe, &put, BUCKET_CONFLICT, "update-if-match on a missing key succeeds",
		   &unused) &&
	       expect_there(probe, missing, NULL, "update-if-match on a missing key creates it");
}

static void *writer_run(void *self)
{
	struct writer *writer = self;
	struct gate *gate = writer->gate;
	struct bucket_tag unused;

	(void)pthread_mutex_lock(&gate->mutex);
	gate->ready++;
	(void)pthread_cond_broadcast(&gate->changed);
	while (!gate->open)
		(void)pthread_cond_wait(&gate->changed, &gate->mutex);
	(void)pthread_mutex_unlock(&gate->mutex);
	writer->result = bucket_put(writer->bucket, &writer->put, &writer->call, &unused);
	return NULL;
}

/* With each writer's last byte held back. False: the bucket cannot do that. */
static bool race_held(struct probe *probe, struct writer writers[PROBE_WRITERS])
{
	struct bucket_put puts[PROBE_WRITERS];
	struct call calls[PROBE_WRITERS];
	enum bucket_result results[PROBE_WRITERS];

	for (size_t i = 0; i < PROBE_WRITERS; i++) {
		puts[i] = writers[i].put;
		calls[i] = writers[i].call;
	}
	if (!bucket_race(probe->bucket, puts, PROBE_WRITERS, calls, results))
		return false;
	for (size_t i = 0; i < PROBE_WRITERS; i++) {
		writers[i].call = calls[i];
		writers[i].result = results[i];
	}
	return true;
}

/* Starts all writers, opens the gate once all stand at it, and waits for them. False: no threads.
 */
static bool race_run(struct writer writers[PROBE_WRITERS])
{
	struct gate gate = {.ready = 0};
	size_t started = 0;

	if (pthread_mutex_init(&gate.mutex, NULL) != 0)
		return false;
	if (pthread_cond_init(&gate.changed, NULL) != 0) {
		(void)pthread_mutex_destroy(&gate.mutex);
		return false;
	}
	for (; started < PROBE_WRITERS; started++) {
		writers[started].gate = &gate;
		if (pthread_create(&writers[started].thread, NULL, writer_run, &writers[started]) !=
		    0)
			break;
	}
	(void)pthread_mutex_lock(&gate.mutex);
	while (gate.ready < started)
		(void)pthread_cond_wait(&gate.changed, &gate.mutex);
	gate.open = true;
	(void)pthread_cond_broadcast(&gate.changed);
	(void)pthread_mutex_unlock(&gate.mutex);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(writers[i].thread, NULL);
	(void)pthread_cond_destroy(&gate.changed);
	(void)pthread_mutex_destroy(&gate.mutex);
	return started == PROBE_WRITERS;
}

/* May this stand there after a race that nobody is known to have won? data NULL: nothing does. */
static bool race_fits(
    const struct writer writers[PROBE_WRITERS], const struct bytes *data, const uint8_t *before)
{
	bool fits;

	if (data == NULL)
		return before == NULL;
	fits = before != NULL && view_equal(view_bytes(data), view_of(before, PROBE_BODY));
	for (size_t i = 0; i < PROBE_WRITERS; i++)
		fits = fits || (writers[i].result == BUCKET_UNKNOWN &&
				   view_equal(view_bytes(data), writers[i].put.data));
	return fits;
}

/*
 * Real stores answer some writers of a race with "perhaps" (409, 500) or "later" (503), or not in
 * time. Then the winner may be one of those that may have been heard, or none; but a writer that
 * was told "no" may never be the one whose object stays.
 */
static bool race_judge(struct probe *probe, const struct writer writers[PROBE_WRITERS],
    const char *key, const uint8_t *before)
{
	const struct writer *winner = NULL;
	size_t winners = 0, losers = 0;
	struct bucket_get get = {.key = key};
	struct bytes there = {0};
	enum bucket_result result;
	struct bucket_tag tag;
	bool fits;

	for (size_t i = 0; i < PROBE_WRITERS; i++) {
		const struct writer *writer = &writers[i];

		if (writer->result == BUCKET_REFUSED) {
			*probe->call = writer->call;
			return no_answer(probe, writer->result);
		}
		winners += writer->result == BUCKET_OK;
		losers += writer->result == BUCKET_CONFLICT;
		if (writer->result == BUCKET_OK)
			winner = writer;
	}
	if (winners > 1)
		return broken(probe, "several writers of one race were all told that they won");
	if (winners == 1)
		return expect_there(
		    probe, key, winner->body, "the winner of a race was overwritten by a loser");
	if (losers == PROBE_WRITERS)
		return broken(probe, "a race of 16 writers had no winner");
	result = bucket_get(probe->bucket, &get, probe->call, &there, &tag);
	if (result != BUCKET_OK && result != BUCKET_ABSENT)
		return no_answer(probe, result);
	fits = race_fits(writers, result == BUCKET_OK ? &there : NULL, before);
	bytes_clear(&there);
	return fits || broken(probe, result == BUCKET_ABSENT
					 ? "an object vanished in a race"
					 : "a writer that was told that it lost has won a race");
}

/* before: what stands under key, with tag; NULL: nothing does, and the race is to create it. */
static bool probe_race(
    struct probe *probe, const char *key, const uint8_t *before, const struct bucket_tag *tag)
{
	struct writer writers[PROBE_WRITERS] = {0};
	int64_t until_ms = probe->call->deadline_ms;

	if (probe->rules->race_ms > 0) {
		int64_t race_end_ms = clock_monotonic_ms(probe->clock) + probe->rules->race_ms;

		until_ms = race_end_ms < until_ms ? race_end_ms : until_ms;
	}
	for (size_t i = 0; i < PROBE_WRITERS; i++) {
		struct writer *writer = &writers[i];

		writer->bucket = probe->bucket;
		random_fill(probe->random, writer->body, sizeof(writer->body));
		writer->put = (struct bucket_put){key, view_of(writer->body, PROBE_BODY),
		    before == NULL ? BUCKET_IF_ABSENT : BUCKET_IF_TAG, *tag};
		call_init(&writer->call, until_ms);
	}
	probe->gated = !race_held(probe, writers);
	if (probe->gated && !race_run(writers)) {
		call_sayf(probe->call, "no threads to race with");
		return no_answer(probe, BUCKET_RETRY);
	}
	return race_judge(probe, writers, key, before);
}

static bool probe_round(struct probe *probe, unsigned round)
{
	char create[BUCKET_KEY_MAX + 1];
	char update[BUCKET_KEY_MAX + 1];
	const char *const keys[] = {create, update};
	uint8_t before[PROBE_BODY] = {0};
	struct bucket_put put = {update, view_of(before, PROBE_BODY), BUCKET_IF_ABSENT, {""}};
	struct bucket_tag tag = {""};
	bool ok;

	if (clock_monotonic_ms(probe->clock) > probe->call->deadline_ms) {
		call_sayf(probe->call, "the deadline passed in round %u of the races", round + 1);
		return no_answer(probe, BUCKET_RETRY);
	}
	if (probe->rules->cancelled != NULL && probe->rules->cancelled(probe->rules->self)) {
		call_sayf(probe->call, "cancelled");
		return no_answer(probe, BUCKET_RETRY);
	}
	/* New keys each round: over a key that was deleted, stores differ by their versioning. */
	probe_key(probe, "create", round, create);
	probe_key(probe, "update", round, update);
	random_fill(probe->random, before, sizeof(before));
	ok = probe_race(probe, create, NULL, &tag) &&
	     expect_put(probe, &put, BUCKET_OK, "it does not create a new object", &tag) &&
	     probe_race(probe, update, before, &tag);
	return probe_remove(probe, keys, COUNT_OF(keys), ok);
}

/* At least one round; then others, for as long as the rules give. */
static bool probe_rounds(struct probe *probe)
{
	const struct probe_rules *rules = probe->rules;
	int64_t begun_ms = clock_monotonic_ms(probe->clock);
	bool ok = probe_round(probe, 0);
	unsigned rounds = probe->gated ? rules->gate_rounds : rules->rounds;

	for (unsigned round = 1; ok && round < rounds; round++) {
		if (rules->races_ms > 0 &&
		    clock_monotonic_ms(probe->clock) - begun_ms >= rules->races_ms)
			break;
		ok = probe_round(probe, round);
	}
	return ok;
}

static void run_name(struct probe *probe)
{
	uint64_t now_ms = (uint64_t)clock_wall_ms(probe->clock);
	uint8_t run[PROBE_RUN];

	random_fill(probe->random, run, sizeof(run));
	for (size_t i = 0; i < PROBE_TIME; i++)
		run[i] = (uint8_t)(now_ms >> (8 * (PROBE_TIME - 1 - i)));
	hex_encode(view_of(run, sizeof(run)), probe->run);
}

/* Is it a probe's, and of another time? A clock that was ahead then must not keep it for good. */
static bool is_left(const char *key, uint64_t now_ms)
{
	const char *name = key + strlen(PROBE_PREFIX);
	size_t name_len = strcspn(name, "/");
	uint8_t run[PROBE_RUN];
	uint64_t begun_ms = 0;

	if (!hex_decode(name, name_len, run, sizeof(run)))
		return false;
	for (size_t i = 0; i < PROBE_TIME; i++)
		begun_ms = begun_ms << 8 | run[i];
	return (now_ms > begun_ms ? now_ms - begun_ms : begun_ms - now_ms) > PROBE_LEFT_MS;
}

/* Removes what probes left that were killed. A page at a time is enough: each leaves few objects.
 */
static bool remove_left(struct probe *probe)
{
	uint64_t now_ms = (uint64_t)clock_wall_ms(probe->clock);
	const char *keys[BUCKET_PAGE_MAX];
	struct bucket_page page = {0};
	enum bucket_result result;
	size_t count = 0;
	bool ok;

	result = bucket_list(probe->bucket, PROBE_PREFIX, "", probe->call, &page);
	if (result != BUCKET_OK)
		return no_answer(probe, result);
	for (size_t i = 0; i < page.count && count < COUNT_OF(keys); i++)
		if (is_left(page.items[i].key, now_ms))
			keys[count++] = page.items[i].key;
	ok = probe_remove(probe, keys, count, true);
	free(page.items);
	return ok;
}

enum probe_result bucket_probe(struct bucket *bucket, const struct clock *clock,
    const struct random *random, const struct probe_rules *rules, struct call *call)
{
	struct probe probe = {.bucket = bucket,
	    .clock = clock,
	    .random = random,
	    .rules = rules,
	    .call = call,
	    .result = PROBE_KEPT};
	char key[BUCKET_KEY_MAX + 1];
	char missing[BUCKET_KEY_MAX + 1];
	const char *const keys[] = {key, missing};
	bool ok;

	assert(bucket != NULL && clock != NULL && random != NULL && call != NULL);
	assert(rules != NULL && rules->rounds > 0 && rules->gate_rounds > 0);
	run_name(&probe);
	probe_key(&probe, "single", 0, key);
	probe_key(&probe, "missing", 0, missing);
	if (!remove_left(&probe))
		return probe.result;
	ok = probe_one_writer(&probe, key, missing);
	ok = probe_remove(&probe, keys, COUNT_OF(keys), ok) && probe_rounds(&probe);
	assert(ok == (probe.result == PROBE_KEPT));
	return probe.result;
}
