/*
 * tests/sim/sim_fault.h: the kinds of fault, which of them a run has, and whether one hits now.
 */
#ifndef INKSEAL_SIM_FAULT_H
#define INKSEAL_SIM_FAULT_H

#include "tests/sim/sim_random.h"

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

struct sim_faults {
	uint32_t one_in[SIM_FAULTS]; /* 0: it does not exist in this run */
	uint64_t hits[SIM_FAULTS];
	bool on; /* false: nothing goes wrong any more */
};
/* Which exist in this run, and how often they hit. */
void sim_faults_draw(struct sim_faults *faults, uint64_t seed, struct sim_random *random);
bool sim_faults_hit(struct sim_faults *faults, enum sim_fault fault, struct sim_random *random);

#endif
