/*
 * tests/cli/engine/roster_test.c: rosters that the log has not led to: whatever a device is shown,
 * in whatever phase, it stores none of it, and goes on with the honest log afterwards. And of one
 * device's statements no two stand at one place.
 */
#include "cli/engine/membership.h"
#include "tests/cli/engine/off_log.h"
#include "tests/cli/engine/pair.h"

#include <stdlib.h>
#include <string.h>

/* What the gateway shows in the place of the roster; two, so that it may change its mind. */
static struct {
	struct bytes roster[2];
	struct digest hash[2];
	struct blob_name name[2];
	bool alternates;
} shown;

static struct bytes stored_roster(struct device *device)
{
	struct bytes stored = {0};

	call_init(&device->call, pair.world.now_ms + 60000);
	assert_engine(device, sync_roster_get(&device->engine, &device->call, &stored), ENGINE_OK);
	return stored;
}

static size_t stored_statements(struct device *device)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes stored = stored_roster(device);
	size_t count;

	assert_non_null(roster);
	assert_int_equal(roster_decode(view_bytes(&stored), false, roster), FORMAT_OK);
	count = roster->statements_count;
	bytes_clear(&stored);
	free(roster);
	return count;
}

/* As a blob in the bucket: whoever belongs may put it. */
static void put_shown(size_t at)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct device *a = &pair.a;

	assert_non_null(roster);
	assert_int_equal(roster_decode(view_bytes(&shown.roster[at]), false, roster), FORMAT_OK);
	shown.hash[at] = *roster_hash(roster);
	blob_hash(view_bytes(&shown.roster[at]), &shown.name[at].hash);
	shown.name[at].count = device_facts(a).sweep;
	call_init(&a->call, pair.world.now_ms + 60000);
	assert_int_equal(account_blob_put(&a->env, &a->cache, &pair.world.account, &shown.name[at],
			     view_bytes(&shown.roster[at]), &a->call),
	    ACCOUNT_OK);
	free(roster);
}

/* a's statement, which stands in no log. */
static void make_shown(size_t at, enum off_log kind)
{
	struct bytes known = stored_roster(&pair.a);

	bytes_clear(&shown.roster[at]);
	assert_int_equal(off_log_make(view_bytes(&known), &pair.a.keys, kind, &pair.b.keys.id,
			     &pair.world.random, &shown.roster[at]),
	    FORMAT_OK);
	put_shown(at);
	bytes_clear(&known);
}

static int setup(void **state)
{
	memset(&shown, 0, sizeof(shown));
	return pair_setup(state);
}

static int teardown(void **state)
{
	bytes_clear(&shown.roster[0]);
	bytes_clear(&shown.roster[1]);
	return pair_teardown(state);
}

/* Of the next `times` answers. */
static void show(struct device *device, struct sync_answer *answer)
{
	size_t at = shown.alternates ? device->times % 2 : 0;

	if (device->times == 0)
		return;
	device->times--;
	answer->roster_hash = shown.hash[at];
	answer->roster = shown.name[at];
}

/* Nothing of it is kept. */
static void assert_refused_as(struct device *device, unsigned times, enum engine_result as)
{
	struct bytes before = stored_roster(device);
	struct bytes after;
	enum engine_result result;

	device->answered = show;
	device->times = times;
	result = device_sync(device);
	device->answered = NULL;
	if (result != as)
		fail_msg("%s: %s", engine_result_text(result), device->call.message);
	after = stored_roster(device);
	assert_true(view_equal(view_bytes(&before), view_bytes(&after)));
	bytes_clear(&after);
	bytes_clear(&before);
}

static void assert_refused(struct device *device, unsigned times)
{
	assert_refused_as(device, times, ENGINE_DAMAGED);
}

/* The honest log goes on with a statement at the very place of the one that was shown. */
static void assert_goes_on(struct device *device)
{
	struct device c;

	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(device);
	assert_synced(&pair.a);
	assert_synced(device);
	assert_synced(&c);
	assert_same(device, &c);
	assert_same(device, &pair.a);
	assert_int_equal(stored_statements(device), stored_statements(&c));
	device_close(&c);
}

