/*
 * cli/engine/engine.h: the journal's logic: edits, and the sync state machine. It does no I/O of
 * its own: journal, clock, randomness and keys come from the caller; what is to go over the wire it
 * says, and is given the answer. CLI, browser and simulator drive the same code. README.md has a
 * paragraph for each state.
 */
#ifndef INKSEAL_ENGINE_H
#define INKSEAL_ENGINE_H

#include "cli/engine/device_keys.h"
#include "cli/engine/journal.h"
#include "schemas/sync.h"

enum engine_result { /* call->message says why, in one line */
	ENGINE_OK,
	ENGINE_NOT_FOUND, /* no such entry or version */
	ENGINE_REFUSED,   /* the input does not hold: over a maximum, nothing to restore… */
	ENGINE_OFF,       /* sync is not set up, or off */
	ENGINE_WRONG_KEY, /* this device's keys do not open what they should; nothing was written */
	ENGINE_GONE,      /* the account was wiped: a signed statement says so; sync is now off */
	ENGINE_MISSING,   /* there is no such account, and nothing says that it was wiped */
	ENGINE_REVOKED,   /* this device was revoked: a signed statement says so */
	ENGINE_ROLLBACK,  /* the log is older than, or not the one, this device has seen */
	ENGINE_BRAKE,     /* would delete too much; asked for with allow_deletions */
	ENGINE_ROOT,      /* state roots differ: everything is kept, sync stops */
	ENGINE_DAMAGED,   /* a frame or blob does not hold; nothing was changed */
	ENGINE_UNSOUND, /* a version stored here is not what its hash says; the message names it */
	ENGINE_NEWER,   /* made by a newer version: please update */
	ENGINE_LATER,   /* busy: again later */
	ENGINE_FULL,    /* the disk is full */
	ENGINE_FAILED,  /* the store failed, or no memory */
};
const char *engine_result_text(enum engine_result result);

struct engine { /* all borrowed */
	struct journal journal;
	const struct clock *clock;
	const struct random *random;
	const struct device_keys *keys; /* NULL: none yet; edits then have an all-zero author */
};

/*
 * Edits: each is one transaction: version, history, activity, list and search index.
 * begun_on: the version the edit was begun on; NULL: a new entry. If the entry has moved since, the
 * save is judged by the conflict rule with that version as base. updated_at is set to now, and to
 * at least 1 ms after what it replaces; created_at to now if it is empty.
 */
struct edit_outcome {
	bool conflict; /* both versions were kept in a conflict copy, or one in the history */
	bool deleted;  /* a live entry gave way to a deletion */
	struct digest version;         /* the entry's version now */
	char copy_id[COPY_ID_LEN + 1]; /* "" if no copy was made */
};
MUST_USE enum engine_result edit_save(struct engine *engine, const struct entry *entry,
    const struct digest *begun_on, struct call *call, struct edit_outcome *out);
MUST_USE enum engine_result edit_delete(struct engine *engine, struct view id, struct call *call);
/* version NULL: brings a deleted entry back; else makes that old version the current one. */
MUST_USE enum engine_result edit_restore(
    struct engine *engine, struct view id, const struct digest *version, struct call *call);
/*
 * Import merges by id: newer updatedAt wins, equal or older is skipped (schemas: time_parse_ms).
 * Texts are kept as they came. Many in one transaction: begin, entry…, commit (or rollback).
 */
enum import_outcome { IMPORT_ADDED, IMPORT_UPDATED, IMPORT_SKIPPED };
MUST_USE enum engine_result import_begin(struct engine *engine, struct call *call);
MUST_USE enum engine_result import_entry(
    struct engine *engine, const struct entry *entry, struct call *call, enum import_outcome *out);
MUST_USE enum engine_result import_commit(
    struct engine *engine, uint64_t added, uint64_t updated, struct call *call);
void import_rollback(struct engine *engine);
/* A new entry's id: a UUID, version 4. */
void entry_id_new(const struct random *random, char out[COPY_ID_LEN + 1]);

