/*
 * tests/cli/remote/remote_run_test.c: the loop that drives the engine's machine. The machine here
 * is a list of wants, and the remote a list of answers; both write down what they are told. So each
 * case is one line of what is to happen, in order.
 */
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/remote/remote_run.h"

#define ALONE SYNC_FLIGHTS_MAX /* the slot of a want that comes alone */
#define LOG_MAX 4096u
#define WANTS_MAX 40u
#define ANSWERS_MAX 16u

struct answer { /* of the remote, to whatever it is asked next */
	enum remote_result result;
	const char *message;
	int64_t retry_after_ms;
	int64_t takes_ms;
	bool refused; /* an exchange's: OK, and the frame was refused */
};

/* What happens, as text: "a b c". And what is to happen. */
static struct {
	char log[LOG_MAX];
	int64_t now_ms;
	struct sync_want wants[WANTS_MAX];
	size_t wants_count, wants_given;
	bool endless; /* after them it wants to wait, again and again */
	bool over;    /* it wants nothing any more */
	bool give_up; /* … once a want has failed */
	bool no_seal, no_memory;
	struct answer answers[ANSWERS_MAX]; /* then OK */
	size_t answers_given;
	unsigned waits_ok; /* then it was cancelled */
	bool wrong;        /* a pointer that was to be handed on */
	uint64_t steps;
} script;

static struct sync *const machine = (struct sync *)&script; /* nobody looks into it */
static const struct account_id account = {{0xa5, 2}};
static const struct sync_request exchange_request = {.cursor.seq = 7};
static struct call run_call;

static int64_t now(void *self)
{
	(void)self;
	return script.now_ms;
}
static const struct clock clock_here = {.wall_ms = now, .monotonic_ms = now};

static void PRINTF_LIKE(1, 2) note(const char *format, ...)
{
	size_t len = strlen(script.log);
	va_list args;

	if (script.endless)
		return;
	va_start(args, format);
	(void)vsnprintf(script.log + len, sizeof(script.log) - len, format, args);
	va_end(args);
}

/* ---- the machine ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker's names */
void __wrap_sync_next(struct sync *sync, struct sync_want *out);
void __wrap_sync_exchanged(struct sync *sync, const struct sync_answer *answer);
void __wrap_sync_got(struct sync *sync, unsigned slot, struct view blob);
void __wrap_sync_put(struct sync *sync, unsigned slot);
void __wrap_sync_waited(struct sync *sync);
void __wrap_sync_failed(
    struct sync *sync, unsigned slot, enum engine_result result, const char *message);
enum engine_result __wrap_sync_end(const struct sync *sync, struct sync_totals *totals_out);
enum engine_result __wrap_sync_seal(struct sync_want *want, struct call *call);
void __wrap_sync_open(struct sync_want *want, struct view blob);
void *__real_calloc(size_t count, size_t len);
void *__wrap_calloc(size_t count, size_t len);

static void see_machine(const struct sync *sync)
{
	script.wrong |= sync != machine;
}

void __wrap_sync_next(struct sync *sync, struct sync_want *out)
{
	see_machine(sync);
	script.steps++;
	assert_int_equal(out->kind, SYNC_WANT_NOTHING);
	if (script.over)
		return;
	if (script.wants_given < script.wants_count)
		*out = script.wants[script.wants_given++];
	else if (script.endless)
		*out = (struct sync_want){.kind = SYNC_WANT_WAIT};
}

void __wrap_sync_exchanged(struct sync *sync, const struct sync_answer *answer)
{
	see_machine(sync);
	note("exchanged(%u) ", (unsigned)answer->head.seq);
}

void __wrap_sync_got(struct sync *sync, unsigned slot, struct view blob)
{
	see_machine(sync);
	note("got(%u, %.*s) ", slot, (int)blob.len, (const char *)blob.data);
}

void __wrap_sync_put(struct sync *sync, unsigned slot)
{
	see_machine(sync);
	note("put(%u) ", slot);
}