static void shown_to_who_is_at_the_head(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < OFF_LOG_KINDS; kind++) {
		make_shown(0, (enum off_log)kind);
		assert_refused(&pair.b, UINT32_MAX);
	}
	assert_goes_on(&pair.b);
}

static void shown_to_who_is_behind(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < OFF_LOG_KINDS; kind++) {
		(void)device_save(&pair.a, "e1", off_log_text((enum off_log)kind));
		assert_synced(&pair.a);
		make_shown(0, (enum off_log)kind);
		assert_refused(&pair.b, UINT32_MAX);
		assert_content(&pair.b, "e1", off_log_text((enum off_log)kind));
	}
	assert_goes_on(&pair.b);
}

/* A push whose acknowledgement it is told with has its acknowledgement: more was not asked. */
static void shown_to_who_pushes(void **state)
{
	(void)state;
	make_shown(0, OFF_LOG_SEVERAL);
	(void)device_save(&pair.b, "e2", "at the head");
	pair.b.answered = show;
	pair.b.times = UINT32_MAX;
	assert_synced(&pair.b);
	assert_int_equal(stored_statements(&pair.b), 2);
	assert_synced(&pair.a);
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	(void)device_save(&pair.b, "e2", "behind");
	assert_refused(&pair.b, UINT32_MAX);
	assert_goes_on(&pair.b);
	assert_content(&pair.a, "e2", "behind");
}

/* Also where the roster that the code is checked against is one of these. */
static void shown_to_who_recovers(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < OFF_LOG_KINDS; kind++) {
		struct recovery_view view = {0};
		struct device c;

		make_shown(0, (enum off_log)kind);
		device_open(&c, &pair.world);
		call_init(&c.call, pair.world.now_ms + 60000);
		assert_engine(&c,
		    recovery_check(
			&c.engine, view_bytes(&shown.roster[0]), &pair.world.code, &c.call, &view),
		    ENGINE_OK);
		assert_engine(&c,
		    recovery_store(
			&c.engine, view_bytes(&shown.roster[0]), &view, "another", &c.call),
		    ENGINE_OK);
		c.recovery = view.keys;
		sodium_memzero(&view, sizeof(view));
		assert_int_equal(stored_statements(&c), 1); /* what the code vouches for */
		c.answered = show;
		c.times = UINT32_MAX;
		assert_engine(&c, device_sync(&c), ENGINE_DAMAGED);
		assert_int_equal(stored_statements(&c), stored_statements(&pair.a));
		assert_true(device_facts(&c).recovering);
		c.answered = NULL;
		assert_synced(&c);
		assert_synced(&pair.a);
		assert_same(&c, &pair.a);
		device_close(&c);
	}
	assert_goes_on(&pair.b);
}

static void shown_to_who_is_far_behind(void **state)
{
	(void)state;
	pair_far_behind();
	make_shown(0, OFF_LOG_SEVERAL);
	assert_refused(&pair.b, UINT32_MAX);
	assert_goes_on(&pair.b);
}

/*
 * A gateway that goes back, shows these rosters for a while, and is honest again. A reset carries
 * the roster that the gateway says is its own, for else it would be refused: then the log leads to
 * it, for all. If the lie is over by then, nothing of it is carried.
 */
static void shown_to_who_resets(void **state)
{
	static const struct {
		enum off_log kind;
		unsigned times; /* 3: up to the answer just before the reset */
	} rows[] = {{OFF_LOG_ADDS, 1}, {OFF_LOG_REVOKES, 2}, {OFF_LOG_EPOCH, 2},
	    {OFF_LOG_SEVERAL, 2}, {OFF_LOG_SEVERAL, 3}};
	struct bytes old = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		world_manifest(&pair.world, &old);
		(void)device_save(&pair.b, "e1", off_log_text(rows[i].kind));
		assert_synced(&pair.b);
		world_manifest_set(&pair.world, view_bytes(&old));
		account_cache_clear(&pair.a.cache);
		account_cache_clear(&pair.b.cache);
		make_shown(0, rows[i].kind);
		pair.b.reseed = true;
		pair.b.answered = show;
		pair.b.times = rows[i].times;
		assert_synced(&pair.b);
		assert_true(pair.b.totals.reset);
		pair.b.answered = NULL;
		pair.b.reseed = false;
		assert_synced(&pair.a);
		assert_synced(&pair.b);
		assert_synced(&pair.a);
		assert_same(&pair.a, &pair.b);
		assert_content(&pair.a, "e1", off_log_text(rows[i].kind));
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(stored_statements(k == 0 ? &pair.a : &pair.b),
			    rows[i].times < 3 ? 2 : 4);
	}
	assert_goes_on(&pair.b);
	bytes_clear(&old);
}

