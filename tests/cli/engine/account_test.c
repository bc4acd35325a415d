/*
 * tests/cli/engine/account_test.c: an account as one home knows it: made, stored, switched off and
 * on, recovered, wiped, forgotten. No log: what is stored is looked at where it stands.
 */
#include "cli/engine/epochs.h"
#include "cli/engine/membership.h"
#include "tests/cli/engine/engine_fixture.h"
#include "tests/cli/engine/off_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world world;
static struct device device;
static struct account_new account;
static struct roster roster;

static struct call *afresh(void)
{
	call_init(&device.call, INT64_MAX);
	return &device.call;
}

static int setup(void **state)
{
	(void)state;
	world_open(&world);
	device_open(&device, &world);
	assert_engine(
	    &device, account_begin(&device.engine, "the first", afresh(), &account), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&account.roster), false, &roster), FORMAT_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	account_new_clear(&account);
	device_close(&device);
	world_close(&world);
	return 0;
}

static void set_meta(const char *name, const char *value)
{
	const struct journal_ops *ops = device.engine.journal.ops;

	assert_int_equal(ops->begin(device.store, afresh()), JOURNAL_OK);
	assert_int_equal(ops->meta_set(device.store, name, view_text(value), afresh()), JOURNAL_OK);
	assert_int_equal(ops->commit(device.store, afresh()), JOURNAL_OK);
}

static bool has_meta(const char *name)
{
	struct bytes value = {0};
	enum journal_result found =
	    device.engine.journal.ops->meta_get(device.store, name, afresh(), &value);

	bytes_clear(&value);
	return found == JOURNAL_OK;
}

/* Of an account that was here before: none of it may be taken for the new one's. */
static const char *const of_the_log[] = {META_ROOT, META_INDEX, META_STAGE, META_STATEMENT};

static void leave_an_older_log(void)
{
	const struct journal_ops *ops = device.engine.journal.ops;
	struct digest version;

	for (size_t i = 0; i < COUNT_OF(of_the_log); i++)
		set_meta(of_the_log[i], "of another account");
	device_new(&device, "one", "words");
	version = device_version(&device, "one");
	assert_int_equal(ops->begin(device.store, afresh()), JOURNAL_OK);
	assert_int_equal(
	    ops->base_set(device.store, view_text("one"), &version, afresh()), JOURNAL_OK);
	assert_int_equal(ops->cloud_set(device.store, view_text("one"), &version, &device.keys.id,
			     1, 0, afresh()),
	    JOURNAL_OK);
	assert_int_equal(ops->commit(device.store, afresh()), JOURNAL_OK);
	assert_int_equal(device_counts(&device).dirty_count, 0);
}

static void assert_no_log(void)
{
	for (size_t i = 0; i < COUNT_OF(of_the_log); i++)
		if (has_meta(of_the_log[i]))
			fail_msg("%s is there", of_the_log[i]);
	assert_int_equal(device_counts(&device).dirty_count, 1);
	assert_content(&device, "one", "words");
}

struct told {
	enum activity_kind kind;
	const char *detail;
	size_t count;
};

static bool see_told(void *self, const struct store_activity *row)
{
	struct told *told = self;

	if (row->kind == told->kind) {
		assert_string_equal(row->detail, told->detail);
		assert_int_equal(row->at_ms, world.now_ms);
		told->count++;
	}
	return true;
}

/* So often, with these words, now. */
static void assert_told(enum activity_kind kind, const char *detail, size_t count)
{
	struct told told = {kind, detail, 0};

	assert_int_equal(store_activity(device.store, 0, see_told, &told, afresh()), JOURNAL_OK);
	assert_int_equal(told.count, count);
}

