/*
 * gateway/account/lease.c: fairness between writers (README.md, T1 to T3). A device that loses one
 * race after another (a slow one, or one of many) asks for a lease: one commit writes it into the
 * manifest. Others then hold their commits until it has committed, or 5 s from when they first saw
 * the lease, each by its own monotonic clock: a device that died with a lease costs no more.
 */
#include "gateway/account/lease.h"

#include "gateway/account/commit.h"
#include "schemas/base/mutation.h"

/* T2. What is left of the lease in the manifest, as this process sees it; 0: none holds. */
static int64_t lease_left_ms(struct account_work *work)
{
	const struct manifest *manifest = &work->manifest;
	struct account_cache *cache = work->cache;
	int64_t now_ms = clock_monotonic_ms(work->env->clock);
	int64_t left_ms;

	if (!manifest->has_lease)
		return 0;
	if (cache->lease_generation != manifest->lease_generation) {
		cache->lease_generation = manifest->lease_generation;
		cache->lease_seen_ms = now_ms;
	}
	left_ms = cache->lease_seen_ms + ACCOUNT_LEASE_MS - now_ms;
	if (MUTATION(LEASE_FOR_EVER))
		left_ms = ACCOUNT_LEASE_MS;
	return left_ms > 0 ? left_ms : 0;
}

int64_t account_lease_wait_ms(struct account_work *work, const struct device_id *device)
{
	int64_t left_ms = lease_left_ms(work);

	if (left_ms == 0 || device_equal(&work->manifest.lease, device))
		return 0;
	return left_ms < ACCOUNT_LEASE_WAIT_MS ? left_ms : ACCOUNT_LEASE_WAIT_MS;
}

enum account_result account_lease_take(struct account_work *work, const struct device_id *device)
{
	enum account_result result = ACCOUNT_OK;

	for (unsigned i = 0; i < ACCOUNT_ROUNDS && result == ACCOUNT_OK; i++) {
		bool won = false;

		if (lease_left_ms(work) > 0)
			return ACCOUNT_OK;
		work->next = work->manifest;
		work->next.has_lease = true;
		work->next.lease = *device;
		work->next.lease_generation = work->manifest.generation + 1;
		result = account_manifest_commit(work, &won);
	}
	return result; /* others kept winning: it asks again with its next loss */
}
