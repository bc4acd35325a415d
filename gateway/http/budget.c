/*
 * gateway/http/budget.c: sums of memory.
 */
#include "gateway/http/budget.h"

static _Atomic size_t *part_of(struct http_budget *budget, struct http_holder holder)
{
	return holder.known ? &budget->accounts[holder.hash % HTTP_PARTS_COUNT]
			    : &budget->unauthenticated;
}

/* Whether that may be held, of the part and of all. */
static bool within(const struct http_budget *budget, struct http_holder holder, size_t of_part,
    size_t of_all, enum http_refused *why_out)
{
	if (of_part > (holder.known ? budget->account_max : budget->unauthenticated_max))
		*why_out = holder.known ? REFUSED_ACCOUNT : REFUSED_UNAUTHENTICATED;
	else if (of_all > budget->max)
		*why_out = budget->refused;
	else
		return true;
	return false;
}

bool http_budget_fits(
    struct http_budget *budget, struct http_holder holder, size_t len, enum http_refused *why_out)
{
	return within(budget, holder, atomic_load(part_of(budget, holder)) + len,
	    atomic_load(&budget->held) + len, why_out);
}

bool http_budget_take(
    struct http_budget *budget, struct http_holder holder, size_t len, enum http_refused *why_out)
{
	return within(budget, holder, atomic_fetch_add(part_of(budget, holder), len) + len,
	    atomic_fetch_add(&budget->held, len) + len, why_out);
}

void http_budget_give(struct http_budget *budget, struct http_holder holder, size_t len)
{
	atomic_fetch_sub(part_of(budget, holder), len);
	atomic_fetch_sub(&budget->held, len);
}

void http_budget_move(
    struct http_budget *budget, struct http_holder from, struct http_holder to, size_t len)
{
	atomic_fetch_sub(part_of(budget, from), len);
	atomic_fetch_add(part_of(budget, to), len);
}