static void assert_says(const char *part)
{
	if (strstr(device.call.message, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", device.call.message, part);
}

static void what_is_made_is_one_account(void **state)
{
	static struct roster sent;
	struct create create = {0};
	struct recovery_view view = {0};

	(void)state;
	assert_int_equal(create_decode(view_bytes(&account.create), &create, &sent), FORMAT_OK);
	assert_true(account_equal(&create.account, &account.account));
	assert_true(account_equal(&roster.account, &account.account));
	assert_true(account_equal(&account.code.account, &account.account));
	assert_true(device_equal(&create.device, &device.keys.id));
	assert_int_equal(create.time_ms, world.now_ms);
	assert_true(view_equal(create.roster, view_bytes(&account.roster)));
	assert_memory_equal(account.code.statement, roster.hashes[0].bytes, RECOVERY_STATEMENT_LEN);
	assert_engine(&device,
	    recovery_check(
		&device.engine, view_bytes(&account.roster), &account.code, afresh(), &view),
	    ENGINE_OK);
	assert_int_equal(roster.devices[0].added_ms, world.now_ms);
	sodium_memzero(&view, sizeof(view));
}

/* None of them could stand in a statement. */
static const char *const no_names[] = {
    "", "01234567890123456789012345678901234567890123456789012345678901234", "\xff"};
static const char longest_name[] =
    "0123456789012345678901234567890123456789012345678901234567890123";

static void a_name_that_does_not_fit_makes_none(void **state)
{
	struct account_new none = {0};
	static const struct account_new nothing;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(no_names); i++) {
		assert_engine(&device, account_begin(&device.engine, no_names[i], afresh(), &none),
		    ENGINE_REFUSED);
		assert_says("a device's name has 1 to 64 bytes, as UTF-8");
		assert_memory_equal(&none, &nothing, sizeof(none));
	}
	assert_engine(
	    &device, account_begin(&device.engine, longest_name, afresh(), &none), ENGINE_OK);
	account_new_clear(&none);
}

static size_t stored_statements(void)
{
	static struct roster stored;
	struct bytes encoded = {0};
	size_t count;

	assert_engine(&device, sync_roster_get(&device.engine, afresh(), &encoded), ENGINE_OK);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &stored), FORMAT_OK);
	count = stored.statements_count;
	bytes_clear(&encoded);
	return count;
}

/* At its genesis, before any frame. */
static void assert_at_its_beginning(bool recovering)
{
	struct sync_facts facts = device_facts(&device);
	struct stored_facts stored;

	assert_true(facts.has_account);
	assert_true(facts.on);
	assert_int_equal(facts.recovering, recovering);
	assert_true(account_equal(&facts.account, &account.account));
	assert_true(device_equal(&facts.device, &device.keys.id));
	assert_int_equal(facts.head.seq, 0);
	assert_true(digest_equal(&facts.head.hash, &roster.hashes[0]));
	assert_true(head_equal(&facts.head, &facts.known_head));
	assert_engine(&device, facts_load(&device.engine, afresh(), &stored), ENGINE_OK);
	assert_true(digest_equal(&stored.roster_at, &roster.hashes[0]));
}

static void a_new_account_begins_without_a_log(void **state)
{
	(void)state;
	leave_an_older_log();
	assert_engine(&device, account_store(&device.engine, &account, afresh()), ENGINE_OK);
	assert_at_its_beginning(false);
	assert_int_equal(stored_statements(), 1);
	assert_no_log();
	assert_told(ACTIVITY_SYNC_ON, "a new account", 1);
}

static void what_is_no_roster_is_not_stored(void **state)
{
	struct account_new other = account;
	struct bytes cut = {account.roster.data, account.roster.len - 1};

	(void)state;
	other.roster = cut;
	assert_engine(&device, account_store(&device.engine, &other, afresh()), ENGINE_DAMAGED);
	assert_says("the new roster: ");
	assert_false(device_facts(&device).has_account);
	assert_told(ACTIVITY_SYNC_ON, "", 0);
}

static void it_is_switched_off_and_on(void **state)
{
	(void)state;
	assert_engine(&device, sync_switch(&device.engine, true, afresh()), ENGINE_OFF);
	assert_says("sync was never set up here");
	assert_told(ACTIVITY_SYNC_ON, "", 0);
	assert_engine(&device, account_store(&device.engine, &account, afresh()), ENGINE_OK);
	world.now_ms++;
	assert_engine(&device, sync_switch(&device.engine, false, afresh()), ENGINE_OK);
	assert_false(device_facts(&device).on);
	assert_true(device_facts(&device).has_account);
	assert_told(ACTIVITY_SYNC_OFF, "", 1);
	assert_int_equal(device_activity(&device, ACTIVITY_SYNC_ON), 1);
	assert_engine(&device, sync_switch(&device.engine, true, afresh()), ENGINE_OK);
	assert_at_its_beginning(false);
	assert_int_equal(device_activity(&device, ACTIVITY_SYNC_ON), 2);
}

