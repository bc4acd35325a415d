/*
 * tests/schemas/roster_test.c: who belongs when; growth to the maxima; create.
 */
#include "tests/schemas/account_made.h"
#include "tests/test.h"

#include <string.h>

struct fixture { /* laptop and paper begin; phone is added; laptop is revoked */
	struct made_device devices[3];
	struct bytes encoded;
	struct roster roster;
};
enum { LAPTOP, PAPER, PHONE };

static int set_up(void **state)
{
	static struct fixture fixture;
	struct made_device *devices = fixture.devices;

	make_device(1, ROLE_DEVICE, &devices[LAPTOP]);
	make_device(2, ROLE_RECOVERY, &devices[PAPER]);
	make_device(3, ROLE_DEVICE, &devices[PHONE]);
	make_roster(devices, 2, &fixture.encoded);
	extend_roster(&fixture.encoded, &devices[PAPER], &devices[PHONE], NULL, 0);
	extend_roster(&fixture.encoded, &devices[PHONE], NULL, &devices[LAPTOP], 2);
	assert_int_equal(
	    roster_decode(view_bytes(&fixture.encoded), false, &fixture.roster), FORMAT_OK);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	bytes_clear(&fixture->encoded);
	return 0;
}

static void devices_are_live_from_when_to_when(void **state)
{
	const struct fixture *fixture = *state;
	static const struct {
		const char *name;
		size_t device;
		size_t index;
		bool live;
	} rows[] = {
	    {"laptop at the genesis", LAPTOP, 0, true},
	    {"laptop after the phone", LAPTOP, 1, true},
	    {"laptop after its revocation", LAPTOP, 2, false},
	    {"laptop now", LAPTOP, SIZE_MAX, false},
	    {"paper now", PAPER, SIZE_MAX, true},
	    {"phone before it came", PHONE, 0, false},
	    {"phone when it came", PHONE, 1, true},
	    {"phone now", PHONE, SIZE_MAX, true},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool live = roster_live(&fixture->roster, &fixture->devices[rows[i].device].id,
				rows[i].index) != NULL;

		if (live != rows[i].live)
			fail_msg("%s", rows[i].name);
	}
	assert_non_null(roster_device(&fixture->roster, &fixture->devices[LAPTOP].id));
	assert_null(roster_device(&fixture->roster, &(struct device_id){{1}}));
	assert_int_equal(roster_epoch(&fixture->roster), 2);
	assert_int_equal(fixture->roster.epochs[1], 1);
}

/* Of bytes decoded before, only the signatures are not looked at: what else differs is refused. */
static void again_all_holds_but_signatures(void **state)
{
	const struct fixture *fixture = *state;
	struct view encoded = view_bytes(&fixture->encoded);
	struct view last = fixture->roster.statements[2];
	static struct roster decoded;
	size_t taken = 0;

	assert_int_equal(roster_decode_again(encoded, &decoded), FORMAT_OK);
	assert_true(digest_equal(roster_hash(&decoded), roster_hash(&fixture->roster)));
	for (size_t at = 0; at < encoded.len; at++) {
		bool in_last = fixture->encoded.data + at >= last.data;

		fixture->encoded.data[at] ^= 1;
		assert_int_not_equal(roster_decode(encoded, false, &decoded), FORMAT_OK);
		if (roster_decode_again(encoded, &decoded) == FORMAT_OK) {
			assert_true(in_last); /* of the others, the next one's link tells */
			taken++;
		}
		fixture->encoded.data[at] ^= 1;
	}
	assert_true(taken >= SIGNATURE_LEN);
}

static void statements_are_found_by_hash(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < fixture->roster.statements_count; i++)
		assert_int_equal(roster_find(&fixture->roster, &fixture->roster.hashes[i]), i);
	assert_true(roster_find(&fixture->roster, &(struct digest){{1}}) == SIZE_MAX);
	assert_true(digest_equal(roster_hash(&fixture->roster), &fixture->roster.hashes[2]));
}

