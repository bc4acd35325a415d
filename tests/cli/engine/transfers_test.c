/*
 * tests/cli/engine/transfers_test.c: the slots of blobs under way: which count, for whom there is
 * room, and what giving up leaves of each.
 */
#include "cli/engine/result.h"
#include "cli/engine/transfers.h"
#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static const enum transfer_state states[] = {
    TRANSFER_FREE, TRANSFER_PUT, TRANSFER_CHECK, TRANSFER_GET, TRANSFER_STALE, TRANSFER_BACK};
static const bool under_way[] = {false, true, true, true, true, false};

static struct {
	struct transfers transfers;
	struct transfer beyond; /* whoever counts one slot too many meets this */
} table;

static int set_up(void **state)
{
	(void)state;
	table.transfers = (struct transfers){0};
	table.beyond = (struct transfer){.state = TRANSFER_PUT, .plain_len = 1};
	return 0;
}

static void each_slot_counts_in_its_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		for (size_t j = 0; j < COUNT_OF(states); j++) {
			table.transfers = (struct transfers){0};
			table.transfers.all[i].state = states[j];
			assert_int_equal(transfers_count(&table.transfers), under_way[j]);
			assert_int_equal(
			    transfer_slot(&table.transfers, &table.transfers.all[i]), i);
		}
	for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++)
		table.transfers.all[i].state = TRANSFER_GET;
	assert_int_equal(transfers_count(&table.transfers), SYNC_FLIGHTS_MAX);
	assert_null(transfers_find(&table.transfers, TRANSFER_PUT));
	assert_null(transfers_begin(&table.transfers));
}

static void one_more_begins_at_the_bound_and_not_beyond(void **state)
{
	struct transfer *last = &table.transfers.all[SYNC_FLIGHTS_MAX - 1];

	(void)state;
	table.transfers.all[0] = (struct transfer){.state = TRANSFER_PUT, .plain_len = 1};
	last->state = TRANSFER_GET;
	last->plain_len = TRANSFERS_BYTES_MAX - 1;
	assert_ptr_equal(transfers_begin(&table.transfers), &table.transfers.all[1]);
	last->plain_len++;
	assert_null(transfers_begin(&table.transfers));
}

/* What is under way is answered yet: its slot is nobody else's before. */
static void giving_up_waits_for_what_is_under_way(void **state)
{
	(void)state;
	for (size_t j = 0; j < COUNT_OF(states); j++) {
		for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
			table.transfers.all[i] = (struct transfer){.state = states[j]};
			if (states[j] != TRANSFER_FREE)
				assert_true(bytes_copy(view_text("what goes out"),
				    &table.transfers.all[i].sealing.plain));
		}
		transfers_give_up(&table.transfers);
		for (size_t i = 0; i < SYNC_FLIGHTS_MAX; i++) {
			struct transfer *transfer = &table.transfers.all[i];

			assert_int_equal(
			    transfer->state, under_way[j] ? TRANSFER_STALE : TRANSFER_FREE);
			assert_int_equal(transfer->sealing.plain.data != NULL, under_way[j]);
			transfer_end(transfer);
		}
	}
	assert_int_equal(table.beyond.state, TRANSFER_PUT);
}

/* More than a blob holds, of what no compressor makes shorter: said, and there is nothing to put.
 */
static void what_cannot_be_sealed_is_told(void **state)
{
	static const struct epoch_key key = {{1}};
	struct sealing *sealing = &table.transfers.all[0].sealing;
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
	transfer_end(&table.transfers.all[0]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(each_slot_counts_in_its_state, set_up),
    cmocka_unit_test_setup(one_more_begins_at_the_bound_and_not_beyond, set_up),
    cmocka_unit_test_setup(giving_up_waits_for_what_is_under_way, set_up),
    cmocka_unit_test_setup(what_cannot_be_sealed_is_told, set_up),
};

TEST_MAIN(tests)
