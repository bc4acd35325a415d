/*
 * tests/gateway/bucket/memory_objects.c: see memory_objects.h.
 */
#include "tests/gateway/bucket/memory_objects.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/bucket/bucket_object.h"
#include "schemas/base/mutation.h"

#define MEMORY_OBJECTS_MAX (1u << 20)
#define MEMORY_LATE_MAX 4096u /* further late puts never land, which is as lawful */

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

struct memory_object *memory_object_at(const struct memory_store *store, const char *key)
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

bool memory_holds(const struct memory_store *store, const struct bucket_put *put)
{
	const struct memory_object *object = memory_object_at(store, put->key);
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

enum bucket_result memory_place(struct memory_store *store, const struct bucket_put *put,
    struct call *call, struct bucket_tag *tag_out)
{
	struct memory_object *object = memory_object_at(store, put->key);
	struct memory_hidden *marker;
	void *objects = store->objects;
	struct bytes copy = {0};
	size_t at;

	if (MUTATION(STORE_HAS_NO_CONDITIONS) && put->cond != BUCKET_ALWAYS) {
		call_sayf(call, "the store knows no conditions");
		return BUCKET_REFUSED;
	}
	if (!memory_holds(store, put)) {
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

void memory_keep_late(struct memory_store *store, const struct bucket_put *put)
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

bool memory_drop(struct memory_store *store, const char *key)
{
	struct memory_object *object = memory_object_at(store, key);
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

/* What was removed of late, as if it were there. */
static void page_add_removed(const struct memory_store *store, const char *prefix,
    const char *after, struct bucket_page *page)
{
	for (size_t i = 0; i < MEMORY_STALE_MAX; i++) {
		const struct memory_removed *removed = &store->removed[i];

		if (removed->change > 0 && removed->change + MEMORY_STALE_MAX > store->changes &&
		    bucket_begins(removed->key, prefix) && strcmp(removed->key, after) > 0 &&
		    memory_object_at(store, removed->key) == NULL)
			page_add(page, removed->key, removed->size);
	}
}

void memory_page(const struct memory_store *store, const char *prefix, const char *after,
    bool stale, struct bucket_page *page)
{
	for (size_t i = find(store, strcmp(prefix, after) > 0 ? prefix : after);
	     i < store->count && !page->more; i++) {
		const struct memory_object *object = &store->objects[i];

		if (strcmp(object->key, after) == 0 ||
		    (stale && object->change + MEMORY_STALE_MAX > store->changes))
			continue;
		if (!bucket_begins(object->key, prefix))
			break; /* keys with one prefix stand together, and we began at them */
		page_add(page, object->key, object->data.len);
	}
	if (stale)
		page_add_removed(store, prefix, after, page);
}

uint64_t memory_purge(struct memory_store *store, const char *prefix)
{
	uint64_t removed;
	size_t kept = 0;

	for (size_t i = 0; i < store->hidden_count; i++)
		if (!bucket_begins(store->hidden[i].key, prefix))
			store->hidden[kept++] = store->hidden[i];
	removed = store->hidden_count - kept;
	store->hidden_count = kept;
	return removed;
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
		landed += memory_place(store, &put, &call, &tag) == BUCKET_OK;
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
	object = memory_object_at(store, key);
	if (object != NULL && offset < object->data.len) {
		object->data.data[offset] ^= mask;
		bucket_content_tag(view_bytes(&object->data), &object->tag);
		done = true;
	}
	(void)pthread_mutex_unlock(&store->mutex);
	return done;
}