static void what_was_wiped_is_forgotten(void **state)
{
	static const char *const of_the_account[] = {META_FACTS, META_ROSTER};

	(void)state;
	assert_engine(&device, account_store(&device.engine, &account, afresh()), ENGINE_OK);
	leave_an_older_log();
	assert_engine(&device, account_forget(&device.engine, afresh()), ENGINE_OK);
	assert_no_log();
	for (size_t i = 0; i < COUNT_OF(of_the_account); i++)
		assert_false(has_meta(of_the_account[i]));
	assert_false(device_facts(&device).has_account);
	assert_told(ACTIVITY_WIPED, "the cloud data is gone; the journal stays, sync is off", 1);
}

/* The roster, continued by its first device. */
static void extend(enum off_log kind, const struct device_id *victim)
{
	struct bytes longer = {0};

	assert_int_equal(off_log_make(view_bytes(&account.roster), &device.keys, kind, victim,
			     &world.random, &longer),
	    FORMAT_OK);
	bytes_clear(&account.roster);
	account.roster = longer;
	assert_int_equal(roster_decode(view_bytes(&account.roster), false, &roster), FORMAT_OK);
}

static void a_code_shows_who_is_there(void **state)
{
	struct recovery_view view = {0};
	struct device_keys recovery = {0};

	(void)state;
	extend(OFF_LOG_ADDS, NULL);
	extend(OFF_LOG_EPOCH, NULL);
	assert_engine(&device,
	    recovery_check(
		&device.engine, view_bytes(&account.roster), &account.code, afresh(), &view),
	    ENGINE_OK);
	assert_int_equal(view.known, 1); /* what was there when the code was made */
	assert_int_equal(view.epoch, 2);
	assert_int_equal(view.devices_count, 2); /* the recovery device is none of them */
	assert_string_equal(view.names[0], "the first");
	assert_string_equal(view.names[1], "a stranger");
	assert_int_equal(recovery_device_find(&roster, account.code.key, &recovery), FORMAT_OK);
	assert_memory_equal(&view.keys, &recovery, sizeof(recovery));
	/* A code that was printed anew, after the next statement. */
	memcpy(account.code.statement, roster.hashes[1].bytes, RECOVERY_STATEMENT_LEN);
	assert_engine(&device,
	    recovery_check(
		&device.engine, view_bytes(&account.roster), &account.code, afresh(), &view),
	    ENGINE_OK);
	assert_int_equal(view.known, 2);
}

static void a_revoked_device_is_not_shown(void **state)
{
	struct recovery_view view = {0};

	(void)state;
	extend(OFF_LOG_ADDS, NULL);
	extend(OFF_LOG_REVOKES, &roster.devices[2].id);
	assert_engine(&device,
	    recovery_check(
		&device.engine, view_bytes(&account.roster), &account.code, afresh(), &view),
	    ENGINE_OK);
	assert_int_equal(view.devices_count, 1);
	assert_string_equal(view.names[0], "the first");
}

/* The recovery device is there, and its box holds another key than was committed to. */
static void make_box_wrong(void)
{
	struct statement genesis;
	struct box boxes[2];
	struct epoch_key key;
	struct bytes boxes_part = {0}, encoded = {0};
	static const uint8_t wrong[EPOCH_KEY_LEN] = {9};

	assert_int_equal(epoch_key_find(&roster, &device.keys, 1, &key), FORMAT_OK);
	assert_int_equal(statement_decode(roster.statements[0], false, &genesis), FORMAT_OK);
	for (size_t i = 0; i < 2; i++) {
		boxes[i].device = roster.devices[i].id;
		assert_int_equal(
		    crypto_box_seal(boxes[i].sealed,
			roster.devices[i].keys.role == ROLE_RECOVERY ? wrong : key.bytes,
			EPOCH_KEY_LEN, roster.devices[i].keys.box_public),
		    0);
	}
	assert_int_equal(boxes_encode(boxes, 2, &boxes_part), FORMAT_OK);
	genesis.part[PART_BOXES] = view_bytes(&boxes_part);
	assert_int_equal(statement_encode(&genesis, device.keys.sign_secret, &encoded), FORMAT_OK);
	bytes_clear(&account.roster);
	assert_int_equal(roster_begin(view_bytes(&encoded), &account.roster), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&account.roster), false, &roster), FORMAT_OK);
	account.code.account = roster.account;
	memcpy(account.code.statement, roster.hashes[0].bytes, RECOVERY_STATEMENT_LEN);
	bytes_clear(&encoded);
	bytes_clear(&boxes_part);
}