void __wrap_sync_waited(struct sync *sync)
{
	see_machine(sync);
	note("waited ");
}

void __wrap_sync_failed(
    struct sync *sync, unsigned slot, enum engine_result result, const char *message)
{
	static const char *const names[] = {[ENGINE_NOT_FOUND] = "NOT_FOUND",
	    [ENGINE_REFUSED] = "REFUSED",
	    [ENGINE_MISSING] = "MISSING",
	    [ENGINE_DAMAGED] = "DAMAGED",
	    [ENGINE_LATER] = "LATER",
	    [ENGINE_FULL] = "FULL",
	    [ENGINE_FAILED] = "FAILED"};

	see_machine(sync);
	note("failed(%u, %s: %s) ", slot, names[result] == NULL ? "?" : names[result], message);
	script.over = script.give_up;
}

enum engine_result __wrap_sync_end(const struct sync *sync, struct sync_totals *totals_out)
{
	see_machine(sync);
	totals_out->pushed = 11;
	note("end ");
	return ENGINE_ROOT;
}

enum engine_result __wrap_sync_seal(struct sync_want *want, struct call *call)
{
	note("seal(%u) ", want->slot);
	if (script.no_seal) {
		call_sayf(call, "no seal");
		return ENGINE_FULL;
	}
	want->blob = view_text("sealed");
	return ENGINE_OK;
}

void __wrap_sync_open(struct sync_want *want, struct view blob)
{
	(void)blob;
	note("open(%u) ", want->slot);
}

