/*
 * tests/sim/sim_world.h: what the simulated devices share: the seed's randomness, time, the
 * bucket's objects, the faults of a run, and the baton. All code under test runs on ordinary
 * threads, one a device, but only the holder of the baton runs: sim_yield gives it back to the
 * scheduler, which picks who goes on by the seed. So a run is a pure function of its seed.
 */
#ifndef INKSEAL_SIM_WORLD_H
#define INKSEAL_SIM_WORLD_H

#include <pthread.h>
#include <stdio.h>

#include "cli/engine/recovery.h"
#include "gateway/account/account.h"
#include "gateway/bucket/bucket_memory.h"

/* A stream of its own for each user of randomness, so that one's draws do not move another's. */
struct sim_random {
	uint8_t seed[32];
	uint64_t drawn;
};
void sim_random_init(struct sim_random *random, uint64_t seed, uint64_t stream);
void sim_random_fill(void *self, void *out, size_t len);       /* as struct random has it */
uint64_t sim_below(struct sim_random *random, uint64_t limit); /* 0 … limit - 1 */
bool sim_one_in(struct sim_random *random, uint64_t count);    /* 0: never */

/* What may go wrong; each is drawn per run, first whether it exists at all, then one in how many.
 */
enum sim_fault {
	SIM_BEFORE,   /* a bucket call does not get through */
	SIM_UNKNOWN,  /* a put or remove does not take effect, and its answer is lost */
	SIM_AFTER,    /* it takes effect, and its answer is lost */
	SIM_LATE,     /* its answer is lost, and it lands some time later, if its condition holds */
	SIM_CRASH,    /* the device's process dies: its disk has all that was written */
	SIM_POWER,    /* the device's power fails: its disk has what was synced, the rest perhaps */
	SIM_STALL,    /* time passes by minutes or a day between two steps */
	SIM_CLOCK,    /* a device's wall clock jumps */
	SIM_THROTTLE, /* the bucket asks for a rest */
	SIM_LOSER,    /* who loses a conditional put is told "perhaps", not "no" */
	SIM_STALE,    /* a listing is a few puts and removes behind */
	SIM_DEATH,    /* a gateway dies in the middle of a request, and begins anew */
	SIM_DROP,     /* a request to a gateway is lost … */
	SIM_CUT,      /* … or its answer … */
	SIM_SHORT,    /* … or the end of its answer */
	SIM_DELAY,    /* it takes up to a minute and a half */
	SIM_TWICE,    /* it arrives twice */
	SIM_REORDER,  /* it is given up, and arrives after later ones */
	SIM_WITHHOLD, /* a gateway says that there is nothing new, or that a blob is stored … */
	SIM_REPLAY,   /* … answers with what it has said before, to whomever … */
	SIM_SWAP,     /* … gives another blob … */
	SIM_CHANGE,   /* … changes a bit of what it gives … */
	SIM_OFF_LOG,  /* … shows a roster that a member has continued, and no log … */
	SIM_FORK,     /* … or goes on with a copy of the bucket, for some of the devices */
	SIM_GO_BACK,  /* the bucket goes back to an older copy */
	SIM_ROT,      /* while it syncs, a device reads a version of its store with a bit flipped */
	SIM_FAULTS,
};
const char *sim_fault_text(enum sim_fault fault);

struct sim_copy; /* of all the bucket's objects */

struct sim_task { /* a thread that runs one piece of work at a time, when it has the baton */
	struct sim_world *world;
	pthread_t thread;
	pthread_cond_t turn;
	void (*work)(void *self);
	void *self;
	bool busy;       /* in the middle of its work */
	bool over;       /* the thread is to end */
	int64_t wake_ms; /* sleeps until then */
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

/* A request as it travels. */
#define SIM_LETTERS_MAX 8u
#define SIM_KEPT_MAX 8u
struct sim_letter {
	bool is_put; /* of a blob; else a sync */
	struct account_id account;
	struct blob_name name;
	struct bytes body;
};

#define SIM_FAILURE_MAX 1024u
struct sim_world {
	uint64_t seed;
	struct sim_random random; /* the scheduler's and the faults' */
	int64_t now_ms;           /* monotonic, and the wall clock of a device without skew */
	uint32_t one_in[SIM_FAULTS];
	uint64_t hits[SIM_FAULTS];
	bool faults;         /* false: nothing goes wrong any more */
	bool read_only;      /* puts and removes do not get through (while an object is damaged) */
	bool ending;         /* the run has failed: every call fails, so that all threads unwind */
	bool sweeps;         /* some devices sweep: history may go */
	uint64_t listings;   /* of sweeps, so far … */
	uint64_t commits;    /* … and commits that others tried */
	bool big;            /* entries of many KiB: bodies, loads in the middle, snapshots */
	bool away;           /* device 1 is seldom there to sync */
	bool solo;           /* one device alone makes changes */
	bool late_create;    /* a create's manifest lands late, one time in two */
	bool holds_late;     /* what is late lands only after the wipe */
	bool wrong_key;      /* a device's keys are not its own */
	bool wiping;         /* from now on "gone" is an answer */
	bool wiped;          /* … by a command that ended well */
	struct bytes create; /* the request that made the account */
	bool copies_home;    /* somebody copies a home, and goes on in both */
	bool seasons; /* now and then months pass: tombstones are purged, devices were away */
	size_t gateways_count; /* 0: all go straight to the bucket; else some requests go by one */
	struct sim_gateway gateways[SIM_GATEWAYS_MAX];
	struct sim_letter letters[SIM_LETTERS_MAX]; /* given up, and still under way */
	size_t letters_count;
	bool lying; /* the gateways are; what they have said and given before: */
	struct bytes kept_answers[SIM_KEPT_MAX], kept_blobs[SIM_KEPT_MAX];
	struct bytes off_log; /* the roster that was shown last, and no log has led to */
	bool revokes;         /* one was shown that goes on from the viewer's, and revokes it */
	bool versions;        /* the store keeps what is replaced or removed */
	bool restored;        /* the bucket went back to an older copy: rollbacks are expected */
	bool reseeded; /* … and resets have put that right: there were no bases for a while */
	uint64_t steps;
	struct memory_store *objects;
	char damaged_key[BUCKET_KEY_MAX + 1]; /* "": none */
	struct recovery_code code;            /* the person's paper */
	bool has_code;
	char failure[SIM_FAILURE_MAX]; /* ""; or the first thing that did not hold */
	FILE *trace;                   /* NULL: none */
	pthread_mutex_t mutex;         /* guards holder */
	pthread_cond_t scheduler_turn;
	struct sim_task *holder; /* NULL: the scheduler */
};
/* Draws the run's faults. False: no memory. */
MUST_USE bool sim_world_open(struct sim_world *world, uint64_t seed, FILE *trace);
void sim_world_close(struct sim_world *world);
/* Where there is none yet, there is one from now on. */
void sim_gateway_need(struct sim_world *world);
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

MUST_USE bool sim_task_open(struct sim_task *task, struct sim_world *world);
void sim_task_close(struct sim_task *task); /* not busy; {0} is fine */
/* The scheduler's: runs task until it yields or is done. With new work if it was not busy. */
void sim_give(struct sim_task *task);
/* The task's own: others go on, for at least sleep_ms. */
void sim_yield(struct sim_task *task, int64_t sleep_ms);

#endif
