/*
 * gateway/daemon/upkeep.h: what a gateway does by itself, between requests: it compacts packs,
 * sweeps, lists again what was wiped; and it counts what accounts take. One thread calls
 * upkeep_step, a piece of work each time; requests' threads tell it what they did. It knows the
 * account code and a clock, no HTTP: what it needs of that is handed down. Why each is safe beside
 * other gateways: gateway/account/README.md.
 */
#ifndef INKSEAL_UPKEEP_H
#define INKSEAL_UPKEEP_H

#include "gateway/daemon/upkeep_relist.h"
#include "gateway/daemon/upkeep_sweep.h"

/* NULL: call->message. */
MUST_USE struct upkeep *upkeep_new(const struct upkeep_config *config, struct call *call);
void upkeep_free(struct upkeep *upkeep); /* NULL is fine */
/* As struct http_keeper has them; self is a struct upkeep. By any thread. */
void upkeep_settle(
    void *self, const struct account_id *account, uint64_t reserved, uint64_t put, bool committed);
/* One piece of work, if one is due. False: none was, ask again in a moment. */
bool upkeep_step(struct upkeep *upkeep);
/* What runs ends before its next request to the bucket, and nothing more begins. */
void upkeep_stop(struct upkeep *upkeep);
void upkeep_counted(struct upkeep *upkeep, struct upkeep_counts *out);

#endif
