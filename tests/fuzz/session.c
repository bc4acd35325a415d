/*
 * tests/fuzz/session.c: one sync of a device with a gateway that a script plays, and what must hold
 * after it (play.h).
 */
#include "tests/fuzz/play.h"

#include <stdlib.h>
#include <string.h>

#define WANTS_MAX 600u
#define CALL_MS 60000

/*
 * Whether an answer that ends the run may have changed the journal: who believes that the account
 * is gone forgets it, and a brake remembers the head that it stopped at. A frame that was committed
 * before the roster was found to run ahead stays.
 */
static bool may_move(enum engine_result result)
{
	return result == ENGINE_OK || result == ENGINE_GONE || result == ENGINE_REVOKED ||
	       result == ENGINE_BRAKE;
}

/* The journal as it is before an answer is given. */
static void before_answer(struct session *session)
{
	if (victim_moved(session->victim))
		victim_digest(session->victim, false, &session->before);
}

static void check_refusal(struct session *session, enum engine_result result)
{
	struct digest after;

	if (may_move(result) || !victim_moved(session->victim))
		return;
	victim_digest(session->victim, false, &after);
	if (!digest_equal(&session->before, &after))
		print_error("%s; message: %s\n", engine_result_text(result),
		    session->victim->device->call.message);
	fuzz_check(
	    digest_equal(&session->before, &after), "an answer that is refused changes nothing");
}

/* A want is not done, in one of the ways that a remote has (remote.c). */
static void fail_want(struct session *session, struct sync *sync, const struct sync_want *want)
{
	static const enum engine_result failures[] = {ENGINE_NOT_FOUND, ENGINE_REFUSED,
	    ENGINE_LATER, ENGINE_DAMAGED, ENGINE_MISSING, ENGINE_FAILED};

	session->honest = false;
	before_answer(session);
	sync_failed(sync, want->slot, failures[fuzz_pick(session->script, COUNT_OF(failures))],
	    "the script says so");
}

static void note_sent(struct session *session, const struct sync_request *request)
{
	for (size_t i = 0; i < request->frames_count; i++) {
		struct frame frame;

		assert_int_equal(frame_decode(request->frames[i], &frame), FORMAT_OK);
		session->sent[session->sent_count++ % PLAY_SENT_MAX] = frame.hash;
	}
}

static void exchange(struct session *session, struct sync *sync, const struct sync_want *want)
{
	struct sync_answer answer = {0};

	note_sent(session, want->request);
	if (fuzz_byte(session->script) >= 0xF4) {
		fail_want(session, sync, want);
		return;
	}
	session_answer(session, want->request, &answer);
	before_answer(session);
	sync_exchanged(sync, &answer);
	sync_answer_clear(&answer);
}

static void get(struct session *session, struct sync *sync, const struct sync_want *want)
{
	const struct play_blob *blob = session_find(session, &want->name);
	uint8_t how = fuzz_byte(session->script);
	struct bytes copy = {0};

	if (how >= 0xF0)
		blob =
		    &session->play->blobs[fuzz_pick(session->script, session->play->blobs_count)];
	if (blob == NULL || (how >= 0xD0 && how < 0xE0)) {
		fail_want(session, sync, want);
		return;
	}
	session->honest = session->honest && how < 0xE0;
	assert_true(bytes_copy(view_bytes(&blob->blob), &copy));
	if (how >= 0xE0 && how < 0xE8)
		fuzz_flip(session->script, &copy);
	else if (how >= 0xE8 && how < 0xF0)
		copy.len = fuzz_pick(session->script, copy.len);
	before_answer(session);
	sync_got(sync, want->slot, view_bytes(&copy));
	bytes_clear(&copy);
}

static void put(struct session *session, struct sync *sync, struct sync_want *want)
{
	struct call call;

	call_init(&call, session->play->world.now_ms + CALL_MS);
	assert_int_equal(sync_seal(want, &call), ENGINE_OK);
	if (fuzz_byte(session->script) >= 0xE0) {
		fail_want(session, sync, want);
		return;
	}
	session_blob(session, &want->name, want->blob);
	sync_put(sync, want->slot);
}

/* Blobs under way, answered in the script's order. */
struct waiting {
	struct sync_want wants[SYNC_FLIGHTS_MAX];
	size_t count;
};

static void answer_one(struct session *session, struct sync *sync, struct waiting *waiting)
{
	size_t at = fuzz_pick(session->script, waiting->count);
	struct sync_want want = waiting->wants[at];

	waiting->count--;
	waiting->wants[at] = waiting->wants[waiting->count];
	if (want.kind == SYNC_WANT_PUT)
		put(session, sync, &want);
	else
		get(session, sync, &want);
}

static enum engine_result drive(struct session *session, struct sync *sync)
{
	struct waiting waiting = {0};
	enum engine_result result;

	for (unsigned step = 0;; step++) {
		struct sync_want want = {0};
		bool enough = step >= WANTS_MAX;

		sync_next(sync, &want);
		switch (want.kind) {
		case SYNC_WANT_NOTHING:
			result = sync_end(sync, &session->victim->device->totals);
			check_refusal(session, result);
			return result;
		case SYNC_WANT_ANSWER: answer_one(session, sync, &waiting); break;
		case SYNC_WANT_EXCHANGE:
			if (enough)
				sync_failed(sync, want.slot, ENGINE_LATER, "enough");
			else
				exchange(session, sync, &want);
			break;
		case SYNC_WANT_GET:
		case SYNC_WANT_PUT:
			if (want.slot >= SYNC_FLIGHTS_MAX) {
				get(session, sync, &want);
				break;
			}
			waiting.wants[waiting.count++] = want;
			/* Some drivers do one thing at a time. */
			if (fuzz_byte(session->script) < 0x80)
				answer_one(session, sync, &waiting);
			break;
		case SYNC_WANT_WAIT:
			fuzz_check(want.wait_ms >= 0 && want.wait_ms <= 24 * 3600000LL,
			    "a wait is bounded");
			session->play->world.now_ms += want.wait_ms;
			sync_waited(sync);
			break;
		}
	}
}