static void only_a_longer_same_chain_descends(void **state)
{
	const struct fixture *fixture = *state;
	const struct made_device *devices = fixture->devices;
	struct roster older, fork, other;
	struct bytes short_bytes = {0}, fork_bytes = {0}, other_bytes = {0};

	make_roster(devices, 2, &short_bytes);
	make_roster(devices, 2, &fork_bytes);
	make_roster(devices, 1, &other_bytes);
	extend_roster(&fork_bytes, &devices[LAPTOP], &devices[PHONE], NULL, 0);
	assert_int_equal(roster_decode(view_bytes(&short_bytes), false, &older), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&fork_bytes), false, &fork), FORMAT_OK);
	assert_int_equal(roster_decode(view_bytes(&other_bytes), false, &other), FORMAT_OK);
	assert_true(roster_descends(&fixture->roster, &older));
	assert_true(roster_descends(&fixture->roster, &fixture->roster));
	assert_true(roster_descends(&fork, &older));
	assert_false(roster_descends(&older, &fixture->roster));
	assert_false(roster_descends(&fixture->roster, &fork));
	assert_false(roster_descends(&fork, &fixture->roster));
	assert_false(roster_descends(&fixture->roster, &other));
	bytes_clear(&other_bytes);
	bytes_clear(&fork_bytes);
	bytes_clear(&short_bytes);
}

static void a_roster_grows_to_its_maximum_and_no_further(void **state)
{
	const struct fixture *fixture = *state;
	const struct made_device *laptop = &fixture->devices[LAPTOP];
	struct bytes encoded = {0}, statement = {0}, longer = {0};
	struct roster roster;

	make_roster(fixture->devices, 1, &encoded);
	for (size_t i = 1; i < ROSTER_STATEMENTS_MAX; i++) {
		struct digest hash;

		if (i == 1)
			assert_int_equal(
			    roster_decode(view_bytes(&encoded), false, &roster), FORMAT_OK);
		if (i == 1)
			hash = *roster_hash(&roster);
		else
			assert_int_equal(statement_hash(view_bytes(&statement), &hash), FORMAT_OK);
		bytes_clear(&statement);
		make_statement(&hash, laptop, NULL, 0, NULL, 0, &statement);
		assert_int_equal(
		    roster_append(view_bytes(&encoded), view_bytes(&statement), &longer),
		    FORMAT_OK);
		bytes_clear(&encoded);
		encoded = longer;
		longer = (struct bytes){0};
	}
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &roster), FORMAT_OK);
	assert_int_equal(roster.statements_count, ROSTER_STATEMENTS_MAX);
	assert_int_equal(
	    roster_append(view_bytes(&encoded), view_bytes(&statement), &longer), FORMAT_TOO_LARGE);
	assert_null(longer.data);
	bytes_clear(&statement);
	bytes_clear(&encoded);
}

/* Each statement but the first adds one device and revokes another. */
static void an_account_has_so_many_devices_ever(void **state)
{
	struct made_device devices[2];
	struct bytes encoded = {0};
	static struct roster roster;

	(void)state;
	make_device(1, ROLE_DEVICE, &devices[1]);
	make_roster(&devices[1], 1, &encoded);
	for (size_t i = 2; i <= ROSTER_DEVICES_MAX + 1; i++) {
		devices[0] = devices[1];
		make_device((uint8_t)i, ROLE_DEVICE, &devices[1]);
		extend_roster(&encoded, &devices[0], &devices[1], &devices[0], i);
		if (i == ROSTER_DEVICES_MAX)
			assert_int_equal(
			    roster_decode(view_bytes(&encoded), false, &roster), FORMAT_OK);
	}
	assert_int_equal(roster.devices_count, ROSTER_DEVICES_MAX);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &roster), FORMAT_TOO_LARGE);
	assert_int_equal(roster.devices_count, ROSTER_DEVICES_MAX);
	assert_true(encoded.len < ROSTER_MAX); /* it was the devices */
	bytes_clear(&encoded);
}

static void somebody_stays(void **state)
{
	const struct fixture *fixture = *state;
	const struct made_device *laptop = &fixture->devices[LAPTOP];
	struct bytes encoded = {0};
	static struct roster roster;

	make_roster(laptop, 1, &encoded);
	extend_roster(&encoded, laptop, NULL, laptop, 2);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &roster), FORMAT_FORGED);
	bytes_clear(&encoded);
	make_roster(laptop, 1, &encoded);
	extend_roster(&encoded, laptop, &fixture->devices[PHONE], laptop, 2);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &roster), FORMAT_OK);
	assert_null(roster_live(&roster, &laptop->id, SIZE_MAX));
	bytes_clear(&encoded);
	/* Nobody is revoked by the statement that adds it. */
	make_roster(laptop, 1, &encoded);
	extend_roster(&encoded, laptop, &fixture->devices[PHONE], &fixture->devices[PHONE], 2);
	assert_int_equal(roster_decode(view_bytes(&encoded), false, &roster), FORMAT_FORGED);
	bytes_clear(&encoded);
}

