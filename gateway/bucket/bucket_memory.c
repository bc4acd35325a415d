/*
 * gateway/bucket/bucket_memory.c: the bucket of bucket.h in memory, as bucket_memory.h describes
 * it. One mutex guards a store; the hook is called outside it, since a simulator may run other
 * tasks there. A read that fails had no effect to be unsure of: any fault makes it BUCKET_RETRY. A
 * remove cannot be late: it is lost instead.
 */
#include "gateway/bucket/bucket_memory.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_priv.h"
#include "schemas/base/mutation.h"

#define MEMORY_OBJECTS_MAX (1u << 20)
#define MEMORY_LATE_MAX 4096u /* further late puts never land, which is as lawful */
#define MEMORY_STALE_MAX 8u   /* a stale list is so many puts and removes behind */
#define MEMORY_REST_MS 1500   /* what who is throttled is asked for */

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

struct memory_bucket {
	struct memory_store *store;
	struct memory_hook hook;
};

struct memory_store *memory_store_new(void)
{
	struct memory_store *store = calloc(1, sizeof(*store));

	if (store == NULL || pthread_mutex_init(&store->mutex, NULL) != 0) {
		free(store);
		return NULL;
	}
	return store;
}

void memory_store_free(struct memory_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->count; i++)
		bytes_clear(&store->objects[i].data);
	for (size_t i = 0; i < store->late_count; i++)
		bytes_clear(&store->late[i].data);
	free(store->objects);
	free(store->late);
	free(store->hidden);
	(void)pthread_mutex_destroy(&store->mutex);
	free(store);
}

