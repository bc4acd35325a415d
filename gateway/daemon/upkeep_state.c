/*
 * gateway/daemon/upkeep_state.c: its clock, and what has failed.
 */
#include "gateway/daemon/upkeep_state.h"

int64_t upkeep_now(const struct upkeep *upkeep)
{
	return clock_monotonic_ms(upkeep->config.env.clock);
}

bool upkeep_lets_go(const struct upkeep *upkeep)
{
	return atomic_load(&upkeep->stopped) ||
	       (upkeep->lent && upkeep->config.host.wanted(upkeep->config.host.self));
}

void upkeep_failed(
    struct upkeep *upkeep, const char *event, enum account_result result, const struct call *call)
{
	bool gave_way = upkeep_lets_go(upkeep);

	(void)pthread_mutex_lock(&upkeep->lock);
	if (gave_way)
		upkeep->counts.gave_way++;
	else
		upkeep->counts.failures++;
	(void)pthread_mutex_unlock(&upkeep->lock);
	if (!gave_way)
		upkeep->config.log(upkeep->config.sink,
		    result == ACCOUNT_RETRY ? "warning" : "error", event, call->message);
}
