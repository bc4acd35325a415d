/*
 * gateway/daemon/ledger.h: what a gateway remembers of the accounts that it wrote for: when, how
 * much, and what is to be done about it. Rows are few words each, bounded in number; the one that
 * was touched longest ago goes first. Not locked: upkeep.c does that. All times are monotonic, in
 * ms.
 */
#ifndef INKSEAL_LEDGER_H
#define INKSEAL_LEDGER_H

#include "schemas/format.h"

#define LEDGER_NEVER INT64_MAX

struct ledger_row {
	struct account_id account;
	int64_t touched_ms;
	int64_t compact_at_ms;   /* LEDGER_NEVER: nothing to do */
	int64_t sweep_at_ms;     /* not before that; LEDGER_NEVER: nothing to do */
	unsigned sweeps_left;    /* what was put last is named, or gone, after so many */
	bool used_known;         /* used_bytes was listed */
	uint64_t used_bytes;     /* … by the last listing */
	uint64_t put_bytes;      /* all that was put here since there is this row … */
	uint64_t listed_at;      /* … of which so much when that listing began */
	uint64_t reserved_bytes; /* what requests that run now may put: until then the row stays */
	int64_t room_tried_ms;   /* when room was last looked for; INT64_MIN: never */
	struct ledger_row *hash_next, *older, *newer;
};

/* What the account takes, as far as it is known here. */
uint64_t ledger_taken(const struct ledger_row *row);

struct ledger;
struct ledger *ledger_new(size_t rows_max);
void ledger_free(struct ledger *ledger); /* NULL is fine */
/* NULL: there is none. */
struct ledger_row *ledger_find(struct ledger *ledger, const struct account_id *account);
/* Found or made, and the newest from now on. Others' pointers may end here. NULL: no memory. */
struct ledger_row *ledger_touch(
    struct ledger *ledger, const struct account_id *account, int64_t now_ms);
void ledger_drop(struct ledger *ledger, struct ledger_row *row);
struct ledger_row *ledger_oldest(struct ledger *ledger); /* then row->newer */

#endif