/* It names another at each look. */
static void a_roster_that_changes_between_two_reads(void **state)
{
	(void)state;
	make_shown(0, OFF_LOG_ADDS);
	make_shown(1, OFF_LOG_EPOCH);
	shown.alternates = true;
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	assert_refused(&pair.b, UINT32_MAX);
	/* The lie ends within one run: what was held is given up for what is there. */
	for (unsigned times = 1; times < 4; times++) {
		(void)device_save(&pair.a, "e1", "newest");
		assert_synced(&pair.a);
		pair.b.answered = show;
		pair.b.times = times;
		assert_synced(&pair.b);
		pair.b.answered = NULL;
		assert_int_equal(stored_statements(&pair.b), 2);
	}
	assert_goes_on(&pair.b);
}

static void give_another(struct device *device, const struct blob_name *name, struct bytes *blob)
{
	(void)device;
	if (!blob_name_equal(name, &shown.name[0]))
		return;
	bytes_clear(blob);
	assert_true(bytes_copy(view_bytes(&shown.roster[1]), blob));
}

/* Its blob is another than was named, or ends in another statement than the answer says. */
static void a_roster_that_is_not_the_named_one(void **state)
{
	(void)state;
	make_shown(0, OFF_LOG_ADDS);
	make_shown(1, OFF_LOG_EPOCH);
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	pair.b.got = give_another;
	assert_refused(&pair.b, UINT32_MAX);
	pair.b.got = NULL;
	shown.name[0] = shown.name[1];
	assert_refused(&pair.b, UINT32_MAX);
	assert_goes_on(&pair.b);
}

/* Rosters that hold in themselves, and do not continue the three statements that b knows. */
static const struct other {
	const char *name;
	size_t first;      /* so many statements of the log's; 0: another account's genesis */
	enum off_log kind; /* then a's own, if it is continued, which are these */
	bool continued;
	bool known_end; /* it ends in a statement that b knows */
} others[] = {
    {"shortened", 2, OFF_LOG_ADDS, false, true},
    {"forked, and shorter", 1, OFF_LOG_ADDS, true, false},
    {"forked, as long", 1, OFF_LOG_SEVERAL, true, false},
    {"forked at its end", 2, OFF_LOG_EPOCH, true, false},
    {"forked, and longer", 2, OFF_LOG_SEVERAL, true, false},
    {"another account's", 0, OFF_LOG_ADDS, false, false},
    {"another account's, and longer", 0, OFF_LOG_SEVERAL, true, false},
};

static void make_other(const struct other *other)
{
	struct roster *roster = calloc(1, sizeof(*roster));
	struct bytes known = stored_roster(&pair.a), begun = {0};
	uint8_t recovery[RECOVERY_KEY_LEN] = {1};
	struct device *a = &pair.a;

	assert_non_null(roster);
	assert_int_equal(roster_decode(view_bytes(&known), false, roster), FORMAT_OK);
	assert_int_equal(roster->statements_count, 3);
	if (other->first > 0)
		assert_int_equal(roster_first(roster, other->first, &begun), FORMAT_OK);
	else
		assert_int_equal(genesis_make(&a->keys, view_text("a"), recovery, pair.world.now_ms,
				     &pair.world.random, &begun),
		    FORMAT_OK);
	bytes_clear(&shown.roster[0]);
	if (other->continued)
		assert_int_equal(off_log_make(view_bytes(&begun), &a->keys, other->kind, NULL,
				     &pair.world.random, &shown.roster[0]),
		    FORMAT_OK);
	else
		assert_true(bytes_copy(view_bytes(&begun), &shown.roster[0]));
	put_shown(0);
	bytes_clear(&begun);
	bytes_clear(&known);
	free(roster);
}

