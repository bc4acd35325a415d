/*
 * tests/gateway/bucket/memory_objects.h: the objects of the bucket in memory (bucket_memory.h):
 * what stands there, what is hidden, what is late. For bucket_memory.c alone, which calls all of it
 * with the store's mutex held.
 */
#ifndef INKSEAL_MEMORY_OBJECTS_H
#define INKSEAL_MEMORY_OBJECTS_H

#include <pthread.h>

#include "tests/gateway/bucket/bucket_memory.h"

#define MEMORY_STALE_MAX 8u /* a stale list is so many puts and removes behind */

struct memory_object {
	char key[BUCKET_KEY_MAX + 1];
	struct bytes data;
	struct bucket_tag tag;
	uint64_t change; /* which one put it */
};

struct memory_late {
	char key[BUCKET_KEY_MAX + 1];
	struct bytes data;
	enum bucket_if cond;
	struct bucket_tag tag;
};

struct memory_hidden { /* a version that was replaced or removed */
	char key[BUCKET_KEY_MAX + 1];
	struct bucket_tag tag;
	bool marker; /* nothing was put there since it was removed */
};

struct memory_removed { /* of late: a stale list still shows it */
	char key[BUCKET_KEY_MAX + 1];
	uint64_t size;
	uint64_t change;
};

struct memory_store { /* all guarded by mutex */
	pthread_mutex_t mutex;
	uint64_t changes;                                /* puts and removes so far */
	struct memory_removed removed[MEMORY_STALE_MAX]; /* by change, modulo their number */
	bool versions, marker_there;
	struct memory_hidden *hidden; /* oldest first */
	size_t hidden_count;
	size_t hidden_capacity;
	struct memory_object *objects; /* ascending by key */
	size_t count;
	size_t capacity;
	struct memory_late *late; /* in the order they were put */
	size_t late_count;
	size_t late_capacity;
};

/* NULL: there is none. */
struct memory_object *memory_object_at(const struct memory_store *store, const char *key);
/* Does the put's condition hold now? */
bool memory_holds(const struct memory_store *store, const struct bucket_put *put);
enum bucket_result memory_place(struct memory_store *store, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out);
void memory_keep_late(struct memory_store *store, const struct bucket_put *put);
/* False: no memory for the marker, and it stays. */
MUST_USE bool memory_drop(struct memory_store *store, const char *key);
/* One page of a listing into page->items, which has room for it. */
void memory_page(const struct memory_store *store, const char *prefix, const char *after,
    bool stale, struct bucket_page *page);
/* How many hidden versions went. */
uint64_t memory_purge(struct memory_store *store, const char *prefix);

#endif