/* ---- What must hold whatever the gateway did ---- */

/* A frame of its own that it sent, or one that the session has put there. */
static bool own_head(const struct session *session, const struct head *head)
{
	for (size_t i = 0; i < session->sent_count && i < PLAY_SENT_MAX; i++)
		if (digest_equal(&session->sent[i], &head->hash))
			return true;
	for (size_t i = session->play->log_count; i < session->count; i++) {
		struct frame frame;

		if (frame_decode(session_log(session, i), &frame) == FORMAT_OK &&
		    digest_equal(&frame.hash, &head->hash))
			return true;
	}
	return false;
}

/* The device is at a place of the log that there is, and holds the state that belongs there. */
static void check_place(struct session *session)
{
	struct play *made_play = session->play;
	struct device *device = session->victim->device;
	struct sync_facts facts = device_facts(device);
	uint8_t root[ROOT_LEN];

	if (!facts.has_account)
		return;
	device_root(device, root); /* which is computed again, and compared */
	for (size_t i = 0; i <= made_play->log_count; i++) {
		if (!head_equal(&made_play->heads[i], &facts.head))
			continue;
		if (!made_play->root_known[i])
			memcpy(made_play->roots[i], root, ROOT_LEN);
		made_play->root_known[i] = true;
		fuzz_check(
		    memcmp(made_play->roots[i], root, ROOT_LEN) == 0, "a place has one state");
		return;
	}
	fuzz_check(own_head(session, &facts.head), "the device is at a place that there is");
}

static void check_journal(struct session *session)
{
	struct device *device = session->victim->device;
	struct call call;

	call_init(&call, INT64_MAX);
	if (store_check(device->store, &call) != JOURNAL_OK) {
		print_error("%s\n", call.message);
		fuzz_check(false, "the journal is sound");
	}
	check_place(session);
	fuzz_check(victim_lost(session->victim) == 0, "no unsynced edit is lost");
}

/*
 * What a gateway did to a device is over once it is honest. But not where it said who it is at
 * first contact, when a device has nothing to compare that with; nor is a brake, or an account that
 * is believed to be gone, the gateway's to undo.
 */
static void check_recovers(struct session *session)
{
	struct device *device = session->victim->device;
	const struct sync_options options = {
	    .recovery = &device->recovery, .allow_deletions = true};
	struct sync_facts facts = device_facts(device);
	struct session after = {
	    .play = session->play, .victim = session->victim, .count = session->play->log_count};
	struct fuzz_script script;
	struct sync *sync = NULL;
	enum engine_result result;

	if (!facts.has_account || facts.head.seq > session->play->log_count ||
	    !head_equal(&facts.head, &session->play->heads[facts.head.seq]) ||
	    memcmp(facts.incarnation, session->play->incarnation, INCARNATION_LEN) != 0)
		return;
	fuzz_begin(&script, NULL, 0);
	after.script = &script;
	call_init(&device->call, session->play->world.now_ms + CALL_MS);
	result = sync_new(&device->engine, &options, &device->call, &sync);
	if (result == ENGINE_OK)
		result = drive(&after, sync);
	sync_free(sync);
	session_clear(&after);
	if (result != ENGINE_OK)
		print_error("%s; message: %s\n", engine_result_text(result), device->call.message);
	fuzz_check(result == ENGINE_OK, "with an honest gateway it goes on");
}

void session_run(struct session *session, enum engine_result *result_out)
{
	struct device *device = session->victim->device;
	struct sync_options options = {.recovery = &device->recovery};
	struct sync *sync = NULL;
	const struct made_random made = session->play->world.made;
	const int64_t now_ms = session->play->world.now_ms;
	struct digest start, after;
	enum engine_result result;

	call_init(&device->call, now_ms + CALL_MS);
	victim_digest(session->victim, false, &start);
	session->before = start;
	result = sync_new(&device->engine, &options, &device->call, &sync);
	if (result == ENGINE_OK)
		result = drive(session, sync);
	sync_free(sync);
	if (result != ENGINE_OK && device->call.message[0] == '\0')
		fuzz_check(false, engine_result_text(result)); /* a failure says why */
	victim_digest(session->victim, false, &after);
	if (!digest_equal(&start, &after) || result == ENGINE_OK)
		check_journal(session);
	if (!digest_equal(&start, &after) && session->count == session->play->log_count)
		check_recovers(session);
	fuzz_check(!session->honest || result == ENGINE_OK, "an honest gateway is synced with");
	victim_restore(session->victim);
	session->play->world.made = made; /* the next one is as if it were the first */
	session->play->world.now_ms = now_ms;
	*result_out = result;
}

void session_clear(struct session *session)
{
	for (size_t i = 0; i < PLAY_OWN_MAX; i++)
		bytes_clear(&session->own[i]);
	for (size_t i = 0; i < PLAY_BLOBS_MAX; i++)
		bytes_clear(&session->put[i].blob);
	bytes_clear(&session->roster);
}