static void a_code_that_does_not_fit_shows_nothing(void **state)
{
	static const struct recovery_view nothing;
	enum { KEY, STATEMENT, ACCOUNT, ROSTER, BOX, WRONGS };
	static const struct {
		enum engine_result want;
		const char *says;
	} rows[WRONGS] = {
	    [KEY] = {ENGINE_WRONG_KEY, "does not open this account"},
	    [STATEMENT] = {ENGINE_ROLLBACK, "older than this recovery code"},
	    [ACCOUNT] = {ENGINE_DAMAGED, "another account's"},
	    [ROSTER] = {ENGINE_DAMAGED, "the roster: "},
	    [BOX] = {ENGINE_WRONG_KEY, "does not open this account"},
	};

	(void)state;
	for (unsigned wrong = 0; wrong < WRONGS; wrong++) {
		struct recovery_view view = {0};
		struct recovery_code code;
		struct view shown;

		if (wrong == BOX)
			make_box_wrong();
		code = account.code;
		code.key[0] ^= wrong == KEY;
		code.statement[RECOVERY_STATEMENT_LEN - 1] ^= wrong == STATEMENT;
		code.account.bytes[0] ^= wrong == ACCOUNT;
		shown = view_bytes(&account.roster);
		shown.len -= wrong == ROSTER;
		assert_engine(&device,
		    recovery_check(&device.engine, shown, &code, afresh(), &view),
		    rows[wrong].want);
		assert_says(rows[wrong].says);
		assert_memory_equal(&view, &nothing, sizeof(view));
	}
}

static struct recovery_view checked(void)
{
	struct recovery_view view = {0};

	assert_engine(&device,
	    recovery_check(
		&device.engine, view_bytes(&account.roster), &account.code, afresh(), &view),
	    ENGINE_OK);
	return view;
}

static void what_is_recovered_begins_where_the_code_was_made(void **state)
{
	struct recovery_view view;
	struct bytes name = {0};

	(void)state;
	leave_an_older_log();
	extend(OFF_LOG_SEVERAL, NULL);
	memcpy(account.code.statement, roster.hashes[1].bytes, RECOVERY_STATEMENT_LEN);
	view = checked();
	assert_engine(&device,
	    recovery_store(
		&device.engine, view_bytes(&account.roster), &view, "the new one", afresh()),
	    ENGINE_OK);
	assert_at_its_beginning(true);
	assert_int_equal(roster.statements_count, 3);
	assert_int_equal(stored_statements(), 2);
	assert_no_log();
	assert_int_equal(
	    device.engine.journal.ops->meta_get(device.store, META_NAME, afresh(), &name),
	    JOURNAL_OK);
	assert_true(view_equal(view_bytes(&name), view_text("the new one")));
	assert_told(ACTIVITY_RECOVERED, "from the recovery code", 1);
	bytes_clear(&name);
}