/* What is known of sync, for `status` and for the commands. {0}: sync was never on. */
struct sync_facts {
	bool has_account;
	bool on;         /* the switch; has_account may be true while it is off */
	bool recovering; /* this device's own statement is not committed yet */
	struct account_id account;
	struct device_id device;
	uint8_t incarnation[INCARNATION_LEN];
	struct head head;       /* the cursor: applied here */
	struct head known_head; /* the highest head seen */
	uint64_t floor;
	uint64_t reset_seq;      /* of the newest reset that was made or installed here; 0: none */
	int64_t reset_ms;        /* when it was, by the wall clock here */
	uint64_t sweep;          /* the count to put blobs under */
	uint64_t log_bytes;      /* frames and bodies since the last snapshot or load */
	uint64_t snapshot_bytes; /* of that snapshot's segments */
	uint64_t snapshot_seq;   /* its frame's place */
	int64_t acknowledged_ms; /* my edits were acknowledged; 0: never */
	int64_t pulled_ms;       /* the remote was seen; 0: never */
	uint64_t deleted;        /* entries that went here since the head was last reached */
	int64_t skew_ms;         /* the remote's clock less ours, when last seen */
};
MUST_USE enum engine_result sync_facts_get(
    struct engine *engine, struct call *call, struct sync_facts *out);
/* The root of the cloud state at facts.head: equal on all devices there (design, I2). */
MUST_USE enum engine_result sync_root_get(
    struct engine *engine, struct call *call, uint8_t out[ROOT_LEN]);
/* The roster's bytes as known here. ENGINE_OFF: none. */
MUST_USE enum engine_result sync_roster_get(
    struct engine *engine, struct call *call, struct bytes *out);

/*
 * Switching on. account_begin: makes keys' account (keys must be set), gives the create request to
 * send and the code to show; nothing is stored. account_store: once the create has succeeded.
 */
struct account_new {
	struct bytes create;       /* for account_create; yours */
	struct bytes roster;       /* yours */
	struct recovery_code code; /* a secret */
	struct account_id account;
};
void account_new_clear(struct account_new *account);
MUST_USE enum engine_result account_begin(
    struct engine *engine, const char *device_name, struct call *call, struct account_new *out);
MUST_USE enum engine_result account_store(
    struct engine *engine, const struct account_new *account, struct call *call);
MUST_USE enum engine_result sync_switch(struct engine *engine, bool on, struct call *call);
/* Forgets the account (after a wipe): the journal stays whole, everything is unsynced again. */
MUST_USE enum engine_result account_forget(struct engine *engine, struct call *call);

/*
 * Recovering: the roster's bytes as read from the remote, the code, this device's new keys
 * (engine->keys). recovery_check: does the code fit? Gives what to show before anything is written.
 * recovery_store: stores the account with as much of the roster as the code verifies; then run a
 * sync whose options hold the recovery keys: it pushes the statement that adds this device.
 */
struct recovery_view {
	uint64_t epoch;
	size_t known; /* so many statements the code verifies; the others are for the log to show */
	size_t devices_count;
	char names[DEVICES_MAX][DEVICE_NAME_MAX + 1];
	struct device_keys keys; /* the recovery device's: a secret */
};
MUST_USE enum engine_result recovery_check(struct engine *engine, struct view roster,
    const struct recovery_code *code, struct call *call, struct recovery_view *out);
MUST_USE enum engine_result recovery_store(struct engine *engine, struct view roster,
    const struct recovery_view *view, const char *device_name, struct call *call);

/*
 * Is that the record of a wipe of this account's life, signed by a device live in it? Nothing else
 * is believed. ENGINE_MISSING: it is not.
 */
MUST_USE enum engine_result account_wiped(
    struct engine *engine, struct view record, struct call *call);
/* The same of an account that this home does not have: a live device of it has signed its wipe. */
MUST_USE bool account_was_wiped(const struct account_id *account, struct view record);

/* A wipe, signed by this device's wipe key, for the account and incarnation known here. */
MUST_USE enum engine_result wipe_make(
    struct engine *engine, const char *gateway, struct call *call, struct bytes *wipe_out);

