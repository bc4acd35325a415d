/*
 * gateway/account/turn.c: fairness between writers (README.md, T1 to T3). A device that loses one
 * race after another (a slow one, or one of many) asks for the turn: one commit writes it into the
 * manifest. Others then hold their commits until it has committed, or 5 s from when they first saw
 * the turn, each by its own monotonic clock: a device that died with the turn costs no more.
 */
#include "gateway/account/turn.h"

#include "gateway/account/commit.h"
#include "schemas/base/mutation.h"

/* T2. What is left of the turn in the manifest, as this process sees it; 0: nobody has it. */
static int64_t turn_left_ms(struct account_work *work)
{
	const struct manifest *manifest = &work->manifest;
	struct account_cache *cache = work->cache;
	int64_t now_ms = clock_monotonic_ms(work->env->clock);
	int64_t left_ms;

	if (!manifest->has_turn)
		return 0;
	if (cache->turn_generation != manifest->turn_generation) {
		cache->turn_generation = manifest->turn_generation;
		cache->turn_seen_ms = now_ms;
	}
	left_ms = cache->turn_seen_ms + ACCOUNT_TURN_MS - now_ms;
	if (MUTATION(TURN_FOR_EVER))
		left_ms = ACCOUNT_TURN_MS;
	return left_ms > 0 ? left_ms : 0;
}

int64_t account_turn_wait_ms(struct account_work *work, const struct device_id *device)
{
	int64_t left_ms = turn_left_ms(work);

	if (left_ms == 0 || device_equal(&work->manifest.turn, device))
		return 0;
	return left_ms < ACCOUNT_TURN_WAIT_MS ? left_ms : ACCOUNT_TURN_WAIT_MS;
}

enum account_result account_turn_take(struct account_work *work, const struct device_id *device)
{
	enum account_result result = ACCOUNT_OK;

	for (unsigned i = 0; i < ACCOUNT_ROUNDS && result == ACCOUNT_OK; i++) {
		bool won = false;

		if (turn_left_ms(work) > 0)
			return ACCOUNT_OK;
		work->next = work->manifest;
		work->next.has_turn = true;
		work->next.turn = *device;
		work->next.turn_generation = work->manifest.generation + 1;
		result = account_manifest_commit(work, &won);
	}
	return result; /* others kept winning: it asks again with its next loss */
}