static void a_roster_over_its_maximum_is_not_read(void **state)
{
	static const uint8_t bytes[ROSTER_MAX + 1];
	static struct roster roster;

	(void)state;
	assert_int_equal(
	    roster_decode(view_of(bytes, sizeof(bytes)), false, &roster), FORMAT_TOO_LARGE);
	assert_int_equal(
	    roster_decode(view_of(bytes, sizeof(bytes) - 1), false, &roster), FORMAT_MALFORMED);
	assert_int_equal(roster.statements_count, 0);
}

static void create_is_signed_by_who_is_live(void **state)
{
	const struct fixture *fixture = *state;
	static const struct {
		const char *name;
		size_t device, secret;
		bool account_changed;
		enum format_result result;
	} rows[] = {
	    {"a live device", PHONE, PHONE, false, FORMAT_OK},
	    {"the paper", PAPER, PAPER, false, FORMAT_OK},
	    {"a revoked device", LAPTOP, LAPTOP, false, FORMAT_FORGED},
	    {"another's key", PHONE, PAPER, false, FORMAT_FORGED},
	    {"another account", PHONE, PHONE, true, FORMAT_FORGED},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct create create = {.account = fixture->roster.account,
		    .device = fixture->devices[rows[i].device].id,
		    .roster = view_bytes(&fixture->encoded),
		    .time_ms = 1};
		struct create decoded = {0};
		struct roster roster;
		struct bytes encoded = {0};
		enum format_result result;

		create.account.bytes[0] ^= rows[i].account_changed;
		assert_int_equal(
		    create_encode(&create, fixture->devices[rows[i].secret].secret, &encoded),
		    FORMAT_OK);
		result = create_decode(view_bytes(&encoded), &decoded, &roster);
		if (result != rows[i].result)
			fail_msg("%s: %s", rows[i].name, format_result_text(result));
		assert_true((decoded.time_ms == 1) == (result == FORMAT_OK));
		bytes_clear(&encoded);
	}
}

/* With the largest roster there may be, and none larger; whether that holds is another thing. */
static void a_create_holds_a_roster_of_any_size(void **state)
{
	const struct fixture *fixture = *state;
	static const uint8_t bytes[ROSTER_MAX + 1];
	static struct roster roster;

	for (size_t over = 0; over < 2; over++) {
		struct create create = {.roster = {bytes, ROSTER_MAX + over}}, decoded = {0};
		struct bytes encoded = {0};

		assert_int_equal(
		    create_encode(&create, fixture->devices[PHONE].secret, &encoded), FORMAT_OK);
		assert_int_equal(create_decode(view_bytes(&encoded), &decoded, &roster),
		    over == 0 ? FORMAT_MALFORMED : FORMAT_TOO_LARGE);
		assert_null(decoded.roster.data);
		bytes_clear(&encoded);
	}
}

/* Of the roster's first statements: what the roster was when there were so many. */
static void its_beginning_is_a_roster(void **state)
{
	const struct fixture *fixture = *state;

	for (size_t count = 1; count <= fixture->roster.statements_count; count++) {
		struct bytes encoded = {0};
		struct roster first;

		assert_int_equal(roster_first(&fixture->roster, count, &encoded), FORMAT_OK);
		assert_int_equal(roster_decode(view_bytes(&encoded), false, &first), FORMAT_OK);
		assert_int_equal(first.statements_count, count);
		assert_true(roster_descends(&fixture->roster, &first));
		assert_true((roster_live(&first, &fixture->devices[LAPTOP].id, SIZE_MAX) != NULL) ==
			    (count < 3));
		bytes_clear(&encoded);
	}
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(devices_are_live_from_when_to_when, set_up, tear_down),
    cmocka_unit_test_setup_teardown(again_all_holds_but_signatures, set_up, tear_down),
    cmocka_unit_test_setup_teardown(statements_are_found_by_hash, set_up, tear_down),
    cmocka_unit_test_setup_teardown(its_beginning_is_a_roster, set_up, tear_down),
    cmocka_unit_test_setup_teardown(only_a_longer_same_chain_descends, set_up, tear_down),
    cmocka_unit_test_setup_teardown(
	a_roster_grows_to_its_maximum_and_no_further, set_up, tear_down),
    cmocka_unit_test(an_account_has_so_many_devices_ever),
    cmocka_unit_test_setup_teardown(somebody_stays, set_up, tear_down),
    cmocka_unit_test(a_roster_over_its_maximum_is_not_read),
    cmocka_unit_test_setup_teardown(a_create_holds_a_roster_of_any_size, set_up, tear_down),
    cmocka_unit_test_setup_teardown(create_is_signed_by_who_is_live, set_up, tear_down),
};

TEST_MAIN(tests)