/*
 * The sync state machine: sync_new; then sync_next says what it wants, the driver does it and gives
 * the answer with the matching call, until SYNC_WANT_NOTHING. Every want has one answer. Blobs may
 * be under way several at a time: sync_next may be asked on before a GET or a PUT is answered, and
 * they are answered in any order. All else comes alone: nothing is under way before it, and
 * sync_next waits for its answer. The driver that can do but one thing at a time does it, and all
 * is well.
 */
struct sync; /* freed by sync_free, when nothing is under way */

#define SYNC_FLIGHTS_MAX 6u /* blobs under way: at 50 ms a request, 100 and more a second */

enum sync_want_kind {
	SYNC_WANT_NOTHING,  /* over: sync_end says how */
	SYNC_WANT_ANSWER,   /* nothing more before one of those under way is answered */
	SYNC_WANT_EXCHANGE, /* send want.request: sync_exchanged, or sync_failed */
	SYNC_WANT_GET,      /* get the blob want.name: sync_got, or sync_failed */
	SYNC_WANT_PUT,  /* sync_seal it, put want.blob under want.name: sync_put, or sync_failed */
	SYNC_WANT_WAIT, /* wait want.wait_ms, then call sync_waited */
};
struct sync_want { /* valid until the answer is given */
	enum sync_want_kind kind;
	unsigned slot; /* which of those under way: goes with the answer */
	const struct sync_request *request;
	struct sealing *sealing; /* PUT: what sync_seal works on */
	struct opening *opening; /* GET: what sync_open works on; NULL: nothing */
	struct blob_name name;
	struct view blob;
	int64_t wait_ms;
};
/*
 * Compresses and seals what a PUT wants put, and sets name and blob; a second time it only sets
 * them. It touches nothing else of the machine: it may run on any thread, several at once, while
 * the machine goes on with the next.
 */
MUST_USE enum engine_result sync_seal(struct sync_want *want, struct call *call);
/*
 * Opens what a GET has brought, before sync_got is given the same bytes, which then has less to do.
 * It may be left out, and runs where sync_seal may.
 */
void sync_open(struct sync_want *want, struct view blob);

struct sync_options {
	bool allow_deletions; /* the brake was answered with yes */
	/*
	 * A person asked for it: if the log there cannot be followed, or is older than the one seen
	 * here, a reset gives it up and puts this device's cloud state in its place.
	 */
	bool reseed;
	const struct device_keys
	    *recovery; /* while recovering: signs this device's own statement */
	void (*progress)(void *self, uint64_t done, uint64_t all); /* segments; NULL: none */
	void *progress_self;
};
struct sync_totals {
	uint64_t pushed;    /* entries */
	uint64_t pulled;    /* entries that changed here */
	uint64_t conflicts; /* settled, or copies made, in this run */
	uint64_t deltas;    /* operations that went as deltas */
	uint64_t deletions; /* brake: how many entries it would have deleted */
	bool reset;         /* the log was given up: a reset was made */
	struct head head;
};
MUST_USE enum engine_result sync_new(struct engine *engine, const struct sync_options *options,
    struct call *call, struct sync **out);
void sync_free(struct sync *sync); /* NULL is fine; what was applied stays applied */
void sync_next(struct sync *sync, struct sync_want *out);
/* The answer is borrowed until the call returns. */
void sync_exchanged(struct sync *sync, const struct sync_answer *answer);
void sync_got(struct sync *sync, unsigned slot, struct view blob);
void sync_put(struct sync *sync, unsigned slot);
void sync_waited(struct sync *sync);
/*
 * The want could not be done: result says how to end (ENGINE_LATER, _MISSING, _FAILED…). But a blob
 * that is not there (ENGINE_NOT_FOUND), or whose name was refused (ENGINE_REFUSED), may be another
 * device's sweep: the machine asks anew before it believes that.
 */
void sync_failed(struct sync *sync, unsigned slot, enum engine_result result, const char *message);
/* How it ended; the same call struct as sync_new was given holds the message. */
enum engine_result sync_end(const struct sync *sync, struct sync_totals *totals_out);

#endif
