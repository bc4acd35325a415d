/*
 * tests/gateway/bucket/bucket_memory.c: the bucket of bucket.h in memory, as bucket_memory.h
 * describes it. One mutex guards a store; the hook is called outside it, since a simulator may run
 * other tasks there. A read that fails had no effect to be unsure of: any fault makes it
 * BUCKET_RETRY. A remove cannot be late: it is lost instead.
 */
#include "tests/gateway/bucket/memory_objects.h"

#include <assert.h>
#include <stdlib.h>

#include "gateway/bucket/bucket_object.h"
#include "schemas/base/mutation.h"

#define MEMORY_REST_MS 1500 /* what who is throttled is asked for */

struct memory_bucket {
	struct memory_store *store;
	struct memory_hook hook;
};

static enum memory_fault fault(
    const struct memory_bucket *memory, enum memory_op op, const char *key)
{
	if (memory->hook.before == NULL)
		return MEMORY_FAULT_NONE;
	return memory->hook.before(memory->hook.self, op, key);
}

static enum bucket_result say_throttled(struct call *call)
{
	call_sayf(call, "the store asks for a rest");
	call->retry_after_ms = MEMORY_REST_MS;
	return BUCKET_RETRY;
}

static enum bucket_result say_fault(struct call *call, enum bucket_result result)
{
	call_sayf(call,
	    result == BUCKET_RETRY ? "the request did not get through" : "the answer was lost");
	return result;
}

static enum bucket_result memory_put(
    void *self, const struct bucket_put *put, struct call *call, struct bucket_tag *tag_out)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	struct bucket_put checked = *put; /* the same, but by a store that checks too early */
	enum bucket_result result = BUCKET_RETRY;
	struct bucket_tag tag = {0};
	enum memory_fault how;

	if (MUTATION(STORE_NOT_ATOMIC) && memory_holds(store, put))
		checked.cond = BUCKET_ALWAYS;
	put = &checked;
	how = fault(memory, MEMORY_PUT, put->key);
	(void)pthread_mutex_lock(&store->mutex);
	switch (how) {
	case MEMORY_FAULT_NONE:
	case MEMORY_FAULT_STALE: result = memory_place(store, put, call, &tag); break;
	case MEMORY_FAULT_LOSER:
		result = memory_place(store, put, call, &tag);
		if (result == BUCKET_CONFLICT)
			result = say_fault(call, BUCKET_UNKNOWN);
		break;
	case MEMORY_FAULT_THROTTLED: result = say_throttled(call); break;
	case MEMORY_FAULT_BEFORE: result = say_fault(call, BUCKET_RETRY); break;
	case MEMORY_FAULT_UNKNOWN: result = say_fault(call, BUCKET_UNKNOWN); break;
	case MEMORY_FAULT_AFTER:
		(void)memory_place(store, put, call, &tag);
		result = say_fault(call, BUCKET_UNKNOWN);
		break;
	case MEMORY_FAULT_LATE:
		memory_keep_late(store, put);
		result = say_fault(call, BUCKET_UNKNOWN);
		break;
	}
	(void)pthread_mutex_unlock(&store->mutex);
	if (result == BUCKET_OK)
		*tag_out = tag;
	return result;
}

static enum bucket_result read_fault(enum memory_fault how, struct call *call)
{
	switch (how) {
	case MEMORY_FAULT_NONE:
	case MEMORY_FAULT_LOSER:
	case MEMORY_FAULT_STALE: return BUCKET_OK;
	case MEMORY_FAULT_THROTTLED: return say_throttled(call);
	case MEMORY_FAULT_BEFORE:
	case MEMORY_FAULT_UNKNOWN:
	case MEMORY_FAULT_AFTER:
	case MEMORY_FAULT_LATE: break;
	}
	return say_fault(call, BUCKET_RETRY);
}

