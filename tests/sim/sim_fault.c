/*
 * tests/sim/sim_fault.c: drawing faults.
 */
#include "tests/sim/sim_fault.h"

const char *sim_fault_text(enum sim_fault fault)
{
	switch (fault) {
	case SIM_BEFORE: return "before";
	case SIM_UNKNOWN: return "unknown";
	case SIM_AFTER: return "after";
	case SIM_LATE: return "late";
	case SIM_CRASH: return "crash";
	case SIM_POWER: return "power";
	case SIM_STALL: return "stall";
	case SIM_CLOCK: return "clock";
	case SIM_THROTTLE: return "throttle";
	case SIM_LOSER: return "loser";
	case SIM_STALE: return "stale";
	case SIM_DEATH: return "death";
	case SIM_DROP: return "drop";
	case SIM_CUT: return "cut";
	case SIM_SHORT: return "short";
	case SIM_DELAY: return "delay";
	case SIM_TWICE: return "twice";
	case SIM_REORDER: return "reorder";
	case SIM_WITHHOLD: return "withhold";
	case SIM_REPLAY: return "replay";
	case SIM_SWAP: return "swap";
	case SIM_CHANGE: return "change";
	case SIM_OFF_LOG: return "off-log";
	case SIM_FORK: return "fork";
	case SIM_GO_BACK: return "go-back";
	case SIM_ROT: return "rot";
	case SIM_FAULTS: break;
	}
	return "none";
}

void sim_faults_draw(struct sim_faults *faults, uint64_t seed, struct sim_random *random)
{
	static const uint32_t often[] = {6, 20, 60, 200};

	*faults = (struct sim_faults){.on = true};
	for (size_t i = 0; i < SIM_ROT; i++)
		if (sim_one_in(random, 2))
			faults->one_in[i] = often[sim_below(random, COUNT_OF(often))];
	faults->one_in[SIM_CRASH] *= 3; /* one ends a whole command */
	faults->one_in[SIM_POWER] *= 3;
	faults->one_in[SIM_STALL] *= 10;
	faults->one_in[SIM_STALE] = faults->one_in[SIM_STALE] > 0 ? 2 : 0; /* lists are few */
	for (size_t i = SIM_WITHHOLD; i <= SIM_OFF_LOG; i++)               /* for a few commands */
		faults->one_in[i] = faults->one_in[i] > 0 ? 3 : 0;
	faults->one_in[SIM_GO_BACK] = 1; /* where the run has it at all */
	faults->one_in[SIM_ROT] = seed % 4 == 3 ? 3 : 0;
}

bool sim_faults_hit(struct sim_faults *faults, enum sim_fault fault, struct sim_random *random)
{
	bool hit = faults->on && sim_one_in(random, faults->one_in[fault]);

	faults->hits[fault] += hit;
	return hit;
}
