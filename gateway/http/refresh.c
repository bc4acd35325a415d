/*
 * gateway/http/refresh.c: one conditional read of an account.
 */
#include "gateway/http/refresh.h"

#include "gateway/http/learn.h"

enum account_result http_refresh(struct http_accounts *accounts, const struct account_env *env,
    struct http_slot *slot, struct call *call)
{
	int64_t since_ms = clock_monotonic_ms(env->clock);
	struct bytes roster = {0};
	enum account_result result;

	(void)pthread_mutex_lock(&slot->lock);
	result = account_roster(env, &slot->cache, &slot->account, call, &roster);
	if (result == ACCOUNT_OK) {
		struct digest hash;
		struct head head;
		bool known = account_cache_head(&slot->cache, &head);

		(void)account_cache_roster(&slot->cache, &hash);
		http_accounts_learn(accounts, slot, since_ms, &hash, known ? &head : NULL);
	} else if (result == ACCOUNT_ABSENT || result == ACCOUNT_GONE) {
		http_accounts_forget(accounts, slot);
	}
	(void)pthread_mutex_unlock(&slot->lock);
	bytes_clear(&roster);
	return result;
}