/*
 * To who is at the head it is one that the log does not hold, and is not even fetched. To who is
 * behind it, with something to push or without, it says that the log was rolled back, or is
 * another: what it holds never takes the place of what is known.
 */
static void a_roster_that_does_not_descend(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(&pair.a);
	assert_synced(&pair.b);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		print_message("%s\n", others[i].name);
		make_other(&others[i]);
		assert_refused_as(
		    &pair.b, UINT32_MAX, others[i].known_end ? ENGINE_ROLLBACK : ENGINE_DAMAGED);
		(void)device_save(&pair.a, "e1", others[i].name);
		assert_synced(&pair.a);
		assert_refused_as(&pair.b, UINT32_MAX, ENGINE_ROLLBACK);
		(void)device_save(&pair.a, "e3", others[i].name);
		assert_synced(&pair.a);
		(void)device_save(&pair.b, "e2", others[i].name);
		assert_refused_as(&pair.b, UINT32_MAX, ENGINE_ROLLBACK);
		assert_synced(&pair.b);
		assert_synced(&pair.a);
		assert_same(&pair.a, &pair.b);
	}
	assert_goes_on(&pair.b);
	device_close(&c);
}

static void one_frame_an_answer(struct device *device, struct sync_answer *answer)
{
	(void)device;
	if (answer->status != SYNC_BEHIND || answer->frames_count < 2)
		return;
	answer->frames_count = 1;
	answer->more = true;
}

static bool refuse_the_third(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)request;
	answer->status = SYNC_REFUSED;
	return device->exchanges == 3;
}

/* The roster there is two statements ahead of b: each is stored with the frame that leads to it. */
static void a_statement_is_stored_with_its_frame(void **state)
{
	struct device joining[2];

	(void)state;
	(void)device_save(&pair.a, "e1", "before");
	assert_synced(&pair.a);
	for (unsigned i = 0; i < 2; i++) {
		device_open(&joining[i], &pair.world);
		device_join(&joining[i]);
		assert_synced(&joining[i]);
	}
	pair.b.answered = one_frame_an_answer;
	pair.b.instead = refuse_the_third; /* the roster is fetched between the first two */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(stored_statements(&pair.b), i < 2 ? 2 : 3);
		(void)device_sync(&pair.b);
	}
	pair.b.answered = NULL;
	pair.b.instead = NULL;
	assert_synced(&pair.b);
	assert_int_equal(stored_statements(&pair.b), 4);
	for (unsigned i = 0; i < 2; i++)
		device_close(&joining[i]);
}

static bool revoke(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	struct bytes roster = {0};

	(void)device;
	(void)request;
	answer->status = SYNC_REVOKED;
	assert_true(bytes_copy(view_bytes(&shown.roster[0]), &roster));
	answer->roster_blob = view_bytes(&roster);
	assert_true(sync_answer_keep(answer, &roster));
	return true;
}

/* Believed for as long as it is said; where the log does not lead to it nothing has happened. */
static void a_revocation_that_no_log_holds(void **state)
{
	struct device c;

	(void)state;
	make_shown(0, OFF_LOG_REVOKES);
	(void)device_save(&pair.b, "e2", "not yet sent");
	pair.b.instead = revoke;
	for (unsigned i = 0; i < 2; i++)
		assert_engine(&pair.b, device_sync(&pair.b), ENGINE_REVOKED);
	assert_true(device_facts(&pair.b).on);
	assert_int_equal(stored_statements(&pair.b), 2);
	pair.b.instead = NULL;
	assert_synced(&pair.b);
	/* Another statement stands in its place by now: it is nobody's word any more. */
	device_open(&c, &pair.world);
	device_join(&c);
	assert_synced(&c);
	assert_synced(&pair.b);
	pair.b.instead = revoke;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_MISSING);
	pair.b.instead = NULL;
	assert_synced(&pair.b);
	assert_same(&pair.b, &c);
	device_close(&c);
}