/* Between check and store the roster was read again, or a person has typed a name. */
static void what_does_not_hold_is_not_stored(void **state)
{
	enum { NONE_KNOWN, MORE_KNOWN, NO_NAME, LONG_NAME, NO_TEXT, STRANGER, CUT, BARE, WRONGS };
	static const struct {
		enum engine_result want;
		const char *says;
	} rows[WRONGS] = {
	    [NONE_KNOWN] = {ENGINE_REFUSED, "not the one that the code was checked against"},
	    [MORE_KNOWN] = {ENGINE_REFUSED, "not the one that the code was checked against"},
	    [NO_NAME] = {ENGINE_REFUSED, "a device's name has 1 to 64 bytes"},
	    [LONG_NAME] = {ENGINE_REFUSED, "a device's name has 1 to 64 bytes"},
	    [NO_TEXT] = {ENGINE_REFUSED, "a device's name has 1 to 64 bytes"},
	    [STRANGER] = {ENGINE_WRONG_KEY, "is not live in this roster"},
	    [CUT] = {ENGINE_DAMAGED, "the roster: "},
	    [BARE] = {ENGINE_DAMAGED, "the roster: "},
	};
	struct bytes bare = {0};

	(void)state;
	assert_int_equal(roster_bare(&roster, &bare), FORMAT_OK);
	for (unsigned wrong = 0; wrong < WRONGS; wrong++) {
		struct recovery_view view = checked();
		struct view shown = wrong == BARE ? view_bytes(&bare) : view_bytes(&account.roster);

		if (wrong == NONE_KNOWN || wrong == MORE_KNOWN)
			view.known = wrong == NONE_KNOWN ? 0 : roster.statements_count + 1;
		view.keys.id.bytes[0] ^= wrong == STRANGER;
		shown.len -= wrong == CUT;
		assert_engine(&device,
		    recovery_store(&device.engine, shown, &view,
			wrong >= NO_NAME && wrong <= NO_TEXT ? no_names[wrong - NO_NAME]
							     : longest_name,
			afresh()),
		    rows[wrong].want);
		assert_says(rows[wrong].says);
		assert_false(device_facts(&device).has_account);
		assert_false(has_meta(META_NAME));
	}
	bytes_clear(&bare);
	assert_engine(&device,
	    recovery_store(&device.engine, view_bytes(&account.roster),
		&(struct recovery_view){.known = 1, .keys = checked().keys}, longest_name,
		afresh()),
	    ENGINE_OK);
}

static const uint8_t life[INCARNATION_LEN] = {1, 2, 3};

/* The account is here, at the first life that it was seen in; NULL: none was seen. */
static void store_at(const uint8_t *incarnation)
{
	struct stored_facts facts;
	const struct journal_ops *ops = device.engine.journal.ops;

	assert_engine(&device, account_store(&device.engine, &account, afresh()), ENGINE_OK);
	assert_engine(&device, facts_load(&device.engine, afresh(), &facts), ENGINE_OK);
	if (incarnation != NULL)
		memcpy(facts.public.incarnation, incarnation, INCARNATION_LEN);
	assert_int_equal(ops->begin(device.store, afresh()), JOURNAL_OK);
	assert_engine(&device, facts_store(&device.engine, &facts, afresh()), ENGINE_OK);
	assert_int_equal(ops->commit(device.store, afresh()), JOURNAL_OK);
}

static void a_wipe_is_signed_for_what_is_known(void **state)
{
	struct bytes encoded = {0};
	struct wipe wipe = {0};

	(void)state;
	assert_engine(
	    &device, wipe_make(&device.engine, "a gateway", afresh(), &encoded), ENGINE_OFF);
	assert_says("there is no cloud data to wipe");
	assert_null(encoded.data);
	store_at(life);
	assert_engine(
	    &device, wipe_make(&device.engine, "a gateway", afresh(), &encoded), ENGINE_OK);
	assert_int_equal(wipe_decode(view_bytes(&encoded), &wipe), FORMAT_OK);
	assert_true(account_equal(&wipe.account, &account.account));
	assert_true(device_equal(&wipe.device, &device.keys.id));
	assert_memory_equal(wipe.incarnation, life, INCARNATION_LEN);
	assert_int_equal(wipe.time_ms, world.now_ms);
	assert_true(view_equal(wipe.gateway, view_text("a gateway")));
	assert_int_equal(wipe_signed_by(view_bytes(&encoded), device.keys.wipe_public), FORMAT_OK);
	bytes_clear(&encoded);
}

