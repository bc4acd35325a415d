/*
 * gateway/daemon/upkeep_relist.h: what was wiped is listed again: what was being put while the
 * account went may land afterwards.
 */
#ifndef INKSEAL_UPKEEP_RELIST_H
#define INKSEAL_UPKEEP_RELIST_H

#include "gateway/daemon/upkeep_state.h"

/* As struct http_keeper has it; self is a struct upkeep. By any thread. */
void upkeep_wiped(void *self, const struct account_id *account);
/* One listing, if one is due. False: none was. By the upkeep's thread. */
bool upkeep_relist_step(struct upkeep *upkeep);

#endif