/* The second look finds that a has wiped the account. */
static void wipe_before_the_second(struct device *device, const struct sync_request *request)
{
	struct device *a = &pair.a;
	struct bytes encoded = {0};
	struct wipe_report report = {0};

	(void)request;
	if (device->exchanges != 2)
		return;
	call_init(&a->call, pair.world.now_ms + 60000);
	assert_engine(a, wipe_make(&a->engine, "", &a->call, &encoded), ENGINE_OK);
	assert_int_equal(account_wipe(&a->env, &a->cache, &pair.world.account, view_bytes(&encoded),
			     &a->call, &report),
	    ACCOUNT_OK);
	bytes_clear(&encoded);
}

/*
 * The wipe's record names the roster that its maker knew. What is held beyond the log does not
 * stand against it.
 */
static void shown_to_who_is_told_of_a_wipe(void **state)
{
	(void)state;
	(void)device_save(&pair.a, "e1", "newer");
	assert_synced(&pair.a);
	make_shown(0, OFF_LOG_ADDS);
	pair.b.answered = show;
	pair.b.times = 1;
	pair.b.before = wipe_before_the_second;
	assert_engine(&pair.b, device_sync(&pair.b), ENGINE_GONE);
	assert_int_equal(pair.b.gets, 1); /* the roster: it was held */
	assert_int_equal(pair.b.exchanges, 2);
	assert_false(device_facts(&pair.b).has_account);
}

static void join_before_the_second(struct device *device, const struct sync_request *request)
{
	(void)request;
	if (device->exchanges != 2)
		return;
	device_join(device->other);
	assert_synced(device->other);
}

/* What was staged is given up for the roster, and found again behind it. */
static void a_device_joins_while_a_snapshot_is_followed(void **state)
{
	struct device c;

	(void)state;
	pair_far_behind();
	device_open(&c, &pair.world);
	pair.b.other = &c;
	pair.b.before = join_before_the_second;
	pair.b.answered = pair_note_far;
	pair.b.times = 0;
	assert_synced(&pair.b);
	pair.b.before = NULL;
	pair.b.answered = NULL;
	assert_int_equal(pair.b.times, 2); /* once before the roster, and once after it */
	assert_int_equal(stored_statements(&pair.b), 3);
	assert_synced(&pair.a);
	assert_same(&pair.b, &pair.a);
	assert_same(&pair.b, &c);
	device_close(&c);
}

/* Who recovers asks in the name of the code: it is the code that may be revoked. */
static void a_revoked_code_recovers_nothing(void **state)
{
	struct bytes known = stored_roster(&pair.a);
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	c.instead = revoke;
	for (unsigned i = 0; i < 2; i++) {
		const struct device_id *victim = i == 0 ? &pair.b.keys.id : &c.recovery.id;

		bytes_clear(&shown.roster[0]);
		assert_int_equal(off_log_make(view_bytes(&known), &pair.a.keys, OFF_LOG_REVOKES,
				     victim, &pair.world.random, &shown.roster[0]),
		    FORMAT_OK);
		assert_engine(&c, device_sync(&c), i == 0 ? ENGINE_MISSING : ENGINE_REVOKED);
	}
	assert_non_null(strstr(c.call.message, "the recovery code was revoked"));
	assert_true(device_facts(&c).recovering);
	bytes_clear(&known);
	device_close(&c);
}

/* The statements that a device has sent, in the order of its tries. */
static struct bytes sent[8];
static size_t sent_count;

static void note_statement(struct device *device, const struct sync_request *request)
{
	struct frame frame;

	if (request->frames_count != 1 || frame_decode(request->frames[0], &frame) != FORMAT_OK ||
	    frame.header.kind != FRAME_STATEMENT)
		return;
	assert_true(sent_count < COUNT_OF(sent));
	assert_true(bytes_copy(frame.body, &sent[sent_count++]));
	if (device->times == 0)
		return;
	device->times--; /* a race, lost to a patch */
	(void)device_save(&pair.a, "e1", device->times % 2 == 0 ? "this" : "that");
	assert_synced(&pair.a);
}