void *__wrap_calloc(size_t count, size_t len)
{
	return script.no_memory ? NULL : __real_calloc(count, len);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* ---- the remote, and who waits ---- */

static enum remote_result answer_next(struct call *call, bool *refused_out)
{
	static const struct answer usual = {.result = REMOTE_OK};
	const struct answer *answer =
	    script.answers_given < ANSWERS_MAX ? &script.answers[script.answers_given++] : &usual;

	script.wrong |= call->deadline_ms != script.now_ms + 60000 || call->message[0] != '\0' ||
			call->retry_after_ms != 0;
	script.now_ms += answer->takes_ms;
	if (answer->message != NULL)
		call_sayf(call, "%s", answer->message);
	call->retry_after_ms = answer->retry_after_ms;
	*refused_out = answer->refused;
	return answer->result;
}

static enum remote_result sync_here(
    void *self, const struct sync_request *request, struct call *call, struct sync_answer *answer)
{
	enum remote_result result;
	bool refused;

	note("sync ");
	script.wrong |= self != &script || request != &exchange_request;
	result = answer_next(call, &refused);
	if (result == REMOTE_OK)
		*answer = (struct sync_answer){
		    .status = refused ? SYNC_REFUSED : SYNC_CURRENT, .head.seq = 5};
	return result;
}

static enum remote_result blob_get(void *self, const struct account_id *of,
    const struct blob_name *name, struct call *call, struct bytes *out)
{
	enum remote_result result;
	bool refused;

	note("get(%u) ", (unsigned)name->count);
	script.wrong |= self != &script || of != &account;
	result = answer_next(call, &refused);
	if (result == REMOTE_OK)
		assert_true(bytes_copy(view_text("blob"), out));
	return result;
}

static enum remote_result blob_put(void *self, const struct account_id *of,
    const struct blob_name *name, struct view blob, struct call *call)
{
	bool refused;

	note("put(%u, %.*s) ", (unsigned)name->count, (int)blob.len, (const char *)blob.data);
	script.wrong |= self != &script || of != &account;
	return answer_next(call, &refused);
}

static void twin_put(void *self, const struct blob_name *name)
{
	script.wrong |= self != &script;
	note("known(%u) ", (unsigned)name->count);
}

static const struct remote_ops ops = {
    .sync = sync_here, .blob_get = blob_get, .blob_put = blob_put, .twin_put = twin_put};
static const struct remote_ops ops_without_twins = {
    .sync = sync_here, .blob_get = blob_get, .blob_put = blob_put};

static bool wait_here(void *self, int64_t ms)
{
	script.wrong |= self != &script;
	if (ms != 0)
		note("wait(%lld) ", (long long)ms);
	script.now_ms += ms;
	if (script.waits_ok == 0)
		return false;
	script.waits_ok--;
	return true;
}

/* ---- one run ---- */

static void script_begin(const struct sync_want *wants, size_t wants_count)
{
	assert_true(wants_count <= WANTS_MAX);
	memset(&script, 0, sizeof(script));
	if (wants_count > 0)
		memcpy(script.wants, wants, wants_count * sizeof(*wants));
	script.wants_count = wants_count;
	script.waits_ok = UINT32_MAX;
	script.now_ms = 1000;
	call_init(&run_call, 99);
}

static enum engine_result run_with(const struct remote_ops *with, unsigned steps_max)
{
	struct remote remote = {.self = &script, .ops = with};
	const struct remote_waiter waiter = {
	    .self = &script, .wait = wait_here, .steps_max = steps_max};
	struct sync_totals totals = {0};
	enum engine_result result =
	    remote_run(machine, &remote, &account, &clock_here, &waiter, &run_call, &totals);

	assert_false(script.wrong);
	assert_int_equal(totals.pushed, result == ENGINE_ROOT ? 11 : 0);
	return result;
}

static void assert_log(const char *name, const char *want)
{
	if (strcmp(script.log, want) != 0)
		fail_msg("%s:\n%s\n%s", name, want, script.log);
}

static struct sync_want want(enum sync_want_kind kind, unsigned slot)
{
	return (struct sync_want){.kind = kind,
	    .slot = slot,
	    .request = &exchange_request,
	    .name.count = 10 + slot,
	    .wait_ms = 1234};
}

static void each_want_is_done_and_told(void **state)
{
	const struct sync_want wants[] = {
	    want(SYNC_WANT_EXCHANGE, ALONE),
	    want(SYNC_WANT_GET, ALONE),
	    want(SYNC_WANT_WAIT, ALONE),
	    want(SYNC_WANT_GET, 5),
	    want(SYNC_WANT_PUT, 0),
	    want(SYNC_WANT_ANSWER, 0),
	    want(SYNC_WANT_ANSWER, 0),
	    want(SYNC_WANT_EXCHANGE, ALONE),
	};
	static const char expected[] =
	    "sync exchanged(5) get(16) got(6, blob) wait(1234) waited "
	    "seal(0) get(15) open(5) got(5, blob) put(10, sealed) known(10) put(0) "
	    "sync exchanged(5) end ";

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	assert_int_equal(run_with(&ops, 0), ENGINE_ROOT); /* as the machine says */
	assert_log("all kinds", expected);
	assert_string_equal(run_call.message, "");
	assert_int_equal(run_call.deadline_ms, 99);
}

static void who_has_no_twins_is_not_told_of_them(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_PUT, 1), want(SYNC_WANT_ANSWER, 0)};

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	assert_int_equal(run_with(&ops_without_twins, 0), ENGINE_ROOT);
	assert_log("no twins", "seal(1) put(11, sealed) put(1) end ");
}