/* A record of a wipe of the account, by its first device, with one thing wrong at most. */
enum record {
	RECORD_RIGHT,
	RECORD_LONGER, /* the roster went on after what is known here */
	RECORD_OTHER_LIFE,
	RECORD_OTHER_ACCOUNT,
	RECORD_OTHER_KEY,
	RECORD_RECOVERY, /* in the recovery device's name */
	RECORD_STRANGER,
	RECORD_REVOKED, /* of one that was revoked since */
	RECORD_OTHER_ROSTER,
	RECORD_CUT_ROSTER,
	RECORD_NO_WIPE,
	RECORD_CUT,
	RECORD_NONE,
	RECORDS,
};
static const struct {
	const char *name;
	bool holds;
	const char *says;
} records[RECORDS] = {
    [RECORD_RIGHT] = {"as it should be", true, ""},
    [RECORD_LONGER] = {"by a longer roster", true, ""},
    [RECORD_OTHER_LIFE] = {"of another life", false, "no device of it signed that"},
    [RECORD_OTHER_ACCOUNT] = {"of another account", false, "no device of it signed that"},
    [RECORD_OTHER_KEY] = {"by another key", false, "no device of it signed that"},
    [RECORD_RECOVERY] = {"in the code's name", false, "no device of it signed that"},
    [RECORD_STRANGER] = {"by a stranger", false, "no device of it signed that"},
    [RECORD_REVOKED] = {"by one who was revoked", false, "no device of it signed that"},
    [RECORD_OTHER_ROSTER] = {"with another's roster", false, "no device of it signed that"},
    [RECORD_CUT_ROSTER] = {"with a roster cut short", false, "no device of it signed that"},
    [RECORD_NO_WIPE] = {"without a wipe", false, "no signed wipe says"},
    [RECORD_CUT] = {"cut short", false, "no signed wipe says"},
    [RECORD_NONE] = {"none", false, "no signed wipe says"},
};

static void bare_of(const struct roster *shown, struct bytes *out)
{
	assert_int_equal(roster_bare(shown, out), FORMAT_OK);
}

/* The roster that the record holds. */
static void record_roster(enum record kind, const struct device_keys *member, struct bytes *out)
{
	static const uint8_t code_key[RECOVERY_KEY_LEN] = {5};
	struct roster *shown = calloc(1, sizeof(*shown));
	struct bytes encoded = {0};

	assert_non_null(shown);
	if (kind == RECORD_OTHER_ROSTER)
		assert_int_equal(genesis_make(&device.keys, view_text("a"), code_key, 1,
				     &world.random, &encoded),
		    FORMAT_OK);
	else if (kind == RECORD_LONGER || kind == RECORD_REVOKED)
		assert_int_equal(off_log_make(view_bytes(&account.roster), &device.keys,
				     kind == RECORD_REVOKED ? OFF_LOG_REVOKES : OFF_LOG_SEVERAL,
				     &member->id, &world.random, &encoded),
		    FORMAT_OK);
	else
		assert_true(bytes_copy(view_bytes(&account.roster), &encoded));
	assert_int_equal(roster_decode(view_bytes(&encoded), false, shown), FORMAT_OK);
	bare_of(shown, out);
	out->len -= kind == RECORD_CUT_ROSTER;
	bytes_clear(&encoded);
	free(shown);
}

/* member: a second device of the account. */
static void make_record(enum record kind, const struct device_keys *member, struct bytes *out)
{
	const struct device_keys *signer = kind == RECORD_REVOKED ? member : &device.keys;
	struct wipe wipe = {
	    .account = account.account, .device = signer->id, .time_ms = world.now_ms};
	struct bytes encoded = {0}, bare = {0};

	memcpy(wipe.incarnation, life, INCARNATION_LEN);
	wipe.incarnation[INCARNATION_LEN - 1] ^= kind == RECORD_OTHER_LIFE;
	wipe.account.bytes[0] ^= kind == RECORD_OTHER_ACCOUNT;
	wipe.device.bytes[0] ^= kind == RECORD_STRANGER;
	if (kind == RECORD_RECOVERY)
		wipe.device = roster.devices[1].id;
	assert_int_equal(
	    wipe_encode(&wipe, kind == RECORD_OTHER_KEY ? member->wipe_secret : signer->wipe_secret,
		&encoded),
	    FORMAT_OK);
	encoded.len -= kind == RECORD_NO_WIPE;
	record_roster(kind, member, &bare);
	assert_int_equal(
	    wipe_record_encode(view_bytes(&encoded), view_bytes(&bare), out), FORMAT_OK);
	out->len -= kind == RECORD_CUT;
	if (kind == RECORD_NONE)
		bytes_clear(out);
	bytes_clear(&bare);
	bytes_clear(&encoded);
}

