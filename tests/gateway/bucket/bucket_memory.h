/*
 * tests/gateway/bucket/bucket_memory.h: a bucket in memory, for unit tests and the simulator, with
 * faults on demand. Several struct bucket may share one store. Not for real use: nothing is
 * durable.
 */
#ifndef INKSEAL_BUCKET_MEMORY_H
#define INKSEAL_BUCKET_MEMORY_H

#include "gateway/bucket/bucket.h"

enum memory_fault {
	MEMORY_FAULT_NONE,
	MEMORY_FAULT_BEFORE,  /* the call fails before it took effect: BUCKET_RETRY */
	MEMORY_FAULT_UNKNOWN, /* it did not take effect, and says BUCKET_UNKNOWN */
	MEMORY_FAULT_AFTER,   /* it took effect, but the answer is lost: BUCKET_UNKNOWN */
	MEMORY_FAULT_LATE, /* a put says BUCKET_UNKNOWN now and lands when memory_deliver is called
			    */
	MEMORY_FAULT_THROTTLED, /* as BEFORE, and call->retry_after_ms asks for a rest */
	MEMORY_FAULT_LOSER,     /* a put whose condition does not hold says BUCKET_UNKNOWN, as some
				   stores answer 409 or 500; any other call is as it should be */
	MEMORY_FAULT_STALE, /* a list does not show the last few puts yet, and what was removed of
			       late still; any other call is as it should be */
};
enum memory_op { MEMORY_PUT, MEMORY_GET, MEMORY_REMOVE, MEMORY_LIST };

struct memory_store; /* the objects */
MUST_USE struct memory_store *memory_store_new(void);
/*
 * From now on versions stay where an object is replaced or removed, hidden from lists and gets,
 * until bucket_purge_hidden; a remove leaves a marker. there: conditions take a marker for the
 * object that it hides, as one kind of store has it; else there is none, as the other has it.
 */
void memory_keep_versions(struct memory_store *store, bool there);
void memory_store_free(struct memory_store *store);

/* Called before each operation; says how it is to fail. Also the simulator's yield point. */
struct memory_hook {
	void *self;
	enum memory_fault (*before)(void *self, enum memory_op op, const char *key);
};
/* hook may be NULL. NULL: no memory. Closing the bucket leaves the store. */
MUST_USE struct bucket *bucket_memory(struct memory_store *store, const struct memory_hook *hook);
/* Lands every late put whose condition still holds; returns how many landed. */
size_t memory_deliver(struct memory_store *store);
/* Calls see for every object, ascending by key; for canaries and oracles. */
void memory_each(struct memory_store *store,
    void (*see)(void *self, const char *key, struct view data), void *self);
/* Versions and markers that are hidden under the prefix. */
size_t memory_hidden(struct memory_store *store, const char *prefix);
/* Changes one byte in place (for tamper tests). False: no such key or offset. */
bool memory_flip(struct memory_store *store, const char *key, size_t offset, uint8_t mask);

#endif