/* What it means for the run that a request ended so. */
static void each_failure_is_told_for_what_it_is(void **state)
{
	static const struct {
		enum remote_result result;
		const char *exchange, *alone, *beside, *put;
	} rows[] = {
	    {REMOTE_ABSENT, "MISSING", "NOT_FOUND", "NOT_FOUND", "MISSING"},
	    {REMOTE_GONE, "MISSING", "LATER", "LATER", "LATER"},
	    {REMOTE_REFUSED, "FAILED", "FAILED", "FAILED", "REFUSED"},
	    {REMOTE_LATER, "LATER", "LATER", "LATER", "LATER"},
	    {REMOTE_UNREACHABLE, "LATER", "LATER", "LATER", "LATER"},
	    {REMOTE_DAMAGED, "DAMAGED", "DAMAGED", "DAMAGED", "DAMAGED"},
	    {REMOTE_FAILED, "FAILED", "FAILED", "FAILED", "FAILED"},
	};
	const struct sync_want wants[] = {want(SYNC_WANT_EXCHANGE, ALONE),
	    want(SYNC_WANT_GET, ALONE), want(SYNC_WANT_GET, 2), want(SYNC_WANT_ANSWER, 0),
	    want(SYNC_WANT_PUT, 3), want(SYNC_WANT_ANSWER, 0)};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (int said = 0; said < 2; said++) {
			const char *why = said ? "why" : remote_result_text(rows[i].result);
			char expected[LOG_MAX];

			script_begin(wants, COUNT_OF(wants));
			for (size_t at = 0; at < 4; at++)
				script.answers[at] =
				    (struct answer){rows[i].result, said ? "why" : NULL, 0, 0, 0};
			if (rows[i].result == REMOTE_REFUSED && !said)
				script.answers[3].message =
				    why; /* a remote that refuses says why */
			(void)snprintf(expected, sizeof(expected),
			    "sync failed(6, %s: %s) get(16) failed(6, %s: %s) "
			    "get(12) failed(2, %s: %s) seal(3) put(13, sealed) failed(3, %s: %s) "
			    "end ",
			    rows[i].exchange,
			    rows[i].result == REMOTE_GONE && !said
				? remote_result_text(REMOTE_ABSENT)
				: why,
			    rows[i].alone, why, rows[i].beside, why, rows[i].put, why);
			assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
			assert_log(why, expected);
		}
}

static void what_cannot_be_sealed_is_told(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_PUT, 3), want(SYNC_WANT_ANSWER, 0)};

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	script.no_seal = true;
	assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
	assert_log("no seal", "seal(3) failed(3, FULL: no seal) end ");
}

static void without_memory_for_what_travels_beside(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_GET, 3), want(SYNC_WANT_EXCHANGE, ALONE)};

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	script.no_memory = true;
	assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
	assert_log("no memory", "failed(3, FAILED: no memory) sync exchanged(5) end ");
}

/* Why a frame was refused is the run's message; the machine learns the rest from the answer. */
static void a_refused_frame_says_why(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_EXCHANGE, ALONE)};

	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		script_begin(wants, COUNT_OF(wants));
		script.answers[0] =
		    (struct answer){.message = "bad frame", .refused = refused != 0};
		assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
		assert_log("refused", "sync exchanged(5) end ");
		assert_string_equal(run_call.message, refused ? "bad frame" : "");
	}
}

/* ---- again ---- */

