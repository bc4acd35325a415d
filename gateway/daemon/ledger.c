/*
 * gateway/daemon/ledger.c: rows by account, and in the order in which they were touched.
 */
#include "gateway/daemon/ledger.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS_COUNT 4096u

struct ledger {
	size_t rows_max, rows_count;
	uint8_t hash_key[crypto_shorthash_KEYBYTES]; /* ids are the callers' choice */
	struct ledger_row *oldest, *newest;
	struct ledger_row *chains[CHAINS_COUNT];
};

uint64_t ledger_taken(const struct ledger_row *row)
{
	return row->used_bytes + (row->put_bytes - row->listed_at) + row->reserved_bytes;
}

struct ledger *ledger_new(size_t rows_max)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	if (ledger == NULL)
		return NULL;
	ledger->rows_max = rows_max;
	crypto_shorthash_keygen(ledger->hash_key);
	return ledger;
}

static struct ledger_row **chain_of(struct ledger *ledger, const struct account_id *account)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t index;

	(void)crypto_shorthash(hash, account->bytes, ACCOUNT_ID_LEN, ledger->hash_key);
	memcpy(&index, hash, sizeof(index));
	return &ledger->chains[index % CHAINS_COUNT];
}

static void unlink_row(struct ledger *ledger, struct ledger_row *row)
{
	if (row->older != NULL)
		row->older->newer = row->newer;
	else
		ledger->oldest = row->newer;
	if (row->newer != NULL)
		row->newer->older = row->older;
	else
		ledger->newest = row->older;
}

static void link_newest(struct ledger *ledger, struct ledger_row *row)
{
	row->newer = NULL;
	row->older = ledger->newest;
	if (row->older != NULL)
		row->older->newer = row;
	else
		ledger->oldest = row;
	ledger->newest = row;
}

void ledger_drop(struct ledger *ledger, struct ledger_row *row)
{
	struct ledger_row **at = chain_of(ledger, &row->account);

	while (*at != row)
		at = &(*at)->hash_next;
	*at = row->hash_next;
	unlink_row(ledger, row);
	ledger->rows_count--;
	free(row);
}

void ledger_free(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	while (ledger->oldest != NULL)
		ledger_drop(ledger, ledger->oldest);
	free(ledger);
}

struct ledger_row *ledger_find(struct ledger *ledger, const struct account_id *account)
{
	struct ledger_row *row = *chain_of(ledger, account);

	while (row != NULL && !account_equal(&row->account, account))
		row = row->hash_next;
	return row;
}

/* Of those that no request has reserved room in: there are fewer requests than rows. */
static void drop_oldest(struct ledger *ledger)
{
	struct ledger_row *row = ledger->oldest;

	while (row != NULL && row->reserved_bytes > 0)
		row = row->newer;
	if (row != NULL)
		ledger_drop(ledger, row);
}

struct ledger_row *ledger_touch(
    struct ledger *ledger, const struct account_id *account, int64_t now_ms)
{
	struct ledger_row *row = ledger_find(ledger, account);

	if (row != NULL) {
		unlink_row(ledger, row);
	} else {
		struct ledger_row **chain;

		if (ledger->rows_count >= ledger->rows_max)
			drop_oldest(ledger);
		row = calloc(1, sizeof(*row));
		if (row == NULL)
			return NULL;
		chain = chain_of(ledger, account);
		row->account = *account;
		row->compact_at_ms = LEDGER_NEVER;
		row->sweep_at_ms = LEDGER_NEVER;
		row->room_tried_ms = INT64_MIN;
		row->hash_next = *chain;
		*chain = row;
		ledger->rows_count++;
	}
	row->touched_ms = now_ms;
	link_newest(ledger, row);
	return row;
}

struct ledger_row *ledger_oldest(struct ledger *ledger)
{
	return ledger->oldest;
}
