/*
 * gateway/bucket/bucket_memory.h: a bucket in memory, for unit tests and the simulator, with faults
 * on demand. Several struct bucket may share one store. Not for real use: nothing is durable.
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
};
enum memory_op { MEMORY_PUT, MEMORY_GET, MEMORY_REMOVE, MEMORY_LIST };

struct memory_store; /* the objects */
MUST_USE struct memory_store *memory_store_new(void);
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
/* Changes one byte in place (for tamper tests). False: no such key or offset. */
bool memory_flip(struct memory_store *store, const char *key, size_t offset, uint8_t mask);

#endif