static void it_is_asked_again_when_the_other_side_says(void **state)
{
	static const struct {
		const char *name;
		enum remote_result result;
		int64_t retry_after_ms, takes_ms;
		unsigned fails; /* so many times */
		unsigned sent;  /* all in all */
	} rows[] = {
	    {"at once", REMOTE_LATER, 0, 0, 1, 1},
	    {"before now", REMOTE_LATER, -1, 0, 1, 1},
	    {"soon", REMOTE_LATER, 1, 0, 1, 2},
	    {"in a minute", REMOTE_LATER, 60000, 0, 1, 2},
	    {"in more than a minute", REMOTE_LATER, 60001, 0, 1, 1},
	    {"eight times", REMOTE_LATER, 10, 0, 8, 9},
	    {"nine times", REMOTE_LATER, 10, 0, 9, 9},
	    {"while it has not waited too long", REMOTE_LATER, 1, 39999, 2, 2},
	    {"slow", REMOTE_LATER, 1, 40000, 2, 2},
	    {"slower", REMOTE_LATER, 1, 40001, 2, 1},
	    {"waits that add up", REMOTE_LATER, 15000, 0, 9, 4},
	    {"nobody is there", REMOTE_UNREACHABLE, 10, 0, 1, 1},
	    {"refused", REMOTE_REFUSED, 10, 0, 1, 1},
	    {"failed", REMOTE_FAILED, 10, 0, 1, 1},
	};
	static const struct {
		enum sync_want_kind kind;
		unsigned slot;
	} kinds[] = {{SYNC_WANT_EXCHANGE, ALONE}, {SYNC_WANT_GET, ALONE}, {SYNC_WANT_GET, 1},
	    {SYNC_WANT_PUT, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t j = 0; j < COUNT_OF(kinds); j++) {
			struct sync_want wants[12] = {want(kinds[j].kind, kinds[j].slot)};

			for (size_t at = 1; at < COUNT_OF(wants); at++)
				wants[at] = want(SYNC_WANT_ANSWER, 0);
			script_begin(wants, kinds[j].slot == ALONE ? 1 : 1 + rows[i].sent);
			for (size_t at = 0; at < rows[i].fails; at++)
				script.answers[at] = (struct answer){.result = rows[i].result,
				    .retry_after_ms = rows[i].retry_after_ms,
				    .takes_ms = rows[i].takes_ms,
				    .message = "again"};
			assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
			if (script.answers_given != rows[i].sent ||
			    (strstr(script.log, "failed(") == NULL) !=
				(rows[i].fails < rows[i].sent))
				fail_msg(
				    "%s, kind %d: %s", rows[i].name, kinds[j].kind, script.log);
		}
}

static void each_time_it_waits_as_long_as_it_is_told(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_EXCHANGE, ALONE), want(SYNC_WANT_PUT, 4),
	    want(SYNC_WANT_ANSWER, 0), want(SYNC_WANT_ANSWER, 0)};

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	script.answers[0] = (struct answer){REMOTE_LATER, "busy", 70, 0, false};
	script.answers[1] = (struct answer){REMOTE_LATER, "busy", 80, 0, false};
	script.answers[3] = (struct answer){REMOTE_LATER, "busy", 90, 0, false};
	assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
	assert_log("waits", "sync wait(70) sync wait(80) sync exchanged(5) seal(4) "
			    "put(14, sealed) wait(90) put(14, sealed) known(14) put(4) end ");
}

/* ---- cancelled, and cut ---- */

static void cancelled_in_each_place(void **state)
{
	static const struct {
		const char *name;
		struct sync_want wants[3];
		size_t wants_count;
		unsigned waits_ok;
		const char *expected;
	} rows[] = {
	    {"before an exchange", {{.kind = SYNC_WANT_EXCHANGE, .slot = ALONE}}, 1, 0,
		"failed(6, LATER: cancelled) end "},
	    {"before a blob", {{.kind = SYNC_WANT_GET, .slot = ALONE}}, 1, 0,
		"failed(6, LATER: cancelled) end "},
	    {"before one beside others", {{.kind = SYNC_WANT_PUT, .slot = 2}}, 1, 0,
		"failed(2, LATER: cancelled) end "},
	    {"in a wait", {{.kind = SYNC_WANT_WAIT, .slot = ALONE, .wait_ms = 50}}, 1, 0,
		"wait(50) failed(6, LATER: cancelled) end "},
	    {"while a blob is under way",
		{{.kind = SYNC_WANT_GET, .slot = 2}, {.kind = SYNC_WANT_ANSWER}}, 2, 1,
		"get(0) open(2) failed(2, LATER: cancelled) end "},
	    {"while a put is under way",
		{{.kind = SYNC_WANT_PUT, .slot = 3}, {.kind = SYNC_WANT_ANSWER}}, 2, 1,
		"seal(3) put(0, sealed) failed(3, LATER: cancelled) end "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		script_begin(rows[i].wants, rows[i].wants_count);
		script.waits_ok = rows[i].waits_ok;
		assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
		assert_log(rows[i].name, rows[i].expected);
	}
}

static void cancelled_while_it_waits_to_ask_again(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_EXCHANGE, ALONE)};

	(void)state;
	script_begin(wants, COUNT_OF(wants));
	script.waits_ok = 1;
	script.answers[0] = (struct answer){REMOTE_LATER, "busy", 500, 0, false};
	assert_int_equal(run_with(&ops, 0), ENGINE_ROOT);
	assert_log("cancelled", "sync wait(500) failed(6, LATER: busy) end ");
}