/* The first index whose key is not less than key: where key is, or where it would go. */
static size_t find(const struct memory_store *store, const char *key)
{
	size_t low = 0;
	size_t high = store->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(store->objects[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct memory_object *object_at(const struct memory_store *store, const char *key)
{
	size_t at = find(store, key);

	if (at == store->count || strcmp(store->objects[at].key, key) != 0)
		return NULL;
	return &store->objects[at];
}

/* Room for one more item of size bytes. False: at max, or no memory; all is as it was. */
static bool reserve(void **items, size_t count, size_t *capacity, size_t size, size_t max)
{
	size_t wanted = *capacity == 0 ? 16 : 2 * *capacity;
	void *grown;

	if (count < *capacity)
		return true;
	if (count >= max)
		return false;
	grown = realloc(*items, wanted * size);
	if (grown == NULL)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

/* The marker that stands under key, or NULL. */
static struct memory_hidden *marker_at(const struct memory_store *store, const char *key)
{
	for (size_t i = store->hidden_count; i > 0; i--)
		if (store->hidden[i - 1].marker && strcmp(store->hidden[i - 1].key, key) == 0)
			return &store->hidden[i - 1];
	return NULL;
}

/* False: no memory, nothing was changed. */
static bool hide(struct memory_store *store, const struct memory_object *object, bool removed)
{
	void *items = store->hidden;
	struct memory_hidden *hidden;

	if (!store->versions)
		return true;
	if (!reserve(&items, store->hidden_count, &store->hidden_capacity, sizeof(*store->hidden),
		MEMORY_OBJECTS_MAX))
		return false;
	store->hidden = items;
	hidden = &store->hidden[store->hidden_count++];
	*hidden = (struct memory_hidden){.tag = object->tag, .marker = removed};
	memcpy(hidden->key, object->key, sizeof(hidden->key));
	return true;
}

static bool holds(const struct memory_store *store, const struct bucket_put *put)
{
	const struct memory_object *object = object_at(store, put->key);
	const struct memory_hidden *marker =
	    store->marker_there ? marker_at(store, put->key) : NULL;
	const struct bucket_tag *tag = object != NULL   ? &object->tag
				       : marker != NULL ? &marker->tag
							: NULL;

	if (MUTATION(STORE_IGNORES_CONDITIONS))
		return true;
	if (MUTATION(STORE_CREATES_ON_TAG) && put->cond == BUCKET_IF_TAG && tag == NULL)
		return true;
	switch (put->cond) {
	case BUCKET_ALWAYS: return true;
	case BUCKET_IF_ABSENT: return tag == NULL;
	case BUCKET_IF_TAG: return tag != NULL && bucket_tag_equal(tag, &put->tag);
	}
	return false;
}

/* Under the mutex. */
static enum bucket_result place(struct memory_store *store, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out)
{
	struct memory_object *object = object_at(store, put->key);
	struct memory_hidden *marker;
	void *objects = store->objects;
	struct bytes copy = {0};
	size_t at;

	if (!holds(store, put)) {
		call_sayf(call, object == NULL ? "there is no such object"
					       : "the object is there, with another tag");
		return BUCKET_CONFLICT;
	}
	if (!bytes_copy(put->data, &copy) || (object != NULL && !hide(store, object, false)))
		goto full;
	if (object == NULL) {
		if (!reserve(&objects, store->count, &store->capacity, sizeof(*store->objects),
			MEMORY_OBJECTS_MAX))
			goto full;
		store->objects = objects;
		at = find(store, put->key);
		object = &store->objects[at];
		memmove(object + 1, object, (store->count - at) * sizeof(*object));
		*object = (struct memory_object){0};
		memcpy(object->key, put->key, strlen(put->key));
		store->count++;
	}
	bytes_clear(&object->data);
	object->data = copy;
	object->change = ++store->changes;
	bucket_content_tag(put->data, &object->tag);
	marker = marker_at(store, put->key);
	if (marker != NULL)
		marker->marker = false;
	*tag_out = object->tag;
	return BUCKET_OK;
full:
	bytes_clear(&copy);
	call_sayf(call, "the store is full");
	return BUCKET_REFUSED;
}

/* Under the mutex. */
static void keep_for_later(struct memory_store *store, const struct bucket_put *put)
{
	struct memory_late *late;
	void *items = store->late;
	struct bytes copy = {0};

	if (!bytes_copy(put->data, &copy))
		return;
	if (!reserve(&items, store->late_count, &store->late_capacity, sizeof(*store->late),
		MEMORY_LATE_MAX)) {
		bytes_clear(&copy);
		return;
	}
	store->late = items;
	late = &store->late[store->late_count++];
	*late = (struct memory_late){.data = copy, .cond = put->cond, .tag = put->tag};
	memcpy(late->key, put->key, strlen(put->key));
}

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

	if (MUTATION(STORE_NOT_ATOMIC) && holds(store, put))
		checked.cond = BUCKET_ALWAYS;
	put = &checked;
	how = fault(memory, MEMORY_PUT, put->key);
	(void)pthread_mutex_lock(&store->mutex);
	switch (how) {
	case MEMORY_FAULT_NONE:
	case MEMORY_FAULT_STALE: result = place(store, put, call, &tag); break;
	case MEMORY_FAULT_LOSER:
		result = place(store, put, call, &tag);
		if (result == BUCKET_CONFLICT)
			result = say_fault(call, BUCKET_UNKNOWN);
		break;
	case MEMORY_FAULT_THROTTLED: result = say_throttled(call); break;
	case MEMORY_FAULT_BEFORE: result = say_fault(call, BUCKET_RETRY); break;
	case MEMORY_FAULT_UNKNOWN: result = say_fault(call, BUCKET_UNKNOWN); break;
	case MEMORY_FAULT_AFTER:
		(void)place(store, put, call, &tag);
		result = say_fault(call, BUCKET_UNKNOWN);
		break;
	case MEMORY_FAULT_LATE:
		keep_for_later(store, put);
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
	object = object_at(store, get->key);
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

/* Under the mutex. False: no memory for the marker, and it stays. */
static bool drop(struct memory_store *store, const char *key)
{
	struct memory_object *object = object_at(store, key);
	struct memory_removed *removed;

	if (object == NULL)
		return true;
	if (!hide(store, object, true))
		return false;
	store->changes++;
	removed = &store->removed[store->changes % MEMORY_STALE_MAX];
	*removed = (struct memory_removed){.size = object->data.len, .change = store->changes};
	memcpy(removed->key, key, strlen(key));
	bytes_clear(&object->data);
	store->count--;
	memmove(object, object + 1,
	    (store->count - (size_t)(object - store->objects)) * sizeof(*object));
	return true;
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
			dropped = drop(store, keys[i]);
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

/* One more key of a page, where it stands by order. Keys past a full page are for the next. */
static void page_add(struct bucket_page *page, const char *key, uint64_t size)
{
	size_t at = page->count;

	while (at > 0 && strcmp(page->items[at - 1].key, key) > 0)
		at--;
	if (page->count == BUCKET_PAGE_MAX) {
		page->more = true;
		if (at == page->count)
			return;
		page->count--;
	}
	memmove(
	    &page->items[at + 1], &page->items[at], (page->count - at) * sizeof(page->items[0]));
	page->items[at] = (struct bucket_item){.size = size};
	memcpy(page->items[at].key, key, strlen(key));
	page->count++;
}

/* Under the mutex: what was removed of late, as if it were there. */
static void page_add_removed(const struct memory_store *store, const char *prefix,
    const char *after, struct bucket_page *page)
{
	for (size_t i = 0; i < MEMORY_STALE_MAX; i++) {
		const struct memory_removed *removed = &store->removed[i];

		if (removed->change > 0 && removed->change + MEMORY_STALE_MAX > store->changes &&
		    bucket_begins(removed->key, prefix) && strcmp(removed->key, after) > 0 &&
		    object_at(store, removed->key) == NULL)
			page_add(page, removed->key, removed->size);
	}
}

static enum bucket_result memory_list(
    void *self, const char *prefix, const char *after, struct call *call, struct bucket_page *out)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	enum memory_fault how = fault(memory, MEMORY_LIST, prefix);
	bool stale = how == MEMORY_FAULT_STALE;
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
	for (size_t i = find(store, strcmp(prefix, after) > 0 ? prefix : after);
	     i < store->count && !page.more; i++) {
		const struct memory_object *object = &store->objects[i];

		if (strcmp(object->key, after) == 0 ||
		    (stale && object->change + MEMORY_STALE_MAX > store->changes))
			continue;
		if (!bucket_begins(object->key, prefix))
			break; /* keys with one prefix stand together, and we began at them */
		page_add(&page, object->key, object->data.len);
	}
	if (stale)
		page_add_removed(store, prefix, after, &page);
	(void)pthread_mutex_unlock(&store->mutex);
	*out = page;
	return BUCKET_OK;
}

static enum bucket_result memory_purge_hidden(
    void *self, const char *prefix, struct call *call, uint64_t *removed_out)
{
	struct memory_bucket *memory = self;
	struct memory_store *store = memory->store;
	enum bucket_result result = read_fault(fault(memory, MEMORY_LIST, prefix), call);
	size_t kept = 0;

	if (result != BUCKET_OK)
		return result;
	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->hidden_count; i++)
		if (!bucket_begins(store->hidden[i].key, prefix))
			store->hidden[kept++] = store->hidden[i];
	*removed_out = store->hidden_count - kept;
	store->hidden_count = kept;
	(void)pthread_mutex_unlock(&store->mutex);
	return BUCKET_OK;
}

static void memory_close(void *self)
{
	free(self);
}

void memory_keep_versions(struct memory_store *store, bool there)
{
	(void)pthread_mutex_lock(&store->mutex);
	store->versions = true;
	store->marker_there = there;
	(void)pthread_mutex_unlock(&store->mutex);
}

size_t memory_hidden(struct memory_store *store, const char *prefix)
{
	size_t count = 0;

	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->hidden_count; i++)
		count += bucket_begins(store->hidden[i].key, prefix);
	(void)pthread_mutex_unlock(&store->mutex);
	return count;
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

size_t memory_deliver(struct memory_store *store)
{
	size_t landed = 0;

	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->late_count; i++) {
		struct memory_late *late = &store->late[i];
		struct bucket_put put = {late->key, view_bytes(&late->data), late->cond, late->tag};
		struct bucket_tag tag;
		struct call call;

		call_init(&call, INT64_MAX);
		landed += place(store, &put, &call, &tag) == BUCKET_OK;
		bytes_clear(&late->data);
	}
	store->late_count = 0;
	(void)pthread_mutex_unlock(&store->mutex);
	return landed;
}

void memory_each(struct memory_store *store,
    void (*see)(void *self, const char *key, struct view data), void *self)
{
	(void)pthread_mutex_lock(&store->mutex);
	for (size_t i = 0; i < store->count; i++)
		see(self, store->objects[i].key, view_bytes(&store->objects[i].data));
	(void)pthread_mutex_unlock(&store->mutex);
}

bool memory_flip(struct memory_store *store, const char *key, size_t offset, uint8_t mask)
{
	struct memory_object *object;
	bool done = false;

	(void)pthread_mutex_lock(&store->mutex);
	object = object_at(store, key);
	if (object != NULL && offset < object->data.len) {
		object->data.data[offset] ^= mask;
		bucket_content_tag(view_bytes(&object->data), &object->tag);
		done = true;
	}
	(void)pthread_mutex_unlock(&store->mutex);
	return done;
}