static enum bucket_result memory_get(void *self, const struct bucket_get *get, struct call *call,
    struct bytes *out, struct bucket_tag *tag_out)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	const struct memory_object *object;
	enum bucket_result result;

	result = read_fault(fault(memory, MEMORY_GET, get->key), call);
	if (result != BUCKET_OK)
		return result;
	(void)pthread_mutex_lock(&store->mutex);
	object = memory_object_at(store, get->key);
	if (object == NULL) {
		call_sayf(call, "there is no such object");
		result = BUCKET_ABSENT;
	} else if (bucket_tag_equal(&object->tag, &get->unless)) {
		call_sayf(call, "the object has not changed");
		result = BUCKET_UNCHANGED;
	} else if (!bucket_first_bytes(get, view_bytes(&object->data), out)) {
		call_sayf(call, "no memory");
		result = BUCKET_RETRY;
	} else {
		*tag_out = object->tag;
	}
	(void)pthread_mutex_unlock(&store->mutex);
	return result;
}

static enum bucket_result memory_remove_many(
    void *self, const char *const *keys, size_t count, struct call *call)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	enum memory_fault how = fault(memory, MEMORY_REMOVE, keys[0]);
	bool dropped = true;

	if (how == MEMORY_FAULT_NONE || how == MEMORY_FAULT_AFTER || how == MEMORY_FAULT_LOSER ||
	    how == MEMORY_FAULT_STALE) {
		(void)pthread_mutex_lock(&store->mutex);
		for (size_t i = 0; i < count && dropped; i++)
			dropped = memory_drop(store, keys[i]);
		(void)pthread_mutex_unlock(&store->mutex);
	}
	switch (how) {
	case MEMORY_FAULT_NONE:
	case MEMORY_FAULT_LOSER:
	case MEMORY_FAULT_STALE: return dropped ? BUCKET_OK : say_fault(call, BUCKET_UNKNOWN);
	case MEMORY_FAULT_THROTTLED: return say_throttled(call);
	case MEMORY_FAULT_BEFORE: return say_fault(call, BUCKET_RETRY);
	case MEMORY_FAULT_UNKNOWN:
	case MEMORY_FAULT_AFTER:
	case MEMORY_FAULT_LATE: break;
	}
	return say_fault(call, BUCKET_UNKNOWN);
}

static enum bucket_result memory_remove(void *self, const char *key, struct call *call)
{
	return memory_remove_many(self, &key, 1, call);
}

static enum bucket_result memory_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	enum memory_fault how = fault(memory, MEMORY_LIST, prefix);
	enum bucket_result result = read_fault(how, call);
	struct bucket_page page = {0};

	if (result != BUCKET_OK)
		return result;
	page.items = calloc(BUCKET_PAGE_MAX, sizeof(*page.items));
	if (page.items == NULL) {
		call_sayf(call, "no memory");
		return BUCKET_RETRY;
	}
	(void)pthread_mutex_lock(&store->mutex);
	memory_page(store, prefix, after, how == MEMORY_FAULT_STALE, &page);
	(void)pthread_mutex_unlock(&store->mutex);
	*out = page;
	return BUCKET_OK;
}

static enum bucket_result memory_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	enum bucket_result result = read_fault(fault(memory, MEMORY_LIST, prefix), call);

	if (result != BUCKET_OK)
		return result;
	(void)pthread_mutex_lock(&store->mutex);
	*removed += memory_purge(store, prefix);
	(void)pthread_mutex_unlock(&store->mutex);
	return BUCKET_OK;
}

static void memory_close(void *self)
{
	free(self);
}

static const struct bucket_ops memory_ops = {
    .put = memory_put,
    .get = memory_get,
    .remove = memory_remove,
    .remove_many = memory_remove_many,
    .list = memory_list,
    .purge_hidden = memory_purge_hidden,
    .close = memory_close,
};

struct bucket *bucket_memory(struct memory_store *store, const struct memory_hook *hook)
{
	struct memory_bucket *memory = calloc(1, sizeof(*memory));

	assert(store != NULL);
	if (memory == NULL)
		return NULL;
	memory->store = store;
	if (hook != NULL)
		memory->hook = *hook;
	return bucket_new(&memory_ops, memory);
}