static void add_member(struct device_keys *member)
{
	struct bytes statement = {0}, longer = {0};

	device_keys_new(&world.random, member);
	assert_int_equal(add_device_make(&roster, &device.keys, member, view_text("a member"),
			     world.now_ms, &world.random, &statement),
	    FORMAT_OK);
	assert_int_equal(
	    roster_append(view_bytes(&account.roster), view_bytes(&statement), &longer), FORMAT_OK);
	bytes_clear(&statement);
	bytes_clear(&account.roster);
	account.roster = longer;
	assert_int_equal(roster_decode(view_bytes(&account.roster), false, &roster), FORMAT_OK);
}

static void a_wipe_is_believed_if_a_device_signed_it(void **state)
{
	struct device_keys member;

	(void)state;
	add_member(&member);
	assert_int_equal(roster.devices[1].keys.role, ROLE_RECOVERY);
	store_at(life);
	for (unsigned kind = 0; kind < RECORDS; kind++) {
		struct bytes record = {0};
		enum engine_result result;

		make_record((enum record)kind, &member, &record);
		result = account_wiped(&device.engine, view_bytes(&record), afresh());
		if (result != (records[kind].holds ? ENGINE_OK : ENGINE_MISSING))
			fail_msg("%s: %s", records[kind].name, engine_result_text(result));
		assert_says(records[kind].says);
		bytes_clear(&record);
	}
}

/* Who has not seen any life of it yet believes the one that was wiped. */
static void of_no_life_seen_any_is_believed(void **state)
{
	struct device_keys member;

	(void)state;
	add_member(&member);
	store_at(NULL);
	for (unsigned kind = RECORD_RIGHT; kind <= RECORD_OTHER_ACCOUNT; kind++) {
		struct bytes record = {0};

		make_record((enum record)kind, &member, &record);
		assert_engine(&device, account_wiped(&device.engine, view_bytes(&record), afresh()),
		    kind == RECORD_OTHER_ACCOUNT ? ENGINE_MISSING : ENGINE_OK);
		bytes_clear(&record);
	}
}

/* Of an account that is not here: by the roster in the record alone. */
static void a_wipe_of_an_account_elsewhere(void **state)
{
	struct device_keys member;
	struct account_id other;

	(void)state;
	add_member(&member);
	other = account.account;
	other.bytes[0] ^= 1;
	for (unsigned kind = 0; kind < RECORDS; kind++) {
		struct bytes record = {0};
		/* Any life will do. */
		bool holds = records[kind].holds || kind == RECORD_OTHER_LIFE;

		make_record((enum record)kind, &member, &record);
		if (account_was_wiped(&account.account, view_bytes(&record)) != holds)
			fail_msg("%s: %s", records[kind].name, holds ? "not believed" : "believed");
		assert_false(account_was_wiped(&other, view_bytes(&record)));
		bytes_clear(&record);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(what_is_made_is_one_account, setup, teardown),
    cmocka_unit_test_setup_teardown(a_name_that_does_not_fit_makes_none, setup, teardown),
    cmocka_unit_test_setup_teardown(a_new_account_begins_without_a_log, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_no_roster_is_not_stored, setup, teardown),
    cmocka_unit_test_setup_teardown(it_is_switched_off_and_on, setup, teardown),
    cmocka_unit_test_setup_teardown(what_was_wiped_is_forgotten, setup, teardown),
    cmocka_unit_test_setup_teardown(a_code_shows_who_is_there, setup, teardown),
    cmocka_unit_test_setup_teardown(a_revoked_device_is_not_shown, setup, teardown),
    cmocka_unit_test_setup_teardown(a_code_that_does_not_fit_shows_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(
	what_is_recovered_begins_where_the_code_was_made, setup, teardown),
    cmocka_unit_test_setup_teardown(what_does_not_hold_is_not_stored, setup, teardown),
    cmocka_unit_test_setup_teardown(a_wipe_is_signed_for_what_is_known, setup, teardown),
    cmocka_unit_test_setup_teardown(a_wipe_is_believed_if_a_device_signed_it, setup, teardown),
    cmocka_unit_test_setup_teardown(of_no_life_seen_any_is_believed, setup, teardown),
    cmocka_unit_test_setup_teardown(a_wipe_of_an_account_elsewhere, setup, teardown),
};

TEST_MAIN(tests)