static void forget_statements(void)
{
	while (sent_count > 0)
		bytes_clear(&sent[--sent_count]);
}

static void a_lost_race_signs_the_frame_alone_anew(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	c.before = note_statement;
	c.times = 3;
	assert_synced(&c);
	assert_int_equal(sent_count, 4);
	for (size_t i = 1; i < sent_count; i++)
		assert_true(view_equal(view_bytes(&sent[0]), view_bytes(&sent[i])));
	forget_statements();
	assert_synced(&pair.a);
	assert_same(&c, &pair.a);
	device_close(&c);
}

static bool refuse_statement(
    struct device *device, const struct sync_request *request, struct sync_answer *answer)
{
	(void)device;
	answer->status = SYNC_REFUSED;
	return request->frames_count > 0;
}

/* Another process, a day later, sends the same bytes. */
static void a_statement_outlives_its_process(void **state)
{
	struct device c;

	(void)state;
	device_open(&c, &pair.world);
	device_join(&c);
	c.before = note_statement;
	for (unsigned run = 0; run < 3; run++) {
		c.instead = run < 2 ? refuse_statement : NULL;
		assert_engine(&c, device_sync(&c), run < 2 ? ENGINE_DAMAGED : ENGINE_OK);
		device_restart(&c);
		pair.world.now_ms += 86400000;
	}
	assert_int_equal(sent_count, 3);
	for (size_t i = 1; i < sent_count; i++)
		assert_true(view_equal(view_bytes(&sent[0]), view_bytes(&sent[i])));
	forget_statements();
	assert_synced(&pair.a);
	assert_same(&c, &pair.a);
	device_close(&c);
}

static void another_joins(struct device *device, const struct sync_request *request)
{
	note_statement(device, request);
	if (sent_count != 1)
		return;
	device_join(device->other);
	assert_synced(device->other);
}

/* Its place was taken by another's statement: the next one is for another place. */
static void a_statement_whose_place_is_taken_is_made_again(void **state)
{
	struct statement first, second;
	struct device c, d;

	(void)state;
	device_open(&c, &pair.world);
	device_open(&d, &pair.world);
	device_join(&c);
	c.other = &d;
	c.before = another_joins;
	assert_synced(&c);
	assert_int_equal(sent_count, 2);
	assert_int_equal(statement_decode(view_bytes(&sent[0]), false, &first), FORMAT_OK);
	assert_int_equal(statement_decode(view_bytes(&sent[1]), false, &second), FORMAT_OK);
	assert_false(digest_equal(&first.previous, &second.previous));
	forget_statements();
	assert_synced(&pair.a);
	assert_synced(&d);
	assert_same(&c, &pair.a);
	assert_same(&c, &d);
	assert_int_equal(stored_statements(&pair.a), 4);
	device_close(&c);
	device_close(&d);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(shown_to_who_is_at_the_head, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_is_behind, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_pushes, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_recovers, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_is_far_behind, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_resets, setup, teardown),
    cmocka_unit_test_setup_teardown(a_roster_that_changes_between_two_reads, setup, teardown),
    cmocka_unit_test_setup_teardown(a_roster_that_is_not_the_named_one, setup, teardown),
    cmocka_unit_test_setup_teardown(a_roster_that_does_not_descend, setup, teardown),
    cmocka_unit_test_setup_teardown(a_statement_is_stored_with_its_frame, setup, teardown),
    cmocka_unit_test_setup_teardown(a_revocation_that_no_log_holds, setup, teardown),
    cmocka_unit_test_setup_teardown(shown_to_who_is_told_of_a_wipe, setup, teardown),
    cmocka_unit_test_setup_teardown(a_device_joins_while_a_snapshot_is_followed, setup, teardown),
    cmocka_unit_test_setup_teardown(a_revoked_code_recovers_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(a_lost_race_signs_the_frame_alone_anew, setup, teardown),
    cmocka_unit_test_setup_teardown(a_statement_outlives_its_process, setup, teardown),
    cmocka_unit_test_setup_teardown(
	a_statement_whose_place_is_taken_is_made_again, setup, teardown),
};

TEST_MAIN(tests)
