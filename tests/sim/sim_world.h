/*
 * tests/sim/sim_world.h: what the simulated devices share, by who it belongs to: the schedule
 * (time, the baton), the faults, the plan of the run, the bucket, the gateways, the network, the
 * gateways' lies, and the account.
 */
#ifndef INKSEAL_SIM_WORLD_H
#define INKSEAL_SIM_WORLD_H

#include <stdio.h>

#include "cli/engine/recovery.h"
#include "gateway/account/account.h"
#include "tests/gateway/bucket/bucket_memory.h"
#include "tests/sim/sim_fault.h"
#include "tests/sim/sim_schedule.h"

/* What kind of run it is: drawn once, at its beginning. */
struct sim_plan {
	bool sweeps;      /* some devices sweep: history may go */
	bool big;         /* entries of many KiB: bodies, loads in the middle, snapshots */
	bool away;        /* device 1 is seldom there to sync */
	bool solo;        /* one device alone makes changes */
	bool seasons;     /* now and then months pass: tombstones are purged, devices were away */
	bool copies_home; /* somebody copies a home, and goes on in both */
	bool late_create; /* a create's manifest lands late, one time in two */
	bool holds_late;  /* what is late lands only after the wipe */
};

struct sim_bucket {
	struct memory_store *objects;
	bool versions;  /* it keeps what is replaced or removed */
	bool read_only; /* puts and removes do not get through (while an object is damaged) */
	char damaged_key[BUCKET_KEY_MAX + 1]; /* "": none */
	bool restored;     /* it went back to an older copy: rollbacks are expected */
	bool reseeded;     /* … and resets have put that right: there were no bases for a while */
	uint64_t listings; /* of sweeps, so far … */
	uint64_t commits;  /* … and commits that others tried */
};

struct sim_account {
	struct bytes create;       /* the request that made it */
	struct recovery_code code; /* the person's paper */
	bool has_code;
	bool wrong_key; /* a device's keys are not its own */
	bool wiping;    /* from now on "gone" is an answer */
	bool wiped;     /* … by a command that ended well */
};

/* A gateway: its cache of the account, and its clock. */
#define SIM_GATEWAYS_MAX 2u
struct sim_gateway {
	struct sim_world *world;
	struct account_cache cache;
	struct account_env env; /* of the request under way */
	struct clock clock;
	int64_t skew_ms;
	struct bucket *fork; /* its own copy of the bucket; NULL: it uses everybody's */
	bool busy;           /* with somebody's request … */
	bool died;           /* … in the middle of which it died */
};
struct sim_gateways {
	struct sim_gateway all[SIM_GATEWAYS_MAX];
	size_t count; /* 0: all go straight to the bucket; else some requests go by one */
};

/* A request as it travels. */
#define SIM_LETTERS_MAX 8u
#define SIM_KEPT_MAX 8u
struct sim_letter {
	bool is_put; /* of a blob; else a sync */
	struct account_id account;
	struct blob_name name;
	struct bytes body;
};
struct sim_network {
	struct sim_letter letters[SIM_LETTERS_MAX]; /* given up, and still under way */
	size_t letters_count;
};

struct sim_lies { /* sim_lie.c */
	bool on;  /* the gateways lie; what they have said and given before: */
	struct bytes kept_answers[SIM_KEPT_MAX], kept_blobs[SIM_KEPT_MAX];
	struct bytes off_log; /* the roster that was shown last, and no log has led to */
	bool revokes;         /* one was shown that goes on from the viewer's, and revokes it */
};

#define SIM_FAILURE_MAX 1024u
struct sim_world {
	uint64_t seed;
	struct sim_random random; /* the scheduler's and the faults' */
	struct sim_schedule schedule;
	struct sim_faults faults;
	struct sim_plan plan;
	struct sim_bucket bucket;
	struct sim_account account;
	struct sim_gateways gateways;
	struct sim_network network;
	struct sim_lies lies;
	bool ending; /* it has failed: every call fails, so that all threads unwind */
	char failure[SIM_FAILURE_MAX]; /* ""; or the first thing that did not hold */
	FILE *trace;                   /* NULL: none */
};
/* Draws the run's faults. False: no memory. */
MUST_USE bool sim_world_open(struct sim_world *world, uint64_t seed, FILE *trace);
void sim_world_close(struct sim_world *world);
/* Where there is none yet, there is one from now on. */
void sim_gateway_need(struct sim_world *world);

struct sim_copy; /* of all the bucket's objects */
/* NULL: no memory. sim_copy_restore makes the bucket what it was, and frees the copy. */
MUST_USE struct sim_copy *sim_copy_take(struct sim_world *world);
MUST_USE bool sim_copy_restore(struct sim_world *world, struct sim_copy *copy);
/* All objects, in a store of their own; NULL: no memory. */
MUST_USE struct memory_store *sim_copy_fork(struct sim_world *world);
bool sim_hit(struct sim_world *world, enum sim_fault fault); /* draws, and counts if so */
/* The first failure is kept; from then on the run ends. */
void sim_fail(struct sim_world *world, const char *format, ...) PRINTF_LIKE(2, 3);
/* One line of the trace, with the time before it. */
void sim_trace(struct sim_world *world, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
