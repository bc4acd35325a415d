/*
 * tests/cli/engine/flights_test.c: the slots of blobs under way: which count, for whom there is
 * room, and what giving up leaves of each.
 */
#include "tests/test.h"

#include "cli/engine/engine_priv.h"

#include <stdlib.h>
#include <string.h>

static const enum flight_state states[] = {
    FLIGHT_FREE, FLIGHT_PUT, FLIGHT_CHECK, FLIGHT_GET, FLIGHT_STALE, FLIGHT_BACK};
static const bool under_way[] = {false, true, true, true, true, false};

static struct {
	struct flights flights;
	struct flight beyond; /* whoever counts one slot too many meets this */
} table;

static int set_up(void **state)
{
	(void)state;
	table.flights = (struct flights){0};
	table.beyond = (struct flight){.state = FLIGHT_PUT, .plain_len = 1};
	return 0;
}

static void each_slot_counts_in_its_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		for (size_t j = 0; j < COUNT_OF(states); j++) {
			table.flights = (struct flights){0};
			table.flights.all[i].state = states[j];
			assert_int_equal(flights_count(&table.flights), under_way[j]);
			assert_int_equal(flight_slot(&table.flights, &table.flights.all[i]), i);
		}
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		table.flights.all[i].state = FLIGHT_GET;
	assert_int_equal(flights_count(&table.flights), SYNC_FLIGHTS_MAX);
	assert_null(flights_find(&table.flights, FLIGHT_PUT));
	assert_null(flights_begin(&table.flights));
}

static void one_more_begins_at_the_bound_and_not_beyond(void **state)
{
	struct flight *last = &table.flights.all[SYNC_FLIGHTS_MAX - 1];

	(void)state;
	table.flights.all[0] = (struct flight){.state = FLIGHT_PUT, .plain_len = 1};
	last->state = FLIGHT_GET;
	last->plain_len = FLIGHTS_BYTES_MAX - 1;
	assert_ptr_equal(flights_begin(&table.flights), &table.flights.all[1]);
	last->plain_len++;
	assert_null(flights_begin(&table.flights));
}

/* What is under way is answered yet: its slot is nobody else's before. */
static void giving_up_waits_for_what_is_under_way(void **state)
{
	(void)state;
	for (size_t j = 0; j < COUNT_OF(states); j++) {
		for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
			table.flights.all[i] = (struct flight){.state = states[j]};
			if (states[j] != FLIGHT_FREE)
				assert_true(bytes_copy(view_text("what goes out"),
				    &table.flights.all[i].sealing.plain));
		}
		flights_give_up(&table.flights);
		for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
			struct flight *flight = &table.flights.all[i];

			assert_int_equal(flight->state, under_way[j] ? FLIGHT_STALE : FLIGHT_FREE);
			assert_int_equal(flight->sealing.plain.data != NULL, under_way[j]);
			flight_end(flight);
		}
	}
	assert_int_equal(table.beyond.state, FLIGHT_PUT);
}

/* More than a blob holds, of what no compressor makes shorter: said, and there is nothing to put.
 */
static void what_cannot_be_sealed_is_told(void **state)
{
	static const struct epoch_key key = {{1}};
	struct sealing *sealing = &table.flights.all[0].sealing;
	struct sync_want want = {.kind = SYNC_WANT_PUT, .sealing = sealing};
	static const uint8_t seed[randombytes_SEEDBYTES];
	struct call call;

	(void)state;
	call_init(&call, INT64_MAX);
	sealing->key = &key;
	sealing->header = (struct blob_header){.epoch = 1, .kind = BLOB_SEGMENT};
	assert_true(bytes_new(BLOB_MAX, &sealing->plain));
	randombytes_buf_deterministic(sealing->plain.data, sealing->plain.len, seed);
	assert_int_equal(sync_seal(&want, &call), engine_of_format(FORMAT_TOO_LARGE));
	assert_non_null(strstr(call.message, "a blob could not be sealed: "));
	assert_null(sealing->blob.data);
	assert_null(want.blob.data);
	assert_non_null(sealing->plain.data);
	flight_end(&table.flights.all[0]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(each_slot_counts_in_its_state, set_up),
    cmocka_unit_test_setup(one_more_begins_at_the_bound_and_not_beyond, set_up),
    cmocka_unit_test_setup(giving_up_waits_for_what_is_under_way, set_up),
    cmocka_unit_test_setup(what_cannot_be_sealed_is_told, set_up),
};

TEST_MAIN(tests)
