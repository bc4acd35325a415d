/*
 * cli/engine/steps.h: a run of the sync machine, and its steps from one phase to the next. steps.c
 * alone writes the phase. README.md has a paragraph for each.
 */
#ifndef INKSEAL_STEPS_H
#define INKSEAL_STEPS_H

#include "cli/engine/frame_build.h"
#include "cli/engine/snapshot_build.h"
#include "cli/engine/snapshot_install.h"
#include "cli/engine/transfers.h"

#define DETOURS_MAX 64u /* rosters, bodies, snapshots fetched without moving on */
#define RESETS_MAX 8u   /* resets tried in one run: others may be faster */
#define LOSSES_LEASE 3u /* races lost, after which it asks for a lease */
#define WAIT_MIN_MS 20

enum phase {
	PHASE_DECIDE,   /* nothing is asked: what next? */
	PHASE_EXCHANGE, /* request sent: a poll, or push.frame with it */
	PHASE_ROSTER,   /* the roster's blob is asked for */
	PHASE_BODY,     /* the body that an answer had no room for */
	PHASE_LEARN,    /* the newest index, to know its segments' names */
	PHASE_BUILD,    /* segments, then the index, are put and read back */
	PHASE_INSTALL,  /* an index, then segments, are asked for */
	PHASE_FOLLOW,   /* the frames after a snapshot */
	PHASE_WAIT,
	PHASE_OVER,
};
enum standing {
	STANDING_UNKNOWN,
	STANDING_CURRENT, /* an answer has shown that the cursor is the head */
	STANDING_BEHIND,  /* … that it is not: poll on, a push would only be a lost race */
};
enum reset_step {
	RESET_NONE,
	RESET_DUE,       /* what is next is a reset */
	RESET_UNDER_WAY, /* it is being built, or sent */
};
struct remote_view { /* by the last answer about a living account */
	bool any;    /* there was one */
	struct head head;
	struct blob_name roster;
	struct digest roster_hash;
};
struct tries { /* each has an end */
	unsigned resets, losses, renames, laters, misses, detours, steps;
};

struct sync {
	struct replica replica;
	struct sync_options options;
	enum phase phase; /* written in steps.c alone */
	enum engine_result result;
	struct sync_request request;
	struct sync_want want;
	struct built_frame push;      /* the frame in flight; empty: a poll */
	struct bytes new_roster;      /* with a statement's frame */
	struct snapshot_build *build; /* a load, snapshot or reset on its way */
	struct snapshot_install *install;
	struct transfers transfers; /* their blobs under way */
	struct sync_body extra;     /* a body fetched alone; its bytes are extra_blob */
	struct bytes extra_blob;
	struct blob_name wanted; /* of PHASE_ROSTER, _BODY, _LEARN */
	struct remote_view there;
	enum standing standing;
	enum reset_step reset;
	bool unsound;      /* a patch can't be made, for an entry is damaged here: pull first */
	bool pushed;       /* something was committed in this run */
	bool retried_head; /* a lower head was seen once */
	int64_t wait_ms;
	struct tries tries;
	uint64_t missed_sweep; /* the sweep count at the last miss */
};

void step_end(struct sync *sync, enum engine_result result);
void step_to_decide(struct sync *sync);
void step_to_wait(struct sync *sync, int64_t wait_ms); /* then decide */
/* A poll from the cursor, or with it the frame in flight; a reset's is from the head there. */
void step_to_exchange(struct sync *sync);
void step_to_body(struct sync *sync, const struct blob_name *name);
void step_to_learn(struct sync *sync, const struct blob_name *name);
/* Begins to build a load or snapshot, or to install what the frame names. */
MUST_USE enum engine_result step_to_build(struct sync *sync, enum frame_kind kind);
MUST_USE enum engine_result step_to_reset(struct sync *sync);
MUST_USE enum engine_result step_to_install(
    struct sync *sync, const struct frame *frame, bool at_cursor);
/* The frames after what is installed, from where they are known. */
void step_to_follow(struct sync *sync);
/*
 * The last answer names a roster: what is held is that one, or more that is known here. *asked_out:
 * it is to be fetched first.
 */
MUST_USE enum engine_result step_to_roster(struct sync *sync, bool *asked_out);

/* A remote that sends us round in circles is left alone. */
MUST_USE enum engine_result step_detour(struct sync *sync);
/* The cursor is not known to be the head any more. */
void step_lose_standing(struct sync *sync);
/* Given up: the frame in flight; the snapshot that is installed; all that is under way. */
void step_drop_push(struct sync *sync);
void step_drop_build(struct sync *sync);
void step_drop_install(struct sync *sync);
void step_drop_work(struct sync *sync);
/*
 * What ends a run that cannot follow the log; but if a person asked for it, a reset is the way out:
 * then ENGINE_OK.
 */
MUST_USE enum engine_result step_way_out(struct sync *sync, enum engine_result result);

#endif
