/*
 * gateway/daemon/keep.c: the upkeep and the HTTP side, which do not know each other.
 */
#include "gateway/daemon/keep.h"
#include "gateway/account/account.h"
#include "gateway/daemon/upkeep.h"
#include "gateway/http/http.h"

static struct account_cache *borrow(void *self, const struct account_id *account)
{
	struct http_server **server = self;

	return http_borrow(*server, account);
}

static bool wanted(void *self)
{
	struct http_server **server = self;

	return http_wanted(*server);
}

static void give_back(void *self)
{
	struct http_server **server = self;

	http_give_back(*server);
}

static void changed(void *self, const struct account_id *account, struct call *call)
{
	struct http_server **server = self;

	http_changed(*server, account, call);
}

struct upkeep_host keep_host(struct http_server **server)
{
	return (struct upkeep_host){
	    .self = server,
	    .borrow = borrow,
	    .wanted = wanted,
	    .give_back = give_back,
	    .changed = changed,
	};
}

struct http_keeper keep_keeper(struct upkeep *upkeep)
{
	return (struct http_keeper){
	    .self = upkeep,
	    .reserve = upkeep_reserve,
	    .settle = upkeep_settle,
	    .wiped = upkeep_wiped,
	};
}

static void add(struct buffer *out, const char *name, const char *help, uint64_t value)
{
	buffer_addf(out,
	    "# HELP inkseald_%s_total %s\n# TYPE inkseald_%s_total counter\n"
	    "inkseald_%s_total %llu\n",
	    name, help, name, name, (unsigned long long)value);
}

void keep_metrics(struct upkeep *upkeep, struct buffer *out)
{
	struct upkeep_counts counts;

	upkeep_counted(upkeep, &counts);
	add(out, "folds", "Folds of packs, when an account was idle.", counts.compactions);
	add(out, "packs_folded", "Packs that went into them.", counts.packs_compacted);
	add(out, "sweeps", "Sweeps of accounts.", counts.sweeps);
	add(out, "swept_objects", "Objects that they removed.", counts.objects_removed);
	add(out, "relists", "Listings of wiped accounts.", counts.relists);
	add(out, "late_objects", "Objects that those found and removed.", counts.late_removed);
	add(out, "upkeep_failures", "Of folds, sweeps and listings.", counts.failures);
	add(out, "upkeep_gave_way", "To a request, or to the end.", counts.gave_way);
}
