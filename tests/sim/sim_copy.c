/*
 * tests/sim/sim_copy.c: a copy of the bucket, as an operator makes one, and the bucket put back to
 * it: what was put since is gone, what was removed is there again.
 */
#include "tests/sim/sim_world.h"

#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 65536u

struct object {
	char key[BUCKET_KEY_MAX + 1];
	struct bytes data;
};
struct sim_copy {
	struct object *objects;
	size_t count;
	bool failed;
};

static void copy_free(struct sim_copy *copy)
{
	if (copy == NULL)
		return;
	for (size_t i = 0; i < copy->count; i++)
		bytes_clear(&copy->objects[i].data);
	free(copy->objects);
	free(copy);
}

static void copy_see(void *self, const char *key, struct view data)
{
	struct sim_copy *copy = self;
	struct object *objects = NULL;

	if (copy->count < OBJECTS_MAX)
		objects = realloc(copy->objects, (copy->count + 1) * sizeof(*objects));
	if (objects == NULL) {
		copy->failed = true;
		return;
	}
	copy->objects = objects;
	objects[copy->count] = (struct object){0};
	(void)snprintf(objects[copy->count].key, sizeof(objects->key), "%s", key);
	copy->failed |= !bytes_copy(data, &objects[copy->count].data);
	copy->count++;
}

struct sim_copy *sim_copy_take(struct sim_world *world)
{
	struct sim_copy *copy = calloc(1, sizeof(*copy));

	if (copy != NULL)
		memory_each(world->bucket.objects, copy_see, copy);
	if (copy != NULL && copy->failed) {
		copy_free(copy);
		return NULL;
	}
	return copy;
}

static bool holds(const struct sim_copy *copy, const char *key)
{
	for (size_t i = 0; i < copy->count; i++)
		if (strcmp(copy->objects[i].key, key) == 0)
			return true;
	return false;
}

/* Puts them where they were. */
static bool put_all(const struct sim_copy *copy, struct bucket *bucket, struct call *call)
{
	struct bucket_tag tag;

	for (size_t i = 0; i < copy->count; i++)
		if (bucket_put(bucket,
			&(struct bucket_put){.key = copy->objects[i].key,
			    .data = view_bytes(&copy->objects[i].data)},
			call, &tag) != BUCKET_OK)
			return false;
	return true;
}

struct memory_store *sim_copy_fork(struct sim_world *world)
{
	struct sim_copy *copy = sim_copy_take(world);
	struct memory_store *store = memory_store_new();
	struct bucket *bucket = store == NULL ? NULL : bucket_memory(store, NULL);
	struct call call;

	call_init(&call, INT64_MAX);
	if (copy == NULL || bucket == NULL || !put_all(copy, bucket, &call)) {
		memory_store_free(store);
		store = NULL;
	}
	bucket_close(bucket);
	copy_free(copy);
	return store;
}

bool sim_copy_restore(struct sim_world *world, struct sim_copy *copy)
{
	struct bucket *bucket = bucket_memory(world->bucket.objects, NULL);
	struct sim_copy *now = sim_copy_take(world);
	struct call call;
	bool done = bucket != NULL && now != NULL;

	call_init(&call, INT64_MAX);
	for (size_t i = 0; done && i < now->count; i++)
		if (!holds(copy, now->objects[i].key))
			done = bucket_remove(bucket, now->objects[i].key, &call) == BUCKET_OK;
	done = done && put_all(copy, bucket, &call);
	copy_free(now);
	copy_free(copy);
	bucket_close(bucket);
	return done;
}