/* What is left undone is refused, what is under way comes home, and the run says so. */
static void a_run_of_too_many_steps_is_cut(void **state)
{
	const struct sync_want wants[] = {want(SYNC_WANT_PUT, 0), want(SYNC_WANT_GET, 1),
	    want(SYNC_WANT_GET, 2), want(SYNC_WANT_ANSWER, 0), want(SYNC_WANT_ANSWER, 0)};

	(void)state;
	script_begin(wants, 4);
	assert_int_equal(run_with(&ops, 1), ENGINE_LATER);
	assert_log("cut", "seal(0) failed(1, LATER: cancelled) failed(2, LATER: cancelled) "
			  "put(10, sealed) failed(0, LATER: cancelled) ");
	assert_string_equal(
	    run_call.message, "the sync did not come to an end in 1 steps; sync again");
	for (unsigned steps = 5; steps <= 6; steps++) { /* five wants; then that it wants no more */
		script_begin(wants, COUNT_OF(wants));
		script.wants[3] = want(SYNC_WANT_ANSWER, 0);
		script.wants[2] = want(SYNC_WANT_WAIT, ALONE);
		assert_int_equal(run_with(&ops, steps), ENGINE_ROOT);
		assert_int_equal(script.steps, 6);
	}
}

static void no_run_is_endless(void **state)
{
	(void)state;
	script_begin(NULL, 0);
	script.endless = script.give_up = true;
	assert_int_equal(run_with(&ops, 0), ENGINE_LATER);
	assert_int_equal(script.steps, 100000 + 2);
	assert_string_equal(
	    run_call.message, "the sync did not come to an end in 100000 steps; sync again");
}

static void results_have_texts(void **state)
{
	static const char *const words[] = {[REMOTE_OK] = "done",
	    [REMOTE_ABSENT] = "not there",
	    [REMOTE_GONE] = "without a signed proof",
	    [REMOTE_REFUSED] = "refused",
	    [REMOTE_LATER] = "did not answer",
	    [REMOTE_UNREACHABLE] = "cannot be reached",
	    [REMOTE_DAMAGED] = "damaged",
	    [REMOTE_FAILED] = "for good"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		assert_non_null(strstr(remote_result_text((enum remote_result)i), words[i]));
}

static void a_request_has_a_minute(void **state)
{
	struct call call;

	(void)state;
	script_begin(NULL, 0);
	call_init(&call, 1);
	call_sayf(&call, "before");
	call.retry_after_ms = 5;
	remote_request(&call, &clock_here);
	assert_int_equal(call.deadline_ms, 61000);
	assert_string_equal(call.message, "");
	assert_int_equal(call.retry_after_ms, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_want_is_done_and_told),
    cmocka_unit_test(who_has_no_twins_is_not_told_of_them),
    cmocka_unit_test(each_failure_is_told_for_what_it_is),
    cmocka_unit_test(what_cannot_be_sealed_is_told),
    cmocka_unit_test(without_memory_for_what_travels_beside),
    cmocka_unit_test(a_refused_frame_says_why),
    cmocka_unit_test(it_is_asked_again_when_the_other_side_says),
    cmocka_unit_test(each_time_it_waits_as_long_as_it_is_told),
    cmocka_unit_test(cancelled_in_each_place),
    cmocka_unit_test(cancelled_while_it_waits_to_ask_again),
    cmocka_unit_test(a_run_of_too_many_steps_is_cut),
    cmocka_unit_test(no_run_is_endless),
    cmocka_unit_test(results_have_texts),
    cmocka_unit_test(a_request_has_a_minute),
};

TEST_MAIN(tests)
